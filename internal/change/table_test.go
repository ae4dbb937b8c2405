package change_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/errs"
)

const company = "testdata/company"

// sent reads the attributes of an HR source as its own room would, for files of which only the columns matter.
func sent(_ string, raw []byte) ([]string, error) {
	var spec struct {
		File struct{ Columns map[string]string }
	}
	if err := yaml.Unmarshal(raw, &spec); err != nil {
		return nil, err
	}
	var out []string
	for name := range spec.File.Columns {
		out = append(out, name)
	}
	return out, nil
}

// changed copies the example company with some text replaced, in whichever file it stands.
func changed(t *testing.T, pairs ...string) string {
	t.Helper()
	dir := t.TempDir()
	paths, err := filepath.Glob(company + "/*.yaml")
	if err != nil || len(paths) != 5 {
		t.Fatalf("%v, %v", paths, err)
	}
	used := 0
	for _, p := range paths {
		body, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		text := string(body)
		for i := 0; i < len(pairs); i += 2 {
			used += strings.Count(text, pairs[i])
			text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(p)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if used == 0 && len(pairs) > 0 {
		t.Fatalf("nothing of %q stands in the example", pairs)
	}
	return dir
}

func table(t *testing.T, dir string) (*change.TestResult, error) {
	t.Helper()
	f, err := change.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return change.Test(f, sent)
}

func TestTheExampleHolds(t *testing.T) {
	r, err := table(t, company)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&change.TestResult{Tests: 2, People: 8, Expectations: 24, Failures: []change.TestFailure{}}, r); diff != "" {
		t.Error(diff)
	}
}

// Each of these makes the policy, or what is expected of it, another one: the table must say so at the right line.
func TestATableTestFails(t *testing.T) {
	for what, c := range map[string]struct {
		pairs []string
		want  string // "line person field: expected; is (why)", of the first failure
	}{
		"a rule that gives less": {[]string{"entitlements: [erp/invoices], roles", "roles"},
			"9 a clerk grants: erp, erp/invoices, erp/reports; erp, erp/reports; missing: erp/invoices (erp/invoices: no rule gives it to anybody)"},
		"a rule that means others": {[]string{`"T1", "T2"`, `"T1"`}, `16 a treasurer has[0]: erp/payments; not granted (by the rule treasurers, grade is "T2", the rule wants "T1")`},
		"a rule that gives more":   {[]string{`title.contains("Buyer")`, "true"}, "9 a clerk grants: erp, erp/invoices, erp/reports; erp, erp/invoices, erp/reports, erp/vendors; too much: erp/vendors ()"},
		"an SoD rule that records": {[]string{"severity: critical", "reaction: record"}, "22 a clerk who is to release payments too lacks[0]: no erp/payments; granted ()"},
		"an SoD rule for all":      {[]string{"  when: worker_type", "  title: worker_type"}, "59 an intern, whom the rule does not mean breaks: nothing; Vendors and invoices; too much: Vendors and invoices ()"},
		"no exception":             {[]string{"      exceptions: [Enter and pay]\n", ""}, "28 the same, accepted for a time has[0]: erp/payments; not granted (withheld by the SoD rule Enter and pay)"},
		"another role":             {[]string{"roles: [AP clerk, Treasurer]", "roles: [Treasurer]"}, "21 a clerk who is to release payments too roles: Treasurer; AP clerk, Treasurer; too much: AP clerk ()"},
		"another withholding": {[]string{"withheld: {erp/invoices: Enter and pay}", "withheld: {erp/invoices: Vendors and invoices}"},
			"37 a clerk who released payments before there was a rule withheld: erp/invoices by Vendors and invoices; erp/invoices by Enter and pay; missing: erp/invoices by Vendors and invoices; too much: erp/invoices by Enter and pay ()"},
		"somebody who comes back": {[]string{"state: left", "state: leave"}, "42 somebody who left grants: nothing; erp, erp/payments, erp/reports; too much: erp, erp/payments, erp/reports ()"},
	} {
		r, err := table(t, changed(t, c.pairs...))
		if err != nil || len(r.Failures) == 0 {
			t.Errorf("%s: %v, nothing fails", what, err)
			continue
		}
		f := r.Failures[0]
		got := strconv.Itoa(f.Line) + " " + f.Person + " " + f.Field + ": " + f.Expected + "; " + f.Is + " (" + f.Why + ")"
		if got != c.want || filepath.Base(f.File) != "finance_test.yaml" {
			t.Errorf("%s: got\n%s, want\n%s", what, got, c.want)
		}
	}
}

// A test that names what is not there would pass or fail for a wrong reason.
func TestATableTestIsRightItself(t *testing.T) {
	dir := changed(t, "has: [erp/payments, erp/invoices]", "has: [erp/payment]", "grade: T2", "grad: T2", "state: left", "state: gone",
		"exceptions: [Enter and pay]", "exceptions: [Enter and play]", "roles: [AP clerk, Treasurer]", "roles: [AP Clerk]",
		"      expect: {grants: [], roles: []}", "      expect: {}", "roles: [AP clerk]}", "roles: [AP clark]}")
	_, err := table(t, dir)
	want := []string{`roles.yaml:15: BirthrightRule clerks: spec.roles[0]: there is no role "AP clark"`}
	says(t, dir, err, want)
	dir = changed(t, "has: [erp/payments, erp/invoices]", "has: [erp/payment]", "grade: T2", "grad: T2", "state: left", "state: gone",
		"exceptions: [Enter and pay]", "exceptions: [Enter and play]", "roles: [AP clerk, Treasurer]", "roles: [AP Clerk]",
		"      expect: {grants: [], roles: []}", "      expect: {}", "withheld: {erp/invoices: Enter and pay}", "withheld: {erp/bills: Enter}", "a treasurer", "a clerk")
	_, err = table(t, dir)
	says(t, dir, err, []string{
		`finance_test.yaml:13: PolicyTest finance: spec.people[1].name: "a clerk" is there already`,
		`finance_test.yaml:14: PolicyTest finance: spec.people[1].attributes.grad: is no attribute that an HR source of these files sends`,
		`finance_test.yaml:21: PolicyTest finance: spec.people[2].expect.roles[0]: there is no role "AP Clerk"`,
		`finance_test.yaml:27: PolicyTest finance: spec.people[3].exceptions[0]: there is no SoD rule "Enter and play"`,
		`finance_test.yaml:29: PolicyTest finance: spec.people[3].expect.has[0]: application erp has no entitlement "payment"`,
		`finance_test.yaml:37: PolicyTest finance: spec.people[4].expect.withheld[0]: application erp has no entitlement "bills"`,
		`finance_test.yaml:37: PolicyTest finance: spec.people[4].expect.withheld[0]: there is no SoD rule "Enter"`,
		`finance_test.yaml:39: PolicyTest finance: spec.people[5].state: is "gone" and must be active, leave, prehire or left`,
		`finance_test.yaml:42: PolicyTest finance: spec.people[5].expect: expects nothing`,
	})
	if _, err := table(t, folder(t, "a.yaml", "kind: Role\nname: a\nspec: {title: b}\n")); errs.KindOf(err) != errs.KindNotFound {
		t.Error(err)
	}
}

func says(t *testing.T, dir string, err error, want []string) {
	t.Helper()
	var e *errs.Error
	if !errors.As(err, &e) || e.Kind != errs.KindInvalid {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(e.Error(), dir+"/", "")
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("nothing says %s in\n%s", w, text)
		}
	}
	if len(e.Fields) != len(want) {
		t.Errorf("%d mistakes are told and there are %d:\n%s", len(e.Fields), len(want), text)
	}
}

// Tests are not applied, and nothing that is applied hides among them.
func TestApplyLeavesTestsAlone(t *testing.T) {
	d := dbtest.New(t)
	test := "---\nkind: PolicyTest\nname: x\nspec: {people: [{name: a, expect: {grants: []}}]}\n"
	plan, err := run(t, d, files+test, deps(0), nil)
	if err != nil || strings.Contains(names(plan), "Test") || len(plan.Changes) != 4 {
		t.Fatalf("%v, %+v", err, plan)
	}
	if plan, err = run(t, d, test, deps(0), db.ErrRollback); err != nil || len(plan.Changes) != 0 {
		t.Errorf("%v, %+v", err, plan)
	}
	_, err = change.Read(folder(t, "a_test.yaml", "kind: Role\nname: a\nspec: {title: b}\n"))
	if err == nil || !strings.Contains(err.Error(), "a_test.yaml:1: kind: is Role, and a file whose name ends in _test holds tests only") {
		t.Error(err)
	}
	_, err = change.Read(folder(t, "a_test.yaml", "kind: PolicyTest\nname: a\nspec:\n  people:\n    - name: b\n      attribute: {department: c}\n      expect: {grant: [x]}\n"))
	for _, w := range []string{"a_test.yaml:6: PolicyTest a: spec.people[0].attribute: is not a field here", "a_test.yaml:7: PolicyTest a: spec.people[0].expect.grant: is not a field here"} {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("nothing says %s: %v", w, err)
		}
	}
}
