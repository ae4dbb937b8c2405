package demo

import (
	"fmt"
	"time"
)

// Step is one file that HR sent, and what else happened before the next one.
type Step struct {
	Day       time.Time // midnight UTC of the day on which it is true
	File      string
	Rows      []Row
	Faulty    []Row  // lines that break a rule of the feed; they come after Rows
	Release   string // the reason with which a second person releases the file, if the brake holds it
	Terminate string // number of somebody who is dismissed at once after it
	Dismissal string // why
}

// Size says how long and how large the history is.
type Size struct {
	People int // about so many at the end
	Months int // files, one a month; at least 2
}

// Full is the size of the demo.
var Full = Size{People: 250, Months: 13}

// History generates the company's past up to today. It depends on nothing but its arguments.
func History(today time.Time, size Size) []Step {
	c := newCompany(today, size)
	steps := make([]Step, 0, size.Months)
	for m := range size.Months {
		c.day = day(today).AddDate(0, m+1-size.Months, 0)
		if m == 0 {
			c.found(size.People * 85 / 100)
		} else {
			c.month(m)
		}
		if m == size.Months-1 {
			c.future()
		}
		steps = append(steps, c.step(m))
	}
	return steps
}

// day gives midnight UTC of the date.
func day(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

func date(t time.Time) string { return t.Format(time.DateOnly) }

// step takes the file of the month from what the company is now.
func (c *company) step(m int) Step {
	s := Step{Day: c.day, File: fmt.Sprintf("people-%s.csv", date(c.day)), Rows: c.rows(), Release: "Checked with the departments: these people are known to leave"}
	if m == c.projectEnd() {
		s.Release = "The new line in Osaka runs; the contractors who built it leave as planned"
	}
	switch {
	case m == 3:
		s.Faulty = append(s.Faulty, c.joinerWithFault("2026-02-30", ""))
	case m == c.size.Months-2 && m > 3:
		s.Faulty = append(s.Faulty, c.joinerWithFault(date(c.day.AddDate(0, 0, 5)), date(c.day.AddDate(0, 0, -30))), c.joinerWithFault("01.10.2026", ""))
	}
	if m == max(1, c.size.Months-3) {
		s.Terminate, s.Dismissal = c.dismiss(), "Sold customer addresses; dismissed without notice"
	}
	return s
}

// joinerWithFault is a new line that HR mistyped. It comes again, right, with the next file.
func (c *company) joinerWithFault(start, end string) Row {
	p := c.hire(employee)
	p.Start = date(c.day.AddDate(0, 0, 3))
	p.from = c.day.AddDate(0, 0, 1)
	bad := p.Row
	bad.Start, bad.End = start, end
	return bad
}
