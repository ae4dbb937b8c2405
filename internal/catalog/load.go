package catalog

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
)

// Catalog is all applications and entitlements at one moment, read in one transaction. Nobody changes it.
type Catalog struct {
	Apps         map[int]*Application
	AppNamed     map[string]*Application
	Entitlements map[int]*Entitlement
	// ByName finds an entitlement by "application/kind:name", by "application/name" where that is unique (a declared one wins
	// over those only found), and the account by "application".
	ByName map[string]*Entitlement

	accounts map[int]int
	words    func() []searchable // made when first asked for, once
}

// held are the catalogs this process holds, by database: the newest that was read, with the state it shows. Every change of an
// application or entitlement adds a row to catalog_change in its own transaction, so a transaction that sees the same rows there
// sees the same catalog, on every node and after a rollback, too.
var held = struct {
	sync.Mutex
	by map[string]heldCatalog
}{by: map[string]heldCatalog{}}

type heldCatalog struct {
	state   string
	catalog *Catalog
}

// maxHeld bounds how many databases' catalogs a process holds; a process has one, its tests have many.
const maxHeld = 16

// Load gives the catalog as this transaction sees it: from memory while nothing changed, else with two queries. Nobody changes
// what it gives.
func Load(tx *db.Tx) (*Catalog, error) {
	before, err := state(tx)
	if err != nil {
		return nil, err
	}
	held.Lock()
	h := held.by[tx.DB.ID]
	held.Unlock()
	if h.catalog != nil && h.state == before {
		return h.catalog, nil
	}
	c, err := read(tx)
	if err != nil {
		return nil, err
	}
	// A transaction that sees what others commit meanwhile may have read a newer catalog than the state it read before.
	after, err := state(tx)
	if err != nil {
		return nil, err
	}
	if after == before {
		held.Lock()
		defer held.Unlock()
		if len(held.by) >= maxHeld {
			clear(held.by)
		}
		held.by[tx.DB.ID] = heldCatalog{before, c}
	}
	return c, nil
}

// Standing names the state of the catalog in this transaction: it is another one after every change.
func Standing(tx *db.Tx) (string, error) { return state(tx) }

// state names what this transaction sees of the catalog.
func state(tx *db.Tx) (string, error) {
	return db.Still(tx, "catalog", func() (s string, err error) {
		err = tx.QueryRow(`select count(*) || '/' || coalesce(sum(token), 0) from catalog_change`).Scan(&s)
		return s, err
	})
}

func read(tx *db.Tx) (*Catalog, error) {
	c := &Catalog{Apps: map[int]*Application{}, AppNamed: map[string]*Application{}, Entitlements: map[int]*Entitlement{},
		ByName: map[string]*Entitlement{}, accounts: map[int]int{}}
	rows, err := tx.Query(`select id, name, title, connector, mode, owner_id, config, secrets, spec, retention_days, version,
		licence_cost_cents, licence_currency, licence_portal from application`)
	if err != nil {
		return nil, err
	}
	apps, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[Application])
	if err != nil {
		return nil, err
	}
	for _, a := range apps {
		c.Apps[a.ID], c.AppNamed[a.Name] = a, a
	}
	rows, err = tx.Query(`select id, application_id, kind, name, native_id, title, description, privileged, handover_days, owner_id, declared,
			risk, stated, portal, version, edited_at, edited_by
		from entitlement order by declared desc, id`)
	if err != nil {
		return nil, err
	}
	ents, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[Entitlement])
	if err != nil {
		return nil, err
	}
	c.index(ents)
	c.words = sync.OnceValue(c.searchables)
	return c, nil
}

// Declared makes a catalog of what files declare and nothing else, without a database: what policy files are tested with. Ids are given in
// the order in which a first apply to an empty database gives them. Owners are nobody.
func Declared(specs map[string]ApplicationSpec) *Catalog {
	c := &Catalog{Apps: map[int]*Application{}, AppNamed: map[string]*Application{}, Entitlements: map[int]*Entitlement{},
		ByName: map[string]*Entitlement{}, accounts: map[int]int{}}
	var all []*Entitlement
	for i, name := range slices.Sorted(maps.Keys(specs)) {
		s := specs[name].withDefaults(name)
		a := &Application{ID: i + 1, Name: name, Title: s.Title, Connector: s.Connector, Mode: s.Mode, Spec: s, RetentionDays: *s.Accounts.RetentionDays, Version: 1}
		c.Apps[a.ID], c.AppNamed[name] = a, a
		all = append(all, &Entitlement{ID: len(all) + 1, ApplicationID: a.ID, Kind: AccountKind, Title: "Account", Declared: true})
		for _, e := range s.Entitlements {
			all = append(all, &Entitlement{ID: len(all) + 1, ApplicationID: a.ID, Kind: e.Kind, Name: e.Name, Title: e.Title, Description: e.Description,
				Privileged: e.Privileged, HandoverDays: *e.HandoverDays, Declared: true})
		}
	}
	c.index(all)
	c.words = sync.OnceValue(c.searchables)
	return c
}

// index fills the maps. Declared entitlements come first.
func (c *Catalog) index(ents []*Entitlement) {
	taken := map[string]int{} // how many share a short name, among those as declared as the first
	for _, e := range ents {
		c.Entitlements[e.ID] = e
		app := c.Apps[e.ApplicationID]
		if app == nil {
			continue
		}
		if e.Kind == AccountKind && e.Name == "" {
			c.accounts[app.ID] = e.ID
			c.ByName[app.Name] = e
			continue
		}
		c.ByName[app.Name+"/"+e.Kind+":"+e.Name] = e
		short := app.Name + "/" + e.Name
		first := c.ByName[short]
		switch {
		case first == nil && taken[short] == 0:
			c.ByName[short] = e
			taken[short] = 1
		case first != nil && first.Declared == e.Declared && first.Name == e.Name:
			delete(c.ByName, short) // two kinds share the name: only the long form is clear
		}
	}
	for _, app := range c.Apps {
		for i := range app.Spec.Entitlements {
			s := &app.Spec.Entitlements[i]
			if e := c.ByName[app.Name+"/"+s.Kind+":"+s.Name]; e != nil {
				e.Attributes = s.Attributes
			}
		}
	}
}

// Expand gives the entitlements that a policy file calls ref, ascending: one, or everything that a file declares of an application
// without having an account in it ("application/*").
func (c *Catalog) Expand(ref string) ([]int, error) {
	name, all := strings.CutSuffix(ref, "/*")
	if !all {
		e, err := c.Find(ref)
		if err != nil {
			return nil, err
		}
		return []int{e.ID}, nil
	}
	app := c.AppNamed[name]
	if app == nil {
		return nil, errs.NotFound("there is no application %q", name)
	}
	var out []int
	for _, e := range c.Entitlements {
		if e.ApplicationID == app.ID && e.Declared && e.Kind != AccountKind {
			out = append(out, e.ID)
		}
	}
	slices.Sort(out)
	return out, nil
}

// AccountEntitlements gives the logins of all applications, ascending.
func (c *Catalog) AccountEntitlements() []int { return slices.Sorted(maps.Values(c.accounts)) }

// AccountEntitlement gives the id of the entitlement that is having an account in the application; 0 if there is none.
func (c *Catalog) AccountEntitlement(app int) int { return c.accounts[app] }

// Find gives the entitlement that a policy file calls ref: "application/name", "application/kind:name" or "application".
func (c *Catalog) Find(ref string) (*Entitlement, error) {
	if e := c.ByName[ref]; e != nil {
		return e, nil
	}
	app, name, _ := strings.Cut(ref, "/")
	if c.AppNamed[app] == nil {
		return nil, errs.NotFound("there is no application %q", app)
	}
	for _, e := range c.Entitlements {
		if e.Name == name && c.Apps[e.ApplicationID].Name == app {
			return nil, errs.Conflict("%q is several entitlements of %s: write %q with its kind", name, app, app+"/"+e.Kind+":"+name)
		}
	}
	return nil, errs.NotFound("application %s has no entitlement %q", app, name)
}

// Ref gives the name by which a policy file would call an entitlement, the shortest that is clear.
func (c *Catalog) Ref(entitlement int) string {
	e := c.Entitlements[entitlement]
	if e == nil || c.Apps[e.ApplicationID] == nil {
		return ""
	}
	app := c.Apps[e.ApplicationID].Name
	switch {
	case e.ID == c.accounts[e.ApplicationID]:
		return app
	case c.ByName[app+"/"+e.Name] == e:
		return app + "/" + e.Name
	}
	return app + "/" + e.Kind + ":" + e.Name
}

// People finds the people whom a file names by number or e-mail address. Whoever is not found, or is not the only one, is
// missing from the answer.
func People(tx *db.Tx, refs []string) (map[string]int, error) {
	out := map[string]int{}
	if len(refs) == 0 {
		return out, nil
	}
	rows, err := tx.Query(`select ref, min(id) from (
			select r.ref, i.id from unnest($1::text[]) r(ref) join identity i on i.number = r.ref
			union select r.ref, i.id from unnest($1::text[]) r(ref) join identity i on lower(i.email) = lower(r.ref)) f
		group by ref having count(*) = 1`, refs)
	if err != nil {
		return nil, err
	}
	var ref string
	var id int
	_, err = pgx.ForEachRow(rows, []any{&ref, &id}, func() error { out[ref] = id; return nil })
	return out, err
}

// NobodyRule is what is said of an owner whom People does not find.
func NobodyRule(ref string) string {
	return "no single person has the number or e-mail address " + ref + " (people come with an HR sync: name owners after the first one)"
}
