package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"tenure/internal/catalog"
	"tenure/internal/connector/scim/scimtest"
	"tenure/internal/db"
)

// look asks the target itself how a person's account is, and that it holds what the person should hold, no more and no less.
func (w *world) look(tx *db.Tx, a *catalog.Application, id int, o *outcome) error {
	var name string
	err := tx.QueryRow(`select coalesce(max(c.name), '') from account c join account_link l on l.account_id = c.id and l.known_to = 'infinity'
		where l.identity_id = $1 and c.application_id = $2`, id, a.ID).Scan(&name)
	if err != nil || name == "" {
		return err
	}
	var users struct {
		Resources []struct {
			UserName string
			Active   bool
			Groups   []struct{ Display string }
		}
	}
	w.get(a.Name, "/Users", &users)
	o.Account[a.Name] = name + " not there"
	var want, have []string
	for _, u := range users.Resources {
		if u.UserName != name {
			continue
		}
		o.Account[a.Name] = name + " off"
		if u.Active {
			o.Account[a.Name] = name + " on"
		}
		for _, g := range u.Groups {
			have = append(have, g.Display)
		}
		for _, g := range w.groups(a.Name) {
			if o.Holds[g] != "" {
				want = append(want, g)
			}
		}
	}
	slices.Sort(have)
	if !slices.Equal(want, have) {
		o.Account[a.Name] += fmt.Sprintf(" with %v", have)
	}
	return nil
}

func (w *world) groups(app string) []string {
	c := w.catalog()
	var out []string
	for _, e := range c.Entitlements {
		if e.Kind == "group" && c.Apps[e.ApplicationID].Name == app {
			out = append(out, e.Name)
		}
	}
	slices.Sort(out)
	return out
}

func (w *world) get(app, path string, into any) {
	w.t.Helper()
	res, err := http.Get(w.targets[app].URL + scimtest.Prefix + path)
	w.must(err)
	defer res.Body.Close()
	w.must(json.NewDecoder(res.Body).Decode(into))
}

func (w *world) post(app, group string) {
	w.t.Helper()
	body := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":%q}`, group)
	res, err := http.Post(w.targets[app].URL+scimtest.Prefix+"/Groups", "application/scim+json", strings.NewReader(body))
	w.must(err)
	res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		w.t.Fatalf("group %s: %s", group, res.Status)
	}
}
