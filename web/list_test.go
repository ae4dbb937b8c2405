package web

import (
	"encoding/csv"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"tenure/internal/errs"
	"tenure/templates/ui"
)

var sampleSpec = listSpec{name: "things", label: "Things", path: "/things", search: "Search", sort: "name",
	filters: []listFilter{{name: "state", label: "State", options: []ui.Option{{Text: "All"}, {Value: "on", Text: "On"}}}, {name: "rule"}},
	columns: []listColumn{{key: "name", text: "Name", sorted: true}, {key: "size", text: "Size", sorted: true, number: true}, {key: "note", text: "Note", off: true}}}

func parsed(t *testing.T, query string) *list {
	t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	l, err := parseList(&sampleSpec, q)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestListsRefuseWhatTheyDoNotKnow(t *testing.T) {
	for query, names := range map[string]string{"sort=secret": "secret", "stat=on": "stat", "state=off": "off", "col=salary": "salary", "cursor=%21": "place", "q=" + strings.Repeat("x", 201): "200"} {
		q, _ := url.ParseQuery(query)
		_, err := parseList(&sampleSpec, q)
		if errs.KindOf(err) != errs.KindInvalid || !strings.Contains(err.Error(), names) {
			t.Errorf("%s gives %v", query, err)
		}
	}
}

func TestLinksKeepTheFilterAndDropThePlace(t *testing.T) {
	place := cursor{Sort: "-size", Line: []string{"3", "17"}, N: 50}.String()
	l := parsed(t, "q=a%26b&state=on&rule=r1&sort=-size&col=size&col=-&cursor="+place)
	if p := l.page(); p.Sort != "size" || !p.Desc || len(p.After) != 2 || p.After[1] != "17" || p.Limit != pageSize {
		t.Errorf("page %+v", p)
	}
	u, err := url.Parse(l.to("state", ""))
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("q") != "a&b" || q.Get("rule") != "r1" || q.Get("sort") != "-size" || q.Has("state") || q.Has("cursor") {
		t.Errorf("link %s", u)
	}
	if l.hidden("size") || !l.hidden("note") || !parsed(t, "").hidden("note") || parsed(t, "col=note").hidden("note") || !parsed(t, "col=-").hidden("size") || l.hidden("name") {
		t.Error("the wrong columns are hidden")
	}
	g := l.grid()
	if g.Columns[1].Sorted != "descending" || g.Columns[1].Sort == "" || strings.Contains(g.Columns[0].Sort, "sort=") {
		t.Errorf("columns %+v", g.Columns)
	}
	if parsed(t, "cursor="+place).at.Line != nil {
		t.Error("a place of another order is used")
	}
}

func TestPagersKnowWhereTheyAre(t *testing.T) {
	first, last := []string{"a", "1"}, []string{"z", "50"}
	at := func(query string, n int, more bool, of total) ui.Pager {
		var g ui.Grid
		parsed(t, query).pages(&g, n, first, last, more, of)
		return g.Pager
	}
	p := at("", 50, true, upTo(2000))
	if p.Text != "1–50 of 1\u202f000+" || p.PrevURL != "" || p.NextURL == "" {
		t.Errorf("the first page %+v", p)
	}
	next, _ := url.Parse(p.NextURL)
	p = at(next.RawQuery, 10, false, upTo(60))
	if p.Text != "51–60 of 60" || p.NextURL != "" || p.PrevURL == "" || p.FirstURL != "/things" {
		t.Errorf("the last page %+v", p)
	}
	back, _ := url.Parse(p.PrevURL)
	p = at(back.RawQuery, 50, false, upTo(60))
	if p.Text != "1–50 of 60" || p.PrevURL != "" || p.NextURL == "" {
		t.Errorf("back at the first page %+v", p)
	}
}

func TestAllThatMatchesIsTheFilterAndTheInstant(t *testing.T) {
	at := time.Date(2026, 11, 22, 9, 14, 0, 0, time.UTC)
	c, err := parseAll(&sampleSpec, parsed(t, "q=x&state=on&sort=-size&col=size").all(at))
	if err != nil || !c.At.Equal(at) || c.All.query != "x" || c.All.filter("state") != "on" || c.All.cols != nil {
		t.Errorf("%+v %v", c, err)
	}
	other := sampleSpec
	other.name = "others"
	if _, err := parseAll(&other, parsed(t, "").all(at)); errs.KindOf(err) != errs.KindInvalid {
		t.Errorf("a choice of another list is taken: %v", err)
	}
}

func TestFilesRunNothing(t *testing.T) {
	w := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(w)
	c.Request = httptest.NewRequest(http.MethodGet, "/things?export=csv", nil)
	r := &request{Context: c, now: time.Date(2026, 11, 22, 9, 14, 0, 0, time.UTC)}
	evil := [][]string{{"=cmd|' /C calc'!A0", "+1", "-1"}, {"@SUM(A1)", "\tx", "\rx"}, {"plain, \"quoted\"", "ünïcode", ""}}
	if err := r.sendCSV("things", []string{"A", "B", "C"}, eachLine(evil, func(l *[]string) []string { return append([]string{}, *l...) })); err != nil {
		t.Fatal(err)
	}
	h := w.Header()
	if h.Get("Content-Disposition") != `attachment; filename="things-2026-11-22.csv"` || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("headers %v", h)
	}
	body := w.Body.String()
	if !strings.HasPrefix(body, "\ufeffA,B,C\r\n") {
		t.Errorf("begins %q", body[:12])
	}
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff"))).ReadAll()
	if err != nil || len(lines) != 4 {
		t.Fatalf("%v %q", err, lines)
	}
	for _, line := range lines[1:] {
		for _, cell := range line {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\n") {
				t.Errorf("a spreadsheet would run %q", cell)
			}
		}
	}
	if lines[3][0] != `plain, "quoted"` || lines[3][1] != "ünïcode" {
		t.Errorf("plain text is changed: %q", lines[3])
	}
}
