package web

import (
	"maps"
	"slices"

	"tenure/internal/catalog"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/templates"
	"tenure/templates/ui"
)

// planFigures shows what a plan does in figures, by entitlement, by SoD rule and by licence.
func (r *request) planFigures(tx *db.Tx, p *change.Plan, v *templates.ChangeView) error {
	e := p.Effect
	broken, resolved, withheld := sum(p.Opened), sum(p.Resolved), sum(e.Withheld)
	v.Figures = []ui.Figure{{Label: r.T("People concerned"), Value: r.Int(e.People)}, {Label: r.T("Gains"), Value: r.Int(sum(e.Gained))}, {Label: r.T("Losses"), Value: r.Int(sum(e.Lost)), Note: r.Plural(e.LosingPeople, "person", "people")},
		alarm(ui.Figure{Label: r.T("SoD rules broken anew"), Value: r.Int(broken)}, broken, ui.Bad, "alert-octagon"), {Label: r.T("Broken no more"), Value: r.Int(resolved)}, {Label: r.T("Withheld"), Value: r.Int(withheld)}, {Label: r.T("Changes at targets"), Value: r.Int(sum(e.Operations))}}
	if b := p.Brake; b != nil {
		v.Held = r.T("%d of %d people lose something; the brake holds from %d on. The approval releases it.", b.Losing, b.Active, b.Limit)
	}
	for _, name := range slices.Sorted(maps.Keys(together(e.Gained, e.Lost, e.Withheld))) {
		v.Access = append(v.Access, templates.EffectRow{Name: name, Gain: e.Gained[name], Lose: e.Lost[name], Held: e.Withheld[name]})
	}
	for _, name := range slices.Sorted(maps.Keys(together(p.Opened, p.Resolved))) {
		v.Rules = append(v.Rules, templates.EffectRow{Name: name, Gain: p.Opened[name], Lose: p.Resolved[name]})
	}
	return r.changeLicences(tx, p, v)
}

// changeLicences says how many accounts cost more or less.
func (r *request) changeLicences(tx *db.Tx, p *change.Plan, v *templates.ChangeView) error {
	cat, err := catalog.Load(tx)
	if err != nil {
		return err
	}
	unstated := false
	for _, l := range p.Licences {
		row := templates.LicenceRow{Application: l.Application, Accounts: signed(l.Accounts, r.Int(max(l.Accounts, -l.Accounts)))}
		if a := cat.AppNamed[l.Application]; a != nil {
			row.Application = a.Title
		}
		if l.Currency != "" {
			row.Cost = r.moneyMore(l.Cents, l.Currency)
		}
		unstated = unstated || l.Currency == ""
		v.Licences = append(v.Licences, row)
	}
	var sums []string
	for _, currency := range slices.Sorted(maps.Keys(p.Monthly)) {
		sums = append(sums, r.moneyMore(p.Monthly[currency], currency))
	}
	switch {
	case len(sums) > 0 && unstated:
		v.Cost = r.T("%s a month, as far as it is stated what an account costs", r.and(sums, len(sums)))
	case len(sums) > 0:
		v.Cost = r.T("%s a month", r.and(sums, len(sums)))
	}
	return nil
}

// moneyMore writes a difference of amounts.
func (r *request) moneyMore(cents int, currency string) string {
	return signed(cents, r.money(max(cents, -cents), currency))
}

func signed(n int, text string) string {
	switch {
	case n > 0:
		return "+" + text
	case n < 0:
		return "−" + text
	}
	return text
}

// changeMost is how many people a change shows one by one.
const changeMost = 50

// sensitiveMost is how many of those it names whose privileged access changes.
const sensitiveMost = 20

// planPeople shows the first of the people whom a plan concerns, and those whose privileged access changes.
func (r *request) planPeople(tx *db.Tx, all []change.PersonChange, sensitive []int, n, concerned int, v *templates.ChangeView) error {
	ids := slices.Clone(sensitive)
	for i := range all {
		ids = append(ids, all[i].Identity)
	}
	people, err := identity.People(tx, ids)
	if err != nil {
		return err
	}
	of := func(id int) ui.Link {
		if p := people[id]; p != nil {
			return ui.Link{Text: p.Name, URL: r.to("person.read_any", personURL(p.PublicID))}
		}
		return ui.Link{Text: r.T("somebody")}
	}
	for _, id := range sensitive {
		v.Sensitive = append(v.Sensitive, of(id))
	}
	if n > len(sensitive) {
		v.More = r.T("%d people in all", n)
	}
	for i := range all {
		x := &all[i]
		var breaks []string
		for _, rule := range x.Opens {
			breaks = append(breaks, r.T("breaks %s", rule))
		}
		for _, rule := range x.Resolves {
			breaks = append(breaks, r.T("breaks %s no more", rule))
		}
		for _, what := range x.Withheld {
			breaks = append(breaks, r.T("does not get %s", what))
		}
		v.People = append(v.People, templates.ChangePerson{Person: of(x.Identity), Gains: r.and(x.Gains, 6), Loses: r.and(x.Loses, 6), Breaks: r.and(breaks, 4)})
	}
	if concerned > len(all) && len(all) == changeMost {
		v.PeopleAll = r.T("the first %d of %d", len(all), concerned)
	}
	return nil
}
