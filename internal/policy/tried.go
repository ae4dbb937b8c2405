package policy

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// Tried is how one approval rule stands to what is asked.
type Tried struct {
	Rule    *Object
	Holds   bool
	Failing []string // what does not hold: `request["risk"] is "low", the rule wants "high"`
}

// Try asks the approval rules as Route does, and says of each how it stands, up to the first that holds. It evaluates afresh and part by
// part, so it is for one question at a time.
func (s *Snapshot) Try(q Asked) ([]Tried, error) {
	var out []Tried
	for i := range s.approvals {
		r := &s.approvals[i]
		ok, err := r.holds(q)
		if err != nil {
			return nil, fmt.Errorf("approval rule %s cannot be evaluated: %w", r.row.Name, err)
		}
		t := Tried{Rule: s.objects[r.row.ID], Holds: ok}
		if !ok {
			t.Failing = r.failing(q)
		}
		if out = append(out, t); ok {
			break
		}
	}
	return out, nil
}

// failing says what keeps an approval rule from holding. Where every part holds, but for no entitlement all of them, it says that.
func (r *approval) failing(q Asked) []string {
	var out []string
	native := r.when.ast.NativeRep()
	for _, part := range conjuncts(native.Expr()) {
		source, err := cel.ExprToString(part, native.SourceInfo())
		if err != nil {
			continue
		}
		p, err := r.when.in.compile(source)
		if err != nil {
			continue
		}
		if ok, err := (&approval{r.row, p}).holds(q); err != nil || !ok {
			out = append(out, describeBy(part, source, askedAttrs(q), readBy))
		}
	}
	if len(out) == 0 {
		out = append(out, "no single thing of what is asked for has all that the rule wants")
	}
	return out
}

// askedAttrs are all values that the condition of an approval rule may read, by the name with which it reads them.
type askedAttrs Asked

// Get gives a value; of several entitlements the values, each once.
func (q askedAttrs) Get(name string) string {
	of, key, is := strings.Cut(strings.TrimSuffix(name, `"]`), `["`)
	switch {
	case !is:
		return q.Person.Get(name)
	case of == requestVar:
		return q.Request[key]
	}
	var all []string
	for _, e := range q.Entitlements {
		if v := e[key]; v != "" && !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	return strings.Join(all, ", ")
}

// readBy is attributeOf that knows request["x"] and entitlement["x"] as well.
func readBy(e ast.Expr) (string, bool) {
	named := func(of, name string, ok bool) (string, bool) { return fmt.Sprintf("%s[%q]", of, name), ok }
	switch e.Kind() {
	case ast.SelectKind:
		if v := mapOf(e.AsSelect().Operand()); v == requestVar || v == entitlementVar {
			return named(v, e.AsSelect().FieldName(), true)
		}
	case ast.CallKind:
		call := e.AsCall()
		if call.FunctionName() == operators.Index {
			if v := mapOf(call.Args()[0]); v == requestVar || v == entitlementVar {
				name, ok := text(call.Args()[1])
				return named(v, name, ok)
			}
		}
		if call.FunctionName() == "lower" && call.IsMemberFunction() {
			return readBy(call.Target())
		}
	case ast.IdentKind:
		if mapOf(e) != "" {
			return "", false
		}
	}
	return attributeOf(e)
}
