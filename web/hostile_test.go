package web_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"tenure/internal/auth/oidctest"
	"tenure/internal/config"
)

// walk begins at an address of the portal and goes where it is led, to the portal's last answer.
func (c *client) walk(begin string) page {
	c.w.t.Helper()
	p := c.get(begin)
	if p.status != http.StatusSeeOther {
		return p
	}
	return c.bring(c.at(http.MethodGet, p.to, nil).to)
}

// bring brings what a provider answered to the portal.
func (c *client) bring(address string) page {
	c.w.t.Helper()
	path, ok := strings.CutPrefix(address, c.w.server.URL)
	if !ok {
		c.w.t.Fatalf("the provider leads to %s", address)
	}
	return c.get(path, "Sec-Fetch-Site", "cross-site")
}

// hostile is an answer that lets nobody in.
type hostile struct {
	name, why string
	lie       oidctest.Lie
	set       func(*config.Provider)                                   // otherwise than the others are set up
	first     bool                                                     // the user signs in honestly before
	user      oidctest.User                                            // whom the provider signs in then; empty: the employee
	attack    func(w *world, c, victim *client, l *oidctest.Liar) page // empty: the user walks through
}

func claims(pairs ...any) oidctest.Lie {
	return oidctest.Lie{Claims: func(all map[string]any) {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i+1] == nil {
				delete(all, pairs[i].(string))
			} else {
				all[pairs[i].(string)] = pairs[i+1]
			}
		}
	}}
}

func response(name, value string) oidctest.Lie {
	return oidctest.Lie{Response: func(q url.Values) {
		if q.Set(name, value); value == "" {
			q.Del(name)
		}
	}}
}

func signed(fn func(l *oidctest.Liar, header, claims map[string]any) string) oidctest.Lie {
	return oidctest.Lie{Sign: fn}
}

// foreign signs with a key that is not the provider's.
func foreign(header map[string]any) oidctest.Lie {
	return oidctest.Lie{Header: header, Sign: func(_ *oidctest.Liar, h, c map[string]any) string { return oidctest.RS256(oidctest.Foreign(), h, c) }}
}

func discovery(name string, value any) oidctest.Lie {
	return oidctest.Lie{Discovery: func(doc map[string]any) { doc[name] = value }}
}

func byMail(c *config.Provider) { c.Claim, c.TrustEmail = "email", true }

// hostileAnswers are the answers of a provider, or of somebody between it and the portal, that T43 of the trust plan names, and some more.
func hostileAnswers() []hostile {
	const other = "https://evil.example"
	both := func(l oidctest.Lie, more func(*oidctest.Lie)) oidctest.Lie { more(&l); return l }
	hmacOK := func(l *oidctest.Lie) {
		l.Discovery = func(doc map[string]any) {
			doc["id_token_signing_alg_values_supported"] = []string{"HS256", "none", "RS256"}
		}
	}
	return []hostile{
		{name: "state", why: "state", lie: response("state", "made-up")},
		{name: "no state", why: "state", lie: response("state", "")},
		{name: "state of another browser", why: "browser", attack: ofAnother},
		{name: "nonce", why: "nonce", lie: claims("nonce", "made-up")},
		{name: "no nonce", why: "nonce", lie: claims("nonce", nil)},
		{name: "issuer of the response", why: "issuer", lie: response("iss", other)},
		{name: "no issuer of the response", why: "issuer", lie: response("iss", "")},
		{name: "issuer mix-up", why: "issuer", attack: mixedUp},
		{name: "issuer of the token", why: "token_issuer", lie: claims("iss", other)},
		{name: "audience", why: "audience", lie: claims("aud", "another portal")},
		{name: "authorized party", why: "authorized_party", lie: claims("aud", []string{"tenure", "another portal"}, "azp", "another portal")},
		{name: "several audiences without a party", why: "authorized_party", lie: claims("aud", []string{"tenure", "another portal"})},
		{name: "alg none", why: "algorithm", lie: signed(func(_ *oidctest.Liar, h, c map[string]any) string { return oidctest.None(h, c) })},
		{name: "alg none, announced", why: "algorithm", lie: both(signed(func(_ *oidctest.Liar, h, c map[string]any) string { return oidctest.None(h, c) }), hmacOK)},
		{name: "nothing but none announced", why: "algorithm", lie: discovery("id_token_signing_alg_values_supported", []string{"none"})},
		{name: "HS256 with the public key", why: "algorithm", lie: both(signed(func(_ *oidctest.Liar, h, c map[string]any) string {
			return oidctest.HS256(oidctest.PEM(oidctest.Own()), h, c)
		}), hmacOK)},
		{name: "HS256 with the client's secret", why: "algorithm", lie: both(signed(func(l *oidctest.Liar, h, c map[string]any) string { return oidctest.HS256([]byte(l.Secret), h, c) }), hmacOK)},
		{name: "expired", why: "expired", lie: claims("exp", time.Now().Add(-time.Minute).Unix())},
		{name: "signature", why: "signature", lie: foreign(nil)},
		{name: "kid of a file", why: "signature", lie: foreign(map[string]any{"kid": "../../../../dev/null"})},
		{name: "kid of a query", why: "signature", lie: foreign(map[string]any{"kid": "' union select 'AA==' --"})},
		{name: "key in the token", why: "signature", lie: foreign(map[string]any{"kid": "foreign", "jwk": oidctest.JWK(oidctest.Foreign(), "foreign")})},
		{name: "key set named by the token", why: "signature", attack: func(_ *world, c, _ *client, l *oidctest.Liar) page {
			l.Tell(foreign(map[string]any{"kid": "foreign", "jku": l.Issuer + "/foreign-keys"}))
			return c.walk("/signin/with/liar")
		}},
		{name: "key set swapped by a redirect", why: "signature", lie: both(foreign(map[string]any{"kid": "foreign"}), func(l *oidctest.Lie) {
			l.Keys = func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/foreign-keys", http.StatusFound) }
		})},
		{name: "key set elsewhere", why: "discovery", lie: discovery("jwks_uri", "ftp://evil.example/keys")},
		{name: "answer brought twice", why: "state", attack: twice},
		{name: "code of somebody else", why: "code", attack: stolen},
		{name: "code of somebody else, PKCE ignored", why: "nonce", lie: oidctest.Lie{IgnorePKCE: true}, attack: stolen},
		{name: "issuer of the discovery", why: "discovery", lie: discovery("issuer", other)},
		{name: "e-mail address only", why: "claim", lie: both(claims("employee_number", nil), func(l *oidctest.Lie) {
			l.UserInfo = map[string]any{"sub": "sub-" + employee, "email": "p" + employee + "@example.com", "email_verified": true}
		})},
		{name: "e-mail address not verified", why: "email_unverified", lie: claims("email_verified", false), set: byMail},
		{name: "e-mail address without a word about it", why: "email_unverified", lie: claims("email_verified", nil), set: byMail},
		{name: "subject given to somebody else", why: "subject_reused", first: true, user: oidctest.User{Subject: "sub-" + employee, Number: compliance, Email: "p" + compliance + "@example.com", Verified: true}},
		{name: "another subject for somebody", why: "already_linked", first: true, user: oidctest.User{Subject: "sub-new", Number: employee}},
		{name: "no subject", why: "subject", lie: claims("sub", "")},
		{name: "user info about somebody else", why: "userinfo", lie: both(claims("employee_number", nil), func(l *oidctest.Lie) {
			l.UserInfo = map[string]any{"sub": "sub-" + compliance, "employee_number": compliance}
		})},
		{name: "access token of somebody else", why: "access_token", lie: claims("at_hash", "AAAAAAAAAAAAAAAAAAAAAA")},
		{name: "no ID token", why: "no_id_token", lie: oidctest.Lie{Token: func(a map[string]any) { delete(a, "id_token") }}},
		{name: "error", why: "provider_error", lie: response("error", "access_denied")},
	}
}

// ofAnother lets the browser bring an answer to a sign-in that another browser began: the attacker's own account, or a stolen answer.
func ofAnother(_ *world, c, victim *client, _ *oidctest.Liar) page {
	victim.get("/signin/with/liar")
	return victim.bring(c.at(http.MethodGet, c.get("/signin/with/liar").to, nil).to)
}

// mixedUp begins at the second provider and brings the answer of the first to where the second's belong.
func mixedUp(w *world, c, _ *client, l *oidctest.Liar) page {
	honest := oidctest.NewLiar(w.t, l.User, oidctest.Lie{})
	second := honest.Config()
	second.Name = "second"
	w.trusting(l.Config(), second)
	at := c.at(http.MethodGet, c.get("/signin/with/second").want(w.t, http.StatusSeeOther).to, nil).to
	return c.bring(strings.Replace(at, "/signin/back/second", "/signin/back/liar", 1))
}

// twice brings the same answer once more, after it let somebody in and they left.
func twice(w *world, c, _ *client, _ *oidctest.Liar) page {
	at := c.at(http.MethodGet, c.get("/signin/with/liar").to, nil).to
	c.bring(at).want(w.t, http.StatusSeeOther)
	c.post("/signout").want(w.t, http.StatusSeeOther)
	return c.bring(at)
}

// stolen puts the code of the victim's sign-in, which was caught on its way, into the attacker's own.
func stolen(_ *world, c, victim *client, _ *oidctest.Liar) page {
	theirs := mustParse(victim.at(http.MethodGet, victim.get("/signin/with/liar").to, nil).to)
	own := mustParse(c.at(http.MethodGet, c.get("/signin/with/liar").to, nil).to)
	q := own.Query()
	q.Set("code", theirs.Query().Get("code"))
	own.RawQuery = q.Encode()
	return c.bring(own.String())
}

func mustParse(address string) *url.URL {
	u, err := url.Parse(address)
	if err != nil {
		panic(err) // of a test's own server
	}
	return u
}

// Every hostile answer is refused: nobody is signed in, nothing is linked, the log says why, and the page does not. The same way with an
// honest answer lets the user in.
func TestHostileAnswersOfProviders(t *testing.T) {
	w := newWorld(t)
	links := w.owner()
	if _, err := links.Exec(t.Context(), `set session_replication_role = replica`); err != nil {
		t.Fatal(err)
	}
	for _, h := range hostileAnswers() {
		t.Run(h.name, func(t *testing.T) {
			_, err := w.app.DB.Pool.Exec(t.Context(), `delete from guess`)
			w.must(err)
			begin := func(lie oidctest.Lie) (*oidctest.Liar, *client, *client) {
				l := oidctest.NewLiar(t, user(employee), lie)
				// A provider of a former case may have had the same port, and so the same issuer: whom it linked would be signed in.
				_, err := links.Exec(t.Context(), `delete from sign_in_link where issuer = $1`, l.Issuer)
				w.must(err)
				c := l.Config()
				if h.set != nil {
					h.set(&c)
				}
				w.trusting(c)
				return l, w.anonymous(), w.anonymous()
			}
			honest, c, _ := begin(oidctest.Lie{})
			c.walk("/signin/with/liar").want(t, http.StatusSeeOther)
			c.get("/me").want(t, http.StatusOK)
			proofOfCode(t, honest)

			l, c, victim := begin(h.lie)
			if h.first {
				c.walk("/signin/with/liar").want(t, http.StatusSeeOther)
				c.post("/signout").want(t, http.StatusSeeOther)
			}
			if h.user.Subject != "" {
				l.User = h.user
			}
			linked, refusals, whys := w.number(`select count(*) from sign_in_link`), w.events("auth.refused", ""), w.events("auth.refused", h.why)
			var p page
			if h.attack != nil {
				p = h.attack(w, c, victim, l)
				linked = max(linked, w.number(`select count(*) from sign_in_link where issuer <> $1 or ended_at is null`, l.Issuer)) // twice signs in first
			} else {
				p = c.walk("/signin/with/liar")
			}
			if p.want(t, http.StatusUnauthorized); strings.Contains(p.body, h.why+")") {
				t.Error("the page says why")
			}
			for _, b := range []*client{c, victim} {
				b.get("/me").want(t, http.StatusSeeOther)
			}
			if got := w.number(`select count(*) from sign_in_link`); got != linked {
				t.Errorf("%d links, %d before", got, linked)
			}
			if all, got := w.events("auth.refused", ""), w.events("auth.refused", h.why); all != refusals+1 || got != whys+1 {
				t.Errorf("the log says %d refusals more, %d of them %q", all-refusals, got-whys, h.why)
			}
			proofOfCode(t, l)
		})
	}
}

// proofOfCode wants S256 in every request, and the verifier with every code that is one's own.
func proofOfCode(t *testing.T, l *oidctest.Liar) {
	t.Helper()
	var challenges []string
	for _, q := range l.Asked() {
		challenges = append(challenges, q.Get("code_challenge"))
		if q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 {
			t.Errorf("asked without PKCE: %v", q)
		}
	}
	for _, f := range l.Swaps() {
		sum := sha256.Sum256([]byte(f.Get("code_verifier")))
		if !slices.Contains(challenges, base64.RawURLEncoding.EncodeToString(sum[:])) {
			t.Errorf("a code was sent without the verifier of a request: %v", f)
		}
	}
}

// A link that would lead away after signing in leads to the first page, and the log says that somebody made one.
func TestNobodyIsLedAwayAfterSigningIn(t *testing.T) {
	w := newWorld(t)
	w.trusting(oidctest.NewLiar(t, user(employee), oidctest.Lie{}).Config())
	for _, next := range []string{"https://evil.example/", "//evil.example/", `\\evil.example/`, `/\evil.example`, "/%2Fevil.example", "%2F%2Fevil.example", "https:evil.example",
		"javascript:alert(1)", "/\t/evil.example", "/me\r\nSet-Cookie: a=b", " //evil.example", "me"} {
		before := w.events("auth.refused", "return_to")
		c := w.anonymous()
		if p := c.walk(link("/signin/with/liar", "next", next)).want(t, http.StatusSeeOther); p.to != "/" {
			t.Errorf("%q leads to %q", next, p.to)
		}
		if w.events("auth.refused", "return_to") != before+1 {
			t.Errorf("%q does not stand in the log", next)
		}
	}
	if p := w.anonymous().walk("/signin/with/liar?next=/me%3Fpart=portal").want(t, http.StatusSeeOther); p.to != "/me?part=portal" {
		t.Errorf("the control leads to %q", p.to)
	}
}

// A provider that rotates its keys goes on working; one that does not ask although it is told to, or does not say when it asked, proves
// nothing for a sensitive act.
func TestProvidersThatDoNotAskAgain(t *testing.T) {
	w := newWorld(t)
	l := oidctest.NewLiar(t, user(compliance), oidctest.Lie{})
	w.trusting(l.Config())
	c := w.anonymous()
	c.walk("/signin/with/liar").want(t, http.StatusSeeOther)
	l.Rotate()
	c = w.anonymous()
	c.walk("/signin/with/liar").want(t, http.StatusSeeOther)
	act := personOf(w, employee) + "/terminate"
	c.get(act).want(t, http.StatusOK)
	_, err := w.app.DB.Pool.Exec(t.Context(), `update portal_session set proved_at = clock_timestamp() - interval '11 minutes'`)
	w.must(err)
	for _, lie := range []oidctest.Lie{claims("auth_time", nil), claims("auth_time", time.Now().Add(-time.Hour).Unix()), claims("auth_time", "now")} {
		l.Tell(lie)
		before := w.events("auth.refused", "auth_time")
		c.walk(link("/signin/with/liar", "next", act)).want(t, http.StatusForbidden)
		c.get(act).want(t, http.StatusSeeOther)
		if w.events("auth.refused", "auth_time") != before+1 {
			t.Error("the log does not say why")
		}
	}
	l.Tell(claims("auth_time", nil))
	other := w.anonymous()
	other.walk("/signin/with/liar").want(t, http.StatusSeeOther) // in, but
	other.get(act).want(t, http.StatusSeeOther)                  // nothing says that they were asked today
	l.Tell(oidctest.Lie{})
	if p := c.walk(link("/signin/with/liar", "next", act)).want(t, http.StatusSeeOther); p.to != act {
		t.Errorf("the control leads to %s", p.to)
	}
	c.get(act).want(t, http.StatusOK)
}
