package templates

import "tenure/templates/ui"

func samplePrivacy() PrivacyView {
	erased := ui.Tag{Tone: ui.Warn, Icon: "user-x", Text: "erased"}
	return PrivacyView{HoldURL: "/evidence/privacy/hold",
		Waiting: []PrivacyErasure{{Person: ui.Link{Text: "Femke de Wit", URL: "/people/f/erasure"}, Asked: at("today 10:12", "2026-11-22T09:12:00Z"), AskedBy: "Nia Okafor", Reason: "Asked for on 12 November, case 4711"},
			{Person: ui.Link{Text: "Tomás Rey-Castellanos de la Fuente", URL: "/people/t/erasure"}, Asked: at("yesterday", "2026-11-21T09:12:00Z"), AskedBy: "Tenure", Reason: "The time for which people are kept after they left is over.", Note: "By itself from 5 December 2026 on, unless somebody takes it back"}},
		Decided: []PrivacyErasure{{Person: ui.Link{Text: "erased person #311", URL: "/people/e"}, State: erased, Asked: at("20 November", "2026-11-20T09:12:00Z"), AskedBy: "Nia Okafor", Decided: at("21 November", "2026-11-21T09:12:00Z"), By: "Jo Lind", Reason: "Asked for on 2 November, case 4692", Rows: "114 rows"},
			{Person: ui.Link{Text: "Björn Åkesson", URL: "/people/b"}, State: ui.Tag{Tone: ui.Neutral, Icon: "arrow-back-up", Text: "taken back"}, Asked: at("18 November", "2026-11-18T09:12:00Z"), AskedBy: "Tenure", Decided: at("19 November", "2026-11-19T09:12:00Z"), By: "Jo Lind", Reason: "The time for which people are kept after they left is over."}},
		Kinds: []PrivacyKind{{Name: "person", Title: "People who left", About: "everything about a person, from when they left", Why: "As the program has it: seven years: audits and claims look back that far", Days: "2557", Least: "0", Kept: "2,557 days", Due: 12, Action: "/evidence/privacy", Act: "propose",
			Acts: []ui.Option{{Value: "propose", Text: "propose them for erasure"}, {Value: "erase", Text: "announce it, and erase them two weeks later"}}},
			{Name: "message", Title: "Messages", About: "letters, Slack messages, notes of the inbox and calls of webhooks, from when they were written", Why: "Set by compliance; the log says by whom", Days: "90", Least: "7", Kept: "90 days", Due: 1408, Last: "today 10:00: 212 rows, through 24 August 2026", Action: "/evidence/privacy"}},
		Holds: []PrivacyHold{{Whom: ui.Link{Text: "Everybody"}, State: ui.Tag{Tone: ui.Warn, Icon: "lock", Text: "stands"}, Reason: "Tax audit of 2026", Until: "31 March 2027", Made: at("1 November", "2026-11-01T09:12:00Z"), By: "Nia Okafor", Lift: ui.Action{URL: "/evidence/privacy/holds/2", Text: "Lift", Icon: "lock-open"}},
			{Whom: ui.Link{Text: "Femke de Wit", URL: "/people/f"}, State: ui.Tag{Tone: ui.Neutral, Icon: "lock-open", Text: "over"}, Reason: "A claim before the labour court", Until: "until it is lifted", Made: at("1 May", "2026-05-01T09:12:00Z"), By: "Nia Okafor", Ended: "Lifted 3 October by Jo Lind: it is settled"}}}
}

func sampleErasure() ErasureView {
	return ErasureView{Name: "Femke de Wit", PersonURL: "/people/f", HoldURL: "/evidence/privacy/hold?person=f", WithdrawURL: "/people/f/erasure?act=withdrawn", Asked: ui.Notice{Tone: ui.Info, Title: "Asked for by Nia Okafor, today 10:12", Text: "Asked for on 12 November, case 4711"},
		Check: ui.Check{Action: "/people/f/erasure", Reason: "Reason", Typed: "erase", Type: "Type the word erase", Button: ui.Buttons{Text: "Erase for good", Icon: "user-x", Danger: true, Cancel: ui.Link{Text: "Go back, change nothing", URL: "/people/f"}},
			Will: []string{"The key of the person is destroyed: what is sealed about them in the log cannot be read any more, by anybody", "Name, address, number, login names, what HR and targets said, messages and conversations are replaced by “erased person #311”"},
			Not:  []string{"No event of the log changes: it verifies as before, and so does every pack", "Backups and files outside of the database are not reached"}}}
}

func galleryPrivacy() []Sample {
	s := sampleShell("Privacy", "Evidence")
	one, wrong, reader, empty := samplePrivacy(), samplePrivacy(), samplePrivacy(), samplePrivacy()
	one.Waiting, one.Decided, one.Holds = one.Waiting[:1], one.Decided[:1], one.Holds[:1]
	wrong.Kinds[1].Days, wrong.Kinds[1].Errors = "1", ui.Errors{{Field: "days", Text: "Days must be a number of days that is allowed for this kind, 36500 at most."}}
	reader.HoldURL = ""
	for i := range reader.Kinds {
		reader.Kinds[i].Action = ""
	}
	empty.Waiting, empty.Decided, empty.Holds = nil, nil, nil
	for i := range empty.Kinds {
		empty.Kinds[i].Due, empty.Kinds[i].Last = 0, ""
	}
	p := sampleShell("Erase Femke de Wit", "People")
	ask, bad, against, over := sampleErasure(), sampleErasure(), sampleErasure(), sampleErasure()
	ask.Asked, ask.WithdrawURL, ask.Check.Typed, ask.Check.Button.Text, ask.Check.Button.Danger = ui.Notice{}, "", "", "Ask for the erasure", false
	bad.Check.Errors = ui.Errors{{Field: "typed", Text: "Type the word erase to make sure."}}
	against.Asked, against.WithdrawURL, against.Check = ui.Notice{}, "", ui.Check{}
	against.Against = []string{"People are kept after they left, this one until 2031-03-31.", "No reading has shown yet that their accounts are gone: 2, in Ledger, Warehouse.", "A legal hold stands: A claim before the labour court."}
	over = ErasureView{Name: "erased person #311", PersonURL: "/people/e", Erased: "Erased on 21 November 2026"}
	return []Sample{{"privacy-full", Privacy(s, samplePrivacy())}, {"privacy-one", Privacy(s, one)}, {"privacy-empty", Privacy(s, empty)}, {"privacy-error", Privacy(s, wrong)}, {"privacy-reader", Privacy(s, reader)},
		{"erasure-do", Erasure(p, sampleErasure())}, {"erasure-ask", Erasure(p, ask)}, {"erasure-error", Erasure(p, bad)}, {"erasure-against", Erasure(p, against)}, {"erasure-over", Erasure(p, over)}}
}
