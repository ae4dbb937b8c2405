package app_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"tenure/internal/app"
	"tenure/internal/audit"
	"tenure/internal/config"
	"tenure/internal/db"
	"tenure/internal/db/pgserver"
	"tenure/internal/db/pgserver/pgtest"
	"tenure/internal/errs"
)

// With DATABASE_URL Tenure uses that server: with an owner's address beside it, or with one address for both.
func TestServerOfYourOwn(t *testing.T) {
	server := pgtest.Scratch(t)
	conn, err := pgx.Connect(t.Context(), server.NetURL(pgserver.Owner, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, sql := range []string{"create database one", "create database two"} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	for name, owner := range map[string]string{"one": "", "two": server.NetURL(pgserver.Owner, "two")} {
		c := &config.Config{Data: t.TempDir(), DatabaseURL: server.NetURL(pgserver.Owner, name), OwnerURL: owner, DatabaseConns: 8, Workers: 4}
		if _, err := app.Open(t.Context(), c); errs.KindOf(err) != errs.KindConflict || !strings.Contains(err.Error(), "tenure migrate") {
			t.Fatalf("an empty database says %v, not to migrate first", err)
		}
		for range 2 { // twice: the second changes nothing
			if err := app.Migrate(t.Context(), c, db.Live); err != nil {
				t.Fatal(err)
			}
		}
		a, err := app.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		var role string
		err = a.DB.Read(t.Context(), func(tx *db.Tx) error {
			if err := tx.QueryRow(`select current_user`).Scan(&role); err != nil {
				return err
			}
			_, err := audit.ReadStatus(tx)
			return err
		})
		if err != nil || role != "tenure_app" {
			t.Fatalf("runs as %q: %v", role, err)
		}
		if err := a.DB.Do(t.Context(), db.System, func(tx *db.Tx) error { _, err := tx.Exec(`delete from event`); return err }); err == nil {
			t.Fatal("the application may delete from the log")
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		if err := app.Migrate(t.Context(), c, db.Replay); errs.KindOf(err) != errs.KindConflict {
			t.Fatalf("a live database became a replay one: %v", err)
		}
	}
}
