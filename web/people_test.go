package web_test

import (
	"net/http"
	"strings"
	"testing"

	"tenure/internal/audit"
	"tenure/internal/db"
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
	w.feed2("1012", "Manager", "1011")
	if n := m.get("/team").Find("tbody tr:contains('Nr1012')").Length(); n != 0 {
		t.Error("who reports to somebody else is listed as a direct report")
	}
	m.get("/team?scope=below").want(t, http.StatusOK).says(t, "reports to Person Nr1011")
	m.get(personOf(w, "1012")).want(t, http.StatusOK)
	w.as("1011").get(personOf(w, "1012")).want(t, http.StatusOK)
	w.as("1011").get(personOf(w, "1013")).want(t, http.StatusNotFound)
	// A circle of managers is walked once.
	w.feed2("1011", "Manager", "1012")
	w.as("1011").get("/team?scope=below").want(t, http.StatusOK).says(t, "1 person reports to you or to somebody below you")
	w.as(employee).get("/team").want(t, http.StatusForbidden)
}

// Search finds what the reader may see, and nothing else.
func TestSearching(t *testing.T) {
	w := newWorld(t)
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
	w.rename("1009", "Person", "Other")
	w.do(db.System, audit.MarkPeople)
}
