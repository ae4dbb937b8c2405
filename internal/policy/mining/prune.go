package mining

import (
	"cmp"
	"slices"
)

// cover is blocks with how many of them give each pair.
type cover struct {
	g      *grid
	blocks []block
	times  []int32 // by number of the pair
	work   int     // pairs looked at
}

func (g *grid) newCover(blocks []block) *cover {
	c := &cover{g: g, blocks: slices.Clone(blocks), times: make([]int32, g.pairs)}
	for _, b := range blocks {
		c.count(b, 1)
	}
	return c
}

func (c *cover) count(b block, by int32) {
	b.people.each(func(u int) {
		b.ents.each(func(p int) { c.times[c.g.pair(u, p)] += by })
	})
}

// only gives the people and entitlements of the pairs of a block that are given at most this many times.
func (c *cover) only(b block, most int32) block {
	out := block{newSet(len(c.g.row)), newSet(len(c.g.col))}
	c.work += b.size()
	b.people.each(func(u int) {
		b.ents.each(func(p int) {
			if c.times[c.g.pair(u, p)] <= most {
				out.people.add(u)
				out.ents.add(p)
			}
		})
	})
	return out
}

func (b block) size() int { return b.people.count() * b.ents.count() }

// bySize sorts blocks, small ones first.
func bySize(blocks []block) {
	type sized struct {
		block
		n int
	}
	all := make([]sized, len(blocks))
	for i, b := range blocks {
		all[i] = sized{b, b.size()}
	}
	slices.SortStableFunc(all, func(a, b sized) int { return cmp.Compare(a.n, b.n) })
	for i, b := range all {
		blocks[i] = b.block
	}
}

// prune removes blocks that the others make superfluous, small ones first.
func (c *cover) prune() {
	bySize(c.blocks)
	c.blocks = slices.DeleteFunc(c.blocks, func(b block) bool {
		if only := c.only(b, 1); only.people.count() > 0 {
			return false
		}
		c.count(b, -1)
		return true
	})
}

// merge replaces two blocks by one where all that only they give fits into one, until there are no such two or the work is done.
func (c *cover) merge(work int) {
	for c.work < work && c.mergeTwo() {
		c.prune()
	}
}

func (c *cover) mergeTwo() bool {
	n := len(c.blocks)
	c.work += n * n
	needs, fitEnts := make([]block, n), make([]set, n)
	for i, b := range c.blocks {
		needs[i] = c.only(b, 1)
		fitEnts[i] = c.g.heldBy(needs[i].people)
	}
	for i := range n {
		for j := i + 1; j < n; j++ {
			if !needs[i].ents.within(fitEnts[j]) || !needs[j].ents.within(fitEnts[i]) {
				continue
			}
			if one, ok := c.join(i, j, needs); ok {
				c.blocks[i] = one
				c.blocks = slices.Delete(c.blocks, j, j+1)
				return true // what others alone give has changed: all is looked at anew
			}
		}
	}
	return false
}

// join tries to give by one block what only blocks i and j give.
func (c *cover) join(i, j int, needs []block) (block, bool) {
	a, b := c.blocks[i], c.blocks[j]
	one := block{needs[i].people.clone(), needs[i].ents.clone()}
	one.people.join(needs[j].people)
	one.ents.join(needs[j].ents)
	one = c.g.widen(one)
	c.count(a, -1)
	c.count(b, -1)
	c.count(one, 1)
	if c.only(a, 0).people.count() == 0 && c.only(b, 0).people.count() == 0 {
		return one, true
	}
	c.count(one, -1)
	c.count(a, 1)
	c.count(b, 1)
	return block{}, false
}
