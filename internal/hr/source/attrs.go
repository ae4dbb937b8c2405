package source

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sort"
)

// Attrs are the attributes of one record, by name: first_name, last_name, email, birth_date, department, title,
// location, worker_type and whatever else the mapping names. It is a slice over names that all records of a reading
// share, because a map for each of 50,000 rows costs more than reading the file. Attrs are not changed once made.
type Attrs struct {
	names  []string // sorted; shared
	values []string // parallel to names
}

// NewAttrs makes attributes from a map.
func NewAttrs(m map[string]string) Attrs {
	names := slices.Sorted(maps.Keys(m))
	values := make([]string, len(names))
	for i, n := range names {
		values[i] = m[n]
	}
	return Attrs{names, values}
}

// SharedAttrs makes attributes over a list of names that many records share. It keeps both slices: names must be sorted
// and without repetition, values parallel to them, and neither may change afterwards. It panics when they are not
// parallel, which is a mistake of the program.
func SharedAttrs(names, values []string) Attrs {
	if len(names) != len(values) {
		panic(fmt.Sprintf("source: %d names for %d values", len(names), len(values)))
	}
	return Attrs{names, values}
}

// Get gives the value of one attribute, "" when it has none.
func (a Attrs) Get(name string) string {
	if i := sort.SearchStrings(a.names, name); i < len(a.names) && a.names[i] == name {
		return a.values[i]
	}
	return ""
}

// All gives the attributes that have a value, sorted by name.
func (a Attrs) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i, v := range a.values {
			if v != "" && !yield(a.names[i], v) {
				return
			}
		}
	}
}

// Map gives the attributes that have a value as a new map.
func (a Attrs) Map() map[string]string { return maps.Collect(a.All()) }

// Equal says whether both have the same values; an attribute without a value is as one that is missing.
func (a Attrs) Equal(b Attrs) bool { return maps.Equal(a.Map(), b.Map()) }

// MarshalJSON writes the attributes that have a value as one object, sorted by name.
func (a Attrs) MarshalJSON() ([]byte, error) { return a.AppendJSON(nil), nil }

// AppendJSON appends what MarshalJSON writes to b; bulk loads use it to write one row without allocating.
func (a Attrs) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	first := true
	for n, v := range a.All() {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendJSONText(b, n)
		b = append(b, ':')
		b = appendJSONText(b, v)
	}
	return append(b, '}')
}

// UnmarshalJSON reads an object of strings.
func (a *Attrs) UnmarshalJSON(b []byte) error {
	m := map[string]string{}
	if err := json.Unmarshal(b, &m); err != nil {
		return err
	}
	*a = NewAttrs(m)
	return nil
}

func appendJSONText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			q, _ := json.Marshal(s) // a string always has a JSON form
			return append(b, q...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
