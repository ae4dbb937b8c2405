package identity

import (
	"slices"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"
	"github.com/mozillazg/go-unidecode"

	"tenure/internal/db"
)

// Normal gives a text as lists and search compare it: in plain lower-case letters and digits, words apart by one space.
// "Åkesson-Núñez" and "akesson nunez" are the same.
func Normal(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) >= 0 {
		s = unidecode.Unidecode(s)
	}
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}

// longestWord bounds the words that are kept and asked for.
const longestWord = 40

// words gives the words by which a person is found.
func (p *Person) words() []string {
	text := p.Name
	for _, s := range []*string{p.Number, p.Email} {
		if s != nil {
			text += " " + *s
		}
	}
	out := strings.Fields(Normal(text))
	for i, w := range out {
		out[i] = w[:min(len(w), longestWord)]
	}
	if p.Number != nil { // a number such as H-1042 is found as it is written, and by its digits
		if n := strings.ReplaceAll(Normal(*p.Number), " ", ""); n != "" {
			out = append(out, n[:min(len(n), longestWord)])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// few is up to how many people are entered into lists in the transaction that changed them; for more, a job does it.
const few = 100

// Enter brings the lines of these people in lists and search up to date: at once for a few, else soon after the commit.
func Enter(tx *db.Tx, ids []int) error {
	if len(ids) <= few {
		return enter(tx, ids)
	}
	if err := tx.Bulk("identity_stale", []string{"identity_id"}, len(ids), func(i int, r *db.Row) error { r.Int(ids[i]); return nil }); err != nil {
		return err
	}
	return ringEntries(tx)
}

// EnterStale enters those who wait, up to a number of them, and says how many there were.
func EnterStale(tx *db.Tx, most int) (int, error) {
	return enterStale(tx, `delete from identity_stale where ctid = any(array(select ctid from identity_stale limit $1 for update skip locked)) returning identity_id`, most)
}

// EnterWaiting enters everybody who waits, and waits for those who are being entered: what counts on the lines of everybody begins with it.
func EnterWaiting(tx *db.Tx) error {
	_, err := enterStale(tx, `delete from identity_stale returning identity_id`)
	return err
}

func enterStale(tx *db.Tx, sql string, args ...any) (int, error) {
	rows, err := tx.Query(sql, args...)
	if err != nil {
		return 0, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	n := len(ids)
	slices.Sort(ids)
	return n, enter(tx, slices.Compact(ids))
}

// enter writes the lines, set-based. The rows of people are locked for sharing, so that a line is never made of what somebody is
// about to change.
func enter(tx *db.Tx, ids []int) error {
	if len(ids) == 0 {
		return nil
	}
	if _, err := tx.Exec(`select 1 from identity where id = any($1) order by id for share`, ids); err != nil {
		return err
	}
	people, err := People(tx, ids)
	if err != nil {
		return err
	}
	versions, err := Versions(tx, ids)
	if err != nil {
		return err
	}
	var e entries
	for _, id := range ids {
		if p := people[id]; p != nil && p.Kind == "person" {
			e.add(p, Main(versions[id], tx.Now))
		}
	}
	return e.write(tx)
}

// entries are lines on their way, column by column.
type entries struct {
	ids                                                   []int
	states, names, numbers, departments, locations, types []string
	managers                                              []*int
	words                                                 []string
	owners                                                []int
}

func (e *entries) add(p *Person, v *Version) {
	number, attrs := "", Attrs{}
	if p.Number != nil {
		number = *p.Number
	}
	var manager *int
	if v != nil && !v.Attrs.Erased() { // a list is not grouped by what was erased
		if attrs = v.Attrs; v.Manager != 0 {
			manager = &v.Manager
		}
	}
	e.ids, e.states, e.names, e.numbers = append(e.ids, p.ID), append(e.states, string(p.State)), append(e.names, Normal(p.Name)), append(e.numbers, number)
	e.departments, e.locations = append(e.departments, attrs["department"]), append(e.locations, attrs["location"])
	e.types, e.managers = append(e.types, attrs["worker_type"]), append(e.managers, manager)
	for _, w := range p.words() {
		e.words, e.owners = append(e.words, w), append(e.owners, p.ID)
	}
}

func (e *entries) write(tx *db.Tx) error {
	_, err := tx.Exec(`insert into identity_entry as e (identity_id, state, since, sort_name, number, department, location, worker_type, manager_id)
		select v.id, v.state, i.since, v.name, v.number, v.department, v.location, v.type, v.manager
		from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[])
			v(id, state, name, number, department, location, type, manager) join identity i on i.id = v.id
		on conflict (identity_id) do update set state = excluded.state, since = excluded.since, sort_name = excluded.sort_name, number = excluded.number,
			department = excluded.department, location = excluded.location, worker_type = excluded.worker_type, manager_id = excluded.manager_id
		where (e.state, e.since, e.sort_name, e.number, e.department, e.location, e.worker_type, e.manager_id) is distinct from
			(excluded.state, excluded.since, excluded.sort_name, excluded.number, excluded.department, excluded.location, excluded.worker_type, excluded.manager_id)`,
		e.ids, e.states, e.names, e.numbers, e.departments, e.locations, e.types, e.managers)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`with wanted as (select * from unnest($2::text[], $3::int[]) w(word, identity_id)),
		gone as (delete from identity_word g where g.identity_id = any($1) and not exists (select from wanted w where w.word = g.word and w.identity_id = g.identity_id))
		insert into identity_word (word, identity_id) select word, identity_id from wanted on conflict do nothing`, e.ids, e.words, e.owners)
	return err
}
