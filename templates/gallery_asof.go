package templates

import (
	"github.com/a-h/templ"

	"tenure/templates/ui"
)

// sampleThen asks who held something on a date: of one person, of an entitlement, compared, or with a date that is none.
func sampleThen(lines int, compared bool) ThenView {
	v := ThenView{Action: "/evidence/as-of", What: Suggestion{ID: "as-of-what", Options: []ui.Option{{Value: "ledger", Text: "Ledger"}, {Value: "ledger/AP_PAY", Text: "Pay invoices"}}},
		Fields: []ui.Field{{Name: "person", Label: "Whose access", Kind: "text", Hint: "Number, e-mail address or full name; everybody when it is empty", Auto: "off"},
			{Name: "what", Label: "To what", Kind: "text", Value: "ledger/AP_PAY", Hint: "An application, or an entitlement such as crm/staff", Auto: "off", List: "as-of-what"},
			{Name: "at", Label: "On which date", Kind: "date", Value: "2026-03-31", Hint: "Its end, in your time zone (Europe/Berlin).", Required: true, Short: true},
			{Name: "compare", Label: "Compared with", Kind: "date", Hint: "What was gained, lost and kept between the two dates.", Short: true},
			{Name: "known", Label: "As was known on", Kind: "date", Hint: "What Tenure learned afterwards is left out. Empty: as is known now.", Short: true}}}
	if lines < 0 {
		return v
	}
	g := ui.Grid{Name: "as-of", Label: "What was held", ExportURL: "?export=csv", Columns: []ui.Col{{Key: "person", Text: "Person", Fixed: true}, {Key: "change", Text: "Change", Hidden: !compared}, {Key: "entitlement", Text: "Entitlement", Fixed: true}, {Key: "why", Text: "Why, and who decided it"}, {Key: "state", Text: "What the target showed"}},
		Blank: ui.Blank{Icon: "key", Title: "Nobody held it then", Text: "No reason of that time is known, and no target was read before it that showed anything."}}
	for i, x := range []struct {
		who, work, change, state, shown, account string
		why                                      []ThenReason
	}{
		{"Ana Ruiz", "Worked as AP Lead in Finance, Berlin.", "kept", "verified", "shown by reading #881, 31 March 2026", "ana.ruiz", []ThenReason{{Reason{Text: "rule finance-base, policy version 3, through role AP Lead", URL: "/policy/objects/4/versions", Since: at("1 March 2026", "2026-03-01T00:00:00Z")}, []string{"the policy was planned by Mara Voss, 2 February 2026", "the policy was applied by Ola Berg, 3 February 2026"}}}},
		{"Björn Åkesson-Lindqvist", "Did not work here then; the last job was Controller in Finance, Hamburg.", "gained", "out of band", "shown by reading #881, 31 March 2026", "bjorn.akesson, bjorn.akesson2", nil},
		{"Femke de Wit", "Worked as Analyst in Finance, Hamburg.", "lost", "missing", "not shown by reading #881, 31 March 2026", "", []ThenReason{{Reason{Text: "request R-118, approved by Jo Lind", URL: "/requests/a", Since: at("12 March 2026", "2026-03-12T09:00:00Z"), Until: "12 June 2026"}, []string{"approved by Jo Lind, 12 March 2026"}}}},
	}[:lines] {
		g.Rows = append(g.Rows, ui.Row{Name: x.who + ", Pay invoices", URL: "/people/a?as_of=2026-03-31", Quiet: i == 2, Cells: []templ.Component{ui.Main(x.who, "/people/a?as_of=2026-03-31", x.work), ThenChange(x.change), Unusual("Pay invoices", "Ledger", true), ThenWhy(x.why), ThenState(x.state, x.shown, x.account)}})
	}
	v.Answer = &ThenAnswer{Title: "Who held it: Pay invoices", Notes: []string{"As of 31 March 2026, 23:59 CEST. As is known now.", "Version 3 of the policy was in force, applied 3 February 2026 by Ola Berg."}, Grid: g}
	if compared {
		v.Answer.Notes[0] = "From 31 December 2025, 23:59 CET to 31 March 2026, 23:59 CEST. As is known now."
	}
	if lines > 0 {
		v.Answer.Grid.Pager.Text = "3 people: 3 lines"
	}
	return v
}

func galleryAsOf() []Sample {
	s := sampleShell("Who held what, and when", "Evidence")
	one, wrong := sampleThen(1, false), sampleThen(-1, false)
	one.Answer.Title, one.Answer.Grid.Pager.Text = "What Ana Ruiz held: Pay invoices", "1 person: 1 line"
	one.Answer.Facts = []ui.Line{{Name: "Work", Text: "Worked as AP Lead in Finance, Berlin."}, {Name: "Manager", Text: "Jo Lind", Link: "/people/jo"}}
	one.Answer.Page = ui.Link{Text: "The page of Ana Ruiz on this date", URL: "/people/ana?as_of=2026-03-31#holds"}
	wrong.Fields[2].Value, wrong.Fields[2].Error = "2031-01-01", "2031-01-01 is still ahead: only what was is told."
	wrong.Errors = ui.Errors{{Field: "at", Text: "2031-01-01 is still ahead: only what was is told."}}
	return []Sample{{"as-of-full", Then(s, sampleThen(3, false))}, {"as-of-compared", Then(s, sampleThen(3, true))}, {"as-of-one", Then(s, one)}, {"as-of-none", Then(s, sampleThen(0, false))},
		{"as-of-empty", Then(s, sampleThen(-1, false))}, {"as-of-error", Then(s, wrong)}}
}
