package bench

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/app"
	"tenure/internal/db"
	"tenure/internal/hr"
)

//go:embed state.sql
var stateSQL string

//go:embed carried.sql
var carriedSQL string

// rereads is how many pairs of an unchanged sync one repetition gives: they are short.
const rereads = 3

// trial measures one size.
type trial struct {
	*stage
	people []Person
	feed   []byte
	delta  Delta
	state  map[string]string // the hash of the final state, by moment: the same in every repetition
	rows   []written         // of the repetition before
	out    *Size
}

// clock measures fn, with a clean heap before. Garbage that fn makes is collected on its own time.
func clock(fn func() error) (time.Duration, error) {
	runtime.GC()
	start := time.Now()
	err := fn()
	return time.Since(start), err
}

// repetition measures every pair once, in a fresh database. The floor of the first load goes first every other time, with the
// rows of the repetition before. count is false for the one that only warms up.
func (t *trial) repetition(ctx context.Context, n int, count bool) (err error) {
	var floor time.Duration
	floorFirst := n%2 == 1 && t.rows != nil
	if floorFirst {
		if floor, err = t.floorLoad(ctx, t.rows); err != nil {
			return err
		}
	}
	name, err := t.clone(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.drop(ctx, name)) }()
	d, err := t.open(ctx, name)
	if err != nil {
		return err
	}
	defer d.Close()
	conn, err := pgx.Connect(ctx, t.url(name))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()

	m := &moment{trial: t, ctx: ctx, hr: app.NewHR(d), conn: conn, seed: n}
	first, err := m.firstLoad()
	if err != nil {
		return err
	}
	if err := carryOut(ctx, conn); err != nil {
		return err
	}
	same, err := m.unchanged()
	if err != nil {
		return err
	}
	changed, err := m.changed()
	if err != nil {
		return err
	}
	if !floorFirst {
		if floor, err = t.floorLoad(ctx, t.rows); err != nil {
			return err
		}
	}
	if !count {
		return nil
	}
	t.out.FirstLoad.add(first, floor)
	var base time.Duration
	for _, p := range same.shuffled {
		t.out.Unchanged.add(p.product, p.floor)
		base += p.product / time.Duration(len(same.shuffled))
	}
	t.out.Identical.add(same.identical, same.shuffled[0].floor)
	t.out.Delta.add(changed, base+first/100)
	return nil
}

// moment is one repetition on its way.
type moment struct {
	*trial
	ctx  context.Context
	hr   *hr.Service
	conn *pgx.Conn
	seed int
}

// sync measures the product. part names it in a profile.
func (m *moment) sync(part string, feed []byte) (*hr.Result, time.Duration, error) {
	var out *hr.Result
	took, err := clock(func() (err error) {
		pprof.Do(m.ctx, pprof.Labels("product", part), func(ctx context.Context) {
			out, err = m.hr.Sync(ctx, db.Operator, hr.Upload{Source: "feed", Name: "feed.csv", Body: bytes.NewReader(feed)})
		})
		return err
	})
	return out, took, err
}

func (m *moment) firstLoad() (time.Duration, error) {
	var xid int64
	if err := m.conn.QueryRow(m.ctx, `select pg_current_xact_id()::text::bigint`).Scan(&xid); err != nil {
		return 0, err
	}
	if err := m.settle(m.ctx); err != nil {
		return 0, err
	}
	r, took, err := m.sync("first", m.feed)
	if err != nil {
		return 0, err
	}
	if err := answered("first load", r, hr.Result{Joiners: len(m.people)}); err != nil {
		return 0, err
	}
	if m.rows, err = readBack(m.ctx, m.conn, xid); err != nil {
		return 0, err
	}
	m.out.Rows = counts(m.rows)
	if err := wrote(firstLoad(m.people), m.out.Rows); err != nil {
		return 0, err
	}
	return took, m.same("after the first load")
}

// carryOut brings the targets and the operations to where they are on an ordinary day.
func carryOut(ctx context.Context, conn *pgx.Conn) error {
	for _, sql := range strings.SplitAfter(carriedSQL, ";") { // one by one: vacuum runs in no transaction
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("carrying out the first load: %w", err)
		}
	}
	return nil
}

type pair struct{ product, floor time.Duration }

type unchanged struct {
	shuffled  []pair
	identical time.Duration
}

// unchanged reads the same people again: in other orders, so that the file's hash says nothing, and as the identical file.
func (m *moment) unchanged() (unchanged, error) {
	var out unchanged
	for i := range rereads {
		feed := Feed(Shuffled(m.people, i))
		var p pair
		one := func() (err error) { p.floor, err = m.floorReread(feed); return err }
		two := func() (err error) { p.product, err = m.unchangedSync(feed); return err }
		if (m.seed+i)%2 == 1 {
			one, two = two, one
		}
		if err := errors.Join(one(), two()); err != nil {
			return out, err
		}
		out.shuffled = append(out.shuffled, p)
	}
	var err error
	out.identical, err = m.unchangedSync(m.feed)
	if err != nil {
		return out, err
	}
	return out, m.same("after the unchanged syncs")
}

func (m *moment) floorReread(feed []byte) (time.Duration, error) {
	known := 0
	took, err := clock(func() (err error) { known, err = reread(m.ctx, m.conn, feed); return err })
	if err == nil && known != len(m.people) {
		err = fmt.Errorf("the floor knows %d of %d people", known, len(m.people))
	}
	return took, err
}

func (m *moment) unchangedSync(feed []byte) (time.Duration, error) {
	r, took, err := m.sync("unchanged", feed)
	if err != nil {
		return 0, err
	}
	return took, answered("unchanged sync", r, hr.Result{Unchanged: len(m.people)})
}

// changed reads the people with 1 % changed and compares who then has what with what the rules give.
func (m *moment) changed() (time.Duration, error) {
	d := m.delta
	r, took, err := m.sync("delta", Feed(Shuffled(d.People, m.seed%2)))
	if err != nil {
		return 0, err
	}
	if err := answered("1 % changed", r, hr.Result{Joiners: d.Joiners, Movers: d.Movers, Leavers: d.Leavers, Updated: d.Updated,
		Unchanged: len(m.people) - d.Leavers - d.Updated - d.Movers}); err != nil {
		return 0, err
	}
	var live, left int
	if err := m.conn.QueryRow(m.ctx, `select count(*) filter (where r.kind = 'birthright'), count(*) filter (where i.state = 'left')
		from reason r join identity i on i.id = r.identity_id where r.known_to = 'infinity' and r.valid_to = 'infinity'`).Scan(&live, &left); err != nil {
		return 0, err
	}
	if want := reasons(d.People); live != want || left != 0 {
		return 0, fmt.Errorf("after 1 %% changed there are %d live reasons (%d of leavers) and there must be %d (0)", live, left, want)
	}
	return took, m.same(fmt.Sprintf("after 1 %% changed, order %d", m.seed%2))
}

// same compares the state with that of the repetitions before.
func (m *moment) same(when string) error {
	var hash string
	if err := m.conn.QueryRow(m.ctx, stateSQL).Scan(&hash); err != nil {
		return err
	}
	if before := m.state[when]; before != "" && before != hash {
		return fmt.Errorf("%s the state is not the same as in the repetition before", when)
	}
	m.state[when] = hash
	return nil
}
