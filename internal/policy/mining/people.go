package mining

import (
	"cmp"
	"slices"
	"strings"
)

// Person is somebody with the values of the attributes of the Organisation, in their order; "" is a value that is missing.
type Person struct {
	ID     int64
	Values []string
}

// Organisation is what HR says of everybody whom a rule could reach, whether they hold anything or not.
type Organisation struct {
	Attributes   []string // names as conditions have them, the most telling first; leave out what tells one person from all others
	People       []Person // each once
	Entitlements map[int64]string
}

// index is an organisation in small numbers.
type index struct {
	attributes []string
	ids        []int64       // people in order of their ids
	place      map[int64]int // of a person in ids
	values     [][]string    // by attribute and code; code 0 is ""
	code       [][]int32     // by attribute and person
	with       [][][]int32   // people by attribute and code, ascending
}

func newIndex(o *Organisation) *index {
	people := slices.Clone(o.People)
	slices.SortStableFunc(people, func(a, b Person) int { return cmp.Compare(a.ID, b.ID) })
	people = slices.CompactFunc(people, func(a, b Person) bool { return a.ID == b.ID })
	x := &index{attributes: o.Attributes, place: make(map[int64]int, len(people))}
	for i, p := range people {
		x.ids = append(x.ids, p.ID)
		x.place[p.ID] = i
	}
	for a := range o.Attributes {
		codes := map[string]int32{"": 0}
		values, code, with := []string{""}, make([]int32, len(people)), [][]int32{nil}
		for i, p := range people {
			v := ""
			if a < len(p.Values) {
				v = p.Values[a]
			}
			c, ok := codes[v]
			if !ok {
				c = int32(len(values))
				codes[v] = c
				values, with = append(values, v), append(with, nil)
			}
			code[i] = c
			with[c] = append(with[c], int32(i))
		}
		x.values, x.code, x.with = append(x.values, values), append(x.code, code), append(x.with, with)
	}
	return x
}

// in gives the places of those of the people whom HR knows, ascending if they are.
func (x *index) in(people []int64) []int32 {
	out := make([]int32, 0, len(people))
	for _, id := range people {
		if i, ok := x.place[id]; ok {
			out = append(out, int32(i))
		}
	}
	return out
}

// list writes some things as prose: "a", "a and b", "a, b and c".
func list(all []string, and string) string {
	switch n := len(all); n {
	case 0:
		return ""
	case 1:
		return all[0]
	default:
		return strings.Join(all[:n-1], ", ") + " " + and + " " + all[n-1]
	}
}
