package campaign_test

import (
	"strings"
	"testing"
	"time"

	"tenure/internal/auth"
	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/lifecycle"
)

// TestNobodyReviewsThemselves tries every way, in the room and, by hand, in the database.
func TestNobodyReviewsThemselves(t *testing.T) {
	o := newOffice(t)
	c := o.start(func(c *campaign.Campaign) { c.Stages = []campaign.Stage{{By: campaign.ByNamed, Named: o.id["Max"]}} })
	v := o.review(c, "Max")
	if items := o.items(v); items["Max bank/pay"] != nil || items["Ada bank/pay"] == nil {
		t.Fatal("a named reviewer is asked about their own access, or not about that of others")
	}
	own := o.items(o.review(c, "Cora"))["Max bank/pay"] // the campaign's owner instead
	if own == nil {
		t.Fatal("nobody is asked about the access of the named reviewer")
	}
	ada := o.items(v)["Ada bank/pay"]
	if err := o.as("Cora", func(tx *db.Tx) error {
		return o.Reassign(tx, o.review(c, "Cora").ID, []int64{own.ID}, o.id["Max"], "he knows", true)
	}); errs.KindOf(err) != errs.KindForbidden {
		t.Errorf("reassigned to whom it is about: %v", err)
	}
	if err := o.as("Max", func(tx *db.Tx) error {
		_, err := auth.Delegate(tx, o.id["Ada"], tx.Now, tx.Now.Add(24*time.Hour), "all", "holiday")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"Ada", "Olga", "Bob"} {
		if err := o.decide(who, campaign.Answer{Review: v.ID, Items: []int64{ada.ID}, Outcome: campaign.Keep}); errs.KindOf(err) != errs.KindForbidden {
			t.Errorf("%s decided about Ada's access: %v", who, err)
		}
	}
	// Whoever stands in for Ada does not decide about her access either, though the review is theirs.
	if err := o.as("Ada", func(tx *db.Tx) error {
		_, err := auth.Delegate(tx, o.id["Max"], tx.Now, tx.Now.Add(24*time.Hour), "all", "holiday")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	answer := campaign.Answer{Review: v.ID, Items: []int64{ada.ID}, Outcome: campaign.Keep}
	if err := o.decide("Max", answer); errs.KindOf(err) != errs.KindForbidden {
		t.Errorf("who stands in for Ada decided about her access: %v", err)
	}
	campaign.WithoutJudge(func() {
		if err := o.decide("Max", answer); errs.KindOf(err) != errs.KindForbidden {
			t.Errorf("without the room's check the database let who stands in for Ada decide: %v", err)
		}
		if err := o.as("Ada", func(tx *db.Tx) error { _, err := o.Decide(tx, answer); return err }); errs.KindOf(err) != errs.KindForbidden {
			t.Errorf("without the room's check the database let Ada decide: %v", err)
		}
	})
	for name, sql := range map[string]string{
		"review_decider_is_not_beneficiary": `insert into campaign_decision (item_id, identity_id, stage, review_id, decider_id, outcome, decided_at, made_by) select $1, $2, 1, $3, $2, 'keep', now(), id from actor where identity_id = $2 limit 1`,
		"review_is_not_for_beneficiary":     `insert into campaign_decision (item_id, identity_id, stage, review_id, decider_id, on_behalf_of, outcome, decided_at, made_by) select $1, $2, 1, $3, a.identity_id, $2, 'keep', now(), a.id from actor a where a.name = 'Cora' limit 1`,
		"decision_is_of_its_item":           `insert into campaign_decision (item_id, identity_id, stage, review_id, decider_id, outcome, decided_at, made_by) select $1, $2 + 1, 1, $3, a.identity_id, 'keep', now(), a.id from actor a where a.name = 'Max' limit 1`,
	} {
		conn := o.owner()
		if _, err := conn.Exec(t.Context(), `set session_replication_role = origin`); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), sql, ada.ID, o.id["Ada"], v.ID); db.ConstraintName(err) != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAnswersAreChecked says what an answer may not say.
func TestAnswersAreChecked(t *testing.T) {
	o := newOffice(t)
	c := o.start()
	v := o.review(c, "Max")
	i := o.items(v)
	id := func(names ...string) (out []int64) {
		for _, n := range names {
			if i[n] == nil {
				t.Fatalf("there is no item %s in %v", n, i)
			}
			out = append(out, i[n].ID)
		}
		return out
	}
	badge := func() int64 {
		var n int64
		o.read(func(tx *db.Tx) error {
			return tx.QueryRow(`select id from campaign_item where campaign_id = $1 and entitlement_id = $2 limit 1`, c.ID, o.ent["crm/badge"]).Scan(&n)
		})
		return n
	}()
	past := Monday.AddDate(0, 0, -1)
	for name, x := range map[string]struct {
		a    campaign.Answer
		kind errs.Kind
		says string
	}{
		"two risks together":             {campaign.Answer{Items: id("Ada bank/pay", "Bob crm/edit"), Outcome: campaign.Keep}, errs.KindInvalid, "one risk"},
		"a removal without a comment":    {campaign.Answer{Items: id("Ada bank/pay"), Outcome: campaign.Remove}, errs.KindInvalid, "comment"},
		"a date that is over":            {campaign.Answer{Items: id("Ada bank/pay"), Outcome: campaign.Remove, Comment: "x", Until: &past}, errs.KindInvalid, "until"},
		"a date for what is kept":        {campaign.Answer{Items: id("Ada bank/pay"), Outcome: campaign.Keep, Until: &past}, errs.KindInvalid, "until"},
		"no such outcome":                {campaign.Answer{Items: id("Ada bank/pay"), Outcome: "maybe", Comment: "x"}, errs.KindInvalid, "outcome"},
		"a change of what no rule gives": {campaign.Answer{Items: id("Ada bank/pay"), Outcome: campaign.Change, Comment: "x"}, errs.KindInvalid, "outcome"},
		"an item of another review":      {campaign.Answer{Items: []int64{badge}, Outcome: campaign.Keep}, errs.KindNotFound, ""},
		"nothing":                        {campaign.Answer{Outcome: campaign.Keep}, errs.KindInvalid, "items"},
		"a review that has changed":      {campaign.Answer{Items: id("Ada bank/pay"), Outcome: campaign.Keep, Version: 99}, errs.KindConflict, ""},
	} {
		x.a.Review = v.ID
		err := o.decide("Max", x.a)
		if errs.KindOf(err) != x.kind || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	rule := o.review(c, "Otto") // who owns what the rule gives
	unit := func() int64 {
		var all []campaign.RuleLine
		o.read(func(tx *db.Tx) (err error) { all, err = campaign.Rules(tx, rule.ID); return err })
		if len(all) != 1 || all[0].People < 6 {
			t.Fatalf("%+v", all)
		}
		return all[0].Unit
	}()
	if err := o.as("Otto", func(tx *db.Tx) error { _, err := o.Acknowledge(tx, rule.ID, unit, campaign.Remove, "x"); return err }); errs.KindOf(err) != errs.KindInvalid {
		t.Errorf("what a rule gives again was removed: %v", err)
	}
	if err := o.as("Otto", func(tx *db.Tx) error {
		_, err := o.Acknowledge(tx, rule.ID, unit, campaign.Change, "too many have it")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := o.sign("Otto", rule); err != nil {
		t.Fatal(err)
	}
	o.read(func(tx *db.Tx) error {
		all, err := campaign.OwnedRemovals(tx, o.id["Cora"])
		if len(all) < 6 || all[0].State != campaign.RemovalChanging {
			t.Errorf("the campaign's owner has to see to %d changes of a rule", len(all))
		}
		return err
	})
	// A draft is changed and taken back.
	if err := o.decide("Max", campaign.Answer{Review: v.ID, Items: id("Ada bank/pay"), Outcome: campaign.Keep}); err != nil {
		t.Fatal(err)
	}
	if err := o.decide("Max", campaign.Answer{Review: v.ID, Items: id("Ada bank/pay"), Outcome: campaign.Remove, Comment: "x"}); err != nil {
		t.Fatal(err)
	}
	if got := o.items(v)["Ada bank/pay"].Decision; got == nil || got.Outcome != campaign.Remove {
		t.Fatalf("%+v", got)
	}
	undo := func() error {
		return o.as("Max", func(tx *db.Tx) error { _, err := o.Undo(tx, v.ID, id("Ada bank/pay")); return err })
	}
	if err := undo(); err != nil {
		t.Fatal(err)
	}
	if err := undo(); errs.KindOf(err) != errs.KindConflict {
		t.Errorf("taken back twice: %v", err)
	}
	if got := o.items(v)["Ada bank/pay"].Decision; got != nil {
		t.Fatalf("%+v", got)
	}
}

// TestWhoLeavesIsReplaced lets a reviewer leave in the middle, with drafts.
func TestWhoLeavesIsReplaced(t *testing.T) {
	o := newOffice(t)
	c := o.start()
	v := o.review(c, "Max")
	if err := o.decide("Max", campaign.Answer{Review: v.ID, Items: []int64{o.items(v)["Ada bank/pay"].ID}, Outcome: campaign.Remove, Comment: "x"}); err != nil {
		t.Fatal(err)
	}
	before := o.campaign(c).Items
	if err := o.as("Root", func(tx *db.Tx) error { _, err := lifecycle.Terminate(tx, o.id["Max"], "fraud"); return err }); err != nil {
		t.Fatal(err)
	}
	w := o.review(c, "Vera")
	if d := o.items(w)["Ada bank/pay"]; d == nil || d.Decision == nil || d.Decision.Name != "Max" {
		t.Errorf("the draft did not go along: %+v", d)
	}
	o.read(func(tx *db.Tx) error {
		var n, open int
		err := tx.QueryRow(`select count(*), count(*) filter (where v.state = 'open') from campaign_item i join campaign_review v on v.id = i.review_id where i.campaign_id = $1`, c.ID).Scan(&n, &open)
		if n != before || open != before {
			t.Errorf("%d items, %d of them asked of somebody; there were %d", n, open, before)
		}
		return err
	})
	if err := o.decide("Max", campaign.Answer{Review: v.ID, Items: []int64{1}, Outcome: campaign.Keep}); err == nil {
		t.Error("who left decides on")
	}
	o.signAll(c)
	if s := o.campaign(c).State; s != campaign.Closing {
		t.Errorf("the campaign is %s", s)
	}
}

// TestWhatNobodyAnswers follows the stated rule.
func TestWhatNobodyAnswers(t *testing.T) {
	for rule, want := range map[string]map[string]campaign.RemovalState{
		campaign.KeepSilent:  {},
		campaign.CloseRemove: {"Ada bank/pay": campaign.RemovalCarried, "Ada crm/edit": campaign.RemovalCarried},
	} {
		t.Run(rule, func(t *testing.T) {
			o := newOffice(t)
			c := o.start(func(c *campaign.Campaign) { c.Settings.Unanswered, c.Scope.People = rule, []int{o.id["Ada"]} })
			o.until(Monday.AddDate(0, 0, 15))
			rs := o.removals(c)
			for name, state := range want {
				if rs[name] == nil || rs[name].State != state {
					t.Errorf("%s: %+v", name, rs[name])
				}
			}
			if len(want) == 0 && len(rs) > 0 || rs["Ada crm/badge"] != nil {
				t.Errorf("removals: %v", rs)
			}
			if s := o.campaign(c).State; s == campaign.Open {
				t.Errorf("the campaign is %s", s)
			}
		})
	}
	t.Run(campaign.LeaveOpen, func(t *testing.T) {
		o := newOffice(t)
		c := o.start(func(c *campaign.Campaign) { c.Scope.People = []int{o.id["Ada"]} })
		o.until(Monday.AddDate(0, 0, 15))
		if v := o.review(c, "Cora"); len(o.items(v)) < 3 {
			t.Errorf("the campaign's owner is asked %d items", len(o.items(v)))
		}
		o.signAll(c)
		if s := o.campaign(c).State; s != campaign.Closed {
			t.Errorf("the campaign is %s", s)
		}
	})
}

// TestARemovalWaitsForItsTime: the date, and the time in which the person may object.
func TestARemovalWaitsForItsTime(t *testing.T) {
	o := newOffice(t)
	c := o.start(func(c *campaign.Campaign) { c.Settings.Challenge, c.Scope.People = 3, []int{o.id["Ada"]} })
	v := o.review(c, "Max")
	i := o.items(v)
	date := Monday.AddDate(0, 0, 10)
	if err := o.decide("Max", campaign.Answer{Review: v.ID, Items: []int64{i["Ada bank/pay"].ID}, Outcome: campaign.Remove, Comment: "x", Until: &date}); err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"Ada crm/edit", "Ada crm/admin"} {
		if err := o.decide("Max", campaign.Answer{Review: v.ID, Items: []int64{i[n].ID}, Outcome: campaign.Remove, Comment: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	o.keepRest("Max", v)
	if err := o.sign("Max", v); err != nil {
		t.Fatal(err)
	}
	o.signAll(c)
	state := func(want map[string]campaign.RemovalState) {
		t.Helper()
		rs := o.removals(c)
		for n, s := range want {
			if rs[n] == nil || rs[n].State != s {
				t.Errorf("%s: %+v, want %s", n, rs[n], s)
			}
		}
	}
	state(map[string]campaign.RemovalState{"Ada bank/pay": campaign.RemovalWaiting, "Ada crm/edit": campaign.RemovalWaiting, "Ada crm/admin": campaign.RemovalWaiting})
	admin := i["Ada crm/admin"].ID
	if err := o.as("Bob", func(tx *db.Tx) error { return o.Challenge(tx, admin, "no") }); errs.KindOf(err) != errs.KindNotFound {
		t.Errorf("somebody else objects: %v", err)
	}
	if err := o.as("Ada", func(tx *db.Tx) error { return o.Challenge(tx, admin, "I am on call") }); err != nil {
		t.Fatal(err)
	}
	if err := o.as("Ada", func(tx *db.Tx) error { return o.Challenge(tx, admin, "I am on call") }); errs.KindOf(err) != errs.KindConflict {
		t.Errorf("she objects twice: %v", err)
	}
	edit := i["Ada crm/edit"].ID
	if err := o.as("Ada", func(tx *db.Tx) error { return o.Challenge(tx, edit, "I edit") }); err != nil {
		t.Fatal(err)
	}
	if err := o.as("Ada", func(tx *db.Tx) error { return o.KeepAfterAll(tx, admin, "mine", true) }); errs.KindOf(err) != errs.KindForbidden {
		t.Errorf("Ada decides about her own access: %v", err)
	}
	if err := o.as("Cora", func(tx *db.Tx) error { return o.KeepAfterAll(tx, admin, "on call", true) }); err != nil {
		t.Fatal(err)
	}
	o.until(Monday.AddDate(0, 0, 4))
	state(map[string]campaign.RemovalState{"Ada bank/pay": campaign.RemovalWaiting, "Ada crm/edit": campaign.RemovalWaiting, "Ada crm/admin": campaign.RemovalKept})
	o.sql(`insert into delegation (from_identity, to_identity, from_at, to_at, scope, reason, made_by) values ($1, $2, '2026-03-01', '2026-04-01', 'all', 'x', 1)`, o.id["Ada"], o.id["Carl"])
	for who, want := range map[string]errs.Kind{"Ada": errs.KindForbidden, "Carl": errs.KindForbidden} {
		if err := o.as(who, func(tx *db.Tx) error { return o.RemoveAllTheSame(tx, edit, "no") }); errs.KindOf(err) != want {
			t.Errorf("%s decides: %v", who, err)
		}
	}
	if err := o.as("Cora", func(tx *db.Tx) error { return o.RemoveAllTheSame(tx, edit, " ") }); errs.KindOf(err) != errs.KindInvalid {
		t.Errorf("without a reason: %v", err)
	}
	if err := o.as("Cora", func(tx *db.Tx) error { return o.RemoveAllTheSame(tx, edit, "somebody else edits") }); err != nil {
		t.Fatal(err)
	}
	state(map[string]campaign.RemovalState{"Ada bank/pay": campaign.RemovalWaiting, "Ada crm/edit": campaign.RemovalCarried})
	if err := o.as("Cora", func(tx *db.Tx) error { return o.RemoveAllTheSame(tx, edit, "again") }); errs.KindOf(err) != errs.KindConflict {
		t.Errorf("it is decided twice: %v", err)
	}
	o.until(Monday.AddDate(0, 0, 11))
	state(map[string]campaign.RemovalState{"Ada bank/pay": campaign.RemovalCarried})
}

// TestTheBrakeHoldsRemovals takes access from as many people as may leave in a day, and more.
func TestTheBrakeHoldsRemovals(t *testing.T) {
	o := newOffice(t)
	for n := range 12 {
		o.sql(`insert into identity (state, since, name, number, key_id) values ('active', '2026-01-01', $1, $1, 0)`, "P"+string(rune('a'+n)))
	}
	o.sql(`insert into identity_entry (identity_id, state, since, sort_name, department, manager_id) select id, 'active', '2026-01-01', lower(name), 'Sales', $1 from identity where name like 'P_'`, o.id["Max"])
	o.sql(`with a as (insert into account (application_id, native_id, name) select p.id, i.name, i.name from identity i, application p where i.name like 'P_' and p.name = 'crm' returning id, name),
		l as (insert into account_link (account_id, identity_id, known_from) select a.id, i.id, now() - interval '1 day' from a join identity i on i.name = a.name)
		insert into observed (account_id, entitlement_id, seen_from) select a.id, $1, (select max(r.id) from reading r join application p on p.id = r.application_id where p.name = 'crm') from a`, o.ent["crm/admin"])
	c := o.start(func(c *campaign.Campaign) { c.Scope.Entitlements, c.Settings.Budget = []int{o.ent["crm/admin"]}, 100 })
	v := o.review(c, "Max")
	var ids []int64
	o.read(func(tx *db.Tx) error {
		all, err := campaign.Lines(tx, v.ID)
		for _, i := range all {
			ids = append(ids, i.ID)
		}
		return err
	})
	if len(ids) < 12 {
		t.Fatalf("%d items", len(ids))
	}
	if err := o.decide("Max", campaign.Answer{Review: v.ID, Items: ids, Outcome: campaign.Remove, Comment: "x"}); err != nil {
		t.Fatal(err)
	}
	if err := o.sign("Max", v); err != nil {
		t.Fatal(err)
	}
	count := func(state campaign.RemovalState) (n int) {
		o.read(func(tx *db.Tx) error {
			return tx.QueryRow(`select count(*) from campaign_removal where campaign_id = $1 and state = $2`, c.ID, state).Scan(&n)
		})
		return n
	}
	if n := count(campaign.RemovalHeld); n != len(ids) {
		t.Fatalf("%d of %d wait for a second person", n, len(ids))
	}
	if err := o.as("Max", func(tx *db.Tx) error { return o.Release(tx, c.ID, "I am sure") }); errs.KindOf(err) != errs.KindForbidden {
		t.Errorf("who signed it off released it: %v", err)
	}
	if err := o.as("Carl", func(tx *db.Tx) error { return o.Release(tx, c.ID, "looked at") }); err != nil {
		t.Fatal(err)
	}
	if n := count(campaign.RemovalCarried); n != len(ids) {
		t.Errorf("%d of %d were carried out after the release", n, len(ids))
	}
}

// TestASecondReviewerSeesASample decides some of what was kept again.
func TestASecondReviewerSeesASample(t *testing.T) {
	o := newOffice(t)
	c := o.start(func(c *campaign.Campaign) {
		c.Settings.Sample, c.Settings.Second, c.Settings.NoBatch, c.Scope.Applications = 50, o.id["Carl"], true, nil
	})
	v := o.review(c, "Max")
	n := len(o.items(v))
	o.keepRest("Max", v)
	if err := o.sign("Max", v); err != nil {
		t.Fatal(err)
	}
	w := o.review(c, "Carl")
	again := o.items(w)
	if len(again) != (n+1)/2 {
		t.Fatalf("%d of %d are decided again", len(again), n)
	}
	for name, i := range again {
		if i.Before == nil || i.Before.Outcome != campaign.Keep || i.Before.Name != "Max" {
			t.Errorf("%s: %+v", name, i.Before)
		}
		if err := o.decide("Carl", campaign.Answer{Review: w.ID, Items: []int64{i.ID}, Outcome: campaign.Remove, Comment: "why?"}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		break
	}
	o.keepRest("Carl", w)
	if err := o.sign("Carl", w); err != nil {
		t.Fatal(err)
	}
	o.read(func(tx *db.Tx) error {
		x, err := campaign.GetReview(tx, v.ID)
		if x.Quality == nil || x.Quality.Again != len(again) || x.Quality.Differs != 1 || x.Quality.Sampled != len(again) {
			t.Errorf("%+v", x.Quality)
		}
		return err
	})
}

// TestAMoveOpensItsReview has only what no rule gives.
func TestAMoveOpensItsReview(t *testing.T) {
	o := newOffice(t)
	var c *campaign.Campaign
	o.system(func(tx *db.Tx) (err error) {
		c, err = o.OpenEvent(tx, campaign.OnMove, []int{o.id["Ada"]}, 0)
		return err
	})
	if c == nil || c.Kind != campaign.Event || c.OwnerName == "" {
		t.Fatalf("%+v", c)
	}
	items := o.items(o.review(c, "Max"))
	if len(items) != 4 || items["Ada crm/badge"] != nil {
		t.Errorf("%d items: %v", len(items), items)
	}
	o.system(func(tx *db.Tx) error {
		again, err := o.OpenEvent(tx, campaign.OnMove, []int{o.id["Ada"]}, 0)
		if again != nil {
			t.Error("a second review was opened for the same move")
		}
		return err
	})
}

// TestAccountsOfNobody go to whoever owns the application.
func TestAccountsOfNobody(t *testing.T) {
	o := newOffice(t)
	c := o.start(func(c *campaign.Campaign) { c.Scope.Orphans, c.Stages = true, []campaign.Stage{{By: campaign.ByOwner}} })
	v := o.review(c, "Olga")
	i := o.items(v)
	if len(i) != 1 {
		t.Fatalf("%v", i)
	}
	for _, x := range i {
		if err := o.decide("Olga", campaign.Answer{Review: v.ID, Items: []int64{x.ID}, Outcome: campaign.Remove, Comment: "nobody's"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.sign("Olga", v); err != nil {
		t.Fatal(err)
	}
	o.read(func(tx *db.Tx) error {
		all, err := campaign.Unfinished(tx, c.ID, 10)
		if len(all) != 1 || all[0].Operation == nil || all[0].OpState != "pending" {
			t.Errorf("%+v", all)
		}
		return err
	})
}

// TestNobodysLeavingWaitsForAReview: where nobody is left who could be asked, a termination goes ahead all the same.
func TestNobodysLeavingWaitsForAReview(t *testing.T) {
	o := newOffice(t)
	c := o.start()
	o.sql(`update identity set state = 'left' where name in ('Vera', 'Cora', 'Carl')`)
	o.sql(`update identity_entry set state = 'left' where identity_id in (select id from identity where state = 'left')`)
	if err := o.as("Root", func(tx *db.Tx) error { _, err := lifecycle.Terminate(tx, o.id["Max"], "fraud"); return err }); err != nil {
		t.Fatal(err)
	}
	if v := o.review(c, "Max"); v.Here {
		t.Error("the review of whoever left is not marked as such")
	}
	o.until(Monday.AddDate(0, 0, 20)) // and nothing that falls due stops for it
	if s := o.campaign(c).State; s != campaign.Open {
		t.Errorf("the campaign is %s", s)
	}
}

// TestARecurringCampaignBeginsAgain with a snapshot of its own, and leaves a draft where nothing is in its scope any more.
func TestARecurringCampaignBeginsAgain(t *testing.T) {
	for name, empty := range map[string]bool{"there is access": false, "there is none any more": true} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			c := o.start(func(c *campaign.Campaign) {
				c.Kind, c.Settings.Months, c.Settings.Unanswered, c.Scope.Entitlements = campaign.Recurring, 3, campaign.KeepSilent, []int{o.ent["crm/admin"]}
			})
			if empty {
				o.sql(`update observed set seen_to = seen_from where entitlement_id = $1`, o.ent["crm/admin"])
			}
			o.until(Monday.AddDate(0, 3, 1))
			var next *campaign.Campaign
			o.read(func(tx *db.Tx) error {
				all, err := campaign.List(tx, 0, 10)
				if len(all) == 2 {
					next = all[0]
				}
				return err
			})
			if next == nil || *next.Follows != c.ID || (next.State == campaign.Draft) != empty {
				t.Fatalf("%+v", next)
			}
		})
	}
}
