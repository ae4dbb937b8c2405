package web

import (
	"math"
	"time"

	"tenure/internal/audit"
	"tenure/templates"
	"tenure/templates/ui"
)

// bins is how many bars the spread of leavers' times has.
const bins = 48

// leaverCharts draws how the times until zero access are spread, and how they went week by week. The times run from a second
// to weeks, so the scale is logarithmic.
func (r *request) leaverCharts(v *templates.LeaverFigures, flow *audit.Flow, weeks []audit.Week, days int) {
	l := &flow.Leavers
	v.Chart = ui.Chart{ID: "leaver-times", Title: r.T("How long it took"), Summary: r.T("Each leaver from the end of the job to zero access. The scale is logarithmic: seconds stand on the left, days on the right."),
		Head: []string{"", r.T("From the end of the job"), r.T("From when Tenure knew")}, Rows: [][]string{
			{r.T("Half within"), r.seconds(l.P50), r.seconds(flow.Work.P50)}, {r.T("95 % within"), r.seconds(l.P95), r.seconds(flow.Work.P95)}, {r.T("Worst"), r.seconds(l.Worst), r.seconds(flow.Work.Worst)}}}
	if l.N == 0 {
		v.Chart.Empty = r.T("Nobody reached zero access in this time.")
	} else {
		v.Times = r.spreadOf(l)
	}
	// A line needs some weeks: the shorter periods show the last quarter.
	weeks = weeks[max(0, len(weeks)-max(13, days/7)):]
	v.Trend = ui.Chart{ID: "leaver-weeks", Title: r.T("By week"), Summary: r.T("Hours until zero access, of those who left in each week; a week in which nobody left counts as none."),
		Head: []string{r.T("Week of"), r.T("Leavers"), r.T("Half within"), r.T("95 % within"), r.T("Worst")}}
	half, most, top := ui.Series{Name: r.T("half within")}, ui.Series{Name: r.T("95 % within")}, 0.0
	for _, w := range weeks {
		half.Points, most.Points = append(half.Points, float64(w.Leavers.P50)/3600), append(most.Points, float64(w.Leavers.P95)/3600)
		top = max(top, float64(w.Leavers.P95)/3600)
		if n := len(v.Trend.Rows); w.Leavers.N > 0 && n < 60 {
			v.Trend.Rows = append(v.Trend.Rows, []string{r.calendar(w.Monday), r.Int(w.Leavers.N), r.seconds(w.Leavers.P50), r.seconds(w.Leavers.P95), r.seconds(w.Leavers.Worst)})
		}
	}
	if len(v.Trend.Rows) == 0 {
		v.Trend.Empty = r.T("Nobody left in these weeks.")
		return
	}
	v.Weeks = ui.LineChart{Series: []ui.Series{half, most}, TopTxt: r.span(time.Duration(top * float64(time.Hour)))}
	for _, i := range []int{0, len(weeks) / 2, len(weeks) - 1} {
		t, err := time.Parse(time.DateOnly, weeks[i].Monday)
		if err == nil {
			v.Weeks.Steps = append(v.Weeks.Steps, r.Date(t, "2 Jan"))
		}
	}
}

// spreadOf puts a sample of times into bins of a logarithmic scale.
func (r *request) spreadOf(l *audit.Spread) ui.Spread {
	place := func(n int64) float64 { return math.Log10(float64(max(n, 1))) }
	s := ui.Spread{Bins: make([]float64, bins), Max: math.Ceil(max(1, place(l.Worst))), Low: r.T("1 second")}
	s.High = r.span(time.Duration(math.Pow(10, s.Max)) * time.Second)
	for _, n := range l.Sample {
		s.Bins[min(bins-1, int(place(n)/s.Max*bins))]++
	}
	for _, m := range []struct {
		name string
		n    int64
	}{{r.T("half"), l.P50}, {r.T("95 %"), l.P95}, {r.T("worst"), l.Worst}} {
		s.Marks = append(s.Marks, ui.Point{Name: m.name, Value: place(m.n), Text: r.seconds(m.n)})
	}
	return s
}
