package web

import (
	"net/url"
	"slices"

	"tenure/internal/errs"
	"tenure/templates/lang"
	"tenure/templates/ui"
)

// total is how many lines match: exactly, or "more than so many" when counting on would cost too much.
type total struct {
	n    int
	more bool
}

// countCap is how far lists count: beyond it they say "1 000+". Ask for limited counts with
// select count(*) from (select 1 ... limit 1001) x, and give what comes to upTo.
const countCap = 1000

func upTo(n int) total {
	if n > countCap {
		return total{countCap, true}
	}
	return total{n: n}
}

// in writes it in a language.
func (t total) in(l *lang.Language) string {
	if t.more {
		return l.Int(t.n) + "+"
	}
	return l.Int(t.n)
}

// grid makes everything of a Grid that follows from the spec and the address: columns with their links, the filter bar, density,
// export. The handler adds rows, blanks, and pages and views.
func (l *list) grid() ui.Grid {
	g := ui.Grid{Name: l.spec.name, Label: l.T(l.spec.label), Dense: l.dense, Filtered: l.filtered(), ExportURL: l.to("export", "csv"),
		NoMatch: ui.Blank{Icon: "search", Title: l.T("Nothing matches"), Text: l.T("Nothing here has what the filter asks for."), Link: ui.Link{Text: l.T("Show everything"), URL: l.clear()}}}
	g.DenseURL = l.to("dense", "1")
	if l.dense {
		g.DenseURL = l.to("dense", "0")
	}
	for _, c := range l.spec.columns {
		g.Columns = append(g.Columns, l.column(c))
	}
	g.Filter = ui.Filter{Action: l.spec.path, Search: l.T(l.spec.search), Hint: l.T(l.spec.hint), Query: l.query}
	for name, v := range l.state() {
		if l.selects(name) || name == "q" || name == "col" {
			continue
		}
		g.Filter.Keep = append(g.Filter.Keep, ui.Kept(name, v[0])...)
	}
	slices.SortFunc(g.Filter.Keep, func(a, b ui.Option) int { return cmpText(a.Text, b.Text) })
	if l.filtered() {
		g.Filter.ClearURL = l.clear()
	}
	for _, f := range l.spec.filters {
		if f.label == "" {
			continue
		}
		field := ui.Field{Name: f.name, Label: l.T(f.label), Kind: "select"}
		for _, o := range f.options {
			o.Text, o.Selected = l.T(o.Text), o.Value == l.values[f.name]
			field.Options = append(field.Options, o)
		}
		g.Filter.Selects = append(g.Filter.Selects, field)
	}
	return g
}

func (l *list) column(c listColumn) ui.Col {
	col := ui.Col{Key: c.key, Text: l.T(c.text), Number: c.number, Silent: c.silent, Fixed: c.fixed, Hidden: l.hidden(c.key)}
	if !c.sorted {
		return col
	}
	next := c.key
	if l.sort == c.key {
		col.Sorted = "ascending"
		if l.desc {
			col.Sorted = "descending"
		} else {
			next = "-" + c.key
		}
	}
	if next == l.spec.sort {
		next = ""
	}
	col.Sort = l.to("sort", next)
	return col
}

// selects says whether a value is drawn as a select of the filter bar.
func (l *list) selects(name string) bool {
	return slices.ContainsFunc(l.spec.filters, func(f listFilter) bool { return f.name == name && f.label != "" })
}

// clear is the list without search and filters, in the same order and with the same columns.
func (l *list) clear() string {
	bare := *l
	bare.query, bare.values = "", nil
	return bare.to()
}

// chip is a filter as a link: on, and off when it is on already.
func (l *list) chip(text, name, value string) ui.Chip {
	return ui.Chip{Text: l.T(text), URL: l.to(name, value), Current: l.values[name] == value}
}

// pages makes the pager: n lines are shown, first and last are the cursor values (sort value, id) of the first and the last of
// them, more is what db.Cut said, of is how many match in all.
func (l *list) pages(g *ui.Grid, n int, first, last []string, more bool, of total) {
	if n == 0 {
		if l.at.Line != nil { // everything here has gone meanwhile
			g.Filtered = true
			g.NoMatch = ui.Blank{Icon: "menu-2", Title: l.T("There is nothing more here"), Text: l.T("The list has become shorter meanwhile."), Link: ui.Link{Text: l.T("Go to its beginning"), URL: l.to()}}
		}
		return
	}
	start := l.at.N
	if l.at.Back {
		start = max(0, l.at.N-n)
		if !more {
			start = 0
		}
	}
	text := l.T("%s–%s", l.Int(start+1), l.Int(start+n))
	if of.more || of.n >= start+n {
		text = l.T("%s–%s of %s", l.Int(start+1), l.Int(start+n), of.in(l.Language))
	}
	g.Pager.Text = text
	before, after := l.at.Line != nil && (!l.at.Back || more), more || l.at.Back
	at := func(c cursor) string { c.Sort = l.order(); return l.to("cursor", c.String()) }
	if before {
		g.Pager.FirstURL = l.to()
		g.Pager.PrevURL = at(cursor{Line: first, Back: true, N: start})
	}
	if after {
		g.Pager.NextURL = at(cursor{Line: last, N: start + n})
	}
}

// encoded is the state of the list as a saved view keeps it.
func (l *list) encoded() string {
	q := l.state()
	q.Del("dense")
	return q.Encode()
}

func cmpText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// viewURL is the address of a saved view.
func viewURL(path, query string) string {
	if _, err := url.ParseQuery(query); err != nil || query == "" {
		return path
	}
	return path + "?" + query
}

// viewOf reads a query that is to be saved, so that only what the list knows is.
func (r *request) viewOf(spec *listSpec, query string) (*list, error) {
	q, err := url.ParseQuery(query)
	if err != nil {
		return nil, errs.Invalid("this view cannot be saved: its address cannot be read")
	}
	q.Del("cursor")
	return parseList(spec, q)
}
