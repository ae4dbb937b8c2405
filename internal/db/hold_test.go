package db_test

import (
	"testing"

	"tenure/internal/db/dbtest"
)

func TestHoldIsForOneAndTakesNothingFromThePool(t *testing.T) {
	d := dbtest.New(t)
	release, held, err := d.Hold(t.Context(), 77, 1, false)
	if err != nil || !held {
		t.Fatal(held, err)
	}
	if _, held, err := d.Hold(t.Context(), 77, 1, true); err != nil || held {
		t.Errorf("two hold it: %v, %v", held, err)
	}
	other, held, err := d.Hold(t.Context(), 77, 2, true)
	if err != nil || !held {
		t.Errorf("another key: %v, %v", held, err)
	}
	other()
	if n := d.Pool.Stat().AcquiredConns(); n != 0 {
		t.Errorf("%d connections of the pool are taken", n)
	}
	release()
	again, held, err := d.Hold(t.Context(), 77, 1, true)
	if err != nil || !held {
		t.Fatal(held, err)
	}
	again()
}
