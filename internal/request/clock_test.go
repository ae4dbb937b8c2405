package request_test

import (
	"testing"
	"time"

	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/errs"
	"tenure/internal/request"
)

// Working time stops at night, over the weekend and on holidays, where the organisation is, also when the clocks change.
func TestWorkingTime(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	day := func(text string) time.Time {
		d, err := time.Parse(time.DateOnly, text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	c := &request.Calendar{Days: []int{1, 2, 3, 4, 5}, From: 9 * 60, To: 17 * 60, Zone: zone, Holidays: []time.Time{day("2026-12-25")}}
	for _, x := range []struct {
		from  string
		hours int
		want  string
	}{
		{"2026-11-27T10:00:00+01:00", 4, "2026-11-27T14:00:00+01:00"},  // within a day
		{"2026-11-27T15:00:00+01:00", 4, "2026-11-30T11:00:00+01:00"},  // over a weekend
		{"2026-11-28T12:00:00+01:00", 8, "2026-11-30T17:00:00+01:00"},  // from a weekend, a whole day
		{"2026-11-27T23:00:00+01:00", 1, "2026-11-30T10:00:00+01:00"},  // from a night
		{"2026-12-24T16:00:00+01:00", 2, "2026-12-28T10:00:00+01:00"},  // over a holiday and a weekend
		{"2026-03-27T16:00:00+01:00", 2, "2026-03-30T10:00:00+02:00"},  // the clocks go forward on the 29th
		{"2026-11-27T10:00:00+01:00", 16, "2026-12-01T10:00:00+01:00"}, // two working days
	} {
		from, err := time.Parse(time.RFC3339, x.from)
		if err != nil {
			t.Fatal(err)
		}
		want, err := time.Parse(time.RFC3339, x.want)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Add(from, time.Duration(x.hours)*time.Hour); !got.Equal(want) {
			t.Errorf("%d hours after %s is %s, not %s", x.hours, x.from, got.In(zone).Format(time.RFC3339), x.want)
		}
	}
	never := &request.Calendar{Days: []int{1}, From: 0, To: 60, Zone: zone}
	for d := day("2026-01-05"); d.Year() < 2030; d = d.AddDate(0, 0, 7) {
		never.Holidays = append(never.Holidays, d)
	}
	if got := never.Add(day("2026-01-01"), time.Hour); got.Year() < 2028 {
		t.Errorf("where nobody works the search ends: %s", got)
	}
}

func TestWorkingTimeIsSet(t *testing.T) {
	d := dbtest.Replay(t)
	zone, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	want := request.Calendar{Days: []int{2, 1}, From: 600, To: 900, Zone: zone}
	set := func(c request.Calendar) error {
		return d.Do(t.Context(), db.System, func(tx *db.Tx) error { return request.SetWorkingTime(tx, &c) })
	}
	if err := set(want); err != nil {
		t.Fatal(err)
	}
	var got *request.Calendar
	if err := d.Read(t.Context(), func(tx *db.Tx) (err error) { got, err = request.WorkingTime(tx); return err }); err != nil {
		t.Fatal(err)
	}
	if got.From != 600 || got.To != 900 || len(got.Days) != 2 || got.Zone.String() != "Asia/Tokyo" {
		t.Errorf("set is %+v", got)
	}
	want.Days, want.To = []int{8}, 10
	if err := set(want); errs.KindOf(err) != errs.KindInvalid {
		t.Errorf("what is none: %v", err)
	}
}
