package file

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"tenure/internal/hr/source"
)

// rows is a file taken apart into rows: CSV by lexer, XLSX by sheet. next gives nil at the end.
type rows interface{ next() *row }

// fault is one broken rule of the row at hand.
type fault struct{ field, rule string }

// reader turns rows into records and rejects.
type reader struct {
	m      source.Mapping // with defaults
	plan   *plan
	out    *source.Reading
	seen   sightings
	hasher source.Hasher
	values []string // what is left of the block that attribute values are cut from
	zones  map[string]bool
	faults []fault
	w      *row // the row at hand

	trailer     string // its count as written
	trailerLine int    // 0 = not met yet
	broken      string
}

// row takes one row: trailer, record or reject.
func (r *reader) row(w *row) {
	if w.empty() {
		return
	}
	if r.trailerLine > 0 {
		r.broken = fmt.Sprintf("row %d is the trailer and more rows follow it: the file may be put together of several", r.trailerLine)
		return
	}
	if r.isTrailer(w) {
		return
	}
	r.out.Rows++
	r.faults, r.w = r.faults[:0], w
	r.out.Records = append(r.out.Records, source.Record{Row: w.line}) // filled in place: it is large
	last := len(r.out.Records) - 1
	rec := &r.out.Records[last]
	if r.shape(w); len(r.faults) == 0 {
		r.fill(rec)
	} else {
		r.salvage(rec, w)
	}
	if len(r.faults) > 0 {
		r.reject(rec, w)
		r.out.Records = r.out.Records[:last]
		return
	}
	rec.Hash = r.hasher.Sum(rec)
	r.seen.add(rec.Key, int32(last))
}

// isTrailer takes the row as the trailer if it is one.
func (r *reader) isTrailer(w *row) bool {
	t := r.m.Trailer
	if t == nil || len(w.cells) == 0 {
		return false
	}
	rest, ok := strings.CutPrefix(normal(w.cells[0]), t.StartsWith)
	if !ok {
		return false
	}
	r.trailerLine = w.line
	if w.fault != "" {
		return true // without a count, so the file is broken
	}
	if t.CountColumn == 1 {
		r.trailer = strings.TrimSpace(rest)
	} else if t.CountColumn <= len(w.cells) {
		r.trailer = strings.TrimSpace(w.cells[t.CountColumn-1])
	}
	return true
}

// shape finds what is wrong with the row as a row, before its cells are given a meaning.
func (r *reader) shape(w *row) {
	if w.fault != "" {
		r.fault(r.plan.fieldAt(len(w.cells)), w.fault)
		return
	}
	if len(w.cells) != len(r.plan.header) {
		r.fault(source.WholeRow, fmt.Sprintf("has %d columns where the header has %d", len(w.cells), len(r.plan.header)))
		return
	}
	for i, c := range w.cells {
		if len(c) > r.m.Limits.MaxFieldBytes {
			r.fault(r.plan.fieldAt(i), fmt.Sprintf("is longer than %d bytes", r.m.Limits.MaxFieldBytes))
		} else if w.odd[i] {
			if rule := badBytes(c, r.m.Encoding); rule != "" {
				r.fault(r.plan.fieldAt(i), rule)
			}
		}
	}
}

// salvage reads the number, and the effective date, of a row whose shape is broken, as far as they can be trusted: a cell
// before the broken one stands where it should; with a wrong number of columns only the very first does.
func (r *reader) salvage(rec *source.Record, w *row) {
	trusted := len(w.cells)
	if w.fault == "" && len(w.cells) != len(r.plan.header) {
		trusted = min(trusted, 1)
	}
	faults := len(r.faults)
	if at := r.plan.number.at; at < trusted && len(w.cells[at]) <= r.m.Limits.MaxFieldBytes && badBytes(w.cells[at], "") == "" {
		rec.Key = r.number(r.plan.number)
	}
	if at := r.plan.effective.at; at >= 0 && at < trusted {
		rec.Effective = r.day(r.plan.effective)
	}
	r.faults = r.faults[:faults] // the shape is what is to be told
}

// fill reads all cells of a well-shaped row.
func (r *reader) fill(rec *source.Record) {
	p := r.plan
	rec.Key = r.number(p.number)
	if p.person.at >= 0 {
		rec.Person = r.number(p.person)
	}
	rec.FirstDay, rec.LastDay, rec.Effective = r.day(p.first), r.day(p.last), r.day(p.effective)
	if !rec.FirstDay.IsZero() && !rec.LastDay.IsZero() && rec.LastDay.Before(rec.FirstDay) {
		r.fault(source.ColumnLastDay, fmt.Sprintf("%s is before first_day %s", rec.LastDay, rec.FirstDay))
	}
	rec.Zone = r.zone(p.zone)
	rec.Status = r.status(p.state)
	rec.ManagerRef = r.text(p.manager)
	values := r.block(len(p.attrs))
	for i, c := range p.attrs {
		switch {
		case i == p.birthDate:
			values[i] = r.day(c).String()
		case c.name == "email":
			values[i] = r.email(c)
		default:
			values[i] = r.text(c)
		}
	}
	rec.Attrs = source.SharedAttrs(p.names, values)
}

// block cuts n attribute values off a larger block: one allocation for many rows.
func (r *reader) block(n int) []string {
	if len(r.values) < n {
		r.values = make([]string, max(n*1024, n))
	}
	b := r.values[:n:n]
	r.values = r.values[n:]
	return b
}

// cell gives the trimmed, normalised text of a column, "" when it is not mapped. An empty cell of a required column is a
// fault.
func (r *reader) cell(c column) string {
	if c.at < 0 {
		return ""
	}
	s := r.w.cells[c.at]
	if r.w.odd[c.at] {
		s = normal(s)
	} else {
		s = trim(s)
	}
	if s == "" {
		if c.required {
			r.fault(c.name, "is required and empty")
		}
		return ""
	}
	if s[0] == '#' && spreadsheetErrors[s] {
		r.fault(c.name, "is the spreadsheet error "+s+", not a value")
		return ""
	}
	return s
}

func (r *reader) text(c column) string {
	s := r.cell(c)
	if s != "" && r.w.odd[c.at] {
		r.check(c, badText(s))
	}
	return s
}

func (r *reader) number(c column) string {
	s := r.cell(c)
	if s == "" {
		return ""
	}
	if rule := badNumber(s, !r.w.odd[c.at]); rule != "" {
		r.fault(c.name, rule)
		return ""
	}
	return s
}

func (r *reader) email(c column) string {
	s := r.cell(c)
	if s != "" && r.w.odd[c.at] {
		r.check(c, badName(s))
	}
	if strings.IndexByte(s, ' ') >= 0 {
		r.fault(c.name, "is an e-mail address with a space in it")
	}
	return s
}

// day reads a date. The value is quoted in the message except a date of birth, which is nobody's business in a log.
func (r *reader) day(c column) source.Day {
	if c.at < 0 {
		return source.Day{}
	}
	s := r.cell(c)
	if s == "" {
		return source.Day{}
	}
	if len(r.plan.nulls) > 0 && r.plan.nulls[s] {
		if c.required {
			r.fault(c.name, `is required and says "no date"`)
		}
		return source.Day{}
	}
	d, rule := r.plan.dates.Parse(s)
	if rule == "" {
		return d
	}
	if strings.Trim(s, "0-/. ") == "" {
		rule = `is no date; if it stands for "no date", list it in null_values`
	}
	if c.name == source.BirthDate {
		r.fault(c.name, "the date "+rule)
	} else {
		r.fault(c.name, short(s)+" "+rule)
	}
	return source.Day{}
}

func (r *reader) zone(c column) string {
	s := r.cell(c)
	if s == "" {
		return ""
	}
	ok, known := r.zones[s]
	if !known {
		ok = source.ValidZone(s)
		if len(r.zones) < 1000 { // there are about 600; a file of nonsense must not grow it
			r.zones[s] = ok
		}
	}
	if !ok {
		r.fault(c.name, short(s)+" is no IANA time zone, such as Europe/Berlin")
	}
	return s
}

func (r *reader) status(c column) string {
	s := r.cell(c)
	if c.at < 0 {
		return ""
	}
	if len(r.plan.status) > 0 {
		word, ok := r.plan.status[s]
		if !ok && s != "" {
			r.fault(c.name, short(s)+" is not in status_values")
		}
		return word
	}
	switch s {
	case "", source.StatusActive, source.StatusLeave, source.StatusLeft, source.StatusRescinded:
		return s
	}
	r.fault(c.name, short(s)+" is none of active, leave, left, rescinded: map the file's words in status_values")
	return ""
}

func (r *reader) check(c column, rule string) {
	if rule != "" {
		r.fault(c.name, rule)
	}
}

func (r *reader) fault(field, rule string) { r.faults = append(r.faults, fault{field, rule}) }

// reject writes the row's faults as one reject: the first by its field, the others in the same rule, so that whoever
// mends the file sees all of them at once.
func (r *reader) reject(rec *source.Record, w *row) {
	var b strings.Builder
	b.WriteString(r.faults[0].rule)
	for _, f := range r.faults[1:min(len(r.faults), 5)] {
		b.WriteString("; " + f.field + ": " + f.rule)
	}
	if n := len(r.faults) - 5; n > 0 {
		b.WriteString("; and " + strconv.Itoa(n) + " more")
	}
	if rec.Key == "" {
		r.out.UnreadableKeys++
	} else {
		r.seen.addRejected(sighting{key: rec.Key, row: w.line, effective: rec.Effective, record: -1})
	}
	if w.fault == "" && len(w.cells) != len(r.plan.header) {
		r.out.UnreadableKeys += w.lines // an unpaired quote may have swallowed a row on each of these lines
	}
	rule := b.String()
	if !utf8.ValidString(rule) { // a header may hold what its encoding does not know
		rule = strings.ToValidUTF8(rule, "?")
	}
	r.out.Rejects = append(r.out.Rejects, source.Reject{Row: w.line, Field: strings.ToValidUTF8(r.faults[0].field, "?"),
		Rule: rule, Key: rec.Key})
}
