package web

import (
	"cmp"
	"slices"
	"strings"

	"tenure/internal/policy"
	"tenure/templates/ui"
)

// wanted are the parameters that a level of an offer wants to know.
func wanted(pol *policy.Snapshot, o *policy.Offer, level string) []policy.Parameter {
	_, role, _, _ := pol.Level(o.ID, level)
	if x := pol.Object(role); role != 0 && x != nil && x.Role != nil {
		return x.Role.Parameters
	}
	return nil
}

func asksFor(all []policy.Parameter, name string) bool {
	return slices.ContainsFunc(all, func(p policy.Parameter) bool { return p.Name == name })
}

// params gives what was said about a level. What the form asks for other levels only is left out; what it never asks is not.
func (r *request) params(pol *policy.Snapshot, o *policy.Offer, level string) string {
	values, levels := map[string]string{}, o.Object.Offer.Levels
	for name := range r.Request.PostForm {
		p, ok := strings.CutPrefix(name, "param-"+itoa(o.ID)+"-")
		if !ok || r.field(name) == "" {
			continue
		}
		other := slices.ContainsFunc(levels, func(l policy.Level) bool { return asksFor(wanted(pol, o, l.Name), p) })
		if !other || asksFor(wanted(pol, o, cmp.Or(level, levels[0].Name)), p) {
			values[p] = r.field(name)
		}
	}
	return policy.Param(values)
}

// paramFields asks for what any level of an offer wants to know; required is what all of them do.
func (r *request) paramFields(pol *policy.Snapshot, o *policy.Offer, bad ui.Errors) (out []ui.Field) {
	levels := o.Object.Offer.Levels
	for _, l := range levels {
		for _, p := range wanted(pol, o, l.Name) {
			f := r.paramField(itoa(o.ID), &p, bad)
			f.Required = !slices.ContainsFunc(levels, func(other policy.Level) bool { return !asksFor(wanted(pol, o, other.Name), p.Name) })
			if !slices.ContainsFunc(out, func(there ui.Field) bool { return there.Name == f.Name }) {
				out = append(out, f)
			}
		}
	}
	return out
}

func (r *request) paramField(id string, p *policy.Parameter, bad ui.Errors) ui.Field {
	f := ui.Field{Name: "param-" + id + "-" + p.Name, Label: cmp.Or(p.Title, p.Name), Kind: "text", Auto: "off", Error: bad.Of("param-" + id + "-" + p.Name)}
	f.Value = r.field(f.Name)
	if len(p.Values) > 0 {
		f.Kind = "select"
		for _, value := range p.Values {
			f.Options = append(f.Options, ui.Option{Value: value, Text: value, Selected: value == f.Value})
		}
	}
	return f
}
