package lifecycle

import (
	"strings"

	"tenure/internal/access"
	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
	"tenure/internal/policy"
)

// Terminate ends a person's access at once: locked, so that no HR feed undoes it, and ahead of every queue. Nobody
// terminates themselves.
func Terminate(tx *db.Tx, id int, reason string) (*Effect, error) {
	if strings.TrimSpace(reason) == "" {
		return nil, errs.Invalid("a termination needs a reason")
	}
	if err := policy.Lock(tx, false); err != nil {
		return nil, err
	}
	if err := identity.Lock(tx, []int{id}); err != nil {
		return nil, err
	}
	p, err := identity.Get(tx, id)
	if err != nil {
		return nil, err
	}
	switch {
	case tx.Actor.Is(id):
		return nil, errs.Forbidden("nobody terminates themselves")
	case p.Kind != "person":
		return nil, errs.Invalid("%s is a local account of the portal, not a person of an HR source", p.Name)
	case p.Locked():
		by, _, err := identity.LastAct(tx, id, "person.locked", "", "")
		if err != nil {
			return nil, err
		}
		return nil, errs.ConflictBy(errs.Act{Who: by, Did: "terminated " + p.Name, At: *p.LockedAt, State: "Their access is taken away already; nothing was done twice."})
	}
	if _, err := tx.Exec(`update identity set locked_at = $2, locked_by = $3, unlocked_by = null, version = version + 1 where id = $1`,
		id, tx.Now, db.Null(tx.Actor.Identity)); err != nil {
		return nil, err
	}
	tx.Record(evidence.Event{Kind: "person.locked", IdentityID: id, Touches: evidence.Touches{"identity": 1}, Facts: map[string]any{"reason": reason}})
	if err := auth.EndSessionsOf(tx, []int{id}); err != nil {
		return nil, err
	}
	return SettleIDs(tx, []int{id}, Cause{What: "terminate", Urgency: access.Urgent})
}

// Reinstate lifts a termination, decided by another person than the one who was terminated and the one who terminated: the
// person is then what HR says, with birthright only.
func Reinstate(tx *db.Tx, id int, reason string) (*Effect, error) {
	if tx.Actor.Identity == 0 {
		return nil, errs.Forbidden("reinstating needs a person: sign in, or give a personal token in TENURE_TOKEN")
	}
	if tx.Actor.Is(id) {
		return nil, errs.Forbidden("nobody reinstates themselves")
	}
	if strings.TrimSpace(reason) == "" {
		return nil, errs.Invalid("a reinstatement needs a reason")
	}
	if err := policy.Lock(tx, false); err != nil {
		return nil, err
	}
	if err := identity.Lock(tx, []int{id}); err != nil {
		return nil, err
	}
	n, err := tx.Exec(`update identity set locked_at = null, unlocked_by = $2, version = version + 1 where id = $1 and locked_at is not null`,
		id, tx.Actor.Identity)
	if db.ConstraintName(err) == "reinstater_is_not_terminator" {
		return nil, errs.Forbidden("you terminated this person; another person must lift it")
	}
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, notTerminated(tx, id)
	}
	tx.Record(evidence.Event{Kind: "person.unlocked", IdentityID: id, Touches: evidence.Touches{"identity": 1}, Facts: map[string]any{"reason": reason}})
	return SettleIDs(tx, []int{id}, Cause{What: "reinstate"})
}

// notTerminated says why there is nothing to lift: who was faster, where somebody was.
func notTerminated(tx *db.Tx, id int) error {
	by, at, err := identity.LastAct(tx, id, "person.unlocked", "", "")
	switch {
	case err != nil:
		return err
	case at.IsZero():
		return errs.Conflict("this person is not terminated")
	}
	return errs.ConflictBy(errs.Act{Who: by, Did: "lifted this termination", At: at, State: "The person is what HR says; nothing was done twice."})
}
