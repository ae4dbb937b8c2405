package web_test

import (
	"net/http"
	"strings"
	"testing"
)

const bothForbidden = "kind: SoDRule\nname: never both\nspec: {title: Never both, duties: [guard, book], reaction: refuse}\n"

// Somebody asks what a planned change would have made of the last days: a membership and a request would have been blocked, and the file says
// so, too.
func TestBacktestOfAChange(t *testing.T) {
	w := newWorld(t)
	it, c := w.as(itPerson), w.as(compliance)
	role := it.post("/policy/changes", "title", "Keepers keep books", "body", "kind: Role\nname: Keeper\nspec: {entitlements: [directory/vault, ledger/books]}\n").want(t, http.StatusSeeOther).to
	c.post(role+"/approve", "reason", "Agreed").want(t, http.StatusSeeOther)
	keeper := "/policy/roles/" + w.text(`select id::text from policy_object where kind = 'role' and name = 'Keeper'`)
	it.post(keeper+"/members", "person", "1031", "reason", "The =project").want(t, http.StatusSeeOther)
	w.declare(`{kind: Offer, name: archive, spec: {title: The archive, levels: [{name: in, entitlements: [directory/vault, ledger/books]}]}}
---
{kind: ApprovalRule, name: at once, spec: {order: 1, when: 'request["offer"] == "archive"', automatic: true}}
`)
	archive := w.text(`select id::text from policy_object where kind = 'offer' and name = 'archive'`)
	w.as(employee).post("/requests", "offer", archive, "level-"+archive, "in", "days", "5", "why", "The audit", "step", "send").want(t, http.StatusSeeOther)

	at := it.post("/policy/changes", "title", "Never both", "body", bothForbidden).want(t, http.StatusSeeOther).to
	it.get(at).want(t, http.StatusOK).says(t, "Replay the last days under this change")
	it.get(at+"/backtest").want(t, http.StatusOK).says(t, "Nothing was replayed yet")
	it.get(at+"/backtest/file").want(t, http.StatusNotFound)
	it.post(at+"/backtest", "days", "7").want(t, http.StatusBadRequest).says(t, "Choose how far back")
	w.as(auditor).post(at+"/backtest", "days", "30").want(t, http.StatusForbidden)
	task := it.post(at+"/backtest", "days", "30").want(t, http.StatusSeeOther).to
	it.get(task).want(t, http.StatusOK).says(t, "Open the result")

	page := w.as(auditor).get(at+"/backtest").want(t, http.StatusOK)
	page.says(t, "Made a member of Keeper")
	page.says(t, "the membership is refused by never both")
	page.says(t, "R-1 was granted: archive, in")
	page.says(t, "the request is refused by never both")
	if got := strings.TrimSpace(page.Find("#memberships tbody td").First().Text()); got != "2" {
		t.Errorf("%s memberships and requests would have been blocked, not 2", got)
	}
	if page.Find("form[action$='/backtest']").Length() != 0 {
		t.Error("the auditor is offered to replay")
	}
	file := it.get(at+"/backtest/file").want(t, http.StatusOK).body
	if !strings.Contains(file, ",member,Keeper,,") || !strings.Contains(file, `,request,,"R-1 archive, in",`) || !strings.Contains(file, ",never both,") {
		t.Errorf("the file says\n%s", file)
	}
	it.get(at).want(t, http.StatusOK).says(t, "blocked 1 membership and 1 request")
	c.post(at+"/reject", "reason", "Not yet").want(t, http.StatusSeeOther)
	it.post(at+"/backtest", "days", "30").want(t, http.StatusSeeOther) // what was rejected may still be asked about
	it.post(role+"/backtest", "days", "30").want(t, http.StatusConflict)
}
