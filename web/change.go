package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"tenure/internal/app"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/templates"
	"tenure/templates/ui"
)

const changesURL = "/policy/changes"

func changeURL(id int) string { return fmt.Sprintf("%s/%d", changesURL, id) }

// changes lists the planned changes of the policy.
func (s *server) changes(r *request) error {
	v := templates.ChangesView{NewURL: r.to("policy.change", changesURL+"/new")}
	err := r.read(func(tx *db.Tx) error {
		all, err := change.Sets(tx, 200)
		for _, c := range all {
			v.Rows = append(v.Rows, templates.ChangeSetRow{Title: c.Title, URL: changeURL(c.ID), State: string(c.State), Made: r.at(c.Made), By: c.MadeBy, Note: c.Note,
				What: r.T("%s, %s", r.Plural(len(c.Plan.Changes), "object", "objects"), r.Plural(c.Plan.Effect.People, "person", "people"))})
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.show(templates.Changes(r.shell(r.T("Changes of the policy")), v))
}

// changeStarts are documents to begin with.
var changeStarts = map[string]string{
	"role":     "kind: Role\nname: \nspec:\n  title: \n  description: \n  owner: \n  entitlements: []\n  roles: []\n",
	"rule":     "kind: BirthrightRule\nname: \nspec:\n  title: \n  when: department == \"\"\n  roles: []\n  entitlements: []\n",
	"duty":     "kind: Duty\nname: \nspec:\n  title: \n  description: \n  entitlements: []\n",
	"sod":      "kind: SoDRule\nname: \nspec:\n  title: \n  description: \n  owner: \n  duties: []\n  severity: high\n  reaction: exception\n",
	"offer":    "kind: Offer\nname: \nspec:\n  title: \n  description: \n  tasks: []\n  levels:\n    - {name: standard, title: , entitlements: []}\n  days: 90\n  longest_days: 365\n",
	"approval": "kind: ApprovalRule\nname: \nspec:\n  title: \n  order: 10\n  when: request[\"risk\"] == \"high\"\n  steps:\n    - {by: manager}\n    - {by: owner}\n",
	"empty":    "",
}

// changeNew is where a change is written. The address may say with what to begin: an empty document of a kind, a document that is
// declared, the text of another change, or candidates of a look for roles.
func (s *server) changeNew(r *request) error {
	title, body := "", changeStarts[r.Query("kind")]
	err := r.read(func(tx *db.Tx) error {
		if from := r.Query("from"); from != "" {
			id, err := strconv.Atoi(from)
			if err != nil {
				return nothing("change")
			}
			c, err := change.GetSet(tx, id)
			if err != nil {
				return err
			}
			title, body = c.Title, c.Body
		}
		if r.Query("mining") != "" {
			var err error
			if title, body, err = r.miningText(tx); err != nil {
				return err
			}
		}
		if kind, name, ok := strings.Cut(r.Query("edit"), " "); ok {
			text, err := change.Document(tx, kind, name)
			if err != nil {
				return err
			}
			body = text
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.changeForm(r, http.StatusOK, title, body, nil)
}

func (s *server) changeForm(r *request, status int, title, body string, bad ui.Errors) error {
	v := templates.ChangeNewView{Action: changesURL, Title: title, Body: body, Errors: bad, Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: changesURL}}
	for _, k := range []struct{ kind, word string }{{"role", r.T("A role")}, {"rule", r.T("A birthright rule")}, {"duty", r.T("A duty")}, {"sod", r.T("An SoD rule")}, {"offer", r.T("An offer")},
		{"approval", r.T("An approval rule")}} {
		v.Starts = append(v.Starts, ui.Link{Text: k.word, URL: link(changesURL+"/new", "kind", k.kind)})
	}
	return r.render(status, templates.ChangeNew(r.shell(r.T("Plan a change")), v))
}

// changePlan plans what was written.
func (s *server) changePlan(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	title, body := r.field("title"), strings.ReplaceAll(r.Context.PostForm("body"), "\r\n", "\n")
	var c *change.Set
	err := r.do(func(tx *db.Tx) (err error) {
		c, err = change.Draft(tx, change.Proposal{Title: title, Body: body}, app.ChangeDeps())
		return err
	})
	if kind := errs.KindOf(err); kind == errs.KindInvalid || kind == errs.KindConflict {
		return s.changeForm(r, http.StatusBadRequest, title, body, r.changeFaults(err))
	}
	if err != nil {
		return err
	}
	return r.goTo(changeURL(c.ID))
}

// changeFaults puts what is wrong with a text beside its field, with its lines.
func (r *request) changeFaults(err error) ui.Errors {
	bad, ok := r.faults(err, map[string]string{"": "body"})
	if !ok {
		return ui.Errors{{Field: "body", Text: sentence(err.Error())}}
	}
	for i := range bad {
		if bad[i].Field != "title" {
			bad[i].Field = "body"
		}
	}
	return bad
}

func (s *server) changeShow(r *request) error { return s.changePage(r, http.StatusOK, nil) }

func (s *server) changePage(r *request, status int, bad ui.Errors) error {
	var v templates.ChangeView
	err := r.read(func(tx *db.Tx) error {
		c, err := r.change(tx)
		if err != nil {
			return err
		}
		return r.changeView(tx, c, bad, &v)
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Change(r.shell(v.Title), v))
}

func (r *request) change(tx *db.Tx) (*change.Set, error) {
	id, err := r.number("id")
	if err != nil {
		return nil, nothing("change")
	}
	return change.GetSet(tx, id)
}

func (r *request) changeView(tx *db.Tx, c *change.Set, bad ui.Errors, v *templates.ChangeView) error {
	*v = templates.ChangeView{Title: c.Title, State: string(c.State), Lead: r.T("Planned by %s, %s, against version %d of the policy.", c.MadeBy, r.at(c.Made).Text, c.Version), Body: c.Body}
	if c.Note != "" && c.Decided != nil {
		v.Note = r.T("%s, %s: %s", c.DecidedBy, r.at(*c.Decided).Text, c.Note)
	}
	if c.Reverses != 0 {
		v.Reverses = ui.Link{Text: r.T("Takes back change %d", c.Reverses), URL: changeURL(c.Reverses)}
	}
	for _, o := range c.Plan.Changes {
		row := templates.ChangedObject{Kind: o.Kind, Name: o.Name, What: o.What}
		for _, f := range o.Fields {
			row.Fields = append(row.Fields, templates.ChangedField{Name: f.Field, From: fieldText(f.From), To: fieldText(f.To)})
		}
		v.Objects = append(v.Objects, row)
	}
	if err := r.planFigures(tx, &c.Plan, v); err != nil {
		return err
	}
	all, err := change.People(tx, c.ID, 0, changeMost)
	if err != nil {
		return err
	}
	sensitive, n, err := change.Sensitive(tx, c.ID, sensitiveMost)
	if err != nil {
		return err
	}
	if err := r.planPeople(tx, all, sensitive, n, c.Plan.Effect.People, v); err != nil {
		return err
	}
	r.changeActs(c, bad, v)
	return r.changeBacktest(tx, c, v)
}

// changeActs says what the reader can do with it.
func (r *request) changeActs(c *change.Set, bad ui.Errors, v *templates.ChangeView) {
	at, mine := changeURL(c.ID), c.MadeIdentity != 0 && c.MadeIdentity == r.who.ID
	switch {
	case c.State == change.Applied:
		v.ReverseURL = r.to("policy.change", at+"/reverse")
	case c.State == change.Stale:
		v.AgainURL = r.to("policy.change", link(changesURL+"/new", "from", itoa(c.ID)))
	case c.State == change.Planned && mine:
		v.Refused = r.T("You planned it, so another person approves it.")
		v.Approve = &templates.ChangeDecision{Reject: at + "/reject", Reason: r.field("reason"), Errors: bad}
	case c.State == change.Planned && r.may("policy.release"):
		v.Approve = &templates.ChangeDecision{Approve: at + "/approve", Reject: at + "/reject", Reason: r.field("reason"), Errors: bad}
	}
}

func sum(n map[string]int) (all int) {
	for _, x := range n {
		all += x
	}
	return all
}

func together(parts ...map[string]int) map[string]bool {
	out := map[string]bool{}
	for _, p := range parts {
		for k := range p {
			out[k] = true
		}
	}
	return out
}

// fieldText writes a value of a spec as it would stand in a file.
func fieldText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return cmp.Or(v, `""`)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// changeApprove applies it.
func (s *server) changeApprove(r *request) error {
	return s.changeDecide(r, func(tx *db.Tx, id int, reason string) (*change.Set, error) {
		return change.Approve(tx, id, reason, app.ChangeDeps())
	})
}

// changeReject rejects or withdraws it.
func (s *server) changeReject(r *request) error { return s.changeDecide(r, change.Reject) }

func (s *server) changeDecide(r *request, act func(tx *db.Tx, id int, reason string) (*change.Set, error)) error {
	if err := r.form(); err != nil {
		return err
	}
	var c *change.Set
	err := r.do(func(tx *db.Tx) error {
		was, err := r.change(tx)
		if err != nil {
			return err
		}
		r.back = ui.Link{Text: r.T("See how it stands"), URL: changeURL(was.ID)}
		c, err = act(tx, was.ID, r.field("reason"))
		return err
	})
	if bad, ok := r.faults(err, nil); ok && errs.KindOf(err) == errs.KindInvalid && r.field("reason") == "" {
		return s.changePage(r, http.StatusBadRequest, bad)
	}
	if err != nil {
		return err
	}
	n := ui.Notice{Tone: ui.Good, Title: r.T("It is applied"), Text: r.T("What follows at the targets is on its way.")}
	switch c.State {
	case change.Rejected:
		n = ui.Notice{Tone: ui.Info, Title: r.T("It will not be applied")}
	case change.Stale:
		n = ui.Notice{Tone: ui.Warn, Title: r.T("Nothing was applied: the plan is stale"), Text: sentence(c.Note)}
	}
	return r.goWith(changeURL(c.ID), n)
}

// changeReverse plans the way back.
func (s *server) changeReverse(r *request) error {
	var c *change.Set
	err := r.do(func(tx *db.Tx) error {
		was, err := r.change(tx)
		if err != nil {
			return err
		}
		r.back = ui.Link{Text: r.T("See how it stands"), URL: changeURL(was.ID)}
		c, err = change.Reverse(tx, was.ID, app.ChangeDeps())
		return err
	})
	if err != nil {
		return err
	}
	return r.goWith(changeURL(c.ID), ui.Notice{Tone: ui.Info, Title: r.T("The way back is planned"), Text: r.T("Another person approves it.")})
}
