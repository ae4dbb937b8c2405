package web

import (
	"net/http"
	"slices"
	"time"

	"tenure/internal/access"
	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/ui"
)

// A conflict is one person and one SoD rule: a violation of it, or what is withheld because of it.

// usualException is for how long an exception is proposed.
const usualException = 90 * 24 * time.Hour

func (s *server) conflict(r *request) error { return s.conflictPage(r, http.StatusOK, nil) }

func (s *server) conflictPage(r *request, status int, bad ui.Errors) error {
	var v templates.ConflictView
	err := r.read(func(tx *db.Tx) error {
		p, o, err := r.conflictOf(tx)
		if err != nil {
			return err
		}
		return r.conflictView(tx, p, o, bad, &v)
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Conflict(r.shell(v.Title), v))
}

// conflictOf gives the person and the rule that the path names. A pair about which nothing was ever found does not exist.
func (r *request) conflictOf(tx *db.Tx) (*identity.Person, *policy.Object, error) {
	p, err := r.person(tx)
	if err != nil {
		return nil, nil, err
	}
	id, err := r.number("rule")
	if err != nil {
		return nil, nil, nothing("conflict")
	}
	pol, err := policy.Load(tx)
	if err != nil {
		return nil, nil, err
	}
	o := pol.Object(id)
	if o == nil || o.SoD == nil {
		return nil, nil, nothing("conflict")
	}
	return p, o, nil
}

func (r *request) conflictView(tx *db.Tx, p *identity.Person, o *policy.Object, bad ui.Errors, v *templates.ConflictView) error {
	line, found, err := access.CurrentViolation(tx, p.ID, o.ID)
	if err != nil {
		return err
	}
	withheld, err := access.WithheldFrom(tx, p.ID, o.ID)
	if err != nil {
		return err
	}
	x, err := access.ExceptionOf(tx, p.ID, o.ID)
	if err != nil {
		return err
	}
	if !found && len(withheld) == 0 && x == nil {
		return nothing("conflict")
	}
	*v = templates.ConflictView{Up: []ui.Link{{Text: r.T("SoD violations"), URL: violationsURL}, {Text: p.Name, URL: personURL(p.PublicID)}}, Title: r.T("%s: %s", p.Name, o.Title),
		Lead: o.SoD.Description, Severity: o.SoD.Severity, Reaction: o.SoD.Reaction}
	if found {
		v.State = string(line.State)
		v.Facts = append(v.Facts, ui.Line{Name: r.T("Found"), Text: r.at(line.Opened).Text})
		if line.BrokenFrom.After(tx.Now) {
			v.Facts = append(v.Facts, ui.Line{Name: r.T("Will be broken"), Text: r.at(line.BrokenFrom).Text})
		}
		if line.Times > 1 {
			v.Facts = append(v.Facts, ui.Line{Name: r.T("Opened"), Text: r.Plural(line.Times, "time", "times")})
		}
		if line.State != access.ViolationResolved {
			if v.Paths, err = r.conflictPaths(tx, line.Path); err != nil {
				return err
			}
		}
	}
	if len(withheld) > 0 {
		if err := r.conflictWithheld(tx, withheld, v); err != nil {
			return err
		}
	}
	if err := r.conflictWayOut(tx, p, o, withheld, v); err != nil {
		return err
	}
	if x != nil {
		v.Exception = &templates.ExceptionView{By: x.By, Control: x.Control, Reason: x.Reason, Since: r.at(x.From), Until: r.at(x.To), EndURL: r.to("violation.accept", conflictURL(p.PublicID, o.ID)+"/end")}
	}
	v.Accept = r.acceptForm(tx, p, o, bad, v)
	return nil
}

// waysOutMost is for how many withheld entitlements a page says what would let them be granted.
const waysOutMost = 5

// conflictWayOut says what would end the violation, or let be granted what is withheld.
func (r *request) conflictWayOut(tx *db.Tx, p *identity.Person, o *policy.Object, withheld []access.WithheldLine, v *templates.ConflictView) error {
	goals := []access.Goal{{Rule: o.ID}}
	if len(v.Paths) == 0 {
		goals = nil
		for _, w := range withheld {
			if g := (access.Goal{Entitlement: w.Entitlement}); !slices.Contains(goals, g) && len(goals) < waysOutMost {
				goals = append(goals, g)
			}
		}
	}
	cat, err := catalog.Load(tx)
	if err != nil {
		return err
	}
	for _, g := range goals {
		out, err := r.wayOut(tx, p.ID, g)
		if err != nil {
			return err
		}
		if g.Entitlement != 0 {
			out.Of = r.entitlementWord(cat, g.Entitlement)
		}
		v.WaysOut = append(v.WaysOut, *out)
	}
	return nil
}

// acceptForm is the form of an exception, or nil where there is none; then the page says why, if the reader could accept others.
func (r *request) acceptForm(tx *db.Tx, p *identity.Person, o *policy.Object, bad ui.Errors, v *templates.ConflictView) *templates.AcceptForm {
	broken := v.State == string(access.ViolationOpen) || v.State == string(access.ViolationAccepted) || v.State == "withheld"
	switch {
	case !broken || !r.may("violation.accept"):
		return nil
	case p.ID == r.who.ID:
		v.Refused = r.T("Nobody accepts a conflict of their own; another person can.")
		return nil
	case o.SoD.Reaction == policy.Refuse:
		v.Refused = r.T("This rule allows no exception: one of the conflicting accesses has to go.")
		return nil
	}
	f := &templates.AcceptForm{Action: conflictURL(p.PublicID, o.ID), Control: r.field("control"), Reason: r.field("reason"), Until: r.field("until"),
		Min: tx.Now.Format(time.DateOnly), Max: tx.Now.Add(lifecycle.MaxException - 24*time.Hour).Format(time.DateOnly), Errors: bad}
	if f.Until == "" {
		f.Until = tx.Now.Add(usualException).Format(time.DateOnly)
	}
	return f
}

// conflictPaths puts in words how the duties are performed: "Pay invoices (Ledger): because of role AP Lead".
func (r *request) conflictPaths(tx *db.Tx, paths []access.Path) ([]templates.ConflictPath, error) {
	cat, err := catalog.Load(tx)
	if err != nil {
		return nil, err
	}
	pol, err := policy.Load(tx)
	if err != nil {
		return nil, err
	}
	var reasons []access.Reason
	for _, p := range paths {
		for _, w := range p.Entitlements {
			reasons = append(reasons, access.Reason{Entitlement: w.Entitlement, Kind: w.Kind, Ref: w.Ref, Via: w.Via, ValidTo: db.Forever})
		}
	}
	said, err := audit.Words(tx, reasons)
	if err != nil {
		return nil, err
	}
	var out []templates.ConflictPath
	n := 0
	for _, p := range paths {
		one := templates.ConflictPath{Duty: r.T("a duty that is not declared any more")}
		if o := pol.Object(p.Duty); o != nil {
			one.Duty = o.Title
		}
		for _, w := range p.Entitlements {
			why := r.T("seen in the application, without a reason")
			if w.Kind != "" {
				why = said[n].Text
			}
			n++
			one.Ways = append(one.Ways, r.T("%s: %s", r.entitlementWord(cat, w.Entitlement), why))
		}
		out = append(out, one)
	}
	return out, nil
}

func (r *request) conflictWithheld(tx *db.Tx, withheld []access.WithheldLine, v *templates.ConflictView) error {
	cat, err := catalog.Load(tx)
	if err != nil {
		return err
	}
	pol, err := policy.Load(tx)
	if err != nil {
		return err
	}
	if v.State == "" || v.State == string(access.ViolationResolved) {
		v.State = "withheld"
	}
	for _, w := range withheld {
		rule := r.T("a rule")
		if o := pol.Object(w.Ref); o != nil {
			rule = o.Title
		}
		v.Withheld = append(v.Withheld, r.T("%s, by the rule “%s”, since %s", r.entitlementWord(cat, w.Entitlement), rule, r.at(w.Since).Text))
	}
	return nil
}

// conflictAccept accepts it.
func (s *server) conflictAccept(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	until, wrong := time.ParseInLocation(time.DateOnly, r.field("until"), r.zoneOr())
	if wrong != nil {
		return s.conflictPage(r, http.StatusBadRequest, ui.Errors{{Field: "until", Text: r.T("Write the day as 2026-03-01.")}})
	}
	until = until.AddDate(0, 0, 1)
	var p *identity.Person
	err := r.do(func(tx *db.Tx) error {
		who, o, err := r.conflictOf(tx)
		if err != nil {
			return err
		}
		p = who
		r.back = ui.Link{Text: r.T("See how it stands"), URL: conflictURL(p.PublicID, o.ID)}
		_, err = lifecycle.Accept(tx, p.ID, lifecycle.Acceptance{Rule: o.ID, Control: r.field("control"), Reason: r.field("reason"), Until: until})
		return err
	})
	if bad, ok := r.faults(err, nil); ok && errs.KindOf(err) == errs.KindInvalid {
		return s.conflictPage(r, http.StatusBadRequest, bad)
	}
	if err != nil {
		return err
	}
	return r.goWith(r.Request.URL.Path, ui.Notice{Tone: ui.Good, Title: r.T("It is accepted until the end of %s", r.day(until.AddDate(0, 0, -1))), Text: r.T("Then it is open again, and stands in the inbox of those who decide.")})
}

// zoneOr is the reader's time zone, UTC where none is known.
func (r *request) zoneOr() *time.Location {
	if r.zone != nil {
		return r.zone
	}
	return time.UTC
}

func (s *server) conflictEndAsk(r *request) error { return s.conflictEndPage(r, http.StatusOK, nil) }

func (s *server) conflictEndPage(r *request, status int, bad ui.Errors) error {
	var v templates.AskView
	err := r.read(func(tx *db.Tx) error {
		p, o, err := r.conflictOf(tx)
		if err != nil {
			return err
		}
		x, err := access.ExceptionOf(tx, p.ID, o.ID)
		if err != nil {
			return err
		}
		if x == nil {
			return nothing("exception")
		}
		at := conflictURL(p.PublicID, o.ID)
		v = templates.AskView{Up: []ui.Link{{Text: r.T("SoD violations"), URL: violationsURL}, {Text: p.Name, URL: at}}, Title: r.T("End the exception for %s?", p.Name), Lead: r.T("%s accepted it until %s.", x.By, r.at(x.To).Text),
			Will: []string{r.T("The violation is open again"), r.T("What the person holds stays until somebody takes it away")}, Action: at + "/end", Button: r.T("End the exception"), Icon: "ban",
			Reason: true, Typed: r.field("reason"), Errors: bad, Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: at}}
		return nil
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Ask(r.shell(v.Title), v))
}

// conflictEnd ends an exception before its time.
func (s *server) conflictEnd(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	at := ""
	err := r.do(func(tx *db.Tx) error {
		p, o, err := r.conflictOf(tx)
		if err != nil {
			return err
		}
		at = conflictURL(p.PublicID, o.ID)
		r.back = ui.Link{Text: r.T("See how it stands"), URL: at}
		_, err = lifecycle.EndException(tx, p.ID, o.ID, r.field("reason"))
		return err
	})
	if bad, ok := r.faults(err, map[string]string{"": "reason"}); ok && r.field("reason") == "" {
		return s.conflictEndPage(r, http.StatusBadRequest, bad)
	}
	if err != nil {
		return err
	}
	return r.goWith(at, ui.Notice{Tone: ui.Good, Title: r.T("The exception has ended")})
}
