package templates

import (
	"context"
	"github.com/a-h/templ"

	"tenure/templates/ui"
)

// galleryStates are the states between nothing and much that other galleries leave out: one of something, and what went wrong.
func galleryStates(ctx context.Context) []Sample {
	page, ops, hr := sampleShell("Ana Ruiz", "People"), sampleShell("Operations", "Operations"), sampleShell("HR sources", "Sources")
	team := sampleTeam()
	team.Lead, team.Rows = "1 person reports to you.", team.Rows[:1]
	found := sampleSearch(ctx)
	found.Query, found.Groups = "ruiz", found.Groups[:1]
	broken := SearchView{Action: "/search", Query: "an", Scope: found.Scope, Failed: "The search did not answer in time. Try again in a moment."}
	wrong := samplePersonThen()
	wrong.AsOf.Errors = ui.Errors{{Field: "date", Text: "The date must be written as 2026-03-01."}}
	lonely, silent := OperationsView{Figures: []ui.Figure{{Label: "Failed", Value: "1", URL: "?state=failed", Tone: ui.Bad, Icon: "circle-x"}}, Title: "Failed operations", Grid: sampleOperationGrid(sampleOperations()[2:3])}, OperationsView{Title: "Operations"}
	silent.Grid = ui.Grid{Name: "operations", Label: "Operations", Failed: ui.Failed{Text: "The list could not be read. The workers go on.", Retry: ui.Link{Text: "Try again", URL: "/operations"}}}
	token, unnamed := sampleTokens(), TokensView{Action: "/me/tokens", Valid: sampleLives, Scopes: sampleScopes, List: sampleTokens(), Errors: ui.Errors{{Field: "name", Text: "Say what the token is for."}}}
	token.Rows, token.Pager.Text = token.Rows[:1], "1 token"
	none := EndingView{Name: "Björn Åkesson", PersonURL: "/people/b", Since: at("today 14:02", "2026-11-22T14:02:00Z"), Over: true, Watch: ui.Watching{ID: "ending", Over: true, Percent: 100}}
	key := ui.Errors{{Field: "code", Text: "The code is not the one the app shows now. Codes change every 30 seconds."}}
	return []Sample{
		{"team-one", Team(sampleShell("My team", "My team"), team)}, {"search-one", Search(page, found)}, {"search-error", Search(page, broken)}, {"person-wrong-date", Person(page, wrong)},
		{"operations-one", Operations(ops, lonely)}, {"operations-error", Operations(ops, silent)},
		{"tokens-one", Tokens(page, TokensView{Action: "/me/tokens", Valid: sampleLives, Scopes: sampleScopes, List: token})}, {"tokens-error", Tokens(page, unnamed)},
		{"tasks-one", Tasks(sampleShell("My tasks", ""), TasksView{Rows: []TaskRow{{Title: "Read people-2026-11-22.csv", URL: "/tasks/x", State: "running", Percent: 66, Begun: at("today 09:12", "2026-11-22T09:12:04Z")}}})},
		{"ending-none", Ending(sampleShell("Björn Åkesson is terminated", "People"), none)},
		{"delegations-one", Delegations(sampleShell("Acting for others", "My access"), DelegationsView{MakeURL: "/me/delegations/new", Mine: []DelegationRow{{Person: ui.Link{Text: "Ana Ruiz"}, From: "1 January 2027", Until: "14 January 2027", Scope: "The team and the applications", Reason: "Holiday", State: "ahead", EndURL: "/me/delegations/4/end"}}})},
		{"policy-roles-one", Policy(sampleShell("Policy", "Policy"), PolicyView{Version: "v1", Applied: at("today 09:14", "2026-11-22T08:14:00Z"), By: "Jo Lind", Tab: "roles", Tabs: []ui.Chip{{Text: "Roles", URL: "?tab=roles", Count: 1, Counted: true, Current: true}, {Text: "Birthright rules", URL: "?tab=rules", Counted: true}, {Text: "Versions", URL: "?tab=versions", Count: 1, Counted: true}},
			Roles: []RoleRow{{Name: "Employee", What: "Everybody who works here", Owner: "Jo Lind", Holds: []string{"Account in Directory"}, Holders: 238, URL: "/people?role=employee"}}})},
		{"signin-enrol-wrong", Enrol(ui.Shell{Title: "Set up the second step", Organisation: "Halden & Frost"}, EnrolView{Action: "/signin/enrol", Key: "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP", Image: samplePicture, Errors: key})},
		{"sources-one", Sources(hr, SourcesView{Sources: []Source{sampleSource(nil)}, ExpectURL: "/hr/expect"})},
		{"sources-error", Sources(hr, SourcesView{Sources: []Source{sampleSource(ui.Errors{{Field: "file", Text: "Choose a file that is not empty."}})}, ExpectURL: "/hr/expect"})},
		{"expect-one", Expect(hr, sampleExpect(nil))}, {"expect-error", Expect(hr, sampleExpect(ui.Errors{{Field: "count", Text: "At most must be 1 or more."}, {Field: "note", Text: "Say why so many people change at once."}}))},
		{"run-people", RunList(hr, sampleRunList(sampleRun().Groups...))}, {"run-people-one", RunList(hr, sampleRunList(sampleRun().Groups[1:2]...))}, {"run-people-empty", RunList(hr, sampleRunList())},
		{"demo-one", DemoFeed(sampleShell("Demo HR feed", "Demo feed"), DemoFeedView{Day: "22 November 2026", Pending: []string{"End Björn Åkesson on 2026-12-31"}, SendURL: "/demo/hr/send", Action: "/demo/hr", Query: "kesson", Watch: ui.Watching{ID: "happening", Over: true, Percent: 100}, Pager: ui.Pager{Text: "1 person"},
			Rows: []DemoPerson{{Number: "H-0311", Name: "Björn Åkesson", Department: "Engineering", Title: "Senior Engineer", Start: "2019-08-15", End: "2026-12-31", Changed: "end changed, not sent yet", ChangeURL: "/demo/hr/H-0311"}},
			Hire: DemoHire{Action: "/demo/hr/hire", Start: "2026-12-01", Departments: []ui.Option{{Value: "Finance", Text: "Finance"}}}})},
	}
}

func sampleSource(wrong ui.Errors) Source {
	return Source{Name: "people", Kind: "CSV file, whole snapshot", Rows: 246, Last: ui.Link{Text: "run #40", URL: "/hr/runs/40"}, LastAt: at("yesterday 18:30", "2026-11-21T18:30:00Z"), State: "applied", Good: ui.Link{Text: "#40", URL: "/hr/runs/40"}, GoodAt: at("yesterday 18:30", "2026-11-21T18:30:00Z"),
		Details: "Leavers by absence; dates as 2006-01-02; zone Europe/Berlin", Upload: &Upload{Action: "/hr/sources/people/upload", Scope: "people", Accept: ".csv", Limit: "A CSV file of at most 64 MB", Errors: wrong}}
}

func sampleExpect(wrong ui.Errors) ExpectView {
	return ExpectView{Action: "/hr/expect", Errors: wrong, Sources: []ui.Option{{Value: "staff", Text: "staff", Selected: true}}, Kinds: []ui.Option{{Value: "leavers", Text: "Leavers"}, {Value: "movers", Text: "Movers"}, {Value: "rows", Text: "Rows fewer"}},
		Announced: []Expected{{Source: "staff", What: "Up to 40 leavers", Days: "2026-11-20 – 2026-11-30", Note: "The Oslo site closes", By: "Tomás Rey"}}}
}

// sampleRunList is everybody of some classes of a run.
func sampleRunList(classes ...ChangeGroup) RunListView {
	g := ui.Grid{Name: "run-people", Label: "People of this run", Columns: []ui.Col{{Key: "person", Text: "Person"}, {Key: "class", Text: "Change"}, {Key: "what", Text: "What changes"}}, ExportURL: "/hr/runs/41/people?export=csv",
		Blank:  ui.Blank{Icon: "equal", Title: "Nobody is kept one by one", Text: "The run changed nobody, or it was so large or so long ago that only the log tells."},
		Filter: ui.Filter{Chips: []ui.Chip{{Text: "All", URL: "/hr/runs/41/people", Count: 36, Counted: true, Current: true}, {Text: "Leavers", URL: "?class=leaver", Count: 31, Counted: true}, {Text: "Movers", URL: "?class=mover", Count: 3, Counted: true}, {Text: "Joiners", URL: "?class=joiner", Count: 2, Counted: true}}}}
	for _, c := range classes {
		for _, r := range c.Rows {
			g.Rows = append(g.Rows, ui.Row{Name: r.Name, URL: r.URL, Cells: []templ.Component{ui.Main(r.Name, r.URL, r.Number), ui.Words(c.Title), ChangeWords(r)}})
		}
	}
	return RunListView{ID: "#41", Run: ui.Link{Text: "HR run #41", URL: "/hr/runs/41"}, Grid: g}
}
