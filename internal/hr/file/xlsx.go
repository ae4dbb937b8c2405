package file

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"tenure/internal/hr/source"
)

// sheet gives the rows of one sheet of a workbook (ECMA-376). Each row is read twice in step: as it is shown, which is
// what people mean by "the text in the cell" (00017, not 17), and as it is stored, which alone tells a date from a
// number.
type sheet struct {
	book       *excelize.File
	shown, raw *excelize.Rows
	from1904   bool
	n          int // rows taken so far
	w          row
	plan       *plan
	dates      map[int]bool
	broken     string
}

const notWorkbook = "the file cannot be opened as an XLSX workbook: it is cut, protected by a password, or of another format"

// openSheet opens the sheet of the mapping and goes to its header row. broken is a sentence when that cannot be done.
func openSheet(raw string, m *source.Mapping) (s *sheet, broken string) {
	defer unreadable(&broken)
	book, err := excelize.OpenReader(strings.NewReader(raw), excelize.Options{
		UnzipSizeLimit: m.Limits.MaxBytes, UnzipXMLSizeLimit: m.Limits.MaxBytes, // in memory, and no larger than that
	})
	if err != nil {
		return nil, notWorkbook
	}
	s = &sheet{book: book}
	if broken := s.open(m); broken != "" {
		s.close()
		return nil, broken
	}
	return s, ""
}

func (s *sheet) open(m *source.Mapping) (broken string) {
	if part := cutPart(s.book); part != "" {
		return fmt.Sprintf("the part %s of the workbook is cut", part)
	}
	names := s.book.GetSheetList()
	name := m.Sheet
	if name == "" && len(names) > 0 {
		name = names[0]
	}
	if !slices.Contains(names, name) {
		return fmt.Sprintf("the workbook has no sheet %q; it has: %s", name, short(strings.Join(names, " | ")))
	}
	if props, err := s.book.GetWorkbookProps(); err == nil && props.Date1904 != nil {
		s.from1904 = *props.Date1904
	}
	var err error
	if s.shown, err = s.book.Rows(name); err != nil {
		return notWorkbook
	}
	if s.raw, err = s.book.Rows(name); err != nil {
		return notWorkbook
	}
	for s.n < m.HeaderRow-1 && s.step() {
	}
	return ""
}

// cutPart names a part of the workbook whose XML does not end: the library would take its end for the end of the rows.
func cutPart(book *excelize.File) (name string) {
	book.Pkg.Range(func(k, v any) bool {
		part, content := k.(string), v.([]byte)
		content = bytes.TrimSpace(content)
		sheetCut := strings.HasPrefix(part, "xl/worksheets/sheet") && !bytes.HasSuffix(content, []byte("worksheet>"))
		textCut := part == "xl/sharedStrings.xml" && !bytes.HasSuffix(content, []byte("sst>")) && !bytes.HasSuffix(content, []byte("/>"))
		if sheetCut || textCut {
			name = part
		}
		return name == ""
	})
	return name
}

// unreadable turns a panic of the library, which a damaged workbook can cause, into a broken file.
func unreadable(broken *string) {
	if recover() != nil {
		*broken = notWorkbook
	}
}

func (s *sheet) close() {
	for _, r := range []*excelize.Rows{s.shown, s.raw} {
		if r != nil {
			_ = r.Close()
		}
	}
	_ = s.book.Close() // it was only read
}

// layout tells the sheet where dates stand and how wide rows are, once the header is known.
func (s *sheet) layout(p *plan) { s.plan, s.dates = p, p.dateColumns() }

func (s *sheet) step() bool {
	if !s.shown.Next() || !s.raw.Next() {
		return false
	}
	s.n++
	return true
}

// next gives the next row; rows that hold nothing are left to the reader, which knows what empty means.
func (s *sheet) next() *row {
	defer unreadable(&s.broken)
	for s.step() {
		shown, err := s.shown.Columns()
		if err != nil {
			s.broken = notWorkbook
			return nil
		}
		raw, err := s.raw.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			s.broken = notWorkbook
			return nil
		}
		if len(shown) == 0 {
			continue
		}
		s.w = row{line: s.n, cells: s.w.cells[:0], odd: s.w.odd[:0]}
		for i, text := range shown {
			stored := ""
			if i < len(raw) {
				stored = raw[i]
			}
			text = s.value(i, text, stored)
			s.w.cells = append(s.w.cells, text)
			s.w.odd = append(s.w.odd, !printable(text))
		}
		s.fit()
		return &s.w
	}
	if s.shown.Error() != nil || s.raw.Error() != nil {
		s.broken = notWorkbook
	}
	return nil
}

// fit makes the row as wide as the header where only empty cells differ: a workbook does not store them reliably.
func (s *sheet) fit() {
	if s.plan == nil {
		return
	}
	width := len(s.plan.header)
	for len(s.w.cells) < width {
		s.w.cells, s.w.odd = append(s.w.cells, ""), append(s.w.odd, false)
	}
	for n := len(s.w.cells); n > width && strings.TrimSpace(s.w.cells[n-1]) == ""; n-- {
		s.w.cells = s.w.cells[:n-1]
	}
}

// value gives the text of one cell. A number shown as a date, in a column of dates, is written in the mapping's format;
// a bare number there stays as it is, since 2026 may be a year and 45000 anything. A whole number shown with an exponent
// only because its column is narrow is written out.
func (s *sheet) value(at int, shown, stored string) string {
	if shown == stored {
		return shown
	}
	serial, err := strconv.ParseFloat(stored, 64)
	if err != nil {
		return shown
	}
	if s.dates[at] {
		if _, err := strconv.ParseFloat(shown, 64); err == nil {
			return shown
		}
		if t, err := excelize.ExcelDateToTime(serial, s.from1904); err == nil {
			return s.plan.dates.Format(source.DayOf(t))
		}
		return shown
	}
	if exponent.MatchString(shown) && digits(stored) {
		return stored
	}
	return shown
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
