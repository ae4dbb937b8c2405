package web

import (
	"iter"
	"net/http"
	"tenure/templates/lang"
	"time"

	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/ui"
)

// givenMost is how many lines the list of portal roles shows: more hold one only where something is wrong.
const givenMost = 500

// rolesSpec is the list of who has which portal role.
var rolesSpec = listSpec{name: "roles", label: lang.Mark("Portal roles"), path: "/portal/roles", sort: "",
	filters: []listFilter{{name: "role", options: []ui.Option{{Value: policy.Administrator}, {Value: policy.Compliance}, {Value: policy.IT}, {Value: policy.HR}, {Value: policy.Auditor}}}},
	columns: []listColumn{{key: "name", text: lang.Mark("Person"), fixed: true}, {key: "role", text: lang.Mark("Role"), fixed: true}, {key: "since", text: lang.Mark("Since")}, {key: "until", text: lang.Mark("Until")}, {key: "by", text: lang.Mark("Given by")}, {key: "reason", text: lang.Mark("Because")}},
}

// roleAbouts say what a given role is for.
var roleAbouts = map[string]string{
	policy.Administrator: lang.Mark("Decides who has which role and what the roles may do, and has all other roles."),
	policy.Compliance:    lang.Mark("Releases what is held, ends access at once, reads everything."),
	policy.IT:            lang.Mark("Connects applications, watches operations and repairs them."),
	policy.HR:            lang.Mark("Loads HR files and releases those that others loaded."),
	policy.Auditor:       lang.Mark("Reads everything and changes nothing."),
}

// portalRoles lists who has which portal role.
func (s *server) portalRoles(r *request) error {
	l, err := r.list(&rolesSpec)
	if err != nil {
		return err
	}
	var given []auth.Given
	g := l.grid()
	if err := r.read(func(tx *db.Tx) (err error) {
		if given, err = auth.GivenRoles(tx, l.filter("role"), givenMost+1); err != nil || l.csv {
			return err
		}
		return r.views(tx, l, &g)
	}); err != nil {
		return err
	}
	if l.csv {
		return r.sendCSV("portal-roles", []string{"person", "id", "state", "role", "since", "until", r.T("given by"), "reason"}, givenLines(given))
	}
	g.Filter.Chips = append(g.Filter.Chips, l.chip(r.T("All"), "role", ""))
	for _, role := range rolesSpec.filters[0].options {
		g.Filter.Chips = append(g.Filter.Chips, l.chip(r.roleWord([]string{role.Value}), "role", role.Value))
	}
	g.Pager.Text = r.Plural(len(given), "role is given", "roles are given")
	if len(given) > givenMost {
		given = given[:givenMost]
		g.Pager.Text = r.T("The first %s are shown: choose a role above, or export the list.", r.Int(givenMost))
	}
	for i := range given {
		g.Rows = append(g.Rows, r.givenRow(&given[i]))
	}
	g.NoMatch = ui.Blank{Icon: "users", Title: r.T("Nobody has this role"), Text: r.T("Give it to somebody if its work is to be done by a person of its own."), Link: ui.Link{Text: r.T("Show all roles"), URL: l.clear()}}
	g.Blank = ui.Blank{Icon: "users", Title: r.T("Nobody has a portal role"), Text: r.T("The first administrator is made at the command line.")}
	v := templates.PortalRolesView{Lead: r.T("Managers and owners follow from facts and are not listed: people are told from HR who reports to them, and applications name their owner."),
		Grid: g, GiveURL: r.to("portal.give", "/portal/roles/give")}
	return r.show(templates.PortalRoles(r.shell(r.T("Portal roles")), v))
}

func (r *request) givenRow(g *auth.Given) ui.Row {
	v := templates.PortalRoleRow{Name: g.Name, Role: r.roleWord([]string{g.Role}), Since: r.at(g.At), By: g.By, Reason: g.Reason}
	if g.Until != nil {
		v.Until = r.at(*g.Until)
	}
	switch {
	case g.Kind != "person":
		v.Second = r.T("An account of the portal only")
	default:
		v.URL = r.to("person.read_any", personURL(g.Ref))
	}
	if g.Locked || g.Kind == "person" && g.State != string(identity.Active) {
		v.Idle = r.T("Not in force: the person is not here at present")
	}
	if g.Over {
		v.Idle = r.T("Not in force: its time is over")
	}
	if g.Person != r.who.ID || g.Role != policy.Administrator {
		v.TakeURL = r.to("portal.give", takeURL(g.ID))
	}
	return templates.PortalRoleCells(r.Request.Context(), v)
}

func takeURL(id int) string { return "/portal/roles/" + itoa(id) + "/take" }

func givenLines(given []auth.Given) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for _, g := range given {
			until := ""
			if g.Until != nil {
				until = g.Until.UTC().Format(time.RFC3339)
			}
			if !yield([]string{g.Name, g.Ref, g.State, g.Role, g.At.UTC().Format(time.RFC3339), until, g.By, g.Reason}, nil) {
				return
			}
		}
	}
}

// roleGiveAsk asks who is given which role, and why.
func (s *server) roleGiveAsk(r *request) error { return s.roleGivePage(r, http.StatusOK, nil) }

func (s *server) roleGivePage(r *request, status int, bad ui.Errors) error {
	roles := ui.Choices{Name: "role", Label: r.T("Role"), Required: true, Error: bad.Of("role")}
	for _, role := range auth.Givable {
		roles.Options = append(roles.Options, ui.Choice{Value: role, Text: r.roleWord([]string{role}), Hint: r.T(roleAbouts[role]), Chosen: r.field("role") == role})
	}
	v := templates.AskMoreView{Up: []ui.Link{{Text: r.T("Portal roles"), URL: "/portal/roles"}},
		Check: ui.Check{Action: "/portal/roles/give", Title: r.T("Give a portal role"), Reason: r.T("Reason"), Value: r.field("reason"), Errors: bad,
			Will:   []string{r.T("The person has the role from their next click on."), r.T("Who gave it, when and why stands in the log for auditors.")},
			Not:    []string{r.T("You cannot give a role to yourself: another administrator does that.")},
			Button: ui.Buttons{Text: r.T("Give the role"), Icon: "key", Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: "/portal/roles"}}},
		Fields: []ui.Field{{Name: "person", Label: r.T("Person"), Kind: "text", Value: r.field("person"), Hint: r.T("Number, e-mail address or full name"), Required: true, Auto: "off", Error: bad.Of("person")},
			{Name: "until", Label: r.T("Last day, of an auditor"), Kind: "date", Value: r.field("until"), Hint: r.T("The role ends with this day by itself. Leave it empty for a role without an end."), Short: true, Error: bad.Of("until")}},
		Choices: []ui.Choices{roles}}
	return r.render(status, templates.AskMore(r.shell(v.Check.Title), v))
}

// found gives the person whom a field of a form names, or why there is none.
func found(tx *db.Tx, text string) (*identity.Person, error) {
	if text == "" {
		return nil, errs.InvalidFields("the person", []errs.Field{{Field: "person", Rule: "is required"}})
	}
	p, err := identity.Find(tx, text)
	if k := errs.KindOf(err); err != nil && (k == errs.KindNotFound || k == errs.KindConflict) {
		return nil, errs.Invalid("%w", err)
	}
	return p, err
}

// roleGive gives it.
func (s *server) roleGive(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	r.back = ui.Link{Text: r.T("Portal roles"), URL: "/portal/roles"}
	var p *identity.Person
	err := r.do(func(tx *db.Tx) (err error) {
		if p, err = found(tx, r.field("person")); err != nil {
			return err
		}
		until, err := r.lastDayOf("until")
		if err != nil {
			return err
		}
		return auth.GiveRole(tx, p, r.field("role"), r.field("reason"), until)
	})
	if bad, ok := r.faults(err, map[string]string{"": "person"}); ok {
		return s.roleGivePage(r, statusOf(err), bad)
	}
	if err != nil {
		return err
	}
	return r.goWith("/portal/roles", ui.Notice{Tone: ui.Good, Title: r.T("%s has the role %s", p.Name, r.roleWord([]string{r.field("role")})), Text: r.T("It is in force at once.")})
}

// lastDayOf reads the end of a day that a form names, where the reader is; nil for none.
func (r *request) lastDayOf(name string) (*time.Time, error) {
	text := r.field(name)
	if text == "" {
		return nil, nil
	}
	day, err := time.ParseInLocation(time.DateOnly, text, r.zoneOr())
	if err != nil {
		return nil, errs.InvalidFields("the day", []errs.Field{{Field: name, Rule: "must be a day such as 2026-03-31"}})
	}
	end := day.AddDate(0, 0, 1)
	return &end, nil
}

// roleTakeAsk asks before a role is taken.
func (s *server) roleTakeAsk(r *request) error { return s.roleTakePage(r, http.StatusOK, nil) }

func (s *server) roleTakePage(r *request, status int, bad ui.Errors) error {
	id, err := r.number("id")
	if err != nil {
		return nothing("portal role")
	}
	var g *auth.Given
	if err := r.read(func(tx *db.Tx) (err error) { g, err = auth.GivenRole(tx, id); return err }); err != nil {
		return err
	}
	word := r.roleWord([]string{g.Role})
	v := templates.AskMoreView{Up: []ui.Link{{Text: r.T("Portal roles"), URL: "/portal/roles"}},
		Check: ui.Check{Action: takeURL(id), Title: r.T("Take the role %s from %s?", word, g.Name), Reason: r.T("Reason"), Value: r.field("reason"), Errors: bad,
			Facts:  []ui.Line{{Name: r.T("Person"), Text: g.Name, Link: r.personLink(g)}, {Name: r.T("Role"), Text: word}, {Name: r.T("Given"), Text: r.at(g.At).Text}, {Name: r.T("By"), Text: g.By}, {Name: r.T("Because"), Text: g.Reason}},
			Will:   []string{r.T("Pages of this role are refused from the person's next click on."), r.T("Their tokens lose the role, too.")},
			Not:    []string{r.T("Nothing that the person decided is undone."), r.T("Their other roles stay, and so does their access to applications.")},
			Button: ui.Buttons{Text: r.T("Take the role"), Icon: "user-minus", Danger: true, Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: "/portal/roles"}}}}
	return r.render(status, templates.AskMore(r.shell(v.Check.Title), v))
}

func (r *request) personLink(g *auth.Given) string {
	if g.Kind != "person" {
		return ""
	}
	return r.to("person.read_any", personURL(g.Ref))
}

// roleTake takes it. The last administrator stays.
func (s *server) roleTake(r *request) error {
	id, err := r.number("id")
	if err != nil {
		return nothing("portal role")
	}
	if err := r.form(); err != nil {
		return err
	}
	r.back = ui.Link{Text: r.T("Portal roles"), URL: "/portal/roles"}
	var g *auth.Given
	err = r.do(func(tx *db.Tx) (err error) { g, err = auth.TakeRole(tx, id, r.field("reason")); return err })
	if bad, ok := r.faults(err, map[string]string{"": "reason"}); ok {
		return s.roleTakePage(r, statusOf(err), bad)
	}
	if err != nil {
		return err
	}
	return r.goWith("/portal/roles", ui.Notice{Tone: ui.Good, Title: r.T("%s no longer has the role %s", g.Name, r.roleWord([]string{g.Role})), Text: r.T("It is out of force at once.")})
}
