package change_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tenure/internal/change"
	"tenure/internal/db"
)

// generated is a small policy over departments, as text and as the sets that an oracle looks at.
type generated struct {
	departments []string // one for each person who works here
	roles       map[string][]string
	rules       map[string]meant
	scope       []string // departments for which the SoD rule "both" of pay and enter holds
}

type meant struct {
	of, roles, gives []string
}

var someDepartments = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"A", "B", "C", "D"}), 1, 3, rapid.ID)

func generate(t *rapid.T) generated {
	some := rapid.SampledFrom([]string{"staff", "pay", "enter", "rare"})
	g := generated{departments: rapid.SliceOfN(rapid.SampledFrom([]string{"A", "B", "C", "D"}), 3, 3).Draw(t, "people"), roles: map[string][]string{}, rules: map[string]meant{},
		scope: someDepartments.Draw(t, "scope")}
	for _, name := range []string{"one", "two"} {
		g.roles[name] = rapid.SliceOfNDistinct(some, 1, 2, rapid.ID).Draw(t, name)
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "rules") {
		m := meant{of: someDepartments.Draw(t, "of"), gives: rapid.SliceOfNDistinct(some, 0, 2, rapid.ID).Draw(t, "gives")}
		if m.roles = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"one", "two"}), 0, 2, rapid.ID).Draw(t, "roles"); len(m.roles)+len(m.gives) == 0 {
			m.roles = []string{"one"}
		}
		g.rules[fmt.Sprintf("r%d", i)] = m
	}
	return g
}

func quotedList(in []string) string { return `["` + strings.Join(in, `", "`) + `"]` }

func refs(in []string) string {
	var out []string
	for _, e := range in {
		out = append(out, "crm/"+e)
	}
	return strings.Join(out, ", ")
}

func (g generated) text() string {
	app, _, _ := strings.Cut(tidyFiles, "---\n")
	docs := []string{app, "kind: Duty\nname: Pay\nspec: {entitlements: [crm/pay]}\n", "kind: Duty\nname: Enter\nspec: {entitlements: [crm/enter]}\n",
		fmt.Sprintf("kind: SoDRule\nname: both\nspec: {owner: \"1\", duties: [Pay, Enter], when: 'department in %s'}\n", quotedList(g.scope))}
	for name, gives := range g.roles {
		docs = append(docs, fmt.Sprintf("kind: Role\nname: %s\nspec: {owner: \"1\", entitlements: [%s]}\n", name, refs(gives)))
	}
	for name, m := range g.rules {
		docs = append(docs, fmt.Sprintf("kind: BirthrightRule\nname: %s\nspec: {when: 'department in %s', roles: [%s], entitlements: [%s]}\n", name, quotedList(m.of), strings.Join(m.roles, ", "), refs(m.gives)))
	}
	return strings.Join(docs, "---\n")
}

// all is everything that a rule gives.
func (g generated) all(m meant) map[string]bool {
	out := map[string]bool{}
	for _, e := range m.gives {
		out[e] = true
	}
	for _, r := range m.roles {
		for _, e := range g.roles[r] {
			out[e] = true
		}
	}
	return out
}

// shadowed asks for each person and each entitlement whether another rule gives it to them.
func (g generated) shadowed(name string) bool {
	for _, d := range g.departments {
		if !slices.Contains(g.rules[name].of, d) {
			continue
		}
		for e := range g.all(g.rules[name]) {
			found := false
			for other, m := range g.rules {
				found = found || other != name && slices.Contains(m.of, d) && g.all(m)[e]
			}
			if !found {
				return false
			}
		}
	}
	return true
}

func (g generated) expected() []string {
	out := []string{}
	given, got, inScope := map[string]bool{}, map[string]bool{}, false
	for _, d := range g.departments {
		inScope = inScope || slices.Contains(g.scope, d)
	}
	for name, m := range g.rules {
		for _, r := range m.roles {
			got[r] = true
		}
		for e := range g.all(m) {
			given[e] = true
		}
		matched, scoped := false, false
		for _, d := range g.departments {
			if slices.Contains(m.of, d) {
				matched = true
				scoped = scoped || slices.Contains(g.scope, d)
			}
		}
		switch {
		case !matched:
			out = append(out, "rule-nobody "+name)
		case g.shadowed(name):
			out = append(out, "rule-shadowed "+name)
		}
		within := slices.ContainsFunc(m.roles, func(r string) bool { return slices.Contains(g.roles[r], "pay") && slices.Contains(g.roles[r], "enter") })
		if all := g.all(m); all["pay"] && all["enter"] && !within && (scoped || !matched) {
			out = append(out, "breaks-sod "+name)
		}
	}
	for name, gives := range g.roles {
		if !got[name] {
			out = append(out, "role-unused "+name)
		}
		if slices.Contains(gives, "pay") && slices.Contains(gives, "enter") {
			out = append(out, "breaks-sod "+name)
		}
	}
	for e, duty := range map[string]string{"pay": "Pay", "enter": "Enter"} {
		if !given[e] {
			out = append(out, "duty-unreachable "+duty)
		}
	}
	if !inScope {
		out = append(out, "scope-empty both")
	}
	slices.Sort(out)
	return out
}

// What is found about generated policies and people is what an oracle finds that asks every person about every rule.
func TestLintEqualsAskingEverybody(t *testing.T) {
	d := staffed(t)
	rapid.Check(t, func(rt *rapid.T) {
		g := generate(rt)
		f, err := change.ReadText(g.text())
		if err != nil {
			rt.Fatalf("%v in\n%s", err, g.text())
		}
		var all []change.Finding
		err = d.Do(t.Context(), db.System, func(tx *db.Tx) (err error) {
			if _, err := tx.Exec(`update employment_version set attrs = jsonb_build_object('department', ($1::text[])[identity_id]) where identity_id <= 3`, g.departments); err != nil {
				return err
			}
			if all, err = change.Lint(tx, f, deps(0)); err != nil {
				return err
			}
			return db.ErrRollback
		})
		if err != nil {
			rt.Fatal(err)
		}
		got := []string{}
		for _, x := range all {
			got = append(got, x.Check+" "+x.Name)
		}
		slices.Sort(got)
		if diff := cmp.Diff(g.expected(), got); diff != "" {
			rt.Fatalf("expected - got +\n%s for people of %v and\n%s", diff, g.departments, g.text())
		}
	})
}
