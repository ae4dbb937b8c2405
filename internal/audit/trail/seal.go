package trail

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// Sealer is the sequencer of one process. Of several processes one seals at a time.
type Sealer struct {
	DB *db.DB
	// File holds the log's key; beside it lies the last checkpoint that this process signed (.signed): a database that was put back
	// to an earlier state, or written anew, is not signed again.
	File string

	key    note.Signer
	public string
	size   int64 // of the tree last signed here, so that its file is read once
}

// lockKey keeps sequencers one after the other.
const lockKey = 7234530

// most is how many events are taken at a time: what is kept of each is 40 bytes.
const most = 20_000

// ErrFork says that the database does not hold the log that was signed.
var ErrFork = errors.New("the log in the database is not the log that was signed")

// Seal takes the events that are not in the tree yet, signs, and gives the log's size and how many there were. Where another process is at
// it, it leaves them to that one.
func (s *Sealer) Seal(ctx context.Context) (size int64, taken int, err error) {
	size, taken, err = s.once(ctx)
	if errors.Is(err, errNewKey) {
		size, taken, err = s.once(ctx)
	}
	return size, taken, err
}

func (s *Sealer) once(ctx context.Context) (size int64, taken int, err error) {
	if s.key == nil {
		if err := s.open(ctx); err != nil {
			return 0, 0, err
		}
	}
	conn, err := s.DB.Pool.Acquire(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer conn.Release()
	var mine bool
	if err := conn.QueryRow(ctx, `select pg_try_advisory_lock($1)`, lockKey).Scan(&mine); err != nil || !mine {
		return 0, 0, err
	}
	defer func() { _, _ = conn.Exec(context.WithoutCancel(ctx), `select pg_advisory_unlock($1)`, lockKey) }()
	// The snapshot comes after the lock: it sees what the process before sealed.
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	b := &batch{ctx: ctx, tx: tx}
	if err := b.head(); err != nil {
		return 0, 0, err
	}
	if b.key != s.public { // another process gave the log a new key
		s.key = nil
		return b.tree.Size(), 0, errNewKey
	}
	if err := s.same(b); err != nil {
		return b.tree.Size(), 0, err
	}
	from := b.tree.Size()
	signed, err := b.take(Origin(s.DB), s.key)
	if err != nil || b.tree.Size() == from && from > 0 {
		return from, 0, err
	}
	if err := tx.Commit(ctx); err != nil {
		return from, 0, err
	}
	// After the commit: a process killed in between has signed what it does not remember, and the log goes on from there.
	s.size = b.tree.Size()
	return s.size, int(s.size - from), replace(s.File+".signed", string(signed))
}

var errNewKey = errors.New("the log has a new key, which must be read from its file")

// open reads the key, which must be the log's.
func (s *Sealer) open(ctx context.Context) error {
	key, public, err := Signer(s.DB, s.File)
	if err == nil {
		err = s.DB.Do(ctx, db.System, func(tx *db.Tx) error { return ours(tx, public) })
	}
	var other *errs.Error
	if _, missing := os.Stat(s.File + next); errors.As(err, &other) && missing == nil {
		// A process that gave the log a new key was killed before it put it in its place.
		if key, public, err = readKey(s.File + next); err == nil {
			err = s.DB.Do(ctx, db.System, func(tx *db.Tx) error { return ours(tx, public) })
		}
		if err == nil {
			err = os.Rename(s.File+next, s.File)
		}
	}
	if err == nil {
		s.key, s.public = key, public
	}
	return err
}

// same holds the log in the database against what was last signed here.
func (s *Sealer) same(b *batch) error {
	if s.size == b.tree.Size() && s.size > 0 {
		return nil
	}
	signed, err := os.ReadFile(s.File + ".signed")
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	last, err := evidence.ParseCheckpoint(beforeSignatures(signed))
	if err != nil {
		return errs.Conflict("%s.signed cannot be read: it holds the last signed checkpoint", s.File)
	}
	switch {
	case last.Origin != Origin(s.DB):
		return errs.Conflict("the key in %s is another log's", s.File)
	case last.Size > b.tree.Size():
		return fmt.Errorf("%w: %d events were signed and %d are sealed there; an earlier state of the database was put back", ErrFork, last.Size, b.tree.Size())
	case last.Size == 0:
		return nil
	}
	root, err := tlog.TreeHash(last.Size, storeOf(b.ctx, b.tx))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFork, err)
	}
	if root != last.Root {
		return fmt.Errorf("%w: its first %d events are others than were signed", ErrFork, last.Size)
	}
	s.size = b.tree.Size()
	return nil
}

// batch is one transaction of the sequencer.
type batch struct {
	ctx  context.Context
	tx   pgx.Tx
	tree *evidence.Tree
	seen string // snapshot of the last batch, "" before the first
	key  string // the log's public key now

	leaves [][]any
	nodes  [][]any
}

// head reads the last checkpoint and the edge of its tree.
func (b *batch) head() error {
	var size int64
	err := b.tx.QueryRow(b.ctx, `select size, seen from checkpoint order by size desc limit 1`).Scan(&size, &b.seen)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	if err := b.tx.QueryRow(b.ctx, `select public from log_key order by id desc limit 1`).Scan(&b.key); err != nil {
		return err
	}
	edge := make([][]evidence.Hash, evidence.Levels(size))
	for level := range edge { // few levels: 256 to the power of it
		from, n := evidence.Edge(size, level)
		if edge[level], err = readHashes(b.ctx, b.tx, level, from, from+int64(n)); err != nil {
			return err
		}
	}
	b.tree, err = evidence.Resume(size, edge)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFork, err)
	}
	return nil
}

// take appends the events that the last batch could not see, in the order of their ids, and signs.
func (b *batch) take(origin string, key note.Signer) ([]byte, error) {
	var seen string
	if err := b.tx.QueryRow(b.ctx, `select pg_current_snapshot()::text`).Scan(&seen); err != nil {
		return nil, err
	}
	// Whatever had no end when the last batch looked, and whatever began since: by the index on xid, whatever the statistics say.
	fresh := `xid >= pg_snapshot_xmin($1::pg_snapshot) and not pg_visible_in_snapshot(xid, $1::pg_snapshot)`
	switch before, err := b.moved(); {
	case err != nil:
		return nil, err
	case b.seen == "":
		b.seen = "1:1:"
	case before: // the database was loaded into another server, which counts transactions anew
		fresh = `$1::text is not null and not exists (select from leaf where event_id = id)`
	}
	if _, err := b.tx.Exec(b.ctx, `set local enable_seqscan = off`); err != nil {
		return nil, err
	}
	if _, err := b.tx.Exec(b.ctx, `declare fresh no scroll cursor for with f as materialized (select id, leaf from event where `+fresh+`) select id, leaf from f order by id`, b.seen); err != nil {
		return nil, err
	}
	for n := most; n == most; {
		var err error
		if n, err = b.some(); err != nil {
			return nil, err
		}
	}
	c := evidence.Checkpoint{Origin: origin, Size: b.tree.Size(), Root: b.tree.Root()}
	signed, err := c.Sign(key)
	if err != nil {
		return nil, err
	}
	_, err = b.tx.Exec(b.ctx, `insert into checkpoint (size, note, seen) values ($1, $2, $3) on conflict do nothing`, c.Size, signed, seen)
	return signed, err
}

// some appends as many events as are taken at a time, and gives how many there were.
func (b *batch) some() (n int, err error) {
	rows, err := b.tx.Query(b.ctx, `fetch `+strconv.Itoa(most)+` from fresh`)
	if err != nil {
		return 0, err
	}
	var id int64
	var leaf pgtype.DriverBytes
	if _, err = pgx.ForEachRow(rows, []any{&id, &leaf}, func() error {
		n++
		h := evidence.LeafHash(leaf)
		b.leaves = append(b.leaves, []any{b.tree.Size(), id, h[:]})
		b.tree.Append(h, func(level int, n int64, h evidence.Hash) {
			b.nodes = append(b.nodes, []any{int16(level), n, h[:]}) //nolint:gosec // few levels
		})
		return nil
	}); err != nil {
		return 0, err
	}
	return n, b.write()
}

// moved says whether the server counts fewer transactions than it had when the last batch looked.
func (b *batch) moved() (yes bool, err error) {
	if b.seen != "" {
		err = b.tx.QueryRow(b.ctx, `select pg_snapshot_xmax($1::text::pg_snapshot) > pg_snapshot_xmax(pg_current_snapshot())`, b.seen).Scan(&yes)
	}
	return yes, err
}

func (b *batch) write() error {
	for _, t := range []struct {
		name    string
		columns []string
		rows    *[][]any
	}{{"leaf", []string{"log_index", "event_id", "hash"}, &b.leaves}, {"log_node", []string{"level", "n", "hash"}, &b.nodes}} {
		if len(*t.rows) > 0 {
			if _, err := b.tx.CopyFrom(b.ctx, pgx.Identifier{t.name}, t.columns, pgx.CopyFromRows(*t.rows)); err != nil {
				return err
			}
			*t.rows = (*t.rows)[:0]
		}
	}
	return nil
}

// Run seals whenever it is rung that events were committed, and once a second in case that a ring was lost, until ctx ends. What stands in
// the way is noted as trouble and tried again.
func (s *Sealer) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := s.listen(ctx); err != nil && ctx.Err() == nil {
			_ = Trouble(ctx, s.DB, SinkLog, err)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
}

// look is after how long a sealer looks although nobody rang.
const look = time.Second

func (s *Sealer) listen(ctx context.Context) error {
	conn, err := s.DB.Pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer func() {
		_, _ = conn.Exec(context.WithoutCancel(ctx), `unlisten *`)
		conn.Release()
	}()
	if _, err := conn.Exec(ctx, `listen `+db.EventBell); err != nil {
		return err
	}
	for first := true; ctx.Err() == nil; first = false {
		if _, taken, err := s.Seal(ctx); err != nil {
			return err
		} else if taken > 0 || first {
			if err := Clear(ctx, s.DB, SinkLog); err != nil {
				return err
			}
		}
		wait, cancel := context.WithTimeout(ctx, look)
		_, err := conn.Conn().WaitForNotification(wait)
		late := wait.Err() != nil
		cancel()
		if err != nil && !late {
			return err
		}
	}
	return nil
}

// SinkLog is the sealing itself, among the sinks of troubles.
const SinkLog = "log"

// Trouble notes that something stands in the way of a sink.
func Trouble(ctx context.Context, d *db.DB, sink string, err error) error {
	return d.Do(ctx, db.System, func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into log_trouble (sink, error) values ($1, $2) on conflict (sink) do update set error = excluded.error`, sink, err.Error())
		return err
	})
}

// Clear notes that the way of a sink is clear.
func Clear(ctx context.Context, d *db.DB, sink string) error {
	return d.Do(ctx, db.System, func(tx *db.Tx) error {
		_, err := tx.Exec(`delete from log_trouble where sink = $1`, sink)
		return err
	})
}
