package access

import (
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// ViolationLine is one violation of a list, with who it is about and the exception that holds.
type ViolationLine struct {
	ID                                 int64
	Person                             int
	PersonName, PersonRef, PersonState string
	Rule                               int
	RuleName                           string // as it was declared
	State                              ViolationState
	BrokenFrom                         time.Time // may lie ahead
	Opened, Changed                    time.Time
	Times                              int        // how often it was opened
	Until                              *time.Time // of the exception that holds
	Key                                string     // the value by which the list is sorted
	Path                               []Path
}

// ViolationFilter says which violations a list shows. Zero fields do not filter; Current leaves out those that are resolved.
type ViolationFilter struct {
	State   ViolationState
	Rules   []int // nil: all
	Person  int
	Current bool
}

func (f ViolationFilter) matches() (string, []any) {
	where, args := []string{"true"}, []any{}
	add := func(cond string, v any) {
		args = append(args, v)
		where = append(where, fmt.Sprintf(cond, len(args)))
	}
	switch f.State {
	case ViolationOpen, ViolationAccepted, ViolationResolved: // literals, so that the partial indexes serve
		where = append(where, "v.state = '"+string(f.State)+"'")
	}
	if f.Current {
		where = append(where, "v.state <> 'resolved'")
	}
	if f.Rules != nil {
		add("v.rule_id = any($%d)", f.Rules)
	}
	if f.Person != 0 {
		add("v.identity_id = $%d", f.Person)
	}
	return strings.Join(where, " and "), args
}

const violationColumns = `select v.id, i.id, i.name, i.public_id::text, i.state, v.rule_id, o.name, v.state, v.broken_from, v.opened_at, v.changed_at, v.times_opened,
		x.valid_to, v.opened_at::text, v.path
	from violation v join identity i on i.id = v.identity_id join policy_object o on o.id = v.rule_id
		left join exception x on x.identity_id = v.identity_id and x.rule_id = v.rule_id and x.ended_at is null `

// Violations gives one page of violations, by when they were opened.
func Violations(tx *db.Tx, f ViolationFilter, p db.Page) ([]ViolationLine, bool, error) {
	matches, args := f.matches()
	where, tail, more := p.Keyset(map[string]db.Key{"opened": {Expr: "v.opened_at", Type: "timestamptz"}}, "v.id", len(args)+1)
	rows, err := tx.Query(violationColumns+"where "+matches+" and "+where+tail, append(args, more...)...)
	if err != nil {
		return nil, false, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ViolationLine])
	all, further := db.Cut(p, all)
	return all, further, err
}

// CurrentViolation gives how a person and a rule stand: the violation that is not resolved, or the last one; ok is false for none.
func CurrentViolation(tx *db.Tx, who, rule int) (v ViolationLine, ok bool, err error) {
	rows, err := tx.Query(violationColumns+`where v.identity_id = $1 and v.rule_id = $2 order by v.id desc limit 1`, who, rule)
	if err != nil {
		return v, false, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ViolationLine])
	if err != nil || len(all) == 0 {
		return v, false, err
	}
	return all[0], true, nil
}

// CountViolations counts, for each rule, who breaks it, by state: open and accepted.
func CountViolations(tx *db.Tx) (map[int]map[ViolationState]int, error) {
	rows, err := tx.Query(`select rule_id, state, count(*) from violation where state <> 'resolved' group by 1, 2`)
	if err != nil {
		return nil, err
	}
	out := map[int]map[ViolationState]int{}
	var rule, n int
	var state string
	_, err = pgx.ForEachRow(rows, []any{&rule, &state, &n}, func() error {
		if out[rule] == nil {
			out[rule] = map[ViolationState]int{}
		}
		out[rule][ViolationState(state)] = n
		return nil
	})
	return out, err
}

// WithheldLine is an entitlement that a person would have by birthright and does not because of an SoD rule.
type WithheldLine struct {
	Entitlement, Rule, Ref int
	Since                  time.Time
}

// WithheldFrom gives what is withheld from a person, because of one rule or, with 0, of all.
func WithheldFrom(tx *db.Tx, who, rule int) ([]WithheldLine, error) {
	rows, err := tx.Query(`select entitlement_id, rule_id, ref, since from withheld where identity_id = $1 and ($2 = 0 or rule_id = $2) order by 1, 2, 3`, who, rule)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[WithheldLine])
}

// CountWithheld counts the people from whom something is withheld, and how much that is.
func CountWithheld(tx *db.Tx) (people, entitlements int, err error) {
	err = tx.QueryRow(`select count(distinct identity_id), count(distinct (identity_id, entitlement_id)) from withheld`).Scan(&people, &entitlements)
	return people, entitlements, err
}

// ExceptionOf gives the exception that holds for a person and a rule, nil for none.
func ExceptionOf(tx *db.Tx, who, rule int) (*ExceptionLine, error) {
	rows, err := tx.Query(`select x.id, a.name, x.accepted_identity, x.control, x.reason, x.valid_from, x.valid_to from exception x join actor a on a.id = x.accepted_by
		where x.identity_id = $1 and x.rule_id = $2 and x.ended_at is null`, who, rule)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[ExceptionLine])
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}

// ExceptionLine is an accepted conflict.
type ExceptionLine struct {
	ID              int64
	By              string
	ByID            int
	Control, Reason string
	From, To        time.Time
}
