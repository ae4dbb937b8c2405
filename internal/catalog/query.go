package catalog

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// Health gives how the calls to each application fare; one that was never called is missing.
func Health(tx *db.Tx) (map[int]ApplicationHealth, error) {
	rows, err := tx.Query(`select application_id, state, detail, since, failures, open_until from application_health`)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ApplicationHealth])
	out := make(map[int]ApplicationHealth, len(all))
	for _, h := range all {
		out[h.ApplicationID] = h
	}
	return out, err
}

// LastReadings gives the newest whole reading of each application that succeeded.
func LastReadings(tx *db.Tx) (map[int]Reading, error) {
	rows, err := tx.Query(`select r.id, r.application_id, r.account_id, r.started_at, r.ended_at, r.complete, r.rows, r.sha256, r.error
		from application a cross join lateral (select * from reading r where r.application_id = a.id and r.account_id is null and r.complete
			order by r.id desc limit 1) r`)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Reading])
	out := make(map[int]Reading, len(all))
	for _, r := range all {
		out[r.ApplicationID] = r
	}
	return out, err
}

// Login is an account as it was last read, with its person.
type Login struct {
	ID                int
	ApplicationID     int
	Name              string
	NativeID          string
	Kind              string // person or service
	Enabled           bool
	There             bool // the target has it
	Retired           bool // nothing wants it any more
	Privileged        bool
	LastSignIn        *time.Time
	Person, PersonRef string // "" for an orphan
	PersonState       string
}

const loginColumns = `select a.id, a.application_id, a.name, coalesce(a.native_id, ''), a.kind, coalesce(s.enabled, false), a.native_id is not null and a.gone_at is null,
		a.retired_at is not null, coalesce(s.privileged, false), s.last_sign_in, coalesce(i.name, ''), coalesce(i.public_id::text, ''),
		coalesce(i.state, '')
	from account a left join account_seen s on s.account_id = a.id left join account_link l on l.account_id = a.id and l.known_to = 'infinity'
		left join identity i on i.id = l.identity_id `

// LoginsOf gives a person's accounts that exist or are on their way, and those that were deleted.
func LoginsOf(tx *db.Tx, who int) ([]Login, error) {
	return db.Still(tx, "logins/"+strconv.Itoa(who), func() ([]Login, error) {
		rows, err := tx.Query(loginColumns+`where l.identity_id = $1 order by a.application_id, a.id`, who)
		if err != nil {
			return nil, err
		}
		return pgx.CollectRows(rows, pgx.RowToStructByPos[Login])
	})
}

// LoginFilter says which accounts of an application a list shows.
type LoginFilter struct {
	Application int
	State       string // enabled, disabled, orphan, service, dormant, privileged, zombie; "" for all that exist
	Dormant     time.Time
	Entitlement int // only accounts seen to hold it
}

// loginStates are the conditions of a LoginFilter's states. A zombie is an account in which somebody who left can sign in.
var loginStates = map[string]string{
	"": "true", "enabled": "s.enabled", "disabled": "not s.enabled", "orphan": "l.identity_id is null and a.kind = 'person'", "service": "a.kind = 'service'",
	"dormant": "s.enabled and s.last_sign_in < $2", "privileged": "s.privileged", "zombie": "s.enabled and i.state = 'left'",
}

// LoginSorts are the orders in which a list of accounts may stand.
var LoginSorts = map[string]db.Key{"name": {Expr: `a.name collate "C"`, Type: "text"}, "sign_in": {Expr: "coalesce(s.last_sign_in, '1970-01-01'::timestamptz)", Type: "timestamptz"}}

// Logins gives one page of an application's accounts.
func Logins(tx *db.Tx, f LoginFilter, p db.Page) ([]Login, bool, error) {
	cond, ok := loginStates[f.State]
	if !ok {
		cond = "false"
	}
	args := []any{f.Application, f.Dormant, f.Entitlement}
	where, tail, more := p.Keyset(LoginSorts, "a.id", len(args)+1)
	rows, err := tx.Query(loginColumns+`where a.application_id = $1 and a.native_id is not null and a.gone_at is null and $2::timestamptz is not null and `+cond+`
		and ($3 = 0 or exists (select from observed o where o.account_id = a.id and o.entitlement_id = $3 and o.seen_to is null)) and `+where+tail, append(args, more...)...)
	if err != nil {
		return nil, false, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Login])
	all, further := db.Cut(p, all)
	return all, further, err
}

// CountLogins counts an application's accounts by what a LoginFilter may ask for; "" counts all that exist.
func CountLogins(tx *db.Tx, app int, dormant time.Time) (map[string]int, error) {
	states := slices.Sorted(maps.Keys(loginStates))
	var cols []string
	for _, s := range states {
		cols = append(cols, "count(*) filter (where "+loginStates[s]+")")
	}
	counts := make([]int, len(states))
	into := make([]any, len(states))
	for i := range counts {
		into[i] = &counts[i]
	}
	err := tx.QueryRow(`select `+strings.Join(cols, ", ")+` from account a left join account_seen s on s.account_id = a.id
			left join account_link l on l.account_id = a.id and l.known_to = 'infinity' left join identity i on i.id = l.identity_id
		where a.application_id = $1 and a.native_id is not null and a.gone_at is null`, app, dormant).Scan(into...)
	out := make(map[string]int, len(states))
	for i, s := range states {
		out[s] = counts[i]
	}
	return out, err
}

// CountHolders counts, for the entitlements of an application, the accounts that hold them by the last readings.
func CountHolders(tx *db.Tx, app int) (map[int]int, error) {
	rows, err := tx.Query(`select o.entitlement_id, count(*) from observed o join entitlement e on e.id = o.entitlement_id
		where e.application_id = $1 and o.seen_to is null group by 1`, app)
	if err != nil {
		return nil, err
	}
	out := map[int]int{}
	var id, n int
	_, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error { out[id] = n; return nil })
	return out, err
}

// Of gives an application's entitlements by kind and name.
func (c *Catalog) Of(app int) []*Entitlement {
	var out []*Entitlement
	for _, e := range c.Entitlements {
		if e.ApplicationID == app {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b *Entitlement) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) })
	return out
}
