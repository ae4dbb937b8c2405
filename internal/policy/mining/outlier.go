package mining

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// OutlierOptions say who is a peer of whom, and what is rare. Zero values stand for what is said beside each.
type OutlierOptions struct {
	// Attributes in which peers agree, the most important first. Where that gives too few peers the last is left out, and so on.
	// None: peers are those with the most similar access.
	Attributes []string
	LeastPeers int     // people beside oneself for their access to mean something; 10
	Nearest    int     // peers by access, where attributes give too few; 25
	Rare       float64 // share of the other peers up to which a pair is an outlier; 0.1
	// Common is the share from which a group's access is ordinary: what so many of those who agree in any one attribute of the
	// organisation hold is no outlier, whatever the peers hold; 0.5.
	Common float64
	// Own is the share from which an entitlement is the peers' own: where so many of those who hold it are peers it is no outlier with
	// them, however few they are; 0.5.
	Own float64
	// Sole asks for entitlements as well that nobody else in the matrix holds: with whom should one compare?
	Sole bool
}

// Outlier is a pair that few of the person's peers have.
type Outlier struct {
	Pair
	Peers      int      // people who are compared, the person included
	Holders    int      // those of them who hold the entitlement, the person included
	Elsewhere  int      // people who hold it and are no peers
	Share      float64  // of the other peers who hold it: (Holders - 1) / (Peers - 1)
	Attributes []string // in which the peers agree; none: they are those with the most similar access
	Values     []string // of Attributes
	Reason     string   // in words
}

// Outliers gives the pairs that few peers have: the rarest first, among these the ones with the most peers. Who has too few peers, by
// attributes and by access, is not judged.
func Outliers(m *Matrix, o *Organisation, options OutlierOptions) []Outlier {
	f := newFinder(m, o, options)
	var out []Outlier
	for i := range m.people {
		p := f.peersOf(i)
		if p == nil {
			continue
		}
		for _, e := range m.row(i) {
			n, all := p.holding(m, e), len(m.holders(int(e)))
			own := all > 1 && float64(n-1) >= f.Own*float64(all-1) || all == 1 && !f.Sole
			if share := float64(n-1) / float64(p.size-1); share <= f.Rare && !own && !f.common(i, e) {
				out = append(out, Outlier{Pair: Pair{m.people[i], m.entitlements[e]}, Peers: p.size, Holders: n, Elsewhere: all - n, Share: share,
					Attributes: p.attributes, Values: p.values, Reason: p.reason(n)})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Outlier) int {
		return cmp.Or(cmp.Compare(a.Share, b.Share), cmp.Compare(b.Peers, a.Peers), order(a.Pair, b.Pair))
	})
	return out
}

// peers are people who are compared with each other, or with one of them.
type peers struct {
	people     []int32 // rows of the matrix; those who hold nothing only count
	size       int
	attributes []string
	values     []string
	holds      map[int32]int // people by entitlement; counted when first asked for
}

func (p *peers) holding(m *Matrix, e int32) int {
	if p.holds == nil {
		p.holds = map[int32]int{}
		for _, i := range p.people {
			for _, e := range m.row(int(i)) {
				p.holds[e]++
			}
		}
	}
	return p.holds[e]
}

type finder struct {
	OutlierOptions
	m      *Matrix
	x      *index
	place  []int               // in the index of each row of the matrix, -1 for those whom HR does not know
	used   []int               // places of Attributes in the organisation
	groups []map[string]*peers // by the number of attributes less one: by their codes
	each   []map[int32]*peers  // by single attribute of the organisation: by code
	shared []int32             // room for sharing, by row
}

func newFinder(m *Matrix, o *Organisation, options OutlierOptions) *finder {
	f := &finder{OutlierOptions: options, m: m, x: newIndex(o), place: make([]int, len(m.people)), shared: make([]int32, len(m.people))}
	f.LeastPeers = cmp.Or(f.LeastPeers, 10)
	f.Nearest = max(cmp.Or(f.Nearest, 25), f.LeastPeers)
	f.Rare = cmp.Or(f.Rare, 0.1)
	f.Common = cmp.Or(f.Common, 0.5)
	f.Own = cmp.Or(f.Own, 0.5)
	for _, a := range f.Attributes {
		if i := slices.Index(o.Attributes, a); i >= 0 {
			f.used = append(f.used, i)
		}
	}
	for i, id := range m.people {
		at, ok := f.x.place[id]
		if f.place[i] = at; !ok {
			f.place[i] = -1
		}
	}
	f.group()
	return f
}

// group puts everybody whom HR knows into the groups of their attributes.
func (f *finder) group() {
	f.groups = make([]map[string]*peers, len(f.used))
	for n := range f.groups {
		f.groups[n] = map[string]*peers{}
	}
	f.each = make([]map[int32]*peers, len(f.x.attributes))
	for a := range f.each {
		f.each[a] = map[int32]*peers{}
	}
	for at, id := range f.x.ids {
		row, holds := slices.BinarySearch(f.m.people, id)
		join := func(p *peers) {
			p.size++
			if holds {
				p.people = append(p.people, int32(row))
			}
		}
		for n := range f.groups {
			if key, ok := f.key(at, n+1); ok {
				p := f.groups[n][key]
				if p == nil {
					p = &peers{}
					for _, a := range f.used[:n+1] {
						p.attributes = append(p.attributes, f.x.attributes[a])
						p.values = append(p.values, f.x.values[a][f.x.code[a][at]])
					}
					f.groups[n][key] = p
				}
				join(p)
			}
		}
		for a, by := range f.each {
			if c := f.x.code[a][at]; c != 0 {
				if by[c] == nil {
					by[c] = &peers{}
				}
				join(by[c])
			}
		}
	}
}

// key names the group of a person by the first n attributes; nobody is a peer by a value that is missing.
func (f *finder) key(at, n int) (string, bool) {
	var b strings.Builder
	for _, a := range f.used[:n] {
		c := f.x.code[a][at]
		if c == 0 {
			return "", false
		}
		fmt.Fprintf(&b, "%d ", c)
	}
	return b.String(), true
}

// peersOf gives the peers of a row, nil where there are too few.
func (f *finder) peersOf(row int) *peers {
	if at := f.place[row]; at >= 0 {
		for n := len(f.used); n > 0; n-- {
			if key, ok := f.key(at, n); ok {
				if p := f.groups[n-1][key]; p.size > f.LeastPeers {
					return p
				}
			}
		}
	}
	return f.nearest(row)
}

// common says whether most of those who agree in one attribute hold an entitlement.
func (f *finder) common(row int, e int32) bool {
	at := f.place[row]
	if at < 0 {
		return false
	}
	for a, by := range f.each {
		p := by[f.x.code[a][at]]
		if p != nil && p.size > f.LeastPeers && float64(p.holding(f.m, e)-1) >= f.Common*float64(p.size-1) {
			return true
		}
	}
	return false
}

// Bounds of the search for similar access: holders looked at, those of the rarest entitlements first, and how many times Nearest of those
// who share most are compared exactly.
const (
	maxNear  = 4000
	moreNear = 4
)

// nearest gives a row and the people with the most similar access; those who share nothing are nobody's peers.
func (f *finder) nearest(row int) *peers {
	type near struct {
		row        int32
		similarity float64
	}
	held := f.m.row(row)
	var all []near
	for _, other := range f.sharing(row, moreNear*f.Nearest) {
		theirs := f.m.row(int(other))
		shared := both(held, theirs)
		all = append(all, near{other, float64(shared) / float64(len(held)+len(theirs)-shared)})
	}
	if len(all) < f.LeastPeers {
		return nil
	}
	slices.SortFunc(all, func(a, b near) int { return cmp.Or(cmp.Compare(b.similarity, a.similarity), cmp.Compare(a.row, b.row)) })
	p := &peers{people: []int32{int32(row)}}
	for _, n := range all[:min(len(all), f.Nearest)] {
		p.people = append(p.people, n.row)
	}
	p.size = len(p.people)
	return p
}

// sharing gives up to n rows that share the most entitlements with one, as far as its rarest entitlements tell.
func (f *finder) sharing(row, n int) []int32 {
	held := slices.Clone(f.m.row(row))
	slices.SortStableFunc(held, func(a, b int32) int { return cmp.Compare(len(f.m.holders(int(a))), len(f.m.holders(int(b)))) })
	var found []int32
	looked := 0
	for _, e := range held {
		holders := f.m.holders(int(e))
		if looked+len(holders) > maxNear && len(found) >= n {
			break
		}
		for _, other := range holders[:min(len(holders), maxNear)] {
			if int(other) == row {
				continue
			}
			if f.shared[other]++; f.shared[other] == 1 {
				found = append(found, other)
			}
		}
		looked += len(holders)
	}
	by := make([][]int32, len(held)+1)
	for _, other := range found {
		by[f.shared[other]] = append(by[f.shared[other]], other)
		f.shared[other] = 0
	}
	found = found[:0]
	for k := len(by) - 1; k > 0 && len(found) < n; k-- {
		slices.Sort(by[k])
		found = append(found, by[k][:min(len(by[k]), n-len(found))]...)
	}
	return found
}

// both counts what two ascending lists share.
func both(a, b []int32) (n int) {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			n, a, b = n+1, a[1:], b[1:]
		}
	}
	return n
}

// reason says the share in words, for a reviewer.
func (p *peers) reason(holders int) string {
	verb := "hold"
	if holders == 1 {
		verb = "holds"
	}
	return fmt.Sprintf("%d of %d people %s %s this", holders, p.size, p.who(), verb)
}

// who says what peers have in common.
func (p *peers) who() string {
	if len(p.attributes) == 0 {
		return "with the most similar access"
	}
	var all []string
	for i, a := range p.attributes {
		v := p.values[i]
		switch a {
		case "department", "company", "country", "location":
			all = append(all, "in "+v)
		case "title":
			all = append(all, "with the title "+v)
		case "manager":
			all = append(all, "who report to "+v)
		default:
			all = append(all, "with "+strings.ReplaceAll(a, "_", " ")+" "+v)
		}
	}
	return strings.Join(all, " ")
}
