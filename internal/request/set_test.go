package request_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/errs"
	"tenure/internal/policy"
	"tenure/internal/request"
)

// counting counts the round trips of a transaction.
type counting struct {
	pgx.Tx
	n int
}

func (c *counting) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	c.n++
	return c.Tx.Exec(ctx, sql, args...)
}

func (c *counting) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	c.n++
	return c.Tx.Query(ctx, sql, args...)
}

func (c *counting) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	c.n++
	return c.Tx.QueryRow(ctx, sql, args...)
}

func (c *counting) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	c.n++
	return c.Tx.SendBatch(ctx, b)
}

// trips counts what fn asks the database.
func trips(tx *db.Tx, fn func() error) (int, error) {
	c := &counting{Tx: tx.Pgx}
	tx.Pgx = c
	err := fn()
	tx.Pgx = c.Tx
	return c.n, err
}

// Who acts in the names of many is asked about in one query for all of them; and what their names let them see and do is theirs.
func TestInManyNamesIsOneQuestion(t *testing.T) {
	o := newOffice(t, dbtest.New(t))
	r := o.ask("Ada", request.Wish{Act: request.Grant, Offer: o.of["CRM"]})
	o.approve("Max", r)
	o.approve("Olga", r)
	var few [3]int
	counts := func(want bool) (out [3]int) {
		t.Helper()
		if err := o.as("Dora", func(tx *db.Tx) error {
			r, err := request.Get(tx, r.ID)
			if err != nil {
				return err
			}
			var sees bool
			if out[0], err = trips(tx, func() (err error) { sees, err = o.Concerns(tx, r, o.id["Dora"]); return err }); err != nil || sees != want {
				t.Errorf("Dora sees it: %v, %v", sees, err)
			}
			out[1], err = trips(tx, func() error {
				_, err := o.Preview(tx, &request.Ask{For: o.id["Bob"], Why: "x", Wishes: []request.Wish{{Act: request.Grant, Offer: 999}}})
				return err
			})
			if kind := errs.KindOf(err); want != (kind == errs.KindInvalid) || !want && kind != errs.KindNotFound {
				t.Errorf("Dora asks for Bob: %v", err)
			}
			if out[2], err = trips(tx, func() error { _, err := o.End(tx, r.Items[0].ID, "", false); return err }); want != (err == nil) {
				t.Errorf("Dora ends it: %v", err)
			}
			return db.ErrRollback
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	o.delegate("Rob", "Dora")
	few = counts(false)
	for _, name := range []string{"Bob", "Cora", "Carl", "Root", "Otto"} {
		o.delegate(name, "Dora")
	}
	if many := counts(false); many != few {
		t.Errorf("in six names it takes %v round trips, in one %v", many, few)
	}
	o.delegate("Vera", "Dora")
	counts(true)
}

// What falls due at an instant takes as many round trips for many requests as for one.
func TestManyFallAtOnce(t *testing.T) {
	o := newOffice(t, dbtest.Replay(t), func(s *policy.Set) {
		s.Approvals["one"] = policy.ApprovalSpec{Order: 3, When: `request["offer"] == "CRM"`, Steps: []policy.StepSpec{{By: "manager"}}}
	})
	var steps, held []int
	for _, name := range []string{"Ada", "Bob", "Rob"} {
		steps = append(steps, o.open(o.ask(name, request.Wish{Act: request.Grant, Offer: o.of["CRM"]})).ID)
		held = append(held, o.ask(name, request.Wish{Act: request.Grant, Offer: o.of["Open"], Days: 10}).Items[0].ID) // at once
	}
	for stage, ahead := range []int{2, 4, 8, 16} {
		o.system(func(tx *db.Tx) error {
			if err := tx.MoveClock(Monday.AddDate(0, 0, ahead)); err != nil {
				return err
			}
			var one int
			if err := tx.Try(func() (err error) {
				one, err = trips(tx, func() error { return o.Fall(tx, steps[:1], held[:1]) })
				return orBack(err)
			}); err != nil {
				return err
			}
			all, err := trips(tx, func() error { return o.Fall(tx, steps, held) })
			if all > one {
				t.Errorf("stage %d: %d round trips for one and %d for all", stage, one, all)
			}
			t.Logf("stage %d: %d round trips", stage, all)
			return err
		})
	}
}

func orBack(err error) error {
	if err == nil {
		return db.ErrRollback
	}
	return err
}

// A decision asks the database few times, whatever follows from it: most of what it needs is asked together. What is copied in bulk is not counted.
func TestADecisionTakesFewRoundTrips(t *testing.T) {
	o := newOffice(t, dbtest.New(t))
	counted := func(who, what string, most int, fn func(*db.Tx) error) {
		t.Helper()
		if err := o.as(who, func(tx *db.Tx) error {
			n, err := trips(tx, func() error { return fn(tx) })
			if n > most {
				t.Errorf("%s takes %d round trips, at most %d are expected", what, n, most)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	var r *request.Request
	counted("Ada", "asking", 24, func(tx *db.Tx) (err error) {
		r, err = o.Submit(tx, &request.Ask{For: o.id["Ada"], Why: "the quarter ends", Via: "page", Wishes: []request.Wish{{Act: request.Grant, Offer: o.of["CRM"]}}, Proven: true})
		return err
	})
	counted("Max", "approving", 16, func(tx *db.Tx) error {
		_, err := o.Decide(tx, request.Answer{Step: o.open(r).ID, Outcome: request.Approve})
		return err
	})
	counted("Olga", "granting", 19, func(tx *db.Tx) error {
		_, err := o.Decide(tx, request.Answer{Step: o.open(r).ID, Outcome: request.Approve})
		return err
	})
}
