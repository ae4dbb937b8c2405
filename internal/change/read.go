package change

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"tenure/internal/catalog"
	"tenure/internal/errs"
	"tenure/internal/policy"
)

// testSuffix ends the names of files with tests, before .yaml: they stand beside what they test, and a rule does not hide in them.
const testSuffix = "_test"

// Files is what a folder declares. Specs of HR sources stay YAML: their room decodes them.
type Files struct {
	Sources      map[string][]byte
	Applications map[string]catalog.ApplicationSpec
	Roles        map[string]policy.RoleSpec
	Rules        map[string]policy.RuleSpec
	Duties       map[string]policy.DutySpec
	SoD          map[string]policy.SoDSpec
	Offers       map[string]policy.OfferSpec
	Approvals    map[string]policy.ApprovalSpec
	Ends         []policy.Ref // what ends
	Tests        map[string]TestSpec

	at map[string]place // "Role AP Lead" -> where it stands
}

// place is where a document stands, with the lines of its fields.
type place struct {
	file  string
	line  int
	lines map[string]int
}

// Read reads every .yaml and .yml file in a folder and its sub-folders (or one file), each with any number of documents. What
// is wrong is told all at once, with file and line.
func Read(dir string) (*Files, error) {
	f := newFiles()
	paths, err := yamlFiles(dir)
	if err != nil {
		return nil, err
	}
	r := reader{files: f}
	for _, p := range paths {
		body, err := os.ReadFile(p) //nolint:gosec // the operator says which folder
		if err != nil {
			return nil, err
		}
		r.path, r.body = p, string(body)
		r.read()
	}
	if err := r.told("the files are not right:"); err != nil {
		return nil, err
	}
	return f, nil
}

// Text gives the documents of a folder, or of one file, as one text.
func Text(dir string) (string, error) {
	paths, err := yamlFiles(dir)
	if err != nil {
		return "", err
	}
	var out []string
	for _, p := range paths {
		body, err := os.ReadFile(p) //nolint:gosec // the operator says which folder
		if err != nil {
			return "", err
		}
		out = append(out, strings.TrimRight(string(body), "\n")+"\n")
	}
	return strings.Join(out, "---\n"), nil
}

// ReadText reads documents that somebody wrote on a page. Errors name lines of the text.
func ReadText(text string) (*Files, error) {
	f := newFiles()
	r := reader{files: f, body: text}
	r.read()
	if err := r.told("the text is not right:"); err != nil {
		return nil, err
	}
	if len(f.at) == 0 {
		return nil, errs.InvalidFields("the text is not right:", []errs.Field{{Field: "line 1", Rule: "holds no document: write kind, name and spec"}})
	}
	return f, nil
}

func newFiles() *Files {
	return &Files{Sources: map[string][]byte{}, Applications: map[string]catalog.ApplicationSpec{}, Roles: map[string]policy.RoleSpec{},
		Rules: map[string]policy.RuleSpec{}, Duties: map[string]policy.DutySpec{}, SoD: map[string]policy.SoDSpec{},
		Offers: map[string]policy.OfferSpec{}, Approvals: map[string]policy.ApprovalSpec{}, Tests: map[string]TestSpec{}, at: map[string]place{}}
}

func (r *reader) told(message string) error {
	if len(r.bad) > 0 {
		return errs.InvalidFields(message, r.bad)
	}
	return nil
}

func yamlFiles(dir string) ([]string, error) {
	var paths []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := p != dir && strings.HasPrefix(d.Name(), ".")
		switch ext := filepath.Ext(p); {
		case hidden && d.IsDir():
			return filepath.SkipDir
		case !hidden && !d.IsDir() && (ext == ".yaml" || ext == ".yml"):
			paths = append(paths, p)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errs.NotFound("there is no folder or file %s", dir)
	}
	if err == nil && len(paths) == 0 {
		return nil, errs.NotFound("%s holds no .yaml or .yml file", dir)
	}
	slices.Sort(paths)
	return paths, err
}

// reader reads one file after the other and collects what is wrong.
type reader struct {
	files *Files
	path  string
	body  string
	bad   []errs.Field
}

// lineIn names a line of a file, or of a text that is none.
func lineIn(path string, line int) string {
	if path == "" {
		return fmt.Sprintf("line %d", line)
	}
	return fmt.Sprintf("%s:%d", path, line)
}

func (r *reader) wrong(line int, what, rule string, a ...any) {
	field := lineIn(r.path, line)
	if what != "" {
		field += ": " + what
	}
	r.bad = append(r.bad, errs.Field{Field: field, Rule: fmt.Sprintf(rule, a...)})
}

// read takes the documents of a file one by one: the YAML library loses whatever follows an empty one.
func (r *reader) read() {
	for _, d := range documents(r.body) {
		r.part(d)
	}
}

// part reads the text between two separators.
func (r *reader) part(d part) {
	// The YAML library panics on some broken input, such as a tag without a value before an alias.
	defer func() {
		if recover() != nil {
			r.wrong(d.first, "", "cannot be read as YAML")
		}
	}()
	file, err := parser.ParseBytes([]byte(strings.Repeat("\n", d.first-1)+d.text), 0)
	if err != nil {
		line, rule := yamlRule(err)
		r.wrong(line, "", "%s", rule)
		return
	}
	for _, doc := range file.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.NullType && doc.Body.Type() != ast.CommentType {
			r.document(doc.Body, d.first+strings.Count(d.text, "\n"))
		}
	}
}

// part is the text of one document and the number of its first line.
type part struct {
	text  string
	first int
}

// separator begins or ends a document: YAML allows it at the start of a line only there, not even inside quotes.
var separator = regexp.MustCompile(`^(---|\.\.\.)(\s|$)`)

func documents(body string) []part {
	var out []part
	lines := strings.Split(body, "\n")
	from := 0
	for i, l := range lines {
		if separator.MatchString(l) {
			out = append(out, part{strings.Join(lines[from:i], "\n"), from + 1})
			lines[i] = "   " + l[3:]
			from = i
		}
	}
	return append(out, part{strings.Join(lines[from:], "\n"), from + 1})
}

// document reads one document, which ends at a line.
func (r *reader) document(body ast.Node, end int) {
	top := entries(body)
	if top == nil {
		r.wrong(lineOf(body), "", "a document must hold kind, name and spec")
		return
	}
	var head struct{ Kind, Name string }
	var spec ast.Node
	ends := false
	specEnd := end
	for i, e := range top {
		switch key := keyOf(e); key {
		case "kind", "name":
			s, ok := e.Value.(*ast.StringNode)
			if !ok {
				r.wrong(lineOf(e.Key), key, "must be a word or name; put quotes around a number")
				return
			}
			if key == "kind" {
				head.Kind = s.Value
			} else {
				head.Name = s.Value
			}
		case "spec":
			spec = e.Value
			if i+1 < len(top) {
				specEnd = lineOf(top[i+1].Key) - 1
			}
		case "ends":
			b, ok := e.Value.(*ast.BoolNode)
			if !ok || !b.Value {
				r.wrong(lineOf(e.Key), key, "must be true, or left out")
				return
			}
			ends = true
		default:
			r.wrong(lineOf(e.Key), key, "is not a field here: a document has kind, name and spec")
		}
	}
	what := head.Kind + " " + head.Name
	if field, rule := r.misfit(head.Kind, head.Name, ends, spec); rule != "" {
		r.wrong(lineOf(body), field, "%s", rule)
		return
	}
	if first, dup := r.files.at[what]; dup {
		r.wrong(lineOf(body), what, "is declared already at %s", lineIn(first.file, first.line))
		return
	}
	p := place{file: r.path, line: lineOf(body), lines: map[string]int{}}
	r.files.at[what] = p
	if ends {
		r.files.Ends = append(r.files.Ends, policy.Ref{Kind: policyKinds[head.Kind], Name: head.Name})
		return
	}
	p.lines["spec"] = lineOf(spec)
	r.spec(head.Kind, head.Name, spec, specEnd, p)
}

// misfit says what is wrong with a document as a whole, "" for nothing.
func (r *reader) misfit(kind, name string, ends bool, spec ast.Node) (field, rule string) {
	what := kind + " " + name
	switch {
	case !slices.Contains(kinds, kind):
		return "kind", fmt.Sprintf("is %q and must be %s", kind, listed(kinds))
	case strings.HasSuffix(strings.TrimSuffix(r.path, filepath.Ext(r.path)), testSuffix) && kind != KindTest:
		return "kind", fmt.Sprintf("is %s, and a file whose name ends in %s holds tests only: kind PolicyTest", kind, testSuffix)
	case name == "":
		return what, "needs a name"
	case ends && spec != nil:
		return what, "either ends or has a spec"
	case ends && policyKinds[kind] == "":
		return what, "cannot end in a file: only what the policy is made of can, from Role to ApprovalRule"
	case !ends && (spec == nil || entries(spec) == nil):
		return what, "needs a spec with its fields"
	}
	return "", ""
}

// spec decodes the spec by its kind.
func (r *reader) spec(kind, name string, node ast.Node, end int, p place) {
	switch kind {
	case KindSource:
		r.index(kind+" "+name, node, nil, "spec", p.lines)
		r.files.Sources[name] = r.raw(node, end)
	case KindApplication:
		r.files.Applications[name] = decode[catalog.ApplicationSpec](r, kind+" "+name, node, p)
	case KindRole:
		r.files.Roles[name] = decode[policy.RoleSpec](r, kind+" "+name, node, p)
	case KindRule:
		r.files.Rules[name] = decode[policy.RuleSpec](r, kind+" "+name, node, p)
	case KindDuty:
		r.files.Duties[name] = decode[policy.DutySpec](r, kind+" "+name, node, p)
	case KindSoD:
		r.files.SoD[name] = decode[policy.SoDSpec](r, kind+" "+name, node, p)
	case KindOffer:
		r.files.Offers[name] = decode[policy.OfferSpec](r, kind+" "+name, node, p)
	case KindApproval:
		r.files.Approvals[name] = decode[policy.ApprovalSpec](r, kind+" "+name, node, p)
	case KindTest:
		r.files.Tests[name] = decode[TestSpec](r, kind+" "+name, node, p)
	}
}

func decode[T any](r *reader, what string, node ast.Node, p place) T {
	var v T
	r.index(what, node, reflect.TypeFor[T](), "spec", p.lines)
	if err := yaml.NodeToValue(node, &v); err != nil {
		line, rule := yamlRule(err)
		r.wrong(line, what, "%s", rule)
	}
	return v
}

// raw gives the YAML of a spec as it stands in the file, moved to the left margin, with empty lines above it: whoever decodes
// it reports the lines of the file.
func (r *reader) raw(node ast.Node, end int) []byte {
	line, column := start(node)
	lines := strings.Split(r.body, "\n")[line-1 : min(end, strings.Count(r.body, "\n")+1)]
	var b strings.Builder
	b.WriteString(strings.Repeat("\n", line-1))
	for i, l := range lines {
		indent := len(l) - len(strings.TrimLeft(l, " "))
		if i == 0 {
			indent = column - 1
		}
		b.WriteString(l[min(indent, column-1):])
		b.WriteByte('\n')
	}
	return []byte(b.String())
}

// yamlRule puts an error of the YAML library in words, with its line.
func yamlRule(err error) (int, string) {
	var e yaml.Error
	if !errors.As(err, &e) {
		return 1, err.Error()
	}
	line := 1
	if t := e.GetToken(); t != nil {
		line = t.Position.Line
	}
	var typed *yaml.TypeError
	if errors.As(err, &typed) {
		return line, fmt.Sprintf("must be %s", typeName(typed.DstType))
	}
	var shape *yaml.UnexpectedNodeTypeError
	if errors.As(err, &shape) {
		return line, fmt.Sprintf("must be a %s and is a %s", shape.Expected.YAMLName(), shape.Actual.YAMLName())
	}
	return line, e.GetMessage()
}

func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.String:
		return "text"
	case reflect.Slice:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "a group of fields"
	case reflect.Pointer:
		return typeName(t.Elem())
	}
	return "a " + t.Kind().String()
}
