package identity

import (
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// LastAct says who did something of a kind with a person last, and when: for telling somebody who comes too late. A fact of the
// event narrows it to one thing of theirs. Without such an event the time is zero.
func LastAct(tx *db.Tx, who int, kind, fact, value string) (by string, at time.Time, err error) {
	err = tx.QueryRow(`select a.name, e.recorded_at from event e join actor a on a.id = e.actor_id where e.identity_id = $1 and e.kind = $2
		and ($3 = '' or convert_from(e.leaf, 'UTF8')::jsonb->'facts'->>$3 = $4) order by e.id desc limit 1`, who, kind, fact, value).Scan(&by, &at)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", time.Time{}, nil
	}
	return by, at, err
}
