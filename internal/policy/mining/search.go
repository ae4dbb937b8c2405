package mining

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
)

// sorting puts pairs into classes, each of which one role can give.
type sorting struct {
	g     *grid
	cells []cell
	work  int // places looked at
	most  int // of them
}

// class is some pairs that fit each other; people and ents are those who fit all of them.
type class struct {
	cells        []cell
	people, ents set
}

func (s *sorting) newClass(c cell) *class {
	return &class{[]cell{c}, s.g.col[c.p].clone(), s.g.row[c.u].clone()}
}

func (c *class) fits(x cell) bool { return c.people.has(int(x.u)) && c.ents.has(int(x.p)) }

func (s *sorting) add(c *class, x cell) {
	c.cells = append(c.cells, x)
	c.people.keep(s.g.col[x.p])
	c.ents.keep(s.g.row[x.u])
	s.work += len(c.people) + len(c.ents)
}

// first puts every pair, in the order given, into the first class that it fits; nil when the work is done before.
func (s *sorting) first(cells []cell) (out []*class) {
next:
	for _, x := range cells {
		if s.work > s.most {
			return nil
		}
		for i, c := range out {
			if c.fits(x) {
				s.work += 3 * (i + 1)
				s.add(c, x)
				continue next
			}
		}
		s.work += 3 * len(out)
		out = append(out, s.newClass(x))
	}
	return out
}

// start gives the best of what is found at once: a greedy cover of the pairs, one by large roles, and the pairs sorted in order.
func (s *sorting) start() []*class {
	row, col := newLines(len(s.g.row), len(s.g.col)), newLines(len(s.g.col), len(s.g.row))
	for _, c := range s.cells {
		row[c.u].add(int(c.p))
		col[c.p].add(int(c.u))
	}
	best := s.classes(row, s.g.preview(row, col))
	if blocks := s.g.large(row, col, &s.work, s.most/8); blocks != nil && len(blocks) < len(best) {
		best = s.classes(row, blocks)
	}
	if other := s.first(s.cells); other != nil && len(other) < len(best) {
		best = other
	}
	return best
}

// classes sorts the pairs of rows by the first block that has them.
func (s *sorting) classes(row []set, blocks []block) (out []*class) {
	row = cloneAll(row)
	for _, b := range blocks {
		var c *class
		b.people.each(func(u int) {
			eachOfBoth(row[u], b.ents, func(p int) {
				row[u].remove(p)
				if x := (cell{int32(u), int32(p)}); c == nil {
					c = s.newClass(x)
				} else {
					s.add(c, x)
				}
			})
		})
		if c != nil {
			out = append(out, c)
		}
	}
	return out
}

func newLines(n, width int) []set {
	out := make([]set, n)
	for i := range out {
		out[i] = newSet(width)
	}
	return out
}

// patience is how often pairs are sorted anew without fewer classes before that is given up.
const patience = 2000

// search improves classes until there are no more than enough, patience or work ends, or the context. The same input gives the same
// result.
func (s *sorting) search(ctx context.Context, best []*class, enough int) []*class {
	random := rand.New(rand.NewPCG(7, 11)) //nolint:gosec // a fixed sequence is the point
	now, tries := best, 0
	for s.work < s.most && len(best) > enough && tries < patience && ctx.Err() == nil {
		now = slices.Clone(now)
		switch random.IntN(10) {
		case 0, 1, 2, 3, 4:
			slices.Reverse(now)
		case 5, 6, 7:
			slices.SortStableFunc(now, func(a, b *class) int { return cmp.Compare(len(b.cells), len(a.cells)) })
		default:
			random.Shuffle(len(now), func(i, j int) { now[i], now[j] = now[j], now[i] })
		}
		cells := make([]cell, 0, len(s.cells))
		for _, c := range now {
			cells = append(cells, c.cells...)
		}
		if now = s.first(cells); now == nil {
			break
		}
		if tries++; len(now) < len(best) {
			best, tries = now, 0
		}
	}
	return best
}

// maxCompare bounds the pairs that are compared each with each.
const maxCompare = 8000

// apart gives pairs no two of which fit into one role, as many as are easily found: those that go with the fewest first.
func (g *grid) apart(cells []cell) (out []cell) {
	cells = cells[:min(len(cells), maxCompare)]
	fits := make([]int, len(cells))
	for i, a := range cells {
		for _, b := range cells {
			if g.fit(a, b) {
				fits[i]++
			}
		}
	}
	order := make([]int, len(cells))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(fits[i], fits[j]) })
	for _, i := range order {
		if !slices.ContainsFunc(out, func(c cell) bool { return g.fit(c, cells[i]) }) {
			out = append(out, cells[i])
		}
	}
	return out
}

// span gives the block of a class: its people and entitlements and no others.
func (s *sorting) span(c *class) block {
	b := block{newSet(len(s.g.row)), newSet(len(s.g.col))}
	for _, x := range c.cells {
		b.people.add(int(x.u))
		b.ents.add(int(x.p))
	}
	return b
}
