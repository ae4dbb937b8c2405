package web

import (
	"tenure/internal/campaign"
	"tenure/templates"
	"tenure/templates/ui"
)

// compared says how many hold it of those with whom somebody is compared: people of the same job, and people to whom rules and roles give the same.
func (w *reviewing) compared(i *campaign.Item) []string {
	r, t := w.r, w.then[i.Identity]
	var out []string
	if i.Peers != nil {
		if n, exact := counted(*i.Peers, t.Peers); exact {
			out = append(out, r.T("%d of %d peers hold it", n, t.Peers))
		} else {
			out = append(out, r.T("%d in a hundred peers hold it", *i.Peers))
		}
	}
	if i.Alike != nil {
		if n, exact := counted(*i.Alike, t.Alike); exact {
			out = append(out, r.T("%d of %d with the same rules and roles hold it", n, t.Alike))
		} else {
			out = append(out, r.T("%d in a hundred with the same rules and roles hold it", *i.Alike))
		}
	}
	if len(out) == 0 {
		out = append(out, r.T("too few peers to compare with"))
	}
	return out
}

// counted gives how many of n a rounded share in a hundred is: of at most a hundred it is exact.
func counted(share, n int) (int, bool) { return (share*n + 50) / 100, n > 0 && n <= 100 }

// decidedBefore says what was decided about it when it was last reviewed, and about others who held it.
func (w *reviewing) decidedBefore(i *campaign.Item) []string {
	r := w.r
	var out []string
	if text := w.lastly(i); text != "" {
		out = append(out, sentence(text))
	}
	if w.c.AsOf == nil {
		return out
	}
	if v := i.Others(w.past, *w.c.AsOf); v.Enough() {
		out = append(out, r.T("Of %d others with it who were reviewed in the year before %s, %d lost it.", v.Kept+v.Removed, r.day(r.inZone(*w.c.AsOf)), v.Removed))
	}
	return out
}

// lastly says what was decided about an item when it was last reviewed, "" for nothing.
func (w *reviewing) lastly(i *campaign.Item) string {
	r := w.r
	if i.PastAt == nil {
		return ""
	}
	day := r.day(r.inZone(*i.PastAt))
	switch {
	case i.Past == campaign.PastKept:
		return r.T("it was kept in the review of %s", day)
	case i.Past == campaign.PastChange:
		return r.T("the review of %s asked for another rule", day)
	case i.Since != nil && i.Since.After(*i.PastAt):
		return r.T("it was removed by the review of %s, and given again since", day)
	}
	return r.T("it was to be removed by the review of %s, and is there", day)
}

// half is from how many in a hundred on most hold it.
const half = 50

// advice says what is suggested, and from what it follows: never chosen beforehand.
func (w *reviewing) advice(i *campaign.Item, out *templates.ReviewLine) {
	r := w.r
	var because []string
	switch i.Advice {
	case 1:
		out.Advice = ui.Tag{Tone: ui.Neutral, Icon: "info-circle", Text: r.T("Suggested: keep")}
		because = append(because, r.T("it has a reason"))
		if i.Peers != nil && *i.Peers >= half {
			because = append(because, r.T("most peers hold it"))
		}
		if i.Alike != nil && *i.Alike >= half {
			because = append(because, r.T("most with the same rules and roles hold it"))
		}
		if i.Past == campaign.PastKept {
			because = append(because, w.lastly(i))
		}
	case 2:
		out.Advice = ui.Tag{Tone: ui.Warn, Icon: "info-circle", Text: r.T("Suggested: remove")}
		if i.Kinds == 0 {
			because = append(because, r.T("nothing gives it"))
		}
		if len(i.Conflicts) > 0 {
			because = append(because, r.T("it breaks a rule of separation"))
		}
		if i.LastUsed != nil && w.c.AsOf != nil && i.LastUsed.Before(w.c.AsOf.AddDate(0, 0, -campaign.DormantAfter)) {
			because = append(because, r.T("nobody signed in for %d days", int(w.c.AsOf.Sub(*i.LastUsed).Hours()/24)))
		}
		if i.Kept {
			because = append(because, r.T("it is from before the present job"))
		}
		if i.Peers != nil && *i.Peers < half {
			because = append(because, r.T("few peers hold it"))
		}
		if i.Alike != nil && *i.Alike < half {
			because = append(because, r.T("few with the same rules and roles hold it"))
		}
		if i.Past == campaign.PastRemoved && i.PastAt != nil {
			because = append(because, r.T("it was to be removed by the review of %s", r.day(r.inZone(*i.PastAt))))
		}
		if w.c.AsOf != nil && i.Past != campaign.PastKept && i.Others(w.past, *w.c.AsOf).Against() {
			because = append(because, r.T("most others who were reviewed lost it"))
		}
	default:
		return
	}
	out.AdviceWhy = sentence(r.and(because, 6))
	if w.c.AsOf != nil {
		out.AdviceWhy += " (" + r.day(r.inZone(*w.c.AsOf)) + ")"
	}
}
