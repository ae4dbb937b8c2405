package source

import (
	"crypto/sha256"
	"encoding/binary"
)

// The words a record's Status may have. The empty string means that the source says nothing about it.
const (
	StatusActive    = "active"
	StatusLeave     = "leave"
	StatusLeft      = "left"
	StatusRescinded = "rescinded"
)

// Record is one person's employment as one row of a source states it. Texts are normalised: Unicode NFC (UAX #15) and
// without white space at their ends. An empty text is a value the source does not state.
type Record struct {
	Row        int    // 1-based line or row as a person sees it in the file; the line where a quoted row begins
	Key        string // employee number: identifies the employment in this source; never empty
	Person     string // links several employments of one person; "" = the same as Key
	FirstDay   Day
	LastDay    Day    // the last day worked; no date = open
	Zone       string // IANA time zone; "" = the source's default
	Effective  Day    // from when this row's attributes hold; no date = the snapshot's effective date
	Status     string // "", StatusActive, StatusLeave, StatusLeft or StatusRescinded
	ManagerRef string // the manager as written: a number, an e-mail address or a name; resolved by package hr
	Attrs      Attrs
	Hash       [16]byte // of everything above except Row; see Hasher
}

// Reject is one row that could not be taken, with what a person needs to mend it.
type Reject struct {
	Row   int    `json:"row"`   // as in Record
	Field string `json:"field"` // attribute name; the column's header if it is not mapped; WholeRow if no column is to blame
	Rule  string `json:"rule"`  // the rule that is broken, in plain words
	Key   string `json:"-"`     // employee number, if it could be read: this person is not absent, only unreadable
	// FieldOnly says that the row was taken and only this field left out. Readers of rows never set it: they take a row
	// whole or not at all. Package hr uses it for a manager who cannot be found.
	FieldOnly bool `json:"-"`
}

// WholeRow is the Field of a reject that concerns the row rather than one column.
const WholeRow = "row"

// Reading is one look at a source.
type Reading struct {
	SHA256  [32]byte // of the bytes as they were received
	Rows    int      // data rows seen: without header, trailer and empty rows
	Records []Record // in the order of the source
	Rejects []Reject // by row; one for each row that is not in Records
	// Broken is empty for a reading that can be used. Otherwise it is a sentence: why the source as a whole is cut, empty
	// or has no usable header. A broken reading has no records and no rejects.
	Broken string
	// UnreadableKeys counts what may stand in rejected rows without a readable number. While it is above 0, as many
	// people may look absent who are not.
	UnreadableKeys int
}

// Hasher computes the hashes of records; its zero value is ready. It keeps a buffer, so one Hasher serves one goroutine.
type Hasher struct{ buf []byte }

// Sum gives the first 16 bytes of the SHA-256 (FIPS 180-4) of the record's canonical bytes: every field but Row and
// Hash, each with its length, then the attributes that have a value, by name. A column that is always empty therefore
// changes no hash.
func (h *Hasher) Sum(r *Record) [16]byte {
	b := append(h.buf[:0], 1) // the version of this encoding
	b = appendText(b, r.Key)
	b = appendText(b, r.Person)
	b = appendText(b, r.Zone)
	b = appendText(b, r.Status)
	b = appendText(b, r.ManagerRef)
	for _, d := range [...]Day{r.FirstDay, r.LastDay, r.Effective} {
		b = binary.BigEndian.AppendUint32(b, uint32(d.n))
	}
	for i, v := range r.Attrs.values {
		if v != "" {
			b = appendText(b, r.Attrs.names[i])
			b = appendText(b, v)
		}
	}
	h.buf = b
	sum := sha256.Sum256(b)
	return [16]byte(sum[:16])
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}
