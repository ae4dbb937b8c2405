package web

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"tenure/internal/access"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/lang"
	"tenure/templates/ui"
)

const violationsURL = "/violations"

var violationSpec = listSpec{name: "violations", label: lang.Mark("SoD violations"), path: violationsURL, sort: "-opened",
	filters: []listFilter{{name: "state", options: []ui.Option{{Text: lang.Mark("Not resolved")}, {Value: "open", Text: lang.Mark("Open")}, {Value: "accepted", Text: lang.Mark("Accepted")}, {Value: "resolved", Text: lang.Mark("Resolved")}}},
		{name: "severity", label: lang.Mark("Severity"), options: []ui.Option{{Text: lang.Mark("All")}, {Value: "critical", Text: lang.Mark("Critical")}, {Value: "high", Text: lang.Mark("High")}, {Value: "medium", Text: lang.Mark("Medium")}, {Value: "low", Text: lang.Mark("Low")}}},
		{name: "rule"}, {name: "person"}},
	columns: []listColumn{{key: "person", text: lang.Mark("Person"), fixed: true}, {key: "rule", text: lang.Mark("SoD rule")}, {key: "severity", text: lang.Mark("Severity")}, {key: "state", text: lang.Mark("State")},
		{key: "opened", text: lang.Mark("Since"), sorted: true}, {key: "until", text: lang.Mark("Accepted until")}}}

func conflictURL(ref string, rule int) string {
	return fmt.Sprintf("%s/conflicts/%d", personURL(ref), rule)
}

// violations lists who breaks an SoD rule.
func (s *server) violations(r *request) error {
	var v templates.ViolationsView
	sent := false
	err := r.read(func(tx *db.Tx) error {
		l, err := r.list(&violationSpec)
		if err != nil {
			return err
		}
		pol, err := policy.Load(tx)
		if err != nil {
			return err
		}
		f, err := r.violationFilter(tx, pol, l)
		if err != nil {
			return err
		}
		if sent = l.csv; sent {
			return r.violationFile(tx, pol, f, l)
		}
		if err := r.violationFigures(tx, l, &v); err != nil {
			return err
		}
		return r.violationGrid(tx, pol, f, l, &v.Grid)
	})
	if err != nil || sent {
		return err
	}
	return r.show(templates.Violations(r.shell(r.T("SoD violations")), v))
}

func (r *request) violationFilter(tx *db.Tx, pol *policy.Snapshot, l *list) (access.ViolationFilter, error) {
	f := access.ViolationFilter{State: access.ViolationState(l.filter("state"))}
	f.Current = f.State == ""
	name, severity := l.filter("rule"), l.filter("severity")
	if name+severity != "" {
		f.Rules = []int{}
		for _, o := range pol.Objects(policy.KindSoD) {
			if (name == "" || o.Name == name) && (severity == "" || o.SoD.Severity == severity) {
				f.Rules = append(f.Rules, o.ID)
			}
		}
	}
	if ref := l.filter("person"); ref != "" {
		p, ok, err := identity.ByRef(tx, ref)
		if err != nil || !ok {
			return f, orInvalid(err, r.T("there is no such person to filter by"))
		}
		f.Person = p.ID
	}
	return f, nil
}

func (r *request) violationFigures(tx *db.Tx, l *list, v *templates.ViolationsView) error {
	counts, err := access.CountViolations(tx)
	if err != nil {
		return err
	}
	people, withheld, err := access.CountWithheld(tx)
	if err != nil {
		return err
	}
	open, accepted := 0, 0
	for _, c := range counts {
		open, accepted = open+c[access.ViolationOpen], accepted+c[access.ViolationAccepted]
	}
	v.Figures = []ui.Figure{alarm(ui.Figure{Label: r.T("Open"), Value: r.Int(open), URL: link(violationsURL, "state", "open")}, open, ui.Bad, "alert-octagon"),
		{Label: r.T("Accepted"), Value: r.Int(accepted), URL: link(violationsURL, "state", "accepted")},
		{Label: r.T("Rules that are broken"), Value: r.Int(len(counts)), URL: "/policy?tab=duties"},
		{Label: r.T("Not granted because of a rule"), Value: r.Int(withheld), Note: r.Plural(people, "person", "people")}}
	for _, c := range []struct {
		word, state string
		n           int
	}{{r.T("Not resolved"), "", open + accepted}, {r.T("Open"), "open", open}, {r.T("Accepted"), "accepted", accepted}} {
		chip := l.chip(c.word, "state", c.state)
		chip.Count, chip.Counted = c.n, l.filter("rule")+l.filter("severity")+l.filter("person") == ""
		v.Chips = append(v.Chips, chip)
	}
	v.Chips = append(v.Chips, l.chip(r.T("Resolved"), "state", "resolved"))
	return nil
}

func (r *request) violationGrid(tx *db.Tx, pol *policy.Snapshot, f access.ViolationFilter, l *list, g *ui.Grid) error {
	all, more, err := access.Violations(tx, f, l.page())
	if err != nil {
		return err
	}
	*g = l.grid()
	g.Blank = ui.Blank{Icon: "circle-check", Title: r.T("Nobody breaks an SoD rule"), Text: r.T("What people hold is weighed whenever it changes, and whenever the policy does."), Link: ui.Link{Text: r.T("See the rules"), URL: "/policy?tab=duties"}}
	if url := r.to("policy.change", link(benchURL, "kind", policy.KindSoD)); url != "" && len(pol.Objects(policy.KindSoD)) == 0 {
		g.Blank = ui.Blank{Icon: "scale", Title: r.T("There is no SoD rule that could be broken"), Text: r.T("A rule names duties that one person must not combine."), Link: ui.Link{Text: r.T("Write the first rule"), URL: url}}
	}
	g.NoMatch.Title = r.T("Nothing matches")
	for i := range all {
		x := &all[i]
		title, severity := ruleWords(pol, x)
		until := ui.Nothing(r.T("not accepted"))
		if x.Until != nil {
			until = ui.When(r.at(*x.Until), "")
		}
		g.Rows = append(g.Rows, ui.Row{ID: "", Name: x.PersonName + ", " + title, URL: conflictURL(x.PersonRef, x.Rule), Quiet: x.State == access.ViolationResolved,
			Cells: []templ.Component{ui.Main(x.PersonName, conflictURL(x.PersonRef, x.Rule), ""), ui.Words(title), templates.Severity(severity), templates.ViolationState(string(x.State)), ui.When(r.at(x.Opened), ""), until}})
	}
	if n := len(all); n > 0 {
		at := func(x *access.ViolationLine) []string { return []string{x.Key, strconv.FormatInt(x.ID, 10)} }
		l.pages(g, n, at(&all[0]), at(&all[n-1]), more, total{})
	} else {
		l.pages(g, 0, nil, nil, false, total{})
	}
	return r.views(tx, l, g)
}

// ruleWords gives the title and severity of a violation's rule, as the policy has it now or, where it ended, as it was called.
func ruleWords(pol *policy.Snapshot, x *access.ViolationLine) (title, severity string) {
	if o := pol.Object(x.Rule); o != nil && o.SoD != nil {
		return o.Title, o.SoD.Severity
	}
	return x.RuleName, "high"
}

func (r *request) violationFile(tx *db.Tx, pol *policy.Snapshot, f access.ViolationFilter, l *list) error {
	p := l.page()
	p.After, p.Back, p.Limit = nil, false, fileMost
	all, _, err := access.Violations(tx, f, p)
	if err != nil {
		return err
	}
	return r.sendCSV("violations", []string{r.T("Person"), r.T("SoD rule"), r.T("Severity"), r.T("State"), r.T("Since"), r.T("Opened how often"), r.T("Accepted until")}, eachLine(all, func(x *access.ViolationLine) []string {
		title, severity := ruleWords(pol, x)
		until := ""
		if x.Until != nil {
			until = x.Until.UTC().Format(time.RFC3339)
		}
		return []string{x.PersonName, title, severity, string(x.State), x.Opened.UTC().Format(time.RFC3339), strconv.Itoa(x.Times), until}
	}))
}

// policyDuties is what the policy says of segregation of duties.
func (r *request) policyDuties(tx *db.Tx, v *templates.PolicyView) error {
	pol, err := policy.Load(tx)
	if err != nil {
		return err
	}
	counts, err := access.CountViolations(tx)
	if err != nil {
		return err
	}
	titles, duties, rules := map[string]string{}, pol.Objects(policy.KindDuty), pol.Objects(policy.KindSoD)
	var owners []int
	for _, o := range duties {
		titles[o.Name] = o.Title
		v.Duties.Duties = append(v.Duties.Duties, templates.DutyRow{Name: o.Title, Version: r.versionLink(o), EditURL: r.benchTo(o.ID), What: o.Duty.Description, All: o.Duty.Needs == policy.NeedsAll, Holds: o.Duty.Entitlements})
	}
	for _, o := range rules {
		owners = append(owners, o.OwnerID)
	}
	people, err := identity.People(tx, owners)
	if err != nil {
		return err
	}
	for _, o := range rules {
		row := templates.SoDRow{Name: o.Title, Version: r.versionLink(o), EditURL: r.benchTo(o.ID), What: o.SoD.Description, Severity: o.SoD.Severity, Reaction: o.SoD.Reaction, Scope: o.SoD.When,
			Open: counts[o.ID][access.ViolationOpen], OpenURL: r.to("violation.read", link(violationsURL, "rule", o.Name)), Accepted: counts[o.ID][access.ViolationAccepted]}
		row.Duties = r.dutiesWord(o, titles)
		if p := people[o.OwnerID]; p != nil {
			row.Owner = p.Name
		}
		v.Duties.Rules = append(v.Duties.Rules, row)
	}
	v.Duties.Heat = r.heat(rules, titles, counts)
	return nil
}

func (r *request) dutiesWord(o *policy.Object, titles map[string]string) string {
	var names []string
	for _, d := range o.SoD.Duties {
		names = append(names, titles[d])
	}
	if o.SoD.AtLeast < len(names) {
		return r.T("%d of: %s", o.SoD.AtLeast, strings.Join(names, ", "))
	}
	return r.and(names, 8)
}

// heatMost is how many duties the square shows: a larger one is no picture any more.
const heatMost = 24

// heat draws the rules of two duties, those with most violations first.
func (r *request) heat(rules []*policy.Object, titles map[string]string, counts map[int]map[access.ViolationState]int) templates.HeatView {
	var v templates.HeatView
	broken := func(o *policy.Object) int {
		return counts[o.ID][access.ViolationOpen] + counts[o.ID][access.ViolationAccepted]
	}
	var pairs []*policy.Object
	for _, o := range rules {
		if len(o.SoD.Duties) == 2 {
			pairs = append(pairs, o)
		}
	}
	slices.SortStableFunc(pairs, func(a, b *policy.Object) int {
		return cmp.Or(broken(b)-broken(a), slices.Index(policy.Severities, b.SoD.Severity)-slices.Index(policy.Severities, a.SoD.Severity))
	})
	place := map[string]int{}
	var shown []*policy.Object
	for _, o := range pairs {
		fresh := 0
		for _, d := range o.SoD.Duties {
			if _, ok := place[d]; !ok {
				fresh++
			}
		}
		if len(place)+fresh > heatMost {
			continue
		}
		shown = append(shown, o)
		for _, d := range o.SoD.Duties {
			if _, ok := place[d]; !ok {
				place[d] = len(v.Rows)
				v.Rows = append(v.Rows, templates.HeatRow{N: len(v.Rows) + 1, Name: titles[d]})
			}
		}
	}
	for i := range v.Rows {
		v.Rows[i].Cells = make([]templates.HeatCell, len(v.Rows))
	}
	for _, o := range shown {
		a, b := place[o.SoD.Duties[0]], place[o.SoD.Duties[1]]
		cell := templates.HeatCell{Rule: o.Title, Severity: o.SoD.Severity, Broken: broken(o), URL: link(violationsURL, "rule", o.Name)}
		v.Rows[max(a, b)].Cells[min(a, b)] = cell
	}
	if len(shown) < len(rules) {
		v.More = r.T("%d of %d rules; the others stand below.", len(shown), len(rules))
	}
	return v
}
