package mining

import (
	"context"
	"errors"
	"math/bits"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCoversAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pairs := drawPairs(t, 24)
		m := NewMatrix(pairs)
		for _, e := range []Effort{Preview, 1} {
			c := mine(t, pairs, e)
			if err := exact(pairs, c.Roles); err != nil {
				t.Fatalf("effort %d: %v", e, err)
			}
			if err := m.Check(c.Roles); err != nil {
				t.Fatalf("effort %d: Check says %v", e, err)
			}
			lean, err := Mine(t.Context(), m, Options{Effort: e, Lean: true})
			if err != nil {
				t.Fatal(err)
			}
			if err := exact(pairs, lean.Roles); err != nil {
				t.Fatalf("lean, effort %d: %v", e, err)
			}
			if err := repeated(lean.Roles); err != nil {
				t.Fatalf("lean, effort %d: %v", e, err)
			}
			if len(lean.Roles) != len(c.Roles) || lean.Lines > c.Lines || lean.Lines != lines(lean.Roles) || c.Lines != lines(c.Roles) {
				t.Fatalf("lean: %d roles of %d, %d lines of %d", len(lean.Roles), len(c.Roles), lean.Lines, c.Lines)
			}
		}
	})
}

// TestCoversAreExactWhenTheWorkEnds stops reduction, search and merging anywhere.
func TestCoversAreExactWhenTheWorkEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pairs := drawPairs(t, 40)
		m := NewMatrix(pairs)
		g, err := newGrid(m)
		if err != nil {
			t.Fatal(err)
		}
		best := g.preview(g.row, g.col)
		blocks, bound, err := g.thorough(t.Context(), best, rapid.IntRange(0, 20_000).Draw(t, "work"))
		if err != nil {
			t.Fatal(err)
		}
		if err := exact(pairs, m.cover(g, blocks, bound).Roles); err != nil {
			t.Fatal(err)
		}
		if len(blocks) > len(best) || bound > len(blocks) {
			t.Fatalf("%d roles after %d, bound %d", len(blocks), len(best), bound)
		}
	})
}

// TestPruneAndMerge improves covers of far too many blocks: one for every row, every column, and some drawn ones, all twice.
func TestPruneAndMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pairs := drawPairs(t, 20)
		m := NewMatrix(pairs)
		g, err := newGrid(m)
		if err != nil {
			t.Fatal(err)
		}
		var blocks []block
		for u := range g.row {
			one := setOf(len(g.row), []int32{int32(u)})
			blocks = append(blocks, block{one, g.row[u]}, g.widen(block{one, g.row[u]}))
			if v := rapid.IntRange(0, len(g.row)-1).Draw(t, "with"); rapid.Bool().Draw(t, "two") {
				one = one.clone()
				one.add(v)
				if b := (block{one, g.heldBy(one)}); b.ents.count() > 0 {
					blocks = append(blocks, b)
				}
			}
		}
		for p := range g.col {
			blocks = append(blocks, block{g.col[p], setOf(len(g.col), []int32{int32(p)})})
		}
		if len(blocks) == 0 {
			return
		}
		c := g.newCover(append(blocks, blocks...))
		c.prune()
		pruned := len(c.blocks)
		check := func(what string) {
			roles := m.cover(g, c.blocks, 0).Roles
			if err := exact(pairs, roles); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			for i := range roles {
				if exact(pairs, slices.Delete(slices.Clone(roles), i, i+1)) == nil {
					t.Fatalf("%s: role %d is superfluous", what, i)
				}
			}
			again := g.newCover(c.blocks)
			if !slices.Equal(again.times, c.times) {
				t.Fatalf("%s: miscounted", what)
			}
		}
		check("pruned")
		c.merge(step)
		check("merged")
		if len(c.blocks) > pruned || c.mergeTwo() {
			t.Fatalf("%d blocks after %d, or two more could be one", len(c.blocks), pruned)
		}
	})
}

// TestJoinLosesNothing has two blocks, the first two, whose own needs fit into one that does not give what only both of them give: z to c.
func TestJoinLosesNothing(t *testing.T) {
	const a, b, c, w, x, y, z = 0, 1, 2, 10, 11, 12, 13
	m := NewMatrix([]Pair{{a, w}, {a, x}, {a, y}, {a, z}, {b, w}, {b, x}, {b, y}, {b, z}, {b, 14}, {c, x}, {c, y}, {c, z}, {3, x}, {4, y}, {5, z}, {6, w}})
	g, err := newGrid(m)
	if err != nil {
		t.Fatal(err)
	}
	of := func(people, ents []int32) block { return block{setOf(len(g.row), people), setOf(len(g.col), ents)} }
	at := func(e int64) int32 { // the column of an entitlement
		i, _ := slices.BinarySearch(m.entitlements, e)
		return int32(slices.IndexFunc(g.ents, func(class []int32) bool { return class[0] == int32(i) }))
	}
	blocks := []block{of([]int32{a, c}, []int32{at(x), at(z)}), of([]int32{b, c}, []int32{at(y), at(z)}), of([]int32{a, b}, []int32{at(w), at(z)}),
		of([]int32{c}, []int32{at(x), at(y)}), of([]int32{a}, []int32{at(y), at(w)}), of([]int32{b}, []int32{at(x), at(w)})}
	cov := g.newCover(blocks)
	before := slices.Clone(cov.times)
	needs := []block{cov.only(blocks[0], 1), cov.only(blocks[1], 1)}
	if one, ok := cov.join(0, 1, needs); ok {
		t.Errorf("joined into %v", one)
	}
	if !slices.Equal(before, cov.times) {
		t.Error("miscounted")
	}
	if needs[0].size() != 1 || needs[1].size() != 1 {
		t.Errorf("the blocks are not what they should be: %v", needs)
	}
}

func TestCoversAreNearTheLeast(t *testing.T) {
	all, same := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		rows := make([]uint16, 6)
		var pairs []Pair
		tenths := rapid.IntRange(2, 8).Draw(t, "tenths held")
		for u := range rows {
			for e := range 6 {
				if rapid.IntRange(1, 10).Draw(t, "holds") <= tenths {
					rows[u] |= 1 << e
					pairs = append(pairs, Pair{int64(u), int64(e)})
				}
			}
		}
		want := least(rows)
		preview, c := mine(t, pairs, Preview), mine(t, pairs, 1)
		if n := len(c.Roles); n < want || n > want+1 || n > len(preview.Roles) {
			t.Fatalf("%d roles, preview %d; the least is %d", n, len(preview.Roles), want)
		}
		if c.Bound > want || c.Bound < 1 && want > 0 {
			t.Fatalf("at least %d it says; the least is %d", c.Bound, want)
		}
		if preview.Bound != 0 || c.Least() && len(c.Roles) != want {
			t.Fatal("proven and wrong")
		}
		if all++; len(c.Roles) == want {
			same++
		}
	})
	if same*100 < all*98 {
		t.Errorf("only %d of %d are the least", same, all)
	}
}

// TestKnownLeast has matrices whose least cover is known: a full one, a diagonal one, and the complement of a diagonal, which needs the
// least k with binomial(k, k/2) >= n (de Caen, Gregory, Pullman 1981).
func TestKnownLeast(t *testing.T) {
	matrix := func(n int, holds func(u, e int) bool) (out []Pair) {
		for u := range n {
			for e := range n {
				if holds(u, e) {
					out = append(out, Pair{int64(u), int64(e)})
				}
			}
		}
		return out
	}
	for _, c := range []struct {
		name  string
		pairs []Pair
		want  int
	}{
		{"empty", nil, 0},
		{"full", matrix(9, func(int, int) bool { return true }), 1},
		{"diagonal", matrix(70, func(u, e int) bool { return u == e }), 70},
		{"complement of 6", matrix(6, func(u, e int) bool { return u != e }), 4},
		{"complement of 10", matrix(10, func(u, e int) bool { return u != e }), 5},
		{"staircase", matrix(66, func(u, e int) bool { return u <= e }), 66},
		{"subsets", matrix(64, func(u, e int) bool { return e < 6 && u&(1<<e) != 0 }), 6},
	} {
		if got := mine(t, c.pairs, 1); len(got.Roles) != c.want && (c.name != "complement of 10" || len(got.Roles) > c.want+1) {
			t.Errorf("%s: %d roles for %d", c.name, len(got.Roles), c.want)
		} else if err := exact(c.pairs, got.Roles); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestCheckSeesEveryFault(t *testing.T) {
	pairs := []Pair{{1, 10}, {1, 11}, {2, 10}, {2, 11}, {3, 11}}
	m := NewMatrix(pairs)
	good := []Role{{[]int64{1, 2}, []int64{10, 11}}, {[]int64{3}, []int64{11}}}
	for _, c := range []struct {
		roles []Role
		want  string
	}{
		{good, ""},
		{good[:1], "no role gives 11 to 3"},
		{append(slices.Clone(good), Role{[]int64{3}, []int64{10}}), "would give 10 to 3"},
		{append(slices.Clone(good), Role{[]int64{4}, []int64{10}}), "member 4"},
		{append(slices.Clone(good), Role{[]int64{1}, []int64{12}}), "entitlement 12"},
	} {
		err := m.Check(c.roles)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.roles, err, c.want)
		}
	}
}

// TestSameInputSameCover gives the same pairs in two orders, one of them with repetitions.
func TestSameInputSameCover(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var pairs []Pair
	for range 3000 {
		pairs = append(pairs, Pair{random.Int64N(150), random.Int64N(80)})
	}
	shuffled := append(slices.Clone(pairs), pairs[:500]...)
	random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for _, e := range []Effort{Preview, 1} {
		if a, b := mine(t, pairs, e), mine(t, shuffled, e); !reflect.DeepEqual(a, b) {
			t.Errorf("effort %d: %d and %d roles", e, len(a.Roles), len(b.Roles))
		}
	}
	if reflect.DeepEqual(mine(t, pairs, Preview), mine(t, pairs[:len(pairs)-300], Preview)) {
		t.Error("another matrix has the same cover")
	}
}

func TestMineStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, e := range []Effort{Preview, Thorough} {
		if _, err := Mine(ctx, NewMatrix([]Pair{{1, 1}}), Options{Effort: e}); !errors.Is(err, context.Canceled) {
			t.Errorf("effort %d: %v", e, err)
		}
	}
	var diagonal []Pair
	for i := range int64(50_000) {
		diagonal = append(diagonal, Pair{i, i})
	}
	if _, err := Mine(t.Context(), NewMatrix(diagonal), Options{}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("50,000 x 50,000: %v", err)
	}
}

func TestMatrix(t *testing.T) {
	pairs, err := Read(strings.NewReader("# who what\n5 9\n 5\t7 \n\n-2 7\n5 9\n"))
	m := NewMatrix(pairs)
	if err != nil || m.Pairs() != 3 || !slices.Equal(m.People(), []int64{-2, 5}) || !slices.Equal(m.Entitlements(), []int64{7, 9}) {
		t.Fatalf("%v %+v", err, m)
	}
	if !m.Holds(5, 9) || m.Holds(-2, 9) || m.Holds(6, 9) || m.Holds(5, 8) || !slices.Equal(m.Held(5), []int64{7, 9}) || m.Held(6) != nil {
		t.Error("holds")
	}
	for _, bad := range []string{"1\n", "1 2 3\n", "1 x\n", "x 1\n", "1 99999999999999999999\n"} {
		if _, err := Read(strings.NewReader("1 1\n" + bad)); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Uint64().Draw(t, "a"), rapid.Uint64().Draw(t, "b")
		s, o := set{a, b}, set{b, a}
		if s.count() != bits.OnesCount64(a)+bits.OnesCount64(b) || s.within(o) != (a&^b == 0 && b&^a == 0) {
			t.Fatal("count or within")
		}
		k := s.clone()
		k.keep(o)
		k.join(set{0, 1})
		if !reflect.DeepEqual(k, set{a & b, a&b | 1}) || !reflect.DeepEqual(setOf(128, s.members()), s) {
			t.Fatal("keep, join or members")
		}
	})
	if n := full(70).count(); n != 70 {
		t.Errorf("full has %d of 70", n)
	}
}

// bestKnown are the least numbers of roles known for the data sets of HP Labs (Ene et al., SACMAT 2008).
var bestKnown = map[string]int{"americas_small": 178, "apj": 453, "emea": 34, "domino": 20, "hc": 14, "fire1": 64, "fire2": 10}

func TestTheSevenSetsOfHPLabs(t *testing.T) {
	sum, previews, best := 0, 0, 0
	for _, name := range []string{"americas_small", "apj", "emea", "domino", "hc", "fire1", "fire2"} {
		file := filepath.Join("..", "..", "..", "..", "shared", "data", "role-mining", name+".txt")
		f, err := os.Open(file)
		if errors.Is(err, os.ErrNotExist) {
			t.Skipf("%s is missing", file)
		} else if err != nil {
			t.Fatal(err)
		}
		pairs, err := Read(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		m := NewMatrix(pairs)
		preview, c := mine(t, pairs, Preview), mine(t, pairs, Thorough)
		lean, err := Mine(t.Context(), m, Options{Effort: Thorough, Lean: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, roles := range [][]Role{preview.Roles, c.Roles, lean.Roles} {
			if err := exact(pairs, roles); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		t.Logf("%-15s %4d people %4d entitlements %6d pairs: best known %3d, preview %3d, mined %3d, at least %3d; %d lines, lean %d", name, len(m.People()),
			len(m.Entitlements()), m.Pairs(), bestKnown[name], len(preview.Roles), len(c.Roles), c.Bound, c.Lines, lean.Lines)
		if len(c.Roles) < c.Bound {
			t.Errorf("%s: %d roles are fewer than possible", name, len(c.Roles))
		}
		sum, previews, best = sum+len(c.Roles), previews+len(preview.Roles), best+bestKnown[name]
	}
	t.Logf("%d roles, previews %d, best known %d", sum, previews, best)
	if float64(max(sum, previews)) > 1.04*float64(best) {
		t.Errorf("%d roles, or %d of previews, are more than 1.04 x %d", sum, previews, best)
	}
}
