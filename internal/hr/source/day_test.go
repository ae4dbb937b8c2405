package source

import (
	"encoding/json"
	"testing"
	"time"
)

// firstInstant finds the start of a day the slow way: the first minute whose local date is d, or else is after d.
func firstInstant(d Day, loc *time.Location) time.Time {
	y, m, day := d.Date()
	t := time.Date(y, time.Month(m), day, 0, 0, 0, 0, time.UTC).Add(-40 * time.Hour)
	for ; DayOf(t.In(loc)).Before(d); t = t.Add(time.Minute) {
	}
	return t
}

func TestDayBeginsWhenTheCalendarOnTheWallTurns(t *testing.T) {
	for _, c := range []struct{ zone, day, why string }{
		{"UTC", "2026-03-04", "plain"},
		{"Europe/Berlin", "2026-03-29", "a day of 23 hours"},
		{"Europe/Berlin", "2026-10-25", "a day of 25 hours"},
		{"Africa/Cairo", "2024-04-26", "midnight is skipped"},
		{"Asia/Beirut", "2022-03-27", "midnight is skipped"},
		{"America/Sao_Paulo", "2018-11-04", "midnight is skipped"},
		{"America/Sao_Paulo", "2018-02-18", "the evening before happens twice"},
		{"America/Havana", "2024-11-03", "midnight happens twice"},
		{"Asia/Amman", "2021-10-29", "midnight happens twice, east of Greenwich"},
		{"Africa/Cairo", "2023-10-27", "the evening before happens twice"},
		{"America/Havana", "2024-03-10", "midnight is skipped"},
		{"Pacific/Apia", "2011-12-30", "the day does not exist"},
		{"Pacific/Apia", "2011-12-31", "follows a day that does not exist"},
		{"Pacific/Auckland", "2026-07-01", "far east"},
		{"America/Los_Angeles", "2026-07-01", "far west"},
		{"Asia/Kathmandu", "2026-07-01", "offset of 5:45"},
	} {
		loc, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		d, err := ParseDay(c.day)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := d.In(loc), firstInstant(d, loc); !got.Equal(want) {
			t.Errorf("%s in %s (%s) begins %s, want %s", c.day, c.zone, c.why, got, want.In(loc))
		}
		if got, want := d.EndIn(loc), firstInstant(d.AddDays(1), loc); !got.Equal(want) {
			t.Errorf("%s in %s (%s) ends %s, want %s", c.day, c.zone, c.why, got, want.In(loc))
		}
	}
}

func TestLastDayEndsEarlierInAucklandThanInLosAngeles(t *testing.T) {
	d, _ := ParseDay("2026-06-30")
	auckland, _ := time.LoadLocation("Pacific/Auckland")
	angeles, _ := time.LoadLocation("America/Los_Angeles")
	if got := d.EndIn(angeles).Sub(d.EndIn(auckland)); got != 19*time.Hour {
		t.Errorf("Los Angeles ends the day %s after Auckland, want 19h", got)
	}
}

func TestDayIsOrderedAndPrinted(t *testing.T) {
	a, _ := NewDay(1999, 12, 31)
	b, _ := NewDay(2000, 1, 1)
	if !a.Before(b) || !b.After(a) || a.Compare(b) != -1 || a.Compare(a) != 0 || b.Compare(a) != 1 || a.AddDays(1) != b || b.AddDays(-1) != a {
		t.Errorf("%s and %s are not neighbours in order", a, b)
	}
	if !(Day{}).IsZero() || (Day{}).String() != "" || !(Day{}).Before(a) || !(Day{}).AddDays(3).IsZero() || !(Day{}).In(time.UTC).IsZero() {
		t.Error("no date is not treated as none")
	}
	j, _ := json.Marshal([]Day{a, {}})
	if string(j) != `["1999-12-31",""]` {
		t.Errorf("JSON is %s", j)
	}
	var back []Day
	if err := json.Unmarshal(j, &back); err != nil || back[0] != a || !back[1].IsZero() {
		t.Errorf("JSON comes back as %v, %v", back, err)
	}
	if _, err := ParseDay("2023-02-29"); err == nil {
		t.Error("2023-02-29 was accepted")
	}
	for y := MinYear; y <= MaxYear; y++ {
		_, leap := NewDay(y, 2, 29)
		if want := time.Date(y, 2, 29, 0, 0, 0, 0, time.UTC).Day() == 29; leap != want {
			t.Errorf("29 February %d: got %v", y, leap)
		}
	}
}

func TestDateFormats(t *testing.T) {
	for _, c := range []struct{ format, text, want, rule string }{
		{"YYYY-MM-DD", "2026-03-04", "2026-03-04", ""},
		{"DD.MM.YYYY", "04.03.2026", "2026-03-04", ""},
		{"MM/DD/YYYY", "03/04/2026", "2026-03-04", ""},
		{"DD/MM/YYYY", "03/04/2026", "2026-04-03", ""},
		{"D/M/YYYY", "3/4/2026", "2026-04-03", ""},
		{"D/M/YYYY", "03/04/2026", "2026-04-03", ""},
		{"YYYYMMDD", "20260304", "2026-03-04", ""},
		{"DDMMYYYY", "04032026", "2026-03-04", ""},
		{"D. M. YYYY", "4. 3. 2026", "2026-03-04", ""},
		{"YYYY-MM-DD", "2024-02-29", "2024-02-29", ""},
		{"YYYY-MM-DD", "2000-02-29", "2000-02-29", ""},
		{"YYYY-MM-DD", "2100-02-29", "", "does not exist: 2100 is no leap year (dates are read as YYYY-MM-DD)"},
		{"DD.MM.YYYY", "29.02.2023", "", "does not exist: 2023 is no leap year (dates are read as DD.MM.YYYY)"},
		{"YYYY-MM-DD", "2026-04-31", "", "is no day of the calendar when read as YYYY-MM-DD"},
		{"MM/DD/YYYY", "13/04/2026", "", "is no day of the calendar when read as MM/DD/YYYY"},
		{"YYYY-MM-DD", "2026-00-10", "", "is no day of the calendar when read as YYYY-MM-DD"},
		{"YYYY-MM-DD", "9999-12-31", "", `has a year outside 1900-2200; if it stands for "no date", list it in null_values`},
		{"YYYY-MM-DD", "1899-12-31", "", `has a year outside 1900-2200; if it stands for "no date", list it in null_values`},
		{"DD.MM.YYYY", "4.3.2026", "", "is not a date written DD.MM.YYYY"},
		{"YYYY-MM-DD", "2026-03-04T00:00:00", "", "is not a date written YYYY-MM-DD"},
		{"YYYY-MM-DD", "2026/03/04", "", "is not a date written YYYY-MM-DD"},
		{"YYYY-MM-DD", "soon", "", "is not a date written YYYY-MM-DD"},
		{"YYYY-MM-DD", "２０２６-03-04", "", "is not a date written YYYY-MM-DD"},
	} {
		f, err := NewDateFormat(c.format)
		if err != nil {
			t.Fatal(err)
		}
		d, rule := f.Parse(c.text)
		if d.String() != c.want || rule != c.rule {
			t.Errorf("%s as %s: got %q, %q; want %q, %q", c.text, c.format, d, rule, c.want, c.rule)
		}
		if again, _ := f.Parse(f.Format(d)); again != d {
			t.Errorf("%s: %s is written %s and read back as %s", c.format, d, f.Format(d), again)
		}
	}
	for _, bad := range []string{"", "auto", "DD.MM.YY", "YYYY-MM", "YYYY-MM-MM", "DMYYYY", "YYYYMD", "yyyy-mm-dd", "YYYY-MMM-DD", "YYYY-MM-DDTHH"} {
		if _, err := NewDateFormat(bad); err == nil {
			t.Errorf("the format %q was accepted", bad)
		}
	}
}
