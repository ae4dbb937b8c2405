package templates

import (
	"context"
	"tenure/templates/ui"
)

var upAna = []ui.Link{{Text: "People", URL: "/people"}, {Text: "Ana Ruiz", URL: "/people/ana"}}

func samplePersonThen() PersonView {
	v := samplePerson()
	v.AsOf = AsOf{Action: "/people/ana", Date: "2026-03-01", Latest: "2026-11-22", Words: "2 grants at the end of 1 March 2026", Job: "Worked as Account Executive in Sales, Berlin.", NowURL: "/people/ana#holds"}
	v.Held = v.Held[:1]
	v.Marks = []ui.Tag{{Tone: ui.Warn, Icon: "flag", Text: "1 privileged"}, {Tone: ui.Warn, Icon: "alert-triangle", Text: "1 out of band"}}
	v.Jobs = []JobStep{{At: at("1 January 2027", "2027-01-01"), Text: "Becomes Controller in Controlling, Berlin", Future: true, Move: ui.Link{Text: "What changed", URL: "/people/ana/move"}},
		{At: at("22 November 2026", "2026-11-22"), Text: "Becomes AP Lead in Finance, Berlin", Move: ui.Link{Text: "What changed", URL: "/people/ana/move"}},
		{At: at("1 March 2024", "2024-03-01"), Text: "Starts on 1 March 2024 as Account Executive in Sales, Berlin"}}
	v.Reports = Reports{Count: "2 people", First: []ui.Link{{Text: "Femke de Wit", URL: "/people/f"}, {Text: "Björn Åkesson", URL: "/people/b"}}}
	return v
}

func samplePersonCompared() PersonView {
	v := samplePersonThen()
	d := sampleMove(false).Diff
	v.AsOf.Date, v.AsOf.Compare, v.AsOf.Job = "", "2026-03-01", ""
	v.AsOf.Words, v.Held, v.Compared = "from the end of 1 March 2026 to now", nil, &d
	return v
}

func sampleMove(future bool) MoveView {
	v := MoveView{Up: upAna, Title: "What Ana Ruiz keeps, gains and loses", Lead: "Moved on 22 November 2026.", Future: future,
		Others:  []ui.Chip{{Text: "22 November 2026", URL: "/people/ana/move?version=1", Current: !future}, {Text: "1 January 2027", URL: "/people/ana/move?version=2", Current: future}},
		Changes: []FactChange{{"Department", "Sales", "Finance"}, {"Title", "Account Executive", "AP Lead"}},
		Diff: Diff{Keeps: []DiffLine{{Name: "Mail", App: "Directory", Reasons: []Reason{{Text: "rule everybody, policy version 3"}}}},
			Gains: []DiffLine{{Name: "Pay invoices", Code: "AP_PAY", App: "Ledger", Privileged: true, Reasons: []Reason{{Text: "rule finance-base, policy version 3, through role AP Lead"}}}},
			Loses: []DiffLine{{Name: "CRM export", Code: "crm_export", App: "CRM", Privileged: true, When: "at once, because it is privileged", Reasons: []Reason{{Text: "rule sales-base, policy version 3"}}},
				{Name: "Book travel", App: "Travel", Until: at("29 November 2026", "2026-11-29"), Longer: "/people/ana/handover?entitlement=travel%2Fbook", Reasons: []Reason{{Text: "rule sales-base, policy version 3"}}}}}}
	if future {
		v.Lead, v.Diff.Loses[1].Longer = "Moves on 1 January 2027.", ""
	}
	return v
}

func sampleExplain(answered bool) ExplainView {
	v := ExplainView{Up: upAna, Name: "Ana Ruiz", Action: "/people/ana/explain", Apps: []ui.Option{{Value: "directory", Text: "Directory"}, {Value: "ledger", Text: "Ledger", Selected: answered}}}
	if answered {
		v.Entitlements = []ui.Option{{Value: "ledger/AP_PAY", Text: "Pay invoices", Selected: true}}
		v.Answer = &Answer{Tag: ui.Tag{Tone: ui.Neutral, Icon: "ban", Text: "Not held"}, Title: "Ana Ruiz does not hold Pay invoices (Ledger).",
			Text:   []string{"There is no reason for it, and the last reading of Ledger does not show it."},
			Change: "One fact would change it: if the department were “Finance” instead of “Sales”, rule finance-base would give it.",
			Rules: []RuleAnswer{{Name: "finance-base", Paths: []string{"rule finance-base > role AP Lead"}, Failing: []string{"Department is “Sales”, the rule wants “Finance”."},
				Changes: []string{"It would apply if the department were “Finance” instead of “Sales”."}}}}
	}
	return v
}

func sampleTeam() TeamView {
	return TeamView{Lead: "3 people report to you.", Scopes: []ui.Chip{{Text: "Direct reports", URL: "/team", Current: true}, {Text: "Everybody below", URL: "/team?scope=below"}}, Rows: []TeamRow{
		{Name: "Ana Ruiz", URL: "/people/ana", Title: "AP Lead", State: "active", Next: "moves on 1 January 2027", NextURL: "/people/ana/move", Handover: at("29 November 2026", "2026-11-29"), HandoverURL: "/people/ana/move", OutOfBand: 1, Privileged: 1},
		{Name: "Chidera Okonkwo-Vandenberghe", URL: "/people/c", Title: "Technical Account Manager", State: "active", Ready: "2 of 3 accounts ready"},
		{Name: "Björn Åkesson", URL: "/people/b", Title: "Senior Engineer", State: "leave", Next: "leaves on 31 December 2026", Dormant: 2, Manager: "Wei Zhang", ManagerAway: "leave"}},
		Gone: []ui.Notice{{Tone: ui.Warn, Title: "Elif Demir left, and 4 people still report to them", Text: "They stand in nobody's team. Ask HR to name another manager."}}}
}

func sampleSearch(ctx context.Context) SearchView {
	return SearchView{Action: "/search", Query: "an", Scope: "Through people, accounts, applications, what may be held in them, and the policy.", Groups: []SearchGroup{
		{ID: "found-people", Title: "People", More: ui.Link{Text: "All people who match", URL: "/people?q=an"}, Hits: []SearchHit{
			{URL: "/people/ana", Title: []Part{{"An", true}, {"a Ruiz", false}}, Code: "H-1042", Text: []Part{{"AP Lead · Finance", false}}, Tag: PersonTag(ctx, "active")}}},
		{ID: "found-entitlements", Title: "What may be held", Hits: []SearchHit{
			{Title: []Part{{"An", true}, {"alytics reader", false}}, Code: "wh_ro", Text: []Part{{"Reads every table · in Warehouse", false}}, Tag: ui.Tag{Tone: ui.Warn, Icon: "flag", Text: "Privileged"}}}}}}
}
