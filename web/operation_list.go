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
	"tenure/templates/ui"
)

var operationSpec = listSpec{name: "operations", label: "Operations", path: "/operations", sort: "-id", other: []string{"live"},
	filters: []listFilter{{name: "state", options: stateOptions()}, {name: "application"}, {name: "person"},
		{name: "class", label: "Class", options: []ui.Option{{Text: "All"}, {Value: "leaver", Text: "Leavers"}}},
		{name: "kind", label: "What", options: []ui.Option{{Text: "Anything"}, {Value: "create", Text: "Create an account"}, {Value: "update", Text: "Update an account"}, {Value: "enable", Text: "Enable"},
			{Value: "disable", Text: "Disable"}, {Value: "grant", Text: "Grant"}, {Value: "revoke", Text: "Take away"}, {Value: "delete", Text: "Delete an account"}}},
		{name: "cause", label: "Because of", options: []ui.Option{{Text: "Anything"}, {Value: "hr", Text: "What HR says"}, {Value: "due", Text: "A day that came"}, {Value: "policy", Text: "A change of the policy"},
			{Value: "terminate", Text: "A termination"}, {Value: "reinstate", Text: "A termination that was lifted"}, {Value: "adopt", Text: "Accepted access"}, {Value: "drift", Text: "Repair"}, {Value: "orphan", Text: "An orphan"}}}},
	columns: []listColumn{{key: "id", text: "Operation", sorted: true, fixed: true}, {key: "state", text: "State"}, {key: "application", text: "Application"}, {key: "person", text: "Person"},
		{key: "attempts", text: "Attempts", number: true}, {key: "next", text: "Next try"}, {key: "cause", text: "Because of", off: true}, {key: "created", text: "Asked", off: true}}}

func stateOptions() []ui.Option {
	out := []ui.Option{{Text: "All"}}
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
			v.Title = "Operations in " + a.Title
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
	sh := r.shell("Operations")
	sh.Refresh = v.Live.URL != ""
	return r.show(templates.Operations(sh, v))
}

func (r *request) boardFigures(l *list, counts map[access.State]int, v *templates.OperationsView) {
	v.Chips = []ui.Chip{l.chip("All", "state", "")}
	for _, f := range operationFilters {
		n, counted := counts[f.state]
		c := l.chip(f.word, "state", string(f.state))
		c.Count, c.Counted = n, counted && l.filter("application") == ""
		v.Chips = append(v.Chips, c)
		if !counted {
			continue
		}
		fig := ui.Figure{Label: f.word, Value: ui.Int(n), URL: link("/operations", "state", string(f.state))}
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
			return f, orInvalid(err, "there is no such person to filter by")
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
	g.Blank = ui.Blank{Icon: "circle-check", Title: "Nothing to do", Text: "When a person joins, moves or leaves, what follows at the targets stands here."}
	g.Bulk = ui.Bulk{Action: r.to("operation.retry", "/operations/chosen"), All: l.all(time.Now()), Total: upTo(n).String()}
	if g.Bulk.Action == "" {
		g.Bulk.Action = r.to("operation.release", "/operations/chosen")
	}
	if r.may("operation.retry") {
		g.Bulk.Acts = append(g.Bulk.Acts, ui.BulkAct{Value: "retry", Text: "Try again", Icon: "refresh"})
	}
	if r.may("operation.release") {
		g.Bulk.Acts = append(g.Bulk.Acts, ui.BulkAct{Value: "release", Text: "Release", Icon: "lock-open"})
	}
	for i := range all {
		o := &all[i]
		row := r.operationRow(o)
		line := ui.Row{ID: row.Key, Name: row.What + " " + row.ID, URL: row.URL, Quiet: o.State == access.Cancelled, Cells: []templ.Component{templates.OperationName(row), templates.OperationState(row.State, row.Error),
			ui.Main(row.Application.Text, row.Application.URL, row.Account), ui.Linked(row.Person), ui.Number(row.Attempts, ""), ui.When(row.Next, "none planned"), ui.Words(causeWord(o.Cause)), ui.When(r.at(o.Created), "not known")}}
		if row.RetryURL != "" {
			line.Acts = []ui.Act{{Key: "a", Text: "Try again", Icon: "refresh", URL: row.RetryURL}}
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
	return r.sendCSV("operations", []string{"Operation", "What", "State", "Application", "Account", "Person", "Attempts", "Because of", "Asked", "Error"}, eachLine(all, func(o *access.Item) []string {
		return []string{strconv.FormatInt(o.ID, 10), operationWord(o.Kind, o.Entitlement), string(o.State), o.ApplicationTitle, o.Account, o.Person, strconv.Itoa(o.Attempts), causeWord(o.Cause), o.Created.UTC().Format(time.RFC3339), o.Error}
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
	title := map[string]string{"retry": "Tried again", "release": "Released"}[act]
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
	n := plural(len(ids), "operation", "operations")
	c := ui.Check{Action: "/operations/chosen", Hidden: ui.Kept("act", act, "sure", "yes"), Button: ui.Buttons{Text: "Try again", Icon: "refresh", Cancel: ui.Link{Text: "Go back, change nothing", URL: "/operations"}},
		Title: "Try " + n + " again?", Will: []string{"A worker takes each as soon as its turn comes", "Each is read back"}, Not: []string{"What is not failed any more is left as it is"}}
	if act == "release" {
		c.Title, c.Button.Text, c.Button.Icon, c.Reason = "Release "+n+"?", "Release", "lock-open", "Why they are right"
		c.Not = []string{"What is for yourself is left out: nobody releases their own", "What is not proposed any more is left as it is"}
	}
	status := http.StatusOK
	if r.field("sure") == "yes" {
		status, c.Errors = http.StatusBadRequest, ui.Errors{{Field: "reason", Text: "Say why they are right."}}
	}
	for _, id := range ids {
		c.Hidden = append(c.Hidden, ui.Option{Text: "pick", Value: strconv.FormatInt(id, 10)})
	}
	return r.render(status, templates.OperationsAsk(r.shell(c.Title), templates.OperationsAskView{Check: c}))
}

func (r *request) operationResults(act, verb string, ids []int64, was, is map[int64]access.Item) ui.Result {
	out := ui.Result{Verb: verb, Back: ui.Link{Text: "Back to the board", URL: "/operations"}}
	from := map[string]access.State{"retry": access.Failed, "release": access.Proposed}[act]
	slices.Sort(ids)
	for _, id := range ids {
		before, there := was[id]
		now := is[id]
		line := ui.ResultLine{Link: ui.Link{Text: fmt.Sprintf("#%d", id), URL: operationURL(id)}, Text: operationWord(before.Kind, before.Entitlement) + " in " + before.ApplicationTitle}
		switch {
		case !there:
			out.Changed = append(out.Changed, ui.ResultLine{Link: ui.Link{Text: fmt.Sprintf("#%d", id)}, Text: "It does not exist."})
		case before.State != from:
			line.Text = "It is now: " + strings.ToLower(operationStateWord(before.State)) + "."
			out.Changed = append(out.Changed, line)
		case now.State != access.Pending:
			line.Text = "It is for yourself: another person can."
			out.Refused = append(out.Refused, line)
		default:
			out.Done = append(out.Done, line)
		}
	}
	return out
}

func operationStateWord(s access.State) string {
	for _, f := range operationFilters {
		if f.state == s {
			return f.word
		}
	}
	return string(s)
}
