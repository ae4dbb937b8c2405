package scim_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"tenure/internal/connector/connectortest"
	"tenure/internal/connector/scim"
	"tenure/internal/plug"
)

const scimmyFolder = "../../../test/scim"

// installScimmy installs the npm packages once.
var installScimmy = sync.OnceValue(func() error {
	if _, err := os.Stat(filepath.Join(scimmyFolder, "node_modules", "scimmy-routers")); err == nil {
		return nil
	}
	install := exec.Command("npm", "ci", "--no-audit", "--no-fund")
	install.Dir = scimmyFolder
	if out, err := install.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci in test/scim: %w\n%s", err, out)
	}
	return nil
})

// foreign is a running SCIM server that is not ours.
type foreign struct{ url string }

// scimmy starts the server. Groups of so many members and more are changed by its storage instead of by scimmy.
func scimmy(t *testing.T, large int) foreign {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("the foreign SCIM server needs %s: run make test, which installs it", program)
		}
	}
	if err := installScimmy(); err != nil {
		t.Fatal(err)
	}
	server := exec.Command("node", "server.mjs")
	server.Dir = scimmyFolder
	server.Env = append(os.Environ(), "PORT=0", "TOKEN="+token, "LARGE="+strconv.Itoa(large))
	server.Stderr = os.Stderr
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if !ok {
		t.Fatalf("the foreign SCIM server said %q: %v", line, err)
	}
	return foreign{address}
}

// ask speaks to the server without the connector.
func (f foreign) ask(t *testing.T, method, path string, body, into any) int {
	t.Helper()
	var payload io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		payload = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, f.url+path, payload)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/scim+json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(answer, into); err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	return resp.StatusCode
}

type foreignResource struct {
	ID      string
	Active  bool
	Members []struct{ Value string }
}

// clear deletes all users and groups.
func (f foreign) clear(t *testing.T) {
	t.Helper()
	for _, kind := range []string{"/Users", "/Groups"} {
		var list struct{ Resources []foreignResource }
		f.ask(t, "GET", kind+"?count=1000&excludedAttributes=members", nil, &list)
		for _, r := range list.Resources {
			f.ask(t, "DELETE", kind+"/"+r.ID, nil, nil)
		}
	}
}

func (f foreign) add(t *testing.T, kind, attr, value string) string {
	t.Helper()
	var made foreignResource
	body := map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:" + strings.TrimSuffix(kind, "s")}, attr: value}
	if kind == "Users" {
		body["active"] = true
	}
	f.ask(t, "POST", "/"+kind, body, &made)
	if made.ID == "" {
		t.Fatalf("%s %q was not made", kind, value)
	}
	return made.ID
}

func (f foreign) target(t *testing.T, settings plug.Config) connectortest.Target {
	f.clear(t)
	return connectortest.Target{
		Connector: open(t, settings),
		AddAccounts: func(t *testing.T, names ...string) {
			for _, n := range names {
				f.add(t, "Users", "userName", n)
			}
		},
		AddEntitlement: func(t *testing.T, name string) string { return f.add(t, "Groups", "displayName", name) },
		Holders: func(t *testing.T, id string) []string {
			var g foreignResource
			f.ask(t, "GET", "/Groups/"+id, nil, &g)
			out := []string{}
			for _, m := range g.Members {
				out = append(out, m.Value)
			}
			return out
		},
		Enabled: func(t *testing.T, id string) (bool, bool) {
			var u foreignResource
			status := f.ask(t, "GET", "/Users/"+id, nil, &u)
			return u.Active, status == http.StatusOK
		},
	}
}

// TestForeign holds the connector to the contract against scimmy, a SCIM implementation that is not ours.
func TestForeign(t *testing.T) {
	small, large := scimmy(t, 1000), scimmy(t, 0)
	for _, c := range []struct {
		name string
		foreign
		settings plug.Config
	}{
		{"as it is", small, nil},
		{"large groups", large, nil},
		{"patch no", small, plug.Config{"patch": "no"}},
		{"filter no", small, plug.Config{"filter": "no"}},
	} {
		f, settings := c.foreign, c.settings
		t.Run(c.name, func(t *testing.T) {
			connectortest.Run(t, connectortest.Harness{
				Kind: "group", PageSize: 10, Attrs: attrs, Secrets: []string{token},
				Open: func(t *testing.T) connectortest.Target {
					full := plug.Config{"base_url": f.url, "token": token, "page_size": "10"}
					for k, v := range settings {
						full[k] = v
					}
					return f.target(t, full)
				},
			})
		})
	}
}

// TestForeignChaos puts the misbehaving proxy before scimmy.
func TestForeignChaos(t *testing.T) {
	f := scimmy(t, 1000)
	at, err := url.Parse(f.url)
	if err != nil {
		t.Fatal(err)
	}
	connectortest.RunHTTP(t, connectortest.HTTPHarness{
		Harness: connectortest.Harness{Kind: "group", PageSize: 10, Attrs: attrs, Secrets: []string{token}},
		Page:    userPage(10),
		OpenThrough: func(t *testing.T) (connectortest.Target, *connectortest.Proxy) {
			p := connectortest.NewProxy(t, at.Scheme+"://"+at.Host)
			settings := plug.Config{"base_url": p.URL + at.Path, "token": token, "page_size": "10", "timeout": "5s"}
			return f.target(t, settings), p
		},
	})
}

// TestSecretFields keeps secrets marked as such: they are sealed and never shown.
func TestSecretFields(t *testing.T) {
	for _, f := range scim.Kind.Fields {
		if slices.Contains([]string{"token", "password", "header"}, f.Name) != (f.Type == plug.Secret) {
			t.Errorf("the field %s is a %s", f.Name, f.Type)
		}
	}
}
