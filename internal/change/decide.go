package change

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/policy"
)

// moved says what has moved since a set was planned; "" when nothing has.
func (s *Set) moved(tx *db.Tx) (string, error) {
	version, cat, err := grounds(tx)
	if err != nil {
		return "", err
	}
	switch {
	case version != s.Version:
		return fmt.Sprintf("the policy is at version %d and was at version %d", version, s.Version), nil
	case cat != s.Catalog:
		return "an application, an entitlement or an owner was changed", nil
	}
	rows, err := tx.Query(`select i.name from change_set_person p join identity i on i.id = p.identity_id
		left join (`+strings.Replace(stands, "any($1)", "any(array(select identity_id from change_set_person where change_set_id = $1))", 1)+`) now on now.id = p.identity_id
		where p.change_set_id = $1 and now.stands is distinct from p.stands order by i.name limit 4`, s.ID)
	if err != nil {
		return "", err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(names) == 0 {
		return "", err
	}
	if len(names) == 4 {
		names[3] = "others"
	}
	return "what is known of " + strings.Join(names, ", ") + " has changed", nil
}

// differs says how what an apply did differs from what was planned; "" when it does not.
func (s *Set) differs(tx *db.Tx, did []PersonChange) (string, error) {
	planned, err := People(tx, s.ID, 0, 1<<31-1)
	if err != nil {
		return "", err
	}
	same := slices.EqualFunc(planned, did, func(a, b PersonChange) bool {
		return a.Identity == b.Identity && a.Operations == b.Operations && slices.Equal(a.Gains, b.Gains) && slices.Equal(a.Loses, b.Loses) && slices.Equal(a.Opens, b.Opens) &&
			slices.Equal(a.Resolves, b.Resolves) && slices.Equal(a.Withheld, b.Withheld)
	})
	if !same {
		return fmt.Sprintf("it would concern %d people in another way than the %d of the plan", len(did), len(planned)), nil
	}
	return "", nil
}

// Approve applies a change set exactly as it was planned, approved by another person than the one who planned it; the approval also
// releases what the brake would hold. When what the plan rests on has moved nothing is applied, the set is stale, and its note says what
// moved.
func Approve(tx *db.Tx, id int, reason string, deps Deps) (*Set, error) {
	s, err := decide(tx, id, reason)
	if err != nil {
		return nil, err
	}
	if tx.Actor.Identity == s.MadeIdentity {
		return nil, errs.Forbidden("who planned a change does not approve it; another person can")
	}
	moved, err := s.moved(tx)
	if err != nil {
		return nil, err
	}
	if moved == "" {
		if moved, err = s.apply(tx, reason, deps); err != nil {
			return nil, err
		}
	}
	if moved == "" {
		return GetSet(tx, id)
	}
	return s.end(tx, Stale, moved)
}

// decide locks a set that waits for a decision.
func decide(tx *db.Tx, id int, reason string) (*Set, error) {
	if tx.Actor.Identity == 0 {
		return nil, errs.Forbidden("deciding about a change needs a person: sign in, or give a personal token in TENURE_TOKEN")
	}
	if strings.TrimSpace(reason) == "" {
		return nil, errs.InvalidFields("nothing was decided:", []errs.Field{{Field: "reason", Rule: "is required"}})
	}
	if err := policy.Lock(tx, true); err != nil {
		return nil, err
	}
	s, err := oneSet(tx, setColumns+`where c.id = $1 for update of c`, id)
	if err != nil {
		return nil, err
	}
	if s.State != Planned {
		act := errs.Act{Who: s.DecidedBy, Did: map[State]string{Applied: "approved", Reversed: "approved", Rejected: "rejected", Stale: "tried to apply"}[s.State] + " this change", State: s.Note}
		if s.Decided != nil {
			act.At = *s.Decided
		}
		return nil, errs.ConflictBy(act)
	}
	return s, nil
}

// apply applies the set; when that would do something else than was planned it is undone, and what differs is told.
func (s *Set) apply(tx *db.Tx, reason string, deps Deps) (differs string, err error) {
	files, err := ReadText(s.Body)
	if err != nil {
		return "", err
	}
	before, err := declared(tx)
	if err != nil {
		return "", err
	}
	deps.Prune, deps.Note, deps.Reverses = s.Prune, s.Title, s.Reverses
	deps.Override = &Override{Identity: tx.Actor.Identity, Reason: reason, Author: cmp.Or(s.MadeIdentity, nobody)}
	err = tx.Try(func() error {
		plan, err := Apply(tx, files, deps)
		if err != nil {
			return err
		}
		if differs, err = s.differs(tx, plan.People); err != nil {
			return err
		}
		if differs != "" {
			return db.ErrRollback
		}
		undo, err := undoOf(before, plan.Changes)
		if err != nil {
			return err
		}
		return s.applied(tx, plan.Policy, undo, reason)
	})
	return differs, err
}

// nobody planned it but the command line.
const nobody = -1

func (s *Set) applied(tx *db.Tx, version int, undo, reason string) error {
	touches := 1
	if _, err := tx.Exec(`update change_set set state = 'applied', decided_at = clock_timestamp(), decided_by = $2, decided_identity = $3, note = $4, applied_version = $5, undo = $6 where id = $1`,
		s.ID, tx.Actor.ID, tx.Actor.Identity, strings.TrimSpace(reason), version, undo); err != nil {
		return err
	}
	if s.Reverses != 0 {
		n, err := tx.Exec(`update change_set set state = 'reversed' where id = $1 and state = 'applied'`, s.Reverses)
		if err != nil {
			return err
		}
		touches += int(n)
	}
	tx.Record(evidence.Event{Kind: "change_set.applied", Touches: evidence.Touches{"change_set": touches},
		Facts: map[string]any{"change_set": s.ID, "title": s.Title, "version": version, "reason": reason, "reverses": s.Reverses}})
	return nil
}

// end ends a set without applying it.
func (s *Set) end(tx *db.Tx, state State, note string) (*Set, error) {
	if err := Life.Check(s.State, state); err != nil {
		return nil, err
	}
	if _, err := tx.Exec(`update change_set set state = $2, decided_at = clock_timestamp(), decided_by = $3, decided_identity = $4, note = $5 where id = $1`,
		s.ID, string(state), tx.Actor.ID, db.Null(tx.Actor.Identity), note); err != nil {
		return nil, err
	}
	tx.Record(evidence.Event{Kind: "change_set." + string(state), Touches: evidence.Touches{"change_set": 1},
		Facts: map[string]any{"change_set": s.ID, "title": s.Title, "note": note}})
	return GetSet(tx, s.ID)
}

// Reject ends a planned set; who planned it may withdraw it.
func Reject(tx *db.Tx, id int, reason string) (*Set, error) {
	s, err := decide(tx, id, reason)
	if err != nil {
		return nil, err
	}
	return s.end(tx, Rejected, strings.TrimSpace(reason))
}

// Reverse plans the change that takes an applied set back: another set, for another person to approve.
func Reverse(tx *db.Tx, id int, deps Deps) (*Set, error) {
	s, err := GetSet(tx, id)
	if err != nil {
		return nil, err
	}
	if s.State != Applied {
		return nil, errs.Conflict("only a change that was applied, and not taken back already, can be taken back")
	}
	return Draft(tx, Proposal{Title: "Take back: " + s.Title, Body: s.Undo, Reverses: s.ID}, deps)
}
