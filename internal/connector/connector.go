// Package connector is the contract between Tenure and a target system.
//
// A connector lists what a target holds (accounts, entitlements, grants), looks at one account, and changes one thing at a
// time. Everything it changes is idempotent: asked for what is already so, it answers nil. It knows no database and no
// policy. Retry, rate limit, timeout, circuit breaker and metrics wrap a connector from outside, once.
//
// Listing is all or nothing: a page that cannot be read is an error of the sequence, never "fewer accounts".
package connector

import (
	"context"
	"errors"
	"iter"
	"time"

	"tenure/internal/plug"
)

// Account is a login in the target.
type Account struct {
	NativeID   string            // the target's own id; empty until it is created
	ExternalID string            // the id Tenure gave it (a uuid); empty where the target did not get it from Tenure
	Name       string            // the login name, as the target compares it
	Enabled    bool              // may sign in
	Attrs      map[string]string // display_name, given_name, family_name, email, employee_number, department, title, and what the target adds
	Secret     string            // first credential; write-only, set only in CreateAccount
	LastSignIn time.Time         // zero where the target does not tell
	Privileged bool              // an administrator by the target's own account, where it tells
}

// Entitlement is anything an account can hold besides the login itself.
type Entitlement struct {
	Kind        string // "group", "role", "licence" ...
	NativeID    string // the target's own id
	Name        string // what people and YAML files call it
	Description string
}

// Grant is an account holding an entitlement.
type Grant struct {
	Account     Key
	Entitlement Entitlement // Kind and NativeID; a write may give only Kind and Name, and the connector looks it up
	Param       string
}

// Key finds one account: by native id when it is known, else by external id, else by login name.
type Key struct {
	NativeID   string
	ExternalID string
	Name       string
}

// Connector reads a target. It may be used by several goroutines at once. One that keeps connections is an io.Closer as well.
type Connector interface {
	// Check says whether the target is reachable and the credentials are right.
	Check(ctx context.Context) error
	Accounts(ctx context.Context) iter.Seq2[Account, error]
	Entitlements(ctx context.Context) iter.Seq2[Entitlement, error]
	Grants(ctx context.Context) iter.Seq2[Grant, error]
	// Account reads one account and all it holds, afresh. ErrNotFound when the target has no such account.
	Account(ctx context.Context, k Key) (Account, []Grant, error)
}

// Granter changes what accounts hold. Both are idempotent: already so is nil. Revoking from an account or an entitlement
// that no longer exists is nil; granting to one is ErrNotFound.
type Granter interface {
	Grant(ctx context.Context, idemKey string, g Grant) error
	Revoke(ctx context.Context, idemKey string, g Grant) error
}

// Accounter changes accounts. All are idempotent.
//
// CreateAccount given an ExternalID (or a Name) that the target already has under the same external id returns that
// account; a Name taken by an account with another or no external id is ErrTaken. UpdateAccount sets Name, Enabled and Attrs
// to what is given. DisableAccount and DeleteAccount of an account that does not exist are nil.
type Accounter interface {
	CreateAccount(ctx context.Context, idemKey string, a Account) (Account, error)
	UpdateAccount(ctx context.Context, idemKey string, a Account) error
	DisableAccount(ctx context.Context, idemKey string, a Account) error
	DeleteAccount(ctx context.Context, idemKey string, a Account) error
}

// Kind is one kind of connector: what the map of connectors holds.
type Kind struct {
	Name   string // "scim"
	Label  string // "SCIM 2.0"
	Fields []plug.Field
	// Open makes a connector from a checked configuration. It does not call the target.
	Open func(plug.Config) (Connector, error)
}

// What a caller must tell apart. Connectors wrap these with errors.Join or %w; every other error counts as transient.
var (
	// ErrNotFound: the account or entitlement does not exist in the target.
	ErrNotFound = errors.New("not found in the target")
	// ErrTaken: the login name belongs to another account.
	ErrTaken = errors.New("the login name is taken by another account")
	// ErrAmbiguous: the request may or may not have been carried out (a timeout or a lost reply after it was sent).
	ErrAmbiguous = errors.New("the target may or may not have done it")
	// ErrUnauthorized: the credentials are refused; a retry without a person is useless.
	ErrUnauthorized = errors.New("the target refuses the credentials")
	// ErrRefused: the target understood and says no; a retry of the same request is useless.
	ErrRefused = errors.New("the target refuses the request")
)

// Throttled is returned when the target asks to wait: HTTP 429, or 503 with Retry-After.
type Throttled struct{ After time.Duration }

func (t *Throttled) Error() string { return "the target asks to wait " + t.After.String() }
