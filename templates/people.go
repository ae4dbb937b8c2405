package templates

import (
	"context"
	"github.com/a-h/templ"
	"tenure/templates/lang"

	"tenure/templates/ui"
)

// PersonCells makes the line of a person: name, number, state, department, title, location, worker type, manager, since, accounts,
// grants.
func PersonCells(ctx context.Context, p PersonRow) ui.Row {
	return ui.Row{Name: p.Name, URL: p.URL, Quiet: p.State == "left", Cells: []templ.Component{ui.Main(p.Name, p.URL, ""), ui.Words(p.Number), ui.Stated(tag(ctx, personTags, p.State), p.Next),
		ui.Words(p.Department), ui.Words(p.Title), ui.Words(p.Location), ui.Words(p.Type), managed(p.Manager, p.ManagerState), ui.When(p.Since, lang.T(ctx, "not known")),
		ui.Number(p.Accounts, ""), ui.Number(p.Grants, "")}}
}

// diffLines puts the lines of a Diff as the kit draws them.
func diffLines(ctx context.Context, all []DiffLine) []ui.DiffLine {
	var out []ui.DiffLine
	for _, l := range all {
		x := ui.DiffLine{Title: l.Name, Sub: l.App, When: l.When}
		if l.Code != "" && l.Code != l.Name {
			x.Sub += " · " + l.Code
		}
		for i, r := range l.Reasons {
			if i > 0 {
				x.Reason += "; "
			}
			x.Reason += r.Text
		}
		if l.Until.Text != "" {
			x.When = lang.T(ctx, "kept for the hand-over until %s", l.Until.Text)
		}
		if l.Privileged {
			x.Badges = []ui.Tag{{Tone: ui.Warn, Icon: "flag", Text: lang.T(ctx, "Privileged")}}
		}
		if l.Longer != "" {
			x.Act = ui.Act{Text: lang.T(ctx, "Keep for longer"), Icon: "hourglass", URL: l.Longer, Get: true}
		}
		out = append(out, x)
	}
	return out
}
