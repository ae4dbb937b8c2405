package trail_test

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"tenure/internal/audit/trail"
	"tenure/internal/db/dbtest"
	"tenure/internal/evidence"
)

// After a rotation a sealer that was running signs under the new key; packs verify with the first key, with the new one, and with neither a
// forged one nor a forged statement. A process that was killed before the new key was in its place leaves a log that goes on.
func TestKeysRotate(t *testing.T) {
	d := dbtest.New(t)
	s := sealer(t, d)
	record(t, d, 3)
	seal(t, s)
	first := publicKey(t, d)
	kept := scan[[]byte](t, d, `select note from checkpoint where size = 3`)
	second, err := trail.Rotate(t.Context(), d, s.File)
	if err != nil {
		t.Fatal(err)
	}
	record(t, d, 2)
	if size := seal(t, s); size != 6 { // and the event of the rotation
		t.Fatal(size)
	}
	p := pack(t, d, evidence.Query{}, 0)
	for _, key := range []string{first, second} {
		v := judge(t, p, key)
		if out, code := python(t, p, key); len(v.Wrong) > 0 || code != 0 {
			t.Errorf("with %s: %v; Python: %s", key, v.Wrong, out)
		}
	}
	under := func(key string) error {
		v, err := evidence.NewVerifier(key)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = evidence.OpenCheckpoint(scan[[]byte](t, d, `select note from checkpoint where size = 6`), v)
		return err
	}
	if under(second) != nil || under(first) == nil {
		t.Error("the new head is signed under the old key")
	}
	if r := verify(t, d, trail.Outside{Keys: []string{first}, Checkpoints: [][]byte{kept}}); !r.Right() {
		t.Errorf("%+v", r)
	}
	// Killed between the commit and the new key's being put in its place.
	old, err := os.ReadFile(s.File)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trail.Rotate(t.Context(), d, s.File); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Rename(s.File, s.File+".next"), os.WriteFile(s.File, old, 0o600)); err != nil {
		t.Fatal(err)
	}
	if size := seal(t, &trail.Sealer{DB: d, File: s.File}); size != 7 {
		t.Error(size)
	}
	if v := judge(t, pack(t, d, evidence.Query{}, 0), first); len(v.Wrong) > 0 {
		t.Error(v.Wrong)
	}
}

// Somebody who has the database and not the key cannot give the log a key of theirs.
func TestAForgedRotationIsRefused(t *testing.T) {
	d := dbtest.New(t)
	s := sealer(t, d)
	record(t, d, 3)
	seal(t, s)
	first := publicKey(t, d)
	private, public, err := evidence.NewLogKey(trail.Origin(d))
	if err != nil {
		t.Fatal(err)
	}
	forger, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	statement, err := evidence.Rotation(trail.Origin(d), public, forger) // signed under the new key, not under the old one
	if err != nil {
		t.Fatal(err)
	}
	c := lastCheckpoint(t, d, s.File)
	signed, err := c.Sign(forger)
	if err != nil {
		t.Fatal(err)
	}
	owner := dbtest.Owner(t, d)
	for _, x := range []struct {
		sql  string
		args []any
	}{{`set session_replication_role = replica`, nil}, {`insert into log_key (public, statement) values ($1, $2)`, []any{public, statement}}, {`update checkpoint set note = $1 where size = 3`, []any{signed}}} {
		if _, err := owner.Exec(t.Context(), x.sql, x.args...); err != nil {
			t.Fatal(err)
		}
	}
	p := pack(t, d, evidence.Query{}, 0)
	v := judge(t, p, first)
	if out, code := python(t, p, first); len(v.Wrong) == 0 || code == 0 {
		t.Errorf("a forged key passes: %+v; Python: %s", v, out)
	}
	if r := verify(t, d, trail.Outside{Keys: []string{first}}); r.Right() {
		t.Error("a forged key passes in the database")
	}
	if _, _, err := s.Seal(t.Context()); err == nil {
		t.Error("the sealer goes on under a key that is not the log's")
	}
}
