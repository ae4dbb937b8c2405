package lifecycle

import (
	"time"

	"tenure/internal/access"
	"tenure/internal/catalog"
)

func newEffect() *Effect {
	return &Effect{Gained: map[string]int{}, Lost: map[string]int{}, Operations: map[string]int{}}
}

// count adds what one person gains and loses.
func (e *Effect) count(cat *catalog.Catalog, s *access.Subject, d access.Desire, f *access.Effects, now time.Time) {
	if len(d.Add)+len(d.End)+len(f.Ops)+len(f.Cancel) == 0 {
		return
	}
	e.People++
	had := map[int]bool{}
	for _, x := range access.Entitlements(s.Reasons, now) {
		had[x] = true
	}
	for _, x := range access.Entitlements(d.Live, now) {
		if had[x] {
			delete(had, x)
		} else {
			e.Gained[label(cat, x)]++
		}
	}
	for x := range had {
		e.Lost[label(cat, x)]++
	}
	if len(had) > 0 {
		e.LosingPeople++
	}
	for i := range f.Ops {
		o := &f.Ops[i]
		e.Operations[cat.Apps[o.Application].Name+" "+o.Kind]++
	}
}

func label(cat *catalog.Catalog, entitlement int) string {
	x := cat.Entitlements[entitlement]
	if x == nil || cat.Apps[x.ApplicationID] == nil {
		return "?"
	}
	name := x.Name
	if x.Kind == "account" {
		name = "account"
	}
	return cat.Apps[x.ApplicationID].Name + "/" + name
}
