package web

import (
	"tenure/internal/change"
	"tenure/internal/policy"
	"tenure/templates/ui"
)

func (r *request) benchTitle(kind string) string {
	switch kind {
	case change.KindRole:
		return r.T("New role")
	case change.KindDuty:
		return r.T("New duty")
	case change.KindSoD:
		return r.T("New SoD rule")
	case change.KindOffer:
		return r.T("New offer")
	case change.KindApproval:
		return r.T("New approval rule")
	}
	return r.T("New birthright rule")
}

// benchLabel is what the form calls a field of a spec.
func (r *request) benchLabel(kind, name string) string {
	switch name {
	case "name":
		return r.T("Name")
	case "title":
		return r.T("Title")
	case "description":
		return r.T("Description")
	case "owner":
		return r.T("Owner")
	case "entitlements":
		return r.T("Entitlements")
	case "roles":
		return r.T("Roles")
	case "duties":
		return r.T("Duties")
	case "needs":
		return r.T("It takes")
	case "at_least":
		return r.T("Too many are")
	case "severity":
		return r.T("Severity")
	case "reaction":
		return r.T("When access would break it")
	case "state":
		return r.T("State")
	case "where":
		return r.T("Only those entitlements for which")
	case "except":
		return r.T("Except those for whom")
	case "for":
		return r.T("Only for those for whom")
	case "when":
		switch kind {
		case change.KindSoD:
			return r.T("Only for those for whom")
		case change.KindApproval:
			return r.T("Everything for which")
		}
		return r.T("Everybody for whom")
	}
	if word := r.askingLabel(name); word != "" {
		return word
	}
	return sentenceCase(name)
}

// benchHint explains a field in a sentence.
func (r *request) benchHint(kind, name string) string {
	switch kind + " " + name {
	case change.KindRole + " owner", change.KindSoD + " owner":
		return r.T("Number or e-mail address of a person.")
	case change.KindRole + " roles":
		return r.T("Roles that are part of this one.")
	case change.KindDuty + " description", change.KindRole + " description", change.KindRule + " description":
		return r.T("What it is for, in plain words.")
	case change.KindSoD + " description":
		return r.T("What could happen if one person did both.")
	case change.KindSoD + " duties":
		return r.T("At least two that one person must not combine.")
	case change.KindSoD + " at_least":
		return r.T("How many of the duties in one hand are too many. Empty: all of them.")
	case change.KindOffer + " owner":
		return r.T("Number or e-mail address of a person: asked where nobody owns what is given.")
	case change.KindOffer + " description":
		return r.T("What it is for, in plain words.")
	case change.KindOffer + " tasks":
		return r.T("In the words in which people search.")
	case change.KindOffer + " days":
		return r.T("Empty: 90.")
	case change.KindOffer + " longest_days":
		return r.T("Up to 366. Empty: 365.")
	case change.KindApproval + " order":
		return r.T("The rule with the smallest number is asked first.")
	case change.KindApproval + " when":
		return r.T(`Over the attributes of whom it is for, request["risk"] and its like, and entitlement["..."].`)
	}
	return ""
}

// benchWords are the words of a choice. The first is what holds when the field is left out.
func (r *request) benchWords(f change.FormField, now string) []ui.Option {
	usual := map[string]string{"needs": policy.NeedsAny, "severity": "high", "reaction": policy.Exception, "state": "active"}[f.Name]
	out := []ui.Option{{Value: "", Text: r.T("%s (if nothing is said)", r.benchWord(usual)), Selected: now == ""}}
	for _, w := range f.Words {
		out = append(out, ui.Option{Value: w, Text: r.benchWord(w), Selected: w == now})
	}
	return out
}

func (r *request) benchWord(w string) string {
	switch w {
	case policy.NeedsAny:
		return r.T("any of the entitlements")
	case policy.NeedsAll:
		return r.T("all of the entitlements together")
	case policy.Refuse:
		return r.T("refuse it")
	case policy.Exception:
		return r.T("wait for an exception")
	case policy.Approve:
		return r.T("ask an approver")
	case policy.RecordSoD:
		return r.T("grant it and record the violation")
	}
	return r.T(w)
}

// comparisonWords are the comparisons of a line, said once more: what stands in the form is the word of the policy.
func (r *request) comparisonWord(is string) string {
	switch is {
	case "is":
		return r.T("is")
	case "is not":
		return r.T("is not")
	case "is one of":
		return r.T("is one of")
	case "is none of":
		return r.T("is none of")
	case "starts with":
		return r.T("starts with")
	case "ends with":
		return r.T("ends with")
	case "contains":
		return r.T("contains")
	case "before":
		return r.T("is before")
	}
	return r.T("is after")
}
