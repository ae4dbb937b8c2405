package control

import (
	"crypto/sha256"
	"encoding/hex"
	"io"

	"tenure/internal/audit/trail"
	"tenure/internal/db"
	"tenure/internal/evidence"
)

// PackOrder says what a pack holds, and who is told how far it is.
type PackOrder struct {
	Of           []*Sample // one, or several of one control and period: samples and whole populations
	Size         int64     // events of the head of the log up to which it goes; 0 takes the last head
	Organisation string
	Step         Step
}

// Step is told how far long work is, in words and as so many of so many; its error stops the work. Nil tells nobody.
type Step func(words string, done, total int) error

func (s Step) at(words string, done, total int) error {
	if s == nil {
		return nil
	}
	return s(words, done, total)
}

// Packed is a pack that was written.
type Packed struct {
	Head   int64  `json:"head"`   // events of the log up to which it goes
	SHA256 string `json:"sha256"` // of the file, in hexadecimal
}

// WritePack writes the pack of samples or whole populations: the report in all its forms, and the events on which it rests with their
// proofs. The same order at the same head gives the same bytes, as long as what it reads has not changed.
func WritePack(tx *db.Tx, w io.Writer, o PackOrder) (Packed, error) {
	sum := sha256.New()
	h, err := trail.WriteReport(tx, io.MultiWriter(w, sum), o.Size, func(h trail.Head) ([]evidence.ReportFile, []int64, error) {
		var b book
		var numbers []int64
		for _, s := range o.Of { // at most the populations of a control
			r, some, err := newReport(tx, o, s, h)
			if err != nil {
				return nil, nil, err
			}
			b, numbers = append(b, r), append(numbers, some...)
		}
		if err := o.Step.at("Writing the report", len(o.Of), len(o.Of)); err != nil {
			return nil, nil, err
		}
		files, err := b.files()
		return files, numbers, err
	})
	return Packed{h.Size, hex.EncodeToString(sum.Sum(nil))}, err
}

// Given records that a pack was given out, with its hash: the log says later that this very file was.
func (p Packed) Given(tx *db.Tx, of []*Sample) {
	samples, populations := []int{}, []string{}
	for _, s := range of {
		if populations = append(populations, s.Population); s.ID != 0 {
			samples = append(samples, s.ID)
		}
	}
	tx.Record(evidence.Event{Kind: "evidence.packed", Facts: map[string]any{"control": of[0].Control, "populations": populations, "samples": samples, "from": of[0].From.UTC(), "to": of[0].To.UTC(), "size": p.Head, "sha256": p.SHA256}})
}
