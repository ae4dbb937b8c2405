package web_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

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
	found := w.as(employee).get("/search?q=vault").want(t, http.StatusOK)
	if text := found.Find("main .t-hits").Text(); strings.Contains(text, "orphan") || strings.Contains(text, "account of") {
		t.Errorf("an employee finds accounts of others: %q", text)
	}
	if n := found.Find("main .t-hits a").Length(); n != 1 {
		t.Errorf("of what may be held an employee is led to %d pages, want the one that says why they hold it or not", n)
	}
	found.Find("main .t-hits a").Each(func(_ int, a *goquery.Selection) {
		w.as(employee).get(a.AttrOr("href", "")).want(t, http.StatusOK).says(t, "Vault")
	})
	if found.Find(`header form[role="search"], header [role="search"]`).Length() == 0 {
		t.Error("an employee has no search box")
	}
	it := w.as(itPerson)
	for _, q := range []string{w.ref("1031"), "p1031@example.com", "P1031@EXAMPLE.COM"} {
		if to := it.get("/search?q="+esc(q)).want(t, http.StatusSeeOther).to; to != personOf(w, "1031") {
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
	if p := it.get("/search?q="+esc(evilFirst)).want(t, http.StatusOK); p.Find("mark").Length() == 0 {
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
	w.keys[number], _ = c.local("x" + number + "@example.com")
	return c
}

// The list stands in every order both ways, page after page, each person once, whatever comes in between.
func TestPagesOfPeople(t *testing.T) {
	w := newWorld(t)
	c := w.as(itPerson)
	for _, sort := range []string{"", "-name", "number", "-number", "since", "department", "-department"} {
		seen, path, pages := map[string]int{}, "/people?sort="+sort, 0
		if sort == "" {
			path = "/people"
		}
		for path != "" && pages < 5 {
			p := c.get(path).want(t, http.StatusOK)
			p.Find("tbody th a").Each(func(_ int, a *goquery.Selection) { seen[a.Text()]++ })
			path, _ = p.Find("a[rel=next]").Attr("href")
			if pages++; pages == 1 && sort == "" { // somebody new comes before the place we are at
				w.hrSays(func(r *demo.Row) {
					if r.Number == "1009" {
						r.Last = "Aaa"
					}
				})
			}
		}
		if len(seen) != 60 && sort != "" || pages != 3 {
			t.Errorf("by %q there are %d people on %d pages", sort, len(seen), pages)
		}
		for name, n := range seen {
			if n != 1 {
				t.Errorf("by %q %s stands %d times", sort, name, n)
			}
		}
	}
	c.get("/people?sort=salary").want(t, http.StatusBadRequest)
	c.get("/people?department=Nowhere").want(t, http.StatusBadRequest)
	c.get("/people?department=Nowhere&export=csv").want(t, http.StatusBadRequest)
	p := c.get("/people?department=Finance&sort=-number").want(t, http.StatusOK)
	if n := p.Find("tbody tr").Length(); n != w.number(`select count(*) from identity_entry where department = 'Finance'`) || n == 0 {
		t.Errorf("%d people of Finance", n)
	}
}

// The file has whom the list has, no cell runs in a spreadsheet, and the chosen are those that were ticked and may be seen.
func TestPeopleAsAFile(t *testing.T) {
	w := newWorld(t)
	w.hrSays(func(r *demo.Row) {
		if r.Number == "1030" {
			r.Title = `=HYPERLINK("http://evil")`
		}
	})
	read := func(p page) [][]string {
		t.Helper()
		all, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(p.body, "\ufeff"))).ReadAll()
		w.must(err)
		return all
	}
	it, m := w.as(itPerson), w.as(manager)
	all := read(it.get("/people?export=csv").want(t, http.StatusOK))
	if len(all) != 61 {
		t.Errorf("the file has %d lines, want 60 people and a head", len(all))
	}
	found := false
	for _, line := range all {
		for _, cell := range line {
			if strings.HasPrefix(cell, "=") {
				t.Errorf("a spreadsheet runs %q", cell)
			}
			found = found || strings.HasPrefix(cell, "'=HYPERLINK")
		}
	}
	if !found {
		t.Error("the title that looks like a formula is not in the file")
	}
	if n := len(read(m.get("/people?export=csv").want(t, http.StatusOK))); n != 54 {
		t.Errorf("the manager's file has %d lines, want 53 people and a head", n)
	}
	picked := read(m.post("/people/chosen", "act", "export", "pick", w.ref("1030"), "pick", w.ref(auditor)).want(t, http.StatusOK))
	if len(picked) != 2 || picked[1][1] != "1030" {
		t.Errorf("the manager's chosen are %v", picked)
	}
	m.post("/people/chosen", "act", "export").want(t, http.StatusBadRequest).says(t, "Tick at least one")
	m.post("/people/chosen", "act", "check", "pick", w.ref("1030")).want(t, http.StatusForbidden)
	it.post("/people/chosen", "act", "check", "pick", w.ref("1030"), "pick", w.ref("1031")).want(t, http.StatusOK).says(t, "Check the targets of 2 people now?")
	p := it.post("/people/check", "pick", w.ref("1030"), "pick", w.ref("1031"), "pick", "0b0e9a6e-0000-4000-8000-000000000000").want(t, http.StatusOK)
	p.says(t, "The accounts of 2 people are read now")
	p.says(t, "1 chosen person is left out")
	if n := w.number(`select count(*) from river_job where kind = 'provision.read_accounts'`); n != 1 {
		t.Errorf("%d readings are asked for, want one of the one application where they are", n)
	}
	account := w.number(`select a.id from account a join account_link l on l.account_id = a.id join identity i on i.id = l.identity_id where i.number = '1030' limit 1`)
	w.must(w.app.Provision.ReadAccounts(t.Context(), w.number(`select id from application where name = 'directory'`), []int{account}))
}

// What somebody held at the end of a day is what the reasons of that day say; a day ahead is refused; another's entry is not there.
func TestPersonThen(t *testing.T) {
	w := newWorld(t)
	c, page := w.as(itPerson), personOf(w, "1030")
	w.says("1030", "Department", "Finance")
	p := c.get(page).want(t, http.StatusOK)
	p.says(t, "Vault")
	p.says(t, "Becomes Seller in Finance, Hamburg")
	c.get(page+"?as_of=2019-05-01").want(t, http.StatusOK).says(t, "Held nothing then")
	c.get(page+"?as_of=2019-05-01").says(t, "HR had not told of this person then")
	today := time.Now().UTC().Format(time.DateOnly)
	c.get(page+"?as_of="+today).want(t, http.StatusOK).says(t, "Worked as Seller in Finance, Hamburg")
	d := c.get(page+"?compare=2019-05-01").want(t, http.StatusOK)
	if n := d.Find("[aria-labelledby=diff-gains] li").Length(); n < 2 {
		t.Errorf("compared with a day before, %d things are gained", n)
	}
	c.get(page+"?as_of=2999-01-01").want(t, http.StatusOK).says(t, "That day is still ahead")
	c.get(page+"?as_of=yesterday").want(t, http.StatusOK).says(t, "Write a day as")
	href, _ := c.get(page + "?part=hr").Find(".t-event-own").First().Attr("href")
	c.get(strings.Split(href, "#")[0]).want(t, http.StatusOK).says(t, "Show the whole timeline")
	event := strings.Split(strings.Split(href, "event=")[1], "#")[0]
	c.get(personOf(w, "1031")+"?event="+event).want(t, http.StatusNotFound)
	w.as(manager).get(personOf(w, auditor)+"?as_of="+today).want(t, http.StatusNotFound)
}

// A mover's page says what is kept, gained and lost; a hand-over is kept longer by whom the person reports to, with a reason and
// within bounds, and not by themselves.
func TestAMove(t *testing.T) {
	w := newWorld(t)
	page := personOf(w, "1015") // of Finance
	c, m := w.as(itPerson), w.as(manager)
	c.get(page+"/move").want(t, http.StatusOK).says(t, "No move is known")
	w.says("1015", "Department", "Sales")
	p := m.get(page+"/move").want(t, http.StatusOK)
	p.says(t, "Moved on")
	if got := p.Find("[aria-labelledby=diff-loses]").Text(); !strings.Contains(got, "Vault") || !strings.Contains(got, "at once, because it is privileged") || !strings.Contains(got, "Books") {
		t.Errorf("loses %q", got)
	}
	if got := p.Find("[aria-labelledby=diff-keeps]").Text(); !strings.Contains(got, "All staff") {
		t.Errorf("keeps %q", got)
	}
	href, ok := p.Find("[aria-labelledby=diff-loses] a.btn").Attr("href")
	if !ok {
		t.Fatal("nobody can keep it for longer")
	}
	ask := m.get(href).want(t, http.StatusOK)
	ask.says(t, "Keep Books for longer?")
	last, _ := ask.Find("input[name=until]").Attr("max")
	m.post(page+"/handover", "entitlement", "ledger/books", "until", last, "reason", " ").want(t, http.StatusBadRequest)
	m.post(page+"/handover", "entitlement", "ledger/books", "until", "2099-01-01", "reason", "Month end").want(t, http.StatusBadRequest).says(t, "30 days after the move")
	m.post(page+"/handover", "entitlement", "ledger/books", "until", "soon", "reason", "Month end").want(t, http.StatusBadRequest)
	m.post(page+"/handover", "entitlement", "directory/vault", "until", last, "reason", "Month end").want(t, http.StatusConflict)
	m.post(page+"/handover", "entitlement", "ledger/books", "until", last, "reason", "Month end").want(t, http.StatusSeeOther)
	if n := w.number(`select count(*) from reason where kind = 'handover' and known_to = 'infinity' and valid_to > now() + interval '25 days' and valid_to <= valid_from + interval '30 days'`); n != 1 {
		t.Errorf("%d hand-overs go on, want 1 for nearly thirty days", n)
	}
	c.get(page).want(t, http.StatusOK).says(t, "Hand-over kept longer")
	c.get(page).says(t, "Month end")
	w.signed("1015").post(page+"/handover", "entitlement", "ledger/books", "until", last, "reason", "me").want(t, http.StatusForbidden)
	w.as(auditor).post(page+"/handover", "entitlement", "ledger/books", "until", last, "reason", "me").want(t, http.StatusForbidden)
}

// Why or why not, in two choices without a script, with the one fact that would change it.
func TestWhyOrWhyNot(t *testing.T) {
	w := newWorld(t)
	c, page := w.as(itPerson), personOf(w, "1030")+"/explain"
	c.get(page).want(t, http.StatusOK).says(t, "Choose an application")
	p := c.get(page+"?app=directory").want(t, http.StatusOK)
	if n := p.Find("select[name=entitlement] option").Length(); n != 3 {
		t.Errorf("%d choices", n)
	}
	c.get(page+"?app=directory&entitlement=directory%2Fstaff").want(t, http.StatusOK).says(t, "holds All staff (Company directory)")
	p = c.get(page+"?app=directory&entitlement=directory%2Fvault").want(t, http.StatusOK)
	p.says(t, "does not hold Vault")
	p.says(t, "One fact would change it: if the department were “Finance” instead of “Sales”, rule keepers would give it.")
	w.as(manager).get(personOf(w, auditor)+"/explain").want(t, http.StatusNotFound)
	w.as(employee).get(personOf(w, employee)+"/explain?app=directory").want(t, http.StatusOK)
}
