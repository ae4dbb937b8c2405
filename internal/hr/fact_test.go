package hr

import (
	"bytes"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"tenure/internal/evidence"
	"tenure/internal/identity"
)

func TestFactsWriteWhatEncodingJSONWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id, text := rapid.IntRange(0, 2), rapid.SampledFrom([]string{"", "active", "2030-01-01T00:00:00Z", `<"Ä">`})
		facts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) jobFact {
			return jobFact{id.Draw(t, "m"), text.Draw(t, "status"), text.Draw(t, "starts"), text.Draw(t, "ends"), text.Draw(t, "from"),
				id.Draw(t, "unit"), id.Draw(t, "manager")}
		}), 1, 3).Draw(t, "facts")
		sameJSON(t, jobFacts(facts))
		attrs := rapid.SliceOfN(rapid.Map(rapid.MapOf(rapid.String(), rapid.String()), func(m map[string]string) identity.Attrs { return m }),
			1, 3).Draw(t, "attrs")
		sameJSON(t, jobAttrs(attrs))
	})
}

func sameJSON(t *rapid.T, a evidence.Appender) {
	t.Helper()
	want, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	if got := a.AppendJSON(nil); !bytes.Equal(got, want) {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
}
