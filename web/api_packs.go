package web

import (
	"encoding/json"
	"net/http"
	"time"

	"tenure/internal/app"
	"tenure/internal/audit/control"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/task"
	"tenure/templates/lang"
)

// apiPackIn says what a pack is to hold.
type apiPackIn struct {
	Control    string `json:"control" minLength:"1" maxLength:"100" doc:"The control, such as soc2:CC6.2."`
	Population string `json:"population,omitempty" maxLength:"100" doc:"Only this one of its populations, such as leavers; all of them when it is not there."`
	From       string `json:"from" format:"date" doc:"The first day of the period, whole, in UTC."`
	To         string `json:"to" format:"date" doc:"The last day."`
	Draw       int    `json:"draw,omitempty" minimum:"1" maximum:"500" doc:"Draw a sample of so many items of each, with their sheets. Without it the pack holds the populations alone."`
	Seed       string `json:"seed,omitempty" maxLength:"200" doc:"By which the sample is drawn; control, population and period when it is not there."`
}

// apiPack is a pack that is made, or was.
type apiPack struct {
	ID        string     `json:"id" format:"uuid" doc:"The pack's id."`
	State     string     `json:"state" enum:"queued,running,done,failed,cancelled" doc:"How it stands. Its file is there when it is done."`
	Detail    string     `json:"detail,omitempty" doc:"What is being done, in words."`
	Done      int        `json:"done" doc:"So many of total are done."`
	Total     int        `json:"total" doc:"0 while that is not known."`
	Error     string     `json:"error,omitempty" doc:"Why it failed."`
	Samples   []string   `json:"samples" nullable:"false" doc:"The samples that were drawn, by id."`
	Head      int64      `json:"head,omitempty" doc:"How many events of the log the head has up to which it goes."`
	SHA256    string     `json:"sha256,omitempty" doc:"Of its file, in hexadecimal. The log notes it."`
	CreatedAt time.Time  `json:"created_at" doc:"When it was asked for."`
	EndedAt   *time.Time `json:"ended_at,omitempty" nullable:"false" doc:"When it was made."`
}

func (s *server) ofPacks() []operation {
	file := reads(operation{path: "/packs/:id/file", permission: "evidence.pack", name: "getPackFile", tag: "evidence", summary: lang.Mark("Fetch the file of a pack"), media: "application/zip",
		doc: "A zip file, which is kept for a day. The same order at the same head of the log gives the same bytes."}, s.apiPackShow)
	file.handler = func(r *request, o *operation) error { return s.apiPackFile(r, o) }
	return []operation{
		acts(operation{path: "/packs", permission: "evidence.pack", name: "createPack", tag: "evidence", summary: lang.Mark("Have an evidence pack made"), status: http.StatusAccepted,
			doc: "Of a population of a control in a period, with a sample of it or without. It is made in the background; read it to see how far it is."}, s.apiPackMake),
		reads(operation{path: "/packs/:id", permission: "evidence.pack", name: "getPack", tag: "evidence", summary: lang.Mark("Read how far a pack is"),
			doc: "One that the token's person asked for."}, s.apiPackShow),
		file,
	}
}

func (s *server) apiPackMake(r *request, tx *db.Tx, in apiPackIn) (apiPack, error) {
	c, ok := control.Named(in.Control)
	if !ok {
		return apiPack{}, refusal(http.StatusBadRequest, codeInvalid, "the body is not valid").with(problemField{Pointer: "/control", Detail: "There is no such control."})
	}
	if in.Population != "" && !c.Has(in.Population) {
		return apiPack{}, refusal(http.StatusBadRequest, codeInvalid, "the body is not valid").with(problemField{Pointer: "/population", Detail: "It is none of the control's."})
	}
	span, err := control.ParseSpan(tx, in.From, in.To)
	if err != nil {
		return apiPack{}, err
	}
	of, err := control.Ask{Control: c.Key, Population: in.Population, Span: span, Size: in.Draw, Seed: in.Seed}.Made(tx)
	if err != nil {
		return apiPack{}, err
	}
	a := r.packArgs(of)
	ref, err := task.Begin(tx, task.New{Kind: app.TaskPack, Title: "Evidence pack: " + packTitle(&a), Args: a, Total: 1})
	if err != nil {
		return apiPack{}, err
	}
	t, err := task.Get(tx, ref)
	if err != nil {
		return apiPack{}, err
	}
	return packOut(t), nil
}

// packTask is the task of a pack of the token's person; any other does not exist.
func (r *request) packTask(tx *db.Tx) (*task.Task, error) {
	t, err := task.Get(tx, r.Param("id"))
	if errs.KindOf(err) == errs.KindNotFound || err == nil && (t.Kind != app.TaskPack || t.Identity != r.who.ID) {
		return nil, nothing("pack")
	}
	return t, err
}

func (s *server) apiPackShow(r *request, tx *db.Tx, _ nothingAsked) (apiPack, error) {
	t, err := r.packTask(tx)
	if err != nil {
		return apiPack{}, err
	}
	return packOut(t), nil
}

func packOut(t *task.Task) apiPack {
	out := apiPack{Samples: []string{}, ID: t.Ref, State: string(t.State), Detail: t.Detail, Done: t.Done, Total: t.Total, Error: t.Error, CreatedAt: t.CreatedAt.UTC()}
	if t.EndedAt != nil {
		at := t.EndedAt.UTC()
		out.EndedAt = &at
	}
	var a app.PackArgs
	if json.Unmarshal(t.Args, &a) == nil {
		out.Samples = append(out.Samples, a.Samples...)
	}
	var o app.Outcome
	if json.Unmarshal(t.Result, &o) == nil && o.Pack != nil {
		out.Head, out.SHA256 = o.Pack.Head, o.Pack.SHA256
	}
	return out
}

// apiPackFile sends the file of a pack that is made.
func (s *server) apiPackFile(r *request, o *operation) error {
	if err := r.asked(o, &nothingAsked{}); err != nil {
		return err
	}
	var f task.File
	if err := r.read(func(tx *db.Tx) error {
		t, err := r.packTask(tx)
		if err != nil {
			return err
		}
		if t.State != task.Done {
			return errs.NotFound("the pack has no file: it is %s", t.State)
		}
		f, err = task.Fetch(tx, t.ID, "out")
		return err
	}); err != nil {
		return err
	}
	return r.file(f.Name, f.Media, f.Body)
}
