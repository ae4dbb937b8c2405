package pgserver_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tenure/internal/db/pgserver"
)

func TestKilledClientsLeaveNothing(t *testing.T) {
	dir := folder(t)
	first := startClient(t, dir) // it started the keeper
	first.mustBeReady(t)
	second := startClient(t, dir)
	second.mustBeReady(t)
	s := acquire(t, dir)
	keep(t, s)
	pid := postmaster(t, dir)
	first.kill()
	mustStillHave(t, s)
	s.Release()
	if postmaster(t, dir) != pid {
		t.Error("the server went with the client that started it")
	}
	second.kill()
	waitStopped(t, dir)
	if exists(pid) {
		t.Error("all clients were killed and the server still runs")
	}
	mustStillHave(t, acquire(t, dir))
}

func TestKilledKeeperTakesTheServerWithItAndIsReplaced(t *testing.T) {
	dir := folder(t)
	s := acquire(t, dir)
	keep(t, s)
	pid := postmaster(t, dir)
	kill9(t, keeperOf(t, dir))
	// s itself brings a new one, at the same address.
	soon(t, "no new server", func() error {
		if keeperOf(t, dir) == 0 {
			return errors.New("no keeper")
		}
		_, err := ask(s.URL(pgserver.Owner, "postgres"), "select 1::text")
		return err
	})
	if exists(pid) {
		t.Error("the old server outlived its keeper")
	}
	mustStillHave(t, s)

	kill9(t, keeperOf(t, dir))
	mustStillHave(t, acquire(t, dir)) // and so does a newcomer, at once
}

func TestKeeperToldToEndStopsTheServerCleanly(t *testing.T) {
	dir := folder(t)
	c := startClient(t, dir)
	c.mustBeReady(t)
	keep(t, acquire(t, dir))
	if err := syscall.Kill(keeperOf(t, dir), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	mustStillHave(t, acquire(t, dir))
	if text := serverLog(t, dir); strings.Contains(text, "was not properly shut down") {
		t.Error(text)
	}
}

func TestKilledPostmasterIsStartedAgain(t *testing.T) {
	dir := folder(t)
	s := acquire(t, dir)
	keep(t, s)
	keeper := keeperOf(t, dir)
	for range 3 {
		pid := postmaster(t, dir)
		kill9(t, pid)
		again := acquire(t, dir)
		mustStillHave(t, again)
		if again.URL("u", "d") != s.URL("u", "d") {
			t.Error("it has moved")
		}
		if postmaster(t, dir) == pid {
			t.Error("it was not killed: this test shows nothing")
		}
	}
	if keeperOf(t, dir) != keeper {
		t.Error("the keeper did not survive")
	}
	mustStillHave(t, s)
}

// After a reboot, or in a container, the pid in the pid file often belongs to another process of the same user. PostgreSQL by itself
// refuses to start then, which the last step shows.
func TestKilledEverythingWithAPidThatIsInUseAgain(t *testing.T) {
	dir := folder(t)
	c := startClient(t, dir)
	c.mustBeReady(t)
	keep(t, acquire(t, dir))
	// The client first: it must not bring a new keeper. Our own use ends with this process only, so it ends here as well.
	c.kill()
	s := acquire(t, dir)
	data := filepath.Join(dir, "postgres")
	info, err := os.Stat(data)
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	other := exec.Command("sleep", "1000")
	if int(owner.Uid) != os.Geteuid() {
		other.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Process.Kill(); other.Wait() })

	pid, keeper := postmaster(t, dir), keeperOf(t, dir)
	// Stopped, the keeper cannot begin to end the server in order when its last client goes.
	if err := syscall.Kill(keeper, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	// Stopped as well, the server cannot follow its keeper in an orderly way before it is killed.
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	s.Release()
	kill9(t, keeper)
	kill9(t, pid)
	waitStopped(t, dir)
	name := filepath.Join(data, "postmaster.pid")
	stale, err := os.ReadFile(name)
	if err != nil {
		t.Fatal("no pid file was left: this test shows nothing")
	}
	_, rest, _ := strings.Cut(string(stale), "\n")
	if err := os.WriteFile(name, fmt.Appendf(nil, "%d\n%s", other.Process.Pid, rest), 0o600); err != nil {
		t.Fatal(err)
	}
	mustStillHave(t, acquire(t, dir))
	if text := serverLog(t, dir); !strings.Contains(text, "was not properly shut down") {
		t.Error("it was not killed: this test shows nothing")
	}
}

func TestHalfMadeClusterIsMadeAnew(t *testing.T) {
	dir := folder(t)
	c := startClient(t, dir)
	soon(t, "initdb did not begin", func() error {
		_, err := os.Stat(filepath.Join(dir, "postgres.new", "data", "PG_VERSION"))
		return err
	})
	kill9(t, keeperOf(t, dir))
	if got := c.says(); !strings.Contains(got, "its keeper was killed") {
		t.Errorf("client says %q", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "postgres")); !os.IsNotExist(err) {
		t.Fatalf("initdb was quicker: this test shows nothing (%v)", err)
	}
	s := acquire(t, dir)
	must(t, s, "select 1::text", "1")
	if _, err := os.Stat(filepath.Join(dir, "postgres.new")); !os.IsNotExist(err) {
		t.Errorf("remains: %v", err)
	}
}

func serverLog(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "postgres.log"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
