package templates

import (
	"context"
	"tenure/templates/ui"
)

func samplePeople(ctx context.Context) PeopleView {
	g := ui.Grid{Name: "people", Label: "People", ExportURL: "/people?export=csv", DenseURL: "/people?dense=1", Columns: []ui.Col{
		{Key: "name", Text: "Name", Sort: "/people?sort=-name", Sorted: "ascending", Fixed: true}, {Key: "number", Text: "Number", Sort: "/people?sort=number"},
		{Key: "state", Text: "State"}, {Key: "department", Text: "Department", Sort: "/people?sort=department"}, {Key: "title", Text: "Title"},
		{Key: "location", Text: "Location", Hidden: true}, {Key: "type", Text: "Worker type", Hidden: true}, {Key: "manager", Text: "Manager"},
		{Key: "since", Text: "Since", Hidden: true, Sort: "/people?sort=since"}, {Key: "accounts", Text: "Accounts", Number: true}, {Key: "grants", Text: "Grants", Number: true}},
		Filter: ui.Filter{Action: "/people", Search: "Search people", Hint: "Name, number or e-mail", Selects: []ui.Field{
			{Name: "department", Label: "Department", Kind: "select", Options: []ui.Option{{Text: "All"}, {Value: "Engineering", Text: "Engineering"}, {Value: "Finance", Text: "Finance"}}},
			{Name: "location", Label: "Location", Kind: "select", Options: []ui.Option{{Text: "All"}, {Value: "Berlin", Text: "Berlin"}}},
			{Name: "type", Label: "Worker type", Kind: "select", Options: []ui.Option{{Text: "All"}, {Value: "employee", Text: "employee"}}},
			{Name: "has", Label: "Has", Kind: "select", Options: []ui.Option{{Text: "Anything"}, {Value: "privileged", Text: "Privileged access"}, {Value: "out_of_band", Text: "Access out of band"}}}},
			Chips: []ui.Chip{{Text: "All", URL: "/people", Count: 289, Counted: true, Current: true}, {Text: "Active", URL: "/people?state=active", Count: 238, Counted: true},
				{Text: "Not started", URL: "/people?state=prehire", Count: 4, Counted: true}, {Text: "On leave", URL: "/people?state=leave", Count: 6, Counted: true},
				{Text: "Left", URL: "/people?state=left", Count: 41, Counted: true}}},
		Bulk: ui.Bulk{Action: "/people/chosen", All: "token", Total: "289", Acts: []ui.BulkAct{{Value: "export", Text: "Export as CSV", Icon: "download"},
			{Value: "check", Text: "Check their targets now", Icon: "refresh"}}},
		Pager: ui.Pager{Text: "1–7 of 289", NextURL: "/people?cursor=x"},
		Blank: ui.Blank{Icon: "users", Title: "Nobody here yet", Text: "People come from an HR source. Connect one, or upload its first file.", Link: ui.Link{Text: "HR sources", URL: "/hr/sources"}},
		NoMatch: ui.Blank{Icon: "search", Title: "Nobody matches", Text: "No person has a word of the name, number or e-mail address that begins like this, with these filters.",
			Link: ui.Link{Text: "Show everything", URL: "/people"}}}
	for _, p := range []PersonRow{
		{Name: "Ana Ruiz", URL: "/people/ana", Number: "H-1042", State: "active", Department: "Finance", Title: "AP Lead", Manager: ui.Link{Text: "Jo Lind", URL: "/people/jo"}, Accounts: 3, Grants: 17},
		{Name: "Björn Åkesson", URL: "/people/b", Number: "H-0311", State: "active", Next: "leaves on 31 December 2026", Department: "Engineering", Title: "Senior Engineer", Manager: ui.Link{Text: "Wei Zhang", URL: "/people/w"}, Accounts: 4, Grants: 22},
		{Name: "Chidera Okonkwo-Vandenberghe", URL: "/people/c", Number: "H-1310", State: "prehire", Next: "starts on 1 December 2026", Department: "Customer Success and Support", Title: "Technical Account Manager", Manager: ui.Link{Text: "Ida Szabó", URL: "/people/i"}},
		{Name: "Dmitri Volkov", URL: "/people/d", Number: "H-0877", State: "leave", Department: "Engineering", Title: "Engineer", Manager: ui.Link{Text: "Wei Zhang", URL: "/people/w"}, Accounts: 2},
		{Name: "Elif Demir", URL: "/people/e", Number: "H-0420", State: "left", Department: "Sales", Title: "Account Executive"},
		{Name: "Femke de Wit", URL: "/people/f", Number: "H-1198", State: "active", Department: "Sales", Title: "Account Executive", Manager: ui.Link{Text: "Elif Demir", URL: "/people/e"}, ManagerState: "left", Accounts: 2, Grants: 9},
		{Name: "Gintarė Petrauskaitė", URL: "/people/g", Number: "H-0764", State: "active", Department: "Finance", Title: "Controller", Manager: ui.Link{Text: "Jo Lind", URL: "/people/jo"}, Accounts: 3, Grants: 14},
	} {
		row := PersonCells(ctx, p)
		row.ID = p.Number
		g.Rows = append(g.Rows, row)
	}
	return PeopleView{Lead: "289 people, 238 of them active.", Grid: g}
}

func onePerson(ctx context.Context) PeopleView {
	v := samplePeople(ctx)
	v.Grid.Rows, v.Grid.Pager, v.Lead = v.Grid.Rows[:1], ui.Pager{Text: "1–1 of 1"}, "1 person, 1 of them active."
	return v
}

func noPeople(ctx context.Context) PeopleView {
	v := samplePeople(ctx)
	v.Grid.Rows, v.Grid.Pager, v.Grid.Filter.Chips, v.Lead = nil, ui.Pager{}, nil, ""
	return v
}

func filteredPeople(ctx context.Context) PeopleView {
	v := samplePeople(ctx)
	v.Grid.Rows, v.Grid.Pager, v.Grid.Filtered, v.Grid.Filter.Query, v.Grid.Filter.ClearURL = nil, ui.Pager{}, true, "zzz", "/people"
	return v
}

func failedPeople(ctx context.Context) PeopleView {
	v := samplePeople(ctx)
	v.Grid.Rows, v.Grid.Pager = nil, ui.Pager{}
	v.Grid.Failed = ui.Failed{Text: "The database did not answer in time.", Retry: ui.Link{Text: "Try again", URL: "/people"}}
	return v
}
