package control

import (
	"bytes"
	_ "embed"
	"fmt"
	"math"
	"strings"

	"codeberg.org/go-pdf/fpdf"
)

// The fonts are Bigelow & Holmes' for the Go project; their licence stands beside them.
//
//go:embed font/Go-Regular.ttf
var fontRegular []byte

//go:embed font/Go-Bold.ttf
var fontBold []byte

// Sizes in millimetres, on A4 across; type in points.
const (
	pageWide, pageHigh = 297.0, 210.0
	marginSide         = 12.0
	marginTop          = 22.0
	marginFoot         = 14.0
	lineHigh           = 4.0
	cellPad            = 1.0
	typeSize           = 8.0
)

// document is a PDF under way.
type document struct {
	*fpdf.Fpdf
	r *Report
}

// pdf draws the report. It holds no clock but that of the head, so that the same report gives the same bytes.
func (b book) pdf() ([]byte, error) {
	d := &document{fpdf.New("L", "mm", "A4", ""), b[0]}
	d.SetCreationDate(b[0].asOf())
	d.SetModificationDate(b[0].asOf())
	d.SetCatalogSort(true)
	d.SetProducer("Tenure", true)
	d.SetTitle(b.title(), true)
	d.AddUTF8FontFromBytes("go", "", fontRegular)
	d.AddUTF8FontFromBytes("go", "B", fontBold)
	d.SetMargins(marginSide, marginTop, marginSide)
	d.SetAutoPageBreak(false, 0)
	d.SetCellMargin(0)
	d.AliasNbPages("{pages}")
	d.SetHeaderFunc(d.head)
	d.SetFooterFunc(d.foot)
	for _, r := range b {
		d.r = r
		d.report()
	}
	var out bytes.Buffer
	err := d.Output(&out)
	return out.Bytes(), err
}

// report draws one population on pages of its own.
func (d *document) report() {
	r := d.r
	d.AddPage()
	d.title(r.Control + ", " + r.Population)
	d.facts(r.summary())
	if len(r.Attained) > 0 {
		d.part("Time limits in this period")
		d.table(r.limitRows())
	}
	if r.monthly() {
		d.months()
	}
	if r.Seed != "" {
		d.part("Sample")
		d.table(r.items(r.Sample))
	}
	rows, more := r.shownItems()
	d.part("Population")
	d.text(more)
	d.table(rows)
	for _, s := range r.Sheets {
		d.sheet(s)
	}
	d.AddPage()
	d.part("The query")
	d.text(r.Query)
}

func (d *document) sheet(s *Sheet) {
	d.AddPage()
	d.title(s.Kind + ": " + s.Title + " (" + s.Item + ")")
	d.facts(s.Facts)
	for _, o := range s.Open {
		d.text("Open: " + o)
	}
	for _, t := range s.Tables {
		d.part(t.Title)
		if len(t.Rows) == 0 {
			d.text(t.None)
			continue
		}
		d.table(append([][]string{t.Columns}, t.Rows...))
	}
}

// head stands on every page: whose, which control and period, the query, counts, and the head of the log.
func (d *document) head() {
	d.SetFont("go", "B", typeSize)
	left := strings.TrimPrefix(d.r.Organisation+" · "+d.r.Control+" · "+d.r.Population+" · "+d.r.From+" to "+d.r.To, " · ")
	d.at(marginSide, 8, d.fit(left, pageWide-2*marginSide))
	d.SetFont("go", "", typeSize-1)
	drawn := "the whole population"
	if d.r.Seed != "" {
		drawn = fmt.Sprintf("%d drawn, seed %q", len(d.r.Sample), d.r.Seed)
	}
	d.at(marginSide, 12, d.fit(fmt.Sprintf("Items at the source %d, listed %d · %s · head of the log: %d events", d.r.AtSource, d.r.Listed, drawn, d.r.Head), pageWide-2*marginSide))
	d.Line(marginSide, 17.5, pageWide-marginSide, 17.5)
	d.SetXY(marginSide, marginTop)
}

func (d *document) foot() {
	d.SetFont("go", "", typeSize-1)
	d.at(marginSide, pageHigh-9, "As of "+d.r.AsOf+" UTC")
	d.at(pageWide-marginSide-30, pageHigh-9, fmt.Sprintf("Page %d of {pages}", d.PageNo()))
}

// at writes a line of text at a place.
func (d *document) at(x, y float64, text string) {
	d.SetXY(x, y)
	d.CellFormat(d.GetStringWidth(drawable(text))+1, lineHigh, drawable(text), "", 0, "L", false, 0, "")
}

// fit shortens a line that does not fit; only the head of pages needs it, whose whole text stands on the first page.
func (d *document) fit(text string, wide float64) string {
	text = drawable(text)
	if d.GetStringWidth(text) <= wide {
		return text
	}
	all := []rune(text)
	for len(all) > 0 && d.GetStringWidth(string(all)+"…") > wide {
		all = all[:len(all)-1]
	}
	return string(all) + "…"
}

// drawable is a text as the fonts can draw it: the format's tables end at U+FFFF.
func drawable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r > 0xFFFF:
			return '\uFFFD'
		case r == '\t':
			return ' '
		case r < ' ' && r != '\n':
			return -1
		}
		return r
	}, text)
}

// room makes sure that so much is left on the page.
func (d *document) room(high float64) bool {
	if d.GetY()+high <= pageHigh-marginFoot {
		return false
	}
	d.AddPage()
	return true
}

func (d *document) title(text string) {
	d.SetFont("go", "B", 13)
	for _, l := range d.wrap(text, pageWide-2*marginSide) {
		d.at(marginSide, d.GetY(), l)
		d.SetXY(marginSide, d.GetY()+6)
	}
	d.SetXY(marginSide, d.GetY()+1)
}

func (d *document) part(text string) {
	d.room(6 + 4*lineHigh) // a heading is not alone at the foot of a page
	d.SetXY(marginSide, d.GetY()+2)
	d.SetFont("go", "B", 10)
	d.at(marginSide, d.GetY(), d.fit(text, pageWide-2*marginSide))
	d.SetXY(marginSide, d.GetY()+5.5)
}

func (d *document) text(text string) {
	d.SetFont("go", "", typeSize)
	for _, l := range d.wrap(text, pageWide-2*marginSide) {
		if d.room(lineHigh) {
			d.SetFont("go", "", typeSize)
		}
		d.at(marginSide, d.GetY(), l)
		d.SetXY(marginSide, d.GetY()+lineHigh)
	}
}

// wrap breaks a text into lines that fit.
func (d *document) wrap(text string, wide float64) []string {
	if text == "" {
		return nil
	}
	return d.SplitText(drawable(text), wide)
}

func (d *document) facts(all []Fact) {
	var rows [][]string
	for _, f := range all {
		rows = append(rows, []string{f.Name, f.Value})
	}
	d.grid(nil, rows, []float64{55, pageWide - 2*marginSide - 55})
}

// table draws rows under a head that is repeated on every page. A column is as wide as its texts, as far as there is room.
func (d *document) table(rows [][]string) {
	d.SetFont("go", "", typeSize)
	wide := make([]float64, len(rows[0]))
	for _, row := range rows {
		for i, c := range row {
			wide[i] = max(wide[i], min(d.GetStringWidth(drawable(c))*1.08+2*cellPad+1, 70))
		}
	}
	sum := 0.0
	for _, w := range wide {
		sum += w
	}
	if room := pageWide - 2*marginSide; sum > room {
		d.squeeze(wide, room)
	}
	d.grid(rows[0], rows[1:], wide)
}

// squeeze takes from the widest columns until all have room.
func (d *document) squeeze(wide []float64, room float64) {
	for low, high := 0.0, 70.0; high-low > 0.01; {
		cap, sum := (low+high)/2, 0.0
		for _, w := range wide {
			sum += min(w, cap)
		}
		if sum > room {
			high = cap
		} else {
			low = cap
		}
		if high-low <= 0.01 {
			for i := range wide {
				wide[i] = min(wide[i], low)
			}
		}
	}
}

// grid draws rows. A row that does not fit on a page goes on on the next one; nothing is cut off.
func (d *document) grid(head []string, rows [][]string, wide []float64) {
	begin := func() {
		if head == nil {
			return
		}
		d.SetFont("go", "B", typeSize)
		d.lines(d.cells(head, wide), wide, math.MaxInt)
	}
	d.room(4 * lineHigh)
	begin()
	for _, row := range rows {
		d.SetFont("go", "", typeSize)
		cells := d.cells(row, wide)
		high := 0
		for _, c := range cells {
			high = max(high, len(c))
		}
		if float64(high)*lineHigh+2*cellPad <= (pageHigh-marginTop-marginFoot)/2 && d.room(float64(high)*lineHigh+2*cellPad) {
			begin()
		}
		for {
			d.SetFont("go", "", typeSize)
			fit := int((pageHigh - marginFoot - d.GetY() - 2*cellPad) / lineHigh)
			if fit < 1 {
				d.AddPage()
				begin()
				continue
			}
			if !d.lines(cells, wide, fit) {
				break
			}
			d.AddPage()
			begin()
		}
	}
}

func (d *document) cells(row []string, wide []float64) [][]string {
	out := make([][]string, len(row))
	for i, c := range row {
		out[i] = d.wrap(c, wide[i]-2*cellPad)
	}
	return out
}

// lines draws up to so many lines of each cell, takes them out of the cells, and says whether something is left.
func (d *document) lines(cells [][]string, wide []float64, most int) (left bool) {
	top, high, x := d.GetY(), 1, marginSide
	for i := range cells {
		n := min(len(cells[i]), most)
		for k, l := range cells[i][:n] {
			d.at(x+cellPad, top+cellPad+float64(k)*lineHigh, l)
		}
		cells[i], high, x = cells[i][n:], max(high, n), x+wide[i]
		left = left || len(cells[i]) > 0
	}
	d.SetDrawColor(190, 190, 190)
	bottom := top + float64(high)*lineHigh + 2*cellPad
	d.Line(marginSide, bottom, x, bottom)
	d.SetDrawColor(0, 0, 0)
	d.SetXY(marginSide, bottom)
	return left
}
