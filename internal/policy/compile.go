package policy

import (
	"maps"
	"slices"

	"tenure/internal/catalog"
)

// Compile makes a snapshot of what a set declares and nothing else, without a database: what policy files are tested with. Objects get
// the order of ids that a first Save into an empty database gives them, on which it depends what is granted first. Owners are not looked up.
// Errors are those of Save.
func Compile(set Set, cat *catalog.Catalog) (*Snapshot, error) {
	d := draft{set: set, cat: cat}
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

// Match gives the rules that hold for an employment and give, ascending by object id.
func (s *Snapshot) Match(a Attrs) ([]int, error) {
	rules, err := s.holding(a)
	if err != nil {
		return nil, err
	}
	var out []int
	for _, r := range rules {
		out = append(out, r.row.ID)
	}
	return out, nil
}

// RuleEntitlements gives the distinct entitlements that each birthright rule may give, by object id, ascending, roles expanded.
func (s *Snapshot) RuleEntitlements() map[int][]int {
	out := make(map[int][]int, len(s.rules))
	for _, r := range s.rules {
		ids := make([]int, 0, len(r.most))
		for _, g := range r.most {
			ids = append(ids, g.Entitlement)
		}
		out[r.row.ID] = slices.Compact(ids)
	}
	return out
}

// RoleEntitlements gives the distinct entitlements that each role may give, by object id, ascending, those of the roles within it included.
func (s *Snapshot) RoleEntitlements() map[int][]int {
	out := make(map[int][]int, len(s.roles))
	for id, r := range s.roles {
		ids := make([]int, 0, len(r.held))
		for _, h := range r.held {
			ids = append(ids, h.entitlement)
		}
		out[id] = slices.Compact(ids)
	}
	return out
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
