package control

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html"
	"slices"
	"strings"
	"time"

	"tenure/internal/audit/trail"
	"tenure/internal/db"
	"tenure/internal/evidence"
)

// Report is what a pack holds for a sample: the population, what was drawn, and its sheets, as of a head of the log.
type Report struct {
	Organisation string         `json:"organisation,omitempty"`
	Control      string         `json:"control"`
	Title        string         `json:"title"` // of the control
	Population   string         `json:"population"`
	Item         string         `json:"item"` // what an item is
	From         string         `json:"from"`
	To           string         `json:"to"` // the last day
	Query        string         `json:"query"`
	Parameters   map[string]any `json:"parameters"`
	Listed       int            `json:"listed"`
	AtSource     int            `json:"at_source"`
	SourceIs     string         `json:"at_source_is"`
	Seed         string         `json:"seed"`
	Size         int            `json:"size"`
	Algorithm    string         `json:"algorithm"`
	Drawn        string         `json:"drawn"` // when, and by whom
	Log          string         `json:"log"`
	Head         int64          `json:"head"` // events
	Root         string         `json:"root"`
	AsOf         string         `json:"as_of"` // the head's time
	Later        int            `json:"events_after_the_head"`
	Columns      []string       `json:"columns"`
	Items        []ReportItem   `json:"items"`
	Sample       []string       `json:"sample"`
	Sheets       []*Sheet       `json:"sheets"`
}

// ReportItem is an item of the population.
type ReportItem struct {
	ID    string   `json:"id"`
	Cells []string `json:"cells"`
	Event string   `json:"event,omitempty"`
}

// mostShown is how many items of the population the files for reading show; population.csv and report.json have all of them.
const mostShown = 1000

// NewReport reads what a sample's pack holds, for a head of the log, and the numbers of the events on which it rests. It holds no clock but that of the head.
func NewReport(tx *db.Tx, s *Sample, organisation string, h trail.Head) (*Report, []int64, error) {
	p, err := PopulationOf(s.Population)
	if err != nil {
		return nil, nil, err
	}
	c, _ := Find(s.Control)
	span := Span{From: s.From, To: s.To, Known: h.Sealed, Now: h.Sealed}
	if tx.ByHand {
		span.Now = tx.Now
	}
	counts, err := p.Count(tx, span)
	if err != nil {
		return nil, nil, err
	}
	first, last := span.Days()
	r := &Report{Organisation: organisation, Control: c.Full(), Title: c.Title, Population: p.Title, Item: p.About, From: first, To: last, Query: p.Query(), Listed: counts.Listed, AtSource: counts.AtSource, SourceIs: p.Source,
		Parameters: map[string]any{"$1": span.From, "$2": span.To, "$3": span.Known.UTC(), "$4": span.Now.UTC()}, Seed: s.Seed, Size: s.Size, Algorithm: Algorithm, Drawn: stampOf(s.Drawn) + ", by " + s.By,
		Log: h.Origin, Head: h.Size, Root: h.Root, AsOf: stampOf(h.Sealed), Columns: p.Columns, Sample: s.Items, Items: []ReportItem{}, Sheets: []*Sheet{}}
	var numbers []int64
	for after := (*Place)(nil); ; {
		all, err := p.List(tx, span, after, false, 1000)
		if err != nil {
			return nil, nil, err
		}
		for _, x := range all {
			r.Items = append(r.Items, ReportItem{x.ID, x.Cells, numberOf(x.Event)})
			if x.Event >= 0 {
				numbers = append(numbers, x.Event)
			}
		}
		if len(all) < 1000 {
			break
		}
		after = &Place{all[len(all)-1].Order, all[len(all)-1].ID}
	}
	for _, id := range s.Items {
		sheet, err := SheetOf(tx, id)
		if err != nil {
			return nil, nil, err
		}
		r.Sheets = append(r.Sheets, sheet)
		numbers = append(numbers, sheet.Events...)
	}
	if s.Event >= 0 {
		numbers = append(numbers, s.Event)
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	for _, n := range numbers {
		if n >= h.Size {
			r.Later++
		}
	}
	return r, numbers, nil
}

func numberOf(event int64) string {
	if event < 0 {
		return ""
	}
	return fmt.Sprintf("#%d", event)
}

// Files writes the report in all its forms.
func (r *Report) Files() ([]evidence.ReportFile, error) {
	var out []evidence.ReportFile
	for _, name := range evidence.ReportFiles {
		write := map[string]func() ([]byte, error){"report/report.pdf": r.pdf, "report/report.html": r.html, "report/report.json": r.json, "report/population.csv": r.populationCSV, "report/sample.csv": r.sampleCSV, "report/sheets.csv": r.sheetsCSV}[name]
		body, err := write()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, evidence.ReportFile{Name: name, Body: body})
	}
	return out, nil
}

func (r *Report) json() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", " ")
	err := enc.Encode(r)
	return b.Bytes(), err
}

// lines writes CSV (RFC 4180). What a spreadsheet would take for a formula begins with an apostrophe.
func lines(rows [][]string) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	for _, row := range rows {
		safe := make([]string, len(row))
		for i, cell := range row {
			if safe[i] = cell; cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
				safe[i] = "'" + cell
			}
		}
		if err := w.Write(safe); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

func (r *Report) items(only []string) [][]string {
	rows := [][]string{slices.Concat([]string{"id"}, r.Columns, []string{"event"})}
	if only == nil {
		for _, x := range r.Items {
			rows = append(rows, slices.Concat([]string{x.ID}, x.Cells, []string{x.Event}))
		}
		return rows
	}
	at := map[string]int{}
	for i, x := range r.Items {
		at[x.ID] = i
	}
	for _, id := range only {
		if i, ok := at[id]; ok {
			x := r.Items[i]
			rows = append(rows, slices.Concat([]string{x.ID}, x.Cells, []string{x.Event}))
		} else {
			rows = append(rows, append(append([]string{id}, make([]string, len(r.Columns))...), "not in the population any more"))
		}
	}
	return rows
}

func (r *Report) populationCSV() ([]byte, error) { return lines(r.items(nil)) }

func (r *Report) sampleCSV() ([]byte, error) { return lines(r.items(r.Sample)) }

// sheetsCSV has a line for each fact, each cell of a table and each open thing.
func (r *Report) sheetsCSV() ([]byte, error) {
	rows := [][]string{{"item", "sheet", "part", "row", "name", "value"}}
	for _, s := range r.Sheets {
		for _, f := range s.Facts {
			rows = append(rows, []string{s.Item, s.Kind, "", "", f.Name, f.Value})
		}
		for _, o := range s.Open {
			rows = append(rows, []string{s.Item, s.Kind, "Open", "", "", o})
		}
		for _, t := range s.Tables {
			for n, cells := range t.Rows {
				for i, cell := range cells {
					rows = append(rows, []string{s.Item, s.Kind, t.Title, fmt.Sprint(n + 1), t.Columns[i], cell})
				}
			}
		}
	}
	return lines(rows)
}

// summary are the lines at the beginning of the files for reading.
func (r *Report) summary() []Fact {
	all := []Fact{{"Organisation", r.Organisation}, {"Control", r.Control + ": " + r.Title}, {"Population", r.Population + ": an item is " + r.Item}, {"Period", r.From + " to " + r.To + ", both days whole, UTC"},
		{"Items listed", fmt.Sprint(r.Listed)}, {"Counted at the source", fmt.Sprintf("%d: %s", r.AtSource, r.SourceIs)}, {"Sample", fmt.Sprintf("%d drawn with the seed %q; %s", len(r.Sample), r.Seed, r.Drawn)}, {"How it is drawn", r.Algorithm},
		{"Head of the log", fmt.Sprintf("%d events, root %s, sealed %s UTC; log %s", r.Head, r.Root, r.AsOf, r.Log)}}
	if r.Listed != r.AtSource {
		all = append(all, Fact{"The counts differ", "by " + fmt.Sprint(max(r.Listed-r.AtSource, r.AtSource-r.Listed)) + ", which need not be a fault: see how each is counted"})
	}
	if r.Later > 0 {
		all = append(all, Fact{"After the head", fmt.Sprintf("%d of the events that are named are after this head of the log and not proven here; take the pack again later", r.Later)})
	}
	return slices.DeleteFunc(all, func(f Fact) bool { return f.Value == "" })
}

// shownItems are the items that the files for reading show.
func (r *Report) shownItems() (rows [][]string, more string) {
	rows = r.items(nil)
	if len(rows) > mostShown+1 {
		return rows[:mostShown+1], fmt.Sprintf("The first %d of %d; population.csv has all of them.", mostShown, len(r.Items))
	}
	return rows, ""
}

const reportStyle = `<style>body{font:14px system-ui,sans-serif;margin:2rem}table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #bbb;padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}thead{display:table-header-group}tr{break-inside:avoid}pre{white-space:pre-wrap}section{break-before:page}</style>`

func (r *Report) html() ([]byte, error) {
	var b bytes.Buffer
	e := html.EscapeString
	table := func(rows [][]string) {
		b.WriteString("<table><thead><tr>")
		for _, c := range rows[0] {
			b.WriteString("<th>" + e(c) + "</th>")
		}
		b.WriteString("</tr></thead><tbody>\n")
		for _, row := range rows[1:] {
			b.WriteString("<tr>")
			for _, c := range row {
				b.WriteString("<td>" + e(c) + "</td>")
			}
			b.WriteString("</tr>\n")
		}
		b.WriteString("</tbody></table>\n")
	}
	facts := func(all []Fact) {
		b.WriteString("<table><tbody>\n")
		for _, f := range all {
			b.WriteString("<tr><th>" + e(f.Name) + "</th><td>" + e(f.Value) + "</td></tr>\n")
		}
		b.WriteString("</tbody></table>\n")
	}
	fmt.Fprintf(&b, "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>%s</title>%s</head><body><h1>%s</h1>\n", e(r.Control+", "+r.Population), reportStyle, e(r.Control+", "+r.Population))
	facts(r.summary())
	b.WriteString("<h2>Sample</h2>\n")
	table(r.items(r.Sample))
	rows, more := r.shownItems()
	b.WriteString("<h2>Population</h2>\n<p>" + e(more) + "</p>\n")
	table(rows)
	for _, s := range r.Sheets {
		fmt.Fprintf(&b, "<section><h2>%s</h2>\n", e(s.Item+" "+s.Kind+": "+s.Title))
		facts(s.Facts)
		for _, o := range s.Open {
			b.WriteString("<p><strong>Open:</strong> " + e(o) + "</p>\n")
		}
		for _, t := range s.Tables {
			b.WriteString("<h3>" + e(t.Title) + "</h3>\n")
			if len(t.Rows) == 0 {
				b.WriteString("<p>" + e(t.None) + "</p>\n")
				continue
			}
			table(append([][]string{t.Columns}, t.Rows...))
		}
		b.WriteString("</section>\n")
	}
	fmt.Fprintf(&b, "<section><h2>The query</h2><pre>%s</pre></section></body></html>\n", e(r.Query))
	return b.Bytes(), nil
}

// asOf is the time of the head.
func (r *Report) asOf() time.Time {
	t, err := time.Parse(time.DateTime, r.AsOf)
	if err != nil {
		return time.Unix(0, 0).UTC()
	}
	return t
}
