package auth_test

import (
	"errors"
	"testing"

	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
)

// A call is done once and answered as before, on every node; nobody does it while another one is at it; what was undone was not done.
func TestCallsAreDoneOnce(t *testing.T) {
	d := dbtest.New(t)
	do := func(fn func(*db.Tx) error) error { return d.Do(t.Context(), db.Operator, fn) }
	who := 0
	if err := do(func(tx *db.Tx) error {
		if err := auth.SetAdministrator(tx, "a@example.com", "A", "correct horse battery"); err != nil {
			return err
		}
		return tx.QueryRow(`select id from identity`).Scan(&who)
	}); err != nil {
		t.Fatal(err)
	}
	call := auth.Call{Who: who, Key: "k", Hash: []byte{1}}
	other, another := call, call
	other.Hash, another.Key = []byte{2}, "l"
	before := func(c auth.Call) (a *auth.Answered, err error) {
		err = do(func(tx *db.Tx) (err error) { a, err = c.Before(tx); return err })
		return a, err
	}
	crash := errors.New("crash")
	if err := do(func(tx *db.Tx) error {
		if a, err := call.Before(tx); a != nil || err != nil {
			t.Fatalf("before it was done: %v, %v", a, err)
		}
		if _, err := before(call); !errors.Is(err, auth.ErrStillRunning) {
			t.Errorf("while it is done: %v", err)
		}
		if a, err := before(another); a != nil || err != nil {
			t.Errorf("another call waits for it: %v, %v", a, err)
		}
		if err := call.Done(tx, auth.Answered{Status: 201, Tag: `"1"`, Body: []byte("first")}); err != nil {
			t.Fatal(err)
		}
		return crash
	}); !errors.Is(err, crash) {
		t.Fatal(err)
	}
	if err := do(func(tx *db.Tx) error {
		if a, err := call.Before(tx); a != nil || err != nil {
			t.Fatalf("after a crash: %v, %v", a, err)
		}
		return call.Done(tx, auth.Answered{Status: 201, Tag: `"2"`, Body: []byte("second")})
	}); err != nil {
		t.Fatal(err)
	}
	if a, err := before(call); err != nil || a == nil || a.Status != 201 || a.Tag != `"2"` || string(a.Body) != "second" {
		t.Errorf("again: %+v, %v", a, err)
	}
	if _, err := before(other); !errors.Is(err, auth.ErrOtherCall) {
		t.Errorf("with another body: %v", err)
	}
	owner := dbtest.Owner(t, d)
	if _, err := owner.Exec(t.Context(), `update idempotency set made_at = made_at - interval '25 hours'`); err != nil {
		t.Fatal(err)
	}
	if err := do(func(tx *db.Tx) error {
		if a, err := other.Before(tx); a != nil || err != nil {
			t.Errorf("a day later: %v, %v", a, err)
		}
		return other.Done(tx, auth.Answered{Status: 200, Body: []byte("third")})
	}); err != nil {
		t.Fatal(err)
	}
	if a, err := before(other); err != nil || a == nil || string(a.Body) != "third" {
		t.Errorf("the key stands for the later call: %v, %v", a, err)
	}
}
