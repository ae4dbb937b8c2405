package control

import (
	"cmp"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// life is an event about a person's life here.
type life struct {
	id, index           int64
	who                 int
	kind, name, number  string
	effective, recorded time.Time
	by                  string
	erased              *time.Time
}

// eventSheet is the sheet of what happened to a person: joiner, mover, leaver, or a sign-in as the local administrator.
func eventSheet(tx *db.Tx, id int64) (*Sheet, error) {
	var l life
	if err := tx.QueryRow(`select e.id, coalesce(l.log_index, -1), e.identity_id, e.kind, i.name, coalesce(i.number, ''), e.effective_at, e.recorded_at, a.name, i.erased_at
		from event e join identity i on i.id = e.identity_id join actor a on a.id = e.actor_id left join leaf l on l.event_id = e.id
		where e.id = $1 and e.kind in ('person.joined', 'person.rehired', 'person.moved', 'person.left', 'person.terminated', 'auth.break_glass_used')`, id).
		Scan(&l.id, &l.index, &l.who, &l.kind, &l.name, &l.number, &l.effective, &l.recorded, &l.by, &l.erased); err != nil {
		return nil, err
	}
	s := &Sheet{Title: l.name}
	s.fact("Person", l.name)
	s.fact("Number", l.number)
	if l.erased != nil {
		s.fact("Personal values", "erased on "+l.erased.UTC().Format(time.DateOnly))
	}
	s.fact("Took effect", stampOf(l.effective))
	s.fact("Recorded", stampOf(l.recorded)+", by "+l.by)
	s.fact("Event in the log", s.number(l.index))
	var err error
	switch l.kind {
	case "person.joined", "person.rehired":
		err = s.joiner(tx, &l)
	case "person.moved":
		err = s.mover(tx, &l)
	case "auth.break_glass_used":
		s.Kind = "Privileged use"
		s.fact("What", "Sign-in as the local administrator")
		err = s.done(tx, &l)
	default:
		err = s.leaver(tx, &l)
	}
	return s, err
}

func stampOf(t time.Time) string { return t.UTC().Format(time.DateTime) }

// plannedBy joins the operations o that an event planned.
const plannedBy = `join (select (x->>'id')::bigint id from event e cross join lateral jsonb_array_elements(convert_from(e.leaf, 'UTF8')::jsonb->'facts'->'access'->'planned') x where e.id = $1) pl on pl.id = o.id `

// jobs are the employments of the person as HR states them now.
func (s *Sheet) jobs(tx *db.Tx, who int) error {
	return s.add(tx, Table{Title: "Employments, as HR states them", Columns: []string{"Number", "First day", "Last day", "Department", "Title", "Status", "True since", "Known since", "HR run"}},
		`select coalesce(m.source_key, ''), v.first_day::text, coalesce(v.last_day::text, ''), coalesce(v.attrs->>'department', ''), coalesce(v.attrs->>'title', ''), v.status, `+at(`v.valid_from`)+`, `+at(`v.known_from`)+`,
			coalesce(v.snapshot_id::text, ''), -1::bigint from employment_version v join employment m on m.id = v.employment_id where v.identity_id = $1 and v.known_to = 'infinity' order by v.employment_id, v.valid_from, v.id`, who)
}

// joiner says of each change that a joiner's first access needs when it was acknowledged and verified, against the first day.
func (s *Sheet) joiner(tx *db.Tx, l *life) error {
	s.Kind = "Joiner: readiness on day one"
	var begins *time.Time
	var day string
	var last *time.Time
	var n, open int
	if err := tx.QueryRow(`select max(v.starts_at), coalesce(max(v.first_day)::text, '') from employment_version v where v.identity_id = $1 and v.known_to = 'infinity' and v.status <> 'rescinded'
		and v.valid_from <= $2 and v.valid_to > $2 and v.starts_at <= $2`, l.who, l.effective).Scan(&begins, &day); err != nil {
		return err
	}
	if err := tx.QueryRow(`select count(*), count(*) filter (where o.state <> 'verified'), max(o.verified_at) from operation o `+plannedBy+`where o.kind in ('create', 'enable', 'grant') and o.state <> 'cancelled'`, l.id).
		Scan(&n, &open, &last); err != nil {
		return err
	}
	s.fact("First day", day)
	if begins != nil {
		s.fact("The day began", stampOf(*begins))
	}
	switch {
	case n == 0:
		s.fact("Ready", "Nothing was to be given.")
	case open > 0:
		s.fact("Ready", fmt.Sprintf("Not yet: %d of %d changes are not verified.", open, n))
	case last != nil:
		s.fact("Ready", fmt.Sprintf("All %d changes were verified at %s.", n, stampOf(*last)))
	}
	if err := s.add(tx, Table{Title: "First access", Columns: changeColumns, None: "The event planned no change at a target."}, changes(plannedBy+`order by o.id`), l.id); err != nil {
		return err
	}
	if err := s.reasons(tx, l, "Access by birthright then", `r.kind = 'birthright' and r.valid_from <= $2 and r.valid_to > $2`); err != nil {
		return err
	}
	if err := s.jobs(tx, l.who); err != nil {
		return err
	}
	return s.openOf(tx, `o.id in (select o.id from operation o `+plannedBy+`)`, l.id)
}

// reasons lists reasons for access of the person; $2 is the instant.
func (s *Sheet) reasons(tx *db.Tx, l *life, title, where string) error {
	return s.add(tx, Table{Title: title, Columns: []string{"Application", "Entitlement", "Because of", "Policy version", "From", "Until"}, None: "None."},
		`select ap.title, en.title || case when r.param <> '' then ' (' || r.param || ')' else '' end, r.kind || coalesce(': ' || po.name, ''), coalesce(r.policy_version::text, ''), `+at(`r.valid_from`)+`, `+at(`r.valid_to`)+`, -1::bigint
		from reason r join entitlement en on en.id = r.entitlement_id join application ap on ap.id = en.application_id left join policy_object po on po.id = r.ref and r.kind in ('birthright', 'assignment')
		where r.identity_id = $1 and r.known_to = 'infinity' and r.state = 'live' and $2::timestamptz is not null and `+where+` order by ap.title, en.title, r.id`, l.who, l.effective)
}

// mover says what a mover keeps, gains and loses.
func (s *Sheet) mover(tx *db.Tx, l *life) error {
	s.Kind = "Mover: keeps, gains, loses"
	if err := s.jobs(tx, l.who); err != nil {
		return err
	}
	for _, part := range []struct{ title, list, where, none string }{
		{"Gains", "added", `x->>'k' <> 'handover'`, "Nothing is gained."},
		{"Loses", "ended", `true`, "Nothing is lost."},
		{"Keeps for a hand-over", "added", `x->>'k' = 'handover'`, "Nothing is handed over."},
	} {
		if err := s.add(tx, Table{Title: part.title, Columns: []string{"Application", "Entitlement", "Because of", "Policy version", "Until"}, None: part.none},
			`select ap.title, en.title, (x->>'k') || coalesce(': ' || po.name, ''), coalesce(x->>'p', ''), coalesce(x->>'u', ''), coalesce(lf.log_index, -1)
			from event e cross join lateral jsonb_array_elements(convert_from(e.leaf, 'UTF8')::jsonb->'facts'->'access'->$2) x join entitlement en on en.id = (x->>'e')::int join application ap on ap.id = en.application_id
				left join policy_object po on po.id = (x->>'r')::int and x->>'k' = 'birthright' left join leaf lf on lf.event_id = e.id
			where e.id = $1 and `+part.where+` order by ap.title, en.title`, l.id, part.list); err != nil {
			return err
		}
	}
	if err := s.reasons(tx, l, "Keeps", `r.kind <> 'handover' and r.valid_from < $2 and r.valid_to > $2`); err != nil {
		return err
	}
	if err := s.add(tx, Table{Title: "Changes at targets at once", Columns: changeColumns, None: "The move changed nothing at a target at once."}, changes(plannedBy+`order by o.id`), l.id); err != nil {
		return err
	}
	if err := s.add(tx, Table{Title: "Removals since", Note: "When hand-overs ended.", Columns: changeColumns, None: "None yet."},
		changes(`where o.identity_id = $1 and o.kind in ('revoke', 'disable') and o.created_at > $2 order by o.id`), l.who, l.recorded); err != nil {
		return err
	}
	return s.openOf(tx, `o.identity_id = $1`, l.who)
}

// leaver is the certificate: every account, membership and token, with when it was disabled and when that was verified, by which reading.
func (s *Sheet) leaver(tx *db.Tx, l *life) error {
	s.Kind = "Leaver certificate"
	s.fact("What", map[string]string{"person.left": "Left"}[l.kind])
	s.fact("What", map[string]string{"person.terminated": "Terminated at once"}[l.kind])
	var day string
	var ends, last *time.Time
	if err := tx.QueryRow(`select b.at, coalesce(b.day, '') from event e left join lateral (`+lastDay+`) b on true where e.id = $1`, l.id).Scan(&ends, &day); err != nil {
		return err
	}
	s.fact("Last day of work", day)
	if ends != nil {
		s.fact("The day ended", stampOf(*ends))
	}
	if err := tx.QueryRow(`select max(o.verified_at) from operation o `+plannedBy+`where o.state = 'verified'`, l.id).Scan(&last); err != nil {
		return err
	}
	if err := s.accounts(tx, l); err != nil {
		return err
	}
	if err := s.add(tx, Table{Title: "Every removal", Columns: changeColumns, None: "There was nothing to remove."}, changes(plannedBy+`order by o.id`), l.id); err != nil {
		return err
	}
	if err := s.add(tx, Table{Title: "Memberships that the targets still show", Columns: []string{"Application", "Account", "Entitlement", "Seen since reading"}, None: "None."},
		`select ap.title, a.name, en.title, ob.seen_from::text, -1::bigint from account_link k join observed ob on ob.account_id = k.account_id and ob.seen_to is null join account a on a.id = ob.account_id
			join entitlement en on en.id = ob.entitlement_id join application ap on ap.id = en.application_id where k.identity_id = $1 and k.known_to = 'infinity' and en.kind <> 'account' order by ap.title, a.name, en.title`, l.who); err != nil {
		return err
	}
	if err := s.done(tx, l); err != nil {
		return err
	}
	if err := s.openOf(tx, `o.id in (select o.id from operation o `+plannedBy+`)`, l.id); err != nil {
		return err
	}
	if err := s.stillIn(tx, l.who); err != nil {
		return err
	}
	switch {
	case len(s.Open) > 0:
		s.fact("Access", "Not at zero yet: see what is open.")
	case last != nil:
		// Record time on both sides: from when Tenure wrote down that they left.
		s.fact("From the HR event to the last verification", cmp.Or(last.Sub(l.recorded).Truncate(time.Second).String(), "0s"))
		s.fact("Last verification", stampOf(*last))
	default:
		s.fact("Access", "There was nothing to take away.")
	}
	return nil
}

// accounts are all the accounts that the person has or had.
func (s *Sheet) accounts(tx *db.Tx, l *life) error {
	return s.add(tx, Table{Title: "Every account", Columns: []string{"Application", "Account", "Now", "Last reading", "Disabled", "Verified", "By reading"}, None: "The person has no account that Tenure knows of."},
		`select ap.title, a.name, case when a.gone_at is not null then 'gone from the target' when se.enabled is null then 'never seen there' when se.enabled then 'enabled' else 'disabled' end, coalesce(se.reading_id::text, ''),
			`+at(`o.acknowledged_at`)+`, `+at(`o.verified_at`)+`, case when o.verified_by is not null then o.verified_by || ', begun ' || `+at(`rd.started_at`)+` else '' end, case when o.id is null then -1 else `+verifiedIn+` end
		from account_link k join account a on a.id = k.account_id join application ap on ap.id = a.application_id left join account_seen se on se.account_id = a.id
			left join lateral (select * from operation o where o.account_id = a.id and o.kind in ('disable', 'delete') and o.state <> 'cancelled' and o.created_at >= $2::timestamptz - interval '1 hour' order by o.id limit 1) o on true
			left join reading rd on rd.id = o.verified_by
		where k.identity_id = $1 and k.known_to = 'infinity' order by ap.title, a.name`, l.who, l.recorded)
}

// done lists the person's tokens of Tenure, and what they do not show: the tokens themselves are nowhere.
func (s *Sheet) done(tx *db.Tx, l *life) error {
	return s.add(tx, Table{Title: "Personal tokens of Tenure", Columns: []string{"Made", "Expires", "Revoked"}, None: "None."},
		`select `+at(`t.made_at`)+`, `+at(`t.expires_at`)+`, `+at(`t.revoked_at`)+`, coalesce((select max(lf.log_index) from event e join leaf lf on lf.event_id = e.id where e.identity_id = t.identity_id and e.kind = 'token.revoked'
			and t.revoked_at is not null and e.recorded_at between t.revoked_at - interval '1 hour' and t.revoked_at + interval '1 hour'), -1)
		from token t where t.identity_id = $1 order by t.id`, l.who)
}

// stillIn notes what is still there of somebody who left.
func (s *Sheet) stillIn(tx *db.Tx, who int) error {
	rows, err := tx.Query(`select 'the account ' || a.name || ' in ' || ap.title || ' is enabled' from account_link k join account a on a.id = k.account_id and a.gone_at is null join application ap on ap.id = a.application_id
			join account_seen se on se.account_id = a.id and se.enabled join identity i on i.id = k.identity_id and i.state = 'left' where k.identity_id = $1 and k.known_to = 'infinity'
		union all select 'a personal token of Tenure is not revoked' from token t join identity i on i.id = t.identity_id and i.state = 'left' where t.identity_id = $1 and t.revoked_at is null and t.expires_at > business_now() order by 1`, who)
	if err != nil {
		return err
	}
	open, err := pgx.CollectRows(rows, pgx.RowTo[string])
	s.Open = append(s.Open, open...)
	return err
}
