package web

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"tenure/internal/access"
	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/hr"
	"tenure/internal/identity"
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
		v.Filters = []ui.Chip{{Text: "All", URL: "/hr/runs", Count: total, Counted: true, Current: state == ""}}
		for _, x := range []struct{ state, word string }{{hr.Held, "Held"}, {hr.Applied, "Applied"}, {hr.Discarded, "Discarded"}} {
			v.Filters = append(v.Filters, ui.Chip{Text: x.word, URL: link("/hr/runs", "state", x.state), Count: counts[x.state], Counted: true, Current: state == x.state})
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
		v.Pager = pager(shown, len(all), total, link("/hr/runs", "state", state), next)
		return nil
	})
	if err != nil {
		return err
	}
	return r.show(templates.Runs(r.shell("HR runs"), v))
}

// runShow is the page of one run.
func (s *server) runShow(r *request) error { return s.runPage(r, http.StatusOK, templates.Release{}) }

// runPage draws it; typed carries what was wrong with a release.
func (s *server) runPage(r *request, status int, typed templates.Release) error {
	id, err := r.number("id")
	if err != nil {
		return err
	}
	v := templates.RunView{ID: "#" + strconv.Itoa(id)}
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
		if err := runLimits(tx, &v, run, last); err != nil {
			return err
		}
		if err := r.runPeople(tx, &v, run); err != nil {
			return err
		}
		if err := r.runRejects(tx, &v, run); err != nil {
			return err
		}
		if run.State == hr.Held {
			v.Release = r.releaseForm(run, typed)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Run(r.shell("HR run "+v.ID), v))
}

func (r *request) runFacts(v *templates.RunView, run, last *hr.Run) {
	c := run.Counts
	v.State, v.File, v.SHA256 = runState(run), run.Name, hex.EncodeToString(run.SHA256)
	v.Source = ui.Link{Text: run.Source, URL: "/hr/sources#source-" + escape(run.Source)}
	v.Effective, v.Loaded, v.LoadedBy, v.Applied = r.at(run.EffectiveAt), r.at(run.LoadedAt), run.LoadedBy, r.maybe(run.AppliedAt)
	if h := run.Hold; h != nil {
		if run.State == hr.Held {
			v.Why = h.Reasons
		} else {
			v.ReleasedBy, v.ReleaseReason = h.DecidedBy, h.Note
			if run.State == hr.Discarded {
				v.ReleaseReason = "discarded: " + h.Note
			}
		}
	}
	figure := func(word string, n int, before func(*hr.Run) int) ui.Figure {
		f := ui.Figure{Label: word, Value: ui.Int(n)}
		if last != nil {
			f.Note = "last good " + ui.Int(before(last))
		}
		return f
	}
	v.Counts = []ui.Figure{
		figure("Rows", run.Rows, func(x *hr.Run) int { return x.Rows }),
		figure("Joiners", c.Joiners, func(x *hr.Run) int { return x.Counts.Joiners }),
		figure("Movers", c.Movers, func(x *hr.Run) int { return x.Counts.Movers }),
		figure("Leavers", c.Leavers, func(x *hr.Run) int { return x.Counts.Leavers }),
		figure("Returns", c.Returns, func(x *hr.Run) int { return x.Counts.Returns }),
		figure("Updated", c.Updated, func(x *hr.Run) int { return x.Counts.Updated }),
		figure("Unchanged", c.Unchanged, func(x *hr.Run) int { return x.Counts.Unchanged }),
	}
}

func runLimits(tx *db.Tx, v *templates.RunView, run, last *hr.Run) error {
	loads, err := hr.Weigh(tx, run, last)
	for _, l := range loads {
		n := l.Here + l.Before
		g := ui.Gauge{Value: float64(n - l.Announced), Limit: float64(l.Limit), Over: l.Over}
		switch l.Kind {
		case "leavers":
			g.Name = "Leavers"
		case "movers":
			g.Name = "Movers"
		default:
			g.Name = "Missing rows"
		}
		g.Text = fmt.Sprintf("%s of %s; held from %s on", ui.Int(n), ui.Int(l.Base), ui.Int(l.Limit))
		if l.Before > 0 {
			g.Text += fmt.Sprintf(", %s of them within the 24 hours before", ui.Int(l.Before))
		}
		if l.Announced > 0 {
			g.Text += fmt.Sprintf(", %s were announced", ui.Int(l.Announced))
		}
		v.Limits = append(v.Limits, g)
	}
	return err
}

// runPeople says who is in a held run, and who was changed by an applied one.
func (r *request) runPeople(tx *db.Tx, v *templates.RunView, run *hr.Run) error {
	limit := shownOf
	if r.Query("all") == "1" {
		limit = most
	}
	if run.Hold != nil && run.State != hr.Applied {
		if err := r.runHeld(tx, v, run.Hold.Affected, limit); err != nil {
			return err
		}
	} else {
		if err := r.runDone(tx, v, run, limit); err != nil {
			return err
		}
	}
	if v.AffectedAll > len(v.Affected) && limit < most {
		v.AffectedMore = ui.Link{Text: "Show all", URL: r.Request.URL.Path + "?all=1#affected"}
	}
	return nil
}

// runHeld says who is in a held run, and what would happen to them.
func (r *request) runHeld(tx *db.Tx, v *templates.RunView, all []hr.Affected, limit int) error {
	v.AffectedAll = len(all)
	all = all[:min(limit, len(all))]
	ids := make([]int, len(all))
	for i, a := range all {
		ids[i] = a.Identity
	}
	people, err := identity.People(tx, ids)
	if err != nil {
		return err
	}
	held, err := access.CountHeld(tx, ids)
	if err != nil {
		return err
	}
	for _, a := range all {
		h := held[a.Identity]
		x := templates.Affected{Name: a.Name, Kind: "mover", What: "gains and loses what the rules say of the new place"}
		if a.What == "leaves" {
			x.Kind, x.What = "leaver", "loses "+plural(h.Grants, "grant", "grants")+" and "+plural(h.Accounts, "account", "accounts")
		}
		if a.Number != "" {
			x.What = "number " + a.Number + ": " + x.What
		}
		if p := people[a.Identity]; p != nil {
			x.URL = r.to("person.read_any", personURL(p.PublicID))
		}
		v.Affected = append(v.Affected, x)
	}
	return nil
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
	for i := range done {
		d := &done[i]
		kind := affectedKinds[d.Kind]
		if kind == "" {
			kind = "updated"
		}
		what := eventWords[d.Kind].title
		if text := eventText(cat, &d.Entry); text != "" {
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
	if len(all) > len(v.Rejected) && limit < most {
		v.RejectedMore = ui.Link{Text: "Show all", URL: r.Request.URL.Path + "?all=1#rejected"}
	}
	return err
}

// releaseForm is the form for a second person, or why this reader is not one.
func (r *request) releaseForm(run *hr.Run, f templates.Release) *templates.Release {
	f.Action, f.Count, f.DiscardURL = runURL(run.ID)+"/release", len(run.Hold.Affected), r.to("hr.release", runURL(run.ID)+"/discard")
	switch {
	case !r.may("hr.release"):
		f.Refusal = "Your account does not have the right to release runs."
	case run.LoadedByID == r.who.ID:
		f.Refusal = "You loaded it. Another person must release it; you may discard it."
	}
	return &f
}

// runRelease lets a held run go. Whoever releases types how many people it concerns: nobody does that without looking.
func (s *server) runRelease(r *request) error {
	r.allow(slow)
	id, err := r.number("id")
	if err != nil {
		return err
	}
	if err := r.form(); err != nil {
		return err
	}
	typed := templates.Release{Reason: r.field("reason"), Typed: r.field("count")}
	var run *hr.Run
	if err := r.read(func(tx *db.Tx) (err error) { run, err = hr.GetRun(tx, id); return err }); err != nil {
		return err
	}
	if run.State == hr.Held && run.LoadedByID != r.who.ID {
		if typed.Reason == "" {
			typed.Errors = append(typed.Errors, ui.FieldError{Field: "reason", Text: "Say why these changes are right."})
		}
		if n, err := strconv.Atoi(strings.NewReplacer(" ", "", "\u202f", "", ",", "").Replace(typed.Typed)); err != nil || n != len(run.Hold.Affected) {
			typed.Errors = append(typed.Errors, ui.FieldError{Field: "count", Text: "This is not the number of people affected. Look at the list again."})
		}
		if len(typed.Errors) > 0 {
			return s.runPage(r, http.StatusBadRequest, typed)
		}
	}
	if _, err := s.app.HR.Release(r.Request.Context(), r.who.actor, id, typed.Reason); err != nil {
		return err
	}
	return r.goWith(runURL(id), ui.Notice{Tone: ui.Good, Title: "The run is released and applied", Text: "What follows at the targets is on the operations page."})
}

// runDiscardAsk asks before a held run is dropped.
func (s *server) runDiscardAsk(r *request) error { return s.discardPage(r, http.StatusOK, nil) }

func (s *server) discardPage(r *request, status int, bad ui.Errors) error {
	id, err := r.number("id")
	if err != nil {
		return err
	}
	var run *hr.Run
	if err := r.read(func(tx *db.Tx) (err error) { run, err = hr.GetRun(tx, id); return err }); err != nil {
		return err
	}
	if run.State != hr.Held {
		return errs.Conflict("run %d is not held: it is %s", id, run.State)
	}
	home := ui.Link{Text: "HR run #" + strconv.Itoa(id), URL: runURL(id)}
	v := templates.AskView{Up: []ui.Link{{Text: "HR runs", URL: "/hr/runs"}, home}, Title: "Discard HR run #" + strconv.Itoa(id) + "?", Lead: run.Name,
		Will:   []string{"Nothing of this file is applied, now or later", "People stay as they are; a later file is weighed on its own"},
		Action: home.URL + "/discard", Button: "Discard it", Icon: "ban", Danger: true, Reason: true, Errors: bad, Cancel: ui.Link{Text: "Go back, change nothing", URL: home.URL}}
	return r.render(status, templates.Ask(r.shell(v.Title), v))
}

// runDiscard drops a held run.
func (s *server) runDiscard(r *request) error {
	id, err := r.number("id")
	if err != nil {
		return err
	}
	if err := r.form(); err != nil {
		return err
	}
	reason := r.field("reason")
	if reason == "" {
		return s.discardPage(r, http.StatusBadRequest, ui.Errors{{Field: "reason", Text: "Say why it is dropped."}})
	}
	if err := s.app.HR.Discard(r.Request.Context(), r.who.actor, id, reason); err != nil {
		return err
	}
	return r.goWith(runURL(id), ui.Notice{Tone: ui.Info, Title: "The run is discarded", Text: "Nothing of it was applied."})
}
