package web_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tenure/internal/policy"
	"tenure/web"
)

// pieces are the literals from which a kind of event is put together, each with what it becomes.
var pieces = map[string][]string{
	"hr.":      {"hr.applied", "hr.held", "hr.released", "hr.discarded"},
	".defined": {"role.defined", "rule.defined", "duty.defined", "sod.defined", "offer.defined", "approval.defined"},
	".changed": {"role.changed", "rule.changed", "duty.changed", "sod.changed", "offer.changed", "approval.changed"},
	".ended":   {"role.ended", "rule.ended", "duty.ended", "sod.ended", "offer.ended", "approval.ended"},

	"campaign.":   {"campaign.released", "campaign.discarded", "campaign.question", "campaign.answer", "campaign.challenge"},
	"change_set.": {"change_set.rejected", "change_set.stale"},
	"request.":    {"request.denied", "request.cancelled"},
	".yaml":       {}, ".yml": {}, // of files
	".name": {}, ".for": {}, ".hours": {}, // of fields
}

var (
	aKind  = regexp.MustCompile(`^[a-z_]+\.[a-z_]+$`)
	aPiece = regexp.MustCompile(`^([a-z_]+\.|\.[a-z_]+)$`)
)

// Every kind of event that the code records has words on pages. Where a kind stands in the event itself it is taken from there;
// in a package that works it out, every literal that could be one is.
func TestEveryEventHasWords(t *testing.T) {
	kinds := map[string]string{} // and where it stands
	packages := map[string][]*ast.File{}
	files := token.NewFileSet()
	err := filepath.WalkDir("../internal", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "/bench/") { // which measures, on databases of its own
			return err
		}
		f, err := parser.ParseFile(files, path, nil, 0)
		packages[filepath.Dir(path)] = append(packages[filepath.Dir(path)], f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	where := func(n ast.Node) string { return files.Position(n.Pos()).String() }
	for _, all := range packages {
		worked := false
		for _, f := range all {
			ast.Inspect(f, func(n ast.Node) bool {
				if kind := kindOf(n); kind == nil {
					return true
				} else if text, ok := literal(kind); ok {
					kinds[text] = where(n)
				} else {
					worked = true
				}
				return true
			})
		}
		if worked {
			couldBe(all, func(text string, n ast.Node) { kinds[text] = where(n) })
		}
	}
	if len(kinds) < 60 {
		t.Fatalf("only %d kinds of events were found in the code", len(kinds))
	}
	for kind, at := range kinds {
		if !web.HasWords(kind) {
			t.Errorf("%s records %s: say it in eventWords", at, kind)
		}
	}
}

// kindOf gives the kind of an event that is made here, nil for anything else.
func kindOf(n ast.Node) ast.Expr {
	c, ok := n.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	if s, ok := c.Type.(*ast.SelectorExpr); !ok || s.Sel.Name != "Event" {
		return nil
	}
	for _, e := range c.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if k, ok := kv.Key.(*ast.Ident); ok && k.Name == "Kind" {
				return kv.Value
			}
		}
	}
	return nil
}

func literal(n ast.Node) (string, bool) {
	l, ok := n.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(l.Value)
	return text, err == nil
}

// couldBe calls for every literal of a package that could be a kind of event: it has the form of one, begins like one, and is
// no permission.
func couldBe(all []*ast.File, is func(string, ast.Node)) {
	rooms := []string{"person", "access", "account", "operation", "handout", "auth", "token", "portal_role", "portal", "delegation", "login", "hr", "due", "policy",
		"application", "entitlement", "role", "rule", "task", "session", "change_set", "exception", "duty", "sod", "offer", "approval"}
	for _, f := range all {
		ast.Inspect(f, func(n ast.Node) bool {
			if _, ok := n.(*ast.ImportSpec); ok {
				return false
			}
			text, ok := literal(n)
			room, _, _ := strings.Cut(text, ".")
			switch {
			case !ok || slices.Contains(policy.Portal.Permissions(), text):
			case pieces[text] != nil:
				for _, kind := range pieces[text] {
					is(kind, n)
				}
			case aPiece.MatchString(text) && (room == "" || slices.Contains(rooms, room)):
				is(text+" (a piece of a kind: say in pieces what it becomes)", n)
			case aKind.MatchString(text) && slices.Contains(rooms, room):
				is(text, n)
			}
			return true
		})
	}
}
