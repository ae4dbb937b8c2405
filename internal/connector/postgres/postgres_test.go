package postgres_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"tenure/internal/connector"
	"tenure/internal/connector/connectortest"
	"tenure/internal/connector/postgres"
	"tenure/internal/db/pgserver"
	"tenure/internal/db/pgserver/pgtest"
	"tenure/internal/plug"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// server is a real PostgreSQL of the test's own, and a superuser's connection to it.
type server struct {
	*pgserver.Server
	admin *pgx.Conn
}

func scratch(t *testing.T) server {
	t.Helper()
	s := pgtest.Scratch(t)
	conn, err := pgx.Connect(t.Context(), s.NetURL("tenure_owner", "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return server{s, conn}
}

func (s server) do(t *testing.T, format string, args ...any) {
	t.Helper()
	if _, err := s.admin.Exec(t.Context(), fmt.Sprintf(format, args...)); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// strings gives the rows of a query of one text column.
func (s server) strings(t *testing.T, query string, args ...any) []string {
	t.Helper()
	rows, err := s.admin.Query(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// clear drops every role that a test made.
func (s server) clear(t *testing.T) {
	t.Helper()
	for _, name := range s.strings(t, `select rolname::text from pg_roles where oid >= 16384 and not rolsuper and rolname <> 'connector'`) {
		s.do(t, "drop role %s", quote(name))
	}
}

func open(t *testing.T, settings plug.Config) connector.Connector {
	t.Helper()
	c, bad := plug.Check(postgres.Kind.Fields, settings)
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	conn, err := postgres.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.(io.Closer).Close() })
	return conn
}

func (s server) target(c connector.Connector) connectortest.Target {
	return connectortest.Target{
		Connector: c,
		AddAccounts: func(t *testing.T, names ...string) {
			for _, n := range names {
				s.do(t, "create role %s login", quote(n))
			}
		},
		AddEntitlement: func(t *testing.T, name string) string {
			s.do(t, "create role %s nologin", quote(name))
			return s.strings(t, `select oid::text from pg_roles where rolname = $1`, name)[0]
		},
		Holders: func(t *testing.T, id string) []string {
			return s.strings(t, `select member::text from pg_auth_members where roleid = $1::text::oid`, id)
		},
		Enabled: func(t *testing.T, id string) (bool, bool) {
			found := s.strings(t, `select rolcanlogin::text from pg_roles where oid = $1::text::oid`, id)
			return len(found) == 1 && found[0] == "true", len(found) == 1
		},
	}
}

// TestConformance holds the connector to the contract, as a superuser and as a role that may only manage roles.
func TestConformance(t *testing.T) {
	s := scratch(t)
	const password = "pw-c0nnector-77"
	s.do(t, "create role connector login createrole password '%s'", password)
	superusers := len(s.strings(t, `select rolname::text from pg_roles where rolcanlogin and rolsuper`))
	for name, settings := range map[string]plug.Config{
		"superuser":  {"url": s.NetURL("tenure_owner", "postgres")},
		"createrole": {"url": s.NetURL("tenure_owner", "postgres"), "user": "connector", "password": password},
	} {
		t.Run(name, func(t *testing.T) {
			if settings["user"] != "" {
				settings = byFields(t, s, settings)
			}
			connectortest.Run(t, connectortest.Harness{
				Kind: "role", Attrs: []string{"display_name"}, Existing: superusers + 1, Secrets: []string{password, s.Password()},
				Open: func(t *testing.T) connectortest.Target {
					s.clear(t)
					return s.target(open(t, settings))
				},
			})
		})
	}
}

// byFields writes the connection as single fields.
func byFields(t *testing.T, s server, c plug.Config) plug.Config {
	t.Helper()
	host, port, ok := strings.Cut(s.Addr(), ":")
	if !ok {
		t.Fatalf("the server listens at %q", s.Addr())
	}
	return plug.Config{"host": host, "port": port, "user": c["user"], "password": c["password"], "sslmode": "disable"}
}
