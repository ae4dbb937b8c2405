package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tenure/internal/app"
	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/internal/task"
	"tenure/templates"
	"tenure/templates/ui"
)

const miningURL = "/policy/mining"

func miningRunURL(id int) string { return fmt.Sprintf("%s/%d", miningURL, id) }

// atOnce is up to how many people a look is done in the request that asks for it.
const atOnce = 500

// mining is where roles are looked for, with the last looks.
func (s *server) mining(r *request) error {
	return s.miningPage(r, http.StatusOK, r.Query("where"), true, nil)
}

func (s *server) miningPage(r *request, status int, where string, without bool, bad ui.Errors) error {
	v := templates.MiningView{Outliers: outliersURL}
	err := r.read(func(tx *db.Tx) error {
		runs, err := audit.MiningRuns(tx)
		if err != nil {
			return err
		}
		cat, err := catalog.Load(tx)
		if err != nil {
			return err
		}
		for _, m := range runs {
			v.Rows = append(v.Rows, templates.MiningRow{Where: r.miningWhere(cat, m), URL: miningRunURL(m.ID), Made: r.at(m.Made), By: m.By, Candidates: m.NumCandidates, Outliers: m.NumOutliers,
				Held: r.T("%s, %s", r.Plural(m.People, "person", "people"), r.Plural(m.Pairs, "grant", "grants"))})
		}
		if !r.may("policy.change") {
			return nil
		}
		places, err := r.miningPlaces(tx, cat)
		for i := range places {
			places[i].Selected = places[i].Value == where
		}
		v.Start = &templates.MiningStart{Action: miningURL, Where: places, Without: without, Errors: bad}
		return err
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Mining(r.shell(r.T("Look for roles")), v))
}

// miningPlaces are where roles can be looked for: "department:Sales", "application:ledger", and "everybody".
func (r *request) miningPlaces(tx *db.Tx, cat *catalog.Catalog) ([]ui.Option, error) {
	out := []ui.Option{{Value: "everybody", Text: r.T("Everybody, in all applications")}}
	values, err := identity.Choices(tx, choicesMost)
	for _, d := range values["department"] {
		out = append(out, ui.Option{Value: "department:" + d, Text: r.T("The people of %s", d)})
	}
	for _, name := range sortedKeys(cat.AppNamed) {
		out = append(out, ui.Option{Value: "application:" + name, Text: r.T("Access in %s", cat.AppNamed[name].Title)})
	}
	return out, err
}

// miningWhere says where a look was.
func (r *request) miningWhere(cat *catalog.Catalog, m *audit.MiningRun) string {
	switch {
	case m.Scope.Department != "":
		return r.T("The people of %s", m.Scope.Department)
	case m.Scope.Application == "":
		return r.T("Everybody, in all applications")
	case cat.AppNamed[m.Scope.Application] == nil:
		return r.T("Access in %s", m.Scope.Application)
	}
	return r.T("Access in %s", cat.AppNamed[m.Scope.Application].Title)
}

// miningStart begins a look.
func (s *server) miningStart(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	where, few := cmp.Or(r.field("where"), "everybody"), 0
	scope := audit.MiningScope{WithoutRules: r.field("without") == "on"}
	var title string
	err := r.read(func(tx *db.Tx) error {
		cat, err := catalog.Load(tx)
		if err != nil {
			return err
		}
		places, err := r.miningPlaces(tx, cat)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(places, func(o ui.Option) bool { return o.Value == where }); i >= 0 {
			title = r.T("Look for roles: %s", places[i].Text)
		}
		return tx.QueryRow(`select count(*) from (select from identity where kind = 'person' limit $1) x`, atOnce+1).Scan(&few)
	})
	if err != nil {
		return err
	}
	switch kind, name, _ := strings.Cut(where, ":"); {
	case title == "":
		return s.miningPage(r, http.StatusBadRequest, where, scope.WithoutRules, ui.Errors{{Field: "where", Text: r.T("There is no such department or application; choose another.")}})
	case kind == "department":
		scope.Department = name
	case kind == "application":
		scope.Application = name
	}
	return r.beginTask(task.New{Kind: app.TaskMine, Title: title, Args: scope, Total: 4}, few <= atOnce)
}

func (r *request) miningRun(tx *db.Tx) (*audit.MiningRun, error) {
	id, err := r.number("id")
	if err != nil {
		return nil, nothing("look for roles")
	}
	return audit.GetMiningRun(tx, id)
}

// taken gives the candidates that an address names, with all their people, and all candidates of the run.
func (r *request) taken(tx *db.Tx, run int) (chosen, all []audit.Candidate, err error) {
	ranks := []int{}
	for _, text := range r.QueryArray("take") {
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, nil, errs.Invalid("there is no candidate %q", text)
		}
		ranks = append(ranks, n)
	}
	if all, err = audit.MiningCandidates(tx, run, ranks...); err != nil {
		return nil, nil, err
	}
	slices.Sort(ranks)
	for _, n := range slices.Compact(ranks) {
		if n < 1 || n > len(all) {
			return nil, nil, errs.Invalid("there is no candidate %q", strconv.Itoa(n))
		}
		chosen = append(chosen, all[n-1])
	}
	return chosen, all, nil
}

// miningRunShow shows what a look found, and what would follow if the ticked candidates were taken on.
func (s *server) miningRunShow(r *request) error {
	var v templates.MiningRunView
	err := r.read(func(tx *db.Tx) error {
		run, err := r.miningRun(tx)
		if err != nil {
			return err
		}
		chosen, all, err := r.taken(tx, run.ID)
		if err != nil {
			return err
		}
		cat, err := catalog.Load(tx)
		if err != nil {
			return err
		}
		v = templates.MiningRunView{Title: r.miningWhere(cat, run), URL: miningRunURL(run.ID), AgainURL: miningURL, Outliers: outliersURL,
			Lead: r.T("%s looked, %s, at everything that is held there.", run.By, r.at(run.Made).Text)}
		if run.Scope.WithoutRules {
			v.Lead = r.T("%s looked, %s, at what is held there and no birthright rule gives.", run.By, r.at(run.Made).Text)
		}
		x := &findings{request: r, run: run, cat: cat}
		if err := x.meet(tx, all); err != nil {
			return err
		}
		x.figures(all, &v)
		for i := range all {
			c := x.candidate(&all[i])
			c.Chosen = slices.ContainsFunc(chosen, func(t audit.Candidate) bool { return t.N == all[i].N })
			v.Candidates = append(v.Candidates, c)
		}
		x.pictures(all, &v)
		if len(chosen) > 0 {
			v.WhatIf, err = x.whatIf(tx, chosen)
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.show(templates.MiningRun(r.shell(v.Title), v))
}

// findings puts what a look found into words.
type findings struct {
	*request
	run    *audit.MiningRun
	cat    *catalog.Catalog
	people map[int]*identity.Person
}

// gainsShown is how many people a candidate names who would get something new.
const gainsShown = 20

// meet looks up the people whom candidates name.
func (x *findings) meet(tx *db.Tx, all []audit.Candidate) (err error) {
	var ids []int
	for i := range all {
		for _, g := range all[i].Gains {
			ids = append(ids, g.Person)
		}
	}
	slices.Sort(ids)
	x.people, err = identity.People(tx, slices.Compact(ids))
	return err
}

func (x *findings) figures(all []audit.Candidate, v *templates.MiningRunView) {
	reach := 0
	for i := range all {
		reach += all[i].New
	}
	v.Figures = []ui.Figure{{Label: x.T("People who hold something"), Value: x.Int(x.run.People)}, {Label: x.T("Grants"), Value: x.Int(x.run.Pairs)},
		{Label: x.T("Roles that say exactly this"), Value: x.Int(x.run.Roles)}, {Label: x.T("Useful candidates"), Value: x.Int(len(all)), Note: x.T("they give %s of it", x.percent(float64(reach)/float64(max(x.run.Pairs, 1))))}}
}

// percent writes a share in whole percents; what is little is never nothing, and what is not all never all.
func (x *findings) percent(share float64) string {
	n := int(share*100 + 0.5)
	switch {
	case share > 0 && n == 0:
		n = 1
	case share < 1 && n == 100:
		n = 99
	}
	return x.T("%d %%", n)
}

func (x *findings) candidate(c *audit.Candidate) templates.MiningCandidate {
	out := templates.MiningCandidate{N: c.N, Name: c.Name, Gives: x.entitlementWords(c.Entitlements, 8), Members: c.Size, Share: x.percent(c.Share), Alone: c.Alone, Saved: max(c.Saved, 0), Gaining: c.Gaining,
		Gains: x.gains(c, gainsShown), Words: x.quality(c)}
	if c.Rule != nil {
		out.Rule = c.Rule.Text
	}
	return out
}

// quality says how well a candidate and its rule fit.
func (x *findings) quality(c *audit.Candidate) []string {
	var out []string
	switch k := c.Rule; {
	case k == nil:
		out = append(out, x.T("No attributes tell its members from others: they would be given it one by one."))
	case k.Matches == k.Hits && k.Hits == c.Size:
		out = append(out, x.T("The rule finds exactly the members."))
	case k.Matches == k.Hits:
		out = append(out, x.T("The rule finds %d of the %d members and nobody else.", k.Hits, c.Size))
	default:
		out = append(out, x.T("Of the %d people whom the rule finds %s are members; it finds %s of the members.", k.Matches, x.percent(k.Precision), x.percent(k.Recall)))
	}
	if !c.GainsNothing {
		out = append(out, x.T("Some members do not hold all of it yet."))
	}
	return out
}

// entitlementWords names entitlements, up to a number of them.
func (x *findings) entitlementWords(entitlements []int64, most int) (out []string) {
	for i, e := range entitlements {
		if i == most && len(entitlements) > most+1 {
			return append(out, x.T("and %d more", len(entitlements)-most))
		}
		out = append(out, x.entitlementWord(x.cat, int(e)))
	}
	return out
}

func (x *findings) gains(c *audit.Candidate, most int) (out []templates.MiningGain) {
	for i, g := range c.Gains {
		if i == most {
			break
		}
		who := ui.Link{Text: x.T("somebody")}
		if p := x.people[g.Person]; p != nil {
			who = ui.Link{Text: p.Name, URL: x.to("person.read_any", personURL(p.PublicID))}
		}
		out = append(out, templates.MiningGain{Person: who, Role: c.Name, What: x.and(x.entitlementWords(g.Entitlements, 6), 7)})
	}
	return out
}

// Bounds of the pictures: a larger one is no picture any more.
const (
	barsMost   = 12
	blocksMost = 24
)

// pictures draws how far the candidates reach together, and their blocks.
func (x *findings) pictures(all []audit.Candidate, v *templates.MiningRunView) {
	v.Coverage = ui.Chart{ID: "coverage", Title: x.T("How much of the access candidates give, one after the other"), Head: []string{x.T("Candidate"), x.T("With those before it")}}
	shown := all[:min(len(all), barsMost)]
	row := map[int64]int{}
	for i := range shown {
		c := &shown[i]
		name := x.T("%d %s", c.N, c.Name)
		v.Bars = append(v.Bars, ui.BarLine{Name: name, Value: c.Reach, Text: x.percent(c.Reach)})
		v.Coverage.Rows = append(v.Coverage.Rows, []string{name, x.percent(c.Reach)})
		v.Blocks.Columns = append(v.Blocks.Columns, templates.MiningColumn{N: c.N, Name: c.Name})
		for _, e := range c.Entitlements {
			if _, ok := row[e]; !ok && len(v.Blocks.Rows) < blocksMost {
				row[e] = len(v.Blocks.Rows)
				v.Blocks.Rows = append(v.Blocks.Rows, templates.MiningBlock{Name: x.entitlementWord(x.cat, int(e)), Cells: make([]int, len(shown))})
			}
			if at, ok := row[e]; ok {
				v.Blocks.Rows[at].Cells[i] = c.Size
			}
		}
	}
	if n := len(shown); n > 0 {
		v.Coverage.Summary = x.T("The first %s give %s of what is held there.", x.Plural(n, "candidate", "candidates"), x.percent(shown[n-1].Reach))
	}
	if len(shown) < len(all) || len(v.Blocks.Rows) == blocksMost {
		v.Blocks.More = x.T("The first %d candidates and the first %d entitlements that they give.", len(shown), len(v.Blocks.Rows))
	}
}

// whatIf says what would follow if candidates were taken on together.
func (x *findings) whatIf(tx *db.Tx, chosen []audit.Candidate) (*templates.MiningWhatIf, error) {
	pol, err := policy.Load(tx)
	if err != nil {
		return nil, err
	}
	a, roles, gaining := x.run.Adopt(chosen), len(pol.Objects(policy.KindRole)), 0
	v := &templates.MiningWhatIf{Clear: miningRunURL(x.run.ID)}
	q := url.Values{"mining": {strconv.Itoa(x.run.ID)}}
	for i := range chosen {
		c := &chosen[i]
		q.Add("take", strconv.Itoa(c.N))
		gaining += c.Gaining
		v.Gains = append(v.Gains, x.gains(c, changeMost-len(v.Gains))...)
	}
	v.PlanURL = x.to("policy.change", changesURL+"/new?"+q.Encode())
	if gaining > len(v.Gains) {
		v.More = x.T("and %d more", gaining-len(v.Gains))
	}
	v.Figures = []ui.Figure{{Label: x.T("Given by these roles"), Value: x.percent(a.Share), Note: x.T("%s of %s", x.Int(a.Given), x.Plural(x.run.Pairs, "grant", "grants"))},
		{Label: x.T("Items of a review"), Value: x.T("%s → %s", x.Int(a.Before), x.Int(a.After)), Note: x.T("one by one, and by role")}, {Label: x.T("Roles of the policy"), Value: x.T("%s → %s", x.Int(roles), x.Int(roles+len(chosen)))},
		{Label: x.T("Members by rule"), Value: x.Int(a.ByRule)}, {Label: x.T("Members by name"), Value: x.Int(a.ByName), Note: x.T("no rule finds them; they keep what they hold")},
		alarm(ui.Figure{Label: x.T("Would get something new"), Value: x.Int(gaining)}, gaining, ui.Warn, "alert-triangle")}
	return v, nil
}

// miningText is the change that takes on the candidates which the address names.
func (r *request) miningText(tx *db.Tx) (title, body string, err error) {
	id, err := strconv.Atoi(r.Query("mining"))
	if err != nil {
		return "", "", nothing("look for roles")
	}
	run, err := audit.GetMiningRun(tx, id)
	if err != nil {
		return "", "", err
	}
	chosen, _, err := r.taken(tx, run.ID)
	if err != nil {
		return "", "", err
	}
	cat, err := catalog.Load(tx)
	if err != nil {
		return "", "", err
	}
	pol, err := policy.Load(tx)
	if err != nil {
		return "", "", err
	}
	var names []string
	for i := range chosen {
		names = append(names, chosen[i].Name)
	}
	body, err = run.PolicyOf(chosen, cat, pol)
	return r.T("Roles from what is held: %s", r.and(names, 3)), body, err
}
