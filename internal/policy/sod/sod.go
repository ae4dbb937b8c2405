package sod

import (
	"slices"
	"time"
)

// Duty is a set of entitlements that perform a business function: any one of them, or all of them together. Ids are positive; an
// entitlement that is listed twice counts once.
type Duty struct {
	ID           int
	Name         string // for errors only
	All          bool
	Entitlements []int
}

// Rule says that one person must not perform AtLeast of its duties at the same time; 0 is all of them.
type Rule struct {
	ID      int
	Name    string // for errors only
	Duties  []int
	AtLeast int
}

// Holding is an entitlement that is somebody's from From (included) until To (excluded). A zero From is "always was", a zero To is
// "without end"; one that ends before it begins is never held. Tag is the caller's: which reason gives it.
type Holding struct {
	Entitlement int
	From, To    time.Time
	Tag         int
}

// empty says that it is never held.
func (h *Holding) empty() bool { return !h.To.IsZero() && !h.From.Before(h.To) }

// at says whether it is held at an instant.
func (h *Holding) at(t time.Time) bool {
	return !t.Before(h.From) && (h.To.IsZero() || t.Before(h.To))
}

// Violation is a broken rule with one explanation. The rule is broken from From on and, without interruption, until To, which is
// zero when it does not end; it may be broken again later.
//
// The holdings in Duties are those of the instant From, and none can be left out: without any one of them the others do not
// break the rule. There may be other explanations.
type Violation struct {
	Rule     int
	From, To time.Time
	Duties   []Performed // in the rule's order
	Also     []int       // the rule's other duties that are performed at From, in the rule's order
}

// Performed is a duty with what performs it: one holding of an any-of duty, one for each entitlement of an all-of duty, ascending
// by entitlement.
type Performed struct {
	Duty int
	By   []Holding
}

// Shared gives the entitlements of the explanation that perform more than one of its duties, ascending: the conflict lies in the
// entitlement itself and not in holding it together with others.
func (v *Violation) Shared() []int {
	var once, out []int
	for _, d := range v.Duties {
		for _, h := range d.By {
			if slices.Contains(once, h.Entitlement) {
				out = append(out, h.Entitlement)
			}
			once = append(once, h.Entitlement)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
