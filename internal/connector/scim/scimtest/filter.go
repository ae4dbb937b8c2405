package scimtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// expr is a parsed filter (RFC 7644 section 3.4.2.2).
type expr interface {
	// match says whether a resource or an element of a multi-valued attribute satisfies the filter.
	match(get getter) bool
}

// getter gives the values under a path: none, one, or one for each element of a multi-valued attribute.
type getter func(p path) []any

type both struct{ a, b expr }
type either struct{ a, b expr }
type not struct{ a expr }
type compare struct {
	path  path
	op    string // eq ne co sw ew gt ge lt le pr
	value any
	exact bool // compare strings case-sensitively
}

func (e both) match(g getter) bool   { return e.a.match(g) && e.b.match(g) }
func (e either) match(g getter) bool { return e.a.match(g) || e.b.match(g) }
func (e not) match(g getter) bool    { return !e.a.match(g) }

func (e compare) match(g getter) bool {
	values := g(e.path)
	switch e.op {
	case "pr":
		return len(values) > 0
	case "ne":
		return !compare{e.path, "eq", e.value, e.exact}.match(g)
	}
	for _, v := range values {
		if e.holds(v) {
			return true
		}
	}
	return false
}

func (e compare) holds(v any) bool {
	switch want := e.value.(type) {
	case string:
		got, ok := v.(string)
		if !ok {
			return false
		}
		if !e.exact {
			got, want = strings.ToLower(got), strings.ToLower(want)
		}
		switch e.op {
		case "co":
			return strings.Contains(got, want)
		case "sw":
			return strings.HasPrefix(got, want)
		case "ew":
			return strings.HasSuffix(got, want)
		}
		return ordered(e.op, strings.Compare(got, want))
	case float64:
		got, ok := v.(float64)
		return ok && ordered(e.op, int(got-want))
	}
	return e.op == "eq" && v == e.value
}

func ordered(op string, c int) bool {
	switch op {
	case "eq":
		return c == 0
	case "gt":
		return c > 0
	case "ge":
		return c >= 0
	case "lt":
		return c < 0
	case "le":
		return c <= 0
	}
	return false
}

// path is an attribute path: [schema:]attribute[filter][.sub] (RFC 7644 section 3.5.2).
type path struct {
	ext    string // schema of an extension, empty for core attributes
	attr   string
	filter expr // the value filter, in PATCH only
	sub    string
}

var errPath = errors.New("the path is not understood")

func parsePath(text string) (path, error) {
	var p path
	name := text
	if open := strings.IndexByte(text, '['); open >= 0 {
		end := strings.LastIndexByte(text, ']')
		if end < open {
			return p, errPath
		}
		f, err := parseFilter(text[open+1 : end])
		if err != nil {
			return p, err
		}
		p.filter, name = f, text[:open]+text[end+1:]
	}
	if strings.HasPrefix(strings.ToLower(name), "urn:") {
		schema, attr, found := name, "", true
		if !strings.EqualFold(name, enterpriseSchema) {
			i := strings.LastIndexByte(name, ':')
			schema, attr = name[:i], name[i+1:]
		}
		switch {
		case strings.EqualFold(schema, userSchema), strings.EqualFold(schema, groupSchema):
		case strings.EqualFold(schema, enterpriseSchema):
			p.ext = enterpriseSchema
		default:
			found = false
		}
		if !found {
			return p, errPath
		}
		name = attr
	}
	attr, sub, _ := strings.Cut(name, ".")
	p.attr, p.sub = canon(attr), canon(sub)
	if (p.attr == "" && p.ext == "") || strings.ContainsAny(name, " \"()") {
		return p, errPath
	}
	return p, nil
}

// values gives what a decoded resource holds under a path.
func values(attrs map[string]any, p path) []any {
	if p.ext != "" {
		attrs, _ = attrs[p.ext].(map[string]any)
	}
	var out []any
	add := func(v any) {
		if m, ok := v.(map[string]any); ok {
			sub := p.sub
			if sub == "" {
				sub = "value"
			}
			v = m[sub]
		}
		if v != nil {
			out = append(out, v)
		}
	}
	if list, ok := attrs[p.attr].([]any); ok {
		for _, v := range list {
			add(v)
		}
	} else {
		add(attrs[p.attr])
	}
	return out
}

// caseExact are the attributes whose values compare case-sensitively (RFC 7643 sections 3.1 and 4).
var caseExact = map[string]bool{"id": true, "externalId": true, "members": true, "groups": true, "meta": true}

// parser reads a filter by recursive descent: or binds weaker than and, and weaker than not.
type parser struct {
	rest  string
	depth int
}

func parseFilter(text string) (expr, error) {
	p := &parser{rest: text}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.skip(); p.rest != "" {
		return nil, fmt.Errorf("unexpected %q in the filter", p.rest)
	}
	return e, nil
}

func (p *parser) skip() { p.rest = strings.TrimLeft(p.rest, " ") }

// word takes the next word if it is w.
func (p *parser) word(w string) bool {
	p.skip()
	if len(p.rest) <= len(w) || !strings.EqualFold(p.rest[:len(w)], w) || !strings.ContainsRune(" (", rune(p.rest[len(w)])) {
		return false
	}
	p.rest = p.rest[len(w):]
	return true
}

func (p *parser) or() (expr, error) {
	a, err := p.and()
	for err == nil && p.word("or") {
		var b expr
		b, err = p.and()
		a = either{a, b}
	}
	return a, err
}

func (p *parser) and() (expr, error) {
	a, err := p.term()
	for err == nil && p.word("and") {
		var b expr
		b, err = p.term()
		a = both{a, b}
	}
	return a, err
}

func (p *parser) term() (expr, error) {
	if p.depth++; p.depth > 50 {
		return nil, errors.New("the filter is nested too deeply")
	}
	defer func() { p.depth-- }()
	if p.word("not") {
		e, err := p.term()
		return not{e}, err
	}
	p.skip()
	if strings.HasPrefix(p.rest, "(") {
		p.rest = p.rest[1:]
		e, err := p.or()
		if err != nil {
			return nil, err
		}
		if p.skip(); !strings.HasPrefix(p.rest, ")") {
			return nil, errors.New("a parenthesis is not closed in the filter")
		}
		p.rest = p.rest[1:]
		return e, nil
	}
	return p.comparison()
}

func (p *parser) comparison() (expr, error) {
	name, rest, ok := strings.Cut(p.rest, " ")
	if !ok {
		return nil, errors.New("a comparison is not complete in the filter")
	}
	at, err := parsePath(name)
	if err != nil {
		return nil, err
	}
	p.rest = strings.TrimLeft(rest, " ")
	n := strings.IndexAny(p.rest+" ", " )\"") // RFC 7644 itself writes value eq"..." in section 3.5.2.2
	op := strings.ToLower(p.rest[:n])
	p.rest = p.rest[n:]
	switch op {
	case "pr":
		return compare{path: at, op: op}, nil
	case "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le":
		v, err := p.literal()
		return compare{path: at, op: op, value: v, exact: caseExact[at.attr]}, err
	}
	return nil, fmt.Errorf("%q is no operator of a filter", op)
}

func (p *parser) literal() (any, error) {
	p.skip()
	if strings.HasPrefix(p.rest, `"`) {
		for end := 1; end < len(p.rest); end++ {
			switch p.rest[end] {
			case '\\':
				end++
			case '"':
				var s string
				err := json.Unmarshal([]byte(p.rest[:end+1]), &s)
				p.rest = p.rest[end+1:]
				return s, err
			}
		}
		return nil, errors.New("a quote is not closed in the filter")
	}
	n := strings.IndexAny(p.rest+" ", " )")
	text := p.rest[:n]
	p.rest = p.rest[n:]
	switch text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "null":
		return nil, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, fmt.Errorf("%q is no value of a filter", text)
	}
	return f, nil
}
