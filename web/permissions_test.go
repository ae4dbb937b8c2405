package web_test

import (
	"net/http"
	"strings"
	"testing"
)

// permission sends the form of a permission as the page has it, with the roles given.
func (c *client) permission(t *testing.T, name string, more []string, roles ...string) page {
	t.Helper()
	p := c.get("/portal/permissions/"+name).want(t, http.StatusOK)
	form := append([]string{"stamp", p.Find(`input[name="stamp"]`).AttrOr("value", "")}, more...)
	for _, role := range roles {
		form = append(form, "role", role)
	}
	return c.post("/portal/permissions/"+name, form...)
}

// The matrix says who may what; a change is weighed, has a reason, and holds from the next request on.
func TestPortalRightsAreChanged(t *testing.T) {
	w := newWorld(t)
	admin, it := w.as(administrator), w.as(itPerson)
	p := w.as(auditor).get("/portal/permissions").want(t, http.StatusOK)
	p.says(t, "Auditors only read: no right that changes something can be given to them.")
	p.says(t, "Release or drop an HR run that is held, loaded by somebody else")
	if p.Find(`main a[href^="/portal/permissions/"]`).Length() != 0 {
		t.Error("an auditor is offered to change rights")
	}
	p = admin.get("/portal/permissions").want(t, http.StatusOK)
	row := p.Find(`tr:has(code:contains("operation.retry"))`)
	if cell := row.Find(`td[data-label="IT"]`).Text(); !strings.Contains(cell, "Yes") {
		t.Errorf("of IT it says %q", cell)
	}
	if cell := row.Find(`td[data-label="Administrator"]`).Text(); !strings.Contains(cell, "IT") {
		t.Errorf("of administrators it says %q", cell)
	}
	if cell := row.Find(`td[data-label="Auditor"]`).Text(); !strings.Contains(cell, "Auditors only read") {
		t.Errorf("of auditors it says %q", cell)
	}
	it.get("/portal/permissions").want(t, http.StatusForbidden)
	it.post("/portal/permissions/operation.retry", "role", "it").want(t, http.StatusForbidden)
	admin.get("/portal/permissions/nothing.at_all").want(t, http.StatusNotFound)

	// operation.read is taken from IT, and given to managers.
	it.get("/operations").want(t, http.StatusOK)
	boss := w.as(manager)
	boss.get("/operations").want(t, http.StatusForbidden)
	p = admin.permission(t, "operation.read", nil, "compliance", "auditor", "manager").want(t, http.StatusOK)
	p.says(t, "IT may not do it any more: 1 person has the role.")
	p.says(t, "Manager may do it from the next click on: everybody to whom somebody reports.")
	it.get("/operations").want(t, http.StatusOK) // nothing is changed yet
	admin.permission(t, "operation.read", []string{"sure", "yes"}, "compliance", "auditor", "manager").want(t, http.StatusBadRequest).says(t, "Say why: auditors read it.")
	p = admin.permission(t, "operation.read", []string{"sure", "yes", "reason", "A trial"}, "compliance", "auditor", "manager").want(t, http.StatusSeeOther)
	admin.get(p.to).want(t, http.StatusOK).says(t, "Last changed by Person Nr1007")
	it.get("/operations").want(t, http.StatusForbidden)
	boss.get("/operations").want(t, http.StatusOK)
	if n := w.number(`select count(*) from event where kind = 'portal.changed'`); n != 1 {
		t.Errorf("the log has %d changes of rights", n)
	}
	admin.permission(t, "operation.read", nil, "compliance", "auditor", "manager").want(t, http.StatusBadRequest).says(t, "nothing would change")
}

// What nobody can change is refused whatever is sent, and who looked at other rights is told who was faster.
func TestPortalRightsThatStay(t *testing.T) {
	w := newWorld(t)
	admin := w.as(administrator)
	p := admin.get("/portal/permissions/hr.release").want(t, http.StatusOK)
	if p.Find(`input[value="auditor"][disabled]`).Length() != 1 || p.Find(`input[value="employee"][disabled]`).Length() != 1 {
		t.Error("a right that changes something is offered to auditors")
	}
	for _, role := range []string{"auditor", "employee"} {
		admin.permission(t, "hr.release", []string{"sure", "yes", "reason", "x"}, "hr", role).want(t, http.StatusBadRequest).says(t, "Auditors only read")
	}
	admin.permission(t, "hr.release", nil, "nobody").want(t, http.StatusBadRequest).says(t, "There is no portal role")
	admin.permission(t, "portal.change", []string{"sure", "yes", "reason", "x"}).want(t, http.StatusBadRequest).says(t, "nothing would change")

	admin.post("/portal/roles/give", "person", compliance, "role", "administrator", "reason", "Two of them").want(t, http.StatusSeeOther)
	late := w.as(compliance)
	stale := late.get("/portal/permissions/team.read").want(t, http.StatusOK).Find(`input[name="stamp"]`).AttrOr("value", "")
	admin.permission(t, "policy.read", []string{"sure", "yes", "reason", "IT needs it no more"}, "compliance", "auditor", "hr").want(t, http.StatusSeeOther)
	for _, more := range [][]string{nil, {"sure", "yes", "reason", "x"}} {
		p := late.post("/portal/permissions/team.read", append([]string{"stamp", stale, "role", "hr"}, more...)...).want(t, http.StatusConflict)
		p.says(t, "Person Nr1007 changed the rights of the portal just now")
		if p.Find(`main a[href="/portal/permissions/team.read"]`).Length() != 1 {
			t.Error("the page does not lead back to the permission")
		}
	}
}
