package mining

// large covers the given pairs with blocks that give as many open pairs as possible, built up entitlement by entitlement (GreConD of
// Belohlavek and Vychodil, J. Comput. System Sci. 76, 2010). It does well where greedy by the fewest pairs does badly: where
// everybody lacks something else. nil when more than most work would be needed.
func (g *grid) large(row, col []set, work *int, most int) (out []block) {
	o := newOpen(row, col)
	last := *work + most
	for o.left > 0 {
		b := block{full(len(g.row)), newSet(len(g.col))}
		gives := 0
		for better := true; better; {
			better = false
			from := b
			for p, n := range o.cols {
				if n == 0 || from.ents.has(p) {
					continue
				}
				people := from.people.clone()
				people.keep(g.col[p])
				next := block{people, g.heldBy(people)}
				*work += 4*len(people) + 3*(people.count()+1)*len(next.ents)
				if n := o.gives(next); n > gives {
					b, gives, better = next, n, true
				}
			}
			if *work > last {
				return nil
			}
		}
		out = append(out, b)
		o.takeAll(b)
	}
	return out
}

// gives counts the open pairs of a block.
func (o *open) gives(b block) (n int) {
	b.people.each(func(u int) {
		if o.rows[u] > 0 {
			eachOfBoth(o.row[u], b.ents, func(int) { n++ })
		}
	})
	return n
}

func (o *open) takeAll(b block) {
	b.people.each(func(u int) {
		eachOfBoth(o.row[u], b.ents, func(p int) { o.close(u, p) })
	})
}
