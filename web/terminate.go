package web

import (
	"net/http"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/templates"
	"tenure/templates/ui"
)

// terminateAsk says what a termination will do before anybody can do it.
func (s *server) terminateAsk(r *request) error {
	return s.terminatePage(r, http.StatusOK, "", nil)
}

func (s *server) terminatePage(r *request, status int, reason string, bad ui.Errors) error {
	var v templates.TerminateView
	err := r.read(func(tx *db.Tx) error {
		p, err := r.person(tx)
		if err != nil {
			return err
		}
		v = templates.TerminateView{Name: p.Name, PersonURL: personURL(p.PublicID), Action: personURL(p.PublicID) + "/terminate", Reason: reason, Errors: bad}
		logins, err := catalog.LoginsOf(tx, p.ID)
		if err != nil {
			return err
		}
		counts, err := access.CountHeld(tx, []int{p.ID})
		if err != nil {
			return err
		}
		cat, err := catalog.Load(tx)
		if err != nil {
			return err
		}
		var enabled []string
		for _, l := range logins {
			if l.There && l.Enabled {
				enabled = append(enabled, l.Name+" in "+cat.Apps[l.ApplicationID].Title)
			}
		}
		v.Will = []string{
			plural(len(enabled), "account is disabled", "accounts are disabled") + " within seconds, ahead of everything else",
			"Every one of " + plural(counts[p.ID].Grants, "grant", "grants") + " ends and is withdrawn",
			"Each change is read back at its target; the person's page and the operations show when",
			"Sessions and personal tokens here end at once",
		}
		if len(enabled) > 0 {
			v.Will[0] += ": " + and(enabled, 8)
		}
		v.Not = []string{"Accounts are not deleted at once: each application's retention period runs first", "Nothing is changed in the HR system"}
		return nil
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Terminate(r.shell("Terminate "+v.Name), v))
}

// terminate is the act.
func (s *server) terminate(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	reason := r.field("reason")
	var p *identity.Person
	err := r.do(func(tx *db.Tx) (err error) {
		if p, err = r.person(tx); err != nil {
			return err
		}
		r.back = ui.Link{Text: "See " + p.Name, URL: personURL(p.PublicID)}
		_, err = lifecycle.Terminate(tx, p.ID, reason)
		return err
	})
	if err != nil {
		if bad, ok := faults(err, map[string]string{"": "reason"}); ok && reason == "" {
			return s.terminatePage(r, http.StatusBadRequest, reason, bad)
		}
		return err
	}
	return r.goTo(personURL(p.PublicID) + "/terminate/watch")
}

// reinstateAsk asks before a termination is lifted.
func (s *server) reinstateAsk(r *request) error { return s.reinstatePage(r, http.StatusOK, "", nil) }

func (s *server) reinstatePage(r *request, status int, reason string, bad ui.Errors) error {
	var v templates.AskView
	err := r.read(func(tx *db.Tx) error {
		p, err := r.person(tx)
		if err != nil {
			return err
		}
		home := ui.Link{Text: p.Name, URL: personURL(p.PublicID)}
		v = templates.AskView{Up: []ui.Link{{Text: "People", URL: r.to("person.list", "/people")}, home}, Title: "Lift the termination of " + p.Name + "?",
			Lead: "The person is then what the HR feed says.", Will: []string{"If HR says that they work here, their accounts are enabled again",
				"They get what the rules give everybody in their place, and nothing of what they held besides"},
			Action: home.URL + "/reinstate", Button: "Lift the termination", Icon: "arrow-back-up", Reason: true, Typed: reason, Errors: bad, Cancel: ui.Link{Text: "Go back, change nothing", URL: home.URL}}
		return nil
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Ask(r.shell(v.Title), v))
}

// reinstate lifts a termination.
func (s *server) reinstate(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	var p *identity.Person
	err := r.do(func(tx *db.Tx) (err error) {
		if p, err = r.person(tx); err != nil {
			return err
		}
		r.back = ui.Link{Text: "See " + p.Name, URL: personURL(p.PublicID)}
		_, err = lifecycle.Reinstate(tx, p.ID, r.field("reason"))
		return err
	})
	if err != nil {
		if bad, ok := faults(err, map[string]string{"": "reason"}); ok && r.field("reason") == "" {
			return s.reinstatePage(r, http.StatusBadRequest, "", bad)
		}
		return err
	}
	return r.goWith(personURL(p.PublicID), ui.Notice{Tone: ui.Good, Title: "The termination of " + p.Name + " is lifted", Text: "What follows from HR and the rules is on its way."})
}
