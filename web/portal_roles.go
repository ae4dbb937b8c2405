package web

import (
	"iter"
	"net/http"
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
var rolesSpec = listSpec{name: "roles", label: "Portal roles", path: "/portal/roles", sort: "",
	filters: []listFilter{{name: "role", options: []ui.Option{{Value: policy.Administrator}, {Value: policy.Compliance}, {Value: policy.IT}, {Value: policy.HR}, {Value: policy.Auditor}}}},
	columns: []listColumn{{key: "name", text: "Person", fixed: true}, {key: "role", text: "Role", fixed: true}, {key: "since", text: "Since"}, {key: "by", text: "Given by"}, {key: "reason", text: "Because"}},
}

// roleAbouts say what a given role is for.
var roleAbouts = map[string]string{
	policy.Administrator: "Decides who has which role and what the roles may do, and has all other roles.",
	policy.Compliance:    "Releases what is held, ends access at once, reads everything.",
	policy.IT:            "Connects applications, watches operations and repairs them.",
	policy.HR:            "Loads HR files and releases those that others loaded.",
	policy.Auditor:       "Reads everything and changes nothing.",
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
		return r.sendCSV("portal-roles", []string{"person", "id", "state", "role", "since", "given by", "reason"}, givenLines(given))
	}
	g.Filter.Chips = append(g.Filter.Chips, l.chip("All", "role", ""))
	for _, role := range rolesSpec.filters[0].options {
		g.Filter.Chips = append(g.Filter.Chips, l.chip(roleWord([]string{role.Value}), "role", role.Value))
	}
	g.Pager.Text = plural(len(given), "role is given", "roles are given")
	if len(given) > givenMost {
		given = given[:givenMost]
		g.Pager.Text = "The first " + ui.Int(givenMost) + " are shown: choose a role above, or export the list."
	}
	for i := range given {
		g.Rows = append(g.Rows, r.givenRow(&given[i]))
	}
	g.NoMatch = ui.Blank{Icon: "users", Title: "Nobody has this role", Text: "Give it to somebody if its work is to be done by a person of its own.", Link: ui.Link{Text: "Show all roles", URL: l.clear()}}
	g.Blank = ui.Blank{Icon: "users", Title: "Nobody has a portal role", Text: "The first administrator is made at the command line."}
	v := templates.PortalRolesView{Lead: "Managers and owners follow from facts and are not listed: people are told from HR who reports to them, and applications name their owner.",
		Grid: g, GiveURL: r.to("portal.give", "/portal/roles/give")}
	return r.show(templates.PortalRoles(r.shell("Portal roles"), v))
}

func (r *request) givenRow(g *auth.Given) ui.Row {
	v := templates.PortalRoleRow{Name: g.Name, Role: roleWord([]string{g.Role}), Since: r.at(g.At), By: g.By, Reason: g.Reason}
	switch {
	case g.Kind != "person":
		v.Second = "An account of the portal only"
	default:
		v.URL = r.to("person.read_any", personURL(g.Ref))
	}
	if g.Locked || g.Kind == "person" && g.State != string(identity.Active) {
		v.Idle = "Not in force: the person is not here at present"
	}
	if g.Person != r.who.ID || g.Role != policy.Administrator {
		v.TakeURL = r.to("portal.give", takeURL(g.ID))
	}
	return templates.PortalRoleCells(v)
}

func takeURL(id int) string { return "/portal/roles/" + itoa(id) + "/take" }

func givenLines(given []auth.Given) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for _, g := range given {
			if !yield([]string{g.Name, g.Ref, g.State, g.Role, g.At.UTC().Format(time.RFC3339), g.By, g.Reason}, nil) {
				return
			}
		}
	}
}

// roleGiveAsk asks who is given which role, and why.
func (s *server) roleGiveAsk(r *request) error { return s.roleGivePage(r, http.StatusOK, nil) }

func (s *server) roleGivePage(r *request, status int, bad ui.Errors) error {
	roles := ui.Choices{Name: "role", Label: "Role", Required: true, Error: bad.Of("role")}
	for _, role := range auth.Givable {
		roles.Options = append(roles.Options, ui.Choice{Value: role, Text: roleWord([]string{role}), Hint: roleAbouts[role], Chosen: r.field("role") == role})
	}
	v := templates.AskMoreView{Up: []ui.Link{{Text: "Portal roles", URL: "/portal/roles"}},
		Check: ui.Check{Action: "/portal/roles/give", Title: "Give a portal role", Reason: "Reason", Value: r.field("reason"), Errors: bad,
			Will:   []string{"The person has the role from their next click on.", "Who gave it, when and why stands in the log for auditors."},
			Not:    []string{"You cannot give a role to yourself: another administrator does that."},
			Button: ui.Buttons{Text: "Give the role", Icon: "key", Cancel: ui.Link{Text: "Go back, change nothing", URL: "/portal/roles"}}},
		Fields:  []ui.Field{{Name: "person", Label: "Person", Kind: "text", Value: r.field("person"), Hint: "Number, e-mail address or full name", Required: true, Auto: "off", Error: bad.Of("person")}},
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
	r.back = ui.Link{Text: "Portal roles", URL: "/portal/roles"}
	var p *identity.Person
	err := r.do(func(tx *db.Tx) (err error) {
		if p, err = found(tx, r.field("person")); err != nil {
			return err
		}
		return auth.GiveRole(tx, p, r.field("role"), r.field("reason"))
	})
	if bad, ok := faults(err, map[string]string{"": "person"}); ok {
		return s.roleGivePage(r, statusOf(err), bad)
	}
	if err != nil {
		return err
	}
	return r.goWith("/portal/roles", ui.Notice{Tone: ui.Good, Title: p.Name + " has the role " + roleWord([]string{r.field("role")}), Text: "It is in force at once."})
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
	word := roleWord([]string{g.Role})
	v := templates.AskMoreView{Up: []ui.Link{{Text: "Portal roles", URL: "/portal/roles"}},
		Check: ui.Check{Action: takeURL(id), Title: "Take the role " + word + " from " + g.Name + "?", Reason: "Reason", Value: r.field("reason"), Errors: bad,
			Facts:  []ui.Line{{Name: "Person", Text: g.Name, Link: r.personLink(g)}, {Name: "Role", Text: word}, {Name: "Given", Text: r.at(g.At).Text}, {Name: "By", Text: g.By}, {Name: "Because", Text: g.Reason}},
			Will:   []string{"Pages of this role are refused from the person's next click on.", "Their tokens lose the role, too."},
			Not:    []string{"Nothing that the person decided is undone.", "Their other roles stay, and so does their access to applications."},
			Button: ui.Buttons{Text: "Take the role", Icon: "user-minus", Danger: true, Cancel: ui.Link{Text: "Go back, change nothing", URL: "/portal/roles"}}}}
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
	r.back = ui.Link{Text: "Portal roles", URL: "/portal/roles"}
	var g *auth.Given
	err = r.do(func(tx *db.Tx) (err error) { g, err = auth.TakeRole(tx, id, r.field("reason")); return err })
	if bad, ok := faults(err, map[string]string{"": "reason"}); ok {
		return s.roleTakePage(r, statusOf(err), bad)
	}
	if err != nil {
		return err
	}
	return r.goWith("/portal/roles", ui.Notice{Tone: ui.Good, Title: g.Name + " no longer has the role " + roleWord([]string{g.Role}), Text: "It is out of force at once."})
}
