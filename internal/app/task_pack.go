package app

import (
	"bytes"
	"context"

	"tenure/internal/audit/control"
	"tenure/internal/db"
	"tenure/internal/task"
)

// PackArgs say of which sample a pack is made, for whom, and how its file is called.
type PackArgs struct {
	Sample       string `json:"sample"`
	Organisation string `json:"organisation,omitempty"`
	Name         string `json:"name"`
}

// packSample makes the pack of a sample, and notes its hash in the log.
func packSample(ctx context.Context, d *db.DB, w *task.Work) error {
	var a PackArgs
	if err := w.Into(&a); err != nil {
		return err
	}
	if err := w.Step(ctx, "Reading the population, the sample and its sheets", 0, 1); err != nil {
		return err
	}
	var body bytes.Buffer
	var packed control.Packed
	var drawn *control.Sample
	if err := d.Read(ctx, func(tx *db.Tx) (err error) {
		if drawn, err = control.SampleOf(tx, a.Sample); err == nil {
			packed, err = control.WritePack(tx, &body, a.Sample, 0, a.Organisation)
		}
		return err
	}); err != nil {
		return err
	}
	return d.Do(ctx, w.Actor(), func(tx *db.Tx) error {
		packed.Given(tx, drawn.ID)
		return w.End(tx, Outcome{URL: "/evidence/samples/" + a.Sample, Text: "The pack is made. Its file is kept for a day."}, &task.File{Name: a.Name, Media: "application/zip", Body: body.Bytes()})
	})
}
