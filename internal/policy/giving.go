package policy

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"
	"tenure/internal/errs"
)

// rule is a birthright rule, compiled.
type rule struct {
	row                 *row
	when, except, where *condition // except and where are nil where there is none

	most  []Give // what it could give to anybody
	gives []Give // what it gives to whomever it holds for; nil when that depends on the person: see dynamic
	// dynamic says that a where or the parameters of a role decide for each person.
	dynamic bool
}

// role is a role, compiled.
type role struct {
	row   *row
	where *condition // nil for none
	held  []held     // what it gives at most, inner roles included
	plain bool       // that is what it gives to everybody
}

// give is one entitlement of the role.
func (h held) give(param string) Give {
	return Give{Role: h.role, Entitlement: h.entitlement, Param: param}
}

// compileRoles expands the roles through Casbin's graph and compiles their conditions.
func (s *Snapshot) compileRoles() error {
	g, err := newGraph(s.rows)
	if err != nil {
		return err
	}
	env, err := roleEnvironment()
	if err != nil {
		return err
	}
	s.roles, s.roleGives = map[int]*role{}, map[int][]Give{}
	for i := range s.rows {
		if s.rows[i].Kind != KindRole {
			continue
		}
		r := &role{row: &s.rows[i]}
		if r.held, err = g.expand(r.row.ID); err != nil {
			return err
		}
		if r.row.Spec.Where != "" {
			if r.where, err = env.compile(r.row.Spec.Where); err != nil {
				return err
			}
		}
		s.roles[r.row.ID] = r
	}
	for id, r := range s.roles {
		r.plain = len(r.row.Spec.Parameters) == 0 && !slices.ContainsFunc(r.held, func(h held) bool { return s.roles[h.role].where != nil })
		if len(r.row.Spec.Parameters) == 0 {
			if s.roleGives[id], err = s.given(r, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// Param writes the parameters of a role as a reason keeps them: "cost_center=4711", several joined by & and ordered by name, each escaped
// as in a URL; "" for none.
func Param(values map[string]string) string {
	q := url.Values{}
	for name, v := range values {
		q.Set(name, v)
	}
	return q.Encode()
}

// ParseParam reads what Param wrote. What it did not write gives nothing.
func ParseParam(text string) map[string]string {
	q, err := url.ParseQuery(text)
	if err != nil {
		return nil
	}
	out := map[string]string{}
	for name := range q {
		out[name] = q.Get(name)
	}
	return out
}

// Takes says whether a value may be given for the parameter.
func (p *Parameter) Takes(value string) bool {
	return value != "" && (len(p.Values) == 0 || slices.Contains(p.Values, value))
}

// CheckParam wants a value for each parameter of a role, and no others. The fields are the parameters' names.
func CheckParam(all []Parameter, param string) (bad []errs.Field) {
	values := ParseParam(param)
	for i := range all {
		p := &all[i]
		switch v := values[p.Name]; {
		case v == "":
			bad = append(bad, errs.Field{Field: p.Name, Rule: "is required"})
		case !p.Takes(v):
			bad = append(bad, errs.Field{Field: p.Name, Rule: "must be one of " + strings.Join(p.Values, ", ")})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.ContainsFunc(all, func(p Parameter) bool { return p.Name == name }) {
			bad = append(bad, errs.Field{Field: name, Rule: "is no parameter of the role"})
		}
	}
	return bad
}

// RoleGives gives what a member of a role gets who was given these parameters: the entitlements with the role that holds each directly,
// inner roles included; nothing where a parameter is missing or not allowed. The slice must not be changed.
func (s *Snapshot) RoleGives(id int, param string) ([]Give, error) {
	r := s.roles[id]
	if r == nil || len(r.row.Spec.Parameters) == 0 {
		return s.roleGives[id], nil
	}
	return s.given(r, ParseParam(param))
}

// RoleMost gives what a role may give, whatever its parameters: as RoleGives. The slice is the caller's.
func (s *Snapshot) RoleMost(id int) []Give {
	r := s.roles[id]
	if r == nil {
		return nil
	}
	out := make([]Give, len(r.held))
	for i, h := range r.held {
		out[i] = h.give("")
	}
	return out
}

// given gives what a role gives with parameters, ascending by entitlement and holder.
func (s *Snapshot) given(r *role, values map[string]string) ([]Give, error) {
	mine := map[string]string{}
	for i := range r.row.Spec.Parameters {
		p := &r.row.Spec.Parameters[i]
		if !p.Takes(values[p.Name]) {
			return nil, nil
		}
		mine[p.Name] = values[p.Name]
	}
	param := Param(mine)
	out := make([]Give, 0, len(r.held))
	for _, h := range r.held {
		if holder := s.roles[h.role]; holder.where != nil {
			ok, err := holder.where.holdsOf(MapAttrs(nil), holder.row.Spec.About[h.entitlement], mine)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
		}
		out = append(out, h.give(param))
	}
	return out, nil
}

// compileRule makes a rule of its row.
func (s *Snapshot) compileRule(row *row, env *environment) (*rule, error) {
	r := &rule{row: row}
	for _, c := range []struct {
		text string
		in   *environment
		to   **condition
	}{{row.Spec.When, env, &r.when}, {row.Spec.Except, env, &r.except}, {row.Spec.Where, env.where, &r.where}} {
		if c.text == "" && c.to != &r.when {
			continue
		}
		var err error
		if *c.to, err = c.in.compile(c.text); err != nil {
			return nil, err
		}
	}
	r.dynamic = r.where != nil
	for _, e := range row.Spec.EntitlementIDs {
		r.most = append(r.most, Give{Rule: row.ID, RuleN: row.N, Entitlement: e})
	}
	for _, id := range row.Spec.RoleIDs {
		inner := s.roles[id]
		r.dynamic = r.dynamic || len(inner.row.Spec.Parameters) > 0
		gives := s.roleGives[id]
		if len(inner.row.Spec.Parameters) > 0 {
			gives = nil
			for _, h := range inner.held {
				gives = append(gives, h.give(""))
			}
		}
		r.most = append(r.most, stamped(row, gives)...)
	}
	r.most = inOrder(r.most)
	if !r.dynamic {
		r.gives = r.most
	}
	return r, nil
}

// stamped says which rule gives it.
func stamped(row *row, gives []Give) []Give {
	out := slices.Clone(gives)
	for i := range out {
		out[i].Rule, out[i].RuleN = row.ID, row.N
	}
	return out
}

// inOrder sorts by entitlement and role, each once.
func inOrder(gives []Give) []Give {
	slices.SortFunc(gives, func(a, b Give) int {
		return cmp.Or(a.Entitlement-b.Entitlement, a.Role-b.Role, cmp.Compare(a.Param, b.Param))
	})
	return slices.Compact(gives)
}

// holds says whether the rule's condition is true of an employment and its exception is not.
func (r *rule) holds(a Attrs) (bool, error) {
	ok, err := r.when.holds(a)
	if err != nil || !ok || r.except == nil {
		return ok, err
	}
	out, err := r.except.holds(a)
	return !out, err
}

// attrs gives what the rule reads of an employment.
func (r *rule) attrs() []string {
	out := slices.Clone(r.when.attrs)
	for _, c := range []*condition{r.except, r.where} {
		if c != nil {
			out = append(out, c.attrs...)
		}
	}
	for _, attr := range r.row.Spec.With {
		out = append(out, attr)
	}
	return out
}

// givesTo gives what a rule that holds gives to an employment.
func (s *Snapshot) givesTo(r *rule, a Attrs) ([]Give, error) {
	if !r.dynamic {
		return r.gives, nil
	}
	var out []Give
	for _, e := range r.row.Spec.EntitlementIDs {
		if r.where != nil {
			ok, err := r.where.holdsOf(a, r.row.Spec.About[e], nil)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
		}
		out = append(out, Give{Rule: r.row.ID, RuleN: r.row.N, Entitlement: e})
	}
	for _, id := range r.row.Spec.RoleIDs {
		gives, err := s.RoleGives(id, Param(r.parameters(s.roles[id], a)))
		if err != nil {
			return nil, err
		}
		out = append(out, stamped(r.row, gives)...)
	}
	return inOrder(out), nil
}

// parameters are what an employment's attributes give a role.
func (r *rule) parameters(to *role, a Attrs) map[string]string {
	out := map[string]string{}
	for _, p := range to.row.Spec.Parameters {
		out[p.Name] = a.Get(r.row.Spec.With[p.Name])
	}
	return out
}

// holding gives the rules that hold for an employment and that no other of their choice goes before, in order.
func (s *Snapshot) holding(a Attrs) ([]*rule, error) {
	var out []*rule
	var top map[string]int // the highest priority of each choice
	for i := range s.rules {
		r := s.rules[i]
		ok, err := r.holds(a)
		if err != nil {
			return nil, ruleError{r.row.Name, err}
		}
		if !ok {
			continue
		}
		out = append(out, r)
		if c := r.row.Spec.Choice; c != "" {
			if top == nil {
				top = map[string]int{}
			}
			if was, seen := top[c]; !seen || r.row.Spec.Priority > was {
				top[c] = r.row.Spec.Priority
			}
		}
	}
	if top != nil {
		out = slices.DeleteFunc(out, func(r *rule) bool { return r.row.Spec.Choice != "" && r.row.Spec.Priority < top[r.row.Spec.Choice] })
	}
	return out, nil
}

// ruleError says which rule could not be evaluated.
type ruleError struct {
	name string
	err  error
}

func (e ruleError) Error() string { return "rule " + e.name + " cannot be evaluated: " + e.err.Error() }

func (e ruleError) Unwrap() error { return e.err }

// Lead gives how many days before a joiner's first day a birthright rule gives already.
func (s *Snapshot) Lead(rule int) int {
	if r := s.byID[rule]; r != nil {
		return r.row.Spec.LeadDays
	}
	return 0
}

// Leads gives the days before a first day on which any rule begins to give, ascending, without 0.
func (s *Snapshot) Leads() []int { return s.leads }

// Handover gives how many days a mover keeps what a birthright rule gave; ok is false where each entitlement says it.
func (s *Snapshot) Handover(rule int) (days int, ok bool) {
	if r := s.byID[rule]; r != nil && r.row.Spec.HandoverDays != nil {
		return *r.row.Spec.HandoverDays, true
	}
	return 0, false
}
