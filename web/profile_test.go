package web_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestProfileHoldsForItsReaderAlone changes how one reader likes the portal, and looks at it as another.
func TestProfileHoldsForItsReaderAlone(t *testing.T) {
	w := newWorld(t)
	c, other := w.as(itPerson), w.as(employee)
	p := c.get("/me/profile").want(t, http.StatusOK)
	if p.Find("body[data-letters]").Length() != 1 {
		t.Error("letters do not act at first")
	}
	c.post("/me/profile", "density", "dense", "theme", "dark", "zone", "Nowhere/Atall", "start", "").want(t, http.StatusBadRequest).says(t, "is not a time zone")
	c.post("/me/profile", "density", "dense", "theme", "dark", "zone", "Asia/Tokyo", "start", "/operations").want(t, http.StatusSeeOther)
	p = c.get("/me/profile").want(t, http.StatusOK)
	if p.Find("body[data-letters]").Length() != 0 || p.Find("html").AttrOr("data-bs-theme", "") != "dark" || p.Find("#f-zone").AttrOr("value", "") != "Asia/Tokyo" {
		t.Error("the settings do not hold")
	}
	if again := w.as(itPerson).get("/"); again.status != http.StatusSeeOther || again.to != "/operations" {
		t.Errorf("signing in leads to %d %s", again.status, again.to)
	}
	c.post("/me/tokens", "name", "=cmd|calc", "days", "7", "scope", "read").want(t, http.StatusOK)
	if c.get("/me/tokens").want(t, http.StatusOK).Find(".t-dense").Length() != 1 {
		t.Error("the list is not dense")
	}
	if f := c.get("/me/tokens?export=csv").want(t, http.StatusOK); !strings.Contains(f.body, "'=cmd|calc") {
		t.Errorf("the file would run a cell: %q", f.body)
	}
	if p := other.get("/me/profile").want(t, http.StatusOK); p.Find("body[data-letters]").Length() != 1 || p.Find("html").AttrOr("data-bs-theme", "") != "" {
		t.Error("one reader's settings hold for another")
	}
	c.get("/me/tokens?sort=hash").want(t, http.StatusBadRequest).says(t, "hash")
	c.get("/gallery").want(t, http.StatusNotFound)
	c.get("/gallery/kit-list").want(t, http.StatusNotFound)
}

// TestSavedViewsAreTheReadersOwn saves a view, opens it, and shows that nobody else sees or deletes it.
func TestSavedViewsAreTheReadersOwn(t *testing.T) {
	w := newWorld(t)
	c, other := w.as(itPerson), w.as(employee)
	c.post("/views", "list", "nonsense", "name", "x", "query", "").want(t, http.StatusBadRequest)
	c.post("/views", "list", "tokens", "name", "x", "query", "sort=hash").want(t, http.StatusBadRequest)
	p := c.post("/views", "list", "tokens", "name", "By name", "query", "sort=name").want(t, http.StatusSeeOther)
	if p.to != "/me/tokens?sort=name" {
		t.Errorf("saving leads to %s", p.to)
	}
	remove, found := c.get(p.to).want(t, http.StatusOK).Find(`.t-menu-box form[action$="/delete"]`).Attr("action")
	if !found {
		t.Fatal("the view is not there")
	}
	if other.get("/me/tokens").want(t, http.StatusOK).Find(`.t-menu-box form[action$="/delete"]`).Length() != 0 {
		t.Error("somebody else sees the view")
	}
	other.post(remove).want(t, http.StatusNotFound)
	c.post(remove).want(t, http.StatusSeeOther)
	c.post(remove).want(t, http.StatusNotFound)
}

// A view saved of any list opens with its filter, its order and its columns.
func TestEveryListKeepsViews(t *testing.T) {
	w := newWorld(t)
	c := w.as(administrator)
	for _, x := range []struct{ list, query, path string }{
		{"people", "col=number&col=-&department=Sales&sort=-name&state=active", "/people"},
		{"operations", "kind=grant&state=failed", "/operations"},
		{"roles", "role=hr", "/portal/roles"},
		{"accounts/ledger", "state=enabled&tab=accounts", "/applications/ledger"},
	} {
		p := c.post("/views", "list", x.list, "name", "Mine", "query", x.query).want(t, http.StatusSeeOther)
		if p.to != x.path+"?"+x.query {
			t.Errorf("the view of %s leads to %s", x.list, p.to)
			continue
		}
		p = c.get(p.to).want(t, http.StatusOK)
		if a := p.Find(`.t-menu-box a[aria-current="true"]`); a.Text() != "Mine" || a.AttrOr("href", "") != x.path+"?"+x.query {
			t.Errorf("the view of %s is not marked as the one that is open", x.list)
		}
		remove, _ := p.Find(`.t-menu-box form[action$="/delete"]`).Attr("action")
		if to := c.post(remove).want(t, http.StatusSeeOther).to; to != x.path {
			t.Errorf("deleting the view of %s leads to %s", x.list, to)
		}
	}
	p := c.get(c.post("/views", "list", "people", "name", "One", "query", "q=Nr1030").want(t, http.StatusSeeOther).to).want(t, http.StatusOK)
	if names := p.Find("tbody tr th"); names.Length() != 1 || !strings.Contains(names.Text(), "Nr1030") {
		t.Errorf("the saved view of one person shows %q", names.Text())
	}
	for _, list := range []string{"accounts", "people/ledger", "nonsense/ledger"} {
		c.post("/views", "list", list, "name", "x", "query", "").want(t, http.StatusBadRequest)
	}
	if c.get("/applications/directory?tab=accounts").want(t, http.StatusOK).Find(`.t-menu-box form[action$="/delete"]`).Length() != 0 {
		t.Error("a view of one application's accounts stands at another's")
	}
}
