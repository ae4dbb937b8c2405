package request

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/policy"
)

// Decide records one person's answer to a step and does what follows: the next step, the access, or the end of it. Of several answers at
// once one counts; the others are told who was faster.
func (s *Service) Decide(tx *db.Tx, a Answer) (*Item, error) {
	a.Reason, a.Control = strings.TrimSpace(a.Reason), strings.TrimSpace(a.Control)
	it, st, err := s.lockStep(tx, a.Step)
	if err != nil {
		return nil, err
	}
	var d *decider
	var pol *policy.Snapshot
	var c *Calendar
	if err := db.Asking(tx, func(tx *db.Tx) (err error) { d, err = s.decider(tx, it); return err },
		func(tx *db.Tx) (err error) { pol, err = policy.Load(tx); return err },
		func(tx *db.Tx) (err error) { c, err = WorkingTime(tx); return err }); err != nil {
		return nil, err
	}
	if err := check(it, st, &a, d, levelNames(pol.Offer(it.Offer)), tx.Now); err != nil {
		return nil, handedOn(st, d, err)
	}
	if err := s.write(tx, it, st, &a, d); err != nil {
		return nil, err
	}
	return it, s.follow(tx, it, st, &a, c)
}

// check is judge; a test shows that the database refuses by itself.
var check = judge

// aboutWhom is the name under which a transaction keeps the person whom a step is about; that never changes.
func aboutWhom(step int) string { return fmt.Sprintf("step %d is about", step) }

// lockStep locks the person whom a step is about, and reads it.
func (s *Service) lockStep(tx *db.Tx, step int) (*Item, *Step, error) {
	who, known := tx.Kept(aboutWhom(step)).(int)
	if !known {
		if err := tx.QueryRow(`select coalesce((select beneficiary_id from request_step where id = $1), 0)`, step).Scan(&who); err != nil {
			return nil, nil, err
		}
	}
	if who == 0 {
		return nil, nil, errs.NotFound("there is no such step")
	}
	if err := s.Lock(tx, who); err != nil {
		return nil, nil, err
	}
	return ofStep(tx, step)
}

// decider reads what judge asks about the actor.
func (s *Service) decider(tx *db.Tx, it *Item) (*decider, error) {
	d := &decider{id: tx.Actor.Identity, inName: tx.Actor.For}
	if d.id == 0 {
		return d, nil
	}
	if err := db.Asking(tx, func(tx *db.Tx) (err error) { d.names, err = s.Acting(tx, d.id); return err }, func(tx *db.Tx) error {
		rows, err := tx.Query(`select to_identity from delegation where from_identity = any($1) and ended_at is null and from_at <= $2 and to_at > $2`, []int{it.Requester, it.Beneficiary}, tx.Now)
		if err != nil {
			return err
		}
		d.barred, err = pgx.CollectRows(rows, pgx.RowTo[int])
		return err
	}); err != nil {
		return nil, err
	}
	for _, st := range it.Steps {
		d.decided = d.decided || slices.ContainsFunc(st.Decisions, func(x Decision) bool { return x.Decider == d.id })
	}
	return d, nil
}

// handedOn says to somebody who was asked until a moment ago who is asked now.
func handedOn(st *Step, d *decider, err error) error {
	if st.State != StepOpen || errs.KindOf(err) != errs.KindForbidden {
		return err
	}
	for _, g := range st.Gave {
		if g.Identity == d.id {
			return errs.ConflictBy(errs.Act{Who: g.To, Did: "is asked instead", At: g.Until, State: "This step was given to somebody else."})
		}
	}
	return err
}

// write stores the answer, and what it makes of the step.
func (s *Service) write(tx *db.Tx, it *Item, st *Step, a *Answer, d *decider) error {
	x := Decision{Step: st.ID, Decider: d.id, Name: tx.Actor.Name, Outcome: a.Outcome, Level: a.Level, To: a.To, Reason: a.Reason, Control: a.Control, Via: a.Via, MadeBy: tx.Actor.ID}
	if d.inName != 0 {
		x.OnBehalfOf = &d.inName
		tx.Actor.For = d.inName
	}
	w := newWriter(tx)
	now := tx.Now
	w.exec("request_decision", `insert into request_decision (step_id, requester_id, beneficiary_id, decider_id, on_behalf_of, outcome, level, to_at, reason, control, via, decided_at, made_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, st.ID, it.Requester, it.Beneficiary, x.Decider, x.OnBehalfOf, x.Outcome, x.Level, x.To, x.Reason, x.Control, x.Via, now, x.MadeBy)
	st.Decisions = append(st.Decisions, x)
	approved := 0
	for _, y := range st.Decisions {
		if y.Outcome == Approve {
			approved++
		}
	}
	switch {
	case a.Outcome == Deny:
		st.State, st.DecidedAt, st.NextAt = StepDenied, &now, nil
	case approved >= st.Quorum:
		st.State, st.DecidedAt, st.NextAt = StepApproved, &now, nil
	}
	w.updateStep(st)
	if err := w.send(); err != nil {
		return err
	}
	kind := "request.decided"
	if st.By == Review {
		kind = "request.reviewed"
	}
	w.record(kind, it, map[string]any{"step": st.ID, "by": st.By, "outcome": x.Outcome, "level": x.Level, "to": x.To, "reason": x.Reason, "control": x.Control, "via": x.Via,
		"requester": it.Requester, "decider": d.id, "on_behalf_of": x.OnBehalfOf})
	return nil
}

// follow does what an answer leads to.
func (s *Service) follow(tx *db.Tx, it *Item, st *Step, a *Answer, c *Calendar) error {
	if st.By == Review {
		return s.tellReviewed(tx, it, st)
	}
	if a.Outcome == Deny {
		return s.finish(tx, it, Denied, a.Reason)
	}
	if st.State != StepApproved {
		return s.tellProgress(tx, it, st)
	}
	if err := s.proceed(tx, it, c); err != nil || it.State == Granted {
		return err // whoever is told that it is granted is asked nothing more
	}
	return closing(tx, it, []*Step{st}, by(tx, "Approved"))
}

// proceed opens the next steps of an item, or grants it. Whoever decided is not asked at another step of it.
func (s *Service) proceed(tx *db.Tx, it *Item, c *Calendar) error {
	opened, done := it.advance(c, tx.Now)
	if done {
		// A step that waited and opened at once is stored before the item is granted.
		w := newWriter(tx)
		for _, x := range it.Steps {
			if x.By == Wait && x.State == StepApproved {
				w.updateStep(x)
			}
		}
		if err := w.send(); err != nil {
			return err
		}
		if len(w.touches) > 0 {
			w.record("request.advanced", it, map[string]any{"steps": []int{}})
		}
		return s.grant(tx, it, c)
	}
	return s.ask(tx, it, opened)
}

// ask asks those of the steps that opened, and again where somebody who was asked decided another step.
func (s *Service) ask(tx *db.Tx, it *Item, opened []*Step) error {
	decided := map[int]bool{}
	for _, x := range it.Steps {
		for _, d := range x.Decisions {
			decided[d.Decider] = true
		}
	}
	w := newWriter(tx)
	var empty []*Step
	for _, x := range it.Steps {
		if x.State != StepOpen || x.By == Wait {
			continue
		}
		for _, h := range x.Holders {
			if decided[h.Identity] && x.Quorum == 1 {
				w.exec("request_holder", `update request_holder set until = $3 where step_id = $1 and identity_id = $2`, x.ID, h.Identity, tx.Now)
			}
		}
		if x.Quorum == 1 {
			x.Holders = slices.DeleteFunc(x.Holders, func(h Holder) bool { return decided[h.Identity] })
		}
		if len(x.Holders) == 0 {
			empty = append(empty, x)
		}
	}
	for _, x := range opened {
		w.updateStep(x)
	}
	a, err := newAsking(tx, empty)
	if err != nil {
		return err
	}
	var ids []int
	for _, x := range empty {
		w.insertHolders(x, a.of(x))
		ids = append(ids, x.ID)
	}
	if err := w.send(); err != nil {
		return err
	}
	if len(w.touches) > 0 {
		w.record("request.advanced", it, map[string]any{"steps": ids})
	}
	if err := nameHolders(tx, empty); err != nil {
		return err
	}
	return s.tellSteps(tx, it, empty, "approval")
}

// finish ends an item that is not granted.
func (s *Service) finish(tx *db.Tx, it *Item, state State, why string) error {
	if err := Life.Check(it.State, state); err != nil {
		return errs.Conflict("this request is decided already")
	}
	now := tx.Now
	w := newWriter(tx)
	w.close(it, now)
	it.State, it.DecidedAt = state, &now
	w.updateItem(it)
	if err := w.send(); err != nil {
		return err
	}
	w.record("request."+string(state), it, map[string]any{"reason": why, "requester": it.Requester})
	return s.tellFinished(tx, it, why)
}

// accepted finds the decision by which compliance accepted these conflicts, nil when it was not asked about all of them.
func (it *Item) accepted(open []Conflict) *Decision {
	for _, x := range open {
		if !slices.ContainsFunc(it.Conflicts, func(c Conflict) bool { return c.Rule == x.Rule }) {
			return nil
		}
	}
	for n := len(it.Steps) - 1; n >= 0; n-- {
		if st := it.Steps[n]; st.By == Compliance && st.State == StepApproved {
			for i := range st.Decisions {
				if st.Decisions[i].Outcome == Approve {
					return &st.Decisions[i]
				}
			}
		}
	}
	return nil
}

// askCompliance adds a step about conflicts that nobody has decided.
func (s *Service) askCompliance(tx *db.Tx, it *Item, found []Conflict, c *Calendar) error {
	last := 0
	for _, x := range it.Steps {
		last = max(last, x.Position)
	}
	st := conflictStep(last + 1)
	id, err := tx.IDs("request_step", 1)
	if err != nil {
		return err
	}
	st.ID, st.Item, st.Requester, st.Beneficiary, st.Version = id, it.ID, it.Requester, it.Beneficiary, 1
	st.open(c, tx.Now)
	a, err := newAsking(tx, []*Step{st})
	if err != nil {
		return err
	}
	holders := a.of(st)
	if len(holders) == 0 {
		return errs.Conflict("it would break the SoD rule %s, and nobody could accept that", found[0].Title)
	}
	it.Steps, it.Conflicts = append(it.Steps, st), found
	w := newWriter(tx)
	w.insertStep(st)
	w.insertHolders(st, holders)
	w.exec("request_item", `update request_item set conflicts = $2, version = version + 1 where id = $1`, it.ID, found)
	if err := w.send(); err != nil {
		return err
	}
	w.record("request.conflicted", it, map[string]any{"step": st.ID, "rule": found[0].Rule})
	if err := nameHolders(tx, []*Step{st}); err != nil {
		return err
	}
	return s.tellSteps(tx, it, []*Step{st}, "approval")
}

// Cancel takes back an item that is not decided: who asked and for whom it is may, and with whoever everybody.
func (s *Service) Cancel(tx *db.Tx, item int, reason string, whoever bool) (*Item, error) {
	it, err := s.lockItem(tx, item)
	if err != nil {
		return nil, err
	}
	if who := tx.Actor.Identity; !whoever && (who == 0 || who != it.Requester && who != it.Beneficiary) {
		return nil, errs.NotFound("there is no such request")
	}
	if it.State != Open {
		return nil, it.settled()
	}
	return it, s.finish(tx, it, Cancelled, strings.TrimSpace(reason))
}

// settled says who decided an item, and when.
func (it *Item) settled() error {
	for n := len(it.Steps) - 1; n >= 0; n-- {
		if st := it.Steps[n]; st.State == StepApproved || st.State == StepDenied {
			return decidedAlready(it, st)
		}
	}
	if it.DecidedAt != nil {
		return errs.ConflictBy(errs.Act{Did: "ended this request", At: *it.DecidedAt, State: states[it.State]})
	}
	return errs.Conflict("this request is decided already")
}

func (s *Service) lockItem(tx *db.Tx, item int) (*Item, error) {
	var who int
	if err := tx.QueryRow(`select coalesce((select beneficiary_id from request_item where id = $1), 0)`, item).Scan(&who); err != nil {
		return nil, err
	}
	if who == 0 {
		return nil, errs.NotFound("there is no such request")
	}
	if err := s.Lock(tx, who); err != nil {
		return nil, err
	}
	all, err := items(tx, `where i.id = $1`, item)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// nameHolders fills in the names of those who are asked.
func nameHolders(tx *db.Tx, all []*Step) error {
	var ids []int
	for _, st := range all {
		for _, h := range st.Holders {
			ids = append(ids, h.Identity)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := tx.Query(`select id, name, public_id::text from identity where id = any($1)`, ids)
	if err != nil {
		return err
	}
	names := map[int][2]string{}
	var id int
	var name, ref string
	if _, err := pgx.ForEachRow(rows, []any{&id, &name, &ref}, func() error { names[id] = [2]string{name, ref}; return nil }); err != nil {
		return err
	}
	for _, st := range all {
		for i := range st.Holders {
			h := &st.Holders[i]
			h.Name, h.Ref = names[h.Identity][0], names[h.Identity][1]
		}
	}
	return nil
}
