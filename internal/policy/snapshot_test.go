package policy

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// company is a small policy: two nested roles and three rules.
func company() []row {
	return []row{
		{ID: 1, Kind: KindRole, Name: "AP base", N: 1, Spec: record{EntitlementIDs: []int{100, 101}}},
		{ID: 2, Kind: KindRole, Name: "AP Lead", N: 2, Spec: record{EntitlementIDs: []int{102}, RoleIDs: []int{1}}},
		{ID: 3, Kind: KindRule, Name: "finance-base", N: 4, Spec: record{When: `department == "Finance" && title == "Lead"`, RoleIDs: []int{2}}},
		{ID: 4, Kind: KindRule, Name: "everybody", N: 1, Spec: record{When: `true`, EntitlementIDs: []int{100}}},
		{ID: 5, Kind: KindRule, Name: "abroad", N: 1, Spec: record{When: `!(country in ["ES", ""]) || worker_type == "contractor"`, EntitlementIDs: []int{103}}},
	}
}

func mustSnapshot(t testing.TB, rows []row) *Snapshot {
	t.Helper()
	s, err := newSnapshot(1, rows)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEvaluate(t *testing.T) {
	s := mustSnapshot(t, company())
	got, err := s.Evaluate(MapAttrs{"department": "Finance", "title": "Lead", "country": "ES"})
	want := []Give{{Rule: 3, RuleN: 4, Role: 1, Entitlement: 100}, {Rule: 3, RuleN: 4, Role: 1, Entitlement: 101}, {Rule: 3, RuleN: 4, Role: 2, Entitlement: 102}, {Rule: 4, RuleN: 1, Entitlement: 100}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	again, _ := s.Evaluate(MapAttrs{"department": "Finance", "title": "Lead", "country": "ES", "last_name": "Other"})
	if &again[0] != &got[0] {
		t.Error("two people who agree in all that rules read do not share the answer")
	}
}

// genRows draws a policy with acyclic roles (a role holds only earlier ones) and rules over three attributes.
func genRows(t *rapid.T) []row {
	var rows []row
	roles := rapid.IntRange(0, 8).Draw(t, "roles")
	for i := 1; i <= roles; i++ {
		r := row{ID: i, Kind: KindRole, Name: fmt.Sprintf("r%d", i), N: 1,
			Spec: record{EntitlementIDs: rapid.SliceOfNDistinct(rapid.IntRange(100, 106), 0, 3, rapid.ID).Draw(t, "ents")}}
		if i > 1 {
			r.Spec.RoleIDs = rapid.SliceOfNDistinct(rapid.IntRange(1, i-1), 0, min(2, i-1), rapid.ID).Draw(t, "inner")
		}
		rows = append(rows, r)
	}
	part := rapid.SampledFrom([]string{`department == "a"`, `department != "b"`, `title in ["a", "b"]`, `country.startsWith("a")`, `title < country`, `false`})
	for i := range rapid.IntRange(1, 5).Draw(t, "rules") {
		r := row{ID: 50 + i, Kind: KindRule, Name: fmt.Sprintf("b%d", i), N: 1, Spec: record{
			When:           part.Draw(t, "p") + rapid.SampledFrom([]string{" && ", " || "}).Draw(t, "op") + part.Draw(t, "q"),
			EntitlementIDs: rapid.SliceOfNDistinct(rapid.IntRange(100, 106), 0, 2, rapid.ID).Draw(t, "ents")}}
		if roles > 0 {
			r.Spec.RoleIDs = rapid.SliceOfNDistinct(rapid.IntRange(1, roles), 0, min(2, roles), rapid.ID).Draw(t, "roles")
		}
		rows = append(rows, r)
	}
	return rows
}

var genAttrs = rapid.Custom(func(t *rapid.T) MapAttrs {
	v := rapid.SampledFrom([]string{"", "a", "b", "ab"})
	return MapAttrs{"department": v.Draw(t, "d"), "title": v.Draw(t, "t"), "country": v.Draw(t, "c"), "email": v.Draw(t, "e")}
})

// The memo never shows: shared answers equal those of every rule asked afresh.
func TestMemoEqualsDirectEvaluation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := newSnapshot(1, genRows(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range rapid.SliceOfN(genAttrs, 1, 30).Draw(t, "people") {
			got, err := s.Evaluate(a)
			if err != nil {
				t.Fatal(err)
			}
			want, err := s.evaluate(a)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("for %v: %s", a, d)
			}
		}
	})
}

// Expansion agrees with Casbin's own decision and with a plain walk over the rows, for every role and entitlement.
func TestExpansionEqualsCasbinAndWalk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := genRows(t)
		g, err := newGraph(rows)
		if err != nil {
			t.Fatal(err)
		}
		byID := map[int]row{}
		for _, r := range rows {
			byID[r.ID] = r
		}
		for _, r := range rows {
			if r.Kind != KindRole {
				continue
			}
			got, err := g.expand(r.ID)
			if err != nil {
				t.Fatal(err)
			}
			reach := map[int]bool{}
			var walk func(int)
			walk = func(id int) {
				reach[id] = true
				for _, inner := range byID[id].Spec.RoleIDs {
					walk(inner)
				}
			}
			walk(r.ID)
			want := map[held]bool{}
			for id := range reach {
				for _, e := range byID[id].Spec.EntitlementIDs {
					want[held{id, e}] = true
				}
			}
			if len(got) != len(want) {
				t.Fatalf("role %d: got %v, want %v", r.ID, got, want)
			}
			has := map[int]bool{}
			for _, h := range got {
				has[h.entitlement] = true
				if !want[h] {
					t.Fatalf("role %d: %v is too much", r.ID, h)
				}
			}
			for e := 100; e <= 106; e++ {
				ok, err := g.enforcer.Enforce(strconv.Itoa(r.ID), strconv.Itoa(e))
				if err != nil || ok != has[e] {
					t.Fatalf("role %d entitlement %d: Casbin says %v (%v), the expansion %v", r.ID, e, ok, err, has[e])
				}
			}
		}
	})
}

// As deep as check allows, the expansion is whole.
func TestExpansionAtMaxDepth(t *testing.T) {
	var rows []row
	for i := 1; i <= MaxDepth+1; i++ {
		r := row{ID: i, Kind: KindRole, Name: fmt.Sprint(i), Spec: record{EntitlementIDs: []int{100 + i}}}
		if i > 1 {
			r.Spec.RoleIDs = []int{i - 1}
		}
		rows = append(rows, r)
	}
	g, err := newGraph(rows)
	if err != nil {
		t.Fatal(err)
	}
	if all, err := g.expand(MaxDepth + 1); err != nil || len(all) != MaxDepth+1 {
		t.Errorf("got %d of %d entitlements (%v)", len(all), MaxDepth+1, err)
	}
}

func TestEvaluateFromManyGoroutines(t *testing.T) {
	s := mustSnapshot(t, company())
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 300 {
				a := MapAttrs{"department": []string{"Finance", "Sales"}[(i+g)%2], "title": "Lead", "country": fmt.Sprint(i % 7)}
				got, err := s.Evaluate(a)
				want, _ := s.evaluate(a)
				if err != nil || !slices.Equal(got, want) {
					t.Errorf("got %v, %v; want %v", got, err, want)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkEvaluate50000(b *testing.B) {
	rows := company()
	for i := range 200 {
		rows = append(rows, row{ID: 10 + i, Kind: KindRule, Name: fmt.Sprintf("d%d", i), N: 1, Spec: record{
			When: fmt.Sprintf(`department == "D%d" && title.startsWith("T%d")`, i%60, i%9), EntitlementIDs: []int{100 + i%40}, RoleIDs: []int{2}}})
	}
	people := make([]MapAttrs, 50000)
	for i := range people {
		people[i] = MapAttrs{"number": fmt.Sprint(i), "department": fmt.Sprintf("D%d", i%60), "title": fmt.Sprintf("T%d", i%37), "country": "ES"}
	}
	for b.Loop() {
		s := mustSnapshot(b, rows)
		for _, p := range people {
			if _, err := s.Evaluate(p); err != nil {
				b.Fatal(err)
			}
		}
	}
}
