package campaign_test

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
)

// shortRace is how many rounds the tests run; make races runs 200.
const shortRace = 4

// TestNoItemIsLost lets, at the same instant, the reviewer give the last decision and sign off, the time of the review be over, and the
// reviewer leave. Whatever is first: every item is decided once and for good or asked of somebody who is here, and what was signed off to be
// removed is being removed.
func TestNoItemIsLost(t *testing.T) {
	rounds := shortRace
	if n, err := strconv.Atoi(os.Getenv("TENURE_RACES")); err == nil && n > 0 {
		rounds = min(n, 200)
	}
	o := newOffice(t)
	ended := map[string]int{}
	rules := []string{campaign.LeaveOpen, campaign.KeepSilent, campaign.CloseRemove}
	for round := range rounds {
		c := o.start(func(c *campaign.Campaign) {
			c.Settings.Unanswered, c.Settings.NoBatch, c.Settings.Sample = rules[round%3], true, 20*(round%2)
			c.Scope.Applications = nil
		})
		v := o.review(c, "Max")
		items := o.items(v)
		last := items["Bob crm/read"]
		if last == nil {
			t.Fatalf("round %d: %d items", round, len(items))
		}
		for _, i := range items {
			if i.ID != last.ID {
				if err := o.decide("Max", campaign.Answer{Review: v.ID, Items: []int64{i.ID}, Outcome: campaign.Keep}); err != nil {
					t.Fatal(err)
				}
			}
		}
		acts := map[string]func() error{
			"decided": func() error {
				if err := o.decide("Max", campaign.Answer{Review: v.ID, Items: []int64{last.ID}, Outcome: campaign.Remove, Comment: "x"}); err != nil {
					return err
				}
				return o.sign("Max", v)
			},
			"over": func() error {
				return o.d.Do(t.Context(), db.System, func(tx *db.Tx) error { _, err := lifecycle.RunDue(tx, v.DueAt); return err })
			},
			"left": func() error {
				return o.as("Root", func(tx *db.Tx) error { _, err := lifecycle.Terminate(tx, o.id["Max"], "fraud"); return err })
			},
		}
		if round%2 == 0 {
			delete(acts, []string{"left", "over"}[round/2%2])
		}
		var all sync.WaitGroup
		var mu sync.Mutex
		for name, act := range acts {
			all.Go(func() {
				err := act()
				mu.Lock()
				defer mu.Unlock()
				switch errs.KindOf(err) {
				case errs.KindConflict, errs.KindForbidden, errs.KindNotFound:
					ended[name+" too late"]++
				default:
					if err != nil {
						t.Errorf("round %d, %s: %v", round, name, err)
					}
					ended[name]++
				}
			})
		}
		all.Wait()
		o.whole(round, c)
		o.reinstate("Max")
		if t.Failed() {
			return
		}
	}
	t.Logf("%d rounds: %v", rounds, ended)
}

// whole holds what must be true of a campaign at any time.
func (o *office) whole(round int, c *campaign.Campaign) {
	o.t.Helper()
	o.read(func(tx *db.Tx) error {
		now, err := campaign.Find(tx, c.ID)
		if err != nil {
			return err
		}
		proof, err := campaign.Prove(tx, now)
		if err != nil {
			return err
		}
		if !proof.DigestHolds || proof.Items != c.Items {
			o.t.Errorf("round %d: %+v", round, proof)
		}
		for what, sql := range map[string]string{
			"items asked of nobody":                   `select count(*) from campaign_item i join campaign_review v on v.id = i.review_id where i.campaign_id = $1 and v.state = 'passed_on'`,
			"items of a signed review without a word": `select count(*) from campaign_item i join campaign_review v on v.id = i.review_id where i.campaign_id = $1 and v.state = 'signed' and not exists (select from campaign_decision d where d.item_id = i.id and d.stage = i.stage and d.signed_at is not null)`,
			"open reviews of people who left":         `select count(*) from campaign_review v join identity i on i.id = v.reviewer_id where v.campaign_id = $1 and v.state in ('open', 'waiting') and (i.state = 'left' or i.locked_at is not null)`,
			"drafts in closed reviews":                `select count(*) from campaign_decision d join campaign_review v on v.id = d.review_id where v.campaign_id = $1 and v.state in ('signed', 'passed_on') and d.signed_at is null`,
			"removals that nobody began":              `select count(*) from campaign_decision d join campaign_item i on i.id = d.item_id where i.campaign_id = $1 and d.signed_at is not null and d.outcome = 'remove' and not exists (select from campaign_removal r where r.item_id = i.id)`,
			"removals that nobody decided":            `select count(*) from campaign_removal r where r.campaign_id = $1 and not exists (select from campaign_decision d where d.item_id = r.item_id and d.signed_at is not null and d.outcome <> 'keep')`,
			"reviews whose count is wrong":            `select count(*) from campaign_review v where v.campaign_id = $1 and v.state in ('open', 'waiting') and v.items <> (select count(*) from campaign_item i where i.review_id = v.id)`,
		} {
			var n int
			if err := tx.QueryRow(sql, c.ID).Scan(&n); err != nil {
				return err
			}
			if n > 0 {
				o.t.Errorf("round %d: %d %s", round, n, what)
			}
		}
		var open int
		err = tx.QueryRow(`select count(*) from campaign_review where campaign_id = $1 and state in ('open', 'waiting')`, c.ID).Scan(&open)
		if (open > 0) != (now.State == campaign.Open) {
			o.t.Errorf("round %d: %d reviews are open and the campaign is %s", round, open, now.State)
		}
		return err
	})
}

// reinstate takes a termination back, and lets Bob hold again what he held.
func (o *office) reinstate(who string) {
	o.t.Helper()
	err := o.as("Carl", func(tx *db.Tx) error {
		p, err := identity.People(tx, []int{o.id[who]})
		if err != nil || !p[o.id[who]].Locked() {
			return err
		}
		_, err = lifecycle.Reinstate(tx, o.id[who], "a mistake")
		return err
	})
	if err != nil && !strings.Contains(err.Error(), "not terminated") {
		o.t.Fatal(err)
	}
}

// TestAFailedRemovalKeepsTheCampaignOpen names the operation that did not work, and whoever owns it.
func TestAFailedRemovalKeepsTheCampaignOpen(t *testing.T) {
	o := newOffice(t)
	c := o.start(func(c *campaign.Campaign) { c.Scope.People = []int{o.id["Bob"]} })
	v := o.review(c, "Max")
	if err := o.decide("Max", campaign.Answer{Review: v.ID, Items: []int64{o.items(v)["Bob crm/edit"].ID}, Outcome: campaign.Remove, Comment: "x"}); err != nil {
		t.Fatal(err)
	}
	o.signAll(c)
	o.sql(`update operation set state = 'failed', error = 'the target is down' where identity_id = $1 and kind = 'revoke'`, o.id["Bob"])
	o.system(func(tx *db.Tx) error { return o.Tend(tx) })
	if s := o.campaign(c).State; s != campaign.Closing {
		t.Fatalf("the campaign is %s", s)
	}
	o.read(func(tx *db.Tx) error {
		all, err := campaign.Unfinished(tx, c.ID, 10)
		if len(all) != 1 || all[0].Operation == nil || all[0].OpState != "failed" || all[0].OpError != "the target is down" {
			t.Errorf("%+v", all)
		}
		return err
	})
}
