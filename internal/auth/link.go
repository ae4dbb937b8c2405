package auth

import (
	"crypto/sha256"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/oauth2"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
)

// flowFor is how long a sign-in may take at the provider.
const flowFor = 10 * time.Minute

// Flow is a sign-in on its way through a provider.
type Flow struct {
	State, Nonce, Verifier string
	Provider, ReturnTo     string
	StepUp                 int // whose identity is proved again; 0 for a sign-in
	Began                  time.Time
}

// NewFlow begins a sign-in for a browser, which browser (a secret of its session) names.
func NewFlow(tx *db.Tx, provider, returnTo, browser string, stepUp int) (*Flow, error) {
	f := &Flow{State: random(32), Nonce: random(32), Verifier: oauth2.GenerateVerifier(), Provider: provider, ReturnTo: returnTo, StepUp: stepUp}
	state, who := sha256.Sum256([]byte(f.State)), sha256.Sum256([]byte(browser))
	_, err := tx.Exec(`insert into sign_in_flow (state, browser, provider, nonce, verifier, return_to, step_up) values ($1, $2, $3, $4, $5, $6, nullif($7, 0))`,
		state[:], who[:], provider, f.Nonce, f.Verifier, returnTo, stepUp)
	return f, err
}

// TakeFlow ends the wait for an answer and gives its flow: once, in time, to the browser and for the provider it was begun with.
func TakeFlow(tx *db.Tx, state, browser, provider string) (*Flow, error) {
	f := &Flow{State: state}
	key := sha256.Sum256([]byte(state))
	var of []byte
	var late bool
	err := tx.QueryRow(`delete from sign_in_flow where state = $1 returning browser, provider, nonce, verifier, return_to, coalesce(step_up, 0), began_at,
		began_at < clock_timestamp() - $2::interval`, key[:], flowFor).Scan(&of, &f.Provider, &f.Nonce, &f.Verifier, &f.ReturnTo, &f.StepUp, &f.Began, &late)
	who := sha256.Sum256([]byte(browser))
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, refuse("state", "no sign-in waits for this answer")
	case err != nil:
		return nil, err
	case browser == "" || string(of) != string(who[:]):
		return nil, refuse("browser", "another browser began this sign-in")
	case late:
		return nil, refuse("late", "the sign-in took longer than %s", flowFor)
	case f.Provider != provider:
		return nil, refuse("issuer", "the sign-in was begun with %s", f.Provider)
	}
	return f, nil
}

// Linked gives the person whom a provider's claims are about. The subject is linked to a person at their first sign-in, by the claim
// that the configuration trusts, and stays theirs for good; an e-mail address alone links nobody unless the configuration trusts the
// provider for it and the provider verified it. Whoever is a local administrator is never linked.
func Linked(tx *db.Tx, p *Provider, c *Claims) (*identity.Person, error) {
	var who int
	var ended bool
	err := tx.QueryRow(`select identity_id, ended_at is not null from sign_in_link where issuer = $1 and subject = $2`, c.Issuer, c.Subject).Scan(&who, &ended)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		if who, err = p.find(tx, c); err != nil {
			return nil, err
		}
		if err := p.link(tx, c, who); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	case ended:
		return nil, Refuse("link_ended", who)
	default:
		if err := p.stillTheirs(tx, c, who); err != nil {
			return nil, err
		}
	}
	return identity.Get(tx, who)
}

// stillTheirs refuses a linked subject of whom the provider now says that it is another person who works here: it gave the subject
// to somebody else. A claim that fits nobody, or changed with its person, changes nothing.
func (p *Provider) stillTheirs(tx *db.Tx, c *Claims, who int) error {
	if c.Value == "" {
		return nil
	}
	var other bool
	err := tx.QueryRow(`select exists (select from identity i where i.kind = 'person' and `+p.by()+` and i.id <> $2)
		and not exists (select from identity i where `+p.by()+` and i.id = $2)`, c.Value, who).Scan(&other)
	if err == nil && other {
		return Refuse("subject_reused", who)
	}
	return err
}

// by is the condition under which a person is the one of the claim.
func (p *Provider) by() string {
	if p.Claim == "email" {
		return "lower(i.email) = lower($1)"
	}
	return "i.number = $1"
}

// find looks for the person of a first sign-in.
func (p *Provider) find(tx *db.Tx, c *Claims) (int, error) {
	if c.Value == "" {
		return 0, refuse("claim", "there is no claim %s", p.Claim)
	}
	if p.Claim == "email" && (!p.TrustEmail || !c.EmailVerified) {
		return 0, refuse("email_unverified", "the e-mail address is not verified")
	}
	rows, err := tx.Query(`select i.id from identity i where i.kind = 'person' and i.state = 'active' and i.locked_at is null and `+p.by()+` order by 1 limit 2`, c.Value)
	if err != nil {
		return 0, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[int])
	switch {
	case err != nil:
		return 0, err
	case len(found) == 0:
		return 0, refuse("unknown_person", "nobody who works here has this %s", p.Claim)
	case len(found) > 1:
		return 0, refuse("ambiguous_person", "more than one person has this %s", p.Claim)
	}
	return found[0], nil
}

func (p *Provider) link(tx *db.Tx, c *Claims, who int) error {
	n, err := tx.Exec(`insert into sign_in_link (issuer, subject, identity_id, provider, claim) values ($1, $2, $3, $4, $5) on conflict do nothing`,
		c.Issuer, c.Subject, who, p.Name, p.Claim)
	if err == nil && n == 0 {
		return Refuse("already_linked", who)
	}
	tx.Record(evidence.Event{Kind: "auth.linked", IdentityID: who, Touches: evidence.Touches{"sign_in_link": 1},
		Facts: map[string]any{"provider": p.Name, "claim": p.Claim}, Personal: map[string]any{"subject": c.Subject}})
	return err
}

// Unlink ends a person's links to identity providers, so that their next sign-in links another subject (their account there was made
// anew). The old subjects never sign in again.
func Unlink(tx *db.Tx, who int) (int, error) {
	n, err := tx.Exec(`update sign_in_link set ended_at = clock_timestamp() where identity_id = $1 and ended_at is null`, who)
	if err != nil || n == 0 {
		return 0, errors.Join(err, errs.Conflict("the person has not signed in through an identity provider"))
	}
	tx.Record(evidence.Event{Kind: "auth.unlinked", IdentityID: who, Touches: evidence.Touches{"sign_in_link": int(n)}})
	_, err = EndOthers(tx, 0, who)
	return int(n), err
}
