package web

import (
	"cmp"
	"strconv"

	"tenure/internal/campaign"
	"tenure/internal/catalog"
	"tenure/templates"
	"tenure/templates/ui"
)

// rule says what one rule gives.
func (w *reviewing) rule(x *campaign.RuleLine) templates.ReviewRule {
	r := w.r
	out := templates.ReviewRule{Unit: strconv.FormatInt(x.Unit, 10), Title: w.ruleTitle(x.Unit), Risk: catalog.Risks[min(x.Risk, len(catalog.Risks)-1)], Comment: x.Comment,
		Text: r.T("It gives this to %s", r.Plural(x.People, "person", "people"))}
	var gives []string
	for _, e := range x.Entitlements {
		gives = append(gives, w.entitlement(e))
	}
	out.Gives = r.and(gives, 6)
	out.ChangeURL = link(reviewURL(w.v.ID)+"/rules", "unit", out.Unit, "view", r.Query("view"))
	if x.Outcome != "" {
		out.State = w.said(&campaign.Decision{Outcome: x.Outcome})
		if x.Outcome == campaign.Keep && x.By == "" {
			out.State = ui.Tag{Tone: ui.Good, Icon: "circle-check", Text: r.T("Kept beforehand")}
		}
	}
	return out
}

func (w *reviewing) ruleTitle(unit int64) string {
	_, ref := campaign.UnitOf(unit)
	if o := w.pol.Object(ref); o != nil {
		return cmp.Or(o.Title, o.Name)
	}
	return w.r.T("a rule that is no longer there")
}
