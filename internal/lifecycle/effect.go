package lifecycle

import (
	"slices"
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

	opened, resolved map[int]int // SoD rule -> people
	withheld         map[int]int // entitlement -> people
	keep             bool        // each person's
	each             []access.PersonEffect
	accounts         map[int]int // application -> enabled accounts more or, negative, fewer
}

type work struct {
	app  int
	kind string
}

func newCount() *count {
	return &count{gained: map[int]int{}, lost: map[int]int{}, operations: map[work]int{}, had: map[int]bool{},
		opened: map[int]int{}, resolved: map[int]int{}, withheld: map[int]int{}, accounts: map[int]int{}}
}

// add adds what one person gains and loses.
func (c *count) add(s *access.Subject, d access.Desire, f *access.Effects, duties *access.DutyChange, now time.Time) {
	if len(d.Add)+len(d.End)+len(f.Ops)+len(f.Cancel) == 0 && duties.Empty() {
		return
	}
	one := access.PersonEffect{Identity: s.Identity, Operations: len(f.Ops)}
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
			if c.keep {
				one.Gains = append(one.Gains, x)
			}
		}
	}
	for x := range c.had {
		c.lost[x]++
		if c.keep {
			one.Loses = append(one.Loses, x)
		}
	}
	slices.Sort(one.Loses)
	one.Opens, one.Resolves, one.Withheld = duties.Rules()
	for _, part := range []struct {
		ids []int
		n   map[int]int
	}{{one.Opens, c.opened}, {one.Resolves, c.resolved}, {one.Withheld, c.withheld}} {
		for _, id := range part.ids {
			part.n[id]++
		}
	}
	if c.keep {
		c.each = append(c.each, one)
		f.Enabled(s, func(app, more int) { c.accounts[app] += more })
	}
	if len(c.had) > 0 {
		c.losing++
	}
	for i := range f.Ops {
		c.operations[work{f.Ops[i].Application, f.Ops[i].Kind}]++
	}
}

func (c *count) effect(cat *catalog.Catalog) *Effect {
	e := &Effect{Each: c.each, Accounts: c.accounts, Opened: c.opened, Resolved: c.resolved, Withheld: map[string]int{}, People: c.people, LosingPeople: c.losing, Gained: map[string]int{}, Lost: map[string]int{}, Operations: map[string]int{}}
	for x, n := range c.gained {
		e.Gained[label(cat, x)] += n
	}
	for x, n := range c.lost {
		e.Lost[label(cat, x)] += n
	}
	for x, n := range c.withheld {
		e.Withheld[label(cat, x)] += n
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
