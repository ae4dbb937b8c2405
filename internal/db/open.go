package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"gorm.io/gorm"

	"tenure/internal/evidence"
)

// MinVersion is the oldest PostgreSQL that Tenure runs on.
const MinVersion = 14

// DB is an open, migrated database.
type DB struct {
	Pool   *pgxpool.Pool
	Keeper *evidence.Keeper
	// Kind is live, replay or demo; ID names the database in idempotency keys.
	Kind, ID string

	wrap  *evidence.Wrapper
	queue *river.Client[pgx.Tx]
	sql   *sql.DB // the same pool, as gorm wants it
	gorm  *gorm.DB

	bell   *bell
	copies CopyTracer // nil for none
	months sync.Map   // which table an event is written to, by its month
}

// CopyTracer is what a Tracer may be besides: it sees what is copied, of which the driver's own says nothing.
type CopyTracer interface {
	// TraceBulk may read along what a statement copies.
	TraceBulk(sql string, data io.Reader) io.Reader
	// TraceCopy is given the rows that were copied.
	TraceCopy(table string, columns []string, rows [][]any)
	// TraceInsert is given few rows that are inserted one by one in a round trip, each value in its binary format.
	TraceInsert(sql string, rows [][][]byte)
}

// Config says which database to open.
type Config struct {
	URL      string          // as the application's role
	MaxConns int32           // 0: the pool's default
	Key      []byte          // the installation's key, 32 bytes
	Tracer   pgx.QueryTracer // sees every statement; nil for none
}

// Open connects as the application and checks that the database was migrated by this version of Tenure.
func Open(ctx context.Context, c Config) (*DB, error) {
	keeper, err := evidence.NewKeeper(c.Key)
	if err != nil {
		return nil, err
	}
	pc, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, errors.New("DATABASE_URL is not a PostgreSQL address such as postgres://user:password@host:5432/tenure")
	}
	if c.MaxConns > 0 {
		pc.MaxConns = c.MaxConns
	}
	pc.ConnConfig.Tracer = c.Tracer
	pc.ConnConfig.DialFunc = counted(pc.ConnConfig.DialFunc)
	pc.ConnConfig.RuntimeParams["timezone"] = "UTC"
	pc.ConnConfig.RuntimeParams["application_name"] = "tenure"
	// The tables' owner may be who connects (a single DATABASE_URL): writes then still run with the application's rights.
	pc.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `do $$ begin if current_user <> 'tenure_app' and pg_has_role('tenure_app', 'member')
			then execute 'set role tenure_app'; end if; exception when undefined_object then null; end $$`)
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, err
	}
	d := &DB{Pool: pool, Keeper: keeper}
	d.copies, _ = c.Tracer.(CopyTracer)
	if err := d.start(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return d, nil
}

func (d *DB) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := d.Pool.Ping(ctx); err != nil {
		return fmt.Errorf("cannot reach the database: %w", err)
	}
	if err := migrated(ctx, d.Pool); err != nil {
		return err
	}
	if err := d.Pool.QueryRow(ctx, `select kind, database_id::text from clock`).Scan(&d.Kind, &d.ID); err != nil {
		return fmt.Errorf("reading the clock of the database: %w", err)
	}
	var err error
	if d.wrap, err = d.Keeper.Wrapper(); err != nil {
		return err
	}
	d.sql = stdlib.OpenDBFromPool(d.Pool)
	if d.gorm, err = openGorm(d.sql); err != nil {
		return err
	}
	if d.queue, err = river.NewClient(riverpgxv5.New(d.Pool), &river.Config{}); err != nil {
		return err
	}
	d.bell = newBell(d.Pool)
	return nil
}

// Close ends every connection. Transactions under way are rolled back by the server.
func (d *DB) Close() {
	d.bell.close()
	_ = d.sql.Close()
	d.Pool.Close()
}

// Workers makes the client that works jobs. Jobs are enqueued through a Tx.
func (d *DB) Workers(c *river.Config) (*river.Client[pgx.Tx], error) {
	return river.NewClient(riverpgxv5.New(d.Pool), c)
}
