package trail_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"tenure/internal/audit/trail"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/evidence"
)

func pack(t testing.TB, d *db.DB, q evidence.Query, size int64) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := trail.WritePack(t.Context(), d, &b, q, size); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func judge(t testing.TB, pack []byte, keys ...string) *evidence.Verdict {
	t.Helper()
	v, err := evidence.VerifyPack(bytes.NewReader(pack), int64(len(pack)), keys)
	if err != nil {
		return &evidence.Verdict{Wrong: []string{err.Error()}, First: -1}
	}
	return v
}

// python is the other verifier: its answer and exit code.
func python(t testing.TB, pack []byte, keys ...string) (string, int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pack.zip")
	if err := os.WriteFile(file, pack, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"../../../docs/verify.py", file}
	for _, k := range keys {
		args = append(args, "--key", k)
	}
	cmd := exec.Command("python3", args...)
	out, _ := cmd.CombinedOutput()
	if strings.Contains(string(out), "Traceback") {
		t.Errorf("the verifier in Python broke:\n%s", out)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func publicKey(t testing.TB, d *db.DB) string {
	return scan[string](t, d, `select public from log_key order by id limit 1`)
}

// Both verifiers find a pack good, whole or in part, and the same request gives the same bytes.
func TestAPackVerifiesAlone(t *testing.T) {
	d := dbtest.New(t)
	s := sealer(t, d)
	record(t, d, 300)
	write(t, d)
	seal(t, s)
	key := publicKey(t, d)
	for name, q := range map[string]evidence.Query{"whole": {}, "part": {Kinds: []string{"test.joined", "test.went"}}, "person": {Person: 2}, "none": {Person: 99}} {
		p := pack(t, d, q, 0)
		v := judge(t, p, key)
		if len(v.Wrong) > 0 {
			t.Errorf("%s: %v", name, v.Wrong)
		}
		if out, code := python(t, p, key); code != 0 || !strings.HasPrefix(out, "GOOD") {
			t.Errorf("%s: Python says %d %s", name, code, out)
		}
		if whole := strings.Contains(strings.Join(v.Proven, " "), "whole log"); whole != (name == "whole") {
			t.Errorf("%s: %v", name, v.Proven)
		}
	}
	before := pack(t, d, evidence.Query{}, 303)
	record(t, d, 5)
	seal(t, s)
	if !bytes.Equal(before, pack(t, d, evidence.Query{}, 303)) {
		t.Error("the same request at the same checkpoint gives other bytes")
	}
	if v := judge(t, before, strings.Replace(key, "tenure/", "other/", 1)); len(v.Wrong) == 0 {
		t.Error("a broken key passes")
	}
}

// times is how often a drill does something: what the environment says, or few.
func times(name string, few int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return few
}

// pythons lets the other verifier judge many packs that differ from a good one in a byte each, in one process. It gives those that it found
// good. Each line says the number of the byte and what it becomes.
func pythons(t testing.TB, good []byte, bad []string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pack.zip")
	if err := os.WriteFile(file, good, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", "-c", `
import sys
sys.path.insert(0, sys.argv[1])
import struct, verify
good = open(sys.argv[2], "rb").read()
def judge(pack):
    open(sys.argv[2], "wb").write(pack)
    try:
        return not verify.verify(sys.argv[2], [])[0]
    except (OSError, ValueError, struct.error):  # as main does: it cannot be read
        return False
if not judge(good):
    print("the good one is not good")
for line in sys.stdin:
    at, becomes = map(int, line.split())
    if judge(good[:at] + bytes([becomes]) + good[at + 1:]):
        print("byte %d becomes %d: not seen" % (at, becomes))
`, "../../../docs", file)
	cmd.Stdin = strings.NewReader(strings.Join(bad, "\n"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the verifier in Python broke: %v\n%s", err, out)
	}
	return string(out)
}

// No byte of a pack can be changed unseen by either verifier.
func TestFlippedBytesAreFound(t *testing.T) {
	d := dbtest.New(t)
	s := sealer(t, d)
	record(t, d, 20)
	seal(t, s)
	good := pack(t, d, evidence.Query{}, 0)
	r := rand.New(rand.NewPCG(1, 2))
	var all []string
	for i := range times("TENURE_FLIPS", 20) {
		bad := bytes.Clone(good)
		at := r.IntN(len(bad))
		switch i { // the frame of the zip file first: its last bytes, its first header, its time
		case 0:
			at = len(bad) - 1
		case 1:
			at = 10
		case 2:
			at = len(bad) - 40
		}
		bad[at] ^= 1 << r.IntN(8)
		if v := judge(t, bad); len(v.Wrong) == 0 {
			t.Errorf("byte %d flipped: not seen", at)
		}
		all = append(all, fmt.Sprint(at, " ", bad[at]))
	}
	if out := pythons(t, good, all); out != "" {
		t.Error("Python: ", out)
	}
}

// A pack of a part of the log says so where a head from outside cannot be held against it; one of the whole log is held.
func TestAPartSaysWhatItDoesNotProve(t *testing.T) {
	d := dbtest.New(t)
	s := sealer(t, d)
	record(t, d, 10)
	seal(t, s)
	kept := scan[[]byte](t, d, `select note from checkpoint where size = 10`)
	record(t, d, 10)
	seal(t, s)
	for name, q := range map[string]evidence.Query{"whole": {}, "part": {Kinds: []string{"test.other"}}} {
		p := pack(t, d, q, 0)
		v, err := evidence.VerifyPackAgainst(bytes.NewReader(p), int64(len(p)), nil, [][]byte{kept})
		if err != nil || len(v.Wrong) > 0 {
			t.Fatal(name, err, v)
		}
		if says := strings.Contains(strings.Join(v.NotProven, " "), "whose head was kept outside"); says != (name == "part") {
			t.Errorf("%s: %v", name, v.NotProven)
		}
	}
}
