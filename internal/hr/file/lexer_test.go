package file

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"time"
)

// FuzzLexer holds the lexer equal to encoding/csv on every text that RFC 4180 allows.
func FuzzLexer(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "\"a\",\"b\"\"c\"\n\n\"x\ny\",", ",,\n\"\"\n", "a\n\"b", "ä,\"ö\nü\"\n", "a,\"b\"c\n", " \"a\", b\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "\r") { // encoding/csv knows no lone CR and rewrites CRLF inside quotes
			return
		}
		r := csv.NewReader(strings.NewReader(s))
		r.FieldsPerRecord = -1
		want, err := r.ReadAll()
		l := newLexer(s, ',', '"', true)
		var got [][]string
		clean := true
		for w := l.next(); w != nil; w = l.next() {
			clean = clean && w.fault == ""
			got = append(got, slices.Clone(w.cells))
			if len(got) > len(s)+1 {
				t.Fatalf("%q never ends", s)
			}
		}
		if err != nil {
			return
		}
		if !clean || !slices.EqualFunc(got, want, slices.Equal[[]string]) {
			t.Errorf("%q\n got %q\nwant %q", s, got, want)
		}
	})
}

// Each of these makes a reader that goes back after a broken quote read the rest of the file once for every line.
func TestStrayQuotesDoNotCostHours(t *testing.T) {
	for _, line := range []string{"x\",\"\n", "\"\n", ",\"\n", "\",\n", "a,\"b\"\"\n", "\"\"\"\n", "\"a\"b,\"\n", "x\",\"\"\"\n"} {
		start := time.Now()
		l := newLexer(strings.Repeat(line, 100_000), ',', '"', true)
		rows := 0
		for w := l.next(); w != nil; w = l.next() {
			rows++
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%q a hundred thousand times takes %s", line, took)
		}
		if rows < 50_000 && !l.tangled {
			t.Errorf("%q a hundred thousand times: %d rows, and the file is taken for sound", line, rows)
		}
	}
}
