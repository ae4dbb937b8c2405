package web

import (
	"cmp"
	"slices"
	"strconv"

	"tenure/internal/access"
	"tenure/internal/auth"
	"tenure/internal/campaign"
	"tenure/internal/catalog"
	"tenure/templates"
)

// person names whom an item is about.
func (w *reviewing) person(i *campaign.Item) string {
	switch {
	case i.Role() != 0:
		return w.r.T("Roles")
	case i.Identity == 0:
		return w.r.T("Accounts of nobody")
	}
	return cmp.Or(w.people[i.Identity][0], w.r.T("somebody"))
}

// entitlement names an entitlement with its application.
func (w *reviewing) entitlement(id int) string {
	e := w.cat.Entitlements[id]
	if e == nil {
		return w.r.T("something that is no longer in the catalogue")
	}
	if e.Kind == catalog.AccountKind {
		return w.r.titleOf(e, w.cat)
	}
	return w.r.T("%s in %s", w.r.titleOf(e, w.cat), w.cat.Apps[e.ApplicationID].Title)
}

// what names an item in plain words.
func (w *reviewing) what(i *campaign.Item) string {
	if role := i.Role(); role != 0 {
		return w.r.T("The role “%s”", w.roleTitle(role))
	}
	e := w.cat.Entitlements[i.Entitlement]
	if e == nil {
		return w.entitlement(i.Entitlement)
	}
	text := w.r.titleOf(e, w.cat)
	if i.Param != "" {
		text += ": " + i.Param
	}
	if name := w.logins[i.Account]; i.Identity == 0 && name != "" {
		text = w.r.T("%s, account %s", text, name)
	}
	return text
}

func (w *reviewing) app(i *campaign.Item) string {
	e := w.cat.Entitlements[i.Entitlement]
	if e == nil || w.cat.Apps[e.ApplicationID] == nil {
		return ""
	}
	return w.cat.Apps[e.ApplicationID].Title
}

// class is the risk of a line, "" for one whose items are of several: it is decided by itself.
func (w *reviewing) class(l []*campaign.Item) string {
	for _, i := range l {
		if i.Risk != l[0].Risk {
			return ""
		}
	}
	return riskOf(l)
}

func riskOf(l []*campaign.Item) string {
	most := 0
	for _, i := range l {
		most = max(most, i.Risk)
	}
	return catalog.Risks[min(most, len(catalog.Risks)-1)]
}

// own says why the reader does not decide about somebody.
func (w *reviewing) own(i *campaign.Item) string {
	switch {
	case i.Identity == 0:
	case i.Identity == w.r.who.ID:
		return w.r.T("About yourself: another person decides it.")
	case slices.ContainsFunc(w.r.who.acting, func(a auth.Acting) bool { return a.For == i.Identity }):
		return w.r.T("You stand in for them: another person decides it.")
	}
	return ""
}

// line says one decision: what a membership, a request or an item is, and what is known of it.
func (w *reviewing) line(l []*campaign.Item, view string) templates.ReviewLine {
	i := l[0]
	out := templates.ReviewLine{ID: strconv.FormatInt(i.ID, 10), What: w.title(l), Person: w.person(i), App: w.app(i), Risk: riskOf(l), Class: w.class(l), URL: reviewItemURL(i.ID), Own: w.own(i), Held: w.held(l)}
	if len(l) > 1 {
		for _, x := range l {
			out.Parts = append(out.Parts, w.entitlement(x.Entitlement))
		}
		out.App = ""
	}
	if out.Name = out.What; i.Identity != 0 {
		out.Name = w.r.T("%s for %s", out.What, out.Person)
	}
	switch view {
	case "person":
		out.Person = ""
	case "application":
		out.App = ""
	}
	out.CommentURL = link(reviewURL(w.v.ID)+"/decide", "items", out.ID, "outcome", campaign.Keep)
	out.ReassignURL = link(reviewURL(w.v.ID)+"/reassign", "items", out.ID)
	if i.Role() != 0 {
		w.definition(i, &out)
		return out
	}
	w.about(l, &out)
	act := link(reviewURL(w.v.ID)+"/decide", "items", out.ID, "outcome", campaign.Remove)
	if i.Kinds&campaign.BitBirthright != 0 {
		out.ChangeURL = link(reviewURL(w.v.ID)+"/decide", "items", out.ID, "outcome", campaign.Change)
	} else {
		out.RemoveURL = act
	}
	if len(campaign.Narrower(l, w.lower)) > 0 {
		out.NarrowURL = link(reviewURL(w.v.ID)+"/decide", "items", out.ID, "outcome", campaign.Narrow)
	}
	return out
}

// title names a line: the role or the offer where one decision is about all that it gives.
func (w *reviewing) title(l []*campaign.Item) string {
	kind, ref := campaign.UnitOf(l[0].Unit)
	if l[0].Role() != 0 {
		kind = 0
	}
	switch kind {
	case campaign.BitMembership:
		if o := w.pol.Object(ref); o != nil {
			return w.r.T("Member of “%s”", cmp.Or(o.Title, o.Name))
		}
	case campaign.BitRequest:
		for _, id := range l[0].Reasons {
			if x := w.reasons[id]; x.Kind == access.Requested && x.Title != "" {
				return x.Title
			}
		}
	}
	return w.what(l[0])
}

// held says why something is held: every reason once.
func (w *reviewing) held(l []*campaign.Item) []string {
	var out []string
	add := func(text string) {
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	for _, i := range l {
		for _, id := range i.Reasons {
			if x, ok := w.reasons[id]; ok {
				add(w.reason(&x))
			}
		}
	}
	switch {
	case len(out) > 0:
	case l[0].Kinds&campaign.BitOther != 0:
		add(w.r.T("It is needed for what they hold there"))
	case l[0].Identity == 0:
		add(w.r.T("The account belongs to nobody"))
	default:
		add(w.r.T("Nothing gives it: it was found there"))
	}
	return out
}

// about says since when a line is held, whether it is used, how many peers hold it, what it breaks and what is suggested.
func (w *reviewing) about(l []*campaign.Item, out *templates.ReviewLine) {
	r, i := w.r, l[0]
	if i.Since != nil {
		out.Since = r.T("since %s", r.day(r.inZone(*i.Since)))
	}
	out.Used = r.T("No sign-in is known")
	if i.LastUsed != nil {
		out.Used = r.T("Last signed in %s", r.day(r.inZone(*i.LastUsed)))
	}
	out.Peers, out.Past = w.compared(i), w.decidedBefore(i)
	out.Cost = w.cost(i)
	for _, x := range l {
		for _, id := range x.Conflicts {
			title := r.T("an SoD rule")
			if o := w.pol.Object(id); o != nil {
				title = cmp.Or(o.Title, o.Name)
			}
			if text := r.T("Breaks “%s”", title); !slices.Contains(out.Conflicts, text) {
				out.Conflicts = append(out.Conflicts, text)
			}
		}
	}
	if b := i.Before; b != nil {
		out.Before = r.T("%s said before: %s", b.Name, w.said(b).Text)
	}
	w.advice(i, out)
}
