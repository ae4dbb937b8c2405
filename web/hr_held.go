package web

import (
	"net/http"

	"tenure/internal/db"
	"tenure/internal/lifecycle"
	"tenure/templates"
	"tenure/templates/ui"
)

// heldAsk shows what is caught up after an outage and waits for a person.
func (s *server) heldAsk(r *request) error { return s.heldPage(r, http.StatusOK, nil) }

func (s *server) heldPage(r *request, status int, bad ui.Errors) error {
	id, err := r.number("id")
	if err != nil {
		return err
	}
	var held *lifecycle.Hold
	err = r.read(func(tx *db.Tx) error {
		all, err := lifecycle.OpenHolds(tx)
		for i := range all {
			if all[i].ID == id && all[i].Kind == "due" {
				held = &all[i]
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if held == nil {
		return nothing("held change")
	}
	v := templates.AskView{Up: []ui.Link{{Text: r.T("Home"), URL: "/"}}, Title: r.T("Let %s leave at once?", r.Plural(held.People, "person", "people")), Lead: r.and(held.Reasons, 5),
		Will:   []string{r.T("Everything that fell due meanwhile happens now, in its order"), r.T("Every access of who has left is withdrawn at every target")},
		Action: r.Request.URL.Path, Button: r.T("Release"), Icon: "lock-open", Reason: true, Errors: bad, Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: "/"}}
	return r.render(status, templates.Ask(r.shell(v.Title), v))
}

// heldRelease lets it go on.
func (s *server) heldRelease(r *request) error {
	r.allow(slow)
	id, err := r.number("id")
	if err != nil {
		return err
	}
	if err := r.form(); err != nil {
		return err
	}
	reason := r.field("reason")
	if reason == "" {
		return s.heldPage(r, http.StatusBadRequest, ui.Errors{{Field: "reason", Text: r.T("Say why these changes are right.")}})
	}
	if err := r.do(func(tx *db.Tx) error { return lifecycle.ReleaseHold(tx, id, reason) }); err != nil {
		return err
	}
	return r.goWith("/", ui.Notice{Tone: ui.Good, Title: r.T("Released"), Text: r.T("What fell due is done; what follows at the targets is on its way.")})
}
