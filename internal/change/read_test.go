package change_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"tenure/internal/catalog"
	"tenure/internal/change"
	"tenure/internal/errs"
	"tenure/internal/policy"
)

// folder writes files: name, content, name, content ...
func folder(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		p := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(p), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const good = `# The company's access.
kind: HRSource
name: payroll
spec:
  type: file
  # how the columns are called
  file:
    columns: {number: "No.", first_name: "Given"}
    note: |
      two
        lines
---
kind: Application
name: crm
spec:
  title: Customers
  connector: scim
  config:
    url: https://crm.example/scim/v2
    token: {env: CRM_TOKEN}
    page: 100
    verify: true
  accounts:
    retention_days: 0
    correlate: [email]
  entitlements:
    - name: staff
    - {name: admins, privileged: true}
---
# nothing here
---
name: everybody
spec: {when: 'true', entitlements: [crm/staff]}
kind: BirthrightRule
`

func TestRead(t *testing.T) {
	f, err := change.Read(folder(t, "all.yaml", good, "more/roles.yml", "kind: Role\nname: \"AP Lead\"\nspec:\n  entitlements: [crm/admins]\n  roles: []\n",
		"notes.txt", "kind: nothing", ".hidden/x.yaml", "kind: nothing"))
	if err != nil {
		t.Fatal(err)
	}
	zero := 0
	app := catalog.ApplicationSpec{Title: "Customers", Connector: "scim",
		Config:       map[string]any{"url": "https://crm.example/scim/v2", "token": map[string]any{"env": "CRM_TOKEN"}, "page": uint64(100), "verify": true},
		Accounts:     catalog.AccountSpec{RetentionDays: &zero, Correlate: []string{"email"}},
		Entitlements: []catalog.EntitlementSpec{{Name: "staff"}, {Name: "admins", Privileged: true}}}
	if d := cmp.Diff(app, f.Applications["crm"]); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(policy.RuleSpec{When: "true", Entitlements: []string{"crm/staff"}}, f.Rules["everybody"]); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(policy.RoleSpec{Entitlements: []string{"crm/admins"}, Roles: []string{}}, f.Roles["AP Lead"]); d != "" {
		t.Error(d)
	}

	// What the room of HR sources gets is the spec as it stands, with the lines of the file.
	var got any
	if err := yaml.Unmarshal(f.Sources["payroll"], &got); err != nil {
		t.Fatalf("%v in\n%s", err, f.Sources["payroll"])
	}
	want := map[string]any{"type": "file", "file": map[string]any{"columns": map[string]any{"number": "No.", "first_name": "Given"}, "note": "two\n  lines\n"}}
	if d := cmp.Diff(any(want), got); d != "" {
		t.Error(d)
	}
	if lines := strings.Split(string(f.Sources["payroll"]), "\n"); lines[4] != "type: file" {
		t.Errorf("the line of `type` moved: %q", lines)
	}
}

func TestReadFlowSpecOfASource(t *testing.T) {
	f, err := change.Read(folder(t, "a.yaml", "kind: HRSource\nspec: {type: file,\n  zone: UTC}\nname: x\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := yaml.Unmarshal(f.Sources["x"], &got); err != nil || got["type"] != "file" || got["zone"] != "UTC" {
		t.Errorf("%v, %v from %q", got, err, f.Sources["x"])
	}
}

func TestReadTellsAllThatIsWrongAtOnce(t *testing.T) {
	dir := folder(t, "a.yaml", `kind: Application
name: crm
spec:
  conector: scim
  accounts:
    retention_days: many
  entitlements:
    - name: staff
      privilegd: true
colour: red
---
kind: Rule
name: x
spec: {when: "true"}
---
kind: Role
name: 12
spec: {}
---
kind: Role
spec:
  entitlements: []
---
kind: Role
name: twice
spec:
  entitlements: crm/staff
---
- just
- a list
`, "b.yaml", "kind: Role\nname: twice\nspec: {title: x}\n", "c.yaml", "kind: Role\n  name: x\n", "d.yaml", "kind: Role\nname: dup\nspec:\n  title: a\n  title: b\n")
	_, err := change.Read(dir)
	var e *errs.Error
	if !errors.As(err, &e) || e.Kind != errs.KindInvalid {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(e.Error(), dir+"/", "")
	for _, want := range []string{
		"a.yaml:10: colour: is not a field here",
		"a.yaml:4: Application crm: spec.conector: is not a field here",
		"a.yaml:9: Application crm: spec.entitlements[0].privilegd: is not a field here",
		"a.yaml:6: Application crm: must be a whole number",
		`a.yaml:12: kind: is "Rule" and must be`,
		"a.yaml:17: name: must be a word or name",
		"a.yaml:20: Role : needs a name",
		"a.yaml:27: Role twice: must be a sequence and is a string",
		"a.yaml:29: a document must hold kind, name and spec",
		"b.yaml:1: Role twice: is declared already at a.yaml:24",
		"c.yaml:",
		"d.yaml:",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing says %s in\n%s", want, text)
		}
	}
}

func TestReadNothing(t *testing.T) {
	for _, dir := range []string{folder(t, "a.txt", "x"), filepath.Join(t.TempDir(), "none")} {
		if _, err := change.Read(dir); errs.KindOf(err) != errs.KindNotFound {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

func TestReadSurvivesTheYAMLLibrary(t *testing.T) {
	for _, body := range []string{"kind: Role\nname: a\nspec: &a {roles:! *a}\n", "kind: Role\nname: a\nspec: &a {roles: *a}\n", "a: \"\n"} {
		if _, err := change.Read(folder(t, "a.yaml", "---\n"+body)); errs.KindOf(err) != errs.KindInvalid {
			t.Errorf("%q: %v", body, err)
		}
	}
}

// Whatever is in a file, Read answers and does not fall over.
func FuzzRead(f *testing.F) {
	f.Add(good)
	f.Add("kind: Role\nname: x\nspec: &a {roles: *a}\n")
	f.Add("kind: Application\nname: x\nspec:\n  <<: {title: a}\n  config: {a: [1, {b: c}]}\n")
	f.Add("{kind: HRSource, name: x, spec: {a: b}}")
	f.Fuzz(func(t *testing.T, body string) {
		_, _ = change.Read(folder(t, "a.yaml", body))
	})
}
