package mining

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"pgregory.net/rapid"
)

// What the tests draw, and what an exact and a least cover are, by brute force.

// drawPairs draws who holds what among a few people and entitlements, some of them alike, so that there is something to find.
func drawPairs(t *rapid.T, most int) []Pair {
	people, ents := rapid.IntRange(0, most).Draw(t, "people"), rapid.IntRange(1, most).Draw(t, "entitlements")
	tenths := rapid.IntRange(1, 9).Draw(t, "tenths held")
	roles := rapid.SliceOfN(rapid.Uint64(), 0, 4).Draw(t, "planted roles")
	var pairs []Pair
	for u := range people {
		var held uint64
		if len(roles) > 0 && rapid.Bool().Draw(t, "by roles") {
			for _, k := range rapid.SliceOfN(rapid.IntRange(0, len(roles)-1), 1, 3).Draw(t, "roles") {
				held |= roles[k]
			}
		} else {
			for e := range ents {
				if rapid.IntRange(1, 10).Draw(t, "holds") <= tenths {
					held |= 1 << e
				}
			}
		}
		for e := range ents {
			if held&(1<<e) != 0 {
				pairs = append(pairs, Pair{int64(u)*7 - 3, int64(e)*1_000_003 - 5})
			}
		}
	}
	return rapid.Permutation(pairs).Draw(t, "order")
}

// exact is the check without any of the package's own.
func exact(pairs []Pair, roles []Role) error {
	held, given := map[Pair]bool{}, map[Pair]bool{}
	for _, p := range pairs {
		held[p] = true
	}
	for _, r := range roles {
		if len(r.Members) == 0 || len(r.Entitlements) == 0 {
			return errors.New("a role of nobody or nothing")
		}
		if !slices.IsSorted(r.Members) || !slices.IsSorted(r.Entitlements) {
			return errors.New("not ascending")
		}
		for _, u := range r.Members {
			for _, e := range r.Entitlements {
				if !held[Pair{u, e}] {
					return fmt.Errorf("%d gains %d", u, e)
				}
				given[Pair{u, e}] = true
			}
		}
	}
	if len(given) != len(held) {
		return fmt.Errorf("%d of %d pairs are given", len(given), len(held))
	}
	return nil
}

func mine(t interface {
	Helper()
	Fatal(...any)
}, pairs []Pair, e Effort) *Cover {
	t.Helper()
	c, err := Mine(context.Background(), NewMatrix(pairs), Options{Effort: e})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func lines(roles []Role) (n int) {
	for _, r := range roles {
		n += len(r.Members) + len(r.Entitlements)
	}
	return n
}

// repeated names a member or an entitlement of a role all of whose pairs other roles give.
func repeated(roles []Role) error {
	times := map[Pair]int{}
	for _, r := range roles {
		for _, u := range r.Members {
			for _, e := range r.Entitlements {
				times[Pair{u, e}]++
			}
		}
	}
	for k, r := range roles {
		for _, u := range r.Members {
			if !slices.ContainsFunc(r.Entitlements, func(e int64) bool { return times[Pair{u, e}] == 1 }) {
				return fmt.Errorf("role %d has member %d for nothing", k, u)
			}
		}
		for _, e := range r.Entitlements {
			if !slices.ContainsFunc(r.Members, func(u int64) bool { return times[Pair{u, e}] == 1 }) {
				return fmt.Errorf("role %d has entitlement %d for nothing", k, e)
			}
		}
	}
	return nil
}

// least is the smallest number of roles, by trying all.
func least(rows []uint16) int {
	var blocks [][2]uint16 // people, entitlements: the closed ones
	for ents := 1; ents < 1<<8; ents++ {
		var people uint16
		for u, r := range rows {
			if r&uint16(ents) == uint16(ents) {
				people |= 1 << u
			}
		}
		if people != 0 {
			blocks = append(blocks, [2]uint16{people, uint16(ents)})
		}
	}
	var within func(open []uint16, n int) bool
	within = func(open []uint16, n int) bool {
		u := slices.IndexFunc(open, func(r uint16) bool { return r != 0 })
		if u < 0 {
			return true
		}
		if n == 0 {
			return false
		}
		e := open[u] & -open[u]
		for _, b := range blocks {
			if b[0]&(1<<u) == 0 || b[1]&e == 0 {
				continue
			}
			rest := slices.Clone(open)
			for v := range rest {
				if b[0]&(1<<v) != 0 {
					rest[v] &^= b[1]
				}
			}
			if within(rest, n-1) {
				return true
			}
		}
		return false
	}
	for n := 0; ; n++ {
		if within(rows, n) {
			return n
		}
	}
}
