package request

import (
	"fmt"
	"slices"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/policy"
)

// Case is what a trial of the approval rules is about: who would decide this for somebody? It names an offer, or about a role or an entitlement that
// nobody offers yet.
type Case struct {
	For, By     int // for whom, and who asks; By 0 for themselves
	Wish        Wish
	Role        int // instead of Wish.Offer
	Entitlement int
}

// Trial is the answer.
type Trial struct {
	Item  *Item          // with its conflicts and its steps, whose holders are those who would be asked now
	Tried []policy.Tried // the rules in their order, up to the one that holds; when none does, all of them, and the usual path is taken
	Steps []TrialStep    // beside each step of the item
	Bad   []errs.Field   // why it could not be asked for at all
}

// Rule is the approval rule that decides, nil for the usual path.
func (t *Trial) Rule() *policy.Object {
	if n := len(t.Tried); n > 0 && t.Tried[n-1].Holds {
		return t.Tried[n-1].Rule
	}
	return nil
}

// TrialStep says of a step how its holders are found, and who is asked besides when they do not answer.
type TrialStep struct {
	Way  string // as the step says, or as which fallback; "" when nobody is found
	Next []Holder
}

// Try answers a case as Preview would, also where asking would be refused, and says why each rule before the one that decides does not
// hold. It writes nothing and locks nothing. The policy is the one that tx sees, so a draft can be asked as well.
func (s *Service) Try(tx *db.Tx, q *Case) (*Trial, error) {
	if q.By == 0 {
		q.By = q.For
	}
	a := &Ask{For: q.For, Why: "a trial", Any: true, Proven: true, Wishes: []Wish{q.Wish}}
	p := &preparing{Service: s, tx: tx, ask: a, by: q.By, now: tx.Now}
	if err := p.read(); err != nil {
		return nil, err
	}
	p.request = &Request{Requester: q.By, Beneficiary: q.For, AskedAt: tx.Now}
	if q.Wish.Offer != 0 {
		p.wish(0)
		if err := p.belongs(q); err != nil {
			return nil, err
		}
	} else if err := p.unoffered(q); err != nil {
		return nil, err
	}
	if len(p.request.Items) == 0 {
		return &Trial{Bad: p.bad}, nil
	}
	if err := p.weigh(false); err != nil {
		return nil, err
	}
	it := p.request.Items[0]
	offer := p.bare
	if offer == nil {
		offer = p.pol.Offer(it.Offer)
	}
	tried, err := p.pol.Try(it.asked(p.cat, p.main, offer, p.pol))
	if err != nil {
		return nil, err
	}
	found, err := p.route()
	if err != nil {
		return nil, err
	}
	t := &Trial{Item: it, Tried: tried}
	if t.Steps, err = trialSteps(tx, it, found); err != nil {
		return nil, err
	}
	if reachable(it, found) != nil {
		p.add(0, "offer", "could be decided by nobody: there is nobody else who may approve it")
	}
	t.Bad = p.bad
	return t, nil
}

// belongs holds against who asks what mayAsk would: the trial itself may ask about anybody.
func (p *preparing) belongs(q *Case) error {
	if q.By == q.For {
		return nil
	}
	names, err := p.Acting(p.tx, q.By)
	if err != nil {
		return err
	}
	below, err := identity.Below(p.tx, q.For, teams(names, q.By)...)
	if err == nil && !below {
		p.add(0, "for", "is nobody of the team of who asks")
	}
	return err
}

// unoffered makes the item of a role or an entitlement that no offer gives.
func (p *preparing) unoffered(q *Case) error {
	w := &p.ask.Wishes[0]
	it := &Item{Requester: q.By, Beneficiary: q.For, Act: w.Act, Level: w.Level, Param: w.Param, Policy: p.pol.Version, State: Open, Version: 1}
	p.bare = &policy.Offer{}
	if o := p.pol.Object(q.Role); q.Role != 0 && o != nil && o.Role != nil {
		it.Role = &o.ID
		p.bare.Title, p.bare.OwnerID = o.Title, o.OwnerID
		p.parameters(0, o.ID, w.Param)
	} else if e := p.cat.Entitlements[q.Entitlement]; q.Entitlement != 0 && e != nil {
		it.Entitlements = []int{e.ID}
		p.bare.Title = e.Title
		p.noParameters(0, w.Param)
	} else {
		return errs.NotFound("there is no such thing to ask for")
	}
	days := w.Days
	if days == 0 {
		days = policy.DefaultDays
	}
	if days < 1 || days > policy.MaxDays {
		p.add(0, "days", fmt.Sprintf("must be from 1 to %d", policy.MaxDays))
		days = policy.MaxDays
	}
	it.AskedFrom, it.AskedTo = p.now, p.now.AddDate(0, 0, days)
	it.Risk = it.risk(p.pol, p.cat)
	p.request.Items = append(p.request.Items, it)
	return nil
}

// trialSteps finds how the holders of each step are found, and who is asked after them.
func trialSteps(tx *db.Tx, it *Item, a *asking) ([]TrialStep, error) {
	out, next := make([]TrialStep, len(it.Steps)), make([]*Step, len(it.Steps))
	for i, s := range it.Steps {
		out[i].Way, _ = a.way(s)
		next[i] = &Step{}
		if s.By != Wait {
			next[i].Holders = slices.Clone(a.besides(s))
		}
	}
	if err := nameHolders(tx, next); err != nil {
		return nil, err
	}
	for i := range next {
		out[i].Next = next[i].Holders
	}
	return out, nil
}
