package web

import (
	"time"

	"tenure/templates/ui"
)

// dueAt says when something is due, in the reader's zone: "Due today 17:00", "Late 3 h". What is due within a day asks for
// attention, what is late more so.
func (r *request) dueAt(t time.Time) ui.Clock {
	if t.IsZero() {
		return ui.Clock{}
	}
	l, now := r.inZone(t), r.inZone(r.now)
	c := ui.Clock{Tone: ui.Neutral, Exact: t.UTC().Format(time.RFC3339)}
	day := l.Format(time.DateOnly)
	switch left := t.Sub(r.now); {
	case left < 0:
		c.Tone, c.Text = ui.Bad, "Late "+span(-left)
	case day == now.Format(time.DateOnly):
		c.Tone, c.Text = ui.Warn, "Due today "+l.Format("15:04")
	case day == now.AddDate(0, 0, 1).Format(time.DateOnly):
		c.Text = "Due tomorrow " + l.Format("15:04")
		if left < 24*time.Hour {
			c.Tone = ui.Warn
		}
	case left < 6*24*time.Hour:
		c.Text = "Due " + l.Format("Monday 15:04")
	case l.Year() == now.Year():
		c.Text = "Due " + l.Format("2 Jan")
	default:
		c.Text = "Due " + l.Format("2 Jan 2006")
	}
	return c
}
