package lifecycle

import (
	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/identity"
)

// EventArgs asks for the review that follows from something that happened to people.
type EventArgs struct {
	Event  string `json:"event"`
	People []int  `json:"people"`
}

// Kind names the job.
func (EventArgs) Kind() string { return "lifecycle.event_review" }

// VerifyArgs asks which removals of reviews the targets confirm by now.
type VerifyArgs struct{}

// Kind names the job.
func (VerifyArgs) Kind() string { return "lifecycle.verify_removals" }

// eventReviews asks for the reviews that follow from what happened to people, where the organisation wants them.
func (s *settling) eventReviews(people []*identity.Change) error {
	if s.cause.What == "policy" {
		return nil
	}
	of := map[string][]int{}
	for i, p := range people {
		switch {
		case s.state[i] == identity.Active && p.Was == identity.Leave:
			of[campaign.OnReturn] = append(of[campaign.OnReturn], p.Person)
		case s.state[i] == identity.Active && p.Was == identity.Active && len(p.Moved) > 0:
			of[campaign.OnMove] = append(of[campaign.OnMove], p.Person)
		case s.state[i] == identity.Active && p.Was == identity.Active && s.newManager(p):
			of[campaign.OnManager] = append(of[campaign.OnManager], p.Person)
		}
	}
	if len(of) == 0 {
		return nil
	}
	if sim, err := s.tx.Simulated(); err != nil || sim {
		return err // in a replay nothing rings
	}
	wanted, err := campaign.Events(s.tx)
	if err != nil {
		return err
	}
	for _, event := range []string{campaign.OnMove, campaign.OnManager, campaign.OnReturn} {
		if ids := of[event]; len(ids) > 0 && wanted[event].Active {
			if err := s.tx.Enqueue(EventArgs{Event: event, People: ids}, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// newManager says that somebody has another manager from now on: HR just said so, or a day came for which it did. Who had none before, or has
// none now, is nobody's to review anew.
func (s *settling) newManager(p *identity.Change) bool {
	for i := range p.Versions[:max(len(p.Versions)-1, 0)] {
		// The versions of one employment stand together, in the order of validity.
		was, is := &p.Versions[i], &p.Versions[i+1]
		if was.Employment == is.Employment && is.Valid(s.now) && was.Attrs.Get("manager") != "" && is.Attrs.Get("manager") != "" && was.Attrs.Get("manager") != is.Attrs.Get("manager") {
			return p.Touches["employment_version"] > 0 || is.ValidFrom.Equal(s.now)
		}
	}
	return false
}

// manyMoves is from how many people on one review is opened for all of them together.
const manyMoves = 20

// OpenEvents opens the reviews of one job.
func OpenEvents(tx *db.Tx, a EventArgs) error {
	if len(a.People) >= manyMoves {
		_, err := Campaigns.OpenEvent(tx, a.Event, a.People, 0)
		return err
	}
	for _, who := range a.People { // fewer than manyMoves: a review each
		if _, err := Campaigns.OpenEvent(tx, a.Event, []int{who}, 0); err != nil {
			return err
		}
	}
	return nil
}
