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

// RoleCount is how many people have a role.
type RoleCount struct{ ByRule, ByDecision int }

// CountRoles counts the people who have each role because of the birthright rules that give it, and those for whom somebody decided it. rules
// are the rules that give a role, itself or within another, by role.
func CountRoles(tx *db.Tx, rules map[int][]int) (map[int]RoleCount, error) {
	var role, rule []int
	for id, all := range rules {
		for _, x := range all {
			role, rule = append(role, id), append(rule, x)
		}
	}
	rows, err := tx.Query(`select x.role, count(distinct r.identity_id), 0 from unnest($1::int[], $2::int[]) x(role, rule) join reason r on r.ref = x.rule
			where r.known_to = 'infinity' and r.state = 'live' and r.kind = 'birthright' and r.valid_from <= $3 and r.valid_to > $3 group by 1
		union all select role_id, 0, count(*) from role_member where ended_at is null and valid_from <= $3 and valid_to > $3 group by 1`, role, rule, tx.Now)
	if err != nil {
		return nil, err
	}
	out := map[int]RoleCount{}
	var id, given, decided int
	_, err = pgx.ForEachRow(rows, []any{&id, &given, &decided}, func() error {
		c := out[id]
		out[id] = RoleCount{c.ByRule + given, c.ByDecision + decided}
		return nil
	})
	return out, err
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
