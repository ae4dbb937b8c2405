package audit

import (
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/access"
	"tenure/internal/db"
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
	Name        string                 `json:"name"` // of a token
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
	PartPortal:  `^(auth|token|login)\.`,
}

// Timeline gives what happened to a person, the newest record first, of one part or ("") of all. Before is the last entry of
// the page before, 0 for the first.
func Timeline(tx *db.Tx, who int, part string, before int64, limit int) ([]Entry, error) {
	kinds, known := parts[part]
	if !known {
		kinds = `.`
	}
	rows, err := tx.Query(`select e.id, e.recorded_at, e.effective_at, e.kind, a.name, a.kind, coalesce(a.identity_id, 0),
			coalesce(convert_from(e.leaf, 'UTF8')::jsonb->'facts', '{}')::text
		from event e join actor a on a.id = e.actor_id
		where e.identity_id = $1 and ($2 = 0 or e.id < $2) and e.kind ~ $3 order by e.id desc limit $4`, who, before, kinds, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (Entry, error) {
		var e Entry
		var facts string
		err := r.Scan(&e.ID, &e.Recorded, &e.Effective, &e.Kind, &e.Actor, &e.ActorKind, &e.ActorPerson, &facts)
		if err == nil {
			// Facts that are written in another shape than these are not told; the entry itself is.
			_ = json.Unmarshal([]byte(facts), &e.Facts)
		}
		return e, err
	})
}

// Needs counts what waits for people of the portal: held HR runs, held catching up, failed and proposed operations.
type Needs struct {
	HeldRuns []int // their numbers, but for those this person loaded
	HeldDue  int
	Failed   int
	Proposed int
}

// ReadNeeds counts what waits, as one person sees it.
func ReadNeeds(tx *db.Tx, who int) (n Needs, err error) {
	err = tx.QueryRow(`select
			coalesce((select array_agg(ref order by ref) from hold where state = 'open' and kind = 'hr' and opened_identity is distinct from $1), '{}'),
			(select count(*) from hold where state = 'open' and kind = 'due'),
			(select count(*) from operation where state = 'failed'),
			(select count(*) from operation where state = 'proposed' and identity_id is distinct from $1)`, who).
		Scan(&n.HeldRuns, &n.HeldDue, &n.Failed, &n.Proposed)
	return n, err
}
