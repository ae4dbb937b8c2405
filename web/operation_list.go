package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/templates"
	"tenure/templates/lang"
	"tenure/templates/ui"
)

var operationSpec = listSpec{name: "operations", label: lang.Mark("Operations"), path: "/operations", sort: "-id", other: []string{"live"},
	filters: []listFilter{{name: "state", options: stateOptions()}, {name: "application"}, {name: "person"},
		{name: "class", label: lang.Mark("Class"), options: []ui.Option{{Text: lang.Mark("All")}, {Value: "leaver", Text: lang.Mark("Leavers")}}},
		{name: "kind", label: lang.Mark("What"), options: []ui.Option{{Text: lang.Mark("Anything")}, {Value: "create", Text: lang.Mark("Create an account")}, {Value: "update", Text: lang.Mark("Update an account")}, {Value: "enable", Text: lang.Mark("Enable")},
			{Value: "disable", Text: lang.Mark("Disable")}, {Value: "grant", Text: lang.Mark("Grant")}, {Value: "revoke", Text: lang.Mark("Take away")}, {Value: "delete", Text: lang.Mark("Delete an account")}}},
		{name: "cause", label: lang.Mark("Because of"), options: []ui.Option{{Text: lang.Mark("Anything")}, {Value: "hr", Text: lang.Mark("What HR says")}, {Value: "due", Text: lang.Mark("A day that came")}, {Value: "policy", Text: lang.Mark("A change of the policy")},
			{Value: "terminate", Text: lang.Mark("A termination")}, {Value: "reinstate", Text: lang.Mark("A termination that was lifted")}, {Value: "adopt", Text: lang.Mark("Accepted access")}, {Value: "drift", Text: lang.Mark("Repair")}, {Value: "orphan", Text: lang.Mark("An orphan")}}}},
	columns: []listColumn{{key: "id", text: lang.Mark("Operation"), sorted: true, fixed: true}, {key: "state", text: lang.Mark("State")}, {key: "application", text: lang.Mark("Application")}, {key: "person", text: lang.Mark("Person")},
		{key: "attempts", text: lang.Mark("Attempts"), number: true}, {key: "next", text: lang.Mark("Next try")}, {key: "cause", text: lang.Mark("Because of"), off: true}, {key: "created", text: lang.Mark("Asked"), off: true}}}

func stateOptions() []ui.Option {
	out := []ui.Option{{Text: lang.Mark("All")}}
	for _, f := range operationFilters {
		out = append(out, ui.Option{Value: string(f.state), Text: f.word})
	}
	return out
}

// operations is the board and its list.
func (s *server) operations(r *request) error {
	v := templates.OperationsView{Live: r.live("board")}
	sent := false
	err := r.read(func(tx *db.Tx) error {
		l, err := r.list(&operationSpec)
		if err != nil {
			return err
		}
		cat, err := catalog.Load(tx)
		if err != nil {
			return err
		}
		f, err := r.operationFilter(tx, cat, l)
		if err != nil {
			return err
		}
		if sent = l.csv; sent {
			return r.operationFile(tx, f, l)
		}
		if a := cat.Apps[f.Application]; a != nil {
			v.Title = r.T("Operations in %s", a.Title)
		}
		counts, err := r.boardApps(tx, cat, &v)
		if err != nil {
			return err
		}
		r.boardFigures(l, counts, &v)
		return r.operationGrid(tx, f, l, &v.Grid)
	})
	if err != nil || sent {
		return err
	}
	sh := r.shell(r.T("Operations"))
	sh.Refresh = v.Live.URL != ""
	return r.show(templates.Operations(sh, v))
}

func (r *request) boardFigures(l *list, counts map[access.State]int, v *templates.OperationsView) {
	v.Chips = []ui.Chip{l.chip(r.T("All"), "state", "")}
	for _, f := range operationFilters {
		n, counted := counts[f.state]
		c := l.chip(f.word, "state", string(f.state))
		c.Count, c.Counted = n, counted && l.filter("application") == ""
		v.Chips = append(v.Chips, c)
		if !counted {
			continue
		}
		fig := ui.Figure{Label: l.T(f.word), Value: r.Int(n), URL: link("/operations", "state", string(f.state))}
		if f.state == access.Failed {
			fig = alarm(fig, n, ui.Bad, "circle-x")
		}
		v.Figures = append(v.Figures, fig)
	}
}

// operationFilter makes what the room is asked for of what the address says.
func (r *request) operationFilter(tx *db.Tx, cat *catalog.Catalog, l *list) (access.Filter, error) {
	f := access.Filter{State: access.State(l.filter("state")), Kind: l.filter("kind"), Cause: l.filter("cause"), Leavers: l.filter("class") == "leaver"}
	if name := l.filter("application"); name != "" {
		a := cat.AppNamed[name]
		if a == nil {
			return f, errs.Invalid("there is no application %q to filter by", name)
		}
		f.Application = a.ID
	}
	if ref := l.filter("person"); ref != "" {
		p, ok, err := identity.ByRef(tx, ref)
		if err != nil || !ok {
			return f, orInvalid(err, r.T("there is no such person to filter by"))
		}
		f.Person = p.ID
	}
	return f, nil
}

func orInvalid(err error, words string) error {
	if err != nil {
		return err
	}
	return errs.Invalid("%s", words)
}

func (r *request) operationGrid(tx *db.Tx, f access.Filter, l *list, g *ui.Grid) error {
	all, more, err := access.List(tx, f, l.page())
	if err != nil {
		return err
	}
	n, err := access.CountUpTo(tx, f, countCap+1)
	if err != nil {
		return err
	}
	*g = l.grid()
	g.Blank = ui.Blank{Icon: "circle-check", Title: r.T("Nothing to do"), Text: r.T("When a person joins, moves or leaves, what follows at the targets stands here.")}
	g.Bulk = ui.Bulk{Action: r.to("operation.retry", "/operations/chosen"), All: l.all(time.Now()), Total: upTo(n).in(r.Language)}
	if g.Bulk.Action == "" {
		g.Bulk.Action = r.to("operation.release", "/operations/chosen")
	}
	if r.may("operation.retry") {
		g.Bulk.Acts = append(g.Bulk.Acts, ui.BulkAct{Value: "retry", Text: r.T("Try again"), Icon: "refresh"})
	}
	if r.may("operation.release") {
		g.Bulk.Acts = append(g.Bulk.Acts, ui.BulkAct{Value: "release", Text: r.T("Release"), Icon: "lock-open"})
	}
	for i := range all {
		o := &all[i]
		row := r.operationRow(o)
		line := ui.Row{ID: row.Key, Name: row.What + " " + row.ID, URL: row.URL, Quiet: o.State == access.Cancelled, Cells: []templ.Component{templates.OperationName(row), templates.OperationState(row.State, row.Error),
			ui.Main(row.Application.Text, row.Application.URL, row.Account), ui.Linked(row.Person), ui.Number(row.Attempts, ""), ui.When(row.Next, r.T("none planned")), ui.Words(r.causeWord(o.Cause)), ui.When(r.at(o.Created), r.T("not known"))}}
		if row.RetryURL != "" {
			line.Acts = []ui.Act{{Key: "a", Text: r.T("Try again"), Icon: "refresh", URL: row.RetryURL}}
		}
		g.Rows = append(g.Rows, line)
	}
	if len(all) > 0 {
		first, last := strconv.FormatInt(all[0].ID, 10), strconv.FormatInt(all[len(all)-1].ID, 10)
		l.pages(g, len(all), []string{first, first}, []string{last, last}, more, upTo(n))
	} else {
		l.pages(g, 0, nil, nil, false, upTo(n))
	}
	return r.views(tx, l, g)
}

// fileMost is how many lines an exported list has at most.
const fileMost = 100_000

func (r *request) operationFile(tx *db.Tx, f access.Filter, l *list) error {
	p := l.page()
	p.After, p.Back, p.Limit = nil, false, fileMost
	all, _, err := access.List(tx, f, p)
	if err != nil {
		return err
	}
	return r.sendCSV("operations", []string{r.T("Operation"), r.T("What"), r.T("State"), r.T("Application"), r.T("Account"), r.T("Person"), r.T("Attempts"), r.T("Because of"), r.T("Asked"), r.T("Error")}, eachLine(all, func(o *access.Item) []string {
		return []string{strconv.FormatInt(o.ID, 10), r.operationWord(o.Kind, o.Entitlement), string(o.State), o.ApplicationTitle, o.Account, o.Person, strconv.Itoa(o.Attempts), r.causeWord(o.Cause), o.Created.UTC().Format(time.RFC3339), o.Error}
	}))
}

// operationsChosen does something with many operations. The first post asks; the second one, which says so, does it and tells
// of each what became of it.
func (s *server) operationsChosen(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	act := oneOf(r.field("act"), "retry", "release")
	permission := map[string]string{"retry": "operation.retry", "release": "operation.release"}[act]
	if act == "" {
		return errs.Invalid("say what is to be done with the operations")
	}
	if !r.may(permission) {
		return errs.Forbidden("this is not for you to do with operations")
	}
	var ids []int64
	if err := r.read(func(tx *db.Tx) (err error) { ids, err = r.operationsNamed(tx, act); return err }); err != nil {
		return err
	}
	reason := r.field("reason")
	if r.field("sure") != "yes" || act == "release" && reason == "" {
		return s.operationsAsk(r, act, ids)
	}
	var was, is map[int64]access.Item
	err := r.do(func(tx *db.Tx) (err error) {
		if was, err = access.Named(tx, ids); err != nil {
			return err
		}
		if act == "retry" {
			if _, err = access.RetryMany(tx, ids); err != nil {
				return err
			}
		} else {
			for app, some := range byApplication(was) {
				if _, err := access.Release(tx, app, reason, some...); err != nil {
					return err
				}
			}
		}
		is, err = access.Named(tx, ids)
		return err
	})
	if err != nil {
		return err
	}
	title := map[string]string{"retry": r.T("Tried again"), "release": r.T("Released")}[act]
	return r.show(templates.OperationsDone(r.shell(title), title, r.operationResults(act, title, ids, was, is)))
}

func byApplication(all map[int64]access.Item) map[int][]int64 {
	out := map[int][]int64{}
	for id, it := range all {
		out[it.ApplicationID] = append(out[it.ApplicationID], id)
	}
	return out
}

// operationsNamed gives the numbers of the chosen operations: those ticked, or what matches the filter, a thousand at most.
func (r *request) operationsNamed(tx *db.Tx, act string) ([]int64, error) {
	c, err := r.chosen(&operationSpec)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, text := range c.IDs {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	if c.All == nil {
		return ids, nil
	}
	cat, err := catalog.Load(tx)
	if err != nil {
		return nil, err
	}
	f, err := r.operationFilter(tx, cat, c.All)
	if err != nil {
		return nil, err
	}
	f.Until = c.At
	if f.State == "" {
		f.State = map[string]access.State{"retry": access.Failed, "release": access.Proposed}[act]
	}
	all, more, err := access.List(tx, f, db.Page{Sort: "id", Limit: maxChosen})
	if more {
		return nil, errs.Invalid("more than %d match: narrow the filter, or do it in parts", maxChosen)
	}
	for _, it := range all {
		ids = append(ids, it.ID)
	}
	return ids, err
}

func (s *server) operationsAsk(r *request, act string, ids []int64) error {
	n := r.Plural(len(ids), "operation", "operations")
	c := ui.Check{Action: "/operations/chosen", Hidden: ui.Kept("act", act, "sure", "yes"), Button: ui.Buttons{Text: r.T("Try again"), Icon: "refresh", Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: "/operations"}},
		Title: r.T("Try %s again?", n), Will: []string{r.T("A worker takes each as soon as its turn comes"), r.T("Each is read back")}, Not: []string{r.T("What is not failed any more is left as it is")}}
	if act == "release" {
		c.Title, c.Button.Text, c.Button.Icon, c.Reason = r.T("Release %s?", n), r.T("Release"), "lock-open", r.T("Why they are right")
		c.Not = []string{r.T("What is for yourself is left out: nobody releases their own"), r.T("What is not proposed any more is left as it is")}
	}
	status := http.StatusOK
	if r.field("sure") == "yes" {
		status, c.Errors = http.StatusBadRequest, ui.Errors{{Field: "reason", Text: r.T("Say why they are right.")}}
	}
	for _, id := range ids {
		c.Hidden = append(c.Hidden, ui.Option{Text: "pick", Value: strconv.FormatInt(id, 10)})
	}
	return r.render(status, templates.OperationsAsk(r.shell(c.Title), templates.OperationsAskView{Check: c}))
}

func (r *request) operationResults(act, verb string, ids []int64, was, is map[int64]access.Item) ui.Result {
	out := ui.Result{Verb: verb, Back: ui.Link{Text: r.T("Back to the board"), URL: "/operations"}}
	from := map[string]access.State{"retry": access.Failed, "release": access.Proposed}[act]
	slices.Sort(ids)
	for _, id := range ids {
		before, there := was[id]
		now := is[id]
		line := ui.ResultLine{Link: ui.Link{Text: fmt.Sprintf("#%d", id), URL: operationURL(id)}, Text: r.T("%s in %s", r.operationWord(before.Kind, before.Entitlement), before.ApplicationTitle)}
		switch {
		case !there:
			out.Changed = append(out.Changed, ui.ResultLine{Link: ui.Link{Text: fmt.Sprintf("#%d", id)}, Text: r.T("It does not exist.")})
		case before.State != from:
			line.Text = r.T("It is now: %s.", strings.ToLower(r.operationStateWord(before.State)))
			out.Changed = append(out.Changed, line)
		case now.State != access.Pending:
			line.Text = r.T("It is for yourself: another person can.")
			out.Refused = append(out.Refused, line)
		default:
			out.Done = append(out.Done, line)
		}
	}
	return out
}

func (r *request) operationStateWord(s access.State) string {
	for _, f := range operationFilters {
		if f.state == s {
			return r.T(f.word)
		}
	}
	return string(s)
}
