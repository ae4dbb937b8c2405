package web

import (
	"tenure/internal/auth"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/identity"
)

// managers are those as whose manager the reader sees a team: themselves first, then for whom they act.
func (r *request) managers() []int {
	out := []int{r.who.ID}
	for _, a := range r.who.acting {
		if a.Team() {
			out = append(out, a.For)
		}
	}
	return out
}

// owners are likewise those whose applications the reader looks after.
func (r *request) owners() []int {
	out := []int{r.who.ID}
	for _, a := range r.who.acting {
		if a.Applications() {
			out = append(out, a.For)
		}
	}
	return out
}

// manages says whether the reader, or somebody for whom they act, is above a person in the line of managers.
func (r *request) manages(tx *db.Tx, p *identity.Person) (bool, error) {
	name, err := auth.AsManager(tx, r.who.ID, r.who.acting, p.ID, true)
	return name != 0, err
}

// owns says whether an application is the reader's, or somebody's for whom they act.
func (r *request) owns(a *catalog.Application) bool { return r.ownerOf(a) != 0 }

func (r *request) ownerOf(a *catalog.Application) int {
	if a.OwnerID == nil {
		return 0
	}
	return auth.AsOwner(r.who.ID, r.who.acting, *a.OwnerID)
}

// inNameOf makes the rest of a transaction a delegate's: every event says for whom they acted. One's own name changes nothing.
func (r *request) inNameOf(tx *db.Tx, person int) {
	if person != 0 && person != r.who.ID {
		tx.Actor.For = person
	}
}
