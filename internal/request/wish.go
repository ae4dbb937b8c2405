package request

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"tenure/internal/policy"
)

// wish makes an item of a wish.
func (p *preparing) wish(i int) {
	w := &p.ask.Wishes[i]
	offer := p.pol.Offer(w.Offer)
	if offer == nil {
		p.add(i, "offer", "is not in the catalogue any more")
		return
	}
	if w.Level == "" {
		w.Level = offer.Object.Offer.Levels[0].Name
	}
	_, role, entitlements, ok := p.pol.Level(w.Offer, w.Level)
	if !ok {
		p.add(i, "level", "is no level of this offer")
		return
	}
	p.carry(w, role)
	it := &Item{Requester: p.request.Requester, Beneficiary: p.ask.For, Act: w.Act, Offer: w.Offer, Level: w.Level, Param: w.Param, Policy: p.pol.Version, State: Open, Version: 1}
	if role != 0 {
		it.Role = &role
		p.parameters(i, role, w.Param)
	} else {
		it.Entitlements = entitlements
		p.noParameters(i, w.Param)
	}
	p.allowed(i, w, offer)
	p.time(i, w, offer, it)
	p.standing(i, w, it)
	it.Risk = it.risk(p.pol, p.cat)
	p.request.Items = append(p.request.Items, it)
}

// carry takes over what was said about what is held, where nothing is said and it may stay.
func (p *preparing) carry(w *Wish, role int) {
	for _, x := range p.there {
		if x.ID != w.Of || x.State != Granted || w.Param != "" || w.Act != Extend && w.Act != Level {
			continue
		}
		if o := p.pol.Object(role); o != nil && o.Role != nil && len(policy.CheckParam(o.Role.Parameters, x.Param)) == 0 {
			w.Param = x.Param
		}
	}
}

// parameters wants a value for each parameter of the role, and no others.
func (p *preparing) parameters(i, role int, param string) {
	o := p.pol.Object(role)
	if o == nil || o.Role == nil || o.Role.State != policy.Active {
		p.add(i, "level", "gives a role that is not active")
		return
	}
	for _, b := range policy.CheckParam(o.Role.Parameters, param) {
		p.add(i, "parameters."+b.Field, b.Rule)
	}
}

// noParameters refuses them where a level gives entitlements and no role.
func (p *preparing) noParameters(i int, param string) {
	for _, name := range slices.Sorted(maps.Keys(policy.ParseParam(param))) {
		p.add(i, "parameters."+name, "is nothing that this level wants to know: leave it out")
	}
}

// allowed says whether the person may have it in this way.
func (p *preparing) allowed(i int, w *Wish, offer *policy.Offer) {
	if w.Act == Emergency && p.ask.For != p.request.Requester {
		p.add(i, "for", "must be yourself: nobody takes emergency access for somebody else")
	}
	if (w.Act == Activate || w.Act == Emergency) && !p.ask.Proven {
		p.add(i, "act", "needs a fresh proof of who you are: confirm it in the portal")
	}
	if field, rule := Permits(offer, w.Act, p.jobs); field != "" {
		p.add(i, field, rule)
	}
}

// Permits says whether somebody with these employments may have an offer in this way; if not, which field of the wish is wrong, and how.
func Permits(offer *policy.Offer, act Act, jobs []policy.Attrs) (field, rule string) {
	may, o := offer.May, offer.Object.Offer
	switch act {
	case Grant, Extend, Level:
		if o.Activate != nil {
			return "act", "must be activate: this is held for hours at a time only"
		}
	case Activate:
		if may = offer.MayActivate; o.Activate == nil {
			return "act", "must be grant: this is not activated for hours"
		}
	case Emergency:
		if may = offer.MayBreakGlass; o.Emergency == nil {
			return "act", "is not offered for emergencies"
		}
	default:
		return "act", "must be grant, extend, level, activate or emergency"
	}
	for _, a := range jobs {
		if ok, err := may(a); ok && err == nil {
			return "", ""
		}
	}
	return "offer", "is not offered to this person"
}

// time fills in from when until when.
func (p *preparing) time(i int, w *Wish, offer *policy.Offer, it *Item) {
	o := offer.Object.Offer
	it.AskedFrom = p.now
	if w.From.After(p.now) {
		it.AskedFrom = w.From
		if w.From.After(p.now.AddDate(0, 0, 366)) {
			p.add(i, "from", "must be within a year")
		}
	}
	limit := o.Activate
	if w.Act == Emergency {
		limit = o.Emergency
	}
	if w.Act == Activate || w.Act == Emergency {
		it.AskedFrom = p.now
		most := policy.DefaultHours
		if limit != nil {
			most = limit.Hours
		}
		hours := w.Hours
		if hours == 0 {
			hours = most
		}
		if hours < 1 || hours > most {
			p.add(i, "hours", fmt.Sprintf("must be from 1 to %d", most))
			hours = most
		}
		it.AskedTo = it.AskedFrom.Add(time.Duration(hours) * time.Hour)
		return
	}
	days, longest := w.Days, o.LongestDays
	if days == 0 {
		days = o.Days
	}
	if days < 1 || days > longest {
		p.add(i, "days", fmt.Sprintf("must be from 1 to %d", longest))
		days = longest
	}
	it.AskedTo = it.AskedFrom.AddDate(0, 0, days)
}

// standing compares a wish with what the person has and has asked for.
func (p *preparing) standing(i int, w *Wish, it *Item) {
	for _, x := range p.request.Items {
		if x.Offer == it.Offer && x.Param == it.Param {
			p.add(i, "offer", "stands in this request twice")
		}
	}
	var of *Item
	for _, x := range p.there {
		same := x.Offer == it.Offer && x.Param == it.Param
		switch {
		case x.ID == w.Of && x.State == Granted:
			of = x
		case same && x.State == Open && x.Act == it.Act:
			p.add(i, "offer", fmt.Sprintf("was asked for already (R-%d) and is not decided yet", x.Request))
		case same && x.State == Granted && x.Level == it.Level && w.Act == Grant:
			p.add(i, "offer", fmt.Sprintf("is held already (R-%d, until %s): ask for longer instead", x.Request, x.To.Format(time.DateOnly)))
		case same && x.State == Granted && w.Act == Grant:
			p.add(i, "offer", fmt.Sprintf("is held at another level (R-%d): change the level instead", x.Request))
		}
	}
	if w.Act != Extend && w.Act != Level {
		return
	}
	switch {
	case of == nil || of.Offer != it.Offer:
		p.add(i, "of", "is not held any more")
	case w.Act == Extend && of.Level != it.Level:
		p.add(i, "level", "must stay as it is: change the level instead")
	case w.Act == Level && of.Level == it.Level:
		p.add(i, "level", "is the one that is held already")
	case w.Act == Extend && of.Param != it.Param:
		p.add(i, "parameters", "must stay as they are: ask for something else anew")
	default:
		it.Replaces = &of.ID
	}
}
