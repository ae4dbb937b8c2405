package evidence_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tenure/internal/evidence"
)

// Skim says what ParseLeaf says, of canonical bytes and of bytes that somebody damaged or wrote otherwise.
func TestSkimIsParseLeaf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := evidence.Event{Kind: rapid.SampledFrom([]string{"person.joined", "", "a<b", "ü", `"`}).Draw(t, "kind"), IdentityID: rapid.IntRange(0, 2).Draw(t, "identity"),
			EffectiveAt: time.UnixMicro(rapid.Int64Range(-1e15, 4e15).Draw(t, "effective")), Touches: rapid.MapOfN(rapid.StringN(0, 3, -1), rapid.Int(), 0, 3).Draw(t, "touches")}
		e.Facts = rapid.SampledFrom([]any{nil, "text", 3, []string{"a,b", "}"}, map[string]any{"sealed": "x", "rows": map[string]any{"a": `\"}`}}}).Draw(t, "facts")
		if rapid.Bool().Draw(t, "has rows") {
			e.Rows = map[string]evidence.Prints{"reason": {In: []byte("12345678901234567890")}, "operation": {Out: []byte("x")}}
		}
		var sealed []byte
		if rapid.Bool().Draw(t, "has a sealed part") {
			sealed = []byte("ciphertext")
		}
		text := must(t)(e.Leaf(nil, 7, time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "recorded")), sealed))
		agree(t, text, sealed, e.Touches)
		at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		bad := bytes.Clone(text)
		switch rapid.IntRange(0, 2).Draw(t, "how") {
		case 0:
			bad[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		case 1:
			bad = append(bad[:at], bad[at+1:]...)
		default:
			bad = []byte(string(text[:at]) + rapid.SampledFrom([]string{" ", "{", "}", `"`, ",", `,"kind":"other"`, "0"}).Draw(t, "more") + string(text[at:]))
		}
		agree(t, bad, sealed, e.Touches)
	})
}

func agree(t *rapid.T, text, sealed []byte, touches evidence.Touches) {
	want, err := evidence.ParseLeaf(text)
	got, err2 := evidence.Skim(text)
	if err2 == nil { // what it leaves as it is written may be nothing that can be read
		var counts evidence.Touches
		_, err2 = got.Prints()
		err2 = errors.Join(err2, json.Unmarshal(got.Touches, &counts))
	}
	if (err == nil) != (err2 == nil) {
		t.Fatalf("%s: %v, skimmed %v", text, err, err2)
	}
	if err != nil {
		return
	}
	if string(got.Kind) != want.Kind || got.Actor != want.Actor || got.Identity != want.Identity || !got.Recorded.Equal(want.Recorded) || !got.Effective.Equal(want.Effective) ||
		string(got.Facts) != string(want.Facts) || string(got.Sealed) != want.Sealed || got.Seals(sealed) != want.Seals(sealed) {
		t.Fatalf("%s:\n%+v\nskimmed %+v", text, want, got)
	}
	if text := touches.AppendJSON(nil); got.SameTouches(text) != want.SameTouches(text) {
		t.Fatalf("%s: touches", text)
	}
	rows, _ := got.Prints()
	if len(rows) != len(want.Rows) {
		t.Fatalf("%s: rows", text)
	}
	for table, p := range want.Rows {
		if !bytes.Equal(rows[table].In, p.In) || !bytes.Equal(rows[table].Out, p.Out) {
			t.Fatalf("%s: rows of %s", text, table)
		}
	}
}

// What is as Event.Leaf writes it is read without the slow way, which reads what is written otherwise too.
func TestSkimReadsOtherSpellings(t *testing.T) {
	l, err := evidence.Skim([]byte(`{ "kind":"a", "v":1, "recorded":"2026-01-02T03:04:05Z","effective":"2026-02-30T03:04:05Z"}`))
	if err == nil {
		t.Errorf("a day that is none: %+v", l)
	}
	l, err = evidence.Skim([]byte(`{ "kind":"a", "v":1, "recorded":"2026-01-02T03:04:05Z","effective":"2026-02-20T03:04:05Z"}`))
	if err != nil || string(l.Kind) != "a" || !strings.HasPrefix(l.Recorded.String(), "2026-01-02 03:04:05") {
		t.Errorf("%+v %v", l, err)
	}
}
