package audit

import (
	"cmp"
	"regexp"
	"slices"

	"github.com/jackc/pgx/v5"

	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/policy/mining"
)

// matrices are who holds what at one moment, and what HR says of everybody whom a rule reaches.
type matrices struct {
	all          *mining.Matrix // everything that is held
	mined        *mining.Matrix // what roles are looked for in
	organisation *mining.Organisation
}

// pairsSQL gives who holds what at $1: what has a living reason, and what was last seen at an application without any reason that is, was
// planned or is about to begin. A hand-over is no reason here: it says what the last job gave. A login is no access of its own, and what
// is on its way out does not count. ruled says that a birthright rule gives it.
const pairsSQL = `with has as materialized (
		select r.identity_id, r.entitlement_id, bool_or(r.kind = 'birthright' and r.state = 'live' and r.valid_from <= $1) ruled,
			bool_or(r.kind <> 'handover' and r.state = 'live' and r.valid_from <= $1) now
		from reason r where r.known_to = 'infinity' and r.valid_to > $1 group by 1, 2),
	going as materialized (select distinct k.account_id, k.entitlement_id from operation k where k.kind = 'revoke' and k.state in ('proposed', 'pending', 'claimed', 'acknowledged')),
	seen as (
		select distinct l.identity_id, o.entitlement_id from observed o join account a on a.id = o.account_id and a.gone_at is null and a.kind = 'person'
			join account_link l on l.account_id = a.id and l.known_to = 'infinity'
			left join has on has.identity_id = l.identity_id and has.entitlement_id = o.entitlement_id
			left join going on going.account_id = a.id and going.entitlement_id = o.entitlement_id
		where o.seen_to is null and has.identity_id is null and going.account_id is null),
	pair as (select identity_id, entitlement_id, ruled from has where now union all select identity_id, entitlement_id, false from seen)
	select pair.identity_id, pair.entitlement_id, pair.ruled from pair join entitlement e on e.id = pair.entitlement_id and e.kind <> 'account'
		join identity i on i.id = pair.identity_id and i.kind = 'person' and i.state in ('active', 'leave')`

// mainSQL gives the attributes of the main employment (identity.Main) of everybody who works here or is on leave at $1.
const mainSQL = `select distinct on (v.identity_id) v.identity_id, v.attrs from employment_version v
		join identity i on i.id = v.identity_id and i.kind = 'person' and i.state in ('active', 'leave')
	where v.known_to = 'infinity' and v.valid_from <= $1 and v.valid_to > $1 and v.status <> 'rescinded' and v.starts_at <= $1 and v.ends_at > $1
	order by v.identity_id, v.status = 'active' desc, v.starts_at desc`

// readMatrices reads who holds what, in two queries however many they are.
func readMatrices(tx *db.Tx, scope MiningScope) (m *matrices, err error) {
	err = tx.Whole(func() error { m, err = matricesOf(tx, scope); return err })
	return m, err
}

func matricesOf(tx *db.Tx, scope MiningScope) (*matrices, error) {
	cat, err := catalog.Load(tx)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(mainSQL, tx.Now)
	if err != nil {
		return nil, err
	}
	var who int64
	var attrs map[string]string
	people := map[int64]map[string]string{}
	if _, err := pgx.ForEachRow(rows, []any{&who, &attrs}, func() error { people[who], attrs = attrs, nil; return nil }); err != nil {
		return nil, err
	}
	if rows, err = tx.Query(pairsSQL, tx.Now); err != nil {
		return nil, err
	}
	var all, mined []mining.Pair
	var p mining.Pair
	var ruled bool
	_, err = pgx.ForEachRow(rows, []any{&p.Person, &p.Entitlement, &ruled}, func() error {
		if all = append(all, p); scope.has(cat, people[p.Person], int(p.Entitlement), ruled) {
			mined = append(mined, p)
		}
		return nil
	})
	return &matrices{mining.NewMatrix(all), mining.NewMatrix(mined), organisationOf(cat, people)}, err
}

// has says whether roles are looked for in something that somebody with these attributes holds.
func (s *MiningScope) has(cat *catalog.Catalog, attrs map[string]string, entitlement int, ruled bool) bool {
	e := cat.Entitlements[entitlement]
	return e != nil && (s.Department == "" || attrs["department"] == s.Department) && !(s.WithoutRules && ruled) &&
		(s.Application == "" || cat.Apps[e.ApplicationID].Name == s.Application)
}

// telling are the attributes that rules and peers are looked for in before all others, the most telling first.
var telling = []string{"department", "title", "worker_type", "location", "country", "company", "cost_center", "department_id", "manager"}

// ownOnly are the attributes that are about one person, in which nobody is anybody's peer.
var ownOnly = []string{"number", "first_name", "last_name", "display_name", "email", "birth_date", "status"}

var isDate = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}`)

// organisationOf makes rows of attributes: the telling ones, then by name those others in which people agree.
func organisationOf(cat *catalog.Catalog, people map[int64]map[string]string) *mining.Organisation {
	o := &mining.Organisation{Entitlements: make(map[int64]string, len(cat.Entitlements))}
	for id, e := range cat.Entitlements {
		o.Entitlements[int64(id)] = cmp.Or(e.Title, e.Name)
	}
	values, dates := map[string]map[string]int{}, map[string]bool{}
	for _, attrs := range people {
		for name, v := range attrs {
			if v == "" || slices.Contains(ownOnly, name) {
				continue
			}
			if values[name] == nil {
				values[name] = map[string]int{}
			}
			values[name][v]++
			dates[name] = dates[name] || isDate.MatchString(v)
		}
	}
	for name, of := range values {
		n := 0
		for _, people := range of {
			n += people
		}
		if slices.Contains(telling, name) || !dates[name] && 2*len(of) <= n {
			o.Attributes = append(o.Attributes, name)
		}
	}
	place := func(name string) int {
		if i := slices.Index(telling, name); i >= 0 {
			return i
		}
		return len(telling)
	}
	slices.SortFunc(o.Attributes, func(a, b string) int { return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b)) })
	for id, attrs := range people {
		row := mining.Person{ID: id, Values: make([]string, len(o.Attributes))}
		for i, name := range o.Attributes {
			row.Values[i] = attrs[name]
		}
		o.People = append(o.People, row)
	}
	slices.SortFunc(o.People, func(a, b mining.Person) int { return cmp.Compare(a.ID, b.ID) })
	return o
}
