package campaign

import (
	"encoding/json"

	"tenure/internal/db"
	"tenure/internal/evidence"
)

// lineSQL is what a decision is about: everything of one unit of one person, one rule, or one item.
const lineSQL = `case when i.class = 2 then i.unit::text when i.unit <> 0 then i.identity_id || '/' || i.unit else 'i' || i.id end`

// finish stores the campaign as begun, with the digest of its population, and what it has to say about itself.
func (b *builder) finish() error {
	tx, c := b.tx, b.c
	digest := b.digest.String()
	c.AsOf, c.State, c.PolicyVersion = &tx.Now, Open, &b.pol.Version
	if err := b.exec("campaign", `update campaign set state = 'open', as_of = $2, policy_version = $3, items = $4, digest = $5::numeric, due_at = $6, started_at = clock_timestamp(), version = version + 1 where id = $1`,
		c.ID, tx.Now, b.pol.Version, c.Items, digest, c.DueAt); err != nil {
		return err
	}
	for _, v := range b.reviews {
		if v.wave == 1 {
			b.opened = append(b.opened, &Review{ID: v.id, Campaign: c.ID, Stage: 1, Wave: 1, Reviewer: int(v.who), Load: v.load, Items: v.items, DueAt: *c.DueAt})
		}
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

// ring notes when the clocks of a campaign's reviews behind one do the next thing. Those that are there already rang: to say it again would wait
// for whoever does what is due, who may wait for one of these reviews.
func ring(tx *db.Tx, campaign, after int) error {
	_, err := tx.Exec(`insert into due (at, what, ref) select next_at, 'campaign_review', id from campaign_review where campaign_id = $1 and id > $2 and state in ('waiting', 'open') and next_at is not null on conflict do nothing`, campaign, after)
	return err
}
