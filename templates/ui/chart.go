package ui

import (
	"fmt"
	"strings"
)

// Chart is what every drawing has around it: a title, what it says in one sentence, its numbers as a table, and a file of them.
// Drawings are made on the server, need no script, and are read without colours: series have labels, dashes and patterns.
type Chart struct {
	ID      string // unique on the page
	Title   string
	Summary string // the one sentence: "Half of all leavers had no access after 4 minutes; the slowest took 3 h."
	Head    []string
	Rows    [][]string // the same numbers, a line each; the first cell names the line
	CSV     string     // address of the file; empty: none
	Empty   string     // why there is nothing to draw; then only this is drawn
}

// BarLine is one bar of a bar chart.
type BarLine struct {
	Name  string
	Value float64
	Text  string // the value in words; stands beside the bar
	URL   string // the list it counts
	Tone  Tone   // "" is the accent
}

// Series is one line of a line chart. Points have one value per step; a chart has at most four series.
type Series struct {
	Name   string // stands at the line's end
	Points []float64
	Plan   bool // planned, not measured: drawn thin and dotted
}

// LineChart is up to four series over the same steps.
type LineChart struct {
	Series []Series
	Steps  []string // labels of the first, middle and last step (2 to 4 of them)
	Top    float64  // of the axis; 0: the largest value
	TopTxt string   // label of the top: "400"
}

// Spread is how values are distributed from 0 to Max, with the marks that matter.
type Spread struct {
	Bins  []float64 // how many fall into each equal part
	Max   float64
	Marks []Point // such as p50, p95 and worst
	Low   string  // label of 0
	High  string  // label of Max
}

// Point is a place on a Spread.
type Point struct {
	Name  string  // "p95"
	Value float64 // on the scale of Max
	Text  string  // "12 min"
}

// Part is a part of a stacked bar: three or four of them, each with its pattern and its words.
type Part struct {
	Name  string
	Value float64
	Text  string
	URL   string
	Tone  Tone
}

func topOf(lines []BarLine) float64 {
	top := 0.0
	for _, l := range lines {
		top = max(top, l.Value)
	}
	return top
}

func (c LineChart) top() float64 {
	top := c.Top
	for _, s := range c.Series {
		for _, p := range s.Points {
			top = max(top, p)
		}
	}
	if top <= 0 {
		return 1
	}
	return top
}

// path gives the points of a series in a field of 100 by 100, y downwards.
func (c LineChart) path(s Series) string {
	var b strings.Builder
	n := 1
	for _, all := range c.Series {
		n = max(n, len(all.Points)-1) // a series that is not at the end yet ends before it
	}
	for i, p := range s.Points {
		fmt.Fprintf(&b, "%.2f,%.2f ", float64(i)*100/float64(n), 100-p/c.top()*100)
	}
	return strings.TrimSpace(b.String())
}

// ends gives for each series the height of its label in percent of the drawing, moved apart where lines end near each other.
func (c LineChart) ends() []float64 {
	out := make([]float64, len(c.Series))
	order := make([]int, 0, len(c.Series))
	for i, s := range c.Series {
		out[i] = 86.0
		if len(s.Points) > 0 {
			out[i] = 8 + (1-s.Points[len(s.Points)-1]/c.top())*78
		}
		at := len(order)
		for at > 0 && out[order[at-1]] > out[i] {
			at--
		}
		order = append(order[:at], append([]int{i}, order[at:]...)...)
	}
	const apart = 9
	for k := 1; k < len(order); k++ {
		if d := out[order[k-1]] + apart - out[order[k]]; d > 0 {
			out[order[k]] += d
		}
	}
	if n := len(order); n > 0 {
		for k, over := n-1, out[order[n-1]]-90; k >= 0 && over > 0; k-- {
			out[order[k]] -= over
			if k > 0 {
				over = out[order[k-1]] + apart - out[order[k]]
			}
		}
	}
	return out
}

func percent(x float64) string { return fmt.Sprintf("%.2f%%", x) }

// steps gives the places of the labels below a line chart, in percent.
func stepAt(i, n int) (x, anchor string) {
	switch {
	case i == 0:
		return "8%", "start"
	case i == n-1:
		return "76%", "end"
	}
	return percent(8 + 68*float64(i)/float64(n-1)), "middle"
}

// sparks gives the points of a sparkline in a field of 100 by 20.
func sparks(points []float64) string {
	top, low := 0.0, 0.0
	for i, p := range points {
		if i == 0 || p > top {
			top = p
		}
		if i == 0 || p < low {
			low = p
		}
	}
	if top == low {
		top = low + 1
	}
	var b strings.Builder
	for i, p := range points {
		fmt.Fprintf(&b, "%.2f,%.2f ", float64(i)*100/float64(max(1, len(points)-1)), 19-(p-low)/(top-low)*18)
	}
	return strings.TrimSpace(b.String())
}

// place is a part of a stacked bar with its left edge and width in percent.
type place struct {
	Part
	x, w string
	n    int
}

func places(parts []Part) []place {
	sum := 0.0
	for _, p := range parts {
		sum += max(0, p.Value)
	}
	out, x := make([]place, len(parts)), 0.0
	for i, p := range parts {
		w := 0.0
		if sum > 0 {
			w = max(0, p.Value) / sum * 100
		}
		out[i] = place{p, percent(x), percent(w), i}
		x += w
	}
	return out
}

// markAt gives the place of a mark's line and words: the words lean away from the edges.
func (s Spread) markAt(m Point) (x, anchor string) {
	at := 0.0
	if s.Max > 0 {
		at = min(1, max(0, m.Value/s.Max)) * 100
	}
	switch {
	case at < 12:
		anchor = "start"
	case at > 88:
		anchor = "end"
	default:
		anchor = "middle"
	}
	return percent(at), anchor
}
