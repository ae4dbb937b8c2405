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
	refused.Release = &Release{Refusal: "You loaded this; somebody else must release it. You may discard it."}
	wrong := sampleRun()
	wrong.Release.Errors = ui.Errors{{Field: "reason", Text: "Say why these changes are right"}, {Field: "count", Text: "This is not the number of leavers. Look at the list again."}}
	wrong.Release.Typed = "36"
	applying := sampleRun()
	applying.State, applying.Why, applying.Release = "applied", nil, nil
	applying.Applied, applying.ReleasedBy, applying.ReleaseReason = at("today 09:31", "2026-11-22T09:31:00Z"), "Tomás Rey", "The Oslo site closes; agreed with the works council"
	applying.Unmanaged, applying.UnmanagedMore = []Unmanaged{{"H-1311", "Hugo Lindqvist", "jo.lind@halden.example"}, {"H-0877", "Femke de Wit", "Rey, Tomás (until the end of the quarter, afterwards whoever follows)"}}, "These are the first 20."
	applying.SeenAt, applying.LookURL = ui.Time{}, ""
	moved := sampleRun()
	moved.Moved = []string{"2 people of this run changed for another reason meanwhile."}
	faster := applying
	faster.Conflict = &ui.Notice{Tone: ui.Warn, Title: "Somebody was faster", Text: "Tomás Rey released this run, today 09:31. Nothing was done twice."}
	sources := []Source{
		{Name: "staff", Kind: "CSV file, whole snapshot", Rows: 246, Last: ui.Link{Text: "run #41", URL: "/hr/runs/41"}, LastAt: at("today 09:12", "2026-11-22T09:12:04Z"), State: "held", Good: ui.Link{Text: "#40", URL: "/hr/runs/40"}, GoodAt: at("yesterday 18:30", "2026-11-21T18:30:00Z"), Fresh: "A file comes about every 24 h; the next is due today 18:30.", Mapping: []MappedColumn{{"Personalnr", "number", "H-1042"}, {"Vorname", "first name", "Ana"}, {"Abteilung", "department", "Finance"}, {"Kostenstelle", "cost center", ""}}, Details: "Leavers by absence; dates as 2006-01-02; managers by number; zone Europe/Berlin",
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
		{"run-held", Run(page, held)}, {"run-moved", Run(page, moved)}, {"run-faster", Run(page, faster)}, {"run-refused", Run(page, refused)}, {"run-error", Run(page, wrong)}, {"run-applied", Run(page, applying)},
		{"run-unchanged", Run(page, RunView{ID: "#39", State: "unchanged", Source: ui.Link{Text: "contractors", URL: "/hr/sources"}, File: "contractors.xlsx", SHA256: held.SHA256, Effective: held.Effective, Loaded: held.Loaded, LoadedBy: "schedule", Compared: []Compared{{What: "Unchanged", Now: "38"}}})},
		{"sources-full", Sources(src, SourcesView{Sources: sources, ExpectURL: "/hr/expect"})}, {"sources-empty", Sources(src, SourcesView{})},
		{"expect-full", Expect(exp, announced)}, {"expect-empty", Expect(exp, form)},
	}
}

func sampleRun() RunView {
	return RunView{
		ID: "#41", State: "held", Source: ui.Link{Text: "staff", URL: "/hr/sources"}, File: "people-2026-11-22.csv",
		SHA256:    "9b1f0c64a7be2f40cbb6fb1f7fe6b7f0c3a2d0a1e7b0d0c86cd5f2a8c4b3e911",
		Effective: at("22 November 2026", "2026-11-22"), Loaded: at("today 09:12", "2026-11-22T09:12:04Z"), LoadedBy: "Maren Oduya",
		Why:    []string{"31 people would leave. The limit is 12: the greater of 10 and 5 % of 238.", "The file has 217 rows. The last good one had 246, and 10 % fewer is the limit."},
		Last:   ui.Link{Text: "run #40", URL: "/hr/runs/40"},
		SeenAt: at("today 09:12", "2026-11-22T09:12:04Z"), LookURL: "/hr/runs/41/look",
		Compared: []Compared{
			{"Rows in the file", "217", "246", "−29"}, {"Joiners", "2", "1", "+1"}, {"Movers", "3", "2", "+1"}, {"Leavers", "31", "0", "+31"},
			{"Returns", "0", "1", "−1"}, {"Updated", "5", "11", "−6"}, {"Unchanged", "207", "231", "−24"},
		},
		Steps: []RunStep{{At: at("today 09:12", "2026-11-22T09:12:04Z"), Title: "Loaded by Maren Oduya", Text: "True from 22 November 2026"},
			{At: at("today 09:12", "2026-11-22T09:12:05Z"), Title: "Held by the brake", Text: "31 people would leave. The limit is 12."}},
		Groups: []ChangeGroup{
			{Title: "Leavers", Total: 31, All: ui.Link{Text: "All 31 people", URL: "/hr/runs/41/people?class=leaver"}, Rows: []ChangeRow{
				{Name: "Björn Åkesson", URL: "/people/b", Number: "H-0311", What: "Loses 22 grants and 4 accounts", Fields: []FieldDiff{{Field: "ends", New: "2026-11-22 09:12 UTC"}}},
				{Name: "Femke de Wit", URL: "/people/f", Number: "H-0877", What: "Loses 9 grants and 2 accounts", Fields: []FieldDiff{{Field: "last day", New: "2026-11-20"}}}}},
			{Title: "Movers", Total: 1, Rows: []ChangeRow{{Name: "Gintarė Petrauskaitė", URL: "/people/g", Number: "H-1042", Fields: []FieldDiff{
				{Field: "department", Old: "Finance", New: "Controlling"}, {Field: "manager", Old: "Jo Lind", New: "Ida Szabó"}}}}},
			{Title: "Joiners", Total: 1, Rows: []ChangeRow{{Name: "Hugo Lindqvist", Number: "H-1311", Fields: []FieldDiff{{Field: "department", New: "Sales"}, {Field: "first day", New: "2026-12-01"}}}}},
		},
		Limits: []ui.Gauge{
			{Name: "Leavers", Value: 31, Limit: 12, Over: true, Text: "31 of 238 people (13.0 %); limit 12"},
			{Name: "Movers", Value: 3, Limit: 48, Text: "3 of 238 people (1.3 %); limit 48"},
			{Name: "Fewer rows", Value: 29, Limit: 24.6, Over: true, Text: "29 of 246 rows (11.8 %); limit 24"},
		},
		AffectedAll: 36,
		Rejected: []Rejection{
			{Row: 14, Key: "H-1042", Field: "start_date", Rule: "is “31.02.2024”; write a date that exists, as 2006-01-02"},
			{Row: 88, Key: "H-0311", Field: "number", Rule: "stands in row 12 as well; each number may stand once"},
			{Row: 201, Field: "number", Rule: "is empty; every row needs one"},
			{Row: 217, Key: "H-1310", Field: "manager", Rule: "leads back to this person through H-0764 and H-0877"},
		},
		RejectedAll: 4,
		Release:     &Release{Action: "/hr/runs/41/release", Count: 31, Label: "How many people would leave?", Seen: "ab12", DiscardURL: "/hr/runs/41/discard"},
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
		Hire: DemoHire{Action: "/demo/hr/hire", Start: "2026-12-01", Departments: departments}, Happening: sampleOperations()[:4],
		Watch: ui.Watching{ID: "happening", URL: "/demo/hr", EventsURL: "/demo/hr/events", Percent: 50, Words: "2 of the newest 4 changes are done and read back"}}
	empty := v
	empty.Happening, empty.Pending, empty.Rows, empty.Pager, empty.Query = nil, nil, nil, ui.Pager{}, "zzz"
	empty.Hire.Errors = ui.Errors{{Field: "last", Text: "Enter a last name"}}
	change := DemoChangeView{Person: rows[0], Back: ui.Link{Text: "Demo HR feed", URL: "/demo/hr"}, MoveURL: "/demo/hr/H-1042/move", EndURL: "/demo/hr/H-1042/end", EndDay: "2026-11-22", Departments: departments}
	return []Sample{{"demo-feed", DemoFeed(s, v)}, {"demo-empty", DemoFeed(s, empty)}, {"demo-change", DemoChange(sampleShell("Ana Ruiz", "Demo feed"), change)}}
}

func galleryTasks() []Sample {
	s := sampleShell("Read people-2026-11-22.csv", "")
	running := TaskView{Title: "Read people-2026-11-22.csv", State: "running", Detail: "Working out the access of 5\u202f000 people", Step: "Step 5 of 6", Percent: 66, Begun: at("today 09:12", "2026-11-22T09:12:04Z"),
		CancelURL: "/tasks/x/cancel", Watch: ui.Watching{ID: "task", URL: "/tasks/x", EventsURL: "/tasks/x/events", Percent: 66, Words: "Working out the access"}}
	queued, stopping := running, running
	queued.State, queued.Percent, queued.Detail, queued.Step = "queued", 0, "", ""
	stopping.Stopping, stopping.CancelURL = true, ""
	over := TaskView{Title: running.Title, Begun: running.Begun, Ended: at("today 09:13", "2026-11-22T09:13:01Z"), Took: "57s", Watch: ui.Watching{ID: "task", Over: true, Percent: 100, Words: "Done"}}
	failed, cancelled, done, dry := over, over, over, over
	failed.State, failed.Error = "failed", "The process that worked on it ended several times. Nothing of this was done; you may begin it again."
	cancelled.State = "cancelled"
	done.State, done.Text, done.Next = "done", "The file is applied.", ui.Link{Text: "Open the result", URL: "/hr/runs/42"}
	done.Counts = []ui.Figure{{Label: "Joiners", Value: "2"}, {Label: "Movers", Value: "3"}, {Label: "Leavers", Value: "1"}}
	dry.State, dry.Dry, dry.Text, dry.Why, dry.Counts = "done", true, "If you load this file now, it is held and nothing is applied until another person releases it.", "31 people would leave. The limit is 12.", done.Counts
	dry.Rejected = sampleRun().Rejected
	rows := []TaskRow{{Title: running.Title, URL: "/tasks/x", State: "running", Percent: 66, Begun: running.Begun}, {Title: "Release HR run #41", URL: "/tasks/y", State: "failed", Begun: running.Begun, Took: "2.1 s", Text: failed.Error}}
	list := sampleShell("My tasks", "")
	watch := EndingView{Name: "Björn Åkesson", PersonURL: "/people/b", Since: at("today 14:02", "2026-11-22T14:02:00Z"), Enabled: 1, Grants: 6, GrantsDone: 2, Watch: ui.Watching{ID: "ending", URL: "/people/b/terminate/watch", EventsURL: "/people/b/terminate/events", Percent: 50, Words: "1 enabled account"},
		Accounts: []EndingAccount{
			{Name: "b.akesson", Application: ui.Link{Text: "Company directory", URL: "/applications/directory"}, State: "disabled", URL: "/operations/7", Asked: at("14:02:00", "2026-11-22T14:02:00Z"), Answered: at("14:02:01", "2026-11-22T14:02:01Z"), Read: at("14:02:01", "2026-11-22T14:02:01Z"), Reading: "reading #881"},
			{Name: "bakesson", Application: ui.Link{Text: "Warehouse", URL: "/applications/warehouse"}, State: "enabled", Asked: at("14:02:00", "2026-11-22T14:02:00Z"), Error: "The application does not answer; tried again in 4 s"}}}
	ended := watch
	ended.Over, ended.Enabled, ended.Took, ended.Accounts, ended.Watch = true, 0, "1.4 s", watch.Accounts[:1], ui.Watching{ID: "ending", Over: true, Percent: 100}
	end := sampleShell("Björn Åkesson is terminated", "People")
	return []Sample{{"task-queued", TaskPage(live(s), queued)}, {"task-running", TaskPage(live(s), running)}, {"task-stopping", TaskPage(s, stopping)}, {"task-failed", TaskPage(s, failed)}, {"task-cancelled", TaskPage(s, cancelled)},
		{"task-done", TaskPage(s, done)}, {"task-checked", TaskPage(s, dry)}, {"tasks-empty", Tasks(list, TasksView{})}, {"tasks-full", Tasks(list, TasksView{Rows: rows})},
		{"ending-live", Ending(live(end), watch)}, {"ending-over", Ending(end, ended)}}
}

// live is the shell of a page that follows something.
func live(s ui.Shell) ui.Shell {
	s.Refresh = true
	return s
}
