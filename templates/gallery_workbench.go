package templates

import "tenure/templates/ui"

func sampleWorkbench() WorkbenchView {
	pick := func(now string, all ...string) (out []ui.Option) {
		for _, x := range all {
			out = append(out, ui.Option{Value: x, Text: x, Selected: x == now})
		}
		return out
	}
	line := func(attribute, is string, several bool, values ...string) ConditionLine {
		return ConditionLine{Attributes: pick(attribute, "country", "department", "title"), Is: pick(is, "is", "is one of", "starts with"), Values: values, Several: several}
	}
	effect := sampleChange()
	effect.Held = ""
	effect.Figures = effect.Figures[:4]
	text := "kind: BirthrightRule\nname: ap-leads\nspec:\n  title: Leads of accounts payable\n  when: title.startsWith(\"AP Lead\") && country in [\"ES\", \"PT\"]\n  roles:\n  - AP Lead\n  entitlements:\n  - erp/ap_pay\n"
	return WorkbenchView{Title: "New birthright rule", Lead: "Nothing happens before another person has approved it.", Kind: "BirthrightRule", Draw: "/policy/effect", Plan: "/policy/new",
		Starts: []ui.Chip{{Text: "New birthright rule", URL: "/policy/new?kind=rule", Current: true}, {Text: "New role", URL: "/policy/new?kind=role"}, {Text: "New SoD rule", URL: "/policy/new?kind=sod"}, {Text: "New duty", URL: "/policy/new?kind=duty"}},
		Name:   ui.Field{Name: "name", Label: "Name", Kind: "text", Value: "ap-leads", Required: true, Hint: "By which others refer to it; it cannot be changed later."}, Text: text, Drawn: text,
		Fields: []WorkbenchField{{Field: ui.Field{Name: "spec.title", Label: "Title", Kind: "text", Value: "Leads of accounts payable"}},
			{Field: ui.Field{Name: "spec.when", Label: "Everybody for whom", Required: true}, Condition: &ConditionView{Any: []ui.Option{{Value: "all", Text: "all of these hold"}, {Value: "any", Text: "any of these holds"}}, Lines: []ConditionLine{line("title", "starts with", false, "AP Lead"), line("country", "is one of", true, "ES", "PT", "")}}},
			{Field: ui.Field{Name: "spec.except", Label: "Except those for whom"}, Condition: &ConditionView{None: "No condition: nobody is left out."}},
			{Field: ui.Field{Name: "spec.roles", Label: "Roles", Kind: "list", List: "all-roles"}, List: []string{"AP Lead", ""}},
			{Field: ui.Field{Name: "spec.entitlements", Label: "Entitlements", Kind: "list", List: "all-entitlements"}, List: []string{"erp/ap_pay", ""}}},
		Change:      ui.Field{Name: "change", Label: "Title of the change", Kind: "text", Value: "Leads pay invoices", Required: true, Hint: "What is changed, in a few words, for whoever approves it."},
		Effect:      WorkbenchEffect{Match: "It means 38 people now: Björn Åkesson, Femke de Wit and others.", URL: "/policy/effect", Took: "Worked out for everybody in 0.3 s; nothing was changed.", Of: effect},
		Suggestions: []Suggestion{{ID: "all-roles", Options: []ui.Option{{Value: "AP Lead", Text: "AP Lead"}}}, {ID: "all-entitlements", Options: []ui.Option{{Value: "erp/ap_pay", Text: "Pay invoices"}}}, {ID: "spec.when.0.values"}, {ID: "spec.when.1.values"}}, Cancel: ui.Link{Text: "Go back, change nothing", URL: "/policy"}}
}

func galleryWorkbench() []Sample {
	s := sampleShell("New birthright rule", "Policy")
	fresh, text, wrong := sampleWorkbench(), sampleWorkbench(), sampleWorkbench()
	fresh.Text, fresh.Drawn, fresh.Effect, fresh.Name.Value, fresh.Change.Value = "kind: BirthrightRule\nname: \"\"\nspec:\n  when: \"\"\n", "", WorkbenchEffect{URL: "/policy/effect"}, "", ""
	fresh.Fields = []WorkbenchField{{Field: ui.Field{Name: "spec.when", Label: "Everybody for whom", Required: true}, Condition: &ConditionView{None: "No condition: everybody."}}, {Field: ui.Field{Name: "spec.roles", Label: "Roles", Kind: "list", List: "all-roles"}, List: []string{""}}}
	text.Title, text.Was, text.Starts, text.Elsewhere = "Change ap-leads", "ap-leads", nil, "In the document only: Parameters."
	text.Fields = []WorkbenchField{{Field: ui.Field{Name: "spec.when", Label: "Everybody for whom", Required: true, Value: "title.size() > 3 || (department == \"A\" && country == \"ES\")"}, Condition: &ConditionView{Text: true, Why: "It says more than lines can show, so it stays as it is written."}}}
	text.Effect = WorkbenchEffect{Match: "It means 1 person now: Femke de Wit.", URL: "/policy/effect"}
	wrong.Errors = ui.Errors{{Field: "spec.when", Text: "Everybody for whom line 1, column 1: departmnt is neither an attribute nor a function here."}, {Field: "spec.entitlements", Text: "Entitlements, 1 there is no application \"crm\"."}}
	wrong.Lines = []string{"Line 5: Everybody for whom line 1, column 1: departmnt is neither an attribute nor a function here."}
	wrong.Notes = []string{"Title was changed here and in the document. What the document says counts; look at it, and plan it then."}
	wrong.Fields[1].Field.Error, wrong.Fields[4].Field.Error = wrong.Errors[0].Text, wrong.Errors[1].Text
	wrong.Effect = WorkbenchEffect{Fault: "Look at what is marked first.", URL: "/policy/effect"}
	return []Sample{{"workbench-new", Workbench(s, fresh)}, {"workbench-text", Workbench(s, text)}, {"workbench-full", Workbench(s, sampleWorkbench())}, {"workbench-error", Workbench(s, wrong)}}
}
