package app_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tenure/internal/access"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
)

// What a page says that a move will do is what it does, for many people who move twice to wherever; and what a page says that
// somebody held at an instant, as was known at another, is what the log adds up to.
func TestMovesAndThePast(t *testing.T) {
	w := newWorld(t, "Europe/Berlin")
	start := w.instant("2024-01-15")
	w.begin(start.AddDate(0, 0, -1))
	r := rand.New(rand.NewPCG(7, 11))
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	const people = 150
	for i := range people {
		for step, day := range []int{0, 5 + r.IntN(20), 26 + r.IntN(25)} {
			f := fields{"number": fmt.Sprint(1000 + i), "first_name": "P", "last_name": fmt.Sprint("Nr", i), "first_day": "2020-01-01",
				"department": pick("Sales", "Finance", "Logistics", "Design"), "title": pick("Clerk", "Controller"), "location": pick("Berlin", "Hamburg"),
				"worker_type": pick("employee", "contractor")}
			if step > 0 {
				f["effective"] = start.AddDate(0, 0, day).Format(time.DateOnly)
			}
			w.file[fmt.Sprintf("p%03d-%d", i, step)] = f
		}
	}
	if got := w.upload(start); got.Joiners != people || got.Held {
		t.Fatalf("%+v", got)
	}
	type said struct {
		who int
		at  time.Time
		d   lifecycle.Difference
	}
	var all []said
	w.must(w.db.Read(t.Context(), func(tx *db.Tx) error {
		for i := range people {
			who := w.find(fmt.Sprint(1000 + i))
			versions, err := identity.Versions(tx, []int{who})
			if err != nil {
				return err
			}
			moves, err := lifecycle.Moves(tx, versions[who])
			if err != nil {
				return err
			}
			for _, m := range moves {
				p, err := lifecycle.Preview(tx, who, m.At)
				if err != nil {
					return err
				}
				all = append(all, said{who, m.At, p.Difference()})
			}
		}
		return nil
	}))
	slices.SortStableFunc(all, func(a, b said) int { return a.at.Compare(b.at) })
	moved := 0
	for i, s := range all {
		if i == 0 || s.at.After(all[i-1].at) { // what happens later may end a hand-over early: each is looked at on its day
			w.tx(db.System, func(tx *db.Tx) error { _, err := lifecycle.RunDue(tx, s.at); return err })
		}
		w.must(w.db.Read(t.Context(), func(tx *db.Tx) error {
			done, err := lifecycle.Done(tx, s.who, s.at)
			if err == nil {
				if diff := cmp.Diff(words(s.d), words(done.Difference())); diff != "" {
					t.Fatalf("person %d on %s (-said +done):\n%s", s.who, s.at, diff)
				}
			}
			return err
		}))
		moved += len(s.d.Gains) + len(s.d.Loses)
	}
	w.tx(db.System, func(tx *db.Tx) error { _, err := lifecycle.RunDue(tx, start.AddDate(0, 0, 90)); return err })
	if len(all) < people || moved < people {
		t.Fatalf("%d moves gave and took %d things: too few to prove anything", len(all), moved)
	}
	for range 300 {
		w.past(r, w.find(fmt.Sprint(1000+r.IntN(people))), start)
	}
}

// words makes lines that can be compared: the reasons' own numbers differ between what is said and what is done.
func words(d lifecycle.Difference) map[string][]string {
	out := map[string][]string{}
	for name, lines := range map[string][]lifecycle.Line{"keeps": d.Keeps, "gains": d.Gains, "loses": d.Loses} {
		for _, l := range lines {
			text := fmt.Sprint(l.Entitlement, " until ", l.Until.UTC())
			for _, r := range l.Reasons {
				text += fmt.Sprint(" ", r.Kind, r.Ref, "/", r.Via)
			}
			out[name] = append(out[name], text)
		}
	}
	return out
}

// past compares what a person held at some instant, as was known at some other, with a fold of the log's entries.
func (w *world) past(r *rand.Rand, who int, start time.Time) {
	w.t.Helper()
	type spell struct {
		f        access.ReasonFact
		from, to time.Time
	}
	at := start.AddDate(0, 0, -3).Add(time.Duration(r.Int64N(int64(100 * 24 * time.Hour))))
	rows, err := w.db.Pool.Query(w.t.Context(), `select recorded_at, effective_at, coalesce(convert_from(leaf, 'UTF8')::jsonb#>'{facts,access}', '{}')::text
		from event where identity_id = $1 order by id`, who)
	w.must(err)
	var spells []spell
	var known time.Time
	stop := 1 + r.IntN(6)
	for n := 0; rows.Next(); n++ {
		var recorded, effective time.Time
		var text string
		w.must(rows.Scan(&recorded, &effective, &text))
		if n >= stop {
			continue
		}
		known = recorded
		var f access.Facts
		w.must(json.Unmarshal([]byte(text), &f))
		for _, x := range f.Ended {
			for i := range spells {
				if spells[i].f == x && spells[i].to.IsZero() {
					spells[i].to = effective
					break
				}
			}
		}
		for _, x := range f.Added {
			spells = append(spells, spell{f: x, from: effective})
		}
	}
	w.must(rows.Err())
	want, got := []string{}, []string{}
	for _, s := range spells {
		end := s.to
		if s.f.Until != "" {
			until, err := time.Parse(time.RFC3339, s.f.Until)
			w.must(err)
			if end.IsZero() || until.Before(end) {
				end = until
			}
		}
		if !at.Before(s.from) && (end.IsZero() || at.Before(end)) {
			want = append(want, fmt.Sprint(s.f.Entitlement, s.f.Kind, s.f.Ref, "/", s.f.Via, "/", s.f.Employment))
		}
	}
	w.must(w.db.Read(w.t.Context(), func(tx *db.Tx) error {
		reasons, err := access.ReasonsAt(tx, who, at, known)
		for _, x := range reasons {
			got = append(got, fmt.Sprint(x.Entitlement, x.Kind, x.Ref, "/", x.Via, "/", x.Employment))
		}
		return err
	}))
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Fatalf("person %d at %s, known at %s (-log +page):\n%s", who, at, known, diff)
	}
}
