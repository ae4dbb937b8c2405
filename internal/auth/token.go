package auth

import (
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
	"tenure/internal/policy"
)

// tokenPrefix lets a leaked token be recognised.
const tokenPrefix = "tenure_"

// Token is a personal token, without its secret.
type Token struct {
	ID            int
	Name          string
	Made, Expires time.Time
	Scope         []string
	Used          *time.Time // to about ten minutes
}

// Issue makes a personal token for a person, valid for a time and for what its scope names, and gives it once: only its hash is
// stored.
func Issue(tx *db.Tx, p *identity.Person, name string, scope []string, valid time.Duration) (string, error) {
	if len(scope) == 0 {
		return "", errs.Invalid("say what the token is for: %s", strings.Join(policy.Scopes, ", "))
	}
	for _, s := range scope {
		if !slices.Contains(policy.Scopes, s) {
			return "", errs.Invalid("there is no scope %q: choose among %s", s, strings.Join(policy.Scopes, ", "))
		}
	}
	token := tokenPrefix + random(32)
	hash := sha256.Sum256([]byte(token))
	var id int
	if err := tx.QueryRow(`insert into token (hash, identity_id, name, scope, expires_at) values ($1, $2, $3, $4, clock_timestamp() + $5::interval) returning id`,
		hash[:], p.ID, name, scope, valid).Scan(&id); err != nil {
		return "", err
	}
	tx.Record(evidence.Event{Kind: "token.issued", IdentityID: p.ID, Touches: evidence.Touches{"token": 1},
		Facts: map[string]any{"token": id, "name": name, "scope": scope, "by": tx.Actor.Kind}})
	return token, nil
}

// Bearer is whom a token speaks for, and for what.
type Bearer struct {
	Actor db.Actor
	Token int
	Scope []string
	Stale bool // its last use was noted long enough ago to be noted anew
}

// ByToken gives whom a token speaks for.
func ByToken(tx *db.Tx, token string) (*Bearer, error) {
	hash := sha256.Sum256([]byte(strings.TrimSpace(token)))
	b := &Bearer{}
	var who int
	var name, state string
	var locked bool
	err := tx.QueryRow(`select t.id, t.scope, i.id, i.name, i.state, i.locked_at is not null, coalesce(u.used_at < clock_timestamp() - interval '10 minutes', true)
		from token t join identity i on i.id = t.identity_id left join token_use u on u.token_id = t.id
		where t.hash = $1 and t.revoked_at is null and t.expires_at > clock_timestamp()`, hash[:]).Scan(&b.Token, &b.Scope, &who, &name, &state, &locked, &b.Stale)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.Unauthenticated("the token is unknown, expired or revoked")
	}
	if err != nil {
		return nil, err
	}
	if locked || state != string(identity.Active) {
		return nil, errs.Unauthenticated("the token's person does not work here at present")
	}
	b.Actor, err = tx.ActorOf(who, "token", name)
	return b, err
}

// Used notes the use of a token, to about ten minutes.
func (b *Bearer) Used(tx *db.Tx) error {
	_, err := tx.Exec(`insert into token_use (token_id, used_at) values ($1, clock_timestamp()) on conflict (token_id) do update set used_at = excluded.used_at`, b.Token)
	return err
}

// Revoke ends one of a person's own tokens at once.
func Revoke(tx *db.Tx, who, token int) error {
	var name string
	err := tx.QueryRow(`update token set revoked_at = clock_timestamp() where id = $1 and identity_id = $2 and revoked_at is null returning name`,
		token, who).Scan(&name)
	if errors.Is(err, pgx.ErrNoRows) {
		return errs.NotFound("you have no such token")
	}
	tx.Record(evidence.Event{Kind: "token.revoked", IdentityID: who, Touches: evidence.Touches{"token": 1},
		Facts: map[string]any{"token": token, "name": name}})
	return err
}

// RevokeTokensOf ends all tokens of people who left or were terminated: who comes back asks for new ones. It is set-based.
func RevokeTokensOf(tx *db.Tx, people []int) error {
	if len(people) == 0 {
		return nil
	}
	rows, err := tx.Query(`with ended as (update token set revoked_at = clock_timestamp() where identity_id = any($1) and revoked_at is null
		and expires_at > clock_timestamp() returning identity_id) select identity_id, count(*) from ended group by 1`, people)
	if err != nil {
		return err
	}
	var who, n int
	_, err = pgx.ForEachRow(rows, []any{&who, &n}, func() error {
		tx.Record(evidence.Event{Kind: "token.revoked", IdentityID: who, Touches: evidence.Touches{"token": n},
			Facts: map[string]any{"tokens": n, "because": "not_here"}})
		return nil
	})
	return err
}
