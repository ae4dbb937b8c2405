package trail_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tenure/internal/audit/trail"
	"tenure/internal/db/dbtest"
	"tenure/internal/evidence"
	"tenure/internal/notify"
	"tenure/internal/notify/mailtest"
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

// Heads go out by themselves, to the file and as letters to an auditor through a real mail server; a letter holds what is needed to verify, and
// there is one a day. A mail server that refuses is noted, and the note goes when the way is clear.
func TestHeadsGoOutByThemselves(t *testing.T) {
	d := dbtest.New(t)
	s := sealer(t, d)
	record(t, d, 5)
	seal(t, s)
	sink := mailtest.New(t)
	refuses := true
	sink.Answer(func(mailtest.Letter) error {
		if refuses {
			return errors.New("no")
		}
		return nil
	})
	letters := &notify.Service{DB: d, Mail: sink.Mail()}
	a := &trail.Anchor{DB: d, File: filepath.Join(t.TempDir(), "anchors.txt"),
		Mail: func(ctx context.Context, subject, text string) error {
			return letters.Letter(ctx, "auditor@corp.example", subject, text)
		}}
	if err := a.Once(t.Context()); err == nil {
		t.Error("nobody minds that the letter was refused")
	}
	if n := scan[int](t, d, `select count(*) from log_trouble where sink = 'mail'`); n != 1 {
		t.Error("nobody is told")
	}
	refuses = false
	for range 2 {
		if err := a.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := scan[int](t, d, `select count(*) from log_trouble`); n != 0 {
		t.Error("the trouble stays")
	}
	got := sink.Letters()
	if len(got) != 1 || !slices.Contains(got[0].To, "auditor@corp.example") {
		t.Fatalf("%+v", got)
	}
	text := strings.ReplaceAll(got[0].Text, "\r\n", "\n")
	from, to := strings.Index(text, "tenure/"), strings.Index(text, "\nSave the lines")
	if from < 0 || to < from {
		t.Fatal(text)
	}
	if r := verify(t, d, trail.Outside{Keys: []string{publicKey(t, d)}, Checkpoints: [][]byte{trail.LastOf([]byte(text[from:to]))}}); !r.Right() || len(r.External) != 1 {
		t.Errorf("%+v", r)
	}

	running, stop := context.WithCancel(t.Context())
	a.Every = time.Millisecond
	var ended sync.WaitGroup
	ended.Go(func() { a.Run(running) })
	record(t, d, 1)
	seal(t, s)
	late, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for scan[int](t, d, `select count(*) from anchor where sink = 'file' and size = 6`) == 0 {
		if late.Err() != nil {
			t.Fatal("nobody brings it out")
		}
	}
	stop()
	ended.Wait()
	if trail.Every > time.Minute/2 {
		t.Error("heads must be outside within a minute, whenever an event comes and one try fails")
	}
}
