package web

import (
	"bytes"
	"strings"

	"tenure/internal/app"
	"tenure/internal/audit/control"
	"tenure/internal/db"
	"tenure/internal/task"
)

// Above so many sheets, or items of the population, a pack is made as a task with a page of its own.
const (
	packSheets = 50
	packItems  = 20_000
)

// packArgs say of what a pack is made: of samples and whole populations of one control and period.
func (r *request) packArgs(of []*control.Sample) app.PackArgs {
	first := of[0]
	from, to := control.Span{From: first.From, To: first.To}.Days()
	a := app.PackArgs{Control: first.Control, From: from, To: to, Organisation: r.s.organisation()}
	for _, s := range of {
		if a.Populations = append(a.Populations, s.Population); s.Ref != "" {
			a.Samples = append(a.Samples, s.Ref)
		}
	}
	name := first.Control
	switch {
	case len(of) > 1:
		a.URL = link(controlURL(first.Control), "from", from, "to", to)
	case first.Ref != "":
		name, a.URL = name+"-"+first.Population, sampleURL(first.Ref)
	default:
		name, a.URL = name+"-"+first.Population, link(controlURL(first.Control)+"/"+first.Population, "from", from, "to", to)
	}
	a.Name = "evidence-" + strings.ReplaceAll(name, ".", "-") + ".zip"
	return a
}

// evidencePack writes the pack of a sample.
func (s *server) evidencePack(r *request) error {
	r.allow(slow)
	var drawn *control.Sample
	if err := r.read(func(tx *db.Tx) (err error) { drawn, err = control.SampleOf(tx, r.Param("id")); return err }); err != nil {
		return err
	}
	return r.pack([]*control.Sample{drawn}, drawn.Counts.Listed)
}

// evidencePackWhole writes the pack of a whole population in a period.
func (s *server) evidencePackWhole(r *request) error {
	c, p, err := r.populationOf()
	if err != nil {
		return err
	}
	return r.packWhole(c, p.Key)
}

// evidencePackControl writes the pack of every population of a control in a period.
func (s *server) evidencePackControl(r *request) error {
	c, err := r.controlOf()
	if err != nil {
		return err
	}
	return r.packWhole(c, "")
}

// packWhole writes the pack of a population of a control, or of all of them.
func (r *request) packWhole(c control.Control, population string) error {
	r.allow(slow)
	if err := r.form(); err != nil {
		return err
	}
	var of []*control.Sample
	listed := 0
	if err := r.read(func(tx *db.Tx) error {
		span, err := control.ParseSpan(tx, r.field("from"), r.field("to"))
		if err != nil {
			return err
		}
		if of, err = (control.Ask{Control: c.Key, Population: population, Span: span}).Made(tx); err != nil {
			return err
		}
		for _, x := range of { // at most seven
			p, err := control.PopulationOf(x.Population)
			if err != nil {
				return err
			}
			counts, err := p.Count(tx, span)
			if err != nil {
				return err
			}
			listed += counts.Listed
		}
		return nil
	}); err != nil {
		return err
	}
	return r.pack(of, listed)
}

// pack writes a pack, notes its hash in the log, and sends it; a large one becomes a task.
func (r *request) pack(of []*control.Sample, listed int) error {
	a, sheets := r.packArgs(of), 0
	for _, s := range of {
		sheets += len(s.Items)
	}
	if sheets > packSheets || listed > packItems {
		return r.beginTask(task.New{Kind: app.TaskPack, Title: r.T("Evidence pack: %s", packTitle(&a)), Args: a, Total: 1}, false)
	}
	var body bytes.Buffer
	var packed control.Packed
	if err := r.s.app.DB.Read(r.Request.Context(), func(tx *db.Tx) (err error) {
		packed, err = control.WritePack(tx, &body, control.PackOrder{Of: of, Organisation: a.Organisation})
		return err
	}); err != nil {
		return err
	}
	if err := r.do(func(tx *db.Tx) error { packed.Given(tx, of); return nil }); err != nil {
		return err
	}
	return r.file(a.Name, "application/zip", body.Bytes())
}

// packTitle names what a pack is of.
func packTitle(a *app.PackArgs) string {
	return a.Control + ", " + strings.Join(a.Populations, ", ")
}
