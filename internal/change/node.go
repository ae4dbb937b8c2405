package change

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"tenure/internal/errs"
)

// entries gives the fields of a mapping, nil for any other node.
func entries(n ast.Node) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	case *ast.AnchorNode:
		return entries(n.Value)
	}
	return nil
}

func keyOf(e *ast.MappingValueNode) string {
	if s, ok := e.Key.(*ast.StringNode); ok {
		return s.Value
	}
	return strings.TrimSpace(e.Key.String())
}

// start gives line and column, both from 1, of a node's first character. A block mapping's own token is its first colon.
func start(n ast.Node) (line, column int) {
	if m, ok := n.(*ast.MappingNode); !ok || !m.IsFlowStyle {
		if all := entries(n); len(all) > 0 {
			n = all[0].Key
		}
	}
	p := n.GetToken().Position
	return p.Line, p.Column
}

func lineOf(n ast.Node) int {
	line, _ := start(n)
	return line
}

// index notes the line of every field below path and refuses fields that the type does not have: all of them, where the YAML
// library stops at the first. A nil type accepts everything.
func (r *reader) index(what string, n ast.Node, t reflect.Type, path string, lines map[string]int) {
	if a, ok := n.(*ast.AnchorNode); ok {
		n = a.Value
	}
	if list, ok := n.(*ast.SequenceNode); ok {
		var item reflect.Type
		if t != nil && t.Kind() == reflect.Slice {
			item = t.Elem()
		}
		for i, v := range list.Values {
			at := fmt.Sprintf("%s[%d]", path, i)
			lines[at] = lineOf(v)
			r.index(what, v, item, at, lines)
		}
		return
	}
	for _, e := range entries(n) {
		if _, merge := e.Key.(*ast.MergeKeyNode); merge {
			continue
		}
		key := keyOf(e)
		lines[path+"."+key] = lineOf(e.Key)
		var inner reflect.Type
		if t != nil && t.Kind() == reflect.Struct {
			field, known := fieldsOf(t)[key]
			if !known {
				r.wrong(lineOf(e.Key), what+": "+path+"."+key, "is not a field here")
				continue
			}
			inner = field
		}
		r.index(what, e.Value, inner, path+"."+key, lines)
	}
}

func fieldsOf(t reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		out[name] = t.Field(i).Type
	}
	return out
}

// mistake is one rule that a document breaks, as a room told it.
type mistake struct {
	doc, path string // "Role AP Lead", "spec.owner"
	errs.Field
}

// mistakes takes apart what a room says of one document. Without a document the fields begin with it, or with what names it.
func mistakes(doc string, fields []errs.Field) []mistake {
	out := make([]mistake, len(fields))
	for i, e := range fields {
		out[i] = mistake{doc, e.Field, e}
		if doc == "" {
			out[i].doc, out[i].path, _ = strings.Cut(e.Field, ": ")
		}
	}
	return out
}

// locate puts file and line before the fields.
func (f *Files) locate(all []mistake) []errs.Field {
	out := make([]errs.Field, len(all))
	for i, m := range all {
		p, ok := f.at[m.doc]
		if !ok {
			out[i] = m.Field // about an object that these files do not declare
			continue
		}
		out[i] = errs.Field{Field: fmt.Sprintf("%s: %s: %s", lineIn(p.file, p.lineOf(m.path)), m.doc, m.path), Rule: m.Rule}
	}
	return out
}

// lineOf gives the line of a field, or of the nearest group of fields around it.
func (p place) lineOf(path string) int {
	if path != "name" && path != "spec" && !strings.HasPrefix(path, "spec.") {
		path = "spec." + path
	}
	for path != "" {
		if line, ok := p.lines[path]; ok {
			return line
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return p.line
}
