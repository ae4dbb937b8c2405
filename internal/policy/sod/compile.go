package sod

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"tenure/internal/errs"
)

// Engine is a set of duties and rules, compiled. It never changes and may be used by many at once.
type Engine struct {
	duties []duty // those that stand in a rule
	rules  []rule // ascending by id
	ids    numbers
	start  []int32 // entitlement -> where its duties begin in posts
	posts  []int32
	slot   []int32 // entitlement -> its bitmap in a Population, -1: none; only all-of duties need one
	slots  int
	widest int // most duties of a rule
	pool   sync.Pool
}

type duty struct {
	id      int
	all     bool
	need    int32   // how many of its entitlements perform it: 1, or all
	members []int32 // ascending
	rules   []int32
	slot    int32 // of an any-of duty
}

type rule struct {
	id     int
	need   int32
	duties []int32
	sum    int // of the duties' members
}

// Compile makes an engine. The error is of the kind invalid and lists everything that has no meaning, naming the duty or rule and
// its field: no or wrong entitlements, fewer than two duties, a duty that is unknown or listed twice, AtLeast other than 0 or 2 to
// the number of duties, an id that is not positive or used twice.
func Compile(duties []Duty, rules []Rule) (*Engine, error) {
	known, wrong := checkDuties(duties)
	wrong = append(wrong, checkRules(rules, known)...)
	if len(wrong) > 0 {
		return nil, errs.InvalidFields("the duties and SoD rules cannot be used together", wrong)
	}
	e := &Engine{}
	e.addRules(rules, duties, known)
	e.index()
	e.pool.New = func() any { return e.scratch() }
	return e, nil
}

func nameOf(kind, name string, id int) string {
	if name == "" {
		return fmt.Sprintf("%s %d", kind, id)
	}
	return fmt.Sprintf("%s %q (%d)", kind, name, id)
}

// checkDuties gives the place of each duty by id, and what is wrong.
func checkDuties(duties []Duty) (map[int]int, []errs.Field) {
	var wrong []errs.Field
	known := make(map[int]int, len(duties))
	for i, d := range duties {
		say := func(field, format string, a ...any) {
			wrong = append(wrong, errs.Field{Field: nameOf("duty", d.Name, d.ID) + ": " + field, Rule: fmt.Sprintf(format, a...)})
		}
		if d.ID <= 0 {
			say("id", "must be positive")
		} else if first, twice := known[d.ID]; twice {
			say("id", "is the id of %s too", nameOf("duty", duties[first].Name, d.ID))
		} else {
			known[d.ID] = i
		}
		if len(d.Entitlements) == 0 {
			say("entitlements", "must be one or more: nobody could perform this duty")
		}
		for _, id := range d.Entitlements {
			if id <= 0 {
				say("entitlements", "%d is not the id of an entitlement", id)
			}
		}
	}
	return known, wrong
}

func checkRules(rules []Rule, known map[int]int) (wrong []errs.Field) {
	seen := make(map[int]int, len(rules))
	for i, r := range rules {
		say := func(field, format string, a ...any) {
			wrong = append(wrong, errs.Field{Field: nameOf("SoD rule", r.Name, r.ID) + ": " + field, Rule: fmt.Sprintf(format, a...)})
		}
		if r.ID <= 0 {
			say("id", "must be positive")
		} else if first, twice := seen[r.ID]; twice {
			say("id", "is the id of %s too", nameOf("SoD rule", rules[first].Name, r.ID))
		} else {
			seen[r.ID] = i
		}
		if len(r.Duties) < 2 {
			say("duties", "must be two or more, not %d", len(r.Duties))
		} else if r.AtLeast != 0 && (r.AtLeast < 2 || r.AtLeast > len(r.Duties)) {
			say("at_least", "must be 2 to %d, or 0 for all duties, not %d", len(r.Duties), r.AtLeast)
		}
		for at, id := range r.Duties {
			if _, ok := known[id]; !ok {
				say("duties", "there is no duty %d", id)
			} else if slices.Contains(r.Duties[:at], id) {
				say("duties", "duty %d is listed twice", id)
			}
		}
	}
	return wrong
}

// addRules takes the rules and those duties that stand in one.
func (e *Engine) addRules(rules []Rule, duties []Duty, known map[int]int) {
	rules = slices.SortedFunc(slices.Values(rules), func(a, b Rule) int { return cmp.Compare(a.ID, b.ID) })
	at := map[int]int32{}
	for i, r := range rules {
		out := rule{id: r.ID, need: int32(cmp.Or(r.AtLeast, len(r.Duties)))} //nolint:gosec // as many as are listed
		for _, id := range r.Duties {
			d, ok := at[id]
			if !ok {
				d = e.addDuty(duties[known[id]])
				at[id] = d
			}
			e.duties[d].rules = append(e.duties[d].rules, int32(i)) //nolint:gosec // as above
			out.duties = append(out.duties, d)
			out.sum += len(e.duties[d].members)
		}
		e.widest = max(e.widest, len(out.duties))
		e.rules = append(e.rules, out)
	}
}

func (e *Engine) addDuty(d Duty) int32 {
	out := duty{id: d.ID, all: d.All, need: 1}
	for _, id := range d.Entitlements {
		out.members = append(out.members, e.ids.add(id))
	}
	slices.Sort(out.members)
	out.members = slices.Compact(out.members)
	if d.All {
		out.need = int32(len(out.members)) //nolint:gosec // as many as are listed
	}
	e.duties = append(e.duties, out)
	return int32(len(e.duties) - 1) //nolint:gosec // as above
}

// index makes the list of duties of every entitlement, and gives bitmaps: one to an any-of duty, and one to each entitlement that
// stands in an all-of duty, whatever the number of such duties.
func (e *Engine) index() {
	n := len(e.ids.ids)
	e.start, e.slot = make([]int32, n+1), slices.Repeat([]int32{-1}, n)
	for i := range e.duties {
		d := &e.duties[i]
		d.slot = -1
		if !d.all {
			d.slot = e.newSlot()
		}
		for _, m := range d.members {
			e.start[m+1]++
			if d.all && e.slot[m] < 0 {
				e.slot[m] = e.newSlot()
			}
		}
	}
	for i := range n {
		e.start[i+1] += e.start[i]
	}
	e.posts = make([]int32, e.start[n])
	next := slices.Clone(e.start)
	for i, d := range e.duties {
		for _, m := range d.members {
			e.posts[next[m]] = int32(i) //nolint:gosec // a duty's place
			next[m]++
		}
	}
}

func (e *Engine) newSlot() int32 {
	e.slots++
	return int32(e.slots - 1) //nolint:gosec // as many as duties and entitlements
}

// of gives the duties of an entitlement by its number.
func (e *Engine) of(entitlement int32) []int32 {
	return e.posts[e.start[entitlement]:e.start[entitlement+1]]
}

// Rules gives the ids of the rules, ascending.
func (e *Engine) Rules() []int {
	out := make([]int, len(e.rules))
	for i, r := range e.rules {
		out[i] = r.id
	}
	return out
}

// Entitlements gives the entitlements that stand in a duty of a rule, ascending. No other entitlement can break a rule.
func (e *Engine) Entitlements() []int { return slices.Sorted(slices.Values(e.ids.ids)) }

// Overlap is an entitlement that stands in two or more duties of one rule.
type Overlap struct {
	Rule, Entitlement int
	Duties            []int // in the rule's order
	Alone             bool  // who holds this entitlement breaks the rule, with nothing else
}

// Overlaps lists them, ascending by rule and entitlement, for whoever checks a policy: such a rule is often a mistake.
func (e *Engine) Overlaps() (out []Overlap) {
	for _, r := range e.rules {
		duties, alone := map[int32][]int{}, map[int32]int32{}
		for _, at := range r.duties {
			d := &e.duties[at]
			for _, m := range d.members {
				duties[m] = append(duties[m], d.id)
				if d.need == 1 {
					alone[m]++
				}
			}
		}
		from := len(out)
		for m, ids := range duties {
			if len(ids) > 1 {
				out = append(out, Overlap{Rule: r.id, Entitlement: e.ids.ids[m], Duties: ids, Alone: alone[m] >= r.need})
			}
		}
		slices.SortFunc(out[from:], func(a, b Overlap) int { return cmp.Compare(a.Entitlement, b.Entitlement) })
	}
	return out
}
