package access

import (
	"slices"
	"time"

	"tenure/internal/catalog"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/internal/policy/sod"
)

// Kinds of reasons that exist so far.
const (
	Birthright = "birthright" // Ref is the rule, Via the role on the way (0 for none)
	Handover   = "handover"   // what a mover lost, kept until ValidTo; Ref and Via as in the reason that was lost
	Found      = "found"      // access that was there before Tenure; Ref is the actor who accepted it
	Assignment = "assignment" // a membership in a role that a person decided; Ref is the role, Via the role on the way
	Requested  = "request"    // what was asked for and approved; Ref is the request's item, Via the role on the way
)

// Reason is why a person holds an entitlement.
type Reason struct {
	ID            int64
	Identity      int
	Entitlement   int
	Slot          string
	Param         string
	Kind          string
	Ref           int
	Via           int
	PolicyVersion int
	Employment    int
	ValidFrom     time.Time
	ValidTo       time.Time
}

// Key says which reasons are the same reason at different times.
type Key struct {
	Entitlement     int
	Slot, Param     string
	Kind            string
	Ref, Via, Emplt int
}

// Key gives the reason's key.
func (r *Reason) Key() Key {
	return Key{r.Entitlement, r.Slot, r.Param, r.Kind, r.Ref, r.Via, r.Employment}
}

// Live says whether the reason holds at an instant.
func (r *Reason) Live(t time.Time) bool { return !t.Before(r.ValidFrom) && t.Before(r.ValidTo) }

// Subject is everything that decides about one person's access at one instant.
type Subject struct {
	Identity int
	State    identity.State
	Locked   bool
	// Wanted is what birthright gives now: reasons without id and times, one per employment, rule, role and entitlement.
	Wanted []Reason
	// Member is what memberships in roles give, now or later: reasons without id.
	Member []Reason
	// Reasons are the reasons believed now that have not ended.
	Reasons []Reason
	// HandOver says that what birthright no longer gives may be kept for the entitlement's hand-over period: the person moved.
	HandOver bool
	// Duties are the SoD rules, nil for none; Jobs the attributes of the employments that go on now, for their scopes.
	Duties *policy.Duties
	Jobs   []policy.Attrs
	asked  []asked          // what Want was asked
	pol    *policy.Snapshot // by which Wanted was found; nil for nothing wanted
	// Works holds the employments that go on now. An employment that ended keeps nothing, and what was kept from it ends.
	Works map[int]bool
	// Once holds the entitlements for which the person ever had a reason.
	Once map[int]bool
	// Accounts are the person's accounts.
	Accounts []*Holding
	Undo     *Undo // nil: nothing is taken back
	// Ends are reasons of what was found, or is kept after a move, that a review ends.
	Ends     map[int64]bool
	standing standing // what is stored about violations, exceptions and withheld access
	// Intended gives the hash of the attributes that the person's account in an application should have now.
	Intended func(app *catalog.Application) []byte
}

// asked is one employment for which policy was asked.
type asked struct {
	employment int
	attrs      policy.Attrs
}

// Want takes up one employment that goes on now: what policy gives it, and its attributes for the scopes of SoD rules. Rules evaluate per
// employment: two jobs give two sets of reasons.
func (s *Subject) Want(pol *policy.Snapshot, employment int, a policy.Attrs) error {
	gives, err := pol.Evaluate(a)
	if err != nil {
		return err
	}
	if s.Works == nil {
		s.Works = map[int]bool{}
	}
	s.pol, s.Works[employment], s.Jobs, s.asked = pol, true, append(s.Jobs, a), append(s.asked, asked{employment, a})
	s.Wanted = slices.Grow(s.Wanted, len(gives))
	for _, g := range gives {
		s.Wanted = append(s.Wanted, wanted(g, pol, employment))
	}
	return nil
}

// WantAhead takes up an employment that begins in so many days, at most: what the rules give that prepare it by then.
func (s *Subject) WantAhead(pol *policy.Snapshot, employment int, a policy.Attrs, days int) error {
	gives, err := pol.Evaluate(a)
	if err != nil {
		return err
	}
	for _, g := range gives {
		if pol.Lead(g.Rule) >= max(days, 1) {
			s.Wanted = append(s.Wanted, wanted(g, pol, employment))
		}
	}
	if len(s.Wanted) > 0 {
		if s.Works == nil {
			s.Works = map[int]bool{}
		}
		s.pol, s.Works[employment], s.Jobs = pol, true, append(s.Jobs, a)
	}
	return nil
}

func wanted(g policy.Give, pol *policy.Snapshot, employment int) Reason {
	return Reason{Entitlement: g.Entitlement, Param: g.Param, Kind: Birthright, Ref: g.Rule, Via: g.Role, PolicyVersion: pol.Version, Employment: employment}
}

// holds says whether a person in this state holds anything at all: after the last day nobody does, and before the first one only what is
// prepared for it.
func (s *Subject) holds() bool {
	return !s.Locked && (s.State == identity.Active || s.State == identity.Leave || s.State == identity.Prehire && len(s.Wanted) > 0)
}

// Desire is the difference between the reasons a person has and should have.
type Desire struct {
	Add  []Reason
	End  []Reason // to end now
	Live []Reason // what holds after that

	Broken   []sod.Violation // SoD rules that are broken then, by rule
	Withheld []Withheld      // what birthright would give and an SoD rule forbids
	weighed  []Reason        // what the tags of Broken point at
	attempt  *policy.Attempt // what the last guard is asked before anything is written
}

// Desired computes it. Who left, is not here yet or was terminated has no reasons of any kind. A mover's lost birthright
// becomes a hand-over reason with an end, unless the entitlement is privileged, has no hand-over period, or is still
// covered; a hand-over ends as soon as birthright covers its entitlement again, or its employment ends.
//
// What would break an SoD rule is weighed last: see weigh.
func Desired(s *Subject, cat *catalog.Catalog, now time.Time) Desire {
	d := s.desired(cat, now)
	if s.holds() {
		s.weigh(&d, cat, now)
	}
	return d
}

func (s *Subject) desired(cat *catalog.Catalog, now time.Time) Desire {
	var d Desire
	if !s.holds() {
		d.End = append(d.End, s.Reasons...)
		return d
	}
	if len(s.Reasons)+len(s.Member) == 0 { // somebody new, as all are in a first load: there is nothing to compare with
		d.Add = s.birthright(now)
		d.Live = d.Add
		return d
	}
	wanted := make(map[Key]bool, len(s.Wanted))
	given := make(map[int]bool, len(s.Wanted))
	for i := range s.Wanted {
		wanted[s.Wanted[i].Key()] = true
		given[s.Wanted[i].Entitlement] = true
	}
	var lost, handed []Reason
	covered := make(map[int]bool, len(s.Wanted))
	for e := range given {
		covered[e] = true
	}
	for _, r := range s.Reasons {
		if s.Ends[r.ID] && (r.Kind == Found || r.Kind == Handover) {
			d.End = append(d.End, r)
			continue
		}
		switch r.Kind {
		case Birthright:
			if k := r.Key(); wanted[k] {
				delete(wanted, k)
				d.Live = append(d.Live, r)
			} else {
				d.End = append(d.End, r)
				lost = append(lost, r)
			}
		case Handover:
			handed = append(handed, r)
		case Assignment, Requested:
			if at := s.membership(&r, now); at >= 0 {
				s.Member[at].ID = r.ID // it is there
				covered[r.Entitlement] = true
				d.Live = append(d.Live, r)
			} else {
				d.End = append(d.End, r)
			}
		default:
			d.Live = append(d.Live, r)
			if r.Live(now) {
				covered[r.Entitlement] = true
			}
		}
	}
	for _, r := range handed {
		if given[r.Entitlement] || !s.Works[r.Employment] {
			d.End = append(d.End, r)
			continue
		}
		covered[r.Entitlement] = true
		d.Live = append(d.Live, r)
	}
	for _, w := range s.Wanted {
		if wanted[w.Key()] {
			delete(wanted, w.Key())
			w.Identity, w.Kind, w.ValidFrom, w.ValidTo = s.Identity, Birthright, now, forever
			d.Add = append(d.Add, w)
		}
	}
	for _, m := range s.Member {
		if m.ID == 0 && m.Live(now) {
			m.Identity, m.ValidFrom = s.Identity, now
			covered[m.Entitlement] = true
			d.Add = append(d.Add, m)
		}
	}
	for _, r := range lost {
		if days := s.handoverDays(cat, &r); days > 0 && !covered[r.Entitlement] && s.HandOver && s.Works[r.Employment] {
			covered[r.Entitlement] = true
			d.Add = append(d.Add, Reason{Identity: s.Identity, Entitlement: r.Entitlement, Slot: r.Slot, Param: r.Param, Kind: Handover,
				Ref: r.Ref, Via: r.Via, PolicyVersion: r.PolicyVersion, Employment: r.Employment, ValidFrom: now, ValidTo: now.AddDate(0, 0, days)})
		}
	}
	d.Live = append(d.Live, d.Add...)
	return d
}

// membership finds what gives a reason of a membership still: its place in Member, -1 for none.
func (s *Subject) membership(r *Reason, now time.Time) int {
	return slices.IndexFunc(s.Member, func(m Reason) bool {
		return m.ID == 0 && m.Kind == r.Kind && m.Entitlement == r.Entitlement && m.Param == r.Param && m.Ref == r.Ref && m.Via == r.Via && m.Live(now) && m.ValidTo.Equal(r.ValidTo)
	})
}

// birthright gives the wanted reasons as they begin now, each once.
func (s *Subject) birthright(now time.Time) []Reason {
	out := make([]Reason, 0, len(s.Wanted))
	for _, w := range s.Wanted {
		w.Identity, w.Kind, w.ValidFrom, w.ValidTo = s.Identity, Birthright, now, forever
		if k := w.Key(); !slices.ContainsFunc(out, func(r Reason) bool { return r.Key() == k }) {
			out = append(out, w)
		}
	}
	return out
}

// handoverDays gives how long a mover keeps what a birthright reason gave: as its rule says, else as the entitlement does; never what is
// privileged.
func (s *Subject) handoverDays(cat *catalog.Catalog, r *Reason) int {
	e := cat.Entitlements[r.Entitlement]
	if e == nil || e.Privileged {
		return 0
	}
	if s.pol != nil {
		if days, ok := s.pol.Handover(r.Ref); ok {
			return days
		}
	}
	return e.HandoverDays
}

// Entitlements gives the distinct entitlements that live reasons give at an instant, ascending.
func Entitlements(live []Reason, now time.Time) []int {
	out := make([]int, 0, len(live))
	for i := range live {
		if r := &live[i]; r.Live(now) {
			out = append(out, r.Entitlement)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
