package sod

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"tenure/internal/errs"
)

// table takes the rows of a sheet or CSV file one after the other.
type table struct {
	m       *reading
	columns map[string]int
	width   int
	rows    int
}

func blank(cells []string) bool {
	for _, c := range cells {
		if spaced(c) != "" {
			return false
		}
	}
	return true
}

// next takes one row. strict: the row must be as wide as the header, which a sheet's rows are not that end in empty cells.
func (t *table) next(row int, cells []string, strict bool) error {
	if blank(cells) {
		return nil
	}
	for _, c := range cells {
		if len(c) > maxCell {
			return errs.Invalid("row %d has a cell larger than %d MB", row, maxCell>>20)
		}
	}
	if t.columns == nil {
		var err error
		t.columns, err = header(cells)
		t.width = len(cells)
		return err
	}
	if t.rows++; t.rows > maxRows {
		return errs.Invalid("the file has more than %d rows", maxRows)
	}
	for !strict && len(cells) < t.width {
		cells = append(cells, "")
	}
	if n := len(cells); n < t.width || n > t.width && !blank(cells[t.width:]) {
		t.m.reject(row, "row", "has %d columns where the header has %d", n, t.width)
		return nil
	}
	t.m.row(row, t.columns, cells)
	return nil
}

func (t *table) end() error {
	switch {
	case t.columns == nil:
		return errs.Invalid("the file is empty")
	case t.rows == 0:
		return errs.Invalid("the file has a header and no rows")
	}
	return nil
}

func (m *reading) csv(raw []byte) error {
	if !utf8.Valid(raw) {
		return errs.Invalid("the file is not UTF-8; save it as CSV UTF-8")
	}
	r := csv.NewReader(bytes.NewReader(raw))
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	first, _, _ := bytes.Cut(raw, []byte("\n"))
	if bytes.Count(first, []byte(";")) > bytes.Count(first, []byte(",")) {
		r.Comma = ';'
	}
	t := &table{m: m}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return t.end()
		}
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			return errs.Invalid("the file cannot be read as CSV from line %d on (line %d): %v", wrong.StartLine, wrong.Line, wrong.Err)
		}
		if err != nil {
			return err
		}
		line, _ := r.FieldPos(0)
		if err := t.next(line, cells, true); err != nil {
			return err
		}
	}
}

const notWorkbook = "the file cannot be opened as an XLSX workbook: it is cut, protected by a password, or of another format"

// xlsx reads the first sheet, as its cells are shown.
func (m *reading) xlsx(raw []byte) (err error) {
	defer func() {
		if recover() != nil { // the library on a damaged workbook
			err = errs.Invalid(notWorkbook)
		}
	}()
	book, err := excelize.OpenReader(bytes.NewReader(raw), excelize.Options{UnzipSizeLimit: maxFile, UnzipXMLSizeLimit: maxFile})
	if err != nil {
		return errs.Invalid(notWorkbook)
	}
	defer book.Close()
	if part := cutPart(book); part != "" {
		return errs.Invalid("the part %s of the workbook is cut", part)
	}
	names := book.GetSheetList()
	if len(names) == 0 {
		return errs.Invalid("the workbook has no sheet")
	}
	rows, err := book.Rows(names[0])
	if err != nil {
		return errs.Invalid(notWorkbook)
	}
	defer rows.Close()
	t := &table{m: m}
	for n := 1; rows.Next(); n++ {
		cells, err := rows.Columns()
		if err != nil {
			return errs.Invalid(notWorkbook)
		}
		if err := t.next(n, cells, false); err != nil {
			return err
		}
	}
	if rows.Error() != nil {
		return errs.Invalid(notWorkbook)
	}
	return t.end()
}

// cutPart names a part of the workbook whose XML does not end: the library would take its end for the end of the rows.
func cutPart(book *excelize.File) (name string) {
	book.Pkg.Range(func(k, v any) bool {
		part, content := k.(string), bytes.TrimSpace(v.([]byte))
		if strings.HasPrefix(part, "xl/worksheets/sheet") && !bytes.HasSuffix(content, []byte("worksheet>")) ||
			part == "xl/sharedStrings.xml" && !bytes.HasSuffix(content, []byte("sst>")) && !bytes.HasSuffix(content, []byte("/>")) {
			name = part
		}
		return name == ""
	})
	return name
}
