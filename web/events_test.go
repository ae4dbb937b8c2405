package web_test

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tenure/web"
)

const eventsDoc = "../docs/reference/events.md"

// docs/reference/events.md has every kind of event that the code records, with the fields of its facts as the code writes them.
func TestEventCatalogue(t *testing.T) {
	c := readSources(t)
	known := map[string]web.EventKind{}
	for _, k := range web.EventKinds() {
		known[k.Kind] = k
	}
	for _, kind := range slices.Sorted(maps.Keys(c.facts)) {
		if known[kind].Kind == "" {
			t.Errorf("%s is recorded and not in the catalogue: say it in eventWords", kind)
		}
	}
	delete(known, "target.signed_in") // told by readings, and drawn beside events
	for kind := range known {
		if c.facts[kind] == nil {
			t.Errorf("%s is in the catalogue, and no code records it", kind)
		}
	}
	doc := c.document(slices.SortedFunc(maps.Values(known), func(a, b web.EventKind) int {
		return cmp.Or(strings.Compare(a.Room, b.Room), strings.Compare(a.Kind, b.Kind))
	}))
	if *update {
		if err := os.WriteFile(eventsDoc, []byte(doc), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if is, err := os.ReadFile(eventsDoc); err != nil || string(is) != doc {
		t.Errorf("%s is not what the code records (%v): go test ./web -run TestEventCatalogue -update", eventsDoc, err)
	}
}

const eventsHead = `# Events

Every kind of event that the log has, made from the code (` + "`go test ./web -run TestEventCatalogue -update`" + `). An event is

    {"v":1,"kind":"…","actor":7,"identity":12,"recorded":"…","effective":"…","touches":{…},"facts":{…},"rows":{…},"sealed":"…"}

| field | |
|---|---|
| ` + "`kind`" + ` | as below |
| ` + "`actor`" + ` | who did it: id of a person, the system, or a shell (operator) |
| ` + "`identity`" + ` | id of the person whom it is about; not there when it is about nobody |
| ` + "`recorded`, `effective`" + ` | when it was written; since when it is so |
| ` + "`touches`" + ` | how many rows of each governed table it accounts for |
| ` + "`facts`" + ` | what changed, without personal values: the fields are below |
| ` + "`rows`" + ` | prints of the rows that it wrote and took away |
| ` + "`sealed`" + ` | hash of the personal values, which lie encrypted in the database |

Fields in facts that an event has only sometimes are listed as well. Kinds and fields are added; what is there keeps its meaning.
`

func (c *sources) document(all []web.EventKind) string {
	var b strings.Builder
	b.WriteString(eventsHead)
	room := ""
	for _, k := range all {
		if k.Room != room {
			room = k.Room
			fmt.Fprintf(&b, "\n## %s\n\n| kind | means | facts | since |\n|---|---|---|---|\n", room)
		}
		var fields []string
		for _, f := range slices.Sorted(maps.Keys(c.facts[k.Kind])) {
			fields = append(fields, "`"+f+"`")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Kind, k.Means, strings.Join(fields, ", "), cmp.Or(k.Since, "first release"))
	}
	return b.String()
}

// names is a set of names.
type names map[string]bool

func (n names) add(all names) { maps.Copy(n, all) }

// sources is what the code records: kinds with the fields of their facts.
type sources struct {
	facts   map[string]names
	structs map[string]names // "package.Type": the fields as JSON names them
}

// helper is a function that records an event of a kind that it is given, with facts that it is given or makes itself.
type helper struct {
	params      int // how many it has: methods of one name differ in it
	kind, facts int // which parameter; -1 for none
	fixed       names
}

func readSources(t *testing.T) *sources {
	t.Helper()
	c := &sources{facts: map[string]names{}, structs: map[string]names{}}
	packages := map[string][]*ast.File{}
	files := token.NewFileSet()
	for _, root := range []string{"../internal", "../web", "../cmd"} {
		if err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "/bench/") {
				return err
			}
			f, err := parser.ParseFile(files, path, nil, 0)
			packages[filepath.Dir(path)] = append(packages[filepath.Dir(path)], f)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, all := range packages {
		for _, f := range all {
			c.types(f)
		}
	}
	for _, all := range packages {
		c.recorded(all)
	}
	return c
}

// types notes the fields of structs.
func (c *sources) types(f *ast.File) {
	ast.Inspect(f, func(n ast.Node) bool {
		s, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if st, ok := s.Type.(*ast.StructType); ok {
			all := names{}
			for _, field := range st.Fields.List {
				tag := ""
				if field.Tag != nil {
					text, _ := strconv.Unquote(field.Tag.Value)
					tag, _, _ = strings.Cut(reflect.StructTag(text).Get("json"), ",")
				}
				for _, name := range field.Names {
					if tag != "-" && name.IsExported() {
						all[cmp.Or(tag, name.Name)] = true
					}
				}
			}
			c.structs[f.Name.Name+"."+s.Name.Name] = all
		}
		return true
	})
}

// recorded notes the events of a package: first where they are made, then where functions that make them are called.
func (c *sources) recorded(all []*ast.File) {
	helpers, bodies := map[string][]helper{}, map[string]*ast.FuncDecl{}
	var funcs []*scope
	for _, f := range all {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
				bodies[fn.Name.Name] = fn
				funcs = append(funcs, &scope{sources: c, file: f.Name.Name, fn: fn, bodies: bodies})
			}
		}
	}
	for _, s := range funcs {
		ast.Inspect(s.fn.Body, func(n ast.Node) bool {
			kind := kindOf(n)
			if kind == nil {
				return true
			}
			facts := valueOf(n.(*ast.CompositeLit), "Facts")
			if k := s.parameter(kind); k >= 0 {
				helpers[s.fn.Name.Name] = append(helpers[s.fn.Name.Name], helper{s.fn.Type.Params.NumFields(), k, s.parameter(facts), s.fields(facts)})
				return true
			}
			for _, text := range s.kinds(kind) {
				c.note(text, s.fields(facts))
			}
			return true
		})
	}
	for range 3 { // a function may call another one that records
		for _, s := range funcs {
			s.calls(helpers)
		}
	}
}

func (c *sources) note(kind string, fields names) {
	if c.facts[kind] == nil {
		c.facts[kind] = names{}
	}
	c.facts[kind].add(fields)
}
