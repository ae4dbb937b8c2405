package source

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"tenure/internal/errs"
)

var attributeName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// findings collects one message per broken field, by the field's path in the YAML.
type findings []errs.Field

func (f *findings) add(field, format string, a ...any) {
	*f = append(*f, errs.Field{Field: field, Rule: fmt.Sprintf(format, a...)})
}

func (f *findings) oneOf(field, v string, words ...string) {
	if !slices.Contains(words, v) {
		f.add(field, "must be one of %s, not %q", strings.Join(words, ", "), v)
	}
}

// Validate gives one message per field that breaks a rule, none for a usable mapping. Defaults are applied first. What
// could only be guessed from the data, such as the order of day and month, is refused here and not when a file is read.
func (m *Mapping) Validate() []errs.Field {
	d := m.WithDefaults()
	var f findings
	d.validateShape(&f)
	d.validateColumns(&f)
	d.validateMeaning(&f)
	d.validateCounts(&f)
	return f
}

func (m *Mapping) validateShape(f *findings) {
	f.oneOf("format", m.Format, CSV, XLSX)
	f.oneOf("mode", m.Mode, Full, Delta)
	f.oneOf("encoding", m.Encoding, UTF8, UTF16, UTF16LE, UTF16BE, Windows1252)
	if !oneMark(m.Delimiter) && m.Delimiter != "tab" && m.Delimiter != "\t" {
		f.add("delimiter", `must be one ASCII punctuation mark such as , ; | or "tab", not %q`, m.Delimiter)
	}
	if !oneMark(m.Quote) && m.Quote != "none" {
		f.add("quote", `must be one ASCII punctuation mark or "none", not %q`, m.Quote)
	}
	if m.Delimiter == m.Quote {
		f.add("quote", "must differ from the delimiter")
	}
	if m.HeaderRow < 1 {
		f.add("header_row", "must be 1 or more: the row that names the columns")
	}
	if m.Sheet != "" && m.Format != XLSX {
		f.add("sheet", "is only for format xlsx")
	}
	if m.Limits.MaxBytes < 0 {
		f.add("limits.max_bytes", "must be above 0")
	}
	if m.Limits.MaxFieldBytes < 0 {
		f.add("limits.max_field_bytes", "must be above 0")
	}
}

func (m *Mapping) validateColumns(f *findings) {
	for _, name := range slices.Sorted(maps.Keys(m.Columns)) {
		path := "columns." + name
		if !attributeName.MatchString(name) {
			f.add(path, "must begin with a small letter and hold only small letters, digits and _")
		}
		if strings.TrimSpace(m.Columns[name]) == "" {
			f.add(path, "must name the header of a column")
		}
	}
	if _, ok := m.Columns[ColumnNumber]; !ok {
		f.add("columns.number", "is required: the column that identifies an employment")
	}
	for i, name := range m.Required {
		if _, ok := m.Columns[name]; !ok && name != ColumnNumber {
			f.add(fmt.Sprintf("required[%d]", i),
				"%q has no column: add columns.%s, or list in required only what the file has", name, name)
		}
	}
}

func (m *Mapping) validateMeaning(f *findings) {
	f.oneOf("manager_by", m.ManagerBy, ByNumber, ByEmail, ByName)
	switch {
	case m.ManagerBy == ByName:
		f.oneOf("name_format", m.NameFormat, FirstLast, LastFirst)
	case m.NameFormat != "":
		f.add("name_format", "is only for manager_by: name")
	}
	for _, c := range DateColumns {
		if _, ok := m.Columns[c]; ok && m.Dates == "" {
			f.add("dates", "is required, as columns.%s is a date: state how dates are written, such as YYYY-MM-DD", c)
			break
		}
	}
	if m.Dates != "" {
		if _, err := NewDateFormat(m.Dates); err != nil {
			f.add("dates", "%s", err)
		}
	}
	if len(m.StatusValues) > 0 && m.Columns[ColumnStatus] == "" {
		f.add("status_values", "needs columns.status")
	}
	for _, word := range slices.Sorted(maps.Keys(m.StatusValues)) {
		f.oneOf("status_values."+word, m.StatusValues[word], StatusActive, StatusLeave, StatusLeft, StatusRescinded)
	}
	if !ValidZone(m.Zone) {
		f.add("zone", "%q is no IANA time zone, such as Europe/Berlin", m.Zone)
	}
	f.oneOf("leavers", m.Leavers, ByAbsence, ByEndDate, ByBoth)
	if m.Mode == Delta && m.Leavers != ByEndDate {
		f.add("leavers", "must be end_date in mode delta: a person who is not in a delta is unchanged, not absent")
	}
	if m.Leavers == ByEndDate && m.Columns[ColumnLastDay] == "" && m.Columns[ColumnStatus] == "" {
		f.add("leavers", "end_date needs columns.last_day or columns.status: otherwise nobody could ever leave")
	}
}

func (m *Mapping) validateCounts(f *findings) {
	if m.Trailer == nil {
		return
	}
	if strings.TrimSpace(m.Trailer.StartsWith) == "" {
		f.add("trailer.starts_with", "is required: how the first cell of the last row begins")
	}
	if m.Trailer.CountColumn < 1 {
		f.add("trailer.count_column", "is required: the column of the last row that holds the number of rows, 1 for the first")
	}
}

// ValidZone says whether name is a time zone of the IANA database. "Local" is none: it would mean another zone on
// another machine.
func ValidZone(name string) bool {
	if name == "" || name == "Local" {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}

// oneMark says whether s is one mark that cannot be part of a word.
func oneMark(s string) bool {
	return len(s) == 1 && strings.Contains("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", s)
}
