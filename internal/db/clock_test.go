package db_test

import (
	"testing"
	"time"

	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/errs"
)

func move(t *testing.T, d *db.DB, to time.Time) error {
	t.Helper()
	return do(t, d, func(tx *db.Tx) error { return tx.MoveClock(to) })
}

func now(t *testing.T, d *db.DB) (at time.Time) {
	t.Helper()
	if err := d.Read(t.Context(), func(tx *db.Tx) error { at = tx.Now; return nil }); err != nil {
		t.Fatal(err)
	}
	return at
}

func TestBusinessTimeOfALiveDatabaseIsTheRealOne(t *testing.T) {
	d := dbtest.New(t)
	if off := time.Since(now(t, d)); off < -time.Minute || off > time.Minute {
		t.Errorf("business time is %s off", off)
	}
	if err := move(t, d, time.Now().Add(time.Hour)); errs.KindOf(err) != errs.KindInvalid {
		t.Errorf("moving it: %v", err)
	}
	for _, sql := range []string{`update clock set at = now() + interval '1 hour'`, `update clock set kind = 'replay'`, `update clock set database_id = gen_random_uuid()`} {
		if _, err := d.Pool.Exec(t.Context(), sql); code(err) != "23514" {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if _, err := d.Pool.Exec(t.Context(), `insert into clock (one, kind) values (false, 'replay')`); code(err) != "23514" {
		t.Errorf("a second clock: %v", err)
	}
}

func TestBusinessTimeOfAReplayMovesForwardOnly(t *testing.T) {
	d := dbtest.Replay(t)
	at := time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)
	if err := move(t, d, at); err != nil || !now(t, d).Equal(at) {
		t.Fatalf("%v, it is %s", err, now(t, d))
	}
	if err := move(t, d, at.Add(-time.Second)); db.ConstraintName(err) != "clock_moves_forward" {
		t.Errorf("backwards: %v", err)
	}
	if err := move(t, d, at); err != nil {
		t.Errorf("standing still: %v", err)
	}
	// Nor in two steps over the real time.
	for _, sql := range []string{`update clock set at = null`, `update clock set kind = 'live', at = null`} {
		if _, err := d.Pool.Exec(t.Context(), sql); code(err) != "23514" {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if err := do(t, d, func(tx *db.Tx) error { return tx.GoLive() }); err != nil || !now(t, d).Equal(at) {
		t.Errorf("a replay went live: %v, it is %s", err, now(t, d))
	}
}

func TestADemoGoesLiveForGood(t *testing.T) {
	d := dbtest.Demo(t)
	at := time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)
	if err := move(t, d, at); err != nil {
		t.Fatal(err)
	}
	if err := do(t, d, func(tx *db.Tx) error { return tx.GoLive() }); err != nil || now(t, d).Equal(at) {
		t.Fatalf("%v, it is %s", err, now(t, d))
	}
	if err := move(t, d, at.AddDate(1, 0, 0)); db.ConstraintName(err) != "clock_moves_forward" {
		t.Errorf("a live demo is moved: %v", err)
	}
}

func TestRefreshSeesTimeGoOn(t *testing.T) {
	d := dbtest.New(t)
	if err := do(t, d, func(tx *db.Tx) error {
		began := tx.Now
		if err := tx.Refresh(); err != nil {
			return err
		}
		if !tx.Now.After(began) {
			t.Errorf("time stands still at %s", began)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
