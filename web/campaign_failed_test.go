package web_test

import (
	"net/http"
	"strings"
	"testing"

	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/lifecycle"
)

// The page of a campaign, its report and its file say who has to look at a removal whose operation failed: the owner of the application, with a
// way to them, and IT where they are terminated. Of a removal that did not fail they say nothing.
func TestACampaignNamesWhoLooksAtWhatFailed(t *testing.T) {
	w := newWorld(t)
	w.outOfBand("directory", "vault", "1032")
	w.read("directory")
	c := w.campaign(func(c *campaign.Campaign) {
		c.Scope.People, c.Scope.Entitlements, c.Settings.Comment = w.only("1032"), []int{w.number(`select id from entitlement where name = 'vault'`)}, "never"
	})
	at, reader := "/campaigns/"+c.PublicID, w.as(compliance)
	line := func() string {
		lines := strings.Split(strings.TrimSpace(reader.get(at+"/results.csv").want(t, http.StatusOK).body), "\n")
		return strings.TrimSpace(lines[len(lines)-1])
	}
	w.refuses.Store(true)
	w.in(manager, func(tx *db.Tx) error {
		id := w.number(`select id from campaign_review where campaign_id = $1`, c.ID)
		if _, err := lifecycle.Campaigns.Decide(tx, campaign.Answer{Review: id, Items: []int64{int64(w.number(`select id from campaign_item where campaign_id = $1`, c.ID))}, Outcome: campaign.Remove}); err != nil {
			return err
		}
		_, err := lifecycle.Campaigns.SignOff(tx, id, 0)
		return err
	})
	if text := reader.get(at).want(t, http.StatusOK).Find("main").Text(); strings.Contains(text, "has to look") || !strings.HasSuffix(line(), ",") {
		t.Errorf("before anything failed the page says %q, the file %q", text, line())
	}
	w.carry()
	name, to := w.text(`select i.name from application a join identity i on i.id = a.owner_id where a.name = 'directory'`), w.text(`select i.public_id::text from application a join identity i on i.id = a.owner_id where a.name = 'directory'`)
	for _, path := range []string{at, at + "/results"} {
		p := reader.get(path).want(t, http.StatusOK)
		if a := p.Find(`main a[href="/people/` + to + `"]`); a.Length() != 1 || a.Text() != name+" has to look" {
			t.Errorf("on %s %d links say %q", path, a.Length(), a.Text())
		}
	}
	if !strings.HasSuffix(line(), ","+name) {
		t.Errorf("the file says %q", line())
	}
	w.must(beside(w, `update identity set locked_at = now() where id = (select owner_id from application where name = 'directory')`))
	for _, path := range []string{at, at + "/results"} {
		reader.get(path).want(t, http.StatusOK).says(t, "IT has to look")
	}
	if !strings.HasSuffix(line(), ",IT") {
		t.Errorf("without their owner the file says %q", line())
	}
}
