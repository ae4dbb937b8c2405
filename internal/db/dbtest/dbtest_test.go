package dbtest_test

import (
	"testing"

	"tenure/internal/db"
	"tenure/internal/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func TestEachTestHasItsOwnDatabase(t *testing.T) {
	a, b, r := dbtest.New(t), dbtest.New(t), dbtest.Replay(t)
	if a.ID == b.ID || a.ID == r.ID {
		t.Error("two databases have one id: their idempotency keys would be the same")
	}
	if a.Kind != db.Live || r.Kind != db.Replay || dbtest.Demo(t).Kind != db.Demo {
		t.Errorf("kinds are %s and %s", a.Kind, r.Kind)
	}
	for _, d := range []*db.DB{a, b} {
		var who string
		var events int
		if err := d.Pool.QueryRow(t.Context(), `select current_user, (select count(*) from event)`).Scan(&who, &events); err != nil {
			t.Fatal(err)
		}
		if who != "tenure_app" || events != 0 {
			t.Errorf("opened as %s with %d events", who, events)
		}
	}
	if _, err := a.Pool.Exec(t.Context(), `insert into due (at, what, ref) values (now(), 'x', 1)`); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := b.Pool.QueryRow(t.Context(), `select count(*) from due`).Scan(&n); err != nil || n != 0 {
		t.Errorf("one test sees the rows of another: %d, %v", n, err)
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		dbtest.New(b)
	}
}
