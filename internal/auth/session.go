package auth

import (
	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
)

// SignIn notes that a person signed in on a page and gives the actor they are there. Whoever does not work here at present is
// refused. Method is how they proved who they are; the local administrator's own way in stands out in the log.
func SignIn(tx *db.Tx, p *identity.Person, method string) (db.Actor, error) {
	if p.Locked() || p.State != identity.Active {
		Refused(tx, p.ID, method, "not_active")
		return db.Actor{}, errs.Unauthenticated("the e-mail address or the password is not right")
	}
	a, err := tx.ActorOf(p.ID, "person", p.Name)
	if err != nil {
		return a, err
	}
	tx.Actor = a // it is they who act from here on
	kind := "auth.signed_in"
	if p.Kind == "local" {
		kind = "auth.break_glass_used"
	}
	tx.Record(evidence.Event{Kind: kind, IdentityID: p.ID, Facts: map[string]any{"method": method}})
	return a, nil
}

// Present is somebody who is signed in, as they are now.
type Present struct {
	Person identity.Person
	Roles  []string
	Acting []Acting // for whom they act besides
}

// Still gives a signed-in person as they are now, and nil when their session must end: they left, are on leave or not here
// yet, or were terminated.
func Still(tx *db.Tx, who int) (*Present, error) {
	var p *identity.Person
	var out Present
	err := db.Together(tx, func(tx *db.Tx) (err error) { p, err = identity.Get(tx, who); return err },
		func(tx *db.Tx) (err error) { out.Roles, out.Acting, err = standing(tx, who); return err })
	if errs.KindOf(err) == errs.KindNotFound {
		return nil, nil
	}
	if err != nil || p.Locked() || p.State != identity.Active {
		return nil, err
	}
	out.Person = *p
	return &out, nil
}

// Persona is somebody of a demo company as whom a visitor may look around. Role is what makes them worth it: a portal role,
// "manager" or "employee".
type Persona struct {
	Ref, Name, Title, Department, Role string
}

// Personas gives up to two active people for each portal role, the manager with the largest team, and somebody of that team.
func Personas(tx *db.Tx) ([]Persona, error) {
	if tx.Kind != db.Demo {
		return nil, nil
	}
	rows, err := tx.Query(`with team as (
			select v.manager_id, v.identity_id, count(*) over (partition by v.manager_id) size from employment_version v
			join identity m on m.id = v.manager_id and m.state = 'active' and m.locked_at is null
			join identity i on i.id = v.identity_id and i.state = 'active' and i.locked_at is null
			where v.known_to = 'infinity' and v.valid_from <= $1 and v.valid_to > $1 and v.ends_at > $1
			and not exists (select from portal_role r where r.identity_id in (v.manager_id, v.identity_id))),
		best as (select * from team order by size desc, manager_id, identity_id desc limit 1),
		chosen as (
			select id, role from (select r.identity_id id, r.role, row_number() over (partition by r.role order by r.identity_id) n from portal_role r
				join identity i on i.id = r.identity_id and i.state = 'active' and i.locked_at is null and i.kind = 'person') r where n <= 2
			union all select manager_id, 'manager' from best
			union all select identity_id, 'employee' from best)
		select i.public_id::text, i.name, coalesce(v.attrs->>'title', ''), coalesce(v.attrs->>'department', ''), c.role
		from chosen c join identity i on i.id = c.id left join lateral (select attrs from employment_version v where v.identity_id = i.id
			and v.known_to = 'infinity' and v.valid_from <= $1 and v.valid_to > $1 and v.ends_at > $1 order by v.id limit 1) v on true
		order by array_position(array['hr', 'it', 'compliance', 'manager', 'employee', 'auditor', 'administrator'], c.role), i.id`, tx.Now)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Persona])
}

// BePersona signs in as one of the personas, in a demo database only.
func BePersona(tx *db.Tx, ref string) (*identity.Person, db.Actor, error) {
	all, err := Personas(tx)
	if err != nil {
		return nil, db.Actor{}, err
	}
	for _, x := range all {
		if x.Ref == ref {
			p, _, err := identity.ByRef(tx, ref)
			if err != nil {
				return nil, db.Actor{}, err
			}
			a, err := SignIn(tx, p, "persona")
			return p, a, err
		}
	}
	return nil, db.Actor{}, errs.NotFound("there is no such person to look around as")
}
