package web

import (
	"net/http"
	"strconv"
	"time"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/provision"
	"tenure/templates"
	"tenure/templates/ui"
)

func itoa(n int) string { return strconv.Itoa(n) }

// personLine is one person of a file.
func personLine(x *identity.Line) []string {
	manager, first, last := "", "", ""
	if x.Manager != nil {
		manager = x.Manager.Name
	}
	if x.FirstDay != nil {
		first = x.FirstDay.Format(time.DateOnly)
	}
	if x.LastDay != nil {
		last = x.LastDay.Format(time.DateOnly)
	}
	return []string{x.Name, deref(x.Number), deref(x.Email), string(x.State), x.Department, x.Title, x.Location, x.Type, manager,
		x.Since.UTC().Format(time.RFC3339), first, last, x.PublicID}
}

// checkMost is how many people's targets are read at once by hand.
const checkMost = 500

// peopleChosen does something with the people who were chosen in the list: as a file, or a page that asks first.
func (s *server) peopleChosen(r *request) error {
	var v templates.AskView
	export := false
	err := r.read(func(tx *db.Tx) error {
		spec, err := r.peopleChoices(tx)
		if err != nil {
			return err
		}
		c, err := r.chosen(spec)
		if err != nil {
			return err
		}
		f, err := r.peopleMeant(tx, c)
		if err != nil {
			return err
		}
		switch r.field("act") {
		case "export":
			export = true
			return r.sendCSV("people", peopleHead, r.peopleLines(tx, f, db.Page{}))
		case "check":
			v, err = r.checkAsk(tx, f)
			return err
		}
		return errs.Invalid("choose what to do with them")
	})
	if err != nil || export {
		return err
	}
	return r.render(http.StatusOK, templates.Ask(r.shell(v.Title), v))
}

// peopleMeant gives the filter for the people who were chosen, those of them whom the reader may see.
func (r *request) peopleMeant(tx *db.Tx, c *chosen) (identity.Filter, error) {
	if c.All != nil {
		return r.peopleFilter(tx, c.All)
	}
	ids, err := identity.Refs(tx, c.IDs)
	if err != nil {
		return identity.Filter{}, err
	}
	f := identity.Filter{Among: ids}
	if !r.may("person.read_any") {
		team, err := r.people(tx, true, 5000)
		if err != nil {
			return f, err
		}
		mine := map[int]bool{}
		for _, id := range team {
			mine[id] = true
		}
		f.Among = []int{}
		for _, id := range ids {
			if mine[id] {
				f.Among = append(f.Among, id)
			}
		}
	}
	return f, nil
}

func (r *request) checkAsk(tx *db.Tx, f identity.Filter) (templates.AskView, error) {
	var v templates.AskView
	if !r.may("application.check_any") {
		return v, errs.Forbidden("checking targets is for IT")
	}
	lines, more, err := identity.List(tx, f, db.Page{Limit: checkMost})
	switch {
	case err != nil:
		return v, err
	case more:
		return v, errs.Invalid("the targets of up to %d people are read at once; choose fewer, or check whole applications", checkMost)
	case len(lines) == 0:
		return v, errs.Invalid("nobody is left of those who were chosen")
	}
	v = templates.AskView{Up: []ui.Link{{Text: r.T("People"), URL: "/people"}}, Title: r.T("Check the targets of %s now?", r.Plural(len(lines), "person", "people")),
		Will:   []string{r.T("Each of their accounts is read at its target, ahead of the hourly reading"), r.T("Nothing is changed there; what the reading shows is compared as always")},
		Action: "/people/check", Button: r.T("Check now"), Icon: "refresh", Cancel: ui.Link{Text: r.T("Go back"), URL: "/people"}}
	for _, x := range lines {
		v.Hidden = append(v.Hidden, ui.Option{Text: "pick", Value: x.PublicID})
	}
	return v, nil
}

// peopleCheck asks for the readings and says of whom.
func (s *server) peopleCheck(r *request) error {
	c, err := r.chosen(&peopleSpec)
	if err != nil {
		return err
	}
	if c.All != nil || len(c.IDs) > checkMost {
		return errs.Invalid("the targets of up to %d people are read at once", checkMost)
	}
	v := templates.CheckedView{Back: ui.Link{Text: r.T("People"), URL: "/people"}}
	err = r.do(func(tx *db.Tx) error {
		f, err := r.peopleMeant(tx, c)
		if err != nil {
			return err
		}
		asked, err := provision.AskReadings(tx, f.Among)
		if err != nil {
			return err
		}
		lines, _, err := identity.List(tx, f, db.Page{Limit: checkMost})
		for _, x := range lines {
			row := templates.CheckedRow{Person: ui.Link{Text: x.Name, URL: personURL(x.PublicID)}, Accounts: asked[x.ID]}
			if len(row.Accounts) > 0 {
				v.Asked++
			}
			v.Rows = append(v.Rows, row)
		}
		v.Refused = len(c.IDs) - len(lines)
		return err
	})
	if err != nil {
		return err
	}
	return r.show(templates.Checked(r.shell(r.T("Targets are being read")), v))
}
