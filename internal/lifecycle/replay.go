package lifecycle

import (
	"slices"
	"time"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/internal/request"
)

// History is what happened to one person that no policy decides: what HR said and when, what people decided, and what the person held when
// it begins. All times are business times.
type History struct {
	Person     int
	Versions   []Believed
	Members    []Joined
	Exceptions []Period // Rule is an SoD rule
	Locks      []Period // while the person was terminated
	Reasons    []access.Reason
	Found      []access.Reason // access that somebody accepted, from when on and until when
}

// Believed is a version of an employment and the time in which it was believed.
type Believed struct {
	identity.Version
	From, To time.Time
}

// Joined is a membership in a role that somebody decided, or what a request gave, in reality: when, and when its end was decided.
type Joined struct {
	Membership
	Made, Ended time.Time
	Asked       *Asked // nil for a membership
}

// Asked is how what a request gives was asked for.
type Asked struct {
	Request  int
	At       time.Time
	Act      request.Act
	Offer    int // object id
	Level    string
	Replaces int // the item that it took the place of, which ended when it was granted; 0 for none
}

// Period is a time; Rule says of what, where there are several kinds.
type Period struct {
	Rule     int
	From, To time.Time
}

func (p *Period) holds(t time.Time) bool { return !t.Before(p.From) && t.Before(p.To) }

// Kinds of things that happen in a history, in the order in which they count at one instant.
const (
	HappenedHR = iota // HR said something, or something that it said begins or ends
	HappenedLock
	HappenedAcceptance // an exception, or of access that was found
	HappenedDue        // something that was decided begins or ends
	HappenedJoin       // somebody decided a membership, or granted a request
)

// Happening is one instant of a history.
type Happening struct {
	At   time.Time
	Kind int
	Join int // index into Members; -1 for none
}

// Happenings gives what happens after an instant and until another, in order. leads are the days before a first day on which rules begin
// to give.
func (h *History) Happenings(after, until time.Time, leads []int) []Happening {
	var out []Happening
	add := func(at time.Time, kind, join int) {
		if at.After(after) && !at.After(until) {
			out = append(out, Happening{at, kind, join})
		}
	}
	for i := range h.Versions {
		v := &h.Versions[i]
		add(v.From, HappenedHR, -1)
		for _, at := range identity.Instants([]identity.Version{v.Version}, v.From) {
			if at.Before(v.To) {
				add(at, HappenedHR, -1)
			}
		}
		for _, at := range prepared([]identity.Version{v.Version}, leads, v.From) {
			if at.Before(v.To) {
				add(at, HappenedDue, -1)
			}
		}
	}
	for i := range h.Locks {
		add(h.Locks[i].From, HappenedLock, -1)
		add(h.Locks[i].To, HappenedLock, -1)
	}
	for i := range h.Exceptions {
		add(h.Exceptions[i].From, HappenedAcceptance, -1)
		add(h.Exceptions[i].To, HappenedAcceptance, -1)
	}
	for i := range h.Found {
		add(h.Found[i].ValidFrom, HappenedAcceptance, -1)
		add(h.Found[i].ValidTo, HappenedAcceptance, -1)
	}
	for i := range h.Members {
		m := &h.Members[i]
		add(m.Made, HappenedJoin, i)
		for _, at := range []time.Time{m.From, m.To} {
			if at.After(m.Made) && at.Before(m.Ended) {
				add(at, HappenedDue, -1)
			}
		}
		add(m.Ended, HappenedDue, -1)
	}
	slices.SortStableFunc(out, func(a, b Happening) int {
		if d := a.At.Compare(b.At); d != 0 {
			return d
		}
		return a.Kind - b.Kind
	})
	return slices.CompactFunc(out, func(a, b Happening) bool { return a.At.Equal(b.At) && a.Kind == b.Kind && a.Join == b.Join })
}

// Replay is a person's history as it would have gone under one policy, instant by instant: the functions that settle people compute what
// they hold, and each instant begins with what the last one left. Nothing is read or written.
type Replay struct {
	h       *History
	s       settling
	begins  time.Time
	members []joined // as in h
	reasons []access.Reason
	ids     int64

	Outcome
}

// Outcome is how a person stands after an instant. All ascending.
type Outcome struct {
	State    identity.State
	Held     []int
	Withheld []access.Withheld // by entitlement and rule
	Broken   []int             // SoD rules
	Refused  []int             // SoD rules that forbid the membership, or what the request gives, of this instant
	NoRole   bool              // or there is no such role, it is not active, or it wants other parameters; or nothing such is offered to the person
}

// NewReplay puts a policy into force for somebody at the instant at which their history begins, as a change of the policy does: nothing is
// kept for a hand-over.
func NewReplay(h *History, pol *policy.Snapshot, cat *catalog.Catalog, begins time.Time) (*Replay, error) {
	r := &Replay{h: h, s: settling{pol: pol, cat: cat}, begins: begins, members: membersAt(h, begins), reasons: slices.Clone(h.Reasons)}
	r.number()
	return r, r.settle(begins, nil)
}

// Next gives the instant at which something ends by itself in what is held after an instant: a hand-over, or what a request gave that
// another one took the place of only in reality.
func (r *Replay) Next(after time.Time) (at time.Time, ok bool) {
	consider := func(to time.Time) {
		if to.After(after) && (!ok || to.Before(at)) {
			at, ok = to, true
		}
	}
	for i := range r.reasons {
		if r.reasons[i].Kind == access.Handover {
			consider(r.reasons[i].ValidTo)
		}
	}
	for i := range r.members {
		if r.members[i].there && r.members[i].by >= 0 {
			consider(r.end(i))
		}
	}
	return at, ok
}

// Go lets one thing happen.
func (r *Replay) Go(x Happening) error {
	r.Refused, r.NoRole = nil, false
	if x.Kind == HappenedJoin {
		if err := r.join(x); err != nil || !r.members[x.Join].there {
			return err
		}
	}
	return r.settle(x.At, &x)
}

// subject is the person at an instant.
func (r *Replay) subject(t time.Time) (*access.Subject, error) {
	r.s.now = t
	sub := &access.Subject{Identity: r.h.Person, Reasons: r.s.live(r.reasons, t)}
	for i := range r.h.Found {
		if r.h.Found[i].Live(t) {
			sub.Reasons = append(sub.Reasons, r.h.Found[i])
		}
	}
	c := &identity.Change{Person: r.h.Person, Versions: r.h.believed(t)}
	for i := range r.h.Locks {
		c.Locked = c.Locked || r.h.Locks[i].holds(t)
	}
	for i := range r.h.Exceptions {
		if r.h.Exceptions[i].holds(t) {
			sub.Except(r.h.Exceptions[i].Rule)
		}
	}
	var members []access.Reason
	for i := range r.members {
		if m := &r.members[i]; m.there && t.Before(r.end(i)) && m.To.After(t) {
			gives, err := m.gives(r.h.Person, r.s.pol)
			if err != nil {
				return nil, err
			}
			members = append(members, gives...)
		}
	}
	r.s.members = map[int][]access.Reason{r.h.Person: members}
	return sub, r.s.judge(sub, c)
}

// settle computes what the person holds from an instant on. x is nil when the policy is put into force.
func (r *Replay) settle(t time.Time, x *Happening) error {
	r.s.cause.HandOver = x != nil && x.Kind == HappenedHR
	sub, err := r.subject(t)
	if err != nil {
		return err
	}
	d := access.Desired(sub, r.s.cat, t)
	r.reasons = slices.DeleteFunc(d.Live, func(x access.Reason) bool { return x.Kind == access.Found })
	r.number()
	r.Outcome = Outcome{State: sub.State, Held: access.Entitlements(d.Live, t), Withheld: d.Withheld}
	for i := range d.Broken {
		r.Broken = append(r.Broken, d.Broken[i].Rule)
	}
	slices.Sort(r.Broken)
	slices.SortFunc(r.Withheld, func(a, b access.Withheld) int {
		if a.Entitlement != b.Entitlement {
			return a.Entitlement - b.Entitlement
		}
		return a.Rule - b.Rule
	})
	return nil
}

// number tells reasons that are there from those that begin, as their rows' numbers do.
func (r *Replay) number() {
	for i := range r.reasons {
		r.ids++
		r.reasons[i].ID = r.ids
	}
}
