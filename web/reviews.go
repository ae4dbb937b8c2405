package web

import (
	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/templates"
	"tenure/templates/ui"
)

// reviews lists what is asked of the reader.
func (s *server) reviews(r *request) error {
	var v templates.ReviewsView
	err := r.read(func(tx *db.Tx) error {
		all, err := campaign.Mine(tx, r.who.ID, r.reviewNames())
		if err != nil {
			return err
		}
		for _, x := range all {
			v.Reviews = append(v.Reviews, r.reviewRow(x))
		}
		if v.Questions, err = r.reviewQuestions(tx); err != nil {
			return err
		}
		v.Removals, err = r.ownRemovals(tx)
		return err
	})
	if err != nil {
		return err
	}
	return r.show(templates.Reviews(r.shell(r.T("Reviews")), v))
}

func (r *request) reviewRow(x *campaign.Review) templates.ReviewRow {
	l := campaign.Load{Lines: x.Load, Items: x.Items}
	row := templates.ReviewRow{Title: ui.Link{Text: x.Title, URL: reviewURL(x.ID)}, Due: r.clockOf(x.DueAt), Count: r.T("%s, about %d min", r.Plural(x.Load, "decision", "decisions"), l.Minutes())}
	if x.Decided > 0 {
		row.Count += r.T("; %d of %d lines have an answer", x.Decided, x.Items)
	}
	if x.Reviewer != r.who.ID {
		row.For = x.Name
	}
	return row
}

// reviewQuestions are those that wait for an answer of the reader.
func (r *request) reviewQuestions(tx *db.Tx) ([]templates.ReviewAsked, error) {
	ids, err := campaign.Questions(tx, r.who.ID)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	items, err := campaign.GetItems(tx, ids)
	if err != nil {
		return nil, err
	}
	w, err := r.named(tx, nil, &campaign.Campaign{}, items)
	if err != nil {
		return nil, err
	}
	var out []templates.ReviewAsked
	for _, i := range items {
		out = append(out, templates.ReviewAsked{What: ui.Link{Text: w.what(i), URL: reviewItemURL(i.ID)}, Text: w.person(i)})
	}
	return out, nil
}

// ownRemovals are what the reader has to take away by hand, or whose rule they have to change.
func (r *request) ownRemovals(tx *db.Tx) ([]templates.ReviewRemoval, error) {
	all, err := campaign.OwnedRemovals(tx, r.who.ID)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	w, err := r.named(tx, nil, &campaign.Campaign{}, removed(all))
	if err != nil {
		return nil, err
	}
	var out []templates.ReviewRemoval
	for n, i := range removed(all) {
		out = append(out, templates.ReviewRemoval{What: ui.Link{Text: w.what(i), URL: reviewItemURL(i.ID)}, Who: w.person(i), State: r.removalTag(all[n].State, all[n].OpState), Why: r.T(all[n].Why)})
	}
	return out, nil
}

// removed gives removals as the items they are about.
func removed(all []*campaign.Removal) []*campaign.Item {
	out := make([]*campaign.Item, len(all))
	for n, x := range all {
		out[n] = &campaign.Item{ID: x.Item, Identity: x.Identity, Account: x.Account, Entitlement: x.Entitlement, Param: x.Param}
	}
	return out
}

// going is what reviews take away from the reader, and whether they can object.
func (r *request) going(tx *db.Tx) ([]templates.MineGoing, error) {
	all, err := campaign.MyRemovals(tx, r.who.ID)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	w, err := r.named(tx, nil, &campaign.Campaign{}, removed(all))
	if err != nil {
		return nil, err
	}
	out := make([]templates.MineGoing, len(all))
	for n, i := range removed(all) {
		x := &out[n]
		*x = templates.MineGoing{What: w.what(i), App: w.app(i), At: r.at(all[n].At), URL: reviewItemURL(i.ID)}
		switch {
		case all[n].Objected:
			x.Said = r.T("You objected: nothing is removed before it is decided.")
		case all[n].Why != "":
			x.Said = r.T("Your objection is decided: %s", all[n].Why)
		default:
			x.ObjectURL = x.URL + "#object"
		}
	}
	return out, nil
}
