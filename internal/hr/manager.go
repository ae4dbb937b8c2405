package hr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

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

// manage works out the managers of what changed. A reference to nobody is kept as text and tried again when somebody new
// comes; one that closes a circle or fits several people is set aside with its row, and the row goes on without a manager.
func (d *differ) manage() error {
	m, err := d.readManagers()
	if err != nil {
		return err
	}
	circles := m.circles(d.out.people)
	for _, p := range d.out.people {
		for _, t := range p.jobs {
			if len(t.rows) == 0 {
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
				if rule != "" {
					d.out.rejects = append(d.out.rejects, source.Reject{Row: t.rows[0].Row, Key: t.key, Field: source.ColumnManager,
						Rule: rule, FieldOnly: true})
				}
			}
		}
	}
	slices.SortStableFunc(d.out.rejects, func(a, b source.Reject) int { return a.Row - b.Row })
	return nil
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
func (m *managers) circles(changed []*person) map[string]string {
	out := map[string]string{}
	mark := make(map[string]int, len(changed)) // the walk that saw a person
	walk := 0
	for _, p := range changed {
		for _, t := range p.jobs {
			if mark[t.key] == 0 {
				walk++
				m.walk(t.key, walk, mark, out)
			}
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
