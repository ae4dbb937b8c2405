package policy

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// record is a policy_spec as stored: the spec of the file, with everything it names resolved when it was saved.
type record struct {
	Title          string   `json:"title,omitempty"`
	Description    string   `json:"description,omitempty"`
	Owner          string   `json:"owner,omitempty"`
	OwnerID        int      `json:"owner_id,omitempty"`
	When           string   `json:"when,omitempty"`
	Roles          []string `json:"roles,omitempty"`
	RoleIDs        []int    `json:"role_ids,omitempty"`
	Entitlements   []string `json:"entitlements,omitempty"`
	EntitlementIDs []int    `json:"entitlement_ids,omitempty"`
	Attributes     []string `json:"attributes,omitempty"` // the variables of When that are not standard
	Needs          string   `json:"needs,omitempty"`
	Duties         []string `json:"duties,omitempty"`
	DutyIDs        []int    `json:"duty_ids,omitempty"`
	AtLeast        int      `json:"at_least,omitempty"`
	Severity       string   `json:"severity,omitempty"`
	Reaction       string   `json:"reaction,omitempty"`

	State        State             `json:"state,omitempty"`
	Parameters   []Parameter       `json:"parameters,omitempty"`
	Where        string            `json:"where,omitempty"`
	Except       string            `json:"except,omitempty"`
	With         map[string]string `json:"with,omitempty"`
	Choice       string            `json:"choice,omitempty"`
	Priority     int               `json:"priority,omitempty"`
	LeadDays     int               `json:"lead_days,omitempty"`
	HandoverDays *int              `json:"handover_days,omitempty"`
	// About are the attributes of the entitlements that Where asks about, by id.
	About map[int]map[string]string `json:"about,omitempty"`

	Tasks       []string `json:"tasks,omitempty"`
	Levels      []Level  `json:"levels,omitempty"`
	Given       []given  `json:"given,omitempty"` // what Levels give, one for each
	For         string   `json:"for,omitempty"`
	Days        int      `json:"days,omitempty"`
	LongestDays int      `json:"longest_days,omitempty"`
	Activate    *Hours   `json:"activate,omitempty"`
	Emergency   *Hours   `json:"emergency,omitempty"`

	Order     int        `json:"order,omitempty"`
	Automatic bool       `json:"automatic,omitempty"`
	Steps     []StepSpec `json:"steps,omitempty"`
	GroupIDs  []int      `json:"group_ids,omitempty"` // the roles among the groups of Steps
}

// levelRoles are the roles that levels give.
func (s *record) levelRoles() (out []int) {
	for _, g := range s.Given {
		if g.Role != 0 {
			out = append(out, g.Role)
		}
	}
	return out
}

// follows says that what the spec gives changes when an application's file does, though its own does not.
func (s *record) follows() bool {
	all := func(ref string) bool { return strings.HasSuffix(ref, "/*") }
	return s.Where != "" || slices.ContainsFunc(s.Entitlements, all) ||
		slices.ContainsFunc(s.Levels, func(l Level) bool { return slices.ContainsFunc(l.Entitlements, all) })
}

// row is the current spec of one object.
type row struct {
	ID   int    `json:"id"`
	Kind string `json:"kind"`
	Name string `json:"name"`
	N    int    `json:"n"`
	Spec record `json:"spec"`
}

// Snapshot is one version of the policy, compiled. It never changes and may be used by several goroutines at once.
type Snapshot struct {
	Version int

	rules   []*rule
	byID    map[int]*rule
	leads   []int
	objects map[int]*Object
	rows    []row
	attrs   []string // what any condition of a rule reads: people who agree in these get the same
	duties  *Duties
	roles   map[int]*role
	// roleGives is what a role without parameters gives, by its id.
	roleGives map[int][]Give
	offers    map[int]*Offer
	approvals []approval // in the order in which they are asked

	mu   sync.RWMutex
	memo map[string][]Give
}

// Give is one entitlement that a rule gives: the reason of a birthright grant.
type Give struct {
	Rule        int // the rule's object id
	RuleN       int // which of the rule's own versions
	Role        int // the object id of the role that holds the entitlement directly; 0 when the rule itself gives it
	Entitlement int
	Param       string // what the role was given with, as Param writes it; "" for nothing
}

// compiled snapshots of this process. Keyed by content, too: ids alone would lie after a restore from a backup.
var compiled = struct {
	sync.Mutex
	byKey map[string]*Snapshot
	order []string
}{byKey: map[string]*Snapshot{}}

// maxCompiled and maxMemo bound what a process keeps: compiled versions, and evaluated combinations of attributes per version.
const (
	maxCompiled = 8
	maxMemo     = 1 << 16
)

// Load gives the policy that is current in this transaction. Version 0 is the empty policy of a new database.
func Load(tx *db.Tx) (*Snapshot, error) {
	if s, ok := tx.Kept(policyKept).(*Snapshot); ok {
		return s, nil
	}
	locked := tx.Kept(lockKept) != nil
	s, err := db.Still(tx, "policy", func() (*Snapshot, error) { return load(tx) })
	if err == nil && locked {
		tx.Keep(policyKept, s)
	}
	return s, err
}

func load(tx *db.Tx) (*Snapshot, error) {
	var version int
	var sum []byte
	err := tx.QueryRow(`select id, sha256 from policy_version order by id desc limit 1`).Scan(&version, &sum)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, err
	}
	key := fmt.Sprintf("%s/%d/%s", tx.DB.ID, version, hex.EncodeToString(sum))
	compiled.Lock()
	defer compiled.Unlock() // two transactions that meet a new version compile it once
	if s := compiled.byKey[key]; s != nil {
		return s, nil
	}
	rows, err := current(tx)
	if err != nil {
		return nil, err
	}
	s, err := newSnapshot(version, rows)
	if err != nil {
		return nil, fmt.Errorf("policy version %d does not compile: %w", version, err)
	}
	if len(compiled.order) == maxCompiled {
		delete(compiled.byKey, compiled.order[0])
		compiled.order = compiled.order[1:]
	}
	compiled.byKey[key] = s
	compiled.order = append(compiled.order, key)
	return s, nil
}

// current reads the specs that no later version replaced, by object id.
func current(tx *db.Tx) ([]row, error) {
	rows, err := tx.Query(`select o.id, o.kind, o.name, s.n, s.spec from policy_spec s join policy_object o on o.id = s.object_id
		where s.to_version is null order by o.id`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[row])
}

// newSnapshot compiles the rows of a version.
func newSnapshot(version int, rows []row) (*Snapshot, error) {
	s := &Snapshot{Version: version, rows: rows, objects: map[int]*Object{}, byID: map[int]*rule{}, memo: map[string][]Give{}}
	var custom []string
	for i := range rows {
		s.objects[rows[i].ID] = rows[i].object()
		custom = append(custom, rows[i].Spec.Attributes...)
	}
	env, err := newEnvironment(custom)
	if err != nil {
		return nil, err
	}
	if err := s.compileRoles(); err != nil {
		return nil, err
	}
	for i := range rows {
		if rows[i].Kind != KindRule {
			continue
		}
		r, err := s.compileRule(&rows[i], env)
		if err != nil {
			return nil, fmt.Errorf("rule %s: %w", rows[i].Name, err)
		}
		s.rules, s.byID[r.row.ID] = append(s.rules, r), r
		s.attrs = append(s.attrs, r.attrs()...)
		if r.row.Spec.LeadDays > 0 {
			s.leads = append(s.leads, r.row.Spec.LeadDays)
		}
	}
	slices.Sort(s.attrs)
	s.attrs = slices.Compact(s.attrs)
	slices.Sort(s.leads)
	s.leads = slices.Compact(s.leads)
	if err := s.compileDuties(env); err != nil {
		return nil, err
	}
	if err := s.compileOffers(env); err != nil {
		return nil, err
	}
	return s, s.compileApprovals(env)
}

func (r *row) object() *Object {
	o := &Object{ID: r.ID, Kind: r.Kind, Name: r.Name, Title: r.Spec.Title, N: r.N, OwnerID: r.Spec.OwnerID}
	if o.Title == "" {
		o.Title = r.Name
	}
	s := &r.Spec
	switch r.Kind {
	case KindRole:
		o.Role = &RoleSpec{Title: s.Title, Description: s.Description, Owner: s.Owner, Entitlements: s.Entitlements, Roles: s.Roles,
			State: cmp.Or(s.State, Active), Parameters: s.Parameters, Where: s.Where}
	case KindRule:
		o.Rule = &RuleSpec{Title: s.Title, Description: s.Description, When: s.When, Except: s.Except, Roles: s.Roles, Entitlements: s.Entitlements, Where: s.Where,
			With: s.With, Choice: s.Choice, Priority: s.Priority, LeadDays: s.LeadDays, HandoverDays: s.HandoverDays}
	case KindDuty:
		o.Duty = &DutySpec{Title: s.Title, Description: s.Description, Needs: cmp.Or(s.Needs, NeedsAny), Entitlements: s.Entitlements}
	case KindSoD:
		o.SoD = &SoDSpec{Title: s.Title, Description: s.Description, Owner: s.Owner, Duties: s.Duties, AtLeast: cmp.Or(s.AtLeast, len(s.DutyIDs)),
			Severity: cmp.Or(s.Severity, "high"), Reaction: cmp.Or(s.Reaction, Exception), When: s.When}
	case KindOffer:
		o.Offer = s.offer()
	case KindApproval:
		o.Approval = s.approval()
	}
	return o
}

// Object gives an object of this version by id; nil when it has none.
func (s *Snapshot) Object(id int) *Object { return s.objects[id] }

// Objects gives all of a kind, by name.
func (s *Snapshot) Objects(kind string) []*Object {
	var out []*Object
	for _, o := range s.objects {
		if o.Kind == kind {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b *Object) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// Attributes gives the names of all attributes that the version's rules read, sorted. A change of any other attribute moves
// no birthright.
func (s *Snapshot) Attributes() []string { return slices.Clone(s.attrs) }

// Evaluate gives everything the rules give to an employment with these attributes, ordered by rule, entitlement and role, each
// once. The slice is shared with others who agree in all attributes that the rules read: it must not be changed.
func (s *Snapshot) Evaluate(a Attrs) ([]Give, error) {
	var space [256]byte
	key := space[:0]
	for _, name := range s.attrs {
		v := a.Get(name)
		key = binary.AppendUvarint(key, uint64(len(v)))
		key = append(key, v...)
	}
	s.mu.RLock()
	gives, ok := s.memo[string(key)]
	s.mu.RUnlock()
	if ok {
		return gives, nil
	}
	gives, err := s.evaluate(a)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.memo) >= maxMemo {
		clear(s.memo)
	}
	s.memo[string(key)] = gives
	return gives, nil
}

// EvaluateAfresh asks every rule and remembers nothing: what Evaluate is measured against.
func (s *Snapshot) EvaluateAfresh(a Attrs) ([]Give, error) { return s.evaluate(a) }

// evaluate asks every rule.
func (s *Snapshot) evaluate(a Attrs) ([]Give, error) {
	rules, err := s.holding(a)
	if err != nil {
		return nil, err
	}
	var out []Give
	for _, r := range rules {
		gives, err := s.givesTo(r, a)
		if err != nil {
			return nil, ruleError{r.row.Name, err}
		}
		out = append(out, gives...)
	}
	return slices.Clip(out), nil
}
