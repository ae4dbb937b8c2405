package trail_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"tenure/internal/audit/trail"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/evidence"
)

// record writes n events in one transaction.
func record(t testing.TB, d *db.DB, n int) {
	t.Helper()
	if err := d.Do(t.Context(), db.Operator, func(tx *db.Tx) error {
		for i := range n {
			tx.Record(evidence.Event{Kind: "test.happened", Facts: map[string]any{"i": i}})
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func sealer(t testing.TB, d *db.DB) *trail.Sealer {
	return &trail.Sealer{DB: d, File: filepath.Join(t.TempDir(), "log.key")}
}

func seal(t testing.TB, s *trail.Sealer) int64 {
	t.Helper()
	size, _, err := s.Seal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return size
}

func scan[T any](t testing.TB, d *db.DB, sql string, args ...any) (v T) {
	t.Helper()
	if err := d.Pool.QueryRow(t.Context(), sql, args...).Scan(&v); err != nil {
		t.Fatal(sql, err)
	}
	return v
}

// Sealed in batches of any size, the tree is the one of RFC 6962 as tlog computes it over all leaves, and every event is in it once.
func TestTheTreeIsRFC6962s(t *testing.T) {
	d := dbtest.New(t)
	s := sealer(t, d)
	total := 0
	for _, n := range []int{0, 1, 1, 2, 250, 1, 1, 3, 700, 256} {
		if n > 0 {
			record(t, d, n)
		}
		total += n
		if size := seal(t, s); size != int64(total) {
			t.Fatalf("sealed %d of %d", size, total)
		}
	}
	rows, err := d.Pool.Query(t.Context(), `select e.leaf from leaf l join event e on e.id = l.event_id order by l.log_index`)
	if err != nil {
		t.Fatal(err)
	}
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(at))
		for i, a := range at {
			out[i] = stored[a]
		}
		return out, nil
	})
	n := int64(0)
	for rows.Next() {
		var leaf []byte
		if err := rows.Scan(&leaf); err != nil {
			t.Fatal(err)
		}
		add, err := tlog.StoredHashes(n, leaf, reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, add...)
		n++
	}
	want, err := tlog.TreeHash(n, reader)
	if err != nil || n != int64(total) {
		t.Fatal(n, err)
	}
	got := lastCheckpoint(t, d, s.File)
	if got.Root != want || got.Size != n {
		t.Errorf("the checkpoint says %d %v, RFC 6962 %d %v", got.Size, got.Root, n, want)
	}
	proofs(t, d, got, reader)
}

// proofs made from the stored blocks are tlog's own.
func proofs(t *testing.T, d *db.DB, c evidence.Checkpoint, reader tlog.HashReader) {
	t.Helper()
	err := d.Read(t.Context(), func(tx *db.Tx) error {
		store := trail.Store(tx)
		for _, i := range []int64{0, 1, 255, 256, 511, 512, 1000, c.Size - 1} {
			got, err := tlog.ProveRecord(c.Size, i, store)
			if err != nil {
				return err
			}
			want, _ := tlog.ProveRecord(c.Size, i, reader)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("the proof of event %d differs", i)
			}
		}
		for _, n := range []int64{1, 255, 256, 257, 700, c.Size} {
			got, err := tlog.ProveTree(c.Size, n, store)
			if err != nil {
				return err
			}
			if root, _ := tlog.TreeHash(n, reader); tlog.CheckTree(got, c.Size, c.Root, n, root) != nil {
				t.Errorf("growth from %d is not proven", n)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func lastCheckpoint(t testing.TB, d *db.DB, key string) evidence.Checkpoint {
	t.Helper()
	_, public, err := trail.Signer(d, key)
	if err != nil {
		t.Fatal(err)
	}
	v, err := evidence.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := evidence.OpenCheckpoint(scan[[]byte](t, d, `select note from checkpoint order by size desc limit 1`), v)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A transaction that commits after a later one is late in the log and not passed over; what was undone leaves no gap.
func TestALateCommitIsNotPassedOver(t *testing.T) {
	d := dbtest.New(t)
	s := sealer(t, d)
	record(t, d, 1)
	seal(t, s)
	flushed, commit, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		done <- d.Do(context.Background(), db.Operator, func(tx *db.Tx) error {
			// Written now, by the product's own flush of a transaction inside, and committed later.
			_, err := tx.Exec(`insert into event (effective_at, kind, actor_id, touches, leaf) values (now(), 'test.late', 2, '{}', '{}')`)
			close(flushed)
			<-commit
			return err
		})
	}()
	<-flushed
	record(t, d, 2)
	_ = d.Do(t.Context(), db.Operator, func(tx *db.Tx) error {
		_, _ = tx.Exec(`insert into event (effective_at, kind, actor_id, touches, leaf) values (now(), 'test.undone', 2, '{}', '{}')`)
		return errors.New("undone")
	})
	if size := seal(t, s); size != 3 {
		t.Fatalf("%d are sealed while one is under way", size)
	}
	close(commit)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	record(t, d, 1)
	if size := seal(t, s); size != 5 {
		t.Fatalf("%d are sealed", size)
	}
	if n := scan[int](t, d, `select count(*) from event e left join leaf l on l.event_id = e.id where l.hash is null`); n != 0 {
		t.Errorf("%d events were passed over", n)
	}
	if at := scan[int](t, d, `select log_index from leaf join event on id = event_id where kind = 'test.late'`); at != 3 {
		t.Errorf("the late one is number %d", at)
	}
}

// A database put back to an earlier state is not signed again; nor is one whose signed part was written anew.
func TestWhatWasSignedIsNotSignedOtherwise(t *testing.T) {
	d := dbtest.New(t)
	s := sealer(t, d)
	record(t, d, 3)
	seal(t, s)
	other := dbtest.Owner(t, d)
	must := func(sql string) {
		t.Helper()
		if _, err := other.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	must(`set session_replication_role = replica`)
	must(`create table kept as select * from leaf; create table heads as select * from checkpoint`)
	record(t, d, 3)
	seal(t, s)
	must(`delete from leaf where log_index >= 3; delete from checkpoint where size > 3`)
	anew := &trail.Sealer{DB: d, File: s.File}
	for name, s := range map[string]*trail.Sealer{"the same process": s, "another one": anew} {
		if _, _, err := s.Seal(t.Context()); !errors.Is(err, trail.ErrFork) {
			t.Errorf("%s signs a log that was put back: %v", name, err)
		}
	}
	// Without what it remembers it would: that is what the file is for, and the witness.
	if err := os.Remove(s.File + ".signed"); err != nil {
		t.Fatal(err)
	}
	if size, _, err := anew.Seal(t.Context()); err != nil || size != 6 {
		t.Errorf("without the guard: %d %v", size, err)
	}
}

// Several at once seal one log.
func TestSeveralSealOneLog(t *testing.T) {
	d := dbtest.New(t)
	s := sealer(t, d)
	seal(t, s)
	done := make(chan error)
	for range 3 {
		go func() {
			s := &trail.Sealer{DB: d, File: s.File}
			for range 20 {
				if _, _, err := s.Seal(context.Background()); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 20 {
		record(t, d, 5)
	}
	for range 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if size := seal(t, s); size != 100 {
		t.Errorf("%d of 100", size)
	}
}
