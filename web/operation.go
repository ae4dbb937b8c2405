package web

import (
	"maps"
	"slices"
	"strconv"
	"tenure/templates/lang"
	"time"

	"tenure/internal/access"
	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/connector"
	"tenure/internal/db"
	"tenure/templates"
	"tenure/templates/ui"
)

// sortedKeys gives the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// operationFilters are the states of the board's list, in the order of an operation's life.
var operationFilters = []struct {
	state  access.State
	word   string
	states []access.State
}{
	{access.Proposed, lang.Mark("Proposed"), []access.State{access.Proposed}},
	{access.Pending, lang.Mark("Waiting"), []access.State{access.Pending}},
	{access.Claimed, lang.Mark("At work"), []access.State{access.Claimed}},
	{access.Acknowledged, lang.Mark("Done, not read back"), []access.State{access.Acknowledged}},
	{access.Failed, lang.Mark("Failed"), []access.State{access.Failed}},
	{access.Verified, lang.Mark("Verified"), []access.State{access.Verified}},
	{access.Cancelled, lang.Mark("Cancelled"), []access.State{access.Cancelled}},
}

// live says how a part of a page refreshes itself. Pausing is an address, so it needs no script.
func (r *request) live(id string) ui.Live {
	u := *r.Request.URL
	q := u.Query()
	now := r.at(time.Now())
	now.Text = r.inZone(time.Now()).Format("15:04:05")
	l := ui.Live{ID: id, At: now}
	paused := q.Get("live") == "off"
	q.Del("live")
	u.RawQuery = q.Encode()
	on := u.RequestURI()
	q.Set("live", "off")
	u.RawQuery = q.Encode()
	if paused {
		l.Resume = on
	} else {
		l.URL, l.Pause = on, u.RequestURI()
	}
	return l
}

// boardApps fills the line of each application and gives the open operations by state.
func (r *request) boardApps(tx *db.Tx, cat *catalog.Catalog, v *templates.OperationsView) (map[access.State]int, error) {
	waiting, err := access.Board(tx)
	if err != nil {
		return nil, err
	}
	health, err := catalog.Health(tx)
	if err != nil {
		return nil, err
	}
	pauses, err := catalog.Pauses(tx)
	if err != nil {
		return nil, err
	}
	queues, err := access.Queues(tx)
	if err != nil {
		return nil, err
	}
	counts := map[access.State]int{access.Proposed: 0, access.Pending: 0, access.Claimed: 0, access.Acknowledged: 0, access.Failed: 0}
	var oldest *time.Time
	for _, name := range sortedKeys(cat.AppNamed) {
		a := cat.AppNamed[name]
		w := waiting[a.ID]
		at := func(s access.State) string { return link("/operations", "state", string(s), "application", name) }
		row := templates.OperationApp{Name: a.Title, URL: r.to("application.read", applicationURL(name)), Waiting: w.Pending, Working: w.Claimed, Unread: w.Unread, Failed: w.Failed,
			WaitingURL: at(access.Pending), WorkingURL: at(access.Claimed), UnreadURL: at(access.Acknowledged), FailedURL: at(access.Failed), Oldest: r.maybe(w.Oldest)}
		row.Health, row.HealthText = healthOf(health[a.ID])
		row.ConnectorURL = r.to("connector.read", connectorURL(a))
		if p, ok := pauses[a.ID]; ok {
			row.Health, row.HealthText = "paused", p.By+": "+p.Reason
		}
		for _, x := range queues {
			if x.Application == a.ID && x.Urgent && x.Waiting > 0 {
				row.Leavers, row.LeaversOldest = x.Waiting, r.maybe(x.Oldest)
				row.LeaversURL = link("/operations", "class", "leaver", "state", "pending", "application", name)
			}
		}
		v.Apps = append(v.Apps, row)
		counts[access.Proposed] += w.Proposed
		counts[access.Pending] += w.Pending
		counts[access.Claimed] += w.Claimed
		counts[access.Acknowledged] += w.Unread
		counts[access.Failed] += w.Failed
		if w.Oldest != nil && (oldest == nil || w.Oldest.Before(*oldest)) {
			oldest = w.Oldest
		}
	}
	v.Oldest = r.maybe(oldest)
	return counts, nil
}

// operationRow is one operation in a list.
func (r *request) operationRow(o *access.Item) templates.OperationRow {
	id := strconv.FormatInt(o.ID, 10)
	row := templates.OperationRow{ID: "#" + id, Key: id, URL: r.to("operation.read", operationURL(o.ID)), State: string(o.State), What: r.operationWord(o.Kind, o.Entitlement),
		Urgent: o.Urgency <= access.Urgent && o.State != access.Verified && o.State != access.Cancelled, Account: o.Account, Attempts: o.Attempts,
		Application: ui.Link{Text: o.ApplicationTitle, URL: r.to("application.read", applicationURL(o.Application))}}
	if o.Person != "" {
		row.Person = ui.Link{Text: o.Person, URL: r.to("person.read_any", personURL(o.PersonRef))}
	}
	if o.State == access.Pending {
		row.Next = r.at(o.NextAttempt)
	}
	if o.State != access.Verified {
		row.Error = o.Error
	}
	if o.State == access.Failed {
		row.RetryURL = r.to("operation.retry", operationURL(o.ID)+"/retry")
	}
	return row
}

// operationShow is the page of one operation with its attempts.
func (s *server) operationShow(r *request) error {
	id, err := r.long("id")
	if err != nil {
		return err
	}
	var v templates.OperationView
	open := false
	err = r.read(func(tx *db.Tx) error {
		o, err := access.GetItem(tx, id)
		if err != nil {
			return err
		}
		row := r.operationRow(&o)
		v = templates.OperationView{ID: row.ID, What: row.What, State: row.State, Urgent: row.Urgent, Application: row.Application, Account: row.Account,
			Person: row.Person, Created: r.at(o.Created), Next: row.Next, Acknowledged: r.maybe(o.Acknowledged),
			Verified: r.maybe(o.Verified), Error: o.Error, RetryURL: row.RetryURL}
		if v.Cause, err = r.causeOf(tx, &o); err != nil {
			return err
		}
		if o.VerifiedBy != nil {
			v.Reading.Text = r.T("reading #%d", *o.VerifiedBy)
		}
		if r.may("application.check_any") {
			v.CheckURL = operationURL(o.ID) + "/check"
		}
		open = o.State == access.Pending || o.State == access.Claimed || o.State == access.Acknowledged
		if o.State == access.Pending {
			first, err := access.Ahead(tx, o)
			if err != nil {
				return err
			}
			if first > 0 {
				v.Behind = ui.Link{Text: r.T("It waits for operation #%d", first), URL: operationURL(first)}
			}
		}
		all, err := access.Attempts(tx, o.ID)
		for _, a := range all {
			v.Attempts = append(v.Attempts, templates.Attempt{N: a.Epoch, At: r.at(a.Started), Took: r.took(a.Started, a.Ended), Outcome: r.outcomeWord(a.Outcome), Text: a.Detail})
		}
		return err
	})
	if err != nil {
		return err
	}
	sh := r.shell(v.What)
	v.Live.ID = "operation"
	if open {
		v.Live = r.live("operation")
		sh.Refresh = v.Live.URL != ""
	}
	return r.show(templates.Operation(sh, v))
}

// causeOf says why an operation exists, and leads to what decided it: the HR run, or the entry of the person's timeline.
func (r *request) causeOf(tx *db.Tx, o *access.Item) (ui.Link, error) {
	l := ui.Link{Text: r.causeWord(o.Cause)}
	if o.PersonID == 0 {
		return l, nil
	}
	e, ok, err := audit.CauseOf(tx, o.PersonID, o.ID, o.Created)
	switch {
	case err != nil || !ok:
	case e.Facts.Cause == "hr" && e.Facts.Ref > 0 && r.may("hr.read"):
		l = ui.Link{Text: r.T("HR run #%d", e.Facts.Ref), URL: runURL(e.Facts.Ref)}
	default:
		id := strconv.FormatInt(e.ID, 10)
		l.URL = r.to("person.read_any", link(personURL(o.PersonRef), "event", id)+"#e"+id)
	}
	return l, err
}

// outcomeWord sorts the class of an attempt into what a reader can tell apart.
func (r *request) outcomeWord(class string) string {
	switch connector.Class(class) {
	case connector.ClassOK:
		return r.T("done")
	case connector.ClassAmbiguous:
		return r.T("unclear")
	case connector.ClassTransient, connector.ClassThrottled:
		return r.T("unreachable")
	}
	return r.T("refused")
}

// operationRetry gives a failed operation another round.
func (s *server) operationRetry(r *request) error {
	id, err := r.long("id")
	if err != nil {
		return err
	}
	r.back = ui.Link{Text: r.T("See the operation"), URL: operationURL(id)}
	if err := r.do(func(tx *db.Tx) error { return access.Retry(tx, id) }); err != nil {
		return err
	}
	return r.goWith(operationURL(id), ui.Notice{Tone: ui.Good, Title: r.T("It is tried again"), Text: r.T("A worker takes it as soon as its turn comes.")})
}

// operationCheck reads the operation's target now, which verifies it when the target shows it.
func (s *server) operationCheck(r *request) error {
	id, err := r.long("id")
	if err != nil {
		return err
	}
	var a *catalog.Application
	err = r.read(func(tx *db.Tx) error {
		o, err := access.GetItem(tx, id)
		if err != nil {
			return err
		}
		cat, err := catalog.Load(tx)
		if err == nil {
			a = cat.Apps[o.ApplicationID]
		}
		return err
	})
	if err != nil {
		return err
	}
	if !r.mayFor("application.check", r.owns(a)) {
		return nothing("operation")
	}
	n, err := s.readTarget(r, a)
	if err != nil {
		return err
	}
	return r.goWith(operationURL(id), n)
}
