package pgserver_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db/pgserver"
)

// The environment that makes the test binary a client in a process of its own.
const (
	clientDir   = "PGSERVER_TEST_CLIENT"
	clientForgo = "PGSERVER_TEST_FORGO_KEEPER"
)

func TestMain(m *testing.M) {
	dir, isClient := os.LookupEnv(clientDir)
	if os.Getenv(clientForgo) == "" {
		pgserver.KeepIfAsked()
	}
	if isClient {
		os.Exit(beClient(dir))
	}
	os.Exit(m.Run())
}

// beClient uses the server until its standard input ends.
func beClient(dir string) int {
	s, err := pgserver.Acquire(context.Background(), pgserver.Options{Dir: dir, Fast: true})
	if err != nil {
		fmt.Println("failed:", strings.ReplaceAll(err.Error(), "\n", " "))
		return 1
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	if err := s.Release(); err != nil {
		return 1
	}
	return 0
}

// client is a client in another process.
type client struct {
	cmd   *exec.Cmd
	stdin io.Closer
	out   *bufio.Reader
}

func startClient(t *testing.T, dir string, env ...string) *client {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), clientDir+"="+dir), env...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &client{cmd, stdin, bufio.NewReader(stdout)}
	t.Cleanup(func() { c.kill() })
	return c
}

// says is the client's report, waited for.
func (c *client) says() string {
	line, _ := c.out.ReadString('\n')
	return strings.TrimSpace(line)
}

func (c *client) mustBeReady(t *testing.T) {
	t.Helper()
	if got := c.says(); got != "ready" {
		t.Fatalf("client says %q", got)
	}
}

// leave ends the client in good order, kill in bad.
func (c *client) leave() { c.stdin.Close(); c.cmd.Wait() }
func (c *client) kill()  { c.cmd.Process.Kill(); c.cmd.Wait() }

// folder is a data folder whose server is gone before it is removed.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Cleanup(func() { waitStopped(t, dir) })
	return dir
}

func waitStopped(t *testing.T, dir string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := pgserver.Wait(ctx, dir); err != nil {
		t.Errorf("still running: %v", err)
	}
}

func acquire(t *testing.T, dir string) *pgserver.Server {
	t.Helper()
	return acquireWith(t, pgserver.Options{Dir: dir, Fast: true})
}

func acquireWith(t *testing.T, o pgserver.Options) *pgserver.Server {
	t.Helper()
	s, err := pgserver.Acquire(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Release() })
	return s
}

// ask runs one statement and gives its first value.
func ask(url, statement string) (answer string, err error) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, statement, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	if rows.Next() {
		if err := rows.Scan(&answer); err != nil {
			return "", err
		}
	}
	rows.Close()
	return answer, rows.Err()
}

func must(t *testing.T, s *pgserver.Server, statement, want string) {
	t.Helper()
	got, err := ask(s.URL(pgserver.Owner, "postgres"), statement)
	if err != nil || got != want {
		t.Fatalf("%s: %q, %v; want %q", statement, got, err, want)
	}
}

// keep stores a row that must survive whatever follows.
func keep(t *testing.T, s *pgserver.Server) {
	t.Helper()
	must(t, s, "create table kept as select 'still here' as said", "")
}

func mustStillHave(t *testing.T, s *pgserver.Server) {
	t.Helper()
	must(t, s, "select said from kept", "still here")
}

// postmaster is the pid of the server, from its pid file.
func postmaster(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "postgres", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// keeperOf is the pid of the keeper of a data folder, from the process list; 0 when there is none.
func keeperOf(t *testing.T, dir string) int {
	t.Helper()
	out, err := exec.Command("ps", "-ww", "-eo", "pid=,args=").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasSuffix(strings.TrimSpace(line), "keeps-postgres-in "+dir) {
			pid, _ := strconv.Atoi(strings.Fields(line)[0])
			return pid
		}
	}
	return 0
}

func kill9(t *testing.T, pid int) {
	t.Helper()
	if pid <= 1 {
		t.Fatalf("no process to kill: %d", pid)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// exists says whether a process runs. One that has ended but was not asked for by its parent (Z) does not.
func exists(pid int) bool {
	out, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && !strings.HasPrefix(string(out), "Z")
}

// soon tries until it succeeds; for what happens in another process without a word to us.
func soon(t *testing.T, what string, try func() error) {
	t.Helper()
	end := time.After(time.Minute)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-end:
			t.Fatalf("%s: %v", what, err)
		case <-tick.C:
		}
	}
}
