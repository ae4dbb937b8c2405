// Package dbtest gives each test a clean, migrated, real database: a clone of a template that is made once for all packages
// and runs that migrate alike. Tests commit for real, because deferred constraints and notifications act at commit only.
package dbtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/db/pgserver"
	"tenure/internal/db/pgserver/pgtest"
)

// Main runs the tests of a package that uses this one: func TestMain(m *testing.M) { dbtest.Main(m) }.
func Main(m *testing.M) { pgtest.Main(m) }

// New gives a live database, opened with the rights of the application and a random key. It is dropped after the test.
func New(t testing.TB) *db.DB {
	t.Helper()
	return open(t, db.Live)
}

// Replay gives a replay database likewise: its business time starts in 1900 and is moved by the test.
func Replay(t testing.TB) *db.DB {
	t.Helper()
	return open(t, db.Replay)
}

// Demo gives a demo database likewise: simulated until it goes live.
func Demo(t testing.TB) *db.DB {
	t.Helper()
	return open(t, db.Demo)
}

// Owner connects to the database of d as the owner of its tables, who may do everything: for tests that look behind the
// application's back or tamper. The connection is closed after the test.
func Owner(t testing.TB, d *db.DB) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), pgtest.Server(t).URL(pgserver.Owner, d.Pool.Config().ConnConfig.Database))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// URL is the address of the database of d for the application's role: for a second pool, or another process.
func URL(t testing.TB, d *db.DB) string {
	t.Helper()
	return pgtest.Server(t).URL("tenure_app", d.Pool.Config().ConnConfig.Database)
}

// Key is the installation's key with which d was opened: for another process.
func Key(t testing.TB, d *db.DB) []byte {
	t.Helper()
	key, _ := keys.Load(d.Pool.Config().ConnConfig.Database)
	return key.([]byte)
}

var clones atomic.Int64

func open(t testing.TB, kind string) *db.DB {
	t.Helper()
	from, err := templates[kind](pgtest.Server(t))
	if err != nil {
		t.Fatal("a database for the test: ", err)
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return copied(t, from, key)
}

// copied opens a clone of a database to which nobody is connected.
func copied(t testing.TB, from string, key []byte) *db.DB {
	t.Helper()
	s := pgtest.Server(t)
	name := fresh()
	if err := clone(t.Context(), s, name, from); err != nil {
		t.Fatal("a database for the test: ", err)
	}
	d, err := db.Open(t.Context(), db.Config{URL: s.URL("tenure_app", name), Key: key})
	if err != nil {
		t.Fatal(err)
	}
	keys.Store(name, key)
	t.Cleanup(func() {
		d.Close()
		keys.Delete(name)
		if err := admin(context.Background(), s, func(conn *pgx.Conn) error { return drop(conn, name) }); err != nil {
			t.Error("dropping the test's database: ", err)
		}
	})
	return d
}

func fresh() string { return fmt.Sprintf("tenure_test_%d_%d", os.Getpid(), clones.Add(1)) }

var keys sync.Map // by the name of an open database

// Kept is a database as a test has filled it, for other tests of its process: what takes seconds to set up is set up once. It is dropped
// by the first process of tests after this one.
type Kept struct {
	name string
	key  []byte
}

// Keep closes d and keeps a copy of it.
func Keep(t testing.TB, d *db.DB) *Kept {
	t.Helper()
	name := d.Pool.Config().ConnConfig.Database
	k := &Kept{name: fresh(), key: Key(t, d)}
	d.Close()
	if err := clone(t.Context(), pgtest.Server(t), k.name, name); err != nil {
		t.Fatal("keeping the test's database: ", err)
	}
	return k
}

// Open gives a copy of what was kept. It is dropped after the test.
func (k *Kept) Open(t testing.TB) *db.DB {
	t.Helper()
	return copied(t, k.name, k.key)
}

var templates = map[string]func(*pgserver.Server) (string, error){}

func init() {
	for _, kind := range []string{db.Live, db.Replay, db.Demo} {
		var once sync.Once
		var name string
		var err error
		templates[kind] = func(s *pgserver.Server) (string, error) {
			once.Do(func() { name, err = template(context.Background(), s, kind) })
			return name, err
		}
	}
}

// clone makes the database and gives it an id of its own, as a migrated one has.
func clone(ctx context.Context, s *pgserver.Server, name, from string) error {
	err := admin(ctx, s, func(conn *pgx.Conn) error {
		// Two processes may copy a template at once, so long as nobody is connected to it. Its files are copied as they are: to write
		// each page through the log, as PostgreSQL does since version 15, takes twice as long.
		how := ""
		if v, err := strconv.Atoi(conn.PgConn().ParameterStatus("server_version")[:2]); err == nil && v >= 15 {
			how = " strategy file_copy"
		}
		_, err := conn.Exec(ctx, fmt.Sprintf(`create database %s template %s%s`, name, from, how))
		return err
	})
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, s.URL(pgserver.Owner, name))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, `set session_replication_role = replica; update clock set database_id = gen_random_uuid()`)
	_ = conn.Close(ctx)
	return err
}

// setUp keeps processes that make a template, or change what the cluster shares, one after the other.
const setUp = 7234520

// template gives the name of the migrated, empty database of a kind, and makes it when it is not there.
func template(ctx context.Context, s *pgserver.Server, kind string) (string, error) {
	print, err := db.Fingerprint()
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("tenure_template_%s_%s", print[:16], kind)
	return name, admin(ctx, s, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, `select pg_advisory_lock($1)`, setUp); err != nil {
			return err
		}
		if err := sweep(ctx, conn); err != nil {
			return err
		}
		var there bool
		if err := conn.QueryRow(ctx, `select exists (select from pg_database where datname = $1)`, name).Scan(&there); err != nil || there {
			return err
		}
		making := name + "_making" // what a killed process left half-made is never taken for a template
		if err := drop(conn, making); err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, `create database `+making); err != nil {
			return err
		}
		if err := db.Migrate(ctx, s.URL(pgserver.Owner, making), kind); err != nil {
			return err
		}
		// The role is the cluster's: it stays when the database goes. The password is the one only we can read.
		_, err := conn.Exec(ctx, fmt.Sprintf(`alter role tenure_app login password '%s'`, strings.ReplaceAll(s.Password(), "'", "''")))
		if err != nil {
			return err
		}
		_, err = conn.Exec(ctx, fmt.Sprintf(`alter database %s rename to %s`, making, name))
		return err
	})
}

// kept is how many templates stay in the cluster: enough for a few branches of the code at a time.
const kept = 12

// sweep drops the databases of test processes that were killed, and the oldest templates.
func sweep(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `select datname from pg_database where datname like 'tenure\_test\_%' or datname like 'tenure\_template\_%'
		order by oid desc`)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	templates := 0
	for _, name := range names {
		var pid, n int
		if strings.HasPrefix(name, "tenure_template_") {
			if templates++; templates <= kept {
				continue
			}
		} else if _, err := fmt.Sscanf(name, "tenure_test_%d_%d", &pid, &n); err != nil || syscall.Kill(pid, 0) != syscall.ESRCH {
			continue
		}
		if err := drop(conn, name); err != nil {
			return err
		}
	}
	return nil
}

func drop(conn *pgx.Conn, name string) error {
	_, err := conn.Exec(context.Background(), fmt.Sprintf(`drop database if exists %s with (force)`, name))
	return err
}

// admin runs fn on a connection to the server itself.
func admin(ctx context.Context, s *pgserver.Server, fn func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, s.URL(pgserver.Owner, "postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.Background()) }()
	return fn(conn)
}
