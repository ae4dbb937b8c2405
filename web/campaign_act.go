package web

import (
	"net/http"

	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/templates"
	"tenure/templates/ui"
)

// campaignAsk asks before a campaign is stopped, or what the brake holds of it is released or dropped.
func (s *server) campaignAsk(act string) handler {
	return func(r *request) error { return r.campaignActPage(act, http.StatusOK, nil) }
}

func (r *request) campaignActPage(act string, status int, bad ui.Errors) error {
	var v templates.AskMoreView
	err := r.read(func(tx *db.Tx) error {
		c, err := r.campaignOf(tx)
		if err != nil {
			return err
		}
		held, err := campaign.HeldOf(tx, c.ID)
		if err != nil {
			return err
		}
		check := &v.Check
		*check = ui.Check{Action: campaignURL(c) + "/" + act, Facts: []ui.Line{{Name: r.T("Campaign"), Text: c.Title}}, Reason: r.T("Reason"), Value: r.field("reason"), Errors: bad,
			Button: ui.Buttons{Icon: "ban", Danger: true, Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: campaignURL(c)}}}
		v.Up = []ui.Link{{Text: r.T("Campaigns"), URL: campaignsURL}, {Text: c.Title, URL: campaignURL(c)}}
		if act == "stop" {
			return r.stopCheck(c, check)
		}
		if held == nil {
			return errs.Conflict("nothing of this campaign is held")
		}
		return r.heldCheck(act, held, check)
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.AskMore(r.shell(v.Check.Title), v))
}

func (r *request) stopCheck(c *campaign.Campaign, check *ui.Check) error {
	switch c.State {
	case campaign.Draft:
		check.Title, check.Button.Text = r.T("Throw this draft away?"), r.T("Throw it away")
		check.Will, check.Not = []string{r.T("The draft is kept among the stopped ones; it cannot be started any more.")}, []string{r.T("Nobody was asked anything, and nobody is told.")}
	case campaign.Open:
		check.Title, check.Button.Text = r.T("Stop this campaign?"), r.T("Stop it")
		check.Will = []string{r.T("Open reviews end. What was decided in them and not signed off counts for nothing.")}
		check.Not = []string{r.T("What is signed off stays decided: its removals go on.")}
	default:
		return errs.Conflict("this campaign is over, or everything in it is decided")
	}
	return nil
}

func (r *request) heldCheck(act string, held *campaign.Held, check *ui.Check) error {
	check.Facts = append(check.Facts, ui.Line{Name: r.T("Held"), Text: r.T("%s of %s", r.Plural(held.Items, "removal", "removals"), r.Plural(held.People, "person", "people"))}, ui.Line{Name: r.T("Because"), Text: r.and(held.Reasons, 4)})
	if act == "discard" {
		check.Title, check.Button.Text = r.T("Keep all of it after all?"), r.T("Keep it")
		check.Will, check.Not = []string{r.T("Nothing of what is held is removed. Your reason stands beside each.")}, []string{r.T("What was removed before stays removed.")}
		return nil
	}
	if held.ByID == r.who.ID {
		return errs.Forbidden("whoever signed it off does not release it; another person can")
	}
	check.Title, check.Button.Text, check.Button.Icon = r.T("Release these removals?"), r.T("Release them"), "lock-open"
	check.Will, check.Not = []string{r.T("The access ends now, and the applications are read back to make sure."), r.T("The people are told.")}, []string{r.T("Nobody's account is deleted.")}
	return nil
}

// campaignDo does it.
func (s *server) campaignDo(act string) handler {
	return func(r *request) error {
		r.allow(slow)
		if err := r.form(); err != nil {
			return err
		}
		to, reason := "", r.field("reason")
		err := r.do(func(tx *db.Tx) error {
			c, err := r.campaignOf(tx)
			if err != nil {
				return err
			}
			if to = campaignURL(c); c.State == campaign.Draft {
				to = campaignsURL
			}
			switch act {
			case "release":
				return campaigns.Release(tx, c.ID, reason)
			case "discard":
				return campaigns.Discard(tx, c.ID, reason)
			}
			if reason == "" {
				return errs.InvalidFields("nothing was stopped:", []errs.Field{{Field: "reason", Rule: "is required"}})
			}
			return campaigns.Stop(tx, c.ID, reason)
		})
		if bad, ok := r.faults(err, nil); ok && errs.KindOf(err) == errs.KindInvalid {
			return r.campaignActPage(act, statusOf(err), bad)
		}
		if err != nil {
			return err
		}
		title := map[string]string{"stop": r.T("It is stopped"), "release": r.T("The removals are released"), "discard": r.T("What was held is kept")}[act]
		return r.goWith(to, ui.Notice{Tone: ui.Good, Title: title})
	}
}
