package evidence

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"html"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// grown is a log in memory: the blocks of its tree as a database would give them.
func grown(size int64) *Store {
	levels := map[Block][]Hash{}
	tree := &Tree{}
	put := func(level int, n int64, h Hash) {
		b := Block{level, n / Width}
		levels[b] = append(levels[b], h)
	}
	for i := range size {
		h := LeafHash(fmt.Append(nil, i))
		put(0, i, h)
		tree.Append(h, put)
	}
	return &Store{Read: func(all []Block) (map[Block][]Hash, error) {
		out := map[Block][]Hash{}
		for _, b := range all {
			out[b] = slices.Clone(levels[b])
		}
		return out, nil
	}}
}

// The proofs are tlog's, in whatever order events are asked for, and lead to the root of any size.
func TestProofsAreRFC6962s(t *testing.T) {
	for _, size := range []int64{1, 2, 255, 256, 257, 511, 512, 1000, 65536, 65537, 70000} {
		store := grown(size)
		root, err := tlog.TreeHash(size, store)
		if err != nil {
			t.Fatal(err)
		}
		p := &Prover{Store: store, Size: size}
		for n := int64(0); n < size; n += 1 + size/97 {
			for _, n := range []int64{n, size - 1 - n} {
				got, err := p.Prove(n)
				if err != nil {
					t.Fatal(err)
				}
				want, _ := tlog.ProveRecord(size, n, grown0(store))
				if !slices.Equal(got, want) || (Entry{n, fmt.Append(nil, n), got}).In(Checkpoint{Size: size, Root: root}) != nil {
					t.Fatalf("event %d of %d", n, size)
				}
			}
		}
		for _, n := range []int64{-1, size} {
			if _, err := p.Prove(n); err == nil {
				t.Errorf("event %d of %d is proven", n, size)
			}
		}
	}
}

// grown0 is the same store without what it remembers.
func grown0(s *Store) *Store { return &Store{Read: s.Read} }

// A store that is full forgets blocks, and none that it was asked for now.
func TestAFullStoreForgetsOnlyOthers(t *testing.T) {
	const size = 300_000
	p := &Prover{Store: grown(size), Size: size}
	for from := int64(0); from < size; from += 8 * 997 {
		all := []int64{from, from + 997, from + 2*997, from + 3*997}
		if all[3] >= size {
			break
		}
		if err := p.Store.Prepare(all); err != nil {
			t.Fatal(err)
		}
		for _, n := range all {
			if _, err := tlog.ProveRecord(size, n, p.Store); err != nil {
				t.Fatalf("event %d: %v", n, err)
			}
		}
	}
	for n := int64(0); n < size; n += Width { // one after the other: the store is full somewhere on the way
		if _, err := tlog.ProveRecord(size, n, p.Store); err != nil {
			t.Fatalf("event %d: %v", n, err)
		}
	}
	if len(p.Store.blocks) > keep {
		t.Errorf("it keeps %d blocks", len(p.Store.blocks))
	}
}

// A line is read only as it is written.
func TestALineIsReadOnlyAsItIsWritten(t *testing.T) {
	good := Entry{7, []byte("text!"), []Hash{{1}, {2}}}.appendLine(nil)
	good = good[:len(good)-1]
	if e, err := parseLine(good); err != nil || e.Index != 7 || string(e.Leaf) != "text!" || len(e.Proof) != 2 {
		t.Fatalf("%+v %v", e, err)
	}
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			if e, err := parseLine(bad); err == nil && !bytes.Equal(e.appendLine(nil), append(bad, '\n')) {
				t.Errorf("%s is read", bad)
			}
		}
		for _, c := range []string{"\n", "\r", " ", "="} {
			if _, err := parseLine([]byte(string(good[:i]) + c + string(good[i:]))); err == nil {
				t.Errorf("with %q at %d it is read", c, i)
			}
		}
	}
}

func TestAppendHTMLIsEscapeString(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[<>&'"a]*`)).Draw(t, "text")
		if got := string(appendHTML([]byte("x"), []byte(s))); got != "x"+html.EscapeString(s) {
			t.Fatal(got)
		}
	})
}

// full is a disk with room for some bytes.
type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errors.New("the disk is full")
	}
	return len(p), nil
}

// A pack that cannot be written, or whose events cannot be read, says why, once, and reads no further.
func TestWritingAPackFails(t *testing.T) {
	const events = 200_000
	leaf, err := (&Event{Kind: "person.joined", Touches: Touches{}}).Leaf(nil, 1, time.Unix(0, 0), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, room := range []int{100, 100_000, 1_000_000} {
		n := 0
		err := WritePack(&full{room}, Pack{}, func(do func(Entry) error) error {
			for i := range int64(events) {
				if err := do(Entry{Index: i, Leaf: leaf}); err != nil {
					return err
				}
				n++
			}
			return nil
		})
		if err == nil || err.Error() != "the disk is full" || n == events {
			t.Errorf("room for %d bytes: %v after %d events", room, err, n)
		}
	}
	err = WritePack(&full{1 << 30}, Pack{}, func(do func(Entry) error) error {
		return errors.Join(do(Entry{Leaf: leaf}), errors.New("the database is gone"))
	})
	if err == nil || err.Error() != "the database is gone" {
		t.Error(err)
	}
}

// Cells are those of encoding/csv with the line ends of RFC 4180, and no formulas.
func TestCellsAreThoseOfEncodingCSV(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.RuneFrom([]rune("a,\"\r\n =+-@\t\\.{}:\u2003'")))).Draw(t, "cell")
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.UseCRLF = true
		as := cell
		if cell != "" && strings.IndexByte("=+-@\t\r\n", cell[0]) >= 0 {
			as = "'" + cell
		}
		if err := w.Write([]string{"x", as}); err != nil {
			t.Fatal(err)
		}
		w.Flush()
		if got := string(appendCell([]byte("x,"), []byte(cell))) + "\r\n"; got != b.String() {
			t.Fatalf("%q is %q, want %q", cell, got, b.String())
		}
	})
}
