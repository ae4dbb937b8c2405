package policy

import (
	"maps"
	"slices"
	"testing"
)

// acts are what trust.md (T44) and the pages' design call sensitive, and what weighs as much, by the permission it needs. Keys of the evidence
// and access by break-glass are not there yet; who uses the local administrator proves it at every sign-in.
var acts = map[string]string{
	"connector.secret":     "change the secret of a connector",
	"policy.release":       "apply a policy that the brake holds",
	"hr.release":           "release an import that the brake holds",
	"hr.expect":            "announce a mass change, for which the brake then does not hold",
	"person.terminate":     "end all access of a person at once, and lift it",
	"portal.give":          "give somebody a right in the portal",
	"portal.change":        "change what a right in the portal means",
	"violation.accept":     "accept that somebody breaks a rule",
	"request.activate":     "hold privileged access for hours, at once",
	"campaign.run":         "ask everybody at once, or remove what the brake holds",
	"privacy.decide":       "destroy what is personal about somebody, or let records go earlier",
	"webhook.change":       "have what happens sent to somebody outside",
	"slack.link":           "let a Slack user decide in somebody's name",
	"token.make":           "make something that acts in one's name for weeks",
	"second_factor.change": "change how one proves who one is",
}

// ordinary are the other permissions that change something, and why no fresh proof is asked for.
var ordinary = map[string]string{
	"person.handover": "keeps one thing of one person for some days", "person.handover_any": "keeps one thing of one person for some days",
	"hr.upload":         "the brake holds what is too much, and another person releases it",
	"application.check": "reads", "application.check_any": "reads",
	"application.adopt": "accepts what is there already", "application.adopt_any": "accepts what is there already",
	"entitlement.edit": "words", "entitlement.edit_any": "words",
	"account.claim": "one account, undone the same way", "account.claim_any": "one account, undone the same way",
	"connector.run":     "everybody sees a pause, and it is undone by the same people",
	"role.assign":       "one person, weighed with what they hold, undone the same way",
	"policy.change":     "another person approves it",
	"request.end_any":   "takes away what can be asked for again",
	"campaign.manage":   "drafts, which nobody sees before they are started, and events that open a review",
	"evidence.limit":    "changes what is counted as late and nothing else; it stands in the log and is undone by the same people",
	"operation.retry":   "does what was decided before",
	"operation.release": "does what the policy says, for an application that proposes",
}

// Every act that is called sensitive asks for a fresh proof; of everything else that changes something somebody said why it does not.
func TestSensitiveActsAreNamed(t *testing.T) {
	want := slices.Sorted(maps.Keys(acts))
	if got := slices.Sorted(slices.Values(sensitive)); !slices.Equal(got, want) {
		t.Errorf("a fresh proof is asked for\n%v, named as sensitive are\n%v", got, want)
	}
	known := Portal.Permissions()
	for p, act := range acts {
		if !Sensitive(p) || !slices.Contains(known, p) {
			t.Errorf("to %s (%s) asks for no fresh proof, or is no permission", act, p)
		}
		if ScopeOf(p, true) == ScopeRead {
			t.Errorf("a token that may only read opens the page to %s", act)
		}
	}
	for _, p := range known {
		if Describe(p).Kind == Writes && !Sensitive(p) && ordinary[p] == "" {
			t.Errorf("%s changes something: is it sensitive? Name it here", p)
		}
	}
	for p := range ordinary {
		if Sensitive(p) || !slices.Contains(known, p) {
			t.Errorf("%s is sensitive, or is no permission", p)
		}
	}
}
