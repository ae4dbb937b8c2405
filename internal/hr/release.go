package hr

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/hr/file"
	"tenure/internal/hr/source"
)

// mayDecide says whether the actor may release or discard what the loader loaded: a person, another one, with a reason.
func mayDecide(run *Run, actor db.Actor, reason string) error {
	switch {
	case actor.Identity == 0:
		return errs.Forbidden("releasing needs a person: sign in, or give a personal token in TENURE_TOKEN")
	case actor.Is(run.LoadedByID):
		return errs.Forbidden("run %d was loaded by you; another person must release it", run.ID)
	case strings.TrimSpace(reason) == "":
		return errs.Invalid("a release needs a reason")
	case run.State != Held:
		return NotHeld(run)
	}
	return nil
}

// NotHeld says why nothing is left to decide about a run: who decided, where somebody did.
func NotHeld(run *Run) error {
	if run.Hold == nil || run.Hold.DecidedAt == nil {
		return errs.Conflict("run %d is not held: it is %s", run.ID, run.State)
	}
	by := errs.Act{Who: run.Hold.DecidedBy, Did: "released this run", At: *run.Hold.DecidedAt, State: "The run is applied; nothing was done twice."}
	if run.State == Discarded {
		by.Did, by.State = "discarded this run", "The run is discarded; nothing of it was applied."
	}
	return errs.ConflictBy(by)
}

// ToType gives the number that whoever releases a run types, and of what it is: of who leaves, else of who moves, else of the
// rows of the file. Nobody types it without looking.
func (r *Run) ToType() (n int, what string) {
	switch {
	case r.Counts.Leaving > 0:
		return r.Counts.Leaving, "leavers"
	case r.Counts.Moving > 0:
		return r.Counts.Moving, "movers"
	}
	return r.Rows, "rows"
}

// Decision lets a held run go.
type Decision struct {
	Run    int
	Reason string
	Seen   []byte // the content that whoever decides looked at; nil for whatever it is now

	Step func(detail string, done, total int) error // as in Upload
	Then func(tx *db.Tx, out *Result) error
}

// Release applies a held run, decided by a second person with a reason. It is compared again with what is believed now, so
// what is applied is the file and not an old plan; a run that a newer one has overtaken is refused.
func (s *Service) Release(ctx context.Context, actor db.Actor, id int, reason string) (*Result, error) {
	return s.Decide(ctx, actor, Decision{Run: id, Reason: reason})
}

// Decide is Release for whoever looked at what it would do: if that has changed meanwhile, it is refused with ErrMoved.
func (s *Service) Decide(ctx context.Context, actor db.Actor, d Decision) (*Result, error) {
	var out *Result
	err := s.DB.Do(ctx, actor, func(tx *db.Tx) error {
		r, err := s.reopen(tx, d.Run, func(held *Run) error { return mayDecide(held, actor, d.Reason) })
		if err != nil {
			return err
		}
		if err := decide(tx, r.release, "released", d.Reason); err != nil {
			return err
		}
		u := Upload{Step: d.Step}
		r.seen, r.step = d.Seen, u.step
		if out, err = r.sync(); err != nil || d.Then == nil {
			return err
		}
		return d.Then(tx, out)
	})
	return out, err
}

// reopen makes a held run ready to be applied at the instant it is true for: what fell due meanwhile happens first.
func (s *Service) reopen(tx *db.Tx, id int, may func(*Run) error) (*run, error) {
	held, src, err := s.lockHeld(tx, id)
	if err != nil {
		return nil, err
	}
	if err := may(held); err != nil {
		return nil, err
	}
	last, err := lastGood(tx, src.ID)
	if err != nil {
		return nil, err
	}
	if last != nil && last.ID > held.ID {
		return nil, errs.Conflict("run %d was overtaken by run %d, which is applied; discard it", held.ID, last.ID)
	}
	if err := s.RunDue(tx, tx.Now); err != nil {
		return nil, err
	}
	read, body, err := s.reread(tx, src, held)
	if err != nil {
		return nil, err
	}
	return &run{s: s, tx: tx, src: src, read: read, now: held.EffectiveAt, name: held.Name, body: body, release: held}, nil
}

// LookAgain works out what a release would do now, as a release that is rolled back, and keeps that with the run. It says who is
// in it now and was not, and the other way round.
func (s *Service) LookAgain(ctx context.Context, actor db.Actor, id int) (in, out []string, err error) {
	var now []PersonChange
	var counts Counts
	var affected []Affected
	err = s.DB.Do(ctx, actor, func(tx *db.Tx) error {
		r, err := s.reopen(tx, id, func(held *Run) error {
			if held.State != Held {
				return NotHeld(held)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if _, err := r.sync(); err != nil {
			return err
		}
		now, counts, affected = r.changes, r.counts, r.affected
		for i := range now {
			if now[i].Class == "joiner" {
				now[i].Identity = 0 // it was rolled back
			}
		}
		return db.ErrRollback
	})
	if err != nil {
		return nil, nil, err
	}
	err = s.DB.Do(ctx, actor, func(tx *db.Tx) error {
		held, _, err := s.lockHeld(tx, id)
		if err != nil || held.State != Held {
			return err
		}
		was, err := Changes(tx, id, ChangeFilter{Limit: 1 << 30})
		if err != nil {
			return err
		}
		in, out = moved(was, now), moved(now, was)
		if _, err := tx.Exec(`update snapshot set seen_at = clock_timestamp(), content = $2, counts = $3 where id = $1`, id, contentOf(now), jsonOf(counts)); err != nil {
			return err
		}
		if _, err := tx.Exec(`update hold set affected = $2 where id = $1`, held.Hold.ID, jsonOf(affected)); err != nil {
			return err
		}
		tx.Record(evidence.Event{Kind: "hr.looked_at", Touches: evidence.Touches{"snapshot": 1, "hold": 1}, Facts: map[string]any{"run": id, "counts": counts}})
		return keepChanges(tx, id, now)
	})
	return in, out, err
}

// moved names those in b to whom something else is done than in a.
func moved(a, b []PersonChange) []string {
	line := func(c *PersonChange) string {
		return c.Number + "\x00" + c.Class + "\x00" + c.Later + string(jsonOf(c.Fields))
	}
	was := make(map[string]bool, len(a))
	for i := range a {
		was[line(&a[i])] = true
	}
	var out []string
	for i := range b {
		if !was[line(&b[i])] {
			out = append(out, b[i].Name)
		}
	}
	return out
}

// Discard drops a held run: nothing of it is ever applied.
func (s *Service) Discard(ctx context.Context, actor db.Actor, id int, reason string) error {
	return s.DB.Do(ctx, actor, func(tx *db.Tx) error {
		held, _, err := s.lockHeld(tx, id)
		if err != nil {
			return err
		}
		if held.State != Held {
			return NotHeld(held)
		}
		if actor.Identity == 0 || strings.TrimSpace(reason) == "" {
			return errs.Invalid("discarding needs a person and a reason")
		}
		if err := decide(tx, held, "discarded", reason); err != nil {
			return err
		}
		_, err = tx.Exec(`update snapshot set state = 'discarded' where id = $1`, id)
		tx.Record(evidence.Event{Kind: "hr.discarded", Touches: evidence.Touches{"snapshot": 1}, Facts: map[string]any{"run": id}})
		return err
	})
}

func (s *Service) lockHeld(tx *db.Tx, id int) (*Run, *Source, error) {
	held, err := GetRun(tx, id)
	if err != nil {
		return nil, nil, err
	}
	if err := lockSource(tx, held.SourceID); err != nil {
		return nil, nil, err
	}
	if held, err = GetRun(tx, id); err != nil { // somebody may have decided while we waited
		return nil, nil, err
	}
	src, err := Find(tx, held.Source)
	return held, src, err
}

func decide(tx *db.Tx, held *Run, state, reason string) error {
	_, err := tx.Exec(`update hold set state = $2, decided_at = clock_timestamp(), decided_by = $3, decided_identity = $4, note = $5 where id = $1`,
		held.Hold.ID, state, tx.Actor.ID, tx.Actor.Identity, reason)
	if db.ConstraintName(err) == "releaser_is_not_loader" {
		return errs.Forbidden("run %d was loaded by you; another person must release it", held.ID)
	}
	tx.Record(evidence.Event{Kind: "hr." + state, Touches: evidence.Touches{"hold": 1},
		Facts: map[string]any{"run": held.ID, "hold": held.Hold.ID, "reason": reason}})
	return err
}

// reread opens the sealed file of a held run and reads it again.
func (s *Service) reread(tx *db.Tx, src *Source, held *Run) (*source.Reading, []byte, error) {
	var sealed []byte
	err := tx.QueryRow(`select sealed from snapshot_body where snapshot_id = $1`, held.ID).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil, errs.Conflict("the file of run %d is no longer kept; load it again", held.ID)
	}
	if err != nil {
		return nil, nil, err
	}
	body, err := tx.DB.Keeper.Open(bodyPlace(held.ID), sealed)
	if err != nil {
		return nil, nil, err
	}
	read, err := file.Read(tx.Ctx, bytes.NewReader(body), &src.Spec.File, file.ReadOptions{DeclaredRows: held.DeclaredRows})
	if err == nil && !bytes.Equal(read.SHA256[:], held.SHA256) {
		err = fmt.Errorf("the stored file of run %d is not the one whose hash was recorded", held.ID)
	}
	return read, body, err
}

// bodyPlace is what a sealed file is bound to.
func bodyPlace(run int) string { return fmt.Sprintf("snapshot/%d/body", run) }

// Expectation is a planned mass change, announced beforehand by somebody other than who will load it.
type Expectation struct {
	Source   string
	Kind     string // leavers, movers, rows
	Count    int
	From, To string // days, inclusive
	Note     string
}

// Expect announces it: that many leavers, movers or missing rows more are let through on those days, once.
func Expect(tx *db.Tx, e Expectation) (int, error) {
	if tx.Actor.Identity == 0 {
		return 0, errs.Forbidden("announcing needs a person: sign in, or give a personal token in TENURE_TOKEN")
	}
	src, err := Find(tx, e.Source)
	if err != nil {
		return 0, err
	}
	var bad []errs.Field
	if e.Kind != "leavers" && e.Kind != "movers" && e.Kind != "rows" {
		bad = append(bad, errs.Field{Field: "kind", Rule: "must be leavers, movers or rows"})
	}
	if e.Count <= 0 {
		bad = append(bad, errs.Field{Field: "count", Rule: "must be above 0"})
	}
	from, err1 := source.ParseDay(e.From)
	to, err2 := source.ParseDay(e.To)
	if err1 != nil || err2 != nil || from.IsZero() || to.IsZero() || to.Before(from) {
		bad = append(bad, errs.Field{Field: "from, to", Rule: "must be days (YYYY-MM-DD), the first not after the last"})
	}
	if strings.TrimSpace(e.Note) == "" {
		bad = append(bad, errs.Field{Field: "reason", Rule: "is required"})
	}
	if len(bad) > 0 {
		return 0, errs.InvalidFields("the planned change", bad)
	}
	var id int
	err = tx.QueryRow(`insert into expected_change (source_id, kind, count, from_day, to_day, note, announced_by, announced_identity)
		values ($1, $2, $3, $4, $5, $6, $7, $8) returning id`, src.ID, e.Kind, e.Count, day(from), day(to), e.Note, tx.Actor.ID, tx.Actor.Identity).Scan(&id)
	tx.Record(evidence.Event{Kind: "hr.expected", Touches: evidence.Touches{"expected_change": 1},
		Facts: map[string]any{"id": id, "source": e.Source, "kind": e.Kind, "count": e.Count, "from": e.From, "to": e.To, "note": e.Note}})
	return id, err
}

// useExpected marks the announcements that a run made use of.
func useExpected(tx *db.Tx, src *Source, run int, c Counts, now time.Time) error {
	var kinds []string
	if c.Leaving > 0 {
		kinds = append(kinds, "leavers", "rows")
	}
	if c.Moving > 0 {
		kinds = append(kinds, "movers")
	}
	loc, err := time.LoadLocation(src.Spec.Zone)
	if err != nil || len(kinds) == 0 {
		return err
	}
	n, err := tx.Exec(`update expected_change set used_by = $1 where source_id = $2 and used_by is null and kind = any($3)
		and $4::date between from_day and to_day and announced_identity <> $5`,
		run, src.ID, kinds, now.In(loc).Format(time.DateOnly), tx.Actor.Identity)
	if n > 0 {
		tx.Record(evidence.Event{Kind: "hr.expectation_used", Touches: evidence.Touches{"expected_change": int(n)}, Facts: map[string]any{"run": run}})
	}
	return err
}
