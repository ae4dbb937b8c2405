package scim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"tenure/internal/connector"
	"tenure/internal/connector/connectortest"
	"tenure/internal/connector/scim"
	"tenure/internal/connector/scim/scimtest"
	"tenure/internal/plug"
)

type full interface {
	connector.Connector
	connector.Granter
	connector.Accounter
}

func openAt(t *testing.T, url string, more plug.Config) full {
	t.Helper()
	settings := plug.Config{"base_url": url + scimtest.Prefix, "token": token, "page_size": "10"}
	for k, v := range more {
		settings[k] = v
	}
	return open(t, settings).(full)
}

// TestPageThatSaysItIsTheList: a server that answers with the number of resources on the page instead of in the list must
// not make accounts disappear.
func TestPageThatSaysItIsTheList(t *testing.T) {
	s, url := serve(t, scimtest.Quirks{})
	for i := range 25 {
		s.AddUser(fmt.Sprintf("user%d", i))
	}
	p := connectortest.NewProxy(t, url)
	p.Misbehave(func(w http.ResponseWriter, r *http.Request, pass func() connectortest.Answer) bool {
		if !strings.HasSuffix(r.URL.Path, "/Users") {
			return false
		}
		var list map[string]any
		if err := json.Unmarshal(pass().Body, &list); err != nil {
			t.Error(err)
		}
		list["totalResults"] = len(list["Resources"].([]any))
		return json.NewEncoder(w).Encode(list) == nil
	})
	for _, size := range []string{"10", "25", "30"} {
		got, err := connectortest.Collect(openAt(t, p.URL, plug.Config{"page_size": size}).Accounts(t.Context()))
		if err == nil && len(got) != 25 {
			t.Errorf("pages of %s: %d of 25 accounts and no error", size, len(got))
		}
	}
}

// TestStartIgnored: a server that answers every page with the first is found out.
func TestStartIgnored(t *testing.T) {
	s, url := serve(t, scimtest.Quirks{IgnoreStart: true})
	for i := range 25 {
		s.AddUser(fmt.Sprintf("user%d", i))
	}
	if got, err := connectortest.Collect(openAt(t, url, nil).Accounts(t.Context())); err == nil {
		t.Errorf("%d of 25 accounts and no error", len(got))
	}
	if got, err := connectortest.Collect(openAt(t, url, plug.Config{"page_size": "25"}).Accounts(t.Context())); err != nil || len(got) != 25 {
		t.Errorf("one page: %d accounts, %v", len(got), err)
	}
}

// TestPutTogether: connectors of several processes write the same group of a server without PATCH; ETags keep them apart.
func TestPutTogether(t *testing.T) {
	for _, q := range []scimtest.Quirks{{NoPatch: true}, {NoPatch: true, NoConfig: true}} {
		s, url := serve(t, q)
		group := s.AddGroup("Everyone")
		var users []string
		for i := range 24 {
			users = append(users, s.AddUser(fmt.Sprintf("user%d", i)))
		}
		var wg sync.WaitGroup
		for worker := range 3 {
			c := openAt(t, url, nil)
			wg.Go(func() {
				for _, id := range users[8*worker : 8*worker+8] {
					g := connector.Grant{Account: connector.Key{NativeID: id}, Entitlement: connector.Entitlement{Kind: "group", NativeID: group}}
					for connector.Classify(c.Grant(t.Context(), "k", g)) == connector.ClassTransient {
					}
				}
			})
		}
		wg.Wait()
		got := s.Groups()[0].Members
		slices.Sort(got)
		slices.Sort(users)
		if !slices.Equal(got, users) {
			t.Errorf("%d members, want %d", len(got), len(users))
		}
	}
}

// TestPutKeepsTheRest: a change by PUT loses nothing that Tenure does not know.
func TestPutKeepsTheRest(t *testing.T) {
	s, url := serve(t, scimtest.Quirks{NoPatch: true})
	body := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:example:Badge"],"userName":"ada","nickName":"Countess",
		"emails":[{"value":"ada@home.example","type":"home"},{"value":"ada@old.example","type":"work"}],
		"urn:example:Badge":{"number":12345678901234567890}}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+scimtest.Prefix+"/Users", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/scim+json")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	c := openAt(t, url, nil)
	attrs := map[string]string{"email": "ada@new.example", "department": "Engines"}
	if err := c.UpdateAccount(t.Context(), "k", connector.Account{NativeID: s.Users()[0].ID, Name: "ada", Enabled: false, Attrs: attrs}); err != nil {
		t.Fatal(err)
	}
	u := s.Users()[0]
	emails, _ := json.Marshal(u.Attributes["emails"])
	if u.Active || u.Attributes["nickName"] != "Countess" || u.Attributes["urn:example:Badge"] == nil ||
		!strings.Contains(string(emails), "ada@home.example") || !strings.Contains(string(emails), "ada@new.example") ||
		strings.Contains(string(emails), "ada@old.example") {
		t.Errorf("%+v", u.Attributes)
	}
}

// TestQuestions counts the requests of a change once the server is known: they decide how long ten thousand changes take.
func TestQuestions(t *testing.T) {
	s, url := serve(t, scimtest.Quirks{})
	p := connectortest.NewProxy(t, url)
	c := openAt(t, p.URL, nil)
	group := connector.Entitlement{Kind: "group", NativeID: s.AddGroup("Readers")}
	life := func(word string, count func(string, int, error)) {
		run := func(what string, want int, do func() error) {
			p.Misbehave(nil)
			count(what, want, do())
		}
		a := connector.Account{ExternalID: "id-" + word, Name: word, Enabled: true}
		run("create", 2, func() (err error) { a, err = c.CreateAccount(t.Context(), "k", a); return err })
		g := connector.Grant{Account: connector.Key{NativeID: a.NativeID}, Entitlement: group}
		run("grant", 3, func() error { return c.Grant(t.Context(), "k", g) })
		run("read", 2, func() error { _, _, err := c.Account(t.Context(), connector.Key{NativeID: a.NativeID}); return err })
		run("update", 1, func() error { return c.UpdateAccount(t.Context(), "k", a) })
		run("disable", 2, func() error { return c.DisableAccount(t.Context(), "k", a) })
		if word == "first" {
			return // stays, for something to be known
		}
		run("revoke", 1, func() error { return c.Revoke(t.Context(), "k", g) })
		run("delete", 1, func() error { return c.DeleteAccount(t.Context(), "k", a) })
	}
	life("first", func(what string, _ int, err error) {
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	})
	life("second", func(_ string, _ int, _ error) {})
	life("third", func(what string, want int, err error) {
		if got := p.Seen(); err != nil || len(got) > want {
			t.Errorf("%s asked %d times, want %d: %v; %v", what, len(got), want, got, err)
		}
	})
}

// TestCredentials: what the settings say is what is sent.
func TestCredentials(t *testing.T) {
	var got http.Header
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		_, _ = w.Write([]byte(`{"totalResults":0,"Resources":[]}`))
	}))
	defer web.Close()
	for _, c := range []struct {
		settings      plug.Config
		authorization string
	}{
		{plug.Config{"token": "abc"}, "Bearer abc"},
		{plug.Config{"auth": "basic", "user": "u", "password": "p"}, "Basic dTpw"},
		{plug.Config{"auth": "none", "header": "X-Api-Key: k1"}, ""},
	} {
		c.settings["base_url"] = web.URL + "/scim/"
		if err := open(t, c.settings).Check(t.Context()); err != nil {
			t.Error(err)
		}
		if got.Get("Authorization") != c.authorization || c.settings["header"] != "" && got.Get("X-Api-Key") != "k1" {
			t.Errorf("%v sends %v", c.settings, got)
		}
	}
}

// TestOpenRefuses: a configuration that cannot work is refused with the field and without the secret.
func TestOpenRefuses(t *testing.T) {
	const secret = "s3cr3t"
	for field, c := range map[string]plug.Config{
		"base_url": {"base_url": "https://u:" + secret + "@host/scim", "token": secret},
		"token":    {"base_url": "https://host/scim", "auth": "bearer"},
		"user":     {"base_url": "https://host/scim", "auth": "basic", "password": secret},
		"header":   {"base_url": "https://host/scim", "auth": "none", "header": secret},
		"ca_file":  {"base_url": "https://host/scim", "token": secret, "ca_file": "/no/such/file"},
	} {
		_, err := scim.Open(c)
		if err == nil || !strings.Contains(err.Error(), field+":") || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, address := range []string{"ftp://host/scim", "/scim", "https://host/scim?x=1"} {
		if _, err := scim.Open(plug.Config{"base_url": address, "token": "t"}); err == nil {
			t.Errorf("%s is accepted", address)
		}
	}
}

// TestFirstPasswordIsNotShown: a server that quotes the request in its refusal does not make the password known.
func TestFirstPasswordIsNotShown(t *testing.T) {
	const password = "first-pass-9"
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = w.Write([]byte(`{"totalResults":0,"Resources":[]}`))
			return
		}
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"status":"400","detail":"password \"%s\" is too\nshort %s"}`, body["password"], strings.Repeat("x", 5000))
	}))
	defer web.Close()
	c := open(t, plug.Config{"base_url": web.URL, "token": token}).(full)
	_, err := c.CreateAccount(context.Background(), "k", connector.Account{ExternalID: "e", Name: "ada", Secret: password})
	if connector.Classify(err) != connector.ClassPermanent || strings.Contains(err.Error(), password) || len(err.Error()) > 500 ||
		!strings.Contains(err.Error(), "is too short") {
		t.Errorf("%v", err)
	}
}
