package control

import (
	"testing"
	"time"
)

// A plan is due at its hour in the organisation's zone, and tells of the period that ended last.
func TestWhenAPlanIsDue(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		p                      Plan
		now, next, first, last string
	}{
		{Plan{Every: Weekly, Day: 1, Hour: 8}, "2026-11-22T12:00:00Z", "2026-11-23T07:00:00Z", "2026-11-09", "2026-11-15"}, // a Sunday
		{Plan{Every: Weekly, Day: 7, Hour: 23}, "2026-11-22T21:59:59Z", "2026-11-22T22:00:00Z", "2026-11-09", "2026-11-15"},
		{Plan{Every: Weekly, Day: 7, Hour: 23}, "2026-11-22T22:00:00Z", "2026-11-29T22:00:00Z", "2026-11-09", "2026-11-15"}, // at that very time it is the next one
		{Plan{Every: Weekly, Day: 3, Hour: 0}, "2026-01-01T12:00:00Z", "2026-01-06T23:00:00Z", "2025-12-22", "2025-12-28"},
		{Plan{Every: Monthly, Day: 1, Hour: 8}, "2026-12-31T23:30:00Z", "2027-01-01T07:00:00Z", "2026-12-01", "2026-12-31"}, // New Year in Berlin
		{Plan{Every: Monthly, Day: 28, Hour: 8}, "2026-01-30T12:00:00Z", "2026-02-28T07:00:00Z", "2025-12-01", "2025-12-31"},
		{Plan{Every: Monthly, Day: 1, Hour: 8}, "2026-03-31T06:00:00Z", "2026-04-01T06:00:00Z", "2026-02-01", "2026-02-28"},  // summer time
		{Plan{Every: Monthly, Day: 25, Hour: 2}, "2026-10-24T23:59:00Z", "2026-10-25T01:00:00Z", "2026-09-01", "2026-09-30"}, // the hour comes twice: once
		{Plan{Every: Quarterly, Day: 5, Hour: 9}, "2026-11-22T12:00:00Z", "2027-01-05T08:00:00Z", "2026-07-01", "2026-09-30"},
		{Plan{Every: Quarterly, Day: 5, Hour: 9}, "2027-01-05T07:59:00Z", "2027-01-05T08:00:00Z", "2026-10-01", "2026-12-31"},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		if next := c.p.after(now, berlin).Format(time.RFC3339); next != c.next {
			t.Errorf("%+v at %s is due at %s, want %s", c.p, c.now, next, c.next)
		}
		if first, last := c.p.Ended(now, berlin); first != c.first || last != c.last {
			t.Errorf("%+v at %s is about %s to %s, want %s to %s", c.p, c.now, first, last, c.first, c.last)
		}
	}
}
