package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Somebody is made a member of a role for a time on the role's page, holds what it gives, and the membership is ended; what duties
// forbid and whoever it is about are refused.
func TestMembersOfARole(t *testing.T) {
	w := newWorld(t)
	it := w.as(itPerson)
	list := it.get("/policy").want(t, http.StatusOK)
	page, ok := list.Find(`a[href^="/policy/roles/"]`).First().Attr("href")
	if !ok {
		t.Fatal("the list of roles leads to none")
	}
	it.get(page).want(t, http.StatusOK).says(t, "Nobody is a member by decision")
	until := time.Now().UTC().AddDate(0, 1, 0).Format(time.DateOnly)
	for _, bad := range [][]string{{"person", "nobody", "reason", "So"}, {"person", "1031", "reason", " "}, {"person", "1031", "reason", "So", "until", "2020-01-01"}, {"person", "1031", "reason", "So", "from", "soon"}} {
		it.post(page+"/members", bad...).want(t, http.StatusBadRequest)
	}
	it.post(page+"/members", "person", itPerson, "reason", "I need it").want(t, http.StatusForbidden)
	w.as(auditor).post(page+"/members", "person", "1031", "reason", "So").want(t, http.StatusForbidden)
	it.post(page+"/members", "person", "1031", "until", until, "reason", "Stands in for somebody").want(t, http.StatusSeeOther)
	it.post(page+"/members", "person", "1031", "reason", "Again").want(t, http.StatusBadRequest).says(t, "is a member of this role already")
	if n := w.number(`select count(*) from reason r join identity i on i.id = r.identity_id where i.number = '1031' and r.kind = 'assignment' and r.known_to = 'infinity' and r.valid_to < 'infinity'`); n != 1 {
		t.Errorf("%d reasons come of the membership", n)
	}
	it.get("/people/"+w.ref("1031")).want(t, http.StatusOK).says(t, "member of the role Keeper")
	shown := it.get(page).want(t, http.StatusOK)
	shown.says(t, "Stands in for somebody")
	end, _ := shown.Find(`a[href$="/end"]`).Attr("href")
	it.post(end, "reason", " ").want(t, http.StatusBadRequest)
	it.post(end, "reason", "She is back").want(t, http.StatusSeeOther)
	it.post(end, "reason", "She is back").want(t, http.StatusNotFound)
	if n := w.number(`select count(*) from reason where kind = 'assignment' and known_to = 'infinity' and valid_to > now()`); n != 0 {
		t.Errorf("%d reasons of the membership go on", n)
	}

	w.duty("book", "spec: {title: Keep the books, entitlements: [directory/staff]}") // which everybody has
	dir := strings.NewReplacer("reaction: record", "reaction: refuse").Replace("kind: SoDRule\nname: guard-and-book\nspec: {title: Guard and book, duties: [guard, book], severity: critical, reaction: record}\n")
	at := it.post("/policy/changes", "title", "Refuse it", "body", dir).want(t, http.StatusSeeOther).to
	w.as(compliance).post(at+"/approve", "reason", "Agreed").want(t, http.StatusSeeOther)
	it.post(page+"/members", "person", "1032", "reason", "So").want(t, http.StatusBadRequest).says(t, "forbids it: the person would combine")
}

// Roles stand under every role that contains them, with whom they are given to; a small policy is drawn as well.
func TestRolesWithinRoles(t *testing.T) {
	w := newWorld(t)
	it := w.as(itPerson)
	if it.get("/policy/roles").want(t, http.StatusOK).Find("svg.t-role-box, .t-role-picture").Length() != 0 {
		t.Error("roles that contain nothing are drawn")
	}
	w.plan("Roles within roles", "kind: Role\nname: Chief\nspec: {title: Chief, owner: \"1005\", roles: [Middle, Keeper]}\n---\nkind: Role\nname: Middle\nspec: {title: Middle, owner: \"1005\", roles: [Keeper], entitlements: [ledger/books]}\n---\n"+
		"kind: BirthrightRule\nname: chiefs\nspec: {when: 'department == \"Sales\"', roles: [Middle]}\n")
	page := it.get("/policy/roles").want(t, http.StatusOK)
	top := page.Find("#tree > .t-tree > li, #tree > * > .t-tree > li")
	if top.Length() != 1 || !strings.Contains(top.Find("a").First().Text(), "Chief") {
		t.Errorf("%d roles stand within no other: %s", top.Length(), top.Text())
	}
	if n := page.Find(".t-tree li").Length(); n != 4 { // Chief, Keeper, Middle, and Keeper within it
		t.Errorf("%d lines", n)
	}
	if boxes, lines := page.Find(".t-role-box").Length(), page.Find(".t-role-line").Length(); boxes != 3 || lines != 3 {
		t.Errorf("%d boxes and %d lines are drawn", boxes, lines)
	}
	sales := w.number(`select count(*) from identity i join employment_version v on v.identity_id = i.id and v.known_to = 'infinity' where v.attrs->>'department' = 'Sales' and i.state = 'active'`)
	finance := w.number(`select count(*) from identity i join employment_version v on v.identity_id = i.id and v.known_to = 'infinity' where v.attrs->>'department' = 'Finance' and i.state = 'active'`)
	text := strings.Join(strings.Fields(page.Find(".t-tree").Text()), " ")
	for _, words := range []string{fmt.Sprintf("%d people by rule", sales), fmt.Sprintf("%d people by rule", sales+finance), "owned by Person Nr1005", "0 people by rule", "2 entitlements in Company directory and Ledger"} {
		if !strings.Contains(text, words) {
			t.Errorf("the list does not say %q: %s", words, text)
		}
	}
}
