package web

import (
	"strconv"

	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/templates"
	"tenure/templates/lang"
	"tenure/templates/ui"
)

const campaignsURL = "/campaigns"

func campaignURL(c *campaign.Campaign) string { return campaignsURL + "/" + c.PublicID }

// campaignsShown is how many campaigns a page has.
const campaignsShown = 50

var campaignTags = map[campaign.State]ui.Tag{
	campaign.Draft:     {Tone: ui.Neutral, Icon: "circle-dashed", Text: lang.Mark("Draft")},
	campaign.Open:      {Tone: ui.Info, Icon: "hourglass", Text: lang.Mark("Being decided")},
	campaign.Closing:   {Tone: ui.Warn, Icon: "loader", Text: lang.Mark("Decided, removals not all verified")},
	campaign.Closed:    {Tone: ui.Good, Icon: "circle-check", Text: lang.Mark("Closed")},
	campaign.Cancelled: {Tone: ui.Neutral, Icon: "ban", Text: lang.Mark("Stopped")},
}

func (r *request) campaignTag(s campaign.State) ui.Tag {
	t := campaignTags[s]
	t.Text = r.T(t.Text)
	return t
}

var campaignKinds = map[string]string{campaign.Once: lang.Mark("Once"), campaign.Recurring: lang.Mark("Recurring"), campaign.Event: lang.Mark("After an event")}

// campaignEvents are what opens a review by itself, in the order in which a page lists them.
var campaignEvents = []struct{ event, word, about string }{
	{campaign.OnMove, lang.Mark("Somebody moves"), lang.Mark("Their manager reviews what no birthright rule of the new job gives.")},
	{campaign.OnManager, lang.Mark("Somebody gets another manager"), lang.Mark("The new manager reviews what no birthright rule gives.")},
	{campaign.OnReturn, lang.Mark("Somebody returns from leave"), lang.Mark("Their manager reviews what no birthright rule gives.")},
	{campaign.OnOrphan, lang.Mark("Accounts of nobody are found"), lang.Mark("The owners of the applications review them, once a week at most.")},
	{campaign.OnUnused, lang.Mark("Access is not used"), lang.Mark("Managers review what was not signed in to for so many days, once a week at most.")},
}

// campaigns lists the reviews of access there are and were, and says which events open one.
func (s *server) campaigns(r *request) error { return s.campaignsPage(r, 200, "", nil) }

// campaignsPage shows it, with what is wrong in the form of an event.
func (s *server) campaignsPage(r *request, status int, event string, bad ui.Errors) error {
	v := templates.CampaignsView{NewURL: r.to("campaign.manage", campaignsURL+"/new")}
	err := r.read(func(tx *db.Tx) error {
		all, err := campaign.List(tx, r.cursor("before"), campaignsShown+1)
		if err != nil {
			return err
		}
		if len(all) > campaignsShown {
			all = all[:campaignsShown]
			v.MoreURL = link(campaignsURL, "before", strconv.Itoa(all[campaignsShown-1].ID))
		}
		ids := make([]int, len(all))
		for i, c := range all {
			ids[i] = c.ID
		}
		sums, err := campaign.Sums(tx, ids)
		if err != nil {
			return err
		}
		for _, c := range all {
			v.Rows = append(v.Rows, r.campaignRow(c, sums[c.ID]))
		}
		rules, err := campaign.Events(tx)
		for _, e := range campaignEvents {
			v.Events = append(v.Events, r.campaignEvent(rules[e.event], e.event, r.T(e.word), r.T(e.about), event, bad))
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.Campaigns(r.shell(r.T("Campaigns")), v))
}

func (r *request) campaignRow(c *campaign.Campaign, sum campaign.Sum) templates.CampaignRow {
	row := templates.CampaignRow{Campaign: ui.Link{Text: c.Title, URL: campaignURL(c)}, Kind: r.T(campaignKinds[c.Kind]), State: r.campaignTag(c.State), Owner: c.OwnerName}
	if c.AsOf == nil {
		return row
	}
	row.Items, row.Started = c.Items, r.maybe(c.StartedAt)
	row.Decided = r.share(c.Items-sum.Open, c.Items)
	if sum.Removals > 0 {
		row.Verified = r.T("%s of %s", r.share(sum.Verified, sum.Removals), r.Int(sum.Removals))
	}
	if c.State == campaign.Open && c.DueAt != nil {
		row.Due = r.clockOf(*c.DueAt)
	}
	return row
}

// share writes a part of a whole in whole percents: what is little is never nothing, and what is not all never all.
func (r *request) share(part, whole int) string {
	n := 100
	if whole > 0 {
		n = part * 100 / whole
	}
	if n == 0 && part > 0 {
		n = 1
	}
	return r.T("%d %%", n)
}

func (r *request) campaignEvent(rule campaign.EventRule, event, word, about, wrong string, bad ui.Errors) templates.CampaignEvent {
	e := templates.CampaignEvent{Event: event, Word: word, About: about, Active: rule.Active, Action: r.to("campaign.manage", campaignsURL+"/events")}
	days := strconv.Itoa(rule.Days)
	if event == campaign.OnUnused {
		e.Days = &ui.Field{Name: "days", Label: r.T("Days without signing in"), Kind: "number", Min: "1", Max: "3650", Value: days, Required: true, Short: true, Scope: event}
		if wrong == event {
			e.Days.Value, e.Days.Error, e.Errors = r.field("days"), bad.Of("days"), bad
		}
		if rule.Active {
			e.Note = r.T("after %s", r.Plural(rule.Days, "day", "days"))
		}
	} else {
		e.Keep = days
	}
	return e
}

// campaignEventSet says whether an event opens a review from now on.
func (s *server) campaignEventSet(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	rule := campaign.EventRule{Event: r.field("event"), Active: r.field("active") == "on"}
	rule.Days, _ = strconv.Atoi(r.field("days"))
	err := r.do(func(tx *db.Tx) error { return campaign.SetEvent(tx, rule) })
	if bad, ok := r.faults(err, nil); ok {
		return s.campaignsPage(r, statusOf(err), rule.Event, bad)
	}
	if err != nil {
		return err
	}
	title := r.T("This event opens no review any more")
	if rule.Active {
		title = r.T("This event opens a review from now on")
	}
	return r.goWith(campaignsURL+"#events", ui.Notice{Tone: ui.Good, Title: title})
}
