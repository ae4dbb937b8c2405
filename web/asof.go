package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/templates"
	"tenure/templates/lang"
	"tenure/templates/ui"
)

const asOfURL = evidenceURL + "/as-of"

// asOfSpec is the list of what was held. The question stands in its address like filters do.
var asOfSpec = listSpec{name: "as-of", label: lang.Mark("What was held"), path: "/evidence/as-of", other: []string{"person", "what", "at", "known", "compare"}, size: 25,
	columns: []listColumn{{key: "person", text: lang.Mark("Person"), fixed: true}, {key: "change", text: lang.Mark("Change")}, {key: "entitlement", text: lang.Mark("Entitlement"), fixed: true}, {key: "why", text: lang.Mark("Why, and who decided it")},
		{key: "state", text: lang.Mark("What the target showed")}}}

// past is a question about the past as the address asks it.
type past struct {
	audit.Ask
	person *identity.Person
	cat    *catalog.Catalog
	what   string
	now    time.Time // business time
}

// asOf says who held what on a date, why and who decided it, and what two dates have in common.
func (s *server) asOf(r *request) error {
	if !r.may("person.read_any") {
		return errs.Forbidden("your account does not have the right to open everybody's page (person.read_any)")
	}
	v := templates.ThenView{Action: asOfURL}
	sent := false
	err := r.read(func(tx *db.Tx) error {
		l, err := r.list(&asOfSpec)
		if err != nil {
			return err
		}
		p, asked, err := r.past(tx, &v)
		if err != nil {
			return err
		}
		r.pastForm(p, &v)
		switch {
		case !asked || len(v.Errors) > 0:
			return nil
		case l.csv:
			sent = true
			return r.pastFile(tx, p)
		}
		return r.pastAnswer(tx, p, l, &v)
	})
	if err != nil || sent {
		return err
	}
	status := http.StatusOK
	if len(v.Errors) > 0 {
		status = http.StatusBadRequest
	}
	return r.render(status, templates.Then(r.shell(r.T("Who held what, and when")), v))
}

// past reads the question. What is wrong is told at the fields.
func (r *request) past(tx *db.Tx, v *templates.ThenView) (p *past, asked bool, err error) {
	p = &past{now: tx.Now}
	if p.cat, err = catalog.Load(tx); err != nil {
		return nil, false, err
	}
	// at takes what a field says, or the fault that it has.
	at := func(field string, read func(text string) error) error {
		text := r.value(field)
		if text == "" {
			return nil
		}
		asked = true
		err := read(text)
		if err == nil {
			return nil
		}
		if errs.KindOf(err) == errs.KindNotFound {
			v.Errors = append(v.Errors, ui.FieldError{Field: field, Text: sentence(r.T(err.Error()))})
			return nil
		}
		found, ok := r.faults(err, map[string]string{"": field})
		if ok {
			v.Errors, err = append(v.Errors, found...), nil
		}
		return err
	}
	known, err := tx.Known()
	if err != nil {
		return nil, false, err
	}
	zone := r.inZone(tx.Now).Location()
	p.At = tx.Now
	return p, asked || r.Query("at") != "", firstError(
		at("person", func(text string) (err error) {
			if p.person, err = identity.Find(tx, text); err == nil {
				p.People = []int{p.person.ID}
			}
			return err
		}),
		at("what", func(text string) error { return p.About(p.cat, text) }),
		at("at", func(text string) (err error) { p.At, err = audit.When(text, zone, tx.Now); return err }),
		at("known", func(text string) (err error) { p.Known, err = audit.When(text, zone, known); return err }),
		at("compare", func(text string) (err error) { p.Than, err = audit.When(text, zone, tx.Now); return err }))
}

// asOfOf is where the same is told of a person's past, with who decided it.
func asOfOf(p *identity.Person, at, compare, known string) string {
	who := deref(p.Number)
	if who == "" {
		who = p.PublicID
	}
	return link(asOfURL, "person", who, "at", at, "compare", compare, "known", known)
}

// firstError gives the first of them that is one.
func firstError(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *request) pastForm(p *past, v *templates.ThenView) {
	today := r.inZone(p.now).Format(time.DateOnly)
	date := func(name, label, hint, value string) ui.Field {
		return ui.Field{Name: name, Label: label, Kind: "date", Value: value, Hint: hint, Min: "1900-01-01", Max: today, Short: true, Error: v.Errors.Of(name)}
	}
	at := date("at", r.T("On which date"), r.T("Its end, in your time zone (%s).", r.inZone(p.now).Location()), cmp.Or(r.value("at"), today))
	at.Required = true
	v.Fields = []ui.Field{
		{Name: "person", Label: r.T("Whose access"), Kind: "text", Value: r.value("person"), Hint: r.T("Number, e-mail address or full name; everybody when it is empty"), Auto: "off", Error: v.Errors.Of("person")},
		{Name: "what", Label: r.T("To what"), Kind: "text", Value: r.value("what"), Hint: r.T("An application, or an entitlement such as crm/staff"), Auto: "off", List: "as-of-what", Error: v.Errors.Of("what")},
		at,
		date("compare", r.T("Compared with"), r.T("What was gained, lost and kept between the two dates."), r.value("compare")),
		date("known", r.T("As was known on"), r.T("What Tenure learned afterwards is left out. Empty: as is known now."), r.value("known"))}
	v.What = templates.Suggestion{ID: "as-of-what"}
	for _, name := range sortedKeys(p.cat.AppNamed) {
		v.What.Options = append(v.What.Options, ui.Option{Value: name, Text: p.cat.AppNamed[name].Title})
	}
	apps := len(v.What.Options)
	for id, e := range p.cat.Entitlements {
		if ref := p.cat.Ref(id); ref != "" && e.Kind != catalog.AccountKind {
			v.What.Options = append(v.What.Options, ui.Option{Value: ref, Text: e.Title})
		}
	}
	slices.SortFunc(v.What.Options[apps:], func(a, b ui.Option) int { return strings.Compare(a.Value, b.Value) })
	v.What.Options = v.What.Options[:min(len(v.What.Options), suggestMost)]
}

func (r *request) pastFile(tx *db.Tx, p *past) error {
	return r.sendCSV("access-as-of", audit.AsOfHead, func(yield func([]string, error) bool) {
		for b, err := range p.Each(tx) {
			if err != nil {
				yield(nil, err)
				return
			}
			for _, line := range p.AsOfCells(b) {
				if !yield(line, nil) {
					return
				}
			}
		}
	})
}

func (r *request) pastAnswer(tx *db.Tx, p *past, l *list, v *templates.ThenView) error {
	page := l.page()
	all, places, more, err := p.Page(tx, page)
	if err != nil {
		return err
	}
	pol, err := audit.PolicyAt(tx, p.Moment)
	if err != nil {
		return err
	}
	a := &templates.ThenAnswer{Title: r.pastTitle(p)}
	a.Notes = r.pastNotes(p, pol)
	if p.person != nil && len(all) == 1 {
		r.pastPerson(p, all[0], a)
	}
	g := l.grid()
	if p.Than.IsZero() {
		g.Columns[1].Hidden = true
	}
	lines := 0
	for _, b := range all {
		lines += len(b.Lines)
		g.Rows = append(g.Rows, r.pastRows(p, b)...)
	}
	g.Blank = ui.Blank{Icon: "key", Title: r.T("Nobody held it then"), Text: r.T("No reason of that time is known, and no target was read before it that showed anything.")}
	if p.person != nil {
		g.Blank.Title = r.T("Held nothing then")
	}
	if n := len(all); n > 0 {
		l.pages(&g, n, places[0], places[n-1], more, total{})
		g.Pager.Text = r.T("%s: %s", r.Plural(n, "person", "people"), r.Plural(lines, "line", "lines"))
	} else {
		l.pages(&g, 0, nil, nil, false, total{})
	}
	a.Grid, v.Answer = g, a
	return nil
}

func (r *request) pastTitle(p *past) string {
	what := ""
	switch {
	case p.Entitlement != 0:
		what = r.titleOf(p.cat.Entitlements[p.Entitlement], p.cat)
	case p.Application != 0:
		what = p.cat.Apps[p.Application].Title
	}
	switch {
	case p.person != nil && what != "":
		return r.T("What %s held: %s", p.person.Name, what)
	case p.person != nil:
		return r.T("What %s held", p.person.Name)
	case what != "":
		return r.T("Who held it: %s", what)
	}
	return r.T("Who held what")
}

// pastNotes says of when and as known when the answer is.
func (r *request) pastNotes(p *past, pol *audit.PolicyThen) []string {
	at := func(t time.Time) string { return r.Date(r.inZone(t), "2 January 2006, 15:04 MST") }
	var out []string
	from, to := p.At, p.Than
	if to.Before(from) {
		from, to = to, from
	}
	switch {
	case !p.Than.IsZero():
		out = append(out, r.T("From %s to %s.", at(from), at(to)))
	default:
		out = append(out, r.T("As of %s.", at(p.At)))
	}
	if p.Known.IsZero() {
		out[0] += " " + r.T("As is known now.")
	} else {
		out[0] += " " + r.T("As was known %s.", at(p.Known))
	}
	if pol != nil {
		out = append(out, r.T("Version %d of the policy was in force, applied %s by %s.", pol.Version, r.at(pol.Applied).Text, pol.By))
	}
	return out
}

// pastPerson says of one person what their work was, and leads to their page on the same date.
func (r *request) pastPerson(p *past, b *audit.Bearer, a *templates.ThenAnswer) {
	a.Facts = []ui.Line{{Name: r.T("Work"), Text: r.worked(&b.Then)}}
	if b.Before != nil {
		a.Facts = []ui.Line{{Name: r.T("At first"), Text: r.worked(b.Before)}, {Name: r.T("At last"), Text: r.worked(&b.Then)}}
	}
	if m := b.Then.Manager; m != nil {
		a.Facts = append(a.Facts, ui.Line{Name: r.T("Manager"), Text: m.Name, Link: personURL(m.PublicID)})
	}
	a.Page = ui.Link{Text: r.T("The page of %s on this date", p.person.Name), URL: p.page(r, p.person)}
}

// page is somebody's page on the date that is asked for.
func (p *past) page(r *request, who *identity.Person) string {
	day := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return r.inZone(t).Format(time.DateOnly)
	}
	return link(personURL(who.PublicID), "as_of", day(p.At), "compare", day(p.Than), "known", day(p.Known)) + "#holds"
}

// worked says in a sentence what somebody's work was.
func (r *request) worked(s *audit.Work) string {
	if s.Job == nil {
		return r.T("HR had not told of this person then.")
	}
	job := r.jobWords(s.Job.Attrs)
	switch s.State {
	case identity.Prehire:
		return r.T("Had not started yet: %s, from %s.", job, r.day(s.Job.FirstDay))
	case identity.Leave:
		return r.T("On leave: %s.", job)
	case identity.Left:
		return r.T("Did not work here then; the last job was %s.", job)
	}
	return r.T("Worked as %s.", job)
}

func (r *request) pastRows(p *past, b *audit.Bearer) []ui.Row {
	address := p.page(r, b.Person)
	who := ui.Main(b.Person.Name, address, r.worked(&b.Then))
	var out []ui.Row
	for i := range b.Lines {
		x := &b.Lines[i]
		e := x.EntitlementID()
		name, app := r.titleOf(p.cat.Entitlements[e], p.cat), p.cat.Apps[x.ApplicationID].Title
		var why []templates.ThenReason
		g := r.grant(&x.Grant)
		for k, reason := range g.Reasons {
			one := templates.ThenReason{Reason: reason}
			for _, d := range x.Reasons[k].By {
				one.By = append(one.By, r.deed(&d))
			}
			why = append(why, one)
		}
		state := ""
		switch {
		case x.LastRead > 0 && x.AtTarget:
			state = r.T("shown by reading #%d, %s", x.LastRead, r.at(x.LastReadAt).Text)
		case x.LastRead > 0:
			state = r.T("not shown by reading #%d, %s", x.LastRead, r.at(x.LastReadAt).Text)
		}
		out = append(out, ui.Row{Name: b.Person.Name + ", " + name, URL: address, Quiet: x.Change == audit.Lost,
			Cells: []templ.Component{who, templates.ThenChange(x.Change), templates.Unusual(name, app, x.Privileged), templates.ThenWhy(why), templates.ThenState(x.State, state, strings.Join(x.Accounts, ", "))}})
	}
	if out == nil && p.person == nil {
		out = append(out, ui.Row{Name: b.Person.Name, URL: address, Quiet: true, Cells: []templ.Component{who, ui.Nothing(r.T("none")), ui.Words(r.T("held nothing")), ui.Nothing(r.T("none")), ui.Nothing(r.T("none"))}})
	}
	return out
}

// deed says who decided something and when.
func (r *request) deed(d *audit.Deed) string {
	at := r.day(r.inZone(d.At))
	switch d.Did {
	case audit.Approved:
		return r.T("approved by %s, %s", d.Who, at)
	case audit.MadeMember:
		return r.T("made a member by %s, %s", d.Who, at)
	case audit.Accepted:
		return r.T("accepted by %s, %s", d.Who, at)
	case audit.PlannedPolicy:
		return r.T("the policy was planned by %s, %s", d.Who, at)
	}
	return r.T("the policy was applied by %s, %s", d.Who, at)
}
