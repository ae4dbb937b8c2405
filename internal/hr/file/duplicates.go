package file

import (
	"fmt"
	"slices"

	"tenure/internal/hr/source"
)

// sighting is one row in which an employee number was read, whether the row was taken or not.
type sighting struct {
	key       string
	row       int
	effective source.Day
	record    int // index of the record; -1 when the row is already rejected
}

// sightings finds numbers that a file gives twice. Which of the rows is right cannot be known, so none is taken. A
// sighting is known by a number: the index of its record, or, below 0, the complement of its index in rejected.
type sightings struct {
	first    map[string]int32   // by folded key
	more     map[string][]int32 // the same, for keys seen again: each sighting but the first
	rejected []sighting
}

func newSightings(expect int) sightings {
	return sightings{first: make(map[string]int32, expect), more: map[string][]int32{}}
}

func (s *sightings) addRejected(one sighting) {
	s.rejected = append(s.rejected, one)
	s.add(one.key, ^int32(len(s.rejected)-1))
}

func (s *sightings) add(key string, id int32) {
	f := fold(key)
	if _, again := s.first[f]; again {
		s.more[f] = append(s.more[f], id)
		return
	}
	s.first[f] = id
}

// group gives all sightings of one folded key, by row.
func (s *sightings) group(f string, records []source.Record) []sighting {
	var all []sighting
	for _, id := range append([]int32{s.first[f]}, s.more[f]...) {
		if id < 0 {
			all = append(all, s.rejected[^id])
			continue
		}
		r := &records[id]
		all = append(all, sighting{r.Key, r.Row, r.Effective, int(id)})
	}
	return all
}

// rejects gives a reject for each taken row whose number stands in another row for the same effective date, or differs
// from the number of another row only by case or spaces. taken says which records are to go.
func (s *sightings) rejects(records []source.Record) (rejects []source.Reject, gone map[int]bool) {
	gone = map[int]bool{}
	for f := range s.more {
		group := s.group(f, records)
		one := group[0]
		variant := slices.IndexFunc(group, func(other sighting) bool { return other.key != one.key })
		byDay := map[source.Day][]int{} // at most the first two of each day
		for i, me := range group {
			if len(byDay[me.effective]) < 2 {
				byDay[me.effective] = append(byDay[me.effective], i)
			}
		}
		for i, me := range group {
			if me.record < 0 {
				continue
			}
			other := -1
			if same := byDay[me.effective]; len(same) > 1 {
				other = same[0]
				if other == i {
					other = same[1]
				}
			} else if variant > 0 {
				other = 0
				if me.key == one.key {
					other = variant
				}
			}
			if other >= 0 {
				gone[me.record] = true
				rejects = append(rejects, source.Reject{Row: me.row, Field: source.ColumnNumber, Rule: alsoIn(me, group[other]), Key: me.key})
			}
		}
	}
	return rejects, gone
}

func alsoIn(me, other sighting) string {
	if me.key != other.key {
		return fmt.Sprintf("number %s differs only by case or spaces from %s in row %d", short(me.key), short(other.key), other.row)
	}
	return fmt.Sprintf("number %s is also in row %d", me.key, other.row)
}
