package policy_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/policy"
)

// asking adds to first what can be asked for, and who decides.
func asking() policy.Set {
	s := first()
	s.Roles["Region"] = policy.RoleSpec{Parameters: []policy.Parameter{{Name: "region", Values: []string{"north", "south"}}}, Entitlements: []string{"crm/base"}}
	s.Offers = map[string]policy.OfferSpec{
		"CRM": {Title: "Customers", Tasks: []string{"Look up a customer"}, For: `grade != "X"`, LongestDays: 60,
			Levels:   []policy.Level{{Name: "read", Entitlements: []string{"crm/staff", "crm/base"}}, {Name: "lead", Title: "Lead a team", Role: "AP Lead"}, {Name: "region", Role: "Region"}},
			Activate: &policy.Hours{For: `department == "AP"`}, Emergency: &policy.Hours{For: `department == "IT"`, Hours: 2}},
		"All": {Levels: []policy.Level{{Name: "all", Entitlements: []string{"crm/*"}}}},
	}
	s.Approvals = map[string]policy.ApprovalSpec{
		"z first":   {Order: 1, When: `request["sod"] != ""`, Steps: []policy.StepSpec{{By: "compliance"}}},
		"customers": {Order: 2, When: `entitlement["about"] == "customers" && department == "AP" && request["days"] <= "030"`, Automatic: true},
		"b":         {Order: 2, When: `request["risk"] == "high"`, Steps: []policy.StepSpec{{By: "group", Group: "AP Lead", Quorum: 2}, {By: "group", Group: "portal:it", Beside: true}, {By: "wait", Until: "start"}}},
		"rest":      {Order: 9, When: "true", Steps: []policy.StepSpec{{By: "manager", Hours: 8}, {By: "outside", URL: "https://tickets.example.org/x", Otherwise: "administrator"}}},
	}
	return s
}

func TestOffersGiveTheirLevels(t *testing.T) {
	d := withApplication(t)
	if _, changed := save(t, d, asking(), false); !changed {
		t.Fatal("nothing was saved")
	}
	if _, changed := save(t, d, asking(), true); changed {
		t.Error("the same again made a version")
	}
	s := current(t, d)
	var titles []string
	offers := map[string]*policy.Offer{}
	for _, o := range s.Offers() {
		titles = append(titles, o.Title)
		offers[o.Name] = o
	}
	if diff := cmp.Diff([]string{"All", "Customers"}, titles); diff != "" {
		t.Fatal(diff)
	}
	crm := offers["CRM"]
	if x := crm.Offer; x.Days != 60 || x.LongestDays != 60 || x.Activate.Hours != 4 || x.Emergency.Hours != 2 || x.Levels[0].Title != "read" || offers["All"].Offer.Days != 90 || offers["All"].Offer.LongestDays != 365 {
		t.Errorf("the usual values: %+v", x)
	}
	var ids map[string]int
	must(t, d, func(tx *db.Tx) error {
		c, err := catalog.Load(tx)
		ids = map[string]int{}
		for id := range c.Entitlements {
			ids[c.Ref(id)] = id
		}
		return err
	})
	roles := map[string]int{}
	for _, o := range s.Objects(policy.KindRole) {
		roles[o.Name] = o.ID
	}
	at, role, entitlements, ok := s.Level(crm.ID, "read")
	if want := []int{ids["crm/staff"], ids["crm/base"]}; at != 0 || role != 0 || !ok || !slices.Equal(entitlements, want) {
		t.Errorf("read is %d, %d, %v, %t; its entitlements are %v", at, role, entitlements, ok, want)
	}
	if at, role, entitlements, ok := s.Level(crm.ID, "lead"); at != 1 || role != roles["AP Lead"] || !ok || entitlements != nil {
		t.Errorf("lead is %d, %d, %v, %t", at, role, entitlements, ok)
	}
	for _, c := range []struct {
		level, param string
		want         []policy.Give
	}{
		{"read", "", []policy.Give{{Entitlement: ids["crm/staff"]}, {Entitlement: ids["crm/base"]}}},
		{"region", "region=north", []policy.Give{{Role: roles["Region"], Entitlement: ids["crm/base"], Param: "region=north"}}},
		{"region", "region=east", nil},
	} {
		if gives, err := s.LevelGives(crm.ID, c.level, c.param); err != nil || !slices.Equal(gives, c.want) {
			t.Errorf("%s %s gives %v, %v; want %v", c.level, c.param, gives, err, c.want)
		}
	}
	if gives, err := s.LevelGives(crm.ID, "lead", ""); err != nil || len(gives) != 3 {
		t.Errorf("lead gives %v, %v", gives, err)
	}
	if _, err := s.LevelGives(crm.ID, "none", ""); errs.KindOf(err) != errs.KindNotFound {
		t.Error(err)
	}
	if _, _, _, ok := s.Level(0, "read"); ok || s.Offer(0) != nil || s.Offer(roles["Region"]) != nil {
		t.Error("what is no offer is one")
	}
	for _, c := range []struct {
		who                   policy.MapAttrs
		may, activate, breaks bool
	}{{policy.MapAttrs{"department": "AP"}, true, true, false}, {policy.MapAttrs{"department": "IT", "grade": "X"}, false, false, true}} {
		may, err1 := crm.May(c.who)
		activate, err2 := crm.MayActivate(c.who)
		breaks, err3 := crm.MayBreakGlass(c.who)
		if err := errors.Join(err1, err2, err3); err != nil || may != c.may || activate != c.activate || breaks != c.breaks {
			t.Errorf("%v: %t, %t, %t, %v", c.who, may, activate, breaks, err)
		}
	}
	all := offers["All"]
	may, _ := all.May(policy.MapAttrs{})
	activate, _ := all.MayActivate(policy.MapAttrs{})
	breaks, _ := all.MayBreakGlass(policy.MapAttrs{})
	if !may || activate || breaks {
		t.Errorf("an offer that names nobody: %t, %t, %t", may, activate, breaks)
	}
}

// What a level gives of "application/*" follows the application's file, though nobody touches the offer's.
func TestAnOfferFollowsItsApplication(t *testing.T) {
	d := withApplication(t)
	save(t, d, asking(), false)
	must(t, d, func(tx *db.Tx) error {
		_, err := catalog.Apply(tx, "crm", catalog.ApplicationSpec{Connector: "none", Entitlements: []catalog.EntitlementSpec{{Name: "staff"}, {Name: "base"}, {Name: "lead"}, {Name: "more"}}}, noConnector)
		return err
	})
	save(t, d, policy.Set{}, false)
	s := current(t, d)
	if _, _, all, _ := s.Level(s.Offers()[0].ID, "all"); len(all) != 4 {
		t.Errorf("the level gives %d of 4", len(all))
	}
}

func TestTheFirstRuleThatHoldsDecides(t *testing.T) {
	d := withApplication(t)
	save(t, d, asking(), false)
	s := current(t, d)
	var order []string
	for _, o := range s.Approvals() {
		order = append(order, o.Name)
	}
	if diff := cmp.Diff([]string{"z first", "b", "customers", "rest"}, order); diff != "" {
		t.Error(diff)
	}
	ap, about := policy.MapAttrs{"department": "AP"}, []map[string]string{{"about": "money"}, {"about": "customers"}}
	for _, c := range []struct {
		who          policy.MapAttrs
		request      map[string]string
		entitlements []map[string]string
		want         string
	}{
		{ap, map[string]string{"sod": "exception", "risk": "high", "days": "030"}, about, "z first"},
		{ap, map[string]string{"risk": "high", "days": "030"}, about, "b"},
		{ap, map[string]string{"risk": "low", "days": "030"}, about, "customers"},
		{ap, map[string]string{"risk": "low", "days": "090"}, about, "rest"},
		{ap, map[string]string{"days": "030"}, about[:1], "rest"},
		{ap, map[string]string{"days": "030"}, nil, "rest"},
		{policy.MapAttrs{}, map[string]string{"days": "030"}, about, "rest"},
		{policy.MapAttrs{}, nil, nil, "rest"},
	} {
		got, err := s.Route(policy.Asked{Person: c.who, Request: c.request, Entitlements: c.entitlements})
		if err != nil || got == nil || got.Name != c.want {
			t.Errorf("%v %v: %+v, %v; want %s", c.who, c.request, got, err, c.want)
		}
		tried, err := s.Try(policy.Asked{Person: c.who, Request: c.request, Entitlements: c.entitlements})
		if n := len(tried); err != nil || n == 0 || !tried[n-1].Holds || tried[n-1].Rule.Name != c.want {
			t.Errorf("%v %v: tried is %+v, %v; want %s last", c.who, c.request, tried, err, c.want)
		}
		for _, x := range tried[:len(tried)-1] {
			if x.Holds || len(x.Failing) == 0 {
				t.Errorf("%v %v: %s goes before and says %v", c.who, c.request, x.Rule.Name, x.Failing)
			}
		}
	}
	tried, err := s.Try(policy.Asked{Person: ap, Request: map[string]string{"risk": "low", "days": "090"}, Entitlements: about[:1]})
	if err != nil || len(tried) != 4 {
		t.Fatalf("%+v, %v", tried, err)
	}
	want := [][]string{{`request["sod"] is missing, the rule wants something other than ""`}, {`request["risk"] is "low", the rule wants "high"`},
		{`entitlement["about"] is "money", the rule wants "customers"`, `request["days"] is "090", the rule wants at most "030"`}, nil}
	for i, x := range tried {
		if diff := cmp.Diff(want[i], x.Failing); diff != "" {
			t.Errorf("%s (-want +got):\n%s", x.Rule.Name, diff)
		}
	}
	b := s.Approvals()[1].Approval
	if x := b.Steps; x[0].Quorum != 2 || x[0].Hours != 16 || x[0].Otherwise != "compliance" || x[1].Quorum != 1 || x[2].Quorum != 0 {
		t.Errorf("the usual values: %+v", x)
	}
	set := asking()
	delete(set.Approvals, "rest")
	save(t, d, set, true)
	if got, err := current(t, d).Route(policy.Asked{Person: policy.MapAttrs{}}); got != nil || err != nil {
		t.Errorf("nothing holds, and the path is %+v, %v", got, err)
	}
}

func TestOffersAndApprovalRulesAreChecked(t *testing.T) {
	d := withApplication(t)
	offer := func(change func(*policy.OfferSpec)) policy.Set {
		o := policy.OfferSpec{Levels: []policy.Level{{Name: "l", Entitlements: []string{"crm/base"}}}}
		change(&o)
		return policy.Set{Offers: map[string]policy.OfferSpec{"O": o}}
	}
	rule := func(change func(*policy.ApprovalSpec)) policy.Set {
		a := policy.ApprovalSpec{When: "true", Steps: []policy.StepSpec{{By: "manager"}}}
		change(&a)
		return policy.Set{Approvals: map[string]policy.ApprovalSpec{"A": a}}
	}
	step := func(s policy.StepSpec) policy.Set {
		return rule(func(a *policy.ApprovalSpec) { a.Steps = []policy.StepSpec{s} })
	}
	for _, c := range []struct {
		set  policy.Set
		want string // "" for a set that is right
	}{
		{offer(func(o *policy.OfferSpec) {}), ""},
		{offer(func(o *policy.OfferSpec) { o.Levels = nil }), "Offer O: spec.levels: is required"},
		{offer(func(o *policy.OfferSpec) { o.Levels = append(o.Levels, o.Levels[0]) }), `Offer O: spec.levels[1].name: names "l" twice`},
		{offer(func(o *policy.OfferSpec) { o.Levels[0].Name = "" }), "Offer O: spec.levels[0].name: is required"},
		{offer(func(o *policy.OfferSpec) { o.Levels[0].Role = "R" }), `Offer O: spec.levels[0].role: there is no role "R"`},
		{offer(func(o *policy.OfferSpec) { o.Levels[0].Role = "R" }), "Offer O: spec.levels[0]: must give either a role or entitlements"},
		{offer(func(o *policy.OfferSpec) { o.Levels[0].Entitlements = nil }), "Offer O: spec.levels[0]: must give either a role or entitlements"},
		{offer(func(o *policy.OfferSpec) { o.Levels[0].Entitlements[0] = "crm/x" }), `Offer O: spec.levels[0].entitlements[0]: application crm has no entitlement "x"`},
		{offer(func(o *policy.OfferSpec) { o.Tasks = []string{" "} }), "Offer O: spec.tasks[0]: must say"},
		{offer(func(o *policy.OfferSpec) { o.LongestDays = 366; o.Days = 366 }), ""},
		{offer(func(o *policy.OfferSpec) { o.LongestDays = 367 }), "Offer O: spec.longest_days: is 367"},
		{offer(func(o *policy.OfferSpec) { o.LongestDays = -1 }), "Offer O: spec.longest_days: is -1"},
		{offer(func(o *policy.OfferSpec) { o.Days = 366 }), "Offer O: spec.days: is 366 and must be from 1 to longest_days, 365"},
		{offer(func(o *policy.OfferSpec) { o.Days, o.LongestDays = 31, 30 }), "Offer O: spec.days: is 31"},
		{offer(func(o *policy.OfferSpec) { o.Days = -1 }), "Offer O: spec.days: is -1"},
		{offer(func(o *policy.OfferSpec) { o.For = "departmnt" }), "Offer O: spec.for: line 1"},
		{offer(func(o *policy.OfferSpec) { o.For = `request["risk"] == ""` }), "Offer O: spec.for: line 1"},
		{offer(func(o *policy.OfferSpec) { o.Activate = &policy.Hours{Hours: 25} }), "Offer O: spec.activate.hours: is 25"},
		{offer(func(o *policy.OfferSpec) { o.Activate = &policy.Hours{} }), "Offer O: spec.activate.for: is required"},
		{offer(func(o *policy.OfferSpec) { o.Emergency = &policy.Hours{For: "true", Hours: -1} }), "Offer O: spec.emergency.hours: is -1"},
		{offer(func(o *policy.OfferSpec) { o.Emergency = &policy.Hours{For: "x"} }), "Offer O: spec.emergency.for: line 1"},
		{rule(func(a *policy.ApprovalSpec) {}), ""},
		{rule(func(a *policy.ApprovalSpec) {
			a.When = `entitlement["x"] == "" && request["act"] == "" && country == ""`
		}), ""},
		{rule(func(a *policy.ApprovalSpec) { a.When = "" }), "ApprovalRule A: spec.when: is required"},
		{rule(func(a *policy.ApprovalSpec) { a.When = `request["rsk"] == "high"` }), `ApprovalRule A: spec.when: asks for request["rsk"]`},
		{rule(func(a *policy.ApprovalSpec) { a.When = `request == {}` }), "ApprovalRule A: spec.when: "},
		{rule(func(a *policy.ApprovalSpec) { a.When = `parameter["x"] == ""` }), "ApprovalRule A: spec.when: line 1"},
		{rule(func(a *policy.ApprovalSpec) { a.Order = -1 }), "ApprovalRule A: spec.order: is -1"},
		{rule(func(a *policy.ApprovalSpec) { a.Steps = nil }), "ApprovalRule A: spec.steps: is required"},
		{rule(func(a *policy.ApprovalSpec) { a.Automatic = true }), "ApprovalRule A: spec.steps: must be left out"},
		{rule(func(a *policy.ApprovalSpec) { a.Automatic, a.Steps = true, nil }), ""},
		{rule(func(a *policy.ApprovalSpec) { a.Steps[0].Beside = true }), "ApprovalRule A: spec.steps[0].beside: must be left out"},
		{step(policy.StepSpec{By: "boss"}), `ApprovalRule A: spec.steps[0].by: is "boss"`},
		{step(policy.StepSpec{By: "group"}), "ApprovalRule A: spec.steps[0].group: is required"},
		{step(policy.StepSpec{By: "group", Group: "R"}), `ApprovalRule A: spec.steps[0].group: there is no role "R"`},
		{step(policy.StepSpec{By: "group", Group: "portal:employee"}), `ApprovalRule A: spec.steps[0].group: is "portal:employee"`},
		{step(policy.StepSpec{By: "group", Group: "portal:it", Quorum: 3}), ""},
		{step(policy.StepSpec{By: "group", Group: "portal:it", Quorum: -1}), "ApprovalRule A: spec.steps[0].quorum: is -1"},
		{step(policy.StepSpec{By: "manager", Quorum: 2}), "ApprovalRule A: spec.steps[0].quorum: belongs to a step by group only"},
		{step(policy.StepSpec{By: "manager", Group: "portal:it"}), "ApprovalRule A: spec.steps[0].group: belongs to a step by group only"},
		{step(policy.StepSpec{By: "manager", Hours: 400}), ""},
		{step(policy.StepSpec{By: "manager", Hours: 401}), "ApprovalRule A: spec.steps[0].hours: is 401"},
		{step(policy.StepSpec{By: "manager", Hours: -1}), "ApprovalRule A: spec.steps[0].hours: is -1"},
		{step(policy.StepSpec{By: "manager", Otherwise: "manager"}), ""},
		{step(policy.StepSpec{By: "manager", Otherwise: "god"}), `ApprovalRule A: spec.steps[0].otherwise: is "god"`},
		{step(policy.StepSpec{By: "manager", Until: "start"}), "ApprovalRule A: spec.steps[0].until: belongs to a step by wait only"},
		{step(policy.StepSpec{By: "wait"}), "ApprovalRule A: spec.steps[0].until: is required"},
		{step(policy.StepSpec{By: "wait", Until: "2027-02-30"}), `ApprovalRule A: spec.steps[0].until: is "2027-02-30"`},
		{step(policy.StepSpec{By: "wait", Until: "2027-02-28"}), ""},
		{step(policy.StepSpec{By: "wait", Until: "start", Hours: 4}), "ApprovalRule A: spec.steps[0].until: is all that a wait has"},
		{step(policy.StepSpec{By: "outside"}), "ApprovalRule A: spec.steps[0].url: is required"},
		{step(policy.StepSpec{By: "outside", URL: "tickets"}), "ApprovalRule A: spec.steps[0].url: must be an address"},
		{step(policy.StepSpec{By: "outside", URL: "http://tickets.example.org"}), "ApprovalRule A: spec.steps[0].url: must begin with https"},
		{step(policy.StepSpec{By: "outside", URL: "http://127.0.0.1:8080/x"}), ""},
		{step(policy.StepSpec{By: "outside", URL: "https://u:p@tickets.example.org"}), "ApprovalRule A: spec.steps[0].url: must not hold"},
		{step(policy.StepSpec{By: "owner", URL: "https://tickets.example.org"}), "ApprovalRule A: spec.steps[0].url: belongs to a step by outside only"},
	} {
		err := d.Do(t.Context(), db.Operator, func(tx *db.Tx) error {
			if _, _, err := policy.Save(tx, c.set, "", false); err != nil {
				return err
			}
			return db.ErrRollback
		})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("got %v, want %q for %+v", err, c.want, c.set)
		}
	}
}

// A role that is offered, or whose members decide, does not end.
func TestARoleThatIsAskedForStays(t *testing.T) {
	d := withApplication(t)
	save(t, d, asking(), false)
	for role, want := range map[string]string{"Region": `Offer CRM: spec.levels: still names "Region"`, "AP Lead": `ApprovalRule b: spec.steps: still names "AP Lead"`} {
		err := d.Do(t.Context(), db.Operator, func(tx *db.Tx) error {
			_, _, err := policy.Save(tx, policy.Set{Ends: []policy.Ref{{Kind: policy.KindRole, Name: role}}}, "", false)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s ends: %v", role, err)
		}
	}
}
