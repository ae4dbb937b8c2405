package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tenure/internal/access"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/lifecycle"
)

// outage is a live database whose world is moved instead of its clock: what was to come lies in the past, as if no process of
// Tenure had run meanwhile.
type outage struct {
	*house
	life *lifecycle.Service
	row  func(number int, last, department string) string
}

func newOutage(t *testing.T) *outage {
	o := &outage{house: newHouse(t)}
	o.life = &lifecycle.Service{DB: o.db}
	o.policy = strings.Replace(strings.Replace(declared, "leavers: absence, ", "", 1), "first_day: first_day,", "first_day: first_day, last_day: last_day,", 1)
	o.row = func(number int, first, last string) string {
		return fmt.Sprintf("%d,Pat,Nr%d,pat%d@example.com,%s,%s,Finance\n", number, number, number, first, last)
	}
	o.apply("enforce", "report")
	return o
}

const lastDays = "number,first_name,last_name,email,first_day,last_day,department\n"

// ahead gives a day so many days from now.
func (o *outage) ahead(days int) (day string) {
	o.do(db.System, func(tx *db.Tx) error { day = tx.Now.AddDate(0, 0, days).Format(time.DateOnly); return nil })
	return day
}

// past moves what is written in a column of these rows, and what is due for their people, to hours ago.
func (o *outage) past(hours int, table, column, where string) {
	o.Helper()
	o.do(db.System, func(tx *db.Tx) error {
		at := tx.Now.Add(-time.Duration(hours) * time.Hour)
		n, err := tx.Exec(fmt.Sprintf(`update %s t set %s = $1 from identity i where i.id = t.identity_id and t.known_to = 'infinity' and %s`, table, column, where), at)
		if err != nil {
			return err
		}
		if n == 0 {
			o.Fatalf("nobody is moved by %s", where)
		}
		tx.Record(evidence.Event{Kind: "test.moved", Touches: evidence.Touches{table: int(n)}})
		_, err = tx.Exec(fmt.Sprintf(`update due set at = $1 where ref in (select t.identity_id from %s t join identity i on i.id = t.identity_id where %s)`, table, where), at)
		return err
	})
}

func (o *outage) due() {
	o.Helper()
	if err := o.life.Due(o.Context()); err != nil {
		o.Fatal(err)
	}
}

func (o *outage) number(sql string, args ...any) (n int) {
	o.Helper()
	if err := o.db.Pool.QueryRow(o.Context(), sql, args...).Scan(&n); err != nil {
		o.Fatal(err)
	}
	return n
}

func (o *outage) states() (all string) {
	o.Helper()
	if err := o.db.Pool.QueryRow(o.Context(), `select coalesce(string_agg(state || ' ' || n, ', ' order by state), '') from (
		select state, count(*) n from identity where kind = 'person' group by 1) s`).Scan(&all); err != nil {
		o.Fatal(err)
	}
	return all
}

const bells = `select count(*) from river_job where kind = 'lifecycle.due' and state in ('available', 'scheduled', 'retryable') `

func TestALiveFirstDayActsAtItsInstant(t *testing.T) {
	o := newOutage(t)
	o.sync(lastDays + o.row(1, "2020-01-01", "") + o.row(2, o.ahead(5), "") + o.row(3, o.ahead(9), ""))
	if s := o.states(); s != "active 1, prehire 2" {
		t.Fatalf("states %s", s)
	}
	if n := o.number(bells + `and scheduled_at = (select starts_at from employment_version where attrs->>'number' = '2')`); n != 1 {
		t.Fatalf("%d bells ring at the instant of the first day, want 1", n)
	}
	o.due() // too early
	if s := o.states(); s != "active 1, prehire 2" {
		t.Fatalf("before the day: %s", s)
	}
	o.past(0, "employment_version", "starts_at", "i.number = '2'")
	o.due()
	if s := o.states(); s != "active 2, prehire 1" {
		t.Fatalf("on the day: %s", s)
	}
	if n := o.number(`select count(*) from operation k join identity i on i.id = k.identity_id where i.number = '2' and k.kind = 'create'`); n != 1 {
		t.Errorf("%d accounts are made on the first day, want 1", n)
	}
	if n := o.number(bells + `and scheduled_at = (select starts_at from employment_version where attrs->>'number' = '3')`); n != 1 {
		t.Errorf("%d bells ring for the next first day, want 1", n)
	}
}

// fill makes 40 people, all here, of whom the leavers have a last day ahead; somebody who begins; and somebody who is to be moved.
func (o *outage) fill(leavers int) string {
	o.Helper()
	var b strings.Builder
	b.WriteString(lastDays)
	for i := range 40 {
		last := ""
		if i < leavers {
			last = o.ahead(30)
		}
		b.WriteString(o.row(100+i, "2020-01-01", last))
	}
	b.WriteString(o.row(200, o.ahead(5), ""))
	return b.String()
}

func TestAfterAnOutageOnlyTheLeaversWait(t *testing.T) {
	o := newOutage(t)
	file := o.fill(12)
	o.sync(file)
	o.settle()
	// Somebody moves and keeps the group for a week; somebody else goes, and their account is to be deleted a month later.
	moved := strings.Replace(file, "138,Pat,Nr138,pat138@example.com,2020-01-01,,Finance", "138,Pat,Nr138,pat138@example.com,2020-01-01,,Sales", 1)
	o.sync(strings.Replace(moved, "139,Pat,Nr139,pat139@example.com,2020-01-01,,Finance\n", "", 1))
	o.settle()
	o.do(db.System, func(tx *db.Tx) error {
		n, err := tx.Exec(`update account a set retired_at = $1 from account_link l join identity i on i.id = l.identity_id and i.number = '139' where l.account_id = a.id`,
			tx.Now.AddDate(0, 0, -40))
		tx.Record(evidence.Event{Kind: "test.moved", Touches: evidence.Touches{"account": int(n)}})
		if err == nil {
			_, err = tx.Exec(`update due set at = $1 where ref = (select id from identity where number = '139')`, tx.Now.Add(-3*time.Hour))
		}
		return err
	})
	o.past(9*24, "reason", "valid_from", "t.kind = 'handover' and i.number = '138'")
	o.past(4, "reason", "valid_to", "t.kind = 'handover' and i.number = '138'")
	o.past(2, "employment_version", "ends_at", "t.last_day is not null")
	o.past(2, "employment_version", "starts_at", "i.number = '200'")
	was := o.states()

	o.due()
	if s := o.states(); was != "active 39, left 1, prehire 1" || s != "active 40, left 1" {
		t.Fatalf("states were %s and are %s: the twelve wait, and who begins does not", was, s)
	}
	if n := o.number(`select count(*) from reason r join identity i on i.id = r.identity_id where i.number = '138' and r.known_to = 'infinity' and r.valid_to > now() and r.kind = 'handover'`); n != 0 {
		t.Error("the hand-over did not end")
	}
	if n := o.number(`select count(*) from operation k join identity i on i.id = k.identity_id where i.number = '138' and k.kind = 'revoke'`); n != 1 {
		t.Errorf("the end of the hand-over revokes %d times, want once", n)
	}
	if n := o.number(`select count(*) from operation k join identity i on i.id = k.identity_id where i.number = '139' and k.kind = 'delete'`); n != 1 {
		t.Errorf("the end of the retention deletes %d accounts, want 1", n)
	}
	var holds []lifecycle.Hold
	look := func() {
		t.Helper()
		o.do(db.System, func(tx *db.Tx) (err error) { holds, err = lifecycle.OpenHolds(tx); return err })
	}
	if look(); len(holds) != 1 || holds[0].Kind != "due" || holds[0].People != 12 {
		t.Fatalf("holds: %+v, want one of 12 people", holds)
	}
	o.due() // the hold stands, is not opened again, and rings no bell without end
	if look(); len(holds) != 1 || o.states() != "active 40, left 1" || o.number(bells+`and scheduled_at <= now()`) != 0 {
		t.Fatalf("again: %+v, %s", holds, o.states())
	}
	left := 0
	if o.do(db.System, func(tx *db.Tx) (err error) { left, err = lifecycle.CountDue(tx); return err }); left != 0 {
		t.Errorf("%d things count as to be done: `work --until-idle` would not end", left)
	}

	release := func(who db.Actor, reason string) error {
		return o.db.Do(t.Context(), who, func(tx *db.Tx) error { return lifecycle.ReleaseHold(tx, holds[0].ID, reason) })
	}
	if err := release(db.Operator, "they did leave"); errs.KindOf(err) != errs.KindForbidden {
		t.Errorf("a shell released it: %v", err)
	}
	if err := release(o.person("130"), " "); errs.KindOf(err) != errs.KindInvalid {
		t.Errorf("without a reason: %v", err)
	}
	if err := release(o.person("130"), "they did leave"); err != nil {
		t.Fatal(err)
	}
	if s := o.states(); s != "active 28, left 13" {
		t.Errorf("after the release: %s", s)
	}
	if n := o.number(`select count(*) from operation k join identity i on i.id = k.identity_id
		where k.kind = 'disable' and k.state = 'pending' and k.urgency <= $1 and i.number < '112'`, access.Leaving); n != 12 {
		t.Errorf("%d accounts are disabled urgently, want 12", n)
	}
	if err := release(o.person("130"), "again"); errs.KindOf(err) != errs.KindConflict {
		t.Errorf("a second release: %v", err)
	}
}

// The control: fewer than the brake weighs simply go.
func TestFewLateLeaversGoWithoutARelease(t *testing.T) {
	o := newOutage(t)
	o.sync(o.fill(9))
	o.past(2, "employment_version", "ends_at", "t.last_day is not null")
	o.due()
	if s := o.states(); s != "active 31, left 9, prehire 1" {
		t.Errorf("states %s", s)
	}
}
