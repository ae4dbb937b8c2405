package evidence

import (
	"crypto/sha256"
	"encoding/hex"
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
}

// Leaf appends to b the canonical bytes of an event recorded by an actor at a time, with the hash of its sealed part: the fields
// in a fixed order, none that is empty except touches, times in UTC with microseconds, keys of maps sorted, JSON without spaces.
// So the same event gives the same bytes.
func (e *Event) Leaf(b []byte, actor int, recorded time.Time, sealed []byte) ([]byte, error) {
	b = AppendString(append(b, `{"v":1,"kind":`...), e.Kind)
	b = strconv.AppendInt(append(b, `,"actor":`...), int64(actor), 10)
	if e.IdentityID != 0 {
		b = strconv.AppendInt(append(b, `,"identity":`...), int64(e.IdentityID), 10)
	}
	b = stamp(append(b, `,"recorded":"`...), recorded)
	b = stamp(append(b, `","effective":"`...), e.EffectiveAt)
	b = e.Touches.AppendJSON(append(b, `","touches":`...))
	if e.Facts != nil {
		var err error
		if b, err = appendAny(append(b, `,"facts":`...), e.Facts); err != nil {
			return b, err
		}
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

func stamp(b []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z")
}
