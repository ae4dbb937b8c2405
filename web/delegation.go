package web

import (
	"net/http"
	"tenure/templates/lang"
	"time"

	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/templates"
	"tenure/templates/ui"
)

const delegationsURL = "/me/delegations"

// scopes are what a delegate looks after, in words.
var scopes = []struct{ scope, word, about string }{
	{auth.ScopeTeam, lang.Mark("My team"), lang.Mark("What a manager sees and decides for the people who report to you.")},
	{auth.ScopeApplications, lang.Mark("My applications"), lang.Mark("What an owner sees and decides for the applications you own.")},
	{auth.ScopeAll, lang.Mark("Both"), lang.Mark("Your team and your applications.")},
}

func (r *request) standInWord(scope string) string {
	switch scope {
	case auth.ScopeTeam:
		return r.T("The team")
	case auth.ScopeApplications:
		return r.T("The applications")
	}
	return r.T("The team and the applications")
}

// delegations lists who acts for the reader, and for whom the reader acts.
func (s *server) delegations(r *request) error {
	v := templates.DelegationsView{MakeURL: delegationsURL + "/new"}
	err := r.read(func(tx *db.Tx) error {
		all, err := auth.Delegations(tx, r.who.ID)
		for _, d := range all {
			if d.From == r.who.ID {
				v.Mine = append(v.Mine, r.delegationRow(d, d.ToName, d.ToRef))
			} else {
				v.Given = append(v.Given, r.delegationRow(d, d.FromName, d.FromRef))
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.show(templates.Delegations(r.shell(r.T("Acting for others")), v))
}

func (r *request) delegationRow(d *auth.Delegation, name, ref string) templates.DelegationRow {
	row := templates.DelegationRow{Person: ui.Link{Text: name, URL: r.to("person.read_any", personURL(ref))}, From: r.day(r.inZone(d.Begins)), Until: r.lastDay(d.Ends),
		Scope: r.standInWord(d.Scope), Reason: d.Reason, State: "ahead"}
	switch {
	case d.Ended != nil:
		row.State, row.Ended = "ended", r.at(*d.Ended)
		if d.EndedBy != nil {
			row.EndedBy = *d.EndedBy
		}
	case d.Over(r.now):
		row.State = "over"
	case d.Running(r.now):
		row.State = "running"
	}
	if !d.Over(r.now) {
		row.EndURL = delegationsURL + "/" + itoa(d.ID) + "/end"
	}
	return row
}

// lastDay gives the last day of something that ends with the instant after it.
func (r *request) lastDay(end time.Time) string { return r.day(r.inZone(end.Add(-time.Second))) }

// actingLines say for whom the reader acts, on every page.
func (r *request) actingLines() []string {
	var out []string
	for _, a := range r.who.acting {
		last := r.inZone(a.Until.Add(-time.Second))
		until := r.Date(last, "2 January")
		if last.Year() != r.inZone(r.now).Year() {
			until = r.day(last)
		}
		out = append(out, r.T("Acting also for %s until %s", a.Name, until))
	}
	return out
}

// delegationAsk asks who acts for the reader, from when to when.
func (s *server) delegationAsk(r *request) error { return s.delegationPage(r, http.StatusOK, nil) }

func (s *server) delegationPage(r *request, status int, bad ui.Errors) error {
	today := r.inZone(r.now)
	kept := func(name, otherwise string) string {
		if r.Request.Method == http.MethodPost {
			return r.field(name)
		}
		return otherwise
	}
	cover := ui.Choices{Name: "scope", Label: r.T("What they look after"), Required: true, Error: bad.Of("scope")}
	for _, x := range scopes {
		cover.Options = append(cover.Options, ui.Choice{Value: x.scope, Text: r.T(x.word), Hint: r.T(x.about), Chosen: kept("scope", auth.ScopeAll) == x.scope})
	}
	first, last := today.Format(time.DateOnly), today.AddDate(0, 0, auth.LongestDelegation-1).Format(time.DateOnly)
	v := templates.AskMoreView{Up: []ui.Link{{Text: r.T("Acting for others"), URL: delegationsURL}},
		Check: ui.Check{Action: delegationsURL, Title: r.T("Let somebody act for you"), Lead: r.T("For when you are away. You go on deciding as well."), Reason: r.T("Reason"), Value: r.field("reason"), Errors: bad,
			Will:   []string{r.T("They see and decide what is yours as a manager or an owner."), r.T("The log says each time that they acted for you."), r.T("Either of you can end it at any time.")},
			Not:    []string{r.T("They do not get your portal roles, your own access or your passwords."), r.T("They do not get what others let you do for them."), r.T("They decide nothing about themselves.")},
			Button: ui.Buttons{Text: r.T("Let them act for me"), Icon: "users", Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: delegationsURL}}},
		Fields: []ui.Field{{Name: "to", Label: r.T("Who acts for you"), Kind: "text", Value: r.field("to"), Hint: r.T("Number, e-mail address or full name"), Required: true, Auto: "off", Error: bad.Of("to")},
			{Name: "from", Label: r.T("First day"), Kind: "date", Value: kept("from", first), Required: true, Short: true, Min: first, Error: bad.Of("from")},
			{Name: "until", Label: r.T("Last day"), Kind: "date", Value: r.field("until"), Hint: r.T("At most 90 days in all"), Required: true, Short: true, Min: first, Error: bad.Of("until")}},
		Choices: []ui.Choices{cover}}
	if kept("from", first) == first {
		v.Fields[2].Max = last
	}
	return r.render(status, templates.AskMore(r.shell(v.Check.Title), v))
}

// delegationMake makes one.
func (s *server) delegationMake(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	zone := r.inZone(r.now).Location()
	from, bad1 := time.ParseInLocation(time.DateOnly, r.field("from"), zone)
	until, bad2 := time.ParseInLocation(time.DateOnly, r.field("until"), zone)
	var bad ui.Errors
	if r.field("to") == "" {
		bad = append(bad, ui.FieldError{Field: "to", Text: r.T("Say who acts for you.")})
	}
	if today := r.inZone(r.now).Format(time.DateOnly); bad1 != nil || r.field("from") < today {
		bad = append(bad, ui.FieldError{Field: "from", Text: r.T("Write the first day, today or later, as 2026-12-31.")})
	}
	if bad2 != nil {
		bad = append(bad, ui.FieldError{Field: "until", Text: r.T("Write the last day as 2026-12-31.")})
	}
	if r.field("reason") == "" {
		bad = append(bad, ui.FieldError{Field: "reason", Text: r.T("Say why: a word or two, such as holiday.")})
	}
	if len(bad) > 0 {
		return s.delegationPage(r, http.StatusBadRequest, bad)
	}
	var name string
	err := r.do(func(tx *db.Tx) error {
		p, err := here(tx, r.field("to"))
		if err != nil {
			return err
		}
		name = p.Name
		_, err = auth.Delegate(tx, p.ID, from, until.AddDate(0, 0, 1), r.field("scope"), r.field("reason"))
		return err
	})
	if bad, ok := r.faults(err, map[string]string{"": "to"}); ok {
		return s.delegationPage(r, statusOf(err), bad)
	}
	if err != nil {
		return err
	}
	return r.goWith(delegationsURL, ui.Notice{Tone: ui.Good, Title: r.T("%s acts for you", name), Text: sentence(r.T("from %s until %s", r.day(from), r.day(until)))})
}

// here gives somebody who works here at present. Everybody else does not exist for whoever asks: nobody learns here who has left.
func here(tx *db.Tx, text string) (*identity.Person, error) {
	p, err := found(tx, text)
	if errs.KindOf(err) == errs.KindInvalid && err != nil || err == nil && (p.State != identity.Active || p.Locked()) {
		return nil, errs.Invalid("nobody who works here now, or more than one person, has this number, e-mail address or name")
	}
	return p, err
}

// delegationEndAsk asks before one is ended.
func (s *server) delegationEndAsk(r *request) error {
	id, err := r.number("id")
	if err != nil {
		return nothing("delegation")
	}
	var d *auth.Delegation
	if err := r.read(func(tx *db.Tx) (err error) { d, err = auth.OneDelegation(tx, r.who.ID, id); return err }); err != nil {
		return err
	}
	title, will := r.T("Stop letting %s act for you?", d.ToName), r.T("%s sees and decides only what is theirs, from their next click on.", d.ToName)
	if d.To == r.who.ID {
		title, will = r.T("Stop acting for %s?", d.FromName), r.T("You see and decide only what is yours, from your next click on.")
	}
	v := templates.AskMoreView{Up: []ui.Link{{Text: r.T("Acting for others"), URL: delegationsURL}}, Check: ui.Check{Action: delegationsURL + "/" + itoa(id) + "/end", Title: title,
		Facts: []ui.Line{{Name: r.T("From"), Text: r.day(r.inZone(d.Begins))}, {Name: r.T("Until"), Text: r.lastDay(d.Ends)}, {Name: r.T("What"), Text: r.standInWord(d.Scope)}, {Name: r.T("Because"), Text: d.Reason}},
		Will:  []string{will}, Not: []string{r.T("What was decided meanwhile stays.")},
		Button: ui.Buttons{Text: r.T("End it now"), Icon: "ban", Danger: true, Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: delegationsURL}}}}
	return r.show(templates.AskMore(r.shell(title), v))
}

// delegationEnd ends one.
func (s *server) delegationEnd(r *request) error {
	id, err := r.number("id")
	if err != nil {
		return nothing("delegation")
	}
	r.back = ui.Link{Text: r.T("Acting for others"), URL: delegationsURL}
	var d *auth.Delegation
	if err := r.do(func(tx *db.Tx) (err error) { d, err = auth.EndDelegation(tx, id); return err }); err != nil {
		return err
	}
	title := r.T("%s no longer acts for you", d.ToName)
	if d.To == r.who.ID {
		title = r.T("You no longer act for %s", d.FromName)
	}
	return r.goWith(delegationsURL, ui.Notice{Tone: ui.Good, Title: title, Text: r.T("It is ended at once.")})
}
