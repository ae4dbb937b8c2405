package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tenure/internal/access"
	"tenure/internal/app"
	"tenure/internal/audit"
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

// house is an organisation whose application had accounts before Tenure came.
type house struct {
	*testing.T
	db     *db.DB
	hr     *hr.Service
	work   *provision.Service
	server *scimtest.Server
	url    string
	groups map[string]string

	dormantDays int
	policy      string // instead of declared
}

const people = "number,first_name,last_name,email,first_day,department\n" +
	"1,Ana,Ruiz,ana.ruiz@example.com,2020-01-01,Finance\n" +
	"2,Omar,Diaz,omar.diaz@example.com,2020-01-01,Sales\n" +
	"3,Jo,Lind,jo.lind@example.com,2020-01-01,Finance\n"

const declared = `
kind: HRSource
name: hr
spec: {type: file, brake: {rows_percent: 60}, file: {dates: YYYY-MM-DD, leavers: absence, columns: {number: number, first_name: first_name, last_name: last_name, email: email, first_day: first_day, department: department}}}
---
kind: Application
name: directory
spec:
  connector: scim
  mode: MODE
  drift: DRIFT
  config: {base_url: {env: SCIM_URL}, auth: none, last_sign_in: "urn:tenure:params:scim:schemas:extension:activity:2.0:User:lastLogin"}
  accounts: {name: "{first_name}.{last_name}", correlate: [email], service: [robot], dormant_days: DORMANT}
  entitlements: [{name: finance}, {name: payments, privileged: true}]
---
kind: Role
name: Finance
spec: {entitlements: [directory/finance]}
---
kind: BirthrightRule
name: finance
spec: {when: 'department == "Finance"', roles: [Finance]}
`

func newHouse(t *testing.T) *house {
	server, err := scimtest.New(scimtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	h := &house{T: t, db: dbtest.New(t), server: server, url: web.URL + scimtest.Prefix, groups: map[string]string{}, dormantDays: catalog.DefaultDormantDays}
	h.hr, h.work = app.NewHR(h.db), &provision.Service{DB: h.db, Kinds: app.Connectors}
	t.Setenv("SCIM_URL", h.url)
	for _, g := range []string{"finance", "payments"} {
		h.groups[g] = server.AddGroup(g)
	}
	return h
}

func (h *house) post(path, body string) string {
	h.Helper()
	method := http.MethodPost
	if strings.HasPrefix(path, "/Groups/") {
		method = http.MethodPatch
	}
	req, err := http.NewRequestWithContext(h.Context(), method, h.url+path, strings.NewReader(body))
	if err != nil {
		h.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/scim+json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		h.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode >= 300 {
		h.Fatalf("%s: %s", path, res.Status)
	}
	var out struct{ ID string }
	_ = json.NewDecoder(res.Body).Decode(&out)
	return out.ID
}

// had gives somebody an account by another way than Tenure, with groups.
func (h *house) had(name, email string, groups ...string) {
	h.Helper()
	id := h.post("/Users", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q,"active":true,"emails":[{"value":%q,"type":"work","primary":true}]}`, name, email))
	for _, g := range groups {
		h.post("/Groups/"+h.groups[g], fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"members","value":[{"value":%q}]}]}`, id))
	}
}

func (h *house) apply(mode, drift string) *change.Plan {
	h.Helper()
	dir := h.TempDir()
	text := h.policy
	if text == "" {
		text = declared
	}
	text = strings.NewReplacer("MODE", mode, "DRIFT", drift, "DORMANT", fmt.Sprint(h.dormantDays)).Replace(text)
	if err := os.WriteFile(filepath.Join(dir, "p.yaml"), []byte(text), 0o600); err != nil {
		h.Fatal(err)
	}
	files, err := change.Read(dir)
	if err != nil {
		h.Fatal(err)
	}
	var plan *change.Plan
	h.do(db.Operator, func(tx *db.Tx) (err error) { plan, err = change.Apply(tx, files, app.ChangeDeps()); return err })
	return plan
}

func (h *house) do(who db.Actor, fn func(*db.Tx) error) {
	h.Helper()
	if err := h.db.Do(context.Background(), who, fn); err != nil {
		h.Fatal(err)
	}
}

func (h *house) sync(file string) {
	h.Helper()
	r, err := h.hr.Sync(h.Context(), db.Operator, hr.Upload{Source: "hr", Name: "people.csv", Body: bytes.NewBufferString(file)})
	if err != nil {
		h.Fatal(err)
	}
	if r.Held {
		h.Fatalf("held: %s", r.Reason)
	}
}

// settle works everything and reads the application.
func (h *house) settle() {
	h.Helper()
	if err := h.work.Work(h.Context(), h.app().ID, false); err != nil {
		h.Fatal(err)
	}
	if _, err := h.work.ReadWhole(h.Context(), h.app().ID); err != nil {
		h.Fatal(err)
	}
}

func (h *house) app() (a *catalog.Application) {
	h.Helper()
	h.do(db.System, func(tx *db.Tx) error {
		cat, err := catalog.Load(tx)
		a = cat.AppNamed["directory"]
		return err
	})
	return a
}

// person gives somebody as an actor.
func (h *house) person(name string) (a db.Actor) {
	h.Helper()
	h.do(db.System, func(tx *db.Tx) error {
		p, err := identity.Find(tx, name)
		if err != nil {
			return err
		}
		a, err = tx.ActorOf(p.ID, "person", p.Name)
		return err
	})
	return a
}

func (h *house) drift() (out []string) {
	h.Helper()
	target := h.app()
	h.do(db.System, func(tx *db.Tx) error {
		all, err := provision.Drift(tx, target)
		for _, d := range all {
			out = append(out, d.Text)
		}
		return err
	})
	return out
}

func (h *house) operations() map[string]int {
	h.Helper()
	var s *audit.Status
	h.do(db.System, func(tx *db.Tx) (err error) { s, err = audit.ReadStatus(tx); return err })
	return s.Operations
}

func (h *house) enabled(name string) bool {
	h.Helper()
	for _, u := range h.server.Users() {
		if strings.EqualFold(u.UserName, name) {
			return u.Active
		}
	}
	h.Fatalf("there is no account %s", name)
	return false
}

func contains(all []string, text string) bool {
	for _, s := range all {
		if strings.Contains(s, text) {
			return true
		}
	}
	return false
}

func TestObservedApplicationIsReadAndNotWritten(t *testing.T) {
	h := newHouse(t)
	h.had("aruiz", "ana.ruiz@example.com", "finance", "payments")
	h.had("omar", "omar.diaz@example.com", "payments")
	h.had("jlind", "jo.lind@example.com", "payments")
	h.had("ghost", "nobody@example.com")
	h.had("robot", "")
	h.apply("observe", "report")
	h.sync(people)
	h.settle()

	if n := h.operations(); len(n) != 0 {
		t.Fatalf("an observed application has operations: %v", n)
	}
	if u := h.server.Users(); len(u) != 5 {
		t.Fatalf("%d accounts in the target, 5 before", len(u))
	}
	d := h.drift()
	for _, want := range []string{"account ghost belongs to nobody", "Ana Ruiz holds payments without a reason", "Omar Diaz holds payments without a reason",
		"Jo Lind should hold finance and does not"} {
		if !contains(d, want) {
			t.Errorf("drift does not say %q: %q", want, d)
		}
	}
	if contains(d, "robot") {
		t.Error("a declared service account counts as an orphan")
	}

	// The one exception: a leaver's account is disabled at once, even here: nothing else about it, and nobody else's.
	h.sync(strings.Replace(people, "3,Jo,Lind,jo.lind@example.com,2020-01-01,Finance\n", "", 1))
	if n := h.operations(); len(n) != 1 || n["pending"] != 1 {
		t.Fatalf("operations %v, want one: to disable Jo's account", n)
	}
	if err := h.work.Work(t.Context(), h.app().ID, true); err != nil { // the urgent ones alone
		t.Fatal(err)
	}
	if h.enabled("jlind") || !h.enabled("aruiz") || !h.enabled("omar") {
		t.Error("not the leaver's account, and it alone, was disabled")
	}
	if u := h.server.Users(); len(u) != 5 || !slices.ContainsFunc(u, func(u scimtest.User) bool { return u.UserName == "jlind" && len(u.Groups) == 1 }) {
		t.Errorf("the leaver's account was touched further: %+v", u)
	}
	// Who comes back is not let in by Tenure in an application that it only observes.
	h.sync(people)
	h.settle()
	if n := h.operations(); h.enabled("jlind") || len(n) != 1 {
		t.Errorf("operations %v after the return, enabled %v", n, h.enabled("jlind"))
	}

	// And so is a terminated person's.
	h.do(db.Operator, func(tx *db.Tx) error {
		p, err := identity.Find(tx, "2")
		if err != nil {
			return err
		}
		_, err = lifecycle.Terminate(tx, p.ID, "dismissed")
		return err
	})
	h.settle()
	if h.enabled("omar") {
		t.Error("the terminated person can still sign in")
	}
	if !h.enabled("aruiz") {
		t.Error("somebody else was disabled")
	}
}

func TestAdoptedAccessStaysWhenTheApplicationIsEnforced(t *testing.T) {
	h := newHouse(t)
	h.had("aruiz", "ana.ruiz@example.com", "payments")
	h.had("omar", "omar.diaz@example.com", "payments")
	h.apply("observe", "report")
	h.sync(people)
	h.settle()

	adopt := func(who db.Actor) (n int, err error) {
		target := h.app()
		err = h.db.Do(t.Context(), who, func(tx *db.Tx) error { n, err = lifecycle.Adopt(tx, target, "they run payments"); return err })
		return n, err
	}
	if _, err := adopt(db.Operator); errs.KindOf(err) != errs.KindForbidden {
		t.Fatalf("a shell accepted access: %v", err)
	}
	// Omar accepts, and not his own.
	if n, err := adopt(h.person("2")); err != nil || n != 2 {
		t.Fatalf("Omar accepted %d accesses (%v), Ana has 2: the login and payments", n, err)
	}
	if d := h.drift(); !contains(d, "Omar Diaz holds payments without a reason") {
		t.Fatalf("Omar's own access was accepted: %q", d)
	}
	if n, err := adopt(h.person("3")); err != nil || n != 2 {
		t.Fatalf("Jo accepted %d accesses (%v), Omar has 2", n, err)
	}

	h.apply("enforce", "report")
	h.settle()
	if d := h.drift(); len(d) != 0 {
		t.Fatalf("after adoption and enforcement something differs: %q", d)
	}
	holders := map[string]int{}
	for _, g := range h.server.Groups() {
		holders[g.DisplayName] = len(g.Members)
	}
	if holders["payments"] != 2 || holders["finance"] != 2 {
		t.Fatalf("payments %d (2 adopted), finance %d (Ana and Jo by rule)", holders["payments"], holders["finance"])
	}

	// A found reason ends with the employment like every other.
	h.sync(strings.Replace(people, "2,Omar,Diaz,omar.diaz@example.com,2020-01-01,Sales\n", "", 1))
	h.settle()
	if h.enabled("omar") {
		t.Error("a leaver's adopted account is enabled")
	}
	for _, g := range h.server.Groups() {
		if g.DisplayName == "payments" && len(g.Members) != 1 {
			t.Errorf("payments has %d members after Omar left", len(g.Members))
		}
	}
}

// Who comes back has birthright only: what was found and accepted before does not come back with them.
func TestRehireAfterAdoptionGivesBirthrightOnly(t *testing.T) {
	h := newHouse(t)
	h.had("aruiz", "ana.ruiz@example.com", "payments")
	h.had("jlind", "jo.lind@example.com", "finance", "payments")
	h.apply("observe", "report")
	h.sync(people)
	h.settle()
	target := h.app()
	h.do(h.person("2"), func(tx *db.Tx) error { _, err := lifecycle.Adopt(tx, target, "they run payments"); return err })
	h.apply("enforce", "report")
	h.settle()
	reasons := func() (found, live int) {
		t.Helper()
		if err := h.db.Pool.QueryRow(t.Context(), `select count(*) filter (where r.kind = 'found'), count(*) from reason r join identity i on i.id = r.identity_id
			where i.number = '3' and r.known_to = 'infinity' and r.valid_to > now()`).Scan(&found, &live); err != nil {
			t.Fatal(err)
		}
		return found, live
	}
	if found, _ := reasons(); found == 0 {
		t.Fatal("nothing was adopted: the test would prove nothing")
	}
	h.sync(strings.Replace(people, "3,Jo,Lind,jo.lind@example.com,2020-01-01,Finance\n", "", 1))
	h.settle()
	if found, live := reasons(); found+live != 0 || h.enabled("jlind") {
		t.Fatalf("after leaving %d reasons live", live)
	}
	h.sync(people)
	h.settle()
	if found, live := reasons(); found != 0 || live != 1 {
		t.Errorf("after the rehire %d reasons are found ones of %d, want birthright's one alone", found, live)
	}
	for _, u := range h.server.Users() {
		if u.UserName == "jlind" && (!u.Active || !slices.Equal(u.Groups, []string{"finance"})) {
			t.Errorf("the rehired account is %+v, want enabled with finance alone", u)
		}
	}
}

// Nobody who terminates lifts it; a shell's termination is anybody's to lift.
func TestAnotherPersonLiftsATermination(t *testing.T) {
	h := newHouse(t)
	h.apply("observe", "report")
	h.sync(people)
	var jo int
	h.do(db.System, func(tx *db.Tx) error { p, err := identity.Find(tx, "3"); jo = p.ID; return err })
	terminate := func(who db.Actor) {
		t.Helper()
		h.do(who, func(tx *db.Tx) error { _, err := lifecycle.Terminate(tx, jo, "dismissed"); return err })
	}
	lift := func(who db.Actor) error {
		return h.db.Do(t.Context(), who, func(tx *db.Tx) error { _, err := lifecycle.Reinstate(tx, jo, "an error"); return err })
	}
	terminate(h.person("1"))
	for _, who := range []db.Actor{h.person("1"), h.person("3"), db.Operator} {
		if err := lift(who); errs.KindOf(err) != errs.KindForbidden {
			t.Errorf("%s lifted it: %v", who.Kind, err)
		}
	}
	if err := lift(h.person("2")); err != nil {
		t.Fatal(err)
	}
	terminate(h.person("2")) // who lifted it may terminate anew, and then not lift that
	if err := lift(h.person("2")); errs.KindOf(err) != errs.KindForbidden {
		t.Errorf("the second termination: %v", err)
	}
	if err := lift(h.person("1")); err != nil {
		t.Error(err)
	}
	terminate(db.Operator)
	if err := lift(h.person("1")); err != nil {
		t.Error(err)
	}
}

func TestUnexplainedAccessIsReportedAndOnlyRepairedWhereDeclared(t *testing.T) {
	for _, drift := range []string{"report", "repair"} {
		t.Run(drift, func(t *testing.T) {
			h := newHouse(t)
			h.apply("enforce", drift)
			h.sync(people)
			h.settle()
			// Somebody puts Ana into payments by hand.
			var ana string
			for _, u := range h.server.Users() {
				if u.UserName == "ana.ruiz" {
					ana = u.ID
				}
			}
			h.post("/Groups/"+h.groups["payments"], fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"members","value":[{"value":%q}]}]}`, ana))
			h.settle()
			if d := h.drift(); !contains(d, "Ana Ruiz holds payments without a reason") {
				t.Fatalf("not found: %q", d)
			}
			if err := (&lifecycle.Service{DB: h.db}).Repair(t.Context(), h.app().ID); err != nil {
				t.Fatal(err)
			}
			h.settle()
			if found := contains(h.drift(), "payments"); found != (drift == "report") {
				t.Errorf("drift %s: still there: %v", drift, found)
			}
		})
	}
}

func TestProposedOperationsWaitForAnotherPerson(t *testing.T) {
	h := newHouse(t)
	h.apply("propose", "report")
	h.sync(people)
	h.settle()
	if n := h.operations(); n["proposed"] != 4 || len(n) != 1 {
		t.Fatalf("operations %v, want 4 proposed: two accounts, two memberships", n)
	}
	if len(h.server.Users()) != 0 {
		t.Fatal("a proposal was carried out")
	}
	release := func(who db.Actor) (n int, err error) {
		target := h.app().ID
		err = h.db.Do(t.Context(), who, func(tx *db.Tx) error { n, err = access.Release(tx, target, "looks right"); return err })
		return n, err
	}
	if _, err := release(db.Operator); errs.KindOf(err) != errs.KindForbidden {
		t.Fatalf("a shell released proposals: %v", err)
	}
	// Ana may release Jo's, and not her own.
	if n, err := release(h.person("1")); err != nil || n != 2 {
		t.Fatalf("Ana released %d (%v), want Jo's 2", n, err)
	}
	if n, err := release(h.person("2")); err != nil || n != 2 {
		t.Fatalf("Omar released %d (%v), want Ana's 2", n, err)
	}
	h.settle()
	if n := h.operations(); n["verified"] != 4 {
		t.Fatalf("operations %v, want 4 verified", n)
	}
}
