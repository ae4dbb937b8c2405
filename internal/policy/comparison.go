package policy

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
)

// comparison is one attribute against written values.
type comparison struct {
	attr  string
	how   string // "", "something other than ", "something that starts with " ...
	wants []string
}

var ways = map[string]string{
	operators.Equals: "", operators.In: "", operators.NotEquals: "something other than ",
	operators.Less: "less than ", operators.LessEquals: "at most ", operators.Greater: "more than ", operators.GreaterEquals: "at least ",
	overloads.StartsWith: "something that starts with ", overloads.EndsWith: "something that ends with ",
	overloads.Contains: "something that contains ", overloads.Matches: "something that matches ",
}

func comparisonOf(e ast.Expr) (comparison, bool) { return comparisonBy(e, attributeOf) }

// comparisonBy reads a comparison; reads says which attribute an expression is.
func comparisonBy(e ast.Expr, reads func(ast.Expr) (string, bool)) (comparison, bool) {
	var c comparison
	if e.Kind() != ast.CallKind {
		return c, false
	}
	call := e.AsCall()
	args := call.Args()
	if call.IsMemberFunction() {
		args = append([]ast.Expr{call.Target()}, args...)
	}
	how, known := ways[call.FunctionName()]
	if !known || len(args) != 2 {
		return c, false
	}
	symmetric := call.FunctionName() == operators.Equals || call.FunctionName() == operators.NotEquals
	if _, ok := text(args[0]); ok && symmetric {
		args = []ast.Expr{args[1], args[0]}
	}
	name, ok := reads(args[0])
	if !ok {
		return c, false
	}
	c.attr, c.how = name, how
	if v, ok := text(args[1]); ok {
		c.wants = []string{v}
		return c, true
	}
	if args[1].Kind() == ast.ListKind {
		for _, item := range args[1].AsList().Elements() {
			v, ok := text(item)
			if !ok {
				return c, false
			}
			c.wants = append(c.wants, v)
		}
		return c, len(c.wants) > 0
	}
	return c, false
}

// attributeOf gives the attribute that an expression reads: a variable, person["x"] or person.x, or one of these in lower().
func attributeOf(e ast.Expr) (string, bool) {
	switch e.Kind() {
	case ast.IdentKind:
		return e.AsIdent(), e.AsIdent() != personVar
	case ast.SelectKind:
		return e.AsSelect().FieldName(), isPerson(e.AsSelect().Operand())
	case ast.CallKind:
		call := e.AsCall()
		if call.FunctionName() == operators.Index && isPerson(call.Args()[0]) {
			return text(call.Args()[1])
		}
		if call.FunctionName() == "lower" && call.IsMemberFunction() {
			return attributeOf(call.Target())
		}
	}
	return "", false
}
