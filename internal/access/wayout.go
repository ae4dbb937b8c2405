package access

import (
	"cmp"
	"slices"
	"time"

	"tenure/internal/catalog"
	"tenure/internal/policy"
)

// Goal is what somebody wants to know the way to: that an SoD rule is broken no more or, with an entitlement, that this is granted, which
// SoD rules withhold now.
type Goal struct{ Rule, Entitlement int }

// reached says whether a judgement is as wanted.
func (g Goal) reached(d *Desire) bool {
	if g.Entitlement != 0 {
		return slices.ContainsFunc(d.Live, func(r Reason) bool { return r.Entitlement == g.Entitlement })
	}
	for i := range d.Broken {
		if d.Broken[i].Rule == g.Rule {
			return false
		}
	}
	return true
}

// What could be different.
const (
	EndOfAccess    = "access"    // an entitlement goes, whatever gives it
	EndOfRule      = "rule"      // a birthright rule does not apply any more
	EndOfMember    = "member"    // a membership in a role ends
	OtherAttribute = "attribute" // an attribute of a job is another one
	Accepting      = "exception" // somebody else accepts that an SoD rule is broken
)

// Fact is one thing that could be different.
type Fact struct {
	What        string
	Entitlement int           // of an end of access
	Ways        []Way         // what gives it now; without a kind: seen in the target without a reason
	Ref         int           // the birthright rule, the role or the SoD rule
	Change      policy.Change // of an attribute; To is policy.Another where any value will do that no condition names
	Job         int           // whose attribute it is: the employment
	Stops       []int         // the birthright rules that would not apply any more with it
}

// WayOut is what would bring somebody to a goal. Each of One is enough alone. Where nothing is, Together is a smallest set of ends of access
// and exceptions that is enough, or nil where it would take more than three.
type WayOut struct {
	One      []Fact
	Together []Fact
}

// mostTries bounds how many values of attributes are tried, mostTogether of how many facts sets are made.
const (
	mostTries    = 400
	mostTogether = 14
)

// WayOut says what would bring the person to a goal. Each answer was tried: the person is judged anew with the one fact changed, as they
// would be if it were so. A hand-over counts as over. It changes nothing in the subject, which must not have been judged before.
func (s *Subject) WayOut(pol *policy.Snapshot, cat *catalog.Catalog, g Goal, now time.Time) WayOut {
	r := releasing{s: s, pol: pol, cat: cat, goal: g, now: now}
	d := Desired(s.twin(), cat, now)
	if s.Duties == nil || !s.holds() || g.reached(&d) {
		return WayOut{}
	}
	var out WayOut
	ends := r.ends(&d)
	for _, f := range append(append(ends, r.sources(&d)...), r.exceptions(&d)...) {
		if r.try(f) {
			out.One = append(out.One, f)
		}
	}
	out.One = append(out.One, r.attributes()...)
	slices.SortStableFunc(out.One, func(a, b Fact) int { return factOrder(a.What) - factOrder(b.What) })
	if len(out.One) == 0 {
		out.Together = r.together(append(r.exceptions(&d), r.near(&d, ends)...))
	}
	return out
}

// near puts what stands in a duty of the rules concerned first.
func (r *releasing) near(d *Desire, ends []Fact) []Fact {
	var in []int
	for _, rule := range r.concerned(d) {
		in = append(in, r.pol.InDuties(rule)...)
	}
	slices.SortStableFunc(ends, func(a, b Fact) int {
		switch x, y := slices.Contains(in, a.Entitlement), slices.Contains(in, b.Entitlement); {
		case x == y:
			return 0
		case x:
			return -1
		}
		return 1
	})
	return ends
}

func factOrder(what string) int {
	return slices.Index([]string{EndOfAccess, EndOfRule, EndOfMember, OtherAttribute, Accepting}, what)
}

// releasing tries facts for one person and goal.
type releasing struct {
	s    *Subject
	pol  *policy.Snapshot
	cat  *catalog.Catalog
	goal Goal
	now  time.Time
}

// try judges the person as they would be if these facts were so.
func (r *releasing) try(facts ...Fact) bool {
	c := r.s.twin()
	accepted := false
	for _, f := range facts {
		switch f.What {
		case EndOfAccess:
			c.lose(f.Entitlement)
		case EndOfRule:
			c.Wanted = slices.DeleteFunc(c.Wanted, func(w Reason) bool { return w.Ref == f.Ref })
		case EndOfMember:
			c.Member = slices.DeleteFunc(c.Member, func(m Reason) bool { return m.Ref == f.Ref })
		case Accepting:
			c.Except(f.Ref)
			accepted = accepted || f.Ref == r.goal.Rule
		}
	}
	if accepted && r.goal.Entitlement == 0 {
		return true // it is broken still, and that is accepted
	}
	d := Desired(c, r.cat, r.now)
	return r.goal.reached(&d)
}

// concerned gives the SoD rules that stand between the person and the goal.
func (r *releasing) concerned(d *Desire) []int {
	if r.goal.Entitlement == 0 {
		return []int{r.goal.Rule}
	}
	var out []int
	for _, w := range d.Withheld {
		if w.Entitlement == r.goal.Entitlement && !slices.Contains(out, w.Rule) {
			out = append(out, w.Rule)
		}
	}
	return out
}

// ends are the ends of what is held, or will be, and stands in a duty, ascending by entitlement. What is withheld is among them: when
// something else ends it could come and stand in the way.
func (r *releasing) ends(d *Desire) []Fact {
	ways := map[int][]Way{}
	add := func(x *Reason) {
		w := Way{Entitlement: x.Entitlement, Kind: x.Kind, Ref: x.Ref, Via: x.Via}
		if !slices.Contains(ways[x.Entitlement], w) {
			ways[x.Entitlement] = append(ways[x.Entitlement], w)
		}
	}
	for i := range d.weighed {
		add(&d.weighed[i])
	}
	for _, h := range r.s.Accounts {
		for e := range h.Held {
			if ways[e] == nil {
				ways[e] = []Way{{Entitlement: e}}
			}
		}
	}
	var out []Fact
	for _, e := range r.s.Duties.Engine().Entitlements() {
		if len(ways[e]) > 0 && e != r.goal.Entitlement {
			out = append(out, Fact{What: EndOfAccess, Entitlement: e, Ways: ways[e]})
		}
	}
	return out
}

// sources are the ends of rules and memberships, each with all that it gives.
func (r *releasing) sources(d *Desire) []Fact {
	var out []Fact
	for i := range d.weighed {
		x := &d.weighed[i]
		f := Fact{Ref: x.Ref}
		switch x.Kind {
		case Birthright:
			f.What = EndOfRule
		case Assignment:
			f.What = EndOfMember
		default:
			continue
		}
		if !slices.ContainsFunc(out, func(o Fact) bool { return o.What == f.What && o.Ref == f.Ref }) {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b Fact) int { return cmp.Or(cmp.Compare(a.What, b.What), a.Ref-b.Ref) })
	return out
}

// exceptions are those that somebody else could accept.
func (r *releasing) exceptions(d *Desire) []Fact {
	var out []Fact
	for _, rule := range r.concerned(d) {
		if r.s.Duties.Reaction(rule) != policy.Refuse && !r.s.Excepted(rule) {
			out = append(out, Fact{What: Accepting, Ref: rule})
		}
	}
	return out
}

// attributes tries for each attribute of each job first a value that no condition names and then those that they name. Where the first will
// do, the others are not told.
func (r *releasing) attributes() []Fact {
	written := r.pol.Written()
	var out []Fact
	tries := 0
	for _, name := range r.pol.Reads() {
		for i, job := range r.s.asked {
			for _, to := range append([]string{policy.Another}, written[name]...) {
				if tries++; tries > mostTries {
					return out
				}
				f := Fact{What: OtherAttribute, Job: job.employment, Change: policy.Change{Attribute: name, From: job.attrs.Get(name), To: to}}
				if f.Change.From == to || !r.tryChange(i, &f) {
					continue
				}
				out = append(out, f)
				if to == policy.Another {
					break
				}
			}
		}
	}
	return out
}

// tryChange judges the person with one attribute of one job changed, and notes which rules do not apply any more.
func (r *releasing) tryChange(job int, f *Fact) bool {
	c := r.s.twin()
	c.Wanted, c.Jobs, c.Works, c.asked = nil, nil, nil, nil
	for i, j := range r.s.asked {
		a := j.attrs
		if i == job {
			a = f.Change.Of(a)
		}
		if err := c.Want(r.pol, j.employment, a); err != nil {
			return false
		}
	}
	for i := range r.s.Wanted {
		w := &r.s.Wanted[i]
		if !slices.Contains(f.Stops, w.Ref) && !slices.ContainsFunc(c.Wanted, func(x Reason) bool { return x.Ref == w.Ref }) {
			f.Stops = append(f.Stops, w.Ref)
		}
	}
	d := Desired(c, r.cat, r.now)
	return r.goal.reached(&d)
}

// together finds a smallest set of two or three facts that is enough, the first of them in order.
func (r *releasing) together(facts []Fact) []Fact {
	facts = facts[:min(len(facts), mostTogether)]
	for i := range facts {
		for j := i + 1; j < len(facts); j++ {
			if r.try(facts[i], facts[j]) {
				return []Fact{facts[i], facts[j]}
			}
		}
	}
	for i := range facts {
		for j := i + 1; j < len(facts); j++ {
			for k := j + 1; k < len(facts); k++ {
				if r.try(facts[i], facts[j], facts[k]) {
					return []Fact{facts[i], facts[j], facts[k]}
				}
			}
		}
	}
	return nil
}

// twin is a copy that may be judged without a trace. What a move would hand over is over, and nothing is taken back.
func (s *Subject) twin() *Subject {
	c := *s
	c.HandOver, c.Undo = false, nil
	c.Wanted, c.Reasons, c.Member = slices.Clone(s.Wanted), slices.Clone(s.Reasons), slices.Clone(s.Member)
	for i := range c.Member {
		c.Member[i].ID = 0
	}
	c.standing.exceptions = slices.Clone(s.standing.exceptions)
	return &c
}

// lose takes an entitlement away with everything that gives it, and from what targets show.
func (s *Subject) lose(entitlement int) {
	gone := func(r Reason) bool { return r.Entitlement == entitlement }
	s.Wanted, s.Reasons, s.Member = slices.DeleteFunc(s.Wanted, gone), slices.DeleteFunc(s.Reasons, gone), slices.DeleteFunc(s.Member, gone)
	accounts := make([]*Holding, len(s.Accounts))
	for i, h := range s.Accounts {
		c := *h
		c.Held = make(map[int]bool, len(h.Held))
		for e := range h.Held {
			if e != entitlement {
				c.Held[e] = true
			}
		}
		accounts[i] = &c
	}
	s.Accounts = accounts
}
