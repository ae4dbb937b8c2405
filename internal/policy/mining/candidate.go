package mining

import (
	"cmp"
	"container/heap"
	"fmt"
	"slices"
	"strconv"
)

// Candidate is a role with what somebody needs to know who must judge it.
type Candidate struct {
	Role
	Name string // suggested; no two candidates have the same

	Pairs    int     // members x entitlements
	Share    float64 // Pairs / all pairs that are held
	New      int     // pairs that no candidate before this one gives
	Alone    int     // pairs that no other candidate gives
	Reach    float64 // share of all pairs that this candidate and those before it give
	Cohesion float64 // mean share of this role in what a member holds: 1 where they hold nothing else
	Saved    int     // New - members - entitlements: the lines of a list of pairs that the role replaces, less its own

	GainsNothing bool // every member holds every entitlement; always so for roles of a Cover
	Rule         *Rule
	Score        float64 // Saved, at full weight where the rule finds the members exactly and at half where there is none
	Why          string  // the score in words
}

// Candidates judges roles. The most useful comes first: the next is always the one with the highest score after those before it.
func Candidates(m *Matrix, roles []Role, o *Organisation) []Candidate {
	j := &judge{Matrix: m, people: newIndex(o), names: o.Entitlements, times: make([]int32, len(m.held)), given: make([]bool, len(m.held))}
	waiting := make(ranking, 0, len(roles))
	for i, r := range roles {
		e := j.entry(r, i)
		for _, at := range e.pairs {
			j.times[at]++
		}
		waiting = append(waiting, e)
	}
	// What a role adds only gets less by those before it: an old score is a bound, and only the highest must be looked at again.
	heap.Init(&waiting)
	out := make([]Candidate, 0, len(roles))
	reach := 0
	for len(waiting) > 0 {
		e := waiting[0]
		was := e.Score
		if j.rate(e); e.Score < was {
			heap.Fix(&waiting, 0)
			continue
		}
		heap.Pop(&waiting)
		for _, at := range e.pairs {
			if j.times[at] == 1 {
				e.Alone++
			}
			j.given[at] = true
		}
		if reach += e.New; m.Pairs() > 0 {
			e.Reach = float64(reach) / float64(m.Pairs())
		}
		out = append(out, e.Candidate)
	}
	j.nameAll(out)
	for i := range out {
		out[i].Why = out[i].why()
	}
	return out
}

// judge is what candidates are weighed with.
type judge struct {
	*Matrix
	people *index
	names  map[int64]string
	times  []int32 // how many roles give a pair, by its place in held
	given  []bool  // by those that come before
}

// entry is a candidate that waits for its rank.
type entry struct {
	Candidate
	pairs  []int32 // places in held
	weight float64
	at     int
}

func (j *judge) entry(r Role, at int) *entry {
	e := &entry{Candidate: Candidate{Role: r, Pairs: r.pairs(), GainsNothing: true, Rule: j.people.suggest(r.Members)}, at: at, weight: 0.5}
	for _, id := range r.Members {
		i, known := slices.BinarySearch(j.Matrix.people, id)
		if !known {
			e.GainsNothing = e.GainsNothing && len(r.Entitlements) == 0
			continue
		}
		row, held := j.row(i), 0
		for _, ent := range r.Entitlements {
			p, _ := slices.BinarySearch(j.entitlements, ent)
			if k, ok := slices.BinarySearch(row, int32(p)); ok && j.entitlements[row[k]] == ent {
				e.pairs = append(e.pairs, j.start[i]+int32(k))
				held++
			}
		}
		e.GainsNothing = e.GainsNothing && held == len(r.Entitlements)
		e.Cohesion += float64(held) / float64(len(row)) / float64(len(r.Members))
	}
	if j.Pairs() > 0 {
		e.Share = float64(len(e.pairs)) / float64(j.Pairs())
	}
	if e.Rule != nil {
		e.weight += 0.5 * measure(e.Rule.Hits, e.Rule.Matches, len(r.Members))
	}
	j.rate(e)
	return e
}

func (j *judge) rate(e *entry) {
	e.New = 0
	for _, at := range e.pairs {
		if !j.given[at] {
			e.New++
		}
	}
	e.Saved = e.New - len(e.Members) - len(e.Entitlements)
	if e.Score = float64(e.Saved) * e.weight; e.Saved < 0 {
		e.Score = float64(e.Saved) // half of a loss would be a gain
	}
}

// ranking is a heap, the highest score first.
type ranking []*entry

func (r ranking) Len() int           { return len(r) }
func (r ranking) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }
func (r ranking) Less(i, j int) bool { return r[i].before(r[j]) }

// Push adds an *entry.
func (r *ranking) Push(e any) { *r = append(*r, e.(*entry)) }

// Pop removes the last.
func (r *ranking) Pop() any {
	old := *r
	e := old[len(old)-1]
	*r = old[:len(old)-1]
	return e
}

func (e *entry) before(f *entry) bool {
	return cmp.Or(cmp.Compare(f.Score, e.Score), cmp.Compare(f.Pairs, e.Pairs), cmp.Compare(e.at, f.at)) < 0
}

func (c *Candidate) why() string {
	s := fmt.Sprintf("%s with %s each: %s, %s that no candidate before gives, in %s", count(len(c.Members), "person", "people"),
		count(len(c.Entitlements), "entitlement", "entitlements"), count(c.Pairs, "grant", "grants"), strconv.Itoa(c.New),
		count(len(c.Members)+len(c.Entitlements), "line", "lines"))
	switch r := c.Rule; {
	case r == nil:
		return s + "; no attributes tell the members from others, so the score is halved"
	case r.Matches == r.Hits && r.Hits == len(c.Members):
		return s + "; the rule finds exactly the members"
	case r.Matches == r.Hits:
		return fmt.Sprintf("%s; the rule finds %d of the members and nobody else", s, r.Hits)
	default:
		return fmt.Sprintf("%s; the rule finds %d of the members and %s", s, r.Hits, count(r.Matches-r.Hits, "other person", "other people"))
	}
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// nameAll suggests names: what the rule says, otherwise what the role gives. A name that is taken gets a number.
func (j *judge) nameAll(all []Candidate) {
	taken := map[string]int{}
	for i := range all {
		name := j.name(&all[i])
		taken[name]++
		if n := taken[name]; n > 1 {
			for taken[numbered(name, n)] > 0 {
				n++
			}
			taken[name] = n
			name = numbered(name, n)
			taken[name]++
		}
		all[i].Name = name
	}
}

func numbered(name string, n int) string { return fmt.Sprintf("%s (%d)", name, n) }

func (j *judge) name(c *Candidate) string {
	if c.Rule != nil {
		if len(c.Rule.Conditions) == 0 {
			return "Everybody"
		}
		name := ""
		for i, cond := range c.Rule.Conditions {
			values := cond.Values
			if n := len(values); n > 3 {
				values = append(slices.Clone(values[:2]), fmt.Sprintf("%d more", n-2))
			}
			if i > 0 {
				name += ": "
			}
			name += list(values, "and")
		}
		return name
	}
	// The rarest entitlement is what the role is about.
	rarest, least := "", 0
	for _, e := range c.Entitlements {
		at, ok := slices.BinarySearch(j.entitlements, e)
		if !ok {
			continue
		}
		if n := len(j.holders(at)); rarest == "" || n < least {
			rarest, least = j.called(e), n
		}
	}
	if n := len(c.Entitlements) - 1; n > 0 {
		return fmt.Sprintf("%s and %d more", rarest, n)
	}
	return rarest
}

// called gives the name of an entitlement, its id where it has none.
func (j *judge) called(e int64) string {
	if name := j.names[e]; name != "" {
		return name
	}
	return fmt.Sprintf("Entitlement %d", e)
}
