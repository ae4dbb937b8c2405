package auth

import (
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// Call is one call of the API by the key that its caller gave it (draft-ietf-httpapi-idempotency-key-header-07): the same key stands
// for the same call, which is done once.
type Call struct {
	Who  int
	Key  string
	Hash []byte // of method, address and body
}

// Answered is how a call was answered.
type Answered struct {
	Status int
	Tag    string
	Body   []byte
}

// Why a call is not done.
var (
	ErrStillRunning = errors.New("the same call is still running")
	ErrOtherCall    = errors.New("the key was used for another call")
)

// onceFor is how long answers are kept.
const onceFor = 24 * time.Hour

func (c Call) place() string { return "idempotency/" + strconv.Itoa(c.Who) + "/" + c.Key }

// Before gives the answer of a call that was done before, nil for one that was not: then nobody else does it until the transaction
// ends. It gives ErrStillRunning while another transaction is at it, and ErrOtherCall when the key stands for another call.
func (c Call) Before(tx *db.Tx) (*Answered, error) {
	var ours bool
	if err := tx.QueryRow(`select pg_try_advisory_xact_lock(hashtextextended($1, 33))`, c.place()).Scan(&ours); err != nil {
		return nil, err
	}
	if !ours {
		return nil, ErrStillRunning
	}
	a := &Answered{}
	var sealed []byte
	var same bool
	err := tx.QueryRow(`select status, tag, answer, call = $3 from idempotency where identity_id = $1 and key = $2 and made_at > clock_timestamp() - $4::interval`,
		c.Who, c.Key, c.Hash, onceFor).Scan(&a.Status, &a.Tag, &sealed, &same)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	case !same:
		return nil, ErrOtherCall
	}
	a.Body, err = tx.DB.Keeper.Open(c.place(), sealed)
	return a, err
}

// Done keeps the answer of a call with what it did.
func (c Call) Done(tx *db.Tx, a Answered) error {
	sealed, err := tx.DB.Keeper.Seal(c.place(), a.Body)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into idempotency (identity_id, key, call, status, tag, answer) values ($1, $2, $3, $4, $5, $6)
		on conflict (identity_id, key) do update set call = excluded.call, status = excluded.status, tag = excluded.tag, answer = excluded.answer, made_at = default`,
		c.Who, c.Key, c.Hash, a.Status, a.Tag, sealed)
	return err
}

// forgetCalls drops answers that are kept no longer.
func forgetCalls(tx *db.Tx) error {
	_, err := tx.Exec(`delete from idempotency where made_at < clock_timestamp() - $1::interval`, onceFor)
	return err
}
