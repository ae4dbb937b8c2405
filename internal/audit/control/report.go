package control

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"time"

	"tenure/internal/audit/trail"
	"tenure/internal/db"
)

// Report is what a pack holds: the population and, where a sample was drawn, that and its sheets, as of a head of the log.
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
	Seed         string         `json:"seed,omitempty"` // this and the next ones only where a sample was drawn
	Size         int            `json:"size,omitempty"`
	Algorithm    string         `json:"algorithm,omitempty"`
	Drawn        string         `json:"drawn,omitempty"` // when, and by whom
	Log          string         `json:"log"`
	Head         int64          `json:"head"` // events
	Root         string         `json:"root"`
	AsOf         string         `json:"as_of"` // the head's time
	Later        int            `json:"events_after_the_head"`
	Columns      []string       `json:"columns"`
	Attained     []Attainment   `json:"attained,omitempty"`
	Months       []Attainment   `json:"attained_by_month,omitempty"`
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

// perStep is after how many items whoever waits is told how far it is.
const perStep = 1000

// mostShown is how many items of the population the files for reading show; population.csv and report.json have all of them.
const mostShown = 1000

// newReport reads what a pack holds of one population, for a head of the log, and the numbers of the events on which it rests. It holds no clock but that of the head.
func newReport(tx *db.Tx, o PackOrder, s *Sample, h trail.Head) (*Report, []int64, error) {
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
	r := &Report{Organisation: o.Organisation, Control: c.Full(), Title: c.Title, Population: p.Title, Item: p.About, From: first, To: last, Query: p.Query(), Listed: counts.Listed, AtSource: counts.AtSource, SourceIs: p.Source,
		Parameters: map[string]any{"$1": span.From, "$2": span.To, "$3": span.Known.UTC(), "$4": span.Now.UTC()}, Log: h.Origin, Head: h.Size, Root: h.Root, AsOf: stampOf(h.Sealed), Columns: p.Columns, Sample: []string{}, Items: []ReportItem{}, Sheets: []*Sheet{}}
	if s.ID != 0 {
		r.Seed, r.Size, r.Algorithm, r.Drawn, r.Sample = s.Seed, s.Size, Algorithm, stampOf(s.Drawn)+", by "+s.By, s.Items
	}
	if r.Attained, r.Months, err = Attained(tx, p, span); err != nil {
		return nil, nil, err
	}
	numbers, err := r.read(tx, p, span, o.Step)
	if err != nil {
		return nil, nil, err
	}
	if s.ID != 0 && s.Event >= 0 && s.Event < h.Size { // the same whether the event is sealed meanwhile or not
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

// read reads the population and the sheets of the sample, and gives the numbers of events that they name.
func (r *Report) read(tx *db.Tx, p *Population, span Span, step Step) (numbers []int64, err error) {
	total := r.Listed + len(r.Sample)
	if err := p.Each(tx, span, func(x Item) error {
		if len(r.Items)%perStep == 0 {
			if err := step.at("Reading the population", len(r.Items), total); err != nil {
				return err
			}
		}
		r.Items = append(r.Items, ReportItem{x.ID, x.Cells, numberOf(x.Event)})
		if x.Event >= 0 {
			numbers = append(numbers, x.Event)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	for _, id := range r.Sample { // at most MostDrawn
		if err := step.at("Reading the sheets of the sample", len(r.Items)+len(r.Sheets), total); err != nil {
			return nil, err
		}
		sheet, err := SheetOf(tx, id)
		if err != nil {
			return nil, err
		}
		r.Sheets = append(r.Sheets, sheet)
		numbers = append(numbers, sheet.Events...)
	}
	return numbers, nil
}

func numberOf(event int64) string {
	if event < 0 {
		return ""
	}
	return fmt.Sprintf("#%d", event)
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

// rows has a line for each fact, each cell of a table and each open thing.
func (s *Sheet) rows() (rows [][]string) {
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
	return rows
}

// summary are the lines at the beginning of the files for reading.
func (r *Report) summary() []Fact {
	all := []Fact{{"Organisation", r.Organisation}, {"Control", r.Control + ": " + r.Title}, {"Population", r.Population + ": an item is " + r.Item}, {"Period", r.From + " to " + r.To + ", both days whole, UTC"},
		{"Items listed", fmt.Sprint(r.Listed)}, {"Counted at the source", fmt.Sprintf("%d: %s", r.AtSource, r.SourceIs)}, {"Sample", r.drawn()}, {"How it is drawn", r.Algorithm},
		{"Head of the log", fmt.Sprintf("%d events, root %s, sealed %s UTC; log %s", r.Head, r.Root, r.AsOf, r.Log)}}
	if r.Listed != r.AtSource {
		all = append(all, Fact{"The counts differ", "by " + fmt.Sprint(max(r.Listed-r.AtSource, r.AtSource-r.Listed)) + ", which need not be a fault: see how each is counted"})
	}
	if r.Later > 0 {
		all = append(all, Fact{"After the head", fmt.Sprintf("%d of the events that are named are after this head of the log and not proven here; take the pack again later", r.Later)})
	}
	return slices.DeleteFunc(all, func(f Fact) bool { return f.Value == "" })
}

// drawn says in words what was drawn; "" for nothing.
func (r *Report) drawn() string {
	if r.Seed == "" {
		return ""
	}
	return fmt.Sprintf("%d drawn with the seed %q; %s", len(r.Sample), r.Seed, r.Drawn)
}

// shownItems are the items that the files for reading show.
func (r *Report) shownItems() (rows [][]string, more string) {
	rows = r.items(nil)
	if len(rows) > mostShown+1 {
		return rows[:mostShown+1], fmt.Sprintf("The first %d of %d; population.csv has all of them.", mostShown, len(r.Items))
	}
	return rows, ""
}

// asOf is the time of the head.
func (r *Report) asOf() time.Time {
	t, err := time.Parse(time.DateTime, r.AsOf)
	if err != nil {
		return time.Unix(0, 0).UTC()
	}
	return t
}
