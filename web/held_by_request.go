package web

import (
	"time"

	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/policy"
	req "tenure/internal/request"
	"tenure/templates"
	"tenure/templates/ui"
)

// requestActs says beside what is held by a request what the reader, who holds it, can do about it.
func (r *request) requestActs(pol *policy.Snapshot, running []req.Line, apps []templates.HeldApp) {
	by := map[int]*req.Line{}
	for i := range running {
		by[running[i].Item] = &running[i]
	}
	eachReason(apps, func(x *templates.Reason) {
		l := by[x.Item]
		if l == nil {
			return
		}
		x.Acts = append(x.Acts, ui.Link{Text: r.T("Give back"), URL: endURL(l)})
		if url := r.longerURL(l); url != "" {
			x.Acts = append(x.Acts, ui.Link{Text: r.T("Ask for longer"), URL: url})
			if o := pol.Offer(l.Offer); o != nil && len(o.Object.Offer.Levels) > 1 {
				x.Acts = append(x.Acts, ui.Link{Text: r.T("Change the level"), URL: wishOf(l, req.Level)})
			}
		}
	})
}

// endActs is what somebody who looks after a person can do about what they hold by a request: end it.
func (r *request) endActs(tx *db.Tx, p *identity.Person, apps []templates.HeldApp) error {
	pol, err := policy.Load(tx)
	if err != nil {
		return err
	}
	running, err := req.Running(tx, p.ID)
	if err != nil || len(running) == 0 {
		return err
	}
	if p.ID == r.who.ID {
		r.requestActs(pol, running, apps)
		return nil
	}
	may := r.may("request.end_any") && r.may("request.read_any")
	if !may {
		if may, err = r.manages(tx, p.ID); err != nil || !may {
			return err
		}
	}
	by := map[int]*req.Line{}
	for i := range running {
		by[running[i].Item] = &running[i]
	}
	eachReason(apps, func(x *templates.Reason) {
		if l := by[x.Item]; l != nil {
			x.Acts = append(x.Acts, ui.Link{Text: r.T("End this access"), URL: endURL(l)})
		}
	})
	return nil
}

func eachReason(apps []templates.HeldApp, fn func(*templates.Reason)) {
	for i := range apps {
		for k := range apps[i].Grants {
			for n := range apps[i].Grants[k].Reasons {
				fn(&apps[i].Grants[k].Reasons[n])
			}
		}
	}
}

func endURL(l *req.Line) string { return requestsURL + "/" + l.Ref + "/items/" + itoa(l.Item) + "/end" }

func wishOf(l *req.Line, act req.Act) string {
	return link(wishURL, "offer", itoa(l.Offer), "act", string(act), "of", itoa(l.Item))
}

// longerURL is where the reader asks for longer; "" for what is held for hours.
func (r *request) longerURL(l *req.Line) string {
	if l.Act == req.Activate || l.Act == req.Emergency {
		return ""
	}
	return wishOf(l, req.Extend)
}

// daysTo says in how many days something is.
func (r *request) daysTo(t ui.Time) string {
	at, err := time.Parse(time.RFC3339, t.Exact)
	if err != nil {
		return ""
	}
	days := int(at.Sub(r.now).Hours() / 24)
	if days < 1 {
		return r.T("in less than a day")
	}
	return r.T("in %s", r.Plural(days, "day", "days"))
}
