package campaign_test

import (
	"strings"
	"testing"
	"time"

	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
	"tenure/internal/request"
)

// asked lets somebody ask for a level of the CRM, which a stated rule grants at once.
func (o *office) asked(who, level string) int {
	o.t.Helper()
	o.offer("read", "edit")
	return o.wish(who, request.Wish{Act: request.Grant, Offer: o.of["CRM"], Level: level, Days: 200})
}

func (o *office) wish(who string, w request.Wish) (item int) {
	o.t.Helper()
	if err := o.as(who, func(tx *db.Tx) error {
		r, err := lifecycle.Requests.Submit(tx, &request.Ask{For: o.id[who], Why: "work", Via: "page", Wishes: []request.Wish{w}})
		if err == nil {
			item = r.Items[0].ID
		}
		return err
	}); err != nil {
		o.t.Fatal(err)
	}
	return item
}

// offer offers the CRM at these of its levels.
func (o *office) offer(levels ...string) {
	o.t.Helper()
	gives := map[string][]string{"read": {"crm/read"}, "edit": {"crm/read", "crm/edit"}, "admin": {"crm/read", "crm/edit", "crm/admin"}}
	spec := policy.OfferSpec{Title: "The CRM"}
	for _, l := range levels {
		spec.Levels = append(spec.Levels, policy.Level{Name: l, Entitlements: gives[l]})
	}
	o.system(func(tx *db.Tx) error {
		_, _, err := policy.Save(tx, policy.Set{Offers: map[string]policy.OfferSpec{"CRM": spec}, Approvals: map[string]policy.ApprovalSpec{"all": {Title: "At once", Order: 1, When: "true", Automatic: true}}}, "", false)
		return err
	})
	o.names(`select name, id from policy_object`, o.of)
}

func narrow(i *campaign.Item, v *campaign.Review, level string) campaign.Answer {
	return campaign.Answer{Review: v.ID, Items: []int64{i.ID}, Outcome: campaign.Narrow, Level: level, Comment: "reading is enough"}
}

// TestNarrowing goes through what a line can be narrowed to, and what becomes of it.
func TestNarrowing(t *testing.T) {
	o := newOffice(t)
	item := o.asked("Bob", "edit")
	c := o.start(func(c *campaign.Campaign) {
		c.Scope.Applications, c.Settings.NoBatch, c.Scope.People = nil, true, []int{o.id["Bob"], o.id["Ada"], o.id["Rob"]}
	})
	v := o.review(c, "Max")
	items := o.items(v)
	bob := items["Bob crm/edit"]
	if bob == nil || bob.Kinds != campaign.BitRequest {
		t.Fatalf("%+v", bob)
	}
	for name, a := range map[string]campaign.Answer{
		"no level": narrow(bob, v, ""), "the level that is held": narrow(bob, v, "edit"), "none of the offer": narrow(bob, v, "admin"),
		"a membership": narrow(items["Ada crm/edit"], v, "read"), "without a request": narrow(items["Rob crm/read"], v, "read"),
		"several lines": {Review: v.ID, Items: []int64{bob.ID, items["Rob crm/read"].ID}, Outcome: campaign.Narrow, Level: "read", Comment: "x"},
		"on a day":      {Review: v.ID, Items: []int64{bob.ID}, Outcome: campaign.Narrow, Level: "read", Comment: "x", Until: day(3)},
		"kept at one":   {Review: v.ID, Items: []int64{bob.ID}, Outcome: campaign.Keep, Level: "read"},
		"no word":       {Review: v.ID, Items: []int64{bob.ID}, Outcome: campaign.Narrow, Level: "read"},
	} {
		if err := o.decide("Max", a); errs.KindOf(err) != errs.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := o.decide("Max", narrow(bob, v, "read")); err != nil {
		t.Fatal(err)
	}
	items = o.items(v)
	if d := items["Bob crm/edit"].Decision; d == nil || d.Outcome != campaign.Narrow || d.Level != "read" {
		t.Errorf("what goes is %+v", d)
	}
	if d := items["Bob crm/read"].Decision; d == nil || d.Outcome != campaign.Keep || d.Level != "read" {
		t.Errorf("what stays is %+v", d)
	}
	o.signAll(c)
	rs := o.removals(c)
	if r := rs["Bob crm/edit"]; len(rs) != 1 || r == nil || r.State != campaign.RemovalCarried || r.Level != "read" || r.OpState == "" {
		t.Fatalf("%+v", rs["Bob crm/edit"])
	}
	o.read(func(tx *db.Tx) error {
		var level, because string
		var reasons int
		err := tx.QueryRow(`select level, narrowed_because, (select count(*) from reason where kind = 'request' and ref = i.id and known_to = 'infinity' and valid_to > $2) from request_item i where id = $1`, item, tx.Now).Scan(&level, &because, &reasons)
		if level != "read" || !strings.Contains(because, "Spring") || reasons != 1 {
			t.Errorf("the request is at %s because of %q with %d reasons", level, because, reasons)
		}
		return err
	})
	if s := o.campaign(c).State; s != campaign.Closing {
		t.Errorf("before it was read back the campaign is %s", s)
	}
	o.gone("Bob", "crm/edit")
	if s := o.campaign(c).State; s != campaign.Closed {
		t.Errorf("the campaign is %s", s)
	}
}

func day(n int) *time.Time { t := Monday.AddDate(0, 0, n); return &t }

// TestNarrowingWaitsAsRemovalsDo lets the world move between the decision and its day: what was extended is narrowed as well, what cannot be
// narrowed any more is somebody's by hand, and nothing is ended in its place.
func TestNarrowingWaitsAsRemovalsDo(t *testing.T) {
	for name, moves := range map[string]func(o *office, item int){
		"extended": func(o *office, item int) {
			o.wish("Bob", request.Wish{Act: request.Extend, Offer: o.of["CRM"], Level: "edit", Of: item, Days: 300})
		},
		"withdrawn": func(o *office, _ int) { o.offer("edit") },
		"ended": func(o *office, item int) {
			if err := o.as("Root", func(tx *db.Tx) error { _, err := lifecycle.Requests.End(tx, item, "not needed", true); return err }); err != nil {
				o.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			item := o.asked("Bob", "edit")
			c := o.start(func(c *campaign.Campaign) {
				c.Settings.NoBatch, c.Settings.Challenge, c.Scope.People = true, 5, []int{o.id["Bob"]}
			})
			v := o.review(c, "Max")
			if err := o.decide("Max", narrow(o.items(v)["Bob crm/edit"], v, "read")); err != nil {
				t.Fatal(err)
			}
			o.signAll(c)
			if r := o.removals(c)["Bob crm/edit"]; r.State != campaign.RemovalWaiting {
				t.Fatalf("%+v", r)
			}
			moves(o, item)
			o.until(Monday.AddDate(0, 0, 6))
			r := o.removals(c)["Bob crm/edit"]
			var level string
			o.read(func(tx *db.Tx) error {
				return tx.QueryRow(`select level from request_item order by id desc limit 1`).Scan(&level)
			})
			switch name {
			case "extended":
				if r.State != campaign.RemovalCarried || level != "read" {
					t.Errorf("%+v, the level is %s", r, level)
				}
			case "withdrawn":
				if r.State != campaign.RemovalByHand || !strings.Contains(r.Why, "not offered any more") || r.Owner == nil || *r.Owner != o.id["Olga"] || level != "edit" {
					t.Errorf("%+v, the level is %s", r, level)
				}
			case "ended":
				if r.State != campaign.RemovalCarried || level != "edit" {
					t.Errorf("%+v, the level is %s", r, level)
				}
			}
		})
	}
}
