package bench

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"tenure/internal/audit/trail"
	"tenure/internal/db"
	"tenure/internal/evidence"
)

// How appending is measured.
const (
	logClients  = 4
	logTogether = 100 // events of a transaction
	logAppended = 50_000
	logAlone    = 4000 // events that have a transaction each
	logLoad     = 10 * time.Second
	logEvery    = 5 * time.Millisecond // between two decisions of the steady load
	logProofs   = 1000
	logFew      = 10_000 // events below which there is no load of several seconds
)

// append measures events against plain INSERTs of the very same rows, made before into a table with the same columns, checks and indexes.
func (t *logTrial) append(ctx context.Context) error {
	if _, err := t.conn.Exec(ctx, `create table floor_event (like event including all)`); err != nil {
		return err
	}
	many := t.out.measure(fmt.Sprintf("append, %d a transaction", logTogether), logAppend)
	alone := t.out.measure("append, one a transaction", 0)
	var rate []float64
	n := min(logAppended, t.out.Events/(4*t.o.Repeat)/logTogether*logTogether)
	for range t.o.Repeat {
		for _, x := range []struct {
			m           *Measure
			n, together int
		}{{many, n, logTogether}, {alone, min(n, logAlone), 1}} {
			product, floor, err := t.appended(ctx, x.n, x.together)
			if err != nil {
				return err
			}
			x.m.add(product, floor)
			if x.m == many {
				rate = append(rate, product.Seconds()*10_000/float64(n))
			}
		}
	}
	many.finish()
	alone.finish()
	t.out.figure("10,000 events", "s", logThousands, rate)
	_, err := t.conn.Exec(ctx, `drop table floor_event`)
	return err
}

// appended appends n events by several at once, then inserts the same rows likewise.
func (t *logTrial) appended(ctx context.Context, n, together int) (product, floor time.Duration, err error) {
	var last int64
	if err := t.conn.QueryRow(ctx, `select coalesce(max(id), 0) from event`).Scan(&last); err != nil {
		return 0, 0, err
	}
	if err := t.settle(ctx); err != nil {
		return 0, 0, err
	}
	product, err = clock(func() error {
		return t.shared(n/together, func(i int) error {
			return t.db.Do(ctx, db.Operator, func(tx *db.Tx) error {
				for j := range together {
					tx.Record(logEvent(i*together + j))
				}
				return nil
			})
		})
	})
	if err != nil {
		return 0, 0, err
	}
	rows, err := t.conn.Query(ctx, `select recorded_at, effective_at, kind, actor_id, identity_id, touches::text, leaf from event where id > $1 order by id`, last)
	if err != nil {
		return 0, 0, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[eventRow])
	if err != nil || len(all) != n {
		return 0, 0, errors.Join(err, fmt.Errorf("%d events of %d", len(all), n))
	}
	if err := t.settle(ctx); err != nil {
		return 0, 0, err
	}
	floor, err = clock(func() error {
		return t.shared(n/together, func(i int) error { return t.insert(ctx, all[i*together:(i+1)*together]) })
	})
	return product, floor, err
}

type eventRow struct {
	Recorded, Effective time.Time
	Kind                string
	Actor, Identity     int
	Touches             string
	Leaf                []byte
}

// insert is the floor: one plain statement.
func (t *logTrial) insert(ctx context.Context, all []eventRow) error {
	var at, effective []time.Time
	var kind, touches []string
	var actor, identity []int
	var leaf [][]byte
	for _, r := range all {
		at, effective, kind, touches = append(at, r.Recorded), append(effective, r.Effective), append(kind, r.Kind), append(touches, r.Touches)
		actor, identity, leaf = append(actor, r.Actor), append(identity, r.Identity), append(leaf, r.Leaf)
	}
	_, err := t.db.Pool.Exec(ctx, `insert into floor_event (recorded_at, effective_at, kind, actor_id, identity_id, touches, leaf)
		select * from unnest($1::timestamptz[], $2::timestamptz[], $3::text[], $4::int[], $5::int[], $6::jsonb[], $7::bytea[])`, at, effective, kind, actor, identity, touches, leaf)
	return err
}

// shared lets several at once do n things.
func (t *logTrial) shared(n int, do func(i int) error) error {
	var g errgroup.Group
	for c := range logClients {
		g.Go(func() error {
			for i := c; i < n; i += logClients {
				if err := do(i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// seen says when which size was first seen.
type seen struct {
	at   []time.Time
	size []int64
}

func (s *seen) look(size int64) {
	if n := len(s.size); size > 0 && (n == 0 || s.size[n-1] < size) {
		s.at, s.size = append(s.at, time.Now()), append(s.size, size)
	}
}

// since is how long after a moment an event was in what was seen.
func (s *seen) since(index int64, from time.Time) float64 {
	i, _ := slices.BinarySearch(s.size, index+1)
	return s.at[i].Sub(from).Seconds()
}

// sealed measures, under a steady load of decisions, how long after its commit an event is under a signed head, and how long until that head
// is outside of the database: with the sealer and the anchor that every installation has.
func (t *logTrial) sealed(ctx context.Context) error {
	running, stop := context.WithCancel(ctx)
	var ended sync.WaitGroup
	defer ended.Wait()
	defer stop()
	anchor := &trail.Anchor{DB: t.db, File: filepath.Join(t.dir, t.name+".anchors")}
	n, anchoredGoal := int(logLoad/logEvery), logAnchored
	if t.out.Events < logFew { // a trial of the bench itself
		n, anchoredGoal, anchor.Every = t.out.Events/10, 0, 100*time.Millisecond
	}
	ended.Go(func() { t.sealer.Run(running) })
	ended.Go(func() { anchor.Run(running) })
	began := time.Now().UTC().Truncate(time.Microsecond)
	committed := make([]time.Time, n)
	done := make(chan error, 1)
	go func() {
		tick := time.NewTicker(logEvery)
		defer tick.Stop()
		done <- t.shared(n, func(i int) error {
			<-tick.C
			err := t.db.Do(ctx, db.Operator, func(tx *db.Tx) error {
				e := logEvent(i)
				e.Kind, e.EffectiveAt = "bench.decided", began.Add(time.Duration(i)*time.Microsecond) // which one it is
				tx.Record(e)
				return nil
			})
			committed[i] = time.Now()
			return err
		})
	}()
	heads, anchored := &seen{}, &seen{}
	if err := t.watch(ctx, n, done, heads, anchored); err != nil {
		return err
	}
	rows, err := t.conn.Query(ctx, `select l.log_index, e.effective_at from event e join leaf l on l.event_id = e.id where e.kind = 'bench.decided'`)
	if err != nil {
		return err
	}
	var lags, out []float64
	var index int64
	var which time.Time
	if _, err := pgx.ForEachRow(rows, []any{&index, &which}, func() error {
		i := int(which.Sub(began) / time.Microsecond)
		lags, out = append(lags, heads.since(index, committed[i])), append(out, anchored.since(index, committed[i]))
		return nil
	}); err != nil {
		return err
	}
	slices.Sort(lags)
	t.out.figure(fmt.Sprintf("from the commit to the signed head, p95, %d decisions a second", time.Second/logEvery), "s", logSealed, lags[len(lags)*95/100:len(lags)*95/100+1])
	t.out.figure("from the commit until the head is outside, the longest", "s", anchoredGoal, []float64{slices.Max(out)})
	return nil
}

// watch looks all the time how far the log is sealed and anchored, until all of it is.
func (t *logTrial) watch(ctx context.Context, n int, done <-chan error, heads, anchored *seen) error {
	want := int64(t.out.Events + n)
	for loaded := false; ; {
		var size, out int64
		if err := t.conn.QueryRow(ctx, `select (select coalesce(max(size), 0) from checkpoint), (select coalesce(max(size), 0) from anchor)`).Scan(&size, &out); err != nil {
			return err
		}
		heads.look(size)
		anchored.look(out)
		if loaded && size >= want && out >= want {
			return nil
		}
		select {
		case err := <-done:
			if err != nil {
				return err
			}
			loaded = true
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// prove measures one event with the proof that it is in the log, asked for by itself.
func (t *logTrial) prove(ctx context.Context) error {
	var c evidence.Checkpoint
	var signed []byte
	if err := t.conn.QueryRow(ctx, `select note from checkpoint order by size desc limit 1`).Scan(&signed); err != nil {
		return err
	}
	c, err := evidence.ParseCheckpoint(string(signed))
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // the same events every time
	took := make([]float64, 0, logProofs)
	for range logProofs {
		n := rng.Int64N(c.Size)
		start := time.Now()
		err := t.db.ReadOften(ctx, func(tx *db.Tx) error {
			var leaf []byte
			if err := tx.QueryRow(`select e.leaf from leaf l join event e on e.id = l.event_id where l.log_index = $1`, n).Scan(&leaf); err != nil {
				return err
			}
			proof, err := (&evidence.Prover{Store: trail.Store(tx), Size: c.Size}).Prove(n)
			if err != nil {
				return err
			}
			return evidence.Entry{Index: n, Leaf: leaf, Proof: proof}.In(c)
		})
		if err != nil {
			return err
		}
		took = append(took, time.Since(start).Seconds())
	}
	slices.Sort(took)
	t.out.figure("an event with its proof, p95", "s", logProof, took[len(took)*95/100:len(took)*95/100+1])
	return nil
}

// What is scanned: the sealed texts, and all that a verification reads, with what pages search by and the leaves of the log.
var (
	scanTexts = []string{`select leaf from event order by id`}
	scanAll   = []string{`select id, kind, actor_id, identity_id, recorded_at, effective_at, touches, leaf, sealed from event order by id`,
		`select log_index, event_id, hash from leaf order by log_index`}
)

// verify measures the verification of the log in the database against a SHA-256 scan: the sealed texts are read, in the order of their ids, and
// hashed. A scan of all that a verification reads stands beside it.
func (t *logTrial) verify(ctx context.Context) error {
	m, everything := t.out.measure("verification", 0), t.out.measure("verification, beside a scan of all that it reads", 0)
	if t.out.Events >= logGoalEvents {
		m.Goal = logVerify
	}
	for range t.o.Repeat {
		var all, some time.Duration
		var n int
		for _, f := range []struct {
			took *time.Duration
			read []string
		}{{&all, scanAll}, {&some, scanTexts}} {
			var err error
			*f.took, err = clock(func() (err error) { n, err = t.scan(ctx, f.read); return err })
			if err != nil {
				return err
			}
		}
		var r *trail.Report
		product, err := clock(func() (err error) { r, err = trail.Verify(ctx, t.db, trail.Outside{}); return err })
		if err == nil && (!r.Right() || r.Size != int64(n)) {
			err = fmt.Errorf("%d of %d events: %+v", r.Size, n, r)
		}
		if err != nil {
			return err
		}
		m.add(product, some)
		everything.add(product, all)
	}
	everything.finish()
	m.finish()
	w, took, err := t.weighed(ctx, weighOrder{URL: t.url(t.name), Log: true})
	if err != nil {
		return err
	}
	t.verified("verification", w, took)
	return nil
}

// scan reads and hashes every value that the queries give, and says how many rows the first gave.
func (t *logTrial) scan(ctx context.Context, queries []string) (n int, err error) {
	h := sha256.New()
	for i, sql := range queries {
		rows, err := t.conn.Query(ctx, sql, pgx.QueryResultFormats{pgx.BinaryFormatCode})
		if err != nil {
			return 0, err
		}
		for rows.Next() {
			for _, v := range rows.RawValues() {
				_, _ = h.Write(v)
			}
			if i == 0 {
				n++
			}
		}
		if err := rows.Err(); err != nil {
			return 0, err
		}
	}
	_ = h.Sum(nil)
	return n, nil
}

// verified notes how long a process of its own verified, and the most memory that it had.
func (t *logTrial) verified(what string, w *weight, took time.Duration) {
	seconds, peak := 0.0, 0.0
	if t.out.Events >= logGoalEvents {
		seconds, peak = logVerifying, logPeak
	}
	t.out.figure(what+", by a process of its own", "s", seconds, []float64{took.Seconds()})
	t.out.figure(what+", peak of that process (VmHWM)", "MB", peak, []float64{float64(w.Peak) / 1e6})
}

// weighed lets a process verify and checks that it did.
func (t *logTrial) weighed(ctx context.Context, o weighOrder) (w *weight, took time.Duration, err error) {
	took, err = clock(func() (err error) { w, err = o.run(ctx); return err })
	if err == nil && w.Events < t.out.Events {
		err = fmt.Errorf("the process verified %d events", w.Events)
	}
	return w, took, err
}

// toFile measures writing a file.
func (t *logTrial) toFile(name string, write func(*os.File) error) (took time.Duration, err error) {
	f, err := os.Create(name) //nolint:gosec // the bench's own folder
	if err != nil {
		return 0, err
	}
	took, err = clock(func() error { return write(f) })
	return took, errors.Join(err, f.Close())
}
