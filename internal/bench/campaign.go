package bench

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/lifecycle"
)

//go:embed campaign.sql
var campaignCompany string

// Goals of campaigns.
const (
	campaignGoalItems = 1_000_000
	campaignStart     = 5.0   // seconds at most for a million items
	campaignRatio     = 0.5   // of the bare INSERT ... SELECT of the same rows, at least
	campaignPage      = 0.015 // p95 at ten million items
	campaignBulk      = 0.060 // of a thousand items
	campaignBig       = 10    // times as many items for pages and bulk decisions
	campaignPages     = 300   // pages that are measured
	campaignBulks     = 30
	campaignTogether  = 1000
)

// Campaigns is what was measured of campaigns.
type Campaigns struct {
	Items   int       `json:"items"`
	All     int       `json:"items_of_pages"`
	Start   *Measure  `json:"start"`
	Figures []*Figure `json:"figures"`
}

// Met says whether every goal was met.
func (c *Campaigns) Met() bool {
	return c == nil || (c.Start.Met == nil || *c.Start.Met) && !slices.ContainsFunc(c.Figures, func(f *Figure) bool { return !f.Met })
}

func (c *Campaigns) figure(name, unit string, goal float64, values []float64) {
	f := &Figure{Name: name, Unit: unit, Value: of(values), Goal: goal}
	f.Met = goal == 0 || f.Value.Median <= goal
	c.Figures = append(c.Figures, f)
}

func (c *Campaigns) print(out io.Writer) {
	_, _ = fmt.Fprintf(out, "\nCampaigns: %d items; pages and bulk decisions beside %d\n", c.Items, c.All)
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "start\t%s\tfloor %s\tratio %.2f\tgoal %.2f\n", millis(c.Start.Product.Median), millis(c.Start.Floor.Median), c.Start.Ratio.Median, c.Start.Goal)
	for _, f := range c.Figures {
		_, _ = fmt.Fprintf(w, "%s\t%s\tgoal %s\tmet %v\n", f.Name, millis(f.Value.Median), millis(f.Goal), f.Met)
	}
	_ = w.Flush()
}

// campaigns measures a campaign over everybody of a company in which people hold 20 entitlements each, then pages and bulk decisions with ten
// times as many items in the tables.
func (s *stage) campaigns(ctx context.Context, items int, o Options) (*Campaigns, error) {
	name, err := s.clone(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.drop(ctx, name) }()
	conn, err := pgx.Connect(ctx, s.url(name))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, strings.ReplaceAll(campaignCompany, "@people", strconv.Itoa(items/20))); err != nil {
		return nil, fmt.Errorf("building the company: %w", err)
	}
	if _, err := conn.Exec(ctx, `vacuum analyze`); err != nil {
		return nil, err
	}
	d, err := s.open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	t := &campaignTrial{stage: s, conn: conn, db: d, out: &Campaigns{Items: items, Start: &Measure{Name: "campaign", Goal: campaignRatio}}}
	if items < campaignGoalItems {
		t.out.Start.Goal = 0
	}
	var took []float64
	for i := range o.Repeat {
		product, floor, err := t.start(ctx)
		if err != nil {
			return nil, err
		}
		t.out.Start.add(product, floor)
		took = append(took, product.Seconds())
		_, _ = fmt.Fprintf(o.Log, "campaign %d of %d: %.2f s, floor %.2f s\n", i+1, o.Repeat, product.Seconds(), floor.Seconds())
	}
	t.out.Start.finish()
	t.out.figure("start of all items", "s", campaignStart*float64(items)/campaignGoalItems, took)
	return t.out, t.big(ctx, o)
}

type campaignTrial struct {
	*stage
	conn *pgx.Conn
	db   *db.DB
	out  *Campaigns
	last int // the last campaign that was started
}

// as does something as the compliance officer who runs the campaigns, or as a reviewer.
func (t *campaignTrial) as(ctx context.Context, identity int, fn func(*db.Tx) error) error {
	return t.db.Do(ctx, db.System, func(tx *db.Tx) error {
		actor, err := tx.ActorOf(identity, "person", "Person "+strconv.Itoa(identity))
		if err != nil {
			return err
		}
		tx.Actor = actor
		return fn(tx)
	})
}

// start measures the start of a campaign over everybody, and the floor: the same rows into a table with the same indexes and triggers.
func (t *campaignTrial) start(ctx context.Context) (product, floor time.Duration, err error) {
	if t.last != 0 { // only the last is kept
		if _, err := t.conn.Exec(ctx, `set session_replication_role = replica; truncate campaign_item, campaign_review, campaign_person, campaign_reading, campaign_decision cascade; set session_replication_role = origin`); err != nil {
			return 0, 0, err
		}
	}
	c := &campaign.Campaign{Title: "Everybody", Settings: campaign.Defaults, Stages: []campaign.Stage{{By: campaign.ByManager, Otherwise: campaign.ByOwner}}}
	if err := t.as(ctx, 1, func(tx *db.Tx) error { return lifecycle.Campaigns.Build(tx, c) }); err != nil {
		return 0, 0, err
	}
	if err := t.settle(ctx); err != nil {
		return 0, 0, err
	}
	product, err = clock(func() error {
		return t.as(ctx, 1, func(tx *db.Tx) error { c, err = lifecycle.Campaigns.Start(tx, c.ID); return err })
	})
	if err != nil {
		return 0, 0, err
	}
	t.last = c.ID
	var seen int
	if err := t.conn.QueryRow(ctx, `select count(*) from observed`).Scan(&seen); err != nil {
		return 0, 0, err
	}
	if c.Items != seen {
		return 0, 0, fmt.Errorf("the campaign has %d items, the readings show %d", c.Items, seen)
	}
	for _, sql := range []string{`drop table if exists floor_item`, `drop table if exists same_item`, `create table same_item as select * from campaign_item`, `create table floor_item (like campaign_item including all) with (fillfactor = 90)`, `analyze same_item`} {
		if _, err := t.conn.Exec(ctx, sql); err != nil {
			return 0, 0, err
		}
	}
	if err := t.settle(ctx); err != nil {
		return 0, 0, err
	}
	floor, err = clock(func() error {
		_, err := t.conn.Exec(ctx, `insert into floor_item overriding system value select * from same_item`)
		return err
	})
	return product, floor, err
}

// big fills the tables with ten times as many items, and measures pages and bulk decisions of the one campaign that is real.
func (t *campaignTrial) big(ctx context.Context, o Options) error {
	for n := 1; n < campaignBig; n++ {
		if _, err := t.conn.Exec(ctx, `set session_replication_role = replica`); err != nil {
			return err
		}
		if _, err := t.conn.Exec(ctx, `insert into campaign_item (identity_id, campaign_id, review_id, account_id, entitlement_id, stage, class, risk, rank, advice, peers, kinds, unit, since, last_used, conflicts, param)
			select identity_id, campaign_id + $1, review_id + $1, account_id, entitlement_id, stage, class, risk, rank, advice, peers, kinds, unit, since, last_used, conflicts, param from same_item`, n*10_000_000); err != nil {
			return err
		}
	}
	if _, err := t.conn.Exec(ctx, `set session_replication_role = origin; drop table same_item; drop table floor_item`); err != nil {
		return err
	}
	if _, err := t.conn.Exec(ctx, `vacuum analyze campaign_item`); err != nil {
		return err
	}
	if err := t.conn.QueryRow(ctx, `select count(*) from campaign_item`).Scan(&t.out.All); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(o.Log, "campaigns: %d items are there\n", t.out.All)
	var reviews []*campaign.Review
	if err := t.db.Read(ctx, func(tx *db.Tx) (err error) { reviews, err = campaign.Reviews(tx, t.last); return err }); err != nil {
		return err
	}
	reviews = slices.DeleteFunc(reviews, func(v *campaign.Review) bool { return v.State != campaign.Reviewed })
	rng := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // the same reviews every time
	pages := make([]float64, 0, campaignPages)
	for range campaignPages {
		v := reviews[rng.IntN(len(reviews))]
		took, err := clock(func() error {
			return t.db.ReadOften(ctx, func(tx *db.Tx) error { return pageOf(tx, v.ID) })
		})
		if err != nil {
			return err
		}
		pages = append(pages, took.Seconds())
	}
	slices.Sort(pages)
	t.out.figure("page of a reviewer, p95", "s", campaignPage, pages[len(pages)*95/100:len(pages)*95/100+1])
	return t.bulk(ctx, reviews)
}

// pageOf reads what the page of a review shows of the campaign.
func pageOf(tx *db.Tx, review int) error {
	if _, err := campaign.GetReview(tx, review); err != nil {
		return err
	}
	if _, err := campaign.StandingOf(tx, review); err != nil {
		return err
	}
	if _, err := campaign.Lines(tx, review); err != nil {
		return err
	}
	_, err := campaign.Rules(tx, review)
	return err
}

// bulk gives one reviewer a thousand items of low risk and lets them be decided in one act, again and again.
func (t *campaignTrial) bulk(ctx context.Context, reviews []*campaign.Review) error {
	v := slices.MaxFunc(reviews, func(a, b *campaign.Review) int { return a.Items - b.Items })
	if _, err := t.conn.Exec(ctx, `set session_replication_role = replica`); err != nil {
		return err
	}
	if _, err := t.conn.Exec(ctx, `update campaign_item set review_id = $1, class = 0, risk = 0, unit = 0 where id in (select i.id from campaign_item i where i.campaign_id = $2 and i.identity_id <> $4 and i.identity_id <> 0 and i.kinds & 1 = 0 order by i.id limit $3)`,
		v.ID, t.last, campaignTogether, v.Reviewer); err != nil {
		return err
	}
	rows, err := t.conn.Query(ctx, `set session_replication_role = origin`)
	if err != nil {
		return err
	}
	rows.Close()
	if rows, err = t.conn.Query(ctx, `select id from campaign_item where review_id = $1 and class = 0 and risk = 0 and unit = 0 and kinds & 1 = 0 and identity_id <> $3 order by id limit $2`, v.ID, campaignTogether, v.Reviewer); err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	if len(ids) != campaignTogether {
		return fmt.Errorf("%d items for the bulk decision", len(ids))
	}
	took := make([]float64, 0, campaignBulks)
	for range campaignBulks {
		d, err := clock(func() error {
			return t.as(ctx, v.Reviewer, func(tx *db.Tx) error {
				_, err := lifecycle.Campaigns.Decide(tx, campaign.Answer{Review: v.ID, Items: ids, Outcome: campaign.Keep})
				return err
			})
		})
		if err != nil {
			return err
		}
		took = append(took, d.Seconds())
		if err := t.as(ctx, v.Reviewer, func(tx *db.Tx) error {
			_, err := lifecycle.Campaigns.Undo(tx, v.ID, ids)
			return err
		}); err != nil {
			return err
		}
	}
	slices.Sort(took)
	t.out.figure("bulk decision of 1,000, p95", "s", campaignBulk, took[len(took)*95/100:len(took)*95/100+1])
	return nil
}
