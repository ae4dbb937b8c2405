package templates

import (
	"github.com/a-h/templ"

	"tenure/templates/ui"
)

func sampleMining(rows int) MiningView {
	v := MiningView{Outliers: "/policy/outliers", Start: &MiningStart{Action: "/policy/mining", Without: true,
		Where: []ui.Option{{Value: "everybody", Text: "Everybody, in all applications", Selected: true}, {Value: "department:Finance", Text: "The people of Finance"}, {Value: "application:ledger", Text: "Access in Ledger"}}}}
	v.Rows = []MiningRow{{Where: "Everybody, in all applications", URL: "/policy/mining/7", Made: at("today 14:02", "2026-11-22T14:02:00Z"), By: "Tomás Rey", Held: "212 people, 1 408 grants", Candidates: 14, Outliers: 23},
		{Where: "The people of Finance", URL: "/policy/mining/6", Made: at("18 Nov 2026", "2026-11-18T16:20:00Z"), By: "Jo Lind", Held: "24 people, 168 grants", Candidates: 3, Outliers: 23},
		{Where: "Access in Ledger", URL: "/policy/mining/5", Made: at("17 Nov 2026", "2026-11-17T16:20:00Z"), By: "Jo Lind", Held: "31 people, 74 grants"}}[:rows]
	return v
}

func sampleMiningRun() MiningRunView {
	femke, bjorn := ui.Link{Text: "Femke de Wit", URL: "/people/f"}, ui.Link{Text: "Björn Åkesson", URL: "/people/b"}
	v := MiningRunView{Title: "Everybody, in all applications", Lead: "Tomás Rey looked, today 14:02, at what is held there and no birthright rule gives.", URL: "/policy/mining/7", AgainURL: "/policy/mining", Outliers: "/policy/outliers",
		Figures: []ui.Figure{{Label: "People who hold something", Value: "212"}, {Label: "Grants", Value: "1 408"}, {Label: "Roles that say exactly this", Value: "31"}, {Label: "Useful candidates", Value: "3", Note: "they give 61 % of it"}},
		Candidates: []MiningCandidate{
			{N: 1, Name: "Finance", Rule: `department == "Finance"`, Words: []string{"The rule finds exactly the members."}, Gives: []string{"Close the books (Ledger)", "Tax returns (Ledger)", "Bank statements (Treasury)"}, Members: 24, Share: "38 %", Alone: 72, Saved: 45},
			{N: 2, Name: "Logistics and Purchasing: Planner", Rule: `department in ["Logistics", "Purchasing"] && title == "Planner"`, Words: []string{"Of the 19 people whom the rule finds 89 % are members; it finds 100 % of the members."}, Gives: []string{"Stock (Warehouse)", "Orders (Warehouse)", "Vendor master data, read only (Ledger)", "Freight forwarders and customs (Shipping portal)"}, Members: 17, Share: "17 %", Alone: 51, Saved: 47,
				Gaining: 2, Gains: []MiningGain{{Person: femke, What: "Orders (Warehouse)"}, {Person: bjorn, What: "Stock (Warehouse) and Orders (Warehouse)"}}},
			{N: 3, Name: "Wiki administration and 2 more", Words: []string{"No attributes tell its members from others: they would be given it one by one."}, Gives: []string{"Wiki administration (Wiki)", "Spaces (Wiki)", "Plug-ins (Wiki)"}, Members: 5, Share: "1 %", Alone: 15, Saved: 7}},
		Coverage: ui.Chart{ID: "coverage", Title: "How much of the access candidates give, one after the other", Summary: "The first 3 candidates give 61 % of what is held there.", Head: []string{"Candidate", "With those before it"}, Rows: [][]string{{"1 Finance", "38 %"}, {"2 Logistics and Purchasing: Planner", "55 %"}, {"3 Wiki administration and 2 more", "61 %"}}},
		Bars:     []ui.BarLine{{Name: "1 Finance", Value: 0.38, Text: "38 %"}, {Name: "2 Logistics and Purchasing: Planner", Value: 0.55, Text: "55 %"}, {Name: "3 Wiki administration and 2 more", Value: 0.61, Text: "61 %"}}}
	for i := range v.Candidates {
		c := &v.Candidates[i]
		v.Blocks.Columns = append(v.Blocks.Columns, MiningColumn{N: c.N, Name: c.Name})
		for _, e := range c.Gives {
			row := MiningBlock{Name: e, Cells: make([]int, 3)}
			row.Cells[i] = c.Members
			v.Blocks.Rows = append(v.Blocks.Rows, row)
		}
	}
	v.Blocks.Rows[2].Cells[1] = 17
	return v
}

func sampleOutliers(rows int) OutliersView {
	v := OutliersView{Lead: "What somebody holds and people like them do not: 212 people were compared, today 14:02.", StartURL: "/policy/mining",
		Chips: []ui.Chip{{Text: "All", URL: "/policy/outliers", Count: rows, Counted: true, Current: true}, {Text: "Ledger", URL: "?application=ledger", Count: 2, Counted: true}, {Text: "Treasury", URL: "?application=treasury", Count: 1, Counted: true}}}
	g := ui.Grid{Name: "outliers", Label: "Unusual access", ExportURL: "?export=csv", Columns: []ui.Col{{Key: "person", Text: "Person", Fixed: true}, {Key: "entitlement", Text: "Entitlement", Fixed: true}, {Key: "unusual", Text: "Why it is unusual"}, {Key: "since", Text: "Since"}, {Key: "why", Text: "Why it is held"}},
		Blank: ui.Blank{Icon: "circle-check", Title: "Nobody holds anything unusual", Text: "Everybody holds about what people like them hold, or has too few peers to tell.", Link: ui.Link{Text: "See the people", URL: "/people"}}}
	for _, x := range []struct {
		who, what, app, unusual, why string
		privileged, gone             bool
	}{{"Femke de Wit", "Pay invoices", "Ledger", "Nobody else of the 24 people in Finance and with the title Analyst holds this.", "seen in the application, without a reason", true, false},
		{"Tomás Rey-Castellanos de la Fuente", "Bank statements", "Treasury", "2 of the 52 people in Sales, with the title Seller and located in Hamburg hold this.", "found and accepted by Ana Ruiz", false, false},
		{"Björn Åkesson", "Vendor master data", "Ledger", "None of the 25 people with the most similar access holds this.", "not held any more", false, true}}[:rows] {
		since := ui.When(at("12 Nov 2026", "2026-11-12T08:00:00Z"), "none")
		if x.gone {
			since = ui.Nothing("none")
		}
		g.Rows = append(g.Rows, ui.Row{Name: x.who + ", " + x.what, URL: "/people/f", Quiet: x.gone, Cells: []templ.Component{ui.Main(x.who, "/people/f", ""), Unusual(x.what, x.app, x.privileged), ui.Words(x.unusual), since, ui.Words(x.why)}})
	}
	v.Grid = g
	return v
}

func galleryMining() []Sample {
	s := sampleShell("Look for roles", "Policy")
	wrong, one, none, chosen := sampleMining(1), sampleMiningRun(), sampleMiningRun(), sampleMiningRun()
	wrong.Start.Errors = ui.Errors{{Field: "where", Text: "There is no such department or application; choose another."}}
	one.Candidates, one.Bars, one.Coverage.Rows = one.Candidates[:1], one.Bars[:1], one.Coverage.Rows[:1]
	one.Blocks.Columns, one.Blocks.Rows = one.Blocks.Columns[:1], []MiningBlock{{Name: "Close the books (Ledger)", Cells: []int{24}}, {Name: "Tax returns (Ledger)", Cells: []int{24}}}
	none.Candidates = nil
	for i := range 2 {
		chosen.Candidates[i].Chosen = true
	}
	chosen.WhatIf = &MiningWhatIf{PlanURL: "/policy/changes/new?mining=7&take=1&take=2", Clear: "/policy/mining/7",
		Figures: []ui.Figure{{Label: "Given by these roles", Value: "55 %", Note: "774 of 1 408 grants"}, {Label: "Items of a review", Value: "774 → 4", Note: "one by one, and by role"}, {Label: "Roles of the policy", Value: "9 → 11"}, {Label: "Members by rule", Value: "39"}, {Label: "Members by name", Value: "2", Note: "no rule finds them; they keep what they hold"}, {Label: "Would get something new", Value: "2", Tone: ui.Warn, Icon: "alert-triangle"}}}
	for _, g := range chosen.Candidates[1].Gains {
		g.Role = chosen.Candidates[1].Name
		chosen.WhatIf.Gains = append(chosen.WhatIf.Gains, g)
	}
	return []Sample{{"mining-full", Mining(s, sampleMining(3))}, {"mining-one", Mining(s, sampleMining(1))}, {"mining-empty", Mining(s, sampleMining(0))}, {"mining-error", Mining(s, wrong)},
		{"mining-run-full", MiningRun(s, sampleMiningRun())}, {"mining-run-chosen", MiningRun(s, chosen)}, {"mining-run-one", MiningRun(s, one)}, {"mining-run-empty", MiningRun(s, none)},
		{"outliers-full", Outliers(s, sampleOutliers(3))}, {"outliers-one", Outliers(s, sampleOutliers(1))}, {"outliers-none", Outliers(s, sampleOutliers(0))},
		{"outliers-empty", Outliers(s, OutliersView{Uncounted: true, StartURL: "/policy/mining", Lead: "What somebody holds and people like them do not."})}}
}
