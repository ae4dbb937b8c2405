package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Leaf is what an event's canonical bytes say.
type Leaf struct {
	V         int               `json:"v"`
	Kind      string            `json:"kind"`
	Actor     int               `json:"actor"`
	Identity  int               `json:"identity"`
	Recorded  time.Time         `json:"recorded"`
	Effective time.Time         `json:"effective"`
	Touches   Touches           `json:"touches"`
	Facts     json.RawMessage   `json:"facts"`
	Rows      map[string]Prints `json:"rows"`
	Sealed    string            `json:"sealed"` // the hash of the sealed part, in hexadecimal
}

// ParseLeaf reads canonical bytes.
func ParseLeaf(b []byte) (l Leaf, err error) {
	if err = json.Unmarshal(b, &l); err == nil && l.V != 1 {
		err = errors.New("an event of a format that this program does not know")
	}
	return l, err
}

// Seals says whether a sealed part is the one that the leaf speaks of. An erased one is nil and no contradiction.
func (l *Leaf) Seals(sealed []byte) bool {
	if sealed == nil {
		return true
	}
	return string(sealedHash(sealed)) == l.Sealed
}

func sealedHash(sealed []byte) []byte {
	h := sha256.Sum256(sealed)
	return hex.AppendEncode(make([]byte, 0, 2*len(h)), h[:])
}

// SameTouches says whether a JSON object counts as the leaf does.
func (l *Leaf) SameTouches(text []byte) bool {
	var t Touches
	return json.Unmarshal(text, &t) == nil && bytes.Equal(t.AppendJSON(nil), l.Touches.AppendJSON(nil))
}

// Peaks is a tree of which only the root can be told: the roots of its perfect parts. It is what verifies, for its root is at hand after
// every leaf.
type Peaks struct {
	size int64
	at   [64]Hash // at[i] is of 2^i leaves, where the size has that bit
}

// Size is how many leaves there are.
func (p *Peaks) Size() int64 { return p.size }

// Append adds a leaf. node is told every node that became complete: its height above the leaves, and its number there.
func (p *Peaks) Append(h Hash, node func(height int, n int64, h Hash)) {
	i := 0
	for ; p.size>>i&1 == 1; i++ {
		h = tlog.NodeHash(p.at[i], h)
		if node != nil {
			node(i+1, p.size>>(i+1), h)
		}
	}
	p.at[i] = h
	p.size++
}

// Root is the hash of the whole tree.
func (p *Peaks) Root() (h Hash) {
	if p.size == 0 {
		h, _ = tlog.TreeHash(0, nil)
		return h
	}
	first := true
	for i := range p.at {
		if p.size>>i&1 == 0 {
			continue
		}
		if first {
			h, first = p.at[i], false
		} else {
			h = tlog.NodeHash(p.at[i], h)
		}
	}
	return h
}
