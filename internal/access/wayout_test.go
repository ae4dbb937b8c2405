package access_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/policy"
)

// wish is a generated condition: a list of comparisons of which all hold, or any.
type wish struct {
	any   bool
	parts []struct {
		attr, val string
		not       bool
	}
}

var wishes = map[string][]string{"department": {"A", "B"}, "title": {"X", "Y"}, "location": {"P", "Q"}}

func newWish(r *rand.Rand) *wish {
	w := &wish{any: r.IntN(3) == 0}
	for range 1 + r.IntN(2) {
		attr := slices.Sorted(maps.Keys(wishes))[r.IntN(3)]
		w.parts = append(w.parts, struct {
			attr, val string
			not       bool
		}{attr, wishes[attr][r.IntN(2)], r.IntN(4) == 0})
	}
	return w
}

func (w *wish) cel() string {
	out := ""
	for i, p := range w.parts {
		if i > 0 {
			out += map[bool]string{true: " || ", false: " && "}[w.any]
		}
		out += fmt.Sprintf("%s %s %q", p.attr, map[bool]string{true: "!=", false: "=="}[p.not], p.val)
	}
	return out
}

func (w *wish) holds(a map[string]string) bool {
	for _, p := range w.parts {
		if ok := (a[p.attr] == p.val) != p.not; ok == w.any {
			return ok
		}
	}
	return !w.any
}

// small is a generated policy with one person, by its own numbers: entitlements 1 to 8, rules and duties from 0.
type small struct {
	rules []struct {
		when *wish
		ents []int
	}
	duties []struct {
		all  bool
		ents []int
	}
	sod []struct {
		duties   []int
		least    int
		reaction string
		when     *wish
	}

	attrs       map[string]string
	found, seen []int // accepted, and seen in the target without a reason
	member      []int // of a role
}

const smallEntitlements = 8

func newSmall(r *rand.Rand) *small {
	some := func(most int) []int {
		out := r.Perm(smallEntitlements)[:1+r.IntN(most)]
		for i := range out {
			out[i]++
		}
		slices.Sort(out)
		return out
	}
	o := &small{attrs: map[string]string{}}
	for range 2 + r.IntN(4) {
		o.rules = append(o.rules, struct {
			when *wish
			ents []int
		}{newWish(r), some(3)})
	}
	for range 2 + r.IntN(3) {
		o.duties = append(o.duties, struct {
			all  bool
			ents []int
		}{r.IntN(3) == 0, some(3)})
	}
	for range 1 + r.IntN(3) {
		s := struct {
			duties   []int
			least    int
			reaction string
			when     *wish
		}{duties: r.Perm(len(o.duties))[:2+r.IntN(len(o.duties)-1)], reaction: policy.Reactions[r.IntN(4)]}
		s.least = 2 + r.IntN(len(s.duties)-1)
		if r.IntN(3) == 0 {
			s.when = newWish(r)
		}
		o.sod = append(o.sod, s)
	}
	for attr, values := range wishes {
		o.attrs[attr] = append(values, "Z")[r.IntN(3)]
	}
	for _, list := range []*[]int{&o.found, &o.seen, &o.member} {
		if r.IntN(2) == 0 {
			*list = some(2)
		}
	}
	return o
}

// other is the person and what is given to them, with one thing or several different.
type other struct {
	attrs       map[string]string
	gone, rules map[int]bool // entitlements that went, rules that do not apply
	excepted    map[int]bool
	left        bool // no member any more
}

func (o *small) performed(s int, held map[int]bool) bool {
	n := 0
	for _, d := range o.sod[s].duties {
		have := 0
		for _, e := range o.duties[d].ents {
			if held[e] {
				have++
			}
		}
		if have == len(o.duties[d].ents) || have > 0 && !o.duties[d].all {
			n++
		}
	}
	return n >= o.sod[s].least
}

func (o *small) broken(s int, held map[int]bool, x other) bool {
	return (o.sod[s].when == nil || o.sod[s].when.holds(x.attrs)) && o.performed(s, held)
}

// judge says by brute force what the person holds in the end, for what of it there is a reason, and which SoD rules they break.
func (o *small) judge(x other) (held, live, broken map[int]bool) {
	held, live, broken = map[int]bool{}, map[int]bool{}, map[int]bool{}
	for _, e := range o.found {
		if !x.gone[e] {
			held[e], live[e] = true, true
		}
	}
	type add struct{ ref, e int }
	var adds []add
	if !x.left {
		for _, e := range o.member {
			if !x.gone[e] {
				adds = append(adds, add{0, e}) // below every rule: its object was made first
			}
		}
	}
	for i := range o.rules {
		for _, e := range o.rules[i].ents {
			if o.rules[i].when.holds(x.attrs) && !x.rules[i] && !x.gone[e] {
				adds = append(adds, add{i + 1, e})
			}
		}
	}
	for _, e := range o.seen { // what would have a reason is weighed as that
		if !x.gone[e] && !slices.ContainsFunc(adds, func(a add) bool { return a.e == e }) {
			held[e] = true
		}
	}
	for _, a := range adds {
		stopped := false
		for s := range o.sod {
			if o.sod[s].reaction != policy.RecordSoD && !x.excepted[s] && o.broken(s, with(held, a.e, true), x) && !o.broken(s, held, x) {
				stopped = true
			}
		}
		if !stopped {
			held[a.e], live[a.e] = true, true
		}
	}
	for s := range o.sod {
		if o.broken(s, held, x) {
			broken[s] = true
		}
	}
	return held, live, broken
}

// compiled is the same policy as the product has it, and the person.
func (o *small) compiled(t *testing.T) (*policy.Snapshot, *catalog.Catalog, *access.Subject) {
	t.Helper()
	set := policy.Set{Roles: map[string]policy.RoleSpec{"R": {Owner: "x", Entitlements: []string{"1"}}}, Rules: map[string]policy.RuleSpec{}, Duties: map[string]policy.DutySpec{}, SoD: map[string]policy.SoDSpec{}}
	text := func(all []int, format string) (out []string) {
		for _, i := range all {
			out = append(out, fmt.Sprintf(format, i))
		}
		return out
	}
	for i, x := range o.rules {
		set.Rules[fmt.Sprintf("B%d", i)] = policy.RuleSpec{When: x.when.cel(), Entitlements: text(x.ents, "%d")}
	}
	for i, x := range o.duties {
		set.Duties[fmt.Sprintf("D%d", i)] = policy.DutySpec{Needs: map[bool]string{true: policy.NeedsAll, false: policy.NeedsAny}[x.all], Entitlements: text(x.ents, "%d")}
	}
	for i, x := range o.sod {
		when := ""
		if x.when != nil {
			when = x.when.cel()
		}
		set.SoD[fmt.Sprintf("S%d", i)] = policy.SoDSpec{Duties: text(x.duties, "D%d"), AtLeast: x.least, Reaction: x.reaction, When: when}
	}
	cat := &catalog.Catalog{Apps: map[int]*catalog.Application{1: {ID: 1, Mode: catalog.Observe}}, Entitlements: map[int]*catalog.Entitlement{}, ByName: map[string]*catalog.Entitlement{}}
	for e := 1; e <= smallEntitlements; e++ {
		cat.Entitlements[e] = &catalog.Entitlement{ID: e, ApplicationID: 1}
		cat.ByName[fmt.Sprint(e)] = cat.Entitlements[e]
	}
	pol, err := policy.Compile(set, cat)
	if err != nil {
		t.Fatal(err)
	}
	s := &access.Subject{Identity: 1, State: identity.Active, Duties: pol.Duties(), Once: map[int]bool{}}
	if err := s.Want(pol, 1, policy.MapAttrs(o.attrs)); err != nil {
		t.Fatal(err)
	}
	for i, e := range o.found {
		s.Reasons = append(s.Reasons, access.Reason{ID: int64(i + 1), Entitlement: e, Kind: access.Found, Ref: 9, ValidFrom: smallNow.AddDate(-1, 0, 0), ValidTo: db.Forever})
	}
	for _, e := range o.member {
		s.Member = append(s.Member, access.Reason{Entitlement: e, Kind: access.Assignment, Ref: objectNamed(pol, policy.KindRole, "R"), ValidFrom: smallNow.AddDate(0, 0, -1), ValidTo: db.Forever})
	}
	h := &access.Holding{App: 1, Exists: true, Held: map[int]bool{}}
	for _, e := range o.seen {
		h.Held[e] = true
	}
	s.Accounts = []*access.Holding{h}
	return pol, cat, s
}

var smallNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func objectNamed(pol *policy.Snapshot, kind, name string) int {
	for _, o := range pol.Objects(kind) {
		if o.Name == name {
			return o.ID
		}
	}
	return 0
}

// reached says by brute force whether a goal would be reached.
func (o *small) reached(goal small1, x other) bool {
	_, live, broken := o.judge(x)
	if goal.e != 0 {
		return live[goal.e]
	}
	return !broken[goal.s] || x.excepted[goal.s]
}

// small1 is a goal by the policy's own numbers.
type small1 struct{ s, e int }

// ones lists by brute force every single fact that would do.
func (o *small) ones(goal small1) []string {
	var out []string
	for e := 1; e <= smallEntitlements; e++ {
		if e != goal.e && o.reached(goal, other{attrs: o.attrs, gone: map[int]bool{e: true}}) {
			out = append(out, fmt.Sprintf("access %d", e))
		}
	}
	for i := range o.rules {
		if o.reached(goal, other{attrs: o.attrs, rules: map[int]bool{i: true}}) {
			out = append(out, fmt.Sprintf("rule B%d", i))
		}
	}
	if len(o.member) > 0 && o.reached(goal, other{attrs: o.attrs, left: true}) {
		out = append(out, "member R")
	}
	for _, s := range o.acceptable(goal) {
		if o.reached(goal, other{attrs: o.attrs, excepted: map[int]bool{s: true}}) {
			out = append(out, fmt.Sprintf("exception S%d", s))
		}
	}
	for attr, values := range o.written() {
		if o.reached(goal, other{attrs: with(o.attrs, attr, "nobody wrote this")}) {
			out = append(out, "attribute "+attr+" other")
			continue
		}
		for v := range values {
			if v != o.attrs[attr] && o.reached(goal, other{attrs: with(o.attrs, attr, v)}) {
				out = append(out, "attribute "+attr+" "+v)
			}
		}
	}
	slices.Sort(out)
	return out
}

func with[K comparable, V any](a map[K]V, name K, value V) map[K]V {
	out := maps.Clone(a)
	out[name] = value
	return out
}

// acceptable are the rules that stand in the way of a goal and that somebody could accept to be broken.
func (o *small) acceptable(goal small1) (out []int) {
	held, _, broken := o.judge(other{attrs: o.attrs})
	more := with(held, goal.e, true)
	for s := range o.sod {
		stands := s == goal.s
		if goal.e != 0 {
			stands = !broken[s] && o.broken(s, more, other{attrs: o.attrs})
		}
		if stands && o.sod[s].reaction != policy.Refuse {
			out = append(out, s)
		}
	}
	return out
}

// written are the values that conditions name, by attribute.
func (o *small) written() map[string]map[string]bool {
	out := map[string]map[string]bool{}
	add := func(w *wish) {
		for _, p := range w.parts {
			if out[p.attr] == nil {
				out[p.attr] = map[string]bool{}
			}
			out[p.attr][p.val] = true
		}
	}
	for _, x := range o.rules {
		add(x.when)
	}
	for _, x := range o.sod {
		if x.when != nil {
			add(x.when)
		}
	}
	return out
}

// least is the size of a smallest set of ends of access and exceptions that would do, 0 where it takes more than three.
func (o *small) least(goal small1) int {
	var facts []other
	for e := 1; e <= smallEntitlements; e++ {
		if e != goal.e {
			facts = append(facts, other{gone: map[int]bool{e: true}})
		}
	}
	for _, s := range o.acceptable(goal) {
		facts = append(facts, other{excepted: map[int]bool{s: true}})
	}
	for n := 1; n <= 3; n++ {
		var pick func(from int, x other, left int) bool
		pick = func(from int, x other, left int) bool {
			if left == 0 {
				return o.reached(goal, x)
			}
			for i := from; i < len(facts); i++ {
				y := other{attrs: x.attrs, gone: maps.Clone(x.gone), excepted: maps.Clone(x.excepted)}
				maps.Copy(y.gone, facts[i].gone)
				maps.Copy(y.excepted, facts[i].excepted)
				if pick(i+1, y, left-1) {
					return true
				}
			}
			return false
		}
		if pick(0, other{attrs: o.attrs, gone: map[int]bool{}, excepted: map[int]bool{}}, n) {
			return n
		}
	}
	return 0
}

// names puts an answer in the words of the oracle, and in its facts.
func (o *small) names(pol *policy.Snapshot, facts []access.Fact) ([]string, other) {
	out, x := []string{}, other{attrs: o.attrs, gone: map[int]bool{}, excepted: map[int]bool{}}
	for _, f := range facts {
		switch f.What {
		case access.EndOfAccess:
			out, x.gone[f.Entitlement] = append(out, fmt.Sprintf("access %d", f.Entitlement)), true
		case access.OtherAttribute:
			to := f.Change.To
			if to == policy.Another {
				to = "other"
			}
			out = append(out, "attribute "+f.Change.Attribute+" "+to)
		default:
			name := pol.Object(f.Ref).Name
			var n int
			if _, err := fmt.Sscanf(name, "S%d", &n); err == nil {
				x.excepted[n] = true
			}
			out = append(out, f.What+" "+name)
		}
	}
	slices.Sort(out)
	return out, x
}

// What would end a violation, or let something withheld be granted, is what trying everything by brute force finds: every end of access, of
// a rule and of a membership, every value of every attribute and every exception that is enough alone, and nothing else; where nothing is,
// a smallest set.
func TestWayOutOfGeneratedConflicts(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 7))
	kinds := map[string]int{}
	// Three that only do together are drawn some twice in a thousand policies: it goes on until there was one.
	for i := 0; i < 1000 || kinds["3 together"] == 0 && i < 20000; i++ {
		o := newSmall(r)
		pol, cat, s := o.compiled(t)
		_, live, broken := o.judge(other{attrs: o.attrs})
		d := access.Desired(subjectOf(s), cat, smallNow)
		if got := access.Entitlements(d.Live, smallNow); !slices.Equal(got, slices.Sorted(maps.Keys(live))) {
			t.Fatalf("policy %d of seed %d: the oracle gives %v, the product %v", i, seed, live, got)
		}
		var goals []small1
		for n := range broken {
			goals = append(goals, small1{s: n})
		}
		for _, w := range d.Withheld {
			if g := (small1{e: w.Entitlement}); !live[w.Entitlement] && !slices.Contains(goals, g) {
				goals = append(goals, g)
			}
		}
		for _, g := range goals {
			goal := access.Goal{Entitlement: g.e}
			if g.e == 0 {
				goal.Rule = objectNamed(pol, policy.KindSoD, fmt.Sprintf("S%d", g.s))
			}
			got := subjectOf(s).WayOut(pol, cat, goal, smallNow)
			names, _ := o.names(pol, got.One)
			want := o.ones(g)
			if diff := cmp.Diff(append([]string{}, want...), names); diff != "" {
				t.Fatalf("policy %d of seed %d, goal %+v (-brute force +product):\n%s", i, seed, g, diff)
			}
			for _, f := range got.One {
				kinds[f.What]++
			}
			if len(want) > 0 {
				continue
			}
			least := o.least(g)
			if _, x := o.names(pol, got.Together); len(got.Together) != least || least > 0 && !o.reached(g, x) {
				t.Fatalf("policy %d of seed %d, goal %+v: %d together would do, and %v is said", i, seed, g, least, got.Together)
			}
			kinds[fmt.Sprintf("%d together", least)]++
		}
	}
	for _, kind := range []string{access.EndOfAccess, access.EndOfRule, access.EndOfMember, access.OtherAttribute, access.Accepting, "2 together", "3 together"} {
		if kinds[kind] < 1 {
			t.Errorf("%s was an answer %d times only: the generator tests nothing", kind, kinds[kind])
		}
	}
}

// subjectOf is the same person once more: judging one leaves traces in it.
func subjectOf(s *access.Subject) *access.Subject {
	c := *s
	c.Member = slices.Clone(s.Member)
	return &c
}
