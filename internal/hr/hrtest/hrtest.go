// Package hrtest is the conformance suite of HR sources: what package hr relies on, whatever a source reads from. An
// adapter shows the suite how to make its source state given rows and read them once; the suite does the rest.
package hrtest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"

	"tenure/internal/hr/source"
)

// Row is one row that a source is made to state: texts by name. The suite uses number, person, first_day, last_day,
// zone, status, manager, first_name, last_name, email and department; dates are written YYYY-MM-DD, and a status is one
// of the words of package source. A name that is missing is an empty value.
type Row map[string]string

// Columns are the names the suite uses, for adapters that need a header.
var Columns = []string{"number", "person", "first_day", "last_day", "zone", "status", "manager", "first_name", "last_name",
	"email", "department"}

// Reader makes a source state exactly these rows, in this order, and reads it once. It gives an error only when that
// cannot be done; what is wrong with the rows belongs in the reading.
type Reader func(rows []Row) (*source.Reading, error)

// Run checks one source against everything package hr relies on.
func Run(t *testing.T, read Reader) {
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			if err := c.run(read); err != nil {
				t.Error(err)
			}
		})
	}
}

type check struct {
	name string
	run  func(Reader) error
}

var checks = []check{
	{"states every field", everyField},
	{"same rows twice give the same reading", sameTwice},
	{"order does not matter", orderDoesNotMatter},
	{"one change changes one hash", oneChange},
	{"texts are normalised", normalised},
	{"hostile text stays text", hostileText},
	{"a bad row costs that row", badRows},
	{"a number given twice costs both rows", duplicates},
	{"rows without a readable number are counted", unreadableKeys},
	{"no rows is a broken reading", noRows},
}

// people makes n good rows, numbered from 100.
func people(n int) []Row {
	rows := make([]Row, n)
	for i := range rows {
		nr := strconv.Itoa(100 + i)
		rows[i] = Row{"number": nr, "first_name": "Ann" + nr, "last_name": "Example", "first_day": "2020-01-31",
			"email": "ann" + nr + "@example.org", "department": "Sales", "manager": "100"}
	}
	return rows
}

func with(r Row, name, value string) Row {
	c := maps.Clone(r)
	c[name] = value
	return c
}

// take reads and checks what holds for every reading.
func take(read Reader, rows []Row) (*source.Reading, error) {
	got, err := read(rows)
	if err != nil {
		return nil, err
	}
	if got.Broken != "" {
		return nil, fmt.Errorf("the reading is broken: %s", got.Broken)
	}
	if got.Rows != len(rows) || len(got.Records)+len(got.Rejects) != got.Rows {
		return nil, fmt.Errorf("%d rows were stated; %d seen, %d records and %d rejects", len(rows), got.Rows, len(got.Records), len(got.Rejects))
	}
	if got.SHA256 == [32]byte{} {
		return nil, fmt.Errorf("the reading has no hash")
	}
	var h source.Hasher
	for i, r := range got.Records {
		if r.Key == "" || r.Row < 1 || r.Hash != h.Sum(&r) {
			return nil, fmt.Errorf("record %d has no key, no row or not its hash: %+v", i, r)
		}
	}
	for _, r := range got.Rejects {
		if r.Row < 1 || r.Field == "" || r.Rule == "" || r.FieldOnly {
			return nil, fmt.Errorf("a reject does not name row, field and rule: %+v", r)
		}
	}
	return got, nil
}

func byKey(r *source.Reading) map[string]source.Record {
	m := map[string]source.Record{}
	for _, rec := range r.Records {
		m[rec.Key] = rec
	}
	return m
}

func everyField(read Reader) error {
	row := Row{"number": "007", "person": "p-1", "first_day": "2024-02-29", "last_day": "2025-12-31", "zone": "Pacific/Auckland",
		"status": source.StatusLeave, "manager": "100", "first_name": "Zoë", "last_name": "O'Neil, Jr.", "email": "zoe@example.org",
		"department": "R&D"}
	got, err := take(read, []Row{row})
	if err != nil {
		return err
	}
	if len(got.Rejects) > 0 {
		return fmt.Errorf("rejected: %+v", got.Rejects)
	}
	r := got.Records[0]
	have := Row{"number": r.Key, "person": r.Person, "first_day": r.FirstDay.String(), "last_day": r.LastDay.String(), "zone": r.Zone,
		"status": r.Status, "manager": r.ManagerRef}
	for _, name := range []string{"first_name", "last_name", "email", "department"} {
		have[name] = r.Attrs.Get(name)
	}
	if !maps.Equal(have, row) {
		return fmt.Errorf("stated %v, read %v", row, have)
	}
	return nil
}

func sameTwice(read Reader) error {
	a, err := take(read, people(20))
	if err != nil {
		return err
	}
	b, err := take(read, people(20))
	if err != nil {
		return err
	}
	if a.SHA256 != b.SHA256 {
		return fmt.Errorf("the same bytes have two hashes")
	}
	for i := range a.Records {
		if a.Records[i].Hash != b.Records[i].Hash || a.Records[i].Key != b.Records[i].Key || a.Records[i].Row != b.Records[i].Row {
			return fmt.Errorf("record %d differs: %+v and %+v", i, a.Records[i], b.Records[i])
		}
	}
	return nil
}

func orderDoesNotMatter(read Reader) error {
	rows := people(20)
	a, err := take(read, rows)
	if err != nil {
		return err
	}
	slices.Reverse(rows)
	b, err := take(read, rows)
	if err != nil {
		return err
	}
	other := byKey(b)
	for _, r := range a.Records {
		if other[r.Key].Hash != r.Hash {
			return fmt.Errorf("%s has another hash in another row", r.Key)
		}
	}
	return nil
}

func oneChange(read Reader) error {
	rows := people(20)
	before, err := take(read, rows)
	if err != nil {
		return err
	}
	for name, value := range map[string]string{"department": "Finance", "last_day": "2030-01-01", "manager": "101",
		"status": source.StatusLeave, "zone": "Europe/Berlin", "person": "x", "first_day": "2020-02-01", "email": ""} {
		changed := slices.Clone(rows)
		changed[7] = with(rows[7], name, value)
		after, err := take(read, changed)
		if err != nil {
			return err
		}
		was := byKey(before)
		for _, r := range after.Records {
			if differs := was[r.Key].Hash != r.Hash; differs != (r.Key == "107") {
				return fmt.Errorf("after a change of %s of 107, %s differs: %v", name, r.Key, differs)
			}
		}
		if before.SHA256 == after.SHA256 {
			return fmt.Errorf("a change of %s does not change the reading's hash", name)
		}
	}
	return nil
}

func normalised(read Reader) error {
	plain := with(people(1)[0], "last_name", "Zo\u00eb")
	for what, v := range map[string]string{"decomposed": "Zoe\u0308", "spaces": "  Zo\u00eb ", "no-break space": "Zo\u00eb\u00a0"} {
		a, err := take(read, []Row{plain})
		if err != nil {
			return err
		}
		b, err := take(read, []Row{with(plain, "last_name", v)})
		if err != nil {
			return err
		}
		if len(a.Records)*len(b.Records) != 1 || a.Records[0].Hash != b.Records[0].Hash {
			return fmt.Errorf("%s: %+v and %+v are not the same", what, a.Records, b.Records)
		}
	}
	return nil
}

func hostileText(read Reader) error {
	for _, text := range []string{"=cmd|' /C calc'!A0", "@SUM(1+1)", "+1", "-2+3", "<img src=x onerror=alert(1)>", "{{.}}", "${jndi:x}",
		"'; drop table identity; --", `back\slash "quoted"`, "a\r\nBcc: all@example.org", "tab\there", "%s%n", "0", "null", "NaN"} {
		got, err := take(read, []Row{with(people(1)[0], "department", text)})
		if err != nil {
			return err
		}
		if len(got.Records) != 1 || !sameText(got.Records[0].Attrs.Get("department"), text) {
			return fmt.Errorf("%q is read as %+v, rejects %+v", text, got.Records, got.Rejects)
		}
	}
	return nil
}

// sameText allows a source to keep a line break in its own form.
func sameText(a, b string) bool {
	line := func(s string) string {
		out := []rune{}
		for _, c := range s {
			if c != '\r' {
				out = append(out, c)
			}
		}
		return string(out)
	}
	return line(a) == line(b)
}

func badRows(read Reader) error {
	for _, c := range []struct{ field, value string }{
		{"first_day", "2023-02-29"}, {"first_day", "31.12.2020"}, {"first_day", "0000-00-00"}, {"first_day", "9999-12-31"},
		{"last_day", "2020-01-30"}, {"last_day", "tomorrow"}, {"zone", "Mars/Olympus"}, {"status", "gone fishing"},
		{"department", "Sa\u200bles"}, {"department", "Sa\u202eles"}, {"department", "Sa\ufffdles"}, {"email", "a b@example.org"},
	} {
		rows := people(5)
		rows[2] = with(rows[2], c.field, c.value)
		got, err := take(read, rows)
		if err != nil {
			return fmt.Errorf("%s %q: %w", c.field, c.value, err)
		}
		if len(got.Rejects) != 1 || got.Rejects[0].Field != c.field || got.Rejects[0].Key != "102" || got.UnreadableKeys != 0 {
			return fmt.Errorf("%s %q of 102 gives rejects %+v", c.field, c.value, got.Rejects)
		}
	}
	return nil
}

func duplicates(read Reader) error {
	for _, again := range []string{"A17", "a17", "A 17"} {
		rows := append(people(3), with(people(1)[0], "number", "A17"), with(people(1)[0], "number", again))
		got, err := take(read, rows)
		if err != nil {
			return err
		}
		if len(got.Records) != 3 || len(got.Rejects) != 2 || got.Rejects[0].Key != "A17" || got.Rejects[1].Key != again {
			return fmt.Errorf("A17 and %s give %d records and rejects %+v", again, len(got.Records), got.Rejects)
		}
	}
	return nil
}

func unreadableKeys(read Reader) error {
	for _, number := range []string{"", "1.2E+05", "1\u200b7", "\uff11\uff17"} {
		rows := people(4)
		rows[1] = with(rows[1], "number", number)
		got, err := take(read, rows)
		if err != nil {
			return fmt.Errorf("number %q: %w", number, err)
		}
		if len(got.Records) != 3 || got.UnreadableKeys != 1 || got.Rejects[0].Key != "" || got.Rejects[0].Field != source.ColumnNumber {
			return fmt.Errorf("number %q gives %d records, %d unreadable, rejects %+v", number, len(got.Records), got.UnreadableKeys, got.Rejects)
		}
	}
	return nil
}

func noRows(read Reader) error {
	got, err := read(nil)
	if err != nil {
		return err
	}
	if got.Broken == "" || len(got.Records) > 0 {
		return fmt.Errorf("a source without rows gives %+v: it would make everybody a leaver", got)
	}
	return nil
}
