package campaign

import (
	"fmt"
	"strings"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/notify"
)

// objectedSQL says that somebody objects to a removal about which nobody has decided since: what is decided has its reason, or is kept. The
// removal waits for whoever runs campaigns, even when its time has come.
const objectedSQL = `(r.state in ('waiting', 'held') and r.why = '' and exists (select from campaign_note n where n.item_id = r.item_id and n.kind = 'challenge'))`

// MyRemovals gives what somebody is to lose and may object to.
func MyRemovals(tx *db.Tx, who int) ([]*Removal, error) {
	return removals(tx, `where r.identity_id = $1 and r.state = 'waiting' order by r.at, r.item_id limit 100`, who)
}

// Challenge says why somebody who is to lose access should keep it, once. Whoever runs campaigns decides; until then nothing is removed.
func (s *Service) Challenge(tx *db.Tx, item int64, why string) error {
	if why = strings.TrimSpace(why); why == "" || len(why) > 2000 {
		return errs.InvalidFields("nothing was said:", []errs.Field{{Field: "why", Rule: "is required, with at most 2000 characters"}})
	}
	all, err := removals(tx, `where r.item_id = $1 for no key update of r`, item)
	if err != nil {
		return err
	}
	if len(all) == 0 || all[0].Identity != tx.Actor.Identity || tx.Actor.Identity == 0 {
		return errs.NotFound("there is no such removal")
	}
	r := all[0]
	switch {
	case r.State != RemovalWaiting:
		return errs.Conflict("this removal is carried out already")
	case r.Objected || r.Why != "":
		return errs.Conflict("you objected to this already")
	}
	if err := say(tx, r.Campaign, item, "challenge", why, nil); err != nil {
		return err
	}
	c, err := Find(tx, r.Campaign)
	if err != nil || c.Owner == r.Identity {
		return err
	}
	return notify.Send(tx, c.toOwner(notify.Question, "Objection to a removal", notify.Line{Label: "From", Value: tx.Actor.Name}, notify.Line{Label: "Objection", Value: why}))
}

// decides reads a removal about which the actor decides with a reason: nobody about their own access, nor about that of somebody for whom they
// stand in.
func decides(tx *db.Tx, item int64, reason string) (*Removal, error) {
	if tx.Actor.Identity == 0 {
		return nil, errs.Forbidden("this needs a person: sign in, or give a personal token in TENURE_TOKEN")
	}
	if reason == "" || len(reason) > 2000 {
		return nil, errs.InvalidFields("nothing was changed:", []errs.Field{{Field: "reason", Rule: "is required, with at most 2000 characters"}})
	}
	all, err := removals(tx, `where r.item_id = $1 for no key update of r`, item)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errs.NotFound("there is no such removal")
	}
	if all[0].Identity == tx.Actor.Identity {
		return nil, errs.Forbidden("nobody decides about their own access; another person can")
	}
	var stands bool
	if err := tx.QueryRow(`select exists (select from delegation where from_identity = $1 and to_identity = $2 and ended_at is null and from_at <= $3 and to_at > $3)`, all[0].Identity, tx.Actor.Identity, tx.Now).Scan(&stands); err != nil {
		return nil, err
	}
	if stands {
		return nil, errs.Forbidden("you stand in for the person whom this is about: another person has to decide")
	}
	return all[0], nil
}

// KeepAfterAll ends a removal that is not carried out: the owner who has to do it says why it stays, or whoever runs campaigns does, or a
// challenge succeeds.
func (s *Service) KeepAfterAll(tx *db.Tx, item int64, reason string, whoever bool) error {
	reason = strings.TrimSpace(reason)
	r, err := decides(tx, item, reason)
	if err != nil {
		return err
	}
	switch {
	case !whoever && (r.Owner == nil || *r.Owner != tx.Actor.Identity):
		return errs.NotFound("there is no such removal")
	case RemovalLife.Check(r.State, RemovalKept) != nil:
		return errs.Conflict("this removal is carried out already")
	}
	c, err := Find(tx, r.Campaign)
	if err != nil {
		return err
	}
	objected := r.Objected
	r.Why = reason
	if err := setRemovals(tx, c, []*Removal{r}, RemovalKept, "campaign.kept", map[string]any{"reason": reason}); err != nil {
		return err
	}
	if objected {
		if err := tellObjector(tx, c, r, "It stays after all"); err != nil {
			return err
		}
	}
	return progress(tx, c.ID)
}

// RemoveAllTheSame decides that an objection changes nothing: the removal goes on, at once where its time has come.
func (s *Service) RemoveAllTheSame(tx *db.Tx, item int64, reason string) error {
	reason = strings.TrimSpace(reason)
	r, err := RemovalOf(tx, item)
	if err != nil {
		return err
	}
	if r == nil {
		return errs.NotFound("there is no such removal")
	}
	people, err := Concerned(tx, nil, []int{r.Campaign})
	if err != nil {
		return err
	}
	if err := s.Lock(tx, people); err != nil {
		return err
	}
	if r, err = decides(tx, item, reason); err != nil {
		return err
	}
	if !r.Objected {
		return errs.Conflict("this objection is decided already")
	}
	c, err := Find(tx, r.Campaign)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`update campaign_removal set why = $2 where item_id = $1`, item, reason)
	if err != nil {
		return err
	}
	r.Why = reason
	tx.Record(evidence.Event{Kind: "campaign.overruled", IdentityID: r.Identity, Touches: evidence.Touches{"campaign_removal": int(n)}, Facts: map[string]any{"campaign": c.ID, "item": item, "reason": reason}})
	if err := tellObjector(tx, c, r, "It is removed all the same"); err != nil {
		return err
	}
	return s.settle(tx, c, true)
}

// tellObjector tells somebody what became of their objection.
func tellObjector(tx *db.Tx, c *Campaign, r *Removal, verb string) error {
	return notify.Send(tx, notify.Message{To: r.Identity, Kind: notify.Decided, Subject: notify.Subject{Verb: verb, What: c.Title}, Link: fmt.Sprintf("/reviews/items/%d", r.Item), Thread: fmt.Sprintf("campaign/%d/person/%d", c.ID, r.Identity),
		Lines: []notify.Line{{Label: "Decided by", Value: tx.Actor.Name}, {Label: "Why", Value: r.Why}}})
}
