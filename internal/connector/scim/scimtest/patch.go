package scimtest

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// operation is one step of a PATCH (RFC 7644 section 3.5.2).
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// memberChange is what a PATCH does to a group's members: perhaps remove all, then single steps in order.
type memberChange struct {
	clear bool
	steps []memberStep
}

type memberStep struct {
	user string
	join bool
}

func joins(users []string) []memberStep {
	steps := make([]memberStep, 0, len(users))
	for _, u := range users {
		steps = append(steps, memberStep{u, true})
	}
	return steps
}

func (c memberChange) added() []string {
	var out []string
	for _, s := range c.steps {
		if s.join {
			out = append(out, s.user)
		}
	}
	return out
}

func decodePatch(r *http.Request) ([]operation, *fault) {
	var body struct {
		Schemas    []any       `json:"schemas"`
		Operations []operation `json:"Operations"`
	}
	if f := decode(r, &body); f != nil {
		return nil, f
	}
	if !containsFold(body.Schemas, patchSchema) {
		return nil, invalid("invalidSyntax", "schemas must list "+patchSchema)
	}
	if len(body.Operations) == 0 {
		return nil, invalid("invalidSyntax", "there is no operation")
	}
	for i := range body.Operations {
		op := &body.Operations[i]
		if op.Op = strings.ToLower(op.Op); !slices.Contains([]string{"add", "remove", "replace"}, op.Op) {
			return nil, invalid("invalidSyntax", "op is add, remove or replace")
		}
		op.Value = canonical(op.Value)
	}
	return body.Operations, nil
}

// applyPatch computes the attributes after all operations; nothing is stored, so a refused operation leaves nothing behind.
func (s *Server) applyPatch(t *table, old *record, ops []operation) (map[string]any, memberChange, *fault) {
	attrs := canonical(old.attrs).(map[string]any)
	var change memberChange
	for _, op := range ops {
		var f *fault
		if op.Path == "" {
			f = s.patchWhole(t, attrs, old, op, &change)
		} else {
			f = s.patchOne(t, attrs, old, op, &change)
		}
		if f != nil {
			return nil, change, f
		}
	}
	return attrs, change, nil
}

// patchWhole is an operation without a path: its value is an object of attributes, or of paths as some clients send.
func (s *Server) patchWhole(t *table, attrs map[string]any, old *record, op operation, change *memberChange) *fault {
	whole, ok := op.Value.(map[string]any)
	if !ok || op.Op == "remove" {
		return invalid("noTarget", "an operation without a path needs an object as its value")
	}
	for name, v := range whole {
		if ext, ok := v.(map[string]any); ok && name == enterpriseSchema {
			for sub, v := range ext {
				if f := s.patchOne(t, attrs, old, operation{op.Op, name + ":" + sub, v}, change); f != nil {
					return f
				}
			}
			continue
		}
		if name == "schemas" {
			continue
		}
		if f := s.patchOne(t, attrs, old, operation{op.Op, name, v}, change); f != nil {
			return f
		}
	}
	return nil
}

func (s *Server) patchOne(t *table, attrs map[string]any, old *record, op operation, change *memberChange) *fault {
	p, err := parsePath(op.Path)
	if err != nil {
		return invalid("invalidPath", err.Error())
	}
	if t == s.groups && p.attr == "members" {
		return s.patchMembers(old, p, op, change)
	}
	if slices.Contains([]string{"id", "meta", "schemas", "groups"}, p.attr) {
		return invalid("mutability", p.attr+" is read-only")
	}
	home := attrs
	if p.ext != "" {
		ext, _ := attrs[p.ext].(map[string]any)
		if ext == nil {
			ext = map[string]any{}
		}
		attrs[p.ext], home = ext, ext
		defer func() {
			if len(ext) == 0 {
				delete(attrs, p.ext)
			}
		}()
	}
	if p.filter != nil {
		return patchElements(home, p, op)
	}
	if p.sub != "" {
		inner, _ := home[p.attr].(map[string]any)
		if inner == nil {
			inner = map[string]any{}
		}
		assign(inner, p.sub, op)
		if home[p.attr] = inner; len(inner) == 0 {
			delete(home, p.attr)
		}
		return nil
	}
	assign(home, p.attr, op)
	return nil
}

// assign applies an operation to one attribute of an object.
func assign(home map[string]any, name string, op operation) {
	if op.Op == "remove" || op.Value == nil {
		delete(home, name)
		return
	}
	if inner, ok := home[name].(map[string]any); ok {
		if more, ok := op.Value.(map[string]any); ok {
			for k, v := range more {
				inner[k] = v
			}
			return
		}
	}
	if list, ok := home[name].([]any); ok && op.Op == "add" {
		for _, v := range asList(op.Value) {
			if !slices.ContainsFunc(list, func(have any) bool { return reflect.DeepEqual(have, v) }) {
				list = append(list, v)
			}
		}
		home[name] = list
		return
	}
	home[name] = op.Value
}

func asList(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	return []any{v}
}

// patchElements applies an operation to the elements of a multi-valued attribute that a value filter selects.
func patchElements(home map[string]any, p path, op operation) *fault {
	list, _ := home[p.attr].([]any)
	kept, hit := make([]any, 0, len(list)), false
	for _, e := range list {
		m, ok := e.(map[string]any)
		if !ok || !p.filter.match(func(q path) []any { return values(m, q) }) {
			kept = append(kept, e)
			continue
		}
		hit = true
		switch {
		case p.sub != "":
			assign(m, p.sub, op)
			kept = append(kept, m)
		case op.Op == "remove":
		default:
			if more, ok := op.Value.(map[string]any); ok {
				for k, v := range more {
					m[k] = v
				}
			}
			kept = append(kept, m)
		}
	}
	if !hit && op.Op != "remove" {
		return invalid("noTarget", "the filter selects nothing")
	}
	if home[p.attr] = kept; len(kept) == 0 {
		delete(home, p.attr)
	}
	return nil
}

// patchMembers notes a change of a group's members.
func (s *Server) patchMembers(old *record, p path, op operation, change *memberChange) *fault {
	if p.filter != nil {
		if op.Op != "remove" || p.sub != "" {
			return invalid("invalidPath", "a member is added or removed whole")
		}
		gone := s.selectMembers(old, p.filter)
		if len(gone) == 0 && s.opts.StrictRemove {
			return invalid("noTarget", "the filter selects no member")
		}
		for _, id := range gone {
			change.steps = append(change.steps, memberStep{id, false})
		}
		return nil
	}
	users, f := memberValues(op.Value)
	if f != nil {
		return f
	}
	switch {
	case op.Op == "add":
		change.steps = append(change.steps, joins(users)...)
	case op.Op == "remove" && len(users) > 0:
		for _, id := range users {
			change.steps = append(change.steps, memberStep{id, false})
		}
	default:
		change.clear, change.steps = true, joins(users)
	}
	return nil
}

// selectMembers gives the members a value filter selects; value eq needs no look at the others.
func (s *Server) selectMembers(g *record, filter expr) []string {
	if c, ok := filter.(compare); ok && c.op == "eq" && c.path.attr == "value" {
		if id, _ := c.value.(string); g.members[id] != nil {
			return []string{id}
		}
		return nil
	}
	var out []string
	for _, id := range g.memberIDs() {
		m := map[string]any{"value": id, "type": "User"}
		if u := s.users.byID[id]; u != nil {
			m["display"] = u.text("userName")
		}
		if filter.match(func(q path) []any { return values(m, q) }) {
			out = append(out, id)
		}
	}
	return out
}

func memberValues(v any) ([]string, *fault) {
	if v == nil {
		return nil, nil
	}
	var out []string
	for _, e := range asList(v) {
		m, _ := e.(map[string]any)
		id, _ := m["value"].(string)
		if id == "" {
			return nil, invalid("invalidValue", "a member has a value")
		}
		out = append(out, id)
	}
	return out, nil
}
