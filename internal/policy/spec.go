package policy

import "tenure/internal/db"

// RoleSpec is the spec of kind Role in a policy file. docs/reference/policy-files.md describes every field.
type RoleSpec struct {
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	// Owner is a person's e-mail address or number.
	Owner        string   `json:"owner,omitempty"`
	Entitlements []string `json:"entitlements,omitempty"` // "application/name", see catalog.Catalog.Find
	Roles        []string `json:"roles,omitempty"`        // roles that are part of this one, by name
}

// RuleSpec is the spec of kind BirthrightRule in a policy file.
type RuleSpec struct {
	Title        string   `json:"title,omitempty"`
	Description  string   `json:"description,omitempty"`
	When         string   `json:"when"` // CEL over the attributes of an employment; gives true or false
	Roles        []string `json:"roles,omitempty"`
	Entitlements []string `json:"entitlements,omitempty"`
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

// Object is one object as a version has it, for pages and explanations. One of Role, Rule, Duty and SoD is set.
type Object struct {
	ID      int
	Kind    string
	Name    string
	Title   string // the name where the file gives none
	N       int    // counts the object's own changes
	OwnerID int    // 0 for none
	Role    *RoleSpec
	Rule    *RuleSpec
	Duty    *DutySpec
	SoD     *SoDSpec
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
	"department_id", "title", "location", "country", "company", "cost_center", "worker_type", "manager", "status"}

// lockKey is the advisory lock on the policy of a database.
const lockKey = 7234512

// Lock takes the policy lock until the transaction ends: shared by whoever evaluates and then writes, exclusive by whoever
// changes applications, roles or rules. Take it before any lock on people.
func Lock(tx *db.Tx, exclusive bool) error {
	f := "pg_advisory_xact_lock_shared"
	if exclusive {
		f = "pg_advisory_xact_lock"
	}
	_, err := tx.Exec(`select `+f+`($1)`, lockKey)
	return err
}
