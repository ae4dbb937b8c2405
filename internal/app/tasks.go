package app

import (
	"bytes"
	"context"
	"fmt"

	"tenure/internal/audit"
	"tenure/internal/audit/control"
	"tenure/internal/audit/trail"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/hr"
	"tenure/internal/provision"
	"tenure/internal/task"
)

// The kinds of tasks.
const (
	TaskLoad    = "hr.load"
	TaskCheck   = "hr.check"
	TaskRelease = "hr.release"
	TaskRead    = "application.read"
	TaskMine    = "policy.mine"
	TaskReplay  = "policy.backtest"
	TaskPack    = "evidence.pack"
	TaskVerify  = "evidence.verify"
)

// LoadArgs say which file of which source is read. The file itself is the task's.
type LoadArgs struct {
	Source    string `json:"source"`
	Effective string `json:"effective,omitempty"`
}

// ReleaseArgs say which held run is released.
type ReleaseArgs struct {
	Run    int    `json:"run"`
	Reason string `json:"reason"`
	Seen   []byte `json:"seen,omitempty"`
}

// ReadArgs say which application is read.
type ReadArgs struct {
	Application int    `json:"application"`
	Name        string `json:"name"`
}

// Outcome is the result of a task: where to look, and what there was, in counts.
type Outcome struct {
	URL    string     `json:"url,omitempty"`
	Text   string     `json:"text,omitempty"`
	Sync   *hr.Result `json:"sync,omitempty"`
	Source string     `json:"source,omitempty"`

	Pack *control.Packed `json:"pack,omitempty"`
}

// few is how many rejected rows stand in the result of a task; all of them are on the run's page.
const few = 50

// NewTasks gives the long work there is, by kind.
func NewTasks(d *db.DB, h *hr.Service, p *provision.Service) *task.Service {
	return &task.Service{DB: d, Kinds: map[string]task.Worker{
		TaskLoad:  func(ctx context.Context, w *task.Work) error { return load(ctx, h, w, false) },
		TaskCheck: func(ctx context.Context, w *task.Work) error { return load(ctx, h, w, true) },
		TaskRelease: func(ctx context.Context, w *task.Work) error {
			var a ReleaseArgs
			if err := w.Into(&a); err != nil {
				return err
			}
			_, err := h.Decide(ctx, w.Actor(), hr.Decision{Run: a.Run, Reason: a.Reason, Seen: a.Seen, Step: stepsOf(ctx, w),
				Then: func(tx *db.Tx, out *hr.Result) error { return w.End(tx, outcome(out, ""), nil) }})
			return err
		},
		TaskRead:   func(ctx context.Context, w *task.Work) error { return read(ctx, p, w) },
		TaskMine:   func(ctx context.Context, w *task.Work) error { return mine(ctx, d, w) },
		TaskReplay: func(ctx context.Context, w *task.Work) error { return backtestSet(ctx, d, w) },
		TaskPack:   func(ctx context.Context, w *task.Work) error { return pack(ctx, d, w) },
		TaskVerify: func(ctx context.Context, w *task.Work) error { return verify(ctx, d, w) },
	}}
}

func stepsOf(ctx context.Context, w *task.Work) func(string, int, int) error {
	return func(detail string, done, total int) error { return w.Step(ctx, detail, done, total) }
}

func outcome(r *hr.Result, src string) Outcome {
	o := Outcome{Sync: r, Source: src}
	if r.Run > 0 {
		o.URL = fmt.Sprintf("/hr/runs/%d", r.Run)
	}
	if len(r.Rejected) > few {
		c := *r
		c.Rejected = r.Rejected[:few]
		o.Sync = &c
	}
	return o
}

// load reads a file and applies it, holds it, or, dry, changes nothing: the same code, rolled back.
func load(ctx context.Context, h *hr.Service, w *task.Work, dry bool) error {
	var a LoadArgs
	if err := w.Into(&a); err != nil {
		return err
	}
	f, err := w.Input(ctx)
	if err != nil {
		return err
	}
	u := hr.Upload{Source: a.Source, Name: f.Name, Effective: a.Effective, Body: bytes.NewReader(f.Body), Dry: dry, Step: stepsOf(ctx, w)}
	if !dry {
		u.Then = func(tx *db.Tx, out *hr.Result) error { return w.End(tx, outcome(out, a.Source), nil) }
	}
	out, err := h.Sync(ctx, w.Actor(), u)
	if err != nil || !dry {
		return err
	}
	return w.Finish(ctx, outcome(out, a.Source), nil)
}

// read reads a whole application. What it shows is stored by provision, at once or not at all.
func read(ctx context.Context, p *provision.Service, w *task.Work) error {
	var a ReadArgs
	if err := w.Into(&a); err != nil {
		return err
	}
	if err := w.Step(ctx, "Asking the application for everything it holds", 1, 3); err != nil {
		return err
	}
	id, err := p.ReadWhole(ctx, a.Application)
	if err != nil {
		return err
	}
	if err := w.Step(ctx, "Counting what it holds", 2, 3); err != nil {
		return err
	}
	if err := p.DB.Do(ctx, db.System, func(tx *db.Tx) error { return recount(tx, a.Application) }); err != nil {
		return err
	}
	return w.Finish(ctx, Outcome{URL: "/applications/" + a.Name, Text: fmt.Sprintf("It was read whole: reading #%d.", id)}, nil)
}

// mine looks for roles and for unusual access; its arguments are an audit.MiningScope.
func mine(ctx context.Context, d *db.DB, w *task.Work) error {
	var scope audit.MiningScope
	if err := w.Into(&scope); err != nil {
		return err
	}
	run, err := audit.Mine(ctx, d, scope, stepsOf(ctx, w))
	if err != nil {
		return err
	}
	return d.Do(ctx, w.Actor(), func(tx *db.Tx) error {
		id, err := run.Store(tx)
		if err != nil {
			return err
		}
		return w.End(tx, Outcome{URL: fmt.Sprintf("/policy/mining/%d", id)}, nil)
	})
}

// verify verifies the evidence log in the database, and notes what was found.
func verify(ctx context.Context, d *db.DB, w *task.Work) error {
	r, err := trail.Verify(ctx, d, trail.Outside{Step: func(done, total int64) error {
		return w.Step(ctx, "Computing the tree anew from the events", int(done), int(total))
	}})
	if err != nil {
		return err
	}
	if err := trail.Note(ctx, d, r); err != nil {
		return err
	}
	text := fmt.Sprintf("Nothing is wrong with the log of %d events, nor with the %d rows that it vouches for.", r.Size, r.Rows)
	if !r.Right() {
		text = "Something is wrong. " + r.Answer()
	}
	return w.Finish(ctx, Outcome{URL: "/evidence/log", Text: text}, nil)
}

// recount counts an application anew for its page.
func recount(tx *db.Tx, id int) error {
	cat, err := catalog.Load(tx)
	if err != nil || cat.Apps[id] == nil {
		return err
	}
	return audit.Recount(tx, cat.Apps[id])
}
