package control

import (
	"strconv"

	"tenure/internal/db"
)

// facts reads one row of text as facts with these names. What is empty is left out.
func (s *Sheet) facts(tx *db.Tx, names []string, sql string, args ...any) error {
	values, into := make([]string, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	if err := tx.QueryRow(sql, args...).Scan(into...); err != nil {
		return err
	}
	for i, name := range names {
		s.fact(name, values[i])
	}
	return nil
}

// logOf lists the events of the log about a person that a condition on their facts f holds for.
func (s *Sheet) logOf(tx *db.Tx, who int, where string, args ...any) error {
	return s.add(tx, Table{Title: "In the log", Columns: []string{"Recorded", "Event", "By"}, None: "Nothing is sealed about it yet."},
		`select `+at(`e.recorded_at`)+`, e.kind, a.name, l.log_index from event e`+factsOf+`join leaf l on l.event_id = e.id join actor a on a.id = e.actor_id where ($1 = 0 or e.identity_id = $1) and `+where+` order by l.log_index`,
		append([]any{who}, args...)...)
}

// requestSheet says who asked, for whom, each decision with who, when and why, and what became of it.
func requestSheet(tx *db.Tx, id int64) (*Sheet, error) {
	s := &Sheet{Kind: "Request for access"}
	var who int
	if err := tx.QueryRow(`select it.beneficiary_id, b.name from request_item it join identity b on b.id = it.beneficiary_id where it.id = $1`, id).Scan(&who, &s.Title); err != nil {
		return nil, err
	}
	if err := s.facts(tx, []string{"For", "Number", "Asked by", "In the name of", "What", "Act", "Why", "Asked", "State", "Risk", "Decided by rule", "Granted", "From", "Until", "Narrowed", "Narrowed because", "Ended", "Ended because"},
		`select b.name, coalesce(b.number, ''), q.name, coalesce(n.name, ''), o.name || ', ' || it.level, it.act, r.why, `+at(`r.asked_at`)+`, it.state, it.risk, coalesce(ru.name, '') || case when it.automatic then ' (at once)' else '' end, `+at(`it.decided_at`)+`,
			`+at(`it.from_at`)+`, `+at(`it.to_at`)+`, `+at(`it.narrowed_at`)+`, coalesce(it.narrowed_because, ''), `+at(`it.ended_on`)+`, coalesce(it.ended_because, '')
		from request_item it join request r on r.id = it.request_id join identity b on b.id = it.beneficiary_id join identity q on q.id = it.requester_id left join identity n on n.id = r.on_behalf_of
			join policy_object o on o.id = it.offer_id left join policy_object ru on ru.id = it.rule_id where it.id = $1`, id); err != nil {
		return nil, err
	}
	if err := s.add(tx, Table{Title: "Decisions", Columns: []string{"Step", "Asked", "Outcome", "Who", "In the name of", "When", "Why", "Control", "Where"}, None: "Nobody decided anything."},
		`select st.position || ', ' || st.by || case when st.named <> '' then ' ' || st.named else '' end, `+at(`st.opened_at`)+`, coalesce(d.outcome, st.state), coalesce(w.name, ''), coalesce(n.name, ''), `+at(`d.decided_at`)+`, coalesce(d.reason, ''), coalesce(d.control, ''), coalesce(d.via, ''),
			coalesce((select max(l.log_index) from event e`+factsOf+`join leaf l on l.event_id = e.id where e.identity_id = st.beneficiary_id and e.kind like 'request.%' and e.actor_id = d.made_by and f.facts->>'step' = st.id::text and f.facts ? 'outcome'), -1)
		from request_step st left join request_decision d on d.step_id = st.id left join identity w on w.id = d.decider_id left join identity n on n.id = d.on_behalf_of where st.item_id = $1 order by st.position, st.id, d.id`, id); err != nil {
		return nil, err
	}
	if err := s.add(tx, Table{Title: "Conversation", Columns: []string{"When", "Who", "What", "Text"}, None: "Nobody asked back."},
		`select `+at(`n.said_at`)+`, i.name, n.kind, n.body, -1::bigint from request_note n join identity i on i.id = n.author_id join request_item it on it.request_id = n.request_id where it.id = $1 order by n.id`, id); err != nil {
		return nil, err
	}
	of := `(o.entitlement_id = any(it.entitlements) or o.entitlement_id in (select r.entitlement_id from reason r where r.kind = 'request' and r.ref = it.id))`
	if err := s.add(tx, Table{Title: "Carried out", Columns: changeColumns, None: "Nothing was changed at a target because of it."},
		changes(`join request_item it on it.beneficiary_id = o.identity_id where it.id = $1 and it.from_at is not null and `+of+` order by o.id`), id); err != nil {
		return nil, err
	}
	if err := s.openOf(tx, `exists (select from request_item it where it.id = $1 and it.beneficiary_id = o.identity_id and it.from_at is not null and `+of+`)`, id); err != nil {
		return nil, err
	}
	return s, s.logOf(tx, who, `e.kind like 'request.%' and (f.facts->>'item' = $2 or f.facts->'items' @> jsonb_build_array(jsonb_build_object('item', $2::int)))`, strconv.FormatInt(id, 10))
}

// outcomeSQL is what was decided about an item of a review, in words.
const outcomeSQL = `case when coalesce(d.level, '') = '' then d.outcome when d.outcome = 'narrow' then 'narrow to the level ' || d.level else d.outcome || ' at the level ' || d.level end`

// reviewSheet says of one item of a campaign who decided what and why, and whether what was removed is gone.
func reviewSheet(tx *db.Tx, id int64) (*Sheet, error) {
	s := &Sheet{Kind: "Review of access"}
	var campaign int
	if err := tx.QueryRow(`select i.campaign_id, coalesce(p.name, cr.definition->>'title', 'An account of nobody') from campaign_item i left join identity p on p.id = i.identity_id`+definedSQL+` where i.id = $1`, id).Scan(&campaign, &s.Title); err != nil {
		return nil, err
	}
	if err := s.facts(tx, []string{"Campaign", "State of the campaign", "Taken down", "Person", "Account", "Application", "Entitlement", "Held since", "Last used", "Risk"},
		`select c.title, c.state, `+at(`c.as_of`)+`, coalesce(p.name, 'nobody'), coalesce(a.name, ''), coalesce(ap.title, ''), coalesce(en.title, ''), `+at(`i.since`)+`, `+at(`i.last_used`)+`, (array['low', 'medium', 'high', 'critical'])[i.risk + 1]
		from campaign_item i join campaign c on c.id = i.campaign_id left join identity p on p.id = i.identity_id left join account a on a.id = i.account_id left join entitlement en on en.id = i.entitlement_id
			left join application ap on ap.id = en.application_id where i.id = $1`, id); err != nil {
		return nil, err
	}
	if err := s.defined(tx, id); err != nil {
		return nil, err
	}
	if err := s.add(tx, Table{Title: "Decisions", Columns: []string{"Stage", "Outcome", "Who", "In the name of", "When", "Signed off", "Why", "Decided together"}, None: "Nobody decided it yet."},
		`select d.stage::text, `+outcomeSQL+`, coalesce(w.name, 'the stated rule'), coalesce(n.name, ''), `+at(`d.decided_at`)+`, `+at(`d.signed_at`)+`, d.comment, d.together::text,
			coalesce((select max(l.log_index) from event e`+factsOf+`join leaf l on l.event_id = e.id where e.kind in ('campaign.signed', 'campaign.unanswered') and f.facts->>'review' = d.review_id::text
				and e.recorded_at between d.signed_at - interval '1 hour' and d.signed_at + interval '1 hour'), -1)
		from campaign_decision d left join identity w on w.id = d.decider_id left join identity n on n.id = d.on_behalf_of where d.item_id = $1 order by d.stage`, id); err != nil {
		return nil, err
	}
	if err := s.add(tx, Table{Title: "Removal", Columns: []string{"State", "Why", "Done by hand by", "Carried out", "Verified", "By reading"}, None: "It was not decided to remove it."},
		`select m.state, m.why, coalesce(w.name, ''), `+at(`m.carried_at`)+`, `+at(`m.verified_at`)+`, case when m.verified_by is not null then m.verified_by || ', begun ' || `+at(`rd.started_at`)+` else '' end,
			coalesce((select max(l.log_index) from event e`+factsOf+`join leaf l on l.event_id = e.id where e.kind = 'campaign.verified' and e.recorded_at between m.verified_at - interval '1 hour' and m.verified_at + interval '1 hour' and f.facts->'items' @> to_jsonb(m.item_id)), -1)
		from campaign_removal m left join identity w on w.id = m.owner_id left join reading rd on rd.id = m.verified_by where m.item_id = $1`, id); err != nil {
		return nil, err
	}
	var open bool
	if err := tx.QueryRow(`select exists (select from campaign_removal where item_id = $1 and state not in ('verified', 'kept', 'changed'))`, id).Scan(&open); err != nil {
		return nil, err
	}
	if open {
		s.Open = append(s.Open, "what was decided to be removed is not verified to be gone")
	}
	return s, s.add(tx, Table{Title: "Questions and objections", Columns: []string{"When", "Who", "What", "Text"}, None: "None."},
		`select `+at(`n.said_at`)+`, i.name, n.kind, n.body, -1::bigint from campaign_note n join identity i on i.id = n.author_id where n.item_id = $1 order by n.id`, id)
}

// definedSQL joins the definition that an item i of a review is about, where it is about one.
const definedSQL = ` left join campaign_role cr on cr.campaign_id = i.campaign_id and i.param = 'role/' || cr.role_id`

// defined adds what a role was when its definition was reviewed.
func (s *Sheet) defined(tx *db.Tx, id int64) error {
	var is bool
	if err := tx.QueryRow(`select exists (select from campaign_item i join campaign_role cr on cr.campaign_id = i.campaign_id and i.param = 'role/' || cr.role_id where i.id = $1)`, id).Scan(&is); err != nil || !is {
		return err
	}
	return s.facts(tx, []string{"Role", "Description", "Owner of the role", "Entitlements", "Includes the roles", "Rules that give it", "People who have it", "Digest of the definition", "Confirmed by", "Confirmed"},
		`select cr.definition->>'title', coalesce(cr.definition->>'description', ''), coalesce(cr.definition->>'owner', ''), coalesce((select string_agg(x, ', ' order by x) from jsonb_array_elements_text(cr.definition->'entitlements') x), ''),
			coalesce((select string_agg(x, ', ' order by x) from jsonb_array_elements_text(cr.definition->'roles') x), ''), coalesce((select string_agg((x->>'title') || ': ' || (x->>'when'), '; ') from jsonb_array_elements(cr.definition->'rules') x), ''),
			cr.members::text, cr.digest, coalesce(w.name, ''), `+at(`cr.certified_at`)+`
		from campaign_item i`+definedSQL+` left join identity w on w.id = cr.certified_by where i.id = $1`, id)
}

func violationSheet(tx *db.Tx, id int64) (*Sheet, error) {
	s := &Sheet{Kind: "SoD conflict"}
	var who, rule int
	if err := tx.QueryRow(`select v.identity_id, v.rule_id, i.name from violation v join identity i on i.id = v.identity_id where v.id = $1`, id).Scan(&who, &rule, &s.Title); err != nil {
		return nil, err
	}
	if err := s.facts(tx, []string{"Person", "Number", "Rule", "State", "Broken since", "Found", "Changed", "Resolved", "Policy version"},
		`select i.name, coalesce(i.number, ''), o.name, v.state, `+at(`v.broken_from`)+`, `+at(`v.opened_at`)+`, `+at(`v.changed_at`)+`, `+at(`v.resolved_at`)+`, v.policy_version::text
		from violation v join identity i on i.id = v.identity_id join policy_object o on o.id = v.rule_id where v.id = $1`, id); err != nil {
		return nil, err
	}
	if err := s.exceptions(tx, `x.identity_id = $1 and x.rule_id = $2`, who, rule); err != nil {
		return nil, err
	}
	return s, s.logOf(tx, who, `f.facts->'access'->'duties' @> jsonb_build_array(jsonb_build_object('s', $2::int))`, rule)
}

// exceptions lists exceptions with who accepted them, and the event.
func (s *Sheet) exceptions(tx *db.Tx, where string, args ...any) error {
	return s.add(tx, Table{Title: "Exceptions", Columns: []string{"Rule", "Accepted by", "From", "Until", "Control", "Reason", "Ended", "Ended because"}, None: "None was accepted."},
		`select o.name, w.name, `+at(`x.valid_from`)+`, `+at(`x.valid_to`)+`, x.control, x.reason, `+at(`x.ended_at`)+`, coalesce(x.ended_because, ''),
			coalesce((select max(l.log_index) from event e`+factsOf+`join leaf l on l.event_id = e.id where e.identity_id = x.identity_id and e.kind = 'exception.accepted' and f.facts->>'exception' = x.id::text), -1)
		from exception x join identity w on w.id = x.accepted_identity join policy_object o on o.id = x.rule_id where `+where+` order by x.id`, args...)
}

func exceptionSheet(tx *db.Tx, id int64) (*Sheet, error) {
	s := &Sheet{Kind: "Exception"}
	var who, rule int
	if err := tx.QueryRow(`select x.identity_id, x.rule_id, i.name from exception x join identity i on i.id = x.identity_id where x.id = $1`, id).Scan(&who, &rule, &s.Title); err != nil {
		return nil, err
	}
	if err := s.exceptions(tx, `x.id = $1`, id); err != nil {
		return nil, err
	}
	return s, s.add(tx, Table{Title: "The conflict", Columns: []string{"State", "Found", "Changed", "Resolved"}, None: "It was accepted before the access came."},
		`select v.state, `+at(`v.opened_at`)+`, `+at(`v.changed_at`)+`, `+at(`v.resolved_at`)+`, -1::bigint from violation v where v.identity_id = $1 and v.rule_id = $2 order by v.id`, who, rule)
}

func policySheet(tx *db.Tx, id int64) (*Sheet, error) {
	s := &Sheet{Kind: "Change of the policy", Title: "Version " + strconv.FormatInt(id, 10)}
	if err := s.facts(tx, []string{"Version", "Applied", "By", "Note", "Planned as", "Planned by", "Planned", "Approved by", "Approved", "Note of approval"},
		`select p.id::text, `+at(`p.applied_at`)+`, a.name, p.note, coalesce(c.title, ''), coalesce(m.name, ''), `+at(`c.made_at`)+`, coalesce(d.name, ''), `+at(`c.decided_at`)+`, coalesce(c.note, '')
		from policy_version p join actor a on a.id = p.actor_id left join change_set c on c.applied_version = p.id left join actor m on m.id = c.made_by left join actor d on d.id = c.decided_by where p.id = $1`, id); err != nil {
		return nil, err
	}
	return s, s.add(tx, Table{Title: "Objects changed", Columns: []string{"Kind", "Name", "What"}, None: "No object was changed."},
		`select o.kind, o.name, case when s.from_version <> $1 then 'ended' when s.n = 1 then 'defined' else 'changed' end, coalesce((select max(l.log_index) from event e`+factsOf+`join leaf l on l.event_id = e.id, policy_version p
				where p.id = $1 and e.recorded_at between p.applied_at - interval '10 minutes' and p.applied_at + interval '10 minutes' and e.kind = 'policy.versioned' and f.facts->>'version' = $1::text), -1)
		from policy_spec s join policy_object o on o.id = s.object_id where s.from_version = $1
			or s.to_version = $1 and not exists (select from policy_spec n where n.object_id = s.object_id and n.from_version = $1) order by o.kind, o.name`, id)
}
