package hr_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/errs"
	"tenure/internal/hr"
)

func TestOnlyAnotherPersonReleases(t *testing.T) {
	c := found(t, dbtest.Replay(t), 200, "")
	loader, other := c.actor(150), c.actor(151)
	r, err := c.sync(loader, gone(c.rows, 0, 20), start.Add(time.Hour).Format(time.RFC3339))
	if err != nil || !r.Held {
		t.Fatal(r, err)
	}
	before := c.state()
	refused := func(name string, actor db.Actor, reason string, kind errs.Kind) {
		t.Helper()
		if _, err := c.hr.Release(t.Context(), actor, r.Run, reason); errs.KindOf(err) != kind {
			t.Errorf("%s: %v", name, err)
		}
	}
	refused("the loader", loader, "I am sure", errs.KindForbidden)
	refused("the loader with a token", c.token(loader), "I am sure", errs.KindForbidden)
	refused("a shell", db.Operator, "I am sure", errs.KindForbidden)
	refused("without a reason", other, "  ", errs.KindInvalid)
	hold := c.run(r.Run).Hold.ID
	for name, sql := range map[string]string{
		"releaser_is_not_loader": fmt.Sprintf(`update hold set state = 'released', decided_identity = opened_identity, note = 'x' where id = %d`, hold),
		"releaser_is_a_person":   fmt.Sprintf(`update hold set state = 'released', note = 'x' where id = %d`, hold),
		"release_has_a_reason":   fmt.Sprintf(`update hold set state = 'released', decided_identity = %d where id = %d`, other.Identity, hold),
	} {
		if _, err := dbtest.Owner(t, c.db).Exec(t.Context(), sql); db.ConstraintName(err) != name {
			t.Errorf("the database lets it pass, or for another reason: %s: %v", name, err)
		}
	}
	if diff := cmp.Diff(before, c.state()); diff != "" || c.left() != 0 {
		t.Errorf("a refused release changed something:\n%s", diff)
	}
	out, err := c.hr.Release(t.Context(), other, r.Run, "the branch was closed")
	if err != nil || out.Leavers != 20 || c.left() != 20 {
		t.Fatalf("released by another person: %+v, %v, %d left", out, err, c.left())
	}
	refused("a second time", other, "again", errs.KindConflict)
	if n := c.number(`select count(*) from event where kind = 'hr.released' and actor_id = $1`, other.ID); n != 1 {
		t.Errorf("%d events tell who released", n)
	}
}

// token gives the same person through a personal token.
func (c *company) token(a db.Actor) (out db.Actor) {
	c.do(db.System, func(tx *db.Tx) (err error) { out, err = tx.ActorOf(a.Identity, "token", a.Name); return err })
	return out
}

func TestAReleaseAppliesTheFileAndNotAnOldPlan(t *testing.T) {
	c := found(t, dbtest.Replay(t), 200, "")
	body := clone(c.rows)
	for i := range 20 {
		body[i].ends = "2024-02-28"
	}
	body = append(body, &row{number: "77", first: "Late", last: "Joiner", begins: "2024-03-04", department: "Sales"})
	r := c.load(text(body), 1)
	if !r.Held || r.Joiners != 1 {
		t.Fatalf("%+v", r)
	}
	// Meanwhile time goes on: the joiner's first day passes before anybody releases.
	c.do(db.System, func(tx *db.Tx) error { return c.hr.RunDue(tx, start.AddDate(0, 0, 5)) })
	if _, err := c.hr.Release(t.Context(), c.actor(100), r.Run, "known"); err != nil {
		t.Fatal(err)
	}
	if n := c.number(`select count(*) from identity i join employment e on e.identity_id = i.id where e.source_key = '77' and i.state = 'active'`); n != 1 {
		t.Error("somebody whose first day passed while the run was held is not active")
	}
	if n := c.number(`select count(*) from reason r join employment e on e.identity_id = r.identity_id where e.source_key = '77' and r.known_to = 'infinity'`); n != 2 {
		t.Errorf("they hold %d things, want 2", n)
	}
	// A run that a newer one has overtaken cannot be released any more.
	old := c.load(gone(c.rows, 50, 40), 24*6)
	if newer := c.load(text(body), 24*6+1); newer.Held {
		t.Fatalf("%+v", newer)
	}
	if _, err := c.hr.Release(t.Context(), c.actor(100), old.Run, "late"); errs.KindOf(err) != errs.KindConflict || !strings.Contains(err.Error(), "was overtaken by run") {
		t.Errorf("an overtaken run: %v", err)
	}
}

func TestABrokenFileCannotBeReleased(t *testing.T) {
	c := found(t, dbtest.Replay(t), 50, "")
	before := c.state()
	whole := text(c.rows)
	r := c.load(whole[:len(whole)/2], 1)
	if _, err := c.hr.Release(t.Context(), c.actor(3), r.Run, "it looks fine"); errs.KindOf(err) != errs.KindConflict || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("%v", err)
	}
	if diff := cmp.Diff(before, c.state()); diff != "" {
		t.Error(diff)
	}
}

func TestAnnouncementsCountOnceAndOnlyThoseOfOthers(t *testing.T) {
	c := found(t, dbtest.Replay(t), 200, "")
	loader, other := c.actor(150), c.actor(151)
	announce := func(by db.Actor, n int) error {
		return c.db.Do(t.Context(), by, func(tx *db.Tx) error {
			_, err := hr.Expect(tx, hr.Expectation{Source: "hr", Kind: "leavers", Count: n, From: "2024-03-01", To: "2024-03-02", Note: "the branch closes"})
			return err
		})
	}
	if err := announce(db.Operator, 20); errs.KindOf(err) != errs.KindForbidden {
		t.Errorf("a shell announced: %v", err)
	}
	if err := announce(loader, 20); err != nil {
		t.Fatal(err)
	}
	at := func(hours int) string { return start.Add(time.Duration(hours) * time.Hour).Format(time.RFC3339) }
	if r, err := c.sync(loader, gone(c.rows, 0, 15), at(1)); err != nil || !r.Held {
		t.Errorf("the loader's own announcement let the file through: %+v, %v", r, err)
	}
	if err := announce(other, 10); err != nil {
		t.Fatal(err)
	}
	if r, err := c.sync(loader, gone(c.rows, 0, 20), at(2)); err != nil || !r.Held {
		t.Errorf("more leave than were announced: %+v, %v", r, err)
	}
	if r, err := c.sync(loader, gone(c.rows, 0, 15), at(3)); err != nil || r.Held || r.Leavers != 15 {
		t.Errorf("an announced leave was held: %+v, %v", r, err)
	}
	if r, err := c.sync(loader, gone(c.rows, 0, 30), at(4)); err != nil || !r.Held {
		t.Errorf("an announcement served twice: %+v, %v", r, err)
	}
}

func TestTwoUploadsRunOneAfterTheOther(t *testing.T) {
	c := found(t, dbtest.New(t), 300, "")
	for round := range 5 {
		a := with(c.rows, 0, 5, func(r *row) { r.last = fmt.Sprintf("A%d", round) })
		b := with(c.rows, 0, 5, func(r *row) { r.last = fmt.Sprintf("B%d", round) })
		type answer struct {
			body string
			r    *hr.Result
			err  error
		}
		answers := make(chan answer, 2)
		begin := make(chan struct{})
		for _, body := range []string{a, b} {
			go func() {
				<-begin
				r, err := c.sync(db.Operator, body, "")
				answers <- answer{body, r, err}
			}()
		}
		close(begin)
		last, run := "", 0
		for range 2 {
			got := <-answers
			if got.err != nil || got.r.Held || got.r.Updated != 5 {
				t.Fatalf("round %d: %+v, %v", round, got.r, got.err)
			}
			if got.r.Run > run {
				last, run = got.body, got.r.Run
			}
		}
		if r, err := c.sync(db.Operator, last, ""); err != nil || r.Unchanged != 300 {
			t.Fatalf("round %d: after both, the people are not as the later file says: %+v, %v", round, r, err)
		}
		if n := c.number(`select count(*) from (select from employment_version where known_to = 'infinity' and valid_to = 'infinity' group by employment_id having count(*) > 1) x`); n != 0 {
			t.Fatalf("%d employments are believed to be two things at once", n)
		}
	}
}

// An upload waits for the one before it, and for a policy change: else it would give what the old rules gave.
func TestAnUploadWaitsForItsTurn(t *testing.T) {
	c := found(t, dbtest.New(t), 30, "")
	source := c.number(`select id from hr_source where name = 'hr'`)
	for i, lock := range []string{fmt.Sprintf(`select pg_advisory_xact_lock(7234514, %d)`, source), `select pg_advisory_xact_lock(7234512)`} {
		c.waitsFor(lock, i)
	}
}

func (c *company) waitsFor(lock string, already int) {
	t := c.t
	owner := dbtest.Owner(t, c.db)
	other, err := owner.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Exec(t.Context(), lock); err != nil {
		t.Fatal(err)
	}
	before, left := c.state(), c.left()
	done := make(chan error, 1)
	go func() { _, err := c.sync(db.Operator, gone(c.rows, 5, already+1), ""); done <- err }()
	c.waitForWaiter(other, done)
	if diff := cmp.Diff(before, c.state()); diff != "" {
		t.Errorf("it wrote before its turn:\n%s", diff)
	}
	if err := other.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil || c.left() != left+1 {
		t.Errorf("%v, %d left", err, c.left())
	}
}

// waitForWaiter returns when somebody waits for an advisory lock of this database.
func (c *company) waitForWaiter(tx pgx.Tx, done <-chan error) {
	c.t.Helper()
	for n := 0; n == 0; {
		select {
		case err := <-done:
			c.t.Fatalf("it did not wait: %v", err)
		default:
		}
		err := tx.QueryRow(context.Background(), `select count(*) from pg_locks l join pg_database d on d.oid = l.database
			where locktype = 'advisory' and not granted and d.datname = current_database()`).Scan(&n)
		if err != nil {
			c.t.Fatal(err)
		}
	}
}
