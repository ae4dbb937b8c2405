package change

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// What happened to an object.
const (
	Added   = "added"
	Changed = "changed"
	Removed = "removed"
)

// ObjectChange is one document that changes something.
type ObjectChange struct {
	Kind   string        `json:"kind"`
	Name   string        `json:"name"`
	What   string        `json:"what"` // added, changed or removed
	Fields []FieldChange `json:"fields,omitempty"`
}

// FieldChange is one field that differs; nil where the field was not or will not be set.
type FieldChange struct {
	Field string `json:"field"`
	From  any    `json:"from"`
	To    any    `json:"to"`
}

// object is one declared object: its spec as JSON gives it.
type object struct {
	kind, name string
	spec       any
}

// fileKind and fileSpec give an object o and a spec s of the policy as files declare them.
const (
	fileKind = `case o.kind when 'role' then 'Role' when 'rule' then 'BirthrightRule' when 'duty' then 'Duty' when 'sod' then 'SoDRule' when 'offer' then 'Offer' else 'ApprovalRule' end`
	fileSpec = `s.spec - '{role_ids,entitlement_ids,duty_ids,owner_id,attributes,about,given,group_ids}'::text[]`
)

// declared reads every spec in the database, by kind and name.
func declared(tx *db.Tx) (map[string]object, error) {
	rows, err := tx.Query(`select 'HRSource', name, spec from hr_source
		union all select 'Application', name, spec from application
		union all select ` + fileKind + `, o.name, ` + fileSpec + `
			from policy_spec s join policy_object o on o.id = s.object_id where s.to_version is null`)
	if err != nil {
		return nil, err
	}
	out := map[string]object{}
	var kind, name string
	var body []byte
	_, err = pgx.ForEachRow(rows, []any{&kind, &name, &body}, func() error {
		o := object{kind: kind, name: name}
		out[kind+" "+name] = o
		if err := json.Unmarshal(body, &o.spec); err != nil {
			return err
		}
		out[kind+" "+name] = o
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, inPortal(tx, out)
}

// activePeople counts who works here now: the base of the brake's percentage.
func activePeople(tx *db.Tx) (int, error) {
	var n int
	err := tx.QueryRow(`select count(*) from identity where kind = 'person' and state in ('active', 'leave')`).Scan(&n)
	return n, err
}

// difference lists what differs between two states of the database. touched are documents whose room says that it wrote
// something: where no field shows it, a secret or a stored default changed.
func difference(before, after map[string]object, touched map[string]bool) []ObjectChange {
	var out []ObjectChange
	for key, b := range before {
		if _, ok := after[key]; !ok {
			out = append(out, ObjectChange{Kind: b.kind, Name: b.name, What: Removed})
		}
	}
	for key, a := range after {
		b, ok := before[key]
		c := ObjectChange{Kind: a.kind, Name: a.name, What: Changed}
		if !ok {
			c.What = Added
		} else {
			c.Fields = fieldChanges(flatten(b.spec), flatten(a.spec))
		}
		if c.What == Changed && len(c.Fields) == 0 {
			if !touched[key] {
				continue
			}
			c.Fields = []FieldChange{{Field: "what is behind it (a secret, an owner or an entitlement)", To: "renewed"}}
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(x, y ObjectChange) int {
		return cmp.Or(slices.Index(kinds, x.Kind)-slices.Index(kinds, y.Kind), cmp.Compare(x.Name, y.Name))
	})
	return out
}

func fieldChanges(from, to map[string]any) []FieldChange {
	all := maps.Clone(from)
	maps.Copy(all, to)
	var out []FieldChange
	for _, f := range slices.Sorted(maps.Keys(all)) {
		if !same(from[f], to[f]) {
			out = append(out, FieldChange{Field: f, From: from[f], To: to[f]})
		}
	}
	return out
}

func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// flatten gives every value by its path. Lists of named things are told apart by their names, other lists are one value.
func flatten(v any) map[string]any {
	out := map[string]any{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, inner := range v {
				walk(join(path, k), inner)
			}
			return
		case []any:
			if names := namesOf(v); names != nil {
				for i, inner := range v {
					walk(fmt.Sprintf("%s[%s]", path, names[i]), inner)
				}
				return
			}
		}
		out[path] = v
	}
	walk("", v)
	return out
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// namesOf gives the names of a list's items when all of them have one.
func namesOf(items []any) []string {
	var out []string
	for _, item := range items {
		m, ok := item.(map[string]any)
		name, named := m["name"].(string)
		if !ok || !named {
			return nil
		}
		out = append(out, name)
	}
	return out
}
