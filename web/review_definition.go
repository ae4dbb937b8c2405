package web

import (
	"cmp"

	"tenure/internal/campaign"
	"tenure/templates"
	"tenure/templates/ui"
)

// definedMost is how many names a line of a definition has.
const definedMost = 8

// roleTitle names a role in words.
func (w *reviewing) roleTitle(id int) string {
	if c := w.roles[id]; c != nil {
		return c.Definition.Title
	}
	if o := w.pol.Object(id); o != nil {
		return cmp.Or(o.Title, o.Name)
	}
	return w.r.T("a role that is no longer there")
}

// definition says what a role is, who has it, and what is different since it was confirmed last.
func (w *reviewing) definition(i *campaign.Item, out *templates.ReviewLine) {
	r, c := w.r, w.roles[i.Role()]
	out.Held, out.ChangeURL = nil, link(reviewURL(w.v.ID)+"/decide", "items", out.ID, "outcome", campaign.Change)
	if c == nil {
		return
	}
	d := &c.Definition
	fact := func(name, text string) { out.Facts = append(out.Facts, ui.Line{Name: name, Text: text}) }
	fact(r.T("Description"), cmp.Or(d.Description, r.T("It has none.")))
	var gives []string
	for _, e := range d.Gives {
		gives = append(gives, w.entitlement(e))
	}
	fact(r.T("It gives"), cmp.Or(r.and(gives, definedMost), r.T("nothing")))
	if len(d.Roles) > 0 {
		fact(r.T("It includes the roles"), r.and(d.Roles, definedMost))
	}
	for _, x := range d.Rules {
		fact(r.T("Who gets it by a rule"), r.T("“%s”: %s", x.Title, x.When))
	}
	if len(d.Rules) == 0 {
		fact(r.T("Who gets it by a rule"), r.T("Nobody: people are made members."))
	}
	for _, x := range out.Facts {
		out.Held = append(out.Held, r.T("%s: %s", x.Name, x.Text))
	}
	out.Used = r.Plural(c.Members, "person has it", "people have it")
	out.Since, out.Peers = r.T("Never confirmed before"), nil
	was := w.before[i.Role()]
	if was == nil {
		return
	}
	out.Since = r.T("Confirmed last by %s on %s", was.By, r.day(r.inZone(*was.At)))
	out.Peers = []string{r.T("%d when it was confirmed last", was.Members)}
	for _, x := range d.Differences(&was.Definition) {
		out.Conflicts = append(out.Conflicts, r.changeWord(x))
	}
	if len(out.Conflicts) == 0 {
		out.Advice = ui.Tag{Tone: ui.Neutral, Icon: "equal", Text: r.T("Unchanged since then")}
	}
}

// changeWord says one difference to what was confirmed last.
func (r *request) changeWord(x campaign.Difference) string {
	what := map[string]string{"title": r.T("Title"), "description": r.T("Description"), "owner": r.T("Owner"), "entitlement": r.T("Entitlement"), "role": r.T("Included role"), "rule": r.T("Rule"), "where": r.T("Choice of entitlements"),
		"parameters": r.T("Parameters"), "gives": r.T("Entitlements in all")}[x.What]
	switch {
	case x.Was == "":
		return r.T("%s, new: %s", what, x.Now)
	case x.Now == "":
		return r.T("%s, gone: %s", what, x.Was)
	}
	return r.T("%s, changed: %s (was %s)", what, x.Now, x.Was)
}
