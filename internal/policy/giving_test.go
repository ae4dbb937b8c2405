package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tenure/internal/catalog"
	"tenure/internal/errs"
)

// shop is an application whose entitlements say what they are about.
func shop() *catalog.Catalog {
	about := func(name string, attrs map[string]string) catalog.EntitlementSpec {
		return catalog.EntitlementSpec{Name: name, Attributes: attrs}
	}
	return catalog.Declared(map[string]catalog.ApplicationSpec{"erp": {Entitlements: []catalog.EntitlementSpec{
		about("es", map[string]string{"country": "ES"}), about("pt", map[string]string{"country": "PT"}), about("all", nil),
		about("cc1", map[string]string{"cost_center": "1"}), about("cc2", map[string]string{"cost_center": "2"})}},
		"files": {Entitlements: []catalog.EntitlementSpec{{Name: "read"}, {Name: "write"}}}})
}

func compileSet(t *testing.T, set Set) *Snapshot {
	t.Helper()
	s, err := Compile(set, shop())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// gets names what an employment gets: "rule > role(param) > entitlement".
func gets(t *testing.T, s *Snapshot, a MapAttrs) []string {
	t.Helper()
	gives, err := s.Evaluate(a)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, g := range gives {
		words := s.Object(g.Rule).Name
		if g.Role != 0 {
			words += " > " + s.Object(g.Role).Name
		}
		if g.Param != "" {
			words += "(" + g.Param + ")"
		}
		out = append(out, words+" > "+shop().Ref(g.Entitlement))
	}
	return out
}

func want(t *testing.T, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func TestExceptionsOfARule(t *testing.T) {
	s := compileSet(t, Set{Rules: map[string]RuleSpec{"all": {When: "true", Except: `worker_type == "contractor"`, Entitlements: []string{"files/read"}}}})
	want(t, "employees", []string{"all > files/read"}, gets(t, s, MapAttrs{"worker_type": "employee"}))
	want(t, "contractors", []string{}, gets(t, s, MapAttrs{"worker_type": "contractor"}))
	e := s.Explain(MapAttrs{"worker_type": "contractor"}, shop().ByName["files/read"].ID)
	want(t, "why not", []string{`the rule makes an exception of everybody for whom worker_type == "contractor"`}, e.Rules[0].Failing)
	want(t, "what would change it", []Change{{"worker_type", "contractor", ""}}, e.Rules[0].Changes)
}

func TestOfAChoiceTheHighestPriorityGives(t *testing.T) {
	s := compileSet(t, Set{Rules: map[string]RuleSpec{
		"basic":   {When: "true", Choice: "licence", Entitlements: []string{"files/read"}},
		"full":    {When: `title == "Editor"`, Choice: "licence", Priority: 10, Entitlements: []string{"files/write"}},
		"as well": {When: `department == "IT"`, Choice: "licence", Priority: 10, Entitlements: []string{"erp/all"}}}})
	want(t, "anybody", []string{"basic > files/read"}, gets(t, s, MapAttrs{}))
	want(t, "an editor", []string{"full > files/write"}, gets(t, s, MapAttrs{"title": "Editor"}))
	want(t, "an editor in IT", []string{"as well > erp/all", "full > files/write"}, gets(t, s, MapAttrs{"title": "Editor", "department": "IT"}))
	rules, err := s.Match(MapAttrs{"title": "Editor"})
	if err != nil || len(rules) != 1 || s.Object(rules[0]).Name != "full" {
		t.Errorf("%v %v", rules, err)
	}
	e := s.Explain(MapAttrs{"title": "Editor"}, shop().ByName["files/read"].ID)
	want(t, "why not", []string{"the rule full goes before it in the choice licence"}, e.Rules[0].Failing)
}

func TestWhereChoosesByWhatAnEntitlementIsAbout(t *testing.T) {
	s := compileSet(t, Set{Rules: map[string]RuleSpec{"own country": {When: `department == "Sales"`, Entitlements: []string{"erp/*"}, Where: `entitlement["country"] == country`}}})
	want(t, "Spain", []string{"own country > erp/es"}, gets(t, s, MapAttrs{"department": "Sales", "country": "ES"}))
	want(t, "Portugal", []string{"own country > erp/pt"}, gets(t, s, MapAttrs{"department": "Sales", "country": "PT"}))
	want(t, "nowhere is where nothing is said", []string{"own country > erp/all", "own country > erp/cc1", "own country > erp/cc2"}, gets(t, s, MapAttrs{"department": "Sales"}))
	want(t, "what is read", []string{"country", "department"}, s.Attributes())
	e := s.Explain(MapAttrs{"department": "Sales", "country": "PT"}, shop().ByName["erp/es"].ID)
	want(t, "why not", []string{`the rule gives it only where entitlement["country"] == country`}, e.Rules[0].Failing)
	want(t, "what would change it", []Change{{"country", "PT", "ES"}}, e.Rules[0].Changes)
}

func TestRolesWithParameters(t *testing.T) {
	set := Set{Roles: map[string]RoleSpec{
		"Approver": {Entitlements: []string{"erp/*"}, Parameters: []Parameter{{Name: "cost_center", Values: []string{"1", "2", "9"}}}, Where: `entitlement["cost_center"] == parameter["cost_center"]`},
		"Head":     {Roles: []string{"Approver"}, Entitlements: []string{"files/write"}, Parameters: []Parameter{{Name: "cost_center"}}}},
		Rules: map[string]RuleSpec{"heads": {When: `title == "Head"`, Roles: []string{"Head"}, With: map[string]string{"cost_center": "cost_center"}}}}
	s := compileSet(t, set)
	want(t, "of one", []string{"heads > Approver(cost_center=1) > erp/cc1", "heads > Head(cost_center=1) > files/write"}, gets(t, s, MapAttrs{"title": "Head", "cost_center": "1"}))
	want(t, "of none", []string{}, gets(t, s, MapAttrs{"title": "Head"}))
	approver := s.Objects(KindRole)[0].ID
	for param, n := range map[string]int{"cost_center=1": 1, "cost_center=9": 0, "cost_center=3": 0, "": 0} {
		if gives, err := s.RoleGives(approver, param); err != nil || len(gives) != n {
			t.Errorf("%q gives %v, %v", param, gives, err)
		}
	}
	if len(s.RoleMost(approver)) != 5 {
		t.Error(s.RoleMost(approver))
	}
	e := s.Explain(MapAttrs{"title": "Head", "cost_center": "2"}, shop().ByName["erp/cc1"].ID)
	want(t, "what would change it", []Change{{"cost_center", "2", "1"}}, e.Rules[0].Changes)
	e = s.Explain(MapAttrs{"title": "Head"}, shop().ByName["files/write"].ID)
	want(t, "why not", []string{"cost_center is missing, and the role Head needs it"}, e.Rules[0].Failing)
}

func TestParam(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.MapOfN(rapid.StringMatching(`[a-z][a-z0-9_]{0,5}`), rapid.StringN(1, 8, -1), 0, 3).Draw(t, "values")
		if got := ParseParam(Param(values)); len(got)+len(values) > 0 && !cmp.Equal(got, values) {
			t.Fatalf("%v became %v", values, got)
		}
	})
}

func TestOnlyAnActiveRoleGives(t *testing.T) {
	for state, n := range map[State]int{"": 1, Active: 1, Draft: 0, Proposed: 0, Retired: 0} {
		s := compileSet(t, Set{Roles: map[string]RoleSpec{"R": {State: state, Entitlements: []string{"files/read"}}, "Around": {Roles: []string{"R"}}},
			Rules: map[string]RuleSpec{"all": {When: "true", Roles: []string{"Around"}}}})
		if got := gets(t, s, MapAttrs{}); len(got) != n {
			t.Errorf("%q: %v", state, got)
		}
	}
}

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		path, top string
		in        bool
	}{{"Iberia/Finance", "Iberia/Finance", true}, {"Iberia/Finance/AP", "Iberia/Finance", true}, {"Iberia/Finance/AP", "Iberia/", true},
		{"Iberia/Financial", "Iberia/Finance", false}, {"Iberia", "Iberia/Finance", false}, {"", "Iberia", false}, {"Iberia", "", false}} {
		s := compileSet(t, Set{Rules: map[string]RuleSpec{"r": {When: fmt.Sprintf("organisation.within(%q)", c.top), Entitlements: []string{"files/read"}}}})
		if got := gets(t, s, MapAttrs{"organisation": c.path}); (len(got) > 0) != c.in {
			t.Errorf("%q within %q: %v", c.path, c.top, got)
		}
	}
}

func TestBadRolesAndRules(t *testing.T) {
	files := []string{"files/read"}
	for wanted, set := range map[string]Set{
		`Role R: spec.state: is "old" and must be`:                     {Roles: map[string]RoleSpec{"R": {State: "old"}}},
		`spec.parameters[1].name: names "a" twice`:                     {Roles: map[string]RoleSpec{"R": {Parameters: []Parameter{{Name: "a"}, {Name: "a"}}}}},
		`spec.parameters[0].name: must be 1 to 40`:                     {Roles: map[string]RoleSpec{"R": {Parameters: []Parameter{{Name: "Cost Centre"}}}}},
		`spec.parameters[0].values: must not hold`:                     {Roles: map[string]RoleSpec{"R": {Parameters: []Parameter{{Name: "a", Values: []string{""}}}}}},
		`spec.where: asks for the parameter "b"`:                       {Roles: map[string]RoleSpec{"R": {Entitlements: files, Where: `parameter["b"] == "x"`}}},
		`spec.where: line 1, column 1: 'department' is`:                {Roles: map[string]RoleSpec{"R": {Entitlements: files, Where: `department == "x"`}}},
		`spec.where: chooses among the role's own`:                     {Roles: map[string]RoleSpec{"R": {Where: `entitlement["b"] == "x"`}}},
		`Role Out: spec.parameters: must have "a", a parameter of`:     {Roles: map[string]RoleSpec{"In": {Parameters: []Parameter{{Name: "a"}}}, "Out": {Roles: []string{"In"}}}},
		`spec.except: line 1`:                                          {Rules: map[string]RuleSpec{"r": {When: "true", Except: "nobody", Entitlements: files}}},
		`spec.where: chooses among the rule's own`:                     {Roles: map[string]RoleSpec{"R": {}}, Rules: map[string]RuleSpec{"r": {When: "true", Where: `country == "ES"`, Roles: []string{"R"}}}},
		`spec.where: entitlement must be followed by a name`:           {Rules: map[string]RuleSpec{"r": {When: "true", Where: `size(entitlement) == 1`, Entitlements: files}}},
		`spec.when: line 1, column 1: 'entitlement' is`:                {Rules: map[string]RuleSpec{"r": {When: `entitlement["country"] == "ES"`, Entitlements: files}}},
		`spec.priority: orders the rules of one choice`:                {Rules: map[string]RuleSpec{"r": {When: "true", Priority: 1, Entitlements: files}}},
		`spec.lead_days: is 91 and must be from 0 to 90`:               {Rules: map[string]RuleSpec{"r": {When: "true", LeadDays: 91, Entitlements: files}}},
		`spec.handover_days: is -1 and must be from 0 to 30`:           {Rules: map[string]RuleSpec{"r": {When: "true", HandoverDays: new(int), Entitlements: files}}},
		`spec.with: must say which attribute is the a of the role R`:   {Roles: map[string]RoleSpec{"R": {Parameters: []Parameter{{Name: "a"}}}}, Rules: map[string]RuleSpec{"r": {When: "true", Roles: []string{"R"}}}},
		`spec.with: names "b", which is no parameter`:                  {Rules: map[string]RuleSpec{"r": {When: "true", Entitlements: files, With: map[string]string{"b": "country"}}}},
		`spec.with: takes the a from "nothing", which is no attribute`: {Roles: map[string]RoleSpec{"R": {Parameters: []Parameter{{Name: "a"}}}}, Rules: map[string]RuleSpec{"r": {When: "true", Roles: []string{"R"}, With: map[string]string{"a": "nothing"}}}},
		`spec.entitlements[0]: there is no application "none"`:         {Rules: map[string]RuleSpec{"r": {When: "true", Entitlements: []string{"none/*"}}}},
	} {
		if r, ok := set.Rules["r"]; ok && r.HandoverDays != nil {
			*r.HandoverDays = -1
		}
		_, err := Compile(set, shop())
		if errs.KindOf(err) != errs.KindInvalid || !strings.Contains(err.Error(), wanted) {
			t.Errorf("nothing says %s: %v", wanted, err)
		}
	}
}

// What Explain says of a generated policy is what evaluating says, and each change it names makes the rule give.
func TestExplainIsTrueOfEverything(t *testing.T) {
	values := []string{"", "a", "b"}
	conds := []string{`department == "a"`, `title != "b"`, `country in ["a", "b"]`, `true`}
	rapid.Check(t, func(t *rapid.T) {
		pick := func(from []string, name string) string { return rapid.SampledFrom(from).Draw(t, name) }
		cat := catalog.Declared(map[string]catalog.ApplicationSpec{"x": {Entitlements: []catalog.EntitlementSpec{
			{Name: "e0", Attributes: map[string]string{"of": "a"}}, {Name: "e1", Attributes: map[string]string{"of": "b"}}, {Name: "e2"}}}})
		set := Set{Roles: map[string]RoleSpec{"P": {Entitlements: []string{"x/*"}, Parameters: []Parameter{{Name: "p"}}, Where: `entitlement["of"] == parameter["p"]`},
			"Q": {Entitlements: []string{"x/e2"}, State: State(pick([]string{"", "draft", "retired"}, "state"))}}, Rules: map[string]RuleSpec{}}
		for i := range 3 {
			r := RuleSpec{When: pick(conds, "when"), Except: pick(append([]string{"", ""}, conds[:3]...), "except"), Choice: pick([]string{"", "c"}, "choice")}
			if r.Choice != "" {
				r.Priority = rapid.IntRange(0, 2).Draw(t, "priority")
			}
			switch rapid.IntRange(0, 2).Draw(t, "gives") {
			case 0:
				r.Entitlements, r.Where = []string{"x/*"}, pick([]string{"", `entitlement["of"] == department`}, "where")
			case 1:
				r.Roles, r.With = []string{"P", "Q"}, map[string]string{"p": "country"}
			default:
				r.Roles, r.Entitlements = []string{"Q"}, []string{"x/e1"}
			}
			set.Rules[fmt.Sprint("r", i)] = r
		}
		s, err := Compile(set, cat)
		if err != nil {
			t.Fatal(err)
		}
		a := MapAttrs{"department": pick(values, "department"), "title": pick(values, "title"), "country": pick(values, "country")}
		for e := range 3 {
			id := cat.ByName[fmt.Sprint("x/e", e)].ID
			by := func(a Attrs, rule int) bool {
				gives, err := s.EvaluateAfresh(a)
				if err != nil {
					t.Fatal(err)
				}
				return slices.ContainsFunc(gives, func(g Give) bool { return g.Entitlement == id && (rule == 0 || g.Rule == rule) })
			}
			x := s.Explain(a, id)
			if x.Given != by(a, 0) {
				t.Fatalf("%v: e%d is given: %t, and it is explained as %t\n%+v", a, e, by(a, 0), x.Given, set)
			}
			for _, r := range x.Rules {
				if r.Holds != by(a, r.Rule) || !r.Holds && len(r.Failing) == 0 {
					t.Fatalf("%v: e%d by %s: %+v\n%+v", a, e, r.Name, r, set)
				}
				for _, ch := range r.Changes {
					if !by(changed{a, ch}, r.Rule) {
						t.Fatalf("%v: after %v the rule %s does not give e%d\n%+v", a, ch, r.Name, e, set)
					}
				}
			}
		}
	})
}
