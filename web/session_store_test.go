package web

import (
	"bytes"
	"maps"
	"testing"
	"time"

	"tenure/internal/db/dbtest"
)

// A page that does no more than extend a session writes nothing until a minute has passed: xmin names the transaction that wrote the row.
func TestASessionIsWrittenWhenItChanges(t *testing.T) {
	d := dbtest.New(t)
	s := newSessionStore(d.Pool)
	row := func() (xmin string) {
		if err := d.Pool.QueryRow(t.Context(), `select xmin::text from sessions where token = 'k'`).Scan(&xmin); err != nil {
			t.Fatal(err)
		}
		return xmin
	}
	deadline := time.Now().Add(12 * time.Hour)
	encode := func(v map[string]any) []byte {
		b, err := sessionCodec{}.Encode(deadline, v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	end := time.Now().Add(30 * time.Minute).Truncate(time.Microsecond)
	values := map[string]any{"person": 7, "zone": "Europe/Berlin", "told": int64(9), "new": true, "x1": 1, "x2": 2, "x3": 3}
	put := func(v map[string]any, end time.Time) {
		if err := s.Commit("k", encode(v), end); err != nil {
			t.Fatal(err)
		}
	}
	put(values, end)
	first := row()
	for range 20 { // the order of a map differs from time to time
		put(maps.Clone(values), end.Add(59*time.Second))
	}
	if row() != first {
		t.Error("a session that says the same was written again")
	}
	for _, x := range []struct {
		what string
		v    map[string]any
		end  time.Time
	}{
		{"a minute later", values, end.Add(61 * time.Second)},
		{"with another value", map[string]any{"person": 8}, end.Add(61 * time.Second)},
		{"with an earlier end", map[string]any{"person": 8}, end},
	} {
		before := row()
		if put(x.v, x.end); row() == before {
			t.Errorf("a session %s was not written", x.what)
		}
	}
	found, ok, err := s.Find("k")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if at, v, err := (sessionCodec{}).Decode(found); err != nil || !at.Equal(deadline) || !maps.Equal(v, map[string]any{"person": 8}) {
		t.Errorf("read back: %v, %v, %v", at, v, err)
	}
	if bytes.Equal(encode(values), encode(map[string]any{"person": 8})) {
		t.Error("different sessions are the same bytes")
	}
}
