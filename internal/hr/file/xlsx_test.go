package file_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"tenure/internal/hr/file"
	"tenure/internal/hr/source"
)

func xlsx(m *source.Mapping) { m.Format = source.XLSX }

// book makes a workbook cell by cell, with the types and number formats a spreadsheet would give them.
func book(t *testing.T, fill func(f *excelize.File, set func(cell string, v any), style func(cell, format string))) []byte {
	t.Helper()
	f := excelize.NewFile()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	set := func(cell string, v any) { must(f.SetCellValue("Sheet1", cell, v)) }
	style := func(cell, format string) {
		id, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
		must(err)
		must(f.SetCellStyle("Sheet1", cell, cell, id))
	}
	for i, h := range []string{"nr", "first", "last", "from", "dept"} {
		set(string(rune('A'+i))+"1", h)
	}
	fill(f, set, style)
	var b bytes.Buffer
	must(f.Write(&b))
	return b.Bytes()
}

func TestXLSXCells(t *testing.T) {
	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	raw := book(t, func(f *excelize.File, set func(string, any), style func(string, string)) {
		row := func(n string, nr, from, dept any) {
			set("A"+n, nr)
			set("B"+n, "Ann")
			set("C"+n, "Lee")
			set("D"+n, from)
			set("E"+n, dept)
		}
		row("2", 17, day, "Sales")              // a number, a date cell
		row("3", 18, 45351, "Sales")            // a date shown day first, as a spreadsheet may
		style("D3", "dd/mm/yyyy")               //
		row("4", 19, "2024-02-29", 42)          // a date as text, a number as department
		row("5", 20, 45351, "Sales")            // a bare number: perhaps a date, perhaps not
		row("6", 21, 45351.75, true)            // a date with a time of day
		style("D6", "yyyy-mm-dd hh:mm")         //
		row("7", 22, "03/04/2026", "Sales")     // text of another format
		row("9", 7, day, "Sales")               // row 8 is empty; zeros by number format
		style("A9", "00000")                    //
		row("10", 123456789012345, day, "=1+1") // long number; text that looks like a formula
		row("11", 1234567890123, day, "Sales")  // long number shown short
		style("A11", "0.0E+00")                 //
		row("12", 23, 20240229, "Sales")        // a number that is no date of this format
		set("F12", " ")                         // a cell of spaces beyond the header
		row("13", 24, day, "Sales")             //
		set("H13", "stray")                     // a cell beyond the header
		row("14", 25, 2958465, "Sales")         // 9999-12-31
		style("D14", "yyyy-mm-dd")              //
		set("A15", 26)                          // a row of one cell
	})
	got := read(t, string(raw), mapping(xlsx))
	want := []string{
		"2 ok 17", "3 ok 18", "4 ok 19", "6 ok 21", "9 ok 00007", "10 ok 123456789012345", "11 ok 1234567890123",
		`5 first_day [20]: "45351" is not a date written YYYY-MM-DD`,
		`7 first_day [22]: "03/04/2026" is not a date written YYYY-MM-DD`,
		`12 first_day [23]: "20240229" is not a date written YYYY-MM-DD`,
		"13 row [24]: has 8 columns where the header has 5",
		`14 first_day [25]: "9999-12-31" has a year outside 1900-2200; if it stands for "no date", list it in null_values`,
		"15 first_day [26]: is required and empty; first_name: is required and empty; last_name: is required and empty",
	}
	if g, w := strings.Join(shape(got), "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
	for _, r := range got.Records {
		if r.FirstDay.String() != "2024-02-29" {
			t.Errorf("row %d: first day %s", r.Row, r.FirstDay)
		}
	}
	if d := got.Records[5].Attrs.Get("department"); d != "=1+1" {
		t.Errorf("a text like a formula is read as %q", d)
	}
}

func TestXLSXCountsDaysFrom1904WhereTheBookDoes(t *testing.T) {
	raw := book(t, func(f *excelize.File, set func(string, any), style func(string, string)) {
		yes := true
		if err := f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &yes}); err != nil {
			t.Fatal(err)
		}
		set("A2", 1)
		set("B2", "Ann")
		set("C2", "Lee")
		set("D2", 43889) // 45351 - 1462
		style("D2", "yyyy-mm-dd")
	})
	got := read(t, string(raw), mapping(xlsx))
	if len(got.Records) != 1 || got.Records[0].FirstDay.String() != "2024-02-29" {
		t.Errorf("%v %+v", shape(got), got.Records)
	}
}

func TestXLSXSheetHeaderAndTrailer(t *testing.T) {
	raw := book(t, func(f *excelize.File, set func(string, any), _ func(string, string)) {
		if _, err := f.NewSheet("Staff"); err != nil {
			t.Fatal(err)
		}
		for i, row := range []string{"Staff list", "", "nr,first,last,from,dept", "1,Ann,Lee,2020-01-31,Sales", "", "2,Bob,Ray,2020-01-31,Sales", "TRAILER,2"} {
			cell, _ := excelize.CoordinatesToCellName(1, i+1)
			cells := strings.Split(row, ",")
			if err := f.SetSheetRow("Staff", cell, &cells); err != nil {
				t.Fatal(err)
			}
		}
	})
	staff := func(m *source.Mapping) { m.Sheet, m.HeaderRow = "Staff", 3 }
	run(t, []rowCase{
		{"all right", string(raw), mapping(xlsx, staff, trailer), []string{"4 ok 1", "6 ok 2"}},
		{"no such sheet", string(raw), mapping(xlsx, func(m *source.Mapping) { m.Sheet = "People" }),
			[]string{`broken: the workbook has no sheet "People"; it has: "Sheet1 | Staff"`}},
		{"header only", string(raw), mapping(xlsx), []string{"broken: the file has a header and no rows"}},
		{"header row beyond the end", string(raw), mapping(xlsx, staff, func(m *source.Mapping) { m.HeaderRow = 99 }),
			[]string{"broken: the file has no header: row 99 and all after it are empty"}},
	})
	if got := readWith(t, string(raw), mapping(xlsx, staff, trailer), file.ReadOptions{DeclaredRows: 3}); got.Broken == "" {
		t.Error("another number of rows was declared, and the file was taken")
	}
}

func TestXLSXCutIsBroken(t *testing.T) {
	rows := [][]string{{"nr", "first", "last", "from", "dept"}}
	for range 50 {
		rows = append(rows, []string{string(rune('A' + len(rows))), "Ann", "Lee", "2020-01-31", "Sales"})
	}
	raw := workbook(t, rows)
	for n := 0; n < len(raw); n += 1 + len(raw)/200 {
		if got := read(t, string(raw[:n]), mapping(xlsx)); got.Broken == "" {
			t.Errorf("cut at byte %d of %d: %v", n, len(raw), shape(got)[:1])
		}
	}
	for _, part := range []string{"xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"} {
		if got := read(t, string(withPartCut(t, raw, part)), mapping(xlsx)); !strings.Contains(got.Broken, part) {
			t.Errorf("%s cut before packing: %v", part, shape(got))
		}
	}
	for name, text := range map[string]string{"CSV": head + ann, "PDF": "%PDF-1.7", "old Excel": "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"} {
		if got := read(t, text, mapping(xlsx)); got.Broken == "" {
			t.Errorf("%s as workbook: %v", name, shape(got))
		}
	}
}

// withPartCut packs the workbook again with one part cut in half: a sound ZIP file of a cut sheet.
func withPartCut(t *testing.T, raw []byte, part string) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	for _, f := range in.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name == part {
			content = content[:len(content)/2]
		}
		w, err := out.Create(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestXLSXUnpacksNoMoreThanTheLimit(t *testing.T) {
	raw := workbook(t, [][]string{{"nr", "first", "last", "from", "dept"}, {"1", "Ann", "Lee", "2020-01-31", strings.Repeat("x", 30_000)}})
	if got := read(t, string(raw), mapping(xlsx, func(m *source.Mapping) { m.Limits.MaxBytes = 20_000 })); got.Broken == "" {
		t.Errorf("a workbook of %d bytes was unpacked beyond 20000: %v", len(raw), shape(got))
	}
}
