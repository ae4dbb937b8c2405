package app_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tenure/internal/app"
	"tenure/internal/campaign"
	"tenure/internal/catalog"
	"tenure/internal/change"
	"tenure/internal/connector/scim/scimtest"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/hr"
	"tenure/internal/lifecycle"
	"tenure/internal/provision"
)

// employeesDir has the yearly snapshots of a real HR feed.
const employeesDir = "../../../shared/data/hr/employees"

// employees is the company of the replay, with SCIM servers for both its targets.
type employees struct {
	t       *testing.T
	app     *app.App
	targets map[string]*httptest.Server
}

// newEmployees loads the first years of the feed, of each file so many people (0 for all), and carries what follows to the targets.
func newEmployees(t *testing.T, years, people int) *employees {
	files, err := filepath.Glob(employeesDir + "/*-12-31.csv")
	if err != nil || len(files) == 0 {
		t.Skip("the employees' data is not beside the repository: ", employeesDir)
	}
	d := dbtest.Replay(t)
	e := &employees{t: t, targets: map[string]*httptest.Server{}, app: &app.App{DB: d, HR: app.NewHR(d), Provision: &provision.Service{DB: d, Kinds: app.Connectors}, Lifecycle: &lifecycle.Service{DB: d}}}
	dir := t.TempDir()
	policies, _ := filepath.Glob("../../test/replay/policy/*.yaml")
	for _, file := range policies {
		text, err := os.ReadFile(file)
		e.must(err)
		plain := strings.NewReplacer("connector: postgres", "connector: scim", "url: {env: PG_URL}", "base_url: {env: PG_URL}\n    auth: none", "base_url: {env: SCIM_URL}\n    token: {env: SCIM_TOKEN}",
			"base_url: {env: SCIM_URL}\n    auth: none", "    service: [postgres, tenure_target]\n", "", "kind: role, title", "kind: group, title").Replace(string(text))
		e.must(os.WriteFile(filepath.Join(dir, filepath.Base(file)), []byte(plain), 0o600))
	}
	for name, env := range map[string]string{"directory": "SCIM_URL", "warehouse": "PG_URL"} {
		s, err := scimtest.New(scimtest.Options{})
		e.must(err)
		e.targets[name] = httptest.NewServer(s)
		t.Cleanup(e.targets[name].Close)
		t.Setenv(env, e.targets[name].URL+scimtest.Prefix)
	}
	f, err := change.Read(dir)
	e.must(err)
	e.must(d.Do(t.Context(), db.Operator, func(tx *db.Tx) error { _, err := change.Apply(tx, f, app.ChangeDeps()); return err }))
	cat := e.catalog()
	for _, x := range cat.Entitlements {
		if x.Kind == "group" {
			post(e.t, e.targets[cat.Apps[x.ApplicationID].Name].URL+scimtest.Prefix+"/Groups", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":%q}`, x.Name))
		}
	}
	for _, file := range files[:min(years, len(files))] {
		e.load(file, people)
	}
	for _, a := range e.catalog().Apps {
		e.must(e.app.Provision.Work(t.Context(), a.ID, false))
	}
	return e
}

func (e *employees) must(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

// load applies a snapshot; where so many leave that it is held, somebody who is in it releases it.
func (e *employees) load(file string, people int) {
	body, err := os.ReadFile(file)
	e.must(err)
	if lines := bytes.SplitAfter(body, []byte("\n")); people > 0 {
		body = bytes.Join(lines[:people+1], nil)
	}
	name := filepath.Base(file)
	out, err := e.app.HR.Sync(e.t.Context(), db.Operator, hr.Upload{Source: "employees", Name: name, Effective: name[:len("1985-12-31")], Body: bytes.NewReader(body)})
	e.must(err)
	if out.Held {
		var who db.Actor
		e.must(e.app.DB.Do(e.t.Context(), db.System, func(tx *db.Tx) (err error) {
			var id int
			if err = tx.QueryRow(`select min(id) from identity where state = 'active'`).Scan(&id); err == nil {
				who, err = tx.ActorOf(id, "person", "Somebody")
			}
			return err
		}))
		_, err = e.app.HR.Release(e.t.Context(), who, out.Run, "published history")
		e.must(err)
	}
}

func (e *employees) catalog() (c *catalog.Catalog) {
	e.must(e.app.DB.Read(e.t.Context(), func(tx *db.Tx) (err error) { c, err = catalog.Load(tx); return err }))
	return c
}

// A review of everybody in a real company, of what rules give and what somebody put beside it at the target: nobody is asked more at once than
// the budget, and the whole population is in it.
func TestAReviewOfARealCompanyKeepsItsBudget(t *testing.T) {
	years, people := 1, 100
	if os.Getenv("TENURE_EMPLOYEES") != "" {
		years, people = 18, 0
	}
	e := newEmployees(t, years, people)
	byHand := e.putBeside(5)
	for _, a := range e.catalog().Apps {
		_, err := e.app.Provision.ReadWhole(t.Context(), a.ID)
		e.must(err)
	}
	c := e.review()
	before, after, reviews := e.loads(c.ID)
	if c.Items != sum(before) {
		t.Errorf("%d items, and %d of those who hold them", c.Items, sum(before))
	}
	var shown int
	e.must(e.app.DB.Pool.QueryRow(t.Context(), `select count(*) from observed o join account a on a.id = o.account_id join account_link l on l.account_id = a.id and l.known_to = 'infinity' and l.identity_id is not null where o.seen_to is null`).Scan(&shown))
	if shown != c.Items {
		t.Errorf("%d items of %d that the readings show", c.Items, shown)
	}
	if most := slices.Max(reviews); most > c.Settings.Budget || sum(after) < byHand {
		t.Errorf("a review has %d decisions of at most %d; %d in all, %d by hand", most, c.Settings.Budget, sum(after), byHand)
	}
	t.Logf("%d items, %d of them put in by hand", c.Items, byHand)
	t.Logf("%-34s %9s %6s %6s %6s %8s", "", "reviewers", "median", "p90", "most", "together")
	for _, row := range []struct {
		what string
		of   []int
	}{{"items, each asked of the manager", before}, {"decisions of a reviewer", after}, {"decisions of one review", reviews}} {
		slices.Sort(row.of)
		t.Logf("%-34s %9d %6d %6d %6d %8d", row.what, len(row.of), row.of[len(row.of)/2], row.of[len(row.of)*9/10], row.of[len(row.of)-1], sum(row.of))
	}
}

// putBeside puts every nth account of the directory into a group that its rules do not give, at the target itself.
func (e *employees) putBeside(n int) (put int) {
	base := e.targets["directory"].URL + scimtest.Prefix
	type resource struct{ ID, DisplayName string }
	all := func(path string) []resource {
		var out []resource
		for {
			var list struct {
				TotalResults int
				Resources    []resource
			}
			e.must(json.Unmarshal(get(e.t, fmt.Sprintf("%s%s&startIndex=%d&count=1000", base, path, len(out)+1)), &list))
			if out = append(out, list.Resources...); len(out) >= list.TotalResults || len(list.Resources) == 0 {
				return out
			}
		}
	}
	groups := all("/Groups?attributes=displayName")
	slices.SortFunc(groups, func(a, b resource) int { return cmp.Compare(a.DisplayName, b.DisplayName) })
	members := map[string][]string{}
	users := all("/Users?attributes=id")
	for i := 0; i < len(users); i += n {
		g := groups[i/n%len(groups)].ID
		members[g] = append(members[g], users[i].ID)
	}
	for g, who := range members {
		var held struct{ Members []struct{ Value string } }
		e.must(json.Unmarshal(get(e.t, base+"/Groups/"+g), &held))
		is := map[string]bool{}
		for _, m := range held.Members {
			is[m.Value] = true
		}
		var add []map[string]string
		for _, id := range who {
			if !is[id] {
				add = append(add, map[string]string{"value": id})
			}
		}
		put += len(add)
		body, err := json.Marshal(map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": []any{map[string]any{"op": "add", "path": "members", "value": add}}})
		e.must(err)
		patch(e.t, base+"/Groups/"+g, string(body))
	}
	return put
}

// review starts a review of everything by the managers, else by compliance, that somebody of compliance owns.
func (e *employees) review() (c *campaign.Campaign) {
	owner := dbtest.Owner(e.t, e.app.DB)
	for _, sql := range []string{`set session_replication_role = replica`, `insert into portal_role (identity_id, role) select id, 'compliance' from identity where state = 'active' order by id limit 2`} {
		_, err := owner.Exec(e.t.Context(), sql)
		e.must(err)
	}
	e.must(e.app.DB.Do(e.t.Context(), db.System, func(tx *db.Tx) (err error) {
		var id int
		if err = tx.QueryRow(`select min(identity_id) from portal_role`).Scan(&id); err != nil {
			return err
		}
		if tx.Actor, err = tx.ActorOf(id, "person", "Compliance"); err != nil {
			return err
		}
		c = &campaign.Campaign{Title: "Everybody", Settings: campaign.Defaults, Stages: []campaign.Stage{{By: campaign.ByManager, Otherwise: campaign.ByCompliance}}}
		if err = lifecycle.Campaigns.Build(tx, c); err != nil {
			return err
		}
		c, err = lifecycle.Campaigns.Start(tx, c.ID)
		return err
	}))
	return c
}

// loads counts the items by the manager of who holds them, and the decisions by reviewer, and by review.
func (e *employees) loads(campaign int) (before, after, reviews []int) {
	for sql, into := range map[string]*[]int{
		`select count(*) from campaign_item i join campaign_person p using (campaign_id, identity_id) where campaign_id = $1 group by p.manager_id`: &before,
		`select sum(load) from campaign_review where campaign_id = $1 group by reviewer_id`:                                                         &after,
		`select load from campaign_review where campaign_id = $1`:                                                                                   &reviews,
	} {
		rows, err := e.app.DB.Pool.Query(e.t.Context(), sql, campaign)
		e.must(err)
		for rows.Next() {
			var n int
			e.must(rows.Scan(&n))
			*into = append(*into, n)
		}
		e.must(rows.Err())
	}
	return before, after, reviews
}

func sum(all []int) (n int) {
	for _, x := range all {
		n += x
	}
	return n
}

func get(t *testing.T, url string) []byte { return send(t, http.MethodGet, url, "") }

func post(t *testing.T, url, body string) { send(t, http.MethodPost, url, body) }

func patch(t *testing.T, url, body string) {
	send(t, http.MethodPatch, url, body)
}

func send(t *testing.T, method, url, body string) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/scim+json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	out, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		t.Fatalf("%s %s: %s %v %.300s", method, url, res.Status, err, out)
	}
	return out
}
