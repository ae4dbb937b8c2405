package app_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"tenure/internal/audit/control"
	"tenure/internal/db"
)

// Who came, moved and went in a real company is counted alike from the log and from the employments, year by year: also those who were in no
// file for a year and came back under the same number, whose line in HR says nothing of it any more.
func TestWhoCameAndWentIsCountedTwice(t *testing.T) {
	e := newEmployees(t, 4, 120)
	// The first people come back: the file of the first year once more, years later.
	first, err := filepath.Glob(employeesDir + "/*-12-31.csv")
	e.must(err)
	body, err := os.ReadFile(first[0])
	e.must(err)
	again := filepath.Join(t.TempDir(), "1990-12-31.csv")
	e.must(os.WriteFile(again, body, 0o600))
	e.load(again, 120)
	all, back := map[string]int{}, 0
	e.must(e.app.DB.Read(t.Context(), func(tx *db.Tx) error {
		for year := 1985; year < 1991; year++ {
			s, err := control.NewSpan(tx, time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(year+1, 1, 1, 0, 0, 0, 0, time.UTC))
			e.must(err)
			for _, key := range []string{control.Joiners, control.Movers, control.Leavers} {
				p, err := control.PopulationOf(key)
				e.must(err)
				c, err := p.Count(tx, s)
				e.must(err)
				if c.Differ() {
					t.Errorf("%d, %s: %d listed, %d at the source", year, key, c.Listed, c.AtSource)
				}
				all[key] += c.Listed
			}
		}
		return tx.QueryRow(`select count(*) from event where kind = 'person.rehired'`).Scan(&back)
	}))
	if all[control.Joiners] < 10 || all[control.Movers] == 0 || all[control.Leavers] < 10 || back == 0 {
		t.Errorf("too little happened to count: %v, %d came back", all, back)
	}
}
