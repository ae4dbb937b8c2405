package app_test

import (
	"slices"
	"testing"
	"time"

	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/db"
)

// dormant gives the accounts that the list of dormant ones shows, and how many are counted for the page and for `tenure status`.
func (h *house) dormant() (names []string, page, status int) {
	h.Helper()
	a := h.app()
	h.do(db.System, func(tx *db.Tx) error {
		since := a.DormantSince(tx.Now)
		all, _, err := catalog.Logins(tx, catalog.LoginFilter{Application: a.ID, State: "dormant", Dormant: since}, db.Page{Sort: "name", Limit: 10})
		if err != nil {
			return err
		}
		for _, l := range all {
			names = append(names, l.Name)
		}
		counts, err := catalog.CountLogins(tx, a.ID, since)
		if err != nil {
			return err
		}
		s, err := audit.ReadStatus(tx)
		page, status = counts["dormant"], s.Applications["directory"].Dormant
		return err
	})
	return names, page, status
}

func TestDormantAccountsAreFoundByReading(t *testing.T) {
	h := newHouse(t)
	h.had("aruiz", "ana.ruiz@example.com")
	h.had("omar", "omar.diaz@example.com")
	h.had("jo", "jo.lind@example.com")
	h.had("ghost", "nobody@example.com")
	var now time.Time
	h.do(db.System, func(tx *db.Tx) error { now = tx.Now; return nil })
	h.server.SignIn("aruiz", now.AddDate(0, 0, -91))
	h.server.SignIn("omar", now.AddDate(0, 0, -89))
	h.server.SignIn("ghost", now.AddDate(-2, 0, 0)) // whoever it belongs to; of Jo nothing is known
	h.apply("observe", "report")
	h.sync(people)
	h.settle()
	want := func(why string, want ...string) {
		t.Helper()
		if names, page, status := h.dormant(); !slices.Equal(names, want) || page != len(want) || status != len(want) {
			t.Errorf("%s: the list shows %q, the page counts %d, status %d; want %q", why, names, page, status, want)
		}
	}
	want("90 days by default", "aruiz", "ghost")

	// The limit is the application's.
	h.dormantDays = 30
	h.apply("observe", "report")
	want("30 days", "aruiz", "ghost", "omar")
	h.dormantDays = 1000
	h.apply("observe", "report")
	want("1,000 days")

	// Who signs in again is not dormant after the next reading.
	h.dormantDays = 30
	h.apply("observe", "report")
	h.server.SignIn("aruiz", now)
	h.settle()
	want("after Ana signed in", "ghost", "omar")
}
