package templates

import "tenure/templates/ui"

func sampleEvidenceLog() EvidenceLogView {
	return EvidenceLogView{Up: []ui.Link{{Text: "Evidence", URL: "/evidence"}},
		State: ui.Notice{Tone: ui.Good, Title: "The log has 1 408 events. All of them are sealed, and 1 406 are anchored outside, up to today 10:11."},
		Facts: []ui.Line{{Name: "Log", Text: "tenure/0f5b7c1e-4f0a-4c53-9c0e-2f8f6c1d2a77"}, {Name: "Sealed", Text: "1 408 events, the last recorded today 10:12, signed today 10:12"}, {Name: "Root", Text: "hUUkstvdIzN31gzfsrxT4zP0qw5pxri0nEPxBCSWRL0="}, {Name: "Not sealed yet", Text: "0 events"}},
		Sinks: []EvidenceSink{{Name: "File", About: "Signed heads are added to a file", Holds: "1 406 events", Through: at("today 10:11", "2026-11-22T09:11:00Z"), At: at("today 10:11", "2026-11-22T09:11:20Z"), State: ui.Tag{Tone: ui.Good, Icon: "circle-check", Text: "Up to date"}},
			{Name: "Letter", About: "A signed head a day goes to an auditor by mail", Holds: "1 201 events", Through: at("yesterday", "2026-11-21T16:00:00Z"), At: at("yesterday", "2026-11-21T16:00:12Z"), State: ui.Tag{Tone: ui.Good, Icon: "circle-check", Text: "Up to date"}},
			{Name: "witness.example.com", About: "A witness signs heads that continue the last one", Holds: "1 406 events", Through: at("today 10:11", "2026-11-22T09:11:00Z"), At: at("today 10:11", "2026-11-22T09:11:21Z"), State: ui.Tag{Tone: ui.Good, Icon: "circle-check", Text: "Up to date"}}},
		Check:  ui.Notice{Tone: ui.Good, Title: "Nothing was wrong", Text: "Verified today 06:00, up to event 1 207."},
		Verify: ui.Action{URL: "/evidence/log/verify", Text: "Verify the database now", Icon: "shield-check"},
		Keys: []EvidenceKey{{Public: "tenure/0f5b7c1e-4f0a-4c53-9c0e-2f8f6c1d2a77+3c1f0a9b+AZ0nVtYb2nBvKk1m0m8o7C8n1oI6t9lq0nq3l2m5k8jX", Fingerprint: "5b1f2c9d0e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c", Since: at("12 Jan 2026", "2026-01-12T08:00:00Z")},
			{Public: "tenure/0f5b7c1e-4f0a-4c53-9c0e-2f8f6c1d2a77+9e4d2b71+AV7m3l8Jq4o5c6Z1x2v3b4n5m6a7s8d9f0g1h2j3k4l5", Fingerprint: "a0b1c2d3e4f5061728394a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5c6d7e8f9", Since: at("1 Sep 2026", "2026-09-01T08:00:00Z")}},
		Files:    []ui.Action{{URL: "/evidence/log/verify.py", Text: "Download verify.py", Icon: "download"}, {URL: "/evidence/log/head", Text: "Download the signed head", Icon: "download"}},
		Commands: []string{"tenure verify pack.zip --key 'tenure/0f5b7c1e+3c1f0a9b+AZ0nVtYb2nBvKk1m0m8o7C8n1oI6t9lq0nq3l2m5k8jX' --checkpoint head.txt", "python3 verify.py pack.zip --key 'tenure/0f5b7c1e+3c1f0a9b+AZ0nVtYb2nBvKk1m0m8o7C8n1oI6t9lq0nq3l2m5k8jX'"},
		Pack:     &EvidencePackForm{Action: "/evidence/log/pack"}}
}

func galleryEvidenceLog() []Sample {
	s := sampleShell("The evidence log", "Evidence")
	empty, one, blocked, wrong, asked := sampleEvidenceLog(), sampleEvidenceLog(), sampleEvidenceLog(), sampleEvidenceLog(), sampleEvidenceLog()
	empty.State = ui.Notice{Tone: ui.Info, Title: "Nothing is sealed yet", Text: "Events are sealed within a second while Tenure is at work. 12 events wait."}
	empty.Facts, empty.Sinks, empty.Keys, empty.Files, empty.Pack = nil, nil, nil, empty.Files[:1], nil
	empty.Check, empty.Commands = ui.Notice{Tone: ui.Info, Title: "It was never verified"}, empty.Commands[:1]
	one.Sinks, one.Keys = one.Sinks[:1], one.Keys[:1]
	blocked.State = ui.Notice{Tone: ui.Warn, Title: "The log has 1 408 events. 1 406 are anchored outside, up to today 10:11, and an anchor is blocked."}
	blocked.Sinks = append([]EvidenceSink{}, blocked.Sinks...)
	blocked.Sinks[2].State, blocked.Sinks[2].Trouble = ui.Tag{Tone: ui.Bad, Icon: "circle-x", Text: "Blocked"}, "Since today 09:40: the witness does not answer"
	blocked.Sinks[1] = EvidenceSink{Name: "Letter", About: "A signed head a day goes to an auditor by mail", State: ui.Tag{Tone: ui.Neutral, Icon: "hourglass", Text: "Nothing yet"}}
	wrong.State = ui.Notice{Tone: ui.Bad, Title: "The last verification found that something was changed"}
	wrong.Check = ui.Notice{Tone: ui.Bad, Title: "Something was wrong", Text: "Verified today 06:00, up to event 1 207: 1 differences in the log, 0 in the state; the first: event 7: the event is not the one that was sealed (person.left)"}
	asked.Pack = &EvidencePackForm{Action: "/evidence/log/pack", From: "2026-12-31", To: "2026-01-01", Kind: "person.left", Person: "Nobody", Errors: ui.Errors{{Field: "to", Text: "Last day must not be before the first day."}}}
	return []Sample{{"evidence-log", EvidenceLog(s, sampleEvidenceLog())}, {"evidence-log-one", EvidenceLog(s, one)}, {"evidence-log-empty", EvidenceLog(s, empty)}, {"evidence-log-blocked", EvidenceLog(s, blocked)}, {"evidence-log-wrong", EvidenceLog(s, wrong)}, {"evidence-log-error", EvidenceLog(s, asked)}}
}
