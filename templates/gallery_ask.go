package templates

import "tenure/templates/ui"

// galleryAsk are the pages of asking for access and deciding it.
func galleryAsk() []Sample {
	s, in := sampleShell("Ask for access", "My access"), sampleShell("Asked of you", "Inbox")
	offers := OffersView{Action: "/catalogue", WishURL: "/requests/new", Rows: []OfferRow{
		{ID: "4", Title: "Customer records", What: "See and correct what we know of customers.", Tasks: []string{"Look up a customer", "Correct an address"}, Levels: []string{"Read", "Edit"}, Risk: "low",
			Peers: "7 of 9 of your colleagues have it", Longest: "at most 180 days", AskURL: "/requests/new?offer=4"},
		{ID: "5", Title: "Expense reports", What: "Book travel and expenses of others.", Risk: "medium", Longest: "at most 365 days", State: ui.Tag{Tone: ui.Good, Icon: "circle-check", Text: "Held until 3 March 2027"},
			StateURL: "/requests/8", ExtendURL: "/requests/new?offer=5&act=extend&of=3"},
		{ID: "6", Title: "CRM administration", What: "Change how the CRM works.", Risk: "high", Longest: "for hours at a time", ActivateURL: "/requests/new?offer=6&act=activate", EmergencyURL: "/requests/new?offer=6&act=emergency"},
	}}
	one, nothing, none := offers, OffersView{Action: "/catalogue", Nothing: true}, OffersView{Action: "/catalogue", Query: "moon"}
	one.Rows, one.For, one.ForRef = offers.Rows[:1], "Ana Ruiz", "ana"
	levels := ui.Choices{Name: "level-4", Label: "How much", Required: true, Options: []ui.Choice{{Value: "read", Text: "Read", Hint: "Look up customers in CRM", Chosen: true}, {Value: "edit", Text: "Edit", Hint: "Correct customers in CRM"}}}
	wish := WishView{Action: "/requests", Title: "Ask for access", Act: "grant", Cancel: ui.Link{Text: "Back to the catalogue", URL: "/catalogue"}, Items: []WishItem{{ID: "4", Title: "Customer records", What: "See and correct what we know of customers.", Levels: &levels}},
		Fields: []ui.Field{{Name: "days", Label: "For how many days", Kind: "number", Value: "90", Min: "1", Max: "180", Required: true, Short: true, Hint: "At most 180. It ends by itself; you are asked before."},
			{Name: "why", Label: "Why", Kind: "textarea", Required: true, Hint: "Whoever decides reads it: what you need it for."}}}
	wrong := wish
	wrong.Errors = ui.Errors{{Field: "days", Text: "Days must be from 1 to 180."}}
	wrong.Fields = []ui.Field{{Name: "days", Label: "For how many days", Kind: "number", Value: "400", Min: "1", Max: "180", Required: true, Short: true, Hint: "At most 180. It ends by itself; you are asked before.", Error: "Days must be from 1 to 180."}, wish.Fields[1]}
	stages := []ui.Stage{{Name: "Manager", State: "ahead", Holder: "Jo Lind"}, {Name: "Owner of CRM", State: "ahead", Holder: "Tomás Rey"}, {Name: "Compliance", State: "ahead", Holder: "Mara Voss or Ola Berg"}}
	check := WishCheckView{Action: "/requests", Title: "Check and send", Button: "Send", For: "Ana Ruiz", Why: "I take over the accounts in Lyon.", Hidden: []ui.Option{{Text: "offer", Value: "4"}},
		Items: []CheckedItem{{Title: "Customer records, Read", Risk: "low", Until: "26 February 2027", Expect: "Decided by 4 December, 17:00 at the latest, or it expires.", Steps: stages,
			Conflicts: []string{"Conflicts with “Enter and pay”: Enter invoices and Pay invoices. Compliance has to agree."}}}}
	due := ui.Clock{Tone: ui.Warn, Text: "due tomorrow 12:00", Exact: "2026-11-29T11:00:00Z"}
	rows := []AskedRow{
		{What: ui.Link{Text: "Customer records, Edit", URL: "/requests/a"}, Number: "R-118", State: ui.Tag{Tone: ui.Info, Icon: "hourglass", Text: "Waits for a decision"}, Risk: "medium", Holder: "Jo Lind", Due: due, Asked: at("yesterday 09:12", "2026-11-27T08:12:00Z")},
		{What: ui.Link{Text: "Expense reports", URL: "/requests/b"}, Number: "R-96", For: "Ben Okafor", State: ui.Tag{Tone: ui.Good, Icon: "circle-check", Text: "Granted"}, Risk: "medium", Asked: at("3 Nov, 10:00", "2026-11-03T09:00:00Z"), Until: at("3 Mar 2027", "2027-03-03T09:00:00Z")},
		{What: ui.Link{Text: "Payments", URL: "/requests/c"}, Number: "R-90", State: ui.Tag{Tone: ui.Bad, Icon: "circle-x", Text: "Denied"}, Risk: "high", Asked: at("1 Nov, 10:00", "2026-11-01T09:00:00Z")},
	}
	return append([]Sample{
		{"offers-full", Offers(s, offers)}, {"offers-one", Offers(s, one)}, {"offers-empty", Offers(s, nothing)}, {"offers-none", Offers(s, none)},
		{"wish-form", Wish(s, wish)}, {"wish-error", Wish(s, wrong)}, {"wish-check", WishCheck(s, check)},
		{"asked-full", Asked(s, AskedView{AskURL: "/catalogue", Rows: rows})}, {"asked-one", Asked(s, AskedView{AskURL: "/catalogue", Rows: rows[:1]})}, {"asked-empty", Asked(s, AskedView{AskURL: "/catalogue"})},
		{"trial-full", Trial(sampleShell("Who would approve this?", "Policy"), sampleTrial(true))}, {"trial-error", Trial(sampleShell("Who would approve this?", "Policy"), sampleTrial(false))},
	}, galleryDecide(s, in, due)...)
}

// sampleTrial asks who would approve the records for Ana; without an answer somebody is named whom nobody knows.
func sampleTrial(answered bool) TrialView {
	v := TrialView{Up: []ui.Link{{Text: "Policy", URL: "/policy?tab=asking"}}, Action: "/policy/approvals/trial", What: Suggestion{ID: "trial-what", Options: []ui.Option{{Value: "customers", Text: "Customer records"}}},
		Fields: []ui.Field{{Name: "for", Label: "For whom", Kind: "text", Value: "Ana Ruiz", Hint: "Number, e-mail address or full name", Required: true, Auto: "off"},
			{Name: "what", Label: "What is asked for", Kind: "text", Value: "customers", Hint: "An offer, a role, or an entitlement such as crm/staff", Required: true, Auto: "off", List: "trial-what"},
			{Name: "level", Label: "Level", Kind: "select", Options: []ui.Option{{Value: "read", Text: "Read"}, {Value: "edit", Text: "Edit", Selected: true}}},
			{Name: "days", Label: "For how many days", Kind: "number", Min: "1", Max: "366", Short: true, Hint: "As the offer proposes when it is empty."},
			{Name: "change", Label: "Under which policy", Kind: "select", Options: []ui.Option{{Text: "The policy as it is"}, {Value: "12", Text: "As change 12 would make it: Two people for money"}}}}}
	if !answered {
		v.Fields[0].Value, v.Fields[0].Error = "Ana", "Nobody who works here now, or more than one person, has this number, e-mail address or name."
		v.Errors = ui.Errors{{Field: "for", Text: v.Fields[0].Error}}
		return v
	}
	jo, mara, ola := ui.Link{Text: "Jo Lind", URL: "/people/jo"}, ui.Link{Text: "Mara Voss", URL: "/people/mara"}, ui.Link{Text: "Ola Berg", URL: "/people/ola"}
	v.Answer = &TrialAnswer{Title: "Who would approve “Customer records, Edit” for Ana Ruiz", Decides: "The rule “Two people for money” decides: it is the first that holds.", Risk: "medium",
		Bad: []string{"Offer was asked for already (R-118) and is not decided yet."}, Facts: []ui.Line{{Name: "Asked by", Text: "Ana Ruiz"}, {Name: "Until", Text: "26 February 2027"}},
		Expect: "Decided by 4 December, 17:00 at the latest, or it expires.", Conflicts: []string{"Conflicts with “Enter and pay”: Enter invoices and Pay invoices. Compliance has to agree."},
		Steps: []TrialStep{{Name: "Manager", Asked: []ui.Link{jo}, Time: "16 hours of working time", Next: []ui.Link{mara, ola}},
			{Name: "Owner of CRM", With: true, Asked: []ui.Link{mara, ola}, Time: "8 hours of working time", Instead: "Nobody can be asked as the step says, so compliance is asked instead."},
			{Name: "Group", Asked: []ui.Link{mara, ola}, Quorum: "2 of them must approve", Time: "16 hours of working time"}},
		Rules: []TrialRule{{Name: ui.Link{Text: "Reading is free", URL: "/policy/objects/7/versions"}, When: `request["level"] == "read" && request["days"] <= "030"`, Failing: []string{"Level is “edit”, the rule wants “read”."}},
			{Name: ui.Link{Text: "Two people for money", URL: "/policy/objects/8/versions"}, When: `request["risk"] in ["medium", "high"]`, Holds: true}}}
	return v
}

func galleryDecide(s, in ui.Shell, due ui.Clock) []Sample {
	decide := DecideForm{Action: "/steps/7/decide", ReassignURL: "/steps/7/reassign", Version: "2", Scope: "7", Due: due,
		Reason:  ui.Field{Name: "reason", Label: "Reason", Kind: "textarea", Hint: "Needed to deny. Who asked reads it.", Scope: "7", Rows: 2},
		Level:   &ui.Field{Name: "level", Label: "Level", Kind: "select", Value: "edit", Options: []ui.Option{{Value: "read", Text: "Read"}, {Value: "edit", Text: "Edit", Selected: true}}, Hint: "A lower one narrows it.", Scope: "7", Required: true},
		Until:   &ui.Field{Name: "until", Label: "Until another day", Kind: "date", Short: true, Hint: "Asked for until 26 February 2027. An earlier day narrows it.", Scope: "7"},
		Control: &ui.Field{Name: "control", Label: "What makes the conflict harmless", Kind: "textarea", Hint: "A check that somebody else does, for example. Needed to approve.", Scope: "7", Rows: 2}}
	item := AskItem{Title: "Customer records, Edit", Risk: "medium", State: ui.Tag{Tone: ui.Info, Icon: "hourglass", Text: "Waits for a decision"}, Until: at("26 Feb 2027", "2027-02-26T09:00:00Z"),
		Stages:    []ui.Stage{{Name: "Sent", State: "done"}, {Name: "Manager", State: "done", Holder: "Jo Lind", When: "yesterday 14:02"}, {Name: "Compliance", State: "now", Holder: "Mara Voss", When: "due tomorrow 12:00"}, {Name: "Set up", State: "ahead"}},
		Conflicts: []string{"Conflicts with “Enter and pay”: Enter invoices and Pay invoices"}}
	mine, over := item, item
	mine.CancelURL, mine.Conflicts = "/requests/a/items/4/cancel", nil
	over.State, over.Conflicts, over.EndURL, over.EndText, over.ExtendURL = ui.Tag{Tone: ui.Good, Icon: "circle-check", Text: "Granted"}, nil, "/requests/a/items/4/end", "I no longer need this", "/requests/new?offer=4&act=extend&of=4"
	over.Stages = []ui.Stage{{Name: "Sent", State: "done"}, {Name: "Manager", State: "done", Holder: "Jo Lind", When: "yesterday 14:02"}, {Name: "Set up", State: "done", When: "yesterday 14:03"}}
	item.Decide = []DecideForm{decide}
	view := RequestView{Title: "Request R-118", Why: "I take over the accounts in Lyon.", By: "Ana Ruiz", For: ui.Link{Text: "Ana Ruiz"}, Asked: at("yesterday 09:12", "2026-11-27T08:12:00Z"), Items: []AskItem{item}, SayURL: "/requests/a/say", SayLabel: "Ask a question",
		Notes: []AskNote{{Who: "Jo Lind", Text: "Which accounts?", At: at("yesterday 10:00", "2026-11-27T09:00:00Z")}, {Who: "Ana Ruiz", Text: "Those of the branch in Lyon.", At: at("yesterday 10:20", "2026-11-27T09:20:00Z")}, {Who: "Ana Ruiz", Text: "sent a reminder", At: at("today 09:00", "2026-11-28T08:00:00Z"), Quiet: true}}}
	wrong, own, granted := view, view, view
	bad := decide
	bad.Errors, bad.Reason.Error = ui.Errors{{Field: "reason", Text: "Reason is required: who asked reads it."}}, "Reason is required: who asked reads it."
	review, reviewed := view, item
	review.Notes, review.Title, review.Why = nil, "Request R-120", "The key is lost and the cash has to go out."
	look := DecideForm{Action: decide.Action, ReassignURL: decide.ReassignURL, Version: "2", Scope: "7", Due: due, Reason: decide.Reason, Review: true,
		Known: []ui.Line{{Name: "Vault in Directory", Text: "There from yesterday 14:03; gone at yesterday 16:03, read back. Last sign-in there: yesterday 14:10."}}}
	reviewed.Title, reviewed.Risk, reviewed.State, reviewed.Conflicts, reviewed.Decide = "The safe", "critical", ui.Tag{Tone: ui.Neutral, Icon: "history", Text: "Ended"}, nil, []DecideForm{look}
	reviewed.Stages = []ui.Stage{{Name: "Sent", State: "done"}, {Name: "Review afterwards", State: "now", Holder: "Mara Voss", When: "due tomorrow 12:00"}, {Name: "Set up", State: "done", When: "yesterday 14:03"}}
	review.Items = []AskItem{reviewed}
	item.Decide = []DecideForm{bad}
	wrong.Items = []AskItem{item}
	own.Items, own.RemindURL, own.SayLabel = []AskItem{mine}, "/requests/a/remind", "Answer, or add something"
	granted.Items, granted.Notes = []AskItem{over}, nil
	row := ApprovalRow{Step: "7", Version: "2", What: ui.Link{Text: "Customer records, Read", URL: "/requests/a"}, For: "Ana Ruiz", By: "Ana Ruiz", Why: "I take over the accounts in Lyon.", Until: "26 February 2027", Risk: "low", Due: due}
	other, risky := row, row
	other.Step, other.For, other.By = "8", "Ben Okafor", "Jo Lind"
	risky.Step, risky.Risk, risky.Conflicts, risky.What.Text = "9", "high", []string{"Enter and pay"}, "Payments"
	full := ApprovalsView{Action: "/approvals", Groups: []ApprovalGroup{{Class: "conflict", Title: "Conflicts and reviews: one by one", Rows: []ApprovalRow{risky}}, {Class: "low", Risk: "low", Bulk: true, Rows: []ApprovalRow{row, other}}}}
	done := ui.Result{Verb: "Approved", Back: ui.Link{Text: "What else is asked of you", URL: "/approvals"}, Done: []ui.ResultLine{{Link: row.What}},
		Refused: []ui.ResultLine{{Link: risky.What, Text: "this is of another risk: look at it by itself"}}, Changed: []ui.ResultLine{{Link: ui.Link{Text: "Expense reports"}, Text: "Mara Voss approved this at 2026-11-28 09:00 UTC"}}}
	return []Sample{
		{"request-decide", Request(in, view)}, {"request-error", Request(in, wrong)}, {"request-review", Request(in, review)}, {"request-own", Request(s, own)}, {"request-granted", Request(s, granted)},
		{"approvals-full", Approvals(in, full)}, {"approvals-one", Approvals(in, ApprovalsView{Action: "/approvals", Groups: full.Groups[1:]})}, {"approvals-empty", Approvals(in, ApprovalsView{Action: "/approvals"})},
		{"approvals-done", ApprovalsDone(in, done)},
	}
}
