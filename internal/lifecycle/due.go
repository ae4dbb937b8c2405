package lifecycle

import (
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/access"
	"tenure/internal/db"
	"tenure/internal/hr"
	"tenure/internal/identity"
	"tenure/internal/policy"
)

// next gives the earliest instant after one and until another that is due for anybody but those who wait.
func next(tx *db.Tx, after, until time.Time, waiting []int) (time.Time, bool, error) {
	var at time.Time
	err := tx.QueryRow(`select at from due where at > $1 and at <= $2 and not (what = 'person' and ref = any(coalesce($3::int[], '{}'))) order by at limit 1`,
		after, until, waiting).Scan(&at)
	if errors.Is(err, pgx.ErrNoRows) {
		return at, false, nil
	}
	return at, err == nil, err
}

// RunDue does everything that fell due until a time, instant by instant and in order. In a replay it takes business time
// along; the clock ends at until. The leavers among what is caught up after an outage are weighed by the brake again, and may
// wait, with all that falls due for them; everything else goes on.
func RunDue(tx *db.Tx, until time.Time) (int, error) {
	if err := policy.Lock(tx, false); err != nil { // before every other lock, here as everywhere
		return 0, err
	}
	if _, err := tx.Exec(`select pg_advisory_xact_lock(7234515)`); err != nil {
		return 0, err
	}
	sim, err := tx.Simulated()
	if err != nil {
		return 0, err
	}
	var waiting []int
	if !sim {
		if waiting, err = heldBack(tx); err != nil {
			return 0, err
		}
	}
	if err := lockAhead(tx, until); err != nil {
		return 0, err
	}
	people := 0
	for {
		at, ok, err := next(tx, time.Time{}, until, waiting)
		if err != nil {
			return people, err
		}
		if !ok {
			break
		}
		n, err := runInstant(tx, at, sim, waiting)
		if err != nil {
			return people, err
		}
		people += n
	}
	if sim && until.After(tx.Now) {
		return people, tx.MoveClock(until)
	}
	return people, ringNext(tx)
}

// lockAhead locks, when reviews are among what is due, everybody whom any of it concerns, at whichever instant: reviews are locked behind
// people, and an instant later people would be locked behind reviews.
func lockAhead(tx *db.Tx, until time.Time) error {
	rows, err := tx.Query(`select what, array_agg(ref) from due where at <= $1 and exists (select from due where at <= $1 and what in ('campaign', 'campaign_review')) group by 1`, until)
	if err != nil {
		return err
	}
	refs := map[string][]int{}
	var what string
	var some []int
	if _, err := pgx.ForEachRow(rows, []any{&what, &some}, func() error { refs[what], some = some, nil; return nil }); err != nil || len(refs) == 0 {
		return err
	}
	more, err := concerned(tx, refs)
	if err != nil {
		return err
	}
	all := append(refs["person"], more...)
	slices.Sort(all)
	return identity.Lock(tx, slices.Compact(all))
}

// runInstant settles the people for whom something falls due at one instant.
func runInstant(tx *db.Tx, at time.Time, sim bool, waiting []int) (int, error) {
	rows, err := tx.Query(`delete from due where at = $1 and not (what = 'person' and ref = any(coalesce($2::int[], '{}'))) returning what, ref`, at, waiting)
	if err != nil {
		return 0, err
	}
	refs := map[string][]int{}
	var what string
	var ref int
	if _, err := pgx.ForEachRow(rows, []any{&what, &ref}, func() error { refs[what] = append(refs[what], ref); return nil }); err != nil {
		return 0, err
	}
	ids := refs["person"]
	if sim && at.After(tx.Now) {
		if err := tx.MoveClock(at); err != nil {
			return 0, err
		}
	}
	urgency := access.Normal
	if len(ids) > 1000 {
		urgency = access.Bulk
	}
	if err := lockConcerned(tx, ids, refs); err != nil {
		return 0, err
	}
	people, err := take(tx, ids)
	if err != nil {
		return 0, err
	}
	if err := markMoves(tx, people, at); err != nil {
		return 0, err
	}
	if len(ids) > 0 {
		if _, err = Settle(tx, people, Cause{What: "due", HandOver: true, Urgency: urgency}); err != nil {
			return 0, err
		}
	}
	if err := Requests.Fall(tx, refs["request"], refs["request_item"]); err != nil {
		return 0, err
	}
	return len(ids), Campaigns.Fall(tx, refs["campaign_review"], refs["campaign"])
}

// markMoves notes who moves because a version of an employment begins to hold at this instant that HR stated beforehand.
func markMoves(tx *db.Tx, people []*identity.Change, at time.Time) error {
	type step struct {
		who        *identity.Change
		was, is    identity.Attrs
		employment int
	}
	var steps []step
	var jobs []int
	for _, p := range people {
		for i := range p.Versions[:max(len(p.Versions)-1, 0)] {
			// The versions of one employment stand together, in the order of validity.
			v, next := &p.Versions[i], &p.Versions[i+1]
			if v.Employment == next.Employment && next.ValidFrom.Equal(at) {
				steps = append(steps, step{p, v.Attrs, next.Attrs, v.Employment})
				jobs = append(jobs, v.Employment)
			}
		}
	}
	movers, err := hr.Movers(tx, jobs)
	if err != nil {
		return err
	}
	for _, s := range steps {
		for _, a := range movers[s.employment] {
			if s.was[a] != s.is[a] {
				s.who.Moved = map[int]bool{s.employment: true}
			}
		}
	}
	return nil
}
