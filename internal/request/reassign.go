package request

import (
	"strings"

	"tenure/internal/db"
	"tenure/internal/errs"
)

// Reassign gives a step to another person: those who are asked may, and with whoever whoever may for all. Nobody gives it to who asked, to
// whom it is for, or to those who stand in for them.
func (s *Service) Reassign(tx *db.Tx, step, to int, reason string, whoever bool) (*Item, error) {
	it, st, err := s.lockStep(tx, step)
	if err != nil {
		return nil, err
	}
	d, err := s.decider(tx, it)
	if err != nil {
		return nil, err
	}
	asked := st.asks(d)
	switch {
	case tx.Actor.Identity == 0:
		return nil, errs.Forbidden("this needs a person: sign in, or give a personal token in TENURE_TOKEN")
	case st.State != StepOpen:
		return nil, decidedAlready(it, st)
	case !asked && !whoever:
		return nil, handedOn(st, d, errs.Forbidden("this is asked of somebody else"))
	case strings.TrimSpace(reason) == "":
		return nil, errs.InvalidFields("nothing was reassigned:", []errs.Field{{Field: "reason", Rule: "is required"}})
	}
	if err := s.mayHold(tx, st, to); err != nil {
		return nil, err
	}
	w := newWriter(tx)
	for _, h := range st.Holders {
		if h.Identity != to {
			w.exec("request_holder", `update request_holder set until = $3 where step_id = $1 and identity_id = $2`, st.ID, h.Identity, tx.Now)
		}
	}
	st.Holders = nil
	w.insertHolders(st, []Holder{{Step: st.ID, Identity: to, Why: "reassigned"}})
	w.updateStep(st)
	if err := w.send(); err != nil {
		return nil, err
	}
	w.record("request.reassigned", it, map[string]any{"step": st.ID, "to": to, "reason": strings.TrimSpace(reason)})
	if err := nameHolders(tx, []*Step{st}); err != nil {
		return nil, err
	}
	return it, s.tellSteps(tx, it, []*Step{st}, "approval")
}

func (s *Service) mayHold(tx *db.Tx, st *Step, to int) error {
	a, err := newAsking(tx, []*Step{st})
	if err != nil {
		return err
	}
	here, err := holdersHere(tx, to)
	if err != nil {
		return err
	}
	if a.barred(st, to) || !here {
		return errs.InvalidFields("nothing was reassigned:", []errs.Field{{Field: "to", Rule: "must be somebody who works here, and neither who asked, nor for whom it is, nor who stands in for them, nor who decided another step"}})
	}
	return nil
}

func holdersHere(tx *db.Tx, who int) (here bool, err error) {
	err = tx.QueryRow(`select exists (select from identity where id = $1 and state = 'active' and locked_at is null)`, who).Scan(&here)
	return here, err
}
