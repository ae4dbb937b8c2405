package mining

import "slices"

// lean takes from blocks what others give: entitlements that all of a block's people have by others, and people who have all of its
// entitlements by others. The number of blocks stays. Small blocks give way to large ones first, or large ones to small ones: the
// way that leaves fewer lines.
func (g *grid) lean(blocks []block) []block {
	small := g.newCover(blocks)
	bySize(small.blocks)
	large := g.newCover(small.blocks)
	slices.Reverse(large.blocks)
	small.lean()
	large.lean()
	if g.lines(large.blocks) < g.lines(small.blocks) {
		return large.blocks
	}
	return small.blocks
}

// lean takes what is spare. What is kept for a pair that nothing else gives stays needed, so one look at everything is enough.
func (c *cover) lean() {
	for i, b := range c.blocks {
		b = block{b.people.clone(), b.ents.clone()}
		b.ents.each(func(p int) {
			if b.ents.count() > 1 && c.spare(block{b.people, setOf(len(c.g.col), []int32{int32(p)})}) {
				b.ents.remove(p)
			}
		})
		b.people.each(func(u int) {
			if b.people.count() > 1 && c.spare(block{setOf(len(c.g.row), []int32{int32(u)}), b.ents}) {
				b.people.remove(u)
			}
		})
		c.blocks[i] = b
	}
}

// spare takes away a part of a block if others give all of it.
func (c *cover) spare(part block) bool {
	if c.only(part, 1).people.count() > 0 {
		return false
	}
	c.count(part, -1)
	return true
}

// lines counts the lines in which roles are written down: memberships and entitlements.
func (g *grid) lines(blocks []block) (n int) {
	for _, b := range blocks {
		b.people.each(func(u int) { n += len(g.people[u]) })
		b.ents.each(func(p int) { n += len(g.ents[p]) })
	}
	return n
}
