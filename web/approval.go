package web

import (
	"cmp"
	"errors"
	"slices"
	"strconv"

	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
	req "tenure/internal/request"
	"tenure/templates"
	"tenure/templates/ui"
)

// errStale says that a decision needs a fresh proof of who decides.
var errStale = errors.New("a fresh proof is needed")

// approvalsMost is how many steps a page shows.
const approvalsMost = 100

// approvals lists what is asked of the reader, by risk: a group is decided together, what is risky one by one.
func (s *server) approvals(r *request) error {
	var v templates.ApprovalsView
	err := r.read(func(tx *db.Tx) error {
		pol, err := policy.Load(tx)
		if err != nil {
			return err
		}
		all, err := req.Waiting(tx, r.who.ID, r.askNames(), approvalsMost)
		v = r.approvalGroups(pol, all)
		return err
	})
	if err != nil {
		return err
	}
	return r.show(templates.Approvals(r.shell(r.T("Asked of you")), v))
}

func (r *request) approvalGroups(pol *policy.Snapshot, all []req.Line) templates.ApprovalsView {
	v := templates.ApprovalsView{Action: approvalsURL}
	of := map[string]*templates.ApprovalGroup{}
	for i := range all {
		l := &all[i]
		class := l.Risk
		if len(l.Conflicts) > 0 || l.By == req.Review {
			class = "conflict"
		}
		g := of[class]
		if g == nil {
			g = &templates.ApprovalGroup{Class: class, Risk: class, Bulk: class == "low" || class == "medium"}
			if class == "conflict" {
				g.Risk, g.Title = "", r.T("Conflicts and reviews: one by one")
			}
			of[class] = g
		}
		row := templates.ApprovalRow{Step: itoa(l.Step), Version: itoa(l.Version), What: ui.Link{Text: r.itemTitle(pol, l.Offer, l.Level), URL: requestsURL + "/" + l.Ref}, For: l.For, Why: l.Why, By: l.Requester, Until: r.day(r.inZone(l.AskedTo)), Risk: l.Risk}
		if l.DueAt != nil {
			row.Due = r.clockOf(*l.DueAt)
		}
		for _, c := range l.Conflicts {
			row.Conflicts = append(row.Conflicts, c.Title)
		}
		g.Rows = append(g.Rows, row)
	}
	for _, class := range append([]string{"conflict"}, reversed(catalog.Risks)...) {
		if g := of[class]; g != nil {
			v.Groups = append(v.Groups, *g)
		}
	}
	return v
}

func reversed(in []string) []string {
	out := slices.Clone(in)
	slices.Reverse(out)
	return out
}

// approvalsDecide decides what was ticked, of one risk class: each for itself, so that one that moved meanwhile does not stop the others.
func (s *server) approvalsDecide(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	chosen := r.Request.PostForm["step"]
	only := r.field("only") != ""
	if only { // the button of one row approves that row, whatever is ticked
		chosen = []string{r.field("only")}
		r.Request.PostForm.Set("outcome", req.Approve)
	}
	if len(chosen) == 0 || len(chosen) > approvalsMost {
		return errs.Invalid("tick what you decide about: up to %d at once", approvalsMost)
	}
	res := ui.Result{Verb: r.T("Approved"), Back: ui.Link{Text: r.T("What else is asked of you"), URL: approvalsURL}}
	if r.field("outcome") == req.Deny {
		res.Verb = r.T("Denied")
	}
	for _, text := range chosen { // each is a transaction of its own
		step, err := strconv.Atoi(text)
		if err != nil {
			return nothing("step")
		}
		line, err := s.approveOne(r, step)
		switch {
		case err == nil:
			res.Done = append(res.Done, line)
		case errs.KindOf(err) == errs.KindConflict:
			line.Text = r.said(err)
			res.Changed = append(res.Changed, line)
		case errs.KindOf(err) == errs.KindInternal:
			return err
		default:
			line.Text = r.said(err)
			res.Refused = append(res.Refused, line)
		}
	}
	if only && len(res.Done) == 1 {
		return r.goWith(approvalsURL, ui.Notice{Tone: ui.Good, Title: r.T("Approved: %s", res.Done[0].Link.Text), Link: res.Done[0].Link})
	}
	return r.show(templates.ApprovalsDone(r.shell(r.T("Decided")), res))
}

func (s *server) approveOne(r *request, step int) (line ui.ResultLine, err error) {
	line.Link.Text = r.T("Step %d", step)
	err = r.do(func(tx *db.Tx) error {
		it, ref, err := r.stepFor(tx, step)
		if err != nil {
			return err
		}
		pol, err := policy.Load(tx)
		if err != nil {
			return err
		}
		line.Link = ui.Link{Text: r.itemTitle(pol, it.Offer, it.Level), URL: requestsURL + "/" + ref}
		if cmp.Or(r.field("class"), "low") != it.Risk || !it.Plainly() {
			return errs.Forbidden("this is of another risk: look at it by itself")
		}
		_, err = lifecycle.Requests.Decide(tx, req.Answer{Step: step, Outcome: r.field("outcome"), Reason: r.field("reason"), Via: "bulk"})
		return err
	})
	return line, err
}
