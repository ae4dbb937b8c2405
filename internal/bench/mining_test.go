package bench

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMining mines small sets under the names of the large ones.
func TestMining(t *testing.T) {
	dir := t.TempDir()
	o := Options{Mining: dir, Repeat: 2, Log: io.Discard}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name+".txt"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range minedSets[1:] {
		write(s.name, "1 1\n1 2\n2 1\n")
	}
	show := func(x *Mining) string {
		var text bytes.Buffer
		x.print(&text)
		return text.String()
	}
	x, err := mine(t.Context(), o)
	if err != nil || !x.met() || !strings.Contains(show(x), "americas_small.txt is missing") || len(x.Sets) > 0 {
		t.Errorf("%v %s", err, show(x))
	}
	write("americas_small", "1 1\n1 2\n2 2\n2 3\n")
	x, err = mine(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if x.Roles != 2*len(minedSets) || x.BestKnown != 773 || len(x.Sets) != 7 || x.Sets[0].Met == nil || x.Sets[1].Met != nil || x.Sets[0].Bound != 2 {
		t.Errorf("%+v %s", x, show(x))
	}
	if !x.met() || strings.Contains(show(x), "MISSED") {
		t.Error(show(x))
	}
	x.Ratio, x.Met = 1.05, false
	if x.met() || !strings.Contains(show(x), "ratio <= 1.04 MISSED") {
		t.Error(show(x))
	}
	slow := false
	x.Met, x.Sets[0].Met = true, &slow
	if x.met() || !strings.Contains(show(x), "<= 100.0 ms MISSED") {
		t.Error(show(x))
	}
	if !(*Mining)(nil).met() {
		t.Error("what was not asked for is missed")
	}
	write("hc", "1\n")
	if _, err := mine(t.Context(), o); err == nil || !strings.Contains(err.Error(), "hc: line 1") {
		t.Error(err)
	}
}
