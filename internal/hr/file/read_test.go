package file_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"maps"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/unicode"

	"tenure/internal/hr/file"
	"tenure/internal/hr/hrtest"
	"tenure/internal/hr/source"
)

// mapping is the plain mapping of these tests; every test changes what it is about.
func mapping(change ...func(*source.Mapping)) *source.Mapping {
	m := &source.Mapping{Dates: "YYYY-MM-DD", Columns: map[string]string{
		"number": "nr", "first_name": "first", "last_name": "last", "first_day": "from", "department": "dept"}}
	for _, c := range change {
		c(m)
	}
	return m
}

// column maps one more column.
func column(name, header string) func(*source.Mapping) {
	return func(m *source.Mapping) {
		m.Columns = maps.Clone(m.Columns)
		m.Columns[name] = header
	}
}

const head = "nr,first,last,from,dept\n"

func read(t testing.TB, text string, m *source.Mapping) *source.Reading {
	t.Helper()
	return readWith(t, text, m, file.ReadOptions{})
}

func readWith(t testing.TB, text string, m *source.Mapping, opt file.ReadOptions) *source.Reading {
	t.Helper()
	got, err := file.Read(context.Background(), strings.NewReader(text), m, opt)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestCSVPassesTheSuite(t *testing.T) {
	for name, c := range map[string]struct {
		comma  rune
		encode func(string) string
		change func(*source.Mapping)
	}{
		"comma, UTF-8":        {',', func(s string) string { return s }, func(*source.Mapping) {}},
		"semicolon, UTF-16LE": {';', func(s string) string { return utf16(s, unicode.LittleEndian) }, func(m *source.Mapping) { m.Delimiter, m.Encoding = ";", "utf-16le" }},
		"tab, UTF-8 with BOM": {'\t', func(s string) string { return "\ufeff" + s }, func(m *source.Mapping) { m.Delimiter = "tab" }},
	} {
		t.Run(name, func(t *testing.T) {
			m := suiteMapping()
			c.change(m)
			hrtest.Run(t, func(rows []hrtest.Row) (*source.Reading, error) {
				var b bytes.Buffer
				w := csv.NewWriter(&b)
				w.Comma = c.comma
				for _, cells := range table(rows) {
					_ = w.Write(cells) // into memory
				}
				w.Flush()
				return file.Read(context.Background(), strings.NewReader(c.encode(b.String())), m, file.ReadOptions{})
			})
		})
	}
}

func TestXLSXPassesTheSuite(t *testing.T) {
	m := suiteMapping()
	m.Format = source.XLSX
	hrtest.Run(t, func(rows []hrtest.Row) (*source.Reading, error) {
		return file.Read(context.Background(), bytes.NewReader(workbook(t, table(rows))), m, file.ReadOptions{})
	})
}

func suiteMapping() *source.Mapping {
	m := &source.Mapping{Dates: "YYYY-MM-DD", Columns: map[string]string{}}
	for _, c := range hrtest.Columns {
		m.Columns[c] = "column " + c
	}
	return m
}

func table(rows []hrtest.Row) [][]string {
	all := make([][]string, 1, len(rows)+1)
	for _, c := range hrtest.Columns {
		all[0] = append(all[0], "column "+c)
	}
	for _, r := range rows {
		var cells []string
		for _, c := range hrtest.Columns {
			cells = append(cells, r[c])
		}
		all = append(all, cells)
	}
	return all
}

func workbook(t testing.TB, rows [][]string) []byte {
	t.Helper()
	f := excelize.NewFile()
	for i, cells := range rows {
		for j, c := range cells {
			name, _ := excelize.CoordinatesToCellName(j+1, i+1)
			if err := f.SetCellStr("Sheet1", name, c); err != nil {
				t.Fatal(err)
			}
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func utf16(s string, order unicode.Endianness) string {
	out, err := unicode.UTF16(order, unicode.IgnoreBOM).NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return out
}
