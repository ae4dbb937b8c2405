package web

import (
	"iter"
	"slices"
	"tenure/templates/lang"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/ui"
)

// peopleSpec is the list of people. The choices of its filters are read with it.
var peopleSpec = listSpec{name: "people", label: lang.Mark("People"), path: "/people", search: lang.Mark("Search people"), hint: lang.Mark("Name, number or e-mail"), sort: "name", size: peopleSize,
	filters: []listFilter{
		{name: "state", options: []ui.Option{{Value: "prehire"}, {Value: "active"}, {Value: "leave"}, {Value: "left"}}},
		{name: "department", label: lang.Mark("Department")}, {name: "location", label: lang.Mark("Location")}, {name: "type", label: lang.Mark("Worker type")},
		{name: "has", label: lang.Mark("Has"), options: []ui.Option{{Text: lang.Mark("Anything")}, {Value: "privileged", Text: lang.Mark("Privileged access")}, {Value: "out_of_band", Text: lang.Mark("Access out of band")},
			{Value: "dormant", Text: lang.Mark("A dormant account")}, {Value: "manager_left", Text: lang.Mark("A manager who left")}}},
		{name: "manager"}, {name: "rule"}, {name: "role"},
	},
	columns: []listColumn{{key: "name", text: lang.Mark("Name"), sorted: true, fixed: true}, {key: "number", text: lang.Mark("Number"), sorted: true}, {key: "state", text: lang.Mark("State")},
		{key: "department", text: lang.Mark("Department"), sorted: true}, {key: "title", text: lang.Mark("Title")}, {key: "location", text: lang.Mark("Location"), off: true}, {key: "type", text: lang.Mark("Worker type"), off: true},
		{key: "manager", text: lang.Mark("Manager")}, {key: "since", text: lang.Mark("Since"), sorted: true, off: true}, {key: "accounts", text: lang.Mark("Accounts"), number: true, off: true}, {key: "grants", text: lang.Mark("Grants"), number: true, off: true}},
}

// peopleSize is how many lines a page has: about what a screen shows at once. A line costs a reading of the person, the employment, the
// manager and all that they hold, and a search finds sooner than paging.
const peopleSize = 25

// choicesMost is how many departments, locations and worker types a filter offers.
const choicesMost = 300

// peopleChoices is the spec with the choices there are.
func (r *request) peopleChoices(tx *db.Tx) (*listSpec, error) {
	spec := peopleSpec
	spec.filters = slices.Clone(spec.filters)
	values, err := identity.Choices(tx, choicesMost)
	if err != nil {
		return nil, err
	}
	for i := range spec.filters {
		f := &spec.filters[i]
		column := map[string]string{"department": "department", "location": "location", "type": "worker_type"}[f.name]
		if column == "" {
			continue
		}
		f.options = []ui.Option{{Text: r.T("All")}}
		for _, v := range values[column] {
			f.options = append(f.options, ui.Option{Value: v, Text: v})
		}
	}
	return &spec, nil
}

// peopleList shows people: everybody, or for a manager those who report to them, through others as well.
func (s *server) peopleList(r *request) error {
	var v templates.PeopleView
	var file iter.Seq2[[]string, error]
	err := r.read(func(tx *db.Tx) error {
		l, err := r.list(&peopleSpec)
		if err != nil {
			return err
		}
		if !l.csv {
			return r.peoplePage(tx, l, &v)
		}
		if l, err = r.peopleAsked(tx); err != nil {
			return err
		}
		f, err := r.peopleFilter(tx, l)
		if err != nil {
			return err
		}
		file = r.peopleLines(tx, f, l.page())
		return r.sendCSV("people", peopleHead, file)
	})
	if err != nil || file != nil {
		return err
	}
	return r.show(templates.People(r.shell(r.T("People")), v))
}

// peopleAsked reads the address against the choices there are: a value that nobody has is refused.
func (r *request) peopleAsked(tx *db.Tx) (*list, error) {
	spec, err := r.peopleChoices(tx)
	if err != nil {
		return nil, err
	}
	return r.list(spec)
}

// peopleFilter makes what the room is asked for of what the address says, within what the reader may see.
func (r *request) peopleFilter(tx *db.Tx, l *list) (identity.Filter, error) {
	f := identity.Filter{Text: l.query, State: identity.State(l.filter("state")), Department: l.filter("department"), Location: l.filter("location"),
		WorkerType: l.filter("type"), Mark: l.filter("has")}
	if ref := l.filter("manager"); ref != "" {
		p, ok, err := identity.ByRef(tx, ref)
		if err != nil {
			return f, err
		}
		if ok && p.ID != r.who.ID && !r.may("person.read_any") {
			if ok, err = r.manages(tx, p.ID); err != nil {
				return f, err
			}
		}
		if !ok {
			return f, errs.Invalid("there is no such manager to filter by")
		}
		f.Manager = p.ID
	}
	if rule, role := l.filter("rule"), l.filter("role"); rule+role != "" && r.may("policy.read") {
		if err := r.givenTo(tx, &f, rule, role); err != nil {
			return f, err
		}
	}
	if r.may("person.read_any") {
		return f, nil
	}
	team, err := r.people(tx, true, 5000)
	if f.Among == nil {
		f.Among = append([]int{}, team...)
	} else {
		f.Among = slices.DeleteFunc(f.Among, func(id int) bool { return !slices.Contains(team, id) })
	}
	return f, err
}

// givenTo narrows a list to the people to whom a rule or role gives something.
func (r *request) givenTo(tx *db.Tx, f *identity.Filter, rule, role string) error {
	pol, err := policy.Load(tx)
	if err != nil {
		return err
	}
	kind, name := policy.KindRule, rule
	if name == "" {
		kind, name = policy.KindRole, role
	}
	f.Among = []int{}
	for _, o := range pol.Objects(kind) {
		if o.Name == name {
			f.Among, err = access.GivenTo(tx, o.ID)
		}
	}
	return err
}

// peoplePage makes the page. What the address asks for is read together with the choices by which the address is judged.
func (r *request) peoplePage(tx *db.Tx, l *list, v *templates.PeopleView) error {
	var asked *list
	var drawn ui.Grid
	var f identity.Filter
	var states map[identity.State]int
	var lines []*identity.Line
	var held map[int]access.Held
	more := false
	if err := db.Together(tx, func(tx *db.Tx) (err error) { // what counting grants knows of
		if !l.hidden("grants") {
			_, err = catalog.Load(tx)
		}
		return err
	},
		func(tx *db.Tx) (err error) { asked, err = r.peopleAsked(tx); return err },
		func(tx *db.Tx) (err error) {
			if f, err = r.peopleFilter(tx, l); err != nil {
				return err
			}
			return db.Together(tx, func(tx *db.Tx) (err error) { states, err = identity.CountStates(tx, f); return err },
				func(tx *db.Tx) (err error) {
					if lines, more, err = identity.Bare(tx, f, l.page()); err != nil {
						return err
					}
					return db.Together(tx, func(tx *db.Tx) error { return identity.Fill(tx, lines) },
						func(tx *db.Tx) (err error) { held, err = l.held(tx, lines); return err })
				})
		},
		func(tx *db.Tx) error { return r.views(tx, l, &drawn) }); err != nil {
		return err
	}
	l = asked
	g := l.grid()
	g.Views = drawn.Views
	r.peopleRows(lines, held, &g)
	all, of := 0, 0
	for s, n := range states {
		all += n
		if f.State == "" || f.State == s {
			of += n
		}
	}
	chip := func(text, state string, n int) ui.Chip {
		c := l.chip(text, "state", state)
		if c.Count, c.Counted = n, true; n > countCap {
			c.Counted, c.Text = false, l.T(text)+" "+upTo(n).in(l.Language)
		}
		return c
	}
	g.Filter.Chips = append(g.Filter.Chips, chip(r.T("All"), "", all))
	for _, x := range peopleStates {
		g.Filter.Chips = append(g.Filter.Chips, chip(x.word, string(x.state), states[x.state]))
	}
	if n := len(lines); n > 0 {
		at := func(x *identity.Line) []string { return []string{x.Key, itoa(x.ID)} }
		l.pages(&g, n, at(lines[0]), at(lines[n-1]), more, upTo(of))
	} else {
		l.pages(&g, 0, nil, nil, false, total{})
	}
	v.Lead = sentence(r.T("%s, %s of them active", r.countWord(all, "person", "people"), upTo(states[identity.Active]).in(r.Language)))
	switch {
	case !r.may("person.read_any"):
		v.Lead = r.T("Who reports to you, directly or through others: %s.", upTo(all).in(r.Language))
	case f.Among != nil:
		v.Lead = sentence(r.T("%s something by %s%s", r.countWord(all, "person has", "people have"), l.filter("rule"), l.filter("role")))
	}
	if f.Mark != "" {
		v.Lead += r.T(" Who has what is noted every five minutes.")
	}
	g.Blank = ui.Blank{Icon: "users", Title: r.T("Nobody here yet"), Text: r.T("People come from an HR source. Connect one, or upload its first file."), Link: ui.Link{Text: r.T("HR sources"), URL: r.to("hr.read", "/hr/sources")}}
	if !r.may("person.read_any") {
		g.Blank = ui.Blank{Icon: "users", Title: r.T("Nobody reports to you"), Text: r.T("Who reports to whom comes from HR.")}
	}
	g.NoMatch.Title, g.NoMatch.Text = r.T("Nobody matches"), r.T("No person has a word of the name, number or e-mail address that begins like this, with these filters.")
	g.Bulk = ui.Bulk{Action: "/people/chosen", Total: upTo(of).in(r.Language), All: l.all(tx.Now), Acts: []ui.BulkAct{{Value: "export", Text: r.T("Export as CSV"), Icon: "download"}}}
	if r.may("application.check_any") {
		g.Bulk.Acts = append(g.Bulk.Acts, ui.BulkAct{Value: "check", Text: r.T("Check their targets now"), Icon: "refresh"})
	}
	v.Grid = g
	return nil
}

// held counts what the people of a page hold, unless nobody sees it.
func (l *list) held(tx *db.Tx, lines []*identity.Line) (map[int]access.Held, error) {
	if l.hidden("accounts") && l.hidden("grants") {
		return nil, nil
	}
	ids := make([]int, len(lines))
	for i, x := range lines {
		ids[i] = x.ID
	}
	return access.CountHeld(tx, ids)
}

func (r *request) peopleRows(lines []*identity.Line, held map[int]access.Held, g *ui.Grid) {
	for _, x := range lines {
		page, next := personURL(x.PublicID), ""
		switch {
		case x.Locked():
			next = "terminated"
		case x.FirstDay != nil:
			next = r.T("starts on %s", r.day(*x.FirstDay))
		case x.LastDay != nil:
			next = r.T("leaves on %s", r.day(*x.LastDay))
		}
		var manager ui.Link
		managerState := ""
		if x.Manager != nil {
			manager, managerState = ui.Link{Text: x.Manager.Name, URL: r.to("person.read_any", personURL(x.Manager.PublicID))}, awayState(x.Manager)
		}
		row := templates.PersonCells(r.Request.Context(), templates.PersonRow{Name: x.Name, URL: page, Number: deref(x.Number), State: string(x.State), Next: next, Department: x.Department,
			Title: x.Title, Location: x.Location, Type: x.Type, Manager: manager, ManagerState: managerState, Since: r.at(x.Since), Accounts: held[x.ID].Accounts, Grants: held[x.ID].Grants})
		row.ID = x.PublicID
		g.Rows = append(g.Rows, row)
	}
}

// awayState is the state of a manager who does not manage now; "" for one who does. Who left still stands as the manager of people
// until HR names another one.
func awayState(manager *identity.Person) string {
	if manager.State == identity.Active && !manager.Locked() {
		return ""
	}
	return string(manager.State)
}

var peopleHead = []string{"name", "number", "email", "state", "department", "title", "location", "worker_type", "manager", "since", "first_day", "last_day", "id"}

// peopleLines gives a filtered list line by line, a thousand at a time.
func (r *request) peopleLines(tx *db.Tx, f identity.Filter, page db.Page) iter.Seq2[[]string, error] {
	page.After, page.Back, page.Limit = nil, false, 1000
	return func(yield func([]string, error) bool) {
		for {
			lines, more, err := identity.List(tx, f, page)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, x := range lines {
				if !yield(personLine(x), nil) {
					return
				}
			}
			if !more {
				return
			}
			last := lines[len(lines)-1]
			page.After = []string{last.Key, itoa(last.ID)}
		}
	}
}
