package templates

import (
	"context"
	"tenure/templates/ui"
)

func galleryApplications() []Sample {
	list := sampleShell("Applications", "Applications")
	rows := []ApplicationRow{
		{Name: "Directory", URL: "/applications/directory", Kind: "SCIM", Mode: "enforce", Health: "ok", Zombies: 1, ZombiesURL: "#", Complete: "92 % complete", CompleteURL: "#", Cost: "4.50 EUR", Enabled: 238, Read: at("today 14:02", "2026-11-22T14:02:10Z")},
		{Name: "Ledger", URL: "/applications/ledger", Kind: "SCIM", Mode: "propose", Health: "degraded", HealthText: "3 of 10 calls answered 429; slower until 14:20", Enabled: 61, Orphans: 3, OrphansURL: "/applications/ledger?tab=accounts&state=orphan", Drift: 7, DriftURL: "/applications/ledger?tab=drift", Waiting: 14, WaitingURL: "/applications/ledger?tab=operations", Read: at("today 13:40", "2026-11-22T13:40:00Z")},
		{Name: "Warehouse", URL: "/applications/warehouse", Kind: "PostgreSQL", Mode: "enforce", Health: "attention", HealthText: "The password was refused at 08:40; nothing is tried until it is set anew", Enabled: 88, Orphans: 2, OrphansURL: "#", Waiting: 3, WaitingURL: "#", Read: at("yesterday 22:00", "2026-11-21T22:00:00Z")},
		{Name: "Wiki", URL: "/applications/wiki", Kind: "SCIM", Mode: "observe", Health: "unknown"},
	}
	page := sampleShell("Ledger", "Applications")
	return []Sample{
		{"applications-full", Applications(list, ApplicationsView{Rows: rows})}, {"applications-one", Applications(list, ApplicationsView{Rows: rows[:1]})}, {"applications-empty", Applications(list, ApplicationsView{})},
		{"applications-error", Applications(list, ApplicationsView{Failed: "The database did not answer in time. Try again in a moment."})},
		{"application-drift", Application(page, sampleApplication("drift"))}, {"application-accounts", Application(page, sampleApplication("accounts"))},
		{"application-entitlements", Application(page, sampleApplication("entitlements"))}, {"application-proposed", Application(page, sampleApplication("operations"))},
		{"application-empty", Application(sampleShell("Wiki", "Applications"), ApplicationView{Name: "Wiki", Kind: "SCIM", Mode: "observe", Health: "unknown", CheckURL: "/applications/wiki/check", Tabs: sampleTabs("drift"), Tab: "drift", Figures: []ui.Figure{{Label: "Enabled", Value: "0"}}})},
	}
}

func sampleTabs(tab string) []ui.Chip {
	all := []ui.Chip{{Text: "Differences", URL: "?tab=drift", Count: 5, Counted: true}, {Text: "Accounts", URL: "?tab=accounts", Count: 68, Counted: true}, {Text: "Entitlements", URL: "?tab=entitlements", Count: 4, Counted: true}, {Text: "Operations", URL: "?tab=operations", Count: 14, Counted: true}}
	for i := range all {
		all[i].Current = all[i].URL == "?tab="+tab
	}
	return all
}

func sampleApplication(tab string) ApplicationView {
	v := ApplicationView{
		Name: "Ledger", Kind: "SCIM at ledger.halden.example", Mode: "propose", Health: "degraded", HealthText: "3 of 10 calls answered 429, since", HealthSince: at("14:05", "2026-11-22T14:05:00Z"),
		Owner: ui.Link{Text: "Ana Ruiz", URL: "/people/ana"}, Read: ui.Link{Text: "#880 at 13:40", URL: "/applications/ledger?reading=880"},
		Figures: []ui.Figure{{Label: "Enabled", Value: "61", URL: "?tab=accounts&state=enabled"}, {Label: "Disabled", Value: "4", URL: "?tab=accounts&state=disabled"}, {Label: "Orphans", Value: "3", URL: "?tab=accounts&state=orphan", Tone: ui.Warn, Icon: "ghost"}, {Label: "Differences", Value: "5", URL: "?tab=drift", Tone: ui.Warn, Icon: "alert-triangle"}, {Label: "Waiting", Value: "14", URL: "?tab=operations"}},
		Tabs:    sampleTabs(tab), Tab: tab, Counted: at("today 14:02", "2026-11-22T13:02:00Z"), CheckURL: "/applications/ledger/check", AdoptURL: "/applications/ledger/adopt",
	}
	switch tab {
	case "accounts":
		v.Filters = []ui.Chip{{Text: "All", URL: "?tab=accounts", Current: true}, {Text: "Enabled", URL: "?state=enabled"}, {Text: "Disabled", URL: "?state=disabled"}, {Text: "Orphans", URL: "?state=orphan"}, {Text: "Dormant", URL: "?state=dormant"}}
		v.Grid = sampleAccountGrid()
	case "entitlements":
		v.Catalogue = sampleCatalogue()
	case "operations":
		v.ReleaseURL = "/applications/ledger/release"
		v.Operations = sampleOperations()[3:]
	default:
		v.Drift = []Drift{
			{Kind: "missing", Account: "femke.dewit", Person: ui.Link{Text: "Femke de Wit", URL: "/people/f"}, Entitlement: "Vendor master data", Text: "Wanted by role Account Executive since 12 November; not in reading #880", Act: ui.Link{Text: "See operation", URL: "/operations/5121"}},
			{Kind: "extra", Account: "ana.ruiz", Person: ui.Link{Text: "Ana Ruiz", URL: "/people/ana"}, Entitlement: "Vendor master data", Text: "No reason; first seen in reading #871 on 20 November", Act: ui.Link{Text: "Accept", URL: "/applications/ledger/adopt?account=ana.ruiz"}},
			{Kind: "orphan", Account: "f.dewit", Text: "Belongs to nobody; same e-mail as Femke de Wit", Act: ui.Link{Text: "Claim", URL: "#"}},
			{Kind: "enabled", Account: "bakesson", Person: ui.Link{Text: "Björn Åkesson", URL: "/people/b"}, Text: "Left on 20 November; the account is still enabled", Act: ui.Link{Text: "See operation", URL: "/operations/5098"}},
			{Kind: "dormant", Account: "root", Text: "Last sign-in 14 March 2024"},
		}
	}
	return v
}

func sampleOperations() []OperationRow {
	ledger, warehouse := ui.Link{Text: "Ledger", URL: "/applications/ledger"}, ui.Link{Text: "Warehouse", URL: "/applications/warehouse"}
	return []OperationRow{
		{ID: "#5122", Key: "5122", URL: "/operations/5122", State: "claimed", What: "Disable the account", Urgent: true, Application: ledger, Account: "bakesson", Person: ui.Link{Text: "Björn Åkesson", URL: "/people/b"}, Attempts: 1},
		{ID: "#5121", Key: "5121", URL: "/operations/5121", State: "pending", What: "Add to group Vendor master data", Application: ledger, Account: "femke.dewit", Person: ui.Link{Text: "Femke de Wit", URL: "/people/f"}, Attempts: 2, Next: at("14:09:30", "2026-11-22T14:09:30Z"), Error: "the target answered 429; it asks to wait 90 s"},
		{ID: "#5098", Key: "5098", URL: "/operations/5098", State: "failed", What: "Grant role Read finance tables", Application: warehouse, Account: "aruiz", Person: ui.Link{Text: "Ana Ruiz", URL: "/people/ana"}, Attempts: 8, Error: "the target refused: role “wh_finance_ro” does not exist", RetryURL: "/operations/5098/retry"},
		{ID: "#5090", Key: "5090", URL: "/operations/5090", State: "proposed", What: "Create the account", Application: ledger, Account: "h.lindqvist", Person: ui.Link{Text: "Hugo Lindqvist", URL: "/people/h"}},
		{ID: "#5089", Key: "5089", URL: "/operations/5089", State: "proposed", What: "Remove from group Pay invoices", Application: ledger, Account: "gpetrauskaite", Person: ui.Link{Text: "Gintarė Petrauskaitė", URL: "/people/g"}},
		{ID: "#5088", Key: "5088", URL: "/operations/5088", State: "proposed", What: "Disable the account", Application: ledger, Account: "elif.demir", Person: ui.Link{Text: "Elif Demir", URL: "/people/e"}},
	}
}

func galleryOperations() []Sample {
	s := live(sampleShell("Operations", "Operations"))
	chips := []ui.Chip{{Text: "Open", URL: "/operations", Current: true}, {Text: "Waiting", URL: "?state=pending"}, {Text: "At work", URL: "?state=claimed"}, {Text: "Failed", URL: "?state=failed"}, {Text: "Verified", URL: "?state=verified"}}
	full := OperationsView{
		Figures: []ui.Figure{{Label: "Proposed", Value: "14", URL: "?state=proposed"}, {Label: "Waiting", Value: "3", URL: "?state=pending"}, {Label: "At work", Value: "1", URL: "?state=claimed"}, {Label: "Done, not read back", Value: "2", URL: "?state=acknowledged"}, {Label: "Failed", Value: "2", URL: "?state=failed", Tone: ui.Bad, Icon: "circle-x"}, {Label: "Verified today", Value: "118", URL: "?state=verified"}},
		Oldest:  at("08:40 (5 h 29 min)", "2026-11-22T08:40:00Z"),
		Apps: []OperationApp{
			{Name: "Directory", URL: "/applications/directory", Health: "ok", Unread: 2, UnreadURL: "?app=directory&state=acknowledged"},
			{Name: "Ledger", URL: "/applications/ledger", Health: "degraded", HealthText: "slower until 14:20", Waiting: 2, WaitingURL: "?app=ledger&state=pending", Working: 1, WorkingURL: "?app=ledger&state=claimed", Oldest: at("14:07", "2026-11-22T14:07:00Z")},
			{Name: "Warehouse", URL: "/applications/warehouse", Health: "attention", HealthText: "password refused at 08:40", Waiting: 1, WaitingURL: "#", Failed: 2, FailedURL: "?app=warehouse&state=failed", Oldest: at("08:40", "2026-11-22T08:40:00Z")},
		},
		Chips: chips, Title: "Open operations", Grid: sampleOperationGrid(sampleOperations()[:3]),
		Live: ui.Live{ID: "board", URL: "/operations", Pause: "/operations?live=off", At: at("14:09:02", "2026-11-22T14:09:02Z")},
	}
	paused := full
	paused.Live = ui.Live{ID: "board", Resume: "/operations", At: full.Live.At}
	paused.Grid = sampleOperationGrid(nil)
	paused.Grid.Filtered, paused.Grid.NoMatch = true, ui.Blank{Icon: "search", Title: "None is in this state", Link: ui.Link{Text: "Show all", URL: "/operations"}}
	failed := OperationView{
		ID: "#5098", What: "Grant role Read finance tables", State: "failed", Application: ui.Link{Text: "Warehouse", URL: "/applications/warehouse"}, Account: "aruiz", Person: ui.Link{Text: "Ana Ruiz", URL: "/people/ana"},
		Cause: ui.Link{Text: "HR run #40", URL: "/hr/runs/40"}, Created: at("today 08:31", "2026-11-22T08:31:00Z"), Error: "The target refused: role “wh_finance_ro” does not exist. Create it there, or correct the role’s entitlement, and try again.",
		RetryURL: "/operations/5098/retry", CheckURL: "/operations/5098/check", Live: ui.Live{ID: "operation"},
		Attempts: []Attempt{
			{N: 8, At: at("08:40:12", "2026-11-22T08:40:12Z"), Took: "18 ms", Outcome: "refused", Text: "role \"wh_finance_ro\" does not exist (SQLSTATE 42704)"},
			{N: 7, At: at("08:38:02", "2026-11-22T08:38:02Z"), Took: "10.0 s", Outcome: "unclear", Text: "no answer within 10 s; looked up afterwards: not there"},
			{N: 6, At: at("08:36:55", "2026-11-22T08:36:55Z"), Took: "2 ms", Outcome: "unreachable", Text: "connection refused"},
		},
	}
	verified := OperationView{
		ID: "#5117", What: "Add to group Finance shared folders", State: "verified", Application: ui.Link{Text: "Directory", URL: "/applications/directory"}, Account: "aruiz", Person: failed.Person, Cause: failed.Cause, Created: at("13:58:41", "2026-11-22T13:58:41Z"),
		Acknowledged: at("13:58:42", "2026-11-22T13:58:42Z"), Verified: at("14:02:10", "2026-11-22T14:02:10Z"), Reading: ui.Link{Text: "reading #881", URL: "#"}, CheckURL: "/operations/5117/check", Live: ui.Live{ID: "operation"},
		Attempts: []Attempt{{N: 1, At: at("13:58:42", "2026-11-22T13:58:42Z"), Took: "41 ms", Outcome: "done"}},
	}
	waiting := OperationView{ID: "#5123", What: "Add to group Payroll view", State: "pending", Application: verified.Application, Account: "aruiz", Person: failed.Person, Cause: failed.Cause, Created: verified.Created, Behind: ui.Link{Text: "Waits for operation #5120", URL: "/operations/5120"}, Live: ui.Live{ID: "operation", URL: "/operations/5123", Pause: "?live=off", At: full.Live.At}}
	page := sampleShell("Operation", "Operations")
	return []Sample{
		{"operations-full", Operations(s, full)}, {"operations-paused", Operations(sampleShell("Operations", "Operations"), paused)}, {"operations-empty", Operations(s, OperationsView{Figures: full.Figures[:1], Live: full.Live, Grid: sampleOperationGrid(nil)})},
		{"operation-failed", Operation(page, failed)}, {"operation-verified", Operation(page, verified)}, {"operation-waiting", Operation(live(page), waiting)},
	}
}

func galleryPolicy() []Sample {
	s := sampleShell("Policy", "Policy")
	tabs := func(tab string) []ui.Chip {
		all := []ui.Chip{{Text: "Roles", URL: "?tab=roles", Count: 3, Counted: true}, {Text: "Birthright rules", URL: "?tab=rules", Count: 2, Counted: true}, {Text: "Segregation of duties", URL: "?tab=duties", Count: 4, Counted: true}, {Text: "Requests", URL: "?tab=asking", Count: 2, Counted: true}, {Text: "Versions", URL: "?tab=versions", Count: 12, Counted: true}}
		for i := range all {
			all[i].Current = all[i].URL == "?tab="+tab
		}
		return all
	}
	v := PolicyView{
		Version: "v12", ChangesURL: "/policy/changes", News: []ui.Link{{Text: "New birthright rule", URL: "/policy/new?kind=rule"}}, Applied: at("18 November 2026, 16:20", "2026-11-18T16:20:00Z"), By: "Tomás Rey",
		Roles: []RoleRow{
			{Name: "Employee", What: "Everybody who works here", Owner: "Jo Lind", Holds: []string{"Account in Directory", "All staff (Directory)"}, Holders: 238, URL: "/people?role=employee"},
			{Name: "Finance", What: "The Finance department", Owner: "Ana Ruiz", Holds: []string{"role Employee", "Finance shared folders (Directory)", "Account in Ledger", "Read finance tables (Warehouse)"}, Holders: 24, URL: "/people?role=finance"},
			{Name: "AP Lead", Owner: "Ana Ruiz", Holds: []string{"role Finance", "Pay invoices (Ledger)"}, Holders: 2, URL: "/people?role=ap-lead"},
		},
		Rules: []RuleRow{
			{Name: "employee-base", Version: ui.Link{Text: "employee-base, version 1", URL: "/policy/objects/3/versions"}, When: `person.worker_type in ["employee", "contractor"]`, Gives: []string{"role Employee"}, People: 238, URL: "/people?rule=employee-base"},
			{Name: "finance-base", Version: ui.Link{Text: "finance-base, version 3", URL: "/policy/objects/4/versions"}, When: "person.department == \"Finance\"\n  && person.location != \"Oslo\"", Gives: []string{"role Finance"}, People: 24, URL: "/people?rule=finance-base"},
		},
		Duties: sampleDuties(),
		Asking: sampleAsking(),
		Versions: []VersionRow{
			{Version: "v12", Applied: at("18 Nov 2026", "2026-11-18T16:20:00Z"), By: "Tomás Rey", Changes: "1 role and 2 rules", Note: "Oslo closes"},
			{Version: "v11", Applied: at("2 Oct 2026", "2026-10-02T09:00:00Z"), By: "Jo Lind", Changes: "1 role"},
		},
	}
	var all []Sample
	for _, tab := range []string{"roles", "rules", "duties", "asking", "versions"} {
		full, empty := v, PolicyView{Tabs: tabs(tab), Tab: tab}
		full.Tabs, full.Tab = tabs(tab), tab
		all = append(all, Sample{"policy-" + tab, Policy(s, full)}, Sample{"policy-" + tab + "-empty", Policy(s, empty)})
	}
	return all
}

func sampleAsking() AskingView {
	return AskingView{
		Offers: []OfferedRow{{Name: "Warehouse", What: "Figures of all departments, day by day", Version: ui.Link{Text: "warehouse, version 2", URL: "/policy/objects/9/versions"}, EditURL: "/policy/edit/9",
			Levels: []string{"Read finance tables: warehouse/finance_read", "Everything: role Analyst"}, For: `worker_type == "employee"`, Days: "90 days, at most 180 days", More: []string{"In an emergency at once, for 2 hours"}},
			{Name: "Customer relations", Levels: []string{"Look up: crm"}, Days: "90 days, at most 365 days"}},
		Rules: []DecidedRow{{Name: "Conflicts", What: "What breaks an SoD rule", Version: ui.Link{Text: "conflicts, version 1", URL: "/policy/objects/10/versions"}, EditURL: "/policy/edit/10", When: `request["sod"] != ""`, Steps: []string{"the manager", "together with it: the owner", "compliance"}},
			{Name: "Small things", When: `request["risk"] == "low" && request["days"] <= "030"`, Steps: []string{"nobody: it is granted at once"}}},
	}
}

func galleryAnswers(ctx context.Context) []Sample {
	home := ui.Link{Text: "Home", URL: "/"}
	var all []Sample
	for _, v := range []ProblemView{
		{Status: 400, Text: "The form was changed on its way.", Fields: ui.Errors{{Text: "effective: write a date as 2006-01-02"}}, Back: home},
		{Status: 403, Back: home}, {Status: 404, Back: home},
		{Status: 409, Title: "Tomás Rey released this run 2 minutes ago", When: at("today 09:31", "2026-11-22T08:31:00Z"), Now: "The run is applied; nothing was done twice.", Back: ui.Link{Text: "See the run", URL: "/hr/runs/41"}},
		{Status: 500, Reference: "7f3a-91c2", Back: home},
	} {
		s := sampleShell(ProblemTitle(ctx, v), "")
		all = append(all, Sample{"problem-" + ui.Int(v.Status), Problem(s, v)})
	}
	return append(all,
		Sample{"problem-bare", Problem(ui.Shell{Title: "Not found"}, ProblemView{Status: 404, Bare: true, Back: ui.Link{Text: "Sign in", URL: "/signin"}})},
		Sample{"done", Done(sampleShell("Terminated", "People"), DoneView{Title: "Ana Ruiz is terminated", Text: "3 accounts are being disabled, ahead of everything else.", Reference: "T-2026-0031",
			Next:  []string{"Each target is read again until it no longer shows the access; usually within a minute.", "The accounts are deleted on 22 December 2026.", "Her manager Jo Lind is told."},
			Links: []ui.Link{{Text: "Watch it on her page", URL: "/people/ana"}, {Text: "All people", URL: "/people"}}})},
		Sample{"ask-discard", Ask(sampleShell("Discard", "Runs"), AskView{Up: []ui.Link{{Text: "HR runs", URL: "/hr/runs"}, {Text: "Run #41", URL: "/hr/runs/41"}}, Title: "Discard HR run #41?", Lead: "people-2026-11-22.csv, loaded by Maren Oduya",
			Will: []string{"Nothing of this file is applied, now or later.", "Its hash and counts stay on record."}, Action: "/hr/runs/41/discard", Button: "Discard", Icon: "ban", Danger: true, Reason: true, Cancel: ui.Link{Text: "Keep it held", URL: "/hr/runs/41"}})},
		Sample{"ask-adopt", Ask(sampleShell("Accept found access", "Applications"), AskView{Up: []ui.Link{{Text: "Applications", URL: "/applications"}, {Text: "Ledger", URL: "/applications/ledger"}}, Title: "Accept the access found in Ledger?", Lead: "12 grants of 9 people were read there that no rule, role or request gives.",
			Will: []string{"Each of the 12 grants gets the reason “found”, with your name as its acceptor.", "Reviews will show them until somebody confirms or removes them."}, Action: "/applications/ledger/adopt", Button: "Accept 12 grants", Reason: true, Errors: ui.Errors{{Field: "reason", Text: "Say why this access is right"}}, Cancel: ui.Link{Text: "Not now", URL: "/applications/ledger"}})},
	)
}
