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
func (r *request) manages(tx *db.Tx, person int) (bool, error) {
	name, err := auth.AsManager(tx, r.who.ID, r.who.acting, person, true)
	return name != 0, err
}

// people gives who reports to the reader, and to those for whom they act: directly, or with below through others as well.
func (r *request) people(tx *db.Tx, below bool, most int) ([]int, error) {
	seen := map[int]bool{r.who.ID: true} // a delegate may be of the team: they do not manage themselves
	out := []int{}
	for _, m := range r.managers() { // few: for how many others somebody acts at one time
		ids, err := identity.Team(tx, m, below, most)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if !seen[id] {
				seen[id] = true
				out = append(out, id)
			}
		}
	}
	return out, nil
}

// inManagersName makes the rest of a transaction that of the manager in whose name the reader decides about a person.
func (r *request) inManagersName(tx *db.Tx, person int) error {
	name, err := auth.AsManager(tx, r.who.ID, r.who.acting, person, true)
	r.inNameOf(tx, name)
	return err
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
