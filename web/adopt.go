package web

import (
	"net/http"
	"strconv"
	"strings"

	"tenure/internal/access"
	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/lifecycle"
	"tenure/templates"
	"tenure/templates/ui"
)

// adoptAsk asks before found access is accepted.
func (s *server) adoptAsk(r *request) error { return s.adoptPage(r, http.StatusOK, nil) }

func (s *server) adoptPage(r *request, status int, bad ui.Errors) error {
	var v templates.AskView
	err := r.read(func(tx *db.Tx) error {
		_, a, err := r.application(tx, "application.adopt")
		if err != nil {
			return err
		}
		n, people, err := lifecycle.Unexplained(tx, a.ID)
		if err != nil {
			return err
		}
		home := ui.Link{Text: a.Title, URL: applicationURL(a.Name)}
		v = templates.AskView{Up: []ui.Link{{Text: r.T("Applications"), URL: "/applications"}, home}, Title: r.T("Accept the access found in %s?", a.Title),
			Lead: r.unreasoned(n, people),
			Will: []string{r.T("Each gets the reason “found in the application and accepted by %s”", r.who.Name), r.T("Nothing changes at the target"),
				r.T("What you hold yourself is left out: nobody accepts their own")},
			Action: home.URL + "/adopt", Button: r.T("Accept it"), Icon: "key", Reason: true, Errors: bad, Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: home.URL}}
		return nil
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Ask(r.shell(v.Title), v))
}

func (r *request) unreasoned(n, people int) string {
	if n == 1 {
		return r.T("%s of %s is there without a reason.", r.Plural(n, "grant", "grants"), r.Plural(people, "person", "people"))
	}
	return r.T("%s of %s are there without a reason.", r.Plural(n, "grant", "grants"), r.Plural(people, "person", "people"))
}

// adopt accepts it.
func (s *server) adopt(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	reason := r.field("reason")
	if reason == "" {
		return s.adoptPage(r, http.StatusBadRequest, ui.Errors{{Field: "reason", Text: r.T("Say why this access is right.")}})
	}
	n := 0
	var a *catalog.Application
	err := r.do(func(tx *db.Tx) (err error) {
		if _, a, err = r.application(tx, "application.adopt"); err != nil {
			return err
		}
		if n, err = lifecycle.Adopt(tx, a, reason); err != nil {
			return err
		}
		return audit.Recount(tx, a) // what was a difference is none any more
	})
	if err != nil {
		return err
	}
	return r.goWith(applicationURL(a.Name), ui.Notice{Tone: ui.Good, Title: r.T("%s accepted", r.Plural(n, "grant is", "grants are")), Text: r.T("Each has your name as its reason.")})
}

// proposalsRelease lets ticked proposals go. The first post brings what was ticked and is asked back for a reason; the second
// one does it.
func (s *server) proposalsRelease(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	var ids []int64
	for _, v := range r.PostFormArray("operation") {
		if n, err := strconv.ParseInt(v, 10, 64); err == nil && len(ids) < most {
			ids = append(ids, n)
		}
	}
	var a *catalog.Application
	if err := r.read(func(tx *db.Tx) (err error) { _, a, err = r.application(tx, "application.read"); return err }); err != nil {
		return err
	}
	back := link(applicationURL(a.Name), "tab", "operations")
	if len(ids) == 0 {
		return r.goWith(back, ui.Notice{Tone: ui.Warn, Title: r.T("Nothing was ticked"), Text: r.T("Tick the operations that may be done.")})
	}
	reason, asked := r.GetPostForm("reason")
	if reason = strings.TrimSpace(reason); reason == "" {
		v := templates.AskView{Up: []ui.Link{{Text: r.T("Applications"), URL: "/applications"}, {Text: a.Title, URL: back}},
			Title: r.T("Release %s in %s?", r.Plural(len(ids), "operation", "operations"), a.Title), Will: []string{r.T("A worker carries them to the target, and each is read back"),
				r.T("What is for yourself is left out: nobody releases their own")}, Action: r.Request.URL.Path, Button: r.T("Release"), Icon: "lock-open", Reason: true,
			Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: back}}
		for _, id := range ids {
			v.Hidden = append(v.Hidden, ui.Option{Text: "operation", Value: strconv.FormatInt(id, 10)})
		}
		status := http.StatusOK
		if asked {
			status, v.Errors = http.StatusBadRequest, ui.Errors{{Field: "reason", Text: r.T("Say why they are right.")}}
		}
		return r.render(status, templates.Ask(r.shell(v.Title), v))
	}
	n := 0
	if err := r.do(func(tx *db.Tx) (err error) { n, err = access.Release(tx, a.ID, reason, ids...); return err }); err != nil {
		return err
	}
	return r.goWith(back, ui.Notice{Tone: ui.Good, Title: r.T("%s on the way", r.Plural(n, "operation is", "operations are"))})
}
