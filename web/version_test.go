package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// plan plans a change as the IT person, approves it as compliance and gives its address.
func (w *world) plan(title, body string) string {
	w.t.Helper()
	at := w.as(itPerson).post("/policy/changes", "title", title, "body", body).want(w.t, http.StatusSeeOther).to
	w.as(compliance).post(at+"/approve", "reason", "Agreed").want(w.t, http.StatusSeeOther)
	return at
}

const keeperOf = "kind: Role\nname: Keeper\nspec: {title: Keeper of two, entitlements: [directory/vault, ledger/books]}\n"

// Every object of the policy has its versions: by which change, planned and approved by whom, what differs field by field and line by
// line. Somebody plans to go back to one, another person approves it. What ended keeps its versions and is brought back.
func TestVersionsOfARole(t *testing.T) {
	w := newWorld(t)
	it, c := w.as(itPerson), w.as(compliance)
	id := w.number(`select id from policy_object where kind = 'role' and name = 'Keeper'`)
	at := fmt.Sprintf("/policy/objects/%d/versions", id)
	if one := it.get(at).want(t, http.StatusOK); one.Find("#compare").Length() != 0 || one.Find("form.t-do").Length() != 0 {
		t.Error("one version is compared, or can be gone back to")
	}
	first := w.text(`select (spec - 'role_ids' - 'entitlement_ids' - 'owner_id')::text from policy_spec where object_id = $1 and n = 1`, id)
	w.plan("Keepers keep the books", keeperOf)

	page := it.get(at).want(t, http.StatusOK)
	for _, word := range []string{"Versions of Keeper of two", "Planned by Person Nr1002", "approved by Person Nr1003", "Keepers keep the books"} {
		page.says(t, word)
	}
	if got := page.Find(".t-doc ins").Text(); !strings.Contains(got, "ledger/books") || strings.Contains(got, "directory/vault") {
		t.Errorf("the lines that came are %q", got)
	}
	if got := page.Find("#compare tbody th").Text(); !strings.Contains(got, "entitlements") || !strings.Contains(got, "title") {
		t.Errorf("the fields are %q", got)
	}
	if got := page.Find("#versions tbody tr").Length(); got != 2 {
		t.Errorf("%d versions", got)
	}
	if same := it.get(at+"?from=1&to=1").want(t, http.StatusOK); same.Find(".t-doc ins, .t-doc del").Length() != 0 {
		t.Error("a version differs from itself")
	}
	// Who holds something sees the rule or role as it was when it gave it.
	policy := w.number(`select from_version from policy_spec where object_id = $1 and n = 1`, id)
	if got := it.get(fmt.Sprintf("%s?policy=%d", at, policy)).want(t, http.StatusOK).Find("#compare select[name=to] option[selected]").AttrOr("value", ""); got != "1" {
		t.Errorf("version %s is said to have been the one of version %d of the policy", got, policy)
	}

	w.as(auditor).post(at+"/1/back").want(t, http.StatusForbidden)
	it.post(at+"/7/back").want(t, http.StatusNotFound)
	back := it.post(at+"/1/back").want(t, http.StatusSeeOther).to
	it.post(back+"/approve", "reason", "So").want(t, http.StatusForbidden)
	c.post(back+"/approve", "reason", "It was right").want(t, http.StatusSeeOther)
	if got := w.text(`select (spec - 'role_ids' - 'entitlement_ids' - 'owner_id')::text from policy_spec where object_id = $1 and to_version is null`, id); got != first {
		t.Errorf("it is %s, not again %s", got, first)
	}
	it.post(at+"/1/back").want(t, http.StatusBadRequest).says(t, "nothing to change")

	w.plan("The sellers keep it", "kind: BirthrightRule\nname: sellers\nspec: {when: 'department == \"Sales\"', entitlements: [ledger/books]}\n")
	rule := fmt.Sprintf("/policy/objects/%d/versions", w.number(`select id from policy_object where name = 'sellers'`))
	w.plan("Nobody keeps it", "kind: BirthrightRule\nname: sellers\nends: true\n")
	held := w.number(`select count(*) from reason where known_to = 'infinity' and valid_to > now()`)
	it.get(rule).want(t, http.StatusOK).says(t, "It is not part of the policy any more")
	back = it.post(rule+"/1/back").want(t, http.StatusSeeOther).to
	c.post(back+"/approve", "reason", "They need it").want(t, http.StatusSeeOther)
	again := it.get(rule).want(t, http.StatusOK)
	if again.Find("#versions tbody tr").Length() != 2 || strings.Contains(again.body, "not part of the policy any more") {
		t.Error("what was brought back is not there as its second version")
	}
	if n := w.number(`select count(*) from reason where known_to = 'infinity' and valid_to > now()`); n <= held {
		t.Errorf("%d reasons, and %d before: it gives nothing", n, held)
	}
}

// Explanations, lists and pages lead to the versions of what they name.
func TestWhereVersionsAreFound(t *testing.T) {
	w := newWorld(t)
	it := w.as(itPerson)
	for _, page := range []string{"/policy?tab=rules", "/policy?tab=duties", fmt.Sprintf("/policy/roles/%d", w.number(`select id from policy_object where kind = 'role' and name = 'Keeper'`)),
		"/people/" + w.ref("1015"), "/people/" + w.ref("1015") + "/explain?app=directory&entitlement=directory/vault"} {
		links := it.get(page).want(t, http.StatusOK).Find(`a[href^="/policy/objects/"]`)
		if links.Length() == 0 {
			t.Errorf("%s leads to no version", page)
			continue
		}
		it.get(links.First().AttrOr("href", "")).want(t, http.StatusOK).says(t, "Versions of")
	}
	me := w.as(employee)
	if me.get("/people/"+w.ref(employee)).want(t, http.StatusOK).Find(`a[href^="/policy/"]`).Length() != 0 {
		t.Error("who may not see the policy is led there")
	}
}
