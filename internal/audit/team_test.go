package audit_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tenure/internal/audit"
	"tenure/internal/db"
)

// What a manager is told of each person is what loops over the rows find.
func TestMembersAreWhatLoopsFind(t *testing.T) {
	for seed := range uint64(3) {
		m := generate(t, seed)
		m.exec(`update application set mode = case when id = 3 then 'observe' else 'enforce' end`)
		want, ids := map[int]*audit.Member{}, []int{}
		for i := range m.people {
			want[i+1], ids = &audit.Member{}, append(ids, i+1)
		}
		m.gives(want)
		for _, l := range m.accounts {
			x := want[l.person]
			if x == nil || l.gone {
				continue
			}
			if l.enabled && l.signIn != nil && m.now.Sub(*l.signIn) > 90*24*time.Hour {
				x.Dormant++
			}
			for e, held := range l.holds {
				if held && e != entitlement(l.app, 0) && !m.meant(l.person, e) {
					x.OutOfBand++
				}
			}
		}
		var got map[int]*audit.Member
		if err := m.db.Read(t.Context(), func(tx *db.Tx) (err error) { got, err = audit.Members(tx, ids); return err }); err != nil {
			t.Fatal(err)
		}
		shown := audit.Member{}
		for id, x := range got {
			shown.OutOfBand, shown.Dormant, shown.Privileged, shown.Ready = shown.OutOfBand+x.OutOfBand, shown.Dormant+x.Dormant, shown.Privileged+x.Privileged, shown.Ready+x.Ready
			x.Handover = nil // the end of a hand-over has a query of its own
			if diff := cmp.Diff(want[id], x); diff != "" {
				t.Fatalf("seed %d, person %d (-loops +SQL):\n%s", seed, id, diff)
			}
		}
		if shown.OutOfBand*shown.Dormant*shown.Privileged*shown.Ready == 0 {
			t.Errorf("the world shows nothing of something: %+v", shown)
		}
	}
}

// gives counts what live reasons give in applications that are kept.
func (m *made) gives(want map[int]*audit.Member) {
	for id, x := range want {
		wanted := map[int]bool{}
		for app := 1; app < apps; app++ { // the last one is only observed
			for n := 1; n <= perApp; n++ {
				if e := entitlement(app, n); m.live(id, e) {
					wanted[app] = true
					if m.priv[e] {
						x.Privileged++
					}
				}
			}
		}
		there := map[int]bool{}
		for _, l := range m.accounts {
			there[l.app] = there[l.app] || l.person == id && l.there
		}
		x.Wanted = len(wanted)
		for app := range wanted {
			if there[app] {
				x.Ready++
			}
		}
	}
}

// meant says whether anything gives an entitlement now or later.
func (m *made) meant(person, e int) bool {
	for _, y := range m.reasons {
		if y.person == person && y.entitlement == e && !y.closed && y.to.After(m.now) {
			return true
		}
	}
	return false
}
