package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
)

// tokenPrefix lets a leaked token be recognised.
const tokenPrefix = "tenure_"

// Token is a personal token, without its secret.
type Token struct {
	ID            int
	Name          string
	Made, Expires time.Time
}

// Issue makes a personal token for a person, valid for a time, and gives it once: only its hash is stored.
func Issue(tx *db.Tx, p *identity.Person, name string, valid time.Duration) (string, error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", err
	}
	token := tokenPrefix + base64.RawURLEncoding.EncodeToString(raw)
	hash := sha256.Sum256([]byte(token))
	var id int
	if err := tx.QueryRow(`insert into token (hash, identity_id, name, expires_at) values ($1, $2, $3, clock_timestamp() + $4::interval) returning id`,
		hash[:], p.ID, name, valid).Scan(&id); err != nil {
		return "", err
	}
	tx.Record(evidence.Event{Kind: "token.issued", IdentityID: p.ID, Touches: evidence.Touches{"token": 1},
		Facts: map[string]any{"token": id, "name": name, "by": tx.Actor.Kind}})
	return token, nil
}

// ByToken gives the actor whom a token speaks for.
func ByToken(tx *db.Tx, token string) (db.Actor, error) {
	hash := sha256.Sum256([]byte(strings.TrimSpace(token)))
	var who int
	var name, state, kind string
	var locked bool
	err := tx.QueryRow(`select i.id, i.name, i.state, i.kind, i.locked_at is not null from token t join identity i on i.id = t.identity_id
		where t.hash = $1 and t.revoked_at is null and t.expires_at > clock_timestamp()`, hash[:]).Scan(&who, &name, &state, &kind, &locked)
	if errors.Is(err, pgx.ErrNoRows) {
		return db.Actor{}, errs.Unauthenticated("the token is unknown, expired or revoked")
	}
	if err != nil {
		return db.Actor{}, err
	}
	if locked || state != "active" {
		return db.Actor{}, errs.Unauthenticated("the token's person does not work here at present")
	}
	return tx.ActorOf(who, "token", name)
}
