package policy

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// Bounds of a condition: its length in characters and the cost of one evaluation, in CEL's units (about one comparison each).
const (
	MaxCondition = 4000
	maxCost      = 20000
	maxAttribute = 256 // characters of an attribute's value, for the estimate
)

// The variables that are maps. A name that one lacks gives "".
const (
	personVar      = "person"      // all attributes of the employment, for those whose name is no identifier: person["Cost Code"]
	entitlementVar = "entitlement" // the attributes of an entitlement, in a where
	parameterVar   = "parameter"   // what a role was given with, in the where of a role
	requestVar     = "request"     // what is asked for, in an approval rule
)

var mapVars = []string{personVar, entitlementVar, parameterVar, requestVar}

// condition is a compiled "when".
type condition struct {
	source  string
	in      *environment
	ast     *cel.Ast
	program cel.Program
	attrs   []string // every attribute it reads, sorted
	custom  []string // the variables among them that are not standard, sorted
	// mapped are the names that it reads of the maps, by variable: person["..."]; sorted.
	mapped map[string][]string
}

// allowed are the functions of a condition: those that cannot fail, whatever the values are. No conversions, no arithmetic.
var allowed = func() *env.LibrarySubset {
	s := env.NewLibrarySubset().AddIncludedMacros(operators.All, operators.Exists)
	for _, f := range []string{operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.Conditional, operators.Equals,
		operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals, operators.In,
		operators.NotStrictlyFalse, overloads.StartsWith, overloads.EndsWith, overloads.Contains, overloads.Matches, overloads.Size} {
		s.AddIncludedFunctions(env.NewFunction(f))
	}
	s.AddIncludedFunctions(env.NewFunction(operators.Add, env.NewOverload(overloads.AddString, nil, nil)))
	s.AddIncludedFunctions(env.NewFunction(operators.Index, env.NewOverload(overloads.IndexMap, nil, nil)))
	return s
}()

var baseEnv = sync.OnceValues(func() (*cel.Env, error) {
	opts := []cel.EnvOption{cel.StdLib(cel.StdLibSubset(allowed)), cel.ParserExpressionSizeLimit(MaxCondition), cel.ParserRecursionLimit(60),
		cel.ASTValidators(cel.ValidateRegexLiterals()),
		cel.Function("lower", cel.MemberOverload(lowerID, []*cel.Type{cel.StringType}, cel.StringType,
			cel.UnaryBinding(func(v ref.Val) ref.Val { return types.String(strings.ToLower(string(v.(types.String)))) }))),
		cel.Function("within", cel.MemberOverload(withinID, []*cel.Type{cel.StringType, cel.StringType}, cel.BoolType,
			cel.BinaryBinding(func(path, top ref.Val) ref.Val {
				return types.Bool(within(string(path.(types.String)), string(top.(types.String))))
			})))}
	return cel.NewCustomEnv(opts...)
})

// personEnv is baseEnv with the standard attributes of people.
var personEnv = sync.OnceValues(func() (*cel.Env, error) {
	base, err := baseEnv()
	if err != nil {
		return nil, err
	}
	opts := []cel.EnvOption{textMap(personVar)}
	for _, a := range StandardAttributes {
		opts = append(opts, cel.Variable(a, cel.StringType))
	}
	return base.Extend(opts...)
})

// roleEnvironment is what the where of a role is compiled in: it knows no person.
var roleEnvironment = sync.OnceValues(func() (*environment, error) {
	base, err := baseEnv()
	if err != nil {
		return nil, err
	}
	e := &environment{vars: map[string]bool{}}
	e.cel, err = base.Extend(textMap(entitlementVar), textMap(parameterVar))
	return e, err
})

func textMap(name string) cel.EnvOption {
	return cel.Variable(name, cel.MapType(cel.StringType, cel.StringType))
}

// within says whether a path of the organisation is another one or lies below it: "Iberia/Finance/AP" is within "Iberia/Finance".
func within(path, top string) bool {
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(top, "/"))
	return ok && top != "" && (rest == "" || rest[0] == '/')
}

// lowerID is the overload of lower(), our own: CEL's extension has more, and some of it fails on odd values.
const (
	lowerID  = "string_lower"
	withinID = "string_within_string"
)

var identifier = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// reserved are words that CEL keeps for itself.
var reserved = strings.Fields(`as break const continue else false for function if import in let loop namespace null package return
	true var void while bool bytes double dyn int list map null_type string type uint optional_type person entitlement parameter request`)

// environment is what conditions are compiled in: CEL with the attributes as variables.
type environment struct {
	cel   *cel.Env
	vars  map[string]bool
	where *environment // the same with the attributes of an entitlement
	asked *environment // and with what is asked for
}

// newEnvironment adds further attributes as variables. Names that are no identifiers are read as person["..."] only.
func newEnvironment(custom []string) (*environment, error) {
	base, err := personEnv()
	if err != nil {
		return nil, err
	}
	e := &environment{cel: base, vars: map[string]bool{}}
	for _, a := range StandardAttributes {
		e.vars[a] = true
	}
	var opts []cel.EnvOption
	for _, a := range custom {
		if identifier.MatchString(a) && !slices.Contains(reserved, a) && !e.vars[a] {
			e.vars[a] = true
			opts = append(opts, cel.Variable(a, cel.StringType))
		}
	}
	if len(opts) > 0 {
		if e.cel, err = base.Extend(opts...); err != nil {
			return nil, err
		}
	}
	e.where = &environment{vars: e.vars}
	if e.where.cel, err = e.cel.Extend(textMap(entitlementVar)); err != nil {
		return nil, err
	}
	e.asked = &environment{vars: e.vars}
	e.asked.cel, err = e.where.cel.Extend(textMap(requestVar))
	return e, err
}

// compile checks a condition. The error is a rule for a person, with line and column where they are known.
func (e *environment) compile(source string) (*condition, error) {
	switch {
	case strings.TrimSpace(source) == "":
		return nil, fmt.Errorf(`is required: a condition such as department == "Sales"; write true for everybody`)
	case len(source) > MaxCondition:
		return nil, fmt.Errorf("is longer than %d characters: split the rule, or give people an attribute that says it", MaxCondition)
	}
	checked, issues := e.cel.Compile(source)
	if issues.Err() != nil {
		var all []string
		for _, i := range issues.Errors() {
			all = append(all, fmt.Sprintf("line %d, column %d: %s", i.Location.Line(), i.Location.Column()+1, plainer(i.Message)))
		}
		return nil, fmt.Errorf("%s", strings.Join(all, "; "))
	}
	if !checked.OutputType().IsExactType(cel.BoolType) {
		return nil, fmt.Errorf("gives a %s and must give true or false", checked.OutputType())
	}
	c := &condition{source: source, in: e, ast: checked}
	if err := c.read(); err != nil {
		return nil, err
	}
	if most, err := e.cel.EstimateCost(checked, sizes{}); err != nil || most.Max > maxCost {
		return nil, fmt.Errorf("costs too much to evaluate for everybody: use fewer nested lists")
	}
	var err error
	c.program, err = e.cel.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxCost))
	return c, err
}

func plainer(message string) string {
	message = strings.ReplaceAll(message, " (in container '')", "")
	if name, ok := strings.CutPrefix(message, "undeclared reference to "); ok {
		if i := strings.Index(name, " (did you mean"); i >= 0 {
			return name[:i] + " is not known here" + name[i:]
		}
		return name + ` is neither an attribute nor a function here (for a rare attribute write person["name"])`
	}
	return message
}

// read finds the attributes that the expression reads.
func (c *condition) read() error {
	var bad error
	whole, used := map[string]int{}, map[string]int{}
	mapped, named := map[string]map[string]bool{}, map[string]bool{}
	for _, v := range mapVars {
		mapped[v] = map[string]bool{}
	}
	ast.PostOrderVisit(c.ast.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.IdentKind:
			if slices.Contains(mapVars, e.AsIdent()) {
				whole[e.AsIdent()]++
			} else {
				named[e.AsIdent()] = true
			}
		case ast.SelectKind:
			if v := mapOf(e.AsSelect().Operand()); v != "" {
				used[v]++
				mapped[v][e.AsSelect().FieldName()] = true
			}
		case ast.CallKind:
			call := e.AsCall()
			switch {
			case call.FunctionName() == operators.Index && mapOf(call.Args()[0]) != "":
				if name, ok := text(call.Args()[1]); ok {
					v := mapOf(call.Args()[0])
					used[v]++
					mapped[v][name] = true
				}
			case call.FunctionName() == overloads.Matches:
				if _, ok := text(call.Args()[len(call.Args())-1]); !ok {
					bad = fmt.Errorf("matches() needs its pattern written out in quotes")
				}
			}
		}
	}))
	for v, example := range map[string]string{personVar: "Cost Code", entitlementVar: "country", parameterVar: "cost_center", requestVar: "risk"} {
		if whole[v] != used[v] {
			bad = fmt.Errorf(`%s must be followed by a name: %s["%s"]`, v, v, example)
		}
	}
	all := map[string]bool{}
	for name := range named {
		if c.in.vars[name] {
			all[name] = true
			if !slices.Contains(StandardAttributes, name) {
				c.custom = append(c.custom, name)
			}
		}
	}
	for name := range mapped[personVar] {
		all[name] = true
	}
	c.mapped = map[string][]string{}
	for v, names := range mapped {
		if len(names) > 0 {
			c.mapped[v] = slices.Sorted(maps.Keys(names))
		}
	}
	for name := range all {
		c.attrs = append(c.attrs, name)
	}
	slices.Sort(c.attrs)
	slices.Sort(c.custom)
	return bad
}

func isPerson(e ast.Expr) bool { return mapOf(e) == personVar }

// mapOf gives the variable that an expression is, where it is one of the maps.
func mapOf(e ast.Expr) string {
	if e.Kind() == ast.IdentKind && slices.Contains(mapVars, e.AsIdent()) {
		return e.AsIdent()
	}
	return ""
}

// text gives the value of a string literal.
func text(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

// holds evaluates the condition.
func (c *condition) holds(a Attrs) (bool, error) { return c.holdsOf(a, nil, nil) }

// holdsOf evaluates a where for one entitlement with its attributes, and the parameters of the role.
func (c *condition) holdsOf(a Attrs, entitlement, parameters map[string]string) (bool, error) {
	return c.eval(activation{c: c, a: a, entitlement: entitlement, parameters: parameters})
}

func (c *condition) eval(with activation) (bool, error) {
	v, _, err := c.program.Eval(with)
	if err != nil {
		return false, err
	}
	return v == types.True, nil
}

// activation lends a person's attributes to CEL.
type activation struct {
	c                                *condition
	a                                Attrs
	entitlement, parameters, request map[string]string
}

// ResolveName gives an attribute, or a map with the names that the condition reads of it.
func (v activation) ResolveName(name string) (any, bool) {
	get := MapAttrs(v.parameters).Get
	switch name {
	case personVar:
		get = v.a.Get
	case entitlementVar:
		get = MapAttrs(v.entitlement).Get
	case requestVar:
		get = MapAttrs(v.request).Get
	case parameterVar:
	default:
		if !v.c.in.vars[name] {
			return nil, false
		}
		return v.a.Get(name), true
	}
	m := make(map[string]string, len(v.c.mapped[name]))
	for _, n := range v.c.mapped[name] {
		m[n] = get(n)
	}
	return m, true
}

// Parent gives none.
func (activation) Parent() cel.Activation { return nil }

var _ cost.Estimator = sizes{}

// sizes tells the cost estimate how long attributes are.
type sizes struct{}

// EstimateSize bounds the length of an attribute.
func (sizes) EstimateSize(e cost.AstNode) *cost.SizeEstimate {
	if len(e.Path()) > 0 && e.Type().Kind() == types.StringKind {
		return &cost.SizeEstimate{Min: 0, Max: maxAttribute}
	}
	return nil
}

// EstimateCallCost knows lower, which gives about as much as it reads, and within, and leaves the standard costs.
func (s sizes) EstimateCallCost(_, overload string, target *cost.AstNode, _ []cost.AstNode) *cost.CallEstimate {
	if target == nil || overload != lowerID && overload != withinID {
		return nil
	}
	size := (*target).ComputedSize()
	if size == nil {
		size = s.EstimateSize(*target)
	}
	if size == nil {
		return nil
	}
	if overload == withinID {
		return &cost.CallEstimate{CostEstimate: cost.CostEstimate{Min: 1, Max: size.Max}}
	}
	return &cost.CallEstimate{CostEstimate: cost.CostEstimate{Min: 1, Max: size.Max}, ResultSize: &cost.SizeEstimate{Min: 0, Max: 2 * size.Max}}
}
