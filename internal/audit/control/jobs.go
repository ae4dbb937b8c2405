package control

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"tenure/internal/db"
)

// SendArgs ask that the figures whose time has come are sent.
type SendArgs struct{}

// Kind names the job.
func (SendArgs) Kind() string { return "control.send" }

// RecountArgs ask that the figures that are kept of a period are counted anew.
type RecountArgs struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	All  bool      `json:"all,omitempty"` // also those that nobody has asked for yet
}

// Kind names the job.
func (RecountArgs) Kind() string { return "control.recount" }

// InsertOpts lets it be tried once: whoever looks again asks again.
func (RecountArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 1} }

// Workers adds the workers of this room.
func Workers(d *db.DB, w *river.Workers) {
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, _ *river.Job[SendArgs]) error { return SendDue(ctx, d) }))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, j *river.Job[RecountArgs]) error {
		return d.Do(ctx, db.System, func(tx *db.Tx) error { return Recount(tx, j.Args) })
	}))
}
