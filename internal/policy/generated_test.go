package policy

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

// Casbin's answer is the compiled snapshot's for every role and entitlement of 1,000 generated role graphs, and both are what following
// the roles by hand gives.
func TestCasbinAgreesWithTheSnapshot(t *testing.T) {
	r := rand.New(rand.NewPCG(rand.Uint64(), 2))
	for range 1000 {
		const entitlements = 6
		var rows []row
		for i := range 2 + r.IntN(6) {
			spec := record{}
			for e := range entitlements {
				if r.IntN(3) == 0 {
					spec.EntitlementIDs = append(spec.EntitlementIDs, e+1)
				}
			}
			for inner := range i {
				if r.IntN(3) == 0 {
					spec.RoleIDs = append(spec.RoleIDs, inner+1)
				}
			}
			rows = append(rows, row{ID: i + 1, Kind: KindRole, Name: fmt.Sprint("R", i), N: 1, Spec: spec})
		}
		g, err := newGraph(rows)
		if err != nil {
			t.Fatal(err)
		}
		s, err := newSnapshot(1, rows)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range rows {
			hand := byHand(rows, x.ID)
			gives, err := s.RoleGives(x.ID, "")
			if err != nil {
				t.Fatal(err)
			}
			for e := 1; e <= entitlements; e++ {
				casbin, err := g.enforcer.Enforce(strconv.Itoa(x.ID), strconv.Itoa(e))
				if err != nil {
					t.Fatal(err)
				}
				compiled := slices.ContainsFunc(gives, func(g Give) bool { return g.Entitlement == e })
				if casbin != hand[e] || compiled != hand[e] {
					t.Fatalf("role %d, entitlement %d: Casbin says %t, the snapshot %t, by hand it is %t\n%+v", x.ID, e, casbin, compiled, hand[e], rows)
				}
			}
		}
	}
}

func byHand(rows []row, role int) map[int]bool {
	out := map[int]bool{}
	for _, x := range rows {
		if x.ID != role {
			continue
		}
		for _, e := range x.Spec.EntitlementIDs {
			out[e] = true
		}
		for _, inner := range x.Spec.RoleIDs {
			for e := range byHand(rows, inner) {
				out[e] = true
			}
		}
	}
	return out
}
