package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// Explanation says why an employment gets an entitlement by birthright, or why not and what would change it.
type Explanation struct {
	Given bool              `json:"given"`
	Rules []RuleExplanation `json:"rules"` // every rule that could give it; those that do come first
}

// RuleExplanation is one rule that gives the entitlement when its condition holds.
type RuleExplanation struct {
	Rule    int      `json:"rule"` // object id
	Name    string   `json:"name"`
	Holds   bool     `json:"holds"`
	Paths   []string `json:"paths"`             // how it gets there: "rule finance-base > role AP Lead > role AP base"
	Failing []string `json:"failing,omitempty"` // what does not hold: `department is "Sales", the rule wants "Finance"`
	Changes []Change `json:"changes,omitempty"` // single changes of one attribute, each tried, after which the whole condition holds
}

// Change is one fact that would be different.
type Change struct {
	Attribute string `json:"attribute"`
	From      string `json:"from"`
	To        string `json:"to"`
}

// Explain answers for one entitlement. It evaluates afresh, so it is for one person at a time.
func (s *Snapshot) Explain(a Attrs, entitlement int) Explanation {
	var out Explanation
	for _, r := range s.rules {
		var holders []int
		for _, g := range r.most {
			if g.Entitlement == entitlement {
				holders = append(holders, g.Role)
			}
		}
		if len(holders) == 0 {
			continue
		}
		e := RuleExplanation{Rule: r.row.ID, Name: r.row.Name, Holds: s.gives(r, a, entitlement)}
		for _, h := range holders {
			e.Paths = append(e.Paths, s.path(r.row, h))
		}
		if e.Holds {
			out.Given = true
		} else {
			e.Failing = s.failing(r, a, entitlement)
			e.Changes = s.changes(r, a, entitlement)
		}
		out.Rules = append(out.Rules, e)
	}
	slices.SortStableFunc(out.Rules, func(x, y RuleExplanation) int {
		switch {
		case x.Holds == y.Holds:
			return len(x.Failing) - len(y.Failing)
		case x.Holds:
			return -1
		}
		return 1
	})
	return out
}

// gives says whether a rule gives an entitlement to an employment, all conditions and choices considered.
func (s *Snapshot) gives(r *rule, a Attrs, entitlement int) bool {
	holds, err := r.holds(a)
	if err != nil || !holds || s.before(r, a) != nil {
		return false
	}
	gives, err := s.givesTo(r, a)
	return err == nil && slices.ContainsFunc(gives, func(g Give) bool { return g.Entitlement == entitlement })
}

// before gives a rule of the same choice that holds and has a higher priority, nil for none.
func (s *Snapshot) before(r *rule, a Attrs) *rule {
	if r.row.Spec.Choice == "" {
		return nil
	}
	for _, other := range s.rules {
		if other.row.Spec.Choice == r.row.Spec.Choice && other.row.Spec.Priority > r.row.Spec.Priority {
			if ok, err := other.holds(a); err == nil && ok {
				return other
			}
		}
	}
	return nil
}

// failing says what keeps a rule from giving an entitlement.
func (s *Snapshot) failing(r *rule, a Attrs, entitlement int) []string {
	out := r.when.failing(a)
	if r.except != nil {
		if ok, err := r.except.holds(a); err != nil || ok {
			out = append(out, "the rule makes an exception of everybody for whom "+r.except.source)
		}
	}
	if first := s.before(r, a); first != nil {
		out = append(out, fmt.Sprintf("the rule %s goes before it in the choice %s", first.row.Name, r.row.Spec.Choice))
	}
	if slices.Contains(r.row.Spec.EntitlementIDs, entitlement) && r.where != nil {
		if ok, err := r.where.holdsOf(a, r.row.Spec.About[entitlement], nil); err != nil || !ok {
			out = append(out, "the rule gives it only where "+r.where.source)
		}
	}
	for _, id := range r.row.Spec.RoleIDs {
		to := s.roles[id]
		if !slices.ContainsFunc(to.held, func(h held) bool { return h.entitlement == entitlement }) {
			continue
		}
		out = append(out, s.parameterFailing(r, to, a)...)
	}
	return out
}

// parameterFailing says which parameters of a role an employment does not have, or what else of the role it does not get.
func (s *Snapshot) parameterFailing(r *rule, to *role, a Attrs) []string {
	var out []string
	values := r.parameters(to, a)
	for i := range to.row.Spec.Parameters {
		p := &to.row.Spec.Parameters[i]
		switch attr := r.row.Spec.With[p.Name]; {
		case values[p.Name] == "":
			out = append(out, fmt.Sprintf("%s is missing, and the role %s needs it", attr, to.row.Name))
		case !p.Takes(values[p.Name]):
			out = append(out, fmt.Sprintf("%s is %q, and the role %s wants %s", attr, values[p.Name], to.row.Name, quoted(p.Values)))
		}
	}
	if len(out) == 0 && len(to.row.Spec.Parameters) > 0 {
		var have []string
		for _, p := range to.row.Spec.Parameters {
			have = append(have, fmt.Sprintf("%s is %q", p.Name, values[p.Name]))
		}
		out = append(out, fmt.Sprintf("the role %s gives it with another %s: here %s", to.row.Name, to.row.Spec.Parameters[0].Name, strings.Join(have, " and ")))
	}
	return out
}

// path says the shortest way from a rule to the role that holds an entitlement; role 0 is the rule itself.
func (s *Snapshot) path(rule *row, role int) string {
	words := "rule " + rule.Name
	if role == 0 {
		return words
	}
	inner := map[int][]int{}
	for i := range s.rows {
		inner[s.rows[i].ID] = s.rows[i].Spec.RoleIDs
	}
	from := map[int]int{rule.ID: 0}
	for queue := []int{rule.ID}; len(queue) > 0; queue = queue[1:] {
		for _, next := range inner[queue[0]] {
			if _, seen := from[next]; !seen {
				from[next] = queue[0]
				queue = append(queue, next)
			}
		}
	}
	var names []string
	for at := role; at != rule.ID && at != 0; at = from[at] {
		names = append(names, "role "+s.objects[at].Name)
	}
	slices.Reverse(names)
	return strings.Join(append([]string{words}, names...), " > ")
}

// failing describes the parts of the condition, joined by &&, that do not hold.
func (c *condition) failing(a Attrs) []string {
	var out []string
	for _, part := range conjuncts(c.ast.NativeRep().Expr()) {
		source, err := cel.ExprToString(part, c.ast.NativeRep().SourceInfo())
		if err != nil {
			continue
		}
		p, err := c.in.compile(source)
		if err != nil {
			continue
		}
		if ok, err := p.holds(a); err != nil || !ok {
			out = append(out, describe(part, source, a))
		}
	}
	return out
}

func conjuncts(e ast.Expr) []ast.Expr {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.LogicalAnd {
		var out []ast.Expr
		for _, arg := range e.AsCall().Args() {
			out = append(out, conjuncts(arg)...)
		}
		return out
	}
	return []ast.Expr{e}
}

// describe puts a part that does not hold in words: plain comparisons in full, anything else as it is written.
func describe(e ast.Expr, source string, a Attrs) string {
	return describeBy(e, source, a, attributeOf)
}

// describeBy is describe; reads says which attribute an expression is.
func describeBy(e ast.Expr, source string, a Attrs, reads func(ast.Expr) (string, bool)) string {
	if cmp, ok := comparisonBy(e, reads); ok {
		have := fmt.Sprintf("%s is %q, the rule wants ", cmp.attr, a.Get(cmp.attr))
		if a.Get(cmp.attr) == "" {
			have = fmt.Sprintf("%s is missing, the rule wants ", cmp.attr)
		}
		var quoted []string
		for _, w := range cmp.wants {
			quoted = append(quoted, fmt.Sprintf("%q", w))
		}
		return have + cmp.how + strings.Join(quoted, " or ")
	}
	var have []string
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if name, ok := reads(e); ok {
			if s := fmt.Sprintf("%s is %q", name, a.Get(name)); !slices.Contains(have, s) {
				have = append(have, s)
			}
		}
	}))
	if len(have) == 0 {
		return "the rule wants " + source
	}
	return "the rule wants " + source + ", but " + strings.Join(have, " and ")
}

// maxChanges bounds how many single changes are named, and tried eight times as many.
const maxChanges = 10

// changes finds single changes of one attribute after which the rule gives the entitlement. Candidates are the values written in the
// conditions and those of the entitlement's own attributes; each is tried by evaluating the whole, so what is named is true.
func (s *Snapshot) changes(r *rule, a Attrs, entitlement int) []Change {
	var out []Change
	tried := map[Change]bool{}
	try := func(attr, value string) {
		ch := Change{attr, a.Get(attr), value}
		if ch.From == ch.To || tried[ch] || len(out) == maxChanges || len(tried) == 8*maxChanges {
			return
		}
		tried[ch] = true
		if s.gives(r, changed{a, ch}, entitlement) {
			out = append(out, ch)
		}
	}
	for _, c := range []*condition{r.when, r.except, r.where} {
		if c == nil {
			continue
		}
		ast.PreOrderVisit(c.ast.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
			if cmp, ok := comparisonOf(e); ok {
				for _, want := range cmp.wants {
					try(cmp.attr, want)
				}
			}
		}))
	}
	if r.except != nil { // out of the exception, whatever else the attribute is
		for _, attr := range r.except.attrs {
			try(attr, "")
		}
	}
	about := slices.Sorted(maps.Values(s.about(r, entitlement)))
	if r.where != nil {
		for _, attr := range r.where.attrs {
			for _, v := range about {
				try(attr, v)
			}
		}
	}
	for _, attr := range slices.Sorted(maps.Values(r.row.Spec.With)) {
		for _, v := range about {
			try(attr, v)
		}
	}
	return out
}

// about gives the attributes of an entitlement, as the rule or one of its roles was saved with them.
func (s *Snapshot) about(r *rule, entitlement int) map[string]string {
	if own := r.row.Spec.About[entitlement]; own != nil {
		return own
	}
	for _, id := range r.row.Spec.RoleIDs {
		for _, h := range s.roles[id].held {
			if h.entitlement == entitlement {
				return s.roles[h.role].row.Spec.About[entitlement]
			}
		}
	}
	return nil
}

// Another stands for any value that no condition names.
const Another = "\u2026something else\u2026"

// Of gives the attributes as they would be.
func (c Change) Of(a Attrs) Attrs { return changed{a, c} }

// Written gives the values that conditions compare attributes with, by attribute, sorted.
func (s *Snapshot) Written() map[string][]string {
	out := map[string][]string{}
	for _, c := range s.conditions() {
		ast.PreOrderVisit(c.ast.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
			if cmp, ok := comparisonOf(e); ok {
				out[cmp.attr] = append(out[cmp.attr], cmp.wants...)
			}
		}))
	}
	for name, values := range out {
		slices.Sort(values)
		out[name] = slices.Compact(values)
	}
	return out
}

// conditions are those that decide what people get, and of whom SoD rules hold.
func (s *Snapshot) conditions() []*condition {
	var out []*condition
	for _, r := range s.rules {
		for _, c := range []*condition{r.when, r.except, r.where} {
			if c != nil {
				out = append(out, c)
			}
		}
	}
	if s.duties != nil {
		for _, r := range s.duties.rules {
			if r.when != nil {
				out = append(out, r.when)
			}
		}
	}
	return out
}

// changed is a person with one attribute different.
type changed struct {
	Attrs
	ch Change
}

// Get gives an attribute.
func (c changed) Get(name string) string {
	if name == c.ch.Attribute {
		return c.ch.To
	}
	return c.Attrs.Get(name)
}
