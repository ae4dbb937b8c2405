package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"tenure/internal/app"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/hr"
)

type hrCmd struct {
	Sync    hrSyncCmd    `cmd:"" help:"Read a file of an HR source and apply it, or hold it for a second person."`
	Release hrReleaseCmd `cmd:"" help:"Release a held run, as another person than who loaded it."`
	Look    hrLookCmd    `cmd:"" help:"Work out anew what releasing a held run would do, and say what has moved."`
	Discard hrDiscardCmd `cmd:"" help:"Drop a held run."`
	Expect  hrExpectCmd  `cmd:"" help:"Announce a planned mass change, as another person than who will load it."`
	Runs    hrRunsCmd    `cmd:"" help:"List the newest runs."`
}

type hrSyncCmd struct {
	Source    string `arg:"" help:"Name of the HR source."`
	File      string `required:"" type:"existingfile" help:"The file."`
	Effective string `help:"When the file is true: a day or an RFC 3339 time; now when left out." placeholder:"DATE"`
	Rows      int    `help:"Number of data rows the file is declared to have." placeholder:"N"`
}

func (c *hrSyncCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		who, err := r.who(a, "hr.upload")
		if err != nil {
			return err
		}
		f, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		out, err := a.HR.Sync(r.ctx, who, hr.Upload{Source: c.Source, Name: filepath.Base(c.File), Effective: c.Effective, DeclaredRows: c.Rows, Body: f})
		if err != nil {
			return err
		}
		return r.result(out)
	})
}

// result prints the answer of a sync; a held one has an exit code of its own.
func (r *run) result(out *hr.Result) error {
	err := r.answer(out, func() {
		if out.Held {
			fmt.Printf("Run %d is held: %s.\nAnother person releases it with `tenure hr release %d --reason TEXT` or on the portal.\n", out.Run, out.Reason, out.Run)
		} else {
			fmt.Printf("Run %d is applied.\n", out.Run)
			if out.Reason != "" {
				fmt.Printf("Note: %s.\n", out.Reason)
			}
		}
		fmt.Printf("joiners %d, movers %d, leavers %d, returns %d, updated %d, unchanged %d, rejected %d\n",
			out.Joiners, out.Movers, out.Leavers, out.Returns, out.Updated, out.Unchanged, len(out.Rejected))
		if out.Unmanaged > 0 {
			fmt.Printf("warning: %d people name a manager nobody is known by, or several are; they have none until that changes\n", out.Unmanaged)
		}
		for i, x := range out.Rejected {
			if i == 20 {
				fmt.Printf("  ... and %d more, on the run's page\n", len(out.Rejected)-i)
				break
			}
			fmt.Printf("  row %d, %s: %s\n", x.Row, x.Field, x.Rule)
		}
	})
	if err == nil && out.Held {
		return exit{exitHeld, fmt.Sprintf("run %d is held", out.Run)}
	}
	return err
}

type hrReleaseCmd struct {
	RunID  int    `arg:"" name:"run" help:"Number of the held run."`
	Reason string `required:"" help:"Why it is right."`
}

func (c *hrReleaseCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		who, err := r.who(a, "hr.release")
		if err != nil {
			return err
		}
		var run *hr.Run
		if err := a.DB.Read(r.ctx, func(tx *db.Tx) (err error) { run, err = hr.GetRun(tx, c.RunID); return err }); err != nil {
			return err
		}
		// What is released is what was last worked out, and shown by the portal or by hr look: if that has moved, nothing happens.
		out, err := a.HR.Decide(r.ctx, who, hr.Decision{Run: c.RunID, Reason: c.Reason, Seen: run.Content})
		if errors.Is(err, hr.ErrMoved) {
			return errs.Conflict("what run %d would do has changed since it was looked at; nothing was applied. Look at it again: tenure hr look %d", c.RunID, c.RunID)
		}
		if err != nil {
			return err
		}
		return r.result(out)
	})
}

type hrLookCmd struct {
	RunID int `arg:"" name:"run" help:"Number of the held run."`
}

// looked is the answer of hr look: what a release would do, and who is in it otherwise than before.
type looked struct {
	Run    int       `json:"run"`
	Counts hr.Counts `json:"counts"`
	Now    []string  `json:"now"` // new in it, or otherwise than before
	Was    []string  `json:"was"` // as it was before
}

func (c *hrLookCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		who, err := r.who(a, "hr.release")
		if err != nil {
			return err
		}
		out := looked{Run: c.RunID}
		if out.Now, out.Was, err = a.HR.LookAgain(r.ctx, who, c.RunID); err != nil {
			return err
		}
		var run *hr.Run
		if err := a.DB.Read(r.ctx, func(tx *db.Tx) (err error) { run, err = hr.GetRun(tx, c.RunID); return err }); err != nil {
			return err
		}
		out.Counts = run.Counts
		return r.answer(out, func() {
			n := run.Counts
			fmt.Printf("Run %d would do: joiners %d, movers %d, leavers %d, returns %d, updated %d.\n", c.RunID, n.Joiners, n.Movers, n.Leavers, n.Returns, n.Updated)
			if len(out.Now)+len(out.Was) == 0 {
				fmt.Println("That is what was shown before.")
			}
			for _, name := range out.Now {
				fmt.Printf("  new or different now: %s\n", name)
			}
			for _, name := range out.Was {
				fmt.Printf("  as it was before: %s\n", name)
			}
		})
	})
}

type hrDiscardCmd struct {
	RunID  int    `arg:"" name:"run" help:"Number of the held run."`
	Reason string `required:"" help:"Why it is dropped."`
}

func (c *hrDiscardCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		who, err := r.who(a, "hr.release")
		if err != nil {
			return err
		}
		if err := a.HR.Discard(r.ctx, who, c.RunID, c.Reason); err != nil {
			return err
		}
		return r.answer(map[string]any{"run": c.RunID, "state": hr.Discarded}, func() { fmt.Printf("Run %d is discarded.\n", c.RunID) })
	})
}

type hrExpectCmd struct {
	Source string `arg:"" help:"Name of the HR source."`
	Kind   string `required:"" enum:"leavers,movers,rows" help:"leavers, movers or rows (fewer rows)."`
	Count  int    `required:"" help:"How many, at most."`
	From   string `required:"" help:"First day it may come (YYYY-MM-DD)."`
	To     string `required:"" help:"Last day it may come."`
	Reason string `required:"" help:"What is planned."`
}

func (c *hrExpectCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		var id int
		err := r.do(a, "hr.expect", func(tx *db.Tx) (err error) {
			id, err = hr.Expect(tx, hr.Expectation{Source: c.Source, Kind: c.Kind, Count: c.Count, From: c.From, To: c.To, Note: c.Reason})
			return err
		})
		if err != nil {
			return err
		}
		return r.answer(map[string]any{"expectation": id}, func() {
			fmt.Printf("Announced: up to %d %s from %s to %s. Somebody else may load them.\n", c.Count, c.Kind, c.From, c.To)
		})
	})
}

type hrRunsCmd struct{}

func (c *hrRunsCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		var runs []*hr.Run
		if err := a.DB.Read(r.ctx, func(tx *db.Tx) (err error) { runs, err = hr.Runs(tx, 0, 20); return err }); err != nil {
			return err
		}
		return r.answer(runs, func() {
			for _, x := range runs {
				fmt.Printf("%5d  %-12s %s  %-10s %6d rows  +%d ~%d -%d\n", x.ID, x.Source, x.EffectiveAt.Format("2006-01-02"), x.State, x.Rows,
					x.Counts.Joiners, x.Counts.Movers, x.Counts.Leavers)
			}
		})
	})
}
