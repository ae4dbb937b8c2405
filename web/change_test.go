package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const vaultOnly = "kind: SoDRule\nname: guard-and-book\nspec: {title: Guard and book, duties: [guard, book], severity: high, reaction: record}\n---\nkind: BirthrightRule\nname: sellers\nspec: {title: Sellers, when: 'department == \"Sales\"', entitlements: [ledger/books]}\n"

// Somebody writes a change, sees what it does, another person approves it, the effect is what was shown, and it is taken back.
func TestAChangeIsPlannedApprovedAndTakenBack(t *testing.T) {
	w := newWorld(t)
	it, c := w.as(itPerson), w.as(compliance)
	it.get("/policy/changes").want(t, http.StatusOK).says(t, "No change was planned yet")
	it.get("/policy/changes/new?kind=sod").want(t, http.StatusOK).says(t, "kind: SoDRule")
	edit := it.get("/policy/changes/new?edit="+url.QueryEscape("Role Keeper")).want(t, http.StatusOK)
	if text := edit.Find("textarea[name=body]").Text(); !strings.Contains(text, "directory/vault") || !strings.Contains(text, "<i>vault</i>") {
		t.Errorf("the role is not there to be changed: %s", text)
	}
	for body, says := range map[string]string{"": "holds no document", "kind: Role\nname: x\nspec: {entitlements: [ledger/nothing]}\n": "has no entitlement", "kind: Role\nname: x\nspec: {entitlement: []}\n": "Line 3", "kind: Role\nname: Nobody\nends: true\n": "nothing of this name",
		"kind: Duty\nname: guard\nends: true\n": "still names"} {
		it.post("/policy/changes", "title", "X", "body", body).want(t, http.StatusBadRequest).says(t, says)
	}
	it.post("/policy/changes", "title", " ", "body", vaultOnly).want(t, http.StatusBadRequest).says(t, "is required")
	w.as(auditor).post("/policy/changes", "title", "X", "body", vaultOnly).want(t, http.StatusForbidden)
	if n := w.number(`select count(*) from change_set`); n != 0 {
		t.Errorf("%d change sets came of what was refused", n)
	}

	before := w.number(`select count(*) from reason where known_to = 'infinity'`)
	at := it.post("/policy/changes", "title", "Sellers keep the books", "body", vaultOnly).want(t, http.StatusSeeOther).to
	sellers := w.number(`select count(distinct v.identity_id) from employment_version v join identity i on i.id = v.identity_id where v.known_to = 'infinity' and v.attrs->>'department' = 'Sales' and i.state = 'active'`)
	page := it.get(at).want(t, http.StatusOK)
	for _, word := range []string{"Sellers keep the books", "ledger/books", "You planned it, so another person approves it"} {
		page.says(t, word)
	}
	if got := page.Find("#access tbody td").First().Text(); strings.TrimSpace(got) != fmt.Sprint(sellers) {
		t.Errorf("the page says that %s gain it, not %d", got, sellers)
	}
	it.post(at+"/approve", "reason", "So").want(t, http.StatusForbidden)
	c.post(at+"/approve", "reason", " ").want(t, http.StatusBadRequest)
	if n := w.number(`select count(*) from reason where known_to = 'infinity'`); n != before {
		t.Errorf("%d reasons, not %d: it happened before it was approved", n, before)
	}
	c.post(at+"/approve", "reason", "Agreed").want(t, http.StatusSeeOther)
	c.get(at).want(t, http.StatusOK).says(t, "Agreed")
	if n := w.number(`select count(*) from reason where known_to = 'infinity'`); n != before+sellers {
		t.Errorf("%d reasons, not %d: the effect is not what was shown", n, before+sellers)
	}
	c.post(at+"/approve", "reason", "Again").want(t, http.StatusConflict)

	back := c.post(at+"/reverse").want(t, http.StatusSeeOther).to
	c.get(back).want(t, http.StatusOK).says(t, "Takes back change")
	w.as(administrator).post(back+"/approve", "reason", "It was a mistake").want(t, http.StatusSeeOther)
	if n := w.number(`select count(*) from reason where known_to = 'infinity' and valid_to > now()`); n != before {
		t.Errorf("%d reasons, not %d: it is not taken back", n, before)
	}
	it.get(at).want(t, http.StatusOK).says(t, "Taken back")
}

// A plan whose grounds moved is not applied; its page says what moved and offers to plan it anew. Who planned one may withdraw it.
func TestAStaleChangeIsNotApplied(t *testing.T) {
	w := newWorld(t)
	it, c := w.as(itPerson), w.as(compliance)
	at := it.post("/policy/changes", "title", "Sellers keep the books", "body", vaultOnly).want(t, http.StatusSeeOther).to
	w.duty("book", "spec: {title: Keep the books, entitlements: [ledger/books, directory/staff]}")
	c.post(at+"/approve", "reason", "Agreed").want(t, http.StatusSeeOther)
	page := it.get(at).want(t, http.StatusOK)
	page.says(t, "the policy is at version")
	if again := page.Find(`a[href*="/new?from="]`); again.Length() != 1 {
		t.Error("it cannot be planned anew")
	}
	second := it.post("/policy/changes", "title", "Sellers keep the books", "body", vaultOnly).want(t, http.StatusSeeOther).to
	it.post(second+"/reject", "reason", "A typing error").want(t, http.StatusSeeOther)
	c.post(second+"/approve", "reason", "Agreed").want(t, http.StatusConflict)
}
