// Package tempdb stands in for dbtest until that exists.
package tempdb

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/db/pgserver"
	"tenure/internal/db/pgserver/pgtest"
)

func Main(m *testing.M) { pgtest.Main(m) }

var n atomic.Int64

func New(t testing.TB) *db.DB {
	t.Helper()
	ctx := context.Background()
	s := pgtest.Server(t)
	name := fmt.Sprintf("temp_%d_%d", os.Getpid(), n.Add(1))
	admin, err := pgx.Connect(ctx, s.URL(pgserver.Owner, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(ctx)
	if _, err := admin.Exec(ctx, "create database "+name); err != nil {
		t.Fatal(err)
	}
	url := s.URL(pgserver.Owner, name)
	if err := db.Migrate(ctx, url, db.Live); err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(ctx, db.Config{URL: url, Key: bytes.Repeat([]byte{7}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.Close()
		admin, err := pgx.Connect(ctx, s.URL(pgserver.Owner, "postgres"))
		if err != nil {
			t.Fatal(err)
		}
		defer admin.Close(ctx)
		if _, err := admin.Exec(ctx, "drop database "+name+" with (force)"); err != nil {
			t.Error(err)
		}
	})
	return d
}
