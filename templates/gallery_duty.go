package templates

import (
	"fmt"

	"github.com/a-h/templ"

	"tenure/templates/ui"
)

func sampleDuties() DutiesView {
	names := []string{"Maintain vendors", "Pay invoices", "Approve purchases", "Post to the ledger", "Run payroll"}
	v := DutiesView{Heat: HeatView{More: "4 of 5 rules; the others stand below."}}
	for i, n := range names {
		v.Heat.Rows = append(v.Heat.Rows, HeatRow{N: i + 1, Name: n, Cells: make([]HeatCell, len(names))})
		v.Duties = append(v.Duties, DutyRow{Name: n, All: i == 3, Holds: []string{[]string{"erp/vendors", "erp/payments", "erp/purchases", "ledger/post", "erp/payroll"}[i], "ledger/entry"}})
	}
	pair := func(a, b int, rule, severity string, n int) {
		v.Heat.Rows[b].Cells[a] = HeatCell{Rule: rule, Severity: severity, Broken: n, URL: "/violations?rule=x"}
	}
	pair(0, 1, "Create and pay vendors", "critical", 3)
	pair(1, 2, "Approve and pay", "high", 12)
	pair(2, 3, "Approve and book", "medium", 0)
	pair(1, 4, "Pay people and invoices", "low", 1)
	v.Rules = []SoDRow{
		{Name: "Create and pay vendors", What: "Somebody could pay a vendor that does not exist.", Severity: "critical", Reaction: "exception", Duties: "Maintain vendors and Pay invoices", Owner: "Ana Ruiz", Open: 2, OpenURL: "/violations?rule=x", Accepted: 1},
		{Name: "Too much of the money", What: "Two of these are enough to hide a payment.", Severity: "high", Reaction: "refuse", Duties: "2 of: Pay invoices, Post to the ledger, Run payroll", Scope: `worker_type != "contractor"`},
		{Name: "Approve and book", Severity: "medium", Reaction: "record", Duties: "Approve purchases and Post to the ledger"},
		{Name: "Pay people and invoices", Severity: "low", Reaction: "approve", Duties: "Pay invoices and Run payroll", Open: 1, OpenURL: "/violations?rule=y"},
	}
	return v
}

func sampleViolations(rows int) ViolationsView {
	v := ViolationsView{Figures: []ui.Figure{{Label: "Open", Value: "3", URL: "?state=open", Tone: ui.Bad, Icon: "alert-octagon"}, {Label: "Accepted", Value: "1", URL: "?state=accepted"}, {Label: "Rules that are broken", Value: "2", URL: "/policy?tab=duties"}, {Label: "Not granted because of a rule", Value: "4", Note: "3 people"}},
		Chips: []ui.Chip{{Text: "Not resolved", URL: "/violations", Count: 4, Counted: true, Current: true}, {Text: "Open", URL: "?state=open", Count: 3, Counted: true}, {Text: "Accepted", URL: "?state=accepted", Count: 1, Counted: true}, {Text: "Resolved", URL: "?state=resolved"}}}
	g := ui.Grid{Name: "violations", Label: "SoD violations", ExportURL: "?export=csv", Columns: []ui.Col{{Key: "person", Text: "Person", Fixed: true}, {Key: "rule", Text: "SoD rule"}, {Key: "severity", Text: "Severity"}, {Key: "state", Text: "State"}, {Key: "opened", Text: "Since", Sort: "?sort=opened", Sorted: "descending"}, {Key: "until", Text: "Accepted until"}},
		Blank: ui.Blank{Icon: "circle-check", Title: "Nobody breaks an SoD rule", Text: "What people hold is weighed whenever it changes, and whenever the policy does.", Link: ui.Link{Text: "See the rules", URL: "/policy?tab=duties"}}}
	for i, x := range []struct{ who, rule, severity, state string }{{"Femke de Wit", "Create and pay vendors", "critical", "open"}, {"Björn Åkesson", "Approve and pay", "high", "accepted"},
		{"Tomás Rey-Castellanos de la Fuente", "Approve and pay", "high", "open"}, {"Ana Ruiz", "Pay people and invoices", "low", "open"}}[:rows] {
		until := ui.Nothing("not accepted")
		if x.state == "accepted" {
			until = ui.When(at("31 December 2026", "2026-12-31T23:00:00Z"), "")
		}
		url := fmt.Sprintf("/people/p%d/conflicts/7", i)
		g.Rows = append(g.Rows, ui.Row{Name: x.who + ", " + x.rule, URL: url, Cells: []templ.Component{ui.Main(x.who, url, ""), ui.Words(x.rule), Severity(x.severity), ViolationState(x.state), ui.When(at("12 November 2026", "2026-11-12T08:00:00Z"), ""), until}})
	}
	v.Grid = g
	return v
}

func sampleConflict() ConflictView {
	return ConflictView{Up: []ui.Link{{Text: "SoD violations", URL: "/violations"}, {Text: "Femke de Wit", URL: "/people/f"}}, Title: "Femke de Wit: Create and pay vendors", Lead: "Somebody could pay a vendor that does not exist.", State: "open", Severity: "critical", Reaction: "exception",
		Facts:   []ui.Line{{Name: "Found", Text: "12 November 2026"}, {Name: "Opened", Text: "2 times"}},
		Paths:   []ConflictPath{{Duty: "Maintain vendors", Ways: []string{"Vendor master data (Ledger): rule finance-base, policy version 12, through role AP Lead"}}, {Duty: "Pay invoices", Ways: []string{"Pay invoices (Ledger): seen in the application, without a reason"}}},
		WaysOut: []WayOut{{One: []ui.Link{{Text: "when Vendor master data (Ledger) ends: the rule “Finance base” gives it because the department is “Finance”, the title is “AP Lead”", URL: "/policy/objects/7/versions"}, {Text: "when Pay invoices (Ledger) ends: it is seen in the application, without a reason"}, {Text: "when somebody else accepts the conflict “Create and pay vendors” for a time"}}}},
		Accept:  &AcceptForm{Action: "/people/f/conflicts/7", Until: "2027-02-20", Min: "2026-11-22", Max: "2027-11-21"}}
}

func galleryDuties() []Sample {
	s := sampleShell("SoD violations", "Policy")
	wrong, accepted, refused, withheld := sampleConflict(), sampleConflict(), sampleConflict(), sampleConflict()
	wrong.Accept.Control, wrong.Accept.Errors = "", ui.Errors{{Field: "control", Text: "Mitigating control is required: what is done so that the conflict does no harm."}, {Field: "until", Text: "Until must be within a year."}}
	accepted.State, accepted.Accept.Control = "accepted", ""
	accepted.Exception = &ExceptionView{By: "Tomás Rey", Control: "Internal audit looks at every payment above 1 000 € once a month.", Reason: "The second accountant starts in March.", Since: at("14 November 2026", "2026-11-14T09:00:00Z"), Until: at("31 March 2027", "2027-03-31T22:00:00Z"), EndURL: "/people/f/conflicts/7/end"}
	refused.Accept, refused.Reaction, refused.Refused = nil, "refuse", "This rule allows no exception: one of the conflicting accesses has to go."
	withheld.WaysOut = []WayOut{{Of: "Pay invoices (Ledger)", Together: []ui.Link{{Text: "when Vendor master data (Ledger) ends: the rule “Finance base” gives it", URL: "/policy/objects/7/versions"}, {Text: "when Read vendors (Payments) ends: members of the role “AP Lead” have it", URL: "/policy/objects/9/versions"}}}}
	withheld.State, withheld.Paths, withheld.Withheld = "withheld", nil, []string{"Pay invoices (Ledger), by the rule “Leads of accounts payable”, since 1 November 2026"}
	return []Sample{{"violations-full", Violations(s, sampleViolations(4))}, {"violations-one", Violations(s, sampleViolations(1))}, {"violations-empty", Violations(s, sampleViolations(0))},
		{"conflict-open", Conflict(s, sampleConflict())}, {"conflict-error", Conflict(s, wrong)}, {"conflict-accepted", Conflict(s, accepted)}, {"conflict-refused", Conflict(s, refused)}, {"conflict-withheld", Conflict(s, withheld)}}
}

func sampleChange() ChangeView {
	return ChangeView{Title: "Nobody creates and pays vendors", State: "planned", Lead: "Planned by Tomás Rey, today 14:02, against version 12 of the policy.",
		Figures: []ui.Figure{{Label: "People concerned", Value: "38"}, {Label: "Gains", Value: "4"}, {Label: "Losses", Value: "31", Note: "31 people"}, {Label: "SoD rules broken anew", Value: "3", Tone: ui.Bad, Icon: "alert-octagon"}, {Label: "Broken no more", Value: "1"}, {Label: "Withheld", Value: "2"}, {Label: "Changes at targets", Value: "35"}},
		Held:    "31 of 120 people lose something; the brake holds from 24 on. The approval releases it.",
		Objects: []ChangedObject{{Kind: "Duty", Name: "Maintain vendors", What: "added"}, {Kind: "SoDRule", Name: "Create and pay vendors", What: "added"}, {Kind: "BirthrightRule", Name: "leads", What: "changed", Fields: []ChangedField{{Name: "when", From: `title == "AP Lead"`, To: `title == "AP Manager"`}, {Name: "title", To: "Leads of accounts payable"}}}, {Kind: "Role", Name: "Old leads", What: "removed"}},
		Access:  []EffectRow{{Name: "erp/ap_pay", Gain: 4, Held: 2}, {Name: "ledger/vendor_master", Lose: 31}}, Rules: []EffectRow{{Name: "Create and pay vendors", Gain: 3, Lose: 1}},
		Licences: []LicenceRow{{Application: "Enterprise resources", Accounts: "+4", Cost: "+150.00 EUR"}, {Application: "Ledger", Accounts: "−31"}}, Cost: "+150.00 EUR a month, as far as it is stated what an account costs",
		Sensitive: []ui.Link{{Text: "Femke de Wit", URL: "/people/f"}, {Text: "Björn Åkesson", URL: "/people/b"}}, People: []ChangePerson{{Person: ui.Link{Text: "Femke de Wit", URL: "/people/f"}, Gains: "erp/ap_pay", Breaks: "breaks Create and pay vendors"}, {Person: ui.Link{Text: "Björn Åkesson", URL: "/people/b"}, Loses: "ledger/vendor_master"}},
		Backtest: ui.Link{Text: "See what would have differed", URL: "/policy/changes/7/backtest"}, BacktestNote: "In the last 90 days it would have differed for 4 people and blocked 3 memberships.",
		PeopleAll: "the first 2 of 38", Body: "kind: Duty\nname: Maintain vendors\nspec: {entitlements: [erp/vendors]}\n", Approve: &ChangeDecision{Approve: "/policy/changes/7/approve", Reject: "/policy/changes/7/reject"}}
}

func galleryChanges() []Sample {
	s := sampleShell("Changes of the policy", "Policy")
	mine, wrong, stale, applied := sampleChange(), sampleChange(), sampleChange(), sampleChange()
	mine.Approve, mine.Refused = &ChangeDecision{Reject: "/policy/changes/7/reject"}, "You planned it, so another person approves it."
	wrong.Approve = &ChangeDecision{Approve: "/policy/changes/7/approve", Reject: "/policy/changes/7/reject", Errors: ui.Errors{{Field: "reason", Text: "Reason is required."}}}
	stale.State, stale.Approve, stale.Note, stale.AgainURL = "stale", nil, "Ana Ruiz, today 15:10: what is known of Femke de Wit has changed", "/policy/changes/new?from=7"
	applied.State, applied.Approve, applied.Held, applied.Note, applied.ReverseURL = "applied", nil, "", "Ana Ruiz, today 15:10: agreed with the auditors", "/policy/changes/7/reverse"
	rows := []ChangeSetRow{{Title: "Nobody creates and pays vendors", URL: "/policy/changes/7", State: "planned", Made: at("today 14:02", "2026-11-22T14:02:00Z"), By: "Tomás Rey", What: "4 objects, 38 people"},
		{Title: "Oslo closes", URL: "/policy/changes/6", State: "applied", Made: at("18 Nov 2026", "2026-11-18T16:20:00Z"), By: "Jo Lind", What: "3 objects, 12 people", Note: "agreed with HR"},
		{Title: "A role for the auditors of next year's annual accounts and their assistants", URL: "/policy/changes/5", State: "stale", Made: at("17 Nov 2026", "2026-11-17T16:20:00Z"), By: "Jo Lind", What: "1 object, 3 people", Note: "the policy is at version 12 and was at version 11"}}
	write := ChangeNewView{Action: "/policy/changes", Cancel: ui.Link{Text: "Go back, change nothing", URL: "/policy/changes"}, Body: "kind: SoDRule\nname: \nspec:\n  title: \n  duties: []\n", Starts: []ui.Link{{Text: "A role", URL: "?kind=role"}, {Text: "An SoD rule", URL: "?kind=sod"}}}
	bad := write
	bad.Errors = ui.Errors{{Field: "title", Text: "Title is required: what is changed, in a few words."}, {Field: "body", Text: "line:5: SoDRule x: spec.duties must name at least two duties."}}
	return []Sample{{"changes-full", Changes(s, ChangesView{NewURL: "/policy/changes/new", Rows: rows})}, {"changes-one", Changes(s, ChangesView{NewURL: "/policy/changes/new", Rows: rows[:1]})}, {"changes-empty", Changes(s, ChangesView{NewURL: "/policy/changes/new"})},
		{"change-new", ChangeNew(s, write)}, {"change-new-error", ChangeNew(s, bad)}, {"change-planned", Change(s, sampleChange())}, {"change-mine", Change(s, mine)}, {"change-error", Change(s, wrong)}, {"change-stale", Change(s, stale)}, {"change-applied", Change(s, applied)}}
}

func galleryRoles() []Sample {
	s := sampleShell("AP Lead", "Policy")
	full := RoleView{Title: "AP Lead", Lead: "Leads accounts payable.", Facts: []ui.Line{{Name: "Name", Text: "ap-lead"}, {Name: "Changed", Text: "3 times"}, {Name: "Owner", Text: "Ana Ruiz"}}, Holders: 4, HoldersURL: "/people?role=ap-lead", EditURL: "/policy/changes/new?edit=x",
		Rules: []ui.Link{{Text: "Leads of accounts payable", URL: "/policy?tab=rules"}}, Inside: []ui.Link{{Text: "Head of Finance", URL: "/policy/roles/9"}},
		Gives:   []RoleGive{{Name: "Pay invoices (Ledger)", Privileged: true}, {Name: "Read the ledger (Ledger)", Via: "Finance"}},
		Members: []RoleMemberRow{{Person: ui.Link{Text: "Femke de Wit", URL: "/people/f"}, From: at("1 November 2026", "2026-11-01T00:00:00Z"), Until: at("31 January 2027", "2027-01-31T23:00:00Z"), By: "Jo Lind", Reason: "Stands in while Ana is on leave", EndURL: "/policy/roles/7/members/3/end"}, {Person: ui.Link{Text: "Björn Åkesson", URL: "/people/b"}, From: at("1 December 2026", "2026-12-01T00:00:00Z"), Ahead: true, By: "Jo Lind", Reason: "Joins the project", EndURL: "/policy/roles/7/members/4/end"}},
		Join:    &JoinForm{Action: "/policy/roles/7/members", Min: "2026-11-22"}}
	empty, one, wrong := full, full, full
	empty.Gives, empty.Members, empty.Rules, empty.Inside, empty.Join, empty.Holders = nil, nil, nil, nil, nil, 0
	one.Members, one.Gives = full.Members[:1], full.Gives[:1]
	wrong.Join = &JoinForm{Action: "/policy/roles/7/members", Person: "1042", Min: "2026-11-22", Errors: ui.Errors{{Field: "person", Text: "The SoD rule “Create and pay vendors” forbids it: the person would combine “Maintain vendors” and “Pay invoices”."}}}
	return []Sample{{"role-full", Role(s, full)}, {"role-empty", Role(s, empty)}, {"role-one", Role(s, one)}, {"role-error", Role(s, wrong)}}
}
