package mining

// turn says whose fewest open pairs come first in greedy.
type turn int

const (
	byBoth turn = iota
	byPeople
	byEntitlements
)

// open are the pairs that a cover must still give, as rows and as columns.
type open struct {
	row, col   []set
	rows, cols []int32 // how many are left in each
	left       int
}

func cloneAll(lines []set) []set {
	out := make([]set, len(lines))
	for i, l := range lines {
		out[i] = l.clone()
	}
	return out
}

// open makes a copy in which all of the given pairs are open.
func newOpen(row, col []set) *open {
	o := &open{row: cloneAll(row), col: cloneAll(col), rows: make([]int32, len(row)), cols: make([]int32, len(col))}
	for i, r := range row {
		o.rows[i] = int32(r.count())
		o.left += int(o.rows[i])
	}
	for j, c := range col {
		o.cols[j] = int32(c.count())
	}
	return o
}

func (o *open) close(u, p int) {
	o.row[u].remove(p)
	o.col[p].remove(u)
	o.rows[u]--
	o.cols[p]--
	o.left--
}

// queue gives the line with the fewest open pairs: rows are numbered from 0, columns after them. Counts only go down.
type queue struct {
	lines [][]int32 // by count; may hold lines whose count went down since
	least int
}

func (q *queue) put(line, count int32) {
	for int(count) >= len(q.lines) {
		q.lines = append(q.lines, nil)
	}
	q.lines[count] = append(q.lines[count], line)
	q.least = min(q.least, int(count))
}

// greedy covers the given pairs with blocks of the grid.
func (g *grid) greedy(row, col []set, by turn) (out []block) {
	o := newOpen(row, col)
	q := &queue{}
	n := int32(len(row))
	count := func(line int32) int32 {
		if line < n {
			return o.rows[line]
		}
		return o.cols[line-n]
	}
	for line := n + int32(len(col)) - 1; line >= 0; line-- {
		if c := count(line); c > 0 && (by == byBoth || (by == byPeople) == (line < n)) {
			q.put(line, c)
		}
	}
	for o.left > 0 {
		bucket := q.lines[q.least]
		if len(bucket) == 0 {
			q.least++
			continue
		}
		line := bucket[len(bucket)-1]
		q.lines[q.least] = bucket[:len(bucket)-1]
		if c := count(line); c == 0 || int(c) != q.least {
			continue
		}
		var b block
		if line < n {
			b.people = g.holdersOf(o.row[line])
			b.ents = g.heldBy(b.people)
		} else {
			b.ents = g.heldBy(o.col[line-n])
			b.people = g.holdersOf(b.ents)
		}
		out = append(out, b)
		o.take(b, q, by)
	}
	return out
}

// take closes what a block gives and puts the lines that lost something into the queue again.
func (o *open) take(b block, q *queue, by turn) {
	n := int32(len(o.row))
	lost := newSet(len(o.col))
	b.people.each(func(u int) {
		before := o.rows[u]
		eachOfBoth(o.row[u], b.ents, func(p int) {
			o.close(u, p)
			lost.add(p)
		})
		if o.rows[u] < before && o.rows[u] > 0 && by != byEntitlements {
			q.put(int32(u), o.rows[u])
		}
	})
	lost.each(func(p int) {
		if o.cols[p] > 0 && by != byPeople {
			q.put(n+int32(p), o.cols[p])
		}
	})
}
