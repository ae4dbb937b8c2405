package policy

import "tenure/internal/db"

// RoleSpec is the spec of kind Role in a policy file. docs/reference/policy-files.md describes every field.
type RoleSpec struct {
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	// Owner is a person's e-mail address or number.
	Owner        string   `json:"owner,omitempty"`
	Entitlements []string `json:"entitlements,omitempty"` // "application/name" or "application/*", see catalog.Catalog.Expand
	Roles        []string `json:"roles,omitempty"`        // roles that are part of this one, by name
	State        State    `json:"state,omitempty"`        // empty for active
	// Parameters are what must be said when the role is given: the cost centre of a cost centre's approver.
	Parameters []Parameter `json:"parameters,omitempty"`
	// Where says which of Entitlements are given: CEL over entitlement["..."] and parameter["..."]; empty for all.
	Where string `json:"where,omitempty"`
}

// Parameter is one parameter of a role.
type Parameter struct {
	Name   string   `json:"name"`
	Title  string   `json:"title,omitempty"`
	Values []string `json:"values,omitempty"` // those allowed; empty for any
}

// State is where a role is in its life. Only an active one gives anything.
type State string

// The states of a role.
const (
	Draft    State = "draft"
	Proposed State = "proposed"
	Active   State = "active"
	Retired  State = "retired"
)

// States are a role's states in the order of its life. Every move is a change of the policy: planned, shown and approved.
var States = []State{Draft, Proposed, Active, Retired}

// RuleSpec is the spec of kind BirthrightRule in a policy file.
type RuleSpec struct {
	Title        string   `json:"title,omitempty"`
	Description  string   `json:"description,omitempty"`
	When         string   `json:"when"`             // CEL over the attributes of an employment; gives true or false
	Except       string   `json:"except,omitempty"` // likewise: for whom it does not hold although When does
	Roles        []string `json:"roles,omitempty"`
	Entitlements []string `json:"entitlements,omitempty"`
	// Where says which of Entitlements are given: CEL over the attributes of an employment and entitlement["..."]; empty for all.
	Where string `json:"where,omitempty"`
	// With gives the roles their parameters: parameter -> attribute of the employment.
	With map[string]string `json:"with,omitempty"`
	// Of the rules of one Choice that hold for an employment, those of the highest Priority give, the others nothing.
	Choice   string `json:"choice,omitempty"`
	Priority int    `json:"priority,omitempty"`
	// LeadDays is how many days before the first day a joiner's accounts are prepared: there, and nobody can sign in to them.
	LeadDays int `json:"lead_days,omitempty"`
	// HandoverDays is how long a mover keeps what the rule gave; nil for what each entitlement says.
	HandoverDays *int `json:"handover_days,omitempty"`
}

// DutySpec is the spec of kind Duty in a policy file: a business function, and the entitlements with which it is performed.
type DutySpec struct {
	Title        string   `json:"title,omitempty"`
	Description  string   `json:"description,omitempty"`
	Needs        string   `json:"needs,omitempty"` // any of the entitlements (the default), or all
	Entitlements []string `json:"entitlements,omitempty"`
}

// SoDSpec is the spec of kind SoDRule in a policy file: duties that one person must not combine.
type SoDSpec struct {
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description,omitempty"` // what could happen
	Owner       string   `json:"owner,omitempty"`
	Duties      []string `json:"duties,omitempty"`   // by name, at least two
	AtLeast     int      `json:"at_least,omitempty"` // how many of them are too many; 0 for all
	Severity    string   `json:"severity,omitempty"`
	Reaction    string   `json:"reaction,omitempty"`
	When        string   `json:"when,omitempty"` // CEL over the attributes of an employment: for whom; empty for everybody
}

// Kinds of policy objects.
const (
	KindRole = "role"
	KindRule = "rule"
	KindDuty = "duty"
	KindSoD  = "sod"
	// KindOffer and KindApproval say what people can ask for and who decides about it.
	KindOffer    = "offer"
	KindApproval = "approval"
)

// Needs of a duty.
const (
	NeedsAny = "any"
	NeedsAll = "all"
)

// Severities of an SoD rule, the mildest first. A rule that says none is high.
var Severities = []string{"low", "medium", "high", "critical"}

// Reactions: what Tenure does when access would break an SoD rule.
const (
	Refuse    = "refuse"    // it is not granted, and nobody can except it
	Exception = "exception" // it is not granted before an exception is accepted: the default
	Approve   = "approve"   // an approver decides on the request; without one it waits for an exception
	RecordSoD = "record"    // it is granted and the violation is open
)

// Reactions in order, the strictest first.
var Reactions = []string{Refuse, Exception, Approve, RecordSoD}

// Object is one object as a version has it, for pages and explanations. One of Role, Rule, Duty, SoD, Offer and
// Approval is set.
type Object struct {
	ID       int
	Kind     string
	Name     string
	Title    string // the name where the file gives none
	N        int    // counts the object's own changes
	OwnerID  int    // 0 for none
	Role     *RoleSpec
	Rule     *RuleSpec
	Duty     *DutySpec
	SoD      *SoDSpec
	Offer    *OfferSpec
	Approval *ApprovalSpec
}

// Attrs gives the attributes of one employment by name; "" for one that is missing.
type Attrs interface{ Get(name string) string }

// MapAttrs are attributes in a map.
type MapAttrs map[string]string

// Get gives an attribute.
func (m MapAttrs) Get(name string) string { return m[name] }

// StandardAttributes are the variables of every condition. All are strings; dates are written YYYY-MM-DD, so that they compare
// in order.
var StandardAttributes = []string{"number", "first_name", "last_name", "display_name", "email", "birth_date", "department",
	"department_id", "title", "location", "country", "company", "cost_center", "organisation", "worker_type", "manager", "status"}

// lockKey is the advisory lock on the policy of a database.
const lockKey = 7234512

// What a transaction keeps while it holds the lock shared: that it does, and the policy, which nobody changes meanwhile.
const (
	lockKept   = "policy lock"
	policyKept = "policy"
)

// Lock takes the policy lock until the transaction ends: shared by whoever evaluates and then writes, exclusive by whoever
// changes applications, roles or rules. Take it before any lock on people.
func Lock(tx *db.Tx, exclusive bool) error {
	f := "pg_advisory_xact_lock_shared"
	switch {
	case exclusive:
		f = "pg_advisory_xact_lock"
		tx.Forget(lockKept, policyKept) // it is about to change
	case tx.Kept(lockKept) != nil:
		return nil
	}
	if _, err := tx.Exec(`select `+f+`($1)`, lockKey); err != nil {
		return err
	}
	if !exclusive {
		tx.Keep(lockKept, true)
	}
	return nil
}
