package mining

import "slices"

// reduction is what must be cared for: the pairs of live, in rows and columns. The others were left out, each for another that
// was live then.
type reduction struct {
	g        *grid
	row, col []set
	left     []leftOut // in the order in which they were left out
	work     int       // words looked at
	done     bool      // no more can be left out
}

type leftOut struct{ pair, by cell }

// reduce leaves out pairs as long as there are such, or until the work is done.
func (g *grid) reduce(work int) *reduction {
	r := &reduction{g: g, row: cloneAll(g.row), col: cloneAll(g.col)}
	cells := make([]cell, 0, g.pairs)
	size := make([]int, g.pairs)
	for u, row := range g.row {
		n := row.count()
		row.each(func(p int) {
			size[len(cells)] = n * g.col[p].count()
			cells = append(cells, cell{int32(u), int32(p)})
		})
	}
	// Pairs that go with few others leave out the most.
	slices.SortStableFunc(cells, func(a, b cell) int {
		return size[g.pair(int(a.u), int(a.p))] - size[g.pair(int(b.u), int(b.p))]
	})
	n := newNear(g)
	for again := true; again; {
		again = false
		for _, c := range cells {
			if r.work > work {
				return r
			}
			if r.row[c.u].has(int(c.p)) && r.leaveOut(c, n) {
				again = true
			}
		}
		cells = slices.DeleteFunc(cells, func(c cell) bool { return !r.row[c.u].has(int(c.p)) })
	}
	r.done = true
	return r
}

// near is room for what goes with one pair: the people and entitlements of all live pairs that fit it, and the people and
// entitlements that fit all of those.
type near struct{ people, ents, fitPeople, fitEnts set }

func newNear(g *grid) *near {
	return &near{newSet(len(g.row)), newSet(len(g.col)), newSet(len(g.row)), newSet(len(g.col))}
}

// look fills n for a live pair, by rows or by columns, whichever are fewer words.
func (r *reduction) look(c cell, n *near) {
	g := r.g
	row, col := g.row[c.u], g.col[c.p]
	n.people.clear()
	n.ents.clear()
	byRows, byCols := col.count()*len(row), row.count()*len(col)
	r.work += 2*min(byRows, byCols) + len(row) + len(col)
	if byRows < byCols {
		col.each(func(u int) {
			if n.ents.joinBoth(r.row[u], row) {
				n.people.add(u)
			}
		})
	} else {
		row.each(func(p int) {
			if n.people.joinBoth(r.col[p], col) {
				n.ents.add(p)
			}
		})
	}
	copy(n.fitEnts, row)
	copy(n.fitPeople, col)
	r.work += n.fitEnts.keepAll(g.row, n.people) + n.fitPeople.keepAll(g.col, n.ents)
}

// leaveOut leaves out every live pair that fits all that fits c.
func (r *reduction) leaveOut(c cell, n *near) (some bool) {
	r.look(c, n)
	n.fitPeople.each(func(u int) {
		eachOfBoth(r.row[u], n.fitEnts, func(p int) {
			d := cell{int32(u), int32(p)}
			if d == c {
				return
			}
			r.left = append(r.left, leftOut{d, c})
			r.row[u].remove(p)
			r.col[p].remove(u)
			some = true
		})
	})
	return some
}

// live gives the pairs that must be cared for: those that stand alone, each of which needs a role of its own, and the others. When the
// work ended early it does not look who stands alone.
func (r *reduction) live() (alone, others []cell) {
	n := newNear(r.g)
	for u, row := range r.row {
		row.each(func(p int) {
			c := cell{int32(u), int32(p)}
			if r.done && r.alone(c, n) {
				alone = append(alone, c)
			} else {
				others = append(others, c)
			}
		})
	}
	return alone, others
}

func (r *reduction) alone(c cell, n *near) bool {
	r.look(c, n)
	return n.people.count() == 1 && n.ents.count() == 1
}

// lift makes blocks that give all live pairs give all pairs. Blocks hold no people and no entitlements beyond those of live pairs
// in them.
func (r *reduction) lift(blocks []block) []block {
	for _, l := range slices.Backward(r.left) {
		if slices.ContainsFunc(blocks, func(b block) bool { return b.has(l.pair) }) {
			continue
		}
		i := slices.IndexFunc(blocks, func(b block) bool { return b.has(l.by) })
		blocks[i].people.add(int(l.pair.u))
		blocks[i].ents.add(int(l.pair.p))
	}
	for i, b := range blocks {
		blocks[i] = r.g.widen(b)
	}
	return blocks
}
