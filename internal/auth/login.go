package auth

import (
	"errors"
	"strings"
	"sync"

	"github.com/alexedwards/argon2id"
	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
)

// PasswordCost is what a password costs whoever tries it: RFC 9106's second recommendation, for a machine with little memory to spare,
// 64 MiB and three passes. Tests of what comes after signing in set less, before anything is asked.
var PasswordCost = &argon2id.Params{Memory: 64 * 1024, Iterations: 3, Parallelism: 2, SaltLength: 16, KeyLength: 32}

// decoy takes the time of a comparison when there is nobody to compare with, so that the answer does not tell who exists.
var decoy = sync.OnceValue(func() string {
	hash, _ := argon2id.CreateHash("nobody", PasswordCost)
	return hash
})

// MinPassword is the shortest password taken (NIST SP 800-63B asks for 8 at least; an administrator's is longer).
const MinPassword = 12

// SetAdministrator makes the local administrator, or gives an existing one another password.
func SetAdministrator(tx *db.Tx, email, name, password string) error {
	var bad []errs.Field
	if !strings.Contains(email, "@") {
		bad = append(bad, errs.Field{Field: "email", Rule: "must be an e-mail address"})
	}
	if len(password) < MinPassword {
		bad = append(bad, errs.Field{Field: "password", Rule: "must have at least 12 characters"})
	}
	if len(bad) > 0 {
		return errs.InvalidFields("the local administrator", bad)
	}
	hash, err := argon2id.CreateHash(password, PasswordCost)
	if err != nil {
		return err
	}
	var who int
	err = tx.QueryRow(`select identity_id from login where lower(email) = lower($1)`, email).Scan(&who)
	if err == nil {
		_, err = tx.Exec(`update login set password_hash = $2 where identity_id = $1`, who, hash)
		if err != nil {
			return err
		}
		tx.Record(evidence.Event{Kind: "login.changed", IdentityID: who})
		if _, err := EndOthers(tx, 0, who); err != nil { // whoever knew the old password is out
			return err
		}
		return Refund(tx, Attempt{Account: email})
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	if who, err = makeLocal(tx, email, name); err != nil {
		return err
	}
	if _, err := tx.Exec(`insert into login (identity_id, email, password_hash) values ($1, $2, $3)`, who, email, hash); err != nil {
		return err
	}
	if _, err := tx.Exec(`insert into portal_role (identity_id, role) values ($1, 'administrator')`, who); err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "login.made", IdentityID: who, Touches: evidence.Touches{"identity": 1, "portal_role": 1}})
	return nil
}

func makeLocal(tx *db.Tx, email, name string) (int, error) {
	key0, err := tx.IDs("identity_key", 1)
	if err != nil {
		return 0, err
	}
	key, wrapped, err := tx.Wrapper().New(key0)
	if err != nil {
		return 0, err
	}
	if _, err := tx.Exec(`insert into identity_key (id, wrapped) values ($1, $2)`, key0, wrapped); err != nil {
		return 0, err
	}
	var id int
	err = tx.QueryRow(`insert into identity (kind, state, since, name, email, key_id) values ('local', 'active', $1, $2, $3, $4) returning id`,
		tx.Now, name, email, key0).Scan(&id)
	tx.UseKey(id, key)
	return id, err
}

// Password checks an e-mail address and password, and gives the person. The answer to a wrong one does not say what was wrong, and
// takes as long for an address that nobody has. The try is charged before (Charge).
func Password(tx *db.Tx, email, password string) (*identity.Person, error) {
	refused := errs.Unauthenticated("the e-mail address or the password is not right")
	var who int
	hash := decoy()
	err := tx.QueryRow(`select identity_id, password_hash from login where lower(email) = lower($1)`, strings.TrimSpace(email)).Scan(&who, &hash)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, err
	}
	ok, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return nil, err
	}
	if !ok || who == 0 {
		Refused(tx, who, "password", "wrong")
		return nil, refused
	}
	return identity.Get(tx, who)
}
