package task

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
)

// holder is the class of the locks that workers hold for as long as they work on a task.
const holder = 7234518

// tries is how many workers may begin a task: one that kills its workers is not given to another for ever.
const tries = 3

// pace is the shortest time between two notes of progress that are worth showing.
const pace = 400 * time.Millisecond

// Worker does the tasks of one kind. It ends them itself, with End in the transaction of their effect.
type Worker func(ctx context.Context, w *Work) error

// Service works tasks.
type Service struct {
	DB    *db.DB
	Kinds map[string]Worker
}

// Work is one task in the hands of a worker.
type Work struct {
	Task
	db    *db.DB
	last  time.Time
	ended bool
}

var (
	errCancelled = errs.Conflict("the task was cancelled")
	errOvertaken = errors.New("task: another worker has it")
)

// Do works one task, unless somebody else does, it is over or was cancelled.
func (s *Service) Do(ctx context.Context, id int64) error {
	release, mine, err := s.DB.Hold(ctx, holder, int(id), true)
	if err != nil || !mine {
		return err
	}
	defer release()
	w, err := s.claim(ctx, id)
	if err != nil || w == nil {
		return err
	}
	do := s.Kinds[w.Kind]
	if do == nil {
		return w.fail(ctx, Failed, fmt.Sprintf("This version of Tenure does not know the work %q.", w.Kind))
	}
	err = do(ctx, w)
	var known *errs.Error
	switch {
	case errors.Is(err, errOvertaken):
		return nil
	case errors.Is(err, errCancelled):
		return w.fail(ctx, Cancelled, "")
	case errors.As(err, &known):
		return w.fail(ctx, Failed, known.Error())
	case err != nil && ctx.Err() != nil:
		return err // the process ends: the sweeper finds the lock free
	case err != nil:
		return errors.Join(err, w.fail(ctx, Failed, "Something went wrong on our side. Nothing of this was done; you may begin it again."))
	case !w.ended:
		return w.fail(ctx, Failed, "It came to no end.")
	}
	return nil
}

// claim takes a queued task, or a running one whose worker died: the lock is ours. nil when there is nothing to do.
func (s *Service) claim(ctx context.Context, id int64) (*Work, error) {
	var w *Work
	err := s.DB.Do(ctx, db.System, func(tx *db.Tx) error {
		n, err := tx.Exec(`update task set state = 'running', epoch = epoch + 1, seq = seq + 1, done = 0, started_at = coalesce(started_at, clock_timestamp())
			where id = $1 and state in ('queued', 'running') and epoch < $2 and cancel_asked_at is null`, id, tries)
		if err != nil {
			return err
		}
		if n == 0 { // over, or asked to stop, or it killed its workers
			_, err := tx.Exec(`update task set ended_at = clock_timestamp(), seq = seq + 1, state = case when cancel_asked_at is null then 'failed' else 'cancelled' end,
				error = case when cancel_asked_at is null then 'The process that worked on it ended several times. Nothing of this was done; you may begin it again.' else '' end
				where id = $1 and state in ('queued', 'running')`, id)
			return err
		}
		t, err := byID(tx, id)
		if err == nil {
			w = &Work{Task: *t, db: s.DB}
		}
		return err
	})
	return w, err
}

// Into decodes the arguments.
func (w *Work) Into(v any) error { return json.Unmarshal(w.Args, v) }

// Input opens the file that the task reads.
func (w *Work) Input(ctx context.Context) (f File, err error) {
	err = w.db.Read(ctx, func(tx *db.Tx) (err error) { f, err = Fetch(tx, w.ID, "in"); return err })
	return f, err
}

// Step notes how far the work is, at most every 400 ms unless the words change, in a transaction of its own. Its error says that
// the work must stop: it was cancelled, or another worker has it.
func (w *Work) Step(ctx context.Context, detail string, done, total int) error {
	if detail == w.Detail && time.Since(w.last) < pace {
		return nil
	}
	w.last, w.Detail, w.Done, w.Total = time.Now(), detail, done, total
	var cancelled bool
	err := w.db.Pool.QueryRow(ctx, `update task set detail = $3, done = $4, total = $5, seq = seq + 1 where id = $1 and epoch = $2 and state = 'running'
		returning cancel_asked_at is not null`, w.ID, w.Epoch, detail, done, total).Scan(&cancelled)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return errOvertaken
	case err == nil && cancelled:
		return errCancelled
	}
	return err
}

// End ends the task within the transaction of its effect: both happen or neither. out, if not nil, is what it made.
func (w *Work) End(tx *db.Tx, result any, out *File) error {
	body, err := json.Marshal(result)
	if err != nil {
		return err
	}
	var cancelled bool
	err = tx.QueryRow(`select cancel_asked_at is not null from task where id = $1 and epoch = $2 and state = 'running' for update`, w.ID, w.Epoch).Scan(&cancelled)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return errOvertaken
	case err != nil:
		return err
	case cancelled:
		return errCancelled
	}
	if out != nil {
		if err := keep(tx, w.ID, "out", *out); err != nil {
			return err
		}
	}
	w.ended = true
	_, err = tx.Exec(`update task set state = 'done', result = $2, ended_at = clock_timestamp(), seq = seq + 1, detail = '', done = greatest(total, 1), total = greatest(total, 1) where id = $1`, w.ID, body)
	return err
}

// Finish ends a task whose effect is in transactions of its own, such as a reading that is stored by its room.
func (w *Work) Finish(ctx context.Context, result any, out *File) error {
	return w.db.Do(ctx, w.Actor(), func(tx *db.Tx) error { return w.End(tx, result, out) })
}

func (w *Work) fail(ctx context.Context, to State, words string) error {
	_, err := w.db.Pool.Exec(context.WithoutCancel(ctx), `update task set state = $3, error = $4, ended_at = clock_timestamp(), seq = seq + 1
		where id = $1 and epoch = $2 and state = 'running'`, w.ID, w.Epoch, to, words)
	return err
}

// Sweep rings again for what is open and in nobody's hands: a bell was lost, or the worker died.
func (s *Service) Sweep(ctx context.Context) error {
	rows, err := s.DB.Pool.Query(ctx, `select id from task where state in ('queued', 'running') and created_at < clock_timestamp() - interval '5 seconds'
		and not exists (select from pg_locks l where l.locktype = 'advisory' and l.classid = $1 and l.objid = task.id and l.objsubid = 2
			and l.database = (select oid from pg_database where datname = current_database())) order by id limit 100`, holder)
	if err != nil {
		return err
	}
	open, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil || len(open) == 0 {
		return err
	}
	return s.DB.Do(ctx, db.System, func(tx *db.Tx) error {
		for _, id := range open { // at most a hundred, and hardly ever one
			if err := ring(tx, id); err != nil {
				return err
			}
		}
		return nil
	})
}

func place(id int64, part string) string { return fmt.Sprintf("task/%d/%s", id, part) }

// DoRef is Do for a task's public id.
func (s *Service) DoRef(ctx context.Context, ref string) error {
	var t *Task
	if err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { t, err = Get(tx, ref); return err }); err != nil {
		return err
	}
	return s.Do(ctx, t.ID)
}
