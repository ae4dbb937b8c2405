package templates

import (
	"context"
	"github.com/a-h/templ"

	"tenure/templates/ui"
)

// galleryKit shows the parts that pages are made of, each in its states, and the reader's own settings.
func galleryKit(ctx context.Context) []Sample {
	s := sampleShell("Parts", "")
	s.SearchURL, s.Letters, s.At = "/search", true, at("today 09:14", "2026-11-22T08:14:00Z")
	s.User.Profile = "/me/profile"
	return []Sample{
		{"kit-list", kitList(s, sampleGrid(ctx))},
		{"kit-list-dense", kitList(s, func() ui.Grid { g := sampleGrid(ctx); g.Dense = true; return g }())},
		{"kit-list-empty", kitList(s, ui.Grid{Name: "people", Label: "People", Blank: ui.Blank{Icon: "users", Title: "Nobody here yet", Text: "People come from an HR source.", Link: ui.Link{Text: "HR sources", URL: "/hr/sources"}}})},
		{"kit-list-filtered", kitList(s, func() ui.Grid {
			g := sampleGrid(ctx)
			g.Rows, g.Filtered, g.Filter.Query, g.Filter.ClearURL = nil, true, "zzz", "/people"
			return g
		}())},
		{"kit-list-error", kitList(s, func() ui.Grid {
			g := sampleGrid(ctx)
			g.Rows, g.Failed = g.Rows[:1], ui.Failed{Text: "GitHub could not be read since 09:10.", Since: at("today 09:10", "2026-11-22T08:10:00Z"), Retry: ui.Link{Text: "Try again", URL: "/people"}}
			return g
		}())},
		{"kit-list-failed", kitList(s, ui.Grid{Name: "people", Label: "People", Failed: ui.Failed{Text: "The list could not be read."}})},
		{"kit-list-loading", kitList(s, ui.Grid{Name: "people", Label: "people", Busy: true})},
		{"kit-forms", kitForms(s)},
		{"kit-check", kitCheck(s)},
		{"kit-results", kitResults(s)},
		{"kit-way", kitWay(s)},
		{"kit-charts", kitCharts(s)},
		{"kit-drawer", kitDrawer(s)},
		{"profile-plain", Profile(s, sampleProfile(nil))},
		{"profile-error", Profile(s, sampleProfile(ui.Errors{{Field: "zone", Text: "Zone is not a time zone: write one such as Europe/Berlin."}}))},
		{"keys-help", KeysHelp(s)},
		{"api", API(s, APIView{Document: "/api/v1/openapi.json", Groups: []APIGroup{{"about-people", "People and what they hold", []APIOperation{{"GET", "/api/v1/people", "List people", "person.list", "read"}, {"GET", "/api/v1/people/{id}/access", "Read what a person holds, and why", "person.read", "read"}}},
			{"about-requests", "Asking for access, and deciding about it", []APIOperation{{"POST", "/api/v1/requests", "Ask for access", "request.mine", "decide"}}}},
			Codes: []APICode{{"not_found", "404", "There is no such thing", "It does not exist, or not for this person: nobody can tell which."}, {"conflict", "409", "It is in another state", "Somebody else was faster, or it is over."}}})},
	}
}

func sampleProfile(bad ui.Errors) ProfileView {
	return ProfileView{Action: "/me/profile", Errors: bad, Letters: true, OwnZone: "Europe/Berlin", Now: "09:14, Sunday 22 November",
		Density: []ui.Choice{{Text: "Comfortable", Hint: "40 pixels a row", Chosen: true}, {Value: "dense", Text: "Dense", Hint: "32 pixels a row"}},
		Theme:   []ui.Choice{{Text: "As the system", Chosen: true}, {Value: "light", Text: "Light"}, {Value: "dark", Text: "Dark"}},
		Start:   []ui.Option{{Text: "Home", Selected: true}, {Value: "/inbox", Text: "Inbox"}},
		Telling: TellingView{Lead: "Letters go to jo.lind@halden.example.", When: []ui.Choice{{Value: "now", Text: "At once", Chosen: true}, {Value: "digest", Text: "Once a day", Hint: "What is urgent comes at once all the same"}},
			Hours: []ui.Option{{Value: "8", Text: "08:00", Selected: true}, {Value: "9", Text: "09:00"}}, Kinds: []ui.Choice{{Value: "decided", Text: "My request was decided", Chosen: true}, {Value: "ended", Text: "Access of mine ended"}}}}
}

func sampleGrid(ctx context.Context) ui.Grid {
	g := ui.Grid{Name: "people", Label: "People", ExportURL: "/people?export=csv", DenseURL: "/people?dense=1",
		Columns: []ui.Col{{Key: "name", Text: "Name", Sort: "/people?sort=-name", Sorted: "ascending"}, {Key: "state", Text: "State"}, {Key: "department", Text: "Department", Sort: "/people?sort=department"},
			{Key: "title", Text: "Title", Hidden: true}, {Key: "risk", Text: "Highest risk"}, {Key: "grants", Text: "Grants", Number: true, Sort: "/people?sort=grants"}, {Key: "seen", Text: "Last seen"}},
		Filter: ui.Filter{Action: "/people", Search: "Search people", Hint: "Name, number, e-mail", Keep: ui.Kept("sort", "name"),
			Selects: []ui.Field{{Name: "state", Label: "State", Options: []ui.Option{{Text: "All"}, {Value: "active", Text: "Active", Selected: true}, {Value: "leave", Text: "On leave"}}}},
			Chips:   []ui.Chip{{Text: "All", URL: "/people", Count: 254, Counted: true, Current: true}, {Text: "Leaving soon", URL: "/people?soon=1", Count: 3, Counted: true}}},
		Views:   ui.Views{List: "people", Action: "/views", Query: "state=active", Saved: []ui.View{{Name: "Finance, active", URL: "/people?q=finance", DeleteURL: "/views/3/delete"}}},
		Bulk:    ui.Bulk{Action: "/people/bulk", All: "eyJsIjoicGVvcGxlIn0", Total: "1\u202f000+", Acts: []ui.BulkAct{{Value: "remind", Text: "Remind", Icon: "send"}, {Value: "remove", Text: "Remove", Icon: "circle-minus", Danger: true}}},
		NoMatch: ui.Blank{Icon: "search", Title: "Nobody matches", Text: "No person has this in the name.", Link: ui.Link{Text: "Show everybody", URL: "/people"}},
		Pager:   ui.Pager{Text: "1–3 of 1\u202f000+", NextURL: "/people?cursor=x"}}
	for _, p := range []struct{ id, name, number, dept, state, risk string }{
		{"1", "Ana Ruiz", "1001", "Finance", "active", "high"}, {"2", "Omar Diaz", "1002", "Finance", "leave", "critical"}, {"3", "Maximiliane Hohenstein-Oberschleißheim", "1003", "Research and development", "active", "low"}} {
		g.Rows = append(g.Rows, ui.Row{ID: p.id, Name: p.name, URL: "/gallery/kit-drawer", Drawer: true, Quiet: p.state == "leave", Cells: []templ.Component{
			ui.Main(p.name, "/gallery/kit-drawer", p.number), ui.Stated(tag(ctx, personTags, p.state), "since 1 March 2024"), ui.Words(p.dept), ui.Words("Clerk"), ui.Badge(ui.Risk(ctx, p.risk)), ui.Number(17, "/people/1"), ui.When(at("today 09:14", "2026-11-22T08:14:00Z"), "never seen")},
			Acts: []ui.Act{{Key: "a", Text: "Keep", Icon: "check", URL: "/people/" + p.id + "/keep"}, {Key: "r", Text: "Remove", Icon: "x", URL: "/people/" + p.id + "/remove", Get: true, Danger: true}}})
	}
	return g
}

func sampleDiff(ctx context.Context) ui.Diff {
	return ui.Diff{
		Keeps: []ui.DiffLine{{Title: "Mail", Sub: "Directory", Reason: "because of rule “Everybody” (v3)"}, {Title: "Payroll view", Sub: "Ledger", Reason: "because of request R-118", When: "until 31 December 2026"}},
		Gains: []ui.DiffLine{{Title: "Pay invoices", Sub: "Ledger", Reason: "because of role AP Lead (v3)", When: "on 21 November", Badges: []ui.Tag{ui.Risk(ctx, "high")}}},
		Loses: []ui.DiffLine{{Title: "CRM export", Sub: "Directory", Reason: "no longer in Sales", When: "now", Badges: []ui.Tag{ui.Risk(ctx, "critical")}}, {Title: "Book travel", Sub: "Directory", When: "on 21 November", Act: ui.Act{Text: "Keep for hand-over", URL: "/people/1/handover", Get: true}}},
	}
}

var sampleStages = []ui.Stage{{Name: "Sent", State: "done", Holder: "Ana Ruiz", When: "yesterday 14:02"}, {Name: "Manager", State: "done", Holder: "Jo Lind"}, {Name: "Owner", State: "now", Holder: "Tomás Rey", When: "due today 17:00"}, {Name: "Set up", State: "ahead"}, {Name: "Done", State: "ahead"}}

func sampleEvents() []ui.Event {
	return []ui.Event{
		{ID: "e881", Day: "Today, 22 November 2026", At: at("14:02", "2026-11-22T13:02:00Z"), Tone: ui.Good, Icon: "circle-check", Kind: "Operation", Title: "GitHub disabled", Proof: "verified by reading #881", Sealed: "/evidence/881", Source: "reading #881"},
		{ID: "e880", Day: "Today, 22 November 2026", At: at("13:58", "2026-11-22T12:58:00Z"), Tone: ui.Info, Icon: "arrows-exchange", Kind: "HR", Title: "Moved to AP Lead", Text: "Loses 4, gains 6, keeps 9.", Who: "from the HR feed", Source: "people.csv, line 81", Link: ui.Link{Text: "Run 41", URL: "/hr/runs/41"}},
	}
}

func sampleTokens() ui.Grid {
	g := ui.Grid{Name: "tokens", Label: "Your tokens", ExportURL: "/me/tokens?export=csv", DenseURL: "/me/tokens?dense=1",
		Columns: []ui.Col{{Key: "name", Text: "Name", Sort: "/me/tokens?sort=name"}, {Key: "scope", Text: "May"}, {Key: "made", Text: "Made", Sort: "/me/tokens?sort=made", Sorted: "descending"}, {Key: "used", Text: "Last used"}, {Key: "expires", Text: "Valid until", Sort: "/me/tokens?sort=expires"}},
		Filter:  ui.Filter{Action: "/me/tokens", Search: "Search your tokens", Hint: "What it is for"}, Views: ui.Views{List: "tokens", Action: "/views"}, Pager: ui.Pager{Text: "1–2 of 2"}}
	for _, t := range []struct{ id, name, made, expires string }{{"7", "nightly export", "2 Nov, 09:14", "2 Dec, 09:14"}, {"9", "laptop", "today 09:14", "29 Nov, 09:14"}} {
		g.Rows = append(g.Rows, ui.Row{Name: t.name, Cells: []templ.Component{ui.Words(t.name), ui.Words("Read"), ui.When(at(t.made, "2026-11-22T08:14:00Z"), ""), ui.When(ui.Time{}, "never"), ui.When(at(t.expires, "2026-11-29T08:14:00Z"), "")},
			Acts: []ui.Act{{Key: "r", Text: "Revoke", Icon: "ban", URL: "/me/tokens/" + t.id + "/revoke"}}})
	}
	return g
}
