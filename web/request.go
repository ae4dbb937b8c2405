package web

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tenure/internal/audit"
	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/policy"
)

// request is one request on its way through a handler.
type request struct {
	*gin.Context
	s    *server
	who  *reader // nil: nobody is signed in
	now  time.Time
	zone *time.Location // the reader's
	// simulated says that business time is moved by hand: pages show it.
	simulated bool
}

// reader is the person who is signed in.
type reader struct {
	identity.Person
	actor db.Actor
	roles []string
	waits int // things in their inbox
	// rights are what roles may do, read in the transaction that found out who is there; acting, for whom the reader acts as well.
	rights *policy.Rights
	acting []auth.Acting
	prefs  identity.Preference
}

// may says whether the reader has a permission.
func (r *request) may(permission string) bool {
	return r.who != nil && r.who.rights.Allowed(r.who.roles, permission)
}

// mayFor says whether the reader has a permission for one thing: the permission over all, or the permission and the thing is
// theirs.
func (r *request) mayFor(permission string, theirs bool) bool {
	return r.may(permission+"_any") || theirs && r.may(permission)
}

// to gives an address when the reader has the permission to open or post it, and "" otherwise, which pages do not draw.
func (r *request) to(permission, address string) string {
	if r.may(permission) {
		return address
	}
	return ""
}

// read runs fn in a read-only transaction.
func (r *request) read(fn func(*db.Tx) error) error { return r.s.app.DB.Read(r.Request.Context(), fn) }

// do runs fn in a transaction in the name of the reader.
func (r *request) do(fn func(*db.Tx) error) error {
	return r.s.app.DB.Do(r.Request.Context(), r.who.actor, fn)
}

// reference is what the answer calls this request.
func (r *request) reference() string { return r.GetString(keyReference) }

// polling says that a part of a page asks for itself anew: such a request never extends a session.
func polling(h *http.Request) bool {
	return h.Method == http.MethodGet && (h.Header.Get("HX-Request") == "true" || h.Header.Get("Accept") == "text/event-stream")
}

// allow lets a slow request, such as the upload of a file, take longer than others.
func (r *request) allow(d time.Duration) {
	c := http.NewResponseController(r.Writer)
	_ = c.SetReadDeadline(time.Now().Add(d))  // a test's recorder has no deadlines
	_ = c.SetWriteDeadline(time.Now().Add(d)) // likewise
}

// identify finds out who is signed in. The answer is nil for nobody; a session whose person may not be here any more is ended.
func (s *server) identify(r *request) error {
	ctx := r.Request.Context()
	id := s.sessions.GetInt(ctx, sessionPerson)
	var p *auth.Present
	err := r.read(func(tx *db.Tx) (err error) {
		r.now = tx.Now
		if r.simulated, err = tx.Simulated(); err != nil || id == 0 {
			return err
		}
		if p, err = auth.Still(tx, id); err != nil || p == nil {
			return err
		}
		r.who = &reader{Person: p.Person, roles: p.Roles,
			actor: db.Actor{ID: s.sessions.GetInt(ctx, sessionActor), Kind: "person", Name: p.Person.Name, Identity: id}}
		if r.who.rights, err = policy.RightsAt(tx); err != nil {
			return err
		}
		if r.who.acting, err = auth.ActingFor(tx, id); err != nil {
			return err
		}
		if r.who.prefs, err = identity.Preferences(tx, id); err != nil {
			return err
		}
		r.who.waits, err = audit.CountInbox(tx, r.scope())
		return err
	})
	if err != nil || id == 0 {
		return err
	}
	if p == nil {
		return s.sessions.Destroy(ctx)
	}
	if loc, err := time.LoadLocation(s.sessions.GetString(ctx, sessionZone)); err == nil {
		r.zone = loc
	}
	r.prefer(r.who.prefs)
	return nil
}

// newReference makes a name for a request that a person can read out: 7f3a-91c2.
func newReference() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	h := hex.EncodeToString(b[:])
	return h[:4] + "-" + h[4:]
}

// inside gives an address of this portal as it was asked for, and "/" for everything else: a redirect never leads away.
func inside(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") ||
		strings.ContainsAny(address, "\\\r\n\t") {
		return "/"
	}
	return address
}

// link makes an address of a path and pairs of query values; empty values are left out.
func link(path string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// oneOf gives v when it is one of the allowed words, and "" otherwise.
func oneOf(v string, allowed ...string) string {
	if slices.Contains(allowed, v) {
		return v
	}
	return ""
}
