package app_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"tenure/internal/app"
	"tenure/internal/catalog"
	"tenure/internal/change"
	"tenure/internal/connector/scim/scimtest"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/errs"
	"tenure/internal/hr"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/internal/provision"
)

const busyPolicy = `kind: HRSource
name: hr
spec: {type: file, brake: {movers_count: 99999, leavers_count: 99999}, file: {dates: YYYY-MM-DD, columns: {number: number, first_name: first_name, last_name: last_name, first_day: first_day, department: department}}}
---
kind: Application
name: directory
spec:
  connector: scim
  mode: enforce
  config: {base_url: {env: BUSY_URL}, auth: none}
  entitlements: [{name: a, handover_days: 0}, {name: b, handover_days: 0}, {name: c, handover_days: 0}]
---
kind: BirthrightRule
name: a
spec: {when: 'department == "A"', entitlements: [directory/a]}
---
kind: BirthrightRule
name: b
spec: {when: 'department == "B"', entitlements: [directory/b]}
---
kind: BirthrightRule
name: c
spec: {when: 'department == "CCC"', entitlements: [directory/c]}
`

// TestEverythingAtOnce has uploads, policy changes, terminations, readings and workers go on at the same time in a live database.
// Nobody gets in another's way, and what comes out is what the facts give: settling everybody once more changes nothing.
func TestEverythingAtOnce(t *testing.T) {
	const n, rounds = 24, 6
	server, err := scimtest.New(scimtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	target := httptest.NewServer(server)
	t.Cleanup(target.Close)
	t.Setenv("BUSY_URL", target.URL+scimtest.Prefix)
	w := &world{t: t, db: dbtest.New(t)}
	w.hr, w.work, w.targets = app.NewHR(w.db), &provision.Service{DB: w.db, Kinds: app.Connectors}, map[string]*httptest.Server{"directory": target}
	w.apply(busyPolicy)
	for _, g := range []string{"a", "b", "c"} {
		w.post("directory", g)
	}
	upload := func(round int) error {
		var b strings.Builder
		b.WriteString("number,first_name,last_name,first_day,department\n")
		for i := range n {
			fmt.Fprintf(&b, "%d,Pat,Nr%d,2020-01-01,%c\n", 100+i, i, 'A'+(i+round)%2)
		}
		r, err := w.hr.Sync(t.Context(), db.Operator, hr.Upload{Source: "hr", Body: strings.NewReader(b.String())})
		if err == nil && r.Held {
			return errors.New(r.Reason)
		}
		return err
	}
	w.must(upload(0))
	w.tx(db.System, func(tx *db.Tx) (err error) {
		if w.admin, err = tx.ActorOf(w.find("100"), "person", "Pat"); err != nil {
			return err
		}
		w.second, err = tx.ActorOf(w.find(fmt.Sprint(100+n-1)), "person", "Pat")
		return err
	})
	directory := w.app("directory")
	var all sync.WaitGroup
	begin := func(name string, do func(round int) error) {
		all.Go(func() {
			for round := 1; round <= rounds; round++ {
				if err := do(round); err != nil && errs.KindOf(err) != errs.KindConflict {
					t.Errorf("%s, round %d: %v %s", name, round, err, detail(err))
				}
			}
		})
	}
	begin("upload", upload)
	begin("another upload", func(round int) error { return upload(round + 1) })
	begin("policy", func(round int) error {
		return applyFiles(t, w.db, strings.Replace(busyPolicy, `"CCC"`, []string{`"A"`, `"B"`}[round%2], 1))
	})
	begin("terminate", func(round int) error {
		return w.db.Do(t.Context(), w.admin, func(tx *db.Tx) error {
			_, err := lifecycle.Terminate(tx, w.find(fmt.Sprint(101+round)), "now")
			return err
		})
	})
	begin("reinstate", func(round int) error {
		return w.db.Do(t.Context(), w.second, func(tx *db.Tx) error {
			_, err := lifecycle.Reinstate(tx, w.find(fmt.Sprint(101+round/2)), "back")
			return err
		})
	})
	for i := range 4 { // as many as the pool has connections
		begin(fmt.Sprint("worker ", i), func(int) error { return w.work.Work(t.Context(), directory, false) })
		begin(fmt.Sprint("reader ", i), func(int) error { _, err := w.work.ReadWhole(t.Context(), directory); return err })
	}
	all.Wait()
	w.tx(db.System, func(tx *db.Tx) error { _, err := lifecycle.RunDue(tx, tx.Now); return err })
	w.soon()
	w.carry()
	w.tx(db.System, func(tx *db.Tx) error {
		ids, err := identity.Everyone(tx)
		if err != nil {
			return err
		}
		e, err := lifecycle.SettleIDs(tx, ids, lifecycle.Cause{What: "policy"})
		if err == nil && e.People > 0 {
			t.Errorf("%d people were not what the facts give: gained %v, lost %v, operations %v", e.People, e.Gained, e.Lost, e.Operations)
		}
		return err
	})
	w.must(w.db.Read(t.Context(), func(tx *db.Tx) error {
		cat, err := catalog.Load(tx)
		if err != nil {
			return err
		}
		drift, err := provision.Drift(tx, cat.Apps[directory])
		for _, d := range drift {
			t.Errorf("drift: %s", d.Text)
		}
		return err
	}))
}

func applyFiles(t *testing.T, d *db.DB, files string) error {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "policy.yaml"), []byte(files), 0o600); err != nil {
		return err
	}
	f, err := change.Read(dir)
	if err != nil {
		return err
	}
	deps := app.ChangeDeps()
	deps.Override = &change.Override{Identity: 1 << 30, Reason: "a test"}
	return d.Do(t.Context(), db.Operator, func(tx *db.Tx) error { _, err := change.Apply(tx, f, deps); return err })
}

// detail gives what PostgreSQL adds to an error: for a deadlock, who waited for whom.
func detail(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Detail + " " + pg.Where
	}
	return ""
}
