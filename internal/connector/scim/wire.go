package scim

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"time"

	"tenure/internal/connector"
)

// The schemas of RFC 7643 section 8.7 and RFC 7644 section 3.5.2.
const (
	userSchema  = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterprise  = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	patchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

const groupKind = "group"

// text is a string that some servers send as a number.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err == nil {
		*t = text(s)
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return err
	}
	*t = text(n)
	return nil
}

// flag is a boolean that some servers send as "True" or "False". Absent means yes: an account that does not say it is
// disabled has to be taken as one that can sign in.
type flag struct{ set, value bool }

func (f *flag) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseBool(strings.ToLower(strings.Trim(string(b), `"`)))
	if string(b) == "null" {
		return nil
	}
	*f = flag{true, v}
	return err
}

func (f flag) on() bool { return !f.set || f.value }

// ref is a reference to another resource: an object with value, or the bare value.
type ref struct {
	Value   text   `json:"value"`
	Display string `json:"display"`
	Type    string `json:"type"`
}

func (r *ref) UnmarshalJSON(b []byte) error {
	type plain ref
	if err := json.Unmarshal(b, (*plain)(r)); err == nil {
		return nil
	}
	return json.Unmarshal(b, &r.Value)
}

type user struct {
	ID          text   `json:"id"`
	ExternalID  text   `json:"externalId"`
	UserName    string `json:"userName"`
	Active      flag   `json:"active"`
	DisplayName string `json:"displayName"`
	Title       string `json:"title"`
	Name        struct {
		GivenName  string `json:"givenName"`
		FamilyName string `json:"familyName"`
	} `json:"name"`
	Emails     []email `json:"emails"`
	Groups     []ref   `json:"groups"`
	Enterprise struct {
		EmployeeNumber text   `json:"employeeNumber"`
		Department     string `json:"department"`
		Manager        ref    `json:"manager"`
	} `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`

	lastSignIn time.Time // see place
}

type email struct {
	Value   string `json:"value"`
	Type    string `json:"type"`
	Primary flag   `json:"primary"`
}

func (u user) ident() string { return string(u.ID) }

func (u user) has(attr, value string) bool {
	if attr == "userName" {
		return strings.EqualFold(u.UserName, value)
	}
	return u.sample(attr) == value
}

func (u user) sample(attr string) string {
	switch attr {
	case "userName":
		return u.UserName
	case "externalId":
		return string(u.ExternalID)
	}
	return ""
}

// workEmail is the address the account is known by: the primary one, else the work one, else the first.
func (u user) workEmail() string {
	best, rank := "", 0
	for _, e := range u.Emails {
		r := 1
		if strings.EqualFold(e.Type, "work") {
			r = 2
		}
		if e.Primary.set && e.Primary.value {
			r = 3
		}
		if r > rank {
			best, rank = e.Value, r
		}
	}
	return best
}

// account gives what Tenure knows of a user. Attributes without a value are left out.
func (u user) account() connector.Account {
	attrs := map[string]string{
		"display_name": u.DisplayName, "given_name": u.Name.GivenName, "family_name": u.Name.FamilyName, "email": u.workEmail(),
		"title": u.Title, "employee_number": string(u.Enterprise.EmployeeNumber), "department": u.Enterprise.Department,
		"manager": string(u.Enterprise.Manager.Value),
	}
	maps.DeleteFunc(attrs, func(_, v string) bool { return v == "" })
	return connector.Account{
		NativeID: string(u.ID), ExternalID: string(u.ExternalID), Name: u.UserName, Enabled: u.Active.on(), Attrs: attrs, LastSignIn: u.lastSignIn,
	}
}

type group struct {
	ID          text   `json:"id"`
	DisplayName string `json:"displayName"`
	ExternalID  text   `json:"externalId"`
	Members     []ref  `json:"members"`
}

func (g group) ident() string { return string(g.ID) }

func (g group) has(attr, value string) bool {
	switch attr {
	case "displayName":
		return strings.EqualFold(g.DisplayName, value)
	case "members.value":
		for _, m := range g.Members {
			if string(m.Value) == value {
				return true
			}
		}
	}
	return false
}

func (g group) sample(attr string) string {
	if attr == "members.value" {
		for _, m := range g.Members {
			return string(m.Value)
		}
		return ""
	}
	return g.DisplayName
}

// users gives the members that are accounts, each once. Groups within groups are not followed: what an account holds through
// one is the inner group's membership.
func (g group) users() []string {
	seen := make(map[text]bool, len(g.Members))
	out := make([]string, 0, len(g.Members))
	for _, m := range g.Members {
		if m.Value != "" && !strings.EqualFold(m.Type, "Group") && !seen[m.Value] {
			seen[m.Value] = true
			out = append(out, string(m.Value))
		}
	}
	return out
}

func (g group) entitlement() connector.Entitlement {
	return connector.Entitlement{Kind: groupKind, NativeID: string(g.ID), Name: g.DisplayName}
}

// operation is one step of a PATCH. Strict servers want op in lower case and a value that has the attribute's type.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path,omitempty"`
	Value any    `json:"value,omitempty"`
}

func patchBody(ops []operation) any {
	return map[string]any{"schemas": []string{patchSchema}, "Operations": ops}
}
