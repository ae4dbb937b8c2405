package scim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"tenure/internal/connector"
)

// change is one attribute of a user that becomes another value; nil removes it. had says whether the user has a value now.
type change struct {
	path  string // "title", "name.givenName", or an extension's schema, a colon and the attribute
	value any
	had   bool
}

// operation writes the change for PATCH: replace of what is there, add of what is not, because strict servers find no target
// for a replace of nothing.
func (c change) operation() operation {
	op := operation{Op: "replace", Path: c.path, Value: c.value}
	switch {
	case c.value == nil:
		op.Op = "remove"
	case !c.had:
		op.Op = "add"
	}
	return op
}

// apply writes the change into a whole user, for PUT.
func (c change) apply(whole map[string]any) {
	home, name := whole, c.path
	if ext, attr, ok := strings.Cut(c.path, enterprise+":"); ok && ext == "" {
		home, name = object(whole, enterprise), attr
		if c.value != nil {
			whole["schemas"] = withSchema(whole["schemas"], enterprise)
		}
	} else if outer, inner, ok := strings.Cut(c.path, "."); ok {
		home, name = object(whole, outer), inner
	}
	for k := range home { // names are case-insensitive
		if strings.EqualFold(k, name) {
			delete(home, k)
		}
	}
	if c.value != nil {
		home[name] = c.value
	}
}

func object(whole map[string]any, name string) map[string]any {
	o, ok := whole[name].(map[string]any)
	if !ok {
		o = map[string]any{}
		whole[name] = o
	}
	return o
}

func withSchema(have any, schema string) []any {
	list, _ := have.([]any)
	for _, s := range list {
		if s == schema {
			return list
		}
	}
	return append(list, schema)
}

// simple are the attributes that are one string in SCIM.
var simple = []struct{ name, path string }{
	{"display_name", "displayName"},
	{"given_name", "name.givenName"},
	{"family_name", "name.familyName"},
	{"title", "title"},
	{"employee_number", enterprise + ":employeeNumber"},
	{"department", enterprise + ":department"},
}

// changes gives what has to change so that u is as a says.
func changes(u user, a connector.Account) []change {
	var out []change
	if a.Name != "" && a.Name != u.UserName {
		out = append(out, change{"userName", a.Name, true})
	}
	if a.Enabled != u.Active.on() {
		out = append(out, change{"active", a.Enabled, true})
	}
	now := u.account().Attrs
	differs := func(name string) (want string, had, yes bool) {
		want, given := a.Attrs[name]
		return want, now[name] != "", given && want != now[name]
	}
	for _, s := range simple {
		if want, had, yes := differs(s.name); yes {
			out = append(out, change{s.path, orNil(want, want), had})
		}
	}
	if want, _, yes := differs("email"); yes {
		list := u.withEmail(want)
		var value any
		if len(list) > 0 {
			value = list
		}
		out = append(out, change{"emails", value, len(u.Emails) > 0})
	}
	if want, had, yes := differs("manager"); yes {
		out = append(out, change{enterprise + ":manager", orNil(want, map[string]any{"value": want}), had})
	}
	return out
}

func orNil(want string, value any) any {
	if want == "" {
		return nil
	}
	return value
}

// withEmail gives the addresses with another work address in the place of the present one; other addresses stay.
func (u user) withEmail(address string) []any {
	var out []any
	if address != "" {
		out = append(out, workEmail(address))
	}
	old := u.workEmail()
	for _, e := range u.Emails {
		if e.Value != old && e.Value != address {
			other := map[string]any{"value": e.Value}
			if e.Type != "" {
				other["type"] = e.Type
			}
			out = append(out, other)
		}
	}
	return out
}

func workEmail(address string) map[string]any {
	return map[string]any{"value": address, "type": "work", "primary": true}
}

// newUser is the body of a POST. schemas lists exactly what is in it; strict servers check.
func newUser(a connector.Account) map[string]any {
	body := map[string]any{"schemas": []any{userSchema}, "userName": a.Name, "active": a.Enabled}
	if a.ExternalID != "" {
		body["externalId"] = a.ExternalID
	}
	if a.Secret != "" {
		body["password"] = a.Secret
	}
	for _, s := range simple {
		if v := a.Attrs[s.name]; v != "" {
			change{path: s.path, value: v}.apply(body)
		}
	}
	if v := a.Attrs["email"]; v != "" {
		body["emails"] = []any{workEmail(v)}
	}
	if v := a.Attrs["manager"]; v != "" {
		change{path: enterprise + ":manager", value: map[string]any{"value": v}}.apply(body)
	}
	return body
}

// rewrite changes a resource on a server without PATCH: it reads the whole, edits it and puts it back, under If-Match where the server
// gives versions. edit says whether anything changed. settled, when not nil, looks at the result, because without versions
// another writer may have undone it; then all is tried again.
func (t *target) rewrite(ctx context.Context, path string, edit func(map[string]any) bool, settled func(map[string]any) bool) error {
	defer t.writing.lock(path)()
	for range 5 {
		whole, version, err := t.whole(ctx, path)
		if err != nil {
			return err
		}
		if !edit(whole) {
			return nil
		}
		delete(whole, "meta")
		_, err = t.do(ctx, call{method: http.MethodPut, path: path, body: whole, ifMatch: version, limit: maxGroup})
		if statusOf(err) == http.StatusPreconditionFailed {
			continue
		}
		if err != nil || settled == nil || version != "" {
			return err
		}
		after, _, err := t.whole(ctx, path)
		if err != nil {
			return fmt.Errorf("%w: %w", connector.ErrAmbiguous, err)
		}
		if settled(after) {
			return nil
		}
	}
	return errors.New("the resource is changed by others again and again")
}

// whole reads a resource with every attribute it has, known or not, so that a PUT loses none.
func (t *target) whole(ctx context.Context, path string) (resource map[string]any, version string, err error) {
	c := call{method: http.MethodGet, path: path, limit: maxGroup}
	r, err := t.do(ctx, c)
	if err != nil {
		return nil, "", err
	}
	dec := json.NewDecoder(strings.NewReader(string(r.body)))
	dec.UseNumber()
	if err := dec.Decode(&resource); err != nil || resource["id"] == nil {
		return nil, "", &shapeError{c.what(), "what is not a resource"}
	}
	if version = r.header.Get("ETag"); version == "" {
		meta, _ := resource["meta"].(map[string]any)
		version, _ = meta["version"].(string)
	}
	return resource, version, nil
}
