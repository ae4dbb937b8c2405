package web

import (
	"strconv"

	"tenure/internal/db"
	"tenure/internal/provision"
	"tenure/templates"
	"tenure/templates/ui"
)

// mine is what the reader holds, and the first passwords that wait for them.
func (s *server) mine(r *request) error {
	var v templates.MineView
	err := r.read(func(tx *db.Tx) error {
		secrets, err := provision.Handouts(tx, r.who.ID)
		if err != nil {
			return err
		}
		for _, h := range secrets {
			f := templates.FirstSecret{Application: h.Application, Account: h.Login, URL: secretURL(h.Account)}
			if h.Identity != r.who.ID {
				f.For = h.Person
			}
			v.Secrets = append(v.Secrets, f)
		}
		if r.who.Kind != "person" {
			return nil
		}
		v.Held, v.Grants, err = r.held(tx, &r.who.Person)
		return err
	})
	if err != nil {
		return err
	}
	return r.show(templates.Mine(r.shell("My access"), v))
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
	v := templates.SecretAskView{Application: h.Application, Account: h.Login, Action: secretURL(id), Back: ui.Link{Text: "My access", URL: "/me"}}
	if h.Identity != r.who.ID {
		v.For = h.Person
	}
	return r.show(templates.SecretAsk(r.shell("Show a first password"), v))
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
	return r.show(templates.Secret(r.shell("First password"), templates.SecretView{Application: h.Application, Account: h.Login, Secret: secret,
		Back: ui.Link{Text: "My access", URL: "/me"}}))
}
