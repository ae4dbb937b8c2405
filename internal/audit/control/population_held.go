package control

// living are the reasons r that are believed now, and held at the end of the period, or now where that is later.
const living = `r.known_to = 'infinity' and r.state = 'live' and r.valid_from <= least($2::timestamptz, $4::timestamptz) and r.valid_to > least($2::timestamptz, $4::timestamptz)`

// held are the grants at the end of the period, or now where that is later: by the reasons that are believed now. ord is the order. What a line says besides
// is asked for by line, so that counting, drawing and a page of the list do not pay for all of them.
func held(ord, where string) string { return heldOf(ord, where, ``) }

func heldOf(ord, where, only string) string {
	return `with g as (select r.identity_id, r.entitlement_id, r.slot, r.param, min(r.id) id, min(r.valid_from) since, max(r.valid_to) until
		from reason r where ` + living + only + ` group by 1, 2, 3, 4)
	select 'g' || g.id id, ` + ord + ` ord, g.identity_id who,
		array[i.name, coalesce(i.number, ''), ap.title, en.title, g.slot, g.param, case when en.privileged then 'privileged' else '' end,
			(select string_agg(distinct r.kind, ', ' order by r.kind) from reason r where r.identity_id = g.identity_id and r.entitlement_id = g.entitlement_id and r.slot = g.slot and r.param = g.param and ` + living + `), ` + at(`g.since`) + `, ` + at(`g.until`) + `] cells,
		null::bigint ev, null::text lim, null::float8 took, null::float8 waited
	from g join identity i on i.id = g.identity_id join entitlement en on en.id = g.entitlement_id join application ap on ap.id = en.application_id` + where
}

// shown counts what targets showed then: what accounts of people held by the newest reading before the end of the period.
func shown(where string) string {
	return `select count(distinct (l.identity_id, o.entitlement_id, a.slot, o.param)) from observed o join reading f on f.id = o.seen_from left join reading t on t.id = o.seen_to
		join account a on a.id = o.account_id join account_link l on l.account_id = o.account_id and l.known_from <= least($2::timestamptz, $3::timestamptz) and l.known_to > least($2::timestamptz, $3::timestamptz)
		join entitlement en on en.id = o.entitlement_id
		where f.started_at <= least($2::timestamptz, $3::timestamptz) and (t.started_at is null or t.started_at > least($2::timestamptz, $3::timestamptz))` + where
}

var heldColumns = []string{"Person", "Number", "Application", "Entitlement", "Account", "Parameter", "Privileged", "Because of", "Since", "Until"}

// The orders of what is held. Their parts stand apart by a character that is below all others, and numbers have leading zeros: whose parts come first
// comes first as a whole.
const (
	byPerson      = `lower(i.name) || chr(9) || lpad(i.id::text, 10, '0') || chr(9) || lower(ap.title)`
	byApplication = `lower(ap.title) || chr(9) || lower(en.title) || chr(9) || lpad(en.id::text, 10, '0') || chr(9) || lower(i.name)`
)

// next are the people, or the entitlements, of which a page of the list can be.
var (
	nextPeople       = near{keys: []string{"lower(i.name)", "i.id"}, sql: `select i.id from identity i`, only: ` and r.identity_id = any($8::int[])`, few: 16}
	nextEntitlements = near{keys: []string{"lower(ap.title)", "lower(en.title)", "en.id"}, sql: `select en.id from entitlement en join application ap on ap.id = en.application_id`,
		only: ` and r.entitlement_id = any($8::int[])`, few: 1}
)

const heldSource = "what accounts of people held at the targets, by the last readings before then; a difference is what was not carried out yet, or came there without a reason"

var heldPopulations = []Population{
	{Key: Access, Title: "Access by person", About: "one entitlement that a person holds by a reason, at the end of the period", AtEnd: true, Columns: heldColumns, Source: heldSource,
		sql: held(byPerson, ``), source: shown(``), near: nextPeople.of(byPerson, ``)},
	{Key: AccessByApplication, Title: "Access by application", About: "the same, in the order of applications", AtEnd: true, Columns: heldColumns, Source: heldSource,
		sql: held(byApplication, ``), source: shown(``), near: nextEntitlements.of(byApplication, ``)},
	{Key: Privileged, Title: "Privileged access", About: "one privileged entitlement that a person holds by a reason, at the end of the period", AtEnd: true, Columns: heldColumns, Source: heldSource,
		sql: held(byApplication, ` where en.privileged`), source: shown(` and en.privileged`), near: nextEntitlements.of(byApplication, ` where en.privileged`)},
	{Key: Orphans, Title: "Orphans", About: "an account that is nobody's, as the last readings show it now", AtEnd: true,
		Columns: []string{"Application", "Account", "Enabled", "Privileged", "Last sign-in", "Name there"},
		Source:  "accounts that the last readings show, less those of people and service accounts",
		sql: `select 'a' || a.id id, lower(ap.title) || ' ' || lower(a.name) ord, null::int who,
			array[ap.title, a.name, case when s.enabled then 'enabled' else 'disabled' end, case when s.privileged then 'privileged' else '' end, ` + at(`s.last_sign_in`) + `, s.name] cells,
			null::bigint ev, null::text lim, null::float8 took, null::float8 waited
		from account a join account_seen s on s.account_id = a.id join application ap on ap.id = a.application_id
		where a.kind = 'person' and a.native_id is not null and a.gone_at is null and not exists (select from account_link l where l.account_id = a.id and l.known_to = 'infinity')`,
		source: `select count(*) - count(*) filter (where a.kind = 'service') - (select count(distinct l.account_id) from account_link l join account b on b.id = l.account_id and b.gone_at is null and b.native_id is not null
				and b.kind = 'person' join account_seen t on t.account_id = b.id where l.known_to = 'infinity')
			from account_seen s join account a on a.id = s.account_id where a.gone_at is null and a.native_id is not null`},
}
