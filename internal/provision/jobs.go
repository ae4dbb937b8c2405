package provision

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"tenure/internal/access"
	"tenure/internal/db"
)

// ReadArgs asks for a reading of a whole application.
type ReadArgs struct {
	Application int `json:"application"`
}

// Kind names the job.
func (ReadArgs) Kind() string { return "provision.read" }

// SweepArgs asks for a sweep over the operations: what was lost or forgotten is found again.
type SweepArgs struct{}

// Kind names the job.
func (SweepArgs) Kind() string { return "provision.sweep" }

// RepairArgs asks lifecycle to settle the people at whom an application differs from what is wanted there. Only applications
// that declare drift: repair ask.
type RepairArgs struct {
	Application int `json:"application"`
}

// Kind names the job.
func (RepairArgs) Kind() string { return "lifecycle.repair" }

// Workers adds the workers of this room.
func (s *Service) Workers(w *river.Workers) {
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, j *river.Job[access.WorkArgs]) error {
		return s.Work(ctx, j.Args.Application, j.Args.Urgent)
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, j *river.Job[ReadArgs]) error {
		_, err := s.ReadWhole(ctx, j.Args.Application)
		return err
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, _ *river.Job[SweepArgs]) error {
		return s.DB.Do(ctx, db.System, access.Sweep)
	}))
}

// RingReadings asks for a reading of every application that was not read within the hour.
func RingReadings(tx *db.Tx) error {
	rows, err := tx.Query(`select a.id from application a where not exists (select from reading r where r.application_id = a.id
		and r.account_id is null and r.started_at > clock_timestamp() - interval '50 minutes')
		and not exists (select from application_pause p where p.application_id = a.id and p.resumed_at is null)`)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := tx.Enqueue(ReadArgs{Application: id}, nil); err != nil {
			return err
		}
	}
	return nil
}
