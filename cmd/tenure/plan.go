package main

import (
	"fmt"

	"tenure/internal/app"
	"tenure/internal/change"
	"tenure/internal/db"
)

type planCmd struct {
	Files string `short:"f" name:"files" required:"" help:"Folder with YAML files (or one file)." placeholder:"DIR"`
	Title string `required:"" help:"What is changed, in a few words."`
	Prune bool   `help:"End roles, rules, duties and SoD rules that no file declares."`
}

// Run stores a plan for another person to approve.
func (c *planCmd) Run(r *run) error {
	if _, err := change.Read(c.Files); err != nil { // which names files and lines; the stored text has lines only
		return err
	}
	text, err := change.Text(c.Files)
	if err != nil {
		return err
	}
	return r.with(func(a *app.App) error {
		var s *change.Set
		err := r.as(a, "policy.change", func(tx *db.Tx) (err error) {
			s, err = change.Draft(tx, change.Proposal{Title: c.Title, Body: text, Prune: c.Prune}, app.ChangeDeps())
			if err == nil {
				err = s.Plan.Meet(tx)
			}
			return err
		})
		if err != nil {
			return err
		}
		return r.answer(s, func() { showSet(s) })
	})
}

// as runs fn in one transaction as whoever the token names, or as the operator.
func (r *run) as(a *app.App, permission string, fn func(*db.Tx) error) error {
	var who db.Actor
	if err := a.DB.Do(r.ctx, db.System, func(tx *db.Tx) (err error) { who, err = r.actor(tx, permission); return err }); err != nil {
		return err
	}
	return a.DB.Do(r.ctx, who, fn)
}

func showSet(s *change.Set) {
	fmt.Printf("Change set %d, %s: %s\n", s.ID, s.State, s.Title)
	showPlan(&s.Plan)
	if s.Note != "" {
		fmt.Println("Note:", s.Note)
	}
	if s.State == change.Planned {
		fmt.Printf("Another person applies it with: tenure change approve %d --reason ...\n", s.ID)
	}
}

type changeCmd struct {
	List    changeListCmd    `cmd:"" help:"The newest change sets."`
	Show    changeShowCmd    `cmd:"" help:"One change set and what it does."`
	Approve changeApproveCmd `cmd:"" help:"Apply a planned change exactly as planned; needs another person's token in TENURE_TOKEN."`
	Reject  changeRejectCmd  `cmd:"" help:"Reject a planned change, or withdraw one's own."`
	Reverse changeReverseCmd `cmd:"" help:"Plan the change that takes an applied one back."`
}

type changeListCmd struct{}

// Run lists change sets.
func (changeListCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		var all []*change.Set
		err := a.DB.Read(r.ctx, func(tx *db.Tx) (err error) { all, err = change.Sets(tx, 50); return err })
		if err != nil {
			return err
		}
		return r.answer(all, func() {
			for _, s := range all {
				fmt.Printf("%4d  %-9s %s  %-20s %s\n", s.ID, s.State, s.Made.Format("2006-01-02 15:04"), s.MadeBy, s.Title)
			}
		})
	})
}

type changeShowCmd struct {
	ID int `arg:""`
}

// Run shows one.
func (c *changeShowCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		var s *change.Set
		err := a.DB.Read(r.ctx, func(tx *db.Tx) (err error) {
			if s, err = change.GetSet(tx, c.ID); err != nil {
				return err
			}
			return s.Plan.Meet(tx)
		})
		if err != nil {
			return err
		}
		return r.answer(s, func() { showSet(s) })
	})
}

type changeApproveCmd struct {
	ID     int    `arg:""`
	Reason string `required:"" help:"Why, for the log."`
}

// Run applies a planned change.
func (c *changeApproveCmd) Run(r *run) error {
	return r.decided("policy.release", func(tx *db.Tx) (*change.Set, error) { return change.Approve(tx, c.ID, c.Reason, app.ChangeDeps()) })
}

type changeRejectCmd struct {
	ID     int    `arg:""`
	Reason string `required:"" help:"Why, for the log."`
}

// Run rejects a planned change.
func (c *changeRejectCmd) Run(r *run) error {
	return r.decided("policy.change", func(tx *db.Tx) (*change.Set, error) { return change.Reject(tx, c.ID, c.Reason) })
}

type changeReverseCmd struct {
	ID int `arg:""`
}

// Run plans the way back.
func (c *changeReverseCmd) Run(r *run) error {
	return r.decided("policy.change", func(tx *db.Tx) (*change.Set, error) { return change.Reverse(tx, c.ID, app.ChangeDeps()) })
}

func (r *run) decided(permission string, fn func(*db.Tx) (*change.Set, error)) error {
	return r.with(func(a *app.App) error {
		var s *change.Set
		if err := r.as(a, permission, func(tx *db.Tx) (err error) {
			if s, err = fn(tx); err != nil {
				return err
			}
			return s.Plan.Meet(tx)
		}); err != nil {
			return err
		}
		if err := r.answer(s, func() { showSet(s) }); err != nil {
			return err
		}
		if s.State == change.Stale {
			return exit{exitConflict, "nothing was applied: " + s.Note}
		}
		return nil
	})
}

type exportCmd struct {
	Out string `short:"o" help:"File to write; standard output where it is left out." placeholder:"FILE"`
}

// Run writes everything that is declared.
func (c *exportCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		var text string
		if err := a.DB.Read(r.ctx, func(tx *db.Tx) (err error) { text, err = change.Export(tx); return err }); err != nil {
			return err
		}
		if c.Out == "" {
			fmt.Print(text)
			return nil
		}
		return writeNew(c.Out, text)
	})
}
