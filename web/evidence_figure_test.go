package web_test

import (
	"net/http"
	"testing"

	"tenure/internal/audit/control"
	"tenure/internal/db"
)

// Beside a large log what was counted is kept: pages tell it with its time until it is counted anew, which they ask for once. Beside a small one
// everything is counted when it is asked for.
func TestFiguresAreKeptBesideALargeLog(t *testing.T) {
	w := newWorld(t)
	w.lived()
	c := w.as(compliance)
	at := "/evidence/controls/nist-ps-4"
	c.get(at).want(t, http.StatusOK)
	if n := w.number(`select count(*) from evidence_figure`); n != 0 {
		t.Errorf("%d figures are kept beside a small log", n)
	}
	w.must(beside(w, `insert into event (id, recorded_at, effective_at, kind, actor_id, touches, leaf) values (1000000, '2020-01-01', '2020-01-01', 'control.limit_set', 1, '{}', '{}')`))
	listed := func() string {
		return c.get(at).want(t, http.StatusOK).Find("#populations tbody tr").First().Find("td").First().Text()
	}
	before := listed()
	if n := w.number(`select count(*) from evidence_figure`); n != 3 {
		t.Fatalf("%d figures are kept, want those of the three populations", n)
	}
	if n := w.number(`select count(*) from river_job where kind = 'control.recount'`); n != 0 {
		t.Errorf("%d times counting anew was asked for, though nothing happened", n)
	}
	w.must(beside(w, `insert into event (id, recorded_at, effective_at, kind, actor_id, identity_id, touches, leaf) select 1000001, clock_timestamp(), clock_timestamp(), 'person.left', 1, identity_id, '{}', leaf from event where kind = 'person.left' limit 1`))
	for range 2 {
		p := c.get(at).want(t, http.StatusOK)
		p.says(t, "something happened since")
		if now := p.Find("#populations tbody tr").First().Find("td").First().Text(); now != before {
			t.Errorf("%s leavers are told, want what was counted before, %s", now, before)
		}
	}
	if n := w.number(`select count(*) from river_job where kind = 'control.recount'`); n != 1 {
		t.Errorf("%d times counting anew was asked for, want once", n)
	}
	w.span(func(_ *db.Tx, s control.Span) error {
		return w.app.DB.Do(t.Context(), db.System, func(tx *db.Tx) error { return control.Recount(tx, control.RecountArgs{From: s.From, To: s.To}) })
	})
	if now := listed(); now == before {
		t.Errorf("counted anew, %s leavers are told as before", now)
	}
	// Before somebody looks, this quarter and the last one are counted, once an hour.
	w.must(w.app.DB.Do(t.Context(), db.System, control.Ahead))
	if n := w.number(`select count(*) from river_job where kind = 'control.recount' and args->>'all' = 'true'`); n != 2 {
		t.Errorf("%d quarters are counted ahead, want 2", n)
	}
	w.span(func(_ *db.Tx, s control.Span) error {
		return w.app.DB.Do(t.Context(), db.System, func(tx *db.Tx) error {
			return control.Recount(tx, control.RecountArgs{From: s.From, To: s.To, All: true})
		})
	})
	if n := w.number(`select count(*) from evidence_figure`); n != len(control.Populations) {
		t.Errorf("%d figures are kept, want those of all %d populations", n, len(control.Populations))
	}
}
