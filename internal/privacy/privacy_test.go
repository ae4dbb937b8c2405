package privacy_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/identity"
	"tenure/internal/privacy"
)

var update = flag.Bool("update", false, "write the reference anew")

func TestMain(m *testing.M) { dbtest.Main(m) }

const reference = "../../docs/reference/privacy.md"

func TestReference(t *testing.T) {
	want := privacy.Reference()
	if *update {
		if err := os.WriteFile(reference, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(reference); err != nil || string(got) != want {
		t.Errorf("%s is not what the code says (%v): go test ./internal/privacy -run Reference -update", reference, err)
	}
}

// Every column in which somebody could stand is in the inventory, and nothing else is.
func TestTheInventoryIsWhole(t *testing.T) {
	rows, err := dbtest.Owner(t, dbtest.New(t)).Query(t.Context(), `select c.table_name || '.' || c.column_name from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
		where c.table_schema = 'public' and t.table_type = 'BASE TABLE' and c.table_name !~ '^(river|goose)' and not exists (select from pg_inherits where inhrelid = c.table_name::regclass) and (c.data_type in ('text', 'character varying', 'json', 'jsonb', 'bytea') or c.udt_name = '_text') order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, h := range privacy.Inventory {
		for _, c := range strings.Fields(h.Columns) {
			want = append(want, h.Table+"."+c)
		}
		if h.Holds != "" && (h.Kept == "" || h.Erased == "") {
			t.Errorf("%s %s: how long is it kept, and what becomes of it?", h.Table, h.Columns)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	for _, c := range got {
		if !slices.Contains(want, c) {
			t.Errorf("%s is not in the inventory: may it hold something personal?", c)
		}
	}
	for i, c := range want {
		if !slices.Contains(got, c) || i > 0 && want[i-1] == c {
			t.Errorf("%s is in the inventory and not in the database, or twice", c)
		}
	}
}

// world is a database with somebody who decides and somebody who left long ago.
type world struct {
	t         *testing.T
	d         *db.DB
	owner     *pgx.Conn
	one, two  db.Actor
	left, key int
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, d: dbtest.New(t)}
	w.owner = dbtest.Owner(t, w.d)
	w.exec(`set session_replication_role = replica`)
	w.exec(`insert into identity (id, state, since, name, email, number, key_id) overriding system value values
		(1, 'active', now(), 'Nia Okafor', 'nia@example.com', '1', 901), (2, 'active', now(), 'Jo Lind', 'jo@example.com', '2', 902), (3, 'left', now() - interval '8 years', 'Femke de Wit', 'femke@example.com', '3', 903)`)
	w.do(db.System, func(tx *db.Tx) error {
		_, wrapped, err := tx.Wrapper().New(903)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`insert into identity_key (id, wrapped) values (903, $1)`, wrapped)
		return err
	})
	w.do(db.System, func(tx *db.Tx) (err error) {
		if w.one, err = tx.ActorOf(1, "person", "Nia Okafor"); err == nil {
			w.two, err = tx.ActorOf(2, "person", "Jo Lind")
		}
		return err
	})
	w.left, w.key = 3, 903
	return w
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.owner.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) do(a db.Actor, fn func(*db.Tx) error) {
	w.t.Helper()
	if err := w.d.Do(w.t.Context(), a, fn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) count(sql string, args ...any) (n int) {
	w.t.Helper()
	if err := w.owner.QueryRow(w.t.Context(), sql, args...).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) carryOut() {
	w.t.Helper()
	if err := privacy.CarryOut(w.t.Context(), w.d); err != nil {
		w.t.Fatal(err)
	}
}

// A key goes with an erasure and not otherwise, whoever asks the database; and who was erased stays so.
func TestAKeyGoesWithAnErasureOnly(t *testing.T) {
	w := newWorld(t)
	for _, sql := range []string{`delete from identity_key where id = 903`, `update identity_key set wrapped = '' where id = 903`} {
		if err := w.d.Do(t.Context(), w.one, func(tx *db.Tx) error { _, err := tx.Exec(sql); return err }); err == nil {
			t.Errorf("the application may %s", sql)
		}
	}
	w.do(w.one, func(tx *db.Tx) error { _, err := privacy.Erase(tx, w.left, "Case 12"); return err })
	w.do(w.two, func(tx *db.Tx) error { _, err := privacy.Erase(tx, w.left, "Case 12"); return err })
	if n := w.count(`select count(*) from identity_key where id = 903`); n != 0 {
		t.Error("the key is there after the erasure")
	}
	err := w.d.Do(t.Context(), w.one, func(tx *db.Tx) error {
		_, err := tx.Exec(`update identity set name = 'Femke' where id = 3`)
		return err
	})
	if db.ConstraintName(err) != "erased_stays_erased" {
		t.Errorf("a name came back: %v", err)
	}
}

// Nobody erases alone: refused by the code, and by the database where the code would not.
func TestNobodyErasesAlone(t *testing.T) {
	w := newWorld(t)
	erase := func(a db.Actor) error {
		return w.d.Do(t.Context(), a, func(tx *db.Tx) error { _, err := privacy.Erase(tx, w.left, "Case 12"); return err })
	}
	if err := erase(db.Operator); err == nil {
		t.Error("a shell asks for an erasure")
	}
	if err := erase(w.one); err != nil {
		t.Fatal(err)
	}
	if err := erase(w.one); err == nil || !strings.Contains(err.Error(), "another person") {
		t.Errorf("who asked does it: %v", err)
	}
	err := w.d.Do(t.Context(), w.one, func(tx *db.Tx) error {
		_, err := tx.Exec(`update erasure set state = 'done', decided_at = now(), decided_by = $1, decided_identity = 1`, w.one.ID)
		return err
	})
	if db.ConstraintName(err) != "eraser_is_not_asker" {
		t.Errorf("the database lets who asked do it: %v", err)
	}
	if err := erase(w.two); err != nil {
		t.Fatal(err)
	}
}

// What is over is deleted, in batches, with an event that says how much, through when; what is held, or not over, stays. A second run finds
// nothing.
func TestRetentionIsCarriedOut(t *testing.T) {
	w := newWorld(t)
	w.exec(`insert into message (identity_id, kind, thread, verb, what, made_at) select 1 + n % 2, 'x', 't', 'v', 'w', now() - interval '100 days' from generate_series(1, 12000) n`)
	w.exec(`insert into message (identity_id, kind, thread, verb, what, made_at) values (1, 'x', 't', 'v', 'w', now() - interval '80 days')`)
	w.exec(`insert into hr_source (id, name, spec) overriding system value values (1, 'people', '{}')`)
	w.exec(`insert into snapshot (id, source_id, effective_at, sha256, rows, state, counts, loaded_by, loaded_at) overriding system value
		select n, 1, now(), sha256('x'), 1, case when n = 2 then 'held' else 'applied' end, '{}', 1, now() - interval '40 days' * n from generate_series(0, 2) n`)
	w.exec(`insert into snapshot_body (snapshot_id, sealed) select id, 'x' from snapshot`)
	w.do(w.one, func(tx *db.Tx) error { _, err := privacy.Place(tx, 2, "A claim", ""); return err })
	w.carryOut()
	left := func() string {
		return fmt.Sprint(w.count(`select count(*) from message where identity_id = 1`), " ", w.count(`select count(*) from message where identity_id = 2`), " ", w.count(`select count(*) from snapshot_body`))
	}
	if got := left(); got != "1 6000 3" { // of a file nobody knows whom it holds: it is kept while anybody is held
		t.Errorf("left are %s", got)
	}
	if n, rows := w.count(`select count(*) from event where kind = 'retention.carried_out'`), w.count(`select sum((convert_from(leaf, 'UTF8')::jsonb->'facts'->>'rows')::int) from event where kind = 'retention.carried_out'`); n != 2 || rows != 6000 {
		t.Errorf("%d events say that %d rows went", n, rows)
	}
	w.do(w.one, func(tx *db.Tx) error { return privacy.Lift(tx, 1, "It is settled") })
	w.carryOut()
	if got := left(); got != "1 0 2" { // the file of the run that is held is needed, and the young one is not over
		t.Errorf("without the hold, left are %s", got)
	}
	n := w.count(`select count(*) from event`)
	w.carryOut()
	if w.count(`select count(*) from event`) != n {
		t.Error("a run that finds nothing says that it did something")
	}
	w.do(w.one, func(tx *db.Tx) error { return privacy.Keep(tx, "message", 30, "delete") })
	w.carryOut()
	if got := left(); got != "0 0 2" {
		t.Errorf("kept for 30 days, left are %s", got)
	}
	err := w.d.Do(t.Context(), w.one, func(tx *db.Tx) error { return privacy.Keep(tx, "message", 1, "delete") })
	if err == nil {
		t.Error("messages may be kept for less than they must be")
	}
}

// People whose time is over are proposed once, and erased by a person; or by themselves where that is set, when they were announced for long
// enough and nobody took it back.
func TestPeopleWhoseTimeIsOver(t *testing.T) {
	w := newWorld(t)
	w.carryOut()
	w.carryOut()
	if n := w.count(`select count(*) from erasure where state = 'asked' and asked_identity is null and not automatic and identity_id = 3`); n != 1 || w.count(`select count(*) from erasure`) != 1 {
		t.Fatalf("%d proposals", n)
	}
	w.do(w.one, func(tx *db.Tx) error { return privacy.Withdraw(tx, 3, "They may come back") })
	w.carryOut()
	if w.count(`select count(*) from erasure`) != 1 {
		t.Error("proposed anew at once")
	}
	w.exec(`set session_replication_role = replica; update erasure set decided_at = now() - interval '2 years'`)
	w.do(w.one, func(tx *db.Tx) error { return privacy.Keep(tx, privacy.KindPerson, 2557, privacy.ActErase) })
	w.carryOut()
	w.carryOut()
	if w.count(`select count(*) from identity where erased_at is not null`) != 0 {
		t.Fatal("erased before it was announced for long enough")
	}
	w.exec(`update erasure set not_before = now() - interval '1 minute' where state = 'asked'`)
	w.do(w.one, func(tx *db.Tx) error { _, err := privacy.Place(tx, 3, "A claim", ""); return err })
	w.carryOut()
	if w.count(`select count(*) from identity where erased_at is not null`) != 0 {
		t.Fatal("erased although a legal hold stands")
	}
	w.do(w.one, func(tx *db.Tx) error { return privacy.Lift(tx, 1, "It is settled") })
	w.carryOut()
	if w.count(`select count(*) from identity where erased_at is not null and name = 'erased person #3'`) != 1 || w.count(`select count(*) from identity_key where id = 903`) != 0 {
		t.Error("not erased when its time had come")
	}
}

// A hold has an end; a day that is past is none.
func TestALegalHoldEnds(t *testing.T) {
	w := newWorld(t)
	if err := w.d.Do(t.Context(), w.one, func(tx *db.Tx) error { _, err := privacy.Place(tx, 3, "", "2020-01-01"); return err }); err == nil || !strings.Contains(err.Error(), "until") || !strings.Contains(err.Error(), "reason") {
		t.Errorf("a hold of the past without a reason: %v", err)
	}
	w.do(w.one, func(tx *db.Tx) error {
		_, err := privacy.Place(tx, 0, "Tax audit", time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly))
		return err
	})
	against := func() (said []error) {
		w.do(w.one, func(tx *db.Tx) (err error) {
			p, v := 3, []error(nil)
			person, err := identity.Get(tx, p)
			if err == nil {
				v, err = privacy.Against(tx, person)
			}
			said = v
			return err
		})
		return said
	}
	if said := against(); len(said) != 1 || !strings.Contains(said[0].Error(), "legal hold on everybody stands: Tax audit") {
		t.Errorf("against it stands %v", said)
	}
	w.exec(`update legal_hold set until = now() - interval '1 second'`)
	if said := against(); len(said) != 0 {
		t.Errorf("after its end, against it stands %v", said)
	}
}
