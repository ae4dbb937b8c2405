package web

import (
	"net/http"
	"time"

	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
	"tenure/static"
	"tenure/templates"
	"tenure/templates/ui"
)

func (s *server) staticFile(r *request) error {
	r.Writer.Header().Del("Cache-Control")
	static.Handler().ServeHTTP(r.Writer, r.Request)
	return nil
}

// health says whether the portal can reach its database: for the container's or the balancer's check.
func (s *server) health(r *request) error {
	if err := s.app.DB.Pool.Ping(r.Request.Context()); err != nil {
		return err
	}
	r.String(http.StatusOK, "ok\n")
	return nil
}

// signInAsk is the page before the portal. Who is signed in already goes on to where they wanted to go.
func (s *server) signInAsk(r *request) error {
	if r.who != nil && s.demo == nil {
		return r.goTo(inside(r.Query("next")))
	}
	return s.signInPage(r, http.StatusOK, templates.SignInView{Next: r.Query("next")}, r.notice())
}

func (s *server) signInPage(r *request, status int, v templates.SignInView, n *ui.Notice) error {
	v.Action = "/signin"
	for _, c := range s.app.Config.OIDC {
		v.Providers = append(v.Providers, templates.SignInProvider{Title: c.Title, URL: link("/signin/with/"+c.Name, "next", v.Next)})
	}
	if s.demo != nil {
		v.PersonaAction = "/signin/persona"
		err := r.read(func(tx *db.Tx) error {
			all, err := auth.Personas(tx)
			for _, p := range all {
				v.Personas = append(v.Personas, templates.Persona{ID: p.Ref, Name: p.Name, Does: r.personaLine(p)})
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	sh := ui.Shell{Title: r.T("Sign in"), Theme: r.theme(), Reference: r.reference(), Notice: n, Organisation: s.organisation()}
	return r.render(status, templates.SignIn(sh, v))
}

func (r *request) personaLine(p auth.Persona) string {
	does := map[string]string{
		"hr":            r.T("loads HR files, and cannot release the ones they loaded"),
		"it":            r.T("watches applications, repairs operations, checks targets"),
		"compliance":    r.T("releases held runs, reads the policy"),
		"auditor":       r.T("reads everything, changes nothing"),
		"administrator": r.T("may do everything the portal offers"),
		"manager":       r.T("sees their team and what it holds"),
		"employee":      r.T("sees what they hold, and why"),
	}[p.Role]
	return p.Title + ": " + does
}

// personaIn lets a visitor of a demo look around as somebody.
func (s *server) personaIn(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	var p *identity.Person
	var a db.Actor
	err := s.app.DB.Do(r.Request.Context(), db.System, func(tx *db.Tx) (err error) {
		p, a, err = auth.BePersona(tx, r.field("person"))
		return err
	})
	if err != nil {
		return err
	}
	if err := s.enter(r, p, a, "persona", time.Now()); err != nil {
		return err
	}
	return r.goTo(inside(r.field("next")))
}

// signOut ends the session on our side, not only in the browser.
func (s *server) signOut(r *request) error {
	if r.who != nil {
		if err := r.do(func(tx *db.Tx) error {
			tx.Record(evidence.Event{Kind: "auth.signed_out", IdentityID: r.who.ID})
			if err := auth.End(tx, r.session, r.who.ID); err != nil && errs.KindOf(err) != errs.KindNotFound {
				return err // a token has no session to end
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return s.left(r)
}

// left ends the session in the browser.
func (s *server) left(r *request) error {
	if err := s.sessions.Destroy(r.Request.Context()); err != nil {
		return err
	}
	return r.goTo("/signin")
}

const themeCookie = "tenure-theme"

// theme is what the reader chose, "" to follow the system.
func (r *request) theme() string {
	if r.who != nil {
		return r.who.prefs.Theme
	}
	c, err := r.Request.Cookie(themeCookie)
	if err != nil {
		return ""
	}
	return oneOf(c.Value, "light", "dark")
}

// themeSet keeps the choice in the browser, and with the reader's preferences.
func (s *server) themeSet(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	theme := oneOf(r.field("theme"), "light", "dark")
	if r.who != nil {
		p := r.prefs()
		p.Theme = theme
		if err := r.do(func(tx *db.Tx) error { return identity.Prefer(tx, r.who.ID, p) }); err != nil {
			return err
		}
	}
	s.setTheme(r, theme)
	return r.goTo(inside(r.field("back")))
}

// setTheme lets the browser remember the theme, for the pages before signing in.
func (s *server) setTheme(r *request, theme string) {
	c := &http.Cookie{Name: themeCookie, Value: theme, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode}
	if c.Value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(r.Writer, c)
}
