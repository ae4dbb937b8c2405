package web_test

import (
	"net/http"
	"testing"
)

// A page asks for the parameters of its levels; what a level does not want to know is an error that names it, unless the form asks for it
// because of another level.
func wishParameters(t *testing.T, w *world) {
	w.declare(`{kind: Role, name: Centre, spec: {owner: "1001", entitlements: [ledger/books], parameters: [{name: centre, title: Cost centre, values: ["10", "20"]}]}}
---
{kind: Offer, name: centre, spec: {title: The centre, levels: [{name: look, entitlements: [ledger]}, {name: approve, role: Centre}]}}
`)
	defer func() {
		w.declare("{kind: Offer, name: centre, spec: {title: The centre, levels: [{name: look, entitlements: [ledger]}], for: 'department == \"Nobody\"'}}\n")
	}()
	id := w.text(`select id::text from policy_object where kind = 'offer' and name = 'centre'`)
	c := w.as(employee)
	field := `[name="param-` + id + `-centre"]`
	form := c.get("/requests/new?offer="+id).want(t, http.StatusOK)
	if f := form.Find(field); f.Length() != 1 || f.Is("[required]") {
		t.Error("the form does not ask once, and without force, for what one of two levels wants to know")
	}
	ask := func(level, name, value string) page {
		return c.post("/requests", "offer", id, "level-"+id, level, "param-"+id+"-"+name, value, "days", "30", "why", "The audit")
	}
	ask("look", "centre", "10").want(t, http.StatusOK).says(t, "The centre") // what would be sent
	ask("look", "colour", "red").want(t, http.StatusBadRequest).says(t, "Colour is nothing that this level wants to know: leave it out")
	if bad := ask("approve", "centre", "30").want(t, http.StatusBadRequest); bad.Find(field+`[aria-invalid="true"]`).Length() != 1 {
		t.Error("the field is not marked")
	}
	ask("approve", "centre", "10").want(t, http.StatusOK)
}
