package change

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"tenure/internal/db"
	"tenure/internal/errs"
)

// Export writes everything that is declared as documents that Apply would read: applying them changes nothing. Secrets stand as the
// references they were declared with.
func Export(tx *db.Tx) (string, error) {
	all, err := declared(tx)
	if err != nil {
		return "", err
	}
	return documentsOf(slices.Collect(maps.Values(all)), nil)
}

// documentsOf writes objects, and the ends of others, in the order in which they build on one another.
func documentsOf(all, ends []object) (string, error) {
	slices.SortFunc(all, byKind)
	slices.SortFunc(ends, byKind)
	var out []string
	for _, o := range all {
		o.spec = tidy(o)
		doc, err := yaml.MarshalWithOptions(yaml.MapSlice{{Key: "kind", Value: o.kind}, {Key: "name", Value: o.name}, {Key: "spec", Value: ordered(o)}}, yaml.Indent(2), yaml.UseLiteralStyleIfMultiline(true))
		if err != nil {
			return "", fmt.Errorf("%s %s: %w", o.kind, o.name, err)
		}
		out = append(out, string(doc))
	}
	for _, o := range ends {
		doc, err := yaml.Marshal(yaml.MapSlice{{Key: "kind", Value: o.kind}, {Key: "name", Value: o.name}, {Key: "ends", Value: true}})
		if err != nil {
			return "", err
		}
		out = append(out, string(doc))
	}
	return strings.Join(out, "---\n"), nil
}

// ordered puts the fields of a spec of the policy in the order in which the reference lists them.
func ordered(o object) any {
	if specTypes[o.kind] == nil {
		return o.spec
	}
	return orderedAs(o.spec, specTypes[o.kind])
}

// orderedAs does that for a value and what is within it.
func orderedAs(v any, t reflect.Type) any {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch v := v.(type) {
	case []any:
		if t.Kind() == reflect.Slice {
			out := make([]any, len(v))
			for i, x := range v {
				out[i] = orderedAs(x, t.Elem())
			}
			return out
		}
	case map[string]any:
		if t.Kind() == reflect.Struct {
			return orderedFields(v, t)
		}
	}
	return v
}

func orderedFields(spec map[string]any, t reflect.Type) yaml.MapSlice {
	place := map[string]int{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		place[name] = i - t.NumField()
	}
	types := fieldsOf(t)
	out := yaml.MapSlice{}
	for _, k := range slices.SortedFunc(maps.Keys(spec), func(a, b string) int { return cmp.Or(place[a]-place[b], strings.Compare(a, b)) }) {
		v := spec[k]
		if types[k] != nil {
			v = orderedAs(v, types[k])
		}
		out = append(out, yaml.MapItem{Key: k, Value: v})
	}
	return out
}

func byKind(a, b object) int {
	if d := slices.Index(kinds, a.kind) - slices.Index(kinds, b.kind); d != 0 {
		return d
	}
	return strings.Compare(a.name, b.name)
}

// undoOf writes the documents that take changes back: what was changed or removed as it was, the end of what was added.
func undoOf(before map[string]object, changes []ObjectChange) (string, error) {
	var back, ends []object
	for _, c := range changes {
		switch was, ok := before[c.Kind+" "+c.Name]; {
		case ok:
			back = append(back, was)
		case policyKinds[c.Kind] == "":
			return "", errs.Invalid("an application or HR source cannot be added in a plan that may be taken back: declare it with tenure apply -f")
		default:
			ends = append(ends, object{kind: c.Kind, name: c.Name})
		}
	}
	return documentsOf(back, ends)
}

// tidy leaves out what says nothing: a title that is the name, the usual kind of an entitlement, and whatever is empty.
func tidy(o object) any {
	spec, _ := plain(o.spec).(map[string]any)
	if o.kind != KindApplication || spec == nil {
		return spec
	}
	if spec["title"] == o.name {
		delete(spec, "title")
	}
	list, _ := spec["entitlements"].([]any)
	for _, x := range list {
		if e, ok := x.(map[string]any); ok {
			if e["title"] == e["name"] {
				delete(e, "title")
			}
			if e["kind"] == "group" {
				delete(e, "kind")
			}
		}
	}
	return spec
}

// plain copies a value as JSON gives it, without what is null or empty and with whole numbers as such.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, inner := range v {
			if p := plain(inner); !empty(p) {
				out[k] = p
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = plain(inner)
		}
		return out
	case float64:
		if v == float64(int64(v)) {
			return int64(v)
		}
	}
	return v
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}

// Declaration is one document of a policy file. Spec is as JSON would give it.
type Declaration struct {
	Kind, Name string
	Spec       map[string]any
}

// Write writes documents as ReadText reads them, in the order in which they build on one another.
func Write(all ...Declaration) (string, error) {
	objects := make([]object, len(all))
	for i, d := range all {
		objects[i] = object{kind: d.Kind, name: d.Name, spec: d.Spec}
	}
	return documentsOf(objects, nil)
}

// Document writes one declared object.
func Document(tx *db.Tx, kind, name string) (string, error) {
	all, err := declared(tx)
	if err != nil {
		return "", err
	}
	o, ok := all[kind+" "+name]
	if !ok {
		return "", errs.NotFound("there is no %s %q", kind, name)
	}
	return documentsOf([]object{o}, nil)
}
