package templates

import "tenure/templates/ui"

func sampleRoleTree() RoleTreeView {
	finance := RoleBranch{Role: ui.Link{Text: "Finance", URL: "/policy/roles/3"}, Owner: "Ana Ruiz", Members: []string{"24 people by rule"}, Gives: "3 entitlements in Ledger and Payments", Within: []RoleBranch{{Role: ui.Link{Text: "Employee", URL: "/policy/roles/1"}, Owner: "Tomás Rey", Members: []string{"238 people by rule"}, Gives: "2 entitlements in Company directory"}}}
	lead := RoleBranch{Role: ui.Link{Text: "AP Lead", URL: "/policy/roles/7"}, Members: []string{"4 people by rule", "1 person by decision"}, Gives: "5 entitlements in Ledger and Payments", Within: []RoleBranch{finance}}
	again := finance
	again.Again, again.Within = true, nil
	return RoleTreeView{Roles: []RoleBranch{lead, {Role: ui.Link{Text: "Head of Finance and of the shared services in Porto", URL: "/policy/roles/9"}, Owner: "Ana Ruiz", Members: []string{"1 person by rule"}, Gives: "6 entitlements in Ledger and Payments", Within: []RoleBranch{again}}, {Role: ui.Link{Text: "Visitor", URL: "/policy/roles/4"}, Owner: "Jo Lind", Members: []string{"0 people by rule"}, Gives: "nothing"}},
		Picture: &RolePicture{Width: 642, Height: 80, Boxes: []RoleBox{{X: 1, Y: 1, W: 176, H: 34, Text: "AP Lead", Title: "AP Lead", URL: "/policy/roles/7"}, {X: 1, Y: 45, W: 176, H: 34, Text: "Head of Finance and of…", Title: "Head of Finance and of the shared services in Porto", URL: "/policy/roles/9"}, {X: 233, Y: 1, W: 176, H: 34, Text: "Finance", Title: "Finance", URL: "/policy/roles/3"}, {X: 465, Y: 1, W: 176, H: 34, Text: "Employee", Title: "Employee", URL: "/policy/roles/1"}},
			Lines: []RoleLine{{177, 18, 233, 18}, {177, 62, 233, 18}, {409, 18, 465, 18}}}}
}

func galleryHistory() []Sample {
	s := sampleShell("Versions of Leads of accounts payable", "Policy")
	full := HistoryView{Up: []ui.Link{{Text: "Policy", URL: "/policy?tab=rules"}}, Title: "Versions of Leads of accounts payable", Lead: "Birthright rule, declared as ap-leads.", EditURL: "/policy/changes/new?edit=x", Action: "/policy/objects/7/versions",
		Versions: []ObjectVersion{{N: 3, Policy: "v14", Since: at("18 November 2026", "2026-11-18T16:20:00Z"), By: "Tomás Rey", Author: "Jo Lind", Change: ui.Link{Text: "Managers of accounts payable in place of leads, as agreed with the head of Finance", URL: "/policy/changes/9"}, CompareURL: "?from=2&to=3#compare"},
			{N: 2, Policy: "v12", Since: at("2 October 2026", "2026-10-02T09:00:00Z"), Until: at("18 November 2026", "2026-11-18T16:20:00Z"), By: "Ana Ruiz", Author: "Jo Lind", Change: ui.Link{Text: "Berlin pays as well", URL: "/policy/changes/6"}, CompareURL: "?from=1&to=2#compare", BackURL: "/policy/objects/7/versions/2/back"},
			{N: 1, Policy: "v1", Since: at("1 March 2024", "2024-03-01T08:00:00Z"), Until: at("2 October 2026", "2026-10-02T09:00:00Z"), By: "Operator", BackURL: "/policy/objects/7/versions/1/back"}},
		From: []ui.Option{{Value: "3", Text: "Version 3, 18 November 2026"}, {Value: "2", Text: "Version 2, 2 October 2026", Selected: true}, {Value: "1", Text: "Version 1, 1 March 2024"}},
		To:   []ui.Option{{Value: "3", Text: "Version 3, 18 November 2026", Selected: true}, {Value: "2", Text: "Version 2, 2 October 2026"}, {Value: "1", Text: "Version 1, 1 March 2024"}},
		Compared: &Comparison{Title: "From version 2 to version 3", Fields: []ChangedField{{Name: "description", To: "They pay what their team has entered."}, {Name: "entitlements", From: `["ledger/pay","ledger/read"]`, To: `["ledger/pay"]`}, {Name: "when", From: `title == "AP Lead" && location in ["Hamburg", "Berlin"]`, To: `title == "AP Manager"`}},
			Lines: []DiffText{{Text: "kind: BirthrightRule"}, {Text: "name: ap-leads"}, {Text: "spec:"}, {Op: "+", Text: "  description: They pay what their team has entered."}, {Text: "  entitlements:"}, {Text: "  - ledger/pay"}, {Op: "-", Text: "  - ledger/read"}, {Text: "  title: Leads of accounts payable"}, {Op: "-", Text: `  when: title == "AP Lead" && location in ["Hamburg", "Berlin"]`}, {Op: "+", Text: `  when: title == "AP Manager"`}}}}
	ended, one := full, full
	ended.Ended, ended.EditURL = &ui.Notice{Tone: ui.Info, Title: "It is not part of the policy any more", Text: "It ended with version 15 of the policy, today 09:14, by Tomás Rey. It can be brought back.", Link: ui.Link{Text: "See the change", URL: "/policy/changes/11"}}, ""
	ended.Versions = append([]ObjectVersion(nil), full.Versions...)
	ended.Versions[0].Until, ended.Versions[0].BackURL = at("today 09:14", "2026-11-22T08:14:00Z"), "/policy/objects/7/versions/3/back"
	one.Versions, one.Compared, one.Document = []ObjectVersion{full.Versions[2]}, nil, "kind: BirthrightRule\nname: ap-leads\nspec:\n  title: Leads of accounts payable\n  when: title == \"AP Lead\"\n"
	one.Versions[0].Until, one.Versions[0].BackURL = ui.Time{}, ""
	roles, one1 := sampleShell("Roles within roles", "Policy"), sampleRoleTree()
	one1.Roles, one1.Picture = one1.Roles[2:], nil
	return []Sample{{"role-tree-full", RoleTree(roles, sampleRoleTree())}, {"role-tree-one", RoleTree(roles, one1)}, {"role-tree-empty", RoleTree(roles, RoleTreeView{})}, {"history-full", History(s, full)}, {"history-ended", History(s, ended)}, {"history-one", History(s, one)}}
}
