package sod

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tenure/internal/errs"
)

func TestCompileRefuses(t *testing.T) {
	duty := func(id int, entitlements ...int) Duty { return Duty{ID: id, Name: "D", Entitlements: entitlements} }
	rule := func(id, atLeast int, duties ...int) Rule {
		return Rule{ID: id, Name: "R", AtLeast: atLeast, Duties: duties}
	}
	two := []Duty{duty(1, 5), duty(2, 6)}
	for _, c := range []struct {
		duties []Duty
		rules  []Rule
		want   []string
	}{
		{two, []Rule{rule(1, 0, 1, 2), rule(2, 2, 2, 1)}, nil},
		{nil, nil, nil},
		{[]Duty{duty(1, 5, 5)}, nil, nil},
		{[]Duty{duty(1)}, nil, []string{`duty "D" (1): entitlements: must be one or more: nobody could perform this duty`}},
		{[]Duty{duty(1, 5, 0, -2)}, nil, []string{`duty "D" (1): entitlements: 0 is not the id of an entitlement`,
			`duty "D" (1): entitlements: -2 is not the id of an entitlement`}},
		{[]Duty{duty(0, 5)}, nil, []string{`duty "D" (0): id: must be positive`}},
		{[]Duty{duty(1, 5), {ID: 1, Entitlements: []int{6}}}, nil, []string{`duty 1: id: is the id of duty "D" (1) too`}},
		{two, []Rule{rule(1, 0, 1)}, []string{`SoD rule "R" (1): duties: must be two or more, not 1`}},
		{two, []Rule{rule(1, 0)}, []string{`SoD rule "R" (1): duties: must be two or more, not 0`}},
		{two, []Rule{rule(1, 0, 1, 3)}, []string{`SoD rule "R" (1): duties: there is no duty 3`}},
		{two, []Rule{rule(1, 0, 1, 1)}, []string{`SoD rule "R" (1): duties: duty 1 is listed twice`}},
		{two, []Rule{rule(1, 1, 1, 2)}, []string{`SoD rule "R" (1): at_least: must be 2 to 2, or 0 for all duties, not 1`}},
		{two, []Rule{rule(1, 3, 1, 2)}, []string{`SoD rule "R" (1): at_least: must be 2 to 2, or 0 for all duties, not 3`}},
		{two, []Rule{rule(1, -1, 1, 2)}, []string{`SoD rule "R" (1): at_least: must be 2 to 2, or 0 for all duties, not -1`}},
		{two, []Rule{rule(-1, 0, 1, 2)}, []string{`SoD rule "R" (-1): id: must be positive`}},
		{two, []Rule{rule(1, 0, 1, 2), {ID: 1, Duties: []int{1, 2}}}, []string{`SoD rule 1: id: is the id of SoD rule "R" (1) too`}},
		{[]Duty{duty(1)}, []Rule{rule(1, 0, 7)}, []string{`duty "D" (1): entitlements: must be one or more: nobody could perform this duty`,
			`SoD rule "R" (1): duties: must be two or more, not 1`, `SoD rule "R" (1): duties: there is no duty 7`}},
	} {
		_, err := Compile(c.duties, c.rules)
		var got []string
		if e := new(errs.Error); errors.As(err, &e) {
			for _, f := range e.Fields {
				got = append(got, f.Field+": "+f.Rule)
			}
			if e.Kind != errs.KindInvalid {
				t.Error(e.Kind)
			}
		}
		if d := cmp.Diff(c.want, got); d != "" || (err != nil) != (c.want != nil) {
			t.Errorf("%+v %+v: expected - got +\n%s", c.duties, c.rules, d)
		}
	}
}

func TestOverlaps(t *testing.T) {
	e, err := Compile([]Duty{
		{ID: 1, Entitlements: []int{30, 10}}, {ID: 2, Entitlements: []int{10, 20, 30}}, {ID: 3, All: true, Entitlements: []int{10, 40}},
		{ID: 4, Entitlements: []int{50}}, {ID: 5, All: true, Entitlements: []int{40}}, {ID: 6, Entitlements: []int{60}},
	}, []Rule{
		{ID: 2, Duties: []int{2, 1}}, {ID: 1, Duties: []int{4, 3, 1}}, {ID: 3, Duties: []int{4, 1}}, {ID: 4, Duties: []int{1, 2, 4}}, {ID: 5, Duties: []int{3, 5}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []Overlap{
		{Rule: 1, Entitlement: 10, Duties: []int{3, 1}},
		{Rule: 2, Entitlement: 10, Duties: []int{2, 1}, Alone: true},
		{Rule: 2, Entitlement: 30, Duties: []int{2, 1}, Alone: true},
		{Rule: 4, Entitlement: 10, Duties: []int{1, 2}},
		{Rule: 4, Entitlement: 30, Duties: []int{1, 2}},
		{Rule: 5, Entitlement: 40, Duties: []int{3, 5}},
	}
	if d := cmp.Diff(want, e.Overlaps()); d != "" {
		t.Errorf("expected - got +\n%s", d)
	}
	if got := e.Rules(); !slices.Equal(got, []int{1, 2, 3, 4, 5}) {
		t.Error(got)
	}
	if got := e.Entitlements(); !slices.Equal(got, []int{10, 20, 30, 40, 50}) { // 60 stands in no rule
		t.Error(got)
	}
	for _, o := range want {
		if alone := len(e.Check([]Holding{{Entitlement: o.Entitlement}}, func(rule int) bool { return rule == o.Rule })) > 0; alone != o.Alone {
			t.Errorf("%+v, and held alone it breaks the rule: %v", o, alone)
		}
	}
}

// Of several explanations the one that names least is given.
func TestAnExplanationNamesLittle(t *testing.T) {
	e, err := Compile([]Duty{{ID: 1, Entitlements: []int{1, 9}}, {ID: 2, Entitlements: []int{2, 9}}, {ID: 3, All: true, Entitlements: []int{3, 4, 5}}, {ID: 4, Entitlements: []int{8}}},
		[]Rule{{ID: 1, Duties: []int{1, 2}}, {ID: 2, Duties: []int{3, 1, 4}, AtLeast: 2}})
	if err != nil {
		t.Fatal(err)
	}
	h := func(id int) Holding { return Holding{Entitlement: id, From: day(1), Tag: id} }
	early := Holding{Entitlement: 1, From: day(1), To: day(4), Tag: 1}
	late := Holding{Entitlement: 1, From: day(1), To: day(5), Tag: 11}
	for _, c := range []struct {
		held []Holding
		want []Violation
	}{
		{[]Holding{h(1), h(2), h(9)}, []Violation{{Rule: 1, From: day(1), Duties: []Performed{{1, []Holding{h(9)}}, {2, []Holding{h(9)}}}}}},
		{[]Holding{h(3), h(4), h(5), h(8), h(1)}, []Violation{{Rule: 2, From: day(1), Duties: []Performed{{1, []Holding{h(1)}}, {4, []Holding{h(8)}}}, Also: []int{3}}}},
		{[]Holding{late, h(2), h(1)}, []Violation{{Rule: 1, From: day(1), Duties: []Performed{{1, []Holding{h(1)}}, {2, []Holding{h(2)}}}}}}, // what lasts
		{[]Holding{early, h(2), late}, []Violation{{Rule: 1, From: day(1), To: day(5), Duties: []Performed{{1, []Holding{late}}, {2, []Holding{h(2)}}}}}},
	} {
		if d := cmp.Diff(c.want, e.Check(c.held, nil)); d != "" {
			t.Errorf("expected - got +\n%s", d)
		}
	}
}

// sample is the size that the goals speak of: 200 rules of two duties of five entitlements each, of 5,000.
func sample(t testing.TB, rng *rand.Rand) *Engine {
	var duties []Duty
	var rules []Rule
	for r := range 200 {
		members := pick(rng, 10)
		duties = append(duties, Duty{ID: 2*r + 1, Entitlements: members[:5]}, Duty{ID: 2*r + 2, Entitlements: members[5:]})
		rules = append(rules, Rule{ID: r + 1, Duties: []int{2*r + 1, 2*r + 2}})
	}
	e, err := Compile(duties, rules)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func pick(rng *rand.Rand, n int) (out []int) {
	for len(out) < n {
		if e := 1 + rng.IntN(5000); !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	return out
}

func holds(ids []int) (out []Holding) {
	for i, id := range ids {
		out = append(out, Holding{Entitlement: id, From: day(1), Tag: i})
	}
	return out
}

func TestNothingIsAllocatedWithoutConflict(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	e := sample(t, rng)
	s := e.scratch() // the pool is emptied now and then
	for range 100 {
		held, add := holds(pick(rng, 20)), holds(pick(rng, 1))
		if len(e.Check(slices.Concat(held, add), nil)) > 0 {
			continue
		}
		if n := testing.AllocsPerRun(100, func() { e.check(s, held, add, nil); e.check(s, nil, held, nil) }); n > 0 {
			t.Fatalf("%v allocations", n)
		}
	}
}

// What many ask at once is what one asks.
func TestAnEngineIsAskedByMany(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	e := sample(t, rng)
	var people [][]Holding
	var want [][]Violation
	for range 500 {
		people = append(people, holds(pick(rng, 60)))
		want = append(want, e.Check(people[len(people)-1], nil))
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i, p := range people {
				if !reflect.DeepEqual(e.Check(p, nil), want[i]) {
					t.Errorf("person %d", i)
				}
			}
		})
	}
	wg.Wait()
}

// Generations of marks that come round do not count as of now.
func TestMarksComeRound(t *testing.T) {
	e, err := Compile([]Duty{{ID: 1, Entitlements: []int{1}}, {ID: 2, Entitlements: []int{2}}}, []Rule{{ID: 1, Duties: []int{1, 2}}})
	if err != nil {
		t.Fatal(err)
	}
	s := e.scratch()
	for _, gen := range []uint32{0, ^uint32(0)} {
		s.gen = gen
		for _, held := range []int{1, 2} {
			if s.begin(); !e.mark(s, holds([]int{held}), true) || len(s.hit) > 0 {
				t.Errorf("%d after generation %d: %v", held, gen, s.hit)
			}
		}
		if e.mark(s, holds([]int{1}), true); len(s.hit) != 1 {
			t.Errorf("after generation %d nothing is found", gen)
		}
	}
}

// A large population, over many blocks and in no order, with people leaving a rule's scope.
func TestLargePopulation(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	e := sample(t, rng)
	const n = 10_000
	people := make([][]int, n)
	var pairs [][2]int
	for i := range people {
		people[i] = pick(rng, 40)
		for _, id := range people[i] {
			pairs = append(pairs, [2]int{7 * i, id})
		}
	}
	rng.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
	p := NewPopulation(e, n)
	for _, x := range pairs {
		p.Add(x[0], x[1])
	}
	even := func(yield func(int) bool) {
		for i := 0; i < n && yield(7*i); i += 2 {
		}
	}
	p.Only(3, even)
	p.Only(999, even)
	want, got := map[[2]int]bool{}, map[[2]int]bool{}
	count := make([]int, 200)
	for i, held := range people {
		for _, v := range e.Check(holds(held), func(rule int) bool { return rule != 3 || i%2 == 0 }) {
			want[[2]int{v.Rule, 7 * i}] = true
			count[v.Rule-1]++
		}
	}
	p.Scan(func(rule, person int) { got[[2]int{rule, person}] = true })
	if len(want) < 1000 || !reflect.DeepEqual(got, want) {
		t.Errorf("%d violations, %d expected", len(got), len(want))
	}
	if !slices.Equal(p.Count(), count) {
		t.Errorf("%v\n%v", p.Count(), count)
	}
	for range p.Violations(3) { // a reader who stops is let go
		break
	}
	if x := slices.Collect(p.Violations(999)); x != nil {
		t.Error(x)
	}
	if p.Bytes() < 400*n/8 || p.People() != n {
		t.Errorf("%d bytes for %d people", p.Bytes(), p.People())
	}
}

func BenchmarkCheckAdd(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	e := sample(b, rng)
	var held, add [][]Holding
	for range 1024 {
		held, add = append(held, holds(pick(rng, 20))), append(add, holds(pick(rng, 1)))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		e.CheckAdd(held[i%1024], add[i%1024], nil)
	}
}

// Every check finds a conflict and explains it.
func BenchmarkCheckConflict(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	e := sample(b, rng)
	var people [][]Holding
	for len(people) < 256 {
		if p := holds(pick(rng, 20)); len(e.Check(p, nil)) > 0 {
			people = append(people, p)
		}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		e.Check(people[i%256], nil)
	}
}

// Somebody who holds everything breaks every rule.
func BenchmarkCheckEverything(b *testing.B) {
	e := sample(b, rand.New(rand.NewPCG(1, 2)))
	var held []Holding
	for id := range 5000 {
		held = append(held, Holding{Entitlement: id + 1, From: day(1 + id%9)})
	}
	for b.Loop() {
		if len(e.Check(held, nil)) != 200 {
			b.Fatal("not all")
		}
	}
}

func BenchmarkScan(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	e := sample(b, rng)
	const n = 500_000
	p := NewPopulation(e, n)
	for i := range n {
		for range 20 {
			p.Add(i+1, 1+rng.IntN(5000))
		}
	}
	for b.Loop() {
		found := 0
		p.Scan(func(int, int) { found++ })
		b.ReportMetric(float64(found), "violations")
	}
}
