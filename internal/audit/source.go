package audit

// failedSQL and proposedSQL are about one application each; the conditions are those of the indexes.
const (
	failedLeaving = `o.application_id = p.id and o.state = 'failed' and o.urgency <= 2`
	failedOther   = `o.application_id = p.id and o.state = 'failed' and o.urgency > 2`
	proposedOther = `o.application_id = p.id and o.state = 'proposed' and o.identity_id is distinct from $1`
)

// byApplication gives the applications that have operations of a condition: how many, counted up to CountMost + 1, and since when.
func byApplication(condition string) string {
	return `select p.name ref, p.title application, '' person, '' text,
			(select count(*)::int from (select from operation o where ` + condition + ` limit 1001) n) count, false own,
			(select o.created_at from operation o where ` + condition + ` order by o.created_at limit 1) since, null::timestamptz due
		from application p where exists (select from operation o where ` + condition + `)`
}

// team is everybody whose employment is reported to $3 and neither over nor taken back.
const team = `employment_version v join identity i on i.id = v.identity_id and i.locked_at is null
	where v.manager_id = any($3) and v.known_to = 'infinity' and v.status <> 'rescinded' and v.valid_to > $2 and v.ends_at > $2`

// paused are the applications that are paused. Nothing is sent to them, so a leaver's access that waits there is as urgent as one
// that failed: it is due as FailedLeaver is.
const paused = `select p.name ref, p.title application, a.name person, case when u.since is null then '' else 'leavers' end text,
			(select count(*)::int from (select from operation o where o.application_id = p.id and o.state in ('proposed', 'pending', 'claimed') limit 1001) n) count,
			false own, z.paused_at since, u.since + interval '15 minutes' due
		from application_pause z join application p on p.id = z.application_id join actor a on a.id = z.paused_by
			cross join lateral (select min(greatest(o.created_at, z.paused_at)) since from operation o
				where o.application_id = p.id and o.state in ('pending', 'claimed') and o.urgency <= 2) u
		where z.resumed_at is null`

var sources = []source{
	{HeldRun, "hr.release", "", `select h.ref::text ref, '' application, coalesce(a.name, '') person, r.name text,
			coalesce((s.counts->>'leaving')::int, 0) + coalesce((s.counts->>'moving')::int, 0) count, false own, h.opened_at since, null::timestamptz due
		from hold h join snapshot s on s.id = h.ref join hr_source r on r.id = s.source_id left join actor a on a.id = s.loaded_by
		where h.state = 'open' and h.kind = 'hr' and h.opened_identity is distinct from $1`},
	{HeldDue, "hr.release", "", `select h.id::text ref, '' application, '' person, '' text, jsonb_array_length(h.affected) count, false own,
			h.opened_at since, null::timestamptz due
		from hold h where h.state = 'open' and h.kind = 'due' and h.opened_identity is distinct from $1`},
	{Change, "policy.release", "", `select c.id::text ref, '' application, a.name person, c.title text, coalesce((c.plan->'effect'->>'people')::int, 0) count, false own, c.made_at since, null::timestamptz due
		from change_set c join actor a on a.id = c.made_by where c.state = 'planned' and c.made_identity is distinct from $1`},
	{Asked, "", "self", `select 'requests' ref, '' application, min(b.name) person, '' text, count(*)::int count, false own, min(s.opened_at) since, min(s.due_at) due
		from (select distinct h.step_id from request_holder h where h.until is null and (h.identity_id = $1 or h.identity_id = any($3) and h.why = 'manager' or h.identity_id = any($4) and h.why = 'owner') limit 1001) w
			join request_step s on s.id = w.step_id and s.state = 'open' and $1 not in (s.requester_id, s.beneficiary_id) join identity b on b.id = s.beneficiary_id
		having count(*) > 0`},
	{Reviewing, "", "self", `select v.id::text ref, '' application, i.name person, c.title text, v.load count, v.reviewer_id = $1 own, v.opened_at since, v.due_at due
		from campaign_review v join campaign c on c.id = v.campaign_id and c.state = 'open' join identity i on i.id = v.reviewer_id
		where v.state = 'open' and (v.reviewer_id = $1 or v.reviewer_id = any($3) and v.why = 'manager' or v.reviewer_id = any($4) and v.why in ('owner', 'role_owner'))`},
	{ReviewAsk, "", "self", `select n.item_id::text ref, '' application, min(i.name) person, min(c.title) text, 1 count, true own, min(n.said_at) since, min(v.due_at) due
		from campaign_note n join campaign_item x on x.id = n.item_id join campaign c on c.id = x.campaign_id and c.state = 'open' join campaign_review v on v.id = x.review_id join identity i on i.id = n.author_id
		where n.asked_id = $1 and not exists (select from campaign_note a where a.item_id = n.item_id and a.author_id = $1 and a.id > n.id) group by n.item_id`},
	{ReviewHand, "", "self", `select 'removals' ref, '' application, '' person, '' text, count(*)::int count, true own, min(r.at) since, null::timestamptz due
		from campaign_removal r where r.owner_id = $1 and r.state in ('by_hand', 'changing') having count(*) > 0`},
	{Erasing, "privacy.decide", "", `select 'erasures' ref, '' application, '' person, '' text, count(*)::int count, false own, min(e.asked_at) since, null::timestamptz due
		from erasure e where e.state = 'asked' and e.asked_identity is distinct from $1 having count(*) > 0`},
	{Violated, "violation.accept", "", `select o.name ref, '' application, '' person,
			coalesce((select s.spec->>'title' from policy_spec s where s.object_id = o.id and s.to_version is null), o.name) text,
			(select count(*)::int from (select from violation w where w.rule_id = o.id and w.state = 'open' limit 1001) n) count, false own,
			(select min(w.opened_at) from violation w where w.rule_id = o.id and w.state = 'open') since, null::timestamptz due
		from policy_object o where o.kind = 'sod' and exists (select from violation w where w.rule_id = o.id and w.state = 'open')`},
	{FailedLeaver, "operation.retry", "", byApplication(failedLeaving)},
	{Failed, "operation.retry", "", byApplication(failedOther)},
	{Proposal, "operation.release", "", byApplication(proposedOther)},
	{Paused, "connector.run", "", paused},
	// A sink may fail once; what is there for a minute needs somebody.
	{Evidence, "connector.run", "", `select 'evidence' ref, '' application, '' person, string_agg(case when t.sink in ('log', 'file', 'mail') then t.sink else split_part(t.sink, '+', 1) end, ', ' order by t.sink) text,
			count(*)::int count, false own, min(t.since) since, null::timestamptz due
		from log_trouble t where t.since < clock_timestamp() - interval '1 minute' or t.sink = 'log' having count(*) > 0`},
	{OwnPaused, "connector.run", "told", paused + ` and p.owner_id = any($4)`},
	// Counted by Compute: to find an account without a person is to look at all of them.
	{Orphan, "", "owner", `select p.name ref, p.title application, '' person, '' text, f.orphans count, false own, f.orphans_since since, null::timestamptz due
		from application p join application_figure f on f.application_id = p.id and f.orphans > 0 where p.owner_id = any($4)`},
	{NoDescription, "", "owner", `select p.name ref, p.title application, '' person, '' text,
			(select count(*)::int from (select from entitlement e where e.application_id = p.id and e.description = '' and e.kind <> 'account' limit 1001) n) count,
			false own, f.undescribed_since since, null::timestamptz due
		from application p left join application_figure f on f.application_id = p.id where p.owner_id = any($4)
		and exists (select from entitlement e where e.application_id = p.id and e.description = '' and e.kind <> 'account')`},
	// As provision.Handouts: only the person and their own manager see a first password, nobody who stands in.
	{Password, "", "self", `select case when i.id = $1 then 'own' else 'team' end ref, min(p.title) application, min(i.name) person, '' text, count(*)::int count,
			i.id = $1 own, min(h.made_at) since, null::timestamptz due
		from (select $1::int id union select v.identity_id from employment_version v where v.manager_id = $1 and v.known_to = 'infinity'
				and v.valid_from <= $2 and v.valid_to > $2 and v.ends_at > $2) t
			join identity i on i.id = t.id and i.locked_at is null and i.state <> 'left' join account_link l on l.identity_id = i.id and l.known_to = 'infinity'
			join handout h on h.account_id = l.account_id and h.sealed is not null join account a on a.id = h.account_id and a.gone_at is null
			join application p on p.id = a.application_id group by i.id = $1`},
	// Accounts are made when the first day begins: until then it is on its way, afterwards it should be there.
	{Joining, "", "manager", `select i.public_id::text ref, '' application, i.name person, min(v.first_day)::text text,
			(select count(*)::int from operation o where o.identity_id = i.id and o.kind in ('create', 'enable', 'grant')
				and o.state in ('proposed', 'pending', 'claimed', 'acknowledged', 'failed')) count, false own, null::timestamptz since, min(v.starts_at) due
		from ` + team + ` and (i.state = 'prehire' and v.starts_at > $2 and v.starts_at <= $2::timestamptz + interval '7 days'
			or i.state = 'active' and v.starts_at > $2::timestamptz - interval '7 days' and v.starts_at <= $2 and exists (select from operation o where o.identity_id = i.id
				and o.kind in ('create', 'enable', 'grant') and o.state in ('proposed', 'pending', 'claimed', 'acknowledged', 'failed'))) group by i.id`},
	{Leaving, "", "manager", `select i.public_id::text ref, '' application, i.name person, min(v.last_day)::text text, 0 count, false own, null::timestamptz since, min(v.ends_at) due
		from ` + team + ` and i.state in ('active', 'leave') and v.ends_at <= $2::timestamptz + interval '30 days'
			and not exists (select from employment_version w where w.identity_id = v.identity_id and w.known_to = 'infinity' and w.status <> 'rescinded'
				and w.valid_to > $2 and w.ends_at > v.ends_at and w.starts_at <= v.ends_at) group by i.id`},
	{HandOver, "", "manager", `select i.public_id::text ref, '' application, i.name person, '' text,
			(select count(distinct r.entitlement_id)::int from reason r where r.identity_id = i.id and r.kind = 'handover' and r.known_to = 'infinity'
				and r.state = 'live' and r.valid_to > $2 and r.valid_to <= $2::timestamptz + interval '7 days') count, false own, null::timestamptz since,
			(select min(r.valid_to) from reason r where r.identity_id = i.id and r.kind = 'handover' and r.known_to = 'infinity'
				and r.state = 'live' and r.valid_to > $2) due
		from (select distinct i.id from ` + team + `) t join identity i on i.id = t.id where exists (select from reason r where r.identity_id = i.id
			and r.kind = 'handover' and r.known_to = 'infinity' and r.state = 'live' and r.valid_to > $2 and r.valid_to <= $2::timestamptz + interval '7 days')`},
	{HandOverLate, "", "manager", `select i.public_id::text ref, '' application, i.name person, '' text, count(*)::int count, false own,
			null::timestamptz since, min(d.ended) due
		from (select distinct i.id from ` + team + `) t join identity i on i.id = t.id cross join lateral (` + overdueOf + `) d group by i.id`},
}

// overdueOf is overdueSQL for one person, t.id, with business time in $2.
const overdueOf = `select r.entitlement_id, max(r.valid_to) ended from reason r
		join account_link l on l.identity_id = r.identity_id and l.known_to = 'infinity'
		join observed o on o.account_id = l.account_id and o.entitlement_id = r.entitlement_id and o.param = r.param and o.seen_to is null
	where r.identity_id = t.id and r.kind = 'handover' and r.known_to = 'infinity' and r.state = 'live' and r.valid_to <= $2 and r.valid_to <> 'infinity'
		and not exists (select from reason w where w.identity_id = r.identity_id and w.entitlement_id = r.entitlement_id and w.known_to = 'infinity'
			and w.state = 'live' and w.valid_from <= $2 and w.valid_to > $2)
	group by 1`
