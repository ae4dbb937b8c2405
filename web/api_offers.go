package web

import (
	"slices"
	"strings"

	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/templates/lang"
)

// apiOffer is one line of the catalogue of what may be asked for.
type apiOffer struct {
	Name        string     `json:"name" doc:"Stays the same; what a request names."`
	Title       string     `json:"title" doc:"In plain words."`
	Description string     `json:"description,omitempty" doc:"What it is for."`
	Tasks       []string   `json:"tasks,omitempty" nullable:"false" doc:"What somebody wants to do who needs it."`
	Owner       *PersonRef `json:"owner,omitempty" nullable:"false" doc:"Who answers for it."`
	Acts        []string   `json:"acts" nullable:"false" enum:"grant,activate,emergency" doc:"How this person may ask for it: for days, for hours at a time, or at once with a look at it afterwards."`
	Levels      []apiLevel `json:"levels" nullable:"false" doc:"How much of it, the lowest first."`
	Days        int        `json:"days" doc:"For how many days it is proposed."`
	LongestDays int        `json:"longest_days" doc:"For how many days at most."`
	Hours       int        `json:"activate_hours,omitempty" doc:"For how many hours at most when it is activated."`
	Emergency   int        `json:"emergency_hours,omitempty" doc:"For how many hours at most in an emergency."`
}

// apiLevel is how much of an offer somebody asks for.
type apiLevel struct {
	Name       string         `json:"name" doc:"What a request names."`
	Title      string         `json:"title" doc:"In plain words."`
	Risk       string         `json:"risk" enum:"low,medium,high,critical" doc:"The highest of what it gives."`
	Privileged bool           `json:"privileged" doc:"Whether any of it is."`
	Gives      []apiGives     `json:"gives" nullable:"false" doc:"What is held with it; of a role with parameters, what any of their values gives."`
	Parameters []apiParameter `json:"parameters,omitempty" nullable:"false" doc:"What has to be said besides."`
}

// apiGives is one thing that a level gives.
type apiGives struct {
	Application string `json:"application" doc:"The application's name."`
	Entitlement string `json:"entitlement,omitempty" doc:"Not there for the account itself."`
	Title       string `json:"title" doc:"In plain words."`
}

// apiParameter is what a role wants to know.
type apiParameter struct {
	Name   string   `json:"name" doc:"The parameter's name."`
	Title  string   `json:"title,omitempty" doc:"In plain words."`
	Values []string `json:"values,omitempty" nullable:"false" doc:"What it may be; anything where there are none."`
}

// offersAsked are the filters of the catalogue.
type offersAsked struct {
	Paging
	For  string `json:"for,omitempty" format:"uuid" doc:"For whom: the id of somebody for whom the token's person may ask; for themselves when it is not there."`
	Text string `json:"q,omitempty" maxLength:"200" doc:"Beginnings of words of a task, the title, an application or what is given."`
}

// offerAsked says for whom an offer is read.
type offerAsked struct {
	For string `json:"for,omitempty" format:"uuid" doc:"For whom, likewise."`
}

func (s *server) ofOffers() []operation {
	return []operation{
		reads(operation{path: "/offers", permission: "offer.read", name: "listOffers", tag: "catalogue", summary: lang.Mark("List what may be asked for"),
			doc: "Only what is offered to the person for whom it is asked. By title."}, s.apiOffers),
		reads(operation{path: "/offers/:name", permission: "offer.read", name: "getOffer", tag: "catalogue", summary: lang.Mark("Read an offer"),
			doc: "Its levels, what each gives, and for how long."}, s.apiOffer),
	}
}

// catalogueFor is the catalogue as somebody may ask for it.
type catalogueFor struct {
	r    *request
	pol  *policy.Snapshot
	apps *apps
	jobs []policy.Attrs
}

// offersTo reads it for a person: the reader, or somebody below them.
func (r *request) offersTo(tx *db.Tx, ref string) (c *catalogueFor, err error) {
	who := &r.who.Person
	if ref != "" && ref != who.PublicID {
		p, ok, err := identity.ByRef(tx, ref)
		if err != nil {
			return nil, err
		}
		if ok {
			if ok, err = r.manages(tx, p.ID); err != nil {
				return nil, err
			}
		}
		if !ok {
			return nil, nothing("person")
		}
		who = p
	}
	c = &catalogueFor{r: r}
	if c.pol, err = policy.Load(tx); err != nil {
		return nil, err
	}
	var owners []int
	for _, o := range c.pol.Offers() {
		owners = append(owners, o.OwnerID)
	}
	if c.apps, err = r.apps(tx, owners...); err != nil {
		return nil, err
	}
	versions, err := identity.Versions(tx, []int{who.ID})
	for _, v := range versions[who.ID] {
		if v.Valid(tx.Now) && v.At(tx.Now) == identity.Active {
			c.jobs = append(c.jobs, v.Attrs)
		}
	}
	return c, err
}

// acts are the ways in which the person may ask for an offer; none when it is not offered to them.
func (c *catalogueFor) acts(o *policy.Offer) (out []string) {
	any := func(may func(policy.Attrs) (bool, error)) bool {
		return slices.ContainsFunc(c.jobs, func(a policy.Attrs) bool { ok, err := may(a); return ok && err == nil })
	}
	spec := o.Object.Offer
	if spec.Activate == nil && any(o.May) {
		out = append(out, "grant")
	}
	if spec.Activate != nil && any(o.MayActivate) {
		out = append(out, "activate")
	}
	if spec.Emergency != nil && any(o.MayBreakGlass) {
		out = append(out, "emergency")
	}
	return out
}

func (c *catalogueFor) show(o *policy.Offer) apiOffer {
	spec := o.Object.Offer
	out := apiOffer{Name: o.Name, Title: o.Title, Description: spec.Description, Tasks: spec.Tasks, Owner: c.apps.owner(&o.OwnerID), Acts: c.acts(o), Levels: []apiLevel{}, Days: spec.Days, LongestDays: spec.LongestDays}
	if slices.Contains(out.Acts, "activate") {
		out.Hours = spec.Activate.Hours
	}
	if slices.Contains(out.Acts, "emergency") {
		out.Emergency = spec.Emergency.Hours
	}
	for _, l := range spec.Levels {
		out.Levels = append(out.Levels, c.level(o, l))
	}
	return out
}

func (c *catalogueFor) level(o *policy.Offer, l policy.Level) apiLevel {
	out := apiLevel{Name: l.Name, Title: l.Title, Risk: "low", Gives: []apiGives{}}
	for _, e := range c.gives(o, l.Name) {
		app := c.apps.cat.Apps[e.ApplicationID]
		g := apiGives{Application: app.Name, Entitlement: e.Name, Title: c.r.titleOf(e, c.apps.cat)}
		out.Gives = append(out.Gives, g)
		out.Privileged = out.Privileged || e.Privileged
		if slices.Index(riskOrder, e.RiskLevel()) > slices.Index(riskOrder, out.Risk) {
			out.Risk = e.RiskLevel()
		}
	}
	if _, role, _, _ := c.pol.Level(o.ID, l.Name); role != 0 {
		if x := c.pol.Object(role); x != nil && x.Role != nil {
			for _, p := range x.Role.Parameters {
				out.Parameters = append(out.Parameters, apiParameter{p.Name, p.Title, p.Values})
			}
		}
	}
	return out
}

var riskOrder = []string{"low", "medium", "high", "critical"}

// gives are the entitlements that a level may give.
func (c *catalogueFor) gives(o *policy.Offer, level string) (out []*catalog.Entitlement) {
	_, role, ids, _ := c.pol.Level(o.ID, level)
	if role != 0 {
		for _, g := range c.pol.RoleMost(role) {
			ids = append(ids, g.Entitlement)
		}
	}
	for _, id := range ids {
		if e := c.apps.cat.Entitlements[id]; e != nil && c.apps.cat.Apps[e.ApplicationID] != nil {
			out = append(out, e)
		}
	}
	return out
}

// matches says whether an offer has words that begin with each of these.
func (c *catalogueFor) matches(o *policy.Offer, words []string) bool {
	if len(words) == 0 {
		return true
	}
	spec := o.Object.Offer
	all := append([]string{o.Name, o.Title, spec.Description}, spec.Tasks...)
	for _, l := range spec.Levels {
		all = append(all, l.Title)
		for _, e := range c.gives(o, l.Name) {
			all = append(all, e.Title, e.Name, c.apps.cat.Apps[e.ApplicationID].Title)
		}
	}
	text := " " + identity.Normal(strings.Join(all, " "))
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, " "+w) })
}

func (s *server) apiOffers(r *request, tx *db.Tx, q offersAsked) (out pageOf[apiOffer], err error) {
	c, err := r.offersTo(tx, q.For)
	if err != nil {
		return out, err
	}
	words := strings.Fields(identity.Normal(q.Text))
	var all []*policy.Offer
	for _, o := range c.pol.Offers() {
		if len(c.acts(o)) > 0 && c.matches(o, words) {
			all = append(all, o)
		}
	}
	asked := q.Paging
	q.Paging = Paging{}
	key := func(o *policy.Offer) string { return o.Title + "\x00" + o.Name }
	slices.SortFunc(all, func(a, b *policy.Offer) int { return strings.Compare(key(a), key(b)) })
	return fromMemory(r, asked, q, all, key, c.show)
}

func (s *server) apiOffer(r *request, tx *db.Tx, q offerAsked) (out apiOffer, err error) {
	c, err := r.offersTo(tx, q.For)
	if err != nil {
		return out, err
	}
	for _, o := range c.pol.Offers() {
		if o.Name == r.Param("name") && len(c.acts(o)) > 0 {
			return c.show(o), nil
		}
	}
	return out, nothing("offer")
}
