package db_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/db/dbtest"
)

// trips counts what is sent to the database at once.
type trips struct {
	mu   sync.Mutex
	sent [][]string
}

func (t *trips) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	t.note(d.SQL)
	return ctx
}

func (*trips) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (t *trips) TraceBatchStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceBatchStartData) context.Context {
	var all []string
	for _, q := range d.Batch.QueuedQueries {
		all = append(all, q.SQL)
	}
	t.note(all...)
	return ctx
}

func (*trips) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (*trips) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

func (t *trips) note(sql ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent = append(t.sent, sql)
}

func number(tx *db.Tx, sql string, args ...any) (n int, err error) {
	err = tx.QueryRow(sql, args...).Scan(&n)
	return n, err
}

// What several functions ask at the same step goes in one round trip, nested ones included; each runs alone and in order.
func TestTogether(t *testing.T) {
	count := &trips{}
	d, err := db.Open(t.Context(), db.Config{URL: dbtest.New(t).Pool.Config().ConnString(), Key: make([]byte, 32), Tracer: count})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var order []string
	steps := func(name string, from, n int) func(*db.Tx) error {
		return func(tx *db.Tx) error {
			for i := range n {
				got, err := number(tx, `select $1::int + 1`, from+i)
				if err != nil {
					return err
				}
				if got != from+i+1 {
					t.Errorf("%s was answered %d", name, got)
				}
				order = append(order, name)
			}
			return nil
		}
	}
	var read, after []int
	err = d.Read(t.Context(), func(tx *db.Tx) error {
		err := db.Together(tx, steps("a", 0, 3), func(tx *db.Tx) error {
			rows, err := tx.Query(`select generate_series(1, 3)`)
			if err != nil {
				return err
			}
			read, err = pgx.CollectRows(rows, pgx.RowTo[int])
			order = append(order, "b")
			return err
		}, func(tx *db.Tx) error {
			if err := db.Together(tx, steps("c", 10, 1), steps("d", 20, 2)); err != nil {
				return err
			}
			order = append(order, "e")
			return nil
		}, func(*db.Tx) error { return nil })
		if err != nil {
			return err
		}
		rows, err := tx.Query(`select generate_series(1, 2)`) // the transaction goes on as before
		if err != nil {
			return err
		}
		after, err = pgx.CollectRows(rows, pgx.RowTo[int])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, ""); got != "abcdadea" {
		t.Errorf("the order was %s", got)
	}
	if !slices.Equal(read, []int{1, 2, 3}) || !slices.Equal(after, []int{1, 2}) {
		t.Error(read, after)
	}
	var sizes []int
	for _, s := range count.sent[len(count.sent)-6:] {
		sizes = append(sizes, len(s))
	}
	if !slices.Equal(sizes, []int{2, 4, 2, 1, 1, 1}) { // begin with the clock, three steps, the query afterwards, commit
		t.Errorf("statements in each round trip: %v", sizes)
	}
}

// An error of one ends all, and the first in time is told; nothing that was asked before it is lost.
func TestTogetherFails(t *testing.T) {
	d := dbtest.New(t)
	mine := errors.New("mine")
	ended := false
	for _, x := range []struct {
		what string
		fns  []func(*db.Tx) error
		want func(error) bool
	}{
		{"a function's own error", []func(*db.Tx) error{
			func(tx *db.Tx) error {
				defer func() { ended = true }()
				for {
					if _, err := number(tx, `select 1`); err != nil {
						return err
					}
				}
			},
			func(tx *db.Tx) error {
				if _, err := number(tx, `select 1`); err != nil {
					return err
				}
				return mine
			}}, func(err error) bool { return errors.Is(err, mine) && ended }},
		{"a statement that fails", []func(*db.Tx) error{
			func(tx *db.Tx) error { _, err := number(tx, `select 1 / $1::int`, 0); return err },
			func(tx *db.Tx) error { _, err := number(tx, `select 2`); return err },
		}, func(err error) bool { return db.BadValue(err) }},
		{"rows left unread", []func(*db.Tx) error{
			func(tx *db.Tx) error {
				rows, err := tx.Query(`select generate_series(1, 3)`)
				if err == nil && rows.Next() {
					_, err = number(tx, `select 1`)
				}
				return err
			},
			func(tx *db.Tx) error { _, err := number(tx, `select 2`); return err },
		}, func(err error) bool { return err != nil && strings.Contains(err.Error(), "not read to their end") }},
		{"no row", []func(*db.Tx) error{
			func(tx *db.Tx) error { _, err := number(tx, `select 1 where false`); return err },
			func(tx *db.Tx) error { _, err := number(tx, `select 2`); return err },
		}, func(err error) bool { return errors.Is(err, pgx.ErrNoRows) }},
	} {
		err := d.Read(t.Context(), func(tx *db.Tx) error { return db.Together(tx, x.fns...) })
		if !x.want(err) {
			t.Errorf("%s: %v", x.what, err)
		}
	}
	func() {
		defer func() {
			if recover() != "on purpose" {
				t.Error("a panic did not come through")
			}
		}()
		_ = d.Read(t.Context(), func(tx *db.Tx) error {
			return db.Together(tx, func(tx *db.Tx) error { _, _ = number(tx, `select 1`); panic("on purpose") },
				func(tx *db.Tx) error { _, err := number(tx, `select 2`); return err })
		})
	}()
	if err := d.Read(t.Context(), func(tx *db.Tx) error { _, err := number(tx, `select 1`); return err }); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// In a transaction that writes they run one after another, on the transaction itself: what they do is accounted for.
func TestTogetherWrites(t *testing.T) {
	d := dbtest.New(t)
	err := d.Do(t.Context(), db.Operator, func(tx *db.Tx) error {
		return db.Together(tx, func(inner *db.Tx) error {
			if inner != tx {
				t.Error("another transaction")
			}
			return nil
		}, func(*db.Tx) error { return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A reading that lasts sees one moment, and what is planned for each value again is so until its end only.
func TestOpen(t *testing.T) {
	d := dbtest.New(t)
	first := 0
	r, err := d.Open(t.Context(), func(b *pgx.Batch) {
		b.Queue(`select 7`).QueryRow(func(row pgx.Row) error { return row.Scan(&first) })
	})
	if err != nil {
		t.Fatal(err)
	}
	mode := func() (m string) {
		if err := r.QueryRow(`select current_setting('plan_cache_mode')`).Scan(&m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	if m := mode(); first != 7 || m != "force_generic_plan" || r.Now.IsZero() {
		t.Errorf("%d, %s, %s", first, m, r.Now)
	}
	if err := db.PlanEach(r.Tx); err != nil || mode() != "auto" {
		t.Error(err, mode())
	}
	if _, err := r.Exec(`update clock set at = null`); err == nil {
		t.Error("a reading wrote")
	}
	r.End()
	r.End()
	if _, err := d.Open(t.Context(), func(b *pgx.Batch) { b.Queue(`select 1 / 0`) }); !db.BadValue(err) {
		t.Errorf("a failed beginning: %v", err)
	}
	if n := d.Pool.Stat().AcquiredConns(); n != 0 {
		t.Errorf("%d connections are still held", n)
	}
}
