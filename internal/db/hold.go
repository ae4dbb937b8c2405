package db

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Hold takes an advisory lock for longer than a transaction: it waits for the lock, or, with try, answers false when somebody
// else has it. The lock has a connection of its own, not one of the pool: whoever waits for it, or works under it, would
// otherwise keep from the pool what the work itself needs, and enough of them would wait for one another for ever. release
// ends it, as the death of the process does.
func (d *DB) Hold(ctx context.Context, class, key int, try bool) (release func(), held bool, err error) {
	conn, err := pgx.ConnectConfig(ctx, d.Pool.Config().ConnConfig)
	if err != nil {
		return nil, false, err
	}
	release = func() {
		ctx := context.WithoutCancel(ctx)
		// Closing does not wait for the server, and the next one may ask right after us.
		_, _ = conn.Exec(ctx, `select pg_advisory_unlock_all()`)
		_ = conn.Close(ctx)
	}
	if try {
		err = conn.QueryRow(ctx, `select pg_try_advisory_lock($1, $2)`, class, key).Scan(&held)
	} else {
		_, err = conn.Exec(ctx, `select pg_advisory_lock($1, $2)`, class, key)
		held = err == nil
	}
	if err != nil || !held {
		release()
		return nil, false, err
	}
	return release, true, nil
}
