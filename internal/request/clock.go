package request

import (
	"slices"
	"time"

	"tenure/internal/db"
)

// Calendar says when people work: the clock of approvals runs then and at no other time.
type Calendar struct {
	Days     []int // ISO: 1 is Monday
	From, To int   // minutes of a day
	Zone     *time.Location
	Holidays []time.Time // dates
}

// WorkingTime reads the calendar of the organisation.
func WorkingTime(tx *db.Tx) (*Calendar, error) {
	return db.Still(tx, "working_time", func() (*Calendar, error) {
		var c Calendar
		var zone string
		err := tx.QueryRow(`select days, from_min, to_min, zone, holidays from working_time`).Scan(&c.Days, &c.From, &c.To, &zone, &c.Holidays)
		if err != nil {
			return nil, err
		}
		c.Zone, err = time.LoadLocation(zone)
		return &c, err
	})
}

// day gives the working time of the day that an instant lies in; from equals to on a day off.
func (c *Calendar) day(t time.Time) (from, to time.Time) {
	t = t.In(c.Zone)
	at := func(minutes int) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day(), 0, minutes, 0, 0, c.Zone)
	}
	weekday := (int(t.Weekday())+6)%7 + 1
	off := slices.ContainsFunc(c.Holidays, func(h time.Time) bool { return h.Year() == t.Year() && h.YearDay() == t.YearDay() })
	if off || !slices.Contains(c.Days, weekday) {
		return at(c.From), at(c.From)
	}
	return at(c.From), at(c.To)
}

// longestSearch bounds how far ahead Add looks, in days: a calendar may be all holidays.
const longestSearch = 1000

// Add gives the instant when so much working time has gone by since another.
func (c *Calendar) Add(t time.Time, d time.Duration) time.Time {
	for range longestSearch {
		from, to := c.day(t)
		if t.Before(from) {
			t = from
		}
		if left := to.Sub(t); left > 0 {
			if d <= left {
				return t.Add(d).UTC()
			}
			d -= left
		}
		local := t.In(c.Zone)
		t = time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, c.Zone)
	}
	return t.UTC()
}
