package scim_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"tenure/internal/connector"
	"tenure/internal/connector/connectortest"
	"tenure/internal/connector/scim"
	"tenure/internal/connector/scim/scimtest"
	"tenure/internal/plug"
)

const token = "tok-3f9a77c1e2"

var attrs = []string{"display_name", "given_name", "family_name", "email", "title", "employee_number", "department"}

// open makes a connector from settings, filled in as a person's are.
func open(t *testing.T, settings plug.Config) connector.Connector {
	t.Helper()
	c, bad := plug.Check(scim.Kind.Fields, settings)
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	conn, err := scim.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// serve starts our own server with its quirks.
func serve(t *testing.T, q scimtest.Quirks) (*scimtest.Server, string) {
	t.Helper()
	s, err := scimtest.New(scimtest.Options{Token: token, Quirks: q})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	return s, web.URL
}

// targetOf is the suite's view of our own server.
func targetOf(s *scimtest.Server, c connector.Connector) connectortest.Target {
	return connectortest.Target{
		Connector: c,
		AddAccounts: func(_ *testing.T, names ...string) {
			for _, n := range names {
				s.AddUser(n)
			}
		},
		AddEntitlement: func(_ *testing.T, name string) string { return s.AddGroup(name) },
		Holders: func(_ *testing.T, id string) []string {
			for _, g := range s.Groups() {
				if g.ID == id {
					return g.Members
				}
			}
			return nil
		},
		Enabled: func(_ *testing.T, id string) (bool, bool) {
			for _, u := range s.Users() {
				if u.ID == id {
					return u.Active, true
				}
			}
			return false, false
		},
	}
}

// TestConformance holds the connector to the contract against servers with each known quirk, and with the connector's settings.
func TestConformance(t *testing.T) {
	for _, c := range []struct {
		name     string
		quirks   scimtest.Quirks
		settings plug.Config
	}{
		{name: "by the standard"},
		{name: "no configuration", quirks: scimtest.Quirks{NoConfig: true}},
		{name: "no patch", quirks: scimtest.Quirks{NoPatch: true}},
		{name: "no patch, no configuration, no etag", quirks: scimtest.Quirks{NoPatch: true, NoConfig: true, NoETag: true}},
		{name: "no filter", quirks: scimtest.Quirks{NoFilter: true}},
		{name: "no filter, no configuration", quirks: scimtest.Quirks{NoFilter: true, NoConfig: true}},
		{name: "filter ignored", quirks: scimtest.Quirks{SilentFilter: true}},
		{name: "only eq", quirks: scimtest.Quirks{EqOnly: true}},
		{name: "filters that find nothing", quirks: scimtest.Quirks{NoMemberFilter: true, NoExternalFilter: true, NoExtensionFilter: true}},
		{name: "case-sensitive", quirks: scimtest.Quirks{CaseExact: true}},
		{name: "duplicate members", quirks: scimtest.Quirks{DuplicateMembers: true, NoMemberFilter: true}},
		{name: "terse", quirks: scimtest.Quirks{NoLocation: true, NoContent: true, NoETag: true, NoGroupsOfUser: true}},
		{name: "small pages", quirks: scimtest.Quirks{MaxPage: 7}},
		{name: "count ignored", quirks: scimtest.Quirks{MaxPage: 7, IgnoreCount: true}},
		{name: "booleans as text", quirks: scimtest.Quirks{TextBooleans: true, StrictBooleans: true}},
		{name: "strict remove", quirks: scimtest.Quirks{StrictRemove: true}},
		{name: "patch no", settings: plug.Config{"patch": "no"}},
		{name: "filter no", settings: plug.Config{"filter": "no"}},
		{name: "filter yes", settings: plug.Config{"filter": "yes"}},
		{name: "member look-up by user", settings: plug.Config{"member_lookup": "user"}},
		{name: "member look-up by list", settings: plug.Config{"member_lookup": "list"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			connectortest.Run(t, connectortest.Harness{
				Kind: "group", PageSize: 10, Attrs: attrs, Secrets: []string{token},
				Open: func(t *testing.T) connectortest.Target {
					s, url := serve(t, c.quirks)
					settings := plug.Config{"base_url": url + scimtest.Prefix, "token": token, "page_size": "10"}
					for k, v := range c.settings {
						settings[k] = v
					}
					return targetOf(s, open(t, settings))
				},
			})
		})
	}
}

// TestChaos puts a misbehaving proxy between the connector and our own server.
func TestChaos(t *testing.T) {
	for name, q := range map[string]scimtest.Quirks{
		"by the standard":    {},
		"duplicate members":  {DuplicateMembers: true},
		"no patch":           {NoPatch: true},
		"no filter":          {NoFilter: true},
		"no patch nor etags": {NoPatch: true, NoETag: true},
	} {
		t.Run(name, func(t *testing.T) {
			connectortest.RunHTTP(t, connectortest.HTTPHarness{
				Harness: connectortest.Harness{Kind: "group", PageSize: 10, Attrs: attrs, Secrets: []string{token}},
				Page:    userPage(10),
				OpenThrough: func(t *testing.T) (connectortest.Target, *connectortest.Proxy) {
					s, url := serve(t, q)
					p := connectortest.NewProxy(t, url)
					c := open(t, plug.Config{"base_url": p.URL + scimtest.Prefix, "token": token, "page_size": "10", "timeout": "5s"})
					return targetOf(s, c), p
				},
			})
		})
	}
}

// userPage tells the pages of the list of users apart.
func userPage(size int) func(*http.Request) (int, bool) {
	return func(r *http.Request) (int, bool) {
		start, err := strconv.Atoi(r.URL.Query().Get("startIndex"))
		list := r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/Users") && !r.URL.Query().Has("filter")
		return (start-1)/size + 1, list && err == nil
	}
}
