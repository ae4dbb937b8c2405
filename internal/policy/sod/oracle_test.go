package sod

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Every property is tried on a thousand organisations.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "1000"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// The oracle knows nothing of the engine: it looks at one instant, duty by duty, entitlement by entitlement.

func valid(h Holding, at time.Time) bool {
	if at.Before(h.From) {
		return false
	}
	return h.To.IsZero() || at.Before(h.To)
}

func performs(d Duty, held []Holding, at time.Time) bool {
	n := 0
	for _, e := range d.Entitlements {
		if slices.ContainsFunc(held, func(h Holding) bool { return h.Entitlement == e && valid(h, at) }) {
			n++
		}
	}
	if d.All {
		return n == len(d.Entitlements)
	}
	return n > 0
}

// breaks gives the duties of a rule that are performed at an instant, and whether that breaks it.
func breaks(duties []Duty, r Rule, held []Holding, at time.Time) (performed []int, broken bool) {
	for _, id := range r.Duties {
		i := slices.IndexFunc(duties, func(d Duty) bool { return d.ID == id })
		if performs(duties[i], held, at) {
			performed = append(performed, id)
		}
	}
	if r.AtLeast == 0 {
		return performed, len(performed) == len(r.Duties)
	}
	return performed, len(performed) >= r.AtLeast
}

// instants are all at which something may change, in order.
func instants(held []Holding) []time.Time {
	var out []time.Time
	for _, h := range held {
		out = append(out, h.From)
		if !h.To.IsZero() {
			out = append(out, h.To)
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return out
}

// expected gives the first time in which the additions break a rule that was not broken.
func expected(duties []Duty, r Rule, held, add []Holding) (from, to time.Time, broken bool) {
	all := slices.Concat(held, add)
	for _, t := range instants(all) {
		_, after := breaks(duties, r, all, t)
		_, before := breaks(duties, r, held, t)
		now := after && !before
		if now && !broken {
			from, broken = t, true
		}
		if !now && broken {
			return from, t, true
		}
	}
	return from, to, broken
}

// org is a generated organisation: its duties and rules, and the entitlements that there are.
type org struct {
	duties       []Duty
	rules        []Rule
	entitlements []int
}

func (o *org) compile(t interface{ Fatal(...any) }) *Engine {
	e, err := Compile(o.duties, o.rules)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

var genOrg = rapid.Custom(func(t *rapid.T) *org {
	o := &org{}
	for range rapid.IntRange(1, 9).Draw(t, "entitlements") {
		o.entitlements = append(o.entitlements, len(o.entitlements)+1)
	}
	if rapid.Bool().Draw(t, "sparse") { // ids far apart, and beyond the table
		for i := range o.entitlements {
			o.entitlements[i] *= 1 << (3 * i)
		}
		o.entitlements[len(o.entitlements)-1] += 1 << 40
	}
	for i := range rapid.IntRange(2, 6).Draw(t, "duties") {
		o.duties = append(o.duties, Duty{ID: 20 - i, All: rapid.Bool().Draw(t, "all"),
			Entitlements: rapid.SliceOfNDistinct(rapid.SampledFrom(o.entitlements), 1, min(4, len(o.entitlements)), rapid.ID[int]).Draw(t, "members")})
	}
	for i := range rapid.IntRange(1, 5).Draw(t, "rules") {
		r := Rule{ID: 9 - i}
		for _, d := range rapid.Permutation(o.duties).Draw(t, "of")[:rapid.IntRange(2, len(o.duties)).Draw(t, "n")] {
			r.Duties = append(r.Duties, d.ID)
		}
		if rapid.Bool().Draw(t, "some") {
			r.AtLeast = rapid.IntRange(2, len(r.Duties)).Draw(t, "at least")
		}
		o.rules = append(o.rules, r)
	}
	return o
})

func day(n int) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC)
}

// holdings draws what one person holds, with tags from first on. Some never begin to be held, some always were, some never end.
func (o *org) holdings(t *rapid.T, name string, first, most int) (out []Holding) {
	for range rapid.IntRange(0, most).Draw(t, name) {
		out = append(out, Holding{Entitlement: rapid.SampledFrom(append([]int{999}, o.entitlements...)).Draw(t, "entitlement"), Tag: first + len(out),
			From: day(rapid.IntRange(0, 8).Draw(t, "from")), To: day(rapid.SampledFrom([]int{0, 0, 2, 3, 4, 5, 6, 7, 8, 9}).Draw(t, "to"))})
	}
	return out
}

func (o *org) scope(t *rapid.T) func(int) bool {
	if rapid.Bool().Draw(t, "everywhere") {
		return nil
	}
	not := rapid.SampledFrom(o.rules).Draw(t, "not").ID
	return func(rule int) bool { return rule != not }
}

func agree(t *rapid.T, o *org, got []Violation, held, add []Holding, scope func(int) bool) {
	rules := slices.SortedFunc(slices.Values(o.rules), func(a, b Rule) int { return a.ID - b.ID })
	for _, r := range rules {
		from, to, broken := expected(o.duties, r, held, add)
		if scope != nil && !scope(r.ID) {
			broken = false
		}
		if !broken {
			continue
		}
		if len(got) == 0 || got[0].Rule != r.ID {
			t.Fatalf("rule %d is broken from %v until %v; got %+v", r.ID, from, to, got)
		}
		v := got[0]
		got = got[1:]
		if !v.From.Equal(from) || !v.To.Equal(to) {
			t.Fatalf("rule %d is broken from %v until %v; got %+v", r.ID, from, to, v)
		}
		if err := explains(o, r, v, held, add); err != nil {
			t.Fatalf("%v: %+v", err, v)
		}
	}
	if len(got) > 0 {
		t.Fatalf("not broken: %+v", got)
	}
}

// explains says what is wrong with an explanation.
func explains(o *org, r Rule, v Violation, held, add []Holding) error {
	all := slices.Concat(held, add)
	var used []Holding
	var named []int
	for _, p := range v.Duties {
		i := slices.IndexFunc(o.duties, func(d Duty) bool { return d.ID == p.Duty })
		if !performs(o.duties[i], p.By, v.From) {
			return fmt.Errorf("duty %d is not performed by %v", p.Duty, p.By)
		}
		if d := o.duties[i]; !d.All && len(p.By) != 1 || d.All && len(p.By) != len(d.Entitlements) {
			return fmt.Errorf("duty %d is performed by less than %v", p.Duty, p.By)
		}
		for _, h := range p.By {
			if !slices.Contains(all, h) {
				return fmt.Errorf("%v is not held", h)
			}
			if !slices.Contains(used, h) {
				used = append(used, h)
			}
		}
		named = append(named, p.Duty)
	}
	if _, broken := breaks(o.duties, r, used, v.From); !broken {
		return fmt.Errorf("%v does not break the rule", used)
	}
	for i := range used {
		if _, broken := breaks(o.duties, r, slices.Delete(slices.Clone(used), i, i+1), v.From); broken {
			return fmt.Errorf("%v could be left out", used[i])
		}
	}
	if !slices.ContainsFunc(used, func(h Holding) bool { return slices.Contains(add, h) }) {
		return fmt.Errorf("nothing of %v was added", used)
	}
	performed, _ := breaks(o.duties, r, all, v.From)
	also := slices.DeleteFunc(performed, func(id int) bool { return slices.Contains(named, id) })
	if !slices.Equal(also, v.Also) {
		return fmt.Errorf("also performed are %v", also)
	}
	return nil
}
