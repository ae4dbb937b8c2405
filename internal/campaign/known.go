package campaign

import (
	"tenure/internal/db"
)

// known is what the snapshot is made of, as it was read: everything by its id.
type known struct {
	people       table[subject]
	groups       map[int64]int32
	entitlements table[held]
	accounts     table[login]
	reasons      grounds
	conflicts    map[pair][]int32 // SoD rules in which what somebody holds takes part
	past         map[int]Verdicts // by entitlement
}

// pair is a person, or a group of people, and an entitlement.
type pair uint64

func pairOf(of, entitlement int32) pair {
	return pair(uint64(uint32(of))<<32 | uint64(uint32(entitlement))) //nolint:gosec // the same bits
}

// subject is what is known of a person.
type subject struct {
	id                                      int32
	state, department, location, workerType string
	manager, boss                           int32  // boss: the nearest above who is here; 0: nobody
	group                                   int32  // whom they are compared with
	peers                                   int32  // how many those are, themselves counted
	gets                                    uint64 // what rules and roles give them, summed up; 0: nothing
	alike                                   int32  // who gets the same
	fellows                                 int32  // how many those are, themselves counted
	moved                                   int64  // when they last changed department or title
	chosen                                  bool   // in scope
	listed                                  bool   // has an item
}

// counts says whether somebody is among those whom others are compared with.
func (s *subject) counts() bool { return s != nil && (s.state == "active" || s.state == "leave") }

// held is an entitlement.
type held struct {
	application, owner int32
	login              bool
	risk               int16
}

// login is an account.
type login struct {
	who     *subject // nil: nobody's, or somebody of whom nothing is known
	of      int32
	managed bool
	used    int64 // the last sign-in
}

// basis is why somebody holds something: all their reasons together.
type basis struct {
	kinds int16
	ref   int32 // of the only reason, or of one of several
	alone bool  // all of them name the same
	role  bool  // one comes by a role in scope
	since int64
}

// never is the time that something never happened: before every time there is.
const never = -1 << 63

// belowSQL gives who is below each of some managers, at every level: as the directory has it, which has one manager of each person. A circle of
// managers is walked once.
const belowSQL = `below(top, id) as (select e.manager_id, e.identity_id from identity_entry e where e.manager_id = any($6::int[])
		union select b.top, e.identity_id from below b join identity_entry e on e.manager_id = b.id)`

// chosenSQL says whether a person p of the directory is in scope, of whom args gives what the scope says. Nobody is below themselves.
const chosenSQL = `coalesce((cardinality($2::int[]) = 0 or p.identity_id = any($2)) and (cardinality($3::text[]) = 0 or p.department = any($3))
				and (cardinality($4::text[]) = 0 or p.location = any($4)) and (cardinality($5::text[]) = 0 or p.worker_type = any($5))
				and (cardinality($6::int[]) = 0 or p.identity_id in (select id from below where id <> top)), false)`

// args are $1 to $6: the moment, and what the scope says of people.
func (b *builder) args(more ...any) []any {
	s := &b.c.Scope
	return append([]any{b.tx.Now, list(s.People), list(s.Departments), list(s.Locations), list(s.WorkerTypes), list(s.Below)}, more...)
}

// readPeople reads everybody who may hold something: whom they are compared with, people of the same title and department where there are
// enough of them, else of the same department; and who their manager is, the nearest above who is here. Where people are named, only those of
// their departments are read.
func (b *builder) readPeople() error {
	b.people, b.groups = table[subject]{}, map[int64]int32{}
	return b.tx.Each(`with recursive `+belowSQL+`, main as (select distinct on (v.identity_id) v.identity_id, v.attrs->>'title' title from employment_version v
			where v.known_to = 'infinity' and v.valid_from <= $1 and v.valid_to > $1 and v.status <> 'rescinded' and v.starts_at <= $1 and v.ends_at > $1
			order by v.identity_id, v.status = 'active' desc, v.starts_at desc),
		moved as (select v.identity_id, max(v.valid_from) at from employment_version v join employment_version w on w.employment_id = v.employment_id and w.valid_to = v.valid_from and w.known_to = 'infinity'
			and (w.attrs->>'department', w.attrs->>'title') is distinct from (v.attrs->>'department', v.attrs->>'title') where v.known_to = 'infinity' and v.valid_from <= $1 group by 1),
		p as (select e.identity_id, e.state, e.department, e.location, e.worker_type, coalesce(m.title, '') title, e.manager_id,
			case when a.state = 'active' and a.identity_id <> e.identity_id then a.identity_id
				when c.state = 'active' and c.identity_id <> e.identity_id then c.identity_id end boss
			from identity_entry e left join main m using (identity_id)
				left join identity_entry a on a.identity_id = e.manager_id left join identity_entry c on c.identity_id = a.manager_id
			where cardinality($2::int[]) = 0 or e.department in (select department from identity_entry where identity_id = any($2))),
		one as (select department, title, hashtextextended(department || chr(31) || title, 1) g, count(*)::int n from p where state in ('active', 'leave') group by 1, 2),
		two as (select department, hashtextextended(department, 2) g, count(*)::int n from p where state in ('active', 'leave') group by 1)
		select p.identity_id, p.state, p.department, p.location, p.worker_type, p.manager_id, p.boss, case when one.n >= 5 then one.g else coalesce(two.g, 0) end, case when one.n >= 5 then one.n else coalesce(two.n, 0) end, moved.at,
			`+chosenSQL+`
		from p left join one on one.department = p.department and one.title = p.title left join two on two.department = p.department left join moved using (identity_id)`,
		b.args(), func(r db.Binary) {
			b.people.put(r.Int(0), subject{id: r.Int(0), state: r.Text(1), department: r.Text(2), location: r.Text(3), workerType: r.Text(4), manager: r.Int(5), boss: r.Int(6),
				group: b.group(r.Big(7)), peers: r.Int(8), moved: r.Micros(9), chosen: r.Bool(10)})
		})
}

// group numbers those whom people are compared with.
func (b *builder) group(hash int64) int32 {
	n, ok := b.groups[hash]
	if !ok {
		n = int32(len(b.groups)) //nolint:gosec // at most one a person
		b.groups[hash] = n
	}
	return n
}

// readEntitlements reads what the items will say of what is held. What none of the people who are named holds need not be counted.
func (b *builder) readEntitlements() error {
	b.entitlements = table[held]{}
	return b.tx.Each(`select e.id, e.application_id, e.kind = 'account', coalesce(array_position(array['low', 'medium', 'high', 'critical'], e.risk) - 1, case when e.privileged then 2 else 0 end)::smallint, o.id
		from campaign_reading r join entitlement e on e.application_id = r.application_id join application a on a.id = e.application_id
			left join identity o on o.id = coalesce(e.owner_id, a.owner_id) and o.state = 'active' and o.locked_at is null
		where r.campaign_id = $1 and (cardinality($2::int[]) = 0 or e.id = any($2)) and (cardinality($3::int[]) = 0 or e.id in (
			select o.entitlement_id from observed o join account_link l on l.account_id = o.account_id and l.known_to = 'infinity' where l.identity_id = any($3)))`,
		[]any{b.c.ID, list(b.c.Scope.Entitlements), list(b.c.Scope.People)}, func(r db.Binary) {
			b.entitlements.put(r.Int(0), held{application: r.Int(1), login: r.Bool(2), risk: r.Small(3), owner: r.Int(4)})
		})
}

// readAccounts reads whose each account is, and what is known of it.
func (b *builder) readAccounts() error {
	which := "l.identity_id is not null"
	if b.c.Scope.Orphans {
		which = "l.identity_id is null"
	}
	return b.tx.Each(`select a.id, l.identity_id, a.intended is not null, n.last_sign_in
		from campaign_reading r join account a on a.application_id = r.application_id and a.kind = 'person' left join account_link l on l.account_id = a.id and l.known_to = 'infinity'
			left join account_seen n on n.account_id = a.id
		where r.campaign_id = $1 and ($2 or l.identity_id = any($3)) and `+which, []any{b.c.ID, b.everybody(), b.named()}, func(r db.Binary) {
		of := r.Int(1)
		b.accounts.put(r.Int(0), login{who: b.people.get(of), of: of, managed: r.Bool(2), used: r.Micros(3)})
	})
}

// everybody says that no people are named; named gives those who were read because some are.
func (b *builder) everybody() bool { return len(b.c.Scope.People) == 0 }

func (b *builder) named() []int32 {
	if b.everybody() {
		return []int32{}
	}
	return append([]int32{}, b.people.ids...)
}

// readReasons puts the reasons together that each person has for each entitlement, and people together to whom rules and roles give the same.
func (b *builder) readReasons() error {
	if b.everybody() { // the statistics say about how many there are
		var many int
		if err := b.tx.QueryRow(`select greatest(reltuples, 0)::int from pg_class where oid = 'reason'::regclass`).Scan(&many); err != nil {
			return err
		}
		b.reasons.expect(many)
	}
	err := b.tx.Each(`select r.identity_id, r.entitlement_id, r.ref, (case r.kind when 'birthright' then 1 when 'handover' then 2 when 'found' then 4 when 'request' then 8 when 'assignment' then 16 else 32 end)::smallint, r.valid_from,
			cardinality($4::int[]) > 0 and (r.via = any($4) or r.kind = 'assignment' and r.ref = any($4))
		from reason r where r.known_to = 'infinity' and r.state = 'live' and r.valid_from <= $1 and r.valid_to > $1 and ($2 or r.identity_id = any($3))`,
		[]any{b.tx.Now, b.everybody(), b.named(), list(b.c.Scope.Roles)}, func(r db.Binary) {
			who, entitlement, ref, kind, since, role := r.Int(0), r.Int(1), r.Int(2), r.Small(3), r.Micros(4), r.Bool(5)
			if kind&given != 0 {
				if p := b.people.get(who); p != nil {
					p.gets += scatter(uint64(kind)<<59 ^ uint64(pairOf(ref, entitlement))) //nolint:gosec // the same bits
				}
			}
			w, fresh := b.reasons.put(pairOf(who, entitlement))
			if fresh {
				*w = basis{kind, ref, true, role, since}
				return
			}
			w.kinds |= kind
			w.alone = w.alone && w.ref == ref
			w.ref, w.since, w.role = min(w.ref, ref), min(w.since, since), w.role || role
		})
	if err == nil {
		b.join()
	}
	return err
}

// join numbers those who get the same: those who get nothing have nobody beside them.
func (b *builder) join() {
	n := map[uint64]int32{}
	for i := range b.people.all {
		p := &b.people.all[i]
		if p.counts() && p.gets != 0 {
			n[p.gets]++
		}
	}
	for i := range b.people.all {
		p := &b.people.all[i]
		if p.fellows = n[p.gets]; p.fellows >= enough {
			p.alike = b.group(int64(p.gets)) //nolint:gosec // the same bits
		}
	}
}

// scatter spreads a number over all 64 bits (splitmix64), so that the sum of some stands for which they are, in whatever order.
func scatter(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// readConflicts reads which SoD rules are broken by what.
func (b *builder) readConflicts() error {
	b.conflicts = map[pair][]int32{}
	return b.tx.Each(`select distinct v.identity_id, (w->>'e')::int, v.rule_id from violation v, jsonb_array_elements(v.path) p, jsonb_array_elements(p->'entitlements') w
		where v.state <> 'resolved' and ($1 or v.identity_id = any($2::int[])) order by 1, 2, 3`, []any{b.everybody(), list(b.c.Scope.People)}, func(r db.Binary) {
		at := pairOf(r.Int(0), r.Int(1))
		b.conflicts[at] = append(b.conflicts[at], r.Int(2))
	})
}
