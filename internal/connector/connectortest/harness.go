// Package connectortest is the conformance suite that every connector passes.
//
// Run holds a connector to the contract of package connector against a real target; the harness gives the target's own view
// of itself, so that a connector cannot be right by agreeing with itself. RunHTTP adds, for connectors that speak HTTP, what
// networks and servers do wrong: a real proxy between the two repeats pages, cuts answers, loses replies, throttles, redirects
// and never stops talking.
package connectortest

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"tenure/internal/connector"
)

// Harness is what the suite needs to know of a connector.
type Harness struct {
	// Open gives a target without accounts and entitlements of earlier tests, and a connector to it.
	Open func(t *testing.T) Target
	// Kind is the kind of entitlement the suite grants.
	Kind string
	// PageSize is how many accounts one page of a listing holds; the suite lists more than three pages. 0: no pages.
	PageSize int
	// Attrs are the attributes of an account that the target keeps.
	Attrs []string
	// Name makes a login name of the target's form out of a word; nil: the word itself.
	Name func(string) string
	// Existing is how many accounts an opened target has, such as the connector's own.
	Existing int
	// Secrets must not occur in any error.
	Secrets []string
}

// Target is one real target and its own view of itself, which must not go through the connector.
type Target struct {
	Connector      connector.Connector
	AddAccounts    func(t *testing.T, names ...string)                   // accounts that Tenure did not make
	AddEntitlement func(t *testing.T, name string) (nativeID string)     // the suite's entitlements
	Holders        func(t *testing.T, entitlement string) []string       // native ids of accounts, as often as the target lists them
	Enabled        func(t *testing.T, account string) (enabled, ok bool) // by native id; ok is false when it does not exist
}

// Run runs the conformance suite.
func Run(t *testing.T, h Harness) {
	if h.Name == nil {
		h.Name = func(s string) string { return s }
	}
	for _, part := range []struct {
		name string
		run  func(*testing.T, Harness)
	}{
		{"check", testCheck},
		{"create", testCreate},
		{"create again", testCreateAgain},
		{"taken", testTaken},
		{"look-up", testLookUp},
		{"update", testUpdate},
		{"update name", testRename},
		{"disable", testDisable},
		{"delete", testDelete},
		{"unicode", testUnicode},
		{"grant", testGrant},
		{"grant by name", testGrantByName},
		{"grant to nobody", testGrantMissing},
		{"revoke", testRevoke},
		{"eight at once", testConcurrent},
		{"list", testList},
		{"cancelled", testCancelled},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, h) })
	}
}

// opened is a target with the helpers the parts share.
type opened struct {
	Target
	h Harness
	g connector.Granter
	a connector.Accounter
}

func (h Harness) open(t *testing.T) opened {
	t.Helper()
	return h.wrap(t, h.Open(t))
}

func (h Harness) wrap(t *testing.T, target Target) opened {
	t.Helper()
	o := opened{Target: target, h: h}
	var ok bool
	if o.g, ok = target.Connector.(connector.Granter); !ok {
		t.Fatal("the connector is no Granter")
	}
	if o.a, ok = target.Connector.(connector.Accounter); !ok {
		t.Fatal("the connector is no Accounter")
	}
	return o
}

// account makes one enabled account with an external id.
func (o opened) account(t *testing.T, word string) connector.Account {
	t.Helper()
	a, err := o.a.CreateAccount(t.Context(), uuid.NewString(), o.fresh(word))
	o.ok(t, "create "+word, err)
	return a
}

func (o opened) fresh(word string) connector.Account {
	a := connector.Account{ExternalID: uuid.NewString(), Name: o.h.Name(word), Enabled: true, Attrs: map[string]string{}}
	for _, attr := range o.h.Attrs {
		a.Attrs[attr] = sampleAttr(attr, word)
	}
	return a
}

func sampleAttr(attr, word string) string {
	if attr == "email" {
		return word + "@example.com"
	}
	return attr + " of " + word
}

func (o opened) entitlement(t *testing.T, name string) connector.Entitlement {
	t.Helper()
	return connector.Entitlement{Kind: o.h.Kind, NativeID: o.AddEntitlement(t, name), Name: name}
}

func (o opened) read(t *testing.T, k connector.Key) (connector.Account, []connector.Grant) {
	t.Helper()
	a, gs, err := o.Connector.Account(t.Context(), k)
	o.ok(t, "read the account", err)
	return a, gs
}

// holders checks the target's own list of who holds an entitlement.
func (o opened) holders(t *testing.T, e connector.Entitlement, want ...string) {
	t.Helper()
	got := o.Holders(t, e.NativeID)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s is held by %d accounts %v, want %d %v", e.Name, len(got), short(got), len(want), short(want))
	}
}

func short(s []string) []string { return s[:min(len(s), 10)] }

func (o opened) ok(t *testing.T, what string, err error) {
	t.Helper()
	o.discreet(t, err)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// class checks the class of an error, and that it gives nothing away.
func (o opened) class(t *testing.T, what string, err error, want ...connector.Class) {
	t.Helper()
	o.discreet(t, err)
	if got := connector.Classify(err); !slices.Contains(want, got) {
		t.Errorf("%s: %v is %s, want %v", what, err, got, want)
	}
}

func (o opened) discreet(t *testing.T, err error) {
	t.Helper()
	for _, s := range o.h.Secrets {
		if err != nil && strings.Contains(err.Error(), s) {
			t.Fatal("an error shows a secret")
		}
	}
}

// Collect reads a listing to its end or first error.
func Collect[T any](list iter.Seq2[T, error]) ([]T, error) {
	var out []T
	for item, err := range list {
		if err != nil {
			return out, err
		}
		out = append(out, item)
	}
	return out, nil
}

func key(a connector.Account) connector.Key { return connector.Key{NativeID: a.NativeID} }

func grantOf(a connector.Account, e connector.Entitlement) connector.Grant {
	return connector.Grant{Account: key(a), Entitlement: e}
}

// missing are keys that no account has.
func missing(a connector.Account) []connector.Key {
	return []connector.Key{{NativeID: otherID(a.NativeID)}, {ExternalID: uuid.NewString()}, {Name: "nobody-" + uuid.NewString()[:8]}}
}

// otherID makes an id of the same form that no account has: targets may refuse ids of another form.
func otherID(id string) string {
	b := []byte(id)
	for i, c := range b {
		switch {
		case c >= '1' && c <= '8':
			b[i] = '9'
		case c >= 'b' && c <= 'f':
			b[i] = 'a'
		}
	}
	if string(b) == id {
		b[0]--
	}
	return string(b)
}

func within(t *testing.T, limit time.Duration, what string, do func(context.Context)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	done := make(chan struct{})
	go func() { defer close(done); do(ctx) }()
	select {
	case <-done:
	case <-time.After(limit + 5*time.Second):
		t.Fatalf("%s does not end", what)
	}
}

func names(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s%04d", prefix, i)
	}
	return out
}
