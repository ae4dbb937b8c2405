package control

import (
	"strconv"

	"tenure/internal/db"
)

// grantSheet says why a person holds something, and since when the target shows it. id is that of the first of its reasons.
func grantSheet(tx *db.Tx, id int64) (*Sheet, error) {
	s := &Sheet{Kind: "Access"}
	var who, entitlement int
	var slot, param string
	if err := tx.QueryRow(`select r.identity_id, r.entitlement_id, r.slot, r.param, i.name from reason r join identity i on i.id = r.identity_id where r.id = $1`, id).Scan(&who, &entitlement, &slot, &param, &s.Title); err != nil {
		return nil, err
	}
	if err := s.facts(tx, []string{"Person", "Number", "State", "Application", "Entitlement", "Privileged"},
		`select i.name, coalesce(i.number, ''), i.state, ap.title, en.title, case when en.privileged then 'yes' else 'no' end from identity i, entitlement en join application ap on ap.id = en.application_id where i.id = $1 and en.id = $2`, who, entitlement); err != nil {
		return nil, err
	}
	s.fact("Account", slot)
	s.fact("Parameter", param)
	if err := s.add(tx, Table{Title: "Every reason for it", Note: "Also those that ended.", Columns: []string{"Because of", "Policy version", "From", "Until", "Known since", "Known until"}},
		`select r.kind || coalesce(': ' || po.name, ''), coalesce(r.policy_version::text, ''), `+at(`r.valid_from`)+`, `+at(`r.valid_to`)+`, `+at(`r.known_from`)+`, `+at(`r.known_to`)+`,
			coalesce((select max(l.log_index) from event e`+factsOf+`join leaf l on l.event_id = e.id where e.identity_id = r.identity_id and e.recorded_at between r.known_from - interval '1 minute' and r.known_from + interval '1 hour'
				and f.facts->'access'->'added' @> jsonb_build_array(jsonb_build_object('e', r.entitlement_id, 'k', r.kind))), -1)
		from reason r left join policy_object po on po.id = r.ref and r.kind in ('birthright', 'assignment') where r.identity_id = $1 and r.entitlement_id = $2 and r.slot = $3 and r.param = $4 and r.state = 'live' order by r.id`, who, entitlement, slot, param); err != nil {
		return nil, err
	}
	if err := s.add(tx, Table{Title: "At the target", Columns: []string{"Account", "Shown since reading", "Begun", "Not shown since reading"}, None: "No reading shows it."},
		`select a.name, ob.seen_from::text, `+at(`rd.started_at`)+`, coalesce(ob.seen_to::text, ''), -1::bigint from account_link k join account a on a.id = k.account_id and a.slot = $3 join observed ob on ob.account_id = a.id and ob.entitlement_id = $2 and ob.param = $4
			join reading rd on rd.id = ob.seen_from where k.identity_id = $1 and k.known_to = 'infinity' order by ob.seen_from`, who, entitlement, slot, param); err != nil {
		return nil, err
	}
	return s, s.add(tx, Table{Title: "Changes at the target", Columns: changeColumns, None: "Tenure changed nothing there for it."},
		changes(`where o.identity_id = $1 and a.slot = $3 and o.param = $4 and (o.entitlement_id = $2 or o.entitlement_id is null and (select en.kind from entitlement en where en.id = $2) = 'account' and o.application_id = (select en.application_id from entitlement en where en.id = $2)) order by o.id`), who, entitlement, slot, param)
}

func operationSheet(tx *db.Tx, id int64) (*Sheet, error) {
	s := &Sheet{Kind: "Removal"}
	var who int
	if err := tx.QueryRow(`select coalesce(o.identity_id, 0), coalesce(i.name, 'An account of nobody') from operation o left join identity i on i.id = o.identity_id where o.id = $1`, id).Scan(&who, &s.Title); err != nil {
		return nil, err
	}
	if err := s.facts(tx, []string{"Person", "Number", "Cause", "Tries", "Error"}, `select coalesce(i.name, 'nobody'), coalesce(i.number, ''), o.cause, o.attempts::text, coalesce(o.error, '') from operation o left join identity i on i.id = o.identity_id where o.id = $1`, id); err != nil {
		return nil, err
	}
	if err := s.add(tx, Table{Title: "The change", Columns: changeColumns}, changes(`where o.id = $1`), id); err != nil {
		return nil, err
	}
	if err := s.add(tx, Table{Title: "Tries", Columns: []string{"Begun", "Ended", "Outcome", "Detail"}, None: "Nobody tried yet."},
		`select `+at(`t.started_at`)+`, `+at(`t.ended_at`)+`, t.outcome, t.detail, -1::bigint from attempt t where t.operation_id = $1 order by t.epoch`, id); err != nil {
		return nil, err
	}
	if err := s.openOf(tx, `o.id = $1`, id); err != nil {
		return nil, err
	}
	return s, s.logOf(tx, who, `(f.facts->'access'->'planned' @> jsonb_build_array(jsonb_build_object('id', $2::bigint)) or f.facts->>'operation' = $3)`, id, strconv.FormatInt(id, 10))
}

func accountSheet(tx *db.Tx, id int64) (*Sheet, error) {
	s := &Sheet{Kind: "Account"}
	if err := tx.QueryRow(`select a.name from account a where a.id = $1`, id).Scan(&s.Title); err != nil {
		return nil, err
	}
	if err := s.facts(tx, []string{"Application", "Account", "Kind", "Enabled", "Last sign-in", "Last reading", "Gone"},
		`select ap.title, a.name, a.kind, case when se.enabled then 'yes' when se.enabled is null then '' else 'no' end, `+at(`se.last_sign_in`)+`, coalesce(se.reading_id::text, ''), `+at(`a.gone_at`)+`
		from account a join application ap on ap.id = a.application_id left join account_seen se on se.account_id = a.id where a.id = $1`, id); err != nil {
		return nil, err
	}
	if err := s.add(tx, Table{Title: "Whose it was", Columns: []string{"Person", "Since", "Until"}, None: "It was nobody's all the time."},
		`select i.name, `+at(`k.known_from`)+`, `+at(`k.known_to`)+`, -1::bigint from account_link k join identity i on i.id = k.identity_id where k.account_id = $1 order by k.known_from`, id); err != nil {
		return nil, err
	}
	return s, s.add(tx, Table{Title: "What it holds", Columns: []string{"Entitlement", "Shown since reading", "Begun"}, None: "Nothing."},
		`select en.title, ob.seen_from::text, `+at(`rd.started_at`)+`, -1::bigint from observed ob join entitlement en on en.id = ob.entitlement_id join reading rd on rd.id = ob.seen_from where ob.account_id = $1 and ob.seen_to is null order by en.title`, id)
}
