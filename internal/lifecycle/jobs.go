package lifecycle

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/provision"
)

// DueArgs rings at the instant something falls due. What is due stands in the table due.
type DueArgs struct {
	At int64 `json:"at"` // Unix seconds
}

// Kind names the job.
func (DueArgs) Kind() string { return "lifecycle.due" }

// ringNext makes sure that a bell rings at the next instant that is due. In a replay the clock is moved by hand, and
// whoever moves it runs what is due.
//
// The job is not unique by River's means: the second of two transactions that enqueue it would wait for the first to end, and
// a termination must not wait for an upload, which may wait for the same person. A bell that rings twice does no harm.
func ringNext(tx *db.Tx) error {
	if sim, err := tx.Simulated(); err != nil || sim {
		return err
	}
	// What is due already has rung, and waits for a person or for the transaction that is at it: to ring again would not end.
	at, ok, err := next(tx, tx.Now, db.Forever, nil)
	if err != nil || !ok {
		return err
	}
	if tx.Kept(bellName(at)) != nil {
		return nil // this transaction saw to it
	}
	var rings bool
	err = tx.QueryRow(`select exists (select from river_job where kind = $1 and state in ('available', 'scheduled', 'retryable')
		and (args->>'at')::bigint = $2)`, DueArgs{}.Kind(), at.Unix()).Scan(&rings)
	if err != nil || rings {
		return err
	}
	tx.Keep(bellName(at), true)
	return tx.Enqueue(DueArgs{At: at.Unix()}, &river.InsertOpts{ScheduledAt: at})
}

func bellName(at time.Time) string { return "bell " + at.UTC().String() }

// Service works the jobs of this room.
type Service struct{ DB *db.DB }

// Workers adds them.
func (s *Service) Workers(w *river.Workers) {
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, _ *river.Job[DueArgs]) error { return s.Due(ctx) }))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, j *river.Job[provision.RepairArgs]) error {
		return s.Repair(ctx, j.Args.Application)
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, j *river.Job[EventArgs]) error {
		return s.DB.Do(ctx, db.System, func(tx *db.Tx) error { return OpenEvents(tx, j.Args) })
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, _ *river.Job[VerifyArgs]) error {
		return s.DB.Do(ctx, db.System, func(tx *db.Tx) error { return Campaigns.Tend(tx) })
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, j *river.Job[provision.WeighArgs]) error {
		return s.DB.Do(ctx, db.System, func(tx *db.Tx) error { return Weigh(tx, j.Args.Application) })
	}))
}

// Due does what fell due until now. In a replay whoever moves the clock does it instead.
func (s *Service) Due(ctx context.Context) error {
	return s.DB.Do(ctx, db.System, func(tx *db.Tx) error {
		if sim, err := tx.Simulated(); err != nil || sim {
			return err
		}
		_, err := RunDue(tx, tx.Now)
		return err
	})
}

// Repair settles the people at whom an application differs, unless they are so many that somebody should look first.
func (s *Service) Repair(ctx context.Context, app int) error {
	return s.DB.Do(ctx, db.System, func(tx *db.Tx) error {
		cat, err := catalog.Load(tx)
		if err != nil || cat.Apps[app] == nil {
			return err
		}
		drift, err := provision.Drift(tx, cat.Apps[app])
		if err != nil {
			return err
		}
		var refs []string
		for _, d := range drift {
			if d.Identity != "" {
				refs = append(refs, d.Identity)
			}
		}
		rows, err := tx.Query(`select id from identity where public_id::text = any($1) order by id`, refs)
		if err != nil {
			return err
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[int])
		if err != nil {
			return err
		}
		all, err := identity.Everyone(tx)
		if err != nil || len(ids) >= access.Limit(10, 5, len(all)) {
			return err
		}
		_, err = SettleIDs(tx, ids, Cause{What: "drift", Ref: app})
		return err
	})
}
