package web

import (
	"cmp"
	"slices"
	"tenure/templates/lang"
	"time"

	"tenure/internal/audit"
	"tenure/internal/db"
	"tenure/internal/policy"
	req "tenure/internal/request"
	"tenure/templates"
	"tenure/templates/ui"
)

// homeInbox is how much of the inbox stands on the first page.
const homeInbox = 5

// soonDays is how far ahead the first page looks.
const soonDays = 30

// section makes one part of the first page. urgent says how loudly it asks: the loudest stands first.
type section func(*db.Tx, *audit.Computed) (v *templates.HomeSection, urgent int, err error)

// home says what waits for the reader, then how things stand for each thing they are in the portal.
func (s *server) home(r *request) error {
	if s.sessions.PopBool(r.Request.Context(), sessionFresh) && r.prefs().Start != "" {
		return r.goTo(r.prefs().Start)
	}
	v := templates.HomeView{Greeting: r.greeting()}
	err := r.read(func(tx *db.Tx) error {
		var items []audit.Item
		var f *audit.Computed
		if err := db.Together(tx, func(tx *db.Tx) (err error) { items, err = audit.Inbox(tx, r.scope()); return err },
			func(tx *db.Tx) (err error) { f, err = audit.Latest(tx); return err },
			func(tx *db.Tx) (err error) {
				if r.is(policy.Administrator) {
					v.Start, err = r.checklist(tx)
				}
				return err
			}); err != nil {
			return err
		}
		for i := range items[:min(len(items), homeInbox)] {
			v.Inbox = append(v.Inbox, r.inboxItem(&items[i]))
		}
		if len(items) > homeInbox {
			v.All = ui.Link{Text: r.T("All %d in your inbox", len(items)), URL: "/inbox"}
		}
		v.Lead = r.homeLead(items)
		if v.Start.First {
			v.Lead = r.T("This database is new.")
		}
		var err error
		v.Sections, err = r.homeSections(tx, f)
		return err
	})
	if err != nil {
		return err
	}
	return r.show(templates.Home(r.shell(r.T("Home")), v))
}

// is says whether the reader has a portal role itself, and not only what it includes.
func (r *request) is(role string) bool { return slices.Contains(r.who.roles, role) }

func (r *request) homeLead(items []audit.Item) string {
	late := 0
	for i := range items {
		if items[i].Due != nil && !items[i].Due.After(r.now) {
			late++
		}
	}
	return r.inboxLead(len(items), late)
}

func (r *request) greeting() string {
	now := r.inZone(r.now)
	switch h := now.Hour(); {
	case r.simulated:
		return r.T("Hello, %s", r.who.Name)
	case h < 5, h >= 18:
		return r.T("Good evening, %s", r.who.Name)
	case h < 12:
		return r.T("Good morning, %s", r.who.Name)
	}
	return r.T("Good afternoon, %s", r.who.Name)
}

// homeSections gives a section for each role of the reader, the most urgent first. An administrator sees what the others see.
func (r *request) homeSections(tx *db.Tx, f *audit.Computed) ([]templates.HomeSection, error) {
	admin := r.is(policy.Administrator)
	type ranked struct {
		*templates.HomeSection
		urgent int
	}
	var write []func(*db.Tx) error
	all := [7]ranked{}
	for i, x := range [len(all)]struct {
		shown bool
		make  section
	}{
		{admin || r.is(policy.IT), r.homeIT},
		{admin || r.is(policy.HR), r.homeHR},
		{admin || r.is(policy.Compliance), r.homeCompliance},
		{r.is(policy.Auditor), r.homeAuditor},
		{r.is(policy.Owner), r.homeOwner},
		{r.is(policy.Manager), r.homeTeam},
		{r.who.Kind == "person", r.homeMine},
	} {
		if x.shown {
			write = append(write, func(tx *db.Tx) (err error) { all[i].HomeSection, all[i].urgent, err = x.make(tx, f); return err })
		}
	}
	if err := db.Together(tx, write...); err != nil {
		return nil, err
	}
	slices.SortStableFunc(all[:], func(a, b ranked) int { return cmp.Compare(b.urgent, a.urgent) })
	var out []templates.HomeSection
	for _, x := range all {
		if x.HomeSection != nil {
			out = append(out, *x.HomeSection)
		}
	}
	return out, nil
}

// computed says when the figures were counted; "" when nothing was counted yet.
func (r *request) computed(f *audit.Computed) string {
	if f == nil {
		return r.T("The figures are being counted for the first time.")
	}
	return r.T("Counted %s", r.at(f.ComputedAt).Text)
}

// homeMine is what concerns the reader's own access.
func (r *request) homeMine(tx *db.Tx, _ *audit.Computed) (*templates.HomeSection, int, error) {
	v := &templates.HomeSection{ID: "mine", Title: r.T("Your access"), Quiet: r.T("Nothing of yours ends soon, and nothing is on its way."),
		Link: ui.Link{Text: r.T("What do you hold, and why?"), URL: "/me"}}
	if r.may("offer.read") {
		v.Find = templates.Find{Action: offersURL, Label: r.T("What do you need to do?")}
	}
	if err := r.homeAsked(tx, v); err != nil {
		return nil, 0, err
	}
	ways, err := audit.OnTheWay(tx, r.who.ID)
	if err != nil {
		return nil, 0, err
	}
	for _, w := range ways {
		l := templates.HomeLine{State: ui.Tag{Tone: ui.Info, Icon: "hourglass", Text: r.T("On its way")}, Title: ui.Link{Text: w.Application, URL: "/me"},
			Text: r.Plural(w.Count, "change is being made", "changes are being made"), At: r.at(w.Since)}
		switch {
		case w.Failed:
			l.State, l.Text = ui.Tag{Tone: ui.Bad, Icon: "circle-x", Text: r.T("Failed")}, r.T("IT has to repair it")
		case w.Proposed:
			l.Text = r.T("Waits for somebody in IT or compliance to release it")
		}
		v.Lines = append(v.Lines, l)
	}
	running, err := req.Running(tx, r.who.ID)
	if err != nil {
		return nil, 0, err
	}
	longer := map[int]string{}
	for i := range running {
		longer[running[i].Item] = r.longerURL(&running[i])
	}
	ends, err := audit.EndingSoon(tx, r.who.ID, soonDays, 10)
	for _, e := range ends {
		l := templates.HomeLine{State: ui.Tag{Tone: ui.Neutral, Icon: "clock", Text: r.T("Ends")}, Title: ui.Link{Text: e.Title, URL: "/me"}, Text: r.T("in %s", e.Application), At: r.at(e.At)}
		if e.Title == "" {
			l.Title.Text, l.Text = e.Application, r.T("the account itself")
		}
		if e.HandOver {
			l.Text += r.T(", kept for the hand-over after your move")
		}
		if url := longer[e.Item]; url != "" {
			l.Act = ui.Link{Text: r.T("Ask for longer"), URL: url}
		}
		v.Lines = append(v.Lines, l)
	}
	return v, len(ways), err
}

// homeRequests is how many open requests stand on the first page.
const homeRequests = 5

// homeAsked is what the reader asked for and is not decided: who has it, and until when.
func (r *request) homeAsked(tx *db.Tx, v *templates.HomeSection) error {
	pol, err := policy.Load(tx)
	if err != nil {
		return err
	}
	all, err := req.Mine(tx, r.who.ID, homeRequests)
	for i := range all {
		if all[i].State != req.Open {
			continue
		}
		row := r.askedRow(pol, &all[i])
		l := templates.HomeLine{State: row.State, Title: row.What, Due: row.Due}
		if row.Holder != "" {
			l.Text = r.T("%s has it", row.Holder)
		}
		v.Lines = append(v.Lines, l)
	}
	return err
}

// teamWords say what changes for somebody of a team.
var teamWords = map[string]ui.Tag{
	audit.Joining:  {Tone: ui.Info, Icon: "user-plus", Text: lang.Mark("Starts")},
	audit.Leaving:  {Tone: ui.Neutral, Icon: "door-exit", Text: lang.Mark("Leaves")},
	audit.HandOver: {Tone: ui.Neutral, Icon: "arrows-exchange", Text: lang.Mark("Hand-over")},
}

// homeTeam is who joins, moves and leaves in the reader's team.
func (r *request) homeTeam(tx *db.Tx, _ *audit.Computed) (*templates.HomeSection, int, error) {
	v := &templates.HomeSection{ID: "team", Title: r.T("Your team in the next 30 days"), Quiet: r.T("Nobody of your team joins, moves or leaves."),
		Link: ui.Link{Text: r.T("Your team"), URL: "/team"}}
	all, err := audit.TeamChanges(tx, r.scope().Managers, soonDays, 10)
	for _, c := range all {
		l := templates.HomeLine{State: r.tag(teamWords[c.Kind]), Title: ui.Link{Text: c.Person, URL: personURL(c.Ref)}, At: r.dayAt(c.Day, c.At)}
		switch c.Kind {
		case audit.Joining:
			l.Text = r.T("Accounts are made when the first day begins")
		case audit.Leaving:
			l.Text = r.T("All access ends by itself")
		default:
			l.Text = r.Plural(c.Entitlements, "access of the old job ends", "accesses of the old job end")
		}
		v.Lines = append(v.Lines, l)
	}
	return v, 0, err
}

// dayAt shows the day on which somebody begins or ends, and on hover the instant.
func (r *request) dayAt(d string, at time.Time) ui.Time {
	t := r.at(at)
	if d != "" {
		t.Text = r.calendar(d)
	}
	return t
}

// homeOwner is how the reader's applications stand.
func (r *request) homeOwner(tx *db.Tx, _ *audit.Computed) (*templates.HomeSection, int, error) {
	v := &templates.HomeSection{ID: "owned", Title: r.T("Your applications")}
	all, err := audit.OwnedBy(tx, r.scope().Owners)
	urgent := 0
	for _, a := range all {
		l := templates.HomeLine{State: ui.Tag{Tone: ui.Good, Icon: "circle-check", Text: r.T("In order")}, Title: ui.Link{Text: a.Title, URL: applicationURL(a.Name)}}
		var words []string
		add := func(n int, one, other string) {
			if n > 0 {
				words = append(words, r.Plural(n, one, other))
			}
		}
		add(a.Zombies, r.T("open account of somebody who left"), r.T("open accounts of people who left"))
		add(a.Orphans, r.T("account that belongs to nobody"), r.T("accounts that belong to nobody"))
		add(a.Extra, r.T("access without a reason"), r.T("accesses without a reason"))
		add(a.Undescribed, r.T("entitlement without a description"), r.T("entitlements without a description"))
		l.Text = r.and(words, 4)
		switch {
		case a.Counted == nil:
			l.State, l.Text = ui.Tag{Tone: ui.Neutral, Icon: "hourglass", Text: r.T("Not counted")}, r.T("It will be within a minute or two")
		case a.Zombies+a.Orphans+a.Extra > 0:
			l.State = ui.Tag{Tone: ui.Warn, Icon: "alert-triangle", Text: r.T("Look at it")}
			urgent = 1
		case a.Undescribed > 0:
			l.State = ui.Tag{Tone: ui.Info, Icon: "info-circle", Text: r.T("Unclear")}
			l.Text += r.T(", %d %% are described", 100*(a.Entitlements-a.Undescribed)/max(1, a.Entitlements))
		default:
			l.Text = r.T("Every account has its person, every access its reason")
		}
		v.Lines = append(v.Lines, l)
	}
	return v, urgent, err
}

// checklist is what is left to do in the first days.
func (r *request) checklist(tx *db.Tx) (templates.Checklist, error) {
	st, err := audit.ReadStart(tx)
	if err != nil || st.Done() {
		return templates.Checklist{}, err
	}
	owner := r.T("Give every application an owner")
	if st.Applications > 0 {
		owner += r.T(" (%d of %d have one)", st.Owned, st.Applications)
	}
	c := templates.Checklist{First: st.Files == 0 || st.Read == 0, Steps: []templates.Step{
		{Done: st.Sources > 0, Text: r.T("Connect HR: declare its source in a file and apply it with tenure apply"), Link: ui.Link{Text: r.T("HR sources"), URL: "/hr/sources"}},
		{Done: st.Files > 0, Text: r.T("Load the first HR file"), Link: ui.Link{Text: r.T("Load a file"), URL: "/hr/sources"}},
		{Done: st.Read > 0, Text: r.T("Observe the first application: Tenure reads it and writes nothing"), Link: ui.Link{Text: r.T("Applications"), URL: "/applications"}},
		{Done: st.Applications > 0 && st.Owned == st.Applications, Text: owner, Link: ui.Link{Text: r.T("Applications"), URL: "/applications"}},
		{Done: st.Enforced > 0, Text: r.T("Let Tenure keep an application right: set its mode to enforce"), Link: ui.Link{Text: r.T("Applications"), URL: "/applications"}},
		{Done: st.Administrators > 1, Text: r.T("Name a second administrator, so that nobody is locked out and two people can decide"), Link: ui.Link{Text: r.T("People"), URL: "/people"}},
	}}
	if st.Unowned != "" {
		c.Steps[3].Link.URL = applicationURL(st.Unowned)
	}
	done := 0
	for i := range c.Steps {
		if c.Steps[i].Done {
			done++
		} else if !slices.ContainsFunc(c.Steps, func(s templates.Step) bool { return s.Next }) {
			c.Steps[i].Next = true
		}
	}
	c.Note = r.T("%d of %d done", done, len(c.Steps))
	return c, nil
}
