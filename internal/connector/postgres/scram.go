package postgres

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"tenure/internal/connector"
)

const scramIterations = 4096 // PostgreSQL's own; the secrets are random, so more would only slow down sign-in

// verifier makes the SCRAM-SHA-256 verifier that PostgreSQL stores for a password (RFC 5802, RFC 7677), so that the password itself is
// never in a statement, where the server's log and pg_stat_statements would show it.
//
// It takes printable ASCII only, which needs no normalisation (RFC 4013).
func verifier(password string) (string, error) {
	for _, r := range password {
		if r < 0x20 || r > 0x7e {
			return "", fmt.Errorf("%w: a first password has printable ASCII characters only", connector.ErrRefused)
		}
	}
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails (crypto/rand)
	salted, err := pbkdf2.Key(sha256.New, password, salt, scramIterations, sha256.Size)
	if err != nil {
		return "", errors.New("the password cannot be derived")
	}
	mac := func(text string) []byte {
		m := hmac.New(sha256.New, salted)
		m.Write([]byte(text))
		return m.Sum(nil)
	}
	stored := sha256.Sum256(mac("Client Key"))
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", scramIterations, b64(salt), b64(stored[:]), b64(mac("Server Key"))), nil
}
