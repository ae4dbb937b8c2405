package web_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"tenure/internal/policy"
)

const askingPolicy = `kind: Offer
name: books
spec:
  title: The books
  tasks: [Close the month]
  levels:
  - {name: read, title: Look at them, entitlements: [ledger/books]}
  - {name: keep, role: Keeper}
  for: department == "Sales"
  days: 30
  longest_days: 60
  emergency: {for: 'department == "IT"', hours: 2}
---
kind: ApprovalRule
name: conflicts
spec:
  title: Conflicts
  order: 1
  when: request["sod"] != ""
  steps:
  - {by: manager}
  - {by: group, group: "portal:compliance", quorum: 2, beside: true}
  - {by: wait, until: start}
---
kind: ApprovalRule
name: small
spec:
  order: 2
  when: request["risk"] == "low"
  automatic: true
`

// What can be asked for and who decides is shown with the policy, has versions, and is written at the workbench: what the form does not
// show stands in the document, and is said to.
func TestOffersAndApprovalRulesAreWritten(t *testing.T) {
	w := newWorld(t)
	c := w.as(compliance)
	c.get("/policy?tab=asking").want(t, http.StatusOK).says(t, "Nothing can be asked for yet")
	w.plan("What can be asked for", askingPolicy)
	p := c.get("/policy?tab=asking").want(t, http.StatusOK)
	for _, says := range []string{"Look at them: ledger/books", "keep: role Keeper", `department == "Sales"`, "30 days, at most 60 days", "In an emergency at once, for 2 hours",
		"together with it: 2 of compliance", "nobody: it waits until it is to begin", "nobody: it is granted at once"} {
		p.says(t, says)
	}
	for name, only := range map[string]string{"books": "In the document only: In an emergency and Levels, and what each gives.", "conflicts": "In the document only: Steps, and who is asked in each.",
		"small": "In the document only: Granted at once."} {
		id := w.number(`select id from policy_object where name = $1`, name)
		p := c.get("/policy/edit/"+strconv.Itoa(id)).want(t, http.StatusOK)
		p.says(t, only)
		was := p.document()
		p = c.post(bench, sends(p, "do", "effect")...).want(t, http.StatusOK)
		p.says(t, "The document says what is declared already")
		if p.document() != was {
			t.Errorf("drawn anew it is\n%s, and was\n%s", p.document(), was)
		}
		p = c.post(bench, sends(p, "spec.title", "Another", "do", "effect")...).want(t, http.StatusOK)
		if !strings.Contains(p.document(), "title: Another\n") || p.Find(".t-figures").Length() != 1 {
			t.Errorf("%s is not changed:\n%s", name, p.document())
		}
		c.get(fmt.Sprintf("/policy/objects/%d/versions", id)).want(t, http.StatusOK).says(t, "declared as "+name)
	}
	sales := w.number(`select count(distinct v.identity_id) from employment_version v join identity i on i.id = v.identity_id where v.known_to = 'infinity' and v.attrs->>'department' = 'Sales' and i.state = 'active'`)
	c.get("/policy/edit/"+strconv.Itoa(w.number(`select id from policy_object where kind = 'offer'`))).want(t, http.StatusOK).says(t, "It means "+strconv.Itoa(sales)+" people now")

	p = c.get("/policy/new?kind="+policy.KindOffer).want(t, http.StatusOK)
	p.says(t, "In the document only: Levels, and what each gives.")
	if p.Find(`datalist#all-tasks option[value="Close the month"]`).Length() != 1 {
		t.Error("the tasks there are are not suggested")
	}
	p = c.post("/policy/new", sends(p, "name", "new", "spec.days", "400", "change", "X")...).want(t, http.StatusBadRequest)
	p.says(t, "must give either a role or entitlements")
	if got := p.Find(`[id="f-spec.days"]`).Closest(".t-field").Find(".t-fault").Text(); !strings.Contains(got, "from 1 to longest_days, 365") {
		t.Errorf("the days say %q", got)
	}
	p = c.get("/policy/new?kind="+policy.KindApproval).want(t, http.StatusOK)
	p.says(t, "In the document only: Steps, and who is asked in each.")
	c.post("/policy/new", sends(p, "name", "high", "change", "Who decides about what is dear")...).want(t, http.StatusSeeOther)
	if n := w.number(`select count(*) from change_set where state = 'planned'`); n != 1 {
		t.Errorf("%d changes are planned", n)
	}
	if p := c.get("/policy?tab=versions").want(t, http.StatusOK); !strings.Contains(p.Text(), "1 offer and 2 approval rules") {
		t.Error("the version does not say what it brought")
	}
	trials(t, w)
}
