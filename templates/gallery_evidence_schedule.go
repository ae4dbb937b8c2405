package templates

import "tenure/templates/ui"

func galleryEvidenceSchedules() []Sample {
	s := sampleShell("Evidence", "/evidence/schedules")
	up := []ui.Link{{Text: "Evidence", URL: "/evidence"}}
	rows := []EvidenceScheduleRow{
		{What: ui.Link{Text: "SOC 2 CC6.2, Leavers", URL: "/evidence/schedules/1"}, Often: "On day 1 of every month at 08:00, Europe/Berlin", To: "2 people", Owner: "Nia Okafor", State: "active", Last: at("1 Nov 2026, 08:00", "2026-11-01T07:00:00Z"), Next: at("1 Dec 2026, 08:00", "2026-12-01T07:00:00Z"), Sent: 4},
		{What: ui.Link{Text: "SOX ITGC Access removal", URL: "/evidence/schedules/2"}, Often: "Every Monday at 07:00, Europe/Berlin", To: "1 person", Owner: "Maëlle Tréhin", State: "paused", Sent: 0},
		{What: ui.Link{Text: "NIST SP 800-53 r5 AC-6, Use of privileged access", URL: "/evidence/schedules/3"}, Often: "On day 5 of every quarter at 09:00, Europe/Berlin", To: "1 person", Owner: "Tomás Rey-Castellanos de la Fuente", State: "stopped", Why: "its owner may not arrange it any more", Last: at("5 Jul 2026, 09:00", "2026-07-05T07:00:00Z"), Sent: 1},
	}
	one := EvidenceScheduleView{Up: []ui.Link{{Text: "Figures by mail", URL: "/evidence/schedules"}}, Row: rows[0], Period: "2026-10-01 to 2026-10-31", Made: at("2 Jul 2026, 09:00", "2026-07-02T09:00:00Z"), Action: "/evidence/schedules/1", EditURL: "/evidence/schedules/1/edit",
		Recipients: []EvidenceRecipient{{Who: ui.Link{Text: "Maëlle Tréhin", URL: "/people/m"}, May: true, Mail: true}, {Who: ui.Link{Text: "Nia Okafor", URL: "/people/n"}, May: true}, {Who: ui.Link{Text: "Sam Ito", URL: "/people/s"}, Mail: true}}}
	single, stopped := one, one
	single.Row, single.Recipients, single.Action, single.EditURL, single.NoMail = rows[1], one.Recipients[:1], "", "", true
	stopped.Row = rows[2]
	return []Sample{
		{"evidence-schedules", EvidenceSchedules(s, EvidenceSchedulesView{Up: up, NewURL: "/evidence/schedules/new", Rows: rows})},
		{"evidence-schedules-one", EvidenceSchedules(s, EvidenceSchedulesView{Up: up, Rows: rows[:1]})},
		{"evidence-schedules-empty", EvidenceSchedules(s, EvidenceSchedulesView{Up: up, NewURL: "/evidence/schedules/new", NoMail: true})},
		{"evidence-schedule", EvidenceSchedule(s, one)}, {"evidence-schedule-one", EvidenceSchedule(s, single)}, {"evidence-schedule-stopped", EvidenceSchedule(s, stopped)},
	}
}
