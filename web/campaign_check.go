package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/templates"
	"tenure/templates/lang"
	"tenure/templates/ui"
)

// Bounds of the page of a draft.
const (
	loadsShown = 200
	asShown    = 100
)

var riskNames = []string{"low", "medium", "high", "critical"}

// campaignShow shows what a draft would ask, and how far a campaign is.
func (s *server) campaignShow(r *request) error { return r.campaignAt(nil) }

// campaignAt shows it, with why it was not started.
func (r *request) campaignAt(wrong error) error {
	var c *campaign.Campaign
	if err := r.read(func(tx *db.Tx) (err error) { c, err = r.campaignOf(tx); return err }); err != nil {
		return err
	}
	switch {
	case c.State == campaign.Draft:
		return r.campaignDraft(c, wrong)
	case wrong != nil:
		return wrong
	}
	return r.campaignMonitor(c)
}

// campaignDraft starts a draft and takes everything back, to say what it would ask.
func (r *request) campaignDraft(c *campaign.Campaign, wrong error) error {
	r.allow(slow)
	v := templates.CampaignCheckView{Title: c.Title, About: c.About, State: r.campaignTag(c.State), Owner: c.OwnerName, Version: strconv.Itoa(c.Version),
		StartURL: r.to("campaign.run", campaignURL(c)+"/start"), StopURL: r.to("campaign.run", campaignURL(c)+"/stop"), EditURL: r.to("campaign.manage", campaignURL(c)+"/edit")}
	err := r.do(func(tx *db.Tx) error {
		as, _, err := identity.ByRef(tx, r.Query("as"))
		if err != nil {
			return err
		}
		if as == nil {
			as = &identity.Person{}
		}
		p, err := campaigns.Preview(tx, c.ID, as.ID)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(p.Reviewers, func(l campaign.Load) bool { return l.Reviewer == as.ID }) {
			if v.As, err = r.campaignAs(tx, c, p, as.Name); err != nil {
				return err
			}
		}
		w, err := r.wording(tx, c)
		if err != nil {
			return err
		}
		v.Scope, v.Stages, v.Settings = w.scope(&c.Scope), w.stages(c.Stages), w.settings(c)
		w.preview(c, p, &v)
		return nil
	})
	if err != nil {
		return err
	}
	status := http.StatusOK
	if wrong != nil {
		status = statusOf(wrong)
		if bad, ok := r.faults(wrong, nil); ok {
			v.Error = bad[0].Text
		}
	}
	return r.render(status, templates.CampaignCheck(r.shell(c.Title), v))
}

func (w *campaignWords) minutes(n int) string {
	if n < 60 {
		return w.T("%d min", n)
	}
	return w.T("%d h %d min", n/60, n%60)
}

// preview says what starting would ask of whom.
func (w *campaignWords) preview(c *campaign.Campaign, p *campaign.Preview, v *templates.CampaignCheckView) {
	if v.Nothing = p.Items == 0; len(p.NotRead) > 0 {
		v.NotRead = w.T("Nothing is known of %s: no complete reading shows who holds what there.", w.and(p.NotRead, scopeNames))
	}
	whole := 0
	for i := range p.Reviewers {
		l := &p.Reviewers[i]
		whole += l.Lines
		if i < loadsShown {
			v.Reviewers = append(v.Reviewers, templates.CampaignLoad{Person: ui.Link{Text: l.Name, URL: w.to("person.read_any", personURL(l.Ref))}, Why: w.T(stageWays[l.Why]), Items: l.Items, Lines: l.Lines, Waves: l.Waves,
				Minutes: w.minutes(l.Minutes()), AsURL: link(campaignURL(c), "as", l.Ref) + "#as"})
		}
	}
	v.Figures = []ui.Figure{{Label: w.T("Items"), Value: w.Int(p.Items), Note: w.T("access that the readings show")}, {Label: w.T("Decided line by line"), Value: w.Int(p.Classes[campaign.Decide])},
		{Label: w.T("Likely fine"), Value: w.Int(p.Classes[campaign.Fine]), Note: w.T("a batch for each reviewer")}, {Label: w.T("Given by a rule"), Value: w.Int(p.Classes[campaign.ByRule]), Note: w.T("a line for each rule; %s kept beforehand, by roles that were confirmed", w.Int(p.Covered))},
		{Label: w.T("Decisions"), Value: w.Int(whole), Note: w.T("of %s", w.Plural(len(p.Reviewers), "reviewer", "reviewers"))}, {Label: w.T("Decisions of a reviewer"), Value: w.Int(p.Median), Note: w.T("in the middle; %s at most", w.Int(p.Worst))}}
	if v.Nothing || len(p.Reviewers) == 0 {
		return
	}
	v.Worst = w.worst(c, &p.Reviewers[0], w.to("campaign.manage", campaignURL(c)+"/edit"))
}

// worst says who has most to decide, how the budget splits it, and what changes that: two fields of the form at form, "" where the reader may
// not change it.
func (w *campaignWords) worst(c *campaign.Campaign, l *campaign.Load, form string) templates.CampaignWorst {
	lines := w.Plural(l.Lines, "decision", "decisions")
	if l.Waves <= 1 {
		return templates.CampaignWorst{Text: w.T("%s has most: %s, within the budget of %d.", l.Name, lines, c.Settings.Budget)}
	}
	out := templates.CampaignWorst{Text: w.T("%s has most: %s, which the budget of %d splits into %s over %s.", l.Name, lines, c.Settings.Budget, w.Plural(l.Waves, "review", "reviews"),
		w.Plural(((l.Waves-1)*c.Settings.WaveDays+c.Settings.Days+6)/7, "week", "weeks"))}
	if form != "" {
		out.BudgetURL, out.StageURL = strings.TrimPrefix(form, "#")+"#f-budget", strings.TrimPrefix(form, "#")+"#f-by1"
	}
	return out
}

// whyHeld says in words what an item's reasons are.
func (r *request) whyHeld(kinds int) string {
	var out []string
	for _, x := range []struct {
		bit  int
		word string
	}{{campaign.BitBirthright, lang.Mark("a birthright rule")}, {campaign.BitMembership, lang.Mark("a membership")}, {campaign.BitRequest, lang.Mark("a request")}, {campaign.BitFound, lang.Mark("found and accepted")},
		{campaign.BitHandover, lang.Mark("kept for a hand-over")}, {campaign.BitOther, lang.Mark("it comes with the account")}, {campaign.BitDefinition, lang.Mark("what a role is")}} {
		if kinds&x.bit != 0 {
			out = append(out, r.T(x.word))
		}
	}
	if len(out) == 0 {
		return r.T("no reason")
	}
	return r.and(out, 6)
}

// campaignAs shows what one reviewer would see first.
func (r *request) campaignAs(tx *db.Tx, c *campaign.Campaign, p *campaign.Preview, name string) (*templates.CampaignAs, error) {
	ids := make([]int, len(p.Lines))
	for i, x := range p.Lines {
		ids[i] = x.Identity
	}
	w, err := r.wording(tx, c, ids...)
	if err != nil {
		return nil, err
	}
	out := &templates.CampaignAs{Name: name}
	for i, x := range p.Lines {
		if i == asShown {
			out.More = r.T("The first %d of %d.", asShown, len(p.Lines))
			break
		}
		who := r.T("nobody")
		if x.Identity != 0 {
			who = w.name(x.Identity)
		} else if x.Entitlement == 0 {
			who = r.T("Roles")
		}
		out.Lines = append(out.Lines, templates.CampaignAsLine{Person: who, What: w.thing(x.Entitlement, x.Param), Risk: riskNames[x.Risk], Why: r.whyHeld(x.Kinds)})
	}
	for _, l := range p.Rules {
		_, rule := campaign.UnitOf(l.Unit)
		out.Rules = append(out.Rules, r.T("The rule %s, as one: it gives %s to %s.", w.role(rule), r.Plural(l.Items, "item", "items"), r.Plural(l.People, "person", "people")))
	}
	if n := len(p.Batch); n > 0 {
		out.Fine = r.T("What is likely fine, as one batch: %s.", r.Plural(n, "item", "items"))
		if n == 50 {
			out.Fine = r.T("What is likely fine, as one batch of 50 items or more.")
		}
	}
	return out, nil
}

// campaignStart starts a draft: what was seen is what starts.
func (s *server) campaignStart(r *request) error {
	r.allow(slow)
	if err := r.form(); err != nil {
		return err
	}
	var c *campaign.Campaign
	err := r.do(func(tx *db.Tx) (err error) {
		if c, err = r.campaignOf(tx); err != nil {
			return err
		}
		seen := r.version()
		if c, err = campaigns.Start(tx, c.ID); err != nil {
			return err
		}
		if c.Version != seen {
			return errs.Conflict("somebody changed this campaign since you looked at it: look again")
		}
		return nil
	})
	if k := errs.KindOf(err); err != nil && k == errs.KindConflict {
		return r.campaignAt(err)
	}
	if err != nil {
		return err
	}
	return r.goWith(campaignURL(c), ui.Notice{Tone: ui.Good, Title: r.T("The campaign has started"), Text: r.T("The reviewers are told. What they decide is a draft until they sign off.")})
}
