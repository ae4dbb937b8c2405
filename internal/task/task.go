package task

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
)

// State is where a task is.
type State string

// The states of a task.
const (
	Queued    State = "queued"
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Over says whether nothing more happens.
func (s State) Over() bool { return s == Done || s == Failed || s == Cancelled }

// Task is one piece of long work.
type Task struct {
	ID         int64
	Ref        string // public
	Kind       string
	Title      string // in words: "Read people-2026-11-22.csv"
	State      State
	Args       json.RawMessage
	Done       int
	Total      int // 0: not known
	Detail     string
	Seq        int64 // grows with every change that is worth showing
	Epoch      int
	By         string // who started it
	ActorID    int
	Identity   int
	CreatedAt  time.Time
	StartedAt  *time.Time
	EndedAt    *time.Time
	Result     json.RawMessage
	Error      string
	CancelAsk  *time.Time
	ActorKind  string
	HasOutcome bool // a file that can be fetched
}

const columns = `t.id, t.public_id::text, t.kind, t.title, t.state, t.args, t.done, t.total, t.detail, t.seq, t.epoch, a.name, t.started_by, t.identity_id,
	t.created_at, t.started_at, t.ended_at, t.result, t.error, t.cancel_asked_at, a.kind,
	exists (select from task_file f where f.task_id = t.id and f.part = 'out' and f.expires_at > clock_timestamp())`

const tables = ` from task t join actor a on a.id = t.started_by `

func scan(row pgx.CollectableRow) (t Task, err error) {
	err = row.Scan(&t.ID, &t.Ref, &t.Kind, &t.Title, &t.State, &t.Args, &t.Done, &t.Total, &t.Detail, &t.Seq, &t.Epoch, &t.By, &t.ActorID, &t.Identity,
		&t.CreatedAt, &t.StartedAt, &t.EndedAt, &t.Result, &t.Error, &t.CancelAsk, &t.ActorKind, &t.HasOutcome)
	return t, err
}

// Actor is in whose name the task works.
func (t *Task) Actor() db.Actor {
	return db.Actor{ID: t.ActorID, Kind: t.ActorKind, Name: t.By, Identity: t.Identity}
}

// Percent is how far it is, 0 to 100.
func (t *Task) Percent() int {
	switch {
	case t.State == Done:
		return 100
	case t.Total <= 0:
		return 0
	}
	return min(99, t.Done*100/t.Total)
}

// File is what a task reads or makes.
type File struct {
	Name, Media string
	Body        []byte
}

// kept is how long such a file is kept.
const kept = 24 * time.Hour

// New is a task to begin.
type New struct {
	Kind, Title string
	Args        any   // ids and names
	In          *File // sealed
	Total       int
}

// Begin puts a task down in the name of the actor and rings for a worker. It gives its public id.
func Begin(tx *db.Tx, n New) (string, error) {
	if tx.Actor.Identity == 0 {
		return "", errs.Forbidden("a task belongs to a person: sign in first")
	}
	args, err := json.Marshal(n.Args)
	if err != nil {
		return "", err
	}
	var id int64
	var ref string
	if err := tx.QueryRow(`insert into task (kind, title, args, total, started_by, identity_id) values ($1, $2, $3, $4, $5, $6) returning id, public_id::text`,
		n.Kind, n.Title, args, n.Total, tx.Actor.ID, tx.Actor.Identity).Scan(&id, &ref); err != nil {
		return "", err
	}
	if n.In != nil {
		if err := keep(tx, id, "in", *n.In); err != nil {
			return "", err
		}
	}
	return ref, ring(tx, id)
}

func keep(tx *db.Tx, id int64, part string, f File) error {
	sealed, err := tx.DB.Keeper.Seal(place(id, part), f.Body)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into task_file (task_id, part, name, media, sealed, expires_at) values ($1, $2, $3, $4, $5, clock_timestamp() + $6::interval)
		on conflict (task_id, part) do update set name = excluded.name, media = excluded.media, sealed = excluded.sealed, expires_at = excluded.expires_at`,
		id, part, f.Name, f.Media, sealed, kept)
	return err
}

// Fetch opens what a task reads ("in") or made ("out").
func Fetch(tx *db.Tx, id int64, part string) (File, error) {
	var f File
	var sealed []byte
	err := tx.QueryRow(`select name, media, sealed from task_file where task_id = $1 and part = $2 and expires_at > clock_timestamp()`, id, part).
		Scan(&f.Name, &f.Media, &sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return f, errs.NotFound("this file is no longer kept; begin the task again")
	}
	if err != nil {
		return f, err
	}
	f.Body, err = tx.DB.Keeper.Open(place(id, part), sealed)
	return f, err
}

// Get gives one task by its public id.
func Get(tx *db.Tx, ref string) (*Task, error) {
	id, err := uuid.Parse(ref)
	if err != nil {
		return nil, errs.NotFound("there is no such task")
	}
	return one(tx, `where t.public_id = $1`, id)
}

func byID(tx *db.Tx, id int64) (*Task, error) { return one(tx, `where t.id = $1`, id) }

func one(tx *db.Tx, where string, arg any) (*Task, error) {
	rows, err := tx.Query(`select `+columns+tables+where, arg)
	if err != nil {
		return nil, err
	}
	t, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.NotFound("there is no such task")
	}
	return &t, err
}

// Mine gives a person's tasks, the newest first, older than one of them (0: from the newest on).
func Mine(tx *db.Tx, identity int, before int64, limit int) ([]Task, error) {
	rows, err := tx.Query(`select `+columns+tables+`where t.identity_id = $1 and ($2::bigint = 0 or t.id < $2) order by t.id desc limit $3`, identity, before, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

// Ended gives the newest task of a person that ended after a moment, nil for none.
func Ended(tx *db.Tx, identity int, after time.Time) (*Task, error) {
	rows, err := tx.Query(`select `+columns+tables+`where t.identity_id = $1 and t.ended_at > $2 order by t.ended_at desc limit 1`, identity, after)
	if err != nil {
		return nil, err
	}
	t, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &t, err
}

// Cancel asks a task to stop. A queued one stops at once; a running one before its effect, of which then nothing is done.
func Cancel(tx *db.Tx, ref string) error {
	t, err := Get(tx, ref)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`update task set cancel_asked_at = coalesce(cancel_asked_at, clock_timestamp()), seq = seq + 1,
			state = case state when 'queued' then 'cancelled' else state end, ended_at = case state when 'queued' then clock_timestamp() end
		where id = $1 and state in ('queued', 'running')`, t.ID)
	if err == nil && n == 0 {
		return errs.Conflict("this task has ended already")
	}
	return err
}
