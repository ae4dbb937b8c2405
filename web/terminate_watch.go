package web

import (
	"time"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/templates"
	"tenure/templates/lang"
	"tenure/templates/ui"
)

// ending is how far a termination has come at the targets.
type ending struct {
	*lang.Language // the reader's
	person         *identity.Person
	logins         []catalog.Login
	items          []access.Item // what it asked of the targets
	seq            int64
	settled        int // items that are verified or need nothing more
	enabled        int // accounts that the last readings show enabled
	failed         int
	last           time.Time // when the last of them was verified
}

// ending reads it. A person who is not terminated has none.
func (r *request) ending(tx *db.Tx) (*ending, error) {
	p, err := r.person(tx)
	if err != nil {
		return nil, err
	}
	if !p.Locked() {
		return nil, nothing("termination")
	}
	e := &ending{Language: r.Language, person: p}
	if e.logins, err = catalog.LoginsOf(tx, p.ID); err != nil {
		return nil, err
	}
	all, err := access.Items(tx, access.Query{Person: p.ID, Limit: 500})
	if err != nil {
		return nil, err
	}
	for _, l := range e.logins {
		if l.There && l.Enabled {
			e.enabled++
		}
	}
	rank := map[access.State]int64{access.Pending: 1, access.Claimed: 2, access.Acknowledged: 3, access.Verified: 5, access.Cancelled: 5, access.Failed: 4}
	for _, o := range all {
		if o.Cause != "terminate" || o.Kind != access.Disable && o.Kind != access.Revoke {
			continue
		}
		e.items = append(e.items, o)
		e.seq += rank[o.State]*1_000_000 + int64(o.Attempts)
		switch o.State {
		case access.Verified:
			e.settled++
			if o.Verified.After(e.last) {
				e.last = *o.Verified
			}
		case access.Cancelled:
			e.settled++
		case access.Failed:
			e.failed++
		}
	}
	e.seq += int64(e.enabled) + 1
	return e, nil
}

// over says whether nothing is enabled any more and all of it was read back.
func (e *ending) over() bool { return e.enabled == 0 && e.settled == len(e.items) }

func (e *ending) percent() int {
	if len(e.items) == 0 || e.over() {
		return 100
	}
	return min(99, e.settled*100/len(e.items))
}

func (e *ending) words() string {
	if e.over() {
		return e.T("0 enabled accounts, verified")
	}
	return e.T("%s, %s of %s changes verified", e.Plural(e.enabled, "enabled account", "enabled accounts"), e.Int(e.settled), e.Int(len(e.items)))
}

// terminateWatch follows a termination to its end: each account asked, acknowledged by its target, verified by a later reading.
func (s *server) terminateWatch(r *request) error {
	var v templates.EndingView
	var e *ending
	err := r.read(func(tx *db.Tx) (err error) {
		if e, err = r.ending(tx); err != nil {
			return err
		}
		cat, err := catalog.Load(tx)
		if err != nil {
			return err
		}
		v = r.endingView(e, cat)
		return nil
	})
	if err != nil {
		return err
	}
	sh := r.shell(r.T("%s is terminated", v.Name))
	sh.Refresh = !v.Watch.Over
	return r.show(templates.Ending(sh, v))
}

func (r *request) endingView(e *ending, cat *catalog.Catalog) templates.EndingView {
	home := personURL(e.person.PublicID)
	v := templates.EndingView{Name: e.person.Name, PersonURL: home, Since: r.at(*e.person.LockedAt), Enabled: e.enabled, Over: e.over(), Failed: e.failed,
		OperationsURL: r.to("operation.read", "/operations?state=failed"), Watch: ui.Watching{ID: "ending", Over: e.over(), Percent: e.percent(), Words: e.words()}}
	if e.over() {
		if !e.last.IsZero() {
			v.Took = r.took(*e.person.LockedAt, &e.last)
		}
	} else {
		v.Watch.URL, v.Watch.EventsURL = home+"/terminate/watch", home+"/terminate/events"
	}
	disables := map[int]*access.Item{}
	for i := range e.items {
		o := &e.items[i]
		if o.Kind == access.Disable && disables[o.AccountID] == nil {
			disables[o.AccountID] = o
			continue
		}
		if o.Kind == access.Revoke {
			v.Grants++
			if o.State == access.Verified || o.State == access.Cancelled {
				v.GrantsDone++
			}
		}
	}
	for _, l := range e.logins {
		if !l.There {
			continue
		}
		a := cat.Apps[l.ApplicationID]
		x := templates.EndingAccount{Name: l.Name, Application: ui.Link{Text: a.Title, URL: r.to("application.read_any", applicationURL(a.Name))}, State: loginState(l)}
		if o := disables[l.ID]; o != nil {
			x.Asked, x.Answered, x.Read, x.URL = r.exactly(&o.Created), r.exactly(o.Acknowledged), r.exactly(o.Verified), r.to("operation.read", operationURL(o.ID))
			if o.VerifiedBy != nil {
				x.Reading = r.T("reading #%d", *o.VerifiedBy)
			}
			if o.State != access.Verified {
				x.Error = o.Error
			}
		} else if l.Enabled {
			x.Error = r.T("Tenure does not change this application: it is only observed, or waits for a release")
		}
		v.Accounts = append(v.Accounts, x)
	}
	return v
}

// exactly shows a moment of today to the second: how fast it went is what is watched.
func (r *request) exactly(t *time.Time) ui.Time {
	x := r.maybe(t)
	if t != nil {
		x.Text = r.inZone(*t).Format("15:04:05")
	}
	return x
}

func (s *server) terminateEvents(r *request) error {
	return r.stream(func(tx *db.Tx) (sign, error) {
		e, err := r.ending(tx)
		if err != nil {
			return sign{}, err
		}
		return sign{Seq: e.seq, Percent: e.percent(), Words: e.words(), Over: e.over()}, nil
	})
}
