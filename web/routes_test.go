package web_test

import (
	"bytes"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"tenure/internal/policy"
	"tenure/web"
)

// personas are who asks, by the name that testdata/routes.yaml uses, in the order in which the file names them.
var personas = []struct{ name, number string }{
	{"anonymous", ""}, {"employee", employee}, {"manager", manager}, {"owner", owner}, {"it", itPerson}, {"hr", hrPerson}, {"compliance", compliance},
	{"auditor", auditor}, {"administrator", administrator}, {"token", tokenOf},
}

// matrix is testdata/routes.yaml: for every route, who gets through.
func matrix(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/routes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]string
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&m); err != nil {
		t.Fatal(err)
	}
	return m
}

// reach is an address of a route that names nothing there is: whoever gets through is told so, and nothing happens.
func reach(path string) string {
	return strings.NewReplacer(":id", "999999", ":name", "nothing", ":number", "0", ":field", "token", ":act", "claim", "*file", "nothing.css").Replace(path)
}

func TestRoutesArePermitted(t *testing.T) {
	w := newWorld(t)
	table, served, err := web.Rows(w.app, web.Options{Demo: &web.Demo{Feed: w.feed}})
	w.must(err)
	known := policy.Portal.Permissions()
	var listed, there []string
	for _, r := range table {
		listed = append(listed, r.Method+" "+r.Path)
		if r.Permission != web.Public && !slices.Contains(known, r.Permission) {
			t.Errorf("%s %s needs the permission %q, which nobody has: state one of policy.Portal, or Public", r.Method, r.Path, r.Permission)
		}
	}
	for _, r := range served {
		there = append(there, r.Method+" "+r.Path)
	}
	slices.Sort(listed)
	slices.Sort(there)
	if diff := cmp.Diff(listed, there); diff != "" {
		t.Errorf("gin serves other addresses than the table has (-table +gin):\n%s", diff)
	}
}

// Every persona asks every route; who gets through is what the file says, cell by cell.
func TestPersonasAndRoutes(t *testing.T) {
	w := newWorld(t)
	table, _, err := web.Rows(w.app, web.Options{Demo: &web.Demo{Feed: w.feed}})
	w.must(err)
	want := matrix(t)
	got := map[string]string{}
	for _, p := range personas {
		c := w.by(p.number)
		for _, r := range table {
			if r.Path == "/signout" && p.number != "" {
				through(w.by(p.number), r) // ends a session of its own
			} else if !through(c, r) {
				continue
			}
			key := r.Method + " " + r.Path
			got[key] = strings.TrimSpace(got[key] + " " + p.name)
		}
	}
	for _, r := range table {
		if key := r.Method + " " + r.Path; r.Method != http.MethodHead && got[key] != want[key] {
			t.Errorf("%s lets through %q, the file says %q", key, got[key], want[key])
		}
		if r.Method == http.MethodHead && got["HEAD "+r.Path] != got["GET "+r.Path] {
			t.Errorf("HEAD %s lets through others than GET: %q", r.Path, got["HEAD "+r.Path])
		}
		delete(want, r.Method+" "+r.Path)
	}
	for key := range want {
		t.Errorf("the file has %s, which is no route", key)
	}
}

// through says whether a request gets past the question who may.
func through(c *client, r web.Row) bool {
	p := c.send(r.Method, reach(r.Path), nil)
	return p.status != http.StatusUnauthorized && p.status != http.StatusForbidden && !strings.HasPrefix(p.to, "/signin?next=") &&
		(p.to != "/signin" || r.Path == "/signout")
}

// An auditor changes nothing but what is their own: the session, the theme, their profile and views, their tokens and passwords, and the demo's play.
func TestAuditorsHaveNoWriteRoutes(t *testing.T) {
	for route, who := range matrix(t) {
		own := []string{"POST /signin/second", "POST /signin/enrol", "POST /stepup", "POST /me/sessions/:id/end", "POST /me/sessions/end-others", "POST /me/factors/app", "POST /me/factors/passkey", "POST /me/factors/recovery", "POST /me/factors/:id/name", "POST /me/factors/:id/remove",
			"POST /hooks/slack", "POST /signin", "POST /signin/persona", "POST /signout", "POST /theme", "POST /me/tokens", "POST /me/profile", "POST /views", "POST /views/:id/delete", "POST /me/tokens/:id/revoke", "POST /me/delegations", "POST /me/delegations/:id/end", "POST /me/secrets/:id",
			"POST /requests", "POST /requests/activate", "POST /requests/:ref/say", "POST /requests/:ref/remind", "POST /requests/:ref/items/:item/:act",
			"POST /reviews/:id/decide", "POST /reviews/:id/chosen", "POST /reviews/:id/undo", "POST /reviews/:id/rules", "POST /reviews/:id/batch/open", "POST /reviews/:id/batch/keep", "POST /reviews/:id/reassign", "POST /reviews/:id/sign", "POST /reviews/items/:item/:act",
			"POST /approvals", "POST /steps/:id/decide", "POST /steps/:id/reassign", // their own requests, and what is asked of them by name
			"POST /evidence/controls/:name/:population/draw", "POST /evidence/controls/:name/pack", "POST /evidence/controls/:name/:population/pack", "POST /evidence/samples/:id/pack", "POST /evidence/schedules", "POST /evidence/schedules/:id", "POST /evidence/schedules/:id/edit", "POST /evidence/log/pack", "POST /evidence/log/verify", // what they draw and take along is noted, and changes nothing
			"POST /tasks/:id/cancel", "POST /people/chosen"} // who was ticked is exported; whatever else it offers asks for a permission of its own
		if strings.HasPrefix(route, "POST") && slices.Contains(strings.Fields(who), "auditor") && !slices.Contains(own, route) && !strings.HasPrefix(route, "POST /demo/") {
			t.Errorf("an auditor may %s", route)
		}
	}
}

// A token that may only read reaches no route that changes something, but those that anybody reaches without signing in.
func TestReadingTokensHaveNoWriteRoutes(t *testing.T) {
	for route, who := range matrix(t) {
		all := strings.Fields(who)
		if strings.HasPrefix(route, "POST") && slices.Contains(all, "token") && !slices.Contains(all, "anonymous") {
			t.Errorf("a token that may only read may %s", route)
		}
	}
}
