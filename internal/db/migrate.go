package db

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"tenure/internal/errs"
	"tenure/migrations"
)

// Kinds of database. A replay or demo database has a simulated business time and may issue tokens from the command line.
const (
	Live   = "live"
	Replay = "replay"
	Demo   = "demo"
)

const rights = `select event_partitions(3);
	grant select, insert, update, delete on all tables in schema public to tenure_app;
	revoke all on tally from tenure_app;
	revoke update, delete on event, leaf from tenure_app;
	revoke all on goose_db_version from tenure_app; grant select on goose_db_version to tenure_app`

// Migrate brings the database at the owner's URL to this version, forward only, and makes it of the given kind when it is
// new. The start of a replay's business time is long before any history.
func Migrate(ctx context.Context, ownerURL, kind string) error {
	pool, err := pgxpool.New(ctx, ownerURL)
	if err != nil {
		return fmt.Errorf("connecting to migrate: %w", err)
	}
	defer pool.Close()
	if err := oldEnough(ctx, pool); err != nil {
		return err
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	// Two processes that start together migrate one after the other.
	if _, err := conn.Exec(ctx, `select pg_advisory_lock(7234511)`); err != nil {
		return err
	}
	defer func() { _, _ = conn.Exec(context.WithoutCancel(ctx), `select pg_advisory_unlock(7234511)`) }()

	river, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return err
	}
	if _, err := river.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrating the job queue: %w", err)
	}
	sqlDB := stdlib.OpenDBFromPool(pool)
	defer func() { _ = sqlDB.Close() }()
	provider, err := goose.NewProvider(goose.DialectPostgres, sqlDB, migrations.Files)
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrating: %w", err)
	}
	// The queue's tables are made by its own migrations: the application may do everything there, for they hold only bells.
	if _, err := conn.Exec(ctx, `select event_partitions(3);
		do $$ declare t text; begin
			for t in select tablename from pg_tables where schemaname = 'public' and tablename like 'river\_%' loop
				execute format('grant select, insert, update, delete on %I to tenure_app', t);
			end loop; end $$;
		grant usage, select on all sequences in schema public to tenure_app;
		revoke all on goose_db_version from tenure_app; grant select on goose_db_version to tenure_app`); err != nil {
		return err
	}
	return setKind(ctx, conn, kind)
}

// Fingerprint names what Migrate makes, so that two programs with the same one make the same empty database.
func Fingerprint() (string, error) {
	h := sha256.New()
	names, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		return "", err
	}
	for _, n := range names {
		text, err := migrations.Files.ReadFile(n)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %d\n%s", n, len(text), text)
	}
	river, err := rivermigrate.New(riverpgxv5.New(nil), nil)
	if err != nil {
		return "", err
	}
	for _, m := range river.AllVersions() {
		fmt.Fprintf(h, "river %d\n%s", m.Version, m.SQLUp)
	}
	io.WriteString(h, rights)
	return hex.EncodeToString(h.Sum(nil)), nil
}

func setKind(ctx context.Context, conn *pgxpool.Conn, kind string) error {
	var at *time.Time
	if kind != Live {
		t := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
		at = &t
	}
	if _, err := conn.Exec(ctx, `insert into clock (kind, at) values ($1, $2) on conflict do nothing`, kind, at); err != nil {
		return err
	}
	var have string
	if err := conn.QueryRow(ctx, `select kind from clock`).Scan(&have); err != nil {
		return err
	}
	if have != kind && kind != Live {
		return errs.Conflict("this database is %s already; a %s database is made empty, in another --data folder", have, kind)
	}
	return nil
}

func oldEnough(ctx context.Context, pool *pgxpool.Pool) error {
	var v int
	if err := pool.QueryRow(ctx, `select current_setting('server_version_num')::int`).Scan(&v); err != nil {
		return fmt.Errorf("cannot reach the database: %w", err)
	}
	if v/10000 < MinVersion {
		return errs.Invalid("PostgreSQL %d or later is needed; this server is version %d", MinVersion, v/10000)
	}
	return nil
}

// migrated says whether the database is at the version of the embedded migrations.
func migrated(ctx context.Context, pool *pgxpool.Pool) error {
	names, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		return err
	}
	want := 0
	for _, n := range names {
		var v int
		if _, err := fmt.Sscanf(n, "%d_", &v); err == nil {
			want = max(want, v)
		}
	}
	var have int
	err = pool.QueryRow(ctx, `select coalesce(max(version_id), 0) from goose_db_version where is_applied`).Scan(&have)
	switch {
	case err != nil && strings.Contains(err.Error(), "42P01"):
		return errs.Conflict("the database is empty: run `tenure migrate` first")
	case err != nil:
		return err
	case have < want:
		return errs.Conflict("the database is at version %d and this program needs %d: run `tenure migrate`", have, want)
	case have > want:
		return errors.New("the database was migrated by a newer Tenure than this one")
	}
	return nil
}
