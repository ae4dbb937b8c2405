package mining

import (
	"encoding/binary"
	"math/bits"
)

// grid is a matrix in which people with equal access are one row and entitlements with equal holders one column, as sets of bits.
type grid struct {
	people, ents [][]int32 // the places in the matrix that a row, a column stands for
	row, col     []set
	base         []int32 // number of bits before each word of the rows: the number of a pair
	pairs        int
}

// block is a role on the grid: every one of people holds every one of ents.
type block struct{ people, ents set }

// maxGrid bounds the bits of a grid, rows and columns each: 256 MB.
const maxGrid = 1 << 31

func newGrid(m *Matrix) (*grid, error) {
	g := &grid{people: groups(len(m.people), m.row)}
	columns := make([][]int32, len(m.entitlements))
	for i, class := range g.people {
		for _, e := range m.row(int(class[0])) {
			columns[e] = append(columns[e], int32(i))
		}
	}
	g.ents = groups(len(columns), func(j int) []int32 { return columns[j] })
	if len(g.people)*len(g.ents) > maxGrid {
		return nil, ErrTooLarge
	}
	g.row, g.col = make([]set, len(g.people)), make([]set, len(g.ents))
	for i := range g.row {
		g.row[i] = newSet(len(g.ents))
	}
	for j, class := range g.ents {
		g.col[j] = newSet(len(g.people))
		for _, i := range columns[class[0]] {
			g.col[j].add(int(i))
			g.row[i].add(j)
		}
	}
	for _, r := range g.row {
		for _, w := range r {
			g.base = append(g.base, int32(g.pairs))
			g.pairs += bits.OnesCount64(w)
		}
	}
	return g, nil
}

// groups puts together what has equal lists, in the order of the first of each.
func groups(n int, list func(int) []int32) (out [][]int32) {
	known := map[string]int{}
	var key []byte
	for i := range n {
		key = key[:0]
		for _, x := range list(i) {
			key = binary.LittleEndian.AppendUint32(key, uint32(x))
		}
		k, ok := known[string(key)]
		if !ok {
			k = len(out)
			known[string(key)] = k
			out = append(out, nil)
		}
		out[k] = append(out[k], int32(i))
	}
	return out
}

// pair numbers the pairs that are held, row by row.
func (g *grid) pair(u, p int) int32 {
	w := g.row[u][p>>6]
	return g.base[u*len(g.row[u])+p>>6] + int32(bits.OnesCount64(w&(1<<(p&63)-1)))
}

// fit says whether one role can give both pairs.
func (g *grid) fit(a, b cell) bool {
	return g.row[a.u].has(int(b.p)) && g.row[b.u].has(int(a.p))
}

// holdersOf gives those who hold all of ents, heldBy what all of people hold.
func (g *grid) holdersOf(ents set) set { return common(g.col, ents, len(g.row)) }
func (g *grid) heldBy(people set) set  { return common(g.row, people, len(g.col)) }

func common(lines []set, of set, n int) set {
	out := full(n)
	of.each(func(i int) { out.keep(lines[i]) })
	return out
}

// widen adds to a block what all of its people hold, and who holds all of that.
func (g *grid) widen(b block) block {
	ents := g.heldBy(b.people)
	return block{g.holdersOf(ents), ents}
}

// cell is a pair on the grid.
type cell struct{ u, p int32 }

func (b block) has(c cell) bool { return b.people.has(int(c.u)) && b.ents.has(int(c.p)) }
