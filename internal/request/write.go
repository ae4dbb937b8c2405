package request

import (
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// writer gathers what an act changes: one round trip, and what its event has to say it touched.
type writer struct {
	tx      *db.Tx
	batch   pgx.Batch
	touches evidence.Touches
}

func newWriter(tx *db.Tx) *writer { return &writer{tx: tx, touches: evidence.Touches{}} }

// exec adds a statement that touches one row of a table.
func (w *writer) exec(table, sql string, args ...any) {
	w.batch.Queue(sql, args...)
	w.touches[table]++
}

func (w *writer) send() error {
	if w.batch.Len() == 0 {
		return nil
	}
	err := w.tx.Pgx.SendBatch(w.tx.Ctx, &w.batch).Close()
	w.batch = pgx.Batch{}
	return broken(err)
}

// record writes the event of what was gathered.
func (w *writer) record(kind string, it *Item, facts map[string]any) {
	facts["item"], facts["request"] = it.ID, it.Request
	w.tx.Record(evidence.Event{Kind: kind, IdentityID: it.Beneficiary, Touches: w.touches, Facts: facts})
	w.touches = evidence.Touches{}
}

// broken gives the words for a rule of the tables.
func broken(err error) error {
	switch db.ConstraintName(err) {
	case "decision_decider_is_not_requester", "decision_is_not_for_requester":
		return errs.Forbidden("nobody decides what they asked for themselves; another person can")
	case "decision_decider_is_not_beneficiary", "decision_is_not_for_beneficiary":
		return errs.Forbidden("nobody decides about their own access; another person can")
	case "decision_decider_is_no_delegate":
		return errs.Forbidden("you stand in for the person who asked, or for whom it is: another person has to decide")
	case "decision_maker_is_decider", "request_maker_is_requester":
		return errs.Forbidden("nobody signs with another person's name")
	case "holder_is_not_requester", "holder_is_not_beneficiary":
		return errs.Forbidden("who asked, and for whom it is, cannot decide it")
	case "item_granted_was_decided":
		return errs.Forbidden("nothing is granted that was not decided")
	case "item_is_asked_once":
		return errs.Conflict("this was asked for already and is not decided yet")
	}
	return err
}

// open lets a step's clock begin.
func (s *Step) open(c *Calendar, now time.Time) {
	due := c.Add(now, time.Duration(s.Hours)*time.Hour)
	next := c.Add(now, time.Duration(s.Hours)*time.Hour/2)
	if s.By == Wait {
		due, next = *s.NextAt, *s.NextAt
	}
	s.State, s.OpenedAt, s.DueAt, s.NextAt = StepOpen, &now, &due, &next
}

// advance opens the steps whose turn it is. done says that none is left.
func (it *Item) advance(c *Calendar, now time.Time) (opened []*Step, done bool) {
	for {
		at := 0
		for _, s := range it.Steps {
			if s.By != Review && s.State != StepApproved && (at == 0 || s.Position < at) {
				at = s.Position
			}
		}
		if at == 0 {
			return opened, true
		}
		waits := false
		for _, s := range it.Steps {
			switch {
			case s.Position != at || s.By == Review || s.State == StepApproved:
			case s.By == Wait && !s.NextAt.After(now):
				s.State, s.DecidedAt = StepApproved, &now
				if s.OpenedAt == nil {
					s.OpenedAt, s.DueAt = &now, &now
				}
			case s.State == StepWaiting:
				s.open(c, now)
				opened = append(opened, s)
				waits = true
			default:
				waits = true
			}
		}
		if waits {
			return opened, false
		}
	}
}

// insertStep stores a new step.
func (w *writer) insertStep(s *Step) {
	w.exec("request_step", `insert into request_step (id, item_id, requester_id, beneficiary_id, position, by, named, owner_id, quorum, hours, otherwise, state, stage, opened_at, due_at, next_at, decided_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		s.ID, s.Item, s.Requester, s.Beneficiary, s.Position, s.By, s.Named, s.Owner, s.Quorum, s.Hours, s.Otherwise, s.State, s.Stage, s.OpenedAt, s.DueAt, s.NextAt, s.DecidedAt)
	w.bell(s)
}

// updateStep stores how a step is now.
func (w *writer) updateStep(s *Step) {
	s.Version++
	w.exec("request_step", `update request_step set state = $2, stage = $3, opened_at = $4, due_at = $5, next_at = $6, decided_at = $7, version = version + 1 where id = $1`,
		s.ID, s.State, s.Stage, s.OpenedAt, s.DueAt, s.NextAt, s.DecidedAt)
	w.bell(s)
}

// bell notes when the step's clock does the next thing.
func (w *writer) bell(s *Step) {
	if s.State == StepOpen && s.NextAt != nil {
		w.batch.Queue(`insert into due (at, what, ref) values ($1, 'request', $2) on conflict do nothing`, *s.NextAt, s.ID)
	}
}

// insertHolders stores who is asked.
func (w *writer) insertHolders(s *Step, all []Holder) {
	for _, h := range all {
		w.exec("request_holder", `insert into request_holder (step_id, requester_id, beneficiary_id, identity_id, why, since) values ($1, $2, $3, $4, $5, $6)
			on conflict (step_id, identity_id) do update set until = null, why = excluded.why, since = excluded.since`, s.ID, s.Requester, s.Beneficiary, h.Identity, h.Why, w.tx.Now)
	}
	s.Holders = append(s.Holders, all...)
}

// close ends the steps of an item that are not decided.
func (w *writer) close(it *Item, now time.Time) {
	for _, s := range it.Steps {
		if (s.State == StepOpen || s.State == StepWaiting) && s.By != Review {
			s.State, s.DecidedAt, s.NextAt = StepCancelled, &now, nil
			w.updateStep(s)
		}
	}
}

// updateItem stores how an item is now.
func (w *writer) updateItem(it *Item) {
	it.Version++
	w.exec("request_item", `update request_item set state = $2, level = $3, role_id = $4, entitlements = $5, from_at = $6, to_at = $7, decided_at = $8,
			ended_at = case when $2 = 'ended' then clock_timestamp() end, ended_on = case when $2 = 'ended' then business_now() end, ended_by = case when $2 = 'ended' then $9::int end, ended_because = $10, version = version + 1
		where id = $1`, it.ID, it.State, it.Level, it.Role, orEmpty(it.Entitlements), it.From, it.To, it.DecidedAt, w.tx.Actor.ID, it.EndedBecause)
}
