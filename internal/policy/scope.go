package policy

import (
	"slices"
	"strings"
)

// What a personal token may be used for. A token never gives more than its person has: a permission counts when both have it.
const (
	ScopeRead   = "read"   // read what the person may read
	ScopeHR     = "hr"     // load HR files and announce planned changes
	ScopeDecide = "decide" // everything that changes something or decides: release, terminate, adopt, retry
)

// Scopes are all of them, the harmless first.
var Scopes = []string{ScopeRead, ScopeHR, ScopeDecide}

// sensitive are the permissions whose use needs a proof of who somebody is that is no older than ten minutes: the page asks for it
// before it opens. A token serves for them with the scope decide only.
var sensitive = []string{
	"hr.release", "hr.expect", "policy.release", "person.terminate", "token.make", "second_factor.change", "connector.secret", "portal.give", "portal.change", "violation.accept",
	"webhook.change", "slack.link", "request.activate", "campaign.run", "privacy.decide",
}

// Sensitive says whether the use of a permission needs a fresh proof of who somebody is.
func Sensitive(permission string) bool { return slices.Contains(sensitive, permission) }

// ScopeOf gives the scope that a token needs for a permission, "" for what no token may do: tokens do not make tokens, and
// sessions and second factors are for browsers.
func ScopeOf(permission string, reading bool) string {
	switch room, verb, _ := strings.Cut(permission, "."); {
	case room == "token", room == "session", room == "second_factor", room == "demo":
		return ""
	case permission == "hr.upload", permission == "hr.expect":
		return ScopeHR
	case reading && !Sensitive(permission) && (strings.HasPrefix(verb, "read") || verb == "list" || verb == "mine" || verb == "list_any"):
		return ScopeRead
	}
	return ScopeDecide
}
