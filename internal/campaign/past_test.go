package campaign_test

import (
	"testing"

	"tenure/internal/campaign"
	"tenure/internal/db"
)

// TestThePastIsTold reviews the same access twice: the second review says what was decided in the first, for whom, and by how many. What nobody
// answered was not decided, and what stays after all was kept. It does not change when the past goes on.
func TestThePastIsTold(t *testing.T) {
	o := newOffice(t)
	first := o.start(func(c *campaign.Campaign) {
		c.Settings.Unanswered, c.Settings.Challenge, c.Settings.NoBatch = campaign.KeepSilent, 3, true
	})
	v := o.review(first, "Max")
	i := o.items(v)
	if x := i["Bob crm/edit"]; x.Past != 0 || x.PastAt != nil {
		t.Errorf("what was never reviewed has a past: %+v", x)
	}
	for outcome, names := range map[string][]string{campaign.Keep: {"Bob crm/edit"}, campaign.Remove: {"Ada crm/admin", "Ada bank/pay"}} {
		for _, n := range names {
			if err := o.decide("Max", campaign.Answer{Review: v.ID, Items: []int64{i[n].ID}, Outcome: outcome, Comment: "x"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	o.until(Monday.AddDate(0, 0, 15))
	admin := i["Ada crm/admin"].ID
	for _, act := range []struct {
		who string
		do  func(*db.Tx) error
	}{{"Ada", func(tx *db.Tx) error { return o.Challenge(tx, admin, "I am on call") }}, {"Cora", func(tx *db.Tx) error { return o.KeepAfterAll(tx, admin, "on call", true) }}} {
		if err := o.as(act.who, act.do); err != nil {
			t.Fatal(err)
		}
	}
	second := o.start(func(c *campaign.Campaign) { c.Settings.NoBatch = true })
	told := func() {
		t.Helper()
		now := o.items(o.review(second, "Max"))
		for name, want := range map[string]int{"Bob crm/edit": campaign.PastKept, "Ada crm/admin": campaign.PastKept, "Ada bank/pay": campaign.PastRemoved, "Tom crm/read": 0} {
			x := now[name]
			if x == nil || x.Past != want || (x.PastAt == nil) != (want == 0) {
				t.Errorf("%s: %+v, want %d", name, x, want)
			}
		}
		if a := now["Ada bank/pay"].Advice; a != 2 {
			t.Errorf("to what was to be removed and is there, the advice is %d", a)
		}
		o.read(func(tx *db.Tx) error {
			all, err := campaign.Past(tx, second.ID, []int{o.ent["crm/edit"], o.ent["crm/admin"], o.ent["bank/pay"], o.ent["crm/read"]})
			for name, want := range map[string]campaign.Verdicts{"crm/edit": {Kept: 1}, "crm/admin": {Kept: 1}, "bank/pay": {Removed: 1}, "crm/read": {}} {
				if got := all[o.ent[name]]; got != want {
					t.Errorf("%s: %+v, want %+v", name, got, want)
				}
			}
			asOf := *o.campaign(second).AsOf
			if got := now["Bob crm/edit"].Others(all, asOf); got != (campaign.Verdicts{}) {
				t.Errorf("what was decided about Bob is told as what happened to others: %+v", got)
			}
			return err
		})
	}
	told()
	v = o.review(second, "Max")
	o.keepRest("Max", v)
	o.sql(`update campaign_last set outcome = 'keep', at = at + interval '1 day', answered = true`) // as other reviews do
	told()
}

// TestPeopleWithTheSameRulesAreCompared lets a rule give the badge to everybody: whoever has it is told how many of those who get the same hold
// what is decided about.
func TestPeopleWithTheSameRulesAreCompared(t *testing.T) {
	o := newOffice(t)
	c := o.start(func(c *campaign.Campaign) { c.Settings.NoBatch = true })
	var told, wrong int
	o.read(func(tx *db.Tx) error {
		return tx.QueryRow(`with gets as (select r.identity_id, array_agg(r.kind || r.ref || '/' || r.entitlement_id order by r.kind, r.ref, r.entitlement_id) what from reason r
				where r.kind in ('birthright', 'assignment') and r.state = 'live' and r.known_to = 'infinity' group by 1),
			who as (select g.identity_id, g.what, count(*) over (partition by g.what) n from gets g join identity_entry e on e.identity_id = g.identity_id and e.state in ('active', 'leave')),
			held as (select distinct l.identity_id, o.entitlement_id from observed o join account_link l on l.account_id = o.account_id),
			want as (select i.id, i.alike, p.alike told, w.n, case when i.kinds & 17 = 0 and w.n >= 5 then (select round(100.0 * count(*) / w.n) from who x join held h using (identity_id) where x.what = w.what and h.entitlement_id = i.entitlement_id) end want
				from campaign_item i join campaign_person p on p.campaign_id = i.campaign_id and p.identity_id = i.identity_id left join who w on w.identity_id = i.identity_id where i.campaign_id = $1)
			select count(*) filter (where alike is not null), count(*) filter (where alike is distinct from want or told <> coalesce(n, 0)) from want`, c.ID).Scan(&told, &wrong)
	})
	if told == 0 || wrong > 0 {
		t.Errorf("%d items tell of people with the same rules and roles, %d wrongly", told, wrong)
	}
}
