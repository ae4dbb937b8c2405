package web_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"tenure/internal/auth"
	"tenure/internal/auth/passkeytest"
	"tenure/internal/db"
	"tenure/web"
)

// named serves the portal of a world at a name, which passkeys need: they answer no bare address.
func (w *world) named() {
	w.t.Helper()
	s := httptest.NewUnstartedServer(nil)
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	w.must(err)
	w.app.Config.PublicURL = "http://localhost:" + port
	h, err := web.New(w.t.Context(), w.app, web.Options{})
	w.must(err)
	s.Config.Handler = h
	s.Start()
	w.t.Cleanup(s.Close)
	s.URL = w.app.Config.PublicURL
	w.server = s
}

// asked gives what a page asks a passkey.
func (p page) asked(t testing.TB) string {
	t.Helper()
	options, ok := p.Find("form[data-passkey]").Attr("data-options")
	if !ok {
		t.Fatalf("the page asks no passkey:\n%s", strings.Join(strings.Fields(p.Find("main").Text()), " "))
	}
	return options
}

// keeper is an administrator with an authenticator app and a stick, at a portal with a name.
type keeper struct {
	w     *world
	email string
	stick *passkeytest.Stick
	in    *client // signed in
}

func keys(t *testing.T) (*world, *keeper) {
	w, _ := local(t)
	w.named()
	return w, w.keeper("admin@example.com")
}

// keeper signs somebody in who has a password, and adds a passkey.
func (w *world) keeper(email string) *keeper {
	w.t.Helper()
	k := &keeper{w: w, email: email, in: w.anonymous(), stick: passkeytest.New(w.t, w.server.URL, "localhost")}
	k.in.local(email)
	ask := k.in.get("/me/factors/passkey").want(w.t, http.StatusOK).asked(w.t)
	k.in.post("/me/factors/passkey", "name", "Blue stick", "credential", k.stick.Make(ask, nil)).want(w.t, http.StatusSeeOther)
	return k
}

// halfway is a browser in which the password was right: it gives what is asked next.
func (k *keeper) halfway() (*client, string) {
	k.w.t.Helper()
	c := k.w.anonymous()
	c.post("/signin", "email", k.email, "password", password).want(k.w.t, http.StatusSeeOther)
	return c, c.get("/signin/second").want(k.w.t, http.StatusOK).asked(k.w.t)
}

// Hostile answers at the second step. Each stands between two honest ones, which sign in.
func TestHostileAnswersOfPasskeys(t *testing.T) {
	w, k := keys(t)
	w.do(db.Operator, func(tx *db.Tx) error {
		return auth.SetAdministrator(tx, "second@example.com", "Second Admin", password)
	})
	other := w.keeper("second@example.com")
	foreign := passkeytest.NewKey(t)
	honest := func(t *testing.T) {
		t.Helper()
		c, ask := k.halfway()
		if p := c.post("/signin/second", "credential", k.stick.Answer(ask, nil)).want(t, http.StatusSeeOther); p.to != "/" {
			t.Fatalf("led to %s", p.to)
		}
		c.get("/me/factors").want(t, http.StatusOK)
	}
	refused := func(t *testing.T, c *client, answer, why string) {
		t.Helper()
		before, all := w.events("auth.refused", why), w.events("auth.refused", "")
		p := c.post("/signin/second", "credential", answer).want(t, http.StatusUnauthorized)
		p.says(t, "was not accepted")
		if strings.Contains(p.Find("main").Text(), why) {
			t.Error("the page says why")
		}
		c.get("/me/factors").want(t, http.StatusSeeOther)
		if w.events("auth.refused", why) != before+1 || w.events("auth.refused", "") != all+1 {
			t.Errorf("the log does not say %q once", why)
		}
	}
	type said = passkeytest.Said
	for _, h := range []struct {
		name, why string
		lie       func(*said)
	}{
		{"challenge", "challenge", func(s *said) { s.Challenge = strings.Repeat("A", 43) }},
		{"no challenge", "challenge", func(s *said) { s.Challenge = "" }},
		{"origin", "origin", func(s *said) { s.Origin = "https://evil.example" }},
		{"origin at another port", "origin", func(s *said) { s.Origin = "http://localhost:1" }},
		{"origin by https", "origin", func(s *said) { s.Origin = strings.Replace(s.Origin, "http:", "https:", 1) }},
		{"within a page of somebody else", "origin", func(s *said) { s.Embedded = true }},
		{"of another host", "verification_error", func(s *said) { s.Host = "evil.example" }},
		{"user not verified", "verification_error", func(s *said) { s.Flags = passkeytest.Present }},
		{"user not there", "verification_error", func(s *said) { s.Flags = passkeytest.Verified }},
		{"of a registration", "verification_error", func(s *said) { s.Type = "webauthn.create" }},
		{"signature", "invalid_signature", func(s *said) { s.Key = foreign }},
		{"of somebody else", "unknown_passkey", func(s *said) { s.ID, s.Key, s.User = other.stick.ID, other.stick.Key, other.stick.User }},
		{"of somebody else, with our name", "unknown_passkey", func(s *said) { s.ID, s.Key = other.stick.ID, other.stick.Key }},
		{"ours, with the name of somebody else", "invalid_request", func(s *said) { s.User = other.stick.User }},
	} {
		t.Run(h.name, func(t *testing.T) {
			_, err := w.app.DB.Pool.Exec(t.Context(), `delete from guess`)
			w.must(err)
			honest(t)
			c, ask := k.halfway()
			refused(t, c, k.stick.Answer(ask, h.lie), h.why)
			honest(t)
		})
	}
	_, err := w.app.DB.Pool.Exec(t.Context(), `delete from guess`)
	w.must(err)
	t.Run("brought once more", func(t *testing.T) {
		c, ask := k.halfway()
		answer := k.stick.Answer(ask, nil)
		c.post("/signin/second", "credential", answer).want(t, http.StatusSeeOther)
		c, _ = k.halfway()
		refused(t, c, answer, "challenge")
		honest(t)
	})
	t.Run("to the question before", func(t *testing.T) {
		c, ask := k.halfway()
		c.get("/signin/second").want(t, http.StatusOK)
		refused(t, c, k.stick.Answer(ask, nil), "challenge")
		honest(t)
	})
	t.Run("no answer", func(t *testing.T) {
		for _, nonsense := range []string{"x", "{}", `{"id":"AA","rawId":"AA","type":"public-key","response":{}}`, strings.Repeat("[", 5000)} {
			c, _ := k.halfway()
			refused(t, c, nonsense, "unreadable")
		}
		honest(t)
	})
}

// A passkey that counts backwards was copied: it signs nobody in any more, whoever holds it; codes go on. One that never counts is no copy.
func TestAPasskeyThatWasCopied(t *testing.T) {
	w, k := keys(t)
	enter := func(lie func(*passkeytest.Said)) page {
		c, ask := k.halfway()
		return c.post("/signin/second", "credential", k.stick.Answer(ask, lie))
	}
	k.stick.Count = 7
	enter(nil).want(t, http.StatusSeeOther)
	if n := w.number(`select sign_count from second_factor_use where sign_count > 0`); n != 8 {
		t.Errorf("the count is %d", n)
	}
	enter(func(s *passkeytest.Said) { s.Count = 8 }).want(t, http.StatusUnauthorized) // not one more
	if w.events("auth.passkey_cloned", "") != 1 || w.events("auth.refused", "copied") != 1 {
		t.Error("the log does not say that it was copied")
	}
	c := w.anonymous()
	c.post("/signin", "email", k.email, "password", password).want(t, http.StatusSeeOther)
	if n := c.get("/signin/second").want(t, http.StatusOK).Find("form[data-passkey]").Length(); n != 0 {
		t.Error("a copied passkey is still asked")
	}
	k.in.get("/me/factors").want(t, http.StatusOK).says(t, "Signs you in no more")
	id := w.number(`select id from second_factor where copied_at is not null`)
	k.in.post(fmt.Sprintf("/me/factors/%d/remove", w.number(`select id from second_factor where kind = 'totp'`))).want(t, http.StatusConflict) // the copied one is none
	k.in.post(fmt.Sprintf("/me/factors/%d/remove", id)).want(t, http.StatusSeeOther)

	k.stick = passkeytest.New(t, w.server.URL, "localhost")
	k.stick.Still = true
	ask := k.in.get("/me/factors/passkey").want(t, http.StatusOK).asked(t)
	k.in.post("/me/factors/passkey", "name", "In an account", "credential", k.stick.Make(ask, nil)).want(t, http.StatusSeeOther)
	enter(nil).want(t, http.StatusSeeOther)
	enter(nil).want(t, http.StatusSeeOther)
}

// Hostile answers to a page that adds a passkey: nothing is added, and the honest answer afterwards adds one.
func TestHostileNewPasskeys(t *testing.T) {
	w, k := keys(t)
	type said = passkeytest.Said
	for _, h := range []struct {
		name, why string
		lie       func(*said)
	}{
		{"challenge", "challenge", func(s *said) { s.Challenge = strings.Repeat("A", 43) }},
		{"origin", "origin", func(s *said) { s.Origin = "https://evil.example" }},
		{"of another host", "verification_error", func(s *said) { s.Host = "evil.example" }},
		{"user not verified", "verification_error", func(s *said) { s.Flags = passkeytest.Present }},
		{"of a proof", "verification_error", func(s *said) { s.Type = "webauthn.get" }},
	} {
		t.Run(h.name, func(t *testing.T) {
			_, err := w.app.DB.Pool.Exec(t.Context(), `delete from guess`)
			w.must(err)
			stick := passkeytest.New(t, w.server.URL, "localhost")
			have, before := w.number(`select count(*) from passkey`), w.events("auth.refused", h.why)
			ask := k.in.get("/me/factors/passkey").want(t, http.StatusOK).asked(t)
			p := k.in.post("/me/factors/passkey", "name", "Stick", "credential", stick.Make(ask, h.lie)).want(t, http.StatusUnauthorized)
			p.says(t, "was not added")
			if w.number(`select count(*) from passkey`) != have || w.events("auth.refused", h.why) != before+1 {
				t.Errorf("it was added, or the log does not say %q", h.why)
			}
			honest := stick.Make(p.asked(t), nil)
			k.in.post("/me/factors/passkey", "name", "Stick", "credential", honest).want(t, http.StatusSeeOther)
			k.in.post("/me/factors/passkey", "name", "Stick", "credential", honest).want(t, http.StatusUnauthorized) // nothing was asked
			if w.number(`select count(*) from passkey`) != have+1 {
				t.Error("the control added none, or two")
			}
		})
	}
	ask := k.in.get("/me/factors/passkey").want(t, http.StatusOK).asked(t)
	if !strings.Contains(ask, `"userVerification":"required"`) || strings.Count(ask, `"transports"`) != 6 {
		t.Errorf("asked is %s", ask)
	}
	w.do(db.Operator, func(tx *db.Tx) error {
		return auth.SetAdministrator(tx, "second@example.com", "Second Admin", password)
	})
	c := w.anonymous()
	c.local("second@example.com")
	ask = c.get("/me/factors/passkey").want(t, http.StatusOK).asked(t)
	c.post("/me/factors/passkey", "name", "Theirs", "credential", k.stick.Make(ask, nil)).want(t, http.StatusConflict) // is somebody else's
	c.post("/me/factors/passkey", "name", " ", "credential", "x").want(t, http.StatusBadRequest).says(t, "1 to 60 characters")
}

// Second steps are named, removed and never all removed; new recovery codes end the old ones; each act asks for a fresh proof, which a
// passkey gives as well.
func TestSecondStepsAreLookedAfter(t *testing.T) {
	w, k := keys(t)
	c := k.in
	p := c.get("/me/factors").want(t, http.StatusOK)
	if n := p.Find("tbody tr").Length(); n != 2 {
		t.Fatalf("%d second steps are listed", n)
	}
	p.says(t, "10 codes are left")
	app, key := w.number(`select id from second_factor where kind = 'totp'`), w.number(`select id from second_factor where kind = 'passkey'`)
	at := func(id int, act string) string { return fmt.Sprintf("/me/factors/%d/%s", id, act) }
	_, err := w.app.DB.Pool.Exec(t.Context(), `update portal_session set proved_at = clock_timestamp() - interval '11 minutes'`)
	w.must(err)
	for _, act := range []string{"/me/factors/app", "/me/factors/passkey", "/me/factors/recovery", at(key, "name"), at(key, "remove")} {
		if p := c.get(act).want(t, http.StatusSeeOther); p.to != link("/stepup", "next", act) {
			t.Errorf("%s leads to %s", act, p.to)
		}
		if p := c.post(act, "name", "x", "code", "000000").want(t, http.StatusSeeOther); !strings.HasPrefix(p.to, "/stepup?next=") {
			t.Errorf("POST %s leads to %s", act, p.to)
		}
	}
	before := c.cookie("tenure")
	ask := c.get("/stepup?next=/me/factors").want(t, http.StatusOK).asked(t)
	c.post("/stepup", "next", "/me/factors", "credential", k.stick.Answer(ask, func(s *passkeytest.Said) { s.Flags = passkeytest.Present })).want(t, http.StatusUnauthorized)
	c.get(at(key, "name")).want(t, http.StatusSeeOther)
	ask = c.get("/stepup?next=/me/factors").want(t, http.StatusOK).asked(t)
	c.post("/stepup", "next", "/me/factors", "credential", k.stick.Answer(ask, nil)).want(t, http.StatusSeeOther)
	if c.cookie("tenure") == before {
		t.Error("the proof kept the session's token")
	}
	c.get(at(key, "name")).want(t, http.StatusOK)
	c.post(at(key, "name"), "name", strings.Repeat("x", 61)).want(t, http.StatusBadRequest)
	c.post(at(key, "name"), "name", " Red stick ").want(t, http.StatusSeeOther)
	c.get("/me/factors").want(t, http.StatusOK).says(t, "Red stick")

	p = c.post("/me/factors/recovery").want(t, http.StatusOK)
	if n := p.Find(".t-codes code").Length(); n != 10 {
		t.Errorf("%d codes are shown", n)
	}
	if n := w.number(`select count(*) from recovery_code where used_at is null`); n != 10 {
		t.Errorf("%d codes work", n)
	}
	c.get(at(app, "remove")).want(t, http.StatusOK).says(t, "Remove Authenticator app?")
	c.post(at(app, "remove")).want(t, http.StatusSeeOther)
	c.post(at(key, "remove")).want(t, http.StatusConflict).says(t, "last second step")
	c.get("/me/factors").want(t, http.StatusOK).says(t, "The last one stays")
	half, _ := k.halfway()
	second := half.get("/signin/second").want(t, http.StatusOK)
	second.says(t, "Use your passkey, or enter one of your recovery codes.")
	if second.Find("form[data-passkey][hidden]").Length() != 1 {
		t.Error("the button of the passkey stands there without the script that makes it work")
	}
	half.post("/signin/second", "code", p.Find(".t-codes code").First().Text()).want(t, http.StatusSeeOther)
	secret := strings.ReplaceAll(c.get("/me/factors/app").want(t, http.StatusOK).Find("code.t-secret").Text(), " ", "")
	c.post("/me/factors/app", "code", "000000").want(t, http.StatusUnauthorized)
	c.post("/me/factors/app", "code", codeAt(t, secret, time.Now())).want(t, http.StatusOK).says(t, "The authenticator app is set up.")
	for kind, n := range map[string]int{"auth.factor_added": 3, "auth.factor_removed": 1, "auth.factor_renamed": 1, "auth.recovery_made": 3} {
		if got := w.events(kind, ""); got != n {
			t.Errorf("%s stands in the log %d times, want %d", kind, got, n)
		}
	}
}

// Without a name there are no passkeys: nothing of them is offered, and nothing is taken.
func TestPasskeysNeedAName(t *testing.T) {
	w, c := local(t)
	c.local("admin@example.com")
	if n := c.get("/me/factors").want(t, http.StatusOK).Find("[data-passkey-only]").Length(); n != 0 {
		t.Error("a passkey is offered at a bare address")
	}
	c.get("/me/factors/passkey").want(t, http.StatusConflict)
	c.post("/stepup", "credential", "{}").want(t, http.StatusConflict)
	for address, works := range map[string]bool{"": false, "http://127.0.0.1:8080": false, "https://10.1.2.3": false, "https://[::1]": false, "http://access.example.com": false,
		"https://access.example.com": true, "https://access.example.com:8443": true, "http://localhost:8080": true} {
		if p, err := auth.NewPasskeys(address); err != nil || (p != nil) != works {
			t.Errorf("at %q there are passkeys: %v %v", address, p != nil, err)
		}
	}
	if n := w.number(`select count(*) from passkey`); n != 0 {
		t.Errorf("%d passkeys", n)
	}
}

// TestStoryOfAPasskey adds a passkey in a browser and signs in with it, and proves with it once more who is there; without scripts
// the code does the same and no button stands there in vain.
func TestStoryOfAPasskey(t *testing.T) {
	w, _ := local(t)
	w.named()
	c := w.anonymous()
	key, _ := c.local("admin@example.com")
	w.again()
	s := &story{t: t, ctx: browser(t)}
	if _, err := chromedp.Call(s.ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: watch}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(s.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	stick, err := chromedp.Call(s.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportUsb, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}})
	if err != nil {
		t.Fatal(err)
	}
	first := func(step string) {
		s.do(step, chromedp.WaitVisible(css(`input[name=email]`)), chromedp.SendKeys(css(`input[name=email]`), "admin@example.com"),
			chromedp.SendKeys(css(`input[name=password]`), password), chromedp.Submit(css(`input[name=password]`)), chromedp.WaitVisible(css(`input[name=code]`)))
	}
	s.do("passkey 0 asked", chromedp.Navigate(w.server.URL+"/signin"))
	first("passkey 1 password")
	if n := count(s, `form[data-passkey]`); n != 0 {
		t.Error("a passkey is asked that nobody has")
	}
	s.do("passkey 2 code", chromedp.SendKeys(css(`input[name=code]`), codeAt(t, key, time.Now())), chromedp.Submit(css(`input[name=code]`)), chromedp.WaitVisible(css(`.t-wide form[action="/signout"]`)))
	s.do("passkey 3 list", chromedp.Navigate(w.server.URL+"/me/factors"), chromedp.WaitVisible(css(`a[data-passkey-only]`)))
	s.do("passkey 4 form", chromedp.Click(css(`a[data-passkey-only]`)), chromedp.WaitVisible(css(`form[data-passkey] input[name=name]`)))
	s.do("passkey 5 added", chromedp.SendKeys(css(`form[data-passkey] input[name=name]`), "Blue stick"), chromedp.Click(css(`form[data-passkey] button`)), chromedp.WaitVisible(css(`.t-alert.t-good`)))
	if text := s.text(); !strings.Contains(text, "Blue stick") || !strings.Contains(text, "The passkey is added") {
		t.Errorf("the passkey is not listed:\n%s", text)
	}
	s.do("passkey 6 twice", chromedp.Navigate(w.server.URL+"/me/factors/passkey"), chromedp.SendKeys(css(`form[data-passkey] input[name=name]`), "Again"),
		chromedp.Click(css(`form[data-passkey] button`)), chromedp.WaitVisible(css(`[data-fault]:not(:empty)`))) // this stick has one already
	s.do("passkey 7 out", chromedp.Click(css(`.t-wide form[action="/signout"] button`)), chromedp.WaitVisible(css(`input[name=email]`)))
	first("passkey 8 password")
	s.do("passkey 9 in", chromedp.Click(css(`form[data-passkey] button`)), chromedp.WaitVisible(css(`.t-wide form[action="/signout"]`)))
	_, err = w.app.DB.Pool.Exec(t.Context(), `update portal_session set proved_at = clock_timestamp() - interval '11 minutes'`)
	w.must(err)
	s.do("passkey 10 is it you", chromedp.Navigate(w.server.URL+"/me/factors/recovery"), chromedp.WaitVisible(css(`form[data-passkey] button`)))
	if _, err := chromedp.Call(s.ctx, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: stick.AuthenticatorID}); err != nil {
		t.Fatal(err)
	}
	s.do("passkey 11 not verified", chromedp.Click(css(`form[data-passkey] button`)), chromedp.WaitVisible(css(`[data-fault]:not(:empty)`)))
	if _, err := chromedp.Call(s.ctx, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: stick.AuthenticatorID, IsUserVerified: true}); err != nil {
		t.Fatal(err)
	}
	s.do("passkey 12 it is", chromedp.Click(css(`form[data-passkey] button`)), chromedp.WaitVisible(css(`form[action="/me/factors/recovery"]`)))
	if n := w.events("auth.break_glass_used", "passkey"); n != 1 {
		t.Errorf("the log has %d sign-ins with a passkey", n)
	}
	if n := w.events("auth.stepped_up", "passkey"); n != 1 {
		t.Errorf("the log has %d proofs with a passkey", n)
	}
}

// count counts what a page shows.
func count(s *story, sel string) int {
	s.t.Helper()
	n, err := chromedp.Run(s.ctx, chromedp.Evaluate[int](fmt.Sprintf(`[...document.querySelectorAll(%q)].filter(e => e.getClientRects().length).length`, sel)))
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}
