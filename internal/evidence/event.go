package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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

// leaf is the canonical form: the fields in this order, times in UTC with microseconds, JSON without spaces.
type leaf struct {
	V         int     `json:"v"`
	Kind      string  `json:"kind"`
	Actor     int     `json:"actor"`
	Identity  int     `json:"identity,omitempty"`
	Recorded  string  `json:"recorded"`
	Effective string  `json:"effective"`
	Touches   Touches `json:"touches"`
	Facts     any     `json:"facts,omitempty"`
	Sealed    string  `json:"sealed,omitempty"`
}

// Leaf gives the canonical bytes of an event recorded by an actor at a time, with the hash of its sealed part. Maps are
// rendered with their keys sorted, so the same event gives the same bytes.
func (e *Event) Leaf(actor int, recorded time.Time, sealed []byte) ([]byte, error) {
	l := leaf{
		V: 1, Kind: e.Kind, Actor: actor, Identity: e.IdentityID, Recorded: stamp(recorded), Effective: stamp(e.EffectiveAt),
		Touches: e.Touches, Facts: e.Facts,
	}
	if len(sealed) > 0 {
		h := sha256.Sum256(sealed)
		l.Sealed = hex.EncodeToString(h[:])
	}
	return json.Marshal(l)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
