package campaign

// table is things by their number, of which there may be millions: all in one piece of memory, in the order in which they came. Numbers are
// looked up by page, without hashing: those that stand near each other are found near each other, and few of them take little room.
type table[T any] struct {
	pages [][]int32 // where each number's thing is, counted from 1
	ids   []int32
	all   []T
}

const pageBits = 10

// get gives what has a number, nil when nothing has. It is good until the next put.
func (t *table[T]) get(id int32) *T {
	page := int(uint32(id) >> pageBits) //nolint:gosec // the same bits
	if page >= len(t.pages) || t.pages[page] == nil {
		return nil
	}
	at := t.pages[page][id&(1<<pageBits-1)]
	if at == 0 {
		return nil
	}
	return &t.all[at-1]
}

// put keeps something under a number that nothing has yet.
func (t *table[T]) put(id int32, v T) {
	page := int(uint32(id) >> pageBits) //nolint:gosec // the same bits
	for page >= len(t.pages) {
		t.pages = append(t.pages, nil)
	}
	if t.pages[page] == nil {
		t.pages[page] = make([]int32, 1<<pageBits)
	}
	t.ids, t.all = append(t.ids, id), append(t.all, v)
	t.pages[page][id&(1<<pageBits-1)] = int32(len(t.all)) //nolint:gosec // fewer than two thousand million
}

// grounds are why people hold what they hold, by person and entitlement: a hash table with everything in its slots, so that looking something
// up touches memory once. Of a million pairs, in no particular order, most of the time goes there.
type grounds struct {
	slots []ground // as many as a power of two, at most three quarters of them taken
	n     int
}

// ground is why a person holds an entitlement; a slot whose pair is 0 is free.
type ground struct {
	of pair
	basis
}

// expect makes room for so many.
func (g *grounds) expect(many int) {
	room := 1024
	for room*3/4 < many {
		room *= 2
	}
	old := g.slots
	g.slots = make([]ground, room)
	for i := range old {
		if old[i].of != 0 {
			*g.slot(old[i].of) = old[i]
		}
	}
}

// slot gives where a pair is, or would be.
func (g *grounds) slot(of pair) *ground {
	mask := uint64(len(g.slots) - 1) //nolint:gosec // there are some
	for i := scatter(uint64(of)) & mask; ; i = (i + 1) & mask {
		if s := &g.slots[i]; s.of == of || s.of == 0 {
			return s
		}
	}
}

// get gives why a person holds an entitlement, nil for no reason. It is good until the next put.
func (g *grounds) get(of pair) *basis {
	if g.n == 0 {
		return nil
	}
	if s := g.slot(of); s.of == of {
		return &s.basis
	}
	return nil
}

// put gives where to write why a person holds an entitlement, and whether nothing was there yet.
func (g *grounds) put(of pair) (*basis, bool) {
	if g.n >= len(g.slots)*3/4 {
		g.expect(2 * g.n)
	}
	s := g.slot(of)
	fresh := s.of == 0
	if fresh {
		s.of = of
		g.n++
	}
	return &s.basis, fresh
}
