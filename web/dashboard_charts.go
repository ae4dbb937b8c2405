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
func leaverCharts(v *templates.LeaverFigures, flow *audit.Flow, weeks []audit.Week, days int) {
	l := &flow.Leavers
	v.Chart = ui.Chart{ID: "leaver-times", Title: "How long it took", Summary: "Each leaver from the end of the job to zero access. The scale is logarithmic: seconds stand on the left, days on the right.",
		Head: []string{"", "From the end of the job", "From when Tenure knew"}, Rows: [][]string{
			{"Half within", seconds(l.P50), seconds(flow.Work.P50)}, {"95 % within", seconds(l.P95), seconds(flow.Work.P95)}, {"Worst", seconds(l.Worst), seconds(flow.Work.Worst)}}}
	if l.N == 0 {
		v.Chart.Empty = "Nobody reached zero access in this time."
	} else {
		v.Times = spreadOf(l)
	}
	// A line needs some weeks: the shorter periods show the last quarter.
	weeks = weeks[max(0, len(weeks)-max(13, days/7)):]
	v.Trend = ui.Chart{ID: "leaver-weeks", Title: "By week", Summary: "Hours until zero access, of those who left in each week; a week in which nobody left counts as none.",
		Head: []string{"Week of", "Leavers", "Half within", "95 % within", "Worst"}}
	half, most, top := ui.Series{Name: "half within"}, ui.Series{Name: "95 % within"}, 0.0
	for _, w := range weeks {
		half.Points, most.Points = append(half.Points, float64(w.Leavers.P50)/3600), append(most.Points, float64(w.Leavers.P95)/3600)
		top = max(top, float64(w.Leavers.P95)/3600)
		if n := len(v.Trend.Rows); w.Leavers.N > 0 && n < 60 {
			v.Trend.Rows = append(v.Trend.Rows, []string{calendar(w.Monday), ui.Int(w.Leavers.N), seconds(w.Leavers.P50), seconds(w.Leavers.P95), seconds(w.Leavers.Worst)})
		}
	}
	if len(v.Trend.Rows) == 0 {
		v.Trend.Empty = "Nobody left in these weeks."
		return
	}
	v.Weeks = ui.LineChart{Series: []ui.Series{half, most}, TopTxt: span(time.Duration(top * float64(time.Hour)))}
	for _, i := range []int{0, len(weeks) / 2, len(weeks) - 1} {
		t, err := time.Parse(time.DateOnly, weeks[i].Monday)
		if err == nil {
			v.Weeks.Steps = append(v.Weeks.Steps, t.Format("2 Jan"))
		}
	}
}

// spreadOf puts a sample of times into bins of a logarithmic scale.
func spreadOf(l *audit.Spread) ui.Spread {
	place := func(n int64) float64 { return math.Log10(float64(max(n, 1))) }
	s := ui.Spread{Bins: make([]float64, bins), Max: math.Ceil(max(1, place(l.Worst))), Low: "1 second"}
	s.High = span(time.Duration(math.Pow(10, s.Max)) * time.Second)
	for _, n := range l.Sample {
		s.Bins[min(bins-1, int(place(n)/s.Max*bins))]++
	}
	for _, m := range []struct {
		name string
		n    int64
	}{{"half", l.P50}, {"95 %", l.P95}, {"worst", l.Worst}} {
		s.Marks = append(s.Marks, ui.Point{Name: m.name, Value: place(m.n), Text: seconds(m.n)})
	}
	return s
}
