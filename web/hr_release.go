package web

import (
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"tenure/internal/app"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/hr"
	"tenure/internal/task"
	"tenure/templates"
	"tenure/templates/ui"
)

// releaseForm is the form for a second person, or why this reader is not one.
func (r *request) releaseForm(run *hr.Run, f templates.Release) *templates.Release {
	n, what := run.ToType()
	f.Action, f.Count, f.Seen, f.DiscardURL = runURL(run.ID)+"/release", n, hex.EncodeToString(run.Content), r.to("hr.release", runURL(run.ID)+"/discard")
	f.Label = map[string]string{"leavers": r.T("How many people would leave?"), "movers": r.T("How many people would move?"), "rows": r.T("How many rows does the file have?")}[what]
	switch {
	case !r.may("hr.release"):
		f.Refusal = r.T("Your account does not have the right to release runs.")
	case run.LoadedByID == r.who.ID:
		f.Refusal = r.T("You loaded this; somebody else must release it. You may discard it.")
	}
	return &f
}

// big is how many people make a release long work, with a page of its own.
const big = 2000

// runRelease lets a held run go. Whoever releases types how many people leave: nobody does that without looking.
func (s *server) runRelease(r *request) error {
	r.allow(slow)
	id, err := r.number("id")
	if err != nil {
		return err
	}
	if err := r.form(); err != nil {
		return err
	}
	r.back = ui.Link{Text: r.T("See the run"), URL: runURL(id)}
	typed := templates.Release{Reason: r.field("reason"), Typed: r.field("count")}
	var run *hr.Run
	if err := r.read(func(tx *db.Tx) (err error) { run, err = hr.GetRun(tx, id); return err }); err != nil {
		return err
	}
	if run.State == hr.Held && run.LoadedByID != r.who.ID {
		if typed.Reason == "" {
			typed.Errors = append(typed.Errors, ui.FieldError{Field: "reason", Text: r.T("Say why these changes are right.")})
		}
		want, what := run.ToType()
		if n, err := strconv.Atoi(strings.NewReplacer(" ", "", "\u202f", "", ",", "").Replace(typed.Typed)); err != nil || n != want {
			typed.Errors = append(typed.Errors, ui.FieldError{Field: "count", Text: r.T("This is not the number of %s. Look at the list again.", what)})
		}
		if len(typed.Errors) > 0 {
			return s.runPage(r, http.StatusBadRequest, typed, nil)
		}
	}
	seen, err := hex.DecodeString(r.field("seen"))
	if err != nil || len(seen) == 0 {
		seen = run.Content
	}
	if c := run.Counts; run.State == hr.Held && run.LoadedByID != r.who.ID && c.Joiners+c.Movers+c.Leavers+c.Returns+c.Updated > big {
		return r.beginTask(task.New{Kind: app.TaskRelease, Title: r.T("Release HR run #%s", strconv.Itoa(id)), Args: app.ReleaseArgs{Run: id, Reason: typed.Reason, Seen: seen}}, false)
	}
	if _, err := s.app.HR.Decide(r.Request.Context(), r.who.actor, hr.Decision{Run: id, Reason: typed.Reason, Seen: seen}); err != nil {
		return s.notReleased(r, id, typed, err)
	}
	return r.goWith(runURL(id), ui.Notice{Tone: ui.Good, Title: r.T("The run is released and applied"), Text: r.T("What follows at the targets is on the operations page.")})
}

// notReleased says what stood in the way: somebody else was faster, or the world has moved and must be looked at again.
func (s *server) notReleased(r *request, id int, typed templates.Release, err error) error {
	if errors.Is(err, hr.ErrMoved) {
		in, out, again := s.app.HR.LookAgain(r.Request.Context(), r.who.actor, id)
		if again != nil {
			return again
		}
		n := r.movedNotice(in, out)
		n.Title = r.T("Not released: what it would do has changed since you looked")
		typed.Typed = ""
		return s.runPage(r, http.StatusConflict, typed, &n)
	}
	if errs.KindOf(err) != errs.KindConflict {
		return err
	}
	var run *hr.Run
	if readErr := r.read(func(tx *db.Tx) (err error) { run, err = hr.GetRun(tx, id); return err }); readErr != nil {
		return readErr
	}
	if run.State == hr.Held || run.Hold == nil {
		return err
	}
	return s.runPage(r, http.StatusConflict, typed, &ui.Notice{Tone: ui.Warn, Title: r.T("Somebody was faster"),
		Text: r.T("%s %s this run, %s. Nothing was done twice.", run.Hold.DecidedBy, run.Hold.State, r.maybe(run.Hold.DecidedAt).Text)})
}

func (r *request) movedNotice(in, out []string) ui.Notice {
	n := ui.Notice{Tone: ui.Warn, Title: r.T("Looked at again"), Text: r.T("It would do exactly what was shown before.")}
	if len(in)+len(out) == 0 {
		n.Tone = ui.Good
		return n
	}
	n.Text = ""
	if len(in) > 0 {
		n.Text = r.T("New or different now: %s.", r.and(in, 8))
	}
	if len(out) > 0 {
		n.Text = strings.TrimSpace(r.T("%s As it was before: %s.", n.Text, r.and(out, 8)))
	}
	return n
}

// runLook works out anew what a release would do, and says what has moved.
func (s *server) runLook(r *request) error {
	r.allow(slow)
	id, err := r.number("id")
	if err != nil {
		return err
	}
	in, out, err := s.app.HR.LookAgain(r.Request.Context(), r.who.actor, id)
	if err != nil {
		return err
	}
	return r.goWith(runURL(id), r.movedNotice(in, out))
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
		r.back = ui.Link{Text: r.T("See the run"), URL: runURL(id)}
		return hr.NotHeld(run)
	}
	home := ui.Link{Text: r.T("HR run #%s", strconv.Itoa(id)), URL: runURL(id)}
	v := templates.AskView{Up: []ui.Link{{Text: r.T("HR runs"), URL: "/hr/runs"}, home}, Title: r.T("Discard HR run #%s?", strconv.Itoa(id)), Lead: run.Name,
		Will:   []string{r.T("Nothing of this file is applied, now or later"), r.T("People stay as they are; a later file is weighed on its own")},
		Action: home.URL + "/discard", Button: r.T("Discard it"), Icon: "ban", Danger: true, Reason: true, Errors: bad, Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: home.URL}}
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
		return s.discardPage(r, http.StatusBadRequest, ui.Errors{{Field: "reason", Text: r.T("Say why it is dropped.")}})
	}
	r.back = ui.Link{Text: r.T("See the run"), URL: runURL(id)}
	if err := s.app.HR.Discard(r.Request.Context(), r.who.actor, id, reason); err != nil {
		return err
	}
	return r.goWith(runURL(id), ui.Notice{Tone: ui.Info, Title: r.T("The run is discarded"), Text: r.T("Nothing of it was applied.")})
}
