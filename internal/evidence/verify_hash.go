package evidence

import (
	"cmp"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// mostWhole is for how many events at most a wrong stored hash is looked for: it takes 64 bytes of each.
const mostWhole = 20_000_000

// strayed says what is wrong where proofs do not lead to the head. It is the events, unless all of the log is there and its events lead to the
// head by themselves: then a hash is wrong that was stored beside them and that proofs were made with.
func (v *packVerification) strayed() {
	if len(v.astray) == 0 {
		return
	}
	if low, high, ok := v.wrongHash(); ok {
		whose := "it"
		if high-low > 1 {
			whose = fmt.Sprintf("the events from here to %d", high-1)
		}
		v.bad(low, fmt.Sprintf("the hash that is stored for %s is wrong: the events lead to the signed head, and proofs that were made with it do not", whose))
		return
	}
	for _, index := range v.astray {
		v.bad(index, "it is not the event of this number in the signed log")
	}
}

// wrongHash finds the range of events over which a stored hash is wrong: the one that lies in every range that is wrong in a proof. Where a single
// proof is wrong it is not a stored hash but that line of the pack.
func (v *packVerification) wrongHash() (low, high int64, ok bool) {
	if !v.whole || v.Size > mostWhole || len(v.astray) < 2 {
		return 0, 0, false
	}
	leaves := make([]Hash, 0, v.Size)
	if err := v.each(func(e Entry) error { leaves = append(leaves, LeafHash(e.Leaf)); return nil }); err != nil || int64(len(leaves)) != v.Size {
		return 0, 0, false
	}
	tree := wholeTree(leaves)
	if tree.over(0, v.Size) != v.c.Root {
		return 0, 0, false
	}
	var wrong [][2]int64
	next := 0
	if err := v.each(func(e Entry) error {
		if next == len(v.astray) || e.Index != v.astray[next] {
			return nil
		}
		next++
		for k, r := range path(nil, e.Index, 0, v.Size) {
			if k >= len(e.Proof) || e.Proof[k] != tree.over(r[0], r[1]) {
				wrong = append(wrong, r)
			}
		}
		return nil
	}); err != nil || len(wrong) == 0 {
		return 0, 0, false
	}
	least := slices.MinFunc(wrong, func(a, b [2]int64) int { return cmp.Or(cmp.Compare(a[1]-a[0], b[1]-b[0]), cmp.Compare(a[0], b[0])) })
	other := func(r [2]int64) bool { return r[0] > least[0] || r[1] < least[1] }
	return least[0], least[1], !slices.ContainsFunc(wrong, other)
}

// path adds the ranges of leaves whose hashes an inclusion proof has, in its order (RFC 6962, 2.1.1).
func path(out [][2]int64, index, low, high int64) [][2]int64 {
	if high-low == 1 {
		return out
	}
	k := split(high - low)
	if index < low+k {
		return append(path(out, index, low, low+k), [2]int64{low + k, high})
	}
	return append(path(out, index, low+k, high), [2]int64{low, low + k})
}

// split is the largest power of two that is smaller than n.
func split(n int64) int64 {
	k := int64(1)
	for k*2 < n {
		k *= 2
	}
	return k
}

// whole is the tree over all leaves: its levels of perfect nodes, and what was computed of its right edge.
type whole struct {
	levels [][]Hash
	edge   map[[2]int64]Hash
}

func wholeTree(leaves []Hash) *whole {
	w := &whole{levels: [][]Hash{leaves}, edge: map[[2]int64]Hash{}}
	for below := leaves; len(below) > 1; {
		level := make([]Hash, len(below)/2)
		for i := range level {
			level[i] = tlog.NodeHash(below[2*i], below[2*i+1])
		}
		w.levels, below = append(w.levels, level), level
	}
	return w
}

// over is the hash over a range that is a node of the tree.
func (w *whole) over(low, high int64) Hash {
	n := high - low
	if n&(n-1) == 0 && low%n == 0 {
		level := 0
		for 1<<level < n {
			level++
		}
		return w.levels[level][low/n]
	}
	key := [2]int64{low, high}
	h, ok := w.edge[key]
	if !ok {
		k := split(n)
		h = tlog.NodeHash(w.over(low, low+k), w.over(low+k, high))
		w.edge[key] = h
	}
	return h
}
