package app

import (
	"bytes"
	"context"

	"tenure/internal/audit/control"
	"tenure/internal/db"
	"tenure/internal/task"
)

// PackArgs say of what a pack is made, for whom, and how its file is called: of samples, and of the other populations of a control in a period.
type PackArgs struct {
	Samples      []string `json:"samples,omitempty"`
	Control      string   `json:"control"`
	Populations  []string `json:"populations"` // in this order; those of samples, and whole ones
	From         string   `json:"from"`
	To           string   `json:"to"` // the last day
	Organisation string   `json:"organisation,omitempty"`
	Name         string   `json:"name"`
	URL          string   `json:"url"` // of the page that shows what is in it
}

// Of finds what the pack is made of.
func (a *PackArgs) Of(tx *db.Tx) (out []*control.Sample, err error) {
	drawn := map[string]*control.Sample{}
	for _, ref := range a.Samples { // at most one of each population
		s, err := control.SampleOf(tx, ref)
		if err != nil {
			return nil, err
		}
		drawn[s.Population] = s
	}
	span, err := control.ParseSpan(tx, a.From, a.To)
	if err != nil {
		return nil, err
	}
	for _, key := range a.Populations {
		s := drawn[key]
		if s == nil {
			if s, err = control.Whole(control.Ask{Control: a.Control, Population: key, Span: span}); err != nil {
				return nil, err
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// pack makes a pack, and notes its hash in the log.
func pack(ctx context.Context, d *db.DB, w *task.Work) error {
	var a PackArgs
	if err := w.Into(&a); err != nil {
		return err
	}
	var body bytes.Buffer
	var packed control.Packed
	o := control.PackOrder{Organisation: a.Organisation, Step: stepsOf(ctx, w)}
	if err := d.Read(ctx, func(tx *db.Tx) (err error) {
		if o.Of, err = a.Of(tx); err == nil {
			packed, err = control.WritePack(tx, &body, o)
		}
		return err
	}); err != nil {
		return err
	}
	return d.Do(ctx, w.Actor(), func(tx *db.Tx) error {
		packed.Given(tx, o.Of)
		return w.End(tx, Outcome{URL: a.URL, Text: "The pack is made. Its file is kept for a day.", Pack: &packed}, &task.File{Name: a.Name, Media: "application/zip", Body: body.Bytes()})
	})
}
