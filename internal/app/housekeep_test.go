package app

import (
	"testing"

	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
)

// The hourly care drops what is over, and nothing that still counts.
func TestHousekeepingForgetsWhatIsOver(t *testing.T) {
	d := dbtest.New(t)
	a := &App{DB: d}
	owner := dbtest.Owner(t, d)
	if _, err := owner.Exec(t.Context(), `insert into guess (key, wrong, began_at) values ('\x01', 3, clock_timestamp() - interval '2 days'), ('\x02', 3, clock_timestamp())`); err != nil {
		t.Fatal(err)
	}
	if _, err := owner.Exec(t.Context(), `insert into passkey_answer (challenge, answered_at) values ('\x01', clock_timestamp() - interval '2 days'), ('\x02', clock_timestamp())`); err != nil {
		t.Fatal(err)
	}
	if err := d.Do(t.Context(), db.Operator, func(tx *db.Tx) error { return auth.SetAdministrator(tx, "a@example.com", "A", "correct horse battery") }); err != nil {
		t.Fatal(err)
	}
	if _, err := owner.Exec(t.Context(), `insert into idempotency (identity_id, key, call, status, tag, answer, made_at) select i.id, k, '', 200, '', decode(k, 'hex'), clock_timestamp() - x.ago
		from identity i, (values ('01', interval '25 hours'), ('02', interval '23 hours')) x(k, ago)`); err != nil {
		t.Fatal(err)
	}
	if err := a.housekeep(t.Context()); err != nil {
		t.Fatal(err)
	}
	var left string
	for _, sql := range []string{`select string_agg(encode(key, 'hex'), ',') from guess`, `select string_agg(encode(challenge, 'hex'), ',') from passkey_answer`,
		`select string_agg(encode(answer, 'hex'), ',') from idempotency`} {
		if err := d.Read(t.Context(), func(tx *db.Tx) error { return tx.QueryRow(sql).Scan(&left) }); err != nil || left != "02" {
			t.Errorf("%s: left are %q, %v", sql, left, err)
		}
	}
}
