package policy

import (
	"errors"
	"slices"
	"strconv"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	"github.com/casbin/casbin/v2/persist"
)

// MaxDepth is how many levels of roles within roles are allowed: as many as Casbin's role manager follows.
const MaxDepth = 10

// roleModel compares the object first, which is what makes a check of many lines quick.
const roleModel = `
[request_definition]
r = role, entitlement
[policy_definition]
p = role, entitlement
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.entitlement == p.entitlement && g(r.role, p.role)
`

// held is an entitlement of a role and the role that holds it directly: the role itself or one within it.
type held struct{ role, entitlement int }

// graph is the Casbin enforcer over the roles of one version.
type graph struct {
	enforcer *casbin.Enforcer
	direct   map[string][]string // role -> entitlements, as the enforcer has them
}

// active says whether a role gives anything.
func (r *row) active() bool { return r.Spec.State == "" || r.Spec.State == Active }

func newGraph(rows []row) (*graph, error) {
	var lines lines
	for _, r := range rows {
		if r.Kind != KindRole || !r.active() {
			continue
		}
		for _, e := range r.Spec.EntitlementIDs {
			lines = append(lines, []string{"p", strconv.Itoa(r.ID), strconv.Itoa(e)})
		}
		for _, inner := range r.Spec.RoleIDs {
			lines = append(lines, []string{"g", strconv.Itoa(r.ID), strconv.Itoa(inner)})
		}
	}
	e, err := newEnforcer(roleModel, lines)
	if err != nil {
		return nil, err
	}
	g := &graph{enforcer: e, direct: map[string][]string{}}
	all, err := e.GetPolicy()
	for _, p := range all {
		g.direct[p[0]] = append(g.direct[p[0]], p[1])
	}
	return g, err
}

// expand gives all that a role gives, ascending by entitlement and holder.
func (g *graph) expand(role int) ([]held, error) {
	inner, err := g.enforcer.GetImplicitRolesForUser(strconv.Itoa(role))
	if err != nil {
		return nil, err
	}
	var out []held
	for _, r := range append(inner, strconv.Itoa(role)) {
		for _, e := range g.direct[r] {
			h := held{}
			if h.role, err = strconv.Atoi(r); err != nil {
				return nil, err
			}
			if h.entitlement, err = strconv.Atoi(e); err != nil {
				return nil, err
			}
			out = append(out, h)
		}
	}
	slices.SortFunc(out, func(a, b held) int {
		if a.entitlement != b.entitlement {
			return a.entitlement - b.entitlement
		}
		return a.role - b.role
	})
	return slices.Compact(out), nil
}

func newEnforcer(text string, l lines) (*casbin.Enforcer, error) {
	m, err := model.NewModelFromString(text)
	if err != nil {
		return nil, err
	}
	return casbin.NewEnforcer(m, l)
}

// lines is the read-only Casbin adapter over rows that we wrote and audited ourselves.
type lines [][]string

var errReadOnly = errors.New("the policy is changed with policy.Save, not through Casbin")

// LoadPolicy gives Casbin the lines.
func (l lines) LoadPolicy(m model.Model) error {
	for _, line := range l {
		if err := persist.LoadPolicyArray(line, m); err != nil {
			return err
		}
	}
	return nil
}

// SavePolicy refuses.
func (lines) SavePolicy(model.Model) error { return errReadOnly }

// AddPolicy refuses.
func (lines) AddPolicy(string, string, []string) error { return errReadOnly }

// RemovePolicy refuses.
func (lines) RemovePolicy(string, string, []string) error { return errReadOnly }

// RemoveFilteredPolicy refuses.
func (lines) RemoveFilteredPolicy(string, string, int, ...string) error { return errReadOnly }
