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
				enabled = append(enabled, r.T("%s in %s", l.Name, cat.Apps[l.ApplicationID].Title))
			}
		}
		v.Will = []string{
			r.T("%s within seconds, ahead of everything else", r.Plural(len(enabled), "account is disabled", "accounts are disabled")),
			r.T("Every one of %s ends and is withdrawn", r.Plural(counts[p.ID].Grants, "grant", "grants")),
			r.T("Each change is read back at its target; the person's page and the operations show when"),
			r.T("Sessions and personal tokens here end at once"),
		}
		if len(enabled) > 0 {
			v.Will[0] += ": " + r.and(enabled, 8)
		}
		v.Not = []string{r.T("Accounts are not deleted at once: each application's retention period runs first"), r.T("Nothing is changed in the HR system")}
		return nil
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Terminate(r.shell(r.T("Terminate %s", v.Name)), v))
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
		r.back = ui.Link{Text: r.T("See %s", p.Name), URL: personURL(p.PublicID)}
		_, err = lifecycle.Terminate(tx, p.ID, reason)
		return err
	})
	if err != nil {
		if bad, ok := r.faults(err, map[string]string{"": "reason"}); ok && reason == "" {
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
		v = templates.AskView{Up: []ui.Link{{Text: r.T("People"), URL: r.to("person.list", "/people")}, home}, Title: r.T("Lift the termination of %s?", p.Name),
			Lead: r.T("The person is then what the HR feed says."), Will: []string{r.T("If HR says that they work here, their accounts are enabled again"),
				r.T("They get what the rules give everybody in their place, and nothing of what they held besides")},
			Action: home.URL + "/reinstate", Button: r.T("Lift the termination"), Icon: "arrow-back-up", Reason: true, Typed: reason, Errors: bad, Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: home.URL}}
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
		r.back = ui.Link{Text: r.T("See %s", p.Name), URL: personURL(p.PublicID)}
		_, err = lifecycle.Reinstate(tx, p.ID, r.field("reason"))
		return err
	})
	if err != nil {
		if bad, ok := r.faults(err, map[string]string{"": "reason"}); ok && r.field("reason") == "" {
			return s.reinstatePage(r, http.StatusBadRequest, "", bad)
		}
		return err
	}
	return r.goWith(personURL(p.PublicID), ui.Notice{Tone: ui.Good, Title: r.T("The termination of %s is lifted", p.Name), Text: r.T("What follows from HR and the rules is on its way.")})
}
