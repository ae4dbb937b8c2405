package control

import (
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/evidence"
)

// Opened records that the actor, an auditor, opens a page: its pattern, such as /people/:id, and what stood in its place.
func Opened(tx *db.Tx, page string, at map[string]string) {
	tx.Record(evidence.Event{Kind: "evidence.opened", Facts: map[string]any{"page": page, "at": at}})
}

// Opening is a page that an auditor opened.
type Opening struct {
	ID        int64
	At        map[string]string
	When      time.Time
	Name, Ref string
	Page      string
	Event     int64 // number in the log, -1 while it is not sealed
}

// Openings gives what auditors opened, the newest first, older than one of them (0: from the newest on).
func Openings(tx *db.Tx, before int64, limit int) ([]Opening, error) {
	rows, err := tx.Query(`select e.id, e.recorded_at, coalesce(i.name, a.name), coalesce(i.public_id::text, ''), convert_from(e.leaf, 'UTF8')::jsonb->'facts'->>'page', (convert_from(e.leaf, 'UTF8')::jsonb->'facts'->'at')::text, coalesce(l.log_index, -1)
		from event e join actor a on a.id = e.actor_id left join identity i on i.id = a.identity_id left join leaf l on l.event_id = e.id
		where e.kind = 'evidence.opened' and ($1::bigint = 0 or e.id < $1) order by e.id desc limit $2`, before, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (o Opening, err error) {
		var at string
		if err = r.Scan(&o.ID, &o.When, &o.Name, &o.Ref, &o.Page, &at, &o.Event); err == nil {
			err = json.Unmarshal([]byte(at), &o.At)
		}
		return o, err
	})
}
