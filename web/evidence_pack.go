package web

import (
	"bytes"
	"net/http"
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

// evidencePack writes the pack of a sample, notes its hash in the log, and sends it.
func (s *server) evidencePack(r *request) error {
	r.allow(slow)
	organisation := r.shell("").Organisation
	var drawn *control.Sample
	if err := r.read(func(tx *db.Tx) (err error) { drawn, err = control.SampleOf(tx, r.Param("id")); return err }); err != nil {
		return err
	}
	name := "evidence-" + strings.ReplaceAll(drawn.Control+"-"+drawn.Population, ".", "-") + ".zip"
	if len(drawn.Items) > packSheets || drawn.Counts.Listed > packItems {
		return r.beginTask(task.New{Kind: app.TaskPack, Title: r.T("Evidence pack: %s", drawn.Control+", "+drawn.Population), Args: app.PackArgs{Sample: drawn.Ref, Organisation: organisation, Name: name}, Total: 1}, false)
	}
	var body bytes.Buffer
	var packed control.Packed
	if err := r.s.app.DB.Read(r.Request.Context(), func(tx *db.Tx) (err error) {
		packed, err = control.WritePack(tx, &body, drawn.Ref, 0, organisation)
		return err
	}); err != nil {
		return err
	}
	if err := r.do(func(tx *db.Tx) error { packed.Given(tx, drawn.ID); return nil }); err != nil {
		return err
	}
	r.Header("Content-Disposition", `attachment; filename="`+name+`"`)
	r.Data(http.StatusOK, "application/zip", body.Bytes())
	return nil
}
