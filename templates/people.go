package templates

import (
	"github.com/a-h/templ"

	"tenure/templates/ui"
)

// PersonCells makes the line of a person: name, number, state, department, title, location, worker type, manager, since, accounts,
// grants.
func PersonCells(p PersonRow) ui.Row {
	return ui.Row{Name: p.Name, URL: p.URL, Quiet: p.State == "left", Cells: []templ.Component{ui.Main(p.Name, p.URL, ""), ui.Words(p.Number), ui.Stated(tag(personTags, p.State), p.Next),
		ui.Words(p.Department), ui.Words(p.Title), ui.Words(p.Location), ui.Words(p.Type), ui.Linked(p.Manager), ui.When(p.Since, "not known"),
		ui.Number(p.Accounts, ""), ui.Number(p.Grants, "")}}
}
