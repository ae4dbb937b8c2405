package campaign

import (
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// itemsSQL gives the items of a scope with their context. i is what is seen, j what follows from it, k what is advised. A login that is there
// because other access needs it (kinds 32) goes with that access and stays with it: it is nothing to decide line by line.
const itemsSQL = `with why as (
		select r.identity_id, r.entitlement_id, min(r.valid_from) since, min(r.ref) ref, max(r.ref) = min(r.ref) alone,
			bit_or(case r.kind when 'birthright' then 1 when 'handover' then 2 when 'found' then 4 when 'request' then 8 when 'assignment' then 16 else 32 end) kinds,
			bool_or(r.via = any(@roles::int[]) or r.kind = 'assignment' and r.ref = any(@roles::int[])) role
		from reason r where r.known_to = 'infinity' and r.state = 'live' and r.valid_from <= @now and r.valid_to > @now and (@everybody or r.identity_id = any(@people::int[])) group by 1, 2),
	broken as (
		select v.identity_id, (w->>'e')::int entitlement_id, array_agg(distinct v.rule_id) rules from violation v, jsonb_array_elements(v.path) p, jsonb_array_elements(p->'entitlements') w
		where v.state <> 'resolved' and (@everybody or v.identity_id = any(@people::int[])) group by 1, 2),
	i as (
		select o.account_id, o.entitlement_id, o.param, a.identity_id, e.risk, e.owner, a.boss, a.last_sign_in, w.since, w.kinds <> 1 and w.since < a.moved earlier, %s
			coalesce(w.kinds, case when e.login and a.managed then 32 else 0 end) kinds,
			case when w.kinds = 1 then 1::bigint << 32 | w.ref when w.kinds in (8, 16) and w.alone then w.kinds::bigint << 32 | w.ref else 0 end unit,
			case when a.n >= 5 then least(100, round(100.0 * x.held / a.n))::int end shown
		from observed o join cp_entitlement e using (entitlement_id) join cp_account a on a.account_id = o.account_id
			left join cp_peer x on x.entitlement_id = o.entitlement_id and x.g = a.g
			left join why w on w.identity_id = a.identity_id and w.entitlement_id = o.entitlement_id %s
		where o.seen_from <= e.reading_id and (o.seen_to is null or o.seen_to > e.reading_id) and a.chosen %s offset 0),
	j as (
		select i.*, coalesce(shown, 50) best, coalesce(earlier and shown < 30, false) kept, coalesce(last_sign_in < @now - interval '90 days', false) dormant,
			coalesce(outcome = 'keep', since < @now - interval '90 days', kinds = 32) settled
		from i where %s offset 0),
	k as (
		select j.*, case when kinds = 0 and best < 50 or dormant and kinds <> 1 or rules is not null and kinds <> 1 or best < 10 and kinds <> 1 or kept then 2 when kinds <> 0 and best >= 50 then 1 else 0 end advice,
			case when kinds = 1 and rules is null then 2
				when not @nobatch and risk < 2 and rules is null and kinds not in (0, 2) and not dormant and best >= 50 and settled then 1 else 0 end class
		from j offset 0)
	select k.*, least(1000, risk * 200 + case when rules is not null then 150 else 0 end + case when kinds = 0 then 100 else 0 end + case when dormant then 100 else 0 end + case when kept then 100 else 0 end + (100 - best)) rank from k `

// items stores the population and the reviews it is in, in one statement. f is who is asked about what, line what is decided as one, wave how
// far it is behind in its reviewer's list: what exceeds the budget comes later, the risky first.
func (b *builder) items() error {
	c := b.c
	due := b.tx.Now.AddDate(0, 0, c.Settings.Days)
	c.DueAt = &due
	args := pgx.NamedArgs{"now": b.tx.Now, "roles": list(c.Scope.Roles), "nobatch": c.Settings.NoBatch, "campaign": c.ID, "owner": c.Owner, "unreviewed": c.Scope.Unreviewed, "dormant": c.Scope.Dormant,
		"people": list(c.Scope.People), "everybody": len(c.Scope.People) == 0, "budget": c.Settings.Budget, "wave": c.Settings.WaveDays, "due": due, "half": half(b.tx.Now, due)}
	columns, joins, err := b.extra()
	if err != nil {
		return err
	}
	sql := fmt.Sprintf(itemsSQL, columns, joins, b.seen(), b.said())
	n, err := b.tx.Exec(strings.Replace(sql, "select k.*,", ` , s as (select k.*,`, 1)+`),
		f as materialized (select s.*, `+b.asked()+` who, class = 1 fine, case when class = 1 or class = 2 then 0 when s.unit <> 0 then s.identity_id else s.account_id end k1,
			case when class = 1 then 0 when s.unit <> 0 then s.unit else -s.entitlement_id end k2 from s left join cp_unit u on u.unit = s.unit),
		line as (select who, fine, k1, k2, count(*)::int n, max(rank) rank from f group by 1, 2, 3, 4),
		waved as materialized (select line.*, case when fine then 1 else (row_number() over (partition by who, fine order by rank desc, k1, k2) - 1) / @budget::int + 1 end wave from line),
		made as (insert into campaign_review (campaign_id, stage, wave, reviewer_id, why, state, load, items, opened_at, due_at, next_at)
			select @campaign, 1, w.wave, w.who, a.why, case w.wave when 1 then 'open' else 'waiting' end, w.load, w.items, case w.wave when 1 then @now end, @due::timestamptz + make_interval(days => (w.wave - 1)::int * @wave::int),
				case w.wave when 1 then @half::timestamptz else @now + make_interval(days => (w.wave - 1)::int * @wave::int) end
			from (select who, wave, count(*) filter (where not fine) load, sum(n) items from waved group by 1, 2) w join cp_who a using (who) returning id, reviewer_id, wave)
		insert into campaign_item (identity_id, campaign_id, review_id, account_id, entitlement_id, stage, class, risk, rank, advice, peers, kinds, unit, since, last_used, conflicts, param, kept)
		select f.identity_id, @campaign, made.id, f.account_id, f.entitlement_id, 1, f.class, f.risk, f.rank, f.advice, f.shown, f.kinds, f.unit, f.since, f.last_sign_in, f.rules, f.param, f.kept
		from f join waved on waved.who = f.who and waved.fine = f.fine and waved.k1 = f.k1 and waved.k2 = f.k2 join made on made.reviewer_id = f.who and made.wave = waved.wave`, args)
	if err != nil {
		return err
	}
	c.Items = int(n)
	b.touches["campaign_item"] += int(n)
	var reviews int
	err = b.tx.QueryRow(`select count(*) from campaign_review where campaign_id = $1`, c.ID).Scan(&reviews)
	b.touches["campaign_review"] += reviews
	return err
}

// extra joins what is known of SoD rules and of earlier reviews, where anything is.
func (b *builder) extra() (columns, joins string, err error) {
	var broken, reviewed bool
	if err := b.tx.QueryRow(`select exists (select from violation where state <> 'resolved'), exists (select from campaign_last)`).Scan(&broken, &reviewed); err != nil {
		return "", "", err
	}
	columns = "null::int[] rules, "
	if broken {
		columns, joins = "c.rules, ", " left join broken c on c.identity_id = a.identity_id and c.entitlement_id = o.entitlement_id"
	}
	if !reviewed {
		return columns + "null::timestamptz reviewed, null::text outcome,", joins, nil
	}
	return columns + "b.at reviewed, b.outcome,", joins + " left join campaign_last b on b.account_id = o.account_id and b.entitlement_id = o.entitlement_id and b.param = o.param", nil
}

// seen narrows what is read at all.
func (b *builder) seen() string {
	where := ""
	if b.c.Scope.Privileged {
		where += " and e.risk >= 2"
	}
	if b.c.Scope.Dormant > 0 {
		where += " and a.last_sign_in < @now - make_interval(days => @dormant::int)"
	}
	if b.c.Scope.Unreviewed > 0 {
		where += " and not exists (select from campaign_last b where b.account_id = o.account_id and b.entitlement_id = o.entitlement_id and b.param = o.param and b.at >= @now - make_interval(days => @unreviewed::int))"
	}
	if len(b.c.Scope.Roles) > 0 {
		where += " and w.role"
	}
	if b.c.Scope.Conflicts {
		where += " and (a.identity_id, o.entitlement_id) in (select identity_id, entitlement_id from broken)"
	}
	return where
}

// said narrows by why something is held.
func (b *builder) said() string {
	where := "true"
	if b.c.Scope.OutOfBand {
		where += " and kinds = 0"
	}
	if b.c.Scope.NotByRule {
		where += " and kinds & 1 = 0 and kinds <> 32"
	}
	if b.c.Scope.Memberships {
		where += " and kinds & 24 <> 0"
	}
	return where
}

// half is when half of a time is over.
func half(from, to time.Time) time.Time { return from.Add(to.Sub(from) / 2) }
