package web

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/policy/mining"
	"tenure/templates"
	"tenure/templates/lang"
	"tenure/templates/ui"
)

const outliersURL = "/policy/outliers"

var outlierSpec = listSpec{name: "outliers", label: lang.Mark("Unusual access"), path: outliersURL, sort: "rank", filters: []listFilter{{name: "application"}},
	columns: []listColumn{{key: "person", text: lang.Mark("Person"), fixed: true}, {key: "entitlement", text: lang.Mark("Entitlement"), fixed: true}, {key: "unusual", text: lang.Mark("Why it is unusual")},
		{key: "since", text: lang.Mark("Since")}, {key: "why", text: lang.Mark("Why it is held")}}}

// outliers lists what people hold and their peers do not, as the last look for roles found it.
func (s *server) outliers(r *request) error {
	v := templates.OutliersView{StartURL: miningURL}
	sent := false
	err := r.read(func(tx *db.Tx) error {
		cat, err := catalog.Load(tx)
		if err != nil {
			return err
		}
		spec := outlierSpec
		spec.filters = slices.Clone(spec.filters)
		spec.filters[0].options = []ui.Option{{}}
		for _, name := range sortedKeys(cat.AppNamed) {
			spec.filters[0].options = append(spec.filters[0].options, ui.Option{Value: name, Text: cat.AppNamed[name].Title})
		}
		l, err := r.list(&spec)
		if err != nil {
			return err
		}
		runs, err := audit.MiningRuns(tx)
		if err != nil {
			return err
		}
		if len(runs) == 0 {
			v.Uncounted, v.Lead = true, r.T("What somebody holds and people like them do not.")
			return nil
		}
		run, app := runs[0], 0
		if a := cat.AppNamed[l.filter("application")]; a != nil {
			app = a.ID
		}
		if sent = l.csv; sent {
			return r.outlierFile(tx, run, app, cat, l)
		}
		v.Lead = r.T("What somebody holds and people like them do not: %s were compared, %s.", r.Plural(run.Judged, "person", "people"), r.at(run.Made).Text)
		counts, err := audit.CountOutliers(tx, run.ID)
		if err != nil {
			return err
		}
		all := l.chip(r.T("All"), "application", "")
		all.Count, all.Counted = run.NumOutliers, true
		v.Chips = append(v.Chips, all)
		for _, name := range sortedKeys(cat.AppNamed) {
			a := cat.AppNamed[name]
			if n := counts[a.ID]; n > 0 || a.ID == app {
				v.Chips = append(v.Chips, ui.Chip{Text: a.Title, URL: l.to("application", name), Current: a.ID == app, Count: n, Counted: true})
			}
		}
		return r.outlierGrid(tx, run, app, cat, l, &v.Grid)
	})
	if err != nil || sent {
		return err
	}
	return r.show(templates.Outliers(r.shell(r.T("Unusual access")), v))
}

func (r *request) outlierGrid(tx *db.Tx, run *audit.MiningRun, app int, cat *catalog.Catalog, l *list, g *ui.Grid) error {
	all, more, err := audit.Outliers(tx, run.ID, app, l.page())
	if err != nil {
		return err
	}
	*g = l.grid()
	g.Blank = ui.Blank{Icon: "circle-check", Title: r.T("Nobody holds anything unusual"), Text: r.T("Everybody holds about what people like them hold, or has too few peers to tell."), Link: ui.Link{Text: r.T("See the people"), URL: r.to("person.read_any", "/people")}}
	for i := range all {
		x := &all[i]
		address := r.to("person.read_any", personURL(x.PersonRef))
		name, app, privileged := r.T("something that is no longer declared"), "", false
		if e := cat.Entitlements[x.Entitlement]; e != nil {
			name, app, privileged = e.Title, cat.Apps[e.ApplicationID].Title, e.Privileged
		}
		why, held := r.heldBecause(x)
		g.Rows = append(g.Rows, ui.Row{Name: x.PersonName + ", " + name, URL: address, Quiet: !held,
			Cells: []templ.Component{ui.Main(x.PersonName, address, ""), templates.Unusual(name, app, privileged), ui.Words(r.unusual(&x.Found)), ui.When(r.maybe(x.Since()), r.T("none")), ui.Words(why)}})
	}
	if n := len(all); n > 0 {
		at := func(x *audit.OutlierLine) []string { return []string{strconv.Itoa(x.N), strconv.Itoa(x.N)} }
		of := total{}
		if app == 0 {
			of.n = run.NumOutliers
		}
		l.pages(g, n, at(&all[0]), at(&all[n-1]), more, of)
	} else {
		l.pages(g, 0, nil, nil, false, total{})
	}
	return r.views(tx, l, g)
}

func (r *request) outlierFile(tx *db.Tx, run *audit.MiningRun, app int, cat *catalog.Catalog, l *list) error {
	p := l.page()
	p.After, p.Back, p.Limit = nil, false, fileMost
	all, _, err := audit.Outliers(tx, run.ID, app, p)
	if err != nil {
		return err
	}
	return r.sendCSV("unusual-access", []string{r.T("Person"), r.T("Entitlement"), r.T("Why it is unusual"), r.T("Since"), r.T("Why it is held")}, eachLine(all, func(x *audit.OutlierLine) []string {
		since := ""
		if at := x.Since(); at != nil {
			since = at.UTC().Format(time.RFC3339)
		}
		why, _ := r.heldBecause(x)
		return []string{x.PersonName, r.entitlementWord(cat, x.Entitlement), r.unusual(&x.Found), since, why}
	}))
}

// heldBecause says why something is held now, and whether it is.
func (r *request) heldBecause(x *audit.OutlierLine) (why string, held bool) {
	switch {
	case len(x.Reasons) > 0:
		var all []string
		for _, y := range x.Reasons {
			all = append(all, y.Text)
		}
		return r.and(all, 4), true
	case x.Seen != nil:
		return r.T("seen in the application, without a reason"), true
	}
	return r.T("not held any more"), false
}

// unusual says who the peers are and how few of them hold it.
func (r *request) unusual(o *mining.Outlier) string {
	if len(o.Attributes) == 0 {
		if o.Holders <= 1 {
			return r.T("None of the %d people with the most similar access holds this.", o.Peers-1)
		}
		return r.T("%d of the %d people with the most similar access hold this.", o.Holders-1, o.Peers-1)
	}
	var like []string
	for i, a := range o.Attributes {
		v := o.Values[i]
		switch a {
		case "department":
			v = r.T("in %s", v)
		case "title":
			v = r.T("with the title %s", v)
		case "location":
			v = r.T("located in %s", v)
		default:
			v = r.T("with %s %s", strings.ReplaceAll(a, "_", " "), v)
		}
		like = append(like, v)
	}
	if o.Holders <= 1 {
		return r.T("Nobody else of the %d people %s holds this.", o.Peers, r.and(like, 4))
	}
	return r.T("%d of the %d people %s hold this.", o.Holders, o.Peers, r.and(like, 4))
}
