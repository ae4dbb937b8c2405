package policy

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/errs"
)

// decider is a person by whom rights are changed.
var decider = db.Actor{ID: 1, Kind: "person", Name: "Ada", Identity: 4711}

func filled(t *testing.T) *db.DB {
	t.Helper()
	d := dbtest.New(t)
	if err := d.Do(t.Context(), db.System, FillPortal); err != nil {
		t.Fatal(err)
	}
	return d
}

func rightsOf(t testing.TB, d *db.DB) (r *Rights) {
	t.Helper()
	if err := d.Read(t.Context(), func(tx *db.Tx) (err error) { r, err = RightsAt(tx); return err }); err != nil {
		t.Fatal(err)
	}
	return r
}

func setHolders(t testing.TB, d *db.DB, permission string, roles ...string) error {
	t.Helper()
	return d.Do(t.Context(), decider, func(tx *db.Tx) error {
		now, err := RightsAt(tx)
		if err != nil {
			return err
		}
		_, err = SetHolders(tx, permission, roles, now.Stamp, "because")
		return err
	})
}

// A database that was never filled allows nothing; a filled one what the catalogue says; and what an administrator took away is not
// filled in again, while a permission that is new to the database is.
func TestFillingTheTables(t *testing.T) {
	d := dbtest.New(t)
	if rightsOf(t, d).Allowed([]string{Administrator}, "home.read") {
		t.Error("an empty table allows something")
	}
	d = filled(t)
	r, want := rightsOf(t, d), usual(t)
	for _, p := range Portal.Permissions() {
		for _, role := range Portal.Roles() {
			if r.Allowed([]string{role}, p) != want.Allowed([]string{role}, p) {
				t.Errorf("%s %s is not as in the catalogue", role, p)
			}
		}
	}
	if err := setHolders(t, d, "hr.upload", HR); err != nil {
		t.Fatal(err)
	}
	owner := dbtest.Owner(t, d)
	if _, err := owner.Exec(t.Context(), `set session_replication_role = replica; delete from portal_known where permission = 'policy.read';
		delete from portal_permission where permission = 'policy.read'`); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := d.Do(t.Context(), db.System, FillPortal); err != nil {
			t.Fatal(err)
		}
	}
	if r = rightsOf(t, d); r.Allowed([]string{IT}, "hr.upload") || !r.Allowed([]string{IT}, "policy.read") {
		t.Error("what was taken came back, or what is new did not come")
	}
	var n int
	if err := owner.QueryRow(t.Context(), `select count(*) from event where kind = 'portal.filled'`).Scan(&n); err != nil || n != 2 {
		t.Errorf("%d fillings are in the log (%v), want 2", n, err)
	}
}

func TestChangingRights(t *testing.T) {
	d := filled(t)
	seen := rightsOf(t, d)
	change := func(actor db.Actor, stamp, reason string, roles ...string) error {
		return d.Do(t.Context(), actor, func(tx *db.Tx) error { _, err := SetHolders(tx, "hr.upload", roles, stamp, reason); return err })
	}
	for name, c := range map[string]struct {
		err  error
		want errs.Kind
	}{
		"the shell":         {change(db.Operator, seen.Stamp, "x", HR), errs.KindForbidden},
		"no reason":         {change(decider, seen.Stamp, " ", HR), errs.KindInvalid},
		"no change":         {change(decider, seen.Stamp, "x", HR, IT), errs.KindInvalid},
		"auditors write":    {change(decider, seen.Stamp, "x", HR, Auditor), errs.KindInvalid},
		"not what was seen": {change(decider, "00000000-0000-0000-0000-000000000000", "x", HR), errs.KindConflict},
	} {
		if errs.KindOf(c.err) != c.want {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	if r := rightsOf(t, d); r.Version != seen.Version {
		t.Error("something was changed")
	}
	if err := change(decider, seen.Stamp, "x", HR); err != nil {
		t.Fatal(err)
	}
	if err := change(decider, seen.Stamp, "x", IT); errs.KindOf(err) != errs.KindConflict {
		t.Errorf("a second change from the same page: %v", err)
	}
	// A rule that is changed without an event does not commit.
	err := d.Do(t.Context(), decider, func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into portal_permission (role, permission) values ('auditor', 'hr.upload')`)
		return err
	})
	if db.ConstraintName(err) != "change_has_its_event" {
		t.Errorf("without an event: %v", err)
	}
}

// Two servers over one database, 2,000 checks while rights change all the time: a check that begins after a change was committed
// never decides by what was before. The control, which keeps what it read once, is caught.
func TestNoStaleAllow(t *testing.T) {
	d := filled(t)
	second, err := db.Open(t.Context(), db.Config{URL: dbtest.URL(t, d), Key: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(second.Close)
	var committed atomic.Int64 // the version whose change was committed last
	first := rightsOf(t, d)
	committed.Store(int64(first.Version))
	done := make(chan struct{})
	var writer, readers sync.WaitGroup
	changes := 0
	writer.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			roles := []string{HR}
			if changes%2 == 1 {
				roles = []string{HR, IT}
			}
			if err := setHolders(t, second, "hr.upload", roles...); err != nil {
				t.Error(err)
				return
			}
			changes++
			committed.Store(int64(rightsOf(t, second).Version))
		}
	})
	var stale, controlStale atomic.Int64
	for _, server := range []*db.DB{d, second} {
		readers.Go(func() {
			for range 1000 {
				after := committed.Load()
				r := rightsOf(t, server)
				if int64(r.Version) < after || r.Allowed([]string{IT}, "hr.upload") != slices.Contains(r.rules.holds, Hold{IT, "hr.upload"}) {
					stale.Add(1)
				}
				if int64(first.Version) < after {
					controlStale.Add(1)
				}
			}
		})
	}
	readers.Wait()
	close(done)
	writer.Wait()
	if stale.Load() != 0 || controlStale.Load() == 0 || changes < 2 {
		t.Errorf("%d stale decisions in 2,000, %d in the control, %d changes", stale.Load(), controlStale.Load(), changes)
	}
}
