package evidence

import (
	"crypto/sha256"
	"fmt"
	"maps"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is one of the Merkle tree of RFC 6962, with SHA-256.
type Hash = tlog.Hash

// Width is how many hashes a block has. The tree is kept in blocks, as C2SP tlog-tiles cuts it: level 0 are the leaves, a node of
// level 1 is the root of 256 leaves, one of level 2 that of 256 nodes of level 1.
const (
	Width  = 256
	height = 8 // of a block
)

// LeafHash is the hash of an event's canonical bytes as a leaf.
func LeafHash(leaf []byte) Hash {
	var space [512]byte // most events are shorter, and hashed without a byte of garbage
	if len(leaf) >= len(space) {
		return tlog.RecordHash(leaf)
	}
	return sha256.Sum256(space[:1+copy(space[1:], leaf)])
}

// Tree is the right edge of a tree: all that is needed to append to it and to know its root.
type Tree struct {
	size int64
	edge [][]Hash // of each level, the hashes of the block that is not full
}

// Edge says which hashes of a level stand on the right edge of a tree: n of them, beginning with the one numbered from.
func Edge(size int64, level int) (from int64, n int) {
	at := size >> (height * level)
	return at &^ (Width - 1), int(at & (Width - 1))
}

// Levels is how many levels the edge of a tree has.
func Levels(size int64) int {
	n := 0
	for ; size > 0; size >>= height {
		n++
	}
	return n
}

// Resume gives a tree of a size whose edge is given, level by level.
func Resume(size int64, edge [][]Hash) (*Tree, error) {
	if len(edge) != Levels(size) {
		return nil, fmt.Errorf("a tree of %d has %d levels, not %d", size, Levels(size), len(edge))
	}
	for level, have := range edge {
		if _, n := Edge(size, level); n != len(have) {
			return nil, fmt.Errorf("level %d of a tree of %d has %d hashes on its edge, not %d", level, size, n, len(have))
		}
	}
	return &Tree{size: size, edge: edge}, nil
}

// Size is how many leaves the tree has.
func (t *Tree) Size() int64 { return t.size }

// Append adds a leaf. node is told every node above the leaves that became complete; nil for nobody.
func (t *Tree) Append(h Hash, node func(level int, n int64, h Hash)) {
	t.size++
	for level := 0; ; level++ {
		if level == len(t.edge) {
			t.edge = append(t.edge, make([]Hash, 0, Width))
		}
		t.edge[level] = append(t.edge[level], h)
		if len(t.edge[level]) < Width {
			return
		}
		h = perfect(t.edge[level])
		t.edge[level] = t.edge[level][:0]
		if node != nil {
			node(level+1, t.size>>(height*(level+1))-1, h)
		}
	}
}

// Root is the hash of the whole tree.
func (t *Tree) Root() Hash {
	var peaks []Hash // of perfect trees, the largest first
	for level := len(t.edge) - 1; level >= 0; level-- {
		for rest := t.edge[level]; len(rest) > 0; {
			n := 1
			for n*2 <= len(rest) {
				n *= 2
			}
			peaks = append(peaks, perfect(rest[:n]))
			rest = rest[n:]
		}
	}
	if len(peaks) == 0 {
		empty, _ := tlog.TreeHash(0, nil)
		return empty
	}
	h := peaks[len(peaks)-1]
	for i := len(peaks) - 2; i >= 0; i-- {
		h = tlog.NodeHash(peaks[i], h)
	}
	return h
}

// perfect gives the root of a power of two of hashes.
func perfect(hashes []Hash) Hash {
	if len(hashes) == 1 {
		return hashes[0]
	}
	var space [Width / 2]Hash
	up := space[:len(hashes)/2]
	for i := range up {
		up[i] = tlog.NodeHash(hashes[2*i], hashes[2*i+1])
	}
	for len(up) > 1 {
		for i := range len(up) / 2 {
			up[i] = tlog.NodeHash(up[2*i], up[2*i+1])
		}
		up = up[:len(up)/2]
	}
	return up[0]
}

// Block is one of a level: the hashes numbered N*Width and on.
type Block struct {
	Level int
	N     int64
}

// Store reads the hashes of a tree from blocks. It is a tlog.HashReader: proofs are made from it.
type Store struct {
	// Read gives the hashes of blocks, each as many as there are.
	Read   func(blocks []Block) (map[Block][]Hash, error)
	blocks map[Block][][]Hash // with the hashes above each
}

// keep is how many blocks a store keeps: 16 KB each.
const keep = 1024

// ReadHashes is tlog.HashReader's.
func (s *Store) ReadHashes(indexes []int64) ([]Hash, error) {
	all := make([]Block, len(indexes))
	for i, index := range indexes {
		all[i], _, _ = blockOf(index)
	}
	if err := s.load(all); err != nil {
		return nil, err
	}
	out := make([]Hash, len(indexes))
	for i, index := range indexes {
		b, up, at := blockOf(index)
		levels := s.blocks[b]
		if up >= len(levels) || at >= len(levels[up]) {
			return nil, fmt.Errorf("the stored hashes of block %d of level %d are not all there", b.N, b.Level)
		}
		out[i] = levels[up][at]
	}
	return out, nil
}

// Prepare reads the leaves' blocks that proofs of these events need, at once.
func (s *Store) Prepare(indexes []int64) error {
	all := make([]Block, len(indexes))
	for i, index := range indexes {
		all[i] = Block{0, index / Width}
	}
	return s.load(all)
}

// load reads those of the blocks that are not there. Where they become too many, all others are forgotten.
func (s *Store) load(all []Block) error {
	var need []Block
	asked := map[Block]bool{}
	for _, b := range all {
		if _, there := s.blocks[b]; !there && !asked[b] {
			need = append(need, b)
		}
		asked[b] = true
	}
	if len(need) == 0 {
		return nil
	}
	if len(s.blocks)+len(need) > keep {
		maps.DeleteFunc(s.blocks, func(b Block, _ [][]Hash) bool { return !asked[b] })
	}
	got, err := s.Read(need)
	if err != nil {
		return err
	}
	for _, b := range need {
		s.put(b, got[b])
	}
	return nil
}

// Give keeps hashes that were read in another way: of whole blocks of leaves from one on, of which only the last may have fewer. What was
// kept before is forgotten when it becomes too much.
func (s *Store) Give(block int64, hashes []Hash) {
	if len(s.blocks)+len(hashes)/Width >= keep {
		clear(s.blocks)
	}
	for ; len(hashes) > 0; block++ {
		n := min(Width, len(hashes))
		s.put(Block{0, block}, hashes[:n:n])
		hashes = hashes[n:]
	}
}

// put keeps a block with the hashes above.
func (s *Store) put(b Block, hashes []Hash) {
	if s.blocks == nil {
		s.blocks = map[Block][][]Hash{}
	}
	levels := [][]Hash{hashes}
	for below := hashes; len(below) > 1; {
		up := make([]Hash, len(below)/2)
		for i := range up {
			up[i] = tlog.NodeHash(below[2*i], below[2*i+1])
		}
		levels, below = append(levels, up), up
	}
	s.blocks[b] = levels
}

// blockOf says in which block a stored hash of tlog's numbering is, how far above the block's own hashes, and where there.
func blockOf(index int64) (b Block, up, at int) {
	level, n := tlog.SplitStoredHashIndex(index)
	up = level % height
	first := n << up
	return Block{level / height, first / Width}, up, int(n) & (Width>>up - 1)
}

// Prover proves events of a log of a size. What the proofs of one block share, all above the block, is worked out once.
type Prover struct {
	Store *Store
	Size  int64

	block int64
	above []Hash // of the proof of any event of the block; nil before the first
}

// Prove gives the hashes that lead from an event to the root (RFC 6962, 2.1.1), the lowest first.
func (p *Prover) Prove(n int64) ([]Hash, error) {
	block := n / Width
	if n < 0 || (block+1)*Width > p.Size { // of the last block, which is not full
		return tlog.ProveRecord(p.Size, n, p.Store)
	}
	if p.above == nil || p.block != block {
		first, err := tlog.ProveRecord(p.Size, block*Width, p.Store)
		if err != nil {
			return nil, err
		}
		p.block, p.above = block, first[height:]
	}
	levels, there := p.Store.blocks[Block{0, block}]
	if !there {
		if err := p.Store.load([]Block{{0, block}}); err != nil {
			return nil, err
		}
		levels = p.Store.blocks[Block{0, block}]
	}
	if len(levels) != height+1 {
		return nil, fmt.Errorf("the stored hashes of block %d of level 0 are not all there", block)
	}
	proof := make([]Hash, height, height+len(p.above))
	for up := range proof {
		proof[up] = levels[up][int(n%Width)>>up^1]
	}
	return append(proof, p.above...), nil
}
