package request

import (
	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/policy"
)

// Use is what is known of the use of one entitlement that an item gave.
type Use struct {
	Title, Application string
	access.Carried
}

// UseOf tells whoever reviews an emergency what the targets show of it: when it was there, when it was gone, and the last sign-in.
func UseOf(tx *db.Tx, it *Item) ([]Use, error) {
	pol, err := policy.Load(tx)
	if err != nil {
		return nil, err
	}
	cat, err := catalog.Load(tx)
	if err != nil || it.From == nil {
		return nil, err
	}
	var ids []int
	for _, e := range it.reach(pol, cat) {
		ids = append(ids, e.ID)
	}
	all, err := access.CarriedSince(tx, it.Beneficiary, ids, *it.From)
	by := map[int]access.Carried{}
	for _, c := range all {
		by[c.Entitlement] = c
	}
	var out []Use
	for _, id := range ids {
		e := cat.Entitlements[id]
		u := Use{Title: e.Title, Carried: by[id]}
		if u.Title == "" {
			u.Title = e.Name
		}
		if a := cat.Apps[e.ApplicationID]; a != nil {
			u.Application = a.Title
		}
		out = append(out, u)
	}
	return out, err
}
