package audit

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/access"
	"tenure/internal/db"
	"tenure/internal/errs"
)

// Entry is one event of the log about one person, with what the log says of it openly. Personal values stay sealed.
type Entry struct {
	ID          int64
	Recorded    time.Time // when Tenure wrote it
	Effective   time.Time // since when it is true
	Kind        string    // room.pasttense
	Actor       string
	ActorKind   string // system, operator, person, token
	ActorPerson int    // 0 for the system and the operator
	Facts       Facts
}

// Facts are the parts of an event's facts that a timeline tells. Which are filled depends on the kind.
type Facts struct {
	State       [2]string              `json:"state"`
	Cause       string                 `json:"cause"`
	Ref         int                    `json:"ref"`
	Access      access.Facts           `json:"access"`
	Application int                    `json:"application"`
	Account     int                    `json:"account"`
	Reading     int64                  `json:"reading"`
	Operation   int64                  `json:"operation"`
	Entitlement int                    `json:"entitlement"`
	Entitled    []int                  `json:"entitlements"`
	Verified    []access.OperationFact `json:"verified"`
	What        string                 `json:"kind"` // of an operation
	Why         string                 `json:"why"`
	Reason      string                 `json:"reason"`
	Name        string                 `json:"name"`         // of a token
	Role        string                 `json:"role"`         // of the portal
	To          int                    `json:"to"`           // who acts for the person
	For         int                    `json:"on_behalf_of"` // in whose name somebody acted
}

// Parts of a timeline, each a set of kinds of events.
const (
	PartHR      = "hr"
	PartAccess  = "access"
	PartTargets = "targets"
	PartPortal  = "portal"
)

var parts = map[string]string{
	PartHR:      `^person\.`,
	PartAccess:  `^access\.`,
	PartTargets: `^(operation|account|handout)\.`,
	PartPortal:  `^(auth|token|login|portal_role|delegation)\.`,
}

// Timeline gives what happened to a person, the newest record first, of one part or ("") of all. Before is the last entry of
// the page before, 0 for the first.
func Timeline(tx *db.Tx, who int, part string, before int64, limit int) ([]Entry, error) {
	kinds, known := parts[part]
	if !known {
		kinds = `.`
	}
	rows, err := tx.Query(entryColumns+`where e.identity_id = $1 and ($2::bigint = 0 or e.id < $2) and e.kind ~ $3 order by e.id desc limit $4`, who, before, kinds, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanEntry)
}

// OneEntry gives one event about a person.
func OneEntry(tx *db.Tx, who int, id int64) (Entry, error) {
	rows, err := tx.Query(entryColumns+`where e.identity_id = $1 and e.id = $2`, who, id)
	if err != nil {
		return Entry{}, err
	}
	e, err := pgx.CollectExactlyOneRow(rows, scanEntry)
	if errors.Is(err, pgx.ErrNoRows) {
		return e, errs.NotFound("there is no such entry, or it is not for you to see")
	}
	return e, err
}

// CauseOf gives the event that decided an operation about a person, which was made at an instant; ok is false where none says so.
func CauseOf(tx *db.Tx, who int, operation int64, made time.Time) (e Entry, ok bool, err error) {
	// The event is recorded in the transaction that made the operation, which bounds what is looked at.
	rows, err := tx.Query(entryColumns+`where e.identity_id = $1 and e.recorded_at between $3::timestamptz - interval '30 minutes' and $3::timestamptz + interval '30 minutes'
		and convert_from(e.leaf, 'UTF8')::jsonb->'facts'->'access'->'planned' @> jsonb_build_array(jsonb_build_object('id', $2::bigint)) order by e.id desc limit 1`, who, operation, made)
	if err != nil {
		return e, false, err
	}
	e, err = pgx.CollectExactlyOneRow(rows, scanEntry)
	if errors.Is(err, pgx.ErrNoRows) {
		return e, false, nil
	}
	return e, err == nil, err
}

const entryColumns = `select e.id, e.recorded_at, e.effective_at, e.kind, a.name, a.kind, coalesce(a.identity_id, 0),
		coalesce(convert_from(e.leaf, 'UTF8')::jsonb->'facts', '{}')::text from event e join actor a on a.id = e.actor_id `

func scanEntry(r pgx.CollectableRow) (Entry, error) {
	var e Entry
	var facts string
	err := r.Scan(&e.ID, &e.Recorded, &e.Effective, &e.Kind, &e.Actor, &e.ActorKind, &e.ActorPerson, &facts)
	if err == nil {
		// Facts that are written in another shape than these are not told; the entry itself is.
		_ = json.Unmarshal([]byte(facts), &e.Facts)
	}
	return e, err
}

// PersonEntry is an entry with the person it is about.
type PersonEntry struct {
	Entry
	Name, Ref string
}

// OfRun gives what an applied HR run did to people, leavers and movers first, and how many they are. applied is when it was.
func OfRun(tx *db.Tx, run int, applied time.Time, limit int) ([]PersonEntry, int, error) {
	// A run's events are recorded in its own transaction, around the time at which it is applied: that bounds what is looked at.
	rows, err := tx.Query(`with done as (
			select e.id, e.recorded_at, e.effective_at, e.kind, e.identity_id, convert_from(e.leaf, 'UTF8')::jsonb->'facts' facts from event e
			where e.recorded_at between $2::timestamptz - interval '30 minutes' and $2::timestamptz + interval '30 minutes' and e.kind like 'person.%')
		select d.id, d.recorded_at, d.effective_at, d.kind, d.facts::text, i.name, i.public_id::text, count(*) over ()
		from done d join identity i on i.id = d.identity_id where d.facts->>'cause' = 'hr' and (d.facts->>'ref')::int = $1
		order by array_position(array['person.left', 'person.terminated', 'person.moved', 'person.joined', 'person.rehired', 'person.hired',
			'person.returned', 'person.on_leave'], d.kind) nulls last, lower(i.name), i.id limit $3`, run, applied, limit)
	if err != nil {
		return nil, 0, err
	}
	var out []PersonEntry
	var e PersonEntry
	var facts string
	n := 0
	_, err = pgx.ForEachRow(rows, []any{&e.ID, &e.Recorded, &e.Effective, &e.Kind, &facts, &e.Name, &e.Ref, &n}, func() error {
		e.Facts = Facts{}
		_ = json.Unmarshal([]byte(facts), &e.Facts) // as in Timeline
		out = append(out, e)
		return nil
	})
	return out, n, err
}

// MovedAt gives the instant at which a move took effect for what a person holds: that of the log's entry about it, the first one
// at or after the day of the move. Without such an entry it is the day itself.
func MovedAt(tx *db.Tx, who int, day time.Time) (time.Time, error) {
	var at *time.Time
	err := tx.QueryRow(`select min(effective_at) from event where identity_id = $1 and kind = 'person.moved' and effective_at >= $2`, who, day).Scan(&at)
	if err != nil || at == nil {
		return day, err
	}
	return *at, nil
}
