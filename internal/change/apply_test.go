package change_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tenure/internal/access"
	"tenure/internal/change"
	"tenure/internal/connector"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/plug"
	"tenure/internal/policy"
)

// deps are Apply's collaborators: HR sources are stored as their text, and settling has the given effect.
func deps(losing int) change.Deps {
	return change.Deps{
		Kinds: map[string]connector.Kind{"box": {Name: "box", Fields: []plug.Field{{Name: "url", Type: plug.URL, Required: true}, {Name: "token", Type: plug.Secret}}}},
		Source: func(tx *db.Tx, name string, raw []byte) (bool, error) {
			if strings.Contains(string(raw), "bad") {
				return false, errs.InvalidFields("HR source "+name, []errs.Field{{Field: "zone", Rule: "is no zone"}})
			}
			n, err := tx.Exec(`insert into hr_source (name, spec) values ($1, jsonb_build_object('text', $2::text))
				on conflict (name) do update set spec = excluded.spec where hr_source.spec <> excluded.spec`, name, strings.TrimSpace(string(raw)))
			if n > 0 {
				tx.Record(evidence.Event{Kind: "hr.source_declared", Touches: evidence.Touches{"hr_source": int(n)}})
			}
			return n > 0, err
		},
		Attributes: func(*db.Tx) ([]string, error) { return []string{"grade"}, nil },
		Settle: func(tx *db.Tx, _ map[int]*access.Undo) (*change.Effect, error) {
			if _, err := policy.Load(tx); err != nil {
				return nil, err
			}
			return &change.Effect{People: 30, LosingPeople: losing, Lost: map[string]int{"crm/staff": losing}}, nil
		},
		Note: "because",
	}
}

const files = `kind: HRSource
name: payroll
spec:
  zone: UTC
---
kind: Application
name: crm
spec:
  connector: box
  config: {url: "https://crm.example"}
  entitlements: [{name: staff}, {name: lead}]
---
kind: Role
name: Lead
spec:
  entitlements: [crm/lead]
---
kind: BirthrightRule
name: leads
spec:
  when: grade == "L"
  roles: [Lead]
`

func run(t *testing.T, d *db.DB, body string, dp change.Deps, after error) (*change.Plan, error) {
	t.Helper()
	f, err := change.Read(folder(t, "all.yaml", body))
	if err != nil {
		t.Fatal(err)
	}
	var plan *change.Plan
	err = d.Do(t.Context(), db.Operator, func(tx *db.Tx) error {
		if plan, err = change.Apply(tx, f, dp); err != nil {
			return err
		}
		return after
	})
	return plan, err
}

func names(p *change.Plan) string {
	var out []string
	for _, c := range p.Changes {
		out = append(out, c.What+" "+c.Kind+" "+c.Name)
	}
	return strings.Join(out, ", ")
}

func count(t *testing.T, d *db.DB, sql string) (n int) {
	t.Helper()
	if err := d.Pool.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestApplyPlansAndApplies(t *testing.T) {
	d := dbtest.New(t)
	const all = "added HRSource payroll, added Application crm, added Role Lead, added BirthrightRule leads"
	plan, err := run(t, d, files, deps(0), db.ErrRollback)
	if err != nil || names(plan) != all || plan.Effect.People != 30 {
		t.Fatalf("%v, %+v", err, plan)
	}
	if n := count(t, d, `select (select count(*) from event) + (select count(*) from application) + (select count(*) from policy_version)`); n != 0 {
		t.Errorf("the preview left %d rows", n)
	}
	plan, err = run(t, d, files, deps(0), nil)
	if err != nil || names(plan) != all {
		t.Fatalf("%v, %+v", err, plan)
	}
	events := count(t, d, `select count(*) from event`)
	plan, err = run(t, d, files, deps(0), nil)
	if err != nil || len(plan.Changes) != 0 || plan.Effect != nil || count(t, d, `select count(*) from event`) != events {
		t.Errorf("the same again: %v, %+v", err, plan)
	}

	second := strings.ReplaceAll(strings.Replace(files, `grade == "L"`, `grade == "M"`, 1), "{name: lead}", "{name: lead, privileged: true}")
	plan, err = run(t, d, second, deps(0), nil)
	want := []change.ObjectChange{
		{Kind: "Application", Name: "crm", What: "changed", Fields: []change.FieldChange{
			{Field: "entitlements[lead].handover_days", From: 7.0, To: 0.0}, {Field: "entitlements[lead].privileged", To: true}}},
		{Kind: "BirthrightRule", Name: "leads", What: "changed", Fields: []change.FieldChange{{Field: "when", From: `grade == "L"`, To: `grade == "M"`}}},
	}
	if diff := cmp.Diff(want, plan.Changes); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestPruneIsAsked(t *testing.T) {
	d := dbtest.New(t)
	if _, err := run(t, d, files, deps(0), nil); err != nil {
		t.Fatal(err)
	}
	less := files[:strings.LastIndex(files, "---")]
	plan, err := run(t, d, less, deps(0), nil)
	if err != nil || len(plan.Changes) != 0 {
		t.Errorf("without prune: %v, %s", err, names(plan))
	}
	dp := deps(0)
	dp.Prune = true
	plan, err = run(t, d, less, dp, nil)
	if err != nil || names(plan) != "removed BirthrightRule leads" {
		t.Errorf("with prune: %v, %s", err, names(plan))
	}
}

func TestMistakesAreToldTogetherWithTheirLines(t *testing.T) {
	d := dbtest.New(t)
	fails := func(body string, want ...string) {
		t.Helper()
		_, err := run(t, d, body, deps(0), nil)
		var e *errs.Error
		if !errors.As(err, &e) || e.Kind != errs.KindInvalid {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(e.Error(), w) {
				t.Errorf("nothing says %s in\n%s", w, e)
			}
		}
	}
	body := strings.NewReplacer("zone: UTC", "zone: bad", "connector: box", "connector: box\n  owner: nobody@example.org", "https://crm.example", "crm").Replace(files)
	fails(body, "all.yaml:4: HRSource payroll: zone: is no zone", "all.yaml:10: Application crm: spec.owner: no single person",
		"all.yaml:11: Application crm: spec.config.url: must be an address")
	fails(strings.NewReplacer("[crm/lead]", "[crm/staff, crm/none]", "roles: [Lead]", "roles: [Leed]", "grade", "grad").Replace(files),
		`all.yaml:16: Role Lead: spec.entitlements[1]: application crm has no entitlement "none"`,
		`all.yaml:22: BirthrightRule leads: spec.roles[0]: there is no role "Leed"`, "all.yaml:21: BirthrightRule leads: spec.when: line 1, column 1")
	if n := count(t, d, `select (select count(*) from event) + (select count(*) from hr_source) + (select count(*) from application)`); n != 0 {
		t.Errorf("%d rows were left by files that are not right", n)
	}
}

// owned are the files with an owner for the role.
func owned() string {
	return strings.Replace(files, "entitlements: [crm/lead]", "owner: \"1\"\n  entitlements: [crm/lead]", 1)
}

// people makes n people who work here.
func people(t *testing.T, d *db.DB, n int) {
	t.Helper()
	err := d.Do(t.Context(), db.System, func(tx *db.Tx) error {
		tx.Record(evidence.Event{Kind: "test.people", Touches: evidence.Touches{"identity": n}})
		_, err := tx.Exec(`insert into identity (state, since, name, number, key_id) select 'active', $1, 'p' || i, i::text, 0 from generate_series(1, $2) i`, time.Now(), n)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheBrakeHoldsAPolicyChange(t *testing.T) {
	d := dbtest.New(t)
	files := owned()
	people(t, d, 150)
	if plan, err := run(t, d, files, deps(29), db.ErrRollback); err != nil || plan.Brake != nil {
		t.Errorf("29 of 150: %v", err)
	}
	plan, err := run(t, d, files, deps(30), nil)
	if errs.KindOf(err) != errs.KindConflict || plan == nil || plan.Brake == nil || *plan.Brake != (change.Brake{Losing: 30, Limit: 30, Active: 150}) {
		t.Fatalf("30 of 150: %v, %+v", err, plan)
	}
	if n := count(t, d, `select count(*) from policy_version`); n != 0 {
		t.Error("a held change was applied")
	}
	for what, o := range map[string]change.Override{"nobody": {Reason: "so"}, "no reason": {Identity: 1}} {
		dp := deps(30)
		dp.Override = &o
		if _, err := run(t, d, files, dp, nil); errs.KindOf(err) != errs.KindConflict {
			t.Errorf("released by %s: %v", what, err)
		}
	}
	dp := deps(30)
	dp.Override = &change.Override{Identity: 1, Reason: "the department closes"}
	if _, err := run(t, d, files, dp, nil); err != nil {
		t.Fatal(err)
	}
	if n := count(t, d, `select count(*) from event where kind = 'policy.applied' and convert_from(leaf, 'UTF8') ~ '"released_by":1'`); n != 1 {
		t.Error("the release does not stand in the log")
	}
}

func TestWhoAppliesCannotRelease(t *testing.T) {
	files := owned()
	d := dbtest.New(t)
	people(t, d, 1)
	f, err := change.Read(folder(t, "all.yaml", files))
	if err != nil {
		t.Fatal(err)
	}
	var me db.Actor
	err = d.Do(t.Context(), db.System, func(tx *db.Tx) (err error) { me, err = tx.ActorOf(1, "token", "p1"); return err })
	if err != nil {
		t.Fatal(err)
	}
	dp := deps(1000)
	dp.Override = &change.Override{Identity: 1, Reason: "so"}
	err = d.Do(t.Context(), me, func(tx *db.Tx) error { _, err := change.Apply(tx, f, dp); return err })
	if errs.KindOf(err) != errs.KindConflict || !strings.Contains(err.Error(), "cannot release") {
		t.Error(err)
	}
}
