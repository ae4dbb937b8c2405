package pgtest_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db/pgserver"
	"tenure/internal/db/pgserver/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestServerIsSharedAndAnswers(t *testing.T) {
	if pgtest.Server(t) != pgtest.Server(t) {
		t.Error("two servers in one process")
	}
	if got := ask(t, pgtest.Server(t).URL(pgserver.Owner, "postgres"), "show fsync"); got != "off" {
		t.Errorf("fsync is %s: tests would wait for the disk", got)
	}
}

func TestScratchIsAServerOfItsOwn(t *testing.T) {
	s := pgtest.Scratch(t)
	if s.SocketDir() == pgtest.Server(t).SocketDir() {
		t.Error("it is the common one")
	}
	if got := ask(t, s.NetURL(pgserver.Owner, "postgres"), "select inet_server_addr()::text"); got != "127.0.0.1/32" {
		t.Errorf("connected to %s", got)
	}
}

func ask(t *testing.T, url, question string) (answer string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if err := conn.QueryRow(context.Background(), question).Scan(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}
