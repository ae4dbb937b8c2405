package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// financiers are all people of Finance in the tests' company.
var financiers = []string{"1015", "1022", "1029", "1036", "1043", "1050", "1057"}

// plant has all of Finance, and one seller in part, hold groups of the directory that no rule gives.
func (w *world) plant() {
	w.t.Helper()
	for _, group := range []string{"close", "tax", "bank"} {
		w.post("directory", group)
		for _, number := range financiers {
			w.outOfBand("directory", group, number)
		}
	}
	w.outOfBand("directory", "bank", "1031")
	w.read("directory")
}

// look has somebody look for roles and gives the address of what was found.
func (c *client) look(pairs ...string) string {
	c.w.t.Helper()
	at := c.post("/policy/mining", pairs...).want(c.w.t, http.StatusSeeOther).to
	to, ok := c.get(at).want(c.w.t, http.StatusOK).Find(`main a[href^="/policy/mining/"]`).Attr("href")
	if !ok {
		c.w.t.Fatalf("the task at %s leads to no result", at)
	}
	return to
}

// A group of people who hold the same without a rule is found, planned as a role with a rule, approved by somebody else, and then held by
// that rule; nobody else gets anything.
func TestAMinedRoleIsPlannedAndApproved(t *testing.T) {
	w := newWorld(t)
	it, c := w.as(itPerson), w.as(compliance)
	it.get("/policy/mining").want(t, http.StatusOK).says(t, "Nobody has looked for roles yet")
	w.as(auditor).post("/policy/mining", "where", "everybody").want(t, http.StatusForbidden)
	it.post("/policy/mining", "where", "department:Nowhere").want(t, http.StatusBadRequest).says(t, "There is no such department or application")
	w.plant()
	given := w.number(`select count(*) from reason where known_to = 'infinity' and valid_to > now()`)
	at := it.look("where", "everybody", "without", "on")
	if n := w.number(`select pairs from mining_run`); n != 22 {
		t.Errorf("%d grants were looked in, not the 22 that no rule gives", n)
	}
	page := it.get(at).want(t, http.StatusOK)
	for _, words := range []string{"Finance", "close (Company directory)", "tax (Company directory)", `department == "Finance"`, "The rule finds exactly the members", "nobody"} {
		page.says(t, words)
	}
	page = it.get(at+"?take=1").want(t, http.StatusOK)
	page.says(t, "21 → 1")
	page.says(t, "Nobody would get anything new")
	w.as(auditor).get(at+"?take=1").want(t, http.StatusOK).says(t, "Nobody would get anything new")
	if n := w.as(auditor).get(at + "?take=1").Find(`main a[href*="mining="]`).Length(); n != 0 {
		t.Error("who may not plan a change is offered to")
	}
	it.get(at+"?take=99").want(t, http.StatusBadRequest)
	it.get(at+"?take=x").want(t, http.StatusBadRequest)
	plan, _ := page.Find(`main a[href*="mining="]`).Attr("href")
	form := it.get(plan).want(t, http.StatusOK)
	body := form.Find("textarea[name=body]").Text()
	title, _ := form.Find("input[name=title]").Attr("value")
	for _, words := range []string{"kind: Role", "kind: BirthrightRule", "directory/close", itPerson} {
		if !strings.Contains(body, words) {
			t.Errorf("the change does not say %q:\n%s", words, body)
		}
	}
	change := it.post("/policy/changes", "title", title, "body", body).want(t, http.StatusSeeOther).to
	if n := w.number(`select count(*) from reason where known_to = 'infinity' and valid_to > now()`); n != given {
		t.Error("planning gave somebody something")
	}
	it.post(change+"/approve", "reason", "Mine").want(t, http.StatusForbidden)
	c.post(change+"/approve", "reason", "It is what Finance does").want(t, http.StatusSeeOther)
	held := `select count(*) from reason r join entitlement e on e.id = r.entitlement_id join identity i on i.id = r.identity_id join policy_object o on o.id = r.via
		where r.known_to = 'infinity' and r.kind = 'birthright' and e.name in ('close', 'tax', 'bank') and o.name = 'Finance'`
	if n := w.number(held + fmt.Sprintf(` and i.number in ('%s')`, strings.Join(financiers, "', '"))); n != 21 {
		t.Errorf("%d grants of Finance follow from the role, not 21", n)
	}
	if n := w.number(held); n != 21 {
		t.Errorf("%d grants follow from the role, not 21", n)
	}
	// What a rule gives now is nothing to look for.
	again := it.look("where", "department:Finance", "without", "on")
	it.get(again).want(t, http.StatusOK).says(t, "No role would say it shorter")
	it.get(it.look("where", "application:ledger")).want(t, http.StatusOK).says(t, "Access in Ledger")
	for range 11 {
		it.look("where", "department:Finance", "without", "on")
	}
	if n := w.number(`select count(*) from mining_run`); n != 10 {
		t.Errorf("%d looks are kept, not the last 10", n)
	}
	it.get(at).want(t, http.StatusNotFound)
	it.get("/policy/changes/new?"+url.Values{"mining": {"999999"}, "take": {"1"}}.Encode()).want(t, http.StatusNotFound)
}

// Access that a person's peers do not have is listed with the reason, for as long as it is held, and filtered by application.
func TestUnusualAccess(t *testing.T) {
	w := newWorld(t)
	w.as(auditor).get("/policy/outliers").want(t, http.StatusOK).says(t, "Nobody has compared people with their peers yet")
	w.plant()
	w.as(itPerson).look("where", "application:ledger") // peers are compared in everything
	c := w.as(auditor)
	list := c.get("/policy/outliers").want(t, http.StatusOK)
	row := list.Find("table tbody tr").FilterFunction(func(_ int, s *goquery.Selection) bool { return strings.Contains(s.Text(), "Nr1031") })
	text := strings.Join(strings.Fields(row.Text()), " ")
	for _, words := range []string{"bank", "Company directory", "Nobody else of the", "in Sales", "with the title Seller", "seen in the application, without a reason"} {
		if !strings.Contains(text, words) {
			t.Errorf("the line of who holds it alone does not say %q: %s", words, text)
		}
	}
	for _, number := range financiers {
		if strings.Contains(list.Find("table").Text(), "Nr"+number) {
			t.Errorf("%s holds what all of Finance holds, and is unusual", number)
		}
	}
	if to, _ := row.Find("th a").Attr("href"); to != "/people/"+w.ref("1031") {
		t.Errorf("the line leads to %s", to)
	}
	c.get("/policy/outliers?application=directory").want(t, http.StatusOK).says(t, "Nr1031")
	c.get("/policy/outliers?application=ledger").want(t, http.StatusOK).says(t, "Nothing matches")
	c.get("/policy/outliers?application=nowhere").want(t, http.StatusBadRequest)
	if body := c.get("/policy/outliers?export=csv").want(t, http.StatusOK).body; !strings.Contains(body, "Nr1031") || !strings.Contains(body, "bank (Company directory)") {
		t.Errorf("the file has not what the list has: %s", body)
	}
	w.number(`with gone as (update observed o set seen_to = 1 from account_link l, identity i where l.account_id = o.account_id and i.id = l.identity_id and i.number = '1031' returning 1) select count(*) from gone`)
	c.get("/policy/outliers?application=directory").want(t, http.StatusOK).says(t, "not held any more")
}
