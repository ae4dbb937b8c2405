package hr

import (
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// Moved says what has happened since the content of a held run was worked out, as far as a glance can tell.
type Moved struct {
	Overtaken int // the run that was applied after it; it can only be discarded
	People    int // of this run who have been changed by something else
	Policy    bool
}

// Any says whether anything has.
func (m Moved) Any() bool { return m.Overtaken > 0 || m.People > 0 || m.Policy }

// SinceSeen looks at what has moved since a held run was looked at. A release looks closely and refuses what was not looked at.
func SinceSeen(tx *db.Tx, run *Run) (m Moved, err error) {
	if run.State != Held || run.SeenAt == nil {
		return m, nil
	}
	err = tx.QueryRow(`select coalesce((select max(id) from snapshot where source_id = $1 and id > $2 and state = 'applied'), 0),
			(select count(*) from (select 1 from run_change c where c.snapshot_id = $2 and exists (select from employment_version v
				where v.identity_id = c.identity_id and v.known_from > $3) limit 1000) x)`, run.SourceID, run.ID, *run.SeenAt).Scan(&m.Overtaken, &m.People)
	return m, err
}

// Due says when the next file of a source is expected and whether it is late, from the distance between its last good runs;
// nil when there are too few of them to tell.
func Due(tx *db.Tx, src int) (next *time.Time, every time.Duration, err error) {
	rows, err := tx.Query(`select loaded_at from snapshot where source_id = $1 and state = 'applied' order by id desc limit 8`, src)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	var all []time.Time
	for rows.Next() {
		var at time.Time
		if err := rows.Scan(&at); err != nil {
			return nil, 0, err
		}
		all = append(all, at)
	}
	if len(all) < 4 || rows.Err() != nil {
		return nil, 0, rows.Err()
	}
	every = all[0].Sub(all[len(all)-1]) / time.Duration(len(all)-1)
	at := all[0].Add(every)
	return &at, every, nil
}

// SampleOf gives what the source says of one of its people, by the names of the mapping: whoever changed last.
func SampleOf(tx *db.Tx, src int) (map[string]string, error) {
	out := map[string]string{}
	var status, zone, manager string
	var first time.Time
	var last *time.Time
	err := tx.QueryRow(`select v.attrs, v.status, v.zone, v.first_day, v.last_day, coalesce(m.number, '') from employment e
		join employment_version v on v.employment_id = e.id and v.known_to = 'infinity' left join identity m on m.id = v.manager_id
		where e.id = (select max(id) from employment where source_id = $1 and row_hash is not null) order by v.id desc limit 1`, src).
		Scan(&out, &status, &zone, &first, &last, &manager)
	if errors.Is(err, pgx.ErrNoRows) {
		return out, nil
	}
	out["status"], out["zone"], out["manager"], out["first_day"] = status, zone, manager, first.Format(time.DateOnly)
	if last != nil {
		out["last_day"] = last.Format(time.DateOnly)
	}
	return out, err
}
