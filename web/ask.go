package web

import (
	"cmp"
	"net/http"
	"strconv"
	"time"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
	req "tenure/internal/request"
	"tenure/templates"
	"tenure/templates/lang"
	"tenure/templates/ui"
)

// itemTags are the states of what was asked for.
var itemTags = map[req.State]ui.Tag{
	req.Open:      {Tone: ui.Info, Icon: "hourglass", Text: lang.Mark("Waits for a decision")},
	req.Granted:   {Tone: ui.Good, Icon: "circle-check", Text: lang.Mark("Granted")},
	req.Denied:    {Tone: ui.Bad, Icon: "circle-x", Text: lang.Mark("Denied")},
	req.Cancelled: {Tone: ui.Neutral, Icon: "ban", Text: lang.Mark("Taken back")},
	req.Expired:   {Tone: ui.Warn, Icon: "hourglass", Text: lang.Mark("Expired")},
	req.Ended:     {Tone: ui.Neutral, Icon: "history", Text: lang.Mark("Ended")},
}

func (r *request) itemTag(s req.State) ui.Tag {
	t := itemTags[s]
	t.Text = r.T(t.Text)
	return t
}

// clockOf says until when something waits.
func (r *request) clockOf(due time.Time) ui.Clock {
	at := r.at(due)
	c := ui.Clock{Tone: ui.Neutral, Text: r.T("due %s", at.Text), Exact: at.Exact}
	switch left := due.Sub(r.now); {
	case left < 0:
		c.Tone, c.Text = ui.Bad, r.T("late since %s", at.Text)
	case left < 24*time.Hour:
		c.Tone = ui.Warn
	}
	return c
}

// askNames are the requests room's words for whom the reader acts.
func (r *request) askNames() (out []req.Name) {
	for _, a := range r.who.acting {
		out = append(out, req.Name{For: a.For, Team: a.Team(), Applications: a.Applications()})
	}
	return out
}

// asked lists what the reader asked for, and what was asked for them.
func (s *server) asked(r *request) error {
	v := templates.AskedView{AskURL: offersURL}
	err := r.read(func(tx *db.Tx) error {
		pol, err := policy.Load(tx)
		if err != nil {
			return err
		}
		all, err := req.Mine(tx, r.who.ID, 100)
		for i := range all {
			v.Rows = append(v.Rows, r.askedRow(pol, &all[i]))
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.show(templates.Asked(r.shell(r.T("My requests")), v))
}

func (r *request) askedRow(pol *policy.Snapshot, l *req.Line) templates.AskedRow {
	row := templates.AskedRow{What: ui.Link{Text: r.itemTitle(pol, l.Offer, l.Level), URL: requestsURL + "/" + l.Ref}, Number: "R-" + itoa(l.Request), State: r.itemTag(l.State), Asked: r.at(l.AskedAt), Risk: l.Risk}
	if l.ForID != r.who.ID {
		row.For = l.For
	}
	switch {
	case l.State == req.Open && l.DueAt != nil:
		row.Holder, row.Due = l.Holders, r.clockOf(*l.DueAt)
	case l.State == req.Granted && l.To != nil:
		row.Until = r.at(*l.To)
	}
	return row
}

// askOf finds the request of the address. One that does not concern the reader does not exist for them.
func (r *request) askOf(tx *db.Tx) (*req.Request, error) {
	q, err := req.Find(tx, r.Param("ref"))
	if err != nil {
		return nil, err
	}
	ok, err := lifecycle.Requests.Concerns(tx, q, r.who.ID)
	if err != nil {
		return nil, err
	}
	if !ok && !r.may("request.read_any") {
		return nil, errs.NotFound("there is no such request")
	}
	return q, nil
}

// askShow shows one request: where each thing stands, who decides it until when, and what was said about it.
func (s *server) askShow(r *request) error { return s.askPage(r, http.StatusOK, 0, nil) }

// askPage shows it, with what is wrong in the form of a step.
func (s *server) askPage(r *request, status, step int, bad ui.Errors) error {
	var v templates.RequestView
	err := r.read(func(tx *db.Tx) error {
		q, err := r.askOf(tx)
		if err != nil {
			return err
		}
		return r.askView(tx, q, step, bad, &v)
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Request(r.shell(v.Title), v))
}

func (r *request) askView(tx *db.Tx, q *req.Request, step int, bad ui.Errors, v *templates.RequestView) error {
	pol, err := policy.Load(tx)
	if err != nil {
		return err
	}
	people, err := identity.People(tx, []int{q.Requester, q.Beneficiary})
	if err != nil {
		return err
	}
	at := requestsURL + "/" + q.PublicID
	*v = templates.RequestView{Title: r.T("Request R-%d", q.ID), Why: q.Why, Asked: r.at(q.AskedAt), By: people[q.Requester].Name,
		For: ui.Link{Text: people[q.Beneficiary].Name, URL: r.to("person.read_any", personURL(people[q.Beneficiary].PublicID))}}
	mine := r.who.ID == q.Requester || r.who.ID == q.Beneficiary
	for _, it := range q.Items {
		item := r.askItem(pol, it, at, mine, step, bad)
		if err := r.useWords(tx, it, &item); err != nil {
			return err
		}
		v.Items = append(v.Items, item)
		for _, st := range it.Steps {
			if st.State == req.StepOpen && st.Stage > 0 && mine {
				v.RemindURL = at + "/remind"
			}
		}
	}
	notes, err := req.Notes(tx, q.ID)
	for _, n := range notes {
		if n.Kind == req.Nudge {
			v.Notes = append(v.Notes, templates.AskNote{Who: n.Name, Text: r.T("sent a reminder"), At: r.at(n.At), Quiet: true})
			continue
		}
		v.Notes = append(v.Notes, templates.AskNote{Who: n.Name, Text: n.Body, At: r.at(n.At)})
	}
	v.SayURL, v.SayLabel = at+"/say", r.T("Ask a question")
	if mine {
		v.SayLabel = r.T("Answer, or add something")
	}
	v.SayError = bad.Of("body")
	return err
}

func (r *request) askItem(pol *policy.Snapshot, it *req.Item, at string, mine bool, step int, bad ui.Errors) templates.AskItem {
	out := templates.AskItem{Title: r.itemTitle(pol, it.Offer, it.Level), State: r.itemTag(it.State), Risk: it.Risk, Until: r.at(it.AskedTo)}
	if it.To != nil {
		out.Until = r.at(*it.To)
	}
	switch {
	case it.EndedBecause != nil:
		out.Ended = r.T(*it.EndedBecause)
	case it.Narrowed != nil:
		out.Ended = r.T("Narrowed to this level: %s", *it.Narrowed)
	}
	out.Stages = append(out.Stages, ui.Stage{Name: r.T("Sent"), State: "done"})
	for _, st := range it.Steps {
		out.Stages = append(out.Stages, r.stage(st))
		if st.State == req.StepOpen && r.asksMe(it, st) {
			out.Decide = append(out.Decide, r.decideForm(pol, it, st, step, bad))
		}
	}
	out.Stages = append(out.Stages, r.lastStage(it))
	for _, x := range it.Conflicts {
		out.Conflicts = append(out.Conflicts, r.T("Conflicts with “%s”: %s", x.Title, x.Duties))
	}
	id := at + "/items/" + itoa(it.ID)
	switch {
	case it.State == req.Open && mine:
		out.CancelURL = id + "/cancel"
	case it.State == req.Granted && it.To.After(r.now):
		out.EndURL, out.EndText = id+"/end", r.T("End this access")
		if r.who.ID == it.Beneficiary {
			out.EndText = r.T("I no longer need this")
		}
		if mine && it.Act != req.Activate && it.Act != req.Emergency {
			out.ExtendURL = link(wishURL, "offer", itoa(it.Offer), "act", string(req.Extend), "of", itoa(it.ID))
		}
	}
	return out
}

// useWords says to whoever reviews an emergency what is known of its use. There are few such items in a request.
func (r *request) useWords(tx *db.Tx, it *req.Item, v *templates.AskItem) error {
	for i := range v.Decide {
		if !v.Decide[i].Review {
			continue
		}
		all, err := req.UseOf(tx, it)
		if err != nil {
			return err
		}
		for _, u := range all {
			v.Decide[i].Known = append(v.Decide[i].Known, ui.Line{Name: r.T("%s in %s", u.Title, u.Application), Text: r.useWord(&u)})
		}
	}
	return nil
}

func (r *request) useWord(u *req.Use) string {
	if u.Given == nil {
		return r.T("The application never showed it.")
	}
	text := r.T("There since %s, and still there when it was last read.", r.at(*u.Given).Text)
	if u.Gone != nil {
		text = r.T("There from %s; gone at %s, read back.", r.at(*u.Given).Text, r.at(*u.Gone).Text)
	}
	if u.SignIn == nil {
		return text + " " + r.T("The application does not tell when somebody signed in.")
	}
	return text + " " + r.T("Last sign-in there: %s.", r.at(*u.SignIn).Text)
}

// asksMe says whether a step is asked of the reader, or of somebody in whose name they act.
func (r *request) asksMe(it *req.Item, st *req.Step) bool {
	if r.who.ID == it.Requester || r.who.ID == it.Beneficiary {
		return false
	}
	return st.AskedOf(r.who.ID, r.askNames())
}

func (r *request) stage(st *req.Step) ui.Stage {
	out := ui.Stage{Name: r.stepName(st), State: "ahead", Holder: r.askedWords(st)}
	switch st.State {
	case req.StepOpen:
		out.State, out.When = "now", r.clockOf(*st.DueAt).Text
	case req.StepApproved, req.StepDenied:
		out.State = "done"
		if st.State == req.StepDenied {
			out.State = "refused"
		}
		var names []string
		for _, d := range st.Decisions {
			names = append(names, d.Name)
			out.When = r.at(d.At).Text
			if d.Reason != "" {
				out.When += ": " + d.Reason
			}
		}
		out.Holder = r.and(names, 4)
	case req.StepCancelled:
		out.State, out.Holder = "skipped", ""
	case req.StepExpired:
		out.State, out.When = "refused", r.T("nobody decided in time")
	}
	return out
}

func (r *request) lastStage(it *req.Item) ui.Stage {
	out := ui.Stage{Name: r.T("Set up"), State: "ahead"}
	switch it.State {
	case req.Granted, req.Ended:
		out.State = "done"
		if it.From != nil {
			out.When = r.at(*it.From).Text
		}
	case req.Denied, req.Cancelled, req.Expired:
		out.State = "skipped"
	}
	return out
}

func (r *request) decideForm(pol *policy.Snapshot, it *req.Item, st *req.Step, step int, bad ui.Errors) templates.DecideForm {
	if step != st.ID {
		bad = nil
	}
	kept := func(bad ui.Errors, name string) string { // what was typed stays in the form in which something is wrong
		if bad == nil {
			return ""
		}
		return r.field(name)
	}
	id := itoa(st.ID)
	f := templates.DecideForm{Action: "/steps/" + id + "/decide", Version: itoa(st.Version), Due: r.clockOf(*st.DueAt), Errors: bad, Scope: id, ReassignURL: "/steps/" + id + "/reassign", Review: st.By == req.Review}
	f.Reason = ui.Field{Name: "reason", Label: r.T("Reason"), Kind: "textarea", Value: kept(bad, "reason"), Hint: r.T("Needed to deny. Who asked reads it."), Error: bad.Of("reason"), Scope: id, Rows: 2}
	if st.By == req.Review {
		f.Reason.Hint = r.T("Needed when something is not in order.")
		return f
	}
	f.Until = &ui.Field{Name: "until", Label: r.T("Until another day"), Kind: "date", Value: kept(bad, "until"), Max: r.inZone(it.AskedTo).Format(time.DateOnly), Min: r.inZone(r.now).AddDate(0, 0, 1).Format(time.DateOnly), Short: true,
		Hint: r.T("Asked for until %s. An earlier day narrows it.", r.day(r.inZone(it.AskedTo))), Error: bad.Of("until"), Scope: id}
	if it.Act == req.Activate {
		f.Until = nil
	}
	if o := pol.Offer(it.Offer); o != nil && it.Act != req.Extend {
		var lower []ui.Option
		for _, l := range o.Object.Offer.Levels {
			lower = append(lower, ui.Option{Value: l.Name, Text: l.Title, Selected: l.Name == cmp.Or(kept(bad, "level"), it.Level)})
			if l.Name == it.Level {
				break
			}
		}
		if len(lower) > 1 {
			f.Level = &ui.Field{Name: "level", Label: r.T("Level"), Kind: "select", Value: cmp.Or(kept(bad, "level"), it.Level), Options: lower, Hint: r.T("A lower one narrows it."), Error: bad.Of("level"), Scope: id, Required: true}
		}
	}
	if st.By == req.Compliance && len(it.Conflicts) > 0 {
		f.Control = &ui.Field{Name: "control", Label: r.T("What makes the conflict harmless"), Kind: "textarea", Value: kept(bad, "control"), Hint: r.T("A check that somebody else does, for example. Needed to approve."), Error: bad.Of("control"), Scope: id, Rows: 2}
	}
	return f
}

// askSay adds to the conversation.
func (s *server) askSay(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	err := r.do(func(tx *db.Tx) error {
		_, err := lifecycle.Requests.Say(tx, r.Param("ref"), r.field("body"))
		return err
	})
	if bad, ok := r.faults(err, map[string]string{"": "body"}); ok && errs.KindOf(err) == errs.KindInvalid {
		return s.askPage(r, statusOf(err), 0, bad)
	}
	if err != nil {
		return err
	}
	return r.goTo(requestsURL + "/" + r.Param("ref") + "#notes")
}

// askRemind reminds those who are asked.
func (s *server) askRemind(r *request) error {
	if err := r.do(func(tx *db.Tx) error { return lifecycle.Requests.Remind(tx, r.Param("ref")) }); err != nil {
		return err
	}
	return r.goWith(requestsURL+"/"+r.Param("ref"), ui.Notice{Tone: ui.Good, Title: r.T("They were reminded")})
}

// itemAct is what the address says to do with an item: cancel or end.
func (r *request) itemAct(tx *db.Tx) (*req.Request, *req.Item, error) {
	q, err := r.askOf(tx)
	if err != nil {
		return nil, nil, err
	}
	n, err := strconv.Atoi(r.Param("item"))
	for _, it := range q.Items {
		if err == nil && it.ID == n && (r.Param("act") == "cancel" || r.Param("act") == "end") {
			return q, it, nil
		}
	}
	return nil, nil, nothing("page")
}

// itemAsk asks before something is taken back or ended.
func (s *server) itemAsk(r *request) error {
	var v templates.AskMoreView
	err := r.read(func(tx *db.Tx) error {
		q, it, err := r.itemAct(tx)
		if err != nil {
			return err
		}
		pol, err := policy.Load(tx)
		if err != nil {
			return err
		}
		back, what := requestsURL+"/"+q.PublicID, r.itemTitle(pol, it.Offer, it.Level)
		c := ui.Check{Action: back + "/items/" + itoa(it.ID) + "/" + r.Param("act"), Facts: []ui.Line{{Name: r.T("What"), Text: what}},
			Title: r.T("Take back this request?"), Will: []string{r.T("Nobody is asked about it any more.")}, Not: []string{r.T("What you have already stays.")},
			Button: ui.Buttons{Text: r.T("Take it back"), Icon: "ban", Danger: true, Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: back}}}
		if r.Param("act") == "end" {
			c.Title, c.Will = r.T("End this access now?"), []string{r.T("The access ends now, and the application is read back to make sure."), r.T("To have it again it has to be asked for anew.")}
			c.Not = []string{r.T("What is held for another reason stays: the job, or a role.")}
			c.Button.Text = r.T("End it now")
		}
		v = templates.AskMoreView{Up: []ui.Link{{Text: r.T("Request R-%d", q.ID), URL: back}}, Check: c}
		return nil
	})
	if err != nil {
		return err
	}
	return r.show(templates.AskMore(r.shell(v.Check.Title), v))
}

// itemDo takes something back or ends it.
func (s *server) itemDo(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	title := r.T("Taken back")
	err := r.do(func(tx *db.Tx) error {
		_, it, err := r.itemAct(tx)
		if err != nil {
			return err
		}
		if r.Param("act") == "cancel" {
			_, err = lifecycle.Requests.Cancel(tx, it.ID, "", r.may("request.end_any"))
			return err
		}
		title = r.T("The access has ended")
		_, err = lifecycle.Requests.End(tx, it.ID, "", r.may("request.end_any"))
		return err
	})
	if err != nil {
		return err
	}
	return r.goWith(requestsURL+"/"+r.Param("ref"), ui.Notice{Tone: ui.Good, Title: title})
}
