package policy

import (
	"testing"

	"tenure/internal/policy/mining"
)

// TestMinedRulesAreConditions compiles suggested rules over awkward names and values, and evaluates them: they hold for exactly the people
// that mining counted.
func TestMinedRulesAreConditions(t *testing.T) {
	names := []string{"department", "in", "Cost Code", `quo"te\`, "team_2", "person", "Ünï"}
	values := []string{"Finance", `R&D "x"`, `back\slash`, "line\nbreak\ttab", "\x00\x01\x7f", "\u200b\ufeff\U000e0001", "北京", "{{x}} 'y' ${z}"}
	for a, name := range names {
		o := &mining.Organisation{Attributes: names}
		var pairs []mining.Pair
		for i := range 96 {
			v := make([]string, len(names))
			for k := range v {
				v[k] = values[(i/(k+1)+k*i)%len(values)]
			}
			v[a] = values[i%len(values)]
			o.People = append(o.People, mining.Person{ID: int64(i), Values: v})
			pairs = append(pairs, mining.Pair{Person: int64(i), Entitlement: int64(1 + i%len(values))}, mining.Pair{Person: int64(i), Entitlement: int64(100 + i%len(values)/3)})
		}
		m := mining.NewMatrix(pairs)
		cover, err := mining.Mine(t.Context(), m, mining.Options{Effort: 1})
		if err != nil {
			t.Fatal(err)
		}
		env, err := newEnvironment(names)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range mining.Candidates(m, cover.Roles, o) {
			if c.Rule == nil {
				t.Errorf("%s: no rule for %v", name, c.Members)
				continue
			}
			compiled, err := env.compile(c.Rule.Text)
			if err != nil {
				t.Errorf("%s: %v", c.Rule.Text, err)
				continue
			}
			matches := 0
			for _, p := range o.People {
				attrs := MapAttrs{}
				for k, n := range names {
					attrs[n] = p.Values[k]
				}
				if ok, err := compiled.holds(attrs); err != nil {
					t.Errorf("%s: %v", c.Rule.Text, err)
				} else if ok {
					matches++
				}
			}
			if matches != c.Rule.Matches {
				t.Errorf("%s holds for %d people, mining counted %d", c.Rule.Text, matches, c.Rule.Matches)
			}
		}
	}
}
