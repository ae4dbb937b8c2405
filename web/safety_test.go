package web_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/web"
)

// A change that another site asks a browser for is refused, and so is one with a session that does not say where it comes from.
func TestOnlyOurPagesChangeAnything(t *testing.T) {
	w := newWorld(t)
	c := w.as(employee)
	for name, ask := range map[string]func() page{
		"cross-site": func() page {
			c.site = "cross-site"
			return c.post("/me/tokens", "name", "x", "days", "7", "scope", "read")
		},
		"a sibling sub-domain": func() page {
			c.site = "same-site"
			return c.post("/me/tokens", "name", "x", "days", "7", "scope", "read")
		},
		"silent about itself": func() page { c.site = ""; return c.post("/me/tokens", "name", "x", "days", "7", "scope", "read") },
		"an origin of no page": func() page {
			c.site = ""
			return c.send("POST", "/me/tokens", strings.NewReader("name=x&days=7&scope=read"), "Content-Type", "application/x-www-form-urlencoded", "Origin", "null")
		},
		"another origin": func() page {
			c.site = ""
			return c.send("POST", "/me/tokens", strings.NewReader("name=x&days=7&scope=read"), "Content-Type", "application/x-www-form-urlencoded", "Origin", "https://evil.example")
		},
		"text/plain": func() page {
			c.site = "cross-site"
			return c.send("POST", "/me/tokens", strings.NewReader("name=x&days=7&scope=read"), "Content-Type", "text/plain")
		},
		"a method in a field": func() page {
			c.site = "cross-site"
			return c.send("GET", "/me/tokens/1/revoke?_method=POST", nil, "X-HTTP-Method-Override", "POST")
		},
	} {
		if p := ask(); p.status != http.StatusForbidden && p.status != http.StatusMethodNotAllowed {
			t.Errorf("%s: answered %d", name, p.status)
		}
	}
	if n := w.number(`select count(*) from token`); n != 0 {
		t.Errorf("%d tokens were made", n)
	}
	c.site = ""
	c.send("POST", "/me/tokens", strings.NewReader("name=x&days=7&scope=read"), "Content-Type", "application/x-www-form-urlencoded", "Origin", w.server.URL).want(t, http.StatusOK)
	c.site = "same-origin"
	c.post("/me/tokens", "name", "y", "days", "7", "scope", "read").want(t, http.StatusOK)
	if n := w.number(`select count(*) from token`); n != 2 {
		t.Errorf("our own pages made %d tokens, want 2", n)
	}
}

// tables are all tables but those of the floor, and partitions, which are read through what they are of: what a reading request must leave as it is.
func (w *world) tables() (tables []string) {
	w.t.Helper()
	rows, err := w.app.DB.Pool.Query(w.t.Context(), `select tablename from pg_tables where schemaname = 'public' and tablename not in ('sessions', 'portal_session')
		and tablename not like 'river%' and tablename not like 'event\_%' and tablename not in ('tally', 'goose_db_version')
		and not (select c.relispartition from pg_class c where c.oid = format('public.%I', tablename)::regclass) order by 1`)
	w.must(err)
	for rows.Next() {
		var n string
		w.must(rows.Scan(&n))
		tables = append(tables, n)
	}
	w.must(rows.Err())
	return tables
}

// keptOf is a table without what says that an auditor opened a page: that is noted whenever they do.
func keptOf(table string) string {
	if table == "event" {
		return `(select * from event where kind <> 'evidence.opened')`
	}
	return table
}

// governed gives a hash over them.
func (w *world) governed() string {
	w.t.Helper()
	sum := sha256.New()
	for _, table := range w.tables() {
		var h string
		w.must(w.app.DB.Pool.QueryRow(w.t.Context(), fmt.Sprintf(`select coalesce(md5(string_agg(t::text, '|' order by t::text)), '') from %s t`, keptOf(table))).Scan(&h))
		fmt.Fprintln(sum, table, h)
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

func mustURL(t *testing.T, address string) *url.URL {
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func personOf(w *world, number string) string { return "/people/" + w.ref(number) }

// The name itself is shown, as text.
func TestNamesAreText(t *testing.T) {
	w := newWorld(t)
	c := w.as(administrator)
	for _, path := range []string{"/people?q=script", personOf(w, "1010"), personOf(w, "1010") + "/terminate"} {
		p := c.get(path).want(t, http.StatusOK)
		if !strings.Contains(p.Find("main").Text(), evilFirst) || !strings.Contains(p.body, "&lt;script&gt;alert(1)&lt;/script&gt;") {
			t.Errorf("%s does not show the name as it is", path)
		}
		harmless(t, path, p)
	}
	p := c.get(`/people?q=%22%3E%3Cimg+src%3Dx+onerror%3Dalert(1)%3E`).want(t, http.StatusOK)
	harmless(t, "the search", p)
	if v, _ := p.Find("main input[name=q]").Attr("value"); v != `"><img src=x onerror=alert(1)>` {
		t.Errorf("the search box holds %q", v)
	}
	if n := c.get("/people?q=%25").want(t, http.StatusOK).Find("tbody tr").Length(); n != 0 {
		t.Errorf("a search for %% finds %d people: it is a pattern", n)
	}
}

// Whom somebody may not see does not exist for them.
func TestOthersDoNotExist(t *testing.T) {
	w := newWorld(t)
	e, m := w.as(employee), w.as(manager)
	e.get(personOf(w, employee)).want(t, http.StatusOK)
	e.get(personOf(w, manager)).want(t, http.StatusNotFound)
	e.get(personOf(w, "1030")).want(t, http.StatusNotFound)
	m.get(personOf(w, employee)).want(t, http.StatusOK)
	m.get(personOf(w, auditor)).want(t, http.StatusNotFound)
	m.get("/people/"+strings.Repeat("0", 36)).want(t, http.StatusNotFound)
	if a, b := e.get(personOf(w, "1030")).Find("main").Text(), e.get("/people/0b0e9a6e-0000-4000-8000-000000000000").Find("main").Text(); a != b {
		t.Error("the answer tells who exists")
	}
	if n := m.get("/people").want(t, http.StatusOK).Find("tbody tr").Length(); n != 25 {
		t.Errorf("the manager's list has %d lines, want a page of 25 of the team", n)
	}
	if text := m.get("/people?q=1004").Find("tbody").Text(); strings.Contains(text, "1004") {
		t.Error("the manager finds somebody who does not report to them")
	}
	e.get(personOf(w, employee)+"/terminate").want(t, http.StatusForbidden)
}

// A session ends with the person's work here, at once and on our side; signing in gives it a new token.
func TestSessionsEnd(t *testing.T) {
	w := newWorld(t)
	c := w.as(employee)
	token := func() string {
		for _, k := range c.http.Jar.Cookies(mustURL(t, w.server.URL)) {
			if k.Name == "tenure" {
				return k.Value
			}
		}
		return ""
	}
	first := token()
	if len(first) < 43 {
		t.Errorf("the token %q has fewer than 256 bits", first)
	}
	if n := w.number(`select count(*) from sessions where token = $1`, first); n != 0 {
		t.Error("the table of sessions holds the token itself")
	}
	c.post("/signin/persona", "person", w.ref(employee)).want(t, http.StatusSeeOther)
	if token() == first {
		t.Error("signing in kept the token from before")
	}
	stolen := token()
	c.post("/signout").want(t, http.StatusSeeOther)
	if p := c.send("GET", "/", nil, "Cookie", "tenure="+stolen); p.to != "/signin" {
		t.Errorf("a token still works after signing out: %d", p.status)
	}
	c = w.as(employee)
	c.get("/me").want(t, http.StatusOK)
	var p *identity.Person
	w.do(db.System, func(tx *db.Tx) (err error) {
		if p, err = identity.Find(tx, employee); err == nil {
			_, err = lifecycle.Terminate(tx, p.ID, "a test")
		}
		return err
	})
	if got := c.get("/me"); got.status != http.StatusSeeOther {
		t.Errorf("who was terminated still reads: %d", got.status)
	}
	if got := c.get("/me", "HX-Request", "true"); got.status != http.StatusUnauthorized {
		t.Errorf("a part that refreshes itself is answered %d, want 401", got.status)
	}
	if got := w.anonymous().post("/signin/persona", "person", w.ref(employee)); got.status == http.StatusSeeOther {
		t.Error("who was terminated signs in")
	}
}

// What refreshes itself does not keep anybody signed in.
func TestRefreshingKeepsNobodySignedIn(t *testing.T) {
	w := newWorld(t)
	c := w.as(itPerson)
	expiry := func() (at time.Time) {
		w.must(w.app.DB.Pool.QueryRow(t.Context(), `select expiry from sessions`).Scan(&at))
		return at
	}
	_, err := w.app.DB.Pool.Exec(t.Context(), `update sessions set expiry = expiry - interval '5 minutes'`) // the last page was opened a while ago
	w.must(err)
	before := expiry()
	c.get("/operations", "HX-Request", "true").want(t, http.StatusOK)
	if !expiry().Equal(before) {
		t.Error("a part that refreshed itself extended the session")
	}
	c.get("/operations").want(t, http.StatusOK)
	if !expiry().After(before) {
		t.Error("opening a page did not extend the session")
	}
}

// local is a live database with a local administrator: what a real installation begins as.
func local(t *testing.T) (*world, *client) {
	d := dbtest.New(t)
	w := &world{t: t, app: houseOf(d)}
	w.do(db.Operator, func(tx *db.Tx) error {
		return auth.SetAdministrator(tx, "admin@example.com", "Ada Brandt", "correct horse battery")
	})
	w.serve(web.Options{})
	return w, w.anonymous()
}

// A client that asks for JSON gets RFC 9457's problem; what is internal is not told.
func TestProblems(t *testing.T) {
	w, c := local(t)
	p := c.get("/people", "Accept", "application/json").want(t, http.StatusUnauthorized)
	if got := p.header.Get("Content-Type"); got != "application/problem+json" || !strings.Contains(p.body, `"status":401`) {
		t.Errorf("%s %s", got, p.body)
	}
	c.local("admin@example.com")
	_, err := dbtest.Owner(t, w.app.DB).Exec(t.Context(), `alter table snapshot rename to lost`)
	w.must(err)
	p = c.get("/hr/runs").want(t, http.StatusInternalServerError)
	p.says(t, "Something went wrong on our side")
	if strings.Contains(p.body, "snapshot") || strings.Contains(p.body, "42P01") {
		t.Error("the page tells what went wrong inside")
	}
	if p.Find("main code").Text() != p.header.Get("X-Request-Id") {
		t.Error("the page does not show the reference of the request")
	}
	p = c.get("/hr/runs", "Accept", "application/json").want(t, http.StatusInternalServerError)
	if strings.Contains(p.body, "snapshot") {
		t.Errorf("the problem tells what went wrong inside: %s", p.body)
	}
}

func TestAddressesStayInside(t *testing.T) {
	for address, want := range map[string]string{
		"/people?q=a": "/people?q=a", "": "/", "https://evil.example": "/", "//evil.example": "/", "/\\evil.example": "/", "/a\r\nSet-Cookie: x": "/",
		"javascript:alert(1)": "/", "people": "/", "/%2f/evil.example": "/",
	} {
		if got := web.Inside(address); got != want {
			t.Errorf("%q leads to %q, want %q", address, got, want)
		}
	}
}

// Large bodies are refused before they are read.
func TestLargeBodiesAreRefused(t *testing.T) {
	w := newWorld(t)
	c := w.as(employee)
	p := c.post("/me/tokens", "name", strings.Repeat("x", 300<<10), "days", "7")
	if p.status != http.StatusRequestEntityTooLarge {
		t.Errorf("a form of 300 kB is answered %d", p.status)
	}
}
