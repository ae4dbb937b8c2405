package bench

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"
)

// Report is what was measured, and on what.
type Report struct {
	Date       string  `json:"date"`
	CPUs       int     `json:"cpus"`
	Go         string  `json:"go"`
	PostgreSQL string  `json:"postgresql"`
	Repeat     int     `json:"repeat"`
	Sizes      []*Size `json:"sizes"`

	SoD []*SoD `json:"sod,omitempty"`

	Requests []*Requests `json:"requests,omitempty"`

	PagesPeople int     `json:"pages_people,omitempty"`
	Pages       []*Page `json:"pages,omitempty"`

	Recompute *Recompute `json:"recompute,omitempty"`

	Campaigns *Campaigns `json:"campaigns,omitempty"`

	Evidence *Log `json:"evidence,omitempty"`

	Mining *Mining `json:"mining,omitempty"`

	Portal *Portal `json:"portal,omitempty"`
}

// Size is what was measured with one number of people.
type Size struct {
	People    int              `json:"people"`
	FeedBytes int              `json:"feed_bytes"`
	Rows      map[string]int64 `json:"rows"` // that the first load writes, by table
	FirstLoad *Measure         `json:"first_load"`
	Unchanged *Measure         `json:"unchanged"`
	Identical *Measure         `json:"identical"`
	Delta     *Measure         `json:"delta"`
}

// Measure is one measure. Its ratio is floor / product, 1 being the physical limit; where Goal is a bound from above (AtMost) it
// is product / floor.
type Measure struct {
	Name    string  `json:"name"`
	Goal    float64 `json:"goal,omitempty"` // 0: none at this size
	AtMost  bool    `json:"at_most,omitempty"`
	Ratio   Spread  `json:"ratio"`
	Product Spread  `json:"product_seconds"`
	Floor   Spread  `json:"floor_seconds"`
	Met     *bool   `json:"met,omitempty"`

	pairs []pair
}

// Spread is the median of some values, with the least and the greatest.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// goalSize is the size at which ratios are goals: below it the fixed cost of a transaction weighs more than the rows.
const goalSize = 50_000

func newSize(people int) *Size {
	s := &Size{People: people,
		FirstLoad: &Measure{Name: "first load", Goal: 0.35},
		Unchanged: &Measure{Name: "unchanged", Goal: 0.5},
		Identical: &Measure{Name: "identical file"},
		Delta:     &Measure{Name: "1 % changed", Goal: 1.3, AtMost: true}}
	if people < goalSize {
		for _, m := range s.measures() {
			m.Goal = 0
		}
	}
	return s
}

func (s *Size) measures() []*Measure {
	return []*Measure{s.FirstLoad, s.Unchanged, s.Identical, s.Delta}
}

func (m *Measure) add(product, floor time.Duration) { m.pairs = append(m.pairs, pair{product, floor}) }

func (s *Size) finish() {
	for _, m := range s.measures() {
		m.finish()
	}
}

func (m *Measure) finish() {
	m.Product = spread(m.pairs, func(p pair) float64 { return p.product.Seconds() })
	m.Floor = spread(m.pairs, func(p pair) float64 { return p.floor.Seconds() })
	m.Ratio = spread(m.pairs, func(p pair) float64 {
		if m.AtMost {
			return p.product.Seconds() / p.floor.Seconds()
		}
		return p.floor.Seconds() / p.product.Seconds()
	})
	if m.Goal > 0 {
		met := m.Ratio.Median >= m.Goal
		if m.AtMost {
			met = m.Ratio.Median <= m.Goal
		}
		m.Met = &met
	}
}

func spread(pairs []pair, value func(pair) float64) Spread {
	all := make([]float64, len(pairs))
	for i, p := range pairs {
		all[i] = value(p)
	}
	return of(all)
}

// of sums up some values.
func of(all []float64) Spread {
	all = slices.Sorted(slices.Values(all))
	mid := len(all) / 2
	median := all[mid]
	if len(all)%2 == 0 {
		median = (all[mid-1] + all[mid]) / 2
	}
	return Spread{Median: median, Min: all[0], Max: all[len(all)-1]}
}

// Met says whether every goal was met.
func (r *Report) Met() bool {
	for _, s := range r.Sizes {
		for _, m := range s.measures() {
			if m.Met != nil && !*m.Met {
				return false
			}
		}
	}
	for _, s := range r.SoD {
		if !s.Met() {
			return false
		}
	}
	for _, s := range r.Requests {
		if slices.ContainsFunc(s.Acts, func(a *RequestAct) bool { return !a.Met }) {
			return false
		}
	}
	for _, p := range r.Pages {
		if !p.Met {
			return false
		}
	}
	return r.Mining.met() && r.Campaigns.Met() && r.Evidence.Met() && (r.Portal == nil || r.Portal.Met) && (r.Recompute == nil || r.Recompute.Met)
}

// Print writes the report for people.
func (r *Report) Print(out io.Writer) {
	if len(r.Sizes) > 0 {
		r.printSizes(out)
	}
	if len(r.SoD) > 0 {
		r.printSoD(out)
	}
	if r.Portal != nil {
		r.Portal.print(out)
	}
	if len(r.Requests) > 0 {
		r.printRequests(out)
	}
	if len(r.Pages) > 0 {
		r.printPages(out)
	}
	if r.Recompute != nil {
		r.Recompute.print(out)
	}
	if r.Campaigns != nil {
		r.Campaigns.print(out)
	}
	if r.Evidence != nil {
		r.Evidence.print(out)
	}
	if r.Mining != nil {
		r.Mining.print(out)
	}
}

func (r *Report) printPages(out io.Writer) {
	printPages(out, r.Pages)
	_, _ = fmt.Fprintf(out, "Pages of %d people with 20 grants each; the floor sends the same statements in the same round trips and the same bytes; ratio: product / floor, of the p95.\n\n", r.PagesPeople)
}

func printPages(out io.Writer, pages []*Page) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	p := func(format string, a ...any) { _, _ = fmt.Fprintf(w, format, a...) }
	p("page\tp95\tp50\tfloor p95\tratio\tmin\tmax\tgoal\tstatements\ttrips\tbytes\t\n")
	for _, x := range pages {
		goal := fmt.Sprintf("<= %.1f, <= %s", pageRatio, millis(pageSeconds))
		if !x.Met {
			goal += " MISSED"
		}
		p("%s\t%s\t%s\t%s\t%.2f\t%.2f\t%.2f\t%s\t%d\t%d\t%d\t\n", x.Name, millis(x.Product.Median), millis(x.Median), millis(x.Floor.Median),
			x.Ratio.Median, x.Ratio.Min, x.Ratio.Max, goal, x.Queries, x.Trips, x.Bytes)
	}
	_ = w.Flush()
}

func (r *Report) printSizes(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	p := func(format string, a ...any) { _, _ = fmt.Fprintf(w, format, a...) }
	p("people\tmeasure\tratio\tmin\tmax\tgoal\tproduct\tfloor\tmin\tmax\tpeople/s\t\n")
	for _, s := range r.Sizes {
		for _, m := range s.measures() {
			goal := ""
			if m.Met != nil {
				goal = fmt.Sprintf(">= %.2f", m.Goal)
				if m.AtMost {
					goal = fmt.Sprintf("<= %.2f", m.Goal)
				}
				if !*m.Met {
					goal += " MISSED"
				}
			}
			p("%d\t%s\t%.2f\t%.2f\t%.2f\t%s\t%s\t%s\t%s\t%s\t%.0f\t\n", s.People, m.Name, m.Ratio.Median, m.Ratio.Min, m.Ratio.Max, goal,
				millis(m.Product.Median), millis(m.Floor.Median), millis(m.Floor.Min), millis(m.Floor.Max), float64(s.People)/m.Product.Median)
		}
	}
	_ = w.Flush()
	_, _ = fmt.Fprintf(out, "\n%d CPUs, PostgreSQL %s, %s, %s; medians of %d repetitions, floor and product in turn.\n", r.CPUs, r.PostgreSQL, r.Go, r.Date, r.Repeat)
	_, _ = fmt.Fprintln(out, "ratio: floor / product, 1 is the physical limit; for 1 % changed: product / (unchanged + 1 % of the first load).")
	last := r.Sizes[len(r.Sizes)-1]
	_, _ = fmt.Fprintf(out, "Rows of the first load of %d people:", last.People)
	for _, table := range slices.Sorted(maps.Keys(last.Rows)) {
		_, _ = fmt.Fprintf(out, " %s %d", table, last.Rows[table])
	}
	_, _ = fmt.Fprintln(out)
}

func millis(seconds float64) string { return fmt.Sprintf("%.1f ms", seconds*1000) }
