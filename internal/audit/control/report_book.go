package control

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"

	"tenure/internal/evidence"
)

// book is the report of a pack: of one population, or of several of one control. The files of several have the populations one after the other;
// for spreadsheets each cell is a line then, since populations have columns of their own.
type book []*Report

// files writes it in all its forms.
func (b book) files() ([]evidence.ReportFile, error) {
	var out []evidence.ReportFile
	for _, name := range evidence.ReportFiles {
		write := map[string]func() ([]byte, error){"report/report.pdf": b.pdf, "report/report.html": b.html, "report/report.json": b.json, "report/population.csv": b.populationCSV, "report/sample.csv": b.sampleCSV, "report/sheets.csv": b.sheetsCSV}[name]
		body, err := write()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, evidence.ReportFile{Name: name, Body: body})
	}
	return out, nil
}

// title names what it is about.
func (b book) title() string {
	if len(b) == 1 {
		return b[0].Control + ", " + b[0].Population
	}
	return b[0].Control
}

func (b book) json() ([]byte, error) {
	var v any = b[0]
	if len(b) > 1 {
		v = map[string]any{"control": b[0].Control, "populations": b}
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetIndent("", " ")
	err := enc.Encode(v)
	return out.Bytes(), err
}

// long are the rows of several populations, a line for each cell.
func (b book) long(rows func(*Report) [][]string) [][]string {
	if len(b) == 1 {
		return rows(b[0])
	}
	out := [][]string{{"population", "id", "name", "value"}}
	for _, r := range b {
		all := rows(r)
		for _, row := range all[1:] {
			for i, cell := range row[1:] {
				out = append(out, []string{r.Population, row[0], all[0][i+1], cell})
			}
		}
	}
	return out
}

func (b book) populationCSV() ([]byte, error) {
	return lines(b.long(func(r *Report) [][]string { return r.items(nil) }))
}

func (b book) sampleCSV() ([]byte, error) {
	return lines(b.long(func(r *Report) [][]string { return r.items(r.Sample) }))
}

// sheetsCSV has a line for each fact, each cell of a table and each open thing.
func (b book) sheetsCSV() ([]byte, error) {
	rows := [][]string{{"item", "sheet", "part", "row", "name", "value"}}
	for _, r := range b {
		for _, s := range r.Sheets {
			rows = append(rows, s.rows()...)
		}
	}
	return lines(rows)
}

const reportStyle = `<style>body{font:14px system-ui,sans-serif;margin:2rem}table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #bbb;padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}thead{display:table-header-group}tr{break-inside:avoid}pre{white-space:pre-wrap}section{break-before:page}</style>`

// reportHTML is a report in HTML under way.
type reportHTML struct{ bytes.Buffer }

func (b book) html() ([]byte, error) {
	w := &reportHTML{}
	fmt.Fprintf(w, "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>%s</title>%s</head><body>\n", html.EscapeString(b.title()), reportStyle)
	for _, r := range b {
		w.report(r)
	}
	w.WriteString("</body></html>\n")
	return w.Bytes(), nil
}

func (w *reportHTML) report(r *Report) {
	e := html.EscapeString
	fmt.Fprintf(w, "<h1>%s</h1>\n", e(r.Control+", "+r.Population))
	w.facts(r.summary())
	if len(r.Attained) > 0 {
		w.WriteString("<h2>Time limits in this period</h2>\n")
		w.table(r.limitRows())
	}
	if r.monthly() {
		w.months(r)
	}
	if r.Seed != "" {
		w.WriteString("<h2>Sample</h2>\n")
		w.table(r.items(r.Sample))
	}
	rows, more := r.shownItems()
	w.WriteString("<h2>Population</h2>\n<p>" + e(more) + "</p>\n")
	w.table(rows)
	for _, s := range r.Sheets {
		fmt.Fprintf(w, "<section><h2>%s</h2>\n", e(s.Item+" "+s.Kind+": "+s.Title))
		w.facts(s.Facts)
		for _, o := range s.Open {
			w.WriteString("<p><strong>Open:</strong> " + e(o) + "</p>\n")
		}
		for _, t := range s.Tables {
			w.WriteString("<h3>" + e(t.Title) + "</h3>\n")
			if len(t.Rows) == 0 {
				w.WriteString("<p>" + e(t.None) + "</p>\n")
				continue
			}
			w.table(append([][]string{t.Columns}, t.Rows...))
		}
		w.WriteString("</section>\n")
	}
	fmt.Fprintf(w, "<section><h2>The query</h2><pre>%s</pre></section>\n", e(r.Query))
}

func (w *reportHTML) table(rows [][]string) {
	w.WriteString("<table><thead><tr>")
	for _, c := range rows[0] {
		w.WriteString("<th>" + html.EscapeString(c) + "</th>")
	}
	w.WriteString("</tr></thead><tbody>\n")
	for _, row := range rows[1:] {
		w.WriteString("<tr>")
		for _, c := range row {
			w.WriteString("<td>" + html.EscapeString(c) + "</td>")
		}
		w.WriteString("</tr>\n")
	}
	w.WriteString("</tbody></table>\n")
}

func (w *reportHTML) facts(all []Fact) {
	w.WriteString("<table><tbody>\n")
	for _, f := range all {
		w.WriteString("<tr><th>" + html.EscapeString(f.Name) + "</th><td>" + html.EscapeString(f.Value) + "</td></tr>\n")
	}
	w.WriteString("</tbody></table>\n")
}
