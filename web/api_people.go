package web

import (
	"strings"
	"time"

	"tenure/internal/audit"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/templates/lang"
)

// apiPerson is a person of an HR source with their main employment.
type apiPerson struct {
	PersonRef
	Number     string     `json:"number,omitempty" doc:"The number that HR gives."`
	Email      string     `json:"email,omitempty" doc:"The e-mail address."`
	State      string     `json:"state" enum:"prehire,active,leave,left" doc:"Whether they work here at present."`
	Since      time.Time  `json:"since" doc:"Since when that is so."`
	Terminated bool       `json:"terminated" doc:"Whether their access was ended at once, whatever HR says."`
	Department string     `json:"department,omitempty" doc:"Of the main employment."`
	Title      string     `json:"title,omitempty" doc:"Likewise."`
	Location   string     `json:"location,omitempty" doc:"Likewise."`
	Type       string     `json:"worker_type,omitempty" doc:"Likewise: employee, contractor and so on."`
	Manager    *PersonRef `json:"manager,omitempty" nullable:"false" doc:"To whom they report."`
	FirstDay   string     `json:"first_day,omitempty" format:"date" doc:"While it is ahead."`
	LastDay    string     `json:"last_day,omitempty" format:"date" doc:"While it is ahead."`
}

// apiHeld is what a person holds or should hold.
type apiHeld struct {
	Person PersonRef  `json:"person" doc:"Who."`
	Held   []apiGrant `json:"held" nullable:"false" doc:"By application and entitlement."`
}

// apiGrant is one entitlement of a person with every reason.
type apiGrant struct {
	Application string      `json:"application" doc:"The application's name."`
	Entitlement string      `json:"entitlement,omitempty" doc:"Not there for the account itself."`
	Title       string      `json:"title" doc:"In plain words."`
	Description string      `json:"description,omitempty" doc:"What it allows."`
	Privileged  bool        `json:"privileged" doc:"Whether it gives power over others or the system."`
	State       string      `json:"state" enum:"verified,on_its_way,proposed,failed,missing,out_of_band,observed_only,not_read" doc:"verified: the target was read and shows it. out_of_band: it shows it and there is no reason."`
	AtTarget    bool        `json:"at_target" doc:"Whether the last reading of the target showed it."`
	Error       string      `json:"error,omitempty" doc:"Of an operation that failed or is tried again."`
	Reasons     []apiReason `json:"reasons" nullable:"false" doc:"Why; none when it is out of band."`
}

// apiReason is one reason for a grant.
type apiReason struct {
	Kind  string     `json:"kind" doc:"birthright, assignment, request, handover, found and so on."`
	Text  string     `json:"text" doc:"In plain words."`
	Since time.Time  `json:"since" doc:"From when."`
	Until *time.Time `json:"until,omitempty" nullable:"false" doc:"Until when; not there when it has no end."`
}

// peopleAsked are the filters of the list of people.
type peopleAsked struct {
	Paging
	Text       string `json:"q,omitempty" maxLength:"200" doc:"Beginnings of words of the name, the number and the e-mail address."`
	State      string `json:"state,omitempty" enum:"prehire,active,leave,left" doc:"Only people of this state."`
	Department string `json:"department,omitempty" maxLength:"200" doc:"Only people of this department."`
}

func (s *server) ofPeople() []operation {
	return []operation{
		reads(operation{path: "/people", permission: "person.list", name: "listPeople", tag: "people", summary: lang.Mark("List people"),
			doc: "Everybody, or for a manager those who report to them, through others as well. By name."}, s.apiPeople),
		reads(operation{path: "/people/:id", permission: "person.read", name: "getPerson", tag: "people", summary: lang.Mark("Read a person"),
			doc: "Oneself, who reports to oneself, or everybody for those who may."}, s.apiPerson),
		reads(operation{path: "/people/:id/access", permission: "person.read", name: "getAccess", tag: "people", summary: lang.Mark("Read what a person holds, and why"),
			doc: "Every entitlement that the person holds or should hold, with all its reasons, and how its target stands to them."}, s.apiAccess),
	}
}

func (s *server) apiPeople(r *request, tx *db.Tx, q peopleAsked) (out pageOf[apiPerson], err error) {
	asked := q.Paging
	q.Paging = Paging{}
	page, err := r.dbPage(asked, q, "name")
	if err != nil {
		return out, err
	}
	f := identity.Filter{Text: q.Text, State: identity.State(q.State), Department: q.Department}
	if !r.may("person.read_any") {
		if f.Among, err = r.people(tx, true, 5000); err != nil {
			return out, err
		}
	}
	lines, more, err := identity.List(tx, f, page)
	if err != nil {
		return out, err
	}
	out.Items, out.HasMore = []apiPerson{}, more
	for _, x := range lines {
		out.Items = append(out.Items, personOut(x))
	}
	if more {
		last := lines[len(lines)-1]
		out.Next, err = r.next(q, last.Key, itoa(last.ID))
	}
	return out, err
}

func personOut(x *identity.Line) apiPerson {
	w := apiPerson{PersonRef: PersonRef{x.PublicID, x.Name}, Number: deref(x.Number), Email: deref(x.Email), State: string(x.State), Since: x.Since.UTC(),
		Terminated: x.Locked(), Department: x.Department, Title: x.Title, Location: x.Location, Type: x.Type}
	if x.Manager != nil {
		w.Manager = &PersonRef{x.Manager.PublicID, x.Manager.Name}
	}
	if x.FirstDay != nil {
		w.FirstDay = x.FirstDay.Format(time.DateOnly)
	}
	if x.LastDay != nil {
		w.LastDay = x.LastDay.Format(time.DateOnly)
	}
	return w
}

func (s *server) apiPerson(r *request, tx *db.Tx, _ nothingAsked) (w apiPerson, err error) {
	p, err := r.person(tx)
	if err != nil {
		return w, err
	}
	lines, _, err := identity.List(tx, identity.Filter{Among: []int{p.ID}}, db.Page{Limit: 1})
	if err != nil {
		return w, err
	}
	if len(lines) == 0 { // somebody whom no HR source knows
		return personOut(&identity.Line{Person: *p}), nil
	}
	return personOut(lines[0]), nil
}

func (s *server) apiAccess(r *request, tx *db.Tx, _ nothingAsked) (out apiHeld, err error) {
	p, err := r.person(tx)
	if err != nil {
		return out, err
	}
	grants, err := audit.Held(tx, p)
	out = apiHeld{Person: PersonRef{p.PublicID, p.Name}, Held: []apiGrant{}}
	for i := range grants {
		g := &grants[i]
		x := apiGrant{Application: g.Application, Entitlement: g.Entitlement, Title: g.Title, Description: g.Description, Privileged: g.Privileged,
			State: strings.ReplaceAll(g.State, " ", "_"), AtTarget: g.AtTarget, Error: g.Error, Reasons: []apiReason{}}
		if x.Title == "" {
			x.Title = g.Entitlement
		}
		for _, y := range g.Reasons {
			reason := apiReason{Kind: y.Kind, Text: y.Text, Since: y.Since.UTC()}
			if y.Until != nil {
				until := y.Until.UTC()
				reason.Until = &until
			}
			x.Reasons = append(x.Reasons, reason)
		}
		out.Held = append(out.Held, x)
	}
	return out, err
}
