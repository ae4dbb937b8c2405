package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"tenure/internal/access"
	"tenure/internal/app"
	"tenure/internal/audit"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/ui"
)

// objectURL leads to the versions of an object of the policy, where the reader may see them, and among them to the one that a version of the
// policy had; 0 is the newest.
func (r *request) objectURL(object, version int) string {
	at := fmt.Sprintf("/policy/objects/%d/versions", object)
	if version != 0 {
		at = link(at, "policy", itoa(version))
	}
	return r.to("policy.read", at)
}

// versionLink names an object as it is declared, with its version.
func (r *request) versionLink(o *policy.Object) ui.Link {
	return ui.Link{Text: r.T("%s, version %d", o.Name, o.N), URL: r.objectURL(o.ID, 0)}
}

// reasonURL leads from a reason to what gave it: the rule as it was then, or the role.
func (r *request) reasonURL(x *audit.Reason) string {
	switch {
	case x.Kind == access.Requested && x.Public != "":
		return "/requests/" + x.Public
	case x.Kind == access.Assignment && x.Title != "":
		return r.to("policy.read", roleURL(x.Ref))
	case x.Kind == access.Assignment, x.Kind == access.Birthright, x.Kind == access.Handover:
		return r.objectURL(x.Ref, x.Policy)
	}
	return ""
}

// history is what an object of the policy ever was, two of its versions beside one another.
func (s *server) history(r *request) error {
	var v templates.HistoryView
	err := r.read(func(tx *db.Tx) error {
		h, err := r.historyOf(tx)
		if err != nil {
			return err
		}
		return r.historyView(h, &v)
	})
	if err != nil {
		return err
	}
	return r.show(templates.History(r.shell(v.Title), v))
}

func (r *request) historyOf(tx *db.Tx) (*change.History, error) {
	id, err := r.number("id")
	if err != nil {
		return nil, nothing("object")
	}
	return change.HistoryOf(tx, id)
}

func (r *request) historyView(h *change.History, v *templates.HistoryView) error {
	at := r.objectURL(h.ID, 0)
	*v = templates.HistoryView{Up: []ui.Link{{Text: r.T("Policy"), URL: "/policy"}}, Title: r.T("Versions of %s", h.Title), Lead: r.T("%s, declared as %s.", r.kindWord(h.Kind), h.Name), Action: at}
	switch h.Kind {
	case change.KindRole:
		if !h.Ended() {
			v.Up = append(v.Up, ui.Link{Text: h.Title, URL: roleURL(h.ID)})
		}
	case change.KindRule:
		v.Up[0].URL = "/policy?tab=rules"
	case change.KindOffer, change.KindApproval:
		v.Up[0].URL = "/policy?tab=asking"
	default:
		v.Up[0].URL = "/policy?tab=duties"
	}
	if !h.Ended() {
		v.EditURL = r.benchTo(h.ID)
	}
	for i := range h.Versions {
		v.Versions = append(v.Versions, r.versionRow(h, i))
	}
	if e := h.Versions[0].Ended; e != nil {
		v.Ended = &ui.Notice{Tone: ui.Info, Title: r.T("It is not part of the policy any more"), Text: r.T("It ended with version %d of the policy, %s, by %s. It can be brought back.", e.Policy, r.at(*h.Versions[0].Until).Text, e.By)}
		if e.Set != 0 {
			v.Ended.Link = ui.Link{Text: r.T("See the change"), URL: changeURL(e.Set)}
		}
	}
	return r.versionsCompared(h, v)
}

func (r *request) versionRow(h *change.History, i int) templates.ObjectVersion {
	x := &h.Versions[i]
	row := templates.ObjectVersion{N: x.N, Policy: fmt.Sprintf("v%d", x.Policy), Since: r.at(x.Since), By: x.By, Author: x.Author, Note: x.Note}
	if x.Until != nil {
		row.Until = r.at(*x.Until)
		row.BackURL = r.to("policy.change", fmt.Sprintf("/policy/objects/%d/versions/%d/back", h.ID, x.N))
	}
	if x.Set != 0 {
		row.Change = ui.Link{Text: x.Note, URL: changeURL(x.Set)}
	}
	if i+1 < len(h.Versions) {
		row.CompareURL = link(r.objectURL(h.ID, 0), "from", itoa(h.Versions[i+1].N), "to", itoa(x.N)) + "#compare"
	}
	return row
}

// versionsCompared compares the versions that the address names: without a word the newest with the one before it.
func (r *request) versionsCompared(h *change.History, v *templates.HistoryView) error {
	if len(h.Versions) == 1 {
		text, err := h.Document(&h.Versions[0])
		v.Document = text
		return err
	}
	place := func(field string, otherwise int) int {
		i := slices.IndexFunc(h.Versions, func(x change.Version) bool { return itoa(x.N) == r.Query(field) })
		if i < 0 {
			return otherwise
		}
		return i
	}
	of := 0 // the version that the version of the policy has that the address names
	if n, err := strconv.Atoi(r.Query("policy")); err == nil {
		of = max(0, slices.IndexFunc(h.Versions, func(x change.Version) bool { return x.Policy <= n }))
	}
	to := place("to", of)
	from := place("from", min(to+1, len(h.Versions)-1))
	a, b := &h.Versions[from], &h.Versions[to]
	for i := range h.Versions {
		o := ui.Option{Value: itoa(h.Versions[i].N), Text: r.T("Version %d, %s", h.Versions[i].N, r.at(h.Versions[i].Since).Text)}
		o.Selected = i == from
		v.From = append(v.From, o)
		o.Selected = i == to
		v.To = append(v.To, o)
	}
	was, err := h.Document(a)
	if err != nil {
		return err
	}
	is, err := h.Document(b)
	if err != nil {
		return err
	}
	v.Compared = &templates.Comparison{Title: r.T("From version %d to version %d", a.N, b.N)}
	for _, f := range change.Compare(a, b) {
		v.Compared.Fields = append(v.Compared.Fields, templates.ChangedField{Name: f.Field, From: fieldText(f.From), To: fieldText(f.To)})
	}
	for _, l := range change.Lines(was, is) {
		v.Compared.Lines = append(v.Compared.Lines, templates.DiffText{Op: l.Op, Text: l.Text})
	}
	return nil
}

// kindWord says what an object is.
func (r *request) kindWord(kind string) string {
	switch kind {
	case change.KindRole:
		return r.T("Role")
	case change.KindRule:
		return r.T("Birthright rule")
	case change.KindDuty:
		return r.T("Duty")
	case change.KindOffer:
		return r.T("Offer")
	case change.KindApproval:
		return r.T("Approval rule")
	}
	return r.T("SoD rule")
}

// versionBack plans to make an object again what it was.
func (s *server) versionBack(r *request) error {
	var p change.Proposal
	var c *change.Set
	err := r.do(func(tx *db.Tx) error {
		h, err := r.historyOf(tx)
		if err != nil {
			return err
		}
		n, err := r.number("n")
		if err != nil {
			return nothing("version")
		}
		if p, err = h.Back(n); err != nil {
			return err
		}
		c, err = change.Draft(tx, p, app.ChangeDeps())
		return err
	})
	if kind := errs.KindOf(err); p.Body != "" && (kind == errs.KindInvalid || kind == errs.KindConflict) {
		return s.changeForm(r, http.StatusBadRequest, p.Title, p.Body, r.changeFaults(err))
	}
	if err != nil {
		return err
	}
	return r.goWith(changeURL(c.ID), ui.Notice{Tone: ui.Info, Title: r.T("The way back is planned"), Text: r.T("Another person approves it.")})
}
