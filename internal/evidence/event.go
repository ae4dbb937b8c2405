package evidence

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"time"
)

// Touches counts the rows of each governed table that one event accounts for. The sum over a transaction's events must equal
// what the database counted, or the transaction does not commit.
type Touches map[string]int

// Event is one thing that happened, before it is written.
type Event struct {
	Kind        string // room.pasttense, such as "person.joined"
	IdentityID  int    // whom it is about; 0 for nobody
	EffectiveAt time.Time
	Touches     Touches
	Facts       any // what changed, without personal values; rendered as JSON
	Personal    any // personal values, sealed; nil for none
	// Rows are the prints of rows that the transaction wrote and took away, by table: an event carries those of the person it is about.
	// db fills them in.
	Rows map[string]Prints
}

// Prints are prints of rows, one after the other, PrintSize bytes each: four of the person's id and sixteen of a hash.
type Prints struct {
	In  []byte `json:"in,omitempty"`
	Out []byte `json:"out,omitempty"`
}

// PrintSize is the length of one print.
const PrintSize = 20

// Leaf appends to b the canonical bytes of an event recorded by an actor at a time, with the hash of its sealed part: the fields
// in a fixed order, none that is empty except touches, times in UTC with microseconds, keys of maps sorted, JSON without spaces.
// So the same event gives the same bytes.
func (e *Event) Leaf(b []byte, actor int, recorded time.Time, sealed []byte) ([]byte, error) {
	return (&Scribe{}).Leaf(b, e, actor, recorded, sealed)
}

// Scribe writes the canonical bytes of many events: those of one transaction have the same times, which are put into words once.
type Scribe struct{ recorded, effective worded }

// worded is a time and how it is written.
type worded struct {
	at   time.Time
	text []byte
}

func (w *worded) stamp(b []byte, t time.Time) []byte {
	if w.text == nil || !w.at.Equal(t) {
		w.at, w.text = t, stamp(w.text[:0], t)
	}
	return append(b, w.text...)
}

// Leaf is the event's function of that name.
func (s *Scribe) Leaf(b []byte, e *Event, actor int, recorded time.Time, sealed []byte) ([]byte, error) {
	b = AppendString(append(b, `{"v":1,"kind":`...), e.Kind)
	b = strconv.AppendInt(append(b, `,"actor":`...), int64(actor), 10)
	if e.IdentityID != 0 {
		b = strconv.AppendInt(append(b, `,"identity":`...), int64(e.IdentityID), 10)
	}
	b = s.recorded.stamp(append(b, `,"recorded":"`...), recorded)
	b = s.effective.stamp(append(b, `","effective":"`...), e.EffectiveAt)
	b = e.Touches.AppendJSON(append(b, `","touches":`...))
	if e.Facts != nil {
		var err error
		if b, err = appendAny(append(b, `,"facts":`...), e.Facts); err != nil {
			return b, err
		}
	}
	if len(e.Rows) > 0 {
		b = appendRows(append(b, `,"rows":`...), e.Rows)
	}
	if len(sealed) > 0 {
		h := sha256.Sum256(sealed)
		b = append(hex.AppendEncode(append(b, `,"sealed":"`...), h[:]), '"')
	}
	return append(b, '}'), nil
}

// Plain appends the personal values of the event as JSON; nothing for an event without.
func (e *Event) Plain(b []byte) ([]byte, error) {
	if e.Personal == nil {
		return b, nil
	}
	return appendAny(b, e.Personal)
}

func appendRows(b []byte, rows map[string]Prints) []byte {
	for i, table := range slices.Sorted(maps.Keys(rows)) {
		b = AppendString(append(b, "{,"[min(i, 1)]), table)
		b = append(b, ":{"...)
		p := rows[table]
		if len(p.In) > 0 {
			b = append(base64.StdEncoding.AppendEncode(append(b, `"in":"`...), p.In), '"')
		}
		if len(p.Out) > 0 {
			if len(p.In) > 0 {
				b = append(b, ',')
			}
			b = append(base64.StdEncoding.AppendEncode(append(b, `"out":"`...), p.Out), '"')
		}
		b = append(b, '}')
	}
	return append(b, '}')
}

func stamp(b []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z")
}
