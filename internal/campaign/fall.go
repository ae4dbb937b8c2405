package campaign

import (
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// Fall does what the clocks of reviews, and of campaigns, do at this instant: waves begin, reviewers are reminded, and what nobody answered
// follows the campaign's stated rule.
func (s *Service) Fall(tx *db.Tx, reviews, campaigns []int) error {
	if len(reviews) > 0 {
		all, err := reviewsOf(tx, `where v.id = any($1) and v.state in ('waiting', 'open') and v.next_at <= $2 and c.state = 'open' order by v.campaign_id, v.id for no key update of v`, reviews, tx.Now)
		if err != nil {
			return err
		}
		if err := s.fallReviews(tx, all); err != nil {
			return err
		}
	}
	if len(campaigns) == 0 {
		return nil
	}
	all, err := some(tx, `where c.id = any($1) order by c.id`, campaigns)
	if err != nil {
		return err
	}
	for _, c := range all {
		if err := s.carryDue(tx, c, false); err != nil {
			return err
		}
		if err := progress(tx, c.ID); err != nil {
			return err
		}
		if err := s.again(tx, c); err != nil {
			return err
		}
	}
	return nil
}

// fallReviews does the same for reviews of any number of campaigns: those that do the same thing are one statement.
func (s *Service) fallReviews(tx *db.Tx, all []*Review) error {
	var begin, remind []*Review
	for _, v := range all {
		switch {
		case v.State == Waiting:
			begin = append(begin, v)
		case tx.Now.Before(v.DueAt):
			remind = append(remind, v)
		}
	}
	if err := clocks(tx, begin, "campaign.wave", `state = 'open', opened_at = $2::timestamptz, next_at = $2::timestamptz + (due_at - $2::timestamptz) / 2`); err != nil {
		return err
	}
	if err := clocks(tx, remind, "campaign.reminded", `clock = clock + 1, next_at = case when due_at - interval '1 day' > $2::timestamptz then due_at - interval '1 day' else due_at end`); err != nil {
		return err
	}
	if err := tellReviews(tx, begin, remind); err != nil {
		return err
	}
	late := map[int][]*Review{}
	var order []int
	for _, v := range all {
		if v.State == Reviewed && !tx.Now.Before(v.DueAt) {
			if late[v.Campaign] == nil {
				order = append(order, v.Campaign)
			}
			late[v.Campaign] = append(late[v.Campaign], v)
		}
	}
	for _, id := range order {
		if err := s.overdue(tx, id, late[id]); err != nil {
			return err
		}
	}
	return nil
}

// clocks changes reviews alike, with one event for each campaign.
func clocks(tx *db.Tx, all []*Review, kind, set string) error {
	if len(all) == 0 {
		return nil
	}
	of := map[int][]int{}
	ids := make([]int, len(all))
	for n, v := range all {
		ids[n] = v.ID
		of[v.Campaign] = append(of[v.Campaign], v.ID)
	}
	if _, err := tx.Exec(`with moved as (update campaign_review set `+set+`, version = version + 1 where id = any($1) returning id, next_at)
		insert into due (at, what, ref) select next_at, 'campaign_review', id from moved where next_at is not null on conflict do nothing`, ids, tx.Now); err != nil {
		return err
	}
	for c, reviews := range of {
		tx.Record(evidence.Event{Kind: kind, Touches: evidence.Touches{"campaign_review": len(reviews)}, Facts: map[string]any{"campaign": c, "reviews": reviews}})
	}
	return nil
}

// overdue does with what nobody answered what the campaign says. A review in which everything is decided is signed off by it.
func (s *Service) overdue(tx *db.Tx, campaign int, late []*Review) error {
	c, err := Find(tx, campaign)
	if err != nil {
		return err
	}
	rule := c.Settings.Unanswered
	var pass, stay, asked []int
	for _, v := range late {
		st, err := StandingOf(tx, v.ID)
		if err != nil {
			return err
		}
		switch {
		case st.Undecided() > 0 && rule == LeaveOpen && v.Reviewer != c.Owner && v.Why != "campaign_owner":
			pass, asked = append(pass, v.ID), append(asked, v.Reviewer)
			continue
		case st.Undecided() > 0 && rule == LeaveOpen: // there is nobody else to ask: it stays, and the campaign with it
			stay = append(stay, v.ID)
			continue
		case st.Undecided() > 0:
			if err := silent(tx, v, rule); err != nil {
				return err
			}
		}
		if err := s.sign(tx, c, v); err != nil {
			return err
		}
	}
	if len(pass) > 0 {
		err := tx.Try(func() error {
			return passOn(tx, c, pass, asked, &Stage{By: "campaign_owner"}, "campaign_owner", "nobody answered in time")
		})
		if errs.KindOf(err) == errs.KindConflict {
			stay, err = append(stay, pass...), nil
		}
		if err != nil {
			return err
		}
	}
	if len(stay) == 0 {
		return nil
	}
	n, err := tx.Exec(`update campaign_review set clock = 3, next_at = null, version = version + 1 where id = any($1)`, stay)
	tx.Record(evidence.Event{Kind: "campaign.overdue", Touches: evidence.Touches{"campaign_review": int(n)}, Facts: map[string]any{"campaign": c.ID, "reviews": stay}})
	return err
}

// silent decides what nobody did, by the campaign's rule. What a birthright rule gives is kept: taking it away would not last.
func silent(tx *db.Tx, v *Review, rule string) error {
	n, err := tx.Exec(`insert into campaign_decision (item_id, identity_id, stage, review_id, decider_id, outcome, comment, together, decided_at, made_by)
		select i.id, i.identity_id, i.stage, i.review_id, null, case when $2 = 'remove' and i.kinds & 65 = 0 then 'remove' else 'keep' end, 'nobody answered in time', 1, $3, $4 from campaign_item i
		where i.review_id = $1 and not exists (select from campaign_decision d where d.item_id = i.id and d.stage = i.stage)`, v.ID, rule, tx.Now, tx.Actor.ID)
	if err != nil {
		return err
	}
	v.record(tx, "campaign.unanswered", evidence.Touches{"campaign_decision": int(n)}, map[string]any{"rule": rule, "n": n})
	return nil
}

// again starts the next campaign of a recurring one, when its time has come and it was not stopped.
func (s *Service) again(tx *db.Tx, c *Campaign) error {
	if c.Kind != Recurring || c.AsOf == nil || c.State == Cancelled || tx.Now.Before(c.AsOf.AddDate(0, c.Settings.Months, 0)) {
		return nil
	}
	var there bool
	if err := tx.QueryRow(`select exists (select from campaign where follows = $1)`, c.ID).Scan(&there); err != nil || there {
		return err
	}
	next := &Campaign{Title: c.Title, About: c.About, Kind: Recurring, Scope: c.Scope, Stages: c.Stages, Settings: c.Settings, Owner: c.Owner, Follows: &c.ID}
	if err := s.Build(tx, next); err != nil {
		return err
	}
	err := tx.Try(func() error { _, err := s.Start(tx, next.ID); return err })
	if errs.KindOf(err) == errs.KindConflict { // nothing is in its scope any more: the draft says so
		return nil
	}
	return err
}
