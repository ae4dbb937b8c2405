package web

import (
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"tenure/internal/app"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/hr"
	"tenure/internal/hr/source"
	"tenure/internal/task"
	"tenure/templates"
	"tenure/templates/ui"
)

// slow is how long a file may take to come and to be applied.
const slow = 10 * time.Minute

// sources lists where people come from.
func (s *server) sources(r *request) error { return s.sourcesPage(r, http.StatusOK, "", "", nil) }

// sourcesPage draws the list; the form of one source may carry what was wrong with its upload.
func (s *server) sourcesPage(r *request, status int, failed, effective string, bad ui.Errors) error {
	v := templates.SourcesView{ExpectURL: "/hr/expect"}
	err := r.read(func(tx *db.Tx) error {
		all, err := hr.Sources(tx)
		if err != nil {
			return err
		}
		newest, good, err := hr.NewestRuns(tx)
		if err != nil {
			return err
		}
		for i, src := range all {
			x := templates.Source{Name: src.Name, Kind: r.sourceKind(&src.Spec.File), Details: r.sourceDetails(src)}
			if src.Spec.Title != "" {
				x.Kind = src.Spec.Title + ", " + x.Kind
			}
			if g := good[src.ID]; g != nil {
				x.Rows, x.Good, x.GoodAt = g.Rows, ui.Link{Text: "#" + strconv.Itoa(g.ID), URL: runURL(g.ID)}, r.at(g.LoadedAt)
			}
			if err := r.sourceFresh(tx, src, &x); err != nil {
				return err
			}
			if err := sourceMapping(tx, src, &x); err != nil {
				return err
			}
			if n := newest[src.ID]; n != nil {
				x.Last, x.LastAt, x.State = ui.Link{Text: "#" + strconv.Itoa(n.ID), URL: runURL(n.ID)}, r.at(n.LoadedAt), runState(n)
			}
			if r.may("hr.upload") {
				x.Upload = &templates.Upload{Action: "/hr/sources/" + escape(src.Name) + "/upload", Scope: strconv.Itoa(i), Accept: "." + src.Spec.File.Format,
					Limit: r.T("At most %d MB", maxUpload>>20)}
				if src.Name == failed {
					x.Upload.Errors, x.Upload.Effective = bad, effective
				}
			}
			v.Sources = append(v.Sources, x)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Sources(r.shell(r.T("HR sources")), v))
}

// sourceFresh says when the next file is due, judged by the distance between the last ones.
func (r *request) sourceFresh(tx *db.Tx, src *hr.Source, x *templates.Source) error {
	next, every, err := hr.Due(tx, src.ID)
	if err != nil || next == nil {
		return err
	}
	x.Late = r.now.After(next.Add(every / 2))
	x.Fresh = r.T("A file comes about every %s; the next is due %s.", r.roughly(every), r.at(*next).Text)
	return nil
}

func (r *request) roughly(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return r.Plural(int((d+12*time.Hour)/(24*time.Hour)), "day", "days")
	case d >= 2*time.Hour:
		return r.Plural(int((d+30*time.Minute)/time.Hour), "hour", "hours")
	}
	return r.Plural(max(1, int((d+30*time.Second)/time.Minute)), "minute", "minutes")
}

// sourceMapping shows which column becomes which attribute, on the person of the source who changed last.
func sourceMapping(tx *db.Tx, src *hr.Source, x *templates.Source) error {
	values, err := hr.SampleOf(tx, src.ID)
	for _, name := range sortedKeys(src.Spec.File.Columns) {
		x.Mapping = append(x.Mapping, templates.MappedColumn{Column: src.Spec.File.Columns[name], Attribute: strings.ReplaceAll(name, "_", " "), Value: values[name]})
	}
	return err
}

func (r *request) sourceKind(m *source.Mapping) string {
	kind := r.T("%s file", strings.ToUpper(m.Format))
	if m.Mode == source.Delta {
		return r.T("%s, changes only", kind)
	}
	return r.T("%s, whole snapshot", kind)
}

func (r *request) sourceDetails(s *hr.Source) string {
	m := &s.Spec.File
	leavers := map[string]string{source.ByAbsence: r.T("who is missing has left"), source.ByEndDate: r.T("who has an end date leaves then"),
		source.ByBoth: r.T("who is missing has left, who has an end date leaves then")}[m.Leavers]
	dates := m.Dates
	if dates == "" {
		dates = "YYYY-MM-DD"
	}
	return r.T("%s; dates as %s; zone %s", leavers, dates, s.Spec.Zone)
}

// sourceUpload reads a file and applies it, or holds it for a second person. The run's page says what became of it.
func (s *server) sourceUpload(r *request) error {
	r.allow(slow)
	name := r.Param("name")
	if err := r.Request.ParseMultipartForm(maxUpload); err != nil {
		return asInvalid(err)
	}
	defer func() { _ = r.Request.MultipartForm.RemoveAll() }()
	effective := r.field("effective")
	body, head, err := r.Request.FormFile("file")
	if err != nil || head.Size == 0 {
		return s.sourcesPage(r, http.StatusBadRequest, name, effective, ui.Errors{{Field: "file", Text: r.T("Choose a file that is not empty.")}})
	}
	defer func() { _ = body.Close() }()
	if dry := r.field("do") == "check"; dry || head.Size > smallFile {
		return r.loadTask(name, effective, clean(head.Filename), body, head.Size, dry)
	}
	out, err := s.app.HR.Sync(r.Request.Context(), r.who.actor, hr.Upload{Source: name, Name: clean(head.Filename), Effective: effective, Body: body})
	if err != nil {
		bad, ok := r.faults(err, map[string]string{"": "file"})
		if !ok {
			return err
		}
		if strings.Contains(err.Error(), "--effective") {
			bad = ui.Errors{{Field: "effective", Text: sentence(strings.ReplaceAll(err.Error(), "--effective", "the day"))}}
		}
		return s.sourcesPage(r, statusOf(err), name, effective, bad)
	}
	n := ui.Notice{Tone: ui.Good, Title: r.T("The file is applied"), Text: sentence(out.Reason)}
	if out.Held {
		n = ui.Notice{Tone: ui.Warn, Title: r.T("The file is held"), Text: r.T("Nothing of it is applied until another person releases it.")}
	}
	return r.goWith(runURL(out.Run), n)
}

// smallFile is up to how many bytes a file is read at once, in the request that brings it.
const smallFile = 1 << 20

// loadTask makes reading a file long work with a page of its own; a check of a small one is done when the page comes.
func (r *request) loadTask(source, effective, name string, body io.Reader, size int64, dry bool) error {
	if err := r.read(func(tx *db.Tx) error { _, err := hr.Find(tx, source); return err }); err != nil {
		return err
	}
	all, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	n := task.New{Kind: app.TaskLoad, Title: r.T("Load %s", name), Args: app.LoadArgs{Source: source, Effective: effective}, In: &task.File{Name: name, Media: "application/octet-stream", Body: all}}
	if dry {
		n.Kind, n.Title = app.TaskCheck, r.T("Check %s", name)
	}
	return r.beginTask(n, dry && size <= smallFile)
}

// clean gives the last part of a file name, as short and plain as a list can show it.
func clean(name string) string {
	name = filepath.Base(strings.ReplaceAll(name, `\`, "/"))
	if runes := []rune(strings.ToValidUTF8(name, "")); len(runes) > 120 {
		return string(runes[:120])
	}
	return strings.ToValidUTF8(name, "")
}

// expect lists the planned mass changes, with the form that announces one.
func (s *server) expect(r *request) error {
	return s.expectPage(r, http.StatusOK, hr.Expectation{}, "", nil)
}

func (s *server) expectPage(r *request, status int, e hr.Expectation, count string, bad ui.Errors) error {
	v := templates.ExpectView{Action: r.to("hr.expect", "/hr/expect"), Count: count, From: e.From, To: e.To, Note: e.Note, Errors: bad}
	for _, k := range []struct{ value, text string }{{"leavers", r.T("Leavers")}, {"movers", r.T("Movers")}, {"rows", r.T("Fewer rows")}} {
		v.Kinds = append(v.Kinds, ui.Option{Value: k.value, Text: k.text, Selected: k.value == e.Kind})
	}
	err := r.read(func(tx *db.Tx) error {
		all, err := hr.Sources(tx)
		if err != nil {
			return err
		}
		for _, x := range all {
			v.Sources = append(v.Sources, ui.Option{Value: x.Name, Text: x.Name, Selected: x.Name == e.Source})
		}
		announced, err := hr.Expectations(tx, 100)
		for _, x := range announced {
			row := templates.Expected{Source: x.Source, What: r.T("Up to %s %s", r.Int(x.Count), r.expectWord(x.Kind)), Days: r.T("%s to %s", x.From, x.To),
				Note: x.Note, By: x.By, Over: x.Over}
			if x.Used > 0 {
				row.Used = ui.Link{Text: r.T("HR run #%s", strconv.Itoa(x.Used)), URL: runURL(x.Used)}
			}
			v.Announced = append(v.Announced, row)
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Expect(r.shell(r.T("Planned mass changes")), v))
}

func (r *request) expectWord(kind string) string {
	if kind == "rows" {
		return r.T("fewer rows")
	}
	return kind
}

// expectAnnounce announces a planned mass change.
func (s *server) expectAnnounce(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	e := hr.Expectation{Source: r.field("source"), Kind: r.field("kind"), From: r.field("from"), To: r.field("to"), Note: r.field("note")}
	e.Count, _ = strconv.Atoi(r.field("count")) // 0 is refused by the room
	err := r.do(func(tx *db.Tx) error { _, err := hr.Expect(tx, e); return err })
	if errs.KindOf(err) == errs.KindNotFound {
		return s.expectPage(r, http.StatusBadRequest, e, r.field("count"), ui.Errors{{Field: "source", Text: r.T("Choose one of the sources.")}})
	}
	if bad, ok := r.faults(err, map[string]string{"reason": "note", "from, to": "from", "": "source"}); ok && errs.KindOf(err) == errs.KindInvalid {
		return s.expectPage(r, http.StatusBadRequest, e, r.field("count"), bad)
	}
	if err != nil {
		return err
	}
	return r.goWith("/hr/expect", ui.Notice{Tone: ui.Good, Title: r.T("Announced"), Text: r.T("Somebody else may load the file on those days.")})
}
