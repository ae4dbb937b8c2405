package auth

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// Fresh is for how long a proof of who somebody is serves for sensitive acts.
const Fresh = 10 * time.Minute

// Session is one browser in which a person is signed in.
type Session struct {
	ID                     int
	Method, Agent          string
	SignedIn, Proved, Seen time.Time
	Stale                  bool // its proof is older than Fresh
}

// random gives n random bytes as text for addresses and cookies.
func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// Begin notes a new session of a person and gives its id. Method is how they proved who they are, and proved when: a provider that
// knew the browser asked nothing today. Agent is what the browser says it is, in a few words. Whoever is sent away at this very moment
// begins none: the row of the person is held meanwhile.
func Begin(tx *db.Tx, who int, method, agent string, proved time.Time) (id int, err error) {
	err = tx.QueryRow(`insert into portal_session (identity_id, method, agent, proved_at) select i.id, $2, left($3, 120), least(clock_timestamp(), $4)
		from identity i where i.id = $1 and i.state = 'active' and i.locked_at is null for share returning id`, who, method, agent, proved).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		err = errs.Unauthenticated("you do not work here at present")
	}
	return id, err
}

// OpenSession gives a session that was not ended, and nil for one that was.
func OpenSession(tx *db.Tx, id, who int) (*Session, error) {
	var s Session
	err := tx.QueryRow(`select id, method, agent, signed_in_at, proved_at, seen_at, proved_at < clock_timestamp() - $3::interval
		from portal_session where id = $1 and identity_id = $2 and ended_at is null`, id, who, Fresh).
		Scan(&s.ID, &s.Method, &s.Agent, &s.SignedIn, &s.Proved, &s.Seen, &s.Stale)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &s, err
}

// Sessions gives a person's open sessions, the last used first. Those without use for longer than idle, or older than life, are
// over already.
func Sessions(tx *db.Tx, who int, idle, life time.Duration) ([]Session, error) {
	rows, err := tx.Query(`select id, method, agent, signed_in_at, proved_at, seen_at, false from portal_session where identity_id = $1 and ended_at is null
		and seen_at > clock_timestamp() - $2::interval - interval '5 minutes' and signed_in_at > clock_timestamp() - $3::interval
		order by seen_at desc, id desc limit 100`, who, idle, life)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Session])
}

// Proved notes that the person of a session proved again who they are.
func Proved(tx *db.Tx, session, who int, method string) error {
	n, err := tx.Exec(`update portal_session set proved_at = clock_timestamp() where id = $1 and identity_id = $2 and ended_at is null`, session, who)
	if err == nil && n == 0 {
		return errs.Unauthenticated("the session has ended; please sign in again")
	}
	tx.Record(evidence.Event{Kind: "auth.stepped_up", IdentityID: who, Facts: map[string]any{"method": method}})
	return err
}

// End ends one of a person's own sessions, wherever its browser is.
func End(tx *db.Tx, session, who int) error {
	n, err := tx.Exec(`update portal_session set ended_at = clock_timestamp() where id = $1 and identity_id = $2 and ended_at is null`, session, who)
	if err == nil && n == 0 {
		return errs.NotFound("you have no such session")
	}
	tx.Record(evidence.Event{Kind: "auth.session_ended", IdentityID: who, Facts: map[string]any{"session": session}})
	return err
}

// EndOthers ends all sessions of a person but one (0: all of them) and says how many.
func EndOthers(tx *db.Tx, keep, who int) (int, error) {
	n, err := tx.Exec(`update portal_session set ended_at = clock_timestamp() where identity_id = $2 and id <> $1 and ended_at is null`, keep, who)
	if err == nil && n > 0 {
		tx.Record(evidence.Event{Kind: "auth.session_ended", IdentityID: who, Facts: map[string]any{"sessions": n}})
	}
	return int(n), err
}

// EndSessionsOf ends the sessions of people who do not work here any more, or not at present, so that none of them comes back with its
// person. It is set-based, for whole companies at once.
func EndSessionsOf(tx *db.Tx, people []int) error {
	if len(people) == 0 {
		return nil
	}
	rows, err := tx.Query(`with ended as (update portal_session set ended_at = clock_timestamp() where identity_id = any($1) and ended_at is null returning identity_id)
		select identity_id, count(*) from ended group by 1`, people)
	if err != nil {
		return err
	}
	var who, n int
	_, err = pgx.ForEachRow(rows, []any{&who, &n}, func() error {
		tx.Record(evidence.Event{Kind: "auth.session_ended", IdentityID: who, Facts: map[string]any{"sessions": n, "because": "not_here"}})
		return nil
	})
	return err
}

// Refused records that somebody was not let in, and why: a word, no name. who is 0 where nobody is known.
func Refused(tx *db.Tx, who int, method, why string) {
	tx.Record(evidence.Event{Kind: "auth.refused", IdentityID: who, Facts: map[string]any{"method": method, "why": why}})
}
