package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"tenure/internal/db/pgserver"
)

// shop is the binary as a script uses it, on a private database of its own.
type shop struct {
	t                 *testing.T
	binary, data, dir string
	token             string
}

// built is the binary, built once.
var built = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "tenure-binary-")
	if err != nil {
		panic(err)
	}
	path := filepath.Join(dir, "tenure")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v: %s", err, out))
	}
	return path
})

func TestMain(m *testing.M) {
	pgserver.KeepIfAsked()
	code := m.Run()
	_ = os.RemoveAll(filepath.Dir(built()))
	os.Exit(code)
}

func newShop(t *testing.T, migrate ...string) *shop {
	t.Helper()
	dir := t.TempDir()
	s := &shop{t: t, binary: built(), dir: dir}
	// The server's processes run as another user when the test is root: they must reach their folder.
	data, err := os.MkdirTemp("", "tenure-cmd-")
	if err != nil {
		t.Fatal(err)
	}
	s.data = data
	// Held here, the server does not start anew with every command.
	server, err := pgserver.Acquire(t.Context(), pgserver.Options{Dir: data})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(server.Release(), pgserver.Wait(context.Background(), data), os.RemoveAll(data)); err != nil {
			t.Error(err)
		}
	})
	s.want(0, append([]string{"migrate"}, migrate...)...)
	return s
}

// run gives the exit code, what was printed for the reader, and what was printed about the run.
func (s *shop) run(args ...string) (code int, out, errOut string) {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), s.binary, append(args, "--data", s.data)...)
	cmd.Env = append(os.Environ(), "TENURE_TOKEN="+s.token, "DATABASE_URL=", "TENURE_CONFIG=")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

func (s *shop) want(code int, args ...string) string {
	s.t.Helper()
	got, out, errOut := s.run(args...)
	if got != code {
		s.t.Fatalf("tenure %s ends with %d, want %d: %s%s", strings.Join(args, " "), got, code, out, errOut)
	}
	return out
}

// answer runs a command with --json, which must end with the code, and decodes what it prints.
func (s *shop) answer(code int, into any, args ...string) {
	s.t.Helper()
	out := s.want(code, append(args, "--json")...)
	if err := json.Unmarshal([]byte(out), into); err != nil {
		s.t.Fatalf("tenure %s prints no JSON: %v: %s", strings.Join(args, " "), err, out)
	}
}

func (s *shop) file(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

const feedPolicy = `kind: HRSource
name: hr
spec:
  type: file
  zone: UTC
  file:
    dates: YYYY-MM-DD
    leavers: absence
    columns: {number: "no", first_name: first, last_name: last, department: dept, first_day: start}
---
kind: Application
name: files
spec:
  connector: scim
  config: {base_url: "http://127.0.0.1:9/scim", auth: none}
  accounts: {name: "{first_name}.{last_name}"}
  entitlements: [{name: staff}]
---
kind: BirthrightRule
name: staff
spec: {when: "true", entitlements: [files/staff]}
`

// feed writes a file of people with the numbers from 1 to n.
func feed(n int) string {
	b := strings.Builder{}
	b.WriteString("no,first,last,dept,start\n")
	for i := range n {
		fmt.Fprintf(&b, "%d,Ada,Number%d,Sales,2020-01-01\n", i+1, i+1)
	}
	return b.String()
}

// The exit codes and JSON answers that docs/reference/configuration.md promises to scripts.
func TestCommandsAnswerScripts(t *testing.T) {
	s := newShop(t, "--replay")
	policy := s.file("policy.yaml", feedPolicy)
	s.want(0, "apply", "-f", policy, "--plan-only")
	s.want(0, "apply", "-f", policy)
	s.want(2, "apply", "-f", s.file("broken.yaml", "kind: Nothing\n"))
	full := s.file("full.csv", feed(40))
	var synced struct {
		Run, Joiners, Leavers, Unchanged int
		Rejected                         []struct{ Field, Rule string }
		Held                             bool
		Reason                           string
	}
	s.answer(0, &synced, "hr", "sync", "hr", "--file", full, "--effective", "2024-01-01")
	if synced.Joiners != 40 || synced.Held || len(synced.Rejected) != 0 {
		t.Errorf("the first file gives %+v", synced)
	}
	s.answer(6, &synced, "hr", "sync", "hr", "--file", s.file("cut.csv", feed(10)), "--effective", "2024-02-01")
	if !synced.Held || synced.Leavers != 30 || synced.Reason == "" {
		t.Errorf("a file without 30 people gives %+v", synced)
	}
	held := fmt.Sprint(synced.Run)
	s.want(5, "hr", "sync", "hr", "--file", full, "--effective", "2023-01-01")
	s.want(4, "hr", "sync", "nobody", "--file", full)
	s.want(3, "hr", "release", held, "--reason", "the shell is nobody")
	var token struct{ Token string }
	s.answer(0, &token, "token", "--as", "5")
	s.token = token.Token
	s.answer(0, &synced, "hr", "release", held, "--reason", "planned")
	if synced.Leavers != 30 || synced.Held {
		t.Errorf("the release gives %+v", synced)
	}
	s.token = "tenure_nothing"
	s.want(8, "hr", "discard", held, "--reason", "x")
	s.token = ""
	var status struct {
		People       map[string]int
		Applications map[string]map[string]int
		Operations   map[string]int
	}
	s.answer(0, &status, "status")
	if status.People["active"] != 10 || status.People["left"] != 30 {
		t.Errorf("status counts %v", status.People)
	}
	if _, ok := status.Applications["files"]["orphan"]; !ok {
		t.Errorf("status has the applications %v", status.Applications)
	}
	var why struct {
		Policy json.RawMessage
		Note   string
	}
	s.answer(0, &why, "explain", "5", "--app", "files", "--entitlement", "staff")
	s.want(4, "explain", "no such person")
	s.answer(6, &synced, "hr", "sync", "hr", "--file", s.file("wrong.csv", "a,b\n1,2\n"), "--effective", "2024-03-01")
	if !strings.Contains(synced.Reason, `"first"`) {
		t.Errorf("a file with other columns is held because %q", synced.Reason)
	}
	s.want(4, "check", "nothing")
	s.packs(token.Token)
	s.asks(token.Token)
}

// In a live database the shell gives out no tokens and takes no day of the future; and settings that are wrong are told one by one.
func TestALiveDatabaseIsStricter(t *testing.T) {
	s := newShop(t)
	s.want(0, "apply", "-f", s.file("policy.yaml", feedPolicy))
	full := s.file("full.csv", feed(12))
	s.want(2, "hr", "sync", "hr", "--file", full, "--effective", "2999-01-01")
	s.want(0, "hr", "sync", "hr", "--file", full)
	s.want(3, "token", "--as", "5")
	// The shell makes the first administrator, and no second one: that takes the first one's token.
	s.want(2, "portal-role", "give", "4", "king", "--reason", "x")
	s.want(0, "portal-role", "give", "4", "administrator", "--reason", "the first")
	s.want(3, "portal-role", "give", "5", "compliance", "--reason", "from the shell")
	s.want(4, "portal-role", "take", "5", "hr", "--reason", "never had it")
	var given []struct{ Name, Role string }
	s.answer(0, &given, "portal-role", "list")
	if len(given) != 1 || given[0].Role != "administrator" {
		t.Errorf("the portal roles are %v", given)
	}
	s.want(3, "slack", "link", "U024BE7LH", "5")
	s.want(0, "slack", "list")
	t.Setenv("TENURE_WORKERS", "0")
	t.Setenv("TENURE_LOG_LEVEL", "loud")
	if code, _, text := s.run("status"); code != 2 || !strings.Contains(text, "TENURE_WORKERS") || !strings.Contains(text, "TENURE_LOG_LEVEL") {
		t.Errorf("wrong settings end with %d: %s", code, text)
	}
}
