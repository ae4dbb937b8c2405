package db

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river"
	"gorm.io/gorm"

	"tenure/internal/evidence"
)

// Tx is one transaction: the only way to write. It lives as long as the function given to Do.
type Tx struct {
	Ctx   context.Context
	Pgx   pgx.Tx
	Gorm  *gorm.DB // on the same connection; a nested gorm transaction is a savepoint
	Actor Actor
	Now   time.Time // business time when the transaction began; see Refresh and MoveClock
	Kind  string    // of the database
	// ByHand says that business time was moved by hand when the transaction began; whoever decides asks Simulated.
	ByHand bool
	DB     *DB

	moment map[string]any // what Still knows; nil in a transaction that sees what others commit
	kept   map[string]any // what Keep was told
	events []evidence.Event
	jobs   *[]river.InsertManyParams // what Enqueue was told; the lanes of one Asking share it
	rings  bool                      // events were written: whoever seals the log is to know
	began  time.Time                 // what the clock said when it began, unless business time was moved by hand
	before int                       // how often the connection was written to by then
	last   bool                      // what is written next is the last: it commits in the same round trip
	ended  bool                      // it did
	keys   map[int]*evidence.PersonKey
}

// ErrRollback undoes everything when it is returned from the function given to Do, and is no error: how a preview is made.
var ErrRollback = fmt.Errorf("rolled back on purpose")

// Do runs fn in one transaction as the actor. What fn changed, the jobs it enqueued and the events it recorded commit
// together or not at all. The isolation level is READ COMMITTED: who decides locks first.
func (d *DB) Do(ctx context.Context, actor Actor, fn func(*Tx) error) error {
	if actor.ID == 0 {
		return fmt.Errorf("a change needs an actor")
	}
	wrote := false
	err := d.in(ctx, pgx.TxOptions{}, actor, func(tx *Tx) error {
		err := fn(tx)
		if err == nil {
			err = tx.flushJobs()
		}
		if err == nil {
			tx.last = d.copies == nil // who reads along is shown every statement by itself
			err = tx.flush()
		}
		wrote = tx.rings
		return err
	})
	if err == nil && wrote {
		d.bell.ring()
	}
	return err
}

// Read runs fn in a read-only transaction that sees one moment.
func (d *DB) Read(ctx context.Context, fn func(*Tx) error) error {
	return d.in(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, Actor{}, oneMoment(fn))
}

func oneMoment(fn func(*Tx) error) func(*Tx) error {
	return func(tx *Tx) error {
		tx.moment = map[string]any{}
		return fn(tx)
	}
}

// Still gives what ask gave before under this name, in a transaction that sees one moment; in any other it asks each time.
func Still[T any](tx *Tx, name string, ask func() (T, error)) (T, error) {
	if v, ok := tx.moment[name].(T); ok {
		return v, nil
	}
	v, err := ask()
	if err == nil && tx.moment != nil {
		tx.moment[name] = v
	}
	return v, err
}

// Keep notes what cannot change until the transaction ends: a lock that it holds, or what one of its locks keeps others from changing.
// Whoever takes the way of changing it says Forget.
func (t *Tx) Keep(name string, v any) {
	if t.kept == nil {
		t.kept = map[string]any{}
	}
	t.kept[name] = v
}

// Kept gives what Keep noted; nil for nothing.
func (t *Tx) Kept(name string) any { return t.kept[name] }

// Forget drops what Keep noted.
func (t *Tx) Forget(names ...string) {
	for _, n := range names {
		delete(t.kept, n)
	}
}

// ReadOften is Read for the few statements that every request asks. Each connection plans them once, whatever their values: to
// plan what counts an inbox takes ten times as long as to count it.
func (d *DB) ReadOften(ctx context.Context, fn func(*Tx) error) error {
	r, err := d.Open(ctx, nil)
	if err != nil {
		return err
	}
	defer r.End()
	if err := fn(r.Tx); !errors.Is(err, ErrRollback) {
		return err
	}
	return nil
}

// Reading is a read-only transaction that sees one moment and lasts until End: for the reading parts of one request. It holds a
// connection all the while.
type Reading struct {
	*Tx
	end func()
}

// Open begins one; its statements are planned as those of ReadOften. What also puts into the batch is asked in the same round trip.
func (d *DB) Open(ctx context.Context, also func(*pgx.Batch)) (*Reading, error) {
	tx, end, err := d.begin(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, clockOften, also)
	if err != nil {
		return nil, err
	}
	tx.moment = map[string]any{}
	return &Reading{tx, end}, nil
}

// PlanEach lets statements be planned for their values again, where PostgreSQL finds that worth while.
func PlanEach(tx *Tx) error {
	_, err := tx.Exec(`select set_config('plan_cache_mode', 'auto', true)`)
	return err
}

// PlanOnce lets each connection plan the statements that follow in this transaction once, whatever their values: where one person's things
// are decided, to plan takes longer than to carry out.
func PlanOnce(tx *Tx) error {
	_, err := tx.Exec(`select set_config('plan_cache_mode', 'force_generic_plan', true)`)
	return err
}

// End ends it, once.
func (r *Reading) End() {
	if r.end != nil {
		_ = r.Pgx.Commit(context.WithoutCancel(r.Ctx)) // nothing was changed
		r.end()
		r.end = nil
	}
}

func (d *DB) in(ctx context.Context, o pgx.TxOptions, actor Actor, fn func(*Tx) error) error {
	tx, end, err := d.begin(ctx, o, clock, nil)
	if err != nil {
		return err
	}
	defer end()
	tx.Actor = actor
	ptx := tx.Pgx
	switch err := fn(tx); {
	case errors.Is(err, ErrRollback):
		return nil
	case err != nil:
		return err
	case tx.ended:
		return nil
	}
	return ptx.Commit(ctx)
}

// The first statement of every transaction. What clockOften sets lasts as long as the transaction.
const (
	clock      = `select kind, coalesce(at, clock_timestamp()), at is not null, '' from clock`
	clockOften = `select kind, coalesce(at, clock_timestamp()), at is not null, set_config('plan_cache_mode', 'force_generic_plan', true) from clock`
)

// begin begins a transaction and reads the clock, in one round trip. end rolls back what was not committed.
func (d *DB) begin(ctx context.Context, o pgx.TxOptions, clock string, also func(*pgx.Batch)) (_ *Tx, end func(), err error) {
	conn, err := d.sql.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	// The connection is ours until it is closed, so pgx, River and gorm may share it outside Raw.
	var raw *pgx.Conn
	if err := conn.Raw(func(c any) error { raw = c.(*stdlib.Conn).Conn(); return nil }); err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	tx := &Tx{Ctx: ctx, DB: d, jobs: new([]river.InsertManyParams)}
	batch := &pgx.Batch{}
	batch.BeginTx(o)
	batch.Queue(clock).QueryRow(func(row pgx.Row) error { return row.Scan(&tx.Kind, &tx.Now, &tx.ByHand, nil) })
	if also != nil {
		also(batch)
	}
	answers := raw.SendBatch(ctx, batch)
	ptx := answers.Tx()
	tx.Pgx = ptx
	end = func() {
		if !tx.ended {
			_ = ptx.Rollback(context.WithoutCancel(ctx))
		}
		_ = conn.Close()
	}
	if err := answers.Close(); err != nil {
		end()
		return nil, nil, err
	}
	tx.began, tx.before = tx.Now, sent(raw.PgConn())
	tx.Gorm = d.gorm.Session(&gorm.Session{NewDB: true, Context: ctx})
	tx.Gorm.Statement.ConnPool = &ride{conn}
	return tx, end, nil
}

// Try runs fn and undoes everything it did when it gives an error: rows, jobs and events. The transaction goes on. ErrRollback is no
// error here either: how a preview is made inside a transaction that stores what it showed.
func (t *Tx) Try(fn func() error) error {
	outer, events, jobs := t.Pgx, len(t.events), len(*t.jobs)
	inner, err := outer.Begin(t.Ctx) // a savepoint
	if err != nil {
		return err
	}
	t.Pgx = inner
	err = fn()
	t.Pgx = outer
	if err == nil {
		return inner.Commit(t.Ctx)
	}
	t.events, t.keys, t.kept = t.events[:events], nil, nil // locks that were taken meanwhile are gone
	*t.jobs = (*t.jobs)[:jobs]
	if undone := inner.Rollback(t.Ctx); undone != nil {
		return errors.Join(err, undone)
	}
	if errors.Is(err, ErrRollback) {
		return nil
	}
	return err
}

// Exec runs one statement and gives the number of rows it touched.
func (t *Tx) Exec(sql string, args ...any) (int64, error) {
	tag, err := t.Pgx.Exec(t.Ctx, sql, args...)
	return tag.RowsAffected(), err
}

// Query runs a query that gives rows.
func (t *Tx) Query(sql string, args ...any) (pgx.Rows, error) {
	return t.Pgx.Query(t.Ctx, sql, args...)
}

// QueryRow runs a query that gives one row.
func (t *Tx) QueryRow(sql string, args ...any) pgx.Row { return t.Pgx.QueryRow(t.Ctx, sql, args...) }

// Whole runs fn, whose statements read whole tables: they are joined by hashing and sorting, whatever the statistics say. After a
// first load there are none, and a plan that loops over everything for everything would take minutes.
func (t *Tx) Whole(fn func() error) error {
	if _, err := t.Exec(`set local enable_nestloop = off`); err != nil {
		return err
	}
	if err := fn(); err != nil {
		return err
	}
	_, err := t.Exec(`set local enable_nestloop = on`)
	return err
}

// Copy writes many rows at once (COPY). rows gives them one by one and false at the end.
func (t *Tx) Copy(table string, columns []string, rows func() ([]any, bool)) (int64, error) {
	var traced [][]any
	n, err := t.Pgx.CopyFrom(t.Ctx, pgx.Identifier{table}, columns, pgx.CopyFromFunc(func() ([]any, error) {
		row, ok := rows()
		if !ok {
			return nil, nil
		}
		if t.DB.copies != nil {
			traced = append(traced, row)
		}
		return row, nil
	}))
	if err != nil {
		return n, fmt.Errorf("copying into %s: %w", table, err)
	}
	if t.DB.copies != nil {
		t.DB.copies.TraceCopy(table, columns, traced)
	}
	return n, nil
}

// Enqueue adds a job that runs after the commit, and not at all without it. Args carry ids only. All jobs of a transaction are written with
// one statement just before it commits. It is an error in a transaction that only reads.
func (t *Tx) Enqueue(args river.JobArgs, opts *river.InsertOpts) error {
	return t.EnqueueAll([]river.InsertManyParams{{Args: args, InsertOpts: opts}})
}

// EnqueueAll adds several jobs likewise.
func (t *Tx) EnqueueAll(jobs []river.InsertManyParams) error {
	if t.moment != nil && len(jobs) > 0 {
		return fmt.Errorf("who only reads enqueues no job: %s", jobs[0].Args.Kind())
	}
	*t.jobs = append(*t.jobs, jobs...)
	return nil
}

func (t *Tx) flushJobs() error {
	if len(*t.jobs) == 0 {
		return nil
	}
	_, err := t.DB.queue.InsertManyTx(t.Ctx, t.Pgx, *t.jobs)
	*t.jobs = nil
	return err
}

// IDs reserves n ids of a table's sequence and gives the first: they are consecutive.
func (t *Tx) IDs(table string, n int) (int, error) {
	if n == 0 {
		return 0, nil
	}
	for {
		var lo, hi int
		// The sequence is looked up once, not for every id: the look-up costs ten times what the id does.
		err := t.QueryRow(`with s as materialized (select pg_get_serial_sequence($1, 'id')::regclass seq)
			select min(v), max(v) from (select nextval(seq) v from s, generate_series(1, $2)) d`, table, n).Scan(&lo, &hi)
		if err != nil {
			return 0, err
		}
		// Another transaction may have drawn from the sequence in between; its gap is wasted and the draw repeated.
		if hi-lo+1 == n {
			return lo, nil
		}
	}
}

// Known gives the record time: the database's clock now, to be read after the locks are held.
func (t *Tx) Known() (time.Time, error) {
	var at time.Time
	err := t.QueryRow(`select clock_timestamp()`).Scan(&at)
	return at, err
}

// ConstraintName gives the name of the database rule that err says was broken, or "".
func ConstraintName(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.ConstraintName
	}
	return ""
}

// BadValue says that the database could not read a value as what it should be (class 22, data exceptions): a text for a number.
func BadValue(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && strings.HasPrefix(pg.Code, "22")
}

// TooLong says that the database gave a statement up because its time was over, or because it was asked to (class 57014, query canceled).
func TooLong(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "57014"
}
