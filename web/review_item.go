package web

import (
	"cmp"
	"net/http"

	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/lifecycle"
	"tenure/templates"
	"tenure/templates/ui"
)

// seen says as what the reader sees an item: whoever reviews it, was asked about it, is to lose it, or has to take it away.
type seen struct {
	item    *campaign.Item
	v       *campaign.Review
	removal *campaign.Removal
	notes   []campaign.Note

	reviewer, asked, loses, owns bool
}

// itemOf finds the item of the address. One that does not concern the reader does not exist for them.
func (r *request) itemOf(tx *db.Tx) (*seen, error) {
	id, err := r.long("item")
	if err != nil {
		return nil, nothing("item")
	}
	x := &seen{}
	if x.item, err = campaign.GetItem(tx, id); err != nil {
		return nil, err
	}
	if err := db.Together(tx, func(tx *db.Tx) (err error) { x.v, err = campaign.GetReview(tx, x.item.Review); return err },
		func(tx *db.Tx) (err error) { x.removal, err = campaign.RemovalOf(tx, id); return err },
		func(tx *db.Tx) (err error) { x.notes, err = campaign.Notes(tx, id); return err }); err != nil {
		return nil, err
	}
	me := r.who.ID
	x.reviewer = x.v.AskedOf(me, r.reviewNames())
	for _, n := range x.notes {
		x.asked = x.asked || n.Asked != nil && *n.Asked == me
	}
	if m := x.removal; m != nil {
		x.loses = m.Identity == me
		x.owns = m.Owner != nil && *m.Owner == me && (m.State == campaign.RemovalByHand || m.State == campaign.RemovalChanging)
	}
	if !x.reviewer && !x.asked && !x.loses && !x.owns {
		return nil, nothing("item")
	}
	return x, nil
}

// reviewItem shows one item with everything that was known of it.
func (s *server) reviewItem(r *request) error { return s.reviewItemPage(r, http.StatusOK, nil) }

func (s *server) reviewItemPage(r *request, status int, bad ui.Errors) error {
	var v templates.ReviewItemView
	err := r.read(func(tx *db.Tx) error {
		x, err := r.itemOf(tx)
		if err != nil {
			return err
		}
		w, err := r.reviewed(tx, x.v, []*campaign.Item{x.item})
		if err != nil {
			return err
		}
		said, err := campaign.Decisions(tx, x.item.ID)
		if err == nil {
			v = w.item(x, said, bad)
			err = w.rare(tx, x.item, &v)
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.ReviewItem(r.shell(v.Drawer.Title), v))
}

func (w *reviewing) item(x *seen, said []campaign.Decision, bad ui.Errors) templates.ReviewItemView {
	r, i := w.r, x.item
	at := reviewItemURL(i.ID)
	l := w.line([]*campaign.Item{i}, "flat")
	v := templates.ReviewItemView{Drawer: ui.Drawer{Title: l.What, Lead: cmp.Or(l.App, w.app(i)), URL: at, Up: []ui.Link{{Text: w.c.Title, URL: reviewURL(x.v.ID)}}}, Line: l}
	if !x.reviewer {
		v.Drawer.Up = []ui.Link{{Text: r.T("Reviews"), URL: reviewsURL}}
		l.Advice = ui.Tag{}
		v.Line = l
	}
	if w.c.AsOf != nil {
		v.AsOf = r.T("As it was %s. It does not change while it is reviewed.", r.at(*w.c.AsOf).Text)
	}
	if e := w.cat.Entitlements[i.Entitlement]; e != nil {
		v.About = e.Description
	}
	for _, d := range said {
		if d.SignedAt == nil && !x.reviewer {
			continue // a draft is the reviewer's
		}
		n := templates.AskNote{Who: cmp.Or(d.Name, r.T("The campaign's rule")), Text: r.T("Stage %d: %s", d.Stage, w.said(&d).Text), At: r.at(d.DecidedAt), Quiet: d.SignedAt == nil}
		if d.Comment != "" {
			n.Text += ". " + d.Comment
		}
		v.Said = append(v.Said, n)
	}
	waits := false
	for _, n := range x.notes {
		line := templates.AskNote{Who: n.Name, Text: n.Body, At: r.at(n.SaidAt)}
		if n.AskedOf != "" {
			line.Who = r.T("%s asked %s", n.Name, n.AskedOf)
		}
		v.Notes = append(v.Notes, line)
		if n.Asked != nil && *n.Asked == r.who.ID {
			waits = true
		} else if n.Author == r.who.ID {
			waits = false
		}
	}
	if x.asked && waits && w.c.State == campaign.Open {
		v.AnswerURL, v.Error = at+"/answer", bad
	}
	if x.reviewer && x.v.State == campaign.Reviewed && w.c.State == campaign.Open && w.own(i) == "" {
		v.AskURL, v.Error = at+"/ask", bad
		v.To, v.Body = r.field("to"), r.field("body")
		v.Person = w.person(i)
		if i.Identity == 0 {
			v.Person = ""
		}
	}
	w.going(x, &v, at, bad)
	return v
}

// going says how the removal of an item stands, and what the reader may do about it.
func (w *reviewing) going(x *seen, v *templates.ReviewItemView, at string, bad ui.Errors) {
	r, m := w.r, x.removal
	if m == nil {
		return
	}
	v.Drawer.Tag = r.removalTag(m.State, m.OpState)
	n := ui.Notice{Tone: ui.Info, Title: v.Drawer.Tag.Text, Text: r.T(m.Why)}
	switch m.State {
	case campaign.RemovalWaiting:
		n = ui.Notice{Tone: ui.Warn, Title: r.T("To be removed on %s", r.day(r.inZone(m.At)))}
		switch {
		case m.Objected:
			n.Text = r.T("There is an objection: nothing is removed before it is decided.")
		case m.Why != "":
			n.Text = r.T("The objection is decided: %s", m.Why)
		case x.loses:
			v.ObjectURL, v.Error = at+"/object", bad
			n.Text = r.T("If you still need it, say why before then.")
		}
	case campaign.RemovalVerified:
		n.Tone, n.Text = ui.Good, r.T("The target, read again, does not show it any more.")
	}
	if x.owns {
		v.KeepURL, v.Error = at+"/keep", bad
	}
	v.Removal = &n
}

// reviewItemDo asks, answers, objects, or says why something stays.
func (s *server) reviewItemDo(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	var said, at string
	act := r.Param("act")
	err := r.do(func(tx *db.Tx) error {
		x, err := r.itemOf(tx)
		if err != nil {
			return err
		}
		at = reviewItemURL(x.item.ID)
		said, err = r.itemSaid(tx, act, x)
		return err
	})
	if bad, ok := r.faults(err, map[string]string{"": "body", "question": "body", "answer": "body", "why": "body", "reason": "body"}); ok && errs.KindOf(err) == errs.KindInvalid {
		return s.reviewItemPage(r, statusOf(err), bad)
	}
	if err != nil {
		return err
	}
	if act == "keep" {
		return r.goWith(reviewsURL, ui.Notice{Tone: ui.Good, Title: said})
	}
	return r.goWith(at, ui.Notice{Tone: ui.Good, Title: said})
}

func (r *request) itemSaid(tx *db.Tx, act string, x *seen) (string, error) {
	body := r.field("body")
	switch {
	case act == "ask" && x.reviewer:
		of := x.item.Identity
		if r.field("to") != "" {
			p, err := here(tx, r.field("to"))
			if err != nil {
				return "", err
			}
			of = p.ID
		}
		return r.T("They are asked, and told at once"), lifecycle.Campaigns.Ask(tx, x.item.ID, of, body)
	case act == "answer" && x.asked:
		return r.T("Answered"), lifecycle.Campaigns.Answered(tx, x.item.ID, body)
	case act == "object" && x.loses:
		return r.T("Whoever runs the review decides, and sees what you wrote"), lifecycle.Campaigns.Challenge(tx, x.item.ID, body)
	case act == "keep" && x.owns:
		return r.T("It stays, with your reason"), lifecycle.Campaigns.KeepAfterAll(tx, x.item.ID, body, false)
	}
	return "", nothing("page")
}
