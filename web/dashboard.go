package web

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"tenure/templates/lang"
	"time"

	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/templates"
	"tenure/templates/ui"
)

// periodWords name the periods of the dashboard.
var periodWords = map[int]string{7: lang.Mark("7 days"), 30: lang.Mark("30 days"), 90: lang.Mark("90 days"), 365: lang.Mark("12 months")}

// dashboard shows the figures as they were counted last.
func (s *server) dashboard(r *request) error {
	days, err := strconv.Atoi(r.Query("days"))
	if err != nil || periodWords[days] == "" {
		days = 30
	}
	v := templates.DashboardView{Period: r.T(periodWords[days])}
	for _, d := range audit.Periods {
		v.Periods = append(v.Periods, ui.Chip{Text: r.T(periodWords[d]), URL: link("/dashboard", "days", strconv.Itoa(d)), Current: d == days})
	}
	err = r.read(func(tx *db.Tx) error {
		var f *audit.Computed
		var cat *catalog.Catalog
		if err := db.Together(tx, func(tx *db.Tx) (err error) { f, err = audit.Latest(tx); return err },
			func(tx *db.Tx) (err error) { cat, err = catalog.Load(tx); return err }); err != nil || f == nil {
			return err
		}
		v.Computed, v.Took = r.at(f.ComputedAt), r.milliseconds(f.Took)
		names, err := audit.Names(tx, behind(f, days))
		if err != nil {
			return err
		}
		r.dashboardView(&v, f, days, cat, names)
		return nil
	})
	if err != nil {
		return err
	}
	return r.show(templates.Dashboard(r.shell(r.T("Dashboard")), v))
}

func (r *request) milliseconds(d time.Duration) string {
	if d < time.Second {
		return r.T("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// behind gives the people behind the figures of a period.
func behind(f *audit.Computed, days int) []int {
	var ids []int
	for _, c := range slices.Concat(f.Flow[days].Worst, f.Flow[days].Unready) {
		ids = append(ids, c.Identity)
	}
	for _, o := range f.Stock.Overdue {
		ids = append(ids, o.Identity)
	}
	for _, x := range f.Stock.Coming {
		ids = append(ids, x.Identity)
	}
	return ids
}

func (r *request) dashboardView(v *templates.DashboardView, f *audit.Computed, days int, cat *catalog.Catalog, names map[int][2]string) {
	flow, t := f.Flow[days], totals(f)
	person := func(id int) ui.Link {
		n := names[id]
		return ui.Link{Text: n[0], URL: r.to("person.read_any", personURL(n[1]))}
	}
	v.Now = []ui.Figure{
		alarm(ui.Figure{Label: r.T("Open accounts of people who left"), Value: r.Int(t.Zombies), URL: "#applications"}, t.Zombies, ui.Bad, "ghost"),
		alarm(ui.Figure{Label: r.T("Accounts of nobody"), Value: r.Int(t.Orphans), URL: "#applications"}, t.Orphans, ui.Warn, "ghost"),
		alarm(ui.Figure{Label: r.T("Access without a reason"), Value: r.Int(t.OutOfBand), URL: "#applications"}, t.OutOfBand, ui.Warn, "alert-triangle"),
		alarm(ui.Figure{Label: r.T("Hand-overs overdue"), Value: r.Int(f.Stock.HandoverOverdue), URL: anchor("#handovers", f.Stock.HandoverOverdue),
			Note: r.T("%s within their time", r.Int(f.Stock.HandoverOpen))}, f.Stock.HandoverOverdue, ui.Bad, "hourglass"),
		alarm(r.figure(r.T("Failed operations"), f.Stock.Failed, "operation.read", "/operations?state=failed"), f.Stock.Failed, ui.Bad, "circle-x"),
		alarm(ui.Figure{Label: r.T("Dormant privileged accounts"), Value: r.Int(f.Stock.Dormant), URL: "#applications", Note: r.dormantNote(&f.Stock)}, f.Stock.Dormant, ui.Warn, "moon"),
	}
	v.Leavers = r.leaverFigures(&flow, person)
	r.leaverCharts(&v.Leavers, &flow, f.Weeks, days)
	v.Joiners = r.joinerFigures(&flow, person)
	v.Apps, v.AppsNote = r.appFigures(f, cat)
	for _, o := range f.Stock.Overdue {
		v.Overdue = append(v.Overdue, templates.CaseRow{Person: person(o.Identity), State: ui.Tag{Tone: ui.Bad, Icon: "hourglass", Text: r.T("Overdue")},
			What: r.Plural(o.Grants, "access of the old job", "accesses of the old job"), At: r.at(o.Since)})
	}
	for _, x := range f.Stock.Coming {
		v.Coming = append(v.Coming, templates.CaseRow{Person: person(x.Identity), State: r.tag(teamWords[x.Kind]), At: r.dayAt(x.Day, x.At)})
	}
	for _, x := range f.Sources {
		row := templates.SourceRow{Source: ui.Link{Text: x.Name, URL: r.to("hr.read", "/hr/sources")}, Good: r.maybe(x.Good), Late: x.Late}
		if x.Good != nil {
			row.Age = r.span(r.now.Sub(*x.Good))
		}
		if x.Usual > 0 {
			row.Usual = r.span(x.Usual)
		}
		v.Sources = append(v.Sources, row)
	}
}

// anchor leads to a part of the page that is there only when it has something.
func anchor(to string, n int) string {
	if n == 0 {
		return ""
	}
	return to
}

func (r *request) dormantNote(s *audit.Stock) string {
	if s.SignInUnknown > 0 {
		return r.T("of %s; sign-in unknown of %s", r.Int(s.Privileged), r.Int(s.SignInUnknown))
	}
	return r.T("of %s", r.Int(s.Privileged))
}

func (r *request) seconds(n int64) string { return r.span(time.Duration(n) * time.Second) }

func (r *request) leaverFigures(flow *audit.Flow, person func(int) ui.Link) templates.LeaverFigures {
	l := flow.Leavers
	var v templates.LeaverFigures
	value := func(n int64) string {
		if l.N == 0 {
			return "–"
		}
		return r.seconds(n)
	}
	v.Whole = []ui.Figure{
		{Label: r.T("Half of them within"), Value: value(l.P50)},
		{Label: r.T("95 % within"), Value: value(l.P95)},
		{Label: r.T("The worst"), Value: value(l.Worst)},
		alarm(ui.Figure{Label: r.T("Not at zero yet"), Value: r.Int(flow.Open)}, flow.Open, ui.Bad, "alert-triangle"),
		{Label: r.T("Leavers"), Value: r.Int(l.N + flow.Open + flow.Nothing), Note: r.Plural(flow.Nothing, "had no access", "had no access")},
	}
	v.Work = r.T("Nobody left in this time.")
	if l.N > 0 {
		v.Work = r.T("From the end of the job until a reading of every application showed nothing. Counted from the moment Tenure knew, it took %s for half of them, %s for 95 %% and %s at worst; the rest is HR telling late.",
			r.seconds(flow.Work.P50), r.seconds(flow.Work.P95), r.seconds(flow.Work.Worst))
	}
	for _, c := range flow.Worst {
		row := r.caseRow(&c, person)
		if c.Open == 0 {
			row.State = ui.Tag{Tone: ui.Good, Icon: "circle-check", Text: r.T("Zero access, verified")}
		}
		v.Cases = append(v.Cases, row)
	}
	return v
}

func (r *request) joinerFigures(flow *audit.Flow, person func(int) ui.Link) templates.JoinerFigures {
	ready := "–"
	if flow.Joiners > 0 {
		ready = fmt.Sprintf("%d %%", (200*flow.Ready+flow.Joiners)/(2*flow.Joiners))
	}
	v := templates.JoinerFigures{Figures: []ui.Figure{
		{Label: r.T("Ready by 8:00 of the first day"), Value: ready, Note: r.T("%s of %s", r.Int(flow.Ready), r.Int(flow.Joiners))},
		{Label: r.T("Not ready: HR told too late"), Value: r.Int(flow.ToldLate)},
		alarm(ui.Figure{Label: r.T("Not ready for another reason"), Value: r.Int(flow.Joiners - flow.Ready - flow.ToldLate)}, flow.Joiners-flow.Ready-flow.ToldLate, ui.Warn, "alert-triangle"),
	}}
	for _, c := range flow.Unready {
		row := r.caseRow(&c, person)
		if c.Open == 0 {
			row.State = ui.Tag{Tone: ui.Good, Icon: "circle-check", Text: r.T("Ready since")}
		}
		v.Cases = append(v.Cases, row)
	}
	return v
}

// caseRow says one leaver or joiner.
func (r *request) caseRow(c *audit.Case, person func(int) ui.Link) templates.CaseRow {
	row := templates.CaseRow{Person: person(c.Identity), At: r.dayAt(c.Day, c.At), Took: r.seconds(c.Seconds), State: ui.Tag{Tone: ui.Warn, Icon: "hourglass", Text: r.Plural(c.Open, "change open", "changes open")}}
	if c.Late >= 60 {
		row.Late = r.seconds(c.Late)
	}
	if c.Open > 0 {
		row.Took = r.T("open for %s", row.Took)
	}
	if c.Failed > 0 {
		row.State = ui.Tag{Tone: ui.Bad, Icon: "circle-x", Text: r.Plural(c.Failed, "change failed", "changes failed")}
	}
	switch c.Kind {
	case "person.terminated":
		row.What = "terminated"
	case "person.rehired":
		row.What = r.T("came back")
	}
	return row
}

// appFigures gives the applications, those with the most to clean up first, and what that costs as far as somebody has said.
func (r *request) appFigures(f *audit.Computed, cat *catalog.Catalog) ([]templates.AppFigureRow, string) {
	var out []templates.AppFigureRow
	costs, unstated := map[string]int{}, 0
	ids := make([]int, 0, len(f.Apps))
	for id := range f.Apps {
		if cat.Apps[id] != nil {
			ids = append(ids, id)
		}
	}
	weight := func(id int) int { a := f.Apps[id]; return a.Zombies*1000 + a.Orphans + a.OutOfBand }
	slices.SortFunc(ids, func(a, b int) int {
		return cmp.Or(cmp.Compare(weight(b), weight(a)), cmp.Compare(cat.Apps[a].Title, cat.Apps[b].Title))
	})
	for _, id := range ids {
		app, a := cat.Apps[id], f.Apps[id]
		url := r.to("application.read", applicationURL(app.Name))
		row := templates.AppFigureRow{Application: ui.Link{Text: app.Title, URL: url}, Accounts: a.Accounts, Orphans: a.Orphans, Zombies: a.Zombies, OutOfBand: a.OutOfBand,
			Dormant: a.Dormant, Failed: a.Failed, FailedURL: r.to("operation.read", link("/operations", "state", "failed", "application", app.Name))}
		if url != "" {
			row.AccountsURL, row.OrphansURL = url+"?tab=accounts&state=enabled", url+"?tab=accounts&state=orphan"
			row.ZombiesURL, row.OutOfBandURL, row.DormantURL = url+"?tab=accounts&state=zombie", url, url+"?tab=accounts&state=dormant"
		}
		waste := a.Orphans + a.Zombies
		switch {
		case a.Licence != nil:
			costs[a.Currency] += waste * *a.Licence
			row.Cost.Text = r.money(waste**a.Licence, a.Currency)
		case waste > 0:
			unstated++
			row.Cost = ui.Link{Text: r.T("Cost not stated"), URL: url}
		default:
			row.Cost.Text = "–"
		}
		out = append(out, row)
	}
	return out, r.costWords(costs, unstated)
}

func (r *request) money(cents int, currency string) string {
	return fmt.Sprintf("%s.%02d %s", r.Int(cents/100), cents%100, currency)
}

// costWords says what the accounts of nobody and of people who left cost a month.
func (r *request) costWords(costs map[string]int, unstated int) string {
	var sums []string
	for _, c := range slices.Sorted(maps.Keys(costs)) {
		sums = append(sums, r.money(costs[c], c))
	}
	switch {
	case len(sums) == 0 && unstated == 0:
		return r.T("No account costs money for nothing, as far as is stated.")
	case len(sums) == 0:
		return r.T("What they cost is not stated: state the licence cost of an account with the application.")
	case unstated == 0:
		return r.T("Their licences cost %s a month.", strings.Join(sums, " and "))
	}
	return r.T("Their licences cost %s a month; the cost is not stated for %s.", strings.Join(sums, " and "), r.Plural(unstated, "application", "applications"))
}
