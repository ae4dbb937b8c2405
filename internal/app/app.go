// Package app builds every room from the configuration and lists all plugs, workers and schedules. It knows everybody and
// nobody but web and cmd knows it.
package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/audit/trail"
	"tenure/internal/config"
	"tenure/internal/db"
	"tenure/internal/db/pgserver"
	"tenure/internal/errs"
	"tenure/internal/hr"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/internal/notify"
	"tenure/internal/policy"
	"tenure/internal/provision"
	"tenure/internal/task"
)

// App is the whole house.
type App struct {
	Config    *config.Config
	DB        *db.DB
	HR        *hr.Service
	Provision *provision.Service
	Lifecycle *lifecycle.Service
	Tasks     *task.Service
	Notify    *notify.Service
	Sealer    *trail.Sealer
	Anchor    *trail.Anchor
	Streams   []*trail.Stream

	private *pgserver.Server
}

// Database is the name of the private server's database.
const Database = "tenure"

// Open connects to the database, or starts the private one, and builds the rooms. The database must be migrated.
func Open(ctx context.Context, c *config.Config) (*App, error) {
	key, err := c.Key()
	if err != nil {
		return nil, err
	}
	urls, err := connect(ctx, c)
	if err != nil {
		return nil, err
	}
	d, err := db.Open(ctx, db.Config{URL: urls.app, MaxConns: int32(c.DatabaseConns), Key: key})
	if err != nil {
		return nil, errors.Join(err, urls.release())
	}
	return build(c, d, urls.server), nil
}

func build(c *config.Config, d *db.DB, private *pgserver.Server) *App {
	a := &App{Config: c, DB: d, private: private}
	a.Provision = &provision.Service{DB: d, Kinds: Connectors}
	a.Lifecycle = &lifecycle.Service{DB: d}
	a.HR = NewHR(d)
	a.Tasks = NewTasks(d, a.HR, a.Provision)
	a.Notify = NewNotify(c, d)
	a.Sealer = &trail.Sealer{DB: d, File: c.LogKey()}
	a.Anchor = &trail.Anchor{DB: d, File: c.Anchors()}
	for _, w := range c.WitnessList() {
		a.Anchor.Witnesses = append(a.Anchor.Witnesses, trail.WitnessAt(w))
	}
	a.Streams = streams(c, d)
	if c.AnchorMail != "" {
		a.Anchor.Mail = func(ctx context.Context, subject, text string) error {
			return a.Notify.Letter(ctx, c.AnchorMail, subject, text)
		}
	}
	return a
}

// NewHR gives the HR room with what must follow for people.
func NewHR(d *db.DB) *hr.Service {
	return &hr.Service{DB: d,
		Settle: func(tx *db.Tx, people []*identity.Change, snapshot int) error {
			_, err := lifecycle.Settle(tx, people, lifecycle.Cause{What: "hr", Ref: snapshot, HandOver: true})
			return err
		},
		RunDue: func(tx *db.Tx, until time.Time) error {
			_, err := lifecycle.RunDue(tx, until)
			return err
		}}
}

// Close ends every connection, and the private database when nobody else uses it.
func (a *App) Close() error {
	a.DB.Close()
	if a.private != nil {
		return a.private.Release()
	}
	return nil
}

// Migrate brings the database to this version; a new one becomes of the given kind (db.Live, db.Replay, db.Demo).
func Migrate(ctx context.Context, c *config.Config, kind string) error {
	if _, err := c.Key(); err != nil {
		return err
	}
	urls, err := owner(ctx, c)
	if err != nil {
		return err
	}
	err = db.Migrate(ctx, urls.owner, kind)
	if err == nil && urls.server != nil {
		err = letIn(ctx, urls)
	}
	if err == nil {
		err = fill(ctx, c, urls.app)
	}
	return errors.Join(err, urls.release())
}

// fill opens the migrated database as the application does and adds what the program knows and the database does not.
func fill(ctx context.Context, c *config.Config, url string) error {
	key, err := c.Key()
	if err != nil {
		return err
	}
	d, err := db.Open(ctx, db.Config{URL: url, MaxConns: 2, Key: key})
	if err != nil {
		return err
	}
	defer d.Close()
	return errors.Join(d.Do(ctx, db.System, policy.FillPortal), d.Do(ctx, db.System, trail.TakeOver))
}

// addresses says how the owner of the tables and the application connect.
type addresses struct {
	owner, app string
	server     *pgserver.Server
}

func (u *addresses) release() error {
	if u.server == nil {
		return nil
	}
	return u.server.Release()
}

func connect(ctx context.Context, c *config.Config) (*addresses, error) {
	if c.DatabaseURL != "" {
		return &addresses{app: c.DatabaseURL}, nil
	}
	s, err := pgserver.Acquire(ctx, pgserver.Options{Dir: c.Data, BinDir: c.PostgresBin})
	if err != nil {
		return nil, err
	}
	u := &addresses{owner: s.URL(pgserver.Owner, Database), app: s.URL("tenure_app", Database), server: s}
	conn, err := pgx.Connect(ctx, u.owner)
	if err != nil {
		_ = s.Release()
		return nil, errs.Conflict("the database under %s is not made yet: run `tenure migrate`", c.Data)
	}
	return u, conn.Close(ctx)
}

// owner gives the owner's address, and makes the private database when there is none.
func owner(ctx context.Context, c *config.Config) (*addresses, error) {
	if c.DatabaseURL != "" {
		u := &addresses{owner: c.OwnerURL, app: c.DatabaseURL}
		if u.owner == "" {
			u.owner = c.DatabaseURL
		}
		return u, nil
	}
	s, err := pgserver.Acquire(ctx, pgserver.Options{Dir: c.Data, BinDir: c.PostgresBin})
	if err != nil {
		return nil, err
	}
	u := &addresses{owner: s.URL(pgserver.Owner, Database), app: s.URL("tenure_app", Database), server: s}
	conn, err := pgx.Connect(ctx, s.URL(pgserver.Owner, "postgres"))
	if err != nil {
		return nil, errors.Join(err, s.Release())
	}
	defer func() { _ = conn.Close(ctx) }()
	var there bool
	if err := conn.QueryRow(ctx, `select exists (select from pg_database where datname = $1)`, Database).Scan(&there); err != nil {
		return nil, errors.Join(err, s.Release())
	}
	if !there {
		if _, err := conn.Exec(ctx, `create database `+Database); err != nil {
			return nil, errors.Join(err, s.Release())
		}
	}
	return u, nil
}

// letIn gives the application's role its password in the private database: the cluster's, which only its owner can read.
func letIn(ctx context.Context, u *addresses) error {
	conn, err := pgx.Connect(ctx, u.owner)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, fmt.Sprintf(`alter role tenure_app login password '%s'`, strings.ReplaceAll(u.server.Password(), "'", "''")))
	return err
}
