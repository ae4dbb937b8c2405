package request

import (
	"fmt"
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
