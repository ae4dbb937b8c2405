package identity

import (
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// Filter says which people of HR sources a list shows. Zero fields do not filter.
type Filter struct {
	Text    string // part of the name, number, e-mail address or department
	State   State
	Manager int   // only who reports to this person now
	Among   []int // only these; nil for everybody, empty for nobody
	After   int   // the last person of the page before, 0 for the first page
	Limit   int
}

// Line is one person of a list. FirstDay and LastDay are the employment's while they are ahead, and nil otherwise.
type Line struct {
	Person
	Department, Title string
	Manager           *Person // nil for none
	FirstDay, LastDay *time.Time
}

// matches is the condition of a Filter over identity i, with business time in $1.
const matches = `i.kind = 'person' and ($2 = '' or i.state = $2)
	and ($3 = 0 or exists (select from employment_version v where v.identity_id = i.id and v.manager_id = $3 and v.known_to = 'infinity'
		and v.valid_from <= $1 and v.valid_to > $1 and v.ends_at > $1))
	and ($4 = '' or lower(i.name) like $4 or lower(i.number) like $4 or lower(i.email) like $4
		or exists (select from employment_version v where v.identity_id = i.id and v.known_to = 'infinity' and v.valid_from <= $1
			and v.valid_to > $1 and lower(v.attrs->>'department') like $4))
	and ($5::int[] is null or i.id = any($5))`

func (f *Filter) args(tx *db.Tx) []any {
	return []any{tx.Now, string(f.State), f.Manager, like(f.Text), f.Among}
}

// like makes a pattern that finds text anywhere, whatever characters it has; "" for no text.
func like(text string) string {
	text = strings.ToLower(strings.TrimSpace(text))
	if text == "" {
		return ""
	}
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
}

// List gives one page of people by name, with their main employments: three queries, however long the page.
func List(tx *db.Tx, f Filter) ([]*Line, error) {
	rows, err := tx.Query(`select i.id, i.public_id::text, i.kind, i.state, i.since, i.name, i.email, i.number, i.locked_at, i.version, i.key_id
		from identity i where `+matches+` and ($6 = 0 or (lower(i.name), i.id) > (select lower(a.name), a.id from identity a where a.id = $6))
		order by lower(i.name), i.id limit $7`, append(f.args(tx), f.After, f.Limit)...)
	if err != nil {
		return nil, err
	}
	people, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Person])
	if err != nil {
		return nil, err
	}
	ids := make([]int, len(people))
	for i := range people {
		ids[i] = people[i].ID
	}
	versions, err := Versions(tx, ids)
	if err != nil {
		return nil, err
	}
	var managers []int
	out := make([]*Line, len(people))
	main := make([]*Version, len(people))
	for i, p := range people {
		out[i] = &Line{Person: p}
		if v := Main(versions[p.ID], tx.Now); v != nil {
			main[i] = v
			out[i].Department, out[i].Title = v.Attrs["department"], v.Attrs["title"]
			out[i].FirstDay, out[i].LastDay = v.Ahead(tx.Now)
			managers = append(managers, v.Manager)
		}
	}
	chiefs, err := People(tx, managers)
	for i, v := range main {
		if v != nil {
			out[i].Manager = chiefs[v.Manager]
		}
	}
	return out, err
}

// Ahead gives the first and the last day of the employment, those of them that are not over at an instant.
func (v *Version) Ahead(now time.Time) (first, last *time.Time) {
	if v.Status == StatusRescinded {
		return nil, nil
	}
	if v.StartsAt.After(now) {
		first = &v.FirstDay
	}
	if v.EndsAt.After(now) && v.EndsAt.Before(db.Forever) {
		last = v.LastDay
	}
	return first, last
}

// Count counts the people whom a filter lets through, however many pages they fill.
func Count(tx *db.Tx, f Filter) (n int, err error) {
	err = tx.QueryRow(`select count(*) from identity i where `+matches, f.args(tx)...).Scan(&n)
	return n, err
}

// CountStates counts the people whom a filter lets through by their state, whatever state it asks for.
func CountStates(tx *db.Tx, f Filter) (map[State]int, error) {
	f.State = ""
	rows, err := tx.Query(`select i.state, count(*) from identity i where `+matches+` group by 1`, f.args(tx)...)
	if err != nil {
		return nil, err
	}
	out := map[State]int{}
	var s State
	var n int
	_, err = pgx.ForEachRow(rows, []any{&s, &n}, func() error { out[s] = n; return nil })
	return out, err
}

// ByRef gives a person by the public id that addresses carry; ok is false when there is none.
func ByRef(tx *db.Tx, ref string) (p *Person, ok bool, err error) {
	var found []Person
	if err := tx.Gorm.Where("public_id::text = ?", strings.ToLower(ref)).Limit(1).Find(&found).Error; err != nil || len(found) == 0 {
		return nil, false, err
	}
	return &found[0], true, nil
}

// Reports says whether a person reports to a manager now, directly.
func Reports(tx *db.Tx, who, manager int) (yes bool, err error) {
	err = tx.QueryRow(`select exists (select from employment_version where identity_id = $1 and manager_id = $2 and known_to = 'infinity'
		and valid_from <= $3 and valid_to > $3 and ends_at > $3)`, who, manager, tx.Now).Scan(&yes)
	return yes, err
}

// Origin is where an employment comes from: the HR source and its number there.
type Origin struct{ Source, Key string }

// Sources gives the origins of employments.
func Sources(tx *db.Tx, employments []int) (map[int]Origin, error) {
	rows, err := tx.Query(`select e.id, coalesce(h.name, ''), e.source_key from employment e left join hr_source h on h.id = e.source_id where e.id = any($1)`, employments)
	if err != nil {
		return nil, err
	}
	out := map[int]Origin{}
	var id int
	var o Origin
	_, err = pgx.ForEachRow(rows, []any{&id, &o.Source, &o.Key}, func() error { out[id] = o; return nil })
	return out, err
}
