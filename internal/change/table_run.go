package change

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"tenure/internal/access"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/policy"
)

// tested is the instant of all tests: no condition reads the time.
var tested = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// subject makes the person as settling would see them.
func (t *table) subject(p *TestPerson) (*access.Subject, error) {
	sub := &access.Subject{Identity: 1, State: identity.State(cmp.Or(p.State, string(identity.Active))), Duties: t.pol.Duties()}
	if sub.State == identity.Active || sub.State == identity.Leave {
		for i, job := range p.jobs() {
			if err := sub.Want(t.pol, i+1, policy.MapAttrs(job)); err != nil {
				return nil, err
			}
		}
	}
	if sub.State == identity.Prehire && p.BeginsIn != nil {
		for i, job := range p.jobs() {
			if err := sub.WantAhead(t.pol, i+1, policy.MapAttrs(job), *p.BeginsIn); err != nil {
				return nil, err
			}
		}
	}
	for _, ref := range p.Holds {
		id, err := t.entitlement(ref)
		if err != nil {
			return nil, err
		}
		sub.Reasons = append(sub.Reasons, access.Reason{ID: 1, Identity: 1, Entitlement: id, Kind: access.Found, ValidFrom: tested.AddDate(0, 0, -1), ValidTo: db.Forever})
	}
	for _, name := range p.Exceptions {
		sub.Except(t.ids[policy.Ref{Kind: policy.KindSoD, Name: name}])
	}
	return sub, nil
}

// person computes one person's access and compares it with what is expected.
func (t *table) person(test string, i int) error {
	p := &t.files.Tests[test].People[i]
	t.result.People++
	t.result.Expectations += p.Expect.count()
	sub, err := t.subject(p)
	if err != nil {
		return err
	}
	d := access.Desired(sub, t.cat, tested)
	c := &comparing{table: t, test: test, at: i, p: p, withheld: map[string]string{}, breaks: []string{}}
	c.grants = names(access.Entitlements(d.Live, tested), t.cat.Ref)
	for _, w := range d.Withheld {
		c.withheld[t.cat.Ref(w.Entitlement)] = t.pol.Object(w.Rule).Name
	}
	for _, v := range d.Broken {
		c.breaks = append(c.breaks, t.pol.Object(v.Rule).Name)
	}
	slices.Sort(c.breaks)
	if c.roles, err = t.roles(sub); err != nil {
		return err
	}
	c.all(&p.Expect)
	return nil
}

// roles gives the names of the roles that rules give, sorted.
func (t *table) roles(sub *access.Subject) ([]string, error) {
	out := []string{}
	for _, job := range sub.Jobs {
		rules, err := t.pol.Match(job)
		if err != nil {
			return nil, err
		}
		for _, id := range rules {
			out = append(out, t.pol.Object(id).Rule.Roles...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// refs brings entitlements to their shortest names, sorted, each once.
func (t *table) refs(in []string) []string {
	out := []string{}
	for _, ref := range in {
		if e, err := t.cat.Find(ref); err == nil {
			out = append(out, t.cat.Ref(e.ID))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// comparing holds what came out for one person against what is expected.
type comparing struct {
	*table
	test string
	at   int
	p    *TestPerson

	grants, roles, breaks []string
	withheld              map[string]string
}

func (c *comparing) all(e *Expectation) {
	if e.Grants != nil {
		c.exact("grants", c.refs(e.Grants), c.grants, c.why)
	}
	for i, ref := range c.each(e.Has) {
		if !slices.Contains(c.grants, ref) {
			c.fail(fmt.Sprintf("has[%d]", i), ref, "not granted", c.why(ref))
		}
	}
	for i, ref := range c.each(e.Lacks) {
		if slices.Contains(c.grants, ref) {
			c.fail(fmt.Sprintf("lacks[%d]", i), "no "+ref, "granted", "")
		}
	}
	if e.Roles != nil {
		c.exact("roles", set(e.Roles), c.roles, nil)
	}
	if e.Breaks != nil {
		c.exact("breaks", set(e.Breaks), c.breaks, nil)
	}
	if e.Withheld != nil {
		want := map[string]string{}
		for ref, rule := range e.Withheld {
			want[c.refs([]string{ref})[0]] = rule
		}
		c.exact("withheld", pairs(want), pairs(c.withheld), nil)
	}
}

// each brings entitlements to their names and keeps their places.
func (c *comparing) each(in []string) []string {
	out := make([]string, len(in))
	for i, ref := range in {
		out[i] = c.refs([]string{ref})[0]
	}
	return out
}

func set(in []string) []string { return slices.Compact(slices.Sorted(slices.Values(in))) }

func pairs(m map[string]string) []string {
	out := []string{}
	for k, v := range m {
		out = append(out, k+" by "+v)
	}
	slices.Sort(out)
	return out
}

// exact compares two sorted lists.
func (c *comparing) exact(field string, want, is []string, why func(string) string) {
	if slices.Equal(want, is) {
		return
	}
	var missing, more, because []string
	for _, w := range want {
		if !slices.Contains(is, w) {
			missing = append(missing, w)
			if why != nil {
				because = append(because, w+": "+why(w))
			}
		}
	}
	for _, s := range is {
		if !slices.Contains(want, s) {
			more = append(more, s)
		}
	}
	text := list(is)
	if len(missing) > 0 {
		text += "; missing: " + list(missing)
	}
	if len(more) > 0 {
		text += "; too much: " + list(more)
	}
	c.fail(field, list(want), text, strings.Join(because, "; "))
}

func list(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

// why says what stands in the way of an entitlement: the SoD rule that withholds it, or what the nearest birthright rule wants.
func (c *comparing) why(ref string) string {
	if rule := c.withheld[ref]; rule != "" {
		return "withheld by the SoD rule " + rule
	}
	id, err := c.entitlement(ref)
	if err != nil {
		return ""
	}
	for _, r := range c.pol.Explain(policy.MapAttrs(c.p.Attributes), id).Rules {
		if len(r.Failing) > 0 {
			return "by the rule " + r.Name + ", " + strings.Join(r.Failing, " and ")
		}
	}
	return "no rule gives it to anybody"
}

func (c *comparing) fail(field, expected, is, why string) {
	at := c.files.at[KindTest+" "+c.test]
	c.result.Failures = append(c.result.Failures, TestFailure{File: at.file, Line: at.lineOf(fmt.Sprintf("spec.people[%d].expect.%s", c.at, field)), Test: c.test,
		Person: c.p.Name, Field: field, Expected: expected, Is: is, Why: why})
}
