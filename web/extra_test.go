package web_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tenure/web"
)

// extras are fields that no form has: what somebody would add to get more than the act gives.
var extras = []string{"role", "administrator", "roles", "administrator", "approver", "1", "risk", "low", "identity_id", "1", "identity", "1", "state", "active", "privileged", "false",
	"kind", "service", "owner", itPerson, "owner_id", "1", "id", "1", "public_id", "0b0e9a6e-0000-4000-8000-000000000000", "mode", "observe", "connector", "scim", "requestable", "true",
	"known_to", "2000-01-01", "locked_at", "", "decided_by", "1", "permission", "portal.give", "scopes", "write", "admin", "true", "_method", "DELETE"}

// rowsOf is every row of every table as text, by table, but those of the floor.
func (w *world) rowsOf() map[string][]string {
	w.t.Helper()
	out := map[string][]string{}
	for _, table := range w.tables() {
		rows, err := w.app.DB.Pool.Query(w.t.Context(), fmt.Sprintf(`select to_jsonb(t)::text from %s t order by 1`, keptOf(table)))
		w.must(err)
		for rows.Next() {
			var text string
			w.must(rows.Scan(&text))
			out[table] = append(out[table], text)
		}
		w.must(rows.Err())
	}
	return out
}

// changed gives the tables in which rows are others than before.
func changed(before, after map[string][]string) (out []string) {
	for table := range after {
		if !slices.Equal(before[table], after[table]) {
			out = append(out, table)
		}
	}
	slices.Sort(out)
	return out
}

// An employee posts every form with fields that it does not have. What is governed stays, and what is theirs stays theirs.
func TestExtraFieldsOfAnEmployee(t *testing.T) {
	th := things(newWorld(t))
	w := th.w
	c := w.as(employee)
	table, _, err := web.Rows(w.app, web.Options{Demo: &web.Demo{Feed: w.feed}})
	w.must(err)
	before := w.rowsOf()
	for _, r := range table {
		// Signing in and out ends the session; sending the feed is the demo's HR system, which anybody plays.
		if r.Method != http.MethodPost || strings.HasPrefix(r.Path, "/sign") || r.Path == "/demo/hr/send" {
			continue
		}
		pairs := append(slices.Clone(extras), "reason", "a test", "days", "7", "list", "tokens", "query", "q=mine", "scope", "read")
		if p := c.post(th.at(r.Path), pairs...); p.status >= 500 {
			t.Errorf("%s is answered %d", r.Path, p.status)
		}
		c.post(th.at(r.Path), append(pairs, filled...)...)
	}
	own := []string{"token", "saved_view", "preference", "event", "actor", "request_item", "request_step", "message", "delivery"} // their own request is taken back, and who is asked is told
	after := w.rowsOf()
	for _, table := range changed(before, after) {
		if !slices.Contains(own, table) {
			t.Errorf("an employee changed %s", table)
		}
	}
	me := w.number(`select id from identity where number = $1`, employee)
	for _, table := range []string{"token", "saved_view", "preference"} {
		for _, row := range after[table] {
			if !slices.Contains(before[table], row) && !strings.Contains(strings.Replace(row, "}", ",", 1), fmt.Sprintf(`"identity_id": %d,`, me)) {
				t.Errorf("%s has a row of somebody else: %s", table, row)
			}
		}
		for _, row := range before[table] {
			if !slices.Contains(after[table], row) {
				t.Errorf("%s lost a row of somebody else: %s", table, row)
			}
		}
	}
	if len(after["token"]) == len(before["token"]) || len(after["saved_view"]) == len(before["saved_view"]) {
		t.Error("the forms themselves did nothing: the test proves nothing")
	}
}

// IT posts every form with fields it does not have and without those it has: acts that ask for something do nothing then.
func TestExtraFieldsAreNoAct(t *testing.T) {
	th := things(newWorld(t))
	w := th.w
	c := w.as(itPerson)
	// These ask for nothing besides what the address says, or for what is among the extras.
	acts := []string{"/theme", "/me/profile", "/applications/:name/check", "/applications/:name/connector/test", "/operations/:id/check", "/hr/runs/:id/look", "/me/sessions/end-others", "/policy/mining",
		"/stepup"} // which is a click in a demo
	table, _, err := web.Rows(w.app, web.Options{Demo: &web.Demo{Feed: w.feed}})
	w.must(err)
	before := w.rowsOf()
	for _, r := range table {
		if r.Method != http.MethodPost || strings.HasPrefix(r.Path, "/sign") || strings.HasPrefix(r.Path, "/demo/") || slices.Contains(acts, r.Path) {
			continue
		}
		if p := c.post(th.at(r.Path), extras...); p.status >= 500 {
			t.Errorf("%s is answered %d", r.Path, p.status)
		}
		if tables := changed(before, w.rowsOf()); len(tables) > 0 {
			t.Errorf("%s changed %v with nothing of what it asks for", r.Path, tables)
			before = w.rowsOf()
		}
	}
}

// An act writes what its form has, and nothing of what was added.
func TestActsTakeTheirOwnFieldsOnly(t *testing.T) {
	th := things(newWorld(t))
	w := th.w
	c := w.as(itPerson)
	const but = ` - 'title' - 'description' - 'risk' - 'owner_id' - 'version' - 'edited_at' - 'edited_by' - 'portal'`
	row := func(table, where string) (text string) {
		w.must(w.app.DB.Pool.QueryRow(t.Context(), `select (to_jsonb(t)`+but+`)::text from `+table+` t where `+where).Scan(&text))
		return text
	}
	at := w.entitlement("vault")
	was := row("entitlement", "name = 'vault'")
	c.post(at, append([]string{"version", version(c.get(at)), "title", "The vault", "description", "Opens it."}, extras...)...).want(t, http.StatusSeeOther)
	if is := row("entitlement", "name = 'vault'"); is != was {
		t.Errorf("describing made\n%s of\n%s", is, was)
	}
	c.post("/me/tokens", append([]string{"name", "mine", "days", "1", "scope", "read"}, extras...)...).want(t, http.StatusOK)
	if n := w.number(`select count(*) from token k join identity i on i.id = k.identity_id where k.name = 'mine' and i.number = $1`, itPerson); n != 1 {
		t.Error("the token is not whose it should be")
	}
	before := w.rowsOf()
	c.post(personOf(w, "1030")+"/terminate", append([]string{"reason", "a test"}, extras...)...).want(t, http.StatusSeeOther)
	after := w.rowsOf()
	for _, table := range []string{"portal_role", "policy_object", "application", "entitlement", "token", "login"} {
		if !slices.Equal(before[table], after[table]) {
			t.Errorf("terminating somebody changed %s", table)
		}
	}
	touched := 0
	for i, row := range after["identity"] {
		if row != before["identity"][i] {
			touched++
		}
	}
	if touched != 1 {
		t.Errorf("terminating one person changed %d rows of identity", touched)
	}
	// A number that the database cannot hold is no error of ours.
	all := w.as(administrator)
	for _, path := range []string{at, "/applications/ledger/licence", "/hr/expect"} {
		for _, huge := range []string{"999999999999", "-1", "1e9"} {
			if p := all.post(path, "version", huge, "title", "X", "amount", "1", "currency", "EUR", "count", huge, "kind", "leavers", "from", "2026-12-01", "until", "2026-12-02", "reason", "x",
				"source", "people"); p.status >= 500 {
				t.Errorf("%s with the number %s is answered %d", path, huge, p.status)
			}
		}
	}
}
