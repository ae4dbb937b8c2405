package web

import (
	"net/http"
	"strconv"
	"time"

	"tenure/internal/access"
	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/templates"
	"tenure/templates/ui"
)

// personMove is what one move of a person keeps, gives and takes: the one that the address names, else the next one ahead, else
// the last one.
func (s *server) personMove(r *request) error {
	var v templates.MoveView
	err := r.read(func(tx *db.Tx) error {
		p, err := r.person(tx)
		if err != nil {
			return err
		}
		home := ui.Link{Text: p.Name, URL: personURL(p.PublicID)}
		v = templates.MoveView{Up: []ui.Link{{Text: r.T("People"), URL: r.to("person.list", "/people")}, home}, Title: r.T("What %s keeps, gains and loses", p.Name)}
		versions, err := identity.Versions(tx, []int{p.ID})
		if err != nil {
			return err
		}
		moves, err := lifecycle.Moves(tx, versions[p.ID])
		if err != nil {
			return err
		}
		step := r.chosenMove(tx, moves)
		if step == nil {
			if r.Query("version") != "" {
				return nothing("move")
			}
			v.None = true
			return nil
		}
		r.moveHead(tx, p, moves, step, &v)
		return r.moveDiff(tx, p, step, &v)
	})
	if err != nil {
		return err
	}
	return r.show(templates.Move(r.shell(v.Title), v))
}

func (r *request) chosenMove(tx *db.Tx, moves []identity.Step) *identity.Step {
	wanted := r.Query("version")
	var last *identity.Step
	for i := range moves {
		m := &moves[i]
		switch {
		case wanted != "":
			if strconv.FormatInt(m.Is.ID, 10) == wanted {
				return m
			}
		case m.At.After(tx.Now):
			return m
		default:
			last = m
		}
	}
	return last
}

func (r *request) moveHead(tx *db.Tx, p *identity.Person, moves []identity.Step, step *identity.Step, v *templates.MoveView) {
	on := func(s *identity.Step) string { return r.day(s.At.In(r.zoneOf(s.Is.Zone))) }
	v.Future = step.At.After(tx.Now)
	v.Lead = r.T("Moved on %s.", on(step))
	if v.Future {
		v.Lead = r.T("Moves on %s.", on(step))
	}
	if len(moves) > 1 {
		for i := range moves {
			v.Others = append(v.Others, ui.Chip{Text: on(&moves[i]), URL: moveURL(p.PublicID, moves[i].Is.ID), Current: moves[i].Is.ID == step.Is.ID})
		}
	}
	for _, f := range []struct{ attr, name string }{{"department", r.T("Department")}, {"title", r.T("Title")}, {"location", r.T("Location")}, {"worker_type", r.T("Worker type")}} {
		if was, is := step.Was.Attrs[f.attr], step.Is.Attrs[f.attr]; was != is {
			v.Changes = append(v.Changes, templates.FactChange{Name: f.name, From: r.orNone(was), To: r.orNone(is)})
		}
	}
}

func (r *request) orNone(s string) string {
	if s == "" {
		return r.T("none")
	}
	return s
}

// moveDiff fills the three columns.
func (r *request) moveDiff(tx *db.Tx, p *identity.Person, step *identity.Step, v *templates.MoveView) error {
	var m *lifecycle.Move
	var err error
	at := step.At
	if v.Future {
		m, err = lifecycle.Preview(tx, p.ID, at)
	} else {
		// HR may tell of a move after its day: access changed when it was told, which the log says.
		if at, err = audit.MovedAt(tx, p.ID, step.At); err != nil {
			return err
		}
		m, err = lifecycle.Done(tx, p.ID, at)
	}
	if err != nil {
		return err
	}
	longer, err := r.mayExtend(tx, p)
	if err != nil {
		return err
	}
	cat, err := catalog.Load(tx)
	if err != nil {
		return err
	}
	d, err := r.difference(tx, m.Difference(), func(l *lifecycle.Line, x *templates.DiffLine, lost bool) {
		switch {
		case !lost:
			return
		case l.Until.IsZero() && x.Privileged:
			x.When = r.T("at once, because it is privileged")
		case l.Until.IsZero():
			x.When = r.T("at once")
		case !l.Until.After(tx.Now):
			x.Until, x.When = ui.Time{}, r.T("the hand-over ended %s", r.at(l.Until).Text)
		case longer && !v.Future && l.Until.Before(at.AddDate(0, 0, lifecycle.LongestHandover-1)):
			x.Longer = link(personURL(p.PublicID)+"/handover", "entitlement", cat.Ref(l.Entitlement))
		}
	})
	if err != nil {
		return err
	}
	d.None = r.T("The rules give the same before and after.")
	v.Diff = *d
	return nil
}

// mayExtend says whether the reader may let a person keep something for longer: IT, or whom they report to; never oneself.
func (r *request) mayExtend(tx *db.Tx, p *identity.Person) (bool, error) {
	if p.ID == r.who.ID || !r.may("person.handover") {
		return false, nil
	}
	if r.may("person.handover_any") {
		return true, nil
	}
	return r.manages(tx, p.ID)
}

// handover gives what the page about one hand-over is about, if the reader may decide it and it goes on.
func (r *request) handover(tx *db.Tx, ref string) (p *identity.Person, e *catalog.Entitlement, now *access.Reason, err error) {
	if p, err = r.person(tx); err != nil {
		return nil, nil, nil, err
	}
	may, err := r.mayExtend(tx, p)
	switch {
	case err != nil:
		return nil, nil, nil, err
	case !may && p.ID == r.who.ID:
		return nil, nil, nil, errs.Forbidden("nobody extends their own hand-over")
	case !may:
		return nil, nil, nil, nothing("person")
	case !r.may("person.handover_any"):
		if err := r.inManagersName(tx, p.ID); err != nil {
			return nil, nil, nil, err
		}
	}
	cat, err := catalog.Load(tx)
	if err != nil {
		return nil, nil, nil, err
	}
	if e = cat.ByName[ref]; e == nil {
		return nil, nil, nil, nothing("entitlement")
	}
	reasons, err := access.Reasons(tx, p.ID, tx.Now)
	for i := range reasons {
		if x := &reasons[i]; x.Kind == access.Handover && x.Entitlement == e.ID && (now == nil || x.ValidTo.After(now.ValidTo)) {
			now = x
		}
	}
	if err == nil && now == nil {
		err = errs.Conflict("this is not kept for a hand-over any more")
	}
	return p, e, now, err
}

// handoverAsk asks until when something is kept.
func (s *server) handoverAsk(r *request) error {
	return s.handoverPage(r, http.StatusOK, r.Query("entitlement"), nil)
}

func (s *server) handoverPage(r *request, status int, ref string, bad ui.Errors) error {
	var v templates.HandoverView
	err := r.read(func(tx *db.Tx) error {
		p, e, now, err := r.handover(tx, ref)
		if err != nil {
			return err
		}
		cat, err := catalog.Load(tx)
		if err != nil {
			return err
		}
		home := ui.Link{Text: p.Name, URL: personURL(p.PublicID)}
		latest := now.ValidFrom.AddDate(0, 0, lifecycle.LongestHandover-1).Format(time.DateOnly)
		v = templates.HandoverView{Up: []ui.Link{{Text: r.T("People"), URL: r.to("person.list", "/people")}, home, {Text: r.T("Move"), URL: home.URL + "/move"}},
			Title: r.T("Keep %s for longer?", r.titleOf(e, cat)), Lead: r.T("%s keeps it for the hand-over until %s.", p.Name, r.at(now.ValidTo).Text),
			Action: home.URL + "/handover", What: ref, Until: latest, Min: now.ValidTo.Format(time.DateOnly), Max: latest,
			Reason: r.field("reason"), Errors: bad, Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: home.URL + "/move"}}
		if u := r.field("until"); u != "" {
			v.Until = u
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Handover(r.shell(v.Title), v))
}

// handoverKeep keeps it.
func (s *server) handoverKeep(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	ref := r.field("entitlement")
	until, err := time.Parse(time.DateOnly, r.field("until"))
	if err != nil {
		return s.handoverPage(r, http.StatusBadRequest, ref, ui.Errors{{Field: "until", Text: r.T("Write the day as 2026-03-01.")}})
	}
	var p *identity.Person
	err = r.do(func(tx *db.Tx) error {
		who, e, _, err := r.handover(tx, ref)
		if err != nil {
			return err
		}
		p = who
		return lifecycle.KeepLonger(tx, who.ID, e.ID, until, r.field("reason"))
	})
	if err != nil {
		if bad, ok := r.faults(err, nil); ok && errs.KindOf(err) == errs.KindInvalid {
			return s.handoverPage(r, http.StatusBadRequest, ref, bad)
		}
		return err
	}
	return r.goWith(personURL(p.PublicID)+"/move", ui.Notice{Tone: ui.Good, Title: r.T("It is kept until the end of %s", r.day(until)), Text: r.T("Your name and your reason stand in the timeline of %s.", p.Name)})
}
