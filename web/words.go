package web

import (
	"fmt"
	"strings"
	"time"

	"tenure/templates/ui"
)

// pageSize is how many lines a page of a list has.
const pageSize = 50

// at shows a moment in the reader's time zone.
// inZone puts a moment into the reader's time zone.
func (r *request) inZone(t time.Time) time.Time {
	if r.zone == nil {
		return t.UTC()
	}
	return t.In(r.zone)
}

func (r *request) at(t time.Time) ui.Time {
	if t.IsZero() {
		return ui.Time{}
	}
	z := r.zone
	if z == nil {
		z = time.UTC
	}
	l, now := t.In(z), r.now.In(z)
	text := l.Format("2 Jan 2006, 15:04")
	switch {
	case l.Hour()+l.Minute()+l.Second() == 0: // the instant at which a day begins means the day
		text = l.Format("2 January 2006")
	case l.Format(time.DateOnly) == now.Format(time.DateOnly):
		text = "today " + l.Format("15:04")
	case l.Format(time.DateOnly) == now.AddDate(0, 0, -1).Format(time.DateOnly):
		text = "yesterday " + l.Format("15:04")
	case l.Year() == now.Year():
		text = l.Format("2 Jan, 15:04")
	}
	return ui.Time{Text: text, Exact: t.UTC().Format(time.RFC3339)}
}

// ago says how long ago something was; nothing in a replay, whose days are not the clock's.
func (r *request) ago(t time.Time) string {
	d := r.now.Sub(t)
	switch {
	case r.simulated || t.IsZero():
		return ""
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return plural(int(d/time.Minute), "minute", "minutes") + " ago"
	case d < 24*time.Hour:
		return plural(int(d/time.Hour), "hour", "hours") + " ago"
	}
	return plural(int(d/(24*time.Hour)), "day", "days") + " ago"
}

// maybe is at for a moment that may be missing.
func (r *request) maybe(t *time.Time) ui.Time {
	if t == nil {
		return ui.Time{}
	}
	return r.at(*t)
}

// day shows a calendar day: the first or the last one of an employment.
func day(t time.Time) string { return t.Format("2 January 2006") }

// dayHead is the heading of a day in a timeline.
func (r *request) dayHead(t time.Time) string {
	z := r.zone
	if z == nil {
		z = time.UTC
	}
	d, now := t.In(z), r.now.In(z)
	text := day(d)
	switch d.Format(time.DateOnly) {
	case now.Format(time.DateOnly):
		return "Today, " + text
	case now.AddDate(0, 0, -1).Format(time.DateOnly):
		return "Yesterday, " + text
	}
	return text
}

// took says how long an attempt lasted.
func took(from time.Time, to *time.Time) string {
	if to == nil {
		return ""
	}
	d := to.Sub(from)
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// and joins words: "a, b and c". Above most it says how many more there are.
func and(all []string, most int) string {
	if len(all) > most {
		return strings.Join(all[:most], ", ") + fmt.Sprintf(" and %d more", len(all)-most)
	}
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}

// plural is "1 person", "2 people".
func plural(n int, one, many string) string { return ui.Plural(n, one, many) }

func personURL(ref string) string { return "/people/" + ref }

func applicationURL(name string) string { return "/applications/" + escape(name) }

func operationURL(id int64) string { return fmt.Sprintf("/operations/%d", id) }

func runURL(id int) string { return fmt.Sprintf("/hr/runs/%d", id) }

// pager leads through a list by the key of its last line. shown is how many lines came before this page.
func pager(shown, here, all int, first, next string) ui.Pager {
	p := ui.Pager{NextURL: next}
	if shown > 0 {
		p.FirstURL = first
	}
	if here > 0 && (shown > 0 || next != "") {
		p.Text = fmt.Sprintf("%s–%s of %s", ui.Int(shown+1), ui.Int(shown+here), ui.Int(all))
	}
	return p
}
