package templates

import (
	"context"
	"tenure/templates/ui"
)

func samplePortalRoles(ctx context.Context) PortalRolesView {
	g := ui.Grid{Name: "roles", Label: "Portal roles", ExportURL: "/portal/roles?export=csv", DenseURL: "/portal/roles?dense=1",
		Columns: []ui.Col{{Key: "name", Text: "Person", Fixed: true}, {Key: "role", Text: "Role", Fixed: true}, {Key: "since", Text: "Since"}, {Key: "by", Text: "Given by"}, {Key: "reason", Text: "Because"}},
		Filter:  ui.Filter{Action: "/portal/roles", Chips: []ui.Chip{{Text: "All", URL: "/portal/roles", Current: true}, {Text: "Administrator", URL: "?role=administrator"}, {Text: "Compliance", URL: "?role=compliance"}, {Text: "IT", URL: "?role=it"}, {Text: "HR", URL: "?role=hr"}, {Text: "Auditor", URL: "?role=auditor"}}},
		Pager:   ui.Pager{Text: "4 roles are given"},
		Blank:   ui.Blank{Icon: "users", Title: "Nobody has a portal role", Text: "The first administrator is made at the command line."},
		NoMatch: ui.Blank{Icon: "users", Title: "Nobody has this role", Text: "Give it to somebody if its work is to be done by a person of its own.", Link: ui.Link{Text: "Show all roles", URL: "/portal/roles"}}}
	for _, v := range []PortalRoleRow{
		{Name: "Break-glass", Second: "An account of the portal only", Role: "Administrator", Since: at("1 March 2024", "2024-03-01T00:00:00Z"), By: "Operator", Reason: "First administrator", TakeURL: "/portal/roles/1/take"},
		{Name: "Tomás Rey", URL: "/people/t", Role: "Compliance", Since: at("14 Mar 2024, 09:10", "2024-03-14T08:10:00Z"), By: "Break-glass", Reason: "Head of compliance, ticket SEC-112", TakeURL: "/portal/roles/2/take"},
		{Name: "Jo Lind", URL: "/people/jo", Role: "IT", Since: at("today 09:12", "2026-11-22T08:12:00Z"), By: "Tomás Rey", Reason: "Runs the applications of Finance", TakeURL: "/portal/roles/3/take"},
		{Name: "Elif Demir", URL: "/people/e", Role: "HR", Idle: "Not in force: the person is not here at present", Since: at("2 Feb 2025, 11:00", "2025-02-02T10:00:00Z"), By: "Tomás Rey", Reason: "HR operations", TakeURL: "/portal/roles/4/take"},
	} {
		g.Rows = append(g.Rows, PortalRoleCells(ctx, v))
	}
	return PortalRolesView{Lead: "Managers and owners follow from facts and are not listed: people are told from HR who reports to them, and applications name their owner.", Grid: g, GiveURL: "/portal/roles/give"}
}

func sampleGive() AskMoreView {
	up := []ui.Link{{Text: "Portal roles", URL: "/portal/roles"}}
	roles := ui.Choices{Name: "role", Label: "Role", Required: true, Options: []ui.Choice{{Value: "hr", Text: "HR", Hint: "Loads HR files and releases those that others loaded."}, {Value: "it", Text: "IT", Hint: "Connects applications, watches operations and repairs them."},
		{Value: "compliance", Text: "Compliance", Hint: "Releases what is held, ends access at once, reads everything.", Chosen: true}, {Value: "auditor", Text: "Auditor", Hint: "Reads everything and changes nothing."},
		{Value: "administrator", Text: "Administrator", Hint: "Decides who has which role and what the roles may do, and has all other roles."}}}
	return AskMoreView{Up: up, Fields: []ui.Field{{Name: "person", Label: "Person", Kind: "text", Hint: "Number, e-mail address or full name", Required: true, Auto: "off"}}, Choices: []ui.Choices{roles},
		Check: ui.Check{Action: "/portal/roles/give", Title: "Give a portal role", Reason: "Reason", Will: []string{"The person has the role from their next click on.", "Who gave it, when and why stands in the log for auditors."}, Not: []string{"You cannot give a role to yourself: another administrator does that."},
			Button: ui.Buttons{Text: "Give the role", Icon: "key", Cancel: ui.Link{Text: "Go back, change nothing", URL: "/portal/roles"}}}}
}

func galleryPortal(ctx context.Context) []Sample {
	s := sampleShell("Portal roles", "Portal")
	full := samplePortalRoles(ctx)
	one, none, filtered, reads := full, full, full, samplePortalRoles(ctx)
	one.Grid.Rows, one.Grid.Pager.Text = full.Grid.Rows[:1], "1 role is given"
	none.Grid.Rows, none.Grid.Pager = nil, ui.Pager{}
	filtered.Grid.Rows, filtered.Grid.Pager, filtered.Grid.Filtered = nil, ui.Pager{}, true
	reads.GiveURL = ""
	for i := range reads.Grid.Rows {
		reads.Grid.Rows[i].Acts = nil
	}
	wrong := sampleGive()
	wrong.Check.Errors = ui.Errors{{Field: "person", Text: "Nobody gives a portal role to themselves: ask another administrator."}}
	wrong.Fields = []ui.Field{{Name: "person", Label: "Person", Kind: "text", Value: "Jo Lind", Hint: "Number, e-mail address or full name", Required: true, Auto: "off", Error: wrong.Check.Errors[0].Text}}
	take := AskMoreView{Up: []ui.Link{{Text: "Portal roles", URL: "/portal/roles"}}, Check: ui.Check{Action: "/portal/roles/3/take", Title: "Take the role IT from Jo Lind?", Reason: "Reason",
		Facts: []ui.Line{{Name: "Person", Text: "Jo Lind", Link: "/people/jo"}, {Name: "Role", Text: "IT"}, {Name: "Given", Text: "today 09:12"}, {Name: "By", Text: "Tomás Rey"}, {Name: "Because", Text: "Runs the applications of Finance"}},
		Will:  []string{"Pages of this role are refused from the person's next click on.", "Their tokens lose the role, too."}, Not: []string{"Nothing that the person decided is undone.", "Their other roles stay, and so does their access to applications."},
		Button: ui.Buttons{Text: "Take the role", Icon: "user-minus", Danger: true, Cancel: ui.Link{Text: "Go back, change nothing", URL: "/portal/roles"}}}}
	mine, rights := sampleShell("Acting for others", "My access"), sampleShell("Permissions", "Portal")
	acting := mine
	acting.Acting = []string{"Acting also for Jo Lind until 3 December"}
	jo, ana := ui.Link{Text: "Jo Lind"}, ui.Link{Text: "Ana Ruiz"}
	rows := DelegationsView{MakeURL: "/me/delegations/new",
		Mine: []DelegationRow{{Person: ana, From: "1 January 2027", Until: "14 January 2027", Scope: "The team and the applications", Reason: "Holiday", State: "ahead", EndURL: "/me/delegations/4/end"},
			{Person: ana, From: "1 July 2026", Until: "31 July 2026", Scope: "The team", Reason: "Parental leave", State: "ended", Ended: at("20 Jul, 08:00", "2026-07-20T06:00:00Z"), EndedBy: "Ana Ruiz"},
			{Person: jo, From: "1 March 2026", Until: "9 March 2026", Scope: "The applications", Reason: "Travel", State: "over"}},
		Given: []DelegationRow{{Person: jo, From: "20 November 2026", Until: "3 December 2026", Scope: "The team", Reason: "Away at the Lisbon site", State: "running", EndURL: "/me/delegations/3/end"}}}
	return []Sample{
		{"portal-roles-full", PortalRoles(s, full)}, {"portal-roles-one", PortalRoles(s, one)}, {"portal-roles-empty", PortalRoles(s, none)}, {"portal-roles-filtered", PortalRoles(s, filtered)}, {"portal-roles-reader", PortalRoles(s, reads)},
		{"portal-role-give", AskMore(s, sampleGive())}, {"portal-role-give-error", AskMore(s, wrong)}, {"portal-role-take", AskMore(s, take)},
		{"permissions-full", Permissions(rights, samplePermissions(true))}, {"permissions-reader", Permissions(rights, samplePermissions(false))},
		{"permission-ask", AskMore(rights, samplePermission(nil))}, {"permission-error", AskMore(rights, samplePermission(ui.Errors{{Field: "role", Text: "Role are as they were: nothing would change."}}))}, {"permission-check", AskMore(rights, samplePermissionCheck())},
		{"delegations-full", Delegations(acting, rows)}, {"delegations-empty", Delegations(mine, DelegationsView{MakeURL: "/me/delegations/new"})},
	}
}
