package app

import (
	"context"
	"fmt"

	"tenure/internal/backtest"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/task"
)

// BacktestArgs say which change set is held against how many days.
type BacktestArgs struct {
	Set  int `json:"set"`
	Days int `json:"days"`
}

// Backtest replays the last days against what a proposal makes of the policy. The policy is locked only while it is compiled.
func Backtest(ctx context.Context, d *db.DB, who db.Actor, p change.Proposal, days int, step func(string, int, int) error) (*backtest.Result, error) {
	var c *change.Candidate
	err := d.Do(ctx, who, func(tx *db.Tx) (err error) {
		if c, err = change.Suppose(tx, p, ChangeDeps()); err != nil {
			return err
		}
		return db.ErrRollback
	})
	if err != nil {
		return nil, err
	}
	if len(c.Changes) == 0 {
		return nil, errs.Conflict("the text says what is declared already: there is nothing to compare")
	}
	return backtest.Do(ctx, d, c, days, step)
}

// backtestSet does it for a change set and keeps the result with it.
func backtestSet(ctx context.Context, d *db.DB, w *task.Work) error {
	var a BacktestArgs
	if err := w.Into(&a); err != nil {
		return err
	}
	var p change.Proposal
	if err := d.Read(ctx, func(tx *db.Tx) (err error) { p, err = backtest.ProposalOf(tx, a.Set); return err }); err != nil {
		return err
	}
	res, err := Backtest(ctx, d, w.Actor(), p, a.Days, stepsOf(ctx, w))
	if err != nil {
		return err
	}
	return d.Do(ctx, w.Actor(), func(tx *db.Tx) error {
		if err := res.Store(tx, a.Set); err != nil {
			return err
		}
		return w.End(tx, Outcome{URL: fmt.Sprintf("/policy/changes/%d/backtest", a.Set)}, nil)
	})
}
