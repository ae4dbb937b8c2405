package db_test

import (
	"testing"

	"tenure/internal/db"
	"tenure/internal/db/dbtest"
)

// What every request asks is read in one moment, changes nothing, and is planned once; the setting ends with the transaction.
func TestReadOften(t *testing.T) {
	d := dbtest.New(t)
	mode := func(tx *db.Tx) (mode, write string, err error) {
		err = tx.QueryRow(`select current_setting('plan_cache_mode'), current_setting('transaction_read_only')`).Scan(&mode, &write)
		return mode, write, err
	}
	for range 2 {
		for _, x := range []struct {
			read       func(fn func(*db.Tx) error) error
			mode, only string
		}{
			{func(fn func(*db.Tx) error) error { return d.ReadOften(t.Context(), fn) }, "force_generic_plan", "on"},
			{func(fn func(*db.Tx) error) error { return d.Read(t.Context(), fn) }, "auto", "on"},
		} {
			err := x.read(func(tx *db.Tx) error {
				m, w, err := mode(tx)
				if m != x.mode || w != x.only {
					t.Errorf("plan_cache_mode is %s and transaction_read_only %s, want %s and %s", m, w, x.mode, x.only)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}
