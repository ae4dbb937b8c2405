package policy

import (
	"strings"
	"testing"
)

// The whole table, as an auditor would read it.
func TestPortalTable(t *testing.T) {
	want := map[string]string{
		Employee: "access.mine demo.use home.read person.read token.mine",
		Manager:  "access.mine demo.use home.read person.list person.read token.mine",
		Owner:    "access.mine application.adopt application.check application.read demo.use home.read person.read token.mine",
		HR: "access.mine demo.use home.read hr.expect hr.read hr.release hr.upload person.list person.read person.read_any person.terminate " +
			"policy.read token.mine",
		IT: "access.mine application.adopt application.adopt_any application.check application.check_any application.read application.read_any " +
			"demo.use home.read hr.read hr.release hr.upload operation.read operation.release operation.retry person.list person.read " +
			"person.read_any person.terminate policy.read token.mine",
		Compliance: "access.mine application.adopt application.adopt_any application.read application.read_any demo.use home.read hr.expect hr.read " +
			"hr.release operation.read operation.release person.list person.read person.read_any person.terminate policy.read token.mine",
		Auditor: "access.mine application.read application.read_any demo.use home.read hr.read operation.read person.list person.read " +
			"person.read_any policy.read token.mine",
		Administrator: strings.Join(Portal.Permissions(), " "),
	}
	for role, w := range want {
		var got []string
		for _, p := range Portal.Permissions() {
			if Portal.Allowed([]string{role}, p) {
				got = append(got, p)
			}
		}
		if g := strings.Join(got, " "); g != w {
			t.Errorf("%s:\n got %s\nwant %s", role, g, w)
		}
	}
}

func TestPortalRefuses(t *testing.T) {
	if Portal.Allowed(nil, "home.read") || Portal.Allowed([]string{"nobody"}, "home.read") || Portal.Allowed([]string{Administrator}, "no.such") {
		t.Error("an unknown role or permission is allowed")
	}
	if !Portal.Allowed([]string{Employee, HR}, "hr.release") {
		t.Error("the second role does not count")
	}
}
