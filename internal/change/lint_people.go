package change

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/policy"
	"tenure/internal/policy/sod"
)

// goneOwners gives the names of those owners of anything who left or were terminated.
func (l *linting) goneOwners() (map[int]string, error) {
	var ids []int
	for _, kind := range []string{policy.KindRole, policy.KindSoD, policy.KindOffer} {
		for _, o := range l.pol.Objects(kind) {
			ids = append(ids, o.OwnerID)
		}
	}
	for _, a := range l.cat.Apps {
		if a.OwnerID != nil {
			ids = append(ids, *a.OwnerID)
		}
	}
	for _, e := range l.cat.Entitlements {
		if e.OwnerID != nil {
			ids = append(ids, *e.OwnerID)
		}
	}
	rows, err := l.tx.Query(`select id, name from identity where id = any($1) and (state = 'left' or locked_at is not null)`, ids)
	if err != nil {
		return nil, err
	}
	out := map[int]string{}
	var id int
	var name string
	_, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error { out[id] = name; return nil })
	return out, err
}

// holdings gives the entitlements of duties that somebody holds, as was seen in a target or for another reason than birthright.
func (l *linting) holdings() (map[int]bool, error) {
	var ids []int
	for _, all := range l.pol.DutyEntitlements() {
		ids = append(ids, all...)
	}
	return l.numbers(`select e from unnest($1::int[]) e where exists (select from observed o where o.entitlement_id = e and o.seen_to is null)
		or exists (select from reason r where r.entitlement_id = e and r.known_to = 'infinity' and r.valid_to > $2 and r.kind not in ('birthright', 'handover'))`, ids, l.tx.Now)
}

// assigned gives the roles of which people are members by decision, now or later.
func (l *linting) assigned() (map[int]bool, error) {
	return l.numbers(`select distinct role_id from role_member where ended_at is null and valid_to > $1`, l.tx.Now)
}

func (l *linting) numbers(sql string, args ...any) (map[int]bool, error) {
	rows, err := l.tx.Query(sql, args...)
	if err != nil {
		return nil, err
	}
	out := map[int]bool{}
	var id int
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error { out[id] = true; return nil })
	return out, err
}

// population is what the people who work here make of the rules.
type population struct {
	matched map[int]int             // birthright rule -> employments
	alone   map[int]bool            // rules that give somebody what no other rule gives them
	beside  map[int]map[string]bool // the names of the rules that give the same
	inScope map[int]bool            // SoD rules that hold for somebody
}

// rules finds birthright rules and SoD rules that mean nobody. In a database without people all of them would: there only what can
// never be true is told.
func (l *linting) rules() error {
	p, err := l.count()
	if err != nil {
		return err
	}
	for _, o := range l.pol.Objects(policy.KindRule) {
		switch {
		case l.never[o.ID] != "":
			l.say(LintError, "rule-never", o, "spec.when", "the condition can be true of nobody: %s", l.never[o.ID])
		case len(l.people) == 0:
		case p.matched[o.ID] == 0:
			l.say(LintWarning, "rule-nobody", o, "spec.when", "the condition is true of nobody who works here now")
		case !p.alone[o.ID] && len(l.byRule[o.ID]) > 0:
			l.say(LintWarning, "rule-shadowed", o, "name", "everything that the rule gives, the same people get from %s", these(p.beside[o.ID]))
		}
	}
	for _, o := range l.pol.Objects(policy.KindSoD) {
		switch {
		case l.never[o.ID] != "":
			l.say(LintError, "scope-never", o, "spec.when", "the rule can hold for nobody: %s", l.never[o.ID])
		case len(l.people) > 0 && !p.inScope[o.ID]:
			l.say(LintWarning, "scope-empty", o, "spec.when", "the rule holds for nobody who works here now")
		}
	}
	return nil
}

// count asks every combination of attributes there is, once.
func (l *linting) count() (*population, error) {
	p := &population{matched: map[int]int{}, alone: map[int]bool{}, beside: map[int]map[string]bool{}, inScope: map[int]bool{}}
	duties := l.pol.Objects(policy.KindSoD)
	for i := range l.people {
		a := l.people[i].Attrs
		rules, err := l.pol.Match(a)
		if err != nil {
			return nil, err
		}
		l.compare(p, rules, l.people[i].N)
		if len(duties) > 0 {
			holds := l.pol.Duties().Scope([]policy.Attrs{a})
			for _, o := range duties {
				p.inScope[o.ID] = p.inScope[o.ID] || holds(o.ID)
			}
		}
	}
	return p, nil
}

// compare notes which of the rules that hold for the same people give something that no other one of them gives.
func (l *linting) compare(p *population, rules []int, n int) {
	by := map[int][]int{} // entitlement -> rules
	for _, r := range rules {
		p.matched[r] += n
		for _, e := range l.byRule[r] {
			by[e] = append(by[e], r)
		}
	}
	for _, all := range by {
		if len(all) == 1 {
			p.alone[all[0]] = true
			continue
		}
		for _, r := range all {
			if p.alone[r] {
				continue
			}
			if p.beside[r] == nil {
				p.beside[r] = map[string]bool{}
			}
			for _, other := range all {
				if other != r {
					p.beside[r][l.pol.Object(other).Name] = true
				}
			}
		}
	}
}

// these names a few.
func these(names map[string]bool) string {
	var all []string
	for name := range names {
		all = append(all, name)
	}
	slices.Sort(all)
	if len(all) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:3], ", "), len(all)-3)
	}
	return strings.Join(all, ", ")
}

// conflicts finds roles, and birthright rules, that break an SoD rule by themselves. It is told where it begins: not of a role when a role
// within it breaks the same rule, nor of a rule when one of its roles does.
func (l *linting) conflicts() error {
	if l.pol.Duties() == nil {
		return nil
	}
	broken := map[int]map[int][]string{} // role -> SoD rule -> entitlements
	byName := map[string]int{}
	for _, o := range l.pol.Objects(policy.KindRole) {
		byName[o.Name] = o.ID
		broken[o.ID] = l.breaks(l.byRole[o.ID])
	}
	tell := func(o *policy.Object, all map[int][]string, own, within []string, what string) {
		field := "spec.entitlements"
		if len(own) == 0 {
			field = "spec.roles"
		}
		for rule, refs := range all {
			if slices.ContainsFunc(within, func(name string) bool { return broken[byName[name]][rule] != nil }) {
				continue
			}
			severity := LintError
			if l.pol.Duties().Reaction(rule) == policy.RecordSoD {
				severity = LintWarning
			}
			l.say(severity, "breaks-sod", o, field, "whoever gets the %s breaks the SoD rule %q with %s", what, l.pol.Object(rule).Name, strings.Join(refs, " and "))
		}
	}
	for _, o := range l.pol.Objects(policy.KindRole) {
		tell(o, broken[o.ID], o.Role.Entitlements, o.Role.Roles, "role")
	}
	for _, o := range l.pol.Objects(policy.KindRule) {
		all, err := l.inScope(o, l.breaks(l.byRule[o.ID]))
		if err != nil {
			return err
		}
		tell(o, all, o.Rule.Entitlements, o.Rule.Roles, "birthright rule's access")
	}
	return l.conflictsOffered()
}

// breaks gives the SoD rules that these entitlements break together, with those that do.
func (l *linting) breaks(entitlements []int) map[int][]string {
	held := make([]sod.Holding, len(entitlements))
	for i, e := range entitlements {
		held[i] = sod.Holding{Entitlement: e}
	}
	out := map[int][]string{}
	for _, v := range l.pol.Duties().Engine().Check(held, nil) {
		var ids []int
		for _, d := range v.Duties {
			for _, h := range d.By {
				ids = append(ids, h.Entitlement)
			}
		}
		slices.Sort(ids)
		out[v.Rule] = names(slices.Compact(ids), l.cat.Ref)
	}
	return out
}

// inScope leaves those SoD rules that hold for somebody whom the birthright rule means; all of them while it means nobody.
func (l *linting) inScope(rule *policy.Object, broken map[int][]string) (map[int][]string, error) {
	if len(broken) == 0 {
		return nil, nil
	}
	out, meant := map[int][]string{}, false
	for i := range l.people {
		a := l.people[i].Attrs
		rules, err := l.pol.Match(a)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(rules, rule.ID) {
			continue
		}
		meant = true
		holds := l.pol.Duties().Scope([]policy.Attrs{a})
		for id, refs := range broken {
			if holds(id) {
				out[id] = refs
			}
		}
	}
	if !meant {
		return broken, nil
	}
	return out, nil
}
