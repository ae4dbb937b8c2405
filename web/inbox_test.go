package web_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tenure/internal/audit"
	"tenure/internal/db"
)

// figures counts the figures, as the job does.
func (w *world) figures() {
	w.t.Helper()
	w.do(db.System, func(tx *db.Tx) error { _, err := audit.Compute(tx, true); return err })
}

// Everybody's inbox has what waits for them and nothing of others, and the number beside its name is the number of its lines.
func TestInboxOfEverybody(t *testing.T) {
	w := newWorld(t)
	owned := w.owner()
	if _, err := owned.Exec(t.Context(), `set session_replication_role = replica`); err != nil {
		t.Fatal(err)
	}
	if _, err := owned.Exec(t.Context(), `update operation set state = 'failed', urgency = 1, kind = 'disable', error = 'refused', created_at = now() - interval '1 hour'
		where id = (select min(id) from operation where application_id = (select id from application where name = 'directory'))`); err != nil {
		t.Fatal(err)
	}
	w.password(owner, "owner@example.com")
	w.figures()
	const failed, proposed, undescribed, password = "keeps access in Company directory", "wait for release in Ledger", "has no description in Company directory", "to be handed over in your team"
	has := map[string][]string{itPerson: {failed, proposed}, compliance: {proposed}, owner: {undescribed}, manager: {password}, administrator: {failed, proposed},
		hrPerson: nil, auditor: nil, employee: nil}
	for who, wanted := range has {
		c := w.anonymous()
		if who == owner {
			c.local("owner@example.com")
		} else {
			c = w.as(who)
		}
		p := c.get("/inbox").want(t, http.StatusOK)
		for _, words := range []string{failed, proposed, undescribed, password} {
			shown := strings.Contains(p.Find("main").Text(), words)
			should := false
			for _, x := range wanted {
				should = should || x == words
			}
			if shown != should {
				t.Errorf("%s: %q is shown: %v, want %v", who, words, shown, should)
			}
		}
		lines := p.Find(".t-inbox > li")
		count := 0
		if digits := strings.TrimFunc(p.Find(`.t-wide a[href="/inbox"]`).Text(), func(r rune) bool { return r < '0' || r > '9' }); digits != "" {
			count, _ = strconv.Atoi(digits)
		}
		if count != lines.Length() {
			t.Errorf("%s: the navigation says %d, the inbox has %d lines", who, count, lines.Length())
		}
		lines.Each(func(_ int, li *goquery.Selection) {
			if li.Find(".t-inbox-who").Text() == "" || li.Find("a.btn").Length() != 1 {
				t.Errorf("%s: a line without a holder or with another number of acts than one: %s", who, li.Text())
			}
			to, _ := li.Find("a.btn").Attr("href")
			c.get(to).want(t, http.StatusOK) // nobody is led to what they may not open
		})
		c.get("/").want(t, http.StatusOK)
	}
	p := w.as(itPerson).get("/inbox?kind=operations").want(t, http.StatusOK)
	if first := p.Find("section").First(); first.AttrOr("id", "") != "overdue" || !strings.Contains(first.Text(), failed) {
		t.Errorf("what is late by 45 minutes does not stand first: %s", first.Text())
	}
	p.says(t, "You or any of 2 in IT or administration")
	w.as(itPerson).get("/inbox?kind=hr").want(t, http.StatusOK).says(t, "Nothing of this kind waits for you")
	w.as(auditor).get("/inbox").want(t, http.StatusOK)
}

// The dashboard tells an empty database from one that was not counted yet, and its numbers are those of the figures.
func TestDashboard(t *testing.T) {
	w := newWorld(t)
	w.as(employee).get("/dashboard").want(t, http.StatusForbidden)
	c := w.as(auditor)
	c.get("/dashboard").want(t, http.StatusOK).says(t, "Nothing was counted yet")
	w.as(itPerson).post("/people/"+w.ref(employee)+"/terminate", "reason", "sold the list").want(t, http.StatusSeeOther)
	w.figures()
	for _, days := range []string{"7", "30", "90", "365", "nonsense"} {
		p := c.get("/dashboard?days="+days).want(t, http.StatusOK)
		p.says(t, "terminated")
		if n := p.Find("#leavers tbody tr").FilterFunction(func(_ int, s *goquery.Selection) bool { return s.Find("th a").Length() == 1 }).Length(); n != 1 {
			t.Errorf("%s: %d leavers are listed, want the one who was terminated", days, n)
		}
	}
	p := c.get("/dashboard").want(t, http.StatusOK)
	p.says(t, "open for")
	w.carry()
	w.figures()
	c.get("/dashboard").want(t, http.StatusOK).says(t, "Zero access, verified")
}

// The checklist of the first days goes when everything on it is done.
func TestChecklist(t *testing.T) {
	w := newWorld(t)
	c := w.as(administrator)
	p := c.get("/").want(t, http.StatusOK)
	if next := p.Find(`#start li[aria-current="step"]`); next.Length() != 1 || !strings.Contains(next.Text(), "owner (1 of 2 have one)") {
		t.Errorf("the next step is %q", next.Text())
	}
	if to := p.Find(`#start li[aria-current="step"] a`).AttrOr("href", ""); to != "/applications/ledger" {
		t.Errorf("the next step leads to %q, not to the application without an owner", to)
	}
	if w.as(itPerson).get("/").Find("#start").Length() != 0 {
		t.Error("somebody who cannot do it is shown the checklist")
	}
}
