package control

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// Attainment is how often a limit was kept by the items of a population, or by those of a month.
type Attainment struct {
	Limit  Limit  `json:"limit"`
	Month  string `json:"month,omitempty"` // "2026-11", as the items of the list begin in it; "" for the whole period
	Items  int    `json:"items"`           // that it applies to and that are over, or late already
	Within int    `json:"within"`          // that kept it
	Open   int    `json:"open"`            // not done, and not late yet: not in Items
	P95    int64  `json:"p95_seconds"`     // of those that are done; nearest rank
	Worst  int64  `json:"worst_seconds"`   // the open ones as long as they have waited
}

// Share is how many of a hundred kept it; 100 where there was nothing to keep.
func (a *Attainment) Share() float64 {
	if a.Items == 0 {
		return 100
	}
	return 100 * float64(a.Within) / float64(a.Items)
}

// words says in English how often a limit was kept.
func (a *Attainment) words() string {
	text := fmt.Sprintf("kept by %d of %d, within %d h", a.Within, a.Items, a.Limit.Hours)
	if late := a.Items - a.Within; late > 0 {
		text += fmt.Sprintf("; %d too late", late)
	}
	if a.Open > 0 {
		text += fmt.Sprintf("; %d not over yet", a.Open)
	}
	return text
}

// Attained counts, for each limit that items of a population are held to, how often it was kept: in the whole period, and month by month in
// the order of time.
func Attained(tx *db.Tx, p *Population, s Span) (whole, months []Attainment, err error) {
	if !p.Timed {
		return nil, nil, nil
	}
	all, err := Limits(tx)
	if err != nil {
		return nil, nil, err
	}
	names, hours := make([]string, len(all)), make([]int, len(all))
	for i, l := range all {
		names[i], hours[i] = l.Name, l.Hours
	}
	args := append(s.args(), names, hours)
	rows, err := tx.Query(fmt.Sprintf(`select p.lim, coalesce(p.month, ''), count(*) filter (where p.took is not null or p.waited > l.hours * 3600), count(*) filter (where p.took <= l.hours * 3600),
			count(*) filter (where p.took is null and p.waited <= l.hours * 3600), coalesce(percentile_disc(0.95) within group (order by p.took), 0)::bigint,
			coalesce(ceil(max(coalesce(p.took, p.waited))), 0)::bigint
		from (select q.lim, q.took, q.waited, left(q.ord, 7) as month from (%s) q) p join unnest($5::text[], $6::int[]) l(name, hours) on l.name = p.lim
		where (p.took is not null or p.waited is not null) and %s group by grouping sets ((p.lim), (p.lim, p.month))`, p.sql, typed), args...)
	if err != nil {
		return nil, nil, err
	}
	var a Attainment
	var name string
	_, err = pgx.ForEachRow(rows, []any{&name, &a.Month, &a.Items, &a.Within, &a.Open, &a.P95, &a.Worst}, func() error {
		a.Limit = all[slices.Index(names, name)]
		if a.Month == "" {
			whole = append(whole, a)
		} else {
			months = append(months, a)
		}
		return nil
	})
	byLimit := func(a, b Attainment) int {
		return cmp.Or(slices.Index(names, a.Limit.Name)-slices.Index(names, b.Limit.Name), cmp.Compare(a.Month, b.Month))
	}
	slices.SortFunc(whole, byLimit)
	slices.SortFunc(months, byLimit)
	return whole, months, err
}
