package policy

import (
	"fmt"
	"slices"
	"sync"
)

const portalModel = `
[request_definition]
r = sub, obj
[policy_definition]
p = sub, obj
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.obj == p.obj && g(r.sub, p.sub)
`

// Portal decides what portal roles may do.
var Portal portal

type portal struct{}

// decisions is Casbin's answer for every role and permission. The table is fixed in the program, so all are asked once.
var decisions = sync.OnceValue(func() map[string]map[string]bool {
	var l lines
	for role, inner := range includes {
		for _, r := range inner {
			l = append(l, []string{"g", role, r})
		}
	}
	roles := []string{Employee, Manager, Owner, HR, IT, Compliance, Auditor, Administrator}
	for permission, holders := range permissions {
		for _, r := range holders {
			l = append(l, []string{"p", r, permission})
		}
	}
	e, err := newEnforcer(portalModel, l)
	if err != nil {
		panic(fmt.Sprintf("the table of portal permissions is wrong: %v", err))
	}
	out := map[string]map[string]bool{}
	for _, r := range roles {
		out[r] = map[string]bool{}
		for p := range permissions {
			ok, err := e.Enforce(r, p)
			if err != nil {
				panic(fmt.Sprintf("the table of portal permissions is wrong: %v", err))
			}
			out[r][p] = ok
		}
	}
	return out
})

// Allowed says whether one of the roles has the permission. An unknown role or permission is refused.
func (portal) Allowed(roles []string, permission string) bool {
	d := decisions()
	return slices.ContainsFunc(roles, func(r string) bool { return d[r][permission] })
}

// Permissions gives every permission there is, sorted: the routes are checked against it.
func (portal) Permissions() []string {
	var out []string
	for p := range permissions {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}
