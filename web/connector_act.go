package web

import (
	"net/http"
	"slices"

	"tenure/internal/access"
	"tenure/internal/app"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/plug"
	"tenure/internal/provision"
	"tenure/templates"
	"tenure/templates/ui"
)

// connectorPauseAsk and connectorResumeAsk ask before Tenure stops or goes on.
func (s *server) connectorPauseAsk(r *request) error {
	return s.pausePage(r, http.StatusOK, true, nil)
}

func (s *server) connectorResumeAsk(r *request) error {
	return s.pausePage(r, http.StatusOK, false, nil)
}

func (s *server) pausePage(r *request, status int, pause bool, bad ui.Errors) error {
	var v templates.AskView
	err := r.read(func(tx *db.Tx) error {
		_, a, err := r.application(tx, "application.read")
		if err != nil {
			return err
		}
		queues, err := access.Queues(tx)
		if err != nil {
			return err
		}
		waits, urgent := 0, 0
		for _, q := range queues {
			if q.Application == a.ID {
				waits += q.Waiting
				if q.Urgent {
					urgent += q.Waiting
				}
			}
		}
		here := ui.Link{Text: a.Title, URL: connectorURL(a)}
		v = templates.AskView{Up: []ui.Link{{Text: r.T("Applications"), URL: "/applications"}, here}, Errors: bad, Reason: true, Typed: r.field("reason"), Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: here.URL}}
		if pause {
			v.Title, v.Action, v.Button, v.Icon, v.Danger = r.T("Pause %s?", a.Title), here.URL+"/pause", r.T("Pause"), "player-pause", true
			v.Will = []string{r.T("Nothing is sent to it, leavers' accounts neither: whoever leaves meanwhile keeps their access there until it goes on"), r.T("What is decided waits in its order, and the operations board shows it"),
				r.T("Nothing is read by itself; you can still test the connection and read it"), r.T("A call that is under way ends")}
		} else {
			v.Title, v.Action, v.Button, v.Icon = r.T("Let %s go on?", a.Title), here.URL+"/resume", r.T("Resume"), "player-play"
			v.Will = []string{r.T("What waits is carried out now, leavers first"), r.T("Every change is read back")}
		}
		v.Lead = r.pauseWaits(waits, urgent)
		return nil
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Ask(r.shell(v.Title), v))
}

func (s *server) connectorPause(r *request) error  { return s.pauseSet(r, true) }
func (s *server) connectorResume(r *request) error { return s.pauseSet(r, false) }

func (s *server) pauseSet(r *request, pause bool) error {
	if err := r.form(); err != nil {
		return err
	}
	reason := r.field("reason")
	if reason == "" {
		return s.pausePage(r, http.StatusBadRequest, pause, ui.Errors{{Field: "reason", Text: r.T("Say why.")}})
	}
	var a *catalog.Application
	err := r.do(func(tx *db.Tx) (err error) {
		if _, a, err = r.application(tx, "application.read"); err != nil {
			return err
		}
		if pause {
			return catalog.PauseNow(tx, a.ID, reason)
		}
		if err := catalog.Resume(tx, a.ID, reason); err != nil {
			return err
		}
		if err := access.Ring(tx, a.ID, true); err != nil {
			return err
		}
		if err := access.Ring(tx, a.ID, false); err != nil {
			return err
		}
		return tx.Enqueue(provision.ReadArgs{Application: a.ID}, nil)
	})
	if err != nil {
		return err
	}
	n := ui.Notice{Tone: ui.Warn, Title: r.T("%s is paused", a.Title), Text: r.T("Nothing is sent until somebody resumes it.")}
	if !pause {
		n = ui.Notice{Tone: ui.Good, Title: r.T("%s goes on", a.Title), Text: r.T("What waited is carried out now.")}
	}
	return r.goWith(connectorURL(a), n)
}

// secretField gives the field of a connector's secret that the path names.
func (r *request) secretField(tx *db.Tx) (*catalog.Application, plug.Field, error) {
	_, a, err := r.application(tx, "application.read")
	if err != nil {
		return nil, plug.Field{}, err
	}
	fields := app.Connectors[a.Connector].Fields
	i := slices.IndexFunc(fields, func(f plug.Field) bool { return f.Name == r.Param("field") && f.Type == plug.Secret })
	if i < 0 {
		return nil, plug.Field{}, nothing("secret")
	}
	return a, fields[i], nil
}

func (s *server) connectorSecretAsk(r *request) error {
	return s.connectorSecretPage(r, http.StatusOK, nil)
}

func (s *server) connectorSecretPage(r *request, status int, bad ui.Errors) error {
	var v templates.SealView
	err := r.read(func(tx *db.Tx) error {
		a, f, err := r.secretField(tx)
		if err != nil {
			return err
		}
		set, err := catalog.Secrets(tx, a.ID)
		v = templates.SealView{Up: []ui.Link{{Text: r.T("Applications"), URL: "/applications"}, {Text: a.Title, URL: connectorURL(a)}}, Label: f.Label,
			Set: r.secretWords(set, f.Name), Action: connectorURL(a) + "/secrets/" + f.Name, Cancel: connectorURL(a), Errors: bad}
		return err
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.ReplaceSecret(r.shell(r.T("Replace: %s", v.Label)), v))
}

// connectorSecret seals a new secret. It is taken as it was sent, spaces too, and goes nowhere else.
func (s *server) connectorSecret(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	value := r.PostForm("secret")
	if value == "" {
		return s.connectorSecretPage(r, http.StatusBadRequest, ui.Errors{{Field: "secret", Text: r.T("Write the new value.")}})
	}
	var a *catalog.Application
	err := r.do(func(tx *db.Tx) error {
		found, f, err := r.secretField(tx)
		if err != nil {
			return err
		}
		a = found
		return catalog.ReplaceSecret(tx, a.Name, f.Name, value, app.Connectors)
	})
	if bad, ok := r.faults(err, nil); ok && errs.KindOf(err) == errs.KindInvalid {
		return s.connectorSecretPage(r, http.StatusBadRequest, bad)
	}
	if err != nil {
		return err
	}
	return r.goWith(connectorURL(a), ui.Notice{Tone: ui.Good, Title: r.T("The secret is replaced"), Text: r.T("The next call uses it. Test the connection to be sure.")})
}
