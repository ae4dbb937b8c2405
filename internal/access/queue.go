package access

import (
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// Queue is what waits at one application in one class.
type Queue struct {
	Application int
	Urgent      bool // terminations and leavers
	Waiting     int  // pending or in a worker's hands
	Unread      int  // acknowledged, not read back
	Oldest      *time.Time
}

// Queues counts what waits, by application and class. Only open operations are looked at.
func Queues(tx *db.Tx) ([]Queue, error) {
	rows, err := tx.Query(`select application_id, urgency <= $1, count(*) filter (where state in ('pending', 'claimed')), count(*) filter (where state = 'acknowledged'),
			min(created_at) from operation where state in ('pending', 'claimed', 'acknowledged') group by 1, 2 order by 1, 2 desc`, Leaving)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Queue])
}

// Recent is how the last tries at an application went, within the hour.
type Recent struct {
	Tries, Failed int
	Last          string // what the last failed one said
	LastAt        *time.Time
}

// LastTries looks at up to ten tries of the last hour.
func LastTries(tx *db.Tx, app int) (r Recent, err error) {
	err = tx.QueryRow(`with t as (select a.outcome, a.detail, a.started_at from attempt a join operation o on o.id = a.operation_id
			where o.application_id = $1 and a.started_at > clock_timestamp() - interval '1 hour' order by a.started_at desc limit 10)
		select count(*), count(*) filter (where outcome <> 'ok'), coalesce((select detail from t where outcome <> 'ok' order by started_at desc limit 1), ''),
			max(started_at) filter (where outcome <> 'ok') from t`, app).Scan(&r.Tries, &r.Failed, &r.Last, &r.LastAt)
	return r, err
}
