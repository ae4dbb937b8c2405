package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"runtime"
	"time"

	"tenure/internal/audit/control"
	"tenure/internal/audit/trail"
	"tenure/internal/db"
)

// logPeople is for how many events of the log there is one person in the company whose evidence is read.
const logPeople = 200

// pages measures the pages of the evidence beside a log of so many events: the same statements, in the same round trips, are the floor. What
// such a page counts is counted once and kept; how long that takes stands beside it.
func (t *logTrial) pages(ctx context.Context) (err error) {
	p := &pageSet{stage: t.stage, ctx: ctx, record: &recorder{}, as: map[string]*http.Client{}, replays: map[string]*replay{}}
	defer func() { err = errors.Join(err, p.close()) }()
	if err := p.company(max(100, t.out.Events/logPeople)); err != nil {
		return err
	}
	if err := fillLog(ctx, p.db, t.out.Events); err != nil {
		return err
	}
	if _, _, err := (&trail.Sealer{DB: p.db, File: filepath.Join(t.dir, "evidence-pages.key")}).Seal(ctx); err != nil {
		return err
	}
	if _, err := p.db.Pool.Exec(ctx, `analyze`); err != nil {
		return err
	}
	if err := p.open(t.o.Portal); err != nil {
		return err
	}
	kinds, err := p.evidence(t)
	if err != nil {
		return err
	}
	if err := p.settle(ctx); err != nil {
		return err
	}
	runtime.GC()
	for _, k := range kinds {
		page, err := p.measure(k, t.o.Repeat)
		if err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
		t.out.Pages = append(t.out.Pages, page)
	}
	return nil
}

// evidence are the kinds of pages of the evidence. What they count is counted here for the first time.
func (p *pageSet) evidence(t *logTrial) ([]kind, error) {
	now := time.Now().UTC()
	first, last := control.Quarter(now)
	in := func(path string) []ask {
		return []ask{{"compliance", path + "?" + url.Values{"from": {first.Format(time.DateOnly)}, "to": {last.Format(time.DateOnly)}}.Encode()}}
	}
	kinds := []kind{{"evidence", in("/evidence")}, {"a control", in("/evidence/controls/nist-ps-4")}, {"a population", in("/evidence/controls/nist-ps-4/leavers")}, {"a population of all access", in("/evidence/controls/soc2-cc6.1/access")}}
	for _, k := range kinds {
		start := time.Now()
		if _, _, err := p.ask(p.portal.URL, k.asks[0], true); err != nil {
			return nil, err
		}
		t.out.figure(k.name+", counted for the first time", "s", 0, []float64{time.Since(start).Seconds()})
	}
	rows, err := p.db.Pool.Query(p.ctx, `(select 'e' || id from event where kind = 'person.joined' order by id limit 50) union all (select 'g' || id from reason order by id limit 50) union all (select 'o' || id from operation order by id limit 50)`)
	if err != nil {
		return nil, err
	}
	var sheets []ask
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		sheets = append(sheets, ask{"compliance", "/evidence/sheets/" + id})
	}
	return append(kinds, kind{"a sheet", sheets}), rows.Err()
}

// fillLog brings a log to so many events.
func fillLog(ctx context.Context, d *db.DB, events int) error {
	var have int
	if err := d.Pool.QueryRow(ctx, `select count(*) from event`).Scan(&have); err != nil {
		return err
	}
	const together = 5000
	for i := have; i < events; i += together {
		if err := d.Do(ctx, db.Operator, func(tx *db.Tx) error {
			for j := range min(together, events-i) {
				tx.Record(logEvent(i + j))
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}
