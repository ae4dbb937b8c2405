package trail_test

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tenure/internal/audit/trail"
	"tenure/internal/db/dbtest"
	"tenure/internal/evidence"
)

// Heads go to a file and to a witness, whose signature goes with packs; both verifiers say since when it is witnessed. A witness that is
// shown a log which was written anew refuses it and keeps both heads; what stands in the way is noted.
func TestAWitnessRefusesAFork(t *testing.T) {
	d := dbtest.New(t)
	s := sealer(t, d)
	record(t, d, 3)
	seal(t, s)
	key := publicKey(t, d)
	dir := t.TempDir()
	w, err := trail.OpenWitness(dir, "witness.example", []string{key})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w)
	defer server.Close()
	file := filepath.Join(t.TempDir(), "anchors.txt")
	a := &trail.Anchor{DB: d, File: file, Witnesses: []trail.WitnessAt{{URL: server.URL, Key: w.Public()}}}
	once := func() {
		t.Helper()
		if err := a.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	once()
	once() // has it already
	record(t, d, 400)
	seal(t, s)
	once()
	if n := scan[int](t, d, `select count(*) from anchor`); n != 4 {
		t.Errorf("%d anchors", n)
	}
	p := pack(t, d, evidence.Query{Kinds: []string{"test.happened"}}, 0)
	if v := judge(t, p, key, w.Public()); len(v.Wrong) > 0 || !strings.Contains(strings.Join(v.Proven, " "), "witness.example, whose key you gave") {
		t.Errorf("%+v", v)
	}
	if out, code := python(t, p, key, w.Public()); code != 0 || !strings.Contains(out, "witness.example, whose key you gave") {
		t.Errorf("Python: %d %s", code, out)
	}
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if r := verify(t, d, trail.Outside{Keys: []string{key}, Checkpoints: [][]byte{trail.LastOf(kept)}}); !r.Right() || len(r.External) != 1 || r.External[0] != 403 {
		t.Errorf("%+v", r)
	}

	// Whoever has the log's key and the database writes it anew, longer than it was.
	rewrite(t, d, s.File)
	record(t, d, 1)
	if err := os.Remove(s.File + ".signed"); err != nil {
		t.Fatal(err)
	}
	if size := seal(t, s); size != 404 {
		t.Fatal(size)
	}
	if err := a.Once(t.Context()); err == nil || !strings.Contains(err.Error(), "refuses") {
		t.Errorf("the witness signs a fork: %v", err)
	}
	if forks, _ := filepath.Glob(filepath.Join(dir, "fork-*.txt")); len(forks) != 1 {
		t.Errorf("kept as proof: %v", forks)
	}
	if n := scan[int](t, d, `select count(*) from log_trouble where sink = $1`, w.Public()); n != 1 {
		t.Error("nobody is told")
	}
	// By itself the rewritten log is right, which is why there are witnesses.
	if r := verify(t, d, trail.Outside{}); !r.Right() {
		t.Errorf("the control finds something: %+v", r)
	}
	if r := verify(t, d, trail.Outside{Checkpoints: [][]byte{trail.LastOf(kept)}}); r.Right() || r.Log[0].Index != 0 {
		t.Errorf("the checkpoint from outside: %+v", r)
	}
}
