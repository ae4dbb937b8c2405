package lifecycle

import (
	"crypto/sha256"
	"maps"
	"slices"
	"time"

	"tenure/internal/access"
	"tenure/internal/auth"
	"tenure/internal/campaign"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/evidence"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/internal/request"
)

// Cause says why people are settled: it stands on the operations and in the events.
type Cause struct {
	What    string // "hr", "due", "policy", "terminate", "reinstate", "adopt", "drift"
	Ref     int    // the snapshot, policy version ...
	Urgency int    // 0: access.Normal
	// HandOver lets a mover keep for a while what birthright no longer gives.
	HandOver bool
	// Ends are reasons that a review ends, by person: what was found, or is kept after a move.
	Ends map[int]map[int64]bool
	// Undo is what a change of the policy did, by person, when it is taken back.
	Undo map[int]*access.Undo
}

// Effect counts what a settling did, for plans and for the answers of commands.
type Effect struct {
	People       int            // whose access changed
	LosingPeople int            // who lost something for good, hand-over not counted
	Gained, Lost map[string]int // "application/entitlement" -> people
	Operations   map[string]int // "application kind" -> operations

	Opened, Resolved map[int]int           // SoD rule -> people who break it, or not any more
	Withheld         map[string]int        // as Gained: what is not granted because of a rule
	Each             []access.PersonEffect // of everybody concerned, in the order of settling; after a change of the policy only
	Accounts         map[int]int           // application -> enabled accounts more or, negative, fewer; likewise
}

// SettleIDs locks people, reads what is believed about them and settles them.
func SettleIDs(tx *db.Tx, ids []int, cause Cause) (*Effect, error) {
	if err := policy.Lock(tx, false); err != nil {
		return nil, err
	}
	if err := lockPeople(tx, ids); err != nil {
		return nil, err
	}
	var people []*identity.Change
	s, known, err := newSettling(tx, cause, func(tx *db.Tx) (err error) { people, err = believed(tx, ids); return err })
	if err != nil {
		return nil, err
	}
	return s.settle(people, known)
}

// take locks people and reads what is believed about them.
func take(tx *db.Tx, ids []int) ([]*identity.Change, error) {
	if err := lockPeople(tx, ids); err != nil {
		return nil, err
	}
	return believed(tx, ids)
}

// believed reads what is known of people.
func believed(tx *db.Tx, ids []int) ([]*identity.Change, error) {
	var people map[int]*identity.Person
	var versions map[int][]identity.Version
	if err := db.Asking(tx, func(tx *db.Tx) (err error) { people, err = identity.People(tx, ids); return err },
		func(tx *db.Tx) (err error) { versions, err = identity.Versions(tx, ids); return err }); err != nil {
		return nil, err
	}
	changes := make([]*identity.Change, 0, len(ids))
	for _, id := range ids {
		if p := people[id]; p != nil && p.Kind == "person" {
			changes = append(changes, &identity.Change{Person: id, Name: p.Name, Was: p.State, Locked: p.Locked(), Versions: versions[id]})
		}
	}
	return changes, nil
}

// Settle does what must follow for these people now. They are locked, as policy is, and each appears once.
func Settle(tx *db.Tx, people []*identity.Change, cause Cause) (*Effect, error) {
	s, known, err := newSettling(tx, cause)
	if err != nil {
		return nil, err
	}
	return s.settle(people, known)
}

func (s *settling) settle(people []*identity.Change, known time.Time) (*Effect, error) {
	tx := s.tx
	if err := s.compute(people); err != nil {
		return nil, err
	}
	if err := s.states(people); err != nil {
		return nil, err
	}
	if err := access.Write(tx, s.cat, s.changes, s.cause.What, s.pol.Version, tx.Now, known); err != nil {
		return nil, err
	}
	if err := s.due(people); err != nil {
		return nil, err
	}
	s.record(people)
	gone := s.left(people)
	if err := auth.EndDelegationsOf(tx, gone); err != nil {
		return nil, err
	}
	if err := auth.RevokeTokensOf(tx, gone); err != nil {
		return nil, err
	}
	if err := endMembershipsOf(tx, gone); err != nil {
		return nil, err
	}
	if err := request.EndOf(tx, gone); err != nil {
		return nil, err
	}
	away := s.away(people)
	if err := request.Replace(tx, away); err != nil {
		return nil, err
	}
	if err := campaign.Replace(tx, away); err != nil {
		return nil, err
	}
	if err := s.eventReviews(people); err != nil {
		return nil, err
	}
	if err := auth.EndSessionsOf(tx, away); err != nil {
		return nil, err
	}
	if err := identity.Enter(tx, s.changed(people)); err != nil {
		return nil, err
	}
	return s.count.effect(s.cat), nil
}

// newSettling reads what is the same for everybody, and both times behind the locks. What also asks is asked in the same round trip.
func newSettling(tx *db.Tx, cause Cause, also ...func(*db.Tx) error) (s *settling, known time.Time, err error) {
	if cause.Urgency == 0 {
		cause.Urgency = access.Normal
	}
	s = &settling{tx: tx, cause: cause, count: newCount(), targets: map[int][]string{}}
	s.count.keep = cause.What == "policy"
	err = db.Asking(tx, append(also, func(behind *db.Tx) error {
		err := behind.Refresh()
		tx.Now = behind.Now
		return err
	}, func(tx *db.Tx) (err error) { s.pol, err = policy.Load(tx); return err },
		func(tx *db.Tx) (err error) { s.cat, err = catalog.Load(tx); return err },
		func(tx *db.Tx) (err error) { known, err = tx.Known(); return err })...)
	s.now = tx.Now
	return s, known, err
}

type settling struct {
	tx      *db.Tx
	pol     *policy.Snapshot
	cat     *catalog.Catalog
	cause   Cause
	now     time.Time
	state   []identity.State
	changes []*access.Change
	count   *count
	targets map[int][]string // by application: the names of the target's attributes, sorted
	members map[int][]access.Reason
}

// compute decides for each person, without writing.
func (s *settling) compute(people []*identity.Change) error {
	subjects, err := s.read(people)
	if err != nil {
		return err
	}
	return s.decide(people, subjects)
}

// read takes up what is stored about people.
func (s *settling) read(people []*identity.Change) (map[int]*access.Subject, error) {
	var known []int
	for _, p := range people {
		if !p.New() {
			known = append(known, p.Person)
		}
	}
	var subjects map[int]*access.Subject
	err := db.Asking(s.tx, func(tx *db.Tx) (err error) { subjects, err = access.Load(tx, known, s.now); return err },
		func(tx *db.Tx) (err error) { s.members, err = membersOf(tx, s.pol, known, s.now); return err })
	return subjects, err
}

// decide works out what people should have, and what follows.
func (s *settling) decide(people []*identity.Change, subjects map[int]*access.Subject) error {
	s.state = make([]identity.State, len(people))
	s.changes = make([]*access.Change, len(people))
	for i, p := range people {
		sub := subjects[p.Person]
		if sub == nil {
			sub = &access.Subject{Identity: p.Person}
		}
		if err := s.judge(sub, p); err != nil {
			return err
		}
		s.state[i] = sub.State
		main := identity.Main(p.Versions, s.now)
		sub.Intended = func(app *catalog.Application) []byte { return s.intended(app, main) }
		d := access.Desired(sub, s.cat, s.now)
		e := access.Plan(sub, d.Live, s.cat, s.now, s.cause.Urgency)
		s.changes[i] = &access.Change{Identity: p.Person, Desire: d, Effects: e, Duties: sub.Reconcile(&d), Base: func(app *catalog.Application) string {
			if main == nil {
				return ""
			}
			return catalog.RenderName(app.Spec.Accounts.Name, main.Attrs)
		}}
		s.count.add(sub, d, e, s.changes[i].Duties, s.now)
	}
	return nil
}

// judge fills in what a person is now and what they should have.
func (s *settling) judge(sub *access.Subject, p *identity.Change) error {
	sub.Locked = p.Locked
	sub.State = identity.StateAt(p.Versions, s.now)
	if p.Locked {
		sub.State = identity.Left
	}
	return s.want(sub, p)
}

// want asks policy what each employment gives now.
func (s *settling) want(sub *access.Subject, p *identity.Change) error {
	switch sub.State {
	case identity.Left:
		return nil
	case identity.Prehire:
		return s.ahead(sub, p)
	}
	sub.HandOver, sub.Works, sub.Duties = s.cause.HandOver, map[int]bool{}, s.pol.Duties()
	sub.Member, sub.Undo, sub.Ends = s.members[sub.Identity], s.cause.Undo[sub.Identity], s.cause.Ends[sub.Identity]
	for i := range p.Versions {
		v := &p.Versions[i]
		if !v.Valid(s.now) {
			continue
		}
		if st := v.At(s.now); st != identity.Active && st != identity.Leave {
			continue
		}
		if err := sub.Want(s.pol, v.Employment, v.Attrs); err != nil {
			return err
		}
	}
	return nil
}

// states stores the new states. A new person's row has one already, which time may have overtaken.
func (s *settling) states(people []*identity.Change) error {
	var ids []int
	var states []string
	for i, p := range people {
		was := p.Was
		if p.New() {
			was = p.Stored
		}
		if was == s.state[i] {
			continue
		}
		ids, states = append(ids, p.Person), append(states, string(s.state[i]))
		if p.Touches == nil {
			p.Touches = map[string]int{}
		}
		p.Touches["identity"]++
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := s.tx.Exec(`update identity i set state = v.state, since = $3, version = version + 1
		from unnest($1::int[], $2::text[]) v(id, state) where i.id = v.id`, ids, states, s.now)
	return err
}

// due notes the instants at which people change by themselves.
func (s *settling) due(people []*identity.Change) error {
	var at []time.Time
	var ids []int
	for _, p := range people {
		for _, t := range append(identity.Instants(p.Versions, s.now), prepared(p.Versions, s.pol.Leads(), s.now)...) {
			at, ids = append(at, t), append(ids, p.Person)
		}
	}
	if err := access.Due(s.tx, at, ids); err != nil {
		return err
	}
	return ringNext(s.tx)
}

// left gives those who do not work here from now on.
func (s *settling) left(people []*identity.Change) []int {
	var out []int
	for i, p := range people {
		if s.state[i] == identity.Left && p.Was != identity.Left {
			out = append(out, p.Person)
		}
	}
	return out
}

// away gives those who worked here until now and do not at present.
func (s *settling) away(people []*identity.Change) []int {
	var out []int
	for i, p := range people {
		if p.Was == identity.Active && s.state[i] != identity.Active {
			out = append(out, p.Person)
		}
	}
	return out
}

// changed gives those whose line in lists may be another one now: facts or state changed, or a day came.
func (s *settling) changed(people []*identity.Change) []int {
	var out []int
	for _, p := range people {
		if len(p.Touches) > 0 || s.cause.What == "due" || p.New() {
			out = append(out, p.Person)
		}
	}
	return out
}

// record gives each person to whom something happened one event.
func (s *settling) record(people []*identity.Change) {
	for i, p := range people {
		c := s.changes[i]
		if len(p.Touches) == 0 && c.Empty() && p.Was == s.state[i] {
			continue
		}
		touches := c.Touches
		for t, n := range p.Touches {
			touches[t] += n
		}
		s.tx.Record(evidence.Event{Kind: eventKind(p, s.state[i], s.cause), IdentityID: p.Person, EffectiveAt: s.now, Touches: touches,
			Facts:    &fact{State: [2]string{string(p.Was), string(s.state[i])}, Cause: s.cause.What, Ref: s.cause.Ref, HR: p.Facts, Access: &c.Facts},
			Personal: p.Personal})
	}
}

func eventKind(p *identity.Change, state identity.State, cause Cause) string {
	was := p.Was
	switch {
	case was != state && state == identity.Left && p.Locked:
		return "person.terminated"
	case was != state && state == identity.Left && !p.New():
		return "person.left"
	case was == identity.Left && state != identity.Left:
		return "person.rehired"
	case was != state && state == identity.Prehire:
		return "person.hired"
	case was != state && state == identity.Leave:
		return "person.on_leave"
	case was == identity.Leave && state == identity.Active:
		return "person.returned"
	case was != state && state == identity.Active:
		return "person.joined"
	case len(p.Moved) > 0:
		return "person.moved"
	case cause.What == "hr":
		return "person.updated"
	}
	return "access.settled"
}

// intended is the hash of what an account should be told: the target attributes, and the name where it follows the person.
func (s *settling) intended(app *catalog.Application, main *identity.Version) []byte {
	if main == nil {
		none := sha256.Sum256(nil)
		return none[:]
	}
	names := s.targets[app.ID]
	if names == nil {
		names = slices.Sorted(maps.Keys(app.Spec.Accounts.Attributes))
		s.targets[app.ID] = names
	}
	attrs := catalog.TargetAttrs(app, main.Attrs)
	var space [512]byte
	b := space[:0]
	for _, n := range names {
		b = append(append(b, n...), 0)
		b = append(append(b, attrs[n]...), 1)
	}
	if app.Spec.Accounts.Rename == catalog.Follow {
		b = append(b, catalog.RenderName(app.Spec.Accounts.Name, main.Attrs)...)
	}
	sum := sha256.Sum256(b)
	return sum[:16]
}
