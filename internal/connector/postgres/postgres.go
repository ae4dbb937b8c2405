package postgres

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tenure/internal/connector"
	"tenure/internal/errs"
	"tenure/internal/plug"
)

// Kind is the PostgreSQL connector as the map of connectors holds it.
var Kind = connector.Kind{Name: "postgres", Label: "PostgreSQL roles", Fields: fields, Open: Open}

var fields = []plug.Field{
	{Name: "url", Label: "Connection address", Type: plug.Secret,
		Help: "postgres://user:password@host:5432/postgres?sslmode=verify-full; takes the place of the fields below"},
	{Name: "host", Label: "Host", Type: plug.String},
	{Name: "port", Label: "Port", Type: plug.Int, Default: "5432"},
	{Name: "user", Label: "Role", Type: plug.String, Help: "needs CREATEROLE, and ADMIN OPTION on the group roles it grants"},
	{Name: "password", Label: "Password", Type: plug.Secret},
	{Name: "database", Label: "Database", Type: plug.String, Default: "postgres", Help: "any database of the server: roles are the server's"},
	{Name: "sslmode", Label: "Encryption", Type: plug.Choice, Default: "prefer",
		Choices: []string{"disable", "prefer", "require", "verify-ca", "verify-full"}},
	{Name: "account_marker", Label: "Marker", Type: plug.String, Default: "tenure",
		Help: "how the comment of an account begins; two Tenures on one server need different markers"},
	{Name: "managed_prefix", Label: "Prefix of entitlements", Type: plug.String, Help: "only group roles whose name begins so are entitlements"},
	{Name: "builtin_roles", Label: "Built-in roles", Type: plug.Bool, Default: "false", Help: "offer pg_read_all_data and its like as entitlements"},
	{Name: "end_sessions", Label: "End open sessions", Type: plug.Bool, Default: "true", Help: "of an account that is disabled or deleted"},
}

// target is one PostgreSQL server.
type target struct {
	pool        *pgxpool.Pool
	marker      string
	prefix      string
	builtin     bool
	endSessions bool
}

// Open makes a connector from a checked configuration. It calls nobody; connections are made when they are needed and
// closed when idle.
func Open(c plug.Config) (connector.Connector, error) {
	if c["url"] == "" && (c["host"] == "" || c["user"] == "") {
		return nil, bad("url", "is required, or else host and user")
	}
	marker := c["account_marker"]
	if marker == "" {
		marker = "tenure"
	}
	if strings.ContainsAny(marker, ": \t\n\x00") {
		return nil, bad("account_marker", "must be one word without a colon")
	}
	cfg, err := pgxpool.ParseConfig(address(c))
	if err != nil {
		return nil, bad("url", "is no connection address of PostgreSQL") // the cause may show the password
	}
	cfg.MaxConns, cfg.MinConns, cfg.MinIdleConns = 8, 0, 0
	cfg.MaxConnIdleTime = time.Minute
	// DDL is never the same twice: prepared statements would only fill a cache. Works through a transaction pooler too.
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = 10 * time.Second
	}
	cfg.ConnConfig.RuntimeParams["application_name"] = "tenure"
	cfg.ConnConfig.RuntimeParams["standard_conforming_strings"] = "on" // literal relies on it
	cfg.ConnConfig.RuntimeParams["search_path"] = "pg_catalog"         // nobody's functions stand before the system's
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		return nil, bad("url", "is no usable connection address")
	}
	return &target{pool: pool, marker: marker, prefix: c["managed_prefix"], builtin: c.Bool("builtin_roles"), endSessions: c.Bool("end_sessions")}, nil
}

func bad(field, rule string) error {
	return errs.InvalidFields("the PostgreSQL connector's configuration is not complete", []errs.Field{{Field: field, Rule: rule}})
}

// address builds a connection address from the single fields when url is not given.
func address(c plug.Config) string {
	if c["url"] != "" {
		return c["url"]
	}
	or := func(name, otherwise string) string {
		if c[name] == "" {
			return otherwise
		}
		return c[name]
	}
	q := url.Values{"sslmode": {or("sslmode", "prefer")}}
	u := url.URL{Scheme: "postgres", User: url.UserPassword(c["user"], c["password"]), Path: "/" + or("database", "postgres")}
	if strings.HasPrefix(c["host"], "/") { // a socket's folder
		q.Set("host", c["host"])
		q.Set("port", or("port", "5432"))
	} else {
		u.Host = net.JoinHostPort(c["host"], or("port", "5432"))
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// Close ends the idle connections; the connector is not used afterwards.
func (t *target) Close() error {
	t.pool.Close()
	return nil
}

// Check connects and looks whether the role may manage others.
func (t *target) Check(ctx context.Context) error {
	var version int
	var name string
	var may bool
	err := t.pool.QueryRow(ctx, `select current_setting('server_version_num')::int, r.rolname, r.rolsuper or r.rolcreaterole
		from pg_roles r where r.rolname = current_user`).Scan(&version, &name, &may)
	switch {
	case err != nil:
		return reading(err)
	case version < 140000:
		return fmt.Errorf("%w: PostgreSQL 14 or later is needed", connector.ErrRefused)
	case !may:
		return fmt.Errorf("%w: the role %q needs CREATEROLE", connector.ErrUnauthorized, name)
	}
	return nil
}
