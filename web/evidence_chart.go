package web

import (
	"slices"
	"time"

	"tenure/internal/audit/control"
	"tenure/templates"
	"tenure/templates/ui"
)

// monthForm is a month as figures name it.
const monthForm = "2006-01"

// monthCharts draw how often each limit of a population was kept, month by month. One month is no line: then there is none.
func (r *request) monthCharts(f *control.Figures) (out []templates.EvidenceChart) {
	var months []string
	for _, a := range f.Months {
		months = append(months, a.Month)
	}
	if slices.Sort(months); len(months) == 0 || months[0] == months[len(months)-1] {
		return nil
	}
	all := monthsBetween(months[0], months[len(months)-1])
	for _, whole := range f.Attained {
		line := ui.Series{Name: r.T("kept")}
		c := templates.EvidenceChart{Chart: ui.Chart{ID: "months-" + whole.Limit.Name, Title: r.T("%s, month by month", r.T(whole.Limit.Title)), Summary: r.T("Of 100, how many kept the limit. A month in which nothing was due counts as kept."),
			Head: []string{r.T("Month"), r.T("Kept"), r.T("Not over yet"), r.T("95 of 100 within"), r.T("Longest")}}, Lines: ui.LineChart{Top: 100, TopTxt: "100"}}
		for _, m := range all {
			i := slices.IndexFunc(f.Months, func(a control.Attainment) bool { return a.Month == m && a.Limit.Name == whole.Limit.Name })
			if i < 0 {
				line.Points = append(line.Points, 100)
				continue
			}
			a := &f.Months[i]
			line.Points = append(line.Points, a.Share())
			c.Chart.Rows = append(c.Chart.Rows, []string{a.Month, r.T("%s of %s", r.Int(a.Within), r.Int(a.Items)), r.Int(a.Open), r.seconds(a.P95), r.seconds(a.Worst)})
		}
		c.Lines.Series = []ui.Series{line}
		for _, m := range []string{all[0], all[len(all)-1]} {
			if t, err := time.Parse(monthForm, m); err == nil {
				c.Lines.Steps = append(c.Lines.Steps, r.Date(t, "Jan 2006"))
			}
		}
		out = append(out, c)
	}
	return out
}

// monthsBetween are the months from one to another, both there.
func monthsBetween(first, last string) (out []string) {
	from, err := time.Parse(monthForm, first)
	if err != nil {
		return nil
	}
	for m := from; ; m = m.AddDate(0, 1, 0) {
		text := m.Format(monthForm)
		if out = append(out, text); text >= last {
			return out
		}
	}
}
