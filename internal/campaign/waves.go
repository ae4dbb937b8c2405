package campaign

import (
	"encoding/json"

	"tenure/internal/db"
	"tenure/internal/evidence"
)

// prune takes away the reviews of those who are asked nothing.
func (b *builder) prune() error {
	return b.exec("campaign_review", `delete from campaign_review v where v.campaign_id = $1 and not exists (select from campaign_item i where i.review_id = v.id)`, b.c.ID)
}

// lineSQL is what a decision is about: everything of one unit of one person, one rule, or one item.
const lineSQL = `case when i.class = 2 then i.unit::text when i.unit <> 0 then i.identity_id || '/' || i.unit else 'i' || i.id end`

// waves spreads what exceeds the budget of a review over later ones, the risky first; then every review knows its load.
func (b *builder) waves() error {
	budget := b.c.Settings.Budget
	err := b.exec("", `create temporary table cp_wave on commit drop as
		with line as (select review_id, `+lineSQL+` line, max(i.rank) rank, min(i.id) first from campaign_item i where i.campaign_id = `+ints([]int{b.c.ID})+` and i.class <> 1 group by 1, 2),
			over as (select review_id from line group by 1 having count(*) > `+ints([]int{budget})+`)
		select l.review_id, l.line, ((row_number() over (partition by l.review_id order by l.rank desc, l.first) - 1) / `+ints([]int{budget})+` + 1)::int wave, 0 later
			from line l join over using (review_id)`)
	if err != nil {
		return err
	}
	err = b.exec("campaign_review", `insert into campaign_review (campaign_id, stage, wave, reviewer_id, why, state, due_at, next_at)
		select v.campaign_id, v.stage, w.wave, v.reviewer_id, v.why, 'waiting', v.due_at + make_interval(days => (w.wave - 1) * $1), $2::timestamptz + make_interval(days => (w.wave - 1) * $1)
		from (select distinct review_id, wave from cp_wave where wave > 1) w join campaign_review v on v.id = w.review_id`, b.c.Settings.WaveDays, b.tx.Now)
	if err != nil {
		return err
	}
	err = b.exec("campaign_item", `update campaign_item i set review_id = n.id from cp_wave w join campaign_review v on v.id = w.review_id
			join campaign_review n on n.campaign_id = v.campaign_id and n.reviewer_id = v.reviewer_id and n.wave = w.wave
		where i.campaign_id = $1 and i.class <> 1 and w.wave > 1 and i.review_id = w.review_id and w.line = `+lineSQL, b.c.ID)
	if err != nil {
		return err
	}
	return b.exec("campaign_review", `update campaign_review v set items = c.items, load = c.load from (
			select review_id, count(*) items, count(distinct `+lineSQL+`) filter (where i.class <> 1) load from campaign_item i where i.campaign_id = $1 group by 1) c
		where v.id = c.review_id`, b.c.ID)
}

// finish stores the campaign as begun, with the digest of its population, and what it has to say about itself.
func (b *builder) finish() error {
	tx, c := b.tx, b.c
	if err := b.exec("campaign_person", `insert into campaign_person (campaign_id, identity_id, state, department, location, worker_type, manager_id, peers)
		select $1, p.identity_id, p.state, p.department, p.location, p.worker_type, p.manager_id, case when p.n1 >= $2 then p.n1 else p.n2 end
		from cp_person p where p.identity_id in (select identity_id from campaign_item where campaign_id = $1)`, c.ID, enoughPeers); err != nil {
		return err
	}
	if err := b.exec("campaign_reading", `update campaign_reading r set items = n.n from (select a.application_id, count(*)::int n from campaign_item i join account a on a.id = i.account_id where i.campaign_id = $1 group by 1) n
		where r.campaign_id = $1 and r.application_id = n.application_id`, c.ID); err != nil {
		return err
	}
	var digest string
	if err := tx.QueryRow(`select `+digestSQL+`::text from campaign_item where campaign_id = $1`, c.ID).Scan(&digest); err != nil {
		return err
	}
	c.AsOf, c.State, c.PolicyVersion = &tx.Now, Open, &b.pol.Version
	if err := b.exec("campaign", `update campaign set state = 'open', as_of = $2, policy_version = $3, items = $4, digest = $5::numeric, due_at = $6, started_at = clock_timestamp(), version = version + 1 where id = $1`,
		c.ID, tx.Now, b.pol.Version, c.Items, digest, c.DueAt); err != nil {
		return err
	}
	var err error
	if b.opened, err = reviewsOf(tx, `where v.campaign_id = $1 and v.state = 'open'`, c.ID); err != nil {
		return err
	}
	if err := ring(tx, c.ID, 0); err != nil {
		return err
	}
	if c.Kind == Recurring {
		if _, err := tx.Exec(`insert into due (at, what, ref) values ($1, 'campaign', $2) on conflict do nothing`, tx.Now.AddDate(0, c.Settings.Months, 0), c.ID); err != nil {
			return err
		}
	}
	what, err := json.Marshal(c.Scope)
	if err != nil {
		return err
	}
	facts := map[string]any{"campaign": c.ID, "title": c.Title, "scope": json.RawMessage(what), "items": c.Items, "digest": digest, "policy": b.pol.Version, "reviews": len(b.opened), "due": c.DueAt.UTC()}
	if len(b.uncover) > 0 {
		facts["not_read"] = b.uncover
	}
	e := evidence.Event{Kind: "campaign.started", Touches: b.touches, Facts: facts}
	if c.Who != nil {
		e.IdentityID = *c.Who
	}
	tx.Record(e)
	return nil
}

// digestSQL sums up a population: it changes when an item is added, removed or swapped. It is the same whatever the order.
const digestSQL = `coalesce(sum(hashtextextended(account_id || '/' || entitlement_id || '/' || param, 42)::numeric), 0)`

// ring notes when the clocks of a campaign's reviews behind one do the next thing. Those that are there already rang: to say it again would wait
// for whoever does what is due, who may wait for one of these reviews.
func ring(tx *db.Tx, campaign, after int) error {
	_, err := tx.Exec(`insert into due (at, what, ref) select next_at, 'campaign_review', id from campaign_review where campaign_id = $1 and id > $2 and state in ('waiting', 'open') and next_at is not null on conflict do nothing`, campaign, after)
	return err
}
