package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

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
		f, err = auth.NewFlow(tx, p.Name, inside(r.Query("next")), browser, stepUp)
		return err
	})
	if err != nil {
		return err
	}
	address, err := p.Ask(ctx, f)
	if err != nil {
		slog.Warn("an identity provider cannot be asked", "provider", p.Name, "error", err, "reference", r.reference())
		if r.who != nil {
			return p.Unreachable()
		}
		return s.signInPage(r, http.StatusServiceUnavailable, templates.SignInView{Next: r.Query("next")},
			&ui.Notice{Tone: ui.Bad, Title: p.Title + " cannot be reached", Text: "Nobody can sign in through it at present. Try again in a moment, or tell IT."})
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
	var person *identity.Person
	var actor db.Actor
	f, err := s.answer(r, p, &person, &actor)
	var refusal *auth.Refusal
	switch {
	case errors.As(err, &refusal):
		return s.refuseAnswer(r, p, refusal)
	case err != nil:
		return err
	}
	if f.StepUp != 0 {
		if err := s.proved(r, "oidc:"+p.Name); err != nil {
			return err
		}
		return r.goTo(inside(f.ReturnTo))
	}
	if err := s.enter(r, person, actor, "oidc:"+p.Name); err != nil {
		return err
	}
	return r.goTo(inside(f.ReturnTo))
}

// answer checks a provider's answer and finds the person. The network is asked between two transactions.
func (s *server) answer(r *request, p *auth.Provider, person **identity.Person, actor *db.Actor) (*auth.Flow, error) {
	ctx := r.Request.Context()
	q := r.Request.URL.Query()
	var f *auth.Flow
	var refusal error
	err := s.app.DB.Do(ctx, db.System, func(tx *db.Tx) error {
		f, refusal = auth.TakeFlow(tx, q.Get("state"), s.sessions.GetString(ctx, sessionBrowser), p.Name)
		return onlyBroken(refusal)
	})
	if err := errors.Join(err, refusal); err != nil {
		return nil, err
	}
	claims, err := p.Answer(ctx, f, q)
	if err != nil {
		return nil, err
	}
	err = s.app.DB.Do(ctx, db.System, func(tx *db.Tx) (err error) {
		if *person, err = auth.Linked(tx, p, claims); err != nil {
			return err
		}
		switch {
		case f.StepUp == 0:
			*actor, err = auth.SignIn(tx, *person, "oidc:"+p.Name)
			return auth.NotActive(err)
		case r.who == nil || r.who.ID != f.StepUp || (*person).ID != f.StepUp:
			return auth.Refuse("another_person")
		}
		return nil
	})
	return f, err
}

// onlyBroken lets a transaction commit that refuses: what it used up stays used.
func onlyBroken(err error) error {
	var refusal *auth.Refusal
	if errors.As(err, &refusal) {
		return nil
	}
	return err
}

// refuseAnswer records why and says that it did not work: not why, which would help only who forges answers. An address that sends
// many of them is refused without another line in the log.
func (s *server) refuseAnswer(r *request, p *auth.Provider, refusal *auth.Refusal) error {
	slog.Warn("sign-in refused", "provider", p.Name, "why", refusal.Why, "error", refusal, "reference", r.reference())
	who := 0
	if r.who != nil {
		who = r.who.ID
	}
	err := s.app.DB.Do(context.WithoutCancel(r.Request.Context()), db.System, func(tx *db.Tx) error {
		if err := auth.Charge(tx, auth.Attempt{Address: r.ClientIP()}); err != nil {
			return err
		}
		auth.Refused(tx, who, "oidc:"+p.Name, refusal.Why)
		return nil
	})
	if err != nil {
		return err
	}
	text := "The answer of " + p.Title + " was not accepted. Begin again; if it happens once more, tell IT the reference below."
	switch refusal.Why {
	case "unknown_person", "ambiguous_person", "claim", "email_unverified", "already_linked", "link_ended", "not_active":
		text = p.Title + " knows you, but no person who works here fits. Tell IT the reference below."
	case "another_person":
		text = "That was somebody else than who is signed in here. Nothing was done."
	}
	if r.who != nil {
		return errs.Forbidden("%s", text)
	}
	return s.signInPage(r, http.StatusUnauthorized, templates.SignInView{}, &ui.Notice{Tone: ui.Bad, Title: "You are not signed in", Text: text})
}
