package main_test

import (
	"os"
	"strings"
	"testing"

	"tenure/internal/change"
)

const company = "../../internal/change/testdata/company"

// Policy files are looked at and tested before anybody applies them, and a rule matrix becomes such files.
func TestPolicyFilesAreLookedAt(t *testing.T) {
	s := newShop(t)
	var tested change.TestResult
	s.answer(0, &tested, "test", "-f", company)
	if tested.People != 8 || tested.Expectations == 0 || len(tested.Failures) != 0 {
		t.Errorf("%+v", tested)
	}
	s.want(4, "test", "-f", s.file("none.yaml", feedPolicy))
	failing := feedPolicy + "---\nkind: PolicyTest\nname: x\nspec:\n  people:\n    - {name: somebody, attributes: {department: Sales}, expect: {lacks: [files/staff]}}\n"
	code, out, errOut := s.run("test", "-f", s.file("failing.yaml", failing))
	if code != 7 || !strings.Contains(out, "failing.yaml:27: x: somebody: lacks[0]: expected no files/staff; is granted\n1 tests, 1 people, 1 expectations: 1 do not hold") || !strings.Contains(errOut, "1 of 1 expectations") {
		t.Errorf("%d: %s%s", code, out, errOut)
	}

	out = s.want(0, "lint", "-f", s.file("policy.yaml", feedPolicy))
	if !strings.Contains(out, "policy.yaml:14: warning: Application files: the application has no owner: nobody answers for it (unowned)\n0 errors, 1 warnings") {
		t.Error(out)
	}
	role := s.file("role.yaml", feedPolicy+"---\nkind: Role\nname: Staff\nspec: {entitlements: [files/staff]}\n")
	var found struct {
		Findings         []change.Finding
		Errors, Warnings int
	}
	s.answer(7, &found, "lint", "-f", role)
	if found.Errors != 1 || found.Warnings != 2 || found.Findings[2].Check != "unowned" || found.Findings[2].Line != 25 {
		t.Errorf("%+v", found)
	}
	s.want(2, "lint", "-f", s.file("broken.yaml", "kind: Nothing\n"))
	s.answer(0, &found, "lint")
	if len(found.Findings) != 0 {
		t.Errorf("looking at files has left something: %+v", found)
	}
	s.want(0, "apply", "-f", role)
	s.answer(7, &found, "lint")
	if found.Errors != 1 || found.Findings[0].File != "" {
		t.Errorf("%+v", found)
	}

	matrix := s.file("rules.csv", "rule_id,sides,severity\nR1,staff & staff too,high\nR2,staff,high\n")
	code, out, errOut = s.run("sod", "import", matrix)
	if code != 0 || !strings.Contains(out, "# kind: SoDRule") || !strings.Contains(errOut, "rules.csv: row 3: sides: has one side only") || !strings.Contains(errOut, `duty staff too: "staff too" is not in the catalogue`) {
		t.Errorf("%d: %s%s", code, out, errOut)
	}
	s.want(7, "sod", "import", matrix, "-o", s.dir+"/strict.yaml", "--strict")
	if _, err := os.Stat(s.dir + "/strict.yaml"); err == nil {
		t.Error("--strict wrote something")
	}
	s.want(0, "sod", "import", matrix, "-o", s.dir)
	s.want(5, "sod", "import", matrix, "-o", s.dir)
	if body, err := os.ReadFile(s.dir + "/rules.yaml"); err != nil || string(body) != out {
		t.Errorf("%v: %s", err, body)
	}
	s.want(2, "sod", "import", s.file("empty.csv", "rule_id,sides\nR1,one\n"), "-o", s.dir)
	s.want(4, "sod", "import", s.dir+"/nothing.csv")
	s.want(4, "sod", "import", matrix, "--application", "nothing")
}
