package lifecycle

import (
	"slices"
	"sort"
	"time"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/hr"
	"tenure/internal/identity"
	"tenure/internal/policy"
)

// Move is what a change of somebody's job does to what they hold: the reasons before it and after it.
type Move struct {
	At     time.Time
	Before []access.Reason
	After  []access.Reason
}

// Line is one entitlement of a difference. Until is the end of its hand-over, zero for none.
type Line struct {
	Entitlement int
	Reasons     []access.Reason // why it is held: afterwards, or before where it is lost
	Until       time.Time
}

// Difference is what a move does in three columns. What is only kept for a hand-over is lost, later.
type Difference struct{ Keeps, Gains, Loses []Line }

// Difference puts the reasons before and after side by side.
func (m *Move) Difference() Difference {
	before, after := byEntitlement(m.Before), byEntitlement(m.After)
	var d Difference
	for e, reasons := range after {
		l, lasting := Line{Entitlement: e}, false
		for _, r := range reasons {
			if r.Kind != access.Handover {
				lasting = true
				l.Reasons = append(l.Reasons, r)
			} else if r.ValidTo.After(l.Until) {
				l.Until = r.ValidTo
			}
		}
		switch {
		case !lasting:
			if l.Reasons = before[e]; l.Reasons == nil {
				l.Reasons = reasons
			}
			d.Loses = append(d.Loses, l)
		case before[e] == nil:
			l.Until = time.Time{}
			d.Gains = append(d.Gains, l)
		default:
			l.Until = time.Time{}
			d.Keeps = append(d.Keeps, l)
		}
	}
	for e, reasons := range before {
		if after[e] == nil {
			d.Loses = append(d.Loses, Line{Entitlement: e, Reasons: reasons})
		}
	}
	for _, lines := range [][]Line{d.Keeps, d.Gains, d.Loses} {
		slices.SortFunc(lines, func(a, b Line) int { return a.Entitlement - b.Entitlement })
	}
	return d
}

func byEntitlement(all []access.Reason) map[int][]access.Reason {
	out := map[int][]access.Reason{}
	for _, r := range all {
		out[r.Entitlement] = append(out[r.Entitlement], r)
	}
	return out
}

// Between says what became of a person's reasons from one instant to another, as is believed now.
func Between(tx *db.Tx, who int, from, to time.Time) (*Move, error) {
	known, err := tx.Known()
	if err != nil {
		return nil, err
	}
	m := &Move{At: to}
	if m.Before, err = access.ReasonsAt(tx, who, from, known); err != nil {
		return nil, err
	}
	m.After, err = access.ReasonsAt(tx, who, to, known)
	return m, err
}

// Done says what a move did that happened at an instant.
func Done(tx *db.Tx, who int, at time.Time) (*Move, error) {
	return Between(tx, who, at.Add(-time.Microsecond), at)
}

// Preview says what will become of a person's reasons at an instant ahead, by the functions that will do it: everything that falls
// due until then happens in its order, on paper. It locks and writes nothing. HR and the policy may still change what comes.
func Preview(tx *db.Tx, who int, at time.Time) (*Move, error) {
	people, err := identity.People(tx, []int{who})
	if err != nil {
		return nil, err
	}
	p := people[who]
	if p == nil || !at.After(tx.Now) {
		return nil, errs.NotFound("nothing is known to happen then")
	}
	versions, err := identity.Versions(tx, []int{who})
	if err != nil {
		return nil, err
	}
	pol, err := policy.Load(tx)
	if err != nil {
		return nil, err
	}
	cat, err := catalog.Load(tx)
	if err != nil {
		return nil, err
	}
	reasons, err := access.Reasons(tx, who, tx.Now)
	if err != nil {
		return nil, err
	}
	c := &identity.Change{Person: who, Name: p.Name, Was: p.State, Locked: p.Locked(), Versions: versions[who]}
	s := settling{tx: tx, pol: pol, cat: cat, cause: Cause{What: "due", HandOver: true}}
	m := &Move{At: at}
	for _, t := range s.instants(c, reasons, tx.Now, at) {
		m.Before = s.live(reasons, t.Add(-time.Microsecond))
		if reasons, err = s.after(c, reasons, t); err != nil {
			return nil, err
		}
	}
	m.After = s.live(reasons, at)
	return m, nil
}

// instants are those after now at which the person is settled, up to and with the last one.
func (s *settling) instants(c *identity.Change, reasons []access.Reason, now, at time.Time) []time.Time {
	all := []time.Time{at}
	for _, t := range identity.Instants(c.Versions, now) {
		if t.Before(at) {
			all = append(all, t)
		}
	}
	for i := range reasons {
		if t := reasons[i].ValidTo; t.After(now) && t.Before(at) {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return slices.CompactFunc(all, time.Time.Equal)
}

// live gives the reasons that hold at an instant: those that end there are over.
func (s *settling) live(reasons []access.Reason, t time.Time) []access.Reason {
	var out []access.Reason
	for i := range reasons {
		if reasons[i].Live(t) {
			out = append(out, reasons[i])
		}
	}
	return out
}

// after gives a person's reasons as settling them at an instant leaves them.
func (s *settling) after(c *identity.Change, reasons []access.Reason, t time.Time) ([]access.Reason, error) {
	s.now = t
	sub := &access.Subject{Identity: c.Person, Reasons: s.live(reasons, t)}
	if err := s.judge(sub, c); err != nil {
		return nil, err
	}
	return access.Desired(sub, s.cat, t).Live, nil
}

// Moves gives the instants at which a person's job changes so that they move, by HR's own list of what makes a mover: past and
// known ahead, in order. A move is a step of an employment that goes on.
func Moves(tx *db.Tx, versions []identity.Version) ([]identity.Step, error) {
	var jobs []int
	steps := identity.Steps(versions)
	for _, s := range steps {
		jobs = append(jobs, s.Employment)
	}
	movers, err := hr.Movers(tx, jobs)
	if err != nil {
		return nil, err
	}
	var out []identity.Step
	for _, s := range steps {
		if s.Was == nil {
			continue
		}
		for _, a := range movers[s.Employment] {
			if s.Was.Attrs[a] != s.Is.Attrs[a] {
				out = append(out, s)
				break
			}
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].At.Before(out[j].At) })
	return out, nil
}
