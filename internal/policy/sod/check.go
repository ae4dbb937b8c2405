package sod

import "slices"

// scratch is what one check writes on. Marks of another generation do not count, so nothing is cleared between checks.
type scratch struct {
	gen    uint32
	duties []dutyMark
	rules  []ruleMark
	hit    []int32 // rules that would be broken if all were held at the same time

	sweep
}

type dutyMark struct {
	gen   uint32
	n     int32
	added bool // something added stands in it
}

type ruleMark struct {
	gen uint32
	n   int32
}

func (e *Engine) scratch() *scratch {
	return &scratch{duties: make([]dutyMark, len(e.duties)), rules: make([]ruleMark, len(e.rules))}
}

func (s *scratch) begin() {
	s.hit = s.hit[:0]
	if s.gen++; s.gen == 0 {
		clear(s.duties)
		clear(s.rules)
		s.gen = 1
	}
}

// Check gives every rule that these holdings of one person break, ascending by rule. scope says whether a rule applies to the
// person; nil is yes for all. It is asked only about rules that would be broken.
func (e *Engine) Check(held []Holding, scope func(rule int) bool) []Violation {
	return e.CheckAdd(nil, held, scope)
}

// CheckAdd gives what additions bring to a person who holds held: every rule that is broken with them at an instant at which it
// is not broken without them, ascending by rule. From and To bound the first time in which that is so; at least one holding of
// each explanation is an added one. A rule that is broken anyway, at every instant, is not given.
func (e *Engine) CheckAdd(held, add []Holding, scope func(rule int) bool) []Violation {
	s := e.pool.Get().(*scratch)
	defer e.pool.Put(s)
	return e.check(s, held, add, scope)
}

// check looks first at what would conflict if all times were the same, which is quick and seldom anything.
func (e *Engine) check(s *scratch, held, add []Holding, scope func(rule int) bool) []Violation {
	s.begin()
	if !e.mark(s, add, true) {
		return nil
	}
	e.mark(s, held, false)
	if len(s.hit) == 0 {
		return nil
	}
	return e.look(s, held, add, scope)
}

// mark counts what is performed, leaving times aside: it may find too much and never too little. An entitlement that is held twice
// counts twice towards an all-of duty. The answer says whether anything stands in a duty.
func (e *Engine) mark(s *scratch, held []Holding, added bool) (found bool) {
	for i := range held {
		at := e.ids.find(held[i].Entitlement)
		if at < 0 {
			continue
		}
		found = true
		for _, d := range e.of(at) {
			m := &s.duties[d]
			if m.gen != s.gen {
				*m = dutyMark{gen: s.gen}
			}
			m.added = m.added || added
			if m.n++; m.n == e.duties[d].need {
				e.perform(s, d)
			}
		}
	}
	return found
}

func (e *Engine) perform(s *scratch, d int32) {
	for _, r := range e.duties[d].rules {
		m := &s.rules[r]
		if m.gen != s.gen {
			*m = ruleMark{gen: s.gen}
		}
		if m.n++; m.n == e.rules[r].need {
			s.hit = append(s.hit, r)
		}
	}
}

// look asks of each rule that was hit whether it applies, and when it is broken.
func (e *Engine) look(s *scratch, held, add []Holding, scope func(int) bool) (out []Violation) {
	slices.Sort(s.hit)
	s.take(e, held, add)
	for _, at := range s.hit {
		r := &e.rules[at]
		if !s.touched(r) || scope != nil && !scope(r.id) {
			continue
		}
		if v, broken := s.first(e, r); broken {
			out = append(out, v)
		}
	}
	s.forget()
	return out
}

// touched says whether an addition stands in a duty of the rule: no other rule can be broken by it.
func (s *scratch) touched(r *rule) bool {
	for _, d := range r.duties {
		if m := s.duties[d]; m.gen == s.gen && m.added {
			return true
		}
	}
	return false
}
