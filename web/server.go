// Package web is the portal: pages over the rooms, for people with a browser.
//
// A request goes through the same steps, in this order: a reference and the access log, recovery, security headers, size
// limits, the cross-origin check, the session, the route's permission, the handler. routes.go lists every address with its
// permission. A handler reads or writes through the rooms and gives an error or renders one view; errors.go is the only place
// that turns errors into answers, render.go the only one that draws the shell.
//
// Everything works without a script: a change is a form that is posted, answered by a page or by a redirect to one. A reading
// request (GET) changes nothing but the end of the reader's session.
package web

import (
	"context"
	"net/http"

	"github.com/alexedwards/scs/v2"
	"github.com/gin-gonic/gin"

	"tenure/internal/app"
	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/policy"
)

// Options are what only some installations have.
type Options struct {
	// Demo is the HR system that visitors of a demo database play; nil for none.
	Demo *Demo
	// Gallery serves every page in its states with invented data below /gallery: for those who develop pages.
	Gallery bool
}

// server holds what all requests share.
type server struct {
	app      *app.App
	demo     *Demo
	samples  bool // the gallery is served
	sessions *scs.SessionManager
	hashing  chan struct{} // room for password checks, each of which takes 64 MiB
	secure   bool          // browsers reach us by https
	origin   *http.CrossOriginProtection
	streams  *streams
	public   string // as browsers reach us, without a slash at its end

	providers map[string]*auth.Provider // where people sign in, by name
	passkeys  *auth.Passkeys            // nil where no browser would let one answer

	ops      []operation // of the API
	schemas  schemas     // of what goes in and out there
	document []byte      // OpenAPI's
	rates    *rates
}

// New makes the portal of an opened house. It runs until ctx ends, which stops its housekeeping of sessions.
func New(ctx context.Context, a *app.App, o Options) (http.Handler, error) {
	s := &server{app: a, streams: newStreams(ctx), demo: o.Demo, samples: o.Gallery, hashing: make(chan struct{}, 4)}
	if a.DB.Kind != db.Demo {
		s.demo = nil
	}
	if err := s.reachedAt(a.Config.PublicURL); err != nil {
		return nil, err
	}
	// A newer program may ask for permissions that the database has never had; those it has are as administrators left them.
	if err := a.DB.Do(ctx, db.System, policy.FillPortal); err != nil {
		return nil, err
	}
	s.newProviders()
	passkeys, err := auth.NewPasskeys(a.Config.PublicURL)
	if err != nil {
		return nil, err
	}
	s.passkeys = passkeys
	s.sessions = s.newSessions(ctx)
	engine, err := s.engine(a.Config.Proxies)
	if err != nil {
		return nil, err
	}
	return s.withSession(engine), nil
}

func init() { gin.SetMode(gin.ReleaseMode) } // gin's mode is the process's: set once, before any request

// engine builds gin with the table of routes.
func (s *server) engine(proxies []string) (*gin.Engine, error) {
	if err := s.newAPI(); err != nil {
		return nil, err
	}
	e := gin.New()
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false
	e.MaxMultipartMemory = maxUpload // an uploaded file stays in memory: personal data is not left in temporary files
	if err := e.SetTrustedProxies(proxies); err != nil {
		return nil, err
	}
	e.Use(s.begin, s.recovered, s.headers, s.limit, s.sameOrigin)
	for _, r := range s.routes() {
		for _, m := range r.methods() {
			e.Handle(m, r.path, s.handle(r))
		}
	}
	e.NoRoute(s.handle(route{permission: Public, handler: s.noPage}))
	e.NoMethod(s.handle(route{permission: Public, handler: s.noMethod}))
	return e, nil
}
