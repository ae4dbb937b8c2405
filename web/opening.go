package web

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// opening is the transaction in which a request finds its session and who is there. A page goes on reading in it: what the reader may
// see is decided about the same moment as what they see.
type opening struct {
	db *db.DB
	tx *db.Reading // nil before it began and after it was ended

	token  string // of the session that was found, as it is stored; "" for none
	data   []byte
	expiry time.Time
}

type openingKey struct{}

// opens gives a request its opening, which must be ended.
func (s *server) opens(ctx context.Context) (context.Context, *opening) {
	o := &opening{db: s.app.DB}
	return context.WithValue(ctx, openingKey{}, o), o
}

func openingOf(ctx context.Context) *opening {
	o, _ := ctx.Value(openingKey{}).(*opening)
	return o
}

// begin begins the transaction, and asks in the same round trip what also puts into the batch.
func (o *opening) begin(ctx context.Context, also func(*pgx.Batch)) (err error) {
	o.tx, err = o.db.Open(ctx, also)
	return err
}

// end ends it: before anything else needs a connection, so that no request holds one and waits for another.
func (o *opening) end() {
	if o != nil && o.tx != nil {
		o.tx.End()
		o.tx = nil
	}
}

// take gives the transaction to who ends it; nil when there is none any more.
func (o *opening) take() *db.Reading {
	if o == nil {
		return nil
	}
	tx := o.tx
	o.tx = nil
	return tx
}
