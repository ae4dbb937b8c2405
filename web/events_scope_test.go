package web_test

import (
	"go/ast"
	"go/token"
	"slices"
)

// scope is one function, in which expressions are looked up.
type scope struct {
	*sources
	file   string // its package
	fn     *ast.FuncDecl
	bodies map[string]*ast.FuncDecl // of the package
}

// valueOf gives the value of a field of a composite literal.
func valueOf(c *ast.CompositeLit, field string) ast.Expr {
	for _, e := range c.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if k, ok := kv.Key.(*ast.Ident); ok && k.Name == field {
				return kv.Value
			}
		}
	}
	return nil
}

// parameter says which parameter of the function an expression is; -1 for none.
func (s *scope) parameter(e ast.Expr) int {
	id, ok := e.(*ast.Ident)
	if !ok {
		return -1
	}
	i := 0
	for _, f := range s.fn.Type.Params.List {
		for _, n := range f.Names {
			if n.Name == id.Name {
				return i
			}
			i++
		}
	}
	return -1
}

// kinds gives what an expression of a kind may be: a literal, what a variable is set to, what is put together from pieces, or any that the
// called function has.
func (s *scope) kinds(e ast.Expr) (out []string) {
	switch x := e.(type) {
	case *ast.BasicLit:
		if text, ok := literal(x); ok && aKind.MatchString(text) {
			out = append(out, text)
		}
	case *ast.BinaryExpr:
		for _, side := range []ast.Expr{x.X, x.Y} {
			if text, ok := literal(side); ok {
				out = append(out, pieces[text]...)
			}
		}
	case *ast.Ident:
		s.assigned(x.Name, func(v ast.Expr) { out = append(out, s.kinds(v)...) })
	case *ast.CallExpr:
		if id, ok := x.Fun.(*ast.Ident); ok && s.bodies[id.Name] != nil {
			out = append(out, literals(s.bodies[id.Name].Body)...)
		}
	case *ast.IndexExpr, *ast.SelectorExpr:
		out = append(out, literals(s.fn.Body)...)
	}
	return out
}

// literals are the kinds that stand in a body.
func literals(body ast.Node) (out []string) {
	ast.Inspect(body, func(n ast.Node) bool {
		if text, ok := literal(n); ok && aKind.MatchString(text) {
			out = append(out, text)
		}
		return true
	})
	return out
}

// assigned calls for each value that a variable is given in the function.
func (s *scope) assigned(name string, is func(ast.Expr)) {
	ast.Inspect(s.fn.Body, func(n ast.Node) bool {
		switch a := n.(type) {
		case *ast.AssignStmt:
			for i, l := range a.Lhs {
				if id, ok := l.(*ast.Ident); ok && id.Name == name && len(a.Rhs) == len(a.Lhs) {
					is(a.Rhs[i])
				}
			}
		case *ast.ValueSpec:
			for i, id := range a.Names {
				if id.Name == name && i < len(a.Values) {
					is(a.Values[i])
				}
			}
		case *ast.RangeStmt:
			for _, v := range []ast.Expr{a.Key, a.Value} {
				if id, ok := v.(*ast.Ident); ok && id.Name == name {
					for _, text := range literals(a.X) {
						is(&ast.BasicLit{Kind: token.STRING, Value: `"` + text + `"`})
					}
				}
			}
		}
		return true
	})
}

// fields gives the names of the facts that an expression has.
func (s *scope) fields(e ast.Expr) names {
	out := names{}
	switch x := e.(type) {
	case *ast.UnaryExpr:
		return s.fields(x.X)
	case *ast.CompositeLit:
		switch t := x.Type.(type) {
		case *ast.MapType:
			for _, kv := range x.Elts {
				if text, ok := literal(kv.(*ast.KeyValueExpr).Key); ok {
					out[text] = true
				}
			}
		case *ast.Ident:
			out.add(s.structs[s.file+"."+t.Name])
		case *ast.SelectorExpr:
			if p, ok := t.X.(*ast.Ident); ok {
				out.add(s.structs[p.Name+"."+t.Sel.Name])
			}
		}
	case *ast.Ident:
		s.assigned(x.Name, func(v ast.Expr) { out.add(s.fields(v)) })
		s.added(x.Name, out)
	case *ast.CallExpr:
		name := ""
		switch f := x.Fun.(type) {
		case *ast.Ident:
			name = f.Name
		case *ast.SelectorExpr:
			name = f.Sel.Name
		}
		if fn := s.bodies[name]; fn != nil && fn != s.fn {
			in := &scope{sources: s.sources, file: s.file, fn: fn, bodies: s.bodies}
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) > 0 {
					out.add(in.fields(r.Results[0]))
				}
				return true
			})
		}
	}
	return out
}

// added notes what is put into a map by name.
func (s *scope) added(name string, out names) {
	ast.Inspect(s.fn.Body, func(n ast.Node) bool {
		if a, ok := n.(*ast.AssignStmt); ok {
			for _, l := range a.Lhs {
				if i, ok := l.(*ast.IndexExpr); ok {
					if id, ok := i.X.(*ast.Ident); ok && id.Name == name {
						if text, ok := literal(i.Index); ok {
							out[text] = true
						}
					}
				}
			}
		}
		return true
	})
}

// calls notes what functions that record are called with; one that passes a kind on is such a function itself.
func (s *scope) calls(helpers map[string][]helper) {
	ast.Inspect(s.fn.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		name := ""
		switch f := call.Fun.(type) {
		case *ast.Ident:
			name = f.Name
		case *ast.SelectorExpr:
			name = f.Sel.Name
		}
		i := slices.IndexFunc(helpers[name], func(h helper) bool { return h.params == len(call.Args) })
		if i < 0 {
			return true
		}
		h := helpers[name][i]
		fields := names{}
		fields.add(h.fixed)
		facts := ast.Expr(nil)
		if h.facts >= 0 && h.facts < len(call.Args) {
			facts = call.Args[h.facts]
			fields.add(s.fields(facts))
		}
		if k := s.parameter(call.Args[h.kind]); k >= 0 && s.fn.Name.Name != name {
			n := s.fn.Type.Params.NumFields()
			if !slices.ContainsFunc(helpers[s.fn.Name.Name], func(h helper) bool { return h.params == n }) {
				helpers[s.fn.Name.Name] = append(helpers[s.fn.Name.Name], helper{n, k, s.parameter(facts), fields})
			}
			return true
		}
		for _, kind := range slices.Compact(s.kinds(call.Args[h.kind])) {
			s.note(kind, fields)
		}
		return true
	})
}
