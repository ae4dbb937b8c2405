package trail

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Form writes an event for a receiver. hash is its leaf in the tree, leaf its canonical bytes: whoever keeps both can hold the one against the
// other (RFC 6962: SHA-256 of a zero byte and the leaf). There are ids of people in it and no personal values.
type Form func(t Told, hash, leaf []byte) ([]byte, error)

// JSONLine is an object on one line: index, hash, and the event as the log has it, byte for byte.
func JSONLine(t Told, hash, leaf []byte) ([]byte, error) {
	b := strconv.AppendInt([]byte(`{"index":`), t.Index, 10)
	b = hex.AppendEncode(append(b, `,"hash":"`...), hash)
	return append(append(append(b, `","event":`...), leaf...), '}'), nil
}

// CEF is ArcSight's Common Event Format, version 0 (Implementing ArcSight Common Event Format, revision 26): the number of the event is externalId.
func CEF(t Told, hash, leaf []byte) ([]byte, error) {
	var e struct {
		Actor, Identity int64
		Effective       time.Time
		Facts           json.RawMessage
	}
	if err := json.Unmarshal(leaf, &e); err != nil {
		return nil, fmt.Errorf("event %d: %w", t.Index, err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "CEF:0|Tenure|Tenure|1|%s|%s|3|", cefHeader(t.Kind), cefHeader(t.Kind))
	room, _, _ := strings.Cut(t.Kind, ".")
	field := func(key, value string) {
		if value != "" && value != "0" {
			if !strings.HasSuffix(b.String(), "|") {
				b.WriteByte(' ')
			}
			b.WriteString(key + "=" + cefValue(value))
		}
	}
	b.WriteString("externalId=" + strconv.FormatInt(t.Index, 10))
	field("rt", strconv.FormatInt(t.Recorded.UnixMilli(), 10))
	field("start", strconv.FormatInt(e.Effective.UnixMilli(), 10))
	field("cat", room)
	field("suid", strconv.FormatInt(e.Actor, 10))
	field("duid", strconv.FormatInt(e.Identity, 10))
	field("cs1Label", "hash")
	field("cs1", hex.EncodeToString(hash))
	if len(e.Facts) > 0 {
		field("cs2Label", "facts")
		field("cs2", string(e.Facts))
	}
	return []byte(b.String()), nil
}

var (
	cefHeaders = strings.NewReplacer(`\`, `\\`, `|`, `\|`, "\r", " ", "\n", " ")
	cefValues  = strings.NewReplacer(`\`, `\\`, `=`, `\=`, "\r", `\r`, "\n", `\n`)
)

// cefHeader escapes a field of the header: backslash and bar; it has no line breaks.
func cefHeader(s string) string { return cefHeaders.Replace(s) }

// cefValue escapes a value of the extension: backslash, equals sign, line breaks. A bar stands as it is.
func cefValue(s string) string { return cefValues.Replace(s) }
