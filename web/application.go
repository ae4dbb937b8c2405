package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"tenure/internal/access"
	"tenure/internal/app"
	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/connector"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/provision"
	"tenure/internal/task"
	"tenure/templates"
	"tenure/templates/ui"
)

// application gives the application whom the path names with the catalog, if this reader has the permission for it: for all of
// them, or because they own it.
func (r *request) application(tx *db.Tx, permission string) (*catalog.Catalog, *catalog.Application, error) {
	cat, err := catalog.Load(tx)
	if err != nil {
		return nil, nil, err
	}
	a := cat.AppNamed[r.Param("name")]
	switch {
	case a == nil, !r.mayFor("application.read", r.owns(a)):
		return nil, nil, nothing("application")
	case !r.mayFor(permission, r.owns(a)):
		return nil, nil, errs.Forbidden("this application is not yours")
	case !r.may(permission + "_any"):
		r.inNameOf(tx, r.ownerOf(a))
	}
	return cat, a, nil
}

// applications lists the targets with how they stand.
func (s *server) applications(r *request) error {
	var v templates.ApplicationsView
	err := r.read(func(tx *db.Tx) error {
		cat, err := catalog.Load(tx)
		if err != nil {
			return err
		}
		figures, err := r.preparedFigures(tx, cat)
		if err != nil {
			return err
		}
		pauses, err := catalog.Pauses(tx)
		if err != nil {
			return err
		}
		health, err := catalog.Health(tx)
		if err != nil {
			return err
		}
		readings, err := catalog.LastReadings(tx)
		if err != nil {
			return err
		}
		waiting, err := access.Board(tx)
		if err != nil {
			return err
		}
		for _, name := range sortedKeys(cat.AppNamed) {
			a := cat.AppNamed[name]
			if !r.mayFor("application.read", r.owns(a)) {
				continue
			}
			n, w, home := figures[a.ID], waiting[a.ID], applicationURL(name)
			row := templates.ApplicationRow{Name: a.Title, URL: home, Kind: kindLabel(a), Mode: string(a.Mode), Enabled: n.Accounts,
				Orphans: n.Orphans, OrphansURL: link(home, "tab", "accounts", "state", "orphan"), Zombies: n.Zombies, ZombiesURL: link(home, "tab", "accounts", "state", "zombie"),
				Drift: n.OutOfBand, DriftURL: home, Waiting: w.Pending + w.Claimed + w.Unread + w.Proposed, WaitingURL: link(home, "tab", "operations"),
				Complete: r.completeness(cat, a), CompleteURL: link(home, "tab", "entitlements")}
			if a.LicenceCostCents != nil && a.LicenceCurrency != nil {
				row.Cost = fmt.Sprintf("%d.%02d %s", *a.LicenceCostCents/100, *a.LicenceCostCents%100, *a.LicenceCurrency)
			}
			row.Health, row.HealthText = healthOf(health[a.ID])
			if p, ok := pauses[a.ID]; ok {
				row.Health, row.HealthText = "paused", p.By+": "+p.Reason
			}
			if x, ok := readings[a.ID]; ok {
				row.Read = r.at(x.StartedAt)
			}
			v.Rows = append(v.Rows, row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.show(templates.Applications(r.shell(r.T("Applications")), v))
}

// preparedFigures are the counts of every application as a job prepared them; until there are any, accounts are counted now.
func (r *request) preparedFigures(tx *db.Tx, cat *catalog.Catalog) (map[int]audit.AppFigure, error) {
	latest, err := audit.Latest(tx)
	if err != nil {
		return nil, err
	}
	if latest != nil {
		return latest.Apps, nil
	}
	out := map[int]audit.AppFigure{}
	for id, a := range cat.Apps { // a handful of applications, before the first count only
		n, err := catalog.CountLogins(tx, id, r.dormantSince(a))
		if err != nil {
			return nil, err
		}
		out[id] = audit.AppFigure{Accounts: n["enabled"], Orphans: n["orphan"], Zombies: n["zombie"]}
	}
	return out, nil
}

func (r *request) completeness(cat *catalog.Catalog, a *catalog.Application) string {
	stated, whole := 0, 0
	for _, e := range cat.Of(a.ID) {
		if e.Kind != catalog.AccountKind {
			whole, stated = whole+4, stated+4-len(e.Missing(a))
		}
	}
	return r.complete(stated, whole)
}

func kindLabel(a *catalog.Application) string {
	if k, ok := app.Connectors[a.Connector]; ok {
		return k.Label
	}
	return a.Connector
}

func healthOf(h catalog.ApplicationHealth) (state, text string) {
	if h.State == "" {
		return "unknown", ""
	}
	return h.State, h.Detail
}

// applicationShow is the page of one application; the query's tab says which part of it.
func (s *server) applicationShow(r *request) error {
	tab := oneOf(r.Query("tab"), "accounts", "entitlements", "operations")
	v := templates.ApplicationView{Tab: tab}
	sent := false
	err := r.read(func(tx *db.Tx) error {
		cat, a, err := r.application(tx, "application.read")
		if err != nil {
			return err
		}
		st, err := r.standing(tx, a)
		if err != nil {
			return err
		}
		if err := r.applicationHead(tx, a, st, &v); err != nil {
			return err
		}
		switch tab {
		case "accounts":
			sent, err = r.applicationAccounts(tx, cat, a, st.Accounts, &v)
			return err
		case "entitlements":
			return r.applicationCatalogue(tx, cat, a, &v)
		case "operations":
			return r.applicationOperations(tx, a, &v)
		}
		return r.applicationDifferences(tx, a, st, &v)
	})
	if err != nil || sent {
		return err
	}
	return r.show(templates.Application(r.shell(v.Name), v))
}

// applicationDifferences fills the tab of differences, as a job found them.
func (r *request) applicationDifferences(tx *db.Tx, a *catalog.Application, st *standing, v *templates.ApplicationView) error {
	all := st.first
	if !st.At.IsZero() {
		var err error
		if all, err = provision.Differences(tx, a.ID); err != nil {
			return err
		}
	}
	if n := st.Amiss() + st.Differences["orphan"]; n > len(all) {
		v.Trimmed = r.T("These are the first %d of %s.", len(all), r.Int(n))
	}
	for _, d := range all {
		row := templates.Drift{Kind: d.Kind, Account: d.Account, Entitlement: d.Entitlement, Text: d.Text}
		if d.Identity != "" {
			row.Person = ui.Link{Text: d.Person, URL: r.to("person.read_any", personURL(d.Identity))}
		}
		v.Drift = append(v.Drift, row)
	}
	return nil
}

// standing is how an application stood when a job last counted it.
type standing struct {
	audit.Standing
	first []provision.Difference // until a job has counted
}

// standing reads what a job counted. Until there was a first count, which follows within a minute, it is counted here.
func (r *request) standing(tx *db.Tx, a *catalog.Application) (*standing, error) {
	was, err := audit.StandingOf(tx, a.ID)
	if err != nil {
		return nil, err
	}
	if was != nil {
		return &standing{Standing: *was}, nil
	}
	st := &standing{Standing: audit.Standing{Differences: map[string]int{}}}
	if st.Accounts, err = catalog.CountLogins(tx, a.ID, r.dormantSince(a)); err != nil {
		return nil, err
	}
	all, err := provision.Drift(tx, a)
	for _, d := range all {
		st.Differences[d.Kind]++
	}
	st.first = all[:min(len(all), provision.DifferencesMost)]
	return st, err
}

// applicationHead fills what stands above the tabs.
func (r *request) applicationHead(tx *db.Tx, a *catalog.Application, st *standing, v *templates.ApplicationView) error {
	home := applicationURL(a.Name)
	v.Name, v.Kind, v.Mode = a.Title, kindLabel(a), string(a.Mode)
	health, err := catalog.Health(tx)
	if err != nil {
		return err
	}
	h := health[a.ID]
	v.Health, v.HealthText = healthOf(h)
	if h.State != "" {
		v.HealthSince = ui.Time{Text: r.T("since %s", r.at(h.Since).Text), Exact: r.at(h.Since).Exact}
	}
	readings, err := catalog.LastReadings(tx)
	if err != nil {
		return err
	}
	if x, ok := readings[a.ID]; ok {
		v.Read = ui.Link{Text: fmt.Sprintf("#%d, %s", x.ID, r.at(x.StartedAt).Text)}
	}
	if a.OwnerID != nil {
		people, err := identity.People(tx, []int{*a.OwnerID})
		if err != nil {
			return err
		}
		if p := people[*a.OwnerID]; p != nil {
			v.Owner = ui.Link{Text: p.Name, URL: r.to("person.read_any", personURL(p.PublicID))}
		}
	}
	waiting, err := access.Board(tx)
	if err != nil {
		return err
	}
	w, counts, differences := waiting[a.ID], st.Accounts, st.Amiss()
	v.Counted = r.at(st.At)
	accounts := func(state string) string { return link(home, "tab", "accounts", "state", state) }
	v.Figures = []ui.Figure{
		{Label: r.T("Enabled accounts"), Value: r.Int(counts["enabled"]), URL: accounts("enabled")},
		{Label: r.T("Disabled"), Value: r.Int(counts["disabled"]), URL: accounts("disabled")},
		alarm(ui.Figure{Label: r.T("Orphans"), Value: r.Int(counts["orphan"]), URL: accounts("orphan")}, counts["orphan"], ui.Warn, "ghost"),
		alarm(ui.Figure{Label: r.T("Zombies"), Value: r.Int(counts["zombie"]), URL: accounts("zombie")}, counts["zombie"], ui.Bad, "alert-triangle"),
		alarm(ui.Figure{Label: r.T("Dormant"), Value: r.Int(counts["dormant"]), URL: accounts("dormant")}, counts["dormant"], ui.Warn, "history"),
		alarm(ui.Figure{Label: r.T("Differences"), Value: r.Int(differences), URL: home}, differences, ui.Warn, "alert-triangle"),
		{Label: r.T("Waiting operations"), Value: r.Int(w.Proposed + w.Pending + w.Claimed + w.Unread), URL: link(home, "tab", "operations")},
		alarm(ui.Figure{Label: r.T("Failed"), Value: r.Int(w.Failed), URL: link(home, "tab", "operations")}, w.Failed, ui.Bad, "circle-x"),
	}
	for _, t := range []struct{ tab, word string }{{"", r.T("Differences")}, {"accounts", r.T("Accounts")}, {"entitlements", r.T("Entitlements")}, {"operations", r.T("Operations")}} {
		v.Tabs = append(v.Tabs, ui.Chip{Text: t.word, URL: link(home, "tab", t.tab), Current: t.tab == v.Tab})
	}
	if r.mayFor("application.check", r.owns(a)) {
		v.CheckURL = home + "/check"
	}
	v.ConnectorURL = r.to("connector.read", connectorURL(a))
	if r.mayFor("account.claim", r.owns(a)) && counts["orphan"] > 0 {
		v.OrphansURL = home + "/orphans"
	}
	pauses, err := catalog.Pauses(tx)
	if p, ok := pauses[a.ID]; ok {
		v.Health, v.Paused = "paused", r.T("%s paused it %s: %s", p.By, r.at(p.At).Text, p.Reason)
	}
	if err != nil {
		return err
	}
	if r.mayFor("application.adopt", r.owns(a)) {
		v.AdoptURL = home + "/adopt"
	}
	return nil
}

// dormantSince is the day before which a last sign-in makes an account dormant.
func (r *request) dormantSince(a *catalog.Application) time.Time {
	return a.DormantSince(r.now)
}

func (r *request) applicationOperations(tx *db.Tx, a *catalog.Application, v *templates.ApplicationView) error {
	home := applicationURL(a.Name)
	states := []access.State{access.Proposed}
	if a.Mode == catalog.Propose && r.may("operation.release") {
		v.ReleaseURL = home + "/release"
	} else {
		states = append(states, access.Pending, access.Claimed, access.Acknowledged, access.Failed)
	}
	all, err := access.Items(tx, access.Query{Application: a.ID, States: states, Before: r.longCursor("before"), Limit: pageSize})
	if err != nil {
		return err
	}
	for i := range all {
		v.Operations = append(v.Operations, r.operationRow(&all[i]))
	}
	if len(all) == 0 {
		v.ReleaseURL = ""
	}
	if len(all) == pageSize {
		v.Pager.NextURL = link(home, "tab", "operations", "before", strconv.FormatInt(all[len(all)-1].ID, 10))
	}
	return nil
}

// patience is how long a reader waits for a target; a reading that takes longer goes on without them.
const patience = 20 * time.Second

// applicationCheck reads the target now.
func (s *server) applicationCheck(r *request) error {
	var a *catalog.Application
	if err := r.read(func(tx *db.Tx) (err error) { _, a, err = r.application(tx, "application.check"); return err }); err != nil {
		return err
	}
	n, err := s.readTarget(r, a)
	if err != nil {
		return err
	}
	// Who had it read wants to see what that showed.
	if err := r.do(func(tx *db.Tx) error { return audit.Recount(tx, a) }); err != nil {
		return err
	}
	return r.goWith(applicationURL(a.Name), n)
}

// readTarget reads a target and says in a sentence how that went.
func (s *server) readTarget(r *request, a *catalog.Application) (ui.Notice, error) {
	r.allow(2 * patience)
	ctx, cancel := context.WithTimeout(r.Request.Context(), patience)
	defer cancel()
	id, err := s.app.Provision.ReadWhole(ctx, a.ID)
	switch {
	case err == nil:
		return ui.Notice{Tone: ui.Good, Title: r.T("%s was read", a.Title), Text: r.T("Reading #%d is stored and compared.", id)}, nil
	case r.Request.Context().Err() != nil:
		return ui.Notice{}, r.Request.Context().Err()
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		ref := ""
		err := r.do(func(tx *db.Tx) (err error) {
			ref, err = task.Begin(tx, task.New{Kind: app.TaskRead, Title: r.T("Read %s", a.Title), Args: app.ReadArgs{Application: a.ID, Name: a.Name}})
			return err
		})
		return ui.Notice{Tone: ui.Info, Title: r.T("The reading takes longer"), Text: r.T("A worker goes on with it."), Link: ui.Link{Text: r.T("Follow it"), URL: taskURL(ref)}}, err
	}
	slog.Warn("a target could not be read", "application", a.ID, "class", string(connector.Classify(err)), "reference", r.reference())
	return ui.Notice{Tone: ui.Bad, Title: r.T("%s could not be read", a.Title), Text: r.T("The application's health below says why. Nothing is concluded from a reading that failed.")}, nil
}
