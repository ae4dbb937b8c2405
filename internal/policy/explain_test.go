package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestExplain(t *testing.T) {
	s := mustSnapshot(t, company())
	got := s.Explain(MapAttrs{"department": "Sales", "title": "Lead"}, 101)
	want := Explanation{Rules: []RuleExplanation{{Rule: 3, Name: "finance-base", Paths: []string{"rule finance-base > role AP Lead > role AP base"},
		Failing: []string{`department is "Sales", the rule wants "Finance"`}, Changes: []Change{{"department", "Sales", "Finance"}}}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}

	got = s.Explain(MapAttrs{"department": "Sales"}, 101)
	if f := strings.Join(got.Rules[0].Failing, "; "); f != `department is "Sales", the rule wants "Finance"; title is missing, the rule wants "Lead"` {
		t.Error(f)
	}
	if len(got.Rules[0].Changes) > 0 {
		t.Errorf("no single change does it, but %v is offered", got.Rules[0].Changes)
	}

	got = s.Explain(MapAttrs{"department": "Finance", "title": "Lead"}, 100)
	if !got.Given || len(got.Rules) != 2 || !got.Rules[0].Holds || !got.Rules[1].Holds {
		t.Errorf("both rules give it: %+v", got)
	}

	got = s.Explain(MapAttrs{"country": "ES", "worker_type": "employee"}, 103)
	if f := strings.Join(got.Rules[0].Failing, ""); !strings.Contains(f, `country is "ES" and worker_type is "employee"`) {
		t.Error(f)
	}
	if d := cmp.Diff([]Change{{"worker_type", "employee", "contractor"}}, got.Rules[0].Changes); d != "" {
		t.Error(d)
	}

	if got := s.Explain(MapAttrs{}, 999); got.Given || len(got.Rules) > 0 {
		t.Errorf("nothing gives it: %+v", got)
	}
}

func TestDescribe(t *testing.T) {
	for source, want := range map[string]string{
		`"Finance" == department`:                    `department is "Sales", the rule wants "Finance"`,
		`department != "Sales"`:                      `department is "Sales", the rule wants something other than "Sales"`,
		`department in ["Finance", "Audit"]`:         `department is "Sales", the rule wants "Finance" or "Audit"`,
		`department.lower().startsWith("fin")`:       `department is "Sales", the rule wants something that starts with "fin"`,
		`person["Cost Code"] == "X"`:                 `Cost Code is missing, the rule wants "X"`,
		`department.startsWith("F") || title == "x"`: `the rule wants department.startsWith("F") || title == "x", but department is "Sales" and title is ""`,
		`false`: `the rule wants false`,
	} {
		got := compiledCondition(t, source).failing(MapAttrs{"department": "Sales"})
		if len(got) != 1 || got[0] != want {
			t.Errorf("%s: got %q, want %q", source, got, want)
		}
	}
}

// Every change that an explanation offers does give the entitlement when it is made.
func TestOfferedChangesWork(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := newSnapshot(1, genRows(t))
		if err != nil {
			t.Fatal(err)
		}
		a := genAttrs.Draw(t, "person")
		ent := rapid.IntRange(100, 106).Draw(t, "entitlement")
		gives, err := s.Evaluate(a)
		if err != nil {
			t.Fatal(err)
		}
		e := s.Explain(a, ent)
		if e.Given != has(gives, ent) {
			t.Fatalf("explained %v, evaluated %v", e.Given, gives)
		}
		for _, r := range e.Rules {
			for _, ch := range r.Changes {
				b := MapAttrs{ch.Attribute: ch.To}
				for k, v := range a {
					if k != ch.Attribute {
						b[k] = v
					}
				}
				gives, err := s.Evaluate(b)
				if err != nil || !has(gives, ent) {
					t.Fatalf("rule %s offers %v, which does not do it", r.Name, ch)
				}
			}
		}
	})
}

func has(gives []Give, ent int) bool {
	for _, g := range gives {
		if g.Entitlement == ent {
			return true
		}
	}
	return false
}
