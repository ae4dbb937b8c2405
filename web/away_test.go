package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tenure/internal/audit"
	"tenure/internal/db"
	"tenure/internal/demo"
)

// A manager who left is shown as such wherever they still stand as one: beside their people, to who managed them, and to HR.
func TestAManagerWhoLeft(t *testing.T) {
	w := newWorld(t)
	w.says("1012", "Manager", "1011")
	w.hrSays(func(r *demo.Row) {
		switch r.Number {
		case "1011":
			r.End = time.Now().AddDate(0, 0, -3).Format(time.DateOnly)
		case "1013":
			r.Title = "Clerk"
		}
	})
	w.do(db.System, audit.MarkPeople)
	if n := w.number(`select count(*) from identity where number = '1011' and state = 'left'`); n != 1 {
		t.Fatal("1011 did not leave")
	}
	w.as(manager).get("/team").want(t, http.StatusOK).says(t, "Person Nr1011 left, and 1 person still reports to them")
	if text := w.signed("1013").get("/me").want(t, http.StatusOK).Find("main").Text(); strings.Contains(text, "still reports") {
		t.Error("somebody without a team is told of managers")
	}
	hr := w.as(hrPerson)
	people := hr.get("/people?has=manager_left").want(t, http.StatusOK)
	if rows := people.Find("tbody tr"); rows.Length() != 1 || !strings.Contains(rows.Text(), "Nr1012") || !strings.Contains(rows.Text(), "Left") {
		t.Errorf("of those whose manager left the list has %q", rows.Text())
	}
	hr.get(personOf(w, "1011")).want(t, http.StatusOK).says(t, "1 person still reports to somebody who left")
	if text := hr.get(personOf(w, "1012")).want(t, http.StatusOK).Find(`dt:contains("Manager") + dd`).First().Text(); !strings.Contains(text, "Left") {
		t.Errorf("beside the manager it says %q", text)
	}

	// Once HR names another one, nothing of it is left.
	w.says("1012", "Manager", manager)
	w.do(db.System, audit.MarkPeople)
	if n := hr.get("/people?has=manager_left").want(t, http.StatusOK).Find("tbody tr").Length(); n != 0 {
		t.Errorf("%d people are still without a manager", n)
	}
	if text := w.as(manager).get("/team").want(t, http.StatusOK).Find("main").Text(); strings.Contains(text, "still reports") {
		t.Error("the team is still told of it")
	}
}

// A paused application waits for somebody to resume it: with a clock, and sooner while a leaver keeps access there. Its owner is
// told who can.
func TestAPauseWaitsInTheInbox(t *testing.T) {
	w := newWorld(t)
	own := w.signed(owner)
	c := w.as(itPerson)
	c.post("/applications/directory/connector/pause", "reason", "moving house").want(t, http.StatusSeeOther)
	p := c.get("/inbox").want(t, http.StatusOK)
	line := p.Find(`.t-inbox > li:contains("Company directory is paused")`)
	if text := strings.Join(strings.Fields(line.Text()), " "); line.Length() != 1 || !strings.Contains(text, "Person Nr1002 paused it, and nothing waits so far.") ||
		!strings.Contains(text, "You or any of 2 in IT or administration") || !strings.Contains(text, "In 23 hours") {
		t.Errorf("IT reads %q", text)
	}
	c.post("/people/"+w.ref("1020")+"/terminate", "reason", "gone", "confirm", "on").want(t, http.StatusSeeOther)
	p = c.get("/inbox?kind=operations").want(t, http.StatusOK)
	p.says(t, "Company directory is paused, and somebody who left keeps access there")
	p.says(t, "In 14 minutes")
	p = own.get("/inbox").want(t, http.StatusOK)
	p.says(t, "Company directory is paused, and somebody who left keeps access there")
	p.says(t, "Any of 3 in IT or administration")
	if to := p.Find(`.t-inbox > li:contains("is paused") a.btn`).AttrOr("href", ""); to == "" {
		t.Error("the owner is led nowhere")
	} else {
		own.get(to).want(t, http.StatusOK).says(t, "Disable the account")
	}
	for _, who := range []string{hrPerson, auditor, compliance, employee, manager} {
		if strings.Contains(w.as(who).get("/inbox").want(t, http.StatusOK).Find("main").Text(), "is paused") {
			t.Errorf("%s cannot resume it and is told of it", who)
		}
	}
	c.post("/applications/directory/connector/resume", "reason", "done").want(t, http.StatusSeeOther)
	if strings.Contains(c.get("/inbox").want(t, http.StatusOK).Find("main").Text(), "is paused") {
		t.Error("it still waits")
	}
}
