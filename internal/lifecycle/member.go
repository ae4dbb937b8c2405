package lifecycle

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/internal/policy/sod"
)

// Membership is what somebody decides who makes a person a member of a role, or what a request gives to one.
type Membership struct {
	Role         int    // object id; 0 for a request of entitlements
	Param        string // of the role's parameters, as policy.Param writes them
	Item         int    // of the request; 0 for none
	Entitlements []int  // of a request that names no role
	From         time.Time
	To           time.Time // zero: without end
	Reason       string
}

// lockPeople is identity.Lock; a test shows what happens without it.
var lockPeople = identity.Lock

// lockOne locks the policy and the person about whom somebody decides, and reads the clock behind the locks.
func lockOne(tx *db.Tx, who int) error {
	return db.Asking(tx, db.PlanOnce, func(tx *db.Tx) error { return policy.Lock(tx, false) },
		func(tx *db.Tx) error { return lockPeople(tx, []int{who}) },
		func(behind *db.Tx) error {
			err := behind.Refresh()
			tx.Now = behind.Now
			return err
		})
}

// Join makes a person a member of a role from an instant until another, decided by somebody else. What the person holds, will hold and
// is about to get by it is weighed against the SoD rules under the person's lock: what would break one is refused as a whole, naming
// the rule, unless the rule only records or an exception is accepted.
func Join(tx *db.Tx, who int, m Membership) (*Effect, error) {
	if tx.Actor.Identity == 0 {
		return nil, errs.Forbidden("making somebody a member of a role needs a person: sign in, or give a personal token in TENURE_TOKEN")
	}
	if tx.Actor.Is(who) {
		return nil, errs.Forbidden("nobody makes themselves a member of a role; another person can")
	}
	if err := lockOne(tx, who); err != nil {
		return nil, err
	}
	pol, err := policy.Load(tx)
	if err != nil {
		return nil, err
	}
	if err := m.check(pol, tx.Now); err != nil {
		return nil, err
	}
	if err := m.weigh(tx, who, pol); err != nil {
		return nil, err
	}
	if err := m.store(tx, who); err != nil {
		return nil, err
	}
	if err := access.Due(tx, []time.Time{m.From}, []int{who}); err != nil {
		return nil, err
	}
	return SettleIDs(tx, []int{who}, Cause{What: "member", Ref: m.Role})
}

func (m *Membership) check(pol *policy.Snapshot, now time.Time) error {
	o := pol.Object(m.Role)
	if o == nil || o.Role == nil {
		return errs.NotFound("there is no such role any more")
	}
	if o.Role.State != policy.Active {
		return errs.Conflict("the role is %s: it gives nothing, and nobody becomes a member", o.Role.State)
	}
	bad := policy.CheckParam(o.Role.Parameters, m.Param)
	if m.From.Before(now) {
		m.From = now
	}
	if m.To.IsZero() {
		m.To = db.Forever
	}
	if !m.To.After(m.From) {
		bad = append(bad, errs.Field{Field: "until", Rule: "must lie after the beginning"})
	}
	if m.Reason = strings.TrimSpace(m.Reason); m.Reason == "" {
		bad = append(bad, errs.Field{Field: "reason", Rule: "is required"})
	}
	if len(bad) > 0 {
		return errs.InvalidFields("nobody became a member:", bad)
	}
	return nil
}

// weigh refuses a membership that would break an SoD rule.
func (m *Membership) weigh(tx *db.Tx, who int, pol *policy.Snapshot) error {
	if pol.Duties() == nil {
		return nil
	}
	held, scope, excepted, err := holdings(tx, who, pol)
	if err != nil {
		return err
	}
	breaks, err := m.breaks(pol, held, scope, excepted)
	if err != nil {
		return err
	}
	for _, v := range breaks {
		return errs.Conflict("the SoD rule %s forbids it: the person would combine %s", pol.Object(v.Rule).Title, dutyNames(pol, v))
	}
	return nil
}

// breaks gives the SoD rules that forbid the membership beside what is held.
func (m *Membership) breaks(pol *policy.Snapshot, held []sod.Holding, scope, excepted func(int) bool) ([]sod.Violation, error) {
	gives, err := m.gives(0, pol)
	if err != nil {
		return nil, err
	}
	var add []sod.Holding
	for i := range gives {
		add = append(add, sod.Holding{Entitlement: gives[i].Entitlement, From: m.From, To: m.To})
	}
	stops := pol.Duties().Stops(held, add, scope, excepted)
	return slices.DeleteFunc(pol.Duties().Engine().CheckAdd(held, add, scope), func(v sod.Violation) bool { return !slices.Contains(stops, v.Rule) }), nil
}

// gives is what the membership gives to somebody.
func (m *Membership) gives(who int, pol *policy.Snapshot) ([]access.Reason, error) {
	r := access.Reason{Identity: who, Kind: access.Assignment, Ref: m.Role, PolicyVersion: pol.Version, ValidFrom: m.From, ValidTo: m.To}
	if m.Item != 0 {
		r.Kind, r.Ref = access.Requested, m.Item
	}
	var out []access.Reason
	for _, r.Entitlement = range m.Entitlements {
		out = append(out, r)
	}
	if m.Role == 0 {
		return out, nil
	}
	all, err := pol.RoleGives(m.Role, m.Param)
	for _, g := range all {
		r.Entitlement, r.Param, r.Via = g.Entitlement, g.Param, g.Role
		if m.Item == 0 {
			r.Via = via(g.Role, m.Role)
		}
		out = append(out, r)
	}
	return out, err
}

func dutyNames(pol *policy.Snapshot, v sod.Violation) string {
	var names []string
	for _, p := range v.Duties {
		if o := pol.Object(p.Duty); o != nil {
			names = append(names, o.Title)
		}
	}
	return strings.Join(names, " and ")
}

// holdings are what a person holds now and will hold by decision, with the scope of the SoD rules for them and the rules excepted.
func holdings(tx *db.Tx, who int, pol *policy.Snapshot) (held []sod.Holding, scope func(int) bool, excepted func(int) bool, err error) {
	if err := lockPeople(tx, []int{who}); err != nil {
		return nil, nil, nil, err
	}
	sub, cat, err := judged(tx, pol, who, access.Load)
	if err != nil {
		return nil, nil, nil, err
	}
	if sub == nil {
		return nil, nil, nil, errs.NotFound("there is no such person")
	}
	if sub.State == identity.Left {
		return nil, nil, nil, errs.Conflict("the person does not work here any more")
	}
	return sub.Holdings(cat, tx.Now), pol.Duties().Scope(sub.Jobs), sub.Excepted, nil
}

// judged is one person as a settling sees them, with what policy gives them now, and the catalogue; nil where there is no such person.
func judged(tx *db.Tx, pol *policy.Snapshot, who int, load func(*db.Tx, []int, time.Time) (map[int]*access.Subject, error)) (*access.Subject, *catalog.Catalog, error) {
	one := []int{who}
	var people []*identity.Change
	var subjects map[int]*access.Subject
	var cat *catalog.Catalog
	s := settling{tx: tx, pol: pol, now: tx.Now}
	if err := db.Asking(tx, func(tx *db.Tx) (err error) { people, err = believed(tx, one); return err },
		func(tx *db.Tx) (err error) { subjects, err = load(tx, one, tx.Now); return err },
		func(tx *db.Tx) (err error) { s.members, err = membersOf(tx, pol, one, tx.Now); return err },
		func(tx *db.Tx) (err error) { cat, err = catalog.Load(tx); return err }); err != nil || len(people) == 0 {
		return nil, nil, err
	}
	return subjects[who], cat, s.judge(subjects[who], people[0])
}

func (m *Membership) store(tx *db.Tx, who int) error {
	var to any = m.To
	if m.To.Equal(db.Forever) {
		to = "infinity"
	}
	var id int
	err := tx.QueryRow(`insert into role_member (role_id, identity_id, reason, valid_from, valid_to, made_by, made_identity, param) values ($1, $2, $3, $4, $5::text::timestamptz, $6, $7, $8)
		on conflict (identity_id, role_id, param) where ended_at is null do nothing returning id`, m.Role, who, m.Reason, m.From, timeText(to), tx.Actor.ID, tx.Actor.Identity, m.Param).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return errs.Conflict("the person is a member of this role already")
	}
	if err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "role.joined", IdentityID: who, EffectiveAt: m.From, Touches: evidence.Touches{"role_member": 1},
		Facts: map[string]any{"member": id, "role_id": m.Role, "param": m.Param, "until": timeText(to), "reason": m.Reason}})
	return nil
}

func timeText(v any) string {
	if t, ok := v.(time.Time); ok {
		return t.UTC().Format(time.RFC3339Nano)
	}
	return "infinity"
}

// Leave ends a membership now: the one in a role with these parameters, "" for a role without.
func Leave(tx *db.Tx, who, role int, param, reason string) (*Effect, error) {
	if tx.Actor.Identity == 0 {
		return nil, errs.Forbidden("ending a membership needs a person: sign in, or give a personal token in TENURE_TOKEN")
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return nil, errs.InvalidFields("nothing was ended:", []errs.Field{{Field: "reason", Rule: "is required"}})
	}
	if err := lockOne(tx, who); err != nil {
		return nil, err
	}
	var id int
	err := tx.QueryRow(`update role_member set ended_at = clock_timestamp(), ended_on = business_now(), ended_by = $3, ended_because = $4
		where identity_id = $1 and role_id = $2 and param = $5 and ended_at is null returning id`, who, role, tx.Actor.ID, reason, param).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.Conflict("the person is no member of this role any more")
	}
	if err != nil {
		return nil, err
	}
	tx.Record(evidence.Event{Kind: "role.left", IdentityID: who, Touches: evidence.Touches{"role_member": 1}, Facts: map[string]any{"member": id, "role_id": role, "reason": reason}})
	return SettleIDs(tx, []int{who}, Cause{What: "member", Ref: role})
}

// endMembershipsOf ends the memberships of people who left: who comes back has what the rules give and nothing of what was decided for
// them before.
func endMembershipsOf(tx *db.Tx, people []int) error {
	if len(people) == 0 {
		return nil
	}
	rows, err := tx.Query(`with ended as (update role_member set ended_at = clock_timestamp(), ended_on = business_now(), ended_by = $2, ended_because = 'left' where identity_id = any($1) and ended_at is null returning identity_id)
		select identity_id, count(*) from ended group by 1`, people, tx.Actor.ID)
	if err != nil {
		return err
	}
	var who, n int
	_, err = pgx.ForEachRow(rows, []any{&who, &n}, func() error {
		tx.Record(evidence.Event{Kind: "role.left", IdentityID: who, Touches: evidence.Touches{"role_member": n}, Facts: map[string]any{"memberships": n, "because": "left"}})
		return nil
	})
	return err
}

// membersOf gives what memberships and requests give to people, now or later, by person.
func membersOf(tx *db.Tx, pol *policy.Snapshot, people []int, now time.Time) (map[int][]access.Reason, error) {
	out := map[int][]access.Reason{}
	return out, db.Asking(tx, func(tx *db.Tx) error { return membershipsOf(tx, pol, people, now, out) },
		func(tx *db.Tx) error { return giftsOf(tx, pol, people, now, out) })
}

func membershipsOf(tx *db.Tx, pol *policy.Snapshot, people []int, now time.Time, out map[int][]access.Reason) error {
	rows, err := tx.Query(`select identity_id, role_id, param, valid_from, case when valid_to = 'infinity' then null else valid_to end from role_member
		where identity_id = any($1) and ended_at is null and valid_to > $2 order by identity_id, role_id, param`, people, now)
	if err != nil {
		return err
	}
	var who, role int
	var param string
	var from time.Time
	var to *time.Time
	_, err = pgx.ForEachRow(rows, []any{&who, &role, &param, &from, &to}, func() error {
		m := Membership{Role: role, Param: param, From: from, To: db.Forever}
		if to != nil {
			m.To = *to
		}
		gives, err := m.gives(who, pol)
		out[who] = append(out[who], gives...)
		return err
	})
	return err
}

// via is the inner role that holds an entitlement, 0 where it is the role itself.
func via(holder, role int) int {
	if holder == role {
		return 0
	}
	return holder
}
