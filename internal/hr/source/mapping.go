package source

import (
	"maps"
	"slices"
)

// Mapping says how a file becomes records. It is decoded from YAML with unknown names refused; docs/reference/hr-file.md
// explains every field to the person who writes it. The zero value of a field means its default. Its JSON, in which package hr
// stores it, has the same names; an empty list of required columns is kept, since it is not the default.
type Mapping struct {
	Format    string `yaml:"format,omitempty" json:"format,omitempty"`         // csv (default), xlsx
	Mode      string `yaml:"mode,omitempty" json:"mode,omitempty"`             // full (default), delta
	Encoding  string `yaml:"encoding,omitempty" json:"encoding,omitempty"`     // utf-8 (default), utf-16, utf-16le, utf-16be, windows-1252; CSV only
	Delimiter string `yaml:"delimiter,omitempty" json:"delimiter,omitempty"`   // one ASCII punctuation mark (default ,) or "tab"; CSV only
	Quote     string `yaml:"quote,omitempty" json:"quote,omitempty"`           // one ASCII punctuation mark (default ") or "none"; CSV only
	HeaderRow int    `yaml:"header_row,omitempty" json:"header_row,omitempty"` // 1-based line or row of the header (default 1)
	Sheet     string `yaml:"sheet,omitempty" json:"sheet,omitempty"`           // name of the sheet (default: the first); XLSX only

	Columns    map[string]string `yaml:"columns" json:"columns"`                             // attribute name -> column header
	ManagerBy  string            `yaml:"manager_by,omitempty" json:"manager_by,omitempty"`   // number (default), email, name
	NameFormat string            `yaml:"name_format,omitempty" json:"name_format,omitempty"` // "first last" or "last, first", with manager_by: name

	Dates        string            `yaml:"dates,omitempty" json:"dates,omitempty"`                 // how dates are written; see DateFormat
	NullValues   []string          `yaml:"null_values,omitempty" json:"null_values,omitempty"`     // texts that stand for "no date"
	StatusValues map[string]string `yaml:"status_values,omitempty" json:"status_values,omitempty"` // the file's words -> the Status words
	Zone         string            `yaml:"zone,omitempty" json:"zone,omitempty"`                   // IANA zone of rows without one (default UTC)
	Leavers      string            `yaml:"leavers,omitempty" json:"leavers,omitempty"`             // absence, end_date, both (default: both; delta: end_date)

	Trailer  *Trailer `yaml:"trailer,omitempty" json:"trailer,omitempty"`
	RowCount bool     `yaml:"row_count,omitempty" json:"row_count,omitempty"` // whoever loads a file must state its number of data rows
	Required []string `yaml:"required,omitempty" json:"required"`             // default number, first_name, last_name, first_day
	Limits   Limits   `yaml:"limits,omitempty" json:"limits,omitzero"`
}

// Trailer is a last row that says how many data rows the file has.
type Trailer struct {
	StartsWith  string `yaml:"starts_with" json:"starts_with"`   // how the first cell of that row begins
	CountColumn int    `yaml:"count_column" json:"count_column"` // 1-based column of the count; in column 1 it follows starts_with
}

// Limits bound what a file may cost.
type Limits struct {
	MaxBytes      int64 `yaml:"max_bytes,omitempty" json:"max_bytes,omitempty"`             // of the file, and of a workbook unpacked (default 512 MiB)
	MaxFieldBytes int   `yaml:"max_field_bytes,omitempty" json:"max_field_bytes,omitempty"` // of one cell in UTF-8 (default 64 KiB)
}

// The words of a mapping.
const (
	CSV  = "csv"
	XLSX = "xlsx"

	Full  = "full"
	Delta = "delta"

	UTF8        = "utf-8"
	UTF16       = "utf-16"
	UTF16LE     = "utf-16le"
	UTF16BE     = "utf-16be"
	Windows1252 = "windows-1252"

	ByNumber = "number"
	ByEmail  = "email"
	ByName   = "name"

	FirstLast = "first last"
	LastFirst = "last, first"

	ByAbsence = "absence"
	ByEndDate = "end_date"
	ByBoth    = "both"
)

// The columns that have a meaning of their own; every other name in Mapping.Columns is an attribute.
const (
	ColumnNumber    = "number"
	ColumnPerson    = "person"
	ColumnFirstDay  = "first_day"
	ColumnLastDay   = "last_day"
	ColumnZone      = "zone"
	ColumnEffective = "effective"
	ColumnStatus    = "status"
	ColumnManager   = "manager"
)

// BirthDate is the one attribute that is read as a date; it is kept as YYYY-MM-DD.
const BirthDate = "birth_date"

var specialColumns = []string{ColumnNumber, ColumnPerson, ColumnFirstDay, ColumnLastDay, ColumnZone, ColumnEffective,
	ColumnStatus, ColumnManager}

// DateColumns are the columns whose cells are dates in the stated format.
var DateColumns = []string{ColumnFirstDay, ColumnLastDay, ColumnEffective, BirthDate}

// WithDefaults gives a copy in which every field that has a default is filled in.
func (m Mapping) WithDefaults() Mapping {
	or := func(p *string, v string) {
		if *p == "" {
			*p = v
		}
	}
	or(&m.Format, CSV)
	or(&m.Mode, Full)
	or(&m.Encoding, UTF8)
	or(&m.Delimiter, ",")
	or(&m.Quote, `"`)
	or(&m.ManagerBy, ByNumber)
	or(&m.Zone, "UTC")
	if m.Mode == Delta {
		or(&m.Leavers, ByEndDate)
	}
	or(&m.Leavers, ByBoth)
	if m.HeaderRow == 0 {
		m.HeaderRow = 1
	}
	if m.Required == nil {
		m.Required = []string{ColumnNumber, "first_name", "last_name", ColumnFirstDay}
	}
	if m.Limits.MaxBytes == 0 {
		m.Limits.MaxBytes = 512 << 20
	}
	if m.Limits.MaxFieldBytes == 0 {
		m.Limits.MaxFieldBytes = 64 << 10
	}
	return m
}

// AttributeNames gives the names in Columns that are attributes, sorted.
func (m *Mapping) AttributeNames() []string {
	names := slices.Sorted(maps.Keys(m.Columns))
	return slices.DeleteFunc(names, func(n string) bool { return slices.Contains(specialColumns, n) })
}

// Separator gives the delimiter as a byte; the mapping must be valid and have its defaults.
func (m *Mapping) Separator() byte {
	if m.Delimiter == "tab" {
		return '\t'
	}
	return m.Delimiter[0]
}

// QuoteMark gives the quote as a byte, and false when cells are never quoted; the mapping must be valid and have its
// defaults.
func (m *Mapping) QuoteMark() (byte, bool) {
	if m.Quote == "none" {
		return 0, false
	}
	return m.Quote[0], true
}
