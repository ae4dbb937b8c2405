package policy

import (
	"cmp"
	"slices"

	"github.com/casbin/casbin/v2"

	"tenure/internal/policy/sod"
)

// Duties are the SoD rules of one version, compiled. They never change and may be used by several goroutines at once.
type Duties struct {
	engine *sod.Engine
	guard  *casbin.Enforcer
	rules  map[int]*sodRule
}

type sodRule struct {
	row  *row
	when *condition // nil for everybody
}

// Duties gives the SoD rules of the version, nil when it has none.
func (s *Snapshot) Duties() *Duties { return s.duties }

func (s *Snapshot) compileDuties(env *environment) error {
	var duties []sod.Duty
	var rules []sod.Rule
	d := &Duties{rules: map[int]*sodRule{}}
	for i := range s.rows {
		r := &s.rows[i]
		switch r.Kind {
		case KindDuty:
			duties = append(duties, sod.Duty{ID: r.ID, Name: r.Name, All: r.Spec.Needs == NeedsAll, Entitlements: r.Spec.EntitlementIDs})
		case KindSoD:
			x := &sodRule{row: r}
			if r.Spec.When != "" {
				var err error
				if x.when, err = env.compile(r.Spec.When); err != nil {
					return err
				}
			}
			d.rules[r.ID] = x
			rules = append(rules, sod.Rule{ID: r.ID, Name: r.Name, Duties: r.Spec.DutyIDs, AtLeast: r.Spec.AtLeast})
		}
	}
	if len(rules) == 0 {
		return nil
	}
	var err error
	if d.engine, err = sod.Compile(duties, rules); err != nil {
		return err
	}
	s.duties = d
	d.guard, err = newGuard()
	return err
}

// Engine gives the compiled rules, keyed by their object ids.
func (d *Duties) Engine() *sod.Engine { return d.engine }

// Reaction says what follows when access would break a rule.
func (d *Duties) Reaction(rule int) string { return cmp.Or(d.rules[rule].row.Spec.Reaction, Exception) }

// Scope says which rules hold for somebody with these employments: those whose condition holds for one of them. A condition that cannot be
// evaluated counts as holding, so that an error never lets access through. It is asked for few rules, so it keeps no answers.
func (d *Duties) Scope(jobs []Attrs) func(rule int) bool {
	return func(rule int) bool {
		when := d.rules[rule].when
		if when == nil {
			return true
		}
		for _, a := range jobs {
			if ok, err := when.holds(a); ok || err != nil {
				return true
			}
		}
		return false
	}
}

// InDuties gives the entitlements that stand in a duty of an SoD rule.
func (s *Snapshot) InDuties(rule int) []int {
	var duties, out []int
	for i := range s.rows {
		if s.rows[i].ID == rule {
			duties = s.rows[i].Spec.DutyIDs
		}
	}
	for i := range s.rows {
		if slices.Contains(duties, s.rows[i].ID) {
			out = append(out, s.rows[i].Spec.EntitlementIDs...)
		}
	}
	return out
}
