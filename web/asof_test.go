package web_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// past asks who held what.
func (c *client) past(pairs ...string) page {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return c.get("/evidence/as-of?" + q.Encode())
}

// An auditor asks who held what on a date: of a person, of something that is held, compared, as was known before, as a file.
// Nobody else is answered, nothing is written, and what is no question is told at its field.
func TestAsOf(t *testing.T) {
	w := newWorld(t)
	c, before := w.as(auditor), w.rowsOf()
	today := time.Now().UTC().Format(time.DateOnly)
	if p := c.get("/evidence/as-of").want(t, http.StatusOK); p.Find("#answer").Length() > 0 {
		t.Error("before anything is asked there is an answer")
	}
	p := c.past("person", "1030", "at", today).want(t, http.StatusOK)
	for _, says := range []string{"What Person Nr1030 held", "Worked as Seller in Sales, Hamburg.", "As is known now.", "of the policy was in force", "because: ", "the policy was applied by"} {
		p.says(t, says)
	}
	href, _ := p.Find("#answer tbody a").First().Attr("href")
	c.get(href).want(t, http.StatusOK).says(t, "With who decided it")
	c.past("person", "1030", "at", today, "known", "2020-01-01").want(t, http.StatusOK).says(t, "HR had not told of this person then.")
	c.past("person", "1030", "at", "2019-05-01").want(t, http.StatusOK).says(t, "Held nothing then")
	d := c.past("person", "1030", "at", "2019-05-01", "compare", today).want(t, http.StatusOK)
	d.says(t, "Gained")
	if p.Find("#answer tbody tr").Length() != d.Find("#answer tbody tr").Length() {
		t.Error("compared with a date before everything, not all of it is gained")
	}
	w.holders(c, today)
	c.past("person", "Nobody at all", "what", "moon/vault", "at", "yesterday", "known", "2999-01-01").want(t, http.StatusBadRequest).says(t, "Please look at 4 fields again")
	c.past("compare", "2999-01-01").want(t, http.StatusBadRequest).says(t, "is still ahead")
	if tables := changed(before, w.rowsOf()); len(tables) > 0 {
		t.Errorf("looking changed %v", tables)
	}
	w.as(itPerson).past("person", "1030").want(t, http.StatusForbidden)
	if p := w.as(itPerson).get(personOf(w, "1030")+"?as_of="+today).want(t, http.StatusOK); strings.Contains(p.Text(), "With who decided it") {
		t.Error("whoever may not look is shown where")
	}
	w.program(itPerson, "read").get("/api/v1/access").problem(t, http.StatusForbidden, "forbidden")
	w.apiAsOf(today)
}

// holders holds the file and the pages of who held something against what the database has.
func (w *world) holders(c *client, today string) {
	t := w.t
	n := w.number(`select count(distinct r.identity_id) from reason r join entitlement e on e.id = r.entitlement_id join application a on a.id = e.application_id
		where a.name = 'directory' and e.name = 'staff' and r.known_to = 'infinity' and r.valid_from <= now() and r.valid_to > now()`)
	if n <= 25 {
		t.Fatalf("%d people hold it: no second page", n)
	}
	body := c.past("what", "directory/staff", "at", today, "export", "csv").want(t, http.StatusOK).body
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff"))).ReadAll()
	w.must(err)
	if len(lines)-1 != n {
		t.Errorf("the file has %d holders, the database %d", len(lines)-1, n)
	}
	seen := map[string]bool{}
	for next := "/evidence/as-of?what=directory%2Fstaff&at=" + today; next != ""; {
		p := c.get(next).want(t, http.StatusOK)
		for _, a := range p.Find("#answer tbody tr td:first-child a, #answer tbody tr th a").EachIter() {
			seen[a.Text()] = true
		}
		next, _ = p.Find("#answer a[rel=next]").Attr("href")
	}
	if len(seen) != n {
		t.Errorf("the pages have %d holders, the database %d", len(seen), n)
	}
}

// apiAsOf asks programs' questions.
func (w *world) apiAsOf(today string) {
	t := w.t
	type held struct {
		Items []struct {
			Person struct{ Name string }
			Work   struct{ Told bool }
			Held   []struct {
				Change, Entitlement string
				Reasons             []struct {
					Text string
					By   []struct{ Who, Did string }
				}
			}
		}
		Next string `json:"next_cursor"`
	}
	c := w.program(auditor, "read")
	var one, page held
	c.get("/api/v1/access?person="+w.ref("1030")+"&at="+today).answer(t, http.StatusOK, &one)
	if len(one.Items) != 1 || len(one.Items[0].Held) == 0 || len(one.Items[0].Held[0].Reasons)+len(one.Items[0].Held[len(one.Items[0].Held)-1].Reasons) == 0 {
		t.Fatalf("%+v", one)
	}
	one = held{}
	c.get("/api/v1/access?compare=2019-05-01&person="+w.ref("1030")).answer(t, http.StatusOK, &one)
	for _, g := range one.Items[0].Held {
		if g.Change != "gained" {
			t.Errorf("%s is %q since before everything", g.Entitlement, g.Change)
		}
	}
	names := map[string]bool{}
	at := "/api/v1/access?limit=20&entitlement=directory%2Fstaff&application=directory&at=" + today
	for next := at; next != ""; {
		page = held{}
		c.get(next).answer(t, http.StatusOK, &page)
		for _, x := range page.Items {
			names[x.Person.Name] = true
		}
		if next = ""; page.Next != "" {
			next = at + "&cursor=" + page.Next
		}
	}
	if len(names) <= 25 {
		t.Errorf("%d holders", len(names))
	}
	for _, q := range []string{"at=yesterday", "known=2999-01-01", "compare=x", "entitlement=directory%2Fstaff&application=ledger"} {
		c.get("/api/v1/access?"+q).problem(t, http.StatusBadRequest, "invalid")
	}
	c.get("/api/v1/access?application=moon").problem(t, http.StatusNotFound, "not_found")
}
