package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/static"
)

// How long a session lasts: without use, and at the longest.
const (
	idleFor     = 30 * time.Minute
	signedInFor = 12 * time.Hour
)

// What a session remembers.
const (
	sessionPerson = "person" // id of the identity
	sessionActor  = "actor"
	sessionZone   = "zone"    // IANA name, of the reader's employment
	sessionNotice = "notice"  // shown on the next page
	sessionID     = "session" // id of the row of the person's session
	sessionMethod = "method"  // how they signed in
	sessionFresh  = "fresh"   // just signed in: the first page may lead on to where the reader likes to start
)

// newSessions keeps sessions in the database, by a hash of their token, so that a leaked table signs nobody in. The cookie is
// bound to this very host where browsers come by https (the __Host- prefix of RFC 6265bis).
func (s *server) newSessions(ctx context.Context) *scs.SessionManager {
	m := scs.New()
	m.Store, m.Codec = newSessionStore(s.app.DB.Pool), sessionCodec{}
	m.HashTokenInStore = true
	m.IdleTimeout, m.Lifetime = idleFor, signedInFor
	m.Cookie.Name = "tenure"
	if s.secure {
		m.Cookie.Name, m.Cookie.Secure = "__Host-tenure", true
	}
	m.Cookie.HttpOnly, m.Cookie.SameSite, m.Cookie.Path = true, http.SameSiteLaxMode, "/"
	m.Cookie.Persist = false
	m.ErrorFunc = func(w http.ResponseWriter, _ *http.Request, err error) {
		slog.Error("session", "error", err)
		http.Error(w, "The session could not be read. Please try again in a moment.", http.StatusServiceUnavailable)
	}
	go s.forgetSessions(ctx)
	return m
}

// forgetSessions deletes what has expired, until ctx ends.
func (s *server) forgetSessions(ctx context.Context) {
	tick := time.NewTicker(5 * time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if _, err := s.app.DB.Pool.Exec(ctx, `delete from sessions where expiry < current_timestamp`); err != nil && ctx.Err() == nil {
				slog.Warn("expired sessions are not deleted", "error", err)
			}
		}
	}
}

// withSession gives requests their session. What refreshes itself reads a session without extending it: an open board alone keeps
// nobody signed in.
func (s *server) withSession(next http.Handler) http.Handler {
	kept := s.sessions.LoadAndSave(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, static.Prefix) || r.URL.Path == healthPath || bearerOf(r) != "" || api(r) {
			// An empty session, not from the store: a token has none, whatever cookie comes with it, and the API takes tokens only.
			ctx, _ := s.sessions.Load(r.Context(), "")
			next.ServeHTTP(w, r.WithContext(ctx))
			return
		}
		ctx, o := s.opens(r.Context())
		defer o.end()
		r = r.WithContext(ctx)
		if !polling(r) {
			kept.ServeHTTP(w, r)
			return
		}
		ctx, err := s.sessions.Load(ctx, s.cookie(r))
		if err != nil {
			s.sessions.ErrorFunc(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// cookie gives the token of the session that a request comes with; "" for none.
func (s *server) cookie(r *http.Request) string {
	c, err := r.Cookie(s.sessions.Cookie.Name)
	if err != nil {
		return ""
	}
	return c.Value
}

// enter signs a person in who proved at a time who they are: a new token for the session, whatever it was before, and nothing left of
// what it held.
func (s *server) enter(r *request, p *identity.Person, a db.Actor, method string, proved time.Time) error {
	ctx := r.Request.Context()
	before := s.sessions.GetInt(ctx, sessionID)
	if err := s.sessions.Clear(ctx); err != nil {
		return fmt.Errorf("clearing the session: %w", err)
	}
	if err := s.sessions.RenewToken(ctx); err != nil {
		return fmt.Errorf("renewing the session: %w", err)
	}
	var id int
	if err := s.app.DB.Do(ctx, a, func(tx *db.Tx) (err error) {
		// The person is locked before any session, as whoever is sent away is.
		if id, err = auth.Begin(tx, p.ID, method, agentWord(r.Request.UserAgent()), proved); err != nil {
			return err
		}
		if before != 0 && r.who != nil { // who signs in over a session leaves it
			if err := auth.End(tx, before, r.who.ID); errs.KindOf(err) != errs.KindNotFound {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	zone := "UTC"
	if err := r.read(func(tx *db.Tx) error {
		versions, err := identity.Versions(tx, []int{p.ID})
		if v := identity.Main(versions[p.ID], tx.Now); v != nil {
			zone = v.Zone
		}
		return err
	}); err != nil {
		return err
	}
	s.sessions.Put(ctx, sessionPerson, p.ID)
	s.sessions.Put(ctx, sessionActor, a.ID)
	s.sessions.Put(ctx, sessionID, id)
	s.sessions.Put(ctx, sessionMethod, method)
	s.sessions.Put(ctx, sessionZone, zone)
	s.sessions.Put(ctx, sessionFresh, true)
	return nil
}

// forget drops what an earlier try to sign in left in the session.
func (s *server) forget(r *request) {
	for _, k := range []string{sessionPending, sessionPendingAt, sessionPendingAs, sessionNext, sessionEnrolment} {
		s.sessions.Remove(r.Request.Context(), k)
	}
}

// bearerOf gives the personal token that a request speaks with, "" for none. Tokens come in this header only, never in an address.
func bearerOf(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
