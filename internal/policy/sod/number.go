package sod

// numbers gives ids of any size small numbers, 0, 1, 2 and so on in the order in which they come. Ids of rows lie close together:
// a table of pages finds them in two steps, without hashing; one stray id costs one page.
type numbers struct {
	pages []*[pageIDs]int32 // number + 1, 0: none
	far   map[int]int32     // ids beyond the table
	ids   []int             // by number
}

const (
	pageBits = 12
	pageIDs  = 1 << pageBits
	tableEnd = 1 << 31
)

// find gives the number of an id, -1 if it has none.
func (n *numbers) find(id int) int32 {
	if uint(id) >= tableEnd {
		if at, ok := n.far[id]; ok {
			return at
		}
		return -1
	}
	if page := id >> pageBits; page < len(n.pages) && n.pages[page] != nil {
		return n.pages[page][id&(pageIDs-1)] - 1
	}
	return -1
}

// add gives the number of an id, a new one if it has none.
func (n *numbers) add(id int) int32 {
	if at := n.find(id); at >= 0 {
		return at
	}
	at := int32(len(n.ids)) //nolint:gosec // people and entitlements are fewer
	n.ids = append(n.ids, id)
	if uint(id) >= tableEnd {
		if n.far == nil {
			n.far = map[int]int32{}
		}
		n.far[id] = at
		return at
	}
	page := id >> pageBits
	for page >= len(n.pages) {
		n.pages = append(n.pages, nil)
	}
	if n.pages[page] == nil {
		n.pages[page] = new([pageIDs]int32)
	}
	n.pages[page][id&(pageIDs-1)] = at + 1
	return at
}

// bytes is what the table takes, about.
func (n *numbers) bytes() int {
	sum := cap(n.pages)*8 + cap(n.ids)*8 + len(n.far)*32
	for _, p := range n.pages {
		if p != nil {
			sum += 4 * pageIDs
		}
	}
	return sum
}
