package campaign

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/policy"
)

// Start takes the snapshot: what the last complete readings show of the scope becomes items, each with its context, in the reviews of those
// who are asked. It is set-based: a handful of statements, however many items.
func (s *Service) Start(tx *db.Tx, id int) (*Campaign, error) {
	if err := policy.Lock(tx, false); err != nil {
		return nil, err
	}
	c, err := lock(tx, id)
	if err != nil {
		return nil, err
	}
	if err := Life.Check(c.State, Open); err != nil {
		return nil, errs.Conflict("this campaign was started already, or is over")
	}
	b, err := begin(tx, c)
	if err != nil {
		return nil, err
	}
	if c.Items == 0 {
		return nil, errs.Conflict("nothing is in the scope of this campaign: no reading shows such access")
	}
	if err := b.finish(); err != nil {
		return nil, err
	}
	return c, tellOpened(tx, c, b.opened)
}

// begin makes the items and reviews of a campaign.
func begin(tx *db.Tx, c *Campaign) (*builder, error) {
	if err := tx.Refresh(); err != nil {
		return nil, err
	}
	pol, err := policy.Load(tx)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"cp_person", "cp_entitlement", "cp_peer", "cp_account", "cp_unit", "cp_who"} { // of another campaign of this transaction
		if _, err := tx.Exec(`drop table if exists ` + name); err != nil {
			return nil, err
		}
	}
	b := &builder{tx: tx, c: c, pol: pol, touches: evidence.Touches{}}
	if len(c.Scope.People) > 0 { // few people: what they hold is found by index
		return b, b.build()
	}
	return b, tx.Whole(b.build)
}

// builder takes the snapshot of one campaign.
type builder struct {
	tx         *db.Tx
	c          *Campaign
	pol        *policy.Snapshot
	touches    evidence.Touches
	opened     []*Review
	compliance []int    // the first two
	uncover    []string // applications in scope that were never read whole
}

func (b *builder) build() error {
	// Everything is hashed and sorted once: in memory, as far as that goes.
	if _, err := b.tx.Exec(`set local work_mem = '128MB'`); err != nil {
		return err
	}
	for _, step := range []func() error{b.readings, b.people, b.entitlements, b.accounts, b.peers, b.reviewers, b.items} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// exec runs a statement whose rows the campaign's event has to name.
func (b *builder) exec(table, sql string, args ...any) error {
	n, err := b.tx.Exec(sql, args...)
	if n > 0 && table != "" {
		b.touches[table] += int(n)
	}
	return err
}

// readings picks for every application in scope the last complete reading of all of it.
func (b *builder) readings() error {
	apps := b.c.Scope.Applications
	err := b.exec("campaign_reading", `insert into campaign_reading (campaign_id, application_id, reading_id, read_at, licence_cents, currency)
		select $1, a.id, r.id, r.started_at, a.licence_cost_cents, a.licence_currency from application a
			join lateral (select id, started_at from reading where application_id = a.id and account_id is null and complete order by id desc limit 1) r on true
		where (cardinality($2::int[]) = 0 or a.id = any($2))
		and (cardinality($3::int[]) = 0 or exists (select from entitlement e where e.application_id = a.id and e.id = any($3)))`, b.c.ID, list(apps), list(b.c.Scope.Entitlements))
	if err != nil {
		return err
	}
	rows, err := b.tx.Query(`select a.title from application a where (cardinality($2::int[]) = 0 or a.id = any($2)) and not exists (select from campaign_reading r where r.campaign_id = $1 and r.application_id = a.id)
		and cardinality($3::int[]) = 0 order by 1`, b.c.ID, list(apps), list(b.c.Scope.Entitlements))
	if err != nil {
		return err
	}
	b.uncover, err = pgx.CollectRows(rows, pgx.RowTo[string])
	return err
}

// people notes what is known of everybody who has an account, whom they are compared with, and who their manager is: the nearest above who
// is here. All this is temporary; what the campaign keeps of it is campaign_person.
func (b *builder) people() error {
	err := b.exec("", `create temporary table cp_person on commit drop as
		with main as (select distinct on (v.identity_id) v.identity_id, v.attrs->>'title' title from employment_version v
				where v.known_to = 'infinity' and v.valid_from <= $1 and v.valid_to > $1 and v.status <> 'rescinded' and v.starts_at <= $1 and v.ends_at > $1
				order by v.identity_id, v.status = 'active' desc, v.starts_at desc),
			p as (select e.identity_id, e.state, e.department, e.location, e.worker_type, coalesce(m.title, '') title, e.manager_id,
				case when a.state = 'active' and a.identity_id <> e.identity_id then a.identity_id
					when c.state = 'active' and c.identity_id <> e.identity_id then c.identity_id end boss
				from identity_entry e left join main m using (identity_id)
					left join identity_entry a on a.identity_id = e.manager_id left join identity_entry c on c.identity_id = a.manager_id`+b.beside()+`),
			one as (select department, title, hashtextextended(department || chr(31) || title, 1) g, count(*)::int n from p where state in ('active', 'leave') group by 1, 2),
			two as (select department, hashtextextended(department, 2) g, count(*)::int n from p where state in ('active', 'leave') group by 1)
		select p.identity_id, p.state, p.department, p.location, p.worker_type, p.manager_id, p.boss, case when one.n >= 5 then one.g else coalesce(two.g, 0) end g, case when one.n >= 5 then one.n else coalesce(two.n, 0) end n,
			`+b.chosen()+` chosen
		from p left join one on one.department = p.department and one.title = p.title left join two on two.department = p.department`, b.tx.Now)
	if err != nil {
		return err
	}
	return b.exec("", `analyze cp_person`)
}

// beside narrows, when people are named, whom they are compared with to those of their departments.
func (b *builder) beside() string {
	if len(b.c.Scope.People) == 0 {
		return ""
	}
	return " where e.department in (select department from identity_entry where identity_id in (" + ints(b.c.Scope.People) + "))"
}

// chosen says which people are in scope. What people wrote is quoted as a literal: the statement makes a table, and such statements take no
// arguments for what they keep.
func (b *builder) chosen() string {
	s := &b.c.Scope
	var all []string
	if len(s.People) > 0 {
		all = append(all, "p.identity_id in ("+ints(s.People)+")")
	}
	for _, x := range []struct {
		col  string
		list []string
	}{{"department", s.Departments}, {"location", s.Locations}, {"worker_type", s.WorkerTypes}} {
		if len(x.list) > 0 {
			quoted := make([]string, len(x.list))
			for i, v := range x.list {
				quoted[i] = literal(v)
			}
			all = append(all, "p."+x.col+" in ("+strings.Join(quoted, ", ")+")")
		}
	}
	if len(all) == 0 {
		return "true"
	}
	return strings.Join(all, " and ")
}

// literal writes a text as SQL does, whatever is in it.
func literal(s string) string {
	s = strings.ReplaceAll(s, "\x00", "")
	return "e'" + strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), "'", `\'`) + "'"
}

func ints(all []int) string {
	out := make([]string, len(all))
	for i, n := range all {
		out[i] = strconv.Itoa(n)
	}
	return strings.Join(out, ", ")
}

// entitlements notes what the items will say of what they hold.
func (b *builder) entitlements() error {
	only := "true"
	if len(b.c.Scope.Entitlements) > 0 {
		only = "e.id in (" + ints(b.c.Scope.Entitlements) + ")"
	}
	if len(b.c.Scope.People) > 0 { // what nobody of them holds need not be counted
		only += " and e.id in (select o.entitlement_id from observed o join account_link l on l.account_id = o.account_id and l.known_to = 'infinity' where l.identity_id in (" + ints(b.c.Scope.People) + "))"
	}
	err := b.exec("", fmt.Sprintf(`create temporary table cp_entitlement on commit drop as
		select e.id entitlement_id, r.reading_id, e.kind = 'account' login, coalesce(array_position(array['low', 'medium', 'high', 'critical'], e.risk) - 1, case when e.privileged then 2 else 0 end)::smallint risk,
			o.id owner
		from campaign_reading r join entitlement e on e.application_id = r.application_id join application a on a.id = e.application_id
			left join identity o on o.id = coalesce(e.owner_id, a.owner_id) and o.state = 'active' and o.locked_at is null
		where r.campaign_id = %d and %s`, b.c.ID, only))
	if err != nil {
		return err
	}
	return b.exec("", `analyze cp_entitlement`)
}

// accounts notes whose each account is, and what is known of it.
func (b *builder) accounts() error {
	which := "l.identity_id is not null"
	if b.c.Scope.Orphans {
		which = "l.identity_id is null"
	}
	people := "left join"
	if len(b.c.Scope.People) > 0 {
		people = "join"
	}
	err := b.exec("", fmt.Sprintf(`create temporary table cp_account on commit drop as
		select a.id account_id, coalesce(l.identity_id, 0) identity_id, a.intended is not null managed, n.last_sign_in, p.boss, p.g, p.n, coalesce(p.chosen, l.identity_id is null) chosen, p.state in ('active', 'leave') counts
		from campaign_reading r join account a on a.application_id = r.application_id and a.kind = 'person' left join account_link l on l.account_id = a.id and l.known_to = 'infinity'
			%s cp_person p on p.identity_id = l.identity_id left join account_seen n on n.account_id = a.id
		where r.campaign_id = %d and %s`, people, b.c.ID, which))
	if err != nil {
		return err
	}
	return b.exec("", `analyze cp_account`)
}

// peers counts who holds what among those who are compared: people of the same title and department, where there are enough of them, else of the
// same department.
func (b *builder) peers() error {
	err := b.exec("", `create temporary table cp_peer on commit drop as
		select o.entitlement_id, a.g, count(*)::int held from observed o join cp_entitlement e using (entitlement_id) join cp_account a on a.account_id = o.account_id and a.counts
		where o.seen_from <= e.reading_id and (o.seen_to is null or o.seen_to > e.reading_id) group by 1, 2`)
	if err != nil {
		return err
	}
	return b.exec("", `analyze cp_peer`)
}

// reviewers notes who may be asked, and as what.
func (b *builder) reviewers() error {
	units, owners := b.owners()
	for _, sql := range []string{`create temporary table cp_unit (unit bigint primary key, owner int not null) on commit drop`,
		`create temporary table cp_who (who int primary key, why text not null) on commit drop`} {
		if _, err := b.tx.Exec(sql); err != nil {
			return err
		}
	}
	if _, err := b.tx.Exec(`insert into cp_unit select u, o from unnest($1::bigint[], $2::int[]) t(u, o) join identity i on i.id = o and i.state = 'active' and i.locked_at is null`, units, owners); err != nil {
		return err
	}
	rows, err := b.tx.Query(`select r.identity_id from portal_role r join identity i on i.id = r.identity_id and i.state = 'active' and i.locked_at is null where r.role = 'compliance' order by 1 limit 2`)
	if err != nil {
		return err
	}
	if b.compliance, err = pgx.CollectRows(rows, pgx.RowTo[int]); err != nil {
		return err
	}
	_, err = b.tx.Exec(`insert into cp_who select distinct on (who) who, why from (
			select boss who, 'manager' why, 1 n from cp_person where boss is not null
			union all select owner, 'owner', 2 from cp_entitlement where owner is not null
			union all select owner, 'role_owner', 3 from cp_unit
			union all select id, 'named', 0 from identity where id = any($1)
			union all select $2, 'campaign_owner', 4
			union all select unnest($3::int[]), 'compliance', 5) x order by who, n`, list(b.named()), b.c.Owner, list(b.compliance))
	return err
}

func (b *builder) named() []int {
	var out []int
	for _, st := range b.c.Stages[:1] {
		if st.By == ByNamed {
			out = append(out, st.Named)
		}
	}
	return out
}

// half is when half of a time is over.
func half(from, to time.Time) time.Time { return from.Add(to.Sub(from) / 2) }

// owners gives who owns roles, as units name them, and rules: whoever owns the first role that a rule gives.
func (b *builder) owners() (units []int64, owners []int) {
	of := map[string]int{}
	for _, o := range b.pol.Objects(policy.KindRole) {
		if o.OwnerID != 0 {
			of[o.Name] = o.OwnerID
			units, owners = append(units, BitMembership<<32|int64(o.ID)), append(owners, o.OwnerID)
		}
	}
	for _, o := range b.pol.Objects(policy.KindRule) {
		for _, role := range o.Rule.Roles {
			if who := of[role]; who != 0 {
				units, owners = append(units, BitBirthright<<32|int64(o.ID)), append(owners, who)
				break
			}
		}
	}
	return units, owners
}

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
		select o.account_id, o.entitlement_id, o.param, a.identity_id, e.risk, e.owner, a.boss, a.last_sign_in, w.since, %s
			coalesce(w.kinds, case when e.login and a.managed then 32 else 0 end) kinds,
			case when w.kinds = 1 then 1::bigint << 32 | w.ref when w.kinds in (8, 16) and w.alone then w.kinds::bigint << 32 | w.ref else 0 end unit,
			case when a.n >= 5 then least(100, round(100.0 * x.held / a.n))::int end shown
		from observed o join cp_entitlement e using (entitlement_id) join cp_account a on a.account_id = o.account_id
			left join cp_peer x on x.entitlement_id = o.entitlement_id and x.g = a.g
			left join why w on w.identity_id = a.identity_id and w.entitlement_id = o.entitlement_id %s
		where o.seen_from <= e.reading_id and (o.seen_to is null or o.seen_to > e.reading_id) and a.chosen %s offset 0),
	j as (
		select i.*, coalesce(shown, 50) best, coalesce(last_sign_in < @now - interval '90 days', false) dormant,
			coalesce(outcome = 'keep', since < @now - interval '90 days', kinds = 32) settled
		from i where %s offset 0),
	k as (
		select j.*, case when kinds = 0 and best < 50 or dormant and kinds <> 1 or rules is not null and kinds <> 1 or best < 10 and kinds <> 1 then 2 when kinds <> 0 and best >= 50 then 1 else 0 end advice,
			case when kinds = 1 and rules is null then 2
				when not @nobatch and risk < 2 and rules is null and kinds not in (0, 2) and not dormant and best >= 50 and settled then 1 else 0 end class
		from j offset 0)
	select k.*, least(1000, risk * 200 + case when rules is not null then 150 else 0 end + case when kinds = 0 then 100 else 0 end + case when dormant then 100 else 0 end + (100 - best)) rank from k `

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
		insert into campaign_item (identity_id, campaign_id, review_id, account_id, entitlement_id, stage, class, risk, rank, advice, peers, kinds, unit, since, last_used, conflicts, param)
		select f.identity_id, @campaign, made.id, f.account_id, f.entitlement_id, 1, f.class, f.risk, f.rank, f.advice, f.shown, f.kinds, f.unit, f.since, f.last_sign_in, f.rules, f.param
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

// asked says who is asked about an item: whoever owns the rule that gives it, else as the stage says, else otherwise; never the person
// themselves.
func (b *builder) asked() string {
	way := map[string]string{ByManager: "s.boss", ByOwner: "s.owner", ByRoleOwner: "u.owner", "campaign_owner": strconv.Itoa(b.c.Owner)}
	st := b.c.Stages[0]
	compliance := "null::int"
	for n := len(b.compliance) - 1; n >= 0; n-- { // the first, and for the first themselves the second
		compliance = fmt.Sprintf("case when s.identity_id <> %d then %[1]d else %s end", b.compliance[n], compliance)
	}
	ways := []string{"case when s.class = 2 then coalesce(nullif(u.owner, s.identity_id), " + compliance + ") end"}
	if st.By == ByNamed {
		ways = append(ways, strconv.Itoa(st.Named))
	}
	for _, by := range []string{st.By, st.Otherwise, "campaign_owner"} {
		if w := way[by]; w != "" {
			ways = append(ways, w)
		}
		if by == ByRoleOwner {
			ways = append(ways, "s.owner")
		}
	}
	for i, w := range ways {
		ways[i] = fmt.Sprintf("nullif(%s, s.identity_id)", w)
	}
	if st.By == ByCompliance {
		ways = append([]string{compliance}, ways...)
	}
	ways = append(ways, "s.boss", compliance)
	return "coalesce(" + strings.Join(ways, ", ") + ")"
}
