package db

import (
	"errors"

	"github.com/jackc/pgx/v5"
)

// Actor is whoever acts. Whoever decides has an identity: the system and a shell's operator have none.
type Actor struct {
	ID       int
	Kind     string
	Name     string
	Identity int // 0 for the system and the operator
	// For is the person in whose name somebody acts as a delegate; 0 for their own. Every event of the transaction says so.
	For int
}

// Is says whether the actor is a person, or acts in that person's name: what a person asked for or loaded is decided by neither
// themselves nor their delegate.
func (a Actor) Is(identity int) bool {
	return identity != 0 && (a.Identity == identity || a.For == identity)
}

// The two actors without an identity.
var (
	System   = Actor{ID: 1, Kind: "system", Name: "Tenure"}
	Operator = Actor{ID: 2, Kind: "operator", Name: "operator"}
)

// ActorOf gives the actor of a person (kind "person" on a page, "token" through a personal token), made at first use.
func (t *Tx) ActorOf(identity int, kind, name string) (Actor, error) {
	a := Actor{Kind: kind, Name: name, Identity: identity}
	err := t.QueryRow(`select id from actor where identity_id = $1 and kind = $2`, identity, kind).Scan(&a.ID)
	if !errors.Is(err, pgx.ErrNoRows) {
		return a, err
	}
	err = t.QueryRow(`insert into actor (kind, name, identity_id) values ($1, $2, $3)
		on conflict (identity_id, kind) where identity_id is not null do update set name = excluded.name returning id`,
		kind, name, identity).Scan(&a.ID)
	return a, err
}
