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

// enoughPeers is how many people a group must have before it says something about one of them.
const enoughPeers = 5

// dormantDays is after how many days without signing in an account is called dormant.
const dormantDays = 90

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
	for _, name := range []string{"cp_person", "cp_entitlement", "cp_peer", "cp_unit", "cp_compliance", "cp_wave"} { // of another campaign of this transaction
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
	tx      *db.Tx
	c       *Campaign
	pol     *policy.Snapshot
	touches evidence.Touches
	opened  []*Review
	uncover []string // applications in scope that were never read whole
}

func (b *builder) build() error {
	for _, step := range []func() error{b.readings, b.people, b.entitlements, b.peers, b.reviewers, b.items, b.prune, b.waves} {
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
		where cardinality($2::int[]) = 0 or a.id = any($2)
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
		select p.identity_id, p.state, p.department, p.location, p.worker_type, p.manager_id, p.boss, coalesce(one.g, 0) g1, coalesce(one.n, 0) n1, coalesce(two.g, 0) g2, coalesce(two.n, 0) n2,
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

// peers counts who holds what among those who are compared.
func (b *builder) peers() error {
	err := b.exec("", `create temporary table cp_peer on commit drop as
		select o.entitlement_id, coalesce(p.g1, p.g2) g, count(*)::int n
		from observed o join cp_entitlement e using (entitlement_id) join account_link l on l.account_id = o.account_id and l.known_to = 'infinity'
			join cp_person p on p.identity_id = l.identity_id and p.state in ('active', 'leave')
		where o.seen_from <= e.reading_id and (o.seen_to is null or o.seen_to > e.reading_id)
		group by grouping sets ((o.entitlement_id, p.g1), (o.entitlement_id, p.g2))`)
	if err != nil {
		return err
	}
	return b.exec("", `analyze cp_peer`)
}

// reviewers makes a review for everybody who may be asked; those who are not asked lose theirs again.
func (b *builder) reviewers() error {
	units, owners := b.owners()
	err := b.exec("", `create temporary table cp_unit (unit bigint primary key, owner int not null) on commit drop`)
	if err != nil {
		return err
	}
	if err := b.exec("", `insert into cp_unit select u, o from unnest($1::bigint[], $2::int[]) t(u, o) join identity i on i.id = o and i.state = 'active' and i.locked_at is null`, units, owners); err != nil {
		return err
	}
	if err := b.exec("", `create temporary table cp_compliance on commit drop as select r.identity_id, row_number() over (order by r.identity_id) n from portal_role r
		join identity i on i.id = r.identity_id and i.state = 'active' and i.locked_at is null where r.role = 'compliance'`); err != nil {
		return err
	}
	due := b.tx.Now.AddDate(0, 0, b.c.Settings.Days)
	b.c.DueAt = &due
	return b.exec("campaign_review", `insert into campaign_review (campaign_id, stage, wave, reviewer_id, why, opened_at, due_at, next_at)
		select distinct on (who) $1, 1, 1, who, why, $2, $3, $4 from (
			select boss who, 'manager' why, 1 n from cp_person where boss is not null
			union all select owner, 'owner', 2 from cp_entitlement where owner is not null
			union all select owner, 'role_owner', 3 from cp_unit
			union all select id, 'named', 0 from identity where id = any($5)
			union all select $6, 'campaign_owner', 4
			union all select identity_id, 'compliance', 5 from cp_compliance) x order by who, n`,
		b.c.ID, b.tx.Now, due, half(b.tx.Now, due), list(b.named()), b.c.Owner)
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

// itemsSQL gives the items of a scope with their context. i is what is seen, j what follows from it, k what is advised.
const itemsSQL = `with why as (
		select r.identity_id, r.entitlement_id, min(r.valid_from) since, array_agg(r.id) reasons, min(r.ref) ref, max(r.ref) = min(r.ref) alone,
			bit_or(case r.kind when 'birthright' then 1 when 'handover' then 2 when 'found' then 4 when 'request' then 8 when 'assignment' then 16 else 32 end) kinds,
			bool_or(r.via = any(@roles::int[]) or r.kind = 'assignment' and r.ref = any(@roles::int[])) role
		from reason r where r.known_to = 'infinity' and r.state = 'live' and r.valid_from <= @now and r.valid_to > @now and (@everybody or r.identity_id = any(@people::int[])) group by 1, 2),
	broken as (
		select v.identity_id, (w->>'e')::int entitlement_id, array_agg(distinct v.rule_id) rules from violation v, jsonb_array_elements(v.path) p, jsonb_array_elements(p->'entitlements') w
		where v.state <> 'resolved' and (@everybody or v.identity_id = any(@people::int[])) group by 1, 2),
	i as (
		select o.account_id, o.entitlement_id, o.param, coalesce(l.identity_id, 0) identity_id, e.risk, e.owner, p.boss, n.last_sign_in, w.since, w.reasons, c.rules, b.at reviewed, b.outcome,
			coalesce(w.kinds, case when e.login and a.intended is not null then 32 else 0 end) kinds,
			case when w.kinds = 1 then 1::bigint << 32 | w.ref when w.kinds in (8, 16) and w.alone then w.kinds::bigint << 32 | w.ref else 0 end unit,
			case when p.n1 >= 5 then round(100.0 * x.n / p.n1)::int end p1, case when p.n2 >= 5 then round(100.0 * y.n / p.n2)::int end p2
		from observed o join cp_entitlement e using (entitlement_id) join account a on a.id = o.account_id and a.kind = 'person'
			left join account_link l on l.account_id = a.id and l.known_to = 'infinity'
			left join account_seen n on n.account_id = a.id
			left join cp_person p on p.identity_id = l.identity_id
			left join cp_peer x on x.entitlement_id = o.entitlement_id and x.g = p.g1
			left join cp_peer y on y.entitlement_id = o.entitlement_id and y.g = p.g2
			left join why w on w.identity_id = l.identity_id and w.entitlement_id = o.entitlement_id
			left join broken c on c.identity_id = l.identity_id and c.entitlement_id = o.entitlement_id
			left join campaign_last b on b.account_id = o.account_id and b.entitlement_id = o.entitlement_id and b.param = o.param
		where o.seen_from <= e.reading_id and (o.seen_to is null or o.seen_to > e.reading_id) and %s),
	j as (
		select i.*, coalesce(p1, p2) shown, coalesce(greatest(p1, p2), 50) best, coalesce(last_sign_in < @now - interval '90 days', false) dormant,
			coalesce(outcome = 'keep', since < @now - interval '90 days', false) settled
		from i where %s),
	k as (
		select j.*, case when kinds = 0 and best < 50 or dormant and kinds <> 1 or rules is not null and kinds <> 1 or best < 10 and kinds <> 1 then 2 when kinds <> 0 and best >= 50 then 1 else 0 end advice,
			case when kinds = 1 and rules is null then 2
				when not @nobatch and risk < 2 and rules is null and kinds not in (0, 2) and not dormant and best >= 50 and settled then 1 else 0 end class
		from j)
	select k.*, least(1000, risk * 200 + case when rules is not null then 150 else 0 end + case when kinds = 0 then 100 else 0 end + case when dormant then 100 else 0 end + (100 - best)) rank from k `

// items stores the population.
func (b *builder) items() error {
	args := pgx.NamedArgs{"now": b.tx.Now, "roles": list(b.c.Scope.Roles), "nobatch": b.c.Settings.NoBatch, "campaign": b.c.ID, "owner": b.c.Owner, "unreviewed": b.c.Scope.Unreviewed, "dormant": b.c.Scope.Dormant,
		"people": list(b.c.Scope.People), "everybody": len(b.c.Scope.People) == 0}
	n, err := b.tx.Exec(`insert into campaign_item (identity_id, campaign_id, review_id, account_id, entitlement_id, stage, class, risk, rank, advice, peers, kinds, unit, since, last_used, reasons, conflicts, param)
		select f.identity_id, @campaign, v.id, f.account_id, f.entitlement_id, 1, f.class, f.risk, f.rank, f.advice, f.shown, f.kinds, f.unit, f.since, f.last_sign_in, f.reasons, f.rules, f.param
		from (select s.*, `+b.asked()+` who from (`+fmt.Sprintf(itemsSQL, b.seen(), b.said())+`) s left join cp_unit u on u.unit = s.unit) f
			join campaign_review v on v.campaign_id = @campaign and v.reviewer_id = f.who`, args)
	if err != nil {
		return err
	}
	b.c.Items = int(n)
	b.touches["campaign_item"] += int(n)
	return nil
}

// seen narrows what is read at all.
func (b *builder) seen() string {
	where := "l.identity_id is not null and p.chosen"
	if b.c.Scope.Orphans {
		where = "l.identity_id is null"
	}
	if b.c.Scope.Privileged {
		where += " and e.risk >= 2"
	}
	if b.c.Scope.Dormant > 0 {
		where += " and n.last_sign_in < @now - make_interval(days => @dormant::int)"
	}
	if b.c.Scope.Unreviewed > 0 {
		where += " and coalesce(b.at < @now - make_interval(days => @unreviewed::int), true)"
	}
	if len(b.c.Scope.Roles) > 0 {
		where += " and w.role"
	}
	if b.c.Scope.Conflicts {
		where += " and c.rules is not null"
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
	compliance := "(select min(identity_id) from cp_compliance m where m.identity_id <> s.identity_id)"
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
