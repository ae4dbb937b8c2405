package scimtest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tenure/internal/connector/scim/scimtest"
)

// examples is where the examples of the RFCs and the requests of Entra ID are kept, outside the repository.
const examples = "../../../../../shared/data/scim"

type client struct {
	t      *testing.T
	server *scimtest.Server
	url    string
}

func start(t *testing.T, o scimtest.Options) client {
	t.Helper()
	s, err := scimtest.New(o)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	return client{t, s, web.URL + scimtest.Prefix}
}

type object = map[string]any

// ask sends one request; a body may be a value or JSON text.
func (c client) ask(method, path string, body any, header ...string) (int, object) {
	c.t.Helper()
	var payload io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		payload = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			c.t.Fatal(err)
		}
		payload = bytes.NewReader(text)
	}
	at, query, _ := strings.Cut(path, "?")
	if query != "" {
		at += "?" + strings.NewReplacer(" ", "%20", `"`, "%22").Replace(query)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+at, payload)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/scim+json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	var out object
	if len(text) > 0 {
		if err := json.Unmarshal(text, &out); err != nil {
			c.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	return resp.StatusCode, out
}

func (c client) want(status int, method, path string, body any, header ...string) object {
	c.t.Helper()
	got, out := c.ask(method, path, body, header...)
	if got != status {
		c.t.Fatalf("%s %s answered %d %v, want %d", method, path, got, out, status)
	}
	return out
}

func user(name string, more object) object {
	u := object{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": name}
	for k, v := range more {
		u[k] = v
	}
	return u
}

func patch(ops ...object) object {
	return object{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": ops}
}

// TestFilters asks for users by filters of RFC 7644 section 3.4.2.2.
func TestFilters(t *testing.T) {
	c := start(t, scimtest.Options{})
	for _, u := range []object{
		user("Ada", object{"externalId": "E1", "title": "Analyst", "emails": []object{{"value": "ada@example.com", "type": "work"}},
			"name": object{"familyName": "Byron"}, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": object{"department": "Engines"}}),
		user("bea", object{"externalId": "e1", "active": false, "name": object{"familyName": "O'Neil (jr) \"B\""}}),
		user("cyd", object{"title": "analyst and poet"}),
	} {
		c.want(201, "POST", "/Users", u)
	}
	for filter, want := range map[string]string{
		`userName eq "ADA"`:                  "Ada",
		`externalId eq "e1"`:                 "bea",
		`USERNAME Eq "ada"`:                  "Ada",
		`title co "analyst"`:                 "Ada cyd",
		`title sw "Analyst and"`:             "cyd",
		`title pr`:                           "Ada cyd",
		`not (title pr)`:                     "bea",
		`active eq false`:                    "bea",
		`active eq true and title ew "poet"`: "cyd",
		`name.familyName eq "Byron" or userName eq "cyd"`:                                    "Ada cyd",
		`(userName eq "Ada" or userName eq "bea") and active eq true`:                        "Ada",
		`emails.value eq "ADA@example.com"`:                                                  "Ada",
		`emails eq "ada@example.com"`:                                                        "Ada",
		`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "Engines"`: "Ada",
		`urn:ietf:params:scim:schemas:core:2.0:User:userName eq "bea"`:                       "bea",
		`name.familyName eq "O'Neil (jr) \"B\""`:                                             "bea",
		`userName ne "ada"`:                                                                  "bea cyd",
		`userName gt "b"`:                                                                    "bea cyd",
	} {
		out := c.want(200, "GET", "/Users?filter="+url.QueryEscape(filter), nil)
		var got []string
		for _, r := range out["Resources"].([]any) {
			got = append(got, r.(object)["userName"].(string))
		}
		if strings.Join(got, " ") != want || out["totalResults"] != float64(len(got)) {
			t.Errorf("%s finds %v of %v, want %s", filter, got, out["totalResults"], want)
		}
	}
	for _, filter := range []string{`userName`, `userName eq`, `userName eq "a`, `userName is "a"`, `(userName eq "a"`, `userName eq "a" and`,
		`userName eq ada`, strings.Repeat("(", 100) + `userName eq "a"`, `"a" eq userName`} {
		if got, out := c.ask("GET", "/Users?filter="+url.QueryEscape(filter), nil); got != 400 || out["scimType"] != "invalidFilter" {
			t.Errorf("%s answered %d %v", filter, got, out)
		}
	}
}

// TestVersions: a change under an old version is refused (RFC 7644 section 3.14).
func TestVersions(t *testing.T) {
	c := start(t, scimtest.Options{})
	made := c.want(201, "POST", "/Users", user("ada", nil))
	path, old := "/Users/"+made["id"].(string), made["meta"].(object)["version"].(string)
	title := patch(object{"op": "add", "path": "title", "value": "Analyst"})
	c.want(200, "PATCH", path, title, "If-Match", old)
	c.want(412, "PATCH", path, title, "If-Match", old)
	c.want(412, "PUT", path, user("ada", nil), "If-Match", old)
	c.want(412, "DELETE", path, nil, "If-Match", old)
	c.want(204, "DELETE", path, nil)
}

// TestRefusedPatchChangesNothing: all operations of a PATCH happen, or none.
func TestRefusedPatchChangesNothing(t *testing.T) {
	c := start(t, scimtest.Options{})
	ada, group := c.server.AddUser("ada"), c.server.AddGroup("Readers")
	c.want(400, "PATCH", "/Groups/"+group, patch(
		object{"op": "add", "path": "members", "value": []object{{"value": ada}}},
		object{"op": "replace", "path": "displayName", "value": "Writers"},
		object{"op": "add", "path": "members", "value": []object{{"value": "nobody"}}}))
	if g := c.server.Groups()[0]; g.DisplayName != "Readers" || len(g.Members) != 0 {
		t.Errorf("after a refused PATCH: %+v", g)
	}
}

// TestAuthentication: no endpoint answers without the credential.
func TestAuthentication(t *testing.T) {
	c := start(t, scimtest.Options{Token: "right"})
	basic := start(t, scimtest.Options{User: "u", Password: "p"})
	for _, path := range []string{"/Users", "/Groups", "/Users/x", "/ServiceProviderConfig", "/Schemas", "/ResourceTypes"} {
		c.want(401, "GET", path, nil)
		c.want(401, "GET", path, nil, "Authorization", "Bearer wrong")
		basic.want(401, "GET", path, nil)
	}
	c.want(200, "GET", "/Users", nil, "Authorization", "Bearer right")
	basic.want(200, "GET", "/Users", nil, "Authorization", "Basic dTpw")
}

// TestState: what was answered survives a restart; a line that a crash cut off does not disturb.
func TestState(t *testing.T) {
	o := scimtest.Options{StateFile: filepath.Join(t.TempDir(), "state", "app.jsonl")}
	c := start(t, o)
	ada, bea, cyd := c.server.AddUser("ada"), c.server.AddUser("bea"), c.server.AddUser("cyd")
	readers, gone := c.server.AddGroup("Readers"), c.server.AddGroup("Gone")
	for _, id := range []string{cyd, ada, bea} {
		add := patch(object{"op": "add", "path": "members", "value": []object{{"value": id}}})
		c.want(200, "PATCH", "/Groups/"+readers, add)
		c.want(200, "PATCH", "/Groups/"+gone, add)
	}
	c.want(200, "PATCH", "/Groups/"+readers, patch(object{"op": "remove", "path": fmt.Sprintf(`members[value eq "%s"]`, bea)}))
	c.want(200, "PATCH", "/Users/"+ada, patch(object{"op": "replace", "path": "active", "value": false}))
	c.want(204, "DELETE", "/Groups/"+gone, nil)
	c.want(204, "DELETE", "/Users/"+bea, nil)
	users, groups := c.server.Users(), c.server.Groups()
	if len(users) != 2 || len(groups) != 1 || !slices.Equal(groups[0].Members, []string{cyd, ada}) {
		t.Fatalf("before the restart: %+v %+v", users, groups)
	}
	for range 2 {
		f, err := os.OpenFile(o.StateFile, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(`{"put":"User","record":{"id":"torn`); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		again := start(t, o)
		if got := again.server.Users(); fmt.Sprint(got) != fmt.Sprint(users) {
			t.Errorf("after a restart: %+v, want %+v", got, users)
		}
		if got := again.server.Groups(); fmt.Sprint(got) != fmt.Sprint(groups) {
			t.Errorf("after a restart: %+v, want %+v", got, groups)
		}
		if err := again.server.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestLargeGroup: one membership costs the same in a large group as in a small one.
func TestLargeGroup(t *testing.T) {
	c := start(t, scimtest.Options{})
	small, large := c.server.AddGroup("Small"), c.server.AddGroup("Large")
	var members []object
	for i := range 50_000 {
		members = append(members, object{"value": c.server.AddUser(fmt.Sprintf("user%05d", i))})
	}
	c.want(204, "PATCH", "/Groups/"+large, patch(object{"op": "add", "path": "members", "value": members}))
	cost := func(group string, users []object) time.Duration {
		begun := time.Now()
		for _, m := range users {
			c.ask("PATCH", "/Groups/"+group, patch(object{"op": "remove", "path": fmt.Sprintf(`members[value eq "%s"]`, m["value"])}))
			c.ask("PATCH", "/Groups/"+group, patch(object{"op": "add", "path": "members", "value": []object{m}}))
		}
		return time.Since(begun)
	}
	few := members[:50]
	a, b := cost(small, few), cost(large, few)
	if b > 20*a+time.Second {
		t.Errorf("50 changes took %s in a small group and %s in one of 50,000", a, b)
	}
	for _, g := range c.server.Groups() {
		if want := map[string]int{small: 50, large: 50_000}[g.ID]; len(g.Members) != want {
			t.Errorf("%s has %d members, want %d", g.DisplayName, len(g.Members), want)
		}
	}
}

// TestPage shows names as text, whatever they contain.
func TestPage(t *testing.T) {
	c := start(t, scimtest.Options{Title: "Wiki & <more>"})
	c.server.AddUser(`<script>alert("x")</script>`)
	resp, err := http.Get(strings.TrimSuffix(c.url, scimtest.Prefix) + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 200 || bytes.Contains(body, []byte("<script>")) || !bytes.Contains(body, []byte("&lt;script&gt;")) {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}
