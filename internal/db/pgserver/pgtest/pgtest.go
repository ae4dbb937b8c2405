// Package pgtest gives tests a real PostgreSQL.
package pgtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"tenure/internal/db/pgserver"
)

// stopWait is how long the end of a scratch server may take.
const stopWait = time.Minute

// Main runs the tests of a package that uses this one: func TestMain(m *testing.M) { pgtest.Main(m) }.
func Main(m *testing.M) {
	pgserver.KeepIfAsked()
	os.Exit(m.Run())
}

var common = sync.OnceValues(func() (*pgserver.Server, error) {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("tenure-test-%d", os.Getuid()))
	if err := os.Mkdir(dir, 0o700); err != nil && !os.IsExist(err) {
		return nil, err
	}
	// Anybody may make folders where temporary files live.
	if info, err := os.Lstat(dir); err != nil {
		return nil, err
	} else if !info.IsDir() || int(info.Sys().(*syscall.Stat_t).Uid) != os.Getuid() {
		return nil, fmt.Errorf("%s is not a folder of yours: remove it", dir)
	}
	s, err := pgserver.Acquire(context.Background(), pgserver.Options{Dir: dir, Fast: true})
	if err != nil {
		return nil, fmt.Errorf("%w\n(Nothing in %s is worth keeping: when no test runs, it may be removed.)", err, dir)
	}
	return s, nil
})

// Server is the server that all tests of this user share, also those of other packages that run at the same time. Its cluster
// stays between runs, so a start is quick; it does not survive a crash of the machine. Tests make databases of their own and
// do not touch the others. It stops with the last test process.
func Server(t testing.TB) *pgserver.Server {
	t.Helper()
	s, err := common()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Scratch is a server of the test's own, with a new cluster, that listens on TCP; at the end of the test it is stopped and
// removed. It costs about a second: for tests that change a whole server, such as its roles.
func Scratch(t testing.TB) *pgserver.Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "tenure-scratch-")
	if err != nil {
		t.Fatal(err)
	}
	s, err := pgserver.Acquire(t.Context(), pgserver.Options{Dir: dir, Fast: true, TCP: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopWait)
		defer cancel()
		if err := s.Release(); err != nil {
			t.Error(err)
		}
		if err := pgserver.Wait(ctx, dir); err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return s
}
