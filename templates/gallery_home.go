package templates

import (
	"context"
	"tenure/templates/ui"
)

func sampleInbox() []InboxItem {
	return []InboxItem{
		{State: ui.Tag{Tone: ui.Bad, Icon: "circle-x", Text: "Failed"}, Title: "Somebody who left keeps access in Warehouse", Why: "2 operations that take it away have failed.",
			Due: at("today 08:55", "2026-11-22T08:55:00Z"), Clock: "Late by 22 minutes", Late: true, Since: at("today 08:40", "2026-11-22T08:40:00Z"),
			Holder: "You or any of 2 in IT or administration", Act: ui.Link{Text: "Repair", URL: "/operations?state=failed"}},
		{State: ui.Tag{Tone: ui.Bad, Icon: "player-pause", Text: "Paused"}, Title: "Ledger is paused, and somebody who left keeps access there", Why: "Jo Lind paused it; 4 changes wait. Nothing is sent or read until somebody resumes it.",
			Due: at("today 09:05", "2026-11-22T09:05:00Z"), Clock: "Late by 12 minutes", Late: true, Since: at("today 08:45", "2026-11-22T08:45:00Z"),
			Holder: "You or any of 2 in IT or administration", Act: ui.Link{Text: "Look and resume", URL: "/applications/ledger/connector"}},
		{State: ui.Tag{Tone: ui.Warn, Icon: "lock", Text: "Held"}, Title: "HR file #41 is held: 31 people would leave or move",
			Why: "Maren Oduya loaded it into people. Above the limit nothing happens until a second person decides.", Due: at("today 13:12", "2026-11-22T13:12:04Z"),
			Clock: "In 3 hours", Since: at("today 09:12", "2026-11-22T09:12:04Z"), Holder: "You or any of 3 in HR, IT, compliance or administration",
			Act: ui.Link{Text: "Look and decide", URL: "/hr/runs/41"}},
		{State: ui.Tag{Tone: ui.Warn, Icon: "ghost", Text: "Nobody's"}, Title: "4 accounts belong to nobody in Directory", Why: "You own this application. Find the person of each account, or have it disabled.",
			Due: at("26 Nov, 17:00", "2026-11-26T17:00:00Z"), Clock: "In 4 days", Since: at("19 Nov, 10:02", "2026-11-19T10:02:00Z"), Holder: "You, as owner of the application",
			Act: ui.Link{Text: "Find their people", URL: "/applications/directory?tab=accounts"}},
		{State: ui.Tag{Tone: ui.Neutral, Icon: "door-exit", Text: "Leaves"}, Title: "Konstantinos Papadimitriou-Athanasopoulos leaves", Why: "All access ends by itself then. Agree before who takes over what.",
			Due: at("15 Dec 2026", "2026-12-15T23:00:00Z"), Clock: "In 23 days", Holder: "You, as manager", Act: ui.Link{Text: "See what they hold", URL: "/people/kp"}},
		{State: ui.Tag{Tone: ui.Info, Icon: "info-circle", Text: "Unclear"}, Title: "7 entitlements have no description in Ledger", Why: "Whoever decides about access has to understand what it lets somebody do.",
			Holder: "You, as owner of the application", Act: ui.Link{Text: "Describe them", URL: "/applications/ledger?tab=entitlements"}},
	}
}

func galleryInbox() []Sample {
	all := sampleInbox()
	empty := sampleShell("Inbox", "Inbox")
	empty.NeedsMe = 0
	chips := func(current int) []ui.Chip {
		c := []ui.Chip{{Text: "Everything", URL: "/inbox", Count: 6, Counted: true}, {Text: "Operations", URL: "/inbox?kind=operations", Count: 2, Counted: true},
			{Text: "HR files", URL: "/inbox?kind=hr", Count: 1, Counted: true}, {Text: "My team", URL: "/inbox?kind=team", Count: 1, Counted: true}, {Text: "First passwords", URL: "/inbox?kind=passwords", Counted: true}}
		c[current].Current = true
		return c
	}
	return []Sample{
		{"inbox-empty", Inbox(empty, InboxView{Blank: ui.Blank{Icon: "circle-check", Title: "Nothing waits for you", Text: "What needs you will stand here, with the time by which it should be done and who else could do it."}})},
		{"inbox-one", Inbox(sampleShell("Inbox", "Inbox"), InboxView{Lead: "1 thing waits for you, in time.", Groups: []InboxGroup{{"today", "Today", all[2:3]}}})},
		{"inbox-full", Inbox(sampleShell("Inbox", "Inbox"), InboxView{Lead: "6 things wait for you, 2 overdue.", Kinds: chips(0), Groups: []InboxGroup{
			{"overdue", "Overdue", all[:2]}, {"today", "Today", all[2:3]}, {"week", "This week", all[3:4]}, {"later", "Later", all[4:5]}, {"no-date", "No date", all[5:]}}})},
		{"inbox-none-of-kind", Inbox(sampleShell("Inbox", "Inbox"), InboxView{Lead: "6 things wait for you, 2 overdue.", Kinds: chips(4),
			Blank: ui.Blank{Icon: "search", Title: "Nothing of this kind waits for you", Link: ui.Link{Text: "Show everything", URL: "/inbox"}}})},
	}
}

func galleryHome(ctx context.Context) []Sample {
	fresh := sampleShell("Home", "Home")
	fresh.NeedsMe, fresh.DemoBanner = 0, ""
	replay := sampleShell("Home", "Home")
	replay.BusinessTime = "1 March 2014, 00:00 UTC"
	steps := []Step{
		{Done: true, Text: "Connect HR: declare its source in a file and apply it with tenure apply"},
		{Next: true, Text: "Load the first HR file", Link: ui.Link{Text: "Load a file", URL: "/hr/sources"}},
		{Text: "Observe the first application: Tenure reads it and writes nothing", Link: ui.Link{Text: "Applications", URL: "/applications"}},
	}
	mine := HomeSection{ID: "mine", Title: "Your access", Quiet: "Nothing of yours ends soon, and nothing is on its way.", Link: ui.Link{Text: "What do you hold, and why?", URL: "/me"}}
	find := Find{Action: "/catalogue", Label: "What do you need to do?"}
	mine.Find = find
	return []Sample{
		{"home-replay", Home(replay, HomeView{Greeting: "Hello, Jo", Sections: []HomeSection{mine}})},
		{"home-start", Home(fresh, HomeView{Greeting: "Good morning, Jo", Start: Checklist{Note: "1 of 3 done", Steps: steps, First: true}})},
		{"home-employee", Home(fresh, HomeView{Greeting: "Good evening, Ana", Sections: []HomeSection{mine}})},
		{"home-busy-employee", Home(fresh, HomeView{Greeting: "Good evening, Ana", Sections: []HomeSection{{ID: "mine", Title: "Your access", Link: mine.Link, Find: find, Lines: []HomeLine{
			{State: ui.Tag{Tone: ui.Info, Icon: "hourglass", Text: "Waits for a decision"}, Title: ui.Link{Text: "Customer records, Edit", URL: "/requests/a"}, Text: "Jo Lind has it", Due: ui.Clock{Tone: ui.Warn, Text: "due tomorrow 12:00", Exact: "2026-11-29T11:00:00Z"}},
			{State: ui.Tag{Tone: ui.Info, Icon: "hourglass", Text: "On its way"}, Title: ui.Link{Text: "Directory", URL: "/me"}, Text: "2 changes are being made", At: at("today 09:14", "2026-11-22T09:14:00Z")},
			{State: ui.Tag{Tone: ui.Neutral, Icon: "clock", Text: "Ends"}, Title: ui.Link{Text: "Book travel", URL: "/me"}, Text: "in Ledger, kept for the hand-over after your move", At: at("29 Nov 2026", "2026-11-29T00:00:00Z")},
			{State: ui.Tag{Tone: ui.Neutral, Icon: "clock", Text: "Ends"}, Title: ui.Link{Text: "Expense reports", URL: "/me"}, Text: "in Ledger", At: at("3 Dec 2026", "2026-12-03T00:00:00Z"), Act: ui.Link{Text: "Ask for longer", URL: "/requests/new?offer=5&act=extend&of=3"}},
		}}}})},
		{"home-full", Home(sampleShell("Home", "Home"), HomeView{
			Greeting: "Good morning, Jo", Lead: "7 things wait for you, 2 overdue.", Inbox: sampleInbox()[:5], All: ui.Link{Text: "All 7 in your inbox", URL: "/inbox"},
			Start: Checklist{Note: "5 of 6 done", Steps: []Step{{Next: true, Text: "Give every application an owner (3 of 4 have one)", Link: ui.Link{Text: "Applications", URL: "/applications/wiki"}}}},
			Sections: []HomeSection{
				{ID: "compliance", Title: "What should not be", Note: "Counted today 14:02", Link: ui.Link{Text: "Dashboard", URL: "/dashboard"}, Figures: []ui.Figure{
					{Label: "Open accounts of people who left", Value: "4", URL: "/applications", Tone: ui.Bad, Icon: "ghost"}, {Label: "Access without a reason", Value: "15", URL: "/applications", Tone: ui.Warn, Icon: "alert-triangle"},
					{Label: "Exceptions", Value: "0", Note: "accepted conflicts"}}},
				{ID: "hr", Title: "HR files", Link: ui.Link{Text: "All runs", URL: "/hr/runs"}, Lines: []HomeLine{
					{State: tag(ctx, runTags, "held"), Title: ui.Link{Text: "#41 people-2026-11-22.csv", URL: "/hr/runs/41"}, Text: "2 joiners, 0 movers, 31 leavers, 1 row set aside", At: at("today 09:12", "2026-11-22T09:12:04Z")},
					{State: tag(ctx, runTags, "applied"), Title: ui.Link{Text: "#40 people-2026-11-21.csv", URL: "/hr/runs/40"}, Text: "0 joiners, 3 movers, 0 leavers", At: at("yesterday 06:00", "2026-11-21T06:00:00Z")}}},
				{ID: "team", Title: "Your team in the next 30 days", Quiet: "Nobody of your team joins, moves or leaves."},
			},
		})},
	}
}

func galleryDashboard() []Sample {
	left := func(name, what, when, late, took string, state ui.Tag) CaseRow {
		return CaseRow{Person: ui.Link{Text: name, URL: "/people/x"}, What: what, At: at(when, "2026-11-20T16:00:00Z"), Late: late, Took: took, State: state}
	}
	zero := ui.Tag{Tone: ui.Good, Icon: "circle-check", Text: "Zero access, verified"}
	full := DashboardView{Computed: at("today 14:02", "2026-11-22T14:02:10Z"), Took: "79 ms", Period: "30 days", Periods: []ui.Chip{{Text: "7 days", URL: "/dashboard?days=7"}, {Text: "30 days", URL: "/dashboard?days=30", Current: true}},
		Now: []ui.Figure{{Label: "Open accounts of people who left", Value: "4", URL: "#applications", Tone: ui.Bad, Icon: "ghost"}, {Label: "Accounts of nobody", Value: "6", URL: "#applications", Tone: ui.Warn, Icon: "ghost"},
			{Label: "Hand-overs overdue", Value: "1", URL: "#handovers", Tone: ui.Bad, Icon: "hourglass", Note: "5 within their time"}, {Label: "Failed operations", Value: "0", URL: "/operations?state=failed"}},
		Leavers: LeaverFigures{Whole: []ui.Figure{{Label: "Half of them within", Value: "2 seconds"}, {Label: "95 % within", Value: "71 hours"}, {Label: "The worst", Value: "71 hours"}, {Label: "Not at zero yet", Value: "1", Tone: ui.Bad, Icon: "alert-triangle"}, {Label: "Leavers", Value: "6", Note: "0 had no access"}},
			Work:  "From the end of the job until a reading of every application showed nothing.",
			Chart: ui.Chart{ID: "leaver-times", Title: "Until zero access", Summary: "Each step to the right is ten times as long.", Head: []string{"", "Time"}, Rows: [][]string{{"Half within", "2 seconds"}, {"95 % within", "71 hours"}, {"Worst", "71 hours"}}},
			Times: ui.Spread{Bins: []float64{4, 1, 0, 0, 0, 0, 0, 0, 1, 0}, Max: 6, Low: "1 second", High: "11 days", Marks: []ui.Point{{Name: "half", Value: 0.3, Text: "2 seconds"}, {Name: "95 %", Value: 5.4, Text: "71 hours"}, {Name: "worst", Value: 5.4, Text: "71 hours"}}},
			Trend: ui.Chart{ID: "leaver-weeks", Title: "By week", Summary: "Hours until zero access, of those who left in each week.", Head: []string{"Week of", "Leavers", "Half within", "Worst"}, Rows: [][]string{{"9 November 2026", "2", "2 seconds", "2 seconds"}, {"16 November 2026", "4", "2 seconds", "71 hours"}}},
			Weeks: ui.LineChart{Series: []ui.Series{{Name: "half", Points: []float64{0, 0}}, {Name: "95 %", Points: []float64{0, 71}}}, Steps: []string{"9 Nov", "16 Nov"}, TopTxt: "71 h"},
			Cases: []CaseRow{left("Omar Diaz", "terminated", "20 Nov, 16:00", "", "open for 46 hours", ui.Tag{Tone: ui.Bad, Icon: "circle-x", Text: "1 change failed"}),
				left("Ida Szabó", "", "17 Nov 2026", "71 hours", "71 hours", zero), left("Ana Ruiz", "", "12 Nov 2026", "", "2 seconds", zero)}},
		Joiners: JoinerFigures{Figures: []ui.Figure{{Label: "Ready by 8:00 of the first day", Value: "66 %", Note: "4 of 6"}, {Label: "Not ready: HR told too late", Value: "2"}, {Label: "Not ready for another reason", Value: "0"}},
			Cases: []CaseRow{left("Jo Lind", "came back", "23 Nov 2026", "2 days", "2 days", ui.Tag{Tone: ui.Good, Icon: "circle-check", Text: "Ready since"})}},
		AppsNote: "Their licences cost 75.00 EUR a month; the cost is not stated for 1 application.",
		Apps: []AppFigureRow{
			{Application: ui.Link{Text: "Service desk", URL: "/applications/desk"}, Accounts: 69, Orphans: 2, Zombies: 4, OutOfBand: 14, ZombiesURL: "/applications/desk", OrphansURL: "/applications/desk", Cost: ui.Link{Text: "75.00 EUR"}},
			{Application: ui.Link{Text: "Directory", URL: "/applications/directory"}, Accounts: 246, Orphans: 2, OutOfBand: 1, Cost: ui.Link{Text: "Cost not stated", URL: "/applications/directory"}}},
		Overdue: []CaseRow{{Person: ui.Link{Text: "Omar Diaz", URL: "/people/od"}, State: ui.Tag{Tone: ui.Bad, Icon: "hourglass", Text: "Overdue"}, What: "1 access of the old job", At: at("20 Nov", "2026-11-20T00:00:00Z")}},
		Coming:  []CaseRow{{Person: ui.Link{Text: "Ana Ruiz", URL: "/people/ar"}, State: ui.Tag{Tone: ui.Info, Icon: "user-plus", Text: "Starts"}, At: at("1 Dec 2026", "2026-12-01T00:00:00Z")}},
		Sources: []SourceRow{{Source: ui.Link{Text: "people", URL: "/hr/sources"}, Good: at("today 06:00", "2026-11-22T06:00:00Z"), Age: "8 hours", Usual: "24 hours"}},
	}
	quiet := DashboardView{Computed: full.Computed, Took: "12 ms", Period: "7 days", Now: []ui.Figure{{Label: "Failed operations", Value: "0"}}, Leavers: LeaverFigures{Whole: []ui.Figure{{Label: "Half of them within", Value: "–"}}, Work: "Nobody left in this time."},
		Joiners: JoinerFigures{Figures: []ui.Figure{{Label: "Ready by 8:00 of the first day", Value: "–", Note: "0 of 0"}}}}
	s := sampleShell("Dashboard", "Dashboard")
	return []Sample{
		{"dashboard-uncounted", Dashboard(s, DashboardView{})},
		{"dashboard-error", Dashboard(s, DashboardView{Failed: "The database answered: too many connections. Nothing is lost; try again in a minute."})},
		{"dashboard-quiet", Dashboard(s, quiet)},
		{"dashboard-full", Dashboard(s, full)},
	}
}
