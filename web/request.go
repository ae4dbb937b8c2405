package web

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tenure/internal/audit"
	"tenure/internal/auth"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/internal/task"
	"tenure/templates/lang"
	"tenure/templates/ui"
)

// request is one request on its way through a handler.
type request struct {
	*gin.Context
	*lang.Language // the reader's
	s              *server
	who            *reader // nil: nobody is signed in
	now            time.Time
	zone           *time.Location // the reader's
	// simulated says that business time is moved by hand: pages show it.
	simulated bool
	session   int          // id of the reader's session
	stale     bool         // it is long ago that they proved who they are
	bearer    *auth.Bearer // they speak with a token; there is no session
	back      ui.Link      // where a page about something that went wrong leads; the first page when it is empty
}

// asks makes the request of a handler, in the language that the browser prefers. The long language is for those who develop pages.
func (s *server) asks(c *gin.Context) *request {
	l := lang.Match(c.GetHeader("Accept-Language"))
	if api(c.Request) {
		l = nil // programs read one language
	}
	if s.samples && (c.Query("lang") == lang.Long.Tag() || c.GetHeader("Accept-Language") == lang.Long.Tag()) {
		l = lang.Long
	}
	c.Request = c.Request.WithContext(lang.With(c.Request.Context(), l))
	return &request{Context: c, Language: l, s: s}
}

// reader is the person who is signed in.
type reader struct {
	identity.Person
	actor db.Actor
	roles []string
	ended *task.Task // the last of their tasks that ended without their being told; nil for none
	// rights are what roles may do, read in the transaction that found out who is there; acting, for whom the reader acts as well.
	rights *policy.Rights
	acting []auth.Acting
	prefs  identity.Preference

	counted bool // what waits was counted, or could not be
	inbox   int
}

// may says whether the reader has a permission.
func (r *request) may(permission string) bool {
	return r.who != nil && r.who.rights.Allowed(r.who.roles, permission) && r.inScope(permission)
}

// inScope says whether the token that a request speaks with, if it does, was made for a permission.
func (r *request) inScope(permission string) bool {
	if r.bearer == nil {
		return true
	}
	reading := r.Request.Method == http.MethodGet || r.Request.Method == http.MethodHead
	return slices.Contains(r.bearer.Scope, policy.ScopeOf(permission, reading))
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

// read runs fn in a read-only transaction: the first time in the one that found out who is there, together with what every page asks.
func (r *request) read(fn func(*db.Tx) error) error {
	tx := openingOf(r.Request.Context()).take()
	if tx == nil {
		return r.s.app.DB.Read(r.Request.Context(), fn)
	}
	defer tx.End()
	if r.who == nil || r.who.counted || polling(r.Request) {
		return db.Together(tx.Tx, db.PlanEach, fn)
	}
	return db.Together(tx.Tx, r.count, db.PlanEach, fn)
}

// knowing reads what many parts of a page ask for: the catalogue and the policy are at hand for what follows.
func knowing(tx *db.Tx) error {
	return db.Together(tx, func(tx *db.Tx) error { _, err := catalog.Load(tx); return err }, func(tx *db.Tx) error { _, err := policy.Load(tx); return err })
}

// count counts what waits for the reader.
func (r *request) count(tx *db.Tx) (err error) {
	r.who.counted = true
	r.who.inbox, err = audit.CountInbox(tx, r.scope())
	return err
}

// waits is how much waits in the reader's inbox. A page that reads nothing counts it when it is drawn.
func (r *request) waits() int {
	if !r.who.counted {
		r.who.counted = true
		if err := r.read(r.count); err != nil {
			slog.Error("the inbox is not counted", "error", err, "reference", r.reference())
		}
	}
	return r.who.inbox
}

// do runs fn in a transaction in the name of the reader.
func (r *request) do(fn func(*db.Tx) error) error {
	openingOf(r.Request.Context()).end()
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

// identify finds out who is signed in. The answer is nil for nobody; a session that was ended, or whose person may not be here any
// more, is ended in the browser as well.
func (s *server) identify(r *request) error {
	ctx := r.Request.Context()
	if token := bearerOf(r.Request); token != "" {
		return s.identifyBearer(r, token)
	}
	o := openingOf(ctx)
	if o.tx == nil {
		if err := o.begin(ctx, nil); err != nil {
			return err
		}
	}
	var open *auth.Session
	ask := func(tx *db.Tx) error { return r.be(tx, 0, db.Actor{}) }
	if id := s.sessions.GetInt(ctx, sessionPerson); id != 0 {
		ask = func(tx *db.Tx) error {
			return db.Together(tx, func(tx *db.Tx) (err error) {
				open, err = auth.OpenSession(tx, s.sessions.GetInt(ctx, sessionID), id)
				return err
			},
				func(tx *db.Tx) error {
					return r.be(tx, id, db.Actor{ID: s.sessions.GetInt(ctx, sessionActor), Kind: "person"})
				})
		}
	}
	if err := ask(o.tx.Tx); err != nil {
		return err
	}
	if open == nil || r.who == nil {
		r.who = nil
		if o.end(); s.sessions.Exists(ctx, sessionPerson) {
			return s.sessions.Destroy(ctx)
		}
		return nil
	}
	r.session, r.stale = open.ID, open.Stale
	if loc, err := time.LoadLocation(s.sessions.GetString(ctx, sessionZone)); err == nil {
		r.zone = loc
	}
	r.prefer(r.who.prefs)
	if time.Since(open.Seen) > seenEvery && !polling(r.Request) {
		o.end()
		_, err := s.app.DB.Pool.Exec(ctx, `update portal_session set seen_at = clock_timestamp() where id = $1 and seen_at < clock_timestamp() - interval '1 minute'`, open.ID)
		return err
	}
	return nil
}

// seenEvery is how exactly the last use of a session is noted.
const seenEvery = 5 * time.Minute

// be makes the reader of somebody who may be here, nobody otherwise.
func (r *request) be(tx *db.Tx, who int, actor db.Actor) (err error) {
	r.now = tx.Now
	if r.simulated = tx.ByHand; who == 0 {
		return nil
	}
	me := &reader{}
	here := false
	if err := db.Together(tx, func(tx *db.Tx) error {
		p, err := auth.Still(tx, who)
		if here = p != nil; here {
			me.Person, me.roles, me.acting = p.Person, p.Roles, p.Acting
		}
		return err
	}, func(tx *db.Tx) (err error) { me.rights, err = policy.RightsAt(tx); return err },
		func(tx *db.Tx) (err error) { me.prefs, err = identity.Preferences(tx, who); return err },
		func(tx *db.Tx) (err error) {
			if r.telling() {
				me.ended, err = task.Ended(tx, who, r.toldUntil())
			}
			return err
		}); err != nil || !here {
		return err
	}
	actor.Name, actor.Identity = me.Name, who
	me.actor, r.who = actor, me
	return nil
}

// identifyBearer finds out whom a personal token speaks for.
func (s *server) identifyBearer(r *request, token string) error {
	err := s.app.DB.Do(r.Request.Context(), db.System, func(tx *db.Tx) (err error) {
		if r.bearer, err = auth.ByToken(tx, token); err != nil {
			return err
		}
		if r.bearer.Stale {
			if err := r.bearer.Used(tx); err != nil {
				return err
			}
		}
		return r.be(tx, r.bearer.Actor.Identity, r.bearer.Actor)
	})
	if errs.KindOf(err) == errs.KindUnauthenticated {
		r.Header("WWW-Authenticate", `Bearer error="invalid_token"`)
	}
	return err
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
