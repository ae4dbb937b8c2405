package access

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/fsm"
	"tenure/internal/policy/sod"
)

// ViolationState is where a violation is in its life.
type ViolationState string

// The states of a violation.
const (
	ViolationOpen     ViolationState = "open"
	ViolationAccepted ViolationState = "accepted" // an exception with a mitigating control holds
	ViolationResolved ViolationState = "resolved" // the rule is not broken any more
)

// ViolationLife is the table of a violation's moves.
var ViolationLife = fsm.Table[ViolationState]{
	{From: "", To: ViolationOpen, By: "what the person holds breaks the rule"},
	{From: "", To: ViolationAccepted, By: "an exception was accepted before the access came"},
	{From: ViolationOpen, To: ViolationAccepted, By: "an exception is accepted"},
	{From: ViolationAccepted, To: ViolationOpen, By: "the exception ended"},
	{From: ViolationOpen, To: ViolationResolved, By: "what the person holds does not break the rule any more"},
	{From: ViolationAccepted, To: ViolationResolved, By: "likewise"},
}

// Violation is one broken SoD rule of a person.
type Violation struct {
	ID    int64
	Rule  int
	State ViolationState
	path  string
}

// Excused is an exception that holds: a conflict accepted by a person, with a mitigating control and an end.
type Excused struct {
	ID   int64
	Rule int
	To   time.Time
}

// Path says how one duty of a broken rule is performed.
type Path struct {
	Duty         int   `json:"duty"`
	Entitlements []Way `json:"entitlements"`
}

// Way is one entitlement of a path and the reason for it: no kind where it was only seen in the target.
type Way struct {
	Entitlement int    `json:"e"`
	Kind        string `json:"why,omitempty"`
	Ref         int    `json:"ref,omitempty"`
	Via         int    `json:"via,omitempty"`
}

// standing is what is stored about the duties of one person.
type standing struct {
	violations []Violation
	exceptions []Excused // that hold
	expired    []Excused
	withheld   map[Withheld]bool
}

// Excepted says whether an exception holds for a rule.
func (s *Subject) Excepted(rule int) bool {
	return slices.ContainsFunc(s.standing.exceptions, func(x Excused) bool { return x.Rule == rule })
}

// Except makes an exception hold for a rule in a subject that no database knows.
func (s *Subject) Except(rule int) {
	s.standing.exceptions = append(s.standing.exceptions, Excused{Rule: rule, To: forever})
}

// loadStanding reads it for people who are locked: one query.
func loadStanding(tx *db.Tx, ids []int, now time.Time, out map[int]*Subject) error {
	rows, err := tx.Query(`select 1, identity_id, id, rule_id, state, path::text, null::timestamptz, 0, 0 from violation where identity_id = any($1) and state <> 'resolved'
		union all select 2, identity_id, id, rule_id, '', '', valid_to, 0, 0 from exception where identity_id = any($1) and ended_at is null
		union all select 3, identity_id, 0, rule_id, '', '', null, entitlement_id, ref from withheld where identity_id = any($1)`, ids)
	if err != nil {
		return err
	}
	var what, who, rule, entitlement, ref int
	var id int64
	var state, path string
	var to *time.Time
	_, err = pgx.ForEachRow(rows, []any{&what, &who, &id, &rule, &state, &path, &to, &entitlement, &ref}, func() error {
		s := &out[who].standing
		switch what {
		case 1:
			s.violations = append(s.violations, Violation{ID: id, Rule: rule, State: ViolationState(state), path: path})
		case 2:
			if x := (Excused{ID: id, Rule: rule, To: *to}); x.To.After(now) {
				s.exceptions = append(s.exceptions, x)
			} else {
				s.expired = append(s.expired, x)
			}
		case 3:
			if s.withheld == nil {
				s.withheld = map[Withheld]bool{}
			}
			s.withheld[Withheld{Entitlement: entitlement, Rule: rule, Ref: ref}] = true
		}
		return nil
	})
	return err
}

// DutyChange is what becomes of a person's violations, exceptions and withheld access.
type DutyChange struct {
	Opened   []opened
	Moved    []moved
	Ended    []ended // exceptions
	Withhold []Withheld
	Release  []Withheld // withheld until now
}

type opened struct {
	Rule  int
	State ViolationState
	Path  []byte
	From  time.Time
}

type moved struct {
	Violation
	To   ViolationState
	Path []byte // nil: as it was
}

type ended struct {
	Excused
	Because string
}

// Why exceptions end by themselves.
const (
	EndedExpired = "expired"
	EndedLeft    = "left" // nobody's exception outlives their work here
)

// Empty says whether nothing changes.
func (c *DutyChange) Empty() bool {
	return c == nil || len(c.Opened)+len(c.Moved)+len(c.Ended)+len(c.Withhold)+len(c.Release) == 0
}

// Rules gives the SoD rules that are broken from now on and those that are not any more, and the entitlements that are withheld from
// now on; all ascending.
func (c *DutyChange) Rules() (opens, resolves, withheld []int) {
	if c == nil {
		return nil, nil, nil
	}
	for _, o := range c.Opened {
		opens = append(opens, o.Rule)
	}
	for _, m := range c.Moved {
		if m.To == ViolationResolved {
			resolves = append(resolves, m.Rule)
		}
	}
	for _, w := range c.Withhold {
		withheld = append(withheld, w.Entitlement)
	}
	for _, ids := range []*[]int{&opens, &resolves, &withheld} {
		slices.Sort(*ids)
		*ids = slices.Compact(*ids)
	}
	return opens, resolves, withheld
}

// Reconcile compares what is stored about violations, exceptions and withheld access with a judgement. Pure.
func (s *Subject) Reconcile(d *Desire) *DutyChange {
	st, c := &s.standing, &DutyChange{}
	for _, x := range st.expired {
		c.Ended = append(c.Ended, ended{x, EndedExpired})
	}
	if !s.holds() {
		for _, x := range st.exceptions {
			c.Ended = append(c.Ended, ended{x, EndedLeft})
		}
	}
	for i := range d.Broken {
		v := &d.Broken[i]
		state, path := ViolationOpen, d.pathOf(v)
		if s.Excepted(v.Rule) {
			state = ViolationAccepted
		}
		at := slices.IndexFunc(st.violations, func(x Violation) bool { return x.Rule == v.Rule })
		switch {
		case at < 0:
			c.Opened = append(c.Opened, opened{v.Rule, state, path, v.From})
		case st.violations[at].path != string(path):
			c.Moved = append(c.Moved, moved{st.violations[at], state, path})
		case st.violations[at].State != state:
			c.Moved = append(c.Moved, moved{st.violations[at], state, nil})
		}
	}
	for _, x := range st.violations {
		if !slices.ContainsFunc(d.Broken, func(v sod.Violation) bool { return v.Rule == x.Rule }) {
			c.Moved = append(c.Moved, moved{x, ViolationResolved, nil})
		}
	}
	now := map[Withheld]bool{}
	for _, w := range d.Withheld {
		if !now[w] && !st.withheld[w] {
			c.Withhold = append(c.Withhold, w)
		}
		now[w] = true
	}
	for w := range st.withheld {
		if !now[w] {
			c.Release = append(c.Release, w)
		}
	}
	slices.SortFunc(c.Release, func(a, b Withheld) int { return cmp.Or(a.Entitlement-b.Entitlement, a.Rule-b.Rule, a.Ref-b.Ref) })
	return c
}

// pathOf says how the duties of a broken rule are performed.
func (d *Desire) pathOf(v *sod.Violation) []byte {
	out := make([]Path, 0, len(v.Duties))
	for _, p := range v.Duties {
		one := Path{Duty: p.Duty}
		for _, h := range p.By {
			w := Way{Entitlement: h.Entitlement}
			if h.Tag >= 0 {
				r := &d.weighed[h.Tag]
				w.Kind, w.Ref, w.Via = r.Kind, r.Ref, r.Via
			}
			one.Entitlements = append(one.Entitlements, w)
		}
		out = append(out, one)
	}
	b, _ := json.Marshal(out) // numbers and words only: it cannot fail
	return b
}

// writeDuties stores what becomes of the violations, exceptions and withheld access of any number of people.
func writeDuties(tx *db.Tx, changes []*Change, version int, now time.Time) error {
	w := dutyRows{}
	for _, c := range changes {
		if !c.Duties.Empty() {
			w.take(c)
		}
	}
	for _, step := range []func(*db.Tx, int, time.Time) error{w.open, w.move, w.end, w.hold} {
		if err := step(tx, version, now); err != nil {
			return err
		}
	}
	return nil
}

// dutyRows are the rows of a writing, by column.
type dutyRows struct {
	who, rule   []int
	state, path []string
	from        []time.Time

	moved             []int64
	movedTo           []string
	movedPath         []*string
	over              []int64
	because           []string
	holdWho, holdWhat []int
	holdRule, holdRef []int
	freeWho, freeWhat []int
	freeRule, freeRef []int
}

// take adds one person's rows, and says them in their event.
func (w *dutyRows) take(c *Change) {
	f := &c.Facts
	for _, o := range c.Duties.Opened {
		w.who, w.rule, w.state = append(w.who, c.Identity), append(w.rule, o.Rule), append(w.state, string(o.State))
		w.path, w.from = append(w.path, string(o.Path)), append(w.from, o.From)
		f.Duties = append(f.Duties, DutyFact{Rule: o.Rule, What: string(o.State)})
		c.Touches["violation"]++
	}
	for _, m := range c.Duties.Moved {
		w.moved, w.movedTo = append(w.moved, m.ID), append(w.movedTo, string(m.To))
		var path *string
		if m.Path != nil {
			s := string(m.Path)
			path = &s
		}
		w.movedPath = append(w.movedPath, path)
		if m.To != m.State {
			f.Duties = append(f.Duties, DutyFact{Rule: m.Rule, What: string(m.To)})
		}
		c.Touches["violation"]++
	}
	for _, x := range c.Duties.Ended {
		w.over, w.because = append(w.over, x.ID), append(w.because, x.Because)
		f.Duties = append(f.Duties, DutyFact{Rule: x.Rule, What: "exception_" + x.Because})
		c.Touches["exception"]++
	}
	for _, x := range c.Duties.Withhold {
		w.holdWho, w.holdWhat = append(w.holdWho, c.Identity), append(w.holdWhat, x.Entitlement)
		w.holdRule, w.holdRef = append(w.holdRule, x.Rule), append(w.holdRef, x.Ref)
		f.Duties = append(f.Duties, DutyFact{Rule: x.Rule, What: "withheld", Entitlement: x.Entitlement})
		c.Touches["withheld"]++
	}
	for _, x := range c.Duties.Release {
		w.freeWho, w.freeWhat = append(w.freeWho, c.Identity), append(w.freeWhat, x.Entitlement)
		w.freeRule, w.freeRef = append(w.freeRule, x.Rule), append(w.freeRef, x.Ref)
		f.Duties = append(f.Duties, DutyFact{Rule: x.Rule, What: "released", Entitlement: x.Entitlement})
		c.Touches["withheld"]++
	}
}

func (w *dutyRows) open(tx *db.Tx, version int, now time.Time) error {
	if len(w.who) == 0 {
		return nil
	}
	_, err := tx.Exec(`insert into violation (identity_id, rule_id, state, path, broken_from, policy_version, opened_at, changed_at)
		select i, r, s, p::jsonb, f, $6, $7, $7 from unnest($1::int[], $2::int[], $3::text[], $4::text[], $5::timestamptz[]) v(i, r, s, p, f)`,
		w.who, w.rule, w.state, w.path, w.from, version, now)
	return err
}

func (w *dutyRows) move(tx *db.Tx, version int, now time.Time) error {
	if len(w.moved) == 0 {
		return nil
	}
	_, err := tx.Exec(`update violation v set state = x.s, path = coalesce(x.p::jsonb, v.path), changed_at = case when v.state = x.s then v.changed_at else $5 end,
			policy_version = $4, resolved_at = case when x.s = 'resolved' then $5 end, times_opened = v.times_opened + (v.state = 'accepted' and x.s = 'open')::int
		from unnest($1::bigint[], $2::text[], $3::text[]) x(id, s, p) where v.id = x.id`, w.moved, w.movedTo, w.movedPath, version, now)
	return err
}

func (w *dutyRows) end(tx *db.Tx, _ int, _ time.Time) error {
	if len(w.over) == 0 {
		return nil
	}
	_, err := tx.Exec(`update exception e set ended_at = clock_timestamp(), ended_on = business_now(), ended_by = $3, ended_because = x.why
		from unnest($1::bigint[], $2::text[]) x(id, why) where e.id = x.id`, w.over, w.because, tx.Actor.ID)
	return err
}

func (w *dutyRows) hold(tx *db.Tx, _ int, now time.Time) error {
	if len(w.freeWho) > 0 {
		if _, err := tx.Exec(`delete from withheld w using unnest($1::int[], $2::int[], $3::int[], $4::int[]) x(i, e, r, f)
			where (w.identity_id, w.entitlement_id, w.rule_id, w.ref) = (x.i, x.e, x.r, x.f)`, w.freeWho, w.freeWhat, w.freeRule, w.freeRef); err != nil {
			return err
		}
	}
	if len(w.holdWho) == 0 {
		return nil
	}
	_, err := tx.Exec(`insert into withheld (identity_id, entitlement_id, rule_id, ref, since)
		select i, e, r, f, $5 from unnest($1::int[], $2::int[], $3::int[], $4::int[]) x(i, e, r, f)`, w.holdWho, w.holdWhat, w.holdRule, w.holdRef, now)
	return err
}

// Conflicts says whether a person breaks a rule, or would if nothing were withheld.
func Conflicts(tx *db.Tx, who, rule int) (yes bool, err error) {
	err = tx.QueryRow(`select exists (select from violation where identity_id = $1 and rule_id = $2 and state <> 'resolved')
		or exists (select from withheld where identity_id = $1 and rule_id = $2)`, who, rule).Scan(&yes)
	return yes, err
}
