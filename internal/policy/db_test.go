package policy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tenure/internal/catalog"
	"tenure/internal/connector"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/errs"
	"tenure/internal/policy"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var noConnector = map[string]connector.Kind{"none": {Name: "none"}}

// withApplication is a database with one application: the entitlements crm/staff, crm/base and crm/lead.
func withApplication(t *testing.T) *db.DB {
	t.Helper()
	d := dbtest.New(t)
	must(t, d, func(tx *db.Tx) error {
		_, err := catalog.Apply(tx, "crm", catalog.ApplicationSpec{Connector: "none", Entitlements: []catalog.EntitlementSpec{
			{Name: "staff"}, {Name: "base"}, {Name: "lead"}}}, noConnector)
		return err
	})
	return d
}

func must(t *testing.T, d *db.DB, fn func(*db.Tx) error) {
	t.Helper()
	if err := d.Do(t.Context(), db.Operator, fn); err != nil {
		t.Fatal(err)
	}
}

func first() policy.Set {
	return policy.Set{
		Roles: map[string]policy.RoleSpec{
			"AP base": {Entitlements: []string{"crm/base", "crm"}},
			"AP Lead": {Title: "Accounts payable, lead", Entitlements: []string{"crm/lead"}, Roles: []string{"AP base"}},
		},
		Rules: map[string]policy.RuleSpec{
			"everybody": {When: "true", Entitlements: []string{"crm/staff"}},
			"ap-leads":  {When: `department == "AP" && grade == "L"`, Roles: []string{"AP Lead"}},
		},
		Attributes: []string{"grade"},
	}
}

func save(t *testing.T, d *db.DB, s policy.Set, prune bool) (version int, changed bool) {
	t.Helper()
	must(t, d, func(tx *db.Tx) (err error) { version, changed, err = policy.Save(tx, s, "a note", prune); return err })
	return version, changed
}

func current(t *testing.T, d *db.DB) (s *policy.Snapshot) {
	t.Helper()
	if err := d.Read(t.Context(), func(tx *db.Tx) (err error) { s, err = policy.Load(tx); return err }); err != nil {
		t.Fatal(err)
	}
	return s
}

// given names what a person gets: "rule > role > entitlement".
func given(t *testing.T, d *db.DB, attrs policy.MapAttrs) []string {
	t.Helper()
	s := current(t, d)
	gives, err := s.Evaluate(attrs)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	must(t, d, func(tx *db.Tx) error {
		c, err := catalog.Load(tx)
		for _, g := range gives {
			words := s.Object(g.Rule).Name
			if g.Role != 0 {
				words += " > " + s.Object(g.Role).Name
			}
			out = append(out, words+" > "+c.Ref(g.Entitlement))
		}
		return err
	})
	return out
}

func TestSaveAndEvaluate(t *testing.T) {
	d := withApplication(t)
	if s := current(t, d); s.Version != 0 {
		t.Errorf("a new database has version %d", s.Version)
	}
	v1, changed := save(t, d, first(), false)
	if !changed || current(t, d).Version != v1 {
		t.Fatalf("version %d, current %d", v1, current(t, d).Version)
	}
	lead := policy.MapAttrs{"department": "AP", "grade": "L"}
	want := []string{"ap-leads > AP base > crm", "ap-leads > AP base > crm/base", "ap-leads > AP Lead > crm/lead", "everybody > crm/staff"}
	if diff := cmp.Diff(want, given(t, d, lead)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"everybody > crm/staff"}, given(t, d, policy.MapAttrs{})); diff != "" {
		t.Error(diff)
	}

	var events int
	count := func() (n int) {
		if err := d.Pool.QueryRow(t.Context(), `select count(*) from event`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	events = count()
	if v, changed := save(t, d, first(), true); changed || v != v1 || count() != events {
		t.Errorf("the same again: version %d, changed %v, %d events more", v, changed, count()-events)
	}

	// One rule differs: one new spec, the others stay as they are, and old snapshots keep their answer.
	old := current(t, d)
	second := first()
	second.Rules["ap-leads"] = policy.RuleSpec{When: `department == "AP"`, Roles: []string{"AP Lead"}}
	v2, changed := save(t, d, second, false)
	if !changed || v2 <= v1 {
		t.Fatal(v2, changed)
	}
	if got := given(t, d, policy.MapAttrs{"department": "AP"}); len(got) != 4 {
		t.Errorf("after the change: %v", got)
	}
	if gives, err := old.Evaluate(policy.MapAttrs{"department": "AP"}); err != nil || len(gives) != 1 {
		t.Errorf("the old version answers %v, %v", gives, err)
	}
	for _, o := range current(t, d).Objects(policy.KindRule) {
		if want := map[string]int{"ap-leads": 2, "everybody": 1}[o.Name]; o.N != want {
			t.Errorf("%s is at %d, not %d", o.Name, o.N, want)
		}
	}
}

func TestPruneEndsAndAReturningObjectKeepsItsID(t *testing.T) {
	d := withApplication(t)
	save(t, d, first(), false)
	was := current(t, d).Objects(policy.KindRule)[1]
	less := first()
	delete(less.Rules, "everybody")
	if _, changed := save(t, d, less, false); changed {
		t.Error("without prune something ended")
	}
	if _, changed := save(t, d, less, true); !changed || len(given(t, d, policy.MapAttrs{})) != 0 {
		t.Error("prune ended nothing")
	}
	save(t, d, first(), true)
	if is := current(t, d).Objects(policy.KindRule)[1]; is.ID != was.ID || is.N != was.N+1 {
		t.Errorf("was %+v, is %+v", was, is)
	}
}

func TestPreviewLeavesNothing(t *testing.T) {
	d := withApplication(t)
	err := d.Do(t.Context(), db.Operator, func(tx *db.Tx) error {
		if _, _, err := policy.Save(tx, first(), "", false); err != nil {
			return err
		}
		if s, err := policy.Load(tx); err != nil || len(s.Objects(policy.KindRole)) != 2 {
			t.Errorf("the transaction does not see its own policy: %v, %v", s, err)
		}
		return db.ErrRollback
	})
	if err != nil || current(t, d).Version != 0 {
		t.Errorf("%v, version %d", err, current(t, d).Version)
	}
	other := first()
	other.Rules["everybody"] = policy.RuleSpec{When: "false", Entitlements: []string{"crm/staff"}}
	save(t, d, other, false)
	if got := given(t, d, policy.MapAttrs{}); len(got) != 0 {
		t.Errorf("a version that was rolled back still answers: %v", got)
	}
}

func TestSaveTellsAllThatIsWrongAtOnce(t *testing.T) {
	d := withApplication(t)
	dear := strings.Repeat(`["a","b","c","d","e","f","g","h"].exists(x, `, 5) + `title == "x"` + strings.Repeat(")", 5) // 32,768 comparisons a person
	set := policy.Set{
		Roles: map[string]policy.RoleSpec{
			"A": {Roles: []string{"B"}}, "B": {Roles: []string{"C", "X"}}, "C": {Roles: []string{"A"}},
			"D": {Owner: "nobody@example.org", Entitlements: []string{"crm/staff", "crm/none", "erp/x"}},
		},
		Rules: map[string]policy.RuleSpec{
			"bad":   {When: "departmnt == 1", Entitlements: []string{"crm/staff"}},
			"empty": {When: "true"},
			"dear":  {When: dear, Entitlements: []string{"crm/staff"}},
		},
	}
	err := d.Do(t.Context(), db.Operator, func(tx *db.Tx) error { _, _, err := policy.Save(tx, set, "", false); return err })
	var e *errs.Error
	if !errors.As(err, &e) || e.Kind != errs.KindInvalid {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Role A: spec.roles: the role contains itself: A > B > C > A",
		`Role B: spec.roles[1]: there is no role "X"`,
		"Role D: spec.owner: no single person",
		`Role D: spec.entitlements[1]: application crm has no entitlement "none"`,
		`Role D: spec.entitlements[2]: there is no application "erp"`,
		"BirthrightRule bad: spec.when: line 1, column 1: 'departmnt'",
		"BirthrightRule empty: spec.entitlements: gives nothing",
		"BirthrightRule dear: spec.when: costs too much to evaluate for everybody",
	} {
		if !strings.Contains(e.Error(), want) {
			t.Errorf("nothing says %s in\n%s", want, e)
		}
	}
}

func TestRolesTooDeepAreRefused(t *testing.T) {
	d := withApplication(t)
	deep := func(levels int) policy.Set {
		s := policy.Set{Roles: map[string]policy.RoleSpec{"a": {}}}
		for i := range levels {
			s.Roles[strings.Repeat("a", i+2)] = policy.RoleSpec{Roles: []string{strings.Repeat("a", i+1)}}
		}
		return s
	}
	save(t, d, deep(policy.MaxDepth), false)
	err := d.Do(t.Context(), db.Operator, func(tx *db.Tx) error { _, _, err := policy.Save(tx, deep(policy.MaxDepth+1), "", false); return err })
	if err == nil || !strings.Contains(err.Error(), "in 11 levels") {
		t.Error(err)
	}
}

func TestUnrecordedChangeIsRefused(t *testing.T) {
	d := withApplication(t)
	save(t, d, first(), false)
	err := d.Do(t.Context(), db.Operator, func(tx *db.Tx) error {
		_, err := tx.Exec(`update policy_spec set spec = spec || '{"when": "true"}' where spec ->> 'when' <> 'true'`)
		return err
	})
	if db.ConstraintName(err) != "change_has_its_event" {
		t.Errorf("a silent change of a rule commits: %v", err)
	}
}

// What is compiled from files alone gives everybody what the same files give from the database.
func TestCompileEqualsSave(t *testing.T) {
	d := withApplication(t)
	set := first()
	set.Duties = map[string]policy.DutySpec{"lead": {Entitlements: []string{"crm/lead"}}, "base": {Entitlements: []string{"crm/base"}}}
	set.SoD = map[string]policy.SoDSpec{"both": {Duties: []string{"lead", "base"}, When: `department != "IT"`}}
	set.Offers, set.Approvals, set.Roles["Region"] = asking().Offers, asking().Approvals, asking().Roles["Region"]
	save(t, d, set, false)
	stored := current(t, d)
	var cat *catalog.Catalog
	must(t, d, func(tx *db.Tx) (err error) { cat, err = catalog.Load(tx); return err })
	pure := catalog.Declared(map[string]catalog.ApplicationSpec{"crm": {Entitlements: []catalog.EntitlementSpec{{Name: "staff"}, {Name: "base"}, {Name: "lead"}}}})
	alone, err := policy.Compile(set, pure)
	if err != nil {
		t.Fatal(err)
	}
	read := func(s *policy.Snapshot, c *catalog.Catalog, a policy.Attrs) (out []string) {
		gives, err := s.Evaluate(a)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range gives {
			role := ""
			if g.Role != 0 {
				role = s.Object(g.Role).Name
			}
			out = append(out, s.Object(g.Rule).Name+" "+role+" "+c.Ref(g.Entitlement))
		}
		rule := s.Objects(policy.KindSoD)[0]
		if s.Duties().Scope([]policy.Attrs{a})(rule.ID) {
			out = append(out, "in scope")
		}
		for _, o := range s.Offers() {
			may, err1 := o.May(a)
			gives, err2 := s.LevelGives(o.ID, o.Offer.Levels[0].Name, "")
			by, err3 := s.Route(policy.Asked{Person: a, Request: map[string]string{"days": "010"}, Entitlements: []map[string]string{{"about": "customers"}}})
			if err := errors.Join(err1, err2, err3); err != nil {
				t.Fatal(err)
			}
			out = append(out, fmt.Sprint(o.Name, may, len(gives), by.Name))
		}
		return out
	}
	for _, a := range []policy.MapAttrs{{}, {"department": "AP"}, {"department": "AP", "grade": "L"}, {"department": "IT", "grade": "L"}} {
		if diff := cmp.Diff(read(stored, cat, a), read(alone, pure, a)); diff != "" {
			t.Errorf("%v: %s", a, diff)
		}
	}
	set.Roles["AP base"] = policy.RoleSpec{Entitlements: []string{"crm/none"}, Roles: []string{"AP Lead"}}
	_, err = policy.Compile(set, pure)
	for _, want := range []string{`Role AP base: spec.entitlements[0]: application crm has no entitlement "none"`, "the role contains itself: AP Lead > AP base > AP Lead"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("nothing says %s: %v", want, err)
		}
	}
}
