package change

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"tenure/internal/catalog"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/policy"
)

// TestSpec is the spec of kind PolicyTest: people, and what the policy files beside it must give them.
type TestSpec struct {
	Title  string       `json:"title,omitempty"`
	People []TestPerson `json:"people"`
}

// TestPerson is a row of the table: somebody, and what is expected of the policy for them.
type TestPerson struct {
	Name       string              `json:"name"`
	State      string              `json:"state,omitempty"`     // active (the default), leave, prehire or left
	BeginsIn   *int                `json:"begins_in,omitempty"` // days until the first day, of somebody in prehire
	Attributes map[string]string   `json:"attributes,omitempty"`
	Also       []map[string]string `json:"also,omitempty"`       // the attributes of further employments at the same time
	Holds      []string            `json:"holds,omitempty"`      // entitlements that were found and accepted before
	Exceptions []string            `json:"exceptions,omitempty"` // SoD rules for which an exception was accepted
	Expect     Expectation         `json:"expect"`
}

// Expectation is what must come out; what is left out is not looked at. Lists are compared without order.
type Expectation struct {
	Grants   []string          `json:"grants,omitempty"`   // exactly these entitlements
	Has      []string          `json:"has,omitempty"`      // these among others
	Lacks    []string          `json:"lacks,omitempty"`    // none of these
	Roles    []string          `json:"roles,omitempty"`    // exactly these roles are given by rules
	Breaks   []string          `json:"breaks,omitempty"`   // exactly these SoD rules are broken
	Withheld map[string]string `json:"withheld,omitempty"` // exactly these entitlements are withheld: entitlement -> SoD rule
}

func (e *Expectation) count() int {
	n := len(e.Has) + len(e.Lacks)
	for _, given := range []bool{e.Grants != nil, e.Roles != nil, e.Breaks != nil, e.Withheld != nil} {
		if given {
			n++
		}
	}
	return n
}

// TestFailure is one expectation that does not hold.
type TestFailure struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Test     string `json:"test"`
	Person   string `json:"person"`
	Field    string `json:"field"` // of the expectation: grants, has[1] ...
	Expected string `json:"expected"`
	Is       string `json:"is"`
	Why      string `json:"why,omitempty"` // of what is missing
}

// TestResult is how the tests of a policy directory went.
type TestResult struct {
	Tests        int           `json:"tests"`
	People       int           `json:"people"`
	Expectations int           `json:"expectations"`
	Failures     []TestFailure `json:"failures"`
}

// Test holds the people of the PolicyTest documents against the policy of the same files, as they would be applied to an empty database:
// no database is asked, and rules, roles and SoD are computed by the functions that compute everybody's access (policy.Evaluate,
// access.Desired). attributes gives the names of the attributes that an HR source sends, by its spec.
//
// An error of the kind invalid says, with file and line, what in files or tests has no meaning; an expectation that does not hold is no
// error.
func Test(files *Files, attributes func(name string, raw []byte) ([]string, error)) (*TestResult, error) {
	if len(files.Tests) == 0 {
		return nil, errs.NotFound("there are no tests: write documents of kind PolicyTest into files whose names end in _test.yaml")
	}
	t, err := newTable(files, attributes)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(files.Tests)) {
		t.result.Tests++
		for i := range files.Tests[name].People {
			if err := t.person(name, i); err != nil {
				return nil, err
			}
		}
	}
	return &t.result, nil
}

// table is a policy directory under test.
type table struct {
	files  *Files
	cat    *catalog.Catalog
	pol    *policy.Snapshot
	ids    map[policy.Ref]int // of policy objects
	result TestResult
}

func newTable(files *Files, attributes func(name string, raw []byte) ([]string, error)) (*table, error) {
	t := &table{files: files, cat: catalog.Declared(files.Applications), ids: map[policy.Ref]int{}, result: TestResult{Failures: []TestFailure{}}}
	var bad []mistake
	var known []string
	for name, raw := range files.Sources {
		sent, err := attributes(name, raw)
		if err := collect(&bad, KindSource+" "+name, err); err != nil {
			return nil, err
		}
		known = append(known, sent...)
	}
	if len(files.Sources) == 0 { // nobody says what is sent: the people of the tests have what there is
		known = files.tested()
	}
	var err error
	t.pol, err = policy.Compile(files.set(known), t.cat)
	if err := collect(&bad, "", err); err != nil {
		return nil, err
	}
	if t.pol != nil {
		for _, kind := range []string{policy.KindRole, policy.KindRule, policy.KindSoD} {
			for _, o := range t.pol.Objects(kind) {
				t.ids[policy.Ref{Kind: kind, Name: o.Name}] = o.ID
			}
		}
		bad = append(bad, t.check(append(known, policy.StandardAttributes...))...)
	}
	if len(bad) > 0 {
		return nil, errs.InvalidFields("the policy cannot be tested:", files.locate(bad))
	}
	return t, nil
}

// tested gives the attributes that people of tests have.
func (f *Files) tested() []string {
	var out []string
	for _, test := range f.Tests {
		for _, p := range test.People {
			for _, job := range p.jobs() {
				out = slices.AppendSeq(out, maps.Keys(job))
			}
		}
	}
	return out
}

func (p *TestPerson) jobs() []map[string]string {
	return append([]map[string]string{p.Attributes}, p.Also...)
}

func (t *table) entitlement(ref string) (int, error) {
	e, err := t.cat.Find(ref)
	if err != nil {
		return 0, err
	}
	return e.ID, nil
}

// check refuses tests that name what the files do not have: they would pass or fail for a wrong reason.
func (t *table) check(attributes []string) (bad []mistake) {
	for _, name := range slices.Sorted(maps.Keys(t.files.Tests)) {
		seen := map[string]bool{}
		people := t.files.Tests[name].People
		if len(people) == 0 {
			bad = append(bad, mistakes(KindTest+" "+name, []errs.Field{{Field: "spec.people", Rule: "is required: name at least one person"}})...)
		}
		for i := range people {
			p := &people[i]
			c := checking{t: t, at: fmt.Sprintf("spec.people[%d].", i)}
			switch {
			case p.Name == "":
				c.wrong("name", "is required")
			case seen[p.Name]:
				c.wrong("name", "%q is there already", p.Name)
			}
			seen[p.Name] = true
			c.person(p, attributes)
			bad = append(bad, mistakes(KindTest+" "+name, c.bad)...)
		}
	}
	return bad
}

// checking looks at one person of a test.
type checking struct {
	t   *table
	at  string
	bad []errs.Field
}

func (c *checking) wrong(field, rule string, a ...any) {
	c.bad = append(c.bad, errs.Field{Field: c.at + field, Rule: fmt.Sprintf(rule, a...)})
}

func (c *checking) person(p *TestPerson, attributes []string) {
	if p.BeginsIn != nil && (*p.BeginsIn < 0 || p.State != string(identity.Prehire)) {
		c.wrong("begins_in", "is 0 or more days, of somebody in the state prehire")
	}
	if !slices.Contains([]string{"", string(identity.Active), string(identity.Leave), string(identity.Prehire), string(identity.Left)}, p.State) {
		c.wrong("state", "is %q and must be active, leave, prehire or left", p.State)
	}
	for i, job := range p.jobs() {
		field := "attributes"
		if i > 0 {
			field = fmt.Sprintf("also[%d]", i-1)
		}
		for _, name := range slices.Sorted(maps.Keys(job)) {
			if !slices.Contains(attributes, name) {
				c.wrong(field+"."+name, "is no attribute that an HR source of these files sends")
			}
		}
	}
	e := &p.Expect
	if e.count() == 0 {
		c.wrong("expect", "expects nothing: write grants, has, lacks, roles, breaks or withheld")
	}
	for field, refs := range map[string][]string{"holds": p.Holds, "expect.grants": e.Grants, "expect.has": e.Has, "expect.lacks": e.Lacks,
		"expect.withheld": slices.Sorted(maps.Keys(e.Withheld))} {
		for i, ref := range refs {
			if _, err := c.t.entitlement(ref); err != nil {
				c.wrong(fmt.Sprintf("%s[%d]", field, i), "%s", err.Error())
			}
		}
	}
	for field, names := range map[string][]string{"exceptions": p.Exceptions, "expect.breaks": e.Breaks, "expect.withheld": slices.Sorted(maps.Values(e.Withheld))} {
		for i, name := range names {
			if c.t.ids[policy.Ref{Kind: policy.KindSoD, Name: name}] == 0 {
				c.wrong(fmt.Sprintf("%s[%d]", field, i), "there is no SoD rule %q", name)
			}
		}
	}
	for i, name := range e.Roles {
		if c.t.ids[policy.Ref{Kind: policy.KindRole, Name: name}] == 0 {
			c.wrong(fmt.Sprintf("expect.roles[%d]", i), "there is no role %q", name)
		}
	}
	slices.SortFunc(c.bad, func(a, b errs.Field) int { return cmp.Compare(a.Field, b.Field) })
}
