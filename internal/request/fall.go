package request

import (
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/evidence"
	"tenure/internal/notify"
)

// Concerned gives the people about whom steps and items are, to be locked before Fall.
func Concerned(tx *db.Tx, steps, items []int) ([]int, error) {
	rows, err := tx.Query(`select beneficiary_id from request_step where id = any($1) union select beneficiary_id from request_item where id = any($2)`, steps, items)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int])
}

// Fall does what fell due: of steps a reminder, then others are asked besides, then the end; of items what is said before their end, and
// the end. The people concerned are locked. Nothing is ever approved by time; only a step that waits for a date goes on by it. It is
// set-based, but for what is granted because a date came: each person's access is settled then.
func (s *Service) Fall(tx *db.Tx, stepIDs, itemIDs []int) error {
	if len(stepIDs)+len(itemIDs) == 0 {
		return nil
	}
	all, err := items(tx, `where i.id in (select item_id from request_step where id = any($1)) or i.id = any($2) order by i.id`, stepIDs, itemIDs)
	if err != nil {
		return err
	}
	f := falling{writer: newWriter(tx), all: all}
	if f.calendar, err = WorkingTime(tx); err != nil {
		return err
	}
	if f.asking, err = newAsking(tx, late(all)); err != nil {
		return err
	}
	for _, it := range all {
		if slices.Contains(itemIDs, it.ID) && it.State == Granted {
			if it.To.After(tx.Now) {
				f.ending = append(f.ending, it)
			} else {
				f.review = append(f.review, f.over(it, "time", f.asking, f.calendar)...)
				f.ended = append(f.ended, it)
			}
		}
		for _, st := range it.Steps {
			if st.State == StepOpen && st.NextAt != nil && !st.NextAt.After(tx.Now) {
				f.step(it, st)
			}
		}
	}
	if err := f.send(); err != nil {
		return err
	}
	if err := f.tell(s); err != nil {
		return err
	}
	for _, it := range f.waited {
		if it.State != Open {
			continue
		}
		if err := s.proceed(tx, it, f.calendar); err != nil {
			return err
		}
	}
	return nil
}

// late are the steps at which somebody may be asked now: others besides, and a second person about an emergency.
func late(all []*Item) (out []*Step) {
	for _, it := range all {
		for _, st := range it.Steps {
			if st.State == StepOpen && st.Stage == 1 || st.By == Review && st.State == StepWaiting {
				out = append(out, st)
			}
		}
	}
	return out
}

// falling gathers what falls due at an instant, and whom that is told.
type falling struct {
	*writer
	calendar *Calendar
	asking   *asking
	all      []*Item

	remind, escalate, review        []*Step
	waited, ending, ended, finished []*Item
}

// step does the next thing of a step's clock.
func (f *falling) step(it *Item, st *Step) {
	now := f.tx.Now
	switch {
	case st.By == Wait:
		st.State, st.DecidedAt, st.NextAt = StepApproved, &now, nil
		f.updateStep(st)
		f.record("request.advanced", it, map[string]any{"step": st.ID})
		if !slices.Contains(f.waited, it) {
			f.waited = append(f.waited, it)
		}
	case st.Stage == 0:
		st.Stage, st.NextAt = 1, st.DueAt
		f.updateStep(st)
		f.record("request.reminded", it, map[string]any{"step": st.ID, "due": st.DueAt.UTC()})
		f.remind = append(f.remind, st)
	case st.Stage == 1:
		more, end := f.asking.besides(st), f.calendar.Add(*st.DueAt, time.Duration(st.Hours)*time.Hour)
		st.Stage, st.NextAt = 2, &end
		f.insertHolders(st, more)
		f.updateStep(st)
		f.record("request.escalated", it, map[string]any{"step": st.ID, "to": len(more)})
		f.escalate = append(f.escalate, st)
	case st.By == Review: // an emergency stays to be looked at
		st.NextAt = nil
		f.updateStep(st)
		f.record("request.overdue", it, map[string]any{"step": st.ID})
	default:
		st.State, st.DecidedAt, st.NextAt = StepExpired, &now, nil
		f.updateStep(st)
		f.close(it, now)
		it.State, it.DecidedAt = Expired, &now
		f.updateItem(it)
		f.record("request.expired", it, map[string]any{"step": st.ID, "requester": it.Requester})
		f.finished = append(f.finished, it)
	}
}

// tell tells everybody whom it concerns.
func (f *falling) tell(s *Service) error {
	if err := nameHolders(f.tx, slices.Concat(f.escalate, f.review)); err != nil {
		return err
	}
	for _, x := range []struct {
		steps []*Step
		kind  string
	}{{f.remind, notify.Reminder}, {f.escalate, notify.Escalated}, {f.review, notify.Review}} {
		if err := tellMany(f.tx, f.all, x.steps, x.kind); err != nil {
			return err
		}
	}
	if err := s.tellEnding(f.tx, f.ending); err != nil {
		return err
	}
	if err := s.tellEnded(f.tx, f.ended, "time"); err != nil {
		return err
	}
	return s.tellExpired(f.tx, f.finished)
}

// over closes an item whose access is over, and asks a second person about an emergency.
func (w *writer) over(it *Item, because string, a *asking, c *Calendar) (review []*Step) {
	it.State, it.EndedBecause = Ended, &because
	w.updateItem(it)
	for _, st := range it.Steps {
		if st.By == Review && st.State == StepWaiting {
			st.open(c, w.tx.Now)
			w.updateStep(st)
			w.insertHolders(st, a.of(st))
			review = append(review, st)
		}
	}
	w.record("request.ended", it, map[string]any{"because": because, "requester": it.Requester})
	return review
}

// ended closes one item.
func (s *Service) ended(tx *db.Tx, it *Item, because string, c *Calendar) error {
	a, err := newAsking(tx, late([]*Item{it}))
	if err != nil {
		return err
	}
	w := newWriter(tx)
	review := w.over(it, because, a, c)
	if err := w.send(); err != nil {
		return err
	}
	if err := nameHolders(tx, review); err != nil {
		return err
	}
	if err := s.tellSteps(tx, it, review, notify.Review); err != nil {
		return err
	}
	return s.tellEnded(tx, []*Item{it}, because)
}

// end ends what another item takes the place of.
func (w *writer) end(item int, because string) error {
	n, err := w.tx.Exec(`update request_item set state = 'ended', ended_at = clock_timestamp(), ended_on = business_now(), ended_by = $2, ended_because = $3, version = version + 1
		where id = $1 and state = 'granted'`, item, w.tx.Actor.ID, because)
	w.touches["request_item"] += int(n)
	return err
}

// End ends access that was granted before its time: whom it is for, who asked, the managers above and the owners of what it gives may, and
// with whoever whoever may for all.
func (s *Service) End(tx *db.Tx, item int, reason string, whoever bool) (*Item, error) {
	it, err := s.lockItem(tx, item)
	if err != nil {
		return nil, err
	}
	if err := s.mayEnd(tx, it, whoever); err != nil {
		return nil, err
	}
	if it.State != Granted {
		return nil, it.settled()
	}
	because := "removed"
	if tx.Actor.Identity == it.Beneficiary {
		because = "given back"
	}
	if reason != "" {
		because += ": " + reason
	}
	c, err := WorkingTime(tx)
	if err != nil {
		return nil, err
	}
	if err := s.ended(tx, it, because, c); err != nil {
		return nil, err
	}
	return it, s.Settle(tx, it.Beneficiary, it.ID)
}

// EndOf ends what people have who left: who comes back asks anew. What is open about them is taken back. It is set-based.
func EndOf(tx *db.Tx, gone []int) error {
	if len(gone) == 0 {
		return nil
	}
	rows, err := tx.Query(`with ended as (
			update request_item set state = case state when 'granted' then 'ended' else 'cancelled' end, decided_at = coalesce(decided_at, business_now()), version = version + 1,
				ended_at = case state when 'granted' then clock_timestamp() end, ended_on = case state when 'granted' then business_now() end,
				ended_by = case state when 'granted' then $2::int end, ended_because = case state when 'granted' then 'left' end
			where beneficiary_id = any($1) and state in ('open', 'granted') returning id, beneficiary_id, state),
		closed as (update request_step s set state = 'cancelled', decided_at = business_now(), next_at = null, version = s.version + 1 from ended e
			where s.item_id = e.id and e.state = 'cancelled' and s.state in ('open', 'waiting') returning s.beneficiary_id)
		select beneficiary_id, count(*), coalesce((select count(*) from closed c where c.beneficiary_id = e.beneficiary_id), 0) from ended e group by 1`, gone, tx.Actor.ID)
	if err != nil {
		return err
	}
	var who, n, closed int
	_, err = pgx.ForEachRow(rows, []any{&who, &n, &closed}, func() error {
		touches := evidence.Touches{"request_item": n}
		if closed > 0 {
			touches["request_step"] = closed
		}
		tx.Record(evidence.Event{Kind: "request.ended", IdentityID: who, Touches: touches, Facts: map[string]any{"items": n, "because": "left"}})
		return nil
	})
	return err
}

// EndItems ends what requests give, because a review decided it. It is set-based.
func EndItems(tx *db.Tx, items []int, because string) error {
	if len(items) == 0 {
		return nil
	}
	rows, err := tx.Query(`update request_item set state = 'ended', ended_at = clock_timestamp(), ended_on = business_now(), ended_by = $2, ended_because = $3, version = version + 1
		where id = any($1) and state = 'granted' returning id, request_id, requester_id, beneficiary_id`, items, tx.Actor.ID, because)
	if err != nil {
		return err
	}
	var id, req, requester, who int
	_, err = pgx.ForEachRow(rows, []any{&id, &req, &requester, &who}, func() error {
		tx.Record(evidence.Event{Kind: "request.ended", IdentityID: who, Touches: evidence.Touches{"request_item": 1}, Facts: map[string]any{"item": id, "request": req, "requester": requester, "because": because}})
		return nil
	})
	return err
}

// Replace asks others at the open steps of people who are not here any more: as if they had never been found. It is set-based.
func Replace(tx *db.Tx, away []int) error {
	if len(away) == 0 {
		return nil
	}
	all, err := items(tx, `where i.id in (select s.item_id from request_holder h join request_step s on s.id = h.step_id and s.state = 'open' where h.identity_id = any($1) and h.until is null) order by i.id`, away)
	if err != nil || len(all) == 0 {
		return err
	}
	var empty []*Step
	writers := map[int]*writer{}
	for _, it := range all {
		w := newWriter(tx)
		writers[it.ID] = w
		for _, st := range it.Steps {
			if st.State != StepOpen {
				continue
			}
			for _, h := range st.Holders {
				if slices.Contains(away, h.Identity) {
					w.exec("request_holder", `update request_holder set until = $3 where step_id = $1 and identity_id = $2`, st.ID, h.Identity, tx.Now)
				}
			}
			st.Holders = slices.DeleteFunc(st.Holders, func(h Holder) bool { return slices.Contains(away, h.Identity) })
			if len(st.Holders) == 0 {
				empty = append(empty, st)
			}
		}
	}
	a, err := newAsking(tx, empty)
	if err != nil {
		return err
	}
	for _, st := range empty {
		writers[st.Item].insertHolders(st, a.of(st))
	}
	for _, it := range all {
		w := writers[it.ID]
		if err := w.send(); err != nil {
			return err
		}
		w.record("request.reassigned", it, map[string]any{"because": "left or away"})
	}
	if err := nameHolders(tx, empty); err != nil {
		return err
	}
	return tellMany(tx, all, empty, notify.Approval)
}
