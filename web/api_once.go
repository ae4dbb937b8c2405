package web

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"

	"tenure/internal/auth"
	"tenure/internal/db"
)

// longestKey is how long an Idempotency-Key may be.
const longestKey = 200

// call gives the key under which a call is done once; nil when it has none.
func (r *request) call(body []byte) (*auth.Call, error) {
	keys := r.Request.Header.Values("Idempotency-Key")
	if len(keys) == 0 {
		return nil, nil
	}
	key := keys[0]
	bad := len(keys) > 1 || key == "" || len(key) > longestKey
	for _, c := range key {
		bad = bad || c < ' ' || c > '~'
	}
	if bad {
		return nil, refusal(http.StatusBadRequest, codeInvalid, "the Idempotency-Key is not valid").
			with(problemField{Parameter: "Idempotency-Key", Detail: fmt.Sprintf("It must have 1 to %d printable ASCII characters, and stand there once.", longestKey)})
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n", r.Request.Method, r.Request.URL.RequestURI())
	h.Write(body)
	return &auth.Call{Who: r.who.ID, Key: key, Hash: h.Sum(nil)}, nil
}

// once does a call that was not done before, and keeps its answer with what it did. What is refused did nothing, is not kept, and may
// be sent again with the same key.
func once(tx *db.Tx, c *auth.Call, do func() (*auth.Answered, error)) (out *auth.Answered, replayed bool, err error) {
	if c == nil {
		out, err = do()
		return out, false, err
	}
	out, err = c.Before(tx)
	switch {
	case errors.Is(err, auth.ErrStillRunning):
		return nil, false, refusal(http.StatusConflict, codeRunning, "the same call is still running; send it again a little later")
	case errors.Is(err, auth.ErrOtherCall):
		return nil, false, refusal(http.StatusUnprocessableEntity, codeKeyUsed, "the Idempotency-Key was used for another call; make a new one for each")
	case err != nil || out != nil:
		return out, out != nil, err
	}
	if out, err = do(); err == nil {
		err = c.Done(tx, *out)
	}
	return out, false, err
}
