package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tenure/internal/app"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/policy"
	"tenure/templates/ui"
)

// Addresses of the workbench, where one object of the policy is written.
const (
	benchURL  = "/policy/new"
	effectURL = "/policy/effect"
)

func benchEditURL(id int) string { return fmt.Sprintf("/policy/edit/%d", id) }

// benchKinds are the kinds of documents as addresses call them.
var benchKinds = map[string]string{policy.KindRole: change.KindRole, policy.KindRule: change.KindRule, policy.KindDuty: change.KindDuty, policy.KindSoD: change.KindSoD,
	policy.KindOffer: change.KindOffer, policy.KindApproval: change.KindApproval}

// bench is one object of the policy that is being written: a document, and the form beside it.
type bench struct {
	kind, was   string // of the document; was is the name of what is changed
	text, drawn string
	form        change.Form
	title       string // of the change

	rest   []string // fields that stand in the text only
	others int      // documents beside the one that is shown
	both   []string // fields that were changed in the form and in the text
	unread string   // why the text cannot be read
	faults ui.Errors
	lines  []string // faults with the lines of the text
	focus  [2]string

	plan *change.Plan
	took time.Duration
}

// benchNew is the workbench for something new.
func (s *server) benchNew(r *request) error {
	kind := benchKinds[r.Query("kind")]
	if kind == "" {
		kind = change.KindRule
	}
	return s.benchOf(r, "", change.Declaration{Kind: kind, Spec: benchStart(kind)})
}

// benchStart is what a new document begins with: what it must have, and what the form cannot show.
func benchStart(kind string) map[string]any {
	switch kind {
	case change.KindRule:
		return map[string]any{"when": ""}
	case change.KindOffer:
		return map[string]any{"levels": []any{map[string]any{"name": "standard", "entitlements": []any{}}}}
	case change.KindApproval:
		return map[string]any{"when": `request["risk"] == "high"`, "steps": []any{map[string]any{"by": policy.ByManager}, map[string]any{"by": policy.ByOwner}}}
	}
	return map[string]any{}
}

// benchEdit is the workbench for what is declared.
func (s *server) benchEdit(r *request) error {
	id, err := r.number("id")
	if err != nil {
		return nothing("object of the policy")
	}
	var text string
	var o *policy.Object
	err = r.read(func(tx *db.Tx) error {
		pol, err := policy.Load(tx)
		if err != nil {
			return err
		}
		if o = pol.Object(id); o == nil {
			return nothing("object of the policy")
		}
		text, err = change.Document(tx, benchKinds[o.Kind], o.Name)
		return err
	})
	if err != nil {
		return err
	}
	sheet, err := change.ReadSheet(text, benchKinds[o.Kind], o.Name)
	if err != nil {
		return err
	}
	return s.benchOf(r, o.Name, sheet.Declaration)
}

// benchOf begins with a document.
func (s *server) benchOf(r *request, was string, d change.Declaration) error {
	text, err := change.Write(d)
	if err != nil {
		return err
	}
	b := &bench{kind: d.Kind, was: was, text: text, drawn: text}
	if b.form, b.rest = d.Form(); was == "" {
		b.begin()
	}
	return s.benchPage(r, http.StatusOK, b)
}

// begin gives a new rule the first line of its condition.
func (b *bench) begin() {
	if v, ok := b.form.Values["when"]; ok && b.kind == change.KindRule {
		v.Lines = &policy.Lines{All: []policy.Line{{Is: policy.Comparisons[0], Values: []string{""}}}}
		b.form.Values["when"] = v
	}
}

// posted gives a field of the form that may be long, as it was written, with line breaks as documents have them.
func (r *request) posted(name string) string {
	return strings.ReplaceAll(r.Context.PostForm(name), "\r\n", "\n")
}

// bench reads what was posted, does what a button asked for, and brings form and text together.
func (r *request) bench() (*bench, error) {
	if err := r.form(); err != nil {
		return nil, err
	}
	b := &bench{kind: r.posted("kind"), was: r.posted("was"), text: r.posted("text"), drawn: r.posted("drawn"), title: r.field("change")}
	if change.FormFields(b.kind) == nil {
		return nil, errs.Invalid("the form could not be read")
	}
	b.form = r.benchForm(b.kind)
	if !b.press(strings.Fields(r.field("do"))) {
		b.faults = append(b.faults, ui.FieldError{Field: b.focus[0], Text: r.T("This says more than lines can show: change it as an expression.")})
	}
	drawn, err := change.ReadSheet(b.drawn, b.kind, b.was)
	if err != nil {
		drawn, err = change.ReadSheet(fmt.Sprintf("kind: %s\nname: \"\"\nspec: {}\n", b.kind), b.kind, "")
	}
	if err != nil {
		return nil, err
	}
	now, err := change.ReadSheet(b.text, b.kind, drawn.Name)
	if err != nil {
		b.unread = sentence(err.Error())
		return b, nil
	}
	written := b.text
	if b.text, b.both, err = change.Merge(drawn, now, b.form); err != nil {
		return nil, err
	}
	if now, err = change.ReadSheet(b.text, now.Kind, b.form.Name); err != nil {
		return nil, err
	}
	b.show(now)
	if b.drawn = b.text; r.Query("side") == "text" {
		b.text, b.drawn = written, written // the text stays as it stands in the browser
	}
	return b, nil
}

// show puts what the text says into the form. What says the same stays as it was filled in: a line that is not finished is kept.
func (b *bench) show(s change.Sheet) {
	was := b.form
	b.kind, b.others = s.Kind, s.Others()
	b.form, b.rest = s.Form()
	if was.Kind != s.Kind {
		return
	}
	for _, f := range change.FormFields(s.Kind) {
		mine, here := was.Values[f.Name]
		if is, shown := b.form.Values[f.Name]; shown && here && f.Same(mine, is) {
			b.form.Values[f.Name] = mine
		}
	}
}

// benchForm reads the fields that were posted.
func (r *request) benchForm(kind string) change.Form {
	f := change.Form{Kind: kind, Name: r.field("name"), Values: map[string]change.FormValue{}}
	posted := r.Request.PostForm
	for _, field := range change.FormFields(kind) {
		name := "spec." + field.Name
		switch _, here := posted[name]; {
		case field.Ask == change.AskCondition:
			if by := r.posted(name + ".by"); by == "lines" {
				f.Values[field.Name] = change.FormValue{Lines: r.benchLines(name)}
			} else if by == "text" {
				f.Values[field.Name] = change.FormValue{Text: r.posted(name)}
			}
		case !here:
		case field.Ask == change.AskList:
			f.Values[field.Name] = change.FormValue{List: filled(posted[name])}
		default:
			f.Values[field.Name] = change.FormValue{Text: r.posted(name)}
		}
	}
	return f
}

// filled leaves out what is empty.
func filled(all []string) []string {
	var out []string
	for _, x := range all {
		if x = strings.TrimSpace(x); x != "" {
			out = append(out, x)
		}
	}
	return out
}

// linesMost is how many lines of a condition are read.
const linesMost = 100

func (r *request) benchLines(name string) *policy.Lines {
	n, _ := strconv.Atoi(r.posted(name + ".lines")) // none, where it is no number
	l := &policy.Lines{Any: r.posted(name+".any") == "any"}
	for i := range min(n, linesMost) {
		at := fmt.Sprintf("%s.%d.", name, i)
		x := policy.Line{Attribute: strings.TrimSpace(r.posted(at + "attribute")), Is: r.posted(at + "is")}
		if !slices.Contains(policy.Comparisons, x.Is) {
			x.Is = policy.Comparisons[0]
		}
		if x.Values = filled(r.Request.PostForm[at+"value"]); len(x.Values) == 0 && !policy.Several(x.Is) {
			x.Values = []string{""}
		}
		l.All = append(l.All, x)
	}
	return l
}

// press does what a button of the form asks for: "add spec.when", "drop spec.when 2", "text spec.when", "lines spec.when", "more spec.roles".
// It is false for an expression that lines cannot show.
func (b *bench) press(do []string) bool {
	if len(do) < 2 {
		return true
	}
	b.focus = [2]string{do[1], do[0]}
	name := strings.TrimPrefix(do[1], "spec.")
	v, ok := b.form.Values[name]
	if !ok {
		return true
	}
	switch {
	case do[0] == "add" && v.Lines != nil && len(v.Lines.All) < linesMost:
		v.Lines.All = append(v.Lines.All, policy.Line{Is: policy.Comparisons[0], Values: []string{""}})
	case do[0] == "drop" && v.Lines != nil && len(do) == 3:
		if i, err := strconv.Atoi(do[2]); err == nil && i >= 0 && i < len(v.Lines.All) {
			v.Lines.All = slices.Delete(v.Lines.All, i, i+1)
		}
	case do[0] == "text" && v.Lines != nil:
		if text := v.Lines.Text(); len(v.Lines.All) > 0 || name == "when" && b.kind == change.KindRule {
			v = change.FormValue{Text: text}
		} else {
			v = change.FormValue{} // nobody, or everybody, as the field is left out
		}
	case do[0] == "lines" && v.Lines == nil:
		l, readable := policy.ReadLines(v.Text)
		if !readable {
			return false
		}
		v = change.FormValue{Lines: &l}
	}
	b.form.Values[name] = v
	return true
}

// benchDraw draws the workbench anew: with what its buttons ask for, and with the effect when that is asked for. It changes nothing.
func (s *server) benchDraw(r *request) error {
	r.allow(slow)
	b, err := r.bench()
	if err != nil {
		return err
	}
	if r.field("do") == "effect" && b.unread == "" {
		if err := b.rehearse(r); err != nil {
			return err
		}
	}
	return s.benchPage(r, http.StatusOK, b)
}

// rehearse finds out what the document would do. What is wrong with the document is told at its fields and lines.
func (b *bench) rehearse(r *request) error {
	began := time.Now()
	err := r.do(func(tx *db.Tx) (err error) {
		if b.plan, err = change.Rehearse(tx, change.Proposal{Body: b.text}, app.ChangeDeps()); err != nil {
			return err
		}
		return db.ErrRollback
	})
	b.took = time.Since(began)
	return b.fault(r, err)
}

// benchPlan plans what was written, for another person to approve.
func (s *server) benchPlan(r *request) error {
	r.allow(slow)
	b, err := r.bench()
	if err != nil {
		return err
	}
	var c *change.Set
	if b.unread == "" && len(b.both) == 0 {
		err = r.do(func(tx *db.Tx) (err error) {
			c, err = change.Draft(tx, change.Proposal{Title: b.title, Body: b.text}, app.ChangeDeps())
			return err
		})
	}
	if err := b.fault(r, err); err != nil {
		return err
	}
	if c == nil {
		return s.benchPage(r, http.StatusBadRequest, b)
	}
	return r.goTo(changeURL(c.ID))
}

// fault takes up what is wrong with the document and gives back every other error.
func (b *bench) fault(r *request, err error) error {
	var e *errs.Error
	if !errors.As(err, &e) || e.Kind != errs.KindInvalid && e.Kind != errs.KindConflict || e.By != nil {
		return err
	}
	for _, f := range e.Fields {
		b.place(r, f)
	}
	if len(e.Fields) == 0 {
		b.faults = append(b.faults, ui.FieldError{Field: "text", Text: sentence(e.In(r.T))})
	}
	return nil
}

// place puts one fault beside the field of the form that it is about, and beside its line of the text: "line 4: Role x: spec.owner".
func (b *bench) place(r *request, f errs.Field) {
	rule, line, what := r.T(f.Rule), "", f.Field
	if strings.HasPrefix(what, "line ") {
		line, what, _ = strings.Cut(what, ": ")
	}
	if at := strings.LastIndex(what, ": "); at >= 0 && line != "" {
		what = what[at+2:]
	}
	name, item, _ := strings.Cut(strings.TrimPrefix(what, "spec."), "[")
	_, shown := b.form.Values[name]
	out := ui.FieldError{Field: "text", Text: sentence(r.T("%s %s", what, rule))}
	switch {
	case what == "":
		out.Text = sentence(rule)
	case what == "title" && line == "":
		out = ui.FieldError{Field: "change", Text: sentence(r.T("%s %s", r.T("Title of the change"), rule))}
	case what == "name", what == b.kind+" ":
		out = ui.FieldError{Field: "name", Text: sentence(r.T("%s %s", r.T("Name"), rule))}
	case line != "" && shown && strings.HasPrefix(what, "spec."):
		label := r.benchLabel(b.kind, name)
		if n, err := strconv.Atoi(strings.TrimSuffix(item, "]")); err == nil {
			label = r.T("%s, %d", label, n+1)
		}
		out = ui.FieldError{Field: "spec." + name, Text: sentence(r.T("%s %s", label, rule))}
	}
	b.faults = append(b.faults, out)
	if line != "" {
		b.lines = append(b.lines, r.T("%s: %s", sentenceCase(line), out.Text))
	}
}
