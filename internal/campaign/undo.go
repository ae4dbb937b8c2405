package campaign

import (
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// Step is what one act decided, all of it still a draft.
type Step struct {
	At      time.Time // when it was made, which names it
	Outcome string
	Level   string // of a narrowing
	Until   *time.Time
	Items   int
	Lines   int // a membership, a request or a rule is one
	Class   int
	First   int64 // the riskiest of its items
	Unit    int64
}

// LastStep gives the last act in a review that is not taken back; nil for none.
func LastStep(tx *db.Tx, review int) (*Step, error) {
	rows, err := tx.Query(`select d.made_at, max(d.outcome), max(d.level), min(d.until), count(*)::int, count(distinct `+lineSQL+`)::int, min(i.class)::int, (array_agg(i.id order by i.rank desc, i.id))[1], min(i.unit)
		from campaign_decision d join campaign_item i on i.id = d.item_id and i.stage = d.stage where i.review_id = $1 and d.signed_at is null and d.decider_id is not null group by 1 order by 1 desc limit 1`, review)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[Step])
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}

// Undo takes drafts back.
func (s *Service) Undo(tx *db.Tx, review int, items []int64) (*Review, error) {
	return s.undo(tx, review, same, items, map[string]any{"items": items})
}

// UndoStep takes back what one act decided. Whoever does it again takes nothing else back: the act is named by when it was made.
func (s *Service) UndoStep(tx *db.Tx, review int, at time.Time) (*Review, error) {
	return s.undo(tx, review, `i.review_id = $1 and d.made_at = $2`, at, map[string]any{"step": at.UTC()})
}

// UndoRule takes back what was said about a rule.
func (s *Service) UndoRule(tx *db.Tx, review int, unit int64) (*Review, error) {
	return s.undo(tx, review, `i.review_id = $1 and i.class = 2 and i.unit = $2`, unit, map[string]any{"unit": unit})
}

func (s *Service) undo(tx *db.Tx, review int, where string, arg any, facts map[string]any) (*Review, error) {
	v, _, d, err := s.reviewer(tx, review)
	if err != nil {
		return nil, err
	}
	if err := may(v, d); err != nil {
		return nil, err
	}
	n, err := tx.Exec(`delete from campaign_decision d using campaign_item i where d.item_id = i.id and d.stage = i.stage and d.signed_at is null and `+where, review, arg)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, errs.Conflict("there is nothing to take back")
	}
	facts["n"] = n
	v.record(tx, "campaign.undone", evidence.Touches{"campaign_decision": int(n)}, facts)
	return v, nil
}
