package web

import (
	"cmp"
	"slices"

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
		v = templates.ExplainView{Up: []ui.Link{{Text: "People", URL: r.to("person.list", "/people")}, {Text: p.Name, URL: page}}, Name: p.Name, Action: page + "/explain"}
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
			return cmp.Or(cmp.Compare(titleOf(a, cat), titleOf(b, cat)), cmp.Compare(a.ID, b.ID))
		})
		for _, e := range all {
			ref := cat.Ref(e.ID)
			o := ui.Option{Value: ref, Text: titleOf(e, cat), Selected: ref == r.Query("entitlement")}
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
	return r.show(templates.Explain(r.shell("Why, or why not?"), v))
}

// answer puts the explanation of the audit room in sentences.
func (r *request) answer(tx *db.Tx, p *identity.Person, cat *catalog.Catalog, e *catalog.Entitlement) (*templates.Answer, error) {
	why, err := audit.ExplainOne(tx, p, cat.Ref(e.ID))
	if err != nil {
		return nil, err
	}
	app := cat.Apps[e.ApplicationID].Title
	name := titleOf(e, cat) + " (" + app + ")"
	a := &templates.Answer{}
	switch {
	case len(why.Reasons) > 0 && why.Holds:
		a.Tag, a.Title = ui.Tag{Tone: ui.Good, Icon: "circle-check", Text: "Held"}, p.Name+" holds "+name+"."
		a.Text = []string{"There is a reason for it, and the last reading of " + app + " shows it."}
	case len(why.Reasons) > 0:
		a.Tag, a.Title = ui.Tag{Tone: ui.Info, Icon: "clock", Text: "Wanted, not seen yet"}, p.Name+" should hold "+name+"."
		a.Text = []string{"There is a reason for it. The last reading of " + app + " does not show it yet."}
	case why.Holds:
		a.Tag, a.Title = ui.Tag{Tone: ui.Warn, Icon: "alert-triangle", Text: "Out of band"}, p.Name+" holds "+name+" without a reason."
		a.Text = []string{"The last reading of " + app + " shows it, and no rule, role or decision gives it."}
	default:
		a.Tag, a.Title = ui.Tag{Tone: ui.Neutral, Icon: "ban", Text: "Not held"}, p.Name+" does not hold "+name+"."
		a.Text = []string{"There is no reason for it, and the last reading of " + app + " does not show it."}
	}
	if why.Note != "" {
		a.Text = append(a.Text, sentence(why.Note))
	}
	for _, x := range why.Reasons {
		reason := templates.Reason{Text: x.Text, Since: r.at(x.Since)}
		if x.Until != nil {
			reason.Until = r.at(*x.Until).Text
		}
		a.Reasons = append(a.Reasons, reason)
	}
	r.answerRules(why, a)
	return a, nil
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
			rule.Changes = append(rule.Changes, "It would apply if "+changeWords(c)+".")
			if a.Change == "" && len(why.Reasons) == 0 && why.Note == "" {
				a.Change = "One fact would change it: if " + changeWords(c) + ", rule " + x.Name + " would give it."
			}
		}
		a.Rules = append(a.Rules, rule)
	}
	switch {
	case len(why.Policy.Rules) == 0 && len(why.Reasons) == 0:
		a.Text = append(a.Text, "No rule gives it to anybody, so no change of the job would bring it.")
	case len(why.Reasons) == 1 && why.Reasons[0].Until != nil:
		a.Change = "It has one reason, which ends " + r.at(*why.Reasons[0].Until).Text + ": then it is removed."
	case len(why.Reasons) == 1 && why.Policy.Given:
		a.Change = "It has one reason: when rule " + why.Policy.Rules[0].Name + " no longer applies, it is removed."
	case len(why.Reasons) > 1:
		a.Change = "It has several reasons: it stays as long as one of them does."
	}
}

func changeWords(c policy.Change) string {
	attribute := attributeWord(c.Attribute)
	if c.From == "" {
		return attribute + " were " + quoted(c.To)
	}
	return attribute + " were " + quoted(c.To) + " instead of " + quoted(c.From)
}

func quoted(s string) string {
	if s == "" {
		return "empty"
	}
	return "“" + s + "”"
}

// attributeWord names an attribute of a job with its article.
func attributeWord(name string) string {
	switch name {
	case "department":
		return "the department"
	case "title":
		return "the title"
	case "location":
		return "the location"
	case "worker_type":
		return "the worker type"
	}
	return "the attribute " + name
}
