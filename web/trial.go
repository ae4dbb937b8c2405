package web

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"tenure/internal/app"
	"tenure/internal/catalog"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
	req "tenure/internal/request"
	"tenure/templates"
	"tenure/templates/ui"
)

const trialURL = "/policy/approvals/trial"

// trial is what the address asks: who would decide something for somebody.
type trial struct {
	who, by *identity.Person
	offer   *policy.Offer
	role    *policy.Object // that a level of the offer gives, or that was named itself
	named   *catalog.Entitlement
	title   string
	asked   req.Case
}

// trialShow answers "who would approve this for her?": which rule decides and why those before it do not, who is asked, and what a planned
// change would make of it. Nothing is written.
func (s *server) trialShow(r *request) error {
	if !r.may("person.read_any") {
		return errs.Forbidden("your account does not have the right to open everybody's page (person.read_any)")
	}
	v := templates.TrialView{Action: trialURL, Up: []ui.Link{{Text: r.T("Policy"), URL: link("/policy", "tab", "asking")}}}
	err := r.underDraft(&v, func(tx *db.Tx) error {
		pol, err := policy.Load(tx)
		if err != nil {
			return err
		}
		cat, err := catalog.Load(tx)
		if err != nil {
			return err
		}
		t, bad := &trial{}, ui.Errors(nil)
		if r.value("for")+r.value("what") != "" {
			t, bad, err = r.trialOf(tx, pol, cat)
		}
		if err == nil && len(bad) == 0 && t.who != nil {
			var out *req.Trial
			out, err = lifecycle.Requests.Try(tx, &t.asked)
			if found, ok := r.faults(err, map[string]string{"": "for"}); ok {
				bad, err = found, nil
			} else if err == nil {
				v.Answer, err = r.trialAnswer(tx, pol, t, out)
			}
		}
		v.Errors = bad
		r.trialForm(pol, cat, t, &v)
		return err
	})
	if err != nil {
		return err
	}
	status := http.StatusOK
	if len(v.Errors) > 0 {
		status = http.StatusBadRequest
	}
	return r.render(status, templates.Trial(r.shell(r.T("Who would approve this?")), v))
}

// underDraft runs fn under the policy as it is, or as a planned change would make it: then it plans in a transaction of its own and undoes it,
// which only those may who plan.
func (r *request) underDraft(v *templates.TrialView, fn func(*db.Tx) error) error {
	id, err := strconv.Atoi(cmp.Or(r.value("change"), "0"))
	if err != nil || id != 0 && !r.may("policy.change") {
		return nothing("change")
	}
	drafts := func(tx *db.Tx) error {
		if !r.may("policy.change") {
			return nil
		}
		all, err := change.Sets(tx, 200)
		for _, c := range all {
			if c.State == change.Planned {
				v.Drafts = append(v.Drafts, ui.Option{Value: itoa(c.ID), Text: r.T("As change %d would make it: %s", c.ID, c.Title), Selected: c.ID == id})
			}
		}
		return err
	}
	if id == 0 {
		return r.read(func(tx *db.Tx) error {
			if err := drafts(tx); err != nil {
				return err
			}
			return fn(tx)
		})
	}
	return r.do(func(tx *db.Tx) error {
		if err := drafts(tx); err != nil {
			return err
		}
		c, err := change.GetSet(tx, id)
		if err != nil {
			return err
		}
		if c.State != change.Planned {
			return errs.Conflict("this change is not planned any more: look at the policy as it is")
		}
		if err := change.Under(tx, change.Proposal{Body: c.Body, Prune: c.Prune, Reverses: c.Reverses}, app.ChangeDeps(), fn); err != nil {
			return err
		}
		return db.ErrRollback
	})
}

// trialOf reads what is asked. What is wrong is told at the fields.
func (r *request) trialOf(tx *db.Tx, pol *policy.Snapshot, cat *catalog.Catalog) (*trial, ui.Errors, error) {
	t := &trial{}
	var bad ui.Errors
	find := func(field string) (*identity.Person, error) {
		p, err := here(tx, r.value(field))
		if err != nil && errs.KindOf(err) == errs.KindInvalid {
			bad = append(bad, ui.FieldError{Field: field, Text: r.T("Nobody who works here now, or more than one person, has this number, e-mail address or name.")})
			return nil, nil
		}
		return p, err
	}
	var err error
	if t.who, err = find("for"); err != nil {
		return nil, nil, err
	}
	if t.by = t.who; r.value("by") != "" {
		if t.by, err = find("by"); err != nil {
			return nil, nil, err
		}
	}
	if !t.find(pol, cat, r.value("what")) {
		bad = append(bad, ui.FieldError{Field: "what", Text: r.T("This is the name of no offer, no role, and no entitlement.")})
	}
	if len(bad) > 0 {
		return t, bad, nil
	}
	w := req.Wish{Act: req.Act(cmp.Or(oneOf(r.value("act"), string(req.Activate), string(req.Emergency)), string(req.Grant))), Level: r.value("level")}
	w.Days, _ = strconv.Atoi(r.value("days"))
	if t.offer != nil {
		w.Offer = t.offer.ID
		if _, _, _, ok := pol.Level(w.Offer, w.Level); !ok {
			w.Level = t.offer.Object.Offer.Levels[0].Name
		}
		_, role, _, _ := pol.Level(w.Offer, w.Level)
		t.role = pol.Object(role)
	}
	values := map[string]string{}
	for _, p := range t.parameters() {
		if x := r.value("param-" + p.Name); x != "" {
			values[p.Name] = x
		}
	}
	w.Param = policy.Param(values)
	t.asked = req.Case{For: t.who.ID, By: t.by.ID, Wish: w}
	switch {
	case t.offer != nil:
	case t.role != nil:
		t.asked.Role = t.role.ID
	default:
		t.asked.Entitlement = t.named.ID
	}
	return t, nil, nil
}

// find finds what is named: an offer or a role by its name or title, or an entitlement as policy files write it.
func (t *trial) find(pol *policy.Snapshot, cat *catalog.Catalog, text string) bool {
	if text == "" {
		return false
	}
	is := func(o *policy.Object) bool {
		return strings.EqualFold(o.Name, text) || strings.EqualFold(o.Title, text)
	}
	for _, o := range pol.Offers() {
		if is(&o.Object) && (t.offer == nil || o.Name == text) {
			t.offer, t.title = o, o.Title
		}
	}
	if t.offer != nil {
		return true
	}
	for _, o := range pol.Objects(policy.KindRole) {
		if is(o) && (t.role == nil || o.Name == text) {
			t.role, t.title = o, o.Title
		}
	}
	if t.role != nil {
		return true
	}
	e, err := cat.Find(text)
	if err != nil || e == nil {
		return false
	}
	t.named, t.title = e, cmp.Or(e.Title, text)
	return true
}

func (t *trial) parameters() []policy.Parameter {
	if t.role == nil || t.role.Role == nil {
		return nil
	}
	return t.role.Role.Parameters
}

// trialForm draws the form: level and parameters once it is known what is asked for.
func (r *request) trialForm(pol *policy.Snapshot, cat *catalog.Catalog, t *trial, v *templates.TrialView) {
	v.Fields = []ui.Field{
		{Name: "for", Label: r.T("For whom"), Kind: "text", Value: r.value("for"), Hint: r.T("Number, e-mail address or full name"), Required: true, Auto: "off", Error: v.Errors.Of("for")},
		{Name: "what", Label: r.T("What is asked for"), Kind: "text", Value: r.value("what"), Hint: r.T("An offer, a role, or an entitlement such as crm/staff"), Required: true, Auto: "off", List: "trial-what", Error: v.Errors.Of("what")}}
	if t.offer != nil && len(t.offer.Object.Offer.Levels) > 1 {
		f := ui.Field{Name: "level", Label: r.T("Level"), Kind: "select"}
		for _, l := range t.offer.Object.Offer.Levels {
			f.Options = append(f.Options, ui.Option{Value: l.Name, Text: l.Title, Selected: l.Name == t.asked.Wish.Level})
		}
		v.Fields = append(v.Fields, f)
	}
	for _, p := range t.parameters() {
		f := ui.Field{Name: "param-" + p.Name, Label: cmp.Or(p.Title, p.Name), Kind: "text", Value: r.value("param-" + p.Name), Auto: "off"}
		if len(p.Values) > 0 {
			f.Kind = "select"
			f.Options = append(f.Options, ui.Option{Text: r.T("not said")})
			for _, x := range p.Values {
				f.Options = append(f.Options, ui.Option{Value: x, Text: x, Selected: x == f.Value})
			}
		}
		v.Fields = append(v.Fields, f)
	}
	act := ui.Field{Name: "act", Label: r.T("How"), Kind: "select"}
	for _, o := range []ui.Option{{Value: string(req.Grant), Text: r.T("for days")}, {Value: string(req.Activate), Text: r.T("activated for hours")}, {Value: string(req.Emergency), Text: r.T("in an emergency")}} {
		o.Selected = o.Value == r.value("act")
		act.Options = append(act.Options, o)
	}
	v.Fields = append(v.Fields, act,
		ui.Field{Name: "days", Label: r.T("For how many days"), Kind: "number", Value: r.value("days"), Min: "1", Max: itoa(policy.MaxDays), Short: true, Hint: r.T("As the offer proposes when it is empty.")},
		ui.Field{Name: "by", Label: r.T("Who asks"), Kind: "text", Value: r.value("by"), Hint: r.T("Themselves when it is empty."), Auto: "off", Error: v.Errors.Of("by")})
	if len(v.Drafts) > 0 {
		v.Fields = append(v.Fields, ui.Field{Name: "change", Label: r.T("Under which policy"), Kind: "select", Options: append([]ui.Option{{Text: r.T("The policy as it is")}}, v.Drafts...)})
	}
	v.What = trialNames(pol, cat)
}

// trialNames are what can be asked about.
func trialNames(pol *policy.Snapshot, cat *catalog.Catalog) templates.Suggestion {
	out := templates.Suggestion{ID: "trial-what"}
	for _, o := range pol.Offers() {
		out.Options = append(out.Options, ui.Option{Value: o.Name, Text: o.Title})
	}
	for _, o := range pol.Objects(policy.KindRole) {
		out.Options = append(out.Options, ui.Option{Value: o.Name, Text: o.Title})
	}
	var ents []ui.Option
	for id, e := range cat.Entitlements {
		if ref := cat.Ref(id); ref != "" && e.Kind != catalog.AccountKind {
			ents = append(ents, ui.Option{Value: ref, Text: e.Title})
		}
	}
	slices.SortFunc(ents, func(a, b ui.Option) int { return cmp.Compare(a.Value, b.Value) })
	out.Options = append(out.Options, ents...)
	out.Options = out.Options[:min(len(out.Options), suggestMost)]
	return out
}

// trialAnswer puts the answer in words.
func (r *request) trialAnswer(tx *db.Tx, pol *policy.Snapshot, t *trial, out *req.Trial) (*templates.TrialAnswer, error) {
	a := &templates.TrialAnswer{Title: r.T("Who would approve “%s” for %s", t.title, t.who.Name)}
	for _, b := range out.Bad {
		_, field, _ := strings.Cut(b.Field, "].")
		a.Bad = append(a.Bad, sentence(r.T("%s %s", r.T(strings.TrimPrefix(field, "parameters.")), r.T(b.Rule))))
	}
	it := out.Item
	if it == nil {
		return a, nil
	}
	c, err := req.WorkingTime(tx)
	if err != nil {
		return nil, err
	}
	a.Facts = []ui.Line{{Name: r.T("Asked by"), Text: t.by.Name}, {Name: r.T("Until"), Text: r.at(it.AskedTo).Text}}
	if t.offer != nil && len(t.offer.Object.Offer.Levels) > 1 {
		a.Title = r.T("Who would approve “%s” for %s", r.itemTitle(pol, it.Offer, it.Level), t.who.Name)
	}
	a.Risk = it.Risk
	checked := r.checkItem(&browsing{pol: pol}, it, c, tx.Now)
	a.Expect, a.Conflicts = checked.Expect, checked.Conflicts
	for _, x := range out.Tried {
		row := templates.TrialRule{Name: ui.Link{Text: x.Rule.Title}, When: x.Rule.Approval.When, Holds: x.Holds}
		if r.value("change") == "" { // a rule that is only planned has no page
			row.Name.URL = r.objectURL(x.Rule.ID, 0)
		}
		for _, f := range x.Failing {
			row.Failing = append(row.Failing, sentence(f))
		}
		a.Rules = append(a.Rules, row)
	}
	switch rule := out.Rule(); {
	case it.Act == req.Emergency:
		a.Decides = r.T("In an emergency it is granted at once and reviewed afterwards.")
	case rule == nil:
		a.Decides = r.T("No rule holds: the manager is asked, and then the owner.")
	case rule.Approval.Automatic && len(it.Steps) == 0:
		a.Decides = r.T("The rule “%s” decides: it is granted at once, and nobody is asked.", rule.Title)
	case rule.Approval.Automatic:
		a.Decides = r.T("The rule “%s” would grant it at once, but it does not accept a conflict: compliance is asked.", rule.Title)
	default:
		a.Decides = r.T("The rule “%s” decides: it is the first that holds.", rule.Title)
	}
	for i, st := range it.Steps {
		a.Steps = append(a.Steps, r.trialStep(it, i, st, &out.Steps[i]))
	}
	return a, nil
}

func (r *request) trialStep(it *req.Item, i int, st *req.Step, more *req.TrialStep) templates.TrialStep {
	out := templates.TrialStep{Name: r.stepName(st), With: i > 0 && it.Steps[i-1].Position == st.Position}
	if st.By == req.Wait {
		if st.NextAt != nil {
			out.Time = r.T("until %s", r.day(r.inZone(*st.NextAt)))
		}
		return out
	}
	out.Time = r.T("%s of working time", r.Plural(st.Hours, "hour", "hours"))
	for _, h := range st.Holders {
		out.Asked = append(out.Asked, r.holderLink(h.Ref, h.Name))
	}
	if st.Quorum > 1 {
		out.Quorum = r.T("%d of them must approve", st.Quorum)
	}
	if more.Way != st.By && more.Way != "" && st.By != req.Review {
		out.Instead = r.T("Nobody can be asked as the step says, so %s is asked instead.", r.wayWord(more.Way))
	}
	for _, h := range more.Next {
		out.Next = append(out.Next, r.holderLink(h.Ref, h.Name))
	}
	return out
}

func (r *request) holderLink(ref, name string) ui.Link {
	return ui.Link{Text: name, URL: r.to("person.read_any", personURL(ref))}
}

// wayWord says as what somebody is asked instead.
func (r *request) wayWord(way string) string {
	switch way {
	case req.Manager:
		return r.T("the manager")
	case req.Owner:
		return r.T("the owner")
	case policy.Administrator:
		return r.T("an administrator")
	}
	return r.T("compliance")
}
