package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"tenure/internal/errs"
)

// check holds the new version against the rules, all of them at once.
func (d *draft) check() error {
	env, err := newEnvironment(d.attributes())
	if err != nil {
		return err
	}
	for i := range d.next {
		r := &d.next[i]
		add := func(field, format string, a ...any) {
			d.bad = append(d.bad, errs.Field{Field: fieldOf(r.Kind, r.Name) + field, Rule: fmt.Sprintf(format, a...)})
		}
		if rule := checkName(r.Name); rule != "" {
			add("name", "%s", rule)
		}
		switch r.Kind {
		case KindRole:
			if err := checkRole(&r.Spec, add); err != nil {
				return err
			}
			d.checkOwner(r, add)
		case KindRule:
			d.checkRule(r, env, add)
		case KindDuty:
			checkDuty(&r.Spec, add)
		case KindSoD:
			checkSoD(&r.Spec, add)
			if r.Spec.When != "" {
				r.Spec.Attributes = compiles(env, "spec.when", r.Spec.When, add)
			}
		case KindOffer:
			checkOffer(&r.Spec, env, add)
		case KindApproval:
			checkApproval(&r.Spec, env, add)
		}
	}
	d.checkNamed()
	d.checkRoles()
	if len(d.bad) > 0 {
		return errs.InvalidFields("the policy is not right:", d.bad)
	}
	return nil
}

// adder notes a field that is wrong.
type adder = func(field, format string, a ...any)

// compiles checks a condition and gives the variables it reads that are not standard.
func compiles(env *environment, field, source string, add adder) []string {
	c, err := env.compile(source)
	if err != nil {
		add(field, "%s", err.Error())
		return nil
	}
	return c.custom
}

// Bounds of a birthright rule, in days.
const (
	MaxLead     = 90
	MaxHandover = 30
)

func (d *draft) checkRule(r *row, env *environment, add adder) {
	s := &r.Spec
	if len(s.Roles)+len(s.Entitlements) == 0 {
		add("spec.entitlements", "gives nothing: name at least one role or entitlement")
	}
	read := compiles(env, "spec.when", s.When, add)
	if s.Except != "" {
		read = append(read, compiles(env, "spec.except", s.Except, add)...)
	}
	if s.Where != "" {
		read = append(read, compiles(env.where, "spec.where", s.Where, add)...)
		if len(s.Entitlements) == 0 {
			add("spec.where", "chooses among the rule's own entitlements, and it names none; roles have a where of their own")
		}
	}
	slices.Sort(read)
	s.Attributes = slices.Compact(read)
	if s.Priority != 0 && s.Choice == "" {
		add("spec.priority", "orders the rules of one choice: name the choice")
	}
	if s.LeadDays < 0 || s.LeadDays > MaxLead {
		add("spec.lead_days", "is %d and must be from 0 to %d", s.LeadDays, MaxLead)
	}
	if s.HandoverDays != nil && (*s.HandoverDays < 0 || *s.HandoverDays > MaxHandover) {
		add("spec.handover_days", "is %d and must be from 0 to %d", *s.HandoverDays, MaxHandover)
	}
	d.checkWith(r, add)
}

// checkWith wants every parameter of the rule's roles given, by an attribute that there is.
func (d *draft) checkWith(r *row, add adder) {
	known := append(d.attributes(), StandardAttributes...)
	wanted := map[string]string{} // parameter -> role
	for i := range d.next {
		if o := &d.next[i]; o.Kind == KindRole && slices.Contains(r.Spec.RoleIDs, o.ID) {
			for _, p := range o.Spec.Parameters {
				wanted[p.Name] = o.Name
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if r.Spec.With[name] == "" {
			add("spec.with", "must say which attribute is the %s of the role %s", name, wanted[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Spec.With)) {
		switch attr := r.Spec.With[name]; {
		case wanted[name] == "":
			add("spec.with", "names %q, which is no parameter of its roles", name)
		case attr != "" && !slices.Contains(known, attr):
			add("spec.with", "takes the %s from %q, which is no attribute of people", name, attr)
		}
	}
}

// checkOwner wants somebody who answers for a role that begins to give access, as soon as there is anybody to name, and that nobody takes
// the owner away from one that has one. Roles from before there was anybody to name are told of by tenure lint.
func (d *draft) checkOwner(r *row, add adder) {
	if !d.people || d.set.Back || !r.active() || r.Spec.Owner != "" {
		return
	}
	if old, there := d.now[keyOf(r.Kind, r.Name)]; !there || !old.active() || old.Spec.Owner != "" {
		add("spec.owner", "is required: who answers for the role, by e-mail address or number (a role in the state draft or proposed needs nobody yet)")
	}
}

func checkRole(s *record, add adder) error {
	if s.State != "" && !slices.Contains(States, s.State) {
		add("spec.state", "is %q and must be draft, proposed, active or retired", s.State)
	}
	names := map[string]bool{}
	for i, p := range s.Parameters {
		at := fmt.Sprintf("spec.parameters[%d].", i)
		switch {
		case !identifier.MatchString(p.Name) || len(p.Name) > 40:
			add(at+"name", "must be 1 to 40 of a-z, 0-9 and _, and begin with a letter")
		case names[p.Name]:
			add(at+"name", "names %q twice", p.Name)
		}
		names[p.Name] = true
		if slices.Contains(p.Values, "") {
			add(at+"values", "must not hold an empty value")
		}
	}
	if s.Where == "" {
		return nil
	}
	env, err := roleEnvironment()
	if err != nil {
		return err
	}
	c, err := env.compile(s.Where)
	if err != nil {
		add("spec.where", "%s", err.Error())
		return nil
	}
	for _, name := range c.mapped[parameterVar] {
		if !names[name] {
			add("spec.where", "asks for the parameter %q, which the role does not have", name)
		}
	}
	if len(s.Entitlements) == 0 {
		add("spec.where", "chooses among the role's own entitlements, and it names none")
	}
	return nil
}

func checkDuty(s *record, add adder) {
	if len(s.Entitlements) == 0 {
		add("spec.entitlements", "is required: name at least one entitlement")
	}
	if s.Needs != "" && s.Needs != NeedsAny && s.Needs != NeedsAll {
		add("spec.needs", "is %q and must be any or all", s.Needs)
	}
}

func checkSoD(s *record, add adder) {
	seen := map[string]bool{}
	for i, name := range s.Duties {
		if seen[name] {
			add(fmt.Sprintf("spec.duties[%d]", i), "names %q twice", name)
		}
		seen[name] = true
	}
	if len(seen) < 2 {
		add("spec.duties", "must name at least two duties")
	} else if s.AtLeast != 0 && (s.AtLeast < 2 || s.AtLeast > len(seen)) {
		add("spec.at_least", "is %d and must be from 2 to the number of duties, %d", s.AtLeast, len(seen))
	}
	if s.Severity != "" && !slices.Contains(Severities, s.Severity) {
		add("spec.severity", "is %q and must be one of %s", s.Severity, strings.Join(Severities, ", "))
	}
	if s.Reaction != "" && !slices.Contains(Reactions, s.Reaction) {
		add("spec.reaction", "is %q and must be one of %s", s.Reaction, strings.Join(Reactions, ", "))
	}
}

// checkNamed refuses the end of what others still name.
func (d *draft) checkNamed() {
	names := map[int]string{}
	for _, r := range d.next {
		names[r.ID] = r.Name
	}
	ended := map[int]string{}
	for _, r := range d.now {
		if _, stays := names[r.ID]; !stays {
			ended[r.ID] = r.Name
		}
	}
	for i := range d.next {
		r := &d.next[i]
		for field, ids := range map[string][]int{"spec.roles": r.Spec.RoleIDs, "spec.duties": r.Spec.DutyIDs, "spec.levels": r.Spec.levelRoles(), "spec.steps": r.Spec.GroupIDs} {
			for _, id := range ids {
				if name := ended[id]; name != "" {
					d.bad = append(d.bad, errs.Field{Field: fieldOf(r.Kind, r.Name) + field, Rule: fmt.Sprintf("still names %q, which ends", name)})
				}
			}
		}
	}
}

// attributes are those that HR sends, and those that rules which stay refer to already.
func (d *draft) attributes() []string {
	out := append([]string(nil), d.set.Attributes...)
	for _, r := range d.next {
		out = append(out, r.Spec.Attributes...)
	}
	return out
}

func checkName(name string) string {
	switch {
	case strings.TrimSpace(name) == "" || strings.TrimSpace(name) != name:
		return "is required, without spaces at its ends"
	case len(name) > 80 || strings.ContainsAny(name, ":/\n\t\""):
		return "must have at most 80 bytes and none of : / \" or line breaks"
	}
	return ""
}

// checkRoles refuses roles that contain themselves, and deeper nesting than Casbin follows.
func (d *draft) checkRoles() {
	roles := map[int]*row{}
	for i := range d.next {
		if d.next[i].Kind == KindRole {
			roles[d.next[i].ID] = &d.next[i]
		}
	}
	w := walk{roles: roles, depth: map[int]int{}}
	for i := range d.next {
		r := &d.next[i]
		if r.Kind != KindRole {
			continue
		}
		switch cycle := w.visit(r.ID, nil); {
		case cycle != nil:
			d.bad = append(d.bad, errs.Field{Field: fieldOf(r.Kind, r.Name) + "spec.roles",
				Rule: "the role contains itself: " + strings.Join(cycle, " > ")})
			return
		case w.depth[r.ID] > MaxDepth:
			d.bad = append(d.bad, errs.Field{Field: fieldOf(r.Kind, r.Name) + "spec.roles",
				Rule: fmt.Sprintf("has roles within roles in %d levels; at most %d are followed", w.depth[r.ID], MaxDepth)})
			return
		}
		d.checkInner(r, roles)
	}
}

// checkInner wants a role to have the parameters of the roles within it: they are given what it was given.
func (d *draft) checkInner(r *row, roles map[int]*row) {
	for _, id := range r.Spec.RoleIDs {
		if roles[id] == nil {
			continue
		}
		for _, p := range roles[id].Spec.Parameters {
			if !slices.ContainsFunc(r.Spec.Parameters, func(own Parameter) bool { return own.Name == p.Name }) {
				d.bad = append(d.bad, errs.Field{Field: fieldOf(r.Kind, r.Name) + "spec.parameters",
					Rule: fmt.Sprintf("must have %q, a parameter of the role %s within it", p.Name, roles[id].Name)})
			}
		}
	}
}

// walk goes through roles depth first. depth is the number of levels below a role that is done; -1 marks one on the way.
type walk struct {
	roles map[int]*row
	depth map[int]int
}

// visit gives the names of a cycle that the role is part of or leads to, nil if there is none.
func (w *walk) visit(id int, path []int) []string {
	if w.roles[id] == nil { // told already
		return nil
	}
	path = append(path, id)
	w.depth[id] = -1
	deepest := 0
	for _, inner := range w.roles[id].Spec.RoleIDs {
		switch d, seen := w.depth[inner]; {
		case d == -1:
			var names []string
			for i := len(path) - 1; i >= 0; i-- {
				names = append([]string{w.roles[path[i]].Name}, names...)
				if path[i] == inner {
					break
				}
			}
			return append(names, w.roles[inner].Name)
		case !seen:
			if cycle := w.visit(inner, path); cycle != nil {
				return cycle
			}
		}
		deepest = max(deepest, w.depth[inner]+1)
	}
	w.depth[id] = deepest
	return nil
}
