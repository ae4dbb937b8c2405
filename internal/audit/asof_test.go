package audit_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/identity"
)

// answered says of each line of an answer whose it is, why it was held, and how the target stood to it.
func answered(all []*audit.Bearer) (out []string) {
	for _, b := range all {
		for _, l := range b.Lines {
			out = append(out, said(b.Person.ID, &l.Grant))
		}
	}
	slices.Sort(out)
	return out
}

// said leaves out what the answer for many knows better: a target that was read and did not show it.
func said(who int, g *audit.Grant) string {
	state := g.State
	if state == "missing" {
		state = "not read"
	}
	text := fmt.Sprintf("%d %s/%s %s", who, g.Application, g.Entitlement, state)
	for _, r := range g.Reasons {
		text += fmt.Sprintf(" %s#%d", r.Kind, r.ID)
	}
	return text
}

func (m *made) each(tx *db.Tx, ask audit.Ask) (out []*audit.Bearer) {
	for b, err := range ask.Each(tx) {
		if err != nil {
			m.t.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

// at runs fn in one moment of the world.
func (m *made) reading(fn func(tx *db.Tx) error) {
	m.t.Helper()
	if err := m.db.Read(m.t.Context(), fn); err != nil {
		m.t.Fatal(err)
	}
}

// What is told of everybody at once is what is told of each alone, and what loops over the rows find; whoever is asked of an application or an
// entitlement is exactly who held it.
func TestAsOfIsWhatEachHeld(t *testing.T) {
	m := generate(t, 3)
	// Readings lie in the past, so that dates before and after them differ.
	m.exec(`insert into reading (id, application_id, started_at, ended_at, complete) select n, 1, clock_timestamp() - make_interval(days => 90 - 30 * n), clock_timestamp(), true from generate_series(1, 2) n`)
	m.reading(func(tx *db.Tx) error {
		cat, err := catalog.Load(tx)
		if err != nil {
			return err
		}
		seen := map[string]int{}
		for _, days := range []int{0, 1, 40, 70, 95, 300} {
			ask := audit.Ask{Moment: audit.Moment{At: m.now.AddDate(0, 0, -days)}}
			all := m.each(tx, ask)
			if len(all) != population {
				t.Fatalf("%d days ago: %d people are told of, want all %d", days, len(all), population)
			}
			var alone []string
			for id := 1; id <= population; id++ {
				p, err := identity.Get(tx, id)
				if err != nil {
					return err
				}
				grants, err := audit.HeldAt(tx, p, ask.Moment)
				if err != nil {
					return err
				}
				for i := range grants {
					alone = append(alone, said(id, &grants[i]))
					seen[grants[i].State]++
				}
			}
			slices.Sort(alone)
			if diff := cmp.Diff(alone, answered(all)); diff != "" {
				t.Fatalf("%d days ago (-one by one +together):\n%s", days, diff)
			}
			m.loops(ask.At, all)
			m.narrowed(tx, cat, ask, all)
		}
		if seen["verified"]*seen["not read"]*seen["out of band"] == 0 {
			t.Errorf("the world shows nothing of something: %v", seen)
		}
		return nil
	})
}

// loops holds the reasons that are told against the world's own.
func (m *made) loops(at time.Time, all []*audit.Bearer) {
	want, got := map[[2]int]int{}, map[[2]int]int{}
	for _, y := range m.reasons {
		if !y.proposed && !y.closed && !y.from.After(at) && y.to.After(at) {
			want[[2]int{y.person, y.entitlement}]++
		}
	}
	for _, b := range all {
		for _, l := range b.Lines {
			for _, r := range l.Reasons {
				if r.ID > 0 {
					got[[2]int{b.Person.ID, l.EntitlementID()}]++
				}
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		m.t.Fatalf("%s (-loops +SQL):\n%s", at, diff)
	}
}

// narrowed asks the same of each application and of each entitlement.
func (m *made) narrowed(tx *db.Tx, cat *catalog.Catalog, ask audit.Ask, all []*audit.Bearer) {
	for e := 1; e <= apps*(perApp+1); e++ {
		for _, whole := range []bool{false, true} {
			ref, n := cat.Ref(e), 0
			if whole {
				ref = cat.Apps[cat.Entitlements[e].ApplicationID].Name
			}
			narrow := ask
			if err := narrow.About(cat, ref); err != nil {
				m.t.Fatal(err)
			}
			if whole != (narrow.Entitlement == 0) {
				continue // the name of an application is the whole of it, and not the login
			}
			var want []string
			for _, b := range all {
				for _, l := range b.Lines {
					if l.ApplicationID == narrow.Application && (whole || l.EntitlementID() == e) {
						want = append(want, said(b.Person.ID, &l.Grant))
						n++
					}
				}
			}
			slices.Sort(want)
			if diff := cmp.Diff(want, answered(m.each(tx, narrow))); diff != "" {
				m.t.Fatalf("%s (-of everything +asked for):\n%s", ref, diff)
			}
		}
	}
}

// Two dates are put side by side: what only the earlier one has is lost, what only the later one has is gained, in whichever order
// they are given.
func TestAsOfCompared(t *testing.T) {
	m := generate(t, 4)
	m.reading(func(tx *db.Tx) error {
		from, to := m.now.AddDate(0, 0, -60), m.now
		first, last := m.each(tx, audit.Ask{Moment: audit.Moment{At: from}}), m.each(tx, audit.Ask{Moment: audit.Moment{At: to}})
		want := map[string]string{}
		key := func(b *audit.Bearer, l *audit.Line) string { return fmt.Sprint(b.Person.ID, "/", l.EntitlementID()) }
		for _, b := range first {
			for i := range b.Lines {
				want[key(b, &b.Lines[i])] = audit.Lost
			}
		}
		for _, b := range last {
			for i := range b.Lines {
				k := key(b, &b.Lines[i])
				if want[k] == "" {
					want[k] = audit.Gained
				} else {
					want[k] = audit.Kept
				}
			}
		}
		for _, ask := range []audit.Ask{{Moment: audit.Moment{At: from}, Than: to}, {Moment: audit.Moment{At: to}, Than: from}} {
			got, n := map[string]string{}, map[string]int{}
			for _, b := range m.each(tx, ask) {
				for i := range b.Lines {
					got[key(b, &b.Lines[i])] = b.Lines[i].Change
					n[b.Lines[i].Change]++
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("(-of each date +compared):\n%s", diff)
			}
			if n[audit.Gained]*n[audit.Lost]*n[audit.Kept] == 0 {
				t.Errorf("the world shows nothing of something: %v", n)
			}
		}
		return nil
	})
}

// Pages, forwards and backwards, are the whole, each person once.
func TestAsOfPages(t *testing.T) {
	m := generate(t, 5)
	m.reading(func(tx *db.Tx) error {
		ask := audit.Ask{Moment: audit.Moment{At: m.now}}
		var want, got, back []int
		for _, b := range m.each(tx, ask) {
			want = append(want, b.Person.ID)
		}
		page := db.Page{Limit: 7}
		for more := true; more; {
			all, places, further, err := ask.Page(tx, page)
			if err != nil {
				return err
			}
			for _, b := range all {
				got = append(got, b.Person.ID)
			}
			more, page.After = further, places[len(places)-1]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("forwards:\n%s", diff)
		}
		page.Back = true
		for more := true; more; {
			all, places, further, err := ask.Page(tx, page)
			if err != nil {
				return err
			}
			for i := range all {
				back = append(back, all[len(all)-1-i].Person.ID)
			}
			more, page.After = further, places[0]
		}
		slices.Reverse(back)
		if diff := cmp.Diff(want[:len(want)-1], back); diff != "" {
			t.Errorf("backwards, from the last one:\n%s", diff)
		}
		return nil
	})
}

// What was learned later is left out when it is asked what was known before.
func TestAsOfKnown(t *testing.T) {
	m := generate(t, 6)
	before := m.now.AddDate(0, 0, -1)
	m.exec(`insert into identity (id, state, since, name, key_id) values (900, 'active', $1, 'Zoe', 0)`, before)
	m.exec(`insert into employment_version (employment_id, identity_id, status, first_day, zone, starts_at, attrs, valid_from, valid_to, known_from, known_to) values
		(9, 900, 'active', '2020-01-01', 'UTC', '2020-01-01', '{"title": "Clerk"}', '2020-01-01', 'infinity', '2020-01-01', $1),
		(9, 900, 'active', '2020-01-01', 'UTC', '2020-01-01', '{"title": "Clerk"}', '2020-01-01', '2022-01-01', $1, 'infinity'),
		(9, 900, 'active', '2020-01-01', 'UTC', '2020-01-01', '{"title": "Judge"}', '2022-01-01', 'infinity', $1, 'infinity')`, before)
	m.exec(`insert into reason (identity_id, entitlement_id, kind, valid_from, known_from, known_to) values (900, $1, 'birthright', '2020-01-01', '2020-01-01', $3), (900, $2, 'birthright', '2022-01-01', $3, 'infinity')`,
		entitlement(1, 1), entitlement(1, 2), before)
	at := time.Date(2023, 5, 1, 0, 0, 0, 0, time.UTC)
	m.reading(func(tx *db.Tx) error {
		for _, x := range []struct {
			known       time.Time
			title, held string
		}{{time.Time{}, "Judge", "e2"}, {before, "Judge", "e2"}, {before.Add(-time.Microsecond), "Clerk", "e1"}, {time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC), "", ""}} {
			all := m.each(tx, audit.Ask{Moment: audit.Moment{At: at, Known: x.known}, People: []int{900}})
			if len(all) != 1 {
				t.Fatalf("%d people are told of", len(all))
			}
			title, held := "", ""
			if all[0].Then.Job != nil {
				title = all[0].Then.Job.Attrs["title"]
			}
			for _, l := range all[0].Lines {
				held += l.Entitlement
			}
			if title != x.title || held != x.held {
				t.Errorf("as known %v: %q with %q, want %q with %q", x.known, title, held, x.title, x.held)
			}
		}
		return nil
	})
}

func TestWhen(t *testing.T) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	zone, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ text, want string }{
		{"2026-03-01", "2026-03-01T10:59:59.999999Z"}, // the end of the day in Auckland
		{"2026-03-11", "2026-03-10T12:00:00Z"},        // has begun there and is not over: as far as now
		{" 2026-03-01T12:00:00+01:00 ", "2026-03-01T11:00:00Z"},
		{"2026-03-12", ""}, {"2026-03-10T12:00:01Z", ""}, {"yesterday", ""}, {"2026-02-30", ""}, {"1899-12-31", ""}, {"", ""},
	} {
		got, err := audit.When(x.text, zone, now)
		if text := got.UTC().Format(time.RFC3339Nano); (err != nil) != (x.want == "") || err == nil && text != x.want {
			t.Errorf("%q is %s, %v; want %q", x.text, text, err, x.want)
		}
	}
}
