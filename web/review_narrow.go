package web

import (
	"slices"

	"tenure/internal/campaign"
	"tenure/internal/errs"
	"tenure/templates"
	"tenure/templates/ui"
)

// narrow says on the page before a line is narrowed to which levels it can be, and what each takes away and leaves.
func (w *reviewing) narrow(v *templates.ReviewCheckView, lines [][]*campaign.Item) error {
	r, l := w.r, lines[0]
	levels := campaign.Narrower(l, w.lower)
	if len(lines) > 1 || len(levels) == 0 {
		return errs.Conflict("there is no lower level to which this could be narrowed: keep it, or remove it")
	}
	c := &v.Check
	c.Title, c.Button.Text, c.Button.Icon = r.T("Narrow %s?", w.line(l, "flat").Name), r.T("Narrow it"), "adjustments"
	f := ui.Field{Name: "level", Label: r.T("To which level"), Kind: "select", Value: r.field("level"), Required: true, Error: c.Errors.Of("level")}
	for _, x := range levels {
		f.Options = append(f.Options, ui.Option{Value: x.Name, Text: x.Title})
		var gone, left []string
		for _, i := range l {
			if slices.Contains(x.Takes, i.Entitlement) {
				gone = append(gone, w.entitlement(i.Entitlement))
			} else {
				left = append(left, w.entitlement(i.Entitlement))
			}
		}
		text := r.T("takes away %s", r.and(gone, 6))
		if len(left) > 0 {
			text = r.T("takes away %s; leaves %s", r.and(gone, 6), r.and(left, 6))
		}
		c.Facts = append(c.Facts, ui.Line{Name: x.Title, Text: text})
	}
	c.Will = []string{r.T("It is a draft: until you sign off, you can take it back."), w.whenGone(), r.T("What the lower level gives stays, without an interruption, until the end that was granted.")}
	v.Fields[0].Focus, f.Focus = false, true
	v.Fields = append([]ui.Field{f}, v.Fields...)
	return nil
}
