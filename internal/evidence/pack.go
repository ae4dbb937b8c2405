package evidence

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
	"golang.org/x/sync/errgroup"
)

// Pack is what an auditor takes along: events with the proof that they are in the log, the signed head of the log, the public keys, and what
// was asked. docs/reference/evidence-pack.md describes the files.
type Pack struct {
	Checkpoint Checkpoint
	Signed     []byte   // the checkpoint with the signatures of the log and of witnesses
	Keys       []string // public keys: the log's first, then those of witnesses
	Statements [][]byte // about later keys of the log
	Query      Query
	Reports    []ReportFile // all of ReportFiles in their order, or none
}

// ReportFile is a file of a report: what Tenure reads in its database, beside the events on which it rests.
type ReportFile struct {
	Name string
	Body []byte
}

// ReportFiles are the files of a report, in the order in which they stand in a pack, between the events and the manifest.
var ReportFiles = []string{"report/report.pdf", "report/report.html", "report/report.json", "report/population.csv", "report/sample.csv", "report/sheets.csv"}

// Query is what was asked: all events that it holds for, and how many those are.
type Query struct {
	From   *time.Time `json:"from,omitempty"` // recorded at or after
	To     *time.Time `json:"to,omitempty"`   // recorded before
	Kinds  []string   `json:"kinds,omitempty"`
	Person int        `json:"person,omitempty"`
	Actor  int        `json:"actor,omitempty"`
	// Numbers are those of single events, ascending, where Listed says that they were asked for: those on which a report rests.
	Listed  bool    `json:"listed,omitempty"`
	Numbers []int64 `json:"numbers,omitempty"`
	Events  int     `json:"events"` // counted in the database, before they were read
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

// ReadmeReport is what README.txt says besides where there is a report.
const ReadmeReport = `
report/         what was asked for, as Tenure read it in its database at the time of the head: population, sample and sheets, for reading
                (report.pdf, report.html), for programs (report.json) and for spreadsheets (the three .csv)

The report holds names. It is Tenure's reading of its database: that it is true is not proven. Proven are the events that it names by
their number (#7), as far as they stand in events.jsonl. The sample can be drawn again from population.csv and the seed. After this pack
was written, the log noted its SHA-256 as an event evidence.packed: whoever holds a later part of the log can see that this very file
was given out.
`

// readme is README.txt of the pack.
func readme(report bool) string {
	if report {
		return Readme + ReadmeReport
	}
	return Readme
}

// create begins a file of a pack. Nothing is compressed and every file is of 1980-01-01, so that the same request gives the same bytes and
// whoever verifies can say of every byte what it must be.
func create(z *zip.Writer, name string) (io.Writer, error) {
	return z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, ModifiedDate: 1<<5 | 1}) //nolint:staticcheck // Modified would add a field
}

// WritePack writes a pack as a zip file. each gives the events, in the order of their numbers; it is called once. What is to be read by people
// waits in temporary files meanwhile, so that memory stays the same however many events there are.
func WritePack(w io.Writer, p Pack, each func(func(Entry) error) error) (err error) {
	z := zip.NewWriter(w)
	m := manifest{Format: PackFormat, Origin: p.Checkpoint.Origin, Size: p.Checkpoint.Size,
		Root: base64.StdEncoding.EncodeToString(p.Checkpoint.Root[:]), Query: p.Query}
	add := func(name string, write func(io.Writer) error) error {
		f, err := create(z, name)
		if err != nil {
			return err
		}
		h := newHashing()
		b := bufio.NewWriterSize(io.MultiWriter(f, h), 64<<10)
		err = write(b)
		if err == nil {
			err = b.Flush()
		}
		n, sum := h.end()
		m.Files = append(m.Files, packedFile{name, n, hex.EncodeToString(sum)})
		return err
	}
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
	}
	var statements strings.Builder
	for _, s := range p.Statements {
		statements.WriteString(base64.StdEncoding.EncodeToString(s) + "\n")
	}
	forCSV, forHTML := &spool{}, &spool{}
	defer func() { err = errors.Join(err, forCSV.close(), forHTML.close()) }()
	type part struct {
		name  string
		write func(io.Writer) error
	}
	parts := []part{
		{"README.txt", text(readme(len(p.Reports) > 0))},
		{"checkpoint.txt", text(string(p.Signed))},
		{"keys.txt", text(strings.Join(p.Keys, "\n") + "\n")},
		{"rotations.txt", text(statements.String())},
		{"events.jsonl", func(w io.Writer) error { return writeEvents(w, forCSV, forHTML, p, each) }},
		{"events.csv", forCSV.copyTo},
		{"events.html", forHTML.copyTo},
	}
	for _, r := range p.Reports {
		parts = append(parts, part{r.Name, func(w io.Writer) error { _, err := w.Write(r.Body); return err }})
	}
	for _, f := range parts {
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

// writeEvents writes the events in all their forms, on all processors: one reads and proves them, one writes them down with their hashes, one
// makes what people read. What each gives must stay as it is.
func writeEvents(lines io.Writer, forCSV, forHTML *spool, p Pack, each func(func(Entry) error) error) error {
	if err := errors.Join(forCSV.open(), forHTML.open()); err != nil {
		return err
	}
	read, err := newReadable(forCSV.b, forHTML.b, p)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(context.Background())
	var line []byte
	toLines := taker(g, func(e Entry) error {
		line = e.appendLine(line[:0])
		_, err := lines.Write(line)
		return err
	})
	toRead := taker(g, read.add)
	some := make([]Entry, 0, together)
	pass := func() error {
		for _, to := range []chan<- []Entry{toLines, toRead} {
			select {
			case to <- some:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		some = make([]Entry, 0, together)
		return nil
	}
	err = each(func(e Entry) error {
		if some = append(some, e); len(some) < together {
			return nil
		}
		return pass()
	})
	if err == nil {
		err = pass()
	}
	close(toLines)
	close(toRead)
	if failed := g.Wait(); failed != nil {
		err = failed // each only heard of it
	}
	if err != nil {
		return err
	}
	return read.end()
}

// together is how many events are handed on at a time.
const together = 256

// taker does something with each event that is sent, in their order, beside whoever sends; a failure ends it, and the group's context with it.
func taker(g *errgroup.Group, do func(Entry) error) chan<- []Entry {
	from := make(chan []Entry, 2)
	g.Go(func() (err error) {
		for some := range from {
			for i := 0; i < len(some) && err == nil; i++ {
				err = do(some[i])
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return from
}

// spool is a temporary file that nobody else reads.
type spool struct {
	f *os.File
	b *bufio.Writer
}

func (s *spool) open() (err error) {
	if s.f, err = os.CreateTemp("", "tenure-pack-"); err == nil {
		s.b = bufio.NewWriterSize(s.f, 64<<10)
	}
	return err
}

// copyTo copies what was written.
func (s *spool) copyTo(w io.Writer) error {
	if err := s.b.Flush(); err != nil {
		return err
	}
	if _, err := s.f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.Copy(w, s.f)
	return err
}

func (s *spool) close() error {
	if s.f == nil {
		return nil
	}
	return errors.Join(s.f.Close(), os.Remove(s.f.Name()))
}

// hashing hashes and counts what is written, beside whoever writes.
type hashing struct {
	n          int64
	work, free chan []byte
	sum        chan []byte
}

func newHashing() *hashing {
	h := &hashing{work: make(chan []byte, 2), free: make(chan []byte, 4), sum: make(chan []byte, 1)}
	go func() {
		all := sha256.New()
		for p := range h.work {
			_, _ = all.Write(p) // never fails
			h.free <- p         // there is always room: fewer are under way
		}
		h.sum <- all.Sum(nil)
	}()
	return h
}

func (h *hashing) Write(p []byte) (int, error) {
	var b []byte
	select {
	case b = <-h.free:
	default:
	}
	h.work <- append(b[:0], p...)
	h.n += int64(len(p))
	return len(p), nil
}

// end gives how many bytes it were, and their SHA-256. It is called once.
func (h *hashing) end() (int64, []byte) {
	close(h.work)
	return h.n, <-h.sum
}

// appendLine appends {"index":7,"proof":"…","event":"…"}: the proof's hashes one after the other and the canonical bytes, both in base64.
func (e Entry) appendLine(b []byte) []byte {
	b = strconv.AppendInt(append(b, lineIndex...), e.Index, 10)
	b = append(b, lineProof...)
	var space [64 * 32]byte // no tree is higher
	proof := space[:0]
	for _, h := range e.Proof {
		proof = append(proof, h[:]...)
	}
	b = base64.StdEncoding.AppendEncode(b, proof)
	b = append(b, lineEvent...)
	b = base64.StdEncoding.AppendEncode(b, e.Leaf)
	return append(b, lineEnd+"\n"...)
}

const (
	lineIndex = `{"index":`
	lineProof = `,"proof":"`
	lineEvent = `","event":"`
	lineEnd   = `"}`
)

// parseLine reads a line that is exactly as appendLine writes it, but for its end.
func parseLine(text []byte) (e Entry, err error) {
	bad := errors.New("this is no line of a pack")
	text, ok := bytes.CutPrefix(text, []byte(lineIndex))
	index, text, ok2 := bytes.Cut(text, []byte(lineProof))
	proof, text, ok3 := bytes.Cut(text, []byte(lineEvent))
	leaf, ok4 := bytes.CutSuffix(text, []byte(lineEnd))
	if !ok || !ok2 || !ok3 || !ok4 {
		return e, bad
	}
	e.Index, err = strconv.ParseInt(string(index), 10, 64)
	if err != nil || e.Index < 0 || strconv.FormatInt(e.Index, 10) != string(index) {
		return e, bad
	}
	hashes, err := exactly(proof)
	if err != nil || len(hashes)%32 != 0 {
		return e, bad
	}
	if e.Leaf, err = exactly(leaf); err != nil {
		return e, bad
	}
	e.Proof = make([]Hash, 0, len(hashes)/32)
	for ; len(hashes) > 0; hashes = hashes[32:] {
		e.Proof = append(e.Proof, Hash(hashes[:32]))
	}
	return e, nil
}

// exactly decodes what an encoder would have written so, and nothing else: no line ends within, no bits beyond.
func exactly(text []byte) ([]byte, error) {
	out := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Strict().Decode(out, text)
	if err == nil && base64.StdEncoding.EncodedLen(n) != len(text) {
		err = errors.New("there are line ends in it")
	}
	return out[:n], err
}

// In says whether the entry is the event of its number in the checkpoint's log.
func (e Entry) In(c Checkpoint) error {
	if e.Index >= c.Size {
		return errors.New("its number is after the last event of the log")
	}
	return tlog.CheckRecord(tlog.RecordProof(e.Proof), c.Size, c.Root, e.Index, LeafHash(e.Leaf))
}
