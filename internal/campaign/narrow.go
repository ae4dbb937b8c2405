package campaign

import (
	"slices"

	"tenure/internal/db"
)

// Lower is a level of what was asked for that gives less of it than is held.
type Lower struct {
	Name, Title  string
	Gives, Takes []int // entitlements, ascending
}

// Narrower gives the levels to which a line can be narrowed, the lowest first. all is what Service.Lower says of requests. A level is offered
// where the line shows everything that it takes away: what goes is in front of whoever decides, and a removal of the campaign.
func Narrower(l []*Item, all map[int][]Lower) []Lower {
	ref := asked(l)
	var out []Lower
	for _, x := range all[ref] {
		if !slices.ContainsFunc(x.Takes, func(e int) bool {
			return !slices.ContainsFunc(l, func(i *Item) bool { return i.Entitlement == e })
		}) {
			out = append(out, x)
		}
	}
	return out
}

// asked gives the request's item that a line is about; 0 for what is not held by one request alone, or is likely fine.
func asked(l []*Item) int {
	if len(l) == 0 || l[0].Class != Decide {
		return 0
	}
	if kind, ref := UnitOf(l[0].Unit); kind == BitRequest {
		return ref
	}
	return 0
}

// LowerOf gives the lower levels of what items are about, by the request's item.
func (s *Service) LowerOf(tx *db.Tx, items []*Item) (map[int][]Lower, error) {
	seen := map[int]bool{}
	var refs []int
	for _, i := range items {
		if ref := asked([]*Item{i}); ref != 0 && !seen[ref] {
			seen[ref] = true
			refs = append(refs, ref)
		}
	}
	if len(refs) == 0 {
		return nil, nil
	}
	return s.Lower(tx, refs)
}

// narrowing finds the level to which an answer narrows a line; nil where there is none of this name.
func (s *Service) narrowing(tx *db.Tx, items []*Item, level string) (*Lower, error) {
	all, err := s.LowerOf(tx, items)
	if err != nil {
		return nil, err
	}
	may := Narrower(items, all)
	at := slices.IndexFunc(may, func(x Lower) bool { return x.Name == level })
	if at < 0 {
		return nil, nil
	}
	return &may[at], nil
}
