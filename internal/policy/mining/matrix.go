package mining

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Pair is a person who holds an entitlement; the ids are the caller's.
type Pair struct{ Person, Entitlement int64 }

// order sorts pairs by person, then entitlement.
func order(a, b Pair) int {
	if a.Person != b.Person {
		return cmp.Compare(a.Person, b.Person)
	}
	return cmp.Compare(a.Entitlement, b.Entitlement)
}

// Matrix is who holds what. It does not change.
type Matrix struct {
	people, entitlements []int64 // ascending
	start                []int32 // row i of people holds held[start[i]:start[i+1]]
	held                 []int32 // places in entitlements, ascending in each row
	by                   []int32 // column j of entitlements is held by by[from[j]:from[j+1]]
	from                 []int32
}

// NewMatrix makes the matrix of some pairs, in any order; a pair that comes twice counts once. It does not keep the slice.
func NewMatrix(pairs []Pair) *Matrix {
	m := &Matrix{}
	var person, entitlement []int32
	m.people, person = number(pairs, func(p Pair) int64 { return p.Person })
	m.entitlements, entitlement = number(pairs, func(p Pair) int64 { return p.Entitlement })
	// By entitlement, then from there by person: each row ascends, and what comes twice stands together.
	m.from, m.by = lay(len(m.entitlements), entitlement, person)
	m.start, m.held = transpose(len(m.people), m.from, m.by)
	m.start, m.held = unique(m.start, m.held)
	m.from, m.by = transpose(len(m.entitlements), m.start, m.held)
	return m
}

// number gives the different ids, ascending, and the place of each pair's among them.
func number(pairs []Pair, id func(Pair) int64) (ids []int64, place []int32) {
	place = make([]int32, len(pairs))
	if len(pairs) == 0 {
		return nil, place
	}
	least, most := id(pairs[0]), id(pairs[0])
	for _, p := range pairs {
		least, most = min(least, id(p)), max(most, id(p))
	}
	if width := uint64(most) - uint64(least); width < uint64(8*len(pairs)+1024) {
		// Ids from one sequence: a table is faster than sorting.
		table := make([]int32, width+1)
		for _, p := range pairs {
			table[id(p)-least] = 1
		}
		for i, there := range table {
			if there != 0 {
				table[i] = int32(len(ids))
				ids = append(ids, least+int64(i))
			}
		}
		for k, p := range pairs {
			place[k] = table[id(p)-least]
		}
		return ids, place
	}
	for _, p := range pairs {
		ids = append(ids, id(p))
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	for k, p := range pairs {
		at, _ := slices.BinarySearch(ids, id(p))
		place[k] = int32(at)
	}
	return ids, place
}

// lay puts values into n lists: list i is out[start[i]:start[i+1]], in the order in which its values come.
func lay(n int, list, value []int32) (start, out []int32) {
	start, out = make([]int32, n+1), make([]int32, len(value))
	for _, l := range list {
		start[l+1]++
	}
	for i := range n {
		start[i+1] += start[i]
	}
	next := slices.Clone(start)
	for k, l := range list {
		out[next[l]] = value[k]
		next[l]++
	}
	return start, out
}

// transpose makes columns of rows; each ascends.
func transpose(n int, start, rows []int32) ([]int32, []int32) {
	row := make([]int32, len(rows))
	for i := range len(start) - 1 {
		for k := start[i]; k < start[i+1]; k++ {
			row[k] = int32(i)
		}
	}
	return lay(n, rows, row)
}

// unique leaves each value once in each ascending list.
func unique(start, lists []int32) ([]int32, []int32) {
	out, from := make([]int32, 1, len(start)), lists[:0]
	for i := range len(start) - 1 {
		for k := start[i]; k < start[i+1]; k++ {
			if k == start[i] || lists[k] != lists[k-1] {
				from = append(from, lists[k])
			}
		}
		out = append(out, int32(len(from)))
	}
	return out, from
}

// Read reads pairs from lines "person entitlement", two whole numbers; empty lines and lines that begin with # are left out. It is
// the form in which the data sets of HP Labs are passed around.
func Read(r io.Reader) ([]Pair, error) {
	var pairs []Pair
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Fields(line)
		if len(f) != 2 {
			return nil, fmt.Errorf("line %d has %d columns where two are expected: %q", n, len(f), line)
		}
		var p Pair
		var err error
		if p.Person, err = strconv.ParseInt(f[0], 10, 64); err == nil {
			p.Entitlement, err = strconv.ParseInt(f[1], 10, 64)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		pairs = append(pairs, p)
	}
	return pairs, lines.Err()
}

// People gives the ids of all who hold something, ascending.
func (m *Matrix) People() []int64 { return slices.Clone(m.people) }

// Entitlements gives the ids of all entitlements that somebody holds, ascending.
func (m *Matrix) Entitlements() []int64 { return slices.Clone(m.entitlements) }

// Pairs counts the pairs.
func (m *Matrix) Pairs() int { return len(m.held) }

// Holds says whether a person holds an entitlement.
func (m *Matrix) Holds(person, entitlement int64) bool {
	i, ok := slices.BinarySearch(m.people, person)
	if !ok {
		return false
	}
	j, ok := slices.BinarySearch(m.entitlements, entitlement)
	return ok && m.holds(i, int32(j))
}

// Held gives what a person holds, ascending.
func (m *Matrix) Held(person int64) []int64 {
	i, ok := slices.BinarySearch(m.people, person)
	if !ok {
		return nil
	}
	return ids(m.entitlements, m.row(i))
}

func (m *Matrix) row(i int) []int32     { return m.held[m.start[i]:m.start[i+1]] }
func (m *Matrix) holders(j int) []int32 { return m.by[m.from[j]:m.from[j+1]] }

func (m *Matrix) holds(i int, j int32) bool {
	_, ok := slices.BinarySearch(m.row(i), j)
	return ok
}

func ids(of []int64, places []int32) []int64 {
	out := make([]int64, len(places))
	for i, p := range places {
		out[i] = of[p]
	}
	return out
}
