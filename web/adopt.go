package web

import (
	"net/http"
	"strconv"
	"strings"

	"tenure/internal/access"
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
		v = templates.AskView{Up: []ui.Link{{Text: "Applications", URL: "/applications"}, home}, Title: "Accept the access found in " + a.Title + "?",
			Lead: plural(n, "grant", "grants") + " of " + plural(people, "person", "people") + " " + be(n) + " there without a reason.",
			Will: []string{"Each gets the reason “found in the application and accepted by " + r.who.Name + "”", "Nothing changes at the target",
				"What you hold yourself is left out: nobody accepts their own"},
			Action: home.URL + "/adopt", Button: "Accept it", Icon: "key", Reason: true, Errors: bad, Cancel: ui.Link{Text: "Go back, change nothing", URL: home.URL}}
		return nil
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Ask(r.shell(v.Title), v))
}

func be(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// adopt accepts it.
func (s *server) adopt(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	reason := r.field("reason")
	if reason == "" {
		return s.adoptPage(r, http.StatusBadRequest, ui.Errors{{Field: "reason", Text: "Say why this access is right."}})
	}
	n := 0
	var a *catalog.Application
	err := r.do(func(tx *db.Tx) (err error) {
		if _, a, err = r.application(tx, "application.adopt"); err != nil {
			return err
		}
		n, err = lifecycle.Adopt(tx, a, reason)
		return err
	})
	if err != nil {
		return err
	}
	return r.goWith(applicationURL(a.Name), ui.Notice{Tone: ui.Good, Title: plural(n, "grant is", "grants are") + " accepted", Text: "Each has your name as its reason."})
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
		return r.goWith(back, ui.Notice{Tone: ui.Warn, Title: "Nothing was ticked", Text: "Tick the operations that may be done."})
	}
	reason, asked := r.GetPostForm("reason")
	if reason = strings.TrimSpace(reason); reason == "" {
		v := templates.AskView{Up: []ui.Link{{Text: "Applications", URL: "/applications"}, {Text: a.Title, URL: back}},
			Title: "Release " + plural(len(ids), "operation", "operations") + " in " + a.Title + "?", Will: []string{"A worker carries them to the target, and each is read back",
				"What is for yourself is left out: nobody releases their own"}, Action: r.Request.URL.Path, Button: "Release", Icon: "lock-open", Reason: true,
			Cancel: ui.Link{Text: "Go back, change nothing", URL: back}}
		for _, id := range ids {
			v.Hidden = append(v.Hidden, ui.Option{Text: "operation", Value: strconv.FormatInt(id, 10)})
		}
		status := http.StatusOK
		if asked {
			status, v.Errors = http.StatusBadRequest, ui.Errors{{Field: "reason", Text: "Say why they are right."}}
		}
		return r.render(status, templates.Ask(r.shell(v.Title), v))
	}
	n := 0
	if err := r.do(func(tx *db.Tx) (err error) { n, err = access.Release(tx, a.ID, reason, ids...); return err }); err != nil {
		return err
	}
	return r.goWith(back, ui.Notice{Tone: ui.Good, Title: plural(n, "operation is", "operations are") + " on the way"})
}
