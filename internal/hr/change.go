package hr

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
)

// FieldChange is one value of a person that a run changes.
type FieldChange struct {
	Field string `json:"field"`
	Old   string `json:"old,omitempty"`
	New   string `json:"new,omitempty"`
	From  string `json:"from,omitempty"` // a later day on which it is so; "" is the run's own
}

// PersonChange is what a run does to one person.
type PersonChange struct {
	N        int // its place in the run
	Identity int // 0: not here yet
	Ref      string
	Number   string
	Name     string
	Class    string // joiner, mover, leaver, return, updated
	Later    string // "leaves" or "moves" on a later day
	Fields   []FieldChange

	person *person
}

// Classes are those of a run, in the order of its page.
var Classes = []string{"leaver", "mover", "joiner", "return", "updated"}

// keptChanges is up to how many people of an applied run are kept one by one; a first load is told by the log. All of a held
// run are kept.
const keptChanges = 5000

// changes puts what a reading does to people into words that can be kept, those who leave first.
func (d *differ) changes() ([]PersonChange, error) {
	names, err := d.managerNames()
	if err != nil {
		return nil, err
	}
	out := make([]PersonChange, 0, len(d.out.people))
	for _, p := range d.out.people {
		c := PersonChange{Identity: p.id, Class: d.out.class(p), person: p}
		if p.row != nil {
			c.Name = p.row.Name
			if p.row.Number != nil {
				c.Number = *p.row.Number
			}
		} else if v := identity.Main(p.versions, d.now); v != nil {
			c.Name, c.Number = v.Attrs.Name(), v.Attrs["number"]
		}
		switch {
		case p.id != 0 && p.leaves && c.Class != "leaver":
			c.Later = "leaves"
		case p.id != 0 && !p.leaves && p.movedNew && c.Class != "mover":
			c.Later = "moves"
		}
		for _, t := range p.jobs {
			c.Fields = append(c.Fields, d.fields(p, t, names)...)
		}
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(a, b PersonChange) int {
		if n := slices.Index(Classes, a.Class) - slices.Index(Classes, b.Class); n != 0 {
			return n
		}
		return compare(a.Name+a.Number, b.Name+b.Number)
	})
	for i := range out {
		out[i].N = i + 1
	}
	return out, nil
}

// fields compares what was believed of one employment with what is stated now.
func (d *differ) fields(p *person, t *touched, names map[int]string) []FieldChange {
	if len(t.fresh) == 0 {
		return nil
	}
	was := map[string]string{}
	if old := of(p.old, t.id); len(old) > 0 {
		v := at(old, d.now)
		was = valuesOf(&v, names, "")
	}
	var out []FieldChange
	for i := range t.fresh {
		v := &t.fresh[i]
		ref := ""
		if i < len(t.managers) {
			ref = t.managers[i]
		}
		is := valuesOf(v, names, ref)
		later := ""
		if v.ValidFrom.After(d.now) {
			later = v.ValidFrom.Format(time.DateOnly)
		}
		keys := map[string]bool{}
		for k := range was {
			keys[k] = true
		}
		for k := range is {
			keys[k] = true
		}
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			if was[k] != is[k] {
				out = append(out, FieldChange{Field: k, Old: was[k], New: is[k], From: later})
			}
		}
		was = is
	}
	return out
}

// valuesOf gives what a version says, by field, as people read it.
func valuesOf(v *identity.Version, names map[int]string, managerRef string) map[string]string {
	out := map[string]string{"first day": v.FirstDay.Format(time.DateOnly), "status": string(v.Status), "zone": v.Zone}
	for k, s := range v.Attrs {
		if k != "number" && k != "person" && s != "" {
			out[k] = s
		}
	}
	switch {
	case v.LastDay != nil:
		out["last day"] = v.LastDay.Format(time.DateOnly)
	case v.EndsAt.Before(db.Forever):
		out["ends"] = v.EndsAt.UTC().Format("2006-01-02 15:04 UTC")
	}
	switch {
	case v.Manager != 0:
		out["manager"] = names[v.Manager]
	case managerRef != "":
		out["manager"] = managerRef
	}
	return out
}

// managerNames reads the names of all managers, old and new, of whom a reading changes, at once.
func (d *differ) managerNames() (map[int]string, error) {
	set := map[int]bool{}
	for _, p := range d.out.people {
		for _, all := range [][]identity.Version{p.old, p.versions} {
			for i := range all {
				if m := all[i].Manager; m != 0 {
					set[m] = true
				}
			}
		}
	}
	out := make(map[int]string, len(set))
	if len(set) == 0 {
		return out, nil
	}
	rows, err := d.tx.Query(`select id, name from identity where id = any($1)`, slices.Sorted(maps.Keys(set)))
	if err != nil {
		return nil, err
	}
	var id int
	var name string
	_, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error { out[id] = name; return nil })
	return out, err
}

// ErrMoved says that a release would do something else than its releaser looked at.
var ErrMoved = errs.Conflict("what this run would do is no longer what you looked at: people or the rules have changed meanwhile. Look at it again before you release it")

// contentOf is the hash of what a run does: a release of something else than was looked at is refused.
func contentOf(all []PersonChange) []byte {
	h := sha256.New()
	for i := range all {
		c := &all[i]
		fmt.Fprintf(h, "%d\x00%s\x00%s\x00%s\x00%s\x00", c.Identity, c.Number, c.Class, c.Later, jsonOf(c.Fields))
	}
	return h.Sum(nil)
}

// keepChanges stores what a run does to each person, in place of what was stored of it before.
func keepChanges(tx *db.Tx, run int, all []PersonChange) error {
	if _, err := tx.Exec(`delete from run_change where snapshot_id = $1`, run); err != nil {
		return err
	}
	if len(all) == 0 {
		return nil
	}
	i := 0
	_, err := tx.Copy("run_change", []string{"snapshot_id", "n", "identity_id", "number", "name", "class", "later", "fields"}, func() ([]any, bool) {
		if i == len(all) {
			return nil, false
		}
		c := &all[i]
		i++
		fields := c.Fields
		if fields == nil {
			fields = []FieldChange{}
		}
		return []any{run, c.N, db.Null(c.Identity), c.Number, c.Name, c.Class, c.Later, jsonOf(fields)}, true
	})
	return err
}

// ChangeFilter says which people of a run a list shows.
type ChangeFilter struct {
	Class string // "" for all
	After int    // the place of the last one of the page before
	Limit int
}

// Changes gives people of a run with what it does to them.
func Changes(tx *db.Tx, run int, f ChangeFilter) ([]PersonChange, error) {
	rows, err := tx.Query(`select c.n, coalesce(c.identity_id, 0), coalesce(i.public_id::text, ''), c.number, c.name, c.class, c.later, c.fields
		from run_change c left join identity i on i.id = c.identity_id where c.snapshot_id = $1 and ($2 = '' or c.class = $2) and c.n > $3
		order by c.n limit $4`, run, f.Class, f.After, f.Limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (c PersonChange, err error) {
		var fields []byte
		if err = r.Scan(&c.N, &c.Identity, &c.Ref, &c.Number, &c.Name, &c.Class, &c.Later, &fields); err != nil {
			return c, err
		}
		return c, json.Unmarshal(fields, &c.Fields)
	})
}

// CountChanges counts the people of a run that are kept one by one, by class.
func CountChanges(tx *db.Tx, run int) (map[string]int, error) {
	rows, err := tx.Query(`select class, count(*) from run_change where snapshot_id = $1 group by 1`, run)
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	var class string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&class, &n}, func() error { out[class] = n; return nil })
	return out, err
}
