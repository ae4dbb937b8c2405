package file

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"tenure/internal/hr/source"
)

// column is where one name of the mapping stands in the rows of this file; at is -1 when it is not mapped.
type column struct {
	name     string
	at       int
	required bool
}

// plan is a mapping laid over the header of one file.
type plan struct {
	header []string
	dates  source.DateFormat
	nulls  map[string]bool
	status map[string]string

	number, person, first, last, zone, effective, state, manager column

	attrs     []column // sorted by name
	names     []string // of attrs
	birthDate int      // index in attrs, -1 when not mapped
}

// newPlan finds the columns of the mapping in the header; missing is a sentence that names those it does not have.
func newPlan(m *source.Mapping, header []string) (p *plan, broken string) {
	p = &plan{nulls: map[string]bool{}, status: m.StatusValues, birthDate: -1}
	if m.Dates != "" {
		p.dates, _ = source.NewDateFormat(m.Dates) // Validate has seen it
	}
	for _, v := range m.NullValues {
		p.nulls[normal(v)] = true
	}
	at := map[string]int{}
	twice := map[string]bool{}
	for i, h := range header {
		h = normal(h)
		p.header = append(p.header, h)
		if _, ok := at[h]; ok {
			twice[h] = true
		}
		at[h] = i
	}
	var missing, repeated []string
	place := func(name string) column {
		h, mapped := m.Columns[name]
		if !mapped {
			return column{name: name, at: -1}
		}
		h = normal(h)
		i, ok := at[h]
		switch {
		case !ok:
			missing = append(missing, h)
		case twice[h]:
			repeated = append(repeated, h)
		}
		return column{name: name, at: i, required: slices.Contains(m.Required, name)}
	}
	p.number, p.person = place(source.ColumnNumber), place(source.ColumnPerson)
	p.number.required = true
	p.first, p.last = place(source.ColumnFirstDay), place(source.ColumnLastDay)
	p.zone, p.effective = place(source.ColumnZone), place(source.ColumnEffective)
	p.state, p.manager = place(source.ColumnStatus), place(source.ColumnManager)
	p.names = m.AttributeNames()
	for i, name := range p.names {
		p.attrs = append(p.attrs, place(name))
		if name == source.BirthDate {
			p.birthDate = i
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Sprintf("the header in row %d has no %s; it has: %s",
			m.HeaderRow, columnNames(missing), short(strings.Join(p.header, " | ")))
	}
	if len(repeated) > 0 {
		return nil, fmt.Sprintf("the header in row %d has more than one %s", m.HeaderRow, columnNames(repeated))
	}
	return p, ""
}

// dateColumns gives the positions of the columns that hold dates.
func (p *plan) dateColumns() map[int]bool {
	at := map[int]bool{}
	for _, c := range append([]column{p.first, p.last, p.effective}, p.attrs...) {
		if c.at >= 0 && slices.Contains(source.DateColumns, c.name) {
			at[c.at] = true
		}
	}
	return at
}

// fieldAt names the column at a position as a reject does: by its attribute, else by its header.
func (p *plan) fieldAt(i int) string {
	all := []column{p.number, p.person, p.first, p.last, p.zone, p.effective, p.state, p.manager}
	for _, c := range append(all, p.attrs...) {
		if c.at == i {
			return c.name
		}
	}
	if i < len(p.header) && p.header[i] != "" {
		return p.header[i]
	}
	return fmt.Sprintf("column %d", i+1)
}

func columnNames(names []string) string {
	set := map[string]bool{}
	for _, n := range names {
		set[fmt.Sprintf("%q", n)] = true
	}
	sorted := slices.Sorted(maps.Keys(set))
	if len(sorted) == 1 {
		return "column " + sorted[0]
	}
	return "columns " + strings.Join(sorted, ", ")
}
