package campaign

import (
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// Sum is how far a campaign is.
type Sum struct {
	Campaign int
	Open     int // items that somebody still has to decide at their stage
	Removals int // that were signed off and not kept after all
	Verified int
	Held     int // by the brake
}

// Sums counts how far campaigns are. What is open is counted from the reviews that are, so that a campaign that is over costs nothing.
func Sums(tx *db.Tx, campaigns []int) (map[int]Sum, error) {
	rows, err := tx.Query(`select c, (select coalesce(sum(v.items - (select count(*) from campaign_decision d where d.review_id = v.id and d.stage = v.stage)), 0)::int from campaign_review v where v.campaign_id = c and v.state in ('waiting', 'open')),
			coalesce(r.n, 0)::int, coalesce(r.verified, 0)::int, coalesce(r.held, 0)::int
		from unnest($1::int[]) c left join lateral (select count(*) filter (where r.state <> 'kept') n, count(*) filter (where r.state = 'verified') verified, count(*) filter (where r.state = 'held') held from campaign_removal r where r.campaign_id = c) r on true`, list(campaigns))
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Sum])
	out := make(map[int]Sum, len(all))
	for _, s := range all {
		out[s.Campaign] = s
	}
	return out, err
}

// Day is how many items of a campaign were decided on one day, at the stage where they are.
type Day struct {
	Day     time.Time
	Decided int
}

// Days gives the days on which a campaign was decided, in a time zone. Days on which nothing was are not among them.
func Days(tx *db.Tx, campaign int, zone *time.Location) ([]Day, error) {
	rows, err := tx.Query(`select (d.decided_at at time zone $2)::date, count(*)::int from campaign_review v join campaign_decision d on d.review_id = v.id and d.stage = v.stage
			join campaign_item i on i.id = d.item_id and i.identity_id = d.identity_id and i.stage = d.stage
		where v.campaign_id = $1 group by 1 order by 1`, campaign, zone.String())
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Day])
}

// Outcome counts what became of the items of one class in one application.
type Outcome struct {
	Application          int
	Class                int
	Keep, Remove, Change int
	Narrow               int // that go because a request was narrowed
	Open                 int // nobody has decided
}

// Items counts all of them.
func (o *Outcome) Items() int { return o.Keep + o.Remove + o.Change + o.Narrow + o.Open }

// Outcomes gives what was decided so far, by application and class.
func Outcomes(tx *db.Tx, campaign int) ([]Outcome, error) {
	rows, err := tx.Query(`select coalesce(e.application_id, 0), i.class::int, count(*) filter (where d.outcome = 'keep')::int, count(*) filter (where d.outcome = 'remove')::int, count(*) filter (where d.outcome = 'change')::int, count(*) filter (where d.outcome = 'narrow')::int, count(*) filter (where d.outcome is null)::int
		from campaign_item i left join entitlement e on e.id = i.entitlement_id left join campaign_decision d on d.item_id = i.id and d.stage = i.stage
		where i.campaign_id = $1 group by 1, 2 order by 1, 2`, campaign)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Outcome])
}

// Held is what the brake holds of a campaign.
type Held struct {
	Reasons  []string
	By       string // who signed off what it holds; "" for nobody
	ByID     int
	OpenedAt time.Time
	People   int
	Items    int
}

// HeldOf gives what is held, nil for nothing.
func HeldOf(tx *db.Tx, campaign int) (*Held, error) {
	rows, err := tx.Query(`select h.reasons, coalesce(i.name, ''), coalesce(h.opened_identity, 0), h.opened_at, count(distinct r.identity_id)::int, count(r.item_id)::int
		from hold h left join identity i on i.id = h.opened_identity left join campaign_removal r on r.campaign_id = h.ref and r.state = 'held'
		where h.kind = 'campaign' and h.ref = $1 and h.state = 'open' group by h.id, i.name order by h.id limit 1`, campaign)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[Held])
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}

// Said is one line of the conversations of a campaign, with what it is about.
type Said struct {
	Note
	Item        int64
	Identity    int
	Entitlement int
	Removal     RemovalState // of the item; "" for none
	Open        bool         // an objection about which nobody has decided
}

// Conversations gives what was asked about a campaign's items and what was said against removals: what waits for a decision, then the latest.
func Conversations(tx *db.Tx, campaign, limit int) ([]Said, error) {
	rows, err := tx.Query(`select n.author_id, i.name, n.kind, n.body, n.said_at, n.asked_id, coalesce(a.name, ''), n.item_id, x.identity_id, x.entitlement_id, coalesce(r.state, ''), n.kind = 'challenge' and coalesce(`+objectedSQL+`, false) open
		from campaign_note n join campaign_item x on x.id = n.item_id join identity i on i.id = n.author_id left join identity a on a.id = n.asked_id left join campaign_removal r on r.item_id = n.item_id
		where x.campaign_id = $1 order by open desc, n.id desc limit $2`, campaign, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Said, err error) {
		return s, row.Scan(&s.Author, &s.Name, &s.Kind, &s.Body, &s.SaidAt, &s.Asked, &s.AskedOf, &s.Item, &s.Identity, &s.Entitlement, &s.Removal, &s.Open)
	})
}

// Reading is at which reading an application's part of the population was taken.
type Reading struct {
	Application int
	Reading     int64
	ReadAt      time.Time
	Items       int
}

// Readings gives the readings of a campaign.
func Readings(tx *db.Tx, campaign int) ([]Reading, error) {
	rows, err := tx.Query(`select application_id, reading_id, read_at, items from campaign_reading where campaign_id = $1 order by application_id`, campaign)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Reading])
}
