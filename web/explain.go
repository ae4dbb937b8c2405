package web

import (
	"cmp"
	"slices"

	"tenure/internal/access"
	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/ui"
)

// personExplain answers why a person holds one thing or not, and what single fact would change it. The application is chosen
// first and what may be held in it then: two choices that need no script.
func (s *server) personExplain(r *request) error {
	var v templates.ExplainView
	err := r.read(func(tx *db.Tx) error {
		p, err := r.person(tx)
		if err != nil {
			return err
		}
		cat, err := catalog.Load(tx)
		if err != nil {
			return err
		}
		page := personURL(p.PublicID)
		v = templates.ExplainView{Up: []ui.Link{{Text: r.T("People"), URL: r.to("person.list", "/people")}, {Text: p.Name, URL: page}}, Name: p.Name, Action: page + "/explain"}
		app := cat.AppNamed[r.Query("app")]
		for _, name := range sortedKeys(cat.AppNamed) {
			a := cat.AppNamed[name]
			v.Apps = append(v.Apps, ui.Option{Value: name, Text: a.Title, Selected: a == app})
		}
		if app == nil {
			return nil
		}
		var chosen *catalog.Entitlement
		all := slices.Clone(cat.Of(app.ID))
		slices.SortStableFunc(all, func(a, b *catalog.Entitlement) int {
			return cmp.Or(cmp.Compare(r.titleOf(a, cat), r.titleOf(b, cat)), cmp.Compare(a.ID, b.ID))
		})
		for _, e := range all {
			ref := cat.Ref(e.ID)
			o := ui.Option{Value: ref, Text: r.titleOf(e, cat), Selected: ref == r.Query("entitlement")}
			if o.Selected {
				chosen = e
			}
			v.Entitlements = append(v.Entitlements, o)
		}
		if chosen == nil {
			return nil
		}
		v.Answer, err = r.answer(tx, p, cat, chosen)
		return err
	})
	if err != nil {
		return err
	}
	return r.show(templates.Explain(r.shell(r.T("Why, or why not?")), v))
}

// answer puts the explanation of the audit room in sentences.
func (r *request) answer(tx *db.Tx, p *identity.Person, cat *catalog.Catalog, e *catalog.Entitlement) (*templates.Answer, error) {
	why, err := audit.ExplainOne(tx, p, cat.Ref(e.ID))
	if err != nil {
		return nil, err
	}
	app := cat.Apps[e.ApplicationID].Title
	name := r.titleOf(e, cat) + " (" + app + ")"
	a := &templates.Answer{}
	switch {
	case len(why.Reasons) > 0 && why.Holds:
		a.Tag, a.Title = ui.Tag{Tone: ui.Good, Icon: "circle-check", Text: r.T("Held")}, r.T("%s holds %s.", p.Name, name)
		a.Text = []string{r.T("There is a reason for it, and the last reading of %s shows it.", app)}
	case len(why.Reasons) > 0:
		a.Tag, a.Title = ui.Tag{Tone: ui.Info, Icon: "clock", Text: r.T("Wanted, not seen yet")}, r.T("%s should hold %s.", p.Name, name)
		a.Text = []string{r.T("There is a reason for it. The last reading of %s does not show it yet.", app)}
	case why.Holds:
		a.Tag, a.Title = ui.Tag{Tone: ui.Warn, Icon: "alert-triangle", Text: r.T("Out of band")}, r.T("%s holds %s without a reason.", p.Name, name)
		a.Text = []string{r.T("The last reading of %s shows it, and no rule, role or decision gives it.", app)}
	default:
		a.Tag, a.Title = ui.Tag{Tone: ui.Neutral, Icon: "ban", Text: r.T("Not held")}, r.T("%s does not hold %s.", p.Name, name)
		a.Text = []string{r.T("There is no reason for it, and the last reading of %s does not show it.", app)}
	}
	if why.Note != "" {
		a.Text = append(a.Text, sentence(why.Note))
	}
	for _, x := range why.Reasons {
		reason := templates.Reason{Text: x.Text, Since: r.at(x.Since), URL: r.reasonURL(&x)}
		if x.Until != nil {
			reason.Until = r.at(*x.Until).Text
		}
		a.Reasons = append(a.Reasons, reason)
	}
	r.answerRules(why, a)
	if why.Withheld {
		a.WayOut, err = r.wayOut(tx, p.ID, access.Goal{Entitlement: e.ID})
	}
	return a, err
}

// answerRules tells of the rules, and of the single fact that would change the answer.
func (r *request) answerRules(why *audit.Why, a *templates.Answer) {
	for i := range why.Policy.Rules {
		x := &why.Policy.Rules[i]
		rule := templates.RuleAnswer{Name: x.Name, Holds: x.Holds, Paths: x.Paths}
		for _, f := range x.Failing {
			rule.Failing = append(rule.Failing, sentence(f))
		}
		for _, c := range x.Changes {
			rule.Changes = append(rule.Changes, r.T("It would apply if %s.", r.changeWords(c)))
			if a.Change == "" && len(why.Reasons) == 0 && why.Note == "" {
				a.Change = r.T("One fact would change it: if %s, rule %s would give it.", r.changeWords(c), x.Name)
			}
		}
		a.Rules = append(a.Rules, rule)
	}
	switch {
	case len(why.Policy.Rules) == 0 && len(why.Reasons) == 0:
		a.Text = append(a.Text, r.T("No rule gives it to anybody, so no change of the job would bring it."))
	case len(why.Reasons) == 1 && why.Reasons[0].Until != nil:
		a.Change = r.T("It has one reason, which ends %s: then it is removed.", r.at(*why.Reasons[0].Until).Text)
	case len(why.Reasons) == 1 && why.Policy.Given:
		a.Change = r.T("It has one reason: when rule %s no longer applies, it is removed.", why.Policy.Rules[0].Name)
	case len(why.Reasons) > 1:
		a.Change = r.T("It has several reasons: it stays as long as one of them does.")
	}
}

func (r *request) changeWords(c policy.Change) string {
	attribute := r.attributeWord(c.Attribute)
	if c.From == "" {
		return r.T("%s were %s", attribute, r.quoted(c.To))
	}
	return r.T("%s were %s instead of %s", attribute, r.quoted(c.To), r.quoted(c.From))
}

func (r *request) quoted(s string) string {
	if s == "" {
		return r.T("empty")
	}
	return "“" + s + "”"
}

// attributeWord names an attribute of a job with its article.
func (r *request) attributeWord(name string) string {
	switch name {
	case "department":
		return r.T("the department")
	case "title":
		return r.T("the title")
	case "location":
		return r.T("the location")
	case "worker_type":
		return r.T("the worker type")
	}
	return r.T("the attribute %s", name)
}
