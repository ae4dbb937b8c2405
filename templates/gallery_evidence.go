package templates

import (
	"github.com/a-h/templ"

	"tenure/templates/ui"
)

func sampleEvidencePeriod() EvidencePeriod {
	return EvidencePeriod{Action: "/evidence", From: "2026-10-01", To: "2026-12-31", Quarters: []ui.Chip{{Text: "Quarter 4 of 2026", URL: "?from=2026-10-01&to=2026-12-31", Current: true}, {Text: "Quarter 3 of 2026", URL: "?from=2026-07-01&to=2026-09-30"}, {Text: "Quarter 2 of 2026", URL: "?from=2026-04-01&to=2026-06-30"}}}
}

func sampleAttained() []EvidenceAttained {
	return []EvidenceAttained{{Limit: "Joiner ready", About: "from the beginning of the first day, midnight where they work, until all access is verified", Hours: "8 hours", Within: "38 of 40", Late: true, Open: 1, P95: "7 hours", Worst: "31 hours"},
		{Limit: "Leaver without access", About: "from the end of the last day of work until every removal is verified", Hours: "24 hours", Within: "12 of 12", P95: "2 minutes", Worst: "9 minutes"}}
}

func sampleEvidenceHome() EvidenceHomeView {
	return EvidenceHomeView{Period: sampleEvidencePeriod(), Attained: sampleAttained(), Links: []ui.Action{{URL: "/evidence/opened", Text: "What auditors opened", Icon: "eye"}, {URL: "/evidence/limits", Text: "Time limits", Icon: "hourglass"}},
		Frameworks: []EvidenceFramework{{ID: "framework-1", Name: "SOX ITGC", Controls: []EvidenceControlRow{{Control: ui.Link{Text: "Access provisioning", URL: "/evidence/controls/sox-provisioning"}, Title: "New access is approved and given in time", About: "Whoever got access had a rule, or somebody else's approval, before they got it.", Populations: 5}}},
			{ID: "framework-2", Name: "SOC 2", Controls: []EvidenceControlRow{{Control: ui.Link{Text: "CC6.2", URL: "/evidence/controls/soc2-cc6.2"}, Title: "Users are registered and authorised before they get access, and removed when they go", About: "Joiners, what was asked for, and leavers, with times.", Populations: 3}}}},
		Samples: []EvidenceDrawn{{Sample: ui.Link{Text: "Leavers, 2026-10-01 to 2026-12-31", URL: "/evidence/samples/1"}, Control: "SOC 2 CC6.2", By: "Nia Okafor", Items: "12 of 12", Drawn: at("today 10:12", "2026-11-22T09:12:00Z")},
			{Sample: ui.Link{Text: "Requests for access, 2026-07-01 to 2026-09-30", URL: "/evidence/samples/2"}, Control: "SOX ITGC Access provisioning", By: "Tomás Rey-Castellanos de la Fuente", Items: "25 of 1 408", Drawn: at("yesterday", "2026-11-21T09:12:00Z")}}}
}

func sampleEvidenceControl() EvidenceControlView {
	return EvidenceControlView{Up: []ui.Link{{Text: "Evidence", URL: "/evidence"}}, Title: "SOC 2 CC6.2: Users are registered and authorised before they get access, and removed when they go", About: "Joiners, what was asked for, and leavers, with times.", MailURL: "/evidence/schedules/new?control=soc2-cc6.2", PackURL: "/evidence/controls/soc2-cc6.2/pack", Period: sampleEvidencePeriod(), Attained: sampleAttained(), Charts: []EvidenceChart{sampleEvidenceChart()},
		Populations: []EvidenceCounted{{Population: ui.Link{Text: "Joiners", URL: "/evidence/controls/soc2-cc6.2/joiners"}, About: "a person who began to work here, or came back", Listed: 41, AtSource: 42, Differs: true}, {Population: ui.Link{Text: "Leavers", URL: "/evidence/controls/soc2-cc6.2/leavers"}, About: "a person who does not work here any more, or whose termination was decided", Listed: 12, AtSource: 12}}}
}

func sampleEvidenceChart() EvidenceChart {
	return EvidenceChart{Chart: ui.Chart{ID: "months-leaver_disabled", Title: "Leaver without access, month by month", Summary: "Of 100, how many kept the limit. A month in which nothing was due counts as kept.", Head: []string{"Month", "Kept", "Not over yet", "95 of 100 within", "Longest"},
		Rows: [][]string{{"2026-10", "40 of 40", "0", "2 minutes", "9 minutes"}, {"2026-11", "35 of 37", "0", "3 hours", "31 hours"}, {"2026-12", "12 of 12", "1", "2 minutes", "4 minutes"}}},
		Lines: ui.LineChart{Series: []ui.Series{{Name: "kept", Points: []float64{100, 94.6, 100}}}, Steps: []string{"Oct 2026", "Dec 2026"}, Top: 100, TopTxt: "100"}}
}

func sampleEvidencePopulation(rows int) EvidencePopulationView {
	g := ui.Grid{Name: "items", Label: "Leavers", Columns: []ui.Col{{Key: "c0", Text: "Person", Fixed: true}, {Key: "c1", Text: "Number"}, {Key: "c2", Text: "Left"}, {Key: "log", Text: "In the log"}}, ExportURL: "?export=csv", DenseURL: "?dense=1",
		Blank: ui.Blank{Icon: "search", Title: "Nothing of it in this period", Text: "The query gives no item. The count at the source says whether that is right."}}
	for _, x := range [][4]string{{"Femke de Wit", "H-0102", "2026-11-02 22:00:00", "#412"}, {"Björn Åkesson", "H-0311", "2026-11-20 22:00:00", "#881"}}[:rows] {
		g.Rows = append(g.Rows, ui.Row{Name: x[0], URL: "/evidence/sheets/e412", Cells: []templ.Component{ui.Main(x[0], "/evidence/sheets/e412", ""), ui.Words(x[1]), ui.Words(x[2]), ui.Words(x[3])}})
	}
	return EvidencePopulationView{Up: []ui.Link{{Text: "Evidence", URL: "/evidence"}, {Text: "SOC 2 CC6.2", URL: "/evidence/controls/soc2-cc6.2"}}, Title: "Leavers", About: "a person who does not work here any more, or whose termination was decided", Source: "people whose last employment ended in the period, from the employments as HR states them now",
		Period: "2026-10-01 to 2026-12-31", Listed: rows, AtSource: rows, Grid: g, Query: "select 'e' || e.id id from event e", PackURL: "/evidence/controls/soc2-cc6.2/leavers/pack", Draw: EvidenceDraw{Action: "/evidence/controls/soc2-cc6.2/leavers/draw", Keep: ui.Kept("from", "2026-10-01", "to", "2026-12-31"), Size: "25", Seed: "soc2-cc6.2 leavers 2026-10-01 2026-12-31", Most: "500",
			Algorithm: "Items are ordered by SHA-256 of the seed, one byte 0x00 and the item's id, all in UTF-8, compared byte by byte; the first n are the sample."}}
}

func sampleEvidenceSample(rows int) EvidenceSampleView {
	return EvidenceSampleView{Up: []ui.Link{{Text: "Evidence", URL: "/evidence"}, {Text: "SOC 2 CC6.2", URL: "/evidence/controls/soc2-cc6.2"}, {Text: "Leavers", URL: "/evidence/controls/soc2-cc6.2/leavers"}}, Title: "Sample of Leavers", Lead: "2026-10-01 to 2026-12-31: 2 of 12 items.", Listed: 12, AtSource: 12, Same: true,
		Source: "people whose last employment ended in the period, from the employments as HR states them now", Facts: []ui.Line{{Name: "Seed", Text: "soc2-cc6.2 leavers 2026-10-01 2026-12-31"}, {Name: "Drawn by", Text: "Nia Okafor"}, {Name: "Drawn at", Text: "2026-11-22 09:12:00 UTC"}, {Name: "In the log", Text: "#1408"}},
		Columns: []string{"Person", "Number", "Left"}, PackURL: "/evidence/samples/1/pack", Algorithm: "Items are ordered by SHA-256 of the seed, one byte 0x00 and the item's id, all in UTF-8, compared byte by byte; the first n are the sample.",
		Rows: []EvidenceItem{{Sheet: ui.Link{Text: "e412", URL: "/evidence/sheets/e412"}, Cells: []string{"Femke de Wit", "H-0102", "2026-11-02 22:00:00"}, Event: "#412"}, {Sheet: ui.Link{Text: "e881", URL: "/evidence/sheets/e881"}, Cells: []string{"Björn Åkesson", "H-0311", ""}, Event: ""}}[:rows]}
}

func sampleEvidenceSheet() EvidenceSheetView {
	columns := []string{"Application", "Account", "What", "State", "Acknowledged", "Verified", "By reading", "Log"}
	return EvidenceSheetView{Up: []ui.Link{{Text: "Evidence", URL: "/evidence"}}, Kind: "Leaver certificate", Title: "Femke de Wit", Printed: at("today 10:20", "2026-11-22T09:20:00Z"),
		Facts: []ui.Line{{Name: "Number", Text: "H-0102"}, {Name: "Last day of work", Text: "2026-11-02"}, {Name: "From the HR event to the last verification", Text: "2m41s"}},
		Tables: []EvidenceTable{{ID: "part-1", Title: "Every account", Columns: columns, Rows: [][]string{{"Ledger", "femke.dewit", "disable", "verified", "2026-11-02 22:00:04", "2026-11-02 22:00:31", "881, begun 2026-11-02 22:00:20", "#418"}, {"Warehouse", "fdewit", "disable", "verified", "2026-11-02 22:00:06", "2026-11-02 22:02:41", "882, begun 2026-11-02 22:02:11", "#421"}}},
			{ID: "part-2", Title: "Personal tokens of Tenure", None: "None.", Columns: []string{"Made", "Expires", "Revoked", "Log"}}}}
}

func sampleEvidenceLimits() EvidenceLimitsView {
	return EvidenceLimitsView{Rows: []EvidenceLimit{{Name: "joiner_ready", Title: "Joiner ready", About: "from the beginning of the first day, midnight where they work, until all access is verified", Hours: "8", Action: "/evidence/limits"},
		{Name: "leaver_disabled", Title: "Leaver without access", About: "from the end of the last day of work until every removal is verified", Hours: "24", Action: "/evidence/limits"}}}
}

func galleryEvidence() []Sample {
	s := sampleShell("Evidence", "Evidence")
	empty, wrong, single := sampleEvidenceHome(), sampleEvidenceHome(), sampleEvidenceHome()
	empty.Attained, empty.Samples = nil, nil
	single.Counted = EvidenceCountedAt{At: at("today 10:12", "2026-11-22T09:12:00Z")}
	single.Attained, single.Samples = single.Attained[:1], single.Samples[:1]
	wrong.Period.From, wrong.Period.Errors = "2026-13-01", ui.Errors{{Field: "from", Text: "From must be a day such as 2026-03-31."}}
	bare, one, badControl := sampleEvidenceControl(), sampleEvidenceControl(), sampleEvidenceControl()
	bare.Populations[0].Listed, bare.Populations[0].AtSource, bare.Populations[0].Differs, bare.Attained = 0, 0, false, nil
	bare.Charts, one.Charts, one.Counted = nil, nil, EvidenceCountedAt{At: at("today 10:12", "2026-11-22T09:12:00Z"), Old: true}
	one.Populations = one.Populations[:1]
	badControl.Period.To, badControl.Period.Errors = "2026-09-30", ui.Errors{{Field: "to", Text: "To must not be before the first day."}}
	differs, bad := sampleEvidencePopulation(2), sampleEvidencePopulation(2)
	differs.Differs, differs.AtSource = true, 3
	bad.Draw.Size, bad.Draw.Errors = "0", ui.Errors{{Field: "size", Text: "Size must be from 1 to 500."}}
	gone, moved, alone := sampleEvidenceSample(0), sampleEvidenceSample(2), sampleEvidenceSample(1)
	gone.Missing, gone.Same = "2 items are not in the population any more", false
	moved.Same, moved.Missing, moved.Differs, moved.AtSource = false, "1 item is not in the population any more", true, 13
	open, nothing, oneTable := sampleEvidenceSheet(), sampleEvidenceSheet(), sampleEvidenceSheet()
	open.Open = []string{"the account fdewit in Warehouse is enabled", "revoke Books of femke.dewit in Ledger: failed, the target answered 503"}
	nothing.Tables = nothing.Tables[1:]
	oneTable.Tables[0].Rows = oneTable.Tables[0].Rows[:1]
	limit, reader := sampleEvidenceLimits(), sampleEvidenceLimits()
	limit.Rows[0].Hours, limit.Rows[0].Errors = "0", ui.Errors{{Field: "hours", Text: "Hours must be from 1 to 87600."}}
	for i := range reader.Rows {
		reader.Rows[i].Action = ""
	}
	opened := EvidenceOpenedView{MoreURL: "/evidence/opened?before=7", Rows: []EvidenceOpening{{Who: ui.Link{Text: "Nia Okafor", URL: "/people/n"}, Page: "/evidence/sheets/e412", Event: "#1409", At: at("today 10:20", "2026-11-22T09:20:00Z")}, {Who: ui.Link{Text: "Nia Okafor", URL: "/people/n"}, Page: "/people/0b0e9a6e-0000-4000-8000-000000000000", At: at("today 10:21", "2026-11-22T09:21:00Z")}}}
	openedOnce := opened
	openedOnce.Rows, openedOnce.MoreURL = opened.Rows[:1], ""
	return []Sample{{"evidence-full", EvidenceHome(s, sampleEvidenceHome())}, {"evidence-one", EvidenceHome(s, single)}, {"evidence-empty", EvidenceHome(s, empty)}, {"evidence-error", EvidenceHome(s, wrong)},
		{"evidence-control", EvidenceControl(s, sampleEvidenceControl())}, {"evidence-control-one", EvidenceControl(s, one)}, {"evidence-control-empty", EvidenceControl(s, bare)}, {"evidence-control-error", EvidenceControl(s, badControl)},
		{"evidence-population", EvidencePopulation(s, sampleEvidencePopulation(2))}, {"evidence-population-one", EvidencePopulation(s, sampleEvidencePopulation(1))}, {"evidence-population-empty", EvidencePopulation(s, sampleEvidencePopulation(0))}, {"evidence-population-differs", EvidencePopulation(s, differs)}, {"evidence-population-error", EvidencePopulation(s, bad)},
		{"evidence-sample", EvidenceSample(s, sampleEvidenceSample(2))}, {"evidence-sample-one", EvidenceSample(s, alone)}, {"evidence-sample-gone", EvidenceSample(s, gone)}, {"evidence-sample-moved", EvidenceSample(s, moved)},
		{"evidence-sheet", EvidenceSheet(s, sampleEvidenceSheet())}, {"evidence-sheet-one", EvidenceSheet(s, oneTable)}, {"evidence-sheet-nothing", EvidenceSheet(s, nothing)}, {"evidence-sheet-open", EvidenceSheet(s, open)},
		{"evidence-limits", EvidenceLimits(s, sampleEvidenceLimits())}, {"evidence-limits-reader", EvidenceLimits(s, reader)}, {"evidence-limits-error", EvidenceLimits(s, limit)},
		{"evidence-opened", EvidenceOpened(s, opened)}, {"evidence-opened-one", EvidenceOpened(s, openedOnce)}, {"evidence-opened-empty", EvidenceOpened(s, EvidenceOpenedView{})}}
}
