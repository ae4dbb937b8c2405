package app_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"tenure/internal/access"
	"tenure/internal/app"
	"tenure/internal/connector/scim/scimtest"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/provision"
)

// gate stands before a target: it counts the calls and may spoil them.
type gate struct {
	next http.Handler

	mu    sync.Mutex
	calls map[string]int
	spoil func(next http.Handler, w http.ResponseWriter, r *http.Request) bool // true: the call is dealt with
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	g.calls[what(r)]++
	spoil := g.spoil
	g.mu.Unlock()
	if spoil == nil || !spoil(g.next, w, r) {
		g.next.ServeHTTP(w, r)
	}
}

// what is "POST /Users", "PATCH /Groups", whichever user or group it is.
func what(r *http.Request) string {
	path, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, scimtest.Prefix+"/"), "/")
	return r.Method + " /" + path
}

func (g *gate) count(call string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.calls[call]
}

func (g *gate) with(spoil func(http.Handler, http.ResponseWriter, *http.Request) bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.spoil = spoil
}

// once spoils the first call of a kind.
func once(call string, spoil func(http.Handler, http.ResponseWriter, *http.Request)) func(http.Handler, http.ResponseWriter, *http.Request) bool {
	var first sync.Once
	return func(next http.Handler, w http.ResponseWriter, r *http.Request) (dealt bool) {
		if what(r) == call {
			first.Do(func() { dealt = true; spoil(next, w, r) })
		}
		return dealt
	}
}

// The ways in which a call may go wrong.
func neverArrives(_ http.Handler, w http.ResponseWriter, _ *http.Request) { hangUp(w) }
func losesItsReply(next http.Handler, w http.ResponseWriter, r *http.Request) {
	next.ServeHTTP(httptest.NewRecorder(), r)
	hangUp(w)
}
func failsAfterDoing(next http.Handler, w http.ResponseWriter, r *http.Request) {
	next.ServeHTTP(httptest.NewRecorder(), r)
	w.WriteHeader(http.StatusInternalServerError)
}

func hangUp(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

var joins = step{On: "2024-01-15", Target: "down", HR: map[string]fields{
	"ada": {"number": "101", "first_name": "Ada", "last_name": "Berg", "first_day": "2020-01-01", "department": "Sales"}}}

// soon lets the next attempt of whatever waits for one come now.
func (w *world) soon() {
	w.t.Helper()
	_, err := dbtest.Owner(w.t, w.db).Exec(w.t.Context(), `update operation set next_attempt_at = clock_timestamp() where state = 'pending'`)
	w.must(err)
}

func (w *world) number(sql string) (n int) {
	w.t.Helper()
	w.must(w.db.Pool.QueryRow(w.t.Context(), sql).Scan(&n))
	return n
}

func (w *world) app(name string) int {
	w.t.Helper()
	return w.catalog().AppNamed[name].ID
}

// holdsOnce checks that the target has one account for Ada, with every group once.
func (w *world) holdsOnce(groups ...string) {
	w.t.Helper()
	if o := w.outcomes()["ada"]; o.Account["directory"] != "ada.berg on" {
		w.t.Errorf("the target shows %v", o.Account)
	}
	var users struct{ TotalResults int }
	w.get("directory", "/Users", &users)
	if users.TotalResults != 1 {
		w.t.Errorf("the target has %d accounts", users.TotalResults)
	}
	var all struct {
		Resources []struct {
			DisplayName string
			Members     []struct{ Value string }
		}
	}
	w.get("directory", "/Groups", &all)
	have := map[string]int{}
	for _, g := range all.Resources {
		have[g.DisplayName] = len(g.Members)
	}
	for _, g := range groups {
		if have[g] != 1 {
			w.t.Errorf("group %s has %d members, want one", g, have[g])
		}
	}
}

func TestALostReplyIsResolvedByReading(t *testing.T) {
	for name, c := range map[string]struct {
		call  string
		spoil func(http.Handler, http.ResponseWriter, *http.Request)
		calls int // how often the target is told to do it, in the end
	}{
		"create, done but not answered": {"POST /Users", losesItsReply, 1},
		"create, done but answered 500": {"POST /Users", failsAfterDoing, 1},
		"create, never arrived":         {"POST /Users", neverArrives, 2},
		"grant, done but not answered":  {"PATCH /Groups", losesItsReply, 3}, // three groups, each once
		"grant, never arrived":          {"PATCH /Groups", neverArrives, 4},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "UTC")
			w.gates["directory"].with(once(c.call, c.spoil))
			w.do(&joins)
			w.must(w.work.Work(t.Context(), w.app("directory"), false))
			if n := w.number(`select count(*) from operation where state = 'pending' and attempts = 1`); n < 1 {
				t.Errorf("nothing waits for a second attempt: the fault did not strike")
			}
			w.soon()
			w.carry()
			w.holdsOnce("staff", "crm", "prices")
			if n := w.gates["directory"].count(c.call); c.calls > 0 && n != c.calls {
				t.Errorf("the target was told %d times, want %d", n, c.calls)
			}
		})
	}
}

// A worker dies, or seems to, after the target did what it was told and before Tenure knows. Another takes its work over; when
// the first comes back, it changes nothing.
func TestADeadWorkersOperationIsTakenOverWithoutADuplicate(t *testing.T) {
	w := newWorld(t, "UTC")
	done, resume := make(chan struct{}), make(chan struct{})
	w.gates["directory"].with(once("POST /Users", func(next http.Handler, rw http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		close(done)
		<-resume
		rw.Header().Set("Content-Type", "application/scim+json")
		rw.WriteHeader(answer.Code)
		_, _ = rw.Write(answer.Body.Bytes())
	}))
	w.do(&joins)
	directory := w.app("directory")
	zombie := make(chan error, 1)
	go func() { zombie <- w.work.Work(t.Context(), directory, false) }()
	<-done
	if n := w.number(`select count(*) from operation where state = 'claimed'`); n != 1 {
		t.Fatalf("%d operations are claimed", n)
	}
	w.work = &provision.Service{DB: w.db, Kinds: app.Connectors} // another process
	w.must(w.work.Work(t.Context(), directory, false))
	if n := w.number(`select count(*) from operation where state in ('acknowledged', 'verified')`); n != 0 {
		t.Errorf("%d operations of the lane were carried while its head was claimed", n)
	}
	_, err := dbtest.Owner(t, w.db).Exec(t.Context(), `update operation set lease_until = clock_timestamp() - interval '1 second' where state = 'claimed'; delete from river_job`)
	w.must(err)
	w.tx(db.System, access.Sweep)
	w.carry()
	facts := `select count(*)::int * 1000000 + sum(claim_epoch)::int * 1000 + sum(attempts)::int from operation where state = 'verified'`
	before := w.number(facts)
	close(resume)
	w.must(<-zombie)
	if after := w.number(facts); after != before {
		t.Errorf("the zombie changed the operations: %d, then %d", before, after)
	}
	w.carry()
	w.holdsOnce("staff", "crm", "prices")
	if n := w.gates["directory"].count("POST /Users"); n != 1 {
		t.Errorf("the account was made %d times", n)
	}
}

func TestAPartialListingTakesNobodyAway(t *testing.T) {
	w := newWorld(t, "UTC")
	policy := `kind: Application
name: directory
spec:
  connector: scim
  mode: enforce
  config: {base_url: {env: DIRECTORY_URL}, auth: none, page_size: 2}
  accounts: {name: "{first_name}.{last_name}"}
  entitlements: [{name: staff}, {name: crm}, {name: prices, handover_days: 14}, {name: ledger}, {name: ledger-admin, privileged: true},
    {name: warehouse, handover_days: 0}, {name: vpn}, {name: berlin}]
`
	w.apply(policy)
	hr := map[string]fields{}
	for i := range 5 {
		hr[fmt.Sprint("p", i)] = fields{"number": fmt.Sprint(101 + i), "first_name": "Pat", "last_name": string(rune('A' + i)), "first_day": "2020-01-01", "department": "Sales"}
	}
	w.do(&step{On: "2024-01-15", HR: hr})
	directory := w.app("directory")
	state := `select (select count(*) from account where gone_at is null and native_id is not null) * 10000
		+ (select count(*) from observed where seen_to is null) * 100 + (select count(*) from operation where state <> 'verified')`
	if _, err := w.work.ReadWhole(t.Context(), directory); err != nil {
		t.Fatal(err)
	}
	before := w.number(state)
	later := func(path string, spoil func(http.Handler, http.ResponseWriter, *http.Request)) func(http.Handler, http.ResponseWriter, *http.Request) bool {
		return func(next http.Handler, rw http.ResponseWriter, r *http.Request) bool {
			if what(r) != "GET "+path || r.URL.Query().Get("startIndex") == "1" || r.URL.Query().Get("startIndex") == "" {
				return false
			}
			spoil(next, rw, r)
			return true
		}
	}
	for name, spoil := range map[string]func(http.Handler, http.ResponseWriter, *http.Request){
		"a page fails":             func(_ http.Handler, rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) },
		"the connection is closed": neverArrives,
		"half a page": func(next http.Handler, rw http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, r)
			rw.Header().Set("Content-Type", "application/scim+json")
			_, _ = rw.Write(answer.Body.Bytes()[:answer.Body.Len()/2])
		},
		"an empty page though there are more": func(_ http.Handler, rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "application/scim+json")
			_, _ = io.WriteString(rw, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":5,"Resources":[]}`)
		},
	} {
		for _, path := range []string{"/Users", "/Groups"} {
			w.work = &provision.Service{DB: w.db, Kinds: app.Connectors} // without the breaker that the last fault may have opened
			w.gates["directory"].with(later(path, spoil))
			if _, err := w.work.ReadWhole(t.Context(), directory); err == nil {
				t.Errorf("%s of %s: the reading counts as whole", name, path)
			}
			if after := w.number(state); after != before {
				t.Errorf("%s of %s changed something: %d, then %d", name, path, before, after)
			}
		}
	}
	// The control: an account that is really gone is seen to be.
	w.gates["directory"].with(nil)
	var users struct{ Resources []struct{ ID string } }
	w.get("directory", "/Users", &users)
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodDelete, w.targets["directory"].URL+scimtest.Prefix+"/Users/"+users.Resources[0].ID, nil)
	res, err := http.DefaultClient.Do(r)
	w.must(err)
	res.Body.Close()
	if _, err := w.work.ReadWhole(t.Context(), directory); err != nil {
		t.Fatal(err)
	}
	if n := w.number(`select count(*) from account where gone_at is not null`); n != 1 {
		t.Errorf("the control: %d accounts are seen to be gone, want 1", n)
	}
}
