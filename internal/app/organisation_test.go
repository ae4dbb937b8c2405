package app_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// cond is a generated condition, with three ways to read it: as CEL, as SQL and as itself.
type cond struct {
	op   string // eq, and, or, not
	attr string
	val  string
	in   []*cond
}

func (c *cond) cel() string {
	switch c.op {
	case "eq":
		return fmt.Sprintf("%s == %q", c.attr, c.val)
	case "not":
		return "!(" + c.in[0].cel() + ")"
	}
	return "(" + c.in[0].cel() + map[string]string{"and": ") && (", "or": ") || ("}[c.op] + c.in[1].cel() + ")"
}

func (c *cond) sql() string {
	switch c.op {
	case "eq":
		return fmt.Sprintf("coalesce(attrs->>'%s', '') = '%s'", c.attr, c.val)
	case "not":
		return "not (" + c.in[0].sql() + ")"
	}
	return "((" + c.in[0].sql() + ") " + c.op + " (" + c.in[1].sql() + "))"
}

func (c *cond) holds(a map[string]string) bool {
	switch c.op {
	case "eq":
		return a[c.attr] == c.val
	case "not":
		return !c.in[0].holds(a)
	case "and":
		return c.in[0].holds(a) && c.in[1].holds(a)
	}
	return c.in[0].holds(a) || c.in[1].holds(a)
}

// organisation is one generated policy.
type organisation struct {
	r      *rand.Rand
	owner  string // of all roles, by number; "" for nobody
	roles  []generatedRole
	rules  []generatedRule
	duties []struct {
		all  bool
		ents []int
	}
	sod []struct {
		duties   []int
		least    int
		reaction string
		when     *cond // nil: everybody
	}
	offers    []generatedOffer
	approvals []generatedApproval
}

type generatedRole struct {
	ents, inner []int
	draft       bool
	of          string // "": every entitlement; "P": those of P; "with": those of the parameter
	param       bool   // it has a parameter: its own, or that of a role within
}

type generatedRule struct {
	when, except *cond // except is nil for nobody
	roles, ents  []int
	own          bool // only what is of the person's own location
	choice       string
	priority     int
}

const generatedEntitlements = 8

// of says what an entitlement is about: a location, or nothing.
func of(e int) string { return []string{"P", "Q", ""}[e%3] }

var vocabulary = map[string][]string{"department": {"A", "B", "C"}, "title": {"X", "Y"}, "location": {"P", "Q"}}

func (o *organisation) cond(depth int) *cond {
	if depth == 0 || o.r.IntN(3) == 0 {
		attr := slices.Sorted(maps.Keys(vocabulary))[o.r.IntN(len(vocabulary))]
		return &cond{op: "eq", attr: attr, val: vocabulary[attr][o.r.IntN(len(vocabulary[attr]))]}
	}
	op := []string{"and", "or", "not"}[o.r.IntN(3)]
	c := &cond{op: op, in: []*cond{o.cond(depth - 1)}}
	if op != "not" {
		c.in = append(c.in, o.cond(depth-1))
	}
	return c
}

// some gives a few different numbers below n, at least one.
func (o *organisation) some(n, most int) []int {
	out := o.r.Perm(n)[:1+o.r.IntN(min(most, n))]
	slices.Sort(out)
	return out
}

func generate(r *rand.Rand) *organisation {
	o := &organisation{r: r}
	for i := range 2 + r.IntN(4) {
		role := generatedRole{ents: o.some(generatedEntitlements, 3), draft: r.IntN(6) == 0, of: []string{"", "", "", "P", "with"}[r.IntN(5)]}
		role.param = role.of == "with"
		if i > 0 && r.IntN(2) == 0 {
			role.inner = o.some(i, 2)
		}
		for _, inner := range role.inner {
			role.param = role.param || o.roles[inner].param
		}
		o.roles = append(o.roles, role)
	}
	for range 2 + r.IntN(4) {
		rule := generatedRule{when: o.cond(2), choice: []string{"", "", "c"}[r.IntN(3)]}
		if rule.choice != "" {
			rule.priority = r.IntN(3)
		}
		if r.IntN(3) == 0 {
			rule.except = o.cond(1)
		}
		if r.IntN(2) == 0 {
			rule.ents, rule.own = o.some(generatedEntitlements, 2), r.IntN(3) == 0
		}
		if len(rule.ents) == 0 || r.IntN(2) == 0 {
			rule.roles = o.some(len(o.roles), 2)
		}
		o.rules = append(o.rules, rule)
	}
	for range 3 + r.IntN(3) {
		o.duties = append(o.duties, struct {
			all  bool
			ents []int
		}{r.IntN(3) == 0, o.some(generatedEntitlements, 3)})
	}
	for range 1 + r.IntN(3) {
		s := struct {
			duties   []int
			least    int
			reaction string
			when     *cond
		}{duties: o.r.Perm(len(o.duties))[:2+r.IntN(len(o.duties)-1)], reaction: []string{"refuse", "exception", "approve", "record"}[r.IntN(4)]}
		s.least = len(s.duties)
		if r.IntN(2) == 0 {
			s.least = 2 + r.IntN(len(s.duties)-1)
		}
		if r.IntN(3) == 0 {
			s.when = o.cond(1)
		}
		o.sod = append(o.sod, s)
	}
	o.ask()
	return o
}

func entitlementName(i int) string { return fmt.Sprintf("%s/e%d", []string{"one", "two"}[i%2], i) }

func listOf(all []int, name func(int) string) string {
	var out []string
	for _, i := range all {
		out = append(out, name(i))
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// yaml writes the policy as documents.
func (o *organisation) yaml() string {
	role := func(i int) string { return fmt.Sprintf("R%d", i) }
	var out []string
	for i, x := range o.roles {
		more := map[string]string{"": "", "P": ", where: 'entitlement[\"of\"] == \"P\"'", "with": ", where: 'entitlement[\"of\"] == parameter[\"loc\"]'"}[x.of]
		if x.param {
			more += ", parameters: [{name: loc}]"
		}
		if x.draft {
			more += ", state: draft"
		}
		if o.owner != "" {
			more += fmt.Sprintf(", owner: %q", o.owner)
		}
		out = append(out, fmt.Sprintf("kind: Role\nname: R%d\nspec: {entitlements: %s, roles: %s%s}\n", i, listOf(x.ents, entitlementName), listOf(x.inner, role), more))
	}
	for i, x := range o.rules {
		out = append(out, fmt.Sprintf("kind: BirthrightRule\nname: B%d\nspec:\n  when: '%s'\n  entitlements: %s\n  roles: %s\n", i, x.when.cel(), listOf(x.ents, entitlementName), listOf(x.roles, role))+x.more(o))
	}
	for i, x := range o.duties {
		out = append(out, fmt.Sprintf("kind: Duty\nname: D%d\nspec: {needs: %s, entitlements: %s}\n", i, map[bool]string{true: "all", false: "any"}[x.all], listOf(x.ents, entitlementName)))
	}
	for i, x := range o.sod {
		when := ""
		if x.when != nil {
			when = "\n  when: '" + x.when.cel() + "'"
		}
		out = append(out, fmt.Sprintf("kind: SoDRule\nname: S%d\nspec:\n  duties: %s\n  at_least: %d\n  reaction: %s%s\n", i, listOf(x.duties, func(i int) string { return fmt.Sprintf("D%d", i) }), x.least, x.reaction, when))
	}
	return strings.Join(append(out, o.askingYAML()...), "---\n")
}

// more writes the rest of a rule.
func (x *generatedRule) more(o *organisation) string {
	out := ""
	if x.except != nil {
		out += "  except: '" + x.except.cel() + "'\n"
	}
	if x.choice != "" {
		out += fmt.Sprintf("  choice: %s\n  priority: %d\n", x.choice, x.priority)
	}
	if x.own {
		out += "  where: 'entitlement[\"of\"] == location'\n"
	}
	if slices.ContainsFunc(x.roles, func(r int) bool { return o.roles[r].param }) {
		out += "  with: {loc: location}\n"
	}
	return out
}

// holds says whether the rule is true of somebody, whatever the others say.
func (x *generatedRule) holds(a map[string]string) bool {
	return x.when.holds(a) && (x.except == nil || !x.except.holds(a))
}

// wanted is what birthright gives to somebody, by brute force.
func (o *organisation) wanted(a map[string]string) map[string]bool {
	out := map[string]bool{}
	var give func(role int)
	give = func(role int) {
		x := o.roles[role]
		if x.draft {
			return
		}
		for _, e := range x.ents {
			if x.of == "" || x.of == "P" && of(e) == "P" || x.of == "with" && of(e) == a["location"] {
				out[entitlementName(e)] = true
			}
		}
		for _, inner := range x.inner {
			give(inner)
		}
	}
	for _, x := range o.rules {
		first := slices.ContainsFunc(o.rules, func(y generatedRule) bool {
			return y.choice == x.choice && y.choice != "" && y.priority > x.priority && y.holds(a)
		})
		if !x.holds(a) || first {
			continue
		}
		for _, e := range x.ents {
			if !x.own || of(e) == a["location"] {
				out[entitlementName(e)] = true
			}
		}
		for _, r := range x.roles {
			if !o.roles[r].param || a["location"] != "" {
				give(r)
			}
		}
	}
	return out
}

// breaks says which SoD rules somebody breaks with what they hold, by brute force.
func (o *organisation) breaks(a map[string]string, held map[string]bool) map[string]bool {
	out := map[string]bool{}
	for i, s := range o.sod {
		performed := 0
		for _, d := range s.duties {
			n := 0
			for _, e := range o.duties[d].ents {
				if held[entitlementName(e)] {
					n++
				}
			}
			if n == len(o.duties[d].ents) || n > 0 && !o.duties[d].all {
				performed++
			}
		}
		if performed >= s.least && (s.when == nil || s.when.holds(a)) {
			out[fmt.Sprintf("S%d", i)] = true
		}
	}
	return out
}
