package web

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
	req "tenure/internal/request"
	"tenure/templates"
	"tenure/templates/ui"
)

// stepNumber gives the step of the address.
func (r *request) stepNumber() (int, error) { return r.number("id") }

// decide takes an answer to a step.
func (s *server) decide(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	step, err := r.stepNumber()
	if err != nil {
		return nothing("step")
	}
	a, err := r.answered(step)
	if err != nil {
		return err
	}
	var ref string
	var it *req.Item
	err = r.do(func(tx *db.Tx) (err error) {
		if it, ref, err = r.stepFor(tx, step); err != nil {
			return err
		}
		if !it.Plainly() && r.stale && r.bearer == nil {
			return errStale
		}
		it, err = lifecycle.Requests.Decide(tx, a)
		return err
	})
	if errors.Is(err, errStale) {
		answered, err := r.fresh("request.activate")
		if answered || err != nil {
			return err
		}
	}
	if bad, ok := r.faults(err, map[string]string{"": "reason"}); ok && ref != "" && errs.KindOf(err) == errs.KindInvalid {
		r.Params = append(r.Params, gin.Param{Key: "ref", Value: ref})
		return s.askPage(r, statusOf(err), step, bad)
	}
	if err != nil {
		return err
	}
	n := ui.Notice{Tone: ui.Good, Title: r.T("Approved")}
	if a.Outcome == req.Deny {
		n = ui.Notice{Tone: ui.Neutral, Title: r.T("Denied"), Text: r.T("Who asked is told why.")}
	}
	return r.goWith(requestsURL+"/"+ref, n)
}

// answered reads the answer of the form.
func (r *request) answered(step int) (req.Answer, error) {
	a := req.Answer{Step: step, Outcome: r.field("outcome"), Level: r.field("level"), Reason: r.field("reason"), Control: r.field("control"), Via: "page", Version: r.version()}
	if r.bearer != nil {
		a.Via = "token"
	}
	var err error
	a.To, err = lastDay(r.field("until"), r.inZone(r.now).Location())
	return a, err
}

// stepFor finds the item and the request of a step that concerns the reader.
func (r *request) stepFor(tx *db.Tx, step int) (*req.Item, string, error) {
	q, it, _, err := req.OfStep(tx, step)
	if err != nil {
		return nil, "", err
	}
	ok, err := lifecycle.Requests.Concerns(tx, q, r.who.ID)
	if err != nil {
		return nil, "", err
	}
	if !ok {
		return nil, "", errs.NotFound("there is no such step")
	}
	return it, q.PublicID, nil
}

// reassignAsk asks to whom a step is given.
func (s *server) reassignAsk(r *request) error { return s.reassignPage(r, http.StatusOK, nil) }

func (s *server) reassignPage(r *request, status int, bad ui.Errors) error {
	step, err := r.stepNumber()
	if err != nil {
		return nothing("step")
	}
	var v templates.AskMoreView
	err = r.read(func(tx *db.Tx) error {
		it, ref, err := r.stepFor(tx, step)
		if err != nil {
			return err
		}
		pol, err := policy.Load(tx)
		if err != nil {
			return err
		}
		back := requestsURL + "/" + ref
		v = templates.AskMoreView{Up: []ui.Link{{Text: r.T("Request R-%d", it.Request), URL: back}}, Check: ui.Check{Action: "/steps/" + itoa(step) + "/reassign", Title: r.T("Let somebody else decide"), Reason: r.T("Reason"), Value: r.field("reason"), Errors: bad,
			Facts: []ui.Line{{Name: r.T("What"), Text: r.itemTitle(pol, it.Offer, it.Level)}}, Will: []string{r.T("They are asked instead of you, and told at once.")}, Not: []string{r.T("The time to decide does not become longer.")},
			Button: ui.Buttons{Text: r.T("Give it to them"), Icon: "users", Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: back}}},
			Fields: []ui.Field{{Name: "to", Label: r.T("Who decides"), Kind: "text", Value: r.field("to"), Hint: r.T("Number, e-mail address or full name"), Required: true, Auto: "off", Error: bad.Of("to")}}}
		return nil
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.AskMore(r.shell(v.Check.Title), v))
}

// reassign gives a step to somebody else.
func (s *server) reassign(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	step, err := r.stepNumber()
	if err != nil {
		return nothing("step")
	}
	var name, ref string
	err = r.do(func(tx *db.Tx) error {
		_, at, err := r.stepFor(tx, step)
		if err != nil {
			return err
		}
		ref = at
		p, err := here(tx, r.field("to"))
		if err != nil {
			return err
		}
		name = p.Name
		_, err = lifecycle.Requests.Reassign(tx, step, p.ID, r.field("reason"), false)
		return err
	})
	if bad, ok := r.faults(err, map[string]string{"": "to"}); ok && errs.KindOf(err) == errs.KindInvalid {
		return s.reassignPage(r, statusOf(err), bad)
	}
	if err != nil {
		return err
	}
	return r.goWith(requestsURL+"/"+ref, ui.Notice{Tone: ui.Good, Title: r.T("%s decides now", name)})
}
