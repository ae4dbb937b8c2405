package web

import (
	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/templates"
	"tenure/templates/ui"
)

// person gives the person whom the path names, if this reader may see them: themselves, who reports to them (through others, too), or everybody.
// Somebody whom they may not see does not exist for them.
func (r *request) person(tx *db.Tx) (*identity.Person, error) {
	p, ok, err := identity.ByRef(tx, r.Param("id"))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, nothing("person")
	}
	mine := p.ID == r.who.ID
	if !mine && !r.may("person.read_any") {
		if mine, err = r.manages(tx, p.ID); err != nil {
			return nil, err
		}
	}
	if !r.mayFor("person.read", mine) {
		return nil, nothing("person")
	}
	return p, nil
}

// personShow is the page of one person.
func (s *server) personShow(r *request) error {
	var v templates.PersonView
	err := r.read(func(tx *db.Tx) error {
		var p *identity.Person
		if err := db.Together(tx, knowing, func(tx *db.Tx) (err error) { p, err = r.person(tx); return err }); err != nil {
			return err
		}
		var versions map[int][]identity.Version
		var held *holdings
		var headless []ui.Notice
		if err := db.Together(tx, func(tx *db.Tx) (err error) { versions, err = identity.Versions(tx, []int{p.ID}); return err },
			func(tx *db.Tx) (err error) { held, err = r.held(tx, p); return err },
			func(tx *db.Tx) error { return r.personTimeline(tx, p, &v) },
			func(tx *db.Tx) (err error) { headless, err = r.personReports(tx, p, &v); return err }); err != nil {
			return err
		}
		// What is held is told in the zone that the facts find before they ask anything.
		err := db.Together(tx, func(tx *db.Tx) error { return r.personFacts(tx, p, versions[p.ID], &v) },
			func(tx *db.Tx) error {
				if err := r.endActs(tx, p, held.apps); err != nil {
					return err
				}
				return r.personHolds(tx, p, held, &v)
			},
			func(tx *db.Tx) error { return r.personJobs(tx, p, versions[p.ID], &v) })
		v.Ahead = append(v.Ahead, headless...)
		return err
	})
	if err != nil {
		return err
	}
	return r.show(templates.Person(r.shell(v.Name), v))
}

func (r *request) personFacts(tx *db.Tx, p *identity.Person, all []identity.Version, v *templates.PersonView) error {
	v.ExplainURL = r.to("person.read", personURL(p.PublicID)+"/explain")
	v.Name, v.State, v.Since, v.Zone = p.Name, string(p.State), r.at(p.Since), "UTC"
	if p.Number != nil {
		v.Number = *p.Number
	}
	if p.Email != nil {
		v.Email = *p.Email
	}
	another := p.ID != r.who.ID && p.Kind == "person"
	switch {
	case p.ErasedAt != nil:
		v.Ahead = append(v.Ahead, ui.Notice{Tone: ui.Info, Title: r.T("Erased on %s", r.day(*p.ErasedAt)), Text: r.T("Ids, dates, reasons and decisions stay; what was personal is gone, here and in the log.")})
	case p.Locked() && another:
		v.Ahead = append(v.Ahead, ui.Notice{Tone: ui.Bad, Title: r.T("Terminated %s", r.at(*p.LockedAt).Text),
			Text: r.T("Every access is withdrawn and stays so, whatever the HR feed says, until the termination is lifted."),
			Link: ui.Link{Text: r.T("Lift the termination"), URL: r.to("person.terminate", personURL(p.PublicID)+"/reinstate")}})
	case another && p.State == identity.Left:
		v.EraseURL = r.to("privacy.decide", erasureURL(p.PublicID))
	case another:
		v.TerminateURL = r.to("person.terminate", personURL(p.PublicID)+"/terminate")
	}
	main := identity.Main(all, tx.Now)
	if main == nil {
		return nil
	}
	v.Department, v.Title, v.Location, v.Zone = main.Attrs["department"], main.Attrs["title"], main.Attrs["location"], main.Zone
	if p.ErasedAt != nil { // the notice above says so once
		v.Department, v.Title, v.Location = "", "", ""
	}
	first, last := main.Ahead(tx.Now)
	if last != nil {
		v.Until = ui.Time{Text: r.day(*last)}
		v.Ahead = append(v.Ahead, ui.Notice{Tone: ui.Info, Title: r.T("Leaves on %s", r.day(*last)), Text: r.T("At the end of that day in %s every access is withdrawn.", main.Zone)})
	}
	if first != nil {
		v.Ahead = append(v.Ahead, ui.Notice{Tone: ui.Info, Title: r.T("Starts on %s", r.day(*first)), Text: r.T("Access begins when that day begins in %s.", main.Zone)})
	}
	people, err := identity.People(tx, []int{main.Manager})
	if err != nil {
		return err
	}
	if m := people[main.Manager]; m != nil {
		v.Manager, v.ManagerState = ui.Link{Text: m.Name}, awayState(m)
		if r.may("person.read_any") || m.ID == r.who.ID {
			v.Manager.URL = personURL(m.PublicID)
		}
	}
	v.Employments, err = r.employments(tx, all)
	return err
}

// employments lists the jobs of somebody who has several, as they are now.
func (r *request) employments(tx *db.Tx, all []identity.Version) ([]templates.Employment, error) {
	by := map[int][]identity.Version{}
	var ids []int
	for _, v := range all {
		if by[v.Employment] == nil {
			ids = append(ids, v.Employment)
		}
		by[v.Employment] = append(by[v.Employment], v)
	}
	if len(ids) < 2 {
		return nil, nil
	}
	names, err := identity.Sources(tx, ids)
	if err != nil {
		return nil, err
	}
	var out []templates.Employment
	for _, id := range ids {
		v := identity.Main(by[id], tx.Now)
		e := templates.Employment{Source: names[id].Source, Number: names[id].Key, Department: v.Attrs["department"], Title: v.Attrs["title"],
			Dates: r.T("from %s", r.day(v.FirstDay)), State: string(v.At(tx.Now))}
		if v.LastDay != nil {
			e.Dates = r.T("%s to %s", r.day(v.FirstDay), r.day(*v.LastDay))
		}
		out = append(out, e)
	}
	return out, nil
}

// held gives what a person holds now, by application.
func (r *request) held(tx *db.Tx, p *identity.Person) (*holdings, error) {
	var grants []audit.Grant
	var logins []catalog.Login
	if err := db.Together(tx, func(tx *db.Tx) (err error) { grants, err = audit.Held(tx, p); return err },
		func(tx *db.Tx) (err error) { logins, err = catalog.LoginsOf(tx, p.ID); return err }); err != nil {
		return nil, err
	}
	return r.holdings(tx, grants, logins)
}

// holdings is what somebody holds, as a page shows it, with the counts above it.
type holdings struct {
	apps                                             []templates.HeldApp
	grants, accounts, privileged, outOfBand, dormant int
}

func (r *request) holdings(tx *db.Tx, grants []audit.Grant, logins []catalog.Login) (*holdings, error) {
	cat, err := catalog.Load(tx)
	if err != nil {
		return nil, err
	}
	h := &holdings{}
	by := map[int]*templates.HeldApp{}
	var order []int
	at := func(id int) *templates.HeldApp {
		if by[id] == nil {
			app := cat.Apps[id]
			by[id] = &templates.HeldApp{Name: app.Title, Mode: string(app.Mode), URL: r.to("application.read_any", applicationURL(app.Name))}
			order = append(order, id)
		}
		return by[id]
	}
	for i := range grants {
		g := &grants[i]
		if g.Entitlement != "" {
			h.grants++
		}
		if g.Privileged {
			h.privileged++
		}
		if g.State == "out of band" {
			h.outOfBand++
		}
		a := at(g.ApplicationID)
		a.Grants = append(a.Grants, r.grant(g))
	}
	for _, l := range logins {
		if l.There {
			h.accounts++
			if l.Enabled && l.LastSignIn != nil && l.LastSignIn.Before(r.dormantSince(cat.Apps[l.ApplicationID])) {
				h.dormant++
			}
		}
		if l.There || by[l.ApplicationID] != nil && !l.Retired {
			a := at(l.ApplicationID)
			a.Accounts = append(a.Accounts, templates.HeldAccount{Name: l.Name, State: loginState(l), LastSignIn: r.maybe(l.LastSignIn)})
		}
	}
	for _, id := range order {
		h.apps = append(h.apps, *by[id])
	}
	return h, nil
}

// marks are what somebody should look at.
func (h *holdings) marks(r *request) []ui.Tag {
	var out []ui.Tag
	if h.privileged > 0 {
		out = append(out, ui.Tag{Tone: ui.Warn, Icon: "flag", Text: r.T("%s privileged", r.Int(h.privileged))})
	}
	if h.outOfBand > 0 {
		out = append(out, ui.Tag{Tone: ui.Warn, Icon: "alert-triangle", Text: r.T("%s out of band", r.Int(h.outOfBand))})
	}
	if h.dormant > 0 {
		out = append(out, ui.Tag{Tone: ui.Neutral, Icon: "history", Text: r.Plural(h.dormant, "dormant account", "dormant accounts")})
	}
	return out
}

func loginState(l catalog.Login) string {
	switch {
	case !l.There && l.NativeID == "":
		return "waiting"
	case !l.There:
		return "deleted"
	case l.Enabled:
		return "enabled"
	}
	return "disabled"
}
