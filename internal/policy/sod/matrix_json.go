package sod

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"tenure/internal/errs"
)

// document is the JSON shape: functions with their transactions, and risks between functions. Whatever else stands there is
// passed over.
type document struct {
	Functions     ordered `json:"functions"`
	MoreFunctions ordered `json:"moreFunctions"`
	Risks         []risk  `json:"risks"`
}

type risk struct {
	ID        string   `json:"id"`
	Level     string   `json:"level"`
	Functions []string `json:"functions"`
	Reason    string   `json:"reason"`
}

// ordered is an object in its own order, with names that come twice.
type ordered []member

type member struct {
	name  string
	value json.RawMessage
}

// UnmarshalJSON reads an object.
func (o *ordered) UnmarshalJSON(raw []byte) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	open, err := d.Token()
	if err != nil {
		return err
	}
	if open == nil { // null
		return nil
	}
	if open != json.Delim('{') {
		return errors.New("functions must be an object")
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var m member
		m.name, _ = name.(string)
		if err := d.Decode(&m.value); err != nil {
			return err
		}
		*o = append(*o, m)
	}
	return nil
}

func (m *reading) json(raw []byte) error {
	if !utf8.Valid(raw) {
		return errs.Invalid("the file is not UTF-8")
	}
	var doc document
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(&doc); err != nil {
		return errs.Invalid("the file cannot be read as JSON: %v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errs.Invalid("the file has more than one JSON value")
	}
	functions := slices.Concat(doc.Functions, doc.MoreFunctions)
	if len(functions) == 0 {
		return errs.Invalid("the file has no functions")
	}
	if len(functions) > maxRows || len(doc.Risks) > maxRows {
		return errs.Invalid("the file has more than %d functions or risks", maxRows)
	}
	for _, f := range functions {
		if err := m.function(spaced(f.name), f.value); err != nil {
			return err
		}
	}
	for i, r := range doc.Risks {
		m.risk(i+1, r)
	}
	return nil
}

// function takes a function: a list of transactions, or lists by kind, of which tcodes and fiori are what somebody does; what
// else is needed for it (authorization objects) is a note and not a way to do it.
func (m *reading) function(name string, raw json.RawMessage) error {
	field := "functions." + short(name)
	d := NamedDuty{Name: name}
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		d.Entitlements = list
	} else {
		var kinds ordered
		if err := json.Unmarshal(raw, &kinds); err != nil {
			m.reject(0, field, "must be a list of transactions, or an object of such lists")
			return nil //nolint:nilerr // told as a reject
		}
		var notes []string
		for _, k := range kinds {
			var list []string
			if json.Unmarshal(k.value, &list) != nil {
				m.reject(0, field, "%s must be a list of names", short(k.name))
				return nil //nolint:nilerr // likewise
			}
			if k.name == "tcodes" || k.name == "fiori" {
				d.Entitlements = append(d.Entitlements, list...)
			} else {
				notes = append(notes, spaced(k.name)+": "+spaced(strings.Join(list, ", ")))
			}
		}
		d.Note = strings.Join(notes, "; ")
	}
	return m.takeFunction(d, field)
}

func (m *reading) takeFunction(d NamedDuty, field string) error {
	seen := map[string]bool{}
	for i, e := range d.Entitlements {
		if len(e) > maxCell {
			return errs.Invalid("%s has a name larger than %d MB", field, maxCell>>20)
		}
		d.Entitlements[i] = spaced(e)
		if d.Entitlements[i] == "" {
			m.reject(0, field, "has an empty name")
			return nil
		}
		if seen[d.Entitlements[i]] {
			m.reject(0, field, "has %s twice", short(d.Entitlements[i]))
			return nil
		}
		seen[d.Entitlements[i]] = true
	}
	switch {
	case d.Name == "":
		m.reject(0, field, "has no name")
	case len(d.Entitlements) == 0:
		m.reject(0, field, "has no transactions")
	case m.duties[d.Name]:
		m.reject(0, field, "comes twice; the first is taken")
	default:
		m.duty(d)
	}
	return nil
}

// risk takes a risk whose functions are all there.
func (m *reading) risk(n int, r risk) {
	before := len(m.Rejects)
	field := func(name string) string { return fmt.Sprintf("risks[%d].%s", n-1, name) }
	out := NamedRule{Row: n, ID: spaced(r.ID), Reason: spaced(r.Reason), Level: "function"}
	out.Severity, out.Note = severity(spaced(r.Level))
	m.checkID(n, field("id"), out.ID)
	for i, name := range r.Functions {
		name = spaced(name)
		at := field("functions[" + strconv.Itoa(i) + "]")
		if !m.duties[name] {
			m.reject(n, at, "there is no function %s", short(name))
		} else if slices.Contains(out.Duties, name) {
			m.reject(n, at, "%s comes twice", short(name))
		}
		out.Duties = append(out.Duties, name)
	}
	if len(r.Functions) < 2 {
		m.reject(n, field("functions"), "must be two or more")
	}
	if len(m.Rejects) == before {
		m.take(out)
	}
}
