package web

import (
	"fmt"
	"tenure/templates/lang"

	"tenure/internal/audit"
	"tenure/internal/db"
	"tenure/internal/hr"
	"tenure/internal/identity"
	"tenure/templates"
	"tenure/templates/ui"
)

// alarm gives a number its tone when it is not zero.
func alarm(f ui.Figure, n int, t ui.Tone, icon string) ui.Figure {
	if n > 0 {
		f.Tone, f.Icon = t, icon
	}
	return f
}

// figure is a number that links to what it counts, for who may open it.
func (r *request) figure(label string, n int, permission, url string) ui.Figure {
	return ui.Figure{Label: label, Value: r.Int(n), URL: r.to(permission, url)}
}

// totals adds up the figures of all applications.
func totals(f *audit.Computed) (t audit.AppFigure) {
	for _, a := range f.Apps {
		t.Accounts, t.Orphans, t.Zombies, t.OutOfBand = t.Accounts+a.Accounts, t.Orphans+a.Orphans, t.Zombies+a.Zombies, t.OutOfBand+a.OutOfBand
		t.Entitlements, t.Undescribed = t.Entitlements+a.Entitlements, t.Undescribed+a.Undescribed
	}
	return t
}

// healthWords say the states of connectors.
var healthWords = []struct {
	state, word, icon string
	tone              ui.Tone
}{
	{"ok", lang.Mark("Answer"), "", ""}, {"degraded", lang.Mark("Struggle"), "alert-triangle", ui.Warn}, {"attention", lang.Mark("Need a person"), "alert-triangle", ui.Bad}, {"paused", lang.Mark("Paused"), "player-pause", ui.Warn},
	{"unknown", lang.Mark("Not read yet"), "help-circle", ui.Neutral},
}

// homeIT is how the applications answer and what is under way.
func (r *request) homeIT(tx *db.Tx, f *audit.Computed) (*templates.HomeSection, int, error) {
	v := &templates.HomeSection{ID: "it", Title: r.T("Operations"), Note: r.computed(f), Link: ui.Link{Text: r.T("Operations"), URL: "/operations"}}
	health, err := audit.Health(tx)
	if err != nil {
		return nil, 0, err
	}
	urgent := 0
	for _, h := range healthWords {
		n := health[h.state]
		if n > 0 || h.state == "ok" {
			v.Figures = append(v.Figures, alarm(r.figure(r.T("Applications: %s", r.T(h.word)), n, "application.read", "/applications"), n, h.tone, h.icon))
		}
		if h.tone == ui.Bad || h.tone == ui.Warn {
			urgent += min(n, 1)
		}
	}
	if f == nil {
		return v, urgent, nil
	}
	s := &f.Stock
	v.Figures = append(v.Figures, r.figure(r.T("Waiting"), s.Waiting, "operation.read", "/operations?state=pending"),
		alarm(r.figure(r.T("Failed"), s.Failed, "operation.read", "/operations?state=failed"), s.Failed, ui.Bad, "circle-x"),
		r.figure(r.T("Proposed"), s.Proposed, "operation.read", "/operations?state=proposed"))
	if s.OldestWaiting != nil {
		v.Lines = append(v.Lines, templates.HomeLine{State: ui.Tag{Tone: ui.Info, Icon: "hourglass", Text: r.T("Waiting")},
			Title: ui.Link{Text: r.T("The oldest operation that waits"), URL: "/operations?state=pending"}, At: r.at(*s.OldestWaiting)})
	}
	return v, urgent + 2*min(s.Failed, 1), nil
}

// homeHR is what HR sent lately and who comes and goes.
func (r *request) homeHR(tx *db.Tx, f *audit.Computed) (*templates.HomeSection, int, error) {
	v := &templates.HomeSection{ID: "hr", Title: r.T("HR files"), Note: r.computed(f), Quiet: r.T("No file was loaded yet."), Link: ui.Link{Text: r.T("All runs"), URL: "/hr/runs"}}
	urgent := 0
	if f != nil {
		v.Figures = append(v.Figures, r.figure(r.T("Work here"), f.Stock.People[string(identity.Active)], "person.read_any", "/people?state=active"),
			r.figure(r.T("Join within 30 days"), f.Stock.Joining, "person.read_any", "/people?state=prehire"),
			r.figure(r.T("Leave within 30 days"), f.Stock.Leaving, "person.read_any", "/people?state=active"),
			r.figure(r.T("On leave"), f.Stock.People[string(identity.Leave)], "person.read_any", "/people?state=leave"))
		for _, x := range f.Sources {
			if x.Late {
				urgent = 1
				v.Lines = append(v.Lines, templates.HomeLine{State: ui.Tag{Tone: ui.Warn, Icon: "clock", Text: r.T("Late")}, Title: ui.Link{Text: r.T("No good file of %s", x.Name), URL: "/hr/sources"},
					Text: r.T("The last one is from"), At: r.maybe(x.Good)})
			}
		}
	}
	runs, err := hr.ListRuns(tx, hr.RunFilter{Limit: 3})
	for i := range runs {
		x := &runs[i]
		l := templates.HomeLine{State: ui.Tag{Tone: ui.Good, Icon: "circle-check", Text: r.T("Applied")}, Title: ui.Link{Text: fmt.Sprintf("#%d %s", x.ID, x.Name), URL: runURL(x.ID)}, At: r.at(x.LoadedAt)}
		switch x.State {
		case hr.Held:
			l.State, urgent = ui.Tag{Tone: ui.Warn, Icon: "lock", Text: r.T("Held")}, 2
		case hr.Discarded:
			l.State = ui.Tag{Tone: ui.Neutral, Icon: "ban", Text: r.T("Discarded")}
		}
		l.Text = fmt.Sprintf("%s, %s, %s", r.Plural(x.Counts.Joiners, "joiner", "joiners"), r.Plural(x.Counts.Movers, "mover", "movers"), r.Plural(x.Counts.Leavers, "leaver", "leavers"))
		if x.Rejected > 0 {
			l.Text += ", " + r.Plural(x.Rejected, "row set aside", "rows set aside")
		}
		v.Lines = append(v.Lines, l)
	}
	return v, urgent, err
}

// homeCompliance is what should not be there, and what was decided at once.
func (r *request) homeCompliance(_ *db.Tx, f *audit.Computed) (*templates.HomeSection, int, error) {
	v := &templates.HomeSection{ID: "compliance", Title: r.T("What should not be"), Note: r.computed(f), Link: ui.Link{Text: r.T("Dashboard"), URL: "/dashboard"}}
	if f == nil {
		return v, 0, nil
	}
	t, apps := totals(f), "/applications"
	v.Figures = []ui.Figure{
		alarm(r.figure(r.T("Open accounts of people who left"), t.Zombies, "application.read", apps), t.Zombies, ui.Bad, "ghost"),
		alarm(r.figure(r.T("Access without a reason"), t.OutOfBand, "application.read", apps), t.OutOfBand, ui.Warn, "alert-triangle"),
		alarm(r.figure(r.T("Accounts of nobody"), t.Orphans, "application.read", apps), t.Orphans, ui.Warn, "ghost"),
		alarm(ui.Figure{Label: r.T("Dormant privileged accounts"), Value: r.Int(f.Stock.Dormant), URL: "/dashboard#dormant"}, f.Stock.Dormant, ui.Warn, "moon"),
		alarm(ui.Figure{Label: r.T("Open SoD violations"), Value: r.Int(f.Stock.Violations), URL: r.to("violation.read", link(violationsURL, "state", "open"))}, f.Stock.Violations, ui.Bad, "alert-octagon"),
		{Label: r.T("Exceptions"), Value: r.Int(f.Stock.Exceptions), Note: r.T("accepted conflicts"), URL: r.to("violation.read", link(violationsURL, "state", "accepted"))},
		{Label: r.T("Terminations in 30 days"), Value: r.Int(f.Flow[30].Terminations), URL: "/dashboard?days=30#leavers"},
	}
	return v, 2*min(t.Zombies, 1) + min(t.OutOfBand+t.Orphans, 1), nil
}

// homeAuditor is where somebody who only reads begins.
func (r *request) homeAuditor(_ *db.Tx, f *audit.Computed) (*templates.HomeSection, int, error) {
	v := &templates.HomeSection{ID: "audit", Title: r.T("What to look at"), Note: r.computed(f), Lines: []templates.HomeLine{
		{Title: ui.Link{Text: r.T("How fast access ends and begins"), URL: "/dashboard"}, Text: r.T("Figures with their date, and the cases behind them")},
		{Title: ui.Link{Text: r.T("What HR sent, and who released what"), URL: "/hr/runs"}, Text: r.T("Every file with its hash")},
		{Title: ui.Link{Text: r.T("Who gets what, by which rule"), URL: "/policy"}, Text: r.T("Roles and rules with their versions")},
		{Title: ui.Link{Text: r.T("Anybody's access, with every reason"), URL: "/people"}, Text: r.T("Also of people who left")},
	}}
	if f != nil {
		flow := f.Flow[90]
		v.Figures = []ui.Figure{
			{Label: r.T("Leavers in 90 days"), Value: r.Int(flow.Leavers.N + flow.Open + flow.Nothing), URL: "/dashboard?days=90#leavers"},
			{Label: r.T("Of them not at zero access"), Value: r.Int(flow.Open), URL: "/dashboard?days=90#leavers"},
			{Label: r.T("Joiners in 90 days"), Value: r.Int(flow.Joiners), URL: "/dashboard?days=90#joiners"},
			r.figure(r.T("Access without a reason"), totals(f).OutOfBand, "application.read", "/applications"),
		}
	}
	return v, 0, nil
}

var peopleStates = []struct {
	state identity.State
	word  string
}{{identity.Active, lang.Mark("Active")}, {identity.Prehire, lang.Mark("Not started")}, {identity.Leave, lang.Mark("On leave")}, {identity.Left, lang.Mark("Left")}}
