package hr

import (
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/access"
	"tenure/internal/db"
	"tenure/internal/hr/source"
)

// RunFilter says which runs a list shows, the newest first. Zero fields do not filter.
type RunFilter struct {
	State  string
	Source string
	Before int // the last run of the page before
	Limit  int
}

// ListedRun is one run of a list.
type ListedRun struct {
	Run
	Rejected int // rows set aside
}

// ListRuns gives one page of runs, without their holds.
func ListRuns(tx *db.Tx, f RunFilter) ([]ListedRun, error) {
	rows, err := tx.Query(`select `+runColumns+`, (select count(distinct q.row) from quarantine q where q.snapshot_id = s.id)`+runTables+
		`where ($1 = '' or s.state = $1) and ($2 = '' or h.name = $2) and ($3 = 0 or s.id < $3) order by s.id desc limit $4`,
		f.State, f.Source, f.Before, f.Limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (ListedRun, error) {
		var l ListedRun
		var hold int
		r := &l.Run
		err := row.Scan(&r.ID, &r.Source, &r.SourceID, &r.EffectiveAt, &r.SHA256, &r.Name, &r.Rows, &r.State, &r.Counts, &r.LoadedAt,
			&r.LoadedBy, &r.LoadedByID, &r.AppliedAt, &r.DeclaredRows, &r.SeenAt, &r.Content, &hold, &l.Rejected)
		return l, err
	})
}

// CountRuns counts the runs by state.
func CountRuns(tx *db.Tx) (map[string]int, error) {
	rows, err := tx.Query(`select state, count(*) from snapshot group by 1`)
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	var s string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&s, &n}, func() error { out[s] = n; return nil })
	return out, err
}

// NewestRuns gives each source's newest run and its newest good one, by source.
func NewestRuns(tx *db.Tx) (newest, good map[int]*Run, err error) {
	newest, good = map[int]*Run{}, map[int]*Run{}
	rows, err := tx.Query(`select ` + runColumns + runTables + `where s.id in (select max(id) from snapshot group by source_id
		union select max(id) from snapshot where state = 'applied' group by source_id) order by s.id`)
	if err != nil {
		return nil, nil, err
	}
	all, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (*Run, error) { run, _, err := scanRun(r); return run, err })
	for _, r := range all {
		newest[r.SourceID] = r
		if r.State == Applied {
			good[r.SourceID] = r
		}
	}
	return newest, good, err
}

// Announced is an announced mass change and what became of it.
type Announced struct {
	Expectation
	By   string
	Used int // the run that used it, 0 while open
	Over bool
}

// Expectations gives the newest announcements. Over says that the days have passed.
func Expectations(tx *db.Tx, limit int) ([]Announced, error) {
	rows, err := tx.Query(`select h.name, e.kind, e.count, e.from_day, e.to_day, e.note, a.name, coalesce(e.used_by, 0), e.to_day < ($2::timestamptz at time zone 'UTC')::date
		from expected_change e join hr_source h on h.id = e.source_id join actor a on a.id = e.announced_by order by e.id desc limit $1`, limit, tx.Now)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (Announced, error) {
		var x Announced
		var from, to time.Time
		err := r.Scan(&x.Source, &x.Kind, &x.Count, &from, &to, &x.Note, &x.By, &x.Used, &x.Over)
		x.From, x.To = from.Format(time.DateOnly), to.Format(time.DateOnly)
		return x, err
	})
}

// Load is one limit of the brake and what weighs against it.
type Load struct {
	Kind         string // leavers, movers, rows
	Here, Before int    // in this run, those announced for a later day included; applied unreleased in the 24 hours before
	Announced    int    // beforehand by another person, and used by this run
	Limit, Base  int    // Base: people of the source, or rows of the last good file
	Over         bool
}

// Weigh shows a run against the limits of its source as they are now. last is the last good run before it, nil for none.
func Weigh(tx *db.Tx, run, last *Run) ([]Load, error) {
	src, err := Find(tx, run.Source)
	if err != nil {
		return nil, err
	}
	var leaving, moving, base int
	announced := map[string]int{}
	err = tx.QueryRow(`select coalesce(sum((counts->>'leaving')::int), 0), coalesce(sum((counts->>'moving')::int), 0),
			coalesce((array_agg((counts->>'known')::int order by id))[1], 0),
			(select coalesce(jsonb_object_agg(kind, n), '{}') from (select kind, sum(count) n from expected_change where used_by = $2 group by 1) e)
		from snapshot where source_id = $1 and id < $2 and state = 'applied' and hold_id is null
		and effective_at > $3::timestamptz - interval '24 hours' and effective_at <= $3`, src.ID, run.ID, run.EffectiveAt).
		Scan(&leaving, &moving, &base, &announced)
	if err != nil {
		return nil, err
	}
	if base == 0 {
		base = run.Counts.Known
	}
	l := src.Spec.Brake
	loads := []Load{
		{Kind: "leavers", Here: run.Counts.Leaving, Before: leaving, Limit: access.Limit(l.LeaversCount, l.LeaversPercent, base), Base: base},
		{Kind: "movers", Here: run.Counts.Moving, Before: moving, Limit: access.Limit(l.MoversCount, l.MoversPercent, base), Base: base},
	}
	if last != nil && last.Rows > 0 && src.Spec.File.Mode == source.Full {
		loads = append(loads, Load{Kind: "rows", Here: max(0, last.Rows-run.Rows), Limit: (l.RowsPercent*last.Rows + 99) / 100, Base: last.Rows})
	}
	for i := range loads {
		x := &loads[i]
		x.Announced = announced[x.Kind]
		x.Over = x.Here > 0 && x.Here+x.Before-x.Announced >= x.Limit
	}
	return loads, nil
}
