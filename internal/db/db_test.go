package db_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"
	"gorm.io/gorm"

	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/evidence"
)

// unit is a row of a governed table, for gorm.
type unit struct {
	ID   int
	Key  string
	Name string
}

type bellArgs struct {
	N int `json:"n"`
}

func (bellArgs) Kind() string { return "test.bell" }

func touch(table string, n int) evidence.Event {
	return evidence.Event{Kind: "test.touched", Touches: evidence.Touches{table: n}}
}

func do(t *testing.T, d *db.DB, fn func(*db.Tx) error) error {
	t.Helper()
	return d.Do(t.Context(), db.Operator, fn)
}

func count(t *testing.T, d *db.DB, sql string, args ...any) (n int) {
	t.Helper()
	if err := d.Pool.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// changes are all the ways to change a governed table, with the rows each touches. Three units are there before.
var changes = []struct {
	name  string
	table string
	rows  int
	do    func(*db.Tx) error
}{
	{"insert", "unit", 1, func(tx *db.Tx) error { _, err := tx.Exec(`insert into unit (key, name) values ('x', 'X')`); return err }},
	{"insert of many", "unit", 500, func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into unit (key, name) select n::text, 'n' from generate_series(1, 500) n`)
		return err
	}},
	{"update", "unit", 3, func(tx *db.Tx) error {
		_, err := tx.Exec(`update unit set name = name || '!' where key in ('a', 'b', 'c')`)
		return err
	}},
	{"update that changes no value", "unit", 3, func(tx *db.Tx) error {
		_, err := tx.Exec(`update unit set name = name where key in ('a', 'b', 'c')`)
		return err
	}},
	{"delete", "portal_role", 1, func(tx *db.Tx) error { _, err := tx.Exec(`delete from portal_role`); return err }},
	{"upsert, one new and one old", "unit", 2, func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into unit (key, name) values ('a', 'A2'), ('x', 'X') on conflict (key) do update set name = excluded.name`)
		return err
	}},
	{"in a with clause", "unit", 1, func(tx *db.Tx) error {
		_, err := tx.Exec(`with n as (insert into unit (key, name) values ('x', 'X') returning id) select * from n`)
		return err
	}},
	{"COPY", "unit", 40, func(tx *db.Tx) error {
		i := 0
		_, err := tx.Copy("unit", []string{"key", "name"}, func() ([]any, bool) { i++; return []any{fmt.Sprint(i), "n"}, i <= 40 })
		return err
	}},
	{"gorm create", "unit", 2, func(tx *db.Tx) error { return tx.Gorm.Create(&[]unit{{Key: "x"}, {Key: "y"}}).Error }},
	{"gorm update", "unit", 1, func(tx *db.Tx) error { return tx.Gorm.Model(&unit{}).Where("key = ?", "a").Update("name", "A2").Error }},
	{"a gorm transaction inside", "unit", 1, func(tx *db.Tx) error {
		return tx.Gorm.Transaction(func(g *gorm.DB) error { return g.Create(&unit{Key: "x"}).Error })
	}},
	{"a batch", "unit", 2, func(tx *db.Tx) error {
		var b pgx.Batch
		b.Queue(`insert into unit (key, name) values ('x', 'X')`)
		b.Queue(`insert into unit (key, name) values ('y', 'Y')`)
		return tx.Pgx.SendBatch(tx.Ctx, &b).Close()
	}},
}

func TestAChangeWithoutItsEventCannotCommit(t *testing.T) {
	d := dbtest.New(t)
	if err := do(t, d, func(tx *db.Tx) error {
		if _, err := tx.Exec(`insert into unit (key, name) values ('a', 'A'), ('b', 'B'), ('c', 'C')`); err != nil {
			return err
		}
		if _, err := tx.Exec(`with who as (insert into identity (kind, state, since, name, key_id) values ('local', 'active', now(), 'Ada', 0) returning id)
			insert into portal_role (identity_id, role) select id, 'auditor' from who`); err != nil {
			return err
		}
		tx.Record(evidence.Event{Kind: "test.made", Touches: evidence.Touches{"unit": 3, "identity": 1, "portal_role": 1}})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	before, events := units(t, d), count(t, d, `select count(*) from event`)
	for _, c := range changes {
		other := map[string]string{"unit": "portal_role", "portal_role": "unit"}[c.table]
		for name, recorded := range map[string][]evidence.Event{
			"without an event": nil, "with an event that says nothing": {{Kind: "test.silent"}}, "declared too low": {touch(c.table, c.rows-1)},
			"declared too high": {touch(c.table, c.rows+1)}, "declared for another table": {touch(other, c.rows)},
			"declared twice": {touch(c.table, c.rows), touch(c.table, c.rows)},
		} {
			err := do(t, d, func(tx *db.Tx) error {
				if err := c.do(tx); err != nil {
					t.Fatalf("%s: %v", c.name, err)
				}
				for _, e := range recorded {
					tx.Record(e)
				}
				return nil
			})
			if db.ConstraintName(err) != "change_has_its_event" {
				t.Errorf("%s %s: %v", c.name, name, err)
			}
		}
		if got := units(t, d); got != before || count(t, d, `select count(*) from event`) != events {
			t.Fatalf("%s: a refused change left something behind: %s", c.name, got)
		}
		// The same change with what it did declared is let through, so it was the missing event that was refused.
		err := do(t, d, func(tx *db.Tx) error {
			if err := c.do(tx); err != nil {
				return err
			}
			tx.Record(touch(c.table, c.rows))
			if err := checkNow(tx); err == nil {
				t.Errorf("%s: the change is judged settled before its events are written", c.name)
			}
			return db.ErrRollback
		})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if err := do(t, d, func(tx *db.Tx) error { return declaredAndUndone(tx, c.do, c.table, c.rows) }); err != nil {
			t.Errorf("%s with its event: %v", c.name, err)
		}
		before, events = units(t, d), count(t, d, `select count(*) from event`)
	}
	if n := ownerCount(t, d, `select count(*) from tally`); n != 0 {
		t.Errorf("%d rows are left in the tally", n)
	}
}

// checkNow has the deferred judgement made at once, in a savepoint that is undone: asking changes nothing.
func checkNow(tx *db.Tx) error {
	sp, err := tx.Pgx.Begin(tx.Ctx)
	if err != nil {
		return err
	}
	defer func() { _ = sp.Rollback(tx.Ctx) }()
	_, err = sp.Exec(tx.Ctx, `set constraints all immediate`)
	return err
}

// declaredAndUndone makes the change, and makes room for the next one, with all of it declared.
func declaredAndUndone(tx *db.Tx, change func(*db.Tx) error, table string, rows int) error {
	if err := change(tx); err != nil {
		return err
	}
	tx.Record(touch(table, rows))
	n, err := tx.Exec(`update unit set key = 'old-' || id, name = 'old' where key not in ('a', 'b', 'c') and key not like 'old-%'`)
	if err != nil {
		return err
	}
	tx.Record(touch("unit", int(n)))
	return err
}

func units(t *testing.T, d *db.DB) (s string) {
	t.Helper()
	err := d.Pool.QueryRow(t.Context(), `select (select coalesce(string_agg(u::text, ',' order by id), '') from unit u) || (select count(*) from portal_role)`).Scan(&s)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ownerCount(t *testing.T, d *db.DB, sql string) (n int) {
	t.Helper()
	if err := dbtest.Owner(t, d).QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestEveryGovernedTableIsGoverned(t *testing.T) {
	rows, err := dbtest.Owner(t, dbtest.New(t)).Query(t.Context(), `select c.relname from pg_trigger t join pg_class c on c.oid = t.tgrelid
		where t.tgname in ('tally_insert', 'tally_update', 'tally_delete') and t.tgenabled = 'O' group by 1 having count(*) = 3 order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	want := []string{"account", "account_link", "application", "application_pause", "application_secret", "campaign", "campaign_decision", "campaign_event", "campaign_item", "campaign_note", "campaign_past", "campaign_person", "campaign_reading", "campaign_removal", "campaign_review", "campaign_role", "change_set", "control_limit", "delegation", "employment", "employment_version", "entitlement", "erasure", "evidence_schedule",
		"exception", "expected_change", "hold", "hr_source", "identity", "legal_hold", "operation", "passkey", "policy_object", "policy_spec", "policy_version", "portal_include",
		"portal_known", "portal_permission", "portal_role", "reason", "recovery_code", "request", "request_decision", "request_holder", "request_item", "request_note", "request_step", "retention", "role_member", "sample", "second_factor", "sign_in_link", "slack_link", "snapshot", "token", "unit", "violation", "webhook", "withheld", "working_time"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("governed are %v, %v\nwant         %v", got, err, want)
	}
}

func TestTheLogIsAppendOnly(t *testing.T) {
	d := dbtest.New(t)
	if err := do(t, d, func(tx *db.Tx) error { tx.Record(evidence.Event{Kind: "test.happened"}); return nil }); err != nil {
		t.Fatal(err)
	}
	month := time.Now().UTC().Format("event_200601")
	owner := dbtest.Owner(t, d)
	for _, sql := range []string{`update event set kind = 'x'`, `delete from event`, `truncate event`, `update ` + month + ` set kind = 'x'`, `delete from ` + month,
		`truncate event_rest`} {
		if _, err := d.Pool.Exec(t.Context(), sql); code(err) != "42501" {
			t.Errorf("the application: %s: %v", sql, err)
		}
		if _, err := owner.Exec(t.Context(), sql); code(err) != "42501" || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("the owner: %s: %v", sql, err)
		}
	}
	for _, sql := range []string{`insert into tally (tbl, n) values ('unit', -1)`, `select * from tally`, `select * from ` + month,
		`set session_replication_role = replica`, `alter table unit disable trigger all`, `drop trigger tally_insert on unit`, `alter table event disable trigger all`,
		`create or replace function tally_rows() returns trigger language plpgsql as 'begin return null; end'`, `update leaf set hash = ''`, `delete from identity`} {
		if _, err := d.Pool.Exec(t.Context(), sql); code(err) != "42501" {
			t.Errorf("the application: %s: %v", sql, err)
		}
	}
	for _, table := range []string{"event", month} { // no change is accounted for by an event that says so of none, wherever it is put
		const columns = ` (recorded_at, effective_at, kind, actor_id, touches, leaf) values (now(), now(), 'test.forged', 1, '{"unit": 1}', '')`
		if _, err := d.Pool.Exec(t.Context(), `insert into `+table+columns); db.ConstraintName(err) != "change_has_its_event" {
			t.Errorf("an event in %s that counts a row too many: %v", table, err)
		}
	}
	if _, err := owner.Exec(t.Context(), `truncate `+month); code(err) != "42501" {
		t.Errorf("the owner empties a month: %v", err)
	}
	if n := count(t, d, `select count(*) from event where kind = 'test.happened'`); n != 1 {
		t.Errorf("%d events", n)
	}
}

// The prints of rows are in the event whatever way the rows were written; a transaction that only records has the time of its clock and asks
// for none.
func TestRowsOfAnyWayArePrinted(t *testing.T) {
	d := dbtest.New(t)
	const insert = `insert into reason (identity_id, entitlement_id, kind, valid_from, known_from) values (7, 1, 'birthright', now(), now())`
	for name, write := range map[string]func(*db.Tx) error{
		"none": nil,
		"pgx":  func(tx *db.Tx) error { _, err := tx.Exec(insert); return err },
		"gorm": func(tx *db.Tx) error { return tx.Gorm.Exec(insert).Error },
		"protocol": func(tx *db.Tx) error {
			return tx.Bulk("reason", []string{"identity_id", "entitlement_id", "kind", "valid_from", "known_from"}, 1, func(_ int, r *db.Row) error {
				r.Int(7)
				r.Int(1)
				r.Text("birthright")
				r.Time(tx.Now)
				r.Time(tx.Now)
				return nil
			})
		},
		"copy": func(tx *db.Tx) error {
			_, err := tx.Pgx.Conn().PgConn().CopyFrom(t.Context(), strings.NewReader("7,1,birthright,2026-01-01,2026-01-01\n"), `copy reason (identity_id, entitlement_id, kind, valid_from, known_from) from stdin (format csv)`)
			return err
		},
	} {
		kind := "test." + name
		if err := do(t, d, func(tx *db.Tx) error {
			e := evidence.Event{Kind: kind, IdentityID: 7}
			if write != nil {
				e.Touches = evidence.Touches{"reason": 1}
				if err := write(tx); err != nil {
					return err
				}
			}
			tx.Record(e)
			return nil
		}); err != nil {
			t.Fatal(name, err)
		}
		var leaf string
		var late bool
		if err := d.Pool.QueryRow(t.Context(), `select convert_from(leaf, 'UTF8'), recorded_at > clock_timestamp() or recorded_at < now() - interval '1 minute' from event where kind = $1`, kind).Scan(&leaf, &late); err != nil {
			t.Fatal(name, err)
		}
		if strings.Contains(leaf, `"rows":{"reason":{"in":`) != (write != nil) || late {
			t.Errorf("%s: %s, at another time: %v", name, leaf, late)
		}
	}
}

// Where a month has no table of its own, or one without the rule, events go the way through the log's table, under the same rule.
func TestEventsOfAMonthWithoutATable(t *testing.T) {
	d := dbtest.New(t)
	month := time.Now().UTC().Format("event_200601")
	if _, err := dbtest.Owner(t, d).Exec(t.Context(), `drop trigger tally_events on `+month); err != nil {
		t.Fatal(err)
	}
	record := func(n int) error {
		return do(t, d, func(tx *db.Tx) error {
			for range 10 {
				tx.Record(evidence.Event{Kind: "test.happened"})
			}
			if n > 0 {
				tx.Record(touch("unit", n))
			}
			return nil
		})
	}
	if err := record(1); db.ConstraintName(err) != "change_has_its_event" {
		t.Errorf("an event too many gives %v", err)
	}
	if err := record(0); err != nil {
		t.Error(err)
	}
	if n := count(t, d, `select count(*) from event where kind = 'test.happened'`); n != 10 {
		t.Errorf("%d events", n)
	}
}

func code(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

func TestRowJobAndEventCommitTogetherOrNotAtAll(t *testing.T) {
	d := dbtest.New(t)
	all := func(tx *db.Tx) error {
		if _, err := tx.Exec(`insert into unit (key, name) values ('x', 'X')`); err != nil {
			return err
		}
		if err := tx.Gorm.Create(&unit{Key: "y"}).Error; err != nil {
			return err
		}
		if err := tx.Enqueue(bellArgs{1}, &river.InsertOpts{}); err != nil {
			return err
		}
		tx.Record(touch("unit", 2))
		return nil
	}
	there := func() [3]int {
		return [3]int{count(t, d, `select count(*) from unit`), count(t, d, `select count(*) from river_job where kind = 'test.bell'`), count(t, d, `select count(*) from event`)}
	}
	failure := errors.New("no")
	if err := do(t, d, func(tx *db.Tx) error { _ = all(tx); return failure }); !errors.Is(err, failure) {
		t.Errorf("a failed function gives %v", err)
	}
	if err := do(t, d, func(tx *db.Tx) error { _ = all(tx); return db.ErrRollback }); err != nil {
		t.Errorf("a preview gives %v", err)
	}
	if err := do(t, d, func(tx *db.Tx) error { _ = all(tx); tx.Record(touch("unit", 1)); return nil }); db.ConstraintName(err) != "change_has_its_event" {
		t.Errorf("an event too many gives %v", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = do(t, d, func(tx *db.Tx) error { _ = all(tx); panic("a bug") })
	}()
	ctx, cancel := context.WithCancel(t.Context())
	if err := d.Do(ctx, db.Operator, func(tx *db.Tx) error { _ = all(tx); cancel(); return nil }); err == nil {
		t.Error("a transaction commits after its context ended")
	}
	if got := there(); got != [3]int{} {
		t.Errorf("rows, jobs and events after five failures: %v", got)
	}
	if err := do(t, d, all); err != nil {
		t.Fatal(err)
	}
	if got := there(); got != [3]int{2, 1, 1} {
		t.Errorf("rows, jobs and events after a commit: %v", got)
	}
	if err := do(t, d, func(tx *db.Tx) error {
		if err := tx.Try(func() error { return errors.Join(tx.Enqueue(bellArgs{2}, nil), failure) }); !errors.Is(err, failure) {
			return err
		}
		return tx.Enqueue(bellArgs{3}, nil)
	}); err != nil {
		t.Fatal(err)
	}
	if n := count(t, d, `select count(*) filter (where args->>'n' = '3') - count(*) filter (where args->>'n' = '2') from river_job where kind = 'test.bell'`); n != 1 {
		t.Error("a job of what was undone was written, or the one after it was not")
	}
	if err := d.Read(t.Context(), func(tx *db.Tx) error { return tx.Enqueue(bellArgs{4}, nil) }); err == nil {
		t.Error("who only reads enqueues a job")
	}
	for i := range 20 { // and every connection of the pool serves on
		if err := do(t, d, func(tx *db.Tx) error { _, err := tx.Exec(`insert into due values (now(), 'x', $1)`, i); return err }); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOnlyDoCommitsAndOnlyActorsChange(t *testing.T) {
	d := dbtest.New(t)
	if err := d.Do(t.Context(), db.Actor{}, func(*db.Tx) error { return nil }); err == nil {
		t.Error("a change without an actor is let through")
	}
	err := do(t, d, func(tx *db.Tx) error {
		if err := tx.Gorm.Session(&gorm.Session{}).Commit().Error; err == nil {
			t.Error("gorm committed the transaction")
		}
		inner := errors.New("inner")
		if err := tx.Gorm.Transaction(func(g *gorm.DB) error { g.Create(&unit{Key: "lost"}); return inner }); !errors.Is(err, inner) {
			t.Error(err)
		}
		tx.Record(touch("unit", 1))
		return tx.Gorm.Create(&unit{Key: "kept"}).Error
	})
	if err != nil || count(t, d, `select count(*) from unit where key = 'kept'`) != 1 || count(t, d, `select count(*) from unit`) != 1 {
		t.Errorf("a nested transaction that fails: %v", err)
	}
	err = d.Read(t.Context(), func(tx *db.Tx) error { _, err := tx.Exec(`insert into due values (now(), 'x', 1)`); return err })
	if code(err) != "25006" {
		t.Errorf("writing in a reading transaction: %v", err)
	}
}

// What somebody writes as a reason stands in the log without the name of whom the event is about, now or before; the sealed part has it. Other
// words stay, and so does what is in the middle of one.
func TestTheLogNamesNobody(t *testing.T) {
	d := dbtest.New(t)
	wrapped := []byte(nil)
	if err := do(t, d, func(tx *db.Tx) (err error) {
		_, wrapped, err = tx.Wrapper().New(7)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`insert into identity_key (id, wrapped) values (7, $1)`, wrapped); err != nil {
			return err
		}
		if _, err = tx.Exec(`insert into identity (id, state, since, name, email, key_id) overriding system value values (5, 'active', now(), 'Ada Byron', 'ada@example.com', 7)`); err != nil {
			return err
		}
		tx.Record(evidence.Event{Kind: "test.made", IdentityID: 5, Touches: evidence.Touches{"identity": 1},
			Facts: map[string]any{"reason": "ADA BYRON (ada@example.com) left; Ada Byrons did not", "other": "Ada Byron"}})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var leaf string
	var sealed []byte
	if err := d.Pool.QueryRow(t.Context(), `select convert_from(leaf, 'UTF8'), sealed from event where kind = 'test.made'`).Scan(&leaf, &sealed); err != nil {
		t.Fatal(err)
	}
	if want := `"reason":"person #5 (person #5) left; Ada Byrons did not"`; !strings.Contains(leaf, want) {
		t.Errorf("the log says %s", leaf)
	}
	w, err := d.Keeper.Wrapper()
	if err != nil {
		t.Fatal(err)
	}
	key, err := w.Open(7, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := key.Open(sealed); err != nil || !strings.Contains(string(plain), "ADA BYRON (ada@example.com)") {
		t.Errorf("sealed is %q, %v", plain, err)
	}
}
