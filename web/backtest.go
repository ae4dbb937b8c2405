package web

import (
	"iter"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"tenure/internal/app"
	"tenure/internal/backtest"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/internal/task"
	"tenure/templates"
	"tenure/templates/lang"
	"tenure/templates/ui"
)

func backtestURL(set int) string { return changeURL(set) + "/backtest" }

// changeBacktest leads to what would have differed.
func (r *request) changeBacktest(tx *db.Tx, c *change.Set, v *templates.ChangeView) error {
	last, err := backtest.Last(tx, c.ID)
	switch {
	case err != nil:
		return err
	case last != nil:
		f := &last.Summary
		v.Backtest = ui.Link{Text: r.T("See what would have differed"), URL: backtestURL(c.ID)}
		v.BacktestNote = r.T("In the %d days before it would have differed for %s and blocked %s and %s.", f.Days, r.Plural(f.Differing, "person", "people"), r.Plural(f.Memberships, "membership", "memberships"), r.Plural(f.Requests, "request", "requests"))
	case c.State == change.Planned || c.State == change.Stale:
		v.Backtest = ui.Link{Text: r.T("Replay the last days under this change"), URL: backtestURL(c.ID)}
		v.BacktestNote = r.T("What would have differed, had it held already.")
	}
	return nil
}

// backtestDays are how far back a page offers to look.
var backtestDays = []int{30, backtest.DefaultDays, 180, 365}

// backtestMost is how many differences the page shows; the file has all that are kept.
const backtestMost = 200

// happened are the words for what happened at an instant.
var happened = map[string]string{
	backtest.Joined: lang.Mark("Joined"), backtest.Moved: lang.Mark("Something that HR says changed"), backtest.Left: lang.Mark("Left"), backtest.Away: lang.Mark("Went on leave"),
	backtest.Returned: lang.Mark("Came back from leave"), backtest.Terminated: lang.Mark("Was terminated"), backtest.Reinstated: lang.Mark("Was reinstated"),
	backtest.Accepted: lang.Mark("An exception or found access began or ended"), backtest.Member: lang.Mark("Made a member of %s"), backtest.Requested: lang.Mark("R-%d was granted: %s, %s"),
	backtest.Ended: lang.Mark("A membership, requested access or a hand-over began or ended"),
}

// backtestShow shows the last backtest of a change, and begins one.
func (s *server) backtestShow(r *request) error { return s.backtestPage(r, http.StatusOK, nil) }

func (s *server) backtestPage(r *request, status int, bad ui.Errors) error {
	var v templates.BacktestView
	err := r.read(func(tx *db.Tx) error {
		c, err := r.change(tx)
		if err != nil {
			return err
		}
		last, err := backtest.Last(tx, c.ID)
		if err != nil {
			return err
		}
		v = templates.BacktestView{Title: c.Title, ChangeURL: changeURL(c.ID)}
		days := backtest.DefaultDays
		if last != nil {
			days = last.Summary.Days
			if err := r.backtestFound(tx, c, last, &v); err != nil {
				return err
			}
		}
		if c.State != change.Applied && c.State != change.Reversed && r.may("policy.change") {
			v.Start = &templates.BacktestStart{Action: backtestURL(c.ID), Errors: bad}
			for _, n := range backtestDays {
				v.Start.Days = append(v.Start.Days, ui.Option{Value: itoa(n), Text: r.Plural(n, "day", "days"), Selected: n == days})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Backtest(r.shell(r.T("What would have differed")), v))
}

// backtestFound puts a backtest into words.
func (r *request) backtestFound(tx *db.Tx, c *change.Set, last *backtest.Stored, v *templates.BacktestView) error {
	found := &last.Summary
	v.Done, v.FileURL = true, backtestURL(c.ID)+"/file"
	v.Lead = r.T("%s replayed %s, %s, against version %d of the policy.", last.By, r.Plural(found.Days, "day", "days"), r.at(last.Made).Text, last.Policy)
	pol, err := policy.Load(tx)
	if err != nil {
		return err
	}
	if pol.Version != last.Policy && c.State == change.Planned {
		v.Old = r.T("It was compared with version %d of the policy, and version %d holds. Replay it again.", last.Policy, pol.Version)
	}
	v.Figures = []ui.Figure{{Label: r.T("People about whom something changed"), Value: r.Int(found.People), Note: r.T("at %d instants", found.Instants)}, {Label: r.T("People for whom it would have differed"), Value: r.Int(found.Differing)},
		alarm(ui.Figure{Label: r.T("Memberships blocked"), Value: r.Int(found.Memberships)}, found.Memberships, ui.Warn, "alert-triangle"),
		alarm(ui.Figure{Label: r.T("Requests blocked"), Value: r.Int(found.Requests)}, found.Requests, ui.Warn, "alert-triangle"), {Label: r.T("Withheld"), Value: r.Int(sum(found.Withheld))},
		alarm(ui.Figure{Label: r.T("SoD rules broken"), Value: r.Int(sum(found.Breaks))}, sum(found.Breaks), ui.Bad, "alert-octagon")}
	for _, name := range slices.Sorted(maps.Keys(together(found.Gains, found.Lacks, found.Withheld))) {
		v.Access = append(v.Access, templates.EffectRow{Name: name, Gain: found.Gains[name], Lose: found.Lacks[name], Held: found.Withheld[name]})
	}
	for _, name := range slices.Sorted(maps.Keys(together(found.Breaks, found.Spares))) {
		v.Rules = append(v.Rules, templates.EffectRow{Name: name, Gain: found.Breaks[name], Lose: found.Spares[name]})
	}
	for _, name := range slices.Sorted(maps.Keys(together(found.Refused, found.Admitted))) {
		v.Blocked = append(v.Blocked, templates.BlockedRow{Rule: name, Blocked: found.Refused[name], Free: found.Admitted[name]})
	}
	all, err := backtest.Differences(tx, last.ID, 0, backtestMost)
	if err != nil {
		return err
	}
	if found.Differences > len(all) {
		v.More = r.T("the first %d of %d", len(all), found.Differences)
	}
	people, err := peopleOf(tx, all)
	for i := range all {
		d := &all[i]
		row := templates.BacktestRow{Person: ui.Link{Text: r.T("somebody")}, At: r.at(d.At), What: r.happenedWord(d), Gains: r.and(d.Gains, 6), Lacks: r.and(d.Lacks, 6), Duty: r.and(r.backtestDuty(d), 4)}
		if p := people[d.Identity]; p != nil {
			row.Person = ui.Link{Text: p.Name, URL: r.to("person.read_any", personURL(p.PublicID))}
		}
		v.Rows = append(v.Rows, row)
	}
	return err
}

func peopleOf(tx *db.Tx, all []backtest.Difference) (map[int]*identity.Person, error) {
	ids := make([]int, len(all))
	for i := range all {
		ids[i] = all[i].Identity
	}
	slices.Sort(ids)
	return identity.People(tx, slices.Compact(ids))
}

func (r *request) happenedWord(d *backtest.Difference) string {
	switch d.What {
	case backtest.Member:
		return r.T(happened[d.What], d.Role)
	case backtest.Requested:
		return r.T(happened[d.What], d.Request, d.Offer, d.Level)
	}
	return r.T(happened[d.What])
}

// What a refusal of the changed policy, and one of today's only, means: without a role or offer, and by an SoD rule.
var (
	memberWords  = [4]string{lang.Mark("there would be no such role"), lang.Mark("the membership is refused by %s"), lang.Mark("the role is there only then"), lang.Mark("the membership is refused by %s no more")}
	requestWords = [4]string{lang.Mark("it would not be offered"), lang.Mark("the request is refused by %s"), lang.Mark("it is offered only then"), lang.Mark("the request is refused by %s no more")}
)

// backtestDuty says what SoD rules do in a difference.
func (r *request) backtestDuty(d *backtest.Difference) (out []string) {
	words := memberWords
	if d.Request != 0 {
		words = requestWords
	}
	for i, rules := range [][]string{d.Refused, d.Admitted} {
		for _, rule := range rules {
			if rule == "" {
				out = append(out, r.T(words[2*i]))
			} else {
				out = append(out, r.T(words[2*i+1], rule))
			}
		}
	}
	for _, k := range d.Withheld {
		out = append(out, r.T("%s is withheld by %s", k.Entitlement, k.Rule))
	}
	for _, k := range d.Freed {
		out = append(out, r.T("%s is withheld by %s no more", k.Entitlement, k.Rule))
	}
	for _, rule := range d.Breaks {
		out = append(out, r.T("breaks %s", rule))
	}
	for _, rule := range d.Spares {
		out = append(out, r.T("breaks %s no more", rule))
	}
	return out
}

// backtestStart begins a backtest of a change.
func (s *server) backtestStart(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	days, err := strconv.Atoi(r.field("days"))
	if err != nil || !slices.Contains(backtestDays, days) {
		return s.backtestPage(r, http.StatusBadRequest, ui.Errors{{Field: "days", Text: r.T("Choose how far back.")}})
	}
	var c *change.Set
	few := 0
	err = r.read(func(tx *db.Tx) (err error) {
		if c, err = r.change(tx); err != nil {
			return err
		}
		if _, err = backtest.ProposalOf(tx, c.ID); err != nil {
			return err
		}
		return tx.QueryRow(`select count(*) from (select from identity where kind = 'person' limit $1) x`, atOnce+1).Scan(&few)
	})
	if err != nil {
		return err
	}
	return r.beginTask(task.New{Kind: app.TaskReplay, Title: r.T("What would have differed: %s", c.Title), Args: app.BacktestArgs{Set: c.ID, Days: days}, Total: 1}, few <= atOnce)
}

// backtestFile gives every difference that is kept.
func (s *server) backtestFile(r *request) error {
	return r.read(func(tx *db.Tx) error {
		c, err := r.change(tx)
		if err != nil {
			return err
		}
		last, err := backtest.Last(tx, c.ID)
		if err != nil {
			return err
		}
		if last == nil {
			return nothing("backtest")
		}
		return r.sendCSV("backtest-"+itoa(c.ID), backtest.Head, backtestLines(tx, last.ID))
	})
}

// backtestLines reads the differences in chunks.
func backtestLines(tx *db.Tx, id int) iter.Seq2[[]string, error] {
	const chunk = 2000
	return func(yield func([]string, error) bool) {
		for after := 0; ; after += chunk {
			all, err := backtest.Differences(tx, id, after, chunk)
			if err != nil {
				yield(nil, err)
				return
			}
			people, err := peopleOf(tx, all)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range all {
				name := ""
				if p := people[all[i].Identity]; p != nil {
					name = p.Name
				}
				if !yield(append([]string{name}, all[i].Line()...), nil) {
					return
				}
			}
			if len(all) < chunk {
				return
			}
		}
	}
}
