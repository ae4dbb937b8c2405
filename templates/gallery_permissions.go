package templates

import "tenure/templates/ui"

func samplePermissions(edit bool) PermissionsView {
	reads, own, writes := ui.Tag{Tone: ui.Neutral, Icon: "eye", Text: "Reads"}, ui.Tag{Tone: ui.Neutral, Icon: "user", Text: "Their own only"}, ui.Tag{Tone: ui.Warn, Icon: "key", Text: "Changes"}
	no, has, through := PermissionCell{}, PermissionCell{Has: true}, func(role string) PermissionCell { return PermissionCell{Has: true, Through: role} }
	never := PermissionCell{Fixed: "Auditors only read."}
	staff := []PermissionCell{has, through("Employee"), through("Employee"), through("Employee"), through("Employee"), through("Employee"), through("Employee"), through("Employee")}
	v := PermissionsView{Roles: []string{"Employee", "Manager", "Application owner", "HR", "IT", "Compliance", "Auditor", "Administrator"},
		Rules: []string{"Auditors only read: no right that changes something can be given to them.", "Administrators keep the rights to give roles and to change rights: otherwise nobody could give them back.",
			"Nobody gives a portal role to themselves, and the last administrator stays.", "Nobody releases what they loaded, or decides about their own access."},
		Changed: at("today 09:12", "2026-11-22T08:12:00Z"), ChangedBy: "Tomás Rey",
		Groups: []PermissionGroup{
			{Title: "One's own", Rows: []PermissionRow{{Name: "access.mine", Text: "See their own access, and take their own first passwords", Kind: own, Cells: staff}, {Name: "home.read", Text: "Open the portal and see their first page", Kind: reads, Cells: staff}}},
			{Title: "HR", Rows: []PermissionRow{
				{Name: "hr.read", Text: "See HR sources and runs", Kind: reads, Cells: []PermissionCell{no, no, no, has, has, has, has, through("HR")}},
				{Name: "hr.release", Text: "Release or drop an HR run that is held, loaded by somebody else", Kind: writes, Cells: []PermissionCell{{Fixed: "Auditors are this as well, and they only read."}, no, no, has, has, has, never, through("HR")}}}},
			{Title: "The portal itself", Rows: []PermissionRow{{Name: "portal.change", Text: "Change what portal roles may do", Kind: writes,
				Cells: []PermissionCell{{Fixed: "Auditors are this as well, and they only read."}, no, no, no, no, no, never, {Has: true, Fixed: "Administrators keep it: otherwise nobody could give it back."}}}}}}}
	for i := range v.Groups {
		for j := range v.Groups[i].Rows {
			if edit {
				v.Groups[i].Rows[j].EditURL = "/portal/permissions/" + v.Groups[i].Rows[j].Name
			}
		}
	}
	return v
}

func samplePermission(bad ui.Errors) AskMoreView {
	roles := ui.Choices{Name: "role", Label: "Roles that have it of their own", Hint: "Whoever has a role that includes one of these has it, too.", Error: bad.Of("role"), Options: []ui.Choice{
		{Value: "employee", Text: "Employee", Disabled: "Auditors are this as well, and they only read."}, {Value: "manager", Text: "Manager"}, {Value: "owner", Text: "Application owner"}, {Value: "hr", Text: "HR", Chosen: true}, {Value: "it", Text: "IT", Chosen: true},
		{Value: "compliance", Text: "Compliance", Chosen: true}, {Value: "auditor", Text: "Auditor", Disabled: "Auditors only read."}, {Value: "administrator", Text: "Administrator", Hint: "Has it through: HR."}}}
	return AskMoreView{Up: []ui.Link{{Text: "Permissions", URL: "/portal/permissions"}}, Tick: []ui.Choices{roles},
		Check: ui.Check{Action: "/portal/permissions/hr.release", Hidden: ui.Kept("stamp", "0c1e"), Title: "Who may: Release or drop an HR run that is held, loaded by somebody else", Errors: bad,
			Facts: []ui.Line{{Name: "Permission", Text: "hr.release"}, {Name: "It", Text: "Changes"}}, Not: []string{"Nothing is changed yet: the next page says who gains and who loses the right."},
			Button: ui.Buttons{Text: "Look at what would follow", Icon: "arrow-right", Cancel: ui.Link{Text: "Go back, change nothing", URL: "/portal/permissions"}}}}
}

func samplePermissionCheck() AskMoreView {
	return AskMoreView{Up: []ui.Link{{Text: "Permissions", URL: "/portal/permissions"}},
		Check: ui.Check{Action: "/portal/permissions/hr.release", Title: "Change who may: Release or drop an HR run that is held, loaded by somebody else?", Reason: "Reason", Hidden: ui.Kept("stamp", "0c1e", "sure", "yes"),
			Facts: []ui.Line{{Name: "Permission", Text: "hr.release"}, {Name: "Given to", Text: "Manager"}, {Name: "Taken from", Text: "IT"}},
			Will:  []string{"Manager may do it from the next click on: everybody to whom somebody reports.", "IT may not do it any more: 4 people have the role."}, Not: []string{"Nothing that was done or decided is undone."},
			Button: ui.Buttons{Text: "Change it", Icon: "shield-check", Danger: true, Cancel: ui.Link{Text: "Go back, change nothing", URL: "/portal/permissions/hr.release"}}}}
}
