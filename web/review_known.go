package web

import (
	"slices"
	"time"

	"tenure/internal/access"
	"tenure/internal/audit"
	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/templates"
)

// reason says a reason to whoever decides about somebody else, with who decided what it rests on.
func (w *reviewing) reason(x *audit.Reason) string {
	r, title := w.r, x.Title
	switch {
	case x.Kind == access.Requested && title == "":
		return w.decided(x, r.T("Asked for, request R-%d", x.Number))
	case title == "":
	case x.Kind == access.Birthright:
		return r.T("The rule “%s” gives it", title)
	case x.Kind == access.Handover:
		return r.T("Kept for the hand-over after a move; “%s” gave it before", title)
	case x.Kind == access.Assignment:
		return w.decided(x, r.T("Member of “%s”", title))
	case x.Kind == access.Requested:
		return w.decided(x, r.T("Asked for (“%s”), request R-%d", title, x.Number))
	}
	return sentence(r.T(x.Text))
}

// deciders is how many names of those who decided a line has.
const deciders = 4

// decided adds to a reason who approved it, or made somebody a member, and on which day; nothing where nobody had to. The reasons of an item are
// those of the snapshot, and so are the decisions they rest on.
func (w *reviewing) decided(x *audit.Reason, text string) string {
	r := w.r
	var who, days []string
	var last time.Time
	member := false
	for _, d := range w.deeds[x.ID] {
		if d.Did != audit.Approved && d.Did != audit.MadeMember {
			continue
		}
		member = member || d.Did == audit.MadeMember
		if !slices.Contains(who, d.Who) {
			who = append(who, d.Who)
		}
		if day := r.day(r.inZone(d.At)); !slices.Contains(days, day) {
			days = append(days, day)
		}
		last = d.At
	}
	names := r.and(who, deciders)
	switch day := r.day(r.inZone(last)); {
	case len(who) == 0:
		return text
	case member:
		return r.T("%s, put there by %s on %s", text, names, day)
	case len(days) > 1:
		return r.T("%s, approved by %s, the last on %s", text, names, day)
	default:
		return r.T("%s, approved by %s on %s", text, names, day)
	}
}

// cost says what an account of the item's application cost a month at the snapshot; "" where nobody had stated it.
func (w *reviewing) cost(i *campaign.Item) string {
	e := w.cat.Entitlements[i.Entitlement]
	if e == nil {
		return ""
	}
	c, ok := w.costs[e.ApplicationID]
	if !ok {
		return ""
	}
	return w.r.T("An account costs %s a month", w.r.money(c.Cents, c.Currency))
}

// rare adds what the last look for outliers before the snapshot said of an item, with its day.
func (w *reviewing) rare(tx *db.Tx, i *campaign.Item, v *templates.ReviewItemView) error {
	if i.Identity == 0 || i.Entitlement == 0 || w.c.StartedAt == nil {
		return nil
	}
	x, err := audit.RarityOf(tx, i.Identity, i.Entitlement, *w.c.StartedAt)
	if err != nil || x == nil {
		return err
	}
	v.Line.Peers = append(v.Line.Peers, w.r.T("An outlier, number %d of the rarest: %d of %d peers held it on %s", x.N, x.Holders, x.Peers, w.r.day(w.r.inZone(x.MadeAt))))
	return nil
}
