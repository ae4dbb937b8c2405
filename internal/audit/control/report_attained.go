package control

import (
	"fmt"
	"html"
	"time"
)

// limitRows say how often each limit was kept in the period.
func (r *Report) limitRows() [][]string {
	rows := [][]string{{"Limit", "Allowed", "Kept", "Too late", "Not over yet", "95 of 100 within", "Longest"}}
	for _, a := range r.Attained {
		rows = append(rows, append([]string{a.Limit.Title + ": " + a.Limit.About, fmt.Sprintf("%d h", a.Limit.Hours)}, a.cells()...))
	}
	return rows
}

func (a *Attainment) cells() []string {
	return []string{fmt.Sprintf("%d of %d", a.Within, a.Items), fmt.Sprint(a.Items - a.Within), fmt.Sprint(a.Open), length(a.P95), length(a.Worst)}
}

// length writes seconds as sheets do.
func length(seconds int64) string { return (time.Duration(seconds) * time.Second).String() }

// monthly says whether months are drawn: one alone is the period.
func (r *Report) monthly() bool { return len(r.Months) > len(r.Attained) }

// monthRow is what stands beside the bar of a month.
func (a *Attainment) monthRow() (name, text string) {
	return a.Month + " " + a.Limit.Title, fmt.Sprintf("%d of %d kept it, 95 of 100 within %s, the longest %s", a.Within, a.Items, length(a.P95), length(a.Worst))
}

// months draws a bar for each month beside its words.
func (w *reportHTML) months(r *Report) {
	w.WriteString("<h2>Month by month</h2>\n<p>The bar is how many of 100 kept the limit.</p>\n<table><tbody>\n")
	for _, a := range r.Months {
		name, text := a.monthRow()
		fmt.Fprintf(w, "<tr><th>%s</th><td><svg viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" width=\"120\" height=\"10\" aria-hidden=\"true\"><rect width=\"100\" height=\"8\" fill=\"#ddd\"/><rect width=\"%.2f\" height=\"8\" fill=\"#555\"/></svg></td><td>%s</td></tr>\n",
			html.EscapeString(name), a.Share(), html.EscapeString(text))
	}
	w.WriteString("</tbody></table>\n")
}

// Places of what a month's line has, in millimetres from the left edge.
const (
	monthBar  = 75.0
	monthWide = 60.0
	monthText = monthBar + monthWide + 4
)

// months draws a bar for each month beside its words.
func (d *document) months() {
	d.part("Month by month")
	d.text("The bar is how many of 100 kept the limit.")
	for _, a := range d.r.Months {
		d.room(lineHigh + 1)
		d.SetFont("go", "", typeSize)
		name, text := a.monthRow()
		y := d.GetY()
		d.at(marginSide, y, d.fit(name, monthBar-marginSide-2))
		d.SetFillColor(221, 221, 221)
		d.Rect(monthBar, y+0.8, monthWide, lineHigh-1.6, "F")
		d.SetFillColor(85, 85, 85)
		if share := a.Share(); share > 0 {
			d.Rect(monthBar, y+0.8, monthWide*share/100, lineHigh-1.6, "F")
		}
		d.at(monthText, y, text)
		d.SetXY(marginSide, y+lineHigh+1)
	}
}
