package mining

import "slices"

// Gain is somebody whom the suggested rule of a candidate would give something new.
type Gain struct {
	Person       int64
	Candidate    int     // its place
	Entitlements []int64 // those not held now, ascending
}

// Membership is a member of a candidate.
type Membership struct {
	Person    int64
	Candidate int // its place
}

// WhatIf is the effect of taking candidates on: their roles, given by their suggested rules and, to members whom the rule does not find,
// by name.
type WhatIf struct {
	Given   []Pair       // held pairs that the roles give from then on, in order of people and entitlements
	Share   float64      // Given / all pairs that are held
	ByRule  int          // memberships that follow from a rule
	ByName  []Membership // memberships that must be given one by one
	Gains   []Gain       // who would get something new by a rule; empty is what a preview should show
	Before  int          // items of a review of Given, pair by pair
	After   int          // items of the same review by role: each role with its rule, and each membership by name
	Spared  int          // Before - After
	Lacking []Pair       // pairs that members would get anew because they do not hold them; none for roles of a Cover
}

// Adopt says what would follow if the candidates at these places were taken on together.
func Adopt(m *Matrix, o *Organisation, candidates []Candidate, places ...int) WhatIf {
	x := newIndex(o)
	var w WhatIf
	given, lacking := map[Pair]bool{}, map[Pair]bool{}
	places = slices.Compact(slices.Sorted(slices.Values(places)))
	for _, k := range places {
		c := &candidates[k]
		for _, person := range c.Members {
			held := m.Held(person)
			for _, e := range c.Entitlements {
				if _, ok := slices.BinarySearch(held, e); ok {
					given[Pair{person, e}] = true
				} else {
					lacking[Pair{person, e}] = true
				}
			}
		}
		w.weigh(m, x, c, k)
	}
	w.Given, w.Lacking = sorted(given), sorted(lacking)
	if m.Pairs() > 0 {
		w.Share = float64(len(w.Given)) / float64(m.Pairs())
	}
	w.Before, w.After = len(w.Given), len(places)+len(w.ByName)
	w.Spared = w.Before - w.After
	return w
}

// weigh adds what the rule of a candidate does and what it leaves.
func (w *WhatIf) weigh(m *Matrix, x *index, c *Candidate, k int) {
	found, member := map[int64]bool{}, map[int64]bool{}
	for _, person := range c.Members {
		member[person] = true
	}
	if c.Rule != nil {
		for _, i := range x.matching(c.Rule.Conditions) {
			found[x.ids[i]] = true
			if member[x.ids[i]] {
				continue
			}
			held := m.Held(x.ids[i])
			fresh := slices.DeleteFunc(slices.Sorted(slices.Values(c.Entitlements)), func(e int64) bool {
				_, ok := slices.BinarySearch(held, e)
				return ok
			})
			if len(fresh) > 0 {
				w.Gains = append(w.Gains, Gain{x.ids[i], k, fresh})
			}
		}
	}
	for _, person := range c.Members {
		if found[person] {
			w.ByRule++
		} else {
			w.ByName = append(w.ByName, Membership{person, k})
		}
	}
}

// matching gives the people who meet all conditions, in order of their ids.
func (x *index) matching(conditions []Condition) (out []int) {
next:
	for i := range x.ids {
		for _, c := range conditions {
			a := slices.Index(x.attributes, c.Attribute)
			if a < 0 || !slices.Contains(c.Values, x.values[a][x.code[a][i]]) {
				continue next
			}
		}
		out = append(out, i)
	}
	return out
}

func sorted(pairs map[Pair]bool) []Pair {
	out := make([]Pair, 0, len(pairs))
	for p := range pairs {
		out = append(out, p)
	}
	slices.SortFunc(out, order)
	return out
}
