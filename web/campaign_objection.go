package web

import (
	"net/http"
	"strconv"

	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/templates"
	"tenure/templates/ui"
)

// objectionOf finds the removal of the address, to which somebody objects, and what they say.
func (r *request) objectionOf(tx *db.Tx) (*campaign.Campaign, *campaign.Removal, *campaign.Note, error) {
	c, err := r.campaignOf(tx)
	if err != nil {
		return nil, nil, nil, err
	}
	item, err := r.long("item")
	if err != nil {
		return nil, nil, nil, nothing("objection")
	}
	m, err := campaign.RemovalOf(tx, item)
	if err != nil {
		return nil, nil, nil, err
	}
	if m == nil || m.Campaign != c.ID {
		return nil, nil, nil, nothing("objection")
	}
	notes, err := campaign.Notes(tx, item)
	if err != nil {
		return nil, nil, nil, err
	}
	for i := range notes {
		if notes[i].Kind == "challenge" {
			return c, m, &notes[i], nil
		}
	}
	return nil, nil, nil, nothing("objection")
}

func objectionURL(c *campaign.Campaign, item int64) string {
	return campaignURL(c) + "/objections/" + strconv.FormatInt(item, 10)
}

// campaignObjection asks before it is decided whether somebody keeps what they object to losing.
func (s *server) campaignObjection(r *request) error { return r.objectionPage(http.StatusOK, nil) }

func (r *request) objectionPage(status int, bad ui.Errors) error {
	var v templates.AskMoreView
	err := r.read(func(tx *db.Tx) error {
		c, m, said, err := r.objectionOf(tx)
		if err != nil {
			return err
		}
		w, err := r.wording(tx, c, m.Identity)
		if err != nil {
			return err
		}
		v.Up = []ui.Link{{Text: r.T("Campaigns"), URL: campaignsURL}, {Text: c.Title, URL: campaignURL(c)}}
		return w.objectionCheck(c, m, said, &v.Check, bad)
	})
	if err != nil {
		return err
	}
	return r.render(status, templates.AskMore(r.shell(v.Check.Title), v))
}

func (w *campaignWords) objectionCheck(c *campaign.Campaign, m *campaign.Removal, said *campaign.Note, check *ui.Check, bad ui.Errors) error {
	r := w.request
	switch {
	case !m.Objected:
		return errs.Conflict("this objection is decided already")
	case m.Identity == r.who.ID:
		return errs.Forbidden("nobody decides about their own access; another person can")
	}
	act := r.Param("act")
	*check = ui.Check{Action: objectionURL(c, m.Item) + "/" + act, Reason: r.T("Reason"), Value: r.field("reason"), Errors: bad,
		Facts:  []ui.Line{{Name: r.T("Who"), Text: w.name(m.Identity)}, {Name: r.T("What"), Text: w.entitlementWord(w.cat, m.Entitlement)}, {Name: r.T("Objection"), Text: said.Body}, {Name: r.T("To be removed on"), Text: r.day(r.inZone(m.At))}},
		Button: ui.Buttons{Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: campaignURL(c)}}}
	switch act {
	case "keep":
		check.Title, check.Button.Text, check.Button.Icon = r.T("Let them keep it after all?"), r.T("Keep it"), "check"
		check.Will, check.Not = []string{r.T("The access stays, with your reason beside it. They are told.")}, []string{r.T("Nothing else of the review changes.")}
	case "remove":
		check.Title, check.Button.Text, check.Button.Icon, check.Button.Danger = r.T("Remove it all the same?"), r.T("Remove it"), "x", true
		check.Will, check.Not = []string{r.T("The removal goes on: on its day, or at once when that is over. They are told, with your reason.")}, []string{r.T("They cannot object a second time.")}
	default:
		return nothing("page")
	}
	return nil
}

// campaignObjectionDo decides it.
func (s *server) campaignObjectionDo(r *request) error {
	r.allow(slow)
	if err := r.form(); err != nil {
		return err
	}
	to, act := "", r.Param("act")
	err := r.do(func(tx *db.Tx) error {
		c, m, _, err := r.objectionOf(tx)
		if err != nil {
			return err
		}
		to = campaignURL(c)
		switch {
		case act != "keep" && act != "remove":
			return nothing("page")
		case !m.Objected:
			return errs.Conflict("this objection is decided already")
		case act == "keep":
			return campaigns.KeepAfterAll(tx, m.Item, r.field("reason"), true)
		}
		return campaigns.RemoveAllTheSame(tx, m.Item, r.field("reason"))
	})
	if bad, ok := r.faults(err, nil); ok && errs.KindOf(err) == errs.KindInvalid {
		return r.objectionPage(statusOf(err), bad)
	}
	if err != nil {
		return err
	}
	title := map[string]string{"keep": r.T("It stays, with your reason"), "remove": r.T("The removal goes on")}[act]
	return r.goWith(to, ui.Notice{Tone: ui.Good, Title: title})
}
