package backtest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"tenure/internal/access"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
)

// DefaultDays is how many days are replayed when nobody says; MostDays how many at most.
const (
	DefaultDays = 90
	MostDays    = 366
)

// chunk is how many people are in memory at once.
const chunk = 2000

// What happened to somebody at an instant, in words for pages to translate.
const (
	Joined     = "joined"
	Moved      = "moved" // another department, title, location, or anything else that HR says
	Left       = "left"
	Away       = "on leave"
	Returned   = "returned"
	Terminated = "terminated"
	Reinstated = "reinstated"
	Accepted   = "accepted" // an exception or found access began or ended
	Member     = "member"   // somebody made them a member of a role
	Requested  = "request"  // what they asked for was granted
	Ended      = "ended"    // a membership, requested access or a hand-over began or ended
)

// Difference is what would have differed for somebody from an instant on, because of what happened then.
type Difference struct {
	Identity int       `json:"identity"`
	Person   string    `json:"person,omitempty"` // not kept: for whoever is shown it
	At       time.Time `json:"at"`
	What     string    `json:"what"`
	Role     string    `json:"role,omitempty"`    // that they were made a member of
	Request  int       `json:"request,omitempty"` // that was granted: its number, and the offer and level of it
	Offer    string    `json:"offer,omitempty"`
	Level    string    `json:"level,omitempty"`
	Gains    []string  `json:"gains,omitempty"`    // held under the changed policy only: "application/entitlement"
	Lacks    []string  `json:"lacks,omitempty"`    // held under the current policy only
	Withheld []Kept    `json:"withheld,omitempty"` // not given under the changed policy because of an SoD rule
	Freed    []Kept    `json:"freed,omitempty"`    // not given under the current policy because of one
	Breaks   []string  `json:"breaks,omitempty"`   // SoD rules broken under the changed policy only
	Spares   []string  `json:"spares,omitempty"`   // under the current policy only
	Refused  []string  `json:"refused,omitempty"`  // SoD rules of the changed policy that would have refused the membership or request; "" where there would be no such role or offer
	Admitted []string  `json:"admitted,omitempty"` // SoD rules of the current policy that would refuse it, and the changed policy would not
}

// Kept is access that an SoD rule keeps from somebody.
type Kept struct {
	Entitlement string `json:"entitlement"`
	Rule        string `json:"rule"`
}

// Summary adds differences up. The maps count people; Refused and Admitted count memberships and requests.
type Summary struct {
	Since       time.Time      `json:"since"`
	Until       time.Time      `json:"until"`
	Days        int            `json:"days"`
	People      int            `json:"people"`   // about whom something changed
	Instants    int            `json:"instants"` // at which it did
	Differing   int            `json:"differing"`
	Differences int            `json:"differences"`
	What        map[string]int `json:"what"` // differences by what happened
	Gains       map[string]int `json:"gains"`
	Lacks       map[string]int `json:"lacks"`
	Withheld    map[string]int `json:"withheld"`
	Breaks      map[string]int `json:"breaks"`
	Spares      map[string]int `json:"spares"`
	Refused     map[string]int `json:"refused"`  // by SoD rule
	Admitted    map[string]int `json:"admitted"` // likewise
	Memberships int            `json:"refused_memberships"`
	Requests    int            `json:"refused_requests"`
}

// Run replays the last days, and gives every difference to each, by person and instant. It reads at one moment and keeps a chunk of people
// in memory; step is told how far it is, and may stop it.
func Run(ctx context.Context, d *db.DB, c *change.Candidate, days int, step func(detail string, done, total int) error, each func(*Difference) error) (*Summary, error) {
	if days < 1 || days > MostDays {
		return nil, errs.Invalid("the number of days must be from 1 to %d", MostDays)
	}
	var s *Summary
	err := d.Read(ctx, func(tx *db.Tx) error {
		r := &run{c: c, each: each, until: tx.Now, since: tx.Now.AddDate(0, 0, -days)}
		r.sum = Summary{Since: r.since, Until: r.until, Days: days, What: map[string]int{}, Gains: map[string]int{}, Lacks: map[string]int{}, Withheld: map[string]int{}, Breaks: map[string]int{},
			Spares: map[string]int{}, Refused: map[string]int{}, Admitted: map[string]int{}}
		s = &r.sum
		clocks, err := readClocks(tx)
		if err != nil {
			return err
		}
		ids, err := concerned(tx, clocks, r.since, r.until)
		if err != nil {
			return err
		}
		for done := 0; done < len(ids); done += chunk {
			if err := step("Replaying what happened", done, len(ids)); err != nil {
				return err
			}
			all, err := read(tx, clocks, ids[done:min(done+chunk, len(ids))], r.since)
			if err != nil {
				return err
			}
			for _, h := range all {
				if err := r.person(h); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return s, err
}

type run struct {
	c            *change.Candidate
	since, until time.Time
	each         func(*Difference) error
	sum          Summary
}

// side is one of the two histories of a person.
type side struct {
	*lifecycle.Replay
	was lifecycle.Outcome
}

// person replays one person under both policies.
func (r *run) person(h *lifecycle.History) error {
	coming := h.Happenings(r.since, r.until, append(slices.Clone(r.c.Now.Policy.Leads()), r.c.Changed.Policy.Leads()...))
	if len(coming) == 0 {
		return nil
	}
	r.sum.People++
	var sides [2]side
	for i, p := range []change.Side{r.c.Now, r.c.Changed} {
		replay, err := lifecycle.NewReplay(h, p.Policy, p.Catalog, r.since)
		if err != nil {
			return err
		}
		sides[i] = side{Replay: replay}
	}
	seen := counted{}
	for at := r.since; ; {
		x, ok := next(&coming, &sides, at, r.until)
		if !ok {
			break
		}
		at = x.At
		r.sum.Instants++
		for i := range sides {
			sides[i].was = sides[i].Outcome
			if err := sides[i].Go(x); err != nil {
				return err
			}
		}
		if d := r.compare(h, x, &sides); d != nil {
			seen.add(&r.sum, d)
			if err := r.each(d); err != nil {
				return err
			}
		}
	}
	if len(seen) > 0 {
		r.sum.Differing++
	}
	return nil
}

// next takes the next thing that happens: what is known beforehand, or the end of a hand-over in one of the histories.
func next(coming *[]lifecycle.Happening, sides *[2]side, after, until time.Time) (lifecycle.Happening, bool) {
	var ends time.Time
	for i := range sides {
		if at, ok := sides[i].Next(after); ok && (ends.IsZero() || at.Before(ends)) {
			ends = at
		}
	}
	if ends.After(until) {
		ends = time.Time{}
	}
	if len(*coming) > 0 && (ends.IsZero() || !ends.Before((*coming)[0].At)) {
		x := (*coming)[0]
		*coming = (*coming)[1:]
		return x, true
	}
	return lifecycle.Happening{At: ends, Kind: lifecycle.HappenedDue, Join: -1}, !ends.IsZero()
}

// compare says what differs anew after an instant, nil for nothing.
func (r *run) compare(h *lifecycle.History, x lifecycle.Happening, sides *[2]side) *Difference {
	now, then := &sides[0], &sides[1]
	d := &Difference{Identity: h.Person, At: x.At}
	ref := func(e int) string { return cmp.Or(r.c.Changed.Catalog.Ref(e), r.c.Now.Catalog.Ref(e)) }
	d.Gains = named(anew(only(then.Held, now.Held), only(then.was.Held, now.was.Held)), ref)
	d.Lacks = named(anew(only(now.Held, then.Held), only(now.was.Held, then.was.Held)), ref)
	d.Breaks = named(anew(only(then.Broken, now.Broken), only(then.was.Broken, now.was.Broken)), r.object)
	d.Spares = named(anew(only(now.Broken, then.Broken), only(now.was.Broken, then.was.Broken)), r.object)
	d.Withheld = r.kept(anew(only(pairs(then.Withheld), pairs(now.Withheld)), only(pairs(then.was.Withheld), pairs(now.was.Withheld))), ref)
	d.Freed = r.kept(anew(only(pairs(now.Withheld), pairs(then.Withheld)), only(pairs(now.was.Withheld), pairs(then.was.Withheld))), ref)
	if x.Kind == lifecycle.HappenedJoin {
		if a := h.Members[x.Join].Asked; a != nil {
			d.Request, d.Offer, d.Level = a.Request, r.object(a.Offer), a.Level
		} else {
			d.Role = r.object(h.Members[x.Join].Role)
		}
		switch was, is := r.refusal(&now.Outcome), r.refusal(&then.Outcome); {
		case was == nil:
			d.Refused = is
		case is == nil:
			d.Admitted = was
		}
	}
	if len(d.Gains)+len(d.Lacks)+len(d.Breaks)+len(d.Spares)+len(d.Withheld)+len(d.Freed)+len(d.Refused)+len(d.Admitted) == 0 {
		return nil
	}
	if d.What = what(x, now.was.State, now.State); d.Request != 0 {
		d.What = Requested
	}
	return d
}

// refusal gives the SoD rules that refuse a membership or request, "" for a role or offer that there is not, nil when it is not refused.
func (r *run) refusal(o *lifecycle.Outcome) []string {
	if o.NoRole {
		return []string{""}
	}
	return named(o.Refused, r.object)
}

func (r *run) object(id int) string {
	for _, p := range []*policy.Snapshot{r.c.Changed.Policy, r.c.Now.Policy} {
		if o := p.Object(id); o != nil {
			return o.Name
		}
	}
	return ""
}

func (r *run) kept(all []access.Withheld, ref func(int) string) []Kept {
	var out []Kept
	for _, w := range all {
		out = append(out, Kept{ref(w.Entitlement), r.object(w.Rule)})
	}
	slices.SortFunc(out, func(a, b Kept) int {
		return cmp.Or(cmp.Compare(a.Entitlement, b.Entitlement), cmp.Compare(a.Rule, b.Rule))
	})
	return slices.Compact(out)
}

// what says what happened.
func what(x lifecycle.Happening, was, is identity.State) string {
	switch x.Kind {
	case lifecycle.HappenedLock:
		if is == identity.Left {
			return Terminated
		}
		return Reinstated
	case lifecycle.HappenedAcceptance:
		return Accepted
	case lifecycle.HappenedJoin:
		return Member
	case lifecycle.HappenedDue:
		return Ended
	}
	switch {
	case is == was:
		return Moved
	case is == identity.Left:
		return Left
	case is == identity.Leave:
		return Away
	case was == identity.Leave:
		return Returned
	}
	return Joined
}

// pairs are what is withheld, whichever birthright rule would give it.
func pairs(all []access.Withheld) []access.Withheld {
	out := slices.Clone(all)
	for i := range out {
		out[i].Ref = 0
	}
	return slices.Compact(out)
}

// only gives what is in the first list and not in the second.
func only[T comparable](in, not []T) []T {
	var out []T
	for _, x := range in {
		if !slices.Contains(not, x) {
			out = append(out, x)
		}
	}
	return out
}

// anew gives what was not there before.
func anew[T comparable](now, before []T) []T { return only(now, before) }

func named(ids []int, name func(int) string) []string {
	var out []string
	for _, id := range ids {
		out = append(out, name(id))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// counted says what was counted for a person already.
type counted map[string]bool

func (c counted) add(s *Summary, d *Difference) {
	s.Differences++
	s.What[d.What]++
	once := func(sign string, names []string, into map[string]int) {
		for _, n := range names {
			if !c[sign+n] {
				into[n]++
			}
			c[sign+n] = true
		}
	}
	once("+", d.Gains, s.Gains)
	once("-", d.Lacks, s.Lacks)
	once("!", d.Breaks, s.Breaks)
	once("*", d.Spares, s.Spares)
	var withheld []string
	for _, w := range d.Withheld {
		withheld = append(withheld, w.Entitlement)
	}
	once("?", withheld, s.Withheld)
	for _, rule := range d.Refused {
		s.Refused[rule]++
	}
	for _, rule := range d.Admitted {
		s.Admitted[rule]++
	}
	switch {
	case len(d.Refused) == 0:
	case d.Request != 0:
		s.Requests++
	default:
		s.Memberships++
	}
	c[d.What] = true
}
