package web

import (
	"fmt"

	"tenure/internal/access"
	"tenure/internal/audit"
	"tenure/internal/db"
	"tenure/internal/hr"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/internal/provision"
	"tenure/templates"
	"tenure/templates/ui"
)

// home says what waits for the reader, then how things stand, as far as they may see.
func (s *server) home(r *request) error {
	v := templates.HomeView{Greeting: r.greeting()}
	err := r.read(func(tx *db.Tx) error {
		if err := r.homeNeeds(tx, &v); err != nil {
			return err
		}
		if r.may("person.read_any") {
			if err := r.homeFigures(tx, &v); err != nil {
				return err
			}
		}
		if r.may("person.read_any") || r.who.Kind != "person" {
			return nil
		}
		events, err := audit.Timeline(tx, r.who.ID, "", 0, 5)
		if err != nil {
			return err
		}
		v.Recent, err = r.events(tx, events)
		return err
	})
	if err != nil {
		return err
	}
	switch n := len(v.Needs); {
	case len(v.Start) > 0:
		v.Lead = "This database is new."
	case n == 0 && r.may("hr.release"):
		v.Lead = "Nothing waits for you."
	case n > 0:
		v.Lead = plural(n, "thing waits", "things wait") + " for you."
	}
	return r.show(templates.Home(r.shell("Home"), v))
}

func (r *request) greeting() string {
	z := r.zone
	now := r.now
	if z != nil {
		now = now.In(z)
	}
	switch h := now.Hour(); {
	case r.simulated:
		return "Hello, " + r.who.Name
	case h < 5, h >= 18:
		return "Good evening, " + r.who.Name
	case h < 12:
		return "Good morning, " + r.who.Name
	}
	return "Good afternoon, " + r.who.Name
}

func (r *request) homeNeeds(tx *db.Tx, v *templates.HomeView) error {
	held, failed, proposed := r.waits()
	if held > 0 {
		runs, err := hr.ListRuns(tx, hr.RunFilter{State: hr.Held, Limit: 5})
		if err != nil {
			return err
		}
		for i := range runs {
			x := &runs[i].Run
			if x.LoadedByID != r.who.ID {
				v.Needs = append(v.Needs, templates.Need{State: ui.Tag{Tone: ui.Warn, Icon: "lock", Text: "Held"},
					Title: fmt.Sprintf("HR run #%d is held: %s, %s", x.ID, plural(x.Counts.Leaving, "leaver", "leavers"), plural(x.Counts.Moving, "mover", "movers")),
					Text:  fmt.Sprintf("Loaded by %s from %s", x.LoadedBy, x.Name), Since: r.at(x.LoadedAt), Act: ui.Link{Text: "Look at it", URL: runURL(x.ID)}})
			}
		}
		open, err := lifecycle.OpenHolds(tx)
		if err != nil {
			return err
		}
		for _, h := range open {
			if h.Kind == "due" {
				v.Needs = append(v.Needs, templates.Need{State: ui.Tag{Tone: ui.Warn, Icon: "lock", Text: "Held"},
					Title: plural(h.People, "person", "people") + " would leave at once", Text: and(h.Reasons, 3), Since: r.at(h.OpenedAt),
					Act: ui.Link{Text: "Look at it", URL: fmt.Sprintf("/hr/held/%d", h.ID)}})
			}
		}
	}
	if failed > 0 {
		v.Needs = append(v.Needs, templates.Need{State: ui.Tag{Tone: ui.Bad, Icon: "circle-x", Text: "Failed"},
			Title: plural(failed, "operation", "operations") + " failed", Text: "A target refused, or does not show what it was told",
			Act: ui.Link{Text: "Look at them", URL: "/operations?state=failed"}})
	}
	if proposed > 0 {
		v.Needs = append(v.Needs, templates.Need{State: ui.Tag{Tone: ui.Info, Icon: "help-circle", Text: "Proposed"},
			Title: plural(proposed, "proposal waits", "proposals wait") + " for release", Text: "In applications in mode propose",
			Act: ui.Link{Text: "Look at them", URL: "/operations?state=proposed"}})
	}
	secrets, err := provision.Handouts(tx, r.who.ID)
	if err != nil {
		return err
	}
	if n := len(secrets); n > 0 {
		v.Needs = append(v.Needs, templates.Need{State: ui.Tag{Tone: ui.Info, Icon: "key", Text: "New account"},
			Title: plural(n, "first password waits", "first passwords wait") + " to be seen", Text: "Each can be seen once", Since: r.at(secrets[0].Made),
			Act: ui.Link{Text: "My access", URL: "/me"}})
	}
	return nil
}

func (r *request) homeFigures(tx *db.Tx, v *templates.HomeView) error {
	st, err := audit.ReadStatus(tx)
	if err != nil {
		return err
	}
	for _, x := range peopleStates {
		v.People = append(v.People, ui.Figure{Label: x.word, Value: ui.Int(st.People[string(x.state)]), URL: link("/people", "state", string(x.state))})
	}
	var enabled, orphans, drift int
	for _, a := range st.Applications {
		enabled, orphans, drift = enabled+a.Enabled, orphans+a.Orphan, drift+a.Drift
	}
	apps := r.to("application.read", "/applications")
	v.Access = []ui.Figure{
		{Label: "Applications", Value: ui.Int(len(st.Applications)), URL: apps}, {Label: "Enabled accounts", Value: ui.Int(enabled), URL: apps},
		alarm(ui.Figure{Label: "Orphans", Value: ui.Int(orphans), URL: apps}, orphans, ui.Warn, "ghost"),
		alarm(ui.Figure{Label: "Differences", Value: ui.Int(drift), URL: apps}, drift, ui.Warn, "alert-triangle"),
	}
	ops := r.to("operation.read", "/operations")
	state := func(word string, all ...access.State) ui.Figure {
		n := 0
		for _, x := range all {
			n += st.Operations[string(x)]
		}
		f := ui.Figure{Label: word, Value: ui.Int(n)}
		if ops != "" {
			f.URL = link(ops, "state", string(all[0]))
		}
		if all[0] == access.Failed {
			f = alarm(f, n, ui.Bad, "circle-x")
		}
		return f
	}
	v.Operations = []ui.Figure{state("Waiting", access.Pending, access.Claimed), state("Done, not read back", access.Acknowledged),
		state("Failed", access.Failed), state("Proposed", access.Proposed), state("Verified", access.Verified)}
	return r.homeStart(tx, st, v)
}

// homeStart is the checklist of a fresh database: gone once there are people and applications.
func (r *request) homeStart(tx *db.Tx, st *audit.Status, v *templates.HomeView) error {
	people := 0
	for _, n := range st.People {
		people += n
	}
	if people > 0 && len(st.Applications) > 0 {
		return nil
	}
	sources, err := hr.Sources(tx)
	v.Start = []templates.Step{
		{Done: len(sources) > 0, Text: "Declare an HR source and the applications in YAML files, and apply them: tenure apply -f DIR"},
		{Done: people > 0, Text: "Load the first file of the HR source", Link: ui.Link{Text: "HR sources", URL: r.to("hr.read", "/hr/sources")}},
		{Done: len(st.Applications) > 0, Text: "Observe the first application", Link: ui.Link{Text: "Applications", URL: r.to("application.read", "/applications")}},
	}
	return err
}

// alarm gives a number its tone when it is not zero.
func alarm(f ui.Figure, n int, t ui.Tone, icon string) ui.Figure {
	if n > 0 {
		f.Tone, f.Icon = t, icon
	}
	return f
}

var peopleStates = []struct {
	state identity.State
	word  string
}{{identity.Active, "Active"}, {identity.Prehire, "Not started"}, {identity.Leave, "On leave"}, {identity.Left, "Left"}}
