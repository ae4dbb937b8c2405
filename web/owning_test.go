package web_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tenure/internal/access"
	"tenure/internal/app"
	"tenure/internal/change"
	"tenure/internal/connector/scim/scimtest"
	"tenure/internal/db"
)

// planOf gives what applying a policy text would change, and applies it when it is meant.
func (w *world) planOf(text string, apply bool) string {
	w.t.Helper()
	dir := w.t.TempDir()
	w.must(os.WriteFile(filepath.Join(dir, "policy.yaml"), []byte(text), 0o600))
	f, err := change.Read(dir)
	w.must(err)
	var plan *change.Plan
	w.do(db.Operator, func(tx *db.Tx) error {
		if plan, err = change.Apply(tx, f, app.ChangeDeps()); err != nil || apply {
			return err
		}
		return db.ErrRollback
	})
	b, err := json.Marshal(plan.Changes)
	w.must(err)
	return string(b)
}

func (w *world) entitlement(name string) string {
	w.t.Helper()
	return "/applications/directory/entitlements/" + strconv.Itoa(w.number(`select e.id from entitlement e join application a on a.id = e.application_id
		where a.name = 'directory' and e.name = $1`, name))
}

func version(p page) string { v, _ := p.Find("input[name=version]").Attr("value"); return v }

// What a person says in the portal is kept by an apply unless the file states the same field; the plan then shows both.
func TestDescribingAnEntitlement(t *testing.T) {
	w := newWorld(t)
	w.signed(owner) // signs in as the owner of the directory
	c := w.as(itPerson)
	at := w.entitlement("vault")
	form := c.get(at).want(t, http.StatusOK)
	c.post(at, "version", version(form), "title", "The vault", "description", "Opens the vault.", "risk", "critical", "owner", owner).want(t, http.StatusSeeOther)
	list := c.get("/applications/directory?tab=entitlements").want(t, http.StatusOK)
	list.says(t, "The vault")
	list.says(t, "Critical")
	if n := w.number(`select count(*) from event where kind = 'entitlement.described'`); n != 1 {
		t.Errorf("%d events say so, want 1", n)
	}
	// The second of two who edit the same is told who was faster, and loses no word.
	late := c.post(at, "version", version(form), "title", "Mine", "description", "Mine too.", "risk", "low").want(t, http.StatusConflict)
	late.says(t, "Person Nr1002 changed it today")
	if v, _ := late.Find("input[name=title]").Attr("value"); v != "Mine" {
		t.Errorf("the form holds %q", v)
	}
	// The file states the title and privileged only.
	text, err := os.ReadFile("testdata/policy.yaml")
	w.must(err)
	plan := w.planOf(string(text), false)
	if !strings.Contains(plan, `"field":"entitlements[vault].title","from":"The vault","to":"Vault"`) || strings.Contains(plan, "Opens the vault") {
		t.Errorf("the plan is %s", plan)
	}
	w.planOf(string(text), true)
	if n := w.number(`select count(*) from entitlement where name = 'vault' and title = 'Vault' and description = 'Opens the vault.' and risk = 'critical'`); n != 1 {
		t.Error("the file did not take its field back, or took more than it states")
	}
	if plan := w.planOf(string(text), false); plan != "null" {
		t.Errorf("applying again changes %s", plan)
	}
	if p := c.post(at, "version", version(c.get(at)), "title", "", "description", "x", "risk", "huge", "owner", "nobody"); p.status != http.StatusBadRequest || p.Find(".t-fault").Length() != 3 {
		t.Errorf("answered %d with %d faults", p.status, p.Find(".t-fault").Length())
	}
}

// An owner describes what is theirs; to everybody else's applications there is no way.
func TestOwnersDescribeTheirOwn(t *testing.T) {
	w := newWorld(t)
	c := w.signed(owner)
	at := w.entitlement("staff")
	c.get(at).want(t, http.StatusOK)
	c.post(at, "version", version(c.get(at)), "title", "Everybody", "description", "Reads all.").want(t, http.StatusSeeOther)
	books := w.number(`select e.id from entitlement e where name = 'books'`)
	c.get("/applications/ledger/entitlements/"+strconv.Itoa(books)).want(t, http.StatusNotFound)
	c.get("/applications/directory/entitlements/"+strconv.Itoa(books)).want(t, http.StatusNotFound)
	c.post("/applications/ledger/licence", "amount", "1", "currency", "EUR").want(t, http.StatusNotFound)
	c.get("/applications/directory/connector").want(t, http.StatusForbidden)
}

func TestLicenceCost(t *testing.T) {
	w := newWorld(t)
	c := w.as(itPerson)
	form := c.get("/applications/ledger?tab=entitlements").want(t, http.StatusOK)
	c.post("/applications/ledger/licence", "version", version(form), "amount", "12,50", "currency", "eur").want(t, http.StatusSeeOther)
	c.post("/applications/ledger/licence", "version", version(form), "amount", "13", "currency", "EUR").want(t, http.StatusConflict)
	text, err := os.ReadFile("testdata/policy.yaml")
	w.must(err)
	if plan := w.planOf(string(text), true); plan != "null" {
		t.Errorf("the file says no cost and changes %s", plan)
	}
	if n := w.number(`select licence_cost_cents from application where name = 'ledger'`); n != 1250 {
		t.Errorf("it costs %d cents", n)
	}
	stated := strings.Replace(string(text), "title: Ledger", "title: Ledger\n  licence: {monthly: 9.99, currency: USD}", 1)
	if plan := w.planOf(stated, true); !strings.Contains(plan, `"field":"licence.monthly","from":12.5,"to":9.99`) {
		t.Errorf("the plan is %s", plan)
	}
	if n := w.number(`select licence_cost_cents from application where name = 'ledger'`); n != 999 {
		t.Errorf("it costs %d cents", n)
	}
}

// A pause really stops: nothing is claimed, a leaver's neither, and everything is there when it goes on.
func TestPauseStopsAndResumeGoesOn(t *testing.T) {
	w := newWorld(t)
	c := w.as(itPerson)
	c.post("/applications/directory/connector/pause").want(t, http.StatusBadRequest)
	c.post("/applications/directory/connector/pause", "reason", "moving house").want(t, http.StatusSeeOther)
	c.post("/applications/directory/connector/pause", "reason", "again").want(t, http.StatusConflict)
	c.post("/people/"+w.ref("1020")+"/terminate", "reason", "gone", "confirm", "on").want(t, http.StatusSeeOther)
	w.carry()
	open := `select count(*) from operation o join application a on a.id = o.application_id where a.name = 'directory' and o.state = 'pending'`
	if n := w.number(open); n == 0 {
		t.Fatal("nothing waits")
	}
	if n := w.number(`select count(*) from operation o join application a on a.id = o.application_id join identity i on i.id = o.identity_id
		where a.name = 'directory' and i.number = '1020' and o.kind = 'disable' and o.state <> 'pending'`); n != 0 {
		t.Error("a paused application was told something")
	}
	c.get("/applications/directory/connector").says(t, "somebody's access away at once")
	var claimed []access.Claim
	w.do(db.System, func(tx *db.Tx) (err error) {
		claimed, err = access.ClaimHeads(tx, w.number(`select id from application where name = 'directory'`), false, 8)
		return err
	})
	if len(claimed) != 0 {
		t.Errorf("%d operations were claimed", len(claimed))
	}
	c.post("/applications/directory/connector/resume", "reason", "moved").want(t, http.StatusSeeOther)
	w.carry()
	if n := w.number(open); n != 0 {
		t.Errorf("%d operations still wait", n)
	}
	if n := w.number(`select count(*) from event where kind in ('application.paused', 'application.resumed')`); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}

// What the preview shows is what the target then has.
func TestPreviewIsWhatIsSent(t *testing.T) {
	w := newWorld(t)
	who := w.number(`select id from identity where number = '1010'`)
	appID := w.number(`select id from application where name = 'directory'`)
	w.says("1010", "Department", "Research & Development")
	p, err := w.app.Provision.Preview(context.WithoutCancel(t.Context()), appID, who)
	w.must(err)
	if p.Account == 0 || p.Err != nil || p.Now == nil {
		t.Fatalf("the target was not asked: %+v", p)
	}
	if p.Sent.Attrs["department"] != "Research & Development" {
		t.Errorf("sends %q", p.Sent.Attrs["department"])
	}
	for _, n := range p.Names() {
		if p.Now[n] != p.Sent.Attrs[n] {
			t.Errorf("%s: the preview says %q, the target was sent %q", n, p.Sent.Attrs[n], p.Now[n])
		}
	}
	if p.NowName != p.Sent.Name {
		t.Errorf("the preview says %q, the target has %q", p.Sent.Name, p.NowName)
	}
	page := w.as(itPerson).get("/applications/directory/connector?person=1010").want(t, http.StatusOK)
	page.says(t, "Research & Development")
	w.targets["directory"].Close()
	w.as(itPerson).get("/applications/directory/connector?person=1010").want(t, http.StatusOK).says(t, "could not be asked")
}

// A secret goes in and never comes out: not on a page, not in an event, not in the table.
func TestSecretsAreWriteOnly(t *testing.T) {
	w := newWorld(t)
	const secret = "s3cr3t-that-nobody-sees"
	c := w.as(itPerson)
	at := "/applications/directory/connector/secrets/token"
	c.get(at).want(t, http.StatusOK)
	c.post(at, "secret", "").want(t, http.StatusBadRequest)
	w.must(beside(w, `update application set config = config || '{"auth":"bearer"}', version = version + 1 where name = 'directory'`))
	c.post(at, "secret", secret).want(t, http.StatusSeeOther)
	page := c.get("/applications/directory/connector").want(t, http.StatusOK)
	page.says(t, "Set today by Person Nr1002")
	for _, p := range []string{page.body, c.get(at).body} {
		if strings.Contains(p, secret) {
			t.Error("a page shows the secret")
		}
	}
	for _, sql := range []string{`select count(*) from event where position(convert_to($1, 'UTF8') in leaf) > 0`,
		`select count(*) from application where config::text like '%' || $1 || '%' or spec::text like '%' || $1 || '%' or position(convert_to($1, 'UTF8') in secrets) > 0`} {
		if w.number(sql, secret) != 0 {
			t.Errorf("the secret is found by %s", sql)
		}
	}
	if w.number(`select count(*) from event where kind in ('application.secret_replaced', 'application.secret_set')`) != 2 {
		t.Error("nobody can tell that the secret changed")
	}
	w.as(compliance).post(at, "secret", "x").want(t, http.StatusForbidden)
}

// beside changes rows as the owner of the tables would: beside Tenure.
func beside(w *world, sql string) error {
	conn := w.owner()
	_, err := conn.Exec(w.t.Context(), "set session_replication_role = replica; "+sql)
	return err
}

// An orphan is claimed end to end: found at the target, suggested, linked on a person's word, its access given a reason.
func TestClaimingAnOrphan(t *testing.T) {
	w := newWorld(t)
	appID := w.number(`select id from application where name = 'ledger'`)
	stranger := func(name, email string) {
		body := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"` + name + `","active":true,"emails":[{"value":"` + email + `","primary":true}]}`
		res, err := http.Post(w.targets["ledger"].URL+scimtest.Prefix+"/Users", "application/scim+json", strings.NewReader(body))
		w.must(err)
		_ = res.Body.Close()
	}
	stranger("person.nr1030", "elsewhere@example.org")
	stranger("robot", "")
	stranger("mystery", "")
	_, err := w.app.Provision.ReadWhole(t.Context(), appID)
	w.must(err)
	id := func(name string) string {
		return strconv.Itoa(w.number(`select id from account where application_id = $1 and name = $2`, appID, name))
	}
	c := w.as(itPerson)
	at := "/applications/ledger/orphans"
	list := c.get(at).want(t, http.StatusOK)
	list.says(t, "Person Nr1030")
	list.says(t, "the login name has the words of their name")
	claim := at + "/" + id("person.nr1030") + "/claim"
	c.post(claim, "person", "1030").want(t, http.StatusBadRequest)
	c.post(claim, "person", "4711", "reason", "x").want(t, http.StatusBadRequest)
	c.post(claim, "person", itPerson, "reason", "it is mine").want(t, http.StatusForbidden)
	c.post(claim, "person", "1030", "reason", "she told me").want(t, http.StatusSeeOther)
	c.post(claim, "person", "1031", "reason", "too late").want(t, http.StatusNotFound)
	if n := w.number(`select count(*) from account_link l join identity i on i.id = l.identity_id and i.number = '1030' join account a on a.id = l.account_id and a.application_id = $1`, appID); n != 1 {
		t.Errorf("%d accounts are linked", n)
	}
	if n := w.number(`select count(*) from reason r join identity i on i.id = r.identity_id and i.number = '1030' join entitlement e on e.id = r.entitlement_id
		where e.application_id = $1 and r.kind = 'found' and r.known_to = 'infinity'`, appID); n != 1 {
		t.Errorf("%d reasons say found, want one for the login", n)
	}
	c.post(at+"/"+id("robot")+"/service", "person", owner, "reason", "the printer").want(t, http.StatusSeeOther)
	if n := w.number(`select count(*) from account a join identity i on i.id = a.owner_id and i.number = $1 where a.kind = 'service' and a.name = 'robot'`, owner); n != 1 {
		t.Error("the machine has nobody who answers for it")
	}
	off := at + "/" + id("mystery") + "/disable"
	c.post(off, "reason", "nobody knows it").want(t, http.StatusSeeOther)
	c.post(off, "reason", "again").want(t, http.StatusConflict)
	op := w.number(`select id from operation where cause = 'orphan' and state = 'proposed' and identity_id is null`)
	c.post("/applications/ledger/release", "operation", strconv.Itoa(op), "reason", "asked around").want(t, http.StatusSeeOther)
	w.carry()
	if n := w.number(`select count(*) from operation where id = $1 and state = 'verified'`, op); n != 1 {
		t.Errorf("the orphan is not disabled: %d", w.number(`select array_position(array['proposed','pending','claimed','acknowledged','failed','cancelled'], state) from operation where id = $1`, op))
	}
	c.get(at).want(t, http.StatusOK)
	w.signed(owner).get(at).want(t, http.StatusNotFound)
}

// Many operations at once: what was done, what is for oneself, and what changed meanwhile are told apart.
func TestManyOperationsAtOnce(t *testing.T) {
	w := newWorld(t)
	c := w.as(itPerson)
	w.must(beside(w, `update operation set state = 'failed', error = 'no' where id in (select id from operation where kind = 'grant' and state = 'verified' order by id limit 3)`))
	list := c.get("/operations?state=failed&application=directory").want(t, http.StatusOK)
	if n := list.Find("tbody input[name=pick]").Length(); n != 3 {
		t.Fatalf("%d failed operations are listed", n)
	}
	var ids []string
	list.Find("tbody input[name=pick]").Each(func(_ int, s *goquery.Selection) { v, _ := s.Attr("value"); ids = append(ids, v) })
	ask := c.post("/operations/chosen", "act", "retry", "pick", ids[0], "pick", ids[1]).want(t, http.StatusOK)
	ask.says(t, "Try 2 operations again?")
	if n := w.number(`select count(*) from operation where state = 'failed'`); n != 3 {
		t.Fatal("asking did it")
	}
	c.post("/operations/"+ids[0]+"/retry").want(t, http.StatusSeeOther) // somebody is faster
	done := c.post("/operations/chosen", "act", "retry", "sure", "yes", "pick", ids[0], "pick", ids[1]).want(t, http.StatusOK)
	done.says(t, "Tried again: 1")
	done.says(t, "Changed meanwhile, left as it is: 1")
	all, _ := list.Find("input[name=all], button[name=all]").First().Attr("value")
	if all != "" {
		c.post("/operations/chosen", "act", "retry", "sure", "yes", "all", all).want(t, http.StatusOK).says(t, "Tried again: 1")
	}
	proposed := w.number(`select count(*) from operation where state = 'proposed'`)
	if proposed < 2 {
		t.Fatalf("%d proposals", proposed)
	}
	w.must(beside(w, `update operation set identity_id = (select id from identity where number = '`+itPerson+`') where id = (select min(id) from operation where state = 'proposed')`))
	var pairs []string
	c.get("/operations?state=proposed").want(t, http.StatusOK).Find("tbody input[name=pick]").Each(func(_ int, s *goquery.Selection) {
		v, _ := s.Attr("value")
		pairs = append(pairs, "pick", v)
	})
	c.post("/operations/chosen", append([]string{"act", "release", "sure", "yes"}, pairs...)...).want(t, http.StatusBadRequest)
	c.post("/operations/chosen", append([]string{"act", "release", "sure", "yes", "reason", "right"}, pairs...)...).want(t, http.StatusOK).says(t, "Refused: 1")
	if n := w.number(`select count(*) from operation where state = 'proposed'`); n != 1 {
		t.Errorf("%d are still proposed, want one's own", n)
	}
	w.as(compliance).post("/operations/chosen", "act", "retry", "pick", ids[0]).want(t, http.StatusForbidden)
	file := c.get("/operations?state=verified&export=csv").want(t, http.StatusOK)
	if !strings.HasPrefix(file.header.Get("Content-Type"), "text/csv") || strings.Count(file.body, "\n") < 10 {
		t.Errorf("the file is %d bytes of %s", len(file.body), file.header.Get("Content-Type"))
	}
	c.get("/operations?person="+w.ref("1020")).want(t, http.StatusOK).says(t, "Person Nr1020")
	c.get("/operations?kind=nonsense").want(t, http.StatusBadRequest)
}
