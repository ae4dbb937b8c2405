package policy

import (
	"testing"

	"tenure/internal/policy/sod"
)

// Casbin's last guard denies what the SoD engine finds in conflict, whatever else would allow it, and nothing else.
func TestTheLastGuard(t *testing.T) {
	s, err := newSnapshot(1, []row{
		{ID: 1, Kind: KindDuty, Name: "enter", Spec: record{EntitlementIDs: []int{10}}}, {ID: 2, Kind: KindDuty, Name: "pay", Spec: record{EntitlementIDs: []int{11}}}, {ID: 3, Kind: KindDuty, Name: "look", Spec: record{EntitlementIDs: []int{12}}},
		{ID: 4, Kind: KindSoD, Name: "enter and pay", Spec: record{DutyIDs: []int{1, 2}}}, {ID: 5, Kind: KindSoD, Name: "look and pay", Spec: record{DutyIDs: []int{2, 3}, Reaction: RecordSoD}}})
	if err != nil {
		t.Fatal(err)
	}
	d := s.Duties()
	all, none := func(int) bool { return true }, func(int) bool { return false }
	h := func(e int) []sod.Holding { return []sod.Holding{{Entitlement: e}} }
	for what, c := range map[string]struct {
		held, add       []sod.Holding
		scope, excepted func(int) bool
		allowed         bool
	}{
		"a conflict": {h(10), h(11), all, none, false}, "within the addition": {nil, append(h(10), h(11)...), all, none, false}, "out of scope": {h(10), h(11), none, none, true},
		"with an exception": {h(10), h(11), all, all, true}, "that is recorded": {h(12), h(11), all, none, true}, "no conflict": {h(10), h(12), all, none, true}, "nothing added": {append(h(10), h(11)...), nil, all, none, true},
	} {
		if got, err := d.Attempt(c.held, c.add, c.scope, c.excepted).Allowed(); err != nil || got != c.allowed {
			t.Errorf("%s: %t, %v", what, got, err)
		}
	}
}
