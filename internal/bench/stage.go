package bench

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/app"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/db/pgserver"
)

//go:embed policy.yaml
var policyFile []byte

// template is the database that every repetition starts from: migrated, with the policy applied, without people.
const template = "bench_template"

// stopWait is how long the server may take to stop at the end.
const stopWait = time.Minute

// stage is the server that measurements run on: its own, in a folder of its own, with the default durability.
type stage struct {
	server *pgserver.Server
	dir    string
	admin  *pgx.Conn
	clones int
}

// newStage starts a server in a new folder inside parent ("": where temporary files live) and makes the template.
func newStage(ctx context.Context, parent string) (*stage, error) {
	if parent != "" {
		if err := os.MkdirAll(parent, 0o700); err != nil {
			return nil, err
		}
	}
	dir, err := os.MkdirTemp(parent, "tenure-bench-")
	if err != nil {
		return nil, err
	}
	s := &stage{dir: dir}
	if s.server, err = pgserver.Acquire(ctx, pgserver.Options{Dir: dir}); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.close(ctx))
	}
	return s, nil
}

func (s *stage) prepare(ctx context.Context) error {
	var err error
	if s.admin, err = pgx.Connect(ctx, s.url("postgres")); err != nil {
		return err
	}
	if err := s.durable(ctx); err != nil {
		return err
	}
	if _, err := s.admin.Exec(ctx, `create database `+template); err != nil {
		return err
	}
	if err := db.Migrate(ctx, s.url(template), db.Live); err != nil {
		return err
	}
	files, err := s.policy()
	if err != nil {
		return err
	}
	d, err := s.open(ctx, template)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Do(ctx, db.Operator, func(tx *db.Tx) error {
		_, err := change.Apply(tx, files, app.ChangeDeps())
		return err
	})
}

// durable refuses to measure on a server that does not wait for the disk.
func (s *stage) durable(ctx context.Context) error {
	for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		var value string
		if err := s.admin.QueryRow(ctx, `select current_setting($1)`, name).Scan(&value); err != nil {
			return err
		}
		if value != "on" {
			return fmt.Errorf("%s is %s: figures without durability mean nothing", name, value)
		}
	}
	return nil
}

// policy reads the policy as `tenure apply` would, from files. A live database takes no secret that stands in the file itself.
func (s *stage) policy() (*change.Files, error) {
	secret := filepath.Join(s.dir, "secret")
	if err := os.WriteFile(secret, []byte("postgres://nobody@127.0.0.1:9/nothing"), 0o600); err != nil {
		return nil, err
	}
	file := filepath.Join(s.dir, "policy.yaml")
	if err := os.WriteFile(file, bytes.ReplaceAll(policyFile, []byte("SECRET"), []byte(secret)), 0o600); err != nil {
		return nil, err
	}
	return change.Read(file)
}

func (s *stage) url(database string) string { return s.server.URL(pgserver.Owner, database) }

func (s *stage) open(ctx context.Context, database string) (*db.DB, error) {
	return db.Open(ctx, db.Config{URL: s.url(database), Key: bytes.Repeat([]byte{1}, 32)})
}

// clone makes a fresh copy of the template and gives its name.
func (s *stage) clone(ctx context.Context) (string, error) {
	s.clones++
	name := fmt.Sprintf("bench_%d", s.clones)
	_, err := s.admin.Exec(ctx, `create database `+name+` template `+template)
	return name, err
}

func (s *stage) drop(ctx context.Context, name string) error {
	_, err := s.admin.Exec(context.WithoutCancel(ctx), `drop database if exists `+name+` with (force)`)
	return err
}

// settle writes out what earlier work left behind, so that neither side of a pair pays for the other: before a bulk load only.
// After a checkpoint the first change of every page writes the whole page (full_page_writes), which would weigh a small change
// against an unchanged sync by the page cache and not by its rows.
func (s *stage) settle(ctx context.Context) error {
	_, err := s.admin.Exec(ctx, `checkpoint`)
	return err
}

// close stops the server and removes everything.
func (s *stage) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWait)
	defer cancel()
	var errs []error
	if s.admin != nil {
		errs = append(errs, s.admin.Close(ctx))
	}
	errs = append(errs, s.server.Release(), pgserver.Wait(ctx, s.dir), os.RemoveAll(s.dir))
	return errors.Join(errs...)
}
