package web

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/privacy"
	"tenure/templates"
	"tenure/templates/ui"
)

const privacyURL = evidenceURL + "/privacy"

func erasureURL(ref string) string { return personURL(ref) + "/erasure" }

// privacyShow says how long records are kept, who is erased, and what is held.
func (s *server) privacyShow(r *request) error { return s.privacyPage(r, http.StatusOK, nil) }

func (s *server) privacyPage(r *request, status int, bad ui.Errors) error {
	r.allow(slow)
	v := templates.PrivacyView{HoldURL: r.to("privacy.decide", privacyURL+"/hold")}
	if err := r.read(func(tx *db.Tx) error {
		dues, err := privacy.Dues(tx)
		if err != nil {
			return err
		}
		for i := range dues {
			v.Kinds = append(v.Kinds, r.privacyKind(&dues[i], bad))
		}
		open, decided, err := privacy.Erasures(tx, pageSize)
		if err != nil {
			return err
		}
		for i := range open {
			v.Waiting = append(v.Waiting, r.erasureRow(&open[i]))
		}
		for i := range decided {
			v.Decided = append(v.Decided, r.erasureRow(&decided[i]))
		}
		holds, err := privacy.Holds(tx, pageSize)
		for i := range holds {
			v.Holds = append(v.Holds, r.holdRow(&holds[i], tx.Now))
		}
		return err
	}); err != nil {
		return err
	}
	return r.render(status, templates.Privacy(r.shell(r.T("Privacy")), v))
}

func (r *request) privacyKind(d *privacy.Due, bad ui.Errors) templates.PrivacyKind {
	k := templates.PrivacyKind{Name: d.Name, Title: r.T(d.Title), About: r.T(d.About), Why: r.T("As the program has it: %s", r.T(d.Why)), Days: strconv.Itoa(d.Days), Least: strconv.Itoa(d.Least),
		Kept: r.Plural(d.Days, "day", "days"), Due: d.N, Act: d.Act, Action: r.to("privacy.decide", privacyURL)}
	if d.Set {
		k.Why = r.T("Set by compliance; the log says by whom")
	}
	if d.Name == privacy.KindPerson {
		k.Acts = []ui.Option{{Value: privacy.ActPropose, Text: r.T("propose them for erasure")}, {Value: privacy.ActErase, Text: r.T("announce it, and erase them two weeks later")}}
	}
	if d.Last != nil {
		k.Last = r.T("%s: %s, through %s", r.at(*d.Last).Text, r.Plural(d.LastN, "row", "rows"), r.day(d.LastTo))
	}
	if len(bad) > 0 && r.field("kind") == d.Name {
		k.Days, k.Act, k.Errors = r.field("days"), r.field("act"), bad
	}
	return k
}

func (r *request) erasureRow(e *privacy.Erasure) templates.PrivacyErasure {
	x := templates.PrivacyErasure{Person: ui.Link{Text: e.Name, URL: r.to("person.read_any", personURL(e.Ref))}, Asked: r.at(e.Asked), AskedBy: e.AskedBy, Reason: e.Reason}
	if e.State == privacy.Asked {
		x.Person.URL = r.to("privacy.decide", erasureURL(e.Ref))
		if e.NotBefore != nil {
			x.Note = r.T("By itself from %s on, unless somebody takes it back", r.day(*e.NotBefore))
		}
		return x
	}
	x.Decided, x.By, x.State = r.at(*e.Decided), e.DecidedBy, ui.Tag{Tone: ui.Neutral, Icon: "arrow-back-up", Text: r.T("taken back")}
	if e.State == privacy.Done {
		x.State, x.Rows = ui.Tag{Tone: ui.Warn, Icon: "user-x", Text: r.T("erased")}, r.Plural(e.Rows, "row", "rows")
	}
	return x
}

func (r *request) holdRow(h *privacy.Hold, now time.Time) templates.PrivacyHold {
	x := templates.PrivacyHold{Whom: ui.Link{Text: r.T("Everybody")}, Reason: h.Reason, Until: r.T("until it is lifted"), Made: r.at(h.Made), By: h.MadeBy, State: ui.Tag{Tone: ui.Neutral, Icon: "lock-open", Text: r.T("over")}}
	if h.Person != 0 {
		x.Whom = ui.Link{Text: h.Name, URL: r.to("person.read_any", personURL(h.Ref))}
	}
	if h.Until != nil {
		x.Until = r.day(h.Until.Add(-time.Second))
	}
	switch {
	case h.Ended != nil:
		x.Ended = r.T("Lifted %s by %s: %s", r.at(*h.Ended).Text, h.EndedBy, h.Because)
	case h.Live(now):
		x.State = ui.Tag{Tone: ui.Warn, Icon: "lock", Text: r.T("stands")}
		x.Lift = ui.Action{URL: r.to("privacy.decide", privacyURL+"/holds/"+itoa(h.ID)), Text: r.T("Lift"), Icon: "lock-open"}
	}
	return x
}

// privacyKeep sets how long a kind of record is kept.
func (s *server) privacyKeep(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	days, err := strconv.Atoi(r.field("days"))
	if err != nil {
		days = -1
	}
	act := r.field("act")
	if act == "" {
		act = privacy.ActDelete
	}
	err = r.do(func(tx *db.Tx) error { return privacy.Keep(tx, r.field("kind"), days, act) })
	if bad, ok := r.faults(err, nil); ok {
		return s.privacyPage(r, statusOf(err), bad)
	}
	if err != nil {
		return err
	}
	return r.goWith(privacyURL, ui.Notice{Tone: ui.Good, Title: r.T("Set"), Text: r.T("What is over by it is deleted within the hour.")})
}

// holdAsk asks whom a legal hold holds, and why.
func (s *server) holdAsk(r *request) error { return s.holdPage(r, http.StatusOK, nil) }

func (s *server) holdPage(r *request, status int, bad ui.Errors) error {
	person := r.Query("person")
	if r.Request.Method == http.MethodPost {
		person = r.field("person")
	}
	v := templates.AskMoreView{Up: []ui.Link{{Text: r.T("Evidence"), URL: evidenceURL}, {Text: r.T("Privacy"), URL: privacyURL}},
		Check: ui.Check{Action: privacyURL + "/hold", Title: r.T("Place a legal hold"), Lead: r.T("While it stands, nothing of whom it holds is deleted or erased, whatever their time is."), Reason: r.T("Reason"), Value: r.field("reason"), Errors: bad,
			Will:   []string{r.T("Retention and erasure pass over the person"), r.T("Files that hold many people are kept whole while anybody is held")},
			Button: ui.Buttons{Text: r.T("Place the hold"), Icon: "lock", Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: privacyURL}}},
		Fields: []ui.Field{{Name: "person", Label: r.T("Person"), Hint: r.T("Number, e-mail address or name; empty for everybody"), Kind: "text", Value: person, Auto: "off", Error: bad.Of("person")},
			{Name: "until", Label: r.T("Last day"), Hint: r.T("Empty: until somebody lifts it"), Kind: "date", Value: r.field("until"), Short: true, Error: bad.Of("until")}}}
	return r.render(status, templates.AskMore(r.shell(v.Check.Title), v))
}

// holdPlace places it.
func (s *server) holdPlace(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	err := r.do(func(tx *db.Tx) error {
		who := 0
		if name := r.field("person"); name != "" {
			p, err := identity.Find(tx, name)
			if kind := errs.KindOf(err); kind == errs.KindNotFound || kind == errs.KindConflict {
				return errs.InvalidFields("nothing is held", []errs.Field{{Field: "person", Rule: "must be one person: use the number, the e-mail address or the id"}})
			}
			if err != nil {
				return err
			}
			who = p.ID
		}
		_, err := privacy.Place(tx, who, r.field("reason"), r.field("until"))
		return err
	})
	if bad, ok := r.faults(err, nil); ok {
		return s.holdPage(r, statusOf(err), bad)
	}
	if err != nil {
		return err
	}
	return r.goWith(privacyURL+"#holds", ui.Notice{Tone: ui.Good, Title: r.T("The hold stands"), Text: r.T("Nothing of it is deleted or erased until it ends.")})
}

// holdLiftAsk asks before a legal hold is lifted.
func (s *server) holdLiftAsk(r *request) error { return s.holdLiftPage(r, http.StatusOK, nil) }

func (s *server) holdLiftPage(r *request, status int, bad ui.Errors) error {
	id, err := r.number("id")
	if err != nil {
		return err
	}
	var h *privacy.Hold
	if err := r.read(func(tx *db.Tx) (err error) { h, err = privacy.HoldOf(tx, id); return err }); err != nil {
		return err
	}
	whom := h.Name
	if h.Person == 0 {
		whom = r.T("everybody")
	}
	v := templates.AskView{Up: []ui.Link{{Text: r.T("Evidence"), URL: evidenceURL}, {Text: r.T("Privacy"), URL: privacyURL}}, Title: r.T("Lift the legal hold on %s?", whom), Lead: h.Reason,
		Will:   []string{r.T("What is over is deleted within the hour, and cannot be brought back")},
		Action: r.Request.URL.Path, Button: r.T("Lift the hold"), Icon: "lock-open", Danger: true, Reason: true, Typed: r.field("reason"), Errors: bad, Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: privacyURL}}
	return r.render(status, templates.Ask(r.shell(v.Title), v))
}

// holdLift lifts it.
func (s *server) holdLift(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	id, err := r.number("id")
	if err != nil {
		return err
	}
	err = r.do(func(tx *db.Tx) error { return privacy.Lift(tx, id, r.field("reason")) })
	if bad, ok := r.faults(err, nil); ok && errs.KindOf(err) == errs.KindInvalid {
		return s.holdLiftPage(r, statusOf(err), bad)
	}
	if err != nil {
		return err
	}
	return r.goWith(privacyURL+"#holds", ui.Notice{Tone: ui.Good, Title: r.T("The hold is lifted")})
}

// erasureAsk says what stands against erasing somebody, or what it does.
func (s *server) erasureAsk(r *request) error { return s.erasurePage(r, http.StatusOK, nil) }

func (s *server) erasurePage(r *request, status int, bad ui.Errors) error {
	r.allow(slow)
	var v templates.ErasureView
	err := r.read(func(tx *db.Tx) error {
		p, err := r.person(tx)
		if err != nil {
			return err
		}
		v = templates.ErasureView{Name: p.Name, PersonURL: personURL(p.PublicID)}
		if p.ErasedAt != nil {
			v.Erased = r.T("Erased on %s", r.day(*p.ErasedAt))
			return nil
		}
		v.HoldURL = link(privacyURL+"/hold", "person", p.PublicID)
		against, err := privacy.Against(tx, p)
		if err != nil {
			return err
		}
		for _, a := range against {
			var e *errs.Error
			if errors.As(a, &e) {
				v.Against = append(v.Against, sentence(e.In(r.T)))
			}
		}
		open, err := privacy.Waiting(tx, p.ID)
		if err != nil {
			return err
		}
		r.erasureForm(p, open, bad, &v)
		return nil
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Erasure(r.shell(r.T("Erase %s", v.Name)), v))
}

// erasureForm fills in what this reader can do: ask, do what another one asked, or take it back.
func (r *request) erasureForm(p *identity.Person, open *privacy.Erasure, bad ui.Errors, v *templates.ErasureView) {
	c := ui.Check{Action: erasureURL(p.PublicID), Reason: r.T("Reason"), Value: r.field("reason"), Errors: bad, Button: ui.Buttons{Icon: "user-x", Danger: true, Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: v.PersonURL}},
		Will: []string{r.T("The key of the person is destroyed: what is sealed about them in the log cannot be read any more, by anybody"),
			r.T("Name, address, number, login names, what HR and targets said, messages and conversations are replaced by “%s”", privacy.Mark(p.ID)),
			r.T("A number in HR that is stated again as past is passed over; somebody who comes back comes as a new person")},
		Not: []string{r.T("No event of the log changes: it verifies as before, and so does every pack"), r.T("Ids, dates, reasons for access and decisions stay"),
			r.T("Backups and files outside of the database are not reached")}}
	withdraw := r.Query("act") == privacy.Withdrawn || r.field("act") == privacy.Withdrawn
	if open != nil {
		v.Asked = ui.Notice{Tone: ui.Info, Title: r.T("Asked for by %s, %s", open.AskedBy, r.at(open.Asked).Text), Text: open.Reason}
		if open.Asker == 0 {
			v.Asked.Title = r.T("Proposed %s, for their time is over", r.at(open.Asked).Text)
		}
	}
	switch {
	case open != nil && withdraw:
		c.Will, c.Not, c.Hidden = []string{r.T("The person is not erased; somebody can ask for it again")}, nil, ui.Kept("act", privacy.Withdrawn)
		c.Button.Text, c.Button.Icon, c.Button.Danger = r.T("Take it back"), "arrow-back-up", false
		v.Check = c
		return
	case open != nil:
		v.WithdrawURL = link(erasureURL(p.PublicID), "act", privacy.Withdrawn)
	}
	switch {
	case len(v.Against) > 0:
	case open == nil:
		c.Button.Text, c.Button.Danger = r.T("Ask for the erasure"), false
		v.Check = c
	case open.Asker != r.who.ID:
		c.Button.Text, c.Typed, c.Type = r.T("Erase for good"), "erase", r.T("Type the word erase")
		v.Check = c
	default:
		v.Asked.Text += " " + r.T("Another person has to do it.")
	}
}

// erasure asks for it, does it or takes it back.
func (s *server) erasure(r *request) error {
	r.allow(slow)
	if err := r.form(); err != nil {
		return err
	}
	var p *identity.Person
	var out *privacy.Outcome
	err := r.do(func(tx *db.Tx) (err error) {
		if p, err = r.person(tx); err != nil {
			return err
		}
		if r.field("act") == privacy.Withdrawn {
			return privacy.Withdraw(tx, p.ID, r.field("reason"))
		}
		open, err := privacy.Waiting(tx, p.ID)
		if err != nil {
			return err
		}
		if open != nil && open.Asker != r.who.ID && r.field("typed") != "erase" {
			return errs.InvalidFields("nothing was changed", []errs.Field{{Field: "typed", Rule: "must be the word erase"}})
		}
		out, err = privacy.Erase(tx, p.ID, r.field("reason"))
		return err
	})
	if bad, ok := r.faults(err, nil); ok && errs.KindOf(err) == errs.KindInvalid {
		if bad.Of("typed") != "" {
			bad = ui.Errors{{Field: "typed", Text: r.T("Type the word erase to make sure.")}}
		}
		return s.erasurePage(r, statusOf(err), bad)
	}
	if err != nil {
		return err
	}
	switch {
	case out == nil:
		return r.goWith(privacyURL, ui.Notice{Tone: ui.Good, Title: r.T("Taken back"), Text: r.T("The person is not erased.")})
	case out.State == privacy.Asked:
		return r.goWith(erasureURL(p.PublicID), ui.Notice{Tone: ui.Good, Title: r.T("Asked for"), Text: r.T("Another person has to do it.")})
	}
	return r.goWith(personURL(p.PublicID), ui.Notice{Tone: ui.Good, Title: r.T("Erased"), Text: r.T("The key is destroyed. The log stays as it is and verifies.")})
}
