package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const draftTrial = `kind: ApprovalRule
name: careful
spec:
  title: Two for the books
  order: 0
  when: request["offer"] == "books" && request["days"] > "030"
  steps:
  - {by: group, group: "portal:compliance"}
`

// trial asks who would approve something.
func (c *client) trial(pairs ...string) page {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return c.get("/policy/approvals/trial?" + q.Encode())
}

// "Who would approve this for her?" is answered with the rule, why those before do not hold, who is asked and who instead; under a planned
// change as well. It writes nothing, and only who may see everybody and the policy is answered.
func trials(t *testing.T, w *world) {
	c, before := w.as(compliance), w.rowsOf()
	page := c.trial("for", employee, "what", "books").want(t, http.StatusOK)
	for _, says := range []string{"Who would approve “The books, Look at them” for Person Nr1060", "The rule “small” decides: it is granted at once, and nobody is asked.",
		`Request["sod"] is missing, the rule wants something other than "".`} {
		page.says(t, says)
	}
	if n := page.Find("#rules tbody tr").Length(); n != 2 {
		t.Errorf("%d rules are told of, want those up to the one that decides", n)
	}
	page = c.trial("for", employee, "what", "the BOOKS", "by", manager, "days", "60", "level", "keep").want(t, http.StatusOK)
	page.says(t, "Asked by")
	if got := page.Find("#f-level option[selected]").AttrOr("value", ""); got != "keep" {
		t.Errorf("the level is %q", got)
	}
	page = c.trial("for", employee, "what", "ledger/books", "act", "grant").want(t, http.StatusOK)
	page.says(t, "Who would approve “")
	c.trial("for", "Nobody at all", "what", "moon").want(t, http.StatusBadRequest).says(t, "This is the name of no offer, no role, and no entitlement.")
	c.trial("for", employee, "what", "books", "days", "400").want(t, http.StatusOK).says(t, "Days must be from 1 to 60.")
	if tables := changed(before, w.rowsOf()); len(tables) > 0 {
		t.Errorf("looking changed %v", tables)
	}
	c.get("/catalogue").want(t, http.StatusOK).says(t, "Who would approve this?")
	if p := w.as(employee).get("/catalogue").want(t, http.StatusOK); strings.Contains(p.Text(), "Who would approve this?") {
		t.Error("whoever may not look is shown where")
	}
	w.underADraft(t)
}

// underADraft asks the same of a change that is only planned: what it would make of the answer, and nothing of it stays.
func (w *world) underADraft(t *testing.T) {
	t.Helper()
	at := w.as(itPerson).post("/policy/changes", "title", "More care", "body", draftTrial).want(t, http.StatusSeeOther).to
	id := at[strings.LastIndex(at, "/")+1:]
	c, before := w.as(compliance), w.rowsOf()
	page := c.trial("for", employee, "what", "books", "days", "60", "change", id).want(t, http.StatusOK)
	page.says(t, "The rule “Two for the books” decides: it is the first that holds.")
	if got := page.Find("#steps tbody tr").Text(); !strings.Contains(got, "Person Nr1003") || !strings.Contains(got, "16 hours of working time") {
		t.Errorf("the steps are %q", got)
	}
	if page.Find("#rules a").Length() != 0 {
		t.Error("a rule that is only planned has a page")
	}
	if p := c.trial("for", employee, "what", "books", "days", "60").want(t, http.StatusOK); strings.Contains(p.Text(), "Two for the books") {
		t.Error("the draft decides beyond its trial")
	}
	if tables := changed(before, w.rowsOf()); len(tables) > 0 {
		t.Errorf("the trial of a draft changed %v", tables)
	}
	w.as(auditor).trial("for", employee, "what", "books", "change", id).want(t, http.StatusNotFound)
	w.as(compliance).post(at+"/reject", "reason", "A trial").want(t, http.StatusSeeOther)
	c.trial("for", employee, "what", "books", "change", id).want(t, http.StatusConflict)
}

// apiTrials is the same for programs.
func apiTrials(t *testing.T, w *world) {
	c := w.program(compliance, "read")
	var got struct {
		Rule  string
		Rules []struct{ Name string }
		Item  struct {
			Steps []struct {
				By      string
				Holders []struct{ ID string }
			}
		}
		Fallbacks []struct {
			FoundAs string `json:"found_as"`
			Next    []struct{ ID string }
		}
		Problems []struct{ Field string }
	}
	at := "/api/v1/approval-rules/trial?for=" + w.ref(employee)
	c.json(http.MethodGet, at+"&offer=books&level=keep", "").answer(t, http.StatusOK, &got)
	if got.Rule != "all" || len(got.Item.Steps) != 1 || got.Item.Steps[0].Holders[0].ID != w.ref(manager) || got.Fallbacks[0].FoundAs != "manager" || got.Fallbacks[0].Next[0].ID != w.ref(compliance) || len(got.Problems) != 0 {
		t.Errorf("%+v", got)
	}
	c.json(http.MethodGet, at+"&offer=locked", "").answer(t, http.StatusOK, &got)
	if len(got.Problems) != 1 || got.Problems[0].Field != "wishes[0].offer" {
		t.Errorf("what is not offered to her: %+v", got.Problems)
	}
	c.json(http.MethodGet, at+"&entitlement=ledger/books", "").answer(t, http.StatusOK, &got)
	c.json(http.MethodGet, at+"&offer=moon", "").problem(t, http.StatusNotFound, "not_found")
	w.program(employee, "read").json(http.MethodGet, at+"&offer=books", "").problem(t, http.StatusForbidden, "forbidden")
}
