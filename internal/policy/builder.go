package policy

import (
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
)

// Lines is a condition as a form shows it, line by line: all of its comparisons hold, or any of them does.
type Lines struct {
	Any bool
	All []Line
}

// Line compares one attribute with written values.
type Line struct {
	Attribute string
	Is        string   // one of Comparisons
	Values    []string // one, but for those of Several
}

// Comparisons are the words of a Line, in the order in which a form offers them. Dates are written YYYY-MM-DD, so that before and after
// compare them as text; a missing attribute is empty, and before everything.
var Comparisons = []string{"is", "is not", "is one of", "is none of", "starts with", "ends with", "contains", "before", "after"}

// Several says whether a comparison has any number of values.
func Several(is string) bool { return is == "is one of" || is == "is none of" }

var (
	infix = map[string]string{"is": operators.Equals, "is not": operators.NotEquals, "before": operators.Less, "after": operators.Greater}
	signs = map[string]string{operators.Equals: "==", operators.NotEquals: "!=", operators.Less: "<", operators.Greater: ">"}
	calls = map[string]string{"starts with": overloads.StartsWith, "ends with": overloads.EndsWith, "contains": overloads.Contains}
)

// everybody is the condition without comparisons.
const everybody = "true"

// Text writes the condition in CEL. Lines that are not finished, without an attribute or a value among several, are left out; when all of
// them are, there is no text.
func (l Lines) Text() string {
	var parts []string
	for _, x := range l.All {
		if x.Attribute != "" && (len(x.Values) > 0 || !Several(x.Is)) {
			parts = append(parts, x.text())
		}
	}
	switch {
	case len(l.All) == 0:
		return everybody
	case l.Any:
		return strings.Join(parts, " || ")
	}
	return strings.Join(parts, " && ")
}

func (l Line) text() string {
	name := l.Attribute
	if !identifier.MatchString(name) || slices.Contains(reserved, name) {
		name = personVar + "[" + strconv.Quote(name) + "]"
	}
	value := strconv.Quote(strings.Join(l.Values[:min(len(l.Values), 1)], ""))
	switch {
	case l.Is == "is one of":
		return name + " in " + list(l.Values)
	case l.Is == "is none of":
		return "!(" + name + " in " + list(l.Values) + ")"
	case calls[l.Is] != "":
		return name + "." + calls[l.Is] + "(" + value + ")"
	}
	sign := signs[infix[l.Is]]
	if sign == "" {
		sign = "=="
	}
	return name + " " + sign + " " + value
}

func list(values []string) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = strconv.Quote(v)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// ReadLines reads a condition back. ok is false for one that says more than lines can, or the same in another way: written anew it would
// not be the same expression. An empty text has no lines.
func ReadLines(source string) (l Lines, ok bool) {
	if strings.TrimSpace(source) == "" {
		return l, true
	}
	parsed := parse(source)
	if parsed == nil {
		return l, false
	}
	top := parsed.NativeRep().Expr()
	parts := conjuncts(top)
	if top.Kind() == ast.CallKind && top.AsCall().FunctionName() == operators.LogicalOr {
		l.Any, parts = true, sides(top, operators.LogicalOr)
	}
	if strings.TrimSpace(source) != everybody {
		for _, e := range parts {
			x, ok := lineOf(e)
			if !ok {
				return Lines{}, false
			}
			l.All = append(l.All, x)
		}
	}
	again := parse(l.Text())
	if again == nil || unparsed(again) != unparsed(parsed) {
		return Lines{}, false
	}
	return l, true
}

// parse reads an expression without asking what its names mean; nil for one that is none.
func parse(source string) *cel.Ast {
	base, err := baseEnv()
	if err != nil || len(source) > MaxCondition {
		return nil
	}
	parsed, issues := base.Parse(source)
	if issues.Err() != nil {
		return nil
	}
	return parsed
}

// unparsed writes an expression in one way, whatever its spaces were.
func unparsed(a *cel.Ast) string {
	text, err := cel.AstToString(a)
	if err != nil {
		return err.Error()
	}
	return text
}

func sides(e ast.Expr, operator string) []ast.Expr {
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != operator {
		return []ast.Expr{e}
	}
	var out []ast.Expr
	for _, arg := range e.AsCall().Args() {
		out = append(out, sides(arg, operator)...)
	}
	return out
}

func lineOf(e ast.Expr) (l Line, ok bool) {
	if e.Kind() != ast.CallKind {
		return l, false
	}
	not := e.AsCall().FunctionName() == operators.LogicalNot
	if not {
		e = e.AsCall().Args()[0]
	}
	c, ok := comparisonOf(e)
	if !ok {
		return l, false
	}
	l = Line{Attribute: c.attr, Values: c.wants, Is: wordOf(e.AsCall().FunctionName())}
	if not {
		if l.Is != "is one of" {
			return l, false
		}
		l.Is = "is none of"
	}
	return l, l.Is != ""
}

// wordOf gives the word of a comparison, "" for one that lines do not have.
func wordOf(function string) string {
	if function == operators.In {
		return "is one of"
	}
	for _, words := range []map[string]string{infix, calls} {
		for word, f := range words {
			if f == function {
				return word
			}
		}
	}
	return ""
}

// Test is a condition that can be asked of people one by one.
type Test struct{ c *condition }

// NewTest compiles a condition; attributes are those that HR sources send besides the standard ones. The error is a rule for a person.
func NewTest(source string, attributes []string) (*Test, error) {
	env, err := newEnvironment(attributes)
	if err != nil {
		return nil, err
	}
	c, err := env.compile(source)
	return &Test{c}, err
}

// Reads gives the attributes that the condition reads, sorted.
func (t *Test) Reads() []string { return slices.Clone(t.c.attrs) }

// Holds says whether the condition holds for an employment.
func (t *Test) Holds(a Attrs) (bool, error) { return t.c.holds(a) }
