package web

import (
	"net/http"
	"strconv"
	"time"

	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/templates"
	"tenure/templates/ui"
)

// A local administrator gives a password first; until the second proof the session only knows whose password it was.
const (
	sessionPending   = "pending" // id of the identity
	sessionPendingAt = "pending_at"
	sessionPendingAs = "pending_as" // the account as typed
	sessionNext      = "next"
	sessionEnrolment = "enrolment" // sealed

	pendingFor = 10 * time.Minute
)

// signIn checks an e-mail address and a password, and leads to the second proof.
func (s *server) signIn(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	v := templates.SignInView{Email: r.field("email"), Next: r.field("next"), Local: true}
	password := r.PostForm("password")
	if v.Email == "" {
		v.Errors = append(v.Errors, ui.FieldError{Field: "email", Text: r.T("Enter your e-mail address.")})
	}
	if password == "" || len(password) > longest {
		v.Errors = append(v.Errors, ui.FieldError{Field: "password", Text: r.T("Enter your password.")})
	}
	if len(v.Errors) > 0 {
		return s.signInPage(r, http.StatusBadRequest, v, nil)
	}
	var p *identity.Person
	factors := 0
	refusal, err := s.try(r, v.Email, func(tx *db.Tx) (err error) {
		if p, err = auth.Password(tx, v.Email, password); err != nil {
			return err
		}
		all, err := auth.Factors(tx, p.ID)
		factors = len(all)
		return err
	})
	if err != nil {
		return err
	}
	if refusal != nil {
		return s.signInPage(r, http.StatusUnauthorized, v, &ui.Notice{Tone: ui.Bad, Title: r.T("That did not work"), Text: sentence(refusal.Error())})
	}
	ctx := r.Request.Context()
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	s.forget(r)
	s.sessions.Put(ctx, sessionPending, p.ID)
	s.sessions.Put(ctx, sessionPendingAt, time.Now().Unix())
	s.sessions.Put(ctx, sessionPendingAs, v.Email)
	s.sessions.Put(ctx, sessionNext, inside(v.Next))
	if factors == 0 {
		return r.goTo("/signin/enrol")
	}
	return r.goTo("/signin/second")
}

// try charges a try, looks at it, and takes the charge back when it was right. The charge and what is written about a refusal commit
// although the answer is a refusal. Only so many passwords are hashed at once.
func (s *server) try(r *request, account string, look func(*db.Tx) error) (refusal, err error) {
	select {
	case s.hashing <- struct{}{}:
		defer func() { <-s.hashing }()
	case <-r.Request.Context().Done():
		return nil, r.Request.Context().Err()
	}
	a := auth.Attempt{Account: account, Address: r.ClientIP(), Device: s.device(r)}
	ctx := r.Request.Context()
	if err := s.app.DB.Do(ctx, db.System, func(tx *db.Tx) error { return auth.Charge(tx, a) }); err != nil {
		return nil, err
	}
	err = s.app.DB.Do(ctx, db.System, func(tx *db.Tx) error {
		if refusal = look(tx); refusal == nil {
			return auth.Refund(tx, a)
		}
		if k := errs.KindOf(refusal); k != errs.KindUnauthenticated && k != errs.KindInvalid {
			return refusal
		}
		return nil
	})
	return refusal, err
}

// deviceFor is how long a browser is known after a sign-in with a password.
const deviceFor = 365 * 24 * time.Hour

// deviceCookie names a browser that signed in with a password before.
func (s *server) deviceCookie() string {
	if s.secure {
		return "__Host-tenure-device"
	}
	return "tenure-device"
}

func (s *server) device(r *request) string {
	c, err := r.Request.Cookie(s.deviceCookie())
	if err != nil {
		return ""
	}
	return c.Value
}

// pending gives whose password was right a moment ago in this browser.
func (s *server) pending(r *request) (who int, account string, err error) {
	ctx := r.Request.Context()
	who = s.sessions.GetInt(ctx, sessionPending)
	if who == 0 || time.Since(time.Unix(s.sessions.GetInt64(ctx, sessionPendingAt), 0)) > pendingFor {
		return 0, "", errs.Conflict("this sign-in has ended; please begin again")
	}
	return who, s.sessions.GetString(ctx, sessionPendingAs), nil
}

// secondAsk asks for the second proof.
func (s *server) secondAsk(r *request) error { return s.secondPage(r, http.StatusOK, nil) }

func (s *server) secondPage(r *request, status int, bad ui.Errors) error {
	who, _, err := s.pending(r)
	if err != nil {
		return err
	}
	v := templates.SecondView{Action: "/signin/second", Errors: bad, Back: ui.Link{Text: r.T("Begin again"), URL: "/signin"}}
	if v.App, v.Passkey, err = s.secondWays(r, who); err != nil {
		return err
	}
	sh := ui.Shell{Title: r.T("Second step"), Theme: r.theme(), Reference: r.reference()}
	return r.render(status, templates.Second(sh, v))
}

// secondWays says by what a person can give the second proof: an authenticator app, and what a passkey is asked.
func (s *server) secondWays(r *request, who int) (app bool, passkey string, err error) {
	err = r.read(func(tx *db.Tx) error {
		all, err := auth.Factors(tx, who)
		app = auth.Has(all, "totp")
		return err
	})
	if err == nil {
		passkey, err = s.passkeyAsk(r, who)
	}
	return app, passkey, err
}

// second takes the second proof and signs in.
func (s *server) second(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	who, account, err := s.pending(r)
	if err != nil {
		return err
	}
	method, refusal, err := s.secondFactor(r, who)
	if err != nil {
		return err
	}
	if refusal != nil {
		return s.secondPage(r, http.StatusUnauthorized, ui.Errors{{Field: "code", Text: sentence(refusal.Error())}})
	}
	next, err := s.enterLocal(r, who, account, method)
	if err != nil {
		return err
	}
	return r.goTo(next)
}

// secondFactor checks a code, or the answer of a passkey, of a person.
func (s *server) secondFactor(r *request, who int) (method string, refusal, err error) {
	refusal, err = s.try(r, secondAccount(who), func(tx *db.Tx) (err error) {
		if answer := r.PostForm("credential"); answer != "" {
			method = "passkey"
			return s.passkeyCheck(r, tx, who, answer)
		}
		method, err = auth.Code(tx, who, r.field("code"))
		return err
	})
	return method, refusal, err
}

// secondAccount names the count of wrong second proofs of a person: whoever has the password does not guess the code.
func secondAccount(who int) string { return "second:" + strconv.Itoa(who) }

// enterLocal signs a local administrator in, lets the browser be known from now on, and gives where they wanted to go.
func (s *server) enterLocal(r *request, who int, account, method string) (string, error) {
	var p *identity.Person
	var a db.Actor
	err := s.app.DB.Do(r.Request.Context(), db.System, func(tx *db.Tx) (err error) {
		if p, err = identity.Get(tx, who); err == nil {
			a, err = auth.SignIn(tx, p, method)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	next := s.sessions.GetString(r.Request.Context(), sessionNext)
	if err := s.enter(r, p, a, method, time.Now()); err != nil {
		return "", err
	}
	cookie, err := auth.Device(s.app.DB, account)
	if err != nil {
		return "", err
	}
	http.SetCookie(r.Writer, &http.Cookie{Name: s.deviceCookie(), Value: cookie, Path: "/", MaxAge: int(deviceFor.Seconds()), HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode})
	return inside(next), nil
}

// enrolAsk sets up the second proof of an account that has none.
func (s *server) enrolAsk(r *request) error { return s.enrolPage(r, http.StatusOK, nil) }

func (s *server) enrolPage(r *request, status int, bad ui.Errors) error {
	who, account, err := s.pending(r)
	if err != nil {
		return err
	}
	if err := s.noFactorYet(r, who); err != nil {
		return err
	}
	e, err := s.enrolment(r, account)
	if err != nil {
		return err
	}
	sh := ui.Shell{Title: r.T("Set up your second step"), Theme: r.theme(), Reference: r.reference()}
	return r.render(status, templates.Enrol(sh, templates.EnrolView{Action: "/signin/enrol", Key: e.Key, Image: e.Image, Errors: bad}))
}

// enrolment gives the secret that this browser is setting up, a new one the first time.
func (s *server) enrolment(r *request, account string) (*auth.Enrolment, error) {
	ctx := r.Request.Context()
	e, err := auth.Resume(s.app.DB, account, s.sessions.GetString(ctx, sessionEnrolment))
	if err != nil { // none yet
		if e, err = auth.Enrol(s.app.DB, account); err != nil {
			return nil, err
		}
		s.sessions.Put(ctx, sessionEnrolment, e.Sealed)
	}
	return e, nil
}

// noFactorYet refuses to set up another second proof for who has one: the password alone never adds one.
func (s *server) noFactorYet(r *request, who int) error {
	return r.read(func(tx *db.Tx) error {
		all, err := auth.Factors(tx, who)
		if err == nil && len(all) > 0 {
			return errs.Conflict("the second step of this account is set up already; sign in with it")
		}
		return err
	})
}

// enrol takes the first code, shows recovery codes this once, and signs in.
func (s *server) enrol(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	who, account, err := s.pending(r)
	if err != nil {
		return err
	}
	if err := s.noFactorYet(r, who); err != nil {
		return err
	}
	var codes []string
	refusal, err := s.try(r, secondAccount(who), func(tx *db.Tx) (err error) {
		codes, err = auth.Confirm(tx, who, s.sessions.GetString(r.Request.Context(), sessionEnrolment), r.field("code"))
		return err
	})
	if err != nil {
		return err
	}
	if refusal != nil {
		return s.enrolPage(r, http.StatusUnauthorized, ui.Errors{{Field: "code", Text: r.ruleOf(refusal, r.T("The code"))}})
	}
	next, err := s.enterLocal(r, who, account, "totp")
	if err != nil {
		return err
	}
	sh := ui.Shell{Title: r.T("Recovery codes"), Theme: r.theme(), Reference: r.reference()}
	return r.show(templates.Recovery(sh, templates.RecoveryView{Codes: codes, Next: ui.Link{Text: r.T("I have stored them"), URL: next}}))
}
