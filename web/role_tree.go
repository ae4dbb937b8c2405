package web

import (
	"cmp"
	"maps"
	"slices"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/ui"
)

const roleTreeURL = "/policy/roles"

// roleTree shows which role contains which.
func (s *server) roleTree(r *request) error {
	var v templates.RoleTreeView
	err := r.read(func(tx *db.Tx) error {
		pol, err := policy.Load(tx)
		if err != nil {
			return err
		}
		t := tree{request: r, pol: pol, inner: map[int][]int{}, drawn: map[int]bool{}}
		if err := t.load(tx); err != nil {
			return err
		}
		v.Roles = t.branches(t.tops())
		v.Picture = t.picture()
		return nil
	})
	if err != nil {
		return err
	}
	return r.show(templates.RoleTree(r.shell(r.T("Roles within roles")), v))
}

// tree is the roles of a version with what is said about each.
type tree struct {
	*request
	pol    *policy.Snapshot
	cat    *catalog.Catalog
	roles  []*policy.Object
	inner  map[int][]int // the roles within each, by title
	owners map[int]*identity.Person
	count  map[int]access.RoleCount
	gives  map[int][]int // the entitlements of each, those of the roles within it included
	drawn  map[int]bool  // what stands in full already
}

// load reads everything there is to say, whatever the number of roles.
func (t *tree) load(tx *db.Tx) (err error) {
	t.roles, t.gives = t.pol.Objects(policy.KindRole), t.pol.RoleEntitlements()
	slices.SortStableFunc(t.roles, func(a, b *policy.Object) int { return cmp.Compare(a.Title, b.Title) })
	named := map[string]int{}
	var owners []int
	for _, o := range t.roles {
		named[o.Name] = o.ID
		owners = append(owners, o.OwnerID)
	}
	for _, o := range t.roles {
		for _, x := range t.roles {
			if slices.Contains(o.Role.Roles, x.Name) {
				t.inner[o.ID] = append(t.inner[o.ID], x.ID)
			}
		}
	}
	if t.cat, err = catalog.Load(tx); err != nil {
		return err
	}
	if t.owners, err = identity.People(tx, owners); err != nil {
		return err
	}
	given := map[int][]int{} // rules by the roles that they give, within one another
	for _, o := range t.pol.Objects(policy.KindRule) {
		for _, name := range o.Rule.Roles {
			for id := range t.within(named[name], map[int]bool{}) {
				given[id] = append(given[id], o.ID)
			}
		}
	}
	t.count, err = access.CountRoles(tx, given)
	return err
}

// within gives a role and all roles within it.
func (t *tree) within(role int, seen map[int]bool) map[int]bool {
	if role == 0 || seen[role] {
		return seen
	}
	seen[role] = true
	for _, id := range t.inner[role] {
		t.within(id, seen)
	}
	return seen
}

// tops are the roles within no other.
func (t *tree) tops() []int {
	in := map[int]bool{}
	for _, all := range t.inner {
		for _, id := range all {
			in[id] = true
		}
	}
	var out []int
	for _, o := range t.roles {
		if !in[o.ID] {
			out = append(out, o.ID)
		}
	}
	return out
}

// branches puts roles in lines, each with the roles within it. What stands within several is told in full once.
func (t *tree) branches(ids []int) []templates.RoleBranch {
	var out []templates.RoleBranch
	for _, id := range ids {
		o := t.pol.Object(id)
		b := templates.RoleBranch{Role: ui.Link{Text: o.Title, URL: roleURL(id)}, Again: t.drawn[id] && len(t.inner[id]) > 0}
		if p := t.owners[o.OwnerID]; p != nil {
			b.Owner = p.Name
		}
		if state := o.Role.State; state != "" && state != policy.Active {
			b.State = t.roleState(state)
		}
		apps := map[string]bool{}
		entitlements := map[int]bool{}
		for _, id := range t.gives[id] {
			if e := t.cat.Entitlements[id]; e != nil && t.cat.Apps[e.ApplicationID] != nil {
				apps[t.cat.Apps[e.ApplicationID].Title], entitlements[id] = true, true
			}
		}
		c := t.count[id]
		b.Members = r2(t.Plural(c.ByRule, "person by rule", "people by rule"), t.Plural(c.ByDecision, "person by decision", "people by decision"), c.ByDecision)
		b.Gives = t.T("nothing")
		if n := len(entitlements); n > 0 {
			b.Gives = t.T("%s in %s", t.Plural(n, "entitlement", "entitlements"), t.and(slices.Sorted(maps.Keys(apps)), 4))
		}
		if !b.Again {
			t.drawn[id] = true
			b.Within = t.branches(t.inner[id])
		}
		out = append(out, b)
	}
	return out
}

// r2 leaves out the second where there is none.
func r2(first, second string, n int) []string {
	if n == 0 {
		return []string{first}
	}
	return []string{first, second}
}

// The picture: how many roles it has room for, and the measures of its boxes.
const (
	treeMost           = 30
	boxWidth, boxHigh  = 176, 34
	boxAside, boxBelow = 56, 10
	boxLetters         = 24
)

// picture draws a small policy: who contains stands before what it contains. Roles that stand alone need none.
func (t *tree) picture() *templates.RolePicture {
	if len(t.inner) == 0 || len(t.roles) > treeMost {
		return nil
	}
	depth := map[int]int{}
	var deepen func(id, at int)
	deepen = func(id, at int) {
		if d, ok := depth[id]; ok && d >= at {
			return
		}
		depth[id] = at
		for _, in := range t.inner[id] {
			deepen(in, at+1)
		}
	}
	for _, id := range t.tops() {
		deepen(id, 0)
	}
	p, place, next := &templates.RolePicture{}, map[int]int{}, 0
	var put func(id int) int
	put = func(id int) int {
		sum, n := 0, 0
		for _, in := range t.inner[id] {
			if _, ok := place[in]; !ok {
				place[in] = 0
				sum, n = sum+put(in), n+1
			}
		}
		if n == 0 {
			sum, n, next = next, 1, next+boxHigh+boxBelow
		}
		place[id] = sum / n
		return place[id]
	}
	for _, id := range t.tops() {
		if len(t.inner[id]) > 0 {
			place[id] = 0
			put(id)
		}
	}
	x := func(id int) int { return 1 + depth[id]*(boxWidth+boxAside) }
	for _, o := range t.roles {
		y, ok := place[o.ID]
		if !ok {
			continue
		}
		name := []rune(o.Title)
		if len(name) > boxLetters {
			name = append(name[:boxLetters-1], '…')
		}
		p.Boxes = append(p.Boxes, templates.RoleBox{X: x(o.ID), Y: y + 1, W: boxWidth, H: boxHigh, Text: string(name), Title: o.Title, URL: roleURL(o.ID)})
		p.Width, p.Height = max(p.Width, x(o.ID)+boxWidth+1), max(p.Height, y+boxHigh+2)
		for _, in := range t.inner[o.ID] {
			p.Lines = append(p.Lines, templates.RoleLine{X1: x(o.ID) + boxWidth, Y1: y + 1 + boxHigh/2, X2: x(in), Y2: place[in] + 1 + boxHigh/2})
		}
	}
	return p
}
