package campaign

import (
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
)

// Get finds a campaign by its public id.
func Get(tx *db.Tx, ref string) (*Campaign, error) {
	return one(tx, `where c.public_id::text = $1`, ref)
}

// Find finds it by its own id.
func Find(tx *db.Tx, id int) (*Campaign, error) { return one(tx, `where c.id = $1`, id) }

// List gives campaigns, those that run first, then the latest.
func List(tx *db.Tx, before, limit int) ([]*Campaign, error) {
	return some(tx, `where ($1 = 0 or c.id < $1) order by c.id desc limit $2`, before, limit)
}

const reviewColumns = `select v.id, v.campaign_id, v.stage, v.wave, v.reviewer_id, v.why, v.state, v.load, v.items, v.opened_at, v.due_at, v.clock, v.next_at, v.batch_opened, v.signed_at, v.quality, v.version, i.name, i.public_id::text,
		i.state = 'active' and i.locked_at is null, (select count(*)::int from campaign_decision d where d.review_id = v.id and d.stage = v.stage), c.title, c.public_id::text
	from campaign_review v join identity i on i.id = v.reviewer_id join campaign c on c.id = v.campaign_id `

func scanReview(row pgx.CollectableRow) (*Review, error) {
	var v Review
	return &v, row.Scan(&v.ID, &v.Campaign, &v.Stage, &v.Wave, &v.Reviewer, &v.Why, &v.State, &v.Load, &v.Items, &v.OpenedAt, &v.DueAt, &v.Clock, &v.NextAt, &v.Batch, &v.SignedAt, &v.Quality, &v.Version, &v.Name, &v.Ref,
		&v.Here, &v.Decided, &v.Title, &v.CampRef)
}

func reviewsOf(tx *db.Tx, where string, args ...any) ([]*Review, error) {
	rows, err := tx.Query(reviewColumns+where, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanReview)
}

// Reviews gives the reviews of a campaign, by stage, the latest last.
func Reviews(tx *db.Tx, campaign int) ([]*Review, error) {
	return reviewsOf(tx, `where v.campaign_id = $1 order by v.stage, v.wave, lower(i.name), v.id`, campaign)
}

// Mine gives the open reviews that are asked of somebody, or of those in whose name they act; the most urgent first.
func Mine(tx *db.Tx, who int, names []Name) ([]*Review, error) {
	teams, apps := []int{}, []int{}
	for _, n := range names {
		if n.Team {
			teams = append(teams, n.For)
		}
		if n.Applications {
			apps = append(apps, n.For)
		}
	}
	return reviewsOf(tx, `where v.state = 'open' and (v.reviewer_id = $1 or v.reviewer_id = any($2::int[]) and v.why = 'manager' or v.reviewer_id = any($3::int[]) and v.why in ('owner', 'role_owner')) order by v.due_at, v.id limit 100`, who, teams, apps)
}

// GetReview finds a review.
func GetReview(tx *db.Tx, id int) (*Review, error) { return review(tx, `where v.id = $1`, id) }

// reviewLock holds a review against whoever else decides, moves or closes it; a test shows what is lost without it.
var reviewLock = ` for no key update of v`

func lockReview(tx *db.Tx, id int) (*Review, error) {
	return review(tx, `where v.id = $1`+reviewLock, id)
}

func review(tx *db.Tx, where string, args ...any) (*Review, error) {
	rows, err := tx.Query(reviewColumns+where, args...)
	if err != nil {
		return nil, err
	}
	v, err := pgx.CollectExactlyOneRow(rows, scanReview)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.NotFound("there is no such review")
	}
	return v, err
}

const itemColumns = `select i.id, i.identity_id, i.review_id, i.account_id, i.entitlement_id, i.param, i.stage, i.class, i.risk, i.rank, i.advice, i.peers, i.kinds, i.unit, i.since, i.last_used, i.kept, coalesce(i.past, 0), i.past_at, i.alike,
		array(select r.id from campaign c join reason r on r.identity_id = i.identity_id and r.entitlement_id = i.entitlement_id and r.state = 'live' and r.valid_from <= c.as_of and r.valid_to > c.as_of and r.known_from <= coalesce(c.started_at, 'infinity') and r.known_to > coalesce(c.started_at, now())
			where c.id = i.campaign_id and i.kinds not in (0, 32) order by r.id), i.conflicts,
		d.decider_id, d.on_behalf_of, d.outcome, d.level, d.until, d.comment, d.together, d.decided_at, d.signed_at, w.name,
		b.decider_id, b.outcome, b.level, b.until, b.comment, b.decided_at, bw.name
	from campaign_item i left join campaign_decision d on d.item_id = i.id and d.stage = i.stage left join identity w on w.id = d.decider_id
		left join campaign_decision b on b.item_id = i.id and b.stage = i.stage - 1 left join identity bw on bw.id = b.decider_id `

func scanItem(row pgx.CollectableRow) (*Item, error) {
	var i Item
	var d, b struct {
		who, behalf                 *int
		outcome, level, note, named *string
		until, at, signed           *time.Time
		together                    *int
	}
	err := row.Scan(&i.ID, &i.Identity, &i.Review, &i.Account, &i.Entitlement, &i.Param, &i.Stage, &i.Class, &i.Risk, &i.Rank, &i.Advice, &i.Peers, &i.Kinds, &i.Unit, &i.Since, &i.LastUsed, &i.Kept, &i.Past, &i.PastAt, &i.Alike, &i.Reasons, &i.Conflicts,
		&d.who, &d.behalf, &d.outcome, &d.level, &d.until, &d.note, &d.together, &d.at, &d.signed, &d.named, &b.who, &b.outcome, &b.level, &b.until, &b.note, &b.at, &b.named)
	if err != nil {
		return nil, err
	}
	if d.who != nil {
		i.Decision = &Decision{Item: i.ID, Identity: i.Identity, Stage: i.Stage, Decider: *d.who, OnBehalfOf: d.behalf, Outcome: *d.outcome, Level: *d.level, Until: d.until, Comment: *d.note, Together: *d.together, DecidedAt: *d.at, SignedAt: d.signed, Name: *d.named}
	}
	if b.who != nil {
		i.Before = &Decision{Item: i.ID, Identity: i.Identity, Stage: i.Stage - 1, Decider: *b.who, Outcome: *b.outcome, Level: *b.level, Until: b.until, Comment: *b.note, DecidedAt: *b.at, Name: *b.named}
	}
	return &i, nil
}

func itemsOf(tx *db.Tx, where string, args ...any) ([]*Item, error) {
	rows, err := tx.Query(itemColumns+where, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanItem)
}

// Lines gives what a review decides line by line, the risky first: all of it, because a review is within its budget.
func Lines(tx *db.Tx, review int) ([]*Item, error) {
	return itemsOf(tx, `where i.review_id = $1 and i.class = 0 order by i.rank desc, i.id limit 10000`, review)
}

// Batch gives a page of what is likely fine in a review, after an item.
func Batch(tx *db.Tx, review int, after int64, limit int) ([]*Item, error) {
	return itemsOf(tx, `where i.review_id = $1 and i.class = 1 and i.id > $2 order by i.id limit $3`, review, after, limit)
}

// RuleLine is one rule whose effect is acknowledged as one: how many people it gives how much, in this review.
type RuleLine struct {
	Unit          int64
	People, Items int
	First         int64 // an item that stands for them
	Entitlements  []int
	Risk          int
	Outcome       string
	Comment       string
	By            string
	Together      int
}

// Rules gives the rules of a review.
func Rules(tx *db.Tx, review int) ([]RuleLine, error) {
	rows, err := tx.Query(`select i.unit, count(distinct i.identity_id)::int, count(*)::int, min(i.id), array_agg(distinct i.entitlement_id), max(i.risk)::int, coalesce(min(d.outcome), ''), coalesce(min(d.comment), ''), coalesce(min(w.name), ''), 0
		from campaign_item i left join campaign_decision d on d.item_id = i.id and d.stage = i.stage left join identity w on w.id = d.decider_id
		where i.review_id = $1 and i.class = 2 group by 1 order by 6 desc, 2 desc, 1`, review)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[RuleLine])
}

// Standing is how far a review is.
type Standing struct {
	Lines, LinesDecided  int // meaningful decisions; a rule counts as one
	Fine, FineDecided    int // items of the batch
	Keep, Remove, Change int // items, by draft
	Narrow               int // that go because a request is narrowed
}

// Undecided counts the items that nobody has decided.
func (s *Standing) Undecided() int { return s.Lines - s.LinesDecided + s.Fine - s.FineDecided }

// StandingOf counts it.
func StandingOf(tx *db.Tx, review int) (s Standing, err error) {
	err = tx.QueryRow(`select count(distinct line) filter (where class <> 1), count(distinct line) filter (where class <> 1 and outcome is not null), count(*) filter (where class = 1), count(*) filter (where class = 1 and outcome is not null),
			count(*) filter (where outcome = 'keep'), count(*) filter (where outcome = 'remove'), count(*) filter (where outcome = 'change'), count(*) filter (where outcome = 'narrow')
		from (select `+lineSQL+` line, i.class, d.outcome from campaign_item i left join campaign_decision d on d.item_id = i.id and d.stage = i.stage where i.review_id = $1) x`, review).
		Scan(&s.Lines, &s.LinesDecided, &s.Fine, &s.FineDecided, &s.Keep, &s.Remove, &s.Change, &s.Narrow)
	return s, err
}
