package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/demo"
	"tenure/web"
)

const password = "correct horse battery"

// local signs in with a password for the first time: the second step is set up on the way. It gives the app's key and the recovery codes.
func (c *client) local(email string) (key string, recovery []string) {
	t := c.w.t
	t.Helper()
	if p := c.post("/signin", "email", email, "password", password).want(t, http.StatusSeeOther); p.to != "/signin/enrol" {
		t.Fatalf("the first sign-in leads to %s", p.to)
	}
	p := c.get("/signin/enrol").want(t, http.StatusOK)
	key = strings.ReplaceAll(p.Find("code.t-secret").Text(), " ", "")
	p = c.post("/signin/enrol", "code", codeAt(t, key, time.Now())).want(t, http.StatusOK)
	return key, p.Find(".t-codes code").Map(func(_ int, s *goquery.Selection) string { return s.Text() })
}

func codeAt(t testing.TB, key string, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCodeCustom(key, at, totp.ValidateOpts{Period: 30, Digits: otp.DigitsSix})
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// again lets the last used code of everybody be long ago, so that the current one is new.
func (w *world) again() {
	w.t.Helper()
	_, err := w.app.DB.Pool.Exec(w.t.Context(), `update second_factor_use set last_step = 0`)
	w.must(err)
}

func TestSignInWithAPassword(t *testing.T) {
	w, c := local(t)
	if p := c.get("/hr/runs?state=held").want(t, http.StatusSeeOther); p.to != "/signin?next=%2Fhr%2Fruns%3Fstate%3Dheld" {
		t.Errorf("sent to %s", p.to)
	}
	c.post("/signin").want(t, http.StatusBadRequest).says(t, "Enter your e-mail address")
	c.post("/signin", "email", "admin@example.com", "password", "wrong").want(t, http.StatusUnauthorized).says(t, "is not right")
	c.post("/signin", "email", "nobody@example.com", "password", "wrong").want(t, http.StatusUnauthorized).says(t, "is not right")
	if n := w.number(`select count(*) from guess where wrong = 1`); n != 2 { // the address has two
		t.Errorf("%d counts are at one, want that of each account: they must commit with the refusal", n)
	}
	if p := c.post("/signin", "email", "Admin@example.com", "password", password, "next", "https://evil.example/").want(t, http.StatusSeeOther); p.to != "/signin/enrol" {
		t.Errorf("led to %s", p.to)
	}
	c.get("/").want(t, http.StatusSeeOther) // the password alone opens nothing
	c.get("/signin/second").want(t, http.StatusOK)
	c.get("/signin/enrol").want(t, http.StatusOK)
	c.post("/signin/enrol", "code", "000000").want(t, http.StatusUnauthorized).says(t, "is not the one the app shows")
	c = w.anonymous()
	c.local("admin@example.com")
	c.get("/").want(t, http.StatusOK).says(t, "This database is new")
	if n := w.number(`select count(*) from event where kind = 'auth.break_glass_used'`); n != 1 {
		t.Errorf("the use of the local administrator stands in the log %d times", n)
	}
	if n := w.number(`select count(*) from event where kind = 'auth.refused'`); n != 2 {
		t.Errorf("%d refusals stand in the log, want 2", n)
	}
	if c.get("/demo/hr").status != http.StatusNotFound || c.post("/signin/persona", "person", "x").status != http.StatusNotFound {
		t.Error("the demo is open in a live database")
	}
}

// A code works once, a recovery code once; the password alone adds no second factor, and the secret is sealed in its row.
func TestTheSecondStep(t *testing.T) {
	w, c := local(t)
	key, recovery := c.local("admin@example.com")
	second := func(code string) page {
		c := w.anonymous()
		if p := c.post("/signin", "email", "admin@example.com", "password", password).want(t, http.StatusSeeOther); p.to != "/signin/second" {
			t.Fatalf("led to %s", p.to)
		}
		c.get("/signin/enrol").want(t, http.StatusConflict)
		c.post("/signin/enrol", "code", code).want(t, http.StatusConflict)
		return c.post("/signin/second", "code", code)
	}
	code := codeAt(t, key, time.Now())
	second(code).want(t, http.StatusUnauthorized).says(t, "used already") // the set-up used it
	w.again()
	code = codeAt(t, key, time.Now())
	second(code).want(t, http.StatusSeeOther)
	second(code).want(t, http.StatusUnauthorized)
	second(recovery[0]).want(t, http.StatusSeeOther)
	second(recovery[0]).want(t, http.StatusUnauthorized)
	if n := w.number(`select count(*) from second_factor where position($1::bytea in sealed) > 0 or length(sealed) < 32`, key); n != 0 {
		t.Error("the secret is not sealed")
	}
}

// Another password ends every session.
func TestAnotherPasswordEndsSessions(t *testing.T) {
	w, c := local(t)
	c.local("admin@example.com")
	c.get("/").want(t, http.StatusOK)
	w.do(db.Operator, func(tx *db.Tx) error {
		return auth.SetAdministrator(tx, "admin@example.com", "Ada Brandt", "another horse battery")
	})
	c.get("/").want(t, http.StatusSeeOther)
}

// Guessing from many addresses rests the account for strangers, for a known browser it does not; forged addresses help nobody.
func TestGuessingIsSlowedDown(t *testing.T) {
	w, known := local(t)
	key, _ := known.local("admin@example.com")
	known.post("/signout").want(t, http.StatusSeeOther)
	for i := range 10 {
		w.anonymous().send("POST", "/signin", strings.NewReader("email=admin%40example.com&password=x"), "Content-Type", "application/x-www-form-urlencoded",
			"X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i)).want(t, http.StatusUnauthorized)
	}
	c := w.anonymous()
	p := c.post("/signin", "email", "admin@example.com", "password", password).want(t, http.StatusTooManyRequests)
	p.says(t, "too many wrong tries")
	if p.header.Get("Retry-After") == "" {
		t.Error("nobody is told how long to wait")
	}
	before := w.number(`select sum(wrong) from guess where rests_to is not null`)
	c.post("/signin", "email", "admin@example.com", "password", password).want(t, http.StatusTooManyRequests)
	if after := w.number(`select sum(wrong) from guess where rests_to is not null`); after != before {
		t.Error("trying during a rest prolongs it")
	}
	if p := known.post("/signin", "email", "admin@example.com", "password", password).want(t, http.StatusSeeOther); p.to != "/signin/second" {
		t.Errorf("led to %s", p.to)
	}
	w.again()
	known.post("/signin/second", "code", codeAt(t, key, time.Now())).want(t, http.StatusSeeOther)
	if w.number(`select extract(epoch from max(rests_to) - clock_timestamp())::int from guess`) > 60 {
		t.Error("the first rest is longer than a minute")
	}
}

// A spray over many accounts from one address is stopped, over all processes: the count stands in the database.
func TestSprayingIsSlowedDown(t *testing.T) {
	w, c := local(t)
	refused := 0
	for i := range 34 {
		if i == 20 {
			w.serve(web.Options{}) // another process
			c = w.anonymous()
		}
		p := c.send("POST", "/signin", strings.NewReader(fmt.Sprintf("email=p%d%%40example.com&password=x", i)), "Content-Type", "application/x-www-form-urlencoded",
			"X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i)) // a made-up address helps nobody: no proxy is trusted
		if p.status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused != 4 {
		t.Errorf("%d of 34 tries were refused, want those after the thirtieth", refused)
	}
}

// A session that is ended is over on every server; others of the same person go on; somebody else's does not exist.
func TestSessionsAreEndedEverywhere(t *testing.T) {
	w := newWorld(t)
	first := w.as(employee)
	one := w.server
	w.serve(web.Options{Demo: &web.Demo{Organisation: demo.Name, Feed: w.feed}})
	second, other := w.as(employee), w.as(manager)
	p := second.get("/me/sessions").want(t, http.StatusOK)
	if n := p.Find("tbody tr").Length(); n != 2 {
		t.Fatalf("%d sessions are listed, want 2", n)
	}
	second.post(fmt.Sprintf("/me/sessions/%d/end", w.number(`select max(id) from portal_session`))).want(t, http.StatusNotFound)
	second.post("/me/sessions/end-others").want(t, http.StatusSeeOther)
	second.get("/me").want(t, http.StatusOK)
	other.get("/me").want(t, http.StatusOK)
	w.server = one
	if got := first.get("/me"); got.status != http.StatusSeeOther {
		t.Errorf("an ended session still reads on another server: %d", got.status)
	}
}

// A sensitive act asks for a fresh proof, keeps what was entered, and sends nothing by itself.
func TestSensitiveActsNeedAFreshProof(t *testing.T) {
	w := newWorld(t)
	c := w.as(compliance)
	_, err := w.app.DB.Pool.Exec(t.Context(), `update portal_session set proved_at = clock_timestamp() - interval '11 minutes'`)
	w.must(err)
	ask := personOf(w, employee) + "/terminate"
	if p := c.get(ask).want(t, http.StatusSeeOther); p.to != "/stepup?next="+strings.ReplaceAll(ask, "/", "%2F") {
		t.Errorf("led to %s", p.to)
	}
	if p := c.post("/me/tokens", "name", "kept", "days", "7", "scope", "read").want(t, http.StatusSeeOther); p.to != "/stepup?next=%2Fstepup%2Fresume" {
		t.Errorf("led to %s", p.to)
	}
	before := c.cookie("tenure")
	c.get("/stepup?next=/stepup/resume").want(t, http.StatusOK).says(t, "In a real installation you would prove")
	c.post("/stepup", "next", "/stepup/resume").want(t, http.StatusSeeOther)
	if c.cookie("tenure") == before {
		t.Error("the proof kept the session's token")
	}
	p := c.get("/stepup/resume").want(t, http.StatusOK)
	p.says(t, "Nothing has been done yet")
	if v, _ := p.Find(`input[name="name"]`).Attr("value"); v != "kept" {
		t.Errorf("the name entered is %q", v)
	}
	if n := w.number(`select count(*) from token`); n != 0 {
		t.Error("the form was sent by itself")
	}
	c.post("/me/tokens", "name", "kept", "days", "7", "scope", "read").want(t, http.StatusOK)
	c.get(ask).want(t, http.StatusOK)
}

func (c *client) cookie(name string) string {
	for _, k := range c.http.Jar.Cookies(mustURL(c.w.t.(*testing.T), c.w.server.URL)) {
		if k.Name == name {
			return k.Value
		}
	}
	return ""
}

// A token gives what its person has and its scope names, without a cookie, and nothing after it was revoked.
func TestTokensHaveScopes(t *testing.T) {
	w := newWorld(t)
	mk := func(scope ...string) string {
		pairs := []string{"name", "test", "days", "7"}
		for _, s := range scope {
			pairs = append(pairs, "scope", s)
		}
		return w.as(compliance).post("/me/tokens", pairs...).want(t, http.StatusOK).Find("code.t-secret").Text()
	}
	read, hrs, decide, both := mk("read"), mk("hr"), mk("decide"), mk("read", "decide")
	terminate := personOf(w, "1030") + "/terminate"
	ask := func(token, method, path, body string) page {
		c := w.anonymous()
		c.site = ""
		return c.send(method, path, strings.NewReader(body), "Authorization", "Bearer "+token, "Content-Type", "application/x-www-form-urlencoded")
	}
	for _, c := range []struct {
		token, method, path string
		want                int
	}{
		{read, "GET", "/people", http.StatusOK}, {hrs, "GET", "/people", http.StatusForbidden}, {decide, "GET", "/people", http.StatusForbidden},
		{read, "GET", "/dashboard", http.StatusOK}, {read, "GET", terminate, http.StatusForbidden}, {read, "POST", terminate, http.StatusForbidden},
		{hrs, "POST", terminate, http.StatusForbidden}, {both, "GET", terminate, http.StatusOK}, {read, "GET", "/applications", http.StatusOK},
		{hrs, "POST", "/hr/expect", http.StatusBadRequest}, {decide, "POST", "/hr/expect", http.StatusForbidden},
		{decide, "POST", "/operations/1/retry", http.StatusForbidden}, // the person may not
		{decide, "POST", "/me/tokens", http.StatusForbidden}, {read, "GET", "/me/tokens", http.StatusForbidden},
		{"tenure_wrong", "GET", "/people", http.StatusUnauthorized},
	} {
		p := ask(c.token, c.method, c.path, "")
		if p.status != c.want {
			t.Errorf("%s %s is answered %d, want %d: %s", c.method, c.path, p.status, c.want, p.Find("main").Text())
		}
		if p.header.Get("Set-Cookie") != "" {
			t.Errorf("%s %s gives a cookie", c.method, c.path)
		}
	}
	if p := ask(decide, "POST", terminate, "reason=test&confirm=1").want(t, http.StatusSeeOther); p.to != terminate+"/watch" {
		t.Errorf("led to %s", p.to)
	}
	if n := w.number(`select count(*) from identity where number = '1030' and locked_at is not null`); n != 1 {
		t.Error("the token that may decide ended nobody's access")
	}
	if n := w.number(`select count(*) from token_use`); n != 4 {
		t.Errorf("the last use of %d tokens is known", n)
	}
	if n := w.number(`select count(*) from token t where position($1 in t::text) > 0`, read); n != 0 {
		t.Error("the table holds the token itself")
	}
	w.as(compliance).post(fmt.Sprintf("/me/tokens/%d/revoke", w.number(`select min(id) from token`))).want(t, http.StatusSeeOther)
	ask(read, "GET", "/people", "").want(t, http.StatusUnauthorized)
	if p := w.anonymous().get("/people?token=" + hrs + "&access_token=" + hrs); p.status == http.StatusOK {
		t.Error("a token in an address opens a page")
	}
}
