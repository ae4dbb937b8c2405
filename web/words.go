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
	text := r.Date(l, "2 Jan 2006, 15:04")
	switch {
	case l.Hour()+l.Minute()+l.Second() == 0: // the instant at which a day begins means the day
		text = r.Date(l, "2 January 2006")
	case l.Format(time.DateOnly) == now.Format(time.DateOnly):
		text = r.T("today %s", l.Format("15:04"))
	case l.Format(time.DateOnly) == now.AddDate(0, 0, -1).Format(time.DateOnly):
		text = r.T("yesterday %s", l.Format("15:04"))
	case l.Year() == now.Year():
		text = r.Date(l, "2 Jan, 15:04")
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
		return r.T("just now")
	case d < time.Hour:
		return r.T("%s ago", r.Plural(int(d/time.Minute), "minute", "minutes"))
	case d < 24*time.Hour:
		return r.T("%s ago", r.Plural(int(d/time.Hour), "hour", "hours"))
	}
	return r.T("%s ago", r.Plural(int(d/(24*time.Hour)), "day", "days"))
}

// tag says the word of a state that a table names.
func (r *request) tag(t ui.Tag) ui.Tag {
	t.Text = r.T(t.Text)
	return t
}

// each says every text of a table.
func (r *request) each(all []string) []string {
	out := make([]string, len(all))
	for i, text := range all {
		out[i] = r.T(text)
	}
	return out
}

// maybe is at for a moment that may be missing.
func (r *request) maybe(t *time.Time) ui.Time {
	if t == nil {
		return ui.Time{}
	}
	return r.at(*t)
}

// day shows a calendar day: the first or the last one of an employment.
func (r *request) day(t time.Time) string { return r.Date(t, "2 January 2006") }

// dayHead is the heading of a day in a timeline.
func (r *request) dayHead(t time.Time) string {
	z := r.zone
	if z == nil {
		z = time.UTC
	}
	d, now := t.In(z), r.now.In(z)
	text := r.day(d)
	switch d.Format(time.DateOnly) {
	case now.Format(time.DateOnly):
		return r.T("Today, %s", text)
	case now.AddDate(0, 0, -1).Format(time.DateOnly):
		return r.T("Yesterday, %s", text)
	}
	return text
}

// took says how long an attempt lasted.
func (r *request) took(from time.Time, to *time.Time) string {
	if to == nil {
		return ""
	}
	d := to.Sub(from)
	switch {
	case d < time.Second:
		return r.T("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// and joins words: "a, b and c". Above most it says how many more there are.
func (r *request) and(all []string, most int) string {
	if len(all) > most {
		return r.T("%s and %d more", strings.Join(all[:most], ", "), len(all)-most)
	}
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return r.T("%s and %s", strings.Join(all[:len(all)-1], ", "), all[len(all)-1])
}

// or joins words: "a, b or c".
func (r *request) or(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return r.T("%s or %s", strings.Join(all[:len(all)-1], ", "), all[len(all)-1])
}

func personURL(ref string) string { return "/people/" + ref }

func applicationURL(name string) string { return "/applications/" + escape(name) }

func operationURL(id int64) string { return fmt.Sprintf("/operations/%d", id) }

func runURL(id int) string { return fmt.Sprintf("/hr/runs/%d", id) }

// pager leads through a list by the key of its last line. shown is how many lines came before this page.
func (r *request) pager(shown, here, all int, first, next string) ui.Pager {
	p := ui.Pager{NextURL: next}
	if shown > 0 {
		p.FirstURL = first
	}
	if here > 0 && (shown > 0 || next != "") {
		p.Text = r.T("%s–%s of %s", r.Int(shown+1), r.Int(shown+here), r.Int(all))
	}
	return p
}
