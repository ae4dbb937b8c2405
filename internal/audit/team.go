package audit

import (
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// Member is what a manager should know of one person's access.
type Member struct {
	OutOfBand  int        // seen at a target without a reason
	Dormant    int        // enabled accounts without a sign-in for as long as the application allows
	Privileged int        // privileged entitlements with a reason
	Wanted     int        // accounts that something wants
	Ready      int        // of them, those that are at their targets
	Handover   *time.Time // until when something is kept for a hand-over
}

// Members tells of each of these people, in three queries however many they are.
func Members(tx *db.Tx, ids []int) (map[int]*Member, error) {
	out := make(map[int]*Member, len(ids))
	for _, id := range ids {
		out[id] = &Member{}
	}
	// Each is a few sets put side by side: a question asked for each grant of a team would be asked thousands of times.
	return out, db.Together(tx, func(tx *db.Tx) error { return memberAccess(tx, ids, out) }, func(tx *db.Tx) error { return memberMarks(tx, ids, out) },
		func(tx *db.Tx) error { return memberHandovers(tx, ids, out) })
}

// memberAccess counts what is privileged, and the applications that are wanted and ready.
func memberAccess(tx *db.Tx, ids []int, out map[int]*Member) error {
	rows, err := tx.Query(`with there as materialized (
			select distinct l.identity_id, a.application_id from account_link l join account a on a.id = l.account_id and a.native_id is not null and a.gone_at is null
			where l.identity_id = any($1) and l.known_to = 'infinity')
		select r.identity_id, count(distinct r.entitlement_id) filter (where e.privileged), count(distinct e.application_id), count(distinct there.application_id)
		from reason r join entitlement e on e.id = r.entitlement_id join application p on p.id = e.application_id and p.mode <> 'observe'
			left join there on there.identity_id = r.identity_id and there.application_id = e.application_id
		where r.identity_id = any($1) and r.known_to = 'infinity' and r.state = 'live' and r.valid_from <= $2 and r.valid_to > $2 group by 1`, ids, tx.Now)
	if err != nil {
		return err
	}
	var who, a, b, c int
	_, err = pgx.ForEachRow(rows, []any{&who, &a, &b, &c}, func() error {
		out[who].Privileged, out[who].Wanted, out[who].Ready = a, b, c
		return nil
	})
	return err
}

// memberMarks counts dormant accounts and access out of band.
func memberMarks(tx *db.Tx, ids []int, out map[int]*Member) error {
	rows, err := tx.Query(`with mine as materialized (
			select l.identity_id, a.id, a.application_id from account_link l join account a on a.id = l.account_id and a.gone_at is null
			where l.identity_id = any($1) and l.known_to = 'infinity'),
		has as materialized (select distinct identity_id, entitlement_id from reason where identity_id = any($1) and known_to = 'infinity' and valid_to > $2),
		going as materialized (select distinct k.account_id, k.entitlement_id from mine join operation k on k.account_id = mine.id and k.kind = 'revoke'
			and k.state in ('proposed', 'pending', 'claimed', 'acknowledged')),
		extra as (select m.identity_id, count(*) n from mine m join observed o on o.account_id = m.id and o.seen_to is null
				join entitlement e on e.id = o.entitlement_id and e.kind <> 'account'
				left join has on has.identity_id = m.identity_id and has.entitlement_id = o.entitlement_id
				left join going on going.account_id = m.id and going.entitlement_id = o.entitlement_id
			where has.identity_id is null and going.account_id is null group by 1),
		dormant as (select m.identity_id, count(*) n from mine m join application p on p.id = m.application_id join account_seen s on s.account_id = m.id
			where s.enabled and s.last_sign_in < $2::timestamptz - make_interval(days => coalesce((p.spec->'accounts'->>'dormant_days')::int, 90)) group by 1)
		select identity_id, coalesce(dormant.n, 0), coalesce(extra.n, 0) from extra full join dormant using (identity_id)`, ids, tx.Now)
	if err != nil {
		return err
	}
	var who, a, b int
	_, err = pgx.ForEachRow(rows, []any{&who, &a, &b}, func() error { out[who].Dormant, out[who].OutOfBand = a, b; return nil })
	return err
}

// memberHandovers says until when something is kept after a move.
func memberHandovers(tx *db.Tx, ids []int, out map[int]*Member) error {
	rows, err := tx.Query(`select identity_id, max(valid_to) from reason where identity_id = any($1) and kind = 'handover' and known_to = 'infinity' and state = 'live'
		and valid_from <= $2 and valid_to > $2 group by 1`, ids, tx.Now)
	if err != nil {
		return err
	}
	var who int
	var until time.Time
	_, err = pgx.ForEachRow(rows, []any{&who, &until}, func() error { t := until; out[who].Handover = &t; return nil })
	return err
}

// MarkPeople looks at everything that people hold and notes for lists who has something privileged, out of band or dormant, and
// whose manager has left. It reads large tables, so a job does it after readings; lists say so by showing what it noted.
func MarkPeople(tx *db.Tx) error {
	return tx.Whole(func() error { return markPeople(tx) })
}

func markPeople(tx *db.Tx) error {
	_, err := tx.Exec(`with now as (
		select 'privileged' mark, r.identity_id, count(distinct r.entitlement_id)::int n from reason r join entitlement e on e.id = r.entitlement_id and e.privileged
			where r.known_to = 'infinity' and r.state = 'live' and r.valid_from <= $1 and r.valid_to > $1 group by 2
		union all
		select 'dormant', l.identity_id, count(*)::int from account_seen s join account a on a.id = s.account_id and a.gone_at is null
			join account_link l on l.account_id = a.id and l.known_to = 'infinity' join application p on p.id = a.application_id
			where s.enabled and s.last_sign_in < $1::timestamptz - make_interval(days => coalesce((p.spec->'accounts'->>'dormant_days')::int, 90)) group by 2
		union all
		select 'out_of_band', l.identity_id, count(*)::int from observed o join entitlement e on e.id = o.entitlement_id and e.kind <> 'account'
			join account a on a.id = o.account_id and a.gone_at is null join account_link l on l.account_id = a.id and l.known_to = 'infinity'
			where o.seen_to is null and not exists (select from reason r where r.identity_id = l.identity_id and r.entitlement_id = o.entitlement_id
				and r.known_to = 'infinity' and r.valid_to > $1)
			and not exists (select from operation k where k.account_id = a.id and k.entitlement_id = o.entitlement_id and k.kind = 'revoke'
				and k.state in ('proposed', 'pending', 'claimed', 'acknowledged')) group by 2
		union all
		select 'manager_left', e.identity_id, 1 from identity_entry e join identity m on m.id = e.manager_id and m.state = 'left' where e.state <> 'left'),
		gone as (delete from identity_mark m where not exists (select from now where now.mark = m.mark and now.identity_id = m.identity_id))
		insert into identity_mark as m (mark, identity_id, n) select mark, identity_id, n from now
		on conflict (mark, identity_id) do update set n = excluded.n where m.n <> excluded.n`, tx.Now)
	return err
}
