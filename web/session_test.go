package web_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tenure/internal/db"
	"tenure/internal/demo"
	"tenure/internal/evidence"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
	"tenure/web"
)

// Where browsers come by https, each cookie of the portal is bound to this very host and is nothing for scripts; each step of signing in
// gives the session another token, and none of an earlier step opens anything.
func TestCookiesBelongToThisHost(t *testing.T) {
	w, _ := local(t)
	s := httptest.NewUnstartedServer(nil)
	w.app.Config.PublicURL = "https://" + s.Listener.Addr().String()
	h, err := web.New(t.Context(), w.app, web.Options{})
	w.must(err)
	s.Config.Handler = h
	s.StartTLS()
	t.Cleanup(s.Close)
	w.server = s
	c := w.anonymous()
	c.http.Transport = s.Client().Transport
	var tokens []string
	step := func(p page) page {
		for _, line := range p.header.Values("Set-Cookie") {
			k, err := http.ParseSetCookie(line)
			w.must(err)
			if !strings.HasPrefix(k.Name, "__Host-") || !k.Secure || !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.Path != "/" || k.Domain != "" {
				t.Errorf("a cookie is %s", line)
			}
			if k.Name == "__Host-tenure" {
				tokens = append(tokens, k.Value)
				if !k.Expires.IsZero() || k.MaxAge != 0 {
					t.Errorf("the session outlives its browser: %s", line)
				}
			}
		}
		return p
	}
	step(c.post("/signin", "email", "admin@example.com", "password", password).want(t, http.StatusSeeOther))
	key := strings.ReplaceAll(c.get("/signin/enrol").want(t, http.StatusOK).Find("code.t-secret").Text(), " ", "")
	step(c.post("/signin/enrol", "code", codeAt(t, key, time.Now())).want(t, http.StatusOK))
	w.again()
	step(c.post("/stepup", "next", "/me", "code", codeAt(t, key, time.Now())).want(t, http.StatusSeeOther))
	if len(tokens) != 3 || tokens[0] == tokens[1] || tokens[1] == tokens[2] {
		t.Fatalf("%d tokens were given for password, second step and a fresh proof: %v", len(tokens), tokens)
	}
	for i, token := range tokens {
		c.http.Jar, err = cookiejar.New(nil)
		w.must(err)
		p := c.send(http.MethodGet, "/me", nil, "Cookie", "__Host-tenure="+token)
		if open := p.status == http.StatusOK; open != (i == 2) {
			t.Errorf("with token %d of 3 a page is answered %d", i+1, p.status)
		}
	}
	c.http.Jar = nil
	if p := c.send(http.MethodGet, "/me", nil, "Cookie", "tenure="+tokens[2]); p.status == http.StatusOK {
		t.Error("a cookie without the prefix, which a neighbour could set, opens a page")
	}
}

// A session ends half an hour after its last use and twelve hours after it began, however much it is used.
func TestSessionsHaveLimits(t *testing.T) {
	w := newWorld(t)
	c := w.as(employee)
	left := func() (idle int) {
		return w.number(`select extract(epoch from expiry - current_timestamp)::int from sessions`)
	}
	c.get("/me").want(t, http.StatusOK)
	if n := left(); n > 30*60 || n < 29*60 {
		t.Errorf("without use it lasts %d s", n)
	}
	var data []byte
	w.must(w.app.DB.Pool.QueryRow(t.Context(), `select data from sessions`).Scan(&data))
	deadline, values, err := web.SessionCodec.Decode(data)
	w.must(err)
	if d := time.Until(deadline); d > 12*time.Hour || d < 11*time.Hour {
		t.Errorf("at the longest it lasts %s", d)
	}
	began := func(ago time.Duration) {
		data, err := web.SessionCodec.Encode(time.Now().Add(12*time.Hour-ago), values)
		w.must(err)
		_, err = w.app.DB.Pool.Exec(t.Context(), `update sessions set data = $1`, data)
		w.must(err)
	}
	began(12*time.Hour - time.Minute)
	c.get("/me").want(t, http.StatusOK)
	if n := left(); n > 60 {
		t.Errorf("used in its last minute it lasts %d s more", n)
	}
	began(0)
	c.get("/me").want(t, http.StatusOK)
	_, err = w.app.DB.Pool.Exec(t.Context(), `update sessions set expiry = current_timestamp - interval '1 second'`)
	w.must(err)
	c.get("/me").want(t, http.StatusSeeOther)
}

// While somebody is terminated in the midst of many requests, at two servers, with sessions and with a token, nothing that begins
// afterwards is let through; a session that was asleep does not come back with its person.
func TestNobodyIsLeftInAfterATermination(t *testing.T) {
	w := newWorld(t)
	one := w.server
	token := w.as(employee).post("/me/tokens", "name", "x", "days", "7", "scope", "read").want(t, http.StatusOK).Find("code.t-secret").Text()
	asleep := w.as(employee)
	browsers := []*client{w.as(employee), w.as(employee)}
	w.serve(web.Options{Demo: &web.Demo{Organisation: demo.Name, Feed: w.feed}})
	two := w.server
	ref := w.ref(employee)
	var gone atomic.Bool
	var before atomic.Int64
	enough := make(chan struct{})
	var all sync.WaitGroup
	ask := func(server *httptest.Server, c *http.Client, method, path, bearer, body string) {
		for {
			over := gone.Load()
			r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			if body != "" {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			if bearer != "" {
				r.Header.Set("Authorization", "Bearer "+bearer)
			}
			res, err := c.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			_ = res.Body.Close()
			in := res.StatusCode == http.StatusOK || method == http.MethodPost && res.StatusCode == http.StatusSeeOther
			switch {
			case in && over:
				t.Errorf("%s %s is let through afterwards: %d", method, path, res.StatusCode)
				return
			case in:
				if before.Add(1) == 20 {
					close(enough)
				}
			case over:
				return // refused, as it should be
			}
		}
	}
	for i, c := range browsers {
		all.Go(func() { ask([]*httptest.Server{one, two}[i], c.http, http.MethodGet, "/me", "", "") })
	}
	all.Go(func() { ask(two, &http.Client{}, http.MethodGet, "/people/"+ref, token, "") })
	entering := w.anonymous().http
	all.Go(func() { ask(one, entering, http.MethodPost, "/signin/persona", "", "person="+ref) })
	<-enough
	w.do(db.System, func(tx *db.Tx) error {
		p, err := identity.Find(tx, employee)
		if err == nil {
			_, err = lifecycle.Terminate(tx, p.ID, "a test")
		}
		return err
	})
	gone.Store(true)
	all.Wait()
	if n := w.number(`select count(*) from portal_session s join identity i on i.id = s.identity_id where i.number = $1 and s.ended_at is null`, employee); n != 0 {
		t.Errorf("%d sessions are open", n)
	}
	w.as(compliance).post("/people/"+ref+"/reinstate", "reason", "a test").want(t, http.StatusSeeOther)
	asleep.get("/me").want(t, http.StatusSeeOther)
	w.as(employee).get("/me").want(t, http.StatusOK)
	old := w.anonymous()
	old.bearer = token
	if got := old.get("/people/" + ref).status; got != http.StatusUnauthorized {
		t.Errorf("a token from before the termination came back with its person: %d", got)
	}
}

// Behind a proxy that the configuration trusts each browser has the address that the proxy saw, and no other that it claims; and who
// tries from everywhere rests an account for strangers, not for a browser that signed in before.
func TestAddressesComeFromTrustedProxiesOnly(t *testing.T) {
	w, known := local(t)
	key, _ := known.local("admin@example.com")
	w.app.Config.Proxies = []string{"127.0.0.1"}
	w.serve(web.Options{})
	try := func(email, forwarded string) int {
		return w.anonymous().send("POST", "/signin", strings.NewReader("email="+email+"&password=x"), "Content-Type", "application/x-www-form-urlencoded", "X-Forwarded-For", forwarded).status
	}
	for i := range 30 {
		if got := try(fmt.Sprintf("p%d@example.com", i), fmt.Sprintf("198.51.100.%d, 203.0.113.1", i)); got != http.StatusUnauthorized {
			t.Fatalf("try %d is answered %d", i, got)
		}
	}
	if got := try("p31@example.com", "198.51.100.99, 203.0.113.1"); got != http.StatusTooManyRequests {
		t.Errorf("what a browser claims before the proxy's word gives it new tries: %d", got)
	}
	if got := try("p31@example.com", "203.0.113.2"); got != http.StatusUnauthorized {
		t.Errorf("another browser behind the same proxy pays for it: %d", got)
	}
	for i := range 12 {
		try("admin@example.com", fmt.Sprintf("192.0.2.%d", i))
	}
	if got := try("admin@example.com", "192.0.2.200"); got != http.StatusTooManyRequests {
		t.Errorf("a thousand addresses have a thousand times the tries: %d", got)
	}
	w.again()
	if p := known.post("/signin", "email", "admin@example.com", "password", password).want(t, http.StatusSeeOther); p.to != "/signin/second" {
		t.Errorf("who is at home there is locked out with the strangers: %s", p.to)
	}
	known.post("/signin/second", "code", codeAt(t, key, time.Now())).want(t, http.StatusSeeOther)
}

// Every route of a sensitive act asks for a fresh proof, before it looks at anything; with one it does not.
func TestEverySensitiveRouteAsks(t *testing.T) {
	w := newWorld(t)
	table, _, err := web.Rows(w.app, web.Options{Demo: &web.Demo{Feed: w.feed}})
	w.must(err)
	c, asked := w.as(administrator), map[string]bool{}
	proved := func(ago string) {
		_, err := w.app.DB.Pool.Exec(t.Context(), `update portal_session set proved_at = clock_timestamp() - $1::interval`, ago)
		w.must(err)
	}
	for _, r := range table {
		if r.Method == http.MethodHead || !policy.Sensitive(r.Permission) {
			continue
		}
		asked[r.Permission] = true
		for ago, want := range map[string]bool{"11 minutes": true, "9 minutes": false} {
			proved(ago)
			if p := c.send(r.Method, reach(r.Path), nil); strings.HasPrefix(p.to, "/stepup?") != want {
				t.Errorf("%s %s, proved %s ago, is answered %d and leads to %q", r.Method, r.Path, ago, p.status, p.to)
			}
		}
	}
	for _, p := range []string{"hr.release", "hr.expect", "person.terminate", "connector.secret", "portal.give", "token.make", "second_factor.change"} {
		if !asked[p] {
			t.Errorf("no route needs %s", p)
		}
	}
}

// lines is a log that is read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// A token ends with its time, and what proves somebody stands in no log.
func TestSecretsOfSigningInStandInNoLog(t *testing.T) {
	var out lines
	was := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	defer slog.SetDefault(was)
	w, c := local(t)
	key, recovery := c.local("admin@example.com")
	w.again()
	code := codeAt(t, key, time.Now())
	c.post("/stepup", "next", "/me", "code", code).want(t, http.StatusSeeOther)
	token := c.post("/me/tokens", "name", "x", "days", "1", "scope", "read").want(t, http.StatusOK).Find("code.t-secret").Text()
	ask := func() page {
		return w.anonymous().send(http.MethodGet, "/people", nil, "Authorization", "Bearer "+token)
	}
	ask().want(t, http.StatusOK)
	w.do(db.System, func(tx *db.Tx) error {
		tx.Record(evidence.Event{Kind: "test.aged", Touches: evidence.Touches{"token": 1}})
		_, err := tx.Exec(`update token set expires_at = clock_timestamp() - interval '1 second'`)
		return err
	})
	ask().want(t, http.StatusUnauthorized)
	if !strings.Contains(out.String(), "route=/people") {
		t.Fatalf("requests stand in no log:\n%s", out.String())
	}
	for what, secret := range map[string]string{"password": password, "key": key, "code": code, "recovery code": recovery[0], "token": token, "session": c.cookie("tenure"), "device": c.cookie("tenure-device")} {
		if secret == "" || strings.Contains(out.String(), secret) {
			t.Errorf("the log holds the %s, or there was none (%q)", what, secret)
		}
		if n := w.number(`select count(*) from event where position(convert_to($1, 'UTF8') in leaf) > 0`, secret); n != 0 && what != "code" { // six digits are anywhere
			t.Errorf("the evidence holds the %s", what)
		}
	}
}
