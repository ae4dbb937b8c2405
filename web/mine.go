package web

import (
	"strconv"

	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/internal/provision"
	req "tenure/internal/request"
	"tenure/templates"
	"tenure/templates/ui"
)

// mine is what the reader holds, and the first passwords that wait for them.
func (s *server) mine(r *request) error {
	var v templates.MineView
	err := r.read(func(tx *db.Tx) error {
		return db.Together(tx, func(tx *db.Tx) error {
			secrets, err := provision.Handouts(tx, r.who.ID)
			for _, h := range secrets {
				f := templates.FirstSecret{Application: h.Application, Account: h.Login, URL: secretURL(h.Account)}
				if h.Identity != r.who.ID {
					f.For = h.Person
				}
				v.Secrets = append(v.Secrets, f)
			}
			return err
		}, func(tx *db.Tx) error {
			if r.who.Kind != "person" {
				return nil
			}
			return r.myAccess(tx, &v)
		}, func(tx *db.Tx) (err error) { v.Going, err = r.going(tx); return err })
	})
	if err != nil {
		return err
	}
	return r.show(templates.Mine(r.shell(r.T("My access")), v))
}

// myAccess is what the reader holds, whom to ask about it, and their own timeline.
func (r *request) myAccess(tx *db.Tx, v *templates.MineView) error {
	if err := knowing(tx); err != nil {
		return err
	}
	cat, err := catalog.Load(tx)
	if err != nil {
		return err
	}
	owners := map[string]int{}
	var ids []int
	for _, a := range cat.Apps {
		if a.OwnerID != nil {
			owners[a.Title] = *a.OwnerID
			ids = append(ids, *a.OwnerID)
		}
	}
	pol, err := policy.Load(tx)
	if err != nil {
		return err
	}
	var h *holdings
	var running []req.Line
	var people map[int]*identity.Person
	var entries []audit.Entry
	if err := db.Together(tx, func(tx *db.Tx) (err error) { h, err = r.held(tx, &r.who.Person); return err },
		func(tx *db.Tx) (err error) { running, err = req.Running(tx, r.who.ID); return err },
		func(tx *db.Tx) (err error) { people, err = identity.People(tx, ids); return err },
		func(tx *db.Tx) (err error) {
			entries, err = audit.Timeline(tx, r.who.ID, "", 0, mineHistory+1)
			return err
		}); err != nil {
		return err
	}
	r.requestActs(pol, running, h.apps)
	v.Held, v.Grants = h.apps, h.grants
	for i := range v.Held {
		a := &v.Held[i]
		a.URL = ""
		if p := people[owners[a.Name]]; p != nil {
			a.Ask = p.Name
			if p.Email != nil {
				a.AskMail = *p.Email
			}
		}
		for k := range a.Grants {
			if a.Grants[k].Ends = endsOn(a.Grants[k].Reasons); a.Grants[k].Ends.Exact != "" {
				a.Grants[k].EndsIn = r.daysTo(a.Grants[k].Ends)
			}
			if a.Grants[k].State == "verified" {
				a.Grants[k].StateText = "" // which reading showed it is for who looks after the application
			}
			for n := range a.Grants[k].Reasons {
				x := &a.Grants[k].Reasons[n]
				if x.URL = ""; x.Plain != "" {
					x.Text = x.Plain
				}
			}
		}
	}
	if len(entries) > mineHistory {
		entries = entries[:mineHistory]
	}
	v.All = ui.Link{Text: r.T("Your whole timeline"), URL: r.to("person.read", personURL(r.who.PublicID)+"#timeline")}
	v.History, err = r.events(tx, personURL(r.who.PublicID), entries)
	return err
}

// mineHistory is how many entries of their own timeline somebody sees under their access.
const mineHistory = 8

// endsOn says when a grant ends: when each of its reasons has an end, at the last of them.
func endsOn(reasons []templates.Reason) ui.Time {
	var last ui.Time
	for _, x := range reasons {
		switch {
		case x.Ends.Text == "":
			return ui.Time{}
		case x.Ends.Exact > last.Exact:
			last = x.Ends
		}
	}
	return last
}

func secretURL(account int) string { return "/me/secrets/" + strconv.Itoa(account) }

// secretAsk asks before a first password is shown: opening a link never uses it up.
func (s *server) secretAsk(r *request) error {
	id, err := r.number("id")
	if err != nil {
		return err
	}
	var h provision.Handout
	if err := r.read(func(tx *db.Tx) (err error) { h, err = provision.GetHandout(tx, r.who.ID, id); return err }); err != nil {
		return err
	}
	v := templates.SecretAskView{Application: h.Application, Account: h.Login, Action: secretURL(id), Back: ui.Link{Text: r.T("My access"), URL: "/me"}}
	if h.Identity != r.who.ID {
		v.For = h.Person
	}
	return r.show(templates.SecretAsk(r.shell(r.T("Show a first password")), v))
}

// secretShow shows it, once.
func (s *server) secretShow(r *request) error {
	id, err := r.number("id")
	if err != nil {
		return err
	}
	var h provision.Handout
	var secret string
	if err := r.do(func(tx *db.Tx) (err error) { h, secret, err = provision.ShowHandout(tx, id); return err }); err != nil {
		return err
	}
	return r.show(templates.Secret(r.shell(r.T("First password")), templates.SecretView{Application: h.Application, Account: h.Login, Secret: secret,
		Back: ui.Link{Text: r.T("My access"), URL: "/me"}}))
}
