package control

// firstRead leaves out, of events e with facts, those of whom the first good file of an HR source brought: they were here before.
const firstRead = ` not (f.facts->>'cause' = 'hr' and (f.facts->>'ref')::int in (select min(id) from snapshot where state = 'applied' group by source_id))`

// followed are the operations that the events e planned, of some kinds: how many, how many are not verified, and how long they took. Business
// time and record time are two clocks: each difference is taken within one of them, and the two are added.
func followed(kinds string) string {
	return `ops as (select e.id, count(*) n, count(*) filter (where o.state <> 'verified') open, max(o.verified_at) - min(o.created_at) work, min(o.created_at) created
		from e cross join lateral jsonb_array_elements(e.facts->'access'->'planned') x join operation o on o.id = (x->>'id')::bigint
		where x->>'k' in (` + kinds + `) and o.state <> 'cancelled' group by e.id)`
}

// timed gives took and waited of an event e whose clock began at an instant.
func timed(began string) string {
	return `case when o.n > 0 and o.open = 0 then ` + seconds(`e.effective_at - `+began+` + o.work`) + ` end took,
		case when o.open > 0 then greatest(0, ` + seconds(`e.effective_at - `+began+` + ($3::timestamptz - o.created)`) + `) end waited`
}

// versions are, of each employment, the versions believed now with what was before.
const versions = `v as (select v.employment_id, v.identity_id, v.status, v.starts_at, v.ends_at, v.valid_from, v.valid_to, v.attrs, v.snapshot_id,
		lag(v.attrs) over job attrs_before, lag(v.status) over job status_before, lag(v.ends_at) over job ends_before, lag(v.starts_at) over job starts_before, row_number() over job n
	from employment_version v where v.known_to = 'infinity' window job as (partition by v.employment_id order by v.valid_from))`

var lifePopulations = []Population{
	{Key: Joiners, Title: "Joiners", About: "a person who began to work here, or came back; not whom the first file of an HR source brought", Timed: true,
		Columns: []string{"Person", "Number", "What", "First day", "Since", "Changes at targets", "Not verified"},
		Source:  "times at which an employment began, or began again, while the person had no other, from the employments as HR states them now",
		sql: `with e as (select e.id, e.identity_id, e.kind, e.effective_at, f.facts from event e` + factsOf + `
		where e.kind in ('person.joined', 'person.rehired') and e.effective_at >= $1::timestamptz and e.effective_at < $2::timestamptz and f.facts->'state'->>1 = 'active' and` + firstRead + `),
	` + followed(`'create', 'enable', 'grant'`) + `
	select 'e' || e.id id, ` + order(`e.effective_at`) + ` ord, e.identity_id who,
		array[i.name, coalesce(i.number, ''), case e.kind when 'person.joined' then 'joined' else 'came back' end, coalesce(b.day, ''), ` + at(`e.effective_at`) + `, coalesce(o.n, 0)::text, coalesce(o.open, 0)::text] cells,
		e.id ev, 'joiner_ready' lim, ` + timed(`coalesce(b.at, e.effective_at)`) + `
	from e join identity i on i.id = e.identity_id left join ops o on o.id = e.id
		left join lateral (select max(v.starts_at) at, max(v.first_day)::text as day from employment_version v where v.identity_id = e.identity_id and v.known_to = 'infinity'
			and v.status <> 'rescinded' and v.valid_from <= e.effective_at and v.valid_to > e.effective_at and v.starts_at <= e.effective_at) b on true`,
		source: `with ` + versions + `, b as (select v.identity_id, v.employment_id, v.starts_at, greatest(v.starts_at, min(f.effective_at)) began from employment_version v join snapshot f on f.id = v.snapshot_id
			group by 1, 2, 3 having bool_or(v.known_to = 'infinity') and not (v.starts_at <= min(f.effective_at) and min(f.id) in (select min(id) from snapshot where state = 'applied' group by source_id))
			union select identity_id, employment_id, starts_at, greatest(starts_at, valid_from) from v where status = 'active' and starts_before = starts_at and (ends_before <= valid_from or status_before = 'rescinded'))
		select count(distinct (b.identity_id, b.began)) from b where b.began >= $1::timestamptz and b.began < $2::timestamptz and b.began <= $4::timestamptz
			and exists (select from employment_version o where o.employment_id = b.employment_id and o.known_to = 'infinity' and o.status = 'active' and o.valid_from <= b.began and o.valid_to > b.began and o.ends_at > b.began)
			and not exists (select from employment_version o where o.identity_id = b.identity_id and (o.employment_id <> b.employment_id or o.starts_at <> b.starts_at) and o.known_to = 'infinity'
				and o.status <> 'rescinded' and o.starts_at < b.began and o.ends_at > b.began and o.valid_from < b.began and o.valid_to >= b.began)`},
	{Key: Movers, Title: "Movers", About: "a person whose department, title, location or worker type changed", Timed: true,
		Columns: []string{"Person", "Number", "Moved", "Gains", "Loses", "Changes at targets", "Not verified"},
		Source:  "people whose employment has two versions in a row that differ in department, title, location or worker type, from the employments as HR states them now",
		sql: `with e as not materialized (select e.id, e.identity_id, e.kind, e.effective_at, f.facts from event e` + factsOf + `
		where e.kind = 'person.moved' and e.effective_at >= $1::timestamptz and e.effective_at < $2::timestamptz),
	` + followed(`'create', 'enable', 'grant', 'revoke', 'disable', 'delete'`) + `
	select 'e' || e.id id, ` + order(`e.effective_at`) + ` ord, e.identity_id who,
		array[i.name, coalesce(i.number, ''), ` + at(`e.effective_at`) + `, (select count(*) from jsonb_array_elements(e.facts->'access'->'added') x where x->>'k' <> 'handover')::text,
			(select count(*) from jsonb_array_elements(e.facts->'access'->'ended') x)::text, coalesce(o.n, 0)::text, coalesce(o.open, 0)::text] cells,
		e.id ev, 'mover_done' lim, ` + timed(`e.effective_at`) + `
	from e join identity i on i.id = e.identity_id left join ops o on o.id = e.id`,
		source: `with ` + versions + ` select count(distinct (v.identity_id, v.valid_from)) from v where v.n > 1 and v.valid_from >= $1::timestamptz and v.valid_from < $2::timestamptz and v.valid_from <= $4::timestamptz
			and v.status = 'active' and v.status_before = 'active' and v.starts_at <= v.valid_from and v.ends_at > v.valid_from
			and array[v.attrs->>'department', v.attrs->>'title', v.attrs->>'location', v.attrs->>'worker_type']
				is distinct from array[v.attrs_before->>'department', v.attrs_before->>'title', v.attrs_before->>'location', v.attrs_before->>'worker_type']`},
	{Key: Leavers, Title: "Leavers", About: "a person who does not work here any more, or whose termination was decided", Timed: true,
		Columns: []string{"Person", "Number", "What", "Last day", "Left", "Removals at targets", "Not verified"},
		Source:  "times at which an employment ended while the person had no other, and people who are terminated since, from the employments as HR states them now",
		sql: `with e as (select e.id, e.identity_id, e.kind, e.effective_at, f.facts from event e` + factsOf + `
		where e.kind in ('person.left', 'person.terminated') and e.effective_at >= $1::timestamptz and e.effective_at < $2::timestamptz),
	` + followed(`'disable', 'revoke', 'delete'`) + `
	select 'e' || e.id id, ` + order(`e.effective_at`) + ` ord, e.identity_id who,
		array[i.name, coalesce(i.number, ''), case e.kind when 'person.left' then 'left' else 'terminated' end, coalesce(b.day, ''), ` + at(`e.effective_at`) + `, coalesce(o.n, 0)::text, coalesce(o.open, 0)::text] cells,
		e.id ev, case e.kind when 'person.left' then 'leaver_disabled' else 'terminated_disabled' end lim, ` + timed(`coalesce(b.at, e.effective_at)`) + `
	from e join identity i on i.id = e.identity_id left join ops o on o.id = e.id left join lateral (` + lastDay + `) b on true`,
		source: `with ` + versions + `,
			ended as (select employment_id, identity_id, status, ends_at, case when status = 'rescinded' then min(valid_from) else greatest(ends_at, min(valid_from)) end at, max(n) n from v group by 1, 2, 3, 4),
			gone as (select distinct e.identity_id, e.at from ended e where (e.status <> 'rescinded' or e.n > 1) and e.at >= $1::timestamptz and e.at < $2::timestamptz and e.at <= $4::timestamptz
				and exists (select from v o where o.employment_id = e.employment_id and o.valid_from <= e.at and o.valid_to > e.at and o.ends_at = e.ends_at and o.status = e.status)
				and not exists (select from v o where o.identity_id = e.identity_id and o.status <> 'rescinded' and o.valid_from <= e.at and o.valid_to > e.at and o.starts_at <= e.at and o.ends_at > e.at))
		select (select count(*) from gone g join identity i on i.id = g.identity_id where i.locked_at is null or i.locked_at > g.at)
			+ (select count(*) from identity i where i.locked_at >= $1::timestamptz and i.locked_at < $2::timestamptz and not exists (select from gone g where g.identity_id = i.id and g.at < i.locked_at))`},
}

// lastDay is the last day that was over when a person left by the event e: nothing when the employment was said never to have been, or the
// person was terminated at once; then the event itself is the end.
const lastDay = `select case when e.kind = 'person.left' and not bool_or(v.status = 'rescinded') then max(v.ends_at) filter (where v.ends_at <= e.effective_at) end at,
		case when e.kind = 'person.left' and not bool_or(v.status = 'rescinded') then max(v.last_day) filter (where v.ends_at <= e.effective_at) end::text as day
	from employment_version v where v.identity_id = e.identity_id and v.known_to = 'infinity' and v.valid_from <= e.effective_at and v.valid_to > e.effective_at`
