package app_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tenure/internal/app"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/errs"
)

// staff are people of two departments, with what they hold carried to the targets.
func staff(t *testing.T) *world {
	w := newWorld(t, "UTC")
	w.do(&step{On: "2024-03-01", HR: map[string]fields{
		"ada": {"number": "101", "first_name": "Ada", "last_name": "Berg", "first_day": "2020-01-01", "department": "Sales", "title": "Rep"},
		"ben": {"number": "102", "first_name": "Ben", "last_name": "Ode", "first_day": "2020-01-01", "department": "Finance", "title": "Clerk"},
		"cem": {"number": "103", "first_name": "Cem", "last_name": "Kaya", "first_day": "2020-01-01", "department": "Finance", "title": "Controller"},
	}})
	return w
}

func (w *world) draft(actor db.Actor, body string) *change.Set {
	w.t.Helper()
	var s *change.Set
	w.tx(actor, func(tx *db.Tx) (err error) {
		s, err = change.Draft(tx, change.Proposal{Title: "A test", Body: body}, app.ChangeDeps())
		return err
	})
	return s
}

func (w *world) approve(actor db.Actor, id int) (s *change.Set, err error) {
	w.t.Helper()
	err = w.db.Do(w.t.Context(), actor, func(tx *db.Tx) (err error) {
		s, err = change.Approve(tx, id, "It is right", app.ChangeDeps())
		return err
	})
	return s, err
}

// picture is everything that a change of the policy may touch, ids and times aside.
func (w *world) picture() map[string][]string {
	w.t.Helper()
	out := map[string][]string{}
	for name, sql := range map[string]string{
		"specs": `select o.kind || ' ' || o.name || ' ' || s.spec::text from policy_spec s join policy_object o on o.id = s.object_id where s.to_version is null order by 1`,
		"reasons": `select i.number || ' ' || e.name || ' ' || r.kind || ' ' || o.name from reason r join identity i on i.id = r.identity_id join entitlement e on e.id = r.entitlement_id
			join policy_object o on o.id = r.ref where r.known_to = 'infinity' and r.valid_to > (select coalesce(at, now()) from clock) order by 1`,
		"violations":   `select i.number || ' ' || o.name || ' ' || v.state from violation v join identity i on i.id = v.identity_id join policy_object o on o.id = v.rule_id where v.state <> 'resolved' order by 1`,
		"withheld":     `select i.number || ' ' || e.name || ' ' || o.name from withheld h join identity i on i.id = h.identity_id join entitlement e on e.id = h.entitlement_id join policy_object o on o.id = h.rule_id order by 1`,
		"applications": `select name || ' ' || spec::text from application order by 1`,
		"entitlements": `select a.name || '/' || e.name || ' ' || e.title || ' ' || e.privileged::text from entitlement e join application a on a.id = e.application_id order by 1`,
	} {
		rows, err := w.db.Pool.Query(w.t.Context(), sql)
		w.must(err)
		var all []string
		for rows.Next() {
			var line string
			w.must(rows.Scan(&line))
			all = append(all, line)
		}
		w.must(rows.Err())
		out[name] = all
	}
	return out
}

const twoDuties = `kind: Duty
name: sell
spec: {entitlements: [directory/crm]}
---
kind: Duty
name: book
spec: {entitlements: [directory/ledger]}
---
kind: SoDRule
name: sell and book
spec: {duties: [sell, book], reaction: record}
---
kind: BirthrightRule
name: clerks
spec: {when: 'title == "Clerk"', entitlements: [directory/crm]}
---
kind: Role
name: Sales
spec: {owner: "101", entitlements: [directory/crm]}
---
kind: BirthrightRule
name: controllers
ends: true
`

// What a plan says is what its approval does, and what takes it back leaves everything as it was.
func TestAPlanIsItsEffectAndIsTakenBack(t *testing.T) {
	w := staff(t)
	start := w.picture()
	s := w.draft(w.admin, twoDuties)
	if diff := cmp.Diff(start, w.picture()); diff != "" {
		t.Fatalf("planning changed something:\n%s", diff)
	}
	e := s.Plan.Effect
	if s.State != change.Planned || e.People != 3 || e.Gained["directory/crm"] != 1 || e.Lost["directory/prices"] != 1 || e.Lost["directory/ledger-admin"] != 1 || s.Plan.Opened["sell and book"] != 1 {
		t.Fatalf("%s: %+v", s.State, e)
	}
	if _, err := w.approve(w.admin, s.ID); errs.KindOf(err) != errs.KindForbidden {
		t.Errorf("who planned it approves it: %v", err)
	}
	if _, err := w.approve(db.Operator, s.ID); errs.KindOf(err) != errs.KindForbidden {
		t.Errorf("the command line approves it: %v", err)
	}
	s, err := w.approve(w.second, s.ID)
	if err != nil || s.State != change.Applied {
		t.Fatalf("%v, %+v", err, s)
	}
	w.carry()
	after := w.picture()
	if got := strings.Join(after["violations"], ","); got != "102 sell and book open" {
		t.Errorf("violations: %s", got)
	}
	if got := strings.Join(after["reasons"], ","); !strings.Contains(got, "102 crm birthright clerks") || strings.Contains(got, "prices") || strings.Contains(got, "ledger-admin") {
		t.Errorf("reasons: %s", got)
	}
	if _, err := w.approve(w.second, s.ID); errs.KindOf(err) != errs.KindConflict {
		t.Errorf("it is approved twice: %v", err)
	}

	var back *change.Set
	w.tx(w.second, func(tx *db.Tx) (err error) { back, err = change.Reverse(tx, s.ID, app.ChangeDeps()); return err })
	if back, err = w.approve(w.admin, back.ID); err != nil || back.State != change.Applied {
		t.Fatalf("%v, %+v", err, back)
	}
	w.carry()
	if diff := cmp.Diff(start, w.picture()); diff != "" {
		t.Errorf("taken back, it differs from the start:\n%s", diff)
	}
	w.tx(db.System, func(tx *db.Tx) error {
		was, err := change.GetSet(tx, s.ID)
		if err == nil && was.State != change.Reversed {
			t.Errorf("what was taken back is %s", was.State)
		}
		return err
	})
}

// A plan whose grounds have moved is not applied, and says what moved.
func TestAStalePlanIsNotApplied(t *testing.T) {
	for what, c := range map[string]struct {
		move func(w *world)
		says string
	}{
		"a person": {func(w *world) {
			w.do(&step{On: "2024-04-01", HR: map[string]fields{"ben": {"title": "Head"}}})
		}, "what is known of Ben Ode has changed"},
		"who is concerned": {func(w *world) {
			w.do(&step{On: "2024-04-01", HR: map[string]fields{"dea": {"number": "104", "first_name": "Dea", "last_name": "Fox", "first_day": "2024-04-01", "department": "Finance", "title": "Clerk"}}})
		}, "it would concern 4 people in another way than the 3 of the plan"},
		"the policy": {func(w *world) {
			w.apply("kind: BirthrightRule\nname: reps\nspec: {when: 'title == \"Rep\"', entitlements: [directory/vpn]}\n")
		}, "the policy is at version"},
		"an application": {func(w *world) {
			w.tx(db.Operator, func(tx *db.Tx) error {
				f, err := change.ReadText("kind: Application\nname: chat\nspec:\n  connector: scim\n  mode: enforce\n  config: {base_url: {env: CHAT_URL}, auth: none}\n  accounts: {name: \"{first_name}.{last_name}\", rename: follow, retention_days: 0}\n  entitlements: [{name: design}, {name: more}]\n")
				if err == nil {
					_, err = change.Apply(tx, f, app.ChangeDeps())
				}
				return err
			})
		}, "an application, an entitlement or an owner was changed"},
		"an account": {func(w *world) { // in the target itself, seen by a reading
			w.tx(db.System, func(tx *db.Tx) error {
				_, err := tx.Exec(`update observed set seen_to = seen_from where entitlement_id = (select id from entitlement where name = 'ledger')
					and account_id = (select l.account_id from account_link l join identity i on i.id = l.identity_id join account a on a.id = l.account_id join application p on p.id = a.application_id and p.name = 'directory' where i.number = '102')`)
				return err
			})
		}, "what is known of Ben Ode has changed"},
		"nothing": {func(*world) {}, ""},
	} {
		t.Run(what, func(t *testing.T) {
			w := staff(t)
			s := w.draft(w.admin, twoDuties)
			c.move(w)
			before := w.picture()
			s, err := w.approve(w.second, s.ID)
			if err != nil {
				t.Fatal(err)
			}
			if c.says == "" {
				if s.State != change.Applied {
					t.Errorf("nothing moved, and it is %s: %s", s.State, s.Note)
				}
				return
			}
			if s.State != change.Stale || !strings.Contains(s.Note, c.says) {
				t.Errorf("it is %s: %s", s.State, s.Note)
			}
			if diff := cmp.Diff(before, w.picture()); diff != "" {
				t.Errorf("a stale plan changed something:\n%s", diff)
			}
		})
	}
}

// The database refuses a change that its author approved, and one that nobody did.
func TestTheDatabaseWantsASecondPerson(t *testing.T) {
	w := staff(t)
	s := w.draft(w.admin, twoDuties)
	for want, decider := range map[string]any{"approver_is_not_author": w.admin.Identity, "approval_needs_a_person": nil} {
		err := w.db.Do(t.Context(), db.System, func(tx *db.Tx) error {
			_, err := tx.Exec(`update change_set set state = 'applied', decided_at = now(), decided_identity = $2 where id = $1`, s.ID, decider)
			return err
		})
		if db.ConstraintName(err) != want {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// What is declared, written out and applied, changes nothing; and the text is the whole policy.
func TestExportComesBackAsNoChange(t *testing.T) {
	w := staff(t)
	s := w.draft(w.admin, twoDuties)
	if _, err := w.approve(w.second, s.ID); err != nil {
		t.Fatal(err)
	}
	var text string
	w.tx(w.second, func(tx *db.Tx) (err error) { text, err = change.Export(tx); return err })
	f, err := change.ReadText(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	w.tx(db.Operator, func(tx *db.Tx) error {
		deps := app.ChangeDeps()
		deps.Prune = true
		plan, err := change.Apply(tx, f, deps)
		if err == nil && len(plan.Changes) > 0 {
			t.Errorf("it changes %+v of\n%s", plan.Changes, text)
		}
		return err
	})
	if strings.Count(text, "kind: SoDRule") != 1 || strings.Count(text, "kind: HRSource") != 1 || strings.Count(text, "kind: Application") != 2 {
		t.Errorf("not everything is there:\n%s", text)
	}
}
