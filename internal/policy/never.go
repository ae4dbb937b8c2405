package policy

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// Never gives the birthright rules, SoD rules, offers and approval rules whose condition can be true of nobody, whoever comes, by object id,
// and why. Only what
// is plain is found: one attribute that must be two different texts at once, must be a text and must not be it, or has capitals after
// lower().
func (s *Snapshot) Never() map[int]string {
	out := map[int]string{}
	look := func(id int, c *condition) {
		if why := never(c.ast.NativeRep().Expr()); why != "" {
			out[id] = why
		}
	}
	for i := range s.rules {
		look(s.rules[i].row.ID, s.rules[i].when)
	}
	if s.duties != nil {
		for id, r := range s.duties.rules {
			if r.when != nil {
				look(id, r.when)
			}
		}
	}
	for id, o := range s.offers {
		if o.may != nil {
			look(id, o.may)
		}
	}
	for i := range s.approvals {
		look(s.approvals[i].row.ID, s.approvals[i].when)
	}
	return out
}

// never says why an expression cannot be true, "" where it can or where that is not plain.
func never(e ast.Expr) string {
	parts := conjuncts(e)
	may := map[string][]string{} // attribute -> the values that are left
	for _, part := range parts {
		if why := neverAlone(part); why != "" {
			return why
		}
		c, ok := comparisonOf(part)
		if !ok || c.how != ways[operators.Equals] {
			continue
		}
		attr := nameIn(c, part)
		was, seen := may[attr]
		if !seen {
			may[attr] = c.wants
			continue
		}
		may[attr] = slices.DeleteFunc(slices.Clone(was), func(v string) bool { return !slices.Contains(c.wants, v) })
		if len(may[attr]) == 0 {
			return fmt.Sprintf("%s cannot be %s and also %s", attr, quoted(was), quoted(c.wants))
		}
	}
	for _, part := range parts {
		c, ok := comparisonOf(part)
		if !ok || c.how != ways[operators.NotEquals] {
			continue
		}
		attr := nameIn(c, part)
		left, seen := may[attr]
		if !seen {
			continue
		}
		if may[attr] = slices.DeleteFunc(slices.Clone(left), func(v string) bool { return v == c.wants[0] }); len(may[attr]) == 0 {
			return fmt.Sprintf("%s cannot be %s and also something other", attr, quoted(left))
		}
	}
	return ""
}

// neverAlone looks at a part that is joined by && with others: false itself, alternatives of which none can be true, capitals after lower().
func neverAlone(e ast.Expr) string {
	if e.Kind() == ast.LiteralKind && e.AsLiteral() == types.False {
		return "it says false"
	}
	if e.Kind() != ast.CallKind {
		return ""
	}
	if e.AsCall().FunctionName() == operators.LogicalOr {
		why := ""
		for _, arg := range e.AsCall().Args() {
			if why = never(arg); why == "" {
				return ""
			}
		}
		return why
	}
	c, ok := comparisonOf(e)
	if ok && c.how == ways[operators.Equals] && lowered(e) && !slices.ContainsFunc(c.wants, func(v string) bool { return v == strings.ToLower(v) }) {
		return fmt.Sprintf("%s is compared with %s, which has capitals", nameIn(c, e), quoted(c.wants))
	}
	return ""
}

// nameIn names what a comparison compares: an attribute, or an attribute in small letters, which is another thing.
func nameIn(c comparison, e ast.Expr) string {
	if lowered(e) {
		return c.attr + ".lower()"
	}
	return c.attr
}

func lowered(e ast.Expr) bool {
	return slices.ContainsFunc(e.AsCall().Args(), func(a ast.Expr) bool { return a.Kind() == ast.CallKind && a.AsCall().FunctionName() == "lower" })
}

func quoted(values []string) string {
	var out []string
	for _, v := range values {
		out = append(out, fmt.Sprintf("%q", v))
	}
	return strings.Join(out, " or ")
}
