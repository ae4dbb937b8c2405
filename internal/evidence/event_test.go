package evidence_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tenure/internal/evidence"
)

// leaf is the canonical form in words of encoding/json: what Event.Leaf writes must be this, byte by byte.
type leaf struct {
	V         int              `json:"v"`
	Kind      string           `json:"kind"`
	Actor     int              `json:"actor"`
	Identity  int              `json:"identity,omitempty"`
	Recorded  string           `json:"recorded"`
	Effective string           `json:"effective"`
	Touches   evidence.Touches `json:"touches"`
	Facts     any              `json:"facts,omitempty"`

	Rows map[string]evidence.Prints `json:"rows,omitempty"`

	Sealed string `json:"sealed,omitempty"`
}

const stamp = "2006-01-02T15:04:05.000000Z"

func TestLeafIsWhatEncodingJSONWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := evidence.Event{
			Kind:        rapid.String().Draw(t, "kind"),
			IdentityID:  rapid.IntRange(0, 3).Draw(t, "identity"),
			EffectiveAt: time.UnixMicro(rapid.Int64Range(-1e15, 4e15).Draw(t, "effective")),
			Touches:     rapid.MapOf(rapid.String(), rapid.Int()).Draw(t, "touches"),
		}
		if rapid.Bool().Draw(t, "has facts") {
			e.Facts = map[string]any{"a": rapid.String().Draw(t, "fact"), "b": []int{1}}
		}
		e.Rows = map[string]evidence.Prints{}
		for _, table := range rapid.SliceOf(rapid.StringN(1, 5, -1)).Draw(t, "tables") {
			e.Rows[table] = evidence.Prints{In: rapid.SliceOf(rapid.Byte()).Draw(t, "in"), Out: rapid.SliceOf(rapid.Byte()).Draw(t, "out")}
		}
		sealed := rapid.SliceOf(rapid.Byte()).Draw(t, "sealed")
		at := time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "recorded")).In(time.FixedZone("", 3600))
		want := leaf{V: 1, Kind: e.Kind, Actor: 4, Identity: e.IdentityID, Recorded: at.UTC().Format(stamp),
			Effective: e.EffectiveAt.UTC().Format(stamp), Touches: e.Touches, Facts: e.Facts, Rows: e.Rows}
		if len(sealed) > 0 {
			h := sha256.Sum256(sealed)
			want.Sealed = hex.EncodeToString(h[:])
		}
		same(t, must(t)(e.Leaf(nil, 4, at, sealed)), want)
	})
}

func TestAppendStringsIsWhatEncodingJSONWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "map")
		same(t, evidence.AppendStrings(nil, m), m)
	})
	same(t, evidence.AppendStrings[map[string]string](nil, nil), map[string]string(nil))
	same(t, evidence.Touches(nil).AppendJSON(nil), evidence.Touches(nil))
}

// Whatever facts are made of, they are written as encoding/json writes them.
func TestFactsAreWhatEncodingJSONWrites(t *testing.T) {
	one := rapid.OneOf(rapid.Just[any](nil), rapid.String().AsAny(), rapid.Int().AsAny(), rapid.Bool().AsAny(), rapid.Float64().AsAny(), rapid.SliceOf(rapid.String()).AsAny(),
		rapid.Int64().AsAny(), rapid.MapOf(rapid.String(), rapid.Int()).AsAny(), rapid.Just[any](map[string]any(nil)), rapid.Just[any](time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)))
	deep := rapid.OneOf(one, rapid.MapOf(rapid.String(), one).AsAny())
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.MapOf(rapid.String(), deep).Draw(t, "facts")
		same(t, must(t)((&evidence.Event{Personal: m}).Plain(nil)), m)
	})
	if _, err := (&evidence.Event{Personal: map[string]any{"a": map[string]any{"b": func() {}}}}).Plain(nil); err == nil {
		t.Error("facts without a JSON form must be an error")
	}
}

// own writes its own JSON, so that it is seen that it is asked.
type own struct{}

func (own) AppendJSON(b []byte) []byte { return append(b, `"own"`...) }

func TestFactsMayWriteThemselves(t *testing.T) {
	e := evidence.Event{Kind: "x", Facts: own{}, Personal: own{}}
	if got := string(must(t)(e.Leaf(nil, 1, time.Time{}, nil))); !strings.Contains(got, `"facts":"own"`) {
		t.Error(got)
	}
	if got := string(must(t)(e.Plain(nil))); got != `"own"` {
		t.Error(got)
	}
	e = evidence.Event{Kind: "x", Facts: func() {}}
	if _, err := e.Leaf(nil, 1, time.Time{}, nil); err == nil {
		t.Error("facts without a JSON form must be an error")
	}
}

type tester interface {
	Helper()
	Fatalf(string, ...any)
}

func must(t tester) func([]byte, error) []byte {
	return func(b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatalf("%v", err)
		}
		return b
	}
}

func same(t tester, got []byte, v any) {
	t.Helper()
	want, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("%v", err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
}
