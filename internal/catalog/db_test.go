package catalog_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"tenure/internal/catalog"
	"tenure/internal/connector"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/errs"
	"tenure/internal/plug"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// kinds has one connector whose Open shows what it was given.
func kinds(got *plug.Config) map[string]connector.Kind {
	return map[string]connector.Kind{"box": {Name: "box", Fields: []plug.Field{
		{Name: "url", Type: plug.URL, Required: true}, {Name: "token", Type: plug.Secret, Required: true}, {Name: "pages", Type: plug.Int, Default: "50"},
	}, Open: func(c plug.Config) (connector.Connector, error) { *got = c; return nil, nil }}}
}

func spec() catalog.ApplicationSpec {
	return catalog.ApplicationSpec{Title: "The box", Connector: "box", Config: map[string]any{"url": "https://box.example/v2",
		"token": map[string]any{"env": "BOX_TOKEN"}}, Entitlements: []catalog.EntitlementSpec{{Name: "staff"}, {Name: "root", Privileged: true}}}
}

func do(t *testing.T, d *db.DB, fn func(*db.Tx) error) error {
	t.Helper()
	return d.Do(t.Context(), db.Operator, fn)
}

func must(t *testing.T, d *db.DB, fn func(*db.Tx) error) {
	t.Helper()
	if err := do(t, d, fn); err != nil {
		t.Fatal(err)
	}
}

func apply(t *testing.T, d *db.DB, s catalog.ApplicationSpec) (changed bool, err error) {
	t.Helper()
	var c plug.Config
	err = do(t, d, func(tx *db.Tx) error {
		changed, err = catalog.Apply(tx, "box", s, kinds(&c))
		return err
	})
	return changed, err
}

func load(t *testing.T, d *db.DB) *catalog.Catalog {
	t.Helper()
	var c *catalog.Catalog
	must(t, d, func(tx *db.Tx) (err error) { c, err = catalog.Load(tx); return err })
	return c
}

func count(t *testing.T, d *db.DB, sql string) (n int) {
	t.Helper()
	if err := d.Pool.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestApplyWritesOnceAndOnlyWhatChanged(t *testing.T) {
	t.Setenv("BOX_TOKEN", "s3cret")
	d := dbtest.New(t)
	if changed, err := apply(t, d, spec()); err != nil || !changed {
		t.Fatal(changed, err)
	}
	c := load(t, d)
	app := c.AppNamed["box"]
	if app == nil || app.Mode != catalog.Observe || app.RetentionDays != 30 || app.Config["pages"] != "50" || app.Config["token"] != "" {
		t.Fatalf("%+v", app)
	}
	if e := c.Entitlements[c.AccountEntitlement(app.ID)]; e == nil || e.Kind != catalog.AccountKind || e.Name != "" {
		t.Errorf("the account's entitlement: %+v", e)
	}
	if e, err := c.Find("box/root"); err != nil || !e.Privileged || e.HandoverDays != 0 || !e.Declared {
		t.Errorf("%+v, %v", e, err)
	}
	if e, err := c.Find("box/staff"); err != nil || e.HandoverDays != 7 {
		t.Errorf("a mover keeps what is not privileged for %+v, %v; want 7 days when nothing else is said", e, err)
	}
	events := count(t, d, `select count(*) from event`)
	if changed, err := apply(t, d, spec()); err != nil || changed {
		t.Errorf("the same again: %v, %v", changed, err)
	}
	if n := count(t, d, `select count(*) from event`); n != events {
		t.Errorf("the same again wrote %d events", n-events)
	}

	s := spec()
	s.Mode = catalog.Enforce
	s.Entitlements = s.Entitlements[:1]
	s.Entitlements[0].Description = "Everybody who works here."
	if changed, err := apply(t, d, s); err != nil || !changed {
		t.Fatal(changed, err)
	}
	c = load(t, d)
	if e, _ := c.Find("box/root"); e == nil || e.Declared {
		t.Errorf("an entitlement that the file no longer lists: %+v", e)
	}
	if n := count(t, d, `select sum((touches->>'entitlement')::int) from event where id = (select max(id) from event)`); n != 2 {
		t.Errorf("%d entitlement rows were written, not the two that differ", n)
	}
	if c.AppNamed["box"].Version != 2 {
		t.Errorf("version %d", c.AppNamed["box"].Version)
	}
}

func TestSecretsComeFromOutsideAndStaySealed(t *testing.T) {
	d := dbtest.New(t)
	fails := func(s catalog.ApplicationSpec, field, rule string) {
		t.Helper()
		_, err := apply(t, d, s)
		var e *errs.Error
		if !errors.As(err, &e) || !strings.Contains(e.Error(), field) || !strings.Contains(e.Error(), rule) {
			t.Errorf("got %v, want %s: %s", err, field, rule)
		}
	}
	fails(spec(), "spec.config.token", "BOX_TOKEN, which is not set")
	literal := spec()
	literal.Config["token"] = "s3cret"
	fails(literal, "spec.config.token", "write {env: NAME} or {file: PATH}")

	t.Setenv("BOX_TOKEN", "s3cret")
	if _, err := apply(t, d, spec()); err != nil {
		t.Fatal(err)
	}
	if n := count(t, d, `select count(*) from application a where row_to_json(a)::text ~ 's3cret'`); n != 0 {
		t.Error("the secret stands in the row")
	}
	if n := count(t, d, `select count(*) from event where convert_from(leaf, 'UTF8') ~ 's3cret'`); n != 0 {
		t.Error("the secret stands in the log")
	}
	opened := func() plug.Config {
		t.Helper()
		var got plug.Config
		if _, err := catalog.Open(load(t, d).AppNamed["box"], d.Keeper, kinds(&got)); err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := opened(); got["token"] != "s3cret" || got["url"] != "https://box.example/v2" || got["pages"] != "50" {
		t.Errorf("opened with %v", got)
	}

	// Whoever applies another change without holding the secret keeps it; a renewed secret is sealed anew.
	t.Setenv("BOX_TOKEN", "")
	other := spec()
	other.Title = "Box"
	if changed, err := apply(t, d, other); err != nil || !changed || opened()["token"] != "s3cret" {
		t.Errorf("without the variable: %v, %v", changed, err)
	}
	renamed := spec()
	renamed.Config["token"] = map[string]any{"env": "OTHER_TOKEN"}
	fails(renamed, "spec.config.token", "OTHER_TOKEN, which is not set")

	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("n3w\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	other.Config["token"] = map[string]any{"file": file}
	if changed, err := apply(t, d, other); err != nil || !changed || opened()["token"] != "n3w" {
		t.Errorf("from a file: %v, %v", changed, err)
	}
	if err := os.WriteFile(file, []byte("n3wer\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if changed, err := apply(t, d, other); err != nil || !changed || opened()["token"] != "n3wer" {
		t.Errorf("only the secret is new: %v, %v", changed, err)
	}

	// A sealed value that is moved to another application does not open.
	app := load(t, d).AppNamed["box"]
	app.ID++
	var got plug.Config
	if _, err := catalog.Open(app, d.Keeper, kinds(&got)); err == nil {
		t.Error("the secrets of one application open in another")
	}
}

// A demo's file may hold a secret; the database does not show it either.
func TestADemoMayHoldSecretsLiterally(t *testing.T) {
	d := dbtest.Demo(t)
	s := spec()
	s.Config["token"] = "s3cret"
	if changed, err := apply(t, d, s); err != nil || !changed {
		t.Fatal(changed, err)
	}
	if n := count(t, d, `select count(*) from application a where row_to_json(a)::text ~ 's3cret'`); n != 0 {
		t.Error("the secret stands in the row")
	}
	var got plug.Config
	if _, err := catalog.Open(load(t, d).AppNamed["box"], d.Keeper, kinds(&got)); err != nil || got["token"] != "s3cret" {
		t.Errorf("%v, %v", got, err)
	}
	if changed, err := apply(t, d, s); err != nil || changed {
		t.Errorf("the same again: %v, %v", changed, err)
	}
	s.Config["token"] = "0ther"
	if changed, err := apply(t, d, s); err != nil || !changed {
		t.Errorf("another secret: %v, %v", changed, err)
	}
}

func TestApplyTellsAllThatIsWrongAtOnce(t *testing.T) {
	d := dbtest.New(t)
	minus := -1
	_, err := apply(t, d, catalog.ApplicationSpec{Connector: "box", Mode: "force", Drift: "fix", Owner: "nobody@example.org",
		Config:   map[string]any{"url": "box", "colour": "red", "token": map[string]any{"vault": "x"}},
		Accounts: catalog.AccountSpec{Name: "fixed", Rename: "no", Correlate: []string{"shoe"}, Credential: "mail", RetentionDays: &minus},
		Entitlements: []catalog.EntitlementSpec{{Name: "a"}, {Name: "a"}, {Kind: "account"}, {Name: "b", Privileged: true, HandoverDays: new(int)},
			{Name: "c", HandoverDays: &minus}}})
	var e *errs.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	for _, field := range []string{"spec.mode", "spec.drift", "spec.owner", "spec.config.url", "spec.config.colour", "spec.config.token", "spec.accounts.name",
		"spec.accounts.rename", "spec.accounts.correlate[0]", "spec.accounts.credential", "spec.accounts.retention_days", "spec.entitlements[1].name",
		"spec.entitlements[2].kind", "spec.entitlements[2].name", "spec.entitlements[4].handover_days"} {
		if !strings.Contains(e.Error(), "\n  "+field+": ") {
			t.Errorf("nothing is said of %s", field)
		}
	}
	if strings.Contains(e.Error(), "entitlements[3]") {
		t.Error("a privileged entitlement without a hand-over is right")
	}
}

func TestUnrecordedChangeIsRefused(t *testing.T) {
	t.Setenv("BOX_TOKEN", "x")
	d := dbtest.New(t)
	if _, err := apply(t, d, spec()); err != nil {
		t.Fatal(err)
	}
	err := do(t, d, func(tx *db.Tx) error {
		_, err := tx.Exec(`update entitlement set privileged = false where name = 'root'`)
		return err
	})
	if db.ConstraintName(err) != "change_has_its_event" {
		t.Errorf("a silent change commits: %v", err)
	}
}

func TestFindWhereKindsShareAName(t *testing.T) {
	t.Setenv("BOX_TOKEN", "x")
	d := dbtest.New(t)
	s := spec()
	s.Entitlements = append(s.Entitlements, catalog.EntitlementSpec{Name: "staff", Kind: "licence"})
	if _, err := apply(t, d, s); err != nil {
		t.Fatal(err)
	}
	c := load(t, d)
	if _, err := c.Find("box/staff"); err == nil || !strings.Contains(err.Error(), "with its kind") {
		t.Errorf("an unclear name: %v", err)
	}
	e, err := c.Find("box/licence:staff")
	if err != nil || e.Kind != "licence" || c.Ref(e.ID) != "box/licence:staff" {
		t.Errorf("%+v, %v", e, err)
	}
	if e, err := c.Find("box"); err != nil || e.Kind != catalog.AccountKind || c.Ref(e.ID) != "box" {
		t.Errorf("%+v, %v", e, err)
	}
	for _, ref := range []string{"crate/staff", "box/nothing", ""} {
		if _, err := c.Find(ref); err == nil {
			t.Errorf("%q is found", ref)
		}
	}
}

func reserve(t *testing.T, d *db.DB, wishes ...catalog.Wish) (names map[int]string) {
	t.Helper()
	must(t, d, func(tx *db.Tx) (err error) { names, err = catalog.ReserveNames(tx, 1, wishes); return err })
	return names
}

func TestNamesAreNeverReused(t *testing.T) {
	d := dbtest.New(t)
	a := reserve(t, d, catalog.Wish{Account: 1, Base: "ana"}, catalog.Wish{Account: 2, Base: "ana"}, catalog.Wish{Account: 3, Base: "ana2"})
	b := reserve(t, d, catalog.Wish{Account: 4, Base: "ana"}, catalog.Wish{Account: 5, Base: "ana2"}, catalog.Wish{Account: 6, Base: "bo"})
	if got := fmt.Sprint(a, b); got != "map[1:ana 2:ana2 3:ana22] map[4:ana3 5:ana23 6:bo]" {
		t.Error(got)
	}
	// Another application has names of its own.
	must(t, d, func(tx *db.Tx) error {
		got, err := catalog.ReserveNames(tx, 2, []catalog.Wish{{Account: 7, Base: "ana"}})
		if got[7] != "ana" {
			t.Errorf("got %v", got)
		}
		return err
	})
}

func TestNamesUnderConcurrency(t *testing.T) {
	d := dbtest.New(t)
	const workers, each = 8, 25
	var wg sync.WaitGroup
	errc := make(chan error, workers)
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				errc <- d.Do(t.Context(), db.System, func(tx *db.Tx) error {
					_, err := catalog.ReserveNames(tx, 1, []catalog.Wish{{Account: w*1000 + i, Base: "ana"}, {Account: 100000 + w*1000 + i, Base: "ana2"}})
					return err
				})
			}
		})
	}
	go func() { wg.Wait(); close(errc) }()
	for err := range errc {
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, d, `select count(distinct name) from account_name`); n != 2*workers*each {
		t.Errorf("%d names for %d wishes", n, 2*workers*each)
	}
}

func TestFiftyThousandNames(t *testing.T) {
	d := dbtest.New(t)
	wishes := make([]catalog.Wish, 50000)
	for i := range wishes {
		wishes[i] = catalog.Wish{Account: i + 1, Base: fmt.Sprintf("name%d", i%97)} // name1 with 12 behind it meets name11 with 2
	}
	seen := map[string]bool{}
	for range 2 {
		for _, n := range reserve(t, d, wishes...) {
			if seen[n] {
				t.Fatalf("%s is given twice", n)
			}
			seen[n] = true
		}
		for i := range wishes {
			wishes[i].Account += 50000
		}
	}
	if len(seen) != 100000 {
		t.Errorf("%d names", len(seen))
	}
}
