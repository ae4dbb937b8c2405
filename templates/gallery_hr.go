package templates

import "tenure/templates/ui"

func galleryHR() []Sample {
	list := sampleShell("HR runs", "Runs")
	filters := []ui.Chip{{Text: "All", URL: "/hr/runs", Count: 41, Counted: true, Current: true}, {Text: "Held", URL: "/hr/runs?state=held", Count: 1, Counted: true}, {Text: "Applied", URL: "/hr/runs?state=applied", Count: 38, Counted: true}, {Text: "Discarded", URL: "/hr/runs?state=discarded", Count: 2, Counted: true}}
	runs := []RunRow{
		{ID: "#41", URL: "/hr/runs/41", Source: "Staff list", File: "people-2026-11-22.csv", State: "held", Effective: at("22 Nov 2026", "2026-11-22"), Loaded: at("today 09:12", "2026-11-22T09:12:04Z"), By: "Maren Oduya", Rows: 217, Joiners: 2, Movers: 3, Leavers: 31, Rejected: 4},
		{ID: "#40", URL: "/hr/runs/40", Source: "Staff list", File: "people-2026-11-21.csv", State: "applied", Effective: at("21 Nov 2026", "2026-11-21"), Loaded: at("yesterday 18:30", "2026-11-21T18:30:00Z"), By: "Maren Oduya", Rows: 246, Joiners: 1, Movers: 2},
		{ID: "#39", URL: "/hr/runs/39", Source: "Contractors", File: "contractors.xlsx", State: "unchanged", Effective: at("20 Nov 2026", "2026-11-20"), Loaded: at("20 Nov 08:00", "2026-11-20T08:00:00Z"), By: "schedule", Rows: 38},
		{ID: "#38", URL: "/hr/runs/38", Source: "Staff list", File: "people-wrong-file.csv", State: "discarded", Effective: at("20 Nov 2026", "2026-11-20"), Loaded: at("20 Nov 07:44", "2026-11-20T07:44:00Z"), By: "Maren Oduya", Rows: 3, Rejected: 3},
	}
	full := RunsView{Filters: filters, Rows: runs, UploadURL: "/hr/sources", Pager: ui.Pager{Text: "1–4 of 41", NextURL: "?after=38"}}
	page := sampleShell("HR run #41", "Runs")
	held := sampleRun()
	refused := sampleRun()
	refused.Release = &Release{Refusal: "You loaded this file, so another person must release it. Tomás Rey and Ida Szabó may."}
	wrong := sampleRun()
	wrong.Release.Errors = ui.Errors{{Field: "reason", Text: "Say why these changes are right"}, {Field: "count", Text: "36 people are affected; you typed 31"}}
	wrong.Release.Typed = "31"
	applying := sampleRun()
	applying.State, applying.Why, applying.Release, applying.Progress = "applied", nil, nil, "22 of 36 people"
	applying.Applied, applying.ReleasedBy, applying.ReleaseReason = at("today 09:31", "2026-11-22T09:31:00Z"), "Tomás Rey", "The Oslo site closes; agreed with the works council"
	applying.Live = ui.Live{ID: "run", URL: "/hr/runs/41", Pause: "/hr/runs/41?live=off", At: at("09:31:07", "2026-11-22T09:31:07Z")}
	sources := []Source{
		{Name: "staff", Kind: "CSV file, whole snapshot", Rows: 246, Last: ui.Link{Text: "run #41", URL: "/hr/runs/41"}, LastAt: at("today 09:12", "2026-11-22T09:12:04Z"), State: "held", Details: "Leavers by absence; dates as 2006-01-02; managers by number; zone Europe/Berlin",
			Upload: &Upload{Action: "/hr/sources/staff/upload", Scope: "staff", Accept: ".csv", Limit: "A CSV file of at most 64 MB"}},
		{Name: "contractors", Kind: "XLSX file, changes only", Rows: 38, Last: ui.Link{Text: "run #39", URL: "/hr/runs/39"}, LastAt: at("20 November", "2026-11-20T08:00:00Z"), State: "unchanged", Details: "Leavers by end date; dates as 02.01.2006; zone of each row",
			Upload: &Upload{Action: "/hr/sources/contractors/upload", Scope: "contractors", Accept: ".xlsx", Limit: "An XLSX file of at most 64 MB", Errors: ui.Errors{{Field: "file", Text: "Choose a file: this one is a PDF"}}}},
	}
	src := sampleShell("HR sources", "Sources")
	exp := sampleShell("Planned mass changes", "Planned changes")
	form := ExpectView{Action: "/hr/expect", Sources: []ui.Option{{Value: "staff", Text: "staff", Selected: true}, {Value: "contractors", Text: "contractors"}}, Kinds: []ui.Option{{Value: "leavers", Text: "Leavers"}, {Value: "movers", Text: "Movers"}, {Value: "rows", Text: "Rows fewer"}}}
	announced := form
	announced.Announced = []Expected{
		{Source: "staff", What: "Up to 40 leavers", Days: "2026-11-20 – 2026-11-30", Note: "The Oslo site closes", By: "Tomás Rey"},
		{Source: "staff", What: "Up to 60 movers", Days: "2026-07-01 – 2026-07-05", Note: "Sales and Customer Success become one department", By: "Tomás Rey", Used: ui.Link{Text: "run #12", URL: "/hr/runs/12"}},
		{Source: "contractors", What: "Up to 20 leavers", Days: "2026-05-01 – 2026-05-03", Note: "End of the season", By: "Ida Szabó", Over: true},
	}
	return []Sample{
		{"runs-full", Runs(list, full)}, {"runs-one", Runs(list, RunsView{Filters: filters, Rows: runs[:1]})}, {"runs-empty", Runs(list, RunsView{UploadURL: "/hr/sources"})},
		{"runs-filtered", Runs(list, RunsView{Filters: filters, Filtered: true, ClearURL: "/hr/runs"})},
		{"run-held", Run(page, held)}, {"run-refused", Run(page, refused)}, {"run-error", Run(page, wrong)}, {"run-applying", Run(live(page), applying)},
		{"run-unchanged", Run(page, RunView{ID: "#39", State: "unchanged", Source: ui.Link{Text: "contractors", URL: "/hr/sources"}, File: "contractors.xlsx", SHA256: held.SHA256, Effective: held.Effective, Loaded: held.Loaded, LoadedBy: "schedule", Counts: []ui.Figure{{Label: "Unchanged", Value: "38"}}})},
		{"sources-full", Sources(src, SourcesView{Sources: sources, ExpectURL: "/hr/expect"})}, {"sources-empty", Sources(src, SourcesView{})},
		{"expect-full", Expect(exp, announced)}, {"expect-empty", Expect(exp, form)},
	}
}

func live(s ui.Shell) ui.Shell {
	s.Refresh = true
	return s
}

func sampleRun() RunView {
	return RunView{
		ID: "#41", State: "held", Source: ui.Link{Text: "staff", URL: "/hr/sources"}, File: "people-2026-11-22.csv",
		SHA256:    "9b1f0c64a7be2f40cbb6fb1f7fe6b7f0c3a2d0a1e7b0d0c86cd5f2a8c4b3e911",
		Effective: at("22 November 2026", "2026-11-22"), Loaded: at("today 09:12", "2026-11-22T09:12:04Z"), LoadedBy: "Maren Oduya",
		Why: []string{"31 people would leave. The limit is 12: the greater of 10 and 5 % of 238.", "The file has 217 rows. The last good one had 246, and 10 % fewer is the limit."},
		Counts: []ui.Figure{
			{Label: "Joiners", Value: "2", Note: "last good: 1"}, {Label: "Movers", Value: "3", Note: "last good: 2"}, {Label: "Leavers", Value: "31", Note: "last good: 0", Tone: ui.Bad, Icon: "alert-triangle"},
			{Label: "Returns", Value: "0", Note: "last good: 1"}, {Label: "Updated", Value: "5", Note: "last good: 11"}, {Label: "Unchanged", Value: "207", Note: "last good: 231"}, {Label: "Rejected", Value: "4", URL: "#rejected", Note: "last good: 0", Tone: ui.Warn, Icon: "alert-triangle"},
		},
		Limits: []ui.Gauge{
			{Name: "Leavers", Value: 31, Limit: 12, Over: true, Text: "31 of 238 people (13.0 %); limit 12"},
			{Name: "Movers", Value: 3, Limit: 48, Text: "3 of 238 people (1.3 %); limit 48"},
			{Name: "Fewer rows", Value: 29, Limit: 24.6, Over: true, Text: "29 of 246 rows (11.8 %); limit 24"},
		},
		Affected: []Affected{
			{Name: "Björn Åkesson", URL: "/people/b", Kind: "leaver", What: "Loses 22 grants in 4 applications"},
			{Name: "Femke de Wit", URL: "/people/f", Kind: "leaver", What: "Loses 9 grants in 2 applications"},
			{Name: "Gintarė Petrauskaitė", URL: "/people/g", Kind: "mover", What: "Finance → Controlling: loses 4, gains 6, keeps 9"},
			{Name: "Hugo Lindqvist", Kind: "joiner", What: "Sales, Account Executive from 1 December 2026: gains 9"},
		},
		AffectedAll: 36, AffectedMore: ui.Link{Text: "Show all 36 people", URL: "/hr/runs/41?all=1"},
		Rejected: []Rejection{
			{Row: 14, Key: "H-1042", Field: "start_date", Rule: "is “31.02.2024”; write a date that exists, as 2006-01-02"},
			{Row: 88, Key: "H-0311", Field: "number", Rule: "stands in row 12 as well; each number may stand once"},
			{Row: 201, Field: "number", Rule: "is empty; every row needs one"},
			{Row: 217, Key: "H-1310", Field: "manager", Rule: "leads back to this person through H-0764 and H-0877"},
		},
		RejectedAll: 4,
		Release:     &Release{Action: "/hr/runs/41/release", Count: 36, DiscardURL: "/hr/runs/41/discard"},
	}
}

func galleryDemo() []Sample {
	s := sampleShell("Demo HR feed", "Demo feed")
	departments := []ui.Option{{Value: "Engineering", Text: "Engineering"}, {Value: "Finance", Text: "Finance", Selected: true}, {Value: "Sales", Text: "Sales"}}
	rows := []DemoPerson{
		{Number: "H-1042", Name: "Ana Ruiz", Department: "Finance", Title: "AP Lead", Start: "2024-03-01", ChangeURL: "/demo/hr/H-1042"},
		{Number: "H-0311", Name: "Björn Åkesson", Department: "Engineering", Title: "Senior Engineer", Start: "2019-08-15", End: "2026-12-31", Changed: "end changed, not sent yet", ChangeURL: "/demo/hr/H-0311"},
		{Number: "H-1311", Name: "Hugo Lindqvist", Department: "Sales", Title: "Account Executive", Start: "2026-12-01", Changed: "hired, not sent yet", ChangeURL: "/demo/hr/H-1311"},
	}
	v := DemoFeedView{Day: "22 November 2026", Pending: []string{"Hire Hugo Lindqvist as Account Executive in Sales, from 2026-12-01", "End Björn Åkesson on 2026-12-31"}, SendURL: "/demo/hr/send", LastRun: ui.Link{Text: "run #40, applied 2 minutes ago", URL: "/hr/runs/40"},
		Targets: []ui.Link{{Text: "Directory (SCIM)", URL: "/demo/target/scim"}, {Text: "Warehouse (PostgreSQL)", URL: "/demo/target/postgres"}}, Action: "/demo/hr", Rows: rows, Pager: ui.Pager{Text: "1–3 of 254", NextURL: "?after=x"},
		Hire: DemoHire{Action: "/demo/hr/hire", Start: "2026-12-01", Departments: departments}}
	empty := v
	empty.Pending, empty.Rows, empty.Pager, empty.Query = nil, nil, ui.Pager{}, "zzz"
	empty.Hire.Errors = ui.Errors{{Field: "last", Text: "Enter a last name"}}
	change := DemoChangeView{Person: rows[0], Back: ui.Link{Text: "Demo HR feed", URL: "/demo/hr"}, MoveURL: "/demo/hr/H-1042/move", EndURL: "/demo/hr/H-1042/end", EndDay: "2026-11-22", Departments: departments}
	return []Sample{{"demo-feed", DemoFeed(s, v)}, {"demo-empty", DemoFeed(s, empty)}, {"demo-change", DemoChange(sampleShell("Ana Ruiz", "Demo feed"), change)}}
}
