package policy

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// Set is what policy files declare.
type Set struct {
	Roles     map[string]RoleSpec
	Rules     map[string]RuleSpec
	Duties    map[string]DutySpec
	SoD       map[string]SoDSpec
	Offers    map[string]OfferSpec
	Approvals map[string]ApprovalSpec
	// Ends are objects that end, by kind and name.
	Ends []Ref
	// Back says that the set takes up again what was: a role that had no owner has none again.
	Back bool
	// Attributes are the names that HR sources send besides the standard ones: they are variables in conditions.
	Attributes []string
}

// Ref names an object.
type Ref struct{ Kind, Name string }

// Save makes the set the current policy and gives its version. Only what changed is written; an unchanged set makes no new
// version. With prune, roles and rules that are not in the set end; without, they stay. It takes the policy lock.
//
// Errors name object and field: "Role AP Lead: spec.entitlements[2]".
func Save(tx *db.Tx, set Set, note string, prune bool) (version int, changed bool, err error) {
	if err := Lock(tx, true); err != nil {
		return 0, false, err
	}
	d := draft{tx: tx, set: set, prune: prune}
	for _, step := range []func() error{d.load, d.resolve, d.check, d.compare} {
		if err := step(); err != nil {
			return 0, false, err
		}
	}
	if len(d.changed)+len(d.ended) == 0 {
		return d.version, false, nil
	}
	version, err = d.write(note)
	return version, err == nil, err
}

// draft is a policy on its way to be saved.
type draft struct {
	tx    *db.Tx
	set   Set
	prune bool

	version int
	cat     *catalog.Catalog
	now     map[string]row // current specs by kind and name
	known   map[string]row // every object there ever was, with its last n and no spec
	next    []row          // the specs of the new version
	bad     []errs.Field
	people  bool // there is somebody who could own a role

	changed, ended []row
}

func keyOf(kind, name string) string { return kind + "/" + name }

// fileKinds are the kinds as policy files call them.
var fileKinds = map[string]string{KindRole: "Role", KindRule: "BirthrightRule", KindDuty: "Duty", KindSoD: "SoDRule", KindOffer: "Offer",
	KindApproval: "ApprovalRule"}

// fieldOf begins the path of a field in an error, as change.Read can find it again in the files.
func fieldOf(kind, name string) string { return fileKinds[kind] + " " + name + ": " }

// rows gives what the set declares, by kind and name, with nothing resolved.
func (s *Set) rows() map[string]row {
	out := map[string]row{}
	add := func(kind, name string, spec record) { out[keyOf(kind, name)] = row{Kind: kind, Name: name, Spec: spec} }
	for name, x := range s.Roles {
		add(KindRole, name, record{Title: x.Title, Description: x.Description, Owner: x.Owner, Roles: x.Roles, Entitlements: x.Entitlements,
			State: x.State, Parameters: x.Parameters, Where: x.Where})
	}
	for name, x := range s.Rules {
		add(KindRule, name, record{Title: x.Title, Description: x.Description, When: x.When, Except: x.Except, Roles: x.Roles, Entitlements: x.Entitlements, Where: x.Where,
			With: x.With, Choice: x.Choice, Priority: x.Priority, LeadDays: x.LeadDays, HandoverDays: x.HandoverDays})
	}
	for name, x := range s.Duties {
		add(KindDuty, name, record{Title: x.Title, Description: x.Description, Needs: x.Needs, Entitlements: x.Entitlements})
	}
	for name, x := range s.SoD {
		add(KindSoD, name, record{Title: x.Title, Description: x.Description, Owner: x.Owner, Duties: x.Duties, AtLeast: x.AtLeast,
			Severity: x.Severity, Reaction: x.Reaction, When: x.When})
	}
	for name, x := range s.Offers {
		add(KindOffer, name, record{Title: x.Title, Description: x.Description, Owner: x.Owner, Tasks: x.Tasks, Levels: x.Levels, For: x.For, Days: x.Days,
			LongestDays: x.LongestDays, Activate: x.Activate, Emergency: x.Emergency})
	}
	for name, x := range s.Approvals {
		add(KindApproval, name, record{Title: x.Title, Description: x.Description, Order: x.Order, When: x.When, Automatic: x.Automatic, Steps: x.Steps})
	}
	return out
}

func (d *draft) load() error {
	if err := d.tx.QueryRow(`select coalesce(max(id), 0) from policy_version`).Scan(&d.version); err != nil {
		return err
	}
	var err error
	if d.cat, err = catalog.Load(d.tx); err != nil {
		return err
	}
	if err := d.tx.QueryRow(`select exists (select from identity where kind = 'person')`).Scan(&d.people); err != nil {
		return err
	}
	rows, err := current(d.tx)
	if err != nil {
		return err
	}
	d.now, d.known = map[string]row{}, map[string]row{}
	for _, r := range rows {
		d.now[keyOf(r.Kind, r.Name)] = r
	}
	found, err := d.tx.Query(`select o.id, o.kind, o.name, coalesce(max(s.n), 0), '{}'::jsonb from policy_object o
		left join policy_spec s on s.object_id = o.id group by o.id`)
	if err != nil {
		return err
	}
	all, err := pgx.CollectRows(found, pgx.RowToStructByPos[row])
	for _, r := range all {
		d.known[keyOf(r.Kind, r.Name)] = r
	}
	return err
}

// resolve makes the rows of the new version: ids for new objects, and for everything that a spec names.
func (d *draft) resolve() error {
	specs := d.set.rows()
	declared := maps.Clone(specs)
	if !d.prune {
		for k, r := range d.now {
			if _, ok := specs[k]; !ok {
				specs[k] = r
			}
		}
	}
	for _, e := range d.set.Ends {
		k := keyOf(e.Kind, e.Name)
		if _, ok := d.now[k]; !ok {
			d.bad = append(d.bad, errs.Field{Field: fieldOf(e.Kind, e.Name) + "ends", Rule: "there is nothing of this name that could end"})
		}
		delete(specs, k)
	}
	if err := d.number(specs); err != nil {
		return err
	}
	var owners []string
	for _, r := range specs {
		if r.Spec.Owner != "" {
			owners = append(owners, r.Spec.Owner)
		}
	}
	people, err := catalog.People(d.tx, owners)
	if err != nil {
		return err
	}
	d.linkAll(specs, declared, people)
	return nil
}

// linkAll makes the rows of the new version, by id. What is not declared anew keeps the ids it was saved with, unless it follows what
// applications say of their entitlements.
func (d *draft) linkAll(specs, declared map[string]row, people map[string]int) {
	for _, k := range slices.Sorted(maps.Keys(specs)) {
		r := specs[k]
		if _, ok := declared[k]; ok || r.Spec.follows() {
			d.link(&r, specs, people)
		}
		d.next = append(d.next, r)
	}
	slices.SortFunc(d.next, func(a, b row) int { return a.ID - b.ID })
}

// number gives ids to objects that are new.
func (d *draft) number(specs map[string]row) error {
	var fresh []string
	for _, k := range slices.Sorted(maps.Keys(specs)) {
		r := specs[k]
		old, ok := d.known[k]
		if !ok {
			fresh = append(fresh, k)
			continue
		}
		r.ID, r.N = old.ID, old.N
		specs[k] = r
	}
	first, err := d.tx.IDs("policy_object", len(fresh))
	for i, k := range fresh {
		r := specs[k]
		r.ID = first + i
		specs[k] = r
	}
	return err
}

// link turns the names in a spec into ids. Without people, owners are not looked up.
func (d *draft) link(r *row, specs map[string]row, people map[string]int) {
	add := func(field, format string, a ...any) {
		d.bad = append(d.bad, errs.Field{Field: fieldOf(r.Kind, r.Name) + field, Rule: fmt.Sprintf(format, a...)})
	}
	s := &r.Spec
	s.RoleIDs, s.DutyIDs, s.OwnerID = nil, nil, 0
	for i, name := range s.Roles {
		inner, ok := specs[keyOf(KindRole, name)]
		if !ok {
			add(fmt.Sprintf("spec.roles[%d]", i), "there is no role %q", name)
			continue
		}
		s.RoleIDs = append(s.RoleIDs, inner.ID)
	}
	for i, name := range s.Duties {
		duty, ok := specs[keyOf(KindDuty, name)]
		if !ok {
			add(fmt.Sprintf("spec.duties[%d]", i), "there is no duty %q", name)
			continue
		}
		s.DutyIDs = append(s.DutyIDs, duty.ID)
	}
	s.EntitlementIDs = d.expand("spec.entitlements", s.Entitlements, add)
	d.linkLevels(s, specs, add)
	d.linkSteps(s, specs, add)
	if s.About = nil; s.Where != "" {
		s.About = d.about(s.EntitlementIDs)
	}
	for _, ids := range []*[]int{&s.RoleIDs, &s.DutyIDs} {
		slices.Sort(*ids)
		*ids = slices.Compact(*ids)
	}
	if s.Owner != "" && people != nil {
		id, ok := people[s.Owner]
		if !ok {
			add("spec.owner", "%s", catalog.NobodyRule(s.Owner))
		}
		s.OwnerID = id
	}
}

// expand gives the entitlements that a list in a spec names, ascending, each once.
func (d *draft) expand(field string, refs []string, add adder) (out []int) {
	for i, ref := range refs {
		ids, err := d.cat.Expand(ref)
		if err != nil {
			add(fmt.Sprintf("%s[%d]", field, i), "%s", err.Error())
			continue
		}
		out = append(out, ids...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// about gives the attributes of entitlements that have some.
func (d *draft) about(entitlements []int) map[int]map[string]string {
	out := map[int]map[string]string{}
	for _, id := range entitlements {
		if e := d.cat.Entitlements[id]; e != nil && len(e.Attributes) > 0 {
			out[id] = e.Attributes
		}
	}
	return out
}

// compare finds what is to be written.
func (d *draft) compare() error {
	keep := map[string]bool{}
	for i := range d.next {
		r := &d.next[i]
		k := keyOf(r.Kind, r.Name)
		keep[k] = true
		if old, ok := d.now[k]; ok && same(old.Spec, r.Spec) {
			r.N = old.N
			continue
		}
		r.N++
		d.changed = append(d.changed, *r)
	}
	for _, k := range slices.Sorted(maps.Keys(d.now)) {
		if !keep[k] {
			d.ended = append(d.ended, d.now[k])
		}
	}
	return nil
}

func same(a, b record) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// write stores the new version and records what changed.
func (d *draft) write(note string) (int, error) {
	content, err := json.Marshal(d.next)
	if err != nil {
		return 0, err
	}
	sum := sha256.Sum256(content)
	var version int
	if err := d.tx.QueryRow(`insert into policy_version (actor_id, sha256, note) values ($1, $2, $3) returning id`,
		d.tx.Actor.ID, sum[:], note).Scan(&version); err != nil {
		return 0, err
	}
	d.tx.Record(evidence.Event{Kind: "policy.versioned", Touches: evidence.Touches{"policy_version": 1}, Facts: map[string]any{
		"version": version, "was": d.version, "sha256": fmt.Sprintf("%x", sum), "objects": len(d.next)}})
	var closed []int
	for _, r := range append(slices.Clone(d.changed), d.ended...) {
		if _, ok := d.now[keyOf(r.Kind, r.Name)]; ok {
			closed = append(closed, r.ID)
		}
	}
	if len(closed) > 0 {
		if _, err := d.tx.Exec(`update policy_spec set to_version = $1 where object_id = any($2) and to_version is null`, version, closed); err != nil {
			return 0, err
		}
	}
	if err := d.copyRows(version); err != nil {
		return 0, err
	}
	for _, r := range d.changed {
		d.record(r, version)
	}
	for _, r := range d.ended {
		d.tx.Record(evidence.Event{Kind: r.Kind + ".ended", Touches: evidence.Touches{"policy_spec": 1},
			Facts: map[string]any{"object": r.ID, "name": r.Name, "n": r.N, "version": version}})
	}
	return version, nil
}

func (d *draft) copyRows(version int) error {
	var fresh []row
	for _, r := range d.changed {
		if _, ok := d.known[keyOf(r.Kind, r.Name)]; !ok {
			fresh = append(fresh, r)
		}
	}
	i := 0
	if _, err := d.tx.Copy("policy_object", []string{"id", "kind", "name"}, func() ([]any, bool) {
		if i++; i > len(fresh) {
			return nil, false
		}
		return []any{fresh[i-1].ID, fresh[i-1].Kind, fresh[i-1].Name}, true
	}); err != nil {
		return err
	}
	i = 0
	_, err := d.tx.Copy("policy_spec", []string{"object_id", "n", "spec", "from_version"}, func() ([]any, bool) {
		if i++; i > len(d.changed) {
			return nil, false
		}
		r := d.changed[i-1]
		return []any{r.ID, r.N, r.Spec, version}, true
	})
	return err
}

// record writes the event of one new or changed object. An owner's e-mail address stays out of the log: the id says who.
func (d *draft) record(r row, version int) {
	k := keyOf(r.Kind, r.Name)
	touches := evidence.Touches{"policy_spec": 1}
	if _, ok := d.known[k]; !ok {
		touches["policy_object"] = 1
	}
	kind := r.Kind + ".defined"
	if _, ok := d.now[k]; ok {
		touches["policy_spec"] = 2
		kind = r.Kind + ".changed"
	}
	r.Spec.Owner = ""
	d.tx.Record(evidence.Event{Kind: kind, Touches: touches, Facts: map[string]any{
		"object": r.ID, "name": r.Name, "n": r.N, "version": version, "spec": r.Spec}})
}
