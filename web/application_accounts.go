package web

import (
	"strconv"
	"tenure/templates/lang"
	"time"

	"github.com/a-h/templ"

	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/templates"
	"tenure/templates/ui"
)

var accountStates = []ui.Option{{Text: lang.Mark("All")}, {Value: "enabled", Text: lang.Mark("Enabled")}, {Value: "disabled", Text: lang.Mark("Disabled")}, {Value: "orphan", Text: lang.Mark("Orphans")}, {Value: "zombie", Text: lang.Mark("Zombies")},
	{Value: "dormant", Text: lang.Mark("Dormant")}, {Value: "privileged", Text: lang.Mark("Privileged")}, {Value: "service", Text: lang.Mark("Service accounts")}}

var accountSpec = listSpec{name: "accounts", label: lang.Mark("Accounts"), sort: "name", other: []string{"tab"},
	filters: []listFilter{{name: "state", options: accountStates}, {name: "entitlement"}},
	columns: []listColumn{{key: "name", text: lang.Mark("Account"), sorted: true, fixed: true}, {key: "person", text: lang.Mark("Person")}, {key: "state", text: lang.Mark("State")}, {key: "sign_in", text: lang.Mark("Last sign-in"), sorted: true}}}

// accountsOf is the list of an application's accounts.
func accountsOf(application string) *listSpec {
	spec := accountSpec
	spec.of, spec.path = application, applicationURL(application)
	return &spec
}

// applicationAccounts fills the tab of accounts, or sends it as a file.
func (r *request) applicationAccounts(tx *db.Tx, cat *catalog.Catalog, a *catalog.Application, counts map[string]int, v *templates.ApplicationView) (sent bool, err error) {
	l, err := r.list(accountsOf(a.Name))
	if err != nil {
		return false, err
	}
	f := catalog.LoginFilter{Application: a.ID, State: l.filter("state"), Dormant: r.dormantSince(a)}
	if text := l.filter("entitlement"); text != "" {
		f.Entitlement, _ = strconv.Atoi(text)
		if e := cat.Entitlements[f.Entitlement]; e == nil || e.ApplicationID != a.ID {
			return false, errs.Invalid("there is no such entitlement to filter by")
		}
	}
	if l.csv {
		return true, r.accountFile(tx, f, l)
	}
	for _, o := range accountStates {
		c := l.chip(o.Text, "state", o.Value)
		c.Count, c.Counted = counts[o.Value], f.Entitlement == 0
		v.Filters = append(v.Filters, c)
	}
	all, more, err := catalog.Logins(tx, f, l.page())
	if err != nil {
		return false, err
	}
	v.Grid = l.grid()
	v.Grid.Blank = ui.Blank{Icon: "user", Title: r.T("No account here"), Text: r.T("They appear with the first reading of the target.")}
	for i := range all {
		row := r.accountRow(&all[i], f.Dormant)
		v.Grid.Rows = append(v.Grid.Rows, ui.Row{Name: row.Name, URL: row.Person.URL, Cells: []templ.Component{templates.AccountName(row), templates.AccountPerson(row), templates.AccountState(row), templates.AccountSignIn(row)}})
	}
	of := upTo(counts[f.State])
	if f.Entitlement != 0 {
		of = total{}
	}
	if len(all) == 0 {
		l.pages(&v.Grid, 0, nil, nil, false, of)
	} else {
		l.pages(&v.Grid, len(all), accountPlace(l, &all[0]), accountPlace(l, &all[len(all)-1]), more, of)
	}
	return false, r.views(tx, l, &v.Grid)
}

// accountPlace is where a line stands in the order.
func accountPlace(l *list, a *catalog.Login) []string {
	value := a.Name
	if l.sort == "sign_in" {
		value = time.Unix(0, 0).UTC().Format(time.RFC3339Nano)
		if a.LastSignIn != nil {
			value = a.LastSignIn.UTC().Format(time.RFC3339Nano)
		}
	}
	return []string{value, strconv.Itoa(a.ID)}
}

func (r *request) accountRow(a *catalog.Login, dormant time.Time) templates.AccountRow {
	row := templates.AccountRow{Name: a.Name, NativeID: a.NativeID, State: loginState(*a), Privileged: a.Privileged, LastSignIn: r.maybe(a.LastSignIn),
		Dormant: a.Enabled && a.LastSignIn != nil && a.LastSignIn.Before(dormant), Zombie: a.Enabled && a.PersonState == "left"}
	switch {
	case a.Person != "":
		row.Person = ui.Link{Text: a.Person, URL: r.to("person.read_any", personURL(a.PersonRef))}
	case a.Kind == "service":
		row.Person = ui.Link{Text: r.T("a machine's")}
	}
	return row
}

func (r *request) accountFile(tx *db.Tx, f catalog.LoginFilter, l *list) error {
	p := l.page()
	p.After, p.Back, p.Limit = nil, false, fileMost
	all, _, err := catalog.Logins(tx, f, p)
	if err != nil {
		return err
	}
	return r.sendCSV("accounts", []string{r.T("Account"), r.T("Id at the target"), r.T("Person"), r.T("Kind"), r.T("Enabled"), r.T("Privileged"), r.T("Last sign-in")}, eachLine(all, func(a *catalog.Login) []string {
		last := ""
		if a.LastSignIn != nil {
			last = a.LastSignIn.UTC().Format(time.RFC3339)
		}
		return []string{a.Name, a.NativeID, a.Person, a.Kind, strconv.FormatBool(a.Enabled), strconv.FormatBool(a.Privileged), last}
	}))
}
