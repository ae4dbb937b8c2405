package campaign

import (
	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// hastySample is how much of a hasty review is decided a second time, in per cent.
const hastySample = 50

// SignOff makes the decisions of a review final, once everything in it is decided: what is kept goes to the next stage, or partly to a second
// reviewer; what is removed becomes removals, which begin at once where nothing makes them wait.
func (s *Service) SignOff(tx *db.Tx, review, version int) (*Review, error) {
	people, err := Concerned(tx, []int{review}, nil)
	if err != nil {
		return nil, err
	}
	if err := s.Lock(tx, people); err != nil {
		return nil, err
	}
	v, c, d, err := s.reviewer(tx, review)
	if err != nil {
		return nil, err
	}
	if err := may(v, d); err != nil {
		return nil, err
	}
	if version != 0 && version != v.Version {
		return nil, errs.Conflict("this review has changed since you looked at it: look again")
	}
	st, err := StandingOf(tx, review)
	if err != nil {
		return nil, err
	}
	if n := st.Undecided(); n > 0 {
		return nil, errs.Conflict("%d of this review are not decided yet", n)
	}
	if d.inName != 0 {
		tx.Actor.For = d.inName
	}
	return v, s.sign(tx, c, v)
}

// sign closes a review in which everything is decided.
func (s *Service) sign(tx *db.Tx, c *Campaign, v *Review) error {
	q, err := measure(tx, v, &c.Settings)
	if err != nil {
		return err
	}
	t := evidence.Touches{}
	n, err := tx.Exec(`update campaign_decision set signed_at = $2 where review_id = $1 and signed_at is null`, v.ID, tx.Now)
	if err != nil {
		return err
	}
	add(t, "campaign_decision", n)
	if err := remember(tx, v); err != nil {
		return err
	}
	if n, err = certify(tx, c, v); err != nil {
		return err
	}
	add(t, "campaign_role", n)
	opened, err := s.onwards(tx, c, v, q, t)
	if err != nil {
		return err
	}
	if n, err = tx.Exec(`insert into campaign_removal (item_id, campaign_id, review_id, identity_id, account_id, entitlement_id, param, level, state, at, owner_id)
		select i.id, i.campaign_id, $1, i.identity_id, i.account_id, i.entitlement_id, i.param, d.level, case d.outcome when 'change' then 'changing' else 'waiting' end, greatest(coalesce(d.until, $2), $2 + make_interval(days => $3)), case d.outcome when 'change' then $5::int end
		from campaign_decision d join campaign_item i on i.id = d.item_id and i.stage = d.stage where d.review_id = $1 and d.stage = $4 and d.outcome in ('remove', 'narrow', 'change')`,
		v.ID, tx.Now, c.Settings.Challenge, v.Stage, c.Owner); err != nil {
		return err
	}
	add(t, "campaign_removal", n)
	if _, err := tx.Exec(`insert into due (at, what, ref) select distinct at, 'campaign', campaign_id from campaign_removal where review_id = $1 and at > $2 on conflict do nothing`, v.ID, tx.Now); err != nil {
		return err
	}
	v.State, v.SignedAt, v.Quality = Signed, &tx.Now, q
	if _, err := tx.Exec(`update campaign_review set state = 'signed', signed_at = $2, signed_by = $3, quality = $4, next_at = null, version = version + 1 where id = $1`, v.ID, tx.Now, tx.Actor.ID, q); err != nil {
		return err
	}
	add(t, "campaign_review", 1)
	if err := s.accept(tx, c, v); err != nil {
		return err
	}
	v.record(tx, "campaign.signed", t, map[string]any{"stage": v.Stage, "quality": q, "removals": n, "reviewer": v.Reviewer, "next": reviewers(opened)})
	if err := tellOpened(tx, c, opened); err != nil {
		return err
	}
	if err := tellSigned(tx, c, v, int(n)); err != nil {
		return err
	}
	if v.Stage > len(c.Stages) {
		if err := differs(tx, c, v); err != nil {
			return err
		}
	}
	return s.settle(tx, c, n > 0)
}

func add(t evidence.Touches, table string, n int64) {
	if n > 0 {
		t[table] += int(n)
	}
}

// accept gives a reason to what was kept for good although nothing gives it one.
func (s *Service) accept(tx *db.Tx, c *Campaign, v *Review) error {
	rows, err := tx.Query(`select distinct i.identity_id, i.entitlement_id from campaign_decision d join campaign_item i on i.id = d.item_id and i.stage = d.stage
		where d.review_id = $1 and d.stage = $2 and d.outcome = 'keep' and i.kinds = 0 and i.identity_id <> 0 order by 1, 2`, v.ID, v.Stage)
	if err != nil {
		return err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Found])
	if err != nil || len(found) == 0 {
		return err
	}
	return s.Accept(tx, c, found)
}

// Concerned gives the people whose access changes when reviews are signed off, or when what campaigns decided is carried out now: who does
// either locks them before.
func Concerned(tx *db.Tx, reviews, campaigns []int) ([]int, error) {
	if len(reviews)+len(campaigns) == 0 {
		return nil, nil
	}
	rows, err := tx.Query(`select i.identity_id from campaign_item i left join campaign_decision d on d.item_id = i.id and d.stage = i.stage where i.review_id = any($1) and i.identity_id <> 0 and (d.outcome in ('remove', 'narrow') or i.kinds = 0 or d.item_id is null)
		union select identity_id from campaign_removal where (campaign_id = any($2) or campaign_id in (select campaign_id from campaign_review where id = any($1))) and state in ('waiting', 'held') and identity_id <> 0 order by 1`, list(reviews), list(campaigns))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int])
}

// remember notes when access was last reviewed, and how.
func remember(tx *db.Tx, v *Review) error {
	_, err := tx.Exec(`insert into campaign_last (account_id, entitlement_id, param, at, outcome, answered) select i.account_id, i.entitlement_id, i.param, $2, d.outcome, d.decider_id is not null
			from campaign_decision d join campaign_item i on i.id = d.item_id where d.review_id = $1 and d.stage = $3 and i.account_id <> 0
		on conflict (account_id, entitlement_id, param) do update set at = excluded.at, outcome = excluded.outcome, answered = excluded.answered`, v.ID, tx.Now, v.Stage)
	return err
}

// onwards hands what was kept to the next stage, or a disclosed sample of it to a second reviewer. Which items are drawn follows from the
// campaign's digest, so that anybody can draw them again.
func (s *Service) onwards(tx *db.Tx, c *Campaign, v *Review, q *Quality, t evidence.Touches) ([]*Review, error) {
	kept := `exists (select from campaign_decision d where d.item_id = i.id and d.stage = i.stage and d.review_id = @review and d.outcome = 'keep' and d.together > 0)`
	args := pgx.NamedArgs{"review": v.ID}
	stage, why := c.stage(v.Stage+1), "second"
	switch {
	case v.Stage < len(c.Stages):
		why = stage.By
	case v.Stage > len(c.Stages):
		return nil, nil
	default:
		share := c.Settings.Sample
		if q.Hasty && share < hastySample && share > 0 {
			share = hastySample
		}
		if share == 0 {
			return nil, nil
		}
		kept = `i.id in (select id from (select i.id, row_number() over (order by hashtextextended(i.id::text, @campaign)) n, count(*) over () total from campaign_item i where i.review_id = @review and i.class <> 2 and ` + kept + `) x
			where n <= ceil(total * @share::int / 100.0))`
		args["share"], args["campaign"] = share, c.ID
		args["not"] = []int{v.Reviewer}
	}
	moved, opened, err := move(tx, c, &stage, v.Stage+1, why, kept, args)
	if errs.KindOf(err) == errs.KindConflict { // there is nobody who could: what was decided stands, and the figures say so
		q.NoSecond = true
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for k, n := range moved {
		add(t, k, int64(n))
	}
	if why == "second" {
		q.Sampled = moved["campaign_item"]
	}
	return opened, nil
}

// differs counts, for those whose decisions were decided again, how often the second reviewer saw it otherwise.
func differs(tx *db.Tx, c *Campaign, v *Review) error {
	n, err := tx.Exec(`update campaign_review r set quality = r.quality || jsonb_build_object('again', x.again, 'differs', x.differs) from (
			select f.review_id, count(*) again, count(*) filter (where d.outcome <> f.outcome) differs from campaign_decision d join campaign_decision f on f.item_id = d.item_id and f.stage = d.stage - 1
			where d.stage = $2 and d.signed_at is not null and f.review_id in (select g.review_id from campaign_decision e join campaign_decision g on g.item_id = e.item_id and g.stage = e.stage - 1 where e.review_id = $1) group by 1) x
		where r.id = x.review_id`, v.ID, v.Stage)
	if err != nil || n == 0 {
		return err
	}
	v.record(tx, "campaign.compared", evidence.Touches{"campaign_review": int(n)}, map[string]any{})
	return nil
}

// settle carries out what is due and notes what became of the campaign.
func (s *Service) settle(tx *db.Tx, c *Campaign, removals bool) error {
	if removals {
		if err := s.carryDue(tx, c, false); err != nil {
			return err
		}
	}
	return progress(tx, c.ID)
}

// progress moves a campaign on: everything is decided when no review is left, and it is closed when every removal is verified.
func progress(tx *db.Tx, id int) error {
	c, err := lock(tx, id)
	if err != nil {
		return err
	}
	var left, open int
	if err := tx.QueryRow(`select (select count(*) from campaign_review where campaign_id = $1 and state in ('waiting', 'open')), (select count(*) from campaign_removal where campaign_id = $1 and state not in ('verified', 'kept', 'changed'))`, id).Scan(&left, &open); err != nil {
		return err
	}
	if c.State == Open && left == 0 {
		if _, err := tx.Exec(`update campaign set state = 'closing', decided_at = clock_timestamp(), version = version + 1 where id = $1`, id); err != nil {
			return err
		}
		c.State = Closing
		c.record(tx, "campaign.decided_all", map[string]any{"open_removals": open})
	}
	if c.State != Closing || open > 0 {
		return nil
	}
	if _, err := tx.Exec(`update campaign set state = 'closed', closed_at = clock_timestamp(), version = version + 1 where id = $1`, id); err != nil {
		return err
	}
	c.record(tx, "campaign.closed", map[string]any{})
	return tellClosed(tx, c)
}
