package ui

import (
	"context"
	"strings"
	"tenure/templates/lang"

	"github.com/a-h/templ"
)

// Grid is the list of the house: every list of things is one. It says which columns there are, how it is sorted and filtered,
// and gives a line per thing. web.list makes all of it but the rows from a declared spec and the address; a handler adds the
// rows, the texts for emptiness and the acts.
//
// Nothing in it needs a script. With one, j and k move, x ticks, Enter opens, and the letters of a row's acts act.
type Grid struct {
	Name    string // of the list, unique on the page: "people"; part of ids and of saved views
	Label   string // what the list is: "People"
	Columns []Col
	Rows    []Row
	Dense   bool
	Filter  Filter
	Views   Views
	Bulk    Bulk
	Pager   Pager // Pager.Text is the count: "1–50 of 1 000+"

	ExportURL string // the same filter as CSV; empty: not drawn
	DenseURL  string // the same list in the other density; empty: no switch

	Blank    Blank // why there is nothing, and the next step
	Filtered bool  // a search or filter is on: then NoMatch speaks instead of Blank
	NoMatch  Blank
	Failed   Failed // the list could not be read
	Busy     bool   // being read: lines without words in place of rows
}

// Col is one column of a Grid.
type Col struct {
	Key    string // stands in the address when columns are chosen
	Text   string
	Number bool   // to the right, tabular
	Silent bool   // the words are for the ear only
	Sort   string // the same list sorted by this column (or the other way round); empty: not sortable
	Sorted string // "ascending", "descending" or ""
	Fixed  bool   // cannot be hidden; the first column never is
	Hidden bool   // not drawn now
}

// Row is one line of a Grid. Cells stand in the order of the columns, those of hidden columns too; the first one names the row.
type Row struct {
	ID     string // in bulk forms; empty: no box
	Name   string // for the ear, in the names of boxes and acts
	URL    string // what Enter opens
	Drawer bool   // open URL at the side of the list where there is a script
	Cells  []templ.Component
	Acts   []Act
	Quiet  bool // over or not in force: drawn muted
}

// Act is something to do with a row: a form of its own (POST), or a link where Get is set. Key is the letter that triggers it
// while the row has the focus: a keep or approve, r remove or deny, u undo. An Act without URL is not drawn.
type Act struct {
	Key    string
	Text   string
	Icon   string
	URL    string
	Get    bool
	Main   bool
	Danger bool
	Hidden []Option // values sent with a form: Text is the name
}

// Filter is the bar above a Grid: one form by GET, so a filter is an address.
type Filter struct {
	Action   string
	Keep     []Option // values of the address that stay: Text is the name, Value the value
	Search   string   // label of the search field; empty: none
	Hint     string   // inside it: what is searched
	Query    string
	Selects  []Field // Kind select
	Chips    []Chip
	ClearURL string // the list without search and filters; drawn while one is on
}

// Views are named filters of the reader.
type Views struct {
	List   string // empty: no views
	Query  string // of this page, what would be saved
	Action string // POST; empty: nothing can be saved
	Saved  []View
}

// View is a saved filter.
type View struct {
	Name      string
	URL       string
	Current   bool
	DeleteURL string // POST
}

// Bulk is what can be done with many rows at once. The server is sent the ticked rows, or the filter and the instant of the
// reading (All), never "this page".
type Bulk struct {
	Action string // POST; empty: no boxes
	Acts   []BulkAct
	All    string // token for everything that matches; empty: only ticked rows
	Total  string // in words: "412", "1 000+"
}

// BulkAct is one button of the bar: it sends its Value as "act". It should lead to a page that asks (Check).
type BulkAct struct {
	Value  string
	Text   string
	Icon   string
	Danger bool
}

// Failed says that something could not be read, so that it never looks empty. Rows that are still shown are old.
type Failed struct {
	Text  string // "GitHub could not be read since 09:10."
	Since Time
	Retry Link
}

func (g *Grid) shown() int {
	n := 0
	for i := range g.Columns {
		if g.visible(i) {
			n++
		}
	}
	return n
}

func (g *Grid) visible(i int) bool { return i == 0 || g.Columns[i].Fixed || !g.Columns[i].Hidden }

func (g *Grid) cell(ctx context.Context, r *Row, i int) templ.Component {
	if i < len(r.Cells) && r.Cells[i] != nil {
		return r.Cells[i]
	}
	return Nothing(lang.T(ctx, "none"))
}

func (g *Grid) acts() bool {
	for i := range g.Rows {
		if len(g.Rows[i].Acts) > 0 {
			return true
		}
	}
	return false
}

func (g *Grid) choosable() bool {
	for i := range g.Columns {
		if i > 0 && !g.Columns[i].Fixed && g.Columns[i].Key != "" {
			return true
		}
	}
	return false
}

func (g *Grid) id(part string) string { return g.Name + "-" + part }

// keys are the letters that some row of this list knows.
func (g *Grid) keys() string {
	var b strings.Builder
	for i := range g.Rows {
		for _, a := range g.Rows[i].Acts {
			if a.Key != "" && !strings.Contains(b.String(), a.Key) {
				b.WriteString(a.Key)
			}
		}
	}
	return b.String()
}

// Kept gives the values of an address as hidden fields.
func Kept(pairs ...string) []Option {
	var out []Option
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, Option{Text: pairs[i], Value: pairs[i+1]})
		}
	}
	return out
}

// asks says whether the list has something to fill in, besides its chips.
func (g *Grid) asks() bool { return g.Filter.Search != "" || len(g.Filter.Selects) > 0 }
