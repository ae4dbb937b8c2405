package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/alexedwards/argon2id"

	"github.com/jackc/pgx/v5"

	"tenure/internal/app"
	"tenure/internal/auth"
	"tenure/internal/catalog"
	"tenure/internal/change"
	"tenure/internal/config"
	"tenure/internal/connector/scim/scimtest"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/demo"
	"tenure/internal/evidence"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/internal/provision"
	"tenure/templates/ui"
	"tenure/web"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	auth.PasswordCost = &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32} // the usual cost is some fifth of a second each time
	dbtest.Main(m)
}

// The people whom the tests know by number. Their names are what somebody who means harm would call themselves.
const (
	hrPerson, itPerson, compliance, auditor, owner, manager, employee, administrator = "1001", "1002", "1003", "1004", "1005", "1006", "1060", "1007"
	evilFirst                                                                        = `<script>alert(1)</script>`
	evilLast                                                                         = `"><img src=x onerror=alert(2)>`
	evilTitle                                                                        = `{{.}} ${7*7} ' onmouseover='alert(3)`
)

var portalRoles = map[string]string{hrPerson: "hr", itPerson: "it", compliance: "compliance", auditor: "auditor", administrator: "administrator"}

// world is a demo database with people, two SCIM targets that hold what they should, and the portal over HTTP.
type world struct {
	t       testing.TB
	app     *app.App
	feed    *demo.Feed
	server  *httptest.Server
	targets map[string]*httptest.Server
	refuses atomic.Bool       // the targets refuse whatever would change something
	dir     string            // of the feed
	keys    map[string]string // of who signs in with a password: for the second step
	sent    []demo.Row
}

// newWorld gives a copy of the world that the first test made: its database, and what its targets hold.
func newWorld(t testing.TB) *world {
	first.once.Do(func() { first.make(t) })
	if first.db == nil {
		t.Fatal("the first world could not be made")
	}
	w := emptyWorld(t, first.db.Open(t), func(name string) string {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, first.targets[name], 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	})
	t.Cleanup(w.told)
	owner := w.owner()
	_, err := owner.Exec(t.Context(), `set session_replication_role = replica`)
	w.must(err)
	for name, target := range w.targets { // the copy knows the addresses of the first
		_, err := owner.Exec(t.Context(), `update application set config = jsonb_set(config, '{base_url}', to_jsonb($2::text)) where name = $1`, name, target.URL+scimtest.Prefix)
		w.must(err)
	}
	w.feedAt(t.TempDir())
	w.serve(web.Options{Demo: &web.Demo{Organisation: demo.Name, Feed: w.feed, Targets: []ui.Link{{Text: "Directory", URL: w.targets["directory"].URL}}}})
	return w
}

// first is the world that the others are copies of.
var first firstWorld

type firstWorld struct {
	once    sync.Once
	db      *dbtest.Kept
	targets map[string][]byte // the journals of what they hold
}

func (f *firstWorld) make(t testing.TB) {
	dir := t.TempDir()
	w := emptyWorld(t, dbtest.Demo(t), func(name string) string { return filepath.Join(dir, name) })
	w.do(db.System, func(tx *db.Tx) error { return tx.GoLive() })
	for name, group := range groups {
		for _, g := range group {
			w.post(name, g)
		}
	}
	w.feedAt(dir)
	w.apply("owner: \"1005\"") // people come first, owners after them
	_, err := w.feed.Send(t.Context(), db.Operator)
	w.must(err)
	w.apply("")
	w.give()
	w.carry()
	f.targets = map[string][]byte{}
	for name := range groups {
		f.targets[name], err = os.ReadFile(filepath.Join(dir, name))
		w.must(err)
	}
	f.db = dbtest.Keep(t, w.app.DB)
}

// groups are those of the targets.
var groups = map[string][]string{"directory": {"staff", "vault"}, "ledger": {"books"}}

// emptyWorld is a house over a database, with its targets running over what is in their files.
func emptyWorld(t testing.TB, d *db.DB, file func(target string) string) *world {
	w := &world{t: t, app: houseOf(d), targets: map[string]*httptest.Server{}, keys: map[string]string{}}
	for name := range groups {
		s, err := scimtest.New(scimtest.Options{StateFile: file(name)})
		w.must(err)
		t.Cleanup(func() { w.must(s.Close()) })
		w.targets[name] = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if w.refuses.Load() && r.Method != http.MethodGet {
				http.Error(rw, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","detail":"this group is locked"}`, http.StatusBadRequest)
				return
			}
			s.ServeHTTP(rw, r)
		}))
		t.Cleanup(w.targets[name].Close)
		setenv(t, strings.ToUpper(name)+"_URL", w.targets[name].URL+scimtest.Prefix)
	}
	return w
}

func (w *world) feedAt(dir string) {
	var err error
	w.dir = dir
	w.feed, err = demo.NewFeed(w.dir+"/feed", w.app.HR, rows())
	w.must(err)
}

// told fails when a test brought about an event for which pages have no words.
func (w *world) told() {
	rows, err := w.app.DB.Pool.Query(context.Background(), `select distinct kind from event`) // the test's context is over
	w.must(err)
	kinds, err := pgx.CollectRows(rows, pgx.RowTo[string])
	w.must(err)
	for _, kind := range kinds {
		if !web.HasWords(kind) {
			w.t.Errorf("%s happened: say it in eventWords", kind)
		}
	}
}

// houseOf is the house over a test's database.
func houseOf(d *db.DB) *app.App {
	a := &app.App{Config: &config.Config{Listen: "127.0.0.1:0"}, DB: d, HR: app.NewHR(d),
		Provision: &provision.Service{DB: d, Kinds: app.Connectors}, Lifecycle: &lifecycle.Service{DB: d}}
	a.Tasks = app.NewTasks(d, a.HR, a.Provision)
	a.Notify = app.NewNotify(a.Config, d)
	return a
}

func setenv(t testing.TB, name, value string) {
	t.Helper()
	was, had := os.LookupEnv(name)
	_ = os.Setenv(name, value)
	t.Cleanup(func() {
		if had {
			_ = os.Setenv(name, was)
		} else {
			_ = os.Unsetenv(name)
		}
	})
}

// rows are sixty people: the cast, and a team of the manager's.
func rows() []demo.Row {
	var out []demo.Row
	for i := range 60 {
		r := demo.Row{Number: fmt.Sprint(1001 + i), First: "Person", Last: fmt.Sprintf("Nr%d", 1001+i), Department: "Sales", Title: "Seller", Location: "Hamburg",
			Zone: "UTC", Type: "employee", Start: "2020-01-01", Status: "active", Manager: manager}
		r.Email = "p" + r.Number + "@example.com"
		switch r.Number {
		case hrPerson, itPerson, compliance, auditor, owner, manager, administrator:
			r.Manager = ""
		case "1010":
			r.First, r.Last, r.Title = evilFirst, evilLast, evilTitle
		}
		if i%7 == 0 && i > 7 {
			r.Department = "Finance"
		}
		out = append(out, r)
	}
	return out
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) do(actor db.Actor, fn func(*db.Tx) error) {
	w.t.Helper()
	w.must(w.app.DB.Do(w.t.Context(), actor, fn))
}

// apply applies the policy file, without one line of it if that is named.
func (w *world) apply(without string) {
	w.t.Helper()
	text, err := os.ReadFile("testdata/policy.yaml")
	w.must(err)
	if without != "" {
		text = []byte(strings.Replace(string(text), without, "", 1))
	}
	dir := w.t.TempDir()
	w.must(os.WriteFile(filepath.Join(dir, "policy.yaml"), text, 0o600))
	f, err := change.Read(dir)
	w.must(err)
	w.do(db.Operator, func(tx *db.Tx) error { _, err := change.Apply(tx, f, app.ChangeDeps()); return err })
}

func (w *world) give() {
	w.do(db.Operator, func(tx *db.Tx) error {
		for number, role := range portalRoles {
			p, err := identity.Find(tx, number)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(`insert into portal_role (identity_id, role) values ($1, $2)`, p.ID, role); err != nil {
				return err
			}
			tx.Record(evidence.Event{Kind: "portal_role.given", IdentityID: p.ID, Touches: evidence.Touches{"portal_role": 1}})
		}
		return nil
	})
}

// offered is what people of the tests may ask for, and who decides it.
const offered = `{kind: Offer, name: books, spec: {title: The books, tasks: [Look up an invoice], levels: [{name: read, entitlements: [ledger]}, {name: keep, title: Keep them, entitlements: [ledger/books]}]}}
---
{kind: Offer, name: vault, spec: {title: The vault, levels: [{name: in, role: Keeper}], for: 'department == "Sales"', longest_days: 30}}
---
{kind: Offer, name: locked, spec: {title: Locked room, levels: [{name: in, entitlements: [directory/vault]}], for: 'department == "Nobody"'}}
---
{kind: ApprovalRule, name: all, spec: {title: The manager, order: 1, when: "true", steps: [{by: manager}]}}
`

// declare applies policy documents besides those there are.
func (w *world) declare(text string) {
	w.t.Helper()
	dir := w.t.TempDir()
	w.must(os.WriteFile(filepath.Join(dir, "more.yaml"), []byte(text), 0o600))
	f, err := change.Read(dir)
	w.must(err)
	w.do(db.Operator, func(tx *db.Tx) error { _, err := change.Apply(tx, f, app.ChangeDeps()); return err })
}

// carry lets a worker do all that is to be done at the targets.
func (w *world) carry() {
	w.t.Helper()
	var cat *catalog.Catalog
	w.must(w.app.DB.Read(w.t.Context(), func(tx *db.Tx) (err error) { cat, err = catalog.Load(tx); return err }))
	for _, a := range cat.Apps {
		w.must(w.app.Provision.Work(w.t.Context(), a.ID, false))
	}
}

func (w *world) post(target, group string) {
	w.t.Helper()
	body := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":%q}`, group)
	res, err := http.Post(w.targets[target].URL+scimtest.Prefix+"/Groups", "application/scim+json", strings.NewReader(body))
	w.must(err)
	_ = res.Body.Close()
}

func (w *world) serve(o web.Options) {
	h, err := web.New(w.t.Context(), w.app, o)
	w.must(err)
	w.server = httptest.NewServer(h)
	w.t.Cleanup(w.server.Close)
}

// owner connects as the owner of the tables.
func (w *world) owner() *pgx.Conn { return dbtest.Owner(w.t, w.app.DB) }

// password lets a person sign in with one: in a real installation they would come from the identity provider.
func (w *world) password(number, email string) {
	w.t.Helper()
	w.do(db.Operator, func(tx *db.Tx) error {
		if err := auth.SetAdministrator(tx, "admin@example.com", "Admin", "correct horse battery"); err != nil {
			return err
		}
		_, err := tx.Exec(`insert into login (identity_id, email, password_hash) select i.id, $2, l.password_hash from identity i, login l where i.number = $1`, number, email)
		return err
	})
}

// outOfBand puts an account into a group at the target itself, behind Tenure's back.
func (w *world) outOfBand(target, group, number string) {
	w.t.Helper()
	var list struct{ Resources []struct{ ID string } }
	w.fetch(target, "/Groups?filter="+url.QueryEscape(fmt.Sprintf("displayName eq %q", group)), &list)
	groupID := list.Resources[0].ID
	w.fetch(target, "/Users?filter="+url.QueryEscape(fmt.Sprintf("userName eq %q", "person.nr"+number+"."+number)), &list)
	body := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"members","value":[{"value":%q}]}]}`, list.Resources[0].ID)
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPatch, w.targets[target].URL+scimtest.Prefix+"/Groups/"+groupID, strings.NewReader(body))
	w.must(err)
	r.Header.Set("Content-Type", "application/scim+json")
	res, err := http.DefaultClient.Do(r)
	w.must(err)
	_ = res.Body.Close()
	if res.StatusCode >= 300 {
		w.t.Fatalf("the target answers %s", res.Status)
	}
}

func (w *world) fetch(target, path string, into any) {
	w.t.Helper()
	res, err := http.Get(w.targets[target].URL + scimtest.Prefix + path)
	w.must(err)
	defer func() { _ = res.Body.Close() }()
	w.must(json.NewDecoder(res.Body).Decode(into))
}

// ref gives the public id of a person.
func (w *world) ref(number string) (ref string) {
	w.t.Helper()
	w.must(w.app.DB.Pool.QueryRow(w.t.Context(), `select public_id::text from identity where number = $1`, number).Scan(&ref))
	return ref
}

// text reads one text.
func (w *world) text(sql string, args ...any) (s string) {
	w.t.Helper()
	w.must(w.app.DB.Pool.QueryRow(w.t.Context(), sql, args...).Scan(&s))
	return s
}

func (w *world) number(sql string, args ...any) (n int) {
	w.t.Helper()
	w.must(w.app.DB.Pool.QueryRow(w.t.Context(), sql, args...).Scan(&n))
	return n
}
