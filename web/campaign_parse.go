package web

import (
	"slices"
	"strconv"
	"strings"

	"tenure/internal/campaign"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
	"tenure/templates/ui"
)

var campaigns = lifecycle.Campaigns

func (f *campaignForm) wrong(field, text string, a ...any) {
	f.bad = append(f.bad, ui.FieldError{Field: field, Text: f.T(text, a...)})
}

// parse reads the form into a campaign. What names nothing is said at its field: a scope that silently misses somebody would prove too much.
func (f *campaignForm) parse(tx *db.Tx, c *campaign.Campaign) (err error) {
	if f.cat, err = catalog.Load(tx); err != nil {
		return err
	}
	if f.pol, err = policy.Load(tx); err != nil {
		return err
	}
	c.Title, c.About, c.Kind = f.field("title"), f.field("about"), f.one("kind")
	if oneOf(c.Kind, campaign.Once, campaign.Recurring) == "" {
		c.Kind = campaign.Once
	}
	if c.Scope, err = f.scope(tx); err != nil {
		return err
	}
	set := campaign.Settings{Unanswered: f.one("unanswered"), Comment: f.one("comment"), NoBatch: f.one("no_batch") == "on"}
	for name, into := range map[string]*int{"days": &set.Days, "budget": &set.Budget, "wave_days": &set.WaveDays, "challenge": &set.Challenge, "sample": &set.Sample, "pace": &set.Pace} {
		*into = f.whole(name, -1)
	}
	if c.Kind == campaign.Recurring {
		set.Months = f.whole("months", 0)
	}
	c.Settings = set
	return f.whom(tx, c)
}

// whole reads a whole number; what is none is one that no rule allows.
func (f *campaignForm) whole(name string, none int) int {
	text := f.one(name)
	if text == "" {
		return none
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return -1
	}
	return int(n)
}

func (f *campaignForm) scope(tx *db.Tx) (s campaign.Scope, err error) {
	s.Departments, s.Locations, s.WorkerTypes = f.lines("departments"), f.lines("locations"), f.lines("worker_types")
	s.Dormant, s.Unreviewed = f.whole("dormant", 0), f.whole("unreviewed", 0)
	for _, name := range []string{"dormant", "unreviewed"} {
		if n := f.whole(name, 0); n < 0 || n > 3650 {
			f.wrong(name, "Write a number of days from 1 to 3650, or nothing.")
		}
	}
	for _, name := range f.values["only"] {
		if on := map[string]*bool{"privileged": &s.Privileged, "conflicts": &s.Conflicts, "orphans": &s.Orphans, "definitions": &s.Definitions, "out_of_band": &s.OutOfBand, "not_by_rule": &s.NotByRule, "memberships": &s.Memberships}[name]; on != nil {
			*on = true
		}
	}
	for _, name := range f.lines("applications") {
		if a := f.cat.AppNamed[name]; a != nil {
			s.Applications = append(s.Applications, a.ID)
		} else {
			f.wrong("applications", "There is no application %s.", name)
		}
	}
	for _, name := range f.lines("entitlements") {
		ids, err := f.cat.Expand(name)
		if err != nil || !strings.Contains(name, "/") {
			f.wrong("entitlements", "There is no entitlement %s.", name)
			continue
		}
		s.Entitlements = append(s.Entitlements, ids...)
	}
	roles := map[string]int{}
	for _, o := range f.pol.Objects(policy.KindRole) {
		roles[o.Name] = o.ID
	}
	for _, name := range f.lines("roles") {
		if id := roles[name]; id != 0 {
			s.Roles = append(s.Roles, id)
		} else {
			f.wrong("roles", "There is no role %s.", name)
		}
	}
	unknown, err := identity.Unheld(tx, map[string][]string{"department": s.Departments, "location": s.Locations, "worker_type": s.WorkerTypes})
	for column, values := range unknown {
		for _, v := range values {
			f.wrong(column+"s", "Nobody has %s.", v)
		}
	}
	return s, err
}

// whom finds the people that a form names: of the scope, of the stages, and the second reviewer.
func (f *campaignForm) whom(tx *db.Tx, c *campaign.Campaign) error {
	named := map[string]string{}
	all := append(f.lines("people"), f.lines("below")...)
	fields := []string{"second"}
	for i := range stagesMost {
		fields = append(fields, "named"+strconv.Itoa(i+1))
	}
	for _, field := range fields {
		if named[field] = f.one(field); named[field] != "" {
			all = append(all, named[field])
		}
	}
	slices.Sort(all)
	found, err := identity.Named(tx, slices.Compact(all)) // one person may be named in several fields
	if err != nil {
		return err
	}
	find := func(field, text string) int {
		if text == "" {
			return 0
		}
		if found[text] == 0 {
			f.wrong(field, "%s names nobody, or more than one person.", text)
		}
		return found[text]
	}
	for field, into := range map[string]*[]int{"people": &c.Scope.People, "below": &c.Scope.Below} {
		for _, text := range f.lines(field) {
			if id := find(field, text); id != 0 {
				*into = append(*into, id)
			}
		}
	}
	c.Settings.Second, c.Stages = find("second", named["second"]), nil
	for i := range stagesMost {
		n := strconv.Itoa(i + 1)
		st := campaign.Stage{By: f.one("by" + n), Otherwise: f.one("otherwise" + n)}
		if i > 0 && st.By == "" {
			continue
		}
		if st.By == campaign.ByNamed {
			if st.Named = find("named"+n, named["named"+n]); st.Named == 0 && named["named"+n] == "" {
				f.wrong("named"+n, "Say who is asked.")
			}
		}
		c.Stages = append(c.Stages, st)
	}
	return nil
}
