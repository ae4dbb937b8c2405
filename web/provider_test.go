package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"tenure/internal/auth/oidctest"
	"tenure/internal/config"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/web"
)

// trusting serves the portal of a world with providers instead of the demo's personas.
func (w *world) trusting(providers ...config.Provider) {
	w.t.Helper()
	for i := range providers {
		w.must(providers[i].Check())
	}
	s := httptest.NewUnstartedServer(nil)
	w.app.Config.OIDC, w.app.Config.PublicURL = providers, "http://"+s.Listener.Addr().String()
	h, err := web.New(w.t.Context(), w.app, web.Options{})
	w.must(err)
	s.Config.Handler = h
	s.Start()
	w.t.Cleanup(s.Close)
	w.server = s
}

// user is the account that somebody of the tests has at a provider.
func user(number string) oidctest.User {
	return oidctest.User{Subject: "sub-" + number, Name: "Nr" + number, Number: number, Email: "p" + number + "@example.com", Verified: true}
}

// at sends a request of the browser somewhere else than to the portal.
func (c *client) at(method, address string, form url.Values) page {
	c.w.t.Helper()
	r, err := http.NewRequestWithContext(c.w.t.Context(), method, address, strings.NewReader(form.Encode()))
	c.w.must(err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := c.http.Do(r)
	c.w.must(err)
	defer func() { _ = res.Body.Close() }()
	doc, err := goquery.NewDocumentFromReader(res.Body)
	c.w.must(err)
	to := res.Header.Get("Location")
	if u, err := r.URL.Parse(to); err == nil && to != "" {
		to = u.String()
	}
	return page{Document: doc, status: res.StatusCode, header: res.Header, to: to}
}

// through begins at an address of the portal, signs in at the provider as a subject where it asks, and gives the portal's answer to
// what comes back. asked says whether the provider asked.
func (c *client) through(p *oidctest.Provider, begin, subject string) (back page, asked bool) {
	c.w.t.Helper()
	at := c.get(begin).want(c.w.t, http.StatusSeeOther).to
	for range 10 {
		if path, ok := strings.CutPrefix(at, c.w.server.URL); ok {
			return c.get(path, "Sec-Fetch-Site", "cross-site"), asked
		}
		got := c.at(http.MethodGet, at, nil)
		if got.status == http.StatusOK {
			asked = true
			id, _ := got.Find("input[name=id]").First().Attr("value")
			got = c.at(http.MethodPost, p.Issuer+"/login", url.Values{"id": {id}, "subject": {subject}})
		}
		if got.status != http.StatusFound {
			c.w.t.Fatalf("%s is answered %d: %s", at, got.status, got.Text())
		}
		at = got.to
	}
	c.w.t.Fatal("the provider sends the browser round in a circle")
	return page{}, false
}

// events counts the events of a kind, with a word for why or how.
func (w *world) events(kind, word string) int {
	w.t.Helper()
	return w.number(`select count(*) from event e cross join lateral (select convert_from(e.leaf, 'UTF8')::jsonb->'facts' f) x
		where kind = $1 and ($2 = '' or f->>'why' = $2 or f->>'method' = $2)`, kind, word)
}

// Whoever has an account at the provider signs in there: the first time they are found by their number, from then on by the link.
func TestSignInAtAProvider(t *testing.T) {
	w := newWorld(t)
	entra := oidctest.New(t, "entra", user(employee), user(compliance))
	entra.Quiet() // what is known of people comes from the user info endpoint
	okta := oidctest.New(t, "okta", user(employee))
	w.trusting(entra.Config(), okta.Config())
	entra.Register(w.server.URL)
	okta.Register(w.server.URL)
	c := w.anonymous()
	p := c.get("/signin?next=/me").want(t, http.StatusOK)
	if got := p.Find(".t-providers a").Map(func(_ int, s *goquery.Selection) string { return strings.TrimSpace(s.Text()) }); strings.Join(got, ",") != "Continue with Entra,Continue with Okta" {
		t.Errorf("offered are %q", got)
	}
	begin, _ := p.Find(".t-providers a").First().Attr("href")
	before := c.cookie("tenure")
	p, asked := c.through(entra, begin, "sub-"+employee)
	if p.want(t, http.StatusSeeOther).to != "/me" || !asked {
		t.Errorf("led to %s, asked %v", p.to, asked)
	}
	if c.cookie("tenure") == before {
		t.Error("the session has the same token before and after signing in")
	}
	c.get("/me").want(t, http.StatusOK)
	c.get("/me/sessions").want(t, http.StatusOK).says(t, "Entra")
	if w.events("auth.linked", "") != 1 || w.events("auth.signed_in", "oidc:entra") != 1 {
		t.Error("the link or the sign-in does not stand in the log once")
	}
	q := entra.Asked()[0]
	if q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 || len(q.Get("nonce")) < 43 || len(q.Get("state")) < 43 || q.Get("response_type") != "code" {
		t.Errorf("the provider was asked %v", q)
	}
	c.post("/signout").want(t, http.StatusSeeOther)
	c.get("/me").want(t, http.StatusSeeOther)

	// Another number does not matter any more: the subject is theirs.
	changed := user(employee)
	changed.Number = "77777"
	entra.Set(changed, user(compliance))
	if p, asked = c.through(entra, "/signin/with/entra?next=/team", "sub-"+employee); p.want(t, http.StatusSeeOther).to != "/team" || asked {
		t.Errorf("led to %s, asked again %v", p.to, asked)
	}
	if w.events("auth.linked", "") != 1 || w.number(`select count(*) from sign_in_link`) != 1 {
		t.Error("the second sign-in linked once more")
	}
	c = w.anonymous()
	c.through(okta, "/signin/with/okta", "sub-"+employee)
	c.get("/me/sessions").want(t, http.StatusOK).says(t, "Okta")
	if w.number(`select count(distinct identity_id) from sign_in_link`) != 1 || w.number(`select count(*) from sign_in_link`) != 2 {
		t.Error("the second provider links somebody else")
	}
}

// Whoever does not work here at present is not let in, whatever the provider says, and is out at their next click.
func TestWhoIsGoneDoesNotSignInAtAProvider(t *testing.T) {
	w := newWorld(t)
	op := oidctest.New(t, "entra", user(employee), user("1031"), user("99999"))
	w.trusting(op.Config())
	op.Register(w.server.URL)
	in := func(number string) (*client, page) {
		c := w.anonymous()
		p, _ := c.through(op, "/signin/with/entra", "sub-"+number)
		return c, p
	}
	c, p := in(employee)
	p.want(t, http.StatusSeeOther)
	w.do(db.System, func(tx *db.Tx) error {
		for _, number := range []string{employee, "1031"} {
			p, err := identity.Find(tx, number)
			if err != nil {
				return err
			}
			if _, err = lifecycle.Terminate(tx, p.ID, "a test"); err != nil {
				return err
			}
		}
		return nil
	})
	c.get("/me").want(t, http.StatusSeeOther)
	for number, why := range map[string]string{employee: "not_active", "1031": "unknown_person", "99999": "unknown_person"} {
		before := w.events("auth.refused", why)
		_, p := in(number)
		p.want(t, http.StatusUnauthorized).says(t, "no person who works here fits")
		if w.events("auth.refused", why) != before+1 {
			t.Errorf("the log does not say that %s was refused: %s", number, why)
		}
	}
	if w.number(`select count(*) from event e join identity i on i.id = e.identity_id where e.kind = 'auth.refused' and i.number = $1`, employee) != 1 {
		t.Error("the log does not say who was refused")
	}
	if w.number(`select count(*) from sign_in_link`) != 1 {
		t.Error("a refusal left a link")
	}
}

// A provider that remembers somebody proves nothing fresh: a sensitive act sends them there once more, and they are asked.
func TestStepUpAtAProvider(t *testing.T) {
	w := newWorld(t)
	op := oidctest.New(t, "entra", user(compliance), user(employee))
	w.trusting(op.Config())
	op.Register(w.server.URL)
	c := w.anonymous()
	act := personOf(w, employee) + "/terminate"
	c.through(op, "/signin/with/entra", "sub-"+compliance)
	c.get(act).want(t, http.StatusOK) // they were asked just now
	c.post("/signout").want(t, http.StatusSeeOther)
	op.Age(11 * time.Minute)
	if _, asked := c.through(op, "/signin/with/entra", "sub-"+compliance); asked {
		t.Fatal("the provider has forgotten the browser")
	}
	p := c.get(act).want(t, http.StatusSeeOther)
	if p.to != link("/stepup", "next", act) {
		t.Fatalf("led to %s", p.to)
	}
	p = c.get(p.to).want(t, http.StatusOK)
	p.says(t, "Entra asks you to sign in there again")
	begin, _ := p.Find("main a.btn-primary").Attr("href")
	c.post("/stepup", "next", act).want(t, http.StatusBadRequest) // here it is not proved
	c.get(act).want(t, http.StatusSeeOther)

	p, _ = c.through(op, begin, "sub-"+employee) // somebody else
	p.want(t, http.StatusForbidden).says(t, "somebody else")
	c.get(act).want(t, http.StatusSeeOther)
	before := c.cookie("tenure")
	p, asked := c.through(op, begin, "sub-"+compliance)
	if p.want(t, http.StatusSeeOther).to != act || !asked {
		t.Errorf("led to %s, asked %v", p.to, asked)
	}
	if c.cookie("tenure") == before {
		t.Error("the session has the same token before and after the proof")
	}
	q := op.Asked()[len(op.Asked())-1]
	if q.Get("prompt") != "login" || q.Get("max_age") != "0" {
		t.Errorf("the provider was asked %v", q)
	}
	c.get(act).want(t, http.StatusOK)
	if w.events("auth.stepped_up", "oidc:entra") != 1 || w.events("auth.refused", "another_person") != 1 {
		t.Error("the proof, or the refusal, does not stand in the log once")
	}
}

func link(path string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return path + "?" + q.Encode()
}

// A provider that is down says so on the page to sign in, and the other ways in are still there.
func TestAProviderThatIsDown(t *testing.T) {
	w := newWorld(t)
	never, later := oidctest.New(t, "entra", user(employee)), oidctest.New(t, "okta", user(employee))
	w.trusting(never.Config(), later.Config())
	never.Register(w.server.URL)
	later.Register(w.server.URL)
	never.Down()
	c := w.anonymous()
	p := c.get("/signin/with/entra?next=/me").want(t, http.StatusServiceUnavailable)
	p.says(t, "Continue with Okta")
	if text := p.Find("body").Text(); !strings.Contains(text, "Entra cannot be reached") {
		t.Errorf("the page does not say what is the matter: %s", text)
	}
	at := c.get("/signin/with/okta").want(t, http.StatusSeeOther).to
	u, err := url.Parse(at)
	w.must(err)
	later.Down() // between the two halves
	p = c.get("/signin/back/okta?code=x&iss="+url.QueryEscape(later.Issuer)+"&state="+url.QueryEscape(u.Query().Get("state"))).want(t, http.StatusServiceUnavailable)
	if text := p.Find("body").Text(); !strings.Contains(text, "Okta cannot be reached") {
		t.Errorf("the page does not say what is the matter: %s", text)
	}
	if n := w.events("auth.refused", ""); n != 0 {
		t.Errorf("%d refusals stand in the log for nobody's fault", n)
	}
}
