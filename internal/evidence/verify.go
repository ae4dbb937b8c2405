package evidence

import (
	"archive/zip"
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Verdict is what the verification of a pack found, in plain words.
type Verdict struct {
	Proven    []string `json:"proven"`
	NotProven []string `json:"not_proven"`
	Wrong     []string `json:"wrong"` // empty when the pack is good; the first bad entry first
	Events    int      `json:"events"`
	Size      int64    `json:"size"`  // of the log
	First     int64    `json:"first"` // number of the first bad entry, -1 for none
}

// packFiles are the files of a pack, in their order.
var packFiles = []string{"README.txt", "checkpoint.txt", "keys.txt", "rotations.txt", "events.jsonl", "events.csv", "events.html", "manifest.json"}

// filesOf are the files of a pack, with a report or without.
func filesOf(report bool) []string {
	last := len(packFiles) - 1
	if report {
		return slices.Concat(packFiles[:last], ReportFiles, packFiles[last:])
	}
	return packFiles
}

// VerifyPack verifies a pack, with nothing but the pack and the keys that whoever verifies brings along: the log's, and those of witnesses.
// It reads events one by one. It gives an error only where the file cannot be read at all.
func VerifyPack(r io.ReaderAt, size int64, keys []string) (*Verdict, error) {
	return VerifyPackAgainst(r, size, keys, nil)
}

// VerifyPackAgainst does so with heads of the log that were kept outside: the pack's must be one of them, or, where it holds the whole log,
// its events must lead to each of them that is not later.
func VerifyPackAgainst(r io.ReaderAt, size int64, keys []string, heads [][]byte) (*Verdict, error) {
	v := &packVerification{Verdict: Verdict{First: -1, Wrong: []string{}}, keys: keys, heads: heads}
	if err := v.open(r, size); err != nil {
		return nil, err
	}
	for _, step := range []func(){v.manifest, v.head, v.entries, v.outside, v.readme} {
		step()
	}
	v.say()
	return &v.Verdict, nil
}

type packVerification struct {
	Verdict
	keys   []string
	heads  [][]byte
	files  map[string]*zip.File
	sums   map[string]packedFile // as they are
	m      manifest
	c      Checkpoint
	ok     bool // the head is signed
	report bool // there is one
	known  []note.Verifier
	seen   []string
	whole  bool
	last   int64
	astray []int64 // numbers of events whose proofs do not lead to the head
}

func (v *packVerification) wrong(text string, args ...any) {
	if len(v.Wrong) < 100 {
		v.Wrong = append(v.Wrong, fmt.Sprintf(text, args...))
	}
}

// head opens the signed head of the log.
func (v *packVerification) head() {
	brought := strings.Fields(string(v.read("keys.txt")))
	var rotations [][]byte
	for _, l := range strings.Fields(string(v.read("rotations.txt"))) {
		s, err := base64.StdEncoding.DecodeString(l)
		if err != nil {
			v.wrong("rotations.txt holds what is no statement")
		}
		rotations = append(rotations, s)
	}
	signed := v.read("checkpoint.txt")
	var err error
	if v.c, err = ParseCheckpoint(beforeSignatures(signed)); err != nil {
		v.wrong("checkpoint.txt: %v", err)
		return
	}
	var trusted []string
	var known []note.Verifier
	for _, k := range append(append([]string{}, v.keys...), brought...) {
		one, err := NewVerifier(k)
		switch {
		case err != nil:
			v.wrong("%q is no public key", k)
		case one.Name() != v.c.Origin:
			if len(known) < 20 {
				known = append(known, one)
			}
		case len(v.keys) == 0 && len(trusted) == 0, inKeys(v.keys, k):
			trusted = append(trusted, k)
		}
	}
	chain, err := Chain(trusted, rotations)
	if err != nil {
		v.wrong("rotations.txt: %v", err)
	}
	v.known = append(unique(known), chain...)
	c, sigs, err := OpenCheckpoint(signed, v.known...)
	switch {
	case err != nil:
		v.wrong("the head of the log is not signed under the log's key: %v", err)
		return
	case c.Origin != v.m.Origin || c.Size != v.m.Size || base64.StdEncoding.EncodeToString(c.Root[:]) != v.m.Root:
		v.wrong("the manifest speaks of another head of the log than is signed")
	}
	if n, err := note.Open(signed, note.VerifierList(v.known...)); err == nil && len(n.UnverifiedSigs) > 0 {
		v.wrong("the head of the log has a signature of somebody whose key is not there (%s)", n.UnverifiedSigs[0].Name)
	}
	v.ok, v.Size = true, c.Size
	for _, s := range sigs {
		if at, ok := SeenAt(s); ok && s.Name != c.Origin {
			whose := "whose key came with the pack"
			for _, k := range v.keys {
				if one, err := NewVerifier(k); err == nil && one.Name() == s.Name && one.KeyHash() == s.Hash {
					whose = "whose key you gave"
				}
			}
			v.seen = append(v.seen, fmt.Sprintf("The witness %s, %s, saw this head at %s, and no other that contradicts it.", s.Name, whose, at.Format(time.RFC3339)))
		}
	}
}

func inKeys(keys []string, k string) bool {
	for _, one := range keys {
		if one == k {
			return true
		}
	}
	return false
}

func unique(all []note.Verifier) (out []note.Verifier) {
	type id struct {
		name string
		hash uint32
	}
	seen := map[id]bool{}
	for _, v := range all {
		if k := (id{v.Name(), v.KeyHash()}); !seen[k] {
			seen[k] = true
			out = append(out, v)
		}
	}
	return out
}

func beforeSignatures(signed []byte) string {
	text, _, _ := strings.Cut(string(signed), "\n\n")
	return text + "\n"
}

// bad names a bad entry; the one with the lowest number is the first.
func (v *packVerification) bad(index int64, text string) {
	if v.First < 0 || index < v.First {
		v.First = index
		v.Wrong = append([]string{fmt.Sprintf("event %d: %s", index, text)}, v.Wrong...)
	} else {
		v.wrong("event %d: %s", index, text)
	}
}

// each reads the entries.
func (v *packVerification) each(do func(Entry) error) error {
	f := v.files["events.jsonl"]
	if f == nil {
		return errors.New("events.jsonl is missing")
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		text, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(text) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the file ends within a line or is damaged: %w", err)
		}
		e, err := parseLine(text[:len(text)-1])
		if err != nil {
			return err
		}
		if err := do(e); err != nil {
			return err
		}
	}
}

// entries holds each event against the head, and writes the files for reading anew and compares: they say what the events say.
func (v *packVerification) entries() {
	v.last, v.whole = -1, true
	forCSV, forHTML := crc32.NewIEEE(), crc32.NewIEEE()
	bufCSV, bufHTML := bufio.NewWriterSize(forCSV, 64<<10), bufio.NewWriterSize(forHTML, 64<<10)
	read, err := newReadable(bufCSV, bufHTML, Pack{Checkpoint: v.c, Query: v.m.Query})
	if err != nil {
		v.wrong("what was asked cannot be written: %v", err)
		return
	}
	err = v.each(func(e Entry) error {
		v.entry(e)
		return read.add(e)
	})
	if err != nil {
		v.bad(v.last+1, fmt.Sprintf("events.jsonl cannot be read from here: %v", err))
	}
	if err := errors.Join(read.end(), bufCSV.Flush(), bufHTML.Flush()); err != nil {
		v.wrong("the files for reading cannot be written anew: %v", err)
	}
	for name, sum := range map[string]uint32{"events.csv": forCSV.Sum32(), "events.html": forHTML.Sum32()} {
		if f := v.files[name]; f != nil && f.CRC32 != sum {
			v.wrong("%s does not say what events.jsonl says", name)
		}
	}
	if v.whole && v.ok && v.last+1 != v.Size && v.m.Query.all() {
		v.bad(v.last+1, "it is missing: the whole log was asked for")
	}
	v.whole = v.whole && v.last+1 == v.Size
	v.strayed()
	if v.Events != v.m.Query.Events {
		v.wrong("the pack holds %d events, and its manifest counts %d", v.Events, v.m.Query.Events)
	}
}

// entry holds one event against the head.
func (v *packVerification) entry(e Entry) {
	v.Events++
	switch {
	case e.Index <= v.last:
		v.bad(e.Index, fmt.Sprintf("it comes after event %d", v.last))
	case !v.ok:
	case e.In(v.c) != nil:
		v.astray = append(v.astray, e.Index)
	default:
		if l, err := Skim(e.Leaf); err != nil {
			v.bad(e.Index, err.Error())
		} else if why := v.m.Query.misses(e.Index, l); why != "" {
			v.bad(e.Index, "it was not asked for: "+why)
		}
	}
	if v.whole && e.Index != v.last+1 && v.m.Query.all() {
		v.bad(v.last+1, "it is missing: the whole log was asked for")
	}
	v.whole = v.whole && e.Index == v.last+1
	v.last = e.Index
}

// outside holds the log of the pack against heads that were kept outside of it.
func (v *packVerification) outside() {
	for _, signed := range v.heads {
		kept, err := ParseCheckpoint(beforeSignatures(signed))
		if err == nil {
			_, _, err = OpenCheckpoint(signed, v.known...)
		}
		switch {
		case err != nil:
			v.wrong("the head from outside is not signed under the log's key: %v", err)
			continue
		case kept == v.c:
			v.Proven = append(v.Proven, fmt.Sprintf("The head of %d events is the one that was kept outside.", kept.Size))
			continue
		case kept.Size > v.c.Size:
			v.wrong("the log has %d events here, and %d when the head from outside was signed", v.c.Size, kept.Size)
			continue
		case kept.Size == v.c.Size:
			v.wrong("another log of %d events was signed: its head was kept outside", kept.Size)
			continue
		case !v.whole:
			v.NotProven = append(v.NotProven, fmt.Sprintf("That this log continues the one of %d events whose head was kept outside: the pack holds a part of it.", kept.Size))
			continue
		}
		var tree Peaks
		if err := v.each(func(e Entry) error {
			if tree.Size() < kept.Size {
				tree.Append(LeafHash(e.Leaf), nil)
			}
			return nil
		}); err != nil || tree.Root() != kept.Root {
			v.wrong("the first %d events are not those whose head was kept outside", kept.Size)
			continue
		}
		v.Proven = append(v.Proven, fmt.Sprintf("It continues the log of %d events whose head was kept outside.", kept.Size))
	}
}

// all says whether the whole log was asked for.
func (q *Query) all() bool {
	return q.From == nil && q.To == nil && q.Person == 0 && q.Actor == 0 && len(q.Kinds) == 0 && !q.Listed
}

// misses says why an event is not one that was asked for.
func (q *Query) misses(index int64, l Skimmed) string {
	_, listed := slices.BinarySearch(q.Numbers, index)
	switch {
	case q.Listed && !listed:
		return "its number is not one of those listed"
	case q.From != nil && l.Recorded.Before(*q.From), q.To != nil && !l.Recorded.Before(*q.To):
		return "it was recorded at " + l.Recorded.Format(time.RFC3339)
	case q.Person != 0 && l.Identity != q.Person:
		return "it is about somebody else"
	case q.Actor != 0 && l.Actor != q.Actor:
		return "somebody else did it"
	case len(q.Kinds) > 0 && !inKeys(q.Kinds, string(l.Kind)):
		return "it is of kind " + string(l.Kind)
	}
	return ""
}

// readme holds the instructions against those of this format.
func (v *packVerification) readme() {
	if string(v.read("README.txt")) != readme(v.report) {
		v.wrong("README.txt is not that of a pack of this format")
	}
}

// say puts what is proven into words.
func (v *packVerification) say() {
	v.NotProven = append(v.NotProven, "That what was written down is true, and that everything that happened was written down.",
		"Who the numbers of people and actors stand for: names are in the database.")
	if v.report {
		v.NotProven = append(v.NotProven, "That the report is true: its files are Tenure's reading of its database, as they were written. The log notes the hash of this pack after its head; a later part of the log proves it.")
	}
	if len(v.Wrong) > 0 {
		v.NotProven = append([]string{"This pack as a whole: something in it is wrong."}, v.NotProven...)
		return
	}
	v.Proven = append(v.Proven, fmt.Sprintf("Each of the %d events is in the log %s, unchanged and at its number: the log's head of %d events is signed, and every event leads to it.", v.Events, v.c.Origin, v.c.Size))
	if v.whole {
		v.Proven = append(v.Proven, "It is the whole log up to that head: no number is missing.")
	} else {
		v.NotProven = append(v.NotProven, "That no event that was asked for was left out: the pack holds a part of the log.")
	}
	if v.report {
		v.Proven = append(v.Proven, "The report was not changed since the pack was written: each of its files has the hash that the manifest lists.")
	}
	v.Proven = append(v.Proven, v.seen...)
	if len(v.seen) == 0 {
		v.NotProven = append(v.NotProven, "That nobody was shown another log: no witness signed this head.")
	}
	if len(v.keys) == 0 {
		v.NotProven = append(v.NotProven, "Who made it: it was held against the key that it brings along. Give the log's public key (--key) as you got it from elsewhere.")
	}
}
