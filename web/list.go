package web

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/templates/lang"
	"tenure/templates/ui"
)

// listSpec declares a list: what its address may say. Everything else in an address is refused, so that a filter somebody
// trusts is never dropped in silence.
type listSpec struct {
	name    string // of the list, for saved views: "people"
	of      string // of lists below an object: its name, set with the path; views are saved for it alone
	label   string // "People"
	path    string // "/people"; of lists below an object, set it per request on a copy
	search  string // label of the search field; "" for none
	hint    string
	filters []listFilter
	columns []listColumn
	sort    string   // the first order: a sortable column's key, with "-" before it for the other way round
	size    int      // lines a page; 0 means pageSize
	other   []string // further names the address may have, such as "tab"; they are kept
}

// viewed is the name under which views of the list are saved.
func (s *listSpec) viewed() string {
	if s.of == "" {
		return s.name
	}
	return s.name + "/" + s.of
}

// listFilter is one filter. Without options any value is taken (it comes from a link, and is kept).
type listFilter struct {
	name    string
	label   string
	options []ui.Option // drawn as a select when there is a label; the first one, "", means all
}

// listColumn is one column; sorted says that its key may be sorted by.
type listColumn struct {
	key, text string
	sorted    bool
	number    bool
	fixed     bool // cannot be hidden
	off       bool // hidden until it is chosen
	silent    bool
}

// list is what an address says of a list.
type list struct {
	*lang.Language // the reader's
	spec           *listSpec
	query          string            // of the search
	values         map[string]string // of the filters
	sort           string
	desc           bool
	cols           []string // chosen columns; nil for the usual ones
	dense          bool
	at             cursor
	csv            bool
	kept           url.Values
}

// cursor is a place in a list: behind (or before) a line, so many lines into it.
type cursor struct {
	Sort string   `json:"s"`
	Line []string `json:"l"`
	Back bool     `json:"b,omitempty"`
	N    int      `json:"n,omitempty"` // lines before the page
}

func (c cursor) String() string {
	b, _ := json.Marshal(c) // strings and numbers
	return base64.RawURLEncoding.EncodeToString(b)
}

// list reads the state of a list from the address.
func (r *request) list(spec *listSpec) (*list, error) {
	l, err := parseList(spec, r.Request.URL.Query())
	if err != nil {
		return nil, err
	}
	l.Language = r.Language
	if !r.Request.URL.Query().Has("dense") && r.who != nil {
		l.dense = r.prefs().Dense
	}
	return l, nil
}

func parseList(spec *listSpec, q url.Values) (*list, error) {
	l := &list{spec: spec, values: map[string]string{}, kept: url.Values{}}
	for name, v := range q {
		if err := l.take(name, v); err != nil {
			return nil, err
		}
	}
	if l.sort == "" {
		l.sort, l.desc = strings.TrimPrefix(spec.sort, "-"), strings.HasPrefix(spec.sort, "-")
	}
	if l.at.Line != nil && l.at.Sort != l.order() {
		l.at = cursor{} // the place was one of another order
	}
	return l, nil
}

// take reads one value of the address.
func (l *list) take(name string, v []string) error {
	one := strings.TrimSpace(v[0])
	if len(one) > 2000 || len(v) > 64 {
		return errs.Invalid("the value of %q in the address is too long", name)
	}
	switch name {
	case "q":
		if len(one) > 200 {
			return errs.Invalid("a search may have 200 characters")
		}
		if l.spec.search != "" {
			l.query = one
			return nil
		}
	case "sort":
		return l.takeSort(one)
	case "col":
		return l.takeColumns(v)
	case "dense":
		l.dense = one == "1"
		l.kept.Set("dense", one)
		return nil
	case "cursor":
		b, err := base64.RawURLEncoding.DecodeString(one)
		if err != nil || json.Unmarshal(b, &l.at) != nil || len(l.at.Line) != 2 || l.at.N < 0 {
			return errs.Invalid("the place in the list cannot be read from the address; open the list anew")
		}
		return nil
	case "export":
		l.csv = one == "csv"
		if l.csv {
			return nil
		}
	}
	if i := slices.IndexFunc(l.spec.filters, func(f listFilter) bool { return f.name == name }); i >= 0 {
		f := l.spec.filters[i]
		if one != "" && len(f.options) > 0 && !slices.ContainsFunc(f.options, func(o ui.Option) bool { return o.Value == one }) {
			return errs.Invalid("the list cannot be filtered by %s %q", name, one)
		}
		if one != "" {
			l.values[name] = one
		}
		return nil
	}
	if slices.Contains(l.spec.other, name) {
		l.kept.Set(name, one)
		return nil
	}
	return errs.Invalid("this list knows no filter %q", name)
}

func (l *list) takeSort(one string) error {
	key := strings.TrimPrefix(one, "-")
	if !slices.ContainsFunc(l.spec.columns, func(c listColumn) bool { return c.sorted && c.key == key }) {
		return errs.Invalid("the list cannot be sorted by %q", key)
	}
	l.sort, l.desc = key, strings.HasPrefix(one, "-")
	return nil
}

func (l *list) takeColumns(v []string) error {
	l.cols = []string{}
	for _, key := range v {
		if key == "-" { // the form says that columns were chosen, even none
			continue
		}
		if !slices.ContainsFunc(l.spec.columns, func(c listColumn) bool { return c.key == key }) {
			return errs.Invalid("the list has no column %q", key)
		}
		l.cols = append(l.cols, key)
	}
	return nil
}

// order is the order as it stands in addresses: "-name".
func (l *list) order() string {
	if l.desc {
		return "-" + l.sort
	}
	return l.sort
}

// filter gives the value of a filter, "" when it is off.
func (l *list) filter(name string) string { return l.values[name] }

// filtered says whether a search or a filter is on.
func (l *list) filtered() bool { return l.query != "" || len(l.values) > 0 }

// page says which lines are wanted, for the room that reads them.
func (l *list) page() db.Page {
	size := l.spec.size
	if size == 0 {
		size = pageSize
	}
	return db.Page{Sort: l.sort, Desc: l.desc, After: l.at.Line, Back: l.at.Back, Limit: size}
}

// state is what stands in addresses of this list: filters, order, columns, without the place.
func (l *list) state() url.Values {
	q := url.Values{}
	for name, v := range l.kept {
		q[name] = v
	}
	for name, v := range l.values {
		q.Set(name, v)
	}
	if l.query != "" {
		q.Set("q", l.query)
	}
	if l.order() != l.spec.sort {
		q.Set("sort", l.order())
	}
	if l.cols != nil {
		q["col"] = append(slices.Clone(l.cols), "-")
	}
	return q
}

// to gives the address of the same list with some values changed; "" takes a value out.
func (l *list) to(pairs ...string) string {
	q := l.state()
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Del(pairs[i])
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return l.spec.path
	}
	return l.spec.path + "?" + q.Encode()
}

// hidden says whether a column is not drawn: handlers need not read what nobody sees.
func (l *list) hidden(key string) bool {
	for i, c := range l.spec.columns {
		if c.key == key {
			return i > 0 && !c.fixed && (l.cols == nil && c.off || l.cols != nil && !slices.Contains(l.cols, key))
		}
	}
	return true
}

// token names everything that matches the filter now, for acts on more than a page.
type token struct {
	List  string    `json:"l"`
	Query string    `json:"q"`
	At    time.Time `json:"t"`
}

// all gives the token for everything that matches, as it was at an instant.
func (l *list) all(at time.Time) string {
	q := l.state()
	q.Del("col")
	q.Del("sort")
	q.Del("dense")
	b, _ := json.Marshal(token{l.spec.name, q.Encode(), at.UTC()}) // strings and a time
	return base64.RawURLEncoding.EncodeToString(b)
}

// chosen is what a bulk form names: ticked rows, or everything that matched a filter at an instant. The rights to each are
// judged anew; the form proves nothing.
type chosen struct {
	IDs []string
	All *list // nil: only IDs
	At  time.Time
}

// maxChosen bounds the ticked rows of one form.
const maxChosen = 1000

// chosen reads the choice of a bulk form of the list.
func (r *request) chosen(spec *listSpec) (*chosen, error) {
	if err := r.form(); err != nil {
		return nil, err
	}
	if all := r.PostForm("all"); all != "" {
		return parseAll(spec, all)
	}
	c := &chosen{IDs: r.PostFormArray("pick")}
	slices.Sort(c.IDs)
	c.IDs = slices.Compact(c.IDs)
	if len(c.IDs) == 0 {
		return nil, errs.Invalid("tick at least one row first")
	}
	if len(c.IDs) > maxChosen {
		return nil, errs.Invalid("choose up to %d rows at a time, or everything that matches", maxChosen)
	}
	return c, nil
}

func parseAll(spec *listSpec, text string) (*chosen, error) {
	var t token
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(b, &t) != nil || t.List != spec.name || t.At.IsZero() {
		return nil, errs.Invalid("what was chosen cannot be read; open the list and choose again")
	}
	q, err := url.ParseQuery(t.Query)
	if err != nil {
		return nil, errs.Invalid("what was chosen cannot be read; open the list and choose again")
	}
	l, err := parseList(spec, q)
	if err != nil {
		return nil, err
	}
	return &chosen{All: l, At: t.At}, nil
}
