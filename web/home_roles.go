package web

import (
	"fmt"

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
	return ui.Figure{Label: label, Value: ui.Int(n), URL: r.to(permission, url)}
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
	{"ok", "Answer", "", ""}, {"degraded", "Struggle", "alert-triangle", ui.Warn}, {"attention", "Need a person", "alert-triangle", ui.Bad}, {"paused", "Paused", "player-pause", ui.Warn},
	{"unknown", "Not read yet", "help-circle", ui.Neutral},
}

// homeIT is how the applications answer and what is under way.
func (r *request) homeIT(tx *db.Tx, f *audit.Computed) (*templates.HomeSection, int, error) {
	v := &templates.HomeSection{ID: "it", Title: "Operations", Note: r.computed(f), Link: ui.Link{Text: "Operations", URL: "/operations"}}
	health, err := audit.Health(tx)
	if err != nil {
		return nil, 0, err
	}
	urgent := 0
	for _, h := range healthWords {
		n := health[h.state]
		if n > 0 || h.state == "ok" {
			v.Figures = append(v.Figures, alarm(r.figure("Applications: "+h.word, n, "application.read", "/applications"), n, h.tone, h.icon))
		}
		if h.tone == ui.Bad || h.tone == ui.Warn {
			urgent += min(n, 1)
		}
	}
	if f == nil {
		return v, urgent, nil
	}
	s := &f.Stock
	v.Figures = append(v.Figures, r.figure("Waiting", s.Waiting, "operation.read", "/operations?state=pending"),
		alarm(r.figure("Failed", s.Failed, "operation.read", "/operations?state=failed"), s.Failed, ui.Bad, "circle-x"),
		r.figure("Proposed", s.Proposed, "operation.read", "/operations?state=proposed"))
	if s.OldestWaiting != nil {
		v.Lines = append(v.Lines, templates.HomeLine{State: ui.Tag{Tone: ui.Info, Icon: "hourglass", Text: "Waiting"},
			Title: ui.Link{Text: "The oldest operation that waits", URL: "/operations?state=pending"}, At: r.at(*s.OldestWaiting)})
	}
	return v, urgent + 2*min(s.Failed, 1), nil
}

// homeHR is what HR sent lately and who comes and goes.
func (r *request) homeHR(tx *db.Tx, f *audit.Computed) (*templates.HomeSection, int, error) {
	v := &templates.HomeSection{ID: "hr", Title: "HR files", Note: r.computed(f), Quiet: "No file was loaded yet.", Link: ui.Link{Text: "All runs", URL: "/hr/runs"}}
	urgent := 0
	if f != nil {
		v.Figures = append(v.Figures, r.figure("Work here", f.Stock.People[string(identity.Active)], "person.read_any", "/people?state=active"),
			r.figure("Join within 30 days", f.Stock.Joining, "person.read_any", "/people?state=prehire"),
			r.figure("Leave within 30 days", f.Stock.Leaving, "person.read_any", "/people?state=active"),
			r.figure("On leave", f.Stock.People[string(identity.Leave)], "person.read_any", "/people?state=leave"))
		for _, x := range f.Sources {
			if x.Late {
				urgent = 1
				v.Lines = append(v.Lines, templates.HomeLine{State: ui.Tag{Tone: ui.Warn, Icon: "clock", Text: "Late"}, Title: ui.Link{Text: "No good file of " + x.Name, URL: "/hr/sources"},
					Text: "The last one is from", At: r.maybe(x.Good)})
			}
		}
	}
	runs, err := hr.ListRuns(tx, hr.RunFilter{Limit: 3})
	for i := range runs {
		x := &runs[i]
		l := templates.HomeLine{State: ui.Tag{Tone: ui.Good, Icon: "circle-check", Text: "Applied"}, Title: ui.Link{Text: fmt.Sprintf("#%d %s", x.ID, x.Name), URL: runURL(x.ID)}, At: r.at(x.LoadedAt)}
		switch x.State {
		case hr.Held:
			l.State, urgent = ui.Tag{Tone: ui.Warn, Icon: "lock", Text: "Held"}, 2
		case hr.Discarded:
			l.State = ui.Tag{Tone: ui.Neutral, Icon: "ban", Text: "Discarded"}
		}
		l.Text = fmt.Sprintf("%s, %s, %s", plural(x.Counts.Joiners, "joiner", "joiners"), plural(x.Counts.Movers, "mover", "movers"), plural(x.Counts.Leavers, "leaver", "leavers"))
		if x.Rejected > 0 {
			l.Text += ", " + plural(x.Rejected, "row set aside", "rows set aside")
		}
		v.Lines = append(v.Lines, l)
	}
	return v, urgent, err
}

// homeCompliance is what should not be there, and what was decided at once.
func (r *request) homeCompliance(_ *db.Tx, f *audit.Computed) (*templates.HomeSection, int, error) {
	v := &templates.HomeSection{ID: "compliance", Title: "What should not be", Note: r.computed(f), Link: ui.Link{Text: "Dashboard", URL: "/dashboard"}}
	if f == nil {
		return v, 0, nil
	}
	t, apps := totals(f), "/applications"
	v.Figures = []ui.Figure{
		alarm(r.figure("Open accounts of people who left", t.Zombies, "application.read", apps), t.Zombies, ui.Bad, "ghost"),
		alarm(r.figure("Access without a reason", t.OutOfBand, "application.read", apps), t.OutOfBand, ui.Warn, "alert-triangle"),
		alarm(r.figure("Accounts of nobody", t.Orphans, "application.read", apps), t.Orphans, ui.Warn, "ghost"),
		alarm(ui.Figure{Label: "Dormant privileged accounts", Value: ui.Int(f.Stock.Dormant), URL: "/dashboard#dormant"}, f.Stock.Dormant, ui.Warn, "moon"),
		{Label: "Exceptions", Value: ui.Int(f.Stock.Exceptions), Note: "accepted conflicts"},
		{Label: "Terminations in 30 days", Value: ui.Int(f.Flow[30].Terminations), URL: "/dashboard?days=30#leavers"},
	}
	return v, 2*min(t.Zombies, 1) + min(t.OutOfBand+t.Orphans, 1), nil
}

// homeAuditor is where somebody who only reads begins.
func (r *request) homeAuditor(_ *db.Tx, f *audit.Computed) (*templates.HomeSection, int, error) {
	v := &templates.HomeSection{ID: "audit", Title: "What to look at", Note: r.computed(f), Lines: []templates.HomeLine{
		{Title: ui.Link{Text: "How fast access ends and begins", URL: "/dashboard"}, Text: "Figures with their date, and the cases behind them"},
		{Title: ui.Link{Text: "What HR sent, and who released what", URL: "/hr/runs"}, Text: "Every file with its hash"},
		{Title: ui.Link{Text: "Who gets what, by which rule", URL: "/policy"}, Text: "Roles and rules with their versions"},
		{Title: ui.Link{Text: "Anybody's access, with every reason", URL: "/people"}, Text: "Also of people who left"},
	}}
	if f != nil {
		flow := f.Flow[90]
		v.Figures = []ui.Figure{
			{Label: "Leavers in 90 days", Value: ui.Int(flow.Leavers.N + flow.Open + flow.Nothing), URL: "/dashboard?days=90#leavers"},
			{Label: "Of them not at zero access", Value: ui.Int(flow.Open), URL: "/dashboard?days=90#leavers"},
			{Label: "Joiners in 90 days", Value: ui.Int(flow.Joiners), URL: "/dashboard?days=90#joiners"},
			r.figure("Access without a reason", totals(f).OutOfBand, "application.read", "/applications"),
		}
	}
	return v, 0, nil
}

var peopleStates = []struct {
	state identity.State
	word  string
}{{identity.Active, "Active"}, {identity.Prehire, "Not started"}, {identity.Leave, "On leave"}, {identity.Left, "Left"}}
