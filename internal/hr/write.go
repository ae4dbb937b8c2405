package hr

import (
	"encoding/json"
	"slices"
	"time"

	"tenure/internal/db"
	"tenure/internal/identity"
)

// write stores the people whom a reading changes and gives them to lifecycle's Settle. Set-based, however many.
func write(tx *db.Tx, d *diff, jobs map[string]*job, src *Source, snapshot int) ([]*identity.Change, error) {
	if len(d.people) == 0 {
		return nil, nil
	}
	known, err := tx.Known()
	if err != nil {
		return nil, err
	}
	w := writer{tx: tx, d: d, jobs: jobs, src: src, snapshot: snapshot, known: known}
	for _, step := range []func() error{w.number, w.people, w.employments, w.units, w.versions, w.names} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return w.changes(), nil
}

type writer struct {
	tx       *db.Tx
	d        *diff
	jobs     map[string]*job
	src      *Source
	snapshot int
	known    time.Time
	fresh    []*person
	touches  map[*person]map[string]int
	unitIDs  map[string]int
}

func (w *writer) touch(p *person, table string, n int) {
	m := w.touches[p]
	if m == nil {
		m = make(map[string]int, 5)
		w.touches[p] = m
	}
	m[table] += n
}

// number reserves ids for what is new.
func (w *writer) number() error {
	w.touches = make(map[*person]map[string]int, len(w.d.people))
	newJobs := 0
	for _, p := range w.d.people {
		if p.id == 0 {
			w.fresh = append(w.fresh, p)
		}
		for _, t := range p.jobs {
			if t.id == 0 {
				newJobs++
			}
		}
	}
	who, err := w.tx.IDs("identity", len(w.fresh))
	if err != nil {
		return err
	}
	job0, err := w.tx.IDs("employment", newJobs)
	if err != nil {
		return err
	}
	for i, p := range w.fresh {
		p.id = who + i
	}
	for _, p := range w.d.people {
		for _, t := range p.jobs {
			if t.id != 0 {
				continue
			}
			t.id, t.isNew = job0, true
			job0++
			w.jobs[t.key] = &job{id: t.id, identity: p.id}
			for i := range p.versions {
				if p.versions[i].Employment == 0 && p.versions[i].Attrs["number"] == t.key {
					p.versions[i].Employment = t.id
				}
			}
		}
		for i := range p.versions {
			p.versions[i].Identity = p.id
		}
	}
	return nil
}

// people inserts new people, each with a key of their own for what is personal in the log.
func (w *writer) people() error {
	if len(w.fresh) == 0 {
		return nil
	}
	key0, err := w.tx.IDs("identity_key", len(w.fresh))
	if err != nil {
		return err
	}
	i := 0
	var bad error
	if _, err := w.tx.Copy("identity_key", []string{"id", "wrapped"}, func() ([]any, bool) {
		if i == len(w.fresh) || bad != nil {
			return nil, false
		}
		key, wrapped, err := w.tx.Wrapper().New(key0 + i)
		if err != nil {
			bad = err
			return nil, false
		}
		w.tx.UseKey(w.fresh[i].id, key)
		i++
		return []any{key0 + i - 1, wrapped}, true
	}); err != nil || bad != nil {
		return errOr(err, bad)
	}
	i = 0
	_, err = w.tx.Copy("identity", []string{"id", "state", "since", "name", "email", "number", "key_id"}, func() ([]any, bool) {
		if i == len(w.fresh) {
			return nil, false
		}
		p := w.fresh[i]
		i++
		v := identity.Main(p.versions, w.tx.Now)
		w.touch(p, "identity", 1)
		return []any{p.id, string(p.is), w.tx.Now, v.Attrs.Name(), text(v.Attrs["email"]), text(v.Attrs["number"]), key0 + i - 1}, true
	})
	return err
}

// employments inserts new ones and stores what was last stated of the others.
func (w *writer) employments() error {
	var fresh []*touched
	var ids []int
	var hashes [][]byte
	for _, p := range w.d.people {
		for _, t := range p.jobs {
			w.touch(p, "employment", 1)
			if t.isNew {
				fresh = append(fresh, t)
				continue
			}
			ids, hashes = append(ids, t.id), append(hashes, t.hash)
		}
	}
	i := 0
	if len(fresh) > 0 {
		if _, err := w.tx.Copy("employment", []string{"id", "identity_id", "source_id", "source_key", "row_hash"}, func() ([]any, bool) {
			if i == len(fresh) {
				return nil, false
			}
			t := fresh[i]
			i++
			return []any{t.id, t.person.id, w.src.ID, t.key, t.hash}, true
		}); err != nil {
			return err
		}
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := w.tx.Exec(`update employment e set row_hash = v.hash from unnest($1::int[], $2::bytea[]) v(id, hash) where e.id = v.id`, ids, hashes)
	return err
}

// units gives every department a row of the organisation.
func (w *writer) units() error {
	w.unitIDs = map[string]int{}
	var keys, names []string
	for _, p := range w.d.people {
		for _, t := range p.jobs {
			for i := range t.fresh {
				if k, name := unitOf(t.fresh[i].Attrs); k != "" {
					if _, ok := w.unitIDs[k]; !ok {
						w.unitIDs[k] = 0
						keys, names = append(keys, k), append(names, name)
					}
				}
			}
		}
	}
	if len(keys) == 0 {
		return nil
	}
	rows, err := w.tx.Query(`with wanted as (select * from unnest($1::text[], $2::text[]) v(key, name)),
		made as (insert into unit (key, name) select key, name from wanted on conflict (key) do update set name = excluded.name
			where unit.name <> excluded.name returning id, key)
		select id, key, true from made union all select u.id, u.key, false from unit u join wanted using (key)
			where not exists (select from made m where m.key = u.key)`, keys, names)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int
		var key string
		var written bool
		if err := rows.Scan(&id, &key, &written); err != nil {
			return err
		}
		w.unitIDs[key] = id
		if written {
			w.touch(w.d.people[0], "unit", 1)
		}
	}
	return rows.Err()
}

func unitOf(a identity.Attrs) (key, name string) {
	key, name = a["department_id"], a["department"]
	if key == "" {
		key = name
	}
	if name == "" {
		name = key
	}
	return key, name
}

// versions closes what is believed no longer and writes what is believed now.
func (w *writer) versions() error {
	var closed []int64
	type row struct {
		p *person
		t *touched
		v *identity.Version
	}
	var rows []row
	for _, p := range w.d.people {
		for _, t := range p.jobs {
			closed = append(closed, t.closed...)
			for i := range t.cut {
				rows = append(rows, row{p, t, &t.cut[i]})
			}
			for i := range t.fresh {
				v := &t.fresh[i]
				v.Snapshot = w.snapshot
				if k, _ := unitOf(v.Attrs); k != "" {
					v.Unit = w.unitIDs[k]
				}
				if i < len(t.managers) {
					v.Manager = 0
					if j := w.jobs[t.managers[i]]; j != nil && t.managers[i] != "" {
						v.Manager = j.identity
					}
				}
				rows = append(rows, row{p, t, v})
			}
			w.touch(p, "employment_version", len(t.closed)+len(t.cut)+len(t.fresh))
		}
	}
	if len(closed) > 0 {
		if _, err := w.tx.Exec(`update employment_version set known_to = $2 where id = any($1)`, closed, w.known); err != nil {
			return err
		}
	}
	i := 0
	_, err := w.tx.Copy("employment_version", []string{"employment_id", "identity_id", "status", "first_day", "last_day", "zone",
		"starts_at", "ends_at", "unit_id", "manager_id", "attrs", "snapshot_id", "valid_from", "valid_to", "known_from"},
		func() ([]any, bool) {
			if i == len(rows) {
				return nil, false
			}
			r := rows[i]
			i++
			v := r.v
			return []any{r.t.id, r.p.id, string(v.Status), v.FirstDay, v.LastDay, v.Zone, v.StartsAt, db.At(v.EndsAt), db.Null(v.Unit),
				db.Null(v.Manager), json.RawMessage(jsonOf(v.Attrs)), db.Null(v.Snapshot), v.ValidFrom, db.At(v.ValidTo), w.known}, true
		})
	return err
}

// names brings the searchable name, e-mail address and number of people who were here before up to date.
func (w *writer) names() error {
	var ids []int
	var names []string
	var emails, numbers []*string
	for _, p := range w.d.people {
		if p.row == nil {
			continue
		}
		v := identity.Main(p.versions, w.tx.Now)
		name, email, number := v.Attrs.Name(), text(v.Attrs["email"]), text(v.Attrs["number"])
		if name == p.row.Name && same(email, p.row.Email) && same(number, p.row.Number) {
			continue
		}
		ids, names, emails, numbers = append(ids, p.id), append(names, name), append(emails, email), append(numbers, number)
		w.touch(p, "identity", 1)
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := w.tx.Exec(`update identity i set name = v.name, email = v.email, number = v.number, version = version + 1
		from unnest($1::int[], $2::text[], $3::text[], $4::text[]) v(id, name, email, number) where i.id = v.id`, ids, names, emails, numbers)
	return err
}

// jobFact is what the event says of one employment; its attributes are personal and stand in the sealed part.
type jobFact struct {
	Employment int    `json:"m"`
	Status     string `json:"status"`
	Starts     string `json:"starts"`
	Ends       string `json:"ends,omitempty"`
	From       string `json:"from"`
	Unit       int    `json:"unit,omitempty"`
	Manager    int    `json:"manager,omitempty"`
}

func (w *writer) changes() []*identity.Change {
	out := make([]*identity.Change, 0, len(w.d.people))
	for _, p := range w.d.people {
		v := identity.Main(p.versions, w.tx.Now)
		c := &identity.Change{Person: p.id, Name: v.Attrs.Name(), Was: p.was, Versions: p.versions, Moved: p.moved, Touches: w.touches[p],
			Locked: p.row != nil && p.row.Locked()}
		var facts []jobFact
		var personal []identity.Attrs
		for _, t := range p.jobs {
			for i := range t.fresh {
				f := &t.fresh[i]
				facts = append(facts, jobFact{t.id, string(f.Status), stamp(f.StartsAt), stamp(f.EndsAt), stamp(f.ValidFrom), f.Unit, f.Manager})
				personal = append(personal, f.Attrs)
			}
		}
		c.Facts, c.Personal = facts, personal
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *identity.Change) int { return a.Person - b.Person })
	return out
}

func stamp(t time.Time) string {
	if !t.Before(db.Forever) {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func same(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }

func errOr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
