package web

import (
	"errors"
	"net/http"

	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/templates"
	"tenure/templates/ui"
)

// draftOf is what the form changes: what was started does not change any more.
func draftOf(tx *db.Tx, of func(tx *db.Tx) (*campaign.Campaign, error)) (*campaign.Campaign, error) {
	c, err := of(tx)
	if err == nil && c.ID != 0 && c.State != campaign.Draft {
		err = errStarted
	}
	return c, err
}

// errStarted says that a campaign is no draft.
var errStarted = errs.Conflict("this campaign was started already: what it asks does not change any more")

// again shows the form as it was sent. Nothing is stored.
func (f *campaignForm) again(of func(tx *db.Tx) (*campaign.Campaign, error)) error {
	var c *campaign.Campaign
	if err := f.read(func(tx *db.Tx) (err error) { c, err = draftOf(tx, of); return err }); err != nil {
		return err
	}
	return f.campaignPage(http.StatusOK, c, f, templates.CampaignCount{})
}

// count shows the form as it was sent, with what a campaign as it stands there would ask. Nothing is stored.
func (f *campaignForm) count(of func(tx *db.Tx) (*campaign.Campaign, error)) error {
	f.allow(slow)
	var stored, c campaign.Campaign
	var v templates.CampaignCount
	err := f.do(func(tx *db.Tx) error {
		was, err := draftOf(tx, of)
		if err != nil {
			return err
		}
		stored, c = *was, *was
		if err := f.parse(tx, &c); err != nil {
			return err
		}
		if len(f.bad) > 0 {
			return errTyped
		}
		n, err := campaigns.Count(tx, &c)
		if err != nil {
			return err
		}
		w, err := f.wording(tx, &c)
		if err != nil {
			return err
		}
		v = w.count(&c, n)
		return db.ErrRollback
	})
	switch kind := errs.KindOf(err); {
	case err == nil:
	case errors.Is(err, errTyped):
	case kind == errs.KindInvalid:
		f.bad = f.campaignFaults(err)
	case kind == errs.KindConflict && !errors.Is(err, errStarted): // nobody can be asked
		if bad, ok := f.faults(err, nil); ok {
			v.Text = bad[0].Text
		}
	default:
		return err
	}
	if len(f.bad) > 0 {
		v.Text = f.T("Nothing can be counted yet: %s", f.bad[0].Text)
	}
	return f.campaignPage(http.StatusOK, &stored, f, v)
}

// count says what was counted.
func (w *campaignWords) count(c *campaign.Campaign, n *campaign.Count) templates.CampaignCount {
	v := templates.CampaignCount{Scope: w.scope(&c.Scope)}
	items, people := w.Plural(n.Items, "item", "items"), w.Plural(n.People, "person", "people")
	switch {
	case n.TooLong:
		v.Text = w.T("It is too much to count here: the next page counts it.")
		return v
	case n.AtMost:
		v.Text = w.T("At most %s of %s: so much access the readings show, before it is narrowed by reasons, rules or earlier reviews. The next page says what is left, and who would be asked.", items, people)
	case n.Fast:
		v.Text = w.T("%s of %s, counted from the readings alone because it is much. The next page says who would be asked.", items, people)
	case n.Items == 0:
		v.Text = w.T("Nothing is in the scope: no reading of a target shows such access.")
	default:
		v.Text = w.T("%s of %s, decided by %s.", items, people, w.Plural(n.Reviewers, "reviewer", "reviewers"))
		v.Figures = []ui.Figure{{Label: w.T("Items"), Value: w.Int(n.Items)}, {Label: w.T("People"), Value: w.Int(n.People)}, {Label: w.T("Reviewers"), Value: w.Int(n.Reviewers)}, {Label: w.T("Decisions"), Value: w.Int(n.Lines)},
			{Label: w.T("Decisions of a reviewer"), Value: w.Int(n.Worst.Lines), Note: w.T("at most; about %s", w.minutes(n.Worst.Minutes()))}}
		v.Worst = w.worst(c, &n.Worst, "#")
	}
	if len(n.NotRead) > 0 {
		v.NotRead = w.T("Nothing is known of %s: no complete reading shows who holds what there.", w.and(n.NotRead, scopeNames))
	}
	return v
}
