package evidence

import (
	"archive/zip"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Pack is what an auditor takes along: events with the proof that they are in the log, the signed head of the log, the public keys, and what
// was asked. docs/reference/evidence-pack.md describes the files.
type Pack struct {
	Checkpoint Checkpoint
	Signed     []byte   // the checkpoint with the signatures of the log and of witnesses
	Keys       []string // public keys: the log's first, then those of witnesses
	Statements [][]byte // about later keys of the log
	Query      Query
}

// Query is what was asked: all events that it holds for, and how many those are.
type Query struct {
	From   *time.Time `json:"from,omitempty"` // recorded at or after
	To     *time.Time `json:"to,omitempty"`   // recorded before
	Kinds  []string   `json:"kinds,omitempty"`
	Person int        `json:"person,omitempty"`
	Actor  int        `json:"actor,omitempty"`
	Events int        `json:"events"` // counted in the database, before they were read
}

// Entry is one event of a pack.
type Entry struct {
	Index int64
	Leaf  []byte
	Proof []Hash
}

// manifest is manifest.json: everything about the pack but itself.
type manifest struct {
	Format string       `json:"format"`
	Origin string       `json:"origin"`
	Size   int64        `json:"size"`
	Root   string       `json:"root"`
	Query  Query        `json:"query"`
	Files  []packedFile `json:"files"`
}

type packedFile struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// PackFormat names the format of packs.
const PackFormat = "tenure evidence pack v1"

// Readme is README.txt of every pack.
const Readme = `Evidence from Tenure

events.jsonl    one event a line: its number in the log, the proof that it is there, and its canonical text (base64)
events.csv      the same for spreadsheets; events.html for reading. Both are made from events.jsonl
checkpoint.txt  the signed head of the log: how many events it has and the root of their Merkle tree (C2SP tlog-checkpoint)
keys.txt        public keys: of the log, then of witnesses, who signed that they saw this head and no other
rotations.txt   statements of the log about later keys, signed under earlier ones (may be empty)
manifest.json   what was asked, how many events it holds for, and the SHA-256 of each file

To verify it, without Tenure's database and without a network:

    tenure verify PACK.zip --key KEY
    python3 verify.py PACK.zip --key KEY        (docs/verify.py: Python's standard library only)

KEY is the public key of the log as you got it from somewhere else than this file, best on the first day. Without it the pack is
held against the key that it brings along, which shows that it was not changed since, and not by whom it was made.

What it proves: each event was in the log when the head was signed, unchanged, at that number. A witness's signature says since when.
What it does not: that what was written down is true; that nothing happened that was never written; that no event that was asked for
was left out (compare the counts with the database, or ask for the whole log: then every number from 0 must be there). Names of
people are not in it: they stand in the database, under keys that can be erased.
`

// create begins a file of a pack. Nothing is compressed and every file is of 1980-01-01, so that the same request gives the same bytes and
// whoever verifies can say of every byte what it must be.
func create(z *zip.Writer, name string) (io.Writer, error) {
	return z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, ModifiedDate: 1<<5 | 1}) //nolint:staticcheck // Modified would add a field
}

// WritePack writes a pack as a zip file. each gives the events, in the order of their numbers; it is called three times.
func WritePack(w io.Writer, p Pack, each func(func(Entry) error) error) error {
	z := zip.NewWriter(w)
	m := manifest{Format: PackFormat, Origin: p.Checkpoint.Origin, Size: p.Checkpoint.Size,
		Root: base64.StdEncoding.EncodeToString(p.Checkpoint.Root[:]), Query: p.Query}
	add := func(name string, write func(io.Writer) error) error {
		f, err := create(z, name)
		if err != nil {
			return err
		}
		h, n := sha256.New(), &counter{}
		b := bufio.NewWriter(io.MultiWriter(f, h, n))
		if err := errors.Join(write(b), b.Flush()); err != nil {
			return err
		}
		m.Files = append(m.Files, packedFile{name, n.n, hex.EncodeToString(h.Sum(nil))})
		return nil
	}
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
	}
	var statements strings.Builder
	for _, s := range p.Statements {
		statements.WriteString(base64.StdEncoding.EncodeToString(s) + "\n")
	}
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"README.txt", text(Readme)},
		{"checkpoint.txt", text(string(p.Signed))},
		{"keys.txt", text(strings.Join(p.Keys, "\n") + "\n")},
		{"rotations.txt", text(statements.String())},
		{"events.jsonl", func(w io.Writer) error { return each(func(e Entry) error { return e.writeLine(w) }) }},
		{"events.csv", func(w io.Writer) error { return writeCSV(w, each) }},
		{"events.html", func(w io.Writer) error { return writeHTML(w, p, each) }},
	} {
		if err := add(f.name, f.write); err != nil {
			return err
		}
	}
	f, err := create(z, "manifest.json")
	if err != nil {
		return err
	}
	enc := json.NewEncoder(f)
	enc.SetIndent("", "  ")
	return errors.Join(enc.Encode(m), z.Close())
}

type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) { c.n += int64(len(p)); return len(p), nil }

// writeLine writes {"index":7,"proof":"…","event":"…"}: the proof's hashes one after the other and the canonical bytes, both in base64.
func (e Entry) writeLine(w io.Writer) error {
	b := strconv.AppendInt([]byte(`{"index":`), e.Index, 10)
	b = append(b, `,"proof":"`...)
	proof := make([]byte, 0, len(e.Proof)*32)
	for _, h := range e.Proof {
		proof = append(proof, h[:]...)
	}
	b = base64.StdEncoding.AppendEncode(b, proof)
	b = append(b, `","event":"`...)
	b = base64.StdEncoding.AppendEncode(b, e.Leaf)
	_, err := w.Write(append(b, "\"}\n"...))
	return err
}

// line is how a line of events.jsonl is read.
type line struct {
	Index int64  `json:"index"`
	Proof []byte `json:"proof"`
	Event []byte `json:"event"`
}

func parseLine(text []byte) (e Entry, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var l line
	if err := dec.Decode(&l); err != nil || len(l.Proof)%32 != 0 || l.Index < 0 {
		return e, errors.New("this is no line of a pack")
	}
	e = Entry{Index: l.Index, Leaf: l.Event}
	for ; len(l.Proof) > 0; l.Proof = l.Proof[32:] {
		e.Proof = append(e.Proof, Hash(l.Proof[:32]))
	}
	var again bytes.Buffer
	if err := e.writeLine(&again); err != nil || !bytes.Equal(bytes.TrimSuffix(again.Bytes(), []byte("\n")), text) {
		return e, errors.New("this is no line of a pack")
	}
	return e, nil
}

// In says whether the entry is the event of its number in the checkpoint's log.
func (e Entry) In(c Checkpoint) error {
	if e.Index >= c.Size {
		return errors.New("its number is after the last event of the log")
	}
	return tlog.CheckRecord(tlog.RecordProof(e.Proof), c.Size, c.Root, e.Index, LeafHash(e.Leaf))
}

var csvHead = []string{"number", "recorded", "effective", "kind", "actor", "person", "facts"}

func (e Entry) cells() []string {
	l, err := ParseLeaf(e.Leaf)
	if err != nil {
		return []string{strconv.FormatInt(e.Index, 10), "", "", "unreadable", "", "", ""}
	}
	person := ""
	if l.Identity != 0 {
		person = strconv.Itoa(l.Identity)
	}
	return []string{strconv.FormatInt(e.Index, 10), l.Recorded.UTC().Format("2006-01-02T15:04:05.000000Z"), l.Effective.UTC().Format("2006-01-02T15:04:05.000000Z"),
		l.Kind, strconv.Itoa(l.Actor), person, string(l.Facts)}
}

func writeCSV(w io.Writer, each func(func(Entry) error) error) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	if err := c.Write(csvHead); err != nil {
		return err
	}
	err := each(func(e Entry) error {
		cells := e.cells()
		for i := range cells {
			// What a spreadsheet would take for a formula begins with an apostrophe.
			if cells[i] != "" && strings.ContainsRune("=+-@\t\r\n", rune(cells[i][0])) {
				cells[i] = "'" + cells[i]
			}
		}
		return c.Write(cells)
	})
	c.Flush()
	return errors.Join(err, c.Error())
}

const htmlHead = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Evidence</title>
<style>body{font:14px system-ui,sans-serif;margin:2rem}table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #bbb;padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}thead{display:table-header-group}tr{break-inside:avoid}</style></head><body><h1>Evidence</h1>
`

func writeHTML(w io.Writer, p Pack, each func(func(Entry) error) error) error {
	query, err := json.Marshal(p.Query)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s<p>Log <code>%s</code>, head of %d events, root <code>%s</code>.</p><p>Asked: <code>%s</code></p><p>This page is for reading. How to verify the events stands in README.txt.</p>\n<table><thead><tr>",
		htmlHead, html.EscapeString(p.Checkpoint.Origin), p.Checkpoint.Size, p.Checkpoint.Root, html.EscapeString(string(query)))
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, "<th>"+strings.Join(csvHead, "</th><th>")+"</th></tr></thead><tbody>\n"); err != nil {
		return err
	}
	if err := each(func(e Entry) error {
		var b bytes.Buffer
		b.WriteString("<tr>")
		for _, c := range e.cells() {
			b.WriteString("<td>" + html.EscapeString(c) + "</td>")
		}
		b.WriteString("</tr>\n")
		_, err := w.Write(b.Bytes())
		return err
	}); err != nil {
		return err
	}
	_, err = io.WriteString(w, "</tbody></table></body></html>\n")
	return err
}
