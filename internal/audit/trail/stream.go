package trail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// Stream tells a receiver outside the sealed log, event after event in the order of their numbers, each at least once. How far it has come
// stands in the database; it moves when the receiver has taken a batch, and not before.
type Stream struct {
	DB   *db.DB
	Name string
	Form Form
	To   Receiver

	hasty bool // moves before it has sent: what must not be, for tests
}

// Receiver takes a batch whole or gives an error; then the batch comes again.
type Receiver interface {
	Take(ctx context.Context, batch []Told) error
}

// Told is an event as it goes out.
type Told struct {
	Index    int64
	Kind     string
	Recorded time.Time
	Line     []byte // in the form that was asked for, without a line feed
}

// How a stream goes on. After a failure it waits twice as long each time.
const (
	streamBatch = 500
	streamLeast = time.Second
	streamMost  = 2 * time.Minute
)

// lockStream keeps processes that tell the same receiver one after the other.
const lockStream = 7234532

// SinkOf is the stream's name among what may be blocked.
func (s *Stream) SinkOf() string { return "stream " + s.Name }

// Run tells the receiver until ctx ends.
func (s *Stream) Run(ctx context.Context) {
	wait := streamLeast
	for {
		n, err := s.Once(ctx)
		switch {
		case err != nil:
			wait = min(2*wait, streamMost)
		case n == streamBatch:
			wait = 0
		default:
			wait = streamLeast
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = max(wait, streamLeast)
	}
}

// Once tells the next batch and says how many events it had; 0 where another process is at it. What stands in the way is noted, and IT told.
func (s *Stream) Once(ctx context.Context) (n int, err error) {
	conn, err := s.DB.Pool.Acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Release()
	var mine bool
	if err := conn.QueryRow(ctx, `select pg_try_advisory_lock($1, hashtext($2))`, lockStream, s.Name).Scan(&mine); err != nil || !mine {
		return 0, err
	}
	defer func() {
		_, _ = conn.Exec(context.WithoutCancel(ctx), `select pg_advisory_unlock($1, hashtext($2))`, lockStream, s.Name)
	}()
	var next int64
	var blocked bool
	if err := conn.QueryRow(ctx, `select coalesce((select next from stream_cursor where stream = $1), 0), exists (select from log_trouble where sink = $2)`, s.Name, s.SinkOf()).Scan(&next, &blocked); err != nil {
		return 0, err
	}
	move := func(next int64) error {
		_, err := conn.Exec(ctx, `insert into stream_cursor (stream, next) values ($1, $2) on conflict (stream) do update set next = excluded.next, taken_at = clock_timestamp()`, s.Name, next)
		return err
	}
	batch, err := s.read(ctx, conn, next)
	if len(batch) > 0 && err == nil {
		last := batch[len(batch)-1].Index + 1
		if s.hasty {
			err = move(last)
		}
		if err == nil {
			err = s.To.Take(ctx, batch)
		}
		if err == nil {
			err = move(last)
		}
	}
	switch {
	case err != nil && ctx.Err() == nil:
		return 0, errors.Join(err, Trouble(ctx, s.DB, s.SinkOf(), err))
	case err == nil && blocked && len(batch) > 0:
		err = Clear(ctx, s.DB, s.SinkOf())
	}
	return len(batch), err
}

// read gives the next events. Numbers follow one another: a gap is not passed over.
func (s *Stream) read(ctx context.Context, q asker, next int64) ([]Told, error) {
	rows, err := q.Query(ctx, `select l.log_index, l.hash, e.kind, e.recorded_at, e.leaf from leaf l join event e on e.id = l.event_id where l.log_index >= $1 order by l.log_index limit $2`, next, streamBatch)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (t Told, err error) {
		var hash, leaf []byte
		if err := row.Scan(&t.Index, &hash, &t.Kind, &t.Recorded, &leaf); err != nil {
			return t, err
		}
		if t.Index != next {
			return t, fmt.Errorf("event %d is not in the database; the next one there is %d", next, t.Index)
		}
		next++
		t.Line, err = s.Form(t, hash, leaf)
		return t, err
	})
}
