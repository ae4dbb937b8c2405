package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tenure/internal/audit/control"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/templates"
	"tenure/templates/lang"
	"tenure/templates/ui"
)

const schedulesURL = evidenceURL + "/schedules"

func scheduleURL(ref string) string { return schedulesURL + "/" + ref }

// weekdays by their ISO numbers.
var weekdays = []string{"", lang.Mark("Monday"), lang.Mark("Tuesday"), lang.Mark("Wednesday"), lang.Mark("Thursday"), lang.Mark("Friday"), lang.Mark("Saturday"), lang.Mark("Sunday")}

// arranger is whose schedules a reader sees: compliance everybody's (0), others their own.
func (r *request) arranger() int {
	if r.may("evidence.limit") {
		return 0
	}
	return r.who.ID
}

// schedules lists what is sent by mail.
func (s *server) schedules(r *request) error {
	v := templates.EvidenceSchedulesView{Up: []ui.Link{{Text: r.T("Evidence"), URL: evidenceURL}}, NewURL: r.to("evidence.pack", schedulesURL+"/new"), NoMail: s.app.Notify.Mail == nil}
	if err := r.read(func(tx *db.Tx) error {
		zone, err := control.Zone(tx)
		if err != nil {
			return err
		}
		all, err := control.Schedules(tx, r.arranger())
		for i := range all {
			v.Rows = append(v.Rows, r.scheduleRow(&all[i], zone))
		}
		return err
	}); err != nil {
		return err
	}
	return r.show(templates.EvidenceSchedules(r.shell(r.T("Figures by mail")), v))
}

func (r *request) scheduleRow(x *control.Schedule, zone *time.Location) templates.EvidenceScheduleRow {
	row := templates.EvidenceScheduleRow{What: ui.Link{Text: x.Title(), URL: scheduleURL(x.Ref)}, Often: r.often(&x.Plan, zone), To: r.Plural(len(x.Recipients), "person", "people"), Owner: x.Owner, State: x.State, Why: x.Why, Last: r.maybe(x.Last), Sent: x.Sent}
	if x.State == control.Active {
		row.Next = r.at(x.Next)
	}
	return row
}

// often says when something is sent.
func (r *request) often(p *control.Plan, zone *time.Location) string {
	hour := fmt.Sprintf("%02d:00", p.Hour)
	switch p.Every {
	case control.Weekly:
		return r.T("Every %s at %s, %s", r.T(weekdays[p.Day]), hour, zone.String())
	case control.Quarterly:
		return r.T("On day %s of every quarter at %s, %s", r.Int(p.Day), hour, zone.String())
	}
	return r.T("On day %s of every month at %s, %s", r.Int(p.Day), hour, zone.String())
}

// scheduleShow is one of them, with who is sent what.
func (s *server) scheduleShow(r *request) error {
	v := templates.EvidenceScheduleView{Up: []ui.Link{{Text: r.T("Figures by mail"), URL: schedulesURL}}, NoMail: s.app.Notify.Mail == nil}
	if err := r.read(func(tx *db.Tx) error {
		x, err := control.ScheduleOf(tx, r.Param("id"), r.arranger())
		if err != nil {
			return err
		}
		zone, err := control.Zone(tx)
		if err != nil {
			return err
		}
		v.Row = r.scheduleRow(x, zone)
		v.Action, v.EditURL = r.to("evidence.pack", scheduleURL(x.Ref)), r.to("evidence.pack", scheduleURL(x.Ref)+"/edit")
		first, last := x.Ended(r.now, zone)
		v.Period, v.Made = r.T("%s to %s", first, last), r.at(x.Made)
		readers, err := control.Readers(tx)
		if err != nil {
			return err
		}
		all, err := control.RecipientsOf(tx, x, readers)
		for _, p := range all {
			v.Recipients = append(v.Recipients, templates.EvidenceRecipient{Who: ui.Link{Text: p.Name, URL: r.to("person.read_any", personURL(p.Ref))}, May: p.May, Mail: p.Mail})
		}
		return err
	}); err != nil {
		return err
	}
	return r.show(templates.EvidenceSchedule(r.shell(v.Row.What.Text), v))
}

// scheduleNew asks for what is to be sent; the address may say what.
func (s *server) scheduleNew(r *request) error {
	return s.scheduleForm(r, http.StatusOK, "", &control.Plan{Control: r.Query("control"), Population: r.Query("population"), Every: control.Monthly, Day: 1, Hour: 8, Recipients: []int{r.who.ID}}, nil)
}

// scheduleEdit asks for it anew.
func (s *server) scheduleEdit(r *request) error {
	var x *control.Schedule
	if err := r.read(func(tx *db.Tx) (err error) { x, err = control.ScheduleOf(tx, r.Param("id"), r.arranger()); return err }); err != nil {
		return err
	}
	return s.scheduleForm(r, http.StatusOK, x.Ref, &x.Plan, nil)
}

// scheduleForm is the form of a new one, or with ref of one that is there. After a fault p is nil, and what was sent stands in it.
func (s *server) scheduleForm(r *request, status int, ref string, p *control.Plan, bad ui.Errors) error {
	var readers []control.Reader
	var zone *time.Location
	if err := r.read(func(tx *db.Tx) (err error) {
		if zone, err = control.Zone(tx); err == nil {
			readers, err = control.Readers(tx)
		}
		return err
	}); err != nil {
		return err
	}
	in := scheduleSent{What: r.field("what"), Every: r.field("every"), Day: r.field("day"), Hour: r.field("hour"), To: r.PostFormArray("recipients")}
	if p != nil {
		in = scheduleSent{What: strings.TrimSuffix(p.Control+"/"+p.Population, "/"), Every: p.Every, Day: strconv.Itoa(p.Day), Hour: strconv.Itoa(p.Hour)}
		for _, x := range readers {
			if slices.Contains(p.Recipients, x.ID) {
				in.To = append(in.To, x.Ref)
			}
		}
	}
	v := templates.AskMoreView{Up: []ui.Link{{Text: r.T("Figures by mail"), URL: schedulesURL}}, Fields: r.scheduleFields(in, zone, bad),
		Check: ui.Check{Action: schedulesURL, Title: r.T("Send figures by mail"), Errors: bad,
			Will:   []string{r.T("Each time, everybody below gets one letter: how many there were in the period that just ended, counted twice, how often each time limit was kept, and a link to the page."), r.T("It ends by itself when you may not arrange it any more.")},
			Not:    []string{r.T("No names and no files are sent: counts only."), r.T("Whoever may not read the evidence any more gets nothing, and you are told.")},
			Button: ui.Buttons{Text: r.T("Send it from now on"), Icon: "send", Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: schedulesURL}}},
		Choices: []ui.Choices{{Name: "every", Label: r.T("How often?"), Error: bad.Of("every"), Required: true, Options: []ui.Choice{{Value: control.Weekly, Text: r.T("Every week"), Hint: r.T("About the week that ended, Monday to Sunday"), Chosen: in.Every == control.Weekly},
			{Value: control.Monthly, Text: r.T("Every month"), Hint: r.T("About the month that ended"), Chosen: in.Every == control.Monthly}, {Value: control.Quarterly, Text: r.T("Every quarter"), Hint: r.T("About the quarter that ended"), Chosen: in.Every == control.Quarterly}}}}}
	if ref != "" {
		v.Check.Action, v.Check.Title = scheduleURL(ref)+"/edit", r.T("Change what is sent")
		v.Check.Button.Text, v.Check.Button.Cancel.URL = r.T("Change it"), scheduleURL(ref)
	}
	to := ui.Choices{Name: "recipients", Label: r.T("To whom?"), Hint: r.T("People who may read the evidence"), Error: bad.Of("recipients")}
	for _, x := range readers {
		c := ui.Choice{Value: x.Ref, Text: x.Name, Chosen: slices.Contains(in.To, x.Ref)}
		if !x.Mail {
			c.Hint = r.T("No mail address is known: they see nothing of it")
		}
		to.Options = append(to.Options, c)
	}
	v.Tick = []ui.Choices{to}
	return r.render(status, templates.AskMore(r.shell(v.Check.Title), v))
}

// scheduleSent is the form as it was sent.
type scheduleSent struct {
	What, Every, Day, Hour string
	To                     []string
}

func (r *request) scheduleFields(in scheduleSent, zone *time.Location, bad ui.Errors) []ui.Field {
	what := ui.Field{Name: "what", Label: r.T("What?"), Kind: "select", Required: true, Error: bad.Of("what")}
	for _, c := range control.Controls {
		what.Options = append(what.Options, ui.Option{Value: c.Key, Text: r.T("%s: everything", c.Full()), Selected: in.What == c.Key})
		for _, key := range c.Populations {
			if p, err := control.PopulationOf(key); err == nil {
				what.Options = append(what.Options, ui.Option{Value: c.Key + "/" + key, Text: c.Full() + ": " + p.Title, Selected: in.What == c.Key+"/"+key})
			}
		}
	}
	hour := ui.Field{Name: "hour", Label: r.T("At what time?"), Hint: r.T("In the time zone %s", zone.String()), Kind: "select", Required: true, Short: true, Error: bad.Of("hour")}
	for h := range 24 {
		hour.Options = append(hour.Options, ui.Option{Value: itoa(h), Text: fmt.Sprintf("%02d:00", h), Selected: in.Hour == itoa(h)})
	}
	return []ui.Field{what, {Name: "day", Label: r.T("On which day?"), Hint: r.T("Of a week 1, Monday, to 7; of a month, or of a quarter, 1 to 28"), Kind: "number", Min: "1", Max: "28", Value: in.Day, Required: true, Short: true, Error: bad.Of("day")}, hour}
}

// plan reads the form. A number that is none is refused as one that is out of its bounds.
func (r *request) plan(tx *db.Tx) (p control.Plan, err error) {
	p.Control, p.Population, _ = strings.Cut(r.field("what"), "/")
	p.Every = r.field("every")
	p.Day, _ = strconv.Atoi(r.field("day"))
	if p.Hour, err = strconv.Atoi(r.field("hour")); err != nil {
		p.Hour = -1
	}
	readers, err := control.Readers(tx)
	for _, ref := range r.PostFormArray("recipients") {
		i := slices.IndexFunc(readers, func(x control.Reader) bool { return x.Ref == ref })
		if i < 0 {
			return p, errs.InvalidFields("nothing was set up", []errs.Field{{Field: "recipients", Rule: "must be people who may read the evidence"}})
		}
		p.Recipients = append(p.Recipients, readers[i].ID)
	}
	return p, err
}

// scheduleAdd sets one up.
func (s *server) scheduleAdd(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	var ref string
	err := r.do(func(tx *db.Tx) error {
		p, err := r.plan(tx)
		if err == nil {
			ref, err = control.Arrange(tx, p)
		}
		return err
	})
	if bad, ok := r.faults(err, nil); ok {
		return s.scheduleForm(r, statusOf(err), "", nil, bad)
	}
	if err != nil {
		return err
	}
	return r.goWith(scheduleURL(ref), ui.Notice{Tone: ui.Good, Title: r.T("It is sent from now on")})
}

// scheduleChange changes one.
func (s *server) scheduleChange(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	var x *control.Schedule
	err := r.do(func(tx *db.Tx) (err error) {
		if x, err = control.ScheduleOf(tx, r.Param("id"), r.arranger()); err != nil {
			return err
		}
		p, err := r.plan(tx)
		if err == nil {
			err = x.Change(tx, p)
		}
		return err
	})
	if bad, ok := r.faults(err, nil); ok && x != nil {
		return s.scheduleForm(r, statusOf(err), x.Ref, nil, bad)
	}
	if err != nil {
		return err
	}
	return r.goWith(scheduleURL(x.Ref), ui.Notice{Tone: ui.Good, Title: r.T("It was changed")})
}

// scheduleAct pauses one, lets it go on, or deletes it.
func (s *server) scheduleAct(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	r.back = ui.Link{Text: r.T("Figures by mail"), URL: schedulesURL}
	to, n := scheduleURL(r.Param("id")), ui.Notice{Tone: ui.Good}
	if err := r.do(func(tx *db.Tx) error {
		x, err := control.ScheduleOf(tx, r.Param("id"), r.arranger())
		if err != nil {
			return err
		}
		switch r.field("act") {
		case "pause":
			n.Title = r.T("It is paused: nothing is sent")
			return x.Pause(tx)
		case "resume":
			n.Title = r.T("It goes on")
			return x.Resume(tx)
		case "delete":
			to, n.Title = schedulesURL, r.T("It is deleted: nothing more is sent")
			return x.Delete(tx)
		}
		return errs.Invalid("say what is to be done: pause, resume or delete")
	}); err != nil {
		return err
	}
	return r.goWith(to, n)
}
