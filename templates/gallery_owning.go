package templates

import (
	"github.com/a-h/templ"

	"tenure/templates/ui"
)

func sampleCatalogue() Catalogue {
	return Catalogue{Complete: "66 % complete", Missing: "Missing: 1 plain name, 1 description and 2 risks.", Rows: []CatalogueRow{
		{ID: "e-1", Name: "Pay invoices", Code: "AP_PAY", Kind: "group", What: "Releases payments to vendors up to 10 000 €.", Risk: "critical", RiskStated: true, Privileged: true, Owner: ui.Link{Text: "Ana Ruiz", URL: "/people/ana"}, Holders: ui.Link{Text: "4", URL: "?tab=accounts&entitlement=1"}, How: []string{"2 by a role", "1 directly", "1 without a reason"}, EditURL: "/applications/ledger/entitlements/1"},
		{ID: "e-2", Name: "No plain name yet", Code: "AP_VENDOR_MASTER_RW_PROD_7", Kind: "group", Risk: "low", Owner: ui.Link{Text: "Ana Ruiz", URL: "/people/ana"}, OwnerInherited: true, Holders: ui.Link{Text: "11", URL: "#"}, Missing: "Missing: name, description and risk", EditURL: "/applications/ledger/entitlements/2"},
		{ID: "e-3", Name: "Read the ledger", Code: "GL_READ", Kind: "role", What: "Reads every booking of the company.", Risk: "medium", RiskStated: true, Owner: ui.Link{Text: "Ana Ruiz", URL: "/people/ana"}, OwnerInherited: true, Holders: ui.Link{Text: "0"}, EditURL: "/applications/ledger/entitlements/3"},
	}, Licence: &LicenceForm{Amount: "12.50", Currency: "EUR", Version: "3", Action: "/applications/ledger/licence", Words: "12.50 EUR a month for each enabled account", Stated: true}, Trend: &HeldTrend{
		Chart: ui.Chart{ID: "held", Title: "Grants held, day by day", Summary: "12 on 20 November 2026, 15 on 22 November 2026.", Head: []string{"Day", "Grants"},
			Rows: [][]string{{"20 November 2026", "12"}, {"21 November 2026", "17"}, {"22 November 2026", "15"}}},
		Lines: ui.LineChart{Series: []ui.Series{{Name: "held", Points: []float64{12, 17, 15}}}, Steps: []string{"20 Nov", "22 Nov"}}}}
}

func galleryOwning() []Sample {
	s := sampleShell("How Tenure reaches Ledger", "Applications")
	edit := EntitlementView{Up: []ui.Link{{Text: "Applications", URL: "/applications"}, {Text: "Ledger", URL: "/applications/ledger?tab=entitlements"}}, Row: "e-2", Code: "AP_VENDOR_MASTER_RW_PROD_7", Kind: "group", Title: "Vendor master data",
		What: "Adds and changes vendors.", Risk: "high", Derived: "low", Version: "4", Action: "/applications/ledger/entitlements/2", Cancel: "/applications/ledger?tab=entitlements", Stated: "title and description", Last: "Ana Ruiz, yesterday 16:20"}
	conflict, wrong := edit, edit
	conflict.Conflict = "Jo Lind changed it today 14:02. It now says: “Vendors”. “Changes vendors.” Your words are still below; saving puts them in place of those."
	wrong.Errors = ui.Errors{{Field: "owner", Text: "Owner must be the number or e-mail address of one person."}}
	return []Sample{
		{"connector-healthy", Connector(s, sampleConnector())}, {"connector-paused", Connector(s, pausedConnector())}, {"connector-preview", Connector(s, previewConnector(""))},
		{"connector-unreachable", Connector(s, previewConnector("It does not answer. Is it running, and is the address right?"))}, {"connector-readonly", Connector(s, ConnectorView{Name: "Wiki", URL: "/applications/wiki", State: "unknown", Words: "It was not called yet."})},
		{"connector-secret", ReplaceSecret(s, SealView{Up: edit.Up, Label: "Bearer token", Set: "Set 12 days ago by Ana Ruiz", Action: "/applications/ledger/connector/secrets/token", Cancel: "/applications/ledger/connector"})},
		{"connector-secret-error", ReplaceSecret(s, SealView{Up: edit.Up, Label: "Bearer token", Action: "#", Cancel: "#", Errors: ui.Errors{{Field: "secret", Text: "Write the new value."}}})},
		{"entitlement-edit", Entitlement(s, edit)}, {"entitlement-conflict", Entitlement(s, conflict)}, {"entitlement-error", Entitlement(s, wrong)},
	}
}

func sampleConnector() ConnectorView {
	return ConnectorView{Name: "Ledger", URL: "/applications/ledger", Mode: "enforce", State: "ok", Words: "Healthy. Last read today 14:02: 520 lines of accounts and grants in 1.2 s.",
		TestURL: "/applications/ledger/connector/test", ReadURL: "/applications/ledger/check", PauseURL: "/applications/ledger/connector/pause",
		Queues: []QueueRow{{Name: "Leavers, before everything else"}, {Name: "Everything else", Waiting: 3, WaitingURL: "/operations?state=pending", Unread: 1, UnreadURL: "#", Oldest: at("today 14:07", "2026-11-22T14:07:00Z")}},
		Facts:  []ui.Line{{Name: "Calls at once", Text: "1 of 8 under way"}, {Name: "Rate", Text: "no limit"}, {Name: "Patience", Text: "20s for a call, 15m0s for a whole reading"}, {Name: "Breaker", Text: "closed: calls go through"}},
		Settings: []Setting{{Label: "Base address", Help: "Where the SCIM service is", Value: "https://ledger.halden.example/scim/v2"},
			{Label: "Bearer token", Secret: true, Set: "Set 12 days ago by Ana Ruiz", ReplaceURL: "/applications/ledger/connector/secrets/token"}, {Label: "Password", Secret: true, ReplaceURL: "/applications/ledger/connector/secrets/password"}},
		Preview: PreviewView{Action: "/applications/ledger/connector"}}
}

func pausedConnector() ConnectorView {
	v := sampleConnector()
	v.State, v.Words, v.PauseURL = "paused", "Paused by Jo Lind.", ""
	v.Fault, v.FaultAt = "GET Users answered 503", at("since today 13:40", "2026-11-22T13:40:00Z")
	v.Paused = &PausedView{Reason: "The vendor moves it to another data centre", By: "Jo Lind", Since: at("today 13:45", "2026-11-22T13:45:00Z"), Urgent: true, ResumeURL: "/applications/ledger/connector/resume",
		Waits: "4 operations wait, and 1 of them takes somebody's access away at once."}
	return v
}

func previewConnector(failed string) ConnectorView {
	v := sampleConnector()
	v.Preview = PreviewView{Action: "/applications/ledger/connector", Who: "1042", Person: ui.Link{Text: "Femke de Wit", URL: "/people/f"}, Lead: "what would be sent, and what is there now.", Read: failed == "", Failed: failed,
		Rows: []PreviewRow{{Name: "login name", From: "{first_name}.{last_name}", Sent: "femke.dewit", Now: "femke.dewit"}, {Name: "department", From: "department", Sent: "Sales", Now: "Finance", Differs: failed == ""}, {Name: "title", From: "title", Sent: ""}}}
	return v
}

func sampleOrphans() OrphansView {
	act := func(id, act string) string { return "/applications/ledger/orphans/" + id + "/" + act }
	return OrphansView{Name: "Ledger", URL: "/applications/ledger", First: true, Pager: ui.Pager{NextURL: "?after=9"}, Rows: []OrphanRow{
		{Name: "f.dewit", Second: "femke.dewit@halden.example", State: "enabled", Holds: "3 entitlements", LastSignIn: at("yesterday", "2026-11-21T16:20:00Z"), ClaimURL: act("7", "claim"), ServiceURL: act("7", "service"), DisableURL: act("7", "disable"),
			Suggested: []OrphanGuess{{Person: ui.Link{Text: "Femke de Wit", URL: "/people/f"}, State: "active", Why: "same e-mail address and the login name is the one they would get here", URL: act("7", "claim")},
				{Person: ui.Link{Text: "Frans de Wit", URL: "/people/fr"}, State: "left", Why: "the login name has the words of their name; has an account here already", URL: act("7", "claim"), HasOne: true}}},
		{Name: "root", Second: "1", State: "enabled", Privileged: true, Holds: "9 entitlements", Disabling: true, ClaimURL: act("8", "claim"), ServiceURL: act("8", "service")},
	}}
}

func galleryOrphans() []Sample {
	s := sampleShell("Accounts that belong to nobody", "Applications")
	ask := OrphanAskView{Up: []ui.Link{{Text: "Applications", URL: "/applications"}, {Text: "Ledger", URL: "/applications/ledger"}, {Text: "Orphans", URL: "/applications/ledger/orphans"}},
		Field: ui.Field{Name: "person", Label: "Person", Kind: "text", Hint: "Number or e-mail address", Required: true, Short: true, Value: "1042"},
		Check: ui.Check{Action: "/applications/ledger/orphans/7/claim", Title: "Whose account is f.dewit?", Will: []string{"The account is linked to this person", "What it holds gets the reason “found and accepted”, with your name"}, Not: []string{"Nobody is asked again: choose with care"},
			Reason: "Why are you sure?", Button: ui.Buttons{Text: "It is theirs", Icon: "user", Cancel: ui.Link{Text: "Go back, change nothing", URL: "/applications/ledger/orphans"}}, Facts: []ui.Line{{Name: "Account", Text: "f.dewit"}, {Name: "Holds", Text: "3 entitlements"}}}}
	wrong := ask
	wrong.Field.Error = "Person must be the number or e-mail address of one person."
	wrong.Check.Errors = ui.Errors{{Field: "person", Text: wrong.Field.Error}}
	one := sampleOrphans()
	one.Rows, one.Pager = one.Rows[1:], ui.Pager{}
	return []Sample{{"orphans-full", Orphans(s, sampleOrphans())}, {"orphans-one", Orphans(s, one)}, {"orphans-empty", Orphans(s, OrphansView{Name: "Ledger", URL: "/applications/ledger", First: true})},
		{"orphan-claim", OrphanAsk(s, ask)}, {"orphan-claim-error", OrphanAsk(s, wrong)}}
}

// sampleOperationGrid is the list of the board.
func sampleOperationGrid(rows []OperationRow) ui.Grid {
	g := ui.Grid{Name: "operations", Label: "Operations", Columns: []ui.Col{{Key: "what", Text: "Operation", Fixed: true}, {Key: "state", Text: "State"}, {Key: "application", Text: "Application"}, {Key: "person", Text: "Person"}, {Key: "attempts", Text: "Attempts", Number: true}, {Key: "next", Text: "Next try"}},
		Filter: ui.Filter{Action: "/operations"}, ExportURL: "/operations?export=csv", Bulk: ui.Bulk{Action: "/operations/chosen", Acts: []ui.BulkAct{{Value: "retry", Text: "Try again", Icon: "refresh"}, {Value: "release", Text: "Release", Icon: "lock-open"}}, Total: "3"},
		Blank: ui.Blank{Icon: "circle-check", Title: "Nothing to do", Text: "When a person joins, moves or leaves, what follows at the targets stands here."}}
	for _, o := range rows {
		row := ui.Row{ID: o.Key, Name: o.What, URL: o.URL, Cells: []templ.Component{OperationName(o), OperationState(o.State, o.Error), ui.Main(o.Application.Text, o.Application.URL, o.Account), ui.Linked(o.Person), ui.Number(o.Attempts, ""), ui.When(o.Next, "none planned")}}
		if o.RetryURL != "" {
			row.Acts = []ui.Act{{Key: "a", Text: "Try again", Icon: "refresh", URL: o.RetryURL}}
		}
		g.Rows = append(g.Rows, row)
	}
	return g
}

func galleryOperationsMany() []Sample {
	s := sampleShell("Operations", "Operations")
	ask := ui.Check{Action: "/operations/chosen", Title: "Try 3 operations again?", Will: []string{"A worker takes each as soon as its turn comes", "Each is read back"}, Not: []string{"What is not failed any more is left as it is"}, Button: ui.Buttons{Text: "Try again", Icon: "refresh", Cancel: ui.Link{Text: "Go back, change nothing", URL: "/operations"}}}
	release := ask
	release.Title, release.Reason, release.Errors = "Release 2 operations?", "Why they are right", ui.Errors{{Field: "reason", Text: "Say why they are right."}}
	line := func(id, text string) ui.ResultLine {
		return ui.ResultLine{Link: ui.Link{Text: id, URL: "/operations/1"}, Text: text}
	}
	return []Sample{{"operations-retry", OperationsAsk(s, OperationsAskView{ask})}, {"operations-release", OperationsAsk(s, OperationsAskView{release})},
		{"operations-done", OperationsDone(s, "Released", ui.Result{Verb: "Released", Done: []ui.ResultLine{line("#5090", "Create the account in Ledger")}, Refused: []ui.ResultLine{line("#5089", "It is for yourself: another person can")}, Changed: []ui.ResultLine{line("#5088", "It is cancelled now")}, Back: ui.Link{Text: "Back to the board", URL: "/operations"}})}}
}

func sampleAccountGrid() ui.Grid {
	g := ui.Grid{Name: "accounts", Label: "Accounts", Columns: []ui.Col{{Key: "name", Text: "Account", Fixed: true, Sort: "?sort=-name", Sorted: "ascending"}, {Key: "person", Text: "Person"}, {Key: "state", Text: "State"}, {Key: "sign_in", Text: "Last sign-in", Sort: "?sort=sign_in"}},
		Filter: ui.Filter{Action: "/applications/ledger"}, ExportURL: "?export=csv", Pager: ui.Pager{Text: "1–4 of 68", NextURL: "?cursor=x"}}
	for _, a := range []AccountRow{
		{Name: "ana.ruiz", NativeID: "2819c223-7f76-453a-919d-413861904646", Person: ui.Link{Text: "Ana Ruiz", URL: "/people/ana"}, State: "enabled", LastSignIn: at("yesterday", "2026-11-21T16:20:00Z")},
		{Name: "root", NativeID: "1", State: "enabled", Privileged: true, LastSignIn: at("14 March 2024", "2024-03-14T02:11:00Z"), Dormant: true},
		{Name: "f.dewit", NativeID: "70b7b3a0-0f1d-4a5f-8d56-0d5c4d1f8a11", State: "enabled"},
		{Name: "bakesson", Person: ui.Link{Text: "Björn Åkesson", URL: "/people/b"}, State: "enabled", Zombie: true},
	} {
		g.Rows = append(g.Rows, ui.Row{Name: a.Name, Cells: []templ.Component{AccountName(a), AccountPerson(a), AccountState(a), AccountSignIn(a)}})
	}
	return g
}
