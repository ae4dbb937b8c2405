package policy

import (
	"maps"
	"slices"
)

// Compile makes a snapshot of what a set declares and nothing else, without a database: what policy files are tested with. Objects get
// the order of ids that a first Save into an empty database gives them, on which it depends what is granted first; find gives the id of
// an entitlement. Owners are not looked up. Errors are those of Save.
func Compile(set Set, find func(ref string) (entitlement int, err error)) (*Snapshot, error) {
	d := draft{set: set, find: find}
	specs := set.rows()
	for i, k := range slices.Sorted(maps.Keys(specs)) {
		r := specs[k]
		r.ID, r.N = i+1, 1
		specs[k] = r
	}
	d.linkAll(specs, specs, nil)
	if err := d.check(); err != nil {
		return nil, err
	}
	return newSnapshot(0, d.next)
}

// Match gives the rules whose condition holds for an employment, ascending by object id.
func (s *Snapshot) Match(a Attrs) ([]int, error) {
	var out []int
	for i := range s.rules {
		ok, err := s.rules[i].when.holds(a)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, s.rules[i].row.ID)
		}
	}
	return out, nil
}

// RuleEntitlements gives the distinct entitlements of each birthright rule, by object id, ascending, roles expanded.
func (s *Snapshot) RuleEntitlements() map[int][]int {
	out := make(map[int][]int, len(s.rules))
	for i := range s.rules {
		r := &s.rules[i]
		ids := make([]int, 0, len(r.gives))
		for _, g := range r.gives {
			ids = append(ids, g.Entitlement)
		}
		out[r.row.ID] = slices.Compact(ids)
	}
	return out
}

// RoleEntitlements gives the distinct entitlements of each role, by object id, ascending, those of the roles within it included. It
// builds the role graph anew, so it is for whoever looks at the policy as a whole.
func (s *Snapshot) RoleEntitlements() (map[int][]int, error) {
	g, err := newGraph(s.rows)
	if err != nil {
		return nil, err
	}
	out := map[int][]int{}
	for i := range s.rows {
		if s.rows[i].Kind != KindRole {
			continue
		}
		all, err := g.expand(s.rows[i].ID)
		if err != nil {
			return nil, err
		}
		ids := make([]int, 0, len(all))
		for _, h := range all {
			ids = append(ids, h.entitlement)
		}
		out[s.rows[i].ID] = slices.Compact(ids)
	}
	return out, nil
}

// DutyEntitlements gives the distinct entitlements of each duty, by object id, ascending.
func (s *Snapshot) DutyEntitlements() map[int][]int {
	out := map[int][]int{}
	for i := range s.rows {
		if s.rows[i].Kind == KindDuty {
			out[s.rows[i].ID] = s.rows[i].Spec.EntitlementIDs
		}
	}
	return out
}

// Reads gives the attributes that any condition reads, of a birthright rule or of an SoD rule, sorted.
func (s *Snapshot) Reads() []string {
	out := s.Attributes()
	if s.duties != nil {
		for _, r := range s.duties.rules {
			if r.when != nil {
				out = append(out, r.when.attrs...)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
