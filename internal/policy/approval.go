package policy

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
)

// ApprovalSpec is the spec of kind ApprovalRule in a policy file: who decides about what is asked for. Rules are asked in the order of
// Order, then of their names; the first that holds decides the path.
type ApprovalSpec struct {
	Title       string     `json:"title,omitempty"`
	Description string     `json:"description,omitempty"`
	Order       int        `json:"order"`
	When        string     `json:"when"`                // CEL over the beneficiary's attributes, entitlement["..."] and request["..."]; true for everything
	Automatic   bool       `json:"automatic,omitempty"` // granted at once, by this stated policy; then no steps
	Steps       []StepSpec `json:"steps,omitempty"`
}

// StepSpec is one step of the path: who is asked.
type StepSpec struct {
	By        string `json:"by"`                  // one of StepKinds
	Group     string `json:"group,omitempty"`     // by group: a role (its active members), or "portal:it"
	Quorum    int    `json:"quorum,omitempty"`    // how many of them must approve; 0: 1
	Hours     int    `json:"hours,omitempty"`     // working hours to decide; 0: DefaultStepHours
	Beside    bool   `json:"beside,omitempty"`    // asked together with the step before it
	Otherwise string `json:"otherwise,omitempty"` // one of Fallbacks: who is asked when nobody is found or nobody answers; empty: compliance
	Until     string `json:"until,omitempty"`     // by wait: a date 2006-01-02, or UntilStart
	URL       string `json:"url,omitempty"`       // by outside: https address that is told; answers come to the API
}

// Who is asked in a step.
const (
	ByManager    = "manager"
	ByOwner      = "owner"      // of the offer, the entitlement or the application
	ByRoleOwner  = "role_owner" // of the role that is asked for
	ByGroup      = "group"
	ByCompliance = "compliance"
	ByWait       = "wait"    // nobody: until a date
	ByOutside    = "outside" // another system
)

// StepKinds are all of them.
var StepKinds = []string{ByManager, ByOwner, ByRoleOwner, ByGroup, ByCompliance, ByWait, ByOutside}

// Fallbacks are who can be asked instead.
var Fallbacks = []string{ByManager, ByOwner, ByCompliance, Administrator}

// UntilStart is the end of a wait: the beginning that was asked for.
const UntilStart = "start"

// PortalGroup begins the name of a group that is a portal role: "portal:it".
const PortalGroup = "portal:"

// PortalGroups are the portal roles that can be a group: those that people are given.
var PortalGroups = []string{HR, IT, Compliance, Auditor, Administrator}

// Bounds and usual values of a step.
const (
	DefaultStepHours = 16
	MaxStepHours     = 400
)

// RequestNames are the names that request["..."] has in approval rules.
var RequestNames = []string{"act", "offer", "level", "application", "risk", "privileged", "sod", "days"}

// Asked is what approval rules are asked about. Request has the names act (grant, extend, remove, level, activate, emergency), offer, level,
// application, risk (low..critical), privileged ("true" or ""), sod ("" or the strictest reaction: refuse, exception, approve, record) and
// days (as text, three digits: "090").
type Asked struct {
	Person       Attrs
	Request      map[string]string
	Entitlements []map[string]string // the attributes of each entitlement that is asked for
}

// approval is an approval rule, compiled.
type approval struct {
	row  *row
	when *condition
}

// approval gives the spec of an approval rule with the usual values.
func (s *record) approval() *ApprovalSpec {
	out := &ApprovalSpec{Title: s.Title, Description: s.Description, Order: s.Order, When: s.When, Automatic: s.Automatic, Steps: slices.Clone(s.Steps)}
	for i := range out.Steps {
		step := &out.Steps[i]
		if step.By == ByWait {
			continue
		}
		step.Quorum, step.Hours, step.Otherwise = cmp.Or(step.Quorum, 1), cmp.Or(step.Hours, DefaultStepHours), cmp.Or(step.Otherwise, ByCompliance)
	}
	return out
}

// linkSteps resolves the groups of the steps that are roles.
func (d *draft) linkSteps(s *record, specs map[string]row, add adder) {
	s.GroupIDs = nil
	for i, step := range s.Steps {
		portal, isPortal := strings.CutPrefix(step.Group, PortalGroup)
		field := fmt.Sprintf("spec.steps[%d].group", i)
		switch role, ok := specs[keyOf(KindRole, step.Group)]; {
		case step.Group == "":
		case isPortal && !slices.Contains(PortalGroups, portal):
			add(field, "is %q and must be a role, or %s and one of %s", step.Group, PortalGroup, strings.Join(PortalGroups, ", "))
		case isPortal:
		case !ok:
			add(field, "there is no role %q (a portal role is written %sit)", step.Group, PortalGroup)
		default:
			s.GroupIDs = append(s.GroupIDs, role.ID)
		}
	}
	slices.Sort(s.GroupIDs)
	s.GroupIDs = slices.Compact(s.GroupIDs)
}

func checkApproval(s *record, env *environment, add adder) {
	switch {
	case s.Automatic && len(s.Steps) > 0:
		add("spec.steps", "must be left out where automatic says that nobody is asked")
	case !s.Automatic && len(s.Steps) == 0:
		add("spec.steps", "is required: who is asked; or say automatic: true")
	}
	if s.Order < 0 {
		add("spec.order", "is %d and must be 0 or more", s.Order)
	}
	for i := range s.Steps {
		at := fmt.Sprintf("spec.steps[%d].", i)
		checkStep(&s.Steps[i], func(field, format string, a ...any) { add(at+field, format, a...) })
	}
	if len(s.Steps) > 0 && s.Steps[0].Beside {
		add("spec.steps[0].beside", "must be left out: there is no step before it")
	}
	c, err := env.asked.compile(s.When)
	if err != nil {
		add("spec.when", "%s", err.Error())
		return
	}
	s.Attributes = c.custom
	for _, name := range c.mapped[requestVar] {
		if !slices.Contains(RequestNames, name) {
			add("spec.when", "asks for request[%q], and a request has %s", name, strings.Join(RequestNames, ", "))
		}
	}
}

func checkStep(s *StepSpec, add adder) {
	if !slices.Contains(StepKinds, s.By) {
		add("by", "is %q and must be one of %s", s.By, strings.Join(StepKinds, ", "))
		return
	}
	only := func(field string, set bool, by string) {
		switch {
		case set && s.By != by:
			add(field, "belongs to a step by %s only", by)
		case !set && s.By == by && field != "quorum":
			add(field, "is required for a step by %s", by)
		}
	}
	only("group", s.Group != "", ByGroup)
	only("quorum", s.Quorum != 0, ByGroup)
	only("until", s.Until != "", ByWait)
	only("url", s.URL != "", ByOutside)
	if s.Quorum < 0 {
		add("quorum", "is %d and must be 1 or more", s.Quorum)
	}
	if s.Hours < 0 || s.Hours > MaxStepHours {
		add("hours", "is %d and must be from 1 to %d working hours", s.Hours, MaxStepHours)
	}
	if s.Otherwise != "" && !slices.Contains(Fallbacks, s.Otherwise) {
		add("otherwise", "is %q and must be one of %s", s.Otherwise, strings.Join(Fallbacks, ", "))
	}
	if s.By == ByWait && (s.Hours != 0 || s.Otherwise != "") {
		add("until", "is all that a wait has: it ends then, and nobody is asked")
	}
	if _, err := time.Parse(time.DateOnly, s.Until); err != nil && s.Until != "" && s.Until != UntilStart {
		add("until", "is %q and must be a date such as 2027-03-01, or %s for the beginning that was asked for", s.Until, UntilStart)
	}
	if err := checkOutside(s.URL); err != nil && s.URL != "" {
		add("url", "%s", err.Error())
	}
}

// checkOutside wants an address to which what is asked for can be told in confidence: https, or http to this very machine.
func checkOutside(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "":
		return errors.New("must be an address such as https://tickets.example.org/hook")
	case u.User != nil:
		return errors.New("must not hold a name or password: what is sent is signed instead")
	case u.Scheme == "https", u.Scheme == "http" && net.ParseIP(u.Hostname()).IsLoopback():
		return nil
	}
	return errors.New("must begin with https://")
}

// compileApprovals makes the approval rules of their rows, in the order in which they are asked.
func (s *Snapshot) compileApprovals(env *environment) error {
	for i := range s.rows {
		r := &s.rows[i]
		if r.Kind != KindApproval {
			continue
		}
		when, err := env.asked.compile(r.Spec.When)
		if err != nil {
			return fmt.Errorf("approval rule %s: %w", r.Name, err)
		}
		s.approvals = append(s.approvals, approval{r, when})
	}
	slices.SortFunc(s.approvals, func(a, b approval) int {
		return cmp.Or(cmp.Compare(a.row.Spec.Order, b.row.Spec.Order), cmp.Compare(a.row.Name, b.row.Name))
	})
	return nil
}

// Approvals gives the approval rules in the order in which they are asked.
func (s *Snapshot) Approvals() []*Object {
	out := make([]*Object, len(s.approvals))
	for i, r := range s.approvals {
		out[i] = s.objects[r.row.ID]
	}
	return out
}

// Route gives the first approval rule that holds: for what is asked as a whole, or for any of the entitlements that its condition asks about.
// It gives nil when none does.
func (s *Snapshot) Route(q Asked) (*Object, error) {
	for i := range s.approvals {
		r := &s.approvals[i]
		ok, err := r.holds(q)
		if err != nil {
			return nil, fmt.Errorf("approval rule %s cannot be evaluated: %w", r.row.Name, err)
		}
		if ok {
			return s.objects[r.row.ID], nil
		}
	}
	return nil, nil
}

func (r *approval) holds(q Asked) (bool, error) {
	each := q.Entitlements
	if len(each) == 0 || len(r.when.mapped[entitlementVar]) == 0 {
		each = []map[string]string{nil}
	}
	for _, e := range each {
		if ok, err := r.when.eval(activation{c: r.when, a: q.Person, entitlement: e, request: q.Request}); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// Asks gives the names of request["..."] that an approval rule's condition asks about.
func (s *Snapshot) Asks(rule int) []string {
	for _, r := range s.approvals {
		if r.row.ID == rule {
			return r.when.mapped[requestVar]
		}
	}
	return nil
}

// Always gives the first approval rule whose condition is true and nothing else, nil for none: no rule after it is ever asked.
func (s *Snapshot) Always() *Object {
	for _, r := range s.approvals {
		if e := r.when.ast.NativeRep().Expr(); e.Kind() == ast.LiteralKind && e.AsLiteral() == types.True {
			return s.objects[r.row.ID]
		}
	}
	return nil
}
