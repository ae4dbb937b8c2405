package request

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/internal/policy/sod"
)

// MaxWishes is how much one request may ask for.
const MaxWishes = 20

// Ask is what somebody asks for.
type Ask struct {
	For    int // whom it is for
	Why    string
	Via    string
	Wishes []Wish
	Any    bool // who asks may ask for anybody
	Proven bool // who asks proved a moment ago who they are
}

// Wish is one thing asked for.
type Wish struct {
	Act   Act
	Offer int
	Level string // "" for the lowest
	Param string // of the level's role
	Of    int    // the item to extend or to change
	From  time.Time
	Days  int // 0: as the offer proposes
	Hours int // of activation and emergency; 0: as long as the offer allows
}

// asking people for things: what is read once for a cart.
type preparing struct {
	*Service
	tx      *db.Tx
	ask     *Ask
	by      int // who asks
	pol     *policy.Snapshot
	cat     *catalog.Catalog
	jobs    []policy.Attrs
	main    policy.Attrs
	there   []*Item // of the beneficiary, open or granted
	now     time.Time
	bad     []errs.Field
	request *Request
	bare    *policy.Offer // of a trial: what is not offered
}

// Preview is what Submit would make: conflicts, path, holders by name, due times. Nothing is written; what is wrong is in the error, and
// the request is there all the same where that makes sense.
func (s *Service) Preview(tx *db.Tx, a *Ask) (*Request, error) { return s.prepare(tx, a, false) }

// Submit asks. What needs nobody is granted at once. Errors name the wish ("wishes[0].level").
func (s *Service) Submit(tx *db.Tx, a *Ask) (*Request, error) {
	if err := s.Lock(tx, a.For); err != nil {
		return nil, err
	}
	r, err := s.prepare(tx, a, true)
	if err != nil {
		return nil, err
	}
	c, err := WorkingTime(tx)
	if err != nil {
		return nil, err
	}
	if err := s.store(tx, r, c); err != nil {
		return nil, err
	}
	for _, it := range r.Items {
		if it.State == Open && len(it.Steps) > 0 && it.Act != Emergency {
			if _, done := it.advance(c, tx.Now); !done {
				continue
			}
		}
		if err := s.grant(tx, it, c); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (s *Service) prepare(tx *db.Tx, a *Ask, locked bool) (*Request, error) {
	p := &preparing{Service: s, tx: tx, ask: a, by: tx.Actor.Identity, now: tx.Now}
	if err := p.read(); err != nil {
		return nil, err
	}
	p.request = &Request{Requester: p.by, Beneficiary: a.For, Why: strings.TrimSpace(a.Why), Via: a.Via, AskedAt: tx.Now}
	if tx.Actor.For != 0 {
		p.request.OnBehalfOf = &tx.Actor.For
	}
	if p.request.Why == "" {
		p.add(-1, "why", "is required: who decides reads it")
	}
	if n := len(a.Wishes); n == 0 || n > MaxWishes {
		p.add(-1, "wishes", fmt.Sprintf("must be 1 to %d", MaxWishes))
	}
	for i := range a.Wishes {
		p.wish(i)
	}
	if len(p.bad) > 0 {
		return p.request, errs.InvalidFields("nothing was asked for:", p.bad)
	}
	if err := p.weigh(locked); err != nil {
		return p.request, err
	}
	if len(p.bad) > 0 {
		return p.request, errs.InvalidFields("nothing was asked for:", p.bad)
	}
	found, err := p.route()
	if err != nil {
		return p.request, err
	}
	for _, it := range p.request.Items {
		if err := reachable(it, found); err != nil {
			return p.request, err
		}
	}
	return p.request, nil
}

func (p *preparing) add(i int, field, rule string) {
	if i >= 0 {
		field = fmt.Sprintf("wishes[%d].%s", i, field)
	}
	p.bad = append(p.bad, errs.Field{Field: field, Rule: rule})
}

// read reads who it is for, and refuses who may not ask for them.
func (p *preparing) read() (err error) {
	who := p.by
	if who == 0 {
		return errs.Forbidden("asking needs a person: sign in, or give a personal token in TENURE_TOKEN")
	}
	if err := p.mayAsk(who); err != nil {
		return err
	}
	if p.pol, err = policy.Load(p.tx); err != nil {
		return err
	}
	if p.cat, err = catalog.Load(p.tx); err != nil {
		return err
	}
	versions, err := identity.Versions(p.tx, []int{p.ask.For})
	if err != nil {
		return err
	}
	here, err := identity.Here(p.tx, []int{p.ask.For, who})
	if err != nil {
		return err
	}
	if !here[p.ask.For] || !here[who] {
		return errs.Conflict("the person does not work here at present")
	}
	for _, v := range versions[p.ask.For] {
		if v.Valid(p.now) && v.At(p.now) == identity.Active {
			p.jobs = append(p.jobs, v.Attrs)
		}
	}
	p.main = policy.MapAttrs{}
	if m := identity.Main(versions[p.ask.For], p.now); m != nil {
		p.main = m.Attrs
	}
	p.there, err = items(p.tx, `where i.beneficiary_id = $1 and i.state in ('open', 'granted') and (i.to_at is null or i.to_at > $2) order by i.id`, p.ask.For, p.now)
	return err
}

// mayAsk lets people ask for themselves, managers for those below them, and who may for anybody.
func (p *preparing) mayAsk(who int) error {
	if p.ask.Any || p.ask.For == who {
		return nil
	}
	names, err := p.Acting(p.tx, who)
	if err != nil {
		return err
	}
	below, err := identity.Below(p.tx, p.ask.For, teams(names, who)...)
	if err != nil || below {
		return err
	}
	return errs.NotFound("there is no such person, or not for you")
}

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

// weigh finds the SoD rules that the items would break: beside what is held and will be, what is asked for and not decided, and one another.
func (p *preparing) weigh(locked bool) error {
	if p.pol.Duties() == nil {
		return nil
	}
	var pending []sod.Holding
	for _, x := range p.there {
		if x.State == Open {
			gives, err := x.gives(p.pol)
			if err != nil {
				return err
			}
			pending = append(pending, holdings(gives, x.AskedFrom, x.AskedTo)...)
		}
	}
	adds := make([][]sod.Holding, len(p.request.Items))
	for i, it := range p.request.Items {
		gives, err := it.gives(p.pol)
		if err != nil {
			return err
		}
		adds[i] = holdings(gives, it.AskedFrom, it.AskedTo)
	}
	found, err := p.Weigh(p.tx, p.ask.For, adds, pending, locked)
	if err != nil {
		return err
	}
	for i, it := range p.request.Items {
		it.Conflicts = found[i]
		for _, c := range found[i] {
			if c.Reaction == policy.Refuse || it.Act == Emergency && c.Reaction != policy.RecordSoD {
				p.add(i, "offer", fmt.Sprintf("is refused by the SoD rule %s: the person would combine %s", c.Title, c.Duties))
			}
		}
	}
	return nil
}

// route gives every item its path, and every step of it those who would be asked now.
func (p *preparing) route() (*asking, error) {
	var all []*Step
	for _, it := range p.request.Items {
		offer := p.pol.Offer(it.Offer)
		if offer == nil {
			offer = p.bare
		}
		if err := it.route(p.pol, p.cat, p.main, offer); err != nil {
			return nil, err
		}
		for _, s := range it.Steps {
			s.Requester, s.Beneficiary, s.Version = it.Requester, it.Beneficiary, 1
			all = append(all, s)
		}
	}
	a, err := newAsking(p.tx, all)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		s.Holders = a.of(s)
	}
	return a, nameHolders(p.tx, all)
}

// store writes a request with its items, their steps and whoever is asked first.
func (s *Service) store(tx *db.Tx, r *Request, c *Calendar) error {
	if err := tx.QueryRow(`insert into request (requester_id, beneficiary_id, on_behalf_of, why, via, asked_at, made_by) values ($1, $2, $3, $4, $5, $6, $7) returning id, public_id::text`,
		r.Requester, r.Beneficiary, r.OnBehalfOf, r.Why, r.Via, tx.Now, tx.Actor.ID).Scan(&r.ID, &r.PublicID); err != nil {
		return broken(err)
	}
	var all []*Step
	for _, it := range r.Items {
		all = append(all, it.Steps...)
	}
	first, err := tx.IDs("request_item", len(r.Items))
	if err != nil {
		return err
	}
	step, err := tx.IDs("request_step", len(all))
	if err != nil {
		return err
	}
	w := newWriter(tx)
	w.touches["request"] = 1
	var facts []map[string]any
	for i, it := range r.Items {
		it.ID, it.Request = first+i, r.ID
		w.exec("request_item", `insert into request_item (id, request_id, requester_id, beneficiary_id, act, offer_id, level, role_id, param, entitlements, replaces, asked_from, asked_to, risk, conflicts,
			rule_id, automatic, policy_version, state) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 'open')`,
			it.ID, r.ID, it.Requester, it.Beneficiary, it.Act, it.Offer, it.Level, it.Role, it.Param, orEmpty(it.Entitlements), it.Replaces, it.AskedFrom, it.AskedTo, it.Risk, orEmpty(it.Conflicts),
			it.Rule, it.Automatic, it.Policy)
		if it.Act != Emergency {
			it.advance(c, tx.Now)
		}
		for _, x := range it.Steps {
			holders := x.Holders
			x.ID, x.Item, x.Holders = step, it.ID, nil
			step++
			w.insertStep(x)
			if x.State == StepOpen {
				w.insertHolders(x, named(holders, x.ID))
			}
		}
		facts = append(facts, map[string]any{"item": it.ID, "act": it.Act, "offer": it.Offer, "level": it.Level, "param": it.Param, "from": it.AskedFrom.UTC(), "to": it.AskedTo.UTC(),
			"rule": it.Rule, "steps": len(it.Steps), "conflicts": len(it.Conflicts)})
	}
	if err := w.send(); err != nil {
		return err
	}
	w.record("request.asked", r.Items[0], map[string]any{"items": facts, "requester": r.Requester, "why": r.Why, "via": r.Via})
	return s.tellAsked(tx, r)
}

func named(all []Holder, step int) []Holder {
	out := slices.Clone(all)
	for i := range out {
		out[i].Step = step
	}
	return out
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
