package auth

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
	"tenure/internal/policy"
)

// Givable are the portal roles that are given; the others follow from facts.
var Givable = []string{policy.HR, policy.IT, policy.Compliance, policy.Auditor, policy.Administrator}

// Given is a portal role that somebody has.
type Given struct {
	ID     int
	Role   string
	Person int
	Ref    string
	Name   string
	Kind   string // of the person: "local" is an account of the portal only
	State  string
	Locked bool
	At     time.Time
	By     string
	Reason string
	Until  *time.Time // an auditor's may end by itself; nil: it does not
	Over   bool       // it has
}

// GivenRoles gives who has which portal role: the strongest role first, then by name, up to a
// number of lines; role narrows to one, "" does not.
func GivenRoles(tx *db.Tx, role string, limit int) ([]Given, error) {
	rows, err := tx.Query(`select r.id, r.role, i.id, i.public_id::text, i.name, i.kind, i.state, i.locked_at is not null, r.given_at, a.name, r.reason, r.until, coalesce(r.until <= $3, false)
		from portal_role r join identity i on i.id = r.identity_id join actor a on a.id = r.given_by
		where $1 = '' or r.role = $1
		order by array_position(array['administrator', 'compliance', 'it', 'hr', 'auditor'], r.role), lower(i.name), i.id limit $2`, role, limit, tx.Now)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Given])
}

// GivenRole gives one of them.
func GivenRole(tx *db.Tx, id int) (*Given, error) {
	var g Given
	err := tx.QueryRow(`select r.id, r.role, i.id, i.public_id::text, i.name, i.kind, i.state, i.locked_at is not null, r.given_at, a.name, r.reason, r.until,
			coalesce(r.until <= $2, false) from portal_role r join identity i on i.id = r.identity_id join actor a on a.id = r.given_by where r.id = $1`, id, tx.Now).
		Scan(&g.ID, &g.Role, &g.Person, &g.Ref, &g.Name, &g.Kind, &g.State, &g.Locked, &g.At, &g.By, &g.Reason, &g.Until, &g.Over)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.NotFound("nobody has this role any more")
	}
	return &g, err
}

// GiveRole gives a portal role to a person who works here, with a reason. Nobody gives one to themselves. The shell's operator may
// only help an installation that has no administrator: afterwards it takes a person. An auditor may be given it until an instant, not nil; then
// it ends by itself.
func GiveRole(tx *db.Tx, p *identity.Person, role, reason string, until *time.Time) error {
	var bad []errs.Field
	if !slices.Contains(Givable, role) {
		bad = append(bad, errs.Field{Field: "role", Rule: "must be one of " + strings.Join(Givable, ", ")})
	}
	if strings.TrimSpace(reason) == "" {
		bad = append(bad, errs.Field{Field: "reason", Rule: "is required: auditors read it"})
	}
	if p.State != identity.Active || p.Locked() {
		bad = append(bad, errs.Field{Field: "person", Rule: "must be somebody who works here at present"})
	}
	if until != nil && role != policy.Auditor {
		bad = append(bad, errs.Field{Field: "until", Rule: "is for auditors only: take another role when its time is over"})
	} else if until != nil && !until.After(tx.Now) {
		bad = append(bad, errs.Field{Field: "until", Rule: "must be a day that is not over"})
	}
	if len(bad) > 0 {
		return errs.InvalidFields("the portal role", bad)
	}
	if err := mayGive(tx); err != nil {
		return err
	}
	n, err := tx.Exec(`insert into portal_role (identity_id, role, given_at, given_by, given_identity, reason, until) values ($1, $2, $3, $4, nullif($5, 0), $6, $7)
		on conflict (identity_id, role) do update set given_at = excluded.given_at, given_by = excluded.given_by, given_identity = excluded.given_identity, reason = excluded.reason, until = excluded.until
			where portal_role.until <= $3`, p.ID, role, tx.Now, tx.Actor.ID, tx.Actor.Identity, reason, until)
	if db.ConstraintName(err) == "portal_role_is_not_given_to_oneself" {
		return errs.Forbidden("nobody gives a portal role to themselves: ask another administrator")
	}
	if err != nil {
		return err
	}
	if n == 0 {
		return alreadyGiven(tx, p, role)
	}
	facts := map[string]any{"role": role, "reason": reason}
	if until != nil {
		facts["until"] = until.UTC()
	}
	tx.Record(evidence.Event{Kind: "portal_role.given", IdentityID: p.ID, Touches: evidence.Touches{"portal_role": 1}, Facts: facts})
	return nil
}

func alreadyGiven(tx *db.Tx, p *identity.Person, role string) error {
	var by string
	var at time.Time
	err := tx.QueryRow(`select a.name, r.given_at from portal_role r join actor a on a.id = r.given_by where r.identity_id = $1 and r.role = $2`, p.ID, role).Scan(&by, &at)
	if err != nil {
		return err
	}
	return errs.ConflictBy(errs.Act{Who: by, Did: "gave " + p.Name + " this role", At: at, State: "Nothing is left to do."})
}

// mayGive takes the lock on rights, and lets the shell through only while there is nobody to ask.
func mayGive(tx *db.Tx) error {
	if _, err := tx.Exec(`select pg_advisory_xact_lock($1)`, policy.PortalLock); err != nil {
		return err
	}
	if tx.Actor.Identity != 0 {
		return nil
	}
	var there bool
	err := tx.QueryRow(`select exists (select from portal_role r join identity i on i.id = r.identity_id
		where r.role = $1 and i.state = 'active' and i.locked_at is null)`, policy.Administrator).Scan(&there)
	if err == nil && there {
		return errs.Forbidden("there is an administrator, who gives and takes portal roles: give their personal token in TENURE_TOKEN")
	}
	return err
}

// TakeRole takes a portal role from somebody, with a reason. The last administrator stays.
func TakeRole(tx *db.Tx, id int, reason string) (*Given, error) {
	if strings.TrimSpace(reason) == "" {
		return nil, errs.InvalidFields("the portal role", []errs.Field{{Field: "reason", Rule: "is required: auditors read it"}})
	}
	if err := mayGive(tx); err != nil {
		return nil, err
	}
	g, err := GivenRole(tx, id)
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec(`delete from portal_role where id = $1`, id)
	if db.ConstraintName(err) == "portal_keeps_an_administrator" {
		return nil, errs.Invalid("%s is the last administrator: give the role to somebody else first", g.Name)
	}
	if err != nil {
		return nil, err
	}
	tx.Record(evidence.Event{Kind: "portal_role.taken", IdentityID: g.Person, Touches: evidence.Touches{"portal_role": 1},
		Facts: map[string]any{"role": g.Role, "reason": reason}})
	return g, nil
}

// CountGiven counts the people who hold at least one of the portal roles, and work here.
func CountGiven(tx *db.Tx, roles []string) (n int, err error) {
	err = tx.QueryRow(`select count(distinct r.identity_id) from portal_role r join identity i on i.id = r.identity_id and i.state = 'active'
		and i.locked_at is null where r.role = any($1)`, roles).Scan(&n)
	return n, err
}
