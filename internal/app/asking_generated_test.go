package app_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"tenure/internal/db"
	"tenure/internal/policy"
)

// generatedOffer is something to ask for: each level gives a role, or entitlements where role is -1.
type generatedOffer struct {
	levels []struct {
		role int
		ents []int
	}
	when  *cond // nil: everybody
	days  int
	hours bool
}

// generatedApproval decides about what its condition holds for, where risk and of are empty or as they say.
type generatedApproval struct {
	order    int
	when     *cond
	risk, of string
	steps    []string // none: automatic
}

// ask draws what can be asked for, and who decides.
func (o *organisation) ask() {
	for range o.r.IntN(3) {
		x := generatedOffer{days: o.r.IntN(60), hours: o.r.IntN(3) == 0}
		for range 1 + o.r.IntN(3) {
			l := struct {
				role int
				ents []int
			}{role: o.r.IntN(2*len(o.roles)) - len(o.roles)}
			if l.role < 0 {
				l.role, l.ents = -1, o.some(generatedEntitlements, 3)
			}
			x.levels = append(x.levels, l)
		}
		if o.r.IntN(2) == 0 {
			x.when = o.cond(1)
		}
		o.offers = append(o.offers, x)
	}
	for range o.r.IntN(4) {
		x := generatedApproval{order: o.r.IntN(3), when: o.cond(1), risk: []string{"", "low", "high"}[o.r.IntN(3)], of: []string{"", "P"}[o.r.IntN(2)]}
		for range o.r.IntN(3) {
			x.steps = append(x.steps, []string{"{by: manager, hours: 8}", "{by: owner, otherwise: administrator}", `{by: group, group: "portal:it", quorum: 2}`, "{by: group, group: R0}",
				"{by: wait, until: start}", `{by: outside, url: "https://tickets.example.org/"}`, "{by: compliance}"}[o.r.IntN(7)])
		}
		o.approvals = append(o.approvals, x)
	}
}

func (o *organisation) askingYAML() (out []string) {
	for i, x := range o.offers {
		text := fmt.Sprintf("kind: Offer\nname: O%d\nspec:\n  tasks: [do this, do that]\n  days: %d\n  levels:\n", i, x.days)
		for j, l := range x.levels {
			gives := "entitlements: " + listOf(l.ents, entitlementName)
			if l.role >= 0 {
				gives = fmt.Sprintf("role: R%d", l.role)
			}
			text += fmt.Sprintf("  - {name: l%d, %s}\n", j, gives)
		}
		if x.when != nil {
			text += "  for: '" + x.when.cel() + "'\n"
		}
		if x.hours {
			text += "  activate: {for: 'title == \"X\"', hours: 3}\n  emergency: {for: 'true'}\n"
		}
		out = append(out, text)
	}
	for i, x := range o.approvals {
		when := "(" + x.when.cel() + ")"
		if x.risk != "" {
			when += ` && request["risk"] == "` + x.risk + `"`
		}
		if x.of != "" {
			when += ` && entitlement["of"] == "` + x.of + `"`
		}
		text := fmt.Sprintf("kind: ApprovalRule\nname: A%d\nspec:\n  order: %d\n  when: '%s'\n", i, x.order, when)
		if len(x.steps) == 0 {
			text += "  automatic: true\n"
		} else {
			text += "  steps: [" + strings.Join(x.steps, ", ") + "]\n"
		}
		out = append(out, text)
	}
	return out
}

// route is who decides about entitlements for somebody, by brute force: the name of the rule, "" for none.
func (o *organisation) route(a map[string]string, risk string, ents []int) string {
	first, at := "", 0
	for i, x := range o.approvals {
		if !x.when.holds(a) || x.risk != "" && x.risk != risk || x.of != "" && !slices.ContainsFunc(ents, func(e int) bool { return of(e) == x.of }) {
			continue
		}
		if first == "" || x.order < at {
			first, at = fmt.Sprintf("A%d", i), x.order
		}
	}
	return first
}

// asked compares what the stored policy offers each person, and who decides, with what was generated.
func (c *company) asked(o *organisation) {
	c.t.Helper()
	var pol *policy.Snapshot
	c.tx(db.System, func(tx *db.Tx) (err error) { pol, err = policy.Load(tx); return err })
	offers := pol.Offers()
	slices.SortFunc(offers, func(a, b *policy.Offer) int { return cmp.Compare(a.Name, b.Name) })
	if len(offers) != len(o.offers) {
		c.t.Fatalf("%d of %d offers", len(offers), len(o.offers))
	}
	for id, a := range c.attrs {
		for i, x := range o.offers {
			may, err := offers[i].May(policy.MapAttrs(a))
			c.must(err)
			c.same(fmt.Sprintf("whether %s is for person %d", offers[i].Name, id), x.when == nil || x.when.holds(a), may)
		}
		for _, risk := range []string{"low", "high"} {
			for _, ents := range [][]int{nil, {0}, {1, 2}, {1, 3}} {
				q := policy.Asked{Person: policy.MapAttrs(a), Request: map[string]string{"risk": risk}}
				for _, e := range ents {
					q.Entitlements = append(q.Entitlements, map[string]string{"of": of(e)})
				}
				rule, err := pol.Route(q)
				c.must(err)
				got := ""
				if rule != nil {
					got = rule.Name
				}
				c.same(fmt.Sprintf("who decides about %v of risk %s for person %d", ents, risk, id), o.route(a, risk, ents), got)
			}
		}
	}
	for i, x := range o.offers {
		for j, l := range x.levels {
			at, _, ents, ok := pol.Level(offers[i].ID, fmt.Sprintf("l%d", j))
			gives, err := pol.LevelGives(offers[i].ID, fmt.Sprintf("l%d", j), "loc=P")
			c.must(err)
			if !ok || at != j || len(ents) != len(l.ents) || l.role < 0 && len(gives) != len(l.ents) {
				c.t.Errorf("level %d of %s is at %d, names %v and gives %v; %v was declared", j, offers[i].Name, at, ents, gives, l)
			}
		}
	}
}
