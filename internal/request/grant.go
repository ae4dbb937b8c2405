package request

import (
	"time"

	"tenure/internal/access"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/policy"
	"tenure/internal/policy/sod"
)

// grant lets an item that is decided give access. What it gives is weighed once more; a conflict that arose since goes to compliance.
func (s *Service) grant(tx *db.Tx, it *Item, c *Calendar) error {
	pol, err := policy.Load(tx)
	if err != nil {
		return err
	}
	offer := pol.Offer(it.Offer)
	if err := it.narrow(pol, offer); err != nil {
		return err
	}
	from, to := it.AskedFrom, it.end()
	if from.Before(tx.Now) {
		if from = tx.Now; it.Act == Activate {
			to = from.Add(it.AskedTo.Sub(it.AskedFrom))
		}
	}
	if !from.Before(to) {
		return errs.Conflict("the time that was asked for is over: deny it, and let it be asked for anew")
	}
	ok, err := s.acceptable(tx, it, pol, from, to, c)
	if err != nil || !ok {
		return err
	}
	w := newWriter(tx)
	if it.Replaces != nil {
		because := "replaced"
		if it.Act == Extend {
			because = "extended"
		}
		if err := w.end(*it.Replaces, because); err != nil {
			return err
		}
	}
	now := tx.Now
	it.State, it.From, it.To, it.DecidedAt = Granted, &from, &to, &now
	w.updateItem(it)
	w.batch.Queue(`insert into due (at, what, ref) values ($1, 'request_item', $3), ($2, 'request_item', $3) on conflict do nothing`, to, endingAt(from, to), it.ID)
	access.QueueDue(&w.batch, []time.Time{from, to}, []int{it.Beneficiary, it.Beneficiary})
	if err := w.send(); err != nil {
		return err
	}
	w.record("request.granted", it, map[string]any{"act": it.Act, "level": it.Level, "from": from.UTC(), "to": to.UTC(), "automatic": it.Automatic, "requester": it.Requester})
	if err := s.Settle(tx, it.Beneficiary, it.ID); err != nil {
		return err
	}
	return s.tellGranted(tx, it)
}

// endingAt is when somebody is told that access ends: a week before, or half of what is shorter.
func endingAt(from, to time.Time) time.Time {
	week := to.AddDate(0, 0, -7)
	if half := from.Add(to.Sub(from) / 2); half.After(week) {
		return half
	}
	return week
}

// levelNames gives the levels of an offer, the lowest first.
func levelNames(o *policy.Offer) []string {
	if o == nil {
		return nil
	}
	out := make([]string, len(o.Object.Offer.Levels))
	for i, l := range o.Object.Offer.Levels {
		out[i] = l.Name
	}
	return out
}

// narrow makes an item what was approved of it.
func (it *Item) narrow(pol *policy.Snapshot, offer *policy.Offer) error {
	if offer == nil {
		return nil // not offered any more: what was asked for is known all the same
	}
	level := it.level(levelNames(offer))
	if level == it.Level {
		return nil
	}
	_, role, entitlements, ok := pol.Level(it.Offer, level)
	if !ok {
		return errs.Conflict("the level is not offered any more: deny it, and let it be asked for anew")
	}
	it.Level, it.Role, it.Entitlements = level, nil, []int{}
	if role != 0 {
		it.Role = &role
	} else {
		it.Entitlements = entitlements
	}
	return nil
}

// acceptable weighs an item under the person's lock. What compliance approved is excepted; what nobody did gets a step of its own.
func (s *Service) acceptable(tx *db.Tx, it *Item, pol *policy.Snapshot, from, to time.Time, c *Calendar) (bool, error) {
	if pol.Duties() == nil {
		return true, nil
	}
	gives, err := it.gives(pol)
	if err != nil {
		return false, err
	}
	found, err := s.Weigh(tx, it.Beneficiary, [][]sod.Holding{holdings(gives, from, to)}, nil, true)
	if err != nil {
		return false, err
	}
	var open []Conflict
	for _, x := range found[0] {
		switch x.Reaction {
		case policy.RecordSoD:
		case policy.Refuse:
			return false, errs.Conflict("the SoD rule %s forbids it now: the person would combine %s", x.Title, x.Duties)
		default:
			open = append(open, x)
		}
	}
	if len(open) == 0 {
		return true, nil
	}
	if it.Act == Emergency {
		return false, errs.Conflict("the SoD rule %s forbids it now: the person would combine %s", open[0].Title, open[0].Duties)
	}
	if d := it.accepted(open); d != nil {
		for _, x := range open {
			if err := s.Accept(tx, it.Beneficiary, x, to, d); err != nil {
				return false, err
			}
		}
		return true, nil
	}
	return false, s.askCompliance(tx, it, open, c)
}
