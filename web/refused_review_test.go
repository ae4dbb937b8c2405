package web_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"tenure/internal/campaign"
	"tenure/internal/connector/scim/scimtest"
	"tenure/internal/db"
	"tenure/internal/lifecycle"
	"tenure/internal/request"
)

// What is decided in a review, about an account of nobody, of a planned change, and in an emergency does not happen without its event either.
func TestNoReviewWithoutItsEvent(t *testing.T) {
	w := newWorld(t)
	w.declare(`{kind: Offer, name: safe, spec: {title: The safe, levels: [{name: in, entitlements: [directory/vault]}], for: 'department == "Nobody"', emergency: {for: 'title == "Seller"', hours: 2}}}`)
	for _, n := range []string{"1030", "1031"} {
		w.outOfBand("directory", "vault", n)
	}
	res, err := http.Post(w.targets["ledger"].URL+scimtest.Prefix+"/Users", "application/scim+json", strings.NewReader(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"person.nr1030","active":true}`))
	w.must(err)
	w.must(res.Body.Close())
	w.read("directory")
	w.read("ledger")
	c := w.campaign(func(c *campaign.Campaign) { c.Scope.People, c.Settings.NoBatch = w.only("1030", "1031"), true })
	m, it, compliant, at := w.as(manager), w.as(itPerson), w.as(compliance), w.reviewOf(c, manager)
	set := it.post("/policy/changes", "title", "Sellers keep the books", "body", vaultOnly).want(t, http.StatusSeeOther).to
	orphan := strconv.Itoa(w.number(`select a.id from account a join application p on p.id = a.application_id where p.name = 'ledger' and a.name = 'person.nr1030' and not exists (select from account_link l where l.account_id = a.id)`))
	vault := w.item(c, "1030", "vault")
	w.refusesEach([]decided{
		{"change_set.applied", func() int { return compliant.post(set+"/approve", "reason", "Agreed").status }, nil},
		{"campaign.decided", func() int {
			return m.post(at+"/decide", "items", vault, "outcome", "remove", "comment", "Moved on").status
		}, nil},
		{"campaign.undone", func() int { return m.post(at+"/undo", "items", vault).status }, nil},
		{"campaign.signed", func() int { return m.post(at+"/sign", "version", version(m.get(at+"/sign"))).status }, func() {
			rows := m.get(at + "?view=flat").Find("tr[data-row] input[data-pick]")
			for i := range rows.Length() {
				id, _ := rows.Eq(i).Attr("value")
				m.post(at+"/decide", "items", id, "outcome", "keep").want(t, http.StatusSeeOther)
			}
		}},
		{"account.claimed", func() int {
			return it.post("/applications/ledger/orphans/"+orphan+"/claim", "person", "1030", "reason", "she told me").status
		}, nil},
		{"request.asked", func() int { return w.emergency(employee) }, nil},
	})
}

// emergency takes emergency access for somebody, and gives the status that the portal would answer.
func (w *world) emergency(number string) int {
	who, name := w.number(`select id from identity where number = $1`, number), w.text(`select name from identity where number = $1`, number)
	offer := w.number(`select id from policy_object where name = 'safe'`)
	if err := w.app.DB.Do(w.t.Context(), db.System, func(tx *db.Tx) error {
		actor, err := tx.ActorOf(who, "person", name)
		if err != nil {
			return err
		}
		tx.Actor = actor
		_, err = lifecycle.Requests.Submit(tx, &request.Ask{For: who, Why: "The safe is open", Via: "page", Proven: true, Wishes: []request.Wish{{Act: request.Emergency, Offer: offer}}})
		return err
	}); err != nil {
		return http.StatusInternalServerError
	}
	return http.StatusSeeOther
}
