package mining

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Effort is how much work a cover may cost, in steps of a second or two of an ordinary processor. The result depends on it and on
// the matrix, not on the machine.
type Effort int

const (
	// Preview gives the first usable cover, within some milliseconds for 100,000 pairs.
	Preview Effort = 0
	// Thorough is enough for the best that this method finds with most organisations.
	Thorough Effort = 4
)

// step is the work of one unit of Effort, in words of sets.
const step = 400_000_000

// Options say how a cover is looked for.
type Options struct {
	Effort Effort // 0 is Preview
	// Lean takes from roles what other roles give, so that little is said twice: fewer lines, each role closer to one thing, and its members
	// no longer all who hold its entitlements. Otherwise a role has everybody and everything it can have, and can be judged and
	// taken on without the others.
	Lean bool
}

// ErrTooLarge says that a matrix has more different people and entitlements than fit into memory.
var ErrTooLarge = errors.New("too many different people and entitlements at once: mine fewer applications or one part of the organisation")

// Role is a set of entitlements and people who hold all of them. Both are ascending.
type Role struct {
	Members, Entitlements []int64
}

// Cover is roles that together give exactly what is held.
type Cover struct {
	Roles []Role // those with the most pairs first
	Lines int    // members and entitlements of all roles: what there is to keep up, beside the roles
	Bound int    // no exact cover has fewer roles than this; 0 where it was not looked for
}

// Least says whether no exact cover has fewer roles, as far as that is proven.
func (c *Cover) Least() bool { return c.Bound == len(c.Roles) }

// Mine finds an exact cover with few roles. An empty matrix has an empty cover. When the context ends before, Mine gives its error.
func Mine(ctx context.Context, m *Matrix, o Options) (*Cover, error) {
	g, err := newGrid(m)
	if err != nil {
		return nil, err
	}
	best := g.preview(g.row, g.col)
	bound := 0
	if o.Effort > Preview {
		if best, bound, err = g.thorough(ctx, best, int(o.Effort)*step); err != nil {
			return nil, err
		}
	}
	if o.Lean {
		best = g.lean(best)
	}
	return m.cover(g, best, bound), ctx.Err()
}

// preview is the best of three greedy covers of the given pairs, with what is superfluous removed.
func (g *grid) preview(row, col []set) (best []block) {
	for _, by := range []turn{byBoth, byPeople, byEntitlements} {
		c := g.newCover(g.greedy(row, col, by))
		c.prune()
		if best == nil || len(c.blocks) < len(best) {
			best = c.blocks
		}
	}
	return best
}

// thorough looks for a cover with fewer blocks than best, and for how many it takes at least.
func (g *grid) thorough(ctx context.Context, best []block, work int) ([]block, int, error) {
	r := g.reduce(work / 2)
	if ctx.Err() != nil {
		return nil, 0, ctx.Err()
	}
	alone, others := r.live()
	s := &sorting{g: g, cells: others, most: work / 2}
	apart := g.apart(others)
	blocks := make([]block, 0, len(best))
	for _, c := range alone {
		blocks = append(blocks, s.span(s.newClass(c)))
	}
	classes, least := s.exhaust(s.search(ctx, s.start(), len(apart)), apart)
	for _, c := range classes {
		blocks = append(blocks, s.span(c))
	}
	bound := len(alone) + len(apart)
	if least && r.done {
		bound = len(alone) + len(classes)
	}
	c := g.newCover(r.lift(blocks))
	c.prune()
	c.merge(work / 4)
	if len(c.blocks) < len(best) {
		best = c.blocks
	}
	return best, bound, ctx.Err()
}

func (m *Matrix) cover(g *grid, blocks []block, bound int) *Cover {
	c := &Cover{Bound: bound, Roles: make([]Role, 0, len(blocks))}
	for _, b := range blocks {
		r := Role{places(m.people, g.people, b.people), places(m.entitlements, g.ents, b.ents)}
		c.Roles = append(c.Roles, r)
		c.Lines += len(r.Members) + len(r.Entitlements)
	}
	slices.SortFunc(c.Roles, func(a, b Role) int {
		if d := b.pairs() - a.pairs(); d != 0 {
			return d
		}
		if d := slices.Compare(a.Members, b.Members); d != 0 {
			return d
		}
		return slices.Compare(a.Entitlements, b.Entitlements)
	})
	return c
}

func (r Role) pairs() int { return len(r.Members) * len(r.Entitlements) }

func places(of []int64, classes [][]int32, s set) []int64 {
	var all []int32
	s.each(func(i int) { all = append(all, classes[i]...) })
	slices.Sort(all)
	return ids(of, all)
}

// Check says what is wrong with a cover: a role that would give somebody something new, or a pair that no role gives. nil is exact.
func (m *Matrix) Check(roles []Role) error {
	given := make([]bool, len(m.held))
	for k, r := range roles {
		ents := make([]int32, len(r.Entitlements))
		for i, e := range r.Entitlements {
			j, ok := slices.BinarySearch(m.entitlements, e)
			if !ok {
				return fmt.Errorf("role %d has entitlement %d, which nobody holds", k, e)
			}
			ents[i] = int32(j)
		}
		for _, id := range r.Members {
			i, ok := slices.BinarySearch(m.people, id)
			if !ok {
				return fmt.Errorf("role %d has member %d, who holds nothing", k, id)
			}
			for _, e := range ents {
				at, ok := slices.BinarySearch(m.row(i), e)
				if !ok {
					return fmt.Errorf("role %d would give %d to %d, who does not hold it", k, m.entitlements[e], id)
				}
				given[int(m.start[i])+at] = true
			}
		}
	}
	for i := range m.people {
		for at := m.start[i]; at < m.start[i+1]; at++ {
			if !given[at] {
				return fmt.Errorf("no role gives %d to %d", m.entitlements[m.held[at]], m.people[i])
			}
		}
	}
	return nil
}
