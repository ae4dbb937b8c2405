package auth

import (
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/identity"
)

// What somebody may do for others follows from facts: whoever somebody reports to is their manager, whoever an application names is
// its owner. For a while another person may act for them, see delegation.go; that person's own delegates get nothing of it.

// Roles gives the portal roles of a person: what was given, "employee" for people of an HR source, "manager" for who has somebody
// to manage and "owner" for who owns an application, themselves or acting for somebody.
func Roles(tx *db.Tx, who int) ([]string, error) {
	roles, _, err := standing(tx, who)
	return roles, err
}

// standing gives a person's portal roles, and for whom they act at present, the soonest to end first: both in one statement, because
// every request asks for them.
func standing(tx *db.Tx, who int) (roles []string, acting []Acting, err error) {
	rows, err := tx.Query(`with `+actingSQL+`,
		role as (select role from portal_role where identity_id = $1 and (until is null or until > $2)
			union select 'employee' from identity where id = $1 and kind = 'person'
			union select 'manager' where exists (select from employment_version v where v.manager_id in (select $1 union all select from_identity
				from acting where scope in ('team', 'all')) and v.known_to = 'infinity' and v.valid_from <= $2 and v.valid_to > $2 and v.ends_at > $2)
			union select 'owner' where exists (select from application where owner_id in (select $1 union all select from_identity
				from acting where scope in ('applications', 'all'))))
		select role, 0, 0, '', '', '', $2, $2 from role
		union all select '', id, from_identity, name, public_id::text, scope, from_at, to_at from acting order by 1, 8, 2`, who, tx.Now)
	if err != nil {
		return nil, nil, err
	}
	var role string
	var a Acting
	_, err = pgx.ForEachRow(rows, []any{&role, &a.Delegation, &a.For, &a.Name, &a.Ref, &a.Scope, &a.From, &a.Until}, func() error {
		if role != "" {
			roles = append(roles, role)
		} else {
			acting = append(acting, a)
		}
		return nil
	})
	return roles, acting, err
}

// actingSQL are the delegations to $1 that run at $2. Who left or was terminated hands nothing on; who is on leave does.
const actingSQL = `acting as (select d.id, d.from_identity, d.scope, d.from_at, d.to_at, i.name, i.public_id from delegation d
	join identity i on i.id = d.from_identity and i.state in ('active', 'leave') and i.locked_at is null
	where d.to_identity = $1 and d.ended_at is null and d.from_at <= $2 and d.to_at > $2)`

// Acting is somebody for whom a person acts at present, besides for themselves.
type Acting struct {
	Delegation int
	For        int // the person
	Name, Ref  string
	Scope      string
	From       time.Time
	Until      time.Time
}

// Team says whether the acting is as a manager, Applications whether it is as an owner.
func (a Acting) Team() bool { return a.Scope == ScopeTeam || a.Scope == ScopeAll }

// Applications says whether the acting is as an owner of applications.
func (a Acting) Applications() bool { return a.Scope == ScopeApplications || a.Scope == ScopeAll }

// AsManager gives in whose name a person may act as the manager of another: their own id, that of somebody for whom they act, and
// 0 when in nobody's. Nobody manages themselves, not even in the name of their manager. below counts everybody further down the
// line of managers, too: for reading.
func AsManager(tx *db.Tx, who int, acting []Acting, person int, below bool) (int, error) {
	if who == person {
		return 0, nil
	}
	return inWhoseName(who, acting, Acting.Team, func(manager int) (bool, error) {
		if below {
			return identity.Below(tx, person, manager)
		}
		return identity.Reports(tx, person, manager)
	})
}

// AsOwner gives likewise in whose name a person may act as the owner of an application that owner owns.
func AsOwner(who int, acting []Acting, owner int) int {
	name, _ := inWhoseName(who, acting, Acting.Applications, func(id int) (bool, error) { return owner != 0 && id == owner, nil })
	return name
}

func inWhoseName(who int, acting []Acting, covers func(Acting) bool, may func(int) (bool, error)) (int, error) {
	if ok, err := may(who); ok || err != nil {
		return who, err
	}
	for _, a := range acting {
		if !covers(a) {
			continue
		}
		if ok, err := may(a.For); ok || err != nil {
			return a.For, err
		}
	}
	return 0, nil
}

// ActingFor gives for whom a person acts at present.
func ActingFor(tx *db.Tx, who int) ([]Acting, error) {
	_, acting, err := standing(tx, who)
	return acting, err
}
