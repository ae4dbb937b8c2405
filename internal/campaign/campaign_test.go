package campaign_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/errs"
)

// TestACampaignClosesWhenItsRemovalsAreVerified is the way of a review from the snapshot to the target and back.
func TestACampaignClosesWhenItsRemovalsAreVerified(t *testing.T) {
	o := newOffice(t)
	c := o.start()
	v := o.review(c, "Max")
	items := o.items(v)
	for name, want := range map[string]int{"Ada crm/edit": campaign.BitMembership, "Bob crm/edit": 0, "Ada bank/pay": 0} {
		if i := items[name]; i == nil || i.Kinds != want {
			t.Fatalf("%s: %+v, want kinds %d", name, i, want)
		}
	}
	if items["Ada crm/badge"] != nil {
		t.Error("what a rule gives alone is not for the manager to decide")
	}
	if err := o.sign("Max", v); errs.KindOf(err) != errs.KindConflict {
		t.Errorf("an undecided review was signed off: %v", err)
	}
	for name, outcome := range map[string]string{"Ada crm/edit": campaign.Remove, "Bob crm/edit": campaign.Remove, "Ada bank/pay": campaign.Keep} {
		if err := o.decide("Max", campaign.Answer{Review: v.ID, Items: []int64{items[name].ID}, Outcome: outcome, Comment: "not her work"}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	o.keepRest("Max", v)
	if err := o.sign("Max", v); err != nil {
		t.Fatal(err)
	}
	o.signAll(c)
	rs := o.removals(c)
	if len(rs) != 2 || rs["Ada crm/edit"].State != campaign.RemovalCarried || rs["Bob crm/edit"].OpState == "" {
		t.Fatalf("removals: %+v %+v", rs["Ada crm/edit"], rs["Bob crm/edit"])
	}
	if s := o.campaign(c).State; s != campaign.Closing {
		t.Fatalf("the campaign is %s", s)
	}
	o.gone("Ada", "crm/edit")
	if s := o.campaign(c).State; s != campaign.Closing {
		t.Fatalf("the campaign is %s with a removal that nobody saw", s)
	}
	o.gone("Bob", "crm/edit")
	if s := o.campaign(c).State; s != campaign.Closed {
		t.Fatalf("the campaign is %s", s)
	}
	o.system(func(tx *db.Tx) error {
		var found int
		err := tx.QueryRow(`select count(*) from reason where identity_id = $1 and entitlement_id = $2 and kind = 'found' and known_to = 'infinity' and valid_to = 'infinity'`, o.id["Ada"], o.ent["bank/pay"]).Scan(&found)
		if found != 1 {
			t.Errorf("what was kept without a reason has %d", found)
		}
		return err
	})
}

// TestLargeCampaignsStandApart lets a campaign with a partition of its own run to its end, and tries to put items past the count into it.
func TestLargeCampaignsStandApart(t *testing.T) {
	campaign.Apart(1, func() {
		TestACampaignClosesWhenItsRemovalsAreVerified(t)
		TestThePopulationIsProven(t)
		TestPreviewIsEffect(t)
		o := newOffice(t)
		small := o.start()
		table := fmt.Sprintf("campaign_item_%d", small.ID)
		var items, first int
		o.read(func(tx *db.Tx) error {
			return tx.QueryRow(`select count(*), min(id) from campaign_item where tableoid = $1::regclass`, table).Scan(&items, &first)
		})
		if c := o.campaign(small); items != c.Items || items == 0 || first != small.ID<<32 {
			t.Errorf("%d of %d items stand apart, from %d on", items, c.Items, first)
		}
		for _, into := range []string{table, "campaign_item_rest"} {
			err := o.as("Cora", func(tx *db.Tx) error {
				_, err := tx.Exec(`insert into ` + into + ` select id + 100000, identity_id, campaign_id, review_id, account_id, entitlement_id, stage, class, risk, rank, advice, peers, kinds, unit, since, last_used, conflicts, param from campaign_item limit 1`)
				return err
			})
			if err == nil || !strings.Contains(err.Error(), "permission denied") {
				t.Errorf("an item that nobody counts comes into %s: %v", into, err)
			}
		}
		c := &campaign.Campaign{Title: "Autumn", Settings: campaign.Defaults, Stages: []campaign.Stage{{By: campaign.ByManager}}}
		if err := o.as("Cora", func(tx *db.Tx) error {
			if err := o.Build(tx, c); err != nil {
				return err
			}
			_, err := tx.Exec(`select campaign_items_begin($1)`, c.ID)
			if err == nil {
				_, err = tx.Exec(`insert into campaign_item_` + strconv.Itoa(c.ID) + ` select ` + strconv.Itoa(c.ID<<32) + `, identity_id, campaign_id, review_id, account_id, entitlement_id, stage, class, risk, rank, advice, peers, kinds, unit, since, last_used, conflicts, param from campaign_item limit 1`)
			}
			if err == nil {
				_, err = tx.Exec(`select campaign_items_end($1)`, c.ID)
			}
			return err
		}); db.ConstraintName(err) != "change_has_its_event" {
			t.Errorf("items come in that no event knows: %v", err)
		}
	})
}

// TestThePopulationIsProven removes an item by hand, and adds one.
func TestThePopulationIsProven(t *testing.T) {
	o := newOffice(t)
	o.sql(`delete from identity_entry where identity_id = $1`, o.id["Ada"]) // as after a large file, until she is entered into the lists
	o.sql(`insert into identity_stale (identity_id) values ($1)`, o.id["Ada"])
	c := o.start()
	proof := func() (p *campaign.Proof) {
		o.read(func(tx *db.Tx) (err error) { p, err = campaign.Prove(tx, o.campaign(c)); return err })
		return p
	}
	if p := proof(); !p.Complete() || !p.Countable || p.Seen != p.Items || p.Items == 0 {
		t.Fatalf("%+v", p)
	}
	o.sql(`create table spare as select * from campaign_item where identity_id = $1 limit 1`, o.id["Bob"])
	o.sql(`delete from campaign_item where id in (select id from spare)`)
	if p := proof(); p.Complete() || len(p.Missing) != 1 || p.DigestHolds {
		t.Errorf("an item that was removed by hand is not found: %+v", p)
	}
	o.sql(`insert into campaign_item overriding system value select * from spare`)
	if p := proof(); !p.Complete() {
		t.Fatalf("%+v", p)
	}
	o.sql(`update spare set entitlement_id = $1`, o.ent["bank/enter"])
	o.sql(`insert into campaign_item overriding system value select id + 100000, identity_id, campaign_id, review_id, account_id, entitlement_id, stage, class, risk, rank, advice, peers, kinds, unit, since, last_used, conflicts, param from spare`)
	if p := proof(); p.Complete() || len(p.Added) != 1 {
		t.Errorf("an item that was added by hand is not found: %+v", p)
	}
}

// TestPreviewIsEffect starts what was previewed.
func TestPreviewIsEffect(t *testing.T) {
	o := newOffice(t)
	var p *campaign.Preview
	c := &campaign.Campaign{Title: "Spring", Settings: campaign.Defaults, Stages: []campaign.Stage{{By: campaign.ByManager}}}
	err := o.as("Cora", func(tx *db.Tx) (err error) {
		if err := o.Build(tx, c); err != nil {
			return err
		}
		p, err = o.Preview(tx, c.ID, o.id["Max"])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if s := o.campaign(c).State; s != campaign.Draft {
		t.Fatalf("the preview left a campaign that is %s", s)
	}
	var all []*campaign.Review
	err = o.as("Cora", func(tx *db.Tx) error {
		if c, err = o.Start(tx, c.ID); err != nil {
			return err
		}
		all, err = campaign.Reviews(tx, c.ID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	loads := campaign.Loads(all)
	if p.Items != c.Items || len(loads) != len(p.Reviewers) || len(p.Lines) == 0 {
		t.Fatalf("preview %+v, effect %d items and %d reviewers", p, c.Items, len(loads))
	}
	for n := range loads {
		if loads[n] != p.Reviewers[n] {
			t.Errorf("preview %+v, effect %+v", p.Reviewers[n], loads[n])
		}
	}
}

// TestTheBudgetHolds gives a manager more than one go can hold.
func TestTheBudgetHolds(t *testing.T) {
	o := newOffice(t)
	c := o.start(func(c *campaign.Campaign) { c.Settings.Budget, c.Settings.NoBatch = 2, true })
	total := 0
	o.read(func(tx *db.Tx) error {
		all, err := campaign.Reviews(tx, c.ID)
		for _, v := range all {
			total += v.Items
			if v.Load > 2 {
				t.Errorf("%s has to decide %d in wave %d", v.Name, v.Load, v.Wave)
			}
			if (v.Wave > 1) != (v.State == campaign.Waiting) {
				t.Errorf("wave %d is %s", v.Wave, v.State)
			}
		}
		return err
	})
	if total != c.Items {
		t.Errorf("%d items, %d in reviews", c.Items, total)
	}
	first := o.items(o.review(c, "Max"))
	for name, i := range first {
		if i.Risk < 2 && !strings.Contains(name, "edit") {
			t.Errorf("%s comes before what is risky", name)
		}
	}
	o.until(Monday.AddDate(0, 0, 8))
	n := 0
	o.read(func(tx *db.Tx) error {
		all, err := campaign.Mine(tx, o.id["Max"], nil)
		n = len(all)
		return err
	})
	if n != 2 {
		t.Errorf("after a week %d reviews of Max are open", n)
	}
}
