package trail

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/evidence"
)

// asker is a transaction or a connection.
type asker interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// readHashes reads the hashes of a level from one number up to another.
func readHashes(ctx context.Context, q asker, level int, from, to int64) ([]evidence.Hash, error) {
	sql := `select hash from log_node where n >= $1 and n < $2 and level = $3 order by n`
	args := []any{from, to, level}
	if level == 0 {
		sql, args = `select hash from leaf where log_index >= $1 and log_index < $2 order by log_index`, args[:2]
	}
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (h evidence.Hash, err error) {
		var b []byte
		err = r.Scan(&b)
		copy(h[:], b)
		return h, err
	})
}

// storeOf gives the stored hashes of the tree, for proofs.
func storeOf(ctx context.Context, q asker) *evidence.Store {
	return &evidence.Store{Read: func(blocks []evidence.Block) (map[evidence.Block][]evidence.Hash, error) {
		levels, ns := make([]int16, len(blocks)), make([]int64, len(blocks))
		for i, b := range blocks {
			levels[i], ns[i] = int16(b.Level), b.N //nolint:gosec // few levels
		}
		// A block in one value: 256 rows of a hash each cost more to send than to find. They come in the order of their index; were they not, no proof
		// would hold.
		rows, err := q.Query(ctx, `select b.level, b.n, case b.level
				when 0 then (select string_agg(l.hash, '') from (select hash from leaf where log_index >= b.n * 256 and log_index < b.n * 256 + 256 order by log_index) l)
				else (select string_agg(o.hash, '') from (select hash from log_node where level = b.level and log_node.n >= b.n * 256 and log_node.n < b.n * 256 + 256 order by log_node.n) o) end
			from unnest($1::smallint[], $2::bigint[]) b(level, n)`, levels, ns)
		if err != nil {
			return nil, err
		}
		out := map[evidence.Block][]evidence.Hash{}
		var b evidence.Block
		var hashes []byte
		_, err = pgx.ForEachRow(rows, []any{&b.Level, &b.N, &hashes}, func() error {
			for ; len(hashes) >= 32; hashes = hashes[32:] {
				out[b] = append(out[b], evidence.Hash(hashes[:32]))
			}
			if len(hashes) > 0 {
				return fmt.Errorf("a hash of level %d in block %d has another length", b.Level, b.N)
			}
			return nil
		})
		return out, err
	}}
}

// Store gives the stored hashes as a transaction sees them.
func Store(tx *db.Tx) *evidence.Store { return storeOf(tx.Ctx, tx.Pgx) }
