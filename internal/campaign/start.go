package campaign

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
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
	if err := identity.EnterWaiting(b.tx); err != nil { // who came a moment ago is in the population, too
		return err
	}
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
			moved as (select v.identity_id, max(v.valid_from) at from employment_version v join employment_version w on w.employment_id = v.employment_id and w.valid_to = v.valid_from and w.known_to = 'infinity'
				and (w.attrs->>'department', w.attrs->>'title') is distinct from (v.attrs->>'department', v.attrs->>'title') where v.known_to = 'infinity' and v.valid_from <= $1 group by 1),
			p as (select e.identity_id, e.state, e.department, e.location, e.worker_type, coalesce(m.title, '') title, e.manager_id,
				case when a.state = 'active' and a.identity_id <> e.identity_id then a.identity_id
					when c.state = 'active' and c.identity_id <> e.identity_id then c.identity_id end boss
				from identity_entry e left join main m using (identity_id)
					left join identity_entry a on a.identity_id = e.manager_id left join identity_entry c on c.identity_id = a.manager_id`+b.beside()+`),
			one as (select department, title, hashtextextended(department || chr(31) || title, 1) g, count(*)::int n from p where state in ('active', 'leave') group by 1, 2),
			two as (select department, hashtextextended(department, 2) g, count(*)::int n from p where state in ('active', 'leave') group by 1)
		select p.identity_id, p.state, p.department, p.location, p.worker_type, p.manager_id, p.boss, case when one.n >= 5 then one.g else coalesce(two.g, 0) end g, case when one.n >= 5 then one.n else coalesce(two.n, 0) end n, moved.at moved,
			`+b.chosen()+` chosen
		from p left join one on one.department = p.department and one.title = p.title left join two on two.department = p.department left join moved using (identity_id)`, b.tx.Now)
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
		select a.id account_id, coalesce(l.identity_id, 0) identity_id, a.intended is not null managed, n.last_sign_in, p.moved, p.boss, p.g, p.n, coalesce(p.chosen, l.identity_id is null) chosen, p.state in ('active', 'leave') counts
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
