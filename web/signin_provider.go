package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/templates"
	"tenure/templates/ui"
)

// sessionBrowser is a secret that binds a sign-in at a provider to the browser that began it.
const sessionBrowser = "browser"

// backPath is where providers send people back to.
const backPath = "/signin/back/"

func (s *server) newProviders() {
	s.providers = map[string]*auth.Provider{}
	for _, c := range s.app.Config.OIDC {
		s.providers[c.Name] = auth.NewProvider(c, s.public+backPath+c.Name)
	}
}

// providerGo leads to a provider. It is a link and no form: a form may lead nowhere else (form-action of our content policy), and
// all that it changes is this browser's session.
func (s *server) providerGo(r *request) error {
	p := s.providers[r.Param("name")]
	if p == nil {
		return errs.NotFound("there is no such way to sign in")
	}
	ctx := r.Request.Context()
	next := inside(r.Query("next"))
	if wanted := r.Query("next"); wanted != "" && wanted != next { // somebody made this link to lead people away after signing in
		if err := s.recordRefusal(r, p, auth.Refuse("return_to", 0)); err != nil {
			return err
		}
	}
	browser := s.sessions.GetString(ctx, sessionBrowser)
	if browser == "" {
		browser = auth.Secret()
		s.sessions.Put(ctx, sessionBrowser, browser)
	}
	stepUp := 0
	if r.who != nil {
		stepUp = r.who.ID
	}
	var f *auth.Flow
	err := s.app.DB.Do(ctx, db.System, func(tx *db.Tx) (err error) {
		f, err = auth.NewFlow(tx, p.Name, next, browser, stepUp)
		return err
	})
	if err != nil {
		return err
	}
	address, err := p.Ask(ctx, f)
	var refusal *auth.Refusal
	switch {
	case errors.As(err, &refusal) && refusal.Unreachable():
		return s.unreachable(r, p, next, err)
	case errors.As(err, &refusal):
		return s.refuseAnswer(r, p, refusal)
	case err != nil:
		return err
	}
	r.Redirect(http.StatusSeeOther, address)
	return nil
}

// providerBack takes a provider's answer.
func (s *server) providerBack(r *request) error {
	p := s.providers[r.Param("name")]
	if p == nil {
		return errs.NotFound("there is no such way to sign in")
	}
	a, err := s.answer(r, p)
	var refusal *auth.Refusal
	switch {
	case errors.As(err, &refusal) && refusal.Unreachable():
		return s.unreachable(r, p, "", err)
	case errors.As(err, &refusal):
		return s.refuseAnswer(r, p, refusal)
	case err != nil:
		return err
	}
	if a.flow.StepUp != 0 {
		err = s.proved(r, "oidc:"+p.Name)
	} else {
		err = s.enter(r, a.person, a.actor, "oidc:"+p.Name, a.proved)
	}
	if err != nil {
		return err
	}
	return r.goTo(inside(a.flow.ReturnTo))
}

// answered is an answer of a provider that fits.
type answered struct {
	flow   *auth.Flow
	person *identity.Person
	actor  db.Actor
	proved time.Time
}

// answer checks a provider's answer and finds the person. The network is asked between two transactions.
func (s *server) answer(r *request, p *auth.Provider) (*answered, error) {
	ctx := r.Request.Context()
	q := r.Request.URL.Query()
	a := &answered{}
	var refusal error
	err := s.app.DB.Do(ctx, db.System, func(tx *db.Tx) error {
		a.flow, refusal = auth.TakeFlow(tx, q.Get("state"), s.sessions.GetString(ctx, sessionBrowser), p.Name)
		return onlyBroken(refusal)
	})
	if err := errors.Join(err, refusal); err != nil {
		return nil, err
	}
	claims, err := p.Answer(ctx, a.flow, q)
	if err != nil {
		return nil, err
	}
	a.proved = claims.Proved
	err = s.app.DB.Do(ctx, db.System, func(tx *db.Tx) (err error) {
		if a.person, err = auth.Linked(tx, p, claims); err != nil {
			return err
		}
		switch {
		case a.flow.StepUp == 0:
			a.actor, err = auth.SignIn(tx, a.person, "oidc:"+p.Name)
			return auth.NotActive(err, a.person.ID)
		case r.who == nil || r.who.ID != a.flow.StepUp || a.person.ID != a.flow.StepUp:
			return auth.Refuse("another_person", a.flow.StepUp)
		}
		return nil
	})
	return a, err
}

// onlyBroken lets a transaction commit that refuses: what it used up stays used.
func onlyBroken(err error) error {
	var refusal *auth.Refusal
	if errors.As(err, &refusal) {
		return nil
	}
	return err
}

// unreachable says that a provider does not answer. It is nobody's fault here, so nothing of it stands in the evidence.
func (s *server) unreachable(r *request, p *auth.Provider, next string, err error) error {
	slog.Warn("an identity provider does not answer", "provider", p.Name, "error", err, "reference", r.reference())
	if r.who != nil {
		return p.Unreachable()
	}
	return s.signInPage(r, http.StatusServiceUnavailable, templates.SignInView{Next: next},
		&ui.Notice{Tone: ui.Bad, Title: r.T("%s cannot be reached", p.Title), Text: r.T("Nobody can sign in through it at present. Try again in a moment, or tell IT.")})
}

// recordRefusal records why. An address that sends many of them is refused without another line in the log.
func (s *server) recordRefusal(r *request, p *auth.Provider, err error) error {
	var refusal *auth.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	slog.Warn("sign-in refused", "provider", p.Name, "why", refusal.Why, "error", refusal, "reference", r.reference())
	who := refusal.Who
	if who == 0 && r.who != nil {
		who = r.who.ID
	}
	return s.app.DB.Do(context.WithoutCancel(r.Request.Context()), db.System, func(tx *db.Tx) error {
		if err := auth.Charge(tx, auth.Attempt{Address: r.ClientIP()}); err != nil {
			return err
		}
		auth.Refused(tx, who, "oidc:"+p.Name, refusal.Why)
		return nil
	})
}

// refuseAnswer records why and says that it did not work: not why, which would help only who forges answers.
func (s *server) refuseAnswer(r *request, p *auth.Provider, refusal *auth.Refusal) error {
	if err := s.recordRefusal(r, p, refusal); err != nil {
		return err
	}
	text := r.T("The answer of %s was not accepted. Begin again; if it happens once more, tell IT the reference below.", p.Title)
	switch refusal.Why {
	case "unknown_person", "ambiguous_person", "claim", "email_unverified", "already_linked", "link_ended", "subject_reused", "not_active":
		text = r.T("%s knows you, but no person who works here fits. Tell IT the reference below.", p.Title)
	case "another_person":
		text = r.T("That was somebody else than who is signed in here. Nothing was done.")
	case "discovery", "algorithm":
		text = r.T("%s is not set up as the portal expects it. Tell IT the reference below.", p.Title)
	}
	if r.who != nil {
		return errs.Forbidden("%s", text)
	}
	return s.signInPage(r, http.StatusUnauthorized, templates.SignInView{}, &ui.Notice{Tone: ui.Bad, Title: r.T("You are not signed in"), Text: text})
}
