package audit

import (
	"context"

	"github.com/riverqueue/river"

	"tenure/internal/db"
)

// FiguresArgs asks for the figures to be counted, if there is something to count anew.
type FiguresArgs struct{}

// Kind names the job.
func (FiguresArgs) Kind() string { return "audit.figures" }

// MarkArgs asks that lists note anew who holds something privileged, out of band or dormant.
type MarkArgs struct{}

// Kind names the job.
func (MarkArgs) Kind() string { return "audit.mark" }

// Workers adds the workers of this room.
func Workers(d *db.DB, w *river.Workers) {
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, _ *river.Job[FiguresArgs]) error {
		return d.Do(ctx, db.System, func(tx *db.Tx) error { _, err := Compute(tx, false); return err })
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, _ *river.Job[MarkArgs]) error { return d.Do(ctx, db.System, MarkPeople) }))
}
