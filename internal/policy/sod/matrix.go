package sod

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"tenure/internal/errs"
)

// Matrix is what a file of SoD rules says, in its own names: nothing is looked up. Every row is either taken whole or rejected.
type Matrix struct {
	Duties  []NamedDuty // each once, in the order in which they come
	Rules   []NamedRule // in the file's order
	Rejects []Reject
}

// NamedDuty is an any-of duty: the side of a rule, or a function with its transactions.
type NamedDuty struct {
	Name         string // as the file has it, spaces apart
	Entitlements []string
	Note         string // what the file says of it beyond that
}

// NamedRule is one rule of a matrix: all of its duties together are a conflict.
type NamedRule struct {
	Row      int // line of a CSV file, row of a sheet, place among the risks of a JSON file; from 1
	ID       string
	Source   string // where the rule comes from, in the file's words
	Duties   []string
	Severity string // low, medium, high or critical; "" when the file says nothing or uses another word, which then is in Note
	Note     string
	Reason   string
	Level    string // what the sides name: role, tcode, entitlement, duty
}

// Reject is a row, or a function of a JSON file (Row 0), that was not taken.
type Reject struct {
	Row   int
	Field string
	Rule  string // what is wrong with it, in words
}

// What a matrix may hold at most. A larger file is refused.
const (
	maxFile = 64 << 20 // bytes
	maxRows = 50_000   // below the header; or risks and functions
	maxCell = 1 << 20  // bytes
)

// ReadMatrix reads a matrix: CSV (UTF-8, comma or semicolon), the first sheet of an XLSX workbook, or JSON, as the end of the name
// says. CSV and XLSX have a header with the columns rule_id and sides, and may have source, side_count, severity, reason and
// level; others are passed over. The sides of a rule are joined by " & "; what may stand for each other on one side is joined by
// "|", and an application before a colon ("Workday:Auditor|Clerk") counts for all that follow without one. JSON has functions
// with their lists of transactions and risks between functions.
//
// Cells are texts and nothing in them is evaluated. The error, of the kind invalid, says why the file as a whole cannot be read;
// then nothing of it is taken.
func ReadMatrix(name string, r io.Reader) (*Matrix, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxFile {
		return nil, errs.Invalid("the file is larger than %d MB", maxFile>>20)
	}
	m := &reading{duties: map[string]bool{}, rules: map[string]int{}}
	switch strings.ToLower(path.Ext(name)) {
	case ".csv":
		err = m.csv(bytes.TrimPrefix(raw, []byte("\ufeff")))
	case ".xlsx":
		err = m.xlsx(raw)
	case ".json":
		err = m.json(bytes.TrimPrefix(raw, []byte("\ufeff")))
	default:
		err = errs.Invalid("the name of a rule matrix ends in .csv, .xlsx or .json, not %q", path.Ext(name))
	}
	if err != nil {
		return nil, err
	}
	return &m.Matrix, nil
}

// reading is a matrix that is being read.
type reading struct {
	Matrix
	duties map[string]bool // by name
	rules  map[string]int  // row by id
}

func (m *reading) reject(row int, field, rule string, a ...any) {
	m.Rejects = append(m.Rejects, Reject{Row: row, Field: field, Rule: fmt.Sprintf(rule, a...)})
}

// header finds the columns.
func header(cells []string) (map[string]int, error) {
	at := map[string]int{}
	for i, c := range cells {
		name := strings.ToLower(spaced(c))
		if !slices.Contains([]string{"source", "rule_id", "sides", "side_count", "severity", "reason", "level"}, name) {
			continue
		}
		if _, twice := at[name]; twice {
			return nil, errs.Invalid("the header has the column %q twice", name)
		}
		at[name] = i
	}
	for _, name := range []string{"rule_id", "sides"} {
		if _, ok := at[name]; !ok {
			return nil, errs.Invalid("the header has no column %q; it has: %s", name, short(strings.Join(cells, " | ")))
		}
	}
	return at, nil
}

// row takes one row, or rejects it with everything that is wrong with it.
func (m *reading) row(n int, columns map[string]int, cells []string) {
	get := func(column string) string {
		if at, ok := columns[column]; ok {
			return spaced(cells[at])
		}
		return ""
	}
	before := len(m.Rejects)
	r := NamedRule{Row: n, ID: get("rule_id"), Source: get("source"), Reason: get("reason"), Level: get("level")}
	r.Severity, r.Note = severity(get("severity"))
	m.checkID(n, "rule_id", r.ID)
	duties := m.sides(n, get("sides"), get("side_count"))
	if len(m.Rejects) > before {
		return
	}
	for _, d := range duties {
		r.Duties = append(r.Duties, d.Name)
		m.duty(d)
	}
	m.take(r)
}

func (m *reading) checkID(n int, field, id string) {
	if id == "" {
		m.reject(n, field, "is empty")
	} else if first, twice := m.rules[id]; twice {
		m.reject(n, field, "%s is the rule of row %d already", short(id), first)
	}
}

func (m *reading) take(r NamedRule) {
	m.rules[r.ID] = r.Row
	m.Rules = append(m.Rules, r)
}

func (m *reading) duty(d NamedDuty) {
	if !m.duties[d.Name] {
		m.duties[d.Name] = true
		m.Duties = append(m.Duties, d)
	}
}

// sides reads the sides of a rule.
func (m *reading) sides(n int, text, count string) (out []NamedDuty) {
	if text == "" {
		m.reject(n, "sides", "is empty")
		return nil
	}
	seen := map[string]bool{}
	for _, side := range strings.Split(" "+text+" ", " & ") {
		d, wrong := sideOf(side)
		if wrong != "" {
			m.reject(n, "sides", "%s", wrong)
			return nil
		}
		if seen[d.Name] {
			m.reject(n, "sides", "has the side %s twice", short(d.Name))
			return nil
		}
		seen[d.Name] = true
		out = append(out, d)
	}
	if len(out) < 2 {
		m.reject(n, "sides", `has one side only; a rule has two or more, joined by " & "`)
	} else if want, err := strconv.Atoi(count); count != "" && err != nil {
		m.reject(n, "side_count", "%s is not a number", short(count))
	} else if count != "" && want != len(out) {
		m.reject(n, "side_count", `says %d and there are %d sides; a name that has " & " in it cannot be told from two sides`, want, len(out))
	}
	return out
}

// sideOf reads one side: what may stand for each other in it, each with its application.
func sideOf(text string) (d NamedDuty, wrong string) {
	application := ""
	var parts []string
	seen := map[string]bool{}
	for _, part := range strings.Split(text, "|") {
		part = strings.TrimSpace(part)
		if part == "" || part == "&" || strings.HasPrefix(part, "& ") {
			return d, "has an empty side, or an empty name in one"
		}
		parts = append(parts, part)
		if app, _, ok := strings.Cut(part, ":"); ok {
			application = app + ":"
		} else {
			part = application + part
		}
		if seen[part] {
			return d, "has " + short(part) + " twice on one side"
		}
		seen[part] = true
		d.Entitlements = append(d.Entitlements, part)
	}
	d.Name = strings.Join(parts, "|")
	return d, ""
}

// severity gives one of the four words, or what the file says as a note.
func severity(text string) (word, note string) {
	switch w := strings.ToLower(text); w {
	case "low", "medium", "high", "critical":
		return w, ""
	case "moderate":
		return "medium", ""
	}
	return "", text
}

// spaced is a text on one line, with single spaces and nothing that does not print.
func spaced(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// short is a text that fits into a sentence.
func short(s string) string {
	const most = 80
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return strconv.Quote(s)
}
