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
		Facts:  []ui.Line{{Name: "Found", Text: "12 November 2026"}, {Name: "Opened", Text: "2 times"}},
		Paths:  []ConflictPath{{Duty: "Maintain vendors", Ways: []string{"Vendor master data (Ledger): rule finance-base, policy version 12, through role AP Lead"}}, {Duty: "Pay invoices", Ways: []string{"Pay invoices (Ledger): seen in the application, without a reason"}}},
		Accept: &AcceptForm{Action: "/people/f/conflicts/7", Until: "2027-02-20", Min: "2026-11-22", Max: "2027-11-21"}}
}

func galleryDuties() []Sample {
	s := sampleShell("SoD violations", "Policy")
	wrong, accepted, refused, withheld := sampleConflict(), sampleConflict(), sampleConflict(), sampleConflict()
	wrong.Accept.Control, wrong.Accept.Errors = "", ui.Errors{{Field: "control", Text: "Mitigating control is required: what is done so that the conflict does no harm."}, {Field: "until", Text: "Until must be within a year."}}
	accepted.State, accepted.Accept.Control = "accepted", ""
	accepted.Exception = &ExceptionView{By: "Tomás Rey", Control: "Internal audit looks at every payment above 1 000 € once a month.", Reason: "The second accountant starts in March.", Since: at("14 November 2026", "2026-11-14T09:00:00Z"), Until: at("31 March 2027", "2027-03-31T22:00:00Z"), EndURL: "/people/f/conflicts/7/end"}
	refused.Accept, refused.Reaction, refused.Refused = nil, "refuse", "This rule allows no exception: one of the conflicting accesses has to go."
	withheld.State, withheld.Paths, withheld.Withheld = "withheld", nil, []string{"Pay invoices (Ledger), by the rule “Leads of accounts payable”, since 1 November 2026"}
	return []Sample{{"violations-full", Violations(s, sampleViolations(4))}, {"violations-one", Violations(s, sampleViolations(1))}, {"violations-empty", Violations(s, sampleViolations(0))},
		{"conflict-open", Conflict(s, sampleConflict())}, {"conflict-error", Conflict(s, wrong)}, {"conflict-accepted", Conflict(s, accepted)}, {"conflict-refused", Conflict(s, refused)}, {"conflict-withheld", Conflict(s, withheld)}}
}
