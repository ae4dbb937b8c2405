package hr

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/hr/source"
	"tenure/internal/identity"
)

// touched is one employment that a reading changes.
type touched struct {
	key    string
	id     int // 0: new
	isNew  bool
	person *person
	hash   []byte // nil for an absent one
	from   time.Time
	fresh  []identity.Version // what is believed from `from` on
	cut    []identity.Version
	closed []int64
	rows   []source.Record
	waited bool // not stated anew: only the manager, whom nobody was known by, is known now
	// managers holds the number of the manager of each fresh version that names one, "" when it is nobody known.
	managers []string
}

// person is one person whom a reading changes.
type person struct {
	id       int // 0: new
	row      *identity.Person
	was, is  identity.State
	old      []identity.Version
	versions []identity.Version // after the change
	jobs     []*touched
	moved    map[int]bool
	movedNew bool // a move now or on a later day
	leaves   bool // now or on a day newly set
}

// diff is what a reading changes.
type diff struct {
	people    []*person
	rejects   []source.Reject
	unchanged int
	known     int // people of the source who were here before: the base of the brake's percentages
	deferred  int // leavers by absence that are not believed, because rows without a number may be them
}

// differ compares a reading with what is believed.
type differ struct {
	tx    *db.Tx
	src   *Source
	now   time.Time
	read  *source.Reading
	jobs  map[string]*job
	rows  map[string][]source.Record
	lines timeline
	out   *diff
}

// compare reads the hashes of everything the source said before and looks closer only at what differs.
func (d *differ) compare() (*diff, error) {
	d.out = &diff{rejects: slices.Clone(d.read.Rejects)}
	d.lines = timeline{spec: &d.src.Spec, now: d.now, zones: map[string]*time.Location{}}
	if err := d.loadJobs(); err != nil {
		return nil, err
	}
	if err := d.passOver(); err != nil {
		return nil, err
	}
	keys, gone := d.changedKeys()
	if len(keys)+len(gone) == 0 {
		return d.out, nil
	}
	m, err := d.readManagers()
	if err != nil {
		return nil, err
	}
	waited, err := d.waited(m, gone)
	if err != nil {
		return nil, err
	}
	olds, err := d.load(slices.Concat(keys, gone, waited))
	if err != nil {
		return nil, err
	}
	d.touch(keys, gone, olds)
	d.join(waited, olds)
	d.manage(m)
	d.weigh()
	d.out.known, err = d.present()
	return d.out, err
}

// changedKeys gives the employments that the reading states differently, in the order of the file, and those it no longer
// names, sorted.
func (d *differ) changedKeys() (keys, gone []string) {
	d.rows = make(map[string][]source.Record, max(0, len(d.read.Records)-len(d.jobs)))
	for i := range d.read.Records {
		r := &d.read.Records[i]
		j := d.jobs[r.Key]
		if j != nil && !j.seen && r.Effective.IsZero() && bytes.Equal(j.hash, r.Hash[:]) {
			j.seen = true
			d.out.unchanged++
			continue
		}
		if _, ok := d.rows[r.Key]; !ok {
			keys = append(keys, r.Key)
		}
		d.rows[r.Key] = append(d.rows[r.Key], *r)
	}
	keys = slices.DeleteFunc(keys, func(k string) bool {
		j := d.jobs[k]
		if j == nil {
			return false
		}
		if j.seen { // the first of several rows was taken for the whole
			d.rows[k] = d.allRows(k)
			d.out.unchanged--
		}
		j.seen = true
		if bytes.Equal(j.hash, combined(d.rows[k])) {
			delete(d.rows, k)
			d.out.unchanged++
			return true
		}
		return false
	})
	for _, r := range d.read.Rejects {
		if j := d.jobs[r.Key]; j != nil {
			j.seen = true
		}
	}
	f := &d.src.Spec.File
	if f.Mode == source.Full && f.Leavers != source.ByEndDate {
		for k, j := range d.jobs {
			if !j.seen && j.hash != nil {
				gone = append(gone, k)
			}
		}
		slices.Sort(gone)
		// A row whose number cannot be read may be any of them: absence is not believed then.
		if d.read.UnreadableKeys > 0 {
			d.out.deferred, gone = len(gone), nil
		}
	}
	return keys, gone
}

func (d *differ) allRows(key string) []source.Record {
	var out []source.Record
	for _, r := range d.read.Records {
		if r.Key == key {
			out = append(out, r)
		}
	}
	return out
}

// combined is the hash of an employment's rows: the row's own for one, of all of them for several.
func combined(rows []source.Record) []byte {
	if len(rows) == 1 {
		return rows[0].Hash[:]
	}
	all := make([]string, len(rows))
	for i := range rows {
		all[i] = string(rows[i].Hash[:])
	}
	slices.Sort(all)
	h := sha256.Sum256([]byte(strings.Join(all, "")))
	return h[:16]
}

// load locks the people concerned and reads what is believed about them, all their employments.
func (d *differ) load(keys []string) (map[int]*person, error) {
	set := map[int]bool{}
	for _, k := range keys {
		if j := d.jobs[k]; j != nil {
			set[j.identity] = true
		}
	}
	links, err := d.links()
	if err != nil {
		return nil, err
	}
	for _, id := range links {
		set[id] = true
	}
	ids := slices.Sorted(maps.Keys(set))
	if err := identity.Lock(d.tx, ids); err != nil {
		return nil, err
	}
	people, err := identity.People(d.tx, ids)
	if err != nil {
		return nil, err
	}
	versions, err := identity.Versions(d.tx, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[int]*person, len(ids))
	for id, row := range people {
		out[id] = &person{id: id, row: row, was: row.State, old: versions[id]}
	}
	for key, id := range links {
		if d.jobs[key] == nil {
			d.jobs[key] = &job{identity: id}
		}
	}
	return out, nil
}

// links finds, for new rows that name a person, the person who is known under that key.
func (d *differ) links() (map[string]int, error) {
	want := map[string][]string{}
	for k, rows := range d.rows {
		if p := rows[0].Person; p != "" && d.jobs[k] == nil {
			if j := d.jobs[p]; j != nil {
				want[p] = append(want[p], k)
				continue
			}
			want[p] = append(want[p], k)
		}
	}
	out := map[string]int{}
	if len(want) == 0 {
		return out, nil
	}
	rows, err := d.tx.Query(`select distinct on (k) k, identity_id from (
			select attrs->>'person' k, identity_id from employment_version where known_to = 'infinity' and attrs->>'person' = any($1)
			union all select source_key, identity_id from employment where source_id = $2 and source_key = any($1)) s order by k, identity_id`,
		slices.Sorted(maps.Keys(want)), d.src.ID)
	if err != nil {
		return nil, err
	}
	var k string
	var id int
	_, err = pgx.ForEachRow(rows, []any{&k, &id}, func() error {
		for _, key := range want[k] {
			out[key] = id
		}
		return nil
	})
	return out, err
}

// touch builds the new belief about every employment that changed and puts it to its person.
func (d *differ) touch(keys, gone []string, olds map[int]*person) {
	fresh := map[string]*person{} // new people by person key
	for _, k := range keys {
		rows := d.rows[k]
		t := &touched{key: k, rows: rows, hash: combined(rows)}
		var old []identity.Version
		if j := d.jobs[k]; j != nil {
			t.id, t.person = j.id, olds[j.identity]
			old = of(t.person.old, j.id)
			if rej := reused(&rows[0], old, d.now); rej != nil {
				d.out.rejects = append(d.out.rejects, *rej)
				continue
			}
		} else {
			who := rows[0].Person
			if who == "" {
				who = k
			}
			if t.person = fresh[who]; t.person == nil {
				t.person = &person{}
				fresh[who] = t.person
			}
		}
		var rej *source.Reject
		if t.fresh, t.from, rej = d.lines.build(rows, old); rej != nil {
			d.out.rejects = append(d.out.rejects, *rej)
			continue
		}
		_, t.cut, t.closed = splice(old, t.from)
		d.add(t)
	}
	for _, k := range gone {
		j := d.jobs[k]
		t := &touched{key: k, id: j.id, person: olds[j.identity], from: d.now}
		old := of(t.person.old, j.id)
		t.fresh = absent(old, d.now)
		_, t.cut, t.closed = splice(old, d.now)
		d.add(t)
	}
}

// add puts what changes about an employment to its person.
func (d *differ) add(t *touched) {
	p := t.person
	if len(p.jobs) == 0 {
		d.out.people = append(d.out.people, p)
	}
	p.jobs = append(p.jobs, t)
}

// of gives one employment's versions.
func of(all []identity.Version, employment int) []identity.Version {
	var out []identity.Version
	for _, v := range all {
		if v.Employment == employment && employment != 0 {
			out = append(out, v)
		}
	}
	return out
}

// reused says whether a row gives a known number to somebody else: two of first name, birth or hire date and last name differ.
func reused(r *source.Record, old []identity.Version, now time.Time) *source.Reject {
	if len(old) == 0 {
		return nil
	}
	v := at(old, now)
	differs := 0
	for _, n := range []string{"first_name", "last_name"} {
		if !strings.EqualFold(r.Attrs.Get(n), v.Attrs[n]) {
			differs++
		}
	}
	if a, b := r.Attrs.Get(source.BirthDate), v.Attrs[source.BirthDate]; a != "" && b != "" {
		if a != b {
			differs++
		}
	} else if r.FirstDay.String() != v.FirstDay.Format(time.DateOnly) {
		differs++
	}
	if differs < 2 {
		return nil
	}
	return &source.Reject{Row: r.Row, Key: r.Key, Field: source.ColumnNumber,
		Rule: fmt.Sprintf("number %s belongs to %s; this row looks like another person (two of first name, birth or hire date and last name differ)",
			r.Key, v.Attrs.Name())}
}
