package hr

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/hr/source"
)

// managers says who names whom as manager, by employee number.
type managers struct {
	by    string              // source.ByNumber, ByEmail, ByName
	comma bool                // names are written "Last, First"
	of    map[string]string   // number -> the reference as written
	index map[string][]string // e-mail or name, lower case -> numbers
	known func(number string) bool
}

// manage works out the managers of what changed. A reference to nobody is kept as text and tried again whenever people come or
// change; one that closes a circle or fits several people is set aside with its row, and the row goes on without a manager.
func (d *differ) manage(m *managers) {
	var changed []string
	for _, p := range d.out.people {
		for _, t := range p.jobs {
			changed = append(changed, t.key)
		}
	}
	circles := m.circles(changed)
	for _, p := range d.out.people {
		for _, t := range p.jobs {
			if len(t.rows) == 0 && !t.waited {
				continue
			}
			t.managers = make([]string, len(t.fresh))
			for i := range t.fresh {
				ref := t.fresh[i].Attrs["manager"]
				if ref == "" {
					continue
				}
				number, rule := m.resolve(ref)
				if c := circles[t.key]; rule == "" && c != "" {
					number, rule = "", "the managers form a circle: "+c
				}
				t.managers[i] = number
				if rule != "" && !t.waited {
					d.out.rejects = append(d.out.rejects, source.Reject{Row: t.rows[0].Row, Key: t.key, Field: source.ColumnManager,
						Rule: rule, FieldOnly: true})
				}
			}
		}
	}
	slices.SortStableFunc(d.out.rejects, func(a, b source.Reject) int { return a.Row - b.Row })
}

// waited gives the employments, not changed themselves, that named a manager nobody was known by, and whose manager is known now.
// Those whose manager is still unknown cost one look at an index and nothing else, however many they are.
func (d *differ) waited(m *managers, gone []string) ([]string, error) {
	rows, err := d.tx.Query(`select distinct e.source_key, v.attrs->>'manager' from employment_version v join employment e on e.id = v.employment_id
		where v.known_to = 'infinity' and v.manager_id is null and v.attrs ? 'manager' and v.valid_to > $2 and e.source_id = $1 and e.row_hash is not null
		order by 1`, d.src.ID, d.now)
	if err != nil {
		return nil, err
	}
	var keys []string
	var key, ref string
	if _, err = pgx.ForEachRow(rows, []any{&key, &ref}, func() error {
		_, left := slices.BinarySearch(gone, key) // sorted
		if number, _ := m.resolve(ref); number != "" && !left && d.rows[key] == nil {
			keys = append(keys, key)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	circles := m.circles(keys)
	keys = slices.DeleteFunc(keys, func(k string) bool { return circles[k] != "" })
	return slices.Compact(keys), nil
}

// join gives those who waited their manager, from now on: everything else about them stays as it is believed.
func (d *differ) join(waited []string, olds map[int]*person) {
	set := map[string]bool{}
	for _, r := range d.read.Rejects {
		set[r.Key] = true
	}
	for _, k := range waited {
		j := d.jobs[k]
		t := &touched{key: k, id: j.id, person: olds[j.identity], hash: j.hash, from: d.now, waited: true}
		old := of(t.person.old, j.id)
		for _, v := range old {
			if v.ValidTo.After(d.now) {
				v.ID, v.ValidFrom = 0, later(v.ValidFrom, d.now)
				t.fresh = append(t.fresh, v)
			}
		}
		_, t.cut, t.closed = splice(old, d.now)
		d.add(t)
		if j.seen && !set[k] { // its row was counted as one that changes nothing
			d.out.unchanged--
		}
	}
}

// unresolved counts the employments that name a manager whom nobody is known by, or several are.
func unresolved(tx *db.Tx, src *Source, now time.Time) (n int, err error) {
	err = tx.QueryRow(`select count(distinct v.employment_id) `+waiting, src.ID, now).Scan(&n)
	return n, err
}

const waiting = `from employment_version v join employment e on e.id = v.employment_id
	where v.known_to = 'infinity' and v.manager_id is null and v.attrs ? 'manager' and e.source_id = $1 and e.row_hash is not null
	and v.valid_from <= $2 and v.valid_to > $2 and v.ends_at > $2 `

// Unmanaged is somebody who names a manager whom nobody is known by: the person, and the manager as HR wrote it.
type Unmanaged struct{ Number, Name, Manager string }

// Unresolved gives the first of a source's people who name a manager nobody is known by, or several are, by number. Their rows hold;
// the manager is tried again whenever people come or change.
func Unresolved(tx *db.Tx, src *Source, limit int) ([]Unmanaged, error) {
	rows, err := tx.Query(`select distinct e.source_key, coalesce(v.attrs->>'first_name', '') || ' ' || coalesce(v.attrs->>'last_name', ''), v.attrs->>'manager' `+
		waiting+`order by 1 limit $3`, src.ID, tx.Now, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Unmanaged])
}

func (d *differ) readManagers() (*managers, error) {
	f := &d.src.Spec.File
	m := &managers{by: f.ManagerBy, comma: f.NameFormat == source.LastFirst, of: make(map[string]string, len(d.read.Records)), index: map[string][]string{},
		known: func(n string) bool { return d.jobs[n] != nil || d.rows[n] != nil }}
	for i := range d.read.Records {
		r := &d.read.Records[i]
		if m.by == source.ByNumber || m.by == "" {
			m.of[r.Key] = r.ManagerRef
			continue
		}
		m.add(r.Key, r.ManagerRef, r.Attrs.Get("email"), r.Attrs.Get("first_name"), r.Attrs.Get("last_name"))
	}
	if f.Mode == source.Full {
		return m, nil
	}
	rows, err := d.tx.Query(`select e.source_key, coalesce(v.attrs->>'manager', ''), coalesce(v.attrs->>'email', ''),
			coalesce(v.attrs->>'first_name', ''), coalesce(v.attrs->>'last_name', '')
		from employment e join employment_version v on v.employment_id = e.id
		where e.source_id = $1 and v.known_to = 'infinity' and v.valid_from <= $2 and v.valid_to > $2`, d.src.ID, d.now)
	if err != nil {
		return nil, err
	}
	var key, ref, email, first, last string
	_, err = pgx.ForEachRow(rows, []any{&key, &ref, &email, &first, &last}, func() error {
		if _, stated := m.of[key]; !stated {
			m.add(key, ref, email, first, last)
		}
		return nil
	})
	return m, err
}

func (m *managers) add(key, ref, email, first, last string) {
	m.of[key] = ref
	var k string
	switch {
	case m.by == source.ByEmail:
		k = strings.ToLower(email)
	case m.by == source.ByName && m.comma:
		k = strings.ToLower(last + ", " + first)
	case m.by == source.ByName:
		k = strings.ToLower(first + " " + last)
	}
	if k != "" && !slices.Contains(m.index[k], key) {
		m.index[k] = append(m.index[k], key)
	}
}

// resolve gives the number of the person a reference means: "" when nobody is known under it, with a rule when several are.
func (m *managers) resolve(ref string) (number, rule string) {
	if ref == "" {
		return "", ""
	}
	if m.by == source.ByNumber || m.by == "" {
		if m.known(ref) {
			return ref, ""
		}
		return "", ""
	}
	switch found := m.index[strings.ToLower(ref)]; len(found) {
	case 0:
		return "", ""
	case 1:
		return found[0], ""
	default:
		return "", fmt.Sprintf("%q fits %d people (%s)", ref, len(found), strings.Join(found[:2], ", "))
	}
}

// circles gives everybody who is, over any number of steps, their own manager, with the circle in words, as far as somebody who
// changed is in the circle. One pass: each person is walked once.
func (m *managers) circles(changed []string) map[string]string {
	out := map[string]string{}
	mark := make(map[string]int, len(changed)) // the walk that saw a person
	walk := 0
	for _, k := range changed {
		if mark[k] == 0 {
			walk++
			m.walk(k, walk, mark, out)
		}
	}
	return out
}

// walk goes from one person up to the top, or to where an earlier walk was, or round.
func (m *managers) walk(k string, walk int, mark map[string]int, out map[string]string) {
	var path []string
	for k != "" && mark[k] == 0 {
		mark[k] = walk
		path = append(path, k)
		k, _ = m.resolve(m.of[k])
	}
	if k == "" || mark[k] != walk {
		return
	}
	circle := path[slices.Index(path, k):]
	words := circle
	if len(words) > 5 {
		words = append(slices.Clone(words[:4]), fmt.Sprintf("... (%d people)", len(circle)))
	}
	text := strings.Join(append(slices.Clone(words), k), " > ")
	for _, on := range circle {
		out[on] = text
	}
}
