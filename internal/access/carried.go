package access

import (
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// Carried is what a target shows of an entitlement that somebody had for a while.
type Carried struct {
	Entitlement int
	Given, Gone *time.Time // when a reading showed it there, and when one showed it gone; nil for not yet
	SignIn      *time.Time // the last sign-in with the account, as was last read; nil where the target does not tell
}

// CarriedSince gives it for several entitlements of a person, from an instant on.
func CarriedSince(tx *db.Tx, who int, entitlements []int, since time.Time) ([]Carried, error) {
	rows, err := tx.Query(`select o.entitlement_id, min(o.verified_at) filter (where o.kind = 'grant'), max(o.verified_at) filter (where o.kind = 'revoke'), max(s.last_sign_in)
		from operation o left join account_seen s on s.account_id = o.account_id
		where o.identity_id = $1 and o.entitlement_id = any($2) and o.state = 'verified' and o.created_at >= $3 group by 1 order by 1`, who, entitlements, since)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Carried])
}
