package audit

import (
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/catalog"
	"tenure/internal/db"
)

// countStock counts people, open operations, what is accepted, and who comes and goes soon.
func countStock(tx *db.Tx, f *Figures) error {
	s := &f.Stock
	var err error
	if s.People, err = counts(tx, `select state, count(*) from identity where kind = 'person' group by 1`); err != nil {
		return err
	}
	if err := tx.QueryRow(`select count(*) filter (where state in ('pending', 'claimed', 'acknowledged')), count(*) filter (where state = 'failed'),
			count(*) filter (where state = 'proposed'), min(created_at) filter (where state in ('pending', 'claimed'))
		from operation where state in ('proposed', 'pending', 'claimed', 'acknowledged', 'failed')`).
		Scan(&s.Waiting, &s.Failed, &s.Proposed, &s.OldestWaiting); err != nil {
		return err
	}
	if err := tx.QueryRow(`select (select count(*) from exception where ended_at is null and valid_to > $1), (select count(*) from violation where state = 'open')`,
		tx.Now).Scan(&s.Exceptions, &s.Violations); err != nil {
		return err
	}
	return countComing(tx, s)
}

// countComing counts first and last days that are near. Who has another job that goes on neither joins nor leaves.
func countComing(tx *db.Tx, s *Stock) error {
	rows, err := tx.Query(`with v as (select identity_id, min(starts_at) first, max(ends_at) last, min(first_day) first_day, max(last_day) last_day from employment_version
			where known_to = 'infinity' and status <> 'rescinded' and valid_to > $1 and ends_at > $1 group by 1),
		c as (select i.id, case i.state when 'prehire' then '`+Joining+`' else '`+Leaving+`' end kind, case i.state when 'prehire' then v.first else v.last end at,
				case i.state when 'prehire' then v.first_day else v.last_day end::text as day
			from v join identity i on i.id = v.identity_id and i.kind = 'person' and i.locked_at is null
			where i.state = 'prehire' and v.first <= $1::timestamptz + interval '30 days'
				or i.state in ('active', 'leave') and v.last <= $1::timestamptz + interval '30 days')
		select id, kind, at, coalesce(day, ''), count(*) filter (where kind = '`+Joining+`') over (), count(*) filter (where kind = '`+Leaving+`') over () from c order by at, id limit $2`, tx.Now, most)
	if err != nil {
		return err
	}
	s.Coming, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (x Soon, err error) {
		err = r.Scan(&x.Identity, &x.Kind, &x.At, &x.Day, &s.Joining, &s.Leaving)
		return x, err
	})
	return err
}

// overdueSQL gives the grants whose hand-over is over ($1) and that the target still shows, without another reason for them.
const overdueSQL = `select r.identity_id, o.entitlement_id, max(r.valid_to) ended from reason r
		join account_link l on l.identity_id = r.identity_id and l.known_to = 'infinity'
		join observed o on o.account_id = l.account_id and o.entitlement_id = r.entitlement_id and o.param = r.param and o.seen_to is null
	where r.kind = 'handover' and r.known_to = 'infinity' and r.state = 'live' and r.valid_to <= $1 and r.valid_to <> 'infinity'
		and not exists (select from reason w where w.identity_id = r.identity_id and w.entitlement_id = r.entitlement_id and w.known_to = 'infinity'
			and w.state = 'live' and w.valid_from <= $1 and w.valid_to > $1)
	group by 1, 2`

// countHandovers counts movers who keep something for a while, and those who still have it after that.
func countHandovers(tx *db.Tx, f *Figures) error {
	s := &f.Stock
	if err := tx.QueryRow(`select count(distinct identity_id) from reason where kind = 'handover' and known_to = 'infinity' and state = 'live'
		and valid_from <= $1 and valid_to > $1 and valid_to <> 'infinity'`, tx.Now).Scan(&s.HandoverOpen); err != nil {
		return err
	}
	rows, err := tx.Query(`select identity_id, min(ended), count(*), count(*) over () from (`+overdueSQL+`) d group by 1 order by 2, 1 limit $2`, tx.Now, most)
	if err != nil {
		return err
	}
	s.Overdue, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (o Overdue, err error) {
		err = r.Scan(&o.Identity, &o.Since, &o.Grants, &s.HandoverOverdue)
		return o, err
	})
	return err
}

// countPrivileged counts enabled accounts of people that hold something privileged, or are privileged themselves. When one
// is dormant, the application says.
func countPrivileged(tx *db.Tx, f *Figures) error {
	rows, err := tx.Query(`with h as (
			select account_id from account_seen where privileged
			union select o.account_id from observed o join entitlement e on e.id = o.entitlement_id and e.privileged where o.seen_to is null)
		select a.application_id, count(*), count(*) filter (where s.last_sign_in < $1::timestamptz
				- make_interval(days => coalesce((p.spec->'accounts'->>'dormant_days')::int, $2))), count(*) filter (where s.last_sign_in is null)
		from h join account a on a.id = h.account_id and a.kind = 'person' and a.native_id is not null and a.gone_at is null
			join account_seen s on s.account_id = a.id and s.enabled join application p on p.id = a.application_id group by 1`, tx.Now, catalog.DefaultDormantDays)
	if err != nil {
		return err
	}
	f.Apps = map[int]AppFigure{}
	var app, all, dormant, unknown int
	_, err = pgx.ForEachRow(rows, []any{&app, &all, &dormant, &unknown}, func() error {
		f.Apps[app] = AppFigure{Dormant: dormant}
		f.Stock.Privileged, f.Stock.Dormant, f.Stock.SignInUnknown = f.Stock.Privileged+all, f.Stock.Dormant+dormant, f.Stock.SignInUnknown+unknown
		return nil
	})
	return err
}

// applicationSQL counts per application at a business time ($1). Out of band is what provision.Drift calls extra: held by a
// person's account without a live reason, while nothing is on its way for the account.
const applicationSQL = `
with acc as (
	select a.application_id, count(*) filter (where s.enabled) enabled, count(*) filter (where l.account_id is null and a.kind = 'person') orphans,
		count(*) filter (where s.enabled and a.kind = 'person' and (i.state = 'left' or i.locked_at is not null)) zombies
	from account a join account_seen s on s.account_id = a.id left join account_link l on l.account_id = a.id and l.known_to = 'infinity'
		left join identity i on i.id = l.identity_id
	where a.native_id is not null and a.gone_at is null group by 1),
oob as (
	select e.application_id, count(*) n from observed o join account_link l on l.account_id = o.account_id and l.known_to = 'infinity'
		join entitlement e on e.id = o.entitlement_id and e.kind <> 'account'
	where o.seen_to is null and not exists (select from reason r where r.identity_id = l.identity_id and r.entitlement_id = o.entitlement_id
			and r.known_to = 'infinity' and r.state = 'live' and r.valid_from <= $1 and r.valid_to > $1)
		and not exists (select from operation b where b.account_id = o.account_id and b.state in ('proposed', 'pending', 'claimed', 'acknowledged'))
	group by 1),
held as (select e.application_id, count(*) n from observed o join entitlement e on e.id = o.entitlement_id and e.kind <> 'account' where o.seen_to is null group by 1),
ent as (select application_id, count(*) n, count(*) filter (where description = '') undescribed from entitlement where kind <> 'account' group by 1),
bad as (select application_id, count(*) n from operation where state = 'failed' group by 1)
select p.id, coalesce(acc.enabled, 0), coalesce(acc.orphans, 0), coalesce(acc.zombies, 0), coalesce(oob.n, 0), coalesce(held.n, 0), coalesce(ent.n, 0),
	coalesce(ent.undescribed, 0), coalesce(bad.n, 0), p.licence_cost_cents, coalesce(p.licence_currency, '')
from application p left join acc on acc.application_id = p.id left join oob on oob.application_id = p.id
	left join held on held.application_id = p.id left join ent on ent.application_id = p.id left join bad on bad.application_id = p.id`

func countApplications(tx *db.Tx, f *Figures) error {
	rows, err := tx.Query(applicationSQL, tx.Now)
	if err != nil {
		return err
	}
	var id int
	var a AppFigure
	_, err = pgx.ForEachRow(rows, []any{&id, &a.Accounts, &a.Orphans, &a.Zombies, &a.OutOfBand, &a.Held, &a.Entitlements, &a.Undescribed, &a.Failed, &a.Licence, &a.Currency},
		func() error {
			one := a
			one.Dormant = f.Apps[id].Dormant
			if a.Licence != nil {
				cents := *a.Licence
				one.Licence = &cents
			}
			f.Apps[id] = one
			return nil
		})
	return err
}

// recountAll counts each application for its own page.
func recountAll(tx *db.Tx, _ *Figures) error {
	cat, err := catalog.Load(tx)
	if err != nil {
		return err
	}
	for _, app := range cat.Apps { // a handful of applications, a few set-based queries each
		if err := Recount(tx, app); err != nil {
			return err
		}
	}
	return nil
}

// countSources says how fresh each HR source is, by the median time between its last ten good files.
func countSources(tx *db.Tx, f *Figures) error {
	rows, err := tx.Query(`select h.id, h.name, g.good, coalesce(extract(epoch from g.usual), 0)::bigint, g.n from hr_source h left join lateral (
			select max(effective_at) good, percentile_disc(0.5) within group (order by gap) usual, count(gap) n from (
				select effective_at, effective_at - lag(effective_at) over (order by id) gap from snapshot where source_id = h.id and state = 'applied'
				order by id desc limit 10) s) g on true order by h.name`)
	if err != nil {
		return err
	}
	f.Sources, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (s SourceFigure, err error) {
		var usual int64
		var n int
		if err = r.Scan(&s.Source, &s.Name, &s.Good, &usual, &n); err != nil {
			return s, err
		}
		if n >= 2 {
			s.Usual = time.Duration(usual) * time.Second
		}
		s.Late = s.Usual > 0 && s.Good != nil && tx.Now.Sub(*s.Good) > 2*s.Usual+time.Hour
		return s, nil
	})
	return err
}
