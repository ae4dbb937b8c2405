package web

import (
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tenure/internal/access"
	"tenure/internal/db"
	"tenure/internal/demo"
	"tenure/internal/errs"
	"tenure/internal/hr"
	"tenure/templates"
	"tenure/templates/ui"
)

// Demo is what the portal of the demo company has besides: its HR system, which visitors play, and where to see what the targets
// themselves hold.
type Demo struct {
	Organisation string
	Feed         *demo.Feed
	Targets      []ui.Link
}

const feedURL = "/demo/hr"

// demoRoutes are there in a demo database only.
func (s *server) demoRoutes() []route {
	if s.demo == nil {
		return nil
	}
	return []route{
		{post, "/signin/persona", Public, s.personaIn},
		{get, feedURL, "demo.use", s.feed},
		{post, feedURL + "/hire", "demo.use", s.feedHire},
		{post, feedURL + "/send", "demo.use", s.feedSend},
		{get, feedURL + "/events", "demo.use", s.feedEvents},
		{get, feedURL + "/:number", "demo.use", s.feedPerson},
		{post, feedURL + "/:number/move", "demo.use", s.feedMove},
		{post, feedURL + "/:number/end", "demo.use", s.feedEnd},
	}
}

// feed is the HR system's page: its people, what was changed and not sent, and the form to hire somebody.
func (s *server) feed(r *request) error { return s.feedPage(r, http.StatusOK, demo.Hire{}, nil) }

func (s *server) feedPage(r *request, status int, typed demo.Hire, bad ui.Errors) error {
	f := s.demo.Feed
	v := templates.DemoFeedView{Action: feedURL, SendURL: feedURL + "/send", Targets: s.demo.Targets, Query: r.Query("q")}
	v.Day = f.Today()
	if d, err := time.Parse(time.DateOnly, v.Day); err == nil {
		v.Day = r.day(d)
	}
	all, err := f.List()
	if err != nil {
		return err
	}
	if v.Pending, err = f.Pending(); err != nil {
		return err
	}
	if err := r.read(func(tx *db.Tx) error {
		runs, err := hr.ListRuns(tx, hr.RunFilter{Source: demo.Source, Limit: 1})
		if len(runs) > 0 {
			v.LastRun = ui.Link{Text: r.T("HR run #%d, %s", runs[0].ID, runState(&runs[0].Run)), URL: r.to("hr.read", runURL(runs[0].ID))}
		}
		if err != nil {
			return err
		}
		now, newest, err := r.happening(tx)
		for i := range newest {
			v.Happening = append(v.Happening, r.operationRow(&newest[i]))
		}
		v.Watch = ui.Watching{ID: "happening", URL: r.Request.URL.RequestURI(), EventsURL: feedURL + "/events", Percent: now.Percent, Words: now.Words}
		return err
	}); err != nil {
		return err
	}
	var found []demo.Entry
	for _, e := range all {
		if matchesEntry(&e, v.Query) {
			found = append(found, e)
		}
	}
	from := min(r.cursor("n"), len(found))
	to := min(from+pageSize, len(found))
	for _, e := range found[from:to] {
		v.Rows = append(v.Rows, feedRow(e))
	}
	next := ""
	if to < len(found) {
		next = link(feedURL, "q", v.Query, "n", strconv.Itoa(to))
	}
	v.Pager = r.pager(from, to-from, len(found), link(feedURL, "q", v.Query), next)
	if typed.Start == "" {
		typed.Start = f.Today()
	}
	v.Hire = templates.DemoHire{Action: feedURL + "/hire", First: typed.First, Last: typed.Last, Title: typed.Title, Start: typed.Start,
		Departments: departments(f, typed.Department), Errors: bad}
	return r.render(status, templates.DemoFeed(r.shell(r.T("Demo HR feed")), v))
}

// happeningMost is how many of the newest operations the feed's page follows.
const happeningMost = 12

// happening gives the newest operations, and a sign that changes with each of them.
func (r *request) happening(tx *db.Tx) (sign, []access.Item, error) {
	all, err := access.Items(tx, access.Query{Limit: happeningMost})
	now, done := sign{Seq: 1}, 0
	for i := range all {
		o := &all[i]
		h := fnv.New32a()
		_, _ = h.Write([]byte(o.State)) // a hash takes everything
		now.Seq = (now.Seq*31 + o.ID + int64(h.Sum32()) + int64(o.Attempts)) & (1<<53 - 1)
		if o.State == access.Verified || o.State == access.Cancelled {
			done++
		}
	}
	now.Percent = 100
	if len(all) > 0 {
		now.Percent = done * 100 / len(all)
	}
	now.Words = r.T("%s of the newest %s are done and read back", r.Int(done), r.Plural(len(all), "change", "changes"))
	return now, all, err
}

// feedEvents rings whenever one of the newest operations has come further.
func (s *server) feedEvents(r *request) error {
	return r.stream(func(tx *db.Tx) (sign, error) { now, _, err := r.happening(tx); return now, err })
}

func matchesEntry(e *demo.Entry, query string) bool {
	text := strings.ToLower(strings.Join([]string{e.Name(), e.Number, e.Department, e.Title}, "\n"))
	return strings.Contains(text, strings.ToLower(strings.TrimSpace(query)))
}

func feedRow(e demo.Entry) templates.DemoPerson {
	return templates.DemoPerson{Number: e.Number, Name: e.Name(), Department: e.Department, Title: e.Title, Start: e.Start, End: e.End,
		Changed: e.Changed, ChangeURL: feedURL + "/" + escape(e.Number)}
}

func departments(f *demo.Feed, chosen string) []ui.Option {
	var out []ui.Option
	for _, d := range f.Departments() {
		out = append(out, ui.Option{Value: d, Text: d, Selected: d == chosen})
	}
	return out
}

// feedHire adds somebody to the HR system. Tenure learns of it when the feed is sent.
func (s *server) feedHire(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	h := demo.Hire{First: r.field("first"), Last: r.field("last"), Department: r.field("department"), Title: r.field("title"), Start: r.field("start")}
	made, err := s.demo.Feed.Hire(h)
	if bad, ok := r.faults(err, nil); ok {
		return s.feedPage(r, http.StatusBadRequest, h, bad)
	}
	if err != nil {
		return err
	}
	return r.goWith(feedURL, ui.Notice{Tone: ui.Good, Title: r.T("%s is hired", made.Name()), Text: r.T("Tenure does not know it yet: send the feed.")})
}

// feedPerson is the page on which one person is moved or ended.
func (s *server) feedPerson(r *request) error { return s.feedChange(r, http.StatusOK, nil, nil) }

func (s *server) feedChange(r *request, status int, move, end ui.Errors) error {
	e, err := s.demo.Feed.Get(r.Param("number"))
	if err != nil {
		return err
	}
	home := feedURL + "/" + escape(e.Number)
	v := templates.DemoChangeView{Person: feedRow(e), Back: ui.Link{Text: r.T("Demo HR feed"), URL: feedURL}, MoveURL: home + "/move", MoveErrors: move,
		Departments: departments(s.demo.Feed, e.Department), EndURL: home + "/end", EndDay: e.End, EndErrors: end}
	if v.EndDay == "" {
		v.EndDay = s.demo.Feed.Today()
	}
	return r.render(status, templates.DemoChange(r.shell(v.Person.Name), v))
}

// feedMove gives a person another department or title.
func (s *server) feedMove(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	err := s.demo.Feed.Move(r.Param("number"), r.field("department"), r.field("title"))
	if bad, ok := r.faults(err, nil); ok && errs.KindOf(err) == errs.KindInvalid {
		return s.feedChange(r, http.StatusBadRequest, bad, nil)
	}
	if err != nil {
		return err
	}
	return r.goWith(feedURL, ui.Notice{Tone: ui.Good, Title: r.T("Moved"), Text: r.T("Tenure does not know it yet: send the feed.")})
}

// feedEnd gives a person a last day.
func (s *server) feedEnd(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	err := s.demo.Feed.End(r.Param("number"), r.field("end"))
	if bad, ok := r.faults(err, nil); ok && errs.KindOf(err) == errs.KindInvalid {
		return s.feedChange(r, http.StatusBadRequest, nil, bad)
	}
	if err != nil {
		return err
	}
	return r.goWith(feedURL, ui.Notice{Tone: ui.Good, Title: r.T("The last day is set"), Text: r.T("Tenure does not know it yet: send the feed.")})
}

// feedSend lets Tenure read the feed, loaded by the visitor.
func (s *server) feedSend(r *request) error {
	r.allow(slow)
	out, err := s.demo.Feed.Send(r.Request.Context(), r.who.actor)
	if err != nil {
		return err
	}
	n := ui.Notice{Tone: ui.Good, Title: r.T("The feed is read"),
		Text: r.and([]string{r.Plural(out.Joiners, "joiner", "joiners"), r.Plural(out.Movers, "mover", "movers"), r.Plural(out.Leavers, "leaver", "leavers")}, 3) + "."}
	if out.Held {
		n = ui.Notice{Tone: ui.Warn, Title: r.T("The feed is held"), Text: r.T("Nothing of it is applied until another person releases it.")}
	}
	n.Link = ui.Link{Text: r.T("HR run #%s", strconv.Itoa(out.Run)), URL: r.to("hr.read", runURL(out.Run))}
	return r.goWith(feedURL, n)
}
