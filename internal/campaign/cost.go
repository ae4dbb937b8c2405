package campaign

import (
	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// Cost is what accounts cost a month, in hundredths of a currency (ISO 4217); the currency is empty where nobody had stated it at the snapshot.
type Cost struct {
	Cents    int
	Currency string
	Accounts int // of a sum
}

// Costs gives what one account of an application cost at the snapshot of a campaign, by application; only what was stated.
func Costs(tx *db.Tx, campaign int) (map[int]Cost, error) {
	rows, err := tx.Query(`select application_id, licence_cents, currency from campaign_reading where campaign_id = $1 and licence_cents is not null and currency is not null`, campaign)
	if err != nil {
		return nil, err
	}
	out := map[int]Cost{}
	var app int
	var c Cost
	_, err = pgx.ForEachRow(rows, []any{&app, &c.Cents, &c.Currency}, func() error { out[app] = c; return nil })
	return out, err
}

// Saved sums, by currency, what the accounts cost that go by a campaign: those whose login is removed, and those that an operation of a removal
// disables or deletes, each once. Taking away an entitlement alone saves no licence.
func Saved(tx *db.Tx, campaign int) ([]Cost, error) {
	rows, err := tx.Query(`select coalesce(sum(g.licence_cents), 0)::int, coalesce(g.currency, ''), count(*)::int
		from (select distinct r.account_id from campaign_removal r join entitlement e on e.id = r.entitlement_id where r.campaign_id = $1 and r.state not in ('kept', 'changed')
				and (e.kind = 'account' or r.carried_at is not null and exists (select from operation o where o.account_id = r.account_id and o.kind in ('disable', 'delete') and o.created_at >= r.carried_at - interval '1 minute'))) x
			join account a on a.id = x.account_id left join campaign_reading g on g.campaign_id = $1 and g.application_id = a.application_id and g.licence_cents is not null
		group by 2 order by 2`, campaign)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Cost])
}
