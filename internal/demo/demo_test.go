package demo_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tenure/internal/audit"
	"tenure/internal/config"
	"tenure/internal/connector/scim/scimtest"
	"tenure/internal/db"
	"tenure/internal/db/pgserver"
	"tenure/internal/db/pgserver/pgtest"
	"tenure/internal/demo"
	"tenure/internal/errs"
	"tenure/internal/hr"
	"tenure/internal/identity"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// open opens the demo in a folder, and stops it at the end of the test at the latest.
func open(t *testing.T, dir string) (*demo.Demo, func()) {
	t.Helper()
	c, err := config.Load("", dir)
	if err != nil {
		t.Fatal(err)
	}
	d, err := demo.Open(t.Context(), c, demo.Options{Size: demo.Size{People: 40, Months: 3}, Say: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	stop := func() {
		if closed {
			return
		}
		closed = true
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		for _, err := range []error{d.Close(), pgserver.Wait(ctx, dir), pgserver.Wait(ctx, filepath.Join(dir, "targets", "warehouse"))} {
			if err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(stop)
	return d, stop
}

// login is the login of a person in the directory as the directory itself shows it, and whether it is enabled.
func login(d *demo.Demo, email string) (scimtest.User, bool) {
	for _, u := range d.Targets.Directory.Users() {
		if list, _ := u.Attributes["emails"].([]any); len(list) > 0 && list[0].(map[string]any)["value"] == email {
			return u, u.Active
		}
	}
	return scimtest.User{}, false
}

func actor(t *testing.T, d *demo.Demo, who string) (a db.Actor) {
	t.Helper()
	err := d.App.DB.Do(t.Context(), db.System, func(tx *db.Tx) error {
		p, err := identity.Find(tx, who)
		if err == nil {
			a, err = tx.ActorOf(p.ID, "person", p.Name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func work(t *testing.T, d *demo.Demo) {
	t.Helper()
	if left, err := d.App.Work(t.Context(), true); err != nil || left.Now+left.Later+left.Failed > 0 {
		t.Fatalf("left: %+v, %v", left, err)
	}
}

func TestDemoMakesRealAccountsAndKeepsThem(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	d, stop := open(t, dir)
	today := d.Feed.Today()

	entries, err := d.Feed.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		u, on := login(d, e.Email)
		here := e.Start <= today && (e.End == "" || e.End >= today) && e.Status == "active"
		if e.Changed != "" || here && !on {
			t.Errorf("%s %s (%s to %s): changed %q, account %q enabled %v", e.Number, e.Name(), e.Start, e.End, e.Changed, u.UserName, on)
		}
	}
	if n := members(t, d, "production_read"); n == 0 {
		t.Error("nobody may read production figures in the warehouse")
	}
	var held, released int
	for _, r := range runs(t, d) {
		if r.State == hr.Held {
			held++
		} else if r.Hold != nil && r.Hold.DecidedBy == "Maëlle Tréhin" {
			released++
		}
	}
	if held != 1 || released == 0 {
		t.Errorf("%d runs are held and %d were released, want 1 and at least one", held, released)
	}
	quiet(t, d)
	asking(t, d)
	visit(t, d)

	before := d.Targets.Directory.URL
	stop()
	d, _ = open(t, dir)
	if d.Targets.Directory.URL != before {
		t.Errorf("the directory was at %s and is at %s", before, d.Targets.Directory.URL)
	}
	if again, err := d.Feed.List(); err != nil || len(again) != len(entries)+1 {
		t.Errorf("the feed has %d people after the second start, want %d (%v)", len(again), len(entries)+1, err)
	}
}

// visit does what a visitor does: hire, move, end, and look at the directory.
func visit(t *testing.T, d *demo.Demo) {
	t.Helper()
	tome := actor(t, d, "1009")
	send := func() *hr.Result {
		t.Helper()
		r, err := d.Feed.Send(t.Context(), tome)
		if err != nil {
			t.Fatal(err)
		}
		work(t, d)
		return r
	}
	ada, err := d.Feed.Hire(demo.Hire{First: "Ada", Last: "Brøndum", Department: "Sales", Title: "Account Manager", Start: "2026-01-07"})
	if errs.KindOf(err) == errs.KindInvalid { // the day is more than two years off by now
		ada, err = d.Feed.Hire(demo.Hire{First: "Ada", Last: "Brøndum", Department: "Sales", Title: "Account Manager", Start: d.Feed.Today()})
	}
	if err != nil {
		t.Fatal(err)
	}
	if p, err := d.Feed.Pending(); err != nil || len(p) != 1 || !strings.HasPrefix(p[0], "Hire Ada Brøndum") {
		t.Errorf("pending: %q, %v", p, err)
	}
	if r := send(); r.Joiners != 1 || r.Held {
		t.Errorf("hiring: %+v", r)
	}
	if u, on := login(d, ada.Email); !on || !slices.Contains(u.Groups, "sales") {
		t.Errorf("Ada's account is %+v", u)
	}
	if err := d.Feed.Move(ada.Number, "Engineering", "Software Engineer"); err != nil {
		t.Fatal(err)
	}
	if r := send(); r.Movers != 1 {
		t.Errorf("moving: %+v", r)
	}
	if u, on := login(d, ada.Email); !on || !slices.Contains(u.Groups, "source-code") {
		t.Errorf("Ada's account is %+v", u)
	}
	if err := d.Feed.End(ada.Number, ada.Start); err != nil {
		t.Fatal(err)
	}
	if r := send(); r.Leavers+r.Updated != 1 {
		t.Errorf("leaving: %+v", r)
	}
	if u, on := login(d, ada.Email); ada.Start < d.Feed.Today() && (on || len(u.Groups) > 0) {
		t.Errorf("Ada has left and her account is %+v", u)
	}
	if r := send(); r.Joiners+r.Movers+r.Leavers+r.Updated > 0 {
		t.Errorf("the same feed again: %+v", r)
	}
}

// quiet looks at the sign-ins that the readings found: some accounts are dormant, most are not, and the warehouse does not tell.
func quiet(t *testing.T, d *demo.Demo) {
	t.Helper()
	var s *audit.Status
	if err := d.App.DB.Read(t.Context(), func(tx *db.Tx) (err error) { s, err = audit.ReadStatus(tx); return err }); err != nil {
		t.Fatal(err)
	}
	for name, a := range s.Applications {
		if some := a.Dormant > 0 && a.Dormant < a.Enabled/2; some != (name != "warehouse") {
			t.Errorf("%s has %d dormant accounts of %d", name, a.Dormant, a.Enabled)
		}
	}
}

func members(t *testing.T, d *demo.Demo, role string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), d.Targets.Warehouse.URL(pgserver.Owner, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if err := conn.QueryRow(t.Context(), `select count(*) from pg_auth_members m join pg_roles r on r.oid = m.roleid
		join pg_roles u on u.oid = m.member where r.rolname = $1 and u.rolcanlogin`, role).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func runs(t *testing.T, d *demo.Demo) (out []*hr.Run) {
	t.Helper()
	err := d.App.DB.Read(t.Context(), func(tx *db.Tx) error {
		list, err := hr.Runs(tx, 0, 100)
		for _, r := range list {
			if r, err = hr.GetRun(tx, r.ID); err != nil {
				return err
			}
			out = append(out, r)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestOpenRefusesAFolderOfSomethingElse(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.txt"), []byte("five years"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load("", dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := demo.Open(t.Context(), c, demo.Options{Reset: true}); errs.KindOf(err) != errs.KindConflict {
		t.Errorf("opening a folder that holds something else: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "thesis.txt")); err != nil {
		t.Error(err)
	}
}

func TestHistoryIsTheSameForTheSameDay(t *testing.T) {
	today := time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)
	a, b := demo.History(today, demo.Full), demo.History(today.Add(3*time.Hour), demo.Full)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("two runs differ:\n%s", diff)
	}
}

// What the history must have, whatever day it is made on.
func TestHistoryTellsEverything(t *testing.T) {
	for _, today := range []time.Time{time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC),
		time.Date(2027, 12, 31, 0, 0, 0, 0, time.UTC), time.Date(2027, 3, 30, 0, 0, 0, 0, time.UTC)} {
		t.Run(today.Format(time.DateOnly), func(t *testing.T) { tells(t, today, demo.History(today, demo.Full)) })
	}
}

func tells(t *testing.T, today time.Time, steps []demo.Step) {
	seen := map[string]int{}
	known := map[string]demo.Row{}
	for i, s := range steps {
		if i > 0 && !s.Day.After(steps[i-1].Day) {
			t.Errorf("%s comes after %s", s.File, steps[i-1].File)
		}
		here := map[string]bool{}
		for _, r := range s.Rows {
			if here[r.Number] {
				t.Errorf("%s: %s is there twice", s.File, r.Number)
			}
			here[r.Number] = true
			if old, ok := known[r.Number]; ok {
				note(seen, old, r)
			} else {
				seen["joiner"]++
			}
			known[r.Number] = r
			seen[r.Type]++
		}
		for n, r := range known {
			if !here[n] {
				r.Status = "gone"
				known[n] = r
				seen["absent"]++
			}
		}
		seen["rejected"] += len(s.Faulty)
		if s.Terminate != "" {
			seen["dismissed"]++
		}
	}
	last := steps[len(steps)-1]
	day := today.Format(time.DateOnly)
	departments, zones, titles := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, r := range last.Rows {
		if r.Start > day {
			seen["future hire"]++
		}
		if r.End > day && r.Type == "employee" {
			seen["future leaver"]++
		}
		departments[r.Department], zones[r.Zone], titles[r.Title] = true, true, true
	}
	for _, what := range []string{"joiner", "mover", "absent", "leave", "return from leave", "rehired", "renamed", "rejected", "dismissed", "future hire",
		"future leaver", "employee", "contractor", "intern"} {
		if seen[what] == 0 {
			t.Errorf("the history has no %s", what)
		}
	}
	if n := len(last.Rows); n < 230 || n > 275 {
		t.Errorf("%d people at the end, want about 250", n)
	}
	if len(departments) != 8 || len(zones) != 5 || len(titles) < 25 {
		t.Errorf("%d departments, %d time zones, %d titles", len(departments), len(zones), len(titles))
	}
}

func note(seen map[string]int, old, r demo.Row) {
	switch {
	case old.Status == "gone":
		seen["rehired"]++
	case old.Status == "active" && r.Status == "on leave":
		seen["leave"]++
	case old.Status == "on leave" && r.Status == "active":
		seen["return from leave"]++
	case old.Title != r.Title || old.Department != r.Department || old.Location != r.Location:
		seen["mover"]++
	case old.Last != r.Last:
		seen["renamed"]++
	}
}
