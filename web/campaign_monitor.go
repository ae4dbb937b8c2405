package web

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/templates"
	"tenure/templates/lang"
	"tenure/templates/ui"
)

// Bounds of the page of a campaign that runs.
const (
	laggardsShown = 50
	leftShown     = 50
	saidShown     = 50
)

// campaignMonitor shows how far a campaign is, and what keeps it open.
func (r *request) campaignMonitor(c *campaign.Campaign) error {
	v := templates.CampaignMonitorView{Title: c.Title, State: r.campaignTag(c.State)}
	if c.AsOf != nil {
		v.ResultsURL = campaignURL(c) + "/results"
	}
	if c.State == campaign.Open {
		v.StopURL = r.to("campaign.run", campaignURL(c)+"/stop")
	}
	err := r.read(func(tx *db.Tx) error {
		sums, err := campaign.Sums(tx, []int{c.ID})
		if err != nil {
			return err
		}
		reviews, err := campaign.Reviews(tx, c.ID)
		if err != nil {
			return err
		}
		left, err := campaign.Unfinished(tx, c.ID, leftShown)
		if err != nil {
			return err
		}
		said, err := campaign.Conversations(tx, c.ID, saidShown)
		if err != nil {
			return err
		}
		var about []int
		for _, x := range left {
			about = append(about, x.Identity)
		}
		for i := range said {
			about = append(about, said[i].Identity)
		}
		w, err := r.wording(tx, c, about...)
		if err != nil {
			return err
		}
		v.Scope = w.scope(&c.Scope)
		w.monitored(c, sums[c.ID], reviews, &v)
		if err := w.answering(tx); err != nil {
			return err
		}
		w.left(left, &v)
		w.said(c, said, &v)
		if err := r.campaignHeld(tx, c, &v); err != nil {
			return err
		}
		return r.burnDown(tx, c, sums[c.ID], &v)
	})
	if err != nil {
		return err
	}
	return r.show(templates.CampaignMonitor(r.shell(c.Title), v))
}

// monitored says how far the reviews are, and how they were done.
func (w *campaignWords) monitored(c *campaign.Campaign, sum campaign.Sum, all []*campaign.Review, v *templates.CampaignMonitorView) {
	open, signed := 0, 0
	for _, x := range all {
		switch x.State {
		case campaign.Signed:
			signed++
		case campaign.Reviewed, campaign.Waiting:
			open++
		}
	}
	v.Figures = []ui.Figure{{Label: w.T("Items"), Value: w.Int(c.Items), Note: w.T("taken down %s", w.maybe(c.AsOf).Text)}, {Label: w.T("Decided"), Value: w.share(c.Items-sum.Open, c.Items), Note: w.T("%s left", w.Plural(sum.Open, "item", "items"))},
		{Label: w.T("Reviews signed off"), Value: w.T("%d of %d", signed, signed+open)}, {Label: w.T("Removals"), Value: w.Int(sum.Removals)}}
	verified := ui.Figure{Label: w.T("Removals verified"), Value: w.T("none yet")}
	if sum.Removals > 0 {
		verified.Value, verified.Note = w.share(sum.Verified, sum.Removals), w.T("%d of %d, each by a reading", sum.Verified, sum.Removals)
	}
	v.Figures = append(v.Figures, verified)
	late := slices.DeleteFunc(slices.Clone(all), func(x *campaign.Review) bool { return x.State != campaign.Reviewed && x.State != campaign.Waiting })
	slices.SortStableFunc(late, func(a, b *campaign.Review) int { return a.DueAt.Compare(b.DueAt) })
	for i, x := range late {
		if i == laggardsShown {
			v.MoreOpen = w.T("The first %d of %d.", laggardsShown, len(late))
			break
		}
		row := templates.CampaignOpen{Reviewer: ui.Link{Text: x.Name, URL: w.to("person.read_any", personURL(x.Ref))}, Why: w.T(stageWays[x.Why]), Stage: w.T("stage %d, wave %d", x.Stage, x.Wave), Decided: w.T("%d of %d", x.Decided, x.Items), Due: w.clockOf(x.DueAt),
			ReviewURL: w.to("campaign.run", fmt.Sprintf("/reviews/%d", x.ID)), Waits: x.State == campaign.Waiting}
		if !x.Here {
			row.Away = w.T("is not here any more")
		}
		v.Open = append(v.Open, row)
	}
	v.Quality = w.quality(all)
}

// quality says how the reviews that are signed off were done: facts, for whoever owns the campaign.
func (w *campaignWords) quality(all []*campaign.Review) (out []templates.CampaignQuality) {
	for _, x := range all {
		q := x.Quality
		if x.State != campaign.Signed || q == nil {
			continue
		}
		row := templates.CampaignQuality{Reviewer: x.Name, Stage: w.T("stage %d, wave %d", x.Stage, x.Wave), Signed: w.maybe(x.SignedAt), Lines: q.Lines}
		if q.Lines > 0 {
			row.Pace, row.Kept, row.Together = w.T("%d s", q.Pace), w.share(q.Kept, q.Lines), w.share(q.Together, q.Lines)
		}
		switch {
		case q.NoSecond:
			row.Again = w.T("nobody could decide a second time")
		case q.Sampled > 0:
			row.Again = w.T("%d of %d decided again, %d differ", q.Again, q.Sampled, q.Differs)
		}
		if q.Hasty {
			row.Note = w.T("below the stated pace, or everything kept together: half is decided a second time")
		}
		out = append(out, row)
	}
	return out
}

var removalStates = map[campaign.RemovalState]ui.Tag{
	campaign.RemovalWaiting:  {Tone: ui.Neutral, Icon: "clock", Text: lang.Mark("Waits for its day")},
	campaign.RemovalHeld:     {Tone: ui.Warn, Icon: "hand-stop", Text: lang.Mark("Held by the brake")},
	campaign.RemovalCarried:  {Tone: ui.Info, Icon: "hourglass", Text: lang.Mark("Carried out, not read back yet")},
	campaign.RemovalByHand:   {Tone: ui.Warn, Icon: "flag", Text: lang.Mark("By hand")},
	campaign.RemovalChanging: {Tone: ui.Warn, Icon: "scale", Text: lang.Mark("The rule has to change")},
	campaign.RemovalKept:     {Tone: ui.Neutral, Icon: "equal", Text: lang.Mark("Kept after all")},
	campaign.RemovalChanged:  {Tone: ui.Good, Icon: "circle-check", Text: lang.Mark("Changed")},
	campaign.RemovalVerified: {Tone: ui.Good, Icon: "circle-check", Text: lang.Mark("Verified")},
}

// removalTag says where a removal is; one whose operation failed says so.
func (r *request) removalTag(s campaign.RemovalState, operation string) ui.Tag {
	t := removalStates[s]
	if failed(s, operation) {
		t = ui.Tag{Tone: ui.Bad, Icon: "circle-x", Text: lang.Mark("The operation failed")}
	}
	t.Text = r.T(t.Text)
	return t
}

// left says what is to be removed and is not yet, and who has it.
func (w *campaignWords) left(all []*campaign.Removal, v *templates.CampaignMonitorView) {
	for _, x := range all {
		row := templates.CampaignLeft{Person: w.nobody(x.Entitlement), What: w.thing(x.Entitlement, x.Param), State: w.removalTag(x.State, x.OpState), Why: x.Why, Owner: w.looks(x.Entitlement, x.State, x.OpState, x.OwnerName), At: w.at(x.At)}
		if x.Identity != 0 {
			row.Person = w.name(x.Identity)
		}
		if x.OpError != "" {
			row.Why = x.OpError
		}
		if x.Operation != nil {
			id := strconv.FormatInt(*x.Operation, 10)
			row.Operation = ui.Link{Text: w.T("Operation %s", id), URL: w.to("operation.read", "/operations/"+id)}
		}
		v.Left = append(v.Left, row)
	}
}

func (w *campaignWords) said(c *campaign.Campaign, all []campaign.Said, v *templates.CampaignMonitorView) {
	words := map[string]string{"question": w.T("asks"), "answer": w.T("answers"), "challenge": w.T("objects")}
	for i := range all {
		x := &all[i]
		line := templates.CampaignSaid{Who: x.Name, Does: words[x.Kind], Text: x.Body, At: w.at(x.SaidAt), About: w.entitlementWord(w.cat, x.Entitlement)}
		if x.Kind == "question" && x.AskedOf != "" {
			line.Does = w.T("asks %s", x.AskedOf)
		}
		if x.Identity != 0 {
			line.About = w.T("%s: %s", w.name(x.Identity), line.About)
		}
		if x.Open {
			line.State = ui.Tag{Tone: ui.Warn, Icon: "hourglass", Text: w.T("Waits for a decision")}
			if x.Identity == w.who.ID {
				line.Refusal = w.T("About yourself: another person decides it.")
			} else {
				line.KeepURL, line.RemoveURL = w.to("campaign.run", objectionURL(c, x.Item)+"/keep"), w.to("campaign.run", objectionURL(c, x.Item)+"/remove")
			}
		}
		v.Said = append(v.Said, line)
	}
}

// campaignHeld says what the brake holds, and whether this reader is the second person who lets it go.
func (r *request) campaignHeld(tx *db.Tx, c *campaign.Campaign, v *templates.CampaignMonitorView) error {
	held, err := campaign.HeldOf(tx, c.ID)
	if err != nil || held == nil {
		return err
	}
	v.Held = &templates.CampaignHeld{Text: r.T("%s of %s, since %s: %s.", r.Plural(held.Items, "removal", "removals"), r.Plural(held.People, "person", "people"), r.at(held.OpenedAt).Text, r.and(held.Reasons, 4)), By: held.By,
		ReleaseURL: r.to("campaign.run", campaignURL(c)+"/release"), DiscardURL: r.to("campaign.run", campaignURL(c)+"/discard")}
	if held.ByID == r.who.ID {
		v.Held.ReleaseURL, v.Held.Refusal = "", r.T("You signed it off; somebody else must release it.")
	}
	return nil
}

// burnDown draws what was left on each day, beside the straight way to the end.
func (r *request) burnDown(tx *db.Tx, c *campaign.Campaign, sum campaign.Sum, v *templates.CampaignMonitorView) error {
	v.Chart = ui.Chart{ID: "burn-down", Title: r.T("What is left to decide"), Head: []string{r.T("Day"), r.T("Left"), r.T("Plan")}}
	if c.AsOf == nil || c.DueAt == nil {
		v.Chart.Empty = r.T("It was stopped before it was started.")
		return nil
	}
	zone := r.zone
	if zone == nil {
		zone = time.UTC
	}
	days, err := campaign.Days(tx, c.ID, zone)
	if err != nil {
		return err
	}
	midnight := func(t time.Time) time.Time {
		t = t.In(zone)
		return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	}
	first, due, last := midnight(*c.AsOf), midnight(*c.DueAt), midnight(r.now)
	if c.DecidedAt != nil {
		last = midnight(*c.DecidedAt)
	}
	length := int(due.Sub(first).Hours()/24) + 1
	real, plan, left := ui.Series{Name: r.T("Left")}, ui.Series{Name: r.T("Plan"), Plan: true}, c.Items
	for n := range min(max(length, int(last.Sub(first).Hours()/24)+1), 400) {
		day := first.AddDate(0, 0, n)
		for len(days) > 0 && !days[0].Day.After(day) {
			left, days = left-days[0].Decided, days[1:]
		}
		planned := max(0, c.Items-c.Items*n/max(1, length-1))
		plan.Points = append(plan.Points, float64(planned))
		row := []string{r.Date(day, "2 January"), r.T("to come"), r.Int(planned)}
		if !day.After(last) {
			real.Points = append(real.Points, float64(left))
			row[1] = r.Int(left)
		}
		v.Chart.Rows = append(v.Chart.Rows, row)
	}
	v.Chart.Summary = r.T("%s of %s are left to decide; it is due on %s.", r.Int(sum.Open), r.Plural(c.Items, "item", "items"), r.Date(due, "2 January 2006"))
	n := len(plan.Points) - 1
	v.Lines = ui.LineChart{Series: []ui.Series{real, plan}, Steps: []string{r.Date(first, "2 Jan"), r.Date(first.AddDate(0, 0, n/2), "2 Jan"), r.Date(first.AddDate(0, 0, n), "2 Jan")}, TopTxt: r.Int(c.Items)}
	return nil
}
