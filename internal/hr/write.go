package hr

import (
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
	if err := w.tx.Bulk("identity_key", []string{"id", "wrapped"}, len(w.fresh), func(i int, r *db.Row) error {
		key, wrapped, err := w.tx.Wrapper().New(key0 + i)
		if err != nil {
			return err
		}
		w.tx.UseKey(w.fresh[i].id, key)
		r.Int(key0 + i)
		r.Bytes(wrapped)
		return nil
	}); err != nil {
		return err
	}
	// The public id is made here and not by the column's default: with a volatile default the server writes row by row.
	return w.tx.Bulk("identity", []string{"id", "public_id", "state", "since", "name", "email", "number", "key_id"}, len(w.fresh),
		func(i int, r *db.Row) error {
			p := w.fresh[i]
			v := identity.Main(p.versions, w.tx.Now)
			w.touch(p, "identity", 1)
			r.Int(p.id)
			r.NewUUID()
			r.Text(string(identity.StateAt(p.versions, w.tx.Now)))
			r.Time(w.tx.Now)
			r.Text(v.Attrs.Name())
			r.TextOrNull(v.Attrs["email"])
			r.TextOrNull(v.Attrs["number"])
			r.Int(key0 + i)
			return nil
		})
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
	if err := w.tx.Bulk("employment", []string{"id", "identity_id", "source_id", "source_key", "row_hash"}, len(fresh), func(i int, r *db.Row) error {
		t := fresh[i]
		r.Int(t.id)
		r.Int(t.person.id)
		r.Int(w.src.ID)
		r.Text(t.key)
		r.Bytes(t.hash)
		return nil
	}); err != nil {
		return err
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
	var attrs []byte
	return w.tx.Bulk("employment_version", []string{"employment_id", "identity_id", "status", "first_day", "last_day", "zone",
		"starts_at", "ends_at", "unit_id", "manager_id", "attrs", "snapshot_id", "valid_from", "valid_to", "known_from"}, len(rows),
		func(i int, r *db.Row) error {
			v := rows[i].v
			attrs = v.Attrs.AppendJSON(attrs[:0])
			r.Int(rows[i].t.id)
			r.Int(rows[i].p.id)
			r.Text(string(v.Status))
			r.Date(&v.FirstDay)
			r.Date(v.LastDay)
			r.Text(v.Zone)
			r.Time(v.StartsAt)
			r.Time(v.EndsAt)
			r.ID(v.Unit)
			r.ID(v.Manager)
			r.JSON(attrs)
			r.ID(v.Snapshot)
			r.Time(v.ValidFrom)
			r.Time(v.ValidTo)
			r.Time(w.known)
			return nil
		})
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

func (w *writer) changes() []*identity.Change {
	out := make([]*identity.Change, 0, len(w.d.people))
	for _, p := range w.d.people {
		v := identity.Main(p.versions, w.tx.Now)
		c := &identity.Change{Person: p.id, Name: v.Attrs.Name(), Was: p.was, Versions: p.versions, Moved: p.moved, Touches: w.touches[p],
			Locked: p.row != nil && p.row.Locked()}
		facts, personal := make(jobFacts, 0, len(p.jobs)), make(jobAttrs, 0, len(p.jobs))
		for _, t := range p.jobs {
			for i := range t.fresh {
				f := &t.fresh[i]
				facts = append(facts, jobFact{t.id, string(f.Status), stamp(f.StartsAt), stamp(f.EndsAt), stamp(f.ValidFrom), f.Unit, f.Manager})
				personal = append(personal, f.Attrs)
			}
		}
		if p.row == nil {
			c.Stored = identity.StateAt(p.versions, w.tx.Now)
		}
		c.Facts, c.Personal = facts, personal
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *identity.Change) int { return a.Person - b.Person })
	return out
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func same(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }
