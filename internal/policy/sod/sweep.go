package sod

import (
	"cmp"
	"slices"
	"time"
)

// sweep goes through time, from one beginning or end to the next, and counts what is performed with and without the additions.
type sweep struct {
	items  []item
	lines  []line
	events []event
	with   tally
	before tally // without the additions
	order  []int32
}

// item is a holding that stands in a duty and is held at some time.
type item struct {
	Holding
	number int32 // of its entitlement
	added  bool

	duties, need int32 // in the rule that is explained: in how many duties it stands, and the least that performs one of them
}

// line says that an item stands in a duty of the rule that is looked at.
type line struct {
	item   int32
	duty   int32 // place in the rule
	member int32 // place of the entitlement among the members of all duties of the rule, one duty after the other
}

// event is the beginning or end of a line.
type event struct {
	at    time.Time
	line  int32
	begin bool
}

// tally counts, at one instant, the holdings of every member, the members held of every duty and the duties performed.
type tally struct {
	members   []int32
	duties    []int32
	performed int32
}

func (t *tally) reset(r *rule) {
	t.members = zero(t.members, r.sum)
	t.duties = zero(t.duties, len(r.duties))
	t.performed = 0
}

func zero(s []int32, n int) []int32 {
	s = slices.Grow(s[:0], n)[:n]
	clear(s)
	return s
}

// add counts a holding of a member in or, with -1, out; need is how many members perform the duty.
func (t *tally) add(l line, need, by int32) {
	was := t.members[l.member]
	t.members[l.member] += by
	switch {
	case was == 0 && by > 0:
		if t.duties[l.duty]++; t.duties[l.duty] == need {
			t.performed++
		}
	case was == 1 && by < 0:
		if t.duties[l.duty]--; t.duties[l.duty] == need-1 {
			t.performed--
		}
	}
}

// take keeps of what is held and added that which can matter, by entitlement.
func (s *sweep) take(e *Engine, held, add []Holding) {
	s.items = s.items[:0]
	for i, all := range [2][]Holding{held, add} {
		for _, h := range all {
			if at := e.ids.find(h.Entitlement); at >= 0 && !h.empty() {
				s.items = append(s.items, item{Holding: h, number: at, added: i == 1})
			}
		}
	}
	slices.SortFunc(s.items, func(a, b item) int { return cmp.Compare(a.number, b.number) })
}

// forget lets go of what was taken: a pooled scratch should not hold on to a large person.
func (s *sweep) forget() {
	const keep = 4096
	if cap(s.items) > keep {
		s.items, s.lines, s.events, s.order = nil, nil, nil, nil
	}
}

// first gives the first time in which the rule is broken with the additions and not without them.
func (s *sweep) first(e *Engine, r *rule) (Violation, bool) {
	s.draw(e, r)
	s.with.reset(r)
	s.before.reset(r)
	v := Violation{Rule: r.id}
	open := false
	for i := 0; i < len(s.events); {
		now := s.events[i].at
		for ; i < len(s.events) && s.events[i].at.Equal(now); i++ {
			s.apply(e, r, s.events[i])
		}
		broken := s.with.performed >= r.need && s.before.performed < r.need
		if broken == open {
			continue
		}
		if open {
			v.To = now
			break
		}
		open, v.From = true, now
	}
	if open {
		s.explain(e, r, &v)
	}
	return v, open
}

// draw lists what stands in the rule's duties, with its beginnings and ends in order.
func (s *sweep) draw(e *Engine, r *rule) {
	s.lines, s.events = s.lines[:0], s.events[:0]
	base := int32(0)
	for at, id := range r.duties {
		for _, m := range e.duties[id].members {
			i, _ := slices.BinarySearchFunc(s.items, m, func(h item, m int32) int { return cmp.Compare(h.number, m) })
			for ; i < len(s.items) && s.items[i].number == m; i++ {
				s.add(line{item: int32(i), duty: int32(at), member: base}) //nolint:gosec // as many as are held and listed
			}
			base++
		}
	}
	slices.SortFunc(s.events, func(a, b event) int { return a.at.Compare(b.at) })
}

func (s *sweep) add(l line) {
	n, h := int32(len(s.lines)), &s.items[l.item] //nolint:gosec // as above
	s.lines = append(s.lines, l)
	s.events = append(s.events, event{at: h.From, line: n, begin: true})
	if !h.To.IsZero() {
		s.events = append(s.events, event{at: h.To, line: n})
	}
}

func (s *sweep) apply(e *Engine, r *rule, ev event) {
	l := s.lines[ev.line]
	need, by := e.duties[r.duties[l.duty]].need, int32(-1)
	if ev.begin {
		by = 1
	}
	s.with.add(l, need, by)
	if !s.items[l.item].added {
		s.before.add(l, need, by)
	}
}

// explain leaves out one holding of that instant after the other as long as the rest still breaks the rule. What breaks a rule
// breaks it with more as well, so that one pass leaves nothing that could be spared.
func (s *sweep) explain(e *Engine, r *rule, v *Violation) {
	s.now(e, r, v.From)
	performed := make([]bool, len(r.duties))
	for at := range r.duties {
		performed[at] = s.with.duties[at] >= e.duties[r.duties[at]].need
	}
	kept := s.order[:0]
	for _, i := range s.order {
		if s.drop(e, r, i, -1); s.with.performed < r.need {
			s.drop(e, r, i, 1)
			kept = append(kept, i)
		}
	}
	slices.SortFunc(kept, s.compare)
	for at, id := range r.duties {
		d := &e.duties[id]
		if s.with.duties[at] < d.need {
			if performed[at] {
				v.Also = append(v.Also, d.id)
			}
			continue
		}
		p := Performed{Duty: d.id}
		for _, i := range kept {
			if _, ok := slices.BinarySearch(d.members, s.items[i].number); ok && len(p.By) < int(d.need) {
				p.By = append(p.By, s.items[i].Holding)
			}
		}
		v.Duties = append(v.Duties, p)
	}
}

// now counts what is held at an instant, and orders it by what is best left out first: what stands in few duties before what
// stands in several, what performs a duty only with many others, what ends early.
func (s *sweep) now(e *Engine, r *rule, at time.Time) {
	s.with.reset(r)
	s.order = s.order[:0]
	for _, l := range s.lines {
		s.items[l.item].duties = 0
	}
	for _, l := range s.lines {
		h := &s.items[l.item]
		if !h.at(at) {
			continue
		}
		need := e.duties[r.duties[l.duty]].need
		s.with.add(l, need, 1)
		if h.duties++; h.duties == 1 {
			s.order = append(s.order, l.item)
			h.need = need
		}
		h.need = min(h.need, need)
	}
	slices.SortFunc(s.order, func(a, b int32) int {
		x, y := &s.items[a], &s.items[b]
		return cmp.Or(cmp.Compare(x.duties, y.duties), cmp.Compare(y.need, x.need), s.lasting(a, b), s.compare(b, a))
	})
}

// lasting puts what ends early first.
func (s *sweep) lasting(a, b int32) int {
	x, y := s.items[a].To, s.items[b].To
	switch {
	case x.IsZero() && y.IsZero():
		return 0
	case x.IsZero():
		return 1
	case y.IsZero():
		return -1
	}
	return x.Compare(y)
}

// compare orders by entitlement, reason and beginning, so that the same holdings in another order are explained alike.
func (s *sweep) compare(a, b int32) int {
	x, y := &s.items[a], &s.items[b]
	return cmp.Or(cmp.Compare(x.Entitlement, y.Entitlement), cmp.Compare(x.Tag, y.Tag), x.From.Compare(y.From), cmp.Compare(a, b))
}

// drop takes an item out of the count of the instant, or puts it back.
func (s *sweep) drop(e *Engine, r *rule, i, by int32) {
	for _, l := range s.lines {
		if l.item == i {
			s.with.add(l, e.duties[r.duties[l.duty]].need, by)
		}
	}
}
