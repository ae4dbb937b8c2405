package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/policy/sod"
)

// Cold, the population is not there: what everybody holds is read from a table, of which the engine needs only what stands in a
// rule. The floor reads all rows and does nothing with them. The other way to ask is one SQL query that joins the table with the
// sides of the rules and groups.

// The list of what is needed is planned as a constant (QueryExecModeCacheDescribe): only then does PostgreSQL look it up by hash.

// sodTable holds what people hold as it comes about: one thing of everybody, then the next, so that rows of one person lie apart.
const sodTable = `create table bench_assignment (identity_id int not null, entitlement_id int not null);
	create table bench_side (rule_id int not null, side int not null, entitlement_id int not null)`

const (
	sodAll    = `select identity_id, entitlement_id from bench_assignment`
	sodNeeded = sodAll + ` where entitlement_id = any($1)`
)

const sodQuery = `select rule_id, identity_id from bench_assignment join bench_side using (entitlement_id)
	group by rule_id, identity_id having bit_or(side) = 3`

func (t *sodTrial) cold(ctx context.Context, o Options) (err error) {
	name, err := t.clone(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.drop(ctx, name)) }()
	conn, err := pgx.Connect(ctx, t.url(name))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	start := time.Now()
	if err := t.fill(ctx, conn); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(o.Log, "%d people: their %d entitlements are in a table after %.1f s\n", t.n, len(t.held), time.Since(start).Seconds())
	t.people, t.dense = nil, nil
	for i := range o.Repeat + 1 {
		product, floor, sql, err := t.coldly(ctx, conn)
		if err != nil {
			return err
		}
		if i > 0 {
			t.out.Cold.add(product, floor)
			t.out.SQL.add(product, sql)
		}
	}
	return t.weigh(ctx, conn, name)
}

func (t *sodTrial) fill(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, sodTable); err != nil {
		return err
	}
	i := -1
	if _, err := conn.CopyFrom(ctx, pgx.Identifier{"bench_assignment"}, []string{"identity_id", "entitlement_id"}, pgx.CopyFromFunc(func() ([]any, error) {
		if i++; i == len(t.held) {
			return nil, nil
		}
		who, what := i%t.n, i/t.n
		return []any{int32(1 + who), t.held[who*sodHeld+what]}, nil //nolint:gosec // a number of people
	})); err != nil {
		return err
	}
	var sides [][]any
	for r, rule := range t.sides {
		for side, entitlements := range rule {
			for _, e := range entitlements {
				sides = append(sides, []any{int32(r + 1), int32(side + 1), int32(e)}) //nolint:gosec // all are small
			}
		}
	}
	if _, err := conn.CopyFrom(ctx, pgx.Identifier{"bench_side"}, []string{"rule_id", "side", "entitlement_id"}, pgx.CopyFromRows(sides)); err != nil {
		return err
	}
	for _, table := range []string{"bench_assignment", "bench_side"} {
		if _, err := conn.Exec(ctx, `vacuum analyze `+table); err != nil {
			return err
		}
	}
	_, err := conn.Exec(ctx, `set work_mem = '256MB'`) // SQL is not to wait for the disk
	return err
}

// coldly takes the three times once.
func (t *sodTrial) coldly(ctx context.Context, conn *pgx.Conn) (product, floor, sql time.Duration, err error) {
	var sum, rows int
	if floor, err = clock(func() error {
		return pairs(ctx, conn, func(person, entitlement int) {
			sum += person ^ entitlement
			rows++
		}, sodAll)
	}); err != nil {
		return 0, 0, 0, err
	}
	if rows != len(t.held) || sum == 0 {
		return 0, 0, 0, fmt.Errorf("%d rows were read instead of %d", rows, len(t.held))
	}
	var found, queried findings
	if product, err = clock(func() error {
		p := sod.NewPopulation(t.engine, t.n)
		if err := pairs(ctx, conn, p.Add, sodNeeded, pgx.QueryExecModeCacheDescribe, t.engine.Entitlements()); err != nil {
			return err
		}
		p.Scan(found.add)
		return nil
	}); err != nil {
		return 0, 0, 0, err
	}
	if sql, err = clock(func() error { return pairs(ctx, conn, queried.add, sodQuery) }); err != nil {
		return 0, 0, 0, err
	}
	if found != t.want || queried != t.want {
		return 0, 0, 0, errors.New("the engine warm, the engine cold and SQL find different violations")
	}
	return product, floor, sql, nil
}

// pairs reads rows of two integers.
func pairs(ctx context.Context, conn *pgx.Conn, each func(a, b int), query string, args ...any) error {
	rows, err := conn.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		v := rows.RawValues()
		each(int(binary.BigEndian.Uint32(v[0])), int(binary.BigEndian.Uint32(v[1])))
	}
	return rows.Err()
}
