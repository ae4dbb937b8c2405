package task

import (
	"context"

	"github.com/riverqueue/river"

	"tenure/internal/db"
)

// Queue has workers of its own: somebody watches.
const Queue = "task"

// Args ring for one task.
type Args struct {
	Task int64 `json:"task"`
}

// Kind names the job.
func (Args) Kind() string { return "task.work" }

// SweepArgs ask for a look at what is open and in nobody's hands.
type SweepArgs struct{}

// Kind names the job.
func (SweepArgs) Kind() string { return "task.sweep" }

func ring(tx *db.Tx, id int64) error {
	return tx.Enqueue(Args{Task: id}, &river.InsertOpts{Queue: Queue, MaxAttempts: 1})
}

// Workers adds the workers of this room.
func (s *Service) Workers(w *river.Workers) {
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, j *river.Job[Args]) error { return s.Do(ctx, j.Args.Task) }))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, _ *river.Job[SweepArgs]) error { return s.Sweep(ctx) }))
}
