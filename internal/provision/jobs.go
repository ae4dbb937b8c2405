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

// ReadAccountsArgs asks for a reading of some accounts of an application.
type ReadAccountsArgs struct {
	Application int   `json:"application"`
	Accounts    []int `json:"accounts"`
}

// Kind names the job.
func (ReadAccountsArgs) Kind() string { return "provision.read_accounts" }

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

// WeighArgs asks lifecycle to weigh the SoD rules anew for the people at whom a reading of an application showed access without a
// reason, or does not show it any more.
type WeighArgs struct {
	Application int `json:"application"`
}

// Kind names the job.
func (WeighArgs) Kind() string { return "lifecycle.weigh" }

// Workers adds the workers of this room.
func (s *Service) Workers(w *river.Workers) {
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, j *river.Job[access.WorkArgs]) error {
		return s.Work(ctx, j.Args.Application, j.Args.Urgent)
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, j *river.Job[ReadArgs]) error {
		_, err := s.ReadWhole(ctx, j.Args.Application)
		return err
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, j *river.Job[ReadAccountsArgs]) error {
		return s.ReadAccounts(ctx, j.Args.Application, j.Args.Accounts)
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

// AskReadings asks that the accounts of these people be read at their targets now, and gives for each person the accounts that
// will be. Who has none that is known to be there is missing.
func AskReadings(tx *db.Tx, people []int) (map[int][]string, error) {
	rows, err := tx.Query(`select l.identity_id, a.application_id, a.id, p.title || ': ' || a.name from account_link l join account a on a.id = l.account_id
			and a.native_id is not null and a.gone_at is null join application p on p.id = a.application_id
		where l.identity_id = any($1) and l.known_to = 'infinity' order by a.application_id, a.id`, people)
	if err != nil {
		return nil, err
	}
	out, by := map[int][]string{}, map[int][]int{}
	var who, app, account int
	var name string
	if _, err := pgx.ForEachRow(rows, []any{&who, &app, &account, &name}, func() error {
		out[who], by[app] = append(out[who], name), append(by[app], account)
		return nil
	}); err != nil {
		return nil, err
	}
	var jobs []river.InsertManyParams
	for app, accounts := range by {
		jobs = append(jobs, river.InsertManyParams{Args: ReadAccountsArgs{Application: app, Accounts: accounts}})
	}
	return out, tx.EnqueueAll(jobs)
}
