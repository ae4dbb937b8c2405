package evidence

import (
	"bytes"
	"encoding/json"
	"time"
)

// Skimmed is what an event's canonical bytes say, with the parts that have parts themselves left as they are written: for whoever reads
// a million of them.
type Skimmed struct {
	Kind                     []byte
	Actor, Identity          int
	Recorded, Effective      time.Time
	Touches, Facts, Rows     []byte // JSON; facts and rows nil for none
	Sealed                   []byte // the hash of the sealed part, in hexadecimal; nil for none
	recordedText, effectText []byte // the times as they are written
}

// Skim reads canonical bytes; what it gives lies in them. Bytes that are not written as Event.Leaf writes them it reads as ParseLeaf does,
// and so refuses what that refuses.
func Skim(b []byte) (l Skimmed, err error) { return skim(skimmer{rest: b, strict: true}) }

// Glance is Skim for bytes that are known to have been sealed: it does not ask whether what it leaves as it is written is JSON within.
func Glance(b []byte) (l Skimmed, err error) { return (&Skimmer{}).Glance(b) }

// Skimmer is for glancing at many events: those of one transaction have the same times, which are read once.
type Skimmer struct{ recorded, effective lastTime }

// lastTime is the time that was read last, and how it was written.
type lastTime struct {
	text [stampLength]byte
	at   time.Time
}

// Glance is the function of that name.
func (s *Skimmer) Glance(b []byte) (l Skimmed, err error) { return skim(skimmer{rest: b, last: s}) }

func skim(s skimmer) (l Skimmed, err error) {
	b := s.rest
	if l, ok := s.leaf(); ok {
		return l, nil
	}
	p, err := ParseLeaf(b)
	if err != nil {
		return Skimmed{}, err
	}
	l = Skimmed{Kind: []byte(p.Kind), Actor: p.Actor, Identity: p.Identity, Recorded: p.Recorded, Effective: p.Effective,
		Touches: p.Touches.AppendJSON(nil), Facts: p.Facts, recordedText: stamp(nil, p.Recorded), effectText: stamp(nil, p.Effective)}
	if len(p.Rows) > 0 {
		l.Rows = appendRows(nil, p.Rows)
	}
	if p.Sealed != "" {
		l.Sealed = []byte(p.Sealed)
	}
	return l, nil
}

// Prints reads the rows.
func (l *Skimmed) Prints() (rows map[string]Prints, err error) {
	if l.Rows != nil {
		err = json.Unmarshal(l.Rows, &rows)
	}
	return rows, err
}

// SameTouches says whether a JSON object counts as the leaf does.
func (l *Skimmed) SameTouches(text []byte) bool {
	if bytes.Equal(text, l.Touches) {
		return true
	}
	var a, b Touches
	return json.Unmarshal(text, &a) == nil && json.Unmarshal(l.Touches, &b) == nil && bytes.Equal(a.AppendJSON(nil), b.AppendJSON(nil))
}

// Seals says whether a sealed part is the one that the leaf speaks of. An erased one is nil and no contradiction.
func (l *Skimmed) Seals(sealed []byte) bool {
	return sealed == nil || bytes.Equal(l.Sealed, sealedHash(sealed))
}

// skimmer reads on as long as everything is as Event.Leaf writes it.
type skimmer struct {
	rest   []byte
	strict bool     // values must be JSON within
	last   *Skimmer // nil: times are read anew
}

func (s *skimmer) leaf() (l Skimmed, ok bool) {
	ok = s.is(`{"v":1,"kind":"`) && s.until('"', &l.Kind) && s.is(`,"actor":`) && s.number(&l.Actor) &&
		(!s.is(`,"identity":`) || s.number(&l.Identity)) &&
		s.is(`,"recorded":"`) && s.time(&l.Recorded, &l.recordedText, recordedOf) && s.is(`,"effective":"`) && s.time(&l.Effective, &l.effectText, effectiveOf) &&
		s.is(`,"touches":`) && s.object(&l.Touches) &&
		(!s.is(`,"facts":`) || s.value(&l.Facts)) && (!s.is(`,"rows":`) || s.object(&l.Rows)) && (!s.is(`,"sealed":"`) || s.until('"', &l.Sealed)) &&
		s.is("}") && len(s.rest) == 0
	return l, ok
}

func (s *skimmer) is(text string) bool {
	if len(s.rest) < len(text) || string(s.rest[:len(text)]) != text {
		return false
	}
	s.rest = s.rest[len(text):]
	return true
}

// until reads a text without escapes.
func (s *skimmer) until(end byte, to *[]byte) bool {
	for i, c := range s.rest {
		switch {
		case c == end:
			*to, s.rest = s.rest[:i:i], s.rest[i+1:]
			return true
		case c < ' ' || c > '~' || c == '\\':
			return false
		}
	}
	return false
}

func (s *skimmer) number(to *int) bool {
	n, v := 0, 0
	for n < len(s.rest) && n < 10 && s.rest[n] >= '0' && s.rest[n] <= '9' {
		v = 10*v + int(s.rest[n]-'0')
		n++
	}
	if n == 0 || n > 1 && s.rest[0] == '0' {
		return false
	}
	*to, s.rest = v, s.rest[n:]
	return true
}

const stampLength = len("2006-01-02T15:04:05.000000Z")

func recordedOf(s *Skimmer) *lastTime  { return &s.recorded }
func effectiveOf(s *Skimmer) *lastTime { return &s.effective }

func (s *skimmer) time(to *time.Time, text *[]byte, of func(*Skimmer) *lastTime) bool {
	if len(s.rest) <= stampLength || s.rest[stampLength] != '"' {
		return false
	}
	t := s.rest[:stampLength:stampLength]
	var last *lastTime
	if s.last != nil {
		if last = of(s.last); string(t) == string(last.text[:]) {
			*to, *text, s.rest = last.at, t, s.rest[stampLength+1:]
			return true
		}
	}
	v := func(from, to int) (n int) {
		for _, c := range t[from:to] {
			if c < '0' || c > '9' {
				return -1 << 40
			}
			n = n*10 + int(c-'0')
		}
		return n
	}
	y, m, d, h, min, sec, micro := v(0, 4), v(5, 7), v(8, 10), v(11, 13), v(14, 16), v(17, 19), v(20, 26)
	if y < 0 || m < 1 || m > 12 || d < 1 || h < 0 || h > 23 || min < 0 || min > 59 || sec < 0 || sec > 59 || micro < 0 ||
		t[4] != '-' || t[7] != '-' || t[10] != 'T' || t[13] != ':' || t[16] != ':' || t[19] != '.' || t[26] != 'Z' {
		return false
	}
	at := time.Date(y, time.Month(m), d, h, min, sec, micro*1000, time.UTC)
	*to, *text, s.rest = at, t, s.rest[stampLength+1:]
	if d > 28 && at.Day() != d {
		return false
	}
	if last != nil {
		*last = lastTime{[stampLength]byte(t), at}
	}
	return true
}

func (s *skimmer) object(to *[]byte) bool {
	return len(s.rest) > 0 && s.rest[0] == '{' && s.value(to)
}

// marks are the bytes that say where a JSON value ends; all others are passed over.
var marks = [256]bool{'"': true, '{': true, '[': true, '}': true, ']': true, ',': true}

// value reads one value of JSON.
func (s *skimmer) value(to *[]byte) bool {
	depth := 0
	for i := 0; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case !marks[c]:
		case c == '"':
			n := untilQuote(s.rest[i+1:])
			if n < 0 {
				return false
			}
			i += n
		case c == '{', c == '[':
			depth++
		case depth > 0:
			if c != ',' {
				depth--
			}
		case c == ',', c == '}':
			*to, s.rest = s.rest[:i:i], s.rest[i:]
			return string(*to) == "{}" || i > 0 && (*to)[0] > ' ' && (*to)[i-1] > ' ' && (!s.strict || json.Valid(*to))
		}
	}
	return false
}

// untilQuote is the length of a text up to and with the quotation mark that ends it; -1 where none does.
func untilQuote(b []byte) int {
	n := bytes.IndexByte(b, '"')
	switch {
	case n < 0:
		return -1
	case n == 0 || b[n-1] != '\\':
		return n + 1
	}
	for n = 0; n < len(b); n++ {
		switch b[n] {
		case '\\':
			n++
		case '"':
			return n + 1
		}
	}
	return -1
}
