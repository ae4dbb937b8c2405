package catalog

import (
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// Pause is an application to which Tenure sends nothing of its own accord: no operation, urgent ones neither, and no planned
// reading. What was decided waits, in its order, and is seen to wait.
type Pause struct {
	Application int
	At          time.Time
	By          string
	Reason      string
}

// Pauses gives the applications that are paused now.
func Pauses(tx *db.Tx) (map[int]Pause, error) {
	rows, err := tx.Query(`select p.application_id, p.paused_at, a.name, p.reason from application_pause p join actor a on a.id = p.paused_by where p.resumed_at is null`)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Pause])
	out := make(map[int]Pause, len(all))
	for _, p := range all {
		out[p.Application] = p
	}
	return out, err
}

// PauseNow pauses an application, for a reason.
func PauseNow(tx *db.Tx, app int, reason string) error {
	if reason == "" {
		return errs.Invalid("a pause needs a reason")
	}
	n, err := tx.Exec(`insert into application_pause (application_id, paused_by, reason) values ($1, $2, $3)
		on conflict (application_id) where resumed_at is null do nothing`, app, tx.Actor.ID, reason)
	if err != nil {
		return err
	}
	if n == 0 {
		return errs.Conflict("the application is paused already")
	}
	tx.Record(evidence.Event{Kind: "application.paused", Touches: evidence.Touches{"application_pause": 1}, Facts: map[string]any{"application": app, "reason": reason}})
	return nil
}

// Resume ends a pause. The caller rings for what waits.
func Resume(tx *db.Tx, app int, note string) error {
	var id int
	err := tx.QueryRow(`update application_pause set resumed_at = clock_timestamp(), resumed_by = $2, note = $3
		where application_id = $1 and resumed_at is null returning id`, app, tx.Actor.ID, note).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return errs.Conflict("the application is not paused")
	}
	if err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "application.resumed", Touches: evidence.Touches{"application_pause": 1}, Facts: map[string]any{"application": app, "note": note}})
	return nil
}
