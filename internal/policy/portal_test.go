package policy

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"tenure/internal/errs"
)

var update = flag.Bool("update", false, "write the reference page of permissions anew")

func usual(t testing.TB) *Rights {
	t.Helper()
	r, err := compileRights(defaults())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// reference is docs/reference/permissions.md: the whole table, as an auditor would read it.
func reference(r *Rights) string {
	var b strings.Builder
	b.WriteString(`# Portal permissions

What each portal role may do in a new database. Administrators change it on the page **Portal roles > What roles may do**; every
change is in the evidence log. A dot is a permission of the role's own, a ring one that comes with a role it includes.

- Everybody of an HR source is an **employee**. A **manager** is whoever somebody reports to at present; an **owner** whoever an application
  names as its owner. Both follow from facts and are not given. The other roles are given by an administrator, never to oneself.
- A permission ending in ` + "`_any`" + ` is over everything; without it, over what is one's own: one's page, one's team, the applications one owns.
- Kinds: *reads* changes nothing; *own* changes only what is the person's own; *writes* is the rest. An **auditor** can never hold one that writes.

| permission | kind | a holder can | employee | manager | owner | hr | it | compliance | auditor | administrator |
|---|---|---|---|---|---|---|---|---|---|---|
`)
	for _, p := range Portal.Permissions() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |", p, Describe(p).Kind, Describe(p).Text)
		for _, role := range Portal.Roles() {
			switch {
			case r.Direct(role, p):
				b.WriteString(" ● |")
			case r.Allowed([]string{role}, p):
				b.WriteString(" ○ |")
			default:
				b.WriteString(" |")
			}
		}
		b.WriteString("\n")
	}
	b.WriteString("\n## Roles that bring others\n\n")
	for _, role := range Portal.Roles() {
		if in := r.Includes(role); len(in) > 0 {
			fmt.Fprintf(&b, "- **%s** brings %s\n", role, strings.Join(in, ", "))
		}
	}
	return b.String()
}

// The reference page says what the catalogue says. Write it anew with: go test ./internal/policy -run Reference -update
func TestReferencePageOfPermissions(t *testing.T) {
	const page = "../../docs/reference/permissions.md"
	want := reference(usual(t))
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(page); err != nil || string(got) != want {
		t.Errorf("%s does not say what the catalogue says (%v): write it anew with -update and look at the difference", page, err)
	}
}

// Every permission has a description, every description a permission.
func TestPermissionsAreDescribed(t *testing.T) {
	for p := range permissions {
		if _, ok := about[p]; !ok {
			t.Errorf("%s has no description: add a line to permissions_about.go", p)
		}
	}
	for p, a := range about {
		if _, ok := permissions[p]; !ok {
			t.Errorf("%s is described and does not exist", p)
		}
		if a.Kind != Reads && a.Kind != Own && a.Kind != Writes || a.Text == "" {
			t.Errorf("%s: kind %q, text %q", p, a.Kind, a.Text)
		}
	}
}

// Decisions from the compiled set equal those of a plain walk over the rules, for every role and permission.
func TestRightsEqualAWalk(t *testing.T) {
	r := usual(t)
	var walk func(role, p string) bool
	walk = func(role, p string) bool {
		return slices.Contains(permissions[p], role) || slices.ContainsFunc(includes[role], func(in string) bool { return walk(in, p) })
	}
	allowed := 0
	for _, p := range Portal.Permissions() {
		for _, role := range Portal.Roles() {
			if got, want := r.Allowed([]string{role}, p), walk(role, p); got != want {
				t.Errorf("%s %s: %v, want %v", role, p, got, want)
			} else if got {
				allowed++
			}
			if got, want := r.Direct(role, p) || len(r.Through(role, p)) > 0, walk(role, p); got != want {
				t.Errorf("%s has %s, and by which role is not said", role, p)
			}
		}
	}
	if allowed == 0 {
		t.Error("nobody may anything")
	}
}

func TestPortalRefuses(t *testing.T) {
	r := usual(t)
	if r.Allowed(nil, "home.read") || r.Allowed([]string{"nobody"}, "home.read") || r.Allowed([]string{Administrator}, "no.such") {
		t.Error("an unknown role or permission is allowed")
	}
	if !r.Allowed([]string{Employee, HR}, "hr.release") {
		t.Error("the second role does not count")
	}
	var none *Rights
	if none.Allowed([]string{Administrator}, "home.read") {
		t.Error("without rights something is allowed")
	}
}

// No combination of holders of any permission lets an auditor write, directly or through a role that auditors include; and no
// change takes from administrators what they need to give it back. All 256 combinations of every permission are weighed.
func TestRulesThatNoAdministratorCanChange(t *testing.T) {
	r := usual(t)
	for _, p := range Portal.Permissions() {
		if Describe(p).Kind == Writes && r.Allowed([]string{Auditor}, p) {
			t.Errorf("the catalogue lets auditors %s", p)
		}
	}
	refused := 0
	for _, p := range []string{"hr.release", "application.check", "policy.read", "portal.give", "portal.change", "token.mine"} {
		for set := range 256 {
			var roles []string
			for i, role := range Portal.Roles() {
				if set&(1<<i) != 0 {
					roles = append(roles, role)
				}
			}
			_, err := r.Weigh(p, roles)
			writes := Describe(p).Kind == Writes && (slices.Contains(roles, Auditor) || slices.Contains(roles, Employee))
			lost := strings.HasPrefix(p, "portal.") && len(roles) == 0
			if (err != nil) != (writes || lost) {
				t.Fatalf("%s for %v: %v", p, roles, err)
			}
			if err != nil {
				refused++
			}
		}
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
}

func TestWeigh(t *testing.T) {
	r := usual(t)
	h, err := r.Weigh("hr.upload", []string{HR, Compliance})
	if err != nil || !slices.Equal(h.Give, []string{Compliance}) || !slices.Equal(h.Take, []string{IT}) ||
		!slices.Equal(h.Gain, []string{Compliance}) || !slices.Equal(h.Lose, []string{IT}) {
		t.Errorf("%+v %v", h, err)
	}
	// What administrators have through others they keep while one of those has it.
	if h, err = r.Weigh("hr.upload", []string{HR}); err != nil || slices.Contains(h.Lose, Administrator) {
		t.Errorf("%+v %v", h, err)
	}
	if _, err := r.Weigh("no.such", nil); errs.KindOf(err) != errs.KindNotFound {
		t.Error(err)
	}
	if _, err := r.Weigh("hr.upload", []string{"root"}); errs.KindOf(err) != errs.KindInvalid {
		t.Error(err)
	}
}
