package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/jackc/pgx/v5"

	"tenure/internal/audit/trail"
	"tenure/internal/db"
	"tenure/internal/evidence"
)

// Goals of the evidence log. Those of verification and export hold from a million events on.
const (
	logGoalEvents = 1_000_000
	logAppend     = 0.9   // of plain INSERTs of the same rows, at least
	logThousands  = 1.0   // seconds at most for 10,000 appended events
	logSealed     = 1.0   // seconds at most from the commit to the signed head, p95
	logAnchored   = 60.0  // seconds at most from the commit until it is outside
	logVerify     = 0.5   // of a SHA-256 scan of the sealed texts, at least
	logVerifying  = 60.0  // seconds at most
	logPeak       = 200.0 // MB at most of a process that verifies
	logProof      = 0.001 // seconds at most, p95
	logExport     = 0.5   // of COPY TO of the same rows, at least
)

// Log is what was measured of the evidence log.
type Log struct {
	Events   int        `json:"events"`
	Measures []*Measure `json:"measures"`
	Figures  []*Figure  `json:"figures"`
	Pages    []*Page    `json:"pages,omitempty"` // of the evidence, beside such a log
}

// Met says whether every goal was met.
func (l *Log) Met() bool {
	return l == nil || !slices.ContainsFunc(l.Measures, func(m *Measure) bool { return m.Met != nil && !*m.Met }) &&
		!slices.ContainsFunc(l.Figures, func(f *Figure) bool { return !f.Met }) && !slices.ContainsFunc(l.Pages, func(p *Page) bool { return !p.Met })
}

func (l *Log) figure(name, unit string, goal float64, values []float64) {
	f := &Figure{Name: name, Unit: unit, Value: of(values), Goal: goal}
	f.Met = goal == 0 || f.Value.Median <= goal
	l.Figures = append(l.Figures, f)
}

func (l *Log) measure(name string, goal float64) *Measure {
	m := &Measure{Name: name, Goal: goal}
	l.Measures = append(l.Measures, m)
	return m
}

func (l *Log) print(out io.Writer) {
	_, _ = fmt.Fprintf(out, "\nEvidence log of %d events\n", l.Events)
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	missed := func(met bool) string {
		if met {
			return ""
		}
		return " MISSED"
	}
	for _, m := range l.Measures {
		goal := ""
		if m.Met != nil {
			goal = fmt.Sprintf("goal at least %.2f%s", m.Goal, missed(*m.Met))
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\tfloor %s\tratio %.2f (%.2f to %.2f)\t%s\n", m.Name, millis(m.Product.Median), millis(m.Floor.Median), m.Ratio.Median, m.Ratio.Min, m.Ratio.Max, goal)
	}
	for _, f := range l.Figures {
		goal := ""
		if f.Goal > 0 {
			goal = fmt.Sprintf("goal at most %g%s", f.Goal, missed(f.Met))
		}
		_, _ = fmt.Fprintf(w, "%s\t%.4g %s\t%.4g to %.4g\t\t%s\n", f.Name, f.Value.Median, f.Unit, f.Value.Min, f.Value.Max, goal)
	}
	_ = w.Flush()
	if len(l.Pages) > 0 {
		_, _ = fmt.Fprintf(out, "\nPages of the evidence beside it; the floor sends the same statements in the same round trips and the same bytes.\n\n")
		printPages(out, l.Pages)
	}
}

// logTrial measures one log.
type logTrial struct {
	*stage
	db     *db.DB
	conn   *pgx.Conn
	name   string
	sealer *trail.Sealer
	out    *Log
	o      Options
}

// log measures a log that grows to so many events.
func (s *stage) log(ctx context.Context, events int, o Options) (_ *Log, err error) {
	name, err := s.clone(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.drop(ctx, name)) }()
	d, err := s.open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	conn, err := pgx.Connect(ctx, s.url(name))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	t := &logTrial{stage: s, db: d, conn: conn, name: name, out: &Log{Events: events}, o: o,
		sealer: &trail.Sealer{DB: d, File: filepath.Join(s.dir, name+".key")}}
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{{"append", t.append}, {"fill", t.fill}, {"seal", t.sealed}, {"prove", t.prove}, {"verify", t.verify}, {"export", t.export}, {"pages", t.pages}} {
		if step.name == "pages" && o.Portal == nil {
			continue
		}
		took, err := clock(func() error { return step.do(ctx) })
		if err != nil {
			return nil, fmt.Errorf("%s: %w", step.name, err)
		}
		_, _ = fmt.Fprintf(o.Log, "log of %d events: %s took %.1f s\n", events, step.name, took.Seconds())
	}
	return t.out, nil
}

// logEvent is the i-th: as long as most are.
func logEvent(i int) evidence.Event {
	return evidence.Event{Kind: []string{"reason.ended", "person.moved", "operation.verified", "request.answered"}[i%4], IdentityID: i%50_000 + 1,
		Facts: map[string]any{"application": "directory", "entitlement": fmt.Sprintf("group-%d", i%977), "reason": "birthright", "rule": "everybody in the department", "number": i}}
}

// fill brings the log to its size and seals it.
func (t *logTrial) fill(ctx context.Context) error {
	if err := fillLog(ctx, t.db, t.out.Events); err != nil {
		return err
	}
	took, err := clock(func() error { _, _, err := t.sealer.Seal(ctx); return err })
	if err != nil {
		return err
	}
	t.out.figure("sealing all of them at once", "s", 0, []float64{took.Seconds()})
	_, err = t.conn.Exec(ctx, `analyze`)
	return err
}

// export measures a pack of the whole log against COPY TO of the same rows, in their order; both write a file.
func (t *logTrial) export(ctx context.Context) error {
	m := t.out.measure("export", 0)
	if t.out.Events >= logGoalEvents {
		m.Goal = logExport
	}
	pack := filepath.Join(t.dir, t.name+".zip")
	defer func() { _ = os.Remove(pack) }()
	for range t.o.Repeat {
		floor, err := t.toFile(pack+".csv", func(f *os.File) error {
			_, err := t.conn.PgConn().CopyTo(ctx, f, `copy (select l.log_index, e.recorded_at, e.effective_at, e.kind, e.actor_id, e.identity_id, e.leaf
				from leaf l join event e on e.id = l.event_id order by l.log_index) to stdout (format csv)`)
			return err
		})
		if err != nil {
			return err
		}
		product, err := t.toFile(pack, func(f *os.File) error {
			_, err := trail.WritePack(ctx, t.db, f, evidence.Query{}, 0)
			return err
		})
		if err != nil {
			return err
		}
		m.add(product, floor)
	}
	m.finish()
	w, took, err := t.weighed(ctx, weighOrder{Pack: pack})
	if err != nil {
		return err
	}
	t.verified("verification of a pack of the whole log", w, took)
	return os.Remove(pack + ".csv")
}
