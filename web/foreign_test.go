package web_test

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tenure/internal/campaign"
	"tenure/internal/connector/scim/scimtest"
	"tenure/internal/db"
	"tenure/internal/lifecycle"
	"tenure/internal/task"
	"tenure/web"
)

// thing is one object behind an address: what the address's parameters say, what its page would show that nobody else may read,
// and the personas whose it is or who may see all of its kind.
type thing struct {
	at   map[string]string
	name string
	of   string
}

// belongings are the things behind the addresses that name one, by path. An address with a parameter needs an entry here: the
// tests then ask for it as everybody whose it is not.
type belongings struct {
	w   *world
	all map[string][]thing
}

// things fills a world with something of everything.
func things(w *world) *belongings {
	w.t.Helper()
	th := &belongings{w: w, all: map[string][]thing{}}
	body := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"mystery","active":true}`
	res, err := http.Post(w.targets["ledger"].URL+scimtest.Prefix+"/Users", "application/scim+json", strings.NewReader(body))
	w.must(err)
	_ = res.Body.Close()
	w.read("ledger")
	m := w.as(manager)
	m.post("/me/tokens", "name", "Token for Nr1006 alone", "days", "7", "scope", "read").want(w.t, http.StatusOK)
	m.post("/views", "list", "tokens", "name", "View for Nr1006 alone", "query", "q=a").want(w.t, http.StatusSeeOther)
	run := w.as(hrPerson).upload("people", "half.csv", w.file(40)).want(w.t, http.StatusSeeOther).to
	th.ofPeople()
	th.ofApplications()
	seen := "it hr compliance auditor administrator"
	runs := thing{map[string]string{"id": run[strings.LastIndex(run, "/")+1:]}, "half.csv", seen}
	th.put(runs, "/hr/runs/:id", "/hr/runs/:id/people", "/hr/runs/:id/rejected", "/hr/runs/:id/look", "/hr/runs/:id/release", "/hr/runs/:id/discard")
	doing := w.begin(manager, task.New{Kind: "test.nothing", Title: "Task for Nr1006 alone", Total: 2})
	th.put(thing{map[string]string{"id": doing}, "for Nr1006 alone", "manager"}, "/tasks/:id", "/tasks/:id/events", "/tasks/:id/file", "/tasks/:id/cancel", "/api/v1/packs/:id", "/api/v1/packs/:id/file")
	th.put(thing{map[string]string{"name": "people"}, "", seen}, "/hr/sources/:name/upload")
	th.put(thing{map[string]string{"id": "999999"}, "", seen}, "/hr/held/:id") // nothing fell due
	everybody := "anonymous employee manager owner " + seen
	th.put(thing{map[string]string{"number": employee}, "", everybody}, "/demo/hr/:number", "/demo/hr/:number/move", "/demo/hr/:number/end")
	th.put(thing{map[string]string{"name": "tokens"}, "", everybody}, "/gallery/:name", "/signin/with/:name", "/signin/back/:name") // no provider here
	th.put(thing{th.id(`select max(s.id) from portal_session s join identity i on i.id = s.identity_id where i.number = $1`, manager), "for Nr1006 alone", "manager"}, "/me/sessions/:id/end")
	w.signed(owner)
	th.put(thing{th.id(`select max(id) from second_factor`), "Authenticator app", "owner"}, "/me/factors/:id/name", "/me/factors/:id/remove")
	m.post("/me/delegations", "to", "1031", "from", time.Now().UTC().Format(time.DateOnly), "until", time.Now().UTC().AddDate(0, 0, 7).Format(time.DateOnly),
		"scope", "team", "reason", "Stand-in for Nr1006 alone").want(w.t, http.StatusSeeOther)
	th.put(thing{th.id(`select max(id) from delegation`), "for Nr1006 alone", "manager"}, "/me/delegations/:id/end")
	th.put(thing{th.id(`select max(id) from portal_role where role = 'auditor'`), "", "administrator"}, "/portal/roles/:id/take")
	keeper := strconv.Itoa(w.number(`select id from policy_object where kind = 'role' and name = 'Keeper'`))
	w.as(itPerson).post("/policy/roles/"+keeper+"/members", "person", "1031", "reason", "Member for Nr1031 alone").want(w.t, http.StatusSeeOther)
	th.put(thing{map[string]string{"id": keeper, "member": strconv.Itoa(w.number(`select max(id) from role_member`))}, "Nr1031", "it hr compliance auditor administrator"},
		"/policy/roles/:id", "/policy/roles/:id/members", "/policy/roles/:id/members/:member/end")
	th.put(thing{map[string]string{"id": keeper, "n": "1"}, "", "it hr compliance auditor administrator"}, "/policy/objects/:id/versions", "/policy/objects/:id/versions/:n/back")
	th.put(thing{map[string]string{"id": keeper}, "", "it compliance administrator"}, "/policy/edit/:id")
	w.as(itPerson).post("/policy/changes", "title", "Change for Nr1002 to plan", "body", "kind: Role\nname: Keeper\nspec: {entitlements: [directory/vault, ledger/books]}\n").want(w.t, http.StatusSeeOther)
	change := th.id(`select max(id) from change_set`)
	w.as(itPerson).post("/policy/changes/"+change["id"]+"/backtest", "days", "30").want(w.t, http.StatusSeeOther)
	th.put(thing{change, "for Nr1002", "it hr compliance auditor administrator"}, "/policy/changes/:id", "/policy/changes/:id/approve", "/policy/changes/:id/reject", "/policy/changes/:id/reverse", "/policy/changes/:id/backtest", "/policy/changes/:id/backtest/file")
	w.as(compliance).post("/policy/mining", "where", "everybody").want(w.t, http.StatusSeeOther)
	th.put(thing{th.id(`select max(id) from mining_run`), "", "it hr compliance auditor administrator"}, "/policy/mining/:id")
	w.as(itPerson).post("/webhooks", "name", "SIEM of Nr1002", "url", "https://siem.example/").want(w.t, http.StatusOK)
	th.put(thing{th.id(`select max(id) from webhook`), "SIEM", "it compliance auditor administrator"}, "/webhooks/:id")
	w.declare(offered)
	program := w.program("1025", "decide")
	program.json(http.MethodPost, "/api/v1/requests", `{"why":"Asked by Nr1025 alone","items":[{"offer":"books"}]}`).answer(w.t, http.StatusCreated, nil)
	asked := map[string]string{"id": w.text(`select public_id::text from request`), "ref": w.text(`select public_id::text from request`), "item": strconv.Itoa(w.number(`select max(id) from request_item`)), "act": "cancel", "number": strconv.Itoa(w.number(`select max(id) from request_step`))}
	th.put(thing{asked, "by Nr1025", "compliance auditor administrator manager"}, "/api/v1/requests/:id", "/api/v1/requests/:id/cancel", "/api/v1/steps/:number", "/api/v1/steps/:number/decision")
	program.json(http.MethodPost, "/api/v1/requests/"+asked["id"]+"/cancel", `{}`).answer(w.t, http.StatusOK, nil) // nobody is to decide it: other tests look at inboxes
	th.put(thing{asked, "by Nr1025", "compliance auditor administrator manager"}, "/requests/:ref", "/requests/:ref/say", "/requests/:ref/remind", "/requests/:ref/items/:item/:act")
	th.put(thing{map[string]string{"id": asked["number"]}, "", "manager"}, "/steps/:id/decide", "/steps/:id/reassign")
	reviewed := w.campaign(func(c *campaign.Campaign) { c.Title, c.Scope.People = "Review for Nr1006 alone", w.only("1030") })
	review := map[string]string{"id": strconv.Itoa(w.number(`select max(id) from campaign_review where campaign_id = $1 and reviewer_id = (select id from identity where number = $2)`, reviewed.ID, manager))}
	review["item"], review["act"] = strconv.Itoa(w.number(`select max(id) from campaign_item where review_id = $1`, review["id"])), "ask"
	th.put(thing{review, "for Nr1006 alone", "manager"}, "/reviews/:id", "/reviews/:id/decide", "/reviews/:id/chosen", "/reviews/:id/undo", "/reviews/:id/rules", "/reviews/:id/batch", "/reviews/:id/batch/open", "/reviews/:id/batch/keep",
		"/reviews/:id/reassign", "/reviews/:id/sign", "/reviews/items/:item", "/reviews/items/:item/:act")
	w.in(compliance, func(tx *db.Tx) error { return lifecycle.Campaigns.Stop(tx, reviewed.ID, "other tests look at inboxes") })
	th.put(thing{map[string]string{"ref": reviewed.PublicID}, "", "compliance auditor administrator"}, "/campaigns/:ref/results", "/campaigns/:ref/results.csv")
	w.seal()
	th.put(thing{map[string]string{"name": "soc2-cc6.1", "population": "access"}, "", "compliance auditor administrator"}, "/evidence/controls/:name", "/evidence/controls/:name/:population", "/evidence/controls/:name/:population/draw", "/evidence/controls/:name/:population/pack", "/evidence/controls/:name/pack")
	drawn := w.as(compliance).post("/evidence/controls/soc2-cc6.1/access/draw", "from", "2020-01-01", "to", "2099-12-31", "seed", "Seed of Nr1003 alone", "size", "3").want(w.t, http.StatusSeeOther).to
	th.put(thing{map[string]string{"id": drawn[strings.LastIndex(drawn, "/")+1:]}, "of Nr1003 alone", "compliance auditor administrator"}, "/evidence/samples/:id", "/evidence/samples/:id/pack")
	arranged := w.as(compliance).post("/evidence/schedules", "what", "soc2-cc6.2/leavers", "every", "month", "day", "1", "hour", "8", "recipients", w.text(`select public_id::text from identity where number = $1`, compliance)).want(w.t, http.StatusSeeOther).to
	th.put(thing{map[string]string{"id": arranged[strings.LastIndex(arranged, "/")+1:]}, "by Person Nr1003", "compliance administrator"}, "/evidence/schedules/:id", "/evidence/schedules/:id/edit")
	th.put(thing{map[string]string{"item": "g" + strconv.Itoa(w.number(`select min(id) from reason`))}, "", "compliance auditor administrator"}, "/evidence/sheets/:item")
	w.as(compliance).post("/evidence/privacy/hold", "person", "1031", "reason", "Held for Nr1003 alone").want(w.t, http.StatusSeeOther)
	th.put(thing{th.id(`select max(id) from legal_hold`), "for Nr1003 alone", "compliance administrator"}, "/evidence/privacy/holds/:id")
	w.must(beside(w, `insert into campaign_removal (item_id, campaign_id, review_id, identity_id, account_id, entitlement_id, param, state, at) select id, campaign_id, review_id, identity_id, account_id, entitlement_id, param, 'waiting', '2100-01-01' from campaign_item where id = `+review["item"]+
		`; insert into campaign_note (item_id, author_id, kind, body, said_at, made_by) select id, identity_id, 'challenge', 'for Nr1030', now(), 1 from campaign_item where id = `+review["item"]))
	th.put(thing{map[string]string{"ref": reviewed.PublicID, "item": review["item"], "act": "keep"}, "", "compliance administrator"}, "/campaigns/:ref/objections/:item/:act")
	th.put(thing{map[string]string{"name": "locked"}, "Locked room", ""}, "/api/v1/offers/:name")
	th.put(thing{map[string]string{"name": "hr.release"}, "", "administrator"}, "/portal/permissions/:name")
	th.campaign()
	return th
}

// put says what is behind paths. What is the IT person's is their token's, too.
func (th *belongings) put(x thing, paths ...string) {
	if slices.Contains(strings.Fields(x.of), "it") {
		x.of += " token"
	}
	for _, p := range paths {
		th.all[p] = append(th.all[p], x)
	}
}

func (th *belongings) id(sql string, args ...any) map[string]string {
	th.w.t.Helper()
	return map[string]string{"id": strconv.Itoa(th.w.number(sql, args...))}
}

// ofPeople are people and what is theirs alone.
func (th *belongings) ofPeople() {
	readers := "it hr compliance auditor administrator"
	of := []string{"/people/:id", "/people/:id/terminate", "/people/:id/reinstate", "/people/:id/terminate/watch", "/people/:id/terminate/events", "/people/:id/erasure", "/people/:id/move", "/people/:id/handover", "/people/:id/explain",
		"/api/v1/people/:id", "/api/v1/people/:id/access"}
	th.put(thing{map[string]string{"id": th.w.ref("1030")}, "Nr1030", "manager " + readers}, of...) // of the manager's team
	th.put(thing{map[string]string{"id": th.w.ref(auditor)}, "Nr1004", readers}, of...)
	conflict := map[string]string{"id": th.w.ref("1015"), "rule": strconv.Itoa(th.w.number(`select id from policy_object where name = 'guard-and-book'`))}
	th.w.as(compliance).post(fill("/people/:id/conflicts/:rule", conflict), "control", "Looked at", "reason", "A test", "until", time.Now().UTC().AddDate(0, 1, 0).Format(time.DateOnly)).want(th.w.t, http.StatusSeeOther)
	th.put(thing{conflict, "Guard and book", "it compliance auditor administrator"}, "/people/:id/conflicts/:rule", "/people/:id/conflicts/:rule/end")
	secret := `select min(h.account_id) from handout h join account_link l on l.account_id = h.account_id join identity i on i.id = l.identity_id where i.number = $1`
	th.put(thing{th.id(secret, "1030"), "nr1030", "manager"}, "/me/secrets/:id")
	th.put(thing{th.id(secret, auditor), "nr1004", "auditor"}, "/me/secrets/:id")
	th.put(thing{th.id(`select max(id) from token`), "for Nr1006 alone", "manager"}, "/me/tokens/:id/revoke")
	th.put(thing{th.id(`select max(id) from saved_view`), "for Nr1006 alone", "manager"}, "/views/:id/delete")
}

// ofApplications are the ledger, which is nobody's, and what is in it; the owner among the personas has the directory.
func (th *belongings) ofApplications() {
	readers := "it compliance auditor administrator"
	in := func(app string, more map[string]string) map[string]string {
		more = maps.Clone(more)
		more["name"] = app
		return more
	}
	at := "/applications/:name"
	th.put(thing{in("ledger", map[string]string{}), "Ledger", readers}, at, at+"/check", at+"/adopt", at+"/release", at+"/licence", at+"/orphans", at+"/connector",
		at+"/connector/test", at+"/connector/pause", at+"/connector/resume", "/api/v1"+at)
	th.put(thing{in("ledger", map[string]string{"field": "token"}), "Ledger", readers}, at+"/connector/secrets/:field")
	books := th.id(`select id from entitlement where name = 'books'`)
	th.put(thing{in("ledger", books), "Books", readers}, at+"/entitlements/:id")
	th.put(thing{in("directory", books), "Books", ""}, at+"/entitlements/:id") // of another application than the address says
	orphan := th.id(`select id from account where name = 'mystery'`)
	orphan["act"] = "claim"
	th.put(thing{in("ledger", orphan), "mystery", readers}, at+"/orphans/:id/:act")
	th.put(thing{in("directory", orphan), "mystery", ""}, at+"/orphans/:id/:act")
	op := th.id(`select min(o.id) from operation o join application a on a.id = o.application_id where a.name = 'ledger'`)
	th.put(thing{op, "Ledger", readers}, "/operations/:id", "/operations/:id/retry", "/operations/:id/check")
}

var parameter = regexp.MustCompile(`:(\w+)`)

// fill makes an address of a path.
func fill(path string, at map[string]string) string {
	return parameter.ReplaceAllStringFunc(path, func(p string) string { return url.PathEscape(at[p[1:]]) })
}

// at is the address of the first thing behind a path, or of nothing there is for a path that names none.
func (th *belongings) at(path string) string {
	if x := th.all[path]; len(x) > 0 {
		return fill(path, x[0].at)
	}
	return reach(path)
}

// filled is a form that every act finds all it asks for in.
var filled = []string{"reason", "a test", "person", "1031", "secret", "x", "until", "2030-01-01", "entitlement", "directory/staff", "version", "1", "title", "X", "count", "20",
	"operation", "1", "amount", "1", "currency", "EUR", "name", "X", "department", "Sales", "end", "2030-01-01"}

func (c *client) ask(method, path string) page {
	c.w.t.Helper()
	switch {
	case method == http.MethodGet:
		return c.get(path)
	case strings.HasSuffix(path, "/upload"):
		return c.send(method, path, strings.NewReader(oneFile), "Content-Type", "multipart/form-data; boundary=x")
	}
	return c.post(path, filled...)
}

const oneFile = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nnumber\r\n1\r\n--x--\r\n"

// named gives the routes whose address names a thing, and fails for one whose thing is not known.
func (th *belongings) named(t *testing.T) (out []web.Row) {
	t.Helper()
	table, _, err := web.Rows(th.w.app, web.Options{Demo: &web.Demo{Feed: th.w.feed}})
	th.w.must(err)
	for _, r := range table {
		switch {
		case r.Method == http.MethodHead || !strings.Contains(r.Path, ":"):
		case len(th.all[r.Path]) == 0:
			t.Errorf("%s %s names a thing: say in things() what is somebody else's", r.Method, r.Path)
		default:
			out = append(out, r)
		}
	}
	return out
}

// refused says whether the right was missing for the whole route.
func refused(p page) bool {
	return p.status == http.StatusUnauthorized || p.status == http.StatusForbidden || strings.HasPrefix(p.to, "/signin")
}

// Whoever asks for a thing of somebody else is told that there is none; nothing of it is shown, and nothing happens to it.
func TestOthersThingsDoNotExist(t *testing.T) {
	th := things(newWorld(t))
	routes, want := th.named(t), matrix(t)
	asked := 0
	for _, who := range personas {
		c := th.w.by(who.number)
		before := th.w.governed()
		for _, r := range routes {
			for _, x := range th.all[r.Path] {
				if slices.Contains(strings.Fields(x.of), who.name) {
					continue
				}
				asked++
				p := c.ask(r.Method, fill(r.Path, x.at))
				gets := slices.Contains(strings.Fields(want[r.Method+" "+r.Path]), who.name)
				if gets && p.status != http.StatusNotFound || !gets && !refused(p) {
					t.Errorf("%s asks %s %s, which is not theirs, and is answered %d: %s", who.name, r.Method, fill(r.Path, x.at), p.status, strings.Join(strings.Fields(p.Find("main").Text()), " "))
				}
				if x.name != "" && strings.Contains(p.body, x.name) {
					t.Errorf("%s asks %s %s and reads %q", who.name, r.Method, fill(r.Path, x.at), x.name)
				}
			}
		}
		if th.w.governed() != before {
			t.Errorf("%s changed something that is not theirs", who.name)
		}
	}
	if asked < 200 {
		t.Errorf("only %d times was something of others asked for", asked)
	}
}

// noSuch are values that name nothing, some of them made to break something.
var noSuch = []string{"999999", "0", "-1", "999999999999", "99999999999999999999", "' or 1=1", "0b0e9a6e-0000-4000-8000-000000000000", "1.0", "%", "a\x00b", "\xff", strings.Repeat("9", 3000)}

// What there is not is told as such, whatever stands in its place in the address.
func TestNoSuchThing(t *testing.T) {
	th := things(newWorld(t))
	want := matrix(t)
	clients := map[string]*client{}
	for _, who := range personas {
		clients[who.name] = th.w.by(who.number)
	}
	before := th.w.governed()
	for _, r := range th.named(t) {
		through := strings.Fields(want[r.Method+" "+r.Path])
		for i, name := range through {
			values := noSuch[:1]
			if i == len(through)-1 { // who may do the most
				values = noSuch
			}
			for _, p := range parameter.FindAllStringSubmatch(r.Path, -1) {
				for _, v := range values {
					at := maps.Clone(th.all[r.Path][0].at)
					at[p[1]] = v
					if got := clients[name].ask(r.Method, fill(r.Path, at)); got.status != http.StatusNotFound {
						t.Errorf("%s asks %s %.100s and is answered %d: %s", name, r.Method, fill(r.Path, at), got.status, strings.Join(strings.Fields(got.Find("main").Text()), " "))
					}
				}
			}
		}
	}
	if th.w.governed() != before {
		t.Error("something that does not exist was changed")
	}
}

// What somebody else has is not reached through a query or a form either.
func TestOthersInQueriesAndForms(t *testing.T) {
	w := newWorld(t)
	m, e, it := w.as(manager), w.as(employee), w.as(itPerson)
	if body := m.post("/people/chosen", "act", "export", "pick", w.ref("1030"), "pick", w.ref(auditor)).want(t, http.StatusOK).body; !strings.Contains(body, "Nr1030") || strings.Contains(body, "Nr1004") {
		t.Errorf("the file of a manager has others than the team: %s", body)
	}
	event := w.number(`select max(v.id) from event v join identity i on i.id = v.identity_id where i.number = '1030'`)
	e.get(personOf(w, employee)+"?event="+strconv.Itoa(event)).want(t, http.StatusNotFound)
	job := w.number(`select max(v.id) from employment_version v join identity i on i.id = v.identity_id where i.number = '1030'`)
	e.get(personOf(w, employee)+"/move?version="+strconv.Itoa(job)).want(t, http.StatusNotFound)
	stranger, nobody := m.get("/people?manager="+w.ref(auditor)), m.get("/people?manager=0b0e9a6e-0000-4000-8000-000000000000")
	if stranger.status != nobody.status || stranger.Find("main").Text() != nobody.Find("main").Text() {
		t.Errorf("a filter tells a manager who exists: %d and %d", stranger.status, nobody.status)
	}
	m.get("/people?manager="+w.ref(manager)).want(t, http.StatusOK)
	op := w.number(`select min(o.id) from operation o join application a on a.id = o.application_id where a.name = 'ledger' and o.state = 'proposed'`)
	it.post("/applications/directory/release", "operation", strconv.Itoa(op), "reason", "a test")
	if n := w.number(`select count(*) from operation where id = $1 and state = 'proposed'`, op); n != 1 {
		t.Error("an operation was released through the address of another application")
	}
	w.anonymous().post("/signin/persona", "person", w.ref("1030")).want(t, http.StatusNotFound) // is no persona
}
