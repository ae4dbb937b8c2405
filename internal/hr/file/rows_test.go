package file_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tenure/internal/hr/source"
)

// shape writes a reading so that a case can say in one line what it wants: keys of the records, then each reject.
func shape(r *source.Reading) []string {
	var out []string
	for _, rec := range r.Records {
		out = append(out, fmt.Sprintf("%d ok %s", rec.Row, rec.Key))
	}
	for _, rej := range r.Rejects {
		out = append(out, fmt.Sprintf("%d %s [%s]: %s", rej.Row, rej.Field, rej.Key, rej.Rule))
	}
	if r.Broken != "" {
		out = append(out, "broken: "+r.Broken)
	}
	return out
}

type rowCase struct {
	name, text string
	m          *source.Mapping
	want       []string
}

func run(t *testing.T, cases []rowCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := c.m
			if m == nil {
				m = mapping()
			}
			got := read(t, c.text, m)
			if d := cmp.Diff(c.want, shape(got)); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
			if got.Broken == "" && got.Rows != len(got.Records)+len(got.Rejects) {
				t.Errorf("%d rows are not %d records and %d rejects", got.Rows, len(got.Records), len(got.Rejects))
			}
		})
	}
}

const (
	ann = "1,Ann,Lee,2020-01-31,Sales\n"
	bob = "2,Bob,Ray,2020-01-31,Sales\n"
	cyd = "3,Cyd,Moe,2020-01-31,Sales\n"
)

func TestOneBadRowCostsThatRow(t *testing.T) {
	run(t, []rowCase{
		{"plain", head + ann + bob, nil, []string{"2 ok 1", "3 ok 2"}},
		{"no line break at the end", head + ann + strings.TrimSpace(bob), nil, []string{"2 ok 1", "3 ok 2"}},
		{"LF, CRLF and CR mixed", strings.ReplaceAll(head, "\n", "\r\n") + strings.ReplaceAll(ann, "\n", "\r") + bob + strings.ReplaceAll(cyd, "\n", "\r\n"),
			nil, []string{"2 ok 1", "3 ok 2", "4 ok 3"}},
		{"empty lines and lines of empty cells", head + "\n" + ann + ",,,,\n\r\n  \n" + bob + "\n\n", nil, []string{"3 ok 1", "7 ok 2"}},
		{"too few columns", head + "1,Ann,Lee,2020-01-31\n" + bob, nil, []string{"3 ok 2", "2 row [1]: has 4 columns where the header has 5"}},
		{"too many columns", head + ann + "2,Bob,Ray,Jr,2020-01-31,Sales\n" + cyd, nil,
			[]string{"2 ok 1", "4 ok 3", "3 row [2]: has 6 columns where the header has 5"}},
		{"number not in the first column", "first,nr,last,from,dept\nAnn,1,Lee,2020-01-31\nBob,2,Ray,2020-01-31,Sales\n", nil,
			[]string{"3 ok 2", "2 row []: has 4 columns where the header has 5"}},
		{"quote never closed", head + "1,\"Ann,Lee,2020-01-31,Sales\n" + bob + cyd, nil,
			[]string{"3 ok 2", "4 ok 3", "2 first_name [1]: opens a quote that is never closed"}},
		{"quote closed by the next row's", head + "1,\"Ann,Lee,2020-01-31,Sales\n2,\"Bob\",Ray,2020-01-31,Sales\n" + cyd, nil,
			[]string{"3 ok 2", "4 ok 3", "2 first_name [1]: has a quote inside a quoted cell that is not doubled, or a quote that is not closed on its line"}},
		{"quote not doubled", head + "1,\"Ann \"X\" Y\",Lee,2020-01-31,Sales\n" + bob, nil,
			[]string{"3 ok 2", "2 first_name [1]: has a quote inside a quoted cell that is not doubled, or a quote that is not closed on its line"}},
		{"lines counted over a quoted cell", head + "1,Ann,\"Lee\n\r\nx\",2020-01-31,Sales\n" + bob + "3\n", nil,
			[]string{"2 ok 1", "5 ok 2", "6 row [3]: has 1 columns where the header has 5"}},
		{"required cells empty", head + "1,, ,2020-01-31,\n" + bob, nil,
			[]string{"3 ok 2", "2 first_name [1]: is required and empty; last_name: is required and empty"}},
		{"number empty", head + " ,Ann,Lee,2020-01-31,Sales\n" + bob, nil, []string{"3 ok 2", "2 number []: is required and empty"}},
		{"NUL byte", head + "1,A\x00nn,Lee,2020-01-31,Sales\n" + bob, nil,
			[]string{"3 ok 2", "2 first_name [1]: holds a NUL byte: check the encoding of the export"}},
		{"control character", head + "1,A\x07nn,Lee,2020-01-31,Sales\n2,Bob,R\u0085ay,2020-01-31,Sales\n" + cyd, nil,
			[]string{"4 ok 3", "2 first_name [1]: holds the control character U+0007", "3 last_name [2]: holds the control character U+0085"}},
		{"NUL in a column that is not mapped", "nr,first,last,from,dept,note\n1,Ann,Lee,2020-01-31,Sales,\x00\n2,Bob,Ray,2020-01-31,Sales,\n", nil,
			[]string{"3 ok 2", "2 note [1]: holds a NUL byte: check the encoding of the export"}},
		{"lost letter", head + "1,Ann,L\ufffde,2020-01-31,Sales\n" + bob, nil,
			[]string{"3 ok 2", "2 last_name [1]: holds U+FFFD, the mark of a letter that was lost before this file was written"}},
		{"spreadsheet error", head + "1,Ann,Lee,2020-01-31,#N/A\n" + bob, nil,
			[]string{"3 ok 2", "2 department [1]: is the spreadsheet error #N/A, not a value"}},
		{"field above the limit", head + "1,Ann,Lee,2020-01-31," + strings.Repeat("x", 101) + "\n" + bob + "3,Cyd," + strings.Repeat("y", 100) + ",2020-01-31,Sales\n",
			mapping(func(m *source.Mapping) { m.Limits.MaxFieldBytes = 100 }),
			[]string{"3 ok 2", "4 ok 3", "2 department [1]: is longer than 100 bytes"}},
		{"field of 10 MB, quoted, over lines", head + "1,Ann,Lee,2020-01-31,\"" + strings.Repeat("9,E,E,2020-01-31,S\n", 600_000) + "\"\n" + bob, nil,
			[]string{"600003 ok 2", "2 department [1]: is longer than 65536 bytes"}},
	})
}

func TestNumbers(t *testing.T) {
	row := func(nr string) string { return nr + ",Ann,Lee,2020-01-31,Sales\n" }
	const exponent = " is a number in a spreadsheet's exponent form, its digits are lost: format the column as text and export again"
	run(t, []rowCase{
		{"same number twice", head + row("17") + bob + row(" 17 "), nil,
			[]string{"3 ok 2", "2 number [17]: number 17 is also in row 4", "4 number [17]: number 17 is also in row 2"}},
		{"same number three times", head + row("17") + row("17") + row("17"), nil,
			[]string{"2 number [17]: number 17 is also in row 3", "3 number [17]: number 17 is also in row 2", "4 number [17]: number 17 is also in row 2"}},
		{"case and spaces", head + row("A 1") + row("a1") + bob, nil,
			[]string{"4 ok 2", `2 number [A 1]: number "A 1" differs only by case or spaces from "a1" in row 3`,
				`3 number [a1]: number "a1" differs only by case or spaces from "A 1" in row 2`}},
		{"the other row is unreadable", head + row("17") + "17,Ann,Lee,soon,Sales\n", nil,
			[]string{"2 number [17]: number 17 is also in row 3", `3 first_day [17]: "soon" is not a date written YYYY-MM-DD`}},
		{"leading zeros are another number", head + row("017") + row("17"), nil, []string{"2 ok 017", "3 ok 17"}},
		{"exponents", head + row("1.2E+05") + row(`"1,2E+05"`) + row("1E+11") + row("12E5") + row("E17"), nil,
			[]string{"5 ok 12E5", "6 ok E17", `2 number []: "1.2E+05"` + exponent, `3 number []: "1,2E+05"` + exponent, `4 number []: "1E+11"` + exponent}},
		{"invisible character", head + row("1\u200b7") + row("\u200e17") + row("1\u00a07"), nil,
			[]string{"2 number []: holds the invisible character U+200B", "3 number []: holds the invisible character U+200E",
				"4 number []: holds the invisible character U+00A0"}},
		{"full-width digits", head + row("１７"), nil,
			[]string{`2 number []: "１７" is written with special forms of characters, such as full-width digits, that look like others`}},
		{"Cyrillic А before Latin B", head + row("АB17"), nil,
			[]string{`2 number []: "АB17" mixes Latin letters with letters of another alphabet that look the same`}},
		{"line break in a number", head + row("\"1\n7\""), nil, []string{"2 number []: holds a tab or a line break"}},
		{"case differs, and so does the day", "nr,first,last,from,dept,asof\na1,Ann,Lee,2020-01-31,Sales,2024-01-01\nA1,Ann,Lee,2020-01-31,Legal,2025-01-01\n",
			mapping(column("effective", "asof")),
			[]string{`2 number [a1]: number "a1" differs only by case or spaces from "A1" in row 3`,
				`3 number [A1]: number "A1" differs only by case or spaces from "a1" in row 2`}},
		{"same number from another day", "nr,first,last,from,dept,asof\n1,Ann,Lee,2020-01-31,Sales,2024-01-01\n1,Ann,Lee,2020-01-31,Legal,2025-01-01\n1,Ann,Lee,2020-01-31,IT,2025-01-01\n",
			mapping(column("effective", "asof")),
			[]string{"2 ok 1", "3 number [1]: number 1 is also in row 4", "4 number [1]: number 1 is also in row 3"}},
	})
}

func TestDates(t *testing.T) {
	row := func(nr, from, to string) string { return nr + ",Ann,Lee," + from + ",Sales," + to + "\n" }
	h := "nr,first,last,from,dept,to\n"
	until := mapping(column("last_day", "to"))
	nulls := mapping(column("last_day", "to"), func(m *source.Mapping) { m.NullValues = []string{"0000-00-00", "9999-12-31"} })
	us := mapping(column("last_day", "to"), func(m *source.Mapping) { m.Dates = "MM/DD/YYYY" })
	run(t, []rowCase{
		{"open end", h + row("1", "2020-01-31", ""), until, []string{"2 ok 1"}},
		{"end on the first day", h + row("1", "2020-01-31", "2020-01-31"), until, []string{"2 ok 1"}},
		{"end before start", h + row("1", "2020-01-31", "2020-01-30"), until, []string{"2 last_day [1]: 2020-01-30 is before first_day 2020-01-31"}},
		{"29 February", h + row("1", "2024-02-29", "") + row("2", "2023-02-29", "") + row("3", "1900-02-29", "") + row("4", "2000-02-29", ""), until,
			[]string{"2 ok 1", "5 ok 4", `3 first_day [2]: "2023-02-29" does not exist: 2023 is no leap year (dates are read as YYYY-MM-DD)`,
				`4 first_day [3]: "1900-02-29" does not exist: 1900 is no leap year (dates are read as YYYY-MM-DD)`}},
		{"zeros without null_values", h + row("1", "2020-01-31", "0000-00-00"), until,
			[]string{`2 last_day [1]: "0000-00-00" is no date; if it stands for "no date", list it in null_values`}},
		{"far future without null_values", h + row("1", "2020-01-31", "9999-12-31"), until,
			[]string{`2 last_day [1]: "9999-12-31" has a year outside 1900-2200; if it stands for "no date", list it in null_values`}},
		{"null_values", h + row("1", "2020-01-31", "0000-00-00") + row("2", "2020-01-31", "9999-12-31"), nulls, []string{"2 ok 1", "3 ok 2"}},
		{"null value where a date is required", h + row("1", "0000-00-00", ""), nulls, []string{`2 first_day [1]: is required and says "no date"`}},
		{"day and month as stated", h + row("1", "03/04/2026", "") + row("2", "13/04/2026", ""), us,
			[]string{"2 ok 1", `3 first_day [2]: "13/04/2026" is no day of the calendar when read as MM/DD/YYYY`}},
		{"a birth date is not repeated in the message", "nr,first,last,from,dept,born\n1,Ann,Lee,2020-01-31,Sales,1990-02-30\n", mapping(column("birth_date", "born")),
			[]string{"2 birth_date [1]: the date is no day of the calendar when read as YYYY-MM-DD"}},
	})
	got := read(t, h+row("1", "03/04/2026", ""), us)
	if day := got.Records[0].FirstDay.String(); day != "2026-03-04" {
		t.Errorf("03/04/2026 as MM/DD/YYYY is %s", day)
	}
}

func TestZonesAndStatus(t *testing.T) {
	h := "nr,first,last,from,dept,x\n"
	row := func(nr, x string) string { return nr + ",Ann,Lee,2020-01-31,Sales," + x + "\n" }
	status := mapping(column("status", "x"))
	words := mapping(column("status", "x"), func(m *source.Mapping) {
		m.StatusValues = map[string]string{"Aktiv": "active", "Ruht": "leave", "": "active"}
	})
	run(t, []rowCase{
		{"zones", h + row("1", "Europe/Berlin") + row("2", "CET+1") + row("3", "") + row("4", "Local"), mapping(column("zone", "x")),
			[]string{"2 ok 1", "4 ok 3", `3 zone [2]: "CET+1" is no IANA time zone, such as Europe/Berlin`, `5 zone [4]: "Local" is no IANA time zone, such as Europe/Berlin`}},
		{"status in our words", h + row("1", "leave") + row("2", "") + row("3", "Leave"), status,
			[]string{"2 ok 1", "3 ok 2", `4 status [3]: "Leave" is none of active, leave, left, rescinded: map the file's words in status_values`}},
		{"status in the file's words", h + row("1", "Ruht") + row("2", "") + row("3", "active"), words,
			[]string{"2 ok 1", "3 ok 2", `4 status [3]: "active" is not in status_values`}},
	})
	got := read(t, h+row("1", "Ruht")+row("2", ""), words)
	if got.Records[0].Status != source.StatusLeave || got.Records[1].Status != source.StatusActive {
		t.Errorf("status is read as %q and %q", got.Records[0].Status, got.Records[1].Status)
	}
}

func TestUnreadableRowsThatMayHideOthersAreCounted(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       int
	}{
		{"all numbers readable", head + "1,Ann\n" + bob, 0},
		{"no number", head + ",Ann,Lee,2020-01-31,Sales\n" + bob, 1},
		{"a quote swallows a row and closes by chance", head + "1,\"Ann,Lee,2020-01-31,Sales\n2,Bob,Ray,2020-01-31\",Sales\n" + cyd, 1},
	} {
		if got := read(t, c.text, mapping()).UnreadableKeys; got != c.want {
			t.Errorf("%s: %d unreadable numbers, want %d", c.name, got, c.want)
		}
	}
}

func TestNobodyIsWrittenIntoTheFileByACommentField(t *testing.T) {
	evil := "\"x\n9,Eve,Evil,2020-01-31,Board\n\""
	for _, text := range []string{
		head + "1,Ann,Lee,2020-01-31," + evil + "\n",
		head + "1,Ann,Lee,soon," + evil + "\n",
		head + "1,Ann,Lee,2020-01-31," + evil + ",too many\n",
		head + "1,Ann,Lee,2020-01-31,\"x\n9,Eve,Evil,2020-01-31,Board\n" + strings.Repeat("x", 70_000) + "\"\n",
	} {
		for _, r := range read(t, text, mapping()).Records {
			if r.Key == "9" {
				t.Errorf("a person came out of a comment in %.80q", text)
			}
		}
	}
}
