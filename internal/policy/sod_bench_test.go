package policy

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"tenure/internal/policy/sod"
)

// dutyModel asks whether a person performs a duty. It compares the duty first, which is the quickest order.
const dutyModel = `
[request_definition]
r = person, duty
[policy_definition]
p = entitlement, duty
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.duty == p.duty && g(r.person, p.entitlement)
`

// duties makes the size of the goals: 200 rules of two duties of 5 entitlements each, of 5,000, of which a person holds 20.
func duties(b *testing.B, people int) (lines, *sod.Engine, [][]sod.Holding) {
	rng := rand.New(rand.NewPCG(1, 2))
	pick := func(n int) (out []int) {
		for len(out) < n {
			if e := 1 + rng.IntN(5000); !slices.Contains(out, e) {
				out = append(out, e)
			}
		}
		return out
	}
	var l lines
	var ds []sod.Duty
	var rules []sod.Rule
	for r := range 200 {
		members := pick(10)
		for side := range 2 {
			d := sod.Duty{ID: 2*r + side + 1, Entitlements: members[5*side : 5*side+5]}
			for _, e := range d.Entitlements {
				l = append(l, []string{"p", "e" + strconv.Itoa(e), "d" + strconv.Itoa(d.ID)})
			}
			ds = append(ds, d)
		}
		rules = append(rules, sod.Rule{ID: r + 1, Duties: []int{2*r + 1, 2*r + 2}})
	}
	var held [][]sod.Holding
	for i := range people {
		var mine []sod.Holding
		for _, e := range pick(20) {
			mine = append(mine, sod.Holding{Entitlement: e})
			l = append(l, []string{"g", "i" + strconv.Itoa(i), "e" + strconv.Itoa(e)})
		}
		held = append(held, mine)
	}
	e, err := sod.Compile(ds, rules)
	if err != nil {
		b.Fatal(err)
	}
	return l, e, held
}

// What one check of one person against all rules costs in plain Casbin, for the reader of docs/reference/bench.md: each rule is two
// questions. Both answers are compared.
func BenchmarkSoDInCasbin(b *testing.B) {
	for _, people := range []int{50, 500, 5000} {
		b.Run(fmt.Sprintf("%d people", people), func(b *testing.B) {
			l, engine, held := duties(b, people)
			e, err := newEnforcer(dutyModel, l)
			if err != nil {
				b.Fatal(err)
			}
			for i := 0; b.Loop(); i++ {
				person := i % people
				var broken []int
				for r := range 200 {
					one, err := e.Enforce("i"+strconv.Itoa(person), "d"+strconv.Itoa(2*r+1))
					two := false
					if one && err == nil {
						two, err = e.Enforce("i"+strconv.Itoa(person), "d"+strconv.Itoa(2*r+2))
					}
					if err != nil {
						b.Fatal(err)
					}
					if one && two {
						broken = append(broken, r+1)
					}
				}
				var want []int
				for _, v := range engine.Check(held[person], nil) {
					want = append(want, v.Rule)
				}
				if !slices.Equal(broken, want) {
					b.Fatalf("person %d breaks %v, not %v", person, want, broken)
				}
			}
		})
	}
}

func BenchmarkSoDEngine(b *testing.B) {
	for _, people := range []int{50, 500, 5000} {
		b.Run(fmt.Sprintf("%d people", people), func(b *testing.B) {
			_, engine, held := duties(b, people)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				engine.Check(held[i%people], nil)
			}
		})
	}
}
