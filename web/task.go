package web

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"tenure/internal/app"
	"tenure/internal/db"
	"tenure/internal/task"
	"tenure/templates"
	"tenure/templates/ui"
)

// sessionTold is until when the reader was told of the end of tasks.
const sessionTold = "tasks_told"

func taskURL(ref string) string { return "/tasks/" + ref }

// task finds the task of the address; somebody else's does not exist.
func (r *request) task(tx *db.Tx) (*task.Task, error) {
	t, err := task.Get(tx, r.Param("id"))
	if err == nil && t.Identity != r.who.ID {
		return nil, nothing("task")
	}
	return t, err
}

// tasks lists what the reader started.
func (s *server) tasks(r *request) error {
	v := templates.TasksView{}
	err := r.read(func(tx *db.Tx) error {
		all, err := task.Mine(tx, r.who.ID, r.longCursor("before"), pageSize)
		for i := range all {
			v.Rows = append(v.Rows, r.taskRow(&all[i]))
		}
		if len(all) == pageSize {
			v.Pager.NextURL = link("/tasks", "before", strconv.FormatInt(all[len(all)-1].ID, 10))
		}
		return err
	})
	if err != nil {
		return err
	}
	if r.longCursor("before") > 0 {
		v.Pager.FirstURL = "/tasks"
	}
	return r.show(templates.Tasks(r.shell(r.T("My tasks")), v))
}

func (r *request) taskRow(t *task.Task) templates.TaskRow {
	return templates.TaskRow{Title: t.Title, URL: taskURL(t.Ref), State: string(t.State), Percent: t.Percent(), Begun: r.at(t.CreatedAt), Ended: r.maybe(t.EndedAt),
		Took: r.tookTask(t), Text: t.Error}
}

func (r *request) tookTask(t *task.Task) string {
	if t.StartedAt == nil || t.EndedAt == nil {
		return ""
	}
	return r.took(*t.StartedAt, t.EndedAt)
}

// taskShow is the page of one task: while it is under way, and for good once it has ended.
func (s *server) taskShow(r *request) error {
	var t *task.Task
	if err := r.read(func(tx *db.Tx) (err error) { t, err = r.task(tx); return err }); err != nil {
		return err
	}
	v := templates.TaskView{Title: t.Title, State: string(t.State), Percent: t.Percent(), Detail: t.Detail, Begun: r.at(t.CreatedAt), Ended: r.maybe(t.EndedAt), Took: r.tookTask(t),
		Error: t.Error, Stopping: t.CancelAsk != nil && !t.State.Over(), Watch: ui.Watching{ID: "task", Over: t.State.Over(), Percent: t.Percent(), Words: r.taskWords(t)}}
	if t.Total > 0 && !t.State.Over() {
		v.Step = r.T("Step %s of %s", r.Int(min(t.Done+1, t.Total)), r.Int(t.Total))
	}
	if !t.State.Over() {
		v.Watch.URL, v.Watch.EventsURL = taskURL(t.Ref), taskURL(t.Ref)+"/events"
		if t.CancelAsk == nil {
			v.CancelURL = taskURL(t.Ref) + "/cancel"
		}
	} else if !polling(r.Request) && t.EndedAt.UnixMicro() > s.sessions.GetInt64(r.Request.Context(), sessionTold) {
		s.sessions.Put(r.Request.Context(), sessionTold, t.EndedAt.UnixMicro())
	}
	if t.HasOutcome && t.State == task.Done {
		v.File = ui.Link{Text: r.T("Download the file"), URL: taskURL(t.Ref) + "/file"}
	}
	r.taskOutcome(&v, t)
	sh := r.shell(t.Title)
	sh.Refresh = !t.State.Over()
	return r.show(templates.TaskPage(sh, v))
}

// taskOutcome says what came of a task that is done.
func (r *request) taskOutcome(v *templates.TaskView, t *task.Task) {
	var o app.Outcome
	if t.State != task.Done || json.Unmarshal(t.Result, &o) != nil {
		return
	}
	v.Text = o.Text
	if o.URL != "" {
		v.Next = ui.Link{Text: r.T("Open the result"), URL: o.URL}
	}
	if o.Sync == nil {
		return
	}
	x := o.Sync
	v.Dry = t.Kind == app.TaskCheck
	switch {
	case v.Dry && x.Held:
		v.Text = r.T("If you load this file now, it is held and nothing is applied until another person releases it.")
	case v.Dry:
		v.Text = r.T("If you load this file now, it is applied at once. These are the numbers.")
	case x.Held:
		v.Text = r.T("The file is held. Nothing of it is applied until another person releases it.")
	default:
		v.Text = r.T("The file is applied.")
	}
	if x.Held {
		v.Why = sentence(x.Reason)
	} else if x.Reason != "" {
		v.Note = sentence(x.Reason)
	}
	v.Counts = []ui.Figure{{Label: r.T("Joiners"), Value: r.Int(x.Joiners)}, {Label: r.T("Movers"), Value: r.Int(x.Movers)}, {Label: r.T("Leavers"), Value: r.Int(x.Leavers)},
		{Label: r.T("Returns"), Value: r.Int(x.Returns)}, {Label: r.T("Updated"), Value: r.Int(x.Updated)}, {Label: r.T("Unchanged"), Value: r.Int(x.Unchanged)}}
	for _, j := range x.Rejected {
		v.Rejected = append(v.Rejected, templates.Rejection{Row: j.Row, Key: j.Key, Field: j.Field, Rule: j.Rule})
	}
	if v.Dry {
		v.Next = ui.Link{Text: r.T("Back to the source, to load it"), URL: "/hr/sources#source-" + escape(o.Source)}
	}
}

func (r *request) taskWords(t *task.Task) string {
	switch t.State {
	case task.Done:
		return r.T("Done")
	case task.Failed:
		return r.T("Failed")
	case task.Cancelled:
		return r.T("Cancelled")
	case task.Queued:
		return r.T("Waiting for its turn")
	}
	return t.Detail
}

// taskEvents rings whenever the task has come further.
func (s *server) taskEvents(r *request) error {
	return r.stream(func(tx *db.Tx) (sign, error) {
		t, err := r.task(tx)
		if err != nil {
			return sign{}, err
		}
		return sign{Seq: t.Seq, Percent: t.Percent(), Words: r.taskWords(t), Over: t.State.Over()}, nil
	})
}

// taskFile gives what a task has made.
func (s *server) taskFile(r *request) error {
	var f task.File
	err := r.read(func(tx *db.Tx) error {
		t, err := r.task(tx)
		if err == nil {
			f, err = task.Fetch(tx, t.ID, "out")
		}
		return err
	})
	if err != nil {
		return err
	}
	r.Header("Content-Disposition", `attachment; filename="`+f.Name+`"`)
	r.Data(http.StatusOK, f.Media, f.Body)
	return nil
}

// taskCancel asks a task to stop.
func (s *server) taskCancel(r *request) error {
	var t *task.Task
	if err := r.do(func(tx *db.Tx) (err error) {
		if t, err = r.task(tx); err != nil {
			return err
		}
		return task.Cancel(tx, t.Ref)
	}); err != nil {
		return err
	}
	return r.goTo(taskURL(t.Ref))
}

// begin puts a task down and leads to its page. What is small is done at once, in this very request, by the same code.
func (r *request) beginTask(n task.New, small bool) error {
	var ref string
	if err := r.do(func(tx *db.Tx) (err error) { ref, err = task.Begin(tx, n); return err }); err != nil {
		return err
	}
	if small {
		if err := r.s.app.Tasks.DoRef(r.Request.Context(), ref); err != nil {
			return err
		}
	}
	return r.goTo(taskURL(ref))
}

// telling says whether the answer is a page that may have told on top.
func (r *request) telling() bool {
	return r.Request.Method == http.MethodGet && !polling(r.Request) && r.bearer == nil
}

// toldUntil is up to when the reader knows of the ends of their tasks, a day ago at the earliest.
func (r *request) toldUntil() time.Time {
	after := time.Now().Add(-24 * time.Hour)
	if seen := r.s.sessions.GetInt64(r.Request.Context(), sessionTold); seen > after.UnixMicro() {
		after = time.UnixMicro(seen)
	}
	return after
}

// told puts a line on top of a page when a task of the reader's ended that they have not looked at.
func (r *request) told() *ui.Notice {
	t := r.who.ended
	if t == nil {
		return nil
	}
	n := ui.Notice{Tone: ui.Good, Title: r.T("Done: %s", t.Title), Link: ui.Link{Text: r.T("See what came of it"), URL: taskURL(t.Ref)}}
	switch t.State {
	case task.Failed:
		n.Tone, n.Title, n.Text = ui.Bad, r.T("Failed: %s", t.Title), t.Error
	case task.Cancelled:
		return nil
	}
	return &n
}
