package web

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tenure/internal/access"
	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/ui"
)

// timelinePage is how many entries of the past a person's page shows at once.
const timelinePage = 25

// personTimeline is what is ahead of a person, what is being done at targets, and what happened; or the one entry of the address.
func (r *request) personTimeline(tx *db.Tx, p *identity.Person, v *templates.PersonView) error {
	page := personURL(p.PublicID)
	if r.Query("event") != "" {
		e, err := audit.OneEntry(tx, p.ID, r.longCursor("event"))
		if err != nil {
			return err
		}
		v.Alone = ui.Link{Text: r.T("Show the whole timeline"), URL: page + "#timeline"}
		v.Timeline, err = r.events(tx, page, []audit.Entry{e})
		return err
	}
	part := oneOf(r.Query("part"), audit.PartHR, audit.PartAccess, audit.PartTargets, audit.PartPortal)
	for _, c := range []struct{ part, word string }{{"", r.T("All")}, {audit.PartHR, r.T("HR")}, {audit.PartAccess, r.T("Access")}, {audit.PartTargets, r.T("Operations")}, {audit.PartPortal, r.T("Portal")}} {
		v.Filters = append(v.Filters, ui.Chip{Text: c.word, URL: link(page, "part", c.part) + "#timeline", Current: c.part == part})
	}
	before := r.longCursor("before")
	var entries []audit.Entry
	err := db.Together(tx, func(tx *db.Tx) (err error) {
		if before == 0 && (part == "" || part == audit.PartTargets || part == audit.PartAccess) {
			v.Timeline, err = r.ahead(tx, p, part)
		}
		return err
	}, func(tx *db.Tx) (err error) {
		entries, err = audit.Timeline(tx, p.ID, part, before, timelinePage+1)
		return err
	})
	if err != nil {
		return err
	}
	if len(entries) > timelinePage {
		entries = entries[:timelinePage]
		v.Older = ui.Link{Text: r.T("Earlier entries"), URL: link(page, "part", part, "before", strconv.FormatInt(entries[timelinePage-1].ID, 10)) + "#timeline"}
	}
	if before == 0 && (part == "" || part == audit.PartPortal) {
		if entries, err = r.withSignIns(tx, p, entries, v.Older.URL != ""); err != nil {
			return err
		}
	}
	past, err := r.events(tx, page, entries)
	v.Timeline = append(v.Timeline, past...)
	return err
}

// withSignIns adds the last sign-in at each target, where it was told, in its place; those from before the page are left out.
func (r *request) withSignIns(tx *db.Tx, p *identity.Person, entries []audit.Entry, more bool) ([]audit.Entry, error) {
	logins, err := catalog.LoginsOf(tx, p.ID)
	if err != nil {
		return nil, err
	}
	for _, l := range logins {
		if l.LastSignIn == nil || more && len(entries) > 0 && l.LastSignIn.Before(entries[len(entries)-1].Effective) {
			continue
		}
		e := audit.Entry{Kind: "target.signed_in", Effective: *l.LastSignIn, Facts: audit.Facts{Application: l.ApplicationID, Name: l.Name}}
		at := 0
		for at < len(entries) && entries[at].Effective.After(e.Effective) {
			at++
		}
		entries = slices.Insert(entries, at, e)
	}
	return entries, nil
}

// ahead is what is known to come, the furthest first, and what is open at the targets now.
func (r *request) ahead(tx *db.Tx, p *identity.Person, part string) ([]ui.Event, error) {
	var out []ui.Event
	cat, err := catalog.Load(tx)
	if err != nil {
		return nil, err
	}
	var ends []access.Ending
	var open []access.Item
	if err := db.Together(tx, func(tx *db.Tx) (err error) {
		if part != audit.PartTargets {
			ends, err = access.Endings(tx, p.ID)
		}
		return err
	}, func(tx *db.Tx) (err error) {
		if part != audit.PartAccess {
			open, err = access.Items(tx, access.Query{Person: p.ID, Limit: 12,
				States: []access.State{access.Proposed, access.Pending, access.Claimed, access.Acknowledged, access.Failed}})
		}
		return err
	}); err != nil {
		return nil, err
	}
	for i := 0; i < len(ends); {
		k, names := i, []string{}
		for ; k < len(ends) && ends[k].At.Equal(ends[i].At); k++ {
			names = append(names, r.entitlementWord(cat, ends[k].Entitlement))
		}
		out = append([]ui.Event{{Day: r.T("Ahead"), At: r.at(ends[i].At), Tone: ui.Info, Icon: "calendar-event", Kind: r.T("Access"), Future: true,
			Title: r.Plural(k-i, "grant ends", "grants end"), Text: r.and(names, 6)}}, out...)
		i = k
	}
	for i := range open {
		o := &open[i]
		e := ui.Event{Day: r.T("Now"), At: r.at(o.Created), Tone: ui.Info, Icon: "clock", Kind: r.T("Operation"), Title: r.T("%s in %s", r.operationWord(o.Kind, o.Entitlement), o.ApplicationTitle),
			Text: r.openWord(o.State), Link: ui.Link{Text: r.T("Operation #%s", strconv.FormatInt(o.ID, 10)), URL: r.to("operation.read", operationURL(o.ID))}}
		if o.State == access.Failed {
			e.Tone, e.Icon, e.Text = ui.Bad, "circle-x", o.Error
		}
		out = append(out, e)
	}
	return out, err
}

func (r *request) openWord(s access.State) string {
	switch s {
	case access.Proposed:
		return r.T("Waits for a release")
	case access.Claimed:
		return r.T("A worker is at it")
	case access.Acknowledged:
		return r.T("Done at the target, not read back yet")
	}
	return r.T("Waits for its turn")
}

// events puts entries of the log in words.
func (r *request) events(tx *db.Tx, page string, entries []audit.Entry) ([]ui.Event, error) {
	cat, err := catalog.Load(tx)
	if err != nil {
		return nil, err
	}
	named, err := namedIn(tx, entries)
	if err != nil {
		return nil, err
	}
	pol, err := policy.Load(tx)
	if err != nil {
		return nil, err
	}
	out := make([]ui.Event, len(entries))
	for i := range entries {
		e := &entries[i]
		w := eventWords[e.Kind]
		if w.title == "" {
			w = eventWord{ui.Neutral, "info-circle", r.T("Event"), e.Kind}
		}
		at := e.Effective
		out[i] = ui.Event{Day: r.dayHead(at), At: r.at(at), Tone: w.tone, Icon: w.icon, Kind: r.T(w.kind), Title: r.T(w.title), Text: r.eventText(cat, pol, e), Who: r.byWhom(e, named[e.Facts.For])}
		if p := named[e.Facts.To]; p != nil {
			out[i].Link = ui.Link{Text: p.Name, URL: r.to("person.read_any", personURL(p.PublicID))}
		}
		if e.ID > 0 && page != "" {
			id := strconv.FormatInt(e.ID, 10)
			out[i].ID, out[i].URL = "e"+id, link(page, "event", id)+"#e"+id
		}
		if e.Facts.Reading > 0 && e.Kind == "operation.verified" {
			out[i].Proof = r.T("verified by reading #%s", strconv.FormatInt(e.Facts.Reading, 10))
		}
		if e.Kind == "target.signed_in" {
			if app := cat.Apps[e.Facts.Application]; app != nil {
				out[i].Title, out[i].Text, out[i].Who = r.T("Last sign-in to %s", app.Title), r.T("as %s", e.Facts.Name), r.T("as the target tells")
			}
		}
		if e.Facts.Cause == "hr" && e.Facts.Ref > 0 {
			out[i].Link = ui.Link{Text: r.T("HR run #%s", strconv.Itoa(e.Facts.Ref)), URL: r.to("hr.read", runURL(e.Facts.Ref))}
		}
		if e.Facts.Operation > 0 {
			out[i].Link = ui.Link{Text: r.T("Operation #%s", strconv.FormatInt(e.Facts.Operation, 10)), URL: r.to("operation.read", operationURL(e.Facts.Operation))}
		}
	}
	return out, nil
}

// namedIn gives the people whom entries of a timeline name: who acts for somebody, and in whose name somebody acted.
func namedIn(tx *db.Tx, entries []audit.Entry) (map[int]*identity.Person, error) {
	var ids []int
	for i := range entries {
		for _, id := range []int{entries[i].Facts.To, entries[i].Facts.For} {
			if id > 0 {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return identity.People(tx, ids)
}

// who says by whom, with the words around, and in whose name.
func (r *request) byWhom(e *audit.Entry, inNameOf *identity.Person) string {
	by := r.T("by %s", e.Actor)
	switch e.ActorKind {
	case "system":
		by = r.T("by Tenure itself")
	case "operator":
		by = r.T("at the command line")
	case "token":
		by += r.T(", with a token")
	}
	if inNameOf != nil {
		by += r.T(", in the name of %s", inNameOf.Name)
	}
	return by
}

// eventText says what an event brought, in one or two sentences.
func (r *request) eventText(cat *catalog.Catalog, pol *policy.Snapshot, e *audit.Entry) string {
	f := &e.Facts
	var text []string
	if gained := r.reasonWords(cat, f.Access.Added, f.Access.Ended); len(gained) > 0 {
		text = append(text, r.T("gains %s", r.and(gained, 5)))
	}
	if lost := r.reasonWords(cat, f.Access.Ended, f.Access.Added); len(lost) > 0 {
		text = append(text, r.T("loses %s", r.and(lost, 5)))
	}
	if kept := r.handedOver(cat, f.Access.Added); len(kept) > 0 {
		text = append(text, r.T("keeps %s for a hand-over", r.and(kept, 5)))
	}
	text = append(text, r.dutyWords(cat, pol, f.Access.Duties)...)
	if n := len(f.Access.Planned); n > 0 {
		text = append(text, r.T("%s at targets", r.Plural(n, "change", "changes")))
	}
	if app := cat.Apps[f.Application]; app != nil && len(f.Verified) > 0 {
		return app.Title + ": " + r.and(r.verifiedWords(cat, f.Verified), 5)
	}
	if len(f.Entitled) > 0 {
		var names []string
		for _, id := range f.Entitled {
			names = append(names, r.entitlementWord(cat, id))
		}
		text = append(text, r.and(names, 5))
	}
	if f.Role != "" {
		text = append(text, r.roleWord([]string{f.Role}))
	}
	switch {
	case f.Reason != "":
		text = append(text, r.T("because: %s", f.Reason))
	case f.Why != "":
		text = append(text, f.Why)
	case f.Name != "":
		text = append(text, f.Name)
	}
	if len(text) == 0 {
		return ""
	}
	return sentence(strings.Join(text, "; "))
}

// reasonWords names the entitlements of the reasons in here that are not among those in there: what is really gained or lost.
func (r *request) reasonWords(cat *catalog.Catalog, here, there []access.ReasonFact) []string {
	also := map[int]bool{}
	for _, f := range there {
		also[f.Entitlement] = true
	}
	var out []string
	for _, f := range here {
		if !also[f.Entitlement] {
			also[f.Entitlement] = true
			out = append(out, r.entitlementWord(cat, f.Entitlement))
		}
	}
	return out
}

// dutyWords says what became of SoD rules.
func (r *request) dutyWords(cat *catalog.Catalog, pol *policy.Snapshot, all []access.DutyFact) []string {
	var out []string
	for _, f := range all {
		rule := r.T("an SoD rule that is no longer declared")
		if o := pol.Object(f.Rule); o != nil {
			rule = r.T("the SoD rule “%s”", o.Title)
		}
		switch f.What {
		case string(access.ViolationOpen):
			out = append(out, r.T("breaks %s", rule))
		case string(access.ViolationAccepted):
			out = append(out, r.T("breaks %s, which is accepted", rule))
		case string(access.ViolationResolved):
			out = append(out, r.T("does not break %s any more", rule))
		case "withheld":
			out = append(out, r.T("does not get %s because of %s", r.entitlementWord(cat, f.Entitlement), rule))
		case "exception_" + access.EndedExpired:
			out = append(out, r.T("the exception to %s ran out", rule))
		}
	}
	return out
}

func (r *request) handedOver(cat *catalog.Catalog, added []access.ReasonFact) []string {
	var out []string
	for _, f := range added {
		if f.Kind == access.Handover {
			out = append(out, r.entitlementWord(cat, f.Entitlement))
		}
	}
	return out
}

func (r *request) verifiedWords(cat *catalog.Catalog, all []access.OperationFact) []string {
	out := make([]string, len(all))
	for i, o := range all {
		name := ""
		if e := cat.Entitlements[o.Entitlement]; e != nil {
			name = e.Title
		}
		out[i] = r.doneWord(o.Kind, name)
	}
	return out
}

// entitlementWord names an entitlement with its application.
func (r *request) entitlementWord(cat *catalog.Catalog, id int) string {
	e := cat.Entitlements[id]
	if e == nil || cat.Apps[e.ApplicationID] == nil {
		return r.T("something that is no longer declared")
	}
	if e.Kind == catalog.AccountKind {
		return r.T("the login in %s", cat.Apps[e.ApplicationID].Title)
	}
	return fmt.Sprintf("%s (%s)", e.Title, cat.Apps[e.ApplicationID].Title)
}

// operationWord says what an operation does.
func (r *request) operationWord(kind, entitlement string) string {
	switch kind {
	case "create":
		return r.T("Create the account")
	case "update":
		return r.T("Update the account")
	case "enable":
		return r.T("Enable the account")
	case "disable":
		return r.T("Disable the account")
	case "delete":
		return r.T("Delete the account")
	case "grant":
		return r.T("Add %s", entitlement)
	case "revoke":
		return r.T("Remove %s", entitlement)
	}
	return kind
}

// doneWord says what a verified operation did.
func (r *request) doneWord(kind, entitlement string) string {
	switch kind {
	case "grant":
		return r.T("%s added", entitlement)
	case "revoke":
		return r.T("%s removed", entitlement)
	}
	return r.T("account %sd", kind)
}

// causeWord says why an operation exists.
func (r *request) causeWord(cause string) string {
	switch cause {
	case "hr":
		return r.T("what HR says")
	case "due":
		return r.T("a day that came")
	case "policy":
		return r.T("a change of the policy")
	case "terminate":
		return r.T("a termination")
	case "reinstate":
		return r.T("a termination that was lifted")
	case "orphan":
		return r.T("an account that belongs to nobody")
	case "adopt":
		return r.T("found access that was accepted")
	case "exception":
		return r.T("an exception to an SoD rule")
	case "member":
		return r.T("a membership in a role")
	case "reading":
		return r.T("what a reading showed")
	case "drift":
		return r.T("a difference at the target")
	}
	return cause
}
