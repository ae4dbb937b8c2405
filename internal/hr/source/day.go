package source

import (
	"fmt"
	"time"
)

// Years a date may lie in. A date outside is nearly always a stand-in for "no date" or a slip of the hand.
const (
	MinYear = 1900
	MaxYear = 2200
)

// Day is a civil date without a zone (ISO 8601 calendar date). The zero Day means "no date". Days are comparable with ==.
type Day struct{ n int32 } // yyyymmdd, so that the order of numbers is the order of days

// NewDay gives the day of that year, month and day of month; ok is false when the Gregorian calendar has no such day
// or the year is not between 1 and 9999.
func NewDay(year, month, day int) (d Day, ok bool) {
	if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return Day{}, false
	}
	return Day{int32(year*10000 + month*100 + day)}, true
}

// DayOf gives the date that a calendar on the wall shows at t, in t's own location.
func DayOf(t time.Time) Day {
	y, m, d := t.Date()
	day, _ := NewDay(y, int(m), d)
	return day
}

// ParseDay reads a date written YYYY-MM-DD. The empty string is the zero Day.
func ParseDay(s string) (Day, error) {
	if s == "" {
		return Day{}, nil
	}
	d, rule := isoDate.Parse(s)
	if rule != "" {
		return Day{}, fmt.Errorf("%q %s", s, rule)
	}
	return d, nil
}

// IsZero says whether d is no date.
func (d Day) IsZero() bool { return d.n == 0 }

// Date gives year, month (1-12) and day of the month; all 0 for no date.
func (d Day) Date() (year, month, day int) {
	return int(d.n) / 10000, int(d.n) / 100 % 100, int(d.n) % 100
}

// Compare is -1 when d is before o, 0 when they are the same day, +1 when d is after o. No date is before every date.
func (d Day) Compare(o Day) int {
	switch {
	case d.n < o.n:
		return -1
	case d.n > o.n:
		return 1
	}
	return 0
}

// Before says whether d is an earlier day than o.
func (d Day) Before(o Day) bool { return d.n < o.n }

// After says whether d is a later day than o.
func (d Day) After(o Day) bool { return d.n > o.n }

// AddDays gives the day n days later, or earlier when n is negative. No date stays no date.
func (d Day) AddDays(n int) Day {
	if d.IsZero() {
		return d
	}
	y, m, day := d.Date()
	return DayOf(time.Date(y, time.Month(m), day+n, 12, 0, 0, 0, time.UTC))
}

// String writes YYYY-MM-DD (ISO 8601), and nothing for no date.
func (d Day) String() string {
	if d.IsZero() {
		return ""
	}
	return string(d.AppendText(make([]byte, 0, 10)))
}

// AppendText appends YYYY-MM-DD to b, nothing for no date.
func (d Day) AppendText(b []byte) []byte {
	if d.IsZero() {
		return b
	}
	y, m, day := d.Date()
	b = append(b, byte('0'+y/1000), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10), '-')
	b = append(b, byte('0'+m/10), byte('0'+m%10), '-')
	return append(b, byte('0'+day/10), byte('0'+day%10))
}

// MarshalText writes the day for JSON and YAML as String does.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (d *Day) UnmarshalText(b []byte) error {
	day, err := ParseDay(string(b))
	*d = day
	return err
}

// In gives the first instant of the day in loc: midnight, or, where the clocks skip midnight (as in Cairo or Beirut in
// spring), the instant after the gap; where midnight happens twice, the first. For no date it is the zero Time.
func (d Day) In(loc *time.Location) time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	y, m, day := d.Date()
	t := time.Date(y, time.Month(m), day, 0, 0, 0, 0, loc)
	start, end := t.ZoneBounds()
	got := DayOf(t)
	switch {
	case got.Before(d): // midnight is in a gap and Date answered with the offset before it
		return end
	case got.After(d) || t.Hour() > 0 || t.Minute() > 0: // the same, answered with the offset after it
		return start
	}
	if !start.IsZero() {
		before := start.Add(-time.Nanosecond)
		if DayOf(before) == d { // the clocks went back over midnight: the day had begun before
			_, offset := before.Zone()
			first := time.Date(y, time.Month(m), day, 0, 0, 0, 0, time.UTC).Add(-time.Duration(offset) * time.Second)
			if first.Before(t) {
				return first.In(loc)
			}
		}
	}
	return t
}

// EndIn gives the instant the day is over in loc: the start of the next day. A leaver's last day ends then.
func (d Day) EndIn(loc *time.Location) time.Time { return d.AddDays(1).In(loc) }

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}
