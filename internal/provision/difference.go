package provision

import (
	"github.com/jackc/pgx/v5"

	"tenure/internal/catalog"
	"tenure/internal/db"
)

// DifferencesMost is how many differences of an application are kept for its page. What is more is counted.
const DifferencesMost = 500

// Found counts the differences of one kind about one entitlement; 0 is none in particular.
type Found struct {
	Kind        string
	Entitlement int
	N           int
}

// Compare compares an application as Drift does, counts what it finds, and keeps the first differences for Differences. It reads
// everything of the application: a job does it, or who had the target read. Two comparisons at a time wait for each other.
func Compare(tx *db.Tx, app *catalog.Application) ([]Found, error) {
	if _, err := tx.Exec(`select pg_advisory_xact_lock(7234517, $1)`, app.ID); err != nil {
		return nil, err
	}
	if _, err := tx.Exec(`delete from difference where application_id = $1`, app.ID); err != nil {
		return nil, err
	}
	var found []Found
	err := tx.Whole(func() error {
		rows, err := tx.Query(diffSQL+keepTail, app.ID, tx.Now, DifferencesMost)
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Found])
		return err
	})
	return found, err
}

// Differences gives the differences of an application that the last Compare kept, in the order of Drift.
func Differences(tx *db.Tx, app int) ([]Difference, error) {
	rows, err := tx.Query(`select d.kind, coalesce(a.name, ''), coalesce(i.name, ''), coalesce(i.public_id::text, ''), coalesce(nullif(e.title, ''), e.name, '')
		from difference d left join account a on a.id = d.account_id left join identity i on i.id = d.identity_id left join entitlement e on e.id = d.entitlement_id
		where d.application_id = $1 order by d.n`, app)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanDifference)
}

const keepTail = `, named as (
	select d.*, row_number() over (order by d.kind, coalesce(i.name, ''), d.account, coalesce(nullif(e.title, ''), e.name, '')) n
	from diff d left join identity i on i.id = d.identity_id left join entitlement e on e.id = d.entitlement_id),
kept as (
	insert into difference (application_id, n, kind, account_id, identity_id, entitlement_id)
	select $1, n, kind, account_id, identity_id, entitlement_id from named where n <= $3)
select kind, coalesce(entitlement_id, 0), count(*) from named group by 1, 2`

const driftTail = `
select d.kind, d.account, coalesce(i.name, ''), coalesce(i.public_id::text, ''), coalesce(nullif(e.title, ''), e.name, '') from diff d
left join identity i on i.id = d.identity_id left join entitlement e on e.id = d.entitlement_id order by 1, 3, 2, 5`

// diffSQL finds the differences of one application ($1) at a business time ($2).
const diffSQL = `
with want as (
	select distinct r.identity_id, r.entitlement_id, e.kind from reason r join entitlement e on e.id = r.entitlement_id
	where e.application_id = $1 and r.known_to = 'infinity' and r.state = 'live' and r.valid_from <= $2 and r.valid_to > $2),
acc as (
	select a.id, a.name, a.slot, a.kind, a.native_id is not null and a.gone_at is null there, coalesce(s.enabled, false) enabled, l.identity_id
	from account a left join account_seen s on s.account_id = a.id left join account_link l on l.account_id = a.id and l.known_to = 'infinity'
	where a.application_id = $1),
busy as (select distinct account_id from operation where application_id = $1 and state in ('proposed', 'pending', 'claimed', 'acknowledged')),
diff as (
	select 'missing' kind, acc.id account_id, coalesce(acc.name, '') account, w.identity_id, w.entitlement_id from want w
		left join acc on acc.identity_id = w.identity_id and acc.slot = ''
		where w.kind <> 'account' and not exists (select from observed o where o.account_id = acc.id and o.entitlement_id = w.entitlement_id and o.seen_to is null)
		and not exists (select from busy where busy.account_id = acc.id)
	union all
	select 'extra', acc.id, acc.name, acc.identity_id, o.entitlement_id from acc join observed o on o.account_id = acc.id and o.seen_to is null
		join entitlement e on e.id = o.entitlement_id and e.kind <> 'account'
		where acc.identity_id is not null and not exists (select from want w where w.identity_id = acc.identity_id and w.entitlement_id = o.entitlement_id)
		and not exists (select from busy where busy.account_id = acc.id)
	union all
	select 'orphan', acc.id, acc.name, null, null from acc where acc.there and acc.identity_id is null and acc.kind = 'person'
	union all
	select case when acc.enabled then 'enabled' else 'disabled' end, acc.id, acc.name, acc.identity_id, null from acc join identity i on i.id = acc.identity_id
			left join (select distinct identity_id from want) w on w.identity_id = acc.identity_id
		where acc.there and not exists (select from busy where busy.account_id = acc.id)
		and acc.enabled <> (i.state = 'active' and i.locked_at is null and (acc.slot <> '' or w.identity_id is not null))
		and (acc.slot = '' or i.state = 'left'))`
