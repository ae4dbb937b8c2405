package control

// told are the events e of the period, by business time, of some kinds.
func told(kinds string) string {
	return ` from event e` + factsOf + `where e.kind in (` + kinds + `) and e.effective_at >= $1::timestamptz and e.effective_at < $2::timestamptz `
}

var decidedPopulations = []Population{
	{Key: Requests, Title: "Requests for access", About: "one thing that was asked for", Timed: true,
		Columns: []string{"For", "Number", "Asked by", "What", "Level", "Act", "State", "Asked", "Decided", "From", "Until"},
		Source:  "items of the events request.asked in the log",
		sql: `select 'r' || it.id id, ` + order(`r.asked_at`) + ` ord, it.beneficiary_id who,
			array[b.name, coalesce(b.number, ''), q.name, o.name, it.level, it.act, it.state, ` + at(`r.asked_at`) + `, ` + at(`it.decided_at`) + `, ` + at(`it.from_at`) + `, ` + at(`it.to_at`) + `] cells,
			null::bigint ev, 'request_decided' lim, case when it.state <> 'open' and it.decided_at is not null then greatest(0, ` + seconds(`it.decided_at - r.asked_at`) + `) end took,
			case when it.state = 'open' then greatest(0, ` + seconds(`$4::timestamptz - r.asked_at`) + `) end waited
		from request_item it join request r on r.id = it.request_id join identity b on b.id = it.beneficiary_id join identity q on q.id = it.requester_id
			join policy_object o on o.id = it.offer_id where r.asked_at >= $1::timestamptz and r.asked_at < $2::timestamptz`,
		source: `select sum(jsonb_array_length(f.facts->'items'))` + told(`'request.asked'`)},
	{Key: Reviews, Title: "Review items", About: "one thing to decide in a campaign that began in the period", Timed: true,
		Columns: []string{"Campaign", "Person", "Account", "Application", "Entitlement", "Decision", "Decided by", "Decided", "Removal", "Removal verified"},
		Source:  "items that the campaigns stated when they were started",
		sql: `select 'i' || i.id id, ` + order(`c.as_of`) + ` || lpad(i.id::text, 12, '0') ord, nullif(i.identity_id, 0) who,
			array[c.title, coalesce(p.name, 'nobody'), coalesce(a.name, ''), coalesce(ap.title, 'Roles'), coalesce(en.title, cr.definition->>'title', ''), coalesce(` + outcomeSQL + `, case when c.state = 'cancelled' then 'campaign stopped' else 'open' end),
				coalesce(w.name, case when d.outcome is not null then 'the stated rule' else '' end), ` + at(`d.signed_at`) + `, coalesce(m.state, ''), ` + at(`m.verified_at`) + `] cells,
			null::bigint ev, 'review_decided' lim, case when d.signed_at is not null then greatest(0, ` + seconds(`d.decided_at - c.as_of`) + `) end took,
			case when d.signed_at is null and c.state <> 'cancelled' then greatest(0, ` + seconds(`$4::timestamptz - c.as_of`) + `) end waited
		from campaign c join campaign_item i on i.campaign_id = c.id left join identity p on p.id = i.identity_id left join account a on a.id = i.account_id
			left join entitlement en on en.id = i.entitlement_id left join application ap on ap.id = en.application_id left join campaign_role cr on cr.campaign_id = i.campaign_id and i.param = 'role/' || cr.role_id
			left join lateral (select * from campaign_decision d where d.item_id = i.id and d.signed_at is not null order by d.stage desc limit 1) d on true
			left join identity w on w.id = d.decider_id left join campaign_removal m on m.item_id = i.id
		where c.as_of >= $1::timestamptz and c.as_of < $2::timestamptz`,
		source: `select sum(items) from campaign where as_of >= $1::timestamptz and as_of < $2::timestamptz`},
	{Key: Removals, Title: "Removals", About: "one change at a target that takes access away, decided in the period", Timed: true,
		Columns: []string{"Person", "Number", "Application", "Account", "What", "Entitlement", "State", "Decided", "Acknowledged", "Verified", "Reading"},
		Source:  "removals that the events of the log planned",
		sql: `select 'o' || o.id id, ` + order(`o.created_at`) + ` ord, o.identity_id who,
			array[coalesce(i.name, 'nobody'), coalesce(i.number, ''), ap.title, a.name, o.kind, coalesce(en.title, ''), o.state, ` + at(`o.created_at`) + `, ` + at(`o.acknowledged_at`) + `, ` + at(`o.verified_at`) + `, coalesce(o.verified_by::text, '')] cells,
			null::bigint ev, 'removal_verified' lim, case when o.state = 'verified' then ` + seconds(`o.verified_at - o.created_at`) + ` end took,
			case when o.state not in ('verified', 'cancelled') then greatest(0, ` + seconds(`$3::timestamptz - o.created_at`) + `) end waited
		from operation o join application ap on ap.id = o.application_id join account a on a.id = o.account_id left join identity i on i.id = o.identity_id left join entitlement en on en.id = o.entitlement_id
		where o.kind in ('disable', 'revoke', 'delete') and o.created_at >= $1::timestamptz and o.created_at < $2::timestamptz`,
		source: `select coalesce(sum((select count(*) from jsonb_array_elements(f.facts->'access'->'planned') x where x->>'k' in ('disable', 'revoke', 'delete'))), 0)
				+ count(*) filter (where e.kind = 'operation.decided')
			from event e` + factsOf + `where e.recorded_at >= $1::timestamptz and e.recorded_at < $2::timestamptz
				and e.touches ? 'operation' and (e.kind = 'operation.decided' or e.kind not like 'operation.%')`},
	{Key: Violations, Title: "SoD conflicts", About: "a person who came to break an SoD rule in the period", Timed: true,
		Columns: []string{"Person", "Number", "Rule", "State", "Found", "Changed", "Accepted until", "Control"},
		Source:  "people and rules of which events of the log say that they came to be broken",
		sql: `select 'v' || v.id id, ` + order(`v.opened_at`) + ` ord, v.identity_id who,
			array[i.name, coalesce(i.number, ''), o.name, v.state, ` + at(`v.opened_at`) + `, ` + at(`v.changed_at`) + `, ` + at(`x.valid_to`) + `, coalesce(x.control, '')] cells,
			null::bigint ev, 'violation_closed' lim, case when v.state <> 'open' then greatest(0, ` + seconds(`v.changed_at - v.opened_at`) + `) end took,
			case when v.state = 'open' then greatest(0, ` + seconds(`$4::timestamptz - v.opened_at`) + `) end waited
		from violation v join identity i on i.id = v.identity_id join policy_object o on o.id = v.rule_id left join exception x on x.identity_id = v.identity_id and x.rule_id = v.rule_id and x.ended_at is null
		where v.opened_at >= $1::timestamptz and v.opened_at < $2::timestamptz`,
		source: `select count(distinct (e.identity_id, x->>'s')) from event e` + factsOf + `cross join lateral jsonb_array_elements(f.facts->'access'->'duties') x
			where x->>'w' = 'open' and e.effective_at >= $1::timestamptz and e.effective_at < $2::timestamptz and e.touches ? 'violation'`},
	{Key: Exceptions, Title: "Exceptions", About: "an SoD conflict that was accepted for a time", Timed: true,
		Columns: []string{"Person", "Number", "Rule", "Accepted by", "From", "Until", "Control", "Reason", "Ended", "Ended because"},
		Source:  "events exception.accepted in the log",
		sql: `select 'x' || x.id id, ` + order(`x.valid_from`) + ` ord, x.identity_id who,
			array[i.name, coalesce(i.number, ''), o.name, w.name, ` + at(`x.valid_from`) + `, ` + at(`x.valid_to`) + `, x.control, x.reason, ` + at(`x.ended_at`) + `, coalesce(x.ended_because, '')] cells,
			null::bigint ev, 'exception_length' lim, ` + seconds(`x.valid_to - x.valid_from`) + ` took, null::float8 waited
		from exception x join identity i on i.id = x.identity_id join identity w on w.id = x.accepted_identity join policy_object o on o.id = x.rule_id
		where x.valid_from >= $1::timestamptz and x.valid_from < $2::timestamptz`,
		source: `select count(*)` + told(`'exception.accepted'`)},
	{Key: PrivilegedUse, Title: "Use of privileged access", About: "an activation, emergency access, or a sign-in as the local administrator", Timed: true,
		Columns: []string{"Person", "Number", "What", "Why", "From", "Until", "State", "Reviewed"},
		Source:  "events request.granted of activations and emergencies, and events auth.break_glass_used in the log",
		sql: `select 'r' || it.id id, ` + order(`it.from_at`) + ` ord, it.beneficiary_id who,
			array[b.name, coalesce(b.number, ''), it.act || ' of ' || o.name, r.why, ` + at(`it.from_at`) + `, ` + at(`it.to_at`) + `, it.state, ` + at(`s.decided_at`) + `] cells,
			null::bigint ev, case when it.act = 'emergency' then 'emergency_reviewed' end lim, case when it.act = 'emergency' and s.decided_at is not null then greatest(0, ` + seconds(`s.decided_at - it.from_at`) + `) end took,
			case when it.act = 'emergency' and s.decided_at is null then greatest(0, ` + seconds(`$4::timestamptz - it.from_at`) + `) end waited
		from request_item it join request r on r.id = it.request_id join identity b on b.id = it.beneficiary_id join policy_object o on o.id = it.offer_id
			left join lateral (select max(s.decided_at) decided_at from request_step s where s.item_id = it.id and s.by = 'review') s on true
		where it.act in ('activate', 'emergency') and it.from_at >= $1::timestamptz and it.from_at < $2::timestamptz
		union all
		select 'e' || e.id, ` + order(`e.effective_at`) + `, e.identity_id, array[i.name, coalesce(i.number, ''), 'sign-in as the local administrator', '', ` + at(`e.effective_at`) + `, '', '', ''], e.id, null, null, null
		from event e join identity i on i.id = e.identity_id where e.kind = 'auth.break_glass_used' and e.effective_at >= $1::timestamptz and e.effective_at < $2::timestamptz`,
		source: `select count(*)` + told(`'request.granted', 'auth.break_glass_used'`) + `and (e.kind = 'auth.break_glass_used' or f.facts->>'act' in ('activate', 'emergency'))`},
	{Key: PolicyChanges, Title: "Changes of the policy", About: "a version of the policy",
		Columns: []string{"Version", "Applied", "By", "Note", "Objects changed", "Change set", "Planned by", "Approved by"},
		Source:  "events policy.versioned in the log",
		sql: `select 'p' || p.id id, ` + order(`p.applied_at`) + ` ord, null::int who,
			array[p.id::text, ` + at(`p.applied_at`) + `, a.name, p.note, (select count(*) from policy_spec s where s.from_version = p.id or s.to_version = p.id)::text,
				coalesce(c.title, ''), coalesce(m.name, ''), coalesce(d.name, '')] cells,
			null::bigint ev, null::text lim, null::float8 took, null::float8 waited
		from policy_version p join actor a on a.id = p.actor_id left join change_set c on c.applied_version = p.id left join actor m on m.id = c.made_by left join actor d on d.id = c.decided_by
		where p.applied_at >= $1::timestamptz and p.applied_at < $2::timestamptz`,
		source: `select count(*) from event e where e.kind = 'policy.versioned' and e.recorded_at >= $1::timestamptz and e.recorded_at < $2::timestamptz`},
}
