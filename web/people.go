package web

import (
	"encoding/base64"
	"encoding/json"
	"strconv"

	"tenure/internal/access"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/ui"
)

// peopleList shows people by name: everybody, or for a manager those who report to them.
func (s *server) peopleList(r *request) error {
	v := templates.PeopleView{Action: "/people", ClearURL: "/people", Query: r.Query("q"),
		State: oneOf(r.Query("state"), "prehire", "active", "leave", "left")}
	f := identity.Filter{Text: v.Query, State: identity.State(v.State), Limit: pageSize}
	if len(f.Text) > 200 {
		return errs.Invalid("a search may have 200 characters")
	}
	if !r.may("person.read_any") {
		f.Manager = r.who.ID
	}
	rule, role := r.Query("rule"), r.Query("role")
	err := r.read(func(tx *db.Tx) error {
		if err := r.givenTo(tx, &f, rule, role); err != nil {
			return err
		}
		all, err := identity.CountStates(tx, f)
		if err != nil {
			return err
		}
		total := 0
		for _, n := range all {
			total += n
		}
		v.Lead = plural(total, "person", "people") + ", " + ui.Int(all[identity.Active]) + " of them active"
		if f.Manager != 0 {
			v.Lead = plural(total, "person reports", "people report") + " to you"
		}
		if rule+role != "" {
			v.Lead += ", who have " + and([]string{rule + role}, 1)
		}
		v.States = append(v.States, ui.Chip{Text: "All", URL: link("/people", "q", v.Query, "rule", rule, "role", role), Count: total, Counted: true, Current: v.State == ""})
		for _, x := range peopleStates {
			v.States = append(v.States, ui.Chip{Text: x.word, URL: link("/people", "q", v.Query, "state", string(x.state), "rule", rule, "role", role),
				Count: all[x.state], Counted: true, Current: v.State == string(x.state)})
		}
		if v.State != "" {
			total = all[f.State]
		}
		return r.peopleRows(tx, f, &v, total, rule, role)
	})
	if err != nil {
		return err
	}
	v.Filtered = v.Query != "" || v.State != "" || rule+role != "" || f.Manager != 0
	return r.show(templates.People(r.shell("People"), v))
}

// givenTo narrows a list to the people to whom a rule or role gives something.
func (r *request) givenTo(tx *db.Tx, f *identity.Filter, rule, role string) error {
	if rule+role == "" || !r.may("policy.read") {
		return nil
	}
	pol, err := policy.Load(tx)
	if err != nil {
		return err
	}
	kind, name := policy.KindRule, rule
	if name == "" {
		kind, name = policy.KindRole, role
	}
	f.Among = []int{}
	for _, o := range pol.Objects(kind) {
		if o.Name == name {
			f.Among, err = access.GivenTo(tx, o.ID)
		}
	}
	return err
}

func (r *request) peopleRows(tx *db.Tx, f identity.Filter, v *templates.PeopleView, total int, rule, role string) error {
	shown := r.cursor("n")
	f.After = placeOf(r.Query("after"))
	if f.After == nil {
		shown = 0
	}
	lines, err := identity.List(tx, f)
	if err != nil {
		return err
	}
	ids := make([]int, len(lines))
	for i, l := range lines {
		ids[i] = l.ID
	}
	held, err := access.CountHeld(tx, ids)
	if err != nil {
		return err
	}
	for _, l := range lines {
		row := templates.PersonRow{Name: l.Name, URL: personURL(l.PublicID), State: string(l.State), Department: l.Department, Title: l.Title,
			Accounts: held[l.ID].Accounts, Grants: held[l.ID].Grants}
		if l.Number != nil {
			row.Number = *l.Number
		}
		if l.Manager != nil {
			row.Manager = ui.Link{Text: l.Manager.Name, URL: r.to("person.read_any", personURL(l.Manager.PublicID))}
		}
		switch {
		case l.Locked():
			row.Next = "terminated"
		case l.FirstDay != nil:
			row.Next = "starts on " + day(*l.FirstDay)
		case l.LastDay != nil:
			row.Next = "leaves on " + day(*l.LastDay)
		}
		v.Rows = append(v.Rows, row)
	}
	next := ""
	if len(lines) == pageSize && shown+len(lines) < total {
		next = link("/people", "q", v.Query, "state", v.State, "rule", rule, "role", role, "after", placeText(&lines[len(lines)-1].Place), "n", strconv.Itoa(shown+len(lines)))
	}
	v.Pager = pager(shown, len(lines), total, link("/people", "q", v.Query, "state", v.State, "rule", rule, "role", role), next)
	return nil
}

// placeOf reads where a page of people ended from an address; nil begins at the beginning.
func placeOf(text string) *identity.Place {
	var p identity.Place
	body, err := base64.RawURLEncoding.DecodeString(text)
	if text == "" || err != nil || json.Unmarshal(body, &p) != nil {
		return nil
	}
	return &p
}

func placeText(p *identity.Place) string {
	body, _ := json.Marshal(p) // of texts: never fails
	return base64.RawURLEncoding.EncodeToString(body)
}
