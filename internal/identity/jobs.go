package identity

import (
	"context"

	"github.com/riverqueue/river"

	"tenure/internal/db"
)

// EntryArgs asks that the people who wait be entered into lists and search.
type EntryArgs struct{}

// Kind names the job.
func (EntryArgs) Kind() string { return "identity.enter" }

func ringEntries(tx *db.Tx) error { return tx.Enqueue(EntryArgs{}, nil) }

// Workers adds the workers of this room.
func Workers(d *db.DB, w *river.Workers) {
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, _ *river.Job[EntryArgs]) error { return EnterAll(ctx, d) }))
}

// EnterAll enters everybody who waits, in portions: nobody waits long for a lock.
func EnterAll(ctx context.Context, d *db.DB) error {
	for {
		n := 0
		err := d.Do(ctx, db.System, func(tx *db.Tx) (err error) { n, err = EnterStale(tx, 2000); return err })
		if err != nil || n == 0 {
			return err
		}
	}
}
