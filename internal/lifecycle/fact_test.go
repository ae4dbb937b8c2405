package lifecycle

import (
	"bytes"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"tenure/internal/access"
	"tenure/internal/evidence"
	"tenure/internal/identity"
)

func TestFactWritesWhatEncodingJSONWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := &fact{State: [2]string{rapid.String().Draw(t, "was"), rapid.String().Draw(t, "is")}, Cause: rapid.String().Draw(t, "cause"),
			Ref: rapid.IntRange(0, 2).Draw(t, "ref"), Access: &access.Facts{Cancelled: []int64{1, 2}[:rapid.IntRange(0, 2).Draw(t, "n")]}}
		if rapid.Bool().Draw(t, "hr") {
			f.HR = evidence.Appender(identity.Attrs{"a": rapid.String().Draw(t, "a")})
		}
		want, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.AppendJSON(nil); !bytes.Equal(got, want) {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	})
}
