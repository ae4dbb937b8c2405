package hrtest

import (
	"bytes"
	"context"
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"tenure/internal/hr/file"
	"tenure/internal/hr/source"
)

// sound reads rows by way of a CSV file.
func sound(rows []Row) (*source.Reading, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	m := &source.Mapping{Dates: "YYYY-MM-DD", Columns: map[string]string{}}
	for _, c := range Columns {
		m.Columns[c] = c
	}
	_ = w.Write(Columns) // into memory
	for _, r := range rows {
		var cells []string
		for _, c := range Columns {
			cells = append(cells, r[c])
		}
		_ = w.Write(cells)
	}
	w.Flush()
	return file.Read(context.Background(), &b, m, file.ReadOptions{})
}

// The suite is worth something only if a source with a fault fails it: each fault here is found by the check it is for.
func TestSuiteFindsFaults(t *testing.T) {
	var h source.Hasher
	damage := func(f func(*source.Reading)) Reader {
		return func(rows []Row) (*source.Reading, error) {
			got, err := sound(rows)
			if err == nil {
				f(got)
			}
			return got, err
		}
	}
	each := func(f func(*source.Record)) Reader {
		return damage(func(got *source.Reading) {
			for i := range got.Records {
				f(&got.Records[i])
				got.Records[i].Hash = h.Sum(&got.Records[i])
			}
		})
	}
	n := byte(0)
	for _, c := range []struct {
		fault, check string
		read         Reader
	}{
		{"loses the zone", "states every field", each(func(r *source.Record) { r.Zone = "" })},
		{"hashes by the clock", "same rows twice give the same reading", damage(func(r *source.Reading) { n++; r.SHA256[0] = n })},
		{"keeps the row in the record", "order does not matter", each(func(r *source.Record) { r.Person += strings.Repeat("x", r.Row) })},
		{"does not see a new manager", "one change changes one hash", each(func(r *source.Record) { r.ManagerRef = "" })},
		{"does not compose letters", "texts are normalised", func(rows []Row) (*source.Reading, error) {
			rows = slices.Clone(rows)
			for i, r := range rows {
				rows[i] = with(r, "last_name", strings.ReplaceAll(r["last_name"], "e\u0308", "e"))
			}
			return sound(rows)
		}},
		{"escapes on the way in", "hostile text stays text", each(func(r *source.Record) {
			m := r.Attrs.Map()
			m["department"] = strings.ReplaceAll(m["department"], "<", "&lt;")
			r.Attrs = source.NewAttrs(m)
		})},
		{"forgets whose row was rejected", "a bad row costs that row", damage(func(r *source.Reading) {
			for i := range r.Rejects {
				r.Rejects[i].Key = ""
			}
		})},
		{"hides a reject", "a bad row costs that row", damage(func(r *source.Reading) { r.Rejects = nil })},
		{"keeps the first of two", "a number given twice costs both rows", func(rows []Row) (*source.Reading, error) {
			seen := map[string]bool{}
			return sound(slices.DeleteFunc(slices.Clone(rows), func(r Row) bool {
				was := seen[r["number"]]
				seen[r["number"]] = true
				return was
			}))
		}},
		{"does not count unreadable numbers", "rows without a readable number are counted", damage(func(r *source.Reading) { r.UnreadableKeys = 0 })},
		{"takes nothing for nobody", "no rows is a broken reading", damage(func(r *source.Reading) { r.Broken = "" })},
	} {
		i := slices.IndexFunc(checks, func(k check) bool { return k.name == c.check })
		if i < 0 {
			t.Fatalf("there is no check %q", c.check)
		}
		if err := checks[i].run(c.read); err == nil {
			t.Errorf("a source that %s passes %q", c.fault, c.check)
		}
	}
	for _, c := range checks {
		if err := c.run(sound); err != nil {
			t.Errorf("the sound source fails %q: %v", c.name, err)
		}
	}
}
