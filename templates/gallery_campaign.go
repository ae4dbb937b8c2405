package templates

import "tenure/templates/ui"

func sampleCampaigns(rows int) CampaignsView {
	v := CampaignsView{NewURL: "/campaigns/new", Events: []CampaignEvent{
		{Event: "move", Word: "Somebody moves", About: "Their manager reviews what no birthright rule of the new job gives.", Active: true, Action: "/campaigns/events", Keep: "90"},
		{Event: "orphan", Word: "Accounts of nobody are found", About: "The owners of the applications review them, once a week at most.", Action: "/campaigns/events", Keep: "90"},
		{Event: "unused", Word: "Access is not used", About: "Managers review what was not signed in to for so many days, once a week at most.", Active: true, Note: "after 90 days", Action: "/campaigns/events",
			Days: &ui.Field{Name: "days", Label: "Days without signing in", Kind: "number", Min: "1", Max: "3650", Value: "90", Required: true, Short: true, Scope: "unused"}}}}
	open := ui.Tag{Tone: ui.Info, Icon: "hourglass", Text: "Being decided"}
	v.Rows = []CampaignRow{
		{Campaign: ui.Link{Text: "Privileged access, autumn", URL: "/campaigns/1"}, Kind: "Recurring", State: open, Owner: "Jo Lind", Items: 1408, Decided: "62 %", Verified: "80 % of 41", Started: at("12 Nov 2026", "2026-11-12T08:00:00Z"), Due: ui.Clock{Tone: ui.Neutral, Text: "due 26 Nov", Exact: "2026-11-26T08:00:00Z"}},
		{Campaign: ui.Link{Text: "Access after a move", URL: "/campaigns/2"}, Kind: "After an event", State: open, Owner: "Tomás Rey-Castellanos de la Fuente", Items: 4, Decided: "0 %", Started: at("today 09:10", "2026-11-22T09:10:00Z"), Due: ui.Clock{Tone: ui.Bad, Text: "late since yesterday", Exact: "2026-11-21T08:00:00Z"}},
		{Campaign: ui.Link{Text: "Who may pay", URL: "/campaigns/3"}, Kind: "Once", State: ui.Tag{Tone: ui.Neutral, Icon: "circle-dashed", Text: "Draft"}, Owner: "Jo Lind"},
	}[:rows]
	return v
}

func sampleCampaignForm() CampaignFormView {
	select2 := func(name, label string, options ...string) ui.Field {
		f := ui.Field{Name: name, Label: label, Kind: "select", Required: true}
		for i, o := range options {
			f.Options = append(f.Options, ui.Option{Value: o, Text: o, Selected: i == 0})
		}
		return f
	}
	number := func(name, label, value string) ui.Field {
		return ui.Field{Name: name, Label: label, Kind: "number", Value: value, Short: true, Required: value != ""}
	}
	boxes := func(name, label string, all ...string) CampaignList {
		c := &ui.Choices{Name: name, Label: label}
		for i, o := range all {
			c.Options = append(c.Options, ui.Choice{Value: o, Text: o, Chosen: i == 1})
		}
		return CampaignList{Boxes: c}
	}
	return CampaignFormView{Up: []ui.Link{{Text: "Campaigns", URL: "/campaigns"}}, Title: "New campaign", Action: "/campaigns", Cancel: "/campaigns",
		First: []ui.Field{{Name: "title", Label: "Title", Kind: "text", Value: "Privileged access, autumn", Required: true}, {Name: "about", Label: "What reviewers are told", Kind: "textarea", Hint: "Why this is asked, and what to look at."}, select2("kind", "How often", "Once", "Again and again"), number("months", "Months between two", "")},
		Lists: []CampaignList{boxes("departments", "Departments", "Finance", "Sales"), boxes("applications", "Applications", "Ledger", "Treasury", "Warehouse"), {Lines: &ui.Field{Name: "people", Label: "People", Kind: "textarea", Rows: 2, Hint: "Number, e-mail address or full name, one a line."}}},
		Only:  ui.Choices{Name: "only", Label: "And only", Hint: "Everything that is ticked has to hold.", Options: []ui.Choice{{Value: "privileged", Text: "Only what is privileged or of high risk", Chosen: true}, {Value: "orphans", Text: "Accounts of nobody, instead of people's"}}},
		Days:  []ui.Field{number("dormant", "Not signed in to for days", ""), number("unreviewed", "Not reviewed for days", "")},
		Stages: []CampaignStage{{Title: "First stage", Fields: []ui.Field{select2("by1", "Who is asked", "the manager of the person", "a named person"), {Name: "named1", Label: "The named person", Kind: "text"}}},
			{Title: "Second stage", Hint: "It decides again what the stage before keeps.", Fields: []ui.Field{select2("by2", "Who is asked", "Nobody: what the stage before says stands", "compliance")}}},
		MoreStages: true,
		Settings:   []ui.Field{number("days", "Days that a review has", "14"), number("budget", "Decisions at a time, at most", "40"), select2("unanswered", "What nobody answers in time", "the owner of the campaign decides it", "it is kept", "it is removed")}}
}

func sampleCampaignCheck() CampaignCheckView {
	return CampaignCheckView{Title: "Privileged access, autumn", About: "The auditors ask who may pay.", Scope: "All access of everybody, in the departments Finance and Sales, only what is privileged or of high risk.", State: ui.Tag{Tone: ui.Neutral, Icon: "circle-dashed", Text: "Draft"},
		Stages: []string{"the manager of the person, otherwise compliance"}, Owner: "Jo Lind",
		Settings: []string{"A review has 14 days.", "A reviewer decides at most 40 at a time; the rest follows in waves, 7 days apart.", "What nobody answers in time: the owner of the campaign decides it."},
		Figures:  []ui.Figure{{Label: "Items", Value: "1 408", Note: "access that the readings show"}, {Label: "Decided line by line", Value: "312"}, {Label: "Likely fine", Value: "640", Note: "a batch for each reviewer"}, {Label: "Given by a rule", Value: "456", Note: "a line for each rule"}, {Label: "Decisions", Value: "318", Note: "of 14 reviewers"}, {Label: "Decisions of a reviewer", Value: "18", Note: "in the middle; 140 at most"}},
		Worst:    CampaignWorst{Text: "Max Winter has most: 140 decisions, which the budget of 40 splits into 4 reviews over 5 weeks.", BudgetURL: "/campaigns/1/edit#f-budget", StageURL: "/campaigns/1/edit#f-by1"},
		Reviewers: []CampaignLoad{{Person: ui.Link{Text: "Max Winter", URL: "/people/m"}, Why: "the manager of the person", Items: 412, Lines: 140, Waves: 4, Minutes: "57 min", AsURL: "?as=m#as"},
			{Person: ui.Link{Text: "Tomás Rey-Castellanos de la Fuente", URL: "/people/t"}, Why: "the owner of the role that gives it, else of the application", Items: 456, Lines: 6, Waves: 1, Minutes: "3 min", AsURL: "?as=t#as"}},
		StartURL: "/campaigns/1/start", EditURL: "/campaigns/1/edit", StopURL: "/campaigns/1/stop", Version: "1"}
}

func sampleCampaignMonitor() CampaignMonitorView {
	v := CampaignMonitorView{Title: "Privileged access, autumn", Scope: "All access of everybody, only what is privileged or of high risk.", State: ui.Tag{Tone: ui.Info, Icon: "hourglass", Text: "Being decided"}, ResultsURL: "/campaigns/1/results", StopURL: "/campaigns/1/stop",
		Figures: []ui.Figure{{Label: "Items", Value: "412", Note: "taken down 2 Nov"}, {Label: "Decided", Value: "56 %", Note: "180 items left"}, {Label: "Reviews signed off", Value: "3 of 9"}, {Label: "Removals", Value: "41"}, {Label: "Removals verified", Value: "80 %", Note: "33 of 41, each by a reading"}},
		Chart:   ui.Chart{ID: "burn-down", Title: "What is left to decide", Summary: "180 of 412 items are left to decide; it is due on 16 November 2026.", Head: []string{"Day", "Left", "Plan"}, Rows: [][]string{{"2 November", "412", "412"}, {"9 November", "180", "206"}, {"16 November", "to come", "0"}}},
		Lines:   ui.LineChart{Series: []ui.Series{{Name: "Left", Points: []float64{412, 390, 300, 180}}, {Name: "Plan", Points: []float64{412, 343, 275, 206, 137, 69, 0}, Plan: true}}, Steps: []string{"2 Nov", "9 Nov", "16 Nov"}, TopTxt: "412"},
		Held:    &CampaignHeld{Text: "14 removals of 12 people, since today 09:10: 12 people would lose access by reviews within a day, of 80; the limit is 8.", DiscardURL: "/campaigns/1/discard", Refusal: "You signed it off; somebody else must release it."},
		Open: []CampaignOpen{{Reviewer: ui.Link{Text: "Max Winter", URL: "/people/m"}, Why: "the manager of the person", Stage: "stage 1, wave 1", Decided: "12 of 96", Due: ui.Clock{Tone: ui.Bad, Text: "late since yesterday", Exact: "2026-11-21T08:00:00Z"}, ReviewURL: "/reviews/4", Away: "is not here any more"},
			{Reviewer: ui.Link{Text: "Tomás Rey-Castellanos de la Fuente"}, Why: "the owner of the entitlement or application", Stage: "stage 1, wave 2", Decided: "0 of 40", Due: ui.Clock{Tone: ui.Neutral, Text: "due 26 Nov", Exact: "2026-11-26T08:00:00Z"}, Waits: true}},
		Left: []CampaignLeft{{Person: "Femke de Wit", What: "Pay invoices (Ledger)", State: ui.Tag{Tone: ui.Bad, Icon: "circle-x", Text: "The operation failed"}, Why: "the target answered 503", Operation: ui.Link{Text: "Operation 881", URL: "/operations/881"}, Owner: ui.Link{Text: "Otto Kern has to look", URL: "/people/o"}, At: at("today 09:10", "2026-11-22T09:10:00Z")},
			{Person: "an account of nobody", What: "Administration (Warehouse)", State: ui.Tag{Tone: ui.Warn, Icon: "flag", Text: "By hand"}, Why: "Tenure only observes Warehouse: somebody has to disable the account there", Owner: ui.Link{Text: "Otto Kern"}, At: at("today 09:10", "2026-11-22T09:10:00Z")}},
		Quality: []CampaignQuality{{Reviewer: "Vera Holm", Stage: "stage 1, wave 1", Signed: at("18 Nov", "2026-11-18T08:00:00Z"), Lines: 24, Pace: "21 s", Kept: "83 %", Together: "0 %", Again: "1 of 2 decided again, 0 differ"},
			{Reviewer: "Jo Lind", Stage: "stage 1, wave 1", Signed: at("18 Nov", "2026-11-18T08:00:00Z"), Lines: 38, Pace: "1 s", Kept: "100 %", Together: "97 %", Again: "0 of 19 decided again, 0 differ", Note: "below the stated pace, or everything kept together: half is decided a second time"}},
		Said: []CampaignSaid{{Who: "Femke de Wit", Does: "objects", About: "Femke de Wit: Pay invoices (Ledger)", Text: "I stand in for Otto until Christmas.", At: at("today 10:02", "2026-11-22T10:02:00Z"),
			State: ui.Tag{Tone: ui.Warn, Icon: "hourglass", Text: "Waits for a decision"}, KeepURL: "/campaigns/1/objections/7/keep", RemoveURL: "/campaigns/1/objections/7/remove"}, {Who: "Max Winter", Does: "asks Otto Kern", About: "Björn Åkesson: Vendor master data (Ledger)", Text: "Does he still do this?", At: at("yesterday", "2026-11-21T10:02:00Z")}}}
	return v
}

func galleryCampaigns() []Sample {
	over, single := sampleCampaignMonitor(), sampleCampaignMonitor()
	over.State, over.StopURL, over.Held, over.Open, over.Left, over.Quality, over.Said = ui.Tag{Tone: ui.Neutral, Icon: "ban", Text: "Stopped"}, "", nil, nil, nil, nil, nil
	over.Chart = ui.Chart{ID: "burn-down", Title: "What is left to decide", Empty: "It was stopped before it was started."}
	single.Held.ReleaseURL, single.Held.Refusal = "/campaigns/1/release", ""
	single.Open, single.Left, single.Quality, single.Said = single.Open[:1], single.Left[:1], single.Quality[:1], nil
	bare, differs := sampleCampaignResults(), sampleCampaignResults()
	bare.Quality, bare.Removed, bare.More = nil, nil, ""
	differs.Complete, differs.Proof = false, "31 items were taken down at the start, 30 are there now; 1 item is missing and 0 items are too many. They are not the ones of the start: the digest differs."
	differs.Covered[0].Differs, differs.Covered[0].Items = true, 23
	s := sampleShell("Campaigns", "Campaigns")
	empty, reading, days := sampleCampaigns(0), sampleCampaigns(3), sampleCampaigns(3)
	reading.NewURL = ""
	for i := range reading.Events {
		reading.Events[i].Action = ""
	}
	days.Events[2].Days.Error, days.Events[2].Errors = "Days must be 1 to 3650.", ui.Errors{{Field: "days", Text: "Days must be 1 to 3650."}}
	form := sampleCampaignForm()
	form.Errors = ui.Errors{{Field: "title", Text: "The title is required."}, {Field: "people", Text: "Jo names nobody, or more than one person."}}
	form.First[0].Value, form.First[0].Error, form.Lists[2].Lines.Error, form.Lists[2].Lines.Value = "", "The title is required.", "Jo names nobody, or more than one person.", "Jo"
	counted, much := sampleCampaignForm(), sampleCampaignForm()
	counted.Lists = append(counted.Lists, CampaignList{Lines: &ui.Field{Name: "below", Label: "Everybody below a manager", Kind: "textarea", Rows: 2, Value: "max.winter@example.org"}})
	counted.Count = CampaignCount{Scope: "All access of everybody, of everybody below Max Winter, at every level.", Text: "1 408 items of 212 people, decided by 14 reviewers.", Worst: sampleCampaignCheck().Worst,
		NotRead: "Nothing is known of Treasury: no complete reading shows who holds what there.",
		Figures: []ui.Figure{{Label: "Items", Value: "1 408"}, {Label: "People", Value: "212"}, {Label: "Reviewers", Value: "14"}, {Label: "Decisions", Value: "318"}, {Label: "Decisions of a reviewer", Value: "140", Note: "at most; about 57 min"}}}
	counted.Count.Worst.BudgetURL, counted.Count.Worst.StageURL, counted.MoreStages = "#f-budget", "#f-by1", false
	much.Count = CampaignCount{Scope: "All access of everybody.", Text: "1 408 000 items of 21 200 people, counted from the readings alone because it is much. The next page says who would be asked."}
	nothing, as, one := sampleCampaignCheck(), sampleCampaignCheck(), sampleCampaignCheck()
	nothing.Nothing, nothing.NotRead, nothing.Error, nothing.StartURL = true, "Nothing is known of Treasury: no complete reading shows who holds what there.", "Nothing is in the scope of this campaign: no reading shows such access.", ""
	one.Reviewers, one.Worst = one.Reviewers[1:], CampaignWorst{Text: "Tomás Rey-Castellanos de la Fuente has most: 6 decisions, within the budget of 40."}
	as.As = &CampaignAs{Name: "Max Winter", Rules: []string{"The rule Everybody in Finance, as one: it gives 24 items to 24 people."}, Fine: "What is likely fine, as one batch: 12 items.",
		Lines: []CampaignAsLine{{Person: "Femke de Wit", What: "Pay invoices (Ledger)", Why: "no reason", Risk: "critical"}, {Person: "Björn Åkesson", What: "Vendor master data (Ledger)", Why: "a membership and a request", Risk: "medium"}}}
	roles := sampleCampaignResults()
	roles.Covered, roles.Removed, roles.Scope = nil, nil, "What all roles are: their contents, rules and descriptions."
	roles.Figures = []ui.Figure{{Label: "Roles", Value: "2"}, {Label: "Confirmed", Value: "1"}, {Label: "To be changed", Value: "1"}, {Label: "Not decided", Value: "0"}}
	roles.Proof = "Counted once more from version 12 of the policy: 2 roles were active in scope what the 2 items of this campaign are, one by one. The digest of the start holds."
	roles.Classes, roles.Applications = []CampaignOutcome{{Name: "Line by line", Items: 2, Keep: 1, Change: 1}, {Name: "Likely fine"}, {Name: "By rule"}}, []CampaignOutcome{{Name: "Roles", Items: 2, Keep: 1, Change: 1}}
	roles.Confirmed = []CampaignConfirmed{{Role: "Everybody", Digest: "9f2c51aa03b7d1e4", By: "Olga Brandt", Members: 412, At: roles.Closed, Changes: []string{"Rule, gone: Sales: department == \"Sales\""}}, {Role: "Four eyes", Digest: "04be77c1d09a5512", By: "not confirmed", Members: 2, Changes: []string{"Never confirmed before"}}}
	return []Sample{{"campaigns-full", Campaigns(s, sampleCampaigns(3))}, {"campaigns-one", Campaigns(s, sampleCampaigns(1))}, {"campaigns-empty", Campaigns(s, empty)}, {"campaigns-error", Campaigns(s, days)}, {"campaigns-reader", Campaigns(s, reading)},
		{"campaign-form", CampaignForm(s, sampleCampaignForm())}, {"campaign-form-error", CampaignForm(s, form)}, {"campaign-form-counted", CampaignForm(s, counted)}, {"campaign-form-much", CampaignForm(s, much)},
		{"campaign-monitor", CampaignMonitor(s, sampleCampaignMonitor())}, {"campaign-monitor-one", CampaignMonitor(s, single)}, {"campaign-monitor-over", CampaignMonitor(s, over)},
		{"campaign-results", CampaignResults(s, sampleCampaignResults())}, {"campaign-results-empty", CampaignResults(s, bare)}, {"campaign-results-differs", CampaignResults(s, differs)}, {"campaign-results-roles", CampaignResults(s, roles)},
		{"campaign-check", CampaignCheck(s, sampleCampaignCheck())}, {"campaign-check-as", CampaignCheck(s, as)}, {"campaign-check-one", CampaignCheck(s, one)}, {"campaign-check-nothing", CampaignCheck(s, nothing)}}
}

func sampleCampaignResults() CampaignResultsView {
	m := sampleCampaignMonitor()
	at := ui.Time{Text: "2 Nov 2026, 09:00", Exact: "2026-11-02T09:00:00Z"}
	return CampaignResultsView{Title: m.Title, URL: "/campaigns/1", Scope: m.Scope, Owner: "Cora Lind", About: "Keep what is needed for today's work.", Policy: "12", State: m.State, Stages: []string{"The manager, otherwise the owner of the campaign."},
		Settings: []string{"14 days, 40 decisions a week at most."}, FileURL: "/campaigns/1/results.csv", Taken: at, Started: at, Decided: at, Closed: at, Printed: at, Complete: true,
		Figures:      []ui.Figure{{Label: "Items", Value: "31"}, {Label: "Kept", Value: "28"}, {Label: "To be removed", Value: "2"}, {Label: "The rule is to change", Value: "1"}, {Label: "Not decided", Value: "0"}, {Label: "Licences saved a month", Value: "12.50 EUR", Note: "1 account goes"}},
		Proof:        "Counted once more from the readings: 31 entries show in scope what the 31 items of this campaign are, item by item. The digest of the start holds.",
		Covered:      []CampaignCovered{{Application: "Ledger", Reading: "881", Seen: "24", ReadAt: at, Items: 24}, {Application: "Records", Reading: "882", Seen: "7", ReadAt: at, Items: 7}},
		Classes:      []CampaignOutcome{{Name: "Line by line", Items: 12, Keep: 9, Remove: 2, Narrow: 1}, {Name: "Likely fine", Items: 9, Keep: 9}, {Name: "By rule", Items: 10, Keep: 9, Change: 1}},
		Applications: []CampaignOutcome{{Name: "Ledger", Items: 24, Keep: 20, Remove: 2, Narrow: 1, Change: 1}, {Name: "Records", Items: 7, Keep: 7}}, Quality: m.Quality, More: "The first 1000; the file has all of them.",
		Removed: []CampaignRemoved{{Person: "Femke de Wit", What: "Pay invoices (Ledger)", Account: "femke.dewit", By: "Max Winter", Comment: "Left the payments team in May.", State: ui.Tag{Tone: ui.Good, Icon: "circle-check", Text: "Verified"},
			Operation: ui.Link{Text: "Operation 512", URL: "/operations/512"}, Reading: "reading 901", Decided: at, Verified: at},
			{Person: "an account of nobody", What: "Log in (Records)", Account: "svc-old", By: "the rule for what nobody answered", State: ui.Tag{Tone: ui.Warn, Icon: "hand-stop", Text: "By hand"}, Why: "Tenure only observes Records: somebody has to disable the account there", Decided: at, Owner: ui.Link{Text: "Otto Kern"}},
			{Person: "Björn Åkesson", What: "Vendor master data (Ledger)", Account: "bjorn.akesson", By: "Max Winter", State: ui.Tag{Tone: ui.Bad, Icon: "circle-x", Text: "The operation failed"}, Operation: ui.Link{Text: "Operation 881", URL: "/operations/881"},
				Owner: ui.Link{Text: "IT has to look", URL: "/operations?state=failed"}, Decided: at}}}
}
