package sod

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestCheckIsBruteForce(t *testing.T) {
	broken := 0
	rapid.Check(t, func(t *rapid.T) {
		o := genOrg.Draw(t, "organisation")
		e := o.compile(t)
		for range 5 { // one engine is asked again and again
			held, scope := o.holdings(t, "held", 0, 12), o.scope(t)
			got := e.Check(held, scope)
			agree(t, o, got, nil, held, scope)
			broken += len(got)

			mixed := rapid.Permutation(held).Draw(t, "in another order")
			if again := e.Check(mixed, scope); !reflect.DeepEqual(got, again) {
				t.Fatalf("in another order:\n%+v\n%+v", got, again)
			}
		}
	})
	if broken < 1000 {
		t.Errorf("%d violations only: the generator makes no conflicts", broken)
	}
}

func TestCheckAddIsTheDifference(t *testing.T) {
	brought, kept := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		o := genOrg.Draw(t, "organisation")
		e := o.compile(t)
		for range 5 {
			held, add, scope := o.holdings(t, "held", 0, 8), o.holdings(t, "added", 100, 4), o.scope(t)
			got := e.CheckAdd(held, add, scope)
			agree(t, o, got, held, add, scope)
			brought += len(got)
			kept += len(e.Check(held, scope))
		}
	})
	if brought < 1000 || kept < 1000 {
		t.Errorf("%d brought, %d there before: the generator makes no conflicts", brought, kept)
	}
}

// world is a population beside what it should know.
type world struct {
	o      *org
	e      *Engine
	people []int
	holds  map[int][]int
	out    map[int]map[int]bool // by person: rules that do not apply
}

func (w *world) broken(person int) (out []int) {
	var held []Holding
	for _, id := range w.holds[person] {
		held = append(held, Holding{Entitlement: id})
	}
	for _, v := range w.e.Check(held, func(rule int) bool { return !w.out[person][rule] }) {
		out = append(out, v.Rule)
	}
	return out
}

// same compares everything that a population can be asked with a check of each person.
func (w *world) same(t *rapid.T, p *Population) {
	byRule := map[int][]int{}
	for _, person := range w.people {
		want := w.broken(person)
		if got := p.Broken(person); !slices.Equal(got, want) {
			t.Fatalf("person %d breaks %v, not %v", person, want, got)
		}
		for _, r := range want {
			byRule[r] = append(byRule[r], person)
		}
	}
	scanned := map[int][]int{}
	p.Scan(func(rule, person int) { scanned[rule] = append(scanned[rule], person) })
	count := p.Count()
	for i, r := range w.e.Rules() {
		want := slices.Sorted(slices.Values(byRule[r]))
		if got := slices.Sorted(p.Violations(r)); !slices.Equal(got, want) {
			t.Fatalf("rule %d is broken by %v, not %v", r, want, got)
		}
		if got := slices.Sorted(slices.Values(scanned[r])); !slices.Equal(got, want) {
			t.Fatalf("a scan finds that rule %d is broken by %v, not %v", r, want, got)
		}
		if count[i] != len(want) {
			t.Fatalf("rule %d is broken by %d people, not %d", r, len(want), count[i])
		}
	}
	if len(scanned) > len(byRule) {
		t.Fatalf("a scan finds %v", scanned)
	}
}

func (w *world) build() *Population {
	p := NewPopulation(w.e, 0)
	for _, person := range slices.Backward(w.people) {
		for _, id := range w.holds[person] {
			p.Add(person, id)
		}
		p.Scope(person, func(rule int) bool { return !w.out[person][rule] })
	}
	return p
}

func TestPopulationIsCheckOfEach(t *testing.T) {
	some := 0
	rapid.Check(t, func(t *rapid.T) {
		o := genOrg.Draw(t, "organisation")
		w := &world{o: o, e: o.compile(t), holds: map[int][]int{}, out: map[int]map[int]bool{}}
		w.people = rapid.SliceOfNDistinct(rapid.SampledFrom([]int{1, 2, 3, 4, 70, 4095, 4096, 5000, 1 << 20, 1 << 33}), 1, 8, rapid.ID[int]).Draw(t, "people")
		p := NewPopulation(w.e, len(w.people))
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				person, id := rapid.SampledFrom(w.people).Draw(t, "person"), rapid.SampledFrom(append([]int{999}, o.entitlements...)).Draw(t, "entitlement")
				p.Add(person, id)
				w.holds[person] = append(w.holds[person], id)
			},
			"set": func(t *rapid.T) {
				person := rapid.SampledFrom(w.people).Draw(t, "person")
				w.holds[person] = rapid.SliceOfN(rapid.SampledFrom(o.entitlements), 0, 9).Draw(t, "entitlements")
				p.Set(person, w.holds[person])
			},
			"scope": func(t *rapid.T) {
				person, not := rapid.SampledFrom(w.people).Draw(t, "person"), rapid.SampledFrom(o.rules).Draw(t, "not").ID
				w.out[person] = map[int]bool{not: true}
				p.Scope(person, func(rule int) bool { return rule != not })
			},
			"everywhere": func(t *rapid.T) {
				person := rapid.SampledFrom(w.people).Draw(t, "person")
				delete(w.out, person)
				p.Scope(person, nil)
			},
			"": func(t *rapid.T) { w.same(t, p) },
		})
		w.same(t, w.build())
		some += len(slices.Collect(p.Violations(w.e.Rules()[0])))
	})
	if some < 100 {
		t.Errorf("%d violations only: the generator makes no conflicts", some)
	}
}
