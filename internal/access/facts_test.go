package access

import (
	"bytes"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

func TestFactsWriteWhatEncodingJSONWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.IntRange(0, 2)
		f := Facts{
			Added: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) ReasonFact {
				return ReasonFact{id.Draw(t, "e"), rapid.String().Draw(t, "k"), id.Draw(t, "r"), id.Draw(t, "v"), id.Draw(t, "p"), id.Draw(t, "m"),
					rapid.SampledFrom([]string{"", "2030-01-01T00:00:00Z"}).Draw(t, "u"), rapid.SampledFrom([]string{"", "cost_center=4%2F711&x=\"é"}).Draw(t, "x")}
			}), 0, 3).Draw(t, "added"),
			Accounts: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) AccountFact {
				return AccountFact{id.Draw(t, "id"), id.Draw(t, "a")}
			}), 0, 3).Draw(t, "accounts"),
			Planned: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) OperationFact {
				return OperationFact{rapid.Int64().Draw(t, "id"), id.Draw(t, "a"), rapid.String().Draw(t, "k"), id.Draw(t, "e")}
			}), 0, 3).Draw(t, "planned"),
			Cancelled: rapid.SliceOfN(rapid.Int64(), 0, 3).Draw(t, "cancelled"),
		}
		f.Ended = f.Added[:len(f.Added)/2]
		want, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.AppendJSON(nil); !bytes.Equal(got, want) {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	})
}
