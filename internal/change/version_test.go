package change

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// side gives back one of the two texts of a comparison.
func side(lines []Line, without string) string {
	var out strings.Builder
	for _, l := range lines {
		if l.Op != without {
			out.WriteString(l.Text + "\n")
		}
	}
	return out.String()
}

// longest is the length of the longest common subsequence, by brute force.
func longest(a, b []string) int {
	switch {
	case len(a) == 0 || len(b) == 0:
		return 0
	case a[0] == b[0]:
		return 1 + longest(a[1:], b[1:])
	}
	return max(longest(a[1:], b), longest(a, b[1:]))
}

// A comparison of lines holds both texts, whole and in order, and marks no line as changed that could stay.
func TestLines(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	text := func() []string {
		out := make([]string, r.IntN(8))
		for i := range out {
			out[i] = string(rune('a' + r.IntN(3)))
		}
		return out
	}
	of := func(lines []string) string {
		if len(lines) == 0 {
			return ""
		}
		return strings.Join(lines, "\n") + "\n"
	}
	for range 3000 {
		a, b := text(), text()
		got := Lines(of(a), of(b))
		if side(got, "+") != of(a) || side(got, "-") != of(b) {
			t.Fatalf("%q to %q: %v", a, b, got)
		}
		same := 0
		for _, l := range got {
			if l.Op == "" {
				same++
			}
		}
		if want := longest(a, b); same != want {
			t.Fatalf("%q to %q: %d lines stay, and %d could: %v", a, b, same, want, got)
		}
	}
	long := strings.Repeat("x\n", 3*mostLines)
	if got := Lines(long+"a\n", "b\n"+long); side(got, "+") != long+"a\n" || side(got, "-") != "b\n"+long {
		t.Error("a long text is not whole")
	}
	if !slices.Equal(Lines("a\nb\n", "a\nc\n"), []Line{{"", "a"}, {"-", "b"}, {"+", "c"}}) {
		t.Error("what goes stands before what comes")
	}
}
