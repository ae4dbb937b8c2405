package file_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"tenure/internal/errs"
	"tenure/internal/hr/file"
	"tenure/internal/hr/source"
)

func replaceAll(s, old, new string) string { return strings.ReplaceAll(s, old, new) }

func trailer(m *source.Mapping) {
	m.Trailer = &source.Trailer{StartsWith: "TRAILER", CountColumn: 2}
}

func delta(m *source.Mapping) {
	m.Mode = source.Delta
	m.Columns["last_day"] = "dept"
}

func TestAFileThatIsNotWholeGivesNothing(t *testing.T) {
	run(t, []rowCase{
		{"empty", "", nil, []string{"broken: the file is empty"}},
		{"byte order mark only", "\ufeff", nil, []string{"broken: the file has no header: row 1 and all after it are empty"}},
		{"line breaks only", "\n\r\n\n", nil, []string{"broken: the file has no header: row 1 and all after it are empty"}},
		{"header only", head, nil, []string{"broken: the file has a header and no rows"}},
		{"header cut", "nr,first,la", nil, []string{`broken: the header in row 1 has no columns "dept", "from", "last"; it has: "nr | first | la"`}},
		{"a column is missing", "nr,first,last,from\n1,Ann,Lee,2020-01-31\n", nil,
			[]string{`broken: the header in row 1 has no column "dept"; it has: "nr | first | last | from"`}},
		{"a header of another case", "NR,first,last,from,dept\n" + ann, nil,
			[]string{`broken: the header in row 1 has no column "nr"; it has: "NR | first | last | from | dept"`}},
		{"a column twice", "nr,first,last,from,dept,dept\n" + ann, nil, []string{`broken: the header in row 1 has more than one column "dept"`}},
		{"no header at all", ann + bob, nil,
			[]string{`broken: the header in row 1 has no columns "dept", "first", "from", "last", "nr"; it has: "1 | Ann | Lee | 2020-01-31 | Sales"`}},
		{"quote in the header", "nr,\"first,last,from,dept\n" + ann, nil, []string{"broken: the header in row 1 opens a quote that is never closed"}},
		{"header in row 3", "Staff list\nas of \"today\n" + head + ann, mapping(func(m *source.Mapping) { m.HeaderRow = 3 }), []string{"4 ok 1"}},
		{"header row beyond the end", head + ann, mapping(func(m *source.Mapping) { m.HeaderRow = 9 }),
			[]string{"broken: the file has no header: row 9 and all after it are empty"}},
	})
}

func TestTrailer(t *testing.T) {
	inFirst := mapping(trailer, func(m *source.Mapping) { m.Trailer.CountColumn = 1 })
	run(t, []rowCase{
		{"right", head + ann + bob + "TRAILER,2\n", mapping(trailer), []string{"2 ok 1", "3 ok 2"}},
		{"right, quoted, padded, lines after", head + ann + "\"TRAILER\",\" 1 \",,,\n\n,,,,\n", mapping(trailer), []string{"2 ok 1"}},
		{"count beside the word", head + ann + "TRAILER: 1\n", mapping(trailer, func(m *source.Mapping) { *m.Trailer = source.Trailer{StartsWith: "TRAILER:", CountColumn: 1} }),
			[]string{"2 ok 1"}},
		{"counts rejected rows too", head + ann + "2,Bob\nTRAILER,2\n", mapping(trailer), []string{"2 ok 1", "3 row [2]: has 2 columns where the header has 5"}},
		{"missing", head + ann + bob, mapping(trailer), []string{`broken: the file ends after 2 rows without the trailer "TRAILER" that counts them: it may be cut`}},
		{"counts more", head + ann + bob + "TRAILER,20\n", mapping(trailer), []string{"broken: the trailer in row 4 counts 20 rows and the file has 2: it may be cut"}},
		{"counts fewer", head + ann + bob + "TRAILER,1", mapping(trailer), []string{"broken: the trailer in row 4 counts 1 rows and the file has 2: it may be cut"}},
		{"without count", head + ann + "TRAILER,\n", mapping(trailer), []string{"broken: the trailer in row 3 has no number of rows in column 2; the file has 1"}},
		{"word only", head + ann + "TRAILER", inFirst, []string{"broken: the trailer in row 3 has no number of rows in column 1; the file has 1"}},
		{"rows after it", head + ann + "TRAILER,1\n" + bob, mapping(trailer), []string{"broken: row 3 is the trailer and more rows follow it: the file may be put together of several"}},
		{"a broken one before it", head + ann + "TRAILER,1,\"x\"y\nTRAILER,2\n", mapping(trailer),
			[]string{"broken: row 3 is the trailer and more rows follow it: the file may be put together of several"}},
		{"an open quote before it", head + "1,\"Ann,Lee,2020-01-31,Sales\nTRAILER,1\n", mapping(trailer),
			[]string{"broken: row 2 opens a quote that is never closed, so the file may be cut after 1 rows"}},
		{"no rows", head + "TRAILER,0\n", mapping(trailer), []string{"broken: the file has a header and no rows"}},
		{"no rows in a delta that says so", head + "TRAILER,0\n", mapping(delta, trailer), nil},
		{"no rows in a delta that does not", head, mapping(delta), []string{"broken: the file has a header and no rows"}},
		{"no rows in a delta without its trailer", head, mapping(delta, trailer), []string{"broken: the file has a header and no rows"}},
	})
}

func TestDeclaredRows(t *testing.T) {
	must := mapping(func(m *source.Mapping) { m.RowCount = true })
	for _, c := range []struct {
		text     string
		m        *source.Mapping
		declared int
		broken   string
	}{
		{head + ann + bob, mapping(), 2, ""},
		{head + ann + bob, must, 2, ""},
		{head + ann + bob, mapping(), 3, "3 rows were declared and the file has 2: it may be cut"},
		{head + ann + bob, mapping(), 1, "1 rows were declared and the file has 2: it may be cut"},
		{head, mapping(), 2, "2 rows were declared and the file has 0: it may be cut"},
		{head + ann + bob, must, 0, "this source wants the number of rows stated with each file, and none was; the file has 2"},
		{head + ann + strings.TrimSuffix(bob, "es\n"), mapping(), 2, "the last row has no line break at its end, so it may be cut (2 rows declared, 2 seen)"},
		{head + ann + "2,\"Bob,Ray\nx\n", mapping(), 3, "row 3 opens a quote that is never closed, so the file may be cut after 3 rows"},
	} {
		got := readWith(t, c.text, c.m, file.ReadOptions{DeclaredRows: c.declared})
		if got.Broken != c.broken || (got.Broken != "" && len(got.Records)+len(got.Rejects) > 0) {
			t.Errorf("%q with %d rows declared: %q, %v", c.text, c.declared, got.Broken, shape(got))
		}
	}
}

// thousand is a file of 1,000 rows with everything that can make a cut look like an end: quotes, line breaks in cells,
// numbers that are beginnings of others.
func thousand() string {
	var b strings.Builder
	b.WriteString(head)
	for i := range 1000 {
		fmt.Fprintf(&b, "%d,Ann,\"Lee \"\"%d\"\"\nTRAILER,%d\",2020-01-31,Größe\r\n", i+1, i, i)
	}
	return b.String()
}

func TestEveryCutIsFound(t *testing.T) {
	withTrailer := mapping(trailer)
	text := thousand()
	full := text + "TRAILER,1000\r\n"
	if got := read(t, full, withTrailer); len(got.Records) != 1000 {
		t.Fatalf("the whole file gives %d records, %q", len(got.Records), got.Broken)
	}
	cut := func(n int) {
		if got := read(t, full[:n], withTrailer); got.Broken == "" || len(got.Records) > 0 {
			t.Errorf("cut at byte %d of %d: %d records", n, len(full), len(got.Records))
		}
		if n >= len(text)-1 { // nothing of the last row is gone
			return
		}
		if got := readWith(t, text[:n], mapping(), file.ReadOptions{DeclaredRows: 1000}); got.Broken == "" || len(got.Records) > 0 {
			t.Errorf("cut at byte %d of %d, with 1000 rows declared: %d records", n, len(text), len(got.Records))
		}
	}
	for n := 0; n < len(full)-300; n += len(full) / 500 {
		cut(n)
	}
	for n := len(full) - 300; n < len(full)-2; n++ {
		cut(n)
	}
}

func TestReadFailsWhereTheFileIsNotToBlame(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := file.Read(ctx, strings.NewReader(head+ann), mapping(), file.ReadOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context gives %v", err)
	}
	broken := io.MultiReader(strings.NewReader(head+ann), iotest.ErrReader(io.ErrUnexpectedEOF))
	if got, err := file.Read(context.Background(), broken, mapping(), file.ReadOptions{}); !errors.Is(err, io.ErrUnexpectedEOF) || got != nil {
		t.Errorf("a reader that fails gives %v, %v", got, err)
	}
	small := mapping(func(m *source.Mapping) { m.Limits.MaxBytes = 30 })
	if _, err := file.Read(context.Background(), strings.NewReader(head+ann), small, file.ReadOptions{}); errs.KindOf(err) != errs.KindInvalid {
		t.Errorf("a file above the limit gives %v", err)
	}
	if _, err := file.Read(context.Background(), strings.NewReader(head+ann), &source.Mapping{}, file.ReadOptions{}); errs.KindOf(err) != errs.KindInvalid {
		t.Errorf("an empty mapping gives %v", err)
	}
}

// The reference feed: 18 yearly snapshots. The counts are those of its lines without the header, counted with wc.
func TestEmployeesFeed(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "..", "shared", "data", "hr", "employees")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the reference feed is not here: " + err.Error())
	}
	m := &source.Mapping{Dates: "YYYY-MM-DD", Columns: map[string]string{"number": "employee_no", "first_name": "first_name",
		"last_name": "last_name", "first_day": "hire_date", "department_id": "dept_no", "department": "department", "title": "title",
		"manager": "manager_no"}}
	rows := []int{554, 1221, 1878, 2531, 3109, 3754, 4372, 4996, 5541, 6129, 6647, 7246, 7750, 8181, 8615, 8423, 8207, 8064}
	for i, want := range rows {
		name := fmt.Sprintf("%d-12-31.csv", 1985+i)
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		got := readWith(t, string(raw), m, file.ReadOptions{DeclaredRows: want})
		if got.Broken != "" || got.Rows != want || len(got.Records) != want || len(got.Rejects) > 0 {
			t.Errorf("%s: %d rows, %d records, rejects %v, %s", name, got.Rows, len(got.Records), got.Rejects, got.Broken)
			continue
		}
		lines := strings.Split(string(raw), "\n")
		for _, r := range got.Records { // no cell of this feed is quoted, so a line can be put together again
			again := strings.Join([]string{r.Key, r.Attrs.Get("first_name"), r.Attrs.Get("last_name"), r.FirstDay.String(),
				r.Attrs.Get("department_id"), r.Attrs.Get("department"), r.Attrs.Get("title"), r.ManagerRef}, ",")
			if again != strings.TrimSuffix(lines[r.Row-1], "\r") {
				t.Fatalf("%s row %d is %q, read as %q", name, r.Row, lines[r.Row-1], again)
			}
		}
	}
}
