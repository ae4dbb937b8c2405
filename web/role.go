package web

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/ui"
)

func roleURL(id int) string { return fmt.Sprintf("/policy/roles/%d", id) }

// roleShow is the page of one role.
func (s *server) roleShow(r *request) error { return s.rolePage(r, http.StatusOK, nil) }

func (s *server) rolePage(r *request, status int, bad ui.Errors) error {
	var v templates.RoleView
	err := r.read(func(tx *db.Tx) error {
		pol, o, err := r.role(tx)
		if err != nil {
			return err
		}
		return r.roleView(tx, pol, o, bad, &v)
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Role(r.shell(v.Title), v))
}

func (r *request) role(tx *db.Tx) (*policy.Snapshot, *policy.Object, error) {
	id, err := r.number("id")
	if err != nil {
		return nil, nil, nothing("role")
	}
	pol, err := policy.Load(tx)
	if err != nil {
		return nil, nil, err
	}
	o := pol.Object(id)
	if o == nil || o.Role == nil {
		return nil, nil, nothing("role")
	}
	return pol, o, nil
}

// membersMost is how many members by decision a role's page shows.
const membersMost = 500

func (r *request) roleView(tx *db.Tx, pol *policy.Snapshot, o *policy.Object, bad ui.Errors, v *templates.RoleView) error {
	cat, err := catalog.Load(tx)
	if err != nil {
		return err
	}
	*v = templates.RoleView{Title: o.Title, Lead: o.Role.Description, EditURL: r.benchTo(o.ID), HoldersURL: r.to("person.read_any", link("/people", "role", o.Name)),
		Facts: []ui.Line{{Name: r.T("Name"), Text: o.Name}, {Name: r.T("Version"), Text: r.T("%d, see all versions", o.N), Link: r.objectURL(o.ID, 0)}}}
	owner, err := identity.People(tx, []int{o.OwnerID})
	if err != nil {
		return err
	}
	if p := owner[o.OwnerID]; p != nil {
		v.Facts = append(v.Facts, ui.Line{Name: r.T("Owner"), Text: p.Name})
	}
	if o.Role.State != policy.Active {
		v.State = r.roleState(o.Role.State)
	}
	for _, p := range o.Role.Parameters {
		v.Facts = append(v.Facts, ui.Line{Name: r.T("Given with"), Text: parameterWord(&p)})
	}
	if o.Role.Where != "" {
		v.Facts = append(v.Facts, ui.Line{Name: r.T("Only where"), Text: o.Role.Where})
	}
	for _, g := range pol.RoleMost(o.ID) {
		row := templates.RoleGive{Name: r.entitlementWord(cat, g.Entitlement), Privileged: cat.Entitlements[g.Entitlement] != nil && cat.Entitlements[g.Entitlement].Privileged}
		if inner := pol.Object(g.Role); inner != nil && inner.ID != o.ID {
			row.Via = inner.Title
		}
		v.Gives = append(v.Gives, row)
	}
	for _, x := range pol.Objects(policy.KindRule) {
		if slices.Contains(x.Rule.Roles, o.Name) {
			v.Rules = append(v.Rules, ui.Link{Text: x.Title, URL: r.objectURL(x.ID, 0)})
		}
	}
	for _, x := range pol.Objects(policy.KindRole) {
		if slices.Contains(x.Role.Roles, o.Name) {
			v.Inside = append(v.Inside, ui.Link{Text: x.Title, URL: roleURL(x.ID)})
		}
	}
	given, err := access.CountGiven(tx)
	if err != nil {
		return err
	}
	v.Holders = given[o.ID]
	return r.roleMembers(tx, o, bad, v)
}

// roleState says that a role does not give anything, and why.
func (r *request) roleState(s policy.State) string {
	switch s {
	case policy.Draft:
		return r.T("Draft: it gives nothing yet.")
	case policy.Proposed:
		return r.T("Proposed: it gives nothing yet; a planned change to “active” shows what it will do.")
	}
	return r.T("Retired: it gives nothing any more.")
}

func parameterWord(p *policy.Parameter) string {
	word := cmp.Or(p.Title, p.Name)
	if len(p.Values) > 0 {
		word += ": " + strings.Join(p.Values, ", ")
	}
	return word
}

// paramWords says what a role was given with: "cost_center 4711".
func paramWords(param string) string {
	values := policy.ParseParam(param)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		out = append(out, name+" "+values[name])
	}
	return strings.Join(out, ", ")
}

func (r *request) roleMembers(tx *db.Tx, o *policy.Object, bad ui.Errors, v *templates.RoleView) error {
	all, err := access.Members(tx, o.ID, membersMost)
	for _, m := range all {
		row := templates.RoleMemberRow{Person: ui.Link{Text: m.PersonName, URL: r.to("person.read_any", personURL(m.PersonRef))}, From: r.at(m.From), Ahead: m.From.After(tx.Now), By: m.By, Reason: m.Reason, With: paramWords(m.Param),
			EndURL: r.to("role.assign", fmt.Sprintf("%s/members/%d/end", roleURL(o.ID), m.ID))}
		if m.To != nil {
			row.Until = r.at(*m.To)
		}
		v.Members = append(v.Members, row)
	}
	if r.may("role.assign") && o.Role.State == policy.Active {
		v.Join = &templates.JoinForm{Action: roleURL(o.ID) + "/members", Person: r.field("person"), From: r.field("from"), Until: r.field("until"), Reason: r.field("reason"), Min: tx.Now.Format(time.DateOnly), Errors: bad}
		for _, p := range o.Role.Parameters {
			in := ui.Field{Name: "with." + p.Name, Label: cmp.Or(p.Title, p.Name), Kind: "text", Value: r.field("with." + p.Name), Required: true, Short: true, Error: bad.Of("with." + p.Name)}
			if len(p.Values) > 0 {
				in.Hint = r.T("One of %s", strings.Join(p.Values, ", "))
			}
			v.Join.With = append(v.Join.With, in)
		}
	}
	return err
}

// roleJoin makes somebody a member.
func (s *server) roleJoin(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	m := lifecycle.Membership{Reason: r.field("reason")}
	var bad ui.Errors
	m.From = r.formDay("from", 0, &bad)
	m.To = r.formDay("until", 1, &bad)
	if len(bad) > 0 {
		return s.rolePage(r, http.StatusBadRequest, bad)
	}
	var p *identity.Person
	fields := map[string]string{}
	err := r.do(func(tx *db.Tx) error {
		_, o, err := r.role(tx)
		if err != nil {
			return err
		}
		m.Role = o.ID
		values := map[string]string{}
		fields[""] = "person"
		for _, p := range o.Role.Parameters {
			values[p.Name], fields[p.Name] = r.field("with."+p.Name), "with."+p.Name
		}
		m.Param = policy.Param(values)
		r.back = ui.Link{Text: r.T("Back to %s", o.Title), URL: roleURL(o.ID)}
		found, err := catalog.People(tx, []string{r.field("person")})
		if err != nil {
			return err
		}
		who := found[r.field("person")]
		if who == 0 {
			return errs.InvalidFields("nobody became a member:", []errs.Field{{Field: "person", Rule: "must be the number or e-mail address of one person"}})
		}
		if p, err = identity.Get(tx, who); err != nil {
			return err
		}
		_, err = lifecycle.Join(tx, who, m)
		return err
	})
	if bad, ok := r.faults(err, fields); ok && errs.KindOf(err) != errs.KindForbidden {
		return s.rolePage(r, http.StatusBadRequest, bad)
	}
	if err != nil {
		return err
	}
	return r.goWith(roleURL(m.Role)+"#members", ui.Notice{Tone: ui.Good, Title: r.T("%s is a member", p.Name), Text: r.T("What the role gives is on its way.")})
}

// formDay reads a day of a form in the reader's zone, so many days on; an empty field is no time.
func (r *request) formDay(name string, days int, bad *ui.Errors) time.Time {
	text := r.field(name)
	if text == "" {
		return time.Time{}
	}
	d, err := time.ParseInLocation(time.DateOnly, text, r.zoneOr())
	if err != nil {
		*bad = append(*bad, ui.FieldError{Field: name, Text: r.T("Write the day as 2026-03-01.")})
	}
	return d.AddDate(0, 0, days)
}

func (s *server) roleEndAsk(r *request) error { return s.roleEndPage(r, http.StatusOK, nil) }

func (s *server) roleEndPage(r *request, status int, bad ui.Errors) error {
	var v templates.AskView
	err := r.read(func(tx *db.Tx) error {
		_, o, m, err := r.membership(tx)
		if err != nil {
			return err
		}
		at := roleURL(o.ID)
		v = templates.AskView{Up: []ui.Link{{Text: r.T("Policy"), URL: "/policy"}, {Text: o.Title, URL: at}}, Title: r.T("End the membership of %s?", m.PersonName), Lead: r.T("%s decided it: %s", m.By, m.Reason),
			Will: []string{r.T("What the role gives is taken away, unless something else gives it as well")}, Action: fmt.Sprintf("%s/members/%d/end", at, m.ID), Button: r.T("End the membership"), Icon: "ban",
			Reason: true, Typed: r.field("reason"), Errors: bad, Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: at}}
		return nil
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Ask(r.shell(v.Title), v))
}

func (r *request) membership(tx *db.Tx) (*policy.Snapshot, *policy.Object, *access.MemberLine, error) {
	pol, o, err := r.role(tx)
	if err != nil {
		return nil, nil, nil, err
	}
	id, err := r.number("member")
	if err != nil {
		return nil, nil, nil, nothing("membership")
	}
	m, ok, err := access.Member(tx, o.ID, id)
	if err == nil && !ok {
		err = nothing("membership")
	}
	return pol, o, &m, err
}

// roleEnd ends a membership.
func (s *server) roleEnd(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	at := ""
	err := r.do(func(tx *db.Tx) error {
		_, o, m, err := r.membership(tx)
		if err != nil {
			return err
		}
		at = roleURL(o.ID)
		_, err = lifecycle.Leave(tx, m.Person, o.ID, m.Param, r.field("reason"))
		return err
	})
	if bad, ok := r.faults(err, nil); ok && r.field("reason") == "" {
		return s.roleEndPage(r, http.StatusBadRequest, bad)
	}
	if err != nil {
		return err
	}
	return r.goWith(at+"#members", ui.Notice{Tone: ui.Good, Title: r.T("The membership has ended")})
}
