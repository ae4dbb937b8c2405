package web

import (
	"strings"
	"time"

	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/templates/lang"
)

// apiApplication is a target system.
type apiApplication struct {
	Name      string     `json:"name" doc:"Stays the same; part of the names of its entitlements."`
	Title     string     `json:"title" doc:"In plain words."`
	Connector string     `json:"connector" doc:"By which kind of connector it is reached."`
	Mode      string     `json:"mode" enum:"observe,propose,enforce" doc:"Whether it is only read, changed after a release, or changed."`
	Owner     *PersonRef `json:"owner,omitempty" nullable:"false" doc:"Who answers for it."`
	Health    string     `json:"health" doc:"How calls to it fare; unknown before the first."`
	Read      *time.Time `json:"last_read_at,omitempty" nullable:"false" doc:"When its last whole reading began."`
}

// apiEntitlement is anything that an account can hold.
type apiEntitlement struct {
	Application string     `json:"application" doc:"The application's name."`
	Name        string     `json:"name" doc:"As the application has it."`
	Kind        string     `json:"kind" doc:"group, role, permission, licence and so on."`
	Title       string     `json:"title" doc:"In plain words; the name where nobody gave it any."`
	Description string     `json:"description,omitempty" doc:"What it allows."`
	Risk        string     `json:"risk" enum:"low,medium,high,critical" doc:"As stated; where nobody stated it, high for what is privileged and low for the rest."`
	Privileged  bool       `json:"privileged" doc:"Whether it gives power over others or the system."`
	Owner       *PersonRef `json:"owner,omitempty" nullable:"false" doc:"Who answers for it; the application's owner where nobody else does."`
}

// applicationsAsked are the filters of the list of applications.
type applicationsAsked struct{ Paging }

// entitlementsAsked are the filters of the list of entitlements.
type entitlementsAsked struct {
	Paging
	Application string `json:"application,omitempty" maxLength:"200" doc:"Only those of this application."`
	Text        string `json:"q,omitempty" maxLength:"200" doc:"Words of the name, the title or the description."`
}

func (s *server) ofCatalogue() []operation {
	return []operation{
		reads(operation{path: "/applications", permission: "application.read", name: "listApplications", tag: "catalogue", summary: lang.Mark("List applications"),
			doc: "All, or for an owner those they own. By name."}, s.apiApplications),
		reads(operation{path: "/applications/:name", permission: "application.read", name: "getApplication", tag: "catalogue", summary: lang.Mark("Read an application"),
			doc: "How it is reached, who owns it, and how it fares."}, s.apiApplication),
		reads(operation{path: "/entitlements", permission: "application.read", name: "listEntitlements", tag: "catalogue", summary: lang.Mark("List what may be held in applications"),
			doc: "Of all applications, or for an owner of those they own. By application, kind and name."}, s.apiEntitlements),
	}
}

// apps are applications as the API shows them.
type apps struct {
	cat      *catalog.Catalog
	owners   map[int]*identity.Person
	health   map[int]catalog.ApplicationHealth
	readings map[int]catalog.Reading
}

// apps reads them, with their owners and those of other things.
func (r *request) apps(tx *db.Tx, owners ...int) (a *apps, err error) {
	a = &apps{}
	if a.cat, err = catalog.Load(tx); err != nil {
		return nil, err
	}
	ids := owners
	for _, x := range a.cat.Apps {
		if x.OwnerID != nil {
			ids = append(ids, *x.OwnerID)
		}
	}
	for _, e := range a.cat.Entitlements {
		if e.OwnerID != nil {
			ids = append(ids, *e.OwnerID)
		}
	}
	return a, db.Together(tx, func(tx *db.Tx) (err error) { a.owners, err = identity.People(tx, ids); return err },
		func(tx *db.Tx) (err error) { a.health, err = catalog.Health(tx); return err },
		func(tx *db.Tx) (err error) { a.readings, err = catalog.LastReadings(tx); return err })
}

func (a *apps) owner(id *int) *PersonRef {
	if id == nil || a.owners[*id] == nil {
		return nil
	}
	p := a.owners[*id]
	return &PersonRef{p.PublicID, p.Name}
}

func (a *apps) show(x *catalog.Application) apiApplication {
	out := apiApplication{Name: x.Name, Title: x.Title, Connector: x.Connector, Mode: string(x.Mode), Owner: a.owner(x.OwnerID)}
	out.Health, _ = healthOf(a.health[x.ID])
	if read, ok := a.readings[x.ID]; ok {
		at := read.StartedAt.UTC()
		out.Read = &at
	}
	return out
}

func (s *server) apiApplications(r *request, tx *db.Tx, q applicationsAsked) (out pageOf[apiApplication], err error) {
	a, err := r.apps(tx)
	if err != nil {
		return out, err
	}
	var all []*catalog.Application
	for _, name := range sortedKeys(a.cat.AppNamed) {
		if x := a.cat.AppNamed[name]; r.mayFor("application.read", r.owns(x)) {
			all = append(all, x)
		}
	}
	return fromMemory(r, q.Paging, applicationsAsked{}, all, func(x *catalog.Application) string { return x.Name }, a.show)
}

func (s *server) apiApplication(r *request, tx *db.Tx, _ nothingAsked) (out apiApplication, err error) {
	_, x, err := r.application(tx, "application.read")
	if err != nil {
		return out, err
	}
	a, err := r.apps(tx)
	if err != nil {
		return out, err
	}
	return a.show(x), nil
}

func (s *server) apiEntitlements(r *request, tx *db.Tx, q entitlementsAsked) (out pageOf[apiEntitlement], err error) {
	a, err := r.apps(tx)
	if err != nil {
		return out, err
	}
	words := strings.Fields(identity.Normal(q.Text))
	var all []*catalog.Entitlement
	for _, name := range sortedKeys(a.cat.AppNamed) {
		x := a.cat.AppNamed[name]
		if q.Application != "" && name != q.Application || !r.mayFor("application.read", r.owns(x)) {
			continue
		}
		for _, e := range a.cat.Of(x.ID) {
			if e.Kind != catalog.AccountKind && hasWords(e, words) {
				all = append(all, e)
			}
		}
	}
	asked := q.Paging
	q.Paging = Paging{}
	key := func(e *catalog.Entitlement) string {
		return strings.Join([]string{a.cat.Apps[e.ApplicationID].Name, e.Kind, e.Name}, "\x00")
	}
	return fromMemory(r, asked, q, all, key, func(e *catalog.Entitlement) apiEntitlement {
		app := a.cat.Apps[e.ApplicationID]
		owner := a.owner(e.OwnerID)
		if owner == nil {
			owner = a.owner(app.OwnerID)
		}
		return apiEntitlement{Application: app.Name, Name: e.Name, Kind: e.Kind, Title: r.titleOf(e, a.cat), Description: e.Description, Risk: e.RiskLevel(), Privileged: e.Privileged, Owner: owner}
	})
}

// hasWords says whether an entitlement has words that begin with each of these.
func hasWords(e *catalog.Entitlement, words []string) bool {
	text := " " + identity.Normal(e.Title+" "+e.Name+" "+e.Description)
	for _, w := range words {
		if !strings.Contains(text, " "+w) {
			return false
		}
	}
	return true
}
