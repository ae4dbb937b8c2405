package change_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tenure/internal/catalog"
	"tenure/internal/change"
	"tenure/internal/errs"
	"tenure/internal/policy"
	"tenure/internal/policy/sod"
)

func matrix(t *testing.T, name, text string) *sod.Matrix {
	t.Helper()
	m, err := sod.ReadMatrix(name, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// shop is a catalogue with names and titles, one of which two applications have.
func shop() *catalog.Catalog {
	return catalog.Declared(map[string]catalog.ApplicationSpec{
		"erp":     {Title: "The ledger", Entitlements: []catalog.EntitlementSpec{{Name: "pay", Title: "Release payments"}, {Name: "enter"}, {Name: "shared"}, {Kind: "role", Name: "enter2"}}},
		"workday": {Title: "Workday", Entitlements: []catalog.EntitlementSpec{{Name: "A/P Clerk"}, {Name: "auditor"}, {Name: "shared"}}},
	})
}

const head = "source,rule_id,sides,side_count,severity,reason,level\n"

func TestAMatrixBecomesPolicyFiles(t *testing.T) {
	m := matrix(t, "m.csv", head+`the handbook,R1,enter & Release payments,2,CRITICAL,invents an invoice,role
,R2,Workday:A/P Clerk|auditor & The ledger:pay,2,score 100,,entitlement
,R3,enter & nothing,2,low,,role
,R4,enter & shared,2,low,,role
,R5,one side,1,low,,role
,R6,workday/auditor|gone & pay,2,,,role
`)
	got, err := change.ImportMatrix(m, shop(), "")
	if err != nil {
		t.Fatal(err)
	}
	const want = `kind: Duty
name: enter
spec:
  entitlements:
  - erp/enter
---
kind: Duty
name: Release payments
spec:
  entitlements:
  - erp/pay
---
kind: Duty
name: Workday A-P Clerk|auditor
spec:
  title: Workday:A/P Clerk|auditor
  entitlements:
  - workday/A/P Clerk
  - workday/auditor
---
kind: Duty
name: The ledger pay
spec:
  title: The ledger:pay
  entitlements:
  - erp/pay
---
# "nothing" is not in the catalogue
# kind: Duty
# name: nothing
# spec:
#   entitlements:
#   - application/entitlement
---
# "shared" is several entitlements: erp/shared, workday/shared
# kind: Duty
# name: shared
# spec:
#   entitlements:
#   - application/entitlement
---
# "gone" is not in the catalogue
kind: Duty
name: workday-auditor|gone
spec:
  title: workday/auditor|gone
  entitlements:
  - workday/auditor
---
kind: Duty
name: pay
spec:
  entitlements:
  - erp/pay
---
# Rule R1, row 2
# From the handbook
kind: SoDRule
name: R1
spec:
  title: enter & Release payments
  description: invents an invoice
  duties:
  - enter
  - Release payments
  severity: critical
  reaction: exception
---
# Rule R2, row 3
# Severity there: score 100
kind: SoDRule
name: R2
spec:
  title: Workday:A/P Clerk|auditor & The ledger:pay
  duties:
  - Workday A-P Clerk|auditor
  - The ledger pay
  reaction: exception
---
# Rule R3, row 4
# Not in force: the catalogue has nothing with which one of its duties is performed
# kind: SoDRule
# name: R3
# spec:
#   title: enter & nothing
#   duties:
#   - enter
#   - nothing
#   severity: low
#   reaction: exception
---
# Rule R4, row 5
# Not in force: the catalogue has nothing with which one of its duties is performed
# kind: SoDRule
# name: R4
# spec:
#   title: enter & shared
#   duties:
#   - enter
#   - shared
#   severity: low
#   reaction: exception
---
# Rule R6, row 7
kind: SoDRule
name: R6
spec:
  title: workday/auditor|gone & pay
  duties:
  - workday-auditor|gone
  - pay
  reaction: exception
`
	if diff := cmp.Diff(want, got.Text); diff != "" {
		t.Error(diff)
	}
	lost := []change.Unresolved{{Duty: "nothing", Name: "nothing", Why: "is not in the catalogue"},
		{Duty: "shared", Name: "shared", Why: "is several entitlements: erp/shared, workday/shared"}, {Duty: "workday-auditor|gone", Name: "gone", Why: "is not in the catalogue"}}
	if got.Rules != 3 || got.Commented != 2 || got.Duties != 6 || len(got.Rejects) != 1 || got.Rejects[0].Row != 6 {
		t.Errorf("%+v", got)
	}
	if diff := cmp.Diff(lost, got.Unresolved); diff != "" {
		t.Error(diff)
	}
	if _, err := compiled(got.Text, shop()); err != nil {
		t.Error(err)
	}
	// Meant of one application, a name that two have is clear.
	if got, err = change.ImportMatrix(m, shop(), "The ledger"); err != nil || got.Rules != 4 || !strings.Contains(got.Text, "- erp/shared") {
		t.Errorf("%v, %+v", err, got)
	}
	if _, err := change.ImportMatrix(m, shop(), "nowhere"); errs.KindOf(err) != errs.KindNotFound {
		t.Error(err)
	}
	if _, err := change.ImportMatrix(matrix(t, "m.csv", head+",R5,one side,1,low,,role\n"), shop(), ""); errs.KindOf(err) != errs.KindInvalid {
		t.Error(err)
	}
}

// compiled reads documents and makes a policy of them.
func compiled(text string, cat *catalog.Catalog) (*policy.Snapshot, error) {
	f, err := change.ReadText(text)
	if err != nil {
		return nil, err
	}
	return policy.Compile(policy.Set{Duties: f.Duties, SoD: f.SoD}, cat)
}

// Names that policy objects may not have become such that they may, and stay apart.
func TestNamesOfAMatrixAreCleaned(t *testing.T) {
	long := strings.Repeat("ä", 60)
	m := matrix(t, "m.csv", head+",a:b,Workday:x/y & Workday:x-y,,,,\n,a b,"+long+"1 & "+long+"2,,,,\n,A/B,\"quoted \"\"name\"\" & "+strings.Repeat("x", 200)+"\",,,,\n")
	got, err := change.ImportMatrix(m, shop(), "")
	if err != nil || got.Commented != 3 {
		t.Fatalf("%v, %+v", err, got)
	}
	f, err := change.ReadText(uncommented(got.Text))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range f.Duties {
		names = append(names, name)
		if len(name) > 80 || strings.ContainsAny(name, ":/\"") {
			t.Errorf("%q", name)
		}
	}
	slices.Sort(names)
	want := []string{"Workday x-y", "Workday x-y 2", "quoted 'name'", strings.Repeat("x", 80), strings.Repeat("ä", 39) + " 2", strings.Repeat("ä", 40)}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	if r := f.SoD["a b"]; !slices.Equal(r.Duties, []string{"Workday x-y", "Workday x-y 2"}) || len(f.SoD["a b 2"].Duties) != 2 || len(f.SoD["A-B"].Duties) != 2 {
		t.Errorf("%+v", f.SoD)
	}
}

// uncommented takes the signs away from the documents that are comments.
func uncommented(text string) string {
	var out []string
	for _, line := range strings.Split(text, "\n") {
		for _, begin := range []string{"# kind:", "# name:", "# spec:", "#   "} {
			if strings.HasPrefix(line, begin) {
				line = line[2:]
				break
			}
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// real reads the rule matrix that stands beside the repository.
func real(t *testing.T) *sod.Matrix {
	t.Helper()
	const path = "../../../shared/data/sod/sod-rules.csv"
	body, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("%s is not there", path)
	}
	m, err := sod.ReadMatrix(path, bytes.NewReader(body))
	if err != nil || len(m.Rules) != 113 || len(m.Rejects) != 0 {
		t.Fatalf("%v, %d rules", err, len(m.Rules))
	}
	return m
}

// Of 113 published rules none is lost: in a catalogue that has nothing of them they are comments, in one that has all they hold.
func TestNoRuleOfAMatrixIsLost(t *testing.T) {
	m := real(t)
	got, err := change.ImportMatrix(m, catalog.Declared(nil), "")
	if err != nil || got.Rules != 0 || got.Commented != 113 || len(got.Unresolved) == 0 {
		t.Fatalf("%v, %d, %d", err, got.Rules, got.Commented)
	}
	if f, err := change.ReadText(got.Text + "---\nkind: Role\nname: x\nspec: {title: x}\n"); err != nil || len(f.SoD)+len(f.Duties) != 0 {
		t.Errorf("%v, %d", err, len(f.SoD))
	}
	f, err := change.ReadText(uncommented(got.Text))
	if err != nil || len(f.SoD) != 113 || len(f.Duties) != len(m.Duties) {
		t.Fatalf("%v, %d", err, len(f.SoD))
	}

	cat := allOf(m)
	if got, err = change.ImportMatrix(m, cat, ""); err != nil || got.Rules != 113 || got.Commented != 0 || len(got.Unresolved) != 0 {
		t.Fatalf("%v, %+v", err, got.Unresolved)
	}
	pol, err := compiled(got.Text, cat)
	if err != nil {
		t.Fatal(err)
	}
	byTitle := map[string][]int{} // the same sides may be a rule of several sources
	for _, o := range pol.Objects(policy.KindSoD) {
		byTitle[o.Title] = append(byTitle[o.Title], o.ID)
	}
	duty := map[string]sod.NamedDuty{}
	for _, d := range m.Duties {
		duty[d.Name] = d
	}
	for _, r := range m.Rules {
		var held []sod.Holding
		for _, name := range r.Duties {
			held = append(held, sod.Holding{Entitlement: idOf(t, cat, duty[name].Entitlements[len(duty[name].Entitlements)-1])})
		}
		rules := byTitle[strings.Join(r.Duties, " & ")]
		if len(rules) == 0 {
			t.Errorf("%s: no rule has its sides", r.ID)
		}
		for _, id := range rules {
			if !broken(pol, held, id) {
				t.Errorf("%s: who performs all sides does not break it", r.ID)
			}
			for i := range held {
				if broken(pol, slices.Delete(slices.Clone(held), i, i+1), id) && held[i].Entitlement != held[(i+1)%len(held)].Entitlement {
					t.Errorf("%s: who lacks the side %d breaks it", r.ID, i)
				}
			}
		}
	}
}

func broken(pol *policy.Snapshot, held []sod.Holding, rule int) bool {
	return slices.ContainsFunc(pol.Duties().Engine().Check(held, nil), func(v sod.Violation) bool { return v.Rule == rule })
}

// allOf is a catalogue with everything that a matrix names: an application for each that it names, and one for the rest.
func allOf(m *sod.Matrix) *catalog.Catalog {
	apps := map[string]catalog.ApplicationSpec{"sap": {}}
	seen := map[string]bool{}
	titles := map[string]string{}
	for _, d := range m.Duties {
		for _, name := range d.Entitlements {
			if seen[name] {
				continue
			}
			seen[name] = true
			key, rest := "sap", name
			if title, inner, ok := strings.Cut(name, ":"); ok {
				rest = inner
				if titles[title] == "" {
					titles[title] = fmt.Sprintf("app%d", len(titles))
				}
				key = titles[title]
				s := apps[key]
				s.Title = title
				apps[key] = s
			}
			s := apps[key]
			s.Entitlements = append(s.Entitlements, catalog.EntitlementSpec{Name: rest})
			apps[key] = s
		}
	}
	return catalog.Declared(apps)
}

func idOf(t *testing.T, cat *catalog.Catalog, name string) int {
	t.Helper()
	app, rest := "sap", name
	if title, inner, ok := strings.Cut(name, ":"); ok {
		rest = inner
		for _, a := range cat.Apps {
			if a.Title == title {
				app = a.Name
			}
		}
	}
	e, err := cat.Find(app + "/" + rest)
	if err != nil {
		t.Fatal(err)
	}
	return e.ID
}
