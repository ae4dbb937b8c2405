package web

import (
	"net/http"
	"strings"
	"time"

	"tenure/docs"
	"tenure/internal/app"
	"tenure/internal/audit/trail"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
	"tenure/internal/task"
	"tenure/templates"
	"tenure/templates/ui"
)

const logURL = evidenceURL + "/log"

// evidenceLog says how far the log is sealed and outside.
func (s *server) evidenceLog(r *request) error { return s.logPage(r, http.StatusOK, nil) }

func (s *server) logPage(r *request, status int, bad ui.Errors) error {
	var x *trail.Standing
	if err := r.read(func(tx *db.Tx) (err error) { x, err = trail.Stand(tx, s.app.Anchor.Names()); return err }); err != nil {
		return err
	}
	v := templates.EvidenceLogView{Up: []ui.Link{{Text: r.T("Evidence"), URL: evidenceURL}}, State: r.logState(x), Check: r.logCheck(x.Check),
		Verify: ui.Action{URL: logURL + "/verify", Text: r.T("Verify the database now"), Icon: "shield-check"},
		Files:  []ui.Action{{URL: logURL + "/verify.py", Text: r.T("Download verify.py"), Icon: "download"}}}
	for _, k := range x.Sinks {
		if k.Sink != trail.SinkLog {
			v.Sinks = append(v.Sinks, r.logSink(x, k))
		}
	}
	for _, k := range x.Keys {
		v.Keys = append(v.Keys, templates.EvidenceKey{Public: k.Public, Fingerprint: k.Fingerprint, Since: r.at(k.Since)})
	}
	if x.Size == 0 {
		return r.render(status, templates.EvidenceLog(r.shell(r.T("The evidence log")), v))
	}
	v.Facts = []ui.Line{{Name: r.T("Log"), Text: x.Origin},
		{Name: r.T("Sealed"), Text: r.T("%s, the last recorded %s, signed %s", r.Plural(int(x.Size), "event", "events"), r.at(x.Through).Text, r.at(x.SealedAt).Text)},
		{Name: r.T("Root"), Text: x.Root}, {Name: r.T("Not sealed yet"), Text: r.Plural(x.Newer, "event", "events")}}
	v.Files = append(v.Files, ui.Action{URL: logURL + "/head", Text: r.T("Download the signed head"), Icon: "download"})
	v.Commands = []string{"tenure verify pack.zip --key '" + x.Keys[0].Public + "' --checkpoint head.txt", "python3 verify.py pack.zip --key '" + x.Keys[0].Public + "'",
		"tenure verify --database --key '" + x.Keys[0].Public + "' --checkpoint head.txt"}
	if r.may("evidence.pack") {
		v.Pack = &templates.EvidencePackForm{Action: logURL + "/pack", Errors: bad}
		if status != http.StatusOK {
			v.Pack.From, v.Pack.To, v.Pack.Kind, v.Pack.Person = r.field("from"), r.field("to"), r.field("kinds"), r.field("person")
		}
	}
	return r.render(status, templates.EvidenceLog(r.shell(r.T("The evidence log")), v))
}

// logState says in a sentence how the log stands, the worst first.
func (r *request) logState(x *trail.Standing) ui.Notice {
	blocked := false
	for _, k := range x.Sinks {
		blocked = blocked || k.Error != ""
		if k.Sink == trail.SinkLog && k.Error != "" {
			return ui.Notice{Tone: ui.Bad, Title: r.T("The log is not being sealed"), Text: r.T("Since %s: %s", r.at(k.Since).Text, k.Error)}
		}
	}
	out := x.Outside()
	events := r.Plural(int(x.Size), "event", "events")
	switch {
	case x.Check != nil && x.Check.Answer != "":
		return ui.Notice{Tone: ui.Bad, Title: r.T("The last verification found that something was changed"), Text: x.Check.Answer}
	case x.Size == 0:
		return ui.Notice{Tone: ui.Info, Title: r.T("Nothing is sealed yet"), Text: r.T("Events are sealed within a second while Tenure is at work. %s to be sealed.", r.Plural(x.Newer, "event is", "events are"))}
	case out == nil:
		return ui.Notice{Tone: ui.Warn, Title: r.T("The log has %s under a signed head, and nothing is anchored outside yet.", events)}
	case blocked:
		return ui.Notice{Tone: ui.Warn, Title: r.T("The log has %s under a signed head. It is anchored outside up to event %s, recorded %s, and an anchor is blocked.", events, r.Int(int(out.Size-1)), r.at(out.Through).Text)}
	}
	return ui.Notice{Tone: ui.Good, Title: r.T("The log has %s under a signed head. It is anchored outside up to event %s, recorded %s.", events, r.Int(int(out.Size-1)), r.at(out.Through).Text)}
}

func (r *request) logCheck(c *trail.Check) ui.Notice {
	switch {
	case c == nil:
		return ui.Notice{Tone: ui.Info, Title: r.T("It was never verified")}
	case c.Answer == "":
		return ui.Notice{Tone: ui.Good, Title: r.T("Nothing was wrong"), Text: r.T("Verified %s, %s.", r.at(c.At).Text, r.Plural(int(c.Size), "event", "events"))}
	}
	return ui.Notice{Tone: ui.Bad, Title: r.T("Something was wrong"), Text: r.T("Verified %s, %s.", r.at(c.At).Text, r.Plural(int(c.Size), "event", "events")) + " " + c.Answer}
}

// late is after how long without a new head an anchor is not up to date; letters go once a day.
const (
	late       = time.Minute
	lateLetter = 25 * time.Hour
)

func (r *request) logSink(x *trail.Standing, k trail.SinkStanding) templates.EvidenceSink {
	v := templates.EvidenceSink{About: r.T("A witness signs heads that continue the last one it signed")}
	wait := late
	switch name, _, _ := strings.Cut(k.Sink, "+"); name {
	case trail.SinkFile:
		v.Name, v.About = r.T("File"), r.T("Signed heads are added to a file")
	case trail.SinkMail:
		v.Name, v.About, wait = r.T("Letter"), r.T("A signed head goes to an auditor by mail once a day"), lateLetter
	default:
		v.Name = name
	}
	if k.Size > 0 {
		v.Holds, v.Through, v.At = r.Plural(int(k.Size), "event", "events"), r.at(k.Through), r.at(k.At)
	}
	switch {
	case k.Error != "":
		v.State, v.Trouble = ui.Tag{Tone: ui.Bad, Icon: "circle-x", Text: r.T("Blocked")}, r.T("Since %s: %s", r.at(k.Since).Text, k.Error)
	case k.Size == 0:
		v.State = ui.Tag{Tone: ui.Neutral, Icon: "hourglass", Text: r.T("Nothing yet")}
	case k.Size < x.Size && x.Through.Sub(k.At) > wait:
		v.State, v.Trouble = ui.Tag{Tone: ui.Warn, Icon: "hourglass", Text: r.T("Behind")}, r.T("%s behind", r.Plural(int(x.Size-k.Size), "event", "events"))
	default:
		v.State = ui.Tag{Tone: ui.Good, Icon: "circle-check", Text: r.T("Up to date")}
	}
	return v
}

// logHead gives the signed head as it is: what somebody keeps to hold the log against it later.
func (s *server) logHead(r *request) error {
	var x *trail.Standing
	if err := r.read(func(tx *db.Tx) (err error) { x, err = trail.Stand(tx, nil); return err }); err != nil {
		return err
	}
	if x.Size == 0 {
		return errs.NotFound("nothing is sealed yet")
	}
	return r.file("head.txt", "text/plain; charset=utf-8", x.Signed)
}

// logVerifier gives the verifier of packs in Python.
func (s *server) logVerifier(r *request) error {
	return r.file("verify.py", "text/x-python; charset=utf-8", docs.Verifier)
}

func (r *request) file(name, media string, body []byte) error {
	r.Header("Content-Disposition", `attachment; filename="`+name+`"`)
	r.Data(http.StatusOK, media, body)
	return nil
}

// logVerify lets the whole log be verified, in the background.
func (s *server) logVerify(r *request) error {
	return r.beginTask(task.New{Kind: app.TaskVerify, Title: r.T("Verify the evidence log"), Args: struct{}{}}, false)
}

// logPack records that a pack is taken along, and streams it. Whatever goes wrong before its first byte is answered as usual; later, the
// transfer is broken off.
func (s *server) logPack(r *request) error {
	q, err := s.packAsked(r)
	if bad, ok := r.faults(err, nil); ok {
		return s.logPage(r, http.StatusUnprocessableEntity, bad)
	}
	if err != nil {
		return err
	}
	r.allow(time.Hour)
	w := &begunWriter{r: r}
	if _, err := trail.WritePack(r.Request.Context(), s.app.DB, w, *q, 0); err != nil {
		if !w.begun {
			return err
		}
		panic(http.ErrAbortHandler)
	}
	return nil
}

// packAsked reads what the pack is to hold and records that it is taken.
func (s *server) packAsked(r *request) (*evidence.Query, error) {
	q := &evidence.Query{Kinds: strings.Fields(strings.ReplaceAll(r.field("kinds"), ",", " "))}
	var err error
	if q.From, q.To, err = trail.Period(r.field("from"), r.field("to"), time.UTC); err != nil {
		return nil, err
	}
	return q, r.do(func(tx *db.Tx) error {
		if name := strings.TrimSpace(r.field("person")); name != "" {
			p, err := identity.Find(tx, name)
			if err != nil {
				return errs.InvalidFields("the person was not found", []errs.Field{{Field: "person", Rule: "names nobody, or several"}})
			}
			q.Person = p.ID
		}
		tx.Record(evidence.Event{Kind: "evidence.packed", Facts: map[string]any{"query": q, "size": 0}})
		return nil
	})
}

// begunWriter begins the answer with its first byte.
type begunWriter struct {
	r     *request
	begun bool
}

func (w *begunWriter) Write(p []byte) (int, error) {
	if !w.begun {
		w.begun = true
		h := w.r.Writer.Header()
		h.Set("Content-Type", "application/zip")
		h.Set("Content-Disposition", `attachment; filename="evidence-`+w.r.now.UTC().Format(time.DateOnly)+`.zip"`)
		h.Set("Cache-Control", "no-store")
		w.r.Writer.WriteHeader(http.StatusOK)
	}
	return w.r.Writer.Write(p)
}
