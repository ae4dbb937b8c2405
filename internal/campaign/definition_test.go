package campaign_test

import (
	"strings"
	"testing"

	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
)

// definitions starts a review of what roles are, by those who own them.
func (o *office) definitions(change ...func(*campaign.Campaign)) *campaign.Campaign {
	o.t.Helper()
	return o.start(append([]func(*campaign.Campaign){func(c *campaign.Campaign) {
		c.Title, c.Scope, c.Stages = "Roles", campaign.Scope{Definitions: true}, []campaign.Stage{{By: campaign.ByRoleOwner}}
	}}, change...)...)
}

// role gives the line of a review about the definition of a role.
func (o *office) role(v *campaign.Review, name string) (out *campaign.Item) {
	o.t.Helper()
	o.read(func(tx *db.Tx) error {
		lines, err := campaign.Lines(tx, v.ID)
		for _, i := range lines {
			if i.Role() == o.of[name] {
				out = i
			}
		}
		return err
	})
	if out == nil {
		o.t.Fatalf("nothing is asked about the role %s", name)
	}
	return out
}

func (o *office) save(set policy.Set) {
	o.t.Helper()
	o.system(func(tx *db.Tx) error { _, _, err := policy.Save(tx, set, "", false); return err })
}

func (o *office) certificates(c *campaign.Campaign) (out map[int]*campaign.Certificate) {
	o.t.Helper()
	o.read(func(tx *db.Tx) (err error) { out, err = campaign.Certificates(tx, c.ID); return err })
	return out
}

// rule gives how a rule stands in the review of somebody.
func (o *office) rule(c *campaign.Campaign, who, name string) (*campaign.Review, campaign.RuleLine) {
	o.t.Helper()
	v := o.review(c, who)
	var found campaign.RuleLine
	o.read(func(tx *db.Tx) error {
		all, err := campaign.Rules(tx, v.ID)
		for _, x := range all {
			if _, ref := campaign.UnitOf(x.Unit); ref == o.of[name] {
				found = x
			}
		}
		return err
	})
	if found.Unit == 0 {
		o.t.Fatalf("%s is not asked about the rule %s", who, name)
	}
	return v, found
}

// TestDefinitionsAreConfirmed lets owners confirm what their roles are. What is confirmed covers what rules give by it, until it changes; what
// is to be changed keeps the campaign open until it is.
func TestDefinitionsAreConfirmed(t *testing.T) {
	o := newOffice(t)
	if _, rule := o.rule(o.start(), "Otto", "staff"); rule.Outcome != "" {
		t.Fatalf("before anything is confirmed the rule is %+v", rule)
	}
	c := o.definitions()
	o.proves(c, 2)
	otto, olga := o.review(c, "Otto"), o.review(c, "Olga")
	staff, four := o.role(otto, "Staff"), o.role(olga, "Four")
	for outcome, comment := range map[string]string{campaign.Remove: "x", campaign.Change: "", campaign.Narrow: "x"} {
		if err := o.decide("Olga", campaign.Answer{Review: olga.ID, Items: []int64{four.ID}, Outcome: outcome, Comment: comment}); errs.KindOf(err) != errs.KindInvalid {
			t.Errorf("%s: %v", outcome, err)
		}
	}
	for who, a := range map[string]campaign.Answer{"Otto": {Review: otto.ID, Items: []int64{staff.ID}, Outcome: campaign.Keep}, "Olga": {Review: olga.ID, Items: []int64{four.ID}, Outcome: campaign.Change, Comment: "it needs the badge as well"}} {
		if err := o.decide(who, a); err != nil {
			t.Fatal(err)
		}
		if err := o.sign(who, o.review(c, who)); err != nil {
			t.Fatal(err)
		}
	}
	all := o.certificates(c)
	if x := all[o.of["Staff"]]; x.By != "Otto" || x.Members != len(cast) || len(x.Definition.Rules) != 1 || len(x.Definition.Gives) != 1 {
		t.Errorf("what Otto confirmed is %+v", x)
	}
	if x := all[o.of["Four"]]; x.By != "" || x.Members != 2 {
		t.Errorf("what Olga did not confirm is %+v", x)
	}
	o.covers()
	o.asksAgain(c)
}

// proves holds the roles of a campaign against the policy, and finds one that is taken out by hand.
func (o *office) proves(c *campaign.Campaign, n int) {
	o.t.Helper()
	proof := func() (p *campaign.Proof) {
		o.read(func(tx *db.Tx) (err error) { p, err = campaign.Prove(tx, o.campaign(c)); return err })
		return p
	}
	if p := proof(); !p.Complete() || !p.Countable || p.Items != n || p.Seen != n {
		o.t.Errorf("%+v", p)
	}
	o.sql(`create table spare as select * from campaign_item where campaign_id = $1 order by id limit 1`, c.ID)
	o.sql(`delete from campaign_item where id in (select id from spare)`)
	if p := proof(); p.Complete() || len(p.Missing) != 1 || p.DigestHolds {
		o.t.Errorf("a role that was taken out by hand is not found: %+v", p)
	}
	o.sql(`insert into campaign_item overriding system value select * from spare`)
	o.sql(`drop table spare`)
}

// covers shows that what a rule gives by a confirmed role is kept beforehand, that its reviewer may ask all the same, and that it is asked
// again when the role is not what was confirmed any more.
func (o *office) covers() {
	t := o.t
	t.Helper()
	c := o.start()
	v, rule := o.rule(c, "Otto", "staff")
	if rule.Outcome != campaign.Keep || rule.By != "" || !strings.Contains(rule.Comment, "the role Staff was confirmed by Otto") || v.Load != 0 {
		t.Errorf("what is covered is %+v, the load is %d", rule, v.Load)
	}
	if err := o.as("Otto", func(tx *db.Tx) error { _, err := o.UndoRule(tx, v.ID, rule.Unit); return err }); err != nil {
		t.Fatal(err)
	}
	if err := o.sign("Otto", v); errs.KindOf(err) != errs.KindConflict {
		t.Errorf("signed off without the rule that was taken back: %v", err)
	}
	if err := o.as("Otto", func(tx *db.Tx) error {
		_, err := o.Acknowledge(tx, v.ID, rule.Unit, campaign.Change, "not everybody")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	o.save(policy.Set{Rules: map[string]policy.RuleSpec{"staff": {Title: "Everybody of Sales", When: `department == "Sales" || department == "Stores"`, Roles: []string{"Staff"}}}})
	if _, rule := o.rule(o.start(), "Otto", "staff"); rule.Outcome != "" {
		t.Errorf("another rule gives the role now, and it is covered: %+v", rule)
	}
}

// asksAgain changes the role as was asked for, and reviews the definitions a second time.
func (o *office) asksAgain(c *campaign.Campaign) {
	t := o.t
	t.Helper()
	state := func() (removal, owner string) {
		o.read(func(tx *db.Tx) error {
			return tx.QueryRow(`select r.state, i.name from campaign_removal r join identity i on i.id = r.owner_id where r.campaign_id = $1`, c.ID).Scan(&removal, &owner)
		})
		return removal, owner
	}
	o.system(campaign.Verify)
	if removal, owner := state(); removal != "changing" || owner != "Cora" || o.campaign(c).State != campaign.Closing {
		t.Errorf("what is to be changed is %s, with %s", removal, owner)
	}
	o.save(policy.Set{Roles: map[string]policy.RoleSpec{"Four": {Title: "Four eyes", Owner: "Olga", Entitlements: []string{"crm/edit", "crm/badge"}}}})
	o.system(campaign.Verify)
	if removal, _ := state(); removal != "changed" || o.campaign(c).State != campaign.Closed {
		t.Errorf("after the change it is %s, and the campaign %s", removal, o.campaign(c).State)
	}
	next := o.definitions(func(c *campaign.Campaign) { c.Settings.Unanswered = campaign.KeepSilent })
	all := o.certificates(next)
	staff := all[o.of["Staff"]]
	if staff.Before == nil || *staff.Before != c.ID || all[o.of["Four"]].Before != nil {
		t.Errorf("%+v", all)
	}
	o.read(func(tx *db.Tx) error {
		was, err := campaign.Last(tx, next.ID)
		if err != nil {
			return err
		}
		changes := staff.Definition.Differences(&was[o.of["Staff"]].Definition)
		if len(changes) != 2 || changes[0].What != "rule" || changes[1].What != "rule" || !strings.Contains(changes[1].Now, "Stores") {
			t.Errorf("the changes are %+v", changes)
		}
		return nil
	})
	o.until(Monday.AddDate(0, 0, 20))
	for role, x := range o.certificates(next) {
		if x.By != "" || x.At != nil {
			t.Errorf("what nobody answered confirmed the role %d", role)
		}
	}
}

// TestDefinitionsAreOfRolesAlone refuses scopes that would say something else.
func TestDefinitionsAreOfRolesAlone(t *testing.T) {
	o := newOffice(t)
	for name, set := range map[string]func(*campaign.Campaign){
		"people":  func(c *campaign.Campaign) { c.Scope.People = []int{o.id["Ada"]} },
		"dormant": func(c *campaign.Campaign) { c.Scope.Dormant = 3 },
		"orphans": func(c *campaign.Campaign) { c.Scope.Orphans = true },
		"manager": func(c *campaign.Campaign) { c.Stages = []campaign.Stage{{By: campaign.ByManager}} },
	} {
		_, err := o.tryStart(func(c *campaign.Campaign) {
			c.Scope, c.Stages = campaign.Scope{Definitions: true}, []campaign.Stage{{By: campaign.ByRoleOwner}}
			set(c)
		})
		if errs.KindOf(err) != errs.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := o.definitions(func(c *campaign.Campaign) { c.Scope.Roles = []int{o.of["Four"]} })
	if c.Items != 1 {
		t.Errorf("%d items of one role", c.Items)
	}
	// Who owns the role leaves: somebody else is asked.
	if err := o.as("Root", func(tx *db.Tx) error { _, err := lifecycle.Terminate(tx, o.id["Olga"], "fraud"); return err }); err != nil {
		t.Fatal(err)
	}
	o.role(o.review(c, "Cora"), "Four")
}
