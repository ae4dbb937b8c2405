package backtest

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/errs"
)

// MostKept is how many differences of a backtest are kept, and at most in memory. The summary counts all of them.
const MostKept = 50_000

// Result is a backtest with its differences, the first MostKept of them.
type Result struct {
	Summary     Summary      `json:"summary"`
	Policy      int          `json:"policy"` // the version that the change was compared with
	Differences []Difference `json:"differences"`
}

// Do replays the last days against a change and keeps the differences.
func Do(ctx context.Context, d *db.DB, c *change.Candidate, days int, step func(detail string, done, total int) error) (*Result, error) {
	r := &Result{Policy: c.Now.Policy.Version, Differences: []Difference{}}
	sum, err := Run(ctx, d, c, days, step, func(d *Difference) error {
		if len(r.Differences) < MostKept {
			r.Differences = append(r.Differences, *d)
		}
		return nil
	})
	if err == nil {
		r.Summary = *sum
	}
	return r, err
}

// ProposalOf gives what a change set would change now. One that was applied changes nothing any more.
func ProposalOf(tx *db.Tx, set int) (change.Proposal, error) {
	s, err := change.GetSet(tx, set)
	if err != nil {
		return change.Proposal{}, err
	}
	if s.State == change.Applied || s.State == change.Reversed {
		return change.Proposal{}, errs.Conflict("the change was applied already: a backtest compares what holds with what would hold")
	}
	return change.Proposal{Title: s.Title, Body: s.Body, Prune: s.Prune}, nil
}

// Store keeps the result for a change set in place of the one before.
func (r *Result) Store(tx *db.Tx, set int) error {
	body, err := json.Marshal(r.Summary)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`delete from backtest where change_set_id = $1`, set); err != nil {
		return err
	}
	var id int
	if err := tx.QueryRow(`insert into backtest (change_set_id, made_by, made_identity, policy_version, summary) values ($1, $2, $3, $4, $5) returning id`,
		set, tx.Actor.ID, db.Null(tx.Actor.Identity), r.Policy, body).Scan(&id); err != nil {
		return err
	}
	i := 0
	_, err = tx.Copy("backtest_difference", []string{"backtest_id", "n", "identity_id", "body"}, func() ([]any, bool) {
		if i++; i > len(r.Differences) {
			return nil, false
		}
		d := &r.Differences[i-1]
		body, _ := json.Marshal(d) // texts and times only: it cannot fail
		return []any{id, i, d.Identity, body}, true
	})
	return err
}

// Stored is the last backtest of a change set.
type Stored struct {
	ID      int
	Made    time.Time
	By      string
	Policy  int
	Summary Summary
}

// Last gives the last backtest of a change set, nil for none.
func Last(tx *db.Tx, set int) (*Stored, error) {
	rows, err := tx.Query(`select b.id, b.made_at, a.name, b.policy_version, b.summary from backtest b join actor a on a.id = b.made_by where b.change_set_id = $1`, set)
	if err != nil {
		return nil, err
	}
	s, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[Stored])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return s, err
}

// Differences gives the differences of a backtest from after one on, by person and time.
func Differences(tx *db.Tx, id, after, limit int) ([]Difference, error) {
	rows, err := tx.Query(`select body from backtest_difference where backtest_id = $1 and n > $2 order by n limit $3`, id, after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (d Difference, err error) {
		err = row.Scan(&d)
		return d, err
	})
}
