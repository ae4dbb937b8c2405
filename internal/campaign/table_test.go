package campaign

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// What is put into tables and grounds is found again, whatever the numbers are, and nothing else is.
func TestTables(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same in every run
	var people table[int]
	var why grounds
	want, held := map[int32]int{}, map[pair]int64{}
	for n := range 20_000 {
		id := r.Int32N(1 << [...]uint{6, 14, 24}[n%3])
		if _, ok := want[id]; !ok {
			people.put(id, n)
			want[id] = n
		}
		of := pairOf(1+r.Int32N(300), r.Int32N(300))
		w, fresh := why.put(of)
		if _, ok := held[of]; ok == fresh {
			t.Fatalf("%x is there: %v", of, !fresh)
		}
		w.since += int64(n)
		held[of] += int64(n)
	}
	for id, n := range want {
		if got := people.get(id); got == nil || *got != n {
			t.Fatalf("%d has %v, want %d", id, got, n)
		}
	}
	for of, n := range held {
		if w := why.get(of); w == nil || w.since != n {
			t.Fatalf("%x has %v, want %d", of, w, n)
		}
	}
	if len(people.ids) != len(want) || len(people.all) != len(want) || why.n != len(held) {
		t.Errorf("%d and %d, want %d; %d, want %d", len(people.ids), len(people.all), len(want), why.n, len(held))
	}
	for id := range int32(1 << 15) {
		if _, ok := want[id]; !ok && people.get(id) != nil {
			t.Errorf("%d has something", id)
		}
	}
	for entitlement := range int32(1000) {
		if why.get(pairOf(301, entitlement)) != nil || (&grounds{}).get(pairOf(1, entitlement)) != nil {
			t.Errorf("301 holds %d", entitlement)
		}
	}
}

// What is done behind is done once for each, in order, and all of it before the end.
func TestBehind(t *testing.T) {
	for _, n := range []int{0, 1, 1023, 1024, 1025, 50_000} {
		var got, want []int
		next, end := behind(func(v *int) { got = append(got, *v) })
		for v := range n {
			next(v)
			want = append(want, v)
		}
		end()
		if !slices.Equal(got, want) {
			t.Errorf("%d of %d, or in another order", len(got), n)
		}
	}
}
