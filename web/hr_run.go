package web

import (
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"tenure/templates/lang"

	"tenure/internal/access"
	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/hr"
	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/ui"
)

// shownOf is how many people and rows a run's page shows before it asks whether all are wanted.
const shownOf = 100

// most is how many it shows then.
const most = 5000

func runState(x *hr.Run) string {
	c := x.Counts
	if x.State == hr.Applied && c.Joiners+c.Movers+c.Leavers+c.Returns+c.Updated == 0 {
		return "unchanged"
	}
	return x.State
}

// runs lists what was loaded.
func (s *server) runs(r *request) error {
	state := oneOf(r.Query("state"), hr.Held, hr.Applied, hr.Discarded)
	v := templates.RunsView{ClearURL: "/hr/runs", UploadURL: r.to("hr.upload", "/hr/sources"), Filtered: state != ""}
	err := r.read(func(tx *db.Tx) error {
		counts, err := hr.CountRuns(tx)
		if err != nil {
			return err
		}
		total := 0
		for _, n := range counts {
			total += n
		}
		v.Filters = []ui.Chip{{Text: r.T("All"), URL: "/hr/runs", Count: total, Counted: true, Current: state == ""}}
		for _, x := range []struct{ state, word string }{{hr.Held, r.T("Held")}, {hr.Applied, r.T("Applied")}, {hr.Discarded, r.T("Discarded")}} {
			v.Filters = append(v.Filters, ui.Chip{Text: r.T(x.word), URL: link("/hr/runs", "state", x.state), Count: counts[x.state], Counted: true, Current: state == x.state})
		}
		if state != "" {
			total = counts[state]
		}
		shown := r.cursor("n")
		all, err := hr.ListRuns(tx, hr.RunFilter{State: state, Before: r.cursor("before"), Limit: pageSize})
		if err != nil {
			return err
		}
		for i := range all {
			x := &all[i]
			v.Rows = append(v.Rows, templates.RunRow{ID: "#" + strconv.Itoa(x.ID), URL: runURL(x.ID), Source: x.Source, File: x.Name, State: runState(&x.Run),
				Effective: r.at(x.EffectiveAt), Loaded: r.at(x.LoadedAt), By: x.LoadedBy, Rows: x.Rows, Joiners: x.Counts.Joiners, Movers: x.Counts.Movers,
				Leavers: x.Counts.Leavers, Rejected: x.Rejected})
		}
		next := ""
		if len(all) == pageSize {
			next = link("/hr/runs", "state", state, "before", strconv.Itoa(all[len(all)-1].ID), "n", strconv.Itoa(shown+len(all)))
		}
		v.Pager = r.pager(shown, len(all), total, link("/hr/runs", "state", state), next)
		return nil
	})
	if err != nil {
		return err
	}
	return r.show(templates.Runs(r.shell(r.T("HR runs")), v))
}

// runShow is the page of one run.
func (s *server) runShow(r *request) error {
	return s.runPage(r, http.StatusOK, templates.Release{}, nil)
}

// runPage draws it; typed carries what was wrong with a release, conflict what somebody else did meanwhile.
func (s *server) runPage(r *request, status int, typed templates.Release, conflict *ui.Notice) error {
	id, err := r.number("id")
	if err != nil {
		return err
	}
	v := templates.RunView{ID: "#" + strconv.Itoa(id), Conflict: conflict}
	err = r.read(func(tx *db.Tx) error {
		run, err := hr.GetRun(tx, id)
		if err != nil {
			return err
		}
		last, err := hr.LastGood(tx, run)
		if err != nil {
			return err
		}
		r.runFacts(&v, run, last)
		for _, part := range []func() error{
			func() error { return r.runLimits(tx, &v, run, last) },
			func() error { return r.runGroups(tx, &v, run) },
			func() error { return r.runRejects(tx, &v, run) },
			func() error { return r.runMoved(tx, &v, run) },
			func() error { return r.runManagers(tx, &v, run) },
		} {
			if err := part(); err != nil {
				return err
			}
		}
		if run.State == hr.Held {
			v.Release = r.releaseForm(run, typed)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Run(r.shell(r.T("HR run %s", v.ID)), v))
}

func (r *request) runFacts(v *templates.RunView, run, last *hr.Run) {
	c := run.Counts
	v.State, v.File, v.SHA256 = runState(run), run.Name, hex.EncodeToString(run.SHA256)
	v.Source = ui.Link{Text: run.Source, URL: "/hr/sources#source-" + escape(run.Source)}
	v.Effective, v.Loaded, v.LoadedBy, v.Applied = r.at(run.EffectiveAt), r.at(run.LoadedAt), run.LoadedBy, r.maybe(run.AppliedAt)
	v.Steps = append(v.Steps, templates.RunStep{At: v.Loaded, Title: r.T("Loaded by %s", run.LoadedBy), Text: r.T("True from %s", v.Effective.Text)})
	if h := run.Hold; h != nil {
		v.Steps = append(v.Steps, templates.RunStep{At: r.at(h.OpenedAt), Title: r.T("Held by the brake"), Text: r.and(h.Reasons, 5)})
		if run.State == hr.Held {
			v.Why = h.Reasons
		} else {
			v.ReleasedBy, v.ReleaseReason = h.DecidedBy, h.Note
			word := r.T("Released by %s", h.DecidedBy)
			if run.State == hr.Discarded {
				v.ReleaseReason, word = r.T("discarded: %s", h.Note), r.T("Discarded by %s", h.DecidedBy)
			}
			v.Steps = append(v.Steps, templates.RunStep{At: r.maybe(h.DecidedAt), Title: word, Text: h.Note})
		}
	}
	if run.AppliedAt != nil {
		v.Steps = append(v.Steps, templates.RunStep{At: v.Applied, Title: r.T("Applied"), Text: r.T("People and their access were brought up to date in one go.")})
	}
	row := func(word string, n int, before func(*hr.Run) int) templates.Compared {
		x := templates.Compared{What: word, Now: r.Int(n)}
		if last != nil {
			was := before(last)
			x.Last, x.Difference = r.Int(was), r.signedCount(n-was)
		}
		return x
	}
	if last != nil {
		v.Last = ui.Link{Text: r.T("run #%s", strconv.Itoa(last.ID)), URL: runURL(last.ID)}
	}
	v.Compared = []templates.Compared{
		row(r.T("Rows in the file"), run.Rows, func(x *hr.Run) int { return x.Rows }),
		row(r.T("Joiners"), c.Joiners, func(x *hr.Run) int { return x.Counts.Joiners }),
		row(r.T("Movers"), c.Movers, func(x *hr.Run) int { return x.Counts.Movers }),
		row(r.T("Leavers"), c.Leavers, func(x *hr.Run) int { return x.Counts.Leavers }),
		row(r.T("Returns"), c.Returns, func(x *hr.Run) int { return x.Counts.Returns }),
		row(r.T("Updated"), c.Updated, func(x *hr.Run) int { return x.Counts.Updated }),
		row(r.T("Unchanged"), c.Unchanged, func(x *hr.Run) int { return x.Counts.Unchanged }),
	}
}

func (r *request) signedCount(n int) string {
	switch {
	case n > 0:
		return "+" + r.Int(n)
	case n < 0:
		return r.Int(n)
	}
	return r.T("same")
}

func (r *request) runLimits(tx *db.Tx, v *templates.RunView, run, last *hr.Run) error {
	loads, err := hr.Weigh(tx, run, last)
	for _, l := range loads {
		n := l.Here + l.Before
		g := ui.Gauge{Value: float64(n - l.Announced), Limit: float64(l.Limit), Over: l.Over}
		switch l.Kind {
		case "leavers":
			g.Name = r.T("Leavers")
		case "movers":
			g.Name = r.T("Movers")
		default:
			g.Name = r.T("Missing rows")
		}
		g.Text = r.T("%s of %s; held from %s on", r.Int(n), r.Int(l.Base), r.Int(l.Limit))
		if l.Before > 0 {
			g.Text += r.T(", %s of them within the 24 hours before", r.Int(l.Before))
		}
		if l.Announced > 0 {
			g.Text += r.T(", %s were announced", r.Int(l.Announced))
		}
		v.Limits = append(v.Limits, g)
	}
	return err
}

// sample is how many people of each class a run's page shows.
const sample = 20

var classTitles = map[string]string{"leaver": lang.Mark("Leavers"), "mover": lang.Mark("Movers"), "joiner": lang.Mark("Joiners"), "return": lang.Mark("Returns"), "updated": lang.Mark("Updated")}

// runGroups shows people of each class with what it does to them, field by field; a run of which that is not kept shows what the
// log tells.
func (r *request) runGroups(tx *db.Tx, v *templates.RunView, run *hr.Run) error {
	counts, err := hr.CountChanges(tx, run.ID)
	if err != nil {
		return err
	}
	if len(counts) == 0 {
		limit := shownOf
		if r.Query("all") == "1" {
			limit = most
		}
		if err := r.runDone(tx, v, run, limit); err != nil {
			return err
		}
		if v.AffectedAll > len(v.Affected) && limit < most {
			v.AffectedMore = ui.Link{Text: r.T("Show all"), URL: r.Request.URL.Path + "?all=1#affected"}
		}
		return nil
	}
	for _, class := range hr.Classes {
		n := counts[class]
		if n == 0 {
			continue
		}
		v.AffectedAll += n
		g := templates.ChangeGroup{Title: r.T(classTitles[class]), Total: n, All: ui.Link{Text: r.T("All %s", r.Plural(n, "person", "people")), URL: link(runURL(run.ID)+"/people", "class", class)}}
		all, err := hr.Changes(tx, run.ID, hr.ChangeFilter{Class: class, Limit: sample})
		if err != nil {
			return err
		}
		if g.Rows, err = r.changeRows(tx, all, run.State == hr.Held); err != nil {
			return err
		}
		v.Groups = append(v.Groups, g)
	}
	return nil
}

// changeRows puts people of a run into words. Of who would leave it says what they would lose.
func (r *request) changeRows(tx *db.Tx, all []hr.PersonChange, future bool) ([]templates.ChangeRow, error) {
	var ids []int
	for _, c := range all {
		if future && c.Class == "leaver" {
			ids = append(ids, c.Identity)
		}
	}
	held, err := access.CountHeld(tx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]templates.ChangeRow, len(all))
	for i, c := range all {
		x := templates.ChangeRow{Name: c.Name, Number: c.Number, Class: c.Class}
		if c.Ref != "" {
			x.URL = r.to("person.read_any", personURL(c.Ref))
		}
		switch {
		case future && c.Class == "leaver":
			h := held[c.Identity]
			x.What = r.T("Loses %s and %s", r.Plural(h.Grants, "grant", "grants"), r.Plural(h.Accounts, "account", "accounts"))
		case c.Later == "leaves":
			x.What = r.T("Leaves on a later day")
		case c.Later == "moves":
			x.What = r.T("Moves on a later day")
		}
		for _, f := range c.Fields {
			x.Fields = append(x.Fields, templates.FieldDiff{Field: strings.ReplaceAll(f.Field, "_", " "), Old: f.Old, New: f.New, From: f.From})
		}
		out[i] = x
	}
	return out, nil
}

// runMoved says what has moved since a held run was looked at.
func (r *request) runMoved(tx *db.Tx, v *templates.RunView, run *hr.Run) error {
	if run.State != hr.Held {
		return nil
	}
	m, err := hr.SinceSeen(tx, run)
	if err != nil {
		return err
	}
	v.SeenAt, v.LookURL = r.maybe(run.SeenAt), r.to("hr.release", runURL(run.ID)+"/look")
	if m.Overtaken > 0 {
		v.Moved = append(v.Moved, r.T("Run #%s of the same source is newer and applied. This one can only be discarded.", strconv.Itoa(m.Overtaken)))
		v.LookURL = ""
	}
	if m.People > 0 {
		v.Moved = append(v.Moved, r.T("%s of this run changed for another reason meanwhile.", r.Plural(m.People, "person", "people")))
	}
	return nil
}

// runManagers names, on the page of a source's newest good run, who has a manager whom nobody is known by.
func (r *request) runManagers(tx *db.Tx, v *templates.RunView, run *hr.Run) error {
	_, good, err := hr.NewestRuns(tx)
	if err != nil || good[run.SourceID] == nil || good[run.SourceID].ID != run.ID {
		return err
	}
	src, err := hr.Find(tx, run.Source)
	if err != nil {
		return err
	}
	all, err := hr.Unresolved(tx, src, sample+1)
	for _, u := range all[:min(len(all), sample)] {
		v.Unmanaged = append(v.Unmanaged, templates.Unmanaged{Number: u.Number, Name: u.Name, Manager: u.Manager})
	}
	if len(all) > sample {
		v.UnmanagedMore = r.T("These are the first %d.", sample)
	}
	return err
}

// runDone says what an applied run did to whom.
func (r *request) runDone(tx *db.Tx, v *templates.RunView, run *hr.Run, limit int) error {
	if run.AppliedAt == nil {
		return nil
	}
	cat, err := catalog.Load(tx)
	if err != nil {
		return err
	}
	done, n, err := audit.OfRun(tx, run.ID, *run.AppliedAt, limit)
	v.AffectedAll = n
	if err != nil {
		return err
	}
	pol, err := policy.Load(tx)
	for i := range done {
		d := &done[i]
		kind := affectedKinds[d.Kind]
		if kind == "" {
			kind = "updated"
		}
		what := r.T(eventWords[d.Kind].title)
		if text := r.eventText(cat, pol, &d.Entry); text != "" {
			what += ": " + text
		}
		v.Affected = append(v.Affected, templates.Affected{Name: d.Name, URL: r.to("person.read_any", personURL(d.Ref)), Kind: kind, What: what})
	}
	return err
}

// affectedKinds sorts the log's words for what happened to a person into those of a run's list.
var affectedKinds = map[string]string{"person.joined": "joiner", "person.hired": "joiner", "person.moved": "mover", "person.left": "leaver",
	"person.terminated": "leaver", "person.rehired": "return", "person.returned": "return"}

func (r *request) runRejects(tx *db.Tx, v *templates.RunView, run *hr.Run) error {
	all, err := hr.Rejects(tx, run.ID)
	v.RejectedAll = len(all)
	limit := shownOf
	if r.Query("all") == "1" {
		limit = most
	}
	for _, x := range all[:min(limit, len(all))] {
		v.Rejected = append(v.Rejected, templates.Rejection{Row: x.Row, Key: x.Key, Field: x.Field, Rule: x.Rule})
	}
	if len(all) > 0 {
		v.RejectedCSV = runURL(run.ID) + "/rejected"
	}
	if len(all) > len(v.Rejected) && limit < most {
		v.RejectedMore = ui.Link{Text: r.T("Show all"), URL: r.Request.URL.Path + "?all=1#rejected"}
	}
	return err
}
