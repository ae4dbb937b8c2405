package lifecycle

import (
	"time"

	"tenure/internal/access"
	"tenure/internal/catalog"
)

// count adds up an Effect by ids: names are looked up once, at the end, and not for every person.
type count struct {
	people, losing int
	gained, lost   map[int]int // entitlement -> people
	operations     map[work]int
	had            map[int]bool // used again for every person
}

type work struct {
	app  int
	kind string
}

func newCount() *count {
	return &count{gained: map[int]int{}, lost: map[int]int{}, operations: map[work]int{}, had: map[int]bool{}}
}

// add adds what one person gains and loses.
func (c *count) add(s *access.Subject, d access.Desire, f *access.Effects, now time.Time) {
	if len(d.Add)+len(d.End)+len(f.Ops)+len(f.Cancel) == 0 {
		return
	}
	c.people++
	clear(c.had)
	for _, x := range access.Entitlements(s.Reasons, now) {
		c.had[x] = true
	}
	for _, x := range access.Entitlements(d.Live, now) {
		if c.had[x] {
			delete(c.had, x)
		} else {
			c.gained[x]++
		}
	}
	for x := range c.had {
		c.lost[x]++
	}
	if len(c.had) > 0 {
		c.losing++
	}
	for i := range f.Ops {
		c.operations[work{f.Ops[i].Application, f.Ops[i].Kind}]++
	}
}

func (c *count) effect(cat *catalog.Catalog) *Effect {
	e := &Effect{People: c.people, LosingPeople: c.losing, Gained: map[string]int{}, Lost: map[string]int{}, Operations: map[string]int{}}
	for x, n := range c.gained {
		e.Gained[label(cat, x)] += n
	}
	for x, n := range c.lost {
		e.Lost[label(cat, x)] += n
	}
	for w, n := range c.operations {
		e.Operations[cat.Apps[w.app].Name+" "+w.kind] += n
	}
	return e
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
