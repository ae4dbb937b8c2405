package policy

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
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

// Portal is the catalogue of permissions: what can be given. Who has what stands in the database, see RightsAt.
var Portal portal

type portal struct{}

// Permissions gives every permission there is, sorted: the routes are checked against it.
func (portal) Permissions() []string {
	var out []string
	for p := range permissions {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

// Roles gives the portal roles in the order in which pages show them.
func (portal) Roles() []string {
	return []string{Employee, Manager, Owner, HR, IT, Compliance, Auditor, Administrator}
}

// Rights is what the portal roles may do in one version of the tables. It never changes.
type Rights struct {
	Version int    // counts changes
	Stamp   string // names this very state of the tables
	holders map[string]roleSet
	direct  map[Hold]bool
	rules   rules
}

// Hold is a role with a permission of its own (a p rule).
type Hold struct{ Role, Permission string }

// Include is a role that brings another one (a g rule).
type Include struct{ Role, Inner string }

// rules are the rows of a version.
type rules struct {
	holds    []Hold
	includes []Include
}

// roleSet has a bit for each role.
type roleSet uint8

func bit(role string) roleSet {
	switch role {
	case Employee:
		return 1
	case Manager:
		return 2
	case Owner:
		return 4
	case HR:
		return 8
	case IT:
		return 16
	case Compliance:
		return 32
	case Auditor:
		return 64
	case Administrator:
		return 128
	}
	return 0
}

// Allowed says whether one of the roles has the permission. An unknown role or permission is refused.
func (r *Rights) Allowed(roles []string, permission string) bool {
	if r == nil {
		return false
	}
	var have roleSet
	for _, role := range roles {
		have |= bit(role)
	}
	return r.holders[permission]&have != 0
}

// Direct says whether a role has a permission of its own, and not only through a role that it includes.
func (r *Rights) Direct(role, permission string) bool { return r.direct[Hold{role, permission}] }

// Through gives the roles by which a role has a permission that it does not have of its own, in the order of Portal.Roles.
func (r *Rights) Through(role, permission string) []string {
	var out []string
	for _, inner := range Portal.Roles() {
		if inner != role && r.Direct(inner, permission) && r.reaches(role, inner, 0) {
			out = append(out, inner)
		}
	}
	return out
}

// Includes gives the roles that a role brings directly.
func (r *Rights) Includes(role string) []string {
	var out []string
	for _, i := range r.rules.includes {
		if i.Role == role {
			out = append(out, i.Inner)
		}
	}
	slices.SortFunc(out, func(a, b string) int { return int(bit(a)) - int(bit(b)) })
	return out
}

func (r *Rights) reaches(role, inner string, depth int) bool {
	if depth > MaxDepth {
		return false
	}
	return slices.ContainsFunc(r.Includes(role), func(x string) bool { return x == inner || r.reaches(x, inner, depth+1) })
}

// compileRights asks Casbin once for every role and permission, or only for the permissions named. A permission that this
// program does not know is left out: nothing asks for it.
func compileRights(all rules, only ...string) (*Rights, error) {
	r := &Rights{holders: map[string]roleSet{}, direct: map[Hold]bool{}, rules: all}
	for _, h := range all.holds {
		r.direct[h] = true
	}
	e, err := newEnforcer(portalModel, all.lines())
	if err != nil {
		return nil, fmt.Errorf("the table of portal permissions is wrong: %w", err)
	}
	if len(only) == 0 {
		only = Portal.Permissions()
	}
	for _, p := range only {
		for _, role := range Portal.Roles() {
			ok, err := e.Enforce(role, p)
			if err != nil {
				return nil, fmt.Errorf("the table of portal permissions is wrong: %w", err)
			}
			if ok {
				r.holders[p] |= bit(role)
			}
		}
	}
	return r, nil
}

// Enforcer gives Casbin itself over the same rules, which decides each question anew: what a snapshot is held against.
func (r *Rights) Enforcer() (func(role, permission string) (bool, error), error) {
	e, err := newEnforcer(portalModel, r.rules.lines())
	if err != nil {
		return nil, err
	}
	return func(role, permission string) (bool, error) { return e.Enforce(role, permission) }, nil
}

// lines are the rules as Casbin reads them.
func (r *rules) lines() (l lines) {
	for _, i := range r.includes {
		l = append(l, []string{"g", i.Role, i.Inner})
	}
	for _, h := range r.holds {
		l = append(l, []string{"p", h.Role, h.Permission})
	}
	return l
}

// compiledRights keeps the latest versions by database and stamp.
var compiledRights = struct {
	sync.Mutex
	byKey map[string]*Rights
	order []string
}{byKey: map[string]*Rights{}}

// RightsAt gives what the portal roles may do in this transaction. The version is read in the transaction itself, so no
// process goes on allowing what another one has taken away.
func RightsAt(tx *db.Tx) (*Rights, error) {
	var n int
	var stamp string
	if err := tx.QueryRow(`select n, stamp::text from portal_version`).Scan(&n, &stamp); err != nil {
		return nil, err
	}
	key := tx.DB.ID + "/" + stamp
	compiledRights.Lock()
	defer compiledRights.Unlock()
	if r := compiledRights.byKey[key]; r != nil {
		return r, nil
	}
	all, err := readRules(tx)
	if err != nil {
		return nil, err
	}
	r, err := compileRights(all)
	if err != nil {
		return nil, err
	}
	// A transaction that sees each statement's moment may have read rows of a later version: such a snapshot is used this once.
	var again string
	if err := tx.QueryRow(`select stamp::text from portal_version`).Scan(&again); err != nil {
		return nil, err
	}
	if again != stamp {
		return nil, errors.New("the rights of the portal were changed meanwhile")
	}
	r.Version, r.Stamp = n, stamp
	if len(compiledRights.order) == maxCompiled {
		delete(compiledRights.byKey, compiledRights.order[0])
		compiledRights.order = compiledRights.order[1:]
	}
	compiledRights.byKey[key] = r
	compiledRights.order = append(compiledRights.order, key)
	return r, nil
}

func readRules(tx *db.Tx) (out rules, err error) {
	rows, err := tx.Query(`select role, permission from portal_permission order by 1, 2`)
	if err != nil {
		return out, err
	}
	if out.holds, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Hold]); err != nil {
		return out, err
	}
	if rows, err = tx.Query(`select role, includes from portal_include order by 1, 2`); err != nil {
		return out, err
	}
	out.includes, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Include])
	return out, err
}

// defaults are the rules of the catalogue, as a new database is filled with.
func defaults() (out rules) {
	for role, inner := range includes {
		for _, i := range inner {
			out.includes = append(out.includes, Include{role, i})
		}
	}
	for p, holders := range permissions {
		for _, role := range holders {
			out.holds = append(out.holds, Hold{role, p})
		}
	}
	return out
}
