package templates

import "tenure/templates/ui"

// galleryReview are the pages of whoever reviews access.
func galleryReview() []Sample {
	s := sampleShell("Review", "Reviews")
	due := ui.Clock{Tone: ui.Warn, Text: "due tomorrow 12:00", Exact: "2026-11-29T11:00:00Z"}
	keep, remove := ui.Tag{Tone: ui.Neutral, Icon: "info-circle", Text: "Suggested: keep"}, ui.Tag{Tone: ui.Warn, Icon: "info-circle", Text: "Suggested: remove"}
	line := ReviewLine{ID: "41", Next: "42", Name: "Approve payments for Ana Ruiz", What: "Approve payments", Person: "Ana Ruiz", App: "Bank", Risk: "critical", Class: "critical", URL: "/reviews/items/41", RemoveURL: "/reviews/5/decide?items=41&outcome=remove", CommentURL: "/reviews/5/decide?items=41&outcome=keep", ReassignURL: "/reviews/5/reassign?items=41",
		Held: []string{"Nothing gives it: it was found there"}, Since: "since 2 March 2024", Used: "Last signed in 3 June 2026", Peers: []string{"2 of 31 peers hold it", "28 of 30 with the same rules and roles hold it"}, Cost: "An account costs 12.00 EUR a month", Past: []string{"It was to be removed by the review of 3 March 2026, and is there.", "Of 52 others with it who were reviewed in the year before 25 November 2026, 40 lost it."}, Conflicts: []string{"Breaks “Enter and pay”"}, Advice: remove,
		AdviceWhy: "Nothing gives it, few peers hold it, it was to be removed by the review of 3 March 2026 and most others who were reviewed lost it. (25 November 2026)"}
	member, fixed, own := line, line, line
	member.ID, member.Next, member.Name, member.What, member.Risk, member.Class, member.Conflicts = "42", "43", "Member of “Four eyes” for Ana Ruiz", "Member of “Four eyes”", "low", "low", nil
	member.NarrowURL = "/reviews/5/decide?items=42&outcome=narrow"
	member.Parts, member.App, member.Held, member.Peers, member.Past, member.Advice, member.AdviceWhy = []string{"Edit customers in CRM", "Read customers in CRM"}, "", []string{"Member of “Four eyes”, put there by Olga Brandt on 3 March 2026", "Asked for (“Customer care”), request R-118, approved by Jo Lind and Max Winter, the last on 12 May 2026"}, []string{"78 in a hundred peers hold it"}, []string{"It was kept in the review of 3 March 2026."}, keep, "It has a reason, most peers hold it and it was kept in the review of 3 March 2026. (25 November 2026)"
	fixed.ID, fixed.What, fixed.Name, fixed.Person, fixed.Conflicts, fixed.RemoveURL, fixed.ChangeURL = "43", "Post invoices", "Post invoices for Ben Okafor", "Ben Okafor", []string{"Breaks “Enter and pay”"}, "", "/reviews/5/decide?items=43&outcome=change"
	fixed.Held, fixed.Before = []string{"The rule “Accounting” gives it"}, "Jo Lind said before: Keep"
	own.Past = nil
	own.ID, own.Own, own.RemoveURL, own.Person, own.Used, own.Peers = "44", "About yourself: another person decides it.", "", "Cleo Marsh", "No sign-in is known", []string{"too few peers to compare with"}
	rule := ReviewRule{Unit: "4294967301", Title: "Everybody of Sales", Text: "It gives this to 38 people", Gives: "Read customers in CRM and Badge in Building", Risk: "low", ChangeURL: "/reviews/5/rules?unit=4294967301"}
	said := rule
	said.State, said.Comment = ui.Tag{Tone: ui.Warn, Icon: "scale", Text: "Ask for a change"}, "Not everybody needs the badge"
	done := member
	done.State, done.Comment = ui.Tag{Tone: ui.Bad, Icon: "x", Text: "Remove"}, "She left the team in May"
	v := ReviewView{Title: "Finance, fourth quarter", About: "Look at what can pay first.", For: "Jo Lind", Due: due, Progress: ui.Progress{Label: "Decided", Done: 12, Total: 31, Text: "12 of 31, about 6 min left"}, AsOf: "as it was 25 Nov, 09:00", Action: "/reviews/5", Version: "3", View: "person",
		ReassignURL: "/reviews/5/reassign", Last: &ReviewUndo{Text: "Remove: Member of “Four eyes” for Ana Ruiz", Step: "1700000000000000", At: "40"}, Views: []ui.Chip{{Text: "By person", URL: "/reviews/5?view=person", Current: true}, {Text: "By application", URL: "/reviews/5?view=application"}, {Text: "By risk", URL: "/reviews/5?view=flat"}},
		Rules: []ReviewRule{rule}, Batch: &ReviewBatch{Count: 14, Total: 20, Kept: 6, URL: "/reviews/5/batch"},
		Groups: []ReviewGroup{{ID: "person-1", Title: "Ana Ruiz", Facts: []string{"Finance", "Lyon"}, Note: "Compared with 9 colleagues", Card: true, Lines: []ReviewLine{line, member}}, {ID: "person-2", Title: "Ben Okafor", Facts: []string{"Finance"}, Card: true, Lines: []ReviewLine{fixed, own}}},
		Bars:   []ReviewBar{{Class: "critical", Risk: "critical"}, {Class: "low", Risk: "low"}}, Done: []ReviewLine{done}, DoneRules: []ReviewRule{said}}
	one := v
	one.Rules, one.Batch, one.Done, one.DoneRules, one.Last, one.For, one.Groups, one.Bars = nil, nil, nil, nil, nil, "", []ReviewGroup{{ID: "flat-0", Title: "Everything, the risky first", Lines: []ReviewLine{line}}}, v.Bars[:1]
	role := ReviewLine{ID: "51", Next: "0", Name: "The role “Four eyes”", What: "The role “Four eyes”", Person: "Roles", Risk: "medium", Class: "medium", URL: "/reviews/items/51", ChangeURL: "/reviews/5/decide?items=51&outcome=change", CommentURL: "/reviews/5/decide?items=51&outcome=keep", ReassignURL: "/reviews/5/reassign?items=51", Since: "Confirmed last by Olga Brandt on 3 March 2026",
		Used: "38 people have it", Peers: []string{"31 when it was confirmed last"}, Conflicts: []string{"Entitlement, new: crm/badge"}, Facts: []ui.Line{{Name: "Description", Text: "Edits customers, and is checked by a second person."}, {Name: "It gives", Text: "Edit customers in CRM and Badge in Building"}, {Name: "Who gets it by a rule", Text: "“Everybody of Sales”: department == \"Sales\""}}}
	for _, f := range role.Facts {
		role.Held = append(role.Held, f.Name+": "+f.Text)
	}
	roles := one
	roles.Title, roles.About, roles.Definitions, roles.Groups = "What our roles are", "Read what a role gives and who gets it.", true, []ReviewGroup{{ID: "flat-0", Title: "Everything, the risky first", Lines: []ReviewLine{role}}}
	roles.Views, roles.View = nil, "flat"
	roles.Bars = []ReviewBar{{Class: "medium", Risk: "medium"}}
	over := ReviewView{Title: v.Title, About: v.About, Due: due, Action: v.Action, AsOf: v.AsOf, Tag: ui.Tag{Tone: ui.Good, Icon: "circle-check", Text: "Signed off"}, Progress: ui.Progress{Label: "Decided", Done: 31, Total: 31, Text: "everything is decided"},
		Over: &ui.Notice{Tone: ui.Good, Title: "Signed off today 10:12", Text: "What was decided stands. What is to be removed is being removed."}, Done: []ReviewLine{done}}
	return append([]Sample{
		{"review-full", Review(s, v)}, {"review-one", Review(s, one)}, {"review-roles", Review(s, roles)}, {"review-over", Review(s, over)},
	}, galleryReviewActs(s, v, []ReviewLine{line, member, done, role})...)
}

func galleryReviewActs(s ui.Shell, v ReviewView, lines []ReviewLine) []Sample {
	up := ui.Link{Text: v.Title, URL: v.Action}
	row := ReviewRow{Title: up, Count: "31 decisions, about 12 min", Due: v.Due}
	other := row
	other.For, other.Title.Text = "Jo Lind", "Privileged access, November"
	list := ReviewsView{Reviews: []ReviewRow{row, other}, Questions: []ReviewAsked{{What: ui.Link{Text: "Approve payments", URL: "/reviews/items/41"}, Text: "Ana Ruiz"}},
		Removals: []ReviewRemoval{{What: ui.Link{Text: "Post invoices", URL: "/reviews/items/43"}, Who: "Ben Okafor", State: ui.Tag{Tone: ui.Warn, Icon: "user-x", Text: "By hand"}, Why: "Tenure only observes Bank: somebody has to take it away there"}}}
	check := ReviewCheckView{Up: []ui.Link{up}, Check: ui.Check{Action: "/reviews/5/decide", Title: "Remove 4?", Lead: "Low risk: you remove 4 lines of 3 people.", Facts: []ui.Line{{Name: "Ana Ruiz", Text: "Member of “Four eyes”", Link: "/reviews/items/42"}, {Name: "Ben Okafor", Text: "Read customers", Link: "/reviews/items/45"}},
		Will: []string{"It is a draft: until you sign off, you can take it back.", "Who loses it is told and has 5 days to object."}, Button: ui.Buttons{Text: "Remove all 4", Icon: "x", Danger: true, Cancel: ui.Link{Text: "Go back, change nothing", URL: up.URL}}},
		Fields: []ui.Field{{Name: "comment", Label: "Why", Kind: "text", Hint: "Whoever carries it out, and whoever checks later, reads it.", Required: true, Auto: "off"}, {Name: "until", Label: "On a later day", Kind: "date", Short: true, Hint: "Empty: as soon as you have signed off."}}}
	wrong := check
	wrong.Check.Errors = ui.Errors{{Field: "comment", Text: "Comment is required: why."}}
	wrong.Fields = []ui.Field{{Name: "comment", Label: "Why", Kind: "text", Hint: check.Fields[0].Hint, Required: true, Auto: "off", Error: "Comment is required: why."}, check.Fields[1]}
	sign := ReviewSignView{Title: "Sign off “Finance, fourth quarter”?", Up: up, Figures: []ui.Figure{{Label: "Keep", Value: "27"}, {Label: "Remove", Value: "3"}, {Label: "Ask for a change", Value: "1"}}, Action: "/reviews/5/sign", Version: "3",
		Removals: []ReviewGoing{{What: ui.Link{Text: "Approve payments", URL: "/reviews/items/41"}, Who: "Ana Ruiz", App: "Bank", When: "3 December 2026", Why: "Not her work any more"}},
		Rules:    []ReviewGoing{{What: ui.Link{Text: "Everybody of Sales"}, Who: "38 people", Why: "Not everybody needs the badge"}},
		Next:     []string{"Your answers become final: they can no longer be taken back.", "Who loses it is told and has 5 days to object.", "A second reviewer looks again at 5 in a hundred of what you keep, drawn by lot."}}
	left := ReviewSignView{Title: sign.Title, Up: up, Figures: sign.Figures, Next: sign.Next[:1], Left: "4 lines are not decided yet"}
	batch := ReviewBatchView{Title: "Likely fine", Up: up, Action: v.Action, Version: "3", Opened: true, Left: 14, Lead: "Unchanged, used, held by most peers, and of low or medium risk. Remove what should not stay; keep the rest at once.", Lines: lines[:3], Pager: ui.Pager{Text: "3 lines of 20"}}
	one, closed, none := batch, batch, batch
	one.Lines, closed.Opened, closed.Lines, none.Lines, none.Left, none.Pager = lines[:1], false, nil, nil, 0, ui.Pager{}
	item := ReviewItemView{Drawer: ui.Drawer{Title: "Approve payments", Lead: "Bank", URL: "/reviews/items/41", Up: []ui.Link{up}}, Line: lines[0], About: "Releases payments up to 50 000.", AsOf: "As it was 25 Nov, 09:00. It does not change while it is reviewed.", AskURL: "/reviews/items/41/ask", Person: "Ana Ruiz",
		Said:  []AskNote{{Who: "Jo Lind", Text: "Stage 1: Keep. Needed until the year is closed", At: at("yesterday 14:02", "2026-11-27T13:02:00Z")}},
		Notes: []AskNote{{Who: "Mara Voss asked Ana Ruiz", Text: "Do you still pay?", At: at("yesterday 15:00", "2026-11-27T14:00:00Z")}, {Who: "Ana Ruiz", Text: "Until December.", At: at("yesterday 15:20", "2026-11-27T14:20:00Z")}}}
	bad, loses, role := item, item, item
	role.Drawer.Title, role.Drawer.Lead, role.Line, role.About, role.Person, role.Said, role.Notes = "The role “Four eyes”", "", lines[3], "", "", nil, nil
	bad.Error = ui.Errors{{Field: "body", Text: "Question is required."}}
	loses.AskURL, loses.ObjectURL, loses.Said, loses.Notes = "", "/reviews/items/41/object", nil, nil
	loses.Removal = &ui.Notice{Tone: ui.Warn, Title: "To be removed on 3 December 2026", Text: "If you still need it, say why before then."}
	return []Sample{
		{"reviews-full", Reviews(s, list)}, {"reviews-one", Reviews(s, ReviewsView{Reviews: list.Reviews[:1]})}, {"reviews-empty", Reviews(s, ReviewsView{})},
		{"review-check", ReviewCheck(s, check)}, {"review-check-error", ReviewCheck(s, wrong)}, {"review-sign", ReviewSign(s, sign)}, {"review-sign-left", ReviewSign(s, left)},
		{"review-batch", ReviewBatchPage(s, batch)}, {"review-batch-one", ReviewBatchPage(s, one)}, {"review-batch-closed", ReviewBatchPage(s, closed)}, {"review-batch-empty", ReviewBatchPage(s, none)},
		{"review-item", ReviewItem(s, item)}, {"review-item-error", ReviewItem(s, bad)}, {"review-item-loses", ReviewItem(s, loses)}, {"review-item-role", ReviewItem(s, role)},
	}
}
