package trail_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"tenure/internal/audit/trail"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/evidence"
)

// write makes rows of the three tables that the log vouches for: two people with an employment, two reasons and two operations each; one
// reason of each is closed again, one operation verified and one cancelled.
func write(t testing.TB, d *db.DB) {
	t.Helper()
	if err := d.Do(t.Context(), db.Operator, func(tx *db.Tx) error {
		for _, sql := range []string{
			`insert into employment_version (employment_id, identity_id, status, first_day, zone, starts_at, attrs, valid_from, known_from)
				select i, i, 'active', '2020-01-01', 'UTC', '2020-01-01', '{"title": "x"}', '2020-01-01', now() from generate_series(1, 2) i`,
			`insert into reason (identity_id, entitlement_id, kind, valid_from, known_from) select i, e, 'birthright', '2020-01-01', now() from generate_series(1, 2) i, generate_series(1, 2) e`,
			`insert into operation (application_id, account_id, identity_id, kind, cause, state, next_attempt_at, created_at)
				select 1, 10 * i + o, i, 'grant', 'test', 'pending', now(), now() from generate_series(1, 2) i, generate_series(1, 3) o`} {
			if _, err := tx.Exec(sql); err != nil {
				return err
			}
		}
		for i := range 2 {
			tx.Record(evidence.Event{Kind: "test.joined", IdentityID: i + 1, Touches: evidence.Touches{"employment_version": 1, "reason": 2, "operation": 3}})
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := d.Do(t.Context(), db.Operator, func(tx *db.Tx) error {
		for _, sql := range []string{`update reason set known_to = clock_timestamp() where entitlement_id = 1`,
			`update operation set state = 'claimed', claim_epoch = 1 where account_id % 10 < 3`,
			`update operation set state = 'verified', verified_by = 1, verified_at = now() where account_id % 10 = 1`,
			`update operation set state = 'cancelled' where account_id % 10 = 3`} {
			if _, err := tx.Exec(sql); err != nil {
				return err
			}
		}
		tx.Record(evidence.Event{Kind: "test.went", IdentityID: 1, Touches: evidence.Touches{"reason": 2, "operation": 4}})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func verify(t testing.TB, d *db.DB, out trail.Outside) *trail.Report {
	t.Helper()
	r, err := trail.Verify(t.Context(), d, out)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// each is a change of state that a superuser makes behind the log's back, and what must be named.
var each = []struct{ sql, want string }{
	{`insert into reason (identity_id, entitlement_id, kind, valid_from, known_from) values (1, 7, 'found', now(), now())`, "reason of person 1 5: no event"},
	{`update reason set valid_to = now() where id = 2`, "reason of person 1 2: it is not what"},
	{`update reason set identity_id = 2 where id = 2`, "reason of person 1 written by the event: not there"},
	{`delete from reason where id = 3`, "reason of person 2 written by the event: not there"},
	{`update employment_version set attrs = '{"title": "Director"}' where id = 2`, "employment of person 2 2: it is not"},
	{`update employment_version set last_day = null, ends_at = now() where id = 1`, "employment of person 1 1: it is not"},
	{`update operation set state = 'verified', verified_by = 9, verified_at = now() where id = 2`, "operation of person 1 2: it is not"},
	{`update operation set state = 'cancelled' where id = 4`, "operation of person 2 4: it is not"},
	{`update operation set verified_by = 8 where id = 1`, "operation of person 1 1: it is not"},
	{`insert into operation (application_id, account_id, kind, cause, state, next_attempt_at, created_at) values (1, 9, 'disable', 'x', 'pending', now(), now())`, "operation of nobody 7: no event"},
}

func TestChangedStateIsNamed(t *testing.T) {
	d := dbtest.New(t)
	s := sealer(t, d)
	write(t, d)
	seal(t, s)
	// What a worker does between decisions is no change of what was decided.
	if err := d.Do(t.Context(), db.Operator, func(tx *db.Tx) error {
		_, err := tx.Exec(`update operation set state = 'acknowledged', acknowledged_at = now(), attempts = 3 where state = 'claimed'`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, d, trail.Outside{}); !r.Right() || r.Rows != 12 || r.Size != 2+1 {
		t.Fatalf("%+v", r)
	}
	owner := dbtest.Owner(t, d)
	for _, c := range each {
		tx, err := owner.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, sql := range []string{`set session_replication_role = replica`, c.sql} {
			if _, err := tx.Exec(t.Context(), sql); err != nil {
				t.Fatal(c.sql, err)
			}
		}
		r := &trail.Report{}
		if err := trail.VerifyIn(t.Context(), d, tx, r); err != nil {
			t.Fatal(err)
		}
		if len(r.Log) != 0 || len(r.State) == 0 || !strings.HasPrefix(r.State[0].What, c.want) {
			t.Errorf("%s:\n%+v", c.sql, r)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if r := verify(t, d, trail.Outside{}); !r.Right() {
		t.Errorf("undone: %+v", r)
	}
}

// edits are what a superuser may do to one row of one person, whoever it is.
var edits = []struct{ sql, word string }{
	{`insert into reason (identity_id, entitlement_id, kind, valid_from, known_from) values (@who, 7000 + @n, 'found', now(), now())`, "reason"},
	{`update reason set valid_to = now() + interval '@n minutes' where identity_id = @who and entitlement_id = 2`, "reason"},
	{`update reason set state = 'proposed' where identity_id = @who and entitlement_id = 2`, "reason"},
	{`delete from reason where identity_id = @who and entitlement_id = 1`, "reason"},
	{`update employment_version set attrs = jsonb_build_object('title', 'Director @n') where identity_id = @who`, "employment"},
	{`update employment_version set unit_id = @n where identity_id = @who`, "employment"},
	{`delete from employment_version where identity_id = @who`, "employment"},
	{`update operation set state = 'verified', verified_by = @n, verified_at = now() where identity_id = @who and account_id = 10 * @who + 2`, "operation"},
	{`update operation set state = 'failed' where identity_id = @who and account_id = 10 * @who + 2`, "operation"},
	{`update operation set entitlement_id = @n where identity_id = @who and account_id = 10 * @who + 3`, "operation"},
}

// Whatever row of whomever a superuser edits, the person and the table are named.
func TestEditedStateOfAnybodyIsNamed(t *testing.T) {
	d := dbtest.New(t)
	s := sealer(t, d)
	const people = 60
	if err := d.Do(t.Context(), db.Operator, func(tx *db.Tx) error {
		for _, sql := range []string{
			`insert into employment_version (employment_id, identity_id, status, first_day, zone, starts_at, attrs, valid_from, known_from)
				select i, i, 'active', '2020-01-01', 'UTC', '2020-01-01', '{"title": "x"}', '2020-01-01', now() from generate_series(1, $1) i`,
			`insert into reason (identity_id, entitlement_id, kind, valid_from, known_from) select i, e, 'birthright', '2020-01-01', now() from generate_series(1, $1) i, generate_series(1, 2) e`,
			`insert into operation (application_id, account_id, identity_id, kind, cause, state, next_attempt_at, created_at)
				select 1, 10 * i + o, i, 'grant', 'test', 'pending', now(), now() from generate_series(1, $1) i, generate_series(1, 3) o`} {
			if _, err := tx.Exec(sql, people); err != nil {
				return err
			}
		}
		for i := range people {
			tx.Record(evidence.Event{Kind: "test.joined", IdentityID: i + 1, Touches: evidence.Touches{"employment_version": 1, "reason": 2, "operation": 3}})
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	seal(t, s)
	owner := dbtest.Owner(t, d)
	r := rand.New(rand.NewPCG(5, 6))
	for i := range times("TENURE_EDITS", len(edits)) {
		c, who := edits[i%len(edits)], 1+r.IntN(people)
		tx, err := owner.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, sql := range []string{`set local session_replication_role = replica`, strings.NewReplacer("@who", fmt.Sprint(who), "@n", fmt.Sprint(1+r.IntN(900))).Replace(c.sql)} {
			if tag, err := tx.Exec(t.Context(), sql); err != nil || strings.Contains(sql, "@") || tag.RowsAffected() > 1 {
				t.Fatal(sql, tag, err)
			}
		}
		found := &trail.Report{}
		if err := trail.VerifyIn(t.Context(), d, tx, found); err != nil {
			t.Fatal(err)
		}
		if len(found.Log) != 0 || len(found.State) != 1 || !strings.HasPrefix(found.State[0].What, fmt.Sprintf("%s of person %d ", c.word, who)) {
			t.Errorf("%s of %d:\n%+v", c.sql, who, found)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// Rows that are older than the prints are vouched for as they are found, once; what is edited afterwards is named.
func TestAnOldLogIsTakenOver(t *testing.T) {
	d := dbtest.New(t)
	s := sealer(t, d)
	superuser(t, d, `delete from log_taken_over`,
		`insert into reason (identity_id, entitlement_id, kind, valid_from, known_from) select i % 7, i, 'birthright', '2020-01-01', now() from generate_series(1, 4500) i`,
		`insert into employment_version (employment_id, identity_id, status, first_day, zone, starts_at, attrs, valid_from, known_from) values (1, 1, 'active', '2020-01-01', 'UTC', '2020-01-01', '{}', '2020-01-01', now())`)
	seal(t, s)
	if r := verify(t, d, trail.Outside{}); len(r.State) == 0 {
		t.Error("rows that no event vouches for pass: the test proves nothing")
	}
	for range 2 {
		if err := d.Do(t.Context(), db.System, trail.TakeOver); err != nil {
			t.Fatal(err)
		}
		seal(t, s)
	}
	if n := scan[int](t, d, `select count(*) from event where kind = 'log.taken_over'`); n != 4 {
		t.Errorf("%d events take over 4,501 rows", n)
	}
	if r := verify(t, d, trail.Outside{}); !r.Right() || r.Rows != 4501 {
		t.Errorf("%+v", r)
	}
	superuser(t, d, `update reason set valid_to = now() where entitlement_id = 77`)
	if r := verify(t, d, trail.Outside{}); len(r.State) != 1 || !strings.HasPrefix(r.State[0].What, "reason of nobody") {
		t.Errorf("%+v", r)
	}
}
