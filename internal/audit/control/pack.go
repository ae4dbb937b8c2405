package control

import (
	"crypto/sha256"
	"encoding/hex"
	"io"

	"tenure/internal/audit/trail"
	"tenure/internal/db"
	"tenure/internal/evidence"
)

// Packed is a pack that was written.
type Packed struct {
	Head   int64  // events of the log up to which it goes
	SHA256 string // of the file, in hexadecimal
}

// WritePack writes the pack of a sample: the report in all its forms, and the events on which it rests with their proofs, up to the head of
// the log of a size; 0 takes the last one. The same sample at the same head gives the same bytes, as long as what it reads has not changed.
func WritePack(tx *db.Tx, w io.Writer, ref string, size int64, organisation string) (Packed, error) {
	s, err := SampleOf(tx, ref)
	if err != nil {
		return Packed{}, err
	}
	sum := sha256.New()
	h, err := trail.WriteReport(tx, io.MultiWriter(w, sum), size, func(h trail.Head) ([]evidence.ReportFile, []int64, error) {
		r, numbers, err := NewReport(tx, s, organisation, h)
		if err != nil {
			return nil, nil, err
		}
		files, err := r.Files()
		return files, numbers, err
	})
	return Packed{h.Size, hex.EncodeToString(sum.Sum(nil))}, err
}

// Given records that the pack of a sample was given out, with its hash: the log says later that this very file was.
func (p Packed) Given(tx *db.Tx, sample int) {
	tx.Record(evidence.Event{Kind: "evidence.packed", Facts: map[string]any{"sample": sample, "size": p.Head, "sha256": p.SHA256}})
}
