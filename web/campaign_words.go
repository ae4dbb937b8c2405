package web

import (
	"slices"
	"strings"

	"tenure/internal/campaign"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/templates/lang"
)

// scopeNames is how many names of a list a sentence has.
const scopeNames = 6

// campaignWords knows the names that a campaign's scope and stages refer to by id.
type campaignWords struct {
	*request
	cat    *catalog.Catalog
	pol    *policy.Snapshot
	people map[int]*identity.Person
	owners map[int]*identity.Person // of applications, where it is said who looks at what failed
}

// wording looks up what is said of a campaign and of others by id.
func (r *request) wording(tx *db.Tx, c *campaign.Campaign, others ...int) (*campaignWords, error) {
	w := &campaignWords{request: r}
	ids := slices.Concat(c.Scope.People, c.Scope.Below, others, []int{c.Settings.Second})
	for _, st := range c.Stages {
		ids = append(ids, st.Named)
	}
	var err error
	if w.cat, err = catalog.Load(tx); err != nil {
		return nil, err
	}
	if w.pol, err = policy.Load(tx); err != nil {
		return nil, err
	}
	slices.Sort(ids)
	w.people, err = identity.People(tx, slices.Compact(ids))
	return w, err
}

func (w *campaignWords) name(id int) string {
	if p := w.people[id]; p != nil {
		return p.Name
	}
	return w.T("somebody")
}

func each[T any](all []T, word func(T) string) []string {
	out := make([]string, len(all))
	for i, x := range all {
		out[i] = word(x)
	}
	return out
}

func (w *campaignWords) application(id int) string {
	if a := w.cat.Apps[id]; a != nil {
		return a.Title
	}
	return w.T("something that is no longer declared")
}

func (w *campaignWords) role(id int) string {
	if o := w.pol.Object(id); o != nil {
		return o.Title
	}
	return w.T("something that is no longer declared")
}

// thing names what an item is about: an entitlement, or a role whose definition is reviewed.
func (w *campaignWords) thing(entitlement int, param string) string {
	if role := campaign.RoleOf(param); entitlement == 0 && role != 0 {
		return w.T("The role “%s”", w.role(role))
	}
	return w.entitlementWord(w.cat, entitlement)
}

// scope says in one sentence what a campaign reviews.
func (w *campaignWords) scope(s *campaign.Scope) string {
	if s.Definitions {
		if len(s.Roles) == 0 {
			return w.T("What all roles are: their contents, rules and descriptions.")
		}
		return w.T("What the roles %s are: their contents, rules and descriptions.", w.and(each(s.Roles, w.role), scopeNames))
	}
	what := w.T("All access of everybody")
	switch {
	case s.Orphans:
		what = w.T("Accounts of nobody")
	case len(s.People) > 0:
		what = w.T("All access of %s", w.and(each(s.People, w.name), scopeNames))
	}
	parts := []string{what}
	names := func(text string, all []string) {
		if len(all) > 0 {
			parts = append(parts, w.T(text, w.and(all, scopeNames)))
		}
	}
	names(lang.Mark("in the departments %s"), s.Departments)
	names(lang.Mark("of everybody below %s, at every level"), each(s.Below, w.name))
	names(lang.Mark("located in %s"), s.Locations)
	names(lang.Mark("who work as %s"), s.WorkerTypes)
	names(lang.Mark("in %s"), each(s.Applications, w.application))
	names(lang.Mark("to %s"), each(s.Entitlements, func(id int) string { return w.entitlementWord(w.cat, id) }))
	names(lang.Mark("that comes by the roles %s"), each(s.Roles, w.role))
	return w.T("%s.", strings.Join(append(parts, w.narrowed(s)...), ", "))
}

// narrowed says what else holds for the access of a scope.
func (w *campaignWords) narrowed(s *campaign.Scope) (out []string) {
	for _, x := range []struct {
		on   bool
		word string
	}{
		{s.Privileged, lang.Mark("only what is privileged or of high risk")}, {s.Conflicts, lang.Mark("only what takes part in breaking an SoD rule")}, {s.OutOfBand, lang.Mark("only what is held without any reason")},
		{s.NotByRule, lang.Mark("without what a birthright rule gives")}, {s.Memberships, lang.Mark("only what people decided: memberships and requests")},
	} {
		if x.on {
			out = append(out, w.T(x.word))
		}
	}
	if s.Dormant > 0 {
		out = append(out, w.T("only accounts that were not signed in to for %s", w.Plural(s.Dormant, "day", "days")))
	}
	if s.Unreviewed > 0 {
		out = append(out, w.T("only what was not reviewed for %s", w.Plural(s.Unreviewed, "day", "days")))
	}
	return out
}

var stageWays = map[string]string{
	campaign.ByManager: lang.Mark("the manager of the person"), campaign.ByOwner: lang.Mark("the owner of the entitlement or application"), campaign.ByRoleOwner: lang.Mark("the owner of the role that gives it, else of the application"),
	campaign.ByNamed: lang.Mark("a named person"), campaign.ByCompliance: lang.Mark("compliance"), "campaign_owner": lang.Mark("the owner of the campaign"),
	"reassigned": lang.Mark("it was given to them"), "second": lang.Mark("second reviewer"),
}

func (w *campaignWords) stages(all []campaign.Stage) []string {
	return each(all, func(st campaign.Stage) string {
		by := w.T(stageWays[st.By])
		if st.By == campaign.ByNamed {
			by = w.name(st.Named)
		}
		if st.Otherwise == "" {
			return w.T("%s, otherwise %s", by, w.T(stageWays["campaign_owner"]))
		}
		return w.T("%s, otherwise %s", by, w.T(stageWays[st.Otherwise]))
	})
}

var (
	unansweredWords = map[string]string{campaign.LeaveOpen: lang.Mark("the owner of the campaign decides it"), campaign.KeepSilent: lang.Mark("it is kept"), campaign.CloseRemove: lang.Mark("it is removed")}
	commentWords    = map[string]string{"removals": lang.Mark("for removals and changes"), "risky": lang.Mark("for removals, and to keep what is of high risk"), "always": lang.Mark("for everything"), "never": lang.Mark("for changes of rules only")}
	classWords      = []string{lang.Mark("Decided line by line"), lang.Mark("Likely fine, as one batch"), lang.Mark("Given by a rule alone")}
)

func (w *campaignWords) settings(c *campaign.Campaign) []string {
	s := &c.Settings
	out := []string{w.T("A review has %s.", w.Plural(s.Days, "day", "days")), w.T("A reviewer decides at most %d at a time; the rest follows in waves, %s apart.", s.Budget, w.Plural(s.WaveDays, "day", "days")),
		w.T("What nobody answers in time: %s.", w.T(unansweredWords[s.Unanswered])), w.T("A comment is required %s.", w.T(commentWords[s.Comment]))}
	if s.Challenge > 0 {
		out = append(out, w.T("Who is to lose access may object for %s.", w.Plural(s.Challenge, "day", "days")))
	}
	if s.Sample > 0 {
		second := w.T("the owner of the campaign")
		if s.Second != 0 {
			second = w.name(s.Second)
		}
		out = append(out, w.T("%d %% of what is kept is decided a second time by %s; reviewers are told.", s.Sample, second))
	}
	if s.Pace > 0 {
		out = append(out, w.T("Half of a review that took less than %s a line is decided a second time.", w.Plural(s.Pace, "second", "seconds")))
	}
	if s.NoBatch {
		out = append(out, w.T("Everything is decided line by line: nothing is put together as likely fine."))
	}
	if c.Kind == campaign.Recurring {
		out = append(out, w.T("It begins anew every %s.", w.Plural(s.Months, "month", "months")))
	}
	return out
}
