package change

import (
	"reflect"
	"strings"

	"tenure/internal/policy"
)

// Kinds of documents.
const (
	KindSource      = "HRSource"
	KindApplication = "Application"
	KindRole        = "Role"
	KindRule        = "BirthrightRule"
	KindDuty        = "Duty"
	KindSoD         = "SoDRule"
	KindOffer       = "Offer"
	KindApproval    = "ApprovalRule"
	KindTest        = "PolicyTest" // applies nothing: see Test
)

// kinds in the order in which they build on one another.
var kinds = []string{KindSource, KindApplication, KindRole, KindRule, KindDuty, KindSoD, KindOffer, KindApproval, KindTest}

// fileKinds are the kinds of policy objects as files call them, and policyKinds the reverse.
var (
	fileKinds = map[string]string{policy.KindRole: KindRole, policy.KindRule: KindRule, policy.KindDuty: KindDuty, policy.KindSoD: KindSoD,
		policy.KindOffer: KindOffer, policy.KindApproval: KindApproval}
	policyKinds = func() map[string]string {
		out := map[string]string{}
		for kind, file := range fileKinds {
			out[file] = kind
		}
		return out
	}()
)

// specTypes are the specs of the kinds that the policy room keeps.
var specTypes = map[string]reflect.Type{KindRole: reflect.TypeFor[policy.RoleSpec](), KindRule: reflect.TypeFor[policy.RuleSpec](), KindDuty: reflect.TypeFor[policy.DutySpec](),
	KindSoD: reflect.TypeFor[policy.SoDSpec](), KindOffer: reflect.TypeFor[policy.OfferSpec](), KindApproval: reflect.TypeFor[policy.ApprovalSpec]()}

// listed writes kinds as a sentence has them: "Role, Duty or SoDRule".
func listed(all []string) string {
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}
