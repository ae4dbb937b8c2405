package trail

import (
	"context"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// VerifyIn verifies inside of a transaction that will be undone.
func VerifyIn(ctx context.Context, d *db.DB, tx pgx.Tx, r *Report) error {
	return verifyIn(&db.Tx{Ctx: ctx, Pgx: tx, DB: d}, Outside{}, r)
}

// Hasty makes a stream move before it has sent, as it must not.
func (s *Stream) Hasty() { s.hasty = true }
