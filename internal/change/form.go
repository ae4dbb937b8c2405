package change

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"tenure/internal/errs"
	"tenure/internal/policy"
)

// FormKind is how a form asks for a field.
type FormKind int

// The ways to ask: for a line, for text, for one of some words, for a whole number, for a list of names, for a condition.
const (
	AskLine FormKind = iota
	AskText
	AskWord
	AskNumber
	AskList
	AskCondition
)

// FormField is one field of a spec that a form can show.
type FormField struct {
	Name string
	Ask  FormKind
	// Words are those that can be chosen.
	Words []string
	// Everybody says that a condition without lines is written as true: the field must be there.
	Everybody bool
}

var formFields = map[string][]FormField{
	KindRole: {{Name: "title"}, {Name: "description", Ask: AskText}, {Name: "owner"}, {Name: "state", Ask: AskWord, Words: []string{"draft", "proposed", "active", "retired"}},
		{Name: "entitlements", Ask: AskList}, {Name: "where", Ask: AskCondition}, {Name: "roles", Ask: AskList}},
	KindRule: {{Name: "title"}, {Name: "description", Ask: AskText}, {Name: "when", Ask: AskCondition, Everybody: true}, {Name: "except", Ask: AskCondition}, {Name: "roles", Ask: AskList},
		{Name: "entitlements", Ask: AskList}, {Name: "where", Ask: AskCondition}, {Name: "choice"}, {Name: "priority", Ask: AskNumber}, {Name: "lead_days", Ask: AskNumber}, {Name: "handover_days", Ask: AskNumber}},
	KindDuty: {{Name: "title"}, {Name: "description", Ask: AskText}, {Name: "needs", Ask: AskWord, Words: []string{policy.NeedsAny, policy.NeedsAll}}, {Name: "entitlements", Ask: AskList}},
	KindSoD: {{Name: "title"}, {Name: "description", Ask: AskText}, {Name: "owner"}, {Name: "duties", Ask: AskList}, {Name: "at_least", Ask: AskNumber}, {Name: "severity", Ask: AskWord, Words: policy.Severities},
		{Name: "reaction", Ask: AskWord, Words: policy.Reactions}, {Name: "when", Ask: AskCondition}},
	KindOffer: {{Name: "title"}, {Name: "description", Ask: AskText}, {Name: "owner"}, {Name: "tasks", Ask: AskList}, {Name: "for", Ask: AskCondition}, {Name: "days", Ask: AskNumber},
		{Name: "longest_days", Ask: AskNumber}},
	KindApproval: {{Name: "title"}, {Name: "description", Ask: AskText}, {Name: "order", Ask: AskNumber}, {Name: "when", Ask: AskCondition, Everybody: true}},
}

// FormFields gives the fields that a form shows of a kind of document, in its order: those of the table above that the kind has.
func FormFields(kind string) []FormField {
	if specTypes[kind] == nil {
		return nil
	}
	known := fieldsOf(specTypes[kind])
	return slices.DeleteFunc(slices.Clone(formFields[kind]), func(f FormField) bool { return known[f.Name] == nil })
}

// Form is one declared object as a form shows it. What the form cannot show is not in it.
type Form struct {
	Kind, Name string
	Values     map[string]FormValue
}

// FormValue is what stands in one field: a list, or the lines of a condition, or a text.
type FormValue struct {
	Text  string
	List  []string
	Lines *policy.Lines // nil: the condition is a text
}

// Form shows a document, and says which of its fields a form cannot show.
func (d Declaration) Form() (f Form, rest []string) {
	f = Form{Kind: d.Kind, Name: d.Name, Values: map[string]FormValue{}}
	for _, field := range FormFields(d.Kind) {
		if v, ok := field.show(d.Spec[field.Name]); ok {
			f.Values[field.Name] = v
		}
	}
	for name := range d.Spec {
		if _, shown := f.Values[name]; !shown {
			rest = append(rest, name)
		}
	}
	slices.Sort(rest)
	return f, rest
}

// show gives what a form has in a field; ok is false where its value is of another kind, or none that comes back from a form as it was.
func (f FormField) show(v any) (out FormValue, ok bool) {
	switch f.Ask {
	case AskList:
		items, isList := v.([]any)
		if v != nil && !isList {
			return out, false
		}
		for _, x := range items {
			text, isText := x.(string)
			if !isText || !keeps(text) || text == "" {
				return out, false
			}
			out.List = append(out.List, text)
		}
		return out, true
	case AskNumber:
		if v == nil {
			return out, true
		}
		if n, isNumber := v.(int64); isNumber {
			return FormValue{Text: strconv.FormatInt(n, 10)}, true
		}
		text, isText := v.(string) // somebody is not done yet
		return FormValue{Text: text}, isText && keeps(text)
	}
	text, isText := v.(string)
	if v != nil && !isText || f.Ask == AskLine && !keeps(text) || f.Ask == AskWord && text != "" && !slices.Contains(f.Words, text) {
		return out, false
	}
	out.Text = text
	if f.Ask != AskCondition {
		return out, true
	}
	if lines, readable := policy.ReadLines(text); readable && (v != nil || !f.Everybody) && (f.Everybody || text != "true") && linesKeep(lines) {
		return FormValue{Lines: &lines}, true
	}
	return out, true
}

// keeps says whether a text comes back from one line of a form as it was.
func keeps(text string) bool {
	return text == strings.TrimSpace(text) && !strings.ContainsAny(text, "\r\n\x00")
}

func linesKeep(l policy.Lines) bool {
	for _, x := range l.All {
		if !keeps(x.Attribute) || slices.ContainsFunc(x.Values, func(v string) bool { return !keeps(v) || v == "" && policy.Several(x.Is) }) {
			return false
		}
	}
	return true
}

// value gives what a document has for what stands in the form; nil for nothing.
func (f FormField) value(v FormValue) any {
	switch f.Ask {
	case AskList:
		var out []any
		for _, x := range v.List {
			if x = strings.TrimSpace(x); x != "" {
				out = append(out, x)
			}
		}
		if out == nil {
			return nil
		}
		return out
	case AskNumber:
		if n, err := strconv.ParseInt(strings.TrimSpace(v.Text), 10, 32); err == nil {
			return n
		}
	}
	text := strings.TrimSpace(v.Text)
	if v.Lines != nil {
		text = ""
		if f.Everybody || len(v.Lines.All) > 0 {
			text = v.Lines.Text()
		}
	}
	if text == "" && !f.Everybody {
		return nil
	}
	return text
}

// Same says whether two values say the same in a document, however they are filled in.
func (f FormField) Same(a, b FormValue) bool { return same(f.value(a), f.value(b)) }

// On writes into a document what the form has otherwise. Fields that it has as the document has them stay as they are written, and so does
// all that a form cannot show.
func (f Form) On(d Declaration) Declaration {
	was, _ := d.Form()
	out := Declaration{Kind: f.Kind, Name: f.Name, Spec: map[string]any{}}
	for k, v := range d.Spec {
		out.Spec[k] = v
	}
	for _, field := range FormFields(f.Kind) {
		v, here := f.Values[field.Name]
		before, shown := was.Values[field.Name]
		if !here || !shown || same(field.value(before), field.value(v)) {
			continue
		}
		if x := field.value(v); x != nil {
			out.Spec[field.Name] = x
		} else {
			delete(out.Spec, field.Name)
		}
	}
	return out
}

// Sheet is a text of documents, one of which a form shows.
type Sheet struct {
	Text        string
	Declaration        // the one that is shown
	parts       []part // all of them
	at          int    // which one it is
}

// ReadSheet reads a text without asking whether it is right, and finds the document to be shown: the first of a kind that forms have, of
// this kind and name if it has one. The error is what keeps the text from being read.
func ReadSheet(text, kind, name string) (s Sheet, err error) {
	defer func() {
		if recover() != nil { // see reader.part
			err = errs.Invalid("it cannot be read as YAML")
		}
	}()
	s = Sheet{Text: text, at: -1}
	best := 0
	for _, p := range documents(text) {
		var d struct {
			Kind, Name string
			Spec       map[string]any
			Ends       bool
		}
		body := strings.Repeat("\n", p.first-1) + p.text
		if err := yaml.Unmarshal([]byte(body), &d); err != nil {
			line, rule := yamlRule(err)
			return s, errs.Invalid("line %d: %s", line, rule)
		}
		if d.Kind == "" && d.Name == "" && d.Spec == nil && len(s.parts) == 0 && strings.TrimSpace(p.text) == "" {
			continue
		}
		s.parts = append(s.parts, p)
		fit := 0
		if formFields[d.Kind] != nil && !d.Ends {
			fit = 1
			if d.Kind == kind {
				fit = 2
				if d.Name == name {
					fit = 3
				}
			}
		}
		if fit > best {
			spec, err := asJSON(d.Spec)
			if err != nil {
				return s, err
			}
			best, s.at, s.Declaration = fit, len(s.parts)-1, Declaration{Kind: d.Kind, Name: d.Name, Spec: spec}
		}
	}
	if s.at < 0 {
		return s, errs.Invalid("it holds no document of the policy that a form could show")
	}
	return s, nil
}

// Others counts the documents beside the one that is shown.
func (s Sheet) Others() int { return len(s.parts) - 1 }

// asJSON gives a spec as JSON gives it, with whole numbers as such: what documents are compared and written by.
func asJSON(spec map[string]any) (map[string]any, error) {
	b, err := json.Marshal(spec)
	if err != nil {
		return nil, errs.Invalid("it cannot be read: %s", err.Error())
	}
	var out map[string]any
	if err := json.Unmarshal(b, &out); err != nil {
		return nil, err
	}
	spec, _ = plain(out).(map[string]any)
	return spec, nil
}

// Show puts a document in the place of the one that is shown. The other documents, and the text as a whole when nothing differs, stay as
// they are written.
func (s Sheet) Show(d Declaration) (string, error) {
	if d.Kind == s.Kind && d.Name == s.Name && same(d.Spec, s.Spec) {
		return s.Text, nil
	}
	doc, err := Write(d)
	if err != nil {
		return "", fmt.Errorf("writing %s %s: %w", d.Kind, d.Name, err)
	}
	out := make([]string, len(s.parts))
	for i, p := range s.parts {
		out[i] = strings.Trim(strings.TrimPrefix(p.text, "   \n"), "\n") + "\n" // the separator was blanked
		if i == s.at {
			out[i] = doc
		}
	}
	return strings.Join(out, "---\n"), nil
}

// Merge brings together a text as it was drawn, as it stands now, and the form that was beside it: what was changed in one of the two is
// changed in the other. A field that was changed in both stands as in the text; both names those.
func Merge(drawn, now Sheet, f Form) (text string, both []string, err error) {
	before, _ := drawn.Form()
	beside, _ := now.Form()
	if beside.Kind != before.Kind {
		return now.Text, nil, nil
	}
	if f.Name == before.Name {
		f.Name = now.Name
	} else if now.Name != before.Name {
		f.Name, both = now.Name, append(both, "name")
	}
	f.Kind = now.Kind
	values := map[string]FormValue{}
	for _, field := range FormFields(now.Kind) {
		name := field.Name
		was, shown := before.Values[name]
		mine, here := f.Values[name]
		if !shown || !here || same(field.value(was), field.value(mine)) {
			continue
		}
		if !same(drawn.Spec[name], now.Spec[name]) {
			if !same(field.value(mine), now.Spec[name]) {
				both = append(both, name)
			}
			continue
		}
		values[name] = mine
	}
	f.Values = values
	text, err = now.Show(f.On(now.Declaration))
	return text, both, err
}
