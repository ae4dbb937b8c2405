package web

import (
	"strconv"
	"time"

	"tenure/internal/audit/control"
	"tenure/internal/db"
	"tenure/templates"
	"tenure/templates/ui"
)

// evidenceSample shows what was drawn, and draws it again to compare.
func (s *server) evidenceSample(r *request) error {
	r.allow(slow)
	var v templates.EvidenceSampleView
	err := r.read(func(tx *db.Tx) error {
		x, err := control.SampleOf(tx, r.Param("id"))
		if err != nil {
			return err
		}
		p, err := control.PopulationOf(x.Population)
		if err != nil {
			return err
		}
		c, _ := control.Find(x.Control)
		span, err := x.Span(tx)
		if err != nil {
			return err
		}
		first, last := span.Days()
		period := templates.EvidencePeriod{From: first, To: last}
		v = templates.EvidenceSampleView{Up: []ui.Link{{Text: r.T("Evidence"), URL: in(evidenceURL, period)}, {Text: c.Full(), URL: in(controlURL(c.Key), period)}, {Text: p.Title, URL: in(controlURL(c.Key)+"/"+p.Key, period)}},
			Title: r.T("Sample of %s", p.Title), Lead: r.T("%s to %s: %s of %s.", first, last, r.Int(len(x.Items)), r.Plural(x.Counts.Listed, "item", "items")), Listed: x.Counts.Listed, AtSource: x.Counts.AtSource, Differs: x.Counts.Differ(), Source: p.Source,
			Columns: p.Columns, Algorithm: control.Algorithm, PackURL: r.to("evidence.pack", sampleURL(x.Ref)+"/pack"),
			Facts: []ui.Line{{Name: r.T("Seed"), Text: x.Seed}, {Name: r.T("Drawn by"), Text: x.By}, {Name: r.T("Drawn at"), Text: x.Drawn.UTC().Format(time.DateTime) + " UTC"}}}
		if x.Event >= 0 {
			v.Facts = append(v.Facts, ui.Line{Name: r.T("In the log"), Text: eventNumber(x.Event)})
		}
		if v.Same, err = x.Again(tx); err != nil {
			return err
		}
		all, err := p.Some(tx, span, x.Items)
		for i := range all {
			v.Rows = append(v.Rows, templates.EvidenceItem{Sheet: ui.Link{Text: all[i].ID, URL: sheetURL(all[i].ID)}, Cells: all[i].Cells, Event: eventNumber(all[i].Event)})
		}
		if gone := len(x.Items) - len(all); gone > 0 {
			v.Missing = r.Plural(gone, "item is not in the population any more", "items are not in the population any more")
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.show(templates.EvidenceSample(r.shell(v.Title), v))
}

// evidenceSheet shows what there is to say of one item.
func (s *server) evidenceSheet(r *request) error {
	var sheet *control.Sheet
	if err := r.read(func(tx *db.Tx) (err error) { sheet, err = control.SheetOf(tx, r.Param("item")); return err }); err != nil {
		return err
	}
	v := templates.EvidenceSheetView{Up: []ui.Link{{Text: r.T("Evidence"), URL: evidenceURL}}, Kind: sheet.Kind, Title: sheet.Title, Open: sheet.Open, Printed: r.at(r.now)}
	for _, f := range sheet.Facts {
		v.Facts = append(v.Facts, ui.Line{Name: f.Name, Text: f.Value})
	}
	for i, t := range sheet.Tables {
		v.Tables = append(v.Tables, templates.EvidenceTable{ID: "part-" + strconv.Itoa(i+1), Title: t.Title, Note: t.Note, None: t.None, Columns: t.Columns, Rows: t.Rows})
	}
	return r.show(templates.EvidenceSheet(r.shell(sheet.Kind), v))
}

// evidenceLimits shows the time limits; compliance sets them.
func (s *server) evidenceLimits(r *request) error { return s.limitsPage(r, 200, nil) }

func (s *server) limitsPage(r *request, status int, bad ui.Errors) error {
	var v templates.EvidenceLimitsView
	if err := r.read(func(tx *db.Tx) error {
		all, err := control.Limits(tx)
		for _, l := range all {
			x := templates.EvidenceLimit{Name: l.Name, Title: r.T(l.Title), About: r.T(l.About), Hours: strconv.Itoa(l.Hours), Action: r.to("evidence.limit", evidenceURL+"/limits")}
			if len(bad) > 0 && l.Name == r.field("limit") {
				x.Hours, x.Errors = r.field("hours"), bad
			}
			v.Rows = append(v.Rows, x)
		}
		return err
	}); err != nil {
		return err
	}
	return r.render(status, templates.EvidenceLimits(r.shell(r.T("Time limits")), v))
}

// evidenceLimitSet sets one of them.
func (s *server) evidenceLimitSet(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	hours, err := strconv.Atoi(r.field("hours"))
	if err != nil {
		hours = 0
	}
	err = r.do(func(tx *db.Tx) error { return control.SetLimit(tx, r.field("limit"), hours) })
	if bad, ok := r.faults(err, nil); ok {
		return s.limitsPage(r, statusOf(err), bad)
	}
	if err != nil {
		return err
	}
	return r.goTo(evidenceURL + "/limits")
}
