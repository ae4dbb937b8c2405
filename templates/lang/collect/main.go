// Collect writes messages.yaml: every text that the code says to people, as it stands in the code. It reads the calls of T, Plural,
// Mark and Date, and the errors that people see (errs). Texts in which places for values and values do not agree are refused.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"tenure/templates/lang"
)

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	if err := write(root); err != nil {
		fmt.Fprintln(os.Stderr, "collect:", err)
		os.Exit(1)
	}
}

func write(root string) error {
	c := collector{fset: token.NewFileSet(), texts: map[string]bool{}, counts: map[string]string{}}
	for _, dir := range []string{"templates", "web", "internal"} {
		if err := filepath.WalkDir(filepath.Join(root, dir), c.visit); err != nil {
			return err
		}
	}
	if len(c.bad) > 0 {
		return fmt.Errorf("%s", strings.Join(c.bad, "\n"))
	}
	return os.WriteFile(filepath.Join(root, "templates/lang/messages.yaml"), c.yaml(), 0o644)
}

// collector holds what was found.
type collector struct {
	fset   *token.FileSet
	texts  map[string]bool
	counts map[string]string // the form for many, with the one for one
	bad    []string
}

func (c *collector) visit(path string, d fs.DirEntry, err error) error {
	name := d.Name()
	switch {
	case err != nil:
		return err
	case d.IsDir() && name == "testdata":
		return filepath.SkipDir
	case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
		return nil
	}
	f, err := parser.ParseFile(c.fset, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			c.call(n)
		case *ast.CompositeLit:
			c.fields(n)
		}
		return true
	})
	return nil
}

func (c *collector) call(x *ast.CallExpr) {
	of, name := "", ""
	switch f := x.Fun.(type) {
	case *ast.SelectorExpr:
		name = f.Sel.Name
		if id, ok := f.X.(*ast.Ident); ok {
			of = id.Name
		}
	case *ast.Ident:
		name = f.Name
	}
	args := x.Args
	if of == "lang" && (name == "T" || name == "Plural") && len(args) > 0 {
		args = args[1:] // the context
	}
	switch {
	case name == "T":
		c.text(args, !x.Ellipsis.IsValid())
	case name == "Mark":
		c.text(args, false)
	case name == "Date" && len(args) == 2:
		c.text(args[1:], false)
	case slices.Contains([]string{"Plural", "many", "countWord"}, name) && len(args) == 3:
		if one, ok := constant(args[1]); ok {
			if many, ok := constant(args[2]); ok {
				c.counts["%s "+many] = "%s " + one
			}
		}
	case of == "errs" && slices.Contains([]string{"Invalid", "NotFound", "Forbidden", "Conflict", "Unauthenticated"}, name):
		c.text(args, false)
	case of == "errs" && name == "InvalidFields":
		c.text(args[:1], false)
	}
}

// fields takes the rules of errs.Field.
func (c *collector) fields(x *ast.CompositeLit) {
	for _, e := range x.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		if k, ok := kv.Key.(*ast.Ident); ok && k.Name == "Rule" {
			c.text([]ast.Expr{kv.Value}, false)
		}
	}
}

// text takes the text that is the first of args; where whole is set the others are all its values.
func (c *collector) text(args []ast.Expr, whole bool) {
	if len(args) == 0 {
		return
	}
	text, ok := constant(args[0])
	if !ok || text == "" {
		return
	}
	if whole && len(args) > 1 && !strings.Contains(text, "%[") && lang.Places(text) != len(args)-1 {
		c.bad = append(c.bad, fmt.Sprintf("%s: %q has %d places for %d values", c.fset.Position(args[0].Pos()), text, lang.Places(text), len(args)-1))
	}
	c.texts[strings.ReplaceAll(text, "%w", "%s")] = true
}

// constant gives the text of a literal, or of literals that are joined.
func constant(e ast.Expr) (string, bool) {
	switch x := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(x.Value)
		return s, x.Kind == token.STRING && err == nil
	case *ast.BinaryExpr:
		a, ok := constant(x.X)
		b, also := constant(x.Y)
		return a + b, ok && also && x.Op == token.ADD
	}
	return "", false
}

// yaml writes what was found in the form of a translation that is still to be made.
func (c *collector) yaml() []byte {
	var b strings.Builder
	b.WriteString("# Every text of the product, written by: make generate. A translation is a copy of this file named messages.de.yaml, with the\n" +
		"# words of the other language behind the colons; what is left empty stays English.\n")
	for many := range c.counts {
		delete(c.texts, many)
	}
	keys := append(slices.Collect(maps.Keys(c.texts)), slices.Collect(maps.Keys(c.counts))...)
	slices.Sort(keys)
	for _, k := range slices.Compact(keys) {
		if one, ok := c.counts[k]; ok {
			fmt.Fprintf(&b, "%s: {one: \"\", other: \"\"} # %s\n", strconv.Quote(k), one)
			continue
		}
		fmt.Fprintf(&b, "%s: \"\"\n", strconv.Quote(k))
	}
	return []byte(b.String())
}
