package access

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/evidence"
)

// Filter says which operations a list shows. Zero fields do not filter.
type Filter struct {
	State       State
	Application int
	Person      int
	Kind, Cause string
	Leavers     bool // only what takes access from leavers
	Until       any  // decided before this record time: a time.Time or nil
}

// matches gives the condition and its arguments: only what is asked for is in the statement, so that the planner sees which index
// serves it.
func (f Filter) matches() (string, []any) {
	where, args := []string{"true"}, []any{}
	add := func(cond string, v any) {
		args = append(args, v)
		where = append(where, fmt.Sprintf(cond, len(args)))
	}
	if f.State != "" {
		where = append(where, "o.state = '"+string(f.known())+"'") // a literal, so that the partial indexes serve
	}
	if f.Application != 0 {
		add("o.application_id = $%d", f.Application)
	}
	if f.Person != 0 {
		add("o.identity_id = $%d", f.Person)
	}
	if f.Kind != "" {
		add("o.kind = $%d", f.Kind)
	}
	if f.Cause != "" {
		add("o.cause = $%d", f.Cause)
	}
	if f.Leavers {
		where = append(where, fmt.Sprintf("o.urgency <= %d", Leaving))
	}
	if f.Until != nil {
		add("o.created_at <= $%d", f.Until)
	}
	return strings.Join(where, " and "), args
}

// known gives the state if there is such a one: what stands in a statement is never somebody's text.
func (f Filter) known() State {
	for _, s := range []State{Proposed, Pending, Claimed, Acknowledged, Verified, Failed, Cancelled} {
		if s == f.State {
			return s
		}
	}
	return "none"
}

// List gives one page of operations, by number.
func List(tx *db.Tx, f Filter, p db.Page) ([]Item, bool, error) {
	matches, args := f.matches()
	where, tail, more := p.Keyset(map[string]db.Key{"id": {Expr: "o.id", Type: "bigint"}}, "o.id", len(args)+1)
	rows, err := tx.Query(itemColumns+"where "+matches+" and "+where+tail, append(args, more...)...)
	if err != nil {
		return nil, false, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Item])
	all, further := db.Cut(p, all)
	return all, further, err
}

// CountUpTo counts the operations of a filter, not beyond a limit.
func CountUpTo(tx *db.Tx, f Filter, limit int) (n int, err error) {
	matches, args := f.matches()
	err = tx.QueryRow(fmt.Sprintf(`select count(*) from (select 1 from operation o where %s limit %d) x`, matches, limit), args...).Scan(&n)
	return n, err
}

// Named gives operations by their numbers.
func Named(tx *db.Tx, ids []int64) (map[int64]Item, error) {
	rows, err := tx.Query(itemColumns+`where o.id = any($1)`, ids)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Item])
	out := make(map[int64]Item, len(all))
	for _, it := range all {
		out[it.ID] = it
	}
	return out, err
}

// RetryMany gives failed operations another round, on a person's word. It gives those that it did: the others were not failed any
// more.
func RetryMany(tx *db.Tx, ids []int64) ([]int64, error) {
	rows, err := tx.Query(`with o as (select id from operation where id = any($1) and state = 'failed' order by id for no key update)
		update operation set state = 'pending', attempts = 0, error = null, next_attempt_at = clock_timestamp() where id in (select id from o)
		returning id, application_id`, ids)
	if err != nil {
		return nil, err
	}
	var done []int64
	apps := map[int]bool{}
	var id int64
	var app int
	if _, err := pgx.ForEachRow(rows, []any{&id, &app}, func() error { done, apps[app] = append(done, id), true; return nil }); err != nil {
		return nil, err
	}
	if len(done) == 0 {
		return nil, nil
	}
	tx.Record(evidence.Event{Kind: "operation.retried", Touches: evidence.Touches{"operation": len(done)}, Facts: map[string]any{"operations": done}})
	for a := range apps {
		if err := Ring(tx, a, false); err != nil {
			return nil, err
		}
	}
	return done, nil
}
