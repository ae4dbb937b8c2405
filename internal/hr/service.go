package hr

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"time"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/hr/file"
	"tenure/internal/hr/source"
	"tenure/internal/identity"
	"tenure/internal/policy"
)

// Service applies readings. Settle and RunDue are lifecycle's: what must follow for people, and what fell due meanwhile.
type Service struct {
	DB     *db.DB
	Settle func(tx *db.Tx, people []*identity.Change, snapshot int) error
	RunDue func(tx *db.Tx, until time.Time) error
}

// Upload is one file to read.
type Upload struct {
	Source       string
	Name         string    // of the file, for people
	Effective    string    // a day (YYYY-MM-DD, its start in the source's zone) or an RFC 3339 time; "" is now
	DeclaredRows int       // 0 for none
	Body         io.Reader // the whole file

	Dry  bool                                       // check and roll back: nothing is changed, the counts are the same
	Step func(detail string, done, total int) error // told how far it is; its error stops everything
	Then func(tx *db.Tx, out *Result) error         // runs at the end of the same transaction
}

// steps is how many steps a sync or a release tells of.
const steps = 6

func (u *Upload) step(detail string, done int) error {
	if u.Step == nil {
		return nil
	}
	return u.Step(detail, done, steps)
}

// Result is the answer of a sync, in the shape of the command's JSON.
type Result struct {
	Run       int             `json:"run"`
	Joiners   int             `json:"joiners"`
	Movers    int             `json:"movers"`
	Leavers   int             `json:"leavers"`
	Returns   int             `json:"returns"`
	Updated   int             `json:"updated"`
	Unchanged int             `json:"unchanged"`
	Rejected  []source.Reject `json:"rejected"`
	Unmanaged int             `json:"unmanaged"` // who name a manager nobody is known by, or several are: their rows hold
	Held      bool            `json:"held"`
	Reason    string          `json:"reason"`
}

// Sync reads a file and applies it, or holds it whole for a second person.
func (s *Service) Sync(ctx context.Context, actor db.Actor, u Upload) (*Result, error) {
	var src *Source
	if err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { src, err = Find(tx, u.Source); return err }); err != nil {
		return nil, err
	}
	if err := u.step("Reading the file", 0); err != nil {
		return nil, err
	}
	limit := src.Spec.File.Limits.MaxBytes
	body, err := whole(u.Body, limit+1)
	if err != nil {
		return nil, fmt.Errorf("reading the file: %w", err)
	}
	if int64(len(body)) > limit {
		return nil, errs.Invalid("the file is larger than %d bytes (limits.max_bytes of source %s)", limit, src.Name)
	}
	read, err := file.Read(ctx, bytes.NewReader(body), &src.Spec.File, file.ReadOptions{DeclaredRows: u.DeclaredRows})
	if err != nil {
		return nil, err
	}
	var out *Result
	err = s.DB.Do(ctx, actor, func(tx *db.Tx) error {
		if err := u.step("Waiting until nothing else is being loaded", 1); err != nil {
			return err
		}
		now, err := s.begin(tx, src, u.Effective)
		if err != nil {
			return err
		}
		r := &run{s: s, tx: tx, src: src, read: read, now: now, name: u.Name, declared: u.DeclaredRows, body: body, step: u.step}
		if out, err = r.sync(); err != nil {
			return err
		}
		if u.Dry {
			out.Run = 0 // there is none
			return db.ErrRollback
		}
		if u.Then == nil {
			return nil
		}
		return u.Then(tx, out)
	})
	return out, err
}

// whole reads at most limit bytes, into memory of the right size where that is known beforehand.
func whole(r io.Reader, limit int64) ([]byte, error) {
	var b bytes.Buffer
	switch f := r.(type) {
	case interface{ Len() int }:
		b.Grow(int(min(int64(f.Len()), limit)) + bytes.MinRead)
	case interface{ Stat() (fs.FileInfo, error) }:
		if i, err := f.Stat(); err == nil && i.Mode().IsRegular() {
			b.Grow(int(min(i.Size(), limit)) + bytes.MinRead)
		}
	}
	_, err := b.ReadFrom(io.LimitReader(r, limit))
	return b.Bytes(), err
}

// begin takes the source for itself, so that two uploads run one after the other, and brings business time to the effective
// instant: what fell due before happens first.
func (s *Service) begin(tx *db.Tx, src *Source, effective string) (time.Time, error) {
	if err := lockSource(tx, src.ID); err != nil {
		return time.Time{}, err
	}
	now, err := parseEffective(effective, src.Spec.Zone, tx.Now)
	if err != nil {
		return now, err
	}
	last, err := lastGood(tx, src.ID)
	if err != nil {
		return now, err
	}
	if last != nil && now.Before(last.EffectiveAt) {
		return now, errs.Conflict("a newer reading of %s is applied already (run %d, effective %s); an older one would undo it",
			src.Name, last.ID, last.EffectiveAt.UTC().Format(time.RFC3339))
	}
	sim, err := tx.Simulated()
	if err != nil {
		return now, err
	}
	switch {
	case !sim && now.After(tx.Now):
		return now, errs.Invalid("--effective %s is in the future; only a database made with `tenure migrate --replay` can be moved there", effective)
	case sim && now.Before(tx.Now):
		return now, errs.Conflict("business time is %s already; it moves forward only", tx.Now.UTC().Format(time.RFC3339))
	}
	if !sim {
		return now, s.RunDue(tx, tx.Now)
	}
	return now, s.RunDue(tx, now)
}

// lockSource waits until no other upload, release or policy change is under way. The lock of policy comes first everywhere.
func lockSource(tx *db.Tx, src int) error {
	if err := policy.Lock(tx, false); err != nil {
		return err
	}
	if _, err := tx.Exec(`select pg_advisory_xact_lock(7234514, $1)`, src); err != nil {
		return err
	}
	return tx.Refresh()
}

func parseEffective(text, zone string, now time.Time) (time.Time, error) {
	if text == "" {
		return now, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	d, err := source.ParseDay(text)
	if err != nil {
		return now, errs.Invalid("--effective %q is neither a day (YYYY-MM-DD) nor a time (RFC 3339)", text)
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return now, err
	}
	return d.In(loc), nil
}

// run is one reading on its way.
type run struct {
	s        *Service
	tx       *db.Tx
	src      *Source
	read     *source.Reading
	now      time.Time
	name     string
	declared int
	body     []byte
	release  *Run   // the held run that is being released, nil for a new one
	seen     []byte // the content that the releaser looked at, nil for whatever it is
	step     func(detail string, done int) error
	changes  []PersonChange // what is kept of what it does to each person
	content  []byte
	counts   Counts
	affected []Affected
}

func (r *run) tell(detail string, done int) error {
	if r.step == nil {
		return nil
	}
	return r.step(detail, done)
}

func (r *run) sync() (*Result, error) {
	// What cannot be read as a whole says nothing about anybody: there is nothing to compare and nothing to release.
	switch broken := r.read.Broken; {
	case broken != "" && r.release != nil:
		return nil, errs.Conflict("run %d cannot be released, for it cannot be read: %s Load a whole file instead", r.release.ID, broken)
	case broken != "":
		return r.hold(&diff{}, []string{broken})
	}
	last, err := lastGood(r.tx, r.src.ID)
	if err != nil {
		return nil, err
	}
	if err := r.tell(fmt.Sprintf("Comparing %d rows with what is known", r.read.Rows), 2); err != nil {
		return nil, err
	}
	d := &differ{tx: r.tx, src: r.src, now: r.now, read: r.read}
	diff, err := d.compare()
	if err != nil {
		return nil, err
	}
	if r.release != nil || len(diff.people) <= keptChanges {
		if err := r.note(d); err != nil {
			return nil, err
		}
	}
	why, err := r.s.brake(r.tx, r.src, r.read, diff, r.now, last)
	if err != nil {
		return nil, err
	}
	if r.release != nil {
		return r.apply(d, diff)
	}
	if len(why) > 0 {
		if r.content == nil {
			if err := r.note(d); err != nil {
				return nil, err
			}
		}
		return r.hold(diff, why)
	}
	return r.apply(d, diff)
}

// note works out what is done to each person; a release of something else than was looked at stops here.
func (r *run) note(d *differ) (err error) {
	if r.changes, err = d.changes(); err != nil {
		return err
	}
	r.content = contentOf(r.changes)
	if r.seen != nil && !bytes.Equal(r.seen, r.content) {
		return ErrMoved
	}
	return nil
}

// apply writes the snapshot and the people, and settles them.
func (r *run) apply(d *differ, diff *diff) (*Result, error) {
	c := diff.counts()
	r.counts, r.affected = c, diff.affected()
	id, err := r.store(c, Applied, 0, diff.rejects)
	if err != nil {
		return nil, err
	}
	if err := r.tell(fmt.Sprintf("Writing %d people", len(diff.people)), 3); err != nil {
		return nil, err
	}
	changes, err := write(r.tx, diff, d.jobs, r.src, id)
	if err != nil {
		return nil, err
	}
	if len(r.changes) <= keptChanges {
		for i := range r.changes { // who joined has an id now
			r.changes[i].Identity = r.changes[i].person.id
		}
		if err := keepChanges(r.tx, id, r.changes); err != nil {
			return nil, err
		}
	}
	if err := r.tell(fmt.Sprintf("Working out the access of %d people", len(changes)), 4); err != nil {
		return nil, err
	}
	if err := r.s.Settle(r.tx, changes, id); err != nil {
		return nil, err
	}
	if err := useExpected(r.tx, r.src, id, c, r.now); err != nil {
		return nil, err
	}
	out := r.result(id, c, diff, nil)
	if out.Unmanaged, err = unresolved(r.tx, r.src, r.now); err == nil {
		err = r.tell("Recording", 5)
	}
	return out, err
}

// hold stores the snapshot and who is in it, and nothing else.
func (r *run) hold(diff *diff, why []string) (*Result, error) {
	c := diff.counts()
	var hold int
	err := r.tx.QueryRow(`insert into hold (kind, ref, reasons, affected, opened_by, opened_identity) values ('hr', 0, $1, $2, $3, $4) returning id`,
		jsonOf(why), jsonOf(diff.affected()), r.tx.Actor.ID, db.Null(r.tx.Actor.Identity)).Scan(&hold)
	if err != nil {
		return nil, err
	}
	id, err := r.store(c, Held, hold, diff.rejects)
	if err != nil {
		return nil, err
	}
	if _, err := r.tx.Exec(`update hold set ref = $1 where id = $2`, id, hold); err != nil {
		return nil, err
	}
	if err := keepChanges(r.tx, id, r.changes); err != nil {
		return nil, err
	}
	r.tx.Record(evidence.Event{Kind: "hr.held", Touches: evidence.Touches{"hold": 2},
		Facts: map[string]any{"run": id, "hold": hold, "why": why, "counts": c}})
	return r.result(id, c, diff, why), nil
}

// store writes the snapshot row, the sealed file and the quarantine; a released run only changes its state.
func (r *run) store(c Counts, state string, hold int, rejects []source.Reject) (int, error) {
	if r.release != nil {
		_, err := r.tx.Exec(`update snapshot set state = $2, counts = $3, applied_at = clock_timestamp() where id = $1`, r.release.ID, state, jsonOf(c))
		r.tx.Record(evidence.Event{Kind: "hr.applied", EffectiveAt: r.now, Touches: evidence.Touches{"snapshot": 1},
			Facts: map[string]any{"run": r.release.ID, "counts": c}})
		return r.release.ID, err
	}
	var id int
	err := r.tx.QueryRow(`insert into snapshot (source_id, effective_at, sha256, name, rows, state, counts, loaded_by, applied_at, hold_id, declared_rows, seen_at, content)
		values ($1, $2, $3, $4, $5, $6, $7, $8, case when $6 = 'applied' then clock_timestamp() end, $9, $10,
			case when $6 = 'held' then clock_timestamp() end, case when $6 = 'held' then $11::bytea end) returning id`,
		r.src.ID, r.now, r.read.SHA256[:], r.name, r.read.Rows, state, jsonOf(c), r.tx.Actor.ID, db.Null(hold), db.Null(r.declared), r.content).Scan(&id)
	if err != nil {
		return 0, err
	}
	r.tx.Record(evidence.Event{Kind: "hr." + state, EffectiveAt: r.now, Touches: evidence.Touches{"snapshot": 1},
		Facts: map[string]any{"run": id, "source": r.src.Name, "sha256": fmt.Sprintf("%x", r.read.SHA256), "rows": r.read.Rows, "counts": c}})
	if c.Joiners+c.Movers+c.Leavers+c.Returns+c.Updated > 0 || state == Held {
		sealed, err := r.tx.DB.Keeper.Seal(bodyPlace(id), r.body)
		if err != nil {
			return 0, err
		}
		if _, err := r.tx.Exec(`insert into snapshot_body (snapshot_id, sealed) values ($1, $2)`, id, sealed); err != nil {
			return 0, err
		}
	}
	return id, r.quarantine(id, rejects)
}

func (r *run) quarantine(id int, rejects []source.Reject) error {
	i := 0
	if len(rejects) == 0 {
		return nil
	}
	_, err := r.tx.Copy("quarantine", []string{"snapshot_id", "row", "field", "rule", "key"}, func() ([]any, bool) {
		if i == len(rejects) {
			return nil, false
		}
		x := rejects[i]
		i++
		return []any{id, x.Row, x.Field, x.Rule, x.Key}, true
	})
	return err
}

func (r *run) result(id int, c Counts, d *diff, why []string) *Result {
	out := &Result{Run: id, Joiners: c.Joiners, Movers: c.Movers, Leavers: c.Leavers, Returns: c.Returns, Updated: c.Updated,
		Unchanged: c.Unchanged, Rejected: d.rejects, Held: len(why) > 0}
	if out.Rejected == nil {
		out.Rejected = []source.Reject{}
	}
	for i, w := range why {
		if i > 0 {
			out.Reason += "; "
		}
		out.Reason += w
	}
	if d.deferred > 0 && out.Reason == "" {
		out.Reason = fmt.Sprintf("%d people are not in the file but stay: it has rows whose number cannot be read, and they may be those", d.deferred)
	}
	return out
}
