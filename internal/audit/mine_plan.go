package audit

import (
	"fmt"

	"tenure/internal/catalog"
	"tenure/internal/change"
	"tenure/internal/errs"
	"tenure/internal/policy"
)

// PolicyOf writes candidates as documents of a policy file: a role each, owned by who looked for it, and the rule that finds its
// members where there is one. Names that the policy has already get a number.
func (m *MiningRun) PolicyOf(chosen []Candidate, cat *catalog.Catalog, pol *policy.Snapshot) (string, error) {
	taken := map[string]bool{}
	for _, kind := range []string{policy.KindRole, policy.KindRule} {
		for _, o := range pol.Objects(kind) {
			taken[o.Name] = true
		}
	}
	var docs []change.Declaration
	for i := range chosen {
		c := &chosen[i]
		name := c.Name
		for n := 2; taken[name]; n++ {
			name = fmt.Sprintf("%s (%d)", c.Name, n)
		}
		taken[name] = true
		var gives []any
		for _, e := range c.Entitlements {
			ref := cat.Ref(int(e))
			if ref == "" {
				return "", errs.Conflict("something that %s would give is no longer declared: look for roles anew", name)
			}
			gives = append(gives, ref)
		}
		role := map[string]any{"description": fmt.Sprintf("Found in what %d people held on %s.", c.Size, m.Made.UTC().Format("2 January 2006")), "entitlements": gives}
		if owner := m.StarterNumber; owner != "" {
			role["owner"] = owner
		} else if m.StarterAddress != "" {
			role["owner"] = m.StarterAddress
		}
		docs = append(docs, change.Declaration{Kind: change.KindRole, Name: name, Spec: role})
		if c.Rule != nil {
			docs = append(docs, change.Declaration{Kind: change.KindRule, Name: name, Spec: map[string]any{"when": c.Rule.Text, "roles": []any{name}}})
		}
	}
	return change.Write(docs...)
}
