package request

import (
	"slices"
	"time"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
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

// SetWorkingTime says when the organisation works. Steps that are open keep their times.
func SetWorkingTime(tx *db.Tx, c *Calendar) error {
	var bad []errs.Field
	add := func(field, rule string) { bad = append(bad, errs.Field{Field: field, Rule: rule}) }
	if len(c.Days) == 0 || slices.ContainsFunc(c.Days, func(d int) bool { return d < 1 || d > 7 }) {
		add("days", "must be at least one of 1 (Monday) to 7 (Sunday)")
	}
	if c.From < 0 || c.From >= c.To || c.To > 24*60 {
		add("hours", "must begin before they end, such as 09:00-17:00")
	}
	if len(bad) > 0 {
		return errs.InvalidFields("the working time is as it was:", bad)
	}
	days := slices.Compact(slices.Sorted(slices.Values(c.Days)))
	if _, err := tx.Exec(`update working_time set days = $1, from_min = $2, to_min = $3, zone = $4, holidays = $5`, days, c.From, c.To, c.Zone.String(), orEmpty(c.Holidays)); err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "working_time.set", Touches: evidence.Touches{"working_time": 1},
		Facts: map[string]any{"days": days, "from_min": c.From, "to_min": c.To, "zone": c.Zone.String(), "holidays": len(c.Holidays)}})
	return nil
}
