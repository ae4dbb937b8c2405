package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/notify"
	"tenure/templates"
	"tenure/templates/lang"
	"tenure/templates/ui"
)

// prefs are the reader's preferences.
func (r *request) prefs() identity.Preference {
	if r.who == nil {
		return identity.Preference{Letters: true}
	}
	return r.who.prefs
}

// starts are the pages that signing in may lead to, for those who may open them.
var starts = []struct{ url, permission, word string }{
	{"/inbox", "inbox.read", lang.Mark("Inbox")}, {"/me", "access.mine", lang.Mark("My access")}, {"/team", "team.read", lang.Mark("My team")}, {"/people", "person.list", lang.Mark("People")},
	{"/operations", "operation.read", lang.Mark("Operations")}, {"/dashboard", "dashboard.read", lang.Mark("Dashboard")},
}

// toldWords say the kinds of messages that can be switched off.
var toldWords = map[string]string{
	notify.Decided: lang.Mark("A request of mine was decided"), notify.Granted: lang.Mark("I have new access"), notify.Question: lang.Mark("Somebody asks about a request of mine, or answers"),
	notify.Ending: lang.Mark("Access of mine ends soon"), notify.Ended: lang.Mark("Access of mine ended"), notify.Expired: lang.Mark("A request of mine expired without an answer"),
	notify.Figures: lang.Mark("Figures of the evidence that somebody arranged for me"),
}

// profile is the reader's own settings.
func (s *server) profile(r *request) error {
	return s.profilePage(r, http.StatusOK, r.prefs(), nil, nil)
}

// profilePage shows what is typed, or else what is stored.
func (s *server) profilePage(r *request, status int, p identity.Preference, told *notify.Preference, bad ui.Errors) error {
	v := templates.ProfileView{Action: "/me/profile", Errors: bad, Letters: p.Letters, Zone: p.Zone, OwnZone: s.sessions.GetString(r.Request.Context(), sessionZone),
		Now: r.Date(r.inZone(r.now), "15:04, Monday 2 January")}
	for _, x := range []struct{ value, word string }{{"", r.T("Comfortable")}, {"dense", r.T("Dense")}} {
		v.Density = append(v.Density, ui.Choice{Value: x.value, Text: r.T(x.word), Chosen: p.Dense == (x.value == "dense")})
	}
	v.Density[0].Hint, v.Density[1].Hint = r.T("40 pixels a row"), r.T("32 pixels a row")
	for _, x := range []struct{ value, word string }{{"", r.T("As the system")}, {"light", r.T("Light")}, {"dark", r.T("Dark")}} {
		v.Theme = append(v.Theme, ui.Choice{Value: x.value, Text: r.T(x.word), Chosen: p.Theme == x.value})
	}
	v.Start = []ui.Option{{Text: r.T("Home")}}
	for _, x := range starts {
		if r.may(x.permission) {
			v.Start = append(v.Start, ui.Option{Value: x.url, Text: r.T(x.word), Selected: p.Start == x.url})
		}
	}
	if err := r.read(func(tx *db.Tx) error {
		stored, linked, err := notify.Preferences(tx, r.who.ID)
		if told == nil {
			told = &stored
		}
		v.Telling = s.telling(r, told, linked)
		return err
	}); err != nil {
		return err
	}
	return r.render(status, templates.Profile(r.shell(r.T("Profile")), v))
}

// telling is the part of the page about how the reader is told.
func (s *server) telling(r *request, p *notify.Preference, linked bool) templates.TellingView {
	v := templates.TellingView{When: []ui.Choice{{Value: "now", Text: r.T("At once"), Chosen: !p.Digest},
		{Value: "digest", Text: r.T("Once a day"), Hint: r.T("What is urgent comes at once all the same"), Chosen: p.Digest}}}
	for h := range 24 {
		v.Hours = append(v.Hours, ui.Option{Value: itoa(h), Text: fmt.Sprintf("%02d:00", h), Selected: p.Hour == h})
	}
	for _, k := range notify.Optional {
		v.Kinds = append(v.Kinds, ui.Choice{Value: k, Text: r.T(toldWords[k]), Chosen: !slices.Contains(p.Off, k)})
	}
	switch {
	case linked && s.app.Notify.Slack != nil:
		v.Lead = r.T("Slack tells you, and mail where Slack does not take it.")
	case s.app.Notify.Mail == nil:
		v.Lead = r.T("Mail is not set up here: look into your inbox in the portal.")
	case r.who.Email == nil || *r.who.Email == "":
		v.Lead = r.T("Tenure does not know your mail address: look into your inbox in the portal.")
	default:
		v.Lead = r.T("Letters go to %s.", *r.who.Email)
	}
	return v
}

// toldPreference reads how the reader wants to be told; nil when the form did not ask.
func (r *request) toldPreference() *notify.Preference {
	if r.field("telling") == "" {
		return nil
	}
	hour, err := strconv.Atoi(r.field("hour"))
	if err != nil {
		hour = -1 // refused as no hour
	}
	p := &notify.Preference{Digest: r.field("when") == "digest", Hour: hour}
	for _, k := range notify.Optional {
		if !slices.Contains(r.PostFormArray("told"), k) {
			p.Off = append(p.Off, k)
		}
	}
	return p
}

// profileSave stores them.
func (s *server) profileSave(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	p := identity.Preference{Letters: r.field("letters") == "on", Dense: r.field("density") == "dense", Theme: oneOf(r.field("theme"), "light", "dark"), Zone: r.field("zone")}
	for _, x := range starts {
		if r.field("start") == x.url && r.may(x.permission) {
			p.Start = x.url
		}
	}
	told := r.toldPreference()
	if err := r.do(func(tx *db.Tx) error {
		if err := identity.Prefer(tx, r.who.ID, p); err != nil || told == nil {
			return err
		}
		return notify.Prefer(tx, r.who.ID, *told)
	}); err != nil {
		bad, ok := r.faults(err, nil)
		if !ok {
			return err
		}
		return s.profilePage(r, http.StatusBadRequest, p, told, bad)
	}
	s.setTheme(r, p.Theme)
	return r.goWith("/me/profile", ui.Notice{Tone: ui.Good, Title: r.T("Saved"), Text: r.T("Your settings hold from now on, wherever you sign in.")})
}

// prefer lets the reader's zone go before that of their employment.
func (r *request) prefer(p identity.Preference) {
	r.who.prefs = p
	if p.Zone == "" {
		return
	}
	if loc, err := time.LoadLocation(p.Zone); err == nil {
		r.zone = loc
	}
}

// lists are the lists whose views can be saved, by name. Every list that has a spec stands here.
var lists = map[string]*listSpec{tokenList.name: &tokenList, peopleSpec.name: &peopleSpec, operationSpec.name: &operationSpec, rolesSpec.name: &rolesSpec,
	accountSpec.name: &accountSpec}

// listOf gives the list of a name: "people", or of one below an object, "accounts/github".
func listOf(viewed string) (*listSpec, bool) {
	name, of, below := strings.Cut(viewed, "/")
	spec, ok := lists[name]
	if !ok || below != (spec.path == "") {
		return nil, false
	}
	if below {
		return accountsOf(of), true
	}
	return spec, true
}

// viewSave keeps the filter of a list under a name, for the reader alone.
func (s *server) viewSave(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	spec, ok := listOf(r.field("list"))
	if !ok {
		return errs.Invalid("there is no list of this name")
	}
	v := identity.SavedView{List: spec.viewed(), Name: r.field("name"), Query: r.field("query")}
	l, err := r.viewOf(spec, v.Query)
	if err != nil {
		return err
	}
	v.Query = l.encoded()
	if err := r.do(func(tx *db.Tx) error { return identity.SaveView(tx, r.who.ID, v) }); err != nil {
		return err
	}
	return r.goWith(viewURL(spec.path, v.Query), ui.Notice{Tone: ui.Good, Title: r.T("The view is saved"), Text: r.T("You find it under Views.")})
}

// viewDelete forgets one of the reader's own.
func (s *server) viewDelete(r *request) error {
	id, err := r.number("id")
	if err != nil {
		return err
	}
	var name string
	if err := r.do(func(tx *db.Tx) (err error) { name, err = identity.DropView(tx, r.who.ID, id); return err }); err != nil {
		return err
	}
	address := "/"
	if spec, ok := listOf(name); ok {
		address = spec.path
	}
	return r.goWith(address, ui.Notice{Tone: ui.Good, Title: r.T("The view is deleted")})
}

// views adds the reader's saved views to a Grid.
func (r *request) views(tx *db.Tx, l *list, g *ui.Grid) error {
	saved, err := identity.Views(tx, r.who.ID, l.spec.viewed())
	g.Views = ui.Views{List: l.spec.viewed(), Query: l.encoded(), Action: "/views"}
	for _, v := range saved {
		g.Views.Saved = append(g.Views.Saved, ui.View{Name: v.Name, URL: viewURL(l.spec.path, v.Query), Current: v.Query == g.Views.Query,
			DeleteURL: "/views/" + ui.Digits(v.ID) + "/delete"})
	}
	return err
}

// keysHelp lists the keys, for those without a script and those who do not know of "?".
func (s *server) keysHelp(r *request) error { return r.show(templates.KeysHelp(r.shell(r.T("Keys")))) }
