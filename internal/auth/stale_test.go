package auth

import (
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/policy"
)

// permitted asks the tables themselves whether somebody may do something, with nothing of the program in between.
const permitted = `with recursive has(role) as (select role from portal_role where identity_id = $1
		union select i.includes from portal_include i join has using (role))
	select exists (select from has join portal_permission using (role) where permission = $2), (select n from portal_version)`

// Two servers over one database, and all the while somebody is given a portal role and loses it, and the role a permission: every check
// decides as the tables stood in its own transaction, and none that began after a change was committed by what was before it. The
// control keeps what roles may do once it has read it, whatever the version, and is caught allowing what nobody may any more.
// TENURE_CHECKS says how many checks there are.
func TestNoStaleAllowWhileRolesAndRightsChange(t *testing.T) {
	checks := 1_000
	if n, err := strconv.Atoi(os.Getenv("TENURE_CHECKS")); err == nil {
		checks = n
	}
	const permission = "hr.upload"
	c := newCompany(t, "ada", "bo", "cy")
	c.do(db.System, policy.FillPortal)
	c.wants("the first administrator", c.give(db.Operator, "ada", policy.Administrator), "")
	set := func(roles ...string) error {
		return c.try(c.actors["ada"], func(tx *db.Tx) error {
			now, err := policy.RightsAt(tx)
			if err == nil {
				_, err = policy.SetHolders(tx, permission, roles, now.Stamp, "a test")
			}
			return err
		})
	}
	second, err := db.Open(t.Context(), db.Config{URL: dbtest.URL(t, c.db), Key: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(second.Close)
	var kept *policy.Rights
	if err := second.Read(t.Context(), func(tx *db.Tx) (err error) { kept, err = policy.RightsAt(tx); return err }); err != nil {
		t.Fatal(err)
	}
	var roles, rights, committed atomic.Int64
	committed.Store(int64(kept.Version))
	done := make(chan struct{})
	var writers, readers sync.WaitGroup
	change := func(count *atomic.Int64, turns ...func() error) {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			if err := turns[i%len(turns)](); err != nil {
				t.Error(err)
				return
			}
			count.Add(1)
		}
	}
	writers.Go(func() {
		change(&roles, func() error { return c.give(c.actors["ada"], "bo", policy.IT) }, func() error { return c.take(c.actors["ada"], "bo", policy.IT) })
	})
	version := func(then func() error) func() error {
		return func() error {
			err := then()
			if err == nil {
				committed.Add(1) // nobody else changes what roles may do
			}
			return err
		}
	}
	writers.Go(func() {
		change(&rights, version(func() error { return set(policy.HR) }), version(func() error { return set(policy.HR, policy.IT) }))
	})
	who := c.people["bo"].ID
	var left, allowed, wrong, late, stale atomic.Int64
	left.Store(int64(checks))
	for i := range 4 {
		server := []*db.DB{c.db, second}[i%2]
		readers.Go(func() {
			for left.Add(-1) >= 0 {
				after := committed.Load()
				var p *Present
				var r *policy.Rights
				var truth bool
				var n int
				if err := server.ReadOften(t.Context(), func(tx *db.Tx) error {
					return db.Together(tx, func(tx *db.Tx) (err error) { p, err = Still(tx, who); return err },
						func(tx *db.Tx) (err error) { r, err = policy.RightsAt(tx); return err },
						func(tx *db.Tx) error { return tx.QueryRow(permitted, who, permission).Scan(&truth, &n) })
				}); err != nil {
					t.Error(err)
					return
				}
				may := r.Allowed(p.Roles, permission)
				if may {
					allowed.Add(1)
				}
				if may != truth || r.Version != n {
					wrong.Add(1)
				}
				if int64(n) < after {
					late.Add(1)
				}
				if kept.Allowed(p.Roles, permission) && !truth {
					stale.Add(1)
				}
			}
		})
	}
	readers.Wait()
	close(done)
	writers.Wait()
	t.Logf("%d checks, %d allowed, %d changes of roles and %d of what they may do; %d stale in the control", checks, allowed.Load(), roles.Load(), rights.Load(), stale.Load())
	if wrong.Load() != 0 || late.Load() != 0 {
		t.Errorf("of %d checks, %d decided otherwise than the tables and %d by what was before", checks, wrong.Load(), late.Load())
	}
	if stale.Load() == 0 || allowed.Load() == 0 || int(allowed.Load()) == checks {
		t.Error("nothing of it was put to the test")
	}
}
