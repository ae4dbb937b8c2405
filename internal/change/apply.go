package change

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/connector"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/policy"
)

// Handler declares one HR source: it decodes the YAML of its spec, checks it and stores it.
type Handler func(tx *db.Tx, name string, raw []byte) (changed bool, err error)

// Deps is what Apply needs from other rooms, and what whoever applies decides.
type Deps struct {
	Kinds      map[string]connector.Kind
	Source     Handler
	Attributes func(tx *db.Tx) ([]string, error) // names of the attributes that HR sources send
	// Settle does what follows for everybody; undo is what a change did that is taken back, by person, nil for none.
	Settle func(tx *db.Tx, undo map[int]*access.Undo) (*Effect, error)

	Note     string // why, for the log
	Prune    bool   // roles and rules that no file declares end
	Override *Override
	Reverses int // the change set that is taken back; 0 for none
}

// Override is a second person's release of a change that the brake would hold.
type Override struct {
	Identity int
	Reason   string
	Author   int // who planned the change; 0 where that is who applies it

	Rehearsal bool // nothing stays: what the brake would hold is shown
}

// Effect is what a change does to people: what Settle did.
type Effect struct {
	People       int            `json:"people"`        // whose access changes
	LosingPeople int            `json:"losing_people"` // who lose something for good, hand-over not counted
	Gained       map[string]int `json:"gained"`        // "application/entitlement" -> people
	Lost         map[string]int `json:"lost"`
	Operations   map[string]int `json:"operations"` // "application kind" -> operations

	Opened   map[int]int           `json:"-"`        // SoD rule -> people who break it from then on: see Plan.Opened
	Resolved map[int]int           `json:"-"`        // and not any more
	Withheld map[string]int        `json:"withheld"` // as Gained: what is not granted because of a rule
	Each     []access.PersonEffect `json:"-"`        // see Plan.People
	Accounts map[int]int           `json:"-"`        // application -> enabled accounts more or, negative, fewer: see Plan.Licences
}

// The brake on policy: a change that takes something from as many people as the greater of these is held.
const (
	BrakeCount   = 20
	BrakePercent = 20
)

// Brake is the judgement over an effect.
type Brake struct {
	Losing int `json:"losing"` // people who lose something
	Limit  int `json:"limit"`  // from this many on a change is held
	Active int `json:"active"` // people who work here
}

// Plan is what an apply did or, when its transaction is rolled back, would do.
type Plan struct {
	Changes []ObjectChange `json:"changes"`
	Policy  int            `json:"policy"`           // the policy version afterwards
	Effect  *Effect        `json:"effect,omitempty"` // nil when no object changed
	Brake   *Brake         `json:"brake,omitempty"`  // set when the limit is reached

	Opened   map[string]int `json:"opened,omitempty"` // SoD rule -> people who break it from then on
	Resolved map[string]int `json:"resolved,omitempty"`
	People   []PersonChange `json:"-"` // what it does to each, by id

	Licences []LicenceChange `json:"licences,omitempty"` // by application
	Monthly  map[string]int  `json:"monthly_cents_by_currency,omitempty"`

	Sensitive *SensitiveEffect `json:"sensitive,omitempty"` // nil for nobody
}

// PersonChange is what a change does to one person, by names: ids of what is new are not the same in a preview.
type PersonChange struct {
	Identity        int
	Gains, Loses    []string // "application/entitlement"
	Opens, Resolves []string // SoD rules
	Withheld        []string
	Operations      int
}

// Apply makes the database agree with the files, in the caller's transaction: HR sources, applications, roles and rules, then
// what follows for everybody. It is also the preview: the caller returns db.ErrRollback afterwards.
//
// When the brake holds the change, Apply gives the plan together with a Conflict error, and the transaction must not commit.
// What is wrong in the files is told all at once, with file and line.
func Apply(tx *db.Tx, files *Files, deps Deps) (*Plan, error) {
	if err := policy.Lock(tx, true); err != nil {
		return nil, err
	}
	before, err := declared(tx)
	if err != nil {
		return nil, err
	}
	was, err := catalog.Load(tx)
	if err != nil {
		return nil, err
	}
	touched, bad, err := files.store(tx, deps)
	if err == nil && len(bad) > 0 {
		err = errs.InvalidFields("nothing was applied; the files are not right:", files.locate(bad))
	}
	if err != nil {
		return nil, err
	}
	after, err := declared(tx)
	if err != nil {
		return nil, err
	}
	plan := &Plan{Changes: difference(before, after, touched)}
	snap, err := policy.Load(tx)
	if err != nil {
		return nil, err
	}
	plan.Policy = snap.Version
	if len(plan.Changes) == 0 {
		return plan, nil
	}
	undo, err := undoing(tx, deps.Reverses)
	if err != nil {
		return nil, err
	}
	if plan.Effect, err = deps.Settle(tx, undo); err != nil {
		return nil, err
	}
	if err := plan.name(tx); err != nil {
		return nil, err
	}
	if err := plan.cost(tx, was); err != nil {
		return nil, err
	}
	if err := plan.weigh(tx, deps.Override); err != nil {
		return plan, err
	}
	plan.record(tx, deps)
	return plan, nil
}

// name puts the effect into names.
func (p *Plan) name(tx *db.Tx) error {
	cat, err := catalog.Load(tx)
	if err != nil {
		return err
	}
	rows, err := tx.Query(`select id, name from policy_object where kind = 'sod'`)
	if err != nil {
		return err
	}
	rules := map[int]string{}
	var id int
	var name string
	if _, err := pgx.ForEachRow(rows, []any{&id, &name}, func() error { rules[id] = name; return nil }); err != nil {
		return err
	}
	rule := func(id int) string { return rules[id] }
	p.Opened, p.Resolved = byName(p.Effect.Opened, rule), byName(p.Effect.Resolved, rule)
	p.People = make([]PersonChange, len(p.Effect.Each))
	for i := range p.Effect.Each {
		e := &p.Effect.Each[i]
		p.People[i] = PersonChange{Identity: e.Identity, Gains: names(e.Gains, cat.Ref), Loses: names(e.Loses, cat.Ref), Opens: names(e.Opens, rule),
			Resolves: names(e.Resolves, rule), Withheld: names(e.Withheld, cat.Ref), Operations: e.Operations}
	}
	p.sensitive(cat)
	slices.SortFunc(p.People, func(a, b PersonChange) int { return a.Identity - b.Identity })
	return nil
}

func byName(n map[int]int, name func(int) string) map[string]int {
	out := map[string]int{}
	for id, people := range n {
		out[name(id)] += people
	}
	return out
}

// names gives sorted names; never nil.
func names(ids []int, name func(int) string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = name(id)
	}
	slices.Sort(out)
	return out
}

// store hands every document to its room and gives those that changed something, and what is wrong: the documents of all kinds are told
// together; roles and rules are looked at only when the applications they refer to are right.
func (f *Files) store(tx *db.Tx, deps Deps) (touched map[string]bool, bad []mistake, err error) {
	touched = map[string]bool{}
	each := func(kind, name string, changed bool, err error) error {
		touched[kind+" "+name] = changed
		return collect(&bad, kind+" "+name, err)
	}
	for _, name := range slices.Sorted(maps.Keys(f.Sources)) {
		changed, err := deps.Source(tx, name, f.Sources[name])
		if err := each(KindSource, name, changed, err); err != nil {
			return nil, nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Applications)) {
		changed, err := catalog.Apply(tx, name, f.Applications[name], deps.Kinds)
		if err := each(KindApplication, name, changed, err); err != nil {
			return nil, nil, err
		}
	}
	if len(bad) > 0 {
		return touched, bad, nil
	}
	attributes, err := deps.Attributes(tx)
	if err != nil {
		return nil, nil, err
	}
	set := f.set(attributes)
	set.Back = deps.Reverses != 0
	_, _, err = policy.Save(tx, set, deps.Note, deps.Prune)
	err = collect(&bad, "", err)
	return touched, bad, err
}

// set is the part of the files that the policy room keeps.
func (f *Files) set(attributes []string) policy.Set {
	return policy.Set{Roles: f.Roles, Rules: f.Rules, Duties: f.Duties, SoD: f.SoD, Offers: f.Offers, Approvals: f.Approvals, Ends: f.Ends, Attributes: attributes}
}

// collect takes up an error that is the files' fault and gives back any other.
func collect(bad *[]mistake, what string, err error) error {
	var e *errs.Error
	if err == nil || !errors.As(err, &e) || e.Kind != errs.KindInvalid {
		return err
	}
	if len(e.Fields) == 0 {
		e = errs.InvalidFields("", []errs.Field{{Field: "spec", Rule: e.Message}})
	}
	*bad = append(*bad, mistakes(what, e.Fields)...)
	return nil
}

// weigh holds the change when too many people would lose something, unless another person released it.
func (p *Plan) weigh(tx *db.Tx, o *Override) error {
	active, err := activePeople(tx)
	if err != nil {
		return err
	}
	limit := max(BrakeCount, (active*BrakePercent+99)/100)
	if p.Effect.LosingPeople < limit {
		return nil
	}
	p.Brake = &Brake{Losing: p.Effect.LosingPeople, Limit: limit, Active: active}
	switch {
	case o == nil:
		return errs.Conflict("the brake holds this change: %d of %d people would lose access and the limit is %d; another person can release it with a personal token and a reason",
			p.Brake.Losing, active, limit)
	case o.Rehearsal:
	case o.Identity == 0 || o.Reason == "":
		return errs.Conflict("the brake holds this change: a release needs a person's own token and a reason")
	case o.Author == 0 && o.Identity == tx.Actor.Identity, o.Identity == o.Author:
		return errs.Conflict("the brake holds this change: who applies it cannot release it; another person can")
	}
	return nil
}

// record says in the log that the files were applied, by whom it was released, and with what effect. The rows are accounted
// for by the events of the rooms.
func (p *Plan) record(tx *db.Tx, deps Deps) {
	var names []string
	for _, c := range p.Changes {
		names = append(names, fmt.Sprintf("%s %s %s", c.Kind, c.Name, c.What))
	}
	facts := map[string]any{"changes": names, "version": p.Policy, "note": deps.Note, "people": p.Effect.People,
		"losing": p.Effect.LosingPeople, "gained": p.Effect.Gained, "lost": p.Effect.Lost, "operations": p.Effect.Operations}
	if p.Brake != nil {
		facts["brake"] = map[string]any{"limit": p.Brake.Limit, "active": p.Brake.Active, "released_by": deps.Override.Identity, "reason": deps.Override.Reason}
	}
	tx.Record(evidence.Event{Kind: "policy.applied", Facts: facts})
}
