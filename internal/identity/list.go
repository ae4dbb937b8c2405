package identity

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// sorts are the orders in which a list of people may stand; each has an index.
var sorts = map[string]db.Key{
	"name": {Expr: "e.sort_name", Type: "text"}, "number": {Expr: "e.number", Type: "text"},
	"since": {Expr: "e.since", Type: "timestamptz"}, "department": {Expr: "e.department", Type: "text"},
}

// Filter says which people of HR sources a list shows, and in which order. Zero fields do not filter.
type Filter struct {
	Text       string // beginnings of words of the name, the number and the e-mail address, in any order
	State      State
	Department string
	Location   string
	WorkerType string
	Manager    int    // only who reports to this person
	Mark       string // what the last look at everything found: privileged, out_of_band, dormant, manager_left
	Among      []int  // only these; nil for everybody, empty for nobody
}

// Line is one person of a list. FirstDay and LastDay are the employment's while they are ahead, and nil otherwise.
type Line struct {
	Person
	Department, Title string
	Location, Type    string
	Manager           *Person // nil for none; may have left
	FirstDay, LastDay *time.Time
	Key               string // the value by which the list is sorted
}

// query is a condition on its way: only what is asked for is in the statement, so that the planner sees what matters.
type query struct {
	where []string
	args  []any
}

func (q *query) arg(v any) string {
	q.args = append(q.args, v)
	return fmt.Sprintf("$%d", len(q.args))
}

func (q *query) add(format string, values ...any) {
	names := make([]any, len(values))
	for i, v := range values {
		names[i] = q.arg(v)
	}
	q.where = append(q.where, fmt.Sprintf(format, names...))
}

// conditions are those of a filter over identity_entry e, without the place.
func (f *Filter) conditions() *query {
	q := &query{where: []string{"true"}}
	for _, c := range []struct{ column, value string }{{"state", string(f.State)}, {"department", f.Department}, {"location", f.Location}, {"worker_type", f.WorkerType}} {
		if c.value != "" {
			q.add("e."+c.column+" = %s", c.value)
		}
	}
	if f.Manager != 0 {
		q.add("e.manager_id = %s", f.Manager)
	}
	if f.Mark != "" {
		q.add("exists (select from identity_mark m where m.mark = %s and m.identity_id = e.identity_id)", f.Mark)
	}
	if f.Among != nil {
		q.add("e.identity_id = any(%s)", f.Among)
	}
	for _, w := range asked(f.Text) {
		q.add("exists (select from identity_word w where w.identity_id = e.identity_id and w.word >= %s and w.word < %s)", w, w+last)
	}
	if f.Text != "" && len(asked(f.Text)) == 0 {
		q.where = append(q.where, "false") // a text without a letter or digit is nobody's
	}
	return q
}

// last comes after every letter and digit: words from w up to w+last are those that begin with w.
const last = "\x7f"

// asked gives the words of a search, at most six.
func asked(text string) []string {
	words := strings.Fields(Normal(text))
	for i, w := range words {
		words[i] = w[:min(len(w), longestWord)]
	}
	return words[:min(len(words), 6)]
}

// List gives one page of people, by name unless it says otherwise, with their main employments: three queries in two round trips,
// however long the page. more says whether there are others in the direction that was read.
func List(tx *db.Tx, f Filter, page db.Page) (lines []*Line, more bool, err error) {
	if lines, more, err = Bare(tx, f, page); err != nil {
		return nil, false, err
	}
	return lines, more, Fill(tx, lines)
}

// Bare is List without what the employments say: Fill adds it, beside what else a page asks about the people.
func Bare(tx *db.Tx, f Filter, page db.Page) (lines []*Line, more bool, err error) {
	if _, ok := sorts[page.Sort]; !ok {
		page.Sort, page.After = "name", nil
	}
	q := f.conditions()
	where, tail, args := page.Keyset(sorts, "e.identity_id", len(q.args)+1)
	key := sorts[page.Sort].Expr
	rows, err := tx.Query(`select i.id, i.public_id::text, i.kind, i.state, i.since, i.name, i.email, i.number, i.locked_at, i.version, i.key_id, e.key
		from (select e.identity_id, `+key+`::text as key, row_number() over () n from (select * from identity_entry e where `+strings.Join(q.where, " and ")+` and `+where+tail+`) e) e
			join identity i on i.id = e.identity_id order by e.n`, append(q.args, args...)...)
	if err != nil {
		return nil, false, err
	}
	var l Line
	_, err = pgx.ForEachRow(rows, []any{&l.ID, &l.PublicID, &l.Kind, &l.State, &l.Since, &l.Name, &l.Email, &l.Number, &l.LockedAt, &l.Version, &l.KeyID, &l.Key}, func() error {
		one := l
		lines = append(lines, &one)
		l = Line{}
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	lines, more = db.Cut(page, lines)
	return lines, more, nil
}

// Fill adds what the main employments say.
func Fill(tx *db.Tx, lines []*Line) error {
	ids := make([]int, len(lines))
	for i, l := range lines {
		ids[i] = l.ID
	}
	var versions map[int][]Version
	var chiefs []*Person
	// Whoever manages one of them in any version is asked for at once: that is a round trip less, and hardly ever somebody more.
	if err := db.Together(tx, func(tx *db.Tx) (err error) { versions, err = Versions(tx, ids); return err }, func(tx *db.Tx) (err error) {
		chiefs, err = some(tx, `id in (select manager_id from employment_version where identity_id = any($1) and known_to = 'infinity')`, ids)
		return err
	}); err != nil {
		return err
	}
	by := make(map[int]*Person, len(chiefs))
	for _, p := range chiefs {
		by[p.ID] = p
	}
	for _, l := range lines {
		if v := Main(versions[l.ID], tx.Now); v != nil {
			l.Department, l.Title, l.Location, l.Type = v.Attrs["department"], v.Attrs["title"], v.Attrs["location"], v.Attrs["worker_type"]
			l.FirstDay, l.LastDay = v.Ahead(tx.Now)
			l.Manager = by[v.Manager]
		}
	}
	return nil
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

// Capped is how far people are counted for a page: beyond it, it is "more than".
const Capped = 1000

// CountStates counts the people whom a filter lets through by their state, whatever state it asks for, each up to Capped + 1.
func CountStates(tx *db.Tx, f Filter) (map[State]int, error) {
	f.State = ""
	q := f.conditions()
	states, parts := []State{Prehire, Active, Leave, Left}, []string{}
	for _, s := range states {
		parts = append(parts, fmt.Sprintf(`(select count(*) from (select from identity_entry e where %s and e.state = '%s' limit %d) e)`,
			strings.Join(q.where, " and "), s, Capped+1))
	}
	n := make([]int, len(states))
	if err := tx.QueryRow(`select `+strings.Join(parts, ", "), q.args...).Scan(&n[0], &n[1], &n[2], &n[3]); err != nil {
		return nil, err
	}
	out := map[State]int{}
	for i, s := range states {
		out[s] = n[i]
	}
	return out, nil
}

// Choices gives the values that people have in each of the columns department, location and worker_type, up to a number of them:
// each is found by a step through the index, not by reading all lines.
func Choices(tx *db.Tx, most int) (map[string][]string, error) {
	var steps, values []string
	for _, column := range []string{"department", "location", "worker_type"} {
		steps = append(steps, fmt.Sprintf(`%[1]s_step(v, n) as ((select %[1]s, 1 from identity_entry order by 1 limit 1)
			union all select (select %[1]s from identity_entry where %[1]s > s.v order by 1 limit 1), n + 1 from %[1]s_step s where s.v is not null and n <= $1)`, column))
		values = append(values, fmt.Sprintf(`(select '%[1]s', v from %[1]s_step where v <> '' order by v limit $1)`, column))
	}
	rows, err := tx.Query(`with recursive `+strings.Join(steps, ", ")+` `+strings.Join(values, " union all "), most)
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	var column, value string
	_, err = pgx.ForEachRow(rows, []any{&column, &value}, func() error { out[column] = append(out[column], value); return nil })
	return out, err
}

// ByRef gives a person by the public id that addresses carry; ok is false when there is none.
func ByRef(tx *db.Tx, ref string) (p *Person, ok bool, err error) {
	id, err := uuid.Parse(ref)
	if err != nil || len(ref) != 36 {
		return nil, false, nil //nolint:nilerr // what is no id names nobody
	}
	found, err := some(tx, "public_id = $1", id)
	if err != nil || len(found) == 0 {
		return nil, false, err
	}
	return found[0], true, nil
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

// Refs gives the ids of the people with these public ids; those that are nobody's are left out.
func Refs(tx *db.Tx, refs []string) ([]int, error) {
	var ids []uuid.UUID
	for _, ref := range refs {
		if id, err := uuid.Parse(ref); err == nil {
			ids = append(ids, id)
		}
	}
	rows, err := tx.Query(`select id from identity where public_id = any($1) and kind = 'person' order by id`, ids)
	if err != nil {
		return nil, err
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[int])
	return append([]int{}, out...), err
}
