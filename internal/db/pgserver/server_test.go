package pgserver_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tenure/internal/db/pgserver"
	"tenure/internal/errs"
)

func TestStartsColdThenWarmWithItsData(t *testing.T) {
	dir := filepath.Join(folder(t), "not", "there yet")
	begin := time.Now()
	s := acquireWith(t, pgserver.Options{Dir: dir, Settings: map[string]string{"work_mem": "7MB"}}) // as in production: with fsync
	t.Logf("cold start %v", time.Since(begin))
	must(t, s, "show data_checksums", "on")
	must(t, s, "show fsync", "on")
	must(t, s, "show work_mem", "7MB")
	must(t, s, "show server_encoding", "UTF8")
	must(t, s, "show listen_addresses", "")
	must(t, s, "select string_agg(x, '' order by x) from unnest(array['b','a','C']) x", "Cab")
	keep(t, s)
	first := postmaster(t, dir)
	if err := s.Release(); err != nil {
		t.Fatal(err)
	}
	waitStopped(t, dir)
	if exists(first) {
		t.Error("the last one is out and the server still runs")
	}

	begin = time.Now()
	s = acquire(t, dir)
	t.Logf("warm start %v", time.Since(begin))
	mustStillHave(t, s)
	if postmaster(t, dir) == first {
		t.Error("it never stopped")
	}
	s.Release()
	waitStopped(t, dir)
}

func TestManyProcessesShareOneServer(t *testing.T) {
	dir := folder(t)
	var clients []*client
	for range 4 { // all at once, on an empty folder
		clients = append(clients, startClient(t, dir))
	}
	for _, c := range clients {
		c.mustBeReady(t)
	}
	first := postmaster(t, dir)
	s := acquire(t, dir)
	keep(t, s)
	for _, c := range clients[1:] {
		c.leave()
	}
	if err := s.Release(); err != nil {
		t.Fatal(err)
	}
	if _, err := ask(s.URL(pgserver.Owner, "postgres"), "select 1::text"); err != nil || postmaster(t, dir) != first {
		t.Fatalf("one client is left and the server is gone: %v", err)
	}
	clients[0].leave()
	waitStopped(t, dir)
	if exists(first) || keeperOf(t, dir) != 0 {
		t.Error("the last one is out and something still runs")
	}
}

func TestComingAndGoingAtTheSameTime(t *testing.T) {
	dir := folder(t)
	keep(t, acquire(t, dir))
	var all sync.WaitGroup
	for i := range 3 {
		all.Go(func() {
			for j := range 5 {
				s, err := pgserver.Acquire(context.Background(), pgserver.Options{Dir: dir, Fast: true})
				if err != nil {
					t.Errorf("%d.%d: %v", i, j, err)
					return
				}
				if got, err := ask(s.URL(pgserver.Owner, "postgres"), "select said from kept"); got != "still here" {
					t.Errorf("%d.%d: %q, %v", i, j, got, err)
				}
				s.Release()
			}
		})
	}
	all.Wait()
}

func TestSocketNeedsThePassword(t *testing.T) {
	s := acquire(t, folder(t))
	for name, password := range map[string]string{"none": "", "wrong": "guess"} {
		u, err := url.Parse(s.URL(pgserver.Owner, "postgres"))
		if err != nil {
			t.Fatal(err)
		}
		u.User = url.UserPassword(pgserver.Owner, password)
		if _, err := ask(u.String(), "select 1::text"); err == nil {
			t.Errorf("%s password: let in", name)
		} else if strings.Contains(err.Error(), s.Password()) {
			t.Errorf("%s password: the error tells the right one", name)
		}
	}
	must(t, s, fmt.Sprintf("create role clerk login password '%s'", s.Password()), "")
	if got, err := ask(s.URL("clerk", "postgres"), "select current_user::text"); got != "clerk" {
		t.Errorf("another user with the same password: %q, %v", got, err)
	}
	if s.Addr() != "" {
		t.Error("it listens on TCP without being asked")
	}
}

func TestFolderNamesThatASocketCannotHave(t *testing.T) {
	for name, sub := range map[string]string{"long": strings.Repeat("long/", 30), "comma": "one,two", "quotes": `it's "so"`} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(folder(t), sub)
			s := acquire(t, dir)
			must(t, s, "select 1::text", "1")
			s.Release()
			waitStopped(t, dir)
			if _, err := os.Stat(s.SocketDir()); name != "quotes" && !os.IsNotExist(err) {
				t.Errorf("%s is left behind: %v", s.SocketDir(), err)
			}
		})
	}
}

func TestTellsWhyItDoesNotStart(t *testing.T) {
	dir := folder(t)
	_, err := pgserver.Acquire(t.Context(), pgserver.Options{Dir: dir, Fast: true, Settings: map[string]string{"max_connections": "many"}})
	if errs.KindOf(err) != errs.KindConflict || !strings.Contains(err.Error(), `invalid value for parameter "max_connections": "many"`) {
		t.Fatalf("%v", err)
	}
	must(t, acquire(t, dir), "select 1::text", "1") // the mistake leaves nothing behind

	if _, err := pgserver.Acquire(t.Context(), pgserver.Options{Dir: dir, Settings: map[string]string{"a='b'\nc": "d"}}); errs.KindOf(err) != errs.KindInvalid {
		t.Errorf("a name that would write lines of its own: %v", err)
	}
	if _, err := pgserver.Acquire(t.Context(), pgserver.Options{Dir: dir, TCP: true}); errs.KindOf(err) != errs.KindConflict {
		t.Errorf("TCP of a server that has none: %v", err)
	}
}

func TestMissingPrograms(t *testing.T) {
	script := func(dir, version string) string {
		for _, name := range []string{"postgres", "initdb"} {
			text := fmt.Sprintf("#!/bin/sh\necho '%s (PostgreSQL) %s'\n", name, version)
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	open := func() string { // the server's user must be able to enter
		dir, err := os.MkdirTemp("", "tenure-bin-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for name, c := range map[string]struct{ bin, says string }{
		"none":    {open(), "does not run as user"},
		"old":     {script(open(), "13.9 (Debian 13.9-1)"), "version 13 is older than 14"},
		"strange": {script(open(), "fifteen"), "does not tell its version"},
	} {
		dir := folder(t)
		_, err := pgserver.Acquire(t.Context(), pgserver.Options{Dir: dir, BinDir: c.bin})
		if errs.KindOf(err) != errs.KindInvalid || !strings.Contains(err.Error(), c.says) ||
			!strings.Contains(err.Error(), pgserver.BinEnv) || !strings.Contains(err.Error(), "apt-get install postgresql") {
			t.Errorf("%s: %v", name, err)
		}
		t.Setenv(pgserver.BinEnv, c.bin)
		if _, again := pgserver.Acquire(t.Context(), pgserver.Options{Dir: dir}); again == nil || again.Error() != err.Error() {
			t.Errorf("%s, by environment: %v", name, again)
		}
	}
}

func TestClusterOfAVersionThatIsNotInstalled(t *testing.T) {
	dir := folder(t)
	s := acquire(t, dir)
	s.Release()
	waitStopped(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "postgres", "PG_VERSION"), []byte("99\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := pgserver.Acquire(t.Context(), pgserver.Options{Dir: dir})
	if errs.KindOf(err) != errs.KindInvalid || !strings.Contains(err.Error(), "PostgreSQL 99, which made the cluster") {
		t.Error(err)
	}
}

func TestRefusesAFolderThatIsNotACluster(t *testing.T) {
	dir := folder(t)
	if err := os.Mkdir(filepath.Join(dir, "postgres"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := pgserver.Acquire(t.Context(), pgserver.Options{Dir: dir}); errs.KindOf(err) != errs.KindConflict {
		t.Error(err)
	}
}

func TestProgramThatForgotTheKeeperIsTold(t *testing.T) {
	c := startClient(t, folder(t), clientForgo+"=1")
	if got := c.says(); !strings.Contains(got, "must call KeepIfAsked") {
		t.Error(got)
	}
}

func TestCancelledAcquireLeavesNothing(t *testing.T) {
	dir := folder(t)
	reason := errors.New("changed my mind")
	ctx, cancel := context.WithCancelCause(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := pgserver.Acquire(ctx, pgserver.Options{Dir: dir, Fast: true})
		done <- err
	}()
	soon(t, "no keeper", func() error {
		if keeperOf(t, dir) == 0 {
			return errors.New("not there")
		}
		return nil
	})
	cancel(reason)
	if err := <-done; !errors.Is(err, reason) {
		t.Error(err)
	}
	waitStopped(t, dir)
}
