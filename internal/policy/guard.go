package policy

import (
	"errors"

	"github.com/casbin/casbin/v2"

	"tenure/internal/policy/sod"
)

// guardModel is the last guard over every grant: whatever was decided before, it is denied when the SoD engine finds a conflict.
const guardModel = `
[request_definition]
r = what
[policy_definition]
p = act, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = p.act == "grant" || p.act == "conflict" && sodConflict(r.what)
`

// Attempt is access about to be granted to one person, as the last guard sees it.
type Attempt struct {
	Held, Add []sod.Holding
	Scope     func(rule int) bool // of the SoD rules, for this person
	Excepted  func(rule int) bool

	duties *Duties
}

// Attempt makes one.
func (d *Duties) Attempt(held, add []sod.Holding, scope, excepted func(int) bool) *Attempt {
	return &Attempt{Held: held, Add: add, Scope: scope, Excepted: excepted, duties: d}
}

// Allowed asks Casbin: no when what is added breaks a rule that forbids it and that no exception covers.
func (a *Attempt) Allowed() (bool, error) {
	if a == nil || len(a.Add) == 0 {
		return true, nil
	}
	return a.duties.guard.Enforce(a)
}

// Stops gives the rules that forbid an addition beside what is held.
func (d *Duties) Stops(held, add []sod.Holding, scope, excepted func(int) bool) []int {
	var out []int
	for _, v := range d.engine.CheckAdd(held, add, scope) {
		if reaction := d.Reaction(v.Rule); reaction != RecordSoD && (reaction == Refuse || !excepted(v.Rule)) {
			out = append(out, v.Rule)
		}
	}
	return out
}

func newGuard() (*casbin.Enforcer, error) {
	e, err := newEnforcer(guardModel, lines{{"p", "grant", "allow"}, {"p", "conflict", "deny"}})
	if err != nil {
		return nil, err
	}
	e.AddFunction("sodConflict", func(args ...any) (any, error) {
		a, ok := args[0].(*Attempt)
		if !ok {
			return nil, errors.New("the guard is asked about something else than an attempt")
		}
		return len(a.duties.Stops(a.Held, a.Add, a.Scope, a.Excepted)) > 0, nil
	})
	return e, nil
}
