package campaign

import (
	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// eventTitles name event reviews. Whom they are about stands beside it and never in it.
var eventTitles = map[string]string{
	OnMove: "Access after a move", OnManager: "Access under a new manager", OnReturn: "Access after a return", OnOrphan: "Accounts of nobody", OnUnused: "Access that is not used",
}

// EventDays is how long whoever is asked by an event review has.
const EventDays = 5

// OpenEvent opens the review that an event asks for: after a move, under a new manager and after a return, what no birthright rule gives the
// person now; of what is not used, what was not signed in to for the days that are given. There is one at a time for each person and event.
// It gives nil when there is nothing to review.
func (s *Service) OpenEvent(tx *db.Tx, event string, people []int, days int) (*Campaign, error) {
	var there bool
	who := 0
	if len(people) == 1 {
		who = people[0]
	}
	if err := tx.QueryRow(`select exists (select from campaign where event = $1 and about_id is not distinct from nullif($2, 0) and state = 'open')`, event, who).Scan(&there); err != nil || there {
		return nil, err
	}
	owner, err := keeper(tx, who)
	if err != nil || owner == 0 {
		return nil, err
	}
	set := Defaults
	set.Days, set.Sample, set.NoBatch = EventDays, 0, true
	c := &Campaign{Title: eventTitles[event], Kind: Event, Event: event, Settings: set, Owner: owner, Stages: []Stage{{By: ByManager, Otherwise: ByCompliance}}}
	switch event {
	case OnOrphan:
		c.Scope.Orphans, c.Stages = true, []Stage{{By: ByOwner, Otherwise: ByCompliance}}
	case OnUnused:
		c.Scope.Dormant = days
	default:
		c.Scope.NotByRule = true
	}
	c.Scope.People = people
	if who != 0 {
		c.Who = &who
	}
	err = tx.Try(func() error {
		if err := s.Build(tx, c); err != nil {
			return err
		}
		c, err = s.Start(tx, c.ID)
		return err
	})
	if errs.KindOf(err) == errs.KindConflict {
		return nil, nil
	}
	return c, err
}

// keeper finds who owns event reviews: somebody of compliance whom they are not about, else an administrator.
func keeper(tx *db.Tx, who int) (owner int, err error) {
	err = tx.QueryRow(`select coalesce((select r.identity_id from portal_role r join identity i on i.id = r.identity_id and i.state = 'active' and i.locked_at is null
		where r.role in ('compliance', 'administrator') and r.identity_id <> $1 order by r.role <> 'compliance', r.identity_id limit 1), 0)`, who).Scan(&owner)
	return owner, err
}

// EventRule says whether an event opens a review.
type EventRule struct {
	Event  string
	Active bool
	Days   int // of unused
}

// Events gives the events and whether they open reviews.
func Events(tx *db.Tx) (map[string]EventRule, error) {
	return db.Still(tx, "campaign_events", func() (map[string]EventRule, error) {
		rows, err := tx.Query(`select event, active, days from campaign_event`)
		if err != nil {
			return nil, err
		}
		all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[EventRule])
		out := make(map[string]EventRule, len(all))
		for _, r := range all {
			out[r.Event] = r
		}
		return out, err
	})
}

// SetEvent says whether an event opens a review from now on.
func SetEvent(tx *db.Tx, r EventRule) error {
	if eventTitles[r.Event] == "" {
		return errs.NotFound("there is no such event")
	}
	if r.Days < 1 || r.Days > 3650 {
		return errs.InvalidFields("the event is as it was:", []errs.Field{{Field: "days", Rule: "must be 1 to 3650"}})
	}
	if _, err := tx.Exec(`update campaign_event set active = $2, days = $3 where event = $1`, r.Event, r.Active, r.Days); err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "campaign.event_set", Touches: evidence.Touches{"campaign_event": 1}, Facts: map[string]any{"event": r.Event, "active": r.Active, "days": r.Days}})
	return nil
}

// Tend verifies what the targets confirm, and opens the reviews of what nobody uses and of what belongs to nobody, where those are wanted.
func (s *Service) Tend(tx *db.Tx) error {
	var open bool
	if err := tx.QueryRow(`select exists (select from campaign_removal where state in ('carried', 'by_hand', 'changing')) or exists (select from campaign where state = 'closing')`).Scan(&open); err != nil {
		return err
	}
	if open {
		if err := Verify(tx); err != nil {
			return err
		}
	}
	rules, err := Events(tx)
	if err != nil {
		return err
	}
	for _, event := range []string{OnUnused, OnOrphan} {
		r := rules[event]
		if !r.Active {
			continue
		}
		var lately bool
		if err := tx.QueryRow(`select exists (select from campaign where event = $1 and (state = 'open' or as_of > $2::timestamptz - interval '7 days'))`, event, tx.Now).Scan(&lately); err != nil {
			return err
		}
		if !lately {
			if _, err := s.OpenEvent(tx, event, nil, r.Days); err != nil {
				return err
			}
		}
	}
	return nil
}
