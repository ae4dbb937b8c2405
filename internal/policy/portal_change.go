package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// PortalLock is the advisory lock on who may do what in the portal. The trigger portal_keeps_an_administrator takes it, too.
const PortalLock = 7234513

func lockPortal(tx *db.Tx) error {
	_, err := tx.Exec(`select pg_advisory_xact_lock($1)`, PortalLock)
	return err
}

// FillPortal adds the permissions of the catalogue that this database has never had, with their usual holders. What an
// administrator took away stays away. Whoever migrates a database calls it.
func FillPortal(tx *db.Tx) error {
	if err := lockPortal(tx); err != nil {
		return err
	}
	rows, err := tx.Query(`select permission from portal_known`)
	if err != nil {
		return err
	}
	known, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	missing := slices.DeleteFunc(Portal.Permissions(), func(p string) bool { return slices.Contains(known, p) })
	if len(missing) == 0 {
		return nil
	}
	all := defaults()
	var roles, held []string
	for _, h := range all.holds {
		if slices.Contains(missing, h.Permission) {
			roles, held = append(roles, h.Role), append(held, h.Permission)
		}
	}
	if _, err := tx.Exec(`insert into portal_known select unnest($1::text[])`, missing); err != nil {
		return err
	}
	n, err := tx.Exec(`insert into portal_permission select * from unnest($1::text[], $2::text[]) on conflict do nothing`, roles, held)
	if err != nil {
		return err
	}
	touches := evidence.Touches{"portal_known": len(missing)}
	if n > 0 {
		touches["portal_permission"] = int(n)
	}
	if len(known) == 0 {
		var outer, inner []string
		for _, i := range all.includes {
			outer, inner = append(outer, i.Role), append(inner, i.Inner)
		}
		if _, err := tx.Exec(`insert into portal_include select * from unnest($1::text[], $2::text[])`, outer, inner); err != nil {
			return err
		}
		touches["portal_include"] = len(outer)
	}
	tx.Record(evidence.Event{Kind: "portal.filled", Touches: touches, Facts: map[string]any{"permissions": missing}})
	return nil
}

// Holders is a change of who has one permission of their own, weighed before it is made.
type Holders struct {
	Permission string
	Give, Take []string // rules that are added and removed
	Gain, Lose []string // roles that may afterwards and could not, and the reverse: with all that includes them
}

// Weigh says what would follow if exactly these roles had a permission of their own, or why it must not be.
func (r *Rights) Weigh(permission string, roles []string) (*Holders, error) {
	h := &Holders{Permission: permission}
	if _, ok := permissions[permission]; !ok {
		return nil, errs.NotFound("there is no permission %q", permission)
	}
	next := rules{includes: r.rules.includes}
	for _, x := range r.rules.holds {
		if x.Permission != permission {
			next.holds = append(next.holds, x)
		}
	}
	for _, role := range roles {
		if bit(role) == 0 {
			return nil, errs.Invalid("there is no portal role %q", role)
		}
	}
	for _, role := range Portal.Roles() {
		want := slices.Contains(roles, role)
		if want {
			next.holds = append(next.holds, Hold{role, permission})
		}
		switch had := r.Direct(role, permission); {
		case want && !had:
			h.Give = append(h.Give, role)
		case had && !want:
			h.Take = append(h.Take, role)
		}
	}
	after, err := compileRights(next, permission)
	if err != nil {
		return nil, err
	}
	for _, role := range Portal.Roles() {
		was, is := r.Allowed([]string{role}, permission), after.Allowed([]string{role}, permission)
		switch {
		case is && !was:
			h.Gain = append(h.Gain, role)
		case was && !is:
			h.Lose = append(h.Lose, role)
		}
	}
	return h, after.mustNot(permission)
}

// Fixed says why nobody can change whether a role has a permission, and whether it has it; "" where an administrator can.
func (r *Rights) Fixed(role, permission string) (has bool, why string) {
	switch {
	case role == Administrator && keptByAdministrators(permission):
		return true, "Administrators keep it: otherwise nobody could give it back."
	case Describe(permission).Kind != Writes:
		return false, ""
	case role == Auditor:
		return false, "Auditors only read."
	case r.reaches(Auditor, role, 0):
		return false, "Auditors are this as well, and they only read."
	}
	return false, ""
}

func keptByAdministrators(permission string) bool {
	return permission == "portal.give" || permission == "portal.change"
}

// LastChange tells who changed last what portal roles may do, and when; "" when nobody has.
func LastChange(tx *db.Tx) (by string, at time.Time, err error) {
	err = tx.QueryRow(`select a.name, e.recorded_at from event e join actor a on a.id = e.actor_id where e.kind = 'portal.changed' order by e.id desc limit 1`).Scan(&by, &at)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", time.Time{}, nil
	}
	return by, at, err
}

// Unchanged is an error that says who was faster when the rules are not those of a stamp any more.
func (r *Rights) Unchanged(tx *db.Tx, stamp string) error {
	if r.Stamp == stamp {
		return nil
	}
	by, at, err := LastChange(tx)
	if err != nil {
		return err
	}
	if by == "" {
		return errs.Conflict("the rights of the portal have changed since you looked")
	}
	return errs.ConflictBy(errs.Act{Who: by, Did: "changed the rights of the portal", At: at, State: "Nothing was changed by you. Look at the rights as they are now, and decide again."})
}

// mustNot holds the two rules that no administrator can change: auditors only read, and administrators can go on deciding who may
// do what.
func (r *Rights) mustNot(permission string) error {
	if Describe(permission).Kind == Writes && r.Allowed([]string{Auditor}, permission) {
		why := ""
		if through := r.Through(Auditor, permission); len(through) > 0 {
			why = fmt.Sprintf(", and an auditor is an %s as well", through[0])
		}
		return errs.Invalid("auditors only read: %s changes something%s", permission, why)
	}
	if keptByAdministrators(permission) && !r.Allowed([]string{Administrator}, permission) {
		return errs.Invalid("administrators keep %s: otherwise nobody could give it back", permission)
	}
	return nil
}

// SetHolders makes the change, by a person with a reason. stamp names the rules that the person looked at: when somebody has changed
// them since, nothing is done.
func SetHolders(tx *db.Tx, permission string, roles []string, stamp, reason string) (*Holders, error) {
	switch {
	case tx.Actor.Identity == 0:
		return nil, errs.Forbidden("changing what portal roles may do needs a person")
	case strings.TrimSpace(reason) == "":
		return nil, errs.Invalid("a change of rights needs a reason")
	}
	if err := lockPortal(tx); err != nil {
		return nil, err
	}
	now, err := RightsAt(tx)
	if err != nil {
		return nil, err
	}
	if err := now.Unchanged(tx, stamp); err != nil {
		return nil, err
	}
	h, err := now.Weigh(permission, roles)
	if err != nil {
		return nil, err
	}
	n := len(h.Give) + len(h.Take)
	if n == 0 {
		return nil, errs.Invalid("nothing would change")
	}
	if _, err := tx.Exec(`delete from portal_permission where permission = $1 and role = any($2)`, permission, h.Take); err != nil {
		return nil, err
	}
	if _, err := tx.Exec(`insert into portal_permission (role, permission) select unnest($2::text[]), $1`, permission, h.Give); err != nil {
		return nil, err
	}
	tx.Record(evidence.Event{Kind: "portal.changed", Touches: evidence.Touches{"portal_permission": n},
		Facts: map[string]any{"permission": permission, "given": h.Give, "taken": h.Take, "reason": reason}})
	return h, nil
}
