package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tenure/internal/audit"
	"tenure/internal/db"
	"tenure/internal/demo"
	"tenure/internal/hr"
)

// A manager sees a line for each person, with what stands out; the persona's page of a team is nobody else's.
func TestTheTeam(t *testing.T) {
	w := newWorld(t)
	w.outOfBand("directory", "vault", "1030")
	w.read("directory")
	m := w.as(manager)
	p := m.get("/team").want(t, http.StatusOK)
	p.says(t, "53 people report to you")
	row := p.Find("tbody tr:contains('Nr1030')")
	if got := strings.Join(strings.Fields(row.Find("[data-label='Out of band']").Text()), " "); got != "1" {
		t.Errorf("%q is out of band with 1030, want 1", got)
	}
	// 1011 is the manager of 1012: not below 1006 directly any more, and there all the same.
	w.says("1012", "Manager", "1011")
	if n := m.get("/team").Find("tbody tr:contains('Nr1012')").Length(); n != 0 {
		t.Error("who reports to somebody else is listed as a direct report")
	}
	m.get("/team?scope=below").want(t, http.StatusOK).says(t, "reports to Person Nr1011")
	m.get(personOf(w, "1012")).want(t, http.StatusOK)
	other := w.signed("1011")
	other.get(personOf(w, "1012")).want(t, http.StatusOK)
	other.get(personOf(w, "1013")).want(t, http.StatusNotFound)
	// A circle of managers is walked once.
	_, err := w.owner().Exec(t.Context(), `set session_replication_role = replica; update employment_version v set manager_id = m.id from identity i, identity m
		where v.identity_id = i.id and v.known_to = 'infinity' and i.number = '1011' and m.number = '1012'`)
	w.must(err)
	other.get("/team?scope=below").want(t, http.StatusOK).says(t, "1 person reports to you or to somebody below you")
	w.as(employee).get("/team").want(t, http.StatusForbidden)
}

// Search finds what the reader may see, and nothing else.
func TestSearching(t *testing.T) {
	w := newWorld(t)
	w.rename("1031", "Åsa", "Nr1031") // one name at a time: HR takes two at once for another person
	w.rename("1031", "Åsa", "Núñez-Weiß")
	hits := func(number, q string) string {
		return strings.Join(strings.Fields(w.as(number).get("/search?q="+esc(q)).want(t, http.StatusOK).Find("main .t-hits").Text()), " ")
	}
	for _, q := range []string{"asa nunez", "NUN as", "weiss", "p1031"} {
		if got := hits(itPerson, q); !strings.Contains(got, "Åsa Núñez-Weiß") {
			t.Errorf("%q finds %q", q, got)
		}
	}
	if got := hits(manager, "nunez"); !strings.Contains(got, "Åsa Núñez-Weiß") {
		t.Errorf("the manager does not find their own: %q", got)
	}
	if got := hits(manager, "Nr1004"); strings.Contains(got, "1004") {
		t.Errorf("the manager finds somebody of no team of theirs: %q", got)
	}
	if got := hits(employee, "nunez"); got != "" {
		t.Errorf("an employee finds %q", got)
	}
	if got := hits(employee, "Nr1060"); !strings.Contains(got, "Nr1060") {
		t.Errorf("an employee does not find themselves: %q", got)
	}
	if got := hits(employee, "vault"); !strings.Contains(got, "Vault") {
		t.Errorf("an employee does not find what may be held: %q", got)
	}
	if n := w.as(employee).get("/search?q=vault").Find("main .t-hits a").Length(); n != 0 {
		t.Errorf("an employee is led to %d pages that are not for them", n)
	}
	it := w.as(itPerson)
	for _, q := range []string{w.ref("1031"), "p1031@example.com", "P1031@EXAMPLE.COM"} {
		if to := it.get("/search?q=" + esc(q)).want(t, http.StatusSeeOther).to; to != personOf(w, "1031") {
			t.Errorf("%q leads to %q", q, to)
		}
	}
	if to := it.get("/search?q=person.nr1030.1030").to; to != personOf(w, "1030") {
		t.Errorf("an account's name leads to %q", to)
	}
	it.get("/search?q=%231").want(t, http.StatusOK).says(t, "Operation #1")
	it.get("/search?q=%231").says(t, "HR run #1")
	w.as(manager).get("/search?q="+w.ref("1004")).want(t, http.StatusOK).says(t, "Nothing found")
	it.get("/search?q=%25").want(t, http.StatusOK).says(t, "Nothing found")
	it.get("/search?q="+strings.Repeat("a", 300)).want(t, http.StatusBadRequest)
	if p := it.get("/search?q=" + esc(evilFirst)).want(t, http.StatusOK); p.Find("mark").Length() == 0 {
		t.Error("what was found is not marked")
	} else {
		harmless(t, "the search", p)
	}
}

// The marks of lists are what is so, and follow it.
func TestMarks(t *testing.T) {
	w := newWorld(t)
	w.outOfBand("directory", "vault", "1030")
	w.read("directory")
	w.do(db.System, audit.MarkPeople)
	if n := w.number(`select count(*) from identity_mark m join identity i on i.id = m.identity_id where m.mark = 'out_of_band' and i.number = '1030'`); n != 1 {
		t.Errorf("%d marks", n)
	}
	want := w.number(`select count(distinct r.identity_id) from reason r join entitlement e on e.id = r.entitlement_id and e.privileged where r.known_to = 'infinity'`)
	if n := w.number(`select count(*) from identity_mark where mark = 'privileged'`); n != want || n == 0 {
		t.Errorf("%d people are marked as privileged, want %d", n, want)
	}
}

// read reads a target whole.
func (w *world) read(target string) {
	w.t.Helper()
	_, err := w.app.Provision.ReadWhole(w.t.Context(), w.number(`select id from application where name = $1`, target))
	w.must(err)
}

// hrSays sends the feed as it was made with some rows changed, and carries what follows.
func (w *world) hrSays(change func(r *demo.Row)) {
	w.t.Helper()
	if w.sent == nil {
		w.sent = rows()
	}
	head := "number,first_name,last_name,email,department,title,location,zone,worker_type,manager,start,end,status"
	body := head + "\n"
	for i := range w.sent {
		r := &w.sent[i]
		change(r)
		for k, cell := range []string{r.Number, r.First, r.Last, r.Email, r.Department, r.Title, r.Location, r.Zone, r.Type, r.Manager, r.Start, r.End, r.Status} {
			if k > 0 {
				body += ","
			}
			body += `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
		body += "\n"
	}
	out, err := w.app.HR.Sync(w.t.Context(), db.Operator, hr.Upload{Source: "people", Name: "people.csv", Body: strings.NewReader(body)})
	w.must(err)
	if out.Held || len(out.Rejected) > 0 || out.Updated+out.Movers == 0 {
		w.t.Fatalf("the feed is not applied: %+v", out)
	}
	w.carry()
}

func (w *world) says(number, field, value string) {
	w.t.Helper()
	w.hrSays(func(r *demo.Row) {
		if r.Number != number {
			return
		}
		switch field {
		case "Manager":
			r.Manager = value
		case "Department":
			r.Department = value
		}
	})
}

func (w *world) rename(number, first, last string) {
	w.t.Helper()
	w.hrSays(func(r *demo.Row) {
		if r.Number == number {
			r.First, r.Last = first, last
		}
	})
}

func esc(s string) string { return url.QueryEscape(s) }

// signed signs in as somebody who is no persona of the demo.
func (w *world) signed(number string) *client {
	w.t.Helper()
	w.password(number, "x"+number+"@example.com")
	c := w.anonymous()
	c.post("/signin", "email", "x"+number+"@example.com", "password", "correct horse battery").want(w.t, http.StatusSeeOther)
	return c
}
