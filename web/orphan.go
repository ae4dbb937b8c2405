package web

import (
	"fmt"
	"net/http"
	"strconv"
	"tenure/templates/lang"

	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/lifecycle"
	"tenure/templates"
	"tenure/templates/ui"
)

// orphans lists the accounts of an application that belong to nobody, with whom they may belong to.
func (s *server) orphans(r *request) error {
	var v templates.OrphansView
	err := r.read(func(tx *db.Tx) error {
		_, a, err := r.application(tx, "account.claim")
		if err != nil {
			return err
		}
		after := r.cursor("after")
		v = templates.OrphansView{Name: a.Title, URL: applicationURL(a.Name), First: after == 0}
		all, err := catalog.Orphans(tx, a, after, pageSize)
		for i := range all {
			v.Rows = append(v.Rows, r.orphanRow(a, &all[i]))
		}
		if len(all) == pageSize {
			v.Pager.NextURL = link(v.URL+"/orphans", "after", strconv.Itoa(all[len(all)-1].ID))
		}
		if after > 0 {
			v.Pager.FirstURL = v.URL + "/orphans"
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.show(templates.Orphans(r.shell(r.T("Accounts that belong to nobody")), v))
}

func orphanURL(a *catalog.Application, id int, act string) string {
	return fmt.Sprintf("%s/orphans/%d/%s", applicationURL(a.Name), id, act)
}

func (r *request) orphanRow(a *catalog.Application, o *catalog.Orphan) templates.OrphanRow {
	row := templates.OrphanRow{Name: o.Name, Second: o.Email, State: "disabled", Privileged: o.Privileged, Holds: r.Plural(o.Holds, "entitlement", "entitlements"), LastSignIn: r.maybe(o.LastSignIn),
		Disabling: o.Disabling, ClaimURL: orphanURL(a, o.ID, "claim"), ServiceURL: orphanURL(a, o.ID, "service")}
	if row.Second == "" {
		row.Second = o.NativeID
	}
	if o.Enabled {
		row.State = "enabled"
		if !o.Disabling && a.Mode != catalog.Observe {
			row.DisableURL = orphanURL(a, o.ID, "disable")
		}
	}
	for _, g := range o.Suggested {
		why := r.and(g.Why, 4)
		if g.HasOne {
			why += r.T("; has an account here already")
		}
		guess := templates.OrphanGuess{Person: ui.Link{Text: g.Name, URL: r.to("person.read_any", personURL(g.PublicID))}, State: g.State, Why: why, HasOne: g.HasOne}
		if g.Identity != r.who.ID && g.Number != "" {
			guess.URL = link(row.ClaimURL, "person", g.Number)
		}
		row.Suggested = append(row.Suggested, guess)
	}
	return row
}

// orphanAct is one thing to do with an orphan: what its page asks, and what is done.
type orphanAct struct {
	title        string
	will, not    []string
	button, icon string
	field        ui.Field
	do           func(tx *db.Tx, a *catalog.Application, account, who int, reason string) error
	done         string
}

var orphanActs = map[string]orphanAct{
	"claim": {title: lang.Mark("Whose account is %s?"), will: []string{lang.Mark("The account is linked to this person"), lang.Mark("What it holds gets the reason “found and accepted”, with your name"), lang.Mark("If the person has left, the account is taken away")},
		not: []string{lang.Mark("Nobody is asked again: choose with care")}, button: lang.Mark("It is theirs"), icon: "user",
		field: ui.Field{Name: "person", Label: lang.Mark("Person"), Kind: "text", Hint: lang.Mark("Number or e-mail address"), Required: true, Short: true}, do: lifecycle.Claim, done: lang.Mark("%s has its person")},
	"service": {title: lang.Mark("Is %s a machine's account?"), will: []string{lang.Mark("It counts as a service account and is no orphan any more"), lang.Mark("The person you name answers for it")}, not: []string{lang.Mark("Nothing changes at the target")},
		button: lang.Mark("It is a machine's"), icon: "device-desktop", field: ui.Field{Name: "person", Label: lang.Mark("Who answers for it"), Kind: "text", Hint: lang.Mark("Number or e-mail address"), Required: true, Short: true},
		do: func(tx *db.Tx, a *catalog.Application, account, who int, reason string) error {
			return catalog.DeclareService(tx, a.ID, account, who, reason)
		}, done: lang.Mark("%s is a service account")},
	"disable": {title: lang.Mark("Propose to disable %s?"), will: []string{lang.Mark("A proposal stands on the operations board until somebody releases it"), lang.Mark("Then nobody can sign in with it; what it holds stays")}, not: []string{lang.Mark("Nothing is deleted")},
		button: lang.Mark("Propose it"), icon: "ban", do: func(tx *db.Tx, a *catalog.Application, account, _ int, reason string) error {
			return lifecycle.ProposeDisabling(tx, a, account, reason)
		}, done: lang.Mark("Disabling %s is proposed")},
}

func (s *server) orphanAsk(r *request) error {
	return s.orphanPage(r, http.StatusOK, r.Query("person"), nil)
}

func (s *server) orphanPage(r *request, status int, person string, bad ui.Errors) error {
	act, ok := orphanActs[r.Param("act")]
	if !ok {
		return nothing("page")
	}
	var v templates.OrphanAskView
	err := r.read(func(tx *db.Tx) error {
		a, o, err := r.orphan(tx)
		if err != nil {
			return err
		}
		back := ui.Link{Text: r.T("Go back, change nothing"), URL: applicationURL(a.Name) + "/orphans"}
		v = templates.OrphanAskView{Up: []ui.Link{{Text: r.T("Applications"), URL: "/applications"}, {Text: a.Title, URL: applicationURL(a.Name)}, {Text: r.T("Orphans"), URL: back.URL}}, Field: act.field}
		v.Field.Label, v.Field.Hint = r.T(act.field.Label), r.T(act.field.Hint)
		v.Field.Value, v.Field.Error = person, bad.Of("person")
		v.Check = ui.Check{Action: orphanURL(a, o.ID, r.Param("act")), Title: r.T(act.title, o.Name), Will: r.each(act.will), Not: r.each(act.not), Reason: r.T("Why are you sure?"), Value: r.field("reason"),
			Button: ui.Buttons{Text: r.T(act.button), Icon: act.icon, Cancel: back}, Errors: bad,
			Facts: []ui.Line{{Name: r.T("Account"), Text: o.Name}, {Name: r.T("E-mail address there"), Text: o.Email}, {Name: r.T("Holds"), Text: r.Plural(o.Holds, "entitlement", "entitlements")}}}
		return nil
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.OrphanAsk(r.shell(v.Check.Title), v))
}

// orphan gives the orphan that the path names.
func (r *request) orphan(tx *db.Tx) (*catalog.Application, *catalog.Orphan, error) {
	_, a, err := r.application(tx, "account.claim")
	if err != nil {
		return nil, nil, err
	}
	id, err := r.number("id")
	if err != nil {
		return nil, nil, nothing("account")
	}
	o, err := catalog.GetOrphan(tx, a, id)
	return a, o, err
}

// orphanDo does it.
func (s *server) orphanDo(r *request) error {
	act, ok := orphanActs[r.Param("act")]
	if !ok {
		return nothing("page")
	}
	if err := r.form(); err != nil {
		return err
	}
	reason, person := r.field("reason"), r.field("person")
	if reason == "" {
		return s.orphanPage(r, http.StatusBadRequest, person, ui.Errors{{Field: "reason", Text: r.T("Say why you are sure.")}})
	}
	var a *catalog.Application
	name := ""
	err := r.do(func(tx *db.Tx) error {
		app, o, err := r.orphan(tx)
		if err != nil {
			return err
		}
		a, name = app, o.Name
		who := 0
		if act.field.Name != "" {
			found, err := catalog.People(tx, []string{person})
			if err != nil {
				return err
			}
			if who = found[person]; who == 0 {
				return errs.InvalidFields("whose it is:", []errs.Field{{Field: "person", Rule: "must be the number or e-mail address of one person"}})
			}
		}
		return act.do(tx, a, o.ID, who, reason)
	})
	if bad, ok := r.faults(err, map[string]string{"": "person"}); ok && errs.KindOf(err) == errs.KindInvalid {
		return s.orphanPage(r, http.StatusBadRequest, person, bad)
	}
	if err != nil {
		return err
	}
	return r.goWith(applicationURL(a.Name)+"/orphans", ui.Notice{Tone: ui.Good, Title: r.T(act.done, name)})
}
