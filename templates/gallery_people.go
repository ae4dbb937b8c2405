package templates

import (
	"context"
	"tenure/templates/ui"
)

func galleryPeople(ctx context.Context) []Sample {
	list := sampleShell("People", "People")
	left := samplePerson()
	left.State, left.Held, left.Grants, left.Accounts, left.TerminateURL, left.Ahead = "left", nil, 0, 0, "", nil
	left.Until = at("20 November 2026", "2026-11-20")
	left.Timeline = nil
	page := sampleShell("Ana Ruiz", "People")
	will := []string{
		"All 3 accounts are disabled within seconds, ahead of everything else: Directory (aruiz), Ledger (ana.ruiz), Warehouse (aruiz).",
		"All 17 grants are taken away, and each target is read back until it no longer shows them.",
		"Everything planned for her later, such as the move on 1 January, is cancelled.",
		"The accounts are deleted after 30 days.",
	}
	ask := TerminateView{Name: "Ana Ruiz", PersonURL: "/people/ana", Action: "/people/ana/terminate", Will: will, Not: []string{"Her record and its history stay. Rehiring her later makes a new employment of the same person."}}
	asked := ask
	asked.Errors = ui.Errors{{Field: "reason", Text: "Say why, in at least 10 letters"}}
	return []Sample{
		{"people-full", People(list, samplePeople(ctx))}, {"people-one", People(list, onePerson(ctx))}, {"people-empty", People(list, noPeople(ctx))},
		{"people-filtered", People(list, filteredPeople(ctx))}, {"people-error", People(list, failedPeople(ctx))},
		{"person-full", Person(page, samplePerson())}, {"person-left", Person(page, left)},
		{"person-then", Person(page, samplePersonThen())}, {"person-compared", Person(page, samplePersonCompared())},
		{"move-future", Move(page, sampleMove(true))}, {"move-done", Move(page, sampleMove(false))}, {"move-none", Move(page, MoveView{Up: upAna, Title: "What Ana Ruiz keeps, gains and loses", None: true})},
		{"handover-ask", Handover(page, HandoverView{Up: upAna, Title: "Keep CRM export for longer?", Lead: "Ana Ruiz keeps it for the hand-over until 29 November 2026.", Action: "/people/ana/handover",
			What: "crm/export", Until: "2026-12-21", Min: "2026-11-29", Max: "2026-12-21", Cancel: ui.Link{Text: "Go back, change nothing", URL: "/people/ana/move"},
			Errors: ui.Errors{{Field: "until", Text: "Until must be later than it ends now."}}})},
		{"explain-start", Explain(page, sampleExplain(false))}, {"explain-not", Explain(page, sampleExplain(true))},
		{"team-full", Team(sampleShell("My team", "My team"), sampleTeam())}, {"team-empty", Team(page, TeamView{Lead: "0 people report to you.", Scopes: sampleTeam().Scopes})},
		{"team-error", Team(sampleShell("My team", "My team"), TeamView{Failed: "The database did not answer in time. Try again in a moment."})},
		{"search-start", Search(page, SearchView{Action: "/search", Scope: "Through your team and what may be held in applications."})},
		{"search-none", Search(page, SearchView{Action: "/search", Query: "zzz", Scope: "Through your team and what may be held in applications."})},
		{"search-full", Search(page, sampleSearch(ctx))}, {"people-checked", Checked(list, CheckedView{Asked: 1, Refused: 1, Back: ui.Link{Text: "People", URL: "/people"},
			Rows: []CheckedRow{{Person: ui.Link{Text: "Ana Ruiz", URL: "/people/ana"}, Accounts: []string{"Directory: aruiz", "Ledger: ana.ruiz"}}, {Person: ui.Link{Text: "Elif Demir", URL: "/people/e"}}}})},
		{"terminate-ask", Terminate(page, ask)}, {"terminate-error", Terminate(page, asked)},
	}
}

func samplePerson() PersonView {
	return PersonView{
		Name: "Ana Ruiz", State: "active", Number: "H-1042", Department: "Finance", Title: "AP Lead", Location: "Berlin", Email: "ana.ruiz@halden.example", Zone: "Europe/Berlin",
		Manager: ui.Link{Text: "Jo Lind", URL: "/people/jo"}, Since: at("1 March 2024", "2024-03-01"), Accounts: 3, Grants: 6,
		Ahead:        []ui.Notice{{Tone: ui.Info, Title: "Moves on 1 January 2027", Text: "To Controlling as Controller: loses 4, gains 6, keeps 9.", Link: ui.Link{Text: "What changes", URL: "/people/ana/move"}}},
		TerminateURL: "/people/ana/terminate", ExplainURL: "/people/ana/explain", AsOf: AsOf{Action: "/people/ana", Latest: "2026-11-22"},
		Held:     sampleHeld(),
		Filters:  []ui.Chip{{Text: "All", URL: "?", Current: true}, {Text: "HR", URL: "?kind=hr"}, {Text: "Access", URL: "?kind=access"}, {Text: "Operations", URL: "?kind=operation"}, {Text: "Sign-ins", URL: "?kind=signin"}},
		Timeline: sampleTimeline(),
		Older:    ui.Link{Text: "Older entries", URL: "?before=x"},
	}
}

func sampleHeld() []HeldApp {
	return []HeldApp{
		{Name: "Directory", URL: "/applications/directory", Mode: "enforce", Accounts: []HeldAccount{{Name: "aruiz", State: "enabled", LastSignIn: at("today 08:51", "2026-11-22T08:51:00Z")}}, Grants: []Grant{
			{Name: "Account", What: "Sign in to everything that uses the company directory.", State: "verified", StateText: "read back in reading #881, 14:02",
				Reasons: []Reason{{Text: "rule employee-base v1", URL: "/policy?tab=rules", Since: at("1 March 2024", "2024-03-01"), Until: "while employed"}}},
			{Name: "Finance shared folders", Code: "grp-fin-share", What: "Read and write the folders of the Finance department.", State: "verified", StateText: "read back in reading #881, 14:02",
				Reasons: []Reason{{Text: "rule finance-base v3, through role Finance", URL: "/policy?tab=rules", Since: at("1 March 2024", "2024-03-01"), Until: "while in Finance"}, {Text: "hand-over after the move from Sales", Until: "2026-11-29"}}},
			{Name: "Payroll view", Code: "grp-payroll-ro", State: "waiting", StateText: "waits for a worker", Operation: ui.Link{Text: "operation #5120", URL: "/operations/5120"},
				Reasons: []Reason{{Text: "role AP Lead v3", URL: "/policy?tab=roles", Since: at("today", "2026-11-22"), Until: "while AP Lead"}}},
		}},
		{Name: "Ledger", URL: "/applications/ledger", Mode: "propose", Accounts: []HeldAccount{{Name: "ana.ruiz", State: "enabled", LastSignIn: at("yesterday", "2026-11-21T16:20:00Z")}}, Grants: []Grant{
			{Name: "Pay invoices", Code: "AP_PAY", What: "Release payments to vendors up to 10 000 €.", Privileged: true, State: "verified", StateText: "read back in reading #880, 13:40",
				Reasons: []Reason{{Text: "found in the target, accepted by Tomás Rey", Since: at("3 February 2026", "2026-02-03")}}},
			{Name: "Vendor master data", Code: "AP_VENDOR", What: "Create and change vendors.", State: "found", StateText: "first seen in reading #871, 20 November"},
		}},
		{Name: "Warehouse", URL: "/applications/warehouse", Mode: "enforce", Accounts: []HeldAccount{{Name: "aruiz", State: "disabled"}}, Grants: []Grant{
			{Name: "Read finance tables", Code: "wh_finance_ro", What: "Query the finance schema.", State: "failed", StateText: "the target refused: role “wh_finance_ro” does not exist", Operation: ui.Link{Text: "operation #5098", URL: "/operations/5098"},
				Reasons: []Reason{{Text: "rule finance-base v3, through role Finance", URL: "/policy?tab=rules", Until: "while in Finance"}}},
		}},
	}
}

// plainHeld is the same as who holds it reads it.
func plainHeld() []HeldApp {
	all := sampleHeld()
	for i := range all {
		a := &all[i]
		a.URL, a.Ask, a.AskMail = "", "Priya Nair", "priya.nair@halden.example"
		for k := range a.Grants {
			if a.Grants[k].Operation.URL = ""; a.Grants[k].State == "verified" {
				a.Grants[k].StateText = ""
			}
			for n := range a.Grants[k].Reasons {
				a.Grants[k].Reasons[n].URL = ""
			}
		}
	}
	all[0].Grants[0].Reasons[0].Text, all[0].Grants[1].Reasons[0].Text, all[0].Grants[2].Reasons[0].Text = "it comes with your job (Everybody)", "it comes with your job (Finance)", "it comes with your job (Leads of accounts payable)"
	all[0].Grants[1].Reasons[1].Text = "you keep it for the hand-over after your move"
	return all
}

func sampleTimeline() []ui.Event {
	return []ui.Event{
		{Day: "Ahead", At: at("1 January 2027", "2027-01-01"), Tone: ui.Info, Icon: "calendar-event", Kind: "HR", Title: "Moves to Controlling as Controller", Who: "from HR run #40", Future: true},
		{Day: "Today, 22 November 2026", At: at("14:02", "2026-11-22T14:02:10Z"), Tone: ui.Good, Icon: "circle-check", Kind: "Operation", Title: "Finance shared folders added in Directory", Text: "Verified by reading #881, begun after the change.", Link: ui.Link{Text: "operation #5117", URL: "/operations/5117"}},
		{Day: "Today, 22 November 2026", At: at("13:58", "2026-11-22T13:58:41Z"), Tone: ui.Info, Icon: "arrows-exchange", Kind: "HR", Title: "Moved from Sales to Finance, AP Lead", Text: "Loses 4, gains 6, keeps 9.", Who: "from HR run #40, loaded by Maren Oduya", Link: ui.Link{Text: "run #40", URL: "/hr/runs/40"}},
		{Day: "Today, 22 November 2026", At: at("08:51", "2026-11-22T08:51:00Z"), Tone: ui.Neutral, Icon: "key", Kind: "Sign-in", Title: "Signed in to Directory"},
		{Day: "20 November 2026", At: at("02:10", "2026-11-20T02:10:00Z"), Tone: ui.Warn, Icon: "alert-triangle", Kind: "Access", Title: "Vendor master data found in Ledger without a reason", Text: "No rule, role or request gives it.", Link: ui.Link{Text: "reading #871", URL: "/applications/ledger"}},
		{Day: "3 February 2026", At: at("10:31", "2026-02-03T10:31:00Z"), Tone: ui.Neutral, Icon: "user", Kind: "Access", Title: "Pay invoices accepted as found", Who: "by Tomás Rey"},
	}
}

var sampleLives = []ui.Option{{Value: "1", Text: "1 day"}, {Value: "7", Text: "7 days", Selected: true}, {Value: "30", Text: "30 days"}}

func galleryMine() []Sample {
	s := sampleShell("My access", "My access")
	full := MineView{Held: plainHeld()[:2], Grants: 5, Secrets: []FirstSecret{
		{Application: "Warehouse", Account: "jlind", Until: at("24 November, 14:00", "2026-11-24T13:00:00Z"), URL: "/me/secrets/1"},
		{Application: "Warehouse", Account: "cokonkwo", For: "Chidera Okonkwo-Vandenberghe", Until: at("8 December, 09:00", "2026-12-08T08:00:00Z"), URL: "/me/secrets/2"},
	}, Going: []MineGoing{{What: "Pay invoices", App: "Ledger", At: at("8 December", "2026-12-08T08:00:00Z"), URL: "/reviews/items/7", ObjectURL: "/reviews/items/7#object"},
		{What: "Vendor master data", App: "Ledger", At: at("8 December", "2026-12-08T08:00:00Z"), URL: "/reviews/items/8", Said: "You objected: nothing is removed before it is decided."}}}
	asked := &full.Held[0].Grants[2]
	asked.Ends, asked.EndsIn = at("3 March 2027", "2027-03-03T09:00:00Z"), "in 101 days"
	asked.Reasons = []Reason{{Text: "it was asked for (“Expense reports”) and approved", Since: at("3 Nov, 10:00", "2026-11-03T09:00:00Z"), Until: "3 March 2027", Item: 3,
		Acts: []ui.Link{{Text: "Give back", URL: "/requests/b/items/3/end"}, {Text: "Ask for longer", URL: "/requests/new?offer=5&act=extend&of=3"}, {Text: "Change the level", URL: "/requests/new?offer=5&act=level&of=3"}}}}
	one := MineView{Held: plainHeld()[:1], Grants: 1}
	one.Held[0].Grants = one.Held[0].Grants[:1]
	back := ui.Link{Text: "My access", URL: "/me"}
	return []Sample{
		{"mine-full", Mine(s, full)}, {"mine-one", Mine(s, one)}, {"mine-empty", Mine(s, MineView{})},
		{"tokens-full", Tokens(s, TokensView{Action: "/me/tokens", Valid: sampleLives, Scopes: sampleScopes, List: sampleTokens()})},
		{"tokens-empty", Tokens(s, TokensView{Action: "/me/tokens", Valid: sampleLives, Scopes: sampleScopes, List: ui.Grid{Name: "tokens", Label: "Your tokens", Blank: ui.Blank{Icon: "key", Title: "You have no token", Text: "Make one below when a command asks for it. It is shown once."}}, Errors: ui.Errors{{Field: "name", Text: "Say in up to 80 characters what it is for."}}})},
		{"token-made", TokenMade(s, TokenView{Name: "laptop", Token: "tenure_7k9f2wq0c1xM", Until: at("29 Nov, 09:14", "2026-11-29T08:14:00Z"), Back: ui.Link{Text: "Personal tokens", URL: "/me/tokens"}})},
		{"secret-ask", SecretAsk(s, SecretAskView{Application: "Warehouse", Account: "jlind", Action: "/me/secrets/1", Back: back})},
		{"secret-shown", Secret(s, SecretView{Application: "Warehouse", Account: "jlind", Secret: "pale-harbour-82-quince-lantern", SignIn: ui.Link{Text: "Open Warehouse", URL: "https://warehouse.halden.example/"}, Back: back})},
	}
}
