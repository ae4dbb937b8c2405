package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tenure/internal/campaign"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/lang"
	"tenure/templates/ui"
)

// boxesMost is up to how many values a scope's list is ticked; longer ones are written, one a line.
const boxesMost = 24

// stagesMost is how many stages a campaign has at most; stagesAsked is how many a form begins with.
const (
	stagesMost  = 4
	stagesAsked = 2
)

// narrowings are what a scope's boxes say.
var narrowings = []struct{ name, word, about string }{
	{"privileged", lang.Mark("Only what is privileged or of high risk"), ""},
	{"conflicts", lang.Mark("Only what takes part in breaking an SoD rule"), ""},
	{"out_of_band", lang.Mark("Only what is held without any reason"), lang.Mark("Found at the target, and nothing that Tenure knows gives it.")},
	{"not_by_rule", lang.Mark("Without what a birthright rule gives"), ""},
	{"memberships", lang.Mark("Only what people decided"), lang.Mark("Memberships in roles, and requests.")},
	{"definitions", lang.Mark("What roles are, instead of access"), lang.Mark("Whoever owns a role confirms its contents, its rules and its description. Nothing else but roles can be named.")},
	{"orphans", lang.Mark("Accounts of nobody, instead of people's"), ""},
}

// campaignForm fills in and reads the form of a campaign. Its values are as a form sends them.
type campaignForm struct {
	*request
	values url.Values
	bad    ui.Errors
	more   bool // another stage is asked for
	cat    *catalog.Catalog
	pol    *policy.Snapshot
}

// campaignOf is the campaign of the address.
func (r *request) campaignOf(tx *db.Tx) (*campaign.Campaign, error) {
	return campaign.Get(tx, r.Param("ref"))
}

// campaignNew is the form for a new one.
func (s *server) campaignNew(r *request) error {
	c := &campaign.Campaign{Kind: campaign.Once, Settings: campaign.Defaults, Stages: []campaign.Stage{{By: campaign.ByManager, Otherwise: campaign.ByCompliance}}}
	return r.campaignPage(http.StatusOK, c, &campaignForm{}, templates.CampaignCount{})
}

// campaignEdit is the form for a draft.
func (s *server) campaignEdit(r *request) error {
	var c *campaign.Campaign
	if err := r.read(func(tx *db.Tx) (err error) { c, err = r.campaignOf(tx); return err }); err != nil {
		return err
	}
	if c.State != campaign.Draft {
		return errStarted
	}
	return r.campaignPage(http.StatusOK, c, &campaignForm{}, templates.CampaignCount{})
}

// campaignPage shows the form, with what was typed where something is wrong, and with what was counted.
func (r *request) campaignPage(status int, c *campaign.Campaign, typed *campaignForm, count templates.CampaignCount) error {
	v := templates.CampaignFormView{Title: r.T("New campaign"), Action: campaignsURL, Cancel: campaignsURL, Version: strconv.Itoa(c.Version), Up: []ui.Link{{Text: r.T("Campaigns"), URL: campaignsURL}}, Errors: typed.bad, Count: count}
	if c.ID != 0 {
		v.Title, v.Action, v.Cancel = r.T("Change %s", c.Title), campaignURL(c)+"/edit", campaignURL(c)
		v.Up = append(v.Up, ui.Link{Text: c.Title, URL: campaignURL(c)})
	}
	if typed.values != nil {
		v.Version = typed.one("version") // what was read, whatever was changed since
	}
	err := r.read(func(tx *db.Tx) error {
		w, err := r.wording(tx, c)
		if err != nil {
			return err
		}
		f := &campaignForm{request: r, values: typed.values, bad: typed.bad, more: typed.more, cat: w.cat, pol: w.pol}
		if typed.values == nil {
			f.values = w.values(c)
		}
		choices, err := identity.Choices(tx, choicesMost)
		f.draw(choices, &v)
		return err
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.CampaignForm(r.shell(v.Title), v))
}

// values writes a campaign as its form sends it.
func (w *campaignWords) values(c *campaign.Campaign) url.Values {
	s, set := &c.Scope, &c.Settings
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	person := func(id int) string {
		if p := w.people[id]; p != nil {
			switch {
			case p.Number != nil:
				return *p.Number
			case p.Email != nil:
				return *p.Email
			}
			return p.Name
		}
		return ""
	}
	v := url.Values{"title": {c.Title}, "about": {c.About}, "kind": {c.Kind}, "people": each(s.People, person), "below": each(s.Below, person), "departments": s.Departments, "locations": s.Locations, "worker_types": s.WorkerTypes,
		"applications": each(s.Applications, func(id int) string { return w.cat.Apps[id].Name }), "roles": each(s.Roles, func(id int) string { return w.pol.Object(id).Name }),
		"entitlements": each(s.Entitlements, func(id int) string {
			e := w.cat.Entitlements[id]
			return w.cat.Apps[e.ApplicationID].Name + "/" + e.Name
		}),
		"dormant": {number(s.Dormant)}, "unreviewed": {number(s.Unreviewed)}, "days": {strconv.Itoa(set.Days)}, "budget": {strconv.Itoa(set.Budget)}, "wave_days": {strconv.Itoa(set.WaveDays)}, "unanswered": {set.Unanswered},
		"comment": {set.Comment}, "challenge": {strconv.Itoa(set.Challenge)}, "sample": {strconv.Itoa(set.Sample)}, "second": {person(set.Second)}, "pace": {strconv.Itoa(set.Pace)}, "months": {number(set.Months)}}
	for name, on := range map[string]bool{"privileged": s.Privileged, "conflicts": s.Conflicts, "orphans": s.Orphans, "definitions": s.Definitions, "out_of_band": s.OutOfBand, "not_by_rule": s.NotByRule, "memberships": s.Memberships} {
		if on {
			v.Add("only", name)
		}
	}
	if set.NoBatch {
		v.Set("no_batch", "on")
	}
	for i, st := range c.Stages {
		n := strconv.Itoa(i + 1)
		v["by"+n], v["named"+n], v["otherwise"+n] = []string{st.By}, []string{person(st.Named)}, []string{st.Otherwise}
	}
	return v
}

func (f *campaignForm) one(name string) string { return strings.TrimSpace(f.values.Get(name)) }

// lines gives what a list says, ticked or written one a line.
func (f *campaignForm) lines(name string) (out []string) {
	for _, v := range f.values[name] {
		for _, l := range strings.Split(v, "\n") {
			if l = strings.TrimSpace(l); l != "" && !slices.Contains(out, l) {
				out = append(out, l)
			}
		}
	}
	return out
}

func (f *campaignForm) input(name, kind, label, hint string) ui.Field {
	return ui.Field{Name: name, Kind: kind, Label: label, Hint: hint, Value: f.one(name), Error: f.bad.Of(name)}
}

func (f *campaignForm) number(name, label, hint, low, high string) ui.Field {
	x := f.input(name, "number", label, hint)
	x.Min, x.Max, x.Short = low, high, true
	return x
}

func (f *campaignForm) choose(name, label, hint string, options ...ui.Option) ui.Field {
	x := f.input(name, "select", label, hint)
	for i := range options {
		options[i].Selected = options[i].Value == x.Value
	}
	x.Options, x.Required = options, true
	return x
}

// list asks for values: boxes to tick where there are few, lines to write where there are many.
func (f *campaignForm) list(name, label, hint string, all []ui.Option) templates.CampaignList {
	said := f.lines(name)
	if len(all) > 0 && len(all) <= boxesMost && f.bad.Of(name) == "" {
		c := &ui.Choices{Name: name, Label: label}
		for _, o := range all {
			c.Options = append(c.Options, ui.Choice{Value: o.Value, Text: o.Text, Chosen: slices.Contains(said, o.Value)})
		}
		return templates.CampaignList{Boxes: c}
	}
	x := f.input(name, "textarea", label, hint)
	x.Value, x.Rows = strings.Join(said, "\n"), 2
	return templates.CampaignList{Lines: &x}
}

func values(all []string) (out []ui.Option) {
	for _, v := range all {
		out = append(out, ui.Option{Value: v, Text: v})
	}
	return out
}

// draw makes the fields.
func (f *campaignForm) draw(choices map[string][]string, v *templates.CampaignFormView) {
	title := f.input("title", "text", f.T("Title"), "")
	title.Required = true
	about := f.input("about", "textarea", f.T("What reviewers are told"), f.T("Why this is asked, and what to look at."))
	v.First = []ui.Field{title, about, f.choose("kind", f.T("How often"), "", ui.Option{Value: campaign.Once, Text: f.T("Once")}, ui.Option{Value: campaign.Recurring, Text: f.T("Again and again")}),
		f.number("months", f.T("Months between two"), f.T("Where it is held again and again."), "1", "24")}
	var apps []ui.Option
	for _, name := range sortedKeys(f.cat.AppNamed) {
		apps = append(apps, ui.Option{Value: name, Text: f.cat.AppNamed[name].Title})
	}
	var roles []ui.Option
	for _, o := range f.pol.Objects(policy.KindRole) {
		roles = append(roles, ui.Option{Value: o.Name, Text: o.Title})
	}
	perLine := f.T("One a line, as HR writes it.")
	v.Lists = []templates.CampaignList{f.list("departments", f.T("Departments"), perLine, values(choices["department"])), f.list("locations", f.T("Locations"), perLine, values(choices["location"])),
		f.list("below", f.T("Everybody below a manager"), f.T("Number, e-mail address or full name, one a line: all below them at every level, not they themselves."), nil), f.list("worker_types", f.T("Kinds of work"), perLine, values(choices["worker_type"])), f.list("applications", f.T("Applications"), f.T("Names as in the policy files, one a line."), apps),
		f.list("roles", f.T("Roles that give it"), f.T("Names as in the policy files, one a line."), roles), f.list("entitlements", f.T("Entitlements"), f.T("One a line, such as ledger/pay."), nil),
		f.list("people", f.T("People"), f.T("Number, e-mail address or full name, one a line."), nil)}
	only := ui.Choices{Name: "only", Label: f.T("And only"), Hint: f.T("Everything that is ticked has to hold."), Error: f.bad.Of("only")}
	for _, x := range narrowings {
		only.Options = append(only.Options, ui.Choice{Value: x.name, Text: f.T(x.word), Hint: f.T(x.about), Chosen: slices.Contains(f.values["only"], x.name)})
	}
	v.Only = only
	v.Days = []ui.Field{f.number("dormant", f.T("Not signed in to for days"), "", "1", "3650"), f.number("unreviewed", f.T("Not reviewed for days"), "", "1", "3650")}
	f.drawStages(v)
	f.drawSettings(v)
}

func (f *campaignForm) drawStages(v *templates.CampaignFormView) {
	var ways, otherwise []ui.Option
	for _, by := range []string{campaign.ByManager, campaign.ByOwner, campaign.ByRoleOwner, campaign.ByNamed, campaign.ByCompliance} {
		ways = append(ways, ui.Option{Value: by, Text: f.T(stageWays[by])})
	}
	for _, by := range []string{campaign.ByCompliance, campaign.ByManager, campaign.ByOwner, "campaign_owner"} {
		otherwise = append(otherwise, ui.Option{Value: by, Text: f.T(stageWays[by])})
	}
	asked := f.stages()
	v.MoreStages = asked < stagesMost
	for i := range asked {
		n, mine := strconv.Itoa(i+1), slices.Clone(ways)
		st := templates.CampaignStage{Title: f.T([]string{lang.Mark("First stage"), lang.Mark("Second stage"), lang.Mark("Third stage"), lang.Mark("Fourth stage")}[i])}
		if i > 0 {
			mine = append([]ui.Option{{Value: "", Text: f.T("Nobody: what the stage before says stands")}}, mine...)
			st.Hint = f.T("It decides again what the stage before keeps.")
		}
		by := f.choose("by"+n, f.T("Who is asked"), "", mine...)
		by.Required = i == 0
		named := f.input("named"+n, "text", f.T("The named person"), f.T("Number, e-mail address or full name. Only where a named person is asked."))
		named.Auto = "off"
		st.Fields = []ui.Field{by, named, f.choose("otherwise"+n, f.T("Where nobody is found, or it would be about themselves"), "", slices.Clone(otherwise)...)}
		v.Stages = append(v.Stages, st)
	}
}

// stages is how many stages the form asks for: those that were sent, and one more where it is asked for.
func (f *campaignForm) stages() int {
	n := stagesAsked
	for i := stagesAsked + 1; i <= stagesMost; i++ {
		if f.values.Has("by" + strconv.Itoa(i)) {
			n = i
		}
	}
	if f.more {
		n++
	}
	return min(n, stagesMost)
}

func (f *campaignForm) drawSettings(v *templates.CampaignFormView) {
	word := func(words map[string]string, names ...string) (out []ui.Option) {
		for _, n := range names {
			out = append(out, ui.Option{Value: n, Text: f.T(words[n])})
		}
		return out
	}
	second := f.input("second", "text", f.T("Second reviewer"), f.T("Number, e-mail address or full name. Empty: the owner of the campaign."))
	second.Auto = "off"
	v.Settings = []ui.Field{f.number("days", f.T("Days that a review has"), "", "1", "180"),
		f.number("budget", f.T("Decisions at a time, at most"), f.T("What exceeds it is asked later, the risky first. A rule, a role or a batch counts as one."), "1", "1000"),
		f.number("wave_days", f.T("Days until the rest is asked"), "", "1", "90"),
		f.choose("unanswered", f.T("What nobody answers in time"), "", word(unansweredWords, campaign.LeaveOpen, campaign.KeepSilent, campaign.CloseRemove)...),
		f.choose("comment", f.T("A comment is required"), "", word(commentWords, "removals", "risky", "always", "never")...),
		f.number("challenge", f.T("Days in which who loses access may object"), f.T("0: none. The access is removed after that time."), "0", "30"),
		f.number("sample", f.T("Per cent of what is kept that a second person decides again"), f.T("Reviewers are told that it is so."), "0", "100"), second,
		f.number("pace", f.T("Seconds a line below which half is decided again"), f.T("0: never."), "0", "600")}
	for i := range v.Settings {
		v.Settings[i].Required = v.Settings[i].Name != "second"
	}
	v.NoBatch = f.one("no_batch") == "on"
}

// campaignBuild stores a new campaign as a draft.
func (s *server) campaignBuild(r *request) error {
	return r.campaignStore(func(tx *db.Tx) (*campaign.Campaign, error) { return &campaign.Campaign{}, nil })
}

// campaignChange changes a draft.
func (s *server) campaignChange(r *request) error { return r.campaignStore(r.campaignOf) }

// errTyped says that what was typed cannot be read.
var errTyped = errors.New("what was typed cannot be read")

func (r *request) campaignStore(of func(tx *db.Tx) (*campaign.Campaign, error)) error {
	if err := r.form(); err != nil {
		return err
	}
	f := &campaignForm{request: r, values: r.Request.PostForm}
	var c *campaign.Campaign
	switch f.one("do") {
	case "count":
		return f.count(of)
	case "stage":
		f.more = true
		return f.again(of)
	}
	err := r.do(func(tx *db.Tx) (err error) {
		if c, err = of(tx); err != nil {
			return err
		}
		if err := f.parse(tx, c); err != nil {
			return err
		}
		if len(f.bad) > 0 {
			return errTyped
		}
		if c.ID == 0 {
			return campaigns.Build(tx, c)
		}
		return campaigns.Rebuild(tx, c, r.version())
	})
	switch {
	case errors.Is(err, errTyped):
		return r.campaignPage(http.StatusBadRequest, c, f, templates.CampaignCount{})
	case errs.KindOf(err) == errs.KindInvalid && err != nil && c != nil:
		if c.Title == "" {
			c.Title = r.T("the draft")
		}
		f.bad = r.campaignFaults(err)
		return r.campaignPage(http.StatusBadRequest, c, f, templates.CampaignCount{})
	case err != nil:
		return err
	}
	return r.goTo(campaignURL(c))
}

// campaignFields are the fields of the form by what the room calls them, with their words.
var campaignFields = map[string][2]string{"title": {"title", lang.Mark("The title")}, "stages": {"by1", lang.Mark("The stages")}, "reviewer": {"by1", lang.Mark("Who is asked")}, "named": {"named1", lang.Mark("The named person")}, "otherwise": {"otherwise1", lang.Mark("Who is asked otherwise")},
	"scope": {"people", lang.Mark("The scope")}, "orphans": {"only", lang.Mark("Accounts of nobody")}, "definitions": {"only", lang.Mark("What roles are")}, "months": {"months", lang.Mark("The months between two")}, "days": {"days", lang.Mark("The days of a review")},
	"budget": {"budget", lang.Mark("The budget")}, "wave_days": {"wave_days", lang.Mark("The time between waves")}, "unanswered": {"unanswered", lang.Mark("What nobody answers")}, "comment": {"comment", lang.Mark("The comment")},
	"challenge": {"challenge", lang.Mark("The time to object")}, "sample": {"sample", lang.Mark("The sample")}, "pace": {"pace", lang.Mark("The pace")}}

// campaignFaults says what is wrong with a campaign at the fields of its form.
func (r *request) campaignFaults(err error) (out ui.Errors) {
	var e *errs.Error
	if !errors.As(err, &e) {
		return nil
	}
	for _, f := range e.Fields {
		x, ok := campaignFields[f.Field]
		if !ok {
			x = [2]string{f.Field, f.Field}
		}
		out = append(out, ui.FieldError{Field: x[0], Text: sentence(r.T("%s %s", r.T(x[1]), r.T(f.Rule)))})
	}
	if len(out) == 0 {
		out = ui.Errors{{Text: sentence(e.In(r.T))}}
	}
	return out
}
