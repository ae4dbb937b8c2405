package mining

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// office is a small organisation: everybody has mail; accounts payable pays; sales has two tools; one analyst was given too much.
func office() (*Matrix, *Organisation) {
	o := &Organisation{Attributes: []string{"department", "title", "location"},
		Entitlements: map[int64]string{1: "Mail", 10: "FIN-PAY", 11: "FIN-LEDGER", 12: "FIN-VENDOR", 20: "CRM", 21: "Quotes"}}
	var pairs []Pair
	hire := func(n int, department, title string, ents ...int64) {
		for i := range n {
			id := int64(len(o.People) + 100)
			o.People = append(o.People, Person{id, []string{department, title, []string{"Oslo", "Turin"}[i%2]}})
			for _, e := range ents {
				pairs = append(pairs, Pair{id, e})
			}
		}
	}
	hire(6, "Finance", "AP Lead", 1, 10, 11, 12)
	hire(8, "Finance", "Analyst", 1, 11)
	hire(12, "Sales", "Rep", 1, 20, 21)
	hire(1, "Sales", "Analyst", 1)
	pairs = append(pairs, Pair{106, 10})
	return NewMatrix(pairs), o
}

func candidates(t *testing.T, m *Matrix, o *Organisation) []Candidate {
	t.Helper()
	c, err := Mine(t.Context(), m, Options{Effort: 1})
	if err != nil {
		t.Fatal(err)
	}
	return Candidates(m, c.Roles, o)
}

func TestCandidates(t *testing.T) {
	m, o := office()
	var got []string
	for _, c := range candidates(t, m, o) {
		rule := "none"
		if c.Rule != nil {
			rule = fmt.Sprintf("%s (%.2f, %.2f)", c.Rule.Text, c.Rule.Precision, c.Rule.Recall)
		}
		got = append(got, fmt.Sprintf("%s: %d x %v new %d alone %d saved %d score %.1f; %s", c.Name, len(c.Members), c.Entitlements, c.New, c.Alone, c.Saved,
			c.Score, rule))
		if !c.GainsNothing {
			t.Errorf("%s gives something new", c.Name)
		}
	}
	want := []string{
		`Rep: 12 x [1 20 21] new 36 alone 24 saved 21 score 21.0; title == "Rep" (1.00, 1.00)`,
		`AP Lead: 6 x [1 10 11 12] new 24 alone 6 saved 14 score 14.0; title == "AP Lead" (1.00, 1.00)`,
		`Finance: 14 x [1 11] new 16 alone 7 saved 0 score 0.0; department == "Finance" (1.00, 1.00)`,
		`AP Lead (2): 7 x [1 10 11] new 1 alone 1 saved -9 score -9.0; title == "AP Lead" (1.00, 0.86)`,
		`Everybody: 27 x [1] new 1 alone 1 saved -27 score -27.0; true (1.00, 1.00)`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestWhyAndNames(t *testing.T) {
	m, o := office()
	all := candidates(t, m, o)
	for i, want := range []string{
		"12 people with 3 entitlements each: 36 grants, 36 that no candidate before gives, in 15 lines; the rule finds exactly the members",
		"", "", "7 people with 3 entitlements each: 21 grants, 1 that no candidate before gives, in 10 lines; the rule finds 6 of the members and nobody else",
	} {
		if want != "" && all[i].Why != want {
			t.Errorf("%q, want %q", all[i].Why, want)
		}
	}
	o.Attributes = nil
	for _, c := range candidates(t, m, o) {
		switch {
		case len(c.Members) == 12 && (c.Rule != nil || c.Name != "CRM and 2 more" || !strings.HasSuffix(c.Why, "so the score is halved") || c.Score != float64(c.Saved)/2):
			t.Errorf("without attributes: %+v", c)
		case len(c.Members) == 27 && (c.Rule == nil || c.Rule.Text != "true"):
			t.Errorf("everybody needs no attribute: %+v", c)
		}
	}
}

// TestCandidatesCount holds every figure of a candidate to its definition.
func TestCandidatesCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pairs := drawPairs(t, 12)
		m := NewMatrix(pairs)
		roles := mine(t, pairs, Preview).Roles
		if len(roles) > 0 && rapid.Bool().Draw(t, "with a role that gives something new") {
			roles = append(roles, Role{m.People(), m.Entitlements()})
		}
		all := Candidates(m, roles, drawOrganisation(t, m))
		if len(all) != len(roles) {
			t.Fatalf("%d candidates for %d roles", len(all), len(roles))
		}
		gives := func(c Candidate) map[Pair]bool {
			out := map[Pair]bool{}
			for _, u := range c.Members {
				for _, e := range c.Entitlements {
					if m.Holds(u, e) {
						out[Pair{u, e}] = true
					}
				}
			}
			return out
		}
		before, names := map[Pair]bool{}, map[string]bool{}
		for i, c := range all {
			mine, fresh, alone := gives(c), 0, 0
			for p := range mine {
				if !before[p] {
					fresh++
				}
				if !slices.ContainsFunc(slices.Concat(all[:i], all[i+1:]), func(d Candidate) bool { return gives(d)[p] }) {
					alone++
				}
			}
			for _, d := range all[i:] {
				fresh := 0
				for p := range gives(d) {
					if !before[p] {
						fresh++
					}
				}
				saved, weight := float64(fresh-len(d.Members)-len(d.Entitlements)), 0.5
				if d.Rule != nil {
					weight += 0.5 * measure(d.Rule.Hits, d.Rule.Matches, len(d.Members))
				}
				if saved < 0 {
					weight = 1
				}
				if saved*weight > c.Score || i == slices.IndexFunc(all, func(x Candidate) bool { return x.Name == d.Name }) && saved*weight != c.Score {
					t.Fatalf("%s with %f comes before %s with %f", c.Name, c.Score, d.Name, saved*weight)
				}
			}
			for p := range mine {
				before[p] = true
			}
			share, reach := float64(len(mine))/float64(m.Pairs()), float64(len(before))/float64(m.Pairs())
			if c.New != fresh || c.Alone != alone || c.Share != share || c.Reach != reach || c.GainsNothing != (len(mine) == c.Pairs) {
				t.Fatalf("%+v: new %d alone %d share %f reach %f", c, fresh, alone, share, reach)
			}
			if c.Name == "" || names[c.Name] {
				t.Fatalf("the name %q again", c.Name)
			}
			names[c.Name] = true
		}
	})
}

// drawOrganisation draws HR attributes of who holds something, of others, and not of everybody.
func drawOrganisation(t *rapid.T, m *Matrix) *Organisation {
	o := &Organisation{Attributes: []string{"department", "title", "Cost Code"}}
	people := append(m.People(), 5001, 5002, 5003)
	for _, id := range people {
		if rapid.IntRange(0, 9).Draw(t, "known to HR") > 0 {
			o.People = append(o.People, Person{id, rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", ""}), 3, 3).Draw(t, "values")})
		}
	}
	return o
}

// meets evaluates a rule, slowly.
func meets(o *Organisation, p Person, r *Rule) bool {
	for _, c := range r.Conditions {
		if !slices.Contains(c.Values, p.Values[slices.Index(o.Attributes, c.Attribute)]) {
			return false
		}
	}
	return true
}

func TestAdopt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pairs := drawPairs(t, 12)
		m := NewMatrix(pairs)
		o := drawOrganisation(t, m)
		all := Candidates(m, mine(t, pairs, Preview).Roles, o)
		if len(all) == 0 {
			return
		}
		chosen := rapid.SliceOfN(rapid.IntRange(0, len(all)-1), 1, 3).Draw(t, "chosen")
		got := Adopt(m, o, all, chosen...)
		want := WhatIf{}
		given := map[Pair]bool{}
		chosen = slices.Compact(slices.Sorted(slices.Values(chosen)))
		for _, k := range chosen {
			c := all[k]
			for _, u := range c.Members {
				for _, e := range c.Entitlements {
					given[Pair{u, e}] = true
				}
				if at := slices.IndexFunc(o.People, func(p Person) bool { return p.ID == u }); at >= 0 && c.Rule != nil && meets(o, o.People[at], c.Rule) {
					want.ByRule++
				} else {
					want.ByName = append(want.ByName, Membership{u, k})
				}
			}
			for _, p := range o.People {
				if c.Rule == nil || !meets(o, p, c.Rule) {
					continue
				}
				var fresh []int64
				for _, e := range c.Entitlements {
					if !m.Holds(p.ID, e) {
						fresh = append(fresh, e)
					}
				}
				if fresh != nil {
					want.Gains = append(want.Gains, Gain{p.ID, k, fresh})
				}
			}
			if c.Rule != nil {
				matches, hits := 0, 0
				for _, p := range o.People {
					if meets(o, p, c.Rule) {
						matches++
						if slices.Contains(c.Members, p.ID) {
							hits++
						}
					}
				}
				if c.Rule.Matches != matches || c.Rule.Hits != hits || c.Rule.Precision != float64(hits)/float64(matches) ||
					c.Rule.Recall != float64(hits)/float64(len(c.Members)) {
					t.Fatalf("%+v: %d matches, %d hits", c.Rule, matches, hits)
				}
			}
		}
		want.Given, want.Lacking = sorted(given), []Pair{}
		want.Share = float64(len(given)) / float64(m.Pairs())
		want.Before, want.After = len(given), len(chosen)+len(want.ByName)
		want.Spared = want.Before - want.After
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got\n%+v\nwant\n%+v", got, want)
		}
	})
}

func TestAdoptNamesWhoGains(t *testing.T) {
	m, o := office()
	o.People = append(o.People, Person{900, []string{"Sales", "Rep", "Oslo"}})
	all := candidates(t, m, o)
	w := Adopt(m, o, all, 0)
	if !reflect.DeepEqual(w.Gains, []Gain{{900, 0, []int64{1, 20, 21}}}) {
		t.Errorf("gains %+v", w.Gains)
	}
	if w.Before != 36 || w.After != 1 || w.ByRule != 12 {
		t.Errorf("%+v", w)
	}
	edited := slices.Clone(all)
	edited[0].Entitlements = []int64{10, 20}
	if w = Adopt(m, o, edited, 0); len(w.Lacking) != 12 || len(w.Given) != 12 || len(w.Gains) != 1 {
		t.Errorf("an edited role: %+v", w)
	}
}

// TestRuleIsTheBestList compares with all lists of values of all single attributes.
func TestRuleIsTheBestList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := &Organisation{Attributes: []string{"department", "title"}}
		var members []int64
		for i := range rapid.IntRange(1, 30).Draw(t, "people") {
			o.People = append(o.People, Person{int64(i), rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d", "e", ""}), 2, 2).Draw(t, "values")})
			if rapid.Bool().Draw(t, "member") {
				members = append(members, int64(i))
			}
		}
		if members == nil {
			return
		}
		x := newIndex(o)
		score := func(r *Rule) float64 {
			values := 0
			for _, c := range r.Conditions {
				values += len(c.Values)
			}
			n := len(r.Conditions)
			return measure(r.Hits, r.Matches, len(members)) - conditionCost*float64(max(n-1, 0)) - valueCost*float64(values-n)
		}
		got, best := x.suggest(members), 0.0
		for a := range o.Attributes {
			for choice := 1; choice < 1<<5; choice++ {
				var values []string
				for k, v := range []string{"a", "b", "c", "d", "e"} {
					n := 0
					for _, p := range o.People {
						if p.Values[a] == v {
							n++
						}
					}
					if choice&(1<<k) != 0 && n > 1 {
						values = append(values, v)
					}
				}
				r := &Rule{Conditions: []Condition{{o.Attributes[a], values}}}
				for _, p := range o.People {
					if meets(o, p, r) {
						r.Matches++
						if slices.Contains(members, p.ID) {
							r.Hits++
						}
					}
				}
				if len(values) > 0 && measure(r.Hits, r.Matches, len(members)) >= leastMeasure {
					best = math.Max(best, score(r))
				}
			}
		}
		if got == nil && best > leastMeasure {
			t.Fatalf("no rule where one of %.3f is possible", best)
		}
		if got != nil && score(got) < best-1e-9 {
			t.Fatalf("%s has %.3f where %.3f is possible", got.Text, score(got), best)
		}
	})
}

func TestRuleFindsWhatWasPlanted(t *testing.T) {
	o := &Organisation{Attributes: []string{"department", "title", "location", "worker_type"}}
	for i := range 4000 {
		o.People = append(o.People, Person{int64(i), []string{fmt.Sprint("D", i%8), fmt.Sprint("T", i/8%10), fmt.Sprint("L", i/80%5), fmt.Sprint("W", i/400%2)}})
	}
	for text, in := range map[string]func(v []string) bool{
		`department == "D3"`:                                                 func(v []string) bool { return v[0] == "D3" },
		`department == "D3" && title == "T7"`:                                func(v []string) bool { return v[0] == "D3" && v[1] == "T7" },
		`department in ["D1", "D3"]`:                                         func(v []string) bool { return v[0] == "D3" || v[0] == "D1" },
		`title == "T2" && location == "L1"`:                                  func(v []string) bool { return v[1] == "T2" && v[2] == "L1" },
		`department == "D1" && title in ["T2", "T5"] && worker_type == "W0"`: func(v []string) bool { return v[0] == "D1" && (v[1] == "T2" || v[1] == "T5") && v[3] == "W0" },
	} {
		var members []int64
		for _, p := range o.People {
			if in(p.Values) {
				members = append(members, p.ID)
			}
		}
		if r := newIndex(o).suggest(members); r == nil || r.Text != text || r.Precision != 1 || r.Recall != 1 {
			t.Errorf("%s: found %+v", text, r)
		}
	}
}

// TestNoOtherValuesMakeARuleBetter plants conjunctions with noise, and tries every other list of values of each condition.
func TestNoOtherValuesMakeARuleBetter(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	for range 300 {
		o := &Organisation{Attributes: []string{"department", "title"}}
		size := []int{2 + random.IntN(5), 2 + random.IntN(5)}
		planted := []int{1 + random.IntN(size[0]), 1 + random.IntN(size[1])}
		member := map[int64]bool{}
		var members []int64
		for i := range int64(200) {
			a, b := random.IntN(size[0]), random.IntN(size[1])
			o.People = append(o.People, Person{i, []string{fmt.Sprint(a), fmt.Sprint(b)}})
			if (a < planted[0] && b < planted[1]) != (random.IntN(10) == 0) {
				member[i] = true
				members = append(members, i)
			}
		}
		score := func(conditions []Condition) float64 {
			matches, hits, cost := 0, 0, conditionCost*float64(len(conditions)-1)
			for _, c := range conditions {
				cost += valueCost * float64(len(c.Values)-1)
			}
			for _, p := range o.People {
				if meets(o, p, &Rule{Conditions: conditions}) {
					if matches++; member[p.ID] {
						hits++
					}
				}
			}
			return measure(hits, matches, len(members)) - cost
		}
		r := newIndex(o).suggest(members)
		if r == nil || len(r.Conditions) == 0 {
			continue
		}
		for k, c := range r.Conditions {
			for choice := 1; choice < 1<<size[slices.Index(o.Attributes, c.Attribute)]; choice++ {
				other := Condition{Attribute: c.Attribute}
				for v := range 6 {
					if choice&(1<<v) != 0 {
						other.Values = append(other.Values, fmt.Sprint(v))
					}
				}
				conditions := slices.Clone(r.Conditions)
				conditions[k] = other
				if score(conditions) > score(r.Conditions)+1e-9 {
					t.Fatalf("%s is better as %s", r.Text, expression(conditions))
				}
			}
		}
	}
}

func TestWhatOnePersonAloneHasIsNoRule(t *testing.T) {
	o := &Organisation{Attributes: []string{"number", "title"}}
	for i := range 8 {
		o.People = append(o.People, Person{int64(i), []string{fmt.Sprint(i), []string{"Clerk", "Lead"}[i%2]}})
	}
	if r := newIndex(o).suggest([]int64{0, 1}); r != nil {
		t.Errorf("%+v", r)
	}
	if r := newIndex(o).suggest([]int64{1, 3, 5}); r == nil || r.Text != `title == "Lead"` {
		t.Errorf("%+v", r)
	}
}

func TestNamesAreDifferent(t *testing.T) {
	var all []Candidate
	for _, v := range []string{"Clerk", "Clerk (2)", "Clerk", "Clerk", "Clerk (2)"} {
		all = append(all, Candidate{Rule: &Rule{Conditions: []Condition{{"title", []string{v}}}}})
	}
	(&judge{Matrix: NewMatrix(nil)}).nameAll(all)
	var got []string
	for _, c := range all {
		got = append(got, c.Name)
	}
	if want := []string{"Clerk", "Clerk (2)", "Clerk (3)", "Clerk (4)", "Clerk (2) (2)"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	many := Candidate{Rule: &Rule{Conditions: []Condition{{"department", []string{"A", "B", "C", "D"}}, {"title", []string{"X", "Y"}}}}}
	if name := (&judge{Matrix: NewMatrix(nil)}).name(&many); name != "A, B and 2 more: X and Y" {
		t.Errorf("%q", name)
	}
}

func TestExpression(t *testing.T) {
	for _, c := range []struct {
		conditions []Condition
		want       string
	}{
		{nil, `true`},
		{[]Condition{{"department", []string{"Finance"}}, {"title", []string{"AP Lead"}}}, `department == "Finance" && title == "AP Lead"`},
		{[]Condition{{"title", []string{"A", "B"}}}, `title in ["A", "B"]`},
		{[]Condition{{"Cost Code", []string{`7"\` + "\n\x01\u200b"}}}, `person["Cost Code"] == "7\"\\\n\x01\u200b"`},
		{[]Condition{{"in", []string{"Æ 北"}}}, `person["in"] == "Æ 北"`},
	} {
		if got := expression(c.conditions); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}
