package audit_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tenure/internal/audit"
	"tenure/internal/db"
)

// count counts the figures of a world as the job does.
func (m *made) count() *audit.Computed {
	m.t.Helper()
	var f *audit.Computed
	if err := m.db.Do(m.t.Context(), db.System, func(tx *db.Tx) error {
		did, err := audit.Compute(tx, true)
		if err == nil && !did {
			err = fmt.Errorf("nothing was counted")
		}
		if err == nil {
			f, err = audit.Latest(tx)
		}
		return err
	}); err != nil {
		m.t.Fatal(err)
	}
	return f
}

// told is a leaver or joiner as this test understands them: loops over rows in memory, written without a look at the SQL.
type told struct {
	late, work     int64 // seconds
	open, none     bool
	readyByNow     bool // the first day has gone on for eight hours
	leaver, ending bool
}

func (m *made) told(f *flow) (x told, counts bool) {
	p := m.people[f.person-1]
	at := time.Time{}
	switch f.kind {
	case "person.left", "person.terminated":
		x.leaver, x.ending = true, f.kind == "person.terminated"
		for _, j := range p.jobs {
			if j.rescinded {
				at = time.Time{}
				break
			}
			if !j.ends.IsZero() && !j.ends.After(f.at) && j.ends.After(at) {
				at = j.ends
			}
		}
		if x.ending {
			at = time.Time{}
		}
	case "person.joined", "person.rehired":
		if !f.active || f.first {
			return x, false
		}
		for _, j := range p.jobs {
			if !j.rescinded && !j.starts.After(f.at) && j.starts.After(at) {
				at = j.starts
			}
		}
	default:
		return x, false
	}
	if at.IsZero() {
		at = f.at
	}
	x.late = int64(f.at.Sub(at).Seconds())
	x.none = true
	var first, last time.Time
	for _, id := range f.ops {
		o := m.ops[id-1]
		wanted := []string{"create", "enable", "grant"}
		if x.leaver {
			wanted = []string{"disable", "revoke"}
		}
		if !slices.Contains(wanted, o.kind) || o.state == "cancelled" {
			continue
		}
		x.none = false
		x.open = x.open || o.state != "verified"
		if first.IsZero() || o.created.Before(first) {
			first = o.created
		}
		if o.verified.After(last) {
			last = o.verified
		}
	}
	x.work = int64(last.Sub(first).Seconds())
	x.readyByNow = m.now.Sub(at) > 8*time.Hour
	return x, true
}

// rank is the smallest value that is not exceeded by so many percent of all.
func rank(all []int64, percent int) int64 {
	slices.Sort(all)
	for _, v := range all {
		n := 0
		for _, w := range all {
			if w <= v {
				n++
			}
		}
		if n*100 >= percent*len(all) {
			return v
		}
	}
	return 0
}

func TestFlowsAreWhatLoopsFind(t *testing.T) {
	for seed := range uint64(3) {
		m := generate(t, seed)
		f := m.count()
		for _, days := range audit.Periods {
			var want audit.Flow
			var whole, work []int64
			for _, fl := range m.flows {
				if !fl.at.After(m.now.AddDate(0, 0, -days)) {
					continue
				}
				x, counts := m.told(fl)
				switch {
				case !counts:
				case x.leaver:
					if x.ending {
						want.Terminations++
					}
					switch {
					case x.none:
						want.Nothing++
					case x.open:
						want.Open++
					default:
						whole, work = append(whole, x.late+x.work), append(work, x.work)
					}
				case x.none, x.open && !x.readyByNow:
				case !x.open && x.late+x.work <= 8*3600:
					want.Joiners, want.Ready = want.Joiners+1, want.Ready+1
				default:
					want.Joiners++
					if x.late > 8*3600 {
						want.ToldLate++
					}
				}
			}
			want.Leavers = audit.Spread{N: len(whole), P50: rank(whole, 50), P95: rank(whole, 95), Worst: rank(whole, 100)}
			want.Work = audit.Spread{N: len(work), P50: rank(work, 50), P95: rank(work, 95), Worst: rank(work, 100)}
			got := f.Flow[days]
			if n := got.Leavers.N + got.Open; len(got.Worst) != min(n, 25) {
				t.Errorf("%d days: %d leavers are listed of %d", days, len(got.Worst), n)
			}
			if n := got.Joiners - got.Ready; len(got.Unready) != min(n, 25) {
				t.Errorf("%d days: %d joiners are listed of %d who were not ready", days, len(got.Unready), n)
			}
			got.Worst, got.Unready, got.Leavers.Sample, got.Work.Sample = nil, nil, nil, nil
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("seed %d, %d days (-loops +figures):\n%s", seed, days, d)
			}
			if days == 365 && (want.Leavers.N == 0 || want.Ready == 0 || want.Ready == want.Joiners || want.Open == 0) {
				t.Errorf("seed %d: the world shows nothing: %+v", seed, want)
			}
		}
	}
}

// live says whether any reason of a person for an entitlement holds now.
func (m *made) live(person, e int) bool {
	return slices.ContainsFunc(m.reasons, func(y why) bool {
		return y.person == person && y.entitlement == e && !y.closed && !y.proposed && !y.from.After(m.now) && y.to.After(m.now)
	})
}

func (m *made) busy(account int) bool {
	return slices.ContainsFunc(m.ops, func(o *op) bool {
		return o.account == account && slices.Contains([]string{"proposed", "pending", "claimed", "acknowledged"}, o.state)
	})
}

func TestStockIsWhatLoopsFind(t *testing.T) {
	for seed := range uint64(3) {
		m := generate(t, seed)
		f := m.count()
		want := map[int]audit.AppFigure{}
		for app := 1; app <= apps; app++ {
			want[app] = audit.AppFigure{Entitlements: perApp, Undescribed: perApp / 2}
		}
		cents := 1250
		stated := want[1]
		stated.Licence, stated.Currency = &cents, "EUR"
		want[1] = stated
		var privileged, dormant, unknown int
		late := map[int]bool{}
		for i, l := range m.accounts {
			a := want[l.app]
			for e, held := range l.holds {
				if held && e != entitlement(l.app, 0) {
					a.Held++
				}
				if !held || l.person == 0 {
					continue
				}
				if e != entitlement(l.app, 0) && !m.live(l.person, e) && !m.busy(i+1) {
					a.OutOfBand++
				}
				for _, y := range m.reasons {
					if y.person == l.person && y.entitlement == e && y.kind == "handover" && !y.closed && !y.proposed && !y.to.After(m.now) && !m.live(l.person, e) {
						late[l.person] = true
					}
				}
			}
			if l.there {
				has := l.isPriv
				for e, held := range l.holds {
					has = has || held && m.priv[e]
				}
				if has && !l.service && l.enabled {
					privileged++
					if l.signIn == nil {
						unknown++
					} else if l.signIn.Before(m.now.AddDate(0, 0, -90)) {
						dormant++
						a.Dormant++
					}
				}
				if l.enabled {
					a.Accounts++
				}
				if l.person == 0 && !l.service {
					a.Orphans++
				}
				if l.person != 0 && !l.service && l.enabled && (m.people[l.person-1].state == "left" || m.people[l.person-1].locked) {
					a.Zombies++
				}
			}
			want[l.app] = a
		}
		failed := 0
		for _, o := range m.ops {
			if o.state == "failed" {
				a := want[m.accounts[o.account-1].app]
				a.Failed++
				want[m.accounts[o.account-1].app] = a
				failed++
			}
		}
		if d := cmp.Diff(want, f.Apps); d != "" {
			t.Errorf("seed %d, applications (-loops +figures):\n%s", seed, d)
		}
		open, joining, leaving := m.coming()
		type stock struct{ Failed, Overdue, Open, Privileged, Dormant, Unknown, Joining, Leaving int }
		got := stock{f.Stock.Failed, f.Stock.HandoverOverdue, f.Stock.HandoverOpen, f.Stock.Privileged, f.Stock.Dormant, f.Stock.SignInUnknown, f.Stock.Joining, f.Stock.Leaving}
		if d := cmp.Diff(stock{failed, len(late), open, privileged, dormant, unknown, joining, leaving}, got); d != "" {
			t.Errorf("seed %d, stock (-loops +figures):\n%s", seed, d)
		}
		if len(late) == 0 || dormant == 0 || joining == 0 || leaving == 0 {
			t.Errorf("seed %d: the world shows nothing: %+v", seed, got)
		}
	}
}

// coming counts who is within a hand-over, and whose first or last day is near.
func (m *made) coming() (open, joining, leaving int) {
	for i, p := range m.people {
		if slices.ContainsFunc(m.reasons, func(y why) bool {
			return y.person == i+1 && y.kind == "handover" && !y.closed && !y.proposed && !y.from.After(m.now) && y.to.After(m.now)
		}) {
			open++
		}
		var first, last time.Time
		stays, any := false, false
		for _, j := range p.jobs {
			if j.rescinded || !j.ends.IsZero() && !j.ends.After(m.now) {
				continue
			}
			any, stays = true, stays || j.ends.IsZero()
			if first.IsZero() || j.starts.Before(first) {
				first = j.starts
			}
			if j.ends.After(last) {
				last = j.ends
			}
		}
		soon := m.now.AddDate(0, 0, 30)
		switch {
		case p.locked || !any:
		case p.state == "prehire" && first.Before(soon):
			joining++
		case (p.state == "active" || p.state == "leave") && !stays && last.Before(soon):
			leaving++
		}
	}
	return open, joining, leaving
}

// Nothing is counted twice for nothing: without an event the job rests, with one it counts, and a day has one row.
func TestCountingRests(t *testing.T) {
	m := generate(t, 9)
	m.count()
	again := func() (did bool) {
		if err := m.db.Do(t.Context(), db.System, func(tx *db.Tx) (err error) { did, err = audit.Compute(tx, false); return err }); err != nil {
			t.Fatal(err)
		}
		return did
	}
	if again() {
		t.Error("nothing happened and it was counted again")
	}
	m.exec(`update figure_set set took_ms = 0`)
	m.exec(`insert into event (effective_at, kind, actor_id, touches, leaf) values (now(), 'x.happened', 1, '{}', '{}')`)
	if !again() {
		t.Error("something happened and nothing was counted")
	}
	m.exec(`insert into event (effective_at, kind, actor_id, touches, leaf) values (now(), 'x.happened', 1, '{}', '{}')`)
	m.exec(`update figure_set set took_ms = 100000000`)
	if again() {
		t.Error("a count that takes long is repeated at once")
	}
	m.exec(`update figure_set set data = data - 'format'`)
	if !again() {
		t.Error("figures of another shape are kept")
	}
	var rows int
	if err := m.owner.QueryRow(t.Context(), `select count(*) from figure_set`).Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows of figures for one day, %v", rows, err)
	}
}
