package demo

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/connector/scim/scimtest"
	"tenure/internal/db/pgserver"
)

// connectorRole is whom Tenure signs in as at the warehouse.
const connectorRole = "tenure_demo"

// Targets are the company's applications, running on loopback.
type Targets struct {
	Directory, Desk *Application
	Warehouse       *pgserver.Server

	dir           string
	known         addresses
	warehousePage *host
}

// addresses is what a second start must find again.
type addresses struct {
	Directory string `json:"directory"` // host:port
	Desk      string `json:"desk"`
	Page      string `json:"page"`     // of the warehouse
	Token     string `json:"token"`    // of both SCIM applications
	Password  string `json:"password"` // of connectorRole
}

// Application is one running SCIM application. Its page is at URL.
type Application struct {
	*scimtest.Server
	URL string

	http *http.Server
}

// startTargets starts them where they were, or on free ports; moved says that an address is new.
func startTargets(ctx context.Context, dir string) (t *Targets, moved bool, err error) {
	t = &Targets{dir: dir}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, false, err
	}
	old := t.recall()
	t.known = old
	if t.known.Token == "" {
		t.known.Token, t.known.Password = rand.Text(), rand.Text()
	}
	if t.Directory, err = t.application(ctx, "directory", "Company directory", &t.known.Directory); err != nil {
		return nil, false, err
	}
	if t.Desk, err = t.application(ctx, "desk", "Service desk", &t.known.Desk); err != nil {
		return nil, false, errors.Join(err, t.Close())
	}
	t.Warehouse, err = pgserver.Acquire(ctx, pgserver.Options{Dir: filepath.Join(dir, "warehouse"), TCP: true,
		Settings: map[string]string{"shared_buffers": "32MB", "max_connections": "50"}})
	if err != nil {
		return nil, false, errors.Join(err, t.Close())
	}
	if t.warehousePage, err = serve(ctx, http.HandlerFunc(t.showWarehouse), &t.known.Page); err != nil {
		return nil, false, errors.Join(err, t.Close())
	}
	before, _ := os.ReadFile(filepath.Join(dir, "warehouse.url")) // none at the first start
	if err := t.remember(); err != nil {
		return nil, false, errors.Join(err, t.Close())
	}
	return t, old.Directory != t.known.Directory || old.Desk != t.known.Desk || string(before) != t.warehouseURL(), nil
}

func (t *Targets) warehouseURL() string {
	return fmt.Sprintf("postgres://%s:%s@%s/postgres?sslmode=disable", connectorRole, t.known.Password, t.Warehouse.Addr())
}

func (t *Targets) recall() (a addresses) {
	if body, err := os.ReadFile(filepath.Join(t.dir, "targets.json")); err == nil {
		_ = json.Unmarshal(body, &a) // what cannot be read is made anew
	}
	return a
}

// remember writes the addresses, also one by one for the policy files to refer to.
func (t *Targets) remember() error {
	body, err := json.MarshalIndent(t.known, "", "  ")
	if err != nil {
		return err
	}
	for name, text := range map[string]string{"targets.json": string(body), "token": t.known.Token, "warehouse.url": t.warehouseURL(),
		"directory.url": t.Directory.URL + scimtest.Prefix, "desk.url": t.Desk.URL + scimtest.Prefix} {
		if err := os.WriteFile(filepath.Join(t.dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// application starts a SCIM application at the address, or at a free one if there is none or it is taken.
func (t *Targets) application(ctx context.Context, name, title string, at *string) (*Application, error) {
	s, err := scimtest.New(scimtest.Options{Token: t.known.Token, StateFile: filepath.Join(t.dir, name+".journal"), Title: Name + ": " + title})
	if err != nil {
		return nil, err
	}
	h, err := serve(ctx, s, at)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &Application{Server: s, URL: h.url, http: h.server}, nil
}

// host is a web server on loopback.
type host struct {
	url    string
	server *http.Server
}

// serve answers at the address, or at a free one if there is none or it is taken, and notes it.
func serve(ctx context.Context, h http.Handler, at *string) (*host, error) {
	var config net.ListenConfig
	var listener net.Listener
	var err error
	if *at != "" {
		listener, _ = config.Listen(ctx, "tcp", *at) // taken meanwhile: a free one follows
	}
	if listener == nil {
		if listener, err = config.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
			return nil, err
		}
	}
	*at = listener.Addr().String()
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // ends with Close
	return &host{url: "http://" + *at, server: server}, nil
}

// Close stops them; what they hold stays.
func (t *Targets) Close() error {
	var all []error
	for _, a := range []*Application{t.Directory, t.Desk} {
		if a != nil {
			all = append(all, a.http.Close(), a.Server.Close())
		}
	}
	if t.warehousePage != nil {
		all = append(all, t.warehousePage.server.Close())
	}
	if t.Warehouse != nil {
		all = append(all, t.Warehouse.Release())
	}
	return errors.Join(all...)
}

// warehouse runs statements in the warehouse as its owner.
func (t *Targets) warehouse(ctx context.Context, statements ...string) error {
	conn, err := pgx.Connect(ctx, t.Warehouse.URL(pgserver.Owner, "postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("preparing the warehouse: %w", err)
		}
	}
	return nil
}
