package web_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"tenure/internal/campaign"
)

// Compliance asks what roles are; who owns them confirms one and asks for a change of another, and sees next time what is different.
func TestOwnersConfirmWhatRolesAre(t *testing.T) {
	w := newWorld(t)
	w.as(compliance).post("/campaigns", campaignOf("Roles", "by1", "manager", "only", "definitions")...).want(t, http.StatusBadRequest).says(t, "must be role_owner, named or compliance")
	w.as(compliance).post("/campaigns", campaignOf("Roles", "by1", "role_owner", "only", "definitions", "dormant", "30")...).want(t, http.StatusBadRequest).says(t, "nothing else can be said of them")
	at := w.built("Roles", "by1", "role_owner", "only", "definitions", "budget", "40")
	draft := w.as(compliance).get(at).want(t, http.StatusOK)
	draft.says(t, "What all roles are: their contents, rules and descriptions.")
	c := w.campaign(func(c *campaign.Campaign) {
		c.Title, c.Scope, c.Stages = "What our roles are", campaign.Scope{Definitions: true}, []campaign.Stage{{By: campaign.ByRoleOwner}}
	})
	who := w.text(`select i.number from campaign_review v join identity i on i.id = v.reviewer_id where v.campaign_id = $1 and v.state = 'open' order by v.items desc, v.id limit 1`, c.ID)
	m, review := w.as(who), w.reviewOf(c, who)
	p := m.get(review+"?view=flat").want(t, http.StatusOK)
	p.says(t, "Never confirmed before")
	p.says(t, "Confirm")
	rows := p.Find("tr[data-row] input[data-pick]")
	for i := range rows.Length() {
		id, _ := rows.Eq(i).Attr("value")
		m.get("/reviews/items/"+id).want(t, http.StatusOK).says(t, "Who has it")
		m.post(review+"/decide", "items", id, "outcome", "remove", "comment", "x").want(t, http.StatusBadRequest)
		if i == 0 {
			m.get(review+"/decide?outcome=change&items="+id).want(t, http.StatusOK).says(t, "Whoever runs the campaign is asked to change it")
			m.post(review+"/decide", "items", id, "outcome", "change").want(t, http.StatusBadRequest).says(t, "is required: why")
			m.post(review+"/decide", "items", id, "outcome", "change", "comment", "Say what it is for").want(t, http.StatusSeeOther)
			continue
		}
		m.post(review+"/decide", "items", id, "outcome", "keep").want(t, http.StatusSeeOther)
	}
	sign := m.get(review+"/sign").want(t, http.StatusOK)
	m.post(review+"/sign", "version", version(sign)).want(t, http.StatusSeeOther)
	w.as(compliance).get("/reviews").want(t, http.StatusOK).says(t, "The role “")
	report := w.as(compliance).get("/campaigns/"+c.PublicID+"/results").want(t, http.StatusOK)
	for _, text := range []string{"What roles are", "not confirmed", "Never confirmed before", "Counted once more", "Roles"} {
		report.says(t, text)
	}
	if file := w.as(compliance).get("/campaigns/"+c.PublicID+"/results.csv").want(t, http.StatusOK).body; strings.Count(file, "The role “") != c.Items || !strings.Contains(file, ",change,,") {
		t.Errorf("the file is %s", file)
	}
	w.as(compliance).get("/campaigns/"+c.PublicID).want(t, http.StatusOK).says(t, "The role “")
	sheet := w.as(auditor).get("/evidence/sheets/i"+strconv.Itoa(w.number(`select min(id) from campaign_item where campaign_id = $1`, c.ID))).want(t, http.StatusOK)
	sheet.says(t, "Digest of the definition")
}
