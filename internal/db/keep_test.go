package db_test

import (
	"errors"
	"testing"

	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/evidence"
)

// Locks that were taken in what is undone are gone, and what a transaction keeps because of them with it.
func TestWhatIsUndoneIsNotKept(t *testing.T) {
	if err := dbtest.New(t).Do(t.Context(), db.System, func(tx *db.Tx) error {
		failed := errors.New("undone")
		if err := tx.Try(func() error { tx.Keep("lock", true); return failed }); !errors.Is(err, failed) {
			return err
		}
		if tx.Kept("lock") != nil {
			t.Error("a lock of what was undone is kept")
		}
		if err := tx.Try(func() error { tx.Keep("lock", true); return nil }); err != nil {
			return err
		}
		if tx.Kept("lock") == nil {
			t.Error("a lock of what was done is not kept")
		}
		return db.ErrRollback
	}); err != nil {
		t.Fatal(err)
	}
}

// What is asked together cannot record: the event would be lost with the branch.
func TestNothingIsRecordedTogether(t *testing.T) {
	err := dbtest.New(t).Do(t.Context(), db.System, func(tx *db.Tx) error {
		ask := func(tx *db.Tx) error { _, err := tx.Known(); return err }
		return db.Asking(tx, ask, func(tx *db.Tx) error { tx.Record(evidence.Event{Kind: "test"}); return ask(tx) })
	})
	if err == nil || err.Error() != "what is asked together records nothing" {
		t.Fatal(err)
	}
}

// What is asked together is done in the order in which it is asked, also in a transaction that writes.
func TestAskingKeepsTheOrder(t *testing.T) {
	if err := dbtest.New(t).Do(t.Context(), db.System, func(tx *db.Tx) error {
		if _, err := tx.Exec(`create temporary table said (n int generated always as identity, v int)`); err != nil {
			return err
		}
		var seen int
		if err := db.Asking(tx, func(tx *db.Tx) error { _, err := tx.Exec(`insert into said (v) values (7)`); return err },
			func(tx *db.Tx) error { return tx.QueryRow(`select v from said`).Scan(&seen) },
			func(tx *db.Tx) error { _, err := tx.Exec(`update said set v = 8`); return err }); err != nil {
			return err
		}
		var now int
		if err := tx.QueryRow(`select v from said`).Scan(&now); err != nil || seen != 7 || now != 8 {
			t.Errorf("seen %d, now %d: %v", seen, now, err)
		}
		return db.ErrRollback
	}); err != nil {
		t.Fatal(err)
	}
}
