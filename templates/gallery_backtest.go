package templates

import "tenure/templates/ui"

func sampleBacktest(rows int) BacktestView {
	v := BacktestView{Title: "Nobody creates and pays vendors", ChangeURL: "/policy/changes/7", Done: true, Lead: "Jo Lind replayed 90 days, today 14:20, against version 12 of the policy.", FileURL: "/policy/changes/7/backtest/file",
		Start:   &BacktestStart{Action: "/policy/changes/7/backtest", Days: []ui.Option{{Value: "30", Text: "30 days"}, {Value: "90", Text: "90 days", Selected: true}, {Value: "180", Text: "180 days"}}},
		Figures: []ui.Figure{{Label: "People about whom something changed", Value: "212"}, {Label: "People for whom it would have differed", Value: "4"}, {Label: "Memberships blocked", Value: "2", Tone: ui.Warn, Icon: "alert-triangle"}, {Label: "Requests blocked", Value: "1", Tone: ui.Warn, Icon: "alert-triangle"}, {Label: "Withheld", Value: "2"}, {Label: "SoD rules broken", Value: "1", Tone: ui.Bad, Icon: "alert-octagon"}},
		Access:  []EffectRow{{Name: "erp/ap_pay", Gain: 1, Lose: 2, Held: 2}, {Name: "ledger/vendor_master", Lose: 4}}, Rules: []EffectRow{{Name: "Create and pay vendors", Gain: 1}}, Blocked: []BlockedRow{{Rule: "Create and pay vendors", Blocked: 2}, {Blocked: 1}}}
	v.Rows = []BacktestRow{{Person: ui.Link{Text: "Femke de Wit", URL: "/people/f"}, At: at("4 Nov 2026, 09:00", "2026-11-04T09:00:00Z"), What: "Made a member of AP Lead", Lacks: "ledger/vendor_master", Duty: "the membership is refused by Create and pay vendors"},
		{Person: ui.Link{Text: "Priya Raman", URL: "/people/r"}, At: at("3 Nov 2026, 11:20", "2026-11-03T11:20:00Z"), What: "R-118 was granted: Pay suppliers, approve", Lacks: "erp/ap_pay", Duty: "the request is refused by Create and pay vendors"},
		{Person: ui.Link{Text: "Björn Åkesson", URL: "/people/b"}, At: at("2 Nov 2026, 00:00", "2026-11-02T00:00:00Z"), What: "Joined", Lacks: "erp/ap_pay", Duty: "erp/ap_pay is withheld by Create and pay vendors"},
		{Person: ui.Link{Text: "Ngozi Adeyemi-Obuzor", URL: "/people/n"}, At: at("12 Oct 2026, 00:00", "2026-10-12T00:00:00Z"), What: "Something that HR says changed", Gains: "erp/ap_pay", Duty: "breaks Create and pay vendors"}}[:rows]
	if rows == 4 {
		v.More = "the first 4 of 5"
	}
	return v
}

func galleryBacktest() []Sample {
	s := sampleShell("What would have differed", "Policy")
	none, never := sampleBacktest(0), sampleBacktest(0)
	none.Figures, none.Old = none.Figures[:2], "It was compared with version 12 of the policy, and version 13 holds. Replay it again."
	never.Done, never.Lead, never.FileURL = false, "", ""
	wrong := never
	wrong.Start = &BacktestStart{Action: never.Start.Action, Days: never.Start.Days, Errors: ui.Errors{{Field: "days", Text: "Choose how far back."}}}
	return []Sample{{"backtest-full", Backtest(s, sampleBacktest(4))}, {"backtest-one", Backtest(s, sampleBacktest(1))}, {"backtest-same", Backtest(s, none)}, {"backtest-empty", Backtest(s, never)}, {"backtest-error", Backtest(s, wrong)}}
}
