package access

import (
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// MemberLine is a membership in a role that a person decided.
type MemberLine struct {
	ID                                 int
	Person                             int
	PersonName, PersonRef, PersonState string
	From                               time.Time
	To                                 *time.Time // nil: without end
	By                                 string
	Reason                             string
	Param                              string // what the role was given with, see policy.Param; "" for nothing
}

const memberColumns = `select m.id, i.id, i.name, i.public_id::text, i.state, m.valid_from, case when m.valid_to <> 'infinity' then m.valid_to end, a.name, m.reason, m.param
	from role_member m join identity i on i.id = m.identity_id join actor a on a.id = m.made_by `

// Members gives who is or will be a member of a role by decision, by name.
func Members(tx *db.Tx, role, limit int) ([]MemberLine, error) {
	rows, err := tx.Query(memberColumns+`where m.role_id = $1 and m.ended_at is null and m.valid_to > $2 order by i.name, m.id limit $3`, role, tx.Now, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[MemberLine])
}

// Member gives one membership that has not ended; ok is false where there is none.
func Member(tx *db.Tx, role, id int) (m MemberLine, ok bool, err error) {
	rows, err := tx.Query(memberColumns+`where m.role_id = $1 and m.id = $2 and m.ended_at is null`, role, id)
	if err != nil {
		return m, false, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[MemberLine])
	if err != nil || len(all) == 0 {
		return m, false, err
	}
	return all[0], true, nil
}
