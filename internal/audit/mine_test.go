package audit

import (
	"math/rand/v2"
	"slices"
	"testing"

	"tenure/internal/catalog"
	"tenure/internal/policy/mining"
)

// What would follow from candidates of a run is put together from what the run kept; it is what mining says when it looks at everything.
func TestAdoptionIsWhatMiningSays(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 3))
		m := &matrices{organisation: &mining.Organisation{Attributes: []string{"department", "title"}}}
		var all, mined []mining.Pair
		for i := range 40 + r.IntN(40) {
			dep, title := r.IntN(4), r.IntN(3)
			m.organisation.People = append(m.organisation.People, mining.Person{ID: int64(i), Values: []string{string(rune('A' + dep)), string(rune('a' + title))}})
			for e := range int64(16) {
				held := e < 8 && int(e)/2 == dep || e >= 8 && int(e-8)/3 == title
				if r.IntN(150) == 0 {
					held = !held
				}
				if !held {
					continue
				}
				p := mining.Pair{Person: int64(i), Entitlement: e}
				if all = append(all, p); seed%2 == 0 || e < 8 {
					mined = append(mined, p)
				}
			}
		}
		m.all, m.mined = mining.NewMatrix(all), mining.NewMatrix(mined)
		cover, err := mining.Mine(t.Context(), m.mined, mining.Options{Effort: 1})
		if err != nil {
			t.Fatal(err)
		}
		kept := m.candidates(cover.Roles)
		if len(kept) == 0 {
			t.Fatalf("seed %d: no candidate is useful", seed)
		}
		judged := mining.Candidates(m.mined, cover.Roles, m.organisation)
		var chosen []Candidate
		var places []int
		for i := range kept {
			if r.IntN(2) == 0 {
				chosen = append(chosen, kept[i])
				places = append(places, slices.IndexFunc(judged, func(c mining.Candidate) bool { return c.Name == kept[i].Name }))
			}
		}
		run := &MiningRun{Pairs: m.mined.Pairs()}
		got, want := run.Adopt(chosen), mining.Adopt(m.all, m.organisation, judged, places...)
		gaining := 0
		for i := range chosen {
			gaining += chosen[i].Gaining
			if !chosen[i].GainsNothing {
				t.Errorf("seed %d: %s gives its own members something new", seed, chosen[i].Name)
			}
		}
		if got.Given != len(want.Given) || got.ByRule != want.ByRule || got.ByName != len(want.ByName) || got.Before != want.Before || got.After != want.After || gaining != len(want.Gains) {
			t.Errorf("seed %d: %+v (%d gain), and mining says %d given, %d by rule, %d by name, %d to %d, %d gain", seed, got, gaining, len(want.Given), want.ByRule, len(want.ByName), want.Before, want.After, len(want.Gains))
		}
	}
}

// Attributes in which nobody agrees with others, and dates, make no peers and no rules.
func TestOnlyTellingAttributesAreCompared(t *testing.T) {
	people := map[int64]map[string]string{}
	for i := range int64(20) {
		people[i] = map[string]string{"title": "T", "email": "e", "badge": string(rune('a' + i)), "hired": "2026-01-01", "team": string(rune('a' + i%2)), "department": string(rune('a' + i))}
	}
	if got := organisationOf(&catalog.Catalog{}, people).Attributes; !slices.Equal(got, []string{"department", "title", "team"}) {
		t.Errorf("compared are %v", got)
	}
}
