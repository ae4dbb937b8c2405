package mining

import "slices"

// maxExhaust bounds the pairs of which all sortings are tried.
const maxExhaust = 512

// exhaust tries all ways to sort the pairs into fewer classes than best, as far as the work goes; pairs that are apart are in classes of
// their own in all of them. It gives the best that it found, and whether nothing is better.
func (s *sorting) exhaust(best []*class, apart []cell) ([]*class, bool) {
	if len(best) <= len(apart) {
		return best, true
	}
	if len(s.cells) > maxExhaust {
		return best, false
	}
	x := &exhaust{sorting: s, fits: make([]set, len(s.cells)), of: make([]int, len(s.cells)), enough: len(apart), least: len(best)}
	for i, a := range s.cells {
		x.fits[i] = newSet(len(s.cells))
		for j, b := range s.cells {
			if s.g.fit(a, b) {
				x.fits[i].add(j)
			}
		}
		x.of[i] = -1
	}
	var room []set // by class: what fits all that is in it
	for k, a := range apart {
		i := slices.Index(s.cells, a)
		x.of[i] = k
		room = append(room, x.fits[i])
	}
	proven := x.sort(room, len(s.cells)-len(apart))
	if x.best == nil {
		return best, proven
	}
	out := make([]*class, x.least)
	for i, k := range x.best {
		if out[k] == nil {
			out[k] = s.newClass(s.cells[i])
		} else {
			s.add(out[k], s.cells[i])
		}
	}
	return out, proven
}

type exhaust struct {
	*sorting
	fits          []set // pairs by pair
	of            []int // class by pair, -1 for none yet
	best          []int // of, of the best sorting; nil when none is better than what was known
	least, enough int
}

// sort tries all classes for the pair that has the fewest to choose from, then sorts the others. It is false when the work is done before
// all is tried.
func (x *exhaust) sort(room []set, left int) bool {
	if left == 0 {
		x.best, x.least = slices.Clone(x.of), len(room)
		return true
	}
	i, choices := -1, 0
	for j, k := range x.of {
		if k >= 0 {
			continue
		}
		n := 0
		for _, r := range room {
			if r.has(j) {
				n++
			}
		}
		if i < 0 || n < choices {
			i, choices = j, n
		}
	}
	x.work += len(x.of) * (len(room) + 1)
	defer func() { x.of[i] = -1 }()
	for k, r := range room {
		if !r.has(i) {
			continue
		}
		if x.work > x.most {
			return false
		}
		x.of[i] = k
		next := slices.Clone(room)
		next[k] = r.clone()
		next[k].keep(x.fits[i])
		if !x.sort(next, left-1) {
			return false
		}
		if x.least <= x.enough {
			return true
		}
	}
	if len(room)+1 >= x.least {
		return true
	}
	x.of[i] = len(room)
	return x.sort(append(slices.Clone(room), x.fits[i]), left-1)
}
