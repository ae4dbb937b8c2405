package policy

import (
	"fmt"
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
		case KindRule:
			if len(r.Spec.Roles)+len(r.Spec.Entitlements) == 0 {
				add("spec.entitlements", "gives nothing: name at least one role or entitlement")
			}
		case KindDuty:
			checkDuty(&r.Spec, add)
			continue
		case KindSoD:
			checkSoD(&r.Spec, add)
			if r.Spec.When == "" {
				continue
			}
		default:
			continue
		}
		c, err := env.compile(r.Spec.When)
		if err != nil {
			add("spec.when", "%s", err.Error())
			continue
		}
		r.Spec.Attributes = c.custom
	}
	d.checkNamed()
	d.checkRoles()
	if len(d.bad) > 0 {
		return errs.InvalidFields("the policy is not right:", d.bad)
	}
	return nil
}

func checkDuty(s *record, add func(field, format string, a ...any)) {
	if len(s.Entitlements) == 0 {
		add("spec.entitlements", "is required: name at least one entitlement")
	}
	if s.Needs != "" && s.Needs != NeedsAny && s.Needs != NeedsAll {
		add("spec.needs", "is %q and must be any or all", s.Needs)
	}
}

func checkSoD(s *record, add func(field, format string, a ...any)) {
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
		for field, ids := range map[string][]int{"spec.roles": r.Spec.RoleIDs, "spec.duties": r.Spec.DutyIDs} {
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
