package campaign

import (
	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// MaxTogether is how many items one act decides at most; a rule and a batch are one act, however much they hold.
const MaxTogether = 1000

// same narrows to the items of a review that are decided as one with some of them. What was named is found by its id: a list that stands beside
// an "or" would be held against every item of the review.
const same = `i.review_id = $1 and i.id in (select x.id from campaign_item x where x.id = any($2::bigint[])
	union all select y.id from campaign_item y where y.review_id = $1 and y.class = 0 and y.unit <> 0 and (y.identity_id, y.unit) in (
		select x.identity_id, x.unit from campaign_item x where x.id = any($2::bigint[]) and x.review_id = $1 and x.class = 0 and x.unit <> 0))`

// check is judge; a test shows that the database refuses by itself.
var check = judge

// Decide notes what a reviewer says of some items, and of everything that is decided as one with them. It is a draft until the review is
// signed off: a later answer takes its place.
func (s *Service) Decide(tx *db.Tx, a Answer) (*Review, error) {
	if len(a.Items) == 0 || len(a.Items) > MaxTogether {
		return nil, errs.InvalidFields("nothing was decided:", []errs.Field{{Field: "items", Rule: "must be 1 to 1000 of one review"}})
	}
	v, c, d, err := s.reviewer(tx, a.Review)
	if err != nil {
		return nil, err
	}
	items, err := judged(tx, `where `+same+` order by i.rank desc, i.id`, a.Review, a.Items)
	if err != nil {
		return nil, err
	}
	if err := found(items, a.Items); err != nil {
		return nil, err
	}
	if a.Outcome == Narrow {
		if a.to, err = s.narrowing(tx, items, a.Level); err != nil {
			return nil, err
		}
	}
	if err := check(v, &c.Settings, d, items, &a, tx.Now); err != nil {
		return nil, err
	}
	ids := make([]int64, len(items))
	for n, i := range items {
		ids[n] = i.ID
	}
	return v, note(tx, v, d, &a, lines(items), `i.id = any($11::bigint[])`, ids)
}

// judged reads what judge asks of items, and no more.
func judged(tx *db.Tx, where string, args ...any) ([]*Item, error) {
	rows, err := tx.Query(`select i.id, i.identity_id, i.review_id, i.stage, i.class, i.risk, i.kinds, i.unit, i.entitlement_id from campaign_item i `+where, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (*Item, error) {
		var i Item
		return &i, row.Scan(&i.ID, &i.Identity, &i.Review, &i.Stage, &i.Class, &i.Risk, &i.Kinds, &i.Unit, &i.Entitlement)
	})
}

// found says whether all that was named is in the review, and not of a rule: rules are acknowledged as a whole.
func found(items []*Item, ids []int64) error {
	there := map[int64]bool{}
	for _, i := range items {
		there[i.ID] = i.Class != ByRule
	}
	for _, id := range ids {
		if !there[id] {
			return errs.NotFound("there is no such item in this review")
		}
	}
	return nil
}

// Acknowledge keeps everything that one rule gives, or asks for a change of it: one act, however many people it concerns.
func (s *Service) Acknowledge(tx *db.Tx, review int, unit int64, outcome, comment string) (*Review, error) {
	v, c, d, err := s.reviewer(tx, review)
	if err != nil {
		return nil, err
	}
	items, err := judged(tx, `where i.review_id = $1 and i.class = 2 and i.unit = $2 order by i.identity_id = $3 desc, i.risk desc limit 1`, review, unit, d.id)
	if err != nil {
		return nil, err
	}
	a := Answer{Review: review, Outcome: outcome, Comment: comment}
	if err := check(v, &c.Settings, d, items, &a, tx.Now); err != nil {
		return nil, err
	}
	return v, note(tx, v, d, &a, 1, `i.class = 2 and i.unit = $11`, unit)
}

// OpenBatch notes that a reviewer looks at what is likely fine: before that it cannot be kept.
func (s *Service) OpenBatch(tx *db.Tx, review int) (*Review, error) {
	v, _, d, err := s.reviewer(tx, review)
	if err != nil {
		return nil, err
	}
	if err := may(v, d); err != nil || v.Batch != nil {
		return v, err
	}
	v.Batch = &tx.Now
	_, err = tx.Exec(`update campaign_review set batch_opened = $2, version = version + 1 where id = $1`, review, tx.Now)
	v.Version++
	v.record(tx, "campaign.batch_opened", evidence.Touches{"campaign_review": 1}, map[string]any{})
	return v, err
}

// KeepBatch keeps what is left of the batch. count is how many items the reviewer was told it holds: when it holds others, nothing happens.
func (s *Service) KeepBatch(tx *db.Tx, review, count int) (*Review, error) {
	v, c, d, err := s.reviewer(tx, review)
	if err != nil {
		return nil, err
	}
	items, err := judged(tx, `where i.review_id = $1 and i.class = 1 order by i.identity_id = $2 desc, i.risk desc limit 1`, review, d.id)
	if err != nil {
		return nil, err
	}
	a := Answer{Review: review, Outcome: Keep}
	if err := check(v, &c.Settings, d, items, &a, tx.Now); err != nil {
		return nil, err
	}
	var left int
	const open = `i.class = 1 and not exists (select from campaign_decision d where d.item_id = i.id and d.stage = i.stage)`
	if err := tx.QueryRow(`select count(*) from campaign_item i where i.review_id = $1 and `+open, review).Scan(&left); err != nil {
		return nil, err
	}
	if left == 0 || left != count {
		return nil, errs.Conflict("the batch has changed since you opened it: look again")
	}
	return v, note(tx, v, d, &a, left, open+` and $11::int > 0`, left)
}

// note stores an answer for the items of a review that where names. All of it is made at one instant: it is one act, for who measures how a
// review was done and for who takes it back. Of a line that is narrowed the items that the lower level gives are
// kept.
func note(tx *db.Tx, v *Review, d *decider, a *Answer, together int, where string, arg any) error {
	stays := []int{}
	if a.to != nil {
		stays = list(a.to.Gives)
	}
	var inName *int
	if d.inName != 0 {
		inName, tx.Actor.For = &d.inName, d.inName
	}
	rows, err := tx.Query(`insert into campaign_decision as x (item_id, identity_id, stage, review_id, decider_id, on_behalf_of, outcome, level, until, comment, together, decided_at, made_at, made_by)
		select i.id, i.identity_id, i.stage, i.review_id, $2, $3, case when i.entitlement_id = any($13::int[]) then 'keep' else $4 end, $12, $5, $6, $7, $8, statement_timestamp(), $9 from campaign_item i where i.review_id = $1 and i.stage = $10 and `+where+`
		on conflict (item_id, stage) do update set decider_id = excluded.decider_id, on_behalf_of = excluded.on_behalf_of, outcome = excluded.outcome, level = excluded.level, until = excluded.until, comment = excluded.comment,
			together = excluded.together, decided_at = excluded.decided_at, made_at = excluded.made_at, made_by = excluded.made_by, review_id = excluded.review_id where x.signed_at is null returning item_id`,
		v.ID, d.id, inName, a.Outcome, a.Until, a.Comment, together, tx.Now, tx.Actor.ID, v.Stage, arg, a.Level, stays)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return broken(err)
	}
	if len(ids) == 0 {
		return errs.Conflict("this is decided already")
	}
	facts := map[string]any{"outcome": a.Outcome, "until": a.Until, "comment": a.Comment, "lines": together, "n": len(ids)}
	if a.Level != "" {
		facts["level"] = a.Level
	}
	if len(ids) <= MaxTogether {
		facts["items"] = ids
	}
	v.record(tx, "campaign.decided", evidence.Touches{"campaign_decision": len(ids)}, facts)
	return nil
}

// reviewer locks a review and reads what judge asks about the actor.
func (s *Service) reviewer(tx *db.Tx, id int) (*Review, *Campaign, *decider, error) {
	v, err := lockReview(tx, id)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := tx.Refresh(); err != nil {
		return nil, nil, nil, err
	}
	c, err := Find(tx, v.Campaign)
	if err != nil {
		return nil, nil, nil, err
	}
	if c.State != Open {
		return nil, nil, nil, errs.Conflict("this campaign is over: nothing more is decided in it")
	}
	d := &decider{id: tx.Actor.Identity}
	if d.id == 0 {
		return v, c, d, nil
	}
	if d.names, err = s.Acting(tx, d.id); err != nil {
		return nil, nil, nil, err
	}
	rows, err := tx.Query(`select from_identity from delegation where to_identity = $1 and ended_at is null and from_at <= $2 and to_at > $2`, d.id, tx.Now)
	if err != nil {
		return nil, nil, nil, err
	}
	d.barred, err = pgx.CollectRows(rows, pgx.RowTo[int])
	return v, c, d, err
}

// record writes an event about the review.
func (v *Review) record(tx *db.Tx, kind string, touches evidence.Touches, facts map[string]any) {
	facts["campaign"], facts["review"] = v.Campaign, v.ID
	tx.Record(evidence.Event{Kind: kind, Touches: touches, Facts: facts})
}

// broken gives the words for a rule of the tables.
func broken(err error) error {
	switch db.ConstraintName(err) {
	case "review_decider_is_not_beneficiary", "review_is_not_for_beneficiary":
		return errs.Forbidden("nobody decides about their own access; another person can")
	case "review_decider_is_no_delegate":
		return errs.Forbidden("you stand in for the person whom this is about: another person has to decide")
	case "decision_maker_is_reviewer":
		return errs.Forbidden("nobody signs with another person's name")
	}
	return err
}
