package db

import (
	"context"
	"errors"
	"iter"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Together runs functions that read, one after another, each until it asks the database something; what they ask is sent in one
// round trip, and so on until all are done. They are written as if each had the transaction for itself, and never run at the same
// time: they may share variables, and one may rely on what those before it did before they asked. The first error ends all of them.
// In a transaction that writes they simply run one after another.
func Together(tx *Tx, fns ...func(*Tx) error) error {
	if l, ok := tx.Pgx.(*lane); ok {
		return l.fork(fns)
	}
	if tx.moment == nil {
		for _, fn := range fns {
			if err := fn(tx); err != nil {
				return err
			}
		}
		return nil
	}
	return Asking(tx, fns...)
}

// Asking is Together in a transaction that writes as well: for functions that read, lock, or change rows in the order in which they ask. They
// record nothing and take no savepoint. What they set in the transaction that they are given, such as its time by Refresh, stays there.
func Asking(tx *Tx, fns ...func(*Tx) error) error {
	if l, ok := tx.Pgx.(*lane); ok {
		return l.fork(fns)
	}
	if len(fns) == 1 {
		return fns[0](tx)
	}
	if tx.kept == nil {
		tx.kept = map[string]any{} // all of them share it
	}
	c := &conductor{tx: tx}
	defer c.stop()
	for c.start(nil, fns); len(c.waiting) > 0 && c.err == nil; {
		c.step()
	}
	return c.err
}

// conductor leads the branches of one Together.
type conductor struct {
	tx      *Tx
	all     []*branch
	waiting []*branch // those that asked something, in order
	err     error
}

// branch is one function on its way.
type branch struct {
	next  func() (*ask, bool)
	stop  func()
	asks  *ask
	err   error
	above *branch // that waits for it; nil for none
	below int     // how many branches it waits for
}

// ask is what a branch wants before it goes on: an answer of the database, or branches of its own to be done.
type ask struct {
	sql  string
	args []any
	rows pgx.Rows
	err  error
	fork []func(*Tx) error
}

func (c *conductor) start(above *branch, fns []func(*Tx) error) {
	for _, fn := range fns {
		if c.err != nil {
			return
		}
		b := &branch{above: above}
		b.next, b.stop = iter.Pull(func(yield func(*ask) bool) {
			tx := *c.tx
			tx.Pgx = &lane{Tx: c.tx.Pgx, yield: yield}
			events := len(tx.events)
			if b.err = fn(&tx); b.err == nil && len(tx.events) != events {
				b.err = errors.New("what is asked together records nothing")
			}
		})
		c.all = append(c.all, b)
		c.resume(b)
	}
}

// resume lets a branch go on until it asks for something or is done.
func (c *conductor) resume(b *branch) {
	a, more := b.next()
	switch {
	case more && a.fork == nil:
		b.asks = a
		c.waiting = append(c.waiting, b)
	case more:
		b.below = len(a.fork)
		c.start(b, a.fork)
	case b.err != nil:
		if c.err == nil {
			c.err = b.err
		}
	case b.above != nil:
		if b.above.below--; b.above.below == 0 {
			c.resume(b.above)
		}
	}
}

// step sends what all branches ask and gives each its answer.
func (c *conductor) step() {
	now, batch := c.waiting, &pgx.Batch{}
	for _, b := range now {
		batch.Queue(b.asks.sql, b.asks.args...)
	}
	c.waiting = nil
	answers := c.tx.Pgx.SendBatch(c.tx.Ctx, batch)
	defer func() {
		if err := answers.Close(); c.err == nil {
			c.err = err
		}
	}()
	for _, b := range now {
		rows, err := answers.Query()
		b.asks.rows, b.asks.err = &answer{Rows: rows}, err
		c.resume(b)
		if rows.Close(); c.err != nil {
			return
		}
	}
}

// stop ends the branches that are still on their way.
func (c *conductor) stop() {
	for _, b := range c.all {
		b.stop()
	}
}

// lane is a branch's seat in the transaction: its questions wait for those of the others.
type lane struct {
	pgx.Tx
	yield func(*ask) bool
	open  *answer
}

// answer are the rows of one question. A lane asks the next one when they are read.
type answer struct {
	pgx.Rows
	closed bool
}

func (a *answer) Next() bool {
	if !a.closed && a.Rows.Next() {
		return true
	}
	a.closed = true
	return false
}

func (a *answer) Close() {
	a.closed = true
	a.Rows.Close()
}

var (
	errStopped = errors.New("another part of what was read together failed")
	errUnread  = errors.New("the rows of the question before are not read to their end")
)

func (l *lane) Query(_ context.Context, sql string, args ...any) (pgx.Rows, error) {
	if l.open != nil && !l.open.closed {
		return nil, errUnread
	}
	a := &ask{sql: sql, args: args}
	if !l.yield(a) {
		return nil, errStopped
	}
	l.open, _ = a.rows.(*answer)
	return a.rows, a.err
}

func (l *lane) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := l.Query(ctx, sql, args...)
	return one{rows, err}
}

func (l *lane) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	rows, err := l.Query(ctx, sql, args...)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	rows.Close()
	return rows.CommandTag(), rows.Err()
}

// Begin refuses: a part of what is undone belongs to a transaction that writes.
func (*lane) Begin(context.Context) (pgx.Tx, error) {
	return nil, errors.New("what is read together has no savepoints")
}

// fork is Together inside a branch.
func (l *lane) fork(fns []func(*Tx) error) error {
	if len(fns) > 0 && !l.yield(&ask{fork: fns}) {
		return errStopped
	}
	return nil
}

// one is the only row of an answer.
type one struct {
	rows pgx.Rows
	err  error
}

func (o one) Scan(into ...any) error {
	if o.err != nil {
		return o.err
	}
	defer o.rows.Close()
	if !o.rows.Next() {
		if err := o.rows.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := o.rows.Scan(into...); err != nil {
		return err
	}
	o.rows.Close()
	return o.rows.Err()
}
