package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"tenure/internal/connector"
	"tenure/internal/connector/connectortest"
	"tenure/internal/connector/postgres"
	"tenure/internal/plug"
)

// TestRoles is what conformance does not ask: what is peculiar to roles. One server serves all parts.
func TestRoles(t *testing.T) {
	s := scratch(t)
	for _, part := range []struct {
		name string
		run  func(*testing.T, server)
	}{
		{"secret", testSecret},
		{"sessions end", testSessionsEnd},
		{"sessions stay", testSessionsStay},
		{"owner", testOwner},
		{"self", testSelf},
		{"adopted", testAdopted},
		{"entitlements", testEntitlements},
		{"names", testNames},
		{"lost commit", testLostCommit},
		{"credentials", testCredentials},
	} {
		t.Run(part.name, func(t *testing.T) {
			s.clear(t)
			part.run(t, s)
		})
	}
}

// managed is a connector that is a superuser.
func (s server) managed(t *testing.T) (connector.Connector, connector.Accounter, connector.Granter) {
	t.Helper()
	c := open(t, plug.Config{"url": s.NetURL("tenure_owner", "postgres")})
	return c, c.(connector.Accounter), c.(connector.Granter)
}

func (s server) connect(t *testing.T, user, password string) (*pgx.Conn, error) {
	t.Helper()
	cfg := s.admin.Config().Copy()
	cfg.User, cfg.Password = user, password
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	if err == nil {
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
	}
	return conn, err
}

func read(t *testing.T, c connector.Connector, k connector.Key) connector.Account {
	t.Helper()
	a, _, err := c.Account(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func refused(t *testing.T, what string, err error, says string) {
	t.Helper()
	if !errors.Is(err, connector.ErrRefused) || !strings.Contains(err.Error(), says) {
		t.Errorf("%s: %v, want a refusal that says %q", what, err, says)
	}
}

// testSecret: the first password signs in, and the server's log never sees it.
func testSecret(t *testing.T, s server) {
	_, accounts, _ := s.managed(t)
	s.do(t, "alter system set log_statement = 'all'")
	s.do(t, "select pg_reload_conf()")
	defer s.do(t, "alter system reset log_statement")
	const secret = `x'\$-first "pass" word-41`
	_, err := accounts.CreateAccount(t.Context(), "k", connector.Account{ExternalID: "e1", Name: "ada", Enabled: true, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.connect(t, "ada", secret); err != nil {
		t.Errorf("the first password does not sign in: %v", err)
	}
	if _, err := s.connect(t, "ada", "another"); err == nil {
		t.Error("another password signs in")
	}
	log, err := os.ReadFile(filepath.Join(filepath.Dir(s.SocketDir()), "postgres.log"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(log, []byte("SCRAM-SHA-256")) {
		t.Fatal("the statement is not in the log: this test proves nothing")
	}
	if bytes.Contains(log, []byte("-first")) {
		t.Error("the password is in the server's log")
	}
	_, err = accounts.CreateAccount(t.Context(), "k", connector.Account{ExternalID: "e2", Name: "bea", Secret: "pässword"})
	refused(t, "a password outside ASCII", err, "ASCII")
	if err != nil && strings.Contains(err.Error(), "pässword") {
		t.Error("the error shows the password")
	}
}

// testSessionsEnd: whoever is disabled is out at once, not at the next sign-in.
func testSessionsEnd(t *testing.T, s server) {
	c, accounts, _ := s.managed(t)
	a, err := accounts.CreateAccount(t.Context(), "k", connector.Account{ExternalID: "e1", Name: "ada", Enabled: true, Secret: "secret-1"})
	if err != nil {
		t.Fatal(err)
	}
	session, err := s.connect(t, "ada", "secret-1")
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, c, connector.Key{Name: "ada"}).Attrs["open_sessions"]; got != "1" {
		t.Errorf("%q open sessions, want 1", got)
	}
	if err := accounts.DisableAccount(t.Context(), "k", a); err != nil {
		t.Fatal(err)
	}
	if err := session.Ping(t.Context()); err == nil {
		t.Error("the session of a disabled account is open")
	}
	if _, err := s.connect(t, "ada", "secret-1"); err == nil {
		t.Error("a disabled account signs in")
	}
}

// testSessionsStay: without the right to end sessions the account is disabled all the same, and the sessions are shown.
func testSessionsStay(t *testing.T, s server) {
	s.do(t, "create role connector_a login createrole password 'pw'")
	c := open(t, byFields(t, s, plug.Config{"user": "connector_a", "password": "pw"}))
	accounts := c.(connector.Accounter)
	a, err := accounts.CreateAccount(t.Context(), "k", connector.Account{ExternalID: "e1", Name: "ada", Enabled: true, Secret: "secret-1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.connect(t, "ada", "secret-1"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := accounts.DisableAccount(t.Context(), "k", a); err != nil {
			t.Fatal(err)
		}
	}
	got := read(t, c, connector.Key{Name: "ada"})
	if got.Enabled || got.Attrs["open_sessions"] != "1" {
		t.Errorf("%+v", got)
	}
}

// testOwner: a role that owns something is not dropped, and the refusal says what is in the way.
func testOwner(t *testing.T, s server) {
	_, accounts, _ := s.managed(t)
	a, err := accounts.CreateAccount(t.Context(), "k", connector.Account{ExternalID: "e1", Name: "ada", Enabled: true})
	if err != nil {
		t.Fatal(err)
	}
	s.do(t, "create table ledger (n int)")
	s.do(t, "alter table ledger owner to ada")
	refused(t, "delete an owner", accounts.DeleteAccount(t.Context(), "k", a), "owner of table public.ledger")
	defer s.do(t, "drop table ledger")
	if err := accounts.DisableAccount(t.Context(), "k", a); err != nil {
		t.Errorf("an owner cannot be disabled: %v", err)
	}
}

// testSelf: the connector does not lock itself out.
func testSelf(t *testing.T, s server) {
	c, accounts, _ := s.managed(t)
	self := read(t, c, connector.Key{Name: "tenure_owner"})
	if !self.Privileged || !strings.Contains(self.Attrs["powers"], "superuser") {
		t.Errorf("a superuser is listed as %+v", self)
	}
	refused(t, "disable itself", accounts.DisableAccount(t.Context(), "k", self), "itself")
	refused(t, "delete itself", accounts.DeleteAccount(t.Context(), "k", self), "itself")
	renamed := self
	renamed.Name = "other"
	refused(t, "rename itself", accounts.UpdateAccount(t.Context(), "k", renamed), "itself")
}

// testAdopted: an account that Tenure did not make keeps its comment through disabling and enabling, and stays an account.
func testAdopted(t *testing.T, s server) {
	c, accounts, grants := s.managed(t)
	comments := map[string]string{"plain": "", "noted": "Ann's batch jobs: don't touch", "older": "tenure is not this"}
	s.do(t, "create role readers")
	for name, text := range comments {
		s.do(t, "create role %s login; comment on role %s is '%s'", name, name, strings.ReplaceAll(text, "'", "''"))
		a := read(t, c, connector.Key{Name: name})
		if a.ExternalID != "" || !a.Enabled || a.Attrs["comment"] != text {
			t.Errorf("%s is read as %+v", name, a)
		}
		if err := grants.Grant(t.Context(), "k", connector.Grant{Account: connector.Key{Name: name}, Entitlement: connector.Entitlement{Name: "readers"}}); err != nil {
			t.Error(err)
		}
		if err := accounts.DisableAccount(t.Context(), "k", a); err != nil {
			t.Fatal(err)
		}
		off := read(t, c, connector.Key{NativeID: a.NativeID})
		if off.Enabled || off.ExternalID != "" || off.Attrs["comment"] != text {
			t.Errorf("%s disabled is read as %+v", name, off)
		}
		found, err := connectortest.Collect(c.Entitlements(t.Context()))
		if err != nil || len(found) != 1 {
			t.Errorf("entitlements: %v, %v", found, err)
		}
		a.Name, a.Enabled = "", true
		if err := accounts.UpdateAccount(t.Context(), "k", a); err != nil {
			t.Fatal(err)
		}
		got := s.strings(t, `select coalesce(shobj_description(oid, 'pg_authid'), '') from pg_roles where rolname = $1`, name)[0]
		if got != text {
			t.Errorf("the comment became %q, was %q", got, text)
		}
	}
}

// testEntitlements: which roles are entitlements.
func testEntitlements(t *testing.T, s server) {
	plain, accounts, _ := s.managed(t)
	s.do(t, "create role app_read; create role app_write; create role other; create role person login; comment on role other is 'The others'")
	a, err := accounts.CreateAccount(t.Context(), "k", connector.Account{ExternalID: "e1", Name: "ada", Enabled: false})
	if err != nil {
		t.Fatal(err)
	}
	s.do(t, "grant app_read to app_write; grant app_write to ada; grant other to person with admin option; grant ada to person; grant pg_monitor to ada")
	url := s.NetURL("tenure_owner", "postgres")
	for _, c := range []struct {
		settings plug.Config
		want     string
		held     int
	}{
		{plug.Config{"url": url}, "app_read app_write other", 2},
		{plug.Config{"url": url, "managed_prefix": "app_"}, "app_read app_write", 1},
		{plug.Config{"url": url, "managed_prefix": "app_", "builtin_roles": "true"}, "pg_monitor app_read app_write", 2},
	} {
		conn := open(t, c.settings)
		found, err := connectortest.Collect(conn.Entitlements(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range found {
			if !strings.HasPrefix(e.Name, "pg_") || e.Name == "pg_monitor" {
				names = append(names, e.Name)
			}
			if e.Name == "other" && e.Description != "The others" {
				t.Errorf("described as %q", e.Description)
			}
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%v: %s, want %s", c.settings["managed_prefix"], got, c.want)
		}
		grants, err := connectortest.Collect(conn.Grants(t.Context()))
		if err != nil || len(grants) != c.held {
			t.Errorf("%d grants, want %d: %v %v", len(grants), c.held, grants, err)
		}
	}
	if _, held, err := plain.Account(t.Context(), connector.Key{NativeID: a.NativeID}); err != nil || len(held) != 1 {
		t.Errorf("ada holds %v, %v", held, err)
	}
}

// testNames: names that PostgreSQL would cut or keeps for itself are refused, not bent.
func testNames(t *testing.T, s server) {
	_, accounts, _ := s.managed(t)
	for name, says := range map[string]string{
		"":                      "empty",
		strings.Repeat("n", 64): "63 bytes",
		strings.Repeat("ü", 32): "63 bytes",
		"pg_person":             "reserved",
		"public":                "reserved",
		"a\x00b":                "zero",
	} {
		_, err := accounts.CreateAccount(t.Context(), "k", connector.Account{ExternalID: "e1", Name: name})
		refused(t, fmt.Sprintf("create %q", name), err, says)
	}
	if got := s.strings(t, `select rolname::text from pg_roles where rolname like 'n%'`); len(got) > 0 {
		t.Errorf("made %v", got)
	}
	nasty := `x"; drop role y; --'`
	if _, err := accounts.CreateAccount(t.Context(), "k", connector.Account{
		ExternalID: "e'1", Name: nasty, Attrs: map[string]string{"display_name": "Robert'); drop role x; --\n\\"},
	}); err != nil {
		t.Error(err)
	}
	a := read(t, open(t, plug.Config{"url": s.NetURL("tenure_owner", "postgres")}), connector.Key{ExternalID: "e'1"})
	if a.Name != nasty || a.Attrs["display_name"] != `Robert'); drop role x; -- \` {
		t.Errorf("%+v", a)
	}
}

// testLostCommit: only a COMMIT without an answer is ambiguous; whatever broke before has not happened.
func testLostCommit(t *testing.T, s server) {
	p := newWire(t, s.Addr())
	c := open(t, plug.Config{"url": strings.Replace(s.NetURL("tenure_owner", "postgres"), s.Addr(), p.addr, 1)})
	accounts := c.(connector.Accounter)
	want := connector.Account{ExternalID: "e1", Name: "ada", Enabled: true}
	count := func() int { return len(s.strings(t, `select rolname::text from pg_roles where rolname = 'ada'`)) }

	p.cutAt.Store("create role")
	_, err := accounts.CreateAccount(t.Context(), "k", want)
	if got := connector.Classify(err); got != connector.ClassTransient || count() != 0 {
		t.Errorf("cut before COMMIT: %v is %s, %d roles", err, got, count())
	}
	p.cutAt.Store("commit")
	_, err = accounts.CreateAccount(t.Context(), "k", want)
	if got := connector.Classify(err); got != connector.ClassAmbiguous || count() != 1 {
		t.Errorf("cut at COMMIT: %v is %s, %d roles", err, got, count())
	}
	p.cutAt.Store("")
	if a, err := accounts.CreateAccount(t.Context(), "k", want); err != nil || a.ExternalID != "e1" || count() != 1 {
		t.Errorf("again: %+v, %v, %d roles", a, err, count())
	}
}

// testCredentials: a refused password is told from a server that is away, and neither error shows it.
func testCredentials(t *testing.T, s server) {
	s.do(t, "create role connector_b login password 'right'; create role weak login password 'right'")
	for _, c := range []struct {
		settings plug.Config
		want     connector.Class
	}{
		{plug.Config{"user": "connector_b", "password": "wr0ng-pw"}, connector.ClassUnauthorized},
		{plug.Config{"user": "nobody", "password": "wr0ng-pw"}, connector.ClassUnauthorized},
		{plug.Config{"user": "weak", "password": "right"}, connector.ClassUnauthorized}, // no CREATEROLE
	} {
		conn := open(t, byFields(t, s, c.settings))
		err := conn.Check(t.Context())
		if got := connector.Classify(err); got != c.want || strings.Contains(err.Error(), "wr0ng") {
			t.Errorf("%s: %v is %s, want %s", c.settings["user"], err, got, c.want)
		}
	}
	away := open(t, plug.Config{"host": "127.0.0.1", "port": "1", "user": "u", "password": "wr0ng-pw"})
	if err := away.Check(t.Context()); connector.Classify(err) != connector.ClassTransient || strings.Contains(err.Error(), "wr0ng") {
		t.Errorf("nobody there: %v", err)
	}
	_, err := postgres.Open(plug.Config{"url": "postgres://u:wr0ng-pw@host:port/x"})
	if err == nil || strings.Contains(err.Error(), "wr0ng") {
		t.Errorf("a broken address: %v", err)
	}
}
