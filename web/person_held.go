package web

import (
	"time"

	"tenure/internal/access"
	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/templates"
	"tenure/templates/ui"
)

// personHolds is what a person holds: today, at the end of a day in the past, or two days side by side.
func (r *request) personHolds(tx *db.Tx, p *identity.Person, now *holdings, v *templates.PersonView) error {
	page := personURL(p.PublicID)
	v.Accounts, v.Grants, v.Marks = now.accounts, now.grants, now.marks(r)
	v.AsOf = templates.AsOf{Action: page, Latest: tx.Now.In(r.zoneOf(v.Zone)).Format(time.DateOnly), Part: r.Query("part")}
	if r.may("person.read_any") {
		v.AsOf.Decided = ui.Link{Text: r.T("With who decided it"), URL: r.to("evidence.read", asOfOf(p, r.Query("as_of"), r.Query("compare"), r.Query("known")))}
	}
	at, on := r.dayEnd(tx, "as_of", v)
	than, compared := r.dayEnd(tx, "compare", v)
	if !on && !compared && r.Query("known") == "" {
		v.Held = now.apps
		return nil
	}
	known, err := r.known(tx, v)
	if err != nil || len(v.AsOf.Errors) > 0 {
		v.Held = now.apps
		return err
	}
	switch {
	case compared:
		if !on {
			at, v.AsOf.Date = tx.Now, ""
		}
		return r.personCompared(tx, p, than, at, known, v)
	case on:
		return r.personThen(tx, p, audit.Moment{At: at, Known: known}, v)
	}
	v.Held = now.apps
	return nil
}

// zoneOf gives a time zone by name, UTC for one that is not known.
func (r *request) zoneOf(zone string) *time.Location {
	if l, err := time.LoadLocation(zone); err == nil {
		return l
	}
	return time.UTC
}

// dayEnd reads a day from the address: its end, where the person works, and never later than now.
func (r *request) dayEnd(tx *db.Tx, name string, v *templates.PersonView) (time.Time, bool) {
	text := r.Query(name)
	if text == "" {
		return time.Time{}, false
	}
	d, err := time.ParseInLocation(time.DateOnly, text, r.zoneOf(v.Zone))
	if err != nil || d.Year() < 1900 {
		v.AsOf.Errors = append(v.AsOf.Errors, ui.FieldError{Text: r.T("Write a day as 2026-03-01.")})
		return time.Time{}, false
	}
	if name == "as_of" {
		v.AsOf.Date = text
	} else {
		v.AsOf.Compare = text
	}
	end := d.AddDate(0, 0, 1).Add(-time.Microsecond)
	switch {
	case d.After(tx.Now):
		v.AsOf.Errors = append(v.AsOf.Errors, ui.FieldError{Text: r.T("That day is still ahead. What is known to come stands in the timeline.")})
		return time.Time{}, false
	case end.After(tx.Now):
		end = tx.Now
	}
	return end, true
}

// known reads as it was known when: an instant of record time, now unless the address says otherwise.
func (r *request) known(tx *db.Tx, v *templates.PersonView) (time.Time, error) {
	now, err := tx.Known()
	text := r.Query("known")
	if err != nil || text == "" {
		return now, err
	}
	d, bad := time.ParseInLocation(time.DateOnly, text, r.zoneOf(v.Zone))
	if bad != nil {
		v.AsOf.Errors = append(v.AsOf.Errors, ui.FieldError{Text: r.T("Write the day on which it was known as 2026-03-01.")})
		return now, nil //nolint:nilerr // said beside the field
	}
	if end := d.AddDate(0, 0, 1); end.Before(now) {
		return end, nil
	}
	return now, nil
}

// personThen is what a person held at a moment in the past, and what their job was.
func (r *request) personThen(tx *db.Tx, p *identity.Person, m audit.Moment, v *templates.PersonView) error {
	grants, err := audit.HeldAt(tx, p, m)
	if err != nil {
		return err
	}
	then, err := r.holdings(tx, grants, nil)
	if err != nil {
		return err
	}
	v.Held = then.apps
	a := &v.AsOf
	a.NowURL = link(a.Action, "part", a.Part) + "#holds"
	a.Words = r.T("%s at the end of %s", r.Plural(then.grants, "grant", "grants"), r.day(m.At.In(r.zoneOf(v.Zone))))
	if r.Query("known") != "" {
		a.Words += r.T(", as was known on %s", r.day(m.Known.Add(-time.Second).In(r.zoneOf(v.Zone))))
	}
	a.Job, err = r.jobThen(tx, p, m)
	return err
}

// jobThen says in a sentence what somebody's job was.
func (r *request) jobThen(tx *db.Tx, p *identity.Person, m audit.Moment) (string, error) {
	versions, err := identity.VersionsKnown(tx, []int{p.ID}, m.Known)
	if err != nil {
		return "", err
	}
	all := versions[p.ID]
	main := identity.Main(all, m.At)
	if main == nil || !main.Valid(m.At) {
		return r.T("HR had not told of this person then."), nil
	}
	job := r.jobWords(main.Attrs)
	switch identity.StateAt(all, m.At) {
	case identity.Prehire:
		return r.T("Had not started yet: %s, from %s.", job, r.day(main.FirstDay)), nil
	case identity.Leave:
		return r.T("On leave: %s.", job), nil
	case identity.Left:
		return r.T("Did not work here then; the last job was %s.", job), nil
	}
	return r.T("Worked as %s.", job), nil
}

// jobWords names a job: title, department, location.
func (r *request) jobWords(a identity.Attrs) string {
	if a.Erased() {
		return r.T("somebody whose job was erased on %s", a["erased_on"])
	}
	out := a["title"]
	if out == "" {
		out = r.T("somebody without a title")
	}
	if d := a["department"]; d != "" {
		out += r.T(" in %s", d)
	}
	if l := a["location"]; l != "" {
		out += ", " + l
	}
	return out
}

// personCompared puts two days side by side.
func (r *request) personCompared(tx *db.Tx, p *identity.Person, a, b, known time.Time, v *templates.PersonView) error {
	from, to := a, b
	if b.Before(a) {
		from, to = b, a
	}
	m := &lifecycle.Move{At: to}
	var err error
	if m.Before, err = access.ReasonsAt(tx, p.ID, from, known); err != nil {
		return err
	}
	if m.After, err = access.ReasonsAt(tx, p.ID, to, known); err != nil {
		return err
	}
	d, err := r.difference(tx, m.Difference(), func(*lifecycle.Line, *templates.DiffLine, bool) {})
	if err != nil {
		return err
	}
	zone := r.zoneOf(v.Zone)
	d.None = r.T("The person had no access on either day that a reason gave.")
	v.Compared = d
	v.AsOf.NowURL = link(v.AsOf.Action, "part", v.AsOf.Part) + "#holds"
	v.AsOf.Words = r.T("from the end of %s to the end of %s", r.day(from.In(zone)), r.day(to.In(zone)))
	if to.Equal(tx.Now) {
		v.AsOf.Words = r.T("from the end of %s to now", r.day(from.In(zone)))
	}
	return nil
}

// difference puts a difference in the words of a page. more fills in what the page says of each line besides; it is told whether
// the line is lost.
func (r *request) difference(tx *db.Tx, d lifecycle.Difference, more func(*lifecycle.Line, *templates.DiffLine, bool)) (*templates.Diff, error) {
	cat, err := catalog.Load(tx)
	if err != nil {
		return nil, err
	}
	var reasons []access.Reason
	for _, lines := range [][]lifecycle.Line{d.Keeps, d.Gains, d.Loses} {
		for i := range lines {
			reasons = append(reasons, lines[i].Reasons...)
		}
	}
	said, err := audit.Words(tx, reasons)
	if err != nil {
		return nil, err
	}
	next := 0
	column := func(lines []lifecycle.Line, lost bool) []templates.DiffLine {
		var out []templates.DiffLine
		for i := range lines {
			l := &lines[i]
			e := cat.Entitlements[l.Entitlement]
			if e == nil || cat.Apps[e.ApplicationID] == nil {
				next += len(l.Reasons)
				continue
			}
			x := templates.DiffLine{Name: r.titleOf(e, cat), Code: e.Name, App: cat.Apps[e.ApplicationID].Title, Privileged: e.Privileged}
			if !l.Until.IsZero() {
				x.Until = r.at(l.Until)
			}
			for _, w := range said[next : next+len(l.Reasons)] {
				x.Reasons = append(x.Reasons, templates.Reason{Text: w.Text})
			}
			next += len(l.Reasons)
			more(l, &x, lost)
			out = append(out, x)
		}
		return out
	}
	return &templates.Diff{Keeps: column(d.Keeps, false), Gains: column(d.Gains, false), Loses: column(d.Loses, true)}, nil
}

// titleOf is the plain name of an entitlement.
func (r *request) titleOf(e *catalog.Entitlement, cat *catalog.Catalog) string {
	switch {
	case e.Kind == catalog.AccountKind:
		return r.T("Sign in to %s", cat.Apps[e.ApplicationID].Title)
	case e.Title != "":
		return e.Title
	}
	return e.Name
}

// plainReason says a reason to the person who holds something by it; "" where the words for everybody are plain enough.
func (r *request) plainReason(x *audit.Reason) string {
	switch {
	case x.Kind == access.Handover:
		return r.T("you keep it for the hand-over after your move")
	case x.Kind == access.Assignment && x.Title != "":
		return r.T("somebody made you a member of “%s”", x.Title)
	case x.Kind == access.Requested && x.Title != "":
		return r.T("it was asked for (“%s”) and approved", x.Title)
	case x.Kind == access.Birthright && x.Title != "":
		return r.T("it comes with your job (%s)", x.Title)
	case x.Kind == access.Birthright:
		return r.T("it comes with your job")
	}
	return ""
}

// grant puts one grant of the audit room in the words of a page.
func (r *request) grant(g *audit.Grant) templates.Grant {
	out := templates.Grant{Name: g.Title, Code: g.Entitlement, What: g.Description, Privileged: g.Privileged}
	for _, x := range g.Reasons {
		reason := templates.Reason{Text: x.Text, Plain: r.plainReason(&x), Since: r.at(x.Since), URL: r.reasonURL(&x)}
		if x.Kind == access.Requested {
			reason.Item = x.Ref
		}
		if x.Until != nil {
			reason.Ends = r.at(*x.Until)
			reason.Until = reason.Ends.Text
		}
		out.Reasons = append(out.Reasons, reason)
	}
	if g.Operation > 0 {
		out.Operation = ui.Link{Text: r.T("operation #%d", g.Operation), URL: r.to("operation.read", operationURL(g.Operation))}
	}
	switch g.State {
	case "verified":
		out.State = "verified"
		if g.LastRead > 0 {
			out.StateText = r.T("read back %s, in reading #%d", r.at(g.LastReadAt).Text, g.LastRead)
		}
	case "failed":
		out.State, out.StateText = "failed", g.Error
	case "proposed":
		out.State, out.StateText = "wanted", r.T("proposed: waits for a release")
	case "out of band":
		out.State = "found"
	case "observed only":
		out.State = "wanted"
	case "not read":
		out.State, out.StateText = "wanted", r.T("no target was read then that shows it")
	case "missing":
		out.State, out.StateText = "failed", r.T("the target does not show it")
	default:
		out.State, out.StateText = "waiting", g.Error
		if len(g.Reasons) == 0 {
			out.State = "leaving"
		}
	}
	return out
}
