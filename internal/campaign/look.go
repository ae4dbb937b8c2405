package campaign

import (
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
)

// GetItem finds an item.
func GetItem(tx *db.Tx, id int64) (*Item, error) {
	all, err := GetItems(tx, []int64{id})
	if err == nil && len(all) == 0 {
		err = errs.NotFound("there is no such item")
	}
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// GetItems finds items, in the order of their ids.
func GetItems(tx *db.Tx, ids []int64) ([]*Item, error) {
	return itemsOf(tx, `where i.id = any($1::bigint[]) order by i.id`, list(ids))
}

// Together gives the items of a review that are decided as one with some of them, the risky first.
func Together(tx *db.Tx, review int, ids []int64) ([]*Item, error) {
	return itemsOf(tx, `where `+same+` order by i.rank desc, i.id`, review, list(ids))
}

// OfRule gives what a rule gives in a review.
func OfRule(tx *db.Tx, review int, unit int64) (*RuleLine, error) {
	all, err := Rules(tx, review)
	if err != nil {
		return nil, err
	}
	for n := range all {
		if all[n].Unit == unit {
			return &all[n], nil
		}
	}
	return nil, errs.NotFound("there is no such rule in this review")
}

// Drafts gives what a review removes, the risky first.
func Drafts(tx *db.Tx, review, most int) ([]*Item, error) {
	return itemsOf(tx, `where i.review_id = $1 and i.class <> 2 and d.outcome in ('remove', 'narrow') order by i.rank desc, i.id limit $2`, review, most)
}

// Decisions gives what was said of an item, stage by stage.
func Decisions(tx *db.Tx, item int64) ([]Decision, error) {
	rows, err := tx.Query(`select d.item_id, d.identity_id, d.stage, coalesce(d.decider_id, 0), d.on_behalf_of, d.outcome, d.level, d.until, d.comment, d.together, d.decided_at, d.signed_at, coalesce(w.name, '')
		from campaign_decision d left join identity w on w.id = d.decider_id where d.item_id = $1 order by d.stage`, item)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (d Decision, err error) {
		return d, row.Scan(&d.Item, &d.Identity, &d.Stage, &d.Decider, &d.OnBehalfOf, &d.Outcome, &d.Level, &d.Until, &d.Comment, &d.Together, &d.DecidedAt, &d.SignedAt, &d.Name)
	})
}

// Then is what was known of a person at the snapshot.
type Then struct {
	ID                               int
	State                            string
	Department, Location, WorkerType string
	Peers                            int // with how many they are compared, themselves counted
	Alike                            int // to how many rules and roles give the same, themselves counted
}

// People gives what was known of people at the snapshot of a campaign.
func People(tx *db.Tx, campaign int, ids []int) (map[int]Then, error) {
	rows, err := tx.Query(`select identity_id, state, department, location, worker_type, peers, alike from campaign_person where campaign_id = $1 and identity_id = any($2::int[])`, campaign, list(ids))
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Then])
	out := make(map[int]Then, len(all))
	for _, p := range all {
		out[p.ID] = p
	}
	return out, err
}

// ReadAt says when the readings were made on which a campaign's snapshot stands, by application.
func ReadAt(tx *db.Tx, campaign int) (map[int]time.Time, error) {
	rows, err := tx.Query(`select application_id, read_at from campaign_reading where campaign_id = $1`, campaign)
	if err != nil {
		return nil, err
	}
	out := map[int]time.Time{}
	var app int
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&app, &at}, func() error { out[app] = at; return nil })
	return out, err
}

// Accounts names the accounts of items.
func Accounts(tx *db.Tx, ids []int) (map[int]string, error) {
	rows, err := tx.Query(`select id, name from account where id = any($1::int[])`, list(ids))
	if err != nil {
		return nil, err
	}
	out := map[int]string{}
	var id int
	var name string
	_, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error { out[id] = name; return nil })
	return out, err
}

// RemovalOf gives the removal of an item, nil for none.
func RemovalOf(tx *db.Tx, item int64) (*Removal, error) {
	all, err := removals(tx, `where r.item_id = $1`, item)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}
