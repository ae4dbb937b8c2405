package hr

import (
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/hr/source"
)

// States of a run.
const (
	Held      = "held"
	Applied   = "applied"
	Discarded = "discarded"
)

// Run is one snapshot and what became of it.
type Run struct {
	ID           int
	Source       string
	SourceID     int
	EffectiveAt  time.Time
	SHA256       []byte
	Name         string // of the file
	Rows         int
	State        string
	Counts       Counts
	LoadedAt     time.Time
	LoadedBy     string
	LoadedByID   int // the identity of the loader, 0 for none
	AppliedAt    *time.Time
	DeclaredRows int
	SeenAt       *time.Time // when the content of a held run was worked out
	Content      []byte     // and its hash
	Hold         *Hold
}

// Hold is why a run waits or waited for a second person.
type Hold struct {
	ID        int
	Reasons   []string
	Affected  []Affected
	State     string
	OpenedAt  time.Time
	DecidedAt *time.Time
	DecidedBy string
	Note      string
}

const runColumns = `s.id, h.name, s.source_id, s.effective_at, s.sha256, s.name, s.rows, s.state, s.counts, s.loaded_at, a.name,
	coalesce(a.identity_id, 0), s.applied_at, coalesce(s.declared_rows, 0), s.seen_at, s.content, coalesce(s.hold_id, 0)`

const runTables = ` from snapshot s join hr_source h on h.id = s.source_id join actor a on a.id = s.loaded_by `

func scanRun(row pgx.Row) (*Run, int, error) {
	var r Run
	var hold int
	err := row.Scan(&r.ID, &r.Source, &r.SourceID, &r.EffectiveAt, &r.SHA256, &r.Name, &r.Rows, &r.State, &r.Counts, &r.LoadedAt,
		&r.LoadedBy, &r.LoadedByID, &r.AppliedAt, &r.DeclaredRows, &r.SeenAt, &r.Content, &hold)
	return &r, hold, err
}

// GetRun gives one run with its hold.
func GetRun(tx *db.Tx, id int) (*Run, error) {
	r, hold, err := scanRun(tx.QueryRow(`select `+runColumns+runTables+`where s.id = $1`, id))
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.NotFound("there is no HR run %d", id)
	}
	if err != nil || hold == 0 {
		return r, err
	}
	h := &Hold{ID: hold}
	err = tx.QueryRow(`select h.reasons, h.affected, h.state, h.opened_at, h.decided_at, coalesce(a.name, ''), h.note
		from hold h left join actor a on a.id = h.decided_by where h.id = $1`, hold).
		Scan(&h.Reasons, &h.Affected, &h.State, &h.OpenedAt, &h.DecidedAt, &h.DecidedBy, &h.Note)
	r.Hold = h
	return r, err
}

// Runs gives the newest runs before an id (0: from the newest on), without their holds.
func Runs(tx *db.Tx, before, limit int) ([]*Run, error) {
	rows, err := tx.Query(`select `+runColumns+runTables+`where ($1 = 0 or s.id < $1) order by s.id desc limit $2`, before, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (*Run, error) {
		run, _, err := scanRun(r)
		return run, err
	})
}

// Rejects gives what a run set aside, by row.
func Rejects(tx *db.Tx, run int) ([]source.Reject, error) {
	rows, err := tx.Query(`select row, field, rule, key from quarantine where snapshot_id = $1 order by row, field`, run)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (source.Reject, error) {
		var x source.Reject
		err := r.Scan(&x.Row, &x.Field, &x.Rule, &x.Key)
		return x, err
	})
}

// lastGood gives the newest applied run of a source, nil when there is none.
func lastGood(tx *db.Tx, src int) (*Run, error) {
	r, _, err := scanRun(tx.QueryRow(`select `+runColumns+runTables+`where s.source_id = $1 and s.state = 'applied'
		order by s.effective_at desc, s.id desc limit 1`, src))
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return r, err
}

// LastGood gives the newest applied run before a run, for comparison on its page; nil when there is none.
func LastGood(tx *db.Tx, run *Run) (*Run, error) {
	r, _, err := scanRun(tx.QueryRow(`select `+runColumns+runTables+`where s.source_id = $1 and s.state = 'applied' and s.id < $2
		order by s.id desc limit 1`, run.SourceID, run.ID))
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return r, err
}
