package web

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"tenure/internal/audit/control"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/templates"
	"tenure/templates/ui"
)

const evidenceURL = "/evidence"

func controlURL(key string) string { return evidenceURL + "/controls/" + key }

func sampleURL(ref string) string { return evidenceURL + "/samples/" + ref }

func sheetURL(item string) string { return evidenceURL + "/sheets/" + item }

// period reads the days of the address: from and to, the present quarter without them. What cannot be read is told above the form, and the
// present quarter shown.
func (r *request) period(tx *db.Tx, action string) (control.Span, templates.EvidencePeriod, error) {
	first, last := control.Quarter(r.now)
	v := templates.EvidencePeriod{Action: action, From: first.Format(time.DateOnly), To: last.Format(time.DateOnly)}
	span, err := control.ParseSpan(tx, v.From, v.To)
	if from, to := r.Query("from"), r.Query("to"); err == nil && from+to != "" {
		asked, bad := control.ParseSpan(tx, from, to)
		faults, ok := r.faults(bad, nil)
		switch {
		case bad == nil:
			span, v.From, v.To = asked, from, to
		case ok:
			v.Errors, v.From, v.To = faults, from, to
		default:
			err = bad
		}
	}
	for range 5 {
		from, to := first.Format(time.DateOnly), last.Format(time.DateOnly)
		v.Quarters = append(v.Quarters, ui.Chip{Text: r.T("Quarter %s of %s", r.Int(int(first.Month()-1)/3+1), strconv.Itoa(first.Year())), URL: link(action, "from", from, "to", to), Current: v.From == from && v.To == to})
		first, last = control.Quarter(first.AddDate(0, 0, -1))
	}
	return span, v, err
}

// in adds the period to an address.
func in(address string, p templates.EvidencePeriod) string {
	return link(address, "from", p.From, "to", p.To)
}

// evidence is where auditors begin.
func (s *server) evidence(r *request) error {
	r.allow(slow)
	var v templates.EvidenceHomeView
	var tally *control.Tally
	err := r.read(func(tx *db.Tx) error {
		span, period, err := r.period(tx, evidenceURL)
		if err != nil {
			return err
		}
		v.Period = period
		var keys []string
		for _, p := range control.Populations {
			if p.Timed {
				keys = append(keys, p.Key)
			}
		}
		if tally, err = control.FiguresOf(tx, span, keys); err != nil {
			return err
		}
		for _, key := range keys {
			v.Attained = append(v.Attained, r.attained(tally.Of[key].Attained)...)
		}
		v.Counted = r.counted(tally)
		samples, err := control.Samples(tx, 10)
		for i := range samples {
			v.Samples = append(v.Samples, r.drawn(&samples[i]))
		}
		return err
	})
	if err == nil {
		err = r.noted(tally)
	}
	if err != nil {
		return err
	}
	for i, f := range control.Frameworks {
		x := templates.EvidenceFramework{ID: "framework-" + strconv.Itoa(i+1), Name: f}
		for _, c := range control.Controls {
			if c.Framework == f {
				x.Controls = append(x.Controls, templates.EvidenceControlRow{Control: ui.Link{Text: c.Code, URL: in(controlURL(c.Key), v.Period)}, Title: c.Title, About: c.About, Populations: len(c.Populations)})
			}
		}
		v.Frameworks = append(v.Frameworks, x)
	}
	v.Links = []ui.Action{{URL: logURL, Text: r.T("The evidence log"), Icon: "shield-check"}, {URL: asOfURL, Text: r.T("Who held what on a date"), Icon: "history"}, {URL: schedulesURL, Text: r.T("Figures by mail"), Icon: "send"}, {URL: evidenceURL + "/opened", Text: r.T("What auditors opened"), Icon: "eye"}, {URL: evidenceURL + "/limits", Text: r.T("Time limits"), Icon: "hourglass"}, {URL: privacyURL, Text: r.T("Privacy"), Icon: "user-x"}}
	return r.show(templates.EvidenceHome(r.shell(r.T("Evidence")), v))
}

// noted keeps what took long to count, and has counted anew what is old.
func (r *request) noted(t *control.Tally) error {
	if !t.Due() {
		return nil
	}
	return r.do(t.Note)
}

// counted says when figures were counted that were not counted for this page.
func (r *request) counted(t *control.Tally) templates.EvidenceCountedAt {
	return templates.EvidenceCountedAt{At: r.at(t.Counted), Old: t.Old}
}

func (r *request) attained(all []control.Attainment) (out []templates.EvidenceAttained) {
	for _, a := range all {
		x := templates.EvidenceAttained{Limit: r.T(a.Limit.Title), About: r.T(a.Limit.About), Hours: r.Plural(a.Limit.Hours, "hour", "hours"), Within: r.T("%s of %s", r.Int(a.Within), r.Int(a.Items)), Late: a.Within < a.Items, Open: a.Open}
		if a.Worst > 0 {
			x.P95, x.Worst = r.seconds(a.P95), r.seconds(a.Worst)
		}
		out = append(out, x)
	}
	return out
}

func (r *request) drawn(s *control.Sample) templates.EvidenceDrawn {
	p, err := control.PopulationOf(s.Population)
	title := s.Population
	if err == nil {
		title = p.Title
	}
	c, _ := control.Find(s.Control)
	first, last := control.Span{From: s.From, To: s.To}.Days()
	return templates.EvidenceDrawn{Sample: ui.Link{Text: r.T("%s, %s to %s", title, first, last), URL: sampleURL(s.Ref)}, Control: c.Full(), By: s.By, Items: r.T("%s of %s", r.Int(len(s.Items)), r.Int(s.Counts.Listed)), Drawn: r.at(s.Drawn)}
}

// controlOf is the control of the address.
func (r *request) controlOf() (control.Control, error) {
	c, ok := control.Find(r.Param("name"))
	if !ok {
		return c, nothing("control")
	}
	return c, nil
}

// evidenceControl shows one control in a period.
func (s *server) evidenceControl(r *request) error {
	r.allow(slow)
	c, err := r.controlOf()
	if err != nil {
		return err
	}
	v := templates.EvidenceControlView{Up: []ui.Link{{Text: r.T("Evidence"), URL: evidenceURL}}, Title: c.Full() + ": " + c.Title, About: c.About, MailURL: r.to("evidence.pack", link(schedulesURL+"/new", "control", c.Key)), PackURL: r.to("evidence.pack", controlURL(c.Key)+"/pack")}
	var tally *control.Tally
	if err := r.read(func(tx *db.Tx) error {
		span, period, err := r.period(tx, controlURL(c.Key))
		if err != nil {
			return err
		}
		v.Period = period
		if tally, err = control.FiguresOf(tx, span, c.Populations); err != nil {
			return err
		}
		v.Counted = r.counted(tally)
		for _, key := range c.Populations {
			p, err := control.PopulationOf(key)
			if err != nil {
				return err
			}
			f := tally.Of[key]
			v.Populations = append(v.Populations, templates.EvidenceCounted{Population: ui.Link{Text: p.Title, URL: in(controlURL(c.Key)+"/"+p.Key, period)}, About: p.About, Listed: f.Counts.Listed, AtSource: f.Counts.AtSource, Differs: f.Counts.Differ()})
			v.Attained = append(v.Attained, r.attained(f.Attained)...)
			v.Charts = append(v.Charts, r.monthCharts(f)...)
		}
		return nil
	}); err != nil {
		return err
	}
	if err := r.noted(tally); err != nil {
		return err
	}
	v.Up[0].URL = in(evidenceURL, v.Period)
	return r.show(templates.EvidenceControl(r.shell(c.Full()), v))
}

// populationSpec is the list of a population; its address and columns are set per request.
var populationSpec = listSpec{name: "items", label: "Items", sort: "", other: []string{"from", "to"}}

// populationOf is the population of the address, of a control that it evidences.
func (r *request) populationOf() (control.Control, *control.Population, error) {
	c, err := r.controlOf()
	if err != nil {
		return c, nil, err
	}
	p, err := control.PopulationOf(r.Param("population"))
	if err == nil && !c.Has(p.Key) {
		err = nothing("population")
	}
	return c, p, err
}

// evidencePopulation lists a population, and asks for a sample.
func (s *server) evidencePopulation(r *request) error {
	return s.populationPage(r, 200, nil)
}

func (s *server) populationPage(r *request, status int, bad ui.Errors) error {
	r.allow(slow)
	c, p, err := r.populationOf()
	if err != nil {
		return err
	}
	spec := populationSpec
	spec.of, spec.path, spec.label = p.Key, controlURL(c.Key)+"/"+p.Key, p.Title
	for i, name := range p.Columns {
		spec.columns = append(spec.columns, listColumn{key: "c" + strconv.Itoa(i), text: name, fixed: i == 0})
	}
	spec.columns = append(spec.columns, listColumn{key: "log", text: "In the log"})
	at := r.Request.URL.Query()
	if status != 200 { // what a form was sent with stands in its fields
		at = url.Values{"from": {r.field("from")}, "to": {r.field("to")}}
	}
	l, err := parseList(&spec, at)
	if err != nil {
		return err
	}
	l.Language = r.Language
	v := templates.EvidencePopulationView{Title: p.Title, About: p.About, Source: p.Source, Query: p.Query(), PackURL: r.to("evidence.pack", spec.path+"/pack")}
	sent := false
	var tally *control.Tally
	err = r.read(func(tx *db.Tx) error {
		span, period, err := r.spanOf(tx, at)
		if err != nil {
			return err
		}
		if sent = l.csv; sent {
			return r.populationFile(tx, p, span)
		}
		v.Up = []ui.Link{{Text: r.T("Evidence"), URL: in(evidenceURL, period)}, {Text: c.Full(), URL: in(controlURL(c.Key), period)}}
		v.Period = r.T("%s to %s", period.From, period.To)
		if p.AtEnd {
			v.Period = r.T("At the end of %s, or now where that is later", period.To)
		}
		if tally, err = control.FiguresOf(tx, span, []string{p.Key}); err != nil {
			return err
		}
		counts := tally.Of[p.Key].Counts
		v.Listed, v.AtSource, v.Differs, v.Counted = counts.Listed, counts.AtSource, counts.Differ(), r.counted(tally)
		v.Draw = templates.EvidenceDraw{Action: spec.path + "/draw", Keep: ui.Kept("from", period.From, "to", period.To), Size: "25", Seed: control.Seed(c, p, period.From, period.To), Most: strconv.Itoa(control.MostDrawn), Algorithm: control.Algorithm, Errors: bad}
		if status != 200 {
			v.Draw.Size, v.Draw.Seed = r.field("size"), r.field("seed")
		}
		return r.populationGrid(tx, p, span, l, counts.Listed, &v.Grid)
	})
	if err == nil && !sent {
		err = r.noted(tally)
	}
	if err != nil || sent {
		return err
	}
	return r.render(status, templates.EvidencePopulation(r.shell(p.Title), v))
}

// spanOf reads the period of an address or a form; without one it is the present quarter.
func (r *request) spanOf(tx *db.Tx, at url.Values) (control.Span, templates.EvidencePeriod, error) {
	first, last := control.Quarter(r.now)
	v := templates.EvidencePeriod{From: first.Format(time.DateOnly), To: last.Format(time.DateOnly)}
	if at.Get("from")+at.Get("to") != "" {
		v.From, v.To = at.Get("from"), at.Get("to")
	}
	span, err := control.ParseSpan(tx, v.From, v.To)
	return span, v, err
}

func (r *request) populationGrid(tx *db.Tx, p *control.Population, span control.Span, l *list, n int, g *ui.Grid) error {
	var after *control.Place
	if l.at.Line != nil {
		after = &control.Place{Order: l.at.Line[0], ID: l.at.Line[1]}
	}
	all, err := p.List(tx, span, after, l.at.Back, pageSize+1)
	if err != nil {
		return err
	}
	all, more := db.Cut(db.Page{Back: l.at.Back, Limit: pageSize}, all)
	*g = l.grid()
	g.Blank = ui.Blank{Icon: "search", Title: r.T("Nothing of it in this period"), Text: r.T("The query gives no item. The count at the source says whether that is right.")}
	for i := range all {
		x := &all[i]
		row := ui.Row{Name: x.Cells[0], URL: sheetURL(x.ID), Cells: []templ.Component{ui.Main(x.Cells[0], sheetURL(x.ID), "")}}
		for _, c := range x.Cells[1:] {
			row.Cells = append(row.Cells, ui.Words(c))
		}
		g.Rows = append(g.Rows, r.numbered(row, x.Event))
	}
	if k := len(all); k > 0 {
		place := func(x *control.Item) []string { return []string{x.Order, x.ID} }
		l.pages(g, k, place(&all[0]), place(&all[k-1]), more, total{n: n})
	} else {
		l.pages(g, 0, nil, nil, false, total{})
	}
	return nil
}

func (r *request) numbered(row ui.Row, event int64) ui.Row {
	cell := ui.Nothing(r.T("none"))
	if event >= 0 {
		cell = ui.Words(eventNumber(event))
	}
	row.Cells = append(row.Cells, cell)
	return row
}

func eventNumber(event int64) string {
	if event < 0 {
		return ""
	}
	return "#" + strconv.FormatInt(event, 10)
}

// populationFile streams the whole population.
func (r *request) populationFile(tx *db.Tx, p *control.Population, span control.Span) error {
	head := append(append([]string{"id"}, p.Columns...), "event")
	return r.sendCSV("evidence-"+p.Key, head, func(yield func([]string, error) bool) {
		err := p.Each(tx, span, func(x control.Item) error {
			if !yield(slices.Concat([]string{x.ID}, x.Cells, []string{eventNumber(x.Event)}), nil) {
				return errStopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(nil, err)
		}
	})
}

// errStopped says that nobody reads any more.
var errStopped = errors.New("nobody reads any more")

// evidenceDraw draws a sample.
func (s *server) evidenceDraw(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	c, p, err := r.populationOf()
	if err != nil {
		return err
	}
	size, err := strconv.Atoi(r.field("size"))
	if err != nil {
		size = 0
	}
	var drawn *control.Sample
	err = r.do(func(tx *db.Tx) error {
		span, err := control.ParseSpan(tx, r.field("from"), r.field("to"))
		if err != nil {
			return err
		}
		drawn, err = control.Draw(tx, control.Ask{Control: c.Key, Population: p.Key, Span: span, Seed: r.field("seed"), Size: size})
		return err
	})
	var e *errs.Error
	if errors.As(err, &e) && slices.ContainsFunc(e.Fields, func(f errs.Field) bool { return f.Field == "from" || f.Field == "to" }) {
		return err
	}
	if bad, ok := r.faults(err, map[string]string{"": "size"}); ok {
		return s.populationPage(r, statusOf(err), bad)
	}
	if err != nil {
		return err
	}
	return r.goTo(sampleURL(drawn.Ref))
}
