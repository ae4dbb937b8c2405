package web

import (
	"slices"
	"strconv"

	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/ui"
)

func (s *server) benchPage(r *request, status int, b *bench) error {
	v := templates.WorkbenchView{Kind: b.kind, Was: b.was, Draw: effectURL, Plan: benchURL, Text: b.text, Drawn: b.drawn, Unread: b.unread, Lines: b.lines, Errors: b.faults,
		Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: "/policy"}, Lead: r.T("Nothing happens before another person has approved it.")}
	v.Title = r.T("Change %s", b.was)
	if b.was == "" {
		v.Title = r.benchTitle(b.kind)
		for _, k := range []string{policy.KindRule, policy.KindRole, policy.KindSoD, policy.KindDuty, policy.KindOffer, policy.KindApproval} {
			v.Starts = append(v.Starts, ui.Chip{Text: r.benchTitle(benchKinds[k]), URL: link(benchURL, "kind", k), Current: benchKinds[k] == b.kind})
		}
	}
	v.Change = ui.Field{Name: "change", Label: r.T("Title of the change"), Kind: "text", Value: b.title, Required: true, Hint: r.T("What is changed, in a few words, for whoever approves it."), Error: b.faults.Of("change")}
	v.Name = ui.Field{Name: "name", Label: r.T("Name"), Kind: "text", Value: b.form.Name, Required: true, Hint: r.T("By which others refer to it; it cannot be changed later."), Error: b.faults.Of("name")}
	if b.was != "" && b.form.Name == b.was {
		v.Name.Hint = r.T("Another name declares something new; this stays as it is.")
	}
	r.benchNotes(b, &v)
	err := r.read(func(tx *db.Tx) error {
		d, err := r.benchData(tx)
		if err != nil {
			return err
		}
		for _, f := range change.FormFields(b.kind) {
			if value, shown := b.form.Values[f.Name]; shown {
				v.Fields = append(v.Fields, r.benchField(b, f, value, d))
			}
		}
		if v.Suggestions, err = d.suggestions(tx, b); err != nil {
			return err
		}
		return r.benchEffect(tx, b, d, &v.Effect)
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Workbench(r.shell(v.Title), v))
}

// benchNotes says what the form does not show, and what was changed twice.
func (r *request) benchNotes(b *bench, v *templates.WorkbenchView) {
	var words []string
	for _, name := range b.rest {
		words = append(words, r.benchLabel(b.kind, name))
	}
	switch {
	case len(words) > 0:
		v.Elsewhere = r.T("In the document only: %s.", r.and(words, 6))
	case b.others > 0:
		v.Elsewhere = r.T("In the document only: %s.", r.Plural(b.others, "other document", "other documents"))
	}
	for _, name := range b.both {
		v.Notes = append(v.Notes, r.T("%s was changed here and in the document. What the document says counts; look at it, and plan it then.", r.benchLabel(b.kind, name)))
	}
}

func (r *request) benchField(b *bench, f change.FormField, value change.FormValue, d *benchData) templates.WorkbenchField {
	name := "spec." + f.Name
	out := templates.WorkbenchField{Field: ui.Field{Name: name, Label: r.benchLabel(b.kind, f.Name), Hint: r.benchHint(b.kind, f.Name), Kind: "text", Value: value.Text, Error: b.faults.Of(name)}}
	mine := b.focus[0] == name
	switch f.Ask {
	case change.AskText:
		out.Field.Kind = "textarea"
	case change.AskNumber:
		out.Field.Kind, out.Field.Short = "number", true
		if _, err := strconv.Atoi(value.Text); err != nil && value.Text != "" {
			out.Field.Kind = "text" // it is to be seen
		}
	case change.AskWord:
		out.Field.Kind, out.Field.Options = "select", r.benchWords(f, value.Text)
	case change.AskList:
		out.Field.Kind, out.Field.List, out.More = "list", "all-"+f.Name, mine
		out.Field.Required = b.kind == change.KindDuty && f.Name == "entitlements" || f.Name == "duties"
		out.List = append(slices.Clone(value.List), "")
	case change.AskCondition:
		out.Field.Required = f.Everybody
		out.Condition = r.benchCondition(b, f, value, d)
		if mine {
			out.Condition.Focus = map[string]string{"add": "last", "lines": "last", "drop": "add"}[b.focus[1]]
		}
	}
	return out
}

func (r *request) benchCondition(b *bench, f change.FormField, value change.FormValue, d *benchData) *templates.ConditionView {
	c := &templates.ConditionView{None: r.T("No condition: nobody is left out.")}
	switch {
	case f.Everybody && b.kind == change.KindApproval:
		c.None = r.T("No condition: everything.")
	case f.Everybody:
		c.None = r.T("No condition: everybody.")
	case f.Name == "when":
		c.None = r.T("No condition: it holds for everybody.")
	case f.Name == "where":
		c.None = r.T("No condition: all of them.")
	}
	if value.Lines == nil {
		c.Text = true
		if _, readable := policy.ReadLines(value.Text); !readable {
			c.Why = r.T("It says more than lines can show, so it stays as it is written.")
		}
		return c
	}
	c.Any = []ui.Option{{Value: "all", Text: r.T("all of these hold")}, {Value: "any", Text: r.T("any of these holds"), Selected: value.Lines.Any}}
	for _, l := range value.Lines.All {
		x := templates.ConditionLine{Values: slices.Clone(l.Values), Several: policy.Several(l.Is)}
		if x.Several || len(x.Values) == 0 {
			x.Values = append(x.Values, "")
		}
		names := d.attributes
		if l.Attribute == "" {
			x.Attributes = append(x.Attributes, ui.Option{Text: r.T("choose …"), Selected: true})
		} else if !slices.Contains(names, l.Attribute) {
			names = append(slices.Clone(names), l.Attribute)
		}
		for _, a := range names {
			x.Attributes = append(x.Attributes, ui.Option{Value: a, Text: a, Selected: a == l.Attribute})
		}
		for _, is := range policy.Comparisons {
			x.Is = append(x.Is, ui.Option{Value: is, Text: r.comparisonWord(is), Selected: is == l.Is})
		}
		c.Lines = append(c.Lines, x)
	}
	return c
}
