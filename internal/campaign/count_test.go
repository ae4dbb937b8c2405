package campaign_test

import (
	"strings"
	"testing"

	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/errs"
)

// count counts what a campaign of Cora's would ask.
func (o *office) count(change func(*campaign.Campaign)) (n *campaign.Count, err error) {
	c := &campaign.Campaign{Settings: campaign.Defaults, Stages: []campaign.Stage{{By: campaign.ByManager}}}
	c.Settings.Sample = 0
	change(c)
	err = o.as("Cora", func(tx *db.Tx) (err error) { n, err = o.Count(tx, c); return err })
	return n, err
}

// reviewed gives whose access a campaign reviews.
func (o *office) reviewed(c *campaign.Campaign) (names string) {
	o.read(func(tx *db.Tx) error {
		return tx.QueryRow(`select coalesce(string_agg(name, ' ' order by name), '') from identity where id in (select identity_id from campaign_item where campaign_id = $1)`, c.ID).Scan(&names)
	})
	return names
}

// TestWhoIsBelow reviews who is below managers at every level: also where managers form a circle, and never who has no manager.
func TestWhoIsBelow(t *testing.T) {
	o := newOffice(t)
	below := func(managers ...string) string {
		t.Helper()
		scope := func(c *campaign.Campaign) {
			for _, m := range managers {
				c.Scope.Below = append(c.Scope.Below, o.id[m])
			}
		}
		n, err := o.count(scope)
		if err != nil {
			t.Fatal(err)
		}
		if n.Items == 0 {
			if _, err := o.tryStart(scope); errs.KindOf(err) != errs.KindConflict {
				t.Errorf("nothing is counted, and starting says %v", err)
			}
			return ""
		}
		c := o.start(scope)
		who := o.reviewed(c)
		if n.Items != c.Items || n.People != len(strings.Fields(who)) {
			t.Errorf("counted %d items of %d people; %d of %s were started", n.Items, n.People, c.Items, who)
		}
		return who
	}
	same := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%q is reviewed, want %q", got, want)
		}
	}
	same(below("Vera"), "Ada Bob Max Rob Tom Uma")
	same(below("Max"), "Ada Bob Rob Tom Uma")
	same(below("Ada"), "")
	same(below("Vera", "Max"), "Ada Bob Max Rob Tom Uma")
	o.sql(`update identity_entry set manager_id = $1 where identity_id = $2`, o.id["Ada"], o.id["Max"])
	same(below("Vera"), "")
	same(below("Max"), "Ada Bob Rob Tom Uma")
	same(below("Ada"), "Bob Max Rob Tom Uma")
	same(below("Ada", "Max"), "Ada Bob Max Rob Tom Uma")
	if _, err := o.count(func(c *campaign.Campaign) { c.Scope.Below, c.Scope.Orphans = []int{o.id["Max"]}, true }); errs.KindOf(err) != errs.KindInvalid {
		t.Errorf("accounts of nobody below somebody: %v", err)
	}
}

// TestACountIsWhatStarts counts scopes before they are stored, as items and as entries of the readings, and starts them.
func TestACountIsWhatStarts(t *testing.T) {
	o := newOffice(t)
	rows := func() (n int) {
		o.read(func(tx *db.Tx) error {
			return tx.QueryRow(`select (select count(*) from campaign) + (select count(*) from campaign_item) + (select count(*) from campaign_review) + (select count(*) from campaign_reading) + (select count(*) from event)`).Scan(&n)
		})
		return n
	}
	for name, scope := range map[string]campaign.Scope{
		"everything": {}, "people": {People: []int{o.id["Ada"], o.id["Max"]}}, "below": {Below: []int{o.id["Max"]}}, "applications": {Applications: []int{o.application("bank")}},
		"entitlements": {Entitlements: []int{o.ent["crm/edit"]}}, "privileged": {Privileged: true}, "orphans": {Orphans: true}, "found": {OutOfBand: true}, "departments": {Departments: []string{"Sales"}},
	} {
		set := func(c *campaign.Campaign) { c.Scope, c.Settings.Budget = scope, 2 }
		before := rows()
		n, err := o.count(set)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var fast *campaign.Count
		campaign.Counted(0, func() { fast, err = o.count(set) })
		if err != nil {
			t.Fatalf("%s, fast: %v", name, err)
		}
		if now := rows(); now != before {
			t.Errorf("%s: counting left %d rows", name, now-before)
		}
		c := o.start(set)
		var loads []campaign.Load
		lines := 0
		o.read(func(tx *db.Tx) error {
			all, err := campaign.Reviews(tx, c.ID)
			loads = campaign.Loads(all)
			return err
		})
		for _, l := range loads {
			lines += l.Lines
		}
		people := len(strings.Fields(o.reviewed(c)))
		if n.Fast || n.Items != c.Items || n.People != people || n.Lines != lines || n.Reviewers != len(loads) || n.Worst.Lines != loads[0].Lines || n.Worst.Waves != loads[0].Waves || n.Worst.Name == "" {
			t.Errorf("%s: counted %+v, started %d items of %d people, %d decisions, %+v", name, n, c.Items, people, lines, loads)
		}
		if name == "people" {
			if fast.Fast {
				t.Error("the access of two people is only estimated")
			}
			continue
		}
		if !fast.Fast || fast.AtMost != scope.OutOfBand || fast.Items < c.Items || !fast.AtMost && (fast.Items != c.Items || fast.People != people) {
			t.Errorf("%s: counted fast %+v, started %d items of %d people", name, fast, c.Items, people)
		}
	}
}
