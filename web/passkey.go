package web

import (
	"tenure/internal/auth"
	"tenure/internal/db"
)

// What was asked of a passkey in this browser: for a proof, and for a new one. An answer uses the question up.
const (
	sessionAsked    = "passkey_asked"
	sessionAskedNew = "passkey_asked_new"
)

// passkeyAsk gives what a page asks a passkey of a person for, "" where they have none that works here.
func (s *server) passkeyAsk(r *request, who int) (string, error) {
	if s.passkeys == nil {
		return "", nil
	}
	var q *auth.Question
	err := r.read(func(tx *db.Tx) (err error) { q, err = s.passkeys.Ask(tx, who); return err })
	if err != nil || q == nil {
		return "", err
	}
	s.sessions.Put(r.Request.Context(), sessionAsked, q.Kept)
	return q.Options, nil
}

// passkeyCheck checks a passkey's answer.
func (s *server) passkeyCheck(r *request, tx *db.Tx, who int, answer string) error {
	if s.passkeys == nil {
		return auth.NoPasskeys()
	}
	return s.passkeys.Check(tx, who, s.sessions.PopString(r.Request.Context(), sessionAsked), answer)
}
