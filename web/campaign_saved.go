package web

import (
	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/templates"
	"tenure/templates/ui"
)

// saved says what the accounts that go cost a month at the snapshot, by currency, and of how many nobody stated it.
func (w *campaignWords) saved(tx *db.Tx, c *campaign.Campaign, v *templates.CampaignResultsView) error {
	all, err := campaign.Saved(tx, c.ID)
	if err != nil {
		return err
	}
	var sums []string
	going, unstated := 0, 0
	for _, x := range all {
		if going += x.Accounts; x.Currency == "" {
			unstated = x.Accounts
			continue
		}
		sums = append(sums, w.money(x.Cents, x.Currency))
	}
	if len(sums) == 0 {
		return nil
	}
	f := ui.Figure{Label: w.T("Licences saved a month"), Value: w.and(sums, len(sums)), Note: w.Plural(going, "account goes", "accounts go")}
	if unstated > 0 {
		f.Note = w.T("%s; the cost of %d is not stated", f.Note, unstated)
	}
	v.Figures = append(v.Figures, f)
	return nil
}
