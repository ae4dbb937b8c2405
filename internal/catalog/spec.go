package catalog

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"tenure/internal/connector"
	"tenure/internal/errs"
)

// ApplicationSpec is the spec of kind Application in a policy file. docs/reference/policy-files.md describes every field.
type ApplicationSpec struct {
	Title     string `json:"title,omitempty"`
	Connector string `json:"connector"`
	Mode      Mode   `json:"mode,omitempty"`
	// Owner is a person's e-mail address or number.
	Owner string `json:"owner,omitempty"`
	// Config holds the settings of the connector: a scalar, or {env: NAME} or {file: PATH} for a value from elsewhere.
	Config       map[string]any    `json:"config,omitempty"`
	Accounts     AccountSpec       `json:"accounts"`
	Drift        Drift             `json:"drift,omitempty"`
	Entitlements []EntitlementSpec `json:"entitlements,omitempty"`
	Licence      *LicenceSpec      `json:"licence,omitempty"`
}

// LicenceSpec is what one enabled account costs.
type LicenceSpec struct {
	Monthly  float64 `json:"monthly"`  // with at most two decimals
	Currency string  `json:"currency"` // ISO 4217: EUR
}

// cents gives the cost in hundredths.
func (l *LicenceSpec) cents() int { return int(math.Round(l.Monthly * 100)) }

// AccountSpec says how accounts are made in an application.
type AccountSpec struct {
	Name      string   `json:"name,omitempty"`      // template of the login name, see RenderName
	Rename    string   `json:"rename,omitempty"`    // keep | follow: whether the login name follows the person's
	Correlate []string `json:"correlate,omitempty"` // number, email, name: tried in this order on accounts that Tenure did not make
	// RetentionDays is how long an account nobody wants stays disabled before it is deleted; DormantDays after how many days
	// without a sign-in an account counts as dormant. Never nil once stored.
	RetentionDays *int              `json:"retention_days,omitempty"`
	DormantDays   *int              `json:"dormant_days,omitempty"`
	Credential    string            `json:"credential,omitempty"` // none | once: a first secret, shown once
	Service       []string          `json:"service,omitempty"`    // login names that belong to machines: no person is looked for
	Attributes    map[string]string `json:"attributes,omitempty"` // attribute of the target -> attribute of the person
}

// EntitlementSpec describes one entitlement.
type EntitlementSpec struct {
	Name        string `json:"name"`
	Kind        string `json:"kind,omitempty"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Privileged  bool   `json:"privileged,omitempty"`
	// HandoverDays is how long a mover keeps it; never nil once stored, 0 when it is privileged.
	HandoverDays *int   `json:"handover_days,omitempty"`
	Owner        string `json:"owner,omitempty"`
	Risk         string `json:"risk,omitempty"` // low, medium, high, critical
	// Attributes say what the entitlement is about, for the "where" of rules and roles: country: ES.
	Attributes map[string]string `json:"attributes,omitempty"`
}

// Defaults of the fields that a file may leave out.
const (
	DefaultName          = "{first_name}.{last_name}"
	DefaultRetentionDays = 30
	DefaultDormantDays   = 90
	DefaultHandoverDays  = 7
	DefaultKind          = "group"
)

// MaxAttribute is how long the value of an entitlement's attribute may be, in bytes.
const MaxAttribute = 256

// Whether a login name follows the person's name, and how a first credential is delivered: not at all (single sign-on), or as a
// secret that is shown once.
const (
	Keep           = "keep"
	Follow         = "follow"
	NoCredential   = "none"
	OnceCredential = "once"
)

// DefaultAttributes are what an account is told about its person, by the names of connector.Account.
func DefaultAttributes() map[string]string {
	return map[string]string{
		"display_name": "display_name", "given_name": "first_name", "family_name": "last_name", "email": "email",
		"employee_number": "number", "department": "department", "title": "title",
	}
}

// TargetAttrs gives the attributes that an account in the application should have for a person with these attributes. A missing
// one is "", so that a target forgets it. A display name that HR does not send is made of first and last name.
func TargetAttrs(app *Application, attrs map[string]string) map[string]string {
	out := make(map[string]string, len(app.Spec.Accounts.Attributes))
	for target, attr := range app.Spec.Accounts.Attributes {
		v := attrs[attr]
		if v == "" && attr == "display_name" {
			v = strings.TrimSpace(attrs["first_name"] + " " + attrs["last_name"])
		}
		out[target] = v
	}
	return out
}

// withDefaults fills in what the file leaves out. It does not change s.
func (s ApplicationSpec) withDefaults(name string) ApplicationSpec {
	s.Title = orElse(s.Title, name)
	s.Mode = orElse(s.Mode, Observe)
	s.Drift = orElse(s.Drift, Report)
	a := &s.Accounts
	a.Name = orElse(a.Name, DefaultName)
	a.Rename = orElse(a.Rename, Keep)
	a.Credential = orElse(a.Credential, NoCredential)
	a.RetentionDays = orDays(a.RetentionDays, DefaultRetentionDays)
	a.DormantDays = orDays(a.DormantDays, DefaultDormantDays)
	if len(a.Correlate) == 0 {
		a.Correlate = []string{"number", "email", "name"}
	}
	if a.Attributes == nil {
		a.Attributes = DefaultAttributes()
	}
	s.Entitlements = slices.Clone(s.Entitlements)
	for i := range s.Entitlements {
		e := &s.Entitlements[i]
		e.Kind = orElse(e.Kind, DefaultKind)
		e.Title = orElse(e.Title, e.Name)
		if e.Privileged {
			e.HandoverDays = orDays(e.HandoverDays, 0)
		}
		e.HandoverDays = orDays(e.HandoverDays, DefaultHandoverDays)
	}
	return s
}

func orElse[T ~string](v, otherwise T) T {
	if v == "" {
		return otherwise
	}
	return v
}

func orDays(v *int, otherwise int) *int {
	if v == nil {
		return &otherwise
	}
	return v
}

// check gives the rules that a spec with its defaults breaks, apart from its config and its owners.
func (s *ApplicationSpec) check(name string, kinds map[string]connector.Kind) []errs.Field {
	var bad []errs.Field
	add := func(field, format string, a ...any) {
		bad = append(bad, errs.Field{Field: field, Rule: fmt.Sprintf(format, a...)})
	}
	oneOf := func(field, v string, allowed ...string) {
		if !slices.Contains(allowed, v) {
			add(field, "is %q and must be one of %s", v, list(allowed))
		}
	}
	if !validName(name) {
		add("name", "must be 1 to 40 of a-z, 0-9, _ and -, and begin with a letter: it stands in \"application/entitlement\"")
	}
	if _, ok := kinds[s.Connector]; !ok {
		known := make([]string, 0, len(kinds))
		for k := range kinds {
			known = append(known, k)
		}
		slices.Sort(known)
		oneOf("spec.connector", s.Connector, known...)
	}
	oneOf("spec.mode", string(s.Mode), string(Observe), string(Propose), string(Enforce))
	oneOf("spec.drift", string(s.Drift), string(Report), string(Repair))
	a := &s.Accounts
	if rule := checkTemplate(a.Name); rule != "" {
		add("spec.accounts.name", "%s", rule)
	}
	oneOf("spec.accounts.rename", a.Rename, Keep, Follow)
	oneOf("spec.accounts.credential", a.Credential, NoCredential, OnceCredential)
	for i, c := range a.Correlate {
		oneOf(fmt.Sprintf("spec.accounts.correlate[%d]", i), c, "number", "email", "name")
	}
	if *a.RetentionDays < 0 {
		add("spec.accounts.retention_days", "must be 0 or more days")
	}
	if *a.DormantDays < 1 {
		add("spec.accounts.dormant_days", "must be 1 or more days")
	}
	for target, attr := range a.Attributes {
		if target == "" || attr == "" {
			add("spec.accounts.attributes", "must give every attribute of the target an attribute of the person")
		}
	}
	if l := s.Licence; l != nil {
		if l.Monthly < 0 || l.Monthly > 1e6 || math.Abs(l.Monthly*100-math.Round(l.Monthly*100)) > 1e-6 {
			add("spec.licence.monthly", "must be an amount from 0 to 1000000 with at most two decimals")
		}
		if !validCurrency(l.Currency) {
			add("spec.licence.currency", "must be three capital letters such as EUR")
		}
	}
	return append(bad, s.checkEntitlements()...)
}

func (s *ApplicationSpec) checkEntitlements() []errs.Field {
	var bad []errs.Field
	seen := map[string]bool{}
	for i := range s.Entitlements {
		e := &s.Entitlements[i]
		add := func(field, rule string) {
			bad = append(bad, errs.Field{Field: fmt.Sprintf("spec.entitlements[%d].%s", i, field), Rule: rule})
		}
		key := e.Kind + ":" + e.Name
		switch {
		case e.Name == "":
			add("name", "is required")
		case seen[key]:
			add("name", fmt.Sprintf("%q of kind %q is listed twice", e.Name, e.Kind))
		}
		seen[key] = true
		if e.Kind == AccountKind || !validName(e.Kind) {
			add("kind", `must be a word such as group, role or licence; "account" is there by itself`)
		}
		if e.Risk != "" && !slices.Contains(Risks, e.Risk) {
			add("risk", fmt.Sprintf("is %q and must be one of %s", e.Risk, list(Risks)))
		}
		for name, v := range e.Attributes {
			if name == "" || len(name) > 80 || len(v) > MaxAttribute {
				add("attributes", fmt.Sprintf("must have names of 1 to 80 bytes and values of at most %d", MaxAttribute))
			}
		}
		switch {
		case *e.HandoverDays < 0:
			add("handover_days", "must be 0 or more days")
		case e.Privileged && *e.HandoverDays > 0:
			add("handover_days", "must be 0 or left out: a mover keeps no privileged access")
		}
	}
	return bad
}

func validName(s string) bool {
	if s == "" || len(s) > 40 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for _, c := range s {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}

func list(words []string) string {
	b, _ := json.Marshal(words)
	return string(b)
}
