package access_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"tenure/internal/access"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var states = []access.State{access.Proposed, access.Pending, access.Claimed, access.Acknowledged, access.Verified, access.Failed, access.Cancelled}

// legal is the life of an operation as this test believes it, written down a second time.
var legal = map[access.State]string{
	"":                  "proposed pending",
	access.Proposed:     "pending cancelled",
	access.Pending:      "claimed cancelled",
	access.Claimed:      "acknowledged pending failed",
	access.Acknowledged: "verified pending failed cancelled",
	access.Failed:       "pending",
}

func TestEveryMoveOfAnOperation(t *testing.T) {
	for _, from := range append([]access.State{""}, states...) {
		for _, to := range append([]access.State{""}, states...) {
			want := to != "" && strings.Contains(" "+legal[from]+" ", " "+string(to)+" ")
			if err := access.Life.Check(from, to); (err == nil) != want {
				t.Errorf("%q -> %q: %v, legal is %v", from, to, err, want)
			}
		}
	}
}

// lab is a database with operations put into it as they should be found.
type lab struct {
	*testing.T
	db *db.DB
}

func newLab(t *testing.T) *lab { return &lab{T: t, db: dbtest.New(t)} }

func (l *lab) do(fn func(*db.Tx) error) {
	l.Helper()
	if err := l.db.Do(l.Context(), db.System, fn); err != nil {
		l.Fatal(err)
	}
}

// put makes an operation of an account in a state.
func (l *lab) put(app, account int, state access.State, urgency int) (id int64) {
	l.Helper()
	l.do(func(tx *db.Tx) error {
		tx.Record(evidence.Event{Kind: "test.planned", Touches: evidence.Touches{"operation": 1}})
		return tx.QueryRow(`insert into operation (application_id, account_id, identity_id, kind, urgency, cause, state, claim_epoch, attempts, next_attempt_at, created_at,
				lease_until, acknowledged_at)
			values ($1, $2, 7, 'grant', $3, 'test', $4, 3, 1, clock_timestamp(), clock_timestamp(),
				case when $4 = 'claimed' then clock_timestamp() + interval '1 hour' end, case when $4 = 'acknowledged' then clock_timestamp() end) returning id`,
			app, account, urgency, string(state)).Scan(&id)
	})
	return id
}

// fact is a row in words.
func (l *lab) fact(id int64) (s string) {
	l.Helper()
	if err := l.db.Pool.QueryRow(l.Context(), `select state || ' epoch ' || claim_epoch || ' attempts ' || attempts || coalesce(' error ' || error, '') from operation where id = $1`,
		id).Scan(&s); err != nil {
		l.Fatal(err)
	}
	return s
}

// owner runs SQL behind the application's back.
func (l *lab) owner(sql string, args ...any) {
	l.Helper()
	if _, err := dbtest.Owner(l, l.db).Exec(l.Context(), sql, args...); err != nil {
		l.Fatal(err)
	}
}

func (l *lab) claim(app int, urgentOnly bool, n int) (out []access.Claim) {
	l.Helper()
	l.do(func(tx *db.Tx) (err error) { out, err = access.ClaimHeads(tx, app, urgentOnly, n); return err })
	return out
}

// TestEveryActionInEveryState does what can be done to an operation in every state it may be in: it moves only where the table
// of its life lets it.
func TestEveryActionInEveryState(t *testing.T) {
	l := newLab(t)
	person := db.Actor{ID: 2, Kind: "person", Identity: 99}
	report := func(to access.State) func(tx *db.Tx, app int, id int64) error {
		return func(tx *db.Tx, app int, id int64) error {
			_, err := access.Finish(tx, access.Claim{Operation: access.Operation{ID: id, Identity: 7}, Epoch: 3}, access.Report{To: to, Worker: "w", Outcome: "x", Started: tx.Now})
			return err
		}
	}
	actions := []struct {
		name string
		do   func(tx *db.Tx, app int, id int64) error
		to   map[access.State]access.State
	}{
		{"claim", func(tx *db.Tx, app int, _ int64) error { _, err := access.ClaimHeads(tx, app, false, 5); return err },
			map[access.State]access.State{access.Pending: access.Claimed}},
		{"acknowledge", report(access.Acknowledged), map[access.State]access.State{access.Claimed: access.Acknowledged}},
		{"try again", report(access.Pending), map[access.State]access.State{access.Claimed: access.Pending}},
		{"fail", report(access.Failed), map[access.State]access.State{access.Claimed: access.Failed}},
		{"sweep", func(tx *db.Tx, _ int, _ int64) error { return access.Sweep(tx) }, nil},
		{"retry", func(tx *db.Tx, _ int, id int64) error {
			if err := access.Retry(tx, id); errs.KindOf(err) != errs.KindConflict {
				return err
			}
			return nil
		}, map[access.State]access.State{access.Failed: access.Pending}},
		{"release", func(tx *db.Tx, app int, _ int64) error { _, err := access.Release(tx, app, "looked at"); return err },
			map[access.State]access.State{access.Proposed: access.Pending}},
	}
	app := 0
	for _, a := range actions {
		for _, from := range states {
			app++
			id := l.put(app, app, from, access.Normal)
			before := l.fact(id)
			if err := l.db.Do(t.Context(), person, func(tx *db.Tx) error { return a.do(tx, app, id) }); err != nil {
				t.Errorf("%s of a %s operation: %v", a.name, from, err)
			}
			after := l.fact(id)
			to, moves := a.to[from]
			switch {
			case !moves && after != before:
				t.Errorf("%s of a %s operation changes it: %s, then %s", a.name, from, before, after)
			case moves && !strings.HasPrefix(after, string(to)+" "):
				t.Errorf("%s of a %s operation gives %s, want %s", a.name, from, after, to)
			case moves && access.Life.Check(from, to) != nil:
				t.Errorf("%s: %s -> %s is in no table", a.name, from, to)
			}
			l.owner(`alter table operation disable trigger user; delete from operation; alter table operation enable trigger user`)
		}
	}
	if _, err := access.Finish(nil, access.Claim{}, access.Report{To: access.Verified}); err == nil {
		t.Error("a worker may verify its own work")
	}
}

// A worker that was thought dead comes back: what it reports about its old claim changes nothing.
func TestAZombieWorkerChangesNothing(t *testing.T) {
	for _, to := range []access.State{access.Acknowledged, access.Pending, access.Failed} {
		l := newLab(t)
		id := l.put(1, 1, access.Pending, access.Normal)
		zombie := l.claim(1, false, 1)[0]
		l.owner(`update operation set lease_until = clock_timestamp() - interval '1 second'`)
		l.do(access.Sweep)
		live := l.claim(1, false, 1)
		if len(live) != 1 || live[0].ID != id || live[0].Epoch != zombie.Epoch+1 {
			t.Fatalf("nobody took the operation over: %+v", live)
		}
		before := l.fact(id)
		r := access.Report{To: to, Worker: "zombie", Outcome: "x", Started: time.Now(), Detail: "from the grave"}
		l.do(func(tx *db.Tx) error {
			ours, err := access.Finish(tx, zombie, r)
			if ours {
				t.Errorf("the zombie's report %q was taken", to)
			}
			return err
		})
		if after := l.fact(id); after != before {
			t.Errorf("the zombie's report %q changed the operation: %s, then %s", to, before, after)
		}
		// The control: the same report without the fence does change it, so it is the epoch that holds.
		err := l.db.Do(t.Context(), db.System, func(tx *db.Tx) error {
			n, err := tx.Exec(`update operation set state = $2, error = $3 where id = $1 and state = 'claimed'`, id, string(to), r.Detail)
			if n != 1 {
				t.Error("the control did not reach the operation")
			}
			if err != nil {
				return err
			}
			return db.ErrRollback
		})
		if err != nil {
			t.Fatal(err)
		}
		l.do(func(tx *db.Tx) error {
			ours, err := access.Finish(tx, live[0], access.Report{To: access.Acknowledged, Worker: "live", Outcome: "ok", Started: time.Now()})
			if !ours {
				t.Error("the live worker's report was refused")
			}
			return err
		})
		if after := l.fact(id); !strings.HasPrefix(after, "acknowledged") {
			t.Errorf("in the end the operation is %s", after)
		}
	}
}

func TestUrgentGoesFirstAndLanesKeepTheirOrder(t *testing.T) {
	l := newLab(t)
	normal, bulk := l.put(1, 1, access.Pending, access.Normal), l.put(1, 2, access.Pending, access.Bulk)
	behind := l.put(1, 1, access.Pending, access.Urgent) // urgent, but its lane has a head
	urgent := l.put(1, 3, access.Pending, access.Urgent)
	var got []int64
	for range 4 {
		for _, c := range l.claim(1, false, 1) {
			got = append(got, c.ID)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint([]int64{urgent, normal, bulk}) {
		t.Errorf("claimed %v, want %v; %d waits for its lane", got, []int64{urgent, normal, bulk}, behind)
	}
	// An operation that a reading sent back must wait for the one behind it that a worker holds by now.
	l.owner(`update operation set state = 'acknowledged' where id = $1`, normal)
	if c := l.claim(1, false, 1); len(c) != 1 || c[0].ID != behind {
		t.Fatalf("claimed %+v", c)
	}
	l.owner(`update operation set state = 'pending' where id = $1`, normal)
	if c := l.claim(1, false, 5); len(c) != 0 {
		t.Errorf("two operations of one account are claimed at once: %+v", c)
	}
	// And the database has the last word.
	if _, err := l.db.Pool.Exec(t.Context(), `update operation set state = 'claimed' where id = $1`, normal); db.ConstraintName(err) != "operation_lane_has_one_claim" {
		t.Errorf("the database lets two claims into one lane: %v", err)
	}
}

// Many workers claim and finish at once: never are two operations of one account in work, and each lane goes in its order.
func TestManyWorkersNeverShareALane(t *testing.T) {
	claimHeads := func(tx *db.Tx) ([]access.Claim, error) { return access.ClaimHeads(tx, 1, false, 4) }
	if shared, disorder, left := hammer(t, claimHeads); shared+disorder+left > 0 {
		t.Errorf("%d claims shared a lane, %d were out of order, %d operations are left", shared, disorder, left)
	}
	// The control claims whatever is pending, without looking at lanes, and without the rule in the database.
	blind := func(tx *db.Tx) (out []access.Claim, err error) {
		rows, err := tx.Query(`update operation o set state = 'claimed', claim_epoch = claim_epoch + 1 from (select id from operation
				where state = 'pending' order by id limit 4 for no key update skip locked) h where h.id = o.id returning o.id, o.account_id, o.claim_epoch`)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		for rows.Next() {
			var c access.Claim
			if err := rows.Scan(&c.ID, &c.Account, &c.Epoch); err != nil {
				return nil, err
			}
			out = append(out, c)
		}
		return out, rows.Err()
	}
	if shared, _, _ := hammer(t, blind, `drop index operation_lane_has_one_claim`); shared == 0 {
		t.Error("the control did not share a lane either: the test proves nothing")
	}
}

// hammer has eight workers carry 20 lanes of 6 operations and counts what must not happen.
func hammer(t *testing.T, claim func(*db.Tx) ([]access.Claim, error), prepare ...string) (shared, disorder, left int) {
	t.Helper()
	l := newLab(t)
	for _, sql := range prepare {
		l.owner(sql)
	}
	const lanes, each = 20, 6
	l.do(func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into operation (application_id, account_id, kind, cause, state, next_attempt_at, created_at)
			select 1, 1 + n % $1::int, 'grant', 'test', 'pending', clock_timestamp(), clock_timestamp() from generate_series(0, $1::int * $2::int - 1) n`, lanes, each)
		tx.Record(evidence.Event{Kind: "test.planned", Touches: evidence.Touches{"operation": lanes * each}})
		return err
	})
	var mu sync.Mutex
	inWork, last, done := map[int]int{}, map[int]int64{}, 0
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for {
				mu.Lock()
				finished := done == lanes*each
				mu.Unlock()
				if finished || t.Context().Err() != nil {
					return
				}
				var claims []access.Claim
				err := l.db.Do(t.Context(), db.System, func(tx *db.Tx) (err error) { claims, err = claim(tx); return err })
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for _, c := range claims {
					if inWork[c.Account]++; inWork[c.Account] > 1 {
						shared++
					}
					if c.ID < last[c.Account] {
						disorder++
					}
					last[c.Account] = c.ID
				}
				mu.Unlock()
				for _, c := range claims {
					mu.Lock()
					inWork[c.Account]--
					done++
					mu.Unlock()
					err := l.db.Do(t.Context(), db.System, func(tx *db.Tx) error {
						_, err := access.Finish(tx, c, access.Report{To: access.Acknowledged, Worker: "w", Outcome: "ok", Started: tx.Now})
						return err
					})
					if err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	workers.Wait()
	if err := l.db.Pool.QueryRow(t.Context(), `select count(*) from operation where state <> 'acknowledged'`).Scan(&left); err != nil {
		t.Fatal(err)
	}
	return shared, disorder, left
}

// The jobs are only bells: without any of them the sweeper finds all work again in the operations.
func TestTheSweeperNeedsNoJobs(t *testing.T) {
	l := newLab(t)
	l.put(1, 1, access.Pending, access.Normal)
	l.put(2, 2, access.Acknowledged, access.Normal)
	l.put(3, 3, access.Pending, access.Urgent)
	l.put(4, 4, access.Verified, access.Normal)
	l.put(5, 5, access.Failed, access.Normal)
	lost := l.put(6, 6, access.Claimed, access.Normal)
	held := l.put(7, 7, access.Claimed, access.Normal)
	l.put(8, 8, access.Proposed, access.Normal)
	l.owner(`update operation set lease_until = clock_timestamp() - interval '1 second' where id = $1`, lost)
	l.owner(`delete from river_job`)
	l.do(access.Sweep)
	var bells string
	err := l.db.Pool.QueryRow(t.Context(), `select string_agg((args->>'application') || ' ' || queue, ', ' order by args->>'application') from river_job where kind = 'provision.work'`).Scan(&bells)
	if err != nil || bells != "1 provision, 2 provision, 3 urgent, 6 provision" {
		t.Errorf("the sweeper rang for %q, %v", bells, err)
	}
	if got := l.fact(lost); !strings.HasPrefix(got, "pending") {
		t.Errorf("what a dead worker held is %s", got)
	}
	if got := l.fact(held); !strings.HasPrefix(got, "claimed") {
		t.Errorf("what a live worker holds is %s", got)
	}
}

// A leaver goes ahead of a backlog of thousands at the same application, whether or not the worker came for what is urgent.
func TestUrgentGoesAheadOfABacklog(t *testing.T) {
	l := newLab(t)
	l.do(func(tx *db.Tx) error {
		tx.Record(evidence.Event{Kind: "test.planned", Touches: evidence.Touches{"operation": 5000}})
		_, err := tx.Exec(`insert into operation (application_id, account_id, identity_id, kind, urgency, cause, state, next_attempt_at, created_at)
			select 1, i, 7, 'grant', $1, 'test', 'pending', clock_timestamp() - interval '1 hour', clock_timestamp() - interval '1 hour' from generate_series(1, 5000) i`,
			access.Normal)
		return err
	})
	leaver := l.put(1, 6001, access.Pending, access.Leaving)
	terminated := l.put(1, 6002, access.Pending, access.Urgent) // decided last, and later than all of them
	if got := l.claim(1, true, 8); len(got) != 2 {
		t.Fatalf("the urgent worker got %d operations, want the 2 urgent ones and nothing of the backlog", len(got))
	}
	l.do(func(tx *db.Tx) error {
		_, err := tx.Exec(`update operation set state = 'pending', lease_until = null where id = any($1)`, []int64{leaver, terminated})
		return err
	})
	got := map[int64]bool{}
	for _, c := range l.claim(1, false, 2) {
		got[c.ID] = true
	}
	if len(got) != 2 || !got[leaver] || !got[terminated] {
		t.Errorf("the ordinary worker got %v first, want %d and %d", got, terminated, leaver)
	}
	if first := l.claim(1, false, 2); len(first) != 2 || first[0].Urgency != access.Normal {
		t.Errorf("then %+v: the backlog goes on", first)
	}
}
