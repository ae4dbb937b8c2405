package web_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/lifecycle"
)

// A line and the page of an item say what an account costs as it was stated at the snapshot, and how many peers hold it; the report sums what
// the accounts cost whose login goes, each once, and nothing for an entitlement that is taken away alone.
func TestAReviewSaysWhatAnAccountCosts(t *testing.T) {
	w := newWorld(t)
	w.must(beside(w, `update application set licence_cost_cents = 1250, licence_currency = 'EUR' where name = 'directory'`))
	for _, n := range []string{"1030", "1031"} {
		w.outOfBand("directory", "vault", n)
	}
	w.read("directory")
	rare := func(n int, made string) {
		w.must(beside(w, fmt.Sprintf(`with m as (insert into mining_run (made_at, made_by, without_rules, people, entitlements, pairs, roles, judged) select %s, min(id), false, 1, 1, 1, 0, 1 from actor returning id)
			insert into mining_outlier select m.id, %d, (select id from identity where number = '1030'), (select id from entitlement where name = 'vault'), '{"Holders": 2, "Peers": 31}' from m`, made, n)))
	}
	rare(7, "now() - interval '1 day'")
	vault := w.number(`select id from entitlement where name = 'vault'`)
	login := w.number(`select e.id from entitlement e join application a on a.id = e.application_id where a.name = 'directory' and e.kind = 'account'`)
	start := func(what int) *campaign.Campaign {
		return w.campaign(func(c *campaign.Campaign) {
			c.Scope.People, c.Scope.Entitlements, c.Settings.NoBatch, c.Settings.Comment = w.only("1030", "1031"), []int{what}, true, "never"
		})
	}
	c, of := start(vault), start(login)
	w.must(beside(w, `update application set licence_cost_cents = 9900 where name = 'directory'`))
	at, item := w.reviewOf(c, manager), w.item(c, "1030", "vault")
	id, err := strconv.Atoi(item)
	w.must(err)
	held := w.number(`select round(x.peers * p.peers / 100.0)::int from campaign_item x join campaign_person p using (campaign_id, identity_id) where x.id = $1`, id)
	all := w.number(`select p.peers from campaign_item x join campaign_person p using (campaign_id, identity_id) where x.id = $1`, id)
	m := w.as(manager)
	rare(8, "now() + interval '1 hour'") // after the snapshot
	m.get("/reviews/items/"+item).want(t, http.StatusOK).says(t, "An outlier, number 7 of the rarest: 2 of 31 peers held it on ")
	for _, path := range []string{at, "/reviews/items/" + item} {
		p := m.get(path).want(t, http.StatusOK)
		p.says(t, "An account costs 12.50 EUR a month")
		p.says(t, fmt.Sprintf("%d of %d peers hold it", held, all))
	}
	reader := w.as(compliance)
	for n, c := range []*campaign.Campaign{c, of} { // the vault alone, then a login
		w.removesFirst(c)
		text := reader.get("/campaigns/"+c.PublicID+"/results").want(t, http.StatusOK).Find("main").Text()
		if is := strings.Contains(text, "12.50 EUR") && strings.Contains(text, "1 account goes"); is != (n == 1) {
			t.Errorf("with %d logins removed the report says %v: %s", n, is, text)
		}
	}
}

// removesFirst removes the first item of a campaign, keeps the rest, and signs all of it off.
func (w *world) removesFirst(c *campaign.Campaign) {
	w.t.Helper()
	first := w.number(`select min(id) from campaign_item where campaign_id = $1`, c.ID)
	rows := w.number(`select max(id) from campaign_item where campaign_id = $1`, c.ID)
	w.in(manager, func(tx *db.Tx) error {
		id := w.number(`select id from campaign_review where campaign_id = $1 and state = 'open'`, c.ID)
		for item := first; item <= rows; item++ {
			outcome := campaign.Keep
			if item == first {
				outcome = campaign.Remove
			}
			if _, err := lifecycle.Campaigns.Decide(tx, campaign.Answer{Review: id, Items: []int64{int64(item)}, Outcome: outcome}); err != nil {
				return err
			}
		}
		_, err := lifecycle.Campaigns.SignOff(tx, id, 0)
		return err
	})
}
