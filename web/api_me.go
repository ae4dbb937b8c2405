package web

import (
	"time"

	"tenure/internal/db"
	"tenure/templates/lang"
)

// PersonRef names a person.
type PersonRef struct {
	ID   string `json:"id" format:"uuid" doc:"Stays the same, whatever the name and number."`
	Name string `json:"name" doc:"As HR has it."`
}

// apiMe is who the token speaks for.
type apiMe struct {
	PersonRef
	Number string      `json:"number,omitempty" doc:"The number that HR gives."`
	Email  string      `json:"email,omitempty" doc:"The e-mail address."`
	State  string      `json:"state" enum:"prehire,active,leave,left" doc:"Whether they work here at present."`
	Roles  []string    `json:"roles" nullable:"false" doc:"Portal roles, given and from facts."`
	Scopes []string    `json:"scopes" nullable:"false" enum:"read,hr,decide" doc:"What the token was made for."`
	Acting []apiActing `json:"acting_for" nullable:"false" doc:"For whom they act at present besides for themselves."`
}

// apiActing is somebody for whom somebody acts.
type apiActing struct {
	Person PersonRef `json:"person" doc:"For whom."`
	Scope  string    `json:"scope" enum:"team,applications,all" doc:"As a manager, as an owner of applications, or both."`
	Until  time.Time `json:"until" doc:"When it ends."`
}

func (s *server) ofMe() []operation {
	return []operation{
		reads(operation{path: "/me", permission: "access.mine", name: "getMe", tag: "me", summary: lang.Mark("Say who the token speaks for"),
			doc: "The person, their portal roles, what the token was made for, and for whom they act."}, s.apiMe),
	}
}

func (s *server) apiMe(r *request, _ *db.Tx, _ nothingAsked) (apiMe, error) {
	me := apiMe{PersonRef: PersonRef{r.who.PublicID, r.who.Name}, Number: deref(r.who.Number), Email: deref(r.who.Email), State: string(r.who.State),
		Roles: append([]string{}, r.who.roles...), Scopes: r.bearer.Scope, Acting: []apiActing{}}
	for _, a := range r.who.acting {
		me.Acting = append(me.Acting, apiActing{PersonRef{a.Ref, a.Name}, a.Scope, a.Until.UTC()})
	}
	return me, nil
}
