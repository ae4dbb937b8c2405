package web

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/notify"
	"tenure/internal/policy"
	req "tenure/internal/request"
)

// lastDay reads the day until which something lasts, whole, in a zone; "" is none.
func lastDay(day string, zone *time.Location) (*time.Time, error) {
	if day == "" {
		return nil, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, day, zone)
	if err != nil {
		return nil, errs.InvalidFields("nothing was decided:", []errs.Field{{Field: "until", Rule: "must be a day such as 2026-12-31"}})
	}
	end := t.AddDate(0, 0, 1)
	return &end, nil
}

// slackStep is the step that a button is about.
func slackStep(in *notify.Interaction) (int, error) {
	id, ok := strings.CutPrefix(in.Value, "step/")
	step, err := strconv.Atoi(id)
	if !ok || err != nil {
		return 0, errs.Invalid("this is no step of a request")
	}
	return step, nil
}

// lowerLevels are the levels to which an item may be narrowed, the lowest first; the last is the one that was asked for.
func lowerLevels(pol *policy.Snapshot, it *req.Item) (out []policy.Level) {
	o := pol.Offer(it.Offer)
	if o == nil || it.Act == req.Extend {
		return nil
	}
	for _, l := range o.Object.Offer.Levels {
		out = append(out, l)
		if l.Name == it.Level {
			break
		}
	}
	return out
}

// slackNarrows opens the window in which somebody approves less. What is risky is decided in the portal, and so is what is not asked of them.
func (s *server) slackNarrows(ctx context.Context, actor db.Actor, in *notify.Interaction) error {
	step, err := slackStep(in)
	if err != nil {
		return err
	}
	var n notify.Narrowing
	err = s.app.DB.Do(ctx, actor, func(tx *db.Tx) error {
		it, err := s.slackItem(tx, step)
		if err != nil {
			return err
		}
		pol, err := policy.Load(tx)
		if err != nil {
			return err
		}
		zone, err := notify.ZoneOf(tx, actor.Identity)
		if err != nil {
			return err
		}
		n.Last = it.AskedTo.In(zone)
		for _, l := range lowerLevels(pol, it) {
			n.Levels = append(n.Levels, notify.Level{Name: l.Name, Title: cmp.Or(l.Title, l.Name)})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.app.Notify.Slack.AskNarrow(ctx, in.Trigger, in.Value, &n)
}

// narrower reads what was filled in in that window: something has to be less.
func (in slackAnswer) narrower(tx *db.Tx, it *req.Item, who int) (a req.Answer, err error) {
	zone, err := notify.ZoneOf(tx, who)
	if err != nil {
		return a, err
	}
	a.Outcome, a.Level = req.Approve, in.Level
	if a.To, err = lastDay(in.Until, zone); err != nil {
		return a, err
	}
	if a.To == nil && (a.Level == "" || a.Level == it.Level) {
		return a, errs.InvalidFields("nothing was decided:", []errs.Field{{Field: "until", Rule: "or the level must be less than what was asked for"}})
	}
	return a, nil
}

// slackAnswer is an interaction that decides.
type slackAnswer struct{ *notify.Interaction }
