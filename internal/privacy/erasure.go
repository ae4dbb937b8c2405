package privacy

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/hr"
	"tenure/internal/identity"
	"tenure/internal/policy"
)

// Erasure is one asking to erase somebody.
type Erasure struct {
	ID        int
	Person    int
	Ref       string // public id of the person
	Name      string
	State     string // asked, done, withdrawn
	Reason    string
	Automatic bool
	NotBefore *time.Time
	Asked     time.Time
	AskedBy   string
	Asker     int // 0: retention proposed it
	Decided   *time.Time
	DecidedBy string
	Note      string
	Rows      int // changed, when it was done
}

// Outcome is what Erase did, or would do.
type Outcome struct {
	Person *identity.Person
	Was    string // the name before
	State  string // "asked", "done"; "" for a plan
	By     string // of a plan that waits for a second person: who asked
	Counts map[string]int
}

// The states.
const (
	Asked     = "asked"
	Done      = "done"
	Withdrawn = "withdrawn"
)

// Mark is what stands in the place of a name.
func Mark(id int) string { return fmt.Sprintf("erased person #%d", id) }

// Erase asks for the erasure of somebody who left, or, when another person asked or retention proposed it, does it. Everything that stands
// against it is said at once, and nothing is changed.
func Erase(tx *db.Tx, who int, reason string) (*Outcome, error) {
	p, v, err := about(tx, who, reason)
	if err != nil {
		return nil, err
	}
	open, err := Waiting(tx, who)
	if err != nil {
		return nil, err
	}
	if open != nil && tx.Actor.Is(open.Asker) {
		return nil, errs.Forbidden("you asked for it; another person erases %s", p.Name)
	}
	if err := refuse(tx, p); err != nil {
		return nil, err
	}
	if open == nil {
		id, err := ask(tx, p, reason, nil)
		if err != nil {
			return nil, err
		}
		tx.Record(evidence.Event{Kind: "erasure.asked", IdentityID: p.ID, Touches: evidence.Touches{"erasure": 1}, Facts: map[string]any{"erasure": id, "reason": reason}})
		return &Outcome{Person: p, Was: p.Name, State: Asked}, nil
	}
	return carry(tx, p, v, open, reason)
}

// Plan says what erasing somebody would change: it is done and undone.
func Plan(tx *db.Tx, who int) (*Outcome, error) {
	p, v, err := locked(tx, who)
	if err != nil {
		return nil, err
	}
	if err := refuse(tx, p); err != nil {
		return nil, err
	}
	open, err := Waiting(tx, who)
	if err != nil {
		return nil, err
	}
	var out *Outcome
	err = tx.Try(func() error {
		e := &eraser{tx: tx, p: p, v: v, counts: map[string]int{}, touches: evidence.Touches{}}
		if err := e.run(); err != nil {
			return err
		}
		out = &Outcome{Person: p, Was: p.Name, Counts: e.counts}
		return db.ErrRollback
	})
	if err == nil && open != nil {
		out.By = open.AskedBy
	}
	return out, err
}

// Withdraw takes back what was asked for or proposed.
func Withdraw(tx *db.Tx, who int, reason string) error {
	if _, _, err := about(tx, who, reason); err != nil {
		return err
	}
	open, err := Waiting(tx, who)
	if err != nil {
		return err
	}
	if open == nil {
		return errs.Conflict("nobody asked to erase this person, or it was decided already")
	}
	if _, err := tx.Exec(`update erasure set state = 'withdrawn', decided_at = clock_timestamp(), decided_by = $2, decided_identity = $3, note = $4 where id = $1`,
		open.ID, tx.Actor.ID, db.Null(tx.Actor.Identity), reason); err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "erasure.withdrawn", IdentityID: who, Touches: evidence.Touches{"erasure": 1}, Facts: map[string]any{"erasure": open.ID, "reason": reason}})
	return nil
}

// about checks who decides and why, and locks the person. What is written stands for good, so it does not name them.
func about(tx *db.Tx, who int, reason string) (*identity.Person, *values, error) {
	if tx.Actor.Identity == 0 {
		return nil, nil, errs.Forbidden("erasing needs a person: sign in, or give a personal token in TENURE_TOKEN")
	}
	if strings.TrimSpace(reason) == "" {
		return nil, nil, errs.InvalidFields("nothing was changed", []errs.Field{{Field: "reason", Rule: "is required"}})
	}
	if tx.Actor.Is(who) {
		return nil, nil, errs.Forbidden("nobody erases themselves")
	}
	p, v, err := locked(tx, who)
	if err == nil && v.names(reason) {
		err = errs.InvalidFields("nothing was changed", []errs.Field{{Field: "reason", Rule: "must not name the person: it stands in the log for good"}})
	}
	return p, v, err
}

// locked locks everything that could bring the person back while they are erased: policy, HR runs, the person.
func locked(tx *db.Tx, who int) (*identity.Person, *values, error) {
	if err := policy.Lock(tx, false); err != nil {
		return nil, nil, err
	}
	if err := hr.LockAll(tx); err != nil {
		return nil, nil, err
	}
	if err := identity.Lock(tx, []int{who}); err != nil {
		return nil, nil, err
	}
	if err := tx.Refresh(); err != nil {
		return nil, nil, err
	}
	p, err := identity.Get(tx, who)
	if err != nil {
		return nil, nil, err
	}
	v, err := valuesOf(tx, p)
	return p, v, err
}

// refuse joins everything that stands against it into one answer.
func refuse(tx *db.Tx, p *identity.Person) error {
	all, err := Against(tx, p)
	if err != nil || len(all) == 0 {
		return err
	}
	said := make([]string, len(all))
	for i, e := range all {
		said[i] = e.Error()
	}
	return errs.Conflict("%s cannot be erased: %s", p.Name, strings.Join(said, "; "))
}

func ask(tx *db.Tx, p *identity.Person, reason string, notBefore *time.Time) (id int, err error) {
	err = tx.QueryRow(`insert into erasure (identity_id, reason, automatic, not_before, asked_by, asked_identity) values ($1, $2, $3, $4, $5, $6) returning id`,
		p.ID, reason, notBefore != nil, notBefore, tx.Actor.ID, db.Null(tx.Actor.Identity)).Scan(&id)
	return id, err
}

// carry erases the person and says so in one event, which carries the new prints of their employments.
func carry(tx *db.Tx, p *identity.Person, v *values, open *Erasure, reason string) (*Outcome, error) {
	e := &eraser{tx: tx, p: p, v: v, counts: map[string]int{}, touches: evidence.Touches{}}
	if err := e.run(); err != nil {
		return nil, err
	}
	if _, err := tx.Exec(`update erasure set state = 'done', decided_at = clock_timestamp(), decided_by = $2, decided_identity = $3, note = $4, counts = $5 where id = $1`,
		open.ID, tx.Actor.ID, db.Null(tx.Actor.Identity), reason, e.counts); err != nil {
		return nil, err
	}
	e.touches["erasure"]++
	if err := e.destroyKey(); err != nil {
		return nil, err
	}
	tx.Record(evidence.Event{Kind: "person.erased", IdentityID: p.ID, Touches: e.touches,
		Facts: map[string]any{"erasure": open.ID, "reason": reason, "rows": e.counts, "asked_by": open.Asker}})
	was := p.Name
	p.Name, p.Email, p.Number, p.ErasedAt = Mark(p.ID), nil, nil, &tx.Now
	return &Outcome{Person: p, Was: was, State: Done, By: open.AskedBy, Counts: e.counts}, identity.Enter(tx, []int{p.ID})
}

const erasureColumns = `select e.id, e.identity_id, i.public_id::text, i.name, e.state, e.reason, e.automatic, e.not_before, e.asked_at, a.name, coalesce(e.asked_identity, 0), e.decided_at,
	coalesce(d.name, ''), e.note, coalesce((select sum(value::int) from jsonb_each_text(e.counts)), 0)::int
	from erasure e join identity i on i.id = e.identity_id join actor a on a.id = e.asked_by left join actor d on d.id = e.decided_by `

// Waiting gives the open asking about somebody, nil for none.
func Waiting(tx *db.Tx, who int) (*Erasure, error) {
	rows, err := tx.Query(erasureColumns+`where e.identity_id = $1 and e.state = 'asked'`, who)
	if err != nil {
		return nil, err
	}
	e, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Erasure])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &e, err
}

// Erasures gives those that wait, the oldest first, and the newest of those that were decided.
func Erasures(tx *db.Tx, most int) (open, decided []Erasure, err error) {
	rows, err := tx.Query(erasureColumns+`where e.state = 'asked' order by e.asked_at, e.id limit $1`, most)
	if err != nil {
		return nil, nil, err
	}
	if open, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Erasure]); err != nil {
		return nil, nil, err
	}
	rows, err = tx.Query(erasureColumns+`where e.state <> 'asked' order by e.decided_at desc, e.id desc limit $1`, most)
	if err != nil {
		return nil, nil, err
	}
	decided, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Erasure])
	return open, decided, err
}
