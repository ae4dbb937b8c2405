package auth

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
)

// questionFor is for how long a passkey may answer.
const questionFor = 10 * time.Minute

// Passkeys asks passkeys and checks what they answer (WebAuthn). A passkey belongs to one host and answers pages of one origin only:
// both are the public address's, never what a request says.
type Passkeys struct{ w *webauthn.WebAuthn }

// NewPasskeys gives nil where no browser would let a passkey answer: without a public address, at a bare IP address, and over http
// but for localhost.
func NewPasskeys(public string) (*Passkeys, error) {
	u, err := url.Parse(public)
	if err != nil || u.Hostname() == "" || net.ParseIP(u.Hostname()) != nil || u.Scheme != "https" && u.Hostname() != "localhost" {
		return nil, err
	}
	limit := webauthn.TimeoutConfig{Enforce: true, Timeout: questionFor, TimeoutUVD: questionFor}
	w, err := webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: "Tenure", RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation, // which make it is matters to nobody here
		AuthenticatorSelection: protocol.AuthenticatorSelection{UserVerification: protocol.VerificationRequired,
			ResidentKey: protocol.ResidentKeyRequirementDiscouraged, RequireResidentKey: protocol.ResidentKeyNotRequired()},
		Timeouts: webauthn.TimeoutsConfig{Login: limit, Registration: limit},
	})
	if err != nil {
		return nil, err
	}
	return &Passkeys{w: w}, nil
}

// Question is what a page asks a passkey, and what the browser's session keeps of it to check the answer with.
type Question struct {
	Options string // JSON, for the browser
	Kept    string
}

// keyHolder is somebody with passkeys, as the library wants to know them.
type keyHolder struct {
	person      *identity.Person
	account     string
	factors     map[string]int // by credential id
	credentials []webauthn.Credential
}

func (h *keyHolder) WebAuthnID() []byte {
	id, err := uuid.Parse(h.person.PublicID)
	if err != nil {
		return nil // which the library refuses
	}
	return id[:]
}
func (h *keyHolder) WebAuthnName() string                       { return h.account }
func (h *keyHolder) WebAuthnDisplayName() string                { return h.person.Name }
func (h *keyHolder) WebAuthnCredentials() []webauthn.Credential { return h.credentials }

// holder reads somebody with the passkeys that may answer; lock keeps two answers of one passkey apart.
func holder(tx *db.Tx, who int, lock bool) (*keyHolder, error) {
	h := &keyHolder{factors: map[string]int{}}
	var err error
	if h.person, err = identity.Get(tx, who); err != nil {
		return nil, err
	}
	if h.account, err = Account(tx, who); err != nil {
		return nil, err
	}
	sql := `select f.id, k.handle, k.public_key, k.transports, k.backup_eligible, u.sign_count
		from second_factor f join passkey k on k.factor_id = f.id join second_factor_use u on u.factor_id = f.id
		where f.identity_id = $1 and f.removed_at is null and f.copied_at is null order by f.id`
	if lock {
		sql += ` for update of u`
	}
	rows, err := tx.Query(sql, who)
	if err != nil {
		return nil, err
	}
	var id int
	var count int64
	var handle, key []byte
	var transports []string
	var backup bool
	_, err = pgx.ForEachRow(rows, []any{&id, &handle, &key, &transports, &backup, &count}, func() error {
		c := webauthn.Credential{ID: append([]byte{}, handle...), PublicKey: append([]byte{}, key...), Flags: webauthn.CredentialFlags{BackupEligible: backup}}
		c.Authenticator.SignCount = uint32(count)
		for _, t := range transports {
			c.Transport = append(c.Transport, protocol.AuthenticatorTransport(t))
		}
		h.credentials, h.factors[string(handle)] = append(h.credentials, c), id
		return nil
	})
	return h, err
}

func question(options any, kept *webauthn.SessionData) (*Question, error) {
	o, err := json.Marshal(options)
	if err != nil {
		return nil, err
	}
	k, err := json.Marshal(kept)
	return &Question{Options: string(o), Kept: string(k)}, err
}

// Ask asks the passkeys of a person; nil when they have none.
func (k *Passkeys) Ask(tx *db.Tx, who int) (*Question, error) {
	h, err := holder(tx, who, false)
	if err != nil || len(h.credentials) == 0 {
		return nil, err
	}
	asked, kept, err := k.w.BeginLogin(h)
	if err != nil {
		return nil, err
	}
	return question(asked.Response, kept)
}

// Check checks what a passkey of a person answered to a question. The try is charged before (Charge).
func (k *Passkeys) Check(tx *db.Tx, who int, kept, answer string) error {
	q, refusal := k.take(tx, who, kept)
	if q == nil {
		return refusal
	}
	h, err := holder(tx, who, true)
	if err != nil {
		return err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return refusePasskey(tx, who, "unreadable")
	}
	c, err := k.w.ValidateLogin(h, *q, parsed)
	if err != nil {
		return refusePasskey(tx, who, whyPasskey(err, q, parsed.Response.CollectedClientData))
	}
	id := h.factors[string(c.ID)]
	if c.Authenticator.CloneWarning {
		return copied(tx, who, id)
	}
	_, err = tx.Exec(`update second_factor_use set sign_count = $2, used_at = clock_timestamp() where factor_id = $1`, id, int64(c.Authenticator.SignCount))
	return err
}

// copied stops a passkey whose counter did not go on: there are two of it, and nobody knows which is the person's.
func copied(tx *db.Tx, who, id int) error {
	if _, err := tx.Exec(`update second_factor set copied_at = clock_timestamp() where id = $1`, id); err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "auth.passkey_cloned", IdentityID: who, Touches: evidence.Touches{"second_factor": 1}, Facts: map[string]any{"factor": id}})
	return refusePasskey(tx, who, "copied")
}

// AskNew asks for a new passkey of a person. Those they have are named, so that no device makes a second one.
func (k *Passkeys) AskNew(tx *db.Tx, who int) (*Question, error) {
	h, err := holder(tx, who, false)
	if err != nil {
		return nil, err
	}
	asked, kept, err := k.w.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.credentials).CredentialDescriptors()))
	if err != nil {
		return nil, err
	}
	return question(asked.Response, kept)
}

// Add stores the passkey that answered, under a name.
func (k *Passkeys) Add(tx *db.Tx, who int, kept, answer, name string) error {
	q, refusal := k.take(tx, who, kept)
	if q == nil {
		return refusal
	}
	h, err := holder(tx, who, false)
	if err != nil {
		return err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err != nil {
		return refusePasskey(tx, who, "unreadable")
	}
	c, err := k.w.CreateCredential(h, *q, parsed)
	if err != nil {
		return refusePasskey(tx, who, whyPasskey(err, q, parsed.Response.CollectedClientData))
	}
	transports := []string{}
	for _, t := range c.Transport {
		transports = append(transports, string(t))
	}
	id, err := addFactor(tx, who, "passkey", name, nil, 0, int64(c.Authenticator.SignCount))
	if err != nil {
		return err
	}
	n, err := tx.Exec(`insert into passkey (factor_id, handle, public_key, transports, backup_eligible) values ($1, $2, $3, $4, $5) on conflict (handle) do nothing`,
		id, c.ID, c.PublicKey, transports, c.Flags.BackupEligible)
	if err == nil && n == 0 {
		err = errs.Conflict("this passkey is known here already")
	}
	tx.Record(evidence.Event{Kind: "auth.factor_added", IdentityID: who, Touches: evidence.Touches{"second_factor": 1, "passkey": 1},
		Facts: map[string]any{"kind": "passkey", "factor": id}})
	return err
}

// take gives the question that a session keeps, once: whoever sends an answer, whatever it says, has used the question up. Without
// a question the error says why.
func (k *Passkeys) take(tx *db.Tx, who int, kept string) (*webauthn.SessionData, error) {
	var q webauthn.SessionData
	if kept == "" || json.Unmarshal([]byte(kept), &q) != nil {
		return nil, refusePasskey(tx, who, "not_asked")
	}
	sum := sha256.Sum256([]byte(q.Challenge))
	n, err := tx.Exec(`insert into passkey_answer (challenge) values ($1) on conflict do nothing`, sum[:])
	if err == nil && n == 0 {
		err = refusePasskey(tx, who, "replayed")
	}
	if err != nil {
		return nil, err
	}
	return &q, nil
}

// whyPasskey is a word for why an answer was refused.
func whyPasskey(err error, q *webauthn.SessionData, said protocol.CollectedClientData) string {
	var unknown *protocol.ErrorUnknownCredential
	var broken *protocol.Error
	switch {
	case errors.As(err, &unknown):
		return "unknown_passkey"
	case !q.Expires.IsZero() && q.Expires.Before(time.Now()):
		return "late"
	case said.Challenge != q.Challenge:
		return "challenge"
	case errors.As(err, &broken) && strings.Contains(strings.ToLower(broken.Details), "origin"):
		return "origin"
	case errors.As(err, &broken):
		return broken.Type
	}
	return "wrong"
}

// refusePasskey records why an answer was refused, and says only that it was.
func refusePasskey(tx *db.Tx, who int, why string) error {
	Refused(tx, who, "passkey", why)
	return errs.Unauthenticated("the passkey's answer was not accepted; try again, or use a code")
}

// NoPasskeys is the refusal where NewPasskeys gives none.
func NoPasskeys() error {
	return errs.Conflict("passkeys do not work at this address: the portal needs public_url with a host name and https")
}
