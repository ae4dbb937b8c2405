package hr

import (
	"strconv"
	"time"

	"tenure/internal/db"
	"tenure/internal/evidence"
	"tenure/internal/identity"
)

// jobFact is what the event says of one employment; its attributes are personal and stand in the sealed part.
type jobFact struct {
	Employment int    `json:"m"`
	Status     string `json:"status"`
	Starts     string `json:"starts"`
	Ends       string `json:"ends,omitempty"`
	From       string `json:"from"`
	Unit       int    `json:"unit,omitempty"`
	Manager    int    `json:"manager,omitempty"`
}

// jobFacts and jobAttrs are the two parts for all employments of a person that a reading changes, in the same order.
type (
	jobFacts []jobFact
	jobAttrs []identity.Attrs
)

// AppendJSON appends the facts as encoding/json would write them.
func (j jobFacts) AppendJSON(b []byte) []byte {
	b = append(b, '[')
	for i := range j {
		f := &j[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, `{"m":`...), int64(f.Employment), 10)
		b = evidence.AppendString(append(b, `,"status":`...), f.Status)
		b = evidence.AppendString(append(b, `,"starts":`...), f.Starts)
		if f.Ends != "" {
			b = evidence.AppendString(append(b, `,"ends":`...), f.Ends)
		}
		b = evidence.AppendString(append(b, `,"from":`...), f.From)
		if f.Unit != 0 {
			b = strconv.AppendInt(append(b, `,"unit":`...), int64(f.Unit), 10)
		}
		if f.Manager != 0 {
			b = strconv.AppendInt(append(b, `,"manager":`...), int64(f.Manager), 10)
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

// AppendJSON appends the attributes as encoding/json would write them.
func (j jobAttrs) AppendJSON(b []byte) []byte {
	b = append(b, '[')
	for i, a := range j {
		if i > 0 {
			b = append(b, ',')
		}
		b = a.AppendJSON(b)
	}
	return append(b, ']')
}

func stamp(t time.Time) string {
	if !t.Before(db.Forever) {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
