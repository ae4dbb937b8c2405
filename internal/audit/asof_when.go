package audit

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"tenure/internal/errs"
)

// When reads a moment of the past as people write it: a day (2026-03-01), which stands for its end in a time zone, or an instant (RFC 3339). What
// is not over yet is told as far as now.
func When(text string, zone *time.Location, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	d, err := time.ParseInLocation(time.DateOnly, text, zone)
	begin, end := d, d.AddDate(0, 0, 1).Add(-time.Microsecond) // the database counts microseconds
	if err != nil {
		if d, err = time.Parse(time.RFC3339, text); err != nil {
			return time.Time{}, errs.Invalid("%q is no date: write a day as 2026-03-01, or an instant as 2026-03-01T12:00:00Z", text)
		}
		begin, end = d, d
	}
	switch {
	case begin.Year() < 1900:
		return time.Time{}, errs.Invalid("%s is too long ago: dates begin with 1900", text)
	case begin.After(now):
		return time.Time{}, errs.Invalid("%s is still ahead: only what was is told", text)
	case end.After(now):
		end = now
	}
	return end, nil
}

// AsOfHead are the columns of AsOfCells.
var AsOfHead = []string{"person", "number", "id", "state", "title", "department", "location", "manager", "change", "application", "entitlement", "name", "privileged",
	"held", "reasons", "decided_by", "since", "until", "account", "reading", "read_at", "at", "compared_with", "known"}

// AsOfCells gives a person as lines of a table, one for each grant; somebody who held nothing has a line of their own.
func (a *Ask) AsOfCells(b *Bearer) [][]string {
	s, known := b.Then, ""
	if !a.Known.IsZero() {
		known = instant(a.Known)
	}
	number := ""
	if b.Person.Number != nil {
		number = *b.Person.Number
	}
	who := []string{b.Person.Name, number, b.Person.PublicID, string(s.State), "", "", "", ""}
	if s.Job == nil {
		who[3] = "" // HR had not told of them
	} else {
		who[4], who[5], who[6] = s.Job.Attrs["title"], s.Job.Attrs["department"], s.Job.Attrs["location"]
	}
	if s.Manager != nil {
		who[7] = s.Manager.Name
	}
	dates := a.dates()
	when := []string{instant(dates[len(dates)-1]), "", known}
	if len(dates) > 1 {
		when[1] = instant(dates[0])
	}
	var out [][]string
	for i := range b.Lines {
		out = append(out, slices.Concat(who, b.Lines[i].cells(), when))
	}
	if out == nil {
		out = append(out, slices.Concat(who, make([]string, len(AsOfHead)-len(who)-len(when)), when))
	}
	return out
}

func (l *Line) cells() []string {
	var reasons, by []string
	since, until, open := time.Time{}, time.Time{}, false
	for _, r := range l.Reasons {
		reasons = append(reasons, r.Text)
		for _, d := range r.By {
			by = append(by, d.Who+" "+d.Did+" "+instant(d.At))
		}
		if since.IsZero() || r.Since.Before(since) {
			since = r.Since
		}
		switch {
		case r.Until == nil:
			open = true
		case r.Until.After(until):
			until = *r.Until
		}
	}
	if open {
		until = time.Time{}
	}
	privileged, reading, read := "no", "", ""
	if l.Privileged {
		privileged = "yes"
	}
	if l.LastRead > 0 {
		reading, read = strconv.FormatInt(l.LastRead, 10), instant(l.LastReadAt)
	}
	return []string{l.Change, l.Application, l.Entitlement, l.Title, privileged, l.State, strings.Join(reasons, "; "), strings.Join(by, "; "), instant(since), instant(until),
		strings.Join(l.Accounts, ", "), reading, read}
}

// instant writes a time for a machine; "" for none.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
