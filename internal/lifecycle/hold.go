package lifecycle

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/access"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
)

// late is from when on something due counts as caught up: Tenure was not there when it fell due.
const late = time.Hour

// Hold is a mass effect that waits for a person. Those of HR runs are released on their run; this is for what is caught up.
type Hold struct {
	ID       int       `json:"id"`
	Kind     string    `json:"kind"`
	Ref      int       `json:"ref"`
	Reasons  []string  `json:"reasons"`
	People   int       `json:"people"`
	OpenedAt time.Time `json:"opened_at"`
}

// OpenHolds gives what waits for a second person, oldest first.
func OpenHolds(tx *db.Tx) ([]Hold, error) {
	rows, err := tx.Query(`select id, kind, ref, reasons, jsonb_array_length(affected), opened_at from hold where state = 'open' order by id`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Hold])
}

// heldBack weighs what is caught up after an outage: when as many people would leave at once as the brake allows for a feed, they
// stay until a person releases it. It gives those who wait. As long as the hold is open they all do, however many people there
// are by now: only a person ends it.
func heldBack(tx *db.Tx) ([]int, error) {
	leaving, active, err := leavingLate(tx)
	if err != nil || len(leaving) == 0 {
		return nil, err
	}
	state, err := lastHold(tx)
	limit := access.Limit(10, 5, active)
	switch {
	case err != nil || state == "released" || state == "" && len(leaving) < limit:
		return nil, err
	case state == "":
		if err := openHold(tx, leaving, active, limit); err != nil {
			return nil, err
		}
	}
	ids := make([]int, len(leaving))
	for i := range leaving {
		ids[i] = leaving[i].Identity
	}
	return ids, nil
}

// lastHold says what the last decision about late leavers is, for a day after it was taken: open, released, or "" for none.
func lastHold(tx *db.Tx) (state string, err error) {
	err = tx.QueryRow(`select state from hold where kind = 'due' and (state = 'open' or state = 'released' and decided_at > clock_timestamp() - interval '24 hours')
		order by id desc limit 1`).Scan(&state)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return state, err
}

// CountDue counts what is due now and waits for nobody.
func CountDue(tx *db.Tx) (n int, err error) {
	var waiting []int
	state, err := lastHold(tx)
	if err == nil && state == "open" {
		waiting, err = heldBack(tx)
	}
	if err != nil {
		return 0, err
	}
	err = tx.QueryRow(`select count(*) from due where at <= $1 and not (what = 'person' and ref = any(coalesce($2::int[], '{}')))`, tx.Now, waiting).Scan(&n)
	return n, err
}

func openHold(tx *db.Tx, leaving []leaver, active, limit int) error {
	why := []string{fmt.Sprintf("%d of %d people would leave at once, because their last day passed while Tenure was not running; the limit is %d",
		len(leaving), active, limit)}
	affected, err := json.Marshal(leaving)
	if err != nil {
		return err
	}
	reasons, err := json.Marshal(why)
	if err != nil {
		return err
	}
	var id int
	err = tx.QueryRow(`insert into hold (kind, ref, reasons, affected, opened_by) values ('due', 0, $1, $2, $3) returning id`,
		reasons, affected, tx.Actor.ID).Scan(&id)
	tx.Record(evidence.Event{Kind: "due.held", Touches: evidence.Touches{"hold": 1}, Facts: map[string]any{"hold": id, "why": why, "people": len(leaving)}})
	return err
}

type leaver struct {
	Identity int    `json:"identity"`
	Name     string `json:"name"`
	What     string `json:"what"`
}

// leavingLate gives the people who would leave by what fell due longer ago than late, and how many are here.
func leavingLate(tx *db.Tx) ([]leaver, int, error) {
	rows, err := tx.Query(`select distinct ref from due where at < $1 and what = 'person'`, tx.Now.Add(-late))
	if err != nil {
		return nil, 0, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil || len(ids) == 0 {
		return nil, 0, err
	}
	people, err := identity.People(tx, ids)
	if err != nil {
		return nil, 0, err
	}
	versions, err := identity.Versions(tx, ids)
	if err != nil {
		return nil, 0, err
	}
	var out []leaver
	for _, id := range ids {
		p := people[id]
		if p != nil && p.State != identity.Left && identity.StateAt(versions[id], tx.Now) == identity.Left {
			out = append(out, leaver{id, p.Name, "leaves"})
		}
	}
	var active int
	err = tx.QueryRow(`select count(*) from identity where kind = 'person' and state <> 'left'`).Scan(&active)
	return out, active, err
}

// ReleaseHold lets what was held after an outage go on, decided by a person with a reason.
func ReleaseHold(tx *db.Tx, id int, reason string) error {
	if tx.Actor.Identity == 0 {
		return errs.Forbidden("releasing needs a person: sign in, or give a personal token in TENURE_TOKEN")
	}
	if strings.TrimSpace(reason) == "" {
		return errs.Invalid("a release needs a reason")
	}
	n, err := tx.Exec(`update hold set state = 'released', decided_at = clock_timestamp(), decided_by = $2, decided_identity = $3, note = $4
		where id = $1 and kind = 'due' and state = 'open'`, id, tx.Actor.ID, tx.Actor.Identity, reason)
	if err != nil {
		return err
	}
	if n == 0 {
		var known bool
		if err := tx.QueryRow(`select exists (select from hold where id = $1 and kind = 'due')`, id).Scan(&known); err != nil {
			return err
		}
		if !known {
			return errs.NotFound("there is no hold %d of what fell due", id)
		}
		return errs.Conflict("there is no open hold %d of what fell due (HR runs are released with `tenure hr release`)", id)
	}
	tx.Record(evidence.Event{Kind: "due.released", Touches: evidence.Touches{"hold": 1}, Facts: map[string]any{"hold": id, "reason": reason}})
	_, err = RunDue(tx, tx.Now)
	return err
}
